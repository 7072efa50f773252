"""Functions of the strength on panels of Chebyshev polynomials: the range where a density counts, and its logarithm there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from limits.errors import InputError
from limits.likelihood import Array

LogDensity = Callable[[Array], Array]
"""ln of a density at strengths (K,), (K,); −∞ where it vanishes."""

NODES: Final = 12
"""Chebyshev nodes per panel."""

DEPTH: Final = 40
"""Panels are halved at most this often: enough to come close to a strength where the density vanishes."""

LADDER: Final = 120
"""Steps of √2 with which an end of the density is looked for; one that has none by then has no finite integral."""

_ANGLES: Final = np.pi * (np.arange(NODES) + 0.5) / NODES
_TRANSFORM: Final = np.cos(np.outer(_ANGLES, np.arange(NODES))) * np.where(np.arange(NODES) == 0, 1, 2) / NODES


@dataclass(frozen=True, eq=False)
class Piecewise:
    """A function on panels between `edges` (N + 1,), Chebyshev `coefficients` (N, NODES) in each; −∞ outside."""

    edges: Array
    coefficients: Array

    @property
    def nodes(self) -> Array:
        """Where the function was evaluated, (N, NODES)."""
        return _nodes(self.edges[:-1], self.edges[1:])

    def __call__(self, x: Array) -> Array:
        """The function at x (...,), (...,)."""
        panel = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.edges) - 2)
        low, high = self.edges[panel], self.edges[panel + 1]
        u = np.clip((2 * x - low - high) / (high - low), -1, 1)
        c = self.coefficients[panel]
        last, next_one = np.zeros(u.shape), np.zeros(u.shape)
        for k in range(NODES - 1, 0, -1):
            last, next_one = c[..., k] + 2 * u * last - next_one, last
        inside = (x >= self.edges[0]) & (x <= self.edges[-1])
        return np.where(inside, c[..., 0] + u * last - next_one, -np.inf)

    def refitted(self, values: Array) -> Piecewise:
        """The function with other values (N, NODES) at the same nodes."""
        return Piecewise(self.edges, _coefficients(values))


def _nodes(low: Array, high: Array) -> Array:
    return np.asarray((low + high)[:, None] / 2 + (high - low)[:, None] / 2 * np.cos(_ANGLES))


def _coefficients(values: Array) -> Array:
    """Chebyshev coefficients (N, NODES); a panel that is not finite throughout counts as −∞."""
    good = np.all(np.isfinite(values), axis=1)
    found = np.where(good[:, None], values, 0.0) @ _TRANSFORM
    found[~good, 0] = -np.inf
    return np.asarray(found)


def span(
    function: LogDensity, centre: float, scale: float, bounds: tuple[float, float], drop: float
) -> tuple[float, float]:
    """Where the density has fallen by e^−drop on both sides of its peak, or the bounds: steps of √2 from `centre`, first 4 `scale`.

    Raises:
        InputError: the density vanishes at all trial strengths, or does not fall.
    """
    lower, upper = bounds
    centre = min(max(centre, lower), upper)
    first = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    peak = float(function(np.clip(centre + scale * first, lower, upper)).max())
    ends = []
    for sign, bound in ((-1.0, lower), (1.0, upper)):
        for k in range(LADDER + 1):
            end = float(np.clip(centre + sign * 4 * scale * 2 ** (k / 2), lower, upper))
            value = float(function(np.array([end]))[0])
            peak = max(peak, value)
            if end == bound or (value < peak - drop and np.isfinite(peak)):
                break
        else:
            raise InputError("the likelihood does not fall with the strength: the posterior has no finite integral")
        ends.append(end)
    return ends[0], ends[1]


def _even(x: Array) -> Array:
    return np.zeros(x.shape)


def interpolate(
    function: LogDensity,
    low: float,
    high: float,
    tolerance: float,
    log_weight: LogDensity = _even,
    depth: int = DEPTH,
) -> Piecewise:
    """`function` between low and high, on panels halved until it is known to `tolerance` where the density counts.

    The density that counts is that of `function` + `log_weight`. Where it is finite, panels are halved `depth` times at most.

    Raises:
        InputError: the density vanishes everywhere.
    """
    edges = low + (high - low) * np.array([0.0, 0.3, 1.0])  # tails are longer than peaks, and longer to the right
    waiting, done, peak = np.stack([edges[:-1], edges[1:]], axis=1), list[tuple[float, float, Array]](), -np.inf
    for level in range(DEPTH + 1):
        nodes = _nodes(*waiting.T).ravel()
        values = function(nodes).reshape(-1, NODES)
        height = values + log_weight(nodes).reshape(-1, NODES)
        peak = max(peak, float(height.max()))
        if not np.isfinite(peak):
            raise InputError("the data are impossible at every strength: there is no posterior")
        coefficients = _coefficients(values)
        error = np.where(np.isfinite(coefficients[:, 0]), np.abs(coefficients[:, -2:]).sum(axis=1), 1.0)
        width = (waiting[:, 1] - waiting[:, 0]) / (high - low)
        # Of the probability; a peak is hardly narrower than a sixteenth of the whole range.
        share = np.minimum(np.exp(height.max(axis=1) - peak) * width * 16, 1.0)
        finite = np.all(np.isfinite(values), axis=1)
        good = (np.expm1(np.minimum(error, 700.0)) * share < tolerance) | (level == DEPTH) | (finite & (level >= depth))
        done += [(float(a), float(b), c) for (a, b), c in zip(waiting[good], coefficients[good], strict=True)]
        rest = waiting[~good]
        if not len(rest):
            break
        middle = rest.mean(axis=1)
        waiting = np.concatenate([np.stack([rest[:, 0], middle], axis=1), np.stack([middle, rest[:, 1]], axis=1)])
    done.sort(key=lambda panel: panel[0])
    return Piecewise(np.array([*(p[0] for p in done), done[-1][1]]), np.array([p[2] for p in done]))
