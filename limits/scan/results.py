"""What a scan is made of and what it found: plain frozen values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from limits.citations import keys
from limits.errors import InputError
from limits.exclusion import Interval
from limits.inference.request import Request
from limits.provenance import provenance
from limits.search import HypothesisFacts, Search


@dataclass(frozen=True)
class Point:
    """One unit of work: a search (with its values set) at one mass, tested by one method."""

    search: Search
    hypothesis: str
    mass_gev: float
    method: str
    level: float
    couplings: tuple[float, float, int]


@dataclass(frozen=True)
class Peak:
    """The fit of a peak at one mass: signal events and their error, the fit that was kept, and the limits on the rate."""

    events: float | None
    error: float | None
    fit: str | None
    observed_limit: float | None
    expected_limit: tuple[float | None, ...]


@dataclass(frozen=True)
class PointResult:
    """What was found at one mass.

    `observed_limit` and `expected_limit` (−2…+2σ) are upper limits on the published quantity; None where the exclusion is a region
    with two edges or nothing is excluded. `excluded` are intervals of the quantity, None for an edge beyond what was scanned.
    Status: "ok", "insensitive" (nothing excluded), "partial" (see `warnings`).
    """

    mass_gev: float
    observed_limit: float | None
    expected_limit: tuple[float | None, ...]
    excluded: tuple[Interval, ...]
    expected_excluded: tuple[Interval, ...]
    significance: float | None
    status: str
    warnings: tuple[str, ...] = ()
    expected_kind: str = ""
    peak: Peak | None = None

    def of_rate(self) -> PointResult:
        """The same with limits on the rate."""
        if (peak := self.peak) is None:
            return self
        return replace(
            self,
            observed_limit=peak.observed_limit,
            expected_limit=peak.expected_limit,
            excluded=above(peak.observed_limit),
            expected_excluded=above(peak.expected_limit[2]),
        )


def above(limit: float | None) -> tuple[Interval, ...]:
    """What an upper limit excludes."""
    return () if limit is None else ((limit, None),)


@dataclass(frozen=True, eq=False)
class Scan:
    """All points of a scan, in the order of their masses, and how they were made.

    `rate` to `global_significance` belong to the hunt for a peak: the rate it measures, what the data are, which categories were fitted
    together, and the significance of the largest excess.
    """

    search: str
    hypothesis: str
    coupling: dict[str, str]
    exclusion: str
    method: str
    level: float
    expected_kind: str
    label: str
    calibrated_to: str | None
    assumptions: tuple[str, ...]
    set_values: dict[str, float]
    points: tuple[PointResult, ...]
    provenance: dict[str, Any] = field(default_factory=dict)
    rate: dict[str, str] | None = None
    data: str | None = None
    treatment: str | None = None
    global_significance: dict[str, Any] | None = None
    seed: int | None = None
    """Of all toys that were thrown; None in files of versions that did not say."""
    citations: tuple[str, ...] = ()
    """Keys of what a publication of this scan should cite: `limits cite` prints them."""

    @property
    def status(self) -> str:
        """One of "ok" and "partial", the latter if any point is."""
        return "partial" if any(point.status == "partial" for point in self.points) else "ok"

    def of_rate(self) -> Scan:
        """The same scan with its limits on the rate in place of the coupling.

        Raises:
            InputError: a scan that measures no rate.
        """
        if self.rate is None:
            raise InputError(f"{self.search}: no rate stands between events and the coupling")
        return replace(self, coupling=self.rate, points=tuple(point.of_rate() for point in self.points))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: numbers, None, lists and text."""
        return {**asdict(self), "status": self.status}


def collected(search: Search, facts: HypothesisFacts, method: str, level: float, results: list[PointResult]) -> Scan:
    """The scan of these points, with all that a result must say about its origin."""
    kinds = {key: quantity.kind for key, quantity in search.numbers.items()}
    return Scan(
        search=search.name,
        hypothesis=facts.name,
        coupling={"symbol": facts.symbol, "unit": facts.unit, "quantity": facts.quantity},
        exclusion=facts.exclusion,
        method=method,
        level=level,
        expected_kind=next((r.expected_kind for r in results if r.expected_kind), "none: no point was done"),
        label=label(search, facts.name),
        calibrated_to=calibrated_to(search),
        assumptions=tuple(key for key, kind in kinds.items() if kind == "assumption"),
        set_values=search.set_values,
        points=tuple(results),
        provenance=provenance(),
        seed=Request.seed,
        citations=keys(search, [method]),
    )


def label(search: Search, hypothesis: str | None = None) -> str:
    """One of "placeholders", "projection", "recast", "calibrated" and "predicted".

    Placeholders are numbers without a source, as in a new search.
    A recast tests what the publication did not, or lacks inputs that are not public; calibrated is what uses a number fitted to a
    published limit.
    """
    if any(quantity.is_placeholder for quantity in search.numbers.values()):
        return "placeholders"
    if search.projection:
        return "projection"
    if hypothesis in search.recasts:
        return "recast"
    if search.calibrated_keys:
        return "calibrated"
    return "recast" if search.recast else "predicted"


def calibrated_to(search: Search) -> str | None:
    """What the calibrated numbers were fitted to, in words; None for a prediction."""
    return "; ".join(f"{key}: {search.quantity(key).origin}" for key in search.calibrated_keys) or None
