"""Spectra of all pairs of e⁺e⁻ → 4μ in the reduced mass: simulated, by category of the network, and smoothed.

The density is β² = m_R²/M² times the exponential of a spline in m_R, fitted to the weighted contents by (quasi-)likelihood; what part
of it each category has is a second spline, the same linear fit for every category, so that the parts add up to one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.interpolate import BSpline

from fourmuon.detector import Experiment, Real, reduced_masses
from fourmuon.network import RANGES, Network, score
from fourmuon.samples import background, pair_masses, pairs
from limits.units import mass as particle_mass

EDGES: Final = np.round(np.concatenate([np.arange(100) * 0.01, 1.0 + np.arange(375) * 0.025]), 4)
"""Edges of the bins of m_R in GeV, the same for every part."""

BEYOND: Final = 0.35
"""How far a part reaches beyond its range, GeV."""

CATEGORIES: Final = 4
DEGREE: Final = 3
KNOTS: Final = (
    *(0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85),
    *np.arange(1.0, 9.0, 0.5),
    *(9.0, 9.2, 9.35, 9.5, 9.6, 9.7, 9.8, 9.9, 10.0, 10.1, 10.2),
)
FEW: Final = 40.0
"""Effective entries of a bin from which on it counts in a fit of parts and in χ²."""

ITERATIONS: Final = 60


class Simulated(NamedTuple):
    """Sums of weights and of their squares: of all pairs (bins,), and of those of each part and category (parts, categories, bins)."""

    sums: Real
    squares: Real
    parts: Real
    part_squares: Real


class Smooth(NamedTuple):
    """Smooth contents, χ² of the simulated ones and degrees of freedom."""

    contents: Real
    chi2: float
    freedom: int


def simulated(size: int, experiment: Experiment, networks: list[Network], rng: np.random.Generator) -> Simulated:
    """Contents of the bins from `size` events in the acceptance; without networks no part is filled."""
    bins = len(EDGES) - 1
    found = Simulated(*np.zeros((2, bins)), *np.zeros((2, len(networks), CATEGORIES, bins)))
    for momenta, weights in background(size, experiment, rng):
        masses = reduced_masses(momenta)
        every = np.repeat(weights, masses.shape[1]).reshape(masses.shape)
        found.sums[:] += np.histogram(masses, EDGES, weights=every)[0]
        found.squares[:] += np.histogram(masses, EDGES, weights=every**2)[0]
        for part, network in enumerate(networks):
            rows = bins_of(part)
            low, high = pair_masses(EDGES[[rows.start, rows.stop]])
            sample = pairs(momenta, weights, float(low), float(high))
            category = np.searchsorted(network.edges, score(network, sample.inputs))
            place = np.searchsorted(pair_masses(EDGES), sample.masses, side="right") - 1
            for values, power in ((found.parts, 1), (found.part_squares, 2)):
                np.add.at(values[part], (category, place), sample.weights**power)
    return found


def bins_of(part: int) -> slice:
    """Bins of a part: its range and what is `BEYOND`."""
    low, high = RANGES[part]
    muons2 = 4.0 * particle_mass("mu-") ** 2
    ends = [np.sqrt(max(edge**2 - muons2, 0.0)) for edge in (low - BEYOND if part else 0.0, high + BEYOND)]
    first = int(np.searchsorted(EDGES, ends[0] + 1e-9, side="right")) - 1
    return slice(first, min(int(np.searchsorted(EDGES, ends[1] - 1e-9)), len(EDGES) - 1))


def smooth_total(sums: Real, squares: Real) -> Smooth:
    """Smooth contents of all bins."""
    low, high = EDGES[:-1], EDGES[1:]
    middle = (low + high) / 2.0
    muons2 = 4.0 * particle_mass("mu-") ** 2
    # Mean of m_R² in the bin: the first bins begin at zero.
    shape = (high - low) * (middle**2 + (high - low) ** 2 / 12.0) / (middle**2 + muons2)
    unit = squares.sum() / sums.sum()
    counts = sums / unit
    last = int(np.flatnonzero(counts > 0)[-1]) + 1
    design = splines(EDGES[: last + 1], KNOTS)
    expected = np.zeros_like(sums)
    expected[:last] = _poisson(design, shape[:last], counts[:last]) * unit
    return _compared(expected, sums, squares, design.shape[1])


def smooth_parts(total: Real, sums: Real, squares: Real, rows: slice) -> tuple[Real, list[Smooth]]:
    """Smooth contents of the categories of one part, (categories, its bins): they add up to `total`."""
    simulated_total = sums[:, rows].sum(axis=0)
    entries = np.divide(
        simulated_total**2, squares[:, rows].sum(axis=0), out=np.zeros_like(simulated_total), where=simulated_total > 0
    )
    many = entries > FEW
    low, high = EDGES[rows.start], EDGES[rows.stop]
    inner = np.linspace(low, high, 10)[1:-1]
    if low < 1.0:
        inner = np.sort(np.append(inner, [0.06, 0.2] if low == 0.0 else [0.75]))
    design = splines(EDGES[rows.start : rows.stop + 1], tuple(inner[inner < EDGES[rows.start : rows.stop][many][-1]]))
    root = np.sqrt(entries[many])[:, None]
    fractions = sums[:, rows][:, many] / simulated_total[many]
    solution = np.linalg.lstsq(design[many] * root, fractions.T * root, rcond=None)[0]
    # Beyond the last bin with entries nothing is known: it goes on as it ends there.
    last = int(np.flatnonzero(many)[-1])
    part = np.maximum(design @ solution, 1e-4)
    part[last + 1 :] = part[last]
    part /= part.sum(axis=1, keepdims=True)
    contents = part.T * total[rows]
    quality = [_compared(contents[k], sums[k, rows], squares[k, rows], design.shape[1]) for k in range(CATEGORIES)]
    return contents, quality


def splines(edges: Real, inner: tuple[float, ...]) -> Real:
    """Cubic splines at the centres of the bins, (bins, splines)."""
    ends = [edges[0]] * (DEGREE + 1), [edges[-1]] * (DEGREE + 1)
    knots = np.array([*ends[0], *(k for k in inner if edges[0] < k < edges[-1]), *ends[1]], dtype=float)
    return np.asarray(BSpline.design_matrix((edges[1:] + edges[:-1]) / 2.0, knots, DEGREE).toarray())


def _poisson(design: Real, shape: Real, counts: Real) -> Real:
    """Most likely shape · exp(design · c) for these counts, by weighted least squares over and over."""
    start = np.log(np.maximum(counts, 0.5) / shape)
    expected = np.maximum(counts, 0.5)
    for _ in range(ITERATIONS):
        root = np.sqrt(expected)[:, None]
        solution = np.linalg.lstsq(design * root, start * root[:, 0], rcond=None)[0]
        logarithm = design @ solution
        before, expected = expected, shape * np.exp(logarithm)
        if np.max(np.abs(np.log(expected / before))) < 1e-9:
            break
        start = logarithm + (counts - expected) / expected
    return np.asarray(expected)


def _compared(expected: Real, sums: Real, squares: Real, parameters: int) -> Smooth:
    many = sums**2 > FEW * squares
    chi2 = float(np.sum((sums - expected)[many] ** 2 / squares[many]))
    return Smooth(expected, chi2, int(many.sum()) - parameters)
