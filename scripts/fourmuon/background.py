"""Weighted events of e⁺e⁻ → μ⁺μ⁻μ⁺μ⁻ at lowest order of QED, by multichannel importance sampling.

Every channel follows one set of poles of the amplitude: two virtual photons and the t-channel electron (conversion), or one
virtual photon and the two muons that may radiate it (bremsstrahlung). A channel is averaged over the exchanges of identical
muons, so that the six shares, not the permutations, are what is adapted (a-posteriori weights, Kleiss and Pittau,
hep-ph/9405257).

Momenta have the shape (events, 4, 4): μ⁻ μ⁺ μ⁻ μ⁺; E, px, py, pz in GeV in the centre-of-mass frame, the electron along +z.
The mean of the weights is the cross-section in fb, 1/(2! 2!) of identical muons included: of all phase space, or of the region
that `accept` lets through. Only accepted events are returned; the sum of their weights is the cross-section times their number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.errors import InputError
from limits.physics.four_muons import squared_amplitude
from limits.units import ALPHA, INVERSE_FB_IN_INVERSE_PB, PB_GEV2
from limits.units import mass as particle_mass

Real = NDArray[np.float64]
Accept = Callable[[Real], NDArray[np.bool_]]

CHANNELS: Final = (
    "conversion, both photons light, steep",
    "conversion, both photons light, wide",
    "conversion, one photon soft, steep",
    "conversion, one photon soft, wide",
    "bremsstrahlung, both muon poles",
    "bremsstrahlung, one muon pole",
)
_EVEN: Final = np.full(len(CHANNELS), 1.0 / len(CHANNELS))
_WIDENED = 0.15  # added to the position of the pole in cos θ: about the distance at which an acceptance cuts it off
_BLOCK = 100_000
_LEAST_BLOCK = 1_000
_PATIENCE = 100  # blocks that must together give as many accepted events
_ROUNDS = 6
_SCOUTS = 50_000  # points of one round
_LEAST_SHARE = 0.01
# One pair of (μ⁻, μ⁺) and the pair of the others, in the four orders.
_ORDERS: Final = (((0, 1), (2, 3)), ((2, 3), (0, 1)), ((0, 3), (2, 1)), ((2, 1), (0, 3)))


class Beam(NamedTuple):
    """What every formula of the phase space needs: s, √s, m_μ and m_μ²."""

    s: float
    root: float
    muon: float
    muon2: float


def background_events(
    size: int,
    sqrt_s: float,
    rng: np.random.Generator,
    accept: Accept | None = None,
    shares: Real | None = None,
    alpha: float = ALPHA,
) -> tuple[Real, Real]:
    """`size` events and their weights in fb; the mean weight is the cross-section of the region that `accept` lets through.

    `accept` sees momenta in the centre-of-mass frame before the amplitude is computed. `shares` are those of the channels, as
    `tuned_shares` finds them; without, all are equal.

    Raises: InputError if `size` is not positive, √s is not above 4 m_μ, or next to nothing is accepted.
    """
    if size < 1:
        raise InputError(f"size = {size}: at least one event")
    beam = _beam(sqrt_s)
    kept: list[tuple[Real, Real]] = []
    block = min(_BLOCK, max(_LEAST_BLOCK, 2 * size))
    tried = found = 0
    while found < size:
        kept.append(_block(beam, rng, block, _EVEN if shares is None else shares, accept, alpha))
        tried += block
        found += len(kept[-1][1])
        if tried >= _PATIENCE * block and found < _PATIENCE:
            raise InputError(f"accept: {found} of {tried} events let through")
    momenta, weights = (np.concatenate(each)[:size] for each in zip(*kept, strict=True))
    return momenta, weights * (found / tried)


def tuned_shares(sqrt_s: float, rng: np.random.Generator, accept: Accept | None = None, rounds: int = _ROUNDS) -> Real:
    """Shares of the channels that make the variance of the weights small in the region that `accept` lets through.

    Raises: InputError if √s is not above 4 m_μ.
    """
    beam = _beam(sqrt_s)
    shares = _EVEN
    for _ in range(rounds):
        momenta = _points(beam, rng, shares, _SCOUTS)
        if accept is not None:
            momenta = momenta[accept(momenta)]
        densities = _densities(momenta, beam)
        total = shares @ densities
        squared = (squared_amplitude(momenta) / total) ** 2
        # Few very large weights must not decide alone.
        squared = np.minimum(squared, 1e3 * np.mean(squared)) if len(squared) else squared
        shares = shares * np.sqrt(np.sum(squared * densities / total, axis=1))
        shares = shares / shares.sum() + _LEAST_SHARE
        shares = shares / shares.sum()
    return np.asarray(shares)


def unweight(momenta: Real, weights: Real, rng: np.random.Generator, cut: float) -> tuple[Real, Real]:
    """A smaller sample with more even weights: an event stays with probability min(1, weight/`cut`).

    Events above `cut` stay with their weight, all others get `cut`; a common factor keeps the mean weight the cross-section.

    Raises: InputError if `cut` is not positive or nothing is left.
    """
    if not cut > 0.0:
        raise InputError(f"cut = {cut:g}: must be positive")
    keep = rng.random(len(weights)) * cut < weights
    if not np.any(keep):
        raise InputError(f"cut = {cut:g}: no event is left of {len(weights)}")
    return momenta[keep], np.maximum(weights[keep], cut) * (np.count_nonzero(keep) / len(weights))


def within(momenta: Real, boost: float, transverse: float, angles: tuple[float, float]) -> NDArray[np.bool_]:
    """Whether all four muons have at least this transverse momentum (GeV) and lie between two polar angles (degrees).

    The angles are those in the laboratory, which sees the centre of mass move along +z with βγ = `boost`.
    """
    energy, along = momenta[..., 0], momenta[..., 3]
    pt2 = momenta[..., 1] ** 2 + momenta[..., 2] ** 2
    forward = np.sqrt(1.0 + boost**2) * along + boost * energy
    low, high = (1.0 / np.tan(np.radians(angle)) for angle in angles)
    slope = forward / np.sqrt(np.maximum(pt2, np.finfo(float).tiny))
    inside = (pt2 > transverse**2) & (slope < low) & (slope > high)
    return np.asarray(inside.all(axis=-1))


def _beam(sqrt_s: float) -> Beam:
    muon = particle_mass("mu-")
    if not sqrt_s > 4.0 * muon:
        raise InputError(f"sqrt_s = {sqrt_s:g} GeV: four muons need more than {4.0 * muon:.4f} GeV")
    return Beam(sqrt_s**2, sqrt_s, muon, muon**2)


def _block(
    beam: Beam, rng: np.random.Generator, size: int, shares: Real, accept: Accept | None, alpha: float
) -> tuple[Real, Real]:
    """Accepted events out of `size`, and their weights before the factor of those not accepted."""
    momenta = _points(beam, rng, shares, size)
    if accept is not None:
        momenta = momenta[accept(momenta)]
    # Flux 1/(2s), identical muons ¼.
    scale = PB_GEV2 * INVERSE_FB_IN_INVERSE_PB / (8.0 * beam.s)
    return momenta, scale * squared_amplitude(momenta, alpha) / (shares @ _densities(momenta, beam))


def _points(beam: Beam, rng: np.random.Generator, shares: Real, size: int) -> Real:
    """Points in phase space, drawn from the channels with these shares, in random order."""
    counts = np.bincount(rng.choice(len(CHANNELS), size, p=shares), minlength=len(CHANNELS))
    parts = [_converted(beam, rng, n, soft=kind >= 2, wide=kind % 2 == 1) for kind, n in enumerate(counts[:4])]
    parts += [_radiated(beam, rng, n, flat=kind == 1) for kind, n in enumerate(counts[4:])]
    momenta = np.concatenate(parts, axis=-1).transpose(2, 0, 1)[rng.permutation(size)]
    order = rng.permuted(np.tile(np.arange(2), (size, 2, 1)), axis=-1)  # the exchanges of identical muons
    slots = np.stack([2 * order[:, 0, 0], 2 * order[:, 1, 0] + 1, 2 * order[:, 0, 1], 2 * order[:, 1, 1] + 1], axis=-1)
    return np.asarray(np.take_along_axis(momenta, slots[:, :, None], axis=1))


def _log_between(rng: np.random.Generator, low: Real | float, high: Real | float, size: int) -> Real:
    return np.asarray(low * (np.asarray(high) / low) ** rng.random(size))


def _direction(rng: np.random.Generator, size: int) -> Real:
    cosine, azimuth = rng.uniform(-1.0, 1.0, size), rng.uniform(0.0, 2.0 * np.pi, size)
    sine = np.sqrt(1.0 - cosine**2)
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])


def _relative(total: Real | float, one: Real | float, two: Real | float) -> Real:
    """2p/√total of two bodies, from masses squared; the two-body phase space is this over 8π."""
    inside = (total - one - two) ** 2 - 4.0 * np.asarray(one) * two
    return np.asarray(np.sqrt(np.maximum(inside, 0.0)) / total)


def _split(parent: Real, mass2: Real, beam: Beam, rng: np.random.Generator) -> tuple[Real, Real]:
    """Two muons, isotropic in the rest frame of their parent."""
    mass = np.sqrt(mass2)
    rest = 0.5 * mass * _relative(mass2, beam.muon2, beam.muon2) * _direction(rng, len(mass))
    energy = (0.5 * parent[0] * mass + np.sum(parent[1:] * rest, axis=0)) / mass
    first = np.concatenate([energy[None], rest + parent[1:] * (0.5 * mass + energy) / (mass + parent[0])])
    return first, parent - first


def _converted(beam: Beam, rng: np.random.Generator, size: int, soft: bool, wide: bool) -> Real:
    """Momenta of shape (4, 4, size): two photons back to back, near the beams."""
    least = 4.0 * beam.muon2
    one = _log_between(rng, least, (beam.root - 2.0 * beam.muon) ** 2, size)
    if soft:
        two = beam.s + one - _log_between(rng, 2.0 * beam.root * np.sqrt(one), beam.s + one - least, size)
    else:
        two = _log_between(rng, least, (beam.root - np.sqrt(one)) ** 2, size)
    momentum = 0.5 * beam.root * _relative(beam.s, one, two)
    gap = _gap(beam, one, two) + (_WIDENED if wide else 0.0)
    one_minus = _log_between(rng, gap, 2.0 + gap, size) - gap
    sine = np.sqrt(np.maximum(one_minus * (2.0 - one_minus), 0.0))
    cosine = (1.0 - one_minus) * rng.choice([-1.0, 1.0], size)
    azimuth = rng.uniform(0.0, 2.0 * np.pi, size)
    energy = 0.5 * (beam.s + one - two) / beam.root
    first = np.stack([energy, *(momentum * np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine]))])
    second = np.concatenate([beam.root - energy[None], -first[1:]])
    return np.stack([*_split(first, one, beam, rng), *_split(second, two, beam, rng)])


def _gap(beam: Beam, one: Real, two: Real) -> Real:
    """How far beyond cos θ = 1 the pole of the t-channel electron lies: t ∝ cos θ − 1 − gap."""
    momentum = beam.s * _relative(beam.s, one, two)
    half = beam.s - one - two
    # (s − q₁² − q₂²) − 2p√s without the cancellation.
    return np.asarray(4.0 * one * two / (np.maximum(momentum, 1e-12 * beam.s) * (half + momentum)))


def _radiated(beam: Beam, rng: np.random.Generator, size: int, flat: bool) -> Real:
    """Momenta of shape (4, 4, size): a photon radiated by one of two muons; the first two momenta are those of the line."""
    photon2 = _log_between(rng, 4.0 * beam.muon2, (beam.root - 2.0 * beam.muon) ** 2, size)
    photon = np.sqrt(photon2)
    one = _log_between(rng, photon2 + 2.0 * beam.muon * photon, beam.s - 2.0 * beam.muon * beam.root, size)
    low, high = _second_pole(beam, photon2, one)
    two = low + (high - low) * rng.random(size) if flat else _log_between(rng, low, high, size)
    energies = [0.5 * (beam.s - pole) / beam.root for pole in (one, two)]
    p, k = (np.sqrt(np.maximum(energy**2 - beam.muon2, 0.0)) for energy in energies)
    recoil = beam.root - energies[0] - energies[1]
    cosine = np.clip((recoil**2 - photon2 - p**2 - k**2) / np.maximum(2.0 * p * k, 1e-300), -1.0, 1.0)
    axis, other = _direction(rng, size), _direction(rng, size)
    across = np.cross(axis, other, axis=0)
    across /= np.sqrt(np.sum(across**2, axis=0))
    first = np.stack([energies[0], *(p * axis)])
    second = np.stack([energies[1], *(k * (cosine * axis + np.sqrt(1.0 - cosine**2) * across))])
    pair = -first - second
    pair[0] = recoil
    swap = rng.random(size) < 0.5
    line = np.where(swap, second, first), np.where(swap, first, second)
    return np.stack([*line, *_split(pair, photon2, beam, rng)])


def _second_pole(beam: Beam, photon2: Real, one: Real) -> tuple[Real, Real]:
    """Limits of (k₂ + q)² − m² when (k₁ + q)² − m² is `one`."""
    mass2 = one + beam.muon2
    middle = photon2 + 0.5 * (one + photon2) * (beam.s - mass2 - beam.muon2) / mass2
    half = 0.5 * mass2 * _relative(mass2, photon2, beam.muon2) * beam.s / mass2 * _relative(beam.s, mass2, beam.muon2)
    return middle - half, middle + half


def _densities(momenta: Real, beam: Beam) -> Real:
    """Density of every channel, in Lorentz-invariant phase space including (2π)⁴; shape (channels, events)."""
    result = np.zeros((len(CHANNELS), len(momenta)))
    energies = momenta[:, :, 0]
    for first, second in _ORDERS:
        pair = momenta[:, first[0]] + momenta[:, first[1]]
        other = momenta[:, second[0]] + momenta[:, second[1]]
        one, two = (each[:, 0] ** 2 - np.sum(each[:, 1:] ** 2, axis=1) for each in (pair, other))
        result[:4] += _conversion_densities(beam, one, two, pair)
        poles = [beam.s - 2.0 * beam.root * energies[:, muon] for muon in first]
        result[4:] += _radiation_densities(beam, two, poles[0], poles[1])
        result[4:] += _radiation_densities(beam, two, poles[1], poles[0])
    result[:4] /= 4.0
    result[4:] /= 8.0
    return result


def _conversion_densities(beam: Beam, one: Real, two: Real, pair: Real) -> Real:
    least = 4.0 * beam.muon2
    heavy = _relative(beam.s, one, two)
    betas = heavy * _relative(one, beam.muon2, beam.muon2) * _relative(two, beam.muon2, beam.muon2)
    unit = (2.0 * np.pi) ** 2 * (8.0 * np.pi) ** 3 / (betas * one * np.log((beam.root - 2.0 * beam.muon) ** 2 / least))
    light = unit / (two * np.log((beam.root - np.sqrt(one)) ** 2 / least))
    left = beam.s + one - two
    soft = unit / (left * np.log((beam.s + one - least) / (2.0 * beam.root * np.sqrt(one))))
    cosine = pair[:, 3] / (0.5 * beam.root * heavy)
    gap = _gap(beam, one, two)
    angles = []
    for pole in (gap, gap + _WIDENED):
        ends = (1.0 + pole - cosine) * (1.0 + pole + cosine)
        angles.append(2.0 * (1.0 + pole) / (ends * np.log1p(2.0 / pole)))
    return np.stack([light * angles[0], light * angles[1], soft * angles[0], soft * angles[1]])


def _radiation_densities(beam: Beam, photon2: Real, one: Real, two: Real) -> Real:
    photon = np.sqrt(photon2)
    masses = np.log((beam.root - 2.0 * beam.muon) ** 2 / (4.0 * beam.muon2)) * photon2
    poles = np.log((beam.s - 2.0 * beam.muon * beam.root) / (photon2 + 2.0 * beam.muon * photon)) * one
    volume = _relative(photon2, beam.muon2, beam.muon2) / (16.0 * np.pi**2 * 128.0 * np.pi**3 * beam.s)
    low, high = _second_pole(beam, photon2, one)
    unit = 1.0 / (masses * poles * volume)
    return np.stack([unit / (two * np.log(high / low)), unit / (high - low)])
