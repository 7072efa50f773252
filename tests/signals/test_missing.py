"""Missing momentum: the coupling of a Z′ that only escapes, against a calculation done elsewhere; what is lost to muons."""

from __future__ import annotations

import numpy as np
import pytest

from limits.assemble import prepare
from limits.errors import InputError, LimitsError
from limits.physics import weizsaecker_williams
from limits.search import Search, load
from limits.signals import SIGNALS
from limits.units import ELEMENTARY_CHARGE

MASSES = (0.001, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
COUPLINGS = (1.202, 1.206, 1.219, 1.241, 1.307, 1.563, 2.260, 3.083, 5.029, 11.93, 40.6)
"""In 1e-4: g · √efficiency of 2.3026 events, of 1.98e10 muons of 160 GeV on 40 radiation lengths of lead, x > ½."""


@pytest.fixture(scope="module")
def search() -> Search:
    return load("na64mu-zprime").with_values({"efficiency": 1})


def events(search: Search, hypothesis: str, mass: float, coupling: float = 1e-4) -> float:
    return float(prepare(search, hypothesis, mass).events([coupling])[0])


@pytest.mark.parametrize(("mass", "expected"), list(zip(MASSES, COUPLINGS, strict=True)))
def test_coupling_of_one_in_ten(search: Search, mass: float, expected: float) -> None:
    """A dark coupling so large that all decays are to dark matter."""
    invisible = search.with_values({"alpha_d": 1e6})
    coupling = 1e-4 * np.sqrt(2.3026 / events(invisible, "lmu-ltau-dark", mass))
    assert coupling * 1e4 == pytest.approx(expected, rel=1.5e-3)


def test_events_are_luminosity_times_cross_section(search: Search) -> None:
    """0.01470 pb⁻¹: 1.98e10 muons × 255.4 g/cm² × N_A/207.2, by hand."""
    for mass in (0.001, 0.1):
        sigma = float(weizsaecker_williams.cross_section(mass)) * 1e-6
        assert events(search, "lmu-ltau", mass, 1e-3) == pytest.approx(0.01470 * sigma, rel=2e-3)


def test_below_two_muons_all_is_invisible(search: Search) -> None:
    for mass in (0.001, 0.1, 0.2):
        assert events(search, "lmu-ltau", mass) == pytest.approx(events(search, "lmu-ltau-dark", mass), rel=1e-12)
    # At 0.5 GeV μμ takes (1 + 2r)√(1 − 4r) = 0.9864 to 1 for two neutrinos: 1/1.9864.
    ratio = events(search, "lmu-ltau", 0.5) / events(search, "lmu-ltau-dark", 0.5)
    assert ratio == pytest.approx(0.5034, abs=2e-4)


def test_z_prime_with_dark_matter_between_the_limits(search: Search) -> None:
    """At g² = 4π α_D the dark width is that of one massive flavour, (1 + 2/9)√(5/9) = 0.9110, beside νν and μμ."""
    alpha = 1e-3
    weak = search.with_values({"alpha_d": alpha})
    coupling = np.sqrt(4 * np.pi * alpha)
    share = (1 + 0.9110) / (1 + 0.9110 + 0.9864)
    all_of_it = events(search.with_values({"alpha_d": 1e6}), "lmu-ltau-dark", 0.5, coupling)
    assert events(weak, "lmu-ltau-dark", 0.5, coupling) / all_of_it == pytest.approx(share, rel=1e-3)


def test_yields_grow_with_the_square_where_all_is_invisible(search: Search) -> None:
    found = prepare(search, "lmu-ltau", 0.1).events([1e-5, 1e-4, 1e-3])
    assert found / found[0] == pytest.approx([1, 1e2, 1e4], rel=1e-12)


def test_dark_photon_is_a_z_prime_with_coupling_e_times_mixing(search: Search) -> None:
    dark = search.with_values({"alpha_d": 1e6})
    function = SIGNALS["missing"](dark, dark.channels[0], "aprime", 0.1)
    expected = events(dark, "lmu-ltau-dark", 0.1, ELEMENTARY_CHARGE * 1e-3)
    assert function([1e-3]).events[0, 0] == pytest.approx(expected, rel=1e-6)


def test_numbers_of_the_search_scale_the_yield(search: Search) -> None:
    base = events(search, "lmu-ltau", 0.1)
    for changed, factor in [
        ({"efficiency": 0.1}, 0.1),
        ({"target_lead_length": 45}, 2.0),
        ({"muons_on_target_1": 0, "muons_on_target_2": 39.6e9}, 2.0),
        ({"target_density": 11.35 / 4}, 0.25),
    ]:
        assert events(search.with_values(changed), "lmu-ltau", 0.1) == pytest.approx(factor * base, rel=1e-9)


@pytest.mark.parametrize("coupling", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_coupling(search: Search, coupling: float) -> None:
    with pytest.raises(InputError, match="coupling"):
        prepare(search, "lmu-ltau", 0.1).events([coupling])


def test_refusals(search: Search) -> None:
    with pytest.raises(LimitsError, match="hypothesis"):
        SIGNALS["missing"](search, search.channels[0], "mesogenesis", 0.05)
    with pytest.raises(InputError, match="target_z"):
        prepare(search.with_values({"target_z": 0}), "lmu-ltau", 0.05)
