"""Importance sampling of the nuisances at one strength after the other, with common quasi-random numbers.

The proposal at each strength is a Student-t density about the peak of the nuisances' density there, with the
inverse Hessian as its covariance, in coordinates without bounds (`bayes_coordinates`). All strengths share one set of scrambled Sobol
points (A. B. Owen, Ann. Statist. 25 (1997) 1541), so that the result is smooth in the strength; independent scrambles give its error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from scipy.special import gammaincinv, gammaln, logsumexp, ndtri

from limits.inference.bayes.coordinates import Coordinates, log_likelihood
from limits.likelihood import Array
from limits.likelihood.binned import BinnedLikelihood

SCRAMBLES: Final = 16
POINTS: Final = 256
"""Sobol points per scramble, a power of two."""

POOR: Final = 0.1
"""An effective sample size below this share of the points is poor."""

DOMINATED: Final = 0.05
"""One point should not carry more than this share of the weight."""


@dataclass(frozen=True)
class Estimate:
    """At one strength: ln of the mean weight of each scramble (R,), effective share of the points, largest share of one point."""

    log_means: Array
    effective: float
    largest: float


@dataclass(frozen=True, eq=False)
class Sampler:
    """Any number of nuisances, by importance sampling; each strength is sampled once.

    `freedom` are the degrees of freedom of the proposal; in each of `passes` it is fitted anew to the weighted points.
    """

    likelihood: BinnedLikelihood
    data: Array
    seed: int = 1
    freedom: float = 20.0
    passes: int = 0
    tolerance: float = 1e-4
    depth: int = 2
    done: dict[float, Estimate] = field(default_factory=dict)

    @property
    def how(self) -> str:
        """See `Marginal`."""
        return f"importance sampling ({SCRAMBLES} scrambles of {POINTS} Sobol points, seed {self.seed})"

    @cached_property
    def coordinates(self) -> Coordinates:
        """Those of the nuisances."""
        return Coordinates(self.likelihood)

    @cached_property
    def _points(self) -> tuple[Array, Array]:
        """Points of the standard proposal (SCRAMBLES·POINTS, D) and ln of its density there."""
        from scipy.stats import qmc  # costs 0.6 s

        size, nu = len(self.coordinates.free), self.freedom
        cubes = [
            qmc.Sobol(size + 1, seed=np.random.default_rng([self.seed, r])).random(POINTS) for r in range(SCRAMBLES)
        ]
        cube = np.clip(np.concatenate(cubes), 1e-12, 1 - 1e-12)
        z = ndtri(cube[:, 1:]) * np.sqrt(nu / (2 * gammaincinv(nu / 2, cube[:, :1])))
        norm = gammaln((nu + size) / 2) - gammaln(nu / 2) - size / 2 * np.log(nu * np.pi)
        return z, norm - (nu + size) / 2 * np.log1p((z**2).sum(axis=1) / nu)

    def _weights(self, centre: Array, root: Array) -> Array:
        """ln of the weights of the points centre + root·z; the strength is in `centre` (P,), root is (D, D)."""
        z, log_proposal = self._points
        u = np.tile(centre, (len(z), 1))
        u[:, self.coordinates.free] += z @ root.T
        target = np.concatenate([self._target(block) for block in np.split(u, SCRAMBLES)])
        return np.asarray(target - log_proposal + np.linalg.slogdet(root)[1])

    def _target(self, u: Array) -> Array:
        """ln of the density of the nuisances at coordinates (n, P)."""
        with np.errstate(invalid="ignore"):
            at = log_likelihood(self.likelihood, self.coordinates.theta(u), self.data)
            return np.nan_to_num(at + self.coordinates.log_jacobian(u), nan=-np.inf, neginf=-np.inf)

    def _estimate(self, centre: Array, hessian: Array) -> Estimate:
        root = inverse_root(hessian)
        log_weight = self._weights(centre, root)
        for _ in range(self.passes):
            if not np.any(np.isfinite(log_weight)):
                break
            centre, root = self._fitted(centre, root, log_weight)
            log_weight = self._weights(centre, root)
        top = log_weight.max()
        if not np.isfinite(top):
            return Estimate(np.full(SCRAMBLES, -np.inf), 1.0, 0.0)
        weight = np.exp(log_weight - top)
        with np.errstate(divide="ignore"):
            means = top + np.log(weight.reshape(SCRAMBLES, -1).mean(axis=1))
        total = weight.sum()
        return Estimate(means, float(total**2 / (weight**2).sum() / len(weight)), float(1 / total))

    def _fitted(self, centre: Array, root: Array, log_weight: Array) -> tuple[Array, Array]:
        """The proposal with mean and covariance of the weighted points, held near the old one where few points count."""
        z, _ = self._points
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        size, count = z.shape[1], 1 / float((weight**2).sum())
        share = count / (count + size)
        mean = share * (weight @ z)
        covariance = share * ((z - mean).T * weight) @ (z - mean) + (1 - share) * np.eye(size)
        moved = centre.copy()
        moved[self.coordinates.free] += root @ mean
        return moved, np.asarray(root @ np.linalg.cholesky(covariance))

    def _fill(self, strength: Array) -> list[Estimate]:
        new = np.array([s for s in np.unique(strength) if float(s) not in self.done])
        if len(new):
            many = np.tile(self.data, (len(new), 1))
            peaks = self.coordinates.peaks(many, new, self.coordinates.start(many))
            for s, centre, cost, hessian in zip(new, peaks.at, peaks.cost, peaks.hessian, strict=True):
                impossible = Estimate(np.full(SCRAMBLES, -np.inf), 1.0, 0.0)
                self.done[float(s)] = self._estimate(centre, hessian) if np.isfinite(cost) else impossible
        return [self.done[float(s)] for s in strength]

    def log_density(self, strength: Array) -> Array:
        """See `Marginal`."""
        return np.asarray(logsumexp(self.replicas(strength), axis=0) - np.log(SCRAMBLES))

    def replicas(self, strength: Array) -> Array:
        """See `Marginal`."""
        return np.stack([e.log_means for e in self._fill(strength)], axis=1)

    @property
    def quality(self) -> tuple[float, float]:
        """Smallest effective share of the points and largest share of one, where ln p is within 5 of its largest value so far."""
        top = max(float(logsumexp(e.log_means)) for e in self.done.values())
        near = [e for e in self.done.values() if logsumexp(e.log_means) > top - 5]
        return min((e.effective for e in near), default=1.0), max((e.largest for e in near), default=0.0)

    @property
    def good(self) -> bool:
        """Whether enough points count."""
        effective, largest = self.quality
        return effective >= POOR and largest <= DOMINATED

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Marginal`."""
        effective, largest = self.quality
        size = f"effective sample size {effective:.0%} of {SCRAMBLES * POINTS} points"
        return (size if self.good else f"{size}, one point carries {largest:.0%}: few points count, do not trust it",)


def inverse_root(hessian: Array) -> Array:
    """A with A Aᵀ = H⁻¹, (D, D); directions without curvature are given that of a standard normal."""
    try:
        return np.asarray(np.linalg.inv(np.linalg.cholesky(hessian)).T)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(np.nan_to_num((hessian + hessian.T) / 2))
        return np.asarray(vectors / np.sqrt(np.where(values > 1e-10 * np.abs(values).max(initial=1e-300), values, 1.0)))
