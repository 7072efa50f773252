"""Hadronic decays of vectors: against e⁺e⁻ data, the pion radius and the muon's magnetic moment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from limits.errors import InputError
from limits.physics import hadrons
from limits.units import ALPHA
from limits.units import mass as particle_mass

PHOTON = (2 / 3, -1 / 3, -1 / 3)
BARYON = (1 / 3, 1 / 3, 1 / 3)


def total(mass: float, charges: tuple[float, float, float] = PHOTON) -> float:
    return float(sum(hadrons.ratios(mass, *charges).values()))


def moments(high: float) -> dict[str, float]:
    """Contribution of each channel to the muon's (g − 2)/2 at lowest order, in 1e-10: (α²/3π²) ∫ds/s K(s) R(s)."""
    x, w = np.polynomial.legendre.leggauss(40)
    x, w = (x + 1) / 2, w / 2
    masses = np.linspace(0.14, high, 12001)
    s = masses[:, None] ** 2
    kernel: NDArray[np.float64] = (w * x**2 * (1 - x) / (x**2 + (1 - x) * s / particle_mass("mu-") ** 2)).sum(axis=1)
    factor = 1e10 * ALPHA**2 / (3 * np.pi**2) * 2 * kernel / masses
    return {name: float(np.trapezoid(factor * r, masses)) for name, r in hadrons.ratios(masses, *PHOTON).items()}


def test_channels_make_the_measured_magnetic_moment_of_the_muon() -> None:
    # Data up to 1.8 GeV, arXiv:1908.00921 (recollections): ππ 507.9, 3π 46.2, KK 23.1 + 12.8; 4π, π⁰γ, ηγ, … about 44.
    found = moments(1.8)
    assert found["pi+pi-"] == pytest.approx(507.9, rel=0.03)
    assert found["pi+pi-pi0"] == pytest.approx(46.2, rel=0.03)
    assert found["KK"] == pytest.approx(35.9, rel=0.05)
    assert found["hadrons"] == pytest.approx(44.0, rel=0.10)


def test_pion_form_factor_is_1_at_zero_and_has_the_measured_radius() -> None:
    # Dispersion relations: F(0) = (1/π)∫ds Im F/s; ⟨r²⟩ = (6/π)∫ds Im F/s², PDG 0.659 fm squared.
    masses = 2 * particle_mass("pi+") * np.exp(np.linspace(1e-9, 8, 20001))
    imaginary = hadrons.pion_form_factor(masses, 1.0, 0.0).imag
    assert np.trapezoid(2 * imaginary, np.log(masses)) / np.pi == pytest.approx(1.0, rel=0.01)
    radius = 6 / np.pi * np.trapezoid(2 * imaginary / masses**2, np.log(masses)) * 0.1973269804**2
    assert radius == pytest.approx(0.659**2, rel=0.01)


@pytest.mark.parametrize(
    ("mass", "channel", "fraction", "electrons", "accuracy"),
    [
        # At its peak a resonance of e⁺e⁻ has R = 9 B(ee) B(f)/α²; PDG fractions.
        (0.78266, "pi+pi-pi0", 0.892, 7.38e-5, 0.01),
        (0.78266, "hadrons", 0.0835, 7.38e-5, 0.15),  # with the tail of ρ → π⁰γ
        (1.019461, "KK", 0.830, 2.979e-4, 0.05),  # from the quark model, no PDG width in it
        (1.019461, "pi+pi-pi0", 0.154, 2.979e-4, 0.10),  # with the tail of the ω
    ],
)
def test_peaks(mass: float, channel: str, fraction: float, electrons: float, accuracy: float) -> None:
    expected = 9 * electrons * fraction / ALPHA**2
    assert float(hadrons.ratios(mass, *PHOTON)[channel]) == pytest.approx(expected, rel=accuracy)


def test_three_pion_width_of_the_phi_and_omega_is_that_of_their_lines() -> None:
    # ∫R ds over a narrow line is 9π M Γ(ee) B/α²; a B−L boson sees the ω with charge 2, hence 4 times that.
    masses = np.linspace(0.70, 0.87, 4001)
    integral = np.trapezoid(hadrons.ratios(masses, *BARYON)["pi+pi-pi0"] * 2 * masses, masses)
    expected = 4 * 9 * np.pi * 0.78266 * 0.892 * 7.38e-5 * 0.00868 / ALPHA**2
    assert integral == pytest.approx(expected, rel=0.06)  # the Lorentzian tails outside hold 3 %


@pytest.mark.parametrize(("mass", "expected", "accuracy"), [(2.0, 2.18, 0.05), (3.0, 2.21, 0.05), (10.52, 3.56, 0.02)])
def test_total_is_the_measured_r_ratio(mass: float, expected: float, accuracy: float) -> None:
    # BES hep-ex/0102003 at 2 and 3 GeV, CLEO at 10.52 GeV (recollections).
    assert total(mass) == pytest.approx(expected, rel=accuracy)


@pytest.mark.parametrize(("mass", "nanobarn"), [(1.2, 22.0), (1.4, 58.0), (1.5, 63.0)])
def test_rise_of_the_continuum_follows_four_pions(mass: float, nanobarn: float) -> None:
    # σ(2π⁺2π⁻) + σ(π⁺π⁻2π⁰) as measured by BaBar, a recollection to 10 %; 5π, 6π, KK̄π, … add some.
    four_pions = nanobarn / (86.85 / mass**2)
    found = float(hadrons.ratios(mass, *PHOTON)["hadrons"])
    assert 0.9 * four_pions < found < 1.6 * four_pions


def test_isospin_forbids_what_it_should() -> None:
    masses = np.array([0.3, 0.5, 0.6, 0.9, 1.0])
    isovector = hadrons.ratios(masses, 0.5, -0.5, 0.0)
    assert np.all(isovector["pi+pi-pi0"] == 0.0)
    isoscalar = hadrons.ratios(masses, *BARYON)
    assert np.all(isoscalar["pi+pi-"] < 0.01)
    strange = hadrons.ratios(1.1, 0.0, 0.0, 1.0)
    assert float(strange["pi+pi-"]) == 0.0
    assert float(strange["KK"]) > 0.5


def test_baryon_number_hardly_sees_pions_at_threshold() -> None:
    # The charge of ud̄ is x_u − x_d = 0: a pion pair at threshold comes from ρ–ω mixing only.
    threshold = 2 * particle_mass("pi+")
    assert abs(hadrons.pion_form_factor(threshold, 0.0, 2.0)) < 1e-3


def test_thresholds() -> None:
    pion, kaon = particle_mass("pi+"), particle_mass("K+")
    below = hadrons.ratios(2 * pion * (1 - 1e-9), *PHOTON)
    assert below["pi+pi-"] == below["pi+pi-pi0"] == below["KK"] == 0.0
    assert float(hadrons.ratios(2 * pion + 0.01, *PHOTON)["pi+pi-"]) > 0.0
    assert float(hadrons.ratios(2 * pion + particle_mass("pi0") - 1e-6, *PHOTON)["pi+pi-pi0"]) == 0.0
    assert float(hadrons.ratios(2 * kaon - 1e-6, *PHOTON)["KK"]) == 0.0
    assert total(0.13) == 0.0


@given(mass=st.floats(0.01, 5.0), up=st.floats(-1, 1), down=st.floats(-1, 1), strange=st.floats(-1, 1))
def test_ratios_are_positive_and_do_not_know_the_sign_of_the_charges(
    mass: float, up: float, down: float, strange: float
) -> None:
    there, back = hadrons.ratios(mass, up, down, strange), hadrons.ratios(mass, -up, -down, -strange)
    for name in hadrons.CHANNELS:
        assert there[name] >= 0.0
        assert float(there[name]) == pytest.approx(float(back[name]), rel=1e-12)


def test_shapes_and_impossible_input() -> None:
    assert hadrons.ratios(np.ones((3, 2)), *PHOTON)["KK"].shape == (3, 2)
    assert np.all(hadrons.ratios([0.5, 1.0], 0.0, 0.0, 0.0)["hadrons"] == 0.0)
    for mass in (0.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="mass"):
            hadrons.ratios(mass, *PHOTON)
