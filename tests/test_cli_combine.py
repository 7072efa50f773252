"""`limits combine`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from limits.cli import main

PAIR = ("na64mu-zprime", "belle2-4mu", "--hypothesis", "lmu-ltau")
ALPS = ("faser-alp", "bes3-alp", "--hypothesis", "alp-photon")


def run(*args: object) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, ["combine", *map(str, args)])


def answer(*args: object) -> Any:
    done = run(*args, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))


def complaint(*args: object, code: int = 1) -> str:
    done = run(*args)
    assert done.exit_code == code, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "error: " in done.stderr
    assert "bug" not in done.stderr
    return done.stderr


def test_what_is_printed(tmp_path: Path) -> None:
    picture, file = tmp_path / "plane.png", tmp_path / "plane.json"
    done = run(*PAIR, "--masses", "0.1,1", "--calibrated", "--leave-one-out", "--plot", picture, "--output-file", file)
    assert done.exit_code == 0, done.stderr
    for words in (
        "best single limit over the combined one  median observed",
        "nothing but the coupling",
        "expected counts of a simulated spectrum stand for data that are not public: belle2-4mu",
        "warning: asymptotic formula at 0 observed events",
        "gain by it",
        "calibrated",
    ):
        assert words in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    found = json.loads(file.read_text())
    assert found["combination"] == "na64mu-zprime+belle2-4mu"
    assert [row["mass_gev"] for row in found["gain"]["per_mass"]] == [0.1, 1.0]
    assert found["gain"]["per_mass"][0]["observed"] == pytest.approx(1.0)
    assert found["gain"]["per_mass"][1]["observed"] > 1


def test_what_is_common_is_stored() -> None:
    names = "na64mu-zprime/cross-section,belle2-4mu/signal"
    found = answer(*PAIR, "--masses", "1", "--share", f"theory={names}", "--set", "na64mu-zprime/efficiency=0.1")
    assert found["shared"] == {"shared/theory": names.split(",")}
    assert found["scan"]["set_values"] == {"na64mu-zprime/efficiency": 0.1}
    apart = answer(*PAIR, "--masses", "1", "--set", "na64mu-zprime/efficiency=0.1")
    assert found["scan"]["points"][0]["observed_limit"] != apart["scan"]["points"][0]["observed_limit"]


def test_a_level_must_be_chosen_where_they_differ() -> None:
    assert "a level must be chosen, the members have different ones: faser-alp 90 %, bes3-alp 95 %" in complaint(*ALPS)
    found = answer(*ALPS, "--level", 0.9, "--masses", "0.04,1,1.2", "--couplings", "1e-5:1e-1:9")
    assert (found["scan"]["level"], found["gain"]["kind"]) == (0.9, "area")
    assert found["scan"]["exclusion"] == "region"
    assert found["scan"]["points"][1]["excluded"][0][1] is None
    assert "none of the searches looks at 1 GeV: left out" in found["notes"]


@pytest.mark.parametrize(
    ("more", "words", "code"),
    [
        (
            ("--share", "x=na64mu-zprime/wrong,belle2-4mu/signal"),
            "unknown uncertainty 'na64mu-zprime/wrong'; known: ",
            1,
        ),
        (("--share", "x"), "must be NAME=SEARCH/NUISANCE", 2),
        (("--set", "efficiency=1"), "must be SEARCH/KEY", 2),
        (("--set", "faser-alp/efficiency=1"), "one of na64mu-zprime, belle2-4mu", 2),
        (("--set", "belle2-4mu/nothing=1"), "unknown number 'nothing'", 1),
        (("--masses", "1", "--mass-range", "1:2:3"), "exclude each other", 2),
        (("--masses", "3.1"), "none of the searches looks", 1),
        (("--masses", "20"), "allowed: 0.001 to 9 GeV", 1),
        (("--masses", "1", "--method", "cls-exact"), "exact sums need", 1),
        (("--masses", "1", "--plot", "x.jpg"), "no such picture format", 1),
    ],
)
def test_bad_input(more: tuple[str, ...], words: str, code: int) -> None:
    assert words in complaint(*PAIR, *more, code=code)


def test_one_search_is_no_combination() -> None:
    assert "two searches or more are needed" in complaint("faser-aprime", "--hypothesis", "aprime", code=2)
    assert "--hypothesis" in complaint("faser-aprime", "na62-aprime", code=2)
