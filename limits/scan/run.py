"""A whole scan: every mass a unit of work of its own, or a hunt on one spectrum."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

import numpy as np

from limits.errors import InputError, unknown
from limits.grid import check_range, masses_of
from limits.hunt.options import Hunting
from limits.inference.limit import METHODS
from limits.scan.hunted import hunted
from limits.scan.points import hunts, run_point
from limits.scan.results import Point, PointResult, Scan, collected
from limits.search import Search

DEFAULT_COUPLINGS: Final = 49

TIP_STEPS: Final = 6
"""Masses added to a default grid at the end of a region: they find its highest mass to 0.2 %."""


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
    hunting: Hunting | None = None,
) -> Scan:
    """Limit or excluded region at every mass (GeV); `advance` is called after each point, `map` may be a pool's.

    On a spectrum, with a method that a hunt has, it is one hunt made as `hunting` says (None: a simulated sample, no toys).

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
    if hunts(search, chosen):
        at = masses_of(search, facts.name, masses)
        found = hunted(search, facts, at, chosen, level, hunting or Hunting(), advance)
        return replace(collected(search, facts, chosen, level, found.points), **found.about)
    if hunting is not None:
        raise InputError(
            f"{search.name}: {chosen} is no hunt on a spectrum: data, treatment and toys of one do not apply"
        )
    work = [Point(search, facts.name, m, chosen, level, grid) for m in masses_of(search, facts.name, masses)]
    results: list[PointResult] = []
    for result in chain(map(run_point, work), _tip(work, results) if masses is None else ()):
        results.append(result)
        if advance is not None:
            advance()
    return collected(search, facts, chosen, level, sorted(results, key=lambda r: r.mass_gev))


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
