"""The dark photon A′: widths, decay length and production in the decays of light pseudoscalars.

Masses and widths are in GeV, lengths in m; `mixing` is the kinetic mixing ε of the A′ with the photon.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.units import ALPHA, HBARC
from limits.units import mass as particle_mass

__all__ = ["branching_from_pseudoscalar", "decay_length", "width", "width_to_leptons"]


def width_to_leptons(mass: ArrayLike, mixing: ArrayLike, lepton_mass: float) -> NDArray[np.float64]:
    """Width of A′ → ℓ⁺ℓ⁻ for one lepton flavour; zero below threshold.

    Shape: that of `mass` and `mixing` broadcast together.
    Unit: GeV.
    Source: arXiv:1801.04847: Γ = ε² α m/3 (1 + 2r) √(1 − 4r) with r = m_ℓ²/m².
    Raises: InputError if a mass is not positive or a mixing is negative.
    """
    mass, mixing = _checked(mass, mixing)
    ratio = (lepton_mass / mass) ** 2
    phase_space = (1.0 + 2.0 * ratio) * np.sqrt(np.maximum(1.0 - 4.0 * ratio, 0.0))
    return np.asarray(mixing**2 * ALPHA * mass / 3.0 * phase_space, dtype=np.float64)


def width(mass: ArrayLike, mixing: ArrayLike) -> NDArray[np.float64]:
    """Total width of an A′ that decays to e⁺e⁻ and μ⁺μ⁻; zero below 2 mₑ, where only A′ → 3γ is left.

    Shape: that of `mass` and `mixing` broadcast together.
    Unit: GeV.
    Source: sum of `width_to_leptons` over e and μ.
    Raises: InputError above 2 m_π⁺, where hadronic widths (not included) would be needed, and as `width_to_leptons`.
    """
    threshold = 2.0 * particle_mass("pi+")
    heaviest = float(np.max(np.asarray(mass, dtype=np.float64), initial=0.0))
    if heaviest > threshold:
        raise InputError(
            f"A′ mass {heaviest:g} GeV is above 2 m_π⁺ = {threshold:.5g} GeV: hadronic widths are not yet included"
        )
    electrons = width_to_leptons(mass, mixing, particle_mass("e-"))
    return electrons + width_to_leptons(mass, mixing, particle_mass("mu-"))


def decay_length(mass: ArrayLike, mixing: ArrayLike) -> NDArray[np.float64]:
    """Proper decay length cτ = ħc/Γ; infinite where the width is zero.

    Shape: that of `mass` and `mixing` broadcast together.
    Unit: m.
    Source: definition, with `width`.
    Raises: as `width`.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(HBARC / width(mass, mixing), dtype=np.float64)


def branching_from_pseudoscalar(
    mass: ArrayLike, mixing: ArrayLike, parent_mass: float, diphoton_branching: float
) -> NDArray[np.float64]:
    """Branching fraction of P → γ A′ for P = π⁰, η, η′; zero when the A′ is heavier than P.

    Shape: that of `mass` and `mixing` broadcast together.
    Unit: dimensionless, per decay of P.
    Source: arXiv:0906.5614: 2 ε² BR(P → γγ) (1 − m²/M²)³; the form factor of P is taken as 1.
    Raises: InputError if a mass is not positive, a mixing is negative or the γγ fraction lies outside [0, 1].
    """
    mass, mixing = _checked(mass, mixing)
    if not parent_mass > 0.0:
        raise InputError(f"parent_mass = {parent_mass!r}: a positive mass in GeV is expected")
    if not 0.0 <= diphoton_branching <= 1.0:
        raise InputError(f"diphoton_branching = {diphoton_branching!r}: a fraction between 0 and 1 is expected")
    suppression = np.maximum(1.0 - (mass / parent_mass) ** 2, 0.0) ** 3
    return np.asarray(2.0 * mixing**2 * diphoton_branching * suppression, dtype=np.float64)


def _checked(mass: ArrayLike, mixing: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mass = np.asarray(mass, dtype=np.float64)
    mixing = np.asarray(mixing, dtype=np.float64)
    # Written so that nan fails too.
    if not np.all(mass > 0.0):
        raise InputError("A′ mass: every value must be a positive number of GeV")
    if not np.all(mixing >= 0.0):
        raise InputError("A′ mixing: every value must be zero or positive")
    return mass, mixing
