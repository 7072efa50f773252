"""Tables as lines of text: CSV exports of HEPData, files written by this package, and plain columns with or without headings.

A CSV export begins with lines `#: key: value`, then a row of headings with their units in brackets (as HEPData.95927 Table 1 does). That
there may be several blocks, one per dependent variable, that bins are columns "X LOW" and "X HIGH", and errors "LABEL +" and "LABEL -"
after their value, is a recollection of HEPData's converter.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from limits.published.loading import MOST_CELLS, too_large
from limits.published.records import split_unit
from limits.published.table import NO_LICENCE, UNDECLARED, Cell, Column, Error, PublishedTable, cell, text_of
from limits.search.complaints import complaint, shown

Row = tuple[int, list[str]]
"""Number of the line, cells."""


@dataclass
class _Block:
    """Lines that belong together: what the comments say, rows of cells."""

    comments: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)


def from_lines(path: Path, text: str) -> tuple[PublishedTable, ...]:
    """The tables of a file of lines.

    Raises:
        InputError: no row of cells, or rows of different lengths.
    """
    blocks = [block for block in _blocks(path, text) if block.rows]
    if not blocks:
        raise complaint(path, "table", "no line with columns in it")
    return tuple(_joined([_table(path, block) for block in blocks]))


def _blocks(path: Path, text: str) -> list[_Block]:
    """A block ends where comments come after rows, or headings after an empty line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if max(text.count("\n"), sum(map(text.count, ",;\t"))) > MOST_CELLS:
        raise too_large(path)
    lines = text.split("\n")
    delimiter = _delimiter([line for line in lines if line.strip() and not line.lstrip().startswith("#")])
    blocks, after_space = [_Block()], False
    for i, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped.strip(",;"):
            after_space = True
            continue
        is_comment = stripped.startswith("#")
        cells = [] if is_comment else _split(path, i, line, delimiter)
        exported = stripped.startswith("#:")
        if blocks[-1].rows and (exported or (after_space and not is_comment and _is_heading(cells))):
            blocks.append(_Block())
        if is_comment:
            _comment(blocks[-1], stripped)
        else:
            blocks[-1].rows.append((i, cells))
        after_space = False
    return blocks


def _delimiter(lines: Sequence[str]) -> str | None:
    """The sign between the cells; None for runs of space. One that is in every line comes before a comma, which may be a decimal mark."""
    everywhere = next((sign for sign in ";\t" if lines and all(sign in line for line in lines)), None)
    return everywhere or next((sign for sign in ",;\t" if any(sign in line for line in lines)), None)


def _split(path: Path, i: int, line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return line.split()
    try:
        return [text.strip() for text in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [""])]
    except csv.Error as error:
        raise complaint(path, f"line {i}", f"not CSV: {error}") from None


def _is_heading(cells: Sequence[str]) -> bool:
    """Whether there are words in it, and neither a number nor the sign of a missing one."""
    read = [cell(text) for text in cells if text]
    return bool(read) and all(found.value is None and not found.missing for found in read)


def _comment(block: _Block, line: str) -> None:
    """Keep a comment; `#: key: value` and `# key: value` are what is said about the table."""
    text = line.lstrip("#").lstrip(":").strip()
    key, colon, value = text.partition(": ")
    if colon and key.strip().casefold() not in block.about:
        block.about[key.strip().casefold()] = value.strip()
    if not line.startswith("#:"):
        block.comments.append(text)


def _table(path: Path, block: _Block) -> PublishedTable:
    names, body = _names(block)
    if not body:
        raise complaint(path, f"line {block.rows[0][0]}", "headings without a row below them")
    width = len(names or body[0][1])
    for i, cells in body:
        if len(cells) != width:
            raise complaint(path, f"line {i}", f"got {len(cells)} cells, but {width} columns: {shown(','.join(cells))}")
    named = [split_unit(name) for name in names] if names else [(f"column {i + 1}", None) for i in range(width)]
    columns = [Column(*named[i], tuple(cell(row[i]) for _, row in body)) for i in range(width)]
    about = block.about
    return PublishedTable(
        source=str(path),
        columns=tuple(_folded([_origin(column, about) for column in columns])),
        name=text_of(about.get("name")) or text_of(about.get("table")),
        doi=text_of(about.get("table_doi")) or text_of(about.get("doi")),
        licence=text_of(about.get("data_license")) or text_of(about.get("licence", "").removeprefix(NO_LICENCE)),
        named=bool(names),
        original=text_of(about.get("source")),
    )


def _names(block: _Block) -> tuple[list[str], list[Row]]:
    """The headings and the rows below; the last comment is a heading if it has a word for every column."""
    first = block.rows[0][1]
    if _is_heading(first):
        return first, block.rows[1:]
    words = block.comments[-1].replace(",", " ").split() if block.comments else []
    return (words if len(words) == len(first) and _is_heading(words) else []), block.rows


def _origin(column: Column, about: dict[str, str]) -> Column:
    """The column with what a file of this package says about it: `# column NAME: UNIT; ORIGIN`."""
    said = about.get(f"column {column.header}")
    if said is None:
        return column
    unit, _, origin = said.partition("; ")
    return replace(column, unit=None if unit == UNDECLARED else unit, origin=text_of(origin))


def _folded(columns: Sequence[Column]) -> Iterator[Column]:
    """Columns "X LOW", "X HIGH" and "LABEL +", "LABEL -" put into the column they belong to."""
    waiting = list(columns)
    while waiting:
        column = waiting.pop(0)
        if column.header.endswith(" LOW") and _follows(waiting, column.header.removesuffix(" LOW") + " HIGH"):
            column = _binned(column, waiting.pop(0))
        elif _follows(waiting, f"{column.header} LOW") and _follows(waiting[1:], f"{column.header} HIGH"):
            del waiting[:2]
        while len(waiting) > 1 and waiting[0].header.endswith(" +"):
            label = waiting[0].header.removesuffix(" +")
            if not _follows(waiting[1:], f"{label} -"):
                break
            column = _with_errors(column, label, waiting.pop(0), waiting.pop(0))
        yield column


def _follows(columns: Sequence[Column], header: str) -> bool:
    return bool(columns) and columns[0].header == header


def _binned(low: Column, high: Column) -> Column:
    cells = tuple(cell(None, edges=(a.text, b.text)) for a, b in zip(low.cells, high.cells, strict=True))
    return Column(low.header.removesuffix(" LOW"), low.unit, cells)


def _with_errors(column: Column, label: str, plus: Column, minus: Column) -> Column:
    def one(value: Cell, up: Cell, down: Cell) -> Cell:
        if up.value is None or down.value is None:
            return value
        return value._replace(errors=(*value.errors, Error(label, down.value, up.value)))

    return replace(column, cells=tuple(map(one, column.cells, plus.cells, minus.cells)))


def _joined(tables: Sequence[PublishedTable]) -> list[PublishedTable]:
    """Blocks of one table side by side: those without a name of their own, or with the same, and with the same first column."""
    found = [tables[0]]
    for table in tables[1:]:
        last = found[-1]
        if table.name not in (None, last.name) or not (last.named and table.named):
            found.append(table)
        elif table.columns[0] == last.columns[0]:
            found[-1] = replace(last, columns=(*last.columns, *table.columns[1:]))
        else:
            found.append(
                replace(table, name=last.name, doi=table.doi or last.doi, licence=table.licence or last.licence)
            )
    return found
