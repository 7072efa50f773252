"""How a hunt is made: all that a user may choose besides the search and the masses."""

from __future__ import annotations

from dataclasses import dataclass

from limits.signals.samples import Sample


@dataclass(frozen=True)
class Hunting:
    """Choices of one hunt.

    `sample`: the data (None: a simulated sample); `treatment`: which categories are fitted together (None: the first); `toys` of the whole
    spectrum; `threads`: of every worker.
    """

    sample: Sample | None = None
    treatment: str | None = None
    toys: int = 0
    seed: int = 1
    threads: int = 1
