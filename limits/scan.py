"""A scan: points of mass, each its own unit of work, and what was found at every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any, Final

import numpy as np

from limits import assemble
from limits.errors import FitError, InputError, unknown
from limits.exclusion import Interval, excluded_intervals
from limits.grid import check_range, masses_of
from limits.inference.asymptotic import discovery
from limits.inference.limit import EXPECTED_P, METHODS, p_values, upper_limit
from limits.inference.request import A_PRIORI
from limits.inference.results import SIGMAS, Limit, PValues
from limits.likelihood.binned import BinnedLikelihood
from limits.physics.conversion import coupling_from_strength
from limits.provenance import provenance
from limits.search import HypothesisFacts, Search

DEFAULT_COUPLINGS: Final = 49

TIP_STEPS: Final = 6
"""Masses added to a default grid at the end of a region: they find its highest mass to 0.2 %."""


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


@dataclass(frozen=True, eq=False)
class Scan:
    """All points of a scan, in the order of their masses, and how they were made."""

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

    @property
    def status(self) -> str:
        """One of "ok" and "partial", the latter if any point is."""
        return "partial" if any(point.status == "partial" for point in self.points) else "ok"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: numbers, None, lists and text."""
        return {**asdict(self), "status": self.status}


def run_scan(
    search: Search,
    hypothesis: str | None = None,
    *,
    masses: Sequence[float] | None = None,
    couplings: tuple[float, float, int] | None = None,
    method: str | None = None,
    level: float | None = None,
    map: Callable[..., Iterable[PointResult]] = map,
    advance: Callable[[], None] | None = None,
) -> Scan:
    """Limit or excluded region at every mass (GeV); `advance` is called after each point, `map` may be a pool's.

    Raises:
        UnknownName: no such hypothesis or method.
        InputError: a mass, coupling range or level that cannot be used.
    """
    facts = search.hypothesis(hypothesis)
    chosen = method if method is not None else facts.methods[0]
    if chosen not in METHODS:
        raise unknown("method", chosen, METHODS)
    level = search.level if level is None else level
    if not 0 < level < 1:
        raise InputError(f"level = {level!r}: a number between 0 and 1 is needed")
    grid = couplings if couplings is not None else (*facts.couplings, DEFAULT_COUPLINGS)
    check_range("couplings", *grid)
    work = [Point(search, facts.name, m, chosen, level, grid) for m in masses_of(search, facts.name, masses)]
    results: list[PointResult] = []
    for result in chain(map(run_point, work), _tip(work, results) if masses is None else ()):
        results.append(result)
        if advance is not None:
            advance()
    return _scan(search, facts, chosen, level, sorted(results, key=lambda r: r.mass_gev))


def _tip(work: Sequence[Point], done: list[PointResult]) -> Iterator[PointResult]:
    """Further masses that close in on the end of a region; `done` grows while this runs."""
    if work[0].search.hypothesis(work[0].hypothesis).exclusion != "region":
        return
    for _ in range(TIP_STEPS):
        excluded = [r.mass_gev for r in done if r.excluded]
        beyond = [r.mass_gev for r in done if excluded and r.mass_gev > max(excluded)]
        if not beyond:
            return
        yield run_point(replace(work[0], mass_gev=float(np.sqrt(max(excluded) * min(beyond)))))


def _scan(search: Search, facts: HypothesisFacts, method: str, level: float, results: list[PointResult]) -> Scan:
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
        set_values={key: search.value(key) for key, kind in kinds.items() if kind == "set"},
        points=tuple(results),
        provenance=provenance(),
    )


def label(search: Search, hypothesis: str | None = None) -> str:
    """One of "projection", "recast", "calibrated" and "predicted".

    A recast tests what the publication did not; calibrated is what uses a number fitted to a published limit.
    """
    if search.projection:
        return "projection"
    if hypothesis in search.recasts:
        return "recast"
    return "calibrated" if search.calibrated_keys else "predicted"


def calibrated_to(search: Search) -> str | None:
    """What the calibrated numbers were fitted to, in words; None for a prediction."""
    return "; ".join(f"{key}: {search.quantity(key).origin}" for key in search.calibrated_keys) or None


def run_point(point: Point) -> PointResult:
    """Do one unit of work; a fit that fails costs this point only, and says so."""
    facts = point.search.hypothesis(point.hypothesis)
    try:
        return _region(point) if facts.exclusion == "region" else _limit(point, facts)
    except FitError as error:
        none = (None,) * len(SIGMAS)
        return PointResult(point.mass_gev, None, none, (), (), None, "partial", (f"fit failed: {error}",))


def coupling_limit(
    build: Callable[[float], BinnedLikelihood],
    reference: float,
    power: float,
    method: str,
    level: float,
    test_strength: float = 1.0,
    **options: Any,
) -> Limit:
    """Upper limit on a coupling: that on the strength at `reference`, brought back to it with yield ∝ coupling^power.

    Where the yield does not follow that power exactly (branching fractions that depend on the coupling) the limit found becomes
    the next reference until the two agree. p-values belong to `test_strength` at the first reference. `options` are those
    of `upper_limit`.
    """
    likelihood = build(reference)
    first = limit = upper_limit(likelihood, method, level, test_strength, **options)
    for _ in range(8):
        found = limit.observed_limit
        if not found or abs(found - 1) < 1e-6:
            break
        coupling = float(coupling_from_strength(found, reference, power))
        there = build(coupling)
        if abs(there.nominal_signal - found * likelihood.nominal_signal) < 1e-9 * there.nominal_signal:
            break
        reference, likelihood = coupling, there
        limit = upper_limit(likelihood, method, level, **options)
    limit = limit.scaled(lambda strength: float(coupling_from_strength(strength, reference, power)))
    return replace(limit, CLs_obs=first.CLs_obs, CLs_exp=first.CLs_exp, test_strength=test_strength)


def _limit(point: Point, facts: HypothesisFacts) -> PointResult:
    reference = facts.benchmark.coupling
    build = assemble.prepare(point.search, point.hypothesis, point.mass_gev).likelihood
    limit = coupling_limit(build, reference, facts.yield_power or 1.0, point.method, point.level)
    median = limit.expected_limit[2]
    return PointResult(
        point.mass_gev,
        limit.observed_limit,
        limit.expected_limit,
        () if limit.observed_limit is None else ((limit.observed_limit, None),),
        () if median is None else ((median, None),),
        discovery(build(reference)).significance,
        limit.status,
        limit.warnings,
        limit.expected_kind,
    )


def _region(point: Point) -> PointResult:
    """The excluded intervals of the coupling: CLs at the hypothesis itself, strength 1, along the coupling."""
    alpha = 1 - point.level
    build = assemble.prepare(point.search, point.hypothesis, point.mass_gev).likelihood
    low, high, n = point.couplings
    values: dict[float, PValues] = {}

    def at(coupling: float) -> PValues:
        if coupling not in values:
            values[coupling] = p_values(build(coupling), point.method)
        return values[coupling]

    def log_ratio(value: float | None) -> float:
        return float(np.log(max(value if value is not None else 1.0, 1e-300) / alpha))

    grid = np.geomspace(low, high, n)
    observed = excluded_intervals(lambda c: log_ratio(at(c).cls), grid)
    median = excluded_intervals(lambda c: log_ratio(at(c).cls_expected[2]), grid)
    most = float(grid[int(np.argmin([at(float(c)).cls for c in grid]))])
    return PointResult(
        point.mass_gev,
        None,
        (None,) * len(SIGMAS),
        observed,
        median,
        discovery(build(most)).significance,
        "ok" if observed else "insensitive",
        expected_kind=EXPECTED_P.get(point.method, A_PRIORI),
    )
