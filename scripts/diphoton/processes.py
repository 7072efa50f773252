"""What makes three photons at the J/ψ, and how often. Branching fractions are those of the Particle Data Group as remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from diphoton.annihilation import candidates, unweighted
from diphoton.detector import PHOTON_EFFICIENCY
from diphoton.fit import Fitted
from diphoton.observe import observe, observe_three_of
from diphoton.photons import (
    Array,
    Photons,
    boosted,
    collision_energy,
    from_momenta,
    isotropic,
    transverse,
    two_photons,
)
from limits.units import mass

LUMINOSITY = 3083.0
"""pb⁻¹ at the J/ψ, on-line (arXiv:2111.07571, table 1: 2678 + 323 + 82)."""

NUMBER = 1.0087e10
"""J/ψ made (arXiv:2111.07571)."""

ALL_SEEN = PHOTON_EFFICIENCY**3


class Resonance(NamedTuple):
    """Mass and width in GeV of what decays to π⁰π⁰, and the branching fraction of J/ψ → γ that → γπ⁰π⁰."""

    mass: float
    width: float
    branching: float


PION_PAIRS = (
    Resonance(1.2754, 0.187, 4.6e-4),  # f₂(1270): 1.64e-3 × 0.28
    Resonance(1.522, 0.108, 0.4e-4),  # f₀(1500): 1.1e-4 of ππ, a third
    Resonance(1.733, 0.150, 1.3e-4),  # f₀(1710): 3.8e-4 of ππ, a third
    Resonance(2.086, 0.284, 2.1e-4),  # f₀(2100): 6.2e-4 of ππ, a third
    Resonance(0.50, 0.60, 3.1e-4),  # f₀(500) and all else: what is missing to 1.15e-3
)
"""Parts of J/ψ → γπ⁰π⁰, (1.15 ± 0.05)e-3 in all (arXiv:1506.00546, remembered); added without interference, isotropic decays."""

DAMPING = 0.065
"""GeV: J/ψ → γη_c goes as E³ exp(−E²/8β²), the form of arXiv:0805.0252, remembered."""


@dataclass(frozen=True)
class Process:
    """A decay of the J/ψ.

    Args:
        name: as printed.
        branching: fraction of J/ψ that end in these photons.
        error: of the branching fraction, relative.
        generate: photons of so many events.
    """

    name: str
    branching: float
    error: float
    generate: Callable[[int, np.random.Generator], Photons]


def recoil(heavy: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Momenta (4, events) of the photon, 1 + cos²θ, and of what recoils with masses `heavy`."""
    total = collision_energy()
    photon = (
        (total**2 - heavy**2) / (2 * total) * np.concatenate([np.ones((1, len(heavy))), transverse(len(heavy), rng)])
    )
    other = -photon
    other[0] = total - photon[0]
    return photon, other


def radiative(heavy: Array, rng: np.random.Generator) -> Photons:
    """J/ψ → γX, X → γγ isotropic; the recoil photon first."""
    photon, other = recoil(heavy, rng)
    return from_momenta(np.stack([photon, *two_photons(other, isotropic(len(heavy), rng))], axis=1))


def _narrow(name: str) -> Callable[[int, np.random.Generator], Photons]:
    return lambda size, rng: radiative(np.full(size, mass(name)), rng)


def breit_wigner(centre: float, width: float, edges: tuple[float, float], size: int, rng: np.random.Generator) -> Array:
    """Masses of a Breit–Wigner of constant width between two edges."""
    low, high = np.arctan((np.array(edges) - centre) * 2 / width)
    return np.asarray(centre + width / 2 * np.tan(rng.uniform(low, high, size)))


def eta_c(size: int, rng: np.random.Generator) -> Photons:
    """J/ψ → γη_c: Breit–Wigner times E³ with damping."""
    total, centre, width = collision_energy(), mass("eta(c)(1S)"), 0.0305
    masses = np.empty(0)
    while len(masses) < size:
        tried = breit_wigner(centre, width, (2.0, total - 1e-4), 4 * size, rng)
        energy = (total**2 - tried**2) / (2 * total)
        chance = (energy / 0.225) ** 3 * np.exp(1.5 - energy**2 / (8 * DAMPING**2))
        masses = np.concatenate([masses, tried[rng.uniform(0, 1, len(tried)) < chance]])
    return radiative(masses[:size], rng)


def direct(size: int, rng: np.random.Generator) -> Photons:
    """J/ψ → γγγ as orthopositronium: Σ ((1 − x₁)/(x₂x₃))² (Ore and Powell), orientations all alike."""
    x = np.empty((3, 0))
    while x.shape[1] < size:
        tried = rng.uniform(0, 1, (2, 4 * size))
        tried = np.where(tried.sum(axis=0) < 1, 1 - tried, tried)
        tried = np.stack([*tried, 2 - tried.sum(axis=0)])
        density = np.sum(((1 - tried) * tried / np.prod(tried, axis=0)) ** 2, axis=0)
        x = np.concatenate([x, tried[:, rng.uniform(0, 2.0, 4 * size) < density]], axis=1)
    return _oriented(x[:, :size], rng)


def _oriented(x: Array, rng: np.random.Generator) -> Photons:
    axis = isotropic(x.shape[1], rng)
    other = isotropic(x.shape[1], rng)
    across = other - np.sum(other * axis, axis=0) * axis
    across /= np.linalg.norm(across, axis=0)
    cosine = 1 - 2 * (1 - x[2]) / (x[0] * x[1])
    first = x[0] * axis
    second = x[1] * (cosine * axis + np.sqrt(np.maximum(1 - cosine**2, 0)) * across)
    p = np.concatenate([x[None], np.stack([first, second, -first - second], axis=1)])
    return from_momenta(p * collision_energy() / 2)


def pion_pairs(size: int, rng: np.random.Generator) -> Photons:
    """J/ψ → γπ⁰π⁰ → 5γ."""
    pion, total = mass("pi0"), collision_energy()
    share = np.array([part.branching for part in PION_PAIRS])
    counts = rng.multinomial(size, share / share.sum())
    edges = (2 * pion + 1e-6, total - 1e-3)
    heavy = np.concatenate(
        [breit_wigner(r.mass, r.width, edges, int(n), rng) for r, n in zip(PION_PAIRS, counts, strict=True)]
    )
    photon, parent = recoil(heavy, rng)
    momentum = np.sqrt(heavy**2 / 4 - pion**2)
    axis = isotropic(size, rng)
    first = boosted(np.concatenate([heavy[None] / 2, momentum * axis]), parent, heavy)
    decays = [p for one in (first, parent - first) for p in two_photons(one, isotropic(size, rng))]
    return from_momenta(np.stack([photon, *decays], axis=1))


PROCESSES = (
    Process("gamma pi0", 3.56e-5 * 0.988, 0.05, _narrow("pi0")),
    Process("gamma eta", 1.085e-3 * 0.394, 0.02, _narrow("eta")),
    Process("gamma eta'", 5.25e-3 * 0.0231, 0.03, _narrow("eta'(958)")),
    Process("gamma eta_c", 1.41e-2 * 1.6e-4, 0.14, eta_c),
    Process("gamma gamma gamma", 1.16e-5, 0.19, direct),
    Process("gamma pi0 pi0", 1.15e-3 * 0.988**2, 0.05, pion_pairs),
)
"""Those of the J/ψ. J/ψ → ωη, ωπ⁰, γηη, γηπ⁰ with lost photons and γf₂ → γγγ are smaller and left out."""


def annihilation_events(size: int, rng: np.random.Generator) -> tuple[Fitted, Array]:
    """Observed events of `size` candidates for e⁺e⁻ → γγγ; the mean weight of a candidate is the number expected."""
    events = unweighted(candidates(size, rng), size, rng)
    fitted, kept = observe(events.photons, rng)
    return fitted, events.weight[kept] * (LUMINOSITY * ALL_SEEN * size)


def decay_events(process: Process, size: int, rng: np.random.Generator) -> tuple[Fitted, Array]:
    """Observed events of `size` decays, weighted by the number expected for one that is made."""
    true = process.generate(size, rng)
    per_decay = NUMBER * process.branching
    if true.energy.shape[0] == 3:
        fitted, kept = observe(true, rng)
        return fitted, np.full(int(kept.sum()), per_decay * ALL_SEEN)
    fitted = observe_three_of(true, PHOTON_EFFICIENCY, rng)
    return fitted, np.full(len(fitted.chi2), per_decay)
