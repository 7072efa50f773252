"""One mass as the compiled kernel wants it: data and peak, for each combination of shape and polynomial order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from limits.errors import InputError
from limits.kernel.linear.joined import join
from limits.kernel.linear.window import SPARSE, Window, binned, unbinned
from limits.search import Search, SpectrumChannel
from limits.signals.expected import Array
from limits.signals.resonance import Resonance
from limits.signals.samples import Measured, Sample
from limits.signals.spectrum import Group, expected_counts, span

BARRIER: Final = 0.1
"""Events that a log barrier adds where there are few: it keeps the intensity positive between them."""

FEW: Final = 3000
"""Expected events up to which toys get the barrier: of many toys some have few events where the background is low."""


@dataclass(frozen=True)
class Way:
    """One way to fit: the shape of the peak, and how much the order of the polynomial is above the nominal one."""

    shape: str
    extra: int

    @property
    def name(self) -> str:
        """For a result."""
        return f"{self.shape}, order +{self.extra}" if self.extra else self.shape


def ways(channel: SpectrumChannel) -> tuple[Way, ...]:
    """All of them, the nominal one first."""
    return tuple(Way(shape, extra) for extra in channel.extra_orders for shape in channel.shapes)


@dataclass(frozen=True, eq=False)
class Setting:
    """A search and how it is fitted: which categories together, and to what data."""

    search: Search
    channel: SpectrumChannel
    groups: tuple[Group, ...]
    sample: Sample
    _scales: dict[int, Array] = field(default_factory=dict, repr=False)

    def scale(self, part: int) -> Array:
        """Measured over expected events of each group (K, 1): toys are as many as the data. 1 for data made from the expectation."""
        if not isinstance(self.sample, Measured):
            return np.ones((len(self.groups), 1))
        if part not in self._scales:
            edges = span(self.search, self.channel, part)
            expected = expected_counts(self.search, self.channel, self.groups, part, np.array(edges))[:, 0]
            seen = np.array([len(self.sample.events(part, group, edges)) for group in self.groups])
            self._scales[part] = (seen / np.maximum(expected, 1.0))[:, None]
        return self._scales[part]

    def shares(self, peak: Resonance) -> list[float]:
        """Share of the signal in each group (K,)."""
        return [float(sum(peak.shares[category] for category in group)) for group in self.groups]

    def data_window(self, peak: Resonance, way: Way) -> Window:
        """Unbinned events, or the expectation in fine bins for Asimov data.

        Raises:
            InputError: a window without any event.
        """
        found = [self.sample.events(peak.window.part, group, peak.edges) for group in self.groups]
        events = [one for one in found if one is not None]
        if len(events) < len(found):
            return self.expected_window(peak, way, 4)
        if not sum(len(one) for one in events):
            low, high = peak.edges
            raise InputError(f"no event between {low:g} and {high:g} GeV: nothing to fit a background to")
        order, shape = peak.window.order + way.extra, peak.shape(way.shape)
        return _guarded([unbinned(one, shape, order) for one in events], self.shares(peak))

    def expected_window(self, peak: Resonance, way: Way, finer: int = 1) -> Window:
        """Expected counts in bins of `bin_gev` over `finer`."""
        first, last = peak.bins
        step = peak.window.bin_gev / finer
        edges = np.asarray(first * peak.window.bin_gev + step * np.arange((last - first) * finer + 1), dtype=float)
        counts = expected_counts(self.search, self.channel, self.groups, peak.window.part, edges)
        counts *= self.scale(peak.window.part)
        shape, order = peak.shape(way.shape), peak.window.order + way.extra
        clipped = np.clip(edges, *peak.edges)
        return _guarded([binned(one, clipped, shape, order) for one in counts], self.shares(peak), FEW)

    def whole(self, part: int, step: float, first: int, last: int) -> Array:
        """Expected counts of all groups, (bins · K,), bin by bin: what toys are thrown from."""
        edges = np.asarray(step * np.arange(first, last + 1), dtype=float)
        counts = expected_counts(self.search, self.channel, self.groups, part, edges) * self.scale(part)
        return np.ascontiguousarray(counts.T).ravel()


def _guarded(windows: Sequence[Window], shares: list[float], enough: float = SPARSE) -> Window:
    """The windows as one, with a barrier where one of them has too few events."""
    joined = join(windows, shares)
    if min(window.events for window in windows) >= enough:
        return joined
    return barred(joined)


def barred(window: Window) -> Window:
    """The window behind a log barrier."""
    return window.with_barrier(BARRIER / len(window.weights))
