"""Yields of the shipped displaced searches: public numbers, convergence, smoothness, bremsstrahlung, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from limits.assemble import prepare
from limits.errors import InputError, LimitsError
from limits.physics import bremsstrahlung
from limits.physics.portal import PORTALS
from limits.search import Search, load
from limits.signals import SIGNALS, rays
from limits.signals.expected import Yield


def expected(search: Search, hypothesis: str, mass: float, coupling: float) -> Yield:
    return prepare(search, hypothesis, mass).yields([coupling])[0]


def radiated(search: Search, mass: float, coupling: float) -> float:
    """The share of bremsstrahlung in the events, read from an uncertainty of 100 % on it."""
    sure = search.with_values({"bremsstrahlung_uncertainty": 1})
    return float(expected(sure, "aprime", mass, coupling).relative["bremsstrahlung"][0, 0])


@pytest.fixture(scope="module")
def benchmark() -> Search:
    """27 fb⁻¹, more than 500 GeV, 474 m away, a disc of 10 cm beside the axis by 6.5 cm, 1.5 m long, all seen."""
    return load("faser-aprime").with_values({"distance": 474, "efficiency": 1})


@pytest.mark.parametrize(
    ("mass", "mixing", "public", "within"),
    [
        (0.0251, 3e-5, 78.9, 0.10),
        (0.050, 1e-5, 14.5, 0.10),
        (0.050, 3e-5, 2.9, 0.20),
        (0.020, 5e-5, 90, 0.10),
        (0.015, 1e-4, 40, 0.10),
        (0.070, 1e-5, 6.5, 0.10),
    ],
)
def test_public_yields_of_faser(benchmark: Search, mass: float, mixing: float, public: float, within: float) -> None:
    """Mesons only, Sibyll: FORESEE table. The radiated share is a few per cent where many A′ live long enough."""
    share = radiated(benchmark, mass, mixing)
    events = float(expected(benchmark, "aprime", mass, mixing).events[0, 0])
    assert events * (1 - share) == pytest.approx(public, rel=within)


@pytest.mark.parametrize("mass", [0.02, 0.03, 0.05])
def test_share_of_bremsstrahlung_in_faser(benchmark: Search, mass: float) -> None:
    assert 0.02 < radiated(benchmark, mass, 3e-6) < 0.06


def test_axion_like_particles_of_bottom_decays() -> None:
    """FORESEE: 212 decays (155 to 326) at 150 MeV, g = 1e-4/GeV, 60 fb⁻¹, 474 m, any energy; ours is leading order: a factor 2."""
    search = load("faser-alp")
    if search.channels[0].production[0].generator not in search.spectra("pp-13600-bottom"):  # type: ignore[union-attr]
        pytest.skip("the spectra of B mesons are not there")
    values = {
        "luminosity_ifb": 60,
        "distance": 474,
        "energy_threshold": 1,
        "efficiency": 1,
        "inelastic_cross_section": 1e-9,
    }
    events = float(expected(search.with_values(values), "alp-w", 0.15, 1e-4).events[0, 0])
    assert 106 < events < 424


def test_kaons_add_to_axion_like_particles() -> None:
    search = load("faser-alp")
    if search.channels[0].production[0].generator not in search.spectra("pp-13600-bottom"):  # type: ignore[union-attr]
        pytest.skip("the spectra of B mesons are not there")
    without = search.with_values({"charged_kaon_path": 0, "neutral_kaon_path": 0})
    both, bottom = (float(expected(s, "alp-w", 0.15, 1e-5).events[0, 0]) for s in (search, without))
    assert 0 < bottom < both
    closed = [float(expected(s, "alp-w", 0.45, 1e-5).events[0, 0]) for s in (search, without)]
    assert closed[0] == closed[1]


SLOW = pytest.mark.slow
POINTS = [
    ("faser-aprime", 0.05, 1e-5),
    ("faser-aprime", 0.08, 1e-5),
    pytest.param("faser-aprime", 0.02, 1e-5, marks=SLOW),
    pytest.param("na62-aprime-ee", 0.03, 1e-6, marks=SLOW),
    pytest.param("na62-aprime-ee", 0.15, 1e-6, marks=SLOW),
    pytest.param("na62-aprime-mumu", 0.411, 5e-7, marks=SLOW),
    pytest.param("darkquest-aprime", 0.05, 1e-6, marks=SLOW),
    pytest.param("darkquest-aprime", 0.2, 1e-6, marks=SLOW),
]
DUMPS = [("na62-aprime-ee", 0.1, 1e-6), ("darkquest-aprime", 0.3, 1e-6)]


@pytest.mark.parametrize(("name", "mass", "mixing"), POINTS)
def test_eight_times_as_many_parents_change_little(
    monkeypatch: pytest.MonkeyPatch, name: str, mass: float, mixing: float
) -> None:
    search, found = load(name), []
    for size in (2**15, 2**18):
        monkeypatch.setattr(rays, "PARENTS", size)
        found.append(float(expected(search, "aprime", mass, mixing).events[0, 0]))
    assert found[0] == pytest.approx(found[1], rel=0.015)


@pytest.mark.parametrize(("name", "mass", "mixing"), [*POINTS, *DUMPS])
def test_yields_are_smooth_in_the_mass(name: str, mass: float, mixing: float) -> None:
    """Steps of 0.1 %: ln N of a smooth function bends by 1e-4 or less, as it changes by some per cent over some per cent."""
    search = load(name)
    events = [float(expected(search, "aprime", mass * (1 + 1e-3 * i), mixing).events[0, 0]) for i in range(5)]
    assert np.abs(np.diff(np.log(events), n=2)).max() < 0.01


def test_yields_are_smooth_in_the_coupling() -> None:
    for name, mass, coupling in (("faser-aprime", 0.05, 1e-5), ("na62-aprime-mumu", 0.3, 1e-6)):
        events = prepare(load(name), "aprime", mass).events(np.geomspace(coupling, 1.001 * coupling, 50))
        assert np.all(np.abs(np.diff(np.log(events), n=2)) < 1e-8)


def test_long_lived_yields_grow_with_the_fourth_power() -> None:
    """Made ∝ ε², decaying ∝ ε², as long as X flies much further than to the detector."""
    for name, mass in (("faser-aprime", 0.02), ("na62-aprime-ee", 0.02), ("darkquest-aprime", 0.02)):
        events = prepare(load(name), "aprime", mass).events([1e-9, 2e-9])
        assert events[1] / events[0] == pytest.approx(16, rel=1e-4)


def test_bremsstrahlung_of_a_collider_against_adaptive_integration(benchmark: Search) -> None:
    """The number of A′ of long life: luminosity × ∫∫ d²σ/dz dpT² over the offset disc × path/decay length."""
    search, mass, mixing = benchmark.with_values({"bremsstrahlung_uncertainty": 1}), 0.05, 1e-9
    y = expected(search, "aprime", mass, mixing)
    found = float(y.events[0, 0] * y.relative["bremsstrahlung"][0, 0])
    length = PORTALS["aprime"].decay_length(mass) / mixing**2

    def over_pt(z: float) -> float:
        def density(pt: float) -> float:
            radius = 474 * pt / (z * 6800)
            cosine = (radius**2 + 0.065**2 - 0.1**2) / max(2 * radius * 0.065, 1e-12)
            inside = np.arccos(np.clip(cosine, -1, 1)) / np.pi
            return float(bremsstrahlung.cross_section(mass, z, pt, 13600.0) * 2 * pt * inside)

        points = [0.035 / 474 * z * 6800]
        return float(quad(density, 0, min(1.0, 0.165 / 474 * z * 6800), points=points, limit=200)[0])

    z = np.linspace(500 / 6800, 0.9999, 60)
    decays = 1.5 * mass / (length * z * 6800)
    integral = np.trapezoid([over_pt(float(v)) for v in z] * decays, z)
    # The search normalises to the measured inelastic cross-section, the formula to its own fit.
    ratio = search.value("inelastic_cross_section") * 1e9 / float(bremsstrahlung.proton_cross_section(13600.0**2))
    assert found == pytest.approx(27e3 * mixing**2 * ratio * integral, rel=0.01)


def test_form_factor_of_the_proton_is_asked_for() -> None:
    """At 0.6 GeV |F|² is about 1/(1 − 0.36/0.607)² = 6."""
    search = load("na62-aprime-ee").with_values({"bremsstrahlung_uncertainty": 1})
    mesons, protons = [], []
    for asked in (0, 1):
        y = expected(search.with_values({"bremsstrahlung_form_factor": asked}), "aprime", 0.6, 5e-7)
        total, share = float(y.events[0, 0]), float(y.relative["bremsstrahlung"][0, 0])
        mesons.append(total * (1 - share))
        protons.append(total * share)
    assert mesons[0] == pytest.approx(mesons[1], rel=1e-9)
    assert protons[1] / protons[0] == pytest.approx(6, rel=0.2)


def test_energy_threshold_and_shares_cut() -> None:
    search = load("na62-aprime-ee")
    wide = expected(search, "aprime", 0.1, 1e-7).events[0, 0]
    cut = expected(search.with_values({"energy_threshold": 60}), "aprime", 0.1, 1e-7).events[0, 0]
    assert 0 < cut < wide
    assert radiated(search, 0.1, 1e-7) > radiated(search.with_values({"bremsstrahlung_z_min": 0.3}), 0.1, 1e-7) > 0


def test_closed_final_states_leave_nothing() -> None:
    """Muons below threshold; and an A′ that cannot decay at all."""
    search = load("na62-aprime-mumu")
    y = SIGNALS["displaced"](search, search.channels[0], "aprime", 0.1)([1e-6, 1e-5])
    assert y.events.tolist() == [[0.0], [0.0]]
    assert all(not size.any() for size in y.relative.values())
    light = load("na62-aprime-ee")
    assert SIGNALS["displaced"](light, light.channels[0], "aprime", 0.001)([1e-3]).events.tolist() == [[0.0]]


@pytest.mark.parametrize("coupling", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_coupling(coupling: float) -> None:
    with pytest.raises(InputError, match="coupling"):
        prepare(load("faser-aprime"), "aprime", 0.05).events([coupling])


@pytest.mark.parametrize(
    "key", ["distance", "decay_volume_length", "aperture_radius", "energy_threshold", "beam_energy"]
)
def test_numbers_above_zero(key: str) -> None:
    with pytest.raises(InputError, match=key):
        prepare(load("faser-aprime").with_values({key: 0}), "aprime", 0.05)


def test_refusals() -> None:
    search = load("faser-aprime")
    for name, function in SIGNALS.items():
        if name == "resonance":  # takes another kind of channel
            continue
        with pytest.raises(LimitsError, match="hypothesis"):
            function(search, search.channels[0], "wimp", 0.05)
    with pytest.raises(InputError, match="energy_threshold"):
        prepare(search.with_values({"energy_threshold": 6800}), "aprime", 0.05)
