"""The posterior of the strength in one dimension: any likelihood of it, times any prior; and its convolution with a Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from limits.errors import InputError, unknown
from limits.inference.bayes.panels import LogDensity, Piecewise, interpolate, span
from limits.inference.bayes.priors import KINDS, Kind, Prior
from limits.kernel.quadrature import gauss_legendre
from limits.likelihood import Array

DROP: Final = 32.0
"""A density to be smeared is followed down to e^−DROP of its peak."""

TINY: Final = 1e-300
"""Stands for strength 0 where a logarithm is taken."""


class StrengthPosterior(Protocol):
    """What an interval needs of a posterior."""

    @property
    def prior(self) -> Prior:
        """The prior it was made with."""

    def tail(self, strength: float) -> float:
        """Posterior probability above `strength`."""

    def quantile(self, probability: float) -> float:
        """The strength below which lies that probability."""

    def shortest(self, level: float) -> tuple[float, float]:
        """The shortest interval of that probability."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Posterior of the strength: e^`log_likelihood` (any constant) times the prior, inside the panels and the prior's range.

    `log_root_information` is ln of the prior density that replaces the power where the prior is Jeffreys'.
    """

    log_likelihood: Piecewise
    prior: Prior
    log_root_information: LogDensity | None = None

    @cached_property
    def _power(self) -> float:
        """Integrals are in v = strength^q (ln strength for q = 0), in which a prior that diverges at 0 is flat there."""
        return 0.5 if self.prior.jeffreys else min(self.prior.power, 0.0) + 1

    @cached_property
    def _peak(self) -> float:
        nodes = self.log_likelihood.nodes
        nodes = nodes[nodes > 0]
        return float((self.log_likelihood(nodes) + self._log_prior(nodes)).max())

    def _log_prior(self, s: Array) -> Array:
        """ln of the prior at strengths > 0."""
        if self.prior.jeffreys and self.log_root_information is not None:
            return np.asarray(self.log_root_information(s) - self.prior.decay * s)
        return np.asarray(self.prior.power * np.log(s) - self.prior.decay * s)

    def at(self, strength: float) -> float:
        """The density of the probability."""
        s = np.array([max(strength, TINY)])
        height = float(np.exp(self.log_likelihood(s) + self._log_prior(s) - self._peak)[0])
        return height / float(self._panels[1].sum())

    def _integrals(self, low: Array, high: Array) -> Array:
        """∫ of the density over panels (N,), (N,)."""
        x, w = gauss_legendre(16)
        q = self._power
        ends = [np.log(s) if q == 0 else s**q for s in (low, high)]
        half = (ends[1] - ends[0])[:, None] / 2
        v = (ends[1] + ends[0])[:, None] / 2 + half * x
        s = np.maximum(np.exp(v) if q == 0 else v ** (1 / q), TINY)
        log_value = self.log_likelihood(s) + self._log_prior(s) + (1 - q) * np.log(s) - self._peak - np.log(q or 1.0)
        found: Array = (half * np.exp(log_value)) @ w
        return found

    @cached_property
    def _panels(self) -> tuple[Array, Array]:
        """Edges of panels and their masses: the interpolation's, quartered, and ever finer ones towards 0."""
        edges = self.log_likelihood.edges
        fine = (edges[:-1, None] + np.diff(edges)[:, None] * np.arange(4) / 4).ravel()
        high = float(min(edges[-1], self.prior.upper))
        near = high * np.geomspace(1e-12, 1, 50)
        every = np.unique(np.concatenate([fine, near, [0.0, high]]))
        low = max(float(edges[0]), self.prior.lower, float(near[0]) if self._power == 0 else 0.0)
        every = np.concatenate([[low], every[(every > low) & (every <= high)]])
        return every, self._integrals(every[:-1], every[1:])

    @cached_property
    def _below(self) -> Array:
        """Probability below each edge, (N + 1,)."""
        masses = self._panels[1]
        return np.asarray(np.concatenate([[0.0], np.cumsum(masses)]) / masses.sum())

    def tail(self, strength: float) -> float:
        """Posterior probability above `strength`."""
        edges, masses = self._panels
        if strength <= edges[0]:
            return 1.0
        if strength >= edges[-1]:
            return 0.0
        panel = int(np.searchsorted(edges, strength, side="right")) - 1
        rest = self._integrals(np.array([strength]), edges[panel + 1 : panel + 2])[0]
        return float((rest + masses[panel + 1 :].sum()) / masses.sum())

    def quantile(self, probability: float) -> float:
        """The strength below which lies that probability."""
        edges, masses = self._panels
        if probability <= 0 or probability >= 1:
            return float(edges[0]) if probability <= 0 else self.prior.upper
        panel = min(int(np.searchsorted(self._below, probability, side="right")) - 1, len(masses) - 1)
        low, high = float(edges[panel]), float(edges[panel + 1])
        wanted = (probability - self._below[panel]) * masses.sum()
        if wanted >= masses[panel]:
            return high

        def missing(s: float) -> float:
            return float(self._integrals(np.array([low]), np.array([s]))[0] - wanted)

        return float(brentq(missing, low, high, xtol=1e-14 * high, rtol=1e-13))

    def shortest(self, level: float) -> tuple[float, float]:
        """The shortest interval of that probability: the ends have the same density, or it begins where the prior does."""
        return shortest(self.quantile, self.at, level)


def of_density(
    log_density: LogDensity, prior: Prior, centre: float, scale: float, tolerance: float = 1e-9
) -> Posterior:
    """The posterior of any likelihood of the strength, its ln known up to a constant; `centre`, `scale`: roughly peak and width.

    Raises:
        InputError: the likelihood vanishes, or does not fall with the strength; Jeffreys' prior, which needs more than a curve.
    """
    if prior.jeffreys:
        raise InputError(f"prior {prior.name}: a likelihood curve does not tell the Fisher information")
    weight = log_weight(prior)
    low, high = span(lambda s: log_density(s) + weight(s), centre, scale, (prior.lower, prior.upper), DROP)
    require_proper(log_density, prior, low)
    return Posterior(interpolate(log_density, low, high, tolerance, weight), prior)


def log_weight(prior: Prior) -> LogDensity:
    """ln of the parts of the prior that move the peak: a power that rises, and the decay."""
    power = 0.0 if prior.jeffreys else max(prior.power, 0.0)

    def weight(s: Array) -> Array:
        return np.asarray(power * np.log(np.maximum(s, TINY)) - prior.decay * s)

    return weight


def require_proper(log_density: LogDensity, prior: Prior, low: float) -> None:
    """Refuse a prior 1/s where strength 0 is possible.

    Raises:
        InputError: names the prior.
    """
    if prior.power <= -1 and not prior.jeffreys and low == 0 and np.isfinite(log_density(np.zeros(1)))[0]:
        raise InputError(
            f"prior {prior.name}: the data are possible at strength 0: the posterior has no finite integral"
        )


def shortest(quantile: Callable[[float], float], at: Callable[[float], float], level: float) -> tuple[float, float]:
    """The shortest interval holding `level` of a density with one peak, from its quantile function and itself."""
    slack = 1 - level

    def ends(below: float) -> tuple[float, float]:
        return quantile(below), quantile(min(below + level, 1 - 1e-15))

    def rise(below: float) -> float:
        low, high = ends(below)
        return at(high) - at(low)

    grid = slack * np.linspace(0, 1, 26)
    best = int(np.argmin([np.subtract(*ends(float(p))[::-1]) for p in grid]))
    left, right = grid[max(best - 1, 0)] or 1e-12 * slack, grid[min(best + 1, 25)]
    if rise(left) > 0 > rise(right):
        return ends(float(brentq(rise, left, right, xtol=1e-14)))
    return ends(float(grid[best]))


def edges(posterior: StrengthPosterior, level: float, kind: Kind) -> tuple[float, float]:
    """Both edges of the interval: from the prior's lower end, between equal tails, or the shortest.

    Raises:
        UnknownName: no such kind.
    """
    if kind not in KINDS:
        raise unknown("kind of interval", kind, KINDS)
    if kind == "shortest":
        return posterior.shortest(level)
    if kind == "central":
        return posterior.quantile((1 - level) / 2), posterior.quantile((1 + level) / 2)
    return posterior.prior.lower, posterior.quantile(level)


def smeared(log_density: LogDensity, additive: float, relative: float, centre: float, scale: float) -> LogDensity:
    """ln ∫ L(t) Gauss(t − s; √(additive² + (relative·s)²)) dt as a function of s, t over all strengths with L > 0, negative too.

    The form of BESIII (arXiv:2404.04640) for a systematic error of the strength. `centre` and `scale` are a strength near the peak
    of L and its width; `additive` is in units of the strength.

    Raises:
        InputError: a width that is negative, or a relative one above 0.1, with which the posterior has no end.
    """
    if not (additive >= 0 and 0 <= relative <= 0.1 and np.isfinite(additive)):
        raise InputError(f"smeared: additive = {additive!r}, relative = {relative!r}: ≥ 0 and in 0…0.1 are needed")
    curve = interpolate(log_density, *span(log_density, centre, scale, (-np.inf, np.inf), DROP), 1e-9)
    # Within 9 widths of s, where L is Gaussian or steeper: 128 nodes resolve the narrower of the two.
    x, w = gauss_legendre(128)

    def convolved(s: Array) -> Array:
        width = np.hypot(additive, relative * s)
        low, high = np.maximum(s - 9 * width, curve.edges[0]), np.minimum(s + 9 * width, curve.edges[-1])
        half = np.maximum(high - low, 0.0)[:, None] / 2
        t = (low + high)[:, None] / 2 + half * x
        safe = np.where(width > 0, width, 1.0)
        with np.errstate(divide="ignore"):
            terms = curve(t) + np.log(half * w) - 0.5 * ((t - s[:, None]) / safe[:, None]) ** 2
        total = logsumexp(terms, axis=1) - np.log(safe * np.sqrt(2 * np.pi))
        return np.where(width > 0, total, curve(s))

    return convolved
