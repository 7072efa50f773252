"""Search files that name collisions, windows, planes and combinations: what is wrong in them is said in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from limits.assemble import prepare
from limits.errors import LimitsError
from limits.grid import masses_of
from limits.search import load
from limits.search.loading import FOLDER


def broken(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """A copy of a shipped search with one text replaced."""
    folder = tmp_path / name
    shutil.copytree(FOLDER / name, folder)
    file = folder / "search.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("faser-aprime", 'exposure = "luminosity_ifb"', 'exposure = "lumi"', "production[0].exposure: got 'lumi'"),
        ("faser-aprime", 'cross_section = "inelastic', 'cross_section = "elastic', "production[0].cross_section"),
        ("faser-aprime", 'collision = "pp-13600"', 'collision = "../x"', "production[0].collision"),
        ("faser-aprime", 'final_states = ["e+e-"]', 'final_states = ["ee"]', "final_states[0]"),
        ("faser-aprime", 'edge = "range"', 'edge = "tip"', "required for a range, and only there"),
        ("na62-aprime-mumu", 'half_width = "mass_window"', 'half_width = "width"', "window.half_width: got 'width'"),
        ("na62-aprime-mumu", '{ pi0 = "pi0_mult', '{ pi0 = "pi0_mul', "production[0].multiplicities.pi0"),
        ("na62-aprime", '"na62-aprime-ee", ', '"na62", ', "combination.searches[0]: got 'na62': no such search"),
        ("na62-aprime", '"na62-aprime-ee", ', '"na62-aprime", ', "is a combination itself"),
        ("na62-aprime", '"protons-on-target"', '"luminosity"', "no member has this uncertainty; known: bremsstrahlung"),
    ],
)
def test_one_line_names_file_key_and_value(tmp_path: Path, name: str, old: str, new: str, words: str) -> None:
    file = broken(tmp_path, name, old, new)
    with pytest.raises(LimitsError) as caught:
        load(file)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert str(file) in message
    assert words in message


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("faser-aprime", 'collision = "pp-13600"', 'collision = "pp-14000"', "known: p-120, p-400, pp-13600"),
        ("faser-aprime", 'generator = "sibyll-2.3d"', 'generator = "epos"', "known: pythia-8.317, sibyll-2.3d"),
        ("na62-aprime-ee", 'final_states = ["e+e-"]', 'final_states = ["pi+pi-pi0"]', "final state of two tracks"),
        ("na62-aprime-ee", 'planes = "planes.csv"', 'planes = "plane.csv"', "no such file beside it"),
    ],
)
def test_what_only_the_signal_can_find(tmp_path: Path, name: str, old: str, new: str, words: str) -> None:
    search = load(broken(tmp_path, name, old, new))
    with pytest.raises(LimitsError) as caught:
        prepare(search, "aprime", 0.05)
    assert len(str(caught.value).splitlines()) == 1
    assert words in str(caught.value)


def test_channels_and_combination_exclude_each_other(tmp_path: Path) -> None:
    file = broken(
        tmp_path, "na62-aprime-ee", "[[hypotheses]]", '[combination]\nsearches = ["a", "b"]\n\n[[hypotheses]]'
    )
    with pytest.raises(LimitsError, match="either"):
        load(file)


def test_spectra_beside_a_search_file_come_first(tmp_path: Path) -> None:
    """Whoever has other spectra drops them into the folder of the search."""
    file = broken(tmp_path, "faser-aprime", "schema = 1", "schema = 1")
    own = file.parent / "pp-13600"
    own.mkdir()
    shipped = (FOLDER.parent / "spectra" / "pp-13600" / "sibyll-2.3d.csv").read_text(encoding="utf-8")
    (own / "sibyll-2.3d.csv").write_text(shipped, encoding="utf-8")
    search = load(file)
    assert search.spectra("pp-13600").keys() == {"sibyll-2.3d"}
    found = prepare(search, "aprime", 0.05).yields([1e-5])[0]
    reference = prepare(load("faser-aprime"), "aprime", 0.05).yields([1e-5])[0]
    assert found.events == pytest.approx(reference.events)
    assert found.relative.keys() == {"bremsstrahlung"}


def test_default_masses_stand_on_both_sides_of_a_window() -> None:
    masses = masses_of(load("na62-aprime-mumu"))
    near = [m for m in masses if 0.404 < m < 0.4185]
    assert 0.411 in near
    for edge in (0.4042, 0.4178):
        assert any(edge - 1e-4 < m < edge for m in near)
        assert any(edge < m < edge + 1e-4 for m in near)


def test_numbers_of_members_are_set_one_by_one_or_together() -> None:
    search = load("na62-aprime")
    both = search.with_values({"efficiency": 0.5})
    assert [member.value("efficiency") for member in both.members] == [0.5, 0.5]
    one = search.with_values({"na62-aprime-ee/efficiency": 0.4})
    assert [member.value("efficiency") for member in one.members] == [0.4, 1.0]
    assert one.value("na62-aprime-ee/efficiency") == 0.4
    assert search.calibrated().calibrated_keys == (
        "na62-aprime-ee/efficiency",
        "na62-aprime-mumu/efficiency",
    )
    with pytest.raises(LimitsError, match="unknown number 'nothing'"):
        search.with_values({"nothing": 1.0})
