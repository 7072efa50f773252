"""Events of e⁺e⁻ → γγγ, sampled near their density and brought to equal weights.

Photons are ordered, x₁ ≥ x₂ ≥ x₃ with x = 2E/√s, so that the symmetry factor 1/3! is used up. The softest is drawn in
ln x₃ and in rapidity along the beam, x₁ and the rotation about the softest photon are drawn uniformly; that takes out the
poles of soft and of collinear emission of the softest photon. Those of the others are cut by the edges.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diphoton.photons import TWO_PI, Array, Photons, collision_energy, directions, from_momenta
from limits.physics.three_photons import differential_cross_section, invariants

SOFTEST = 0.013
"""Least true energy, GeV: four standard deviations of the energy below the threshold of 25 MeV."""

LARGEST_COSINE = 0.955
"""True cosines up to here: nothing beyond is measured below 0.92."""

HEAVIEST = 4000.0
"""Weights up to this one, pb for one candidate, are made equal; those few above are kept, weighted."""


class Weighted(NamedTuple):
    """Events, photons with the softest last, and the weight of each, pb."""

    photons: Photons
    weight: Array


def candidates(size: int, rng: np.random.Generator, softest: float = SOFTEST) -> Weighted:
    """Weighted events inside the edges: the sum of the weights is the cross-section there, as `size` candidates know it."""
    energy = collision_energy()
    low, high = 2 * softest / energy, 2 / 3
    x3 = low * (high / low) ** rng.uniform(0, 1, size)
    first, last = 1 - x3 / 2, np.minimum(1, 2 - 2 * x3)
    x1 = first + (last - first) * rng.uniform(0, 1, size)
    edge = np.arctanh(LARGEST_COSINE)
    c3 = np.tanh(rng.uniform(-edge, edge, size))
    # Jacobians: of x₃, of x₁, and of the cosine, as a fraction of all orientations.
    jacobian = x3 * np.log(high / low) * (last - first) * (1 - c3**2) * edge
    momenta = _momenta(np.stack([x1, 2 - x1 - x3, x3]), c3, rng) * energy / 2
    cosines = momenta[3] / momenta[0]
    inside = np.all(np.abs(cosines) < LARGEST_COSINE, axis=0)
    a, b = invariants(momenta[0][:, inside], cosines[:, inside], energy)
    # 3! for the order of the photons, which the formula does not know.
    weight = 6 * differential_cross_section(a, b) * jacobian[inside] / size
    return Weighted(from_momenta(momenta[:, :, inside]), weight)


def _momenta(x: Array, c3: Array, rng: np.random.Generator) -> Array:
    """Momenta (4, 3, events) in units of √s/2 for energies x (3, events) and the cosine of the softest photon."""
    turn, phi = rng.uniform(0, TWO_PI, (2, len(c3)))
    softest = directions(c3, phi)
    s3 = np.sqrt(1 - c3**2)
    up = np.stack([c3 * np.cos(phi), c3 * np.sin(phi), -s3])
    aside = np.stack([-np.sin(phi), np.cos(phi), np.zeros_like(phi)])
    opening = 1 - 2 * (1 - x[1]) / (x[0] * x[2])
    across = np.sqrt(np.maximum(1 - opening**2, 0))
    hardest = opening * softest + across * (np.cos(turn) * up + np.sin(turn) * aside)
    first, third = x[0] * hardest, x[2] * softest
    return np.concatenate([x[None], np.stack([first, -first - third, third], axis=1)])


def unweighted(events: Weighted, size: int, rng: np.random.Generator) -> Weighted:
    """Events of the weight HEAVIEST/size, of which `size` candidates were drawn; heavier ones keep their weight."""
    heaviest = HEAVIEST / size
    kept = rng.uniform(0, heaviest, len(events.weight)) < events.weight
    return Weighted(events.photons.keep(kept), np.maximum(events.weight[kept], heaviest))
