"""e⁺e⁻ → h′(→ x⁺x⁻) A′(→ χ₁χ₂(→ χ₁ e⁺e⁻)): expected events with two vertices, one of them displaced, and missing momentum.

Momenta are drawn once per mass, on quasi-random numbers that depend on neither masses nor couplings, so that a yield is a smooth
function of both. Decays in flight are integrated (`two_vertices`). The publication has no efficiencies: what a detector sees is a toy,
and all its numbers are assumptions of the search file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.physics import dark_higgs, idm
from limits.physics.decay import two_body_momentum
from limits.search import CountingChannel, Search
from limits.signals.expected import Signal, Yield, above_zero, checked_couplings, known_hypothesis
from limits.signals.two_vertices import Pair, Tracker, Vertices, vertices
from limits.signals.windows import share
from limits.units import mass as particle_mass

Array = NDArray[np.float64]

EVENTS: Final = 2**15
"""Events drawn at every mass."""

DIMENSIONS: Final = 11
"""Uniform numbers of an event: five directions and the mass of the electron pair."""

STATES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"mu+mu-": ("mu-", "mu+mu-"), "pi+pi-": ("pi+", "pi+pi-"), "KK": ("K+", "K+K-")}
)
"""Final states of h′: the particle whose tracks are seen and the name of its branching fraction."""


class Model(NamedTuple):
    """Masses in GeV and the dark coupling; all that does not depend on the mass of h′."""

    aprime: float
    chi: float
    splitting: float
    alpha_d: float
    charge: float
    sqrt_s: float
    boost: float
    """βγ of the centre of mass along the electron beam."""

    @classmethod
    def of(cls, search: Search) -> Model:
        """From the numbers of a search.

        Raises:
            InputError: A′ → χ₁χ₂ or χ₂ → χ₁ e⁺e⁻ is closed.
        """
        above_zero(search, "mixing")
        chi, ratio, split, alpha_d, charge, sqrt_s = above_zero(
            search, "chi_mass", "aprime_ratio", "splitting_ratio", "alpha_d", "dark_charge", "sqrt_s"
        )
        model = cls(ratio * chi, chi, split * chi, alpha_d, charge, sqrt_s, search.value("boost"))
        if not model.aprime > 2 * chi + model.splitting:
            raise InputError(
                f"{search.path}: aprime_ratio = {ratio:g}: above 2 + splitting_ratio, or A′ → χ₁χ₂ is closed"
            )
        if not model.splitting > 2 * particle_mass("e-"):
            raise InputError(f"{search.path}: splitting_ratio = {split:g}: too small for χ₂ → χ₁ e⁺e⁻")
        return model


class Couplingless(NamedTuple):
    """What does not depend on the couplings, for sin θ = ε = 1; numbers of one mass of h′ and one final state."""

    produced: float
    """σ(e⁺e⁻ → A′h′) B(χ₂ → χ₁ e⁺e⁻) in fb; A′ → χ₁χ₂ always."""
    visible: float
    """B(h′ → xx)."""
    higgs_length: float
    """cτ of h′ in m."""
    chi_length: float
    """cτ of χ₂ in m."""

    @classmethod
    def of(cls, model: Model, higgs_mass: float, state: str) -> Couplingless:
        """Above 2 m_χ₁ the dark Higgs is taken to decay to dark matter alone."""
        sigma = float(idm.cross_section(higgs_mass, model.aprime, model.sqrt_s, 1.0, model.alpha_d, model.charge))
        electrons, chi_length = _of_chi(model.aprime, model.chi, model.splitting)
        visible = float(dark_higgs.branching(higgs_mass)[STATES[state][1]]) if higgs_mass <= 2 * model.chi else 0.0
        higgs_length = float(dark_higgs.decay_length(higgs_mass, 1.0))
        return cls(sigma * electrons, visible, higgs_length, chi_length / model.alpha_d)


@lru_cache(maxsize=64)
def _of_chi(aprime: float, chi: float, splitting: float) -> tuple[float, float]:
    """B(χ₂ → χ₁ e⁺e⁻) and cτ in m for ε = α_D = 1: the same at all masses of a scan."""
    electrons = idm.branching(aprime, chi, splitting)["e+e-"]
    return float(electrons), float(idm.decay_length(aprime, chi, splitting))


class Drawn(NamedTuple):
    """Events in the laboratory: weights (n,) that sum to 1, h′ and its tracks, χ₂ and the electron pair."""

    weight: Array
    higgs: Pair
    chi: Pair


Rates = tuple[Array, Array, Array]
"""For couplings (c,): σ·B·B in fb, cτ of h′ and cτ of χ₂ in m."""

Couples = Callable[[Search, Couplingless, str, Array], Rates]


def _mixed(at: Couplingless, angle: ArrayLike, mixing: ArrayLike) -> Rates:
    angle, mixing = np.broadcast_arrays(np.asarray(angle, dtype=np.float64), np.asarray(mixing, dtype=np.float64))
    return at.produced * at.visible * mixing**2, at.higgs_length / angle**2, at.chi_length / mixing**2


def _dark_higgs(search: Search, at: Couplingless, _: str, couplings: Array) -> Rates:
    return _mixed(at, couplings, search.value("mixing"))


def _mixing(search: Search, at: Couplingless, _: str, couplings: Array) -> Rates:
    (angle,) = above_zero(search, "mixing_angle")
    _at_most(search, 1.0, "mixing_angle")
    return _mixed(at, angle, couplings)


def _product(wanted: str) -> Couples:
    """σ·B·B itself, of one final state."""

    def rates(search: Search, at: Couplingless, state: str, couplings: Array) -> Rates:
        (length,) = above_zero(search, "higgs_length")
        flat = np.ones_like(couplings)
        return couplings * (state == wanted), flat * length, flat * at.chi_length / search.value("mixing") ** 2

    return rates


HYPOTHESES: Final[Mapping[str, Couples]] = MappingProxyType(
    {
        "idm-dark-higgs": _dark_higgs,
        "idm-mixing": _mixing,
        "dark-higgs-mumu": _product("mu+mu-"),
        "dark-higgs-pipi": _product("pi+pi-"),
        "dark-higgs-kk": _product("KK"),
    }
)
"""What the coupling is: sin θ, ε, or the cross-section times both branching fractions of one final state, in fb."""


def cascade(search: Search, channel: CountingChannel, hypothesis: str, x_mass: float) -> Signal:
    """Expected events of the final states of a channel: luminosity · σ·B·B · acceptance · efficiencies · part in the window.

    Raises:
        UnknownName: a hypothesis that is not one of `HYPOTHESES`.
        InputError: a final state that h′ does not have, or numbers with which the chain is closed.
    """
    known_hypothesis(search, "cascade", hypothesis, HYPOTHESES)
    (luminosity,), model, tracker = above_zero(search, "luminosity"), Model.of(search), _tracker(search)
    vertex, selection = above_zero(search, "vertex_efficiency", "selection_efficiency")
    _at_most(search, 1.0, "vertex_efficiency", "selection_efficiency")
    efficiency = vertex**2 * selection
    states = _open_states(search, channel, x_mass) if x_mass + model.aprime < model.sqrt_s else ()
    part = share(search, channel.window, x_mass) if states and channel.window is not None else 1.0
    prepared = [
        (state, Couplingless.of(model, x_mass, state), seen(model, x_mass, STATES[state][0], tracker))
        for state in states
    ]

    def at(couplings: ArrayLike) -> Yield:
        values = checked_couplings(couplings)
        events = np.zeros_like(values)
        for state, numbers, found in prepared:
            rate, higgs_length, chi_length = HYPOTHESES[hypothesis](search, numbers, state, values)
            events += rate * found.acceptance(higgs_length, chi_length)
        return Yield((luminosity * efficiency * part * events)[:, None])

    return at


def seen(model: Model, higgs_mass: float, daughter: str, tracker: Tracker) -> Vertices:
    """The simulated events of which a tracker sees all four tracks, for any decay lengths of h′ and χ₂."""
    drawn = draw(model, higgs_mass, daughter, _numbers(EVENTS))
    return vertices(drawn.weight, drawn.higgs, drawn.chi, tracker)


def draw(model: Model, higgs_mass: float, daughter: str, u: Array) -> Drawn:
    """Events from uniform numbers (11, n), with the correlation of the A′ and its decay, and that of the electron pair, as weights."""
    directions = [_direction(u[2 * i], u[2 * i + 1]) for i in range(5)]
    energy = model.sqrt_s
    aprime, higgs = _decay(np.array([[energy], [0.0], [0.0], [0.0]]), energy, model.aprime, higgs_mass, directions[0])
    excited = model.chi + model.splitting
    chi, _ = _decay(aprime, model.aprime, excited, model.chi, directions[1])
    star = two_body_momentum(model.aprime, excited, model.chi) * directions[1]
    back = np.concatenate([aprime[:1], -aprime[1:]])
    beams = [_boosted(np.array([[energy / 2], [0.0], [0.0], [z * energy / 2]]), back, model.aprime) for z in (1, -1)]
    weight = idm.correlation(beams[0][1:], beams[1][1:], star, model.aprime, model.splitting)
    pair_mass = _pair_mass(model, u[10])
    # In the rest frame of χ₂, where the line of flight of the pair is that of its polarisation: boosts do not commute.
    pair, _ = _decay(np.array([[excited], [0.0], [0.0], [0.0]]), excited, pair_mass, model.chi, directions[2])
    cosine = np.sum(directions[2] * directions[3], axis=0)
    transverse = idm.transverse_share(pair_mass, model.chi, model.splitting)
    weight = weight * (transverse * 0.75 * (1 + cosine**2) + (1 - transverse) * 1.5 * (1 - cosine**2))
    electron, light = particle_mass("e-"), particle_mass(daughter)
    laboratory = np.array([[np.hypot(1, model.boost)], [0.0], [0.0], [model.boost]])
    chain = [higgs, *_decay(higgs, higgs_mass, light, light, directions[4])]
    electrons = _decay(pair, pair_mass, electron, electron, directions[3])
    chain += [chi, *(_boosted(momentum, chi, excited) for momentum in electrons)]
    higgs, one, two, chi, three, four = (_boosted(momentum, laboratory, 1.0) for momentum in chain)
    return Drawn(weight / weight.sum(), Pair(higgs, (one, two)), Pair(chi, (three, four)))


def _direction(u: Array, v: Array) -> Array:
    """Unit vectors (3, n), even over the sphere."""
    cosine, phi = 2 * u - 1, 2 * np.pi * v
    sine = np.sqrt(1 - cosine**2)
    return np.array([sine * np.cos(phi), sine * np.sin(phi), cosine])


def _decay(parent: Array, mass: float | Array, first: float | Array, second: float, way: Array) -> tuple[Array, Array]:
    """Momenta (4, n) of the two daughters of `parent` (4, n), the first along `way` (3, n) in its rest frame."""
    star = two_body_momentum(mass, first, second)
    one, other = (np.hypot(star, daughter) * np.ones_like(way[0]) for daughter in (first, second))
    return _boosted(np.array([one, *(star * way)]), parent, mass), _boosted(
        np.array([other, *(-star * way)]), parent, mass
    )


def _boosted(momentum: Array, parent: Array, mass: float | Array) -> Array:
    """Momenta (4, n) given in the rest frame of a parent (4, n) of that mass, in the frame of the parent's momentum."""
    along = np.sum(parent[1:] * momentum[1:], axis=0)
    energy = (parent[0] * momentum[0] + along) / mass
    space = momentum[1:] + parent[1:] * ((along / (parent[0] + mass) + momentum[0]) / mass)
    return np.array([energy, *np.broadcast_to(space, (3, *energy.shape))])


def _pair_mass(model: Model, u: Array) -> Array:
    """Invariant masses (n,) of the electron pair, by the inverse of their cumulative distribution."""
    low = 2 * particle_mass("e-") * (1 + 1e-9)
    q = low + (model.splitting - low) * np.sin(np.pi / 2 * np.linspace(0, 1, 2001)) ** 2
    density = idm.spectrum(q, model.aprime, model.chi, model.splitting) * q
    cumulative = np.concatenate([[0.0], np.cumsum(np.diff(q) * (density[1:] + density[:-1]) / 2)])
    return np.asarray(np.minimum(np.interp(u * cumulative[-1], cumulative, q), model.splitting * (1 - 1e-9)))


@lru_cache(maxsize=4)
def _numbers(size: int) -> Array:
    """Quasi-random points of the unit cube (11, size), always the same, read-only."""
    from scipy.stats import qmc  # costs 0.6 s

    sobol = qmc.Sobol(DIMENSIONS, seed=np.random.default_rng([2, DIMENSIONS]))
    points = np.ascontiguousarray(np.clip(sobol.random(size), 1e-12, 1 - 1e-12).T)
    points.setflags(write=False)
    return points


def _open_states(search: Search, channel: CountingChannel, mass: float) -> tuple[str, ...]:
    for state in channel.final_states or ("",):
        if state not in STATES:
            problem = f"got {state!r} as a final state; known to the signal 'cascade': {', '.join(STATES)}"
            raise InputError(f"{search.path}: {channel.name}: {problem}")
    return tuple(state for state in channel.final_states if mass > 2 * particle_mass(STATES[state][0]))


def _tracker(search: Search) -> Tracker:
    radius, forward, backward, displaced = above_zero(
        search, "tracker_radius", "tracker_forward", "tracker_backward", "displacement_min"
    )
    _at_most(search, 180.0, "track_angle_min", "track_angle_max")
    _at_most(search, np.pi, "pair_angle_min")
    low, high = (float(np.radians(search.value(key))) for key in ("track_angle_min", "track_angle_max"))
    transverse, energy, angle = (search.value(key) for key in ("track_pt_min", "pair_energy_min", "pair_angle_min"))
    return Tracker(radius, forward, backward, (low, high), transverse, energy, angle, displaced)


def _at_most(search: Search, most: float, *keys: str) -> None:
    for key in keys:
        if not 0 <= search.value(key) <= most:
            raise InputError(f"{search.path}: {key} = {search.value(key):g}: must lie between 0 and {most:.4g}")
