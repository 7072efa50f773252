"""Cubic interpolation on even lattices, written once for arrays and once for single numbers: a sampler asks for one point at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from limits.globalfit.counts import Count

Array = NDArray[np.float64]
T = TypeVar("T", float, Array)

LOWEST: Final = float(np.log(1e-10))
"""ln of the number of events that is none."""

STEP: Final = 0.1
"""Of ln s."""

SPREADS: Final = 48
"""Values of σ, at least four."""

CHECKED: Final = 2000

LAYERS: Final = 8
"""Tables of a background that changes with the mass."""


Place = tuple[int, int, tuple[float, float, float, float], tuple[float, float, float, float]]
"""Indices of a table, and the weights around them."""


def weights(t: T) -> tuple[T, T, T, T]:
    """Lagrange weights of the nodes −1, 0, 1, 2 at t."""
    below, above, far = t + 1, t - 1, t - 2
    return -t * above * far / 6, below * above * far / 2, -below * t * far / 2, below * t * above / 6


@dataclass(frozen=True, eq=False)
class Table:
    """ln L(s) − ln L(0) of one count on a lattice of (ln s, σ), (S, K)."""

    values: Array
    sigma: float
    step: float
    error: float
    """Largest difference from the count itself at random places, in units of max(1, |ln L|)."""

    @classmethod
    def of(cls, count: Count, highest: float, low: float, high: float) -> Table:
        """For ln s from LOWEST to `highest` and σ from `low` to `high`."""
        size = int(np.ceil((highest - LOWEST) / STEP)) + 3
        step = max((high - low) / (SPREADS - 3), 1e-3)
        s = np.exp(LOWEST + STEP * np.arange(-1, size - 1))
        sigma = np.maximum(low + step * np.arange(-1, SPREADS - 1), 0.0)
        made = cls(count.gain(s[:, None], sigma[None, :]), low, step, 0.0)
        rng = np.random.default_rng(1)
        x, y = rng.uniform(LOWEST, highest, CHECKED), rng.uniform(low, high, CHECKED)
        exact = count.gain(np.exp(x), y)
        worst = np.max(np.abs(made.at(x, y) - exact) / np.maximum(1, np.abs(exact)))
        return cls(made.values, low, step, float(worst))

    def at(self, x: Array, sigma: Array) -> Array:
        """Interpolated at ln s = `x` and σ, (n,) each."""
        a, b = (x - LOWEST) / STEP + 1, (sigma - self.sigma) / self.step + 1
        i = np.clip(a.astype(np.intp), 1, self.values.shape[0] - 3)
        k = np.clip(b.astype(np.intp), 1, self.values.shape[1] - 3)
        p, q = weights(a - i), weights(b - k)
        flat, row = self.values.ravel(), self.values.shape[1]
        first = (i - 1) * row + k - 1
        found = np.zeros(len(x))
        for n in range(4):
            place = first + n * row
            line = q[0] * flat[place] + q[1] * flat[place + 1] + q[2] * flat[place + 2] + q[3] * flat[place + 3]
            found += p[n] * line
        return found

    @cached_property
    def _rows(self) -> list[list[float]]:
        found: list[list[float]] = self.values.tolist()
        return found

    def one(self, x: float, sigma: float) -> float:
        """The same for one place."""
        return self.summed(self.place(x, sigma))

    def place(self, x: float, sigma: float) -> Place:
        """Where that is in this table and in all with the same σ."""
        rows = self._rows
        a, b = (x - LOWEST) / STEP + 1, (sigma - self.sigma) / self.step + 1
        i = min(max(int(a), 1), len(rows) - 3)
        k = min(max(int(b), 1), len(rows[0]) - 3)
        return i, k, weights(a - i), weights(b - k)

    def summed(self, place: Place) -> float:
        """The value at a place."""
        i, k, (p0, p1, p2, p3), (q0, q1, q2, q3) = place
        r0, r1, r2, r3 = self._rows[i - 1 : i + 3]
        below, at, above, far = k - 1, k, k + 1, k + 2
        return (
            p0 * (q0 * r0[below] + q1 * r0[at] + q2 * r0[above] + q3 * r0[far])
            + p1 * (q0 * r1[below] + q1 * r1[at] + q2 * r1[above] + q3 * r1[far])
            + p2 * (q0 * r2[below] + q1 * r2[at] + q2 * r2[above] + q3 * r2[far])
            + p3 * (q0 * r3[below] + q1 * r3[at] + q2 * r3[above] + q3 * r3[far])
        )

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_rows"}


@dataclass(frozen=True, eq=False)
class Stack:
    """ln L(s) − ln L(0) of a count whose background changes with the mass: tables at even steps of ln m, or one where it does not."""

    tables: tuple[Table, ...]
    start: float
    step: float
    error: float
    """As that of a table, half way between the masses too."""

    @classmethod
    def of(
        cls,
        count: Callable[[float], Count],
        masses: tuple[float, float],
        changing: bool,
        reach: tuple[float, float, float],
    ) -> Stack:
        """Between two masses in GeV; `reach` are the highest ln s and the range of σ."""
        low, high = np.log(masses).tolist()
        if not changing:
            table = Table.of(count(masses[0]), *reach)
            return cls((table,), low, 1.0, table.error)
        step = (high - low) / (LAYERS - 1)
        nodes = np.clip(np.exp(low + step * np.arange(LAYERS)), *masses).tolist()
        made = cls(tuple(Table.of(count(mass), *reach) for mass in nodes), low, step, 0.0)
        rng = np.random.default_rng(1)
        x, sigma = rng.uniform(LOWEST, reach[0], CHECKED), rng.uniform(*reach[1:], CHECKED)
        worst = max(table.error for table in made.tables)
        for k in range(LAYERS - 1):
            mass = min(max(float(np.exp(low + step * (k + 0.5))), masses[0]), masses[1])
            exact = count(mass).gain(np.exp(x), sigma)
            found = made.at(np.full(CHECKED, mass), x, sigma)
            worst = max(worst, float(np.max(np.abs(found - exact) / np.maximum(1, np.abs(exact)))))
        return cls(made.tables, low, step, worst)

    def at(self, mass: Array, x: Array, sigma: Array) -> Array:
        """Interpolated at masses in GeV, ln s = `x` and σ, (n,) each."""
        if len(self.tables) == 1:
            return self.tables[0].at(x, sigma)
        a = (np.log(mass) - self.start) / self.step
        j = np.clip(a.astype(np.intp), 1, len(self.tables) - 3)
        found = np.zeros(len(x))
        for first in np.unique(j):
            part = np.flatnonzero(j == first)
            for n, w in enumerate(weights(a[part] - first), first - 1):
                found[part] += w * self.tables[n].at(x[part], sigma[part])
        return found

    def one(self, mass: float, x: float, sigma: float) -> float:
        """The same for one place."""
        if len(self.tables) == 1:
            return self.tables[0].one(x, sigma)
        a = (log(mass) - self.start) / self.step
        j = min(max(int(a), 1), len(self.tables) - 3)
        place = self.tables[j].place(x, sigma)
        return sum(w * self.tables[n].summed(place) for n, w in enumerate(weights(a - j), j - 1))
