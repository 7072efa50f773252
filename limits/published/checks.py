"""What the numbers of a published table must fulfil to be a limit, a region, a contour or the inputs of a search."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from limits.published.names import BAND, CONTOUR, EFFICIENCY, MASS
from limits.search.complaints import complaint

Array = NDArray[np.float64]


def checked(source: str, kind: str, columns: dict[str, Array], notes: list[str]) -> dict[str, Array]:
    """The columns (n,), put into the order of masses if it is the reverse, a contour closed.

    Raises:
        InputError: a value out of range, masses not increasing, edges or a band the wrong way round, or too few rows.
    """
    for name, values in columns.items():
        _in_range(source, name, values)
    if kind == "contour":
        return _closed(source, columns, notes)
    mass = columns[MASS]
    if len(mass) > 1 and np.all(np.diff(mass) < 0):
        notes.append("rows are in reverse, so that masses increase")
        columns = {name: values[::-1] for name, values in columns.items()}
        mass = columns[MASS]
    if kind != "inputs of a search" and len(mass) < 2:
        raise complaint(source, "rows", "at least two masses are needed")
    if len(down := np.flatnonzero(np.diff(mass) <= 0)):
        i = int(down[0])
        what = "twice" if mass[i + 1] == mass[i] else f"after {mass[i]:g}"
        problem = f"got {mass[i + 1]:g} GeV {what}: masses must increase; a contour is --column coupling=HEADING"
        raise complaint(source, f"mass, row {i + 2}", problem)
    order = [name for name in BAND if name in columns] if kind == "upper limit" else []
    for low, high in pairwise(["lower", "upper"] if "upper" in columns else order):
        if len(wrong := np.flatnonzero(columns[low] > columns[high])):
            i = int(wrong[0])
            problem = f"got {columns[low][i]:g} at {mass[i]:g} GeV, above {high}, {columns[high][i]:g}"
            raise complaint(source, low, problem)
    return columns


def _in_range(source: str, name: str, values: Array) -> None:
    counts = name in ("observed", "background", "background_error", EFFICIENCY)
    wrong = (values < 0) if counts else (values <= 0)
    if name == EFFICIENCY:
        wrong = wrong | (values > 1)
    if len(rows := np.flatnonzero(wrong)):
        i = int(rows[0])
        allowed = (
            "between 0 and 1; in per cent: --unit efficiency=%" if name == EFFICIENCY else "≥ 0" if counts else "> 0"
        )
        raise complaint(source, f"{name}, row {i + 1}", f"got {values[i]:g}: must be {allowed}")


def _closed(source: str, columns: dict[str, Array], notes: list[str]) -> dict[str, Array]:
    """The contour, its first point once more at the end, and no point twice in a row."""
    points = np.column_stack([columns[MASS], columns[CONTOUR]])
    again = np.r_[False, np.all(points[1:] == points[:-1], axis=1)]
    if again.any():
        notes.append(f"points that stand twice in a row are taken once: {int(again.sum())}")
        points = points[~again]
    turns = np.diff(points[:, 0])
    if len(np.unique(points, axis=0)) < 3 or np.all(turns >= 0) or np.all(turns <= 0):
        problem = "masses that only increase or decrease are no contour: name the column observed_limit, or lower"
        raise complaint(source, CONTOUR, problem)
    if not np.array_equal(points[0], points[-1]):
        notes.append("the contour is closed by a line from its last point to its first")
        points = np.vstack([points, points[:1]])
    return {MASS: points[:, 0], CONTOUR: points[:, 1]}
