"""Answers do not depend on where a command runs: language, streams, width of a terminal, clock."""

from __future__ import annotations

import json
import locale
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from limits.scan import run_scan
from limits.search import load
from limits.store import Work

COMMAND = [sys.executable, "-m", "limits"]
COUNT = ["count", "--observed", "3", "--background", "1.5", "--method", "cls-exact"]


def run(*args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "PYTHONUTF8", "PYTHONIOENCODING")}
    return subprocess.run(
        [*COMMAND, *args], env={**kept, **environment}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )


@cache
def reference() -> dict[str, Any]:
    """What the command answers here."""
    found: dict[str, Any] = json.loads(run(*COUNT, "--json").stdout)
    return found


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LANG": "tr_TR.UTF-8", "LC_ALL": ""},
        {"HOME": "/nonexistent", "TERM": "dumb", "TZ": "Pacific/Kiritimati"},
    ],
    ids=["ascii", "posix", "turkish", "no-home"],
)
def test_language_and_home(environment: dict[str, str]) -> None:
    """Numbers are the same, and what a terminal has no letters for is escaped."""
    there = run(*COUNT, "--json", **environment)
    assert there.returncode == 0
    assert json.loads(there.stdout) == reference()
    shown = run("show", "faser-aprime", **environment)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"27" in shown.stdout


@pytest.fixture
def decimal_comma() -> Iterator[None]:
    before = locale.setlocale(locale.LC_ALL)
    for name in ("de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"):
        try:
            locale.setlocale(locale.LC_ALL, name)
            break
        except locale.Error:
            continue
    else:
        pytest.skip("no locale with a decimal comma is installed")
    yield
    locale.setlocale(locale.LC_ALL, before)


@pytest.mark.usefixtures("decimal_comma")
def test_a_decimal_comma_changes_no_number() -> None:
    assert locale.localeconv()["decimal_point"] == ","
    found = run_scan(load("na64mu-zprime"), masses=[0.1])
    assert found.points[0].observed_limit == pytest.approx(1.5718e-4, rel=1e-3)


@pytest.mark.parametrize("columns", ["0", "20"])
def test_a_narrow_terminal_wraps_and_loses_nothing(columns: str) -> None:
    answer = run(*COUNT, COLUMNS=columns)
    assert answer.returncode == 0
    assert f"{reference()['observed_limit']:.5g}" in answer.stdout.decode()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str) -> None:
    """Nobody to listen is no error of the programme."""
    line = f'exec "$@" {closed}'
    answer = subprocess.run(["/bin/sh", "-c", line, "sh", *COMMAND, *COUNT], capture_output=True, check=False)
    assert answer.returncode == 0
    assert b"bug" not in answer.stderr


def test_a_document_on_a_closed_stdin_is_refused_in_one_line() -> None:
    line = 'exec "$@" <&-'
    answer = subprocess.run(["/bin/sh", "-c", line, "sh", *COMMAND, "limit", "-"], capture_output=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.startswith(b"error: stdin: ")
    assert answer.stderr.count(b"\n") == 1


def test_a_full_disk_behind_stdout_is_said() -> None:
    with Path("/dev/full").open("wb") as full:
        answer = subprocess.run([*COMMAND, "list"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert answer.returncode == 1
    assert b"No space left" in answer.stderr


def test_the_clock_may_jump(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither results nor what is kept of them depend on what time it is."""
    search, masses = load("na64mu-zprime"), [0.05, 0.1, 0.3]
    before = run_scan(search, masses=masses).to_json()
    rng = random.Random(1)
    monkeypatch.setattr(time, "time", lambda: rng.uniform(0, 4e9))
    monkeypatch.setattr(time, "time_ns", lambda: rng.randrange(4 * 10**18))
    first = run_scan(search, masses=masses, work=Work(folder=tmp_path / "kept")).to_json()
    again = run_scan(search, masses=masses, work=Work(folder=tmp_path / "kept")).to_json()
    assert first == again == before
