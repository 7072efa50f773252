"""Bayesian upper limits with a flat prior in the strength ≥ 0: nuisances are integrated over their densities by quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaincc, logsumexp

from limits import kernel
from limits.errors import InputError
from limits.inference.exact import MAX_NUISANCES, SingleCount
from limits.kernel.quadrature import gauss_legendre
from limits.likelihood import Array
from limits.likelihood.binned import BinnedLikelihood


def tail_single(single: SingleCount, strength: float, count: int) -> float:
    """Posterior probability above `strength` for one count: the integral over the strength is an incomplete Gamma function."""
    seen = single.signal > 0
    weights = single.weights[seen] / single.signal[seen]
    above = weights @ gammaincc(count + 1, strength * single.signal[seen] + single.background[seen])
    return float(above / (weights @ gammaincc(count + 1, single.background[seen])))


@dataclass(frozen=True, eq=False)
class Posterior:
    """Marginal posterior of the strength for several bins and at most three nuisances, on a product Gauss–Legendre grid.

    The grid spans ±`reach` standard deviations of the free fit in each nuisance, inside its bounds.
    """

    likelihood: BinnedLikelihood
    data: Array
    order: int = 48
    reach: float = 8.0

    @cached_property
    def _nodes(self) -> tuple[Array, Array, Array]:
        """Signal and background at each node (nodes, bins) and ln(weight) − constraint terms (nodes,)."""
        likelihood = self.likelihood
        free = [i for i, p in enumerate(likelihood.parameters) if i > 0 and not p.fixed]
        if len(free) > MAX_NUISANCES:
            raise InputError(
                f"{likelihood.name}: {len(free)} nuisance parameters; method 'bayes' integrates at most {MAX_NUISANCES}; use 'cls'"
            )
        fit = likelihood.fit(self.data, lower=-np.inf)
        x, w = gauss_legendre(self.order)
        nodes, weights = [], []
        for i in free:
            parameter = likelihood.parameters[i]
            sigma = fit.errors[i] if fit.errors[i] > 0 else parameter.scale
            low = max(parameter.lower, fit.theta[i] - self.reach * sigma)
            high = min(parameter.upper, fit.theta[i] + self.reach * sigma)
            nodes.append((low + high) / 2 + (high - low) / 2 * x)
            weights.append((high - low) / 2 * w)
        size = self.order ** len(free)
        theta = np.tile(fit.theta, (size, 1))
        theta[:, 0] = 0.0
        log_weight = np.zeros(size)
        for i, grid, weight in zip(
            free, np.meshgrid(*nodes, indexing="ij"), np.meshgrid(*weights, indexing="ij"), strict=True
        ):
            theta[:, i] = grid.ravel()
            log_weight += np.log(weight.ravel())
        signal, background = kernel.yields(likelihood.shape, theta)
        return signal, background, log_weight - kernel.constraint_cost(likelihood.shape, theta, self.data)

    def log_density(self, strength: float) -> float:
        """ln of the unnormalised posterior."""
        signal, background, log_weight = self._nodes
        counts = self.data[: self.likelihood.shape.n_bins]
        return float(logsumexp(log_weight - kernel.poisson_cost(strength * signal + background, counts).sum(axis=-1)))

    @cached_property
    def _table(self) -> tuple[Array, Array]:
        """Panel edges in the strength and the posterior mass of each panel, up to where the density has died (e⁻⁴⁰)."""
        fit = self.likelihood.fit(self.data)
        step = max(fit.errors[0], self.likelihood.signal_scale / 4) / 2
        peak = self.log_density(max(fit.strength, 0.0))
        x, w = gauss_legendre(8)
        edges, masses = [0.0], list[float]()
        while len(masses) < 4000:
            low = edges[-1]
            values = np.array([self.log_density(low + step * (u + 1) / 2) for u in x])
            masses.append(float(step / 2 * w @ np.exp(values - peak)))
            edges.append(low + step)
            if edges[-1] > fit.strength and values[-1] < peak - 40:
                break
        return np.array(edges), np.array(masses)

    def tail(self, strength: float) -> float:
        """Posterior probability above `strength`."""
        edges, masses = self._table
        if strength >= edges[-1]:
            return 0.0
        fit = self.likelihood.fit(self.data)
        peak = self.log_density(max(fit.strength, 0.0))
        panel = int(np.searchsorted(edges, strength, side="right")) - 1
        x, w = gauss_legendre(8)
        half = (edges[panel + 1] - strength) / 2
        rest = half * w @ np.exp([self.log_density(strength + half * (u + 1)) - peak for u in x])
        return float((rest + masses[panel + 1 :].sum()) / masses.sum())
