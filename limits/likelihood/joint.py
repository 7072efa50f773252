"""Several likelihoods of any kind as one: they share the strength, and those nuisances that are declared to be shared.

A data vector is [length of each part's vector (K), the vectors one after the other], so that it can be taken apart again whatever the parts
are. Nuisances of the same name in different parts are different unless `shared` names them: nothing is correlated by accident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from limits import kernel
from limits.errors import FitError, InputError
from limits.likelihood import Array, Fit, Fits, Parameter
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.unbinned import UnbinnedLikelihood, fit_each

Part = BinnedLikelihood | UnbinnedLikelihood


@dataclass(frozen=True, eq=False)
class JointLikelihood:
    """`parts` with one strength; see `joint`, which makes it. Satisfies `limits.likelihood.Likelihood`.

    `places` say for each part where its parameters stand among those of the whole, `counted` which of its constraints are its own:
    that of a shared nuisance counts once, in the first part that has it.
    """

    parts: tuple[Part, ...]
    parameters: tuple[Parameter, ...]
    places: tuple[NDArray[np.intp], ...]
    counted: tuple[NDArray[np.bool_], ...]

    @property
    def name(self) -> str:
        """Those of the parts."""
        return " + ".join(part.name for part in self.parts)

    @property
    def observed(self) -> Array:
        """Lengths and vectors of the parts."""
        return self._joined([part.observed for part in self.parts])

    @property
    def counts(self) -> Array:
        """Observed events per bin of all parts."""
        return np.concatenate([part.counts for part in self.parts])

    @cached_property
    def nominal_signal(self) -> float:
        """Expected signal events at strength 1, in all parts."""
        return sum(part.nominal_signal for part in self.parts)

    @cached_property
    def signal_scale(self) -> float:
        """That of all parts together: their information adds up."""
        information = sum(part.signal_scale**-2 for part in self.parts)
        return float(information**-0.5) if information > 0 else np.inf

    def with_data(self, data: Array) -> JointLikelihood:
        """The likelihood as it is when `data` are what was observed."""
        parts = tuple(part.with_data(one) for part, one in zip(self.parts, self._split(data), strict=True))
        return replace(self, parts=parts)

    @staticmethod
    def _joined(vectors: Sequence[Array]) -> Array:
        """Vectors (..., n) of the parts, with their lengths in front."""
        head = vectors[0].shape[:-1]
        lengths = np.broadcast_to([float(one.shape[-1]) for one in vectors], (*head, len(vectors)))
        return np.concatenate([lengths, *vectors], axis=-1)

    def _split(self, data: Array) -> list[Array]:
        size = len(self.parts)
        lengths = data[..., :size].reshape(-1, size)[0].astype(int)
        return np.split(data[..., size:], np.cumsum(lengths)[:-1], axis=-1)

    def _again(self, k: int, theta: Array, data: Array) -> tuple[Array, Array]:
        """Pulls of the constraints of part k that count elsewhere, theta (..., n_par) and data its own, and their widths."""
        rows = np.flatnonzero(~self.counted[k])
        scale = np.array([self.parts[k].parameters[i].scale for i in rows])
        return (theta[..., rows] - _auxiliary(self.parts[k], data)[..., rows]) / scale, scale

    def nll(self, theta: Array, data: Array) -> Array:
        """−log L up to constants, (...): theta (..., n_par), data (..., n_data)."""
        total: Array = np.zeros(np.broadcast_shapes(np.shape(theta)[:-1], np.shape(data)[:-1]))
        for k, one in enumerate(self._split(np.asarray(data))):
            own = np.asarray(theta)[..., self.places[k]]
            total = total + self.parts[k].nll(own, one) - 0.5 * (self._again(k, own, one)[0] ** 2).sum(axis=-1)
        return total

    def _objective(self, data: Array) -> kernel.Objective:
        split = self._split(data)
        functions = [_objective(part, one) for part, one in zip(self.parts, split, strict=True)]
        size = len(self.parameters)

        def evaluate(theta: Array) -> tuple[float, Array, Array]:
            cost, gradient, hessian = 0.0, np.zeros(size), np.zeros((size, size))
            for k, function in enumerate(functions):
                at, rows = self.places[k], np.flatnonzero(~self.counted[k])
                value, slope, bend = function(theta[at])
                pull, scale = self._again(k, theta[at], split[k])
                cost += value - float(0.5 * pull @ pull)
                gradient[at] += slope
                hessian[np.ix_(at, at)] += bend
                gradient[at[rows]] -= pull / scale
                hessian[at[rows], at[rows]] -= scale**-2
            return cost, gradient, hessian

        return evaluate

    def fit(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fit:
        """Fit all parameters, or all but a fixed `strength`; a free strength stays ≥ `lower`.

        Raises:
            FitError: no finite likelihood where the search begins.
        """
        start = np.array([p.init for p in self.parameters])
        low, high = (np.array([getattr(p, key) for p in self.parameters]) for key in ("lower", "upper"))
        held = np.array([p.fixed for p in self.parameters])
        start[0] = max(self.signal_scale, lower) if strength is None else strength
        low[0], high[0], held[0] = (lower, np.inf, False) if strength is None else (-np.inf, np.inf, True)
        function = self._objective(data)
        if not np.isfinite(function(start)[0]):
            raise FitError(f"{self.name}: no finite likelihood at the starting point, strength {start[0]:g}")
        found = kernel.minimise(function, start, low, high, held)
        positive = all(
            part.positive(found.theta[at])
            for part, at in zip(self.parts, self.places, strict=True)
            if isinstance(part, UnbinnedLikelihood)
        )
        nll = float(self.nll(found.theta, data))
        return Fit(found.theta, found.covariance, nll, found.edm, "ok" if found.converged and positive else "failed")

    def fit_many(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fits:
        """The same for many data vectors, one after the other; a fit that fails is marked, not raised."""
        return fit_each(self, data, strength, lower)

    def asimov(self, theta: Array) -> Array:
        """Expected data at theta, (..., n_data)."""
        return self._joined(
            [p.asimov(np.asarray(theta)[..., at]) for p, at in zip(self.parts, self.places, strict=True)]
        )

    def sample(self, theta: Array, size: int, rng: np.random.Generator) -> Array:
        """Toy data sets (size, n_data)."""
        return self._joined([p.sample(theta[at], size, rng) for p, at in zip(self.parts, self.places, strict=True)])


def _auxiliary(part: Part, data: Array) -> Array:
    """Auxiliary data of every parameter (..., n_par) in a data vector of that part; 0 where there are none."""
    first = part.shape.n_bins if isinstance(part, BinnedLikelihood) else len(part.lattice[0])
    rows = [i for i, p in enumerate(part.parameters) if p.constraint != "free"]
    found = np.zeros((*data.shape[:-1], len(part.parameters)))
    found[..., rows] = data[..., first : first + len(rows)]
    return found


def _objective(part: Part, data: Array) -> kernel.Objective:
    """−log L of one part up to a constant, with its derivatives."""
    return kernel.objective(part.shape, data) if isinstance(part, BinnedLikelihood) else part.objective(data)


def joint(parts: Sequence[Part], shared: Sequence[str] = ()) -> JointLikelihood:
    """One likelihood of several, with a common strength; parameters are called "part/name" unless `shared` names them.

    Raises:
        InputError: fewer than two parts, two of one name, a shared nuisance that is in one part only or has a Poisson constraint.
    """
    names = [part.name for part in parts]
    if len(parts) < 2 or len(set(names)) < len(names):
        raise InputError(
            f"joint: two or more likelihoods of different names are needed, these are: {', '.join(names) or 'none'}"
        )
    for name in shared:
        having = [p for part in parts for p in part.parameters[1:] if p.name == name]
        if len(having) < 2:
            raise InputError(f"joint: shared nuisance {name!r} is in {len(having)} of the parts; two are needed")
        if any(p.constraint == "poisson" for p in having):
            raise InputError(
                f"joint: shared nuisance {name!r} has a Poisson constraint; free and Gaussian ones can be shared"
            )
    parameters, place = [Parameter("strength", 1.0)], dict[str, int]()
    places, counted = [], []
    for part in parts:
        at, own = [0], [True]
        for p in part.parameters[1:]:
            full = p.name if p.name in shared else f"{part.name}/{p.name}"
            own.append(full not in place or p.constraint == "free")
            if full not in place:
                place[full] = len(parameters)
                parameters.append(replace(p, name=full))
            at.append(place[full])
        places.append(np.array(at, dtype=np.intp))
        counted.append(np.array(own))
    return JointLikelihood(tuple(parts), tuple(parameters), tuple(places), tuple(counted))
