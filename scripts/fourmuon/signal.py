"""Events of e⁺e⁻ → μ⁺μ⁻X, X → μ⁺μ⁻, with the exact tree-level matrix element, in the frame where the beams have opposite momenta.

X is on its mass shell: its width is far below any resolution. A vector keeps its polarisation from production to decay (its helicities are
summed coherently), a scalar decays isotropically. The exchange of identical muons between production and decay is left out: on a narrow
peak it is of the order of the width over the energies of the muons. No radiation from the beams.

How: the two invariants of μμX are drawn from the closed form of `muon_pair`, the orientation of the event and the decay of X uniformly;
then the exact squared amplitude over its average over these angles, at most 9/4, decides whether an event is kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.errors import InputError
from limits.physics.muon_pair import Kind, cross_section, dalitz_points, squared_amplitude
from limits.units import mass as particle_mass

__all__ = ["amplitudes", "decay_average", "signal_events"]

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]

CELLS = 96
"""Cells of the unit square along each invariant, in which the density is bounded."""

MARGIN = 1.03
"""Bound over the largest density at corners and centre of a cell; what is above all the same carries a weight above the others."""

BLOCK = 20_000
"""Events tried in one go: arrays that stay in the cache."""

METRIC = np.array([1.0, -1.0, -1.0, -1.0])


def _gammas() -> Complex:
    """γ^ν in the chiral representation, shape (4, 4, 4)."""
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    gammas = np.zeros((4, 4, 4), dtype=np.complex128)
    gammas[:, :2, 2:] = [np.eye(2), *pauli]
    gammas[:, 2:, :2] = [np.eye(2), *(-pauli)]
    return gammas


GAMMA = _gammas()


class Production(NamedTuple):
    """Momenta of μ⁻, μ⁺ and X, shape (events, 4) each."""

    minus: Real
    plus: Real
    boson: Real


def signal_events(
    mass: float, size: int, kind: Kind, sqrt_s: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Events of e⁺e⁻ → μ⁺μ⁻X(→ μ⁺μ⁻) in the frame of the beams, the e⁻ along +z.

    Shape: momenta (size, 4, 4): μ⁻, μ⁺ radiating X, then μ⁻, μ⁺ from X; (E, px, py, pz) of each. Weights (size,).
    Unit: GeV; weights in fb for unit coupling, not times the branching fraction: they add up to σ(e⁺e⁻ → μμX). They are all equal, unless
        the bound of the density was exceeded somewhere: such an event counts by what it was exceeded.
    Raises: InputError if X cannot decay to muons or be made, or no event is asked for.
    """
    muon = particle_mass("mu-")
    if not 2.0 * muon < mass < sqrt_s - 2.0 * muon:
        raise InputError(f"mass = {mass:g} GeV: must be between 2 m_μ and √s − 2 m_μ")
    if size < 1:
        raise InputError(f"size = {size}: must be at least 1")
    bins = _Bins(mass, sqrt_s, kind)
    kept: list[tuple[Real, Real]] = []
    while sum(len(weights) for _, weights in kept) < size:
        kept.append(_accepted(bins, rng))
    momenta, weights = (np.concatenate(parts)[:size] for parts in zip(*kept, strict=True))
    return momenta, weights * (float(cross_section(mass, sqrt_s, kind)) / weights.sum())


class _Bins:
    """Piecewise constant bound of the density of the two invariants on the unit square."""

    def __init__(self, mass: float, sqrt_s: float, kind: Kind) -> None:
        self.mass, self.sqrt_s, self.kind = mass, sqrt_s, kind
        edges, middle = np.arange(CELLS + 1) / CELLS, (np.arange(CELLS) + 0.5) / CELLS
        corner = self.density(edges[:, None], edges)
        around = [corner[1:, 1:], corner[1:, :-1], corner[:-1, 1:], corner[:-1, :-1]]
        self.bound = MARGIN * np.max([self.density(middle[:, None], middle), *around], axis=0).ravel()
        self.cumulative = np.cumsum(self.bound) / self.bound.sum()

    def density(self, first: Real, second: Real) -> Real:
        s = self.sqrt_s**2
        a, b, area = dalitz_points(self.mass, s, first, second)
        return squared_amplitude(s, self.mass, a, b, self.kind) * area

    def draw(self, size: int, rng: np.random.Generator) -> tuple[Real, Real, Real]:
        """Up to `size` pairs of invariants, and their weights."""
        cell = np.minimum(np.searchsorted(self.cumulative, rng.random(size), side="right"), CELLS**2 - 1)
        first, second = (cell // CELLS + rng.random(size)) / CELLS, (cell % CELLS + rng.random(size)) / CELLS
        ratio = self.density(first, second) / self.bound[cell]
        keep = rng.random(size) < ratio
        a, b, _ = dalitz_points(self.mass, self.sqrt_s**2, first[keep], second[keep])
        return a, b, np.maximum(ratio[keep], 1.0)


def _accepted(bins: _Bins, rng: np.random.Generator) -> tuple[Real, Real]:
    """Momenta and weights of what is left of one block."""
    a, b, weights = bins.draw(BLOCK, rng)
    made = _production(bins.mass, bins.sqrt_s, a, b, rng)
    directions = _directions(len(a), rng)
    minus, plus = _decayed(bins.mass, made.boson, directions)
    found = amplitudes(made, bins.kind)
    average = 2.0 / 3.0 * squared_amplitude(bins.sqrt_s**2, bins.mass, a, b, bins.kind)
    if bins.kind == "vector":
        ratio = _with_decay(found, bins.mass, minus - plus) / (average * decay_average(bins.mass))
        largest = 1.5 / decay_average(bins.mass)
    else:
        ratio, largest = np.sum(np.abs(found) ** 2, axis=(1, 2, 3, 4)) / average, 1.5
    keep = rng.random(len(a)) * largest < ratio
    momenta = np.stack([made.minus, made.plus, minus, plus], axis=1)
    return momenta[keep], weights[keep]


def decay_average(mass: float) -> float:
    """Average of 1 − β² cos² over the directions of the decay of a vector, β the velocity of its muons."""
    return 1.0 - (1.0 - 4.0 * (particle_mass("mu-") / mass) ** 2) / 3.0


def _with_decay(found: Complex, mass: float, difference: Real) -> Real:
    """Σ over spins of |J^ν ū γ_ν v|² over 2m²: −J·J* − |J·(p₃ − p₄)|²/m², since J is transverse to X, shape (events,)."""
    along = np.sum(found * (METRIC * difference)[:, None, None, :, None], axis=3)
    squares = np.sum(np.abs(found) ** 2 * METRIC[:, None], axis=(1, 2, 3, 4))
    return np.asarray(-squares - np.sum(np.abs(along) ** 2, axis=(1, 2, 3)) / mass**2)


def _production(mass: float, sqrt_s: float, a: Real, b: Real, rng: np.random.Generator) -> Production:
    """Momenta of μμX for given invariants in any orientation."""
    muon2, s = particle_mass("mu-") ** 2, sqrt_s**2
    # a belongs to the pair without μ⁺, b to the one without μ⁻.
    e_plus, e_minus = (s - a) / (2.0 * sqrt_s), (s - b) / (2.0 * sqrt_s)
    e_boson = sqrt_s - e_plus - e_minus
    p_minus, p_plus = np.sqrt(np.maximum(e_minus**2 - muon2, 0.0)), np.sqrt(np.maximum(e_plus**2 - muon2, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (e_boson**2 - mass**2 - p_minus**2 - p_plus**2) / (2.0 * p_minus * p_plus)
    cosine = np.clip(np.nan_to_num(cosine), -1.0, 1.0)
    axis, other = _directions(len(a), rng), _directions(len(a), rng)
    across = other - np.sum(other * axis, axis=1, keepdims=True) * axis
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    sine = np.sqrt(1.0 - cosine**2)
    minus = p_minus[:, None] * axis
    plus = p_plus[:, None] * (cosine[:, None] * axis + sine[:, None] * across)
    boson = -(minus + plus)
    energies = (e_minus, e_plus, np.sqrt(mass**2 + np.sum(boson**2, axis=1)))
    parts = zip(energies, (minus, plus, boson), strict=True)
    return Production(*(np.column_stack([energy, momentum]) for energy, momentum in parts))


def _directions(size: int, rng: np.random.Generator) -> Real:
    """Unit vectors, uniform on the sphere, shape (size, 3)."""
    cosine, azimuth = rng.uniform(-1.0, 1.0, size), rng.uniform(0.0, 2.0 * np.pi, size)
    sine = np.sqrt(1.0 - cosine**2)
    return np.column_stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])


def _decayed(mass: float, boson: Real, directions: Real) -> tuple[Real, Real]:
    """Momenta of μ⁻ and μ⁺ from X, μ⁻ along `directions` where X is at rest."""
    momentum = np.sqrt(mass**2 / 4.0 - particle_mass("mu-") ** 2) * directions
    along = np.sum(momentum * boson[:, 1:], axis=1) / mass
    shift = (along / (boson[:, 0] + mass))[:, None] * boson[:, 1:]
    half = np.column_stack([along, momentum + shift])
    return boson / 2.0 + half, boson / 2.0 - half


def amplitudes(made: Production, kind: Kind, photon: tuple[int, ...] = (1, 2)) -> Complex:
    """ū(p₋)[Γ S(p₋ + k) γ^i + γ^i S(−p₊ − k) Γ]v(p₊) for the components i of the photon, at unit couplings.

    Electrons without mass and without polarisation are a photon with equal parts of the two components across the beams, the default.

    Shape: (events, components i, spins of μ⁻, components ν of X — one for a scalar —, spins of μ⁺).
    Unit: that of the spinors, GeV; squared and summed over i = 0 … 3 with the metric, `muon_pair.squared_amplitude`.
    Source: the Dirac equation takes the momentum of the outer muon out of its neighbour: Γ = γ^ν gives 2p^ν + γ^ν k̸, Γ = 1 gives 2m_μ + k̸.
    """
    bar, column = _spinors(made.minus, 1.0).conj().swapaxes(1, 2) @ GAMMA[0], _spinors(made.plus, -1.0)
    slash = _slash(made.boson)
    if kind == "vector":
        left = np.stack([bar @ g for g in GAMMA], axis=2) @ slash[:, None]
        left += 2.0 * made.minus[:, None, :, None] * bar[:, :, None]
        right = -(slash[:, None] @ np.stack([g @ column for g in GAMMA], axis=1))
        right -= 2.0 * made.plus[:, :, None, None] * column[:, None]
    else:
        twice = 2.0 * particle_mass("mu-")
        left, right = (bar @ slash + twice * bar)[:, :, None], (twice * column - slash @ column)[:, None]
    mass2 = _dot(made.boson, made.boson)
    left /= (mass2 + 2.0 * _dot(made.minus, made.boson))[:, None, None, None]
    right /= (mass2 + 2.0 * _dot(made.plus, made.boson))[:, None, None, None]
    return _joined(bar, left, right, column, photon)


def _joined(bar: Complex, left: Complex, right: Complex, column: Complex, photon: tuple[int, ...]) -> Complex:
    """ū … γ^i v + ū γ^i … v: `left` is (events, spin, ν, component) and `right` (events, ν, component, spin)."""
    events, components, bosons = len(bar), len(photon), left.shape[2]
    after = np.concatenate([GAMMA[i] @ column for i in photon], axis=2)
    first = (left.reshape(events, 2 * bosons, 4) @ after).reshape(events, 2, bosons, components, 2)
    before = np.concatenate([bar @ GAMMA[i] for i in photon], axis=1)
    turned = right.swapaxes(1, 2).reshape(events, 4, 2 * bosons)
    second = (before @ turned).reshape(events, components, 2, bosons, 2)
    return np.asarray(first.transpose(0, 3, 1, 2, 4) + second)


def _spinors(momentum: Real, sign: float) -> Complex:
    """u (sign +1) or v (sign −1) as columns for both spins along z where the muon is at rest, shape (events, 4, 2)."""
    muon = particle_mass("mu-")
    rest = np.concatenate([np.eye(2), sign * np.eye(2)])
    return np.asarray((sign * _slash(momentum) + muon * np.eye(4)) @ rest / _root(momentum[:, 0] + muon))


def _root(energy: Real) -> Real:
    return np.sqrt(2.0 * energy)[:, None, None]


def _slash(momentum: Real) -> Complex:
    return np.asarray(np.einsum("nv,vab->nab", momentum * METRIC, GAMMA))


def _dot(one: Real, other: Real) -> Real:
    return np.asarray(np.sum(one * other * METRIC, axis=1))
