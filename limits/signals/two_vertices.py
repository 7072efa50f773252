"""Two particles that decay to two tracks each, in a tracker around the collision point: the chance that both vertices are seen.

Where a particle decays is not thrown: given the momenta, the chance that a vertex lies anywhere in the tracker, or beyond the distance
from which it counts as displaced, is an integral over the exponential. A toy: straight tracks from the vertices, and one efficiency
per vertex that falls with its distance. Lengths in m, momenta in GeV, angles in radian.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bool = NDArray[np.bool_]


class Tracker(NamedTuple):
    """A cylinder around the beams, and what is asked of tracks, of the electron pair and of vertices."""

    radius: float
    """Where the tracker ends; a vertex there leaves no hit."""
    forward: float
    backward: float
    """Its ends along the beam, both counted from the collision point, and both positive."""
    angles: tuple[float, float]
    """Least and largest polar angle of every track."""
    transverse: float
    """Least transverse momentum of every track."""
    pair_energy: float
    """Least energy of the electron pair in the laboratory, which fires the trigger."""
    pair_angle: float
    """Least angle between the two electrons: those of converted photons are close to each other."""
    displaced: float
    """Least distance from the beam, of at least one of the two vertices."""


class Pair(NamedTuple):
    """A particle that flies, and its two tracks: momenta (4, n) each, energy first."""

    parent: Array
    tracks: tuple[Array, Array]


class Flight(NamedTuple):
    """Straight paths (n,): length in the tracker, length up to where the vertex is displaced, and βγ."""

    length: Array
    near: Array
    boost: Array

    def seen(self, decay_length: Array) -> tuple[Array, Array]:
        """Chance (c, n) of a vertex in the tracker, and of a displaced one, times efficiency, for proper decay lengths (c,).

        The efficiency falls linearly with the distance, from 1 to 0 where the path leaves the tracker: hits are lost in proportion.
        """
        mean = np.maximum(decay_length, 1e-12)[:, None] * self.boost
        left = np.maximum(self.length - self.near, 0.0)
        far = np.exp(-self.near / mean) * left / self.length * falling(left / mean)
        return falling(self.length / mean), far


@dataclass(frozen=True, eq=False)
class Vertices:
    """Events that are kept: weights (n,), which sum to what the momenta pass, and the flight of both particles."""

    weight: Array
    first: Flight
    second: Flight

    def acceptance(self, first_length: Array, second_length: Array) -> Array:
        """Acceptance (c,) for proper decay lengths (c,) of the two particles in m: both seen, at least one of them displaced."""
        (first, first_far), (second, second_far) = self.first.seen(first_length), self.second.seen(second_length)
        both = first * second_far + first_far * second - first_far * second_far
        return np.asarray(both @ self.weight)


def falling(lengths: Array) -> Array:
    """∫₀¹ (1 − t) x e^(−xt) dt = 1 − (1 − e^(−x))/x: decays along a path of x decay lengths, seen with 1 − t."""
    small = lengths < 1e-3
    x = np.where(small, 1.0, lengths)
    return np.asarray(np.where(small, lengths / 2 - lengths**2 / 6 + lengths**3 / 24, 1 + np.expm1(-x) / x))


def vertices(weight: Array, first: Pair, electrons: Pair, tracker: Tracker) -> Vertices:
    """The events of weights (n,) that pass what is asked of momenta, ready for any decay lengths."""
    kept = _pair_passes(electrons, tracker)
    for track in (*first.tracks, *electrons.tracks):
        kept &= _track_passes(track, tracker)
    flights = [flight(pair.parent[:, kept], tracker) for pair in (first, electrons)]
    return Vertices(weight[kept], *flights)


def flight(parent: Array, tracker: Tracker) -> Flight:
    """The path of particles (4, n) from the collision point: whichever end of the tracker they reach first."""
    energy, x, y, z = parent
    momentum, across = np.sqrt(x**2 + y**2 + z**2), np.maximum(np.hypot(x, y), 1e-12)
    end = np.where(z > 0, tracker.forward, tracker.backward)
    length = momentum * np.minimum(tracker.radius / across, end / np.maximum(np.abs(z), 1e-12))
    mass = np.sqrt(np.maximum(energy**2 - momentum**2, np.finfo(np.float64).tiny))
    return Flight(length, np.minimum(momentum * tracker.displaced / across, length), momentum / mass)


def _track_passes(track: Array, tracker: Tracker) -> Bool:
    _, x, y, z = track
    transverse = np.hypot(x, y)
    angle = np.arctan2(transverse, z)
    low, high = tracker.angles
    return np.asarray((transverse > tracker.transverse) & (angle > low) & (angle < high))


def _pair_passes(electrons: Pair, tracker: Tracker) -> Bool:
    one, other = electrons.tracks
    product = np.linalg.norm(one[1:], axis=0) * np.linalg.norm(other[1:], axis=0)
    near = np.sum(one[1:] * other[1:], axis=0) > product * np.cos(tracker.pair_angle)
    return np.asarray((one[0] + other[0] > tracker.pair_energy) & ~near)
