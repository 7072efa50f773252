"""Jeffreys' prior of the strength for several bins: the root of the Fisher information, averaged over the nuisances' densities."""

from __future__ import annotations

from functools import reduce
from typing import Final

import numpy as np
from scipy.special import gammaincinv, ndtr, ndtri

from limits import kernel
from limits.inference.bayes.coordinates import Coordinates
from limits.inference.bayes.panels import LogDensity, interpolate
from limits.inference.counts.exact import MAX_NUISANCES, density_nodes
from limits.likelihood import Array, Parameter
from limits.likelihood.binned import BinnedLikelihood

ORDERS: Final = (1, 200, 48, 20)
"""Nodes per nuisance, by the number of nuisances: the average of a smooth function needs few."""

POINTS: Final = 1024
"""Sobol points where there are more nuisances than a grid serves."""


def log_root_information(
    likelihood: BinnedLikelihood, fitted: Array, low: float, high: float, seed: int = 1
) -> LogDensity:
    """½ ln Σ_w w Σ_b S_b²/(s S_b + B_b) as a function of s in (low, high]: S, B (bins,) at nuisances of weights w.

    Nuisances with a constraint have the density of their auxiliary data times a flat prior inside their bounds; those without
    stay at `fitted` (P,).
    """
    theta, weights = _nodes(likelihood, fitted, seed)
    signal, background = kernel.yields(likelihood.shape, theta)

    background = np.maximum(background, 0.0)

    def at(s: float) -> float:
        mean = s * signal + background
        information = np.divide(signal**2, mean, out=np.zeros(mean.shape), where=mean > 0).sum(axis=1)
        return float(0.5 * np.log(max(weights @ information, 1e-300)))

    def direct(log_s: Array) -> Array:
        return np.array([at(float(np.exp(x))) for x in log_s])

    # In ln s it is smooth, whatever the backgrounds; below 10⁻¹³ of the range a prior that still rises does so as 1/√s.
    begin = float(np.log(max(low, 1e-13 * high)))
    curve = interpolate(direct, begin, float(np.log(high)), 1e-7, lambda x: -direct(x))
    return lambda s: curve(np.clip(np.log(s), curve.edges[0], curve.edges[-1]))


def _nodes(likelihood: BinnedLikelihood, fitted: Array, seed: int) -> tuple[Array, Array]:
    """Parameters (n, P) and weights (n,) that average over the densities of the constrained nuisances."""
    free = [int(i) for i in Coordinates(likelihood).free if likelihood.parameters[i].constraint != "free"]
    if len(free) <= MAX_NUISANCES:
        grids = [density_nodes(likelihood.parameters[i], ORDERS[len(free)]) for i in free]
        columns = [mesh.ravel() for mesh in np.meshgrid(*(nodes for nodes, _ in grids), indexing="ij")]
        weights = np.ravel(reduce(np.multiply.outer, (w for _, w in grids), np.ones(())))
    else:
        from scipy.stats import qmc  # costs 0.6 s

        cube = qmc.Sobol(len(free), seed=np.random.default_rng([seed, 0])).random(POINTS)
        columns = [_quantile(likelihood.parameters[i], u) for i, u in zip(free, cube.T, strict=True)]
        weights = np.full(POINTS, 1 / POINTS)
    theta = np.tile(fitted, (len(weights), 1))
    for i, column in zip(free, columns, strict=True):
        theta[:, i] = column
    return theta, weights


def _quantile(parameter: Parameter, probability: Array) -> Array:
    """Quantiles of the density of a constrained nuisance."""
    if parameter.constraint == "poisson":
        return np.asarray(gammaincinv(parameter.aux + 1, probability) / parameter.scale)
    low, high = (ndtr((bound - parameter.aux) / parameter.scale) for bound in (parameter.lower, parameter.upper))
    return np.asarray(parameter.aux + parameter.scale * ndtri(low + (high - low) * probability))
