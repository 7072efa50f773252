"""The picture of a hunt for a peak: limit on the rate, limit on the coupling, and the local significance, over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import ndtr

from limits.likelihood import Array
from limits.plot.canvas import GROUND, INK, SIGNAL, mass_axis
from limits.scan import PointResult, Scan

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

GAP: Final = 6.0
"""A step so many times longer than both beside it is a gap of the search: no line is drawn across."""


SPURIOUS: Final = "spurious signal"
"""How the warning of a point begins at which toys without a signal have an excess."""


def broken(masses: Array) -> Array:
    """Places (k,) in front of which a line over these masses is interrupted."""
    steps = np.diff(np.log(masses))
    if len(steps) < 3:
        return np.zeros(0, dtype=int)
    beside = np.maximum(np.append(steps[1:], steps[-1]), np.append(steps[0], steps[:-1]))
    return np.asarray(np.flatnonzero(steps > GAP * beside) + 1)


def with_gaps(masses: Array, values: Array) -> tuple[Array, Array]:
    """Masses (n,) and values (n, ...) with a nan put into each gap of the search."""
    places = broken(masses)
    middle = np.sqrt(masses[places - 1] * masses[places]) if len(places) else np.zeros(0)
    return np.insert(masses, places.tolist(), middle), np.insert(values.astype(float), places.tolist(), np.nan, axis=0)


def local_significance(ax: Axes, scan: Scan) -> Axes:
    """Significance of the peak at every mass, and the largest one named, with its global significance.

    Masses are hatched where background-only toys have an excess, too.
    """
    masses = np.array([point.mass_gev for point in scan.points])
    z = np.array([np.nan if point.significance is None else point.significance for point in scan.points])
    ax.plot(*with_gaps(masses, z), color=INK, lw=0.8)
    mass_axis(ax, scan)
    top = max(4.0, 1.25 * float(np.nanmax(z, initial=0.0)))
    ax.set_ylabel("local Z [σ]")
    ax.set_ylim(0, top)
    ax.tick_params(which="both", direction="in", top=True, right=False)
    _p_values(ax, top)
    _spurious(ax, scan)
    if np.any(np.isfinite(z)) and np.nanmax(z) > 0:
        best = int(np.nanargmax(z))
        ax.plot(masses[best], z[best], "o", color=SIGNAL, ms=4)
        right = masses[best] > np.sqrt(masses[0] * masses[-1])
        ax.annotate(
            f"{masses[best]:.4g} GeV: {z[best]:.1f}σ{overall(scan.global_significance or {})}",
            (masses[best], z[best]),
            xytext=(-6 if right else 6, 3),
            textcoords="offset points",
            ha="right" if right else "left",
            fontsize=9,
            bbox=GROUND,
        )
    return ax


def overall(found: Mapping[str, Any]) -> str:
    """The global significance in words: from the number of crossings, and by toys, which know of spurious signals."""
    if found.get("z") is None:
        return ""
    text, toys = f" local, global {found['z']:.1f}σ", found.get("toys") or {}
    if toys.get("z") is not None:
        return f"{text} (by toys {toys['z']:.1f}σ)"
    return f"{text} (by toys > {toys['z_lower']:.1f}σ)" if toys.get("z_lower") is not None else text


def _p_values(ax: Axes, top: float) -> None:
    """The p-values of whole numbers of standard deviations on the right."""
    step = 1 if top < 5 else 2
    shown = range(step, int(top) + 1, step)
    right = ax.secondary_yaxis("right")
    powers = [f"{ndtr(-float(z)):.0e}".split("e") for z in shown]
    right.set_yticks(list(shown), [f"{digit}·10$^{{{int(power)}}}$" for digit, power in powers], fontsize=8)
    right.tick_params(direction="in")
    right.set_ylabel("local p-value", fontsize=9)


def _spurious(ax: Axes, scan: Scan) -> None:
    """Hatch the masses at which toys without a signal have one, and say so once."""
    at = np.array([any(text.startswith(SPURIOUS) for text in point.warnings) for point in scan.points])
    if not np.any(at):
        return
    masses, height = np.array([point.mass_gev for point in scan.points]), ax.get_ylim()[1]
    x, inside = with_gaps(masses, np.where(at, 1.0, 0.0))
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": INK, "alpha": 0.35, "hatch": "/////", "lw": 0}
    ax.fill_between(x, 0, height, where=inside > 0, label="excess in background-only toys, too", **look)
    ax.legend(fontsize=8, framealpha=0.9, edgecolor="none", loc="upper left")


def fitted_events(ax: Axes, scan: Scan) -> Axes:
    """Signal events at every mass with their errors."""
    points: Sequence[PointResult] = [p for p in scan.points if p.peak is not None and p.peak.events is not None]
    masses = np.array([p.mass_gev for p in points])
    events = np.array([(p.peak.events, p.peak.error) for p in points if p.peak is not None], dtype=float).reshape(-1, 2)
    x, values = with_gaps(masses, events)
    ax.fill_between(x, values[:, 0] - values[:, 1], values[:, 0] + values[:, 1], color="#c9d8ea", lw=0, label="±1σ")
    ax.plot(x, values[:, 0], color=INK, lw=0.8, label="fitted signal events")
    ax.axhline(0, color=INK, lw=0.6)
    mass_axis(ax, scan)
    ax.set_ylabel("signal events")
    ax.legend(fontsize=8, framealpha=0.9, edgecolor="none")
    return ax
