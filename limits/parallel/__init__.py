"""Executors: the same function for many items, here or elsewhere; answers come as they are ready.

| module      | one idea                                                                                       |
|-------------|------------------------------------------------------------------------------------------------|
| `processes` | worker processes on this machine, each started fresh, each replaced when it dies               |
| `worker`    | what runs in one of them                                                                       |
| `cluster`   | dask: a cluster on this machine or the scheduler at an address (the dask door)                 |

    with executor("processes", workers=2) as pool:
        for item, answer in pool.run(function, common, items): ...

`common` is sent to a worker once; `function` is one of a module. What a worker answers does not depend on which it was.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from limits.errors import InputError

KNOWN: Final = ("serial", "processes", "dask", "dask:ADDRESS")


class Executor(Protocol):
    """Does function(common, item) for every item, which are taken when they are needed; yields (item, answer) in any order.

    Raises what the function raises.
    """

    def run(self, function: Callable[[Any, Any], Any], common: Any, items: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """Pairs of item and answer."""


@dataclass(frozen=True)
class Serial:
    """One after the other, here."""

    def run(self, function: Callable[[Any, Any], Any], common: Any, items: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """Pairs of item and answer, in order."""
        for item in items:
            yield item, function(common, item)


SERIAL: Final = Serial()


def is_executor(name: str) -> bool:
    """Whether there is one of that name."""
    return name in KNOWN[:3] or (name.startswith("dask:") and len(name) > len("dask:"))


@contextmanager
def executor(name: str, workers: int | None = None) -> Iterator[Executor]:
    """An executor by name, with so many workers (None: as many as this process may use cores); all of them end with the block.

    Raises:
        InputError: no such executor, or no scheduler at the address.
        MissingExtra: dask is not installed.
    """
    if not is_executor(name):
        raise InputError(f"executor = {name!r}: unknown; known: {', '.join(KNOWN)}")
    if name == "serial":
        yield SERIAL
    elif name == "processes":
        from limits.parallel.processes import Processes, cores

        yield Processes(workers or cores())
    else:
        from limits.parallel.cluster import cluster

        with cluster(name.partition(":")[2] or None, workers) as found:
            yield found
