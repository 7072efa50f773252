"""Hadronic decays of a vector boson with vector charges of the quarks: vector-meson dominance, then perturbative QCD.

Every channel is a ratio R: its width over m/(12π), the width to a massless lepton of charge 1 at the same coupling. For
the electric charges these are the parts of σ(e⁺e⁻ → hadrons)/σ(e⁺e⁻ → μ⁺μ⁻).
No parameter is fitted to tables of vector widths.

Reached for cτ of a dark photon, against the tables of FORESEE / DarkCast (arXiv:1801.04847): 0.01 % / – at 0.3 GeV;
0.6 % / 0.1 % at 0.5; 2.4 % / 11 % at 0.775, between ρ and ω, where the tables differ by 14 %; 0.2 % / 1.4 % at 1.0;
9 % / – at 1.02, the φ; 5 % / 9 % at 1.5; 1.5 % / – at 2.0. The fraction of π⁺π⁻ agrees with DarkCast to 0.0006 up to
0.7 GeV, is 7 % larger at 1.0 GeV and 5 % smaller at 2 GeV. For other charges tables were compared up to 0.5 GeV only;
above that expect 20 to 30 %.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.units import ALPHA
from limits.units import mass as particle_mass

__all__ = ["CHANNELS", "OMEGA", "PHI", "RHO", "Resonance", "pion_form_factor", "ratios"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

CHANNELS: Final = ("pi+pi-", "pi+pi-pi0", "KK", "hadrons")
"""Two charged pions, three pions, K⁺K⁻ and K⁰K̄⁰ together, and all other hadrons."""


class Resonance(NamedTuple):
    """A vector meson: mass, width and width to e⁺e⁻ in GeV."""

    mass: float
    width: float
    electrons: float


RHO: Final = Resonance(0.77526, 0.1474, 7.04e-6)
"""ρ(770)⁰. Source: PDG 2024, a recollection."""

OMEGA: Final = Resonance(0.78266, 0.00868, 0.00868 * 7.38e-5)
"""ω(782). Source: PDG 2024, a recollection."""

PHI: Final = Resonance(1.019461, 0.004249, 0.004249 * 2.979e-4)
"""φ(1020). Source: PDG 2024, a recollection."""

THREE_PIONS: Final = (0.892, 0.154)
"""Branching fractions of ω and φ to π⁺π⁻π⁰ (ρπ included). Source: PDG 2024, a recollection."""

RADIATIVE: Final = (("pi0", RHO, 4.7e-4), ("pi0", OMEGA, 0.0835), ("eta", PHI, 0.01303))
"""Branching fractions of ρ, ω and φ to a pseudoscalar and a photon. Source: PDG 2024, a recollection."""

ISOVECTOR: Final = ((0.77502, 0.14959, 1.0, 0.0), (1.493, 0.427, 0.158, 3.76), (1.861, 0.316, 0.068, 1.39))
"""ρ, ρ′, ρ″ in the pion form factor: mass, width (GeV), size, phase (rad). Source: arXiv:1205.2228, a recollection."""

RHO_OMEGA: Final = (0.78191, 0.00813, 1.644e-3, -0.011)
"""The same for the ω mixed into the ρ. Source: arXiv:1205.2228, a recollection."""

PHI_PHASE: Final = 2.83
"""Phase of φ against ω in three pions, rad; π in the quark model. Source: SND, hep-ex/0201040, 163°; a recollection."""

ALPHA_S_TAU: Final = 0.314
"""Strong coupling at the τ mass. Source: PDG 2024, a recollection."""


PERTURBATIVE: Final = (3 / 2, 1 / 6, 1 / 3)
"""3 Σ Q² of the isovector, isoscalar and strange parts of the electric current."""


Parts = tuple[float, float, float]
"""Isovector, isoscalar and strange part of a current, each 1 for the electric charges."""


def ratios(mass: ArrayLike, up: float, down: float, strange: float) -> dict[str, Array]:
    """R of each of `CHANNELS` for the given charges of the quarks; charm counts as up, and bottom as strange.

    Three pions fade out between 1.06 and 1.34 GeV, above which they count as "hadrons", as do π⁰γ and ηγ. J/ψ, ϒ and
    their kin are left out. The photon's vacuum polarisation is not taken out of the measured ρ, ω and φ (a few % in R).

    Shape: that of `mass`, per channel; closed channels are 0.
    Unit: dimensionless.
    Source: arXiv:1801.04847 for the method (resonances weighted with charges); each channel says its own.
    Raises: InputError if a mass is not positive and finite, or a charge not finite.
    """
    values = np.asarray(mass, dtype=np.float64)
    if not np.all((values > 0.0) & np.isfinite(values)):
        raise InputError("mass: every value must be a positive finite number of GeV")
    if not np.all(np.isfinite([up, down, strange])):
        raise InputError("quark charges: every value must be a finite number")
    if up == down == strange == 0:
        return {channel: np.zeros_like(values) for channel in CHANNELS}
    parts = (up - down, 3 * (up + down), -3 * strange)
    return {
        "pi+pi-": _two_pions(values, parts),
        "pi+pi-pi0": _three_pions(values, parts),
        "KK": _kaons(values, parts),
        "hadrons": _radiative(values, parts) + _continuum(values, parts) + _heavy(values, up, strange),
    }


# ── two pions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def pion_form_factor(mass: ArrayLike, isovector: float = 1.0, isoscalar: float = 1.0) -> Complex:
    """Form factor of the charged pion for timelike momentum, from 2 m_π up; both parts are 1 for the photon.

    The isoscalar part comes in by ρ–ω mixing alone and vanishes at zero momentum.

    Shape: that of `mass`.
    Unit: dimensionless.
    Source: Gounaris–Sakurai ρ, ρ′, ρ″ and ρ–ω mixing as in arXiv:1205.2228.
    """
    s = np.asarray(mass, dtype=np.float64) ** 2
    terms = [size * np.exp(1j * phase) * _gounaris_sakurai(s, m, gamma) for m, gamma, size, phase in ISOVECTOR]
    norm = sum(size * np.exp(1j * phase) for _, _, size, phase in ISOVECTOR)
    m, gamma, size, phase = RHO_OMEGA
    mixing = size * np.exp(1j * phase)
    shift = mixing / (1 + mixing) * (_breit_wigner(s, m, gamma) - 1)
    return np.asarray((isovector * sum(terms) + isoscalar * shift * terms[0]) / norm, dtype=np.complex128)


def _gounaris_sakurai(s: Array, m: float, gamma: float) -> Complex:
    """Phys. Rev. Lett. 21 (1968) 244, normalised to 1 at s = 0."""
    pion = particle_mass("pi+")

    def k(x: ArrayLike) -> Array:
        return np.sqrt(np.maximum(np.asarray(x, dtype=np.float64) / 4 - pion**2, 0.0))

    def h(x: ArrayLike) -> Array:
        root = np.sqrt(np.asarray(x, dtype=np.float64))
        return np.asarray(2 / np.pi * k(x) / root * np.log((root + 2 * k(x)) / (2 * pion)))

    k0, h0 = k(m**2), h(m**2)
    slope = h0 * (1 / (8 * k0**2) - 1 / (2 * m**2)) + 1 / (2 * np.pi * m**2)
    f = gamma * m**2 / k0**3 * (k(s) ** 2 * (h(s) - h0) + (m**2 - s) * k0**2 * slope)
    d = 3 * pion**2 / (np.pi * k0**2) * np.log((m + 2 * k0) / (2 * pion)) + m / (2 * np.pi * k0)
    d -= pion**2 * m / (np.pi * k0**3)
    running = gamma * (k(s) / k0) ** 3 * m / np.sqrt(s)
    return np.asarray(m**2 * (1 + d * gamma / m) / (m**2 - s + f - 1j * m * running), dtype=np.complex128)


def _two_pions(mass: Array, parts: Parts) -> Array:
    """R = β³ |F_π|²/4."""
    pion = particle_mass("pi+")
    form = pion_form_factor(np.maximum(mass, 2 * pion), parts[0], parts[1])
    return np.asarray(_velocity(mass, pion) ** 3 / 4 * np.abs(form) ** 2)


# ── three pions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _three_pions(mass: Array, parts: Parts) -> Array:
    """The ω and the φ, coherently; above 1.1 GeV, where ω′ and φ′ interfere, their tails are wrong and faded out."""
    threshold, middle = _onset(1)
    pion = (2 * particle_mass("pi+") + particle_mass("pi0")) / 3
    open_ = (mass > 3 * pion) & (mass < 2 * middle - threshold)
    values = mass[open_]
    space = _three_pion_space(values, pion)
    total = np.zeros(values.shape, dtype=np.complex128)
    phases = (1.0, np.exp(1j * PHI_PHASE))
    for meson, fraction, part, phase in zip((OMEGA, PHI), THREE_PIONS, parts[1:], phases, strict=True):
        decay = meson.width * fraction * space / _three_pion_space(np.array([meson.mass]), pion)
        total += part * phase * _mixing(values, meson) * np.sqrt(decay)
    found = np.zeros_like(mass)
    found[open_] = 12 * np.pi / values * np.abs(total) ** 2 * (1 - _rise(values, threshold, middle))
    return found


def _three_pion_space(mass: Array, pion: float) -> Array:
    """Energy dependence of V → ρπ → 3π, arbitrary norm: (1/m³) ∫ds₁₂ ds₂₃ 4m²|p₁ × p₂|² |Σ BW_ρ|², pions of one mass.

    PDG review "Kinematics" for the Dalitz plot; its cosine of the angle in the frame of pions 1 and 2 is one axis here.
    """
    m = mass[:, None, None]
    x, w = np.polynomial.legendre.leggauss(16)
    u, cosine = (x[:, None] + 1) / 2, x[None, :]
    low, span = 4 * pion**2, (m - pion) ** 2 - 4 * pion**2
    # u²(3 − 2u) takes the square roots at both ends of the Dalitz plot away.
    s12 = low + span * u**2 * (3 - 2 * u)
    kallen = np.maximum(((m - pion) ** 2 - s12) * ((m + pion) ** 2 - s12), 0.0)
    pairs = (s12 - low) * kallen
    half = np.sqrt(pairs / s12) / 2 * cosine
    middle = (m**2 + 3 * pion**2 - s12) / 2
    rho = sum(_kuehn_santamaria(s, pion) for s in (s12, middle + half, middle - half))
    density = pairs * np.sqrt(pairs / s12) * span * u * (1 - u) * (1 - cosine**2) * np.abs(rho) ** 2
    return np.asarray((density * w[:, None] * w[None, :]).sum(axis=(1, 2)) / mass**3)


def _kuehn_santamaria(s: Array, pion: float) -> Complex:
    m, gamma = RHO.mass, RHO.width
    phase_space = (np.maximum(s - 4 * pion**2, 0.0) / (m**2 - 4 * pion**2)) ** 1.5
    return np.asarray(m**2 / (m**2 - s - 1j * gamma * m**2 / np.sqrt(s) * phase_space), dtype=np.complex128)


# ── kaons, photons ────────────────────────────────────────────────────────────────────────────────────────────────────


def _kaons(mass: Array, parts: Parts) -> Array:
    """R = Σ β³ |F_K|²/4 with F_K = ±½ρ + ⅙ω + ⅓φ for K⁺ and K⁰: quark model, hep-ph/0409080 without excited states."""
    s = mass**2
    shared = parts[1] / 6 * _breit_wigner(s, OMEGA.mass, OMEGA.width) + parts[2] / 3 * _breit_wigner(
        s, PHI.mass, PHI.width
    )
    rho = parts[0] / 2 * _gounaris_sakurai(np.maximum(s, 4 * particle_mass("pi+") ** 2), RHO.mass, RHO.width)
    charged = _velocity(mass, particle_mass("K+")) ** 3 * np.abs(shared + rho) ** 2
    neutral = _velocity(mass, particle_mass("K0")) ** 3 * np.abs(shared - rho) ** 2
    return np.asarray((charged + neutral) / 4)


def _radiative(mass: Array, parts: Parts) -> Array:
    """π⁰γ through ρ and ω, ηγ through φ; V → Pγ is a P wave, Γ ∝ p³."""
    amplitudes = {name: np.zeros(mass.shape, dtype=np.complex128) for name, _, _ in RADIATIVE}
    for (name, meson, fraction), part in zip(RADIATIVE, parts, strict=True):
        momentum = np.maximum(mass**2 - particle_mass(name) ** 2, 0.0) / mass
        resonant = (meson.mass**2 - particle_mass(name) ** 2) / meson.mass
        decay = meson.width * fraction * (momentum / resonant) ** 3
        amplitudes[name] += part * _mixing(mass, meson) * np.sqrt(decay)
    found = sum(np.abs(amplitude) ** 2 for amplitude in amplitudes.values())
    return np.asarray(12 * np.pi / mass * found)


# ── continuum ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _continuum(mass: Array, parts: Parts) -> Array:
    """4π, 5π, KK̄π and all above: each part rises from its threshold to 3 Σ x² (1 + α_s/π)."""
    squares = (parts[0] ** 2, parts[1] ** 2, parts[2] ** 2)
    risen = sum(r * x2 * _rise(mass, *_onset(i)) for i, (r, x2) in enumerate(zip(PERTURBATIVE, squares, strict=True)))
    return np.asarray(risen * (1 + _alpha_s(mass) / np.pi))


def _onset(part: int) -> tuple[float, float]:
    """Threshold and middle of the rise of a part of the current, in GeV.

    The threshold is that of the lightest channel not counted elsewhere: ωπ for 4π, ωππ for 5π, KK̄π. The middle √s₀
    comes from duality: the ground state in narrow width, ∫R ds = 9π M Γ_ee/α², fills the perturbative R up to s₀.
    """
    meson = (RHO, OMEGA, PHI)[part]
    pion = particle_mass("pi0")
    threshold = (OMEGA.mass + pion, OMEGA.mass + 2 * pion, particle_mass("K+") + particle_mass("K0") + pion)[part]
    perturbative = PERTURBATIVE[part] * (1 + float(_alpha_s(np.asarray(particle_mass("tau-")))) / np.pi)
    return threshold, (9 * np.pi * meson.mass * meson.electrons / ALPHA**2 / perturbative) ** 0.5


def _rise(mass: Array, threshold: float, middle: float) -> Array:
    """From 0 at `threshold` through ½ at `middle` to 1, with a continuous derivative."""
    t = np.clip((mass - threshold) / (2 * (middle - threshold)), 0.0, 1.0)
    return np.asarray(t**2 * (3 - 2 * t))


def _alpha_s(mass: Array) -> Array:
    """One-loop running with three flavours from the τ mass, frozen below 0.9 GeV, where nothing uses it."""
    logarithm = 2 * np.log(np.maximum(mass, 0.9) / particle_mass("tau-"))
    return np.asarray(ALPHA_S_TAU / (1 + 9 / (12 * np.pi) * ALPHA_S_TAU * logarithm))


def _heavy(mass: Array, charm: float, bottom: float) -> Array:
    """Charm and bottom from the thresholds of D and B pairs, with the phase space of a fermion pair."""
    total = np.zeros_like(mass)
    for charge, meson in ((charm, "D0"), (bottom, "B0")):
        beta = _velocity(mass, particle_mass(meson))
        total += 3 * charge**2 * beta * (3 - beta**2) / 2
    return np.asarray(total * (1 + _alpha_s(mass) / np.pi))


# ── shared ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _velocity(mass: Array, daughter: float) -> Array:
    return np.sqrt(np.maximum(1 - (2 * daughter / mass) ** 2, 0.0))


def _breit_wigner(s: Array, m: float, gamma: float) -> Complex:
    return np.asarray(m**2 / (m**2 - s - 1j * m * gamma), dtype=np.complex128)


def _mixing(mass: Array, meson: Resonance) -> Complex:
    """Amplitude of `meson` in a vector of coupling 1 and the electric charges: BW/g_V with Γ_ee = 4πα² M/(3 g_V²)."""
    coupling = np.sqrt(4 * np.pi * ALPHA**2 * meson.mass / (3 * meson.electrons))
    return np.asarray(_breit_wigner(mass**2, meson.mass, meson.width) / coupling, dtype=np.complex128)
