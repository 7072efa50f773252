"""Bayesian limits and intervals of the strength for every likelihood and every prior.

One count with at most three constrained nuisances has an exact posterior (`bayes_single`); otherwise the nuisances are integrated on a
product grid or by importance sampling (`marginal`), and the strength on panels (`posterior`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from limits.errors import FitError, InputError, unknown
from limits.inference.bayes.band import BY_BAYES_TOYS, bayes_band
from limits.inference.bayes.marginalised import marginalised
from limits.inference.bayes.posterior import StrengthPosterior, edges
from limits.inference.bayes.priors import FLAT, KINDS, Kind, Prior
from limits.inference.bayes.single import SinglePosterior, tail_single
from limits.inference.counts.exact import MAX_NUISANCES, SingleCount, merge_parallel
from limits.inference.intervals import Interval, require_level
from limits.inference.request import A_PRIORI, NO_P_VALUES, Request, single_count
from limits.inference.results import Limit
from limits.likelihood import Likelihood
from limits.likelihood.binned import BinnedLikelihood

CHECK: Final = 1e-7
"""An interval is accepted when its probability is this close to the level."""


def exact_count(likelihood: BinnedLikelihood) -> SingleCount | None:
    """The single count that has an exact posterior, or None: several bins, too many nuisances, or one without a density."""
    counts = likelihood.counts
    free = [p for p in merge_parallel(likelihood).parameters[1:] if not p.fixed]
    whole = len(counts) == 1 and float(counts[0]).is_integer()
    if not whole or len(free) > MAX_NUISANCES or any(p.constraint == "free" for p in free):
        return None
    return SingleCount.of(likelihood)


def require_bins(likelihood: Likelihood) -> BinnedLikelihood:
    """The same likelihood, if it has bins.

    Raises:
        InputError: it has none.
    """
    if isinstance(likelihood, BinnedLikelihood):
        return likelihood
    raise InputError(
        f"{likelihood.name}: method 'bayes' integrates the nuisances of binned likelihoods, this one has no bins; use 'bayes-profile'"
    )


def bayes_interval(
    likelihood: Likelihood, level: float, prior: Prior = FLAT, kind: Kind = "upper", *, seed: int = 1
) -> Interval:
    """The part of the posterior that holds `level`: below a limit, between equal tails, or the shortest.

    Strengths are in units of the hypothesis; the shortest interval is so in the strength, not in a coupling. Where the nuisances
    are sampled, `seed` chooses the points, and the warnings say what statistical error the edges have.

    Raises:
        UnknownName: no such kind.
        InputError: a level outside (0, 1), a posterior that cannot be normalised, a likelihood without bins.
        FitError: no finite likelihood to start from.
    """
    require_level(level)
    likelihood = require_bins(likelihood)
    if kind not in KINDS:
        raise unknown("kind of interval", kind, KINDS)
    method, single = f"bayes-{kind}", exact_count(likelihood)
    if not np.isfinite(likelihood.signal_scale):
        return Interval(prior.lower, None, 0.0, level, method, _definition(prior, kind), "insensitive")
    posterior: StrengthPosterior
    if single is not None:
        posterior, how = SinglePosterior(single, prior, single.observed), "quadrature"
        low, high = edges(posterior, level, kind)
        notes: tuple[str, ...] = ()
    else:
        found = marginalised(likelihood, likelihood.observed, prior, seed)
        posterior, how = found.posterior, found.marginal.how
        low, high = edges(posterior, level, kind)
        notes = found.notes(high)
    held = posterior.tail(low) - posterior.tail(high)
    wrong = (
        () if abs(held - level) < CHECK else (f"check failed: the interval holds {held:.8g}, {level:g} was asked for",)
    )
    best = likelihood.fit(likelihood.observed).strength
    status = "partial" if wrong else "ok"
    return Interval(low, high, best, level, method, _definition(prior, kind, how), status, (*notes, *wrong))


def _definition(prior: Prior, kind: str, how: str = "quadrature") -> str:
    return f"Bayesian {kind} interval, prior {prior.name} in the strength, nuisances marginalised by {how}"


def bayes_limit(request: Request, prior: Prior = FLAT, kind: Kind = "upper") -> Limit:
    """The upper edge of `bayes_interval` with its expected band; central and shortest intervals give both edges of the data.

    For one count the band is that of the counts at the quantiles of background-only data, otherwise that of `bayes_band`.

    Raises:
        InputError: a likelihood without bins, or what `bayes_interval` refuses.
    """
    likelihood = require_bins(request.likelihood)
    single = exact_count(likelihood)
    if single is not None and prior == FLAT and kind == "upper":
        definition = "Bayesian, prior flat in the strength ≥ 0, nuisances marginalised by quadrature"
        observed, expected = single_count(request, single, lambda s, n: tail_single(single, s, n))
        return request.result("bayes", definition, observed, expected, A_PRIORI, NO_P_VALUES)
    found = bayes_interval(likelihood, request.level, prior, kind, seed=request.seed)
    request.warnings.extend(found.warnings)
    request.failed = found.status == "partial"
    band, label = _expected(request, likelihood, prior, kind, single)
    insensitive = found.status == "insensitive"
    limit = request.result("bayes", found.definition, np.inf if insensitive else found.high, band, label, NO_P_VALUES)
    return limit if kind == "upper" else replace(limit, interval=(found.low, found.high))


def _expected(
    request: Request, likelihood: BinnedLikelihood, prior: Prior, kind: Kind, single: SingleCount | None
) -> tuple[list[float | None], str]:
    """The five expected upper edges, None where they were not found, and what they are."""
    level, label = request.level, BY_BAYES_TOYS if single is None else A_PRIORI
    if not request.expected or not np.isfinite(likelihood.signal_scale):
        return [None] * 5, label
    try:
        if single is None:
            band, notes = bayes_band(likelihood, level, prior, request.toys, request.seed, kind=kind)
            request.warnings.extend(notes)
            return list(band), label
        counts = [replace(likelihood, counts=np.array([float(n)])) for n in single.quantile_counts]
        return [bayes_interval(x, level, prior, kind).high for x in counts], label
    except FitError as error:
        request.trouble(f"expected limit not found: {error}")
        return [None] * 5, label
