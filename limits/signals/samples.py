"""The data that a spectrum is fitted to: measured events, a simulated sample, or the expectation itself (Asimov)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from limits.errors import InputError
from limits.search import Search, SpectrumChannel
from limits.signals.expected import Array
from limits.signals.spectrum import Group, expected_counts, span

FINE: Final = 4
"""A simulated sample is thrown in so many bins per bin of the toys, evenly inside each."""


class Sample(Protocol):
    """Events by category. `label` says what they are, wherever a result shows them."""

    @property
    def label(self) -> str:
        """Words for a result."""

    def events(self, part: int, group: Group, edges: tuple[float, float]) -> Array | None:
        """Values of the observable (N,) in GeV inside `edges`, ascending; None for Asimov data, which have no events."""


@dataclass(frozen=True)
class Asimov:
    """No events: what is expected takes their place."""

    label: str = "Asimov set of the simulated spectrum"

    def events(self, part: int, group: Group, edges: tuple[float, float]) -> None:  # noqa: ARG002
        """None."""
        return


@dataclass(frozen=True, eq=False)
class Simulated:
    """One sample thrown from the expected spectrum without signal: the same for the same seed."""

    search: Search
    channel: SpectrumChannel
    seed: int = 1
    _thrown: dict[tuple[int, Group], Array] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        """With its seed."""
        return f"simulated sample without signal, seed {self.seed}"

    def events(self, part: int, group: Group, edges: tuple[float, float]) -> Array:
        """Events of all categories of the group."""
        if (part, group) not in self._thrown:
            self._thrown[part, group] = np.sort(np.concatenate([self._all(part, category) for category in group]))
        return _inside(self._thrown[part, group], edges)

    def _all(self, part: int, category: str) -> Array:
        """All events of a category, in no order; the same whatever it is fitted together with."""
        step = min(window.bin_gev for window in self.channel.windows if window.part == part) / FINE
        low, high = span(self.search, self.channel, part)
        grid = np.linspace(low, high, round((high - low) / step) + 1)
        expected = expected_counts(self.search, self.channel, ((category,),), part, grid)[0]
        index = sorted({background.category for background in self.channel.backgrounds}).index(category)
        rng = np.random.default_rng([self.seed, part, index])
        counts = rng.poisson(expected)
        return np.asarray(np.repeat(grid[:-1], counts) + rng.random(int(counts.sum())) * np.diff(grid)[0])


@dataclass(frozen=True, eq=False)
class Measured:
    """Events of a file, by category."""

    label: str
    by_category: Mapping[str, Array]
    _sorted: dict[Group, Array] = field(default_factory=dict, repr=False)

    def events(self, part: int, group: Group, edges: tuple[float, float]) -> Array:  # noqa: ARG002
        """Events of all categories of the group; there is one set of them for all parts of the spectrum."""
        if group not in self._sorted:
            self._sorted[group] = np.sort(np.concatenate([self.by_category[category] for category in group]))
        return _inside(self._sorted[group], edges)


def measured(channel: SpectrumChannel, columns: Mapping[str, Array], label: str) -> Measured:
    """Events with the columns that the channel names, the observable in GeV first, sorted into its categories.

    Raises:
        InputError: a channel of several categories whose events have no score, or no edges for it.
    """
    categories = list(dict.fromkeys(background.category for background in channel.backgrounds))
    values = columns[channel.columns[0]]
    if len(categories) == 1:
        return Measured(label, {categories[0]: values})
    if len(channel.columns) < 2 or len(channel.scores) != len(categories) - 1:
        raise InputError(
            f"{label}: {len(categories)} categories need a score column and {len(categories) - 1} edges of it"
        )
    place = np.searchsorted(channel.scores, columns[channel.columns[1]], side="right")
    return Measured(label, {name: values[place == k] for k, name in enumerate(categories)})


def _inside(events: Array, edges: tuple[float, float]) -> Array:
    first, last = np.searchsorted(events, edges)
    return events[first:last]
