"""A particle radiated by a muon on a nucleus that carries its energy away unseen: expected events with missing momentum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.physics import aprime, scalar, weizsaecker_williams, zprime
from limits.physics.portal import Coupling
from limits.physics.weizsaecker_williams import Spin
from limits.search import CountingChannel, Search
from limits.signals.expected import Signal, Yield, above_zero, checked_couplings, known_hypothesis
from limits.units import AVOGADRO, ELEMENTARY_CHARGE, PB_CM2

Array = NDArray[np.float64]


class Escaping(NamedTuple):
    """A particle X: how it is measured, its spin, the coupling of a muon at coupling 1, and what of its decays is not seen.

    `invisible` is the fraction of decays that leave nothing behind, of (mass, couplings, α_D, m_χ).
    """

    coupling: Coupling
    spin: Spin
    unit: float
    invisible: Callable[[float, Array, float, float], Array]


def _neutrinos(mass: float, coupling: Array, _alpha_d: float, _chi: float) -> Array:
    return zprime.branching_invisible(mass, coupling)


def _scalar(mass: float, coupling: Array, alpha_d: float, chi: float) -> Array:
    """Photon pairs count as seen, although below 2 m_μ, where there is nothing else, they may come too late."""
    dark = scalar.width_to_dark_matter(mass, alpha_d, chi)
    return np.asarray(dark / (dark + coupling**2 * (scalar.width_to_muons(mass) + scalar.width_to_photons(mass))))


def _dark_photon(mass: float, coupling: Array, alpha_d: float, chi: float) -> Array:
    dark = zprime.width_to_dark_matter(mass, alpha_d, chi)
    return np.asarray(dark / (dark + aprime.width(mass, coupling)))


_G_Z: Final = Coupling("coupling g_Z'", "g_Z'", "1", (1e-5, 1e-1))

HYPOTHESES: Final[Mapping[str, Escaping]] = MappingProxyType(
    {
        "lmu-ltau": Escaping(_G_Z, "vector", 1.0, _neutrinos),
        "lmu-ltau-dark": Escaping(_G_Z, "vector", 1.0, zprime.branching_invisible),
        "muonphilic-scalar": Escaping(Coupling("coupling g_S", "g_S", "1", (1e-5, 1e-1)), "scalar", 1.0, _scalar),
        "aprime": Escaping(
            Coupling("kinetic mixing", "ε", "1", (1e-5, 1e-1)), "vector", ELEMENTARY_CHARGE, _dark_photon
        ),
    }
)
"""What may escape: a Z′ that decays to neutrinos only, and those that decay to dark matter too: Z′, scalar, dark photon."""


def missing(search: Search, _: CountingChannel, hypothesis: str, x_mass: float) -> Signal:
    """μN → μN X with an invisible X taking at least the given share of the beam energy.

    The expected events are Σ muons on target · nuclei per area · σ(m) g² · efficiency · Br(X → invisible).
    """
    known_hypothesis(search, "missing", hypothesis, HYPOTHESES)
    particle = HYPOTHESES[hypothesis]
    charge, weight, density, length, beam = above_zero(
        search, "target_z", "target_a", "target_density", "target_lead_length", "beam_energy"
    )
    nucleus = weizsaecker_williams.Nucleus(int(charge), weight)
    muons = search.value("muons_on_target_1") + search.value("muons_on_target_2")
    luminosity = muons * density * length * AVOGADRO / nucleus.A * PB_CM2
    share = search.value("energy_fraction_min")
    sigma = weizsaecker_williams.cross_section(x_mass, share, beam, nucleus, particle.spin)
    exposure = luminosity * sigma * particle.unit**2 * search.value("efficiency")
    alpha_d, chi = search.value("alpha_d"), search.value("chi_mass_ratio") * x_mass

    def at(couplings: ArrayLike) -> Yield:
        coupling = checked_couplings(couplings)
        return Yield((exposure * coupling**2 * particle.invisible(x_mass, coupling, alpha_d, chi))[:, None])

    return at
