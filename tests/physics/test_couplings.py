"""Couplings from branching fractions, widths and lifetimes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from limits.errors import InputError, LimitsError
from limits.physics import couplings


@pytest.mark.parametrize(
    ("branching", "mass", "published", "digits"), [(3.7e-8, 0.2, 2.2e-4, 0.02), (2.80e-7, 2.847, 101.8e-4, 0.05)]
)
def test_couplings_of_a_published_search(branching: float, mass: float, published: float, digits: float) -> None:
    """J/ψ → γa, arXiv:2404.04640: the strongest limit, and the weakest coupling at the end of the range (curve read off)."""
    assert float(couplings.photon_coupling_from_branching(branching, mass)) == pytest.approx(published, rel=digits)


def test_inclusive_b_decays_are_those_of_the_literature() -> None:
    """2.3e4 GeV² g² at small masses is what studies of forward detectors use (FORESEE table); the b mass makes it ± 30 %."""
    assert float(couplings.branching_from_w_coupling(1e-4, 0.1)) == pytest.approx(2.3e-4, rel=0.3)


def test_a_dark_photon_below_two_muons_decays_to_electrons() -> None:
    """Γ = α ε² m/3 for massless electrons."""
    alpha, hbarc, mixing, mass = 1 / 137.036, 1.97327e-16, 1e-5, 0.1
    by_hand = 3 * hbarc / (alpha * mixing**2 * mass)
    assert float(couplings.length_from_coupling(mixing, "aprime", mass)) == pytest.approx(by_hand, rel=1e-3)
    assert float(couplings.width_from_coupling(mixing, "aprime", mass)) == pytest.approx(hbarc / by_hand, rel=1e-3)


def test_one_picosecond_is_a_width() -> None:
    """ħ = 6.582e-25 GeV s."""
    assert float(couplings.width_from_length(2.99792458e-4)) == pytest.approx(6.582119569e-13, rel=1e-9)


@pytest.mark.parametrize(
    ("there", "back", "options"),
    [
        (couplings.branching_from_photon_coupling, couplings.photon_coupling_from_branching, (0.5,)),
        (couplings.branching_from_w_coupling, couplings.w_coupling_from_branching, (0.5,)),
        (couplings.length_from_coupling, couplings.coupling_from_length, ("b-l", 0.3)),
        (couplings.width_from_coupling, couplings.coupling_from_width, ("alp-photon", 0.3)),
        (couplings.length_from_width, couplings.width_from_length, ()),
    ],
)
def test_round_trips(there: Any, back: Any, options: tuple[object, ...]) -> None:
    values = np.array([1e-6, 1e-4, 1e-3])
    np.testing.assert_allclose(back(there(values, *options), *options), values, rtol=1e-12)


@pytest.mark.parametrize(
    ("function", "arguments", "complaint"),
    [
        (couplings.photon_coupling_from_branching, (1e-8, 3.2), "below that of the J/ψ, 3.0969 GeV"),
        (couplings.photon_coupling_from_branching, (2.0, 0.2), "cannot be above 1"),
        (couplings.branching_from_w_coupling, (1.0, 0.2), "cannot be above 1"),
        (couplings.branching_from_w_coupling, (1e-4, 4.6), "below that of the b quark"),
        (couplings.branching_from_photon_coupling, (-1.0, 0.2), "coupling: every value must be zero or positive"),
        (couplings.length_from_coupling, (1e-4, "aprime", 1e-4), "aprime: stable at 0.0001 GeV"),
        (couplings.length_from_coupling, (0.0, "aprime", 0.1), "coupling: every value must be positive"),
        (couplings.length_from_coupling, (1e-4, "dark", 0.1), "unknown portal 'dark'; known: .*aprime"),
    ],
)
def test_impossible_input_is_refused(function: Any, arguments: tuple[object, ...], complaint: str) -> None:
    with pytest.raises(LimitsError, match=complaint):
        function(*arguments)


def test_nan_is_refused() -> None:
    with pytest.raises(InputError):
        couplings.width_from_length(np.nan)
