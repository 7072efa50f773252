"""Candidates of signal and background after the detector, for the training of networks and for the tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fourmuon.background import background_events, tuned_shares
from fourmuon.detector import PAIRS, Experiment, Real, accepted, observe, reduced_masses
from fourmuon.network import LEFT_OUT, RANGES, Network, Sample, features, trained
from fourmuon.signal import signal_events
from limits.physics.muon_pair import Kind
from limits.units import mass as particle_mass

SQRT_S = 10.58
"""Energy of the ϒ(4S), GeV."""

LOWEST, HIGHEST = 0.212, 9.6
"""Masses of X in training, GeV: above the last one next to nothing is accepted."""

POINTS = 50
"""Masses of X in the training of one network."""

LARGEST = 150_000
"""Pairs of background in the training of one network."""

BLOCK = 100_000


def background(size: int, experiment: Experiment, rng: np.random.Generator) -> Iterator[tuple[Real, Real]]:
    """Blocks of momenta (seen, 4, 4) and weights, which add up to the expected events over all blocks."""

    def accept(momenta: Real) -> NDArray[np.bool_]:
        return accepted(momenta, experiment, margin=0.01)

    shares = tuned_shares(SQRT_S, rng, accept)
    for start in range(0, size, BLOCK):
        momenta, weights = background_events(min(BLOCK, size - start), SQRT_S, rng, accept, shares)
        seen = observe(momenta, experiment, rng)
        yield seen.momenta, weights[seen.events] * seen.weights * experiment.luminosity / size


def pairs(momenta: Real, weights: Real, low: float, high: float) -> Sample:
    """All pairs of these events with a mass between two values."""
    masses = pair_masses(reduced_masses(momenta))
    found = []
    for pair in range(len(PAIRS)):
        inside = (masses[:, pair] >= low) & (masses[:, pair] < high)
        found.append(Sample(features(momenta[inside], pair), masses[inside, pair], weights[inside]))
    return joined(found)


def signals(masses: Real, size: int, experiment: Experiment, rng: np.random.Generator, kind: Kind = "vector") -> Sample:
    """Pairs from X at several masses of X, `size` events of each before the detector; every mass has the same weight."""
    found = []
    for mass in masses:
        momenta, _ = signal_events(float(mass), size, kind, SQRT_S, rng)
        seen = observe(momenta, experiment, rng)
        weights = seen.weights / seen.weights.sum()
        found.append(Sample(features(seen.momenta, 0), np.full(len(weights), float(mass)), weights))
    return joined(found)


def networks(size: int, each: int, experiment: Experiment, seed: int) -> list[Network]:
    """A network for each range, trained on `size` events of background and `each` events of signal at every mass."""
    events = list(background(size, experiment, np.random.default_rng([seed, 0])))
    found = []
    for part, left_out in enumerate(LEFT_OUT):
        limits = training_range(part)
        rng = np.random.default_rng([seed, 1, part])
        signal = signals(middles(limits, POINTS), each, experiment, rng)
        all_pairs = joined([pairs(*block, *limits) for block in events])
        chosen = rng.permutation(len(all_pairs.masses))[:LARGEST]
        sample = chosen_of(all_pairs, chosen)
        found.append(trained(signal, sample, limits, left_out, seed + part))
    return found


def chosen_of(sample: Sample, chosen: NDArray[np.intp]) -> Sample:
    """Some of the candidates."""
    return Sample(sample.inputs[chosen], sample.masses[chosen], sample.weights[chosen])


def training_range(part: int) -> tuple[float, float]:
    """Masses in the training of a network, GeV."""
    low, high = RANGES[part]
    return max(low, LOWEST), min(high, HIGHEST)


def middles(limits: tuple[float, float], points: int) -> Real:
    """Centres of equal slices of a range."""
    edges = np.linspace(*limits, points + 1)
    return np.asarray((edges[1:] + edges[:-1]) / 2.0)


def pair_masses(reduced: Real) -> Real:
    """M of two muons from √(M² − 4m_μ²)."""
    return np.hypot(reduced, 2.0 * particle_mass("mu-"))


def joined(parts: list[Sample]) -> Sample:
    """One sample of several."""
    return Sample(*(np.concatenate(values) for values in zip(*parts, strict=True)))
