"""Decays of B mesons and kaons to an axion-like particle coupled to W bosons.

L = −(g_aWW/4) a Wᵃ W̃ᵃ. Masses in GeV; branching fractions for g_aWW = 1 GeV⁻¹: multiply by g_aWW² (they are not bounded by 1).

A loop of W and up-type quarks q gives −g_ij ∂_μa d̄_j γ^μ P_L d_i + h.c. with (arXiv:1611.09355)
g_ij = −(3√2 G_F m_W² g_aWW/16π²) Σ_q V_qi V*_qj f(m_q²/m_W²), f(x) = x [1 + x (ln x − 1)]/(1 − x)²; what does not depend on m_q
cancels in the sum, which makes it finite.

Inclusive rate. Between quarks ∂_μa becomes the momentum p_b − p_s. With m_s = 0 the equation of motion turns it into the mass of
the b quark: M = g_bs m_b s̄ P_R b. Averaged over the spin of b, |M|² = ½ |g_bs|² m_b² · 2 p_s·p_b = ½ |g_bs|² m_b² (m_b² − m²). With
|p| = (m_b² − m²)/(2 m_b) and Γ = |p| |M|²/(8π m_b²), Γ(b → s a) = |g_bs|² m_b³/(32π) (1 − m²/m_b²)². Of this the mass m_b is the
least certain: it stands to the third power, and no QCD correction is included that would say which one to take. The fraction of B⁺
in units of 10⁴ GeV² is 1.6 at 4.18 GeV (MS-bar), 2.1 at 4.57 (kinetic) and 2.5 at 4.8 (pole, roughly); studies of forward detectors
use 2.3 for all B mesons.

The mass of the top quark enters through f ≈ x^0.5: MS-bar here; the pole mass, 173 GeV, makes all B fractions 13 % larger.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError, unknown
from limits.physics.checked import positive
from limits.physics.decay import two_body_momentum
from limits.physics.meson_decays import MesonDecay
from limits.units import HBARC
from limits.units import mass as particle_mass

__all__ = [
    "branching_b_to_kaon",
    "branching_b_to_s",
    "branching_charged_kaon",
    "branching_neutral_kaon_long",
    "branching_neutral_kaon_short",
    "coupling_bs",
    "coupling_sd",
    "decays_to_alp_w",
    "loop_function",
    "mass_of_strange_system",
]

FERMI_CONSTANT: Final = 1.1663788e-5
"""G_F in GeV⁻² (PDG)."""

CKM: Final = (0.22501, 0.826, 0.1591, 0.3523)
"""Wolfenstein parameters λ, A, ρ̄, η̄ (global fit of the PDG review "CKM quark-mixing matrix" 2024; a recollection)."""

TOP_MASS: Final = 162.5
"""MS-bar mass m_t(m_t) in GeV (PDG, from cross-sections; a recollection, ± 2)."""

BOTTOM_MASS: Final = 4.57
"""Kinetic mass of the b quark at 1 GeV, in GeV (arXiv:2107.00604)."""


class Parent(NamedTuple):
    """PDG name, and mean proper decay length cτ in m (PDG tables of the `particle` package)."""

    name: str
    length: float


B_MESONS: Final = {511: Parent("B0", 4.531e-4), 521: Parent("B+", 4.907e-4), 531: Parent("B(s)0", 4.541e-4)}
"""The B mesons by PDG code."""

CHARGED_KAON: Final = Parent("K+", 3.711)
LONG_KAON: Final = Parent("K(L)0", 15.332)
SHORT_KAON: Final = Parent("K(S)0", 0.026844)


def loop_function(x: ArrayLike) -> NDArray[np.float64]:
    """The function f(x) of the W loop, x = m_q²/m_W².

    Shape: that of `x`.
    Unit: dimensionless.
    Source: arXiv:1611.09355 Eq. (3): x [1 + x (ln x − 1)]/(1 − x)², continued by x (1/2 − (x − 1)/6) around its removable pole.
    Raises: InputError unless `x` is positive.
    """
    x = np.asarray(x, dtype=np.float64)
    if not np.all(x > 0.0):
        raise InputError("x: every value must be positive")
    near = np.abs(x - 1.0) < 1e-4
    away = np.where(near, 2.0, x)
    return np.where(near, x * (0.5 - (x - 1.0) / 6.0), away * (1.0 + away * (np.log(away) - 1.0)) / (1.0 - away) ** 2)


def coupling_bs(m_t: float = TOP_MASS) -> complex:
    """Coupling g_bs for g_aWW = 1 GeV⁻¹.

    Shape: scalar.
    Unit: GeV⁻¹.
    Source: see the head of this module; top and charm in the loop, the up quark adds 1e-9.
    Raises: InputError unless `m_t` is positive.
    """
    return _coupling(2, 1, m_t)


def coupling_sd(m_t: float = TOP_MASS) -> complex:
    """Coupling g_sd for g_aWW = 1 GeV⁻¹; charm is a tenth of it.

    Shape: scalar.
    Unit: GeV⁻¹.
    Source: as `coupling_bs`.
    Raises: as `coupling_bs`.
    """
    return _coupling(1, 0, m_t)


def branching_b_to_s(
    mass: ArrayLike, m_b: float = BOTTOM_MASS, parent: int = 521, m_t: float = TOP_MASS
) -> NDArray[np.float64]:
    """Branching fraction of B → X_s a summed over strange systems X_s; zero for masses above `m_b`.

    Near m_b, and wherever X_s would have to be lighter than about 1 GeV, quarks are no longer a fair description.

    Shape: that of `mass`.
    Unit: dimensionless, for g_aWW = 1 GeV⁻¹. `parent` is a PDG code: 511, 521 or 531.
    Source: Γ τ_B with the inclusive rate derived at the head of this module.
    Raises: InputError unless masses are positive; UnknownName for another parent.
    """
    mass = positive("mass", mass)
    ratio = (mass / positive("m_b", m_b)) ** 2
    rate = abs(coupling_bs(m_t)) ** 2 * m_b**3 / (32.0 * np.pi) * np.maximum(1.0 - ratio, 0.0) ** 2
    return np.asarray(rate * _b_meson(parent).length / HBARC, dtype=np.float64)


def branching_b_to_kaon(mass: ArrayLike, excited: bool = False, parent: int = 521) -> NDArray[np.float64]:
    """Branching fraction of B → K a, or of B → K*(892) a with `excited`; zero when closed.

    Shape: that of `mass`.
    Unit: dimensionless, for g_aWW = 1 GeV⁻¹; `parent` is 511 or 521, with a kaon of the same charge (masses of the neutral K*).
    Source: arXiv:1611.09355 Eqs. (5) and (6); form factors of arXiv:hep-ph/0406232 and arXiv:hep-ph/0412079, whose parameters are
        a recollection: f₀ = 0.330/(1 − q²/37.46), A₀ = 1.364/(1 − q²/m_B²) − 0.990/(1 − q²/36.78); about 10 % each.
    Raises: InputError unless masses are positive; UnknownName for another parent.
    """
    mass, meson = positive("mass", mass), _b_meson(parent, (511, 521))
    heavy = particle_mass(meson.name)
    light = particle_mass("K*(892)0" if excited else "K+" if parent == 521 else "K0")
    root = _phase_space(mass, heavy, light)
    q2 = np.where(root > 0.0, mass, 0.0) ** 2
    if excited:
        form = 1.364 / (1.0 - q2 / heavy**2) - 0.990 / (1.0 - q2 / 36.78)
        shape = form**2 * root**3
    else:
        form = 0.330 / (1.0 - q2 / 37.46)
        shape = form**2 * root * (1.0 - (light / heavy) ** 2) ** 2
    rate = heavy**3 / (64.0 * np.pi) * abs(coupling_bs()) ** 2 * shape
    return np.asarray(rate * meson.length / HBARC, dtype=np.float64)


def branching_charged_kaon(mass: ArrayLike, m_t: float = TOP_MASS) -> NDArray[np.float64]:
    """Branching fraction of K⁺ → π⁺ a; zero when closed.

    Shape: that of `mass`.
    Unit: dimensionless, for g_aWW = 1 GeV⁻¹.
    Source: arXiv:1611.09355: M³/(64π) |g_sd|² (1 − m_π²/M²)² √λ f² τ with the form factor f = 1 (it is 0.97 at q² = 0 and rises).
    Raises: InputError unless masses are positive.
    """
    return _kaon(mass, abs(coupling_sd(m_t)), CHARGED_KAON, "pi+")


def branching_neutral_kaon_long(mass: ArrayLike, m_t: float = TOP_MASS) -> NDArray[np.float64]:
    """Branching fraction of K_L → π⁰ a; zero when closed.

    Shape: that of `mass`.
    Unit: dimensionless, for g_aWW = 1 GeV⁻¹.
    Source: as `branching_charged_kaon` with Im g_sd: π⁰ a is even under CP, and K_L odd but for ε_K, which is neglected here: it
        would mix in Re g_sd and change the rate by 1 %.
    Raises: InputError unless masses are positive.
    """
    return _kaon(mass, abs(coupling_sd(m_t).imag), LONG_KAON, "pi0")


def branching_neutral_kaon_short(mass: ArrayLike, m_t: float = TOP_MASS) -> NDArray[np.float64]:
    """Branching fraction of K_S → π⁰ a; zero when closed.

    Shape: that of `mass`.
    Unit: dimensionless, for g_aWW = 1 GeV⁻¹.
    Source: as `branching_neutral_kaon_long` with Re g_sd.
    Raises: InputError unless masses are positive.
    """
    return _kaon(mass, abs(coupling_sd(m_t).real), SHORT_KAON, "pi0")


def mass_of_strange_system(mass: float, parent: int = 521, m_b: float = BOTTOM_MASS) -> float:
    """A typical mass of X_s in B → X_s a, for two-body kinematics.

    Shape: scalar.
    Unit: GeV.
    Source: the b quark at rest in the B gives the ALP (m_b² + m²)/(2 m_b), so that m_X² = (m_B − m_b)(m_B − m²/m_b), but at least
        m_K². For a light ALP that is 1.9 GeV and an energy of m_b/2 = 2.29 GeV, near the mean of the photon spectrum of B → X_s γ,
        2.3 GeV. With a kaon instead of X_s, the energy would be 2.62 GeV.
    Raises: InputError unless 0 < mass < m_b < m_B; UnknownName for another parent.
    """
    heavy = particle_mass(_b_meson(parent).name)
    if not 0.0 < mass < m_b < heavy:
        raise InputError(f"mass = {mass!r}, m_b = {m_b!r}: 0 < mass < m_b < m_B = {heavy:.5g} GeV is expected")
    return float(max(np.sqrt((heavy - m_b) * (heavy - mass**2 / m_b)), particle_mass("K+")))


def decays_to_alp_w(mass: float, m_b: float = BOTTOM_MASS) -> tuple[MesonDecay, ...]:
    """All decays of B⁰, B⁺, B_s, K⁺ and K_L to an ALP of `mass` coupled to W bosons that are open.

    The partner of the ALP from a B meson is X_s with `mass_of_strange_system`. K_S → π⁰ a is smaller by 1e-2 and left out.

    Shape: one `MesonDecay` per parent.
    Unit: masses in GeV; branching fractions for g_aWW = 1 GeV⁻¹, valid for particle and antiparticle.
    Source: `branching_b_to_s`, `branching_charged_kaon`, `branching_neutral_kaon_long`.
    Raises: InputError unless `mass` is positive.
    """
    found = []
    for code, meson in B_MESONS.items():
        branching = float(branching_b_to_s(mass, m_b, code))
        if branching > 0.0:
            partner = mass_of_strange_system(mass, code, m_b)
            found.append(MesonDecay(code, particle_mass(meson.name), partner, branching))
    kaons = (
        (321, CHARGED_KAON, "pi+", branching_charged_kaon(mass)),
        (130, LONG_KAON, "pi0", branching_neutral_kaon_long(mass)),
    )
    for code, kaon, pion, fraction in kaons:
        if fraction > 0.0:
            found.append(MesonDecay(code, particle_mass(kaon.name), particle_mass(pion), float(fraction)))
    return tuple(found)


def _coupling(heavy: int, light: int, m_t: float) -> complex:
    """g_ij for down-type quarks numbered d, s, b from 0."""
    sine, a, rho, eta = CKM
    # ρ̄ + iη̄ = −V_ud V*_ub/(V_cd V*_cb) to all orders; V_ub follows, and the rest in the standard phase convention.
    apex = complex(rho, eta)
    s23 = a * sine**2
    root = np.sqrt(1.0 - s23**2)
    ub = sine * s23 * apex.conjugate() * root / (np.sqrt(1.0 - sine**2) * (1.0 - s23**2 * apex.conjugate()))
    c12, c23, c13 = np.sqrt(1.0 - sine**2), root, np.sqrt(1.0 - abs(ub) ** 2)
    phase = ub.conjugate()
    charm = (-sine * c23 - c12 * s23 * phase, c12 * c23 - sine * s23 * phase, s23 * c13)
    top = (sine * s23 - c12 * c23 * phase, -c12 * s23 - sine * c23 * phase, c23 * c13)
    w = particle_mass("W-")
    total = 0.0 + 0.0j
    for quark, row in ((positive("m_t", m_t), top), (particle_mass("c"), charm)):
        total += complex(row[heavy] * np.conj(row[light])) * float(loop_function((quark / w) ** 2))
    return complex(-3.0 * 2.0**0.5 * FERMI_CONSTANT * w**2 / (16.0 * np.pi**2) * total)


def _kaon(mass: ArrayLike, coupling: float, kaon: Parent, pion: str) -> NDArray[np.float64]:
    mass, heavy, light = positive("mass", mass), particle_mass(kaon.name), particle_mass(pion)
    shape = (1.0 - (light / heavy) ** 2) ** 2 * _phase_space(mass, heavy, light)
    return np.asarray(heavy**3 / (64.0 * np.pi) * coupling**2 * shape * kaon.length / HBARC, dtype=np.float64)


def _phase_space(mass: NDArray[np.float64], heavy: float, light: float) -> NDArray[np.float64]:
    """√λ(1, m²/M², μ²/M²), zero when closed."""
    inside = np.minimum(mass, heavy - light)
    return np.asarray(2.0 * two_body_momentum(heavy, light, inside) / heavy, dtype=np.float64)


def _b_meson(code: int, allowed: tuple[int, ...] = tuple(B_MESONS)) -> Parent:
    if code not in allowed:
        raise unknown("parent", code, map(str, allowed))
    return B_MESONS[code]
