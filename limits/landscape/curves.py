"""Curves of a plane: a line, an area or a band, and how to read one from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from limits.errors import InputError


@dataclass(frozen=True)
class Curve:
    """A line in the plane (`high` is None), closed if it ends where it begins, or a band between `low` and `high`.

    Masses in GeV, couplings in the quantity of the plane; `note` says what it holds for.
    """

    label: str
    masses: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...] | None = None
    note: str = ""

    @property
    def closed(self) -> bool:
        """Whether the line encloses a region."""
        return self.high is None and len(self.masses) > 3 and self._end(0) == self._end(-1)

    def _end(self, i: int) -> tuple[float, float]:
        return self.masses[i], self.low[i]


def read_curve(text: str) -> Curve:
    """A curve from "FILE" or "FILE:LABEL": mass and coupling, or mass, lower and upper coupling per line.

    Columns are separated by commas or space. One line of headings is passed over, as are lines that begin with #.

    Raises:
        InputError: a file that cannot be read, a line that does not hold two or three positive numbers, masses of a band not increasing.
    """
    name, label = (text, "") if Path(text).is_file() else (text.rpartition(":")[0] or text, text.rpartition(":")[2])
    path = Path(name)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise InputError(f"{name}: cannot be read: {reason}") from None
    rows = _rows(name, lines)
    label = label if label and name != text else path.stem
    masses, low = tuple(row[0] for row in rows), tuple(row[1] for row in rows)
    if len(rows[0]) == 2:
        return Curve(label, masses, low)
    if any(a >= b for a, b in pairwise(masses)) or any(row[1] > row[2] for row in rows):
        raise InputError(f"{name}: masses of a band must increase, and the lower coupling be the first")
    return Curve(label, masses, low, tuple(row[2] for row in rows))


def _rows(name: str, lines: Sequence[str]) -> list[tuple[float, ...]]:
    """The numbers of a table of two or three columns."""
    filled = [(i, line.replace(",", " ").split()) for i, line in enumerate(lines, 1) if line.strip(" ,\t")]
    rows: list[tuple[float, ...]] = []
    for k, (i, cells) in enumerate((i, cells) for i, cells in filled if not cells[0].startswith("#")):
        row = tuple(map(_number, cells))
        if k == 0 and all(np.isnan(row)):
            continue  # headings
        if len(row) not in ((len(rows[0]),) if rows else (2, 3)) or not all(0 < x < np.inf for x in row):
            wanted = len(rows[0]) if rows else "two or three"
            raise InputError(
                f"{name}: line {i}: {wanted} numbers above 0 are needed: mass, coupling or mass, lower, upper"
            )
        rows.append(row)
    if len(rows) < 2:
        raise InputError(f"{name}: at least two lines with numbers are needed")
    return rows


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
