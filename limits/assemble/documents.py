"""A likelihood as a document: the pyhf workspace (JSON 1.0.0) of any channels, each with its signal, background and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from limits.assemble.counts import background, observed
from limits.assemble.spectrum import peak_model
from limits.errors import InputError
from limits.likelihood.counting import Systematic
from limits.search import Channel, CountingChannel, HistFactoryChannel, Search, SpectrumChannel
from limits.search import Systematic as SystematicFacts
from limits.signals import Signal, Yield
from limits.signals.expected import Array
from limits.signals.resonance import Resonance
from limits.signals.samples import Asimov

POI: Final = "strength"


class Part(NamedTuple):
    """A channel with the search it belongs to, the expected signal, and what made that."""

    search: Search
    channel: Channel
    expected: Yield
    signal: Signal | None = None


def systematics(search: Search, channel: CountingChannel | HistFactoryChannel, expected: Yield) -> list[Systematic]:
    """Lognormal uncertainties κ = 1 + size, those of the search file and those that depend on the point, named search/nuisance."""
    sizes = {name: float(size[0, 0]) for name, size in expected.relative.items() if name in expected.correlated}
    found = [_systematic(search, s) for s in channel.systematics]
    return [*found, *(Systematic(f"{search.name}/{name}", 1 + size) for name, size in sizes.items())]


def _systematic(search: Search, facts: SystematicFacts) -> Systematic:
    size = search.value(facts.size)
    down = 1 - size if facts.form == "symmetric" else 1 / (1 + size)
    if not 0 <= size < 1 or down <= 0:
        raise InputError(f"{search.path}: {facts.size} = {size:g}: a relative uncertainty from 0 to below 1 is needed")
    return Systematic(f"{search.name}/{facts.name}", 1 + size, "signal" in facts.on, "background" in facts.on, down)


def document(search: Search, yields: Sequence[Yield], mass: float) -> dict[str, Any]:
    """The pyhf workspace (JSON 1.0.0) of the search with the first entry of each of the `yields` as its signal."""
    return workspace_of(search, [Part(*part, y) for part, y in zip(search.parts, yields, strict=True)], mass)


def workspace_of(search: Search, parts: Sequence[Part], mass: float) -> dict[str, Any]:
    """The workspace of these channels. Nuisances are separate but for those that the search declares to be common."""
    channels, observations = [], []
    for part in parts:
        if isinstance(part.channel, SpectrumChannel):
            made, data = _spectrum(part)
            channels += made
            observations += data
            continue
        # Two members may call their channels the same.
        name = part.channel.name if part.search is search else f"{part.search.name}/{part.channel.name}"
        samples, counts = _channel(part.search, part.channel, part.expected, mass)
        channels.append({"name": name, "samples": samples})
        observations.append(counts)
    _tie(channels, search.groups)
    return workspace(search.name, channels, observations)


def _tie(channels: Sequence[dict[str, Any]], groups: Mapping[str, tuple[str, ...]]) -> None:
    """Give the Gaussian nuisances of a group their common name."""
    common = {name: group for group, names in groups.items() for name in names}
    for modifier in (m for channel in channels for sample in channel["samples"] for m in sample["modifiers"]):
        if modifier["type"] in ("normsys", "histosys"):
            modifier["name"] = common.get(modifier["name"], modifier["name"])


def _spectrum(part: Part) -> tuple[list[dict[str, Any]], list[list[float]]]:
    """The channels of a spectrum as a member, with what is expected for data: their names begin with that of the search."""
    if not isinstance(part.channel, SpectrumChannel) or not isinstance(part.signal, Resonance):
        raise InputError(f"{part.search.path}: {part.channel.name}: no peak of a spectrum is given; use prepare")
    made, data = peak_model(part.search, part.channel, part.signal, Asimov()).channels(part.expected, POI)
    prefix = f"{part.search.name}/"
    for channel in made:
        channel["name"] = prefix + channel["name"]
        for modifier in (m for sample in channel["samples"] for m in sample["modifiers"]):
            if modifier["name"] != POI and not modifier["name"].startswith(prefix):
                modifier["name"] = prefix + modifier["name"]
    return made, data


def workspace(name: str, channels: list[dict[str, Any]], data: Sequence[list[float]]) -> dict[str, Any]:
    """The document of these channels and counts, with the strength as the parameter of interest."""
    poi = {"name": POI, "bounds": [[0.0, 1e4]], "inits": [1.0]}
    return {
        "channels": channels,
        "observations": [{"name": c["name"], "data": counts} for c, counts in zip(channels, data, strict=True)],
        "measurements": [{"name": name, "config": {"poi": POI, "parameters": [poi]}}],
        "version": "1.0.0",
    }


def _channel(
    part: Search, channel: CountingChannel | HistFactoryChannel, expected: Yield, mass: float
) -> tuple[list[dict[str, Any]], list[float]]:
    """Signal and background of one channel of `part`, and the data."""
    events = expected.events[0]
    per_bin = [size[0] for name, size in expected.relative.items() if name not in expected.correlated]
    lognormals = systematics(part, channel, expected)
    # pyhf's schema allows a signal of exactly zero; its share of a correlated lognormal is then zero as well.
    signal = _sample("signal", events, [s for s in lognormals if s.signal])
    signal["modifiers"].insert(0, {"name": POI, "type": "normfactor", "data": None})
    if per_bin:
        spread = np.sqrt(np.sum(np.square(per_bin), axis=0)) * events
        signal["modifiers"].append(_modifier(f"{part.name}/signal-shape", "shapesys", spread.tolist()))
    if isinstance(channel, HistFactoryChannel):
        table = part.table(channel.table)
        data, expectation, error = table["data"], table["background"], table["background_error"]
        constraint: str | None = "poisson"
    else:
        b = background(part, channel, mass)
        data, constraint = np.array([observed(part, channel, mass)]), b.constraint
        expectation, error = np.array([b.events]), np.array([b.events * b.relative])
    rest = _sample("background", expectation, [s for s in lognormals if s.background])
    suffix = "" if len(part.channels) == 1 else f"-{channel.name}"
    _constrain(rest, f"{part.name}/background{suffix}", error, constraint)
    return [signal, rest], data.tolist()


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
