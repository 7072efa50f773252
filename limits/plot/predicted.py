"""Data and a fit of them in bins, with the uncertainty of the fit: what a picture of a fit shows, for bins and for spectra."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from limits import kernel
from limits.errors import InputError
from limits.kernel.quadrature import gauss_legendre
from limits.likelihood import Array, Fit, Likelihood
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.joint import JointLikelihood
from limits.likelihood.quadratic import QuadraticLikelihood
from limits.likelihood.unbinned import UnbinnedLikelihood

FEWEST, MOST = 12, 60
"""Bins of a spectrum; between them the square root of twice the number of events."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Per bin (n,), between `edges` (n + 1,): events seen, expected with and without signal, and the error of the former.

    `names` are those of the bins, "channel[i]", of a likelihood of bins; none for a spectrum, whose edges are in its observable.
    """

    edges: Array
    counts: Array
    background: Array
    total: Array
    error: Array
    names: tuple[str, ...] = ()


def predicted(likelihood: Likelihood, fit: Fit) -> Prediction:
    """What `fit` expects in each bin of the data, the error from its covariance, linearly propagated.

    Raises:
        InputError: neither bins nor one spectrum: windows that differ.
    """
    if isinstance(likelihood, QuadraticLikelihood):
        binned = likelihood.binned
        names = binned.bins or _numbered(len(binned.counts))

        def rates(theta: Array) -> Array:
            return likelihood.asimov(theta)[: len(likelihood.counts)]

        return _made(rates, _steps(names), likelihood.counts, fit, names)
    if isinstance(likelihood, BinnedLikelihood):
        shape, names = likelihood.shape, likelihood.bins or _numbered(len(likelihood.counts))
        return _made(lambda theta: kernel.rates(shape, theta), _steps(names), likelihood.counts, fit, names)
    return _spectrum(likelihood, fit)


def _numbered(size: int) -> tuple[str, ...]:
    return tuple(f"bin[{i}]" for i in range(size))


def _steps(names: Sequence[str]) -> Array:
    return np.arange(len(names) + 1, dtype=np.float64) - 0.5


def _spectrum(likelihood: Likelihood, fit: Fit) -> Prediction:
    """All categories together, where there are several."""
    if isinstance(likelihood, JointLikelihood):
        parts: Sequence[object] = likelihood.parts
        places = likelihood.places
    else:
        parts, places = [likelihood], (np.arange(len(fit.theta)),)
    spectra = [part for part in parts if isinstance(part, UnbinnedLikelihood)]
    if len(spectra) < len(parts) or len({part.window for part in spectra}) > 1:
        raise InputError(f"{likelihood.name}: bins and spectra, or different windows, do not fit into one picture")
    events = np.concatenate([part.events for part in spectra])
    edges = np.linspace(*spectra[0].window, int(np.clip(np.sqrt(2 * len(events)), FEWEST, MOST)) + 1)
    x, w = gauss_legendre(8)
    half = np.diff(edges)[:, None] / 2
    nodes = (edges[:-1, None] + half * (x + 1)).ravel()

    def rates(theta: Array) -> Array:
        density = sum(part.model.density(nodes, theta[at]) for part, at in zip(spectra, places, strict=True))
        return np.asarray((half * w * np.reshape(density, (-1, len(x)))).sum(axis=1))

    return _made(rates, edges, np.histogram(events, edges)[0].astype(float), fit, ())


def _made(rates: Callable[[Array], Array], edges: Array, counts: Array, fit: Fit, names: tuple[str, ...]) -> Prediction:
    step = 1e-4 * np.maximum(np.where(np.isfinite(fit.errors), fit.errors, 0.0), 1e-12)
    up, down = (np.stack([rates(fit.theta + sign * row) for row in np.diag(step)]) for sign in (1, -1))
    slope = (up - down) / (2 * step[:, None])
    covariance = np.where(np.isfinite(fit.covariance), fit.covariance, 0.0)
    error = np.sqrt(np.maximum(np.einsum("pb,pq,qb->b", slope, covariance, slope), 0.0))
    without = fit.theta.copy()
    without[0] = 0.0
    return Prediction(edges, counts, rates(without), rates(fit.theta), error, names)
