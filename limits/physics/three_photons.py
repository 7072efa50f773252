"""Annihilation e⁺e⁻ → γγγ at tree level, unpolarised, with massless electrons.

With a_i = p₊·k_i and b_i = p₋·k_i, s = 2 p₊·p₋, the spin-averaged square of the amplitude is

    ¼ Σ|M|² = e⁶ s Σ_i a_i b_i (a_i² + b_i²) / Π_i (a_i b_i),        dσ = 1/(2s) · 1/3! · ¼Σ|M|² dΦ₃

(F. A. Berends and R. Kleiss, Nucl. Phys. B186 (1981) 22; the reference is a recollection, the formula is checked in the tests
against the traces of the six diagrams). Mass terms matter only where all photons are along the beam.

Three massless particles share dΦ₃ = s/(128π³) dx₁ dx₂ dR, where x_i = 2E_i/√s and dR is the fraction of all orientations.
Energies in GeV, cross-sections in pb.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import positive
from limits.units import ELEMENTARY_CHARGE, PB_GEV2

__all__ = ["differential_cross_section", "invariants", "squared_matrix_element"]

PHOTONS = 3


def invariants(
    energies: ArrayLike, cosines: ArrayLike, centre_of_mass_energy: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The products a_i = p₊·k_i and b_i = p₋·k_i in the centre-of-mass frame, cosines measured from the positron.

    Shape: (2, 3, …) for energies and cosines of shape (3, …), as two arrays.
    Unit: GeV².
    Source: p_±·k = (√s/2) E (1 ∓ cos θ).
    Raises: InputError unless energies are positive, cosines strictly between −1 and 1 and the first axis has three photons.
    """
    energies, cosines = positive("energies", energies, "GeV"), np.asarray(cosines, dtype=np.float64)
    if not np.all(np.abs(cosines) < 1.0):
        raise InputError("cosines: every value must lie strictly between -1 and 1")
    _three("energies", energies)
    half = float(positive("centre_of_mass_energy", centre_of_mass_energy, "GeV")) / 2.0
    return half * energies * (1.0 - cosines), half * energies * (1.0 + cosines)


def squared_matrix_element(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """¼ Σ|M|² of e⁺e⁻ → γγγ; s is twice the sum of the a_i, by conservation of momentum.

    Shape: (…) for products of shape (3, …).
    Unit: GeV⁻², for a and b in GeV².
    Source: the formula at the head of this module, with α at zero momentum.
    Raises: InputError unless the products are positive and the first axis has three photons.
    """
    a, b = positive("a", a, "GeV²"), positive("b", b, "GeV²")
    _three("a", a)
    both = a * b
    numerator = np.sum(both * (a**2 + b**2), axis=0)
    return np.asarray(ELEMENTARY_CHARGE**6 * 2.0 * np.sum(a, axis=0) * numerator / np.prod(both, axis=0))


def differential_cross_section(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """dσ/(dx₁ dx₂ dR) of e⁺e⁻ → γγγ, x_i = 2E_i/√s and R the fraction of all orientations; photons in any order.

    The integral over all of x₁ + x₂ > 1, with the symmetry factor 1/3! that is included, is the cross-section.

    Shape: (…) for products of shape (3, …).
    Unit: pb.
    Source: flux, symmetry factor and phase space at the head of this module; s cancels between flux and phase space.
    Raises: as `squared_matrix_element`.
    """
    return np.asarray(PB_GEV2 / (2.0 * 6.0 * 128.0 * np.pi**3) * squared_matrix_element(a, b))


def _three(name: str, values: NDArray[np.float64]) -> None:
    if values.ndim == 0 or values.shape[0] != PHOTONS:
        raise InputError(f"{name}: the first axis must have {PHOTONS} photons, got shape {values.shape}")
