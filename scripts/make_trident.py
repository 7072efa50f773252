"""Write the rates of dark tridents in MicroBooNE from π⁰ and η of the NuMI beam: limits/searches/microboone-trident/rates.csv.

    python scripts/make_trident.py

Nothing is random: the same spectra give the same table. It takes about two minutes. Between its masses ln(rate) is linear in
ln(mass) to 1 %. What is not in the spectra, mesons below their lowest momentum, is their reflection in the centre of mass of the
two protons, which is symmetric; in the gap left in the middle the rapidity is taken as flat. `--no-slow` leaves both out.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.kernel.quadrature import gauss_legendre
from limits.physics import dalitz_dark, trident
from limits.provenance import provenance
from limits.search import load
from limits.units import AVOGADRO, PB_CM2
from limits.units import mass as particle_mass

SEARCH: Final = "microboone-trident"
OUTPUT: Final = Path(__file__).parents[1] / "limits" / "searches" / SEARCH / "rates.csv"
COLLISION: Final = "p-120"
GENERATORS: Final = ("sibyll-2.3d", "pythia-8.317")
BEAM: Final = 120.0

CENTRE: Final = (54.18, 72.90, 677.96)
SIDES: Final = (10.368, 2.5635, 2.33)
"""Of the detector, in m, from the target along the beam. Source: the analyst's public notebooks, DM-MicroBooNE, commit 125a8aa."""

DENSITY: Final = 1.396
"""Liquid argon, g/cm³ (at its boiling point, 87.3 K; a recollection)."""

ARGON_WEIGHT: Final = 39.95
"""Standard atomic weight."""

MESONS: Final = {"pi0": (111, 0.98823), "eta": (221, 0.3936)}
"""PDG code, and branching fraction to two photons (PDG 2024)."""

RATIOS: Final = {0.6: (0.01, 0.4), 2.0: (0.01, 0.125)}
"""m_χ/m_A′, and the masses of the A′ in GeV."""

ENERGIES: Final = 40
TURNS: Final = 48
PARTS: Final = 3
"""Energies of χ, azimuths of a meson, and points per bin in ln θ and in ln p."""

Array = NDArray[np.float64]


class Mesons(NamedTuple):
    """Momentum in GeV and polar angle (n,), and the number for each generator (generators, n), per meson over all of phase space."""

    momentum: Array
    angle: Array
    number: Array


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=OUTPUT, help="table to write (default: the shipped one)")
    parser.add_argument("--no-slow", action="store_true", help="nothing below the lowest momentum of the spectra")
    return parser.parse_args()


def masses(ratio: float) -> Array:
    """Masses of the A′ for a ratio m_χ/m_A′: even in the logarithm, and denser towards where a meson becomes too light."""
    low, high = RATIOS[ratio]
    pion, eta = (particle_mass(name) / (2.0 * ratio) for name in MESONS)
    dense = [pion * (1.0 - np.geomspace(0.02, 0.3, 12)), eta * (1.0 - np.geomspace(0.02, 0.8, 40))]
    chosen = np.concatenate(
        [np.geomspace(low, high, 30), [0.05], *(part[(part > low) & (part < high)] for part in dense)]
    )
    return np.unique([float(f"{value:.5g}") for value in chosen])


def mesons(name: str, slow: bool = True) -> Mesons:
    """The mesons of one species in the spectra of both generators."""
    code, _ = MESONS[name]
    tables = load(SEARCH).spectra(COLLISION)
    found = [Spectrum.of(tables[generator], code) for generator in GENERATORS]
    lowest, highest = found[0].momentum[0], found[0].momentum[-1]
    edges = np.arange(-1.0, lowest - 1e-9, 0.1) if slow else np.zeros(0)
    momentum = np.concatenate([edges, np.arange(lowest, highest - 1e-9, 0.1)])
    step = 1.0 / PARTS
    log_p = (momentum[:, None] + 0.1 * step * (np.arange(PARTS) + 0.5)).ravel()
    widths = np.diff(found[0].angle)
    log_theta = (found[0].angle[:-1, None] + widths[:, None] * step * (np.arange(PARTS) + 0.5)).ravel()
    theta, p = (10 ** axis.ravel() for axis in np.meshgrid(log_theta, log_p, indexing="ij"))
    area = np.repeat(np.repeat(widths, PARTS), len(log_p)) * step * 0.1 * step
    number = np.array([area * spectrum.density(p, theta, particle_mass(name)) for spectrum in found])
    kept = number.sum(axis=0) > 0.0
    return Mesons(p[kept], theta[kept], number[:, kept])


class Spectrum(NamedTuple):
    """A table as a density: edges of log₁₀ θ and log₁₀ p, mesons per unit of both, per meson over all of phase space."""

    angle: Array
    momentum: Array
    values: Array

    @classmethod
    def of(cls, table: Mapping[str, Array], code: int) -> Spectrum:
        """One species."""
        columns = sorted(name for name in table if name[0] == "n" and name[1:].isdigit())
        angle: Array = np.unique(np.concatenate([table["log10_theta_low"], table["log10_theta_high"]]).round(6))
        first, step = float(table["log10_p_low"][0]), float(table["log10_p_step"][0])
        momentum: Array = first + step * np.arange(len(columns) + 1, dtype=np.float64)
        values = np.zeros((len(angle) - 1, len(columns)))
        for i in np.flatnonzero(table["pid"] == code):
            row = int(np.argmin(abs(angle - table["log10_theta_low"][i])))
            counts = np.array([table[name][i] for name in columns])
            width = table["log10_theta_high"][i] - table["log10_theta_low"][i]
            values[row] = counts * table["per_count"][i] / table["multiplicity"][i] / width / step
        return cls(angle, momentum, values)

    def density(self, momentum: Array, angle: Array, meson: float) -> Array:
        """Mesons per unit of log₁₀ θ and log₁₀ p; below the table E dN/d³p at the opposite rapidity in the centre of mass.

        Where that is below the table too, it is the one at the edge of the table with the same pT.
        """
        lowest = 10 ** (self.momentum[0] + 1e-6)
        mass = np.hypot(momentum * np.sin(angle), meson)
        centre = np.arccosh((BEAM + particle_mass("p")) / particle_mass("p")) / 2.0
        away = abs(np.arcsinh(momentum * np.cos(angle) / mass) - centre)
        mirrored = np.hypot(mass * np.sinh(centre + away), momentum * np.sin(angle))
        there = np.where(momentum < lowest, np.maximum(mirrored, lowest), momentum)
        sine = momentum * np.sin(angle) / there
        # sin θ > 1: no such angle at that momentum.
        turned = np.where(momentum < lowest, np.arcsin(np.minimum(sine, 1.0)), angle)
        row = np.searchsorted(self.angle, np.log10(turned), side="right") - 1
        column = np.searchsorted(self.momentum, np.log10(there), side="right") - 1
        inside = (row >= 0) & (row < self.values.shape[0]) & (column < self.values.shape[1]) & (sine <= 1.0)
        values = np.where(inside, self.values[np.where(inside, row, 0), np.where(inside, column, 0)], 0.0)
        return values * _volume(momentum, angle, meson) / _volume(there, turned, meson)


def _volume(momentum: Array, angle: Array, meson: float) -> Array:
    """d³p/E for equal steps in the logarithms of momentum and angle, up to a constant."""
    return momentum**3 * angle * np.sin(angle) / np.hypot(momentum, meson)


def flux(energy: Array, name: str, found: Mesons, chi: float, a_mass: float) -> Array:
    """χ and χ̄ per GeV and steradian towards the detector, per meson, for ε² α_D = 1: (generators, n) for energies (n,).

    A decay in flight spreads E dN/d³p, which is invariant, as g(E*)/(4π p*) with the spectrum g of χ at rest: no angles are drawn.
    """
    parent = particle_mass(name)
    grid = chi + (0.5 * parent - chi) * np.linspace(0.0, 1.0, 601) ** 2
    spectrum = 2.0 * MESONS[name][1] * dalitz_dark.energy_spectrum(grid, parent, chi, a_mass)
    star = np.sqrt(np.maximum(grid**2 - chi**2, np.finfo(np.float64).tiny))
    invariant = np.where(grid > chi, spectrum / (4.0 * np.pi * star), 0.0)
    invariant[0] = invariant[1]
    direction = np.arctan2(np.hypot(CENTRE[0], CENTRE[1]), CENTRE[2])
    turn = np.pi * (np.arange(TURNS) + 0.5) / TURNS
    cosine = np.cos(found.angle)[:, None] * np.cos(direction)
    cosine = cosine + np.sin(found.angle)[:, None] * np.sin(direction) * np.cos(turn)
    fast = np.hypot(found.momentum, parent)[:, None]
    total = np.zeros((len(found.number), len(energy)))
    for i, one in enumerate(energy):
        momentum = np.sqrt(one**2 - chi**2)
        at_rest = (fast * one - found.momentum[:, None] * momentum * cosine) / parent
        total[:, i] = momentum * found.number @ np.interp(at_rest, grid, invariant, right=0.0).mean(axis=1)
    return total


def rates(ratio: float, a_mass: float, found: Mapping[str, Mesons]) -> dict[str, Array]:
    """Dark tridents in the argon per meson of each species, for ε = α_D = 1: (generators,) each; zero where a decay is closed."""
    chi = ratio * a_mass
    nodes, weights = gauss_legendre(ENERGIES)
    low, high = np.log(trident.threshold(chi, a_mass)), np.log(BEAM)
    energy = np.exp(low + 0.5 * (high - low) * (nodes + 1.0))
    section = trident.cross_section(energy, chi, a_mass) * PB_CM2
    # Nuclei per cm² and steradian. The detector is a hundredth of a radian wide: the flux is that at its centre.
    distance = 1e4 * float(np.sum(np.square(CENTRE)))
    nuclei = 1e6 * float(np.prod(SIDES)) * DENSITY * AVOGADRO / ARGON_WEIGHT / distance
    answer = {}
    for name, of_species in found.items():
        if 2.0 * chi < particle_mass(name):
            integrand = flux(energy, name, of_species, chi, a_mass) * section * energy
            answer[name] = nuclei * 0.5 * (high - low) * (integrand @ weights)
        else:
            answer[name] = np.zeros(len(GENERATORS))
    return answer


def table_text(slow: bool = True) -> str:
    """The table with its header."""
    found = {name: mesons(name, slow) for name in MESONS}
    columns = ["mass_ratio", "mass_gev", *(f"{name}_{generator[:6]}" for generator in GENERATORS for name in MESONS)]
    lines = [*(f"# {line}" for line in header(slow)), ",".join(columns)]
    for ratio in RATIOS:
        for a_mass in masses(ratio):
            values = rates(ratio, float(a_mass), found)
            cells = [values[name][i] for i in range(len(GENERATORS)) for name in MESONS]
            lines.append(",".join(f"{cell:.6g}" for cell in (ratio, a_mass, *cells)))
    return "\n".join(lines) + "\n"


def header(slow: bool) -> list[str]:
    """What a reader of the table must know."""
    found = provenance()
    versions = ", ".join(f"{name} {found[name]}" for name in ("python", "numpy", "particle"))
    sides, centre = " x ".join(f"{side:g}" for side in SIDES), ", ".join(f"{c:g}" for c in CENTRE)
    below = "reflected in the centre of mass, flat in rapidity in the gap" if slow else "left out"
    return [
        "dark tridents from pi0 and eta -> gamma A'* -> gamma chi chibar, chi Ar -> chi Ar A', per meson, before B(A' -> e+ e-)",
        f"script: scripts/make_trident.py{'' if slow else ' --no-slow'}; nothing is random",
        f"{versions}; formulas: limits/physics/dalitz_dark.py, limits/physics/trident.py",
        f"spectra: limits/spectra/{COLLISION}, {' and '.join(GENERATORS)}: "
        "protons on protons at rest instead of 1 m of graphite (approximation)",
        f"mesons below the lowest momentum of the spectra: {below}",
        f"detector: {sides} m at ({centre}) m from the target, argon of {DENSITY:g} g/cm3",
        "chi is a Dirac fermion, chi and chibar both count; no cut on any energy; no efficiency",
        "mass_ratio: m_chi/m_A'; mass_gev: mass of the A'; ln of a rate is linear in ln(mass_gev) between rows to 1 %",
        "pi0_sibyll, eta_sibyll, pi0_pythia, eta_pythia: events per meson over all of phase space for epsilon = alpha_D = 1:",
        "  times epsilon^4 alpha_D^3; 0 where the meson is too light",
    ]


def main() -> None:
    """Command line: calculate, write, say what was written."""
    given = arguments()
    text = table_text(slow=not given.no_slow)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(text, encoding="utf-8")
    print(f"{given.output}: {len(text)} bytes")


if __name__ == "__main__":
    main()
