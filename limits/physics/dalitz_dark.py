"""Dalitz decays of a light pseudoscalar to dark matter, P → γ A′* → γ χχ̄, with an A′ that is off its shell (m_A′ < 2 m_χ).

χ is a Dirac fermion of dark charge 1. Masses and energies are in GeV. The transition form factor of P is taken as 1: with vector-meson
dominance it would multiply the integrand by 1/(1 − s/m_ρ²)², which is 1.06 for the π⁰ and 4 for the η at the end of the spectrum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import not_negative, positive

__all__ = ["branching_ratio", "energy_spectrum", "mass_spectrum", "pair_frame_density"]

Array = NDArray[np.float64]

NODES = 96
"""Gauss–Legendre nodes in the mass of the pair: a total to 1e-8 for the masses of a dark photon, 1e-5 for electrons."""


def mass_spectrum(s: ArrayLike, parent_mass: float, chi_mass: float, a_mass: float) -> Array:
    """dB/ds of P → γχχ̄ over B(P → γγ), s the squared mass of the pair, for ε = α_D = 1: times ε² α_D. Zero outside its range.

    Shape: that of `s`.
    Unit: GeV⁻².
    Source: (2/3π) s/(s − m_A′²)² (1 − s/M²)³ (1 + 2m_χ²/s) √(1 − 4m_χ²/s): the Dalitz decay P → γℓℓ of Kroll and Wada, Phys. Rev.
        98, 1355 (1955), with ε² α_D for α and the propagator of the A′ for 1/s.
    Raises: InputError if the parent or χ is massless, the A′ mass negative, or the decay closed or through an A′ on its shell.
    """
    _checked(parent_mass, chi_mass, a_mass)
    s = np.asarray(s, dtype=np.float64)
    inside = (s > 4.0 * chi_mass**2) & (s < parent_mass**2)
    s = np.where(inside, s, 0.5 * parent_mass**2 + 2.0 * chi_mass**2)
    share = chi_mass**2 / s
    phase_space = (1.0 - s / parent_mass**2) ** 3 * (1.0 + 2.0 * share) * np.sqrt(1.0 - 4.0 * share)
    return np.where(inside, 2.0 / (3.0 * np.pi) * s / (s - a_mass**2) ** 2 * phase_space, 0.0)


def branching_ratio(parent_mass: float, chi_mass: float, a_mass: float) -> float:
    """B(P → γχχ̄)/B(P → γγ) for ε = α_D = 1: times ε² α_D.

    Unit: dimensionless.
    Source: integral of `mass_spectrum`; substituting s = 4m_χ² + (M² − 4m_χ²) y², y = e^(−z), keeps it smooth at threshold.
    Raises: as `mass_spectrum`.
    """
    _checked(parent_mass, chi_mass, a_mass)
    low, span = 4.0 * chi_mass**2, parent_mass**2 - 4.0 * chi_mass**2
    # Below 1e-3 of the smallest scale of the integrand nothing is left of a square root at threshold.
    depth = np.log(1e3 * np.sqrt(max(span / (low - a_mass**2), 1.0)))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    y = np.exp(-0.5 * depth * (nodes + 1.0))
    values = mass_spectrum(low + span * y**2, parent_mass, chi_mass, a_mass) * 2.0 * span * y**2
    return float(np.sum(0.5 * depth * weights * values))


def pair_frame_density(cosine: ArrayLike, s: ArrayLike, chi_mass: float) -> Array:
    """Density of cos θ of χ in the rest frame of the pair, θ from the line of flight of the pair in the rest frame of P.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless; its integral over cos θ is 1.
    Source: 1 + cos²θ + (4m_χ²/s) sin²θ, a transverse A′* to a pair of fermions, normalised.
    Raises: InputError unless s ≥ 4m_χ² and m_χ is positive.
    """
    squared = 1.0 - 4.0 * positive("chi_mass", chi_mass, "GeV") ** 2 / positive("s", s, "GeV²")
    cosine = np.asarray(cosine, dtype=np.float64)
    return np.asarray((2.0 - squared * (1.0 - cosine**2)) / (4.0 * (1.0 - not_negative("s − 4m_χ²", squared) / 3.0)))


def energy_spectrum(energy: ArrayLike, parent_mass: float, chi_mass: float, a_mass: float) -> Array:
    """dB/dE* of χ in the rest frame of P over B(P → γγ), for ε = α_D = 1: times ε² α_D. Zero outside its range.

    Its integral is `branching_ratio`: one χ, as many χ̄.

    Shape: that of `energy`.
    Unit: GeV⁻¹.
    Source: own derivation. In the rest frame of P the pair has the energy E = (M² + s)/2M and the momentum p = (M² − s)/2M, and χ has
        E* = (E + p β cos θ)/2, β² = 1 − 4m_χ²/s: the integral of `mass_spectrum` · `pair_frame_density` · 2/(p β) over s between the
        edges of the Dalitz plot at E* (PDG review "Kinematics").
    Raises: as `mass_spectrum`.
    """
    _checked(parent_mass, chi_mass, a_mass)
    energy = np.asarray(energy, dtype=np.float64)
    inside = (energy > chi_mass) & (energy < 0.5 * parent_mass)
    energy = np.where(inside, energy, 0.5 * (chi_mass + 0.5 * parent_mass))
    low, high = _edges(energy, parent_mass, chi_mass)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    # ln(s − m_A′²) flattens the propagator.
    half = 0.5 * np.log((high - a_mass**2) / (low - a_mass**2))
    distance = (low - a_mass**2)[..., None] * np.exp(half[..., None] * (nodes + 1.0))
    s = distance + a_mass**2
    pair, momentum = (parent_mass**2 + s) / (2.0 * parent_mass), (parent_mass**2 - s) / (2.0 * parent_mass)
    # At the end of the spectrum the pair is at rest, and its distribution in s zero.
    length = np.maximum(momentum, 1e-12 * parent_mass) * np.sqrt(np.maximum(1.0 - 4.0 * chi_mass**2 / s, 1e-24))
    cosine = np.clip((2.0 * energy[..., None] - pair) / length, -1.0, 1.0)
    density = mass_spectrum(s, parent_mass, chi_mass, a_mass) * 2.0 / length
    angular = pair_frame_density(cosine, np.maximum(s, 4.0 * chi_mass**2), chi_mass)
    return np.where(inside, np.sum(half[..., None] * weights * distance * density * angular, axis=-1), 0.0)


def _edges(energy: Array, parent_mass: float, chi_mass: float) -> tuple[Array, Array]:
    """Smallest and largest s at the energy of one χ in the rest frame of P."""
    other = np.sqrt(parent_mass**2 + chi_mass**2 - 2.0 * parent_mass * energy)  # mass of χ̄ and photon together
    momentum = np.sqrt(energy**2 - chi_mass**2)
    # In the frame of χ̄ and photon.
    anti, fast = (other**2 + chi_mass**2) / (2.0 * other), parent_mass * momentum / other
    slow = (other**2 - chi_mass**2) / (2.0 * other)
    mine = np.hypot(fast, chi_mass)
    low = 2.0 * (chi_mass**2 + mine * anti - fast * slow)
    return np.maximum(low, 4.0 * chi_mass**2 * (1.0 + 1e-15)), 2.0 * (chi_mass**2 + mine * anti + fast * slow)


def _checked(parent_mass: float, chi_mass: float, a_mass: float) -> None:
    positive("parent_mass", parent_mass, "GeV")
    positive("chi_mass", chi_mass, "GeV")
    not_negative("a_mass", a_mass)
    if not 2.0 * chi_mass < parent_mass:
        raise InputError(
            f"chi_mass = {chi_mass:g} GeV: must be below half of the mass of the parent, {parent_mass:g} GeV"
        )
    if not a_mass < 2.0 * chi_mass:
        raise InputError(
            f"a_mass = {a_mass:g} GeV: must be below 2 m_χ = {2.0 * chi_mass:g} GeV, or the A′ is on its shell"
        )
