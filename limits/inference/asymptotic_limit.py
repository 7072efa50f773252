"""Asymptotic limits: where the p-value of q̃ or q, by the formulas of 1007.1727, falls through 1 − level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from limits.errors import FitError, InputError
from limits.inference.asymptotic import Asymptotic
from limits.inference.counts.exact import SingleCount
from limits.inference.request import A_POSTERIORI, FEW, NO_P_VALUES, ZERO_EXCLUDED, Request
from limits.inference.results import SIGMAS, Limit
from limits.inference.root import falling_zero
from limits.likelihood.quadratic import QuadraticLikelihood

SETTLED: Final = 1e-10
"""A ln p, or a √q, this close to where it should be is there: fits are dear and leave rounding of about that size."""

NEXT_TO_NOTHING: Final = 1e-3
"""A strength this small, in standard deviations, stands for 0."""

BENT: Final = (
    "the signal is quadratic in the coupling: the formula, made for a linear one, may be off; 'cls-toys' is not"
)


def asymptotic_limit(request: Request, statistic: Literal["qtilde", "q"], *, divided: bool = True) -> Limit:
    """Limit of CLs, or of CLs+b, with q̃ or q; expected limits from the Asimov set."""
    likelihood, alpha, scale = request.likelihood, request.alpha, request.likelihood.signal_scale
    calculator = Asymptotic(likelihood, likelihood.observed, statistic, divided)

    def zero(label: str, goal: float, function: Callable[[float], float]) -> float | None:
        # Looked for in units of a good guess, as `request.zero` looks in units of `signal_scale`.
        unit = calculator.guess(goal, scale) / scale if 0 < scale < np.inf else 1.0
        found = request.zero(label, lambda s: function(s * unit), SETTLED)
        return None if found is None else found * unit

    def quantile(sigma: int) -> float | None:
        # √q is nearly a straight line, which the root finder likes.
        goal = calculator.band_goal(sigma, alpha)
        if goal == 0 and np.isfinite(scale):
            return 0.0
        return zero(f"expected {sigma:+d}σ", goal, lambda s: goal**0.5 - calculator.q_asimov(s) ** 0.5)

    # From the median outwards: the next is near those already found.
    by_sigma = {sigma: quantile(sigma) for sigma in sorted(request.sigmas, key=abs)}
    expected = [by_sigma.get(sigma) for sigma in SIGMAS]

    def height(strength: float) -> float:
        return calculator.log_p(strength) - float(np.log(alpha))

    if not divided and 0 < scale < np.inf and height(NEXT_TO_NOTHING * scale) <= 0:
        observed: float | None = 0.0
        request.warnings.append(ZERO_EXCLUDED)
    else:
        observed = zero("observed", calculator.observed_goal(alpha), height)
    # Fits far from the limit may fail on the way without harm; those that the limit rests on may not.
    calculator.unconverged[:] = [s for s in calculator.unconverged if not s > 0]
    request.check(observed, lambda s: calculator.p_values(s).cls)
    if calculator.unconverged:
        request.trouble("a fit that the limit rests on did not converge")
    try:
        values = calculator.p_values(request.test_strength)
    except FitError as error:
        request.trouble(f"p-values at strength {request.test_strength:g} not found: {error}")
        values = NO_P_VALUES
    request.warnings.extend(_small_counts(request, observed) if divided else [])
    if isinstance(likelihood, QuadraticLikelihood):
        request.warnings.append(BENT)
    name = "q̃ (best fit ≥ 0)" if statistic == "qtilde" else "q (best fit unbounded)"
    what = "CLs = CLs+b/CLb" if divided else "CLs+b, not divided by CLb; p-values are CLs+b;"
    method = "clsb" if not divided else "cls" if statistic == "qtilde" else "cls-q"
    definition = f"asymptotic {what} with {name}, nuisances profiled (1007.1727)"
    return request.result(method, definition, observed, expected, A_POSTERIORI, values)


def _small_counts(request: Request, asymptotic: float | None) -> list[str]:
    """Say by how much the asymptotic formula is off where an exact value exists, or that it may be off where none does."""
    seen = float(request.likelihood.counts.sum())
    if seen >= FEW or asymptotic is None or not np.isfinite(asymptotic):
        return []
    name = f"asymptotic formula at {seen:g} observed events"
    try:
        single = SingleCount.of(request.likelihood)
        exact = falling_zero(lambda s: single.cls(s, single.observed) - request.alpha, asymptotic)
    except (InputError, FitError):
        return [f"{name}: the limit may be too strong; no exact value is at hand for this likelihood"]
    if abs(asymptotic / exact - 1) < 0.05:
        return []
    events = request.likelihood.nominal_signal
    return [
        f"{name}: its limit is {asymptotic * events:.4g} signal events, "
        f"exact CLs gives {exact * events:.4g} (method 'cls-exact')"
    ]
