"""A signal from a table: its rows as they stand, powers in between, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import limits
from limits.assemble import prepare
from limits.errors import LimitsError
from limits.inference.limit import upper_limit
from limits.likelihood.counting import Background, Systematic, counting
from limits.scaffold import new_search
from limits.search import Search, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return new_search("mine", "counting", tmp_path / "mine")


@pytest.fixture
def bins(tmp_path: Path) -> Path:
    return new_search("mine", "binned", tmp_path / "mine")


def events(search: Search, mass: float, coupling: float = 1e-3) -> np.ndarray:
    (expected,) = prepare(search, "aprime", mass).yields(coupling)
    return expected.events[0]


@pytest.mark.parametrize(("mass", "expected"), [(0.01, 40), (0.1, 24), (1.0, 3)])
def test_rows_are_the_events_at_the_reference_coupling(folder: Path, mass: float, expected: float) -> None:
    assert events(load(folder), mass) == pytest.approx([expected])
    assert events(load(folder), mass, 3e-3) == pytest.approx([9 * expected])  # yield_power = 2


def test_between_rows_the_events_are_a_power_of_the_mass(folder: Path) -> None:
    (folder / "signal.csv").write_text("mass_gev,events\n0.01,1000\n1.0,0.1\n")
    for mass in np.geomspace(0.01, 1.0, 7):
        assert events(load(folder), mass) == pytest.approx([1000 * (mass / 0.01) ** -2])


def test_a_power_and_an_efficiency(folder: Path) -> None:
    text = (folder / "search.toml").read_text().replace("yield_power = 2", "yield_power = 4")
    text += '\n[assumptions.efficiency]\nvalue = 0.25\nunit = "1"\nreason = "a guess"\nrange = [0.1, 0.9]\n'
    (folder / "search.toml").write_text(text)
    assert events(load(folder), 0.1, 2e-3) == pytest.approx([16 * 24 / 4])


def test_the_limit_is_that_of_the_same_count_put_together_by_hand(folder: Path) -> None:
    search = load(folder)
    found = limits.run_scan(search, masses=[0.1]).points[0].observed_limit
    count = counting(3, 24.0, Background(2.5, 0.8 / 2.5, "gamma"), [Systematic("efficiency", 1.1)])
    by_hand = upper_limit(count, "cls-exact", 0.90).observed_limit
    assert by_hand is not None
    assert found == pytest.approx(1e-3 * by_hand**0.5, rel=1e-4)


def test_bins_keep_their_shape_and_share_a_power_between_rows(bins: Path) -> None:
    search = load(bins)
    assert events(search, 0.1) == pytest.approx([2, 8, 14])
    middle = events(search, 0.1**1.5)  # halfway in the logarithm between 0.01 and 0.1
    shares = (np.array([4, 12, 24]) / 40 + np.array([2, 8, 14]) / 24) / 2
    assert middle == pytest.approx((40 * 24) ** 0.5 * shares)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("mass_gev,counts\n0.01,4\n1,3\n", "no column events; known: mass_gev, counts"),
        ("mass_gev,events\n0.01,4\n0.01,3\n", "mass_gev: must be above 0 and increase"),
        ("mass_gev,events\n0,4\n1,3\n", "mass_gev: must be above 0 and increase"),
        ("mass_gev,events\n0.01,4\n1,0\n", "events: events must not be negative, nor all 0 at one mass"),
        ("mass_gev,events\n0.01,4\n1,-1\n", "events: events must not be negative"),
        ("mass_gev,events\n0.2,4\n1,3\n", "no row for 0.1 GeV; it goes from 0.2 to 1 GeV"),
    ],
)
def test_a_table_that_cannot_be(folder: Path, table: str, message: str) -> None:
    (folder / "signal.csv").write_text(table)
    with pytest.raises(LimitsError, match=f"signal.csv: {message}") as caught:
        events(load(folder), 0.1)
    assert "\n" not in str(caught.value)


def test_a_region_has_no_power(folder: Path) -> None:
    text = (folder / "search.toml").read_text()
    text = text.replace('exclusion = "upper-limit"\nyield_power = 2', 'exclusion = "region"')
    (folder / "search.toml").write_text(text)
    with pytest.raises(LimitsError, match=r"aprime: a table of events grows with a power .* known: exclusion"):
        events(load(folder), 0.1)
