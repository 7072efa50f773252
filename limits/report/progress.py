"""Long work as it goes on, on stderr: a bar on a terminal, plain lines in a log, nothing in a pipe."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console

EVERY: Final = 10.0
"""Seconds between lines of a log."""

LINES: Final = 6
"""The rate is that of so many lines: what was kept from before is counted in no time and soon forgotten."""


@contextmanager
def progress(total: float, label: str, how: str | None = None) -> Iterator[Callable[..., None]]:
    """What to call when one more of `total` is done, or with how many more are.

    `how`: "bar", "log" or "none"; None: a bar on a terminal, a log where the environment says CI, else none.
    """
    if how is None:
        how = "bar" if sys.stderr.isatty() else "log" if os.environ.get("CI") else "none"
    if how == "bar":
        with _bar(total, label) as advance:
            yield advance
    elif how == "log":
        yield _Log(total, label).advance
    else:
        yield lambda *_: None


@contextmanager
def _bar(total: float, label: str) -> Iterator[Callable[..., None]]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:.3g}/s")

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda amount=1: bar.advance(task, amount)


@dataclass
class _Log:
    """A line now and then, and one at the end if there was any before."""

    total: float
    label: str
    done: float = 0.0
    said: deque[tuple[float, float]] = field(default_factory=lambda: deque([(time.monotonic(), 0.0)], LINES))
    """When lines were written, and what was done then."""
    silent: bool = True

    def advance(self, amount: float = 1) -> None:
        """So much more is done."""
        self.done += amount
        now = time.monotonic()
        ended = self.done > self.total * (1 - 1e-9)
        if now - self.said[-1][0] < EVERY and (self.silent or not ended):
            return
        since, before = self.said[0]
        rate = (self.done - before) / max(now - since, 1e-9)
        left = f"{_duration((self.total - self.done) / rate)} left" if rate > 0 else "time left unknown"
        text = f"{self.label}: {self.done:.4g} of {self.total:.4g}, {rate:.3g}/s, {'done' if ended else left}"
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is what it is for
        self.said.append((now, self.done))
        self.silent = False


def _duration(seconds: float) -> str:
    """In the unit that suits."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
