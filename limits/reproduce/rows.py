"""The rows of the table: one published number and the computed one, or a computed one alone where nothing is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from limits.comparison import computed_edges
from limits.errors import InputError
from limits.reproduce.variants import Variant
from limits.scan import Hunting, PointResult, Scan, calibrated_to, label, run_point, run_scan
from limits.search import Comparison, load
from limits.signals.samples import Asimov

STATED: Final = 11
"""Masses at which a statement about a range of masses is checked, ends included."""

RELATIVE: Final = 24
"""Masses at which two searches are compared."""

UNPUBLISHED: Final = "no published number is at hand: a prediction"


@dataclass(frozen=True)
class Row:
    """One published number and the computed one. `ratio` is computed/published; None where there is nothing to divide."""

    search: str
    hypothesis: str
    quantity: str
    unit: str
    mass_gev: float | None
    published: float | None
    computed: float | None
    ratio: float | None
    method: str
    level: float
    label: str
    calibrated_to: str | None
    source: str
    status: str
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "warnings": list(self.warnings)}


@dataclass(frozen=True)
class Group:
    """Rows that differ in mass only: the one shown, and how the ratios of all of them spread."""

    row: Row
    n: int
    median_ratio: float | None
    lowest_ratio: float | None
    highest_ratio: float | None


def rows(variant: Variant, scan: Scan, step: Callable[[], None]) -> Iterator[Row]:
    """All rows of one way of running a search; masses that the scan has not are computed."""
    done = {point.mass_gev: point for point in scan.points}
    for mass in variant.masses:
        if mass not in done:
            done[mass] = run_point(variant.point(mass))
        step()
    tip = _tip(done)
    for comparison in variant.comparisons:
        if comparison.edge in ("lowest", "highest"):
            yield _row(
                variant,
                f"{comparison.quantity}, {variant.symbol(comparison)}",
                comparison,
                _extreme(comparison, scan),
                None,
            )
        elif comparison.edge == "relative":
            found, warnings = _relative(comparison, variant)
            yield _row(variant, comparison.quantity, comparison, found, None, warnings)
        elif comparison.edge == "range":
            yield _row(variant, comparison.quantity, comparison, _share(comparison, scan), None)
        elif comparison.mass_gev is None:
            end = max((mass for mass, point in done.items() if point.excluded), default=None)
            beyond = () if tip is not None or end is None else (f"excluded up to {end:g} GeV, the end of the range",)
            yield _row(variant, f"{comparison.quantity}, m", comparison, tip, None, beyond)
        else:
            result = done[comparison.mass_gev]
            computed = _computed(comparison.edge, result.of_rate() if comparison.of == "rate" else result)
            name = f"{comparison.quantity}, {variant.symbol(comparison)}"
            yield _row(variant, name, comparison, computed, result, _open_end(comparison.edge, result))
    if not variant.facts_compared:
        yield from _predictions(variant, done[variant.facts.benchmark.mass_gev])


def _tip(done: Mapping[float, PointResult]) -> float | None:
    """Highest excluded mass; nothing if that is the end of what was looked at."""
    tip = max((mass for mass, point in done.items() if point.excluded), default=None)
    return None if tip == max(done, default=None) else tip


def _predictions(variant: Variant, result: PointResult) -> Iterator[Row]:
    """Where nothing is published: the limit or both edges at the benchmark."""
    edges = ("lower", "upper") if variant.facts.exclusion == "region" else ("observed",)
    for edge in edges:
        name = f"{edge} edge" if edge != "observed" else "observed limit"
        computed = _computed(edge, result)
        yield _row(variant, f"{name}, {variant.facts.symbol}", None, computed, result, _open_end(edge, result))


def _row(
    variant: Variant,
    quantity: str,
    comparison: Comparison | None,
    computed: float | None,
    result: PointResult | None,
    beyond: tuple[str, ...] = (),
) -> Row:
    published = None if comparison is None else comparison.value
    unit = {"tip": "GeV", "range": "share of masses", "relative": "ratio"}.get(
        comparison.edge if comparison else "", variant.unit(comparison)
    )
    return Row(
        search=variant.search.name,
        hypothesis=variant.facts.name,
        quantity=quantity,
        unit=unit,
        mass_gev=None if result is None else result.mass_gev,
        published=published,
        computed=computed,
        ratio=None if computed is None or published is None else computed / published,
        method=variant.method,
        level=variant.search.level,
        label=label(variant.search, variant.facts.name),
        calibrated_to=calibrated_to(variant.search),
        source=UNPUBLISHED if comparison is None else comparison.source,
        status="insensitive" if computed is None and not beyond else "ok" if result is None else result.status,
        warnings=beyond if result is None else (*result.warnings, *beyond),
    )


def _share(comparison: Comparison, scan: Scan) -> float:
    """Share of the stated masses at which some of the stated couplings are excluded; edges between scanned masses interpolated."""
    assert comparison.masses_gev is not None
    assert comparison.couplings is not None
    mass, lower, upper = computed_edges(scan)
    grid = np.geomspace(*comparison.masses_gev, STATED)
    if not len(mass):
        return 0.0
    low, high = (np.interp(np.log(grid), np.log(mass), np.log(edge), np.nan, np.nan) for edge in (lower, upper))
    overlap = np.fmin(high, np.log(comparison.couplings[1])) > np.fmax(low, np.log(comparison.couplings[0]))
    return float(np.mean(overlap & np.isfinite(low)))


def _extreme(comparison: Comparison, scan: Scan) -> float | None:
    """The lowest or highest observed limit of all masses, or of those that the comparison is about."""
    low, high = comparison.masses_gev or (0.0, np.inf)
    held = scan.of_rate() if comparison.of == "rate" else scan
    found = [p.observed_limit for p in held.points if p.observed_limit is not None and low <= p.mass_gev <= high]
    return (min(found) if comparison.edge == "lowest" else max(found)) if found else None


def _relative(comparison: Comparison, variant: Variant) -> tuple[float | None, tuple[str, ...]]:
    """Median ratio of the expected limit to that of another search, with what it goes from and to."""
    assert comparison.other is not None
    low, high = comparison.masses_gev or variant.facts.masses_gev or (0.0, 0.0)
    other = load(comparison.other)
    grid = np.geomspace(low, high, RELATIVE).tolist()
    ratios, hunting = [], Hunting(sample=Asimov())
    for mass in grid:
        try:
            ours, theirs = (
                run_scan(search, variant.facts.name, masses=[mass], hunting=hunting).points[0].expected_limit[2]
                for search in (variant.search, other)
            )
        except InputError:  # a gap of one of the two
            continue
        if ours is not None and theirs is not None:
            ratios.append(ours / theirs)
    if not ratios:
        return None, ()
    spread = f"{comparison.quantity}: {min(ratios):.2f} to {max(ratios):.2f} at {len(ratios)} masses from {low:g} to {high:g} GeV"
    return float(np.median(ratios)), (spread,)


def _open_end(edge: str, result: PointResult) -> tuple[str, ...]:
    """What to say where the region goes on beyond the couplings that were looked at."""
    if edge not in ("lower", "upper") or not result.excluded or _computed(edge, result) is not None:
        return ()
    return (f"excluded beyond the couplings looked at, no {edge} edge at {result.mass_gev:g} GeV",)


def _computed(edge: str, result: PointResult) -> float | None:
    if edge == "observed":
        return result.observed_limit
    if edge == "expected":
        return result.expected_limit[2]
    if not result.excluded:
        return None
    return result.excluded[0][0] if edge == "lower" else result.excluded[-1][1]
