"""Coordinates without bounds for the nuisances, and where the density of the nuisances peaks at a given strength.

Densities of nuisances are those of the likelihood and its auxiliary data times a flat prior inside the bounds: a Poisson auxiliary
count of n becomes Gamma(n + 1). A parameter with a lower bound (every Poisson-constrained one) goes by ln(θ − lower), one with two
bounds by ln((θ − lower)/(upper − θ)), each with its Jacobian: peaks at a bound then lie inside, and the density there is nearly
Gaussian (D. J. C. MacKay, Choice of basis for Laplace approximation, Machine Learning 33 (1998) 77).

Sizes in the docstrings: P parameters, T pairs of a data set and a strength.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from limits import kernel
from limits.likelihood import Array
from limits.likelihood.binned import BinnedLikelihood


@dataclass(frozen=True, eq=False)
class Peaks:
    """Where the density of the nuisances peaks: coordinates `at` (T, P), `cost` (T,) = −ln of the density, `hessian` (T, D, D) of it.

    D are the nuisances that are not fixed. The cost leaves out `likelihood.saturated(data)`, which no strength changes.
    """

    at: Array
    cost: Array
    hessian: Array


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The map between parameters θ and coordinates u without bounds, for one likelihood; the strength is its own coordinate."""

    likelihood: BinnedLikelihood

    @cached_property
    def free(self) -> NDArray[np.intp]:
        """Indices of the nuisances that are integrated over, (D,)."""
        return np.array([i for i, p in enumerate(self.likelihood.parameters) if i > 0 and not p.fixed], dtype=np.intp)

    @cached_property
    def _bounds(self) -> tuple[Array, Array, Array, Array]:
        """Lower and upper bounds (P,) with 0 where there is none, and whether there are (1.0 or 0.0)."""
        low, high = (np.array([getattr(p, key) for p in self.likelihood.parameters]) for key in ("lower", "upper"))
        # A strength is given, not integrated over; a fixed parameter stays where it is.
        outside = np.ones(len(low), bool)
        outside[self.free] = False
        below, above = np.isfinite(low) & ~outside, np.isfinite(high) & ~outside
        return np.where(below, low, 0.0), np.where(above, high, 0.0), below * 1.0, above * 1.0

    def theta(self, u: Array) -> Array:
        """Parameters (..., P) at coordinates u (..., P)."""
        low, high, below, above = self._bounds
        with np.errstate(over="ignore"):
            one = np.where(below > 0, low + np.exp(u), high - np.exp(-u))
        both = low + (high - low) * expit(u)
        return np.where(below * above > 0, both, np.where(below + above > 0, one, u))

    def log_jacobian(self, u: Array) -> Array:
        """ln |dθ/du| summed over the parameters, (...): u (..., P)."""
        low, high, below, above = self._bounds
        # ln σ(u) + ln σ(−u) = −|u| − 2 ln(1 + e^−|u|)
        both = -np.abs(u) - 2 * np.log1p(np.exp(-np.abs(u))) + np.log(np.where(below * above > 0, high - low, 1.0))
        return np.asarray(np.where(below * above > 0, both, u * (below - above)).sum(axis=-1))

    def coordinates(self, theta: Array) -> Array:
        """Coordinates (..., P) of parameters (..., P), those on a bound moved inside by 10⁻⁹ of their size."""
        low, high, below, above = self._bounds
        step = 1e-9 * (1 + np.abs(theta))
        up = np.log(np.maximum(theta - low, step))
        down = np.log(np.maximum(high - theta, step))
        return np.where(below + above > 0, below * up - above * down, theta)

    def start(self, data: Array) -> Array:
        """Coordinates (T, P) near the peaks for data (T, n_data): where the auxiliary data put the nuisances."""
        shape = self.likelihood.shape
        theta = np.tile([p.init for p in self.likelihood.parameters], (len(data), 1))
        aux = data[:, shape.n_bins :]
        # The peak of Gamma(aux + 1) in ln θ.
        centre = np.where(shape.poisson, (np.maximum(aux, 0.0) + 1) / shape.scale, aux)
        held = ~np.isin(shape.constrained, self.free)
        theta[:, shape.constrained] = np.where(held, theta[:, shape.constrained], centre)
        return self.coordinates(theta)

    def _slopes(self, u: Array) -> tuple[Array, Array, Array, Array]:
        """dθ/du, d²θ/du², and first and second derivative of ln |dθ/du|, (n, P) each."""
        low, high, below, above = self._bounds
        double, single = below * above > 0, (below + above) == 1
        with np.errstate(over="ignore"):
            one = np.exp(np.where(single, u * (below - above), 0.0))
        p = expit(u)
        lean = np.where(double, 1 - 2 * p, np.where(single, below - above, 0.0))
        first = np.where(double, (high - low) * p * (1 - p), one)
        return first, first * lean, lean, np.where(double, -2 * p * (1 - p), 0.0)

    def peaks(self, data: Array, strength: Array, start: Array) -> Peaks:
        """The peak for each row of data (T, n_data) at its strength (T,), searched from the coordinates start (T, P)."""
        found = self._descended(data, strength, start)
        lost = ~np.isfinite(found.cost)
        if np.any(lost):  # the start made events impossible: once more from the nominal values
            nominal = self.coordinates(np.array([p.init for p in self.likelihood.parameters]))
            again = self._descended(data[lost], strength[lost], np.tile(nominal, (int(lost.sum()), 1)))
            found.theta[lost], found.cost[lost], found.hessian[lost] = again.theta, again.cost, again.hessian
        return Peaks(found.theta, found.cost, found.hessian[:, self.free[:, None], self.free])

    def _descended(self, data: Array, strength: Array, start: Array) -> kernel.Minima:
        begin = start.copy()
        begin[:, 0] = strength

        def function(u: Array, rows: NDArray[np.intp]) -> tuple[Array, Array, Array]:
            return self._cost(u, data[rows])

        held = np.ones(begin.shape, bool)
        held[:, self.free] = False
        far = np.full(begin.shape, np.inf)
        with np.errstate(over="ignore", invalid="ignore"):  # where there is no peak the search runs away
            return kernel.minimise_many(function, begin, -far, far, held)

    def _cost(self, u: Array, data: Array) -> tuple[Array, Array, Array]:
        """−ln of the density in u (n,), its gradient (n, P) and Hessian (n, P, P)."""
        cost, gradient, hessian = kernel.derivatives(self.likelihood.shape, self.theta(u), data)
        first, second, lean, bend = self._slopes(u)
        with np.errstate(invalid="ignore", over="ignore"):  # far from the peak θ overflows: no step ends there
            hessian = hessian * first[:, :, None] * first[:, None, :]
            diagonal = np.arange(u.shape[1])
            hessian[:, diagonal, diagonal] += gradient * second - bend
            return cost - self.log_jacobian(u), gradient * first - lean, hessian


def log_likelihood(likelihood: BinnedLikelihood, theta: Array, data: Array) -> Array:
    """ln L relative to the saturated one, (...), −∞ where a rate is negative: theta (..., P), data (..., n_data)."""
    shape = likelihood.shape
    with np.errstate(over="ignore", invalid="ignore"):
        expected = kernel.rates(shape, theta)
        cost = kernel.poisson_cost(expected, data[..., : shape.n_bins]).sum(axis=-1)
        cost = cost + kernel.constraint_cost(shape, theta, data)
    return np.where(np.all(expected >= 0, axis=-1) & ~np.isnan(cost), -cost, -np.inf)
