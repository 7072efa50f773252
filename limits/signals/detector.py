"""What a detector sees of an X that decays in flight: the chance that both daughters are accepted, by simulated decays.

A detector is a list of planes that both daughters must cross, a magnet, and thresholds. Without planes, an X counts if it
crosses the disc in front of the decay volume above the energy threshold: right where daughters stay as close as in FASER.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.physics.decay import two_body_momentum
from limits.signals.rays import Rays
from limits.units import mass as particle_mass

Array = NDArray[np.float64]

SLICES: Final = 16
"""Slices of the decay volume within which the acceptance is an average."""

COLUMNS: Final = ("z_m", "hole_radius_m", "radius_m", "half_width_m", "half_height_m")
"""Of a table of planes: position from the collision point, hole, and outer edges; all must be fulfilled."""


class FinalState(NamedTuple):
    """The two daughters of X: the PDG name of their mass ("" for photons) and whether a magnet bends them."""

    particle: str
    charged: bool


FINAL_STATES: Final = {
    "e+e-": FinalState("e-", True),
    "mu+mu-": FinalState("mu-", True),
    "pi+pi-": FinalState("pi+", True),
    "gamma gamma": FinalState("", False),
}


@dataclass(frozen=True, eq=False)
class Detector:
    """Where X must decay and what must be seen of it. Lengths in m from the collision point, momenta in GeV."""

    near: float
    """Start of the decay volume."""
    length: float
    start: float
    """Where X is made: 0, or the place of an absorber."""
    energy_threshold: float
    """Of X."""
    track_threshold: float = 0.0
    """Of each daughter."""
    offset: float = 0.0
    """Height of the axis of the detector above that of the beam."""
    planes: Mapping[str, Array] | None = None
    magnet: tuple[float, float] | None = None
    """Position and transverse momentum that it gives to a unit charge, horizontally."""

    @property
    def slices(self) -> int:
        """Parts of the decay volume that are kept apart."""
        return 1 if self.planes is None else SLICES


def accepted(detector: Detector, rays: Rays, x_mass: float, state: str) -> tuple[Array, NDArray[np.int64]]:
    """Weights (n,) of the rays of which both daughters are seen, and the slice (n,) of the volume in which each decayed.

    The threshold on the energy of X is not looked at here.
    """
    if detector.planes is None:
        return rays.weight, np.zeros(len(rays.weight), dtype=np.int64)
    u_z, u_cos, u_phi = rays.decay
    index = np.minimum((u_z * detector.slices).astype(np.int64), detector.slices - 1)
    vertex = detector.near + detector.length * u_z
    seen = np.ones(len(rays.weight), dtype=bool)
    for sign, momentum in zip((1, -1), daughters(rays, x_mass, state, 2 * u_cos - 1, 2 * np.pi * u_phi), strict=True):
        kick = sign * FINAL_STATES[state].charged
        seen &= crosses(detector, detector.planes, rays, vertex, momentum, kick)
    # A slice holds one ray in `slices`: weighted up to stand for all of them.
    return rays.weight * seen * detector.slices, index


def daughters(rays: Rays, x_mass: float, state: str, cosine: Array, phi: Array) -> tuple[Array, Array]:
    """Momenta (3, n) of both daughters in the laboratory, for their direction in the rest frame of X (z along its path)."""
    name = FINAL_STATES[state].particle
    light = particle_mass(name) if name else 0.0
    star = float(two_body_momentum(x_mass, light, light))
    along_star, across = star * cosine, star * np.sqrt(1 - cosine**2)
    energy = np.hypot(rays.momentum, x_mass)
    direction = np.array([rays.slope_x, rays.slope_y, np.ones_like(rays.slope_x)])
    direction = direction / np.linalg.norm(direction, axis=0)
    first, second = _perpendicular(direction)
    sideways = across * (np.cos(phi) * first + np.sin(phi) * second)
    both = []
    for sign in (1.0, -1.0):
        along = energy / x_mass * sign * along_star + rays.momentum / 2
        both.append(along * direction + sign * sideways)
    return both[0], both[1]


def _perpendicular(direction: Array) -> tuple[Array, Array]:
    """Two unit vectors (3, n) perpendicular to unit vectors close to the z axis and to each other."""
    x, _, z = direction
    first = np.array([z, np.zeros_like(x), -x]) / np.hypot(x, z)
    return first, np.cross(direction, first, axis=0)


def crosses(
    detector: Detector, planes: Mapping[str, Array], rays: Rays, vertex: Array, momentum: Array, kick: int
) -> NDArray[np.bool_]:
    """Whether a daughter (3, n) that starts on its ray at z = `vertex` flies through all planes above the threshold.

    A daughter that starts behind a plane has not crossed it; one that starts behind the magnet is not bent.
    """
    seen = (momentum[2] > 0) & (np.linalg.norm(momentum, axis=0) > detector.track_threshold)
    forward = np.where(seen, momentum[2], 1.0)
    slope_x, slope_y = momentum[0] / forward, momentum[1] / forward
    bend_at, bend = detector.magnet if detector.magnet is not None else (np.inf, 0.0)
    bent = np.where(vertex < bend_at, kick * bend / forward, 0.0)
    for z, hole, radius, half_width, half_height in zip(*(planes[name] for name in COLUMNS), strict=True):
        x = rays.slope_x * vertex + slope_x * (z - vertex) + bent * max(z - bend_at, 0.0)
        y = rays.slope_y * vertex + slope_y * (z - vertex) - detector.offset
        r = np.hypot(x, y)
        seen &= (z > vertex) & (r >= hole) & (r < radius) & (np.abs(x) < half_width) & (np.abs(y) < half_height)
    return np.asarray(seen)
