"""A published table in the columns and units of this package: recognised, converted, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from limits.published.checks import checked
from limits.published.names import (
    CONTOUR,
    COUNTS,
    COUPLINGS,
    EDGES,
    EFFICIENCY,
    LIMITS,
    MASS,
    NAMES,
    Unit,
    assigned,
    known_name,
    recognised,
    unit_of,
)
from limits.published.table import UNDECLARED, Cell, Column, Error, PublishedTable, distinct_headers, heading
from limits.search.complaints import complaint, shown

Array = NDArray[np.float64]

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "upper limit": LIMITS,
    "region": EDGES,
    "contour": (CONTOUR,),
    "inputs of a search": (*COUNTS, EFFICIENCY),
}
"""What a table is, by the columns it has."""


SCALED: Final = (
    r"10\s*(\^|\*\*|\$\^)\s*\{?\s*[-+−]?\d|[x×*]\s*1?0?e[-+]?\d|[(/]\s*(([pnfamμu]|\\mu)?b|[TGMk]?eV[^)]*)\s*\)?\s*$"
)
"""A heading that says by what its numbers are multiplied."""


@dataclass(frozen=True)
class Taken:
    """A column of the package: name, unit (None: none was declared), where it came from in its own unit, values."""

    name: str
    unit: str | None
    origin: str
    given: str | None
    factor: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Imported:
    """A published table that was understood; masses in GeV, couplings in 1, GeV⁻¹ or pb, efficiencies as fractions.

    `left` are headings that were not taken, `notes` what was decided on the way.
    """

    source: str
    table: str | None
    doi: str | None
    licence: str | None
    kind: str
    columns: tuple[Taken, ...]
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> Taken | None:
        """The column of that name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    def values(self, name: str) -> Array | None:
        """The values (n,) of a column, if there is one."""
        found = self.column(name)
        return None if found is None else np.array(found.values)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0].values)

    @property
    def coupling(self) -> Taken | None:
        """The first column in the quantity that is limited: all of them have its unit."""
        return next((column for column in self.columns if column.name in COUPLINGS), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def understood(
    table: PublishedTable, columns: Mapping[str, str] | None = None, units: Mapping[str, str] | None = None
) -> Imported:
    """The table in the columns and units of this package.

    `columns` says which heading, or number from 1, is which column: these are taken, with the mass, and no others. `units` says in
    what units columns are, before what the file says.

    Raises:
        InputError: a column that is not there or not clear, a unit that is not declared or does not fit, a cell that is no number,
            masses that are no curve. One line.
    """
    found = assigned(table, columns) if columns else recognised(table)
    kind = _kind(table, found)
    given = {known_name(table.source, "--unit", name): unit for name, unit in (units or {}).items()}
    if idle := [name for name in given if name not in found]:
        raise complaint(table.source, f"--unit {idle[0]}", f"no such column is taken; taken: {', '.join(found)}")
    notes = _overruled(found, given)
    sized = {
        name: (column, _unit(table, name, column, given.get(name)))
        for name, column in sorted(found.items(), key=lambda pair: NAMES.index(pair[0]))
    }
    every = {name: column for name, (column, _) in sized.items()}
    every |= _of_errors(every, notes)
    rows = _rows(table, every, notes)
    taken = []
    for name, column in sorted(every.items(), key=lambda pair: NAMES.index(pair[0])):
        unit = sized[name][1] if name in sized else sized[_parent(name)][1]
        values = tuple(_converted(table.source, name, column.cells[i], unit.factor, i) for i in rows)
        origin = column.origin or heading(column.header, unit.given or column.unit)
        taken.append(Taken(name, unit.becomes, origin, unit.given, unit.factor, values))
    _one_unit(table, taken)
    good = checked(table.source, kind, {column.name: np.array(column.values) for column in taken}, notes)
    final = tuple(Taken(c.name, c.unit, c.origin, c.given, c.factor, tuple(good[c.name].tolist())) for c in taken)
    left = tuple(heading(c.header, c.unit) for c in table.columns if all(c is not used for used in found.values()))
    return Imported(
        table.original or Path(table.source).name, table.name, table.doi, table.licence, kind, final, left, tuple(notes)
    )


def _kind(table: PublishedTable, found: Mapping[str, Column]) -> str:
    """What the columns are together; the mass must be one of them."""
    known = distinct_headers(table)
    if MASS not in found:
        problem = "which column it is, is not clear" if table.named else "there are no headings"
        raise complaint(table.source, "mass", f"{problem}: say --column mass=HEADING or number; columns: {known}")
    kinds = [kind for kind, names in KINDS.items() if any(name in names for name in found)]
    if not kinds:
        names = ", ".join(NAMES[1:])
        raise complaint(
            table.source,
            "columns",
            f"only the mass is clear: say --column NAME=HEADING; names: {names}; columns: {known}",
        )
    if len(kinds) > 1:
        names = ", ".join(name for name in NAMES if name in found and name != MASS)
        raise complaint(
            table.source,
            "columns",
            f"{names} do not belong together: say which by --column NAME=HEADING; columns: {known}",
        )
    if kinds == ["region"] and "lower" not in found:
        raise complaint(table.source, "lower", f"an upper edge without a lower one; columns: {known}")
    return kinds[0]


def _overruled(found: Mapping[str, Column], given: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: unit {unit} as asked for, the file says {found[name].unit}"
        for name, unit in given.items()
        if found[name].unit not in (None, unit)
    ]


def _unit(table: PublishedTable, name: str, column: Column, given: str | None) -> Unit:
    """The unit of a column: as asked for, or as declared."""
    unit = given if given is not None else column.unit
    if unit is None and not table.named and name in COUPLINGS:
        raise complaint(table.source, name, f"no unit is declared: say --unit {name}=1, or another, as GeV-1 or pb")
    if unit is None and name in COUPLINGS and re.search(SCALED, column.header):
        problem = (
            f"the heading {shown(column.header)} has a power of ten or a unit: say --unit {name}=1, or 1e-6, fb, …"
        )
        raise complaint(table.source, name, problem)
    return unit_of(table.source, name, unit)


def _one_unit(table: PublishedTable, taken: Sequence[Taken]) -> None:
    units = {column.name: column.unit or UNDECLARED for column in taken if column.name in COUPLINGS}
    if len(set(units.values())) > 1:
        said = ", ".join(f"{name} {unit}" for name, unit in units.items())
        raise complaint(
            table.source, "unit", f"must be the same for all: {said}; --unit NAME=UNIT says what is not declared"
        )


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parent(name: str) -> str:
    return "background" if name == "background_error" else "expected_limit"


def _of_errors(found: Mapping[str, Column], notes: list[str]) -> dict[str, Column]:
    """Columns that stand in a table as the errors of others: the expected band, the error of the background."""
    made: dict[str, Column] = {}
    for name, column in found.items():
        labels = dict.fromkeys(error.label for one in column.cells for error in one.errors if error.plus or error.minus)
        if name == "expected_limit":
            for label in list(labels):
                size = re.search(r"(?<![\d.])([12])\s*(σ|\\?sigma|s\.?d|std|standard dev)", label.casefold())
                if size is not None and f"expected_plus{size[1]}" not in {*found, *made}:
                    made |= _band(column, label, size[1])
                    del labels[label]
        if name == "background" and labels and "background_error" not in found:
            made["background_error"] = Column(
                f"error of {column.header}", column.unit, tuple(map(_total, column.cells))
            )
            notes.append("background_error: errors of the background in quadrature, the mean of both sides")
            labels = {}
        if labels:
            notes.append(f"{name}: its errors ({', '.join(label or 'no label' for label in labels)}) are left out")
    return made


def _band(column: Column, label: str, size: str) -> dict[str, Column]:
    def moved(one: Cell, side: str) -> Cell:
        error = next((e for e in one.errors if e.label == label), None)
        if one.value is None or error is None:
            return Cell(None, "")
        value = one.value + (error.plus if side == "plus" else error.minus)
        return Cell(value, f"{one.text} {side} its error")

    return {
        f"expected_{side}{size}": Column(
            f"{column.header}, {side} {label}", column.unit, tuple(moved(one, side) for one in column.cells)
        )
        for side in ("minus", "plus")
    }


def _total(one: Cell) -> Cell:
    def size(error: Error) -> float:
        return (abs(error.plus) + abs(error.minus)) / 2

    return Cell(float(np.sqrt(sum(size(error) ** 2 for error in one.errors))), "the errors")


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(table: PublishedTable, found: Mapping[str, Column], notes: list[str]) -> list[int]:
    """The rows in which every column that is taken has a number."""
    size = len(next(iter(found.values())).cells)
    empty = {name: [i for i, one in enumerate(column.cells) if one.missing] for name, column in found.items()}
    lost = {i for rows in empty.values() for i in rows}
    if lost:
        where = ", ".join(f"{name} ({len(rows)})" for name, rows in empty.items() if rows)
        notes.append(f"rows without a number are left out, {len(lost)} of {size}: {where}")
    if len(lost) == size:
        raise complaint(table.source, "rows", "there is none with a number in every column that is taken")
    for name, column in found.items():
        if any(one.binned for one in column.cells):
            notes.append(f"{name}: bins are taken at their centres")
        if any(one.below for one in column.cells):
            notes.append(f"{name}: a cell <x is taken as the limit x")
    return [i for i in range(size) if i not in lost]


def _converted(source: str, name: str, one: Cell, factor: float, row: int) -> float:
    if one.value is None or (one.below and name not in LIMITS):
        what = "a limit is no value of this column" if one.below else "must be a number"
        raise complaint(source, f"{name}, row {row + 1}", f"got {shown(one.text)}: {what}")
    # In decimals, so that 153.8 MeV are 0.1538 GeV and not 0.15380000000000002.
    value = float(Decimal(repr(one.value)) * Decimal(repr(factor)))
    if not np.isfinite(value):
        raise complaint(source, f"{name}, row {row + 1}", f"got {shown(one.text)}: too large in the units used here")
    return value
