"""What one counting channel observed at every mass: constant in pieces where it is, evaluated mass by mass where it is not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from limits.assemble.counts import background, observed
from limits.globalfit.counts import Count, Nuisances
from limits.search import CountingChannel, Search
from limits.signals.windows import per_mass

SCANNED: Final = 257
"""Masses at which the data are looked at, beside those of events and of tables: a window must be wider than their distance."""

MOST_PIECES: Final = 16


class Pieces(NamedTuple):
    """Data that change at masses only: `counts[k]` from `breaks[k − 1]` on, which are the first doubles of the next piece."""

    breaks: tuple[float, ...]
    counts: tuple[Count, ...]


def count_at(search: Search, channel: CountingChannel, mass: float, nuisances: Nuisances) -> Count:
    """The data at that mass in GeV."""
    return Count(observed(search, channel, mass), background(search, channel, mass), nuisances, search.name)


def pieces(search: Search, channel: CountingChannel, low: float, high: float, nuisances: Nuisances) -> Pieces | None:
    """The data between two masses in GeV; None where the background changes continuously or there are too many pieces."""

    def key(mass: float) -> tuple[Any, ...]:
        found = count_at(search, channel, mass, nuisances)
        b = found.background  # the width of a window is a difference of masses: its last digits are noise
        return found.observed, b.constraint, f"{b.events:.10g}", f"{b.relative:.10g}"

    breaks: list[float] = []
    starts = [low]
    scan = _scanned(search, channel, low, high)
    for left, right in pairwise(scan):
        at, end = left, key(right)
        while key(at) != end:
            if len(breaks) == MOST_PIECES - 1:
                return None
            at = _first_change(key, at, right)
            breaks.append(at)
            starts.append(at)
    return Pieces(tuple(breaks), tuple(count_at(search, channel, mass, nuisances) for mass in starts))


def _scanned(search: Search, channel: CountingChannel, low: float, high: float) -> list[float]:
    events = [search.value(key) for key in (channel.window.events or ())] if channel.window else []
    between = [(a + b) / 2 for a, b in pairwise(sorted(events))]
    table = per_mass(search, channel).get("mass_gev", ())
    inner = [float(m) for m in (*events, *between, *table, *np.geomspace(low, high, SCANNED)) if low < m < high]
    return sorted({low, high, *inner})


def _first_change(key: Callable[[float], tuple[Any, ...]], left: float, right: float) -> float:
    """The first double after `left` whose key is another one."""
    start = key(left)
    while (middle := left + (right - left) / 2) not in (left, right):
        left, right = (middle, right) if key(middle) == start else (left, middle)
    return right
