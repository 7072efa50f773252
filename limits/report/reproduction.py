"""The reproduction table: published numbers beside computed ones, one line per search, quantity, source, method and label."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from limits.report.pieces import number, percent, table, text


def reproduction_text(reproduction: Any) -> str:
    """The reproduction table of `limits reproduce`, whole curves and notes below it."""
    groups = reproduction.groups()
    sources = list(dict.fromkeys(group.row.source for group in groups))
    names = (
        "search",
        "hypothesis",
        "quantity",
        "m [GeV]",
        "published",
        "computed",
        "ratio",
        "ratios",
        "n",
        "method",
        "label",
        "source",
    )
    numeric = ("m [GeV]", "published", "computed", "ratio", "n")
    rows = [_group(group, sources.index(group.row.source) + 1) for group in groups]
    parts: list[RenderableType] = [table(names, rows, right=numeric), ""]
    parts += [f"source {i}: {source}" for i, source in enumerate(sources, 1)]
    parts += dict.fromkeys(f"{g.row.search}, calibrated: {g.row.calibrated_to}" for g in groups if g.row.calibrated_to)
    if reproduction.curves:
        parts += ["", "computed/published along whole curves:", _curves(reproduction.curves)]
    parts += dict.fromkeys(f"warning: {g.row.search}: {warning}" for g in groups for warning in g.row.warnings)
    parts += [f"warning: {name}: left out: {reason}" for name, reason in reproduction.left_out.items()]
    parts += [f"note: {name}: {note}" for name, notes in reproduction.notes.items() for note in notes]
    return text(*parts)


def _group(group: Any, source: int) -> tuple[object, ...]:
    row = group.row
    many = group.n > 1 and group.lowest_ratio is not None
    spread = f"{number(group.lowest_ratio, 3)} … {number(group.median_ratio, 3)} … {number(group.highest_ratio, 3)}"
    return (
        row.search,
        row.hypothesis,
        row.quantity,
        number(row.mass_gev),
        number(row.published),
        number(row.computed),
        number(row.ratio, 4),
        spread if many else "",
        group.n,
        f"{row.method} {percent(row.level)}",
        row.label,
        source,
    )


def _curves(curves: Iterable[Any]) -> Table:
    columns = ("search", "edge", "method", "label", "n", "median", "central 68 %", "extremes", "source")
    rows = [
        (
            c.search,
            c.edge,
            c.method,
            c.label,
            c.n,
            number(c.median, 4),
            f"{number(c.low68, 3)} to {number(c.high68, 3)}",
            f"{number(c.lowest, 3)} to {number(c.highest, 3)}",
            c.source,
        )
        for c in curves
    ]
    return table(columns, rows, right=("n", "median"))
