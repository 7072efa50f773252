"""The units of work of a hunt: the data of a few neighbouring masses, or a block of toys at these masses.

What a unit finds depends on its own masses and the numbers of its toys: not on who does it, nor on what was done before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np

from limits.errors import FitError
from limits.hunt.fits import FIELDS, Rules, Thrower, expected, observed, toys
from limits.hunt.windows import Setting, ways
from limits.signals.expected import Array
from limits.signals.resonance import Resonance

T = TypeVar("T")

PIECE: Final = 25
"""Masses that are done together, which see the same toys."""

BLOCK: Final = 1000
"""Toys that are thrown and fitted together: what a worker holds in memory, however many toys there are."""


@dataclass(frozen=True)
class Unit:
    """One unit: the number of a piece, and which toys; None for the data."""

    piece: int
    toys: range | None

    @property
    def name(self) -> str:
        """Unique within the hunt."""
        what = "data" if self.toys is None else f"toys {self.toys.start}–{self.toys.stop - 1}"
        return f"piece {self.piece}, {what}"

    @property
    def arrays(self) -> frozenset[str]:
        """What it finds."""
        return frozenset({*FIELDS, "expected"} if self.toys is None else {"z", "limit"})


@dataclass(frozen=True)
class Job:
    """A hunt cut into pieces and blocks."""

    setting: Setting
    rules: Rules
    peaks: tuple[Resonance, ...]
    threads: int = 1

    @cached_property
    def pieces(self) -> list[list[Resonance]]:
        """Neighbours, at most `PIECE` of them, that see the same toys."""
        pieces: list[list[Resonance]] = []
        for peak in self.peaks:
            last = pieces[-1][-1].window if pieces else None
            same = last is not None and (last.part, last.bin_gev) == (peak.window.part, peak.window.bin_gev)
            if same and len(pieces[-1]) < PIECE:
                pieces[-1].append(peak)
            else:
                pieces.append([peak])
        return pieces

    @cached_property
    def blocks(self) -> list[range]:
        """The numbers of all toys, in blocks."""
        total = self.rules.toys
        return [range(first, min(first + BLOCK, total)) for first in range(0, total, BLOCK)]

    @cached_property
    def units(self) -> dict[str, Unit]:
        """By name. Block by block: neighbours that are done by one worker share the toys that it has thrown."""
        every = [Unit(piece, block) for block in (None, *self.blocks) for piece in range(len(self.pieces))]
        return {unit.name: unit for unit in every}

    @cached_property
    def thrower(self) -> Thrower:
        """Toys for all the masses."""
        ranges: dict[tuple[int, float], tuple[int, int]] = {}
        for peak in self.peaks:
            key = (peak.window.part, peak.window.bin_gev)
            first, last = ranges.get(key, peak.bins)
            ranges[key] = (min(first, peak.bins[0]), max(last, peak.bins[1]))
        return Thrower(self.setting, self.rules, ranges)

    def is_whole(self, name: str, found: Any) -> bool:
        """Whether these are the arrays of that unit."""
        unit = self.units[name]
        masses, size = len(self.pieces[unit.piece]), () if unit.toys is None else (len(unit.toys),)
        return (
            isinstance(found, dict)
            and set(found) == unit.arrays
            and all(array.shape[: 1 + len(size)] == (masses, *size) for array in found.values())
        )


def do(job: Job, name: str) -> dict[str, Array]:
    """What a unit finds at its masses, W of them: FIELDS (W,) and `expected` (W,), or `z` and `limit` (W, n) of its toys."""
    unit = job.units[name]
    peaks = job.pieces[unit.piece]
    return _data(job, peaks) if unit.toys is None else _toys(job, peaks, unit.toys)


def _data(job: Job, peaks: Sequence[Resonance]) -> dict[str, Array]:
    made = ways(job.setting.channel)

    def one(peak: Resonance) -> dict[str, float]:
        row = observed(job.setting, job.rules, peak, made) | {"expected": float("nan")}
        if not job.rules.toys:
            with suppress(FitError):
                row["expected"] = expected(job.setting, job.rules, peak, made[0])
        return row

    rows = _each(one, peaks, job.threads)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _toys(job: Job, peaks: Sequence[Resonance], numbers: range) -> dict[str, Array]:
    made = ways(job.setting.channel)
    job.thrower.spectra(peaks[0], numbers)  # once, before the threads ask for it
    found = _each(lambda peak: toys(job.thrower, peak, made, numbers), peaks, job.threads)
    return {"z": np.array([z for z, _ in found], dtype=np.float32), "limit": np.array([limit for _, limit in found])}


def _each(one: Callable[[Resonance], T], peaks: Sequence[Resonance], threads: int) -> list[T]:
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        return list(pool.map(one, peaks))
