"""One mass of a spectrum as a likelihood: unbinned, or in bins as a pyhf workspace, with a polynomial background in each category."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.optimize import nnls
from scipy.special import betainc

from limits.errors import InputError
from limits.kernel.linear.shapes import Signal as Shape
from limits.likelihood import Likelihood
from limits.likelihood.joint import joint
from limits.likelihood.spectrum import bump
from limits.likelihood.unbinned import UnbinnedLikelihood
from limits.search import Search, SpectrumChannel
from limits.signals import Yield
from limits.signals.expected import Array
from limits.signals.resonance import Resonance, systematic
from limits.signals.samples import Sample, Simulated
from limits.signals.spectrum import Group, expected_counts, treatment_of

PER_WIDTH: Final = 4
"""Bins of a workspace per resolution: what binning costs is then below a per cent of the limit."""

SMALLEST: Final = 0.02
"""Least size of a term of the background in a workspace, over the mean: a norm factor needs something to multiply."""


@dataclass(frozen=True, eq=False)
class PeakModel:
    """A peak at one mass, the data and which categories are fitted together."""

    search: Search
    channel: SpectrumChannel
    peak: Resonance
    sample: Sample
    groups: tuple[Group, ...]

    @property
    def smearing(self) -> tuple[float, float]:
        """Systematic error of the number of signal events: in events, and relative."""
        return systematic(self.search, self.channel)

    @cached_property
    def events(self) -> list[Array]:
        """Events (N,) of each group inside the window.

        Raises:
            InputError: Asimov data, which have none, or a window without events.
        """
        found = [self.sample.events(self.peak.window.part, group, self.peak.edges) for group in self.groups]
        if any(one is None for one in found):
            raise InputError(f"{self.search.name}: {self.sample.label} has no events; it is for scans and workspaces")
        return [one for one in found if one is not None]

    def shares(self, signal_events: float) -> list[float]:
        """Signal events in each group."""
        return [signal_events * sum(self.peak.shares[c] for c in group) for group in self.groups]

    def shape(self, way: str | None = None) -> Shape:
        """The peak inside its window, of the nominal shape if none is named."""
        return self.peak.shape(way or self.channel.shapes[0])

    def name(self, group: Group) -> str:
        """For messages and channels."""
        return self.channel.name if len(self.groups) == 1 else f"{self.channel.name}-{'+'.join(group)}"

    def unbinned(self, expected: Yield) -> Likelihood:
        """The unbinned likelihood whose strength 1 are the `expected` signal events."""
        counts = self.shares(float(expected.events[0, 0]))
        parts: list[UnbinnedLikelihood] = [
            bump(
                events,
                self.shape(),
                self.peak.window.order,
                signal_events=count,
                name=self.name(group),
                may_be_empty=any(map(len, self.events)),
            )
            for events, count, group in zip(self.events, counts, self.groups, strict=True)
        ]
        return parts[0] if len(parts) == 1 else joint(parts)

    def zfit(self, expected: Yield) -> Likelihood:
        """The same as zfit has it: its own densities, yields and shape of the background floating.

        Raises:
            MissingExtra: zfit is not installed.
        """
        from limits.likelihood.zfit import zfit_bump

        counts = self.shares(float(expected.events[0, 0]))
        parts = [
            zfit_bump(events, self.shape(), self.peak.window.order, signal_events=count, name=self.name(group))
            for events, count, group in zip(self.events, counts, self.groups, strict=True)
        ]
        return parts[0] if len(parts) == 1 else joint(parts)

    @cached_property
    def bins(self) -> Array:
        """Edges of the bins of a workspace in GeV."""
        unit = self.peak.window.bin_gev
        first, last = self.peak.bins
        step = max(1, round(self.peak.width / PER_WIDTH / unit))
        count = max(1, (last - first) // step)
        return np.asarray(np.linspace(*self.peak.edges, count + 1))

    def channels(self, expected: Yield, poi: str) -> tuple[list[dict[str, Any]], list[list[float]]]:
        """Channels of a pyhf workspace and their data: the background is a sum of Bernstein polynomials, each with a free norm."""
        edges = self.bins
        background = expected_counts(self.search, self.channel, self.groups, self.peak.window.part, edges)
        signal = self.shape().integrals(np.clip(edges, *self.peak.edges))
        channels, data = [], []
        for k, (group, events) in enumerate(zip(self.groups, self.shares(float(expected.events[0, 0])), strict=True)):
            found = self.sample.events(self.peak.window.part, group, self.peak.edges)
            data.append(
                background[k].tolist() if found is None else np.histogram(found, edges)[0].astype(float).tolist()
            )
            samples = [self._signal(events * signal, poi), *self._background(background[k], self.name(group))]
            additive = self.smearing[0] * (events / max(sum(self.shares(1.0)) * float(expected.events[0, 0]), 1e-300))
            if additive:
                samples.append(_bias(additive * signal, f"{self.search.name}/fit-bias"))
            channels.append({"name": self.name(group), "samples": samples})
        return channels, data

    def _signal(self, counts: Array, poi: str) -> dict[str, Any]:
        modifiers: list[dict[str, Any]] = [{"name": poi, "type": "normfactor", "data": None}]
        if relative := self.smearing[1]:
            size = {"hi": 1 + relative, "lo": 1 / (1 + relative)}
            modifiers.append({"name": f"{self.search.name}/signal", "type": "normsys", "data": size})
        return {"name": "signal", "data": counts.tolist(), "modifiers": modifiers}

    def _background(self, counts: Array, name: str) -> list[dict[str, Any]]:
        """Bernstein polynomials over the bins, as large as what is expected wants them."""
        order = self.peak.window.order
        u = np.linspace(0, 1, len(counts) + 1)
        # ∫ of the k-th polynomial of degree n is the cumulative of a beta density over n + 1.
        terms = np.array([np.diff(betainc(k + 1, order - k + 1, u)) / (order + 1) for k in range(order + 1)])
        weights, _ = nnls(terms.T, counts)
        weights = np.maximum(weights, SMALLEST * max(float(weights.mean()), 1.0))
        return [
            {
                "name": f"background-{k}",
                "data": (weight * term).tolist(),
                "modifiers": [{"name": f"{name}/b{k}", "type": "normfactor", "data": None}],
            }
            for k, (weight, term) in enumerate(zip(weights, terms, strict=True))
        ]


def _bias(counts: Array, name: str) -> dict[str, Any]:
    """A sample that is nothing, up to a Gaussian error of that many events in the place of the peak."""
    shift = {"hi_data": counts.tolist(), "lo_data": (-counts).tolist()}
    return {
        "name": "fit-bias",
        "data": [0.0] * len(counts),
        "modifiers": [{"name": name, "type": "histosys", "data": shift}],
    }


def peak_model(
    search: Search,
    channel: SpectrumChannel,
    peak: Resonance,
    sample: Sample | None = None,
    treatment: str | None = None,
) -> PeakModel:
    """What one mass of a spectrum needs; the data are a simulated sample unless others are given."""
    found = sample if sample is not None else Simulated(search, channel)
    return PeakModel(search, channel, peak, found, treatment_of(search, channel, treatment))
