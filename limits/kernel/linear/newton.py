"""Compiled: Newton fits of NLL = integral·θ − Σ counts·log(θ·rows), with a line search that needs no logarithm.

The cost is convex, and self-concordant where every count is at least one: with ℓ² = gᵀH⁻¹g < 1 the distance to the minimum
is at most −ℓ − ln(1 − ℓ), and a full step lowers the Hessian by no more than a factor (1 − ℓ)² (Nesterov and Nemirovskii,
"Interior-point polynomial algorithms in convex programming", SIAM 1994, §2). Where counts go down to n_min, that holds of
cost/n_min: ℓ²/n_min takes the place of ℓ².
"""

from __future__ import annotations

import math

import numpy as np

from limits.kernel.door import jit
from limits.kernel.linear.evaluate import curvature, slope
from limits.kernel.rates import Array
from limits.kernel.solve import cholesky, solve

CONVERGED, INFEASIBLE, NOT_POSITIVE_DEFINITE, ITERATION_LIMIT, NO_LIMIT = 0, 1, 2, 3, 5


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
        deepest = max(deepest, -theta[0] * rows[0, i] / rows[1, i])
    for k in range(2, theta.shape[0]):
        theta[k] = 0.0
    theta[1] = max((total - theta[0] * integral[0]) / integral[1], 0.01 * total / integral[1], 1e-9) + 1.5 * deepest


@jit
def _search(
    rows: Array, counts: Array, integral: Array, theta: Array, step: Array, squared: float, rate: Array, gradient: Array
) -> int:
    """Move `theta` along −step as far as convexity allows; returns the evaluations, negative where none succeeded.

    squared = 0 evaluates at theta itself, which is also what a search does that fails.
    """
    size = 1.0
    trial = np.empty_like(theta)
    for count in range(1, 61):
        if count == 60 or squared == 0.0:
            size = 0.0
        for k in range(theta.shape[0]):
            trial[k] = theta[k] - size * step[k]
        bad = slope(rows, counts, integral, trial, rate, gradient)
        if count == 60 or (bad > 0.0 and squared == 0.0):
            break
        if bad > 0.0:
            size *= 0.5
            continue
        along = 0.0
        for k in range(theta.shape[0]):
            along -= gradient[k] * step[k]
        if along <= 0.9 * squared:
            for k in range(theta.shape[0]):
                theta[k] = trial[k]
            return count
        size *= squared / (squared + along)
    return -60


@jit
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
    `hessian` and its factor `root` to the point one step before, at ℓ² < tolerance, which is to be at most 1e-7 of the
    smallest count: the two Hessians then differ by less than the factor 1.001 taken into account.
    """
    step = np.zeros_like(theta)
    evaluations = 1
    if _search(rows, counts, integral, theta, step, 0.0, rate, gradient) < 0:
        return INFEASIBLE, math.inf, evaluations
    squared = math.inf
    for _ in range(100):
        curvature(rows, counts, rate, hessian)
        if not cholesky(hessian, skip, root):
            return NOT_POSITIVE_DEFINITE, math.inf, evaluations
        squared = solve(root, skip, gradient, step)
        if not math.isfinite(squared):
            return NOT_POSITIVE_DEFINITE, math.inf, evaluations
        moved = _search(rows, counts, integral, theta, step, squared, rate, gradient)
        evaluations += abs(moved)
        if moved < 0:
            # Nothing representable is lower: fine where the promised gain is rounding.
            return (CONVERGED if squared < tolerance else ITERATION_LIMIT), squared, evaluations
        if squared < tolerance:
            return CONVERGED, solve(root, skip, gradient, step) * (1.0 + 1e-3), evaluations
    return ITERATION_LIMIT, squared, evaluations
