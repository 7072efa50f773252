"""All ways a search is run for the table: every hypothesis, by every method, as a prediction and with its calibrated numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from limits.grid import masses_of
from limits.hunt.masses import spectrum_channel
from limits.scan import DEFAULT_COUPLINGS, TIP_STEPS, Point
from limits.search import Comparison, HypothesisFacts, Search

EXTREMES: Final = ("lowest", "highest", "relative")
"""What is compared of many masses together."""

EVERY: Final = 5
"""Of the masses of a hunt one in so many is in the table: 5 MeV for the diphoton scan, as its published limit is known."""


@dataclass(frozen=True)
class Variant:
    """A search as it is run: a prediction, or with its calibrated numbers, for one hypothesis by one method."""

    search: Search
    facts: HypothesisFacts
    method: str

    @property
    def facts_compared(self) -> bool:
        """Whether anything is published for the hypothesis."""
        return bool(self.search.published(self.facts.name))

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The published numbers that count: not those a calibration was fitted to, nor extremes of masses that are among them."""
        return tuple(c for c in self.search.published(self.facts.name) if not self._used(c))

    def _used(self, comparison: Comparison) -> bool:
        """Whether a calibrated number in force was fitted to what is compared."""
        if comparison.edge not in EXTREMES:
            return comparison.mass_gev in self.search.fitted_masses
        low, high = comparison.masses_gev or (0.0, float("inf"))
        return any(low <= mass <= high for mass in self.search.fitted_masses)

    @property
    def masses(self) -> tuple[float, ...]:
        """Masses at which numbers are compared; the benchmark where there is nothing to compare with."""
        found = {c.mass_gev for c in self.comparisons if c.mass_gev is not None}
        return tuple(sorted(found if self.facts_compared else {self.facts.benchmark.mass_gev}))

    def symbol(self, comparison: Comparison) -> str:
        """Of what is compared: the coupling, or the rate."""
        return self.facts.rate.symbol if comparison.of == "rate" and self.facts.rate is not None else self.facts.symbol

    def unit(self, comparison: Comparison | None) -> str:
        """Of what is compared."""
        rate = self.facts.rate if comparison is not None and comparison.of == "rate" else None
        return self.facts.unit if rate is None else rate.unit

    @property
    def scanned(self) -> tuple[float, ...] | None:
        """Masses of the scan in GeV: of a hunt on a spectrum some of those published, with toys of counts those compared.

        By a second method with nothing to compare the benchmark is enough. None for the default grid of all others.
        """
        if self.method.endswith("-toys") or not (self.facts_compared or self.method == self.facts.methods[0]):
            return self.masses
        if spectrum_channel(self.search) is None:
            return None
        return masses_of(self.search, self.facts.name)[::EVERY]

    @property
    def steps(self) -> int:
        """Points of a scan and of the comparison, at most."""
        tip = TIP_STEPS if self.facts.exclusion == "region" else 0
        return len(self.masses) + len(self.scanned or masses_of(self.search, self.facts.name)) + tip

    def point(self, mass_gev: float) -> Point:
        """The unit of work at one mass."""
        couplings = (*self.facts.couplings, DEFAULT_COUPLINGS)
        return Point(self.search, self.facts.name, mass_gev, self.method, self.search.level, couplings)


def variants(search: Search) -> Iterator[Variant]:
    """All variants of a search."""
    for facts in search.hypotheses:
        for method in facts.methods:
            yield Variant(search, facts, method)
        if search.is_calibratable:
            # A calibrated number absorbs the method it was fitted with: by another one it would mean something else.
            yield Variant(search.calibrated(), facts, facts.methods[0])
