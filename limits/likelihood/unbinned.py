"""The unbinned extended likelihood of one observable, with Gaussian constraints: ν − Σ ln λ(xᵢ), λ from any model.

A data vector is [weights at the nodes of a lattice (G), auxiliary data (C), events (N)]. Observed data and toys have no weights and
any number of events (padded with nan where toys stand in one array); Asimov data have weights and no events. The lattice is a
Gauss–Legendre rule over the range, so that Asimov data are integrals and not a histogram.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol

import numpy as np

from limits import kernel
from limits.errors import FitError, InputError
from limits.kernel.quadrature import gauss_legendre
from limits.likelihood import Array, Fit, Fits, Likelihood, Parameter

PANELS: Final = 64
"""Panels of the lattice, eight nodes each: features wider than 1/64 of the range are integrated to rounding."""

ORDER: Final = 8

MAJORANT: Final = 1.2
"""The largest intensity on the lattice, times this, is taken to be above it everywhere; exceeded by a feature between nodes, toys stop."""


class Intensity(Protocol):
    """λ(x; θ), the expected events per unit of x, and what a fit needs of it."""

    def density(self, x: Array, theta: Array) -> Array:
        """λ at x (N,) for theta (P,), (N,)."""

    def cost(self, x: Array, weights: Array, theta: Array) -> tuple[float, Array, Array]:
        """∫λ − Σ wᵢ ln λ(xᵢ), its gradient (P,) and Hessian (P, P); ∞ where λ is not positive at a point of weight > 0."""


@dataclass(frozen=True, eq=False)
class UnbinnedLikelihood:
    """`model` says how λ depends on the parameters, `events` (N,) what was observed inside `window`; strength first.

    Satisfies `limits.likelihood.Likelihood`. Constraints are Gaussian only.
    """

    model: Intensity
    parameters: tuple[Parameter, ...]
    events: Array
    window: tuple[float, float]
    name: str = ""
    panels: int = PANELS
    barrier: float = 0.0
    """Weight added at every node of the lattice, in fits only: a log barrier against negative intensities between few events."""

    def __post_init__(self) -> None:
        low, high = self.window
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise InputError(f"{self.name}: window {self.window!r}: two finite numbers are needed, the lower one first")
        outside = int(np.count_nonzero(~((self.events >= low) & (self.events <= high))))
        if outside:
            raise InputError(
                f"{self.name}: {outside} of {len(self.events)} events lie outside {low:g}…{high:g} or are no number"
            )
        if any(p.constraint == "poisson" for p in self.parameters):
            raise InputError(f"{self.name}: an unbinned likelihood takes Gaussian constraints only")

    @cached_property
    def lattice(self) -> tuple[Array, Array]:
        """Nodes and weights (G,) of the integration over the window."""
        x, w = gauss_legendre(ORDER)
        edges = np.linspace(*self.window, self.panels + 1)
        half = np.diff(edges)[:, None] / 2
        return (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()

    @cached_property
    def _constrained(self) -> list[int]:
        return [i for i, p in enumerate(self.parameters) if p.constraint == "gaussian"]

    @property
    def observed(self) -> Array:
        """No weights, auxiliary data, events."""
        aux = [self.parameters[i].aux for i in self._constrained]
        return np.concatenate([np.zeros(len(self.lattice[0])), aux, self.events])

    @property
    def counts(self) -> Array:
        """Number of events, (1,)."""
        return np.array([float(len(self.events))])

    def with_data(self, data: Array) -> UnbinnedLikelihood:
        """The same with the events and auxiliary data of another data vector."""
        nodes, aux, events = self._split(data)
        if np.any(nodes > 0):
            raise InputError(f"{self.name}: Asimov data are no events")
        parameters = list(self.parameters)
        for index, value in zip(self._constrained, aux, strict=True):
            parameters[index] = replace(parameters[index], aux=float(value))
        return replace(self, parameters=tuple(parameters), events=events)

    @cached_property
    def nominal_signal(self) -> float:
        """Expected events that strength 1 adds."""
        theta = np.array([p.init for p in self.parameters])
        nodes, weights = self.lattice
        theta[0] = 1.0
        with_signal = weights @ self.model.density(nodes, theta)
        theta[0] = 0.0
        return float(with_signal - weights @ self.model.density(nodes, theta))

    @cached_property
    def signal_scale(self) -> float:
        """A strength of about one standard deviation: from the curvature of the background-only Asimov data."""
        if self.nominal_signal == 0:
            return np.inf
        background = self.fit(self.observed, 0.0).theta
        _, _, hessian = self.objective(self.asimov(background))(background)
        floating = [i for i, p in enumerate(self.parameters) if i == 0 or not p.fixed]
        variance = float(np.linalg.pinv(hessian[np.ix_(floating, floating)])[0, 0])
        return float(np.sqrt(variance)) if variance > 0 else 1 / abs(self.nominal_signal)

    def _split(self, data: Array) -> tuple[Array, Array, Array]:
        size, constrained = len(self.lattice[0]), len(self._constrained)
        events = data[size + constrained :]
        return data[:size], data[size : size + constrained], events[np.isfinite(events)]

    def objective(self, data: Array) -> kernel.Objective:
        """−log L of one data vector up to a constant, with its derivatives."""
        weights, aux, events = self._split(data)
        weights = weights + self.barrier
        used = weights > 0
        x = np.concatenate([self.lattice[0][used], events])
        w = np.concatenate([weights[used], np.ones(len(events))])
        rows = np.array(self._constrained, dtype=np.intp)
        scale = np.array([self.parameters[i].scale for i in rows])

        def evaluate(theta: Array) -> tuple[float, Array, Array]:
            cost, gradient, hessian = self.model.cost(x, w, theta)
            pull = (theta[rows] - aux) / scale
            gradient, hessian = gradient.copy(), hessian.copy()
            gradient[rows] += pull / scale
            hessian[rows, rows] += 1 / scale**2
            return cost + float(0.5 * pull @ pull), gradient, hessian

        return evaluate

    def nll(self, theta: Array, data: Array) -> Array:
        """−log L up to a constant of the auxiliary data, (...): theta (..., P), data (..., D)."""
        theta, data = np.asarray(theta), np.asarray(data)
        shape = np.broadcast_shapes(theta.shape[:-1], data.shape[:-1])
        thetas = np.broadcast_to(theta, (*shape, theta.shape[-1])).reshape(-1, theta.shape[-1])
        sets = np.broadcast_to(data, (*shape, data.shape[-1])).reshape(-1, data.shape[-1])
        return np.array([self.objective(d)(t)[0] for t, d in zip(thetas, sets, strict=True)]).reshape(shape)

    def fit(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fit:
        """Fit all parameters, or all but a fixed `strength`; a free strength stays ≥ `lower`. data (D,).

        A fit whose intensity is negative somewhere in the window has status "failed".

        Raises:
            FitError: the intensity is not positive where the search begins.
        """
        start = np.array([p.init for p in self.parameters])
        low, high = (np.array([getattr(p, key) for p in self.parameters]) for key in ("lower", "upper"))
        held = np.array([p.fixed for p in self.parameters])
        low[0], held[0] = (lower, False) if strength is None else (-np.inf, True)
        start[0] = max(start[0], lower) if strength is None else strength
        start[self._constrained] = np.where(held[self._constrained], start[self._constrained], self._split(data)[1])
        function = self.objective(data)
        if not np.isfinite(function(start)[0]):
            raise FitError(f"{self.name}: the intensity is not positive at the starting point, strength {start[0]:g}")
        found = kernel.minimise(function, start, low, high, held)
        # A minimum with a negative intensity between the events is no fit, however well it converged.
        good = found.converged and self.positive(found.theta)
        return Fit(found.theta, found.covariance, found.cost, found.edm, "ok" if good else "failed")

    def positive(self, theta: Array) -> bool:
        """Whether the intensity is negative nowhere in the window."""
        return bool(np.all(self.model.density(self.lattice[0], theta) >= 0))

    def fit_many(self, data: Array | Sequence[Array], strength: float | None = None, *, lower: float = 0.0) -> Fits:
        """The same for many data vectors, one after the other; a fit that fails is marked, not raised."""
        return fit_each(self, data, strength, lower)

    def asimov(self, theta: Array) -> Array:
        """Weights of the lattice and auxiliary data at theta (..., P), no events, (..., G + C)."""
        theta = np.asarray(theta)
        nodes, weights = self.lattice
        rows = theta.reshape(-1, theta.shape[-1])
        data = [
            np.concatenate([weights * np.maximum(self.model.density(nodes, t), 0), t[self._constrained]]) for t in rows
        ]
        return np.array(data).reshape(*theta.shape[:-1], -1)

    def sample(self, theta: Array, size: int, rng: np.random.Generator) -> Array:
        """Toys (size, D): Poisson number of events, accepted by their intensity; auxiliary data around theta; padded with nan.

        Raises:
            InputError: a negative intensity, or a feature between the nodes that exceeds what the lattice has seen.
        """
        nodes, weights = self.lattice
        at_nodes = self.model.density(nodes, theta)
        if np.any(at_nodes < 0):
            raise InputError(f"{self.name}: negative intensity at strength {theta[0]:g}")
        numbers, top = rng.poisson(float(weights @ at_nodes), size), MAJORANT * float(at_nodes.max())
        aux = rng.normal(
            theta[self._constrained],
            [self.parameters[i].scale for i in self._constrained],
            (size, len(self._constrained)),
        )
        events = np.full((size, int(numbers.max(initial=0))), np.nan)
        for row, number in zip(events, numbers, strict=True):
            row[:number] = self._events(theta, int(number), top, rng)
        return np.concatenate([np.zeros((size, len(nodes))), aux, events], axis=1)

    def _events(self, theta: Array, number: int, top: float, rng: np.random.Generator) -> Array:
        """That many events, by acceptance."""
        parts, missing = [], number
        share = float(self.lattice[1] @ self.model.density(self.lattice[0], theta)) / (
            top * (self.window[1] - self.window[0])
        )
        while missing > 0:
            x = rng.uniform(*self.window, int(1.1 * missing / share) + 10)
            density = self.model.density(x, theta)
            if np.any(density > top):
                raise InputError(f"{self.name}: a feature narrower than the lattice of {self.panels} panels; use more")
            parts.append(x[rng.random(len(x)) * top < density][:missing])
            missing -= len(parts[-1])
        return np.concatenate([*parts, np.empty(0)])


def fit_each(likelihood: Likelihood, data: Array | Sequence[Array], strength: float | None, lower: float) -> Fits:
    """Fits of many data vectors, one after the other; one that fails is marked, not raised."""
    size = len(likelihood.parameters)
    theta, nll, converged = np.full((len(data), size), np.nan), np.full(len(data), np.nan), np.zeros(len(data), bool)
    for i, one in enumerate(data):
        try:
            fit = likelihood.fit(one, strength, lower=lower)
        except FitError:
            continue
        theta[i], nll[i], converged[i] = fit.theta, fit.nll, fit.status == "ok"
    return Fits(theta, nll, converged)
