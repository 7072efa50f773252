"""Everything a mass scan wants to know about one window: strength, significance and upper limits."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from limits.errors import InputError
from limits.kernel.linear import curve as profile
from limits.kernel.linear import upper
from limits.kernel.linear.fit import NODES, asimov_curve, curve, fit, profile_at, rules
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

NULL_TOLERANCE: Final = 1e-12
"""½gᵀH⁻¹g left without signal. Z = sqrt(2q) where q itself may be small: the curve's own tolerance would show."""


def measure(window: Window, level: float = 0.95, smearing: Smearing = NONE, nodes: int = NODES) -> Measurement:
    """Fit free and without signal, profile, and read everything off one polynomial. Failures are a status and nan."""
    if not 0 < level < 1:
        raise InputError(f"level {level} is not between 0 and 1")
    if smearing.additive < 0 or not 0 <= smearing.relative <= 0.1:
        raise InputError(f"{smearing}: additive must not be negative, relative must be in 0…0.1")
    best = fit(window)
    if best.status is not Status.CONVERGED:
        return _failed(best, best.status, best.evaluations)
    null = profile_at(window, best, np.zeros(1), NULL_TOLERANCE)
    evaluations = best.evaluations + null.evaluations
    status = null.status
    if status is Status.CONVERGED and not np.all(null.theta @ window.grid > 0):
        status = Status.NEGATIVE
    if status is not Status.CONVERGED:
        return _failed(best, status, evaluations)
    low, high = profile.span(best.strength, best.sigma, 6.5 * smearing.additive)
    shape = curve(window, best, low, high, nodes)
    evaluations += shape.evaluations
    floor = float(null.q[0]) if best.strength < 0 else 0.0
    for _ in range(profile.LONGER):
        if shape.status is not Status.CONVERGED:
            break
        factor = profile.longer(float(shape(np.array(high))) - floor)
        if factor == 1.0:
            break
        high *= factor
        shape = curve(window, best, low, high, 2 * nodes - 1)
        evaluations += shape.evaluations
    expected = asimov_curve(window, null.theta)
    evaluations += expected.evaluations
    status = shape.status or expected.status
    if best.sparse and status is Status.CONVERGED:
        # The curve sees the events only: few of them do not keep the intensity from going below zero between them.
        status = fit(window, high).status
    if status is not Status.CONVERGED:
        return _failed(best, status, evaluations)
    return _read(best, max(float(null.q[0]), 0.0), shape, expected, level, smearing, evaluations)


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
