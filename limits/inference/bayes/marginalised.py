"""The posterior of the strength of any likelihood: its marginal likelihood on panels, times a prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from limits.inference.bayes.coordinates import Coordinates
from limits.inference.bayes.jeffreys import log_root_information
from limits.inference.bayes.marginal import Marginal, laplace, marginal
from limits.inference.bayes.panels import interpolate, span
from limits.inference.bayes.posterior import Posterior, log_weight, require_proper
from limits.inference.bayes.priors import Prior
from limits.inference.counts.exact import merge_parallel
from limits.likelihood import Array
from limits.likelihood.binned import BinnedLikelihood

DROP: Final = 20.0
"""The density is followed down to e^−DROP of its peak, by Laplace's approximation: 2e-9 of the probability lie beyond."""

TRIALS: Final = 17
"""Strengths at which Laplace's approximation says where a sampler is to be tried."""

NEAR: Final = 4.0
"""It is tried where the density is within e^−NEAR of its peak."""


@dataclass(frozen=True, eq=False)
class Marginalised:
    """The posterior and what it was made from."""

    marginal: Marginal
    posterior: Posterior

    def error(self, strength: float) -> float:
        """Statistical error of an edge at `strength`, from the scatter of the tail beyond it among independent samples; 0 without."""
        curve = self.posterior.log_likelihood
        replicas = self.marginal.replicas(curve.nodes.ravel())
        if len(replicas) < 2:
            return 0.0
        tails = [
            Posterior(
                curve.refitted(values.reshape(curve.nodes.shape)),
                self.posterior.prior,
                self.posterior.log_root_information,
            ).tail(strength)
            for values in replicas
        ]
        return float(np.std(tails, ddof=1) / np.sqrt(len(tails)) / self.posterior.at(strength))

    def notes(self, edge: float) -> tuple[str, ...]:
        """What a result with that edge should warn of: its statistical error, and how many points of a sample count."""
        error = self.error(edge)
        sampled = (
            [f"the edge {edge:.4g} has a statistical error of {error:.2g} ({error / abs(edge):.2%})"] if error else []
        )
        texts = [*sampled, *self.marginal.notes]
        return (f"{self.marginal.how}: {'; '.join(texts)}",) if texts else ()


def marginalised(likelihood: BinnedLikelihood, data: Array, prior: Prior, seed: int = 1) -> Marginalised:
    """The posterior of the strength for data (n_data,).

    Raises:
        InputError: a posterior that cannot be normalised.
        FitError: no finite likelihood to start from.
    """
    likelihood = _merged(likelihood, data)
    fit = likelihood.fit(data)
    rough, weight = laplace(Coordinates(likelihood), data), log_weight(prior)
    scale = float(fit.errors[0]) or likelihood.signal_scale
    bounds = (prior.lower, prior.upper)
    low, high = span(lambda s: rough(s) + weight(s), fit.strength, scale, bounds, DROP)
    trials = np.linspace(low, high, TRIALS)
    height = rough(trials) + weight(trials)
    near = trials[height > height.max() - NEAR]
    how = marginal(likelihood, data, seed, near[[0, len(near) // 2, -1]])
    require_proper(how.log_density, prior, low)
    curve = interpolate(how.log_density, low, high, how.tolerance, weight, how.depth)
    information = log_root_information(likelihood, fit.theta, low, high, seed) if prior.jeffreys else None
    return Marginalised(how, Posterior(curve, prior, information))


def _merged(likelihood: BinnedLikelihood, data: Array) -> BinnedLikelihood:
    """With fewer nuisances where lognormals act alike, unless their auxiliary data moved: the merged one stands for all at 0."""
    shape = likelihood.shape
    names = np.concatenate([group.index for group in shape.exponents]) if shape.exponents else np.zeros(0, np.intp)
    aux = data[shape.n_bins :][np.isin(shape.constrained, names)]
    inits = np.array([likelihood.parameters[i].init for i in names])
    return merge_parallel(likelihood) if not np.any(aux) and not np.any(inits) else likelihood
