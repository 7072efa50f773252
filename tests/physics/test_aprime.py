"""Dark photon: widths, decay length, production in pseudoscalar decays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.errors import InputError
from limits.physics import aprime
from limits.units import HBARC
from limits.units import mass as particle_mass


@pytest.mark.parametrize(
    ("mass", "expected"),
    [(0.01, 8.113e-12), (0.05, 1.622e-12), (0.1, 8.112e-13), (0.2, 4.056e-13), (0.25, 1.881e-13)],
)
def test_decay_length_agrees_with_public_tables(mass: float, expected: float) -> None:
    # cτ at mixing 1 in m, tables of arXiv:1801.04847 as used for forward detectors, four digits.
    assert float(aprime.decay_length(mass, 1.0)) == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize(("mass", "electrons"), [(0.2, 1.0), (0.25, 0.5796)])
def test_electron_fraction_agrees_with_public_tables(mass: float, electrons: float) -> None:
    # arXiv:1801.04847.
    fraction = aprime.width_to_leptons(mass, 1e-4, particle_mass("e-")) / aprime.width(mass, 1e-4)
    assert float(fraction) == pytest.approx(electrons, abs=1e-4)


def test_leptonic_width_is_the_integrated_squared_amplitude() -> None:
    # Independent calculation: Γ = p/(8π m²) mean|M|², with mean|M|² = (4/3) e² ε² (m² + 2 m_ℓ²).
    mass, lepton, mixing = 0.24, particle_mass("mu-"), 1e-3
    momentum = np.sqrt(mass**2 / 4 - lepton**2)
    squared = 4 / 3 * 4 * np.pi / 137.035999084 * mixing**2 * (mass**2 + 2 * lepton**2)
    expected = momentum / (8 * np.pi * mass**2) * squared
    assert float(aprime.width_to_leptons(mass, mixing, lepton)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("mass", "expected", "accuracy"), [(0.3, 1.420e-13, 0.01), (0.5, 6.55e-14, 0.01), (1.0, 2.589e-14, 0.03)]
)
def test_hadronic_range_agrees_with_public_tables(mass: float, expected: float, accuracy: float) -> None:
    # FORESEE table.
    assert float(aprime.decay_length(mass, 1.0)) == pytest.approx(expected, rel=accuracy)


def test_nothing_to_decay_into_gives_an_infinite_length() -> None:
    assert np.isinf(aprime.decay_length(1e-3, 1e-4))
    assert np.isinf(aprime.decay_length(0.05, 0.0))
    assert aprime.width_to_leptons(0.2, 1.0, particle_mass("mu-")) == 0.0


def test_pseudoscalar_branching_values_and_limits() -> None:
    pion = particle_mass("pi0")
    expected = 2 * 1e-10 * 0.98823 * (1 - (0.05 / pion) ** 2) ** 3
    assert float(aprime.branching_from_pseudoscalar(0.05, 1e-5, pion, 0.98823)) == pytest.approx(expected, rel=1e-12)
    closed = aprime.branching_from_pseudoscalar([0.2, pion], 1e-5, pion, 0.98823)
    np.testing.assert_array_equal(closed, 0.0)


def test_shapes_broadcast() -> None:
    mass, mixing = np.array([[0.02], [0.05]]), np.array([1e-6, 1e-5, 1e-4])
    assert aprime.decay_length(mass, mixing).shape == (2, 3)
    assert aprime.branching_from_pseudoscalar(mass, mixing, 0.135, 0.988).shape == (2, 3)


@given(mass=st.floats(0.0011, 3.0), mixing=st.floats(1e-9, 1.0))
def test_length_times_width_is_hbarc_and_scales_as_inverse_mixing_squared(mass: float, mixing: float) -> None:
    length = float(aprime.decay_length(mass, mixing))
    assert length * float(aprime.width(mass, mixing)) == pytest.approx(HBARC, rel=1e-12)
    assert length * mixing**2 == pytest.approx(float(aprime.decay_length(mass, 1.0)), rel=1e-9)


@pytest.mark.parametrize(("mass", "mixing"), [(0.0, 1e-4), (-1.0, 1e-4), (float("nan"), 1e-4), (0.1, -1e-4)])
def test_impossible_input_is_refused(mass: float, mixing: float) -> None:
    with pytest.raises(InputError):
        aprime.width(mass, mixing)
    with pytest.raises(InputError):
        aprime.branching_from_pseudoscalar(mass, mixing, 0.135, 0.988)


@pytest.mark.parametrize(("parent", "fraction"), [(0.0, 0.5), (0.135, 1.5), (0.135, float("nan"))])
def test_impossible_parent_is_refused(parent: float, fraction: float) -> None:
    with pytest.raises(InputError):
        aprime.branching_from_pseudoscalar(0.05, 1e-4, parent, fraction)
