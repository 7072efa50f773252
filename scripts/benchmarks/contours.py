"""A whole contour of every search: signal computed from the spectra, p-values, both edges, expected edges and the end of the region."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.harness import Row, peak, timed
from limits.hunt.masses import spectrum_channel
from limits.scan import run_scan
from limits.search import load, names


def ours(search: str, hypothesis: str) -> dict[str, Any]:
    """CPU seconds of the default scan, imports not included, and peak memory."""
    facts = load(search)
    run_scan(facts, hypothesis, masses=[facts.hypothesis(hypothesis).benchmark.mass_gev])
    spent, scan = timed(lambda: run_scan(facts, hypothesis))
    return {"CPU s": spent, "points": len(scan.points), "method": scan.method, "memory MB": peak()}


def show(found: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Lines of the table."""
    return [
        (name, f"{r['CPU s']:.1f} s CPU, {r['points']} masses, {r['method']}; {r['memory MB']:.0f} MB")
        for name, r in found.items()
        if "CPU s" in r
    ]


ROW = Row(
    "a whole contour, by the first method of the search, observed and expected",
    jobs={
        f"{name}, {facts.name}": partial(ours, name, facts.name)
        for name in names()
        for facts in load(name).hypotheses
        if spectrum_channel(load(name)) is None
    },
    show=show,
)
