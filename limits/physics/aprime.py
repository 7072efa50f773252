"""The dark photon A′: widths, decay length and production in the decays of light pseudoscalars.

Masses and widths are in GeV, lengths in m; `mixing` is the kinetic mixing ε of the A′ with the photon.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics import vector
from limits.units import HBARC

__all__ = ["branching_from_pseudoscalar", "decay_length", "width", "width_to_leptons"]

DARK_PHOTON: Final = vector.VECTORS["aprime"]


def width_to_leptons(mass: ArrayLike, mixing: ArrayLike, lepton_mass: float) -> NDArray[np.float64]:
    """Width of A′ → ℓ⁺ℓ⁻ for one lepton flavour; zero below threshold.

    Shape: that of `mass` and `mixing` broadcast together.
    Unit: GeV.
    Source: arXiv:1801.04847: Γ = ε² α m/3 (1 + 2r) √(1 − 4r) with r = m_ℓ²/m².
    Raises: InputError if a mass is not positive or a mixing is negative.
    """
    mass, mixing = _checked(mass, mixing)
    return np.asarray((mixing * DARK_PHOTON.unit) ** 2 * vector.fermion_width(mass, lepton_mass), dtype=np.float64)


def width(mass: ArrayLike, mixing: ArrayLike) -> NDArray[np.float64]:
    """Total width to leptons and hadrons; zero below 2 mₑ, where only A′ → 3γ is left.

    Between m_π⁰ and 2 m_π⁺ the only hadronic decay is A′ → π⁰γ, below 1e-4 of the width.

    Shape: that of `mass` and `mixing` broadcast together.
    Unit: GeV.
    Source: `vector.width` with the electric charges; `hadrons` says how well the hadronic part is known.
    Raises: InputError if a mass is not positive or a mixing is negative.
    """
    mass, mixing = _checked(mass, mixing)
    return np.asarray(mixing**2 * vector.width(DARK_PHOTON, mass), dtype=np.float64)


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
