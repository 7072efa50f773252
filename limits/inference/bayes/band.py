"""Expected Bayesian limits of any binned likelihood: background-only toys, Laplace's approximation of the marginal for each.

Toys are thrown at the background-only fit to the data, counts and auxiliary data both fluctuate. The limit of a toy does not depend on the
others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr

from limits.errors import FitError
from limits.inference.bayes.coordinates import Coordinates
from limits.inference.bayes.marginal import gaussian_integral
from limits.inference.bayes.marginalised import Marginalised, marginalised
from limits.inference.bayes.posterior import edges
from limits.inference.bayes.priors import FLAT, Kind, Prior
from limits.inference.results import SIGMAS
from limits.inference.toys.ensembles import BACKGROUND_ONLY, thrown
from limits.likelihood import Array
from limits.likelihood.binned import BinnedLikelihood

BY_BAYES_TOYS: Final = (
    "a-posteriori: −2…+2σ quantiles of background-only toys, nuisances fitted to the data; "
    "Laplace's approximation of each toy's marginal likelihood"
)

TOYS: Final = 200
"""Toys where no number is asked for: the median is then known to about 4 %, ±2σ to about 8 %."""

NODES: Final = 20
"""Strengths at which each toy's marginal likelihood is computed."""

GRID: Final = 1001
"""Strengths at which it is interpolated and summed: the trapezoidal error of a limit is below 1e-4."""

DROP: Final = 14.0
"""It is followed down to e^−DROP of its peak: 1e-6 of the probability."""

ROUGH: Final = 0.03
"""A limit by Laplace's approximation that is off by more than this is worth a warning."""

LOST: Final = 0.05
"""No band where more than this share of the toys is lost."""


@dataclass(frozen=True, eq=False)
class _Laplace:
    """Limits of many data sets; `scale` is a strength of the size of their limits, `reference` holds the Jeffreys prior."""

    coordinates: Coordinates
    prior: Prior
    scale: float
    reference: Marginalised

    def _ends(self, data: Array) -> Array:
        """Where the marginal of each data set (T, n_data) has died, (T,)."""
        lower, start = self.prior.lower, self.coordinates.start(data)
        best, u = self._log_density(data, np.full(len(data), lower), start)
        top, waiting = np.full(len(data), lower), np.arange(len(data))
        for k in range(60):
            top[waiting] = min(lower + self.scale * 2.0**k, self.prior.upper)
            value, u[waiting] = self._log_density(data[waiting], top[waiting], u[waiting])
            best[waiting] = np.maximum(best[waiting], value)
            waiting = waiting[(value > best[waiting] - DROP) & (top[waiting] < self.prior.upper)]
            if not len(waiting):
                break
        return top

    def _log_density(self, data: Array, strength: Array, start: Array) -> tuple[Array, Array]:
        """ln p (T,) at one strength per data set, and the peaks (T, P), from where the next one may be searched."""
        found = self.coordinates.peaks(data, strength, start)
        found_there = np.isfinite(found.cost)
        value = gaussian_integral(found.cost, found.hessian) - self.prior.decay * strength
        return value, np.where(found_there[:, None], found.at, start)

    def upper(self, data: Array, level: float, kind: Kind) -> Array:
        """Upper edges for data (T, n_data), (T,); nan where the marginal was not found."""
        lower, top = self.prior.lower, self._ends(data)
        # In x with s = lower + (top − lower) x^m a prior that diverges at 0 does not.
        m = 2.0 if self.prior.jeffreys else max(2.0, 1 / (min(self.prior.power, 0.0) + 1 or 0.1))
        angle = np.pi * (np.arange(NODES) + 0.5) / NODES
        u, values = self.coordinates.start(data), np.empty((len(data), NODES))
        for k, x in enumerate((1 + np.cos(angle)) / 2):
            values[:, k], u = self._log_density(data, lower + (top - lower) * x**m, u)
        x = np.linspace(1e-6, 1, GRID)  # not 0, where a diverging prior times ds/dx is 0/0
        order = np.arange(NODES)
        transform = np.cos(np.outer(angle, order)) * np.where(order == 0, 1, 2) / NODES
        known = np.all(np.isfinite(values), axis=1)
        curve = np.where(known[:, None], values, 0.0) @ transform @ np.cos(np.outer(order, np.arccos(2 * x - 1)))
        s = lower + (top - lower)[:, None] * x**m
        height = curve + self._log_measure(s, x, m)
        found = [self._edge(*row, level, kind) for row in zip(s, height, strict=True)]
        return np.where(known, found, np.nan)

    def _log_measure(self, s: Array, x: Array, m: float) -> Array:
        """ln of the prior without its decay, times ds/dx up to a constant: at strengths (T, GRID), x (GRID,)."""
        information = self.reference.posterior.log_root_information
        prior = self.prior.power * np.log(s) if information is None else information(s.ravel()).reshape(s.shape)
        return np.asarray(prior + (m - 1) * np.log(x))

    @staticmethod
    def _edge(s: Array, log_density: Array, level: float, kind: Kind) -> float:
        """Upper edge of one posterior on the grid of strengths s (GRID,)."""
        density = np.exp(log_density - log_density.max())
        below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
        below /= below[-1]
        if kind != "shortest":
            return float(np.interp(level if kind == "upper" else (1 + level) / 2, below, s))
        low = np.linspace(0, 1 - level, 401)
        width = np.interp(low + level, below, s) - np.interp(low, below, s)
        return float(np.interp(low[np.argmin(width)] + level, below, s))


def bayes_band(
    likelihood: BinnedLikelihood,
    level: float,
    prior: Prior = FLAT,
    toys: int = TOYS,
    seed: int = 1,
    *,
    kind: Kind = "upper",
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The −2…+2σ quantiles (five strengths) of the upper edge of background-only toys, and what to be warned of.

    Jeffreys' prior is that of the Asimov auxiliary data for all toys.

    Raises:
        InputError: a posterior that cannot be normalised.
        FitError: more than one toy in twenty has no limit.
    """
    background = likelihood.fit(likelihood.observed, 0.0).theta
    asimov = likelihood.asimov(background)
    reference = marginalised(likelihood, asimov, prior, seed)
    exact = edges(reference.posterior, level, kind)[1]
    many = _Laplace(Coordinates(likelihood), prior, max(exact - prior.lower, 1e-9 * exact), reference)
    blocks = thrown(likelihood, background, toys, seed, BACKGROUND_ONLY)
    found = np.concatenate([many.upper(block, level, kind) for block in blocks])
    good = np.sort(found[np.isfinite(found)])
    if len(good) < (1 - LOST) * toys:
        raise FitError(f"{toys - len(good)} of {toys} background-only toys have no limit")
    warnings = [f"{toys - len(good)} of {toys} background-only toys have no limit"] if len(good) < toys else []
    ratio = float(many.upper(asimov[None], level, kind)[0]) / exact
    if not abs(ratio - 1) < ROUGH:
        warnings.append(
            f"expected limits: on Asimov data Laplace's approximation gives {ratio:.3f} times the marginal limit"
        )
    share = ndtr(np.array(SIGMAS))
    spread = np.sqrt(share * (1 - share) / len(good))
    band = np.quantile(good, share)
    errors = (np.quantile(good, np.minimum(share + spread, 1)) - np.quantile(good, np.maximum(share - spread, 0))) / 2
    listed = ", ".join(f"{error / value:.0%}" for error, value in zip(errors, band, strict=True))
    warnings.append(f"expected limits: statistical errors of −2…+2σ from {len(good)} toys: {listed}")
    return tuple(map(float, band)), tuple(warnings)
