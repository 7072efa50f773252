"""Compiled: the local nuisance of every bin at its best, in closed form, and what the cost of the bin then is.

With ν = A + γC the best γ solves C (1 − n/ν) + c'(γ) = 0, c the constraint: with a Gaussian one, ν² − (A + aC − σ²C²) ν − σ²C² n = 0;
with an auxiliary Poisson count m of mean τγ, C (C + τ) γ² + (A (C + τ) − (n + m) C) γ − m A = 0. The cost is convex in γ, hence
clipping to the bounds gives the minimum between them.
"""

from __future__ import annotations

import math

from limits.kernel.door import inner
from limits.kernel.histfactory.program import (
    COLUMN,
    CONSTRAINT,
    FREE,
    GAUSSIAN,
    HELD,
    LOWER,
    POISSON,
    SCALE,
    UPPER,
    Indices,
)
from limits.kernel.rates import Array

A, C, GAMMA, PULL, _, AA, AC, CC = range(8)
"""Rows of `bins`: expected counts; γ; slopes of the cost in A and (the row after PULL) in C; its curvatures."""


@inner
def poisson(expected: float, observed: float) -> float:
    """ν − n + n ln(n/ν), as `limits.kernel.poisson_cost`."""
    if observed <= 0.0:
        return expected
    excess = (expected - observed) / observed
    return observed * (excess - math.log1p(excess))


@inner
def _gaussian(n: float, a: float, c: float, aux: float, variance: float) -> float:
    """γ = a − σ²C (1 − n/ν) at the positive root ν, found without cancellation."""
    pulled = variance * c
    if n <= 0.0:
        return aux - pulled
    half = 0.5 * (a + aux * c - pulled * c)
    root = math.sqrt(half * half + pulled * c * n)
    nu = half + root if half > 0.0 else pulled * c * n / (root - half)
    if not nu > 0.0:
        return aux
    return aux - pulled * (1.0 - n / nu)


@inner
def _poisson(n: float, a: float, c: float, aux: float, scale: float) -> float:
    """The larger root, which is the one with ν > 0; nan where there is none or C is negative."""
    both = c + scale
    if n <= 0.0 or c == 0.0:
        return aux / both
    half = 0.5 * ((n + aux) * c - a * both)
    inside = half * half + c * both * aux * a
    if c < 0.0 or inside < 0.0:
        return math.nan
    root = math.sqrt(inside)
    if half > 0.0:
        return (half + root) / (c * both)
    return aux * a / (root - half) if root > half else 0.0


@inner
def constraint(kind: int, scale: float, at: float, aux: float) -> tuple[float, float, float]:
    """Cost of a constraint, its slope and its curvature."""
    if kind == GAUSSIAN:
        pull = (at - aux) / scale
        return 0.5 * pull * pull, pull / scale, 1.0 / (scale * scale)
    return poisson(scale * at, aux), scale - aux / at, aux / (at * at)


@inner
def profile_bins(local: Indices, kinds: Indices, numbers: Array, data: Array, theta: Array, bins: Array) -> float:
    """Cost of all bins and their local constraints for the A and C of `bins` (8, B), whose other rows are filled.

    ∞ where a rate is negative, or zero where events were seen: a place not to go, also where the limit exists.
    """
    cost = 0.0
    for b in range(local.shape[0]):
        n, a, c, p, best, stiff, inner = data[b], bins[A, b], bins[C, b], local[b], 1.0, 0.0, False
        if p >= 0:
            kind, scale, aux, best = kinds[p, CONSTRAINT], numbers[p, SCALE], data[kinds[p, COLUMN]], theta[p]
            if not kinds[p, HELD]:
                if kind == GAUSSIAN:
                    free = _gaussian(n, a, c, aux, scale * scale)
                elif kind == POISSON:
                    free = _poisson(n, a, c, aux, scale)
                else:
                    free = (n - a) / c if c > 0.0 else math.nan
                if math.isnan(free):
                    return math.inf
                best = min(max(free, numbers[p, LOWER]), numbers[p, UPPER])
                inner = best == free
            if kind != FREE:
                part, _, stiff = constraint(kind, scale, best, aux)
                cost += part
        nu = a + best * c
        if not (nu > 0.0 or (nu == 0.0 and n <= 0.0)):
            return math.inf
        cost += poisson(nu, n)
        inverse = 1.0 / nu if n > 0.0 else 0.0
        weight, k = 1.0 - n * inverse, n * inverse * inverse
        bins[GAMMA, b], bins[PULL, b], bins[PULL + 1, b] = best, weight, best * weight
        stiffness = k * c * c + stiff
        if inner and stiffness > 0.0:
            soft = 1.0 / stiffness
            bins[AA, b] = k * stiff * soft
            bins[AC, b] = k * (best * stiff - c * weight) * soft
            bins[CC, b] = (k * best * (best * stiff - 2.0 * weight * c) - weight * weight) * soft
        else:
            bins[AA, b], bins[AC, b], bins[CC, b] = k, k * best, k * best * best
    return cost
