"""The expected events of a channel and their uncertainty over (mass, coupling): interpolated between masses that are computed.

At every mass ln s is a cubic of ln g on an even lattice. Between masses it is a straight line at constant u = ln g + tilt·ln m,
along which the flight of the particle changes little: for an A′ the exponent of the decay is proportional to (g m)², so the tilt is 1.
The tilt that fits best is taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.globalfit.counts import Count
from limits.globalfit.lattice import LOWEST, weights

Array = NDArray[np.float64]

Row = Callable[[Array], tuple[Array, Array]]
"""ln s, not below LOWEST, and σ of the signal at couplings (n,)."""

TILTS: Final = (0, 1, 2)
FIRST: Final = 9
"""Masses computed to begin with, even in ln m."""

STEPS: Final = (0.1, 0.05, 0.025)
"""Of ln g, tried in turn."""

MOST_MASSES: Final = 160
NARROW: Final = 0.06
"""Of ln m: where an interval is narrower and its error is hardly less than that of twice the interval, it is noise of the yields."""

NARROWEST: Final = 1e-5
NOISE: Final = 0.75
"""Above the factor √½ by which halves of an interval are better at a threshold, where yields go with a square root."""

LOUDEST: Final = 0.1
"""Larger errors are no noise."""

PART: Final = 0.75
"""Of the error that is asked for: the rest is for the interpolation along the coupling and for the table of ln L."""


class Channel(NamedTuple):
    """What a surface is made of: yields and data at a mass in GeV, and the range of masses and couplings."""

    row: Callable[[float], Row]
    data: Callable[[float], Count]
    masses: tuple[float, float]
    couplings: tuple[float, float]


class Worst(NamedTuple):
    """An error of ln L in units of max(1, |ln L|), the change of ln g that would make it, and the mass in GeV where it is."""

    error: float = 0.0
    shift: float = 0.0
    mass: float = 0.0


@dataclass(frozen=True, eq=False)
class Surface:
    """ln s and σ, `values` (M, U, 2), at ln m = `x` (M,) and u = `start` + `step`·(0, 1, …)."""

    x: Array
    values: Array
    start: float
    step: float
    tilt: int

    def at(self, x: Array, coupling: Array) -> tuple[Array, Array]:
        """ln s and σ at ln m = `x` and ln g = `coupling`, (n,) each."""
        i = np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, len(self.x) - 2)
        part = (x - self.x[i]) / (self.x[i + 1] - self.x[i])
        a = (coupling + self.tilt * x - self.start) / self.step
        j = np.clip(a.astype(np.intp), 1, self.values.shape[1] - 3)
        flat, first = self.values.reshape(-1, 2), i * self.values.shape[1] + j - 1
        found = np.zeros((len(x), 2))
        for n, w in enumerate(weights(a - j)):
            low = flat[first + n]
            found += w[:, None] * (low + part[:, None] * (flat[first + n + self.values.shape[1]] - low))
        return found[:, 0], np.maximum(found[:, 1], 0.0)

    @cached_property
    def _plain(self) -> tuple[list[float], list[list[list[float]]]]:
        return self.x.tolist(), self.values.tolist()

    def one(self, x: float, coupling: float) -> tuple[float, float]:
        """The same for one point."""
        nodes, values = self._plain
        i = min(max(bisect_right(nodes, x) - 1, 0), len(nodes) - 2)
        part = (x - nodes[i]) / (nodes[i + 1] - nodes[i])
        low, high = values[i], values[i + 1]
        a = (coupling + self.tilt * x - self.start) / self.step
        j = min(max(int(a), 1), len(low) - 3)
        events = sigma = 0.0
        for n, w in enumerate(weights(a - j), j - 1):
            (p, q), (r, s) = low[n], high[n]
            events += w * (p + part * (r - p))
            sigma += w * (q + part * (s - q))
        return events, max(sigma, 0.0)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_plain"}


def surface(channel: Channel, error: float) -> tuple[Surface, tuple[Worst, ...]]:
    """The surface, and the worst errors measured: along the coupling, between masses, and what is left to the noise of the yields."""
    low, high = np.log(channel.masses).tolist()
    first = np.linspace(low, high, FIRST)
    rows = [channel.row(float(m)) for m in _masses(channel, first)]
    trials = [_lattice(channel, first, rows, tilt, STEPS[0]) for tilt in TILTS]
    best = min(trials, key=lambda made: _halved(channel, made, rows))
    for step in STEPS:
        made = _lattice(channel, first, rows, best.tilt, step)
        along = max((_along(channel, made, x, row) for x, row in zip(first, rows, strict=True)), key=lambda w: w.error)
        if along.error <= (1 - PART) / 2 * error:
            break
    made, between, noise = _refined(channel, made, error)
    return made, (along, between, noise)


def _masses(channel: Channel, x: Array) -> Array:
    """Of nodes in GeV: rounding must not lead out of the range."""
    return np.clip(np.exp(x), *channel.masses)


def _lattice(channel: Channel, x: Array, rows: list[Row], tilt: int, step: float) -> Surface:
    low, high = np.log(channel.couplings)
    start = float(low + tilt * x[0] - 2 * step)
    size = int(np.ceil((high + tilt * x[-1] - start) / step)) + 3
    made = Surface(x, np.zeros((0, size, 2)), start, step, tilt)
    return replace(made, values=np.array([_values(made, row, at) for row, at in zip(rows, x, strict=True)]))


def _values(made: Surface, row: Row, x: float) -> Array:
    u = made.start + made.step * np.arange(made.values.shape[1])
    return np.stack(row(np.exp(u - made.tilt * x)), axis=-1)


def _inside(channel: Channel, made: Surface, x: float) -> slice:
    """The part of the lattice that lies in the range of couplings at that mass."""
    low, high = ((np.log(g) + made.tilt * x - made.start) / made.step for g in channel.couplings)
    return slice(max(int(low), 0), int(np.ceil(high)) + 1)


def _difference(channel: Channel, x: float, guess: Array, exact: Array, step: float) -> Worst:
    """How far ln L of guessed (ln s, σ) (n, 2) is from that of the exact ones."""
    mass = float(_masses(channel, np.array(x)))
    count = channel.data(mass)
    found, true = (_gain(count, pair) for pair in (guess, exact))
    off = np.abs(found - true) / np.maximum(1.0, np.abs(true))
    worst = int(np.argmax(off))
    slope = np.abs(np.gradient(true, step)) if len(true) > 1 else np.zeros(1)
    return Worst(float(off[worst]), float(abs(found[worst] - true[worst]) / max(slope[worst], 1e-300)), mass)


def _gain(count: Count, pair: Array) -> Array:
    return np.where(pair[:, 0] > LOWEST, count.gain(np.exp(pair[:, 0]), np.maximum(pair[:, 1], 0.0)), 0.0)


def _halved(channel: Channel, made: Surface, rows: list[Row]) -> float:
    """The error of every second row if the others were all, at the median: thresholds are in the way of any tilt."""
    errors = []
    for k in range(1, len(rows) - 1, 2):
        part = _inside(channel, made, made.x[k])
        guess = (made.values[k - 1, part] + made.values[k + 1, part]) / 2
        errors.append(_difference(channel, made.x[k], guess, made.values[k, part], made.step).error)
    return float(np.median(errors))


def _along(channel: Channel, made: Surface, x: float, row: Row) -> Worst:
    """The error half way between couplings."""
    part = _inside(channel, made, x)
    u = made.start + made.step * (np.arange(part.start, part.stop - 1) + 0.5)
    u = u[(u - made.tilt * x >= np.log(channel.couplings[0])) & (u - made.tilt * x <= np.log(channel.couplings[1]))]
    guess = np.stack(made.at(np.full(len(u), x), u - made.tilt * x), axis=-1)
    return _difference(channel, x, guess, np.stack(row(np.exp(u - made.tilt * x)), axis=-1), made.step)


def _refined(channel: Channel, made: Surface, error: float) -> tuple[Surface, Worst, Worst]:
    """More masses, the worst interval first; also the worst error of what is good enough, and of what is not."""
    values = dict(zip(made.x.tolist(), made.values, strict=True))
    good = noise = Worst()
    waiting = [(np.inf, a, b) for a, b in pairwise(made.x.tolist())]
    while waiting:
        waiting.sort()
        before, left, right = waiting.pop()
        middle = (left + right) / 2
        exact = _values(made, channel.row(float(_masses(channel, np.array(middle)))), middle)
        part = _inside(channel, made, middle)
        guess = (values[left][part] + values[right][part]) / 2
        found = _difference(channel, middle, guess, exact[part], made.step)
        values[middle] = exact
        if found.error <= PART * error:
            good = max(good, found)
        elif len(values) + len(waiting) >= MOST_MASSES or _hopeless(right - left, found.error, before):
            noise = max(noise, found)
        else:
            waiting += [(found.error, left, middle), (found.error, middle, right)]
    x = np.array(sorted(values))
    return replace(made, x=x, values=np.array([values[at] for at in x.tolist()])), good, noise


def _hopeless(width: float, found: float, before: float) -> bool:
    return width < NARROWEST or (width < NARROW and NOISE * before < found < LOUDEST)
