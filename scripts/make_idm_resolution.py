"""Write the mass resolution of dark Higgs bosons from a displaced vertex that the search belle2-idm reads, by a toy of its tracks.

    python scripts/make_idm_resolution.py

writes one table per final state. Momenta are those of e⁺e⁻ → A′h′ at the published benchmark; both tracks of h′ are smeared, and the
resolution is half of the central 68.3 % of what comes out. Every number of the detector is a recollection with a range beside it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limits.provenance import provenance
from limits.signals.cascade import DIMENSIONS, STATES, Model, draw
from limits.units import mass as particle_mass

FOLDER = Path(__file__).parents[1] / "limits" / "searches" / "belle2-idm"

BENCHMARK = Model(7.5, 2.5, 1.0, 0.1, 2.0, 10.58, 0.284)
"""The masses of A′ and χ₁ and the splitting in GeV, α_D, the dark charge, √s in GeV and the boost of the centre of mass."""

CURVATURE = 0.0015
"""σ(pT)/pT per GeV of pT, without hits near the beams; 0.001 to 0.003."""

SCATTERING = 0.004
"""σ(pT)/pT from multiple scattering, times 1/β; 0.003 to 0.006."""

ANGLE = 0.001
"""Resolution of both angles at large momentum, rad; 0.0006 to 0.002."""

ANGLE_SCATTERING = 0.002
"""Part of it that falls as 1/(pβ), rad GeV; 0.001 to 0.003."""

TRANSVERSE = 0.1
"""Least transverse momentum of a track in GeV."""

ANGLES = (17.0, 150.0)
"""Least and largest polar angle of a track in degrees."""

FIRST, LAST, ROWS = 0.2, 3.07, 36
"""Range of the tables in GeV, and rows above threshold."""

Real = NDArray[np.float64]


def smeared(track: Real, light: float, rng: np.random.Generator) -> Real:
    """A measured momentum (4, n) for a true one."""
    energy, x, y, z = track
    across, phi, angle = np.hypot(x, y), np.arctan2(y, x), np.arctan2(np.hypot(x, y), z)
    momentum = np.hypot(across, z)
    speed = momentum / energy
    normal = rng.standard_normal((3, len(x)))
    relative = np.hypot(CURVATURE * across, SCATTERING / speed)
    spread = np.hypot(ANGLE, ANGLE_SCATTERING / (momentum * speed))
    across, phi, angle = across * (1 + relative * normal[0]), phi + spread * normal[1], angle + spread * normal[2]
    z = across / np.tan(angle)
    return np.array(
        [np.sqrt(across**2 + z**2 + light**2), across * np.cos(phi), across * np.sin(phi), z], dtype=np.float64
    )


def resolution(mass: float, name: str, events: int, seed: int) -> float:
    """Half of the central 68.3 % of the measured mass in GeV, of events with both tracks in the tracker."""
    rng = np.random.default_rng([seed, round(mass * 1e6)])
    drawn = draw(BENCHMARK, mass, name, rng.random((DIMENSIONS, events)))
    kept = np.ones(events, dtype=bool)
    for track in drawn.higgs.tracks:
        transverse = np.hypot(track[1], track[2])
        degrees = np.degrees(np.arctan2(transverse, track[3]))
        kept &= (transverse > TRANSVERSE) & (degrees > ANGLES[0]) & (degrees < ANGLES[1])
    total = sum((smeared(track[:, kept], particle_mass(name), rng) for track in drawn.higgs.tracks), np.zeros((4, 1)))
    measured = np.sqrt(total[0] ** 2 - np.sum(total[1:] ** 2, axis=0))
    order, weight = np.argsort(measured), drawn.weight[kept]
    cumulative = np.cumsum(weight[order]) / weight.sum()
    low, high = np.interp([0.1587, 0.8413], cumulative, measured[order])
    return float(high - low) / 2


def table_text(name: str, events: int, seed: int) -> str:
    """The table of one kind of track, with its header."""
    threshold = 2 * particle_mass(name)
    masses = threshold + np.geomspace(0.002, LAST - threshold, ROWS)
    masses = np.array([float(f"{mass:.5g}") for mass in masses])
    values = [resolution(float(mass), name, events, seed) for mass in masses]
    found = provenance()
    lines = [
        f"# resolution of the mass of h' from two tracks ({name} and its antiparticle) of a displaced vertex, Belle II",
        f"# command: python scripts/make_idm_resolution.py --events {events} --seed {seed}",
        f"# seed: {seed}; events: {events} at each mass; python {found['python']}, numpy {found['numpy']}",
        "# a toy, nothing of it is published; meaning and plausible ranges of its numbers: scripts/make_idm_resolution.py",
        f"# sigma(pT)/pT = {CURVATURE:g} pT + {SCATTERING:g}/beta, angles {ANGLE:g} + {ANGLE_SCATTERING:g}/(p beta),",
        f"#   both sums in quadrature, GeV and rad; pT above {TRANSVERSE:g} GeV, {ANGLES[0]:g} to {ANGLES[1]:g} degrees",
        "# mass_gev: mass of h'; below the threshold, where there is no signal, the first row repeats that at threshold",
        "# resolution_gev: half of the central 68.3 % of the measured masses",
        "mass_gev,resolution_gev",
        f"{FIRST:g},{values[0]:.4g}",
    ]
    rows = [f"{mass:.5g},{value:.4g}" for mass, value in zip(masses, values, strict=True)]
    return "\n".join([*lines, *rows]) + "\n"


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000, help="events at each mass (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write (default: that of the search)")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for label, (name, _) in STATES.items():
        short = {"mu+mu-": "mumu", "pi+pi-": "pipi", "KK": "kk"}[label]
        (given.folder / f"resolution-{short}.csv").write_text(table_text(name, given.events, given.seed))


if __name__ == "__main__":
    main()
