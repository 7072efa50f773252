"""CLs from toy experiments: the distributions of q̃ with and without signal, and where they make CLs equal 1 − level.

Toys are thrown with the nuisances at their fit to the observed data, counts and auxiliary data both fluctuate, and every toy is fitted
twice. Toys come in blocks; each block seeds itself from (seed, hypothesis, number), so that the answer depends on the seed and the
number of toys and on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from scipy.special import ndtr

from limits.errors import FitError
from limits.inference.results import SIGMAS, PValues
from limits.likelihood import Array, Fit
from limits.likelihood.binned import BinnedLikelihood

BLOCK: Final = 250
"""Toys per block."""

OUTWARDS: Final = 1.35
"""Factor between trial strengths while bracketing."""

MAX_BRACKET: Final = 40
CLOSING: Final = 4
NARROW: Final = 0.05
"""A bracket narrower than this is interpolated: toys seldom tell more."""

SAME: Final = 1e-7
"""Two values of q̃ this close are equal: counts are integers, so exact ties are common."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """q̃ of background-only and of signal-plus-background toys at one strength, sorted; and how many fits had to be left out."""

    strength: float
    observed: float
    background: Array
    signal: Array
    failed: int

    def tail(self, which: Array, q: float) -> float:
        """Share of toys with q̃ at or above q."""
        return float(len(which) - np.searchsorted(which, q - SAME)) / len(which)

    def cls_at(self, q: float) -> float:
        """CLs of a data set with that q̃."""
        return self.tail(self.signal, q) / max(self.tail(self.background, q), 1 / len(self.background))

    @property
    def p_values(self) -> PValues:
        """Observed and expected CLs, the latter at the quantiles of the background-only toys."""
        expected = tuple(self.cls_at(q) for q in self._quantiles)
        clsb, clb = self.tail(self.signal, self.observed), self.tail(self.background, self.observed)
        return PValues(self.cls_at(self.observed), clsb, clb, expected)

    @property
    def _quantiles(self) -> Array:
        # A downward fluctuation (−2σ) is the one with the large q̃.
        return np.asarray(np.quantile(self.background, 1 - ndtr(np.array(SIGMAS)), method="inverted_cdf"))

    @property
    def log_errors(self) -> Array:
        """Binomial error of ln CLs, (6,): observed, then the five expected."""
        q = np.array([self.observed, *self._quantiles])
        tails = [
            np.array([max(self.tail(which, x), 1 / len(which)) for x in q]) for which in (self.signal, self.background)
        ]
        variances = [(1 - p) / (p * len(which)) for p, which in zip(tails, (self.signal, self.background), strict=True)]
        return np.asarray(np.sqrt(variances[0] + variances[1]))


@dataclass(frozen=True, eq=False)
class ToyCalculator:
    """Ensembles of one likelihood at any strength; each is thrown once."""

    likelihood: BinnedLikelihood
    data: Array
    size: int
    seed: int
    ensembles: dict[float, Ensemble] = field(default_factory=dict)

    @cached_property
    def free(self) -> Fit:
        """Best fit of the observed data, strength ≥ 0."""
        return self.likelihood.fit(self.data)

    @cached_property
    def background(self) -> Fit:
        """Fit of the observed data at strength 0."""
        return self.likelihood.fit(self.data, 0.0)

    def at(self, strength: float) -> Ensemble:
        """The ensemble at that strength.

        Raises:
            FitError: more than one toy in twenty could not be fitted.
        """
        if strength not in self.ensembles:
            fixed = self.likelihood.fit(self.data, strength)
            observed = 2 * (fixed.nll - self.free.nll) if self.free.strength < strength else 0.0
            signal, failed_s = self._statistics(fixed.theta, strength, 1)
            background, failed_b = self._statistics(self.background.theta, strength, 0)
            failed = failed_s + failed_b
            if failed > 0.05 * 2 * self.size:
                raise FitError(f"{failed} of {2 * self.size} toys at strength {strength:g} could not be fitted")
            self.ensembles[strength] = Ensemble(strength, max(0.0, observed), background, signal, failed)
        return self.ensembles[strength]

    def _statistics(self, theta: Array, strength: float, hypothesis: int) -> tuple[Array, int]:
        """Sorted q̃ of the toys thrown at theta, and how many are missing."""
        found = []
        for number in range(-(-self.size // BLOCK)):
            rng = np.random.default_rng([self.seed, hypothesis, number])
            toys = self.likelihood.sample(theta, BLOCK, rng)[: self.size - number * BLOCK]
            free, fixed = self.likelihood.fit_many(toys), self.likelihood.fit_many(toys, strength)
            q = np.where(free.theta[:, 0] < strength, np.maximum(0.0, 2 * (fixed.nll - free.nll)), 0.0)
            for row in np.flatnonzero(~(free.converged & fixed.converged)):
                q[row] = self._again(toys[row], strength)
            found.append(q)
        every = np.concatenate(found)
        good = every[np.isfinite(every)]
        return np.sort(good), len(every) - len(good)

    def _again(self, toy: Array, strength: float) -> float:
        """q̃ of a toy whose fit failed, by the fit that looks twice; nan if that fails too."""
        try:
            free, fixed = self.likelihood.fit(toy), self.likelihood.fit(toy, strength)
        except FitError:
            return np.nan
        if "failed" in (free.status, fixed.status):
            return np.nan
        return max(0.0, 2 * (fixed.nll - free.nll)) if free.strength < strength else 0.0


@dataclass(frozen=True)
class Crossing:
    """Where CLs equals 1 − level, the statistical error of that strength, and whether both sides of it were seen."""

    strength: float
    error: float
    bracketed: bool


def crossing(calculator: ToyCalculator, which: int, alpha: float, guess: float) -> Crossing:
    """The strength at which the observed (which = 0) or an expected (1 … 5) CLs falls through alpha.

    Brackets outwards from `guess`, closes in by regula falsi on ln CLs against ln(strength), and interpolates; ensembles thrown for one
    quantile serve the others.
    """
    floor = 0.5 / calculator.size

    def height(strength: float) -> float:
        values = calculator.at(strength).p_values
        cls = (values.cls, *values.cls_expected)[which]
        return float(np.log(max(cls if cls is not None else 1.0, floor) / alpha))

    low = high = guess
    at_low = at_high = height(guess)
    for _ in range(MAX_BRACKET):
        if at_low <= 0:
            low = low / OUTWARDS
            at_low = height(low)
        elif at_high > 0:
            high = high * OUTWARDS
            at_high = height(high)
        else:
            break
    for _ in range(CLOSING):
        if not at_low > 0 >= at_high or high / low < 1 + NARROW:
            break
        share = np.clip(at_low / (at_low - at_high), 0.15, 0.85)
        middle = float(low * (high / low) ** share)
        at_middle = height(middle)
        low, at_low, high, at_high = (
            (middle, at_middle, high, at_high) if at_middle > 0 else (low, at_low, middle, at_middle)
        )
    bracketed = at_low > 0 >= at_high
    share = at_low / (at_low - at_high) if bracketed and at_low > at_high else 0.5
    strength = float(low * (high / low) ** share)
    nearest = calculator.at(high if abs(at_high) < abs(at_low) else low)
    slope = max((at_low - at_high) / np.log(high / low), 0.3) if high > low else 0.3
    return Crossing(strength, float(strength * nearest.log_errors[which] / slope), bracketed)
