"""The two tables as text."""

from __future__ import annotations

import sys

import numpy as np
import scipy

from diphoton.observe import EDGES
from diphoton.photons import Array
from diphoton.processes import LUMINOSITY, NUMBER, PROCESSES
from diphoton.response import Peak
from diphoton.selection import NOMINAL
from diphoton.spectrum import Expected, contents

SPECTRUM_COLUMNS = "photon_energy_minimum_gev,low_gev,high_gev,qed,jpsi"
RESPONSE_COLUMNS = (
    "photon_energy_minimum_gev,mass_gev,efficiency,mean_shift_gev,sigma_gev,alpha_low,n_low,alpha_high,n_high,"
    "cruijff_shift_gev,cruijff_sigma_low_gev,cruijff_sigma_high_gev,cruijff_tail_low,cruijff_tail_high"
)

SELECTION = (
    "selection: three photons, |cos theta| < 0.80 and E > 25 MeV or 0.86 < |cos theta| < 0.92 and E > 50 MeV, measured;",
    "4C fit with chi2 < 50 (assumed); efficiency of 0.95 for each photon (assumed); no fitted pair in 0.11-0.16, 0.52-0.56,",
    "0.92-0.99, 2.92-3.04 GeV; every fitted energy above photon_energy_minimum_gev",
)


def header(title: str, command: str, seed: int, made: str) -> list[str]:
    """Comments at the head of a table."""
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, Python {sys.version.split()[0]}"
    lines = [title, f"command: python {command}", f"seed: {seed}; versions: {versions}", f"events: {made}", *SELECTION]
    return [f"# {line}" for line in lines]


def spectrum_text(command: str, seed: int, qed: Expected, jpsi: list[Expected]) -> str:
    """Expected entries of all pairs in bins of m_γγ."""
    made = ", ".join(f"{one.made:.4g} {one.name}" for one in [qed, *jpsi])
    lines = header("expected entries of all pairs of photons per bin of their fitted mass", command, seed, made)
    branching = ", ".join(f"{one.name} {one.branching:.4g}" for one in PROCESSES)
    lines += [
        f"# normalisation: {LUMINOSITY:g} pb-1 for qed (e+e- -> 3 gamma, tree level), {NUMBER:.5g} J/psi for jpsi",
        f"# branching fractions (Particle Data Group, as remembered): {branching}",
        "# smoothed: cubic splines of the logarithm between vetoes, gamma eta and gamma eta' as simulated; chi2/bins left, by selection: "
        + "; ".join(
            f"{one.name} " + ", ".join(f"{s.chi2:.0f}/{s.freedom}" for s in one.smooth) for one in [qed, *jpsi]
        ),
        SPECTRUM_COLUMNS,
    ]
    both = contents([qed]), contents(jpsi)
    for row, selection in enumerate(NOMINAL):
        for low, high, *heights in zip(EDGES[:-1], EDGES[1:], *(table[row] for table in both), strict=True):
            lines.append(f"{selection.energy_minimum:g},{low:.4g},{high:.4g}," + ",".join(f"{h:.4g}" for h in heights))
    return "\n".join(lines) + "\n"


def response_text(command: str, seed: int, made: int, masses: Array, peaks: list[list[Peak]]) -> str:
    """Efficiency and shape by selection and mass."""
    lines = header("response to J/psi -> gamma a, a -> gamma gamma", command, seed, f"{made} decays at each mass")
    lines += [
        "# efficiency: events whose pair from a is in the spectrum, over all decays; shapes: fitted to all pairs, 1 MeV bins, within",
        "# 100 MeV of the mass (clipped at 0.16 and 2.90 GeV, at vetoes and where the energy minimum ends the spectrum), with a",
        "# straight line for wrong pairs; exponents n are fixed; where few events are left the shape is that of the selection before;",
        "# where a window ends within 30 MeV of the mass, the tail there is that of the other side (within 12 MeV: the width too)",
        RESPONSE_COLUMNS,
    ]
    for row, selection in enumerate(NOMINAL):
        for mass, found in zip(masses, peaks, strict=True):
            cells = ",".join(f"{value:.4g}" for value in found[row])
            lines.append(f"{selection.energy_minimum:g},{mass:g},{cells}")
    return "\n".join(lines) + "\n"
