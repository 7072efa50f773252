"""Two-body decays of light mesons to a vector boson, and its mixing with ρ, ω and φ.

Masses are in GeV. Fractions and probabilities are those at coupling 1; they grow with the square of the coupling.
The transition form factors are taken as 1. With vector-meson dominance they would multiply P → γX by 1/(1 − m²/m_ρ²)²:
by 1.06 for the π⁰ and 4.0 for the η at the end of the spectrum, where phase space closes; for the η by 1.2 at 0.25 GeV
and 1.9 at 0.4 GeV. For the η′ the ρ pole lies inside the spectrum: its decay to γX is right to a factor of 2 up to
0.4 GeV only. V → PX gains likewise: ω → π⁰X by 1.9 at 0.4 GeV, and by more near its end at 0.65 GeV, where measured
ω → π⁰μ⁺μ⁻ is larger still (NA60, a recollection).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from limits.errors import InputError
from limits.physics.decay import two_body_momentum
from limits.physics.hadrons import OMEGA, PHI, RHO
from limits.physics.vector import Vector
from limits.units import ELEMENTARY_CHARGE
from limits.units import mass as particle_mass

__all__ = ["MesonDecay", "MesonMixing", "decays_to_vector", "mixing_with_mesons"]


class MesonDecay(NamedTuple):
    """A decay parent → partner + X: PDG code and mass of the parent, mass of the partner, fraction at coupling 1."""

    parent: int
    parent_mass: float
    partner_mass: float
    branching: float


class MesonMixing(NamedTuple):
    """Mixing of X with a vector meson: PDG code of the meson and |θ|², X per meson, at coupling 1."""

    parent: int
    probability: float


class Meson(NamedTuple):
    """PDG code, PDG name, and the amplitudes of ūu, d̄d and s̄s up to a norm."""

    code: int
    name: str
    content: tuple[float, float, float]


PION: Final = Meson(111, "pi0", (1, -1, 0))
ETA: Final = Meson(221, "eta", (1, 1, -1))
ETA_PRIME: Final = Meson(331, "eta'(958)", (1, 1, 2))
RHO_MESON: Final = Meson(113, "rho(770)0", (1, -1, 0))
OMEGA_MESON: Final = Meson(223, "omega(782)", (1, 1, 0))
PHI_MESON: Final = Meson(333, "phi(1020)", (0, 0, 1))

QUARK_CHARGES: Final = (2 / 3, -1 / 3, -1 / 3)

DIPHOTON: Final = ((PION, 0.98823), (ETA, 0.3936), (ETA_PRIME, 0.02307))
"""Branching fractions to γγ. Source: PDG 2024."""

RADIATIVE: Final = (
    (ETA_PRIME, RHO_MESON, 0.295),
    (ETA_PRIME, OMEGA_MESON, 0.0252),
    (RHO_MESON, PION, 4.7e-4),
    (RHO_MESON, ETA, 3.0e-4),
    (OMEGA_MESON, PION, 0.0835),
    (OMEGA_MESON, ETA, 4.5e-4),
    (PHI_MESON, PION, 1.32e-3),
    (PHI_MESON, ETA, 0.01303),
)
"""Parent, partner and branching fraction to partner + γ; the ρ is taken as narrow. Source: PDG 2024, a recollection."""

MESON_COUPLINGS: Final = (
    (RHO_MESON, RHO, 5.0),
    (OMEGA_MESON, OMEGA, 17.0),
    (PHI_MESON, PHI, -12.88),
)
"""g_V, with e/g_V the mixing of the photon with the meson. Source: arXiv:2105.07077 (FORESEE), a recollection.

Γ(V → e⁺e⁻) = 4πα² m_V/(3 g_V²) from them is 5 % and 6 % below the PDG for ρ and ω, and 8 % above it for φ.
"""


def decays_to_vector(vector: Vector, mass: float) -> tuple[MesonDecay, ...]:
    """Open decays P → γX of π⁰, η, η′, V → PX of ρ, ω, φ, and η′ → VX; those that the charges forbid are left out.

    A meson can come with several partners: the sum over the tuple is inclusive.

    Unit: dimensionless, per decay of the parent.
    Source: arXiv:0906.5614 for P → γX: 2 (g/e)² BR(P → γγ) (1 − m²/M²)³. For a partner of mass M′ (a P wave):
        (g/e)² BR(γ) (p/p_γ)³. Both times the squared ratio of the charges traced over the quarks with the content of
        the mesons: Σ c Q x/Σ c Q², or Σ c c′ x/Σ c c′ Q. φ → π⁰X breaks the quark rule, but not isospin: x_u − x_d.
    Raises: InputError if the mass is not positive.
    """
    _check_mass(mass)
    strength = (vector.unit / ELEMENTARY_CHARGE) ** 2
    found = []
    for meson, fraction in DIPHOTON:
        charges = _charge_ratio(vector, tuple(c * q for c, q in zip(meson.content, QUARK_CHARGES, strict=True)))
        found.append((meson, 0.0, 2 * strength * fraction * charges**2))
    for meson, partner, fraction in RADIATIVE:
        content = tuple(c * d for c, d in zip(meson.content, partner.content, strict=True))
        # No quark of the φ is found in the π⁰; whatever mixing makes the decay takes isospin 0 to 1.
        charges = _charge_ratio(vector, content if any(content) else (1.0, -1.0, 0.0))
        found.append((meson, particle_mass(partner.name), strength * fraction * charges**2))
    return tuple(
        MesonDecay(
            meson.code, particle_mass(meson.name), partner_mass, factor * _phase_space(meson, partner_mass, mass)
        )
        for meson, partner_mass, factor in found
        if factor > 0.0 and mass + partner_mass < particle_mass(meson.name)
    )


def mixing_with_mesons(vector: Vector, mass: float) -> tuple[MesonMixing, ...]:
    """X per ρ⁰, ω or φ by mixing, for a meson made at the mass of X; those that the charges forbid are left out.

    Good for masses from about half to twice that of the meson; far from it the meson is made with another rate.

    Unit: dimensionless, per meson.
    Source: the convention of FORESEE, arXiv:2105.07077: |θ|² = (g/g_V)² |m_V²/(m² − m_V² + i m_V Γ_V)|² times the
        squared charge of the meson's current over that for the photon: x_u − x_d, 3 (x_u + x_d), −3 x_s.
    Raises: InputError if the mass is not positive.
    """
    _check_mass(mass)
    found = []
    for meson, resonance, coupling in MESON_COUPLINGS:
        charges = _charge_ratio(vector, meson.content)
        line = resonance.mass**2 / complex(mass**2 - resonance.mass**2, resonance.mass * resonance.width)
        found.append(MesonMixing(meson.code, (vector.unit / coupling * charges) ** 2 * abs(line) ** 2))
    return tuple(mixing for mixing in found if mixing.probability > 0.0)


def _charge_ratio(vector: Vector, content: tuple[float, ...]) -> float:
    """Σ c x/Σ c Q: the charge of X traced over the quarks, relative to that of the photon."""
    own = sum(c * x for c, x in zip(content, (vector.up, vector.down, vector.strange), strict=True))
    return own / sum(c * q for c, q in zip(content, QUARK_CHARGES, strict=True))


def _phase_space(meson: Meson, partner_mass: float, mass: float) -> float:
    """(p/p_γ)³ of parent → partner + X against the same decay with a photon."""
    parent = particle_mass(meson.name)
    momentum = two_body_momentum(parent, partner_mass, mass) / two_body_momentum(parent, partner_mass, 0.0)
    return float(momentum**3)


def _check_mass(mass: float) -> None:
    # Written so that nan fails too.
    if not mass > 0.0:
        raise InputError(f"vector mass {mass!r}: a positive number of GeV is expected")
