"""A signal quadratic in its coupling: rate = background + κ · interference + κ² · signal, κ of either sign.

−ln L has up to two minima along κ. A free fit finds the lowest of all κ; where that is below the lower bound asked for, the fit is put
on the bound. That is how q̃ and t̃ are defined (1007.1727 Eqs. 11 and 16: L(0) where the best fit is negative), and it is not what a
minimiser with a bound gives: that would stop in the second minimum. For a signal linear in the strength the two are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar

from limits.errors import FitError, InputError, unknown
from limits.likelihood import Array, Fit, Fits, Parameter
from limits.likelihood.binned import BinnedLikelihood

STEPS: Final = 24
"""Couplings tried on either side of 0 before the minima are refined."""

REACH: Final = 8.0
"""Couplings are tried up to a signal of this many standard deviations above the excess."""

LEVEL: Final = 1e-7
"""Minima whose −ln L differ by less than this are equally low: the one with κ ≥ 0 is then taken."""


@dataclass(frozen=True, eq=False)
class QuadraticLikelihood:
    """`binned` with its strength held at κ² and the norm factor number `interference` at κ. Satisfies `limits.likelihood.Likelihood`.

    Parameters are κ ("coupling"), then the other nuisances of `binned`.
    """

    binned: BinnedLikelihood
    interference: int

    @property
    def name(self) -> str:
        """That of the binned likelihood."""
        return self.binned.name

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """κ, unbounded, then the nuisances."""
        kept = [p for i, p in enumerate(self.binned.parameters) if i not in (0, self.interference)]
        return (Parameter("coupling", 0.0), *kept)

    @property
    def observed(self) -> Array:
        """Counts, then auxiliary data."""
        return self.binned.observed

    @property
    def counts(self) -> Array:
        """Observed events per bin, (n_bins,)."""
        return self.binned.counts

    @cached_property
    def nominal_signal(self) -> float:
        """Expected events that κ = 1 adds, interference included."""
        theta = np.array([p.init for p in self.parameters])
        at = [self.asimov(np.r_[kappa, theta[1:]])[: len(self.counts)].sum() for kappa in (1.0, 0.0)]
        return float(at[0] - at[1])

    @cached_property
    def signal_scale(self) -> float:
        """A κ whose κ² is about one standard deviation."""
        return float(np.sqrt(self.binned.signal_scale))

    def with_data(self, data: Array) -> QuadraticLikelihood:
        """The likelihood as it is when `data` are what was observed."""
        return replace(self, binned=self.binned.with_data(data))

    def _full(self, theta: Array) -> Array:
        """Parameters of `binned`, (..., n_par + 1), of theta (..., n_par)."""
        theta = np.asarray(theta)
        with_strength = np.concatenate([theta[..., :1] ** 2, theta[..., 1:]], axis=-1)
        return np.insert(with_strength, self.interference, theta[..., 0], axis=-1)

    def nll(self, theta: Array, data: Array) -> Array:
        """−log L, constants included, (...): theta (..., n_par), data (..., n_data)."""
        return self.binned.nll(self._full(theta), data)

    def saturated(self, data: Array) -> Array:
        """−log L where every rate equals its count, (...): data (..., n_data)."""
        return self.binned.saturated(data)

    def asimov(self, theta: Array) -> Array:
        """Expected counts and auxiliary data at theta, (..., n_data)."""
        return self.binned.asimov(self._full(theta))

    def sample(self, theta: Array, size: int, rng: np.random.Generator) -> Array:
        """Toy data sets (size, n_data)."""
        return self.binned.sample(self._full(theta), size, rng)

    def _held(self, kappa: float) -> BinnedLikelihood:
        parameters = list(self.binned.parameters)
        parameters[self.interference] = replace(
            parameters[self.interference], init=kappa, fixed=True, lower=-np.inf, upper=np.inf
        )
        return replace(self.binned, parameters=tuple(parameters))

    def _fixed(self, data: Array, kappa: float) -> Fits:
        """Fits of data (T, n_data) at one κ, in the parameters of `self`."""
        fits = self._held(kappa).fit_many(data, kappa**2)
        theta = np.delete(fits.theta, self.interference, axis=1)
        theta[:, 0] = kappa
        return Fits(theta, fits.nll, fits.converged)

    def _grid(self, data: Array) -> Array:
        """Couplings of both signs, dense near 0, up to where neither an excess nor the interference can lead."""
        theta = np.array([p.init for p in self.binned.parameters])
        signal, interference, background = (self._component(theta, *at) for at in ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0)))
        signal, interference = signal - background, interference - background
        total = max(float(signal.sum()), 1e-300)
        excess = float(np.max(np.sum(data[:, : len(background)] - background, axis=1), initial=0.0)) / total
        swing = float(np.abs(interference).sum()) / total
        top = swing + np.sqrt(max(excess, 0.0) + REACH * self.binned.signal_scale)
        half = top * np.linspace(0, 1, STEPS + 1) ** 1.5
        return np.concatenate([-half[:0:-1], half])

    def _component(self, theta: Array, strength: float, kappa: float) -> Array:
        at = theta.copy()
        at[0], at[self.interference] = strength, kappa
        return self.binned.asimov(at)[: len(self.counts)]

    def fit_many(self, data: Array | Sequence[Array], strength: float | None = None, *, lower: float = 0.0) -> Fits:
        """Fits of many data vectors (T, n_data), at one κ or at the lowest minimum of each; see the module for `lower`."""
        data = np.asarray(data)
        if strength is not None:
            return self._fixed(data, strength)
        if not np.isfinite(self.signal_scale):
            return self._fixed(data, max(lower, 0.0))
        grid = self._grid(data)
        costs = np.stack([np.where(np.isfinite(n := self._fixed(data, float(k)).nll), n, np.inf) for k in grid])
        best = [self._lowest(toy, grid, column) for toy, column in zip(data, costs.T, strict=True)]
        fits = [self._fixed(toy[None], max(kappa, lower)) for toy, kappa in zip(data, best, strict=True)]
        parts = ([getattr(fit, key) for fit in fits] for key in ("theta", "nll", "converged"))
        return Fits(*(np.concatenate(part) for part in parts))

    def _lowest(self, toy: Array, grid: Array, cost: Array) -> float:
        """κ at the lowest minimum: the neighbourhood of every local minimum of the grid is searched."""
        padded = np.r_[np.inf, cost, np.inf]
        places = np.flatnonzero((cost <= padded[:-2]) & (cost <= padded[2:]) & np.isfinite(cost))
        found = [(float(cost[i]), float(grid[i])) for i in places]
        for i in places.tolist():
            if float(cost[i]) > cost.min() + 5:  # too far up for the refinement to bring it down
                continue
            ends = float(grid[max(i - 1, 0)]), float(grid[min(i + 1, len(grid) - 1)])
            search = minimize_scalar(
                lambda k: float(self._fixed(toy[None], k).nll[0]),
                bounds=ends,
                method="bounded",
                options={"xatol": 1e-9},
            )
            found.append((float(search.fun), float(search.x)))
        if not found:
            return 0.0
        return max(kappa for value, kappa in found if value <= min(found)[0] + LEVEL)

    def fit(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fit:
        """Fit at one κ, or at the lowest minimum; see the module for `lower`. The error of κ is from the curvature along it.

        Raises:
            FitError: no coupling has a finite likelihood.
        """
        if strength is not None:
            inner = self._held(strength).fit(data, strength**2)
            theta = np.delete(inner.theta, self.interference)
            theta[0] = strength
            covariance = np.delete(np.delete(inner.covariance, self.interference, 0), self.interference, 1)
            return Fit(theta, covariance, inner.nll, inner.edm, inner.status)
        kappa = float(self.fit_many(data[None], lower=lower).theta[0, 0])
        at = self.fit(data, kappa)
        if not np.isfinite(at.nll):
            raise FitError(f"{self.name}: no finite likelihood at any coupling tried")
        step = 1e-3 * self.signal_scale if np.isfinite(self.signal_scale) else 1.0
        near = [float(self._fixed(data[None], kappa + side * step).nll[0]) for side in (-1, 1)]
        bend = (near[0] + near[1] - 2 * at.nll) / step**2
        covariance = at.covariance.copy()
        covariance[0, 0] = 1 / bend if np.isfinite(bend) and bend > 0 and kappa > lower else 0.0
        return Fit(at.theta, covariance, at.nll, at.edm, at.status)


def quadratic(likelihood: BinnedLikelihood, interference: str) -> QuadraticLikelihood:
    """The likelihood in the coupling κ: samples with the norm factor `interference` go with κ, those of the strength with κ².

    Raises:
        UnknownName: no such parameter.
        InputError: a parameter that is constrained: no norm factor.
    """
    names = [p.name for p in likelihood.parameters]
    if interference not in names[1:]:
        free = [p.name for p in likelihood.parameters[1:] if p.constraint == "free"]
        raise unknown("norm factor", interference, free, likelihood.name)
    index = names.index(interference)
    if likelihood.parameters[index].constraint != "free":
        raise InputError(
            f"{likelihood.name}: {interference!r} is constrained: a norm factor is needed for the interference"
        )
    return QuadraticLikelihood(likelihood, index)
