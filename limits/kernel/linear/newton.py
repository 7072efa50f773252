"""Compiled: Newton fits of NLL = integral·θ − Σ counts·log(θ·rows), with a line search that needs no logarithm.

The cost is convex, and self-concordant where every count is at least one: with ℓ² = gᵀH⁻¹g < 1 the distance to the minimum
is at most −ℓ − ln(1 − ℓ), and a full step lowers the Hessian by no more than a factor (1 − ℓ)² (Nesterov and Nemirovskii,
"Interior-point polynomial algorithms in convex programming", SIAM 1994, §2). Where counts go down to n_min, that holds of
cost/n_min: ℓ²/n_min takes the place of ℓ².
"""

from __future__ import annotations

import math
from typing import Final, cast

import numpy as np

from limits.kernel.door import jit, roomy
from limits.kernel.linear.evaluate import both, slope
from limits.kernel.rates import Array
from limits.kernel.solve import cholesky, solve

CONVERGED, INFEASIBLE, NOT_POSITIVE_DEFINITE, ITERATION_LIMIT, NO_LIMIT = 0, 1, 2, 3, 5

CHORD: Final = cast("int", np.int64(0))
POLISH: Final = cast("int", np.int64(1))
"""What `finish` is: a Python number here would be compiled into kernels of its own."""

LONGEST = 400
"""Evaluations at which a fit is given up."""


@jit
def bound(squared: float, smallest: float) -> float:
    """Most by which the cost can lie above its minimum, where gᵀH⁻¹g = squared and no count is below `smallest`."""
    length = math.sqrt(squared / smallest)
    if not length < 1.0:
        return math.inf
    if length < 1e-4:
        return smallest * length * length * (0.5 + length)
    return smallest * (-length - math.log1p(-length))


@jit
def flat(rows: Array, counts: Array, integral: Array, theta: Array) -> None:
    """Fill `theta[1:]` with a flat background large enough that all rates are positive: row 1 must be positive itself."""
    total = deepest = 0.0
    for i in range(counts.shape[0]):
        total += counts[i]
    if theta[0] != 0.0:
        for i in range(counts.shape[0]):
            deepest = max(deepest, -theta[0] * rows[0, i] / rows[1, i])
    for k in range(2, theta.shape[0]):
        theta[k] = 0.0
    theta[1] = max((total - theta[0] * integral[0]) / integral[1], 0.01 * total / integral[1], 1e-9) + 1.5 * deepest


@roomy
def newton(
    rows: Array,
    counts: Array,
    integral: Array,
    skip: int,
    tolerance: float,
    theta: Array,
    rate: Array,
    gradient: Array,
    hessian: Array,
    root: Array,
) -> tuple[int, float, int]:
    """Minimise over theta[skip:] from `theta`, which must be feasible; all arrays after `tolerance` are filled.

    Returns status, an upper bound of ℓ² at the end and evaluations. `rate` and `gradient` belong to the final theta;
    `hessian` and its factor `root` to the point one step before, at ℓ² < tolerance. The bound takes a factor 1.001 between
    the two Hessians into account, which is certain where tolerance is at most 1e-7 of the smallest count.
    """
    step, trial = np.zeros_like(theta), np.empty_like(theta)
    squared, size = math.inf, 0.0
    for evaluations in range(1, LONGEST):
        along = 0.0
        for k in range(theta.shape[0]):
            trial[k] = theta[k] - size * step[k]
        bad = both(rows, counts, integral, trial, rate, gradient, hessian) > 0.0
        for k in range(theta.shape[0]):
            along -= gradient[k] * step[k]
        if bad and squared == math.inf:
            return INFEASIBLE, squared, evaluations
        if bad or along > 0.9 * squared:
            # Too far: to where the slope along the step, if it were a line, is zero.
            size *= 0.5 if bad else squared / (squared + along)
            if size < 1e-18:
                return ITERATION_LIMIT, squared, evaluations
            continue
        for k in range(theta.shape[0]):
            theta[k] = trial[k]
        if not cholesky(hessian, skip, root):
            return NOT_POSITIVE_DEFINITE, math.inf, evaluations
        squared, size = solve(root, skip, gradient, step), 1.0
        if not math.isfinite(squared):
            return NOT_POSITIVE_DEFINITE, math.inf, evaluations
        if squared < tolerance:
            # One more step is the last, and so small that it cannot leave the region where rates are positive.
            for k in range(theta.shape[0]):
                theta[k] -= step[k]
            slope(rows, counts, integral, theta, rate, gradient)
            return CONVERGED, solve(root, skip, gradient, step) * (1.0 + 1e-3), evaluations + 1
    return ITERATION_LIMIT, squared, LONGEST


@jit
def minimise(
    rows: Array,
    counts: Array,
    integral: Array,
    nearby: Array,
    skip: int,
    near: float,
    finish: int,
    tolerance: float,
    theta: Array,
    rate: Array,
    gradient: Array,
    step: Array,
    hessian: Array,
    root: Array,
) -> tuple[int, float, int, bool]:
    """Chord iterations in theta[skip:], one gradient each, with the factor `nearby` of a Hessian from somewhere near.

    Where they come to ½gᵀH⁻¹g < near, Newton goes on from there if `finish` is POLISH, else theta is left one `step` before
    where they lead. Where they do not contract, Newton starts at a flat background.
    Returns status, ½ℓ² of theta, evaluations, and whether that flat start was needed; `step` is zero after Newton.
    """
    strength, last, left, evaluations = theta[0], math.inf, math.inf, 0
    while evaluations < 12 and slope(rows, counts, integral, theta, rate, gradient) == 0.0:
        evaluations += 1
        left = 0.5 * solve(nearby, skip, gradient, step)
        if left < near and finish == CHORD:
            return CONVERGED, left, evaluations, False
        if not left < 0.5 * last:
            break
        last = left
        for k in range(theta.shape[0]):
            theta[k] -= step[k]
        if left < near:
            break
    robust = not left < near
    for _ in range(2):
        if robust:
            theta[0] = strength
            flat(rows, counts, integral, theta)
        status, left, more = newton(rows, counts, integral, skip, tolerance, theta, rate, gradient, hessian, root)
        evaluations += more
        if status == CONVERGED or robust:
            break
        robust = True
    for k in range(theta.shape[0]):
        step[k] = 0.0
    return status, 0.5 * left, evaluations, robust
