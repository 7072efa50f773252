"""Units and constants: masses, momenta and energies in GeV, lengths in m, cross-sections in pb, exposures in pb⁻¹.

Particle masses come from the PDG tables shipped by the `particle` package; fundamental constants are CODATA 2018 exact or
recommended values. Nothing is read when this module is imported.
"""

from __future__ import annotations

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
