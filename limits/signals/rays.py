"""Rays: straight paths of a long-lived particle X from where it is made to a distant disc, each with momentum and weight.

Half of the rays are aimed: their direction is drawn on the disc, and the two-body decay P → X Y is inverted for the momentum that
X has in that direction; so the disc is hit however small it is. All numbers, also those for the decay of X, come from one
quasi-random lattice that does not depend on the mass, so that a yield is a smooth function of it. Weights are mean numbers of X
per inelastic collision at coupling 1. Lengths in m, momenta in GeV.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.physics.decay import two_body_momentum
from limits.physics.meson_decays import MesonDecay

Array = NDArray[np.float64]

PARENTS: Final = 2**15
"""Mesons drawn per species and decay: the yields of the searches here are stable to 0.5 %."""

RADIATED: Final = 2**16
"""Rays of bremsstrahlung."""


class Disc(NamedTuple):
    """A disc perpendicular to the beam."""

    distance: float
    """From the collision point, in m."""
    radius: float
    offset: float
    """Of its centre from the beam axis, in m."""

    @property
    def area(self) -> float:
        """In m²."""
        return float(np.pi * self.radius**2)

    def points(self, u: Array, v: Array) -> tuple[Array, Array]:
        """Points of the disc, relative to the beam axis, for two uniform numbers each (n,)."""
        r, phi = self.radius * np.sqrt(u), 2 * np.pi * v
        return r * np.cos(phi), self.offset + r * np.sin(phi)


@dataclass(frozen=True, eq=False)
class Rays:
    """`n` rays: `momentum` in GeV, `slope_x`, `slope_y` = dx/dz, dy/dz from the collision point, `weight` per collision.

    `decay` (3, n) are uniform numbers, independent of all others, for where and how X decays.
    """

    momentum: Array
    slope_x: Array
    slope_y: Array
    weight: Array
    decay: Array

    def where(self, chosen: NDArray[np.bool_]) -> Rays:
        """Some of the rays."""
        return Rays(*(getattr(self, name)[..., chosen] for name in FIELDS))

    def weighted(self, factor: float) -> Rays:
        """The same rays with their weights times `factor`."""
        return replace(self, weight=self.weight * factor)


FIELDS: Final = ("momentum", "slope_x", "slope_y", "weight", "decay")


def join(rays: Sequence[Rays]) -> Rays:
    """All rays of several sources."""
    if not rays:
        nothing = np.zeros(0)
        return Rays(nothing, nothing, nothing, nothing, np.zeros((3, 0)))
    return Rays(*(np.concatenate([getattr(r, name) for r in rays], axis=-1) for name in FIELDS))


def lattice(size: int, dimensions: int) -> Array:
    """(dimensions, size) quasi-random points of the unit cube: the additive recurrence with the generalised golden ratio."""
    return _sequence(1 << max(size - 1, 1).bit_length(), dimensions)[:, :size]


@lru_cache(maxsize=16)
def _sequence(size: int, dimensions: int) -> Array:
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1)
    points = np.asarray((0.5 + np.arange(size)[None, :] * steps[:, None]) % 1.0)
    points.flags.writeable = False
    return points


class Parents(NamedTuple):
    """Mesons drawn from a spectrum: momentum in GeV, polar angle, weight per collision (n,) and further uniform numbers (6, n)."""

    momentum: Array
    angle: Array
    weight: Array
    uniform: Array


class Bins(NamedTuple):
    """The bins of a spectrum that hold mesons of one species: row and column in the table, counts and importance (n,)."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    counts: Array
    importance: Array


def bins(table: Mapping[str, Array], pid: int, parent_mass: float, speed: float, disc: Disc) -> Bins:
    """The importance of a bin is about how many X its mesons send at the disc, per count in the spectrum.

    An X with that `speed` in the rest frame is emitted into the solid angle with about (γ/v)²/(1 + (γω/v)²)²/π.
    """
    counts = np.stack([table[name] for name in sorted(table) if name[0] == "n" and name[1:].isdigit()], axis=1)
    row, column = np.nonzero(counts * (table["pid"] == pid)[:, None])
    boost = 10 ** (table["log10_p_low"][row] + table["log10_p_step"][row] * (column + 0.5)) / parent_mass / speed
    nearest = np.maximum(10 ** table["log10_theta_low"][row] - (disc.radius + disc.offset) / disc.distance, 0.0)
    density = (boost / (1 + (boost * nearest) ** 2)) ** 2 / np.pi
    count = counts[row, column]
    return Bins(row, column, count, count * np.minimum(density * disc.area / disc.distance**2, 1.0))


def parents(table: Mapping[str, Array], found: Bins, portion: float = 1.0) -> Parents:
    """A `portion` of `PARENTS` mesons of one species, even in the logarithms of angle and momentum within a bin.

    Bins are drawn by their importance, a tenth from all alike, so that none is left out where that is a poor guess.
    """
    size = int(PARENTS * portion)
    chance = 0.9 * found.importance / found.importance.sum() + 0.1 / len(found.importance)
    u_bin, u_angle, u_momentum, *rest = lattice(size, 9)
    drawn = np.searchsorted(np.cumsum(chance), u_bin * chance.sum(), side="right").clip(max=len(chance) - 1)
    row, column = found.row[drawn], found.column[drawn]
    weight = table["per_count"][row] * (found.counts / chance)[drawn] / size
    low, high = table["log10_theta_low"][row], table["log10_theta_high"][row]
    momentum = 10 ** (table["log10_p_low"][row] + table["log10_p_step"][row] * (column + u_momentum))
    return Parents(momentum, 10 ** (low + (high - low) * u_angle), weight, np.array(rest))


def from_decay(spectrum: Parents, decay: MesonDecay, daughter: float, disc: Disc) -> Rays:
    """Rays of the daughter of mass `daughter` from P → X Y, isotropic in the rest frame of P.

    Every parent decays twice: once aimed at the disc, which finds small discs, and once anywhere, which finds narrow cones. Each ray
    is weighted with its density over the sum of both densities (the balance heuristic), so that no weight exceeds that of its
    parent. A direction that X can take with two momenta gives two rays, one that it cannot take gives none.
    """
    star = float(two_body_momentum(decay.parent_mass, daughter, decay.partner_mass))
    boost = spectrum.momentum / decay.parent_mass
    found = []
    for momenta, jacobians, x, y in (
        _aimed(spectrum, boost, star, daughter, disc),
        _anywhere(spectrum, boost, star, daughter, disc),
    ):
        solid_angle = disc.area / disc.distance**2 * np.cos(np.arctan2(np.hypot(x, y), disc.distance)) ** 3
        for momentum, jacobian in zip(momenta, jacobians, strict=True):
            density = jacobian / (4 * np.pi)
            weight = spectrum.weight * decay.branching * density / (density + 1 / solid_angle)
            rays = Rays(momentum, x / disc.distance, y / disc.distance, weight, spectrum.uniform[3:])
            found.append(rays.where(weight > 0))
    return join(found)


Emitted = tuple[tuple[Array, ...], tuple[Array, ...], Array, Array]
"""Momenta and dΩ*/dΩ, a pair of arrays (n,) for each, and where X crosses the plane of the disc, x and y (n,) in m."""


def _aimed(spectrum: Parents, boost: Array, star: float, daughter: float, disc: Disc) -> Emitted:
    u, v, w = spectrum.uniform[:3]
    x, y = disc.points(u, v)
    angle = np.arctan2(np.hypot(x, y), disc.distance)
    # 1 − cos of the angle between P and X without cancellation: both are nearly along the beam.
    half = np.sin((spectrum.angle - angle) / 2) ** 2 + np.sin(spectrum.angle) * np.sin(angle) * np.sin(np.pi * w) ** 2
    return *inverted(boost, half, star, daughter), x, y


def _anywhere(spectrum: Parents, boost: Array, star: float, daughter: float, disc: Disc) -> Emitted:
    """As `_aimed`, isotropic in the rest frame of P; the Jacobian is 0 where X misses the disc."""
    u, v, w = spectrum.uniform[:3]
    cosine, energy_star = 2 * u - 1, np.hypot(star, daughter)
    across = star * np.sqrt(1 - cosine**2)
    along = np.hypot(1, boost) * star * cosine + boost * energy_star
    sideways, upwards = across * np.cos(2 * np.pi * v), across * np.sin(2 * np.pi * v)
    in_plane = along * np.sin(spectrum.angle) + sideways * np.cos(spectrum.angle)
    forward = along * np.cos(spectrum.angle) - sideways * np.sin(spectrum.angle)
    ahead = forward > 0
    scale = disc.distance / np.where(ahead, forward, 1.0)
    x = scale * (in_plane * np.cos(2 * np.pi * w) - upwards * np.sin(2 * np.pi * w))
    y = scale * (in_plane * np.sin(2 * np.pi * w) + upwards * np.cos(2 * np.pi * w))
    momentum = np.hypot(along, across)
    root = np.abs(np.hypot(1, boost) * momentum - boost * np.hypot(momentum, daughter) * along / momentum)
    hit = ahead & (np.hypot(x, y - disc.offset) < disc.radius)
    jacobian = np.where(hit, momentum**2 / (star * np.maximum(root, np.finfo(np.float64).tiny)), 0.0)
    return (momentum,), (jacobian,), np.where(hit, x, 0.0), np.where(hit, y, 0.0)


def inverted(boost: Array, half: Array, star: float, mass: float) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Both momenta in the laboratory of a daughter of `mass` and rest-frame momentum `star`, and dΩ*/dΩ of each.

    `boost` is P/M of the parent, `half` is sin²(ω/2) of the angle between the two in the laboratory. Where there is no
    solution the Jacobian is 0. Source: γ(E − βp cos ω) = E*, squared and solved for p; dΩ*/dΩ = p²/(p* γ|p − βE cos ω|),
    whose last factor is the root √(E*² − m² (1 + γ²β² sin² ω)) of that equation.
    """
    cosine, scale = 1 - 2 * half, 1 + boost**2 * 4 * half * (1 - half)
    energy_star = np.hypot(star, mass)
    square = energy_star**2 - mass**2 * scale
    root = np.sqrt(np.where(square > 0, square, 1.0))
    found = []
    for sign in (1.0, -1.0):
        p = (boost * cosine * energy_star + sign * np.hypot(1, boost) * root) / scale
        real = (square > 0) & (p > 0)
        found.append((np.where(real, p, 1.0), np.where(real, p**2 / (star * root), 0.0)))
    return (found[0][0], found[1][0]), (found[0][1], found[1][1])


def from_mixing(spectrum: Parents, chance: float, disc: Disc) -> Rays:
    """Rays of X that take the place of a meson with probability `chance`, with its momentum and direction."""
    azimuth = 2 * np.pi * spectrum.uniform[0]
    slope_x, slope_y = np.tan(spectrum.angle) * np.cos(azimuth), np.tan(spectrum.angle) * np.sin(azimuth)
    hit = np.hypot(slope_x * disc.distance, slope_y * disc.distance - disc.offset) < disc.radius
    return Rays(spectrum.momentum, slope_x, slope_y, spectrum.weight * chance, spectrum.uniform[3:]).where(hit)


def from_density(
    density: Callable[[Array, Array], Array], beam: float, daughter: float, disc: Disc, shares: tuple[float, float]
) -> Rays:
    """Rays of X radiated by a beam particle: `density` is d²N/dz dpT² (GeV⁻²) of the energy fraction z and pT (GeV).

    `shares` are the smallest and the largest z.
    """
    u, v, w, *rest = lattice(RADIATED, 6)
    x, y = disc.points(u, v)
    angle = np.arctan2(np.hypot(x, y), disc.distance)
    low, high = np.log(shares)
    z = np.exp(low + (high - low) * w)
    momentum = np.sqrt(np.maximum((z * beam) ** 2 - daughter**2, 0.0))
    solid_angle = disc.area / disc.distance**2 * np.cos(angle) ** 3
    # dpT² = 2 p² sin θ cos θ dθ and dΩ = 2π sin θ dθ.
    weight = density(z, momentum * np.sin(angle)) * z * (high - low) * momentum**2 * np.cos(angle) / np.pi * solid_angle
    return Rays(momentum, x / disc.distance, y / disc.distance, weight / len(u), np.array(rest))
