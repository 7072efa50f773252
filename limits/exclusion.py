"""Where along a coupling a point is excluded: a set of intervals, because an island has two edges and there may be several."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

Array = NDArray[np.float64]
Interval = tuple[float | None, float | None]
"""Lower and upper edge; None where the excluded range goes on beyond what was scanned."""

TOLERANCE = 1e-8
"""Relative precision of an edge."""


def excluded_intervals(function: Callable[[float], float], couplings: Array) -> tuple[Interval, ...]:
    """Intervals where `function` (coupling) < 0, in increasing order.

    `couplings` (n,) is an increasing grid that shows where to look: every change of sign is refined, and a grid minimum that is
    still positive is followed down, so that an island narrower than a grid step is found when its surroundings point to it.
    """
    values = np.array([function(float(c)) for c in couplings])
    logs = np.log(couplings)

    def at(log_coupling: float) -> float:
        return function(float(np.exp(log_coupling)))

    for i in _hidden_minima(values):
        found = minimize_scalar(at, bounds=(logs[i - 1], logs[i + 1]), method="bounded", options={"xatol": 1e-6})
        if found.fun < 0:
            logs, values = np.insert(logs, i, found.x), np.insert(values, i, found.fun)
            order = np.argsort(logs)
            logs, values = logs[order], values[order]
            break
    # At a point of the grid the coupling is the grid's: exp(ln c) may be another, and a value of zero have another sign there.
    known = dict(zip(logs.tolist(), values.tolist(), strict=True))

    def kept(log_coupling: float) -> float:
        return known[log_coupling] if log_coupling in known else at(log_coupling)

    edges = [
        float(np.exp(brentq(kept, a, b, rtol=TOLERANCE, xtol=TOLERANCE)))
        for (a, va), (b, vb) in pairwise(zip(logs, values, strict=True))
        if (va < 0) != (vb < 0)
    ]
    bounds: list[float | None] = [*([None] if values[0] < 0 else []), *edges, *([None] if values[-1] < 0 else [])]
    return tuple(zip(bounds[::2], bounds[1::2], strict=True))


def _hidden_minima(values: Array) -> list[int]:
    """Indices of interior local minima that may hide something negative, the deepest first, when nothing on the grid is negative.

    A minimum that is more than half as high as its higher neighbour has no way down to zero within one step of the grid; most
    of those are ripples on a plateau.
    """
    if np.any(values < 0):
        return []
    inner = [
        i
        for i in range(1, len(values) - 1)
        if values[i] <= min(values[i - 1], values[i + 1]) and 2 * values[i] < max(values[i - 1], values[i + 1])
    ]
    return sorted(inner, key=lambda i: float(values[i]))
