"""Decay in flight and two-body kinematics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from limits.errors import InputError
from limits.physics import decay
from limits.physics.aprime import decay_length
from limits.units import mass as particle_mass


def test_probability_is_the_integral_of_the_exponential_law() -> None:
    expected, _ = integrate.quad(lambda x: np.exp(-x / 70.0) / 70.0, 476.0, 477.5, epsabs=0, epsrel=1e-12)
    assert float(decay.probability_in_volume(70.0, 476.0, 1.5)) == pytest.approx(expected, rel=1e-12)


def test_order_of_magnitude_at_a_forward_detector() -> None:
    # A′ of 25 MeV, mixing 3e-5, 2 TeV: about 1e-3 in 1.5 m after 480 m (9.8e-4 by independent calculation).
    length = decay.lab_decay_length(decay_length(0.025, 3e-5), 2000.0, 0.025)
    assert float(length) == pytest.approx(287.0, rel=0.01)
    assert float(decay.probability_in_volume(length, 480.0, 1.5)) == pytest.approx(9.8e-4, rel=0.01)


def test_probability_limits() -> None:
    # Decays at once, never, and so rarely that a difference of exponentials would be rounding only.
    assert decay.probability_in_volume(0.0, 480.0, 1.5) == 0.0
    assert decay.probability_in_volume(0.0, 0.0, 1.5) == 1.0
    assert decay.probability_in_volume(np.inf, 480.0, 1.5) == 0.0
    assert decay.probability_in_volume(1e-3, 480.0, 1.5) == 0.0
    assert decay.probability_in_volume(10.0, 480.0, 0.0) == 0.0
    assert float(decay.probability_in_volume(1e20, 480.0, 1.5)) == pytest.approx(1.5e-20, rel=1e-14)
    assert float(decay.probability_in_volume(10.0, 0.0, np.inf)) == 1.0


@given(d=st.floats(1e-3, 1e9), near=st.floats(0, 1e3), first=st.floats(0, 1e3), second=st.floats(0, 1e3))
def test_probability_adds_over_adjacent_volumes(d: float, near: float, first: float, second: float) -> None:
    whole = float(decay.probability_in_volume(d, near, first + second))
    parts = decay.probability_in_volume(d, near, first) + decay.probability_in_volume(d, near + first, second)
    assert 0.0 <= whole <= 1.0
    # Relative rounding of a path of up to 2 km over d ≥ 1 mm in the exponent allows 1e-9.
    assert whole == pytest.approx(float(parts), rel=1e-8, abs=1e-300)


def test_two_body_momentum_values() -> None:
    # A decay to two photons shares the mass; one massless daughter and two equal ones have well-known short forms.
    pion, eta, charged = particle_mass("pi0"), particle_mass("eta"), particle_mass("pi+")
    assert float(decay.two_body_momentum(pion, 0.0, 0.0)) == pytest.approx(pion / 2, rel=1e-15)
    assert float(decay.two_body_momentum(pion, 0.05, 0.0)) == pytest.approx((pion**2 - 0.05**2) / (2 * pion), rel=1e-14)
    assert float(decay.two_body_momentum(eta, charged, charged)) == pytest.approx(
        np.sqrt(eta**2 / 4 - charged**2), rel=1e-14
    )
    assert decay.two_body_momentum(1.0, 0.3, 0.7) == pytest.approx(0.0, abs=1e-8)


def test_closed_decays_are_refused() -> None:
    for masses in [(0.1, 0.06, 0.06), (0.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (float("nan"), 0.0, 0.0)]:
        with pytest.raises(InputError):
            decay.two_body_momentum(*masses)


kinematics = {
    "momentum": st.floats(0.0, 7000.0),
    "angle": st.floats(0.0, np.pi),
    "ratio": st.floats(0.0, 1.0),
    "cosine": st.floats(-1.0, 1.0),
    "phi": st.floats(0.0, 2 * np.pi),
}


@given(**kinematics)
def test_daughters_add_up_to_their_parent(
    momentum: float, angle: float, ratio: float, cosine: float, phi: float
) -> None:
    parent, daughter = 0.5, 0.5 * ratio
    first, first_angle = decay.boosted_daughter(momentum, angle, parent, daughter, 0.0, cosine, phi)
    second, second_angle = decay.boosted_daughter(momentum, angle, parent, 0.0, daughter, -cosine, phi + np.pi)
    energy = np.hypot(first, daughter) + second
    assert float(energy) == pytest.approx(np.hypot(momentum, parent), rel=1e-9)
    along = first * np.cos(first_angle) + second * np.cos(second_angle)
    assert float(along) == pytest.approx(momentum * np.cos(angle), abs=1e-9 * (momentum + parent))


def test_daughter_agrees_with_four_vectors() -> None:
    # Independent calculation: Lorentz matrix along z, then a rotation matrix.
    momentum, angle, parent, daughter, cosine, phi = 40.0, 0.8, 0.5, 0.1, -0.3, 2.0
    star = (parent**2 - daughter**2) / (2 * parent)
    sine = np.sqrt(1 - cosine**2)
    rest = np.array([np.hypot(star, daughter), star * sine * np.cos(phi), star * sine * np.sin(phi), star * cosine])
    gamma, boost = np.hypot(momentum, parent) / parent, momentum / parent
    matrix = np.array([[gamma, 0, 0, boost], [0, 1, 0, 0], [0, 0, 1, 0], [boost, 0, 0, gamma]])
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    vector = turn @ (matrix @ rest)[1:]
    size, polar = decay.boosted_daughter(momentum, angle, parent, daughter, 0.0, cosine, phi)
    assert float(size) == pytest.approx(np.linalg.norm(vector), rel=1e-13)
    assert float(polar) == pytest.approx(np.arccos(vector[2] / np.linalg.norm(vector)), rel=1e-12)


def test_parent_at_rest_and_forward_parent() -> None:
    size, polar = decay.boosted_daughter(0.0, 0.0, 1.0, 0.2, 0.1, 0.25, 1.0)
    assert float(size) == pytest.approx(float(decay.two_body_momentum(1.0, 0.2, 0.1)), rel=1e-14)
    assert float(np.cos(polar)) == pytest.approx(0.25, rel=1e-12)
    # Opening angle of a tiny decay angle at 2 TeV keeps its precision.
    _, polar = decay.boosted_daughter(2000.0, 1e-6, 0.135, 0.05, 0.0, 1.0, 0.0)
    assert float(polar) == pytest.approx(1e-6, rel=1e-9)


def test_transverse_momentum_spectrum_is_boost_invariant() -> None:
    cosine = np.linspace(-1, 1, 11)
    size, polar = decay.boosted_daughter(3000.0, 0.0, 0.135, 0.05, 0.0, cosine, 0.3)
    star = decay.two_body_momentum(0.135, 0.05, 0.0)
    np.testing.assert_allclose(size * np.sin(polar), star * np.sqrt(1 - cosine**2), rtol=1e-9, atol=1e-15)


def test_shapes_and_refusals() -> None:
    size, polar = decay.boosted_daughter(np.ones((4, 1)), 0.1, 0.5, 0.1, 0.0, np.zeros(3), 0.0)
    assert size.shape == polar.shape == (4, 3)
    with pytest.raises(InputError, match="cos_star"):
        decay.boosted_daughter(1.0, 0.1, 0.5, 0.1, 0.0, 1.1, 0.0)
    with pytest.raises(InputError, match="momentum"):
        decay.boosted_daughter(-1.0, 0.1, 0.5, 0.1, 0.0, 1.0, 0.0)
    with pytest.raises(InputError, match="near"):
        decay.probability_in_volume(1.0, -1.0, 1.0)
    with pytest.raises(InputError, match="mass"):
        decay.lab_decay_length(1.0, 1.0, 0.0)
