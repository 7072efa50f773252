"""Conversions between strengths, couplings, mixings and the thermal-target variable y: pure arithmetic, no units."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.units import ELEMENTARY_CHARGE

__all__ = [
    "coupling_from_mixing",
    "coupling_from_strength",
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
    return np.asarray(_not_negative("mixing", mixing) ** 2 * scale, dtype=np.float64)


def mixing_from_portal(y: ArrayLike, alpha_d: ArrayLike, chi_mass: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    """Mixing ε = √(y/α_D) (m/m_χ)², the inverse of `portal_strength`.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless (masses in one common unit).
    Source: arXiv:1505.00011.
    Raises: InputError unless masses and α_D are positive and y zero or positive.
    """
    scale = _portal_scale(_positive("alpha_d", alpha_d), chi_mass, mass)
    return np.asarray(np.sqrt(_not_negative("y", y) / scale), dtype=np.float64)


def coupling_from_strength(strength: ArrayLike, reference: ArrayLike, power: float) -> NDArray[np.float64]:
    """Coupling at which a yield ∝ couplingᵖᵒʷᵉʳ, normalised to strength 1 at `reference`, reaches `strength`.

    Shape: that of `strength` and `reference` broadcast together; an infinite strength gives an infinite coupling.
    Unit: that of `reference`.
    Source: definition: coupling = reference · strength^(1/power).
    Raises: InputError unless `strength` is zero or positive, `reference` positive and `power` positive.
    """
    strength = _not_negative("strength", strength)
    return np.asarray(_positive("reference", reference) * strength ** (1.0 / _power(power)), dtype=np.float64)


def strength_from_coupling(coupling: ArrayLike, reference: ArrayLike, power: float) -> NDArray[np.float64]:
    """Strength (coupling/reference)ᵖᵒʷᵉʳ, the inverse of `coupling_from_strength`.

    Shape: that of `coupling` and `reference` broadcast together.
    Unit: dimensionless.
    Source: definition.
    Raises: InputError unless `coupling` is zero or positive, `reference` positive and `power` positive.
    """
    coupling = _not_negative("coupling", coupling)
    return np.asarray((coupling / _positive("reference", reference)) ** _power(power), dtype=np.float64)


def _portal_scale(alpha_d: ArrayLike, chi_mass: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    ratio = _positive("chi_mass", chi_mass) / _positive("mass", mass)
    return np.asarray(_not_negative("alpha_d", alpha_d) * ratio**4, dtype=np.float64)


def _power(power: float) -> float:
    if not (power > 0.0 and np.isfinite(power)):
        raise InputError(f"power = {power!r}: a positive finite number is expected (yield ∝ coupling^power)")
    return power


def _positive(name: str, values: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    if not np.all(values > 0.0):
        raise InputError(f"{name}: every value must be positive")
    return values


def _not_negative(name: str, values: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    if not np.all(values >= 0.0):
        raise InputError(f"{name}: every value must be zero or positive")
    return values
