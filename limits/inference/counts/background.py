"""The background of one count and its auxiliary measurement: every fit at a known signal in closed form, for arrays of any shape.

A count n ~ Poisson(s + b) is fitted together with one auxiliary datum that says how large b is. At fixed s that is one equation for
b, quadratic for a Gaussian or a Poisson datum. Costs are −log L relative to the saturated one, as in `limits.kernel`; s and b are in
events. Roots are taken in the form whose terms have equal signs, and pulls from the stationarity condition, not from b − a.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy.special import gammaln, wrightomega, xlogy

from limits.kernel import poisson_cost
from limits.likelihood import Array

MAX_STEPS: Final = 100
"""Steps of a bracketed search; bisection alone needs about 60 for all digits."""

TINIEST: Final = 1e-300
"""Keeps 0/0 away where numerator and denominator vanish together; no result depends on it."""

SLACK: Final = 1e-9
"""Room between a root and the end of its bracket, so that rounding does not put it outside."""

LEFT_OUT: Final = 36.8
"""−ln of the probability of the counts outside a summation window, per side: 1e-16."""

FROM_ZERO: Final = 1000.0
"""Sums over Poisson counts with a smaller expectation begin at 0: deficits keep their digits down to e^−1000."""


class Fitted(NamedTuple):
    """A fit at a known signal: its cost, the background in events, and the auxiliary datum that it expects, (...) each."""

    cost: Array
    background: Array
    centre: Array


def poisson_window(expected: Array) -> tuple[Array, int]:
    """First count (...) and number of counts of sums over Poisson(expected); less than 1e-16 lies outside (Bernstein's inequality)."""
    third, spread = LEFT_OUT / 3, np.sqrt(2 * LEFT_OUT * expected)
    first = np.where(expected < FROM_ZERO, 0.0, np.floor(expected - spread))
    last = np.ceil(expected + third + np.hypot(third, spread))
    return first, int(np.max(last - first)) + 1


def poisson_probability(count: Array, expected: Array) -> Array:
    """P(count | expected), (...)."""
    return np.asarray(np.exp(xlogy(count, expected) - expected - gammaln(count + 1)))


def rising_root(
    function: Callable[[Array], tuple[Array, Array]], low: Array, high: Array, start: Array, tolerance: Array | float
) -> Array:
    """Where `function` (value and slope) rises through zero between `low` and `high`, (...): Newton steps, bisection where they fail.

    Without a change of sign the answer is the end at which the function is nearer to zero.
    """
    at, before = start, 2 * (high - low)
    for _ in range(MAX_STEPS):
        value, slope = function(at)
        low, high = np.where(value < 0, at, low), np.where(value < 0, high, at)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = np.where((slope > 0) & (slope < np.inf), at - value / slope, np.nan)
        inside = np.clip(newton, low, high)
        step = np.abs(inside - at)
        # Steps that do not at least halve are no quadratic convergence (Numerical Recipes §9.4); nan compares as False.
        good = ((step > 0) & (2 * step <= before)) | (np.abs(newton - at) <= tolerance)
        new = np.where(good, inside, (low + high) / 2)
        before = np.abs(new - at)
        at = new
        if np.all(before <= tolerance):
            break
    return at


@dataclass(frozen=True)
class Known:
    """A background of `events` that nothing is uncertain about; its auxiliary datum is 0 and says nothing."""

    events: float

    def fitted(self, signal: Array, count: Array, aux: Array) -> Fitted:
        """Fit at a known signal, (...)."""
        zero = np.zeros(np.broadcast_shapes(np.shape(signal), np.shape(count), np.shape(aux)))
        return Fitted(poisson_cost(signal + self.events, count) + zero, zero + self.events, zero)

    def preferred(self, aux: Array) -> Fitted:
        """What the auxiliary datum alone says, (...)."""
        zero = np.zeros(np.shape(aux))
        return Fitted(zero, zero + self.events, zero)

    def lattice(self, centre: float) -> tuple[Array, Array]:
        """Possible auxiliary data and their probabilities, (m,) each."""
        return np.full(1, centre), np.ones(1)


@dataclass(frozen=True)
class Gaussian:
    """The auxiliary datum is the background itself, in events, with standard deviation `width`; the background is ≥ `floor`.

    HistFactory's staterror (floor 0, to rounding) and additive b0 + σθ (floor −∞: only the sum with the signal stays ≥ 0).
    """

    width: float
    floor: float

    def fitted(self, signal: Array, count: Array, aux: Array) -> Fitted:
        """Fit at a known signal, (...): ν² − (s + a − σ²)ν − nσ² = 0 for the rate ν = s + b."""
        variance = self.width**2
        half = (signal + aux - variance) / 2
        root = np.abs(half) + np.sqrt(half * half + count * variance)
        rate = np.where(half > 0, root, count * variance / np.maximum(root, TINIEST))
        # An empty bin is indifferent to a negative rate: a datum below −s is then fitted exactly.
        floor = np.maximum(np.minimum(aux, -signal), self.floor)
        pull = np.maximum(self.width * (count / np.maximum(rate, TINIEST) - 1), (floor - aux) / self.width)
        rate = np.maximum(rate, signal + floor)
        background = aux + self.width * pull
        return Fitted(poisson_cost(rate, count) + pull * pull / 2, background, background)

    def preferred(self, aux: Array) -> Fitted:
        """What the auxiliary datum alone says, (...)."""
        at = np.maximum(aux, self.floor)
        return Fitted(((at - aux) / self.width) ** 2 / 2, at, at)

    def datum(self, background: Array) -> Array:
        """The auxiliary datum at which it alone says `background`, (...)."""
        return background


@dataclass(frozen=True)
class Poisson:
    """The auxiliary datum is a count expecting `ratio` times the background; `fixed` events of background beside it are known.

    HistFactory's shapesys, Combine's gmM, n_off and τ of on/off problems. The uncertain background is ≥ `floor`.
    """

    ratio: float
    floor: float = 0.0
    fixed: float = 0.0

    def fitted(self, signal: Array, count: Array, aux: Array) -> Fitted:
        """Fit at a known signal, (...): (1 + τ)b² + ((1 + τ)s − n − m)b − ms = 0."""
        signal = signal + self.fixed
        share = 1 / (1 + self.ratio)
        half, product = ((count + aux) * share - signal) / 2, aux * share * signal
        root = np.abs(half) + np.sqrt(half * half + product)
        b = np.maximum(np.where(half > 0, root, product / np.maximum(root, TINIEST)), self.floor)
        expected = self.ratio * b
        return Fitted(poisson_cost(signal + b, count) + poisson_cost(expected, aux), b + self.fixed, expected)

    def preferred(self, aux: Array) -> Fitted:
        """What the auxiliary datum alone says, (...)."""
        b = np.maximum(aux / self.ratio, self.floor)
        return Fitted(poisson_cost(self.ratio * b, aux), b + self.fixed, self.ratio * b)

    def lattice(self, centre: float) -> tuple[Array, Array]:
        """Possible auxiliary data and their probabilities, (m,) each."""
        first, size = poisson_window(np.asarray(centre))
        data = first + np.arange(size)
        return data, poisson_probability(data, np.asarray(centre))


@dataclass(frozen=True)
class Lognormal:
    """The auxiliary datum is θ of a background `events`·e^(slope·θ), with standard deviation 1; `slope` = ln κ > 0."""

    events: float
    slope: float
    width: float = 1.0

    def fitted(self, signal: Array, count: Array, aux: Array) -> Fitted:
        """Fit at a known signal, (...): θ − a + kb(1 − n/(s + b)) = 0, between its solutions for n = 0 and for s = 0.

        Where the likelihood has two minima (k²n > 4, far from the data) it is one of them.
        """
        k, scale = self.slope, np.log(self.slope**2 * self.events)
        low = aux - wrightomega(scale + k * aux) / k
        top = aux + k * count
        high = np.maximum(low, top - wrightomega(scale + k * top) / k)
        low, high = low - SLACK, high + SLACK

        def stationarity(theta: Array) -> tuple[Array, Array]:
            b = self.events * np.exp(k * theta)
            ratio = count / (signal + b)
            return theta - aux + k * b * (1 - ratio), 1 + k * k * b * (1 - ratio * signal / (signal + b))

        low, high, start = np.broadcast_arrays(low, high, np.clip(aux + 0 * signal, low, high))
        theta = rising_root(stationarity, low, high, start, 1e-11)  # the cost is flat there: 1e-22
        b = self.events * np.exp(k * theta)
        return Fitted(poisson_cost(signal + b, count) + (theta - aux) ** 2 / 2, b, theta)

    def preferred(self, aux: Array) -> Fitted:
        """What the auxiliary datum alone says, (...)."""
        return Fitted(np.zeros(np.shape(aux)), self.events * np.exp(self.slope * aux), np.asarray(aux))

    def datum(self, background: Array) -> Array:
        """The auxiliary datum at which it alone says `background`, (...)."""
        return np.asarray(np.log(np.maximum(background, TINIEST) / self.events) / self.slope)


Continuous = Gaussian | Lognormal
Discrete = Known | Poisson
Background = Continuous | Discrete
