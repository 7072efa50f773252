"""Excluded regions in the plane of mass and coupling: islands, holes, two edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from limits.exclusion import Interval
from limits.likelihood import Array
from limits.plot.along import lines_of, write_along
from limits.plot.canvas import INK, REGION, dress, percent, same
from limits.plot.points import published
from limits.scan import PointResult, Scan
from limits.search import Comparison

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

PROJECTION = "projection"
"""Label of a scan without data."""

Piece = list[tuple[int, float, Interval]]
"""A connected part of a region: index of the point, mass, interval."""


def exclusion(ax: Axes, scan: Scan, *, comparisons: Sequence[Comparison] = (), named: bool = True) -> Axes:
    """The excluded region in (mass, coupling): observed filled, expected dashed, published edges as points.

    An edge beyond the scanned couplings is open. A published highest mass is a tick on the mass axis. Unless `named`, the outlines wait
    for `name_outlines`: words along them are right as long as the limits of the axes stay.
    """
    dress(ax, scan)
    last = len(scan.points) - 1
    outside = _frame(ax, scan, comparisons)
    for piece in connected(scan.points, "excluded"):
        mass, edges = edges_of(piece, outside)
        ax.fill_between(mass, *edges.T, facecolor=REGION, alpha=0.45, lw=0)
        _outline(ax, piece, last, "-", 2.0)
    for piece in connected(scan.points, "expected_excluded"):
        _outline(ax, piece, last, "--", 1.4)
    published(ax, [c for c in comparisons if c.edge in ("lower", "upper", "tip")])
    _name(ax, scan)
    if named:
        name_outlines(ax, scan)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=9, framealpha=0.9, edgecolor="none", loc="upper right")
    return ax


def name_outlines(ax: Axes, scan: Scan) -> None:
    """What each outline is, along its upper edge where there is room, else in the legend."""
    alike = _as_observed(scan)
    seen = "projected reach" if scan.label == PROJECTION else "observed" + " = median expected" * alike
    looks = [("excluded", seen, "-", 2.0, (1, -1))]
    if scan.label != PROJECTION and not alike:
        looks.append(("expected_excluded", "median expected", "--", 1.4, (-1, 1)))
    ax.figure.canvas.figure.draw_without_rendering()
    busy = [lines_of(ax), _words(ax)]
    for which, name, style, width, sides in looks:
        pieces = sorted(connected(scan.points, which), key=len)
        mass, edges = edges_of(pieces[-1], (np.nan, np.nan)) if pieces else (np.zeros(0), np.zeros((0, 2)))
        covered = None
        for edge in (1, 0) if len(mass) > 1 else ():
            if covered is None:
                line = mass.tolist(), edges[:, edge].tolist()
                covered = write_along(ax, *line, name, np.concatenate(busy), sides=sides, color=INK, fontsize=9)
        if covered is None:
            ax.plot([], [], color=INK, lw=width, ls=style, label=name)
        else:
            busy.append(covered)


def _words(ax: Axes) -> Array:
    """Points (n, 2) in pixels all over the words that are already there."""
    found = [np.zeros((0, 2))]
    for text in ax.texts:
        box = text.get_window_extent()
        x, y = np.meshgrid(np.linspace(box.x0, box.x1, 40), np.linspace(box.y0, box.y1, 10))
        found.append(np.column_stack([x.ravel(), y.ravel()]))
    return np.concatenate(found)


def _as_observed(scan: Scan) -> bool:
    """Whether the expected region lies on the observed one."""
    return all(
        len(p.excluded) == len(p.expected_excluded)
        and same(np.array(p.excluded, dtype=float), np.array(p.expected_excluded, dtype=float))
        for p in scan.points
    )


def _frame(ax: Axes, scan: Scan, comparisons: Sequence[Comparison]) -> tuple[float, float]:
    """Fix the limits of the axes around everything that will be drawn; the couplings between which open edges are drawn."""
    masses = [p.mass_gev for p in scan.points]
    tips = [c.value for c in comparisons if c.edge == "tip"]
    couplings = [c.value for c in comparisons if c.edge in ("lower", "upper")]
    for point in scan.points:
        for interval in (*point.excluded, *point.expected_excluded):
            couplings += [edge for edge in interval if edge is not None]
    low, high = (min(couplings) / 2, max(couplings) * 4) if couplings else (0.1, 10.0)
    span = min([*masses, *tips]), max([*masses, *tips])
    ax.set_xlim(*(span if span[0] < span[1] else (span[0] / 1.2, span[1] * 1.2)))
    ax.set_ylim(low, high)
    return low / 10, high * 10


def connected(points: Sequence[PointResult], which: str) -> list[Piece]:
    """Intervals of neighbouring masses that overlap, joined."""
    pieces: list[Piece] = []
    for i, point in enumerate(points):
        for interval in getattr(point, which):
            for piece in pieces:
                index, _, before = piece[-1]
                if index == i - 1 and _overlap(before, interval):
                    piece.append((i, point.mass_gev, interval))
                    break
            else:
                pieces.append([(i, point.mass_gev, interval)])
    return pieces


def _overlap(a: Interval, b: Interval) -> bool:
    return max(a[0] or 0.0, b[0] or 0.0) < min(a[1] or np.inf, b[1] or np.inf)


def edges_of(piece: Piece, outside: tuple[float, float]) -> tuple[Array, Array]:
    """Masses (n,) and edges (n, 2) of a piece, open edges moved to `outside`."""
    mass = np.array([m for _, m, _ in piece])
    edges = np.array([interval for _, _, interval in piece], dtype=float)
    return mass, np.where(np.isnan(edges), outside, edges)


def _outline(ax: Axes, piece: Piece, last: int, style: str, width: float) -> None:
    """Both edges, and the line that closes an end which is not an end of the scan; open edges are left out."""
    mass, edges = edges_of(piece, (np.nan, np.nan))
    ax.plot(mass, edges, color=INK, lw=width, ls=style)
    for end, border in ((0, 0), (-1, last)):
        if piece[end][0] != border:
            closing = edges_of(piece, ax.get_ylim())[1][end]
            ax.plot([mass[end]] * 2, closing, color=INK, lw=width, ls=style)


def _name(ax: Axes, scan: Scan) -> None:
    """What is excluded, written into the region where it is widest but for its borders."""
    closed = [(p.mass_gev, low, high) for p in scan.points for low, high in p.excluded[:1] if low and high]
    inner = closed[len(closed) // 8 : -(len(closed) // 8) or None]
    if not inner:
        return
    left, right = inner[0][0], inner[-1][0]
    centre = np.sqrt(left * right)
    mass, low, high = min(inner, key=lambda row: abs(np.log(row[0] / centre)) - 0.3 * np.log(row[2] / row[1]))
    words = "excluded at" if scan.label != PROJECTION else "projected reach at"
    text = f"{scan.search}\n{words} {percent(scan.level)}"
    ax.text(mass, np.sqrt(low * high), text, ha="center", va="center", fontsize=10, color=INK, clip_on=True)
