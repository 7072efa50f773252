"""Decays of a dark Higgs boson, a scalar that mixes with the Higgs boson: couplings sin θ · m_f/v.

Masses and widths in GeV, widths for sin θ = 1: multiply by sin²θ. Leptons are exact at tree level. Hadrons, by mass in GeV:

* up to 0.6: ππ at lowest order of chiral perturbation theory times the measured rescattering of two pions, which is a factor 2 to 4.
* 0.75 to 1.2: ππ and KK̄ in two channels, unitary chiral perturbation theory at lowest order, with the f₀(980). From 0.6 to 0.75 the
  logarithm of one width goes into that of the other; they differ by 30 % at 0.6 and by 10 % at 0.75.
* 1.2 to 2: each pair follows a power of the mass to what χ_c0 would give at 3.41; from 1.1 on 4π, ηη, ρρ … are added, of a size that
  makes the total continuous at 2 (as in arXiv:1809.01876). With the constant of that paper, as recalled, the pairs and the rest are 0.67
  of what quarks and gluons give at 2, and 0.57 with two channels up to there.
* 2 to 10: quarks and gluons at low order. Pairs of mesons are part of them, and continue with the same powers.

Against the tables of FORESEE (arXiv:1710.09387, 1811.12522) the width is 0.93 at 0.3, 0.79 at 0.5, 0.42 at 0.86, 0.38 at 1, 0.6 at 1.5,
0.87 at 2 and 0.84 at 3. Published calculations differ by factors: `uncertainty` and `pair_uncertainty` say what to expect.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics import alp
from limits.physics.checked import positive
from limits.physics.meson_scattering import channel_masses, dressing, pion_rescattering, velocity
from limits.physics.scalar import fermion_loop, width_to_dark_matter
from limits.units import mass as particle_mass

__all__ = [
    "branching",
    "decay_length",
    "form_factors",
    "pair_uncertainty",
    "pair_widths",
    "partial_widths",
    "uncertainty",
    "width",
    "width_to_pions_elastic",
]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

VACUUM_EXPECTATION: Final = 246.22
"""v = (√2 G_F)^(−½) in GeV."""

ELASTIC: Final = (0.6, 0.75)
"""Masses in GeV between which one channel of rescattering goes into two."""

CHIRAL_END: Final = 1.2
"""Mass in GeV up to which two channels at lowest order are used: where they stop to describe ππ → KK̄ (arXiv:hep-ph/9702314)."""

OTHERS: Final = (1.1, 1.5)
"""Masses in GeV between which decays to more than two mesons turn on; arXiv:1809.01876 has a step at 1.3 (a recollection)."""

QUARKS_START: Final = 2.0
"""Mass in GeV from which decays to hadrons are quarks and gluons."""

LARGEST: Final = 10.0
"""Largest mass in GeV: the threshold of two B mesons is near."""

STRANGE_AT_2: Final = 0.0935
"""MS-bar mass of the strange quark at 2 GeV in GeV (PDG)."""

POLE_MASSES: Final = (1.67, 4.78)
"""Pole masses of charm and bottom in GeV, in the loop to gluons (PDG; a recollection)."""

CHI_C0: Final = (3.4147, 0.0085, 0.0124)
"""Mass in GeV of χ_c0, a scalar that decays to two gluons, and its fractions to ππ and KK̄ (PDG 2024; a recollection)."""

UNCERTAINTY: Final = (
    (0.3, 1.4), (0.5, 1.6), (0.7, 2.1), (0.85, 2.5), (0.95, 3.0), (1.2, 3.0), (1.5, 2.5), (2.0, 2.0), (3.0, 1.5), (10.0, 1.3)
)  # fmt: skip
"""Mass in GeV and factor on the width to hadrons; a judgement, see `uncertainty`."""

PAIR_UNCERTAINTY: Final = ((1.0, 3.0), (1.2, 6.0), (10.0, 6.0))
"""The same for one pair of mesons, where it is larger; a judgement, see `pair_uncertainty`."""


def partial_widths(mass: ArrayLike) -> dict[str, Array]:
    """Partial widths of a dark Higgs boson for sin θ = 1; what is closed is zero. Their sum is the width.

    "e+ e-", "mu+ mu-", "tau+ tau-"; up to 2 GeV "pi pi" (⅔ is charged), "K K" (½ is charged) and "other hadrons" (4π, ηη, ρρ …); from 2 GeV
    on "s sbar", "c cbar" and "gluons", which then contain the pairs of mesons (`pair_widths`). Photons, about 1 % below 0.2 GeV, are left
    out.

    Shape: that of `mass`, for all.
    Unit: GeV.
    Source: m_f² m/(8πv²) (1 − 4 m_f²/m²)^{3/2} for leptons; `pair_widths`; C m³ √(1 − 16 m_π²/m²) for other hadrons (arXiv:1809.01876, a
        recollection), C by continuity at 2 GeV; quarks and gluons see `_quarks_and_gluons`.
    Raises: InputError unless masses are positive and at most 10 GeV.
    """
    mass = _offered(mass)
    widths = {f"{name}+ {name}-": _to_fermions(mass, particle_mass(f"{name}-")) for name in ("e", "mu", "tau")}
    mesons = mass < QUARKS_START
    for name, value in pair_widths(mass).items():
        widths[name] = np.where(mesons, value, 0.0)
    widths["other hadrons"] = np.where(mesons, _other_hadrons(mass), 0.0)
    for name, value in _quarks_and_gluons(np.maximum(mass, QUARKS_START)).items():
        widths[name] = np.where(mesons, 0.0, value)
    return widths


def width(mass: ArrayLike) -> Array:
    """Total width of a dark Higgs boson for sin θ = 1.

    Shape: that of `mass`.
    Unit: GeV.
    Source: the sum of `partial_widths`.
    Raises: InputError unless masses are positive and at most 10 GeV.
    """
    return np.asarray(sum(partial_widths(mass).values(), np.zeros(())), dtype=np.float64)


def decay_length(mass: ArrayLike, sin_theta: ArrayLike) -> Array:
    """Proper decay length cτ of a dark Higgs boson; infinite where nothing is open.

    Shape: that of the arguments broadcast together.
    Unit: m.
    Source: ħc/(sin²θ Γ), Γ of `width`.
    Raises: InputError unless masses are positive and at most 10 GeV, and `sin_theta` zero or positive.
    """
    return alp.decay_length(partial_widths(mass), sin_theta)


def branching(mass: ArrayLike) -> dict[str, Array]:
    """Branching fractions to two visible charged particles: "mu+mu-", "pi+pi-" and "K+K-" (without blanks: one charge state).

    Above 2 GeV the two last are the continued `pair_widths` over the width to quarks, gluons and leptons.

    Shape: that of `mass`, for all.
    Unit: dimensionless.
    Source: `partial_widths`, `pair_widths`; isospin 0: π⁺π⁻ is ⅔ of ππ, K⁺K⁻ ½ of KK̄.
    Raises: InputError unless masses are above 2 m_e and at most 10 GeV.
    """
    mass = _offered(mass)
    if not np.all(mass > 2.0 * particle_mass("e-")):
        raise InputError("dark Higgs mass: below 2 m_e there is no decay, and no branching fraction")
    widths, pairs = partial_widths(mass), pair_widths(mass)
    total = sum(widths.values(), np.zeros(()))
    parts = {"mu+mu-": widths["mu+ mu-"], "pi+pi-": pairs["pi pi"] * 2.0 / 3.0, "K+K-": pairs["K K"] / 2.0}
    return {name: np.asarray(part / total, dtype=np.float64) for name, part in parts.items()}


def uncertainty(mass: ArrayLike) -> Array:
    """Factor, up and down, by which the width to hadrons may be wrong; at least 1. Leptons have none.

    Up to 0.6 GeV: the phase above 0.75 GeV, and kaons that are missing. To 1.2 GeV: terms of higher order, fitted to phase shifts measured
    below the kaon threshold, make the result up to 2.6 times larger, or smaller by up to 2 if the slopes at s = 0 are to be those of
    lowest order; the cutoff moves the f₀(980). To 2 GeV: no f₀(1370), f₀(1500) or f₀(1710). Above: α_s, the mass of the strange
    quark, thresholds of cc̄. A judgement.

    Shape: that of `mass`.
    Unit: dimensionless; interpolated, logarithm of the factor against mass.
    Source: the variations just named; arXiv:1809.01876 compares published calculations.
    Raises: InputError unless masses are positive and at most 10 GeV.
    """
    masses, factors = np.transpose(UNCERTAINTY)
    return np.asarray(np.exp(np.interp(_offered(mass), masses, np.log(factors))), dtype=np.float64)


def pair_uncertainty(mass: ArrayLike) -> Array:
    """Factor, up and down, by which the width to ππ or to KK̄ alone may be wrong: `uncertainty`, but 6 from 1.2 GeV on.

    There the width is a power of the mass between two values that are themselves uncertain; just below, the terms of higher order named
    at `uncertainty` make ππ 6 times larger and KK̄ 3 times. A judgement.

    Shape: that of `mass`.
    Unit: dimensionless.
    Source: two channels continued to 2 GeV give 0.7 of KK̄ and 0.04 of ππ of the power; published tables 3 times the KK̄.
    Raises: InputError unless masses are positive and at most 10 GeV.
    """
    mass = _offered(mass)
    masses, factors = np.transpose(PAIR_UNCERTAINTY)
    larger = np.exp(np.interp(mass, masses, np.log(factors), left=0.0))
    return np.asarray(np.maximum(larger, uncertainty(mass)), dtype=np.float64)


def pair_widths(mass: ArrayLike) -> dict[str, Array]:
    """Widths to "pi pi" and "K K", all charges, for sin θ = 1, at every mass; zero below threshold.

    Shape: that of `mass`.
    Unit: GeV.
    Source: 3/(32πv² m) |F|² σ with `form_factors` (arXiv:hep-ph/0005253 for the method); up to 0.6 GeV `width_to_pions_elastic`; above
        1.2 GeV a power of the mass through the value there and, at the mass of χ_c0, its fraction of the width to strange quarks and
        gluons.
    Raises: InputError unless masses are positive and at most 10 GeV.
    """
    mass = _offered(mass)
    low, high = _two_channels(np.minimum(mass, CHIRAL_END)), _two_channels(np.asarray(CHIRAL_END))
    at_chi = _quarks_and_gluons(np.asarray(CHI_C0[0]))
    hadrons = at_chi["s sbar"] + at_chi["gluons"]
    power = np.log(hadrons * np.asarray(CHI_C0[1:]) / high) / np.log(CHI_C0[0] / CHIRAL_END)
    both = low * (np.maximum(mass, CHIRAL_END) / CHIRAL_END)[..., None] ** power
    pions = both[..., 0].copy()
    joined = (mass <= ELASTIC[1]) & (pions > 0.0)
    share = _rise(mass[joined], *ELASTIC)
    pions[joined] = width_to_pions_elastic(mass[joined]) ** (1.0 - share) * pions[joined] ** share
    return {"pi pi": pions, "K K": np.asarray(both[..., 1])}


def form_factors(s: ArrayLike, rescattering: bool = True) -> Complex:
    """Amplitudes of a Higgs-like operator to ππ and to KK̄, the latter times 2/√3, so that one phase space serves both.

    Shape: that of `s`, and 2.
    Unit: GeV², for coupling 1/v.
    Source: 2θ/9 + 7(Γ + Δ)/9 at lowest order (Donoghue, Gasser, Leutwyler, Nucl. Phys. B343 (1990) 341): (2s + 11 m²)/9 with the mass
        of the pion or kaon; times `meson_scattering.dressing` unless that is switched off.
    Raises: InputError unless `s` is positive.
    """
    s = positive("s", s)
    pion, kaon = channel_masses()
    bare = np.stack([2.0 * s + 11.0 * pion**2, 2.0 / np.sqrt(3.0) * (2.0 * s + 11.0 * kaon**2)], axis=-1) / 9.0
    full = np.einsum("...ij,...j->...i", dressing(s), bare) if rescattering else bare
    return np.asarray(full, dtype=np.complex128)


def width_to_pions_elastic(mass: ArrayLike, rescattering: bool = True) -> Array:
    """Width to π⁺π⁻ and π⁰π⁰ for sin θ = 1 without kaons; zero below threshold.

    Shape: that of `mass`.
    Unit: GeV.
    Source: 3/(32π v² m) |2m²/9 + 11 m_π²/9|² √(1 − 4m_π²/m²), low-energy theorem of Voloshin (Sov. J. Nucl. Phys. 44 (1986) 478),
        times |Ω|² of `pion_rescattering` unless that is switched off.
    Raises: InputError unless masses are positive and at most 0.75 GeV.
    """
    mass, pion = positive("mass", mass), particle_mass("pi+")
    if not np.all(mass <= ELASTIC[1]):
        raise InputError(f"dark Higgs mass: the width to pions in one channel is offered up to {ELASTIC[1]:g} GeV")
    amplitude = (2.0 * mass**2 + 11.0 * pion**2) / 9.0
    plain = 3.0 * (amplitude / VACUUM_EXPECTATION) ** 2 / (32.0 * np.pi * mass) * velocity(mass, pion)
    return np.asarray(plain * pion_rescattering(mass**2) if rescattering else plain, dtype=np.float64)


def _two_channels(mass: Array) -> Array:
    """Widths to ππ and KK̄, on a last axis, from form factors in two channels."""
    squared = np.abs(form_factors(mass**2)) ** 2
    sigma = velocity(mass[..., None], channel_masses())
    return np.asarray(
        3.0 * squared * sigma / (32.0 * np.pi * VACUUM_EXPECTATION**2 * mass[..., None]), dtype=np.float64
    )


def _other_hadrons(mass: Array) -> Array:
    """C m³ √(1 − 16 m_π²/m²) with C such that the total is continuous at 2 GeV; on between the masses `OTHERS`."""
    end = np.asarray(QUARKS_START)
    missing = sum(_quarks_and_gluons(end).values(), np.zeros(())) - sum(pair_widths(end).values(), np.zeros(()))
    four = 2.0 * particle_mass("pi+")
    shape = mass**3 * velocity(mass, four) * _rise(mass, *OTHERS)
    return np.asarray(missing * shape / (end**3 * velocity(end, four)), dtype=np.float64)


def _rise(mass: Array, start: float, end: float) -> Array:
    """From 0 at `start` to 1 at `end` in ln m, without a kink."""
    x = np.clip(np.log(mass / start) / np.log(end / start), 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), dtype=np.float64)


def _quarks_and_gluons(mass: Array) -> dict[str, Array]:
    """Widths to "s sbar", "c cbar" and "gluons" for sin θ = 1, from 2 GeV on.

    Strange and charm quarks have thresholds at twice the K and D mass, with those masses in the phase space (arXiv:1809.01876), running
    masses in the coupling, and 1 + 17 α_s/3π (arXiv:hep-ph/0503172 Eq. (2.11)). Gluons: α_s² m³/(72π³v²) |Σ ¾ A|² of charm, bottom
    and top at lowest order.
    """
    alpha_s = alp.strong_coupling(mass)
    correction = 1.0 + 17.0 / (3.0 * np.pi) * alpha_s
    # Masses run like α_s to the power 12/(33 − 2n_f), four flavours.
    power = 12.0 / 25.0
    strange = STRANGE_AT_2 * (alpha_s / alp.strong_coupling(2.0)) ** power
    charm = particle_mass("c") * (alpha_s / alp.strong_coupling(particle_mass("c"))) ** power
    heavy = (*POLE_MASSES, particle_mass("t"))
    loop = sum((0.75 * fermion_loop((mass / (2.0 * quark)) ** 2) for quark in heavy), np.zeros(()))
    gluons = (alpha_s / VACUUM_EXPECTATION) ** 2 * mass**3 / (72.0 * np.pi**3) * np.abs(loop) ** 2
    return {
        "s sbar": 3.0 * correction * _to_fermions(mass, particle_mass("K+"), strange),
        "c cbar": 3.0 * correction * _to_fermions(mass, particle_mass("D0"), charm),
        "gluons": np.asarray(gluons, dtype=np.float64),
    }


def _to_fermions(mass: Array, threshold: float, coupled: ArrayLike | None = None) -> Array:
    """Width for sin θ = 1 and one colour: `threshold` is the mass in the phase space, `coupled` the one in the coupling."""
    strength = np.asarray(threshold if coupled is None else coupled, dtype=np.float64) / VACUUM_EXPECTATION
    return width_to_dark_matter(mass, strength**2 / (4.0 * np.pi), threshold)


def _offered(mass: ArrayLike) -> Array:
    mass = positive("dark Higgs mass", mass, "GeV")
    if not np.all(mass <= LARGEST):
        raise InputError(f"dark Higgs mass: widths are offered up to {LARGEST:g} GeV")
    return mass
