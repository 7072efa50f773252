"""One count with one auxiliary measurement of its background: q̃ and asymptotic CLs in closed form, a plane of strengths at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from scipy.special import log_ndtr, ndtr

from limits import kernel
from limits.errors import InputError
from limits.inference.counts.background import Background, Fitted, Gaussian, Known, Lognormal, Poisson
from limits.inference.counts.exact import merge_parallel
from limits.inference.results import SIGMAS
from limits.likelihood import Array, Parameter
from limits.likelihood.binned import BinnedLikelihood

BLOCK: Final = 8192
"""Points treated at once: 64 kB per array, so that the dozen arrays in use stay in the cache."""

STRAIGHT: Final = 1e-11
"""A rate that departs from a straight line (or its logarithm does) by less, relatively, is one."""

TRACE: Final = 1e-12
"""A background that varies by fewer events within 5σ is known: no p-value moves by more."""

SUPPORTED: Final = (
    "closed forms need one bin, a known signal and at most one nuisance, on the background: Gaussian or Poisson and linear, "
    "or a symmetric lognormal"
)


class Plane(NamedTuple):
    """Asymptotic p-values for strengths of any shape (...): CLs = CLs+b/CLb, and the expected CLs at −2…+2σ (5, ...)."""

    CLs_obs: Array
    CLs_exp: Array
    CLsb: Array
    CLb: Array


class Statistic(NamedTuple):
    """q̃ or q (...), and the auxiliary data expected by the fits at the strength and at the best one."""

    q: Array
    centre: Array
    centre_free: Array


def profile_statistic(
    background: Background, signal: Array, count: Array, aux: Array, *, bounded: bool = True
) -> Statistic:
    """q̃ (best fit ≥ 0) or, not `bounded`, q of 1007.1727 for data (count, aux) and signal in events; leading axes broadcast.

    The best fit equals both data, or, where the background alone is more than the count, has no signal.
    """
    at, free = background.fitted(signal, count, aux), background.preferred(aux)
    excess = count - free.background
    if bounded and np.any(excess < 0):
        zero = background.fitted(np.zeros(np.shape(excess)), count, aux)
        free = Fitted(*(np.where(excess < 0, z, f) for z, f in zip(zero, free, strict=True)))
    with np.errstate(invalid="ignore"):  # ∞ − ∞ where events meet no expectation, which is never beyond the best fit
        q = np.where(signal > excess, np.maximum(2 * (at.cost - free.cost), 0.0), 0.0)
    return Statistic(q, at.centre, free.centre)


@dataclass(frozen=True)
class OneCount:
    """`signal` events at strength 1, what is known of the background, and the data: a count and an auxiliary datum."""

    signal: float
    background: Background
    count: float
    aux: float
    name: str = ""

    @classmethod
    def of(cls, likelihood: BinnedLikelihood) -> OneCount:
        """From a likelihood of one bin; lognormals that act alike on the background become one.

        Raises:
            InputError: anything but one bin, a known signal and at most one nuisance (see SUPPORTED), naming what is in the way.
        """
        if likelihood.shape.n_bins != 1:
            raise _unfit(likelihood, f"{likelihood.shape.n_bins} bins")
        if not any(p.aux for p in likelihood.constrained if p.constraint == "gaussian" and p.scale == 1):
            likelihood = merge_parallel(likelihood)  # at equal auxiliary values: the orthogonal combinations never move
        theta = np.array([p.init for p in likelihood.parameters])
        signal, events = (float(x[0]) for x in kernel.yields(likelihood.shape, theta))
        if not (np.isfinite(signal) and signal >= 0):
            raise _unfit(likelihood, f"signal = {signal:g} events")
        acting = [
            (p.name, found)
            for i, p in enumerate(likelihood.parameters)
            if i > 0 and not p.fixed and (found := _background(likelihood, theta, i)) is not None
        ]
        if len(acting) > 1:
            raise _unfit(likelihood, f"nuisances {', '.join(repr(name) for name, _ in acting)} all act")
        background, aux = acting[0][1] if acting else (Known(events), 0.0)
        return cls(signal, background, float(likelihood.counts[0]), aux, likelihood.name)

    def statistic(self, strengths: Array, *, bounded: bool = True) -> Array:
        """q̃ (or q) of the data, (...)."""
        data = np.asarray(self.count), np.asarray(self.aux)
        return profile_statistic(self.background, self.signal * strengths, *data, bounded=bounded).q

    def without_signal(self) -> Fitted:
        """The fit to the data at strength 0."""
        return self.background.fitted(np.asarray(0.0), np.asarray(self.count), np.asarray(self.aux))

    def statistic_asimov(self, strengths: Array) -> Array:
        """q̃ = q of the background-only Asimov data, nuisances at their fit to the data, (...)."""
        at = self.without_signal()
        return np.asarray(2 * self.background.fitted(self.signal * strengths, at.background, at.centre).cost)

    def asymptotic(self, strengths: Array, statistic: Literal["qtilde", "q"] = "qtilde") -> Plane:
        """Asymptotic p-values (1007.1727) for strengths ≥ 0 of any shape.

        Raises:
            InputError: a strength that is no finite number ≥ 0.
        """
        strengths = np.asarray(strengths, dtype=float)
        if not np.all((strengths >= 0) & (strengths < np.inf)):
            raise InputError(f"{self.name}: strengths: finite numbers ≥ 0 are needed")
        flat = strengths.ravel()
        found = np.empty((len(SIGMAS) + 3, flat.size))
        for first in range(0, flat.size, BLOCK):
            part = slice(first, first + BLOCK)
            _asymptotic(self, flat[part], statistic, found[:, part])
        found = found.reshape(-1, *strengths.shape)
        return Plane(found[0], found[3:], found[1], found[2])


def _asymptotic(one: OneCount, strengths: Array, statistic: str, found: Array) -> None:
    """Fill `found` (8, n) with CLs, CLs+b, CLb and the expected CLs."""
    q, q_asimov = one.statistic(strengths, bounded=statistic == "qtilde"), one.statistic_asimov(strengths)
    root, root_asimov = np.sqrt(q), np.sqrt(q_asimov)
    x, y = root, root - root_asimov
    if statistic == "qtilde" and np.any(beyond := (q > q_asimov) & (q_asimov > 0)):
        twice = 2 * np.where(beyond, root_asimov, 1.0)
        x, y = np.where(beyond, (q + q_asimov) / twice, x), np.where(beyond, (q - q_asimov) / twice, y)
    found[1], found[2] = ndtr(-x), ndtr(-y)
    with np.errstate(divide="ignore", invalid="ignore"):
        found[0] = found[1] / found[2]
    if np.any(lost := found[2] == 0):  # both tails are below the smallest number: their logarithms are not
        found[0, lost] = np.exp(log_ndtr(-x[lost]) - log_ndtr(-y[lost]))
    for row, sigma in enumerate(SIGMAS, 3):
        np.divide(ndtr(sigma - root_asimov), ndtr(sigma), out=found[row])


def plane(likelihood: BinnedLikelihood, strengths: Array, statistic: Literal["qtilde", "q"] = "qtilde") -> Plane:
    """Asymptotic CLs, observed (...) and expected (5, ...), of many strengths (...) ≥ 0 of one count: what a plane of points needs.

    The same numbers as `Asymptotic(likelihood, likelihood.observed, statistic).p_values(strength)`, without fits.

    Raises:
        InputError: a likelihood that has no closed form (use method 'cls' point by point), or a strength below 0.
    """
    return OneCount.of(likelihood).asymptotic(strengths, statistic)


def _unfit(likelihood: BinnedLikelihood, found: str) -> InputError:
    return InputError(f"{likelihood.name or 'likelihood'}: {found}: {SUPPORTED}; use method 'cls' or 'cls-toys'")


def _straight(x: Array, y: Array) -> bool:
    line = y[0] + (y[-1] - y[0]) * (x - x[0]) / (x[-1] - x[0])
    return bool(np.all(np.abs(y - line) <= STRAIGHT * np.max(np.abs(y))))


def _background(likelihood: BinnedLikelihood, theta: Array, index: int) -> tuple[Background, float] | None:
    """How a nuisance moves the background, and its auxiliary datum, from the rates at 21 values within 5σ; None if it does not."""
    p = likelihood.parameters[index]
    width = p.scale if p.constraint == "gaussian" else np.sqrt(max(p.aux, 1.0)) / p.scale
    middle = {"gaussian": p.aux, "poisson": p.aux / p.scale, "free": p.init}[p.constraint]
    values = np.unique(np.maximum(middle + width * np.linspace(-5, 5, 21), p.lower))
    trials = np.tile(theta, (len(values), 1))
    trials[:, index] = values
    signal, background = (x[:, 0] for x in kernel.yields(likelihood.shape, trials))
    if np.ptp(signal) > STRAIGHT * np.max(signal):
        raise _unfit(likelihood, f"nuisance {p.name!r} acts on the signal")
    if np.ptp(background) <= max(STRAIGHT * np.max(np.abs(background)), TRACE):
        return None
    if p.constraint == "free" or p.upper < np.inf:
        raise _unfit(likelihood, f"nuisance {p.name!r} is free or has an upper bound")
    found = _recognised(p, values, background)
    if found is None:
        raise _unfit(likelihood, f"nuisance {p.name!r} is not linear")
    return found


def _recognised(p: Parameter, values: Array, background: Array) -> tuple[Background, float] | None:
    if _straight(values, background):
        slope = float((background[-1] - background[0]) / (values[-1] - values[0]))
        if p.constraint == "gaussian" and (slope > 0 or p.lower == -np.inf):
            start = float(background[0] - slope * values[0])
            floor = start + slope * p.lower if p.lower > -np.inf else -np.inf
            return Gaussian(abs(slope) * p.scale, floor), start + slope * p.aux
        if p.constraint == "poisson" and slope > 0:
            fixed = float(background[0] - slope * values[0])
            fixed = fixed if abs(fixed) > STRAIGHT * float(background[-1]) else 0.0
            return Poisson(p.scale / slope, slope * p.lower, fixed), p.aux
    elif p.constraint == "gaussian" and p.lower == -np.inf and p.scale == 1 and np.all(background > 0):
        logs = np.log(background)
        if _straight(values, logs - logs.mean()):
            slope = float((logs[-1] - logs[0]) / (values[-1] - values[0]))
            sign = 1.0 if slope > 0 else -1.0
            events = float(np.exp(logs[0] - slope * values[0]))
            return Lognormal(events, abs(slope)), sign * p.aux
    return None
