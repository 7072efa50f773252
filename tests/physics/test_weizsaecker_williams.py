"""Muon–nucleus bremsstrahlung in the Weizsäcker–Williams approximation.

Tables: independent calculation with the formulas of arXiv:1705.01633 and arXiv:2107.13297 for 160 GeV muons on lead,
coupling 1e-3.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from limits.errors import InputError, UnknownName
from limits.physics import weizsaecker_williams as ww
from limits.units import ALPHA, PB_GEV2
from limits.units import mass as particle_mass

MASSES = [0.001, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0]
VECTOR = [10850, 10770, 10540, 10170, 9174, 6418, 3068, 1648, 619.6, 110.2, 9.50]
SCALAR: dict[float, float] = {
    0.001: 5550,
    0.01: 5473,
    0.02: 5256,
    0.03: 4936,
    0.05: 4157,
    0.1: 2507,
    0.2: 1071,
    0.5: 216,
    1: 40.8,
    2: 3.79,
}
SPECTRA: dict[float, list[float]] = {
    0.01: [79509, 39263, 23572, 14121],
    0.1: [10161, 13894, 14137, 12074],
    0.5: [157.50, 373.93, 750.99, 1962.4],
    1.0: [12.574, 38.960, 92.553, 308.59],
}


def test_vector_cross_sections() -> None:
    # Four digits printed (three in the last entry).
    np.testing.assert_allclose(ww.cross_section(MASSES) * 1e-6, VECTOR, rtol=4e-4)


def test_scalar_cross_sections() -> None:
    # Three or four digits printed.
    values, printed = ww.cross_section(list(SCALAR), spin="scalar") * 1e-6, np.array(list(SCALAR.values()))
    np.testing.assert_allclose(values, printed, rtol=1.3e-3)
    np.testing.assert_allclose(values[:7], printed[:7], rtol=3e-4)


@pytest.mark.parametrize("mass", SPECTRA)
def test_vector_spectra(mass: float) -> None:
    # Printed for a flux cut at the beam energy.
    values = ww.differential(mass, [0.3, 0.5, 0.7, 0.9], cutoff="beam") * 1e-6
    np.testing.assert_allclose(values, SPECTRA[mass], rtol=6e-5)


@pytest.mark.parametrize(("mass", "difference"), [(0.01, 0.006), (0.1, 0.003), (1.0, 1e-4)])
def test_choice_of_flux_cutoff_matters_little(mass: float, difference: float) -> None:
    ratio = float(ww.cross_section(mass, cutoff="beam") / ww.cross_section(mass, cutoff="mass"))
    assert 1.0 < ratio < 1.0 + 1.1 * difference


@pytest.mark.parametrize("spin", ["vector", "scalar"])
@pytest.mark.parametrize("x_min", [0.5, 0.1])
def test_quadrature_has_converged(monkeypatch: pytest.MonkeyPatch, spin: ww.Spin, x_min: float) -> None:
    standard = ww.cross_section(MASSES, x_min, spin=spin)
    monkeypatch.setattr(ww, "NODES", 150)
    np.testing.assert_allclose(standard, ww.cross_section(MASSES, x_min, spin=spin), rtol=1e-9)


def test_full_range_has_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    standard = ww.cross_section(MASSES, 0.0)
    monkeypatch.setattr(ww, "NODES", 150)
    np.testing.assert_allclose(standard, ww.cross_section(MASSES, 0.0), rtol=1e-4)


def test_flux_is_the_integral_of_the_form_factor() -> None:
    atom, core = (particle_mass("e-") * 82 ** (1 / 3) / 111) ** 2, 0.164 * 207.2 ** (-2 / 3)
    virtuality, x, top = 0.02, 0.6, 0.03
    low = virtuality**2 / (4 * 160.0**2 * 0.4**2)

    def integrand(log_t: float) -> float:
        t = np.exp(log_t)
        return float((t - low) / t * (82 * t / (t + atom) * core / (t + core)) ** 2)

    expected, _ = integrate.quad(integrand, np.log(low), np.log(top), epsrel=1e-11)
    assert float(ww.flux(virtuality, x, top)) == pytest.approx(expected, rel=1e-9)
    # A range that is empty leaves nothing, not a negative flux.
    assert ww.flux(50.0, 0.9, 0.03) == 0.0


@pytest.mark.parametrize("mass", [0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("x", [0.3, 0.7, 0.95])
def test_integral_over_the_angle_of_the_recoil_muon_agrees(mass: float, x: float) -> None:
    # Independent form (arXiv:2107.13297), equal up to terms of order m²/(x E₀)²: the recoil muon, dσ/dx d(ψ²/2), in its
    # angle ψ and energy fraction y = 1 − x.
    muon, beam, y = particle_mass("mu-"), 160.0, 1.0 - x

    def integrand(log_t: float) -> float:
        t = np.exp(log_t)
        bracket = muon**2 * x**2 / y + mass**2 - t
        amplitude = 1 / (2 * y) + y / 2 + (mass**2 + 2 * muon**2) * x**2 / (t**2 * y) * bracket
        # The flux depends on the momentum transfer only: t_min = t²/(2 E₀ x)² = ũ²/(2 E₀ y)² with |ũ| = t y/x.
        photons = float(ww.flux(t * y / x, x, beam**2))
        kinematics = np.sqrt(y**2 - (muon / beam) ** 2) * x / t**2
        # ψ²/2 = (t − t₀)/(2 y E₀²), and one more t for the logarithm.
        return float(kinematics * amplitude * photons / (2 * y * beam**2) * t)

    start = mass**2 + muon**2 * x**2 / y
    value, _ = integrate.quad(integrand, np.log(start), np.log(start + y * beam**2 * 0.3**2), epsrel=1e-9, limit=200)
    expected = 8 * ALPHA**2 / (4 * np.pi) * beam**2 * value * PB_GEV2
    assert float(ww.differential(mass, x, cutoff="beam")) == pytest.approx(expected, rel=3e-4)


@pytest.mark.parametrize("spin", ["vector", "scalar"])
def test_integral_over_the_angle_itself_agrees(spin: ww.Spin) -> None:
    # Same source, integrated by adaptive quadrature in the angle, in ln θ.
    mass, x, beam, muon = 0.1, 0.8, 160.0, particle_mass("mu-")

    def integrand(log_angle: float) -> float:
        angle = np.exp(log_angle)
        u = -(x * beam**2 * angle**2 + mass**2 * (1 - x) / x + muon**2 * x)
        bracket = (u * x + mass**2 * (1 - x) + muon**2 * x**2) / u**2
        if spin == "vector":
            amplitude = 2 * (2 - 2 * x + x**2) / (1 - x) + 4 * (mass**2 + 2 * muon**2) * bracket
        else:
            amplitude = x**2 / (1 - x) + 2 * (mass**2 - 4 * muon**2) * bracket
        return float(np.sin(angle) * angle * amplitude / u**2 * float(ww.flux(-u, x, mass**2 + muon**2)))

    value, _ = integrate.quad(integrand, np.log(1e-8), np.log(0.3), epsrel=1e-10, limit=300)
    prefactor = 2 * ALPHA**2 / (4 * np.pi) * beam**2 * np.sqrt(x**2 - (mass / beam) ** 2) * (1 - x) * PB_GEV2
    assert float(ww.differential(mass, x, spin=spin)) == pytest.approx(prefactor * value, rel=1e-7)


def test_cross_section_is_the_integral_of_the_spectrum() -> None:
    for mass in (0.01, 1.0):
        top = 1 - particle_mass("mu-") / 160.0
        value, _ = integrate.quad(lambda x, m=mass: float(ww.differential(m, x)), 0.5, top, epsrel=1e-8, limit=400)
        assert float(ww.cross_section(mass)) == pytest.approx(value, rel=1e-6)


@settings(max_examples=40)
@given(mass=st.floats(1e-3, 5.0), x_min=st.floats(0.05, 0.95))
def test_cross_section_falls_with_mass_and_threshold(mass: float, x_min: float) -> None:
    here = float(ww.cross_section(mass, x_min))
    assert here > 0.0
    assert float(ww.cross_section(1.1 * mass, x_min)) < here
    assert float(ww.cross_section(mass, min(1.02 * x_min, 0.97))) < here


def test_outside_the_kinematic_range_nothing_is_produced() -> None:
    np.testing.assert_array_equal(ww.differential(1.0, [0.0, 1.0 / 160.0, 0.9999, 1.0, 1.5]), 0.0)
    assert ww.cross_section(200.0) == 0.0
    assert ww.cross_section(0.1, x_min=0.9999) == 0.0


def test_charge_squared_scaling_and_shapes() -> None:
    light = ww.cross_section(0.1, nucleus=ww.Nucleus(Z=1, A=207.2)) / ww.cross_section(0.1)
    assert float(light) * 82**2 == pytest.approx(1.0, rel=0.2)
    assert ww.cross_section(np.full((2, 3), 0.1)).shape == (2, 3)
    assert ww.differential(np.full((2, 1), 0.1), np.full(5, 0.5)).shape == (2, 5)
    assert ww.cross_section(0.1).shape == ()


def test_impossible_input_is_refused() -> None:
    for mass in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="mass"):
            ww.cross_section(mass)
    with pytest.raises(InputError, match="x_min"):
        ww.cross_section(0.1, x_min=1.0)
    with pytest.raises(InputError, match="beam_energy"):
        ww.cross_section(0.1, beam_energy=0.05)
    with pytest.raises(UnknownName, match="scalar, vector"):
        ww.cross_section(0.1, spin="axial")  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="beam, mass"):
        ww.cross_section(0.1, cutoff="none")  # type: ignore[arg-type]
