"""Units and constants: masses, momenta and energies in GeV, lengths in m, cross-sections in pb, exposures in pb⁻¹.

Particle masses come from the PDG tables shipped by the `particle` package; fundamental constants are CODATA 2018 exact or
recommended values. Nothing is read when this module is imported.
"""

from __future__ import annotations

from functools import cache
from typing import Final

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


@cache
def mass(name: str) -> float:
    """Mass in GeV of the particle that the PDG tables call `name` ("mu-", "pi0", "eta", "p", …).

    Raises:
        UnknownName: no such particle.
    """
    from particle import Particle, ParticleNotFound

    from limits.errors import UnknownName

    try:
        found = Particle.from_name(name)
    except ParticleNotFound as error:
        raise UnknownName(
            f"unknown particle {name!r} (PDG name expected, for example 'mu-', 'pi0', 'eta', 'p')"
        ) from error
    if found.mass is None:
        raise UnknownName(f"the PDG tables give no mass for {name!r}")
    return float(found.mass) / 1000.0
