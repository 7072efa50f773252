"""The pieces of a text: numbers, tables, and how they get out."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.table import Table

PLAIN_WIDTH: Final = 160
"""Columns of text that goes to a pipe or a file."""

NARROWEST: Final = 60
"""Columns below which a terminal wraps the lines: tables squeezed into less lose their numbers."""

BAND: Final = ("−2σ", "−1σ", "median", "+1σ", "+2σ")
NONE: Final = "–"


def number(value: float | None, digits: int = 5) -> str:
    """A number with that many significant digits; a dash where there is none."""
    return NONE if value is None else f"{value:.{digits}g}"


def interval(edges: Sequence[float | None]) -> str:
    """An interval whose missing edges lie outside what was scanned."""
    low, high = edges
    if high is None:
        return f"above {number(low)}" if low is not None else "everything scanned"
    return f"{number(low)} to {number(high)}" if low is not None else f"below {number(high)}"


def percent(fraction: float) -> str:
    """A level as people write it."""
    return f"{100 * fraction:.10g} %"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[str] = ()) -> Table:
    """A table without frame; the columns named in `right` are set flush right."""
    flush = set(right)
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        found.add_column(name, justify="right" if name in flush else "left", overflow="fold")
    for row in rows:
        found.add_row(*(NONE if cell is None else str(cell) for cell in row))
    return found


def facing(pairs: Mapping[str, object]) -> Table:
    """Names and values side by side; pairs whose value is None or empty are left out."""
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    found.add_column(style="bold", no_wrap=True)
    found.add_column(overflow="fold")
    for name, value in pairs.items():
        if value not in (None, "", [], {}, ()):
            found.add_row(name, str(value))
    return found


def text(*parts: RenderableType) -> str:
    """The parts as plain text, one below the other."""
    stream = io.StringIO()
    _console(stream, PLAIN_WIDTH).print(*parts, sep="\n")
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def show(*parts: RenderableType, warnings: Iterable[str] = ()) -> None:
    """Print the parts on stdout, then each warning on a line of its own."""
    lines = [f"warning: {warning}" for warning in warnings]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no ε still gets the numbers
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        wanted = _console(sys.stdout, None)
        wanted.width = max(wanted.width, NARROWEST)
        wanted.print(*parts, *lines, sep="\n")
    else:
        sys.stdout.write(text(*parts, *lines))


def _console(stream: Any, width: int | None) -> Console:
    # With both sizes given and no terminal assumed, plain text is the same whatever the environment says.
    size: dict[str, Any] = {} if width is None else {"width": width, "height": 25, "force_terminal": False}
    return Console(file=stream, markup=False, emoji=False, highlight=False, **size)
