"""A few neighbouring masses: the data fitted in every way, the expectation, and the toys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.special import ndtr

from limits.errors import FitError, InputError
from limits.hunt.windows import Setting, Way, barred
from limits.inference.results import SIGMAS
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

HIGH: Final = 1.645
"""A local Z that one toy in twenty exceeds where the background is as it is fitted; more of them where the best of several fits is kept."""

ARRAYS: Final = frozenset({*FIELDS, "toys_high", "expected", "toy_z", "toys_failed"})
"""What a piece is made of."""

LEVELS: Final = tuple(float(x) for x in ndtr(np.array(SIGMAS, dtype=float)))
"""Probability contents of −2…+2σ."""


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
    _thrown: dict[tuple[int, float], Array] = field(default_factory=dict, repr=False)

    def spectra(self, peak: Resonance) -> tuple[Array, int]:
        """Toys (n, bins · K) of the part, and where the window of the peak begins in them."""
        key = (peak.window.part, peak.window.bin_gev)
        first, last = self.ranges[key]
        if key not in self._thrown:
            self._thrown.clear()  # parts come one after the other, and each may take hundreds of MB
            expected = self.setting.whole(*key, first, last)
            self._thrown[key] = throw(expected, 0, self.rules.toys, self.rules.seed + 7919 * key[0])
        return self._thrown[key], (peak.bins[0] - first) * len(self.setting.groups)


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


def toys(thrower: Thrower, peak: Resonance, ways: Sequence[Way]) -> tuple[Array, Array]:
    """Local significance (n,) and limit (n,) of every toy, of the way with most signal; nan where no fit converged."""
    rules, best = thrower.rules, None
    spectra, offset = thrower.spectra(peak)
    column = columns.CLS if rules.method == "cls" else columns.BAYES
    for way in ways:
        table = fit_spectra(spectra, rules.level, NODES, prepare(thrower.setting.expected_window(peak, way), offset))
        if best is None:
            best = table
        else:
            more = ~(table[:, columns.STRENGTH] <= best[:, columns.STRENGTH]) & np.isfinite(table[:, columns.STRENGTH])
            best[more] = table[more]
    assert best is not None
    return best[:, columns.SIGNIFICANCE], best[:, column]


def piece(
    setting: Setting,
    thrower: Thrower,
    peaks: Sequence[Resonance],
    ways: Sequence[Way],
    threads: int,
    done: Callable[[], None],
) -> dict[str, Array]:
    """All of a few masses as arrays: FIELDS (W,), `expected` (W, 5), `toy_z` (W, n), `toys_failed` and `toys_high` (W,)."""
    rules = thrower.rules
    if rules.toys and peaks:
        thrower.spectra(peaks[0])  # once, before the threads ask for it

    def one(peak: Resonance) -> tuple[dict[str, float], Array, Array]:
        seen = observed(setting, rules, peak, ways)
        band = np.full(len(SIGMAS), np.nan)
        z = np.zeros(0)
        try:
            if rules.toys:
                z, limits = toys(thrower, peak, ways)
                if np.any(known := np.isfinite(limits)):
                    band = np.quantile(limits[known], LEVELS)
            else:
                band[2] = expected(setting, rules, peak, ways[0])
        except FitError:
            z = np.full(rules.toys, np.nan)
        done()
        return seen, band, z

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        found = list(pool.map(one, peaks))
    arrays = {name: np.array([row[name] for row, _, _ in found]) for name in FIELDS}
    z = np.array([z for _, _, z in found], dtype=np.float32)
    failed = np.count_nonzero(np.isnan(z), axis=1) if z.size else np.zeros(len(peaks))
    high = np.mean(z > HIGH, axis=1) if z.size else np.zeros(len(peaks))
    return {
        **arrays,
        "toys_high": high,
        "expected": np.array([band for _, band, _ in found]),
        "toy_z": np.asarray(z),
        "toys_failed": failed,
    }
