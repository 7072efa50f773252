"""From a channel and a hypothesis to expected events: the functions that a search file may name as its `signal`.

Each takes a search, a hypothesis and a mass, does what does not depend on the coupling once, and returns a function of the coupling.

| name        | what is computed                                                                    | searches          |
|-------------|-------------------------------------------------------------------------------------|-------------------|
| `displaced` | forward mesons and proton bremsstrahlung → A′ → decay in a distant volume           | beam dumps, FASER |
| `missing`   | muon–nucleus bremsstrahlung of a Z′ that escapes with at least a given energy share  | NA64μ             |
| `template`  | a table of events per bin at a reference coupling, scaled                           | MicroBooNE        |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.kernel.quadrature import gauss_legendre
from limits.physics import aprime, bremsstrahlung, decay, weizsaecker_williams, zprime
from limits.search import Search
from limits.units import AVOGADRO, INVERSE_FB_IN_INVERSE_PB, PB_CM2, mass

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Hypothesis:
    """A theory point: which particle, its mass in GeV, and the coupling in the search's published quantity."""

    name: str
    mass: float
    coupling: float


@dataclass(frozen=True, eq=False)
class Yield:
    """Expected signal `events` (n_couplings, n_bins).

    `relative` are further relative uncertainties that depend on the point, by name, (n_couplings, n_bins) each; those in
    `correlated` move all bins together, the others each bin on its own.
    """

    events: Array
    relative: Mapping[str, Array] = field(default_factory=dict)
    correlated: frozenset[str] = frozenset()


Signal = Callable[[ArrayLike], Yield]


def _above_zero(search: Search, *keys: str) -> tuple[float, ...]:
    """Numbers that a formula divides by, or that are lengths and energies.

    Raises:
        InputError: one of them is not above zero.
    """
    for key in keys:
        if not search.value(key) > 0:
            raise InputError(f"{search.path}: {key} = {search.value(key):g}: a number above 0 is needed")
    return tuple(search.value(key) for key in keys)


def _couplings(couplings: ArrayLike) -> Array:
    values = np.atleast_1d(np.asarray(couplings, dtype=np.float64))
    if not np.all(np.isfinite(values) & (values > 0)):
        raise InputError(f"coupling: {values.min()!r}: every value must be a positive finite number")
    return values


# ── displaced ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

POINTS_PER_BIN: Final = 64
"""Quasi-random points per bin of the meson spectra: the yield is stable to 0.1 %."""

MOMENTUM_BINS: Final = 400
"""Momentum bins, even in the logarithm, into which the A′ in acceptance are gathered."""

BREMSSTRAHLUNG_NODES: Final = 96

MESONS: Final = MappingProxyType({111: ("pi0", "pi0_diphoton_branching"), 221: ("eta", "eta_diphoton_branching")})


def _lattice(size: int, dimensions: int) -> Array:
    """(dimensions, size) quasi-random points of the unit cube: the additive recurrence with the generalised golden ratio."""
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1)
    return np.asarray((0.5 + np.arange(size)[None, :] * steps[:, None]) % 1.0)


def inside_offset_circle(radius: ArrayLike, aperture: float, offset: float) -> Array:
    """Fraction of a circle of `radius` around the beam axis that lies in a disc of radius `aperture` centred `offset` off it.

    Shape: that of `radius`. Unit: all three in m.
    """
    r = np.asarray(radius, dtype=np.float64)
    if offset == 0:
        return np.asarray(r <= aperture, dtype=np.float64)
    safe = np.where(r > 0, r, 1.0)
    cosine = (r**2 + offset**2 - aperture**2) / (2 * safe * offset)
    return np.where(r > 0, np.arccos(np.clip(cosine, -1, 1)) / np.pi, float(offset <= aperture))


def _in_acceptance(search: Search, momentum: Array, angle: Array, a_mass: float, weight: Array) -> Array:
    """`weight` times the chance that an A′ of that direction and momentum crosses the aperture above the energy threshold."""
    radius = search.value("distance") * np.tan(np.minimum(angle, 1.5))
    hits = inside_offset_circle(radius, search.value("aperture_radius"), search.value("axis_offset"))
    return np.asarray(weight * hits * (np.hypot(momentum, a_mass) > search.value("energy_threshold")))


def _from_mesons(search: Search, a_mass: float) -> list[tuple[Array, Array]]:
    """Momentum and cross-section in pb (at mixing 1) of A′ in acceptance from P → γ A′, per meson species."""
    table = search.table("spectra.csv")
    counts = np.stack([table[name] for name in sorted(table) if name.startswith("n")], axis=1)
    found = []
    for pid, (name, diphoton) in MESONS.items():
        row, column = np.nonzero(counts * (table["pid"] == pid)[:, None])
        if not len(row) or a_mass >= mass(name):
            continue
        u_theta, u_p, u_cos, u_phi = _lattice(len(row) * POINTS_PER_BIN, 4)
        row, column = np.repeat(row, POINTS_PER_BIN), np.repeat(column, POINTS_PER_BIN)
        low, high = table["log10_theta_low"][row], table["log10_theta_high"][row]
        parent_angle = 10 ** (low + (high - low) * u_theta)
        parent_momentum = 10 ** (table["log10_p_low"][row] + table["log10_p_step"][row] * (column + u_p))
        momentum, angle = decay.boosted_daughter(
            parent_momentum, parent_angle, mass(name), a_mass, 0.0, 2 * u_cos - 1, 2 * np.pi * u_phi
        )
        branching = aprime.branching_from_pseudoscalar(a_mass, 1.0, mass(name), search.value(diphoton))
        weight = table["pb_per_count"][row] * counts[row, column] / POINTS_PER_BIN * branching
        found.append((momentum, _in_acceptance(search, momentum, angle, a_mass, weight)))
    return found


def _from_bremsstrahlung(search: Search, a_mass: float) -> tuple[Array, Array]:
    """The same from proton bremsstrahlung, up to the search's pT."""
    beam = search.value("beam_energy")
    x, w = gauss_legendre(BREMSSTRAHLUNG_NODES)
    low, high = np.log(search.value("energy_threshold") / beam), np.log(0.9999)
    z = np.exp(low + (high - low) * (x + 1) / 2)
    # The rate falls like 1/(pT² + m²): nodes even in the logarithm, from far below any mass in use.
    bottom, top = np.log(1e-5), np.log(search.value("bremsstrahlung_pt_max"))
    pt = np.exp(bottom + (top - bottom) * (x + 1) / 2)
    density = bremsstrahlung.cross_section(a_mass, z[:, None], pt[None, :], 2 * beam)
    weight = density * np.outer(w * (high - low) / 2 * z, w * (top - bottom) / 2 * 2 * pt**2)
    momentum = np.sqrt(np.maximum((z[:, None] * beam) ** 2 - a_mass**2, 0.0) + 0 * pt[None, :])
    angle = np.arctan2(pt[None, :], momentum)
    return momentum.ravel(), _in_acceptance(search, momentum, angle, a_mass, weight).ravel()


def _gather(sources: list[tuple[Array, Array]], low: float, high: float) -> tuple[Array, Array]:
    """All sources in momentum bins: mean momentum and cross-section per bin, empty bins left out."""
    momentum, weight = (np.concatenate(parts) for parts in zip(*sources, strict=True))
    edges = np.geomspace(low, high, MOMENTUM_BINS + 1)
    total = np.histogram(momentum, edges, weights=weight)[0]
    mean = np.histogram(momentum, edges, weights=weight * momentum)[0]
    full = total > 0
    return mean[full] / total[full], total[full]


def displaced(search: Search, hypothesis: str, a_mass: float) -> Signal:
    """A′ → e⁺e⁻ in a volume far downstream of a collider; also the energy-dependent flux uncertainty.

    The expected events are luminosity · efficiency · Σ σ(p) ε² P(decay in the volume | p, ε).
    """
    if hypothesis != "aprime":
        raise InputError(f"{search.name}: signal 'displaced' knows the hypothesis 'aprime' only, got {hypothesis!r}")
    threshold, beam, scale, *_ = _above_zero(
        search,
        "energy_threshold",
        "beam_energy",
        "flux_uncertainty_scale",
        "bremsstrahlung_pt_max",
        "distance",
        "decay_volume_length",
        "aperture_radius",
    )
    if not threshold < beam:
        raise InputError(
            f"{search.path}: energy_threshold = {threshold:g}: below the beam_energy of {beam:g} GeV is needed"
        )
    sources = [*_from_mesons(search, a_mass), _from_bremsstrahlung(search, a_mass)]
    momentum, cross_section = _gather(sources, 0.5 * threshold, beam)
    exposure = search.value("luminosity") * INVERSE_FB_IN_INVERSE_PB * search.value("efficiency")
    cube = (np.hypot(momentum, a_mass) / scale) ** 3
    flux_error = (search.value("flux_uncertainty_low") + cube) / (1 + cube)
    visible = float(aprime.width_to_leptons(a_mass, 1.0, mass("e-")) / aprime.width(a_mass, 1.0))

    def at(couplings: ArrayLike) -> Yield:
        mixing = _couplings(couplings)
        ctau = aprime.decay_length(a_mass, mixing)
        length = decay.lab_decay_length(ctau[:, None], momentum, a_mass)
        chance = decay.probability_in_volume(length, search.value("distance"), search.value("decay_volume_length"))
        rate = exposure * visible * mixing[:, None] ** 2 * cross_section * chance
        events = rate.sum(axis=1)
        spread = np.divide(rate @ flux_error, events, out=np.full_like(events, flux_error[0]), where=events > 0)
        return Yield(events[:, None], {"flux": spread[:, None]}, frozenset({"flux"}))

    return at


# ── missing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def missing(search: Search, hypothesis: str, z_mass: float) -> Signal:
    """μN → μN Z′ with an invisible Z′ taking at least the given share of the beam energy.

    The expected events are Σ muons on target · nuclei per area · σ(m) g² · efficiency · Br(Z′ → invisible).
    """
    if hypothesis != "lmu-ltau":
        raise InputError(f"{search.name}: signal 'missing' knows the hypothesis 'lmu-ltau' only, got {hypothesis!r}")
    charge, weight, density, length, beam = _above_zero(
        search, "target_z", "target_a", "target_density", "target_lead_length", "beam_energy"
    )
    nucleus = weizsaecker_williams.Nucleus(int(charge), weight)
    areal = density * length * AVOGADRO / nucleus.A
    muons = search.value("muons_on_target_1") + search.value("muons_on_target_2")
    sigma = weizsaecker_williams.cross_section(z_mass, search.value("energy_fraction_min"), beam, nucleus)
    exposure = muons * areal * PB_CM2 * search.value("efficiency")
    alpha_d, chi = search.value("alpha_d"), search.value("chi_mass_ratio") * z_mass

    def at(couplings: ArrayLike) -> Yield:
        coupling = _couplings(couplings)
        branching = zprime.branching_invisible(z_mass, coupling, alpha_d, chi)
        return Yield((exposure * sigma * coupling**2 * branching)[:, None])

    return at


# ── template ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def template(search: Search, hypothesis: str, a_mass: float) -> Signal:
    """Tabulated events per bin, ∝ ε⁴ α_D³; the coupling is ε². Shape uncertainties are per bin and uncorrelated."""
    if hypothesis != "dark-trident":
        raise InputError(
            f"{search.name}: signal 'template' knows the hypothesis 'dark-trident' only, got {hypothesis!r}"
        )
    table = search.table("signal.csv")
    rows = np.isclose(table["mass_gev"], a_mass, rtol=1e-9)
    reference = table["run_events"][rows] * table["fraction"][rows] * search.value("out_of_window_factor")
    mixing, alpha_d = _above_zero(search, "reference_mixing", "reference_alpha_d")
    dark = (search.value("alpha_d") / alpha_d) ** 3
    shape = np.hypot(table["cross_section_uncertainty"][rows], search.value("signal_shape_uncertainty"))

    def at(couplings: ArrayLike) -> Yield:
        squared = _couplings(couplings)
        events = np.outer((squared / mixing**2) ** 2, reference * dark)
        return Yield(events, {"signal-shape": np.broadcast_to(shape, events.shape)})

    return at


SIGNALS: Final[Mapping[str, Callable[[Search, str, float], Signal]]] = MappingProxyType(
    {"displaced": displaced, "missing": missing, "template": template}
)
"""Every signal by the name a search file uses."""
