"""Coverage against the true strength, one line for each method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from limits.inference.coverage import Coverage
from limits.plot.canvas import INK, checked_suffix, new_axes, percent, save

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

COLOURS: Final = ("#1a1a1a", "#c8443c", "#1f4e9c", "#5a9a4a", "#7a3e9d")
LINES: Final = ("-", "--", ":", "-.", (0, (6, 2)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS: Final = "os^DvPX*<>hdp8H"
"""Of each method, in order, each by itself in turn: no two methods look alike."""


def coverage_of_methods(ax: Axes, found: Sequence[Coverage], *, label: str = "true signal strength") -> Axes:
    """The probability that the interval holds the truth, with its statistical error, and the level asked for."""
    for i, one in enumerate(found):
        rows = np.array([(row.strength, row.coverage, row.statistical) for row in one.rows])
        look: dict[str, Any] = {"color": COLOURS[i % len(COLOURS)], "ls": LINES[i % len(LINES)], "lw": 1.5}
        look |= {"marker": MARKERS[i % len(MARKERS)], "ms": 5, "capsize": 2}
        ax.errorbar(rows[:, 0], rows[:, 1], rows[:, 2] if one.toys else None, label=one.method, **look)
    level = found[0].level
    ax.axhline(level, color=INK, lw=0.9)
    ax.annotate(percent(level), (0.99, level), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=9)
    ax.set_xlabel(label)
    ax.set_ylabel("coverage")
    ax.set_ylim(top=1.005)
    ax.tick_params(which="both", direction="in", top=True, right=True)
    ax.legend(fontsize=9, framealpha=0.9, edgecolor="none", ncols=1 + len(found) // 5)
    return ax


def save_coverage(found: Sequence[Coverage], path: Path, subject: str, label: str) -> Path:
    """The picture of a coverage, as a file; `label` is that of the axis of strengths.

    Raises:
        InputError: a suffix that is not known.
        MissingExtra: matplotlib is not installed.
    """
    checked_suffix(path)
    figure, (ax,) = new_axes()
    coverage_of_methods(ax, found, label=label)
    how = f"{found[0].toys} toys at each strength" if found[0].toys else "exact sums over the counts"
    ax.set_title(f"{subject}\n{how}", fontsize=10, loc="left")
    return save(figure, path)
