"""Units and constants: masses, momenta and energies in GeV, lengths in m, cross-sections in pb, exposures in pb⁻¹.

The tables of units hold factors to their first entry; `spelled` brings a unit as people write it to the spelling of the tables.

Particle masses come from the PDG tables shipped by the `particle` package; fundamental constants are CODATA 2018 exact or
recommended values. Nothing is read when this module is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import Final

from limits.errors import UnknownName

HBARC: Final = 1.973269804e-16
"""ħc in GeV m (CODATA 2018)."""

ALPHA: Final = 1 / 137.035999084
"""Fine-structure constant at zero momentum transfer (CODATA 2018)."""

ELEMENTARY_CHARGE: Final = (4 * 3.141592653589793 * ALPHA) ** 0.5
"""e = √(4πα), dimensionless, Heaviside–Lorentz natural units."""

PB_GEV2: Final = 3.893793721e8
"""(ħc)² in pb GeV² (CODATA 2018): a cross-section in GeV⁻² times this is in pb."""

AVOGADRO: Final = 6.02214076e23
"""Avogadro's number per mole (SI, exact)."""

PB_CM2: Final = 1e-36
"""One picobarn in cm²."""

INVERSE_FB_IN_INVERSE_PB: Final = 1000.0
"""1 fb⁻¹ = 1000 pb⁻¹."""

SPEED_OF_LIGHT: Final = 299792458.0
"""Metres per second (SI, exact): a lifetime is kept as cτ."""

BARE: Final = ""
"""The unit of a plain number."""

NUMBER: Final[Mapping[str, float]] = {BARE: 1.0, "%": 0.01}
COUNT: Final[Mapping[str, float]] = {BARE: 1.0}
GEV: Final[Mapping[str, float]] = {"GeV": 1.0, "TeV": 1e3, "MeV": 1e-3, "keV": 1e-6, "eV": 1e-9}
AREA: Final[Mapping[str, float]] = {
    "pb": 1.0,
    "b": 1e12,
    "mb": 1e9,
    "ub": 1e6,
    "μb": 1e6,
    "nb": 1e3,
    "fb": 1e-3,
    "ab": 1e-6,
    "cm2": 1e36,
}
EXPOSURE: Final[Mapping[str, float]] = {
    "pb-1": 1.0,
    "ub-1": 1e-6,
    "nb-1": 1e-3,
    "fb-1": 1e3,
    "ab-1": 1e6,
    "cm-2": 1e-36,
}
LENGTH: Final[Mapping[str, float]] = {"m": 1.0, "km": 1e3, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "μm": 1e-6}
TIME: Final[Mapping[str, float]] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "μs": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15}
LIFETIME: Final[Mapping[str, float]] = {
    **LENGTH,
    **{unit: SPEED_OF_LIGHT * seconds for unit, seconds in TIME.items()},
}
INVERSE: Final[Mapping[str, float]] = {"GeV-1": 1.0, "TeV-1": 1e-3, "MeV-1": 1e3}


def spelled(unit: str) -> str:
    """A unit without ^ and with "-1" for ⁻¹."""
    return unit.replace("^", "").replace("⁻¹", "-1").replace("µ", "μ")


_READING = Lock()


@cache
def _masses() -> dict[str, float]:
    """Masses in GeV of all particles that have one; a search by name through the tables themselves costs a quarter of a second."""
    from particle import Particle

    return {found.name: float(found.mass) / 1000.0 for found in Particle.all() if found.mass is not None}


def mass(name: str) -> float:
    """Mass in GeV of the particle that the PDG tables call `name` ("mu-", "pi0", "eta", "p", …).

    Raises:
        UnknownName: no such particle, or none with a known mass.
    """
    with _READING:  # the tables fill themselves on first use, and a second thread would see them half full
        masses = _masses()
    if name not in masses:
        raise UnknownName(f"unknown particle {name!r}: a PDG name is expected, for example 'mu-', 'pi0', 'eta', 'p'")
    return masses[name]
