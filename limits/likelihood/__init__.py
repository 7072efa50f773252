"""What a likelihood is: four methods and a list of parameters. Inference knows nothing else.

| you have                                                    | use                                     |
|-------------------------------------------------------------|-----------------------------------------|
| one count, a background, a few relative uncertainties       | `limits.likelihood.counting.counting`   |
| a pyhf workspace (JSON 1.0.0), or anything HistFactory-like | `limits.likelihood.histfactory.load`    |
| events of a mass window: a known peak on a polynomial       | `limits.likelihood.spectrum.bump`       |
| an extended zfit model and its events (extra `zfit`)        | `limits.likelihood.zfit.from_zfit`      |
| several of these with one strength                          | `limits.likelihood.joint.joint`         |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a likelihood.

    `constraint` is "free", "gaussian" (auxiliary value `aux`, standard deviation `scale`) or "poisson" (auxiliary count
    `aux` with expectation `scale`·θ). `lower`, `upper` bound fits and integrals alike.
    """

    name: str
    init: float
    lower: float = -np.inf
    upper: float = np.inf
    constraint: Literal["free", "gaussian", "poisson"] = "free"
    aux: float = 0.0
    scale: float = 1.0
    fixed: bool = False


@dataclass(frozen=True, eq=False)
class Fit:
    """A maximum-likelihood fit: `theta` (n_par,), `covariance` (n_par, n_par), `nll` = −log L, and how the search ended."""

    theta: Array
    covariance: Array
    nll: float
    edm: float
    status: Literal["ok", "failed"]

    @property
    def strength(self) -> float:
        """Best-fit (or fixed) strength."""
        return float(self.theta[0])

    @property
    def errors(self) -> Array:
        """Standard deviations (n_par,) from the curvature; zero where a parameter was held or ended on a bound."""
        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance), 0.0)))


@dataclass(frozen=True, eq=False)
class Fits:
    """Many fits: `theta` (T, n_par), `nll` (T,), and which of them converged (T,)."""

    theta: Array
    nll: Array
    converged: NDArray[np.bool_]


class Likelihood(Protocol):
    """Data are flat vectors of what was seen and of auxiliary data; leading axes are toys. `parameters[0]` is the strength."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The strength first, then the nuisances."""

    @property
    def observed(self) -> Array:
        """The observed data vector."""

    @property
    def counts(self) -> Array:
        """Observed events per bin, (n_bins,); an unbinned likelihood is one bin here."""

    @property
    def nominal_signal(self) -> float:
        """Expected signal events at strength 1."""

    @property
    def signal_scale(self) -> float:
        """A strength of about one standard deviation: the natural unit of every search; ∞ without signal."""

    def with_data(self, data: Array) -> Self:
        """The likelihood as it is when `data` (n_data,) are what was observed."""

    def nll(self, theta: Array, data: Array) -> Array:
        """−log L, constants included, (...): theta (..., n_par), data (..., n_data)."""

    def fit(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fit:
        """Fit all parameters, or all but a fixed `strength`; a free strength stays ≥ `lower`."""

    def fit_many(self, data: Array, strength: float | None = None, *, lower: float = 0.0) -> Fits:
        """The same for many data vectors (T, n_data), without raising."""

    def asimov(self, theta: Array) -> Array:
        """The data vector that equals its own expectation at theta, (..., n_data)."""

    def sample(self, theta: Array, size: int, rng: np.random.Generator) -> Array:
        """Toy data sets (size, n_data): counts and auxiliary data both fluctuate."""
