"""`limits recast`, `limits convert` and `limits landscape`: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from limits.cli import main


def run(*args: object) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, [str(arg) for arg in args])


def answer(*args: object, code: int = 0) -> Any:
    done = run(*args, "--json")
    assert done.exit_code == code, done.stderr
    return json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))


def complaint(*args: object, code: int = 1) -> str:
    done = run(*args)
    assert done.exit_code == code, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "bug" not in done.stderr
    return done.stderr


# --- recast ---

POINT = ("--masses", "0.05", "--couplings", "1e-8:1e-4:9")


def test_recast_is_a_scan_of_another_particle(tmp_path: Path) -> None:
    file = tmp_path / "recast.json"
    picture = tmp_path / "recast.png"
    done = run("recast", "na62-aprime-ee", "--to", "b-l", *POINT, "--output-file", file, "--plot", picture)
    assert done.exit_code == 0, done.stderr
    assert "the efficiency of the search is assumed to hold for the other particle" in done.stdout
    found = json.loads(file.read_text())
    assert (found["label"], found["hypothesis"], found["coupling"]["symbol"]) == ("recast", "b-l", "g_B-L")
    assert found["points"][0]["excluded"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_recast_takes_what_scan_takes() -> None:
    found = answer("recast", "na62-aprime-ee", "--to", "b-l", *POINT, "--level", 0.95, "--method", "cls")
    assert (found["method"], found["level"]) == ("cls", 0.95)
    options = {name: {p.name for p in main.commands[name].params} for name in ("scan", "recast")}
    assert options["recast"] - {"search"} < options["scan"]  # which takes a document as well, and scans its likelihood


def test_a_hypothesis_of_the_search_is_an_ordinary_scan() -> None:
    done = run("recast", "na64mu-zprime", "--to", "lmu-ltau", "--masses", "0.1")
    assert done.stdout == run("scan", "na64mu-zprime", "--hypothesis", "lmu-ltau", "--masses", "0.1").stdout
    assert "assumed to hold" not in done.stdout


def test_an_unknown_hypothesis_lists_the_known_ones() -> None:
    message = complaint("recast", "faser-aprime", "--to", "wimp")
    assert "faser-aprime cannot be recast: unknown hypothesis 'wimp'; known: alp-photon, alp-w, aprime, b-l" in message
    assert "--to" in complaint("recast", "faser-aprime", code=2)
    assert "exclude each other" in complaint(
        "recast", "faser-aprime", "--to", "b-l", "--masses", "0.05", "--mass-range", "0.02:0.05:3", code=2
    )


# --- convert ---


@pytest.mark.parametrize(
    ("args", "value", "unit"),
    [
        (("3.2 fb", "cross-section", "events", "--luminosity", "27 fb-1", "--efficiency", "0.5"), 43.2, ""),
        (("3", "events", "cross-section", "--luminosity", "100pb-1", "--efficiency", "10 %"), 0.3, "pb"),
        (("3", "events", "cross-section", "--luminosity", "100 pb^-1", "--efficiency", "0.1", "--unit", "fb"), 300, "fb"),
        (("1e-9", "branching", "events", "--parents", "1e10", "--efficiency", "0.1"), 1.0, ""),
        (("1e-9", "branching", "events", "--luminosity", "1 fb-1", "--cross-section", "1 ub", "--efficiency", "1"), 1, ""),
        (("16", "strength", "coupling", "--reference", "1e-4", "--power", "4"), 2e-4, ""),
        (("16", "strength", "coupling", "--reference", "1e-4 GeV-1", "--power", "2"), 4e-4, "GeV-1"),
        (("0.4 TeV-1", "coupling", "strength", "--reference", "1e-4 GeV-1", "--power", "2"), 16, ""),
        (("1e-3", "mixing", "coupling"), 3.02822e-4, ""),
        (("3.02822e-4", "coupling", "mixing"), 1e-3, ""),
        (("1e-4", "mixing", "portal-strength", "--alpha-d", "0.1", "--chi-mass", "10 MeV", "--mass", "0.03"), 1e-8 / 810, ""),
        (("3.7e-8", "branching", "photon-coupling", "--mass", "0.165"), 2.2e-4, "GeV-1"),
        (("2.19e-4 GeV-1", "photon-coupling", "branching", "--mass", "165 MeV"), 3.7e-8, ""),
        (("1 ps", "lifetime", "width"), 6.58212e-13, "GeV"),
        (("6.58212e-13 GeV", "width", "lifetime", "--unit", "ps"), 1.0, "ps"),
        # cτ = 3 ħc/(α ε² m) for massless electrons
        (("1e-5", "coupling", "lifetime", "--portal", "aprime", "--mass", "0.1"), 8.1122e-3, "m"),
        # 1 TeV and y = 0.53 are 1e-3 at m_B − m_ψ = 2 GeV
        (("1e-3", "inclusive-branching", "scalar-mass", "--mass", "3.2793", "--coupling", "0.53", "--unit", "TeV"), 1, "TeV"),
        (("1 TeV", "scalar-mass", "inclusive-branching", "--mass", "3.2793", "--coupling", "0.53"), 1e-3, ""),
        (("1e-3", "inclusive-branching", "effective-coupling", "--mass", "3.2793"), 0.53**2 * 1e-6, "GeV-2"),
        (("1e-8", "exclusive-branching", "inclusive-branching", "--decay", "p", "--mass", "2", "--model", "form-factor-low"), 1e-4, ""),
        (("8.1122 mm", "lifetime", "coupling", "--portal", "aprime", "--mass", "0.1"), 1e-5, ""),
    ],
)  # fmt: skip
def test_convert(args: tuple[str, ...], value: float, unit: str) -> None:
    number, source, target, *options = args
    found = answer("convert", number, "--from", source, "--to", target, *options)
    assert found["to"]["value"] == pytest.approx(value, rel=8e-3)
    assert (found["from"]["quantity"], found["to"]["quantity"], found["to"]["unit"]) == (source, target, unit)


def test_convert_in_words() -> None:
    done = run(
        "convert", "3.2 fb", "--from", "cross-section", "--to", "events", "--luminosity", "27 fb-1", "--efficiency", "1"
    )
    assert "86.4" in done.stdout
    assert "27 fb-1" in done.stdout
    assert "σB" in done.stdout


def test_the_list_has_every_conversion_both_ways() -> None:
    rows = answer("convert", "--list")["conversions"]
    pairs = {(row["from"], row["to"]) for row in rows}
    assert pairs == {(b, a) for a, b in pairs}
    assert all(row["formula"] for row in rows)
    shown = run("convert", "--list").stdout
    assert "--luminosity" in shown
    assert "plain number" in shown


def test_every_conversion_has_its_function() -> None:
    from importlib import import_module

    from limits.cli.quantities import CONVERSIONS, UNITS, WORDS

    for pair, found in CONVERSIONS.items():
        module, name = found.function.split(".")
        assert callable(getattr(import_module(f"limits.physics.{module}"), name))
        assert {*pair, *found.needs} <= {*UNITS, *WORDS}


SIGMA = ("--from", "cross-section", "--to", "events")
FULL = ("--luminosity", "1 fb-1", "--efficiency", "1")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("3.2 GeV", *SIGMA, *FULL), "VALUE '3.2 GeV': unit 'GeV' does not fit; possible: pb, b, mb"),
        (("3.2", *SIGMA, *FULL), "VALUE '3.2': a unit is missing; possible: pb"),
        (("three", *SIGMA, *FULL), "VALUE 'three': a number and its unit are needed, as 3.2 pb"),
        (("1e999 pb", *SIGMA, *FULL), "must be a finite number"),
        (("1 pb", *SIGMA, "--efficiency", "1"), "cross-section to events: missing --luminosity"),
        (("1 pb", *SIGMA, *FULL, "--mass", "1"), "--mass does not apply; needed: luminosity, efficiency"),
        (("1 pb", *SIGMA, "--luminosity", "1 fb", "--efficiency", "1"), "--luminosity '1 fb': unit 'fb' does not fit"),
        (("1 pb", *SIGMA, "--luminosity", "1 fb-1", "--efficiency", "2"), "efficiency: every value must lie"),
        (("1 pb", *SIGMA, *FULL, "--unit", "pb"), "--unit 'pb': unit 'pb' does not fit; possible: none (a plain number)"),
        (("1 pb", "--from", "cross-section", "--to", "mixing"), "unknown conversion 'cross-section to mixing'; known: branching"),
        (("1 ps", "--from", "lifetime", "--to", "coupling", "--portal", "x", "--mass", "1"), "unknown portal 'x'; known: alp"),
        (("1", "--from", "coupling", "--to", "lifetime", "--portal", "alp-w", "--mass", "1"), "a unit is missing; possible: GeV-1"),
        (("0 s", "--from", "lifetime", "--to", "width"), "length: every value must be positive"),
    ],
)  # fmt: skip
def test_convert_says_what_is_wrong(args: tuple[str, ...], words: str) -> None:
    assert words in complaint("convert", *args)


def test_convert_needs_all_three() -> None:
    assert "VALUE, --from and --to are needed" in complaint("convert", "3", code=2)
    assert "'wrong'" in complaint("convert", "3", "--from", "wrong", "--to", "events", code=2)


# --- landscape ---


def test_landscape(tmp_path: Path) -> None:
    curve = tmp_path / "other.csv"
    curve.write_text("0.01,1e-3\n1,2e-3\n")
    picture = tmp_path / "plane.svg"
    done = run("landscape", "lmu-ltau", "--masses", "0.01:0.2:3", "--curve", f"{curve}:other", "--output", picture)
    assert done.exit_code == 0, done.stderr
    for words in ("na64mu-zprime", "predicted", "90 %", "other", "(g−2)_μ"):
        assert words in done.stdout
    assert picture.read_text().startswith("<?xml")
    found = answer("landscape", "lmu-ltau", "--masses", "0.01:0.2:3", "--level", 0.95)
    assert [(scan["search"], scan["level"], len(scan["points"])) for scan in found["scans"]] == [
        ("na64mu-zprime", 0.95, 3)
    ]


def test_a_landscape_with_a_hole_is_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    import limits.landscape as module
    from limits.errors import InputError

    done = module.run_scan

    def broken(search: Any, *args: Any, **options: Any) -> Any:
        if search.name != "faser-aprime":
            raise InputError("no such table")
        return done(search, *args, **options)

    monkeypatch.setattr(module, "run_scan", broken)
    shown = run("landscape", "b-l", "--recast", "--masses", "0.02:0.03:2")
    assert shown.exit_code == 3
    assert "warning: na62-aprime is missing: no such table" in shown.stdout
    assert "faser-aprime" in shown.stdout
    assert "na64mu-zprime: no such table" in complaint("landscape", "lmu-ltau", "--masses", "0.01:1:3")


@pytest.mark.parametrize(
    ("args", "words", "code"),
    [
        (("wimp",), "unknown plane 'wimp'; known:", 1),
        (("lmu-ltau", "--output", "plane.jpg"), "no such picture format", 1),
        (("lmu-ltau", "--curve", "none.csv:x"), "none.csv: cannot be read", 1),
        (("lmu-ltau", "--masses", "15:19:3"), "no search covers masses from 15 to 19 GeV", 1),
        (("lmu-ltau", "--masses", "9:5:3"), "LO < HI", 2),
    ],
)
def test_landscape_says_what_is_wrong(args: tuple[str, ...], words: str, code: int) -> None:
    assert words in complaint("landscape", *args, code=code)
