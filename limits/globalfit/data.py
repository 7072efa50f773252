"""What one counting channel observed at every mass: pieces with one count each, over a background that may change with the mass."""

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
    """Counts that change at masses only: `counts[k]` at `spans[k]`, from `breaks[k − 1]` on, the first double of the next piece.

    The background of a piece that is `changing` is another one at every mass.
    """

    breaks: tuple[float, ...]
    spans: tuple[tuple[float, float], ...]
    counts: tuple[Count, ...]
    changing: tuple[bool, ...]


def count_at(search: Search, channel: CountingChannel, mass: float, nuisances: Nuisances) -> Count:
    """The data at that mass in GeV."""
    return Count(observed(search, channel, mass), background(search, channel, mass), nuisances, search.name)


def pieces(search: Search, channel: CountingChannel, low: float, high: float, nuisances: Nuisances) -> Pieces | None:
    """The data between two masses in GeV; None where there are too many pieces."""

    def key(mass: float) -> tuple[Any, ...]:
        found = count_at(search, channel, mass, nuisances)
        b = found.background  # the width of a window is a difference of masses: its last digits are noise
        return (found.observed, b.constraint, f"{b.relative:.10g}") if found.observed else (0.0,)

    breaks: list[float] = []
    for left, right in pairwise(_scanned(search, channel, low, high)):
        at, end = left, key(right)
        while key(at) != end:
            if len(breaks) == MOST_PIECES - 1:
                return None
            at = _first_change(key, at, right)
            breaks.append(at)
    spans = tuple(zip([low, *breaks], [*(float(np.nextafter(edge, 0)) for edge in breaks), high], strict=True))
    counts = tuple(count_at(search, channel, start, nuisances) for start, _ in spans)

    def changes(k: int) -> bool:
        """Without an event the background does not matter."""
        start, end = spans[k]
        inner = (count_at(search, channel, mass, nuisances) for mass in ((start + end) / 2, end))
        first = counts[k].background.events
        return counts[k].observed > 0 and any(abs(c.background.events - first) > 1e-9 * first for c in inner)

    return Pieces(tuple(breaks), spans, counts, tuple(map(changes, range(len(counts)))))


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
