"""Muon–nucleus bremsstrahlung μ N → μ N X of a vector or scalar X, in the Weizsäcker–Williams approximation.

The photon flux of the nucleus is elastic only (atomic screening and nuclear size), in closed form; it keeps its
dependence on x and on the angle of X. Masses and energies are in GeV, cross-sections in pb for a coupling of 1:
multiply by coupling².

Against the exact tree level, the approximation differs by up to O(10) % for muons (arXiv:2409.12748).
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError, unknown
from limits.units import ALPHA, PB_GEV2
from limits.units import mass as particle_mass

__all__ = ["LEAD", "Nucleus", "cross_section", "differential", "elastic_flux", "flux"]

Spin = Literal["vector", "scalar"]
Cutoff = Literal["mass", "beam"]

MAX_ANGLE: Final = 0.3
"""Largest angle of X in radian; the cross-section beyond it is negligible at beam energies of 100 GeV and above."""

NODES: Final = 32
"""Gauss–Legendre nodes per variable: 1e-7 or better while x_min exceeds m/E₀ by some margin, 5e-5 down to x_min = 0."""


class Nucleus(NamedTuple):
    """A target nucleus."""

    Z: int
    """Charge number."""
    A: float
    """Atomic weight."""


LEAD: Final = Nucleus(Z=82, A=207.2)
"""Lead with its standard atomic weight."""


def flux(
    virtuality: ArrayLike, x: ArrayLike, maximum: ArrayLike, beam_energy: float = 160.0, nucleus: Nucleus = LEAD
) -> NDArray[np.float64]:
    """Effective photon flux χ = ∫dt (t − t_min)/t² G₂(t) from t_min = ũ²/[4E₀²(1 − x)²] to `maximum`.

    It is zero if that range is empty.

    Shape: that of the arguments broadcast together. `virtuality` is |ũ| in GeV², `maximum` is t_max in GeV².
    Unit: dimensionless (Z² included).
    Source: `elastic_flux`, with the t_min of arXiv:1705.01633.
    """
    low = np.asarray(virtuality, dtype=np.float64) ** 2 / (4.0 * beam_energy**2 * (1.0 - np.asarray(x)) ** 2)
    return elastic_flux(low, maximum, nucleus)


def elastic_flux(minimum: ArrayLike, maximum: ArrayLike, nucleus: Nucleus = LEAD) -> NDArray[np.float64]:
    """Effective photon flux χ = ∫dt (t − t_min)/t² G₂(t) from t_min = `minimum` to t_max = `maximum`; zero if that range is empty.

    Shape: that of the two limits, in GeV², broadcast together.
    Unit: dimensionless (Z² included).
    Source: closed form of the integral with G₂ of arXiv:0906.0580 (elastic): Z² [t/(t + t_a)]² [t_d/(t + t_d)]², with
        t_a = (mₑ Z^⅓/111)² and t_d = 0.164 GeV² A^(−⅔).
    """
    atom, core = (particle_mass("e-") * nucleus.Z ** (1 / 3) / 111.0) ** 2, 0.164 * nucleus.A ** (-2 / 3)
    high = np.asarray(maximum, dtype=np.float64)
    low = np.minimum(np.asarray(minimum, dtype=np.float64), high)
    logarithm = np.log((atom + high) * (core + low) / ((core + high) * (atom + low)))
    rational = (atom - core) * (atom + core + 2.0 * high) * (high - low) / ((atom + high) * (core + high))
    closed = rational + (atom + core + 2.0 * low) * logarithm
    return np.asarray(-(nucleus.Z**2) * core**2 / (atom - core) ** 3 * closed, dtype=np.float64)


def differential(
    mass: ArrayLike,
    x: ArrayLike,
    beam_energy: float = 160.0,
    nucleus: Nucleus = LEAD,
    spin: Spin = "vector",
    cutoff: Cutoff = "mass",
) -> NDArray[np.float64]:
    """dσ/dx of μ N → μ N X, x = E_X/E₀, integrated over the angle of X up to `MAX_ANGLE`.

    `cutoff` sets the t_max of the photon flux: "mass" is m² + m_μ², "beam" is E₀². They differ by 0.6 % at 10 MeV and
    by less than 0.3 % above 100 MeV.

    Shape: that of `mass` and `x` broadcast together; zero outside m/E₀ < x < 1 − m_μ/E₀ (nuclear recoil, below 1e-8, is
        neglected).
    Unit: pb, for a coupling of 1.
    Source: arXiv:1705.01633 Eq. (25) in the form d²σ/dx dθ = 2 ε² α³ E₀² sin θ √(x² − m²/E₀²) (1 − x)/ũ² A χ, ε =
        coupling/e, −ũ = x E₀² θ² + m² (1 − x)/x + m_μ² x; muon masses in A as in arXiv:2107.13297.
    Raises: InputError for a mass or energy that is not positive; UnknownName for an unknown spin or cutoff.
    """
    mass, x = _checked(mass, beam_energy, spin, cutoff), np.asarray(x, dtype=np.float64)
    muon = particle_mass("mu-")
    inside = (x > mass / beam_energy) & (x < 1.0 - muon / beam_energy)
    # Outside the range the integrand is not defined; any inside value will do, since the result is replaced by zero.
    x = np.where(inside, x, 0.5)
    steepness = x * beam_energy**2
    start = mass**2 * (1.0 - x) / x + muon**2 * x
    maximum = mass**2 + muon**2 if cutoff == "mass" else np.full_like(mass, beam_energy**2)
    # Beyond t_min = t_max the flux is zero: ending there keeps the integrand smooth.
    end = np.minimum(start + steepness * MAX_ANGLE**2, 2.0 * beam_energy * (1.0 - x) * np.sqrt(maximum))
    # ln|ũ| flattens an integrand that falls like a power of θ² + θ₀².
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = 0.5 * np.log(np.maximum(end / start, 1.0))[..., None]
    fraction = x[..., None]
    virtuality = start[..., None] * np.exp(half * (nodes + 1.0))
    angle = np.sqrt(np.maximum(virtuality - start[..., None], 0.0) / steepness[..., None])
    # np.sinc(θ/π) is sin θ/θ: what is left of sin θ dθ after the change of variable.
    integrand = (
        np.sinc(angle / np.pi)
        * _splitting(mass[..., None], fraction, virtuality, spin)
        * flux(virtuality, fraction, maximum[..., None], beam_energy, nucleus)
        / virtuality
    )
    angular = np.sum(weights * half * integrand, axis=-1) / (2.0 * steepness)
    momentum = np.sqrt(np.maximum(x**2 - (mass / beam_energy) ** 2, 0.0))
    prefactor = 2.0 * ALPHA**2 / (4.0 * np.pi) * beam_energy**2 * PB_GEV2
    return np.where(inside, prefactor * momentum * (1.0 - x) * angular, 0.0)


def cross_section(
    mass: ArrayLike,
    x_min: float = 0.5,
    beam_energy: float = 160.0,
    nucleus: Nucleus = LEAD,
    spin: Spin = "vector",
    cutoff: Cutoff = "mass",
) -> NDArray[np.float64]:
    """Cross-section of μ N → μ N X with E_X > x_min E₀.

    Shape: that of `mass`.
    Unit: pb, for a coupling of 1.
    Source: integral of `differential`, Gauss–Legendre in ln[x/(1 − x)], which resolves the rise towards x = 1 at high
        mass.
    Raises: InputError unless 0 ≤ x_min < 1, and as `differential`.
    """
    mass = _checked(mass, beam_energy, spin, cutoff)
    if not 0.0 <= x_min < 1.0:
        raise InputError(f"x_min = {x_min!r}: a number from 0 up to, not including, 1 is expected")
    upper = 1.0 - particle_mass("mu-") / beam_energy
    lower = np.minimum(np.maximum(x_min, mass / beam_energy), upper)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    first = np.log(lower / (1.0 - lower))
    half = 0.5 * (np.log(upper / (1.0 - upper)) - first)[..., None]
    x = 1.0 / (1.0 + np.exp(-(first[..., None] + half * (nodes + 1.0))))
    density = differential(mass[..., None], x, beam_energy, nucleus, spin, cutoff)
    return np.asarray(np.sum(weights * half * x * (1.0 - x) * density, axis=-1), dtype=np.float64)


def _splitting(
    mass: NDArray[np.float64], x: NDArray[np.float64], virtuality: NDArray[np.float64], spin: Spin
) -> NDArray[np.float64]:
    """The squared amplitude A(x, ũ) of the source equation, with `virtuality` = −ũ."""
    muon = particle_mass("mu-")
    bracket = mass**2 * (1.0 - x) + muon**2 * x**2 - virtuality * x
    if spin == "vector":
        leading = 2.0 * (2.0 - 2.0 * x + x**2) / (1.0 - x)
        return np.asarray(leading + 4.0 * (mass**2 + 2.0 * muon**2) * bracket / virtuality**2, dtype=np.float64)
    return np.asarray(x**2 / (1.0 - x) + 2.0 * (mass**2 - 4.0 * muon**2) * bracket / virtuality**2, dtype=np.float64)


def _checked(mass: ArrayLike, beam_energy: float, spin: str, cutoff: str) -> NDArray[np.float64]:
    mass = np.asarray(mass, dtype=np.float64)
    # Written so that nan fails too.
    if not np.all(mass > 0.0):
        raise InputError("mass: every value must be a positive number of GeV")
    if not beam_energy > particle_mass("mu-"):
        raise InputError(f"beam_energy = {beam_energy!r}: an energy in GeV above the muon mass is expected")
    if spin not in get_args(Spin):
        raise unknown("spin", spin, get_args(Spin))
    if cutoff not in get_args(Cutoff):
        raise unknown("cutoff", cutoff, get_args(Cutoff))
    return mass
