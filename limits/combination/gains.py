"""How much more a combination excludes than the single searches do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import trapezoid

from limits.exclusion import Interval
from limits.scan import PointResult, Scan


class MassGain(NamedTuple):
    """At one mass in GeV: the ratio that is the gain, observed and median expected; None where either side excludes nothing.

    `best` is the single search that excludes most there by what is expected, by what is observed where nothing is expected.
    """

    mass_gev: float
    observed: float | None
    expected: float | None
    best: str | None


@dataclass(frozen=True)
class Gain:
    """What is gained over the union of the single searches, observed and median expected.

    `kind` "area": excluded area in (ln m, ln coupling) over that of the union; `per_mass` has lengths in ln coupling instead.
    "limit": the best single limit over the combined one, median over the masses where there is something to combine; `best`
    are the largest of these ratios.
    None where the union, or everything, excludes nothing. Below 1 an excess in one search has made the combination weaker.
    """

    kind: str
    observed: float | None
    expected: float | None
    best_observed: float | None
    best_expected: float | None
    per_mass: tuple[MassGain, ...]


def gain(
    whole: Scan, singles: Sequence[Scan], reach: tuple[float, float], counted: Collection[float] | None = None
) -> Gain:
    """What `whole` excludes over what any of the `singles` does, at the masses of `whole`.

    `reach` ends open edges of regions; ratios of limits count at the masses `counted` in GeV, None: at all.
    """
    others = [{point.mass_gev: point for point in scan.points} for scan in singles]
    names = [scan.search for scan in singles]
    rows = [(p, [one.get(p.mass_gev) for one in others]) for p in whole.points]
    region = whole.exclusion == "region"
    ratios = _lengths if region else _limits
    pairs = {which: [ratios(point, there, which, reach) for point, there in rows] for which in ("observed", "expected")}
    per_mass = tuple(
        MassGain(point.mass_gev, _over(*o), _over(*e), _best(there, names, reach))
        for (point, there), o, e in zip(rows, pairs["observed"], pairs["expected"], strict=True)
    )
    there = [m for m in per_mass if counted is None or m.mass_gev in counted]
    found = {name: [r for m in there if (r := getattr(m, name)) is not None] for name in ("observed", "expected")}
    best = {name: max(values, default=None) for name, values in found.items()}
    if region:
        mass = np.log([point.mass_gev for point, _ in rows])
        total = {
            which: _over(*(_area(mass, column) for column in zip(*found, strict=True)))
            for which, found in pairs.items()
        }
    else:
        total = {name: float(np.median(values)) if values else None for name, values in found.items()}
    kind = "area" if region else "limit"
    return Gain(kind, total["observed"], total["expected"], best["observed"], best["expected"], per_mass)


def _area(mass: Any, lengths: Sequence[float]) -> float:
    """∫ over ln m; of a single mass the length itself."""
    return float(trapezoid(lengths, mass)) if len(lengths) > 1 else float(sum(lengths))


def _over(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _lengths(
    point: PointResult, singles: Sequence[PointResult | None], which: str, reach: tuple[float, float]
) -> tuple[float, float]:
    """Lengths in ln coupling that are excluded by the combination, and by any single search."""
    union = [interval for one in singles if one is not None for interval in _excluded(one, which)]
    return _length(_excluded(point, which), reach), _length(union, reach)


def _excluded(point: PointResult, which: str) -> tuple[Interval, ...]:
    return point.excluded if which == "observed" else point.expected_excluded


def _length(intervals: Sequence[Interval], reach: tuple[float, float]) -> float:
    """Length in the logarithm of a union of intervals; open edges end at `reach`."""
    closed = sorted((low or reach[0], high or reach[1]) for low, high in intervals)
    total, end = 0.0, 0.0
    for low, high in closed:
        start = max(low, end)
        total += float(np.log(high / start)) if high > start else 0.0
        end = max(end, high)
    return total


def _limits(
    point: PointResult, singles: Sequence[PointResult | None], which: str, _: tuple[float, float]
) -> tuple[float | None, float | None]:
    """The best limit of a single search, and the combined one."""
    known = [limit for one in singles if one is not None and (limit := _limit(one, which)) is not None]
    return min(known, default=None), _limit(point, which)


def _limit(point: PointResult, which: str) -> float | None:
    return point.observed_limit if which == "observed" else point.expected_limit[2]


def _best(singles: Sequence[PointResult | None], names: Sequence[str], reach: tuple[float, float]) -> str | None:
    """The search that excludes most of the couplings."""
    for which in ("expected", "observed"):
        lengths = [0.0 if one is None else _length(_excluded(one, which), reach) for one in singles]
        if max(lengths, default=0.0) > 0:
            return names[int(np.argmax(lengths))]
    return None


def plain(found: Gain) -> dict[str, Any]:
    """Plain JSON values."""
    return {**asdict(found), "per_mass": [row._asdict() for row in found.per_mass]}
