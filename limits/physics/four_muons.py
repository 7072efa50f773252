"""e⁺e⁻ → μ⁺μ⁻μ⁺μ⁻ at lowest order of QED: the squared amplitude of all twelve diagrams, averaged and summed over spins.

Four diagrams are conversions (each beam lepton radiates a virtual photon that becomes a pair), eight are bremsstrahlung (one
muon of the pair made at s radiates the other pair). No Z, no initial-state radiation. The muon has its mass; the electron has
none: its propagator stays away from the pole, |t| ≥ q₁²q₂²/s ≥ 16 m_μ⁴/s, which is 70 m_e² at 10.58 GeV. Momenta are in GeV in the
centre-of-mass frame, the electron along +z.

Spinors are two-component in the chiral basis: with √(p·σ) = (p·σ + m)/√(2(E+m)), u = (√(p·σ) ξ, √(p·σ̄) ξ) and
v = (√(p·σ) η, −√(p·σ̄) η). Vectors are kept as (a⁰+a³, a⁰−a³, a¹−ia², a¹+ia²), called p, m, w, z, in which p·σ has no sums.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.units import ALPHA
from limits.units import mass as particle_mass

__all__ = ["squared_amplitude"]

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]

_BLOCK = 512  # events at once: the work arrays of one block stay in the cache
_BALANCE = 1e-6  # largest total momentum and largest shift of a mass squared, relative to √s and s


class _Vector(NamedTuple):
    """A four-vector: a⁰+a³, a⁰−a³, a¹−ia², a¹+ia²; the first two are real for a momentum."""

    p: NDArray[Any]
    m: NDArray[Any]
    w: Complex
    z: Complex


class _Spinors(NamedTuple):
    """√(p·σ) and √(p·σ̄) of one muon; shape (2, 2, N), the matrices are Hermitian."""

    left: Complex
    right: Complex


def squared_amplitude(momenta: ArrayLike, alpha: float = ALPHA) -> Real:
    """Σ|M|² of e⁺e⁻ → μ⁻μ⁺μ⁻μ⁺, averaged over the spins of the beams and summed over those of the muons.

    The factor 1/(2! 2!) of identical muons belongs to phase space and is not in it.

    Shape: (N, 4, 4) for `momenta`: events, the muons μ⁻ μ⁺ μ⁻ μ⁺, and E, px, py, pz; (N,) for the result.
    Unit: GeV and GeV⁻⁴.
    Source: Feynman rules of QED in Feynman gauge. At lowest order both electron helicities give the same sum over muon spins: a
        difference would be odd under parity or under time reversal, so one is computed and doubled.
    Raises: InputError if a shape is not (N, 4, 4), α is not positive, the momenta do not balance or a muon is off its mass shell.
    """
    momenta = _checked(momenta, alpha)
    result = np.empty(len(momenta))
    muon = particle_mass("mu-")
    for start in range(0, len(momenta), _BLOCK):
        block = np.ascontiguousarray(momenta[start : start + _BLOCK].transpose(1, 2, 0))
        amplitudes = _amplitudes(block, muon)
        result[start : start + _BLOCK] = np.sum(amplitudes.real**2 + amplitudes.imag**2, axis=(0, 1, 2, 3))
    return np.asarray(0.5 * (4.0 * np.pi * alpha) ** 4 * result)


def _checked(momenta: ArrayLike, alpha: float) -> Real:
    momenta = np.asarray(momenta, dtype=np.float64)
    if momenta.ndim != 3 or momenta.shape[1:] != (4, 4):
        raise InputError(f"momenta: shape {momenta.shape}, expected (events, 4 muons, 4 components)")
    if not alpha > 0.0:
        raise InputError(f"alpha = {alpha:g}: must be positive")
    total = momenta.sum(axis=1)
    if not np.all(np.abs(total[:, 1:]) <= _BALANCE * total[:, :1]):
        raise InputError("momenta: the muons of every event must balance, in the centre-of-mass frame")
    shift = momenta[..., 0] ** 2 - np.sum(momenta[..., 1:] ** 2, axis=-1) - particle_mass("mu-") ** 2
    if not np.all(np.abs(shift) <= _BALANCE * total[:, :1] ** 2):
        raise InputError("momenta: every particle must have the mass of the muon")
    return momenta


def _amplitudes(momenta: Real, muon: float) -> Complex:
    """Amplitudes for a left-handed electron, without e⁴; shape (2, 2, 2, 2, N), one axis per muon."""
    spinors = [_spinors(each, muon) for each in momenta]
    root_s = momenta[:, 0].sum(axis=0)
    total: Complex = np.zeros((2, 2, 2, 2, momenta.shape[-1]), dtype=np.complex128)
    for sign, (first, second) in ((1.0, ((0, 1), (2, 3))), (-1.0, ((0, 3), (2, 1)))):
        pairs = [momenta[i] + momenta[j] for i, j in (first, second)]
        squares = [_square(pair) for pair in pairs]
        # The photon propagators of the pairs go into their currents.
        currents = [
            _current(spinors[i], spinors[j], scale)
            for (i, j), scale in zip((first, second), (sign / squares[0], 1.0 / squares[1]), strict=True)
        ]
        term = _placed(_conversion(currents[0], currents[1], pairs[0], pairs[1], root_s), first, second)
        radiated = _emission(spinors, momenta, first, pairs[1], currents[1], muon)
        term += _placed((sign / root_s**2) * radiated, first, second)
        radiated = _emission(spinors, momenta, second, pairs[0], currents[0], muon)
        term += _placed(radiated / root_s**2, second, first)
        total += term
    return total


def _placed(values: Complex, first: tuple[int, int], second: tuple[int, int]) -> Complex:
    """Values whose axes are the spins of the muons `first` and then `second`, with the axes in the order of the muons."""
    order = (*first, *second)
    return values.transpose(*(order.index(muon) for muon in range(4)), 4)


def _square(vector: Real) -> Real:
    return np.asarray(vector[0] ** 2 - vector[1] ** 2 - vector[2] ** 2 - vector[3] ** 2)


def _light_cone(vector: Real) -> _Vector:
    w = vector[1] - 1j * vector[2]
    return _Vector(vector[0] + vector[3], vector[0] - vector[3], w, np.conj(w))


def _spinors(momentum: Real, muon: float) -> _Spinors:
    p, m, w, z = _light_cone(momentum)
    scale = 1.0 / np.sqrt(2.0 * (momentum[0] + muon))
    left = np.array([[m + muon, -w], [-z, p + muon]])
    right = np.array([[p + muon, w], [z, m + muon]])
    return _Spinors(scale * left, scale * right)


def _current(lepton: _Spinors, antilepton: _Spinors, scale: Real) -> _Vector:
    """ū γ^μ v times `scale`: components of shape (2, 2, N), spins of μ⁻ and μ⁺."""
    a, b = 2.0 * scale * lepton.left, 2.0 * scale * lepton.right
    c, d = antilepton.left, antilepton.right
    # Σ over σ-matrices done by hand: each component is one product of each chirality.
    return _Vector(
        a[:, None, 1] * c[None, 1] - b[:, None, 0] * d[None, 0],
        a[:, None, 0] * c[None, 0] - b[:, None, 1] * d[None, 1],
        -a[:, None, 1] * c[None, 0] - b[:, None, 1] * d[None, 0],
        -a[:, None, 0] * c[None, 1] - b[:, None, 0] * d[None, 1],
    )


def _conversion(one: _Vector, two: _Vector, one_sum: Real, two_sum: Real, root_s: Real) -> Complex:
    """Both orders of two pairs on the electron line; axes: spins of pair one, spins of pair two, events."""
    first = _electron_line(two, one, one_sum, root_s)  # one is radiated by the electron
    second = _electron_line(one, two, two_sum, root_s)
    return np.asarray(first.transpose(2, 3, 0, 1, 4) + second)


def _electron_line(positron_side: _Vector, electron_side: _Vector, radiated: Real, root_s: Real) -> Complex:
    """v̄ J̸₁ (p̸ − q̸) J̸₂ u / (p − q)² for a left-handed electron along +z; axes: spins of J₁, spins of J₂, events."""
    line = -radiated
    line[0] += 0.5 * root_s
    line[3] += 0.5 * root_s
    scale = root_s / _square(line)
    k = _light_cone(line)
    # u = √(2E) (0, 1) and v = √(2E) (1, 0): one column of the first matrix and one row of the last remain.
    upper = scale * (k.m * electron_side.w - k.w * electron_side.m)
    lower = scale * (k.p * electron_side.m - k.z * electron_side.w)
    return np.asarray(positron_side.p[:, :, None, None] * upper + positron_side.w[:, :, None, None] * lower)


def _emission(
    spinors: list[_Spinors], momenta: Real, line: tuple[int, int], pair: Real, current: _Vector, muon: float
) -> Complex:
    """A pair radiated by either end of the muon line that the virtual photon of mass √s makes.

    Axes: spins of the line's μ⁻ and μ⁺, spins of the pair, events.
    """
    lepton, antilepton = line
    root_s = momenta[:, 0].sum(axis=0)
    one = _by_lepton(spinors[lepton], spinors[antilepton], momenta[lepton] + pair, root_s, muon)
    two = _by_antilepton(spinors[lepton], spinors[antilepton], momenta[antilepton] + pair, root_s, muon)
    p, m, w, z = ((left + right)[:, :, None, None] for left, right in zip(one, two, strict=True))
    return np.asarray(p * current.p + m * current.m + w * current.w + z * current.z)


def _by_lepton(lepton: _Spinors, antilepton: _Spinors, virtual: Real, root_s: Real, muon: float) -> _Vector:
    """Coefficients of the components of J in ū J̸ (k̸ + m) E̸ v / (k² − m²), E the electron current."""
    k = _light_cone(virtual)
    scale = -2.0 * root_s / (_square(virtual) - muon**2)
    # The current of a left-handed electron along +z is √s (0, −1, i, 0): E̸ v has two components.
    x, y = scale * antilepton.right[0], scale * antilepton.left[0]
    upper = (-k.w * y, muon * x + k.p * y)
    lower = (k.w * x, muon * y + k.m * x)
    a, b = lepton.left, lepton.right
    return _Vector(
        b[:, 1, None] * lower[1] + a[:, 0, None] * upper[0],
        b[:, 0, None] * lower[0] + a[:, 1, None] * upper[1],
        a[:, 0, None] * upper[1] - b[:, 0, None] * lower[1],
        a[:, 1, None] * upper[0] - b[:, 1, None] * lower[0],
    )


def _by_antilepton(lepton: _Spinors, antilepton: _Spinors, virtual: Real, root_s: Real, muon: float) -> _Vector:
    """Coefficients of the components of J in ū E̸ (−k̸ + m) J̸ v / (k² − m²), E the electron current."""
    k = _light_cone(virtual)
    scale = 2.0 * root_s / (_square(virtual) - muon**2)
    x, y = -scale * lepton.left[:, 1], scale * lepton.right[:, 1]
    upper = ((muon * x - k.p * y)[:, None], (-k.w * y)[:, None])
    lower = ((muon * y - k.m * x)[:, None], (k.w * x)[:, None])
    a, b = antilepton.left, antilepton.right
    return _Vector(
        lower[0] * a[0] - upper[1] * b[1],
        lower[1] * a[1] - upper[0] * b[0],
        upper[0] * b[1] + lower[0] * a[1],
        upper[1] * b[0] + lower[1] * a[0],
    )
