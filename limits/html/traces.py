"""Lines, regions and points of interactive figures, as plotly writes them down: plain values, escaped for its labels.

A trace says in `meta` what it is for: `key`, which legend entry shows and hides it; `colour`, a place in the palette of the page; and
`role`. Colours are given by the page, which has a light and a dark palette.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, Final

import numpy as np

from limits.exclusion import Interval
from limits.plot.hunts import with_gaps
from limits.plot.regions import connected, edges_of
from limits.report.pieces import percent
from limits.scan import PointResult, Scan
from limits.search import Comparison

Trace = dict[str, Any]

DIGITS: Final = 5
FEW: Final = 5
"""Below this many masses each is drawn as a point: a line between them would say what was not computed."""

EDGES: Final = ("lower edge", "upper edge")
BANDS: Final = ((0, 4, "band2"), (1, 3, "band1"))
"""Ends of the bands among the five expected limits, and what they are for the page."""

CLS_ON_THE_LINE: Final = ("cls", "cls-q", "cls-exact", "cls-enumerated", "cls-toys")


def plain(values: Iterable[Any]) -> list[float | None]:
    """Numbers with five digits; None for nan, which breaks a line."""
    return [None if value is None or np.isnan(value) else float(f"{value:.{DIGITS}g}") for value in values]


def words(text: str) -> str:
    """Text for a label of plotly, which takes some tags, and %{…} in templates."""
    return escape(text, quote=False).replace("%{", "% {")


def unit_of(scan: Scan) -> str:
    """The unit of the coupling as it follows a number."""
    unit = scan.coupling["unit"]
    return "" if unit in ("", "1") else f" {words(unit.replace('-1', '⁻¹'))}"


def described(scan: Scan) -> str:
    """What hovering says of every point of a scan."""
    lines = [f"<b>{words(scan.search)}</b>, {words(scan.label)}", f"{words(scan.method)} at {percent(scan.level)}"]
    if scan.set_values:
        lines.append(words("set: " + ", ".join(f"{key} = {value:g}" for key, value in scan.set_values.items())))
    if scan.data is not None:
        lines.append(words(scan.data))
    return "<br>".join(lines)


def _hover(scan: Scan, first: str, last: str) -> str:
    """What hovering says: where a point is, between two texts."""
    coupling = f"{words(scan.coupling['symbol'])} = %{{y:.2~e}}{unit_of(scan)}"
    return "<br>".join(filter(None, (first, "m = %{x:.4~g} GeV", coupling, last))) + "<extra></extra>"


def _trace(scan: Scan, key: str, colour: int, role: str, x: Iterable[Any], y: Iterable[Any], **more: Any) -> Trace:
    """A line of a scan; `customdata` is the last line of what hovering says."""
    cls = f"CLs = {1 - scan.level:.3g} on this line<br>" if scan.method in CLS_ON_THE_LINE else ""
    return {
        "type": "scatter",
        "mode": "lines" if len(scan.points) >= FEW else "lines+markers",
        "x": plain(x),
        "y": plain(y),
        "name": words(scan.search),
        "hovertemplate": _hover(scan, described(scan), f"{cls}%{{customdata}}"),
        "meta": {"key": key, "colour": colour, "role": role},
        **more,
    }


def lines(scan: Scan, key: str, colour: int, *, bands: bool = False) -> Iterator[Trace]:
    """Observed and median expected, as lines or as outlines of regions; `bands` of expected limits below them."""
    if scan.exclusion == "region":
        yield from _regions(scan, key, colour, "observed", "excluded")
        yield from _regions(scan, key, colour, "expected", "expected_excluded")
        return
    masses = np.array([point.mass_gev for point in scan.points])
    expected = np.array([point.expected_limit for point in scan.points], dtype=float)
    if bands:
        yield from _bands(scan, key, colour, masses, expected)
    observed = np.array([point.observed_limit for point in scan.points], dtype=float)
    local = np.array([np.nan if p.significance is None else p.significance for p in scan.points])
    for role, values in (("expected", expected[:, 2]), ("observed", observed)):
        if np.any(np.isfinite(values)):
            x, both = with_gaps(masses, np.column_stack([values, local]))
            y, z = both.T
            said = [
                "" if np.isnan(a) or np.isnan(b) else f"{role}, local Z = {b:.2g}" for a, b in zip(y, z, strict=True)
            ]
            yield _trace(scan, key, colour, role, x, y, customdata=said)


def _bands(scan: Scan, key: str, colour: int, masses: Any, expected: Any) -> Iterator[Trace]:
    """±2σ and ±1σ as closed areas, one for each stretch without a gap."""
    for low, high, role in BANDS:
        x, both = with_gaps(masses, expected[:, [low, high]])
        both = np.where(both == 0, _outside(scan.points)[0], both)  # a limit of 0 lies below any logarithmic axis
        good = np.all(np.isfinite(both), axis=1)
        outline_x: list[float] = []
        outline_y: list[float] = []
        for stretch in np.split(np.arange(len(x)), np.flatnonzero(np.diff(good.astype(int))) + 1):
            if good[stretch[0]]:
                outline_x += [*x[stretch], *x[stretch][::-1], np.nan]
                outline_y += [*both[stretch, 0], *both[stretch, 1][::-1], np.nan]
        if outline_x:
            yield _trace(
                scan, key, colour, role, outline_x, outline_y, fill="toself", hoverinfo="skip", hovertemplate=None
            )


def _regions(scan: Scan, key: str, colour: int, role: str, which: str) -> Iterator[Trace]:
    """All islands: areas, and lines along the edges that were found; what goes on beyond the scan has no line there."""
    area: list[tuple[float, float]] = []
    line: list[tuple[float, float, str]] = []
    gap, last = np.nan, len(scan.points) - 1
    for piece in connected(scan.points, which):
        mass, edges = edges_of(piece, _outside(scan.points))
        area += [*zip(mass, edges[:, 0], strict=True), *zip(mass[::-1], edges[::-1, 1], strict=True), (gap, gap)]
        _, known = edges_of(piece, (gap, gap))
        for side, name in enumerate(EDGES):
            line += [
                *((m, edge, f"{role}, {name}") for m, edge in zip(mass, known[:, side], strict=True)),
                (gap, gap, ""),
            ]
        for end, border in ((0, 0), (-1, last)):
            if piece[end][0] != border:
                line += [*((mass[end], edge, f"{role}, end of the region") for edge in edges[end]), (gap, gap, "")]
    if not area:
        return
    if role == "observed" and scan.label != "projection":
        yield _trace(
            scan, key, colour, "area", *zip(*area, strict=True), fill="toself", hoverinfo="skip", hovertemplate=None
        )
    x, y, said = zip(*line, strict=True)
    yield _trace(scan, key, colour, role, x, y, customdata=list(said))


def _outside(points: Sequence[PointResult]) -> tuple[float, float]:
    """Where edges beyond what was scanned are drawn: outside of everything that was found."""
    found = couplings(points)
    return (min(found) / 100, max(found) * 100) if found else (1e-3, 1e3)


def couplings(points: Iterable[PointResult]) -> list[float]:
    """Every limit and closed edge."""
    values: list[float | None] = []
    for point in points:
        pairs: list[Interval] = [*point.excluded, *point.expected_excluded]
        values += [point.observed_limit, *point.expected_limit, *(edge for pair in pairs for edge in pair)]
    return [value for value in values if value]


def published(scan: Scan, comparisons: Iterable[Comparison], key: str, colour: int) -> Iterator[Trace]:
    """Published points of the coupling at a mass, with their sources."""
    wanted = ("observed", "expected", "lower", "upper")
    shown = [c for c in comparisons if c.mass_gev is not None and c.of == "coupling" and c.edge in wanted]
    if shown:
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": plain(c.mass_gev for c in shown),
            "y": plain(c.value for c in shown),
            "name": words(f"{scan.search}, published"),
            "text": [f"<b>published</b>, {words(c.quantity)}<br>{words(c.source[:120])}" for c in shown],
            "hovertemplate": _hover(scan, "%{text}", ""),
            "marker": {"symbol": ["diamond-open" if c.edge == "expected" else "diamond" for c in shown], "size": 9},
            "meta": {"key": key, "colour": colour, "role": "published"},
        }


def label(scan: Scan, key: str, colour: int, place: float) -> Iterator[Trace]:
    """The name of a search above its line or inside its region, at that share of its masses."""
    region = scan.exclusion == "region"
    found = [(p.mass_gev, low, high) for p in scan.points for low, high in p.excluded[:1] if low and high]
    found = (
        found if region else [(p.mass_gev, p.observed_limit, p.observed_limit) for p in scan.points if p.observed_limit]
    )
    if not found:
        return
    mass, low, high = found[int(place * (len(found) - 1))]
    yield {
        "type": "scatter",
        "mode": "text",
        "x": plain([mass]),
        "y": plain([np.sqrt(low * high)]),
        "text": [words(scan.search)],
        "textposition": "middle center" if region else "top center",
        "hoverinfo": "skip",
        "meta": {"key": key, "colour": colour, "role": "label"},
    }
