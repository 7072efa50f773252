"""`limits new-search` and `limits check`: a folder that loads at once, and a reminder for everything without a source."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import limits
from limits.cli import main
from limits.errors import InputError, LimitsError
from limits.scaffold import new_search, reminders, signals
from limits.scan import label

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def run(*args: object) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, [str(arg) for arg in args])


def todo(folder: Path) -> int:
    """What a plain search for the word finds, and the number of the paper."""
    return sum(file.read_text().count("TODO: ") for file in folder.iterdir()) + 1


def fill(folder: Path) -> None:
    for file in folder.iterdir():
        text = file.read_text().replace("TODO: ", "arXiv:2308.05587, ")
        file.write_text(text.replace("0000.00000", "2308.05587"))


def benchmark_limit(folder: Path) -> float | None:
    search = limits.load_search(folder)
    facts = search.hypotheses[0]
    point = limits.Hypothesis(facts.name, facts.benchmark.mass_gev, facts.benchmark.coupling)
    return limits.upper_limit(limits.build(search, point), facts.methods[0], search.level).observed_limit


@pytest.mark.parametrize("signal", signals())
def test_it_loads_and_gives_a_limit_at_once(signal: str, tmp_path: Path) -> None:
    done = run("new-search", "my-search", "--signal", signal, "--folder", tmp_path / "here")
    assert done.exit_code == 0, done.stderr
    search = limits.load_search(tmp_path / "here")
    assert search.name == "my-search"
    assert label(search) == "placeholders"
    done = run("limit", tmp_path / "here", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["status"] == "ok"
    assert found["label"] == "placeholders"
    if found["exclusion"] == "upper-limit":  # a placeholder, but one that means something
        assert 0.1 < found["observed_limit"] / search.hypotheses[0].benchmark.coupling < 10
    low, high = search.hypotheses[0].masses_gev or (0, 0)
    assert low < search.hypotheses[0].benchmark.mass_gev < high


@pytest.mark.parametrize("signal", signals())
def test_everything_without_a_source_is_listed_until_it_has_one(signal: str, tmp_path: Path) -> None:
    folder = new_search("my-search", signal, tmp_path / "here")
    expected = todo(folder)
    found = reminders(folder)
    assert len(set(found)) == len(found) == expected
    keys = {reminder.key for reminder in found}
    for quantity in limits.load_search(folder).quantities.values():
        assert keys & {f"facts.{quantity.key}.source", f"assumptions.{quantity.key}.reason"}, quantity.key
    done = run("check", folder, "--json")
    assert done.exit_code == 1
    assert [row["key"] for row in json.loads(done.stdout)["reminders"]] == [reminder.key for reminder in found]
    lines = run("check", folder).stdout.splitlines()
    assert all(any(key in line for line in lines) for key in keys)
    assert lines[-1].endswith(f"{expected} to be filled in")
    fill(folder)
    assert reminders(folder) == []
    assert label(limits.load_search(folder)) == "predicted"
    done = run("check", folder)
    assert done.exit_code == 0
    assert done.stdout.endswith("nothing is left to be filled in\n")


def last_line(folder: Path) -> str:
    """Of what pytest says about the test that was written."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout.splitlines()[-1]


@pytest.mark.slow
def test_the_test_beside_it_fails_once_for_each(tmp_path: Path) -> None:
    folder = new_search("my-search", folder=tmp_path / "here")
    assert re.match(rf"{todo(folder)} failed, 1 passed", last_line(folder))
    fill(folder)
    assert re.match("2 passed", last_line(folder))


@pytest.mark.parametrize("name", limits.search_names())
def test_no_shipped_search_has_a_placeholder(name: str) -> None:
    assert reminders(name) == []


def test_a_table_without_a_source_counts_wherever_the_word_begins_a_line(tmp_path: Path) -> None:
    folder = new_search("my-search", folder=tmp_path / "here")
    fill(folder)
    (folder / "other.csv").write_text("# made by TODO.py\n## TODO\nmass_gev,x\n1,2\n")
    (folder / "NOTES.md").write_text("* TODO: say more |\nNo TODO: in the middle\n")
    assert [str(reminder) for reminder in reminders(folder)] == [
        "NOTES.md: line 1: say more",
        "other.csv: line 2: to be written",
    ]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_nothing_is_overwritten(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "here"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(tmp_path / "nowhere")
    done = run("new-search", "my-search", "--folder", place)
    assert done.exit_code == 1
    assert done.stderr == f"error: {place}: exists already, and nothing is overwritten; --folder takes another place\n"
    assert list(tmp_path.iterdir()) == [place]
    assert kind != "file" or place.read_text() == "mine"
    assert kind != "folder" or not list(place.iterdir())


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = run("new-search", "my-search", "--folder", tmp_path / "file" / "here")
    assert done.exit_code == 1
    assert done.stderr == f"error: {tmp_path}/file/here: cannot be made: File exists\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_is_there_is_named(tmp_path: Path) -> None:
    done = run("new-search", "my-search", "--signal", "peak", "--folder", tmp_path / "here")
    assert done.exit_code == 1
    assert done.stderr == (
        "error: unknown signal to start from 'peak'; known: binned, counting, displaced, missing, resonance, tagged\n"
    )
    done = run("new-search", "faser-aprime", "--folder", tmp_path / "here")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: name: got 'faser-aprime': a search of this name is shipped; taken: ")
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=80) | st.from_regex(NAME, fullmatch=True))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_name_is_taken_whole_or_refused_in_one_line(tmp_path: Path, name: str) -> None:
    place = tmp_path / "here"
    if NAME.fullmatch(name) and len(name) <= 60 and name not in limits.search_names():
        new_search(name, folder=place)
        assert limits.load_search(place).name == name
        for file in place.iterdir():
            file.unlink()
        place.rmdir()
    else:
        with pytest.raises(InputError, match=r"^name: got ") as caught:
            new_search(name, folder=place)
        assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_search_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitsError, match="unknown search"):
        reminders(tmp_path)
