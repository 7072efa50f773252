"""Text: what a number, an interval and a table look like, and that nothing is printed that was not asked for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from limits.report import pieces, progress, reproduction_text


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (0.0, "0"), (1.16834e-7, "1.1683e-07"), (123456.0, "1.2346e+05"), (7.0, "7")]
)
def test_numbers(value: float | None, shown: str) -> None:
    assert pieces.number(value) == shown


@pytest.mark.parametrize(
    ("edges", "shown"),
    [
        ((1e-5, 2e-4), "1e-05 to 0.0002"),
        ((1e-5, None), "above 1e-05"),
        ((None, 2e-4), "below 0.0002"),
        ((None, None), "everything scanned"),
    ],
)
def test_intervals(edges: tuple[float | None, float | None], shown: str) -> None:
    assert pieces.interval(edges) == shown


def test_a_level_is_written_as_people_do() -> None:
    assert [pieces.percent(level) for level in (0.9, 0.95, 0.683)] == ["90 %", "95 %", "68.3 %"]


def test_text_is_taken_as_it_is() -> None:
    shown = pieces.text(pieces.table(("a", "b"), [("[bold]x[/bold]", None)]), "[red]:smile: 1e-5")
    assert "[bold]x[/bold]  –" in shown
    assert "[red]:smile: 1e-5" in shown
    assert "\x1b" not in shown
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_text_is_the_same_in_every_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [pieces.table(("a",), [("word " * 40,)])]
    before = pieces.text(*parts)
    for name, value in (("COLUMNS", "40"), ("FORCE_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    assert pieces.text(*parts) == before


def test_empty_values_are_left_out() -> None:
    assert pieces.text(pieces.facing({"a": None, "b": "", "c": 0, "d": ()})).split() == ["c", "0"]


def test_progress_is_quiet_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(3, "work") as advance:
        advance()
    assert capsys.readouterr() == ("", "")


def row(**changes: object) -> SimpleNamespace:
    plain = {
        "search": "a-search",
        "hypothesis": "aprime",
        "quantity": "observed limit, g",
        "mass_gev": 0.1,
        "published": 2e-4,
        "computed": 1e-4,
        "ratio": 0.5,
        "method": "cls",
        "level": 0.9,
        "label": "predicted",
        "calibrated_to": None,
        "source": "Fig. 3",
        "warnings": (),
    }
    return SimpleNamespace(**{**plain, **changes})


def test_reproduction_says_how_ratios_spread_and_what_was_calibrated() -> None:
    groups = [
        SimpleNamespace(row=row(), n=3, median_ratio=0.5, lowest_ratio=0.4, highest_ratio=0.6),
        SimpleNamespace(
            row=row(label="calibrated", calibrated_to="efficiency: Fig. 4", computed=None, ratio=None, warnings=("w",)),
            n=0,
            median_ratio=None,
            lowest_ratio=None,
            highest_ratio=None,
        ),
    ]
    told = {"notes": {"a-search": ("a note",)}, "left_out": {"other": "needs numba"}}
    shown = reproduction_text(SimpleNamespace(groups=lambda: groups, curves=(), **told))
    assert "warning: other: left out: needs numba" in shown
    for words in ("0.4 … 0.5 … 0.6", "source 1: Fig. 3", "calibrated: efficiency: Fig. 4", "warning: a-search: w"):
        assert words in shown
    assert "note: a-search: a note" in shown
