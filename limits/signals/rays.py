"""Rays: straight paths of a long-lived particle X from where it is made to a distant disc, each with momentum and weight.

Every ray is aimed at the disc: its direction is drawn there, and a two-body decay P → X Y is inverted for the momentum that
X has in that direction. So no ray misses, however small the disc is. All numbers come from one quasi-random lattice,
so that a yield is a smooth function of mass and carries no Monte-Carlo noise. Weights are mean numbers of X per
inelastic collision at coupling 1. Lengths in m, momenta in GeV.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.physics.decay import two_body_momentum
from limits.physics.meson_decays import MesonDecay

Array = NDArray[np.float64]

PARENTS: Final = 2**15
"""Mesons drawn per species and decay: the yields of the searches here are stable to 1 %."""

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
    """`n` rays: `momentum` in GeV, `slope_x`, `slope_y` = dx/dz, dy/dz from the collision point, `weight` per collision."""

    momentum: Array
    slope_x: Array
    slope_y: Array
    weight: Array

    def where(self, chosen: NDArray[np.bool_]) -> Rays:
        """Some of the rays."""
        return Rays(self.momentum[chosen], self.slope_x[chosen], self.slope_y[chosen], self.weight[chosen])

    def weighted(self, factor: float) -> Rays:
        """The same rays with their weights times `factor`."""
        return Rays(self.momentum, self.slope_x, self.slope_y, self.weight * factor)


def join(rays: Sequence[Rays]) -> Rays:
    """All rays of several sources."""
    names = ("momentum", "slope_x", "slope_y", "weight")
    return Rays(*(np.concatenate([getattr(r, name) for r in rays] or [np.zeros(0)]) for name in names))


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
    """Mesons drawn from a spectrum: momentum in GeV, polar angle, weight per collision (n,) and further uniform numbers (3, n)."""

    momentum: Array
    angle: Array
    weight: Array
    uniform: Array


def parents(table: Mapping[str, Array], pid: int, parent_mass: float, disc: Disc) -> Parents:
    """`PARENTS` mesons of one species, even in the logarithms of angle and momentum within a bin of the spectrum.

    Bins are drawn by how likely their mesons are to send something at the disc: a light daughter is emitted into the solid
    angle with γ²/(1 + γ²ω²)². A tenth is drawn from all bins alike, so that none is left out where that guess is poor.
    """
    counts = np.stack([table[name] for name in sorted(table) if name[0] == "n" and name[1:].isdigit()], axis=1)
    row, column = np.nonzero(counts * (table["pid"] == pid)[:, None])
    count = counts[row, column]
    centre = 10 ** (table["log10_p_low"][row] + table["log10_p_step"][row] * (column + 0.5))
    nearest = np.maximum(10 ** table["log10_theta_low"][row] - (disc.radius + disc.offset) / disc.distance, 0.0)
    guess = count * (centre / (1 + (centre / parent_mass * nearest) ** 2)) ** 2
    chance = 0.9 * guess / guess.sum() + 0.1 / len(guess)
    u_bin, u_angle, u_momentum, *rest = lattice(PARENTS, 6)
    drawn = np.searchsorted(np.cumsum(chance), u_bin * chance.sum(), side="right").clip(max=len(chance) - 1)
    weight = (table["per_count"][row] * count / chance)[drawn] / PARENTS
    row, column = row[drawn], column[drawn]
    low, high = table["log10_theta_low"][row], table["log10_theta_high"][row]
    momentum = 10 ** (table["log10_p_low"][row] + table["log10_p_step"][row] * (column + u_momentum))
    return Parents(momentum, 10 ** (low + (high - low) * u_angle), weight, np.array(rest))


def from_decay(spectrum: Parents, decay: MesonDecay, daughter: float, disc: Disc) -> Rays:
    """Rays of the daughter of mass `daughter` from P → X Y, isotropic in the rest frame of P.

    A direction that X can take with two momenta gives two rays, one that it cannot take gives none.
    """
    u, v, w = spectrum.uniform
    x, y = disc.points(u, v)
    angle = np.arctan2(np.hypot(x, y), disc.distance)
    # 1 − cos of the angle between P and X without cancellation: both are nearly along the beam.
    half = np.sin((spectrum.angle - angle) / 2) ** 2 + np.sin(spectrum.angle) * np.sin(angle) * np.sin(np.pi * w) ** 2
    star = float(two_body_momentum(decay.parent_mass, daughter, decay.partner_mass))
    momenta, jacobians = inverted(spectrum.momentum / decay.parent_mass, half, star, daughter)
    solid_angle = disc.area / disc.distance**2 * np.cos(angle) ** 3
    weight = spectrum.weight * decay.branching / (4 * np.pi) * solid_angle
    found = []
    for momentum, jacobian in zip(momenta, jacobians, strict=True):
        real = jacobian > 0
        slopes = x[real] / disc.distance, y[real] / disc.distance
        found.append(Rays(momentum[real], *slopes, (weight * jacobian)[real]))
    return join(found)


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
    """Rays of X that take the place of a meson with probability `chance`, with its energy and direction."""
    azimuth = 2 * np.pi * spectrum.uniform[0]
    x = disc.distance * np.tan(spectrum.angle) * np.cos(azimuth)
    y = disc.distance * np.tan(spectrum.angle) * np.sin(azimuth)
    hit = np.hypot(x, y - disc.offset) < disc.radius
    return Rays(spectrum.momentum, x / disc.distance, y / disc.distance, spectrum.weight * chance * hit)


def from_density(
    density: Callable[[Array, Array], Array], beam: float, daughter: float, disc: Disc, shares: tuple[float, float]
) -> Rays:
    """Rays of X radiated by a beam particle: `density` is d²N/dz dpT² (GeV⁻²) of the energy fraction z and pT (GeV).

    `shares` are the smallest and the largest z.
    """
    u, v, w = lattice(RADIATED, 3)
    x, y = disc.points(u, v)
    angle = np.arctan2(np.hypot(x, y), disc.distance)
    low, high = np.log(shares)
    z = np.exp(low + (high - low) * w)
    momentum = np.sqrt(np.maximum((z * beam) ** 2 - daughter**2, 0.0))
    solid_angle = disc.area / disc.distance**2 * np.cos(angle) ** 3
    # dpT² = 2 p² sin θ cos θ dθ and dΩ = 2π sin θ dθ.
    weight = density(z, momentum * np.sin(angle)) * z * (high - low) * momentum**2 * np.cos(angle) / np.pi * solid_angle
    return Rays(momentum, x / disc.distance, y / disc.distance, weight / len(u))
