"""The expected spectrum: both backgrounds, smooth, for each selection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diphoton.observe import Spectra, spectra_of
from diphoton.photons import Array
from diphoton.processes import PROCESSES, Process, annihilation_events, decay_events
from diphoton.selection import NOMINAL, Selection
from diphoton.smoothing import Knots, Smoothed, smooth

QED = Knots(2000, ((0.30, 0.06), (0.46, 0.03), (0.56, 0.06), (0.99, 0.09), (1.4, 0.08), (2.7, 0.2), (3.0, 0.01)))
"""Distances as the spectrum allows.

It bends at 0.4 GeV, where the softest photon reaches its threshold; it is smooth between 1.4 and 2.7 GeV; above, the vetoes of η and η′
meet in one event.
"""

DECAYS = Knots(500, ((3.0, 0.025),))

SHARES = {
    "gamma pi0": 0.02,
    "gamma eta": 1.0,
    "gamma eta'": 0.2,
    "gamma eta_c": 0.04,
    "gamma gamma gamma": 0.12,
    "gamma pi0 pi0": 0.6,
}
"""Decays simulated for one J/ψ → γη, which leaves most entries."""

AS_SIMULATED = ("gamma eta", "gamma eta'")
"""Not smoothed: with one pair of a fixed mass next to a veto, the vetoes leave steps at the masses of the others."""


@dataclass(frozen=True)
class Expected:
    """Smooth contents of one source of events for each selection, and the simulated ones."""

    name: str
    smooth: list[Smoothed]
    raw: Spectra
    made: int


def _smoothed(raw: Spectra, knots: Knots) -> list[Smoothed]:
    return [smooth(raw.sums[row], raw.squares[row], one, knots) for row, one in enumerate(raw.selections)]


def annihilation(total: int, rng: np.random.Generator, selections: tuple[Selection, ...] = NOMINAL) -> Expected:
    """The spectrum of e⁺e⁻ → γγγ from `total` candidates."""
    raw = spectra_of(lambda size: annihilation_events(size, rng), total, selections)
    raw.scale(1 / total)
    return Expected("qed", _smoothed(raw, QED), raw, total)


def decay(
    process: Process, total: int, rng: np.random.Generator, selections: tuple[Selection, ...] = NOMINAL
) -> Expected:
    """The spectrum of one kind of decay from `total` events."""
    raw = spectra_of(lambda size: decay_events(process, size, rng), total, selections)
    raw.scale(1 / total)
    if process.name in AS_SIMULATED:
        return Expected(process.name, [Smoothed(row, 0.0, 0) for row in raw.sums], raw, total)
    return Expected(process.name, _smoothed(raw, DECAYS), raw, total)


def decays(total: int, rng: np.random.Generator) -> list[Expected]:
    """All kinds of decays, `total` of J/ψ → γη and their shares of the others."""
    return [decay(one, max(1, round(total * SHARES[one.name])), rng) for one in PROCESSES]


def contents(found: list[Expected]) -> Array:
    """Sum of the smooth contents, (selections, bins)."""
    return np.asarray(sum(np.stack([one.contents for one in source.smooth]) for source in found))
