"""A signal that somebody else simulated: a table of events per bin at a reference coupling, scaled."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from limits.search import HistFactoryChannel, Search
from limits.signals.expected import Signal, Yield, above_zero, checked_couplings, known_hypothesis


def template(search: Search, _: HistFactoryChannel, hypothesis: str, a_mass: float) -> Signal:
    """Tabulated events per bin, ∝ ε⁴ α_D³; the coupling is ε². Shape uncertainties are per bin and uncorrelated."""
    known_hypothesis(search, "template", hypothesis, ("dark-trident",))
    table = search.table("signal.csv")
    rows = np.isclose(table["mass_gev"], a_mass, rtol=1e-9)
    reference = table["run_events"][rows] * table["fraction"][rows] * search.value("out_of_window_factor")
    mixing, alpha_d = above_zero(search, "reference_mixing", "reference_alpha_d")
    dark = (search.value("alpha_d") / alpha_d) ** 3
    shape = np.hypot(table["cross_section_uncertainty"][rows], search.value("signal_shape_uncertainty"))

    def at(couplings: ArrayLike) -> Yield:
        squared = checked_couplings(couplings)
        events = np.outer((squared / mixing**2) ** 2, reference * dark)
        return Yield(events, {"signal-shape": np.broadcast_to(shape, events.shape)})

    return at
