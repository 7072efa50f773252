"""The tables of a scan: limits against mass, edges of a region, its contour. Numbers as they will stand in a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any, Final, NamedTuple

from limits.formats.hepdata.scanned import Interval, Point, Scan
from limits.search.complaints import printable

DIGITS: Final = 6
"""Significant digits of a limit, an edge or a number of events: more than any of them is known to."""

MASS_DIGITS: Final = 12
"""Of a mass, as in the workspaces: it is an input, and neighbours must stay apart."""

NOTHING: Final = "-"
"""A cell without a number. The schema allows text, and HEPData shows this one as it stands."""

BEYOND: Final = "n/a"
"""An edge beyond the couplings that were scanned."""

ABOUT_BANDS: Final = (
    "A band is the expected limit with the distances to its edges as errors; without errors its edges are the value, to the "
    f"digits written; {NOTHING} where an edge was not found."
)

WORDS: Final = 300
"""Characters of a heading at most."""


class Entry(NamedTuple):
    """A cell: a number or words, and what is added to it downwards and upwards, with a label."""

    value: float | str
    spread: tuple[str, float, float] | None = None


class Variable(NamedTuple):
    """A column: heading, unit (None: a plain number) and cells."""

    name: str
    unit: str | None
    cells: tuple[Entry, ...]


@dataclass(frozen=True)
class Table:
    """One table: `kind` is its name among those of the scan, `notes` what must be said about its cells."""

    kind: str
    quantity: Mapping[str, str]
    rows: Variable
    columns: tuple[Variable, ...]
    notes: tuple[str, ...] = field(default=())

    def to_json(self, qualifiers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The data file; every dependent variable has the qualifiers."""
        dependent = [{**_variable(column), "qualifiers": [dict(one) for one in qualifiers]} for column in self.columns]
        # Qualifiers before values, where a reader of the file looks for them.
        ordered = [{key: one[key] for key in ("header", "qualifiers", "values")} for one in dependent]
        return {"independent_variables": [_variable(self.rows)], "dependent_variables": ordered}


def tables_of(scan: Scan) -> list[Table]:
    """Limits on the coupling and, of a hunt, on the rate; or the edges of the region and its contours."""
    if scan.exclusion == "region":
        return [_edges(scan), *_contours(scan)]
    ours = [(point.observed_limit, point.expected_limit) for point in scan.points]
    found = [_limits(scan, "upper limit", scan.coupling, ours)]
    if scan.rate is not None and dict(scan.rate) != dict(scan.coupling):
        peaks = [point.peak for point in scan.points]
        rates = [(None, (None,) * 5) if peak is None else (peak.observed_limit, peak.expected_limit) for peak in peaks]
        found.append(_limits(scan, "upper limit on the rate", scan.rate, rates))
    return found


def words(text: str, most: int = WORDS) -> str:
    """`text` on one line, without control characters, cut to `most` characters."""
    line = printable(" ".join(text.split()), 10 * most)
    return line if len(line) <= most else line[: most - 1] + "…"


def unit_of(quantity: Mapping[str, str]) -> str | None:
    """The unit for a header, which a plain number has none of."""
    return None if quantity["unit"] in ("", "1") else words(quantity["unit"])


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

Limits = Sequence[tuple[float | None, Sequence[float | None]]]


def _limits(scan: Scan, kind: str, quantity: Mapping[str, str], limits: Limits) -> Table:
    """A table of observed and expected limits; a column of the expectation is there where any point has one."""
    name, unit = f"upper limit on {words(quantity['symbol'])}", unit_of(quantity)
    columns = [Variable(f"Observed {name}", unit, tuple(_cell(observed) for observed, _ in limits))]
    if any(band[2] is not None for _, band in limits):
        columns.append(Variable(f"Expected {name}", unit, tuple(_cell(band[2]) for _, band in limits)))
    for n in (1, 2):
        cells = tuple(_banded(n, band[2 - n], band[2], band[2 + n]) for _, band in limits)
        if any(cell.value != NOTHING for cell in cells):
            columns.append(Variable(f"Expected {name} ± {n}σ", unit, cells))
    empty = sum(observed is None for observed, _ in limits)
    notes = [f"{NOTHING}: no limit was found; {empty} of {len(limits)} masses have no observed one."] if empty else []
    if len(columns) > 2:
        notes.append(ABOUT_BANDS)
    return Table(kind, quantity, _masses(scan.points), (*columns, *_of_peaks(scan)), tuple(notes))


def _of_peaks(scan: Scan) -> list[Variable]:
    """What a hunt has besides limits: the local significance and the events of the peak."""
    peaks = [point.peak for point in scan.points]
    if all(peak is None for peak in peaks):
        return []
    local = tuple(_cell(point.significance) for point in scan.points)
    fitted = tuple(Entry(NOTHING) if p is None else _fitted(p.events, p.error) for p in peaks)
    return [Variable("Local significance", "σ", local), Variable("Signal of the fit", "events", fitted)]


def _fitted(events: float | None, error: float | None) -> Entry:
    if events is None:
        return Entry(NOTHING)
    size = 0.0 if error is None else rounded(error)
    return Entry(rounded(events), ("fit", -size, size) if size else None)


def _banded(n: int, low: float | None, middle: float | None, high: float | None) -> Entry:
    """The value with the distances to both edges, exact in the digits written; HEPData refuses errors that are all zero."""
    if low is None or middle is None or high is None:
        return Entry(NOTHING)
    down, here, up = (Decimal(repr(rounded(value))) for value in (low, middle, high))
    minus, plus = float(down - here), float(up - here)
    return Entry(float(here), (f"{n} sigma", minus, plus) if minus or plus else None)


# ── regions ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _edges(scan: Scan) -> Table:
    """A pair of columns for the first interval at every mass, another for the second, and so on."""
    symbol, unit = words(scan.coupling["symbol"]), unit_of(scan.coupling)
    columns: list[Variable] = []
    for what, every in (
        ("", [point.excluded for point in scan.points]),
        ("expected ", [point.expected_excluded for point in scan.points]),
    ):
        most = max(map(len, every), default=0)
        for i in range(most if what else max(most, 1)):
            which = f", interval {i + 1}" if most > 1 else ""
            for side, name in enumerate(("lower", "upper")):
                cells = tuple(_edge(intervals, i, side) for intervals in every)
                heading = f"{what}{name} edge of the excluded {symbol}{which}"
                columns.append(Variable(heading[:1].upper() + heading[1:], unit, cells))
    empty = sum(not point.excluded for point in scan.points)
    note = f"{NOTHING}: no such interval; nothing is excluded at {empty} of {len(scan.points)} masses."
    further = f"{BEYOND}: the interval goes on beyond the couplings that were scanned."
    return Table("excluded region", scan.coupling, _masses(scan.points), tuple(columns), (note, further))


def _edge(intervals: Sequence[Interval], i: int, side: int) -> Entry:
    if i >= len(intervals):
        return Entry(NOTHING)
    return _cell(intervals[i][side], BEYOND)


def _contours(scan: Scan) -> list[Table]:
    """Closed lines around what is excluded at neighbouring masses; none if one mass has two intervals or an open edge."""
    if any(len(p.excluded) > 1 or None in edges for p in scan.points for edges in p.excluded):
        return []
    groups = [list(group) for some, group in groupby(scan.points, lambda p: bool(p.excluded)) if some]
    runs = [group for group in groups if len({point.mass_gev for point in group}) > 1]
    symbol, unit = words(scan.coupling["symbol"]), unit_of(scan.coupling)
    note = "Straight lines between the masses that were computed; the ends are the last masses excluded, not the tips."
    found = []
    for i, run in enumerate(runs, start=1):
        lower = [(point.mass_gev, point.excluded[0][0]) for point in run]
        upper = [(point.mass_gev, point.excluded[0][1]) for point in reversed(run)]
        around = [*lower, *upper, lower[0]]
        index = Variable("Point", None, tuple(Entry(n) for n in range(1, len(around) + 1)))
        mass = Variable("Mass", "GeV", tuple(_mass(m) for m, _ in around))
        line = Variable(f"{symbol} on the contour", unit, tuple(_cell(edge) for _, edge in around))
        kind = "contour" if len(runs) == 1 else f"contour {i}"
        found.append(Table(kind, scan.coupling, index, (mass, line), (note,)))
    return found


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def rounded(value: float, digits: int = DIGITS) -> float:
    """`value` to that many significant digits."""
    return float(f"{value:.{digits}g}")


def _masses(points: Iterable[Point]) -> Variable:
    return Variable("Mass", "GeV", tuple(_mass(point.mass_gev) for point in points))


def _mass(value: float) -> Entry:
    return Entry(rounded(value, MASS_DIGITS))


def _cell(value: float | None, empty: str = NOTHING) -> Entry:
    return Entry(empty if value is None else rounded(value))


def _variable(variable: Variable) -> dict[str, Any]:
    header = {"name": variable.name} | ({} if variable.unit is None else {"units": variable.unit})
    return {"header": header, "values": [_value(cell) for cell in variable.cells]}


def _value(cell: Entry) -> dict[str, Any]:
    if cell.spread is None:
        return {"value": cell.value}
    label, minus, plus = cell.spread
    sizes = {"symerror": plus} if minus == -plus else {"asymerror": {"plus": plus, "minus": minus}}
    return {"value": cell.value, "errors": [{**sizes, "label": label}]}
