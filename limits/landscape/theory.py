"""What theory points to in a plane: what the muon's magnetic moment, the abundance of dark matter or that of baryons would ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.landscape.curves import Curve
from limits.physics import hadrons, magnetic_moment, psid, relic
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

SHORT_OF: Final = 0.9999
"""Curves of an open decay end at this part of the mass at which it closes."""

CHARGES: Final = (2 / 3, -1 / 3, -1 / 3)
"""Electric charges of up, down and strange quarks."""

STEP: Final = 1e-3
"""Step in GeV of a table of annihilation to hadrons: the ω and the φ are several times wider."""

DARK_BARYONS: Final[dict[str, str]] = {"p": "B⁺ → p ψ_D", "lambda": "B⁰ → Λ ψ_D", "lambdac": "B⁺ → Λ_c⁺ ψ_D"}
"""Decays to a dark baryon, as written in a picture."""


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
    if plane == "mesogenesis":
        yield from _mesogenesis(low, high)


def _mesogenesis(low: float, high: float) -> Iterator[Curve]:
    """Exclusive branching fractions at the least inclusive one that makes all baryons, over the masses shown."""
    note = (
        "each search and each line is of one decay only (B⁺ → p ψ_D, B⁰ → Λ ψ_D, B⁺ → Λ_c⁺ ψ_D), made by an operator of its own: a "
        "limit on one says nothing about another. Lines: the exclusive branching fraction if the inclusive one is 10⁻⁴, the least that "
        "is needed, by phase space (own model)"
    )
    low = max(low, psid.lowest_mass())
    for mode, decay in DARK_BARYONS.items():
        masses = np.linspace(low, min(high, SHORT_OF * psid.highest_mass(mode)), BAND_POINTS)
        if masses[0] < masses[-1]:
            needed = psid.exclusive_branching(psid.LEAST_INCLUSIVE, mode, masses, "phase-space")
            yield Curve(f"{decay} needed, phase space", _plain(masses), _plain(needed), note=note)
    if low < high:
        yield _form_factors(low, min(high, SHORT_OF * psid.highest_mass("p")))


def _form_factors(low: float, high: float) -> Curve:
    """What is needed of B⁺ → p ψ_D by the form factors of 2026."""
    masses = np.linspace(low, high, 2)
    edges = [
        psid.exclusive_branching(psid.LEAST_INCLUSIVE, "p", masses, model)
        for model in ("form-factor-low", "form-factor-high")
    ]
    note = (
        "band: the same for B⁺ → p ψ_D with form factors, 10⁻⁸ to 10⁻⁷ (arXiv:2603.01723, abstract): contrary to what phase space "
        "suggests, the limits of BaBar do not exclude this decay as the origin of baryons"
    )
    return Curve("B⁺ → p ψ_D needed, form factors", _plain(masses), _plain(edges[0]), _plain(edges[1]), note)


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
