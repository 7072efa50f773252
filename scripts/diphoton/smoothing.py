"""Smooth spectra from simulated ones: splines of the logarithm of the content, between the places where vetoes cut.

In each segment between two vetoes the logarithm of the content of a bin is a cubic spline in the mass, fitted to the simulated
contents by maximum likelihood. Knots stand a least distance and a least number of entries apart. Where the slope of the
spectrum jumps, because a pair reaches the edge of a veto or of a cut at the rim of phase space, the spline may have a kink.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement, product

import numpy as np
from scipy.interpolate import BSpline

from diphoton.observe import BIN, EDGES
from diphoton.photons import Array, collision_energy
from diphoton.selection import VETOES, Selection

DEGREE = 3
FEW = 50
"""Entries below which a segment is its mean."""

ITERATIONS = 40
KINK_DISTANCE = 0.012
"""Kinks closer than this to each other or to the end of a segment are one."""

STRONG = (0.0, 2.92**2, 3.04**2)
"""GeV²: nothing, and the edges of the veto of η_c, which takes away soft photons and with them most of what is there."""

ETA = (0.52**2, 0.56**2)
"""GeV²: the edges of the veto of η, seen where the third pair is at the edge of a strong cut."""


@dataclass(frozen=True)
class Smoothed:
    """Smooth contents of the bins, and how well they describe the simulated ones: χ² and degrees of freedom."""

    contents: Array
    chi2: float
    freedom: int


@dataclass(frozen=True)
class Knots:
    """Least number of entries between knots, and least distance by mass: (up to this mass, this distance), GeV."""

    entries: float
    distances: tuple[tuple[float, float], ...]

    def distance(self, mass: float) -> float:
        """Least distance at a mass."""
        return next(distance for highest, distance in self.distances if mass <= highest + 1e-9)


def highest_mass(selection: Selection) -> float:
    """Largest m_γγ whose recoil photon has the least energy, GeV."""
    total = collision_energy()
    return float(np.sqrt(total**2 - 2 * total * selection.energy_minimum))


def kinks(selection: Selection) -> list[float]:
    """Masses where the slope may jump: the squares of the three masses, which add up to s, are all at an edge."""
    total = collision_energy() ** 2
    highest = highest_mass(selection) ** 2
    pairs = [*combinations_with_replacement((*STRONG, highest), 2), *product((STRONG[1], highest), ETA)]
    squares = (total - q1 - q2 for q1, q2 in pairs)
    return sorted(float(np.sqrt(square)) for square in squares if square > 0)


def segments(selection: Selection) -> list[tuple[int, int]]:
    """First bin and last + 1 of each range of masses without a veto and below the highest mass."""
    last = min(int((highest_mass(selection) - EDGES[0]) / BIN + 1e-9), len(EDGES) - 1)
    cuts = [EDGES[0], *(edge for veto in VETOES for edge in veto), EDGES[-1] + 1]
    bins = [int(np.clip(round((cut - EDGES[0]) / BIN), 0, last)) for cut in cuts]
    return [(low, high) for low, high in zip(bins[::2], bins[1::2], strict=False) if high > low]


def smooth(sums: Array, squares: Array, selection: Selection, knots: Knots) -> Smoothed:
    """Smooth contents from sums of weights and of squared weights; the bin at the highest mass is taken as it is."""
    contents, chi2, freedom = sums.copy(), 0.0, 0
    for low, high in segments(selection):
        height, spread = sums[low:high], squares[low:high]
        unit = float(spread.sum() / height.sum()) if height.sum() > 0 else 1.0
        counts = height / unit
        if counts.sum() < FEW:
            contents[low:high] = height.mean()
            continue
        places = _places(EDGES[low : high + 1], counts, selection, knots)
        design = _design(EDGES[low : high + 1], places)
        expected = _fitted(design, counts)
        contents[low:high] = expected * unit
        many = expected > 10
        chi2 += float(np.sum((counts - expected)[many] ** 2 / (expected * _widening(height, spread, unit))[many]))
        freedom += int(many.sum()) - min(design.shape[1], int(many.sum()))
    return Smoothed(contents, chi2, freedom)


def _widening(height: Array, spread: Array, unit: float) -> Array:
    """Variance of a bin over that of equal weights."""
    return np.divide(spread, height * unit, out=np.ones_like(height), where=height > 0)


def _places(edges: Array, counts: Array, selection: Selection, knots: Knots) -> Array:
    low, high = float(edges[0]), float(edges[-1])
    found: list[float] = []
    last, held = low, 0.0
    for edge, count in zip(edges[1:], counts, strict=True):
        held += count
        distance = knots.distance(float(edge))
        if edge - last >= distance - 1e-9 and held >= knots.entries and high - edge >= distance - 1e-9:
            found.append(float(edge))
            last, held = float(edge), 0.0
    breaks: list[float] = []
    for kink in kinks(selection):
        if min(kink - max([low, *breaks]), high - kink) > KINK_DISTANCE and counts.sum() > 100 * FEW:
            breaks.append(kink)
    apart = [knot for knot in found if all(abs(knot - kink) > KINK_DISTANCE for kink in breaks)]
    return np.sort([*apart, *np.repeat(breaks, DEGREE)])


def _design(edges: Array, knots: Array) -> Array:
    """Value of each spline at the middle of each bin, (bins, splines)."""
    middle = (edges[1:] + edges[:-1]) / 2
    degree = min(DEGREE, len(middle) - 1)
    ends = [np.full(degree + 1, edge) for edge in (edges[0], edges[-1])]
    return np.asarray(BSpline.design_matrix(middle, np.concatenate([ends[0], knots, ends[1]]), degree).toarray())


def _fitted(design: Array, counts: Array) -> Array:
    """Poisson means whose logarithm is linear in the columns, by iterated weighted least squares."""
    linear = np.log(np.maximum(counts, 0.5))
    ridge = 1e-6 * np.eye(design.shape[1])
    for step in range(ITERATIONS):
        expected = np.exp(np.clip(linear, -20, 40)) if step else np.maximum(counts, 0.5)
        weighted = design * expected[:, None]
        right = weighted.T @ (linear + (counts - expected) / expected)
        new = design @ np.linalg.solve(design.T @ weighted + ridge, right)
        if step and np.max(np.abs(new - linear)) < 1e-9:
            break
        linear = new if not step else linear + np.clip(new - linear, -2, 2)
    return np.asarray(np.exp(np.clip(linear, -20, 40)))
