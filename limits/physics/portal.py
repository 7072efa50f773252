"""Portals: for every particle X that may be long-lived, how it is made and what it decays to, at coupling 1.

| name         | coupling      | made in                                       | decays to                    |
|--------------|---------------|-----------------------------------------------|------------------------------|
| `aprime`     | mixing ε      | meson decays, proton bremsstrahlung           | leptons, hadrons             |
| `b-l`        | g             | meson decays, proton bremsstrahlung           | leptons, neutrinos, hadrons  |
| `alp-w`      | g in GeV⁻¹    | decays of B mesons and kaons                  | two photons                  |
| `alp-photon` | g in GeV⁻¹    | Primakoff conversion of photons in matter     | two photons                  |

Rates of production and widths both grow with the square of the coupling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.physics import alp, flavour, primakoff, vector
from limits.physics.bremsstrahlung import form_factor
from limits.physics.meson_decays import MesonDecay, decays_to_vector, mixing_with_mesons
from limits.physics.weizsaecker_williams import Nucleus
from limits.units import ELEMENTARY_CHARGE, HBARC

Array = NDArray[np.float64]
Conversion = Callable[[float, Array, Nucleus, float], Array]
"""Probability that a photon becomes an X in a thick absorber, of (mass, energies, nucleus, radiation length in g/cm²)."""


def _none(_: float) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class Coupling:
    """What a hypothesis is measured in, in words and symbols, and the range worth looking at."""

    quantity: str
    symbol: str
    unit: str
    couplings: tuple[float, float]
    yield_power: float | None = None
    """Power of the coupling that events grow with; None: that of the hypothesis the search has."""


@dataclass(frozen=True)
class Portal:
    """One particle X. Functions take its mass in GeV; all rates are at coupling 1."""

    coupling: Coupling
    widths: Callable[[float], Mapping[str, float]]
    """Partial widths in GeV by final state."""
    decays: Callable[[float], tuple[MesonDecay, ...]] = _none
    """Two-body decays of mesons to X."""
    mixing: Callable[[float], tuple[tuple[int, float], ...]] = _none
    """Vector mesons (PDG code) that X mixes with, and the probability."""
    bremsstrahlung: Callable[[float, bool], float] | None = None
    """Rate of radiation off a proton relative to a dark photon with ε = 1, with or without form factor."""
    conversion: Conversion | None = None
    """How photons become X; None if they do not."""

    def decay_length(self, mass_gev: float) -> float:
        """cτ in m at coupling 1; infinite if X is stable."""
        width = sum(self.widths(mass_gev).values())
        return HBARC / width if width > 0 else np.inf

    def branching(self, mass_gev: float) -> dict[str, float]:
        """Branching fractions by final state; empty if X is stable."""
        widths = self.widths(mass_gev)
        total = sum(widths.values())
        return {state: width / total for state, width in widths.items()} if total > 0 else {}


def _vector(name: str, coupling: Coupling) -> Portal:
    """A vector boson with the charges of `vector.VECTORS[name]`."""
    charges = vector.VECTORS[name]

    def widths(mass_gev: float) -> dict[str, float]:
        return {state: float(width) for state, width in vector.partial_widths(charges, mass_gev).items()}

    def radiated(mass_gev: float, with_form_factor: bool) -> float:
        isovector = 0.5 * (charges.up - charges.down)
        isoscalar = 1.5 * (charges.up + charges.down)
        at_rest = abs(isovector + isoscalar)
        amplitude = np.abs(form_factor(mass_gev, isovector, isoscalar)) if with_form_factor else at_rest
        return float((charges.unit / ELEMENTARY_CHARGE * amplitude) ** 2)

    return Portal(
        coupling,
        widths,
        partial(decays_to_vector, charges),
        partial(mixing_with_mesons, charges),
        radiated,
    )


def _numbers(widths: Callable[[float], Mapping[str, Array]]) -> Callable[[float], dict[str, float]]:
    """Widths as plain numbers."""

    def at(mass_gev: float) -> dict[str, float]:
        return {state: float(width) for state, width in widths(mass_gev).items()}

    return at


PORTALS: Final[Mapping[str, Portal]] = MappingProxyType(
    {
        "aprime": _vector("aprime", Coupling("kinetic mixing", "ε", "1", (1e-8, 1e-2))),
        "b-l": _vector("b-l", Coupling("coupling g_B-L", "g_B-L", "1", (1e-9, 1e-2))),
        "alp-w": Portal(
            Coupling("coupling g_aWW", "g_aWW", "GeV-1", (1e-7, 1e-1)),
            _numbers(alp.partial_widths_w),
            flavour.decays_to_alp_w,
        ),
        "alp-photon": Portal(
            Coupling("coupling g_aγγ", "g_aγγ", "GeV-1", (1e-7, 1)),
            _numbers(alp.partial_widths_photon),
            conversion=primakoff.conversion_probability,
        ),
    }
)
"""Every portal by the name of its hypothesis."""
