"""e⁺e⁻ → μ⁺μ⁻X at tree level: X is a vector or a scalar that couples to muons and is radiated by one of them.

Both cross-sections are for unit coupling: multiply by g′² or g_S². The vector couples as g′ X_ν μ̄γ^νμ, as the Z′ of L_μ − L_τ does, the
scalar as g_S S μ̄μ. The muon mass is kept everywhere, the electron mass is neglected; only the photon is exchanged (no Z), and the width
of X is neglected.

α enters squared. At zero momentum transfer it is 1/137.036; some models written for event generators use 1/127.9, and all their
cross-sections are 1.148 times larger. Neither is vacuum polarisation calculated at this s.

How X decays is not here: `zprime.branching_to_leptons` has the Z′ with muons, taus and neutrinos. A scalar coupled to muons only decays
to them alone at tree level; γγ through a loop (`scalar.width_to_photons`) is 5e-3 of it at 0.212 GeV, 2e-4 at 0.22 GeV and below 4e-5
from 0.25 GeV on.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import positive
from limits.units import ALPHA, PB_GEV2
from limits.units import mass as particle_mass

__all__ = ["Kind", "cross_section", "dalitz_points", "isr_ratio", "radiator", "squared_amplitude"]

Kind = Literal["vector", "scalar"]
"""What is radiated."""

NODES = (40, 32)
"""Gauss–Legendre nodes in the two denominators; the relative error is below 1e-10 above 0.1 GeV and 1e-6 above 1 MeV."""

ISR_NODES = 40
"""Gauss–Legendre nodes in each of two ranges of the radiated energy."""

TOGETHER = 128
"""Points integrated in one go: more cost memory and gain no time."""


def cross_section(mass: ArrayLike, sqrt_s: ArrayLike, kind: Kind, alpha: float = ALPHA) -> NDArray[np.float64]:
    """Cross-section of e⁺e⁻ → μ⁺μ⁻X without radiation from the beams, for unit coupling; zero where the channel is closed.

    Shape: that of `mass` and `sqrt_s` broadcast together.
    Unit: fb.
    Source: α²/(48π s³) ∫∫ T dA dB with T of `squared_amplitude`: σ = 4πα/s^{3/2} · Γ(γ* → μμX), as for any decay of a virtual photon, and
        dΓ = T dA dB/(3 · 256π³ s^{3/2}) in invariants, averaged over three polarisations (PDG review of kinematics).
    Raises: InputError unless masses, energies and α are positive and `kind` is known.
    """
    mass, energy, alpha = (
        positive("mass", mass, "GeV"),
        positive("sqrt_s", sqrt_s, "GeV"),
        float(positive("alpha", alpha)),
    )
    _known(kind)
    mass, energy = np.broadcast_arrays(mass, energy)
    flat_mass, flat_energy = mass.ravel(), energy.ravel()
    result = np.zeros(mass.size)
    open_ = np.flatnonzero(flat_energy > flat_mass + 2.0 * particle_mass("mu-"))
    for start in range(0, len(open_), TOGETHER):
        chosen = open_[start : start + TOGETHER]
        result[chosen] = _integral(flat_mass[chosen], flat_energy[chosen] ** 2, kind) / flat_energy[chosen] ** 6
    return np.asarray(1000.0 * PB_GEV2 * alpha**2 / (48.0 * np.pi) * result.reshape(mass.shape), dtype=np.float64)


def squared_amplitude(s: ArrayLike, mass: ArrayLike, a: ArrayLike, b: ArrayLike, kind: Kind) -> NDArray[np.float64]:
    """T: squared amplitude of γ*(s) → μ⁻μ⁺X over e², for unit coupling, summed over all spins and the polarisations of the photon.

    Shape: that of the arguments broadcast together.
    Unit: dimensionless; `s` in GeV², `mass` of X in GeV, `a` = (p₋ + k)² − m_μ² and `b` = (p₊ + k)² − m_μ² in GeV².
    Source: the two diagrams ū(p₋)[Γ S(p₋ + k) γ^μ + γ^μ S(−p₊ − k) Γ]v(p₊), Γ = γ^ν or 1, contracted with g_μν (and g_νν′). The traces
        were taken numerically at 400 points; their coefficients are integers. For massless muons and X they are 8 (x₁² + x₂²)/[(1 − x₁)(1 −
        x₂)] and 4 x₃²/[(1 − x₁)(1 − x₂)].
    Raises: InputError unless `kind` is known.
    """
    s, a, b = (np.asarray(value, dtype=np.float64) for value in (s, a, b))
    _known(kind)
    m2, muon2 = np.asarray(mass, dtype=np.float64) ** 2, particle_mass("mu-") ** 2
    both, total, poles = a * b, a + b, 1.0 / a**2 + 1.0 / b**2
    if kind == "vector":
        inner = (s + m2) ** 2 - (s + m2 + 2.0 * muon2) * total
        value = (a / b + b / a) + 2.0 * inner / both - (s * m2 + 2.0 * muon2 * (s + m2)) * poles
        return np.asarray(8.0 * (value - 4.0 * (muon2 * total / both) ** 2), dtype=np.float64)
    inner = m2**2 + (4.0 * muon2 - m2) * total - 6.0 * muon2 * m2
    value = total**2 / both + 2.0 * inner / both - m2 * (s + 2.0 * muon2) * poles
    return np.asarray(4.0 * (value + 4.0 * muon2 * (s + 2.0 * muon2) * (total / both) ** 2), dtype=np.float64)


def dalitz_points(
    mass: ArrayLike, s: ArrayLike, first: ArrayLike, second: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Denominators A and B at points of the unit square, and dA dB per unit of the square.

    ln A goes like sin² across its range, which tames the square roots at both ends; ln B is even in its range at that A.

    Shape: that of the arguments broadcast together, for all three.
    Unit: GeV², GeV² and GeV⁴; `mass` in GeV, `s` in GeV².
    Source: range of m₂₃² at fixed m₁₃² (PDG review of kinematics), with 2p₊·k = b − m².
    Raises: nothing; the channel must be open.
    """
    mass, s = np.asarray(mass, dtype=np.float64), np.asarray(s, dtype=np.float64)
    muon, angle = particle_mass("mu-"), np.pi / 2.0 * np.asarray(first, dtype=np.float64)
    least, most = mass * (mass + 2.0 * muon), s - 2.0 * np.sqrt(s) * muon
    width = np.log(most / least)
    a = least * np.exp(width * np.sin(angle) ** 2)
    pair = a + muon**2
    # Energies of X and of the other muon where the pair (p₋ + k) is at rest, times √pair.
    e_x, e_muon = (a + mass**2) / 2.0, (s - pair - muon**2) / 2.0
    p_x2, p_muon2 = e_x**2 - pair * mass**2, e_muon**2 - pair * muon**2
    half = 2.0 * np.sqrt(np.maximum(p_x2 * p_muon2, 0.0)) / pair
    upper = mass**2 + 2.0 * e_x * e_muon / pair + half
    # The product of the two ends, in a form that does not cancel.
    product = mass**4 + 4.0 * (mass**2 * e_x * e_muon + (muon * e_x) ** 2 + (mass * e_muon) ** 2) / pair
    lower = (product - (2.0 * muon * mass) ** 2) / upper
    height = np.log(np.maximum(upper / lower, 1.0))
    b = lower * np.exp(height * np.asarray(second, dtype=np.float64))
    return a, b, a * width * np.pi / 2.0 * np.sin(2.0 * angle) * b * height


def _integral(mass: NDArray[np.float64], s: NDArray[np.float64], kind: Kind) -> NDArray[np.float64]:
    """∫∫ T dA dB at each point, all above threshold."""
    (x, wx), (y, wy) = (np.polynomial.legendre.leggauss(n) for n in NODES)
    mass, s = mass[:, None, None], s[:, None, None]
    a, b, area = dalitz_points(mass, s, (1.0 + x[:, None]) / 2.0, (1.0 + y) / 2.0)
    return np.asarray(np.einsum("mij,i,j->m", squared_amplitude(s, mass, a, b, kind) * area, wx, wy) / 4.0)


def radiator(x: ArrayLike, s: ArrayLike) -> NDArray[np.float64]:
    """W(x, s): density of the fraction x of s that photons from the beams take away; σ(s) becomes ∫ W σ(s(1 − x)) dx.

    Photons only (no pairs), collinear to the beams; vacuum polarisation is not in it. Its integral over x is 1 + (α/π)(π²/3 − 1/2).

    Shape: that of the arguments broadcast together.
    Unit: dimensionless; `s` in GeV².
    Source: Kuraev, Fadin, Sov. J. Nucl. Phys. 41 (1985) 466, photonic part: β x^(β−1) [1 + (α/π)(π²/3 − 1/2) + 3β/4 + β²(9/32 − π²/12)] −
        β(1 − x/2) + β²/8 {4(2 − x) ln(1/x) − (1 + 3(1 − x)²) ln(1 − x)/x − 6 + x}, β = (2α/π)(ln(s/m_e²) − 1). The coefficients are a
        recollection; that of β² at small x is the one of exp(3β/4 − γβ)/Γ(1 + β), and with it the logarithms integrate to one.
    Raises: InputError unless 0 < x < 1 and s > m_e² e.
    """
    x, s = np.asarray(x, dtype=np.float64), positive("s", s, "GeV²")
    if not np.all((x > 0.0) & (x < 1.0)):
        raise InputError("x: every value must be between 0 and 1")
    beta = _beta(s)
    return np.asarray(beta * x ** (beta - 1.0) * _soft(beta) + _hard(x, beta), dtype=np.float64)


def isr_ratio(mass: ArrayLike, sqrt_s: float, kind: Kind, largest_loss: float = 1.0) -> NDArray[np.float64]:
    """Cross-section with radiation from the beams over the one without.

    A search that asks for M(μμX) > f √s keeps losses up to `largest_loss` = 1 − f².

    Shape: that of `mass`.
    Unit: dimensionless.
    Source: ∫ W(x, s) σ(s(1 − x)) dx/σ(s), x < `largest_loss`, W from `radiator`; α does not run between the two.
    Raises: InputError as `cross_section`, and unless the channel is open at `sqrt_s` and 0 < `largest_loss` ≤ 1.
    """
    mass, energy = positive("mass", mass, "GeV"), float(positive("sqrt_s", sqrt_s, "GeV"))
    if not 0.0 < largest_loss <= 1.0:
        raise InputError(f"largest_loss = {largest_loss:g}: must be above 0 and at most 1")
    threshold = mass + 2.0 * particle_mass("mu-")
    if not np.all(threshold < energy):
        raise InputError(f"mass: μμX is closed at √s = {energy:g} GeV for at least one value")
    s = energy**2
    last = np.minimum(largest_loss, 1.0 - threshold**2 / s)[..., None]
    middle = np.minimum(last, 0.5)
    node, weight = np.polynomial.legendre.leggauss(ISR_NODES)
    unit, beta = (1.0 + node) / 2.0, float(_beta(np.asarray(s)))
    # Below the middle x^β is even, which takes the soft singularity off; above it ln(1 − x) is: σ grows when s falls.
    lower = middle * unit ** (1.0 / beta)
    low_weight = weight / 2.0 * (middle**beta * _soft(beta) + _hard(lower, beta) * lower / (beta * unit))
    span = np.log((1.0 - middle) / (1.0 - last))
    upper = 1.0 - (1.0 - middle) * np.exp(-span * unit)
    high_weight = weight / 2.0 * radiator(upper, s) * (1.0 - upper) * span
    loss, weights = np.concatenate([lower, upper], axis=-1), np.concatenate([low_weight, high_weight], axis=-1)
    radiated = np.sum(weights * cross_section(mass[..., None], energy * np.sqrt(1.0 - loss), kind), axis=-1)
    return np.asarray(radiated / cross_section(mass, energy, kind), dtype=np.float64)


def _beta(s: NDArray[np.float64]) -> NDArray[np.float64]:
    beta = 2.0 * ALPHA / np.pi * (np.log(s / particle_mass("e-") ** 2) - 1.0)
    if not np.all(beta > 0.0):
        raise InputError("s: must be far above the square of the electron mass")
    return np.asarray(beta)


def _soft(beta: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """What multiplies β x^(β−1)."""
    constant = ALPHA / np.pi * (np.pi**2 / 3.0 - 0.5)
    return np.asarray(1.0 + constant + 0.75 * beta + beta**2 * (9.0 / 32.0 - np.pi**2 / 12.0))


def _hard(x: NDArray[np.float64], beta: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The rest of the radiator; ln x is finite in the product with anything that vanishes like x."""
    second = 4.0 * (2.0 - x) * np.log(1.0 / x) - (1.0 + 3.0 * (1.0 - x) ** 2) * np.log1p(-x) / x - 6.0 + x
    return np.asarray(-beta * (1.0 - x / 2.0) + beta**2 / 8.0 * second)


def _known(kind: str) -> None:
    if kind not in get_args(Kind):
        raise InputError(f"kind = {kind!r}: must be one of {', '.join(get_args(Kind))}")
