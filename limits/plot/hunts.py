"""The picture of a hunt for a peak: limit on the rate, limit on the coupling, and the local significance, over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from limits.likelihood import Array
from limits.plot.canvas import INK, SIGNAL, mass_axis
from limits.scan import PointResult, Scan

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

GAP: Final = 6.0
"""A step so many times longer than both beside it is a gap of the search: no line is drawn across."""


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
    """Significance of the peak at every mass, and the largest one named, with its global significance."""
    masses = np.array([point.mass_gev for point in scan.points])
    z = np.array([np.nan if point.significance is None else point.significance for point in scan.points])
    ax.plot(*with_gaps(masses, z), color=INK, lw=0.8)
    mass_axis(ax, scan)
    ax.set_ylabel("local Z [σ]")
    ax.set_ylim(0, max(4.0, 1.15 * float(np.nanmax(z, initial=0.0))))
    ax.tick_params(which="both", direction="in", top=True, right=True)
    found = scan.global_significance or {}
    if np.any(np.isfinite(z)) and np.nanmax(z) > 0:
        best = int(np.nanargmax(z))
        ax.plot(masses[best], z[best], "o", color=SIGNAL, ms=4)
        overall = "" if found.get("z") is None else f", global {found['z']:.1f}σ"
        right = masses[best] > np.sqrt(masses[0] * masses[-1])
        ax.annotate(
            f"{masses[best]:.4g} GeV: {z[best]:.1f}σ{overall}",
            (masses[best], z[best]),
            xytext=(-6 if right else 6, 2),
            textcoords="offset points",
            ha="right" if right else "left",
            fontsize=8,
        )
    return ax


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
