"""What a spectrum channel must fulfil beyond its types: tables with the right columns, windows that can be fitted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limits.search.channels import FitWindow, SpectrumChannel
from limits.search.complaints import complaint, shown
from limits.search.tables import read_table

RESPONSE = ("mass_gev", "efficiency")
SHAPES = {
    "crystal-ball": ("mean_shift_gev", "sigma_gev", "alpha_low", "n_low", "alpha_high", "n_high"),
    "cruijff": (
        "cruijff_shift_gev",
        "cruijff_sigma_low_gev",
        "cruijff_sigma_high_gev",
        "cruijff_tail_low",
        "cruijff_tail_high",
    ),
}
"""The columns of a response that say how a peak looks, by shape."""


def keys(channel: SpectrumChannel) -> Iterator[tuple[str, str]]:
    """Where a spectrum channel names a number, and which."""
    for where in ("selection", "additive", "relative"):
        if (name := getattr(channel, where)) is not None:
            yield where, name
    yield from ((f"signal_factors[{i}]", name) for i, name in enumerate(channel.signal_factors))
    for i, background in enumerate(channel.backgrounds):
        yield f"backgrounds[{i}].exposure", background.exposure
        yield from ((f"backgrounds[{i}].factors[{j}]", name) for j, name in enumerate(background.factors))


def check_spectrum(path: Path, key: str, channel: SpectrumChannel, hypotheses: list[str]) -> None:
    """All rules for a spectrum channel whose numbers are known.

    Raises:
        InputError: a table that is missing or lacks a column, a treatment of unknown categories, a window that cannot be fitted.
    """
    categories = {background.category for background in channel.backgrounds}
    for name, groups in channel.treatments.items():
        if unknown := [c for group in groups for c in group if c not in categories] or (["nothing"] * (not groups)):
            problem = f"got {shown(unknown[0])}; known categories: {', '.join(sorted(categories))}"
            raise complaint(path, f"{key}.treatments.{name}", problem)
    picks = [channel.selection] if channel.selection else []
    picks += ["part"] if any(window.part for window in channel.windows) else []
    table = path.parent / channel.spectrum
    _columns(table, ["low_gev", "high_gev", *picks, *(b.column for b in channel.backgrounds)])
    for name in hypotheses:
        if name not in channel.response:
            raise complaint(path, f"{key}.response", f"no table for {name}; known: {', '.join(channel.response)}")
        wanted = [*RESPONSE, *(column for shape in channel.shapes for column in SHAPES[shape])]
        shares = [f"share_{category}" for category in sorted(categories)] if len(categories) > 1 else []
        _columns(path.parent / channel.response_of(name), [*picks[:1], *wanted, *shares])
    for i, window in enumerate(channel.windows):
        _check_window(path, f"{key}.windows[{i}]", window)


def _check_window(path: Path, key: str, window: FitWindow) -> None:
    for names in (("step_gev", "step_widths"), ("interval_gev", "half_width_gev", "half_width_widths")):
        if sum(getattr(window, name) is not None for name in names) != 1:
            raise complaint(path, key, f"needs exactly one of {', '.join(names)}")
    if (interval := window.interval_gev) is not None and interval[0] < 0:
        raise complaint(path, f"{key}.interval_gev", f"got {shown(interval[0])}: must not be negative")


def _columns(table: Path, wanted: list[str]) -> dict[str, NDArray[np.float64]]:
    columns = read_table(table)
    for name in wanted:
        if name not in columns:
            raise complaint(table, f"column {name}", f"required, but missing; known: {', '.join(columns)}")
        if name != "part" and not name.endswith("shift_gev") and (columns[name] < 0).any():
            raise complaint(table, f"column {name}", f"got {columns[name].min():g}: must not be negative")
    return columns
