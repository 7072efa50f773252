"""Compiled: fits of many toy spectra in one window, starting from the background that threw them.

The information expected there is factored once; a chord iteration then costs one gradient. The toy's own Hessian makes
the last step. What does not contract is fitted again from a flat background by full Newton.
"""

from __future__ import annotations

import math

import numpy as np

from limits.kernel.door import jit
from limits.kernel.linear.curve import node, span, trace, value
from limits.kernel.linear.evaluate import curvature, slope
from limits.kernel.linear.newton import CONVERGED, NO_LIMIT, NOT_POSITIVE_DEFINITE, flat, newton
from limits.kernel.linear.upper import bayes, cls
from limits.kernel.rates import Array
from limits.kernel.solve import FIXED, FREE, cholesky, solve

STRENGTH, SIGMA, SIGNIFICANCE, BAYES, CLS, STATUS, EVALUATIONS, ROBUST, COLUMNS = range(9)
"""Columns of the table of results; ROBUST is 1 where full Newton was needed."""

TOLERANCE = 3e-7
"""½gᵀH⁻¹g that may be left at a node of the curve; q is right to a few per cent of it."""


@jit
def _chord(
    rows: Array,
    counts: Array,
    integral: Array,
    scaled: Array,
    information: Array,
    theta: Array,
    rate: Array,
    gradient: Array,
    step: Array,
) -> tuple[bool, int]:
    """Move theta to within 1e-5 of the minimum; False where that does not contract. The first gradient needs no division."""
    size = theta.shape[0]
    for k in range(size):
        total = 0.0
        for i in range(counts.shape[0]):
            total += scaled[k, i] * counts[i]
        gradient[k] = integral[k] - total
    solve(information, FREE, gradient, step)
    last = math.inf
    for count in range(1, 12):
        for k in range(size):
            theta[k] -= step[k]
        if slope(rows, counts, integral, theta, rate, gradient) > 0.0:
            return False, count
        left = 0.5 * solve(information, FREE, gradient, step)
        if left < 1e-5:
            return True, count
        if not left < 0.5 * last:
            return False, count
        last = left
    return False, 12


@jit
def _fit(
    rows: Array,
    counts: Array,
    integral: Array,
    start: Array,
    scaled: Array,
    information: Array,
    theta: Array,
    rate: Array,
    best: Array,
    hessian: Array,
    root: Array,
) -> tuple[int, float, int, bool]:
    """Minimum at `best`, last evaluated point `theta` with `rate`; returns status, cost left there, evaluations, robust."""
    gradient, step = np.empty_like(start), np.empty_like(start)
    for k in range(start.shape[0]):
        theta[k] = start[k]
    good, evaluations = _chord(rows, counts, integral, scaled, information, theta, rate, gradient, step)
    left = math.inf
    if good:
        curvature(rows, counts, rate, hessian)
        if cholesky(hessian, FREE, root):
            left = 0.5 * solve(root, FREE, gradient, step)
    if left < 1e-4:
        for k in range(theta.shape[0]):
            best[k] = theta[k] - step[k]
        return CONVERGED, left, evaluations, False
    theta[0] = 0.0
    flat(rows, counts, integral, theta)
    status, left, more = newton(rows, counts, integral, FREE, 1e-8, theta, rate, gradient, hessian, root)
    for k in range(start.shape[0]):
        best[k] = theta[k]
    return status, 0.5 * left, evaluations + more, True


@jit
def _far_significance(
    rows: Array, counts: Array, integral: Array, hessian: Array, start: Array, reference: Array, left: float
) -> float:
    """Z for a signal so strong that the curve does not reach down to strength 0; arguments as those of `trace`."""
    size = start.shape[0]
    theta, step, matrices = start.copy(), np.empty(size), np.empty((2, size, size))
    root, rate = np.empty((size, size)), np.empty_like(counts)
    theta[0] = 0.0
    if not cholesky(hessian, FIXED, root):
        return math.nan
    status, drop, _ = node(rows, counts, integral, root, TOLERANCE, reference, theta, rate, step, matrices)
    for k in range(size):
        drop -= integral[k] * start[k]
    return math.sqrt(2.0 * (drop + left)) if status == CONVERGED else math.nan


@jit
def _limits(
    poly: Array,
    low: float,
    high: float,
    level: float,
    rules: Array,
    asimov: Array,
    begin: float,
    end: float,
    out: Array,
) -> None:
    """Fill Z and both upper limits from the polynomial."""
    best, sigma = out[STRENGTH], out[SIGMA]
    floor = 0.0 if best >= 0.0 else value(poly, low, high, 0.0)[0]
    if best <= 0.0:
        out[SIGNIFICANCE] = 0.0
    elif low <= 0.0:
        out[SIGNIFICANCE] = math.sqrt(max(2.0 * value(poly, low, high, 0.0)[0], 0.0))
    out[BAYES] = bayes(poly, low, high, best, sigma, level, rules)
    out[CLS] = cls(poly, low, high, best, floor, asimov, begin, end, level)


@jit
def _polynomial(matrix: Array, q: Array, poly: Array) -> None:
    """Fill poly (M,) with the coefficients that take the values q (M,) at the nodes."""
    for k in range(len(poly)):
        poly[k] = 0.0
        for m in range(len(q)):
            poly[k] += matrix[k, m] * q[m]


@jit
def fit_toys(
    spectra: Array,
    offset: int,
    barrier: float,
    rows: Array,
    integral: Array,
    start: Array,
    scaled: Array,
    information: Array,
    lattice: Array,
    matrix: Array,
    rules: Array,
    level: float,
    asimov: Array,
    begin: float,
    end: float,
    out: Array,
) -> None:
    """Fill out (toys, COLUMNS) for the bins offset … offset + B of spectra (toys, all bins); nan where a fit failed.

    start (P,): the background thrown, strength 0; scaled (P, B): rows over its rates; information: its factored Hessian.
    asimov, begin, end: its Asimov curve. lattice (M,), matrix (M, M): nodes and what makes values a polynomial; M = 0: fits only.
    """
    size, bins = rows.shape
    theta, best, rate = np.empty(size), np.empty(size), np.empty(bins)
    hessian, root = np.empty((size, size)), np.empty((size, size))
    step, unit, counts = np.empty(size), np.zeros(size), np.empty(bins)
    q, poly = np.empty(lattice.shape[0]), np.empty(lattice.shape[0])
    unit[0] = 1.0
    for t in range(spectra.shape[0]):
        for k in range(COLUMNS):
            out[t, k] = math.nan
        for i in range(bins):
            counts[i] = spectra[t, offset + i] + barrier
        status, left, evaluations, robust = _fit(
            rows, counts, integral, start, scaled, information, theta, rate, best, hessian, root
        )
        if status == CONVERGED:
            sigma = math.sqrt(solve(root, FREE, unit, step))
            status = CONVERGED if math.isfinite(sigma) else NOT_POSITIVE_DEFINITE
        if status == CONVERGED and lattice.shape[0] > 0:
            low, high = span(best[0], sigma, 0.0)
            status, more = trace(
                rows, counts, integral, TOLERANCE, theta, rate, left, best, hessian, low, high, lattice, q
            )
            evaluations += more
        out[t, STATUS], out[t, EVALUATIONS], out[t, ROBUST] = status, evaluations, 1.0 if robust else 0.0
        if status == CONVERGED:
            out[t, STRENGTH], out[t, SIGMA] = best[0], sigma
            if lattice.shape[0] > 0:
                _polynomial(matrix, q, poly)
                _limits(poly, low, high, level, rules, asimov, begin, end, out[t])
                if not math.isfinite(out[t, BAYES] + out[t, CLS]):
                    out[t, STATUS] = NO_LIMIT
                    for k in range(STATUS):
                        out[t, k] = math.nan
                elif low > 0.0:
                    out[t, SIGNIFICANCE] = _far_significance(rows, counts, integral, hessian, theta, rate, left)
