"""Posterior probability of a few counts above a strength, prior flat: nuisances averaged over their densities, the strength in closed form.

The product of the Poisson probabilities is a polynomial in the strength times an exponential; its integral above a strength is a sum
of incomplete Gamma functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.special import gammaincc, gammaln

from limits.errors import FitError, InputError
from limits.inference.counts.averaged import averaged_yields
from limits.inference.counts.several import SeveralCounts
from limits.inference.results import PValues
from limits.likelihood import Array
from limits.likelihood.binned import BinnedLikelihood

MOST_EVENTS: Final = 100
"""More are refused: the terms of the sum grow like a factorial."""


def several_tails(likelihood: BinnedLikelihood, strength: float) -> PValues:
    """Posterior probability above the strength: of the data, and of the outcomes at the quantiles of ln Q of background-only data.

    Raises:
        InputError: what `SeveralCounts` refuses, or more than `MOST_EVENTS` events.
        FitError: events where neither signal nor background is expected.
    """
    few = SeveralCounts.of(likelihood)
    if not len(few.ratio):
        return PValues(1.0, None, None, (1.0,) * 5)
    signal, background = averaged_yields(likelihood)
    quantiles = few.quantile_outcomes(strength)
    tails = {o: tail(signal, background, strength, o, few.name) for o in {few.observed, *quantiles}}
    return PValues(tails[few.observed], None, None, tuple(tails[outcome] for outcome in quantiles))


def tail(signal: Array, background: Array, strength: float, outcome: Sequence[int], name: str = "counts") -> float:
    """The same for one outcome (B,), signal at strength 1 and background (B, P) at P equally likely values of the nuisances.

    Raises:
        InputError: more than `MOST_EVENTS` events.
        FitError: events where neither signal nor background is expected.
    """
    if sum(outcome) > MOST_EVENTS:
        raise InputError(f"{name}: {sum(outcome)} events; at most {MOST_EVENTS} are possible here, use method 'cls'")
    seen = signal.sum(axis=0) > 0
    signal, background = signal[:, seen], background[:, seen]
    total = signal.sum(axis=0)
    # In t = strength · total the polynomial is Π (b + t s/total)^n; `powers` are its coefficients.
    powers = np.ones((1, len(total)))
    for share, rate, count in zip(signal / total, background, outcome, strict=True):
        for _ in range(count):
            longer = np.zeros((len(powers) + 1, len(total)))
            longer[:-1] += rate * powers
            longer[1:] += share * powers
            powers = longer / (longer.max() or 1.0)  # a factor common to all cancels; without it large rates overflow
    order = np.arange(1.0, len(powers) + 1)[:, None]
    expected = background.sum(axis=0)
    terms = powers * np.exp(gammaln(order) - (expected - expected.min(initial=np.inf))) / total
    if not (whole := float(terms.sum())) > 0:
        raise FitError(f"{name}: {tuple(outcome)} events where none are expected: there is no posterior")
    return float((terms * gammaincc(order, strength * total)).sum()) / whole
