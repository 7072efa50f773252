"""Methods that give an interval with two edges, answering as all limit methods do: the limit is the upper edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from limits.errors import FitError
from limits.inference.exact import SingleCount
from limits.inference.feldman_cousins import feldman_cousins
from limits.inference.intervals import Interval, profile_interval
from limits.inference.request import A_PRIORI, MEDIAN_ONLY, NO_P_VALUES, Request
from limits.inference.results import Limit
from limits.likelihood.binned import BinnedLikelihood

Edges = Callable[[BinnedLikelihood, float], Interval]


def interval_limit(request: Request, method: str, edges: Edges, *, by_count: bool) -> Limit:
    """The interval of the observed data; expected upper edges at the quantiles of the count, or for the Asimov data only."""
    likelihood = request.likelihood
    found = edges(likelihood, request.level)
    request.warnings.extend(found.warnings)
    request.failed = found.status == "partial"
    expected: list[float | None] = [None] * 5
    try:
        if by_count:
            quantiles = SingleCount.of(likelihood).quantile_counts
            expected = [edges(replace(likelihood, counts=np.array([float(n)])), request.level).high for n in quantiles]
        else:
            background = likelihood.fit(likelihood.observed, 0.0).theta
            counts = likelihood.asimov(background)[: likelihood.shape.n_bins]
            expected[2] = edges(replace(likelihood, counts=counts), request.level).high
    except FitError as error:
        request.trouble(f"expected limit not found: {error}")
    observed = np.inf if found.status == "insensitive" else found.high
    kind = A_PRIORI if by_count else MEDIAN_ONLY
    limit = request.result(method, found.definition, observed, expected, kind, NO_P_VALUES)
    return replace(limit, interval=(found.low, found.high))


def feldman_cousins_limit(request: Request) -> Limit:
    """The unified interval of one count."""
    return interval_limit(request, "feldman-cousins", feldman_cousins, by_count=True)


def profile_limit(request: Request) -> Limit:
    """The profile-likelihood interval, strength ≥ 0."""
    return interval_limit(request, "profile", profile_interval, by_count=False)
