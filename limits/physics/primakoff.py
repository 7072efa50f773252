"""Primakoff production γ N → a N of an axion-like particle on a heavy nucleus at rest.

L = −(g_aγγ/4) a F F̃. Masses and energies in GeV, cross-sections in pb for g_aγγ = 1 GeV⁻¹: multiply by g_aγγ².

Derivation. Exchange of one photon of virtuality t between the ALP vertex and a nucleus without recoil gives (Tsai, Phys. Rev. D 34
(1986) 1326) dσ/dΩ = Γ_γγ (8 α Z²/m³) β³ E⁴ |F(t)|² sin²θ/t², with Γ_γγ = g² m³/(64π) and p = βE. With t = E² + p² − 2Ep cos θ one
has dt = Ep dΩ/π and, between t_∓ = (E ∓ p)², 4 E² p² sin²θ = (t − t_−)(t_+ − t). Forward, t_+ − t → 4Ep and β → 1:
dσ/dt = (α g²/8) (t − t_min)/t² G₂(t), t_min = (m²/2E)², so that σ = (α g²/8) χ with the photon flux χ of the nucleus.
What is dropped is of order (m/E)² and t/E².

Only elastic scattering on the screened nucleus is in G₂: scattering on single nucleons and electrons adds a part of order 1/Z, and
is all there is once √t_min is well above the inverse nuclear radius (m² > 0.2 GeV · E or so), where this module gives too little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import positive
from limits.physics.weizsaecker_williams import Nucleus, elastic_flux
from limits.units import ALPHA, AVOGADRO, PB_CM2, PB_GEV2

__all__ = ["conversion_probability", "cross_section"]


def cross_section(mass: ArrayLike, energy: ArrayLike, nucleus: Nucleus) -> NDArray[np.float64]:
    """Cross-section of γ N → a N for a photon of `energy`; zero if it is below the mass.

    t runs up to the kinematic limit 4E²: the size of the nucleus cuts it long before.

    Shape: that of `mass` and `energy` broadcast together.
    Unit: pb, for g_aγγ = 1 GeV⁻¹.
    Source: σ = (α g²/8) χ, derived at the head of this module; χ from `limits.physics.weizsaecker_williams.elastic_flux`.
    Raises: InputError unless masses, energies and the nucleus are positive.
    """
    mass, energy = positive("mass", mass), positive("energy", energy)
    if not (nucleus.Z > 0 and nucleus.A > 0.0):
        raise InputError(f"nucleus = {nucleus!r}: a positive charge number and atomic weight are expected")
    flux = elastic_flux((mass**2 / (2.0 * energy)) ** 2, 4.0 * energy**2, nucleus)
    # The closed form rounds to −1e-16 where nothing is left.
    return np.where(energy > mass, ALPHA / 8.0 * np.maximum(flux, 0.0) * PB_GEV2, 0.0)


def conversion_probability(
    mass: ArrayLike, energy: ArrayLike, nucleus: Nucleus, radiation_length: float
) -> NDArray[np.float64]:
    """Probability that a photon absorbed in a thick target makes an ALP instead of an electron pair.

    This counts the incoming photon only: the photons of the shower that it starts are not followed.

    Shape: that of `mass` and `energy` broadcast together.
    Unit: dimensionless, for g_aγγ = 1 GeV⁻¹; `radiation_length` is X₀ in g/cm².
    Source: ratio of `cross_section` to that of pair production at high energy, (7/9) A/(N_A X₀) (PDG review "Passage of particles
        through matter"); other photon processes and the suppression of pair production at very high energy are left out.
    Raises: InputError as `cross_section`, and unless `radiation_length` is positive.
    """
    if not radiation_length > 0.0:
        raise InputError(f"radiation_length = {radiation_length!r}: a positive number of g/cm² is expected")
    targets = 9.0 / 7.0 * radiation_length * AVOGADRO / nucleus.A
    return cross_section(mass, energy, nucleus) * PB_CM2 * targets
