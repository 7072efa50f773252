"""Goodness of fit: the saturated likelihood ratio (Baker and Cousins, NIM 221, 437 (1984)), its p-value from toys."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc

from limits.errors import InputError
from limits.inference.toys.ensembles import AT_BEST_FIT, thrown
from limits.likelihood import Likelihood
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.quadratic import QuadraticLikelihood


@dataclass(frozen=True)
class Goodness:
    """−2 ln(L/L_saturated) of the best fit, constraint terms included; p-values from toys (binomial `error`) and from χ² with `ndf`.

    `failed` toys could not be fitted and are left out. `p_asymptotic` is None without degrees of freedom.
    """

    statistic: float
    ndf: int
    p_value: float
    error: float
    p_asymptotic: float | None
    toys: int
    failed: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def goodness_of_fit(likelihood: Likelihood, toys: int = 1000, seed: int = 1) -> Goodness:
    """Saturated goodness of fit with a free strength ≥ 0; toys are thrown at the best fit.

    Raises:
        InputError: an unbinned likelihood, which has no saturated one.
    """
    if not isinstance(likelihood, BinnedLikelihood | QuadraticLikelihood):
        raise InputError(f"{likelihood.name}: unbinned: no saturated likelihood to compare the fit with")
    fit = likelihood.fit(likelihood.observed)
    observed = 2 * (fit.nll - float(likelihood.saturated(likelihood.observed)))
    found = []
    for block in thrown(likelihood, fit.theta, toys, seed, AT_BEST_FIT):
        fits = likelihood.fit_many(block)
        found.append(2 * (fits.nll - likelihood.saturated(block))[fits.converged])
    every = np.concatenate(found)
    p_value = float(np.mean(every >= observed - 1e-9)) if len(every) else 1.0
    free = sum(p.constraint == "free" and not p.fixed for p in likelihood.parameters)
    ndf = len(likelihood.counts) - free
    return Goodness(
        observed,
        ndf,
        p_value,
        float(np.sqrt(max(p_value * (1 - p_value), 1 / max(len(every), 1)) / max(len(every), 1))),
        float(chdtrc(ndf, observed)) if ndf > 0 else None,
        toys,
        toys - len(every),
    )
