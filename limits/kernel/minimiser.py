"""The minimiser: damped Newton steps inside a box, for a cost with exact first and second derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.kernel.rates import Array, Objective

EDM_GOAL: Final = 1e-12
"""A fit has converged when its estimated distance to the minimum of −log L is below this, or at rounding level."""


MAX_STEPS: Final = 200
MAX_IDLE: Final = 4
"""Steps in a row without a gain before the search ends."""

SHORTEST: Final = 1e-12
"""Fraction of a Newton step below which no shorter one is tried."""

KINK: Final = 1e-3
"""Steps cut to less than this, and gaining nothing, mean a kink."""

ROUNDING: Final = 1e-13
"""Relative changes of the cost below this are rounding."""

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


@dataclass(frozen=True, eq=False)
class _Place:
    """A point with its cost, gradient and Hessian, and the fraction of the step that led there."""

    theta: Array
    cost: float
    gradient: Array
    hessian: Array
    size: float = 1.0


def _descend(function: Objective, here: _Place, step: Array, lower: Array, upper: Array) -> tuple[_Place | None, int]:
    """The first point on the way along `step`, from its end backwards, where the cost has fallen enough (Armijo), and the cost in calls."""
    size, calls = 1.0, 0
    while size > SHORTEST:
        theta = np.clip(here.theta + size * step, lower, upper)
        cost, gradient, hessian = function(theta)
        calls += 1
        if np.isfinite(cost) and cost <= here.cost + 1e-4 * here.gradient @ (theta - here.theta):
            return _Place(theta, cost, gradient, hessian, size), calls
        size /= 2
    return None, calls


def minimise(function: Objective, start: Array, lower: Array, upper: Array, held: NDArray[np.bool_]) -> Minimum:
    """Damped Newton descent inside the box [lower, upper], parameters in `held` left at their start.

    A parameter sitting on a bound with the slope pushing outwards is left out of the step. Steps are cut until the cost falls, so
    an infinite cost is only a place not to go. At a kink (a rate that reaches zero) ever shorter steps gain nothing: the search
    ends there.
    """
    first = np.clip(start, lower, upper)
    here = _Place(first, *function(first))
    evaluations, edm, converged, idle = 1, np.inf, False, 0
    free = ~held
    for _ in range(MAX_STEPS):
        theta, gradient = here.theta, here.gradient
        free = ~held & ~((theta <= lower) & (gradient > 0)) & ~((theta >= upper) & (gradient < 0))
        step = np.zeros_like(theta)
        if np.any(free):
            step[free] = _newton_step(gradient[free], here.hessian[np.ix_(free, free)])
        edm = float(-0.5 * gradient @ step)
        if edm < EDM_GOAL:
            converged = True
            break
        # Where the cost has no curvature (an empty bin) the promise is without bound: keep it one that can be halved away.
        there, calls = _descend(function, here, step * min(1.0, MAX_PROMISE / edm), lower, upper)
        evaluations += calls
        rounding = ROUNDING * (1 + abs(here.cost))
        idle = 0 if there is not None and here.cost - there.cost > rounding else idle + 1
        here = here if there is None else there
        if there is None or idle == MAX_IDLE:
            # No gain can be represented: fine when the one that was promised is of that size, or at a kink.
            converged = edm < 1e3 * rounding or here.size < KINK
            break
    return Minimum(here.theta, here.cost, _covariance(here.hessian, free), edm, converged, evaluations)


def _covariance(hessian: Array, free: NDArray[np.bool_]) -> Array:
    covariance = np.zeros_like(hessian)
    if np.any(free) and np.all(np.isfinite(hessian)):
        block = hessian[np.ix_(free, free)]
        covariance[np.ix_(free, free)] = np.linalg.pinv((block + block.T) / 2)
    return covariance
