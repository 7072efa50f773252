"""Compiled: upper limits from the polynomial of a profile curve (NLL above its minimum, strength in events)."""

from __future__ import annotations

import math
from typing import Final, cast

import numpy as np

from limits.kernel.door import inner, jit
from limits.kernel.linear.curve import value
from limits.kernel.rates import Array

WIDE: Final = cast("int", np.int64(16))
NARROW: Final = cast("int", np.int64(8))
"""Nodes of a panel up to 5σ wide, and of one as wide as a Newton step. Python numbers would be compiled one by one."""


@inner
def _area(poly: Array, low: float, high: float, start: float, stop: float, rule: Array, size: int) -> float:
    """∫ exp(−q) from start to stop by one Gauss–Legendre panel; rule (2, G): nodes, weights on [−1, 1], `size` of them."""
    half, middle, total = 0.5 * (stop - start), 0.5 * (stop + start), 0.0
    scale = 2.0 / (high - low)
    for i in range(size):
        u = (middle + half * rule[0, i] - low) * scale - 1.0
        q = 0.0
        for k in range(poly.shape[0] - 1, -1, -1):
            q = q * u + poly[k]
        total += rule[1, i] * math.exp(-q)
    return half * total


@jit
def bayes(poly: Array, low: float, high: float, best: float, sigma: float, level: float, rules: Array) -> float:
    """Strength below which lies `level` of exp(−q), flat prior on strength ≥ 0; nan where there is none.

    rules (5, 2, G): quadratures, see `fit.rules`; 16 nodes for a panel up to 5σ wide, eight for a Newton step.
    """
    start = max(low, 0.0)
    s = min(start + 0.1 * sigma + max(best - start, 0.0) + 1.5 * sigma, 0.5 * (start + high) + 0.4 * (high - start))
    if best < 0.0:
        s = start + (high - start) * 0.35
    tail = _area(poly, low, high, s, high, rules[4], WIDE)
    total = tail
    panels = 1 + int((s - start) / (4.5 * sigma))
    width = (s - start) / panels
    for i in range(panels):
        total += _area(poly, low, high, start + i * width, start + (i + 1) * width, rules[4], WIDE)
    goal = (1.0 - level) * total
    for _ in range(60):
        # ln of the tail: slope −p/tail, and curvature that makes Newton overshoot, put right by Halley's term.
        q, dq = value(poly, low, high, s)
        fall = math.exp(-q) / tail
        excess = math.log(tail / goal)
        newton = excess / fall
        move = newton / max(1.0 + 0.5 * newton * (fall - dq), 0.5)
        move = max(min(move, 0.5 * (high - s)), 0.5 * (start - s))
        tail -= _area(poly, low, high, s, s + move, rules[1], NARROW)
        s += move
        if abs(move) < 1e-5 * sigma:
            return s
    return math.nan


@inner
def _normal_tail(x: float) -> float:
    """1 − Φ(x)."""
    return 0.5 * math.erfc(x * math.sqrt(0.5))


@inner
def _asimov(poly: Array, low: float, high: float, s: float) -> float:
    """q of the background-only Asimov data (twice the NLL): beyond the end of the curve its root goes on straight."""
    if s <= high:
        return max(2.0 * value(poly, low, high, s)[0], 0.0)
    q, dq = value(poly, low, high, high)
    root = math.sqrt(2.0 * q)
    return (root + dq / root * (s - high)) ** 2


@jit
def log_cls(q: float, asimov: float) -> float:
    """Ln of the asymptotic CLs of q̃ (G. Cowan et al., EPJC 71 (2011) 1554, eq. 66) and the background-only CLb with it."""
    root = math.sqrt(asimov)
    if q <= asimov:
        x = math.sqrt(q)
        return math.log(_normal_tail(x) / _normal_tail(x - root))
    x = (q + asimov) / (2.0 * root)
    return math.log(_normal_tail(x) / _normal_tail(x - root))


@jit
def cls(
    poly: Array,
    low: float,
    high: float,
    best: float,
    floor: float,
    asimov: Array,
    begin: float,
    end: float,
    level: float,
) -> float:
    """Strength at which the asymptotic CLs of q̃ is 1 − level; nan where there is none below `high`.

    `floor`: q at the best strength ≥ 0. `asimov`: the polynomial of the Asimov curve on [begin, end].
    """
    goal = math.log(1.0 - level)
    left, right = max(best, low, 0.0), high
    f_left = -goal
    q = max(2.0 * (value(poly, low, high, right)[0] - floor), 0.0)
    f_right = log_cls(min(q, 60.0), _asimov(asimov, begin, end, right)) - goal
    if not f_right < 0.0:
        return math.nan
    guess = left + 0.35 * (right - left)
    side = 0
    for _ in range(80):
        q = max(2.0 * (value(poly, low, high, guess)[0] - floor), 0.0)
        f = log_cls(q, _asimov(asimov, begin, end, guess)) - goal
        if abs(f) < 1e-11:
            return guess
        if f > 0.0:
            left, f_left = guess, f
            f_right = 0.5 * f_right if side == 1 else f_right
            side = 1
        else:
            right, f_right = guess, f
            f_left = 0.5 * f_left if side == -1 else f_left
            side = -1
        guess = (left * f_right - right * f_left) / (f_right - f_left)
        if right - left < 1e-10 * right:
            return guess
    return math.nan


@inner
def _smeared(poly: Array, low: float, high: float, s: float, width: float, sigma: float, rules: Array) -> float:
    """∫ exp(−q(t)) Gauss(t − s; width) dt over the curve. Rules: see `fit.rules`."""
    total = 0.0
    if width < 0.7 * sigma:
        few = width < 0.3 * sigma
        rule, size = (3, 12) if few else (2, rules.shape[2])
        for i in range(size):
            t = s + math.sqrt(2.0) * width * rules[rule, 0, i]
            if low <= t <= high:
                total += rules[rule, 1, i] * math.exp(-value(poly, low, high, t)[0])
        return total / math.sqrt(math.pi)
    panels = 2 + int((high - low) / (2.0 * sigma))
    half = 0.5 * (high - low) / panels
    for j in range(panels):
        for i in range(rules.shape[2]):
            t = low + half * (2 * j + 1 + rules[0, 0, i])
            z = (t - s) / width
            total += rules[0, 1, i] * math.exp(-value(poly, low, high, t)[0] - 0.5 * z * z)
    return float(half / (width * math.sqrt(2.0 * math.pi)) * total)


@jit
def smeared_bayes(
    poly: Array, low: float, high: float, sigma: float, additive: float, relative: float, level: float, rules: Array
) -> float:
    """The same limit after convolution with a Gaussian of width sqrt(additive² + (relative·strength)²).

    L'(s) = ∫ L(t) Gauss(t − s; width(s)) dt with t over the whole curve, below zero too; prior flat in s ≥ 0. Integrated up to where the
    Gaussian no longer reaches the curve.
    """
    stop = high
    for _ in range(200):
        stop = high + 6.5 * math.sqrt(additive * additive + relative * relative * stop * stop)
    panels = 2 + int(stop / (3.0 * sigma))
    cumulative = np.zeros(panels + 1)
    width = stop / panels
    for j in range(panels):
        cumulative[j + 1] = cumulative[j] + _smeared_area(
            poly, low, high, j * width, (j + 1) * width, sigma, additive, relative, rules
        )
    goal = level * float(cumulative[panels])
    j = 0
    while cumulative[j + 1] < goal:
        j += 1
    s, area = (j + 0.5) * width, 0.0
    for _ in range(60):
        area = float(cumulative[j]) + _smeared_area(poly, low, high, j * width, s, sigma, additive, relative, rules)
        spread = math.sqrt(additive * additive + relative * relative * s * s)
        move = (goal - area) / _smeared(poly, low, high, s, spread, sigma, rules)
        move = max(min(move, 0.5 * ((j + 1) * width - s)), 0.5 * (j * width - s))
        s += move
        if abs(move) < 1e-11 * stop:
            return s
    return math.nan


@inner
def _smeared_area(
    poly: Array,
    low: float,
    high: float,
    start: float,
    stop: float,
    sigma: float,
    additive: float,
    relative: float,
    rules: Array,
) -> float:
    half, total = 0.5 * (stop - start), 0.0
    for i in range(rules.shape[2]):
        s = start + half * (1.0 + rules[0, 0, i])
        spread = math.sqrt(additive * additive + relative * relative * s * s)
        total += rules[0, 1, i] * _smeared(poly, low, high, s, spread, sigma, rules)
    return half * total
