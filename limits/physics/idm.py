"""Inelastic dark matter with a dark Higgs boson: e⁺e⁻ → A′h′, A′ → χ₁χ₂ and χ₂ → χ₁ + leptons or hadrons.

Two Majorana states χ₁ and χ₂ couple to the dark photon by the off-diagonal vector current i g_D χ̄₁γ^μχ₂, g_D² = 4π α_D, and the dark photon
to the electric current by the mixing ε. Masses and widths in GeV; `splitting` = m_χ₂ − m_χ₁. All that follows is at tree level; the
electron mass is neglected in e⁺e⁻ → A′h′, and the width of the A′ everywhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics import hadrons
from limits.physics.checked import not_negative, positive
from limits.physics.decay import two_body_momentum
from limits.units import ALPHA, HBARC, PB_GEV2
from limits.units import mass as particle_mass

__all__ = [
    "angular_density",
    "branching",
    "correlation",
    "cross_section",
    "decay_length",
    "partial_widths",
    "spectrum",
    "transverse_share",
    "width_of_aprime",
]

Array = NDArray[np.float64]

DARK_CHARGE: Final = 2.0
"""Charge of the dark Higgs field where it gives χ its Majorana mass, in units of that of χ. A recollection; other models have 1."""

NODES: Final = 2000
"""Midpoints in the invariant mass of what χ₂ radiates: neighbours are 1 MeV apart or less up to a splitting of 1 GeV."""

LEPTONS: Final = {"e+e-": "e-", "mu+mu-": "mu-", "tau+tau-": "tau-"}


def cross_section(
    higgs_mass: ArrayLike,
    aprime_mass: ArrayLike,
    sqrt_s: ArrayLike,
    mixing: ArrayLike = 1.0,
    alpha_d: ArrayLike = 1.0,
    charge: ArrayLike = DARK_CHARGE,
) -> Array:
    """Cross-section of e⁺e⁻ → A′h′ without radiation from the beams; zero where it is closed.

    `charge` q is that of the dark Higgs field: the vertex h′A′A′ is 2 q g_D m_A′, and the rate goes like q².

    Shape: that of the arguments broadcast together.
    Unit: fb.
    Source: arXiv:0903.0363: q² π α α_D ε²/(3s) (1 − m_A′²/s)⁻² √λ (λ + 12 m_A′²/s), λ = (1 − (m_h′ + m_A′)²/s)(1 − (m_h′ − m_A′)²/s); the
        one of e⁺e⁻ → ZH with a vector coupling. It is not valid where m_A′² is s within the width of the A′.
    Raises: InputError unless masses and energies are positive and the others zero or positive.
    """
    ratio, _, kallen = _ratios(higgs_mass, aprime_mass, sqrt_s)
    s = positive("sqrt_s", sqrt_s, "GeV") ** 2
    size = not_negative("charge", charge) ** 2 * not_negative("mixing", mixing) ** 2 * not_negative("alpha_d", alpha_d)
    unit = 1000.0 * PB_GEV2 * np.pi * ALPHA / (3.0 * s)
    # Where it is closed the denominator may vanish; the Källén function is zero there.
    away = np.where(kallen > 0.0, 1.0 - ratio, 1.0) ** 2
    return np.asarray(unit * size * np.sqrt(kallen) * (kallen + 12.0 * ratio) / away * (kallen > 0.0))


def angular_density(
    cosine: ArrayLike, higgs_mass: ArrayLike, aprime_mass: ArrayLike, sqrt_s: ArrayLike = 10.58
) -> Array:
    """Density of the cosine of the angle between h′ and the beams in their centre of mass; its integral from −1 to 1 is 1.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless.
    Source: (3/4) (λ sin²θ + 8 m_A′²/s)/(λ + 12 m_A′²/s), as e⁺e⁻ → ZH: three polarisations of the A′, of which the
        longitudinal one grows with its energy. Near threshold it is flat.
    Raises: InputError unless masses and energies are positive.
    """
    cosine = np.asarray(cosine, dtype=np.float64)
    ratio, _, kallen = _ratios(higgs_mass, aprime_mass, sqrt_s)
    return np.asarray(0.75 * (kallen * (1.0 - cosine**2) + 8.0 * ratio) / (kallen + 12.0 * ratio))


def correlation(first: Array, second: Array, chi: Array, mass: ArrayLike, splitting: ArrayLike) -> Array:
    """Squared amplitude of e⁺e⁻ → h′ A′(→ χ₁χ₂), summed over all spins, up to a factor: what polarises the A′ and its decay.

    `first` and `second` are the momenta of e⁻ and e⁺, and `chi` that of χ₂, in the rest frame of the A′ of `mass`.

    Shape: (3, n) for the three momenta; (n,) returned.
    Unit: GeV⁴.
    Source: L_μν P^μα P^νβ H_αβ with L = p₁p₂ + p₂p₁ − g p₁·p₂, H = k₁k₂ + k₂k₁ − g X, P = g − kk/m_A′² and
        X = k₁·k₂ + m₁m₂ = (m_A′² − Δ²)/2: −4 (p₁·k)(p₂·k) + 2X p₁·p₂ − s k² + 3sX/2, products of the vectors in the
        rest frame (own calculation).
    Raises: InputError unless the mass is positive.
    """
    half = (positive("mass", mass, "GeV") ** 2 - np.asarray(splitting, dtype=np.float64) ** 2) / 2.0
    product = _dot(first, second)
    s = 2.0 * (np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0) - product)
    along = _dot(first, chi) * _dot(second, chi)
    return np.asarray(-4.0 * along + 2.0 * half * product - s * _dot(chi, chi) + 1.5 * s * half)


def width_of_aprime(aprime_mass: ArrayLike, chi_mass: ArrayLike, splitting: ArrayLike, alpha_d: ArrayLike) -> Array:
    """Width of A′ → χ₁χ₂; zero below threshold. Where it is open nothing else counts: decays to visible particles go like ε².

    Shape: that of the arguments broadcast together.
    Unit: GeV.
    Source: α_D (2k/m²) [k₁·k₂ + 3 m₁m₂ + 2 (E₁E₂)]/3 with the momentum k and the energies in the rest frame; α_D m/3 (1 + 2r) √(1 − 4r) for
        equal masses, as for Dirac χ (own calculation, the current above).
    Raises: InputError unless masses are positive and the others zero or positive.
    """
    m, chi, excited = _states(aprime_mass, chi_mass, splitting)
    alpha_d = not_negative("alpha_d", alpha_d)
    is_open = m > chi + excited
    parent = np.where(is_open, m, chi + excited)
    momentum = two_body_momentum(parent, chi, excited)
    energies = np.hypot(momentum, chi) * np.hypot(momentum, excited)
    bracket = energies + momentum**2 + 3.0 * chi * excited + 2.0 * energies
    return np.asarray(np.where(is_open, alpha_d * 2.0 * momentum / parent**2 * bracket / 3.0, 0.0))


def spectrum(q: ArrayLike, aprime_mass: ArrayLike, chi_mass: ArrayLike, splitting: ArrayLike) -> Array:
    """dΓ/dq² of χ₂ → χ₁ + a pair of massless leptons of charge 1 of invariant mass `q`, for ε = α_D = 1.

    Other particles have this times their R(q²), the ratio to such leptons.

    Shape: that of the arguments broadcast together; zero above the splitting.
    Unit: GeV⁻¹.
    Source: α (Δ² − q²) [(m₁ + m₂)² + 2q²] |q|/(6π m₂² (m_A′² − q²)²), |q| the momentum in the rest frame of χ₂ (own
        calculation): Γ(χ₂ → χ₁V(q²)) = α_D (Δ² − q²) [(m₁ + m₂)² + 2q²] |q|/(2 q² m₂²) times the propagator and
        Γ(V → ℓℓ) = ε² α q/3.
    Raises: InputError unless masses are positive, `q` and the splitting zero or positive, and the splitting below m_A′.
    """
    m, chi, excited = _states(aprime_mass, chi_mass, splitting)
    delta = excited - chi
    if not np.all(delta < m):
        raise InputError("splitting: every value must be below the mass of the A′, which would be on its mass shell")
    square = not_negative("q", q) ** 2
    room = np.maximum(delta**2 - square, 0.0)
    total = (chi + excited) ** 2
    momentum = np.sqrt(room * np.maximum(total - square, 0.0)) / (2.0 * excited)
    off_shell = np.maximum(m**2 - np.minimum(square, delta**2), np.finfo(np.float64).tiny) ** 2
    return np.asarray(ALPHA / (6.0 * np.pi) * room * (total + 2.0 * square) * momentum / (excited**2 * off_shell))


def transverse_share(q: ArrayLike, chi_mass: ArrayLike, splitting: ArrayLike) -> Array:
    """The part of these pairs whose virtual A′ is transverse: its leptons go like 1 + cos²θ, the others like sin²θ.

    θ is the angle of a massless lepton in the rest frame of the pair to the line of flight of the pair from χ₂, averaged over its spin.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless.
    Source: 2q²/[(m₁ + m₂)² + 2q²], from the same squared amplitude.
    Raises: InputError unless masses are positive, `q` and the splitting zero or positive.
    """
    square = 2.0 * not_negative("q", q) ** 2
    total = (2.0 * positive("chi_mass", chi_mass, "GeV") + not_negative("splitting", splitting)) ** 2
    return np.asarray(square / (total + square))


def partial_widths(
    aprime_mass: ArrayLike, chi_mass: ArrayLike, splitting: ArrayLike, mixing: ArrayLike = 1.0, alpha_d: ArrayLike = 1.0
) -> dict[str, Array]:
    """Widths of χ₂ → χ₁ + "e+e-", "mu+mu-", "tau+tau-" and the channels of `hadrons.CHANNELS`; what is closed is zero.

    Shape: that of the arguments broadcast together, for each.
    Unit: GeV.
    Source: `spectrum` times R(q²), integrated; R = (1 + 2r) √(1 − 4r), r = m_ℓ²/q², for leptons, `hadrons.ratios` of
        the electric charges for hadrons. For a small splitting the width to e⁺e⁻ is 4 ε² α α_D Δ⁵/(15π m_A′⁴).
    Raises: as `spectrum`, and InputError unless the mixing and α_D are zero or positive.
    """
    size = not_negative("mixing", mixing) ** 2 * not_negative("alpha_d", alpha_d)
    m, chi, excited = np.broadcast_arrays(*_states(aprime_mass, chi_mass, splitting))
    thresholds = {channel: 2.0 * particle_mass(lepton) for channel, lepton in LEPTONS.items()}
    widths = {}
    for channel, threshold in thresholds.items():
        q, step = _midpoints(threshold, excited - chi)
        r = (threshold / np.maximum(2.0 * q, np.finfo(np.float64).tiny)) ** 2
        ratio = (1.0 + 2.0 * r) * np.sqrt(np.maximum(1.0 - 4.0 * r, 0.0))
        widths[channel] = size * _integral(q, step, ratio, m, chi, excited)
    q, step = _midpoints(particle_mass("pi0"), excited - chi)
    for channel, ratio in hadrons.ratios(q, 2 / 3, -1 / 3, -1 / 3).items():
        widths[channel] = size * _integral(q, step, ratio, m, chi, excited)
    return widths


def decay_length(
    aprime_mass: ArrayLike, chi_mass: ArrayLike, splitting: ArrayLike, mixing: ArrayLike = 1.0, alpha_d: ArrayLike = 1.0
) -> Array:
    """Proper decay length cτ of χ₂; infinite where its width is zero.

    Shape: that of the arguments broadcast together.
    Unit: m.
    Source: definition, with the sum of `partial_widths`.
    Raises: as `partial_widths`.
    """
    total = sum(partial_widths(aprime_mass, chi_mass, splitting, mixing, alpha_d).values(), np.zeros(()))
    with np.errstate(divide="ignore"):
        return np.asarray(HBARC / total, dtype=np.float64)


def branching(aprime_mass: ArrayLike, chi_mass: ArrayLike, splitting: ArrayLike) -> dict[str, Array]:
    """Branching fractions of χ₂ → χ₁ + the channels of `partial_widths`.

    Shape: that of the arguments broadcast together, for each.
    Unit: dimensionless.
    Source: ratios of `partial_widths`.
    Raises: as `partial_widths`, and InputError where the splitting is below 2 mₑ.
    """
    widths = partial_widths(aprime_mass, chi_mass, splitting)
    total = sum(widths.values(), np.zeros(()))
    if not np.all(total > 0.0):
        raise InputError("splitting: every value must be above 2 m_e: nothing else that is offered is open")
    return {channel: np.asarray(width / total) for channel, width in widths.items()}


def _ratios(higgs_mass: ArrayLike, aprime_mass: ArrayLike, sqrt_s: ArrayLike) -> tuple[Array, Array, Array]:
    """m_A′²/s, m_h′²/s and λ, which is zero where e⁺e⁻ → A′h′ is closed."""
    higgs, aprime = positive("higgs_mass", higgs_mass, "GeV"), positive("aprime_mass", aprime_mass, "GeV")
    energy = positive("sqrt_s", sqrt_s, "GeV")
    kallen = (1.0 - ((higgs + aprime) / energy) ** 2) * (1.0 - ((higgs - aprime) / energy) ** 2)
    is_open = higgs + aprime < energy
    return (aprime / energy) ** 2, (higgs / energy) ** 2, np.asarray(np.where(is_open, kallen, 0.0))


def _states(aprime_mass: ArrayLike, chi_mass: ArrayLike, splitting: ArrayLike) -> tuple[Array, Array, Array]:
    """Masses of A′, χ₁ and χ₂."""
    m, chi = positive("aprime_mass", aprime_mass, "GeV"), positive("chi_mass", chi_mass, "GeV")
    return m, chi, chi + not_negative("splitting", splitting)


def _midpoints(threshold: float, delta: Array) -> tuple[Array, Array]:
    """Invariant masses (..., nodes) from a threshold to the splitting, denser at both ends, and dq² of each."""
    u = (np.arange(NODES) + 0.5) / NODES
    room = np.maximum(delta - threshold, 0.0)[..., None]
    q = threshold + room * np.sin(np.pi / 2.0 * u) ** 2
    return q, np.asarray(2.0 * q * room * np.pi / 2.0 * np.sin(np.pi * u) / NODES)


def _integral(q: Array, step: Array, ratio: Array, m: Array, chi: Array, excited: Array) -> Array:
    density = spectrum(q, m[..., None], chi[..., None], (excited - chi)[..., None])
    return np.asarray(np.sum(density * ratio * step, axis=-1))


def _dot(first: Array, second: Array) -> Array:
    return np.asarray(np.sum(first * second, axis=0))
