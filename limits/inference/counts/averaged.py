"""Yields of a few bins at quasi-random points of their nuisances' densities: what averages over many nuisances are taken from."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri

from limits import kernel
from limits.errors import InputError
from limits.inference.counts.exact import merge_parallel
from limits.likelihood import Array, Parameter
from limits.likelihood.binned import BinnedLikelihood

DOUBLINGS: Final = 12
"""There are 2 to this power of points."""


@lru_cache(maxsize=16)
def _cube(size: int) -> Array:
    """Quasi-random points in the unit cube (size, P), always the same, read-only."""
    from scipy.stats import qmc  # costs 0.6 s

    cube = qmc.Sobol(size, seed=np.random.default_rng([1, size])).random_base2(DOUBLINGS)
    points = np.ascontiguousarray(np.clip(cube, 1e-12, 1 - 1e-12).T)
    points.setflags(write=False)
    return points


@lru_cache(maxsize=128)
def _gamma(shape: float, size: int, column: int) -> Array:
    """Quantiles (P,) of a Gamma density at one column of the points, read-only: they cost more than all else."""
    found = np.asarray(gammaincinv(shape, _cube(size)[column]))
    found.setflags(write=False)
    return found


@lru_cache(maxsize=16)
def _normal(size: int) -> Array:
    """Standard normal quantiles (size, P) of the points, read-only."""
    found = np.asarray(ndtri(_cube(size)))
    found.setflags(write=False)
    return found


def _quantiles(parameter: Parameter, size: int, column: int) -> Array:
    """Values (P,) of a nuisance at one column of the points; its density is that of `exact.density_nodes`.

    Raises:
        InputError: a nuisance without constraint has no density.
    """
    if parameter.constraint == "free":
        raise InputError(f"nuisance {parameter.name!r} has no constraint: it has no density to average over")
    if parameter.constraint == "poisson":
        return _gamma(parameter.aux + 1, size, column) / parameter.scale
    low, high = ((bound - parameter.aux) / parameter.scale for bound in (parameter.lower, parameter.upper))
    if low == -np.inf and high == np.inf:
        at = _normal(size)[column]
    elif low > 0:  # what is left of the density is on the upper side, where 1 − Φ has the digits
        left, right = ndtr(-low), ndtr(-high)
        at = -ndtri(left + _cube(size)[column] * (right - left))
    else:
        left, right = ndtr(low), ndtr(high)
        at = ndtri(left + _cube(size)[column] * (right - left))
    return np.asarray(np.clip(parameter.aux + parameter.scale * at, parameter.lower, parameter.upper))


def only(likelihood: BinnedLikelihood, kept: NDArray[np.bool_]) -> BinnedLikelihood:
    """The likelihood of the bins that are `kept` (B,); parameters and auxiliary data stay."""
    shape = likelihood.shape
    cells = np.tile(kept, len(shape.nominal))
    smaller = replace(
        shape,
        nominal=shape.nominal[:, kept],
        linear=shape.linear[:, cells],
        exponents=tuple(
            replace(group, log_high=group.log_high[:, cells], log_low=group.log_low[:, cells])
            for group in shape.exponents
        ),
        shifts=replace(shape.shifts, up=shape.shifts.up[:, cells], down=shape.shifts.down[:, cells]),
    )
    return replace(likelihood, shape=smaller, counts=likelihood.counts[kept], bins=())


def _acting(likelihood: BinnedLikelihood) -> list[int]:
    """The nuisances that are not fixed and change any rate."""
    shape = likelihood.shape
    found = set(shape.linear.ravel().tolist())
    for group in shape.exponents:
        found.update(group.index[np.any((group.log_high != 0) | (group.log_low != 0), axis=1)].tolist())
    found.update(shape.shifts.index[np.any((shape.shifts.up != 0) | (shape.shifts.down != 0), axis=1)].tolist())
    return [i for i, p in enumerate(likelihood.parameters) if i > 0 and i in found and not p.fixed]


def averaged_yields(likelihood: BinnedLikelihood) -> tuple[Array, Array]:
    """Signal at strength 1 and background (B, P) at P points; one point where there is nothing to average over.

    Raises:
        InputError: a nuisance without constraint, or rates that are no numbers.
    """
    likelihood = merge_parallel(likelihood)
    free = _acting(likelihood)
    theta = np.tile([p.init for p in likelihood.parameters], (1 << DOUBLINGS if free else 1, 1))
    for column, index in enumerate(free):
        theta[:, index] = _quantiles(likelihood.parameters[index], len(free), column)
    signal, background = kernel.yields(likelihood.shape, theta)
    if not (np.all(np.isfinite(signal)) and np.all(np.isfinite(background))):
        raise InputError(f"{likelihood.name}: nuisances make rates negative or infinite; use method 'cls'")
    return signal.T, background.T
