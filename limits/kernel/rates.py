"""Expected rates of a binned likelihood, its cost and the derivatives: arrays in, arrays out.

Sizes in the docstrings: P parameters, S samples, B bins, X = S·B (sample-bins, sample-major), C constrained parameters.
`theta[..., 0]` is the strength; it multiplies the samples marked as signal and nothing else, so it may be zero or negative.

    rate[b] = Σ_s (strength if s is signal else 1) · (nominal + Σ_h shift_h)[s, b] · Π_m factor_m[s, b]

How factors and shifts depend on their nuisances is in `interpolation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.kernel.interpolation import Array as Array
from limits.kernel.interpolation import Exponents as Exponents
from limits.kernel.interpolation import Shifts as Shifts
from limits.kernel.interpolation import exponent_terms, exponent_values, shift_terms

TINY: Final = 1e-30
"""Stands for a factor of 0 in derivatives."""

Objective = Callable[[Array], tuple[float, Array, Array]]


@dataclass(frozen=True, eq=False)
class Binned:
    """Everything the rates and the constraint terms depend on. Data vectors are [counts (B), auxiliary data (C)].

    `linear` (K, X) are indices of parameters that multiply a sample-bin, padded with P (a constant one).
    Constraint `c` is on parameter `constrained[c]`: Gaussian of width `scale[c]`, or, where `poisson[c]`, an auxiliary
    count with expectation `scale[c]`·θ.
    """

    nominal: Array
    signal: NDArray[np.bool_]
    linear: NDArray[np.intp]
    exponents: tuple[Exponents, ...]
    shifts: Shifts
    constrained: NDArray[np.intp]
    scale: Array
    poisson: NDArray[np.bool_]
    n_par: int

    @property
    def n_bins(self) -> int:
        """B."""
        return int(self.nominal.shape[1])

    @cached_property
    def factors(self) -> NDArray[np.intp]:
        """The parameters in `linear`; they are in nothing else, and in no sample-bin twice."""
        return np.setdiff1d(self.linear, [self.n_par]).astype(np.intp)


def _extended(theta: Array) -> Array:
    return np.concatenate([theta, np.ones((*theta.shape[:-1], 1))], axis=-1)


def yields(shape: Binned, theta: Array) -> tuple[Array, Array]:
    """Signal at strength 1 and background, (..., B) each, for theta (..., P)."""
    factor = _extended(theta)[..., shape.linear].prod(axis=-2)
    log_factor = np.zeros(factor.shape)
    for group in shape.exponents:
        log_factor = log_factor + exponent_values(group, theta[..., group.index]).sum(axis=-2)
    base = shape.nominal.ravel() + shift_terms(shape.shifts, theta[..., shape.shifts.index])[0].sum(axis=-2)
    rate = (base * factor * np.exp(log_factor)).reshape(*theta.shape[:-1], *shape.nominal.shape)
    return rate[..., shape.signal, :].sum(axis=-2), rate[..., ~shape.signal, :].sum(axis=-2)


def rates(shape: Binned, theta: Array) -> Array:
    """Expected counts (..., B) for theta (..., P)."""
    signal, background = yields(shape, theta)
    return np.asarray(theta[..., :1] * signal + background)


def poisson_cost(expected: Array, observed: Array) -> Array:
    """ν − n + n ln(n/ν): −log of the Poisson probability relative to its maximum; 0 where n = 0 ≥ ν, ∞ where n > 0 ≥ ν."""
    expected = np.maximum(expected, 0.0)
    some = observed > 0
    # n (x − ln(1 + x)) with x = ν/n − 1 keeps its digits where large counts are well described.
    excess = (expected - observed) / np.where(some, observed, 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(some, observed * (excess - np.log1p(np.where(some, excess, 0.0))), expected))


def constraint_cost(shape: Binned, theta: Array, data: Array) -> Array:
    """−log of the constraint terms relative to their maximum, (...)."""
    aux = data[..., shape.n_bins :]
    at = theta[..., shape.constrained]
    gauss = 0.5 * ((at - aux) / shape.scale) ** 2
    terms = np.where(shape.poisson, poisson_cost(shape.scale * at, np.where(shape.poisson, aux, 0.0)), gauss)
    return np.asarray(terms.sum(axis=-1))


def cost(shape: Binned, theta: Array, data: Array) -> Array:
    """−log L relative to the saturated one, (...): theta (..., P), data (..., B + C), leading axes broadcast."""
    bins = poisson_cost(rates(shape, theta), data[..., : shape.n_bins]).sum(axis=-1)
    return np.asarray(bins + constraint_cost(shape, theta, data))


@dataclass(frozen=True, eq=False)
class _Slopes:
    """Rates of all sample-bins and their derivatives at T points.

    `factor`, `base` (T, X); `slope`, `curve` (T, P, X) of ln(factor), `curve` without that of linear factors;
    `base_slope`, `base_curve` (T, P, X) of the base.
    """

    factor: Array
    base: Array
    slope: Array
    curve: Array
    base_slope: Array
    base_curve: Array


def _slopes(shape: Binned, theta: Array) -> _Slopes:
    points, size = len(theta), shape.nominal.size
    ext = _extended(theta)
    # A factor of 0 has no logarithmic derivative; this stands for it, and every product that it is part of comes out right.
    ext = np.where(ext == 0, TINY, ext)
    slope, curve = np.zeros((points, shape.n_par + 1, size)), np.zeros((points, shape.n_par + 1, size))
    base_slope, base_curve = np.zeros((points, shape.n_par, size)), np.zeros((points, shape.n_par, size))
    columns = np.arange(size)
    for row in shape.linear:
        slope[:, row, columns] += 1 / ext[:, row]
    factor = ext[:, shape.linear].prod(axis=1)
    for group in shape.exponents:
        if len(group.index):
            value, first, second = exponent_terms(group, theta[:, group.index])
            factor = factor * np.exp(value.sum(axis=1))
            slope[:, group.index] += first
            curve[:, group.index] += second
    base = np.broadcast_to(shape.nominal.ravel(), factor.shape)
    if len(shape.shifts.index):
        value, first, second = shift_terms(shape.shifts, theta[:, shape.shifts.index])
        base_slope[:, shape.shifts.index] += first
        base_curve[:, shape.shifts.index] += second
        base = base + value.sum(axis=1)
    return _Slopes(factor, base, slope[:, :-1], curve[:, :-1], base_slope, base_curve)


def derivatives(shape: Binned, theta: Array, data: Array) -> tuple[Array, Array, Array]:
    """Cost (T,), gradient (T, P) and Hessian (T, P, P) at theta (T, P) for data (T, B + C), one data vector per point."""
    # A step may lead to where κ^θ overflows: the cost there is not finite, and the minimiser does not go.
    with np.errstate(over="ignore", invalid="ignore"):
        return _derivatives(shape, theta, data)


def _derivatives(shape: Binned, theta: Array, data: Array) -> tuple[Array, Array, Array]:
    counts, aux = data[:, : shape.n_bins], data[:, shape.n_bins :]
    at = _slopes(shape, theta)
    signal = np.repeat(shape.signal, shape.n_bins)
    strength = np.where(signal, theta[:, :1], 1.0)
    fold = (len(theta), -1, *shape.nominal.shape)
    rate = at.factor * at.base
    change = at.factor[:, None] * (at.base_slope + at.base[:, None] * at.slope)
    jacobian = (change * strength[:, None]).reshape(fold).sum(axis=2)
    jacobian[:, 0] = np.where(signal, rate, 0.0).reshape(fold)[:, 0].sum(axis=1)
    expected = (rate * strength).reshape(fold)[:, 0].sum(axis=1)
    positive = expected > 0
    ratio = np.divide(counts, expected, out=np.zeros_like(expected), where=positive)
    # Below zero the cost is flat (an empty bin) or infinite; the slope there must not pull any further.
    weight = np.where(positive, 1 - ratio, 0.0)
    gradient = np.einsum("tpb,tb->tp", jacobian, weight)
    pull = np.tile(weight, shape.nominal.shape[0])
    scaled = at.slope * (pull * at.factor * strength)[:, None]
    transposed = np.swapaxes(at.slope, 1, 2)
    hessian = (scaled * at.base[:, None]) @ transposed
    hessian[:, shape.factors, shape.factors] = 0.0  # the rate is linear in each of them
    if len(shape.shifts.index):
        cross = at.base_slope @ np.swapaxes(scaled, 1, 2)
        hessian += cross + np.swapaxes(cross, 1, 2)
    diagonal = np.arange(shape.n_par)
    bend = at.base[:, None] * at.curve + at.base_curve
    hessian[:, diagonal, diagonal] += np.einsum("tpx,tx->tp", bend, pull * at.factor * strength)
    mixed = np.einsum("tpx,tx->tp", change, np.where(signal, pull, 0.0))
    hessian[:, 0, 1:] += mixed[:, 1:]
    hessian[:, 1:, 0] += mixed[:, 1:]
    curvature = np.divide(ratio, expected, out=np.zeros_like(expected), where=positive)
    hessian += (jacobian * curvature[:, None]) @ np.swapaxes(jacobian, 1, 2)
    _add_constraints(shape, theta, aux, gradient, hessian)
    return poisson_cost(expected, counts).sum(axis=1) + constraint_cost(shape, theta, data), gradient, hessian


def objective(shape: Binned, data: Array) -> Objective:
    """The function theta (P,) ↦ cost, gradient (P,), Hessian (P, P) for one data vector (B + C,)."""

    def evaluate(theta: Array) -> tuple[float, Array, Array]:
        cost, gradient, hessian = derivatives(shape, theta[None], data[None])
        return float(cost[0]), gradient[0], hessian[0]

    return evaluate


def _add_constraints(shape: Binned, theta: Array, aux: Array, gradient: Array, hessian: Array) -> None:
    """Add slope and curvature of the constraint terms in place; a parameter has at most one constraint."""
    at = theta[:, shape.constrained]
    safe = np.where(at > 0, at, 1.0)
    first = np.where(shape.poisson, shape.scale - aux / safe, (at - aux) / shape.scale**2)
    second = np.where(shape.poisson, aux / safe**2, 1 / shape.scale**2)
    gradient[:, shape.constrained] += first
    hessian[:, shape.constrained, shape.constrained] += second
