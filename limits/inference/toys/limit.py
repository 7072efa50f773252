"""Limits from toys: every quantile is found by itself, and one that fails takes no other with it."""

from __future__ import annotations

from dataclasses import replace

from limits.errors import FitError
from limits.inference.request import BY_TOY_QUANTILES, BY_TOYS, CLSB_BY_TOYS, ZERO_EXCLUDED, Request
from limits.inference.results import Limit
from limits.inference.toys.ensembles import ToyCalculator, crossing


def toy_limit(request: Request, first: Limit, *, divided: bool) -> Limit:
    """Observed and expected limits from toys by CLs, or by CLs+b; `first` are rough ones that say where to throw."""
    likelihood, alpha = request.likelihood, request.alpha
    method, definition = ("cls-toys", BY_TOYS) if divided else ("clsb-toys", CLSB_BY_TOYS)
    if first.observed_limit is None:
        return replace(first, method=method, definition=definition, expected_kind=BY_TOY_QUANTILES)
    calculator = ToyCalculator(likelihood, likelihood.observed, request.toys, request.seed, divided)
    guesses = [first.observed_limit, *(e if e is not None else first.observed_limit for e in first.expected_limit)]
    labels = ["observed", *(f"expected {sigma:+d}σ" for sigma in request.sigmas)]
    found: list[float | None] = []
    for which, (label, guess) in enumerate(zip(labels, guesses, strict=False)):
        try:
            at = crossing(calculator, which, alpha, guess)
        except FitError as error:
            request.trouble(f"{label} limit not found: {error}")
            found.append(None)
            continue
        found.append(at.strength)
        if at.all_excluded:
            found[-1] = 0.0
            request.warnings.append(f"{label}: {ZERO_EXCLUDED}")
        elif not at.bracketed:
            request.trouble(f"{label} limit not found: the p-value does not pass {alpha:g} between the strengths tried")
            found[-1] = None
        elif which == 0:
            request.warnings.append(
                f"statistical error of the observed limit: {100 * at.error / at.strength:.1f} % ({request.toys} toys)"
            )
    failed = sum(ensemble.failed for ensemble in calculator.ensembles.values())
    if failed:
        request.warnings.append(
            f"{failed} of {2 * request.toys * len(calculator.ensembles)} toys could not be fitted and were left out"
        )
    values = calculator.at(request.test_strength).p_values
    return request.result(method, definition, found[0], found[1:], BY_TOY_QUANTILES, values)
