"""The data of one mass window as the kernels want them: rows that multiply the parameters, counts, exact integrals.

The rate is λ(x) = s·S(x) + Σ_k c_k T_k(x)/width; s is the number of signal events in the window, c_0 roughly that of the
background. Each way of looking at the data gives the same three arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

import numpy as np

from limits.errors import InputError
from limits.kernel.linear.events import functions
from limits.kernel.linear.shapes import Signal, chebyshev_integrals
from limits.kernel.quadrature import gauss_legendre
from limits.kernel.rates import Array

SPARSE: Final = 100
"""Below so many events a polynomial background becomes negative somewhere in a good part of the fits."""


# The GNU allocator hands large arrays back to the system when they are freed, and fitting one window after another then
# spends more time on page faults than on arithmetic. Freeing one larger array raises its limits; elsewhere it does nothing.
np.empty(3 << 20)


@dataclass(frozen=True, eq=False)
class Window:
    """P parameters, the strength first; N rows of data; NLL = integral·θ − Σ counts·log(θ·rows).

    rows (P, N), counts (N,), integral (P,). grid (P, G) and weights (G,): the same functions on a lattice that covers the
    window, where positivity is checked and Asimov data (weights · rate) are made. smallest:
    positive count, on which the certificate depends; barrier: what was added to each count. Row 1, the first function of the
    background, must be positive everywhere, counts must not be negative.
    """

    rows: Array
    counts: Array
    integral: Array
    grid: Array
    weights: Array
    events: float
    smallest: float = 1.0
    barrier: float = 0.0

    def __post_init__(self) -> None:
        size = len(self.integral)
        fits = self.rows.shape == (size, len(self.counts)) and self.grid.shape == (size, len(self.weights))
        if size < 2 or not fits:
            raise InputError(
                f"window: rows {self.rows.shape}, counts {self.counts.shape}, integral {self.integral.shape}"
            )

    @property
    def sparse(self) -> bool:
        """Too few events for a polynomial to be trusted."""
        return self.events < SPARSE

    def with_barrier(self, size: float) -> Window:
        """A log barrier against negative intensities: `size` added to the count of each point of the lattice."""
        if self.rows is self.grid:
            return replace(self, counts=self.counts + size, smallest=size, barrier=size)
        rows = np.ascontiguousarray(np.concatenate([self.rows, self.grid], axis=1))
        counts = np.concatenate([self.counts, np.full(len(self.weights), size)])
        return replace(self, rows=rows, counts=counts, smallest=size, barrier=size)

    def asimov(self, theta: Array) -> Window:
        """Asimov data of θ (P,): the rate itself on the lattice, plus the barrier."""
        rate = self.weights * (theta @ self.grid)
        counts = rate + self.barrier
        return replace(self, rows=self.grid, counts=counts, events=float(rate.sum()), smallest=float(counts.min()))


def _lattice(signal: Signal, order: int) -> tuple[Array, Array]:
    """Values of all functions on a Gauss–Legendre lattice of the window, and its weights."""
    low, high = signal.window
    nodes, weights = _unit_lattice()
    return functions((low + high) / 2 + (high - low) / 2 * nodes, signal, order), weights * ((high - low) / 2)


@cache
def _unit_lattice() -> tuple[Array, Array]:
    """32 panels of eight nodes on [−1, 1]: nodes and weights."""
    nodes, weights = gauss_legendre(8)
    panels = 32
    x = ((2 * np.arange(panels)[:, None] + 1 + nodes) / panels - 1).ravel()
    return x, np.tile(weights / panels, panels)


@lru_cache(maxsize=32)
def _integrals(order: int) -> Array:
    """Of all functions over the whole window: the signal is normalised there, ∫T_k is 1/(1 − k²) of the width, or none."""
    return np.array([1.0] + [0.0 if k % 2 else 1 / (1 - k * k) for k in range(order + 1)])


def unbinned(x: Array, signal: Signal, order: int) -> Window:
    """Events x (any number; those outside the window are left out), background of that polynomial order."""
    grid, weights = _lattice(signal, order)
    rows = functions(x, signal, order)
    count = rows.shape[1]
    return Window(rows, np.ones(count), _integrals(order), grid, weights, float(count))


def centroid(x: Array, signal: Signal, order: int, bins: int) -> Window:
    """Events in equal bins, the density taken at the mean of the events of each; empty bins need no row.

    At a bin width of σ/8 the strength is that of the unbinned fit to 1e-3 σ.
    """
    low, high = signal.window
    x = np.asarray(x, dtype=float)
    x = x[(x >= low) & (x <= high)]
    index = np.minimum(((x - low) * (bins / (high - low))).astype(np.intp), bins - 1)
    counts = np.bincount(index, minlength=bins).astype(float)
    sums = np.bincount(index, weights=x, minlength=bins)
    used = counts > 0
    grid, weights = _lattice(signal, order)
    rows = functions(np.clip(sums[used] / counts[used], low, high), signal, order)
    return Window(rows, counts[used], _integrals(order), grid, weights, float(len(x)))


def binned(counts: Array, edges: Array, signal: Signal, order: int) -> Window:
    """Counts (B,) in bins with edges (B + 1,) that cover the window; every function is integrated over the bins."""
    if not np.allclose([edges[0], edges[-1]], signal.window, rtol=1e-9):
        raise InputError(f"binned: edges {edges[0]:g}…{edges[-1]:g} do not cover the window {signal.window}")
    edges = np.clip(np.asarray(edges, dtype=float), *signal.window)
    rows = np.empty((order + 2, len(edges) - 1))
    rows[0] = signal.integrals(edges)
    rows[1:] = chebyshev_integrals(edges, signal.window, order)
    data = np.array(counts, dtype=float)
    if not (np.all(data >= 0) and np.all(np.isfinite(data))):
        raise InputError("binned: counts must be finite and not negative")
    return Window(rows, data, _integrals(order), rows, np.ones(len(data)), float(data.sum()), _smallest(data))


def _smallest(counts: Array) -> float:
    return float(np.min(counts, where=counts > 0, initial=np.inf)) if np.any(counts > 0) else 1.0


def edges_between(window: Sequence[float], bins: int) -> Array:
    """Equal bins of a window, (bins + 1,)."""
    return np.linspace(window[0], window[1], bins + 1)
