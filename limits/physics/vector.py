"""Light vector bosons that couple to quarks and leptons: charges, widths, decay lengths and branching fractions.

Masses and widths are in GeV, lengths in m. `coupling` is what is published: the mixing ε for the dark photon, the gauge
coupling g for all others. All widths are those at coupling 1; they grow with its square.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics import hadrons
from limits.units import ELEMENTARY_CHARGE, HBARC
from limits.units import mass as particle_mass

__all__ = ["VECTORS", "Vector", "branching", "decay_length", "fermion_width", "partial_widths", "width"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Vector:
    """A vector boson: it couples to a fermion with `coupling` · `unit` · charge.

    Charm has the charge of up, and bottom that of strange.
    """

    name: str
    unit: float
    electron: float = 0.0
    muon: float = 0.0
    tau: float = 0.0
    nu_e: float = 0.0
    nu_mu: float = 0.0
    nu_tau: float = 0.0
    up: float = 0.0
    down: float = 0.0
    strange: float = 0.0


VECTORS: Final[Mapping[str, Vector]] = MappingProxyType(
    {
        vector.name: vector
        for vector in (
            Vector("aprime", ELEMENTARY_CHARGE, electron=-1, muon=-1, tau=-1, up=2 / 3, down=-1 / 3, strange=-1 / 3),
            Vector(
                "b-l",
                1.0,
                electron=-1,
                muon=-1,
                tau=-1,
                nu_e=-1,
                nu_mu=-1,
                nu_tau=-1,
                up=1 / 3,
                down=1 / 3,
                strange=1 / 3,
            ),
            Vector("lmu-ltau", 1.0, muon=1, tau=-1, nu_mu=1, nu_tau=-1),
            Vector("le-lmu", 1.0, electron=1, muon=-1, nu_e=1, nu_mu=-1),
            Vector("le-ltau", 1.0, electron=1, tau=-1, nu_e=1, nu_tau=-1),
        )
    }
)
"""Vectors by name; charges as in arXiv:1801.04847, up to one sign per vector."""


def fermion_width(mass: ArrayLike, fermion_mass: ArrayLike) -> Array:
    """Width to a pair of Dirac fermions that couple with strength 1 (coupling · unit · charge = 1); zero when closed.

    Shape: that of the arguments broadcast together.
    Unit: GeV.
    Source: arXiv:1801.04847: Γ = m/(12π) (1 + 2r) √(1 − 4r) with r = m_f²/m².
    Raises: InputError if a mass is not positive and finite, or a fermion mass negative.
    """
    values = _checked_mass(mass)
    fermion = np.asarray(fermion_mass, dtype=np.float64)
    if not np.all(fermion >= 0.0):
        raise InputError("fermion mass: every value must be zero or a positive number of GeV")
    r = (fermion / values) ** 2
    return np.asarray(values / (12.0 * np.pi) * (1.0 + 2.0 * r) * np.sqrt(np.maximum(1.0 - 4.0 * r, 0.0)))


def partial_widths(vector: Vector, mass: ArrayLike) -> dict[str, Array]:
    """Widths at coupling 1 to "e+e-", "mu+mu-", "tau+tau-", "neutrinos" and the channels of `hadrons.CHANNELS`.

    Below 2 mₑ a dark photon has only A′ → 3γ left, which is not included.

    Shape: that of `mass`, per channel; closed channels are 0.
    Unit: GeV.
    Source: `fermion_width`, half of it per (left-handed, massless) neutrino; for hadrons `hadrons.ratios` times
        unit² m/(12π).
    Raises: InputError if a mass is not positive and finite.
    """
    values = _checked_mass(mass)
    charged = {"e+e-": ("e-", vector.electron), "mu+mu-": ("mu-", vector.muon), "tau+tau-": ("tau-", vector.tau)}
    squared = vector.unit**2
    massless = squared * fermion_width(values, 0.0)
    widths = {
        channel: squared * charge**2 * fermion_width(values, particle_mass(lepton))
        for channel, (lepton, charge) in charged.items()
    }
    widths["neutrinos"] = 0.5 * massless * (vector.nu_e**2 + vector.nu_mu**2 + vector.nu_tau**2)
    ratios = hadrons.ratios(values, vector.up, vector.down, vector.strange)
    return widths | {channel: massless * ratio for channel, ratio in ratios.items()}


def width(vector: Vector, mass: ArrayLike) -> Array:
    """Total width at coupling 1.

    Shape: that of `mass`.
    Unit: GeV.
    Source: sum of `partial_widths`.
    Raises: as `partial_widths`.
    """
    return np.asarray(sum(partial_widths(vector, mass).values()), dtype=np.float64)


def decay_length(vector: Vector, mass: ArrayLike, coupling: ArrayLike) -> Array:
    """Proper decay length cτ = ħc/Γ; infinite where the width is zero.

    Shape: that of `mass` and `coupling` broadcast together.
    Unit: m.
    Source: definition, with `width`.
    Raises: InputError as `width`, and if a coupling is negative.
    """
    strength = np.asarray(coupling, dtype=np.float64)
    # Written so that nan fails too.
    if not np.all(strength >= 0.0):
        raise InputError(f"{vector.name} coupling: every value must be zero or positive")
    with np.errstate(divide="ignore"):
        return np.asarray(HBARC / (width(vector, mass) * strength**2), dtype=np.float64)


def branching(vector: Vector, mass: ArrayLike) -> dict[str, Array]:
    """Branching fractions into the channels of `partial_widths`; they do not depend on the coupling.

    Shape: that of `mass`, per channel.
    Unit: dimensionless.
    Source: ratio of `partial_widths` to `width`.
    Raises: InputError as `partial_widths`, and at a mass where no channel is open.
    """
    widths = partial_widths(vector, mass)
    total = np.asarray(sum(widths.values()), dtype=np.float64)
    if not np.all(total > 0.0):
        raise InputError(f"{vector.name} branching fractions: at a mass in the request no decay channel is open")
    return {channel: np.asarray(partial / total, dtype=np.float64) for channel, partial in widths.items()}


def _checked_mass(mass: ArrayLike) -> Array:
    values = np.asarray(mass, dtype=np.float64)
    if not np.all((values > 0.0) & np.isfinite(values)):
        raise InputError("vector mass: every value must be a positive finite number of GeV")
    return values
