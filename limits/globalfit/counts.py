"""ln L of one count with s expected signal events less ln L without signal: nuisances profiled, or averaged over their densities.

The signal is s·e^(σθ) with θ ~ N(0, 1): lognormals that act on the signal alone are one, σ² = Σ ln²κ. With no event observed the
background does not matter and the profile is −(W + W²/2)/σ², W = W₀(σ²s) the Lambert function (set the slope in θ to zero).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp, wrightomega

from limits.errors import InputError, unknown
from limits.inference.counts.closed import OneCount
from limits.inference.counts.exact import SingleCount
from limits.likelihood.counting import Background, counting

Array = NDArray[np.float64]
Nuisances = Literal["profiled", "marginalised"]

NO_SPREAD: Final = 1e-5
"""A spread σ of the signal below this is none: (σs)² would be seen at a hundred thousand events only."""

GRID: Final = 33
"""Trial values of θ between which the best one is looked for; two minima further apart than a few of them are told apart."""

HALVINGS: Final = 45
ORDER: Final = 48
"""Nodes of the Gauss–Hermite average over θ, centred on the mode."""

MOST: Final = 200
"""Largest count of the binomial sum of averages."""


@dataclass(frozen=True)
class Count:
    """A count, its background, and what is done with the nuisances."""

    observed: float
    background: Background
    nuisances: Nuisances
    name: str = "counting"

    def __post_init__(self) -> None:
        if self.nuisances not in get_args(Nuisances):
            raise unknown("treatment of nuisances", self.nuisances, get_args(Nuisances))
        if self.observed > 0 and self.background.events <= 0:
            raise InputError(f"{self.name}: {self.observed:g} events over no background: ln L without signal is −∞")
        if self.nuisances == "marginalised" and self.observed > MOST:
            raise InputError(
                f"{self.name}: {self.observed:g} events: averages are made of at most {MOST}; use 'profiled'"
            )

    def gain(self, signal: Array, sigma: Array) -> Array:
        """ln L(s) − ln L(0), (...): `signal` events s ≥ 0 and their lognormal spread σ ≥ 0, (...) each."""
        s, spread = np.broadcast_arrays(np.asarray(signal, dtype=float), np.asarray(sigma, dtype=float))
        return self._averaged(s, spread) if self.nuisances == "marginalised" else self._profiled(s, spread)

    # --- profiled ---

    @cached_property
    def _one(self) -> OneCount:
        return OneCount.of(counting(self.observed, 1.0, self.background, (), self.name))

    def _cost(self, signal: Array) -> tuple[Array, Array]:
        """−ln L at known signal, background at its best, and that background."""
        found = self._one.background.fitted(signal, np.asarray(self.observed), np.asarray(self._one.aux))
        return found.cost, found.background

    def _profiled(self, s: Array, sigma: Array) -> Array:
        spread = np.maximum(sigma, NO_SPREAD)
        w = _omega(s, spread)
        if self.observed == 0:
            return np.asarray(np.where(sigma > NO_SPREAD, -(w + w * w / 2) / spread**2, -s))
        theta = np.where(sigma > NO_SPREAD, self._best(s, spread, w), 0.0)
        return np.asarray(self._cost(np.zeros(()))[0] - self._cost(s * np.exp(spread * theta))[0] - theta**2 / 2)

    def _best(self, s: Array, sigma: Array, w: Array) -> Array:
        """The best θ: it lies between that of no event, −W/σ, and σn, the pull of n events that are all signal."""
        low, high = -w / sigma, sigma * self.observed
        trials = low + (high - low) * np.linspace(0, 1, GRID).reshape(-1, *(1,) * s.ndim)
        best = np.argmin(self._cost(s * np.exp(sigma * trials))[0] + trials**2 / 2, axis=0)
        step = (high - low) / (GRID - 1)
        low, high = low + step * np.maximum(best - 1, 0), low + step * np.minimum(best + 1, GRID - 1)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            at = s * np.exp(sigma * middle)
            rising = middle + sigma * at * (1 - self.observed / np.maximum(at + self._cost(at)[1], 1e-300)) > 0
            low, high = np.where(rising, low, middle), np.where(rising, middle, high)
        return np.asarray((low + high) / 2)

    # --- averaged ---

    @cached_property
    def _background_terms(self) -> Array:
        """ln of C(n, k)·E[b^(n−k) e^−b] / E[b^n e^−b] for k = 0…n."""
        one = SingleCount.of(counting(self.observed, 1.0, self.background, (), self.name))
        n, k = one.observed, np.arange(one.observed + 1)
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(one.background, 0.0))
        powers = np.where(k[:, None] == n, 0.0, (n - k)[:, None] * logs) - one.background
        moments = logsumexp(powers, b=one.weights, axis=1)
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + moments - moments[0])

    def _averaged(self, s: Array, sigma: Array) -> Array:
        """n events are k of signal and n − k of background: both averages are apart in every term."""
        terms = [
            term + _log_moment(s, np.maximum(sigma, NO_SPREAD), k) for k, term in enumerate(self._background_terms)
        ]
        return np.asarray(logsumexp(terms, axis=0))


def _omega(s: Array, sigma: Array, k: int = 0) -> Array:
    """W₀(σ²s e^(σ²k)) without overflow; 0 at s = 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(s > 0, wrightomega(np.log(np.where(s > 0, sigma**2 * s, 1.0)) + sigma**2 * k), 0.0))


def _log_moment(s: Array, sigma: Array, k: int) -> Array:
    """ln E[x^k e^−x] of x = s e^(σθ), θ ~ N(0, 1): Gauss–Hermite nodes at the mode with the width of the integrand there."""
    nodes: Any
    weights: Any
    nodes, weights = np.polynomial.hermite.hermgauss(ORDER)
    w = _omega(s, sigma, k)
    mode, width = sigma * k - w / sigma, 1 / np.sqrt(1 + w)
    theta = mode[..., None] + np.sqrt(2) * width[..., None] * nodes
    with np.errstate(divide="ignore"):
        power = k * (np.log(s)[..., None] + sigma[..., None] * theta) if k else 0.0
    logs = power - s[..., None] * np.exp(sigma[..., None] * theta) - theta**2 / 2 + nodes**2
    return np.asarray(logsumexp(logs, b=weights, axis=-1) + np.log(width) - np.log(np.pi) / 2)
