"""Methods that give an interval with two edges, answering as all limit methods do: the limit is the upper edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.special import ndtr

from limits.errors import FitError, InputError
from limits.inference.counts.exact import SingleCount, is_single_count
from limits.inference.counts.feldman_cousins import feldman_cousins
from limits.inference.intervals import Interval, goal, profile_interval
from limits.inference.request import A_PRIORI, BY_TOY_QUANTILES, NO_P_VALUES, Request
from limits.inference.results import SIGMAS, Limit
from limits.inference.toys.ensembles import BACKGROUND_ONLY, t_of_toys, thrown
from limits.inference.toys.unified import unified_interval
from limits.likelihood import Array, Likelihood

BAND_TOYS: Final = 250
"""At most so many toys for a band of profile-likelihood edges: 2σ quantiles are then right to a fifth of a σ."""

NODES: Final = 17
"""Strengths at which a toy is profiled; the root of 2Δ ln L is nearly straight between them."""

Edges = Callable[[Likelihood, float], Interval]


def _answer(request: Request, found: Interval, expected: Sequence[float | None], kind: str) -> Limit:
    """The limit of an interval; what was wrong with the interval is wrong with the limit."""
    request.warnings[:0] = found.warnings
    request.failed |= found.status == "partial"
    observed = np.inf if found.status == "insensitive" else found.high
    limit = request.result(found.method, found.definition, observed, expected, kind, NO_P_VALUES)
    return replace(limit, interval=(found.low, found.high))


def _by_count(request: Request, edges: Edges) -> list[float | None]:
    """Upper edges at the quantiles of the count.

    Raises:
        InputError: no single count, or more nuisances than can be averaged over.
    """
    likelihood = request.likelihood
    if not request.expected:
        return []
    quantiles, aux = SingleCount.of(likelihood).quantile_counts, likelihood.observed[1:]
    try:
        return [edges(likelihood.with_data(np.r_[float(n), aux]), request.level).high for n in quantiles]
    except FitError as error:
        request.trouble(f"expected limit not found: {error}")
        return [None] * 5


def feldman_cousins_limit(request: Request) -> Limit:
    """The unified interval: exact for one count over a known background, by toys for anything else."""
    likelihood = request.likelihood
    if is_single_count(likelihood) and all(p.fixed for p in likelihood.parameters[1:]):
        found = feldman_cousins(likelihood, request.level)
        return _answer(request, found, _by_count(request, feldman_cousins), A_PRIORI)
    found, construction = unified_interval(likelihood, request.level, request.toys, request.seed)
    if construction is None:
        return _answer(request, found, [None] * 5, BY_TOY_QUANTILES)
    if not request.expected:
        return _answer(request, found, [], BY_TOY_QUANTILES)
    edges, failed = construction.expected
    if failed:
        request.warnings.append(
            f"expected limits: {failed} of {request.toys} toys could not be fitted and were left out"
        )
    return _answer(request, found, list(edges), BY_TOY_QUANTILES)


def profile_limit(request: Request) -> Limit:
    """The profile-likelihood interval, strength ≥ 0."""
    found = profile_interval(request.likelihood, request.level)
    if found.high is None:
        return _answer(request, found, [None] * 5, A_PRIORI)
    if is_single_count(request.likelihood):
        try:
            return _answer(request, found, _by_count(request, profile_interval), A_PRIORI)
        except InputError:  # too many nuisances for sums over the count
            pass
    return _answer(request, found, _profile_band(request, found.high), BY_TOY_QUANTILES)


def _profile_band(request: Request, largest: float) -> list[float | None]:
    """Upper edges at the −2…+2σ quantiles of background-only toys; the grid of strengths grows until it holds them all."""
    if not request.expected:
        return []
    likelihood, target = request.likelihood, np.sqrt(goal(request.level, "two-sided"))
    background = likelihood.fit(likelihood.observed, 0.0).theta
    size = min(request.toys, BAND_TOYS)
    toys = np.concatenate(list(thrown(likelihood, background, size, request.seed, BACKGROUND_ONLY)))
    edges = np.full(size, np.inf)
    top = 1.5 * largest
    for _ in range(12):  # a factor 4000
        rows = np.flatnonzero(np.isinf(edges))
        strengths = np.linspace(0, top, NODES)
        edges[rows] = [
            _last_crossing(strengths, np.sqrt(t), target) for t in t_of_toys(likelihood, toys[rows], strengths)
        ]
        if not np.any(np.isinf(edges)):
            break
        top *= 2
    good = edges[np.isfinite(edges)]
    if len(good) < size:
        request.warnings.append(
            f"expected limits: {size - len(good)} of {size} toys have no upper edge and were left out"
        )
    return [float(np.quantile(good, ndtr(sigma))) for sigma in SIGMAS] if len(good) else [None] * 5


def _last_crossing(strengths: Array, root: Array, target: float) -> float:
    """Where the root of t̃ last rises through `target`; ∞ beyond the strengths, nan where a fit failed."""
    if not np.all(np.isfinite(root)):
        return np.nan
    last = int(np.flatnonzero(root <= target)[-1]) if np.any(root <= target) else 0
    if last + 1 == len(root):
        return np.inf
    share = (target - root[last]) / (root[last + 1] - root[last])
    return float(strengths[last] + share * (strengths[last + 1] - strengths[last]))
