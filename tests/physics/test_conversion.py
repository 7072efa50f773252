"""Conversions: strength, coupling, mixing, portal variable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.errors import InputError
from limits.physics import conversion

positive = st.floats(1e-6, 1e3)


def test_values() -> None:
    # Independent calculation: e = 0.302822 at α = 1/137.036.
    assert float(conversion.coupling_from_mixing(1e-3)) == pytest.approx(3.02822e-4, rel=1e-5)
    # With α_D = 0.1 and a mediator three times heavier, y = ε²/810.
    assert float(conversion.portal_strength(1e-4, 0.1, 1.0, 3.0)) == pytest.approx(1e-8 / 810, rel=1e-12)
    assert float(conversion.coupling_from_strength(16.0, 1e-4, 4)) == pytest.approx(2e-4, rel=1e-12)


def test_an_infinite_strength_stays_infinite_and_zero_stays_zero() -> None:
    np.testing.assert_array_equal(conversion.coupling_from_strength([np.inf, 0.0], 1e-4, 2), [np.inf, 0.0])


@given(mixing=positive, alpha_d=positive, chi=positive, mass=positive)
def test_round_trips(mixing: float, alpha_d: float, chi: float, mass: float) -> None:
    y = conversion.portal_strength(mixing, alpha_d, chi, mass)
    assert float(conversion.mixing_from_portal(y, alpha_d, chi, mass)) == pytest.approx(mixing, rel=1e-9)
    back = conversion.mixing_from_coupling(conversion.coupling_from_mixing(mixing))
    assert float(back) == pytest.approx(mixing, rel=1e-12)


@given(strength=positive, reference=positive, power=st.floats(0.5, 6.0))
def test_strength_round_trip(strength: float, reference: float, power: float) -> None:
    coupling = conversion.coupling_from_strength(strength, reference, power)
    assert float(conversion.strength_from_coupling(coupling, reference, power)) == pytest.approx(strength, rel=1e-9)


def test_shapes_broadcast() -> None:
    assert conversion.coupling_from_strength(np.ones((3, 1)), np.ones(2), 2).shape == (3, 2)
    assert conversion.mixing_from_portal(np.ones((3, 1)), 0.1, np.ones(2), 3.0).shape == (3, 2)


def test_impossible_input_is_refused() -> None:
    for power in (0.0, -2.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="power"):
            conversion.coupling_from_strength(1.0, 1.0, power)
    with pytest.raises(InputError, match="strength"):
        conversion.coupling_from_strength(-1.0, 1.0, 2)
    with pytest.raises(InputError, match="alpha_d"):
        conversion.mixing_from_portal(1e-10, 0.0, 1.0, 3.0)
    with pytest.raises(InputError, match="mass"):
        conversion.portal_strength(1e-4, 0.1, 1.0, 0.0)
