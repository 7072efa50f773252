"""Photons of many events as arrays, and decays into them. Energies in GeV, the J/ψ at rest, cosines from the positron beam."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.units import mass

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TWO_PI = 2 * np.pi


class Photons(NamedTuple):
    """Energy, polar angle and azimuth; each (photons, events)."""

    energy: Array
    theta: Array
    phi: Array

    def keep(self, chosen: Mask) -> Photons:
        """Only the chosen events."""
        return Photons(*(column[:, chosen] for column in self))


def collision_energy() -> float:
    """√s, the mass of the J/ψ: spread and crossing angle of the beams are left out."""
    return mass("J/psi(1S)")


def momenta(photons: Photons) -> Array:
    """(E, px, py, pz), shape (4, photons, events)."""
    energy, theta, phi = photons
    across = energy * np.sin(theta)
    return np.stack([energy, across * np.cos(phi), across * np.sin(phi), energy * np.cos(theta)])


def from_momenta(p: Array) -> Photons:
    """The inverse of `momenta`."""
    return Photons(p[0], np.arctan2(np.hypot(p[1], p[2]), p[3]), np.arctan2(p[2], p[1]))


def directions(cosine: Array, phi: Array) -> Array:
    """Unit vectors, shape (3, …)."""
    sine = np.sqrt(1 - cosine**2)
    return np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine])


def isotropic(size: int, rng: np.random.Generator) -> Array:
    """Unit vectors of all directions alike, shape (3, size)."""
    return directions(rng.uniform(-1, 1, size), rng.uniform(0, TWO_PI, size))


def transverse(size: int, rng: np.random.Generator) -> Array:
    """Unit vectors distributed as 1 + cos²θ, by inversion: c³ + 3c = 8u − 4, shape (3, size)."""
    half = 4 * rng.uniform(0, 1, size) - 2
    root = np.cbrt(half + np.sqrt(half**2 + 1))
    return directions(np.clip(root - 1 / root, -1, 1), rng.uniform(0, TWO_PI, size))


def two_photons(parent: Array, axis: Array) -> tuple[Array, Array]:
    """Momenta (4, events) of the photons from a decay, the first along `axis` (3, events) in the rest frame of the parent (4, events)."""
    heavy = np.sqrt(parent[0] ** 2 - np.sum(parent[1:] ** 2, axis=0))
    first = boosted(np.concatenate([[heavy / 2], heavy / 2 * axis]), parent, heavy)
    return first, parent - first


def boosted(p: Array, parent: Array, heavy: Array) -> Array:
    """Momenta p (4, events) in the rest frame of the parent of mass `heavy`, seen where the parent has momentum `parent`."""
    along = np.sum(p[1:] * parent[1:], axis=0)
    energy = (parent[0] * p[0] + along) / heavy
    return np.concatenate([[energy], p[1:] + parent[1:] * (p[0] + energy) / (parent[0] + heavy)])
