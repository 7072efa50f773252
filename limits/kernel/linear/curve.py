"""Compiled: the profile curve q(s) = min over the background of NLL(s, ·) − NLL minimum, as one polynomial in s.

The curve is computed at Chebyshev–Lobatto nodes of [low, high], walking outwards from the best fit; the background at
a node is predicted from the nodes before, so that one gradient mostly suffices. What a gradient g leaves over is taken
off to second order, ½gᵀH⁻¹g, with H of the best fit.
"""

from __future__ import annotations

import math

import numpy as np

from limits.kernel.door import jit
from limits.kernel.linear.evaluate import log_ratio, slope
from limits.kernel.linear.newton import CONVERGED, INFEASIBLE, flat, newton
from limits.kernel.rates import Array
from limits.kernel.solve import FIXED, cholesky, solve

REACH = 44.0
"""The curve ends where q is expected to be half of this: e^−22 of the maximum."""


@jit
def span(best: float, sigma: float, smear: float) -> tuple[float, float]:
    """The interval of strength that matters to limits, in units of strength; below zero only as far as `smear` needs."""
    if best < 0.0:
        return -smear, best + math.sqrt(best * best + REACH * sigma * sigma)
    reach = math.sqrt(REACH) * sigma
    return max(-smear, best - reach), best + reach


@jit
def value(poly: Array, low: float, high: float, s: float) -> tuple[float, float]:
    """The polynomial (coefficients in u = −1…1 on [low, high], ascending) and its derivative with respect to s."""
    scale = 2.0 / (high - low)
    u = (s - low) * scale - 1.0
    q = d = 0.0
    for k in range(poly.shape[0] - 1, -1, -1):
        d = d * u + q
        q = q * u + poly[k]
    return q, d * scale


@jit
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
        theta[k] = best[k] + x * tangent[k] + x * x * extra


@jit
def _settle(
    rows: Array, counts: Array, integral: Array, root: Array, tolerance: float, theta: Array, rate: Array, step: Array
) -> tuple[int, float, int]:
    """Chord iterations in theta[1:]; returns status, half gᵀH⁻¹g that is left at theta, evaluations."""
    gradient = np.empty_like(theta)
    last = math.inf
    for count in range(1, 13):
        if slope(rows, counts, integral, theta, rate, gradient) > 0.0:
            return INFEASIBLE, math.inf, count
        left = 0.5 * solve(root, FIXED, gradient, step)
        if left < tolerance:
            return CONVERGED, left, count
        if not left < 0.5 * last:
            return INFEASIBLE, math.inf, count
        last = left
        for k in range(1, theta.shape[0]):
            theta[k] -= step[k]
    return INFEASIBLE, math.inf, 12


@jit
def node(
    rows: Array,
    counts: Array,
    integral: Array,
    root: Array,
    tolerance: float,
    reference: Array,
    theta: Array,
    rate: Array,
    step: Array,
    matrices: Array,
) -> tuple[int, float, int]:
    """Minimum over the background at theta[0], relative to the rates `reference`.

    Returns status, −Σ counts·ln(rate/reference) + integral·theta, and evaluations; `theta` is left at the minimum.
    """
    status, left, evaluations = _settle(rows, counts, integral, root, tolerance, theta, rate, step)
    if status != CONVERGED:
        flat(rows, counts, integral, theta)
        gradient = np.empty_like(theta)
        status, left, more = newton(
            rows, counts, integral, FIXED, 1e-8, theta, rate, gradient, matrices[0], matrices[1]
        )
        evaluations += more
        left = 0.0
        for k in range(theta.shape[0]):
            step[k] = 0.0
    drop = -left - log_ratio(counts, rate, reference)
    for k in range(theta.shape[0]):
        drop += integral[k] * theta[k]
        # theta moves on to the minimum; the value there is known to second order already.
        theta[k] -= step[k]
    return status, drop, evaluations


@jit
def trace(
    rows: Array,
    counts: Array,
    integral: Array,
    tolerance: float,
    start: Array,
    reference: Array,
    left: float,
    best: Array,
    hessian: Array,
    low: float,
    high: float,
    lattice: Array,
    q: Array,
) -> tuple[int, int]:
    """Fill q (M,) at the nodes low + (high − low)·(lattice + 1)/2; returns status and evaluations.

    `reference` are the rates at `start`, where the cost is `left` above its minimum, which lies at `best` (P,) and has
    `hessian` (P, P). lattice: −cos(πj/(M − 1)), ascending.
    """
    size, last = best.shape[0], lattice.shape[0] - 1
    root, matrices = np.empty((size, size)), np.empty((2, size, size))
    if not cholesky(hessian, FIXED, root):
        return INFEASIBLE, 0
    theta, tangent, step = np.empty(size), np.empty(size), np.empty(size)
    solve(root, FIXED, hessian[0], tangent)
    for k in range(size):
        tangent[k] = -tangent[k]
    rate, at, bend = np.empty_like(counts), np.empty(2), np.zeros((2, size))
    origin = left
    for k in range(size):
        origin -= integral[k] * start[k]
    first = 0
    while first < last and low + 0.5 * (high - low) * (lattice[first] + 1.0) < best[0]:
        first += 1
    evaluations, known = 0, int(np.int64(0))
    for index in range(last + 1):
        j = first + index if first + index <= last else last - index
        s = low + 0.5 * (high - low) * (lattice[j] + 1.0)
        _predict(theta, best, tangent, s, known, at, bend)
        status, drop, count = node(rows, counts, integral, root, tolerance, reference, theta, rate, step, matrices)
        evaluations += count
        if status != CONVERGED:
            return status, evaluations
        q[j] = drop + origin
        x = s - best[0]
        if abs(x) > 0.02 * (high - low):
            at[1], at[0] = at[0], x
            for k in range(1, size):
                bend[1, k] = bend[0, k]
                bend[0, k] = (theta[k] - best[k] - x * tangent[k]) / (x * x)
            known = min(known + 1, 2)
    return CONVERGED, evaluations
