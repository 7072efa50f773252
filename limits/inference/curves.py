"""What a method says of every strength, as curves: CLs with its expected band, and the density of a posterior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from limits.errors import FitError, InputError
from limits.inference.bayes.interval import exact_count, require_bins
from limits.inference.bayes.marginalised import marginalised
from limits.inference.bayes.posterior import StrengthPosterior
from limits.inference.bayes.profile import profile_posterior
from limits.inference.bayes.single import SinglePosterior
from limits.inference.limit import p_values
from limits.inference.request import Request
from limits.likelihood import Array, Likelihood

POINTS: Final = 41
SLICES: Final = 400
BEYOND: Final = 1e-3
"""A posterior is followed up to where this much probability is left."""


@dataclass(frozen=True, eq=False)
class PCurve:
    """p-values at the strengths (K,): `observed` (K,), `expected` (K, 5) at −2…+2σ of background-only data; nan where there is none."""

    strengths: Array
    observed: Array
    expected: Array
    method: str


@dataclass(frozen=True, eq=False)
class DensityCurve:
    """The density of a posterior in the strength at strengths (K,), (K,)."""

    strengths: Array
    density: Array
    definition: str


def p_curve(likelihood: Likelihood, method: str, top: float, points: int = POINTS) -> PCurve:
    """The p-value of `method` from next to 0 up to the strength `top`.

    Raises:
        UnknownName: no such method.
        InputError: a method without p-values, or that this likelihood cannot serve.
    """
    if not (np.isfinite(top) and top > 0):
        raise InputError(f"{likelihood.name}: no strength up to which CLs could be drawn: nothing is excluded")
    strengths = np.linspace(0, top, points)
    strengths[0] = 1e-3 * strengths[1]
    rows = []
    for strength in strengths:
        try:
            values = p_values(likelihood, method, float(strength))
            rows.append([values.cls, *(np.nan if p is None else p for p in values.cls_expected)])
        except FitError:
            rows.append([np.nan] * 6)
    found = np.array(rows, dtype=np.float64)
    return PCurve(strengths, found[:, 0], found[:, 1:], method)


def posterior_curve(posterior: StrengthPosterior, definition: str) -> DensityCurve:
    """The density of a posterior up to where a thousandth of the probability is left."""
    edges = np.linspace(posterior.prior.lower, posterior.quantile(1 - BEYOND), SLICES + 1)
    # From the tail, which every posterior has, and which is finite where a density is not.
    mass = -np.diff([posterior.tail(float(s)) for s in edges])
    return DensityCurve((edges[1:] + edges[:-1]) / 2, mass / np.diff(edges), definition)


def posterior_of(request: Request, method: str) -> StrengthPosterior:
    """The posterior of `bayes` or `bayes-profile` for the observed data, with the prior, smearing and seed of `request`.

    Raises:
        InputError: a likelihood without bins for `bayes`; a posterior that cannot be normalised; no signal.
    """
    likelihood, prior = request.likelihood, request.prior
    if not np.isfinite(likelihood.signal_scale):
        raise InputError(f"{likelihood.name}: no signal: the posterior is the prior")
    if method == "bayes-profile":
        return profile_posterior(likelihood, likelihood.observed, request)
    binned = require_bins(likelihood)
    if (single := exact_count(binned)) is not None:
        return SinglePosterior(single, prior, single.observed)
    return marginalised(binned, binned.observed, prior, request.seed).posterior
