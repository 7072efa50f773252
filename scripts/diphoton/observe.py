"""From true photons to the fitted events that enter a spectrum, and their histogram."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from diphoton.detector import Measured, measure, seen
from diphoton.fit import Fitted, fit
from diphoton.photons import Array, Mask, Photons, collision_energy
from diphoton.selection import Selection, free_of_vetoes, pair_masses, passes

BATCH = 20_000
"""Events handled together: these fit into the cache of a processor, which halves the time."""

BIN = 0.005
EDGES = np.round(np.arange(0.10, 2.95 + BIN / 2, BIN), 4)
"""Bins of m_γγ, GeV: the edges of all vetoes are among them."""

LEAST_SEEN = 0.8
"""Events with less than this part of √s in their three photons are not fitted: χ² is in the hundreds."""


def batches(total: int) -> Iterator[int]:
    """Sizes of the batches that make up `total` events."""
    for start in range(0, total, BATCH):
        yield min(BATCH, total - start)


def observe(true: Photons, rng: np.random.Generator) -> tuple[Fitted, Mask]:
    """Fitted events with three photons, all of them seen, and which of the events they are; losses are left to a weight."""
    measured = measure(true, rng)
    kept = np.asarray(np.all(seen(measured.photons), axis=0))
    return fit(_only(measured, kept)), kept


def observe_three_of(true: Photons, efficiency: float, rng: np.random.Generator) -> Fitted:
    """Fitted events of which exactly three photons are seen, each with a chance of `efficiency`."""
    measured = measure(true, rng)
    found = seen(measured.photons) & (rng.uniform(0, 1, true.energy.shape) < efficiency)
    total = np.sum(np.where(found, measured.photons.energy, 0), axis=0)
    kept = (found.sum(axis=0) == 3) & (total > LEAST_SEEN * collision_energy())
    # Those found come first, in their order.
    order = np.argsort(~found[:, kept], axis=0, kind="stable")[:3]
    photons, errors = (
        Photons(*(np.take_along_axis(column[:, kept], order, axis=0) for column in part)) for part in measured
    )
    return fit(Measured(photons, errors))


def _only(measured: Measured, kept: Mask) -> Measured:
    return Measured(measured.photons.keep(kept), measured.errors.keep(kept))


class Spectra:
    """Sums of weights and of their squares in the bins of EDGES, all pairs, (selections, bins)."""

    def __init__(self, selections: tuple[Selection, ...]) -> None:
        self.selections = selections
        self.sums = np.zeros((len(selections), len(EDGES) - 1))
        self.squares = np.zeros_like(self.sums)

    def add(self, fitted: Fitted, weight: Array) -> None:
        """Count the pairs of the events that pass."""
        masses = pair_masses(fitted.photons)
        free = free_of_vetoes(masses)
        size = len(EDGES) - 1
        index = np.floor((masses - EDGES[0]) / BIN + 1e-9).astype(np.int64)
        inside = (index >= 0) & (index < size)
        for row, selection in enumerate(self.selections):
            used = inside & (free & passes(selection, fitted))
            heights = np.broadcast_to(weight, index.shape)[used]
            self.sums[row] += np.bincount(index[used], heights, size)
            self.squares[row] += np.bincount(index[used], heights**2, size)

    def scale(self, factor: float) -> None:
        """Multiply all weights."""
        self.sums *= factor
        self.squares *= factor**2


def spectra_of(events: Callable[[int], tuple[Fitted, Array]], total: int, selections: tuple[Selection, ...]) -> Spectra:
    """The spectra of `total` events, made and observed batch by batch by `events`."""
    found = Spectra(selections)
    for size in batches(total):
        found.add(*events(size))
    return found
