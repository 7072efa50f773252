"""Curves along the strength: the likelihood, a posterior, CLs with its band, and toys of a test statistic at one strength."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import ndtri

from limits.inference.curves import DensityCurve, PCurve
from limits.inference.profile import ProfileScan
from limits.inference.toys.ensembles import Ensemble
from limits.likelihood import Array
from limits.plot.canvas import BACKGROUND, GROUND, INK, ONE_SIGMA, SIGNAL, TWO_SIGMA, percent

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

FLOOR: Final = 1e-3
"""The smallest p-value shown."""

HIGHEST: Final = 12.0
"""The largest −2Δ ln L shown."""

BINS: Final = 50
"""At most so many bins of toys."""


def likelihood_scan(ax: Axes, scan: ProfileScan, *, level: float | None = None, label: str = "signal strength") -> Axes:
    """−2 ln L above its minimum, with the heights of 1σ, 2σ and of `level`, written on their lines."""
    value = np.array(scan.values)
    height = np.array([np.nan if d is None else d for d in scan.delta_twice_nll])
    ax.plot(value, height, color=INK, lw=2.0)
    inside = float(np.interp(scan.best_fit, value, np.where(np.isnan(height), 0.0, height)))
    ax.plot([scan.best_fit], [max(inside, 0.0)], "o", color=INK, ms=6, zorder=4, clip_on=False)
    top = min(HIGHEST, max(5.5, 1.08 * float(np.nanmax(height, initial=0.0))))
    lines = [(1.0, "1σ", "--"), (4.0, "2σ", "--"), (9.0, "3σ", "--")]
    if level is not None:
        lines.append((float(ndtri((1 + level) / 2)) ** 2, percent(level), ":"))
    for at, name, style in lines:
        if at < top:
            ax.axhline(at, color=INK, lw=0.9, ls=style)
            right = style == ":"
            where = (0.985 if right else 0.015, at)
            look = _beside(right) | ({"va": "top"} if right else {})
            ax.annotate(name, where, xycoords=("axes fraction", "data"), xytext=(0, -2 if right else 2), **look)
    error = "" if scan.error is None else f" ± {scan.error:.2g}"
    _note(ax, f"best fit {scan.best_fit:.3g}{error}", (0.5, 0.96), "center")
    ax.set_ylim(0, top)
    return _dressed(ax, value, label, "−2 Δ ln L")


def posterior_density(
    ax: Axes, curve: DensityCurve, interval: tuple[float, float], level: float, *, label: str = "signal strength"
) -> Axes:
    """The density, with the part that holds `level` shaded and its edges written."""
    low, high = interval
    s, p = curve.strengths, curve.density
    ax.plot(s, p, color=INK, lw=2.0)
    held = (s >= low) & (s <= high)
    x = np.concatenate([[max(low, s[0])], s[held], [min(high, s[-1])]])
    ax.fill_between(x, np.interp(x, s, p), facecolor=BACKGROUND, edgecolor=INK, hatch="////", lw=0, alpha=0.8)
    usual = np.median(p[s < np.median(s)])
    ax.set_ylim(0, min(1.25 * float(p.max()), 25 * float(usual)))
    for edge in (low, high):
        if s[0] < edge < s[-1]:
            ax.plot([edge, edge], [0, float(np.interp(edge, s, p))], color=INK, lw=1.4)
    text = f"{percent(level)} below {high:.3g}" if low <= s[0] else f"{percent(level)} in {low:.3g} … {high:.3g}"
    _note(ax, f"{text}\n{curve.definition}", (0.97, 0.95), "right")
    return _dressed(ax, s, label, "posterior density")


def p_values_of_strengths(
    ax: Axes,
    curve: PCurve,
    level: float,
    limit: float | None = None,
    *,
    label: str = "signal strength",
    name: str = "CLs",
) -> Axes:
    """Observed and expected p-values with their bands, the threshold 1 − level and the `limit` on the axis."""
    s = curve.strengths
    band = np.clip(curve.expected, FLOOR / 10, None)
    for low, high, colour, width in ((0, 4, TWO_SIGMA, "±2σ expected"), (1, 3, ONE_SIGMA, "±1σ expected")):
        if np.any(np.isfinite(band[:, [low, high]])):
            ax.fill_between(s, band[:, low], band[:, high], color=colour, lw=0, label=width)
            ax.plot(s, band[:, [low, high]], color=INK, lw=0.6, ls=":" if low == 0 else "-.", alpha=0.7)
    ax.plot(s, band[:, 2], color=INK, lw=1.4, ls="--", label="median expected")
    ax.plot(s, np.clip(curve.observed, FLOOR / 10, None), color=INK, lw=2.2, label="observed")
    ax.axhline(1 - level, color=SIGNAL, lw=1.2)
    ax.annotate(
        f"{name} = {1 - level:.3g}",
        (0.985, 1 - level),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        color=SIGNAL,
        **_beside(True),
    )
    if limit is not None and limit < s[-1]:
        ax.plot([limit, limit], [FLOOR, 1 - level], color=INK, lw=1.2, ls=(0, (1, 1)))
        ax.annotate(
            f"limit {limit:.3g}", (limit, FLOOR), xytext=(5, 6), textcoords="offset points", fontsize=9, bbox=GROUND
        )
    ax.set_yscale("log")
    ax.set_ylim(FLOOR, 1.5)
    ax.legend(fontsize=9, framealpha=0.9, edgecolor="none", loc="upper right")
    return _dressed(ax, s, label, name)


def toy_statistics(ax: Axes, toys: Ensemble) -> Axes:
    """q̃ of background-only and of signal-plus-background toys at one strength, and that of the data."""
    top = 1.1 * max(float(toys.signal[-1]), float(toys.background[-1]), toys.observed, 1e-9)
    edges = np.linspace(0, top, int(np.clip(1.5 * np.sqrt(len(toys.signal)), 12, BINS)) + 1)
    width = edges[1] - edges[0]
    looks: tuple[dict[str, Any], ...] = ({"fill": True, "color": BACKGROUND}, {"color": SIGNAL, "lw": 1.8, "ls": "--"})
    names = "background only", f"with signal of strength {toys.strength:.3g}"
    for values, look, name in zip((toys.background, toys.signal), looks, names, strict=True):
        density = np.histogram(values, edges)[0] / (len(values) * width)
        ax.stairs(density, edges, label=f"{name}, {len(values)} toys", **look)
    ax.axvline(toys.observed, color=INK, lw=2.0)
    right = toys.observed > top / 2
    text = f"data: q̃ = {toys.observed:.3g}\n{'CLs' if toys.divided else 'CLs+b'} = {toys.p_values.cls:.3g}"
    where: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "xytext": (-6 if right else 6, 0), "bbox": GROUND}
    ax.annotate(text, (toys.observed, 0.68), **where, **_beside(right))
    ax.set_yscale("log")
    ax.set_ylim(0.5 / (len(toys.background) * width), None)
    ax.margins(y=0.3)
    ax.legend(fontsize=9, framealpha=0.9, edgecolor="none", loc="upper right")
    return _dressed(ax, edges, "test statistic q̃", "probability density")


def _beside(right: bool) -> dict[str, Any]:
    return {"textcoords": "offset points", "ha": "right" if right else "left", "va": "bottom", "fontsize": 9}


def _note(ax: Axes, text: str, at: tuple[float, float], side: str) -> None:
    ax.text(*at, text, transform=ax.transAxes, ha=side, va="top", fontsize=9.5, bbox=GROUND, zorder=5)


def _dressed(ax: Axes, x: Array, xlabel: str, ylabel: str) -> Axes:
    ax.set_xlim(float(x[0]), float(x[-1]))
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.tick_params(which="both", direction="in", top=True, right=True)
    return ax
