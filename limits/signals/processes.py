"""How a rate that a spectrum measures depends on the coupling, and how many events there are per unit of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from limits.physics.couplings import JPSI_TO_ELECTRONS, branching_from_photon_coupling
from limits.physics.radiative import continuum_share
from limits.search import Search
from limits.signals.expected import above_zero, known_hypothesis
from limits.units import ALPHA


class RateOf(NamedTuple):
    """`at_one`: the rate at coupling 1; `exposure`: events per unit of the rate at efficiency 1."""

    at_one: float
    exposure: float


def jpsi_photon(search: Search, hypothesis: str, mass: float) -> RateOf:
    """J/ψ → γa, a → γγ: the rate is the product of branching fractions, that of a → γγ being 1.

    Events of e⁺e⁻ → γa that pass no J/ψ make the same peak: arXiv:2404.04640 takes them off, N(J/ψ) = (1 − share) N.
    """
    known_hypothesis(search, "resonance", hypothesis, ("alp-photon",))
    number, luminosity, electrons = above_zero(search, "number_of_jpsi", "luminosity_ipb", "jpsi_to_electrons")
    share = float(continuum_share(luminosity, number, electrons))
    # Far from where a branching fraction would be above 1.
    small = 1e-4
    rate = float(branching_from_photon_coupling(small, mass)) / small**2 * electrons / JPSI_TO_ELECTRONS
    return RateOf(rate, number / (1 - share))


def muon_pair(search: Search, hypothesis: str, mass: float) -> RateOf:
    """e⁺e⁻ → μ⁺μ⁻X, X → μ⁺μ⁻: the rate is the cross-section at tree level times the branching fraction in fb.

    Photons from the beams (the number `radiation` says whether) change how many events that makes.
    """
    columns = {
        "lmu-ltau": ("vector_fb", "vector_branching", "isr_vector"),
        "muonphilic-scalar": ("scalar_fb", None, "isr_scalar"),
    }
    known_hypothesis(search, "resonance", hypothesis, tuple(columns))
    luminosity, alpha_inverse = above_zero(search, "luminosity_ifb", "alpha_inverse")
    table = search.table("cross_section.csv")
    section, branching, radiation = columns[hypothesis]

    def at(column: str | None) -> float:
        return (
            1.0
            if column is None
            else float(np.exp(np.interp(np.log(mass), np.log(table["mass_gev"]), np.log(table[column]))))
        )

    # The table is at α(0); two photons couple to charges.
    born = at(section) * at(branching) / (ALPHA * alpha_inverse) ** 2
    return RateOf(born, luminosity * (1 + search.value("radiation") * (at(radiation) - 1)))


PROCESSES: Final[Mapping[str, Callable[[Search, str, float], RateOf]]] = MappingProxyType(
    {"jpsi-photon": jpsi_photon, "muon-pair": muon_pair}
)
"""Every process by the name that a search file uses."""
