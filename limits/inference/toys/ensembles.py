"""p-values from toy experiments: the distributions of q̃ with and without signal, and where they make CLs, or CLs+b, equal 1 − level.

Toys are thrown with the nuisances at their fit to the observed data, counts and auxiliary data both fluctuate, and every toy is fitted
twice. Toys come in blocks; each block seeds itself from (seed, hypothesis, number), so that the answer depends on the seed and the
number of toys and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from limits.errors import FitError
from limits.inference.results import SIGMAS, PValues
from limits.likelihood import Array, Fit, Likelihood
from limits.likelihood.binned import BinnedLikelihood

BLOCK: Final = 250
"""Toys per block."""

BACKGROUND_ONLY, WITH_SIGNAL, AT_BEST_FIT, AT_TRUTH = range(4)
"""What toys are thrown for: a part of their seed."""

OUTWARDS: Final = 1.35
"""First factor between trial strengths while bracketing; each further one is larger by the same factor."""

NOTHING: Final = 1e-2
"""Strengths this small, or the inverse as large, relative to where the limit was expected, are no longer tried."""

CLOSING: Final = 4
NARROW: Final = 0.05
"""A bracket narrower than this is interpolated: toys seldom tell more."""

SAME: Final = 1e-7
"""Two values of q̃ this close are equal: counts are integers, so exact ties are common."""


def thrown(likelihood: Likelihood, theta: Array, size: int, seed: int, hypothesis: int) -> Iterator[Array]:
    """Toy data sets thrown at theta, `size` in all, in blocks (≤ BLOCK, n_data)."""
    for number in range(-(-size // BLOCK)):
        rng = np.random.default_rng([seed, hypothesis, number])
        yield likelihood.sample(theta, BLOCK, rng)[: size - number * BLOCK]


def q_of_toys(likelihood: Likelihood, toys: Array, strength: float) -> Array:
    """q̃ of each toy (T,): 2Δ(−ln L) to the best fit ≥ 0, zero below it (1007.1727 Eq. 16); nan where a fit failed twice."""
    t, best = _profiled(likelihood, toys, np.array([strength]))
    return np.where(best < strength, t[:, 0], 0.0 * best)


def t_of_toys(likelihood: Likelihood, toys: Array, strengths: Array) -> Array:
    """t̃ of each toy at each strength, (T, K): as q̃, but not zero below the best fit (1007.1727 Eq. 11)."""
    return _profiled(likelihood, toys, strengths)[0]


def _profiled(likelihood: Likelihood, toys: Array, strengths: Array) -> tuple[Array, Array]:
    """2Δ(−ln L) (T, K) and best strengths (T,). A toy whose fit fails in the batch is fitted again by the fit that looks twice."""
    if isinstance(likelihood, BinnedLikelihood):
        best, t, good = likelihood.profile_many(toys, strengths)
    else:
        best, t, good = _fitted(likelihood, toys, strengths)
    for row, column in np.argwhere(~good):
        t[row, column], best[row] = _again(likelihood, toys[row], float(strengths[column]))
    return t, best


def _fitted(likelihood: Likelihood, toys: Array, strengths: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """As `BinnedLikelihood.profile_many`, for any likelihood."""
    free = likelihood.fit_many(toys)
    fixed = [likelihood.fit_many(toys, float(strength)) for strength in strengths]
    t = np.maximum(0.0, 2 * (np.stack([fits.nll for fits in fixed], axis=1) - free.nll[:, None]))
    good = free.converged[:, None] & np.stack([fits.converged for fits in fixed], axis=1)
    return free.theta[:, 0].copy(), t, good


def _again(likelihood: Likelihood, toy: Array, strength: float) -> tuple[float, float]:
    """2Δ(−ln L) and best strength of a toy whose fit failed; nan if it fails again."""
    try:
        free, fixed = likelihood.fit(toy), likelihood.fit(toy, strength)
    except FitError:
        return np.nan, np.nan
    if "failed" in (free.status, fixed.status):
        return np.nan, np.nan
    return max(0.0, 2 * (fixed.nll - free.nll)), free.strength


@dataclass(frozen=True, eq=False)
class Ensemble:
    """q̃ of background-only and of signal-plus-background toys at one strength, sorted; and how many fits had to be left out."""

    strength: float
    observed: float
    background: Array
    signal: Array
    failed: int
    divided: bool = True
    """CLs+b is divided by CLb; otherwise it is the p-value itself."""

    def tail(self, which: Array, q: float) -> float:
        """Share of toys with q̃ at or above q."""
        return float(len(which) - np.searchsorted(which, q - SAME)) / len(which)

    def p_at(self, q: float) -> float:
        """CLs (or CLs+b) of a data set with that q̃."""
        clb = max(self.tail(self.background, q), 1 / len(self.background)) if self.divided else 1.0
        return self.tail(self.signal, q) / clb

    @property
    def p_values(self) -> PValues:
        """Observed and expected p-values, the latter at the quantiles of the background-only toys."""
        expected = tuple(self.p_at(q) for q in self._quantiles)
        clsb, clb = self.tail(self.signal, self.observed), self.tail(self.background, self.observed)
        return PValues(self.p_at(self.observed), clsb, clb, expected)

    @property
    def _quantiles(self) -> Array:
        # A downward fluctuation (−2σ) is the one with the large q̃.
        return np.asarray(np.quantile(self.background, 1 - ndtr(np.array(SIGMAS)), method="inverted_cdf"))

    @property
    def log_errors(self) -> Array:
        """Binomial error of ln p, (6,): observed, then the five expected."""
        used = (self.signal, self.background) if self.divided else (self.signal,)
        q = np.array([self.observed, *self._quantiles])
        tails = [np.array([max(self.tail(which, x), 1 / len(which)) for x in q]) for which in used]
        return np.asarray(np.sqrt(sum((1 - p) / (p * len(which)) for p, which in zip(tails, used, strict=True))))


@dataclass(frozen=True, eq=False)
class ToyCalculator:
    """Ensembles of one likelihood at any strength; each is thrown once."""

    likelihood: Likelihood
    data: Array
    size: int
    seed: int
    divided: bool = True
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
            signal, failed_s = self._statistics(fixed.theta, strength, WITH_SIGNAL)
            background, failed_b = self._statistics(self.background.theta, strength, BACKGROUND_ONLY)
            failed = failed_s + failed_b
            if failed > 0.05 * 2 * self.size:
                raise FitError(f"{failed} of {2 * self.size} toys at strength {strength:g} could not be fitted")
            self.ensembles[strength] = Ensemble(strength, max(0.0, observed), background, signal, failed, self.divided)
        return self.ensembles[strength]

    def _statistics(self, theta: Array, strength: float, hypothesis: int) -> tuple[Array, int]:
        """Sorted q̃ of the toys thrown at theta, and how many are missing."""
        blocks = thrown(self.likelihood, theta, self.size, self.seed, hypothesis)
        every = np.concatenate([q_of_toys(self.likelihood, toys, strength) for toys in blocks])
        good = every[np.isfinite(every)]
        return np.sort(good), len(every) - len(good)


@dataclass(frozen=True)
class Crossing:
    """Where the p-value equals 1 − level, the statistical error of that strength, and whether both sides of it were seen.

    `all_excluded`: the p-value is below 1 − level down to strengths that are next to nothing.
    """

    strength: float
    error: float
    bracketed: bool
    all_excluded: bool


def crossing(calculator: ToyCalculator, which: int, alpha: float, guess: float) -> Crossing:
    """The strength at which the observed (which = 0) or an expected (1 … 5) p-value falls through alpha.

    Brackets outwards from `guess`, closes in by regula falsi on ln p against ln(strength), and interpolates; ensembles thrown for one
    quantile serve the others.
    """
    floor = 0.5 / calculator.size

    def height(strength: float) -> float:
        values = calculator.at(strength).p_values
        cls = (values.cls, *values.cls_expected)[which]
        return float(np.log(max(cls if cls is not None else 1.0, floor) / alpha))

    low = high = guess
    at_low = at_high = height(guess)
    step = OUTWARDS
    while at_low <= 0 and low > NOTHING * guess:
        low, step = low / step, step * OUTWARDS
        at_low = height(low)
    while at_high > 0 and high < guess / NOTHING:
        high, step = high * step, step * OUTWARDS
        at_high = height(high)
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
    nothing = not bracketed and at_low <= 0
    return Crossing(strength, float(strength * nearest.log_errors[which] / slope), bracketed, nothing)
