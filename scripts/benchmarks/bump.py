"""The peak on a polynomial that two rows fit: data, ours, and the cost written once more in plain NumPy to judge everybody's minimum.

λ(x) = s·S(x) + Σ_k c_k T_k(t)/width with k ≤ 3 on a window of ±0.1 GeV; S is a double Crystal Ball of fixed shape, σ = 8 MeV.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

from benchmarks.harness import NLL_ALLOWED, Check
from limits.kernel.linear.fit import fit
from limits.kernel.linear.shapes import CrystalBall
from limits.kernel.linear.window import unbinned

Array = NDArray[np.float64]

MASS, HALF, SIGMA, ORDER, EVENTS = 1.5, 0.1, 0.008, 3, 20_000
LOW, HIGH = MASS - HALF, MASS + HALF
ALPHA_LOW, N_LOW, ALPHA_HIGH, N_HIGH = TAILS = (1.4, 3.0, 1.8, 5.0)

ASIMOV_BINS = 400
"""For peers, whose default of 100 bins moves a limit by 0.2 %."""


def crystal_ball(mass: float = MASS) -> CrystalBall:
    """Our signal."""
    return CrystalBall((mass - HALF, mass + HALF), mass, SIGMA, *TAILS)


@cache
def events(seed: int) -> Array:
    """A falling, bent background."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-1, 1, 3 * EVENTS)
    return np.asarray(MASS + HALF * t[rng.random(3 * EVENTS) < 0.6 - 0.2 * t + 0.1 * t * t][:EVENTS])


def ours(x: Array) -> Array:
    """Fit from the events: θ = (s, c_0 … c_3) and σ of s, (6,)."""
    found = fit(unbinned(x, crystal_ball(), ORDER))
    return np.append(found.theta, found.sigma)


def peak(x: Array) -> Array:
    """The double Crystal Ball, 1 at the mean: core and tails as in the reference, one branch each."""
    z = (x - MASS) / SIGMA
    with np.errstate(invalid="ignore", divide="ignore"):
        tails = [
            np.exp(-0.5 * a * a) * (1 + (distance - a) * a / n) ** -n
            for a, n, distance in ((ALPHA_LOW, N_LOW, -z), (ALPHA_HIGH, N_HIGH, z))
        ]
    return np.select([z < -ALPHA_LOW, z > ALPHA_HIGH], tails, np.exp(-0.5 * z * z))


@cache
def area() -> float:
    """Its integral over the window."""
    cuts = [LOW, MASS - ALPHA_LOW * SIGMA, MASS, MASS + ALPHA_HIGH * SIGMA, HIGH]
    parts = pairwise(cuts)
    return float(sum(quad(lambda x: float(peak(np.array([x]))[0]), a, b, epsabs=0, epsrel=1e-12)[0] for a, b in parts))


def rows(x: Array) -> Array:
    """What multiplies θ, (5, N)."""
    t = (x - MASS) / HALF
    polynomials = np.polynomial.chebyshev.chebvander(t, ORDER).T / (HIGH - LOW)
    return np.concatenate([peak(x)[None] / area(), polynomials])


INTEGRALS = np.array([1.0, 1.0, 0.0, -1 / 3, 0.0])


def cost(x: Array, theta: Array) -> float:
    """∫λ − Σ ln λ."""
    return float(INTEGRALS @ theta - np.log(theta @ rows(x)).sum())


def from_yields(signal: float, background: float, slopes: list[float]) -> Array:
    """θ of background·(1 + Σ a_k T_k)/normalisation, as zfit and RooFit write it."""
    first = background / (1 - slopes[1] / 3)
    return np.array([signal, first, *(first * a for a in slopes)])


def judge(number: int, mine: Array, theirs: Array) -> list[Check]:
    """How far our minimum is above theirs, and how far apart the strengths are, in σ."""
    x = events(number)
    above = 2 * (cost(x, mine[:5]) - cost(x, theirs[:5]))
    # Strengths are not held to anything: where ours is lower, theirs stopped early.
    return [Check("2ΔNLL above peer", above, NLL_ALLOWED), Check("Δs/σ", abs(theirs[0] - mine[0]) / mine[5], 0.1)]
