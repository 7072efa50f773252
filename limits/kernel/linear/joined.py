"""Several windows as one: events sorted into categories, a common strength, a background of its own in each.

The categories have densities share_k·s·S(x) + Σ_j c_kj T_j(x). Row 1 of the whole is the constant in all categories, weighted with
their events, because a window wants a background that is positive everywhere; the constants of all categories but the first follow, then
the other polynomials. That is the same family of functions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limits.errors import InputError
from limits.kernel.linear.window import Window
from limits.kernel.rates import Array


def join(windows: Sequence[Window], shares: Sequence[float]) -> Window:
    """One window of all categories: `shares` (K,) of the signal in each. Binned windows of equal bins interleave, bin by bin.

    Raises:
        InputError: no category, windows of different order, or shares that are negative or all zero.
    """
    parts, share = list(windows), np.asarray(shares, dtype=float)
    size = len(parts[0].integral) if parts else 0
    if any(len(part.integral) != size for part in parts) or len(share) != len(parts) or not parts:
        raise InputError(
            f"joined windows: {len(parts)} windows, {len(share)} shares: one share each, and one order for all"
        )
    if any(part.barrier > 0 for part in parts):
        raise InputError("joined windows: a barrier is for the whole, not for one of its parts")
    if np.any(share < 0) or not np.any(share > 0):
        raise InputError(f"joined windows: shares {share.tolist()}: none may be negative, one must be above 0")
    if len(parts) == 1:
        return _scaled(parts[0], float(share[0]))
    events = np.array([part.events for part in parts])
    weights = (events + 1) / np.sum(events + 1)
    binned = all(part.rows is part.grid for part in parts)
    grid = _rows([part.grid for part in parts], share, weights)
    nodes = np.concatenate([part.weights for part in parts])
    rows = grid if binned else _rows([part.rows for part in parts], share, weights)
    counts = np.concatenate([part.counts for part in parts])
    if binned and len({len(part.counts) for part in parts}) == 1:
        woven = _interleaved(len(parts), len(parts[0].counts))
        grid, nodes, counts = np.ascontiguousarray(grid[:, woven]), nodes[woven], counts[woven]
        rows = grid
    smallest = min(part.smallest for part in parts)
    return Window(rows, counts, _integral(parts, share, weights), grid, nodes, float(events.sum()), smallest)


def _scaled(window: Window, share: float) -> Window:
    """A single category that has a share of the signal only."""
    if share == 1:
        return window
    rows, grid, integral = window.rows.copy(), window.grid.copy(), window.integral.copy()
    rows[0] *= share
    grid[0] *= share
    integral[0] *= share
    same = window.rows is window.grid
    return Window(
        grid if same else rows,
        window.counts,
        integral,
        grid,
        window.weights,
        window.events,
        window.smallest,
        window.barrier,
    )


def _places(size: int, k: int, categories: int) -> NDArray[np.intp]:
    """Where the polynomials of degree 1 and more of category k stand among all parameters."""
    start = 1 + categories + k * (size - 2)
    return np.arange(start, start + size - 2)


def _rows(parts: Sequence[Array], shares: Array, weights: Array) -> Array:
    """Rows of the whole (P, N) from those of the categories."""
    categories, size = len(parts), len(parts[0])
    ends = np.cumsum([0, *(part.shape[1] for part in parts)])
    out = np.zeros((1 + categories * (size - 1), ends[-1]))
    for k, part in enumerate(parts):
        block = slice(ends[k], ends[k + 1])
        out[0, block] = shares[k] * part[0]
        out[1, block] = weights[k] * part[1]
        if k > 0:
            out[1 + k, block] = part[1]
        out[_places(size, k, categories), block] = part[2:]
    return out


def _integral(parts: Sequence[Window], shares: Array, weights: Array) -> Array:
    """Integrals of the rows of the whole (P,)."""
    categories, size = len(parts), len(parts[0].integral)
    out = np.zeros(1 + categories * (size - 1))
    out[0] = shares @ [part.integral[0] for part in parts]
    out[1] = weights @ [part.integral[1] for part in parts]
    for k, part in enumerate(parts):
        if k > 0:
            out[1 + k] = part.integral[1]
        out[_places(size, k, categories)] = part.integral[2:]
    return out


def _interleaved(categories: int, bins: int) -> NDArray[np.intp]:
    """Order in which bin 0 of all categories comes first, then bin 1 and so on."""
    return np.arange(categories * bins).reshape(categories, bins).T.ravel()
