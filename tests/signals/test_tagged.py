"""Tagged decays: how many B mesons there are, and what multiplies them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from limits.errors import InputError, LimitsError
from limits.search import CountingChannel, Search, load
from limits.signals.tagged import tagged
from limits.units import mass as particle_mass

MODES = ("p", "lambda", "lambdac")


def events(search: Search, mass: float, branching: float = 1.0) -> float:
    (channel,) = search.channels
    assert isinstance(channel, CountingChannel)
    return float(tagged(search, channel, "mesogenesis", mass)([branching]).events[0, 0])


def certain(mode: str) -> Search:
    """All that are in the acceptance are found, and so is every tag, in a window that nothing leaves."""
    search = load(f"babar-psid-{mode}")
    certainties = {key: 1 for key in ("tag_efficiency", "efficiency", "visible_fraction") if key in search.quantities}
    return search.with_values({**certainties, "window_half_width": 12})


def acceptance(search: Search, mass: float) -> float:
    table = search.table("response.csv")
    return float(np.interp(mass, table["mass_gev"], table["acceptance"]))


@pytest.mark.parametrize(
    ("mode", "luminosity", "mesons"),
    [("p", 398, 454.3e6), ("p", 431, 492.0e6), ("lambda", 398, 429.6e6), ("lambdac", 431, 492.0e6)],
)
def test_number_of_b_mesons(mode: str, luminosity: float, mesons: float) -> None:
    """471.0e6 pairs in 424.18 fb⁻¹, of which 0.514 are charged and 0.486 neutral, two mesons each."""
    search = certain(mode).with_values({"luminosity_ifb": luminosity})
    assert events(search, 2.0) / acceptance(search, 2.0) == pytest.approx(mesons, rel=1.2e-4)


@pytest.mark.parametrize("mode", MODES)
def test_efficiencies_multiply(mode: str) -> None:
    search, all_found = load(f"babar-psid-{mode}"), certain(mode)
    ratio = events(search, 2.0, 1e-5) / events(all_found, 2.0, 1e-5)
    keys = [key for key in ("tag_efficiency", "efficiency", "visible_fraction") if key in search.quantities]
    inside = ndtr(2.0) - ndtr(-2.0)
    assert ratio == pytest.approx(inside * np.prod([search.value(key) for key in keys]))


def test_what_is_missing_is_proportional_to_the_branching_fraction() -> None:
    search = load("babar-psid-p")
    assert events(search, 2.0, 3e-6) == pytest.approx(3e-6 * events(search, 2.0))


@pytest.mark.parametrize(("mode", "end"), [("p", 4.3), ("lambda", 4.15)])
def test_slow_baryons_are_lost_along_the_beam(mode: str, end: float) -> None:
    search = load(f"babar-psid-{mode}")
    assert events(search, 3.0) == pytest.approx(events(search, 1.0), rel=0.05)
    assert events(search, end) < 0.6 * events(search, 1.0)


def test_a_mass_that_the_table_does_not_reach() -> None:
    with pytest.raises(InputError, match=r"response\.csv: no row for 4\.33 GeV"):
        events(load("babar-psid-p"), 4.33)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tag_efficiency", -0.1),
        ("tag_efficiency", 1.1),
        ("efficiency", 48.0),
        ("visible_fraction", 64.1),
        ("parent_fraction", 1.5),
        ("parent_fraction", 0.0),
        ("window_half_width", 0.0),
    ],
)
def test_efficiencies_that_are_none(key: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{key} = {value:g}: "):
        events(load("babar-psid-lambda").with_values({key: value}), 2.0)


def test_unknown_hypothesis() -> None:
    search = load("babar-psid-p")
    (channel,) = search.channels
    assert isinstance(channel, CountingChannel)
    with pytest.raises(LimitsError, match="hypothesis for the signal 'tagged' 'aprime'; known: mesogenesis"):
        tagged(search, channel, "aprime", 2.0)


def test_a_table_without_acceptance_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(load("babar-psid-p").path.parent, folder)
    (folder / "response.csv").write_text("# mine\nmass_gev,resolution_gev\n0.9,0.1\n4.3,0.003\n")
    with pytest.raises(InputError, match="no column acceptance; known: mass_gev, resolution_gev"):
        events(load(folder), 2.0)
    text = (folder / "search.toml").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("window = ")]
    (folder / "search.toml").write_text(text.replace(line + "\n", ""))
    with pytest.raises(InputError, match="needs a window with a table of resolutions"):
        events(load(folder), 2.0)


def test_masses_of_the_searches_are_open() -> None:
    for mode, parent, baryon in (("p", "B+", "p"), ("lambda", "B0", "Lambda"), ("lambdac", "B+", "Lambda(c)+")):
        facts = load(f"babar-psid-{mode}").hypothesis()
        assert facts.masses_gev is not None
        assert particle_mass("p") - particle_mass("e-") < facts.masses_gev[0]
        assert facts.masses_gev[1] < particle_mass(parent) - particle_mass(baryon)
