"""The one root finder: where a function of a positive strength falls through zero, on any scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.optimize import brentq

FIRST: Final = 0.05
"""First step in ln(strength) while bracketing: a good guess is within 5 %."""

STEP: Final = float(np.log(8.0))
"""No second step is longer; the bound doubles with each."""

REACH: Final = 690.0
"""Bracketing gives up where e^±REACH leaves the range of floating-point numbers."""


def falling_zero(function: Callable[[float], float], scale: float) -> float:
    """The strength > 0 where `function` turns from positive to negative, to 1e-12 relative; ∞ if it never does, 0 if from the start.

    `scale` is a first guess; the bracket is found by itself, so only the number of evaluations depends on it.
    """
    if not np.isfinite(scale) or scale <= 0:
        scale = 1.0

    known: dict[float, float] = {}

    def at(log_strength: float) -> float:
        if log_strength not in known:
            value = function(float(np.exp(log_strength)))
            # +∞ and −∞ are honest answers (a certainly excluded strength); the bracketing search wants finite numbers.
            known[log_strength] = float(np.clip(value, -1e6, 1e6))
        return known[log_strength]

    here, step, longest = float(np.log(scale)), FIRST, STEP
    up = 1.0 if at(here) > 0 else -1.0
    while True:
        there = float(np.clip(here + up * step, -REACH, REACH))
        if (at(there) > 0) != (up > 0):
            break
        if abs(there) >= REACH:
            return float(np.inf) if up > 0 else 0.0
        # Where the secant leads, and a bit further; at least twice as far as the last step, lest the search should crawl.
        fall = abs(at(here)) - abs(at(there))
        secant = abs(there - here) * abs(at(there)) / fall if fall > 0 else np.inf
        here, step, longest = there, min(max(1.2 * secant, 2 * step), longest), 2 * longest
    low, high = min(here, there), max(here, there)
    return float(np.exp(brentq(at, low, high, xtol=1e-12, rtol=1e-13, maxiter=300)))
