"""Couplings from branching fractions, widths and lifetimes, and back; functions come in pairs, each the inverse of the other.

Masses and widths in GeV, lengths in m, couplings of axion-like particles in GeV⁻¹.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError, unknown
from limits.physics.checked import fraction, not_negative, positive
from limits.physics.flavour import BOTTOM_MASS, branching_b_to_s
from limits.physics.portal import PORTALS
from limits.units import ALPHA, HBARC
from limits.units import mass as particle_mass

__all__ = [
    "branching_from_photon_coupling",
    "branching_from_w_coupling",
    "coupling_from_length",
    "coupling_from_width",
    "length_from_coupling",
    "length_from_width",
    "photon_coupling_from_branching",
    "w_coupling_from_branching",
    "width_from_coupling",
    "width_from_length",
]

JPSI_TO_ELECTRONS: Final = 5.971e-2
"""Branching fraction of J/ψ → e⁺e⁻ (PDG; a recollection, ± 0.032e-2)."""


def branching_from_photon_coupling(coupling: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    """Branching fraction of J/ψ → γa for an axion-like particle coupled to photons, L = −(g_aγγ/4) a F F̃.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless, for g_aγγ in GeV⁻¹.
    Source: the width of arXiv:1905.03259 with the decay constant taken from J/ψ → e⁺e⁻, at lowest order and α at zero momentum:
        m_J² g²/(32πα) (1 − m²/m_J²)³ Br(J/ψ → e⁺e⁻). It relates the limits of arXiv:2404.04640 to each other.
    Raises: InputError unless the mass lies between 0 and m_J and the coupling is zero or positive, or where the fraction is above 1.
    """
    return fraction(not_negative("coupling", coupling) ** 2 * _radiative(mass))


def photon_coupling_from_branching(branching: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    """Coupling g_aγγ at which J/ψ → γa has a branching fraction, the inverse of `branching_from_photon_coupling`.

    Shape: that of the arguments broadcast together.
    Unit: GeV⁻¹.
    Source: as `branching_from_photon_coupling`.
    Raises: InputError unless the mass lies between 0 and m_J and the fraction in [0, 1].
    """
    return np.asarray(np.sqrt(fraction(not_negative("branching", branching)) / _radiative(mass)))


def branching_from_w_coupling(coupling: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    """Branching fraction of B⁺ → X_s a, summed over strange systems, for an axion-like particle coupled to W bosons.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless, for g_aWW in GeV⁻¹.
    Source: `limits.physics.flavour.branching_b_to_s`; the mass of the b quark makes it uncertain by 30 %.
    Raises: InputError unless the mass is positive and below that of the b quark, and as `branching_from_photon_coupling`.
    """
    return fraction(not_negative("coupling", coupling) ** 2 * _to_strange(mass))


def w_coupling_from_branching(branching: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    """Coupling g_aWW at which B⁺ → X_s a has a branching fraction, the inverse of `branching_from_w_coupling`.

    Shape: that of the arguments broadcast together.
    Unit: GeV⁻¹.
    Source: as `branching_from_w_coupling`.
    Raises: as `branching_from_w_coupling`.
    """
    return np.asarray(np.sqrt(fraction(not_negative("branching", branching)) / _to_strange(mass)))


def width_from_length(length: ArrayLike) -> NDArray[np.float64]:
    """Total width Γ = ħc/(cτ) of a particle with mean proper decay length cτ.

    Shape: that of `length`.
    Unit: GeV, for m.
    Source: definition.
    Raises: InputError unless lengths are positive.
    """
    return np.asarray(HBARC / positive("length", length))


def length_from_width(width: ArrayLike) -> NDArray[np.float64]:
    """Mean proper decay length cτ, the inverse of `width_from_length`.

    Shape: that of `width`.
    Unit: m, for GeV.
    Source: definition.
    Raises: InputError unless widths are positive.
    """
    return np.asarray(HBARC / positive("width", width))


def length_from_coupling(coupling: ArrayLike, portal: str, mass: float) -> NDArray[np.float64]:
    """Mean proper decay length cτ of the particle of a portal.

    Shape: that of `coupling`.
    Unit: m; the coupling in the unit of the portal.
    Source: `limits.physics.portal`: widths grow with the square of the coupling.
    Raises: UnknownName for another portal; InputError unless couplings are positive, or if nothing is open to decay to.
    """
    return np.asarray(_length_at_one(portal, mass) / positive("coupling", coupling) ** 2)


def coupling_from_length(length: ArrayLike, portal: str, mass: float) -> NDArray[np.float64]:
    """Coupling at which the particle of a portal has the decay length cτ, the inverse of `length_from_coupling`.

    Shape: that of `length`.
    Unit: that of the portal, for m.
    Source: as `length_from_coupling`.
    Raises: as `length_from_coupling`.
    """
    return np.asarray(np.sqrt(_length_at_one(portal, mass) / positive("length", length)))


def width_from_coupling(coupling: ArrayLike, portal: str, mass: float) -> NDArray[np.float64]:
    """Total width of the particle of a portal.

    Shape: that of `coupling`.
    Unit: GeV; the coupling in the unit of the portal.
    Source: as `length_from_coupling`.
    Raises: as `length_from_coupling`.
    """
    return width_from_length(length_from_coupling(coupling, portal, mass))


def coupling_from_width(width: ArrayLike, portal: str, mass: float) -> NDArray[np.float64]:
    """Coupling at which the particle of a portal has a total width, the inverse of `width_from_coupling`.

    Shape: that of `width`.
    Unit: that of the portal, for GeV.
    Source: as `length_from_coupling`.
    Raises: as `length_from_coupling`.
    """
    return coupling_from_length(length_from_width(width), portal, mass)


def _radiative(mass: ArrayLike) -> NDArray[np.float64]:
    """Branching fraction of J/ψ → γa for g_aγγ = 1 GeV⁻¹."""
    mass, heavy = positive("mass", mass), particle_mass("J/psi(1S)")
    if not np.all(mass < heavy):
        raise InputError(f"mass: every value must be below that of the J/ψ, {heavy:.5g} GeV")
    return np.asarray(heavy**2 / (32 * np.pi * ALPHA) * (1 - (mass / heavy) ** 2) ** 3 * JPSI_TO_ELECTRONS)


def _to_strange(mass: ArrayLike) -> NDArray[np.float64]:
    """Branching fraction of B⁺ → X_s a for g_aWW = 1 GeV⁻¹."""
    if not np.all((rate := branching_b_to_s(mass)) > 0.0):
        raise InputError(f"mass: every value must be below that of the b quark, {BOTTOM_MASS:g} GeV")
    return rate


def _length_at_one(portal: str, mass: float) -> float:
    """cτ at coupling 1."""
    if portal not in PORTALS:
        raise unknown("portal", portal, PORTALS)
    length = PORTALS[portal].decay_length(float(positive("mass", mass)))
    if not np.isfinite(length):
        raise InputError(f"{portal}: stable at {mass:g} GeV: there is no decay length to speak of")
    return length
