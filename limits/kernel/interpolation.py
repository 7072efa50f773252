"""How rates depend on nuisances between and beyond the variations given at θ = ±1: values and exact derivatives.

Interpolation codes 0, 1, 4 and 4p are those of HistFactory (CERN-OPEN-2012-016 §4.1 and the pyhf documentation). X = sample-bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Exponents:
    """Multiplicative nuisances κ(θ) of code 1 or 4: `index` (M,), `log_high`, `log_low` (M, X) = ln of the factor at θ = ±1.

    With `blend`, code 1 goes from one side to the other within |θ| < 1/2, by an odd polynomial of sixth order in ln κ, as Combine's
    asymmetric lnN does (CMS-NOTE-2011-005 §2.3 and HiggsAnalysis-CombinedLimit, ProcessNormalization).
    """

    index: NDArray[np.intp]
    log_high: Array
    log_low: Array
    smooth: bool
    blend: bool = False

    @cached_property
    def coefficients(self) -> Array:
        """(6, M, X) polynomial of code 4 inside |θ| < 1: value, slope and curvature match the exponentials at ±1."""
        powers = np.arange(1, 7)
        at = {
            sign: np.stack([sign**powers, powers * sign ** (powers - 1), powers * (powers - 1) * sign**powers])
            for sign in (1.0, -1.0)
        }
        rows = np.concatenate([at[1.0], at[-1.0]])
        high, low = np.exp(self.log_high), np.exp(self.log_low)
        wanted = np.stack(
            [
                high - 1,
                high * self.log_high,
                high * self.log_high**2,
                low - 1,
                -low * self.log_low,
                low * self.log_low**2,
            ]
        )
        return np.asarray(np.einsum("ij,jmx->imx", np.linalg.inv(rows), wanted))


@dataclass(frozen=True, eq=False)
class Shifts:
    """Additive nuisances (histosys): `index` (H,), `up` = high − nominal, `down` = nominal − low (H, X); code 4p or 0."""

    index: NDArray[np.intp]
    up: Array
    down: Array
    smooth: bool


def exponent_values(group: Exponents, theta: Array) -> Array:
    """ln κ(θ), (..., M, X) for theta (..., M); nan where the polynomial of code 4 falls below zero."""
    t = theta[..., None]
    value = t * np.where(t >= 0, group.log_high, -group.log_low)
    if group.blend:
        return _blended(group, t, value, value, value)[0]
    inside = np.abs(t) < 1
    if not (group.smooth and bool(np.any(inside))):
        return np.asarray(value)
    u, poly = np.where(inside, t, 0.0), np.zeros_like(value)
    for power in range(6, 0, -1):
        poly = poly * u + group.coefficients[power - 1]
    poly = 1 + u * poly
    return np.where(inside, np.log(np.where(poly > 0, poly, np.nan)), value)


def exponent_terms(group: Exponents, theta: Array) -> tuple[Array, Array, Array]:
    """ln κ(θ), first and second derivative, (..., M, X) for theta (..., M)."""
    t, value = theta[..., None], exponent_values(group, theta)
    slope = np.where(t >= 0, group.log_high, -group.log_low)
    first, second = slope, np.zeros_like(slope)
    if group.blend:
        return _blended(group, t, value, first, second)
    inside = np.abs(t) < 1
    if group.smooth and bool(np.any(inside)):
        c = group.coefficients
        u = np.where(inside, t, 0.0)
        d1, d2 = np.zeros_like(value), np.zeros_like(value)
        for power in range(6, 0, -1):
            d1 = d1 * u + power * c[power - 1]
        for power in range(6, 1, -1):
            d2 = d2 * u + power * (power - 1) * c[power - 1]
        factor = np.where(inside, np.exp(np.where(inside, value, 0.0)), 1.0)
        ratio = d1 / factor
        first = np.where(inside, ratio, first)
        second = np.where(inside, d2 / factor - ratio**2, second)
    return value, first, second


def _blended(group: Exponents, t: Array, value: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
    """ln κ(θ) and its derivatives with the two sides joined inside |θ| < 1/2; outside as given."""
    inside = np.abs(t) < 0.5
    u = np.where(inside, t, 0.0)
    u2 = u * u
    mean, bend = (group.log_high - group.log_low) / 2, (group.log_high + group.log_low) / 8
    return (
        np.where(inside, mean * u + bend * u2 * (15 + u2 * (48 * u2 - 40)), value),
        np.where(inside, mean + bend * u * (30 + u2 * (288 * u2 - 160)), first),
        np.where(inside, bend * (30 + u2 * (1440 * u2 - 480)), second),
    )


def shift_terms(group: Shifts, theta: Array) -> tuple[Array, Array, Array]:
    """Shift of the nominal rate, first and second derivative, (..., H, X) for theta (..., H)."""
    t = theta[..., None]
    slope = np.where(t >= 0, group.up, group.down)
    value, first, second = t * slope, slope, np.zeros_like(slope)
    if group.smooth:
        inside = np.abs(t) < 1
        u = np.where(inside, t, 0.0)
        mean, bend = (group.up + group.down) / 2, (group.up - group.down) / 16
        u2 = u * u
        value = np.where(inside, mean * u + bend * u2 * (15 + u2 * (3 * u2 - 10)), value)
        first = np.where(inside, mean + bend * u * (30 + u2 * (18 * u2 - 40)), first)
        second = np.where(inside, bend * (30 + u2 * (90 * u2 - 120)), second)
    return value, first, second
