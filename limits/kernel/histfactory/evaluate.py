"""Compiled: expected counts of all pieces, the cost with the local nuisances at their best, and its first two derivatives.

With the local nuisance of a bin at its best γ, the cost is a function of the bin's A and C alone; its slopes are w = 1 − n/ν and γw
(the envelope theorem), its curvatures those that remain after γ is eliminated (the Schur complement).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from limits.kernel.door import inner, jit
from limits.kernel.histfactory.profile import AA, AC, CC, PULL, constraint, profile_bins
from limits.kernel.histfactory.program import (
    BEGIN,
    COLUMN,
    CONSTRAINT,
    END,
    EXPONENT,
    FIRST,
    FREE,
    FROM,
    GLOBAL,
    KIND,
    LAST,
    LINEAR,
    LOCAL,
    PARAMETER,
    ROW,
    SCALE,
    SHIFT,
    SIGNAL,
    SMOOTH_SHIFT,
    TO,
    Program,
)
from limits.kernel.rates import TINY, Array

SLOPE, BENDING, MOVED, BENT_BY = range(4)
"""Columns of `Point.terms`: F'/F and F''/F of a factor, e' and e'' of a shift; for shifts Σ pull·∂shift/∂θ and Σ pull·bend."""


class Point(NamedTuple):
    """What one evaluation leaves behind; filled in place.

    `base` (N, B), `factor` (N,): the expected counts of piece i are factor[i]·base[i], for signal times the strength. `terms` (T, 4).
    `bins` (8, B): as named in `profile`. `rows` (3, G, B): derivatives of A and C, and memory. `gradient` (G,), `hessian` (G, G).
    """

    base: Array
    factor: Array
    terms: Array
    bins: Array
    rows: Array
    gradient: Array
    hessian: Array


def new_point(program: Program) -> Point:
    """Memory for one evaluation (not compiled: that would take a second)."""
    pieces, bins = program.nominal.shape
    size, terms = program.places.shape[0], program.terms.shape[0]
    return Point(
        np.empty((pieces, bins)),
        np.empty(pieces),
        np.empty((terms, 4)),
        np.empty((8, bins)),
        np.empty((3, size + 1, bins)),
        np.empty(size),
        np.empty((size, size)),
    )


@inner
def _factor(kind: int, row: Array, t: float) -> tuple[float, float, float]:
    """A multiplier or κ(t), and its first two derivatives divided by it; nan where code 4 falls below zero."""
    if kind == LINEAR:
        t = t if t != 0.0 else TINY
        return t, 1.0 / t, 0.0
    if kind == EXPONENT or not abs(t) < 1.0:
        slope = row[0] if t >= 0.0 else -row[1]
        return math.exp(t * slope), slope, slope * slope
    value = first = second = 0.0
    for power in range(6, 0, -1):  # Horner, for the polynomial and its two derivatives at once
        second = second * t + 2.0 * first
        first = first * t + value
        value = value * t + row[1 + power]
    second = second * t + 2.0 * first
    first = first * t + value
    value = 1.0 + t * value
    if not value > 0.0:
        return math.nan, 0.0, 0.0
    return value, first / value, second / value


@inner
def _shift(kind: int, t: float) -> tuple[float, float, float]:
    """e(t) and its first two derivatives: what multiplies `bend`; t itself multiplies `mean`."""
    if kind == SMOOTH_SHIFT and abs(t) < 1.0:
        u = t * t
        return u * (15.0 + u * (3.0 * u - 10.0)), t * (30.0 + u * (18.0 * u - 40.0)), 30.0 + u * (90.0 * u - 120.0)
    return 8.0 * abs(t), 8.0 if t >= 0.0 else -8.0, 0.0


@jit
def expect(program: Program, x: Array, point: Point) -> None:
    """Fill factor, base, slope and bend of `point` at the global parameters x (G,)."""
    pieces, terms, shifts, found = program.pieces, program.terms, program.shifts, point.terms
    for i in range(pieces.shape[0]):
        first, last = pieces[i, FIRST], pieces[i, LAST]
        nominal, base, factor = program.nominal[i, first:last], point.base[i, first:last], 1.0
        for b in range(base.shape[0]):
            base[b] = nominal[b]
        for k in range(pieces[i, BEGIN], pieces[i, END]):
            kind, t, row = terms[k, KIND], x[terms[k, GLOBAL]], terms[k, ROW]
            if kind < SHIFT:
                size, found[k, SLOPE], found[k, BENDING] = _factor(kind, program.exponents[row], t)
                factor *= size
            else:
                size, found[k, SLOPE], found[k, BENDING] = _shift(kind, t)
                mean, bend = shifts[row, 0, first:last], shifts[row, 1, first:last]
                for b in range(base.shape[0]):
                    base[b] += t * mean[b] + size * bend[b]
        point.factor[i] = factor


@jit
def value(program: Program, data: Array, x: Array, theta: Array, point: Point) -> float:
    """Cost for one data vector at the global parameters x (G,) of the last `expect`; ∞ or nan where a rate is not possible.

    Local nuisances that are held are read from `theta` (P,); all are left in `point.bins`.
    """
    pieces, bins, places, kinds = program.pieces, point.bins, program.places, program.kinds
    for b in range(bins.shape[1]):
        bins[0, b] = bins[1, b] = 0.0
    for i in range(pieces.shape[0]):
        first, last = pieces[i, FIRST], pieces[i, LAST]
        size = point.factor[i] * (x[0] if pieces[i, SIGNAL] else 1.0)
        base, into = point.base[i, first:last], bins[pieces[i, LOCAL], first:last]
        for b in range(base.shape[0]):
            into[b] += size * base[b]
    cost = profile_bins(program.local, kinds, program.numbers, data, theta, bins)
    for g in range(x.shape[0]):
        p = places[g, PARAMETER]
        if kinds[p, CONSTRAINT] != FREE:
            cost += constraint(kinds[p, CONSTRAINT], program.numbers[p, SCALE], x[g], data[kinds[p, COLUMN]])[0]
    return cost


@inner
def _second(program: Program, i: int, size: float, total: float, point: Point) -> None:
    """Add Σ_b pull·∂²rate of one piece to the lower triangle of the Hessian; its sums and the total Σ pull·base are known."""
    terms, found, hessian = program.terms, point.terms, point.hessian
    begin, signal = program.pieces[i, BEGIN], program.pieces[i, SIGNAL]
    for k in range(begin, program.pieces[i, END]):
        g, shift = terms[k, GLOBAL], terms[k, KIND] >= SHIFT
        along = found[k, MOVED] if shift else found[k, SLOPE] * total
        if signal:
            hessian[g, 0] += point.factor[i] * along
        if shift:
            hessian[g, g] += size * found[k, BENDING] * found[k, BENT_BY]
        else:
            hessian[g, g] += size * found[k, BENDING] * total
        for other in range(begin, k):
            h, moved = terms[other, GLOBAL], terms[other, KIND] >= SHIFT
            if shift and moved:
                continue
            both = size * (found[k, SLOPE] * found[other, MOVED] if moved else found[other, SLOPE] * along)
            hessian[max(g, h), min(g, h)] += 2.0 * both if g == h else both


@inner
def _first(program: Program, i: int, size: float, point: Point) -> float:
    """Add what one piece does to the gradient and to the derivatives of A and C; returns Σ pull·base."""
    terms, found, which = program.terms, point.terms, program.pieces[i, LOCAL]
    first, last = program.pieces[i, FIRST], program.pieces[i, LAST]
    base, pull, total = point.base[i, first:last], point.bins[PULL + which, first:last], 0.0
    for b in range(base.shape[0]):
        total += pull[b] * base[b]
    if program.pieces[i, SIGNAL]:
        row, factor = point.rows[which, 0, first:last], point.factor[i]
        point.gradient[0] += factor * total
        for b in range(base.shape[0]):
            row[b] += factor * base[b]
    for k in range(program.pieces[i, BEGIN], program.pieces[i, END]):
        g, slope = terms[k, GLOBAL], found[k, SLOPE]
        row, along = point.rows[which, g, first:last], slope * total
        if terms[k, KIND] < SHIFT:
            for b in range(base.shape[0]):
                row[b] += size * slope * base[b]
        else:
            mean, bend = program.shifts[terms[k, ROW], 0, first:last], program.shifts[terms[k, ROW], 1, first:last]
            straight = bent = 0.0
            for b in range(base.shape[0]):
                row[b] += size * (mean[b] + slope * bend[b])
                straight += pull[b] * mean[b]
                bent += pull[b] * bend[b]
            along = straight + slope * bent
            found[k, MOVED], found[k, BENT_BY] = along, bent
        point.gradient[g] += size * along
    return total


@jit
def derive(program: Program, data: Array, x: Array, point: Point) -> None:
    """Fill the gradient (G,) and the lower triangle of the Hessian (G, G) of the cost just computed by `value` at the same x."""
    rows, gradient, hessian, places, kinds = point.rows, point.gradient, point.hessian, program.places, program.kinds
    for g in range(x.shape[0]):
        gradient[g] = 0.0
        for h in range(g + 1):
            hessian[g, h] = 0.0
        for b in range(rows.shape[2]):
            rows[0, g, b] = rows[1, g, b] = 0.0
    for i in range(program.pieces.shape[0]):
        size = point.factor[i] * (x[0] if program.pieces[i, SIGNAL] else 1.0)
        _second(program, i, size, _first(program, i, size, point), point)
    aa, ac, cc, left, right = point.bins[AA], point.bins[AC], point.bins[CC], rows[2, 0], rows[2, 1]
    for g in range(x.shape[0]):
        a, c = rows[0, g], rows[1, g]
        for b in range(aa.shape[0]):
            left[b], right[b] = aa[b] * a[b] + ac[b] * c[b], ac[b] * a[b] + cc[b] * c[b]
        for h in range(g + 1):
            first = max(places[g, FROM], places[h, FROM])
            last = max(first, min(places[g, TO], places[h, TO]))
            left_a, left_c = left[first:last], right[first:last]
            right_a, right_c, total = rows[0, h, first:last], rows[1, h, first:last], 0.0
            for b in range(left_a.shape[0]):
                total += left_a[b] * right_a[b] + left_c[b] * right_c[b]
            hessian[g, h] += total
        p = places[g, PARAMETER]
        if kinds[p, CONSTRAINT] != FREE:
            _, slope, curve = constraint(kinds[p, CONSTRAINT], program.numbers[p, SCALE], x[g], data[kinds[p, COLUMN]])
            gradient[g] += slope
            hessian[g, g] += curve
