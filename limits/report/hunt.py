"""The text of a hunt for a peak: what the data are, the largest excess, and the limits on rate and coupling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from limits.report.pieces import number, show, table

Document = Mapping[str, Any]

ROWS: Final = 25
"""Masses shown of a long scan."""

EXCESSES: Final = 5


def hunt(document: Document) -> None:
    """Largest excesses and a table of limits; of a long scan masses evenly chosen."""
    points = document["points"]
    best = sorted((p for p in points if p["significance"]), key=lambda p: -p["significance"])[:EXCESSES]
    shown = (
        points
        if len(points) <= ROWS
        else [points[i] for i in np.linspace(0, len(points) - 1, ROWS).round().astype(int)]
    )
    symbols = (document["rate"] or {}).get("symbol", "rate"), document["coupling"]["symbol"]
    names = (
        "mass [GeV]",
        "signal",
        "Z",
        "fit",
        f"{symbols[0]} observed",
        "median",
        f"{symbols[1]} observed",
        "−1σ",
        "median",
        "+1σ",
        "status",
    )
    show("", *_significance(document["global_significance"]), "")
    if len(best) > 1:
        columns = ("largest excesses [GeV]", "signal", "Z", "fit")
        show(table(columns, [_row(p)[:4] for p in best], right=columns[:3]), "")
    if len(shown) < len(points):
        show(f"{len(shown)} of {len(points)} masses (--json and --output-file have all):")
    show(table(names, map(_row, shown), right=[name for name in names if name not in ("fit", "status")]))


def _row(point: Document) -> tuple[str, ...]:
    peak, band = point["peak"], point["expected_limit"]
    signal = "–" if peak["events"] is None else f"{number(peak['events'], 4)} ± {number(peak['error'], 3)}"
    rate = number(peak["observed_limit"], 4), number(peak["expected_limit"][2], 4)
    limits = number(point["observed_limit"], 4), *(number(band[i], 4) for i in (1, 2, 3))
    return (
        number(point["mass_gev"]),
        signal,
        number(point["significance"], 3),
        peak["fit"] or "none",
        *rate,
        *limits,
        point["status"],
    )


def _significance(found: Document | None) -> Iterator[str]:
    if found is None or found["local_z"] is None:
        return
    crossings = f"{number(found['crossings'], 4)} up-crossings of q0 = {number(found['reference_level'])} from {found['crossings_from']}"
    yield f"largest local significance {number(found['local_z'], 3)} σ; global {_global(found)} (Gross-Vitells, {crossings})"
    if (tail := found["toys"]) is not None:
        yield f"of {tail['toys']} toys of the whole scan {tail['above']} have a larger excess somewhere: p = {number(tail['p_value'], 3)}"


def _global(found: Document) -> str:
    """A global significance, or that there is none: p above one half."""
    return f"{number(found['z'], 3)} σ" if (found["z"] or 0.0) > 0 else "0 σ"


def missing(points: Sequence[Document]) -> list[str]:
    """Warnings of all masses, each once with how many there are."""
    texts: dict[str, list[float]] = {}
    for point in points:
        for warning in point["warnings"]:
            texts.setdefault(warning, []).append(point["mass_gev"])
    return [
        f"{number(at[0])} GeV{f' and {len(at) - 1} more' if len(at) > 1 else ''}: {text}" for text, at in texts.items()
    ]
