"""The minimiser: damped Newton steps inside a box, for a cost with exact first and second derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.kernel.rates import Array, Objective

EDM_GOAL: Final = 1e-12
"""A fit has converged when its estimated distance to the minimum of −log L is below this, or at rounding level."""


MAX_PROMISE: Final = 1e6
"""No single step may promise to lower the cost by more than this."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a minimisation stopped: `theta` (P,), `cost`, `covariance` (P, P; zero for parameters held or at a bound), `edm`."""

    theta: Array
    cost: float
    covariance: Array
    edm: float
    converged: bool
    evaluations: int


def _newton_step(gradient: Array, hessian: Array) -> Array:
    """−H⁻¹g, with the diagonal (in units of itself) raised until H is positive definite."""
    scale = np.sqrt(np.maximum(np.maximum(np.abs(np.diag(hessian)), 1e-6 * gradient**2), 1e-200))
    unit = hessian / np.outer(scale, scale)
    damping = 0.0
    for _ in range(60):
        try:
            root = np.linalg.cholesky(unit + damping * np.eye(len(scale)))
        except np.linalg.LinAlgError:
            damping = max(1e-8, 8 * damping)
            continue
        step = np.linalg.solve(root.T, np.linalg.solve(root, -gradient / scale)) / scale
        if np.all(np.isfinite(step)):
            return np.asarray(step)
        damping = max(1e-8, 8 * damping)
    return np.asarray(-gradient / scale**2)


def minimise(function: Objective, start: Array, lower: Array, upper: Array, held: NDArray[np.bool_]) -> Minimum:
    """Damped Newton descent inside the box [lower, upper], parameters in `held` left at their start.

    A parameter sitting on a bound with the slope pushing outwards is left out of the step. Steps are cut until the cost
    falls (Armijo), so an infinite cost is only a place not to go.
    """
    theta = np.clip(start, lower, upper)
    value, gradient, hessian = function(theta)
    evaluations, edm, converged = 1, np.inf, False
    free = ~held
    for _ in range(200):
        free = ~held & ~((theta <= lower) & (gradient > 0)) & ~((theta >= upper) & (gradient < 0))
        if not np.any(free):
            edm, converged = 0.0, True
            break
        step = np.zeros_like(theta)
        step[free] = _newton_step(gradient[free], hessian[np.ix_(free, free)])
        edm = float(-0.5 * gradient @ step)
        # Where the cost has no curvature (an empty bin) the promise is without bound: keep it one that can be halved away.
        step *= min(1.0, MAX_PROMISE / max(edm, 1e-300))
        if edm < EDM_GOAL:
            converged = True
            break
        size, moved = 1.0, False
        while size > 1e-12:
            trial = np.clip(theta + size * step, lower, upper)
            new = function(trial)
            evaluations += 1
            if np.isfinite(new[0]) and new[0] <= value + 1e-4 * gradient @ (trial - theta):
                moved = bool(np.any(trial != theta))
                theta, (value, gradient, hessian) = trial, new
                break
            size /= 2
        if not moved:
            # No representable improvement left: fine when the promised gain is at the rounding level of the cost.
            converged = edm < 1e-10 * (1 + abs(value))
            break
    return Minimum(theta, value, _covariance(hessian, free), edm, converged, evaluations)


def _covariance(hessian: Array, free: NDArray[np.bool_]) -> Array:
    covariance = np.zeros_like(hessian)
    if np.any(free):
        block = hessian[np.ix_(free, free)]
        covariance[np.ix_(free, free)] = np.linalg.pinv((block + block.T) / 2)
    return covariance
