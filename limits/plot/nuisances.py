"""Pulls of the nuisances, and their impacts on the strength beside them, the largest on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from limits.inference.impacts import Impact, Impacts, Shifts
from limits.plot.canvas import BACKGROUND, INK, SIGNAL

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

MOST: Final = 20
"""Nuisances shown; the number of those left out is written below."""

LONGEST: Final = 34
"""Characters of a name that are shown."""


def nuisance_pulls(ax: Axes, found: Impacts) -> Axes:
    """Fitted minus auxiliary value over the error of the constraint, for every nuisance that has one; bars are errors after the fit."""
    rows = found.ranked[:MOST]
    ax.axvspan(-2, 2, color=INK, alpha=0.06, lw=0)
    ax.axvspan(-1, 1, color=INK, alpha=0.10, lw=0)
    ax.axvline(0.0, color=INK, lw=1.0)
    for y, row in enumerate(rows):
        if row.pull is None:
            ax.text(0.0, y, "free", ha="center", va="center", fontsize=8, style="italic", backgroundcolor="white")
        else:
            ax.errorbar(row.pull, y, xerr=row.pull_error, fmt="o", ms=4.5, color=INK, capsize=2.5)
    reach = max([2.4, *(abs(row.pull) + (row.pull_error or 0.0) for row in rows if row.pull is not None)])
    ax.set_xlim(-1.1 * reach, 1.1 * reach)
    ax.set_xlabel("pull")
    return _named(ax, rows)


def nuisance_impacts(ax: Axes, found: Impacts) -> Axes:
    """Shifts of the best strength for each nuisance held up (filled) and down (hatched) after the fit; before it as outlines."""
    rows = found.ranked[:MOST]
    y = np.arange(len(rows))
    looks: tuple[tuple[int, dict[str, Any]], ...] = (
        (0, {"color": SIGNAL}),
        (1, {"facecolor": BACKGROUND, "edgecolor": INK, "hatch": "////", "lw": 0}),
    )
    for side, look in looks:
        after = _side([row.postfit for row in rows], side)
        ax.barh(y, after, height=0.62, label=f"{'+−'[side]}1σ after the fit", **look)
    for side, line in ((0, "-"), (1, "--")):
        before = _side([row.prefit for row in rows], side)
        label = f"{'+−'[side]}1σ before the fit"
        ax.barh(y, before, height=0.82, fill=False, edgecolor=INK, ls=line, lw=0.9, label=label)
    ax.axvline(0.0, color=INK, lw=1.0)
    widest = max([abs(x) for row in rows for pair in (row.prefit, row.postfit) for x in pair if x], default=1.0)
    ax.set_xlim(-1.15 * widest, 1.15 * widest)
    ax.set_xlabel("shift of the signal strength")
    _named(ax, rows)
    ax.legend(fontsize=8.5, frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    left = len(found.ranked) - len(rows)
    if left:
        ax.text(0.99, 0.01, f"{left} smaller ones not shown", transform=ax.transAxes, fontsize=8, ha="right")
    return ax


def _side(shifts: Sequence[Shifts], side: int) -> list[float]:
    return [0.0 if (shift := pair[side]) is None else shift for pair in shifts]


def _named(ax: Axes, rows: Sequence[Impact]) -> Axes:
    """One line per nuisance, the first on top."""
    names = [row.name for row in rows]
    common = {name.rpartition("/")[0] for name in names}
    if len(common) == 1:  # the search, which stands in the title
        names = [name.rpartition("/")[2] for name in names]
    names = [name if len(name) <= LONGEST else f"…{name[-LONGEST:]}" for name in names]
    ax.set_yticks(range(len(rows)), names, fontsize=8.5)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="x", which="both", direction="in", top=True)
    ax.tick_params(axis="y", which="both", length=0)
    return ax
