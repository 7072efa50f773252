"""The minimiser: damped Newton steps inside a box, for a cost with exact first and second derivatives."""

from __future__ import annotations

from collections.abc import Callable
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


BatchObjective = Callable[[Array, NDArray[np.intp]], tuple[Array, Array, Array]]
"""theta (n, P), which data sets (n,) ↦ cost (n,), gradient (n, P), Hessian (n, P, P)."""


@dataclass(frozen=True, eq=False)
class Minima:
    """Where T minimisations stopped: `theta` (T, P); `cost`, `edm`, `converged`, `evaluations` (T,); `gradient`, `hessian` there."""

    theta: Array
    cost: Array
    gradient: Array
    hessian: Array
    edm: Array
    converged: NDArray[np.bool_]
    evaluations: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where one stopped: `theta` (P,), `cost`, `covariance` (P, P; zero for parameters held or at a bound), `edm`."""

    theta: Array
    cost: float
    covariance: Array
    edm: float
    converged: bool
    evaluations: int


def _newton_step(gradient: Array, hessian: Array) -> Array:
    """−H⁻¹g (P,), with the diagonal (in units of itself) raised until H is positive definite."""
    damping = 0.0
    for _ in range(60):
        try:
            root = np.linalg.cholesky(hessian + damping * np.eye(len(gradient)))
        except np.linalg.LinAlgError:
            damping = max(1e-8, 8 * damping)
            continue
        step = np.linalg.solve(root.T, np.linalg.solve(root, -gradient))
        if np.all(np.isfinite(step)):
            return np.asarray(step)
        damping = max(1e-8, 8 * damping)
    return -gradient


def _steps(gradient: Array, hessian: Array, free: NDArray[np.bool_]) -> Array:
    """Newton steps (n, P) in the free parameters; zero in the others."""
    diagonal = np.einsum("npp->np", hessian)
    scale = np.sqrt(np.maximum(np.maximum(np.abs(diagonal), 1e-6 * gradient**2), 1e-200))
    unit = np.where(free[:, :, None] & free[:, None, :], hessian / (scale[:, :, None] * scale[:, None, :]), 0.0)
    unit += np.eye(free.shape[1]) * ~free[:, None, :]
    slope = np.where(free, gradient / scale, 0.0)
    lost = ~np.all(np.isfinite(unit), axis=(1, 2))  # no curvature to trust: down the slope
    unit[lost] = np.eye(free.shape[1])
    try:
        root = np.linalg.cholesky(unit)
        half = np.linalg.solve(root, -slope[:, :, None])
        steps = np.linalg.solve(np.swapaxes(root, 1, 2), half)[:, :, 0]
    except np.linalg.LinAlgError:
        steps = np.stack([_newton_step(g, h) for g, h in zip(slope, unit, strict=True)])
    return np.where(free, steps / scale, 0.0)


@dataclass(eq=False)
class _State:
    """The points of all minimisations, updated in place while they run in lockstep."""

    theta: Array
    cost: Array
    gradient: Array
    hessian: Array
    size: Array
    evaluations: NDArray[np.intp]

    def move(
        self, rows: NDArray[np.intp], theta: Array, cost: Array, gradient: Array, hessian: Array, size: float
    ) -> None:
        self.theta[rows], self.size[rows] = theta, size
        self.cost[rows], self.gradient[rows], self.hessian[rows] = cost, gradient, hessian


def _descend(
    function: BatchObjective, state: _State, rows: NDArray[np.intp], steps: Array, lower: Array, upper: Array
) -> NDArray[np.bool_]:
    """Move each row along its step, from the end backwards, to the first place where the cost has fallen enough (Armijo).

    Returns which rows moved.
    """
    moved = np.zeros(len(rows), dtype=bool)
    waiting, size = np.arange(len(rows)), 1.0
    while len(waiting) and size > SHORTEST:
        at = rows[waiting]
        trial = np.clip(state.theta[at] + size * steps[waiting], lower[at], upper[at])
        found = function(trial, at)
        state.evaluations[at] += 1
        promise = np.einsum("np,np->n", state.gradient[at], trial - state.theta[at])
        fallen = np.isfinite(found[0]) & (found[0] <= state.cost[at] + 1e-4 * promise)
        cost, gradient, hessian = (values[fallen] for values in found)
        state.move(at[fallen], trial[fallen], cost, gradient, hessian, size)
        moved[waiting[fallen]] = True
        waiting = waiting[~fallen]
        size /= 2
    return moved


def minimise_many(
    function: BatchObjective, start: Array, lower: Array, upper: Array, held: NDArray[np.bool_]
) -> Minima:
    """T damped Newton descents in lockstep inside the boxes [lower, upper] (T, P); `held` (T, P) stay at their start (T, P).

    A parameter sitting on a bound with the slope pushing outwards is left out of the step. Steps are cut until the cost falls, so
    an infinite cost is only a place not to go. At a kink (a rate that reaches zero) ever shorter steps gain nothing: the search
    ends there. The result of a row does not depend on the others.
    """
    rows = np.arange(len(start))
    theta = np.clip(start, lower, upper)
    cost, gradient, hessian = (np.array(values) for values in function(theta, rows))
    state = _State(theta, cost, gradient, hessian, np.ones(len(start)), np.ones(len(start), np.intp))
    edm, converged, idle = np.full(len(start), np.inf), np.zeros(len(start), bool), np.zeros(len(start), np.intp)
    for _ in range(MAX_STEPS):
        gradient, at = state.gradient[rows], state.theta[rows]
        free = ~held[rows] & ~((at <= lower[rows]) & (gradient > 0)) & ~((at >= upper[rows]) & (gradient < 0))
        steps = _steps(gradient, state.hessian[rows], free)
        edm[rows] = -0.5 * np.einsum("np,np->n", gradient, steps)
        there = edm[rows] < EDM_GOAL
        converged[rows[there]] = True
        rows, steps = rows[~there], steps[~there]
        if not len(rows):
            break
        # Where the cost has no curvature (an empty bin) the promise is without bound: keep it one that can be halved away.
        steps = steps * np.minimum(1.0, MAX_PROMISE / edm[rows])[:, None]
        before = state.cost[rows].copy()
        moved = _descend(function, state, rows, steps, lower, upper)
        rounding = ROUNDING * (1 + np.abs(before))
        gained = moved & ~(state.cost[rows] + rounding >= before)  # written so that an infinite start counts as a gain
        idle[rows] = np.where(gained, 0, idle[rows] + 1)
        over = ~moved | (idle[rows] >= MAX_IDLE)
        # No gain can be represented: fine when the one that was promised is of that size, or at a kink.
        converged[rows[over]] = ((edm[rows] < 1e3 * rounding) | (state.size[rows] < KINK))[over]
        rows = rows[~over]
        if not len(rows):
            break
    return Minima(state.theta, state.cost, state.gradient, state.hessian, edm, converged, state.evaluations)


def minimise(function: Objective, start: Array, lower: Array, upper: Array, held: NDArray[np.bool_]) -> Minimum:
    """One descent of `minimise_many`: start, lower, upper, held (P,)."""

    def batch(theta: Array, _: NDArray[np.intp]) -> tuple[Array, Array, Array]:
        cost, gradient, hessian = function(theta[0])
        return np.array([cost]), gradient[None], hessian[None]

    found = minimise_many(batch, start[None], lower[None], upper[None], held[None])
    theta, gradient = found.theta[0], found.gradient[0]
    free = ~held & ~((theta <= lower) & (gradient > 0)) & ~((theta >= upper) & (gradient < 0))
    covariance = _covariance(found.hessian[0], free)
    converged, evaluations = bool(found.converged[0]), int(found.evaluations[0])
    return Minimum(theta, float(found.cost[0]), covariance, float(found.edm[0]), converged, evaluations)


def _covariance(hessian: Array, free: NDArray[np.bool_]) -> Array:
    covariance = np.zeros_like(hessian)
    if np.any(free) and np.all(np.isfinite(hessian)):
        block = hessian[np.ix_(free, free)]
        # In units in which the diagonal is one: parameters differ by many orders of magnitude, and pinv drops what looks small.
        scale = np.sqrt(np.maximum(np.abs(np.diag(block)), 1e-300))
        unit = (block + block.T) / (2 * np.multiply.outer(scale, scale))
        # What the data do not determine at all has an infinite covariance.
        with np.errstate(over="ignore"):
            covariance[np.ix_(free, free)] = np.linalg.pinv(unit) / np.multiply.outer(scale, scale)
    return covariance
