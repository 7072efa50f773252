"""The data and the background of a counting channel: one number, those in a window around the mass, or a published table."""

from __future__ import annotations

import math

from limits.errors import InputError
from limits.likelihood.counting import Background
from limits.search import CountingChannel, Search, Window
from limits.signals.windows import counted, is_inside, published, vetoed, width


def observed(search: Search, channel: CountingChannel, mass: float) -> float:
    """Events counted: all of them, or those in a window around that mass in GeV.

    Where their masses are not known they are spread evenly: the count is the whole number nearest to the share of the window.

    Raises:
        InputError: more events than masses are known of; where there are fewer, the last masses do not count.
    """
    if (count := published(search, channel, "observed", mass)) is not None:
        return count
    if (window := channel.window) is None:
        return search.value(channel.observed)
    if window.events is None:
        return float(round(search.value(channel.observed) * _part(search, window, mass)))
    pieces = counted(search, window, mass)
    return float(sum(is_inside(pieces, event) for event in _masses(search, channel, window)))


def background(search: Search, channel: CountingChannel, mass: float) -> Background:
    """The background of a counting channel with its relative uncertainty; in a window, its share of a flat background.

    A sideband without an event counts as one event that is no part of it: no background at all is not what was learnt.
    """
    if (events := published(search, channel, "background", mass)) is not None:
        error, constraint = published(search, channel, "background_error", mass) or 0.0, channel.background_constraint
        if constraint in (None, "gamma"):  # no Gamma density is as wide as its mean; an auxiliary count may be
            constraint = "gamma" if error < events else "poisson"
        return _known(events, error, constraint)
    window = channel.window
    if window is not None and window.sideband:
        pieces = counted(search, window, mass)
        beside = sum(not is_inside(pieces, event) for event in _masses(search, channel, window))
        rest = search.value(window.background_range) - width(pieces)
        if rest <= 0:
            raise InputError(f"{search.path}: {window.background_range}: no sideband is left beside the window")
        return Background(max(beside, 1) * width(pieces) / rest, 1 / math.sqrt(max(beside, 1)), "poisson")
    events, error = search.value(channel.background), search.error(channel.background) or 0.0
    if window is not None:
        part = _part(search, window, mass)
        events, error = events * part, error * part
    return _known(events, error, channel.background_constraint)


def _part(search: Search, window: Window, mass: float) -> float:
    """The part of the range that the window is."""
    whole = search.value(window.background_range)
    if not whole > 0:
        raise InputError(f"{search.path}: {window.background_range} = {whole:g}: a number above 0 is needed")
    return min(width(counted(search, window, mass)) / whole, 1.0)


def _known(events: float, error: float, constraint: str | None) -> Background:
    if not error or not events or constraint is None:
        return Background(events)
    return Background(events, error / events, constraint)  # type: ignore[arg-type]


def _masses(search: Search, channel: CountingChannel, window: Window) -> list[float]:
    """Masses of the events, as many as were observed; those that are vetoed are neither in a window nor beside it."""
    count, known = search.value(channel.observed), window.events or ()
    if count > len(known):
        problem = f"{channel.observed} = {count:g}: a mass window needs the mass of every event"
        raise InputError(f"{search.path}: {problem}; known: {', '.join(known) or 'none'}")
    low, high = vetoed(search, window)
    return [mass for key in known[: int(count)] if not low < (mass := search.value(key)) < high]
