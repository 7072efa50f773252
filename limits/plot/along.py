"""Words written along a curve where there is room for them, beside it and turned as it runs; lengths are pixels."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from limits.likelihood import Array
from limits.plot.canvas import INK, halo

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

SIZE: Final = 8.5
"""Points of the text."""

STEP: Final = 3.0
"""Distance of the points that stand for a curve."""

TRIALS: Final = 60
"""Places tried along a curve."""

BENT: Final = 0.3
"""A curve may leave its chord by this share of the height of the text."""

AWAY: Final = 0.8
"""Distance of the middle of the text from the curve, in heights of it."""

WHERE: Final = 0.72
"""Share of the curve at which words are liked best."""


class Spot(NamedTuple):
    """The middle of a text, its angle in degrees, and how little it is liked there."""

    x: float
    y: float
    angle: float
    cost: float


def name_lines(ax: Axes, names: Collection[str]) -> Array:
    """The labels `names` of lines are written along them, where there is room, and then are no labels of a legend.

    The points (n, 2) that they cover.
    """
    ax.figure.canvas.figure.draw_without_rendering()
    every = ax.get_lines()
    busy = [lines_of(ax)]
    taken = [np.zeros((0, 2))]
    for line in every:
        if (name := str(line.get_label())) not in names:
            continue
        covered = write_along(ax, *_data(line), name, np.concatenate(busy), color=INK, fontsize=SIZE)
        if covered is not None:
            line.set_label(f"_{name}")
            busy.append(covered)
            taken.append(covered)
    return np.concatenate(taken)


def write_along(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    text: str,
    busy: Array,
    *,
    sides: tuple[int, ...] = (1, -1),
    **look: Any,
) -> Array | None:
    """Write `text` along the curve (x, y) in data, above (1) or below (−1) it, off the points `busy` (n, 2) of other things.

    The points (k, 2) that it covers, or None where there is no room: then nothing is written.
    """
    ax.figure.canvas.figure.draw_without_rendering()  # only then is the size of the Axes known
    label = ax.text(0.5, 0.5, text, ha="center", va="center", rotation_mode="anchor", zorder=6, **look)
    box = label.get_window_extent()
    curve = points_of(ax, x, y)
    spots = list(_spots(ax, curve, (box.width, box.height), busy, sides))
    if not spots or (best := min(spots, key=lambda spot: spot.cost)).cost > 1:
        label.remove()
        return None
    x0, y0 = ax.transData.inverted().transform((best.x, best.y))
    label.set_position((float(x0), float(y0)))
    label.set_rotation(best.angle)
    label.set_path_effects(halo())
    return _covered(best, box.width, box.height)


def _data(line: Any) -> tuple[Array, Array]:
    x, y = np.asarray(line.get_xydata(), dtype=float).T
    return x, y


def lines_of(ax: Axes) -> Array:
    """Points (n, 2) of all lines that are drawn."""
    return np.concatenate([np.zeros((0, 2)), *(points_of(ax, *_data(line)) for line in ax.get_lines())])


def points_of(ax: Axes, x: ArrayLike, y: ArrayLike) -> Array:
    """Points (n, 2) every few pixels along a curve in data, those inside the Axes; gaps stay gaps."""
    seen = np.asarray(ax.transData.transform(np.column_stack([np.asarray(x, float), np.asarray(y, float)])))
    pieces = []
    for a, b in pairwise(seen):
        if np.all(np.isfinite([a, b])):
            share = np.linspace(0, 1, min(int(np.hypot(*(b - a)) / STEP) + 2, 2000))[:-1, None]
            pieces.append(a + share * (b - a))
    every = np.concatenate(pieces) if pieces else np.zeros((0, 2))
    box = ax.get_window_extent()
    inside = (every[:, 0] >= box.x0) & (every[:, 0] <= box.x1) & (every[:, 1] >= box.y0) & (every[:, 1] <= box.y1)
    return np.asarray(every[inside])


def _spots(ax: Axes, curve: Array, size: tuple[float, float], busy: Array, sides: tuple[int, ...]) -> Iterator[Spot]:
    """Where the curve is straight enough and the text inside the Axes; a cost above 1 means that it lies on something."""
    if len(curve) < 2:
        return
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    frame, (width, height) = ax.get_window_extent(), size
    for share in np.linspace(0.02, 0.98, TRIALS):
        first, last = (int(np.searchsorted(length, share * length[-1] + k * width / 2)) for k in (-1, 1))
        if last >= len(curve) or share * length[-1] < width / 2:
            continue
        chord = curve[last] - curve[first]
        if chord[0] < 0:
            chord = -chord
        if not 0.8 * width < (reach := float(np.hypot(*chord))):
            continue
        along = chord / reach
        normal = np.array([-along[1], along[0]])
        leaves = (curve[first : last + 1] - curve[first]) @ normal
        if np.abs(leaves).max() > BENT * height:
            continue
        for side in sides:
            middle = (curve[first] + curve[last]) / 2 + side * AWAY * height * normal
            spot = Spot(float(middle[0]), float(middle[1]), float(np.degrees(np.arctan2(along[1], along[0]))), 0.0)
            corners = _covered(spot, width, height)
            if corners[:, 0].min() < frame.x0 + 2 or corners[:, 0].max() > frame.x1 - 2:
                continue
            if corners[:, 1].min() < frame.y0 + 2 or corners[:, 1].max() > frame.y1 - 2:
                continue
            yield spot._replace(cost=_hidden(spot, size, busy) + 0.5 * abs(float(share) - WHERE) + 0.05 * (side < 0))


def _hidden(spot: Spot, size: tuple[float, float], busy: Array) -> float:
    """How many of the points lie under the text."""
    turn = np.radians(spot.angle)
    along, up = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    off = busy - [spot.x, spot.y]
    return float(np.count_nonzero((np.abs(off @ along) < size[0] / 2 + 2) & (np.abs(off @ up) < 0.55 * size[1])))


def _covered(spot: Spot, width: float, height: float) -> Array:
    """Points (k, 2) all over the text, its corners among them."""
    turn = np.radians(spot.angle)
    u, v = np.meshgrid(
        np.linspace(-width / 2, width / 2, int(width / STEP) + 2), np.linspace(-height / 2, height / 2, 7)
    )
    x = spot.x + u * np.cos(turn) - v * np.sin(turn)
    y = spot.y + u * np.sin(turn) + v * np.cos(turn)
    return np.column_stack([x.ravel(), y.ravel()])
