"""Compiled: the rows of a window, all functions at all events, in one pass over the data.

Blocks of events small enough for the first-level cache are selected, and there the density of the signal (the formulas of
`limits.kernel.linear.shapes`, without branches) and the Chebyshev polynomials are computed.
"""

from __future__ import annotations

from typing import Final, cast

import numpy as np

from limits.kernel.door import inner, jit
from limits.kernel.linear.elementary import exp, log
from limits.kernel.linear.shapes import Cruijff, CrystalBall, Signal, chebyshev
from limits.kernel.rates import Array

BLOCK: Final = 512
"""Events at a time: eight rows of them take 32 kB."""

CRYSTAL_BALL: Final = cast("int", np.int64(0))
CRUIJFF: Final = cast("int", np.int64(1))


def numbers(signal: Signal) -> tuple[int, Array] | None:
    """Which formula, and its parameters as `_exponents` reads them; None for a density that is not compiled."""
    if type(signal) is CrystalBall:
        low, high = signal.alpha_low / signal.n_low, signal.alpha_high / signal.n_high
        tails = (signal.alpha_low, low, signal.n_low, signal.alpha_high, high, signal.n_high)
        return CRYSTAL_BALL, np.array([1 / signal.norm, signal.mean, 1 / signal.sigma, *tails])
    if type(signal) is Cruijff:
        widths = (2 * signal.sigma_low**2, 2 * signal.sigma_high**2)
        return CRUIJFF, np.array([1 / signal.norm, signal.mean, *widths, signal.tail_low, signal.tail_high])
    return None


def functions(x: Array, signal: Signal, order: int) -> Array:
    """Rows (order + 2, n): the density of the signal and T_k/width at those n of the x (N,) that lie in the window."""
    low, high = signal.window
    x = np.ascontiguousarray(x, dtype=float)
    shape = numbers(signal)
    if shape is not None:
        return rows_of(x, low, high, shape[0], shape[1], order + 2)
    x = x[(x >= low) & (x <= high)]
    rows = np.empty((order + 2, len(x)))
    rows[0] = signal.density(x)
    chebyshev(x, signal.window, order, rows[1:])
    return rows


@inner
def _exponents(x: Array, kind: int, shape: Array, out: Array) -> None:
    """Fill `out` with ln of the shape at x. shape (9,) or (6,): 1/area, mean, then what `numbers` says."""
    mean = shape[1]
    if kind == 0:
        scale, a, u, n, b, v, m = shape[2], shape[3], shape[4], shape[5], shape[6], shape[7], shape[8]
        for i in range(x.shape[0]):
            z = (x[i] - mean) * scale
            core = -a if z < -a else z
            core = b if core > b else core
            past = core - z
            gap = past * u if past > 0.0 else -past * v
            power = n if past > 0.0 else m
            out[i] = -0.5 * core * core - power * log(1.0 + gap)
    else:
        left, right, low, high = shape[2], shape[3], shape[4], shape[5]
        for i in range(x.shape[0]):
            d = x[i] - mean
            square = d * d
            out[i] = -square / (left + low * square if d < 0.0 else right + high * square)


@inner
def _fill(x: Array, low: float, high: float, kind: int, shape: Array, rows: Array, at: int) -> None:
    """All functions at x (n,), in columns at … at + n of rows (P, N): a slice of all rows would not be known as contiguous."""
    width, end = 1.0 / (high - low), at + x.shape[0]
    signal, flat = rows[0, at:end], rows[1, at:end]
    _exponents(x, kind, shape, signal)
    for i in range(x.shape[0]):
        signal[i] = shape[0] * exp(signal[i])
        flat[i] = width
    for k in range(2, rows.shape[0]):
        now, last, before = rows[k, at:end], rows[k - 1, at:end], rows[max(k - 2, 1), at:end]
        # T_1 is half of what the recurrence would give with T_0 in place of T_(−1).
        factor, past = (2.0 * width, 0.0) if k == 2 else (4.0 * width, 1.0)
        for i in range(x.shape[0]):
            now[i] = factor * (x[i] - 0.5 * (low + high)) * last[i] - past * before[i]


@jit
def rows_of(x: Array, low: float, high: float, kind: int, shape: Array, size: int) -> Array:
    """The rows (size, n) of the n events of x (N,) from low to high."""
    count = 0
    for i in range(x.shape[0]):
        count += (x[i] >= low) & (x[i] <= high)
    # Not the number 0, for which `_fill` would be compiled once more.
    rows, picked, at = np.empty((size, count)), np.empty(BLOCK), count - count
    for start in range(0, x.shape[0], BLOCK):
        block = x[start : start + BLOCK]
        n = block.shape[0]
        if count < x.shape[0]:
            n = 0
            for i in range(block.shape[0]):
                picked[n] = block[i]
                n += (block[i] >= low) & (block[i] <= high)
            block = picked[:n]
        if n > 0:
            _fill(block, low, high, kind, shape, rows, at)
            at += n
    return rows
