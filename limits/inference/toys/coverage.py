"""Coverage by toys, for likelihoods of several bins: how often the interval of a toy holds the strength it was thrown with.

Toys are thrown at each strength with the nuisances at their conditional fit to the data; counts and auxiliary data fluctuate.
Methods that are a condition on one strength are asked at the true one, for all toys at once; of others the interval of every
toy is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from limits.errors import InputError
from limits.inference.coverage import INTERVALS, Coverage, Covered, require_strengths
from limits.inference.intervals import goal, require_level
from limits.inference.toys.ensembles import AT_TRUTH, thrown
from limits.likelihood import Array, Likelihood

INSIDE, BELOW, ABOVE, LOST = range(4)
"""The interval holds the truth, lies wholly below it, wholly above it, or was not found."""

Codes = NDArray[np.intp]
Judge = Callable[[Likelihood, Array, float, float], Codes]


def _asymptotic(
    likelihood: Likelihood,
    toys: Array,
    strength: float,
    level: float,
    *,
    statistic: Literal["qtilde", "q"],
    divided: bool = True,
) -> Codes:
    """CLs (or CLs+b) of q̃ or q at the truth against 1 − level, each toy with its own Asimov set (a-posteriori)."""
    free = likelihood.fit_many(toys, lower=0.0 if statistic == "qtilde" else -np.inf)
    fixed, background = likelihood.fit_many(toys, strength), likelihood.fit_many(toys, 0.0)
    asimov = likelihood.asimov(background.theta)
    of_asimov = likelihood.fit_many(asimov, strength)
    q = np.where(free.theta[:, 0] < strength, np.maximum(0.0, 2 * (fixed.nll - free.nll)), 0.0)
    q_asimov = np.maximum(0.0, 2 * (of_asimov.nll - likelihood.nll(background.theta, asimov)))
    root = np.sqrt(q_asimov)
    with np.errstate(invalid="ignore", divide="ignore"):
        far = (q > q_asimov) & (statistic == "qtilde")
        x = np.where(far, (q + q_asimov) / (2 * root), np.sqrt(q))
        log_p = log_ndtr(-x) - (log_ndtr(root - x) if divided else 0.0)
    good = free.converged & fixed.converged & background.converged & of_asimov.converged
    codes = np.where(log_p >= np.log(1 - level), INSIDE, BELOW)
    return np.asarray(np.where(good, codes, LOST))


def _profile(likelihood: Likelihood, toys: Array, strength: float, level: float, *, one_sided: bool) -> Codes:
    """2Δ ln L at the truth against its χ² quantile; the one-sided interval begins at 0."""
    free, fixed = likelihood.fit_many(toys), likelihood.fit_many(toys, strength)
    outside = 2 * (fixed.nll - free.nll) > goal(level, "one-sided" if one_sided else "two-sided")
    beyond = free.theta[:, 0] > strength
    side = np.where(beyond, INSIDE if one_sided else ABOVE, BELOW)
    codes = np.where(outside, side, INSIDE)
    return np.asarray(np.where(free.converged & fixed.converged, codes, LOST))


VECTORISED: Final[Mapping[str, Judge]] = MappingProxyType(
    {
        "cls": partial(_asymptotic, statistic="qtilde"),
        "cls-q": partial(_asymptotic, statistic="q"),
        "clsb": partial(_asymptotic, statistic="qtilde", divided=False),
        "profile": partial(_profile, one_sided=False),
        "profile-upper": partial(_profile, one_sided=True),
    }
)
"""Methods that are asked at the true strength only."""


def _each(likelihood: Likelihood, toys: Array, strength: float, level: float, *, method: str) -> Codes:
    """The interval of every toy by itself."""
    pairs = [INTERVALS[method](likelihood.with_data(toy), level) for toy in toys]
    return np.array(
        [LOST if p is None else BELOW if p[1] < strength else ABOVE if p[0] > strength else INSIDE for p in pairs]
    )


def coverage_by_toys(
    likelihood: Likelihood, method: str, level: float, strengths: Sequence[float], toys: int, seed: int
) -> Coverage:
    """Coverage at each strength, with its binomial error, of a method by name.

    Raises:
        InputError: a level outside (0, 1), a strength that is not ≥ 0, a method that throws toys itself or is not known here.
    """
    require_level(level)
    require_strengths(strengths)
    if method not in VECTORISED and method != "bayes":
        known = ", ".join((*VECTORISED, "bayes"))
        raise InputError(
            f"coverage by toys of method {method!r} on {len(likelihood.counts)} bins: not offered; known: {known}"
        )
    judge = VECTORISED.get(method, partial(_each, method=method))
    rows = []
    for strength in strengths:
        theta = likelihood.fit(likelihood.observed, float(strength)).theta
        blocks = thrown(likelihood, theta, toys, seed, AT_TRUTH)
        codes = np.concatenate([judge(likelihood, block, float(strength), level) for block in blocks])
        rows.append(_row(float(strength), codes))
    definition = "toys with counts and auxiliary data thrown at the conditional fit to the data; errors are binomial"
    return Coverage(method, level, definition, tuple(rows), (), toys)


def _row(strength: float, codes: Codes) -> Covered:
    size = len(codes)
    inside, below, above, lost = (float(np.count_nonzero(codes == code)) / size for code in range(4))
    # Where all or none are inside, an error of 0 would claim too much: half a toy is added on either side.
    smooth = (inside * size + 0.5) / (size + 1)
    return Covered(strength, inside, below, above, lost, float(np.sqrt(smooth * (1 - smooth) / size)))
