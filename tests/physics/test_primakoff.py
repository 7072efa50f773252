"""Primakoff production of axion-like particles on a nucleus."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate

from limits.errors import InputError
from limits.physics import primakoff
from limits.physics.weizsaecker_williams import Nucleus, elastic_flux, flux
from limits.units import PB_GEV2
from limits.units import mass as particle_mass

IRON, COPPER = Nucleus(Z=26, A=55.845), Nucleus(Z=29, A=63.546)


@pytest.mark.parametrize("nucleus", [IRON, COPPER])
@pytest.mark.parametrize(("mass", "energy"), [(0.01, 5.0), (0.1, 50.0), (0.1, 2000.0), (1.0, 2000.0), (5.0, 2000.0)])
def test_integral_over_the_angle_agrees(mass: float, energy: float, nucleus: Nucleus) -> None:
    # dσ/dΩ = Γ_γγ 8αZ²/m³ β³ E⁴/Q⁴ |F|² sin²θ with exact kinematics, in ln(1 − cos θ).
    alpha, momentum = 1 / 137.036, np.sqrt(energy**2 - mass**2)
    atom, core = (particle_mass("e-") * nucleus.Z ** (1 / 3) / 111) ** 2, 0.164 * nucleus.A ** (-2 / 3)
    least = (mass**2 / (energy + momentum)) ** 2

    def integrand(log_versine: float) -> float:
        versine = np.exp(log_versine)
        q2 = least + 2 * energy * momentum * versine
        form = q2 / (q2 + atom) * core / (q2 + core)
        sine2 = versine * (2 - versine)
        return float(versine * (nucleus.Z * form) ** 2 * sine2 / q2**2)

    knots = np.log([1e-24, *np.geomspace(1e-16, 2.0, 9)])
    value = sum(integrate.quad(integrand, a, b, epsrel=1e-10, limit=200)[0] for a, b in itertools.pairwise(knots))
    width = mass**3 / (64 * np.pi)
    expected = 2 * np.pi * width * 8 * alpha / mass**3 * (momentum / energy) ** 3 * energy**4 * value * PB_GEV2
    # Dropped terms: t/E², largest at 5 GeV.
    assert float(primakoff.cross_section(mass, energy, nucleus)) == pytest.approx(expected, rel=2e-3)


def test_size_of_the_flux() -> None:
    # Z² [ln(t_d/t_a) − 2] when t_min is negligible: 1.1e4 for iron.
    atom, core = (particle_mass("e-") * 26 ** (1 / 3) / 111) ** 2, 0.164 * 55.845 ** (-2 / 3)
    expected = 26**2 * (np.log(core / atom) - 2)
    value = primakoff.cross_section(1e-3, 2000.0, IRON) / PB_GEV2 * 8 * 137.036
    assert float(value) == pytest.approx(expected, rel=1e-4)


def test_flux_of_bremsstrahlung_is_the_same_one() -> None:
    low = 0.02**2 / (4 * 160.0**2 * 0.4**2)
    assert float(flux(0.02, 0.6, 0.03, 160.0, IRON)) == float(elastic_flux(low, 0.03, IRON))


def test_conversion_is_the_ratio_to_pair_production() -> None:
    # Pair production on iron at high energy: (7/9) A/(N_A X₀) = 5.21 b for X₀ = 13.84 g/cm².
    pairs = 7 / 9 * 55.845 / (6.02214076e23 * 13.84) / 1e-36
    assert pairs == pytest.approx(5.21e12, rel=1e-3)
    probability = primakoff.conversion_probability(0.1, 2000.0, IRON, 13.84)
    assert float(probability) == pytest.approx(float(primakoff.cross_section(0.1, 2000.0, IRON)) / pairs, rel=1e-9)


def test_heavy_alps_fade_and_closed_ones_vanish() -> None:
    values = primakoff.cross_section([0.1, 1.0, 10.0, 100.0, 1999.0, 2000.0, 3000.0], 2000.0, IRON)
    assert np.all(np.diff(values) <= 0.0)
    assert np.all(values >= 0.0)
    np.testing.assert_array_equal(values[-2:], 0.0)


def test_shapes_and_refusals() -> None:
    assert primakoff.cross_section(np.full((3, 1), 0.1), np.full(2, 100.0), IRON).shape == (3, 2)
    for mass, energy in [(0.0, 1.0), (float("nan"), 1.0), (0.1, -1.0)]:
        with pytest.raises(InputError):
            primakoff.cross_section(mass, energy, IRON)
    with pytest.raises(InputError, match="nucleus"):
        primakoff.cross_section(0.1, 1.0, Nucleus(0, 1.0))
    with pytest.raises(InputError, match="radiation_length"):
        primakoff.conversion_probability(0.1, 1.0, IRON, 0.0)
