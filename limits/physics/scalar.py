"""Scalars: one that couples to muons only (and to dark matter), and a dark Higgs boson that mixes with the Higgs boson.

Masses and widths in GeV. L = g_S S μ̄μ for the first; couplings sin θ · m_f/v for the second, whose widths are for sin θ = 1: multiply
by sin²θ.

How far the dark Higgs can be trusted: leptons are exact at tree level. ππ below 0.6 GeV is chiral perturbation theory at lowest order
times the rescattering of the two pions; without it the rate is too small by 2 at 0.3 GeV and by 3 to 4 at 0.5 GeV. With it, it is 10 to
25 % below the tables of FORESEE. From 0.6 to 2 GeV published calculations differ by factors (f₀(980), KK, 4π): nothing is offered.
From 2 to 10 GeV quarks and gluons at low order, with an uncertainty of about 50 % near 2 GeV and at the thresholds of cc̄.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.alp import strong_coupling
from limits.physics.checked import not_negative, positive
from limits.units import ALPHA
from limits.units import mass as particle_mass

__all__ = [
    "dark_higgs_partial_widths",
    "dark_higgs_width_to_pions",
    "fermion_loop",
    "pion_rescattering",
    "width_to_dark_matter",
    "width_to_muons",
    "width_to_photons",
]

VACUUM_EXPECTATION: Final = 246.22
"""v = (√2 G_F)^(−½) in GeV."""

PIONS_END: Final = 0.6
"""Mass in GeV up to which decays to hadrons are two pions, calculated with one channel of rescattering."""

QUARKS_START: Final = 2.0
"""Mass in GeV from which decays to hadrons are quarks and gluons; up to 10 GeV, the threshold of two B mesons."""

STRANGE_AT_2: Final = 0.0935
"""MS-bar mass of the strange quark at 2 GeV in GeV (PDG)."""

POLE_MASSES: Final = (1.67, 4.78)
"""Pole masses of charm and bottom in GeV, in the loop to gluons (PDG; a recollection)."""

PHASE_SHIFT: Final = (0.220, 0.268, -0.0139, -0.00139, 36.77)
"""I = 0, ℓ = 0 phase shift of ππ: A, B, C, D, s₀ in units of m_π (arXiv:hep-ph/0103088 Eq. (17.2); a recollection)."""

ELASTIC_END: Final = 0.75
"""√s in GeV up to which that phase shift is used; it then goes to 180° smoothly."""


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


def dark_higgs_partial_widths(mass: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Partial widths of a dark Higgs boson for sin θ = 1; what is closed is zero.

    Leptons, "pi pi" (charged and neutral), "s sbar", "c cbar" and "gluons". Photons, about 1 % below 0.2 GeV, are left out. Strange and
    charm quarks have thresholds at twice the K and D mass, with those masses in the phase space, and running masses in the coupling.

    Shape: that of `mass`, for all.
    Unit: GeV.
    Source: N_c m_f² m/(8πv²) (1 − 4 m_f²/m²)^{3/2}, for quarks times 1 + 17 α_s/3π (arXiv:hep-ph/0503172 Eq. (2.11)); gluons α_s² m³/(72π³
        v²) |Σ ¾ A|² of charm, bottom and top at lowest order; pions `dark_higgs_width_to_pions`; use of meson masses arXiv:1809.01876.
    Raises: InputError unless masses are positive and outside 0.6 to 2 GeV and below 10 GeV.
    """
    mass = positive("mass", mass)
    light = mass <= PIONS_END
    if not np.all(light | ((mass >= QUARKS_START) & (mass <= 10.0))):
        raise InputError(
            f"dark Higgs mass: widths are offered up to {PIONS_END:g} GeV and from {QUARKS_START:g} to 10 GeV; between, calculations of "
            "decays to hadrons differ by factors"
        )
    widths = {f"{name}+ {name}-": _to_fermions(mass, particle_mass(f"{name}-")) for name in ("e", "mu", "tau")}
    widths["pi pi"] = np.where(light, dark_higgs_width_to_pions(np.where(light, mass, 0.1)), 0.0)
    high = np.where(light, QUARKS_START, mass)
    for name, value in _quarks_and_gluons(high).items():
        widths[name] = np.where(light, 0.0, value)
    return widths


def dark_higgs_width_to_pions(mass: ArrayLike, rescattering: bool = True) -> NDArray[np.float64]:
    """Width of a dark Higgs boson to π⁺π⁻ and π⁰π⁰ for sin θ = 1; zero below threshold.

    Shape: that of `mass`.
    Unit: GeV.
    Source: 3/(32π v² m) |2m²/9 + 11 m_π²/9|² √(1 − 4m_π²/m²), low-energy theorem of Voloshin (Sov. J. Nucl. Phys. 44 (1986) 478),
        times |Ω|² of `pion_rescattering` unless that is switched off.
    Raises: InputError unless masses are positive and at most 0.6 GeV.
    """
    mass, pion = positive("mass", mass), particle_mass("pi+")
    if not np.all(mass <= PIONS_END):
        raise InputError(f"dark Higgs mass: the width to pions is offered up to {PIONS_END:g} GeV")
    amplitude = (2.0 * mass**2 + 11.0 * pion**2) / 9.0
    width = 3.0 * (amplitude / VACUUM_EXPECTATION) ** 2 / (32.0 * np.pi * mass) * _velocity(mass, pion)
    return np.asarray(width * pion_rescattering(mass**2) if rescattering else width, dtype=np.float64)


def pion_rescattering(s: ArrayLike, nodes: int = 4000) -> NDArray[np.float64]:
    """|Ω(s)|², by which rescattering of two pions with I = 0, ℓ = 0 enhances their production.

    The phase above 0.75 GeV is a guess, and there are other channels: were it constant above 0.8 GeV, the result would be lower by 8 %
    at 0.3 GeV and by 23 % at 0.5 GeV.

    Shape: that of `s`, in GeV².
    Unit: dimensionless, 1 at s = 0.
    Source: Omnès, Nuovo Cim. 8 (1958) 316: ln|Ω| = (s/π) P∫ds′ δ(s′)/[s′(s′ − s)]; δ from arXiv:hep-ph/0103088, one channel.
    Raises: InputError unless `s` is zero or positive and at most (0.6 GeV)².
    """
    s = not_negative("s", s)
    if not np.all(s <= PIONS_END**2 * (1.0 + 1e-12)):
        raise InputError(f"s: rescattering in one channel is offered up to ({PIONS_END:g} GeV)²")
    threshold = 4.0 * particle_mass("pi+") ** 2
    # s′ = threshold/u puts the whole range on 0 < u < 1; δ(s) is taken off, and its principal value added in closed form.
    u = (np.arange(nodes) + 0.5) / nodes
    inner = threshold / u
    at_pole = _phase(np.maximum(s, threshold))
    gap = inner - s[..., None]
    # A node on the pole itself: the quotient is finite, one node among thousands may be left out.
    gap = np.where(np.abs(gap) < 1e-12, np.inf, gap)
    integral = np.mean((_phase(inner) - at_pole[..., None]) / (gap * u), axis=-1)
    above = s > threshold
    ratio = np.where(above, s / threshold, 2.0)
    pole = np.where(above, -at_pole * np.log(ratio - 1.0), 0.0)
    return np.asarray(np.exp(2.0 / np.pi * (s * integral + pole)), dtype=np.float64)


def _phase(s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Phase shift δ(s) in radian from threshold on: measured up to `ELASTIC_END`, then to π like s^(−3/2)."""
    pion2, end = particle_mass("pi+") ** 2, ELASTIC_END**2
    last = _elastic_phase(np.asarray(end / pion2))
    rest = 2.0 / (1.0 + (np.maximum(s, end) / end) ** 1.5)
    return np.where(s < end, _elastic_phase(np.minimum(s, end) / pion2), np.pi + (last - np.pi) * rest)


def _elastic_phase(s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Phase shift for `s` in units of m_π², up to 90°."""
    a, b, c, d, s0 = PHASE_SHIFT
    q2 = s / 4.0 - 1.0
    tangent = np.sqrt(np.maximum(1.0 - 4.0 / s, 0.0)) * (a + b * q2 + c * q2**2 + d * q2**3) * (4.0 - s0) / (s - s0)
    return np.asarray(np.arctan(tangent), dtype=np.float64)


def _quarks_and_gluons(mass: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    alpha_s = strong_coupling(mass)
    correction = 1.0 + 17.0 / (3.0 * np.pi) * alpha_s
    # Masses run like α_s to the power 12/(33 − 2n_f), four flavours.
    power = 12.0 / 25.0
    strange = STRANGE_AT_2 * (alpha_s / strong_coupling(2.0)) ** power
    charm = particle_mass("c") * (alpha_s / strong_coupling(particle_mass("c"))) ** power
    heavy = (*POLE_MASSES, particle_mass("t"))
    loop = sum((0.75 * fermion_loop((mass / (2.0 * quark)) ** 2) for quark in heavy), np.zeros(()))
    gluons = (alpha_s / VACUUM_EXPECTATION) ** 2 * mass**3 / (72.0 * np.pi**3) * np.abs(loop) ** 2
    return {
        "s sbar": 3.0 * correction * _to_fermions(mass, particle_mass("K+"), strange),
        "c cbar": 3.0 * correction * _to_fermions(mass, particle_mass("D0"), charm),
        "gluons": np.asarray(gluons, dtype=np.float64),
    }


def _to_fermions(mass: NDArray[np.float64], threshold: float, coupled: ArrayLike | None = None) -> NDArray[np.float64]:
    """Width for sin θ = 1 and one colour: `threshold` is the mass in the phase space, `coupled` the one in the coupling."""
    strength = np.asarray(threshold if coupled is None else coupled, dtype=np.float64) / VACUUM_EXPECTATION
    return np.asarray(strength**2 * mass / (8.0 * np.pi) * _velocity(mass, threshold) ** 3, dtype=np.float64)


def _velocity(mass: NDArray[np.float64], daughter: ArrayLike) -> NDArray[np.float64]:
    """√(1 − 4r), zero when closed."""
    ratio = np.asarray(daughter, dtype=np.float64) / mass
    return np.asarray(np.sqrt(np.maximum(1.0 - 4.0 * ratio**2, 0.0)), dtype=np.float64)
