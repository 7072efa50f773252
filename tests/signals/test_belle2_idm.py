"""The search belle2-idm: counts in windows, limits without events by hand, edges of regions, exported workspaces."""

from __future__ import annotations

import numpy as np
import pytest

from limits.assemble import prepare
from limits.assemble.counts import background, observed
from limits.errors import InputError, LimitsError
from limits.inference.limit import p_values, upper_limit
from limits.physics import dark_higgs
from limits.scan.points import run_point
from limits.scan.results import Point, PointResult
from limits.search import CountingChannel, Search, load
from limits.signals import windows

EXACT = {"efficiency_uncertainty": 0.0}
THREE = float(-np.log(0.05))
"""Events at the 95 % limit without any seen, by Bayes with a flat prior and by CLs."""


@pytest.fixture(scope="module")
def search() -> Search:
    return load("belle2-idm")


def channel(search: Search, name: str) -> CountingChannel:
    (found,) = (c for c in search.channels if c.name == name and isinstance(c, CountingChannel))
    return found


def yields(search: Search, hypothesis: str, mass: float, coupling: float) -> list[float]:
    """Expected events of μμ, ππ and KK."""
    return [float(y.events[0, 0]) for y in prepare(search, hypothesis, mass).yields([coupling])]


def region(search: Search, mass: float, method: str = "bayes", hypothesis: str = "idm-dark-higgs") -> PointResult:
    return run_point(Point(search, hypothesis, mass, method, 0.95, (1e-7, 1e-1, 31)))


@pytest.mark.parametrize(
    ("mass", "counts"),
    [
        (0.22, (0, 0, 0)),
        (0.306, (0, 1, 0)),
        (0.4, (0, 0, 0)),
        (0.461, (0, 1, 0)),
        (0.5, (0, 0, 0)),
        (0.533, (0, 2, 0)),
        (0.558, (0, 1, 0)),
        (1.455, (0, 0, 1)),
        (3.0, (0, 0, 0)),
    ],
)
def test_events_in_the_window(search: Search, mass: float, counts: tuple[int, ...]) -> None:
    assert tuple(observed(search, channel(search, name), mass) for name in ("mumu", "pipi", "kk")) == counts


def test_published_events_are_those_counted_and_would_be_seen_by_the_toy(search: Search) -> None:
    """All nine vertices lie in the tracker and in its angles, and one of each two is as displaced as is asked for."""
    table = search.table("events.csv")
    for name, kaons in (("pipi", 0.0), ("kk", 1.0)):
        counted = channel(search, name).window
        assert counted is not None
        masses = [search.value(key) for key in counted.events or ()]
        assert masses == table["mass_gev"][table["kaons"] == kaons].tolist()
        assert len(masses) == search.value(f"observed_{name}")
    rho, z = (0.01 * np.array([table[f"{name}_{axis}_cm"] for name in ("higgs", "chi")]) for axis in ("rho", "z"))
    assert np.all(rho < search.value("tracker_radius"))
    assert np.all((-search.value("tracker_backward") < z) & (z < search.value("tracker_forward")))
    assert np.all(rho.max(axis=0) > search.value("displacement_min"))
    far = np.arctan2(rho, z)[rho > search.value("displacement_min")]
    assert np.all(
        (np.radians(search.value("track_angle_min")) < far) & (far < np.radians(search.value("track_angle_max")))
    )


def test_background_is_the_sideband(search: Search) -> None:
    """At 0.461 GeV three resolutions of 2.6 to 2.7 MeV reach into the K⁰ₛ veto, which begins at 0.467 GeV."""
    pions = channel(search, "pipi")
    assert pions.window is not None
    sigma = windows.resolution(search, pions.window, 0.461)
    assert sigma is not None
    assert 0.0025 < sigma < 0.0029
    width = 0.467 - (0.461 - 3 * sigma)
    found = background(search, pions, 0.461)
    assert found.events == pytest.approx(7 * width / (2.74 - width), rel=1e-9)
    assert found.relative == pytest.approx(7**-0.5)
    assert windows.share(search, pions.window, 0.461) == pytest.approx(0.98, abs=0.012)
    # No event of two muons was seen: one takes the place of the sideband.
    muons = channel(search, "mumu")
    width = 6 * float(windows.resolution(search, muons.window, 1.0) or 0)  # type: ignore[arg-type]
    assert background(search, muons, 1.0).events == pytest.approx(width / (2.87 - width), rel=1e-9)


def test_a_window_in_the_veto_is_empty(search: Search) -> None:
    pions = channel(search, "pipi")
    assert background(search, pions, 0.5).events == 0.0
    muons, seen, kaons = yields(search, "idm-dark-higgs", 0.5, 1e-4)
    assert muons > 0
    assert (seen, kaons) == (0.0, 0.0)
    for method in ("bayes", "cls-exact", "cls"):
        assert region(search, 0.5, method).excluded[0][1] is None


def test_signal_is_that_of_each_final_state(search: Search) -> None:
    """At 1.3 GeV acceptances are alike, so that events go like branching fractions."""
    found = yields(search, "idm-dark-higgs", 1.3, 1e-4)
    shares = dark_higgs.branching(1.3)
    for events, name in zip(found, ("mu+mu-", "pi+pi-", "K+K-"), strict=True):
        assert events / found[0] == pytest.approx(float(shares[name] / shares["mu+mu-"]), rel=0.1)
    assert yields(search, "idm-dark-higgs", 0.25, 1e-3)[1:] == [0.0, 0.0]
    for place, name in enumerate(("dark-higgs-mumu", "dark-higgs-pipi", "dark-higgs-kk")):
        alone = yields(search, name, 1.3, 0.1)
        assert [i for i in range(3) if alone[i] > 0] == [place]
        assert yields(search, name, 1.3, 0.3)[place] == pytest.approx(3 * alone[place])


def test_rates_scale_with_dark_coupling_charge_and_mixing(search: Search) -> None:
    """A longer-lived h′ far from the end of the tracker: rate like q², α_D and ε², where the χ₂ hardly matters."""
    plain = yields(search, "idm-dark-higgs", 0.7, 1e-5)[0]
    other = search.with_values({"dark_charge": 1})
    assert yields(other, "idm-dark-higgs", 0.7, 1e-5)[0] == pytest.approx(plain / 4, rel=1e-9)
    other = search.with_values({"mixing": 3e-3, "alpha_d": 0.025})
    assert yields(other, "idm-dark-higgs", 0.7, 1e-5)[0] == pytest.approx(plain, rel=1e-9)
    other = search.with_values({"mixing": 3e-3})
    assert yields(other, "idm-dark-higgs", 0.7, 1e-5)[0] == pytest.approx(4 * plain, rel=0.02)
    by_mixing = search.with_values({"mixing_angle": 1e-5})
    assert yields(by_mixing, "idm-mixing", 0.7, 1.5e-3)[0] == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("method", ["bayes", "cls-exact"])
def test_limit_without_events(search: Search, method: str) -> None:
    """3.00 events over 365 fb⁻¹ and the acceptance times efficiencies, in fb; 0.1 fb is an efficiency of 8 %."""
    exact = search.with_values(EXACT)
    acceptance = yields(exact, "dark-higgs-mumu", 1.0, 1.0)[0] / 365
    assert 0.03 < acceptance < 0.3
    limit = upper_limit(
        prepare(exact, "dark-higgs-mumu", 1.0).likelihood(0.1), method, 0.95, expected=False
    ).observed_limit
    assert limit is not None
    assert 0.1 * limit == pytest.approx(THREE / (365 * acceptance), rel=2e-3)


@pytest.mark.parametrize("method", ["bayes", "cls-exact"])
def test_an_island_has_two_edges(search: Search, method: str) -> None:
    """With ε = 5e-3 χ₂ decays at once and h′ has to be displaced; no event is near 0.7 GeV: 3.00 are expected at both edges."""
    exact = search.with_values({**EXACT, "mixing": 5e-3})
    ((low, high),) = region(exact, 0.7, method).excluded
    assert low is not None
    assert high is not None
    assert 1e-7 < low < 1e-4 < high < 1e-1
    for edge in (low, high):
        assert sum(yields(exact, "idm-dark-higgs", 0.7, edge)) == pytest.approx(THREE, rel=2e-3)


def test_open_above_where_the_other_vertex_is_displaced(search: Search) -> None:
    """At the published benchmark a part of χ₂ decays is displaced whatever h′ does."""
    ((low, high),) = region(search, 0.7).excluded
    assert low is not None
    assert 1e-6 < low < 1e-4
    assert high is None
    events = [sum(yields(search, "idm-dark-higgs", 0.7, angle)) for angle in (0.05, 0.1)]
    assert events[0] == pytest.approx(events[1], rel=0.02)


def test_an_event_in_the_window_costs_reach(search: Search) -> None:
    """4.74 instead of 3.00 events: the lower edge moves like the square root, 1.26, where ππ and μμ are all in one."""
    beside, inside = (region(search.with_values(EXACT), mass).excluded[0][0] for mass in (0.7249, 0.7255))
    assert beside is not None
    assert inside is not None
    assert inside / beside == pytest.approx((4.744 / THREE) ** 0.5, rel=0.02)


def test_workspace_of_an_empty_channel(search: Search) -> None:
    pyhf = pytest.importorskip("pyhf")
    prepared = prepare(search, "idm-dark-higgs", 0.5)
    workspace = pyhf.Workspace(prepared.document(2e-5))
    model = workspace.model()
    found = pyhf.infer.hypotest(1.3, workspace.data(model), model, test_stat="qtilde")
    assert float(found) == pytest.approx(p_values(prepared.likelihood(2e-5), "cls", 1.3).cls, rel=1e-4)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"aprime_ratio": 2.3}, "aprime_ratio"),
        ({"splitting_ratio": 1e-4}, "splitting_ratio"),
        ({"chi_mass": 0.0}, "chi_mass"),
        ({"alpha_d": -0.1}, "alpha_d"),
        ({"tracker_radius": 0.0}, "tracker_radius"),
        ({"vertex_efficiency": 1.5}, "vertex_efficiency"),
        ({"pair_angle_min": -1.0}, "pair_angle_min"),
        ({"track_angle_max": 1e30}, "track_angle_max"),
        ({"window_half_width": -3.0}, "window_half_width"),
        ({"k_short_low": 0.6}, "k_short_low"),
    ],
)
def test_bad_numbers_are_one_line(search: Search, values: dict[str, float], problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        prepare(search.with_values(values), "idm-dark-higgs", 0.5).likelihood(1e-4)
    assert "\n" not in str(caught.value)


def test_unknown_hypotheses_and_masses(search: Search) -> None:
    with pytest.raises(LimitsError, match="aprime"):
        prepare(search, "aprime", 0.5)
    with pytest.raises(InputError, match="allowed"):
        prepare(search, "dark-higgs-kk", 0.9)


def test_heavy_dark_matter_closes_the_production(search: Search) -> None:
    """m_A′ = 9 GeV and 2 GeV of h′ are more than 10.58 GeV: no signal, and nothing is excluded."""
    heavy = search.with_values({"chi_mass": 3.0})
    assert yields(heavy, "idm-dark-higgs", 2.0, 1e-4) == [0.0, 0.0, 0.0]
    assert yields(heavy, "idm-dark-higgs", 1.0, 1e-4)[0] > 0
    assert region(heavy, 2.0).status == "insensitive"
