"""Upper limits of one count from `onecount_sums`: where the last strength stops being allowed."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.optimize import brentq

from limits.errors import FitError, InputError
from limits.inference.counts.background import Poisson
from limits.inference.counts.closed import OneCount
from limits.inference.counts.sums import p_values, sums
from limits.inference.request import CHECK, NO_P_VALUES, Request
from limits.inference.results import Limit
from limits.likelihood import Array
from limits.likelihood.binned import BinnedLikelihood

BY_SUMS: Final = (
    "CLs = CLs+b/CLb with q̃, exact sums over the count and the auxiliary datum, thrown at the fit to the data"
)
BY_SUM_QUANTILES: Final = (
    "a-posteriori: −2…+2σ quantiles of q̃ of background-only data by exact sums, nuisances fitted to the data"
)

BESIDE: Final = 1e-9
"""The p-value is checked so far, relatively, below and above a limit: nearer than that lies rounding."""

LEAST: Final = 1e-300
"""In the place of a CLs of zero, whose logarithm no root finder likes."""

FEW_OUTCOMES: Final = 1e4
"""With a larger product of the two counts no single outcome has 1 % of the probability, and jumps are not looked for."""

UPWARDS: Final = 2.0
"""Strengths up to so many times a limit are looked at for one that is allowed again."""

LOOKS: Final = 48
"""Strengths in one look: neighbours differ by 1.5 %, and what is allowed for less is missed."""


def enumerated_limit(request: Request) -> Limit:
    """Upper limit by method `cls-enumerated`: what `cls-toys` estimates, without toys.

    With a discrete auxiliary datum the p-value jumps where two outcomes change places in the order of q̃. The limit is then the
    smallest strength above which no strength is allowed, and the size of the jump is said in a warning.

    Raises:
        InputError: a likelihood that is no single count with one linear or lognormal background nuisance, or too many events.
    """
    if not isinstance(request.likelihood, BinnedLikelihood):
        raise InputError("sums over a count need a likelihood of one bin; use method 'cls'")
    one, strength = OneCount.of(request.likelihood), request.test_strength
    observed = _limit(request, one, None)
    _check(request, one, observed)
    expected = [_limit(request, one, sigma) for sigma in request.sigmas]
    try:
        values = p_values(one, strength)
    except FitError as error:
        request.trouble(f"p-values at strength {strength:g} not found: {error}")
        values = NO_P_VALUES
    return request.result("cls-enumerated", BY_SUMS, observed, expected, BY_SUM_QUANTILES, values)


def _cls(one: OneCount, sigma: int | None, strengths: Array) -> Array:
    """CLs at strengths (S,), of the data or of one quantile."""
    return sums(one, strengths, ()).cls if sigma is None else sums(one, strengths, (sigma,)).cls_expected[0]


def _limit(request: Request, one: OneCount, sigma: int | None) -> float | None:
    def height(strength: float) -> float:
        return float(np.log(max(_cls(one, sigma, np.array([strength]))[0], LEAST) / request.alpha))

    found = request.zero("observed" if sigma is None else f"expected {sigma:+d}σ", height)
    few = isinstance(one.background, Poisson) and (one.count + 1) * (one.aux + 1) < FEW_OUTCOMES
    if not few or found is None or not 0 < found < np.inf:
        return found
    for _ in range(LOOKS):
        strengths = found * np.geomspace(1 + BESIDE, UPWARDS, LOOKS)
        allowed = np.flatnonzero(_cls(one, sigma, strengths) > request.alpha * (1 + CHECK))
        if not len(allowed):
            break
        last = int(allowed[-1])
        found = float(strengths[last])
        if last + 1 < LOOKS:
            found = float(brentq(height, found, strengths[last + 1], xtol=1e-13 * found))
    return found


def _check(request: Request, one: OneCount, limit: float | None) -> None:
    """Warn unless the p-value falls through 1 − level at the limit, and say so where it does in one step."""
    if limit is None or not 0 < limit < np.inf:
        return
    below, above = _cls(one, None, limit * np.array([1 - BESIDE, 1 + BESIDE]))
    if below < request.alpha * (1 - CHECK) or above > request.alpha * (1 + CHECK):
        request.trouble(f"check failed: CLs beside the observed limit is {below:.6g} and {above:.6g}")
    elif below - above > CHECK * request.alpha:
        request.warnings.append(
            f"CLs falls from {below:.4g} to {above:.4g} at the observed limit, in one step: the outcomes are discrete; "
            "no larger strength is allowed"
        )
