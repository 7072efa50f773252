"""Dark baryons: thresholds and momenta by hand, missing mass by differences, the model of exclusive decays where it is an integral."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from limits.errors import InputError, UnknownName
from limits.physics import psid
from limits.units import mass as particle_mass

B, PROTON, PION = particle_mass("B+"), particle_mass("p"), particle_mass("pi0")

MOMENTA = {
    "p": {1.0: 2.455, 1.5: 2.328, 2.0: 2.148, 2.5: 1.914, 3.5: 1.250, 4.0: 0.760, 4.3: 0.253},
    "lambda": {1.0: 2.418, 2.0: 2.101, 2.5: 1.856, 3.5: 1.144, 4.0: 0.547},
    "lambdac": {1.0: 2.004, 2.0: 1.539, 2.5: 1.113, 2.9: 0.490},
}
"""Momentum of the baryon, GeV, to the digits given: from the masses of the PDG, by hand."""


@pytest.mark.parametrize(("mode", "end"), [("p", 4.3411), ("lambda", 4.1640), ("lambdac", 2.9929)])
def test_where_decays_close(mode: str, end: float) -> None:
    assert psid.highest_mass(mode) == pytest.approx(end, abs=1e-4)
    assert psid.baryon_momentum(mode, psid.highest_mass(mode) * (1 - 1e-12)) == pytest.approx(0.0, abs=1e-5)


def test_the_proton_is_stable() -> None:
    assert psid.lowest_mass() == pytest.approx(0.93776, abs=1e-5)


@pytest.mark.parametrize("mode", psid.MODES)
def test_momenta(mode: str) -> None:
    found = psid.baryon_momentum(mode, list(MOMENTA[mode]))
    assert found == pytest.approx(list(MOMENTA[mode].values()), abs=1.1e-3)


@pytest.mark.parametrize(("mode", "mass"), [("p", 1.0), ("p", 3.5), ("lambda", 2.0), ("lambdac", 2.9)])
def test_missing_mass_is_that_of_shifted_momenta(mode: str, mass: float) -> None:
    """m² = (E_B − E)² − (p_B − p)², each input moved by a little."""
    parent, baryon = particle_mass(psid.MODES[mode].parent), particle_mass(psid.MODES[mode].baryon)
    p = float(psid.baryon_momentum(mode, mass))

    def missing(momentum: float, energy: float, tag: float) -> float:
        return float(np.sqrt((energy - np.hypot(momentum, baryon)) ** 2 - (tag - momentum) ** 2))

    assert missing(p, parent, 0.0) == pytest.approx(mass)
    step = 1e-6
    slopes = [
        abs(missing(p + step, parent, 0) - mass) / step,
        abs(missing(p, parent + step, 0) - mass) / step,
        abs(missing(p, parent, step) - mass) / step,
    ]
    one_by_one = [float(psid.missing_mass_resolution(mode, mass, *np.eye(3)[i] * 0.01)) for i in range(3)]
    assert one_by_one == pytest.approx(np.array(slopes) * 0.01, rel=1e-4)
    together = psid.missing_mass_resolution(mode, mass, 0.01, 0.01, 0.01)
    assert together == pytest.approx(np.linalg.norm(one_by_one))


def test_inclusive_fraction_at_the_reference_point() -> None:
    """1e-3 where y = 0.53, m_Y = 1 TeV, m_B − m_ψ = 2 GeV; fourth powers of y, 1/m_Y and the energy released."""
    at = psid.branching_from_scalar_mass
    assert at(1000.0, B - 2, 0.53) == pytest.approx(1e-3)
    assert at(2000.0, B - 2, 0.53) == pytest.approx(1e-3 / 16)
    assert at(1000.0, B - 2, 0.265) == pytest.approx(1e-3 / 16)
    assert at(1000.0, B - 3, 0.53) == pytest.approx(1e-3 * 81 / 16)
    assert psid.branching_from_effective_coupling(0.2809e-6, B - 2) == pytest.approx(1e-3)
    # Of 1e-4 at 2 GeV: (3.279/2)⁴ is 7.23, and m_Y/y = 1 TeV/0.53 · (10 · 7.23)^¼.
    assert psid.scalar_mass_from_branching(1e-4, 2.0, 1.0) == pytest.approx(1000 / 0.53 * 72.27**0.25, rel=1e-3)


def test_inverses() -> None:
    masses = np.array([1.0, 2.5, 4.0])
    mass_y = psid.scalar_mass_from_branching(3e-4, masses, 1.4)
    assert psid.branching_from_scalar_mass(mass_y, masses, 1.4) == pytest.approx(3e-4)
    coupling = psid.effective_coupling_from_branching(3e-4, masses)
    assert coupling == pytest.approx((1.4 / mass_y) ** 2)
    assert psid.branching_from_effective_coupling(coupling, masses) == pytest.approx(3e-4)
    exclusive = psid.exclusive_branching(1e-4, "p", masses, "phase-space")
    assert psid.inclusive_branching(exclusive, "p", masses, "phase-space") == pytest.approx(1e-4)


# --- the exclusive fraction ---


def test_exclusive_fraction_of_a_light_particle() -> None:
    """p* = (m_B² − s)/2m_B for ψ without mass: the integrals over s are differences of squares."""
    below, above = PROTON**2, (PROTON + PION) ** 2
    expected = 1 - ((B**2 - above) / (B**2 - below)) ** 2
    assert psid.exclusive_fraction("p", 1e-6) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("mode", "mass"), [("p", 1.0), ("p", 3.9), ("lambda", 3.0), ("lambdac", 2.0)])
def test_exclusive_fraction_is_a_ratio_of_integrals(mode: str, mass: float) -> None:
    """Energy of ψ in the place of the mass of what recoils: dM² = 2 m_B dE, and ψ has what is left."""
    parent, baryon = particle_mass(psid.MODES[mode].parent), particle_mass(psid.MODES[mode].baryon)

    def made(heaviest: float) -> float:
        fastest, slowest = ((parent**2 + mass**2 - system**2) / (2 * parent) for system in (baryon, heaviest))
        return float(quad(lambda energy: np.sqrt(max(energy**2 - mass**2, 0.0)), slowest, fastest, epsrel=1e-10)[0])

    share = made(baryon + PION) / made(parent - mass)
    assert psid.exclusive_fraction(mode, mass) * psid.MODES[mode].states == pytest.approx(share, rel=1e-6)


def test_all_decays_are_exclusive_where_no_pion_can_be_made() -> None:
    assert psid.exclusive_fraction("p", [4.21, 4.3]) == pytest.approx([1.0, 1.0])
    assert psid.exclusive_fraction("lambdac", 2.9) == pytest.approx(1.0)
    assert psid.exclusive_fraction("lambda", 4.1) == pytest.approx(0.5)  # a Λ or a Σ⁰


def test_phase_space_gives_per_cents() -> None:
    """1 to 10 % for the modes and masses of arXiv:2101.02706 (a recollection) below 3 GeV; it grows with the mass."""
    masses = np.linspace(1.0, 3.0, 9)
    found = psid.exclusive_fraction("p", masses)
    assert np.all((found > 0.01) & (found < 0.1))
    assert np.all(np.diff(found) > 0)


def test_form_factors_are_far_below_phase_space() -> None:
    models = ("form-factor-low", "form-factor-high")
    needed = [psid.exclusive_branching(psid.LEAST_INCLUSIVE, "p", [1.0, 4.0], model) for model in models]
    high = psid.exclusive_fraction("p", [1.0, 4.0], "form-factor-high")
    assert needed[0] == pytest.approx([1e-8, 1e-8])
    assert needed[1] == pytest.approx([1e-7, 1e-7])
    assert np.all(high < psid.exclusive_fraction("p", [1.0, 4.0]) / 20)


# --- what cannot be had ---


def test_bad_input() -> None:
    with pytest.raises(UnknownName, match="unknown decay to a dark baryon 'n'; known: lambda, lambdac, p"):
        psid.highest_mass("n")
    with pytest.raises(UnknownName, match="unknown model of exclusive decays 'lattice'"):
        psid.exclusive_fraction("p", 1.0, "lattice")
    with pytest.raises(InputError, match="form factors is at hand for B⁺ → p ψ_D only"):
        psid.exclusive_fraction("lambda", 1.0, "form-factor-low")
    for mass in (2.9930, np.nan, 0.0):
        with pytest.raises(InputError, match="mass"):
            psid.baryon_momentum("lambdac", mass)
    with pytest.raises(InputError, match="below that of the B meson"):
        psid.effective_coupling_from_branching(1e-4, 5.28)
    with pytest.raises(InputError, match="cannot be above 1"):
        psid.branching_from_scalar_mass(100.0, 1.0, 1.0)
    with pytest.raises(InputError, match="cannot be above 1"):
        psid.inclusive_branching(0.1, "p", 1.0, "form-factor-high")
    with pytest.raises(InputError, match="branching"):
        psid.inclusive_branching(np.nan, "p", 1.0, "phase-space")


def test_inclusive_branching_by_a_model() -> None:
    """B⁺ → pψ_D at 1e-8 with a share of 1e-4 is 1e-4 of all decays: what is needed (arXiv:2603.01723)."""
    assert psid.inclusive_branching(1e-8, "p", 2.0, "form-factor-low") == pytest.approx(psid.LEAST_INCLUSIVE)
    with pytest.raises(InputError, match="for B⁺ → p ψ_D only"):
        psid.inclusive_branching(1e-8, "lambda", 2.0, "form-factor-low")
    with pytest.raises(UnknownName, match="known: form-factor-high, form-factor-low, phase-space"):
        psid.inclusive_branching(1e-8, "p", 2.0, "lattice")
