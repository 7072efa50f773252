"""Everything a mass scan wants to know about one window: strength, significance and upper limits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from limits.errors import InputError
from limits.kernel.linear import curve as profile
from limits.kernel.linear import evaluate, upper
from limits.kernel.linear.fit import NODES, asimov_curve, curve, fit, rules
from limits.kernel.linear.results import Curve, Fit, Measurement, Status
from limits.kernel.linear.window import Window


class Smearing(NamedTuple):
    """Width of a systematic error of the strength: sqrt(additive² + (relative·strength)²), additive in events.

    L'(s) = ∫ L(t) Gauss(t − s; width(s)) dt, BESIII arXiv:2404.04640: t runs over all strengths, below zero too. Relative
    errors above 0.1 are refused: with a flat prior the posterior of a scale error has no end.
    """

    additive: float
    relative: float


NONE = Smearing(0.0, 0.0)


def measure(window: Window, level: float = 0.95, smearing: Smearing = NONE, nodes: int = NODES) -> Measurement:
    """Fit free and without signal, profile, and read everything off one polynomial. Failures are a status and nan."""
    if not 0 < level < 1:
        raise InputError(f"level {level} is not between 0 and 1")
    if smearing.additive < 0 or not 0 <= smearing.relative <= 0.1:
        raise InputError(f"{smearing}: additive must not be negative, relative must be in 0…0.1")
    best = fit(window)
    if best.status is not Status.CONVERGED:
        return _failed(best, best.status, best.evaluations)
    # Along the tangent of the profile, the background without signal is nearly there.
    start = best.theta.copy()
    start[1:] += best.strength * np.linalg.solve(best.hessian[1:, 1:], best.hessian[1:, 0])
    null = fit(window, 0.0, start)
    evaluations = best.evaluations + null.evaluations
    if null.status is not Status.CONVERGED:
        return _failed(best, null.status, evaluations)
    low, high = profile.span(best.strength, best.sigma, 6.5 * smearing.additive)
    shape = curve(window, best, low, high, nodes)
    expected = asimov_curve(window, null.theta)
    evaluations += shape.evaluations + expected.evaluations
    status = shape.status or expected.status
    if best.sparse and status is Status.CONVERGED:
        # The curve sees the events only: few of them do not keep the intensity from going below zero between them.
        status = fit(window, high).status
    if status is not Status.CONVERGED:
        return _failed(best, status, evaluations)
    change = float(np.sum(window.integral * (null.theta - best.theta)))
    delta = max(change - evaluate.log_ratio(window.counts, null.rate, best.rate), 0.0)
    return _read(best, delta, shape, expected, level, smearing, evaluations)


def _read(
    best: Fit, delta: float, shape: Curve, expected: Curve, level: float, smearing: Smearing, evaluations: int
) -> Measurement:
    where = (shape.poly, shape.low, shape.high)
    floor = 0.0 if best.strength >= 0 else delta
    flat = upper.bayes(*where, best.strength, best.sigma, level, rules())
    smeared = flat
    if smearing != NONE:
        smeared = upper.smeared_bayes(*where, best.sigma, *smearing, level, rules())
    cls = upper.cls(*where, best.strength, floor, expected.poly, expected.low, expected.high, level)
    if not np.all(np.isfinite([flat, smeared, cls])):
        return _failed(best, Status.NO_LIMIT, evaluations)
    significance = float(np.sqrt(2 * delta)) if best.strength > 0 else 0.0
    return Measurement(
        best.strength,
        best.sigma,
        significance,
        flat,
        smeared,
        cls,
        best.status,
        best.excess,
        best.lowest,
        evaluations,
        best.sparse,
        best.barrier,
    )


def _failed(best: Fit, status: Status, evaluations: int) -> Measurement:
    nan = float("nan")
    return Measurement(
        nan, nan, nan, nan, nan, nan, status, best.excess, best.lowest, evaluations, best.sparse, best.barrier
    )
