"""The binned Poisson likelihood with constrained nuisances: counting experiments and HistFactory are two ways to build it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from limits import kernel
from limits.errors import FitError, InputError
from limits.likelihood import Array, Fit, Fits, Parameter

MIRRORED: Final = 0.1
"""Pulls smaller than this many standard deviations have no mirror image worth a look."""

NEARLY: Final = 1.0
"""A mirror image is followed down when its −log L is within this of the minimum found."""


@dataclass(frozen=True, eq=False)
class BinnedLikelihood:
    """`shape` says how rates depend on the parameters, `counts` (n_bins,) what was observed; auxiliary data come from the parameters.

    Satisfies `limits.likelihood.Likelihood`. `bins` names the bins ("channel[i]"), for messages and plots.
    """

    shape: kernel.Binned
    parameters: tuple[Parameter, ...]
    counts: Array
    bins: tuple[str, ...] = ()
    name: str = field(default="")

    @property
    def constrained(self) -> tuple[Parameter, ...]:
        """The parameters that have auxiliary data, in the order of the data vector."""
        return tuple(self.parameters[i] for i in self.shape.constrained)

    @cached_property
    def observed(self) -> Array:
        """Counts, then auxiliary data, (n_bins + n_constrained,)."""
        return np.concatenate([self.counts, [p.aux for p in self.constrained]])

    @cached_property
    def nominal_signal(self) -> float:
        """Expected signal events at strength 1, summed over the bins."""
        return float(kernel.yields(self.shape, np.array([p.init for p in self.parameters]))[0].sum())

    @cached_property
    def signal_scale(self) -> float:
        """A strength whose signal is about one standard deviation of the background: the natural unit of every search."""
        theta = np.array([p.init for p in self.parameters])
        signal, background = kernel.yields(self.shape, theta)
        information = float(np.sum(signal**2 / np.maximum(background, 1.0)))
        return information**-0.5 if information > 0 else np.inf

    def nll(self, theta: Array, data: Array) -> Array:
        """−log L, constants included, (...): theta (..., n_par), data (..., n_bins + n_constrained)."""
        return np.asarray(kernel.cost(self.shape, theta, data) + self.saturated(data))

    def saturated(self, data: Array) -> Array:
        """−log L where every rate equals its count and every nuisance its auxiliary value, (...): data (..., n_data)."""
        counts, aux = data[..., : self.shape.n_bins], data[..., self.shape.n_bins :]
        positive = np.where(self.shape.poisson, np.maximum(aux, 0.0), 0.0)
        gauss = np.log(self.shape.scale * np.sqrt(2 * np.pi))
        terms = np.where(self.shape.poisson, _saturated_poisson(positive), gauss)
        return np.asarray(_saturated_poisson(counts).sum(axis=-1) + terms.sum(axis=-1))

    def fit(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fit:
        """Fit all parameters, or all but a fixed `strength`; a free strength stays ≥ `lower`. data (n_data,).

        Raises:
            FitError: the starting point has no finite likelihood (a bin with events expects none).
        """
        start, low, high, held = (part[0] for part in self._prepared(data[None], strength, lower))
        function = kernel.objective(self.shape, data)
        found = kernel.minimise(function, start, low, high, held)
        for other in self._mirrored(found, data, held):
            again = kernel.minimise(function, other, low, high, held)
            found = again if again.cost < found.cost else found
        if not np.isfinite(found.cost):
            if strength is not None:  # a bin with events and no expectation: excluded outright, which is an answer
                return Fit(found.theta, found.covariance, np.inf, np.inf, "ok")
            raise FitError(
                f"{self.name or 'likelihood'}: no finite likelihood at the starting point, strength {start[0]:g}"
            )
        nll = found.cost + float(self.saturated(data))
        return Fit(found.theta, found.covariance, nll, found.edm, "ok" if found.converged else "failed")

    def fit_many(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fits:
        """The same for many data vectors (T, n_data) at once; a fit that fails is marked, not raised.

        The result of a row does not depend on the others. There is no second start here: toys follow the minimum next to the
        values they were thrown with.
        """

        def function(theta: Array, rows: NDArray[np.intp]) -> tuple[Array, Array, Array]:
            return kernel.derivatives(self.shape, theta, data[rows])

        found = kernel.minimise_many(function, *self._prepared(data, strength, lower))
        good = found.converged | (np.isinf(found.cost) & (strength is not None))
        return Fits(found.theta, found.cost + self.saturated(data), good)

    def _prepared(
        self, data: Array, strength: float | None, lower: float
    ) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
        """Starting points, bounds and held parameters (T, n_par) for data (T, n_data)."""
        toys, rows = (len(data), 1), self.parameters
        start = np.tile([p.init for p in rows], toys)
        # A nuisance starts where its auxiliary measurement puts it: toys and Asimov sets move that.
        aux = data[:, self.shape.n_bins :]
        centre = np.where(self.shape.poisson, np.where(aux > 0, aux, 0.1) / self.shape.scale, aux)
        start[:, self.shape.constrained] = centre
        low, high = np.tile([p.lower for p in rows], toys), np.tile([p.upper for p in rows], toys)
        held = np.tile([p.fixed for p in rows], toys)
        high[:, 0] = np.inf
        if strength is None:
            start[:, 0], low[:, 0] = self._first_strength(start, data), lower
            held[:, 0] = not np.isfinite(self.signal_scale)  # without signal there is no strength to fit
        else:
            start[:, 0], low[:, 0], held[:, 0] = strength, -np.inf, True
        return start, low, high, held

    def _mirrored(self, found: kernel.Minimum, data: Array, held: NDArray[np.bool_]) -> list[Array]:
        """At most one other place to start from: a pulled Gaussian nuisance on the other side of its auxiliary value.

        Interpolated uncertainties bend the likelihood, and two minima occur; the mirror image of a pull then lies near the second.
        With the old codes 0 and 1, which have a kink at 0, the minimum next to the nominal values is kept, as ROOT's numbers do.
        """
        shape = self.shape
        bent = (shape.shifts.smooth and len(shape.shifts.index) > 0) or any(
            group.smooth and len(group.index) > 0 for group in shape.exponents
        )
        if not bent or not np.isfinite(found.cost):
            return []
        aux = data[shape.n_bins :]
        pull = found.theta[shape.constrained] - aux
        pulled = ~shape.poisson & (np.abs(pull) > MIRRORED * shape.scale) & ~held[shape.constrained]
        trials = np.tile(found.theta, (int(pulled.sum()), 1))
        trials[np.arange(len(trials)), shape.constrained[pulled]] -= 2 * pull[pulled]
        if not len(trials):
            return []
        costs = kernel.cost(shape, trials, data)
        best = int(np.argmin(costs))
        return [trials[best]] if costs[best] < found.cost + NEARLY else []

    def _first_strength(self, theta: Array, data: Array) -> Array:
        """A strength (T,) from the total excess, kept positive so that a bin without background is not a dead start."""
        if not np.isfinite(self.signal_scale):
            return np.zeros(len(data))
        signal, background = kernel.yields(self.shape, theta)
        total = np.maximum(signal.sum(axis=-1), 1e-300)
        excess = (data[:, : self.shape.n_bins] - background).sum(axis=-1) / total
        return np.asarray(np.maximum(excess, 0.1 * np.minimum(self.signal_scale, 1 / total)))

    def asimov(self, theta: Array) -> Array:
        """Expected counts and auxiliary data at theta, (..., n_data)."""
        at = theta[..., self.shape.constrained]
        aux = np.where(self.shape.poisson, self.shape.scale * at, at)
        return np.concatenate([np.maximum(kernel.rates(self.shape, theta), 0.0), aux], axis=-1)

    def sample(self, theta: Array, size: int, rng: np.random.Generator) -> Array:
        """Toy data sets (size, n_data): Poisson counts, auxiliary data around theta.

        Raises:
            InputError: the rates at theta are negative.
        """
        expected = kernel.rates(self.shape, theta)
        if np.any(expected < 0):
            raise InputError(f"{self.name or 'likelihood'}: negative expected counts at strength {theta[0]:g}")
        counts = rng.poisson(expected, (size, self.shape.n_bins))
        at = theta[self.shape.constrained]
        gauss = rng.normal(at, np.where(self.shape.poisson, 1.0, self.shape.scale), (size, len(at)))
        poisson = rng.poisson(np.where(self.shape.poisson, self.shape.scale * at, 0.0), (size, len(at)))
        return np.concatenate([counts, np.where(self.shape.poisson, poisson, gauss)], axis=1)


def _saturated_poisson(counts: Array) -> Array:
    """−log of Poisson(n | n)."""
    return np.asarray(counts - xlogy(counts, counts) + gammaln(counts + 1))
