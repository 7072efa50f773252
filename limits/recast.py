"""Another particle in the same search: production, decay and acceptance are computed anew, nothing is scaled.

    run_scan(recast(load("faser-aprime"), "b-l"), "b-l")

What stays is what belongs to the detector and to the data: counts, background, efficiency and uncertainties. That the efficiency
is the same for the other particle is an assumption of every recast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from limits.errors import InputError, unknown
from limits.physics.portal import PORTALS
from limits.search import CountingChannel, HypothesisFacts, Search
from limits.signals import KNOWN


def hypotheses(search: Search) -> tuple[str, ...]:
    """Every hypothesis the search can be tested for, its own first."""
    own = [facts.name for facts in search.hypotheses]
    others = [set(KNOWN[channel.signal]) for _, channel in search.parts if channel.signal in KNOWN]
    return (*own, *sorted(set.intersection(*others) - set(own) if others else ()))


def recast(search: Search, hypothesis: str) -> Search:
    """A copy of the search that tests `hypothesis`; the search itself if it already does.

    The masses are those of the default hypothesis, the couplings all that are worth looking at.

    Raises:
        UnknownName: the signals of the search do not know the hypothesis.
        InputError: the particle leaves nothing that the search sees, at any of its masses.
    """
    if any(facts.name == hypothesis for facts in search.hypotheses):
        return search
    if hypothesis not in hypotheses(search):
        raise unknown("hypothesis", hypothesis, hypotheses(search), f"{search.name} cannot be recast")
    default = search.hypothesis()
    if default.masses_gev is None:
        raise InputError(f"{search.name}: the signal is a table for {default.name}: it cannot be recast")
    _check_seen(search, hypothesis, default.masses_gev)
    facts = HypothesisFacts.model_validate({**default.model_dump(), **_described(search, hypothesis, default)})
    return search.with_hypothesis(facts)


def _described(search: Search, hypothesis: str, default: HypothesisFacts) -> Mapping[str, Any]:
    quantities = [KNOWN[channel.signal][hypothesis] for _, channel in search.parts]
    quantity = quantities[0]
    low, high = quantity.couplings
    benchmark = {"mass_gev": default.benchmark.mass_gev, "coupling": float(np.sqrt(low * high))}
    power = default.yield_power if quantity.yield_power is None else quantity.yield_power
    return {
        "name": hypothesis,
        "quantity": quantity.quantity,
        "symbol": quantity.symbol,
        "unit": quantity.unit,
        "couplings": (low, high),
        "benchmark": benchmark,
        "yield_power": power if default.exclusion == "upper-limit" else None,
    }


def _check_seen(search: Search, hypothesis: str, masses: tuple[float, float]) -> None:
    """Refuse a particle that never decays to what any channel sees."""
    if hypothesis not in PORTALS:
        return
    states: set[str] = set()
    for _, channel in search.parts:
        states |= set(channel.final_states) if isinstance(channel, CountingChannel) else set()
    if not states:  # what is seen is that nothing is seen
        return
    grid = np.geomspace(*masses, 25)
    decays = {state for m in grid for state, share in PORTALS[hypothesis].branching(float(m)).items() if share > 0}
    if not states & decays:
        seen, made = ", ".join(sorted(states)), ", ".join(sorted(decays)) or "nothing"
        raise InputError(
            f"{search.name}: sees {seen}, but {hypothesis} decays to {made} from {masses[0]:g} to {masses[1]:g} GeV"
        )
