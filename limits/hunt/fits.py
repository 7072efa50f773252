"""One mass: the data fitted in every way, the expectation, and the toys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from limits.errors import FitError, InputError
from limits.hunt.windows import Setting, Way, barred
from limits.kernel.linear import toys as columns
from limits.kernel.linear.fit import NODES
from limits.kernel.linear.measure import Smearing, measure
from limits.kernel.linear.results import Measurement, Status
from limits.kernel.linear.scan import fit_spectra, prepare, throw
from limits.kernel.linear.window import Window
from limits.signals.expected import Array
from limits.signals.resonance import Resonance

FIELDS: Final = ("strength", "sigma", "significance", "limit", "way", "status", "barred", "failed_ways")
EMPTY: Final = -1.0
"""Status of a window without events."""


@dataclass(frozen=True)
class Rules:
    """What is computed: the limit by `method`, at a level, with the systematic error of the strength; toys."""

    method: str
    level: float
    smearing: Smearing
    toys: int
    seed: int

    def limit(self, found: Measurement) -> float:
        """The upper limit on the number of events that the method asks for."""
        return found.cls if self.method == "cls" else found.smeared


@dataclass(eq=False)
class Thrower:
    """Toys of the spectrum of one part, thrown once for all windows in it."""

    setting: Setting
    rules: Rules
    ranges: dict[tuple[int, float], tuple[int, int]]
    """First and one past the last bin that any window uses, by part and bin size."""
    _last: tuple[tuple[int, float, range], Array] | None = field(default=None, repr=False)

    def spectra(self, peak: Resonance, numbers: range) -> tuple[Array, int]:
        """The toys of these numbers (n, bins · K) of the part, and where the window of the peak begins in them."""
        part, step = peak.window.part, peak.window.bin_gev
        first, last = self.ranges[part, step]
        known = self._last
        if known is None or known[0] != (part, step, numbers):
            self._last = known = None  # before the next are thrown: they may take as much memory
            expected = self.setting.whole(part, step, first, last)
            thrown = throw(expected, numbers.start, len(numbers), self.rules.seed + 7919 * part)
            self._last = known = (part, step, numbers), thrown
        return known[1], (peak.bins[0] - first) * len(self.setting.groups)

    def __getstate__(self) -> dict[str, Any]:
        """Without the toys: they are thrown again where they are needed."""
        return {**self.__dict__, "_last": None}


def observed(setting: Setting, rules: Rules, peak: Resonance, ways: Sequence[Way]) -> dict[str, float]:
    """Fit the data in every way and keep the fit with most signal; FIELDS as numbers, nan where nothing converged."""
    row = dict.fromkeys(FIELDS, float("nan")) | {"way": -1.0, "barred": 0.0, "failed_ways": float(len(ways))}
    try:
        found = [_measured(setting.data_window(peak, way), rules) for way in ways]
    except InputError:  # an empty window costs its own mass and no other
        return row | {"status": EMPTY}
    good = [i for i, one in enumerate(found) if one.status is Status.CONVERGED]
    row |= {"failed_ways": float(len(found) - len(good))}
    if not good:
        return row | {"status": float(found[0].status), "barred": float(found[0].barrier > 0)}
    best = max(good, key=lambda i: found[i].strength)
    one = found[best]
    row |= {"strength": one.strength, "sigma": one.sigma, "significance": one.significance, "limit": rules.limit(one)}
    return row | {"way": float(best), "status": 0.0, "barred": float(one.barrier > 0)}


def _measured(window: Window, rules: Rules) -> Measurement:
    """A fit that is negative between the events is made again behind a barrier, which says so in the result."""
    found = measure(window, rules.level, rules.smearing)
    if found.status is Status.CONVERGED or window.barrier > 0:
        return found
    return measure(barred(window), rules.level, rules.smearing)


def expected(setting: Setting, rules: Rules, peak: Resonance, way: Way) -> float:
    """The limit of the Asimov data in the nominal way, without systematic error."""
    found = measure(setting.expected_window(peak, way), rules.level)
    return found.cls if rules.method == "cls" else found.bayes


def toys(thrower: Thrower, peak: Resonance, ways: Sequence[Way], numbers: range) -> tuple[Array, Array]:
    """Local significance (n,) and limit (n,) of toys of these numbers, of the way with most signal; nan where no fit converged."""
    rules, best = thrower.rules, None
    spectra, offset = thrower.spectra(peak, numbers)
    column = columns.CLS if rules.method == "cls" else columns.BAYES
    for way in ways:
        try:
            window = prepare(thrower.setting.expected_window(peak, way), offset)
        except FitError:
            return np.full(len(numbers), np.nan), np.full(len(numbers), np.nan)
        table = fit_spectra(spectra, rules.level, NODES, window)
        if best is None:
            best = table
        else:
            more = ~(table[:, columns.STRENGTH] <= best[:, columns.STRENGTH]) & np.isfinite(table[:, columns.STRENGTH])
            best[more] = table[more]
    assert best is not None
    return best[:, columns.SIGNIFICANCE], best[:, column]
