"""Published points, and how they compare with what was computed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from limits.likelihood import Array
from limits.plot.canvas import INK
from limits.scan import Scan
from limits.search import Comparison

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

STYLES: Final = (("#b0283a", "o"), ("#1f4e9c", "s"), ("#7a3e9d", "^"), ("#00796b", "D"))
"""Colour and marker of each published source, in order of appearance."""

TICK: Final = (0, (2, 1))

LINE: Final = 44
"""Characters per line of a source in a legend; two lines are shown."""

RATIO_TICKS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def published(ax: Axes, comparisons: Iterable[Comparison]) -> Axes:
    """Published values as points, one colour and marker per source; expected ones are open, tips are ticks on the mass axis."""
    shown = list(comparisons)
    styles = {source: STYLES[i % len(STYLES)] for i, source in enumerate(dict.fromkeys(c.source for c in shown))}
    named: set[str] = set()
    if any(c.mass_gev is None for c in shown):
        ax.plot([], [], color=INK, lw=1.8, ls=TICK, label="highest published mass")
    for comparison in shown:
        colour, marker = styles[comparison.source]
        if comparison.mass_gev is None:
            ax.axvline(comparison.value, ymax=0.12, color=colour, lw=1.8, ls=TICK)
            continue
        first = comparison.source not in named
        named.add(comparison.source)
        ax.plot(
            [comparison.mass_gev],
            [comparison.value],
            color=colour,
            marker=marker,
            ms=6.5,
            mfc="none" if comparison.edge == "expected" else colour,
            mec=colour if comparison.edge == "expected" else "white",
            mew=1.6 if comparison.edge == "expected" else 0.8,
            ls="none",
            zorder=5,
            label=_short(comparison.source) if first else None,
        )
    return ax


def _short(source: str) -> str:
    return textwrap.fill(textwrap.shorten(source, 2 * LINE - 10, placeholder=" …"), LINE)


def ratios(scan: Scan, comparisons: Sequence[Comparison]) -> tuple[Array, Array]:
    """Masses and computed over published observed limits, (n,) each; between scanned masses by log–log interpolation."""
    found = [(p.mass_gev, p.observed_limit) for p in scan.points if p.observed_limit]
    wanted = [(c.mass_gev, c.value) for c in comparisons if c.edge == "observed" and c.mass_gev is not None]
    if not found or not wanted:
        return np.zeros(0), np.zeros(0)
    (mass, limit), (at, value) = np.array(found, dtype=float).T, np.array(wanted, dtype=float).T
    inside = (at >= mass.min() * (1 - 1e-9)) & (at <= mass.max() * (1 + 1e-9))
    at, value = at[inside], value[inside]
    return at, np.exp(np.interp(np.log(at), np.log(mass), np.log(limit))) / value


def residuals(ax: Axes, masses: ArrayLike, ratios: ArrayLike, label: str) -> Axes:
    """Computed over published against mass (n,), with a line at 1; call again on the same Axes to add another set."""
    previous = [line for line in ax.lines if line.get_gid() == "ratio"]
    colour, marker = STYLES[len(previous) % len(STYLES)]
    values = np.asarray(ratios, dtype=float)
    if not previous:
        ax.axhline(1.0, color=INK, lw=1.0)
        ax.axhspan(0.9, 1.1, color=INK, alpha=0.08, lw=0)
    if ax.get_xscale() != "log":  # setting it again would throw away the ticks of an Axes that shares x
        ax.set_xscale("log")
    ax.set_yscale("log")
    ax.plot(np.asarray(masses), values, color=colour, marker=marker, ms=5, ls="none", label=label, gid="ratio")
    everything = np.concatenate([values, *(np.asarray(line.get_ydata(), dtype=float) for line in previous)])
    everything = everything[np.isfinite(everything) & (everything > 0)]
    reach = 1.15 * max([1.2, *everything, *(1 / everything)])
    ax.set_ylim(1 / reach, reach)
    _plain_ticks(ax, reach)
    ax.set_ylabel("computed\n/ published", fontsize=9)
    ax.set_xlabel("mass [GeV]")
    ax.tick_params(which="both", direction="in", top=True, right=True)
    ax.legend(fontsize=8, framealpha=0.9, edgecolor="none", loc="best")
    return ax


def _plain_ticks(ax: Axes, reach: float) -> None:
    """Ratios as people say them, as many as fit."""
    step = 1.1 if reach < 1.6 else 2.0 if reach < 8 else 10.0
    ticks = [t for t in RATIO_TICKS if 1 / reach < t < reach and (t == 1 or max(t, 1 / t) >= step)]
    ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
    ax.set_yticks([], minor=True)
