"""What fits with a linear background return: values that say how they were obtained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np

from limits.kernel.linear.window import Window
from limits.kernel.rates import Array


class Status(IntEnum):
    """How a fit ended.

    NEGATIVE: at a minimum, but the intensity is not positive over the whole window. NO_LIMIT: fitted, but a limit was not found.
    """

    CONVERGED = 0
    INFEASIBLE = 1
    NOT_POSITIVE_DEFINITE = 2
    ITERATION_LIMIT = 3
    NEGATIVE = 4
    NO_LIMIT = 5


@dataclass(frozen=True, eq=False)
class Fit:
    """A minimum of the NLL. Where `status` is not CONVERGED, all numbers are nan and `why` tells what is known.

    theta (P,): strength, then coefficients; sigma: of the strength (0 where it was fixed), from the Hessian (P, P); excess:
    the NLL is at most this far above its minimum (rigorous); lowest: smallest intensity on the lattice over its mean.
    """

    theta: Array
    sigma: float
    hessian: Array
    status: Status
    excess: float
    lowest: float
    evaluations: int
    sparse: bool
    barrier: float
    rate: Array
    window: Window

    @cached_property
    def nll(self) -> float:
        """integral·θ − Σ counts·ln(rate)."""
        if self.status is not Status.CONVERGED:
            return float("nan")
        used = self.window.counts > 0
        return float(np.sum(self.window.integral * self.theta) - np.sum((self.window.counts * np.log(self.rate))[used]))

    @property
    def strength(self) -> float:
        """Signal events."""
        return float(self.theta[0])


class Profile(NamedTuple):
    """NLL above its minimum at some strengths (M,), and all parameters (P,) at the minimum where the strength came last."""

    q: Array
    theta: Array
    status: Status
    evaluations: int


@dataclass(frozen=True, eq=False)
class Curve:
    """q(s) = NLL(s) − NLL minimum on [low, high]: polynomial in u ∈ [−1, 1], ascending. `sigma`: from the Hessian."""

    poly: Array
    low: float
    high: float
    best: float
    sigma: float
    status: Status
    evaluations: int

    def __call__(self, s: Array) -> Array:
        """q at strengths s (...)."""
        u = (np.asarray(s) - self.low) * 2 / (self.high - self.low) - 1
        return np.asarray(np.polynomial.polynomial.polyval(u, self.poly))


@dataclass(frozen=True)
class Measurement:
    """One window: strength and σ in events, Z = sqrt(2ΔNLL), upper limits on the strength; nan where status is not 0."""

    strength: float
    sigma: float
    significance: float
    bayes: float
    smeared: float
    cls: float
    status: Status
    excess: float
    lowest: float
    evaluations: int
    sparse: bool
    barrier: float
