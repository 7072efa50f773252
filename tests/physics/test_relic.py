"""Thermal-relic target of dark matter behind a dark photon."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, special

from limits.errors import InputError, UnknownName
from limits.physics import relic
from limits.units import mass as particle_mass

MASSES = [0.001, 0.003, 0.01, 0.03, 0.05, 0.1]


@pytest.mark.parametrize(
    ("kind", "printed"),
    [
        ("pseudo-dirac", [8.3e-15, 7.2e-14, 6.9e-13, 5.6e-12, 1.5e-11, 6.1e-11]),
        ("majorana", [1.0e-13, 9.1e-13, 9.0e-12, 7.8e-11, 2.3e-10, 9.0e-10]),
        ("scalar", [2.1e-13, 1.8e-12, 1.8e-11, 1.6e-10, 4.5e-10, 1.8e-9]),
    ],
)
def test_targets(kind: relic.Kind, printed: list[float]) -> None:
    # Independent freeze-out calculation with leptons only and m_A′ = 3 m_χ, good to 30 %.
    found = [relic.target(kind, mass) for mass in MASSES]
    np.testing.assert_allclose(found, printed, rtol=0.2)


def _by_scipy(kind: relic.Kind, mass: float, y: float) -> float:
    """Ω h² from the Boltzmann equation in ln Y with a stiff solver, entropy and expansion written out."""
    states, share = {"pseudo-dirac": (4, 0.5), "majorana": (2, 1.0), "scalar": (2, 0.5)}[kind]
    knots = np.log(relic.PLASMA[:, 0])

    def slope(log_x: float, log_y: np.ndarray) -> list[float]:
        x = np.exp(log_x)
        temperature = mass / x
        energy, entropy = (float(g) for g in relic.degrees_of_freedom(temperature))
        hubble = np.sqrt(4 * np.pi**3 * energy / 45) * temperature**2 / 1.22089e19
        density = 2 * np.pi**2 / 45 * entropy * temperature**3
        equilibrium = states * mass**2 * temperature / (2 * np.pi**2) * special.kn(2, x) / density
        k = min(max(int(np.searchsorted(knots, np.log(temperature))), 1), len(knots) - 1)
        left, right = relic.PLASMA[k - 1, 2], relic.PLASMA[k, 2]
        running = 1 + (right - left) / (knots[k] - knots[k - 1]) / entropy / 3
        sigma = share * float(relic.cross_section(kind, x, mass, y))
        yields = np.exp(log_y[0])
        return [-density * sigma / hubble * running * (yields - equilibrium**2 / yields)]

    start = np.log(5.0)
    entropy = float(relic.degrees_of_freedom(mass / 5.0)[1])
    first = 45 * states / (4 * np.pi**4 * entropy) * 25 * special.kn(2, 5.0)
    done = integrate.solve_ivp(slope, (start, np.log(3e4)), [np.log(first)], method="Radau", rtol=1e-6, atol=1e-6)
    return float(2891.2 / 1.05371e-5 * mass * np.exp(done.y[0, -1]))


@pytest.mark.parametrize(("kind", "mass"), [("pseudo-dirac", 0.01), ("majorana", 0.1), ("scalar", 0.002)])
def test_abundance_agrees_with_a_stiff_solver(kind: relic.Kind, mass: float) -> None:
    y = relic.target(kind, mass)
    assert relic.abundance(kind, mass, y) == pytest.approx(0.12, rel=1e-5)
    assert _by_scipy(kind, mass, y) == pytest.approx(0.12, rel=0.01)


def test_size_of_the_cross_section() -> None:
    # Steigman, Dasgupta and Beacom (arXiv:1204.3622): a self-conjugate relic of 0.1 to 10 GeV needs 2.2 to 5.2e-26 cm³/s for
    # s-wave; twice that where particle and antiparticle annihilate with each other only.
    y = relic.target("pseudo-dirac", 0.1)
    average = float(relic.cross_section("pseudo-dirac", 1e4, 0.1, y)) * 1.16733e-17
    assert 2 * 4.0e-26 < average < 2 * 5.5e-26


def test_thermal_average_limits() -> None:
    # Cold and far from thresholds: 16πα y/m_χ² (9/5)² for s-wave, and v² = 6/x, a sixth of it, for p-wave: 1/x.
    cold = 16 * np.pi / 137.036 * 1e-12 / 0.01**2 * (9 / 5) ** 2
    assert float(relic.cross_section("pseudo-dirac", 1e6, 0.01, 1e-12)) == pytest.approx(cold, rel=1e-4)
    assert float(relic.cross_section("scalar", 100.0, 0.01, 1e-12)) == pytest.approx(cold / 100, rel=1e-3)
    assert float(relic.cross_section("pseudo-dirac", 1e6, 0.01, 1e-12, ratio=4.0)) == pytest.approx(
        cold * (16 / 12) ** 2 / (9 / 5) ** 2, rel=1e-4
    )


@pytest.mark.parametrize("mass", [0.01, 0.1, 0.104])
def test_thermal_average_reaches_thresholds(mass: float) -> None:
    # Maxwell distribution of the relative velocity by adaptive quadrature, with the muon threshold in between.
    x = 20.0

    def integrand(v: float) -> float:
        weight = np.sqrt(x**3 / (4 * np.pi)) * v**2 * np.exp(-x * v**2 / 4)
        return float(weight * relic.final_states(mass**2 * (4 + v**2)))

    edge = np.sqrt(max(4 * (particle_mass("mu-") / mass) ** 2 - 4, 0.0))
    knots = sorted({0.0, min(edge, 3.0), 3.0})
    value = sum(integrate.quad(integrand, a, b, epsrel=1e-9)[0] for a, b in itertools.pairwise(knots))
    cold = 16 * np.pi / 137.036 * 1e-12 / mass**2 * (9 / 5) ** 2
    assert float(relic.cross_section("pseudo-dirac", x, mass, 1e-12)) == pytest.approx(cold * value, rel=2e-3)


def test_final_states() -> None:
    # One lepton between the thresholds; near threshold √(1 − 4r)(1 + 2r) → 3/2 β; hadrons add.
    assert float(relic.final_states(0.01)) == pytest.approx(1.0, abs=1e-6)
    assert float(relic.final_states(100.0)) == pytest.approx(3.0, abs=0.01)
    assert float(relic.final_states(1.0, lambda energy: 2.0 * energy)) == pytest.approx(
        float(relic.final_states(1.0)) + 2.0, rel=1e-12
    )
    assert relic.target("majorana", 0.5, hadrons=lambda energy: np.full_like(energy, 2.0)) < 0.7 * relic.target(
        "majorana", 0.5
    )


def test_degrees_of_freedom_are_those_of_ideal_gases() -> None:
    # 3 MeV: photons, electrons and three neutrinos, 10.75; long after e⁺e⁻ annihilation 3.36 and 3.91.
    electron = particle_mass("e-") / 3e-3

    def density(p: float) -> float:
        energy = np.hypot(p, electron)
        return float(p**2 * energy / (np.exp(energy) + 1))

    electrons = 4 * 15 / np.pi**4 * integrate.quad(density, 0, 60)[0]
    np.testing.assert_allclose(relic.degrees_of_freedom(3e-3)[0], 2 + electrons + 5.25, rtol=2e-3)
    np.testing.assert_allclose(relic.degrees_of_freedom(1e-5), [3.363, 3.909], rtol=1e-3)


def test_target_is_smaller_for_annihilation_at_rest() -> None:
    y = {kind: relic.target(kind, 0.02) for kind in ("pseudo-dirac", "majorana", "scalar")}
    assert y["pseudo-dirac"] < 0.1 * y["majorana"]
    assert y["scalar"] == pytest.approx(2 * y["majorana"], rel=0.05)


def test_impossible_input_is_refused() -> None:
    for mass in (0.0, 4e-4, float("nan")):
        with pytest.raises(InputError, match="chi_mass"):
            relic.target("scalar", mass)
    for ratio in (2.0, 1.5, float("nan")):
        with pytest.raises(InputError, match="resonance"):
            relic.target("scalar", 0.01, ratio)
    with pytest.raises(InputError, match="y"):
        relic.abundance("scalar", 0.01, 0.0)
    with pytest.raises(InputError, match="temperature"):
        relic.degrees_of_freedom(0.0)
    with pytest.raises(UnknownName, match="majorana"):
        relic.target("dirac", 0.01)  # type: ignore[arg-type]
