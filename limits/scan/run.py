"""A whole scan: every mass a unit of work of its own, or a hunt on one spectrum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from limits.errors import InputError, unknown
from limits.grid import check_range, masses_of
from limits.hunt.options import Hunting
from limits.inference.limit import METHODS
from limits.scan.hunted import hunted
from limits.scan.points import hunts
from limits.scan.results import Point, Scan, collected
from limits.scan.stored import run_points
from limits.search import Search
from limits.store import WORK, Work

DEFAULT_COUPLINGS: Final = 49


def run_scan(
    search: Search,
    hypothesis: str | None = None,
    *,
    masses: Sequence[float] | None = None,
    couplings: tuple[float, float, int] | None = None,
    method: str | None = None,
    level: float | None = None,
    advance: Callable[..., None] | None = None,
    hunting: Hunting | None = None,
    work: Work = WORK,
) -> Scan:
    """Limit or excluded region at every mass (GeV); `advance` is called after each point, `work` says who does it.

    A hunt calls `advance` with the number of points, which may be part of one.

    On a spectrum, with a method that a hunt has, it is one hunt made as `hunting` says (None: a simulated sample, no toys).

    Raises:
        UnknownName: no such hypothesis or method.
        InputError: a mass, coupling range or level that cannot be used, a folder that belongs to another scan or cannot be written.
        Unfinished: `work` is a shard, and others are not done.
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
        found = hunted(search, facts, at, chosen, level, hunting or Hunting(), advance, work)
        return replace(collected(search, facts, chosen, level, found.points), **found.about)
    if hunting is not None:
        raise InputError(
            f"{search.name}: {chosen} is no hunt on a spectrum: data, treatment and toys of one do not apply"
        )
    points = [Point(search, facts.name, m, chosen, level, grid) for m in masses_of(search, facts.name, masses)]
    results = run_points(points, work, tip=masses is None, advance=advance)
    return collected(search, facts, chosen, level, sorted(results, key=lambda r: r.mass_gev))
