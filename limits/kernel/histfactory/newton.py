"""Compiled: damped Newton descent inside a box, by the rules of `limits.kernel.minimiser`, and where to look for a second minimum.

The cost is not convex: interpolated uncertainties bend it. Where the Hessian is not positive definite its diagonal is raised until it
is; a fit counts as converged only where it is so by itself. At the kinks of codes 0 and 1, and where an empty bin's rate reaches zero,
the descent may end without: such fits are left to `limits.kernel.minimise_many`.

The functions here decide where to evaluate next; the one loop that evaluates is in `fits`, because what is called at two places is
compiled twice.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from limits.kernel.door import inner
from limits.kernel.histfactory.evaluate import Point, derive
from limits.kernel.histfactory.profile import GAMMA
from limits.kernel.histfactory.program import BENT, COLUMN, PARAMETER, SCALE, Program
from limits.kernel.rates import Array
from limits.kernel.solve import FIXED, FREE, cholesky, solve

EDM_GOAL, MAX_IDLE, SHORTEST, ROUNDING, MAX_PROMISE = 1e-12, 4, 1e-12, 1e-13, 1e6
"""As in `limits.kernel.minimiser`."""

NEAR = 3e-5
"""A step that promises less than this ends where the cost is close to a parabola. In one fit of a thousand its third derivative along
the step happens to vanish, and `_left` is too small: with this limit the cost is still right to 1e-10."""

MAX_SHIFTS = 40
"""Each is eight times the one before: the last is beyond any number that a curvature in units of itself can have."""

MIRRORED = 0.1
"""Pulls smaller than this many standard deviations have no mirror image worth a look."""

COST, EDM, PROMISE, LENGTH, IDLE, POSITIVE, STATES = range(7)
"""Entries of `Search.state`: of the last point accepted; what the next trial promises; share of the Newton step; steps without a gain."""


class Search(NamedTuple):
    """A descent on its way, filled in place: the box `lower`, `upper`, `held` (G,), the last point accepted `x` (G,) and `theta` (P,).

    `trial` (G,): where to evaluate next; `step` (G,), `root` (G, G), `unit` (G, G), `scale` (G,): of the Newton step; `state` (STATES,).
    `along` (G,): by how much the best nuisances move where the strength moves by one.
    """

    lower: Array
    upper: Array
    held: Array
    x: Array
    theta: Array
    trial: Array
    step: Array
    root: Array
    unit: Array
    scale: Array
    state: Array
    along: Array


def new_search(program: Program) -> Search:
    """Memory for one descent (not compiled: that would take a second)."""
    size = program.places.shape[0]
    box, points = np.empty((3, size)), np.empty((5, size))
    return Search(
        box[0],
        box[1],
        box[2],
        points[0],
        np.empty(program.kinds.shape[0]),
        points[1],
        points[2],
        np.empty((size, size)),
        np.empty((size, size)),
        points[3],
        np.empty(STATES),
        points[4],
    )


@inner
def begin(search: Search) -> None:
    """A new descent, from the trial point."""
    search.state[COST] = search.state[EDM] = math.inf
    search.state[IDLE] = search.state[PROMISE] = 0.0
    search.state[LENGTH] = 1.0


@inner
def _step(point: Point, search: Search) -> None:
    """Fill the Newton step, the fall of the cost it promises, and whether the Hessian was positive definite.

    A parameter on a bound with the slope pushing outwards, or held, stays.
    """
    x, scale, unit, step, root = search.x, search.scale, search.unit, search.step, search.root
    for g in range(x.shape[0]):
        pull, stays = point.gradient[g], search.held[g] > 0.0
        stays = stays or (x[g] <= search.lower[g] and pull > 0.0) or (x[g] >= search.upper[g] and pull < 0.0)
        size = max(abs(point.hessian[g, g]), 1e-6 * pull * pull, 1e-200)
        scale[g] = 0.0 if stays else 1.0 / math.sqrt(size)
        search.trial[g] = -pull * scale[g]
        for h in range(g + 1):
            unit[g, h] = point.hessian[g, h] * scale[g] * scale[h]
        if stays:
            unit[g, g] = 1.0
    search.state[POSITIVE], search.state[EDM] = 1.0, math.nan
    damping = 1e-8
    for _ in range(MAX_SHIFTS):
        if cholesky(unit, FREE, root):
            search.state[EDM] = 0.5 * solve(root, FREE, search.trial, step)
            break
        for g in range(x.shape[0]):
            unit[g, g] += damping
        damping *= 8.0
        search.state[POSITIVE] = 0.0
    for g in range(x.shape[0]):
        step[g] *= scale[g]


@inner
def tangent(point: Point, search: Search) -> None:
    """Fill `along` from the derivatives last taken, −H⁻¹·∂²cost/∂nuisances∂strength: the profile of the cost leaves the minimum there.

    What stays, on its bound or held, has no scale and does not move.
    """
    along, scale, step = search.along, search.scale, search.step
    good = cholesky(search.unit, FIXED, search.root)
    for g in range(along.shape[0]):
        search.trial[g] = -point.hessian[g, 0] * scale[g]
    solve(search.root, FIXED, search.trial, step)
    for g in range(along.shape[0]):
        along[g] = step[g] * scale[g] if good else 0.0


@inner
def _accept(program: Program, point: Point, search: Search) -> None:
    """Move x and theta to the trial point, whose local nuisances are in `point`."""
    for g in range(search.x.shape[0]):
        search.x[g] = search.trial[g]
        search.theta[program.places[g, PARAMETER]] = search.trial[g]
    for b in range(program.local.shape[0]):
        if program.local[b] >= 0:
            search.theta[program.local[b]] = point.bins[GAMMA, b]


@inner
def _left(found: float, state: Array) -> float:
    """About the distance to the minimum after a Newton step near it: the square of how far the step missed its promise.

    The cost misses a parabola by c·d³ after a step of length d, which leaves a distance of (c·d²)²: that saves the last derivatives.
    ∞ where the step was cut, or is not a small one.
    """
    edm = state[EDM]
    if not (edm < NEAR and state[POSITIVE] > 0.0 and abs(state[PROMISE] + 2.0 * edm) <= 1e-9 * edm):
        return math.inf
    missed = found - (state[COST] - edm)
    return float(9.0 * missed * missed / edm)


@inner
def advance(program: Program, data: Array, found: float, point: Point, search: Search) -> bool:
    """Take or shorten the step to the trial point, whose cost was found, and fill the next one; False where the descent has ended.

    A step is tried from its end backwards, until the cost falls enough (Armijo).
    """
    state, x, trial, step = search.state, search.x, search.trial, search.step
    rounding, start = ROUNDING * (1.0 + abs(found)), state[COST] == math.inf
    if math.isfinite(found) and (start or found <= state[COST] + 1e-4 * state[PROMISE]):
        state[IDLE] = 0.0 if found + rounding < state[COST] else state[IDLE] + 1.0
        left = _left(found, state)
        state[COST], state[LENGTH] = found, 1.0
        _accept(program, point, search)
        if left < EDM_GOAL:
            state[EDM] = left
            return False
        derive(program, data, x, point)
        _step(point, search)
        if state[EDM] < EDM_GOAL or state[IDLE] >= MAX_IDLE or not math.isfinite(state[EDM]):
            return False
        for g in range(x.shape[0]):
            step[g] *= min(1.0, MAX_PROMISE / state[EDM])
    else:
        state[LENGTH] *= 0.5
        if start or state[LENGTH] < SHORTEST:
            return False
    state[PROMISE] = 0.0
    for g in range(x.shape[0]):
        trial[g] = min(max(x[g] + state[LENGTH] * step[g], search.lower[g]), search.upper[g])
        state[PROMISE] += point.gradient[g] * (trial[g] - x[g])
    return True


@inner
def converged(state: Array) -> bool:
    """Whether a descent that has ended is at a minimum, to what can be represented."""
    goal = max(EDM_GOAL, 1e3 * ROUNDING * (1.0 + abs(state[COST])))
    return bool(state[COST] < math.inf and state[POSITIVE] > 0.0 and state[EDM] < goal)


@inner
def mirror(program: Program, data: Array, theta: Array, first: int, search: Search) -> int:
    """Fill the trial point with theta, the first pulled nuisance from `first` on moved to the other side of its auxiliary value.

    Returns which one, −1 where there is none. Second minima lie near such places.
    """
    which = -1
    for g in range(search.trial.shape[0]):
        p = program.places[g, PARAMETER]
        search.trial[g] = theta[p]
        pull = theta[p] - data[program.kinds[p, COLUMN]]
        bent = program.kinds[p, BENT] > 0 and search.held[g] == 0.0
        if which < 0 and g >= first and bent and abs(pull) > MIRRORED * program.numbers[p, SCALE]:
            search.trial[g] -= 2.0 * pull
            which = g
    return which
