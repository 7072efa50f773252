"""Small tables of numbers: comma-separated, `#` comments, one header row, every cell a finite number."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limits.search.complaints import complaint, number, shown


def read_table(path: Path) -> dict[str, NDArray[np.float64]]:
    """The columns of the table at `path`, by the names in its header.

    Returns:
        name → array of shape (rows,), in the units the header comments of the file state.

    Raises:
        InputError: unreadable or empty file, one that ends inside a line, ragged row, repeated column, a cell that is no finite number.
    """
    rows = _rows(path)
    if len(rows) < 2:
        raise complaint(path, "table", "needs a header row and at least one row of numbers")
    names = [cell.strip() for cell in rows[0][1].split(",")]
    if len(set(names)) < len(names) or not all(names):
        raise complaint(
            path, f"line {rows[0][0]}", f"got {shown(rows[0][1])}: column names must differ and not be empty"
        )
    values = [_values(path, line, text, names) for line, text in rows[1:]]
    return dict(zip(names, np.asarray(values, dtype=np.float64).T.copy(), strict=True))


SPECTRA = Path(__file__).parents[1] / "spectra"
"""The shipped spectra: a folder per kind of collision, a table per generator."""


def read_spectra(beside: Path, collision: str) -> dict[str, dict[str, NDArray[np.float64]]]:
    """The tables in the folder `collision` beside a search file, or of that name among those shipped, by generator.

    Raises:
        InputError: no such folder, or a table that cannot be read.
    """
    for folder in (beside.parent / collision, SPECTRA / collision):
        if files := sorted(folder.glob("*.csv")):
            return {file.stem: cached_table(file) for file in files}
    known = ", ".join(sorted(folder.name for folder in SPECTRA.iterdir() if folder.is_dir()))
    raise complaint(beside, "collision", f"got {shown(collision)}: no such folder of spectra; known: {known}")


def cached_table(path: Path) -> dict[str, NDArray[np.float64]]:
    """The table at `path`, read again only when the file has changed: a scan asks for it at every mass."""
    stat = path.stat()
    return dict(_cached(path, stat.st_mtime_ns, stat.st_size))


@cache
def _cached(path: Path, *_: int) -> dict[str, NDArray[np.float64]]:
    table = read_table(path)
    for values in table.values():
        values.setflags(write=False)  # it is handed out again and again
    return table


def _rows(path: Path) -> list[tuple[int, str]]:
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not UTF-8 text"
        raise complaint(path, "table", f"cannot be read: {reason}") from error
    if lines[-1].strip():  # cut off there, the last number would still be one
        raise complaint(path, f"line {len(lines)}", "the file ends inside a line; if it is whole, end its last line")
    stripped = [(i, line.strip()) for i, line in enumerate(lines, start=1)]
    return [(i, line) for i, line in stripped if line and not line.startswith("#")]


def _values(path: Path, line: int, text: str, names: list[str]) -> list[float]:
    cells = text.split(",")
    if len(cells) != len(names):
        raise complaint(path, f"line {line}", f"got {len(cells)} cells, but the header has {len(names)}")
    values = []
    for name, cell in zip(names, cells, strict=True):
        try:
            values.append(number(cell))
        except ValueError as error:
            problem = f"got {shown(cell.strip())}: must be a finite number"
            raise complaint(path, f"line {line}, column {name}", problem) from error
    return values
