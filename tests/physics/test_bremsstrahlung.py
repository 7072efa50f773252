"""Proton bremsstrahlung of a dark photon."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from limits.errors import InputError, UnknownName
from limits.physics import bremsstrahlung as brem
from limits.units import ALPHA
from limits.units import mass as particle_mass


def rate_at_forward_detector(mass: float, distance: float, nodes: int = 60) -> float:
    """Rate in pb of A′ above 500 GeV, pT < 1 GeV, within 10 cm at `distance` m, for 6.8 TeV beams and mixing 1."""
    abscissa, weight = np.polynomial.legendre.leggauss(nodes)
    span = np.log(6800.0 / 500.0)
    z = np.exp(-span * (1 - abscissa) / 2)
    largest = np.minimum(z * 6800.0 * 0.1 / distance, 1.0)[:, None]
    pt = largest * (1 + abscissa) / 2
    density = brem.cross_section(mass, z[:, None], pt, 13600.0)
    over_pt = np.sum(density * 2 * pt * weight * largest / 2, axis=1)
    return float(np.sum(over_pt * z * weight * span / 2))


@pytest.mark.parametrize("distance", [476.0, 480.0])
def test_rate_at_forward_detector(distance: float) -> None:
    # 50 MeV: independent calculation 2.54e8 pb; public table of the same approximation (arXiv:1708.09389) 2.39e8 pb.
    rate = rate_at_forward_detector(0.05, distance)
    assert rate == pytest.approx(2.54e8, rel=0.05)
    assert rate == pytest.approx(2.39e8, rel=0.12)
    assert rate == pytest.approx(rate_at_forward_detector(0.05, distance, 90), rel=1e-4)


def test_splitting_agrees_with_the_printed_formula() -> None:
    # arXiv:1311.3870, evaluated term by term at one point.
    mass, z, pt2 = 0.3, 0.4, 0.25
    proton = particle_mass("p")
    scale = pt2 + 0.6 * mass**2 + 0.16 * proton**2
    terms = [
        (1 + 0.36) / z,
        -2 * z * 0.6 * (2 * proton**2 + mass**2) / scale,
        2 * z * 0.6 * 2 * z**2 * proton**4 / scale**2,
        2 * z * 0.6 * 1.36 * proton**2 * mass**2 / scale**2,
        2 * z * 0.36 * mass**4 / scale**2,
    ]
    assert float(brem.splitting(mass, z, pt2)) == pytest.approx(ALPHA / (2 * np.pi * scale) * sum(terms), rel=1e-13)


def test_splitting_becomes_the_massless_equivalent_photon_spectrum() -> None:
    # m → 0 and pT ≫ z m_p: α/(2π) [1 + (1 − z)²]/z dpT²/pT².
    z, pt2 = 0.2, 1e6
    expected = ALPHA / (2 * np.pi) * (1 + (1 - z) ** 2) / z / pt2
    assert float(brem.splitting(1e-4, z, pt2)) == pytest.approx(expected, rel=1e-6)


@given(mass=st.floats(1e-3, 2.0), z=st.floats(1e-3, 1.0), pt2=st.floats(0.0, 1.0))
def test_splitting_is_a_density(mass: float, z: float, pt2: float) -> None:
    assert float(brem.splitting(mass, z, pt2)) >= 0.0


@pytest.mark.parametrize(
    ("sqrt_s", "total", "inelastic"),
    [(7000.0, 98.6, 73.15), (8000.0, 101.7, 74.7), (13000.0, 110.6, 79.5), (62.5, 43.3, 35.7)],
)
def test_proton_cross_sections_agree_with_measurements(sqrt_s: float, total: float, inelastic: float) -> None:
    # mb; LHC values from arXiv:1712.06153 and references there, last row from the ISR.
    assert float(brem.proton_cross_section(sqrt_s**2, "total")) == pytest.approx(total * 1e9, rel=0.02)
    assert float(brem.proton_cross_section(sqrt_s**2)) == pytest.approx(inelastic * 1e9, rel=0.02)


def test_form_factor_limits() -> None:
    assert abs(complex(brem.form_factor(0.0))) == pytest.approx(1.0, abs=1e-4)
    # At 50 MeV close to 1: 1 + m²/m_ρ².
    assert abs(complex(brem.form_factor(0.05))) == pytest.approx(1.0041, abs=2e-4)
    peak = abs(complex(brem.form_factor(particle_mass("omega(782)"))))
    assert peak == pytest.approx(particle_mass("omega(782)") / brem.OMEGA_WIDTH / 2, rel=0.1)
    assert abs(complex(brem.form_factor(3.0))) < 0.1


def test_cross_section_is_the_product_of_its_factors() -> None:
    z, pt, root = 0.3, 0.2, 13600.0
    bare = brem.splitting(0.3, z, pt**2) * brem.proton_cross_section(0.7 * root**2, "total")
    without = brem.cross_section(0.3, z, pt, root, interaction="total", with_form_factor=False)
    assert float(without) == pytest.approx(float(bare), rel=1e-13)
    ratio = brem.cross_section(0.3, z, pt, root) / brem.cross_section(0.3, z, pt, root, with_form_factor=False)
    assert float(ratio) == pytest.approx(abs(complex(brem.form_factor(0.3))) ** 2, rel=1e-13)


def test_fixed_order_integral_agrees_with_adaptive_integral() -> None:
    def over_pt2(z: float) -> float:
        top = min(z * 6800.0 * 0.1 / 480.0, 1.0) ** 2
        points = [min(1e-3, top / 2)]
        value, _ = integrate.quad(
            lambda pt2: float(brem.cross_section(0.05, z, np.sqrt(pt2), 13600.0)), 0, top, points=points, epsrel=1e-4
        )
        return float(value)

    expected, _ = integrate.quad(over_pt2, 500 / 6800, 1 - 1e-9, epsrel=1e-3)
    assert rate_at_forward_detector(0.05, 480.0) == pytest.approx(expected, rel=1e-3)


def test_shapes_and_refusals() -> None:
    assert brem.cross_section(np.full((2, 1, 1), 0.1), np.full((3, 1), 0.5), np.ones(4), 13600.0).shape == (2, 3, 4)
    for mass, z, pt, root in [(0, 0.5, 0.1, 1e4), (0.1, 0, 0.1, 1e4), (0.1, 1, 0.1, 1e4), (0.1, 0.5, -1, 1e4)]:
        with pytest.raises(InputError):
            brem.cross_section(mass, z, pt, root)
    with pytest.raises(InputError, match="sqrt_s"):
        brem.cross_section(0.1, 0.5, 0.1, 1.0)
    with pytest.raises(InputError):
        brem.proton_cross_section(-1.0)
    with pytest.raises(InputError):
        brem.form_factor(-1.0)
    with pytest.raises(UnknownName, match="inelastic, total"):
        brem.proton_cross_section(1e4, "elastic")  # type: ignore[arg-type]


@pytest.mark.parametrize(("z", "pt"), [(0.05, 0.01), (0.4, 0.2), (0.9, 0.7)])
def test_density_is_what_one_collision_radiates(z: float, pt: float) -> None:
    """By hand: splitting × what the fit of cross-sections gives at (1 − z) s over that at s, at 400 GeV on protons."""
    s = 2 * 0.938272 * (400 + 0.938272)

    def inelastic(s: float) -> float:
        total = 35.45 + 0.308 * np.log(s / 28.9444) ** 2 + 42.53 * s**-0.458 - 33.34 * s**-0.545
        return float(total - 11.84 + 1.617 * np.log(s) - 0.1359 * np.log(s) ** 2)

    expected = float(brem.splitting(0.2, z, pt**2)) * inelastic((1 - z) * s) / inelastic(s)
    assert float(brem.density(0.2, z, pt, s)) == pytest.approx(expected, rel=1e-6)


def test_density_times_cross_section_is_the_cross_section() -> None:
    s = 13600.0**2
    with_sigma = brem.density(0.05, 0.3, 0.1, s) * brem.proton_cross_section(s)
    assert with_sigma == pytest.approx(brem.cross_section(0.05, 0.3, 0.1, 13600.0, with_form_factor=False), rel=1e-12)


def test_density_has_no_surprise_where_nothing_is_left_to_interact() -> None:
    z = np.linspace(0.9, 0.999999, 200)
    found = brem.density(0.3, z, 0.2, 800.0)
    assert np.all(np.isfinite(found))
    assert np.all(found >= 0)
    assert np.all(found <= 2 * brem.splitting(0.3, z, 0.04))
    with pytest.raises(InputError, match="z"):
        brem.density(0.3, 1.0, 0.2, 800.0)
    with pytest.raises(InputError, match="pt"):
        brem.density(0.3, 0.5, -0.2, 800.0)
    with pytest.raises(InputError, match="mass"):
        brem.density(0.0, 0.5, 0.2, 800.0)


def test_fixed_target_proton_radiates_as_the_published_integral() -> None:
    """dN/dz over pT with a pole in pT²: ∫dpT² w → α/(2π) (1 + (1 − z)²)/z ln(H_max/H_min) less terms of order one, for m ≪ z m_p."""
    z, proton = 0.1, particle_mass("p")
    found, _ = integrate.quad(lambda t: float(brem.density(1e-3, z, np.sqrt(t), 1e9)), 0, 1.0, points=[0.01], limit=200)
    logarithm = np.log(1 + 1 / (z * proton) ** 2)
    leading = ALPHA / (2 * np.pi) * (1 + (1 - z) ** 2) / z * logarithm
    rest = ALPHA / (2 * np.pi) * 2 * z * (1 - z) * 2 / z**2 * (1 - 0.5)
    assert found == pytest.approx(leading - rest, rel=0.02)


@pytest.mark.parametrize(("isovector", "isoscalar"), [(0.5, 0.5), (0.0, 1.0), (1.5, -0.5), (0.2, 0.0)])
def test_form_factor_of_other_charges(isovector: float, isoscalar: float) -> None:
    """F(0) is the charge of the proton; parts add up; the isoscalar one has no width of the ρ."""
    assert abs(complex(brem.form_factor(0.0, isovector, isoscalar))) == pytest.approx(isovector + isoscalar, rel=2e-4)
    mass = np.array([0.1, 0.6, 0.775, 1.2])
    parts = isovector * brem.form_factor(mass, 1.0, 0.0) + isoscalar * brem.form_factor(mass, 0.0, 1.0)
    assert brem.form_factor(mass, isovector, isoscalar) == pytest.approx(parts, rel=1e-12)


def test_poles_of_the_form_factor() -> None:
    rho, omega = particle_mass("rho(770)0"), particle_mass("omega(782)")
    # At its own pole each part is i m/Γ: 5.26 and 90.2 with the widths of the PDG, 147.4 and 8.68 MeV.
    assert complex(brem.form_factor(rho, 1.0, 0.0)) == pytest.approx(1j * rho / 0.1474, rel=1e-6)
    assert complex(brem.form_factor(omega, 0.0, 1.0)) == pytest.approx(1j * omega / 0.00868, rel=1e-6)
    # No width of the ρ below two pions: real.
    assert complex(brem.form_factor(0.25, 1.0, 0.0)).imag == 0.0
