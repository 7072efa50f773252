"""Decay in flight: decay lengths, probability of decay inside a volume, and full two-body kinematics.

Masses and momenta are in GeV, lengths in m, angles in radian.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import not_negative

__all__ = ["boosted_daughter", "lab_decay_length", "probability_in_volume", "two_body_momentum"]


def lab_decay_length(ctau: ArrayLike, momentum: ArrayLike, mass: ArrayLike) -> NDArray[np.float64]:
    """Mean path βγcτ = cτ p/m before decay.

    Shape: that of the arguments broadcast together.
    Unit: m.
    Source: special relativity; PDG review "Kinematics".
    Raises: InputError if a mass is not positive, or cτ or a momentum is negative.
    """
    mass = np.asarray(mass, dtype=np.float64)
    if not np.all(mass > 0.0):
        raise InputError("mass: every value must be a positive number of GeV")
    boost = not_negative("momentum", momentum) / mass
    return np.asarray(not_negative("ctau", ctau) * boost, dtype=np.float64)


def probability_in_volume(length_lab: ArrayLike, near: ArrayLike, length: ArrayLike) -> NDArray[np.float64]:
    """Probability to decay between `near` and `near + length` along the path.

    Shape: that of the arguments broadcast together; `length_lab` may be 0 (decays at once) or infinite (never decays).
    Unit: dimensionless (three lengths in m).
    Source: exp(−near/d) − exp(−(near+length)/d), here as exp(−near/d)·(1 − exp(−length/d)), which does not cancel for d
        → ∞.
    Raises: InputError if a length is negative.
    """
    decay = not_negative("length_lab", length_lab)
    near = not_negative("near", near)
    length = not_negative("length", length)
    # A finite stand-in for d = 0 keeps 0/0 away: 5e-324 m is shorter than any path, so "at once" still holds.
    decay = np.maximum(decay, np.finfo(np.float64).smallest_subnormal)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.exp(-near / decay) * -np.expm1(-length / decay), dtype=np.float64)


def two_body_momentum(parent: ArrayLike, first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Momentum of either daughter in the rest frame of `parent` (three masses).

    Shape: that of the arguments broadcast together.
    Unit: GeV.
    Source: Källén function, PDG review "Kinematics", factorised so that it is exact at threshold.
    Raises: InputError if a mass is negative, the parent is massless or the decay is closed.
    """
    parent = not_negative("parent", parent)
    first = not_negative("first", first)
    second = not_negative("second", second)
    released = parent - first - second
    if not (np.all(released >= 0.0) and np.all(parent > 0.0)):
        raise InputError("two-body decay: the parent must be massive and at least as heavy as its daughters together")
    factors = released * (parent + first + second) * (parent - first + second) * (parent + first - second)
    return np.asarray(np.sqrt(factors) / (2.0 * parent), dtype=np.float64)


def boosted_daughter(
    parent_momentum: ArrayLike,
    parent_angle: ArrayLike,
    parent: ArrayLike,
    daughter: ArrayLike,
    partner: ArrayLike,
    cos_star: ArrayLike,
    phi_star: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Momentum and polar angle to the beam, in the laboratory, of one daughter of a two-body decay in flight.

    `parent`, `daughter` and `partner` are masses. `cos_star` is taken with respect to the line of flight of the parent;
    `phi_star` turns around it, 0 pointing away from the beam in the plane of beam and parent.

    Shape: two arrays, each of the shape of the arguments broadcast together.
    Unit: GeV, radian in [0, π].
    Source: Lorentz boost and rotation without small-angle approximations (own calculation).
    Raises: InputError as `two_body_momentum`, if a momentum is negative or |cos_star| > 1.
    """
    momentum = not_negative("parent_momentum", parent_momentum)
    cos_star = np.asarray(cos_star, dtype=np.float64)
    if not np.all(np.abs(cos_star) <= 1.0):
        raise InputError("cos_star: every value must lie between -1 and 1")
    parent = np.asarray(parent, dtype=np.float64)
    star = two_body_momentum(parent, daughter, partner)
    energy_star = np.hypot(star, daughter)
    along = np.hypot(momentum, parent) / parent * star * cos_star + momentum / parent * energy_star
    across = star * np.sqrt((1.0 - cos_star) * (1.0 + cos_star))
    in_plane, out_of_plane = across * np.cos(phi_star), across * np.sin(phi_star)
    cos_parent, sin_parent = np.cos(parent_angle), np.sin(parent_angle)
    beam = along * cos_parent - in_plane * sin_parent
    transverse = np.hypot(along * sin_parent + in_plane * cos_parent, out_of_plane)
    return np.hypot(along, across), np.asarray(np.arctan2(transverse, beam), dtype=np.float64)
