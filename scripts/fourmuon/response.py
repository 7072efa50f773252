"""Response to a narrow X → μμ: efficiency, shape of the peak in the reduced mass, shares of the categories of the network."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fourmuon.detector import Experiment, Real, observe, reduced_masses
from fourmuon.network import Network, features, score
from fourmuon.samples import SQRT_S
from fourmuon.signal import signal_events
from limits.kernel.linear.shapes import CrystalBall
from limits.physics.muon_pair import Kind
from limits.units import mass as particle_mass

MASSES: Final = (
    (0.212, 0.213, 0.215, 0.22, 0.23, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0),
    (1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 3.75),
    (3.75, 4.0, 4.25, 4.5, 4.75, 5.0, 5.25, 5.5, 5.75, 6.0),
    (6.0, 6.25, 6.5, 6.75, 7.0, 7.25, 7.5, 7.75, 8.0, 8.25),
    (8.25, 8.4, 8.55, 8.7, 8.85, 9.0, 9.2, 9.4, 9.6),
)
"""Masses of the tables by part, GeV."""

HIGHER: Final = (9.8, 9.99)
"""Where there are no networks, masses above the last part, GeV."""

EXPONENT: Final = 20.0
"""Of both tails, which fall nearly like exponentials: length and beginning cannot be told apart, the beginning is fitted."""

REACH: Final = 10.0
"""Window of the fit in widths of the core; what is beyond counts as efficiency all the same."""

BINS: Final = 160


class Peak(NamedTuple):
    """Efficiency, and the double-sided Crystal Ball in m_R (GeV)."""

    efficiency: float
    shift: float
    sigma: float
    alpha_low: float
    n_low: float
    alpha_high: float
    n_high: float


class Response(NamedTuple):
    """Peak, inputs of the networks for the pairs from X (n, 16) and their weights (n,)."""

    peak: Peak
    inputs: NDArray[np.float32]
    weights: Real


def response(mass: float, size: int, kind: Kind, experiment: Experiment, rng: np.random.Generator) -> Response:
    """What becomes of the pair from X in `size` events."""
    momenta, weights = signal_events(mass, size, kind, SQRT_S, rng)
    seen = observe(momenta, experiment, rng)
    kept = seen.weights * weights[seen.events] / weights.sum()
    reduced = float(np.sqrt(mass**2 - 4.0 * particle_mass("mu-") ** 2))
    peak = fitted(reduced_masses(seen.momenta)[:, 0], kept, reduced)
    return Response(peak, features(seen.momenta, 0), kept)


def shares(found: Response, network: Network) -> Real:
    """Parts of the signal in the categories of a network; they add up to one."""
    category = np.searchsorted(network.edges, score(network, found.inputs))
    sums = np.bincount(category, weights=found.weights, minlength=len(network.edges) + 1)
    return np.asarray(sums / sums.sum())


def fitted(values: Real, weights: Real, center: float) -> Peak:
    """Double-sided Crystal Ball of most likely `sigma`, mean and beginning of the tails, for m_R around `center`.

    Both tails begin equally far out: they differ by less than what can be seen in data, and it makes the numbers smooth in the mass.
    """
    low, high = np.percentile(values, [16.0, 84.0])
    width = (high - low) / 2.0
    window = max(center - REACH * width, 0.0), center + REACH * width
    edges = np.linspace(*window, BINS + 1)
    counts = np.histogram(values, edges, weights=weights)[0]

    def ball(parameters: Real) -> CrystalBall:
        shift, sigma, alpha = parameters
        mean = min(max(center + shift * width, window[0]), window[1])
        return CrystalBall(window, mean, width * np.exp(sigma), np.exp(alpha), EXPONENT, np.exp(alpha), EXPONENT)

    def cost(parameters: Real) -> float:
        # Weak walls keep the beginning of the tails where it can be seen.
        walls = 1e-4 * max(abs(float(parameters[2])) - 1.2, 0.0) ** 2
        expected = np.maximum(ball(parameters).integrals(edges), 1e-300)
        return walls - float(np.sum(counts * np.log(expected))) / float(counts.sum())

    options = {"xatol": 1e-5, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000}
    start = np.array([0.0, -0.1, 0.7])
    best = minimize(cost, start, method="Nelder-Mead", options=options).x
    found = ball(best)
    shift, tails = found.mean - center, (found.alpha_low, EXPONENT, found.alpha_high, EXPONENT)
    return Peak(float(weights.sum()), float(shift), float(found.sigma), *map(float, tails))
