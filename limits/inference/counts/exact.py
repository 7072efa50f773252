"""Limits of a single count without toys or formulas: Poisson sums, nuisances averaged over their densities by quadrature."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cache, cached_property, reduce
from typing import TypeGuard

import numpy as np
from scipy.special import gammainccinv, gammaincinv, ndtr, pdtr

from limits import kernel
from limits.errors import FitError, InputError
from limits.inference.results import SIGMAS
from limits.kernel.quadrature import gauss_legendre
from limits.likelihood import Array, Likelihood, Parameter
from limits.likelihood.binned import BinnedLikelihood

MAX_NUISANCES = 3
"""Quadrature on a product grid is used up to this many nuisance parameters."""


def density_nodes(parameter: Parameter, order: int) -> tuple[Array, Array]:
    """Nodes and weights (order,) of the density of a constrained nuisance: its auxiliary likelihood times a flat prior.

    Gaussian constraints are cut at the parameter's bounds; a Poisson constraint of n counts becomes a Gamma(n + 1) density.

    Raises:
        InputError: a nuisance without constraint has no density.
    """
    if parameter.constraint == "free":
        raise InputError(f"nuisance {parameter.name!r} has no constraint: it has no density to average over")
    if parameter.constraint == "gaussian":
        reach = 8.5 * parameter.scale
        low, high = max(parameter.lower, parameter.aux - reach), min(parameter.upper, parameter.aux + reach)
    else:
        shape = parameter.aux + 1
        low, high = (float(f(shape, 1e-18)) / parameter.scale for f in (gammaincinv, gammainccinv))
    x, w = gauss_legendre(order)
    nodes = low + (high - low) * (x + 1) / 2
    if parameter.constraint == "gaussian":
        log_density = -0.5 * ((nodes - parameter.aux) / parameter.scale) ** 2
    else:
        log_density = parameter.aux * np.log(nodes) - parameter.scale * nodes
    weights = w * np.exp(log_density - log_density.max())
    return nodes, weights / weights.sum()


def merge_parallel(likelihood: BinnedLikelihood) -> BinnedLikelihood:
    """The same marginal likelihood with fewer nuisances: lognormals that act alike become one.

    Factors κ₁^θ₁ κ₂^θ₂ on the same samples with independent standard normal θ are one factor with ln κ = √(ln²κ₁ + ln²κ₂).
    """
    parameters = list(likelihood.parameters)
    groups = []
    for group in likelihood.shape.exponents:
        log_high = group.log_high.copy()
        if not group.smooth and np.allclose(group.log_low, -log_high, rtol=1e-12):
            length = np.linalg.norm(log_high, axis=1)
            for i in range(len(log_high)):
                for j in range(i):
                    if abs(log_high[i] @ log_high[j]) > (1 - 1e-12) * length[i] * length[j] > 0:
                        log_high[j] *= np.hypot(length[i], length[j]) / length[j]
                        log_high[i] = 0.0
                        parameters[group.index[i]] = replace(parameters[group.index[i]], fixed=True)
                        length = np.linalg.norm(log_high, axis=1)
                        break
            groups.append(replace(group, log_high=log_high, log_low=-log_high))
        else:
            groups.append(group)
    return replace(likelihood, shape=replace(likelihood.shape, exponents=tuple(groups)), parameters=tuple(parameters))


def _orders(likelihood: BinnedLikelihood, free: list[int], reach: float) -> list[int]:
    """Quadrature orders: enough nodes that neighbouring ones move the expected count by less than half its Poisson width."""
    theta = np.array([p.init for p in likelihood.parameters])
    theta[0] = reach
    centre = kernel.rates(likelihood.shape, theta).sum()
    orders = []
    for index in free:
        parameter = likelihood.parameters[index]
        width = parameter.scale if parameter.constraint == "gaussian" else np.sqrt(parameter.aux + 1) / parameter.scale
        moved = theta.copy()
        moved[index] += width
        effect = abs(kernel.rates(likelihood.shape, moved).sum() - centre) / np.sqrt(centre + 1)
        orders.append(int(np.clip(40 + 60 * effect, 40, (4000, 400, 120)[len(free) - 1])))
    return orders


def is_single_count(likelihood: Likelihood) -> TypeGuard[BinnedLikelihood]:
    """One bin of counts; sums over the count may still refuse it, for its nuisances."""
    return isinstance(likelihood, BinnedLikelihood) and likelihood.shape.n_bins == 1


@dataclass(frozen=True, eq=False)
class SingleCount:
    """Signal at strength 1 and background events at each node of the nuisances' densities, (nodes,) each, with `weights`."""

    signal: Array
    background: Array
    weights: Array
    observed: int

    @classmethod
    def of(cls, likelihood: Likelihood) -> SingleCount:
        """From a likelihood of one bin.

        Raises:
            InputError: unbinned, more than one bin, a count that is no integer, or more than three nuisances.
        """
        name = likelihood.name
        if not is_single_count(likelihood):
            bins = f"has {len(likelihood.counts)} bins" if isinstance(likelihood, BinnedLikelihood) else "is unbinned"
            raise InputError(f"{name}: exact sums need a single count, this likelihood {bins}; use method 'cls'")
        count = float(likelihood.counts[0])
        if count != int(count):
            raise InputError(f"{name}: observed = {count}: exact sums need an integer count")
        likelihood = merge_parallel(likelihood)
        free = [i for i, p in enumerate(likelihood.parameters) if i > 0 and not p.fixed]
        if len(free) > MAX_NUISANCES:
            raise InputError(f"{name}: {len(free)} nuisance parameters; quadrature handles at most {MAX_NUISANCES}")
        reach = (count + 3 * np.sqrt(count + 1)) * likelihood.signal_scale
        reach = reach if np.isfinite(reach) else 0.0
        grids = [
            density_nodes(likelihood.parameters[i], n)
            for i, n in zip(free, _orders(likelihood, free, reach), strict=True)
        ]
        theta = np.tile([p.init for p in likelihood.parameters], (int(np.prod([len(g[0]) for g in grids])), 1))
        mesh = np.meshgrid(*(nodes for nodes, _ in grids), indexing="ij")
        for index, values in zip(free, mesh, strict=True):
            theta[:, index] = values.ravel()
        weights = np.ravel(reduce(np.multiply.outer, (w for _, w in grids), np.ones(())))
        kept = weights > 1e-16 * weights.max()
        signal, background = kernel.yields(likelihood.shape, theta[kept])
        return cls(signal[:, 0], background[:, 0], weights[kept], int(count))

    def clsb(self, strength: float, count: int) -> float:
        """P(N ≤ count | strength), nuisances averaged."""
        return float(self.weights @ pdtr(count, np.maximum(strength * self.signal + self.background, 0.0)))

    @cached_property
    def quantile_counts(self) -> tuple[int, ...]:
        """The counts at the −2…+2σ quantiles of background-only data (prior predictive)."""
        top = float(self.background.max())
        most = int(min(top + 12 * np.sqrt(top + 1), 1e15)) + 1  # a range cannot count further, and no search does
        counts = range(most + 1)
        below = cache(lambda n: self.clsb(0.0, n))
        return tuple(bisect_left(counts, ndtr(sigma) - 1e-12, key=below) for sigma in SIGMAS)

    def cls(self, strength: float, count: int) -> float:
        """CLs = P(N ≤ count | strength) / P(N ≤ count | 0).

        Raises:
            FitError: so few counts are impossible under the background alone, to the last digit.
        """
        clb = self.clsb(0.0, count)
        if clb == 0:
            raise FitError(f"CLb of {count} events is zero to the last digit: CLs has no value")
        return self.clsb(strength, count) / clb
