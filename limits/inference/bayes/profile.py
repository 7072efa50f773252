"""Posterior from the profile likelihood, as several bump hunts quote it (BESIII, arXiv:2404.04640): nuisances fitted, not integrated.

The profile likelihood takes the place of the marginal one; a systematic error of the strength, of a width with an additive and a
multiplicative part, is put in by convolution. Serves every likelihood.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr

from limits.errors import FitError, InputError
from limits.inference.bayes.panels import LogDensity
from limits.inference.bayes.posterior import Posterior, edges, of_density, smeared
from limits.inference.request import BY_TOY_QUANTILES, NO_P_VALUES, Request
from limits.inference.results import SIGMAS, Limit
from limits.inference.toys.ensembles import BACKGROUND_ONLY, thrown
from limits.likelihood import Array, Likelihood

BAND_TOYS: Final = 100
"""At most so many toys for the band: ±1σ quantiles are then right to a seventh of a σ."""

NODES: Final = 41
"""Strengths at which the profile of a toy is computed; monotone cubics between them."""

REACH: Final = 9.0
"""A toy is followed so many standard deviations up: an upward fluctuation of 2σ and e^−25 of its peak."""


def profile_posterior(likelihood: Likelihood, data: Array, request: Request) -> Posterior:
    """The posterior of the strength for one data vector, with the prior and the smearing of `request`.

    Raises:
        InputError: Jeffreys' prior, which a curve does not tell; a smearing that has no end.
        FitError: no finite likelihood to start from.
    """
    best = likelihood.fit(data, lower=-np.inf if any(request.smearing) else 0.0)

    @lru_cache(maxsize=4096)
    def one(strength: float) -> float:
        try:
            nll = likelihood.fit(data, strength).nll
        except FitError:  # below where any rate is positive
            return -np.inf
        return best.nll - nll if np.isfinite(nll) else -np.inf

    def curve(strengths: Array) -> Array:
        return np.array([one(float(s)) for s in strengths])

    return _posterior(curve, best.strength, float(best.errors[0]) or likelihood.signal_scale, request)


def _posterior(curve: LogDensity, best: float, width: float, request: Request) -> Posterior:
    """The posterior of a profile curve that peaks at `best` with about that `width`."""
    if any(request.smearing):
        curve = smeared(curve, *request.smearing, best, width)
        width = float(np.hypot(width, np.hypot(request.smearing[0], request.smearing[1] * best)))
    return of_density(curve, request.prior, best, width)


def _band(request: Request) -> list[float | None]:
    """Upper edges at the −2…+2σ quantiles of background-only toys.

    Raises:
        FitError: no toy has a posterior.
    """
    likelihood, size = request.likelihood, min(request.toys, BAND_TOYS)
    background = likelihood.fit(likelihood.observed, 0.0).theta
    width = float(likelihood.fit(likelihood.asimov(background), lower=-np.inf).errors[0]) or likelihood.signal_scale
    low = -REACH * width if any(request.smearing) else 0.0
    strengths = np.linspace(low, (REACH + 2) * width, NODES)
    found = []
    for toys in thrown(likelihood, background, size, request.seed, BACKGROUND_ONLY):
        with np.errstate(invalid="ignore"):  # where a rate is negative there is no likelihood, which is an answer
            nll = np.stack([likelihood.fit_many(toys, float(s)).nll for s in strengths], axis=1)
        found += [_edge(strengths, row, width, request) for row in nll]
    good = [edge for edge in found if edge is not None]
    if len(good) < size:
        request.warnings.append(
            f"expected limits: {size - len(good)} of {size} toys have no posterior and were left out"
        )
    if not good:
        raise FitError("no background-only toy has a posterior")
    return [float(np.quantile(good, ndtr(sigma))) for sigma in SIGMAS]


def _edge(strengths: Array, nll: Array, width: float, request: Request) -> float | None:
    """Upper edge of one toy from its −ln L at strengths (K,); None where there is none."""
    used = np.isfinite(nll)
    if np.count_nonzero(used) < 5:
        return None
    at, height = strengths[used], nll[used].min() - nll[used]
    curve = PchipInterpolator(at, height, extrapolate=False)

    def log_density(s: Array) -> Array:
        value = curve(s)
        return np.where(np.isnan(value), -np.inf, value)

    try:
        return edges(
            _posterior(log_density, float(at[np.argmax(height)]), width, request), request.level, request.kind
        )[1]
    except (InputError, FitError):
        return None


def profile_posterior_limit(request: Request) -> Limit:
    """Limit, central or shortest interval of `profile_posterior`; the band is that of background-only toys."""
    likelihood = request.likelihood
    definition = (
        f"Bayesian {request.kind} interval of the profile likelihood, prior {request.prior.name} in the strength"
    )
    if any(request.smearing):
        additive, relative = request.smearing
        definition += f", convolved with a Gaussian of width √({additive:g}² + ({relative:g} s)²) (2404.04640)"
    if not np.isfinite(likelihood.signal_scale):
        return request.result("bayes-profile", definition, np.inf, [None] * 5, BY_TOY_QUANTILES, NO_P_VALUES)
    posterior = profile_posterior(likelihood, likelihood.observed, request)
    low, high = edges(posterior, request.level, request.kind)
    expected: list[float | None] = [None] * 5
    try:
        expected = _band(request) if request.expected else expected
    except FitError as error:
        request.trouble(f"expected limit not found: {error}")
    limit = request.result("bayes-profile", definition, high, expected, BY_TOY_QUANTILES, NO_P_VALUES)
    return limit if request.kind == "upper" else replace(limit, interval=(low, high))
