"""Search + hypothesis → likelihood: the one place where facts, formulas and statistics meet. Strength 1 is the hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.assemble.counts import background, observed
from limits.assemble.spectrum import PeakModel, peak_model
from limits.errors import InputError, unknown
from limits.likelihood import Likelihood
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Systematic, counting
from limits.likelihood.histfactory import load
from limits.search import CountingChannel, HistFactoryChannel, Search, SpectrumChannel
from limits.search import Systematic as SystematicFacts
from limits.signals import SIGNALS, Hypothesis, Signal, Yield
from limits.signals.resonance import Resonance
from limits.signals.samples import Sample

Array = NDArray[np.float64]
POI = "strength"
Engine = Literal["native", "zfit", "binned"]


@dataclass(frozen=True)
class Prepared:
    """A search at one mass in GeV: all that does not depend on the coupling is done."""

    search: Search
    hypothesis: str
    mass: float
    signals: tuple[Signal, ...]
    """One for every channel, in the order of `search.parts`."""
    engine: Engine = "native"
    """What makes an unbinned likelihood of a spectrum: this package, zfit, or HistFactory in bins."""
    sample: Sample | None = None
    treatment: str | None = None

    def yields(self, couplings: ArrayLike) -> tuple[Yield, ...]:
        """The expected signal of every channel at the couplings (n,)."""
        return tuple(signal(couplings) for signal in self.signals)

    def events(self, couplings: ArrayLike) -> Array:
        """Expected signal events (n,) of all channels together."""
        return np.asarray(sum(expected.events.sum(axis=1) for expected in self.yields(couplings)))

    @cached_property
    def peak(self) -> PeakModel | None:
        """The peak and the data of a search on a spectrum; None for any other."""
        if not isinstance(peak := self.signals[0], Resonance):
            return None
        (channel,) = self.search.channels
        assert isinstance(channel, SpectrumChannel)
        return peak_model(self.search, channel, peak, self.sample, self.treatment)

    def likelihood(self, coupling: float) -> Likelihood:
        """The likelihood whose strength 1 is that coupling.

        Raises:
            MissingExtra: zfit is asked for and not installed.
        """
        if self.peak is not None and self.engine != "binned":
            (expected,) = self.yields(coupling)
            return self.peak.zfit(expected) if self.engine == "zfit" else self.peak.unbinned(expected)
        if self.peak is not None:
            return load(self.document(coupling), where=self.search.name, checked=True)
        return likelihood(self.search, self.yields(coupling), self.mass)

    def document(self, coupling: float) -> dict[str, Any]:
        """The same as a pyhf workspace (JSON 1.0.0); a spectrum is put into bins."""
        if self.peak is None:
            return document(self.search, self.yields(coupling), self.mass)
        channels, data = self.peak.channels(self.yields(coupling)[0], POI)
        return _workspace(self.search.name, channels, data)

    def smearing(self, coupling: float) -> tuple[float, float]:
        """Systematic error of the strength, additive in units of the strength at that coupling, and relative."""
        if self.peak is None or self.engine == "binned":
            return 0.0, 0.0
        additive, relative = self.peak.smearing
        return additive / float(self.events(coupling)[0]), relative


def prepare(
    search: Search,
    hypothesis: str,
    mass: float,
    *,
    engine: Engine = "native",
    sample: Sample | None = None,
    treatment: str | None = None,
) -> Prepared:
    """The search at that mass (GeV), ready for any coupling. The last three arguments are for a spectrum.

    Raises:
        UnknownName: the search names a signal or a hypothesis that does not exist.
        InputError: a mass the search cannot be computed at.
    """
    mass = search.check_mass(mass, hypothesis)
    signals = []
    for part, channel in search.parts:
        if channel.signal not in SIGNALS:
            raise unknown("signal", channel.signal, SIGNALS, str(part.path))
        signals.append(SIGNALS[channel.signal](part, channel, hypothesis, mass))
    return Prepared(search, hypothesis, mass, tuple(signals), engine, sample, treatment)


def build(search: Search, hypothesis: Hypothesis) -> Likelihood:
    """The likelihood of a search at one theory point."""
    return prepare(search, hypothesis.name, hypothesis.mass).likelihood(hypothesis.coupling)


def likelihood(search: Search, yields: Sequence[Yield], mass: float) -> BinnedLikelihood:
    """The likelihood whose strength 1 is the first entry of the `yields`, one for every channel, at that mass in GeV."""
    if len(search.channels) == 1 and isinstance(channel := search.channels[0], CountingChannel):
        (expected,) = yields
        return counting(
            observed(search, channel, mass),
            float(expected.events[0, 0]),
            background(search, channel, mass),
            systematics(search, channel, expected),
            search.name,
        )
    return load(document(search, yields, mass), where=search.name, checked=True)


def systematics(
    search: Search,
    channel: CountingChannel | HistFactoryChannel,
    expected: Yield,
    shared: Sequence[str] = (),
    common: str = "",
) -> list[Systematic]:
    """Lognormal uncertainties κ = 1 + size, those of the search file and those that depend on the point, named search/nuisance.

    Those in `shared` are named `common`/nuisance: of all searches that have it, it is the same one.
    """
    sizes = {name: float(size[0, 0]) for name, size in expected.relative.items() if name in expected.correlated}
    found = [_systematic(search, s) for s in channel.systematics]
    found += [Systematic(f"{search.name}/{name}", 1 + size) for name, size in sizes.items()]
    prefix = f"{search.name}/"
    return [
        replace(s, name=f"{common}/{s.name.removeprefix(prefix)}") if s.name.removeprefix(prefix) in shared else s
        for s in found
    ]


def _systematic(search: Search, facts: SystematicFacts) -> Systematic:
    size = search.value(facts.size)
    down = 1 - size if facts.form == "symmetric" else 1 / (1 + size)
    if not 0 <= size < 1 or down <= 0:
        raise InputError(f"{search.path}: {facts.size} = {size:g}: a relative uncertainty from 0 to below 1 is needed")
    return Systematic(f"{search.name}/{facts.name}", 1 + size, "signal" in facts.on, "background" in facts.on, down)


def document(search: Search, yields: Sequence[Yield], mass: float) -> dict[str, Any]:
    """The pyhf workspace (JSON 1.0.0) of the search with the first entry of each of the `yields` as its signal."""
    channels, observations = [], []
    for (part, channel), expected in zip(search.parts, yields, strict=True):
        if isinstance(channel, SpectrumChannel):
            raise InputError(f"{part.path}: {channel.name}: a spectrum cannot be a member of a combination")
        # Two members may call their channels the same.
        name = channel.name if part is search else f"{part.name}/{channel.name}"
        samples, data = _channel(search, part, channel, expected, mass)
        channels.append({"name": name, "samples": samples})
        observations.append(data)
    return _workspace(search.name, channels, observations)


def _workspace(name: str, channels: list[dict[str, Any]], data: Sequence[list[float]]) -> dict[str, Any]:
    poi = {"name": POI, "bounds": [[0.0, 1e4]], "inits": [1.0]}
    return {
        "channels": channels,
        "observations": [{"name": c["name"], "data": counts} for c, counts in zip(channels, data, strict=True)],
        "measurements": [{"name": name, "config": {"poi": POI, "parameters": [poi]}}],
        "version": "1.0.0",
    }


def _channel(
    search: Search, part: Search, channel: CountingChannel | HistFactoryChannel, expected: Yield, mass: float
) -> tuple[list[dict[str, Any]], list[float]]:
    """Signal and background of one channel of `part`, a member of `search` or itself, and the data."""
    events = expected.events[0]
    per_bin = [size[0] for name, size in expected.relative.items() if name not in expected.correlated]
    lognormals = systematics(part, channel, expected, search.shared, search.name)
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
