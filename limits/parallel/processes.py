"""Worker processes on this machine. Each is a fresh interpreter that imports what its function needs and nothing else.

A worker that dies (killed, out of memory) is replaced and its item is done again; the others go on undisturbed.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from limits.errors import LimitsError

ATTEMPTS: Final = 4
"""Workers that may die of one item before it is given up."""

ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """A process, and what it is doing in a team."""

    def __init__(self, function: Callable[[Any, Any], Any], common: Any) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            program = f"from limits.parallel.worker import main; main({theirs.fileno()})"
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", program],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the one that was started by hand
            )
        self.connection = Connection(ours.detach())
        self.job: _Job | None = None
        with suppress(OSError):  # dead already: seen when it is asked for an answer
            self.connection.send((function, common))

    def give(self, job: _Job | None) -> None:
        """Let it do an item."""
        self.job = job
        if job is not None:
            with suppress(OSError):
                self.connection.send(job.item)

    def answer(self) -> tuple[bool, Any]:
        """Whether the function returned, and what; or what it raised.

        Raises:
            OSError, EOFError: the process is dead.
        """
        found: tuple[bool, Any] = self.connection.recv()
        return found

    def ask(self, item: Any) -> Any:
        """The answer for one item; raises what the function raises, EOFError or OSError if the process is dead."""
        self.connection.send(item)
        good, answer = self.answer()
        if not good:
            raise answer
        return answer

    def end(self) -> int:
        """Stop it, whatever it does; how it ended."""
        self.connection.close()
        self.process.kill()
        return self.process.wait()


@dataclass
class _Job:
    item: Any
    deaths: int = 0


@dataclass(frozen=True)
class Processes:
    """`workers` processes for every run."""

    workers: int

    def run(self, function: Callable[[Any, Any], Any], common: Any, items: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """Pairs of item and answer, as they come.

        Raises:
            LimitsError: workers die of one item again and again.
        """
        jobs = map(_Job, items)
        team: list[Worker] = []
        try:
            for first in islice(jobs, self.workers):
                team.append(Worker(function, common))
                team[-1].give(first)
            while busy := {worker.connection: worker for worker in team if worker.job is not None}:
                for ready in wait(list(busy)):
                    worker = busy[ready]  # type: ignore[index]  # of the connections that were asked
                    job = worker.job
                    assert job is not None
                    try:
                        good, answer = worker.answer()
                    except (OSError, EOFError):
                        team[team.index(worker)] = _replaced(worker, job, function, common)
                        continue
                    if not good:
                        raise answer
                    worker.give(next(jobs, None))  # before anybody looks at the answer
                    yield job.item, answer
        finally:
            for worker in team:
                worker.end()


def _replaced(worker: Worker, job: _Job, function: Callable[[Any, Any], Any], common: Any) -> Worker:
    """A new worker for the item of a dead one."""
    code = worker.process.wait()
    worker.end()
    job.deaths += 1
    if job.deaths == ATTEMPTS:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        raise LimitsError(f"{job.item}: {ATTEMPTS} workers died of it, the last by {how} (out of memory?)")
    new = Worker(function, common)
    new.give(job)
    return new
