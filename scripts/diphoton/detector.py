"""What the electromagnetic calorimeter of BESIII makes of photons: thresholds, resolution, losses.

Gaussian errors around the true energy and place of impact. Tails of the showers, noise, the crossing angle of the beams and
the length of the interaction region are left out. The numbers for 1 GeV (2.5 % and 6 mm in the barrel, 5 % and 9 mm in the
endcaps) are those of the BESIII detector paper, Nucl. Instrum. Meth. A614 (2010) 345, as remembered; how they divide into
stochastic and constant terms is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from diphoton.photons import Mask, Photons


@dataclass(frozen=True)
class Region:
    """Part of the calorimeter: cosines, threshold, σ_E/E = stochastic/√E ⊕ constant, place in m/√E, distance from the centre in m."""

    cosine_low: float
    cosine_high: float
    threshold: float
    stochastic: float
    constant: float
    position: float
    distance: float


BARREL = Region(0.0, 0.80, 0.025, 0.023, 0.01, 0.006, 0.94)
"""Distance: radius of the crystals' front."""

ENDCAP = Region(0.86, 0.92, 0.050, 0.046, 0.02, 0.009, 1.38)
"""Distance: along the beam, to the crystals' front; a recollection, as 9 mm and 5 % at 1 GeV."""

BETWEEN = 0.83
"""Cosine at which the resolution changes from that of the barrel to that of the endcaps."""

PHOTON_EFFICIENCY = 0.95
"""Chance that a photon inside the acceptance is seen as one.

Assumed, plausibly 0.90 to 0.99: some 5 % are lost to conversion before the calorimeter (a few per cent of a radiation length of
beam pipe and drift chamber, and the counters of the time of flight) and to the matching of tracks and times.
"""


class Measured(NamedTuple):
    """Measured photons and the standard deviations of energy, θ and φ, (photons, events) each."""

    photons: Photons
    errors: Photons


def resolutions(photons: Photons) -> Photons:
    """Standard deviations of energy, θ and φ, of photons of these energies and angles."""
    energy, theta, _ = photons
    root, sine, cosine = np.sqrt(energy), np.sin(theta), np.abs(np.cos(theta))
    end = cosine > BETWEEN
    stochastic, constant = (np.where(end, *pair) for pair in _pairs("stochastic", "constant"))
    # Across the line of flight the shower is placed to `position`; the path is distance/sin θ or distance/cos θ.
    path = np.where(end, ENDCAP.distance / np.maximum(cosine, BETWEEN), BARREL.distance / sine)
    angle = np.where(end, ENDCAP.position, BARREL.position) / (root * path)
    return Photons(np.hypot(stochastic * root, constant * energy), angle, angle / sine)


def _pairs(*names: str) -> list[tuple[float, float]]:
    return [(getattr(ENDCAP, name), getattr(BARREL, name)) for name in names]


def measure(true: Photons, rng: np.random.Generator) -> Measured:
    """Smeared photons; the errors that are quoted are those of the measured photon, as in data."""
    errors = resolutions(true)
    energy, theta, phi = (
        value + error * rng.standard_normal(value.shape) for value, error in zip(true, errors, strict=True)
    )
    measured = Photons(np.maximum(energy, 1e-3), np.clip(theta, 0.02, np.pi - 0.02), phi)
    return Measured(measured, resolutions(measured))


def seen(photons: Photons) -> Mask:
    """Which photons are in the acceptance and above threshold, (photons, events)."""
    cosine = np.abs(np.cos(photons.theta))
    found = np.zeros(cosine.shape, dtype=bool)
    for region in (BARREL, ENDCAP):
        there = (cosine >= region.cosine_low) & (cosine < region.cosine_high)
        found |= there & (photons.energy > region.threshold)
    return found
