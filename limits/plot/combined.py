"""A combination in the plane of mass and coupling: its members as in a landscape, itself as a strong outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from limits.exclusion import Interval
from limits.likelihood import Array
from limits.plot.canvas import FEW, INK, checked_suffix, mass_label, new_axes, percent, same, save
from limits.plot.landscape import BAND, annotate, landscape
from limits.plot.regions import connected, edges_of
from limits.scan import PointResult, Scan

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

WIDTH: Final = 2.2
MOST_LINEAR: Final = 3.0
"""A larger gain is drawn on a logarithmic axis, with these ticks."""

TICKS: Final = (1, 2, 3, 5, 10, 20, 50, 100)

LEGEND: Final[dict[str, Any]] = {
    "loc": "upper center",
    "ncols": 2,
    "fontsize": 8.5,
    "frameon": False,
    "handlelength": 3.4,
}


class Row(Protocol):
    """The gain at one mass: see `limits.combination.MassGain`."""

    @property
    def mass_gev(self) -> float: ...  # noqa: D102
    @property
    def observed(self) -> float | None: ...  # noqa: D102
    @property
    def expected(self) -> float | None: ...  # noqa: D102


class Gains(Protocol):
    """What is gained: see `limits.combination.Gain`."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def per_mass(self) -> Sequence[Row]: ...  # noqa: D102


class Combined(Protocol):
    """What is drawn: see `limits.combination.Combination`."""

    @property
    def scan(self) -> Scan: ...  # noqa: D102
    @property
    def singles(self) -> tuple[Scan, ...]: ...  # noqa: D102
    @property
    def gain(self) -> Gains: ...  # noqa: D102
    @property
    def reach(self) -> tuple[float, float]: ...  # noqa: D102
    @property
    def gaps(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class _Members:
    """The members of a combination as a landscape has searches."""

    plane: str
    scans: tuple[Scan, ...]
    titles: tuple[str, ...]
    reach: tuple[tuple[float, float], ...]
    bands: tuple[()] = ()
    curves: tuple[()] = ()
    notes: tuple[str, ...] = ()


def save_combination(found: Combined, path: Path) -> Path:
    """The picture of a combination and of its gain at every mass, with what must be said about it below.

    Raises:
        InputError: a suffix that is not known.
        MissingExtra: matplotlib is not installed.
    """
    checked_suffix(path)
    figure, (ax, below) = new_axes(ratio=True, size=(8.0, 8.2))
    annotate(figure, found.notes)
    combined(ax, found)
    ax.set_xlabel("")
    gains(below, found)
    below.legend(*ax.get_legend_handles_labels(), bbox_to_anchor=(0.5, -0.35), **LEGEND)
    if (legend := ax.get_legend()) is not None:
        legend.remove()
    return save(figure, path)


def combined(ax: Axes, found: Combined) -> Axes:
    """Every member in (mass, coupling) as a filled region, the combination as an outline: observed drawn through, expected dashed."""
    shown = [_with_gaps(scan, found) for scan in found.singles if scan.points]
    reach = (found.reach,) * len(shown)
    landscape(ax, _Members(found.scan.hypothesis, tuple(shown), tuple(s.search for s in shown), reach))
    whole = _with_gaps(found.scan, found)
    points = whole.points
    masses = [point.mass_gev for point in points]
    ax.set_xlim(*((min(masses), max(masses)) if len(masses) > 1 else ax.get_xlim()))
    edges = [e for p in points for pair in p.excluded for e in pair if e is not None]
    if edges:
        low, high = ax.get_ylim()
        ax.set_ylim(min(low, min(edges) / 2), min(max(high, 2 * max(edges)), 2 * found.reach[1]))
    words = f"combined: {found.scan.label}, {found.scan.method}, {percent(found.scan.level)}"
    _outline(ax, whole, "excluded", "-", words)
    as_observed = " (as observed)" * all(_alike(p.excluded, p.expected_excluded) for p in points)
    _outline(ax, whole, "expected_excluded", (0, (4, 2)), f"combined, median expected{as_observed}")
    ax.legend(bbox_to_anchor=(0.5, -0.1), **LEGEND)
    return ax


def gains(ax: Axes, found: Combined) -> Axes:
    """The gain of a combination over the union of its members, mass by mass: observed drawn through, expected dashed."""
    rows = found.gain.per_mass
    for which, style in (("observed", "-"), ("expected", (0, (4, 2)))):
        values = np.array([getattr(row, which) for row in rows], dtype=float)
        marker = "o" if len(rows) < FEW else None
        ax.plot([row.mass_gev for row in rows], values, color=INK, ls=style, lw=1.4, marker=marker)
    low, high = ax.get_ylim()
    if high > MOST_LINEAR:
        ax.set_yscale("log")
        ax.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        ax.set_yticks([], minor=True)
    ax.set_ylim(min(low, 0.95), max(high, 1.05))
    ax.axhline(1.0, color=BAND, lw=0.8, zorder=0.5)
    ax.set_xlabel(mass_label(found.scan))
    ax.set_ylabel("excluded over union" if found.gain.kind == "area" else "best single\nover combined")
    ax.tick_params(which="both", direction="in", top=True, right=True)
    return ax


def _with_gaps(scan: Scan, found: Combined) -> Scan:
    """The scan with nothing excluded where it does not look: lines must not lead across."""
    masses = {*(point.mass_gev for point in found.scan.points), *found.gaps}
    blind = masses - {point.mass_gev for point in scan.points}
    empty = [PointResult(mass, None, (None,) * 5, (), (), None, "insensitive") for mass in blind]
    return replace(scan, points=tuple(sorted((*scan.points, *empty), key=lambda point: point.mass_gev)))


def _alike(one: Sequence[Interval], two: Sequence[Interval]) -> bool:
    return len(one) == len(two) and same(np.array(one, dtype=float), np.array(two, dtype=float))


def _outline(ax: Axes, scan: Scan, which: str, style: object, label: str) -> None:
    """Both edges of every part, closed where it ends inside the masses scanned; open edges have no line."""
    last = len(scan.points) - 1
    ax.plot([], [], color=INK, ls=style, lw=WIDTH if which == "excluded" else 1.2, label=label)
    for piece in connected(scan.points, which):
        mass, edges = edges_of(piece, (np.nan, np.nan))
        _line(ax, mass, edges, which, style)
        for end, border in ((0, 0), (-1, last)):
            if piece[end][0] != border:
                closing = edges_of(piece, ax.get_ylim())[1][end]
                _line(ax, np.repeat(mass[end], 2), closing, which, style)


def _line(ax: Axes, mass: Array, edges: Array, which: str, style: object) -> None:
    marker = "D" if len(mass) == 1 else None
    ax.plot(mass, edges, color=INK, ls=style, lw=WIDTH if which == "excluded" else 1.2, marker=marker, zorder=4)
