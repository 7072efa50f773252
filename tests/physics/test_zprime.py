"""Gauge boson of L_μ − L_τ: widths and branching fractions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.errors import InputError
from limits.physics import vector, zprime
from limits.units import HBARC
from limits.units import mass as particle_mass


@pytest.mark.parametrize(
    ("mass", "expected"),
    [(0.1, 1.0), (0.22, 0.711), (0.25, 0.580), (0.3, 0.530), (0.5, 0.503), (1.0, 0.5002), (2.0, 0.500)],
)
def test_invisible_fraction(mass: float, expected: float) -> None:
    # Independent calculation; last digit printed.
    digits = 5e-5 if expected == 0.5002 else 5e-4
    assert float(zprime.branching_invisible(mass, 1e-3)) == pytest.approx(expected, abs=digits)


def test_fractions_above_the_tau_threshold() -> None:
    # Independent calculation with the charges of arXiv:1801.04847 at 5 GeV: μ .347, τ .306, ν .347.
    muons = zprime.branching_to_leptons(5.0, 1e-3, particle_mass("mu-"))
    taus = zprime.branching_to_leptons(5.0, 1e-3, particle_mass("tau-"))
    invisible = zprime.branching_invisible(5.0, 1e-3)
    np.testing.assert_allclose([muons, taus, invisible], [0.347, 0.306, 0.347], atol=5e-4)
    assert float(muons + taus + invisible) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(("mass", "expected"), [(0.1, 7.44e-14), (1.0, 3.72e-15)])
def test_proper_decay_length_at_unit_coupling(mass: float, expected: float) -> None:
    # Independent calculation, three digits.
    assert float(HBARC / zprime.width(mass, 1.0)) == pytest.approx(expected, rel=1e-3)


def test_dark_matter_width_is_the_leptonic_one_with_its_own_coupling() -> None:
    alpha_d, chi = 0.1, 0.04
    same = zprime.width_to_leptons(0.3, np.sqrt(4 * np.pi * alpha_d), chi)
    assert float(zprime.width_to_dark_matter(0.3, alpha_d, chi)) == pytest.approx(float(same), rel=1e-12)
    assert zprime.width_to_dark_matter(0.3, alpha_d, 0.16) == 0.0


def test_strong_dark_coupling_makes_it_invisible() -> None:
    assert float(zprime.branching_invisible(1.0, 1e-3, 0.1, 1.0 / 3.0)) == pytest.approx(1.0, abs=1e-5)
    assert zprime.branching_invisible(1.0, 0.0, 0.1, 1.0 / 3.0) == 1.0


@given(mass=st.floats(0.001, 20.0), coupling=st.floats(1e-8, 1.0), alpha_d=st.floats(0.0, 1.0), ratio=st.floats(0, 0.6))
def test_invisible_fraction_is_a_fraction_and_grows_with_dark_matter(
    mass: float, coupling: float, alpha_d: float, ratio: float
) -> None:
    vanilla = float(zprime.branching_invisible(mass, coupling))
    dark = float(zprime.branching_invisible(mass, coupling, alpha_d, ratio * mass))
    assert vanilla <= dark * (1 + 1e-12)
    assert 0.0 < dark <= 1.0


def test_shapes_broadcast() -> None:
    assert zprime.branching_invisible(np.ones((3, 1)), np.full(2, 1e-3), 0.1, 0.2).shape == (3, 2)


def test_impossible_input_is_refused() -> None:
    for mass, coupling in [(0.0, 1e-3), (float("nan"), 1e-3), (1.0, -1e-3)]:
        with pytest.raises(InputError):
            zprime.width(mass, coupling)
    with pytest.raises(InputError, match="chi_mass"):
        zprime.branching_invisible(1.0, 1e-3, 0.1)
    with pytest.raises(InputError, match="chi_mass"):
        zprime.width_to_dark_matter(1.0, 0.1, -0.1)
    with pytest.raises(InputError, match="alpha_d"):
        zprime.width_to_dark_matter(1.0, -0.1, 0.1)
    with pytest.raises(InputError, match="positive coupling"):
        zprime.branching_invisible(1.0, 0.0)


def test_without_dark_matter_it_is_the_vector_of_that_name() -> None:
    # Two roads: flavour by flavour here, from the charges there.
    masses = np.array([0.1, 0.3, 1.0, 5.0])
    np.testing.assert_allclose(zprime.width(masses, 1.0), vector.width(vector.VECTORS["lmu-ltau"], masses), rtol=1e-12)
