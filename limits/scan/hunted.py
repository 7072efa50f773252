"""A hunt for a peak as points of a scan: limits on the rate become limits on the coupling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from limits.hunt.masses import spectrum_channel
from limits.hunt.options import Hunting
from limits.inference.results import SIGMAS, Limit
from limits.scan.results import Peak, PointResult, above
from limits.search import HypothesisFacts, Search
from limits.store import WORK, Work

if TYPE_CHECKING:
    from limits.hunt.run import Found
    from limits.signals.resonance import Resonance


DEFINITIONS: Final = {
    "bayes-profile": "Bayesian, flat prior, profile likelihood convolved with the systematic error of the signal events",
    "cls": "asymptotic CLs with q̃, background profiled",
}


@dataclass(frozen=True)
class Hunted:
    """Points, and what a `Scan` says about the hunt besides them."""

    points: list[PointResult]
    about: dict[str, Any] = field(default_factory=dict)


def hunted(
    search: Search,
    facts: HypothesisFacts,
    masses: Sequence[float],
    method: str,
    level: float,
    hunting: Hunting,
    advance: Callable[..., None] | None = None,
    work: Work = WORK,
) -> Hunted:
    """Hunt at these masses (GeV).

    Raises:
        MissingExtra: numba is not installed.
        InputError: what the masses, the data or the folder cannot be.
        Unfinished: other shards are not done.
    """
    from limits.hunt.run import hunt  # compiled kernels, loaded when a hunt begins

    channel = spectrum_channel(search)
    assert channel is not None
    done = hunt(search, channel, facts, masses, method, level, hunting, advance, work)
    points = [_point(found, peak, done.expected_kind) for found, peak in zip(done.found, done.peaks, strict=True)]
    rate = None if facts.rate is None else facts.rate.model_dump()
    about = {
        "rate": rate,
        "data": done.data,
        "treatment": done.treatment,
        "global_significance": asdict(done.significance),
        "seed": hunting.seed,
    }
    return Hunted(points, about)


def hunted_limit(
    search: Search, facts: HypothesisFacts, mass: float, method: str, level: float, hunting: Hunting
) -> Limit:
    """The limit on the coupling at one mass in GeV, made as a scan makes it: every way to fit, the one with most signal kept.

    Raises:
        MissingExtra: numba is not installed.
        InputError: as `hunted`.
    """
    found = hunted(search, facts, [mass], method, level, hunting)
    (point,) = found.points
    assert point.peak is not None
    ways = f"the fit with most signal of all ways ({point.peak.fit})"
    return Limit(
        point.observed_limit,
        point.expected_limit,
        point.expected_kind,
        None,
        (None,) * len(SIGMAS),
        1.0,
        level,
        method,
        f"{DEFINITIONS[method]}; {ways}",
        point.status,
        point.warnings,
    )


def _point(found: Found, peak: Resonance, kind: str) -> PointResult:
    observed = peak.coupling(found.observed_limit)
    band = tuple(peak.coupling(limit) for limit in found.expected_limit)
    return PointResult(
        found.mass_gev,
        observed,
        band,
        above(observed),
        above(band[2]),
        found.significance,
        found.status,
        found.warnings,
        kind,
        Peak(found.events, found.error, found.fit, found.observed_limit, found.expected_limit),
    )
