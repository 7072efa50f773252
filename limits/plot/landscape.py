"""Many searches in one plane: filled regions with their names in them, projections as outlines, bands and lines of theory."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from limits.likelihood import Array
from limits.plot.along import lines_of, name_lines, write_along
from limits.plot.canvas import (
    FEW,
    INK,
    checked_suffix,
    coupling_label,
    mass_label,
    mass_ticks,
    new_axes,
    percent,
    pretty,
    save,
)
from limits.plot.placing import Mask, cells, inside, place
from limits.plot.regions import connected, edges_of
from limits.scan import Scan

if TYPE_CHECKING:
    from limits.plot.canvas import Axes, Figure

STYLES: Final = (
    ("#0072b2", "////"),
    ("#d55e00", "\\\\\\\\"),
    ("#009e73", "...."),
    ("#cc79a7", "xxxx"),
    ("#e69f00", "----"),
    ("#56b4e9", "||||"),
    ("#7a3e9d", "++++"),
    ("#8c6d31", "oooo"),
)
"""Colour (after Okabe and Ito, whom the colour-blind can tell apart) and hatch of each search, in order."""

PROJECTED: Final = (("#444444", (0, (6, 2))), ("#7a3e9d", (0, (6, 2, 1, 2))), ("#8c6d31", (0, (3, 2))))
"""Colour and line of each projection."""

BAND: Final = "#bbbbbb"
LINES: Final = ("-", (0, (1, 1.2)), (0, (5, 1, 1, 1)), (0, (5, 1, 1, 1, 1, 1)))

SLIVER: Final = 1.02
"""Half width, as a factor on the mass, of a region that was found at one mass only."""

CELL: Final = 3.0
"""Size in pixels of a cell in which names are placed."""

MARGIN: Final = 4
"""Cells kept free around a name."""

NAME_SIZE: Final = 9.5
NOTE_WIDTH: Final = 118


class Shape(Protocol):
    """A curve of theory or of the user; a band if `high` is not None, an area if `closed`."""

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def masses(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def low(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def high(self) -> tuple[float, ...] | None: ...  # noqa: D102
    @property
    def closed(self) -> bool: ...  # noqa: D102


class Plane(Protocol):
    """What a landscape has: see `limits.landscape.Landscape`."""

    @property
    def plane(self) -> str: ...  # noqa: D102
    @property
    def scans(self) -> tuple[Scan, ...]: ...  # noqa: D102
    @property
    def titles(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def reach(self) -> tuple[tuple[float, float], ...]: ...  # noqa: D102
    @property
    def bands(self) -> Sequence[Shape]: ...  # noqa: D102
    @property
    def curves(self) -> Sequence[Shape]: ...  # noqa: D102
    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102


class Region(NamedTuple):
    """Polygons (n, 2) of one search in mass and coupling, and how they are drawn."""

    name: str
    polygons: list[Array]
    colour: str
    outlined: bool = False


def save_landscape(found: Plane, path: Path) -> Path:
    """The picture of a landscape, with what must be said about it below.

    Raises:
        InputError: a suffix that is not known.
        MissingExtra: matplotlib is not installed.
    """
    checked_suffix(path)
    figure, (ax,) = new_axes(size=(8.0, 7.0))
    annotate(figure, found.notes)
    landscape(ax, found)
    return save(figure, path)


def annotate(figure: Figure, notes: Sequence[str]) -> None:
    """Write notes at the bottom of a figure."""
    if text := "\n".join(textwrap.fill(f"· {note}", NOTE_WIDTH, subsequent_indent="  ") for note in notes):
        figure.supxlabel(pretty(text), x=0.02, ha="left", fontsize=7.5, color=INK)


def landscape(ax: Axes, found: Plane) -> Axes:
    """Every search of a landscape in (mass, coupling), named in or beside its region; the legend below says how each was made."""
    _frame(ax, found)
    for shape, line in zip(found.bands, LINES * len(found.bands), strict=False):
        _shape(ax, shape, BAND, line, pretty(shape.label))
    filled, projected = iter(STYLES * len(found.scans)), iter(PROJECTED * len(found.scans))
    regions = []
    for scan, title, reach in zip(found.scans, found.titles, found.reach, strict=True):
        outside = reach if scan.exclusion == "region" else (reach[0], 10 * ax.get_ylim()[1])
        polygons = [*_polygons(scan, outside)]
        outline = scan.label == "projection"
        colour, style = next(projected) if outline else next(filled)
        _draw(ax, polygons, outside, (colour, style, outline), _description(scan))
        regions.append(Region(title + " (projection)" * outline, polygons, colour, outline))
    for shape, line in zip(found.curves, LINES[1:] * len(found.curves), strict=False):
        label = shape.label.replace("$", r"\$")
        _shape(ax, shape, INK, line, label)
        if shape.closed or shape.high is not None:
            regions.append(Region(label, [_around(shape)], INK))
    _legend(ax)  # here, too: it takes room from the Axes, and words along lines turn with them
    lines = [shape for shape in (*found.bands, *found.curves) if shape.high is None and not shape.closed]
    taken = name_lines(ax, {name for shape in lines for name in (shape.label, pretty(shape.label))})
    _legend(ax)
    left = []
    for region in (region for region in regions if region.polygons):
        covered = _along_outline(ax, region, taken) if region.outlined else None
        taken = taken if covered is None else np.concatenate([taken, covered])
        left += [region] if covered is None else []
    _name(ax, left, taken)
    return ax


def _along_outline(ax: Axes, region: Region, taken: Array) -> Array | None:
    """The name along the outline, which may go round other regions: the points (n, 2) that it covers, None where it has no room."""
    polygon = max(region.polygons, key=len)
    look: dict[str, Any] = {"color": region.colour, "fontsize": NAME_SIZE, "weight": "bold"}
    border = np.vstack([polygon, polygon[:1]]).T
    return write_along(ax, border[0], border[1], region.name, np.concatenate([lines_of(ax), taken]), **look)


def _legend(ax: Axes) -> None:
    """What has no name in the picture, below it."""
    if (before := ax.get_legend()) is not None:
        before.remove()
    if ax.get_legend_handles_labels()[0]:
        where: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.1)}
        ax.legend(**where, ncols=2, fontsize=8.5, frameon=False, handlelength=3.4)


def _frame(ax: Axes, found: Plane) -> None:
    """Logarithmic axes around everything that searches exclude and users bring along, and what the plane is in the title."""
    first = found.scans[0]
    masses = [point.mass_gev for scan in found.scans for point in scan.points]
    couplings = [
        edge for s in found.scans for p in s.points for edges in p.excluded for edge in edges if edge is not None
    ]
    couplings += [c for shape in found.curves for c in (*shape.low, *(shape.high or ()))]
    if couplings:  # what theory points to is shown, even where no search comes near
        bottom, top = min(couplings) / 2, 3 * max(couplings)
        missed = [
            c
            for s in found.bands
            if min(s.low) > top or max(s.high or s.low) < bottom
            for c in (*s.low, *(s.high or ()))
        ]
        couplings += missed
    low, high = (min(masses), max(masses)) if min(masses) < max(masses) else (masses[0] / 1.5, masses[0] * 1.5)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(low, high)
    ax.set_ylim(*((min(couplings) / 2, 3 * max(couplings)) if couplings else found.reach[0]))
    ax.set_xlabel(mass_label(first))
    ax.set_ylabel(coupling_label(first))
    levels = " and ".join(percent(level) for level in sorted({scan.level for scan in found.scans}))
    ax.set_title(f"{found.plane}  ·  excluded at {levels}", fontsize=11, loc="left")
    ax.tick_params(which="both", direction="in", top=True, right=True)
    if ticks := mass_ticks(list(np.geomspace(low, high, FEW))):
        ax.set_xticks(ticks, [f"{mass:g}" for mass in ticks])
        ax.set_xticks([], minor=True)


def _description(scan: Scan) -> str:
    return f"{scan.search}: {scan.label}, {scan.method}, {percent(scan.level)}"


def _polygons(scan: Scan, outside: tuple[float, float]) -> Iterator[Array]:
    """Outlines (n, 2) of the connected parts; an open edge lies where the search stopped looking, `outside`."""
    for piece in connected(scan.points, "excluded"):
        mass, edges = edges_of(piece, outside)
        if len(mass) == 1:
            mass, edges = mass[0] * np.array([1 / SLIVER, SLIVER]), np.repeat(edges, 2, axis=0)
        yield np.concatenate([np.column_stack([mass, edges[:, 0]]), np.column_stack([mass, edges[:, 1]])[::-1]])


def _draw(
    ax: Axes, polygons: Sequence[Array], outside: tuple[float, float], look: tuple[str, Any, bool], label: str
) -> None:
    """Filled and hatched, or the outline only; open edges have no line."""
    colour, style, outline = look
    for i, polygon in enumerate(polygons):
        name = None if i else label
        border = np.vstack([polygon, polygon[:1]])
        border[np.isin(border[:, 1], outside)] = np.nan
        if outline:
            ax.plot(*border.T, color=colour, ls=style, lw=1.8, label=name, zorder=3)
            continue
        # Of a patch the hatch has the colour of the edge: the outline is drawn apart, so that it may be stronger.
        ax.fill(*polygon.T, facecolor=(colour, 0.2), edgecolor=(colour, 0.45), hatch=style, lw=0, label=name)
        ax.plot(*border.T, color=colour, lw=1.6)


def _shape(ax: Axes, shape: Shape, colour: str, line: Any, label: str) -> None:
    """A band, an area or a line."""
    if shape.high is not None:
        ax.fill_between(shape.masses, shape.low, shape.high, color=colour, alpha=0.45, lw=0, zorder=0.5, label=label)
    elif shape.closed:
        ax.fill(shape.masses, shape.low, facecolor="none", edgecolor=colour, ls=line, lw=1.6, label=label, zorder=3)
    else:
        ax.plot(shape.masses, shape.low, color=INK, ls=line, lw=1.3, label=label, zorder=2.5)


def _around(shape: Shape) -> Array:
    low = np.column_stack([shape.masses, shape.low])
    return low if shape.high is None else np.concatenate([low, np.column_stack([shape.masses, shape.high])[::-1]])


def _name(ax: Axes, regions: Sequence[Region], taken: Array) -> None:
    """Write the name of every region where there is room for it."""
    if not regions:
        return
    ax.figure.canvas.figure.draw_without_rendering()  # only then is the size of the Axes known
    box = ax.get_window_extent()
    shape = max(round(box.height / CELL), 1), max(round(box.width / CELL), 1)
    masks = [_mask(ax, region.polygons, shape) for region in regions]
    texts = [_text(ax, region) for region in regions]
    sizes = [_size(text) for text in texts]
    busy = cells(np.asarray(ax.transAxes.inverted().transform(taken)), shape)
    for text, region, found in zip(texts, regions, place(masks, sizes, busy), strict=True):
        text.set_position((found.x, found.y))
        if found.at is not None:
            arrow = {"arrowstyle": "-", "color": region.colour, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
            ends: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "axes fraction"}
            ax.annotate("", found.at, (found.x, found.y), arrowprops=arrow, zorder=5, **ends)


def _text(ax: Axes, region: Region) -> Any:
    ground = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5}
    where: dict[str, Any] = {"transform": ax.transAxes, "ha": "center", "va": "center", "zorder": 6}
    return ax.text(0.5, 0.5, region.name, color=region.colour, fontsize=NAME_SIZE, weight="bold", bbox=ground, **where)


def _size(text: Any) -> tuple[int, int]:
    """Width and height of a text in cells, with a margin."""
    extent = text.get_window_extent()
    return round(extent.width / CELL) + MARGIN, round(extent.height / CELL) + MARGIN


def _mask(ax: Axes, polygons: Sequence[Array], shape: tuple[int, int]) -> Mask:
    """The cells (ny, nx) inside any of the polygons, as they are seen in the Axes."""
    to_axes = ax.transData + ax.transAxes.inverted()
    x, y = (np.arange(shape[1]) + 0.5) / shape[1], (np.arange(shape[0]) + 0.5) / shape[0]
    found: Mask = np.zeros(shape, dtype=np.bool_)
    for polygon in polygons:
        found |= inside(np.asarray(to_axes.transform(polygon)), x, y)
    return found
