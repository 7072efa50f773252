"""A signal that somebody else simulated: events per bin at a reference coupling, scaled, and carried to other masses by computed rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.physics import aprime
from limits.search import HistFactoryChannel, Search
from limits.signals.expected import Signal, Yield, above_zero, checked_couplings, known_hypothesis
from limits.units import mass as particle_mass

Array = NDArray[np.float64]

MEASURED_TO: Final = 0.1
"""Mass in GeV above which the efficiency of the preselection is not public."""


class Bins(NamedTuple):
    """Events per bin at the reference coupling, and their relative uncertainty from the simulated cross-section (n_bins,)."""

    events: Array
    uncertainty: Array


def template(search: Search, _: HistFactoryChannel, hypothesis: str, a_mass: float) -> Signal:
    """Events per bin, ∝ ε⁴ α_D³; the coupling is ε². Shape uncertainties are per bin and uncorrelated."""
    known_hypothesis(search, "template", hypothesis, tuple(TEMPLATES))
    bins = TEMPLATES[hypothesis](search, a_mass)
    mixing, alpha_d = above_zero(search, "reference_mixing", "reference_alpha_d")
    reference = bins.events * search.value("out_of_window_factor") * (search.value("alpha_d") / alpha_d) ** 3
    shape = np.hypot(bins.uncertainty, search.value("signal_shape_uncertainty"))

    def at(couplings: ArrayLike) -> Yield:
        squared = checked_couplings(couplings)
        events = np.outer((squared / mixing**2) ** 2, reference)
        return Yield(events, {"signal-shape": np.broadcast_to(shape, events.shape)})

    return at


def _light(search: Search, a_mass: float) -> Bins:
    """m_χ = 0.6 m_A′: yields and shapes at two masses; between and beyond, the computed mass dependence.

    What it misses of the ratio of the two yields is spread over ln m between the two masses.
    """
    table = search.table("signal.csv")
    (start,) = above_zero(search, "reference_mass")
    at_start = np.isclose(table["mass_gev"], start, rtol=1e-9)
    lowest = float(table["mass_gev"].min())
    light = np.isclose(table["mass_gev"], lowest, rtol=1e-9)
    part = np.clip(np.log(a_mass / lowest) / np.log(start / lowest), 0.0, 1.0)
    shape = (1.0 - part) * table["fraction"][light] + part * table["fraction"][at_start]
    computed = [_found(search, mass) / _found(search, start) for mass in (a_mass, lowest)]
    missed = table["run_events"][light] / (table["run_events"][at_start] * computed[1])
    events = table["run_events"][at_start] * computed[0] * missed ** (1.0 - part) * shape
    return Bins(events, np.full(len(events), _efficiency(search, "cross_section_uncertainty", a_mass)))


def _heavy(search: Search, a_mass: float) -> Bins:
    """m_χ = 2 m_A′: the bins of Run 1 over the computed rate, interpolated; Run 3 has a constant times as many."""
    table = search.table("signal_heavy.csv")
    counts = np.stack([table[f"bin{i}"] for i in range(1, 6)])
    total, log_mass = counts.sum(axis=0), np.log(table["mass_gev"])
    (more,) = above_zero(search, "run3_over_run1")
    # What is left after the computed rate changes by less than a factor of two over ten orders of magnitude.
    left = np.log([events / _rate(search, 2.0, mass) for events, mass in zip(total, table["mass_gev"], strict=True)])
    events = np.exp(np.interp(np.log(a_mass), log_mass, left)) * _rate(search, 2.0, a_mass)
    shape = np.array([np.interp(np.log(a_mass), log_mass, share) for share in counts / total])
    size = np.interp(a_mass, table["mass_gev"], table["cross_section_uncertainty"])
    return Bins(events * np.concatenate([shape, more * shape]), np.full(2 * len(shape), size))


def _found(search: Search, a_mass: float) -> float:
    """Computed dark tridents with an e⁺e⁻ pair that pass the selection, up to a constant."""
    share = float(aprime.width_to_leptons(a_mass, 1.0, particle_mass("e-")) / aprime.width(a_mass, 1.0))
    passing = _efficiency(search, "preselection", a_mass) * max(a_mass / MEASURED_TO, 1.0) ** -search.value(
        "preselection_fall"
    )
    return float(_rate(search, 0.6, a_mass) * share * passing * _efficiency(search, "classifier", a_mass))


def _efficiency(search: Search, column: str, a_mass: float) -> float:
    table = search.table("efficiency.csv")
    return float(np.interp(a_mass, table["mass_gev"], table[column]))


def _rate(search: Search, mass_ratio: float, a_mass: float) -> float:
    """Computed dark tridents, up to a constant: ln of the rate is linear in ln of the mass between the rows of the table."""
    table = search.table("rates.csv")
    rows = np.isclose(table["mass_ratio"], mass_ratio)
    (eta,) = above_zero(search, "eta_per_pi0")
    rate = table["pi0_sibyll"][rows] + eta * table["eta_sibyll"][rows]
    return float(np.exp(np.interp(np.log(a_mass), np.log(table["mass_gev"][rows]), np.log(rate))))


TEMPLATES: Final[dict[str, Callable[[Search, float], Bins]]] = {"dark-trident": _light, "dark-trident-heavy": _heavy}
"""Events per bin by hypothesis."""
