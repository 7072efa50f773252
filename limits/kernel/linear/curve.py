"""Compiled: the profile curve q(s) = min over the background of NLL(s, ·) − NLL minimum, as one polynomial in s.

The curve is computed at Chebyshev–Lobatto nodes of [low, high], walking outwards from the best fit; the background at
a node is predicted from the nodes before, so that one gradient mostly suffices. What a gradient g leaves over is taken
off to second order, ½gᵀH⁻¹g, with H of the best fit.
"""

from __future__ import annotations

import math

import numpy as np

from limits.kernel.door import inner, jit
from limits.kernel.linear.evaluate import log_ratio
from limits.kernel.linear.newton import CHORD, CONVERGED, INFEASIBLE, minimise
from limits.kernel.rates import Array
from limits.kernel.solve import FIXED, cholesky, solve

REACH = 44.0
"""The curve ends where q is expected to be half of this: e^−22 of the maximum."""


ENOUGH = 10.0
"""A curve is long enough where its end is so far above strengths ≥ 0: what lies beyond is e^−10 of the maximum."""

LONGER = 12
"""How often it is made longer."""


@jit
def longer(rise: float) -> float:
    """By what the end of a curve that rises only that much must move: 1 where it is far enough.

    A best fit at the edge of where the intensity is positive, as with few events, has a σ that says nothing about strengths ≥ 0.
    """
    if rise >= ENOUGH:
        return 1.0
    return min(max(math.sqrt(0.5 * REACH / max(rise, 1e-3)), 1.3), 3.0)


@jit
def span(best: float, sigma: float, smear: float) -> tuple[float, float]:
    """The interval of strength that matters to limits, in units of strength; below zero only as far as `smear` needs."""
    if best < 0.0:
        return -smear, best + math.sqrt(best * best + REACH * sigma * sigma)
    reach = math.sqrt(REACH) * sigma
    return max(-smear, best - reach), best + reach


@inner
def value(poly: Array, low: float, high: float, s: float) -> tuple[float, float]:
    """The polynomial (coefficients in u = −1…1 on [low, high], ascending) and its derivative with respect to s."""
    scale = 2.0 / (high - low)
    u = (s - low) * scale - 1.0
    q = d = 0.0
    for k in range(poly.shape[0] - 1, -1, -1):
        d = d * u + q
        q = q * u + poly[k]
    return q, d * scale


@inner
def _predict(theta: Array, best: Array, tangent: Array, s: float, known: int, at: Array, bend: Array) -> None:
    """Fill theta with the background expected at strength s: linear, plus x²·(bend extrapolated from the last nodes)."""
    x = s - best[0]
    theta[0] = s
    share = 0.0
    if known > 1:
        share = (x - at[0]) / (at[0] - at[1])
    for k in range(1, theta.shape[0]):
        extra = 0.0
        if known > 0:
            extra = bend[0, k] + share * (bend[0, k] - bend[1, k])
        theta[k] = best[k] - x * tangent[k] + x * x * extra


@jit
def trace(
    rows: Array,
    counts: Array,
    integral: Array,
    tolerance: float,
    best: Array,
    reference: Array,
    hessian: Array,
    strengths: Array,
    theta: Array,
    q: Array,
) -> tuple[int, int]:
    """Fill q (M,) at the ascending `strengths` (M,); returns status and evaluations.

    `reference` are the rates at the minimum `best` (P,), which has `hessian` (P, P). `theta` (P,) is left at the minimum of
    the strength that comes last: the lowest, or the highest where none is below that of `best`.
    """
    size, last = best.shape[0], strengths.shape[0] - 1
    root, matrices, at, bend = np.empty((size, size)), np.empty((2, size, size)), np.empty(2), np.zeros((2, size))
    if not cholesky(hessian, FIXED, root):
        return INFEASIBLE, 0
    tangent, step, gradient, rate = np.empty(size), np.empty(size), np.empty(size), np.empty_like(counts)
    solve(root, FIXED, hessian[0], tangent)
    # Not the number 0, for which `_predict` would be compiled once more.
    first = evaluations = known = size - size
    while first < last and strengths[first] < best[0]:
        first += 1
    for index in range(last + 1):
        j = first + index if first + index <= last else last - index
        x = strengths[j] - best[0]
        _predict(theta, best, tangent, strengths[j], known, at, bend)
        work = (theta, rate, gradient, step, matrices[0], matrices[1])
        status, left, count, _ = minimise(rows, counts, integral, root, FIXED, tolerance, CHORD, 1e-8, *work)
        evaluations += count
        if status != CONVERGED:
            return status, evaluations
        q[j] = -left - log_ratio(counts, rate, reference)
        for k in range(size):
            q[j] += integral[k] * (theta[k] - best[k])
            # theta moves on to the minimum; the value there is known to second order already.
            theta[k] -= step[k]
        if abs(x) > 0.02 * (strengths[last] - strengths[0]):
            at[1], at[0] = at[0], x
            for k in range(1, size):
                bend[1, k] = bend[0, k]
                bend[0, k] = (theta[k] - best[k] + x * tangent[k]) / (x * x)
            known = min(known + 1, 2)
    return CONVERGED, evaluations
