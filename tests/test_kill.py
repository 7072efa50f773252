"""Scans as a user runs them: killed, stopped, cut into shards, and what they are told; at the end the result is always the same."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

HUNT = ("scan", "bes3-alp", "--masses", "1.3,1.302,1.5", "--toys", "6500", "--json")
"""Eight units: the data, and seven blocks of toys."""

POINTS = ("scan", "faser-aprime", "--mass-range", "0.02:0.06:8", "--couplings", "1e-6:1e-3:13", "--json")

COUNTED = """
import os, sys
import limits.hunt.run as hunts
import limits.scan.stored as points

def counted(function):
    def count(common, unit):
        answer = function(common, unit)
        with open(os.environ["COUNT"], "a") as log:
            log.write(unit + "\\n")
        return answer
    return count

if "processes" not in sys.argv:  # workers get the function itself
    hunts.do, points._do = counted(hunts.do), counted(points._do)
from limits.cli import main
main()
"""
"""`limits` with a log of every unit that was computed."""


class Run:
    """A run of `limits` as a process."""

    def __init__(self, folder: Path, *arguments: str, **options: Any) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.log.touch()
        environment = {**os.environ, "COUNT": str(self.log), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        environment.pop("CI", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNTED, *arguments],
            cwd=folder,
            env=environment,
            text=True,
            start_new_session=True,
            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options),
        )

    def computed(self) -> list[str]:
        return self.log.read_text().splitlines()

    def wait_for(self, units: int) -> None:
        """Until so many have been computed by this run and those before."""
        for _ in range(6000):
            if len(self.computed()) >= units:
                return
            assert self.process.poll() is None, self.end()
            time.sleep(0.02)
        raise AssertionError("takes too long")

    def stop(self, number: int) -> tuple[int, str, str]:
        os.killpg(self.process.pid, number)
        return self.end()

    def end(self) -> tuple[int, str, str]:
        """Exit code, output, and errors but for the note of a machine that has no kernels yet."""
        out, err = self.process.communicate(timeout=300)
        lines = (err or "").splitlines(keepends=True)
        return self.process.returncode, out, "".join(line for line in lines if not line.startswith("note: compiling"))


def run(folder: Path, *arguments: str) -> dict[str, Any]:
    """The document of a run that is left alone."""
    code, out, err = Run(folder, *arguments).end()
    assert code == 0, err
    assert err == "", "nothing is said in a pipe"
    document: dict[str, Any] = json.loads(out)
    return document


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("whole")
    return {command: run(folder, *command) for command in (HUNT, POINTS)}


def stored(folder: Path) -> set[str]:
    """Names of the files of results."""
    return {path.name for path in folder.glob("results/*") if not path.name.startswith(".")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "executor"),
    [(HUNT, "serial"), (POINTS, "serial"), (HUNT, "processes")],
    ids=["hunt", "points", "hunt-processes"],
)
def test_a_run_that_is_killed_again_and_again(
    command: tuple[str, ...], executor: str, whole: dict[tuple[str, ...], dict[str, Any]], tmp_path: Path
) -> None:
    """SIGKILL in the middle of anything: what is stored stays, and is not computed again."""
    typed = (*command, "--resume", "k", "--executor", executor)
    workers = ("--workers", "2") if executor == "processes" else ()
    done: set[str] = set()
    for _ in range(3):
        before = len(stored(tmp_path / "k"))
        started = Run(tmp_path, *typed, *workers)
        if executor == "serial":
            started.wait_for(len(started.computed()) + 2)
        else:
            for _ in range(3000):
                if len(stored(tmp_path / "k")) > before or started.process.poll() is not None:
                    break
                time.sleep(0.02)
        started.stop(signal.SIGKILL)
        now = stored(tmp_path / "k")
        assert done <= now, "lost"
        done = now
    last = Run(tmp_path, *typed, *workers)
    code, out, err = last.end()
    assert (code, err) == (0, "")
    assert json.loads(out) == whole[command]
    if executor == "serial":
        counts = {unit: last.computed().count(unit) for unit in last.computed()}
        assert len(counts) == 8
        assert sum(counts.values()) <= 8 + 3, "only what was in hand when a run was killed is computed again"
    last.log.write_text("")
    assert run(tmp_path, *typed, *workers) == whole[command]
    assert last.computed() == []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("executor", [(), ("--executor", "processes", "--workers", "2")], ids=["serial", "processes"])
def test_a_run_that_is_stopped_says_how_to_go_on(
    number: int, code: int, executor: tuple[str, ...], whole: dict[tuple[str, ...], dict[str, Any]], tmp_path: Path
) -> None:
    typed = (*POINTS, "--resume", "my folder", *executor)
    started = Run(tmp_path, *typed)
    for _ in range(3000):
        if stored(tmp_path / "my folder"):
            break
        time.sleep(0.02)
    found, out, err = started.stop(number)
    assert (found, out) == (code, "")
    assert err == f"error: interrupted; what is done is kept, this goes on: {shlex.join(['limits', *typed])}\n"
    kept = len(stored(tmp_path / "my folder"))
    assert 0 < kept <= 8
    started.log.write_text("")
    command = shlex.split(err.partition("goes on: ")[2])
    assert command[0] == "limits"
    assert run(tmp_path, *command[1:]) == whole[POINTS]
    if not executor:
        assert len(started.computed()) == 8 - kept


@pytest.mark.slow
def test_a_run_without_a_folder_makes_one_when_it_is_stopped(
    whole: dict[tuple[str, ...], dict[str, Any]], tmp_path: Path
) -> None:
    started = Run(tmp_path, *POINTS)
    started.wait_for(3)
    code, out, err = started.stop(signal.SIGINT)
    assert (code, out) == (130, "")
    command = shlex.split(err.partition("goes on: ")[2])
    assert command[-2:] == ["--resume", "scan-faser-aprime.kept1"]
    done = len(started.computed())
    assert len(stored(tmp_path / command[-1])) in (done - 1, done)
    assert run(tmp_path, *command[1:]) == whole[POINTS]
    assert len(started.computed()) in (8, 9)
    started = Run(tmp_path, *POINTS)
    started.wait_for(len(started.computed()) + 1)
    assert "--resume scan-faser-aprime.kept2" in started.stop(signal.SIGTERM)[2]


@pytest.mark.slow
@pytest.mark.parametrize("command", [HUNT, POINTS], ids=["hunt", "points"])
def test_shards_put_together_are_the_whole(
    command: tuple[str, ...], whole: dict[tuple[str, ...], dict[str, Any]], tmp_path: Path
) -> None:
    for part in ("1/3", "3/3"):
        code, out, err = Run(tmp_path, *command, "--resume", part[0], "--shard", part).end()
        assert (code, out) == (0, ""), "with --json nothing but JSON is on standard output"
        assert err.startswith(f"{part[0]}: shard {part} is done; ")
    code, out, _ = Run(tmp_path, "merge", "1", "3", "--into", "all", "--json").end()
    found = json.loads(out)
    assert (code, found["status"], found["units"], len(found["missing"])) == (3, "partial", 8, 3)
    Run(tmp_path, *command, "--resume", "2", "--shard", "2/3").end()
    code, out, _ = Run(tmp_path, "merge", "2", "--into", "all").end()
    assert code == 0
    assert out.splitlines() == [
        "all: 8 of 8 units, 3 of them added now",
        "complete: the same 'limits scan' with --resume of this folder prints the result",
    ]
    log = Run(tmp_path, "--version")
    log.end()
    assert sorted(log.computed()) == sorted(set(log.computed())), "nothing is computed twice"
    log.log.write_text("")
    assert run(tmp_path, *command, "--resume", "all") == whole[command]
    assert log.computed() == []


@pytest.mark.slow
def test_two_runs_on_one_folder(whole: dict[tuple[str, ...], dict[str, Any]], tmp_path: Path) -> None:
    both = [Run(tmp_path, *POINTS, "--resume", "k") for _ in range(2)]
    for each in both:
        code, out, err = each.end()
        assert (code, err) == (0, "")
        assert json.loads(out) == whole[POINTS]
    assert len(stored(tmp_path / "k")) == 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--shard", "1/3"), "--shard needs --resume DIR"),
        (("--shard", "4/3", "--resume", "k"), "must be I/N with 1 ≤ I ≤ N"),
        (("--shard", "3", "--resume", "k"), "must be I/N, as 1/8"),
        (("--executor", "threads"), "unknown executor; known: serial, processes, dask, dask:ADDRESS"),
        (("--workers", "2"), "--workers goes with --executor processes or dask"),
        (("--resume", "/proc/1/nothing"), "/proc/1/nothing: cannot be used: "),
    ],
)
def test_what_is_typed_wrongly(arguments: Sequence[str], words: str, tmp_path: Path) -> None:
    code, out, err = Run(tmp_path, *POINTS, *arguments).end()
    assert code in (1, 2)
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


@pytest.mark.slow
def test_landscapes_and_reproductions_go_on(tmp_path: Path) -> None:
    for typed in (
        ("landscape", "lmu-ltau", "--masses", "0.01:0.1:3", "--json", "--resume", "a"),
        ("reproduce", "microboone-trident", "--json", "--resume", "b"),
    ):
        first = Run(tmp_path, *typed)
        first.end()
        assert first.computed()
        first.log.write_text("")
        assert run(tmp_path, *typed)
        assert first.computed() == []


# --- what is shown ---


@pytest.mark.slow
def test_a_bar_on_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    started = Run(tmp_path, *POINTS, stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 10000)
        except OSError:
            break
    os.close(ours)
    assert started.end()[0] == 0
    text = shown.decode()
    assert "scan faser-aprime" in text
    assert "/8" in text
    assert "/s" in text


@pytest.mark.slow
def test_lines_in_a_log(tmp_path: Path) -> None:
    code = "import sys, limits.report.progress; sys.modules['limits.report.progress'].EVERY = 0.2\n" + COUNTED
    done = subprocess.run(
        [sys.executable, "-c", code, *POINTS, "--progress", "log"],
        env={**os.environ, "COUNT": str(tmp_path / "log")},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stderr.splitlines()
    assert 2 <= len(lines) <= 8
    assert all(line.startswith("scan faser-aprime: ") for line in lines)
    assert lines[-1].endswith("/s, done")
    assert lines[0].endswith(" left")
    assert "\x1b" not in done.stderr
