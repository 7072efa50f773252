"""The masses of a hunt: the published steps, window by window, and the pieces that are connected."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.search import FitWindow, HypothesisFacts, Search, SpectrumChannel
from limits.signals.expected import Array
from limits.signals.resonance import position, resolution
from limits.units import mass as particle_mass

HUNTING_METHODS: Final = ("bayes-profile", "cls")
"""Limits that a hunt computes, on all masses and with toys of the whole spectrum."""


def spectrum_channel(search: Search) -> SpectrumChannel | None:
    """The channel of a search that is a spectrum; None for a search without."""
    return next((channel for channel in search.channels if isinstance(channel, SpectrumChannel)), None)


def published_masses(search: Search, facts: HypothesisFacts) -> tuple[float, ...]:
    """Every mass in GeV at which the search was made, ascending."""
    channel = spectrum_channel(search)
    assert channel is not None
    found, end = [], 0.0
    for window in channel.windows:
        masses = _masses(search, channel, facts.name, window)
        # Where one window begins at the end of another its first step is one on.
        found.append(masses[1:] if window.step_widths is not None and window.masses_gev[0] == end else masses)
        end = window.masses_gev[1]
    every = np.unique(np.round(np.concatenate(found), 9))
    return tuple(float(mass) for mass in every if facts.has_mass(float(mass)))


def _masses(search: Search, channel: SpectrumChannel, hypothesis: str, window: FitWindow) -> Array:
    low, high = window.masses_gev
    if window.step_gev is not None:
        return np.asarray(low + window.step_gev * np.arange(int((high - low) / window.step_gev + 1e-6) + 1))
    # A step of so many resolutions in the observable: its inverse integrates to the number of the point.
    masses, width = resolution(search, channel, hypothesis)
    ends = position(channel, low), position(channel, high)
    at = np.linspace(*ends, 20001)
    local = np.interp(at, [position(channel, m) for m in masses], width)
    count = np.concatenate([[0.0], np.cumsum(np.diff(at) / (0.5 * (local[1:] + local[:-1])))]) / (
        window.step_widths or 1.0
    )
    steps = np.interp(np.arange(int(count[-1]) + 1), count, at)
    return steps if channel.observable == "mass" else np.sqrt(steps**2 + 4 * particle_mass("mu-") ** 2)


def segments(windows: list[FitWindow]) -> NDArray[np.int_]:
    """Labels (W,) of connected ranges of a scan: a new one where the window is another that does not begin where the last one ended."""
    labels, label = [0], 0
    for before, now in pairwise(windows):
        if now is not before:
            touching = now.masses_gev[0] - before.masses_gev[1] < 1.5 * max(
                before.step_gev or 0.0, now.step_gev or 1e-9
            )
            label += not (touching and now.part == before.part)
        labels.append(label)
    return np.array(labels[: len(windows)], dtype=np.int_)
