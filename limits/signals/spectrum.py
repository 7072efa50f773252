"""The background of a spectrum channel: expected entries in any bins, from a table made by simulation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator

from limits.errors import InputError
from limits.search import Search, SpectrumChannel
from limits.signals.expected import Array

Group = tuple[str, ...]
"""Categories that are added up and fitted as one."""


def treatment_of(search: Search, channel: SpectrumChannel, name: str | None = None) -> tuple[Group, ...]:
    """The groups of categories of that treatment, of the first one if None.

    Raises:
        InputError: no such treatment.
    """
    if name is None:
        return next(iter(channel.treatments.values()))
    if name not in channel.treatments:
        raise InputError(f"{search.path}: treatment = {name!r}: unknown; known: {', '.join(channel.treatments)}")
    return channel.treatments[name]


def chosen_rows(search: Search, channel: SpectrumChannel, filename: str, part: int | None = None) -> dict[str, Array]:
    """The rows of a table that belong to the selection in force and, where it is given, to that part.

    Raises:
        InputError: a selection or part that is not in the table.
    """
    table = search.table(filename)
    kept = np.ones(len(next(iter(table.values()))), dtype=bool)
    wanted = {} if channel.selection is None else {channel.selection: search.value(channel.selection)}
    wanted |= {} if part is None or "part" not in table else {"part": float(part)}
    for column, value in wanted.items():
        rows = np.isclose(table[column], value, rtol=1e-9)
        if not np.any(rows):
            known = ", ".join(f"{x:g}" for x in np.unique(table[column]))
            raise InputError(f"{search.path}: {column} = {value:g}: not simulated; {filename} has {known}")
        kept &= rows
    return {name: values[kept] for name, values in table.items()}


def span(search: Search, channel: SpectrumChannel, part: int = 0) -> tuple[float, float]:
    """Lowest and highest value of the observable in GeV that was simulated."""
    table = chosen_rows(search, channel, channel.spectrum, part)
    return float(table["low_gev"].min()), float(table["high_gev"].max())


def expected_counts(
    search: Search, channel: SpectrumChannel, groups: Sequence[Group], part: int, edges: Array
) -> Array:
    """Expected background entries of each group in bins, (K, B) for edges (B + 1,) in GeV; none outside what was simulated.

    The cumulative of each column is interpolated with a monotone cubic, so that no bin is negative and a sum over bins of the
    table is that of the table.
    """
    table = chosen_rows(search, channel, channel.spectrum, part)
    order = np.argsort(table["low_gev"])
    knots = np.append(table["low_gev"][order], table["high_gev"][order][-1])
    inside = np.clip(edges, knots[0], knots[-1])
    found = np.zeros((len(groups), len(edges) - 1))
    for background in channel.backgrounds:
        scale = search.value(background.exposure) / background.simulated
        scale *= float(np.prod([search.value(key) for key in background.factors]))
        total = np.concatenate([[0.0], np.cumsum(table[background.column][order])])
        counts = np.diff(PchipInterpolator(knots, total)(inside)) * scale
        for k, group in enumerate(groups):
            if background.category in group:
                found[k] += counts
    return np.maximum(found, 0.0)
