"""The likelihood of the strength with the nuisances integrated over their densities: product quadrature, or importance sampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from scipy.special import logsumexp

from limits import kernel
from limits.inference.bayes.coordinates import Coordinates
from limits.inference.bayes.sampler import Sampler
from limits.inference.counts.exact import MAX_NUISANCES
from limits.kernel.quadrature import gauss_legendre
from limits.likelihood import Array
from limits.likelihood.binned import BinnedLikelihood

ORDERS: Final = ((), (2000,), (320, 320), (64, 64, 64))
"""Most nodes per nuisance on a product grid, by the number of nuisances."""

ORDER: Final = 48
"""Gauss–Legendre nodes on ±REACH standard deviations: a Gaussian is integrated to 1e-9."""

REACH: Final = 8.0


class Marginal(Protocol):
    """ln p(data | strength), up to a constant, with the nuisances integrated."""

    @property
    def how(self) -> str:
        """The method, for the definition of a result."""

    @property
    def tolerance(self) -> float:
        """Errors of ln p below this do not matter."""

    @property
    def depth(self) -> int:
        """Panels need not be halved more often: what is left is noise, or a kink."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a result should warn of."""

    def log_density(self, strength: Array) -> Array:
        """ln p at strengths (K,) of any sign, (K,); −∞ where the data are impossible."""

    def replicas(self, strength: Array) -> Array:
        """The same from each of R independent sets of points, (R, K); none for a quadrature."""


@dataclass(frozen=True, eq=False)
class Quadrature:
    """At most three nuisances, on a product Gauss–Legendre grid over ±REACH standard deviations of the free fit, inside the bounds."""

    likelihood: BinnedLikelihood
    data: Array
    how: str = "product quadrature"
    tolerance: float = 1e-8
    depth: int = 6
    notes: tuple[str, ...] = ()

    @cached_property
    def ranges(self) -> list[tuple[int, float, float, int]]:
        """Index of each nuisance, the range it is integrated over, and how many nodes resolve it at fixed strength."""
        likelihood, found = self.likelihood, []
        fit = likelihood.fit(self.data, lower=-np.inf)
        fixed = likelihood.fit(self.data, fit.strength)
        _, gradient, hessian = kernel.derivatives(likelihood.shape, fit.theta[None], self.data[None])
        for i in Coordinates(likelihood).free:
            parameter, narrow = likelihood.parameters[i], float(fixed.errors[i])
            sigma = float(fit.errors[i])
            if sigma <= 0:  # on a bound: −ln L = g t + h t²/2 rises by REACH²/2 within this distance
                slope, curve = abs(float(gradient[0, i])), max(float(hessian[0, i, i]), 0.0)
                sigma = REACH / (slope + np.sqrt(slope**2 + curve * REACH**2)) if slope + curve > 0 else parameter.scale
            low = max(parameter.lower, fit.theta[i] - REACH * sigma)
            high = min(parameter.upper, fit.theta[i] + REACH * sigma)
            order = ORDER * max(1.0, (high - low) / (2 * REACH * narrow) if narrow > 0 else 1.0)
            found.append((int(i), low, high, int(np.ceil(order - 1e-9))))
        return found

    @property
    def resolved(self) -> bool:
        """Whether the grid is fine enough: a nuisance that the strength pulls far is narrow on it."""
        limits = ORDERS[len(self.ranges)]
        return all(order <= most for (*_, order), most in zip(self.ranges, limits, strict=True))

    @cached_property
    def _nodes(self) -> tuple[Array, Array, Array]:
        """Signal and background at each node (nodes, bins) and ln(weight) − constraint terms (nodes,)."""
        likelihood = self.likelihood
        nodes, weights = [], []
        for (_, low, high, order), most in zip(self.ranges, ORDERS[len(self.ranges)], strict=True):
            x, w = gauss_legendre(min(order, most))
            nodes.append((low + high) / 2 + (high - low) / 2 * x)
            weights.append((high - low) / 2 * w)
        theta = np.tile([p.init for p in likelihood.parameters], (int(np.prod([len(x) for x in nodes])), 1))
        theta[:, 0] = 0.0
        log_weight = np.zeros(len(theta))
        for (i, *_), grid, weight in zip(
            self.ranges, np.meshgrid(*nodes, indexing="ij"), np.meshgrid(*weights, indexing="ij"), strict=True
        ):
            theta[:, i] = grid.ravel()
            log_weight += np.log(weight.ravel())
        log_weight -= kernel.constraint_cost(likelihood.shape, theta, self.data)
        signal, background = kernel.yields(likelihood.shape, theta)
        return signal, background, log_weight

    def log_density(self, strength: Array) -> Array:
        """See `Marginal`."""
        signal, background, log_weight = self._nodes
        counts = self.data[: self.likelihood.shape.n_bins]

        def at(s: float) -> float:
            expected = s * signal + background
            terms = log_weight - kernel.poisson_cost(expected, counts).sum(axis=-1)
            return float(logsumexp(np.where(np.all(expected >= 0, axis=-1), terms, -np.inf)))

        return np.array([at(float(s)) for s in strength])

    def replicas(self, strength: Array) -> Array:
        """See `Marginal`."""
        return np.zeros((0, len(strength)))


def laplace(coordinates: Coordinates, data: Array) -> Callable[[Array], Array]:
    """ln p by Laplace's approximation as a function of strengths (K,), for one data set (n_data,), up to a constant."""

    def log_density(strength: Array) -> Array:
        many = np.tile(data, (len(strength), 1))
        peaks = coordinates.peaks(many, strength, coordinates.start(many))
        return gaussian_integral(peaks.cost, peaks.hessian)

    return log_density


def gaussian_integral(cost: Array, hessian: Array) -> Array:
    """ln ∫ e^(−cost − uᵀHu/2) du up to a constant, (T,): cost (T,), hessian (T, D, D); −∞ where there is none."""
    usable = np.isfinite(cost) & np.all(np.isfinite(hessian), axis=(1, 2))
    size = hessian.shape[1]
    log_det = np.linalg.slogdet(np.where(usable[:, None, None], hessian, np.eye(size)))[1]
    return np.where(usable, -np.where(usable, cost, 0.0) - 0.5 * log_det, -np.inf)


def marginal(likelihood: BinnedLikelihood, data: Array, seed: int = 1, strengths: Array | None = None) -> Marginal:
    """The better of the two methods for this likelihood; a sampler is tried at `strengths` (K,), and improved where it is poor."""
    if len(Coordinates(likelihood).free) <= MAX_NUISANCES:
        grid = Quadrature(likelihood, data)
        if grid.resolved:
            return grid
    first = Sampler(likelihood, data, seed)
    if strengths is None or not len(strengths):
        return first
    first.log_density(strengths)
    if first.good:
        return first
    second = replace(first, freedom=5.0, passes=2, done={})
    second.log_density(strengths)
    return second if second.quality[0] > first.quality[0] else first
