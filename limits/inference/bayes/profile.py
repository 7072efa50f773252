"""Posterior from the profile likelihood, as several bump hunts quote it (BESIII, arXiv:2404.04640): nuisances fitted, not integrated.

The profile likelihood takes the place of the marginal one; a systematic error of the strength, of a width with an additive and a
multiplicative part, is put in by convolution. Serves every likelihood.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from limits.errors import FitError
from limits.inference.bayes.panels import LogDensity
from limits.inference.bayes.posterior import Posterior, edges, of_density, smeared
from limits.inference.request import MEDIAN_ONLY, NO_P_VALUES, Request
from limits.inference.results import Limit
from limits.likelihood import Array, Likelihood


def profile_posterior(likelihood: Likelihood, data: Array, request: Request) -> Posterior:
    """The posterior of the strength for one data vector, with the prior and the smearing of `request`.

    Raises:
        InputError: Jeffreys' prior, which a curve does not tell; a smearing that has no end.
        FitError: no finite likelihood to start from.
    """
    best = likelihood.fit(data, lower=-np.inf if any(request.smearing) else 0.0)
    scale = likelihood.signal_scale

    @lru_cache(maxsize=4096)
    def one(strength: float) -> float:
        try:
            nll = likelihood.fit(data, strength).nll
        except FitError:  # below where any rate is positive
            return -np.inf
        return best.nll - nll if np.isfinite(nll) else -np.inf

    def curve(strengths: Array) -> Array:
        return np.array([one(float(s)) for s in strengths])

    width = float(best.errors[0]) or scale
    log_density: LogDensity = curve
    if any(request.smearing):
        log_density = smeared(curve, *request.smearing, best.strength, width)
        width = float(np.hypot(width, np.hypot(request.smearing[0], request.smearing[1] * best.strength)))
    return of_density(log_density, request.prior, best.strength, width)


def profile_posterior_limit(request: Request) -> Limit:
    """Limit, central or shortest interval of `profile_posterior`; the expected one is that of the Asimov data."""
    likelihood = request.likelihood
    definition = (
        f"Bayesian {request.kind} interval of the profile likelihood, prior {request.prior.name} in the strength"
    )
    if any(request.smearing):
        additive, relative = request.smearing
        definition += f", convolved with a Gaussian of width √({additive:g}² + ({relative:g} s)²) (2404.04640)"
    if not np.isfinite(likelihood.signal_scale):
        return request.result("bayes-profile", definition, np.inf, [None] * 5, MEDIAN_ONLY, NO_P_VALUES)
    posterior = profile_posterior(likelihood, likelihood.observed, request)
    low, high = edges(posterior, request.level, request.kind)
    expected: list[float | None] = [None] * 5
    try:
        if request.expected:
            asimov = likelihood.asimov(likelihood.fit(likelihood.observed, 0.0).theta)
            expected[2] = edges(profile_posterior(likelihood, asimov, request), request.level, request.kind)[1]
    except FitError as error:
        request.trouble(f"expected limit not found: {error}")
    limit = request.result("bayes-profile", definition, high, expected, MEDIAN_ONLY, NO_P_VALUES)
    return limit if request.kind == "upper" else replace(limit, interval=(low, high))
