"""Executors: the same answers whoever gives them, workers that die, workers that import no more than they need."""

from __future__ import annotations

import json
import math
import operator
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from limits.errors import InputError, LimitsError, MissingExtra
from limits.parallel import SERIAL, executor
from limits.scan import Hunting, Scan, run_scan
from limits.search import load
from limits.store import Work

MASSES = (1.3, 1.302, 1.304, 1.5)
TOYS = 5500


def hunt(work: Work, advance: Callable[..., None] | None = None) -> Scan:
    """Toys of the BESIII spectrum: one unit for the data and six blocks of toys."""
    return run_scan(load("bes3-alp"), masses=MASSES, hunting=Hunting(toys=TOYS), work=work, advance=advance)


@pytest.fixture(scope="session")
def serial() -> Scan:
    return hunt(Work())


def same(one: Scan, other: Scan) -> None:
    """To the last bit."""
    assert one.to_json() == other.to_json()


# --- executors ---


def test_an_unknown_executor() -> None:
    for name in ("threads", "dask:", "", "Serial"):
        with pytest.raises(InputError, match="unknown; known: serial, processes, dask, dask:ADDRESS"), executor(name):
            pass


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_processes_answer_every_item(count: int) -> None:
    with executor("processes", 2) as team:
        found = list(team.run(operator.mul, 0.1, range(count)))
    assert sorted(found) == [(i, 0.1 * i) for i in range(count)]


def test_items_are_taken_when_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for i in range(100):
            taken.append(i)
            yield i

    with executor("processes", 2) as team:
        running = team.run(operator.add, 1, items())
        next(running)
        assert len(taken) <= 4
        running.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["serial", "processes"])
def test_what_the_function_raises_is_raised(name: str) -> None:
    with executor(name, 2) as team, pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        list(team.run(_call, math.sqrt, [1.0, 4.0, -1.0]))
    with executor(name, 2) as team, pytest.raises(InputError, match="no such thing"):
        list(team.run(_refuse, None, [1]))


def _call(function: Any, x: float) -> Any:
    return function(x)


def _refuse(*_: object) -> None:
    raise InputError("no such thing")


def _slow(_: object, x: float) -> float:
    time.sleep(0.2)
    return x


def _suicide(_: object, x: int) -> int:
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def workers() -> set[psutil.Process]:
    """The worker processes of this one; where kernels were compiled, the one that fills the cache is among them."""
    return {
        process for process in psutil.Process().children() if "limits.parallel.worker" in " ".join(_command(process))
    }


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # killed just now
        return []


def test_a_worker_that_is_killed_costs_nothing_else() -> None:
    before = workers()
    with executor("processes", 2) as team:
        found = []
        for i, answer in enumerate(team.run(_slow, None, range(12))):
            found.append(answer)
            if i in (1, 4, 6):
                (workers() - before).pop().kill()
    assert sorted(found) == [(x, x) for x in range(12)]
    assert workers() == before


@pytest.mark.slow
def test_an_item_that_kills_its_workers_is_given_up() -> None:
    before = workers()
    with (
        executor("processes", 2) as team,
        pytest.raises(LimitsError, match="3: 4 workers died of it, the last by SIGKILL"),
    ):
        list(team.run(_suicide, None, range(6)))
    assert workers() == before


def test_workers_end_with_whoever_started_them(tmp_path: Path) -> None:
    """Also where it is killed and can say nothing."""
    program = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from limits.parallel import executor
with executor("processes", 2) as team:
    for answer in team.run(time.sleep and max, 0, iter(range(10**9))):
        print("ready", flush=True)
        time.sleep(60)
"""
    started = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    children = psutil.Process(started.pid).children()
    assert len(children) == 2
    started.kill()
    started.wait()
    started.stdout.close()
    assert psutil.wait_procs(children, timeout=20)[1] == []


def test_dask_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"pip install 'darksector-limits\[dask\]'"), executor("dask"):
        pass


# --- what a worker imports ---


IMPORTS = {
    "nothing": "from limits.parallel.worker import main",
    "point": "from limits.scan.stored import _do",
    "hunt": "from limits.hunt.units import do",
}
"""What a worker imports: itself, then the function that it is sent."""


@pytest.mark.parametrize("kind", list(IMPORTS))
def test_a_worker_imports_what_it_needs(kind: str) -> None:
    program = f"{IMPORTS[kind]}\nimport sys; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    never = {
        "click",
        "rich",
        "matplotlib",
        "pyhf",
        "dask",
        "distributed",
        "uproot",
        "pyarrow",
        "plotly",
        "jinja2",
        "zfit",
    }
    assert found & never == set()
    if kind == "nothing":
        assert found & {"numpy", "scipy", "numba", "pydantic"} == set()
    if kind == "point":
        assert "numba" not in found


# --- the same to the last bit ---


def test_processes_give_what_serial_gives(serial: Scan) -> None:
    with executor("processes", 2) as team:
        same(hunt(Work(team)), serial)


@pytest.mark.slow
def test_processes_are_killed_and_give_what_serial_gives(serial: Scan, tmp_path: Path) -> None:
    """One of two whenever a unit is done, three times."""
    killed: list[psutil.Process] = []
    before = workers()

    def kill(_: float) -> None:
        if (team := workers() - before) and len(killed) < 3:  # a fourth might be of one item
            killed.append(team.pop())
            killed[-1].kill()

    with executor("processes", 2) as pool:
        same(hunt(Work(pool, tmp_path / "k"), kill), serial)
    assert len(set(killed)) == 3


def dask_processes(name: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *map(str, arguments)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, **quiet)  # type: ignore[call-overload,no-any-return]


@pytest.mark.slow
def test_a_cluster_whose_workers_are_killed_gives_what_serial_gives(serial: Scan, tmp_path: Path) -> None:
    """A scheduler and three workers are processes of their own, as on a cluster; killed workers are replaced, as by a batch system."""
    pytest.importorskip("distributed")
    where = tmp_path / "scheduler.json"
    scheduler = dask_processes(
        "scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", where
    )
    team: list[subprocess.Popen[bytes]] = []

    def add() -> None:
        options = (
            "--nthreads",
            1,
            "--no-nanny",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
            "--local-directory",
            tmp_path,
        )
        team.append(dask_processes("worker", "--scheduler-file", where, *options))

    def kill(_: float) -> None:
        """The oldest; another takes its place."""
        if len(team) < 8:
            add()
            team[len(team) - 4].kill()

    try:
        for _ in range(600):
            if where.exists() and where.stat().st_size:
                break
            time.sleep(0.1)
        for _ in range(3):
            add()
        address = json.loads(where.read_text())["address"]
        assert address.startswith("tcp://127.0.0.1:")
        with executor(f"dask:{address}") as cluster:
            same(hunt(Work(cluster, tmp_path / "k"), kill), serial)
        assert [process.poll() for process in team[:5]] == [-signal.SIGKILL] * 5
    finally:
        for process in [*team, scheduler]:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_cluster_on_this_machine(serial: Scan) -> None:
    """It listens on the loopback interface and nowhere else."""
    pytest.importorskip("distributed")
    with executor("dask", 2) as cluster:
        mine = psutil.Process()
        listening = [
            connection.laddr.ip
            for process in [mine, *mine.children(recursive=True)]
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert set(listening) == {"127.0.0.1"}
        same(hunt(Work(cluster)), serial)


def test_a_worker_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from limits.parallel import cluster

    assert cluster._checked(cluster.provenance(), operator.add, 1, 2) == 3
    with pytest.raises(InputError, match=r"a worker has numpy .* and not 0\.1"):
        cluster._checked({"numpy": "0.1"}, operator.add, 1, 2)


def test_no_scheduler() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="no scheduler at nonsense"), executor("dask:nonsense"):
        pass


@pytest.mark.slow
def test_a_process_that_compiles_finds_what_others_find(tmp_path: Path) -> None:
    """With an empty cache of kernels and with a full one."""
    program = "from limits.scan import *; from limits.search import load; "
    program += "print(run_scan(load('bes3-alp'), masses=[1.3, 1.9], hunting=Hunting(toys=20)).to_json())"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    )
    assert first == second
    assert list(tmp_path.rglob("*.nbi"))


def test_serial_is_in_order() -> None:
    assert list(SERIAL.run(operator.add, 1, iter([3, 1, 2]))) == [(3, 4), (1, 2), (2, 3)]
