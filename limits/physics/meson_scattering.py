"""Two mesons with I = 0, ℓ = 0 that scatter on each other: one channel of pions, and two channels, ππ and KK̄.

What produces the pair from a point makes it scatter before it leaves. Up to about 0.75 GeV the measured phase shift of two pions says how
much (`pion_rescattering`). Above, pions turn into kaons: chiral perturbation theory at lowest order, made unitary (`amplitudes`,
`dressing`), has the f₀(980) with one parameter, the cutoff. Between 0.65 and 0.8 GeV the two agree within 15 % in the rate. Lowest order
means little above about 1.2 GeV.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import not_negative, positive
from limits.units import mass as particle_mass

__all__ = ["amplitudes", "channel_masses", "dressing", "pion_rescattering", "potential", "velocity"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

PHASE_SHIFT: Final = (0.220, 0.268, -0.0139, -0.00139, 36.77)
"""I = 0, ℓ = 0 phase shift of ππ: A, B, C, D, s₀ in units of m_π (arXiv:hep-ph/0103088 Eq. (17.2); a recollection)."""

ELASTIC_END: Final = 0.75
"""√s in GeV up to which that phase shift is used; it then goes to 180° smoothly."""

DECAY_CONSTANT: Final = 0.093
"""f of the chiral Lagrangian in GeV, as in arXiv:hep-ph/9702314 (a recollection); f_π is 0.0922."""

CUTOFF: Final = 0.9
"""Largest momentum in the loop, GeV: √(m_K² + q²) = 1.03 GeV puts the f₀(980) in its place (arXiv:hep-ph/9702314; a recollection)."""


def velocity(mass: ArrayLike, daughter: ArrayLike) -> Array:
    """Velocity of two equal particles of mass `daughter` from one of `mass`; zero when closed.

    Shape: that of the arguments broadcast together.
    Unit: of c, for masses in one unit.
    Source: √(1 − 4 m_d²/m²).
    """
    ratio = np.asarray(daughter, dtype=np.float64) / np.asarray(mass, dtype=np.float64)
    return np.asarray(np.sqrt(np.maximum(1.0 - 4.0 * ratio**2, 0.0)), dtype=np.float64)


def channel_masses() -> tuple[float, float]:
    """Masses in GeV of the two channels: the charged pion, and the mean of charged and neutral kaon."""
    return particle_mass("pi+"), 0.5 * (particle_mass("K+") + particle_mass("K0"))


def potential(s: ArrayLike) -> Array:
    """Amplitudes of ππ and KK̄ with I = 0, ℓ = 0 at lowest order; positive is attractive.

    Shape: that of `s` in GeV², and 2 × 2: pions, then kaons.
    Unit: dimensionless; S = 1 + 2i √σ T √σ/(16π) with velocities σ: two identical pions carry a factor 1/√2.
    Source: arXiv:hep-ph/9702314 on the mass shell: (2s − m_π²)/(2f²), √3 s/(4f²), 3s/(4f²) for ππ → ππ, ππ → KK̄, KK̄ → KK̄.
    """
    s = np.asarray(s, dtype=np.float64)
    pion, _ = channel_masses()
    mixed = np.sqrt(3.0) * s / 4.0
    rows = np.stack([np.stack([s - pion**2 / 2.0, mixed], axis=-1), np.stack([mixed, 0.75 * s], axis=-1)], axis=-2)
    return np.asarray(rows / DECAY_CONSTANT**2, dtype=np.float64)


def amplitudes(s: ArrayLike, cutoff: float = CUTOFF) -> Complex:
    """Amplitudes T of ππ and KK̄ with I = 0, ℓ = 0.

    Shape: that of `s`, and 2 × 2: pions, then kaons.
    Unit: dimensionless; normalised as `potential`.
    Source: arXiv:hep-ph/9702314: T = (1 − V J)⁻¹ V with V of `potential`; exactly unitary in two channels, no left-hand cut.
    Raises: InputError unless `s` and `cutoff` are positive.
    """
    return np.asarray(dressing(s, cutoff) @ potential(s), dtype=np.complex128)


def dressing(s: ArrayLike, cutoff: float = CUTOFF) -> Complex:
    """The matrix (1 − V J)⁻¹ that turns production amplitudes without rescattering into those with it.

    It has the phase that unitarity demands, Im F = T* σ/(16π) F, and is analytic but for the cut above the thresholds as far as it is used:
    two poles without meaning lie at s = −3.6 and −5.2 GeV².

    Shape: that of `s`, and 2 × 2: pions, then kaons.
    Unit: dimensionless; almost 1 at s = 0.
    Source: arXiv:hep-ph/0005253, a recollection.
    Raises: InputError unless `s` and `cutoff` are positive.
    """
    s, largest = positive("s", s), float(positive("cutoff", cutoff))
    loops = np.stack([_loop(s, mass, largest) for mass in channel_masses()], axis=-1)
    return np.asarray(np.linalg.inv(np.eye(2) - potential(s) * loops[..., None, :]), dtype=np.complex128)


def _loop(s: Array, mass: float, cutoff: float) -> Complex:
    """Loop of two mesons, with imaginary part σ/(16π).

    That of a cutoff at threshold, where it is 2 ln[(q + ω)/m]/(16π²), and the dispersion relation from there on: a cutoff has a false
    singularity at s = 4ω². With a cutoff everywhere, rates up to 1.2 GeV would be up to 13 % larger.
    """
    threshold = 2.0 * np.log((cutoff + np.hypot(cutoff, mass)) / mass)
    sigma = np.sqrt(np.abs(1.0 - 4.0 * mass**2 / s))
    above = s > 4.0 * mass**2
    open_sigma = np.where(above, sigma, 0.0)
    real = np.where(
        above, open_sigma * np.log((1.0 - open_sigma) / (1.0 + open_sigma)), -2.0 * sigma * np.arctan2(1.0, sigma)
    )
    return np.asarray((threshold + real + 1j * np.pi * open_sigma) / (16.0 * np.pi**2), dtype=np.complex128)


def pion_rescattering(s: ArrayLike, nodes: int = 4000) -> Array:
    """|Ω(s)|², by which rescattering of two pions with I = 0, ℓ = 0 enhances their production.

    The phase above 0.75 GeV is a guess, and there are other channels: were it constant above 0.8 GeV, the result would be lower by 8 %
    at 0.3 GeV and by 23 % at 0.5 GeV.

    Shape: that of `s`, in GeV².
    Unit: dimensionless, 1 at s = 0.
    Source: Omnès, Nuovo Cim. 8 (1958) 316: ln|Ω| = (s/π) P∫ds′ δ(s′)/[s′(s′ − s)]; δ from arXiv:hep-ph/0103088, one channel.
    Raises: InputError unless `s` is zero or positive and at most (0.75 GeV)².
    """
    s = not_negative("s", s)
    if not np.all(s <= ELASTIC_END**2 * (1.0 + 1e-12)):
        raise InputError(f"s: rescattering in one channel is offered up to ({ELASTIC_END:g} GeV)²")
    threshold = 4.0 * particle_mass("pi+") ** 2
    # s′ = threshold/u puts the whole range on 0 < u < 1; δ(s) is taken off, and its principal value added in closed form.
    u = (np.arange(nodes) + 0.5) / nodes
    inner = threshold / u
    at_pole = _phase(np.maximum(s, threshold))
    gap = inner - s[..., None]
    # A node on the pole itself: the quotient is finite, one node among thousands may be left out.
    gap = np.where(np.abs(gap) < 1e-12, np.inf, gap)
    integral = np.mean((_phase(inner) - at_pole[..., None]) / (gap * u), axis=-1)
    above = s > threshold
    ratio = np.where(above, s / threshold, 2.0)
    pole = np.where(above, -at_pole * np.log(ratio - 1.0), 0.0)
    return np.asarray(np.exp(2.0 / np.pi * (s * integral + pole)), dtype=np.float64)


def _phase(s: Array) -> Array:
    """Phase shift δ(s) in radian from threshold on: measured up to `ELASTIC_END`, then to π like s^(−3/2)."""
    pion2, end = particle_mass("pi+") ** 2, ELASTIC_END**2
    last = _elastic_phase(np.asarray(end / pion2))
    rest = 2.0 / (1.0 + (np.maximum(s, end) / end) ** 1.5)
    return np.where(s < end, _elastic_phase(np.minimum(s, end) / pion2), np.pi + (last - np.pi) * rest)


def _elastic_phase(s: Array) -> Array:
    """Phase shift for `s` in units of m_π², up to 90°."""
    a, b, c, d, s0 = PHASE_SHIFT
    q2 = s / 4.0 - 1.0
    tangent = np.sqrt(np.maximum(1.0 - 4.0 / s, 0.0)) * (a + b * q2 + c * q2**2 + d * q2**3) * (4.0 - s0) / (s - s0)
    return np.asarray(np.arctan(tangent), dtype=np.float64)
