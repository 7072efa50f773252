"""Columns of numbers out of CSV, NPZ, Parquet and ROOT files; the doors to pyarrow and uproot (extra `data`).

A reader takes an open file and gives what stands there: no more columns than are asked for, no value changed. A file with lists in a
column (the pairs of an event in one row) gives their values one after another, and how many each row had.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.errors import InputError, MissingExtra
from limits.search.complaints import complaint, number, printable, shown

MOST: Final = 100_000_000
"""Values of a column that are read: a small file can claim, and unpack to, any number."""

TREES: Final = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple")
"""Classes of ROOT that are tables."""


class Column(NamedTuple):
    """Values of one column in the order of the file, and how many of them each row has: None is one in every row."""

    values: NDArray[Any]
    counts: NDArray[np.int64] | None = None

    @property
    def rows(self) -> int:
        """Rows in the file, which are not values where rows hold lists."""
        return len(self.values if self.counts is None else self.counts)

    def row(self, index: int) -> int:
        """The row, counted from 1, in which the value number `index`, counted from 0, stands."""
        if self.counts is None:
            return index + 1
        return int(np.searchsorted(np.cumsum(self.counts), index, side="right")) + 1


class Table(NamedTuple):
    """The columns asked for, and the words for what they were read from: the format, and the tree if there is one."""

    columns: dict[str, Column]
    form: str


Reader = Callable[[Path, io.BufferedReader, Sequence[str], str | None], Table]


def known(path: Path, key: str, problem: str, names: Sequence[str]) -> InputError:
    """The complaint about a name that is not among `names`, which it lists."""
    return complaint(path, key, f"{problem}; known: {printable(', '.join(names)) or 'none'}")


def not_numeric(path: Path, name: str, kind: object) -> InputError:
    """The complaint about a column that holds no plain numbers but `kind`."""
    return complaint(path, f"column {name}", f"is of type {printable(str(kind), 80)}: must be numbers")


def _present(path: Path, wanted: Sequence[str], names: Sequence[str]) -> None:
    for name in wanted:
        if (times := names.count(name)) != 1:
            problem = "no such column" if times == 0 else f"{times} columns have this name"
            raise known(path, f"column {name}", problem, names)


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_csv(path: Path, handle: io.BufferedReader, wanted: Sequence[str], _: str | None = None) -> Table:
    """Comma-separated text with a line of names; what follows a `#` is a comment.

    Raises:
        InputError: no line of names, a column missing, a row with more or fewer cells than names, a cell that is no number.
    """
    with io.TextIOWrapper(handle, encoding="utf-8-sig") as text:
        return Table(_columns(path, text, wanted), "CSV")


def _columns(path: Path, text: io.TextIOWrapper, wanted: Sequence[str]) -> dict[str, Column]:
    lines = _lines(text)
    if (header := next(lines, None)) is None:
        raise complaint(path, "header", "the file is empty: the first line must name the columns")
    names = [cell.strip() for cell in header[1].split(",")]
    if all(map(_is_number, names)):
        raise complaint(path, "header", f"got {shown(','.join(names))}: the first line must name the columns")
    _present(path, wanted, names)
    rows = _rows(path, lines, len(names))
    if (first := next(rows, None)) is None:
        return {name: Column(np.empty(0)) for name in wanted}
    places = [names.index(name) for name in wanted]
    try:
        values = np.loadtxt(chain([first], rows), delimiter=",", comments=None, usecols=places, ndmin=2)
    except InputError:
        raise
    except ValueError as error:
        text.seek(0)
        if (found := _bad_cell(path, _lines(text), places)) is None:
            raise
        raise found from error
    return {name: Column(values[:, i]) for i, name in enumerate(wanted)}


def _lines(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """(number, content) of the lines that hold something."""
    for i, line in enumerate(text, start=1):
        if content := line.partition("#")[0].strip():
            yield i, content


def _rows(path: Path, lines: Iterator[tuple[int, str]], width: int) -> Iterator[str]:
    for i, line in lines:
        if (cells := line.count(",") + 1) != width:
            raise complaint(path, f"line {i}", f"got {cells} cells, but the header has {width}")
        yield line


def _bad_cell(path: Path, lines: Iterator[tuple[int, str]], places: Sequence[int]) -> InputError | None:
    """NumPy says which row it could not read, not which line: the first cell that is no number, looked for again."""
    names = [cell.strip() for cell in next(lines)[1].split(",")]
    for i, line in lines:
        cells = line.split(",")
        for place in places:
            if not _is_number(cells[place]):
                problem = f"got {shown(cells[place].strip())}: must be a number"
                return complaint(path, f"line {i}, column {names[place]}", problem)
    return None


def _is_number(cell: str) -> bool:
    try:
        number(cell)
    except ValueError:
        return cell.strip().lower().lstrip("+-") in {"nan", "inf", "infinity"}  # counted later, with all of their kind
    return True


# ── NPZ ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_npz(path: Path, handle: io.BufferedReader, wanted: Sequence[str], _: str | None = None) -> Table:
    """An archive of NumPy arrays, one per column; arrays of Python objects are refused unread.

    Raises:
        InputError: not such an archive, a column missing, or one that is not a list of numbers.
    """
    if not zipfile.is_zipfile(handle):
        raise complaint(path, "file", "cannot be read as NPZ: not an archive of arrays, as numpy.savez writes")
    handle.seek(0)
    with np.load(handle, allow_pickle=False) as archive:
        _present(path, wanted, archive.files)
        return Table({name: _array(path, archive, name) for name in wanted}, "NPZ")


def _limited(path: Path, name: str, claimed: int) -> None:
    if claimed > MOST:
        raise complaint(path, f"column {name}", f"unpacks to {claimed} numbers: up to {MOST} are read")


def _array(path: Path, archive: Any, name: str) -> Column:
    for entry in (f"{name}.npy", name):
        if entry in archive.zip.namelist():
            _limited(path, name, archive.zip.getinfo(entry).file_size // 8)
    try:
        values = archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise not_numeric(path, name, "object (Python objects are never unpickled)") from error
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        raise not_numeric(path, name, getattr(values, "dtype", "bytes"))
    if values.ndim != 1:
        raise complaint(path, f"column {name}", f"has the shape {values.shape}: must be (N,), one number per event")
    return Column(values)


# ── Parquet ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_parquet(path: Path, handle: io.BufferedReader, wanted: Sequence[str], _: str | None = None) -> Table:
    """An Apache Parquet file; a missing value (null) becomes nan, lists in a column are put one after another.

    Raises:
        MissingExtra: pyarrow is not installed.
        InputError: a column missing, not numeric, or with missing lists.
    """
    try:
        from pyarrow import parquet
    except ImportError as missing:
        raise MissingExtra("Parquet files need pyarrow: pip install 'darksector-limits[data]'") from missing
    with parquet.ParquetFile(handle) as file:
        _present(path, wanted, file.schema_arrow.names)
        for name in wanted:
            _numeric_type(path, name, file.schema_arrow.field(name).type)
            _limited(path, name, _claimed(file.metadata, name))
        table = file.read(columns=list(wanted))
    return Table({name: _flat(path, name, table.column(name)) for name in wanted}, "Parquet")


def _claimed(metadata: Any, name: str) -> int:
    """Values of a column, as its row groups say before they are unpacked."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    chunks = (group.column(i) for group in groups for i in range(group.num_columns))
    return sum(chunk.num_values for chunk in chunks if chunk.path_in_schema.split(".")[0] == name.split(".")[0])


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _numeric_type(path: Path, name: str, kind: Any) -> None:
    from pyarrow import types

    content = kind.value_type if _is_list(kind) else kind
    if not (types.is_integer(content) or types.is_floating(content)):
        raise not_numeric(path, name, kind)


def _flat(path: Path, name: str, column: Any) -> Column:
    from pyarrow import compute

    if not _is_list(column.type):
        return Column(column.to_numpy())
    if column.null_count:
        first = int(np.argmax(column.is_null().to_numpy())) + 1
        raise complaint(
            path, f"column {name}", f"{column.null_count} rows have no list (null), the first is row {first}"
        )
    counts = compute.list_value_length(column).to_numpy().astype(np.int64)
    return Column(compute.list_flatten(column).to_numpy(), counts)


# ── ROOT ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_root(path: Path, handle: io.BufferedReader, wanted: Sequence[str], tree: str | None = None) -> Table:
    """A TTree (or RNTuple) of a ROOT file; lists in a branch are put one after another.

    Branches are taken by name and read one by one: what uproot would evaluate as an expression or an alias is a name here.

    Raises:
        MissingExtra: uproot is not installed.
        InputError: no such tree, several to choose from, a branch missing or not numeric.
    """
    try:
        import uproot
    except ImportError as missing:
        raise MissingExtra("ROOT files need uproot: pip install 'darksector-limits[data]'") from missing
    # The open file and not its name, in which uproot would look for protocols and a colon.
    with uproot.open(handle) as file:
        chosen = _tree(path, file.classnames(cycle=False), tree)
        branches = dict(file[chosen].iteritems())
        _present(path, wanted, list(branches))
        columns = {name: _branch(path, name, branches[name]) for name in wanted}
    return Table(columns, f"ROOT, tree {chosen}")


def _tree(path: Path, classes: dict[str, str], asked: str | None) -> str:
    trees = [name for name, kind in classes.items() if kind in TREES]
    if asked is not None:
        if asked not in trees:
            raise known(path, "tree", f"got {shown(asked)}: no such tree", trees)
        return asked
    if len(trees) != 1:
        raise known(
            path, "tree", f"the file has {len(trees)} trees: say which" if trees else "the file has none", trees
        )
    return trees[0]


def _branch(path: Path, name: str, branch: Any) -> Column:
    import awkward

    how = getattr(branch, "interpretation", None)  # of a TTree; looked at first, as objects are slow to read
    if how is not None and getattr(how, "content", how).numpy_dtype.base.kind not in "iuf":
        raise not_numeric(path, name, branch.typename)
    _limited(path, name, int(max(branch.num_entries, getattr(branch, "uncompressed_bytes", 0) // 8)))
    array = branch.array(library="ak")
    flat = awkward.flatten(array) if array.ndim == 2 else array
    if not flat.layout.is_numpy or flat.ndim != 1 or (values := flat.to_numpy()).dtype.kind not in "iuf":
        raise not_numeric(path, name, branch.typename)
    return Column(values, awkward.num(array).to_numpy().astype(np.int64) if array.ndim == 2 else None)
