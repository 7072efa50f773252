"""Meson decays to a vector, and mixing with vector mesons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from limits.errors import InputError
from limits.physics.aprime import branching_from_pseudoscalar
from limits.physics.meson_decays import decays_to_vector, mixing_with_mesons
from limits.physics.vector import VECTORS
from limits.units import ALPHA, ELEMENTARY_CHARGE
from limits.units import mass as particle_mass

APRIME, B_MINUS_L = VECTORS["aprime"], VECTORS["b-l"]


def fraction(name: str, mass: float, parent: int, partner: float = 0.0) -> float:
    """Branching fraction at coupling 1 with a partner of that mass; 0 if it is not listed."""
    found = [
        d.branching for d in decays_to_vector(VECTORS[name], mass) if d.parent == parent and d.partner_mass == partner
    ]
    assert len(found) <= 1
    return found[0] if found else 0.0


@pytest.mark.parametrize(
    ("parent", "name", "diphoton"), [(111, "pi0", 0.98823), (221, "eta", 0.3936), (331, "eta'(958)", 0.02307)]
)
def test_dark_photon_from_pseudoscalars(parent: int, name: str, diphoton: float) -> None:
    expected = float(branching_from_pseudoscalar(0.1, 1.0, particle_mass(name), diphoton))
    assert fraction("aprime", 0.1, parent) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("parent", "mass", "expected"), [(111, 0.1, 1.0), (221, 0.3, 0.25), (331, 0.3, 1 / 49)])
def test_b_minus_l_against_the_dark_photon(parent: int, mass: float, expected: float) -> None:
    # Traces by hand: π⁰ ⅓/⅓, η (2/9)/(4/9) (¼ in FORESEE), η′ (−1/9)/(7/9).
    ratio = fraction("b-l", mass, parent) / fraction("aprime", mass, parent) * ELEMENTARY_CHARGE**2
    assert ratio == pytest.approx(expected, rel=1e-12)


def test_photon_limit_of_vector_mesons_is_the_radiative_fraction() -> None:
    # m → 0: BR(V → PA′) → ε² BR(V → Pγ); PDG.
    pion, eta = particle_mass("pi0"), particle_mass("eta")
    expected = {(223, pion): 0.0835, (223, eta): 4.5e-4, (113, pion): 4.7e-4, (113, eta): 3.0e-4, (333, eta): 0.01303}
    for (parent, partner), value in expected.items():
        assert fraction("aprime", 1e-4, parent, partner) == pytest.approx(value, rel=1e-5)
    assert fraction("aprime", 1e-4, 331, particle_mass("rho(770)0")) == pytest.approx(0.295, rel=1e-4)
    assert fraction("aprime", 1e-4, 331, particle_mass("omega(782)")) == pytest.approx(0.0252, rel=1e-4)


def test_omega_to_pion_and_pairs_is_the_measured_dalitz_decay() -> None:
    # A′ exchange as a virtual photon: BR(π⁰e⁺e⁻)/BR(π⁰γ) = (2α/3π)∫dm/m (p/p_γ)³ …; PDG 7.7e-4/0.0835, 8 %, |F|² = 1.
    pion, omega, electron = particle_mass("pi0"), particle_mass("omega(782)"), particle_mass("e-")

    def rate(logarithm: float) -> float:
        m = float(np.exp(logarithm))
        r = (electron / m) ** 2
        return fraction("aprime", m, 223, pion) * (1 + 2 * r) * np.sqrt(max(1 - 4 * r, 0.0))

    integral, _ = quad(rate, np.log(2 * electron), np.log((omega - pion) * (1 - 1e-9)), limit=200, epsrel=1e-4)
    assert 2 * ALPHA / (3 * np.pi) * integral == pytest.approx(7.7e-4, rel=0.12)


def test_pion_to_photon_and_pairs_is_the_measured_dalitz_decay() -> None:
    # The same for π⁰ → γe⁺e⁻, PDG 1.174 %.
    pion, electron = particle_mass("pi0"), particle_mass("e-")

    def rate(logarithm: float) -> float:
        m = float(np.exp(logarithm))
        r = (electron / m) ** 2
        return fraction("aprime", m, 111) * (1 + 2 * r) * np.sqrt(max(1 - 4 * r, 0.0))

    integral, _ = quad(rate, np.log(2 * electron), np.log(pion * (1 - 1e-9)), limit=200, epsrel=1e-4)
    assert 2 * ALPHA / (3 * np.pi) * integral == pytest.approx(0.01174, rel=0.01)


def test_isospin_of_b_minus_l() -> None:
    # An isoscalar current: ω → η and ρ → π⁰, each with charge 2 against the photon, not ω → π⁰, ρ → η, φ → π⁰, η′ → ρ.
    parents = {(found.parent, found.partner_mass) for found in decays_to_vector(B_MINUS_L, 0.05)}
    pion, eta, omega = particle_mass("pi0"), particle_mass("eta"), particle_mass("omega(782)")
    photons = {(111, 0.0), (221, 0.0), (331, 0.0)}
    assert parents == photons | {(113, pion), (223, eta), (333, eta), (331, omega)}
    ratio = fraction("b-l", 0.1, 113, pion) / fraction("aprime", 0.1, 113, pion) * ELEMENTARY_CHARGE**2
    assert ratio == pytest.approx(4.0, rel=1e-12)


@pytest.mark.parametrize("name", ["lmu-ltau", "le-lmu", "le-ltau"])
def test_leptonic_vectors_do_not_come_from_mesons(name: str) -> None:
    assert decays_to_vector(VECTORS[name], 0.05) == ()
    assert mixing_with_mesons(VECTORS[name], 0.5) == ()


@given(name=st.sampled_from(["aprime", "b-l"]), mass=st.floats(1e-4, 1.2))
def test_only_open_decays_are_listed(name: str, mass: float) -> None:
    for found in decays_to_vector(VECTORS[name], mass):
        assert found.partner_mass + mass < found.parent_mass
        assert found.branching > 0.0


def test_mixing_on_resonance_and_far_below() -> None:
    # |m_V²/(i m_V Γ_V)|² = (m_V/Γ_V)² on the peak, 1 at zero mass; e²/g_V² = 4πα/g_V².
    found = {mixing.parent: mixing.probability for mixing in mixing_with_mesons(APRIME, 0.77526)}
    assert found[113] == pytest.approx(4 * np.pi * ALPHA / 25 * (0.77526 / 0.1474) ** 2, rel=1e-6)
    far = {mixing.parent: mixing.probability for mixing in mixing_with_mesons(APRIME, 1e-3)}
    assert far[333] == pytest.approx(4 * np.pi * ALPHA / 12.88**2, rel=1e-4)
    assert set(far) == {113, 223, 333}


def test_mesons_couple_to_electrons_as_measured() -> None:
    # Γ(V → e⁺e⁻) = 4πα² m_V/(3 g_V²): PDG 7.04 keV (ρ), 0.64 keV (ω), 1.27 keV (φ). Found: −5, −6, +8 %.
    widths = {113: (0.77526, 7.04e-6), 223: (0.78266, 6.4e-7), 333: (1.019461, 1.27e-6)}
    for found in mixing_with_mesons(APRIME, 1e-3):
        mass, measured = widths[found.parent]
        assert ALPHA / 3 * mass * found.probability == pytest.approx(measured, rel=0.09)


def test_b_minus_l_mixes_with_omega_and_phi_only() -> None:
    photon = {mixing.parent: mixing.probability for mixing in mixing_with_mesons(APRIME, 0.9)}
    found = {mixing.parent: mixing.probability for mixing in mixing_with_mesons(B_MINUS_L, 0.9)}
    assert set(found) == {223, 333}
    assert found[223] / photon[223] * ELEMENTARY_CHARGE**2 == pytest.approx(4.0, rel=1e-12)
    assert found[333] / photon[333] * ELEMENTARY_CHARGE**2 == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("mass", [0.0, -0.1, float("nan")])
def test_impossible_mass_is_refused(mass: float) -> None:
    with pytest.raises(InputError, match="mass"):
        decays_to_vector(APRIME, mass)
    with pytest.raises(InputError, match="mass"):
        mixing_with_mesons(APRIME, mass)
