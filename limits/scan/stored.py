"""The points of a scan as units of work: each is kept when it is done, and not done again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any, Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from limits.provenance import provenance
from limits.scan.points import run_point
from limits.scan.results import Point, PointResult
from limits.search.identity import identity
from limits.store import Contents, Store, Work, fill

TIP_STEPS: Final = 6
"""Masses added to a default grid at the end of a region: they find its highest mass to 0.2 %."""


def run_points(
    points: Sequence[Point], work: Work, *, tip: bool, advance: Callable[..., None] | None
) -> list[PointResult]:
    """What is found at points of one scan, in no order; with `tip` also at masses that close in on the end of a region.

    Raises:
        InputError: the folder belongs to another scan, or cannot be written.
        Unfinished: other shards are not done.
    """

    def done(_: str) -> None:
        if advance is not None:
            advance()

    masses = [point.mass_gev for point in points]
    with work.store(_contents(points[0], masses)) as store:
        fill(store, work, map(_unit, masses), _do, points[0], good=_is_whole, done=done)
        results = [_read(store, mass) for mass in masses]
        for _ in range(TIP_STEPS if tip else 0):
            if (mass := _beyond(points[0], results)) is None:
                break
            fill(store, replace(work, shard=(1, 1)), [_unit(mass)], _do, points[0], good=_is_whole, done=done)
            results.append(_read(store, mass))
    return results


def _contents(point: Point, masses: Sequence[float]) -> Contents:
    facts = {
        **identity(point.search),
        "hypothesis": point.hypothesis,
        "method": point.method,
        "level": point.level,
        "couplings": point.couplings,
        "masses": masses,
        "versions": provenance(),
    }
    return Contents.of("scan", facts, map(_unit, masses))


def _unit(mass: float) -> str:
    return f"{float(mass)!r} GeV"


def _do(point: Point, unit: str) -> dict[str, Any]:
    """`point` at the mass of that unit."""
    return asdict(run_point(replace(point, mass_gev=float(unit.removesuffix(" GeV")))))


@cache
def _reader() -> TypeAdapter[PointResult]:
    return TypeAdapter(PointResult)


def _is_whole(unit: str, found: Any) -> bool:
    try:
        return _unit(_reader().validate_python(found).mass_gev) == unit
    except ValidationError:
        return False


def _read(store: Store, mass: float) -> PointResult:
    return _reader().validate_python(store.load(_unit(mass)))


def _beyond(point: Point, done: Sequence[PointResult]) -> float | None:
    """A mass between the highest at which something is excluded and the next above it."""
    if point.search.hypothesis(point.hypothesis).exclusion != "region":
        return None
    excluded = [result.mass_gev for result in done if result.excluded]
    beyond = [result.mass_gev for result in done if excluded and result.mass_gev > max(excluded)]
    return float(np.sqrt(max(excluded) * min(beyond))) if beyond else None
