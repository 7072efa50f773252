"""What BaBar measures of a tagged decay: tracks, the momentum of the tag, the energy of the beams.

A parametrised detector, not a simulation of one. Every number of `BABAR` is an assumption: a recollection of what the experiment writes
about itself, with the range that is plausible in the comment beside it. Errors are Gaussian; no tails, no wrong tags, no
decays in flight, no vertices. No number was chosen by a limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BABAR", "Detector", "accepted", "measured", "to_laboratory"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """Beams, tag and tracks; every number is an assumption."""

    sqrt_s: float
    """Mean energy of a collision, GeV."""

    spread: float
    """Its standard deviation, GeV."""

    boost: float
    """βγ of the centre of mass along +z."""

    tag: float
    """Standard deviation of each component of the momentum of the tag in the centre of mass, GeV."""

    angles: tuple[float, float]
    """Polar angles of tracks in the laboratory, rad."""

    transverse: float
    """Least transverse momentum of a track, GeV."""

    curvature: float
    """σ(pT)/pT per GeV of pT, from the measured points."""

    scattering: float
    """σ(pT)/pT from multiple scattering, times 1/β."""

    angle: float
    """Resolution of both angles at large momentum, rad."""

    angle_scattering: float
    """Part of the resolution of both angles that falls as 1/(pβ), rad GeV."""


BABAR: Final = Detector(
    sqrt_s=10.58,
    spread=0.005,  # 0.003 to 0.006
    boost=0.56,  # 9.0 on 3.1 GeV
    tag=0.020,  # 0.010 to 0.040
    angles=(0.41, 2.54),  # 0.35 to 0.41 and 2.54 to 2.60
    transverse=0.05,  # 0.05 to 0.12
    curvature=0.0013,  # 0.0012 to 0.0015
    scattering=0.0045,  # 0.004 to 0.005
    angle=0.0006,  # 0.0005 to 0.001
    angle_scattering=0.0014,  # 0.0010 to 0.0025
)
"""Tracks as in scripts/fourmuon/detector.py; those of less transverse momentum count too, for the pion of a Λ is slow."""


def to_laboratory(p: Array, boost: float) -> Array:
    """(E, px, py, pz) along the first axis, as seen where the centre of mass moves along +z; −boost is the way back."""
    gamma = np.sqrt(1.0 + boost**2)
    return np.stack([gamma * p[0] + boost * p[3], p[1], p[2], gamma * p[3] + boost * p[0]])


def accepted(p: Array, detector: Detector) -> NDArray[np.bool_]:
    """Whether tracks (4, …) in the laboratory are inside the acceptance."""
    transverse = np.hypot(p[1], p[2])
    theta = np.arctan2(transverse, p[3])
    low, high = detector.angles
    return np.asarray((transverse > detector.transverse) & (theta > low) & (theta < high))


def measured(p: Array, heavy: float, detector: Detector, rng: np.random.Generator) -> Array:
    """Tracks (4, …) of this mass in the laboratory, as measured."""
    transverse = np.hypot(p[1], p[2])
    momentum = np.hypot(transverse, p[3])
    beta = momentum / p[0]
    relative = np.hypot(detector.curvature * transverse, detector.scattering / beta)
    polar = np.hypot(detector.angle, detector.angle_scattering / (momentum * beta))
    size, slope, turn = rng.standard_normal((3, *transverse.shape))
    theta = np.arctan2(transverse, p[3]) + polar * slope
    # φ is an angle around the beam: the same angle in space is more of it.
    phi = np.arctan2(p[2], p[1]) + polar * momentum / transverse * turn
    seen = transverse * (1 + relative * size)
    along = seen / np.tan(theta)
    return np.stack([np.sqrt(seen**2 + along**2 + heavy**2), seen * np.cos(phi), seen * np.sin(phi), along])
