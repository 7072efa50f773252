"""Conversions between strengths, couplings, mixings, the thermal-target variable y, cross-sections, branching fractions and events.

Pure arithmetic; functions come in pairs, each the inverse of the other. What needs a decay width is in `limits.physics.couplings`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import fraction, not_negative, positive
from limits.units import ELEMENTARY_CHARGE

__all__ = [
    "branching_from_events",
    "coupling_from_mixing",
    "coupling_from_strength",
    "cross_section_from_events",
    "events_from_branching",
    "events_from_cross_section",
    "mixing_from_coupling",
    "mixing_from_portal",
    "portal_strength",
    "strength_from_coupling",
]


def coupling_from_mixing(mixing: ArrayLike) -> NDArray[np.float64]:
    """Coupling g = e ε to a particle of unit charge.

    Shape: that of `mixing`.
    Unit: dimensionless, Heaviside–Lorentz.
    Source: definition of kinetic mixing; e is taken at zero momentum transfer.
    """
    return np.asarray(mixing, dtype=np.float64) * ELEMENTARY_CHARGE


def mixing_from_coupling(coupling: ArrayLike) -> NDArray[np.float64]:
    """Mixing ε = g/e, the inverse of `coupling_from_mixing`.

    Shape: that of `coupling`.
    Unit: dimensionless.
    Source: as `coupling_from_mixing`.
    """
    return np.asarray(coupling, dtype=np.float64) / ELEMENTARY_CHARGE


def portal_strength(mixing: ArrayLike, alpha_d: ArrayLike, chi_mass: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    """Thermal-target variable y = ε² α_D (m_χ/m)⁴ for dark matter χ and mediator mass m.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless (masses in one common unit).
    Source: arXiv:1505.00011.
    Raises: InputError unless masses are positive, and mixing and α_D zero or positive.
    """
    scale = _portal_scale(alpha_d, chi_mass, mass)
    return np.asarray(not_negative("mixing", mixing) ** 2 * scale, dtype=np.float64)


def mixing_from_portal(y: ArrayLike, alpha_d: ArrayLike, chi_mass: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    """Mixing ε = √(y/α_D) (m/m_χ)², the inverse of `portal_strength`.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless (masses in one common unit).
    Source: arXiv:1505.00011.
    Raises: InputError unless masses and α_D are positive and y zero or positive.
    """
    scale = _portal_scale(positive("alpha_d", alpha_d), chi_mass, mass)
    return np.asarray(np.sqrt(not_negative("y", y) / scale), dtype=np.float64)


def coupling_from_strength(strength: ArrayLike, reference: ArrayLike, power: float) -> NDArray[np.float64]:
    """Coupling at which a yield ∝ couplingᵖᵒʷᵉʳ, normalised to strength 1 at `reference`, reaches `strength`.

    Shape: that of `strength` and `reference` broadcast together; an infinite strength gives an infinite coupling.
    Unit: that of `reference`.
    Source: definition: coupling = reference · strength^(1/power).
    Raises: InputError unless `strength` is zero or positive, `reference` positive and `power` positive.
    """
    strength = not_negative("strength", strength)
    return np.asarray(positive("reference", reference) * strength ** (1.0 / _power(power)), dtype=np.float64)


def strength_from_coupling(coupling: ArrayLike, reference: ArrayLike, power: float) -> NDArray[np.float64]:
    """Strength (coupling/reference)ᵖᵒʷᵉʳ, the inverse of `coupling_from_strength`.

    Shape: that of `coupling` and `reference` broadcast together.
    Unit: dimensionless.
    Source: definition.
    Raises: InputError unless `coupling` is zero or positive, `reference` positive and `power` positive.
    """
    coupling = not_negative("coupling", coupling)
    return np.asarray((coupling / positive("reference", reference)) ** _power(power), dtype=np.float64)


def events_from_cross_section(
    cross_section: ArrayLike, luminosity: ArrayLike, efficiency: ArrayLike
) -> NDArray[np.float64]:
    """Expected events of a process: cross-section times branching fraction, luminosity and efficiency.

    Shape: that of the arguments broadcast together.
    Unit: events, for pb and pb⁻¹.
    Source: definition.
    Raises: InputError unless the luminosity is positive, the cross-section zero or positive and the efficiency in (0, 1].
    """
    return np.asarray(not_negative("cross_section", cross_section) * _exposure(luminosity, efficiency))


def cross_section_from_events(events: ArrayLike, luminosity: ArrayLike, efficiency: ArrayLike) -> NDArray[np.float64]:
    """Cross-section times branching fraction, the inverse of `events_from_cross_section`.

    Shape: that of the arguments broadcast together.
    Unit: pb, for pb⁻¹.
    Source: definition.
    Raises: as `events_from_cross_section`.
    """
    return np.asarray(not_negative("events", events) / _exposure(luminosity, efficiency))


def events_from_branching(branching: ArrayLike, parents: ArrayLike, efficiency: ArrayLike) -> NDArray[np.float64]:
    """Expected events among a number of `parents`, each of which decays with that branching fraction.

    Shape: that of the arguments broadcast together.
    Unit: events.
    Source: definition.
    Raises: InputError unless parents are positive, the branching fraction in [0, 1] and the efficiency in (0, 1].
    """
    share = fraction(not_negative("branching", branching))
    return np.asarray(share * positive("parents", parents) * _efficiency(efficiency))


def branching_from_events(events: ArrayLike, parents: ArrayLike, efficiency: ArrayLike) -> NDArray[np.float64]:
    """Branching fraction, the inverse of `events_from_branching`.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless.
    Source: definition.
    Raises: as `events_from_branching`; InputError where the fraction would be above 1.
    """
    return fraction(not_negative("events", events) / (positive("parents", parents) * _efficiency(efficiency)))


def _exposure(luminosity: ArrayLike, efficiency: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(positive("luminosity", luminosity) * _efficiency(efficiency))


def _efficiency(values: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    if not np.all((values > 0.0) & (values <= 1.0)):
        raise InputError("efficiency: every value must lie above 0 and not above 1")
    return values


def _portal_scale(alpha_d: ArrayLike, chi_mass: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    ratio = positive("chi_mass", chi_mass) / positive("mass", mass)
    return np.asarray(not_negative("alpha_d", alpha_d) * ratio**4, dtype=np.float64)


def _power(power: float) -> float:
    if not (power > 0.0 and np.isfinite(power)):
        raise InputError(f"power = {power!r}: a positive finite number is expected (yield ∝ coupling^power)")
    return power
