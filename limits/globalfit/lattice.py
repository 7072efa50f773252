"""Cubic interpolation on even lattices, written once for arrays and once for single numbers: a sampler asks for one point at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
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
        rows = self._rows
        a, b = (x - LOWEST) / STEP + 1, (sigma - self.sigma) / self.step + 1
        i = min(max(int(a), 1), len(rows) - 3)
        k = min(max(int(b), 1), len(rows[0]) - 3)
        q0, q1, q2, q3 = weights(b - k)
        found = 0.0
        for n, p in enumerate(weights(a - i), i - 1):
            row = rows[n]
            found += p * (q0 * row[k - 1] + q1 * row[k] + q2 * row[k + 1] + q3 * row[k + 2])
        return found

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_rows"}
