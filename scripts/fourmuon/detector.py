"""What Belle II and BaBar see of four muons: acceptance, resolution, kinematic fit, identification.

A parametrised detector, not a simulation of one. Every number of `BELLE2` and `BABAR` is an assumption: a recollection of what the
experiments write about themselves, with the range that is plausible in the comment beside it. The resolution of the angles was chosen
once, so that peaks below 1 GeV are 2 to 3 MeV wide, as remembered from Belle and Belle II; no limit was looked at. That the momenta
are fitted to those of the beams is a recollection too; it is what makes the peaks at high mass as narrow as they are known to be.
Tails are those of scattering alone: no radiation, no hard scattering, no wrong hits. Efficiencies are weights, not decisions: the spread
of a sample is smaller for it.

Momenta have the shape (events, 4, 4): μ⁻ μ⁺ μ⁻ μ⁺; E, px, py, pz in GeV, in the frame where the beams have opposite momenta, the
electron along +z. No radiation: the four muons carry all of the energy of the beams.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from limits.errors import InputError
from limits.units import mass as particle_mass

__all__ = ["BABAR", "BELLE2", "PAIRS", "Experiment", "Seen", "accepted", "identified", "observe", "reduced_masses"]

Real = NDArray[np.float64]

PAIRS: Final = ((2, 3), (0, 1), (0, 3), (2, 1))
"""The four pairs (μ⁻, μ⁺) of an event; in signal the first is the one from X."""

ITERATIONS: Final = 3
"""Steps of the fit: what is left of the missing momentum is then far below a keV."""


@dataclass(frozen=True)
class Experiment:
    """A detector and a selection; every number is an assumption."""

    name: str
    luminosity: float
    """Inverse fb."""

    boost: float
    """βγ of the centre of mass along +z."""

    angles: tuple[float, float]
    """Polar angles of tracks in the laboratory, degrees."""

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

    spreads: tuple[float, float]
    """Spread of the energies of the electron and of the positron beam, GeV."""

    window: tuple[float, float]
    """Invariant mass of the four muons before the fit, GeV."""

    tracking: float
    """Efficiency of one track."""

    muon: float
    """Efficiency of the identification of one muon, at large momentum."""

    turn_on: tuple[float, float]
    """Momentum in the laboratory where that is half as large, and the width of the logistic rise, GeV."""

    demand: Literal["three", "same-sign"]
    """At least three muons identified, or at least both muons of one charge."""

    trigger: float
    other: float
    """Everything else: vertex, unused energy, no further track."""


BELLE2: Final = Experiment(
    name="Belle II",
    luminosity=178.0,
    boost=0.284,
    angles=(17.0, 150.0),
    transverse=0.15,  # 0.1 to 0.2
    curvature=0.0010,  # 0.0008 to 0.0015
    scattering=0.0030,  # 0.0025 to 0.004
    angle=0.0006,  # 0.0004 to 0.001
    angle_scattering=0.0014,  # 0.0008 to 0.0025
    spreads=(0.0044, 0.0032),  # 6e-4 and 8e-4 of 7 and 4 GeV
    window=(10.0, 11.0),
    tracking=0.98,  # 0.96 to 0.99
    muon=0.90,  # 0.85 to 0.95
    turn_on=(0.70, 0.05),  # 0.6 to 0.8
    demand="three",
    trigger=0.96,  # 0.93 to 0.99
    other=0.95,  # 0.88 to 0.98
)
"""Energies of 7 and 4 GeV; the selection of arXiv:2403.02841 as remembered, ranges beside the numbers."""

BABAR: Final = Experiment(
    name="BaBar",
    luminosity=514.0,
    boost=0.56,
    angles=(22.9, 149.0),  # 0.40 to 2.60 rad; 0.35 to 0.41 and 2.54 to 2.62
    transverse=0.15,  # 0.1 to 0.2
    curvature=0.0013,  # 0.0012 to 0.0015
    scattering=0.0045,  # 0.004 to 0.005
    angle=0.0006,  # 0.0005 to 0.001
    angle_scattering=0.0014,  # 0.0010 to 0.0025
    spreads=(0.0055, 0.0024),  # 6e-4 of 9 GeV and 8e-4 of 3.1 GeV
    window=(10.08, 11.08),
    tracking=0.98,  # 0.95 to 0.99
    muon=0.85,  # 0.7 to 0.95
    turn_on=(0.60, 0.10),  # 0.5 to 0.8
    demand="same-sign",
    trigger=0.98,  # 0.95 to 0.99
    other=0.93,  # 0.85 to 0.98
)
"""Energies of 9 and 3.1 GeV; the selection of arXiv:1606.03501 as remembered, ranges beside the numbers."""


class Seen(NamedTuple):
    """Events after the selection."""

    momenta: Real
    """Fitted, in the frame of the beams, shape (seen, 4, 4)."""

    weights: Real
    """Efficiency of identification, tracking and trigger, shape (seen,)."""

    events: NDArray[np.intp]
    """Which of the events these are, shape (seen,)."""


def observe(momenta: Real, experiment: Experiment, rng: np.random.Generator, fitted: bool = True) -> Seen:
    """What the experiment keeps of these events; without `fitted` the momenta are those of the tracks.

    Raises: InputError if the shape is not (events, 4, 4).
    """
    if momenta.ndim != 3 or momenta.shape[1:] != (4, 4):
        raise InputError(f"momenta: shape {momenta.shape}, expected (events, 4 muons, 4 components)")
    index = np.flatnonzero(accepted(momenta, experiment, margin=0.01))
    true = _tracks(momenta[index].transpose(2, 1, 0), experiment.boost)
    errors = _errors(true, experiment)
    measured = true + errors * rng.standard_normal(true.shape)
    kicks = np.asarray(experiment.spreads)[:, None] * rng.standard_normal((2, len(index)))
    tracks, vectors = measured, _vectors(measured)
    total = vectors.sum(axis=1)
    mass = np.sqrt(np.maximum(total[0] ** 2 - np.sum(total[1:] ** 2, axis=0), 0.0))
    if fitted:
        tracks = _fitted(measured, errors, _beams(momenta[index], experiment.boost, kicks), experiment.spreads)
    result = _boosted(_vectors(tracks), -experiment.boost).transpose(2, 1, 0)
    keep = accepted(_boosted(vectors, -experiment.boost).transpose(2, 1, 0), experiment)
    keep &= (mass > experiment.window[0]) & (mass < experiment.window[1])
    speed = np.sqrt(np.sum(vectors[1:, :, keep] ** 2, axis=0))
    weights = identified(speed.T, experiment) * experiment.tracking**4 * experiment.trigger * experiment.other
    return Seen(np.ascontiguousarray(result[keep]), weights, index[keep])


def accepted(momenta: Real, experiment: Experiment, margin: float = 0.0) -> NDArray[np.bool_]:
    """Whether all four muons are inside the acceptance, widened by this part of pT and this angle in rad; shape (events,)."""
    vectors = _boosted(momenta.transpose(2, 1, 0), experiment.boost)
    transverse = np.hypot(vectors[1], vectors[2])
    theta = np.arctan2(transverse, vectors[3])
    low, high = np.radians(experiment.angles)
    inside = (transverse > experiment.transverse * (1.0 - margin)) & (theta > low - margin) & (theta < high + margin)
    return np.asarray(inside.all(axis=0))


def identified(momentum: Real, experiment: Experiment) -> Real:
    """Chance that enough of the four muons are identified; `momentum` (events, 4) in the laboratory, result (events,)."""
    middle, width = experiment.turn_on
    one = experiment.muon * expit((momentum - middle) / width)
    if experiment.demand == "same-sign":
        return np.asarray(1.0 - (1.0 - one[:, 0] * one[:, 2]) * (1.0 - one[:, 1] * one[:, 3]))
    every = np.prod(one, axis=1)
    but_one = sum((1.0 - one[:, i]) * np.prod(np.delete(one, i, axis=1), axis=1) for i in range(4))
    return np.asarray(every + but_one)


def reduced_masses(momenta: Real) -> Real:
    """√(M² − 4m_μ²) of the four `PAIRS`, GeV, shape (events, 4)."""
    muon2 = particle_mass("mu-") ** 2
    found = []
    for minus, plus in PAIRS:
        one, other = momenta[:, minus], momenta[:, plus]
        product = one[:, 0] * other[:, 0] - np.sum(one[:, 1:] * other[:, 1:], axis=1)
        found.append(np.sqrt(2.0 * np.maximum(product - muon2, 0.0)))
    return np.stack(found, axis=1)


def _boosted(vectors: Real, boost: float) -> Real:
    """(E, px, py, pz) along the first axis, in a frame that sees the old one move along +z."""
    gamma = np.sqrt(1.0 + boost**2)
    energy, along = gamma * vectors[0] + boost * vectors[3], gamma * vectors[3] + boost * vectors[0]
    return np.stack([energy, vectors[1], vectors[2], along])


def _tracks(momenta: Real, boost: float) -> Real:
    """pT, θ, φ in the laboratory, shape (3, muons, events)."""
    _, right, up, along = _boosted(momenta, boost)
    transverse = np.hypot(right, up)
    return np.stack([transverse, np.arctan2(transverse, along), np.arctan2(up, right)])


def _vectors(tracks: Real) -> Real:
    """(E, px, py, pz) along the first axis."""
    transverse, theta, phi = tracks
    along = transverse / np.tan(theta)
    energy = np.sqrt(transverse**2 + along**2 + particle_mass("mu-") ** 2)
    return np.stack([energy, transverse * np.cos(phi), transverse * np.sin(phi), along])


def _errors(tracks: Real, experiment: Experiment) -> Real:
    """Standard deviations of pT, θ and φ."""
    transverse, theta, _ = tracks
    momentum = transverse / np.sin(theta)
    speed = momentum / np.hypot(momentum, particle_mass("mu-"))
    relative = np.hypot(experiment.curvature * transverse, experiment.scattering / speed)
    polar = np.hypot(experiment.angle, experiment.angle_scattering / (momentum * speed))
    # φ is an angle around the beam: the same angle in space is more of it.
    return np.stack([relative * transverse, polar, polar / np.sin(theta)])


def _beams(momenta: Real, boost: float, kicks: Real) -> Real:
    """Four-momentum of the beams as it is taken to be, off by what their spread does, shape (4, events)."""
    total = _boosted(momenta.sum(axis=1).T, boost)
    total[0] += kicks[0] + kicks[1]
    total[3] += kicks[0] - kicks[1]
    return np.asarray(total)


def _fitted(measured: Real, errors: Real, beams: Real, spreads: tuple[float, float]) -> Real:
    """Tracks whose momenta add up to that of the beams within its spread: least squares with Lagrange multipliers, linearised."""
    variance, (one, two) = errors**2, np.asarray(spreads) ** 2
    spread = np.zeros((4, 4))
    spread[[0, 3, 0, 3], [0, 3, 3, 0]] = one + two, one + two, one - two, one - two
    now = measured
    for _ in range(ITERATIONS):
        slopes = _slopes(now)
        scaled = slopes * variance
        matrix = np.einsum("ckmn,dkmn->ncd", scaled, slopes, optimize=True) + spread
        missing = _vectors(now).sum(axis=1) - beams + np.einsum("ckmn,kmn->cn", slopes, measured - now)
        multipliers = np.linalg.solve(matrix, missing.T[:, :, None])[:, :, 0].T
        now = measured - np.einsum("ckmn,cn->kmn", scaled, multipliers)
    return np.asarray(now)


def _slopes(tracks: Real) -> Real:
    """Derivatives of (E, px, py, pz) by (pT, θ, φ), shape (4, 3, muons, events)."""
    transverse, theta, _ = tracks
    energy, right, up, along = _vectors(tracks)
    none, turn = np.zeros_like(energy), -transverse / np.sin(theta) ** 2
    slope = along / transverse
    by_transverse = (transverse + along * slope) / energy, right / transverse, up / transverse, slope
    by_theta = along * turn / energy, none, none, turn
    by_phi = none, -up, right, none
    return np.stack([np.stack(rows) for rows in (by_transverse, by_theta, by_phi)], axis=1)
