"""Two tools in turn on the same data in one process: process CPU time, medians, and how far their answers are apart.

A row of the table is a `Row`: either duels of ours with peers, or jobs of ours alone. Every duel and every job has a process of
its own, held to one core, with all thread pools of size one.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import platform
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

THREADS = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "JAX_PLATFORMS": "cpu",
}
"""Environment of every measuring process: one thread, no chatter."""

PACKAGES = ("numpy", "scipy", "numba", "iminuit", "zfit", "tensorflow", "hepstats", "pyhf", "jax", "ROOT")

NLL_ALLOWED = 1e-3
"""2ΔNLL by which our minimum may lie above that of a peer, in the peer's function or a common one."""

LIMIT_ALLOWED = 0.003
"""Relative difference between limits."""

LONG = 60.0
"""A peer whose call takes longer, in seconds of CPU time, is called once."""


class Check(NamedTuple):
    """An agreement that was tested: it holds where value ≤ allowed. `value` may be negative where only one side matters."""

    what: str
    value: float
    allowed: float

    @property
    def good(self) -> bool:
        """Whether it holds; nan does not."""
        return bool(self.value <= self.allowed)


@dataclass(frozen=True)
class Duel:
    """Ours and a peer's way to do the same. Both get the number of the round, which stands for a data set.

    `units_*`: pieces of work (toys, points) in one call; `inner`: calls of ours per call of the peer, on as many data sets in a row,
    after one that is not counted;
    `warm`: whether the peer is called once before, as compilers and caches want. Answers of both go to `check`.
    """

    ours: Callable[[int], Any]
    peer: Callable[[int], Any]
    check: Callable[[int, Any, Any], list[Check]]
    rounds: int = 7
    units_ours: int = 1
    units_peer: int = 1
    inner: int = 5
    warm: bool = True


@dataclass(frozen=True)
class Peer:
    """`needs`: modules; `install`: how to get them; `prepare`: everything that is not timed; `slow`: left out by --quick."""

    needs: tuple[str, ...]
    install: str
    prepare: Callable[[], Duel]
    slow: bool = False
    note: str = ""

    @property
    def missing(self) -> bool:
        """Whether it cannot be run here."""
        return any(importlib.util.find_spec(name) is None for name in self.needs)


@dataclass(frozen=True)
class Row:
    """One line of work; `unit`: what the times are for."""

    title: str
    unit: str = ""
    peers: Mapping[str, Peer] = field(default_factory=dict)
    jobs: Mapping[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    show: Callable[[dict[str, dict[str, Any]]], list[tuple[str, str]]] | None = None
    cores: int = 1


def load(name: str) -> Any:
    """A module of a peer, without annotations."""
    return importlib.import_module(name)


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of CPU time of this process, all its threads, and what the function returned."""
    start = time.process_time()
    found = function()
    return time.process_time() - start, found


def compare(duel: Duel) -> dict[str, Any]:
    """Rounds of the peer once and ours several times; medians per unit, every sample, and the worst of each check."""
    for number in range(duel.rounds + duel.inner + 1):  # compiles, or loads what was compiled; makes the data
        duel.ours(number)
    if duel.warm:
        duel.peer(0)
    mine: list[float] = []
    theirs: list[float] = []
    worst: dict[str, Check] = {}
    for number in range(1, duel.rounds + 1):
        spent, peer = timed(partial(duel.peer, number))
        theirs.append(spent / duel.units_peer)
        ours = duel.ours(number)
        for k in range(1, duel.inner + 1):
            spent_ours, _ = timed(partial(duel.ours, number + k))
            mine.append(spent_ours / duel.units_ours)
        for check in duel.check(number, ours, peer):
            check = Check(check.what, float(check.value), check.allowed)  # noqa: PLW2901
            known = worst.get(check.what)
            if known is None or check.value > known.value or math.isnan(check.value):
                worst[check.what] = check
        if spent > LONG:
            break
    return {
        "limits s": median(mine),
        "peer s": median(theirs),
        "ratio": median(theirs) / median(mine),
        "checks": [check._asdict() | {"good": check.good} for check in worst.values()],
        "calls limits": len(mine),
        "calls peer": len(theirs),
        "units per call": [duel.units_ours, duel.units_peer],
        "samples limits s": mine,
        "samples peer s": theirs,
    }


def hold(cores: int) -> None:
    """Keep this process on so many cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        free = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, set(free[-cores:]))


def peak() -> float:
    """Largest memory this process had, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent had before exec
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def installed() -> dict[str, str]:
    """Versions of what is there; that of ROOT's wheel is not ROOT's own."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            if importlib.util.find_spec(name):
                found[name] = "without metadata"
    return found


def machine() -> dict[str, Any]:
    """The machine in general terms, and versions."""
    names = [
        line.split(":")[1].strip()
        for line in (Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else [])
        if line.startswith("model name")
    ]
    return {
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "processor": names[0] if names else platform.processor() or "unknown",
        "python": platform.python_version(),
        "versions": installed(),
    }
