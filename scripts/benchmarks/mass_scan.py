"""A whole mass scan, ours only: four PDFs at every mass with fit, significance and both limits, and toys with both limits everywhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.bump import HALF, ORDER, SIGMA, Array, crystal_ball
from benchmarks.harness import Row, peak
from limits.kernel.linear.fit import fit
from limits.kernel.linear.measure import Smearing
from limits.kernel.linear.scan import prepare, scan, stream_toys
from limits.kernel.linear.shapes import Cruijff, Signal
from limits.kernel.linear.window import Window, binned, unbinned

LOWEST, BINS, STEP = 0.1, 2870, 0.001
POINTS, TOYS = 1881, 1000
WIDE = round(2 * HALF / STEP)
FINE = 4
"""Bins of the binned variants per bin of the toys."""


def cruijff(mass: float) -> Cruijff:
    return Cruijff((mass - HALF, mass + HALF), mass, SIGMA, SIGMA, 0.12, 0.12)


def spectrum(seed: int) -> tuple[Array, Array]:
    """Expected counts per bin of 1 MeV and events of the whole spectrum."""
    edges = LOWEST + STEP * np.arange(BINS + 1)
    centre = (edges[1:] + edges[:-1]) / 2
    expected = 120 * (1 + 0.3 * np.cos(1.7 * centre) - 0.1 * centre)
    rng = np.random.default_rng(seed)
    counts = rng.poisson(expected)
    return expected, np.sort(np.repeat(edges[:-1], counts) + STEP * rng.random(counts.sum()))


def variants(masses: Array, x: Array) -> dict[str, list[Callable[[], Window]]]:
    """Two unbinned of third order, two in bins of 0.25 MeV of fourth order."""

    def events_of(shape: Callable[[float], Signal], mass: float) -> Window:
        first, last = np.searchsorted(x, [mass - HALF, mass + HALF])
        return unbinned(x[first:last], shape(mass), ORDER)

    fine = np.histogram(x, FINE * BINS, (LOWEST, LOWEST + STEP * BINS))[0]

    def bins_of(shape: Callable[[float], Signal], mass: float) -> Window:
        first, size = FINE * round((mass - HALF - LOWEST) / STEP), FINE * WIDE
        edges = np.linspace(mass - HALF, mass + HALF, size + 1)
        return binned(fine[first : first + size], edges, shape(mass), ORDER + 1)

    shapes: dict[str, Callable[[float], Signal]] = {"Crystal Ball": crystal_ball, "Cruijff": cruijff}
    out: dict[str, list[Callable[[], Window]]] = {}
    for name, shape in shapes.items():
        out[f"{name}, unbinned, order {ORDER}"] = [partial(events_of, shape, float(m)) for m in masses]
        out[f"{name}, 0.25 MeV, order {ORDER + 1}"] = [partial(bins_of, shape, float(m)) for m in masses]
    return out


def toy_window(expected: Array, offset: int, per_bin: int = 1) -> Window:
    """The window that begins at that bin of 1 MeV, in 1/per_bin MeV; expected counts are those of the finer bins."""
    mass, size = LOWEST + STEP * offset + HALF, WIDE * per_bin
    edges = np.linspace(mass - HALF, mass + HALF, size + 1)
    return binned(expected[offset * per_bin : offset * per_bin + size], edges, crystal_ball(mass), ORDER)


def places(points: int) -> Array:
    """First bins of so many windows, spread over the spectrum."""
    return np.unique(np.linspace(0, BINS - WIDE, points).astype(int))


def throw_and_fit(expected: Array, offsets: Array, count: int, threads: int = 1, per_bin: int = 1) -> dict[str, Any]:
    """Toys of the whole spectrum fitted in every window, batch by batch; nothing but counts of failures is kept."""
    windows = [prepare(toy_window(expected, int(i), per_bin), int(i) * per_bin) for i in offsets]
    failures = evaluations = 0
    for part in stream_toys(expected, windows, count, 1, threads=threads):
        failures += part.failures
        evaluations += int(part.evaluations.sum())
    return {"failures": failures, "evaluations per toy": evaluations / max(count * len(offsets), 1)}


def ours(points: int = POINTS, toys: int = TOYS, threads: int = 1) -> dict[str, Any]:
    """CPU and wall seconds of the whole."""
    expected, x = spectrum(1)
    offsets = places(points)
    masses = LOWEST + STEP * (offsets + WIDE / 2)
    found: dict[str, Any] = {"points": len(offsets), "events": len(x), "toys": toys, "threads": threads}
    cpu, wall = time.process_time(), time.perf_counter()
    failures, parts = 0, {}
    for name, makers in variants(masses, x).items():
        start = time.process_time()
        failures += scan(makers, smearing=Smearing(9.2, 0.026), threads=threads).failures
        parts[name] = time.process_time() - start
    found["data CPU s"], found["data wall s"] = time.process_time() - cpu, time.perf_counter() - wall
    cpu, wall = time.process_time(), time.perf_counter()
    thrown = throw_and_fit(expected, offsets, toys, threads)
    found["toys CPU s"], found["toys wall s"] = time.process_time() - cpu, time.perf_counter() - wall
    found |= {"variants CPU s": parts, "failures": failures, "toy failures": thrown["failures"]}
    found["evaluations per toy"] = thrown["evaluations per toy"]
    return found | {"memory MB": peak()}


def job(threads: int) -> dict[str, Any]:
    """The whole, once everything is compiled or loaded."""
    warm()
    return ours(threads=threads)


def warm() -> None:
    """Call every kernel once."""
    ours(2, 2)
    _, x = spectrum(1)
    fit(unbinned(x[:5000], crystal_ball(LOWEST + HALF), ORDER))


def show(found: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Lines of the table."""
    lines = []
    for name, r in found.items():
        cpu, wall = r["data CPU s"] + r["toys CPU s"], r["data wall s"] + r["toys wall s"]
        each = 1e6 * r["toys CPU s"] / (r["toys"] * r["points"])
        lines.append(
            (
                name,
                f"{cpu:.1f} s CPU, {wall:.1f} s wall: data {r['data CPU s']:.1f} s CPU, toys {r['toys CPU s']:.1f} s CPU "
                f"({each:.1f} µs per toy, {r['evaluations per toy']:.1f} evaluations); "
                f"{r['failures']} + {r['toy failures']} failures; {r['memory MB']:.0f} MB",
            )
        )
    return lines


ROW = Row(
    f"mass scan: {POINTS} points × 4 PDFs (fit, significance, Bayesian and CLs limit), {TOYS} toys with both limits at every point",
    jobs={"one thread": partial(job, 1), "two threads": partial(job, 2)},
    show=show,
    cores=2,
)
