"""A combination in the plane of mass and coupling: its members as in a landscape, itself as a strong outline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from limits.likelihood import Array
from limits.plot.canvas import INK, percent
from limits.plot.landscape import landscape, save_noted
from limits.plot.regions import connected, edges_of
from limits.scan import Scan

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

WIDTH: Final = 2.2


class Combined(Protocol):
    """What is drawn: see `limits.combination.Combination`."""

    @property
    def scan(self) -> Scan: ...  # noqa: D102
    @property
    def singles(self) -> tuple[Scan, ...]: ...  # noqa: D102
    @property
    def reach(self) -> tuple[float, float]: ...  # noqa: D102
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
    """The picture of a combination, with what must be said about it below.

    Raises:
        InputError: a suffix that is not known.
        MissingExtra: matplotlib is not installed.
    """
    return save_noted(path, found.notes, lambda ax: combined(ax, found))


def combined(ax: Axes, found: Combined) -> Axes:
    """Every member in (mass, coupling) as a filled region, the combination as an outline: observed drawn through, expected dashed."""
    shown = [scan for scan in found.singles if scan.points]
    reach = (found.reach,) * len(shown)
    landscape(ax, _Members(found.scan.hypothesis, tuple(shown), tuple(s.search for s in shown), reach))
    masses = [point.mass_gev for point in found.scan.points]
    ax.set_xlim(*((min(masses), max(masses)) if len(masses) > 1 else ax.get_xlim()))
    edges = [e for p in found.scan.points for pair in p.excluded for e in pair if e is not None]
    if edges:
        low, high = ax.get_ylim()
        ax.set_ylim(min(low, min(edges) / 2), max(high, 2 * max(edges)))
    words = f"combined: {found.scan.label}, {found.scan.method}, {percent(found.scan.level)}"
    _outline(ax, found.scan, "excluded", "-", words)
    _outline(ax, found.scan, "expected_excluded", (0, (4, 2)), "combined, median expected")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, fontsize=8.5, frameon=False, handlelength=3.4)
    return ax


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
