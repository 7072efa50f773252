"""Upper limits against the mass, and the picture of a whole scan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from limits.likelihood import Array
from limits.plot.canvas import (
    FEW,
    INK,
    ONE_SIGMA,
    TWO_SIGMA,
    checked_suffix,
    dress,
    mass_label,
    new_axes,
    new_figure,
    same,
    save,
)
from limits.plot.hunts import local_significance, with_gaps
from limits.plot.points import published, ratios, residuals
from limits.plot.regions import exclusion
from limits.scan import Scan
from limits.search import Comparison

if TYPE_CHECKING:
    from limits.plot.canvas import Axes, Figure

BAR: Final = 1.08
"""Half width of such a bar, as a factor on the mass."""

MANY: Final = 200
"""From so many masses on a line is thin."""

BANDS: Final = ((0, 4, TWO_SIGMA, "±2σ expected"), (1, 3, ONE_SIGMA, "±1σ expected"))


def limit_band(ax: Axes, scan: Scan, *, comparisons: Sequence[Comparison] = (), label: str | None = None) -> Axes:
    """Observed and expected upper limit against the mass with the ±1σ and ±2σ bands, and published points.

    A mass without a limit is a gap. `label` replaces the title.
    """
    masses = np.array([point.mass_gev for point in scan.points], dtype=float)
    observed = np.array([point.observed_limit for point in scan.points], dtype=float)
    expected = np.array([tuple(point.expected_limit) for point in scan.points], dtype=float).reshape(-1, 5)
    dress(ax, scan, label)
    if scan.rate is not None:
        (masses, observed), (_, expected) = with_gaps(masses, observed), with_gaps(masses, expected)
    if len(masses) < FEW:
        _separate(ax, masses, observed, expected, _seen(scan))
    else:
        _joined(ax, masses, observed, expected, _seen(scan))
    published(ax, [c for c in comparisons if c.edge in ("observed", "expected")])
    ax.legend(fontsize=9, framealpha=0.9, edgecolor="none")
    return ax


def _seen(scan: Scan) -> str:
    """What the line called observed shows: events that are not public may be assumed."""
    if scan.data is not None:
        return seen_in(scan.data)
    return "events assumed, not observed" if "observed" in scan.assumptions else "observed"


def _joined(ax: Axes, masses: Array, observed: Array, expected: Array, seen: str) -> None:
    for low, high, colour, name in BANDS:
        if not np.any(np.isfinite(expected[:, [low, high]])):  # a hunt without toys has a median only
            continue
        label = name + " (no width)" * same(expected[:, low], expected[:, high])
        ax.fill_between(masses, expected[:, low], expected[:, high], color=colour, lw=0, label=label)
        # In grey, or printed badly, the borders still show which band is which.
        ax.plot(masses, expected[:, [low, high]], color=INK, lw=0.6, ls=":" if low == 0 else "-.", alpha=0.7)
    median = "median expected (as observed)" if same(expected[:, 2], observed) else "median expected"
    ax.plot(masses, expected[:, 2], color=INK, lw=1.4, ls="--", label=median)
    ax.plot(masses, observed, color=INK, lw=2.2 if len(masses) < MANY else 0.9, label=seen)


def _separate(ax: Axes, masses: Array, observed: Array, expected: Array, seen: str) -> None:
    """One bar per mass, the bands on top of each other."""
    for i, mass in enumerate(masses):
        span, first = np.array([mass / BAR, mass * BAR]), i == 0
        for low, high, colour, name in BANDS:
            edges = expected[i, [low, low]], expected[i, [high, high]]
            ax.fill_between(span, *edges, facecolor=colour, edgecolor=INK, lw=0.6, label=name if first else None)
        ax.plot(span, expected[i, [2, 2]], color=INK, lw=1.4, ls="--", label="median expected" if first else None)
        ax.plot(span, observed[[i, i]], color=INK, lw=2.4, label=seen if first else None)
    ax.margins(x=0.15)


def seen_in(data: str) -> str:
    """What the line of a limit is, for data that may be simulated."""
    return data if data.startswith(("simulated", "Asimov")) else "observed"


def _hunt(scan: Scan, comparisons: Sequence[Comparison]) -> Figure:
    """Limits on rate and coupling with their bands, and the local significance below."""
    figure = new_figure(size=(8.0, 9.6))
    axes = list(figure.subplots(3, 1, sharex=True, height_ratios=(2, 2, 1.2)))
    of_rate = scan.of_rate()
    limit_band(axes[0], of_rate, comparisons=[c for c in comparisons if c.of == "rate"])
    limit_band(axes[1], scan, comparisons=[c for c in comparisons if c.of == "coupling"], label="")
    axes[0].set_xlabel("")
    axes[1].set_xlabel("")
    # There is room for a legend left of where the coupling grows.
    if (legend := axes[0].get_legend()) is not None:
        legend.remove()
    axes[1].legend(fontsize=9, framealpha=0.9, edgecolor="none", loc="upper left")
    local_significance(axes[2], scan)
    for axis in axes[:2]:
        axis.grid(visible=True, which="both", axis="y", lw=0.3, alpha=0.5)
    return figure


def save_scan(scan: Scan, path: Path, comparisons: Sequence[Comparison] = ()) -> Path:
    """The picture of a scan, `scan_figure`, as a file.

    Raises:
        InputError: a suffix that is not known.
        MissingExtra: matplotlib is not installed.
    """
    checked_suffix(path)
    return save(scan_figure(scan, comparisons), path)


def scan_figure(scan: Scan, comparisons: Sequence[Comparison] = ()) -> Figure:
    """Its region, or its limit with the ratio to the published points below, if there are any; of a hunt the significance, too.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    if scan.exclusion == "region":
        figure, (top,) = new_axes()
        exclusion(top, scan, comparisons=comparisons)
        return figure
    if scan.rate is not None and len(scan.points) >= FEW:
        return _hunt(scan, comparisons)
    at, ratio = ratios(scan, comparisons)
    figure, axes = new_axes(ratio=len(at) > 0)
    limit_band(axes[0], scan, comparisons=comparisons)
    if len(at):
        axes[0].set_xlabel("")
        residuals(axes[1], at, ratio, scan.label).set_xlabel(mass_label(scan))
    return figure
