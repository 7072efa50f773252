"""Where a search is computed: the masses of a scan, and ranges as a user writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from limits.errors import InputError
from limits.hunt.masses import published_masses, spectrum_channel
from limits.search import CountingChannel, Search
from limits.signals.windows import half_width, per_mass

DEFAULT_MASSES: Final = 25
MAX_POINTS: Final = 100_000

BESIDE: Final = 1e-3
"""How near to the edge of a mass window, in half widths, a default grid looks."""


def masses_of(
    search: Search,
    hypothesis: str | None = None,
    masses: Sequence[float] | None = None,
    mass_range: tuple[float, float, int, bool] | None = None,
) -> tuple[float, ...]:
    """The masses to scan in GeV: those given, n from low to high (evenly in the logarithm if the flag is set), or a default grid.

    For a spectrum, and where inputs are published mass by mass, that is the masses of the publication.

    Raises:
        InputError: a mass at which the search cannot be computed, an empty or unordered range.
    """
    facts = search.hypothesis(hypothesis)
    if mass_range is not None:
        low, high, n, logarithmic = mass_range
        check_range("mass range", low, high, n)
        chosen: Iterable[float] = np.geomspace(low, high, n) if logarithmic else np.linspace(low, high, n)
    elif masses is not None:
        chosen = masses
    elif spectrum_channel(search) is not None:
        chosen = published_masses(search, facts)
    elif (published := _published(search)) and facts.masses_gev is not None:
        chosen = [mass for mass in published if facts.has_mass(mass)]
    elif facts.masses_gev is not None:
        usual = facts.scan_masses_gev or np.geomspace(*facts.masses_gev, DEFAULT_MASSES).tolist()
        chosen = sorted([*usual, *_where_counts_change(search, *facts.masses_gev)])
    else:
        chosen = facts.tabulated_masses_gev or ()
    # Rounded where only the arithmetic of the grid put digits, so that an end of the range is inside it.
    checked = tuple(search.check_mass(float(f"{m:.12g}"), facts.name) for m in chosen)
    if not checked:
        raise InputError(f"{search.name}: no mass to scan; allowed: {facts.mass_text}")
    return checked


def check_range(name: str, low: float, high: float, n: int) -> None:
    """Refuse an empty, unordered or enormous range.

    Raises:
        InputError: naming the range and what is possible.
    """
    if not (np.isfinite([low, high]).all() and 0 < low < high):
        raise InputError(f"{name} = {low:g}:{high:g}: 0 < LO < HI is needed")
    if not 2 <= n <= MAX_POINTS:
        raise InputError(f"{name}: N = {n}: 2 to {MAX_POINTS} points are possible")


def _where_counts_change(search: Search, low: float, high: float) -> list[float]:
    """Masses on both sides of the edges of every mass window with an event, and its middle."""
    found = []
    for part, channel in search.parts:
        if isinstance(channel, CountingChannel) and (window := channel.window) is not None:
            for event in map(part.value, window.events or ()):
                if low < event < high:
                    half = half_width(part, window, event)
                    steps = half * np.array([-1 - BESIDE, -1 + BESIDE, 0.0, 1 - BESIDE, 1 + BESIDE])
                    found += (event + steps).tolist()
    return [mass for mass in found if low < mass < high]


def _published(search: Search) -> list[float]:
    """Masses at which inputs of a channel are published."""
    tables = (per_mass(part, channel) for part, channel in search.parts if isinstance(channel, CountingChannel))
    return sorted({float(mass) for table in tables for mass in table.get("mass_gev", ())})
