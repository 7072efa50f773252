"""The gauge boson Z′ of L_μ − L_τ: widths to leptons, neutrinos and dark matter, and branching fractions.

Masses and widths are in GeV; `coupling` is the gauge coupling g′, `alpha_d` = g_D²/4π the one to dark matter. The
loop-induced mixing with the photon (|ε| ≈ g′/70) adds relative widths of order 1e-5 and is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.vector import fermion_width
from limits.units import mass as particle_mass

__all__ = [
    "branching_invisible",
    "branching_to_leptons",
    "width",
    "width_to_dark_matter",
    "width_to_leptons",
    "width_to_neutrinos",
]


def width_to_leptons(mass: ArrayLike, coupling: ArrayLike, lepton_mass: float) -> NDArray[np.float64]:
    """Width of Z′ → ℓ⁺ℓ⁻ for one charged flavour of unit charge (μ or τ); zero below threshold.

    Shape: that of `mass` and `coupling` broadcast together.
    Unit: GeV.
    Source: arXiv:1801.04847 with ε e → g′: Γ = g′² m/(12π) (1 + 2r) √(1 − 4r), r = m_ℓ²/m².
    Raises: InputError if a mass is not positive or a coupling is negative.
    """
    mass, coupling = _checked(mass, coupling)
    return np.asarray(coupling**2 * fermion_width(mass, lepton_mass), dtype=np.float64)


def width_to_neutrinos(mass: ArrayLike, coupling: ArrayLike) -> NDArray[np.float64]:
    """Width of Z′ → ν_μ ν̄_μ and ν_τ ν̄_τ together; one helicity each, hence half a massless charged flavour each.

    Shape: that of `mass` and `coupling` broadcast together.
    Unit: GeV.
    Source: g′² m/(24π) per flavour; arXiv:1801.04847, factor ½ per neutrino flavour.
    Raises: InputError if a mass is not positive or a coupling is negative.
    """
    mass, coupling = _checked(mass, coupling)
    return np.asarray(coupling**2 * fermion_width(mass, 0.0), dtype=np.float64)


def width_to_dark_matter(mass: ArrayLike, alpha_d: ArrayLike, chi_mass: ArrayLike) -> NDArray[np.float64]:
    """Width of Z′ → χ χ̄ for Dirac χ with vector coupling g_D; zero below threshold.

    Shape: that of the three arguments broadcast together.
    Unit: GeV.
    Source: as `width_to_leptons` with g′² → g_D² = 4π α_D: Γ = α_D m/3 (1 + 2r) √(1 − 4r), r = m_χ²/m².
    Raises: InputError if a mass is not positive, a dark-matter mass or α_D is negative.
    """
    mass, alpha_d = _checked(mass, alpha_d, "alpha_d")
    chi_mass = np.asarray(chi_mass, dtype=np.float64)
    if not np.all(chi_mass >= 0.0):
        raise InputError("chi_mass: every value must be zero or a positive number of GeV")
    return np.asarray(4.0 * np.pi * alpha_d * fermion_width(mass, chi_mass), dtype=np.float64)


def width(
    mass: ArrayLike, coupling: ArrayLike, alpha_d: ArrayLike = 0.0, chi_mass: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Total width: μ, τ, two neutrino flavours and, if `chi_mass` is given, Dirac dark matter.

    Shape: that of the arguments broadcast together.
    Unit: GeV.
    Source: sum of the partial widths of this module.
    Raises: InputError as the partial widths, and if α_D > 0 comes without `chi_mass`.
    """
    charged = _width_to_charged(mass, coupling)
    return charged + _width_invisible(mass, coupling, alpha_d, chi_mass)


def branching_invisible(
    mass: ArrayLike, coupling: ArrayLike, alpha_d: ArrayLike = 0.0, chi_mass: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Fraction of Z′ decays to neutrinos and dark matter; it does not depend on `coupling` when α_D = 0.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless.
    Source: ratio of the partial widths of this module.
    Raises: InputError as `width`, and if the total width vanishes (coupling and dark-matter width both zero).
    """
    invisible = _width_invisible(mass, coupling, alpha_d, chi_mass)
    return _ratio(invisible, _width_to_charged(mass, coupling) + invisible)


def branching_to_leptons(
    mass: ArrayLike,
    coupling: ArrayLike,
    lepton_mass: float,
    alpha_d: ArrayLike = 0.0,
    chi_mass: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Fraction of Z′ decays to one charged flavour (μ or τ).

    Shape: that of the arguments broadcast together.
    Unit: dimensionless.
    Source: ratio of the partial widths of this module.
    Raises: as `branching_invisible`.
    """
    return _ratio(width_to_leptons(mass, coupling, lepton_mass), width(mass, coupling, alpha_d, chi_mass))


def _width_to_charged(mass: ArrayLike, coupling: ArrayLike) -> NDArray[np.float64]:
    muons = width_to_leptons(mass, coupling, particle_mass("mu-"))
    return muons + width_to_leptons(mass, coupling, particle_mass("tau-"))


def _width_invisible(
    mass: ArrayLike, coupling: ArrayLike, alpha_d: ArrayLike, chi_mass: ArrayLike | None
) -> NDArray[np.float64]:
    neutrinos = width_to_neutrinos(mass, coupling)
    if chi_mass is not None:
        return neutrinos + width_to_dark_matter(mass, alpha_d, chi_mass)
    if np.any(np.asarray(alpha_d) != 0.0):
        raise InputError("alpha_d is not zero: chi_mass, the mass of the dark matter in GeV, is needed with it")
    return neutrinos


def _ratio(partial: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.all(total > 0.0):
        raise InputError("Z′ branching fraction: the total width is zero; a positive coupling is needed")
    return np.asarray(partial / total, dtype=np.float64)


def _checked(
    mass: ArrayLike, coupling: ArrayLike, name: str = "coupling"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mass = np.asarray(mass, dtype=np.float64)
    coupling = np.asarray(coupling, dtype=np.float64)
    # Written so that nan fails too.
    if not np.all(mass > 0.0):
        raise InputError("Z′ mass: every value must be a positive number of GeV")
    if not np.all(coupling >= 0.0):
        raise InputError(f"Z′ {name}: every value must be zero or positive")
    return mass, coupling
