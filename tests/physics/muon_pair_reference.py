"""Amplitudes of γ* → μ⁺μ⁻X from products of Dirac matrices, and phase space by decays in sequence: slow, and shared by two tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limits.units import mass as particle_mass

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])

# Dirac's representation; the package uses none for the cross-section.
ONE, PAULI = np.eye(2), np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = np.array([np.kron(np.diag([1, -1]), ONE), *(np.kron([[0, 1], [-1, 0]], sigma) for sigma in PAULI)])


def slash(momentum: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.einsum("...v,vw,wab->...ab", momentum, METRIC, GAMMA)


def dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.einsum("...v,vw,...w->...", one, METRIC, other)


def three_bodies(mass: float, sqrt_s: float, size: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Momenta (3, size, 4) of μ⁻, μ⁺, X by two decays in sequence, and weights whose mean is the volume of phase space."""
    rng, muon = np.random.default_rng(seed), particle_mass("mu-")
    least, most = (mass + muon) ** 2, (sqrt_s - muon) ** 2
    pair2 = rng.uniform(least, most, size)
    first, second = momentum(sqrt_s**2, pair2, muon**2), momentum(pair2, mass**2, muon**2)
    plus = first[:, None] * direction(rng, size)
    inner = second[:, None] * direction(rng, size)
    minus = boosted(inner, muon, -plus, np.sqrt(pair2))
    boson = boosted(-inner, mass, -plus, np.sqrt(pair2))
    weight = (most - least) * first * second / (sqrt_s * np.sqrt(pair2)) * (4 * np.pi) ** 2 / (16 * (2 * np.pi) ** 5)
    return np.stack([minus, with_energy(plus, muon), boson]), weight


def momentum(s: NDArray[np.float64] | float, one: object, other: object) -> NDArray[np.float64]:
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    return np.sqrt((s - one - other) ** 2 - 4 * one * other) / (2 * np.sqrt(s))


def direction(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    vector = rng.normal(size=(size, 3))
    return vector / np.linalg.norm(vector, axis=1, keepdims=True)


def with_energy(vector: NDArray[np.float64], mass: float) -> NDArray[np.float64]:
    return np.column_stack([np.sqrt(mass**2 + np.sum(vector**2, axis=1)), vector])


def boosted(
    vector: NDArray[np.float64], mass: float, frame: NDArray[np.float64], frame_mass: NDArray[np.float64]
) -> NDArray[np.float64]:
    energy = np.sqrt(mass**2 + np.sum(vector**2, axis=1))
    frame_energy = np.sqrt(frame_mass**2 + np.sum(frame**2, axis=1))
    along = np.sum(vector * frame, axis=1)
    factor = along / (frame_mass * (frame_energy + frame_mass)) + energy / frame_mass
    return np.column_stack([(frame_energy * energy + along) / frame_mass, vector + factor[:, None] * frame])


def vertices(momenta: NDArray[np.float64], kind: str) -> NDArray[np.complex128]:
    """Γ S γ^μ + γ^μ S Γ, indices (photon, X, event, 4, 4)."""
    muon = particle_mass("mu-")
    minus, plus, boson = momenta
    first = (slash(minus + boson) + muon * np.eye(4)) / (dot(minus + boson, minus + boson) - muon**2)[:, None, None]
    second = (-slash(plus + boson) + muon * np.eye(4)) / (dot(plus + boson, plus + boson) - muon**2)[:, None, None]
    radiated = GAMMA if kind == "vector" else np.eye(4)[None]
    return np.array([[x @ first @ g + g @ second @ x for x in radiated] for g in GAMMA])


def trace(momenta: NDArray[np.float64], one: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Σ over spins of |ū O v|² for one combination O."""
    muon = particle_mass("mu-")
    conjugate = GAMMA[0] @ one.conj().swapaxes(-1, -2) @ GAMMA[0]
    left, right = slash(momenta[0]) + muon * np.eye(4), slash(momenta[1]) - muon * np.eye(4)
    return np.einsum("nab,nbc,ncd,nda->n", left, one, right, conjugate).real


def summed(momenta: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    found, signs = vertices(momenta, kind), np.diag(METRIC)
    total = np.zeros(momenta.shape[1])
    for photon in range(4):
        for boson in range(found.shape[1]):
            sign = -signs[photon] * (-signs[boson] if kind == "vector" else 1.0)
            total += sign * trace(momenta, found[photon, boson])
    return total


def invariants(momenta: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    muon2 = particle_mass("mu-") ** 2
    minus, plus, boson = momenta
    return dot(minus + boson, minus + boson) - muon2, dot(plus + boson, plus + boson) - muon2
