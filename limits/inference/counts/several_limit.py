"""Limits and p-values of a few counts: where the last strength stops being allowed, in an order of outcomes that depends on it."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.optimize import brentq

from limits.errors import FitError, InputError
from limits.inference.counts.several import Outcome, SeveralCounts
from limits.inference.request import A_PRIORI, CHECK, NO_P_VALUES, Request
from limits.inference.results import SIGMAS, Limit, PValues

DEFINITION: Final = (
    "CLs = P(ln Q ≤ ln Q_obs | s+b)/P(ln Q ≤ ln Q_obs | b), outcomes in the order of ln Q = Σ n ln(1 + s/b), exact sums"
)

AVERAGED: Final = ", nuisances averaged over their densities (quasi-random points)"

BESIDE: Final = 1e-9
"""The p-value is checked so far, relatively, below and above a limit: nearer than that lies rounding."""

LEAST: Final = 1e-300
"""In the place of a CLs of zero, whose logarithm no root finder likes."""

UPWARDS: Final = 2.0
"""Strengths up to so many times a limit are looked at for one that is allowed again."""

LOOKS: Final = 48
"""Strengths in one look: neighbours differ by 1.5 %, and what is allowed for less is missed."""


def several_limit(request: Request) -> Limit:
    """Upper limit by method `cls-exact` of two to four counts.

    CLs jumps where two outcomes change places. The limit is then the smallest strength above which no strength is allowed, and the
    size of the jump is said in a warning.

    Raises:
        InputError: a likelihood that `SeveralCounts` cannot serve, or too many outcomes to list.
    """
    few = SeveralCounts.of(request.likelihood)
    observed = _limit(request, few, None)
    _check(request, few, observed)
    expected = [_limit(request, few, sigma) for sigma in request.sigmas]
    try:
        values = several_p_values(few, request.test_strength)
    except FitError as error:
        request.trouble(f"p-values at strength {request.test_strength:g} not found: {error}")
        values = NO_P_VALUES
    definition = DEFINITION + (AVERAGED if few.signal.shape[1] > 1 else "")
    return request.result("cls-exact", definition, observed, expected, A_PRIORI, values)


def several_p_values(few: SeveralCounts, strength: float) -> PValues:
    """CLs, CLs+b and CLb of what was observed, and CLs at the quantiles of ln Q of background-only data.

    Raises:
        InputError: a strength that is no finite number ≥ 0, or too many outcomes to list.
        FitError: CLb is zero to the last digit.
    """
    if not 0 <= strength < np.inf:
        raise InputError(f"{few.name}: strength = {strength!r}: a finite number ≥ 0 is needed")
    quantiles = few.quantile_outcomes(strength)
    cls = {outcome: few.cls(strength, outcome) for outcome in {few.observed, *quantiles}}
    clsb, clb = few.clsb(strength, few.observed), few.clb(strength, few.observed)
    return PValues(cls[few.observed], clsb, clb, tuple(cls[outcome] for outcome in quantiles))


def _outcome(few: SeveralCounts, sigma: int | None, strength: float) -> Outcome:
    """What was observed, or the quantile of background-only data in the order of that strength."""
    return few.observed if sigma is None else few.quantile_outcomes(strength)[SIGMAS.index(sigma)]


def _cls(few: SeveralCounts, sigma: int | None, strength: float) -> float:
    return few.cls(strength, _outcome(few, sigma, strength))


def _limit(request: Request, few: SeveralCounts, sigma: int | None) -> float | None:
    def height(strength: float) -> float:
        return float(np.log(max(_cls(few, sigma, strength), LEAST) / request.alpha))

    found = request.zero("observed" if sigma is None else f"expected {sigma:+d}σ", height)
    if found is None or not 0 < found < np.inf:
        return found
    for _ in range(LOOKS):
        strengths = (found * np.geomspace(1 + BESIDE, UPWARDS, LOOKS)).tolist()
        if not _reordered(few, sigma, strengths):
            break  # CLs of the same outcomes falls
        allowed = [i for i, s in enumerate(strengths) if _cls(few, sigma, s) > request.alpha * (1 + CHECK)]
        if not allowed:
            break
        found = strengths[allowed[-1]]
        if allowed[-1] + 1 < LOOKS:
            found = float(brentq(height, found, strengths[allowed[-1] + 1], xtol=1e-13 * found))
    return found


def _reordered(few: SeveralCounts, sigma: int | None, strengths: list[float]) -> bool:
    """Whether the outcomes at or below the data are not the same ones at all strengths."""
    rate = strengths[-1] * few.signal + few.background
    first, *others = (few.listed(s, _outcome(few, sigma, s), rate) for s in strengths)
    return not all(np.array_equal(first[0], other[0]) and np.array_equal(first[1], other[1]) for other in others)


def _check(request: Request, few: SeveralCounts, limit: float | None) -> None:
    """Warn unless the p-value falls through 1 − level at the limit, and say so where it does in one step."""
    if limit is None or not 0 < limit < np.inf:
        return
    below, above = (_cls(few, None, limit * (1 + side)) for side in (-BESIDE, BESIDE))
    if below < request.alpha * (1 - CHECK) or above > request.alpha * (1 + CHECK):
        request.trouble(f"check failed: CLs beside the observed limit is {below:.6g} and {above:.6g}")
    elif below - above > CHECK * request.alpha:
        request.warnings.append(
            f"CLs falls from {below:.4g} to {above:.4g} at the observed limit, in one step: outcomes change places in the "
            "order of ln Q; no larger strength is allowed"
        )
