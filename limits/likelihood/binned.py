"""The binned Poisson likelihood with constrained nuisances: counting experiments and HistFactory are two ways to build it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from limits import kernel
from limits.errors import FitError, InputError
from limits.likelihood import Array, Fit, Fits, Parameter
from limits.likelihood.engine import Engine

if TYPE_CHECKING:
    from limits.kernel.histfactory.fits import Memory

MIRRORED: Final = 0.1
"""Pulls smaller than this many standard deviations have no mirror image worth a look."""

NEARLY: Final = 1.0
"""A mirror image is followed down when its −log L is within this of the minimum found."""

WITHOUT_DATA: Final = ("engine", "nominal_signal", "signal_scale")
"""Cached properties of a likelihood that do not depend on its data."""


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

    def with_data(self, data: Array) -> BinnedLikelihood:
        """The likelihood as it is when `data` (n_bins + n_constrained,) are what was observed."""
        parameters = list(self.parameters)
        for index, value in zip(self.shape.constrained, data[self.shape.n_bins :].tolist(), strict=True):
            if parameters[index].aux != value:
                parameters[index] = replace(parameters[index], aux=value)
        other = replace(self, counts=np.array(data[: self.shape.n_bins]), parameters=tuple(parameters))
        # What does not depend on data is handed on: to prepare a compiled fit takes longer than to do it.
        other.__dict__.update({key: self.__dict__[key] for key in WITHOUT_DATA if key in self.__dict__})
        return other

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

    @cached_property
    def engine(self) -> Engine:
        """Compiled fits, where there are any."""
        return Engine(self.shape, self.parameters, self.signal_scale)

    def nll(self, theta: Array, data: Array) -> Array:
        """−log L, constants included, (...): theta (..., n_par), data (..., n_bins + n_constrained)."""
        return np.asarray(kernel.cost(self.shape, theta, data) + self.saturated(data))

    def saturated(self, data: Array) -> Array:
        """−log L where every rate equals its count and every nuisance its auxiliary value, (...): data (..., n_data)."""
        counts, aux = data[..., : self.shape.n_bins], data[..., self.shape.n_bins :]
        positive = np.maximum(aux[..., self.shape.poisson], 0.0)
        gauss = float(np.log(self.shape.scale[~self.shape.poisson] * np.sqrt(2 * np.pi)).sum())
        return np.asarray(_saturated_poisson(counts).sum(axis=-1) + _saturated_poisson(positive).sum(axis=-1) + gauss)

    def fit(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fit:
        """Fit all parameters, or all but a fixed `strength`; a free strength stays ≥ `lower`. data (n_data,).

        Raises:
            FitError: the starting point has no finite likelihood (a bin with events expects none).
        """
        start, low, high, held = (part[0] for part in self._prepared(data[None], strength, lower))
        function = kernel.objective(self.shape, data)
        fast = self.engine.fit(data[None], strength, lower, alone=True)
        known = fast is not None and bool(fast.good[0])
        # The reference confirms what the compiled kernel found, and gives the covariance.
        found = kernel.minimise(function, fast.theta[0] if fast is not None and known else start, low, high, held)
        for other in [] if known else self._mirrored(found, data, held):
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

    def best(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fit:
        """As `fit`, but the covariance may be missing (nan): most of the time of a compiled fit would go into it.

        Raises:
            FitError: the starting point has no finite likelihood (a bin with events expects none).
        """
        fast = self.engine.fit(data[None], strength, lower, alone=True)
        if fast is None or not fast.good[0]:
            return self.fit(data, strength, lower=lower)
        nothing = np.full((self.shape.n_par, self.shape.n_par), np.nan)
        nll = float(fast.cost[0]) + float(self.saturated(data))
        return Fit(fast.theta[0], nothing, nll, float(fast.edm[0]), "ok")

    def fit_many(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fits:
        """The same for many data vectors (T, n_data) at once; a fit that fails is marked, not raised.

        The result of a row does not depend on the others. There is no second start here: toys follow the minimum next to the
        values they were thrown with.
        """
        fast = self.engine.fit(data, strength, lower, alone=False)
        if fast is None:
            theta, cost, good = self._reference(data, strength, lower)
        else:
            theta, cost, good = fast.theta, fast.cost, fast.good
            left = np.flatnonzero(~good)
            if len(left):
                theta[left], cost[left], good[left] = self._reference(data[left], strength, lower)
        return Fits(theta, cost + self.saturated(data), good)

    def profile_many(self, data: Array, strengths: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Best strengths ≥ 0 (T,) of data (T, n_data), 2Δ(−ln L) from there to the strengths (K,), (T, K), and where both fits converged.

        The fits are those of `fit_many`, but those at the strengths start from the free one, which takes half as long.
        """
        fast = self.engine.profile(data, strengths)
        if fast is None:
            best, cost = np.empty(len(data)), np.empty((len(data), 1 + len(strengths)))
            good = np.zeros(cost.shape, dtype=np.bool_)
        else:
            best, cost, good = fast.theta[:, 0, 0].copy(), fast.cost, fast.good
        for column in np.flatnonzero(~good.all(axis=0)).tolist():
            left, strength = np.flatnonzero(~good[:, column]), float(strengths[column - 1]) if column else None
            theta, cost[left, column], good[left, column] = self._reference(data[left], strength, 0.0)
            if strength is None:
                best[left] = theta[:, 0]
        return best, np.maximum(0.0, 2 * (cost[:, 1:] - cost[:, :1])), good[:, :1] & good[:, 1:]

    def _reference(self, data: Array, strength: float | None, lower: float) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Fits of data (T, n_data) by NumPy alone: theta (T, n_par), cost and whether they converged (T,)."""

        def function(theta: Array, rows: NDArray[np.intp]) -> tuple[Array, Array, Array]:
            return kernel.derivatives(self.shape, theta, data[rows])

        found = kernel.minimise_many(function, *self._prepared(data, strength, lower))
        return found.theta, found.cost, found.converged | (np.isinf(found.cost) & (strength is not None))

    def profile(self, data: Array) -> Profile:
        """−log L of one data vector (n_data,) as a function of the strength, the nuisances at their best."""
        return Profile(self, data)

    def _prepared(
        self, data: Array, strength: float | None, lower: float
    ) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
        """Starting points, bounds and held parameters (T, n_par) for data (T, n_data)."""
        toys, rows = (len(data), 1), self.parameters
        start = np.tile([p.init for p in rows], toys)
        held = np.tile([p.fixed for p in rows], toys)
        # A nuisance that is not held starts where its auxiliary measurement puts it: toys and Asimov sets move that.
        aux = data[:, self.shape.n_bins :]
        centre = np.where(self.shape.poisson, np.where(aux > 0, aux, 0.1) / self.shape.scale, aux)
        which = self.shape.constrained
        start[:, which] = np.where(held[:, which], start[:, which], centre)
        low, high = np.tile([p.lower for p in rows], toys), np.tile([p.upper for p in rows], toys)
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
        which = self.shape.poisson
        gauss[:, which] = rng.poisson((self.shape.scale * at)[which], (size, int(which.sum())))
        return np.concatenate([counts, gauss], axis=1)


@dataclass(eq=False)
class Profile:
    """−log L of one data vector (n_data,), minimised over the nuisances, at any strength; every strength is fitted once.

    Lighter than `BinnedLikelihood.fit`, as there is no covariance: a fit starts where the one before ended.
    """

    likelihood: BinnedLikelihood
    data: Array
    known: dict[float, tuple[float, bool]] = field(default_factory=dict)
    start: Array | None = None

    @cached_property
    def saturated(self) -> float:
        """What turns the cost of a fit into −log L."""
        return float(self.likelihood.saturated(self.data))

    def at(self, strength: float) -> tuple[float, bool]:
        """−log L at one strength, and whether the fit converged."""
        if strength not in self.known:
            self.known[strength] = self._fit(strength)
        return self.known[strength]

    @cached_property
    def _memory(self) -> Memory | None:
        return self.likelihood.engine.new_memory()

    def _fit(self, strength: float) -> tuple[float, bool]:
        engine = self.likelihood.engine
        memory = self._memory if engine.large else None
        fast = engine.fit(self.data[None], strength, 0.0, alone=True, start=self.start, memory=memory)
        if fast is None or not fast.good[0]:
            fit = self.likelihood.fit(self.data, strength)
            return fit.nll, fit.status == "ok"
        self.start = fast.theta
        return float(fast.cost[0]) + self.saturated, True


def _saturated_poisson(counts: Array) -> Array:
    """−log of Poisson(n | n)."""
    largest = counts.max(initial=0.0)
    if counts.size > largest and np.array_equal(counts, np.floor(counts)):  # toys: every count occurs many times
        whole = np.arange(largest + 1)
        return np.asarray((whole - xlogy(whole, whole) + gammaln(whole + 1))[counts.astype(np.intp)])
    return np.asarray(counts - xlogy(counts, counts) + gammaln(counts + 1))
