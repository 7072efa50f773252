"""A fitted binned likelihood: data, background and signal per bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import gammainccinv, gammaincinv

from limits import kernel
from limits.likelihood import Array, Fit
from limits.likelihood.binned import BinnedLikelihood
from limits.plot.canvas import BACKGROUND, INK, SIGNAL

if TYPE_CHECKING:
    from limits.plot.canvas import Axes

TAIL: Final = 0.15865525393145707
"""Probability beyond one standard deviation on one side."""


def fitted_bins(ax: Axes, likelihood: BinnedLikelihood, fit: Fit, *, pulls: Axes | None = None) -> Axes:
    """Data with Poisson error bars (central 68 %) on the stacked background and signal of `fit`, with its uncertainty hatched.

    To show a signal at its limit, fit with the strength held there. `pulls` gets (data − fit)/√fit per bin.
    """
    n = likelihood.shape.n_bins
    edges, centres = np.arange(n + 1) - 0.5, np.arange(n, dtype=np.float64)
    signal, background = kernel.yields(likelihood.shape, fit.theta)
    total = background + fit.strength * signal
    error = _error(likelihood, fit)
    ax.stairs(background, edges, fill=True, color=BACKGROUND, label="background")
    ax.stairs(total, edges, baseline=background, fill=True, color=SIGNAL, label=f"signal × {fit.strength:.3g}")
    lower = np.maximum(total - error, 0.0)
    ax.stairs(
        total + error,
        edges,
        baseline=lower,
        fill=True,
        facecolor="none",
        edgecolor=INK,
        lw=0,
        hatch="////",
        label="fit uncertainty",
    )
    ax.stairs(total, edges, color=INK, lw=1.0, baseline=None)
    counts = likelihood.counts
    ax.errorbar(centres, counts, _poisson_errors(counts), fmt="o", ms=4.5, color=INK, capsize=0, label="data")
    if np.all(total > 0) and total.max() > 50 * total.min():
        ax.set_yscale("log")
        ax.set_ylim(0.3 * min(total.min(), max(1.0, counts.min())), 6 * max(total.max(), counts.max()))
    ax.set_ylabel("events")
    ax.set_xlim(edges[0], edges[-1])
    _name_bins(ax if pulls is None else pulls, likelihood)
    ax.legend(fontsize=9, framealpha=0.9, edgecolor="none")
    if pulls is not None:
        _draw_pulls(pulls, centres, (counts - total) / np.sqrt(np.maximum(total, 1e-12)))
    return ax


def _error(likelihood: BinnedLikelihood, fit: Fit) -> Array:
    """Standard deviation of the expected counts (n_bins,) from the covariance of the fit, linearly propagated."""
    step = 1e-4 * np.maximum(fit.errors, 1e-12)
    up, down = (kernel.rates(likelihood.shape, fit.theta + sign * np.diag(step)) for sign in (1, -1))
    slope = (up - down) / (2 * step[:, None])
    return np.asarray(np.sqrt(np.maximum(np.einsum("pb,pq,qb->b", slope, fit.covariance, slope), 0.0)))


def _poisson_errors(counts: Array) -> Array:
    """Distances (2, n) to the ends of the central 68 % interval of a Poisson mean."""
    low = np.where(counts > 0, gammaincinv(np.maximum(counts, 1e-9), TAIL), 0.0)
    return np.stack([counts - low, gammainccinv(counts + 1, TAIL) - counts])


def _name_bins(ax: Axes, likelihood: BinnedLikelihood) -> None:
    """Number the bins of each channel from 1 and write the channel below them."""
    names = likelihood.bins or tuple(f"bin[{i}]" for i in range(likelihood.shape.n_bins))
    channels = [name.partition("[")[0] for name in names]
    within = [channels[:i].count(channel) for i, channel in enumerate(channels)]
    ax.set_xticks(range(len(names)), [str(i + 1) for i in within])
    ax.set_xlabel("bin of " + ", ".join(dict.fromkeys(channels)))
    for i in range(1, len(names)):
        if channels[i] != channels[i - 1]:
            ax.axvline(i - 0.5, color=INK, lw=0.8, ls=":")


def _draw_pulls(ax: Axes, centres: Array, values: Array) -> None:
    reach = max(3.2, 1.15 * float(np.abs(values).max()))
    ax.axhspan(-2, 2, color=INK, alpha=0.06, lw=0)
    ax.axhspan(-1, 1, color=INK, alpha=0.10, lw=0)
    ax.axhline(0.0, color=INK, lw=1.0)
    ax.plot(centres, values, "o", ms=4.5, color=INK)
    ax.set_ylim(-reach, reach)
    ax.set_yticks([-2, 0, 2])
    ax.set_ylabel("(data − fit)\n/ √fit", fontsize=9)
