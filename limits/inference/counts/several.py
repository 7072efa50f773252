"""CLs of a few counts without toys or fits: outcomes in the order of ln Q, exact sums, nuisances averaged over their densities.

As in the LEP searches (hep-ex/9902006, A. L. Read, J. Phys. G 28 (2002) 2693; both are recollections, the formulas are written out here):

    ln Q = Σ n_i ln(1 + strength · s_i/b_i),    CLs+b = P(ln Q ≤ ln Q_obs | strength · s + b),    CLb = P(ln Q ≤ ln Q_obs | b),

with s_i and b_i at the nominal nuisances. The order depends on the strength that is tested: where two outcomes change places in it, CLs
jumps. Counts with the same s_i/b_i have the same weight at every strength; their sum is one count, which is how they are treated.

A bin without signal is left out. A bin with next to none is not: its count decides between outcomes that are equal otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from typing import Final, TypeGuard

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, pdtr, pdtrc

from limits import kernel
from limits.errors import FitError, InputError
from limits.inference.counts.averaged import averaged_yields, only
from limits.inference.results import SIGMAS
from limits.likelihood import Array, Likelihood
from limits.likelihood.binned import BinnedLikelihood

MOST_BINS: Final = 4
"""More bins are refused: their outcomes are too many to list wherever more than a few events are expected."""

MOST_OUTCOMES: Final = 1_000_000
"""Outcomes that are listed at most."""

MOST_CELLS: Final = 40_000_000
"""Probabilities in one table (counts × points) at most: 320 MB."""

BLOCK: Final = 1 << 20
"""Products of probabilities that are taken at once."""

FEW: Final = 30
"""Up to so many events a sum of probabilities is faster than its closed form."""

FLOOR: Final = 1e-9
"""The least background in the weight of a bin, in events, and nowhere else: an event over nothing is signal-like beyond anything."""

NONE: Final = 1e-30
"""A bin whose s/b is smaller by this factor than that of another has no signal."""

TIED: Final = 1e-9
"""Values of ln Q that differ by less, relatively, are equal."""

REST: Final = 1e-11
"""Background-only counts of less probability, together, are left out where quantiles are looked for; there and nowhere else."""

IMPROBABLE: Final = 1e-15
"""Likewise single background-only outcomes."""

Outcome = tuple[int, ...]
Counts = NDArray[np.intp]


def is_several(likelihood: Likelihood) -> TypeGuard[BinnedLikelihood]:
    """More than one bin of counts; `SeveralCounts` may still refuse them, for their number."""
    return isinstance(likelihood, BinnedLikelihood) and likelihood.shape.n_bins > 1


def _check(likelihood: Likelihood) -> BinnedLikelihood:
    """The likelihood, if it has a few integer counts."""
    name = likelihood.name
    if not isinstance(likelihood, BinnedLikelihood):
        raise InputError(f"{name}: exact sums need counts, this likelihood is unbinned; use method 'cls'")
    if len(likelihood.counts) > MOST_BINS:
        bins = f"this likelihood has {len(likelihood.counts)} bins"
        raise InputError(f"{name}: exact sums need a single count or 2 to {MOST_BINS}, {bins}; use method 'cls'")
    if np.any(likelihood.counts != np.floor(likelihood.counts)):
        raise InputError(f"{name}: observed = {likelihood.counts.tolist()}: exact sums need integer counts")
    return likelihood


@dataclass(frozen=True, eq=False)
class SeveralCounts:
    """Signal at strength 1 and background (G, P) of G counts at P points, all of the same weight, and what orders the outcomes.

    Each of the G is the sum of those bins (G, k) that `member` says; `ratio` (G,) is s/b at the nominal nuisances, falling.
    An outcome is the counts of all k bins.
    """

    signal: Array
    background: Array
    ratio: Array
    member: NDArray[np.bool_]
    observed: Outcome
    name: str

    @classmethod
    def of(cls, likelihood: Likelihood) -> SeveralCounts:
        """From a likelihood of one to four bins.

        Raises:
            InputError: unbinned, more bins, a count that is no integer, a negative signal, or a nuisance without constraint.
        """
        likelihood = _check(likelihood)
        observed = tuple(int(n) for n in likelihood.counts)
        nominal = np.array([p.init for p in likelihood.parameters])
        events, expected = kernel.yields(likelihood.shape, nominal)
        if np.any(events < 0):
            raise InputError(f"{likelihood.name}: the signal of a bin is negative: ln Q has no order; use method 'cls'")
        ratio = events / np.maximum(expected, FLOOR)
        kept = ratio > NONE * ratio.max()
        member: list[NDArray[np.bool_]] = []
        for i in np.argsort(-ratio, kind="stable")[: kept.sum()]:
            alike = kept & (np.abs(ratio - ratio[i]) <= TIED * ratio[i])
            if not any(group[i] for group in member):
                member.append(alike & ~np.any(member, axis=0) if member else alike)
        groups = np.array(member, dtype=bool).reshape(-1, len(kept))
        if not len(groups):
            return cls(np.zeros((0, 1)), np.zeros((0, 1)), np.zeros(0), groups, observed, likelihood.name)
        sums = groups[:, kept].astype(float)
        signal, background = (sums @ part for part in averaged_yields(only(likelihood, kept)))
        return cls(signal, background, ratio[groups.argmax(axis=1)], groups, observed, likelihood.name)

    def weights(self, strength: float) -> Array:
        """ln(1 + strength · s/b), (G,); s/b itself, which gives the same order, where the strength is next to 0."""
        x = np.minimum(strength * self.ratio, 1e300)
        return np.asarray(np.log1p(x)) if np.max(x, initial=0.0) > TIED else self.ratio

    def clsb(self, strength: float, outcome: Sequence[int]) -> float:
        """P(ln Q ≤ that of the outcome | strength), nuisances averaged.

        Raises:
            InputError: too many outcomes to list.
        """
        return self._below(strength, outcome, np.maximum(strength * self.signal + self.background, 0.0))

    def clb(self, strength: float, outcome: Sequence[int]) -> float:
        """P(ln Q ≤ that of the outcome | 0), nuisances averaged, in the order that belongs to the strength.

        Raises:
            InputError: too many outcomes to list.
        """
        return self._below(strength, outcome, np.maximum(self.background, 0.0))

    def cls(self, strength: float, outcome: Sequence[int]) -> float:
        """CLs = P(ln Q ≤ that of the outcome | strength) / P(the same | 0).

        Raises:
            InputError: too many outcomes to list.
            FitError: such an outcome is impossible under the background alone, to the last digit.
        """
        clb = self.clb(strength, outcome)
        if clb == 0:
            raise FitError(f"CLb of {tuple(outcome)} events is zero to the last digit: CLs has no value")
        return self.clsb(strength, outcome) / clb

    def listed(self, strength: float, outcome: Sequence[int], rate: Array | None = None) -> tuple[Counts, Counts]:
        """All that is at or below the outcome: counts of all groups but the last (R, G − 1), and the largest of the last (R,).

        Counts that no `rate` (G, P) reaches, signal and background by default, are cut off: it changes no digit of a probability.

        Raises:
            InputError: too many outcomes to list.
        """
        if rate is None:
            rate = strength * self.signal + self.background
        weights, top = self.weights(strength), np.maximum(rate.max(axis=1), 0.0)
        rest = np.array([self.member @ np.array(outcome) @ weights * (1 + TIED)])
        counts = np.zeros((1, 0), dtype=np.intp)
        # Poisson tails beyond are below 1e-17 (Chernoff's bound), and so is what they add, relatively.
        reach = np.minimum(top + 9 * np.sqrt(top) + 20, 1e15)
        for i, weight in enumerate(weights):
            most = np.minimum(rest / weight, reach[i]).astype(np.intp)
            if len(weights) > 1 and (most + 1.0).sum() > MOST_OUTCOMES:
                raise self._too_many(f"more than {MOST_OUTCOMES} outcomes")
            if i + 1 == len(weights):
                break
            row, n = _ranges(most)
            counts, rest = np.column_stack([counts[row], n]), np.maximum(rest[row] - n * weight, 0.0)
        return counts, most

    def _too_many(self, what: str) -> InputError:
        return InputError(f"{self.name}: {what} to sum over; use method 'cls' or 'cls-toys'")

    def _below(self, strength: float, outcome: Sequence[int], rate: Array) -> float:
        if not len(self.ratio):
            return 1.0
        counts, last = self.listed(strength, outcome, rate)
        tables = [self._table(one, int(n.max())) for one, n in zip(rate, counts.T, strict=False)]
        below, place = self._cumulative(rate[-1], last)
        step, total = max(1, BLOCK // rate.shape[1]), 0.0
        for first in range(0, len(last), step):
            rows = slice(first, first + step)
            product = below[place[rows]]
            for table, n in zip(tables, counts.T, strict=True):
                product *= table[n[rows]]
            total += float(product.sum())
        return total / int(rate.shape[1])

    def _cumulative(self, rate: Array, most: Counts) -> tuple[Array, Counts]:
        """P(N ≤ n) of rates (P,) for some counts n, and where among them those of `most` (R,) are."""
        if (top := int(most.max())) < FEW:  # a sum is faster
            return np.cumsum(self._table(rate, top), axis=0), most
        unique, place = np.unique(most, return_inverse=True)
        if (size := len(unique) * len(rate)) > MOST_CELLS:
            raise self._too_many(f"{size} probabilities")
        return np.asarray(pdtr(unique[:, None], rate)), place

    def _table(self, rate: Array, most: int) -> Array:
        """Poisson probabilities (most + 1, P) of rates (P,)."""
        if (size := (most + 1) * len(rate)) > MOST_CELLS:
            raise self._too_many(f"{size} probabilities")
        n = np.arange(most + 1.0)[:, None]
        return np.asarray(np.exp(n * np.log(np.maximum(rate, 1e-300)) - rate - gammaln(n + 1)))

    @cached_property
    def _predictive(self) -> tuple[Counts, Array]:
        """Background-only outcomes (M, G) and their probabilities (M,), nuisances averaged."""
        rate = np.maximum(self.background, 0.0)
        tables = []
        for one in rate:
            reach = np.arange(min(one.max() + 9 * np.sqrt(one.max()) + 20, MOST_CELLS))
            table = self._table(one, int(np.sum(pdtrc(reach, one.max()) > REST)))
            beyond = np.cumsum(table.mean(axis=1)[::-1])[::-1]
            tables.append(table[: max(1, int(np.sum(beyond > REST)))])
        sizes = np.array([len(table) for table in tables])
        if sizes.prod(dtype=float) > MOST_OUTCOMES:
            raise self._too_many(f"{sizes.prod(dtype=float):.3g} background-only outcomes")
        places = range(len(sizes))
        halves = list(chain.from_iterable(combinations(places, r) for r in range(1, max(2, len(sizes)))))
        left = min(halves, key=lambda half: max(sizes[list(half)].prod(), np.delete(sizes, half).prod()))
        right = tuple(i for i in places if i not in left)
        joint = (self._outer(tables, left, rate.shape[1]) @ self._outer(tables, right, rate.shape[1]).T).ravel()
        joint /= rate.shape[1]
        kept = np.flatnonzero(joint > IMPROBABLE)
        counts = np.empty((len(kept), len(sizes)), dtype=np.intp)
        order = [*left, *right]
        counts[:, order] = np.column_stack(np.unravel_index(kept, sizes[order]))
        return counts, joint[kept]

    def _outer(self, tables: list[Array], which: tuple[int, ...], points: int) -> Array:
        """Probabilities (rows, P) of all pairs, triples … of counts."""
        found = np.ones((1, points))
        for i in which:
            if len(found) * tables[i].size > MOST_CELLS:
                raise self._too_many(f"{len(found) * tables[i].size} probabilities")
            found = (found[:, None] * tables[i]).reshape(-1, points)
        return found

    def quantile_outcomes(self, strength: float) -> tuple[Outcome, ...]:
        """Outcomes at the −2…+2σ quantiles of ln Q of background-only data (prior predictive), in the order of that strength.

        Raises:
            InputError: too many outcomes to list.
        """
        bins = self.member.shape[1]
        if not len(self.ratio):
            return ((0,) * bins,) * len(SIGMAS)
        counts, probability = self._predictive
        order = np.argsort(counts @ self.weights(strength), kind="stable")
        reached = np.searchsorted(np.cumsum(probability[order]), ndtr(SIGMAS) - 1e-9)
        chosen = counts[order[np.minimum(reached, len(order) - 1)]]
        # Of bins that count as one the first has all events: the others change nothing.
        outcomes = np.zeros((len(SIGMAS), bins), dtype=int)
        outcomes[:, self.member.argmax(axis=1)] = chosen
        return tuple(tuple(row) for row in outcomes.tolist())


def _ranges(most: Counts) -> tuple[Counts, Counts]:
    """Rows (N,) of `most` (R,), each repeated most + 1 times, and the numbers 0 … most beside them (N,)."""
    row = np.repeat(np.arange(len(most)), most + 1)
    ends = np.cumsum(most + 1)
    return row, np.arange(ends[-1]) - (ends - most - 1)[row]
