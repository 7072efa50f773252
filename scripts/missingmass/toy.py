"""Events Υ(4S) → B B̄, one B → baryon ψ_D: true momenta, what is measured of them, and the response at one mass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from diphoton.photons import boosted, directions, isotropic

from limits.errors import InputError
from limits.physics.psid import MODES
from limits.units import mass as particle_mass
from missingmass.detector import Array, Detector, accepted, measured, to_laboratory

__all__ = ["BATCH", "SEEN", "Response", "missing_masses", "phase_space", "response"]

SEEN: Final = {"p": ("p",), "lambda": ("p", "pi+"), "lambdac": ("p", "K+", "pi+")}
"""Tracks that a baryon is seen as; p, K and π stand for particles of any charge."""

BATCH: Final = 50_000
"""Events handled together."""

FEWEST: Final = 100
"""Accepted decays that make a width."""

CENTRAL: Final = 0.6826894921370859
"""Share of a Gaussian within one standard deviation."""


class Response(NamedTuple):
    """Half of the central interval that holds 68 % of the measured masses, GeV, and the share of decays accepted."""

    resolution: float
    acceptance: float


def response(mode: str, mass: float, events: int, detector: Detector, rng: np.random.Generator) -> Response:
    """Resolution and acceptance at a mass of ψ_D in GeV.

    Raises: InputError where fewer than `FEWEST` decays are accepted.
    """
    found = np.concatenate([missing_masses(mode, mass, size, detector, rng) for size in _batches(events)])
    if len(found) < FEWEST:
        raise InputError(f"{mode}: {len(found)} of {events} decays are accepted at {mass:g} GeV: too few for a width")
    low, high = np.quantile(found, [(1 - CENTRAL) / 2, (1 + CENTRAL) / 2])
    return Response(float(high - low) / 2, len(found) / events)


def missing_masses(mode: str, mass: float, size: int, detector: Detector, rng: np.random.Generator) -> Array:
    """Measured missing masses, GeV, of the accepted ones among `size` decays; 0 where the square is negative."""
    total = detector.sqrt_s + detector.spread * rng.standard_normal(size)
    parent = _parents(total / 2, particle_mass(MODES[mode].parent), rng)
    baryon = _daughter(parent, particle_mass(MODES[mode].baryon), mass, rng)
    heavy = [particle_mass(name) for name in SEEN[mode]]
    tracks = to_laboratory(_tracks(baryon, heavy, rng).transpose(1, 0, 2), detector.boost)
    keep = np.all(accepted(tracks, detector), axis=0)
    seen = sum(measured(tracks[:, i, keep], m, detector, rng) for i, m in enumerate(heavy))
    # The mass of the baryon is known: its momentum is measured, its energy is not.
    seen = _on_shell(np.asarray(seen), particle_mass(MODES[mode].baryon))
    tag = -parent[1:, keep] + detector.tag * rng.standard_normal((3, int(keep.sum())))
    signal = np.concatenate([np.full((1, tag.shape[1]), detector.sqrt_s / 2), -tag])
    missing = signal - to_laboratory(seen, -detector.boost)
    return np.asarray(np.sqrt(np.maximum(missing[0] ** 2 - np.sum(missing[1:] ** 2, axis=0), 0.0)))


def _parents(energy: Array, heavy: float, rng: np.random.Generator) -> Array:
    """Momenta (4, events) of B mesons of these energies, distributed as sin²θ: the median of three uniform numbers is."""
    cosine = 2 * np.median(rng.uniform(0, 1, (3, len(energy))), axis=0) - 1
    momentum = np.sqrt(np.maximum(energy**2 - heavy**2, 0.0))
    way = directions(cosine, rng.uniform(0, 2 * np.pi, len(energy)))
    return _on_shell(np.concatenate([energy[None], momentum * way]), heavy)


def _on_shell(p: Array, heavy: float) -> Array:
    return np.concatenate([np.sqrt(np.sum(p[1:] ** 2, axis=0) + heavy**2)[None], p[1:]])


def _daughter(parent: Array, one: float | Array, other: float | Array, rng: np.random.Generator) -> Array:
    """Momenta (4, events) of the daughter of mass `one`, isotropic in the rest frame of the parent."""
    heavy = np.sqrt(parent[0] ** 2 - np.sum(parent[1:] ** 2, axis=0))
    momentum = _momentum(heavy, one, other)
    energy = np.sqrt(momentum**2 + np.asarray(one) ** 2)
    return boosted(np.concatenate([energy[None], momentum * isotropic(len(heavy), rng)]), parent, heavy)


def _momentum(heavy: Array, one: float | Array, other: float | Array) -> Array:
    """As `two_body_momentum`, 0 where rounding closes the decay."""
    product = (heavy**2 - (one + np.asarray(other)) ** 2) * (heavy**2 - (one - np.asarray(other)) ** 2)
    return np.asarray(np.sqrt(np.maximum(product, 0.0)) / (2 * heavy))


def _tracks(baryon: Array, heavy: list[float], rng: np.random.Generator) -> Array:
    """Momenta (tracks, 4, events) of the decay of a baryon into one, two or three particles; flat in phase space."""
    if len(heavy) == 1:
        return baryon[None]
    if len(heavy) == 2:
        first = _daughter(baryon, heavy[0], heavy[1], rng)
        return np.stack([first, baryon - first])
    pair = phase_space(np.sqrt(baryon[0] ** 2 - np.sum(baryon[1:] ** 2, axis=0)), heavy, rng)
    first = _daughter(baryon, heavy[0], pair, rng)
    second = _daughter(baryon - first, heavy[1], heavy[2], rng)
    return np.stack([first, second, baryon - first - second])


def phase_space(parent: Array, heavy: list[float], rng: np.random.Generator) -> Array:
    """Masses of the last two of three particles, flat in phase space: density ∝ product of both momenta, by rejection."""
    low, high = heavy[1] + heavy[2], parent - heavy[0]
    grid = np.linspace(low, high.max(), 201)
    highest = 1.05 * np.max(_weight(parent.max(), grid, heavy))
    pair, left = np.empty_like(parent), np.arange(len(parent))
    while len(left):
        tried = low + (high[left] - low) * rng.uniform(0, 1, len(left))
        taken = rng.uniform(0, highest, len(left)) < _weight(parent[left], tried, heavy)
        pair[left[taken]] = tried[taken]
        left = left[~taken]
    return pair


def _weight(parent: Array | float, pair: Array, heavy: list[float]) -> Array:
    return _momentum(np.asarray(parent), heavy[0], pair) * _momentum(pair, heavy[1], heavy[2])


def _batches(total: int) -> Iterator[int]:
    for start in range(0, total, BATCH):
        yield min(BATCH, total - start)
