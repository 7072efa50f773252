"""A scalar that couples to muons only, and to dark matter: L = g_S S μ̄μ. Masses and widths in GeV."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.physics.checked import not_negative, positive
from limits.units import ALPHA
from limits.units import mass as particle_mass

__all__ = [
    "fermion_loop",
    "width_to_dark_matter",
    "width_to_muons",
    "width_to_photons",
]


def width_to_muons(mass: ArrayLike, coupling: ArrayLike = 1.0) -> NDArray[np.float64]:
    """Width of S → μ⁺μ⁻; zero below threshold.

    Shape: that of `mass` and `coupling` broadcast together.
    Unit: GeV.
    Source: g_S² m/(8π) (1 − 4r)^{3/2}, r = m_μ²/m²: tree level.
    Raises: InputError unless masses are positive and couplings zero or positive.
    """
    return width_to_dark_matter(mass, not_negative("coupling", coupling) ** 2 / (4.0 * np.pi), particle_mass("mu-"))


def width_to_dark_matter(mass: ArrayLike, alpha_d: ArrayLike, chi_mass: ArrayLike) -> NDArray[np.float64]:
    """Width of S → χχ̄ for Dirac χ with L = g_D S χ̄χ, α_D = g_D²/4π; zero below threshold.

    Shape: that of the arguments broadcast together.
    Unit: GeV.
    Source: g_D² m/(8π) (1 − 4r)^{3/2} = α_D m/2 (1 − 4r)^{3/2}, r = m_χ²/m²: tree level.
    Raises: InputError unless masses are positive, and α_D and `chi_mass` zero or positive.
    """
    mass, alpha_d = positive("mass", mass), not_negative("alpha_d", alpha_d)
    velocity = _velocity(mass, not_negative("chi_mass", chi_mass))
    return np.asarray(alpha_d * mass / 2.0 * velocity**3, dtype=np.float64)


def width_to_photons(mass: ArrayLike, coupling: ArrayLike = 1.0) -> NDArray[np.float64]:
    """Width of S → γγ through a loop of muons.

    Shape: that of `mass` and `coupling` broadcast together.
    Unit: GeV.
    Source: Γ(h → γγ) = α² m³/(256π³ v²) |A|² for one charged lepton (arXiv:hep-ph/0503172 Eq. (2.17) with G_F/√2 = 1/(2v²)), where
        the coupling m_μ/v becomes g_S: α² g_S² m³/(256π³ m_μ²) |A|², A from `fermion_loop`.
    Raises: InputError unless masses are positive and couplings zero or positive.
    """
    mass, coupling = positive("mass", mass), not_negative("coupling", coupling)
    muon = particle_mass("mu-")
    loop = np.abs(fermion_loop((mass / (2.0 * muon)) ** 2)) ** 2
    return np.asarray((ALPHA * coupling / muon) ** 2 * mass**3 / (256.0 * np.pi**3) * loop, dtype=np.float64)


def fermion_loop(tau: ArrayLike) -> NDArray[np.complex128]:
    """Amplitude A_½(τ) of a scalar to two photons through a fermion, τ = m²/(4 m_f²).

    For a heavy fermion it is 4/3: there f = τ + τ²/3 + …, and the terms of order τ in the bracket cancel.

    Shape: that of `tau`.
    Unit: dimensionless.
    Source: arXiv:hep-ph/0503172 Eq. (2.46): 2 [τ + (τ − 1) f]/τ², f = arcsin²√τ, or −¼ {ln[(1 + β)/(1 − β)] − iπ}² with β = √(1 −
        1/τ) above τ = 1. Below τ = 1e-3, where the bracket cancels, its series 4/3 (1 + 7τ/30 + 2τ²/21).
    Raises: InputError unless `tau` is zero or positive.
    """
    tau = not_negative("tau", tau)
    small, below = tau < 1e-3, tau <= 1.0
    middle = np.where(small, 0.5, tau)
    beta = np.sqrt(1.0 - 1.0 / np.where(below, 2.0, tau))
    # (1 + β)/(1 − β) = (1 + β)² τ does not cancel for a light fermion.
    above = -0.25 * (np.log((1.0 + beta) ** 2 * np.where(below, 2.0, tau)) - 1j * np.pi) ** 2
    function = np.where(below, np.arcsin(np.sqrt(np.minimum(middle, 1.0))) ** 2, above)
    full = 2.0 * (middle + (middle - 1.0) * function) / middle**2
    series = 4.0 / 3.0 * (1.0 + 7.0 / 30.0 * tau + 2.0 / 21.0 * tau**2)
    return np.asarray(np.where(small, series, full), dtype=np.complex128)


def _velocity(mass: NDArray[np.float64], daughter: ArrayLike) -> NDArray[np.float64]:
    """√(1 − 4r), zero when closed."""
    ratio = np.asarray(daughter, dtype=np.float64) / mass
    return np.asarray(np.sqrt(np.maximum(1.0 - 4.0 * ratio**2, 0.0)), dtype=np.float64)
