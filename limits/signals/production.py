"""Where X comes from: rays of every source that a portal has and a search provides spectra for.

Parents come from the tables of generators that stand in `limits/spectra` or beside the search file; bremsstrahlung and
the conversion of photons are computed. All weights are for the whole exposure, before the efficiency, at coupling 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.errors import InputError
from limits.physics import bremsstrahlung
from limits.physics.decay import two_body_momentum
from limits.physics.meson_decays import MesonDecay
from limits.physics.portal import Conversion, Portal
from limits.physics.weizsaecker_williams import Nucleus
from limits.search import Production, Search
from limits.signals.expected import above_zero, optional
from limits.signals.rays import Disc, Parents, Rays, bins, from_decay, from_density, from_mixing, join, parents
from limits.units import INVERSE_FB_IN_INVERSE_PB, mass

Array = NDArray[np.float64]

BREMSSTRAHLUNG: Final = "bremsstrahlung"

LITTLE: Final = 0.03
"""Share of the X sent at the detector below which a decay is drawn with fewer parents."""

AT_REST: Final = 1e-3
"""Speed in the rest frame of the parent below which X is as good as at rest."""

MILLIBARN_PB: Final = 1e9
"""One millibarn in pb."""

SPECIES: Final = MappingProxyType({111: "pi0", 221: "eta", 331: "eta-prime", 113: "rho", 223: "omega", 333: "phi"})
"""Names of mesons whose multiplicity a search may state."""

LONG_LIVED: Final = MappingProxyType(
    {321: ("K+", "charged_kaon_path", 3.711), 130: ("K(L)0", "neutral_kaon_path", 15.34)}
)
"""Parents that may be absorbed before they decay: name, key of the path open to them in m, and their cτ in m (PDG 2024)."""

PHOTONS: Final = MappingProxyType({111: ("pi0", 0.98823), 221: ("eta", 0.3936)})
"""Mesons whose photons are converted: name, and branching fraction to two photons (PDG 2024)."""


def interactions(search: Search, production: Production) -> float:
    """Inelastic collisions in the exposure: luminosity times cross-section, or protons on target."""
    exposure = search.value(production.exposure)
    if production.cross_section is None:
        return exposure
    return exposure * INVERSE_FB_IN_INVERSE_PB * search.value(production.cross_section) * MILLIBARN_PB


def sources(search: Search, production: Production, portal: Portal, x_mass: float, disc: Disc) -> dict[str, Rays]:
    """Rays by generator, and those from bremsstrahlung, for one kind of collision.

    Raises:
        InputError: no spectra of that name, or a generator that is not among them.
    """
    tables = search.spectra(production.collision)
    if production.generator not in tables:
        problem = f"generator {production.generator!r}: no such table; known: {', '.join(sorted(tables)) or 'none'}"
        raise InputError(f"{search.path}: collision {production.collision!r}: {problem}")
    # The nominal generator first: what comes after it is a variation.
    order = sorted(tables, key=lambda name: (name != production.generator, name))
    found = {name: join(list(_from_mesons(search, production, portal, x_mass, disc, tables[name]))) for name in order}
    radiates = production.bremsstrahlung and "bremsstrahlung_pt_max" in search.quantities
    if portal.bremsstrahlung is not None and radiates:
        rate = portal.bremsstrahlung(x_mass, bool(optional(search, "bremsstrahlung_form_factor", 1.0)))
        found[BREMSSTRAHLUNG] = _from_protons(search, production, rate, x_mass, disc)
    exposure = interactions(search, production)
    return {name: rays.weighted(exposure) for name, rays in found.items() if len(rays.weight)}


def _from_mesons(
    search: Search, production: Production, portal: Portal, x_mass: float, disc: Disc, table: Mapping[str, Array]
) -> Iterator[Rays]:
    """Decays to X of every species in the spectrum; for a portal that converts photons, their conversion."""
    present = set(table["pid"].astype(int).tolist())
    if portal.conversion is not None:
        yield from (
            _converted(search, portal.conversion, x_mass, disc, table, pid) for pid in PHOTONS if pid in present
        )
        return
    decays = [decay for decay in portal.decays(x_mass) if decay.parent in present]
    found = [bins(table, d.parent, d.parent_mass, _speed(d, x_mass), disc) for d in decays]
    expected = [float(f.importance.sum()) * d.branching for f, d in zip(found, decays, strict=True)]
    for decay, of_decay, events in zip(decays, found, expected, strict=True):
        # What adds little need not be known as well.
        drawn = parents(table, of_decay, 1.0 if events > LITTLE * sum(expected) else 1 / 16)
        yield from_decay(_normalised(search, production, table, decay.parent, drawn), decay, x_mass, disc)
    if optional(search, "vector_meson_mixing", 0.0):
        for pid, chance in portal.mixing(x_mass):
            if pid in present:
                # The meson flies straight on: as a daughter that is as heavy as its parent, and slow.
                drawn = parents(table, bins(table, pid, x_mass, AT_REST, disc))
                yield from_mixing(_normalised(search, production, table, pid, drawn), chance, disc)


def _speed(decay: MesonDecay, x_mass: float) -> float:
    """Of X in the rest frame of its parent."""
    star = float(two_body_momentum(decay.parent_mass, x_mass, decay.partner_mass))
    return max(star / float(np.hypot(star, x_mass)), AT_REST)


def _normalised(
    search: Search, production: Production, table: Mapping[str, Array], pid: int, drawn: Parents
) -> Parents:
    """Parents weighted to the multiplicity that the search states for them, and to those that decay in time.

    A long-lived parent is taken to decay at the collision point. Those that decay on their way are nearer to the detector, which sees up
    to a third more of what they make; beside B mesons kaons make two per cent.
    """
    factor: float | Array = 1.0
    stated = {str(name): key for name, key in production.multiplicities.items()}
    if (key := stated.get(SPECIES.get(pid, ""))) is not None:
        if "multiplicity" not in table:
            raise InputError(f"{search.path}: spectra {production.collision!r}: a column 'multiplicity' is needed")
        factor = search.value(key) / float(table["multiplicity"][table["pid"] == pid][0])
    if pid in LONG_LIVED:
        name, key, ctau = LONG_LIVED[pid]
        factor = factor * -np.expm1(-optional(search, key, 0.0) * mass(name) / (drawn.momentum * ctau))
    return drawn._replace(weight=drawn.weight * factor)


def _converted(
    search: Search, conversion: Conversion, x_mass: float, disc: Disc, table: Mapping[str, Array], pid: int
) -> Rays:
    """Photons of a meson that hit an absorber on their way to the disc and become X, which keeps energy and direction."""
    name, diphoton = PHOTONS[pid]
    charge, weight, radiation_length = above_zero(search, "absorber_z", "absorber_a", "absorber_radiation_length")
    drawn = parents(table, bins(table, pid, mass(name), 1.0, disc))
    photons = from_decay(drawn, MesonDecay(pid, mass(name), 0.0, 2 * diphoton), 0.0, disc)
    fast = photons.momentum > x_mass
    energy = np.where(fast, photons.momentum, 2 * x_mass)
    chance = conversion(x_mass, energy, Nucleus(int(charge), weight), radiation_length)
    momentum = np.sqrt(energy**2 - x_mass**2)
    return replace(photons, momentum=momentum, weight=photons.weight * chance * fast)


def _from_protons(search: Search, production: Production, rate: float, x_mass: float, disc: Disc) -> Rays:
    """Proton bremsstrahlung, `rate` times that of a pointlike proton, up to the pT and within the energy shares of the search."""
    (beam,) = above_zero(search, "beam_energy")
    proton, top = mass("p"), search.value("bremsstrahlung_pt_max")
    s = (2 * beam) ** 2 if production.cross_section is not None else 2 * proton * (beam + proton)
    low = max(optional(search, "bremsstrahlung_z_min", 0.0), search.value("energy_threshold") / beam, x_mass / beam)
    high = optional(search, "bremsstrahlung_z_max", 0.9999)
    if not low < high:
        return join([])

    def density(z: Array, pt: Array) -> Array:
        return rate * bremsstrahlung.density(x_mass, z, pt, s) * (pt < top)

    return from_density(density, beam, x_mass, disc, (low, high))
