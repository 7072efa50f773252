"""The posterior of the strength for one count, exact: nuisances by quadrature over their densities, the strength in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from scipy.special import gammaincc, gammaln, xlogy

from limits.errors import InputError
from limits.inference.bayes.posterior import shortest
from limits.inference.bayes.priors import FLAT, Prior
from limits.inference.counts.exact import SingleCount
from limits.inference.root import falling_zero
from limits.kernel.quadrature import gauss_legendre
from limits.likelihood import Array


class _Density(Protocol):
    """An unnormalised posterior: its integral above a strength, and itself."""

    def above(self, strength: float) -> float: ...

    def at(self, strength: float) -> float: ...


@dataclass(frozen=True, eq=False)
class _GammaMixture:
    """Posterior of a power prior: (s S + b)^n e^(−s S) s^k, expanded in powers of s, is a sum of Gamma densities, all positive."""

    log_weight: Array
    shape: Array
    rate: Array

    @classmethod
    def of(cls, single: SingleCount, prior: Prior, count: int) -> _GammaMixture:
        seen = single.signal > 0
        signal, background = single.signal[seen, None], single.background[seen, None]
        # A prior 1/s is integrable only if the count is certainly signal.
        proper = prior.power > -1 or (count > 0 and not np.any(background > 0))
        if not proper:
            raise InputError(
                f"prior {prior.name}: {count} events over a background: the posterior has no finite integral at 0"
            )
        i = np.arange(count if prior.power <= -1 else 0, count + 1)
        shape, rate = i + prior.power + 1, signal + prior.decay
        binomial = gammaln(count + 1) - gammaln(i + 1) - gammaln(count - i + 1)
        log_weight = np.log(single.weights[seen, None]) + binomial + xlogy(count - i, background) - background
        log_weight = log_weight + i * np.log(signal) - shape * np.log(rate) + gammaln(shape)
        log_weight = log_weight - log_weight.max()
        kept = log_weight > -45
        wide = np.broadcast_to(shape, kept.shape), np.broadcast_to(rate, kept.shape)
        return cls(log_weight[kept], wide[0][kept], wide[1][kept])

    def above(self, strength: float) -> float:
        return float(np.exp(self.log_weight) @ gammaincc(self.shape, self.rate * strength))

    def at(self, strength: float) -> float:
        log_power = xlogy(self.shape - 1, self.rate * strength) + np.log(self.rate) - gammaln(self.shape)
        return float(np.exp(self.log_weight + log_power - self.rate * strength).sum())


@dataclass(frozen=True, eq=False)
class _Jeffreys:
    """Posterior of the Jeffreys prior by Gauss–Legendre panels, finer towards 0, up to where the one of the flat prior has died."""

    single: SingleCount
    prior: Prior
    count: int

    def at(self, strength: float) -> float:
        signal, background, weights = self.single.signal, self.single.background, self.single.weights
        mean = strength * signal + background
        information = weights @ (signal**2 / np.maximum(mean, 1e-300))
        log_poisson = xlogy(self.count, mean) - mean - xlogy(self.count, self.count) + self.count
        return float(np.sqrt(information) * np.exp(-self.prior.decay * strength) * (weights @ np.exp(log_poisson)))

    def _integral(self, low: float, high: float) -> float:
        """∫ of the density, in √s: an inverse root at 0 is then smooth."""
        x, w = gauss_legendre(12)
        a, b = np.sqrt(low), np.sqrt(high)
        u = (a + b) / 2 + (b - a) / 2 * x
        return float((b - a) * (w * u) @ [self.at(s) for s in u**2])

    @cached_property
    def _panels(self) -> tuple[Array, Array]:
        flat = _GammaMixture.of(self.single, FLAT, self.count)
        width = np.sqrt(self.count + 1) / float(self.single.signal.max())
        dead = falling_zero(lambda s: flat.above(s) / flat.above(0.0) - 1e-14, width)
        steps = min(400, int(2 * dead / width) + 1)
        edges = np.unique(np.r_[0.0, dead * np.geomspace(1e-12, 1, 50), np.linspace(0, dead, steps + 1)])
        return edges, np.array([self._integral(a, b) for a, b in pairwise(edges)])

    def above(self, strength: float) -> float:
        edges, masses = self._panels
        if strength >= edges[-1]:
            return 0.0
        panel = int(np.searchsorted(edges, strength, side="right")) - 1
        return self._integral(strength, float(edges[panel + 1])) + float(masses[panel + 1 :].sum())


@dataclass(frozen=True, eq=False)
class SinglePosterior:
    """Posterior of the strength for `count` events in one bin, nuisances marginalised, with any `Prior`."""

    single: SingleCount
    prior: Prior
    count: int

    @cached_property
    def density(self) -> _Density:
        """The unnormalised density, without the prior's range."""
        make = _Jeffreys if self.prior.jeffreys else _GammaMixture.of
        return make(self.single, self.prior, self.count)

    @cached_property
    def _ends(self) -> tuple[float, float]:
        above = self.density.above
        return above(self.prior.lower), above(self.prior.upper) if np.isfinite(self.prior.upper) else 0.0

    def tail(self, strength: float) -> float:
        """Posterior probability above `strength`."""
        inside = min(max(strength, self.prior.lower), self.prior.upper)
        if inside == np.inf:
            return 0.0
        all_of_it, beyond = self._ends
        return (self.density.above(inside) - beyond) / (all_of_it - beyond)

    def quantile(self, probability: float) -> float:
        """The strength below which lies that probability."""
        if probability <= 0:
            return self.prior.lower
        if probability >= 1:
            return self.prior.upper
        scale = (self.count + 1) / float(self.single.weights @ self.single.signal)
        return falling_zero(lambda s: self.tail(s) - (1 - probability), scale)

    def shortest(self, level: float) -> tuple[float, float]:
        """The shortest interval of that probability: the ends have the same density, or it begins where the prior does."""
        return shortest(self.quantile, self.density.at, level)


def tail_single(single: SingleCount, strength: float, count: int) -> float:
    """Posterior probability above `strength` for one count: the integral over the strength is an incomplete Gamma function."""
    seen = single.signal > 0
    weights = single.weights[seen] / single.signal[seen]
    above = weights @ gammaincc(count + 1, strength * single.signal[seen] + single.background[seen])
    return float(above / (weights @ gammaincc(count + 1, single.background[seen])))
