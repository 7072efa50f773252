"""What is counted at one mass: the window around it, the part of a peak inside, and inputs that are published mass by mass."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from limits.errors import InputError
from limits.search import CountingChannel, Search, Window

Array = NDArray[np.float64]
Interval = tuple[float, float]


def resolution(search: Search, window: Window, mass: float) -> float | None:
    """Resolution in GeV of a peak at that mass (GeV), interpolated; None where the search does not say.

    Raises:
        InputError: the table of resolutions does not reach there, or has none above zero.
    """
    if window.resolution is None:
        return None
    table = search.table(window.resolution)
    sigma = _interpolated(search, window.resolution, table["mass_gev"], table["resolution_gev"], mass)
    if not sigma > 0:
        problem = f"got {sigma:g} GeV at {mass:g} GeV: a resolution above 0 is needed"
        raise InputError(f"{search.path.parent / window.resolution}: {problem}")
    return sigma


def half_width(search: Search, window: Window, mass: float) -> float:
    """Half width of the window in GeV.

    Raises:
        InputError: it is not above zero, or the table of resolutions does not reach there.
    """
    size, sigma = search.value(window.half_width), resolution(search, window, mass)
    if not size > 0:
        raise InputError(f"{search.path}: {window.half_width} = {size:g}: a number above 0 is needed")
    return size if sigma is None else size * sigma


def counted(search: Search, window: Window, mass: float) -> tuple[Interval, ...]:
    """The masses that are counted, in GeV: the window without what is vetoed; none if it is vetoed as a whole."""
    half = half_width(search, window, mass)
    low, high = mass - half, mass + half
    left, right = vetoed(search, window)
    if right <= low or high <= left:
        return ((low, high),)
    return tuple(piece for piece in ((low, min(left, high)), (max(right, low), high)) if piece[0] < piece[1])


def vetoed(search: Search, window: Window) -> Interval:
    """The masses that are not looked at, in GeV; both infinite where none are.

    Raises:
        InputError: they end before they begin.
    """
    if window.veto is None:
        return np.inf, np.inf
    left, right = (search.value(key) for key in window.veto)
    if not left <= right:
        problem = f"{window.veto[0]} = {left:g} is above {window.veto[1]} = {right:g}"
        raise InputError(f"{search.path}: {problem}: a veto goes from the lower to the upper mass")
    return left, right


def width(pieces: Iterable[Interval]) -> float:
    """Their width together in GeV."""
    return float(sum(high - low for low, high in pieces))


def is_inside(pieces: Iterable[Interval], mass: float) -> bool:
    """Whether an event of that mass (GeV) is counted."""
    return any(low < mass < high for low, high in pieces)


def share(search: Search, window: Window, mass: float) -> float:
    """The share of a Gaussian peak at that mass that is counted; 1 where no resolution is known."""
    if (sigma := resolution(search, window, mass)) is None:
        return 1.0
    edges = (np.asarray(counted(search, window, mass)).reshape(-1, 2) - mass) / sigma
    return float(np.sum(ndtr(edges[:, 1]) - ndtr(edges[:, 0])))


def per_mass(search: Search, channel: CountingChannel) -> dict[str, Array]:
    """The columns published mass by mass; empty where there is no such table."""
    if channel.per_mass is None or not (search.path.parent / channel.per_mass).is_file():
        return {}
    return search.table(channel.per_mass)


def published(search: Search, channel: CountingChannel, column: str, mass: float) -> float | None:
    """A published input at that mass (GeV): a count is that of the nearest mass, all else is interpolated. None if there is none.

    Raises:
        InputError: the table does not reach there.
    """
    table = per_mass(search, channel)
    if column not in table:
        return None
    masses, values = table["mass_gev"], table[column]
    if column == "observed":
        values = values[[int(np.argmin(np.abs(masses - mass)))] * len(masses)]
    return float(_interpolated(search, str(channel.per_mass), masses, values, mass))


def _interpolated(search: Search, table: str, masses: Array, values: Array, mass: float) -> float:
    if not masses[0] * (1 - 1e-9) <= mass <= masses[-1] * (1 + 1e-9):
        problem = f"no row for {mass:g} GeV; it goes from {masses[0]:g} to {masses[-1]:g} GeV"
        raise InputError(f"{search.path.parent / table}: {problem}")
    return float(np.interp(mass, masses, values))
