"""Compiled: fits of many data sets, one after the other, so that a result depends on its own row alone; and the door to them."""

from __future__ import annotations

import math

import numpy as np

from limits.kernel.door import inner, jit
from limits.kernel.histfactory.evaluate import Point, expect, new_point, value
from limits.kernel.histfactory.newton import COST, EDM, Search, advance, begin, converged, mirror, new_search, tangent
from limits.kernel.histfactory.program import (
    COLUMN,
    CONSTRAINT,
    FIRST,
    FREE,
    HELD,
    INIT,
    LAST,
    LOCAL,
    LOWER,
    PARAMETER,
    POISSON,
    SCALE,
    SIGNAL,
    UPPER,
    Flags,
    Found,
    Program,
)
from limits.kernel.rates import Array

MAX_EVALUATIONS = 400
"""Of the cost, in one fit: five are usual. What needs more goes to `limits.kernel.minimise_many`."""

NEARLY = 1.0
"""A mirror image is followed down when its cost is within this of the minimum found."""


@inner
def _centre(program: Program, data: Array, theta: Array) -> None:
    """Fill theta (P,) with the initial values, constrained ones that are not held with those their auxiliary data prefer."""
    for p in range(theta.shape[0]):
        if program.kinds[p, CONSTRAINT] == FREE or program.kinds[p, HELD] > 0:
            theta[p] = program.numbers[p, INIT]
            continue
        aux = data[program.kinds[p, COLUMN]]
        theta[p] = aux
        if program.kinds[p, CONSTRAINT] == POISSON:
            theta[p] = (aux if aux > 0.0 else 0.1) / program.numbers[p, SCALE]


@inner
def _first_strength(program: Program, data: Array, theta: Array, point: Point) -> float:
    """A strength from the total excess, kept positive so that a bin without background is not a dead start."""
    signal = background = seen = 0.0
    for i in range(program.pieces.shape[0]):
        total = 0.0
        for b in range(program.pieces[i, FIRST], program.pieces[i, LAST]):
            gamma = theta[program.local[b]] if program.pieces[i, LOCAL] else 1.0
            total += gamma * point.base[i, b]
        if program.pieces[i, SIGNAL]:
            signal += point.factor[i] * total
        else:
            background += point.factor[i] * total
    for b in range(program.local.shape[0]):
        seen += data[b]
    signal = max(signal, 1e-300)
    return max((seen - background) / signal, 0.1 * min(program.unit, 1.0 / signal))


@inner
def _start(
    program: Program,
    data: Array,
    strength: float,
    floor: float,
    warm: bool,
    theta: Array,
    search: Search,
) -> bool:
    """Fill the box and the first trial point; returns whether the strength has still to be guessed."""
    if not warm:
        _centre(program, data, theta)
    numbers, kinds, guess = program.numbers, program.kinds, False
    for g in range(program.places.shape[0]):
        p = program.places[g, PARAMETER]
        search.lower[g], search.upper[g], search.held[g] = numbers[p, LOWER], numbers[p, UPPER], kinds[p, HELD]
        search.trial[g] = theta[p]
    search.lower[0], search.upper[0], search.held[0] = -math.inf, math.inf, 1.0
    if not math.isnan(strength):
        search.trial[0] = strength
    elif not math.isfinite(program.unit):
        search.trial[0] = 0.0  # without signal there is no strength to fit
    else:
        search.lower[0], search.held[0], guess = floor, 0.0, not warm
    for g in range(program.places.shape[0]):
        search.trial[g] = min(max(search.trial[g], search.lower[g]), search.upper[g])
    for p in range(theta.shape[0]):
        search.theta[p] = theta[p]
    begin(search)
    return guess


@inner
def _move(program: Program, best: Array, strength: float, search: Search, theta: Array) -> None:
    """Fill theta (P,) with the fit `best` (P,), moved to another strength along its tangent."""
    change = strength - best[0]
    for p in range(theta.shape[0]):
        theta[p] = best[p]
    for g in range(program.places.shape[0]):
        theta[program.places[g, PARAMETER]] += change * search.along[g]


@jit
def fit_rows(
    program: Program,
    data: Array,
    strengths: Array,
    floor: float,
    again: bool,
    warm: bool,
    theta: Array,
    cost: Array,
    edm: Array,
    good: Flags,
    point: Point,
    search: Search,
) -> None:
    """Fill theta (T, K, P), cost, edm, good (T, K) for data (T, B + C): strengths (T, K) are fixed, or free and ≥ `floor` where nan.

    `warm`: start from what theta holds; `again`: look for a second minimum. `point`, `search`: memory. The later fits of a row start
    from its first one, moved along the profile of the cost, whatever their order.
    """
    state, columns = search.state, strengths.shape[1]
    for job in range(data.shape[0] * columns):
        t, k = job // columns, job % columns
        at, moved = theta[t, k], k > 0 and good[t, 0]
        if moved:
            _move(program, theta[t, 0], strengths[t, k], search, at)
        guess = _start(program, data[t], strengths[t, k], floor, warm or moved, at, search)
        lowest, cost[t, k], edm[t, k], good[t, k] = math.inf, math.inf, math.inf, False
        descents, mirrored, nearest, chosen = 0, -1, 0.0, -1
        for _ in range(MAX_EVALUATIONS):
            expect(program, search.trial, point)
            if guess:  # rates of signal and background are known now
                search.trial[0], guess = max(_first_strength(program, data[t], at, point), floor), False
            found = value(program, data[t], search.trial, search.theta, point)
            if mirrored < 0:
                if advance(program, data[t], found, point, search):
                    continue
                descents += 1
                if descents == 1 or (converged(state) and state[COST] < lowest):
                    lowest, cost[t, k], edm[t, k], good[t, k] = state[COST], state[COST], state[EDM], converged(state)
                    for p in range(at.shape[0]):
                        at[p] = search.theta[p]
                if descents == 2 or not (again and good[t, k]):
                    break
                nearest = lowest + NEARLY
            elif found < nearest:
                nearest, chosen = found, mirrored
            mirrored = mirror(program, data[t], at, mirrored + 1, search)
            if mirrored < 0:
                if chosen < 0:
                    break
                mirror(program, data[t], at, max(chosen, 1), search)
                begin(search)
        if k == 0 and columns > 1:
            tangent(point, search)


Memory = tuple[Point, Search]


def new_memory(program: Program) -> Memory:
    """What a fit writes to on the way; to be used again by one fit after another, never by two at a time."""
    return new_point(program), new_search(program)


def _run(
    program: Program,
    data: Array,
    strengths: Array,
    floor: float,
    again: bool,
    start: Array | None,
    shape: tuple[int, ...],
    memory: Memory | None = None,
) -> Found:
    """Fits at strengths (T, K); `shape` is that of what is found: (T,) or (T, K)."""
    size = len(program.kinds)
    theta = np.empty((*strengths.shape, size)) if start is None else np.array(start).reshape(*strengths.shape, size)
    found = Found(
        theta, np.empty(strengths.shape), np.empty(strengths.shape), np.empty(strengths.shape, dtype=np.bool_)
    )
    # One type of each argument, or numba would compile everything once more.
    data, strengths = np.ascontiguousarray(data, dtype=float), np.ascontiguousarray(strengths, dtype=float)
    point, search = memory or new_memory(program)
    arrays = (theta, found.cost, found.edm, found.good, point, search)
    fit_rows(program, data, strengths, float(floor), again, start is not None, *arrays)
    flat = (found.cost.reshape(shape), found.edm.reshape(shape), found.good.reshape(shape))
    return Found(theta.reshape(*shape, size), *flat)


def fit(
    program: Program,
    data: Array,
    strengths: Array,
    *,
    floor: float = 0.0,
    again: bool = False,
    start: Array | None = None,
    memory: Memory | None = None,
) -> Found:
    """Fits of data (T, B + C) at fixed strengths (T,), nan = free and ≥ `floor`; from `start` (T, P) or from the auxiliary data.

    `again`: look for a second minimum on the other side of the auxiliary value of a pulled nuisance.
    """
    return _run(program, data, np.asarray(strengths)[:, None], floor, again, start, (len(data),), memory)


def profile(program: Program, data: Array, strengths: Array) -> Found:
    """Fits of data (T, B + C) with a free strength ≥ 0, then at each of the strengths (K,): what is found is (T, 1 + K)."""
    columns = np.tile(np.concatenate([[np.nan], strengths]), (len(data), 1))
    return _run(program, data, columns, 0.0, False, None, columns.shape)
