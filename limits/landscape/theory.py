"""What theory points to in a plane: couplings that the muon's magnetic moment or the abundance of dark matter would ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.landscape.curves import Curve
from limits.physics import hadrons, magnetic_moment, relic
from limits.physics.conversion import mixing_from_portal
from limits.units import mass as particle_mass

Array = NDArray[np.float64]

BAND_POINTS: Final = 60
TARGET_POINTS: Final = 25

MOMENTS: Final[dict[str, magnetic_moment.Kind]] = {
    "lmu-ltau": "vector",
    "lmu-ltau-dark": "vector",
    "muonphilic-scalar": "scalar",
}
"""Planes in which the magnetic moment of the muon prefers a band, and the spin of the boson."""

TARGETS: Final[dict[str, relic.Kind]] = {
    "complex scalar": "scalar",
    "pseudo-Dirac": "pseudo-dirac",
    "Majorana": "majorana",
}
"""Kinds of dark matter whose abundance a dark photon can explain."""

MASS_RATIO: Final = 3.0
ALPHA_D: Final = 0.1

CHARGES: Final = (2 / 3, -1 / 3, -1 / 3)
"""Electric charges of up, down and strange quarks."""

STEP: Final = 1e-3
"""Step in GeV of a table of annihilation to hadrons: the ω and the φ are several times wider."""


def bands(plane: str, low: float, high: float) -> Iterator[Curve]:
    """What theory points to in this plane, over the masses shown."""
    if plane in MOMENTS:
        masses = np.geomspace(low, high, BAND_POINTS)
        edges = magnetic_moment.preferred_band(MOMENTS[plane], masses)
        note = "(g−2)_μ: couplings that give the difference to the theory value of 2020, (249 ± 48)·10⁻¹¹, within ±2σ"
        yield Curve("(g−2)_μ ±2σ (theory of 2020)", _plain(masses), _plain(edges[0]), _plain(edges[1]), note)
    if plane == "aprime":
        note = f"thermal targets apply if the A' decays to dark matter, and are drawn for m_χ = m/{MASS_RATIO:g}, α_D = {ALPHA_D:g}"
        masses = np.geomspace(max(low, 1.05 * MASS_RATIO * particle_mass("e-")), high, TARGET_POINTS)
        ratio = _hadrons()
        for name, kind in TARGETS.items() if low < high else ():
            yield Curve(f"thermal relic, {name}", _plain(masses), _plain(_target(kind, masses, ratio)), note=note)


def _target(kind: relic.Kind, masses: Array, ratio: relic.Ratio) -> Array:
    """Mixing at which dark matter of a third of these masses has the observed abundance."""
    y = np.array([relic.target(kind, float(m) / MASS_RATIO, MASS_RATIO, ratio) for m in masses])
    return mixing_from_portal(y, ALPHA_D, masses / MASS_RATIO, masses)


def _hadrons() -> relic.Ratio:
    """Annihilation to hadrons over that to massless muons, as a table: the average over velocities asks for it very often."""
    energies = np.concatenate([np.arange(0.2, 2.5, STEP), np.geomspace(2.5, 100.0, 200)])
    table = np.sum([*hadrons.ratios(energies, *CHARGES).values()], axis=0)
    return lambda energy: np.interp(energy, energies, table)


def _plain(values: Array) -> tuple[float, ...]:
    return tuple(values.tolist())
