"""A signal that its own authors simulated: events at a reference coupling, a table by mass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError
from limits.search import CountingChannel, HistFactoryChannel, Search
from limits.signals.expected import Signal, Yield, above_zero, checked_couplings, optional

Array = NDArray[np.float64]

TABLE: Final = "signal.csv"
ROUNDING: Final = 1e-9


def tabulated(search: Search, channel: CountingChannel | HistFactoryChannel, hypothesis: str, mass: float) -> Signal:
    """The events of the table `signal.csv`, times (coupling / `reference_coupling`) to the power that the hypothesis states.

    Columns are mass_gev and `events`, or for a channel of N bins bin1 … binN. ln of all events is linear in ln of the mass between rows,
    the shares of the bins are linear in it. A number `efficiency`, if there is one, multiplies.

    Raises:
        InputError: a hypothesis with two edges, a column that is missing, or a mass that the table does not reach.
    """
    if (power := search.hypothesis(hypothesis).yield_power) is None:
        problem = f"{hypothesis}: a table of events grows with a power of the coupling, which a region has not"
        raise InputError(f"{search.path}: {problem}; known: exclusion = 'upper-limit'")
    (reference,) = above_zero(search, "reference_coupling")
    events = optional(search, "efficiency", 1.0) * _at(search, _columns(channel, search), mass)

    def at(couplings: ArrayLike) -> Yield:
        return Yield(np.outer((checked_couplings(couplings) / reference) ** power, events))

    return at


def _columns(channel: CountingChannel | HistFactoryChannel, search: Search) -> list[str]:
    if isinstance(channel, CountingChannel):
        return ["events"]
    return [f"bin{i}" for i in range(1, len(search.table(channel.table)["data"]) + 1)]


def _at(search: Search, columns: list[str], mass: float) -> Array:
    """Events (n_bins,) at that mass in GeV, interpolated."""
    table = search.table(TABLE)
    masses, counts = _checked(search.path.parent / TABLE, table, columns)
    if not masses[0] * (1 - ROUNDING) <= mass <= masses[-1] * (1 + ROUNDING):
        problem = f"no row for {mass:g} GeV; it goes from {masses[0]:g} to {masses[-1]:g} GeV"
        raise InputError(f"{search.path.parent / TABLE}: {problem}")
    total, at = counts.sum(axis=0), np.log(masses)
    shares = np.array([np.interp(np.log(mass), at, share) for share in counts / total])
    return np.asarray(np.exp(np.interp(np.log(mass), at, np.log(total))) * shares)


def _checked(path: Path, table: Mapping[str, Array], columns: list[str]) -> tuple[Array, Array]:
    """Masses (n,) and counts (n_bins, n)."""
    for name in ("mass_gev", *columns):
        if name not in table:
            raise InputError(f"{path}: no column {name}; known: {', '.join(table)}")
    masses, counts = table["mass_gev"], np.stack([table[name] for name in columns])
    if not (masses[0] > 0 and np.all(np.diff(masses) > 0)):
        raise InputError(f"{path}: mass_gev: must be above 0 and increase from row to row")
    if counts.min() < 0 or not counts.sum(axis=0).all():
        raise InputError(f"{path}: {', '.join(columns)}: events must not be negative, nor all 0 at one mass")
    return masses, counts
