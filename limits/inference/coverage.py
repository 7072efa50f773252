"""Coverage of limits and intervals: of a single count by exact sums over the counts, without statistical error; else by toys.

Where one count is summed over, only the edges of a method that throws toys itself have a statistical error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from scipy.stats import poisson

from limits.errors import InputError, unknown
from limits.inference.bayes.interval import bayes_interval
from limits.inference.counts.exact import SingleCount
from limits.inference.intervals import Interval, profile_interval, require_level
from limits.inference.limit import METHODS, upper_limit
from limits.likelihood import Array, Likelihood
from limits.likelihood.binned import BinnedLikelihood

Edges = tuple[float, float] | None
Method = Callable[[Likelihood, float], Edges]

LEFT_OUT: Final = 1e-12
"""The counts that are summed have together all but this much of the probability."""

ROUNDING: Final = 1e-9
"""A strength within this of an edge, relatively, is inside."""


def _of_interval(interval: Interval) -> Edges:
    if interval.status == "partial":
        return None
    low, high = interval.low, interval.high
    return -np.inf if low is None else low, np.inf if high is None else high


def _of_limit(name: str) -> Method:
    def edges(likelihood: Likelihood, level: float) -> Edges:
        limit = upper_limit(likelihood, name, level, expected=False)
        if limit.status == "partial":
            return None
        low = limit.interval[0] if limit.interval is not None else 0.0
        return -np.inf if low is None else low, np.inf if limit.observed_limit is None else limit.observed_limit

    return edges


INTERVALS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        **{name: _of_limit(name) for name in METHODS},
        "profile-upper": lambda x, level: _of_interval(profile_interval(x, level, quantile="one-sided")),
        "bayes-central": lambda x, level: _of_interval(bayes_interval(x, level, kind="central")),
        "bayes-shortest": lambda x, level: _of_interval(bayes_interval(x, level, kind="shortest")),
    }
)
"""Every method whose coverage can be asked for by name: a function (likelihood, level) → edges, None where it failed."""


@dataclass(frozen=True)
class Covered:
    """Probability that the interval holds the true `strength`, lies wholly below it, or wholly above it.

    `error` bounds the probability not accounted for: counts left out of the sum, and counts or toys whose interval was not found.
    `statistical` is the binomial error of `coverage`, 0 for exact sums.
    """

    strength: float
    coverage: float
    below: float
    above: float
    error: float
    statistical: float = 0.0


@dataclass(frozen=True)
class Coverage:
    """One row per strength; `failed` are the counts whose interval was not found; `toys` per strength, 0 for exact sums."""

    method: str
    level: float
    definition: str
    rows: tuple[Covered, ...]
    failed: tuple[int, ...] = ()
    toys: int = 0

    def to_json(self) -> dict[str, Any]:
        """Fields as plain JSON values."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows], "failed": list(self.failed)}


def _probabilities(single: SingleCount, strength: float, counts: Array) -> Array:
    """P(N = n | strength) (counts,), nuisances averaged."""
    mean = np.maximum(strength * single.signal + single.background, 0.0)
    return np.asarray(poisson.pmf(counts[:, None], mean) @ single.weights)


def require_strengths(strengths: Sequence[float]) -> None:
    """Refuse strengths that are none, or not ≥ 0.

    Raises:
        InputError: names the value.
    """
    for strength in strengths:
        if not (np.isfinite(strength) and strength >= 0):
            raise InputError(f"coverage: strength = {strength!r}: a finite number ≥ 0 is needed")
    if not len(strengths):
        raise InputError("coverage: strengths = []: at least one is needed")


def coverage(
    make_likelihood: Callable[[int], Likelihood], method: str | Method, level: float, strengths: Sequence[float]
) -> Coverage:
    """Coverage at each strength: the sum of P(n | strength) over the counts n whose interval holds the strength.

    `make_likelihood` gives the likelihood of n observed events: same signal and background for every n. `method` is a key of
    INTERVALS or a function (likelihood, level) → (low, high). Nuisances of the truth are averaged over their densities, with the
    auxiliary data as they are.

    Raises:
        UnknownName: no such method.
        InputError: a level outside (0, 1), a strength that is not ≥ 0, a likelihood that is no single count.
    """
    require_level(level)
    require_strengths(strengths)
    if isinstance(method, str) and method not in INTERVALS:
        raise unknown("interval method", method, INTERVALS)
    function, name = (INTERVALS[method], method) if isinstance(method, str) else (method, "own")
    few = SingleCount.of(make_likelihood(0))
    top = int(poisson.isf(LEFT_OUT / 10, float((max(strengths) * few.signal + few.background).max())))
    counts = np.arange(top + 1, dtype=float)
    single = SingleCount.of(make_likelihood(top))
    found = [function(make_likelihood(n), level) for n in range(top + 1)]
    edges = np.array([(np.nan, np.nan) if pair is None else pair for pair in found])
    rows = [_row(float(s), _probabilities(single, s, counts), edges) for s in strengths]
    definition = "exact sums over n ~ Poisson(s + b), nuisances averaged over their densities"
    return Coverage(name, level, definition, tuple(rows), tuple(n for n, pair in enumerate(found) if pair is None))


def coverage_by_sums(likelihood: BinnedLikelihood, method: str, level: float, strengths: Sequence[float]) -> Coverage:
    """`coverage` of a single count with the signal, background and auxiliary data of `likelihood`."""
    aux = likelihood.observed[1:]
    return coverage(lambda n: likelihood.with_data(np.r_[float(n), aux]), method, level, strengths)


def without_toys(likelihood: BinnedLikelihood) -> list[str]:
    """The methods of INTERVALS that throw no toys for this single count."""
    uncertain = any(not p.fixed for p in likelihood.parameters[1:])
    with_toys = {"cls-toys", "clsb-toys", *(["feldman-cousins"] if uncertain else [])}
    return [name for name in INTERVALS if name not in with_toys]


def _row(strength: float, probability: Array, edges: Array) -> Covered:
    low, high = edges.T
    room = ROUNDING * max(strength, 1e-300)
    below, above = high < strength - room, low > strength + room
    lost = np.isnan(low)
    error = max(0.0, 1 - float(probability.sum())) + float(probability[lost].sum())
    inside = float(probability[~below & ~above & ~lost].sum())
    return Covered(strength, inside, float(probability[below].sum()), float(probability[above].sum()), error)
