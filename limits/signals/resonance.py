"""A peak on a smooth spectrum: where it would show, what it looks like, and how many events a rate or a coupling makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from limits.errors import InputError
from limits.kernel.linear.shapes import Cruijff, CrystalBall
from limits.kernel.linear.shapes import Signal as Shape
from limits.search import FitWindow, Search, SpectrumChannel
from limits.search.spectra import SHAPES
from limits.signals.expected import Array, Yield, checked_couplings
from limits.signals.processes import PROCESSES
from limits.signals.spectrum import chosen_rows
from limits.units import mass as particle_mass

EDGE: Final = 1e-9
"""How far, relatively, a mass may be outside a window by rounding."""


TOUCHING: Final = 1.5
"""Windows that are so many steps or less apart are one after the other, and no gap is between them."""

WIDE: Final = 60.0
"""Resolutions to both sides that hold all of a peak."""


@dataclass(frozen=True, eq=False)
class Resonance:
    """A search for a peak at one mass in GeV. It is the signal of its channel: coupling → expected events.

    `position` is where the peak is in the observable, `width` its core resolution; `edges` are those of the fit, all in GeV.
    `events_per_rate` are fitted signal events: those of the nominal shape inside the window, without wrong combinations. `rate_at_one`
    is the rate at coupling 1; rates grow with its square. `shares` (by category) add up to at most 1.
    """

    mass: float
    position: float
    width: float
    edges: tuple[float, float]
    window: FitWindow
    row: Mapping[str, float]
    shares: Mapping[str, float]
    events_per_rate: float
    rate_at_one: float

    def __call__(self, couplings: ArrayLike) -> Yield:
        """Expected signal events (n, 1), all categories together."""
        return Yield((self.events_per_rate * self.rate_at_one * checked_couplings(couplings) ** 2)[:, None])

    def shape(self, name: str) -> Shape:
        """The peak inside the window, as the shape of that name."""
        return _shape(name, self.row, self.position, self.edges)

    def coupling(self, rate: float | None) -> float | None:
        """The coupling that makes a rate."""
        return None if rate is None else float(np.sqrt(max(rate, 0.0) / self.rate_at_one))

    @cached_property
    def bins(self) -> tuple[int, int]:
        """First and one past the last bin of the window, counted from zero of the observable in `bin_gev`."""
        return (round(self.edges[0] / self.window.bin_gev), round(self.edges[1] / self.window.bin_gev))


def resonance(search: Search, channel: SpectrumChannel, hypothesis: str, mass: float) -> Resonance:
    """The peak of a particle of that mass in GeV.

    Raises:
        InputError: a mass in a gap between the windows, or a selection that was not simulated.
    """
    window = window_of(search, channel, mass)
    row = response(search, channel, hypothesis, mass, window.part)
    at = position(channel, mass)
    factors = float(np.prod([search.value(key) for key in channel.signal_factors]))
    edges = _edges(window, at, row["sigma_gev"])
    rate = PROCESSES[channel.process](search, hypothesis, mass)
    shares = {name.removeprefix("share_"): value for name, value in row.items() if name.startswith("share_")}
    categories = {background.category for background in channel.backgrounds}
    whole = (at - WIDE * row["sigma_gev"], at + WIDE * row["sigma_gev"])
    inside = _shape(channel.shapes[0], row, at, edges).norm / _shape(channel.shapes[0], row, at, whole).norm
    return Resonance(
        mass,
        at,
        row["sigma_gev"],
        edges,
        window,
        row,
        shares or dict.fromkeys(categories, 1.0),
        rate.exposure * row["efficiency"] * factors * min(inside, 1.0),
        rate.at_one,
    )


def _shape(name: str, row: Mapping[str, float], at: float, edges: tuple[float, float]) -> CrystalBall | Cruijff:
    shift, *rest = (row[column] for column in SHAPES[name])
    made = CrystalBall if name == "crystal-ball" else Cruijff
    return made(edges, at + shift, *rest)


def position(channel: SpectrumChannel, mass: float) -> float:
    """Where a particle of that mass shows: at the mass, or at √(m² − 4m_μ²), which takes the phase space of a muon pair out."""
    return mass if channel.observable == "mass" else float(np.sqrt(max(mass**2 - 4 * particle_mass("mu-") ** 2, 0.0)))


def window_of(search: Search, channel: SpectrumChannel, mass: float) -> FitWindow:
    """The window in which a mass is fitted.

    Raises:
        InputError: none has it: the mass lies in a gap of the search.
    """
    for window in channel.windows:
        low, high = window.masses_gev
        if low * (1 - EDGE) <= mass <= high * (1 + EDGE):
            return window
    # A mass between the last step of one window and the first of the next is fitted like the last.
    for before, after in pairwise(channel.windows):
        gap = before.masses_gev[1], after.masses_gev[0]
        if gap[0] < mass < gap[1] < gap[0] + TOUCHING * (after.step_gev or 0.0):
            return before
    known = ", ".join(f"{low:g}…{high:g}" for low, high in (w.masses_gev for w in channel.windows))
    raise InputError(f"{search.path}: mass = {mass:g} GeV lies in a gap of the search; searched: {known} GeV")


def response(search: Search, channel: SpectrumChannel, hypothesis: str, mass: float, part: int) -> dict[str, float]:
    """Efficiency and shape at a mass: the table of the hypothesis, interpolated linearly within that part.

    Raises:
        InputError: a mass that the table does not reach.
    """
    table = chosen_rows(search, channel, channel.response_of(hypothesis), part)
    order = np.argsort(table["mass_gev"])
    masses = table["mass_gev"][order]
    if not masses[0] * (1 - EDGE) <= mass <= masses[-1] * (1 + EDGE):
        known = f"{masses[0]:g} to {masses[-1]:g} GeV"
        raise InputError(f"{search.path}: mass = {mass:g} GeV: {channel.response_of(hypothesis)} goes from {known}")
    return {name: float(np.interp(mass, masses, values[order])) for name, values in table.items()}


def _edges(window: FitWindow, at: float, width: float) -> tuple[float, float]:
    """The interval of the fit, on the grid of bins in which toys are counted."""
    if window.interval_gev is not None:
        low, high = window.interval_gev
    else:
        half = window.half_width_gev or (window.half_width_widths or 0.0) * width
        low, high = max(at - half, 0.0), at + half
    step = window.bin_gev
    return round(low / step) * step, round(high / step) * step


def systematic(search: Search, channel: SpectrumChannel) -> tuple[float, float]:
    """Error of the number of signal events that a search states: in events, and relative; 0 for one it has not."""
    additive, relative = (0.0 if key is None else search.value(key) for key in (channel.additive, channel.relative))
    return additive, relative


def resolution(search: Search, channel: SpectrumChannel, hypothesis: str) -> tuple[Array, Array]:
    """Masses of the response (n,) in GeV and the core resolution of the observable at each (n,)."""
    table = chosen_rows(search, channel, channel.response_of(hypothesis))
    order = np.argsort(table["mass_gev"])
    return table["mass_gev"][order], table["sigma_gev"][order]
