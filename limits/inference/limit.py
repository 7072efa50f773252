"""Upper limits by every method: one entry point, one result, one check that the limit is where its p-value says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from limits.errors import InputError, unknown
from limits.inference.asymptotic import Asymptotic
from limits.inference.asymptotic_limit import asymptotic_limit
from limits.inference.bayes.interval import bayes_limit
from limits.inference.bayes.priors import FLAT, KINDS, Kind, Prior
from limits.inference.bayes.profile import profile_posterior_limit
from limits.inference.bayes.several import several_tails
from limits.inference.bayes.single import tail_single
from limits.inference.counts import sums
from limits.inference.counts.closed import OneCount
from limits.inference.counts.enumerated import BY_SUM_QUANTILES, enumerated_limit
from limits.inference.counts.exact import SingleCount, is_single_count
from limits.inference.counts.mixed import DEFINITIONS, clsb_limit
from limits.inference.counts.several import SeveralCounts, is_several
from limits.inference.counts.several_limit import several_limit, several_p_values
from limits.inference.request import A_POSTERIORI, A_PRIORI, BY_TOY_QUANTILES, NOT_ASKED, TOYS, Request, single_count
from limits.inference.results import Limit, PValues
from limits.inference.toys.ensembles import ToyCalculator
from limits.inference.toys.limit import toy_limit
from limits.inference.twosided import feldman_cousins_limit, profile_limit
from limits.likelihood import Likelihood


def _cls_exact(request: Request) -> Limit:
    if is_several(request.likelihood):
        return several_limit(request)
    single = SingleCount.of(request.likelihood)
    observed, expected = single_count(request, single, single.cls)
    strength = request.test_strength
    clsb, clb = single.clsb(strength, single.observed), single.clsb(0.0, single.observed)
    if not clb > 0:
        raise InputError(
            f"{request.likelihood.name}: {single.observed:g} events or fewer never come with this background"
        )
    values = PValues(clsb / clb, clsb, clb, tuple(single.cls(strength, n) for n in single.quantile_counts))
    averaged = ", nuisances averaged over their densities" if len(single.weights) > 1 else ""
    definition = f"CLs = P(N ≤ n | s+b)/P(N ≤ n | b), exact Poisson sums{averaged}"
    return request.result("cls-exact", definition, observed, expected, A_PRIORI, values)


def _by_toys(request: Request, *, divided: bool) -> Limit:
    rough = Request(request.likelihood, request.level, request.test_strength)
    return toy_limit(request, asymptotic_limit(rough, "qtilde"), divided=divided)


def _clsb(method: str) -> Callable[[Request], Limit]:
    return lambda r: clsb_limit(r.likelihood, r.level, r.test_strength, method=method, expected_kind=A_PRIORI)


METHODS: Final[Mapping[str, Callable[[Request], Limit]]] = MappingProxyType(
    {
        "cls": lambda request: asymptotic_limit(request, "qtilde"),
        "cls-q": lambda request: asymptotic_limit(request, "q"),
        "cls-exact": _cls_exact,
        "cls-enumerated": enumerated_limit,
        "cls-toys": lambda request: _by_toys(request, divided=True),
        "clsb": lambda request: asymptotic_limit(request, "qtilde", divided=False),
        "clsb-toys": lambda request: _by_toys(request, divided=False),
        **{name: _clsb(name) for name in DEFINITIONS},
        "feldman-cousins": feldman_cousins_limit,
        "profile": profile_limit,
        "bayes": lambda request: bayes_limit(request, request.prior, request.kind),
        "bayes-profile": profile_posterior_limit,
    }
)
"""Every limit method by name."""

BAYESIAN: Final = ("bayes", "bayes-profile")
"""The methods that have a prior."""


def upper_limit(
    likelihood: Likelihood,
    method: str = "cls",
    level: float = 0.95,
    test_strength: float = 1.0,
    *,
    toys: int = TOYS,
    seed: int = 1,
    prior: Prior = FLAT,
    kind: Kind = "upper",
    smearing: tuple[float, float] = (0.0, 0.0),
    expected: bool = True,
) -> Limit:
    """Upper limit on the strength at `level`, with the expected band and the p-values at `test_strength`.

    `toys` per hypothesis and strength, and their `seed`, are for the methods that throw any. `prior` and `kind` ("upper", "central",
    "shortest": then the limit is the upper edge of `interval`) are for `bayes` and `bayes-profile`; `smearing`, the additive and
    the relative width of a systematic error of the strength, is for `bayes-profile`. Without `expected` only the observed limit is
    found, which is often several times faster.

    Raises:
        UnknownName: no such method or kind.
        InputError: a level outside (0, 1), a method that this likelihood cannot serve, or an option that this method does not know.
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    if not 0 < level < 1:
        raise InputError(f"level = {level!r}: a number between 0 and 1 is needed")
    if not (np.isfinite(test_strength) and test_strength >= 0):
        raise InputError(f"test strength = {test_strength!r}: a finite number ≥ 0 is needed")
    if toys < 10:
        raise InputError(f"toys = {toys!r}: at least 10 are needed")
    if kind not in KINDS:
        raise unknown("kind of interval", kind, KINDS)
    if method not in BAYESIAN and (prior != FLAT or kind != "upper"):
        raise InputError(
            f"method {method!r} has no prior and no kind of interval; those that have: {', '.join(BAYESIAN)}"
        )
    if method != "bayes-profile" and any(smearing):
        raise InputError(f"method {method!r} cannot smear the strength; 'bayes-profile' can")
    limit = METHODS[method](Request(likelihood, level, test_strength, toys, seed, prior, kind, smearing, expected))
    return limit if expected else replace(limit, expected_limit=(None,) * 5, expected_kind=NOT_ASKED)


EXPECTED_P: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("cls", "cls-q", "clsb"), A_POSTERIORI),
        **dict.fromkeys(("cls-toys", "clsb-toys"), BY_TOY_QUANTILES),
        "cls-enumerated": BY_SUM_QUANTILES,
    }
)
"""What the expected values of `p_values` are, by method; `A_PRIORI` for all others."""


def p_values(likelihood: Likelihood, method: str, strength: float = 1.0) -> PValues:
    """CLs of one strength by `method`, without looking for the limit: what a plane of theory points needs.

    For `bayes` the observed and expected posterior probabilities above the strength take the place of CLs, for `mixed` and
    `clsb-exact` CLs+b does.

    Raises:
        UnknownName: no such method.
        InputError: a method that this likelihood cannot serve.
    """
    if method in ("cls", "cls-q", "clsb"):
        statistic: Literal["qtilde", "q"] = "q" if method == "cls-q" else "qtilde"
        return Asymptotic(likelihood, likelihood.observed, statistic, method != "clsb").p_values(strength)
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    if method in ("cls-toys", "clsb-toys"):
        return ToyCalculator(likelihood, likelihood.observed, TOYS, 1, method == "cls-toys").at(strength).p_values
    if method in ("feldman-cousins", "profile", "bayes-profile"):
        raise InputError(f"method {method!r} gives an interval and no p-value of a point; a plane needs one that does")
    if method == "cls-enumerated" and is_single_count(likelihood):
        return sums.p_values(OneCount.of(likelihood), strength)
    if method == "cls-exact" and is_several(likelihood):
        return several_p_values(SeveralCounts.of(likelihood), strength)
    if method == "bayes" and is_several(likelihood):
        return several_tails(likelihood, strength)
    single = SingleCount.of(likelihood)
    if not np.any(single.signal > 0):
        return PValues(1.0, None, None, (1.0,) * 5)
    tails: dict[str, Callable[[float, int], float]] = dict.fromkeys(DEFINITIONS, single.clsb)
    tail = partial(tail_single, single) if method == "bayes" else tails.get(method, single.cls)
    return PValues(
        tail(strength, single.observed), None, None, tuple(tail(strength, n) for n in single.quantile_counts)
    )
