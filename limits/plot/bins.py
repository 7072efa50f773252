"""A fitted likelihood: data on the stacked background and signal with the uncertainty of the fit, pulls below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import gammainccinv, gammaincinv

from limits.likelihood import Array, Fit, Likelihood
from limits.plot.canvas import BACKGROUND, INK, SIGNAL
from limits.plot.predicted import Prediction, predicted

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

TAIL: Final = 0.15865525393145707
"""Probability beyond one standard deviation on one side."""


def fitted_bins(
    ax: Axes, likelihood: Likelihood, fit: Fit, *, pulls: Axes | None = None, observable: str = "observable"
) -> Axes:
    """Data with Poisson error bars (central 68 %) on the stacked background and signal of `fit`, with its uncertainty hatched.

    For bins and for spectra, which are put into bins; `observable` is the label of their axis. To show a signal at its limit, fit with
    the strength held there. `pulls` gets (data − fit)/√fit per bin; of a spectrum (data − background)/√fit, and the signal.

    Raises:
        InputError: several spectra of different windows.
    """
    seen = predicted(likelihood, fit)
    _stack(ax, seen, fit.strength)
    centres = (seen.edges[1:] + seen.edges[:-1]) / 2
    ax.errorbar(centres, seen.counts, _poisson_errors(seen.counts), fmt="o", ms=4, color=INK, capsize=0, label="data")
    _scale(ax, seen)
    ax.set_xlim(seen.edges[0], seen.edges[-1])
    for axes in (ax,) if pulls is None else (ax, pulls):
        axes.tick_params(which="both", direction="in", top=True, right=True)
        if seen.names:
            axes.tick_params(axis="x", which="both", length=0)
    bottom = ax if pulls is None else pulls
    if seen.names:
        _name_bins(ax, bottom, seen.names)
        ax.set_ylabel("events")
    else:
        bottom.set_xlabel(observable)
        ax.set_ylabel(f"events / {_width(seen.edges)}")
    ax.legend(fontsize=9, framealpha=0.9, edgecolor="none", ncols=2)
    if pulls is not None:
        _draw_pulls(pulls, centres, seen)
    return ax


def _stack(ax: Axes, seen: Prediction, strength: float) -> None:
    """Background, signal on it (or taken from it), their sum as a line, its error hatched."""
    low, high = np.minimum(seen.background, seen.total), np.maximum(seen.background, seen.total)
    ax.stairs(seen.background, seen.edges, fill=True, color=BACKGROUND, label="background")
    ax.stairs(high, seen.edges, baseline=low, fill=True, color=SIGNAL, label=f"signal × {strength:.3g}")
    below = np.maximum(seen.total - seen.error, 0.0)
    hatched: dict[str, Any] = {"facecolor": "none", "edgecolor": INK, "lw": 0, "hatch": "////"}
    ax.stairs(seen.total + seen.error, seen.edges, baseline=below, fill=True, label="fit uncertainty", **hatched)
    ax.stairs(seen.total, seen.edges, color=INK, lw=1.0, baseline=None)


def _scale(ax: Axes, seen: Prediction) -> None:
    """Logarithmic where bins differ much; with room for the legend either way."""
    tallest = max(float(np.max(seen.counts + np.sqrt(seen.counts))), float(np.max(seen.total + seen.error)), 1.0)
    if seen.names and np.all(seen.total > 0) and seen.total.max() > 50 * seen.total.min():
        ax.set_yscale("log")
        ax.set_ylim(0.3 * min(seen.total.min(), max(1.0, seen.counts.min())), 12 * tallest)
    else:
        ax.set_ylim(0, 1.35 * tallest)


def _width(edges: Array) -> str:
    """The width of the bins, in MeV below a tenth of a GeV."""
    width = float(edges[1] - edges[0])
    return f"({1e3 * width:.3g} MeV)" if width < 0.1 else f"({width:.3g} GeV)"


def _poisson_errors(counts: Array) -> Array:
    """Distances (2, n) to the ends of the central 68 % interval of a Poisson mean."""
    low = np.where(counts > 0, gammaincinv(np.maximum(counts, 1e-9), TAIL), 0.0)
    return np.stack([counts - low, gammainccinv(counts + 1, TAIL) - counts])


def _name_bins(ax: Axes, bottom: Axes, names: tuple[str, ...]) -> None:
    """Number the bins of each channel from 1, write the channel below them, and part the channels."""
    channels = [name.partition("[")[0] for name in names]
    within = [channels[:i].count(channel) + 1 for i, channel in enumerate(channels)]
    step = -(-len(names) // 30)
    shown = [i for i, number in enumerate(within) if (number - 1) % step == 0]
    bottom.set_xticks(shown, [str(within[i]) for i in shown])
    bottom.set_xlabel("bin of " + ", ".join(dict.fromkeys(channels)))
    for i in range(1, len(names)):
        if channels[i] != channels[i - 1]:
            for axes in {id(one): one for one in (ax, bottom)}.values():
                axes.axvline(i - 0.5, color=INK, lw=0.8, ls=":")


def _draw_pulls(ax: Axes, centres: Array, seen: Prediction) -> None:
    """Data over the fit; of a spectrum, data and signal over the background: a peak is small there."""
    root = np.sqrt(np.maximum(seen.total, 1e-12))
    values = (seen.counts - (seen.total if seen.names else seen.background)) / root
    reach = max(3.2, 1.15 * float(np.abs(values).max()))
    ax.axhspan(-2, 2, color=INK, alpha=0.06, lw=0)
    ax.axhspan(-1, 1, color=INK, alpha=0.10, lw=0)
    ax.axhline(0.0, color=INK, lw=1.0)
    ax.plot(centres, values, "o", ms=4, color=INK)
    if not seen.names:
        ax.stairs((seen.total - seen.background) / root, seen.edges, baseline=None, color=SIGNAL, lw=1.8)
    ax.set_ylim(-reach, reach)
    ax.set_yticks([-2, 0, 2])
    ax.set_ylabel("(data − fit)\n/ √fit" if seen.names else "(data − bkg.)\n/ √fit", fontsize=9)
