"""The units of a scan that are not there yet: done by an executor, each kept the moment it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from limits.errors import InputError, LimitsError
from limits.parallel import SERIAL, Executor
from limits.store.contents import Contents
from limits.store.folder import Folder, FolderError


class Store(Protocol):
    """Where results are kept by the name of their unit."""

    def load(self, unit: str) -> Any | None:
        """The result of a unit; None if it is not there."""

    def save(self, unit: str, result: Any) -> None:
        """Keep a result."""

    def discard(self, unit: str) -> None:
        """Forget a result."""


@dataclass(frozen=True)
class Memory:
    """Results of a scan without a folder."""

    results: dict[str, Any] = field(default_factory=dict)

    def load(self, unit: str) -> Any | None:
        """The result of a unit; None if it is not there."""
        return self.results.get(unit)

    def save(self, unit: str, result: Any) -> None:
        """Keep a result."""
        self.results[unit] = result

    def discard(self, unit: str) -> None:
        """Forget a result."""
        self.results.pop(unit, None)


class Unfinished(LimitsError):
    """A shard is done, and others are not: there is no result yet."""


@dataclass(frozen=True)
class Rescue:
    """A folder for what is in memory when the work is interrupted, made only then."""

    folder: Path
    stores: dict[Path, tuple[Contents, Memory]] = field(default_factory=dict)
    """By where it goes in the folder."""

    def write(self) -> bool:
        """Keep all that is done; whether there is anything."""
        found = [(place, *store) for place, store in self.stores.items() if store[1].results]
        for place, contents, memory in found:
            with suppress(FolderError), closing(Folder.open(self.folder / place, contents)) as folder:
                for unit, result in memory.results.items():
                    folder.save(unit, result)
        return self.folder.exists()


@dataclass(frozen=True)
class Work:
    """How scans are carried out; nothing of it changes a result.

    `folder`: where results are kept (None: in memory); `shard`: (i, n), the i-th of n parts of the units, counted from 1;
    `rescue`: remembers what is in memory; `place`: of a scan in the folder, where there are several.
    """

    executor: Executor = SERIAL
    folder: Path | None = None
    shard: tuple[int, int] = (1, 1)
    rescue: Rescue | None = None
    place: Path = Path()

    def __post_init__(self) -> None:
        part, parts = self.shard
        if not 1 <= part <= parts:
            raise InputError(f"shard {part}/{parts}: I/N with 1 ≤ I ≤ N is needed")
        if parts > 1 and self.folder is None:
            raise InputError(f"shard {part}/{parts}: needs a folder for its results")

    def within(self, name: str) -> Work:
        """The same, in a folder of its own inside the folder."""
        return replace(self, place=self.place / name)

    @contextmanager
    def store(self, contents: Contents) -> Iterator[Store]:
        """The folder, or memory.

        Raises:
            FolderError: the folder holds something else, or cannot be used.
        """
        if self.folder is not None:
            with closing(Folder.open(self.folder / self.place, contents)) as folder:
                yield folder
            return
        memory = Memory()
        if self.rescue is not None:
            self.rescue.stores[self.place] = contents, memory
        yield memory


WORK: Final = Work()
"""Here, one unit after the other, in memory."""


def fill(
    store: Store,
    work: Work,
    units: Iterable[str],
    function: Callable[[Any, str], Any],
    common: Any,
    *,
    good: Callable[[str, Any], bool] = lambda unit, result: True,
    done: Callable[[str], None] = lambda unit: None,
) -> None:
    """Do every unit of the shard that `store` has not, as function(common, unit); `done` is called for each, also for those it had.

    A stored result that is not `good` is done again.

    Raises:
        Unfinished: the units of other shards are missing.
        FolderError: a result cannot be kept.
    """
    every, (part, parts) = list(units), work.shard

    def there(unit: str) -> bool:
        found = store.load(unit)
        if found is not None and not good(unit, found):
            store.discard(unit)
            return False
        return found is not None

    def missing() -> Iterator[str]:
        for unit in every[part - 1 :: parts]:
            if not there(unit):  # asked at the last moment: another run may have done it
                yield unit
            else:
                done(unit)

    with closing(work.executor.run(function, common, missing())) as results:
        for unit, result in results:
            store.save(unit, result)
            done(unit)
    if parts > 1 and (left := sum(not there(unit) for unit in every)):
        raise Unfinished(
            f"{work.folder}: shard {part}/{parts} is done; {len(every) - left} of {len(every)} units are there"
        )
