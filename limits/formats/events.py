"""Events of a mass spectrum, read from a file that anyone may have written: checked, never repaired.

events = read_events(Path("pairs.root"), ["mass", "score"], span=(0.16, 2.9), tree="Events")
events.columns["mass"]
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from math import isfinite
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.errors import InputError, LimitsError
from limits.formats.columns import Column, Reader, known, read_csv, read_npz, read_parquet, read_root
from limits.likelihood import Array
from limits.search.complaints import complaint, printable, shown

READERS: Final[Mapping[str, Reader]] = {
    ".csv": read_csv,
    ".txt": read_csv,
    ".npz": read_npz,
    ".parquet": read_parquet,
    ".root": read_root,
}

FEW: Final = 0.01
"""Masses in MeV leave at most this part of a file where the search looks, in GeV."""


@dataclass(frozen=True, eq=False)
class Events:
    """Events read from a file: one array per column, and where they came from.

    Shape:
        Every column (N,), the same N: one value per row, or all values of rows that hold lists, in the order of the file.

    Unit:
        The first column is a mass in GeV, the others are dimensionless.
    """

    columns: Mapping[str, Array]
    source: str
    """File name without directories, format, tree."""
    digest: str
    """SHA-256 of the content of the file, hexadecimal."""
    rows: int
    """Rows in the file; where rows hold lists, this is not N."""


def read_events(path: Path, wanted: Sequence[str], *, span: tuple[float, float], tree: str | None = None) -> Events:
    """The columns `wanted` of the file at `path`, the mass first; the format follows from the suffix.

    Shape:
        Lists in a column of Parquet or ROOT are put one after another; all columns must have the same number in a row.

    Unit:
        Masses in GeV. `span` are the masses the search looks at, lowest to highest edge of any window.

    Raises:
        MissingExtra: the package for the format is not installed.
        InputError: a file that cannot be read; a column that is missing, not numeric, not finite or of another length;
            masses that are negative, seem to be in MeV, or all lie outside `span`.
    """
    reader = _checked_request(path, wanted, span, tree)
    with _opened(path) as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        handle.seek(0)
        table = reader(path, handle, wanted, tree)
    _aligned(path, table.columns)
    columns = {name: _finite(path, name, column) for name, column in table.columns.items()}
    mass = wanted[0]
    _plausible(path, mass, columns[mass], table.columns[mass], span)
    source = f"{printable(path.name)}, {printable(table.form)}"
    return Events(columns, source, digest, table.columns[mass].rows)


def _checked_request(path: Path, wanted: Sequence[str], span: tuple[float, float], tree: str | None) -> Reader:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise known(path, "suffix", f"got {shown(suffix)}: not a format of events", list(READERS))
    if tree is not None and suffix != ".root":
        raise complaint(path, "tree", f"got {shown(tree)}: only a .root file has trees")
    if not wanted or len(set(wanted)) < len(wanted):
        raise complaint(path, "columns", f"got {shown(', '.join(wanted))}: name one or more, each once")
    low, high = span
    if not (isfinite(low) and isfinite(high) and low < high and high > 0):
        raise InputError(f"span: got {low:g}…{high:g} GeV: must be finite, rising, and end above 0")
    return READERS[suffix]


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    """The file, open for reading; whatever goes wrong with it is one line."""
    form = path.suffix[1:].upper()
    try:
        if path.exists() and not path.is_file():
            raise complaint(path, "file", "cannot be read: not a file")
        with path.open("rb") as handle:
            yield handle
    except LimitsError:
        raise
    except Exception as error:  # a broken file can raise anything in the package that reads it
        if isinstance(error, OSError) and error.strerror:
            raise complaint(path, "file", f"cannot be read: {error.strerror}") from error
        reason = printable(" ".join(f"{type(error).__name__}: {error}".split()), 200)
        raise complaint(path, "file", f"cannot be read as {form}: {reason}") from error


# ── what the values must be ──────────────────────────────────────────────────────────────────────────────────────────────────


def _aligned(path: Path, columns: Mapping[str, Column]) -> None:
    """Values at the same place must belong together: as many rows, and as many values in each."""
    (mass, first), *others = columns.items()
    for name, column in others:
        if column.rows != first.rows:
            raise complaint(path, f"column {name}", f"has {column.rows} rows, but {mass} has {first.rows}")
        if column.counts is None and first.counts is None:
            continue
        here, there = (np.ones(c.rows, dtype=np.int64) if c.counts is None else c.counts for c in (column, first))
        if (different := here != there).any():
            at = int(np.argmax(different))
            problem = f"has {here[at]} values in row {at + 1}, but {mass} has {there[at]}"
            raise complaint(path, f"column {name}", problem)


def _finite(path: Path, name: str, column: Column) -> Array:
    with np.errstate(over="ignore"):  # a long double beyond the range becomes inf and is refused below
        values = np.ascontiguousarray(column.values, dtype=np.float64)
    if not len(values):
        raise complaint(
            path, f"column {name}", f"has no values in {column.rows} rows" if column.rows else "has no rows"
        )
    if (bad := ~np.isfinite(values)).any():
        raise complaint(path, f"column {name}", f"{_which(bad, values, column)} nan, inf or missing")
    return values


def _which(bad: NDArray[np.bool_], values: Array, column: Column) -> str:
    at = int(np.argmax(bad))
    return f"{np.count_nonzero(bad)} of {len(bad)} values (the first in row {column.row(at)}: {values[at]:g}) are"


def _plausible(path: Path, name: str, masses: Array, column: Column, span: tuple[float, float]) -> None:
    """Masses in GeV, of which the search can see some."""
    low, high = span
    where = f"{low:g}…{high:g} GeV"
    if (negative := masses < 0).any():
        raise complaint(
            path, f"column {name}", f"{_which(negative, masses, column)} negative: masses must be 0 or more"
        )
    inside = float(np.mean((masses >= low) & (masses <= high)))
    in_mev = float(np.mean((masses >= 1000 * low) & (masses <= 1000 * high)))
    median = float(np.median(masses))
    if in_mev > 0.5 and inside <= FEW and low <= median / 1000 <= high:
        problem = f"values look like MeV: median {median:g} where {where} is looked at; convert to GeV"
        raise complaint(path, f"column {name}", problem)
    if not inside:
        found = f"from {masses.min():g} to {masses.max():g}"
        raise complaint(path, f"column {name}", f"no mass in {where}, where the search looks: the file has {found}")
