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


def test_events() -> None:
    # 0.5 pb in 27 fb⁻¹ are 13500 events before an efficiency of 2 %; 1e10 parents of which 3e-9 decay are 30.
    assert float(conversion.events_from_cross_section(0.5, 27e3, 0.02)) == pytest.approx(270)
    assert float(conversion.cross_section_from_events(3.0, 140e3, 0.5)) == pytest.approx(3.0 / 70e3)
    assert float(conversion.events_from_branching(3e-9, 1e10, 0.1)) == pytest.approx(3)
    assert float(conversion.branching_from_events(2.3, 1e10, 0.23)) == pytest.approx(1e-9)


def test_impossible_events_are_refused() -> None:
    with pytest.raises(InputError, match="efficiency"):
        conversion.events_from_cross_section(1.0, 1.0, 1.2)
    with pytest.raises(InputError, match="luminosity"):
        conversion.cross_section_from_events(1.0, 0.0, 1.0)
    with pytest.raises(InputError, match="cannot be above 1"):
        conversion.branching_from_events(20.0, 10.0, 1.0)
    with pytest.raises(InputError, match="branching"):
        conversion.events_from_branching(-1.0, 10.0, 1.0)
