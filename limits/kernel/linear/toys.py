"""Compiled: fits of many toy spectra in one window, starting from the background that threw them.

The information expected there is factored once; a chord iteration then costs one gradient. The toy's own Hessian makes
the last step. What does not contract is fitted again from a flat background by full Newton.
"""

from __future__ import annotations

import math

import numpy as np

from limits.kernel.door import inner, jit, roomy
from limits.kernel.linear.curve import LONGER, longer, span, trace, value
from limits.kernel.linear.newton import CONVERGED, NO_LIMIT, NOT_POSITIVE_DEFINITE, POLISH, minimise
from limits.kernel.linear.upper import bayes, cls
from limits.kernel.rates import Array
from limits.kernel.solve import FREE, solve

STRENGTH, SIGMA, SIGNIFICANCE, BAYES, CLS, STATUS, EVALUATIONS, ROBUST, COLUMNS = range(9)
"""Columns of the table of results; ROBUST is 1 where full Newton was needed."""

NEAR = 1e-4
"""½gᵀH⁻¹g at which one more chord step comes close enough for the toy's own Hessian to make the last one."""

GOAL = 2e-5
"""ℓ² at which one more Newton step is the last: it leaves the square of that over the number of events."""

TOLERANCE = 3e-7
"""½gᵀH⁻¹g that may be left at a node of the curve; q is right to a few per cent of it."""


@inner
def _first(scaled: Array, counts: Array, integral: Array, gradient: Array) -> None:
    """Fill the gradient at the background thrown: it needs no division."""
    for k in range(integral.shape[0]):
        total = 0.0
        for i in range(counts.shape[0]):
            total += scaled[k, i] * counts[i]
        gradient[k] = integral[k] - total


@inner
def _limits(
    matrix: Array,
    q: Array,
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
    """Fill Z and both upper limits from q (1 + M,), at strength 0 (only if that is below `low`) and at the nodes."""
    for k in range(len(poly)):
        poly[k] = 0.0
        for m in range(len(poly)):
            poly[k] += matrix[k, m] * q[m + 1]
    best, sigma = out[STRENGTH], out[SIGMA]
    none = q[0] if low > 0.0 else value(poly, low, high, 0.0)[0]
    out[SIGNIFICANCE] = math.sqrt(max(2.0 * none, 0.0)) if best > 0.0 else 0.0
    out[BAYES] = bayes(poly, low, high, best, sigma, level, rules)
    out[CLS] = cls(poly, low, high, best, 0.0 if best >= 0.0 else none, asimov, begin, end, level)
    if not math.isfinite(out[BAYES] + out[CLS]):
        out[STATUS] = NO_LIMIT
        for k in range(STATUS):
            out[k] = math.nan


@roomy
def _profile(
    rows: Array,
    counts: Array,
    integral: Array,
    tolerance: float,
    best: Array,
    rate: Array,
    hessian: Array,
    sigma: float,
    lattice: Array,
    strengths: Array,
    at: Array,
    q: Array,
) -> tuple[int, int, float, float]:
    """Fill q (1 + M,) on the lattice of a curve that is long enough; returns status, evaluations and the ends of the curve."""
    low, high = span(best[0], sigma, 0.0)
    # A signal so strong that the curve does not reach down to strength 0 needs a point there as well.
    first, status, evaluations = 0 if low > 0.0 else 1, CONVERGED, 0
    for _ in range(LONGER):
        for j in range(lattice.shape[0]):
            strengths[j + 1] = low + 0.5 * (high - low) * (lattice[j] + 1.0)
        status, more = trace(rows, counts, integral, tolerance, best, rate, hessian, strengths[first:], at, q[first:])
        evaluations += more
        if status != CONVERGED:
            break
        # The curve of a negative strength begins at strength 0.
        floor = float(q[1]) if best[0] < 0.0 else 0.0
        factor = longer(float(q[lattice.shape[0]]) - floor)
        if factor == 1.0:
            break
        high *= factor
    return status, evaluations, low, high


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
    best, rate, counts, at = np.empty(size), np.empty(bins), np.empty(bins), np.empty(size)
    hessian, root, gradient, step = np.empty((size, size)), np.empty((size, size)), np.empty(size), np.empty(size)
    nodes, low, high = lattice.shape[0], 0.0, 0.0
    strengths, q, poly = np.zeros(nodes + 1), np.empty(nodes + 1), np.empty(nodes)
    for t in range(spectra.shape[0]):
        for k in range(COLUMNS):
            out[t, k] = math.nan
        for i in range(bins):
            counts[i] = spectra[t, offset + i] + barrier
        _first(scaled, counts, integral, gradient)
        solve(information, FREE, gradient, step)
        for k in range(size):
            best[k] = start[k] - step[k]
        data, work = (rows, counts, integral, information), (best, rate, gradient, step, hessian, root)
        status, _, evaluations, robust = minimise(*data, FREE, NEAR, POLISH, GOAL, *work)
        out[t, STATUS], out[t, EVALUATIONS], out[t, ROBUST] = status, evaluations, 1.0 if robust else 0.0
        if status != CONVERGED:
            continue
        # `step` is zero now.
        step[0] = 1.0
        sigma = math.sqrt(solve(root, FREE, step, gradient))
        if nodes > 0 and math.isfinite(sigma):
            known = (rows, counts, integral, TOLERANCE, best, rate, hessian)
            status, more, low, high = _profile(*known, sigma, lattice, strengths, at, q)
            out[t, STATUS], out[t, EVALUATIONS] = status, evaluations + more
        if not math.isfinite(sigma):
            out[t, STATUS] = NOT_POSITIVE_DEFINITE
        elif status == CONVERGED:
            out[t, STRENGTH], out[t, SIGMA] = best[0], sigma
            if nodes > 0:
                _limits(matrix, q, poly, low, high, level, rules, asimov, begin, end, out[t])
