"""Published curves: edges against mass, and how a curve that a search names is read from its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.errors import InputError
from limits.physics.conversion import coupling_from_mixing, mixing_from_portal
from limits.search import Curve

Array = NDArray[np.float64]

DELIMITERS: Final = {"bc2-y": ",", "polygon": None, "edges": None, "limit": None, "limit-twice": None}
COLUMNS: Final = {"bc2-y": 2, "polygon": 2, "edges": 3, "limit": 2, "limit-twice": 3}
NO_LIMIT: Final = 1e4
"""A coupling from which a table of limits means that there is none."""


@dataclass(frozen=True, eq=False)
class PublishedCurve:
    """Edges of a published exclusion: `mass` (n,) in GeV, increasing; `lower`, `upper` (n,) couplings, upper None for an upper limit."""

    mass: Array
    lower: Array
    upper: Array | None
    source: str

    def at(self, edge: str, mass: Array) -> Array:
        """The edge at other masses by log–log interpolation, (m,); nan outside the curve."""
        values = self.lower if edge == "lower" or self.upper is None else self.upper
        inside = (mass >= self.mass[0]) & (mass <= self.mass[-1])
        found = np.exp(np.interp(np.log(mass), np.log(self.mass), np.log(values)))
        return np.where(inside, found, np.nan)


def read_curve(curve: Curve, folder: Path) -> PublishedCurve | None:
    """The curve from `folder`, or None if the file is not there.

    Raises:
        InputError: a file that is not a table of positive numbers with the columns of its format.
    """
    path = folder / curve.file
    if not path.is_file():
        return None
    rows = _numbers(path, curve.format)
    if curve.format.startswith("limit"):
        return PublishedCurve(rows[:, 0], np.where(rows[:, -1] < NO_LIMIT, rows[:, -1], np.nan), None, curve.source)
    if curve.format == "edges":
        return PublishedCurve(rows[:, 0], rows[:, 1], rows[:, 2], curve.source)
    if curve.format == "bc2-y":
        mass = 3 * rows[:, 0]
        mixing = mixing_from_portal(rows[:, 1], 0.1, rows[:, 0], mass)
        return PublishedCurve(mass, coupling_from_mixing(mixing), None, curve.source)
    return from_polygon(rows, curve.source)


def _numbers(path: Path, kind: str) -> Array:
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    data = [line for line in lines if line.lstrip()[0] in "0123456789.+-" and "nan" not in line.lower()]
    try:
        rows = np.array([[float(cell) for cell in line.split(DELIMITERS[kind])] for line in data])
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    if rows.ndim != 2 or rows.shape[1] != COLUMNS[kind] or len(rows) < 2 or not np.all(np.isfinite(rows) & (rows > 0)):
        raise InputError(
            f"{path}: {COLUMNS[kind]} columns of positive numbers are needed for a curve of format {kind!r}"
        )
    return rows


def from_polygon(rows: Array, source: str) -> PublishedCurve:
    """Lowest and highest crossing of a closed polygon with each of its masses."""
    x, y = np.log(rows).T
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    masses = np.unique(x)
    edges = []
    for m in masses:
        crossing = (np.minimum(x, x2) <= m) & (m <= np.maximum(x, x2)) & (x != x2)
        level = y[crossing] + (m - x[crossing]) / (x2[crossing] - x[crossing]) * (y2[crossing] - y[crossing])
        level = np.concatenate([level, y[x == m]])
        edges.append((level.min(), level.max()))
    lower, upper = np.exp(np.array(edges)).T
    return PublishedCurve(np.exp(masses), lower, upper, source)
