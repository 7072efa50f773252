"""Write the cross-sections of e⁺e⁻ → μ⁺μ⁻X that the searches with four muons read.

    python scripts/make_cross_sections.py

writes the shipped tables; with --output one table, for the energy, α and selection asked for. Nothing is random: the same options give
the same table. Between its masses ln σ is linear in ln m to 0.5 % (more masses where it bends more).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limits.physics import muon_pair, zprime
from limits.provenance import provenance
from limits.units import ALPHA
from limits.units import mass as particle_mass

SEARCHES = Path(__file__).parents[1] / "limits" / "searches"
SHIPPED = tuple(SEARCHES / name / "cross_section.csv" for name in ("belle2-4mu", "babar-zprime-4mu"))

SQRT_S = 10.58
"""Energy of the ϒ(4S) in GeV."""

LEAST_VISIBLE = 10.0
"""Smallest invariant mass of the four muons in GeV that is counted with radiation. A recollection of Belle II's selection; BaBar's, on
the sum of the energies, is close to it."""

LOWEST = 0.212
"""First mass in GeV, just above two muons."""

BELOW_END = 0.59
"""Distance of the last mass from √s in GeV."""

ROWS = 80
COLUMNS = ("mass_gev", "vector_fb", "vector_branching", "scalar_fb", "isr_vector", "isr_scalar")

Real = NDArray[np.float64]


def arguments() -> argparse.Namespace:
    """What was asked for; leaves with a message when it cannot be had."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sqrt-s", type=float, default=SQRT_S, help="energy in GeV (default: %(default)s)")
    parser.add_argument("--alpha", type=float, default=ALPHA, help="fine-structure constant (default: %(default).8g)")
    parser.add_argument(
        "--least-visible",
        type=float,
        default=LEAST_VISIBLE,
        help="smallest invariant mass of the four muons with radiation, in GeV; 0 for any (default: %(default)s)",
    )
    parser.add_argument("--output", type=Path, help="table to write (default: the shipped ones)")
    given = parser.parse_args()
    if not given.sqrt_s > 2.0:
        parser.error("--sqrt-s must be above 2")
    if not given.alpha > 0.0:
        parser.error("--alpha must be positive")
    if not 0.0 <= given.least_visible < given.sqrt_s:
        parser.error("--least-visible must be between 0 and --sqrt-s")
    return given


def masses(sqrt_s: float) -> Real:
    """About `ROWS` masses, as dense as the curvature of the logarithms in ln m asks for, with a row at the threshold of two taus."""
    end, tau = sqrt_s - BELOW_END, 2.0 * particle_mass("tau-")
    # The branching fraction goes like a square root above the threshold of taus: it needs its own fine steps there.
    above = np.log(tau * (1.0 + np.append(0.0, np.geomspace(1e-6, 0.05, 400))))
    inside = above[above < np.log(end)]
    fine = np.unique(np.concatenate([np.linspace(np.log(LOWEST), np.log(end), 4001), inside]))
    kink = np.searchsorted(fine, np.log(tau), side="right")
    # Across the threshold itself the slope jumps; a row stands there instead.
    parts = [part for part in np.split(fine, [kink]) if len(part) > 1]
    curvature = np.concatenate([bend(part, sqrt_s) for part in parts])
    cumulative = np.concatenate([[0.0], np.cumsum(np.diff(fine) * np.sqrt((curvature[1:] + curvature[:-1]) / 2.0))])
    chosen = np.exp(np.interp(np.linspace(0.0, cumulative[-1], ROWS), cumulative, fine))
    return np.unique([float(f"{value:.6g}") for value in [*chosen, *np.exp(inside[:1])]])


def bend(log_mass: Real, sqrt_s: float) -> Real:
    """Largest second derivative of the logarithms of the columns without radiation."""
    columns = values(np.exp(log_mass), sqrt_s, ALPHA)
    logs = [np.log(columns[name]) for name in COLUMNS[1:4]]
    return np.asarray(np.max([np.abs(np.gradient(np.gradient(log, log_mass), log_mass)) for log in logs], axis=0))


def values(mass: Real, sqrt_s: float, alpha: float) -> dict[str, Real]:
    """The columns without radiation."""
    return {
        "mass_gev": mass,
        "vector_fb": muon_pair.cross_section(mass, sqrt_s, "vector", alpha),
        "vector_branching": zprime.branching_to_leptons(mass, 1.0, particle_mass("mu-")),
        "scalar_fb": muon_pair.cross_section(mass, sqrt_s, "scalar", alpha),
    }


def table_text(sqrt_s: float, alpha: float, least_visible: float) -> str:
    """The table with its header."""
    loss = 1.0 - (least_visible / sqrt_s) ** 2
    mass = masses(sqrt_s)
    columns = values(mass, sqrt_s, alpha)
    columns["isr_vector"] = muon_pair.isr_ratio(mass, sqrt_s, "vector", loss)
    columns["isr_scalar"] = muon_pair.isr_ratio(mass, sqrt_s, "scalar", loss)
    rows = zip(*(columns[name] for name in COLUMNS), strict=True)
    lines = [f"# {line}" for line in header(sqrt_s, alpha, least_visible)]
    return "\n".join([*lines, ",".join(COLUMNS), *(",".join(f"{cell:.6g}" for cell in row) for row in rows)]) + "\n"


def header(sqrt_s: float, alpha: float, least_visible: float) -> list[str]:
    """What a reader of the table must know."""
    found = provenance()
    versions = ", ".join(f"{name} {found[name]}" for name in ("python", "numpy", "particle"))
    kept = f"above {least_visible:g} GeV" if least_visible > 0.0 else "of any value"
    return [
        f"e+e- -> mu+ mu- X at sqrt(s) = {sqrt_s:g} GeV, tree level, X radiated by the muons, coupling 1",
        f"script: scripts/make_cross_sections.py --sqrt-s {sqrt_s:g} --alpha {alpha:.10g} --least-visible {least_visible:g}",
        f"{versions}; formulas: limits/physics/muon_pair.py, limits/physics/zprime.py",
        f"alpha: 1/{1.0 / alpha:.3f}, enters squared; no vacuum polarisation; muon mass exact; photon exchange only",
        "mass_gev: mass of X; ln of a cross-section is linear in ln(mass_gev) between rows to 0.5 %",
        "vector_fb: cross-section in fb for g' = 1, no radiation from the beams, before the decay of X",
        "vector_branching: of the Z' of L_mu - L_tau to mu+ mu- (with taus and neutrinos, nothing dark)",
        "scalar_fb: cross-section in fb for g_S = 1, no radiation from the beams; all decay to mu+ mu- at tree level",
        "isr_vector, isr_scalar: cross-section with radiation from the beams (photons of Kuraev and Fadin 1985) over the one without;",
        f"  counted is what leaves the four muons an invariant mass {kept}, an assumption about the selection",
    ]


def main() -> None:
    """Command line: calculate, write, say what was written."""
    given = arguments()
    text = table_text(given.sqrt_s, given.alpha, given.least_visible)
    for output in (given.output,) if given.output else SHIPPED:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
        print(f"{output}: {len(text)} bytes")


if __name__ == "__main__":
    main()
