"""Dark baryons ψ_D in decays of B mesons to a baryon: kinematics, missing mass, inclusive and exclusive branching fractions.

A scalar Y, triplet of colour, has couplings to quarks and to ψ_D; below its mass they make operators ψ b u_i d_j. `y` is the root
of their product, so that the effective coupling is y²/m_Y². An inclusive decay is B → ψ_D 𝓑 M with any mesons M, an exclusive one
has none. Masses, momenta and energies in GeV.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError, unknown
from limits.physics.checked import fraction, not_negative, positive
from limits.physics.decay import two_body_momentum
from limits.units import mass as particle_mass

__all__ = [
    "FRACTIONS",
    "LEAST_INCLUSIVE",
    "MODES",
    "Mode",
    "baryon_momentum",
    "branching_from_effective_coupling",
    "branching_from_scalar_mass",
    "effective_coupling_from_branching",
    "exclusive_branching",
    "exclusive_fraction",
    "highest_mass",
    "inclusive_branching",
    "lowest_mass",
    "missing_mass_resolution",
    "scalar_mass_from_branching",
    "universal_branching",
]

Array = NDArray[np.float64]


class Mode(NamedTuple):
    """A decay of a B meson to ψ_D and a baryon, and the operator that makes it.

    `states` are the lightest baryons of these quarks that lie below the mass of the baryon and a pion.
    """

    parent: str
    baryon: str
    operator: str
    states: int


MODES: Final[Mapping[str, Mode]] = MappingProxyType(
    {
        "p": Mode("B+", "p", "O_ud", 1),
        "lambda": Mode("B0", "Lambda", "O_us", 2),  # the Σ⁰ is 77 MeV above the Λ
        "lambdac": Mode("B+", "Lambda(c)+", "O_cd", 1),
    }
)
"""The decays that were looked for. Which operator makes which is a recollection of arXiv:2101.02706."""

LEAST_INCLUSIVE: Final = 1e-4
"""Inclusive branching fraction below which too few baryons are made (arXiv:2603.01723, abstract: of that order)."""

REFERENCE: Final = 1e-3
"""Inclusive branching fraction at y = 0.53, m_Y = 1 TeV and m_B − m_ψ = 2 GeV (arXiv:1810.00880, 2101.02706; a recollection)."""

REFERENCE_COUPLING: Final = (0.53 / 1e3) ** 2
"""Effective coupling y²/m_Y² of that point, GeV⁻²."""

REFERENCE_RELEASE: Final = 2.0
"""m_B − m_ψ of that point, GeV."""

FORM_FACTOR: Final = (1e-4, 1e-3)
"""Exclusive fraction of B⁺ → pψ_D: bounds of 1e-8 to 1e-7 would decide about 1e-4 (arXiv:2603.01723, abstract)."""

NODES: Final = 48


def lowest_mass() -> float:
    """The mass above which the proton cannot decay to ψ_D, m_p − m_e.

    Unit: GeV.
    Source: p → ψ_D e⁺ ν must be closed.
    """
    return particle_mass("p") - particle_mass("e-")


def highest_mass(mode: str) -> float:
    """The mass at which the decay closes, m_B − m_baryon.

    Unit: GeV.
    Source: kinematics.
    Raises: UnknownName for another mode.
    """
    parent, baryon = _masses(mode)
    return parent - baryon


def baryon_momentum(mode: str, mass: ArrayLike) -> Array:
    """Momentum of the baryon in the rest frame of the B meson.

    Shape: that of `mass`.
    Unit: GeV.
    Source: `limits.physics.decay.two_body_momentum`.
    Raises: UnknownName for another mode; InputError unless the mass is positive and the decay open.
    """
    parent, baryon = _masses(mode)
    return two_body_momentum(parent, baryon, _open(mode, mass))


def missing_mass_resolution(
    mode: str, mass: ArrayLike, momentum_error: ArrayLike, energy_error: ArrayLike = 0.0, tag_error: ArrayLike = 0.0
) -> Array:
    """Standard deviation of the missing mass, from those of what it is made of.

    `momentum_error` is that of the momentum p of the baryon in the rest frame of the B meson, `energy_error` that of the energy
    of the B meson (half that of the beams) and `tag_error` that of each component of its momentum, opposite to that of the tag.

    Shape: that of the arguments broadcast together.
    Unit: GeV.
    Source: m² = (E_B − E)² − (p_B − p)² differentiated at p_B = 0: m δm = m_B (p/E) δp ⊕ E_ψ δE_B ⊕ p δp_B.
    Raises: as `baryon_momentum`; InputError unless errors are zero or positive.
    """
    parent, baryon = _masses(mode)
    mass = _open(mode, mass)
    momentum = two_body_momentum(parent, baryon, mass)
    energy = np.hypot(momentum, baryon)
    tracks = parent * momentum / energy * not_negative("momentum_error", momentum_error)
    beams = (parent - energy) * not_negative("energy_error", energy_error)
    tag = momentum * not_negative("tag_error", tag_error)
    return np.asarray(np.sqrt(tracks**2 + beams**2 + tag**2) / mass)


def branching_from_effective_coupling(effective_coupling: ArrayLike, mass: ArrayLike) -> Array:
    """Inclusive branching fraction of B → ψ_D 𝓑 M for an effective coupling y²/m_Y².

    Shape: that of the arguments broadcast together.
    Unit: dimensionless, for GeV⁻².
    Source: 1e-3 [(m_B − m_ψ)/2 GeV]⁴ [(1 TeV/m_Y) y/0.53]⁴, arXiv:1810.00880 and 2101.02706 (a recollection).
    Raises: InputError unless the mass lies between 0 and m_B and the coupling is zero or positive, or where the fraction is above 1.
    """
    coupling = not_negative("effective_coupling", effective_coupling)
    return fraction(np.asarray((coupling / REFERENCE_COUPLING) ** 2 * _inclusive(mass)))


def effective_coupling_from_branching(branching: ArrayLike, mass: ArrayLike) -> Array:
    """Effective coupling y²/m_Y², the inverse of `branching_from_effective_coupling`.

    Shape: that of the arguments broadcast together.
    Unit: GeV⁻².
    Source: as `branching_from_effective_coupling`.
    Raises: InputError unless the mass lies between 0 and m_B and the fraction in [0, 1].
    """
    share = fraction(not_negative("branching", branching))
    return np.asarray(REFERENCE_COUPLING * np.sqrt(share / _inclusive(mass)))


def branching_from_scalar_mass(scalar_mass: ArrayLike, mass: ArrayLike, coupling: ArrayLike) -> Array:
    """Inclusive branching fraction of B → ψ_D 𝓑 M for a scalar of mass m_Y and y = `coupling`.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless, for GeV.
    Source: as `branching_from_effective_coupling`.
    Raises: as `branching_from_effective_coupling`; InputError unless m_Y is positive.
    """
    root = not_negative("coupling", coupling) / positive("scalar_mass", scalar_mass)
    return branching_from_effective_coupling(root**2, mass)


def scalar_mass_from_branching(branching: ArrayLike, mass: ArrayLike, coupling: ArrayLike) -> Array:
    """Mass of the scalar for y = `coupling`, the inverse of `branching_from_scalar_mass`.

    Shape: that of the arguments broadcast together.
    Unit: GeV.
    Source: as `branching_from_effective_coupling`.
    Raises: InputError unless the mass lies between 0 and m_B, the fraction above 0 and not above 1, and the coupling is positive.
    """
    effective = effective_coupling_from_branching(positive("branching", branching), mass)
    return np.asarray(positive("coupling", coupling) / np.sqrt(effective))


def exclusive_fraction(mode: str, mass: ArrayLike, model: str = "phase-space") -> Array:
    """Part of the inclusive decays that are exclusive, by one of the models of `FRACTIONS`.

    "phase-space": hadronic systems of mass M are made as p*(M) dM², all alike, and those below the mass of the baryon and a pion
    are the lightest baryons, in equal shares. "form-factor-low" and "form-factor-high": a number for B⁺ → pψ_D only, at any mass.

    Shape: that of `mass`.
    Unit: dimensionless.
    Source: phase space: own model, two quarks without mass and a constant matrix element; form factors: arXiv:2603.01723, abstract.
        For other decays arXiv:2211.10553 finds some branching fractions above 1e-7; no numbers of it are at hand.
    Raises: UnknownName for another mode or model; InputError as `baryon_momentum`, or if the model has no number for this decay.
    """
    if model not in FRACTIONS:
        raise unknown("model of exclusive decays", model, FRACTIONS)
    return FRACTIONS[model](mode, _open(mode, mass))


def inclusive_branching(branching: ArrayLike, decay: str, mass: ArrayLike, model: str) -> Array:
    """Inclusive branching fraction of which `branching` is the exclusive one, by a model of `FRACTIONS`.

    Shape: that of `branching` and `mass` broadcast together.
    Unit: dimensionless.
    Source: definition of `exclusive_fraction`.
    Raises: as `exclusive_fraction`; InputError unless the fraction is zero or positive, or where the result is above 1.
    """
    return fraction(not_negative("branching", branching) / exclusive_fraction(decay, mass, model))


def exclusive_branching(branching: ArrayLike, decay: str, mass: ArrayLike, model: str) -> Array:
    """Exclusive branching fraction, the inverse of `inclusive_branching`.

    Shape: that of `branching` and `mass` broadcast together.
    Unit: dimensionless.
    Source: definition of `exclusive_fraction`.
    Raises: as `exclusive_fraction`; InputError unless the fraction lies in [0, 1].
    """
    return np.asarray(fraction(not_negative("branching", branching)) * exclusive_fraction(decay, mass, model))


def universal_branching(branching: ArrayLike, decay: str, mass: ArrayLike) -> Array:
    """Exclusive branching fraction if all operators are of equal strength and `branching` is the inclusive one by O_ud.

    Shape: that of `branching` and `mass` broadcast together.
    Unit: dimensionless.
    Source: the phase space of `exclusive_fraction` (own model), with one matrix element for all operators.
    Raises: as `exclusive_branching`.
    """
    share = exclusive_branching(branching, decay, mass, "phase-space")
    return np.asarray(share * _every(decay, _open(decay, mass)) / _every("p", _open("p", mass)))


def _masses(mode: str) -> tuple[float, float]:
    """Of the B meson and of the baryon."""
    if mode not in MODES:
        raise unknown("decay to a dark baryon", mode, MODES)
    return particle_mass(MODES[mode].parent), particle_mass(MODES[mode].baryon)


def _open(mode: str, mass: ArrayLike) -> Array:
    mass, highest = positive("mass", mass, "GeV"), highest_mass(mode)
    if not np.all(mass < highest):
        raise InputError(f"mass: every value must be below that at which the decay closes, {highest:.5g} GeV")
    return mass


def _inclusive(mass: ArrayLike) -> Array:
    """Inclusive branching fraction at the effective coupling of the reference."""
    mass, heavy = positive("mass", mass, "GeV"), particle_mass("B+")
    if not np.all(mass < heavy):
        raise InputError(f"mass: every value must be below that of the B meson, {heavy:.5g} GeV")
    return np.asarray(REFERENCE * ((heavy - mass) / REFERENCE_RELEASE) ** 4)


def _phase_space(mode: str, mass: Array) -> Array:
    parent, baryon = _masses(mode)
    one_more = np.minimum(baryon + particle_mass("pi0"), parent - mass)
    every = _every(mode, mass)
    return np.asarray((every - _recoil(parent, mass, one_more, parent - mass)) / every / MODES[mode].states)


def _every(mode: str, mass: Array) -> Array:
    """Phase space of all hadronic systems."""
    parent, baryon = _masses(mode)
    return _recoil(parent, mass, baryon, parent - mass)


def _recoil(parent: float, mass: Array, low: ArrayLike, high: Array) -> Array:
    """∫ p*(M) dM² from `low` to `high` = m_B − m_ψ, where p* is a root: M = high − u² takes it out."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    end = np.sqrt(high - np.asarray(low))[..., None]
    u = end * (x + 1) / 2
    system = high[..., None] - u**2
    momentum = two_body_momentum(parent, mass[..., None], np.minimum(system, parent - mass[..., None]))
    return np.asarray(np.sum(w * momentum * 4 * system * u, axis=-1) * end[..., 0] / 2)


def _form_factor(which: int) -> Callable[[str, Array], Array]:
    def share(mode: str, mass: Array) -> Array:
        if mode != "p":
            raise InputError(f"{mode}: a fraction from form factors is at hand for B⁺ → p ψ_D only")
        return np.full(np.shape(mass), FORM_FACTOR[which])

    return share


FRACTIONS: Final[Mapping[str, Callable[[str, Array], Array]]] = MappingProxyType(
    {"phase-space": _phase_space, "form-factor-low": _form_factor(0), "form-factor-high": _form_factor(1)}
)
"""Models of the exclusive fraction."""
