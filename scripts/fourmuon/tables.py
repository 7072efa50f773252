"""The tables of the searches with four muons as text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import scipy

from fourmuon.detector import Experiment, Real
from fourmuon.network import LEFT_OUT, RANGES
from fourmuon.response import EXPONENT, MASSES, Peak
from fourmuon.samples import SQRT_S
from fourmuon.spectrum import EDGES, Smooth

PEAK_COLUMNS = "mass_gev,efficiency,mean_shift_gev,sigma_gev,alpha_low,n_low,alpha_high,n_high"
CATEGORY_NAMES = ("nn1", "nn2", "nn3", "nn4")


def header(title: str, command: str, seed: int, made: str, experiment: Experiment) -> list[str]:
    """Comments at the head of a table."""
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, Python {sys.version.split()[0]}"
    assumed = [f"{field.name} {_value(getattr(experiment, field.name))}" for field in fields(experiment)[2:]]
    half = (len(assumed) + 1) // 2
    lines = [
        f"{title}, {experiment.name}, sqrt(s) = {SQRT_S:g} GeV",
        f"command: python {command}",
        f"seed: {seed}; versions: {versions}",
        f"events: {made}",
        "detector and selection are assumptions (recollections, nothing fitted to a limit); meaning and plausible ranges:",
        "scripts/fourmuon/detector.py; angles in degrees, momenta and energies in GeV:",
        ", ".join(assumed[:half]) + ",",
        ", ".join(assumed[half:]),
        "tree level, no radiation from the beams and none from the muons; momenta after a fit to those of the beams",
    ]
    return [f"# {line}" for line in lines]


def network_header(version: str) -> list[str]:
    """What the categories are."""
    ranges = ", ".join(f"{low:g}-{high:g}" for low, high in RANGES)
    parts = ", ".join(f"{value:g}" for value in LEFT_OUT)
    return [
        f"# part: range of M(mumu) whose network is used: {ranges} GeV; networks: scikit-learn {version}, trained on the Z'",
        f"# nn1 ... nn4: output of the network, nn4 most like signal; parts of the signal of training in nn1: {parts},",
        "#   the rest in equal parts in nn2, nn3, nn4; nn2 + nn3 + nn4 is the cut that maximises Punzi's figure of merit",
    ]


def parts_text(head: list[str], total: Smooth, parts: list[tuple[slice, Real, list[Smooth]]]) -> str:
    """Expected pairs by part, bin of m_R and category."""
    lines = [*head, *_spectrum_header(total)]
    for number, (_, _, quality) in enumerate(parts, start=1):
        left = ", ".join(f"{one.chi2:.0f}/{one.freedom}" for one in quality)
        lines.append(f"# chi2/degrees of freedom of nn1 ... nn4 in part {number}: {left}")
    lines.append("part,low_gev,high_gev," + ",".join(CATEGORY_NAMES))
    for number, (rows, contents, _) in enumerate(parts, start=1):
        for row, values in zip(range(rows.start, rows.stop), contents.T, strict=True):
            lines.append(f"{number},{EDGES[row]:g},{EDGES[row + 1]:g}," + _cells(values))
    return "\n".join(lines) + "\n"


def total_text(head: list[str], total: Smooth, highest: float) -> str:
    """Expected pairs by bin of m_R."""
    lines = [*head, *_spectrum_header(total), "low_gev,high_gev,events"]
    for low, high, value in zip(EDGES[:-1], EDGES[1:], total.contents, strict=True):
        if high <= highest + 1e-9:
            lines.append(f"{low:g},{high:g},{value:.4g}")
    return "\n".join(lines) + "\n"


def response_text(head: list[str], masses: Sequence[float], peaks: list[Peak]) -> str:
    """Efficiency and shape by mass."""
    rows = [f"{mass:g}," + _cells(peak) for mass, peak in zip(masses, peaks, strict=True)]
    return "\n".join([*head, *_response_header(), PEAK_COLUMNS, *rows]) + "\n"


def part_response_text(head: list[str], peaks: dict[float, Peak], shares: list[list[Real]]) -> str:
    """Efficiency, shape and shares of the categories by part and mass."""
    rows = []
    for number, (masses, found) in enumerate(zip(MASSES, shares, strict=True), start=1):
        for mass, share in zip(masses, found, strict=True):
            # Rounded numbers that still add up to one.
            rounded = [round(float(value), 4) for value in share[1:]]
            cells = ",".join(f"{value:.4f}" for value in [1.0 - sum(rounded), *rounded])
            rows.append(f"{number},{mass:g},{_cells(peaks[mass])},{cells}")
    columns = f"part,{PEAK_COLUMNS}," + ",".join(f"share_{name}" for name in CATEGORY_NAMES)
    return "\n".join([*head, *_response_header(), columns, *rows]) + "\n"


def _spectrum_header(total: Smooth) -> list[str]:
    return [
        "# expected pairs (all four of an event) of e+e- -> mu+mu-mu+mu- per bin of m_R = sqrt(M^2 - 4 m_mu^2), GeV; alpha = 1/137.036;",
        "#   nothing else is in it: no J/psi, no tau pairs, no pions taken for muons",
        f"# smoothed; chi2/degrees of freedom of the simulated contents about all pairs: {total.chi2:.0f}/{total.freedom}",
    ]


def _response_header() -> list[str]:
    return [
        "# efficiency: events whose pair from X is in the spectrum, in any category, over all with X -> mumu",
        "# shape: double-sided Crystal Ball in m_R = sqrt(M^2 - 4 m_mu^2) of the pairs from X, shift and sigma in GeV;",
        f"#   the exponents are fixed to {EXPONENT:g}",
    ]


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return " & ".join(f"{float(v):g}" for v in value)
    return str(value) if isinstance(value, str) else f"{value:g}"


def _cells(values: Real | Peak) -> str:
    return ",".join(f"{float(value):.4g}" for value in values)
