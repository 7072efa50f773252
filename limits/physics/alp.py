"""Axion-like particles coupled to photons, to W bosons or to gluons: partial widths and decay length.

L = −(g_aγγ/4) a F F̃, −(g_aWW/4) a Wᵃ W̃ᵃ or −(g_agg/4) a Gᵃ G̃ᵃ, with canonical fields: no gauge coupling is written in front, so
that g_agg contains α_s. Masses in GeV; widths in GeV for a coupling of 1 GeV⁻¹: multiply by the coupling squared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import positive
from limits.units import ALPHA, HBARC
from limits.units import mass as particle_mass

__all__ = [
    "decay_length",
    "partial_widths_gluon",
    "partial_widths_photon",
    "partial_widths_w",
    "photon_coupling_from_gluons",
    "photon_coupling_from_w",
    "strong_coupling",
]

Widths = dict[str, NDArray[np.float64]]

ALPHA_S_TAU: Final = 0.314
"""α_s(m_τ) (PDG review "Quantum chromodynamics"; a recollection, ± 0.014)."""

ALPHA_S_Z: Final = 0.118
"""α_s(m_Z) (PDG review "Quantum chromodynamics"; a recollection, ± 0.001)."""

CHIRAL: Final = 1.92
"""Photon coupling of the QCD axion in units of α/(2π f_a), sign dropped, ± 0.04 (arXiv:1511.02867)."""

QUARK_MASS_RATIO: Final = 0.47
"""m_u/m_d (PDG review "Quark masses"; a recollection, + 0.06 − 0.07)."""

ETA_SHARE: Final = 0.466
"""Share of η against η′ in the mixing at m = 0: 1/m_η² against 7/(2 m_η′²), from ⟨η₀|n⟩⟨γγ|n⟩/m_n² with sin θ = −1/3."""

PION_POLE: Final = 1e-4
"""Distance in GeV from the π⁰ mass inside which mixing is not small for every coupling of interest."""

PERTURBATIVE: Final = (1.5, 10.0)
"""Masses in GeV between which the width to gluons is offered."""


def partial_widths_photon(mass: ArrayLike) -> Widths:
    """Partial widths of an ALP coupled to photons, for g_aγγ = 1 GeV⁻¹: "gamma gamma".

    Shape: that of `mass`.
    Unit: GeV.
    Source: Γ = g² m³/(64π), arXiv:1708.00443; a → e⁺e⁻γ, of relative size 1 to 2 %, is left out.
    Raises: InputError unless masses are positive.
    """
    return {"gamma gamma": _checked(mass) ** 3 / (64.0 * np.pi)}


def photon_coupling_from_w() -> float:
    """g_aγγ/g_aWW = sin²θ_W below the Z: the photon's share in W³.

    sin²θ_W is taken on shell, 1 − m_W²/m_Z² = 0.2233, which is what G_F m_W² in the production of these ALPs goes with. At tree
    level the choice is open; cτ goes with 1/sin⁴θ_W. The 0.2214 behind the table of FORESEE makes it 2 % longer, the effective 0.2312
    of Z decays 7 % shorter, and α(0)/α_2(m_Z) = 0.216, for which g_aWW/g² stays fixed while the couplings run, 7 % longer.

    Shape: scalar.
    Unit: dimensionless.
    Source: arXiv:1611.09355 for the relation.
    """
    return 1.0 - (particle_mass("W-") / particle_mass("Z0")) ** 2


def partial_widths_w(mass: ArrayLike) -> Widths:
    """Partial widths of an ALP coupled to W bosons, for g_aWW = 1 GeV⁻¹: "gamma gamma".

    Shape: that of `mass`.
    Unit: GeV.
    Source: `partial_widths_photon` with g_aγγ = g_aWW sin²θ_W; couplings to fermions, which arise at one loop, are left out.
    Raises: InputError unless masses are positive and below m_Z, where a → γZ would open.
    """
    mass, limit = _checked(mass), particle_mass("Z0")
    if not np.all(mass < limit):
        raise InputError(
            f"ALP mass: above m_Z = {limit:.5g} GeV the decay to γZ would be needed, which is not included"
        )
    return {"gamma gamma": photon_coupling_from_w() ** 2 * partial_widths_photon(mass)["gamma gamma"]}


def photon_coupling_from_gluons(mass: ArrayLike, alpha_s: float = ALPHA_S_Z) -> NDArray[np.float64]:
    """|g_aγγ| that comes with g_agg = 1 GeV⁻¹, by mixing with π⁰, η and η′, below 3 m_π⁰; `alpha_s` as in `partial_widths_gluon`.

    With 1/f_a = 2π g_agg/α_s it is (α/2πf_a) C, C = δ P(m_π) + (1.92 − δ) [w P(m_η) + (1 − w) P(m_η′)], P(M) = M²/(M² − m²) and δ =
    (m_d − m_u)/(m_d + m_u). At m = 0 it is 1.92, and the pole of the pion is that of chiral perturbation theory. The share w of the η is
    that of leading-order U(3) with one decay constant and a mixing angle of sin θ = −1/3. C is good to 5 % below m_π; above, the
    U(3) relations themselves are good to 20 %, and so are amplitudes at 3 m_π⁰.

    Shape: that of `mass`.
    Unit: dimensionless.
    Source: arXiv:1708.00443 (pion pole), arXiv:1511.02867 (1.92), arXiv:1811.03474 (mixing with η and η′); the mixing term that
        shifts the isospin-breaking part at m ≫ m_π, below 5 % of C, is left out.
    Raises: InputError for masses of 3 m_π⁰ or more, and within 0.1 MeV of m_π⁰.
    """
    mass, pion = _checked(mass), particle_mass("pi0")
    if not np.all(mass < 3.0 * pion):
        raise InputError(
            f"ALP mass: the photon coupling by meson mixing is offered below 3 m_π⁰ = {3.0 * pion:.4g} GeV"
        )
    if np.any(np.abs(mass - pion) < PION_POLE):
        raise InputError(
            f"ALP mass: within {PION_POLE:g} GeV of m_π⁰ = {pion:.7g} GeV the mixing with the pion is not small"
        )
    isospin = (1.0 - QUARK_MASS_RATIO) / (1.0 + QUARK_MASS_RATIO)
    poles = ETA_SHARE * _pole(mass, "eta") + (1.0 - ETA_SHARE) * _pole(mass, "eta'(958)")
    chiral = isospin * _pole(mass, "pi0") + (CHIRAL - isospin) * poles
    return np.asarray(ALPHA / positive("alpha_s", alpha_s) * np.abs(chiral), dtype=np.float64)


def partial_widths_gluon(mass: ArrayLike, alpha_s: float = ALPHA_S_Z) -> Widths:
    """Partial widths of an ALP coupled to gluons, for g_agg = 1 GeV⁻¹: "gamma gamma" and "hadrons".

    `alpha_s` is α_s at the scale where g_agg is given: g_agg/α_s does not run (at one loop). For L = −(g_s²/8) g a G G̃, where α_s is
    in front, take alpha_s = 1/(2π): then all results are for g = 1 GeV⁻¹. The usual decay constant is f_a = α_s/(2π g_agg).

    Offered below 3 m_π⁰ (photons only: ππγ is small and left out) and from 1.5 to 10 GeV (gluons; photons, below 1e-2, are left out).
    Between, decays to 3π, ππη, … have no calculation good to better than factors. From 1.5 GeV the next order is a factor of 3 to 2,
    so expect a factor of 2 of uncertainty there, and 30 % at the upper end.

    Shape: that of `mass`, for both.
    Unit: GeV.
    Source: photons `photon_coupling_from_gluons`; gluons Γ = g² m³/(8π) (1 + 83 α_s/4π) at scale m, arXiv:hep-ph/9504378.
    Raises: InputError outside these ranges, and as `photon_coupling_from_gluons`.
    """
    mass, (start, end) = _checked(mass), PERTURBATIVE
    light = mass < 3.0 * particle_mass("pi0")
    if not np.all(light | ((mass >= start) & (mass <= end))):
        raise InputError(
            f"ALP mass: widths from gluons are offered below 3 m_π⁰ and from {start:g} to {end:g} GeV; what lies between is not known"
        )
    # Outside its range each formula gets a harmless mass, and its result is dropped.
    photon = photon_coupling_from_gluons(np.where(light, mass, 0.01), alpha_s)
    running = strong_coupling(np.maximum(mass, start))
    hadrons = (running / alpha_s) ** 2 * mass**3 / (8.0 * np.pi) * (1.0 + 83.0 / (4.0 * np.pi) * running)
    return {
        "gamma gamma": np.where(light, photon**2 * mass**3 / (64.0 * np.pi), 0.0),
        "hadrons": np.where(light, 0.0, hadrons),
    }


def decay_length(widths: Mapping[str, NDArray[np.float64]], coupling: ArrayLike) -> NDArray[np.float64]:
    """Proper decay length cτ = ħc/Γ, Γ = coupling² Σ `widths`; infinite where that is zero.

    Shape: that of the widths and `coupling` broadcast together.
    Unit: m, for widths in GeV at coupling 1.
    Source: definition.
    Raises: InputError without any width, or if a coupling is negative.
    """
    coupling = np.asarray(coupling, dtype=np.float64)
    if not widths or not np.all(coupling >= 0.0):
        raise InputError("decay length: at least one width and couplings that are zero or positive are expected")
    total = sum(widths.values(), np.zeros(()))
    with np.errstate(divide="ignore"):
        return np.asarray(HBARC / (coupling**2 * total), dtype=np.float64)


def strong_coupling(scale: ArrayLike) -> NDArray[np.float64]:
    """α_s at `scale` in GeV, from 1 to 10 GeV: one loop from α_s(m_τ), three flavours below m_τ and four above.

    Shape: that of `scale`.
    Unit: dimensionless.
    Source: 1/α_s(μ) = 1/α_s(m_τ) + (33 − 2 n_f)/(6π) ln(μ/m_τ); within 3 % of the four-loop values from 1.5 GeV on.
    Raises: InputError outside 1 to 10 GeV.
    """
    scale, tau = positive("scale", scale), particle_mass("tau-")
    if not np.all((scale >= 1.0) & (scale <= 10.0)):
        raise InputError("scale: α_s is offered from 1 to 10 GeV")
    slope = np.where(scale < tau, 27.0, 25.0) / (6.0 * np.pi)
    return np.asarray(1.0 / (1.0 / ALPHA_S_TAU + slope * np.log(scale / tau)), dtype=np.float64)


def _pole(mass: NDArray[np.float64], meson: str) -> NDArray[np.float64]:
    return 1.0 / (1.0 - (mass / particle_mass(meson)) ** 2)


def _checked(mass: ArrayLike) -> NDArray[np.float64]:
    return positive("ALP mass", mass)
