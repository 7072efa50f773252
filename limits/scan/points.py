"""One unit of work: the limit, or the excluded region, at one mass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from limits import assemble
from limits.errors import FitError
from limits.exclusion import excluded_intervals
from limits.hunt.masses import HUNTING_METHODS, spectrum_channel
from limits.hunt.options import Hunting
from limits.inference.asymptotic import discovery
from limits.inference.limit import EXPECTED_P, p_values, upper_limit
from limits.inference.request import A_PRIORI
from limits.inference.results import SIGMAS, Limit, PValues
from limits.likelihood import Likelihood
from limits.physics.conversion import coupling_from_strength
from limits.scan.hunted import hunted
from limits.scan.results import Point, PointResult, above
from limits.search import HypothesisFacts, Search


def run_point(point: Point) -> PointResult:
    """Do one unit of work; a fit that fails costs this point only, and says so."""
    facts = point.search.hypothesis(point.hypothesis)
    try:
        if hunts(point.search, point.method):
            return hunted(point.search, facts, [point.mass_gev], point.method, point.level, Hunting()).points[0]
        return _region(point) if facts.exclusion == "region" else _limit(point, facts)
    except FitError as error:
        none = (None,) * len(SIGMAS)
        return PointResult(point.mass_gev, None, none, (), (), None, "partial", (f"fit failed: {error}",))


def hunts(search: Search, method: str) -> bool:
    """Whether a scan by that method is a hunt on one spectrum."""
    return spectrum_channel(search) is not None and method in HUNTING_METHODS


def coupling_limit(
    build: Callable[[float], Likelihood],
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
        above(limit.observed_limit),
        above(median),
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
