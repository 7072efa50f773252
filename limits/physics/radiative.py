"""Production of an axion-like particle with a photon in e⁺e⁻ annihilation: e⁺e⁻ → γ* → γa beside J/ψ → γa.

L = −(g_aγγ/4) a F F̃. At the energy of the J/ψ the two make the same final state at the same place: what is called ALP-strahlung
is a share of the signal that does not come from the J/ψ. Interference and the spread of the beam energy are left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import not_negative, positive
from limits.physics.couplings import JPSI_TO_ELECTRONS
from limits.units import ALPHA, PB_GEV2
from limits.units import mass as particle_mass

__all__ = ["continuum_cross_section", "continuum_share"]


def continuum_cross_section(coupling: ArrayLike, mass: ArrayLike, centre_of_mass_energy: float) -> NDArray[np.float64]:
    """Cross-section of e⁺e⁻ → γ* → γa, away from any resonance.

    Shape: that of coupling and mass broadcast together.
    Unit: pb, for g_aγγ in GeV⁻¹.
    Source: σ = (α g²/24)(1 − m²/s)³, α at zero momentum (arXiv:1709.00009 and arXiv:1905.03259, as remembered).
    Raises: InputError unless the mass lies between 0 and √s and the coupling is zero or positive.
    """
    mass, energy = positive("mass", mass), float(positive("centre_of_mass_energy", centre_of_mass_energy, "GeV"))
    if not np.all(mass < energy):
        raise InputError(f"mass: every value must be below the centre-of-mass energy, {energy:.5g} GeV")
    strength = ALPHA * not_negative("coupling", coupling) ** 2 / 24.0
    return np.asarray(PB_GEV2 * strength * (1.0 - (mass / energy) ** 2) ** 3)


def continuum_share(luminosity: float, number: float, to_electrons: float = JPSI_TO_ELECTRONS) -> float:
    """Share of γa events at the J/ψ that are e⁺e⁻ → γ* → γa and not J/ψ → γa.

    It depends neither on the mass nor on the coupling: at √s = m_J both go as g² (1 − m²/m_J²)³.

    Unit: dimensionless; luminosity in pb⁻¹, `number` of J/ψ made, `to_electrons` the branching fraction of J/ψ → e⁺e⁻.
    Source: `continuum_cross_section` at m_J over it plus m_J² g²/(32πα) (1 − m²/m_J²)³ Br(J/ψ → e⁺e⁻) of
        `limits.physics.couplings.branching_from_photon_coupling`.
    Raises: InputError unless all are positive.
    """
    luminosity, number = float(positive("luminosity", luminosity)), float(positive("number", number))
    heavy = particle_mass("J/psi(1S)")
    continuum = luminosity * PB_GEV2 * ALPHA / 24.0
    resonant = number * heavy**2 / (32.0 * np.pi * ALPHA) * float(positive("to_electrons", to_electrons))
    return continuum / (continuum + resonant)
