"""The mass scans of shipped searches as a user runs them, ours only: every mass, every way to fit, toys of the whole spectrum."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from benchmarks.harness import Row, peak
from limits.hunt.masses import published_masses
from limits.scan import Hunting, run_scan
from limits.search import load

TOYS = 1000
SEARCHES = ("bes3-alp", "belle2-4mu", "babar-zprime-4mu")


def job(name: str, threads: int, toys: int = TOYS) -> dict[str, Any]:
    """CPU and wall seconds of one scan, kernels compiled before."""
    search = load(name)
    masses = published_masses(search, search.hypotheses[0])
    run_scan(search, masses=masses[:2], hunting=Hunting(toys=2))
    cpu, wall = time.process_time(), time.perf_counter()
    found = run_scan(search, masses=masses, hunting=Hunting(toys=toys, threads=threads))
    return {
        "masses": len(masses),
        "CPU s": time.process_time() - cpu,
        "wall s": time.perf_counter() - wall,
        "partial": sum(point.status != "ok" for point in found.points),
        "memory MB": peak(),
    }


def show(found: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Lines of the table."""
    return [
        (
            name,
            f"{r['masses']} masses: {r['CPU s']:.0f} s CPU, {r['wall s']:.0f} s wall; {r['partial']} masses partial; "
            f"{r['memory MB']:.0f} MB",
        )
        for name, r in found.items()
    ]


ROW = Row(
    f"shipped mass scans: every way to fit at every mass, {TOYS} toys of the whole spectrum with limits, global significance",
    jobs={f"{name}, two threads": partial(job, name, 2) for name in SEARCHES},
    show=show,
    cores=2,
)
