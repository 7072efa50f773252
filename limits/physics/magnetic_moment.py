"""What a new boson adds to the anomalous magnetic moment of the muon at one loop, Δa_μ, and the couplings a shift would ask for.

Whether there is a shift is for the user to say: it depends on the theory value. Defaults are the (249 ± 48)·10⁻¹¹ left over against the
2020 theory value with hadronic vacuum polarisation from e⁺e⁻ data. The theory update of 2025 (arXiv:2505.21476), which takes it from
lattice calculations, leaves no significant difference, about (38 ± 63)·10⁻¹¹ (a recollection). Masses in GeV.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError, unknown
from limits.units import mass as particle_mass

__all__ = ["Kind", "coupling_for", "preferred_band", "scalar", "vector"]

Kind = Literal["vector", "scalar"]

STEP: Final = 0.25
"""Step of the trapezoidal rule in u = ln[z/(1 − z)]."""

RANGE: Final = 40.0
"""The rule runs over |u| < 40, beyond which 4e-18 of the integrand is left."""


def vector(mass: ArrayLike, coupling: ArrayLike) -> NDArray[np.float64]:
    """Δa_μ of a vector boson with coupling g Z′_μ μ̄γ^μμ.

    Shape: that of `mass` and `coupling` broadcast together.
    Unit: dimensionless.
    Source: arXiv:0811.1030: (g²/4π²) ∫₀¹dz m_μ² z(1 − z)²/[m_μ²(1 − z)² + m² z].
    Raises: InputError unless masses are positive and couplings zero or positive.
    """
    return _shift("vector", mass, coupling)


def scalar(mass: ArrayLike, coupling: ArrayLike) -> NDArray[np.float64]:
    """Δa_μ of a scalar boson with coupling g_S S μ̄μ.

    Shape: that of `mass` and `coupling` broadcast together.
    Unit: dimensionless.
    Source: Leveille, Nucl. Phys. B 137 (1978) 63: (g²/8π²) ∫₀¹dz (1 − z)²(1 + z)/[(1 − z)² + (m/m_μ)² z].
    Raises: InputError unless masses are positive and couplings zero or positive.
    """
    return _shift("scalar", mass, coupling)


def coupling_for(kind: Kind, mass: ArrayLike, delta_a: ArrayLike) -> NDArray[np.float64]:
    """Coupling at which a boson shifts a_μ by `delta_a`.

    Shape: that of `mass` and `delta_a` broadcast together.
    Unit: dimensionless.
    Source: Δa_μ of `vector` or `scalar` is proportional to the coupling squared.
    Raises: InputError unless masses are positive and `delta_a` zero or positive; UnknownName for an unknown kind.
    """
    delta_a = np.asarray(delta_a, dtype=np.float64)
    if not np.all(delta_a >= 0.0):
        raise InputError("delta_a: every value must be zero or positive; no coupling of this kind lowers a_μ")
    return np.asarray(np.sqrt(delta_a / _shift(kind, mass, 1.0)), dtype=np.float64)


def preferred_band(
    kind: Kind, mass: ArrayLike, central: float = 249e-11, error: float = 48e-11, sigmas: float = 2.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest coupling at which the shift lies within `sigmas` errors of `central`.

    The lowest is 0 if that range holds 0: no boson is needed then.

    Shape: two arrays of the shape of `mass`.
    Unit: dimensionless.
    Source: `coupling_for` at central ∓ sigmas·error; the head of this module says what the defaults are.
    Raises: InputError if error or sigmas is negative or the whole range is; as `coupling_for`.
    """
    if not (error >= 0.0 and sigmas >= 0.0):
        raise InputError(f"error = {error!r}, sigmas = {sigmas!r}: zero or a positive number is expected")
    high = central + sigmas * error
    return coupling_for(kind, mass, max(central - sigmas * error, 0.0)), coupling_for(kind, mass, high)


def _shift(kind: Kind, mass: ArrayLike, coupling: ArrayLike) -> NDArray[np.float64]:
    mass, coupling = np.asarray(mass, dtype=np.float64), np.asarray(coupling, dtype=np.float64)
    if kind not in get_args(Kind):
        raise unknown("kind", kind, get_args(Kind))
    # Written so that nan fails too.
    if not np.all(mass > 0.0):
        raise InputError("mass: every value must be a positive number of GeV")
    if not np.all(coupling >= 0.0):
        raise InputError("coupling: every value must be zero or positive")
    ratio2 = (mass / particle_mass("mu-")) ** 2
    return np.asarray(coupling**2 * _integral(kind, ratio2), dtype=np.float64)


def _integral(kind: Kind, ratio2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Δa_μ for coupling 1, by the trapezoidal rule in u = ln[z/(1 − z)].

    The zeros of (1 − z)² + r² z lie at |Im u| ≥ π/2 for every r, so the error is of order exp(−π²/step) = 1e-17 at all masses, and
    both z → 0 (heavy boson) and 1 − z → 0 (light boson) are resolved.
    """
    u = np.arange(-RANGE, RANGE + STEP, STEP)
    z, rest = 1.0 / (1.0 + np.exp(-u)), 1.0 / (1.0 + np.exp(u))
    numerator = 2.0 * z if kind == "vector" else 1.0 + z
    terms = STEP * z * rest**3 * numerator / (rest**2 + ratio2[..., None] * z)
    return np.asarray(np.sum(terms, axis=-1) / (8.0 * np.pi**2), dtype=np.float64)
