"""The datacards of a search: one at its benchmark, and one for every mass asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from limits.assemble import Prepared, prepare
from limits.formats.combine.writing import to_card
from limits.formats.pyhf import LEAST_EVENTS
from limits.hunt.masses import spectrum_channel
from limits.search import HypothesisFacts, Search
from limits.signals.samples import Asimov


def export(search: Search, hypothesis: str | None = None, masses: Sequence[float] | None = None) -> dict[str, str]:
    """File name → card: "card.txt" at the benchmark and, for several masses in GeV, "card_mass_0p05.txt" and so on.

    One mass alone is the only card, "card.txt". Strength 1 is the benchmark coupling; at masses of a region where less than one
    event is expected from it, the coupling of most events, rounded to two digits. A comment says which mass and coupling.
    A spectrum is in bins, with the expected counts as data, as in `limits.formats.pyhf`.

    Raises:
        UnknownName: the search does not test that hypothesis.
        InputError: a mass the search cannot be computed at, or a likelihood that no card can hold.
    """
    facts = search.hypothesis(hypothesis)
    benchmark = facts.benchmark.mass_gev
    chosen = list(dict.fromkeys(search.check_mass(m, facts.name) for m in ([benchmark] if masses is None else masses)))
    if len(chosen) == 1:
        return {"card.txt": _card(search, facts, chosen[0])}
    cards = {f"card_mass_{_in_a_name(mass)}.txt": _card(search, facts, mass) for mass in chosen}
    return {"card.txt": _card(search, facts, benchmark), **cards}


def _in_a_name(mass: float) -> str:
    """0.05 is 0p05, 1e-06 is 1em06: the same as in the names of patches."""
    return f"{mass:.12g}".replace(".", "p").replace("-", "m").replace("+", "")


def _card(search: Search, facts: HypothesisFacts, mass: float) -> str:
    spectrum = spectrum_channel(search) is not None
    prepared = prepare(search, facts.name, mass, sample=Asimov() if spectrum else None)
    coupling = _coupling(prepared, facts)
    comments = [
        f"{search.title} (arXiv:{search.reference.arxiv}), a reconstruction from public numbers",
        f"{search.name}, {facts.name} at {mass:.12g} GeV: r = 1 is {facts.quantity} = {coupling:.12g}, unit {facts.unit}",
    ]
    if spectrum:
        comments.append("the observations are expected counts, not data")
    return to_card(prepared.document(coupling), comments=comments)


def _coupling(prepared: Prepared, facts: HypothesisFacts) -> float:
    benchmark = facts.benchmark.coupling
    if facts.exclusion == "upper-limit" or prepared.events(np.array([benchmark]))[0] >= LEAST_EVENTS:
        return benchmark
    grid = np.geomspace(*facts.couplings, 121)
    return float(f"{grid[np.argmax(prepared.events(grid))]:.2g}")
