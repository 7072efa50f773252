"""What cuts of the published kinds would do: efficiency for the signal and annihilation left, by mass."""

from __future__ import annotations

import numpy as np

from diphoton.observe import BIN, EDGES
from diphoton.response import efficiency, simulate
from diphoton.selection import NOMINAL, Selection
from diphoton.spectrum import annihilation

MASSES = (0.2, 0.3, 0.5, 0.75, 1.05, 1.5, 2.0, 2.5, 2.8)

SELECTIONS = (
    *NOMINAL,
    Selection(first_third=1.4),
    Selection(first_third=1.2),
    Selection(first_third=1.0),
    Selection(first_third=0.8),
    Selection(second_third=1.2),
    Selection(second_third=1.0),
    Selection(second_third=0.8),
    Selection(first_third=1.3, second_third=1.0),
    Selection(first_third=1.2, second_third=0.8),
)

AROUND = 0.015
"""GeV on either side of the mass, for the density of the background."""


def label(selection: Selection) -> str:
    """A selection in words."""
    cuts = {"E1-E3": selection.first_third, "E2-E3": selection.second_third}
    parts = [f"E > {selection.energy_minimum:g}"] if selection.energy_minimum > NOMINAL[0].energy_minimum else []
    parts += [f"{name} < {value:g}" for name, value in cuts.items() if np.isfinite(value)]
    return ", ".join(parts) or "photons as defined"


def study(total: int, decays: int, rng: np.random.Generator) -> str:
    """Two tables as text, energies in GeV: efficiency in per cent; entries of annihilation per MeV."""
    found = annihilation(total, rng, SELECTIONS)
    samples = [simulate(mass, decays, SELECTIONS, rng) for mass in MASSES]
    head = f"{'m_a/GeV':28s}" + "".join(f"{mass:8g}" for mass in MASSES)
    lines = ["efficiency for J/psi -> gamma a, per cent", head]
    for row, selection in enumerate(SELECTIONS):
        cells = "".join(f"{100 * efficiency(one[row]):8.1f}" for one in samples)
        lines.append(f"{label(selection):28s}{cells}")
    lines += ["", "entries of e+e- -> 3 gamma per MeV of m_gg", head]
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    for row, selection in enumerate(SELECTIONS):
        near = [np.abs(middle - mass) < AROUND for mass in MASSES]
        cells = "".join(f"{found.raw.sums[row][bins].mean() / BIN / 1e3:8.0f}" for bins in near)
        lines.append(f"{label(selection):28s}{cells}")
    return "\n".join(lines)
