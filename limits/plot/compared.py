"""A scan and a published curve over each other, their ratio below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from limits.likelihood import Array
from limits.plot.canvas import FEW, INK, checked_suffix, mass_label, mass_ticks, new_axes, save
from limits.plot.points import STYLES
from limits.plot.regions import exclusion, name_outlines
from limits.plot.scans import limit_band
from limits.scan import Scan

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

DASHES: Final = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))
"""Of the ratios, in order: they are told apart without colour."""

LINES: Final = {"observed": "-", "expected": "--"}

TICKS: Final = (
    (0.75, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3),
    (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0),
    (0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0),
    (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0),
    *(tuple(10.0 ** (n * step) for n in range(-300 // step, 300 // step)) for step in (1, 2, 5, 10, 20, 50, 100)),
)
"""Ratios as people say them: the finest that are not too many are shown."""

MOST_TICKS: Final = 6

NAMES: Final = {"limit": "", "lower": ", lower edge", "upper": ", upper edge"}


class Curve(Protocol):
    """Edges of a published exclusion: see `limits.comparison.PublishedCurve`."""

    @property
    def mass(self) -> Array: ...  # noqa: D102
    @property
    def lower(self) -> Array: ...  # noqa: D102
    @property
    def upper(self) -> Array | None: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102


class Ratio(Protocol):
    """Computed over published along one edge: see `limits.comparison.Ratio`."""

    @property
    def edge(self) -> str: ...  # noqa: D102
    @property
    def mass(self) -> Array: ...  # noqa: D102
    @property
    def ratio(self) -> Array: ...  # noqa: D102


class Pair(Protocol):
    """A published curve, "observed" or "expected", and its ratios: see `limits.comparison.Pair`."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def curve(self) -> Curve: ...  # noqa: D102
    @property
    def ratios(self) -> Sequence[Ratio]: ...  # noqa: D102


def save_compared(scan: Scan, pairs: Sequence[Pair], path: Path) -> Path:
    """The picture of a scan with published curves on it, and the ratio below if there is any.

    Raises:
        InputError: a suffix that is not known.
        MissingExtra: matplotlib is not installed.
    """
    checked_suffix(path)
    some = [(pair, ratio) for pair in pairs for ratio in pair.ratios if len(ratio.mass)]
    figure, axes = new_axes(ratio=bool(some), size=(7.0, 6.4))
    compared(axes[0], scan, pairs)
    if some:
        axes[0].set_xlabel("")
        lines = [(f"{pair.kind}{NAMES[ratio.edge]}", ratio) for pair, ratio in some]
        # Between the masses of a hunt nothing was computed.
        quotients(axes[1], lines, joined=scan.rate is None).set_xlabel(mass_label(scan))
    return save(figure, path)


def compared(ax: Axes, scan: Scan, pairs: Sequence[Pair]) -> Axes:
    """The limit with its band, or the region, as for a scan alone; published curves as coloured lines over it."""
    region = scan.exclusion == "region"
    if region:
        exclusion(ax, scan, named=False)
    else:
        limit_band(ax, scan)
    for pair, (colour, _) in zip(pairs, STYLES, strict=False):
        label = f"published {pair.kind}: {pair.curve.source}"
        label = textwrap.fill(textwrap.shorten(label, 100, placeholder=" …"), 40)
        mass, border = _border(pair.curve)
        ax.plot(mass, border, color=colour, ls=LINES[pair.kind], lw=1.8, label=label, zorder=4)
    _widen(ax, [pair.curve for pair in pairs])
    if region:
        name_outlines(ax, scan)
    ax.legend(fontsize=8.5, framealpha=0.9, edgecolor="none", loc="best")
    return ax


def quotients(ax: Axes, lines: Sequence[tuple[str, Ratio]], *, joined: bool) -> Axes:
    """Computed over published against mass with a line at 1 and ±10 % in grey; as points unless `joined`."""
    ax.axhline(1.0, color=INK, lw=1.0)
    ax.axhspan(0.9, 1.1, color=INK, alpha=0.08, lw=0)
    for (label, ratio), (colour, marker), dashes in zip(lines, STYLES, DASHES, strict=False):
        look: dict[str, Any] = {"ls": dashes, "lw": 1.8} if joined else {"ls": "none", "marker": marker, "ms": 5}
        ax.plot(ratio.mass, ratio.ratio, color=colour, label=label, **look)
    every = np.concatenate([ratio.ratio for _, ratio in lines])
    low, high = min(0.8, every.min() / 1.1), max(1.25, every.max() * 1.1)
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    shown = _ticks(low, high)
    ax.set_yticks(shown, [f"{tick:g}" for tick in shown])
    ax.set_yticks([], minor=True)
    ax.set_ylabel("computed\n/ published", fontsize=9)
    ax.tick_params(which="both", direction="in", top=True, right=True)
    ax.legend(fontsize=8, framealpha=0.9, edgecolor="none", loc="best")
    return ax


def _ticks(low: float, high: float) -> list[float]:
    """The finest ticks that are not too many and leave no large part of the axis without one."""
    for ticks in TICKS:
        shown = [tick for tick in ticks if low <= tick <= high]
        gaps = np.diff(np.log([low, *shown, high]))
        if len(shown) <= MOST_TICKS and gaps.max() < 0.5 * gaps.sum():
            return shown
    return [1.0]


def _border(curve: Curve) -> tuple[Array, Array]:
    """An upper limit as it stands; the edges of a region as one closed line."""
    if curve.upper is None:
        return curve.mass, curve.lower
    mass, edges = (np.r_[a, b[::-1]] for a, b in ((curve.mass, curve.mass), (curve.lower, curve.upper)))
    return np.r_[mass, mass[:1]], np.r_[edges, edges[:1]]


def _widen(ax: Axes, curves: Sequence[Curve]) -> None:
    """The axes of the scan, far enough to show the published curves too, with ticks of the wider range."""
    for get, put, values in (
        (ax.get_xlim, ax.set_xlim, [curve.mass for curve in curves]),
        (ax.get_ylim, ax.set_ylim, [_border(curve)[1] for curve in curves]),
    ):
        (low, high), every = get(), np.concatenate(values)
        every = every[np.isfinite(every)]
        put(min([low, *every]), max([high, *every]))
    ax.set_xscale("log")  # forgets the ticks of the scan
    if ticks := mass_ticks(list(np.geomspace(*ax.get_xlim(), FEW))):
        ax.set_xticks(ticks, [f"{mass:g}" for mass in ticks])
        ax.set_xticks([], minor=True)
