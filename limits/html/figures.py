"""The figures of the page: planes of all searches, a search by its methods, computed over published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, NamedTuple

from limits.comparison import Residual
from limits.html.traces import Trace, couplings, label, lines, plain, published, words
from limits.plot.canvas import PARTICLES
from limits.report.pieces import number, percent
from limits.reproduce import Row
from limits.scan import Scan
from limits.search import Search

COLOURS: Final = 8
"""Colours of the palette; after them they come again."""

PLACES: Final = (0.5, 0.3, 0.7, 0.4, 0.6)
"""Shares of the masses at which names are written, so that those of nested regions stand beside each other."""

LONGEST: Final = 46
"""Characters of a name on an axis."""


@dataclass(frozen=True)
class Entry:
    """What can be shown and hidden: its key, name, label and colour, and whether it is shown at first."""

    key: str
    name: str
    label: str
    how: str
    colour: int
    shown: bool
    empty: bool = False


@dataclass(frozen=True)
class Figure:
    """Traces and axes of a figure, and the entries of its legend."""

    identifier: str
    kind: str
    title: str
    quantity: str
    traces: Sequence[Trace]
    axes: Mapping[str, Any]
    entries: Sequence[Entry]


def plane(identifier: str, scans: Sequence[Scan], searches: Mapping[str, Search]) -> Figure:
    """All scans of one hypothesis; of each search the first one is shown, the others can be."""
    traces: list[Trace] = []
    entries: list[Entry] = []
    names = list(dict.fromkeys(scan.search for scan in scans))
    for i, scan in enumerate(scans):
        key, colour = f"{identifier}-{i}", names.index(scan.search) % COLOURS
        first = scan.search not in {entry.name for entry in entries}
        found = list(lines(scan, key, colour))
        if first:
            found += [
                *_published(scan, searches, key, colour),
                *label(scan, key, colour, PLACES[names.index(scan.search) % len(PLACES)]),
            ]
        entries.append(_entry(scan, key, colour, shown=first, empty=not found))
        traces += found
    return Figure(
        identifier, "plane", scans[0].hypothesis, _axis_title(scans[0]), _hidden(traces, entries), _axes(scans), entries
    )


def methods(identifier: str, scans: Sequence[Scan], searches: Mapping[str, Search]) -> Figure:
    """One search and hypothesis by every method, with the expected band of the first."""
    traces: list[Trace] = []
    entries: list[Entry] = []
    for i, scan in enumerate(scans):
        key, colour = f"{identifier}-{i}", i % COLOURS
        found = list(lines(scan, key, colour, bands=i == 0))
        entries.append(replace(_entry(scan, key, colour, shown=True, empty=not found), name=""))
        traces += found
    if points := list(_published(scans[0], searches, f"{identifier}-published", COLOURS)):
        traces += points
        entries.append(Entry(f"{identifier}-published", "published", "", "", COLOURS, shown=True))
    return Figure(identifier, "methods", scans[0].hypothesis, _axis_title(scans[0]), traces, _axes(scans), entries)


def _published(scan: Scan, searches: Mapping[str, Search], key: str, colour: int) -> list[Trace]:
    search = searches.get(scan.search)
    return [] if search is None else list(published(scan, search.published(scan.hypothesis), key, colour))


def _entry(scan: Scan, key: str, colour: int, *, shown: bool, empty: bool) -> Entry:
    values = [f"{key} = {value:g}" for key, value in scan.set_values.items()]
    how = ", ".join(filter(None, [f"{scan.method} {percent(scan.level)}", *values, scan.data]))
    return Entry(key, scan.search, scan.label, how, colour, shown, empty)


def _hidden(traces: Iterable[Trace], entries: Iterable[Entry]) -> list[Trace]:
    shown = {entry.key for entry in entries if entry.shown}
    return [trace if trace["meta"]["key"] in shown else {**trace, "visible": False} for trace in traces]


def _axes(scans: Sequence[Scan]) -> dict[str, Any]:
    """Titles and ranges, all in logarithms; an open edge of a region ends at the frame."""
    particle = PARTICLES.get(scans[0].hypothesis)
    masses = [point.mass_gev for scan in scans for point in scan.points]
    values = couplings(point for scan in scans for point in scan.points) or [1.0]
    return {
        "x": f"m({particle}) [GeV]" if particle else "mass [GeV]",
        "y": words(_axis_title(scans[0])),
        "xrange": plain([min(masses) / 1.05, max(masses) * 1.05]),
        "yrange": plain([min(values) / 2, max(values) * 2]),
    }


def _axis_title(scan: Scan) -> str:
    """The coupling in words, its symbol, its unit."""
    symbol, unit, quantity = (scan.coupling[key] for key in ("symbol", "unit", "quantity"))
    title = quantity if symbol in quantity.split() else f"{quantity} {symbol}"
    return title if unit in ("", "1") else f"{title} [{unit.replace('-1', '⁻¹')}]"


def ratios(identifier: str, rows: Sequence[Row], curves: Sequence[Residual]) -> Figure | None:
    """Computed over published: a point per number, a bar (central 68 %) per whole curve; None where nothing is published."""
    several = len({row.hypothesis for row in rows} | {curve.hypothesis for curve in curves}) > 1
    groups: dict[tuple[str, str], list[Compared]] = {}
    for found in (*filter(None, map(_number_of, rows)), *filter(None, map(_curve_of, curves))):
        name = f"{found.hypothesis}: {found.name}" if several else found.name
        groups.setdefault((found.method, found.label), []).append(found._replace(name=_short(name)))
    if not groups:
        return None
    traces, entries = [], []
    for i, ((method, of), points) in enumerate(groups.items()):
        key = f"{identifier}-{i}"
        traces.append(_ratios(points, key, i % COLOURS, f"{method}, {of}"))
        entries.append(Entry(key, method, of, "", i % COLOURS, shown=True))
    names = list(dict.fromkeys(point.name for points in groups.values() for point in points))
    axes = {"x": "computed/published", "names": names}
    return Figure(identifier, "ratio", "", "computed over published", traces, axes, entries)


class Compared(NamedTuple):
    """One point: its name, computed over published with a bar above and below, and what hovering says."""

    hypothesis: str
    method: str
    label: str
    name: str
    ratio: float
    above: float
    below: float
    said: str


def _number_of(row: Row) -> Compared | None:
    if row.ratio is None:
        return None
    name = row.quantity if row.mass_gev is None else f"{row.quantity} at {row.mass_gev:g} GeV"
    values = f"published {number(row.published, 4)}, computed {number(row.computed, 4)} {row.unit}"
    return Compared(row.hypothesis, row.method, row.label, name, row.ratio, 0.0, 0.0, _lines(name, values, row.source))


def _curve_of(curve: Residual) -> Compared | None:
    if curve.median is None or curve.low68 is None or curve.high68 is None:
        return None
    central = f"central 68 %: {number(curve.low68, 3)} to {number(curve.high68, 3)}"
    values = f"{curve.n} masses, {number(curve.lowest, 3)} to {number(curve.highest, 3)}, {central}"
    bar = (curve.high68 - curve.median, curve.median - curve.low68)
    said = _lines(values, curve.source)
    return Compared(curve.hypothesis, curve.method, curve.label, f"whole curve, {curve.edge}", curve.median, *bar, said)


def _ratios(points: Sequence[Compared], key: str, colour: int, name: str) -> Trace:
    above, below = plain(point.above for point in points), plain(point.below for point in points)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": plain(point.ratio for point in points),
        "y": [point.name for point in points],
        "error_x": {"type": "data", "array": above, "arrayminus": below, "thickness": 1.5, "width": 4},
        "text": [point.said for point in points],
        "name": words(name),
        "hovertemplate": f"<b>%{{x:.3f}}</b> {words(name)}<br>%{{text}}<extra></extra>",
        "marker": {"size": 9},
        "meta": {"key": key, "colour": colour, "role": "ratio"},
    }


def _short(text: str) -> str:
    return words(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _lines(*texts: str) -> str:
    return "<br>".join(words(text[:140]) for text in texts)


def by_plane(scans: Iterable[Scan]) -> list[list[Scan]]:
    """Scans that go into one plane: of one hypothesis in one unit; publications differ in the symbol."""

    def kind(scan: Scan) -> tuple[str, str]:
        return scan.hypothesis, scan.coupling["unit"]

    return [list(group) for _, group in groupby(sorted(scans, key=kind), kind)]
