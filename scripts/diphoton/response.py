"""The response to a → γγ: efficiency, and the shape of the peak as a two-sided Crystal Ball and as a Cruijff function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from diphoton.observe import batches, observe
from diphoton.photons import Array
from diphoton.processes import ALL_SEEN, radiative
from diphoton.selection import PAIRS, VETOES, Selection, free_of_vetoes, pair_masses, passes
from diphoton.smoothing import highest_mass
from limits.kernel.linear.shapes import Cruijff, CrystalBall

TRUE_PAIR = PAIRS.index((1, 2))
"""The recoil photon is the first."""

MASSES = (
    *(0.165, 0.17, 0.18, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4, 0.43, 0.46, 0.48, 0.49, 0.5),
    *(0.6, 0.61, 0.63, 0.66, 0.7, 0.75, 0.8, 0.84, 0.87, 0.88, 0.89),
    *(1.01, 1.02, 1.04, 1.07, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.25),
    *(2.5, 2.6, 2.7, 2.73, 2.75, 2.8, 2.82, 2.84, 2.85, 2.86, 2.87),
)
"""GeV; none next to the vetoes of η and η′."""

REACH = 0.100
"""Half of the window of a fit, GeV; it ends at a veto and at the highest mass of the selection."""

LOWEST, HIGHEST = 0.16, 2.90

FINE = 0.001
POWER = 20.0
"""Exponent of both tails of the Crystal Ball, fixed: with tails from Gaussian errors it cannot be told from where they begin."""

LARGEST = 3.0
"""Tails that begin later than this, in widths, cannot be seen; they are said to begin here."""

NEAR, VERY_NEAR = 0.030, 0.012
"""GeV: where the window ends within these of the mass, the tail there, or tail and width, are those of the other side."""

FEW = 5_000
"""Entries of true pairs below which a peak is not fitted."""


class Peak(NamedTuple):
    """Response at one mass to one selection; GeV."""

    efficiency: float
    mean_shift: float
    sigma: float
    alpha_low: float
    n_low: float
    alpha_high: float
    n_high: float
    cruijff_shift: float
    cruijff_sigma_low: float
    cruijff_sigma_high: float
    cruijff_tail_low: float
    cruijff_tail_high: float


@dataclass(frozen=True)
class Sample:
    """Masses of all pairs and of the true pairs that pass a selection, and the number of events made."""

    pairs: Array
    true: Array
    made: int


def window(mass: float, selection: Selection) -> tuple[float, float]:
    """Where a peak is fitted: REACH on either side, clipped to multiples of FINE."""
    low = max([mass - REACH, LOWEST, *(high for _, high in VETOES if high <= mass)])
    high = min([mass + REACH, HIGHEST, highest_mass(selection), *(low for low, _ in VETOES if low > mass)])
    return float(np.ceil(low / FINE - 1e-6) * FINE), float(np.floor(high / FINE + 1e-6) * FINE)


def simulate(mass: float, total: int, selections: tuple[Selection, ...], rng: np.random.Generator) -> list[Sample]:
    """What passes each selection of `total` decays J/ψ → γa of this mass."""
    pairs: list[list[Array]] = [[] for _ in selections]
    true: list[list[Array]] = [[] for _ in selections]
    for size in batches(total):
        fitted, _ = observe(radiative(np.full(size, mass), rng), rng)
        masses = pair_masses(fitted.photons)
        free = free_of_vetoes(masses)
        for row, selection in enumerate(selections):
            kept = masses[:, free & passes(selection, fitted)]
            pairs[row].append(kept[:, np.any(np.abs(kept - mass) < REACH, axis=0)].ravel())
            true[row].append(kept[TRUE_PAIR])
    return [Sample(np.concatenate(p), np.concatenate(t), total) for p, t in zip(pairs, true, strict=True)]


def efficiency(sample: Sample) -> float:
    """Chance that the true pair of an event is in the spectrum."""
    return len(sample.true) / sample.made * ALL_SEEN


def response(mass: float, total: int, selections: tuple[Selection, ...], rng: np.random.Generator) -> list[Peak]:
    """The response for each selection; where a selection leaves too few events, the shape is that of the one before it."""
    peaks: list[Peak] = []
    for selection, sample in zip(selections, simulate(mass, total, selections, rng), strict=True):
        limits = window(mass, selection)
        inside = int(np.sum((sample.true > limits[0]) & (sample.true < limits[1])))
        if peaks and (inside < FEW or not limits[0] < mass < limits[1]):
            peaks.append(peaks[-1]._replace(efficiency=efficiency(sample)))
        else:
            peaks.append(Peak(efficiency(sample), *_shapes(mass, limits, sample.pairs)))
    return peaks


def _shapes(mass: float, limits: tuple[float, float], pairs: Array) -> tuple[float, ...]:
    edges = np.linspace(*limits, round((limits[1] - limits[0]) / FINE) + 1)
    counts = np.histogram(pairs, edges)[0].astype(np.float64)

    sides = mass - limits[0], limits[1] - mass
    short = int(np.argmin(sides))
    # Which of two parameters, low and high, stands for each side.
    tails = [1 - short, 1 - short] if sides[short] < NEAR else [0, 1]
    widths = [1 - short, 1 - short] if sides[short] < VERY_NEAR else [0, 1]

    def ball(p: Array) -> CrystalBall:
        low, high = p[2:][tails]
        return CrystalBall(limits, mass + p[0], p[1], low, POWER, high, POWER)

    def cruijff(p: Array) -> Cruijff:
        return Cruijff(limits, mass + p[0], *p[1:3][widths], *p[3:][tails])

    shift, sigma, low, high = _fit(ball, counts, edges, [0, 0.009, 1.5, 1.5], [0.3, 0.3], [5, 5])
    other = _fit(cruijff, counts, edges, [0, 0.009, 0.009, 0.1, 0.1], [0.004, 0, 0], [0.04, 0.6, 0.6])
    low, high = np.minimum(np.array([low, high])[tails], LARGEST)
    shift_other, *rest = other
    widths_other, tails_other = np.array(rest[:2])[widths], np.array(rest[2:])[tails]
    return (shift, sigma, low, POWER, high, POWER, shift_other, *widths_other, *tails_other)


def _fit(
    shape: Callable[[Array], CrystalBall | Cruijff],
    counts: Array,
    edges: Array,
    start: list[float],
    lowest: list[float],
    highest: list[float],
) -> tuple[float, ...]:
    """Parameters of a peak on a straight line, by maximum likelihood: the squares of the residuals are the deviance."""
    total = float(counts.sum())
    # Integrals of the first Chebyshev polynomial over the bins.
    t = np.diff(((edges - edges[0]) / (edges[-1] - edges[0]) * 2 - 1) ** 2) / 4
    flat = np.full(len(counts), 1 / len(counts))

    def residuals(p: Array) -> Array:
        expected = total * (p[0] * shape(p[3:]).integrals(edges) + p[1] * (flat + p[2] * t)) + 1e-9
        ratio = np.where(counts > 0, counts, 1.0) / expected
        deviance = 2 * (np.where(counts > 0, counts * np.log(ratio), 0.0) - counts + expected)
        return np.asarray(np.sign(counts - expected) * np.sqrt(np.maximum(deviance, 0)))

    bounds = ([0, 0, -1, -0.008, 0.004, *lowest], [2, 2, 1, 0.008, 0.04, *highest])
    scale = np.array([1, 0.1, 1, 0.001, 0.01, *([1.0] * len(lowest))])
    found = least_squares(residuals, [0.9, 0.1, 0, *start], bounds=bounds, x_scale=scale, max_nfev=200)
    return tuple(float(value) for value in found.x[3:])
