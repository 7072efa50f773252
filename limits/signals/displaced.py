"""A particle made in a collision or a dump that decays far away: events expected in a distant volume.

    events = efficiency · Σ rays weight · coupling² · Br(final state) · P(decays in the volume and is seen | coupling)

Which processes make X is known by its portal, the parents come from the spectra of generators, what must be seen of X is
said by the channel. The spread between generators and the error of bremsstrahlung are uncertainties of the signal.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError, unknown
from limits.physics import decay
from limits.physics.portal import PORTALS, Portal
from limits.search import CountingChannel, Search
from limits.signals.detector import FINAL_STATES, Detector, accepted
from limits.signals.expected import Signal, Yield, above_zero, checked_couplings, known_hypothesis, optional
from limits.signals.production import BREMSSTRAHLUNG, sources
from limits.signals.rays import Disc, Rays

Array = NDArray[np.float64]

MOMENTUM_BINS: Final = 400
"""Bins, even in the logarithm, into which the accepted X of a source are gathered."""

LARGEST: Final = 1.0
"""Largest relative error: where generators differ by more than a factor of two there are next to no events."""


class Accepted(NamedTuple):
    """Accepted X of one source at coupling 1: mean momentum in GeV (n,) and number (n, slices of the decay volume)."""

    momentum: Array
    number: Array


def displaced(search: Search, channel: CountingChannel, hypothesis: str, x_mass: float) -> Signal:
    """Expected events of a displaced decay, with the uncertainties from generators and from bremsstrahlung.

    Raises:
        UnknownName: a hypothesis without portal, or a final state whose tracks cannot be followed through planes.
        InputError: a channel without production, or a number that must be positive and is not.
    """
    known_hypothesis(search, "displaced", hypothesis, PORTALS)
    if not channel.production:
        raise InputError(f"{search.path}: channel {channel.name!r}: the signal 'displaced' needs a list `production`")
    portal = PORTALS[hypothesis]
    detector, disc = _detector(search, channel, portal)
    found = {}
    for production in channel.production:
        for source, rays in sources(search, production, portal, x_mass, disc).items():
            found[production.collision, source] = _gather(detector, channel, portal, rays, x_mass)
    ctau, efficiency = portal.decay_length(x_mass), search.value("efficiency")
    errors = {p.collision: search.value(p.uncertainty) for p in channel.production if p.uncertainty is not None}
    errors[BREMSSTRAHLUNG] = optional(search, "bremsstrahlung_uncertainty", 0.0)
    nominal = {production.collision: production.generator for production in channel.production}

    def at(couplings: ArrayLike) -> Yield:
        coupling = checked_couplings(couplings)
        events = {key: efficiency * _events(part, detector, coupling, ctau, x_mass) for key, part in found.items()}
        return _yield(events, nominal, errors, len(coupling))

    return at


def _detector(search: Search, channel: CountingChannel, portal: Portal) -> tuple[Detector, Disc]:
    """The detector, and the disc through which every X that it can see must fly."""
    distance, length, radius, threshold, beam = above_zero(
        search, "distance", "decay_volume_length", "aperture_radius", "energy_threshold", "beam_energy"
    )
    if not threshold < beam:
        problem = f"energy_threshold = {threshold:g}: below the beam_energy of {beam:g} GeV is needed"
        raise InputError(f"{search.path}: {problem}")
    for state in channel.final_states if channel.planes is not None else ():
        if state not in FINAL_STATES:
            raise unknown("final state of two tracks or photons", state, FINAL_STATES, str(search.path))
    offset = optional(search, "axis_offset", 0.0)
    bends = "magnet_kick" in search.quantities
    detector = Detector(
        near=distance,
        length=length,
        start=search.value("absorber_distance") if portal.conversion is not None else 0.0,
        energy_threshold=threshold,
        track_threshold=optional(search, "track_threshold", 0.0),
        offset=offset,
        planes=None if channel.planes is None else search.table(channel.planes),
        magnet=(search.value("magnet_position"), search.value("magnet_kick")) if bends else None,
    )
    return detector, Disc(optional(search, "aperture_distance", distance), radius, offset)


def _gather(detector: Detector, channel: CountingChannel, portal: Portal, rays: Rays, x_mass: float) -> Accepted:
    """Rays that are seen, by momentum and slice, weighted with the branching fractions of the channel's final states."""
    branching = portal.branching(x_mass)
    rays = rays.where((rays.weight > 0) & (np.hypot(rays.momentum, x_mass) > detector.energy_threshold))
    if not len(rays.weight):
        return Accepted(np.ones(1), np.zeros((1, detector.slices)))
    edges = np.geomspace(rays.momentum.min() * 0.999, rays.momentum.max() * 1.001, MOMENTUM_BINS + 1)
    bins = np.digitize(rays.momentum, edges) - 1
    number = np.zeros((MOMENTUM_BINS, detector.slices))
    sums = np.zeros(MOMENTUM_BINS)
    for state in channel.final_states:
        if (share := branching.get(state, 0.0)) > 0:
            weight, part = accepted(detector, rays, x_mass, state)
            np.add.at(number, (bins, part), share * weight)
            np.add.at(sums, bins, share * weight * rays.momentum)
    full = sums > 0
    return Accepted(sums[full] / number[full].sum(axis=1), number[full])


def _events(part: Accepted, detector: Detector, coupling: Array, ctau: float, x_mass: float) -> Array:
    """Events of one source (n_couplings,), before the efficiency."""
    length = decay.lab_decay_length((ctau / coupling**2)[:, None, None], part.momentum[:, None], x_mass)
    step = detector.length / detector.slices
    near = detector.near - detector.start + step * np.arange(detector.slices)
    chance = decay.probability_in_volume(length, near, step)
    return np.asarray(coupling**2 * np.einsum("cps,ps->c", chance, part.number))


def _yield(events: dict[tuple[str, str], Array], nominal: dict[str, str], errors: dict[str, float], n: int) -> Yield:
    """Nominal generators and bremsstrahlung together; the largest change by another generator is a relative error.

    `errors` are relative ones of the mesons of a collision, and of bremsstrahlung.
    """
    zero = np.zeros(n)
    bremsstrahlung = sum((e for (_, source), e in events.items() if source == BREMSSTRAHLUNG), zero)
    mesons = {collision: events.get((collision, generator), zero) for collision, generator in nominal.items()}
    total = sum(mesons.values(), bremsstrahlung)
    shifts = {}
    for collision, generator in nominal.items():
        others = [
            e for (c, source), e in events.items() if c == collision and source not in (generator, BREMSSTRAHLUNG)
        ]
        if others:
            shifts[f"generator-{collision}"] = np.max([np.abs(e - mesons[collision]) for e in others], axis=0)
        if collision in errors and mesons[collision].any():
            shifts[f"flux-{collision}"] = errors[collision] * mesons[collision]
    if errors[BREMSSTRAHLUNG] and bremsstrahlung.any():
        shifts[BREMSSTRAHLUNG] = errors[BREMSSTRAHLUNG] * bremsstrahlung
    relative = {
        name: np.minimum(np.divide(s, total, out=np.zeros(n), where=total > 0), LARGEST)[:, None]
        for name, s in shifts.items()
    }
    return Yield(total[:, None], relative, frozenset(relative))
