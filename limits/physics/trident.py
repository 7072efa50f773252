"""Dark matter that radiates a dark photon on a nucleus, χ N → χ N A′, at tree level with the full 2 → 3 kinematics.

A Dirac fermion χ of dark charge 1 exchanges an A′ with the whole nucleus, a heavy scalar of charge Z with a form factor, and radiates
the A′ before or after. The same formula with a massless exchange is bremsstrahlung of a muon. Masses and energies are in GeV.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics.checked import not_negative, positive
from limits.physics.weizsaecker_williams import Nucleus
from limits.units import ALPHA, HBARC, PB_GEV2

__all__ = ["ARGON", "Point", "cross_section", "helm", "kinematics", "radiation", "squared_amplitude", "threshold"]

Array = NDArray[np.float64]

ARGON: Final = Nucleus(Z=18, A=39.9624)
"""⁴⁰Ar, 99.6 % of argon."""

ATOMIC_MASS_UNIT: Final = 0.93149410
"""GeV (CODATA 2018)."""

FERMI: Final = 1e-15
"""One fm in m."""

REACH: Final = 1.0
"""−q² in GeV² beyond which a nucleus does not stay whole: `helm` squared is 1e-13 for argon."""

NODES: Final = (20, 24, 20, 12)
"""Nodes in t, the mass of χ and A′, their angle and their azimuth: a cross-section to 3e-3."""


def helm(squared_transfer: ArrayLike, nucleus: Nucleus = ARGON) -> Array:
    """Helm form factor of the charge of a nucleus, 1 at zero momentum transfer.

    Shape: that of `squared_transfer`, −q² in GeV².
    Unit: dimensionless.
    Source: F = 3 j₁(qR₁)/(qR₁) e^(−q²s²/2) with R₁² = c² + 7π²a²/3 − 5s², c = (1.23 A^⅓ − 0.6) fm, s = 0.9 fm, a = 0.52 fm:
        Lewin and Smith, Astropart. Phys. 6, 87 (1996), with the numbers used for arXiv:2312.13945.
    Raises: InputError if a momentum transfer is negative.
    """
    skin, a, c = 0.9, 0.52, 1.23 * nucleus.A ** (1 / 3) - 0.6
    fermi = FERMI / HBARC
    q = np.sqrt(not_negative("squared_transfer", squared_transfer))
    x = q * np.sqrt(c**2 + 7.0 * np.pi**2 * a**2 / 3.0 - 5.0 * skin**2) * fermi
    small = x < 1e-2
    safe = np.where(small, 1.0, x)
    # sin x − x cos x cancels for small x.
    bessel = np.where(small, 1.0 - x**2 / 10.0, 3.0 * (np.sin(safe) - safe * np.cos(safe)) / safe**3)
    return np.asarray(bessel * np.exp(-0.5 * (q * skin * fermi) ** 2))


class Point(NamedTuple):
    """Invariants of χ(p₁) N(P) → χ(p₂) A′(k) N(P′), arrays of one shape, in GeV²; n = P + P′, q = P − P′."""

    t: Array
    """q², below zero."""
    s: Array
    """(p₂ + k)² − m_χ²."""
    u: Array
    """(p₁ − k)² − m_χ²."""
    current: Array
    """n²."""
    first: Array
    """n·p₁."""
    second: Array
    """n·p₂."""


def squared_amplitude(point: Point, chi_mass: float, a_mass: float) -> Array:
    """½ Σ |ū(p₂) [ε̸* (p̸₂ + k̸ + m) n̸/s + n̸ (p̸₁ − k̸ + m) ε̸*/u] u(p₁)|² over the spins and polarisations.

    It has neither couplings nor propagator and form factor of the exchange.

    Shape: that of the invariants.
    Unit: dimensionless, as n² /GeV².
    Source: own evaluation of the traces: n² {2[(s − t)² + (u − t)²]/(su) − 2t m_A′² (1/s − 1/u)² − 4t m_χ² (1/s + 1/u)²}
        + 8t [(n·p₁)² + (n·p₂)²]/(su) − 8 (m_A′² + 2m_χ²) (n·p₁/s + n·p₂/u)². The terms k k of the sum over polarisations vanish
        (Ward identity), those q q of the exchange because n·q = 0.
    """
    t, s, u, current, first, second = point
    product = s * u
    smooth = 2.0 * ((s - t) ** 2 + (u - t) ** 2) / product - 2.0 * t * a_mass**2 * (1.0 / s - 1.0 / u) ** 2
    smooth -= 4.0 * t * chi_mass**2 * (1.0 / s + 1.0 / u) ** 2
    radiated = 8.0 * (a_mass**2 + 2.0 * chi_mass**2) * (first / s + second / u) ** 2
    return np.asarray(current * smooth + 8.0 * t * (first**2 + second**2) / product - radiated)


def threshold(chi_mass: float, a_mass: float, nucleus: Nucleus = ARGON) -> float:
    """Least energy of χ in GeV that can radiate an A′ on a nucleus at rest."""
    return chi_mass + a_mass + a_mass * (a_mass + 2.0 * chi_mass) / (2.0 * nucleus.A * ATOMIC_MASS_UNIT)


def cross_section(energy: ArrayLike, chi_mass: float, a_mass: float, nucleus: Nucleus = ARGON) -> Array:
    """Cross-section of χ N → χ N A′ by exchange of an A′, for ε = α_D = 1: times ε² α_D². Zero below threshold.

    Shape: that of `energy`, of χ in GeV.
    Unit: pb.
    Source: `radiation` with g_D = √(4πα_D) twice at χ and ε e at the nucleus, and the form factor `helm`.
    Raises: InputError unless all are positive.
    """
    positive("a_mass", a_mass, "GeV")

    def form_factor(squared_transfer: Array) -> Array:
        return helm(squared_transfer, nucleus)

    couplings = (4.0 * np.pi) ** 3 * ALPHA
    return couplings * radiation(energy, chi_mass, a_mass, a_mass, nucleus, form_factor, REACH)


def radiation(
    energy: ArrayLike,
    fermion: float,
    radiated: float,
    exchanged: float,
    nucleus: Nucleus,
    form_factor: Callable[[Array], Array],
    reach: float = np.inf,
) -> Array:
    """Cross-section of f N → f N V for couplings of 1, with the masses of the fermion, of V and of the vector that is exchanged.

    The couplings are three: of V to f, of the exchange to f, and of the exchange to a charge 1 of the nucleus, each squared.

    Shape: that of `energy`, of f in GeV; zero below threshold. `form_factor` is one of −q² in GeV², and nothing beyond `reach`.
    Unit: pb.
    Source: dσ = dt dW² dcos θ dφ k*/(W 2^11 π⁴ (M p)²)·Z² F² |M|²/(t − m²)² for a spinless nucleus of mass M, W the mass of
        f and V, k* and the angles those of V in their rest frame: 2 → 3 phase space as two times two bodies (PDG "Kinematics").
    Raises: InputError unless the masses and energies are positive; the exchange may be massless.
    """
    energy, fermion = positive("energy", energy, "GeV"), float(positive("fermion mass", fermion, "GeV"))
    radiated, exchanged = (
        float(positive("vector mass", radiated, "GeV")),
        float(not_negative("exchanged mass", exchanged)),
    )
    mass = nucleus.A * ATOMIC_MASS_UNIT
    open_ = energy > threshold(fermion, radiated, nucleus) * (1.0 + 1e-12)
    total = np.zeros(energy.shape)
    if not np.any(open_):
        return total
    fast = energy[open_]
    # One energy at a time: all at once would need a gigabyte.
    integrals = np.zeros(len(fast))
    for i, one in enumerate(fast):
        point, measure = kinematics(one[None], fermion, radiated, mass, reach)
        strength = (nucleus.Z * form_factor(-point.t) / (point.t - exchanged**2)) ** 2
        integrals[i] = np.sum(measure * strength * squared_amplitude(point, fermion, radiated))
    total[open_] = PB_GEV2 * integrals / (mass**2 * (fast - fermion) * (fast + fermion))
    return total


def kinematics(
    energy: Array, fermion: float, radiated: float, mass: float, reach: float = np.inf
) -> tuple[Point, Array]:
    """Invariants (n, N) of points in phase space and their measure, which sums to an integral of the formula of `radiation`.

    Shape: `energy` (n,) above threshold; N is the product of `NODES`.
    Unit: GeV², and GeV² for the measure with its k*/(W 2^11 π⁴), without 1/(M p)².
    Source: own derivation. Sampled are ln t, 1/S with S = W² − m_f², ln(−u) and the azimuth. The least t follows from t₋ t₊ =
        M² S²/s and the angle of the nucleus in the frame of W from a Gram determinant, so that nothing cancels at high energy.
    """
    if energy.ndim != 1:
        raise InputError(f"energy: {energy.ndim} dimensions; a list of numbers is expected")
    (v_t, v_s, v_u, azimuth), weight = _cube()
    lab = energy[:, None]
    total = mass**2 + fermion**2 + 2.0 * mass * lab
    lowest = radiated * (radiated + 2.0 * fermion)
    highest = (np.sqrt(total) - mass - fermion) * (np.sqrt(total) - mass + fermion)
    share = 1.0 - lowest / highest
    s = lowest / (1.0 - share * v_s)
    weight = weight * share * s**2 / lowest
    squared = s + fermion**2
    # t of the nucleus: the largest is a sum, the least the product over it.
    start = mass**2 * (lab**2 - fermion**2) / total
    end = np.maximum((total + squared - mass**2) ** 2 / (4.0 * total) - squared, 0.0)
    largest = 2.0 * (
        np.hypot(np.sqrt(start), fermion) * np.hypot(np.sqrt(end), np.sqrt(squared)) + np.sqrt(start * end)
    )
    largest = largest - fermion**2 - squared
    least = mass**2 * s**2 / (total * largest)
    range_t = np.log(np.maximum(np.minimum(largest, reach) / least, 1.0))
    transfer = least * np.exp(range_t * v_t)
    weight = weight * range_t * transfer
    t = -transfer
    # Rest frame of fermion and V, the incoming fermion along z.
    w = np.sqrt(squared)
    first_energy = (squared + fermion**2 - t) / (2.0 * w)
    first_momentum = np.sqrt((s - t) ** 2 - 4.0 * fermion**2 * t) / (2.0 * w)
    k = np.sqrt(np.maximum((s - radiated**2) ** 2 - 4.0 * fermion**2 * radiated**2, 0.0)) / (2.0 * w)
    k_energy, span = np.hypot(k, radiated), 2.0 * first_momentum * k
    closest = 2.0 * first_energy * k_energy - radiated**2 - span
    range_u = np.log1p(2.0 * span / closest)
    minus_u = closest * np.exp(range_u * v_u)
    cosine = np.clip(1.0 - (minus_u - closest) / span, -1.0, 1.0)
    weight = weight * range_u * minus_u / span * k / (w * 2.0**11 * np.pi**4)
    nucleus = (mass * lab + 0.5 * t) / w
    along = (nucleus * first_energy - mass * lab) / first_momentum
    across = np.sqrt(np.maximum(total * least * np.expm1(range_t * v_t) * (largest - transfer), 0.0)) / (
        2.0 * w * first_momentum
    )
    # p₂ has the opposite momentum of k.
    meeting = nucleus * np.hypot(k, fermion) + k * (
        along * cosine + across * np.sqrt(1.0 - cosine**2) * np.cos(azimuth)
    )
    first = 2.0 * mass * lab - 0.5 * (s - t)
    return Point(t, s, -minus_u, 4.0 * mass**2 - t, first, 2.0 * meeting - 0.5 * (t + minus_u)), weight


def _cube() -> tuple[tuple[Array, ...], Array]:
    """Nodes of the four variables, three in (0, 1) and the azimuth in (0, π), (N,) each, and their weights for a full turn."""
    rules = [np.polynomial.legendre.leggauss(size) for size in NODES]
    unit = [0.5 * (nodes + 1.0) for nodes, _ in rules[:3]]
    # The azimuth is periodic: equal steps are best.
    turn = np.pi * (np.arange(NODES[3]) + 0.5) / NODES[3]
    axes = np.meshgrid(*unit, turn, indexing="ij")
    first, second, third = (0.5 * weights for _, weights in rules[:3])
    weight = (first[:, None, None, None] * second[:, None, None] * third[:, None]) * np.full(
        NODES[3], 2.0 * np.pi / NODES[3]
    )
    return tuple(axis.ravel() for axis in axes), weight.ravel()
