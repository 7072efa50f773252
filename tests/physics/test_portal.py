"""Portals: what they say must be what the models say, at coupling 1."""

from __future__ import annotations

import numpy as np
import pytest

from limits.physics.portal import PORTALS
from limits.units import ALPHA, ELEMENTARY_CHARGE, HBARC
from limits.units import mass as particle_mass


def test_what_there_is() -> None:
    assert set(PORTALS) == {"aprime", "b-l", "alp-w", "alp-photon"}
    for portal in PORTALS.values():
        low, high = portal.coupling.couplings
        assert 0 < low < high
    assert PORTALS["aprime"].conversion is None
    assert PORTALS["alp-photon"].conversion is not None
    assert PORTALS["alp-photon"].decays(0.1) == ()
    assert PORTALS["alp-w"].bremsstrahlung is None
    assert PORTALS["alp-w"].mixing(0.1) == ()


def test_dark_photon_lives_as_in_the_textbook() -> None:
    """Γ = α ε² m/3 for light electrons; 80 m · (1e-5/ε)² (100 MeV/m)² E/TeV of arXiv:1708.09389 is cτ = 8.0 mm at 100 MeV, ε = 1e-5."""
    portal = PORTALS["aprime"]
    assert portal.decay_length(0.1) == pytest.approx(3 * HBARC / (ALPHA * 0.1), rel=1e-4)
    assert portal.decay_length(0.1) / 1e-10 == pytest.approx(80 * 0.1 / 1000, rel=0.02)
    assert portal.decay_length(1e-4) == np.inf
    assert portal.branching(1e-4) == {}


def test_branching_fractions_of_vectors() -> None:
    muon = particle_mass("mu-")
    assert {s: b for s, b in PORTALS["aprime"].branching(0.1).items() if b} == pytest.approx({"e+e-": 1.0})
    r = (muon / 0.26) ** 2
    ratio = PORTALS["aprime"].branching(0.26)
    assert ratio["mu+mu-"] / ratio["e+e-"] == pytest.approx((1 + 2 * r) * np.sqrt(1 - 4 * r), rel=1e-6)
    # B−L at 50 MeV: e⁺e⁻ and three half flavours of neutrinos, 1 : 1.5.
    light = PORTALS["b-l"].branching(0.05)
    assert light["e+e-"] == pytest.approx(0.4, rel=1e-4)
    assert light["neutrinos"] == pytest.approx(0.6, rel=1e-4)
    for mass in (0.05, 0.3, 0.77, 1.5):
        for name in ("aprime", "b-l"):
            assert sum(PORTALS[name].branching(mass).values()) == pytest.approx(1, abs=1e-12)


def test_axion_like_particles_decay_to_photons() -> None:
    """Γ = g_aγγ² m³/(64π), with g_aγγ = g_aWW sin²θ_W for a coupling to W; 0.223 (on-shell) to 0.231 (effective)."""
    photon = 0.15**3 / (64 * np.pi)
    assert sum(PORTALS["alp-photon"].widths(0.15).values()) == pytest.approx(photon, rel=1e-6)
    w = PORTALS["alp-w"].widths(0.15)
    assert w["gamma gamma"] == pytest.approx(photon * 0.227**2, rel=0.04)
    assert PORTALS["alp-w"].branching(0.15)["gamma gamma"] > 0.9


def test_decays_of_pions_and_kaons() -> None:
    mass = 0.05
    found = {(d.parent, d.partner_mass): d.branching for d in PORTALS["aprime"].decays(mass)}
    pion = particle_mass("pi0")
    assert found[111, 0.0] == pytest.approx(2 * 0.98823 * (1 - (mass / pion) ** 2) ** 3, rel=1e-6)
    parents = {d.parent for d in PORTALS["alp-w"].decays(0.15)}
    assert parents == {511, 521, 531, 321, 130}
    assert {d.parent for d in PORTALS["alp-w"].decays(1.0)} == {511, 521, 531}


def test_radiation_off_a_proton() -> None:
    """Relative to ε = 1: the proton has charge 1 and baryon number 1, hence 1 and 1/e² for pointlike protons of any mass."""
    for mass in (0.01, 0.3, 0.78, 2.0):
        for name, expected in (("aprime", 1.0), ("b-l", ELEMENTARY_CHARGE**-2)):
            radiated = PORTALS[name].bremsstrahlung
            assert radiated is not None
            assert radiated(mass, False) == pytest.approx(expected, rel=1e-12)
            if mass == 0.01:
                assert radiated(mass, True) == pytest.approx(expected, rel=1e-3)


def test_baryon_number_sees_the_omega_and_not_the_rho() -> None:
    dark, baryon = PORTALS["aprime"].bremsstrahlung, PORTALS["b-l"].bremsstrahlung
    assert dark is not None
    assert baryon is not None
    omega = particle_mass("omega(782)")
    # On the pole a charge c makes |c m_ω/Γ_ω|² = 8110 c², Γ_ω = 8.68 MeV (PDG).
    assert baryon(omega, True) * ELEMENTARY_CHARGE**2 == pytest.approx((omega / 0.00868) ** 2, rel=1e-3)
    assert dark(omega, True) / dark(omega, False) == pytest.approx((omega / 0.00868) ** 2 / 4, rel=0.2)
    # Far above, both fall as (m_V/m)⁴; below the peak, where Γ matters little, both are 1/(1 − m²/m_V²)².
    assert baryon(2.0, True) * ELEMENTARY_CHARGE**2 == pytest.approx((1 - (2.0 / omega) ** 2) ** -2, rel=1e-3)
    assert dark(0.3, True) == pytest.approx((1 - (0.3 / 0.779) ** 2) ** -2, rel=0.01)


def test_mixing_has_its_peaks_at_the_mesons() -> None:
    at = dict(PORTALS["aprime"].mixing(0.782))
    # ω: (e/17.06)² (m/Γ)² (PDG Γ = 8.68 MeV, g_ω from Γ_ee within some per cent).
    assert at[223] == pytest.approx((ELEMENTARY_CHARGE / 17.0 * 782.7 / 8.68) ** 2, rel=0.1)
    assert 113 not in dict(PORTALS["b-l"].mixing(0.782))
