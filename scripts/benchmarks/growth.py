"""How CPU time and peak memory grow with points, toys and bins, ours only; every size in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks import histfactory, mass_scan
from benchmarks.harness import Row, peak, timed
from limits.likelihood.histfactory import load as read

FACTORS = (1, 2, 4)
POINTS, TOYS = 240, 250
"""Of the mass scan at ×1; the toys are one batch."""

HISTFACTORY_TOYS = 4000

REPEATS = 3


def scan(points: int, toys: int, per_bin: int) -> None:
    """Toys in finer bins are those of the same spectrum."""
    expected, _ = mass_scan.spectrum(1)
    mass_scan.throw_and_fit(np.repeat(expected / per_bin, per_bin), mass_scan.places(points), toys, per_bin=per_bin)


def data(points: int) -> None:
    mass_scan.ours(points, 0)


def histfactory_toys(bins: int) -> None:
    """Toys of the same search in more bins; the number of nuisances grows with them."""
    built = read(histfactory.document(bins=bins))
    theta = built.fit(built.observed, histfactory.TESTED).theta
    toys = built.sample(theta, HISTFACTORY_TOYS, np.random.default_rng(1))
    built.fit_many(toys)
    built.fit_many(toys, histfactory.TESTED)


WORK: dict[str, Callable[[int], None]] = {
    "points, data": lambda k: data(k * POINTS),
    "points, toys": lambda k: scan(k * POINTS, TOYS, 1),
    "toys": lambda k: scan(POINTS, k * TOYS, 1),
    "bins of toys": lambda k: scan(POINTS, TOYS, k),
    "bins of HistFactory toys": lambda k: histfactory_toys(k * histfactory.BINS),
}


def ours(name: str, factor: int) -> dict[str, Any]:
    """CPU seconds (median) and peak memory at that size."""
    if "HistFactory" in name:
        histfactory_toys(8)
    else:
        mass_scan.warm()
    spent = [timed(lambda: WORK[name](factor))[0] for _ in range(REPEATS)]
    return {"CPU s": median(spent), "samples CPU s": spent, "memory MB": peak()}


def show(found: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Lines of the table: ratios to the smallest size."""
    lines = []
    for name in WORK:
        sizes = [found.get(f"{name} ×{k}", {}) for k in FACTORS]
        if not all("CPU s" in size for size in sizes):
            continue
        seconds, memory = [s["CPU s"] for s in sizes], [s["memory MB"] for s in sizes]
        times = " : ".join(f"{s / seconds[0]:.2f}" for s in seconds)
        lines.append(
            (
                f"{name} ×1 ×2 ×4",
                f"CPU {seconds[0]:.2f} s, {times}; memory " + ", ".join(f"{m:.0f}" for m in memory) + " MB",
            )
        )
    return lines


ROW = Row(
    "growth of CPU time and peak memory",
    jobs={f"{name} ×{k}": partial(ours, name, k) for name in WORK for k in FACTORS},
    show=show,
)
