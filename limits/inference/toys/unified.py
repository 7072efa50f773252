"""Feldman–Cousins intervals of any likelihood: the profile construction with toys (physics/9711021 §V; PDG Statistics, §40.4.2.2).

A strength is accepted when t̃, 2Δ(−ln L) to the best fit with strength ≥ 0, is no larger than its critical value: the quantile
`level` of toys thrown at that strength with the nuisances at their conditional fit to the data. Critical values are found on a
grid of strengths, which is halved around the edges of the observed interval, and joined by straight lines: counts are integers, and
critical values jump. The statistical error is that of quantiles and passes on to the edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from limits.errors import FitError
from limits.inference.intervals import Interval, profile_interval
from limits.inference.results import SIGMAS, finite
from limits.inference.root import falling_zero
from limits.inference.toys.ensembles import AT_TRUTH, BACKGROUND_ONLY, SAME, t_of_toys, thrown
from limits.likelihood import Array, Likelihood

NODES: Final = 17
"""Strengths at which critical values are found, evenly spaced from 0 on."""

HALVINGS: Final = 5
"""Times the grid is halved around each edge: 1/500 of its length is left."""

ROOM: Final = 1.6
"""The grid runs to this factor beyond where the profile likelihood puts the largest edge that is asked for."""

FAILED: Final = 0.05
"""More than this share of failed toys at one strength is an error."""

DEFINITION: Final = (
    "Feldman–Cousins, ordering by t̃, nuisances profiled, critical values from toys with counts and auxiliary data thrown at the "
    "conditional fit to the data (physics/9711021)"
)


@dataclass(frozen=True, eq=False)
class Construction:
    """Critical values of t̃ at `strengths` (K,), `critical` (K, 3) with the binomial error down and up, and t̃ of the data (K,)."""

    likelihood: Likelihood
    level: float
    strengths: Array
    critical: Array
    observed: Array
    size: int
    seed: int
    failed: int

    def edges(self, t: Array, which: int = 0) -> tuple[float, float]:
        """First and last strength where t̃ (K,) on the grid is no larger than the critical value; ∞ where that is beyond the grid."""
        gap = self.critical[:, which] + SAME - t
        inside = np.flatnonzero(gap >= 0)
        if not len(inside):
            return np.nan, np.nan
        first, last = int(inside[0]), int(inside[-1])

        def between(i: int, j: int) -> float:
            share = gap[i] / (gap[i] - gap[j])
            return float(self.strengths[i] + share * (self.strengths[j] - self.strengths[i]))

        low = between(first, first - 1) if first > 0 else float(self.strengths[0])
        return low, between(last, last + 1) if last + 1 < len(gap) else np.inf

    @cached_property
    def expected(self) -> tuple[Array, int]:
        """Upper edges (5,) at the −2…+2σ quantiles of background-only toys, and how many toys are missing."""
        background = self.likelihood.fit(self.likelihood.observed, 0.0).theta
        found = []
        for toys in thrown(self.likelihood, background, self.size, self.seed, BACKGROUND_ONLY):
            t = t_of_toys(self.likelihood, toys, self.strengths)
            found.append([self.edges(row)[1] if np.all(np.isfinite(row)) else np.nan for row in t])
        every = np.concatenate(found)
        good = every[~np.isnan(every)]
        return np.quantile(good, ndtr(np.array(SIGMAS)), method="inverted_cdf"), len(every) - len(good)


def _critical(likelihood: Likelihood, level: float, strength: float, size: int, seed: int) -> tuple[Array, int]:
    """Critical value of t̃ and its ±1σ binomial neighbours (3,), and how many toys are missing."""
    theta = likelihood.fit(likelihood.observed, strength).theta
    blocks = thrown(likelihood, theta, size, seed, AT_TRUTH)
    every = np.concatenate([t_of_toys(likelihood, toys, np.array([strength]))[:, 0] for toys in blocks])
    good = np.sort(every[np.isfinite(every)])
    if len(good) < (1 - FAILED) * size:
        raise FitError(f"{size - len(good)} of {size} toys at strength {strength:g} could not be fitted")
    return good[np.minimum(_ranks(level, size), len(good) - 1)], size - len(good)


def construct(likelihood: Likelihood, level: float, strengths: Array, size: int, seed: int) -> Construction:
    """Critical values at `strengths` (K,), ascending, from `size` toys each.

    Raises:
        FitError: more than one toy in twenty at some strength could not be fitted.
    """
    rows = [_critical(likelihood, level, float(strength), size, seed) for strength in strengths]
    critical, failed = np.array([row[0] for row in rows]), sum(row[1] for row in rows)
    t = np.array([_t(likelihood, float(strength)) for strength in strengths])
    return Construction(likelihood, level, strengths, critical, t, size, seed, failed)


def _refined(at: Construction) -> Construction:
    """The same with strengths halfway to the neighbours of each edge of the observed interval, and of those one σ off."""
    inside = [np.flatnonzero(critical + SAME >= at.observed) for critical in at.critical.T]
    left = {int(edge) for rows in inside for edge in ((rows[0] - 1, rows[-1]) if len(rows) else ())}
    middles = [at.strengths[i : i + 2].mean() for i in left if 0 <= i < len(at.strengths) - 1]
    extra = construct(at.likelihood, at.level, np.array(middles), at.size, at.seed)
    order = np.argsort(strengths := np.r_[at.strengths, extra.strengths])
    critical, observed = np.r_[at.critical, extra.critical][order], np.r_[at.observed, extra.observed][order]
    return replace(
        at, strengths=strengths[order], critical=critical, observed=observed, failed=at.failed + extra.failed
    )


def _ranks(level: float, size: int) -> NDArray[np.intp]:
    """Ranks of the quantile and of its ±1σ binomial neighbours among `size` sorted values, (3,)."""
    middle, error = level * size, np.sqrt(level * (1 - level) * size)
    return np.asarray(np.clip(np.ceil([middle, middle - error, middle + error]) - 1, 0, size - 1), dtype=np.intp)


def unified_interval(
    likelihood: Likelihood, level: float, size: int, seed: int
) -> tuple[Interval, Construction | None]:
    """The interval of the observed data, and the construction it was read from (None where no strength is excluded).

    Raises:
        InputError: a level outside (0, 1).
        FitError: too many toys that cannot be fitted, or no finite likelihood to start from.
    """
    rough = profile_interval(likelihood, level)
    if rough.high is None:
        return Interval(0.0, None, rough.best, level, "feldman-cousins", DEFINITION, "insensitive"), None
    top = max(rough.high, _largest_expected(likelihood, level)) * ROOM
    at = construct(likelihood, level, top * np.linspace(0, 1, NODES), size, seed)
    for _ in range(HALVINGS):
        at = _refined(at)
    low, high = at.edges(at.observed)
    troubles = [] if np.isfinite(high) else ["upper edge not found: it lies beyond the strengths tried"]
    warnings = _errors(at) if np.isfinite(high) else []
    if at.failed:
        warnings.append(f"{at.failed} of {size * len(at.strengths)} toys could not be fitted and were left out")
    interval = Interval(
        low=finite(low),
        high=finite(high),
        best=rough.best,
        level=level,
        method="feldman-cousins",
        definition=DEFINITION,
        status="partial" if troubles else "ok",
        warnings=(*troubles, *warnings),
    )
    return interval, at


def _t(likelihood: Likelihood, strength: float) -> float:
    """t̃ of the data."""
    free = likelihood.fit(likelihood.observed)
    return max(0.0, 2 * (likelihood.fit(likelihood.observed, strength).nll - free.nll))


def _largest_expected(likelihood: Likelihood, level: float) -> float:
    """Where an upward fluctuation of 2σ over the background would put the upper edge, roughly."""
    asimov = likelihood.asimov(likelihood.fit(likelihood.observed, 0.0).theta)
    best = float(likelihood.nll(likelihood.fit(likelihood.observed, 0.0).theta, asimov))
    # For a Gaussian the edge of +2σ lies 2 + √χ² standard deviations up, where t̃ of the Asimov data is the square of that.
    goal = (2 + np.sqrt(-2 * np.log(1 - level))) ** 2
    return falling_zero(lambda s: goal - 2 * (likelihood.fit(asimov, s).nll - best), likelihood.signal_scale)


def _errors(at: Construction) -> list[str]:
    """The statistical errors of the edges in words: from critical values one σ off, and the last halving of the grid."""
    low, high = at.edges(at.observed)
    lows, highs = zip(*(at.edges(at.observed, which) for which in (1, 2)), strict=True)
    step = at.strengths[-1] / (NODES - 1) / 2**HALVINGS
    lower, upper = (float(max(abs(a - b), step) / 2) for a, b in (lows, highs))
    note = f", lower edge {100 * lower / low:.1f} %" if low > 0 else ""
    return [f"statistical error of the observed limit: {100 * upper / high:.1f} %{note} ({at.size} toys per strength)"]
