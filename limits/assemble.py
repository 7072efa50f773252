"""Search + hypothesis → likelihood: the one place where facts, formulas and statistics meet. Strength 1 is the hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError, unknown
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Systematic, counting
from limits.likelihood.histfactory import load
from limits.search import CountingChannel, HistFactoryChannel, Search
from limits.search import Systematic as SystematicFacts
from limits.signals import SIGNALS, Hypothesis, Yield

Array = NDArray[np.float64]
POI = "strength"


def _the_channel(search: Search) -> CountingChannel | HistFactoryChannel:
    if len(search.channels) != 1:
        raise InputError(f"{search.name}: {len(search.channels)} channels; one is supported so far")
    return search.channels[0]


def signal(search: Search, hypothesis: str, mass: float) -> Callable[[ArrayLike], Yield]:
    """Expected signal of the search at that mass (GeV) as a function of the couplings.

    Raises:
        UnknownName: the search names a signal or a hypothesis that does not exist.
        InputError: a mass the search cannot be computed at.
    """
    channel = _the_channel(search)
    if channel.signal not in SIGNALS:
        raise unknown("signal", channel.signal, SIGNALS, str(search.path))
    mass = search.check_mass(mass, hypothesis)
    return SIGNALS[channel.signal](search, hypothesis, mass)


def build(search: Search, hypothesis: Hypothesis) -> BinnedLikelihood:
    """The likelihood of a search at one theory point."""
    return at_yield(search, signal(search, hypothesis.name, hypothesis.mass)(hypothesis.coupling))


def at_yield(search: Search, expected: Yield, index: int = 0) -> BinnedLikelihood:
    """The likelihood whose strength 1 is entry `index` of a `Yield`: a plane computes its yields once and comes here per point."""
    channel = _the_channel(search)
    if isinstance(channel, HistFactoryChannel):
        return load(document(search, expected, index), where=search.name)
    return counting(
        search.value(channel.observed),
        float(expected.events[index, 0]),
        background(search, channel),
        systematics(search, channel, expected, index),
        search.name,
    )


def background(search: Search, channel: CountingChannel) -> Background:
    """The background of a counting channel with its relative uncertainty."""
    events, error = search.value(channel.background), search.error(channel.background)
    if not error or not events or channel.background_constraint is None:
        return Background(events)
    return Background(events, error / events, channel.background_constraint)


def systematics(
    search: Search, channel: CountingChannel | HistFactoryChannel, expected: Yield, index: int = 0
) -> list[Systematic]:
    """Lognormal uncertainties κ = 1 + size, those of the search file and those that depend on the point, named search/nuisance."""
    declared = [_systematic(search, s) for s in channel.systematics]
    point = [
        Systematic(f"{search.name}/{name}", 1 + float(size[index, 0]))
        for name, size in expected.relative.items()
        if name in expected.correlated
    ]
    return [*declared, *point]


def _systematic(search: Search, facts: SystematicFacts) -> Systematic:
    size = search.value(facts.size)
    down = 1 - size if facts.form == "symmetric" else 1 / (1 + size)
    if not 0 <= size < 1 or down <= 0:
        raise InputError(f"{search.path}: {facts.size} = {size:g}: a relative uncertainty from 0 to below 1 is needed")
    return Systematic(f"{search.name}/{facts.name}", 1 + size, "signal" in facts.on, "background" in facts.on, down)


def document(search: Search, expected: Yield, index: int = 0) -> dict[str, Any]:
    """The pyhf workspace (JSON 1.0.0) of the search with entry `index` of `expected` as its signal."""
    channel = _the_channel(search)
    events = expected.events[index]
    per_bin = [size[index] for name, size in expected.relative.items() if name not in expected.correlated]
    lognormals = systematics(search, channel, expected, index)
    signal_sample = _sample("signal", events, [s for s in lognormals if s.signal])
    signal_sample["modifiers"].insert(0, {"name": POI, "type": "normfactor", "data": None})
    if per_bin:
        spread = np.sqrt(np.sum(np.square(per_bin), axis=0)) * events
        signal_sample["modifiers"].append(_modifier(f"{search.name}/signal-shape", "shapesys", spread.tolist()))
    if isinstance(channel, HistFactoryChannel):
        table = search.table(channel.table)
        observed, expectation, error = table["data"], table["background"], table["background_error"]
        constraint: str | None = "poisson"
    else:
        b = background(search, channel)
        observed, constraint = np.array([search.value(channel.observed)]), b.constraint
        expectation, error = np.array([b.events]), np.array([b.events * b.relative])
    background_sample = _sample("background", expectation, [s for s in lognormals if s.background])
    _constrain(background_sample, f"{search.name}/background", error, constraint)
    return {
        "channels": [{"name": channel.name, "samples": [signal_sample, background_sample]}],
        "observations": [{"name": channel.name, "data": observed.tolist()}],
        "measurements": [
            {
                "name": search.name,
                "config": {"poi": POI, "parameters": [{"name": POI, "bounds": [[0.0, 1e4]], "inits": [1.0]}]},
            }
        ],
        "version": "1.0.0",
    }


def _modifier(name: str, kind: str, data: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "data": data}


def _sample(name: str, events: Array, lognormals: list[Systematic]) -> dict[str, Any]:
    modifiers = [_modifier(s.name, "normsys", {"hi": s.kappa, "lo": s.kappa_down}) for s in lognormals]
    return {"name": name, "data": events.tolist(), "modifiers": modifiers}


def _constrain(sample: dict[str, Any], name: str, error: Array, constraint: str | None) -> None:
    """Add the background's own uncertainty: every constraint of a counting channel has an exact HistFactory twin."""
    events = np.asarray(sample["data"])
    if constraint in (None, "none") or not np.any(error > 0):
        return
    if constraint == "lognormal":
        kappa = 1 + float(error[0] / events[0])
        sample["modifiers"].append(_modifier(name, "normsys", {"hi": kappa, "lo": 1 / kappa}))
    elif constraint == "gaussian":
        # A staterror is a Gaussian multiplier kept positive: the truncated Gaussian of a counting channel.
        sample["modifiers"].append(_modifier(name, "staterror", error.tolist()))
    else:
        if constraint == "gamma":
            # A Gamma(k) density of mean 1 is an auxiliary count of k − 1 for (k − 1)/k times the background.
            shape = float((events[0] / error[0]) ** 2)
            events = events * (shape - 1) / shape
            error = events / np.sqrt(shape - 1)
            sample["data"] = events.tolist()
        sample["modifiers"].append(_modifier(name, "shapesys", error.tolist()))
