"""A published table as it stands in a file: columns of cells, and what is said about them. Nothing is interpreted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from limits.search.complaints import number, printable, shown

MISSING: Final = frozenset({"", "-", "--", "–", "—", "nan", "inf", "+inf", "infinity", "n/a", "na", "none", "null"})
"""Words (small letters) of a cell that holds no number."""

NOTHING: Final = "not a number, and none of the words for a missing one"

UNDECLARED: Final = "no unit declared"
"""What stands in the place of a unit where there is none."""

NO_LICENCE: Final = "not stated in the file"


class Error(NamedTuple):
    """An uncertainty: what is added to the value, downwards and upwards, in the unit of the value."""

    label: str
    minus: float
    plus: float


class Cell(NamedTuple):
    """One cell: its number, None if there is none; the text as it stands; the errors.

    A bin without a number of its own has its centre, and `binned` is true; "<x" has x, and `below` is true.
    """

    value: float | None
    text: str
    below: bool = False
    binned: bool = False
    errors: tuple[Error, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether the cell says that it holds no number."""
        return self.value is None and self.text.strip().casefold() in MISSING


@dataclass(frozen=True)
class Column:
    """A column: its heading without the unit, the unit as it stands (None: none is declared), its cells.

    `origin` is what a file written by this package says about where the column came from.
    """

    header: str
    unit: str | None
    cells: tuple[Cell, ...]
    origin: str | None = None


@dataclass(frozen=True)
class PublishedTable:
    """One table of one file. `named` is false for columns without headings; `original` is the file from which `source` was made."""

    source: str
    columns: tuple[Column, ...]
    name: str | None = None
    doi: str | None = None
    licence: str | None = None
    named: bool = True
    original: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """The headings with their units, for messages."""
        return tuple(heading(c.header, c.unit) for c in self.columns)


def heading(header: str, unit: str | None) -> str:
    """A heading and its unit on one line."""
    return printable(f"{header} [{unit}]" if unit else header, 120)


def cell(raw: Any, errors: Sequence[Error] = (), edges: tuple[Any, Any] | None = None) -> Cell:
    """The cell that holds `raw`; the centre of `edges` if it holds nothing.

    Anything may stand in a cell: what is no number stays text, and is complained about when the column is taken.
    """
    if raw is None and edges is not None:
        low, high = (cell(edge) for edge in edges)
        if low.value is None or high.value is None:
            return Cell(None, f"bin from {low.text} to {high.text}")
        # Halves first: the sum of two large numbers may be too large.
        return Cell(low.value / 2 + high.value / 2, f"{low.text} to {high.text}", binned=True, errors=tuple(errors))
    text = plain(raw)
    below = isinstance(raw, str) and text[:1] in ("<", "≤", "⩽")
    value = as_number(text[1:].removeprefix("=") if below else raw)
    return Cell(value, text, below=below and value is not None, errors=tuple(errors))


def plain(raw: Any) -> str:
    """A scalar as text; of what is none only its kind, since it may be large or contain itself."""
    if raw is None:
        return ""
    if isinstance(raw, str):
        return raw.strip().replace("\N{MINUS SIGN}", "-")
    if isinstance(raw, dict | list | tuple | set):
        return f"a {type(raw).__name__}"
    return shown(raw)


def as_number(raw: Any) -> float | None:
    """The finite number, or None."""
    if isinstance(raw, dict | list | tuple | set):
        return None
    try:
        return number(plain(raw) if isinstance(raw, str) else raw)
    except ValueError:
        return None


def text_of(raw: Any) -> str | None:
    """Words on one line, or None if there are none."""
    joined = " ".join(raw.split()) if isinstance(raw, str) else ""
    return printable(joined, 300) or None


def distinct(tables: Iterable[PublishedTable]) -> tuple[str, ...]:
    """What to call each table in a message: its number and its name."""
    return tuple(f"{i} ({table.name})" if table.name else str(i) for i, table in enumerate(tables, start=1))


def distinct_headers(table: PublishedTable) -> str:
    """The number and the heading of every column, for a message; of the first 30, if there are more."""
    some = [f"{i} ({header})" for i, header in enumerate(table.headers[:30], start=1)]
    return ", ".join([*some, *([f"… {len(table.headers)} in all"] if len(table.headers) > 30 else [])])
