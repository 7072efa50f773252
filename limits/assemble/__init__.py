"""Search + hypothesis → likelihood: the one place where facts, formulas and statistics meet. Strength 1 is the hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.assemble.counts import background, observed
from limits.assemble.documents import POI, Part, document, systematics, workspace, workspace_of
from limits.assemble.spectrum import PeakModel, peak_model
from limits.errors import InputError, unknown
from limits.likelihood import Likelihood
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import counting
from limits.likelihood.histfactory import load
from limits.search import Channel, CountingChannel, Search, SpectrumChannel
from limits.signals import SIGNALS, Hypothesis, Signal, Yield
from limits.signals.resonance import Resonance, window_of
from limits.signals.samples import Sample

__all__ = [
    "POI",
    "Engine",
    "Prepared",
    "build",
    "covers",
    "document",
    "likelihood",
    "nothing",
    "prepare",
    "systematics",
]

Array = NDArray[np.float64]
Engine = Literal["native", "zfit", "binned"]


def nothing(couplings: ArrayLike) -> Yield:
    """The signal of a member of a combination at a mass that is not its own: no events (n, 1)."""
    return Yield(np.zeros((np.size(couplings), 1)))


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
        if not self.search.channels or not isinstance(peak := self.signals[0], Resonance):
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
        if not self.search.ad_hoc:
            return likelihood(self.search, self.yields(coupling), self.mass)
        found = self._parts(coupling)
        if len(found) == len(found[0].search.channels) == 1 and not isinstance(found[0].channel, SpectrumChannel):
            # What stands alone is what it is outside a combination, to the last digit.
            return likelihood(found[0].search, [found[0].expected], self.mass)
        return load(workspace_of(self.search, found, self.mass), where=self.search.name, checked=True)

    def _parts(self, coupling: float) -> list[Part]:
        """All channels; of a combination made by a user those that see something at that coupling.

        One that sees nothing multiplies the likelihood by a constant, unless a nuisance is common to it and to others.
        """
        rows = zip(self.search.parts, self.yields(coupling), self.signals, strict=True)
        every = [Part(*part, expected, signal) for part, expected, signal in rows]
        if not self.search.ad_hoc:
            return every
        tied = {name.partition("/")[0] for names in self.search.groups.values() for name in names}
        there = [part for part in every if part.signal is not nothing]
        return [p for p in there if np.any(p.expected.events[0] > 0) or p.search.name in tied] or there

    def document(self, coupling: float) -> dict[str, Any]:
        """The same as a pyhf workspace (JSON 1.0.0); a spectrum is put into bins."""
        if self.peak is None:
            return workspace_of(self.search, self._parts(coupling), self.mass)
        channels, data = self.peak.channels(self.yields(coupling)[0], POI)
        return workspace(self.search.name, channels, data)

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
        InputError: a mass the search cannot be computed at, or that no member of a combination looks at.
    """
    mass = search.check_mass(mass, hypothesis)
    signals: list[Signal] = []
    for part, channel in search.parts:
        if channel.signal not in SIGNALS:
            raise unknown("signal", channel.signal, SIGNALS, str(part.path))
        used = not search.ad_hoc or covers(part, channel, hypothesis, mass)
        signals.append(SIGNALS[channel.signal](part, channel, hypothesis, mass) if used else nothing)
    if all(signal is nothing for signal in signals):
        raise InputError(f"{search.name}: mass = {mass:g} GeV: none of the searches looks there")
    return Prepared(search, hypothesis, mass, tuple(signals), engine, sample, treatment)


def covers(search: Search, channel: Channel, hypothesis: str, mass: float) -> bool:
    """Whether a channel of a search looks at that mass in GeV: in its range, and in no gap of a spectrum."""
    if not search.hypothesis(hypothesis).has_mass(mass):
        return False
    if isinstance(channel, SpectrumChannel):
        try:
            window_of(search, channel, mass)
        except InputError:
            return False
    return True


def build(search: Search, hypothesis: Hypothesis) -> Likelihood:
    """The likelihood of a search at one theory point; strength 1 is the coupling of that point. A spectrum is fitted to a simulated sample.

    Raises:
        UnknownName: the search does not test that hypothesis, or names a signal that does not exist.
        InputError: a mass in GeV that the search cannot be computed at, or a coupling that is not above zero.
    """
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
