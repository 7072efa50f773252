"""Where names go in a picture with several regions: each into its own region if there is room, else beside it with a line to it.

Everything is counted in cells of a lattice over the Axes, and needs no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, uniform_filter

from limits.likelihood import Array

Mask = NDArray[np.bool_]

FOREIGN = 1.0
"""What a name that lies wholly on one other region costs, in units of the largest distance from all outlines."""


class Place(NamedTuple):
    """Centre of a name, as fractions of the width and height of the Axes; `at` is where a leader ends, None inside."""

    x: float
    y: float
    at: tuple[float, float] | None


def place(regions: Sequence[Mask], sizes: Sequence[tuple[int, int]], taken: Mask | None = None) -> list[Place]:
    """Centres of names of `sizes` (width, height in cells) for regions (ny, nx), none on another or on `taken`; small regions first.

    A name that fits nowhere is put on the deepest point of its region.
    """
    busy = np.zeros_like(regions[0]) if taken is None else taken.copy()
    found: dict[int, Place] = {}
    clear = np.min([_from_outline(region) for region in regions], axis=0)
    for i in sorted(range(len(regions)), key=lambda k: int(regions[k].sum())):
        others = np.sum([region for k, region in enumerate(regions) if k != i], axis=0) + np.zeros(busy.shape)
        found[i], centre = _one(regions[i], sizes[i], others, clear, busy)
        _fill(busy, centre, sizes[i])
    return [found[i] for i in range(len(regions))]


def cells(points: Array, shape: tuple[int, int]) -> Mask:
    """The cells (ny, nx) in which there are points (n, 2), as fractions of the Axes."""
    found: Mask = np.zeros(shape, dtype=np.bool_)
    columns, rows = (np.clip(points * shape[::-1], 0, np.array(shape[::-1]) - 1).astype(int)).T
    found[rows, columns] = True
    return found


def inside(polygon: Array, x: Array, y: Array) -> Mask:
    """Which points of the lattice x (nx,) × y (ny,) lie in a polygon (n, 2), by the even-odd rule; (ny, nx)."""
    found: Mask = np.zeros((len(y), len(x)), dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crossed = (y0 > y) != (y1 > y)
        at = x0 + (y[crossed] - y0) * (x1 - x0) / (y1 - y0)
        found[crossed] ^= x[None, :] < at[:, None]
    return found


def _from_outline(region: Mask) -> Array:
    """Distance from the outline of a region, on either side."""
    within = distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]  # the frame of the picture is an outline too
    return np.asarray(np.where(region, within, distance_transform_edt(~region)))


def _one(own: Mask, size: tuple[int, int], others: Array, clear: Array, busy: Mask) -> tuple[Place, tuple[int, int]]:
    """The place of one name, and its cell (row, column)."""
    depth = distance_transform_edt(np.pad(own, 1))[1:-1, 1:-1]
    deepest = _cell(depth)
    free = (_share(busy, size) < 1e-9) & _fits(own.shape, size)
    inside = free & (_share(own, size) > 1 - 1e-9)
    if inside.any():
        score = clear / max(clear[inside].max(), 1.0) - FOREIGN * _share(others, size)
        cell = _cell(np.where(inside, score, -np.inf))
        return _place(cell, own.shape, None), cell
    outside = free & (_share(own, size) < 1e-9) & (_share(others, size) < 1e-9)
    if not (own.any() and outside.any()):
        return _place(deepest, own.shape, None), deepest
    away = distance_transform_edt(~own)
    cell = _cell(np.where(outside, -away, -np.inf))
    rows, columns = np.nonzero(own)
    nearest = int(np.argmin((rows - cell[0]) ** 2 + (columns - cell[1]) ** 2))
    end = _inwards((int(rows[nearest]), int(columns[nearest])), deepest)
    where = _place(end, own.shape, None)
    return _place(cell, own.shape, (where.x, where.y)), cell


def _inwards(edge: tuple[int, int], deepest: tuple[int, int]) -> tuple[int, int]:
    """A little way from the edge of a region to its middle, so that the leader is seen to end in it."""
    return round(edge[0] + 0.15 * (deepest[0] - edge[0])), round(edge[1] + 0.15 * (deepest[1] - edge[1]))


def _share(mask: Mask | Array, size: tuple[int, int]) -> Array:
    """Mean of `mask` over a box of that size around every cell."""
    found = uniform_filter(np.asarray(mask, dtype=np.float64), size=(size[1], size[0]), mode="constant")
    return np.asarray(found, dtype=np.float64)


def _fits(shape: tuple[int, ...], size: tuple[int, int]) -> Mask:
    """Cells around which the box is wholly inside."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    across, up = size[0] // 2 + 1, size[1] // 2 + 1
    return np.asarray(
        (columns >= across) & (columns < shape[1] - across) & (rows >= up) & (rows < shape[0] - up), dtype=np.bool_
    )


def _fill(busy: Mask, cell: tuple[int, int], size: tuple[int, int]) -> None:
    across, up = size[0] // 2 + 1, size[1] // 2 + 1
    busy[max(cell[0] - up, 0) : cell[0] + up + 1, max(cell[1] - across, 0) : cell[1] + across + 1] = True


def _cell(score: Array) -> tuple[int, int]:
    row, column = np.unravel_index(int(np.argmax(score)), score.shape)
    return int(row), int(column)


def _place(cell: tuple[int, int], shape: tuple[int, ...], at: tuple[float, float] | None) -> Place:
    return Place((cell[1] + 0.5) / shape[1], (cell[0] + 0.5) / shape[0], at)
