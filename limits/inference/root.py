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


class _Settled(Exception):
    """A value next to zero was met."""


def falling_zero(function: Callable[[float], float], scale: float, settled: float = 0.0) -> float:
    """The strength > 0 where `function` turns from positive to negative, to 1e-12 relative; ∞ if it never does, 0 if from the start.

    `scale` is a first guess; the bracket is found by itself, so only the number of evaluations depends on it. A value within
    `settled` of zero ends the search: where evaluations are dear, the last digits are not worth them.
    """
    if not np.isfinite(scale) or scale <= 0:
        scale = 1.0

    known: dict[float, float] = {}

    def at(log_strength: float) -> float:
        if log_strength not in known:
            value = function(float(np.exp(log_strength)))
            # +∞ and −∞ are honest answers (a certainly excluded strength); the bracketing search wants finite numbers.
            known[log_strength] = float(min(max(value, -1e6), 1e6))
            if abs(value) < settled:
                raise _Settled(log_strength)
        return known[log_strength]

    try:
        return _searched(at, float(np.log(scale)))
    except _Settled as found:
        return float(np.exp(found.args[0]))


def _searched(at: Callable[[float], float], start: float) -> float:
    """The same for a function of ln(strength), finite everywhere, that remembers its values."""
    here, step, longest = start, FIRST, STEP
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
