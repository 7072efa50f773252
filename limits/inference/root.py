"""The one root finder: where a function of a positive strength falls through zero, on any scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.optimize import brentq

STEP: Final = float(np.log(8.0))
"""First step in ln(strength) while bracketing; each further one is twice as long."""

REACH: Final = 690.0
"""Bracketing gives up where e^±REACH leaves the range of floating-point numbers."""


def falling_zero(function: Callable[[float], float], scale: float) -> float:
    """The strength > 0 where `function` turns from positive to negative, to 1e-12 relative; ∞ if it never does, 0 if from the start.

    `scale` is a first guess; the bracket is found by itself, so only the number of evaluations depends on it.
    """
    if not np.isfinite(scale) or scale <= 0:
        scale = 1.0

    def at(log_strength: float) -> float:
        value = function(float(np.exp(log_strength)))
        # +∞ and −∞ are honest answers (a certainly excluded strength); the bracketing search wants finite numbers.
        return float(np.clip(value, -1e6, 1e6))

    low = high = float(np.log(scale))
    step = STEP
    if at(low) > 0:
        while at(high) > 0:
            if high >= REACH:
                return float(np.inf)
            low, high, step = high, min(high + step, REACH), 2 * step
    else:
        while at(low) <= 0:
            if low <= -REACH:
                return 0.0
            low, high, step = max(low - step, -REACH), low, 2 * step
    return float(np.exp(brentq(at, low, high, xtol=1e-13, rtol=1e-13, maxiter=300)))
