"""The dask door: workers of a cluster, on this machine or behind the scheduler at an address.

A worker that dies is the scheduler's business: it gives the item to another one. Workers must have the versions that are here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from limits.errors import InputError, LimitsError, MissingExtra
from limits.parallel.processes import cores
from limits.provenance import provenance

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE: Final = 10
"""Seconds for a scheduler to answer."""

AHEAD: Final = 3
"""Items per thread of the cluster that are handed out ahead."""

ROUNDS: Final = 5
"""How often an item is given again after the scheduler has given it up; usually that is when four workers have died of it."""


@dataclass(frozen=True)
class Cluster:
    """A client of a scheduler."""

    client: Client

    def run(self, function: Callable[[Any, Any], Any], common: Any, items: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        """Pairs of item and answer, as they come.

        Raises:
            LimitsError: a worker with other versions, or items of which workers die again and again.
        """
        from distributed import as_completed
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        def give(item: Any, tried: int = 0) -> None:
            future = self.client.submit(_checked, provenance(), function, shared, item, pure=False)
            running[future] = item, tried
            done.add(future)

        def hold() -> Future[Any]:
            return self.client.submit(_held, common, pure=False)

        running: dict[Future[Any], tuple[Any, int]] = {}
        waiting, done = iter(items), as_completed()
        # A result of the cluster and not a copy on it: made again wherever it is lost.
        shared = hold()
        try:
            while True:
                ahead = AHEAD * max(sum(self.client.nthreads().values()), 1)
                for item in islice(waiting, max(ahead - len(running), 0)):
                    give(item)
                if not running:
                    return
                future = next(done)
                item, tried = running.pop(future)
                try:
                    answer = future.result()
                except KilledWorker:  # not its fault, where workers are taken away
                    if tried == ROUNDS:
                        raise
                    shared = hold() if shared.status == "error" else shared
                    give(item, tried + 1)
                    continue
                yield item, answer
        except KilledWorker as error:
            raise LimitsError(f"dask: workers died of one item again and again: {error}") from None
        except (FutureCancelledError, OSError) as error:
            raise LimitsError(f"dask: the scheduler is lost: {error}") from None
        finally:
            self.client.cancel([*running, shared], force=True)


def _held(common: Any) -> Any:
    return common


@cache
def _here() -> dict[str, Any]:
    return provenance()


def _checked(versions: dict[str, Any], function: Callable[[Any, Any], Any], common: Any, item: Any) -> Any:
    """In a worker: function(common, item), if it is the same software as that of whoever asks."""
    if different := [
        f"{name} {_here().get(name)} and not {wanted}"
        for name, wanted in versions.items()
        if _here().get(name) != wanted
    ]:
        raise InputError(f"dask: a worker has {', '.join(different)}")
    return function(common, item)


@contextmanager
def cluster(address: str | None, workers: int | None) -> Iterator[Cluster]:
    """The scheduler at an address, or a cluster of this machine that listens on 127.0.0.1 only.

    Raises:
        InputError: no scheduler answers.
        MissingExtra: dask is not installed.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise MissingExtra("dask is not installed: pip install 'darksector-limits[dask]'") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
    with ExitStack() as open_things:
        if address is None:
            local = LocalCluster(
                n_workers=workers or cores(),
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
            client = Client(open_things.enter_context(local))
        else:
            try:
                client = Client(address, timeout=PATIENCE)
            except (OSError, ValueError, TypeError) as error:
                raise InputError(f"dask: no scheduler at {address}: {error}") from None
        yield Cluster(open_things.enter_context(client))
