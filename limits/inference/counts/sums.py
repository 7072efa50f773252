"""Frequentist CLs of one count with q̃, count and auxiliary datum both fluctuating: sums in the place of toys.

Exactly what `limits.inference.toys.ensembles` estimates: data are thrown at the fit to the observed data, at the strength for CLs+b
and at strength 0 for CLb; outcomes whose q̃ is equal to the observed one count. At fixed n, q̃ never falls when the auxiliary datum rises,

    ∂q̃/∂a = 2 (centre_free − centre_s)/width² ≥ 0    (envelope theorem; a larger signal leaves less background),

so P(q̃ ≥ x) is a sum over n of tail probabilities beyond one edge, which is found, not integrated over: for a Gaussian datum no
quadrature has to resolve the step. Discrete auxiliary data are listed and sorted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtr

from limits.errors import FitError, InputError
from limits.inference.counts.background import (
    Continuous,
    Discrete,
    Fitted,
    Gaussian,
    Lognormal,
    poisson_probability,
    poisson_window,
    rising_root,
)
from limits.inference.counts.closed import OneCount, profile_statistic
from limits.inference.results import SIGMAS, PValues
from limits.inference.toys.ensembles import SAME
from limits.likelihood import Array

MOST_EVENTS: Final = 1e4
"""Larger counts or backgrounds are refused: the asymptotic formula is right there to better than 1 %."""

MOST_OUTCOMES: Final = 4_000_000
"""Pairs (count, auxiliary count) that are listed at most: a second or two and 500 MB."""

IMPROBABLE: Final = 1e-25
"""Pairs of less probability are not listed."""

FAR: Final = 1e6
"""A signal of more events is excluded by any count up to MOST_EVENTS, with CLs below the smallest number."""

EDGE: Final = 1e-7
"""The search for an edge ends with a quadratically convergent step of at most this many widths, which leaves rounding."""

LOW, HIGH = -8.5, 10.0
"""Edges are looked for so many widths around the expected datum: 1 − Φ(−8.5) and Φ(−37.5) are where numbers end."""

BLOCK: Final = 20_000
"""Edges looked for at once: arrays that fit in the cache."""


class Sums(NamedTuple):
    """p-values of S strengths, (S,) each, and the expected CLs at −2…+2σ of background-only data (5, S)."""

    cls: Array
    clsb: Array
    clb: Array
    cls_expected: Array


@dataclass(frozen=True, eq=False)
class _Edges:
    """R experiments with a Gaussian datum: counts and their probabilities (R, N), signal and expected datum (R, 1)."""

    model: Continuous
    signal: Array
    counts: Array
    probability: Array
    centre: Array

    @classmethod
    def thrown(cls, model: Continuous, signal: Array, rate: Array, centre: Array) -> _Edges:
        """From the rates and the expected data (R,) at which outcomes are thrown."""
        first, size = poisson_window(rate)
        counts = first[:, None] + np.arange(size)
        return cls(model, signal[:, None], counts, poisson_probability(counts, rate[:, None]), centre[:, None])

    def height(self, aux: Array) -> tuple[Array, Array]:
        """√q̃ and its slope in the auxiliary datum, (R, N)."""
        found = profile_statistic(self.model, self.signal, self.counts, aux)
        root = np.sqrt(found.q)
        with np.errstate(divide="ignore", invalid="ignore"):
            return root, (found.centre_free - found.centre) / (self.model.width**2 * root)

    def edges(self, root: Array, near: Array | None = None) -> Array:
        """The smallest datum with √q̃ ≥ root (R,), within LOW and HIGH, (R, N); looked for from `near`."""
        width, goal = self.model.width, root[:, None]
        low, high = (np.broadcast_to(self.centre + reach * width, self.counts.shape) for reach in (LOW, HIGH))
        all_in, none_in = self.height(low)[0] >= goal, self.height(high)[0] < goal
        low, high = np.where(none_in, high, low), np.where(all_in, low, high)
        if near is None:
            # Wald's √q̃ = (s − (n − b))/σ says where to begin; beyond 6 widths little depends on it.
            guess = self.model.datum(self.counts - self.signal + goal * np.sqrt(self.counts + 1))
            near = np.clip(guess, self.centre - 6 * width, self.centre + 6 * width)

        def above(aux: Array) -> tuple[Array, Array]:
            found, slope = self.height(aux)
            return found - goal, slope

        return rising_root(above, low, high, np.clip(near, low, high), EDGE * width)

    def beyond(self, edges: Array) -> Array:
        """P(auxiliary datum ≥ edges), summed over the counts, (R,)."""
        return np.asarray((self.probability * ndtr((self.centre - edges) / self.model.width)).sum(axis=-1))

    def density(self, edges: Array) -> Array:
        """Probability density of √q̃ at the value that these edges belong to, (R,)."""
        z = (edges - self.centre) / self.model.width
        slope = self.height(edges)[1] * self.model.width
        inside = (slope > 0) & (z > LOW) & (z < HIGH)
        normal = self.probability * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        return np.asarray(np.divide(normal, slope, out=np.zeros_like(normal), where=inside).sum(axis=-1))


def _quantiles(model: Continuous, signal: Array, zero: Fitted, shares: Array, start: Array) -> Array:
    """The smallest q̃ that a share (R,) of the background-only outcomes, or less, exceeds, (R,); looked for from √q̃ = start."""
    if not len(signal):
        return signal
    most = 2 * signal - SAME / 2  # adding s to the rate costs no more; below its atom by what counts as equal
    outcomes = _Edges.thrown(model, signal, zero.background, zero.centre)
    full = outcomes.beyond(outcomes.edges(np.sqrt(np.maximum(most, 0.0)))) > shares
    some = outcomes.beyond(outcomes.edges(np.full(most.shape, np.sqrt(SAME)))) > shares
    found = np.where(full, most, 0.0)
    rows = np.flatnonzero(some & ~full)
    if not len(rows):
        return found
    outcomes = _Edges.thrown(model, signal[rows], zero.background[rows], zero.centre[rows])
    edges: list[Array] = []

    def missing(root: Array) -> tuple[Array, Array]:
        edges[:] = [outcomes.edges(root, *edges)]  # the last ones are where to begin
        return shares[rows] - outcomes.beyond(edges[0]), outcomes.density(edges[0])

    high = np.sqrt(most[rows])
    found[rows] = rising_root(missing, np.zeros(len(rows)), high, np.clip(start[rows], 0.0, high), SAME / 100) ** 2
    return found


def _edge_sums(one: OneCount, model: Continuous, signal: Array, at: Fitted, observed: Array, sigmas: Array) -> Array:
    """CLs+b and CLb, (2, S, 1 + K), of the observed q̃ (S,) and of the quantiles."""
    zero = Fitted(*(np.full(signal.shape, x) for x in one.without_signal()))
    spread = np.sqrt(2 * model.fitted(signal, zero.background, zero.centre).cost)  # √q̃ is spread − Nσ: 1007.1727 Eq. 89

    def each(values: Array, times: int) -> Array:
        return np.repeat(values, times)

    k = len(sigmas)
    start = np.maximum(spread[:, None] - sigmas, 0.0).ravel()
    shares = np.tile(ndtr(sigmas), len(signal))
    quantiles = _quantiles(model, each(signal, k), Fitted(*(each(x, k) for x in zero)), shares, start)
    q = np.hstack([observed[:, None], quantiles.reshape(len(signal), k)]).ravel()
    found = []
    for background, centre, rate in ((at.background, at.centre, signal), (zero.background, zero.centre, 0 * signal)):
        outcomes = _Edges.thrown(model, each(signal, k + 1), each(rate + background, k + 1), each(centre, k + 1))
        found.append(outcomes.beyond(outcomes.edges(np.sqrt(np.maximum(q - SAME, 0.0)))).reshape(len(signal), k + 1))
    return np.stack(found)


@dataclass(frozen=True, eq=False)
class _Listed:
    """All outcomes of one experiment with a discrete datum in rising order of q̃ (I,), and the probabilities to be at or above (I + 1,)."""

    q: Array
    above: Array

    @classmethod
    def thrown(cls, model: Discrete, signal: float, rate: float, centre: float, name: str) -> _Listed:
        """From the rate and the expected datum at which outcomes are thrown.

        Raises:
            InputError: more outcomes than MOST_OUTCOMES.
        """
        first, size = poisson_window(np.asarray(rate))
        data, weights = model.lattice(centre)
        if size * len(data) > MOST_OUTCOMES:
            raise InputError(f"{name}: {size * len(data)} outcomes to list, at most {MOST_OUTCOMES}; use method 'cls'")
        chance = poisson_probability(first + np.arange(size), np.asarray(rate))[:, None] * weights
        rows, columns = np.nonzero(chance > (IMPROBABLE if len(data) > 1 else 0.0))
        q = profile_statistic(model, np.asarray(signal), first + rows, data[columns]).q
        order = np.argsort(q)
        probability = chance[rows, columns][order]
        return cls(q[order], np.append(np.cumsum(probability[::-1])[::-1], 0.0))

    def tail(self, q: Array) -> Array:
        """P(q̃ ≥ q), (K,)."""
        return self.above[np.searchsorted(self.q, q - SAME)]

    def quantiles(self, shares: Array) -> Array:
        """The smallest q̃ that a share (K,) of the outcomes, or less, exceeds, (K,)."""
        return self.q[len(self.q) - np.searchsorted(self.above[:0:-1], shares, side="right")]


def _listed_sums(one: OneCount, model: Discrete, signal: Array, at: Fitted, observed: Array, sigmas: Array) -> Array:
    """CLs+b and CLb, (2, S, 1 + K), of the observed q̃ (S,) and of the quantiles."""
    zero, found = one.without_signal(), []
    for s, background, centre, q in zip(signal, at.background, at.centre, observed, strict=True):
        with_signal = _Listed.thrown(model, s, s + background, centre, one.name)
        without = _Listed.thrown(model, s, float(zero.background), float(zero.centre), one.name)
        every = np.append(q, without.quantiles(ndtr(sigmas)))
        found.append(np.stack([with_signal.tail(every), without.tail(every)]))
    return np.stack(found, axis=1)


def sums(one: OneCount, strengths: Array, sigmas: tuple[int, ...] = SIGMAS) -> Sums:
    """p-values at strengths (S,) ≥ 0, observed and at the `sigmas` (K,) quantiles of background-only outcomes.

    Raises:
        InputError: a count that is no integer, more than MOST_EVENTS or MOST_OUTCOMES, or a strength that is no finite number ≥ 0.
        FitError: CLb is zero to the last digit, so that CLs has no value.
    """
    zero = one.without_signal()
    if one.count != int(one.count):
        raise InputError(f"{one.name}: observed = {one.count}: sums over counts need an integer count")
    if max(one.count, float(zero.background)) > MOST_EVENTS:
        raise InputError(
            f"{one.name}: more than {MOST_EVENTS:g} events: sums over counts are for fewer; use method 'cls'"
        )
    strengths = np.asarray(strengths, dtype=float)
    if not np.all((strengths >= 0) & (strengths < np.inf)):
        raise InputError(f"{one.name}: strengths: finite numbers ≥ 0 are needed")
    signal = np.minimum(one.signal * strengths, FAR)
    _, size = poisson_window(zero.background + np.max(signal, initial=0.0))
    rows = max(1, BLOCK // ((1 + len(sigmas)) * size))
    tails = np.concatenate(
        [_sums(one, signal[i : i + rows], np.array(sigmas, dtype=float)) for i in range(0, len(signal), rows)], axis=1
    )
    if np.any(tails[1] == 0):
        raise FitError(f"{one.name}: CLb is zero to the last digit: CLs has no value")
    cls = tails[0] / tails[1]
    return Sums(cls[:, 0], tails[0, :, 0], tails[1, :, 0], cls[:, 1:].T)


def _sums(one: OneCount, signal: Array, sigmas: Array) -> Array:
    count, aux = np.asarray(one.count), np.asarray(one.aux)
    at = one.background.fitted(signal, count, aux)
    observed = profile_statistic(one.background, signal, count, aux).q
    if isinstance(one.background, Gaussian | Lognormal):
        return _edge_sums(one, one.background, signal, at, observed, sigmas)
    return _listed_sums(one, one.background, signal, at, observed, sigmas)


def p_values(one: OneCount, strength: float) -> PValues:
    """CLs, CLs+b, CLb and the five expected CLs at one strength, with count and auxiliary datum fluctuating.

    Raises:
        InputError, FitError: as `sums`.
    """
    found = sums(one, np.array([strength]))
    expected = tuple(float(x) for x in found.cls_expected[:, 0])
    return PValues(float(found.cls[0]), float(found.clsb[0]), float(found.clb[0]), expected)
