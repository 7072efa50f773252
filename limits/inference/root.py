"""The one root finder: where a function of a positive strength falls through zero, on any scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.optimize import brentq

STEP: Final = 8.0
"""Factor between two trial strengths while bracketing."""

DECADES: Final = 45
"""Bracketing gives up after this many steps each way: 10⁴⁰ from the natural scale."""


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
    step = float(np.log(STEP))
    if at(low) > 0:
        for _ in range(DECADES):
            low, high = high, high + step
            if at(high) <= 0:
                break
        else:
            return float(np.inf)
    else:
        for _ in range(DECADES):
            low, high = low - step, low
            if at(low) > 0:
                break
        else:
            return 0.0
    return float(np.exp(brentq(at, low, high, xtol=1e-13, rtol=1e-13, maxiter=300)))
