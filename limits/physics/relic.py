"""Thermal-relic target y = ε² α_D (m_χ/m_A′)⁴ of dark matter χ annihilating through an off-shell dark photon, χχ → A′* → SM.

Cross-sections, to leading order in the relative velocity v and summed over final states f:
pseudo-Dirac 16πα ε²α_D m_χ²/(4m_χ² − m_A′²)² F(s); complex scalar and Majorana (8π/3)·α ε²α_D m_χ² v²/(4m_χ² − m_A′²)² F(s), with
F(s) = Σ_f √(1 − 4m_f²/s)(1 + 2m_f²/s). The axial coupling of Majorana χ is ½ χ̄γ_μγ₅χ, so that it annihilates like one Dirac pair.
F is averaged over the thermal distribution of v at s = 4m_χ² + m_χ²v², which lets the tail reach a threshold; the propagator is
held at s = 4m_χ². With y in it, σv = 16πα y/m_χ² · [R²/(R² − 4)]² F, R = m_A′/m_χ: ε, α_D and m_A′ enter through y and R only.

n = n_χ + n_χ̄ of pseudo-Dirac (two almost equal states of two spins that annihilate with each other only) and of complex scalars follows
the Boltzmann equation with ½⟨σv⟩; Majorana χ are their own partners.

Accuracy: 0.3 % for the integration, 10 to 20 % for what is left out: the propagator's change with v (15 % at R = 3, growing towards the
resonance R = 2), relativistic corrections of order 1/x, and neutrinos heated or not below m_χ ≈ 5 MeV. y itself is not exactly the only
combination that matters (arXiv:2405.08881). Masses in GeV.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import kve

from limits.errors import InputError, unknown
from limits.physics.checked import positive
from limits.units import ALPHA
from limits.units import mass as particle_mass

__all__ = ["Kind", "abundance", "cross_section", "degrees_of_freedom", "final_states", "target"]

Array = NDArray[np.float64]
Kind = Literal["pseudo-dirac", "majorana", "scalar"]
Ratio = Callable[[Array], Array]


class Species(NamedTuple):
    """Degrees of freedom counted in n, what multiplies ⟨σv⟩, and the power of v² in σv."""

    states: int
    pairs: float
    wave: int


SPECIES: Final = {
    "pseudo-dirac": Species(4, 0.5, 0),
    "majorana": Species(2, 1.0, 1),
    "scalar": Species(2, 0.5, 1),
}

ABUNDANCE: Final = 0.120
"""Ω h² of dark matter (Planck, arXiv:1807.06209)."""

PLANCK_MASS: Final = 1.220890e19
"""1/√G in GeV (CODATA 2018)."""

DENSITY_TODAY: Final = 2.7438e8
"""Ω h² per GeV of m Y today: s₀ = 2891.2 cm⁻³ over ρ_c/h² = 1.05371e-5 GeV cm⁻³ (PDG; a recollection)."""

PLASMA: Final = np.array(
    [
        (1e-5, 3.363, 3.909),
        (3e-5, 3.363, 3.909),
        (5e-5, 3.385, 3.930),
        (7e-5, 3.571, 4.101),
        (1e-4, 4.301, 4.780),
        (1.4e-4, 5.627, 6.006),
        (2e-4, 7.310, 7.547),
        (3e-4, 8.885, 8.989),
        (5e-4, 10.006, 10.032),
        (1e-3, 10.558, 10.560),
        (3.162e-3, 10.74, 10.743),
        (1e-2, 10.76, 10.765),
        (1.778e-2, 11.09, 11.146),
        (3.981e-2, 13.68, 13.975),
        (0.1, 17.61, 18.019),
        (0.1413, 24.07, 25.375),
        (0.1585, 29.84, 32.101),
        (0.2512, 47.83, 50.756),
        (0.3162, 53.04, 55.528),
        (1.0, 73.48, 74.787),
        (10.0, 83.10, 83.202),
    ]
)
"""Temperature in GeV, g_ρ and g_s. From 3 MeV on arXiv:1606.07494 Table S2 (a recollection, 1 %; 5 % around the quark–hadron
transition at 0.15 GeV, by interpolation); below, photons, electrons and neutrinos that decoupled at once (own integrals)."""

SPAN: Final = ((3.0, 100.0, 3000), (100.0, 1e6, 500))
"""First and last x = m_χ/T, and number of steps in ln x, of the two parts of the integration: Ω h² is good to 0.3 %."""

MIN_RATIO: Final = 2.3
"""Smallest m_A′/m_χ offered: below, the resonance is inside the thermal distribution."""


def degrees_of_freedom(temperature: ArrayLike) -> tuple[Array, Array]:
    """Effective degrees of freedom g_ρ and g_s of the plasma; constant outside 10 keV to 10 GeV.

    Shape: two arrays of the shape of `temperature`.
    Unit: dimensionless, for temperatures in GeV.
    Source: linear interpolation of `PLASMA` in ln T.
    Raises: InputError unless temperatures are positive.
    """
    logarithm = np.log(positive("temperature", temperature))
    knots = np.log(PLASMA[:, 0])
    return np.interp(logarithm, knots, PLASMA[:, 1]), np.interp(logarithm, knots, PLASMA[:, 2])


def final_states(s: ArrayLike, ratio: Ratio | None = None) -> Array:
    """The sum F(s) over e, μ, τ and, if `ratio` is given, hadrons.

    Shape: that of `s`, in GeV².
    Unit: dimensionless, 1 for one massless lepton.
    Source: Σ √(1 − 4m²/s)(1 + 2m²/s); hadrons `ratio`(√s) = σ(e⁺e⁻ → hadrons)/σ(e⁺e⁻ → μ⁺μ⁻, massless), √s in GeV.
    Raises: InputError unless `s` is positive.
    """
    s = positive("s", s)
    total = np.zeros_like(s)
    for name in ("e-", "mu-", "tau-"):
        r = particle_mass(name) ** 2 / s
        total += np.sqrt(np.maximum(1.0 - 4.0 * r, 0.0)) * (1.0 + 2.0 * r)
    return total if ratio is None else np.asarray(total + ratio(np.sqrt(s)), dtype=np.float64)


def cross_section(
    kind: Kind, x: ArrayLike, chi_mass: float, y: float, ratio: float = 3.0, hadrons: Ratio | None = None
) -> Array:
    """Thermal average ⟨σv⟩ of one pair at x = m_χ/T.

    Shape: that of `x`.
    Unit: GeV⁻². `ratio` is m_A′/m_χ; `hadrons` as in `final_states`.
    Source: see the head of this module; average over v² = 4w/x with weight √w e⁻ʷ, so that ⟨v²⟩ = 6/x.
    Raises: InputError unless x and y are positive, m_χ is above m_e and ratio at least 2.3; UnknownName for an unknown kind.
    """
    x, (_, _, wave) = positive("x", x), _species(kind, chi_mass, ratio)
    # w = u²: the weight becomes 2u² e^(−u²), and the midpoint rule of a smooth even function converges at once.
    step = 0.02
    u = step * (np.arange(300) + 0.5)
    w = u**2
    weight = 4.0 / np.sqrt(np.pi) * w * np.exp(-w) * step
    v2 = 4.0 * w / x[..., None]
    states = final_states(chi_mass**2 * (4.0 + v2), hadrons)
    average = np.sum(weight * states * (v2 / 6.0 if wave else 1.0), axis=-1)
    # R²/(R² − 4) = m_A′²/(m_A′² − 4m_χ²); for the p-wave 8π/3 v² = 16π v²/6.
    return np.asarray(
        16.0 * np.pi * ALPHA * positive("y", y) / chi_mass**2 * (ratio**2 / (ratio**2 - 4.0)) ** 2 * average
    )


def abundance(kind: Kind, chi_mass: float, y: float, ratio: float = 3.0, hadrons: Ratio | None = None) -> float:
    """Relic abundance Ω h² of χ and χ̄ together.

    Shape: scalar.
    Unit: dimensionless.
    Source: dY/dx = −√(π/45) m_Pl m_χ √g_* ⟨σv⟩/x² (Y² − Y_eq²), √g_* = g_s/√g_ρ (1 + d ln g_s/3 d ln T) (Gondolo and Gelmini, Nucl.
        Phys. B 360 (1991) 145), by implicit Euler steps in ln x, which follow the equilibrium without a small step.
    Raises: InputError as `cross_section`.
    """
    x = _lattice()
    return _abundance(kind, chi_mass, x, cross_section(kind, x, chi_mass, y, ratio, hadrons))


def target(kind: Kind, chi_mass: float, ratio: float = 3.0, hadrons: Ratio | None = None) -> float:
    """y at which the relic abundance is the observed one; without `hadrons`, annihilation to leptons only.

    Leptons alone are right below m_χ ≈ 0.14 GeV; above, y is too high without hadrons. `hadrons` may be the sum of
    `limits.physics.hadrons.ratios` for the electric charges of the quarks.

    Shape: scalar.
    Unit: dimensionless.
    Source: Ω h² falls like 1/y up to a logarithm, so that y → y Ω h²/0.12 converges in a few turns.
    Raises: InputError as `cross_section`; UnknownName for an unknown kind.
    """
    x = _lattice()
    unit, y = cross_section(kind, x, chi_mass, 1.0, ratio, hadrons), 1e-8 * chi_mass**2
    for _ in range(30):
        change = _abundance(kind, chi_mass, x, y * unit) / ABUNDANCE
        y *= change
        if abs(change - 1.0) < 1e-6:
            return float(y)
    raise InputError(f"chi_mass = {chi_mass!r}: no y gives the observed abundance")


def _lattice() -> Array:
    early, late = (np.geomspace(first, last, steps + 1) for first, last, steps in SPAN)
    return np.concatenate([early, late[1:]])


def _abundance(kind: Kind, chi_mass: float, x: Array, average: Array) -> float:
    states, pairs, _ = SPECIES[kind]
    energy, entropy = degrees_of_freedom(chi_mass / x)
    running = np.gradient(np.log(entropy), np.log(x))
    root = entropy / np.sqrt(energy) * (1.0 - running / 3.0)
    equilibrium = 45.0 / (4.0 * np.pi**4) * states / entropy * x**2 * kve(2, x) * np.exp(-x)
    step = np.diff(np.log(x), prepend=np.log(x[0]))
    rate = step * np.sqrt(np.pi / 45.0) * PLANCK_MASS * chi_mass * root * pairs * average / x
    yields = float(equilibrium[0])
    for k, source in zip(rate[1:].tolist(), equilibrium[1:].tolist(), strict=True):
        # Root of k Y² + Y − (Y_before + k Y_eq²) = 0, written so that it does not cancel.
        known = yields + k * source * source
        yields = 2.0 * known / (1.0 + (1.0 + 4.0 * k * known) ** 0.5)
    return DENSITY_TODAY * chi_mass * yields


def _species(kind: str, chi_mass: float, ratio: float) -> Species:
    if kind not in SPECIES:
        raise unknown("kind", kind, get_args(Kind))
    if not chi_mass > particle_mass("e-"):
        raise InputError(f"chi_mass = {chi_mass!r}: a mass in GeV above that of the electron is expected")
    if not ratio >= MIN_RATIO:
        raise InputError(f"ratio = {ratio!r}: m_A′/m_χ of at least {MIN_RATIO:g} is expected, above the resonance at 2")
    return SPECIES[kind]
