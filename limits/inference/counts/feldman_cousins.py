"""Feldman–Cousins intervals (physics/9711021) without a grid: a Poisson count over a known background, a bounded Gaussian.

A strength is accepted when the counts whose likelihood ratio R (Eq. 4.1) is larger than that of the observed one have together
less than the level. Those counts are consecutive, they end at a mirror count, and the mean at which the mirror count changes has a
closed form; between two such means their probability has a single maximum, so every edge is a jump or a simple root.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc, lambertw, ndtr, pdtr, xlogy
from scipy.stats import poisson

from limits.errors import InputError
from limits.inference.counts.exact import is_single_count
from limits.inference.intervals import Interval, require_level
from limits.inference.root import falling_zero
from limits.likelihood import Array, Likelihood

WINDOW: Final = (8.0, 4.0)
"""The monotonicity correction looks at backgrounds up to b + 8 + 4√b: the upper edge falls by more than its jumps long before."""


def _mirror_mean(k: Array, n: int, background: float) -> Array:
    """The mean at which counts k ≠ n and n have the same R: R = (μ/x)^n e^(x − μ), x = max(n, b) the mean that fits best."""
    at_k, at_n = np.maximum(k, background), max(float(n), background)
    log_ratio = xlogy(k, at_k) - at_k - xlogy(n, at_n) + at_n
    return np.asarray(np.where(at_k == at_n, at_n, np.exp(log_ratio / (k - n))))


def _between(first: int, last: int, mean: float) -> float:
    """P(first ≤ N ≤ last), by the smaller tails."""
    if first > mean:
        return float(gammainc(first, mean) - gammainc(last + 1, mean))
    return float(pdtr(last, mean) - (pdtr(first - 1, mean) if first > 0 else 0.0))


def _root(first: int, last: int, level: float, low: float, high: float) -> float:
    return float(brentq(lambda mean: _between(first, last, mean) - level, low, high, xtol=1e-13, rtol=1e-14))


def _reach(n: int, background: float, level: float, base: float, side: int) -> float:
    """A mean above (side 1) or below (−1) the best-fitting one, `base`, beyond which n is not accepted.

    By Chernoff's bound the counts that are not likelier than n have together at most 2 R(n).
    """
    floor = float(np.log((1 - level) / 2) + xlogy(n, base) - base)

    def excess(distance: float) -> float:
        mean = max(base + side * distance, 0.0)
        return float(xlogy(n, mean)) - mean - floor

    return max(base + side * falling_zero(excess, 1 + np.sqrt(base)), background)


def _upper_mean(n: int, background: float, level: float) -> float:
    """The largest mean at which n is accepted: more than n are expected, and n+1 … m have a larger R."""
    reach = _reach(n, background, level, max(float(n), background), 1)
    least = -np.log((1 - level) / 2)  # −ln R at the reach; −ln R(k) ≥ (k − μ)²/2k above the mean
    last = int(reach + least + np.sqrt(least * (least + 2 * reach))) + 3
    edges = _mirror_mean(np.arange(n + 1, last + 1, dtype=float), n, background)
    for i in range(len(edges) - 2, -1, -1):
        low, high = float(edges[i]), min(float(edges[i + 1]), reach)
        if high <= low:
            continue
        if _between(n + 1, n + 1 + i, high) < level:
            return high
        if _between(n + 1, n + 1 + i, low) < level:
            return _root(n + 1, n + 1 + i, level, low, high)
    return float(max(edges[0], background))


def _lower_mean(n: int, background: float, level: float) -> float:
    """The smallest mean ≥ the background at which n is accepted: fewer than n are expected, and m … n−1 have a larger R."""
    if n <= background:
        return background
    reach = _reach(n, background, level, float(n), -1)
    least = -np.log((1 - level) / 2)  # −ln R(k) ≥ (μ − k)²/2μ for k below the mean and above the background
    first = int(reach - np.sqrt(2 * reach * least)) - 3
    first = first if first > background else 0
    edges = np.append(-np.inf, _mirror_mean(np.arange(first, n, dtype=float), n, background))
    for m, (low, high) in enumerate(pairwise(np.maximum(edges, reach).tolist()), first):
        if high <= low:
            continue
        if _between(m, n - 1, low) < level:
            return float(low)
        if _between(m, n - 1, high) < level:
            return _root(m, n - 1, level, low, high)
    return float(max(edges[-1], background))


def _jumps(n: int, background: float, level: float) -> Array:
    """Backgrounds above `background` at which the upper edge jumps up: there a mirror mean passes the root of its segment.

    Only for backgrounds > n; below, the edge falls with slope −1. With k = m + 1 the mirror mean r solves
    b − n ln b = (k − n) ln r − k ln k + k, and b > n is Lambert's W on its lower branch.
    """
    start = max(background, float(n))
    stop = start + WINDOW[0] + WINDOW[1] * np.sqrt(start)
    found = []
    for m in range(n + 1, int(stop + 10 * np.sqrt(stop) + 20)):
        peak = float(np.exp((np.log(np.arange(n + 1, m + 1))).mean()))  # where P(n+1 ≤ N ≤ m) is largest
        if _between(n + 1, m, peak) <= level:
            continue
        root = _root(n + 1, m, level, peak, m + 40 * np.sqrt(m) + 40)
        k = m + 1
        right = (k - n) * np.log(root) - k * np.log(k) + k
        b = right if n == 0 else float(-n * lambertw(-np.exp(-right / n) / n, -1).real)
        if start < b < min(stop, k):
            found.append(b)
    return np.array(found)


@lru_cache(maxsize=4096)
def poisson_interval(n: int, background: float, level: float, monotone: bool = True) -> tuple[float, float]:
    """Both edges of the signal mean for n events over a known background.

    `monotone` raises the upper edge to the largest one of any larger background, so that more background never gives a higher
    limit (physics/9711021 §IV.B, as in its tables); without it the construction stands as it is. Below a level of 0.62 a count may
    be accepted by no strength at all: both edges are then 0.

    Raises:
        InputError: a count that is no integer ≥ 0, a background that is not ≥ 0, a level outside (0, 1).
    """
    require_level(level)
    if n != int(n) or n < 0:
        raise InputError(f"observed = {n!r}: an integer count ≥ 0 is needed")
    if not (np.isfinite(background) and background >= 0):
        raise InputError(f"background = {background!r}: a finite number ≥ 0 is needed")
    n = int(n)
    high = _upper_mean(n, background, level) - background
    # For backgrounds ≥ n the reach falls as they rise: often no jump can bring the edge back up to where it is.
    start = max(float(n), background)
    if monotone and high < _reach(n, start, level, start, 1) - start:
        for b in _jumps(n, background, level):
            just_above = b * (1 + 1e-12)
            high = max(high, _upper_mean(n, just_above, level) - just_above)
    return float(_lower_mean(n, background, level) - background), float(high)


def sensitivity(background: float, level: float, monotone: bool = True) -> float:
    """Mean upper edge of background-only experiments (physics/9711021 §VI), the counts' weights summed to 1e-9.

    Raises:
        InputError: as `poisson_interval`.
    """
    require_level(level)
    if not (np.isfinite(background) and background >= 0):
        raise InputError(f"background = {background!r}: a finite number ≥ 0 is needed")
    counts = np.arange(int(poisson.isf(1e-10, background)) + 1)
    edges = np.array([poisson_interval(int(n), background, level, monotone)[1] for n in counts])
    return float(poisson.pmf(counts, background) @ edges)


def feldman_cousins(likelihood: Likelihood, level: float, *, monotone: bool = True) -> Interval:
    """The unified interval of a single count with known signal and background.

    Raises:
        InputError: several bins, nuisance parameters, a count that is no integer, a level outside (0, 1).
    """
    require_level(level)
    name, bins = likelihood.name, len(likelihood.counts)
    free = sum(not p.fixed for p in likelihood.parameters[1:])
    if not is_single_count(likelihood) or free:
        raise InputError(
            f"{name}: {bins} bins, {free} nuisance parameters: Feldman–Cousins needs one count without any; use 'profile'"
        )
    signal, background, count = likelihood.nominal_signal, _background(likelihood), float(likelihood.counts[0])
    if count != int(count):
        raise InputError(f"{name}: observed = {count}: Feldman–Cousins needs an integer count")
    correction = "upper edge non-increasing in b" if monotone else "plain construction, no correction in b"
    definition = f"Feldman–Cousins, Poisson with known background, {correction} (physics/9711021)"
    if signal <= 0:
        return Interval(0.0, None, 0.0, level, "feldman-cousins", definition, "insensitive")
    low, high = (edge / signal for edge in poisson_interval(int(count), background, level, monotone))
    best = max(0.0, count - background) / signal
    empty = () if high > 0 else (f"no strength accepts {count:g} events at level {level:g}: the interval is empty",)
    return Interval(low, high, best, level, "feldman-cousins", definition, "partial" if empty else "ok", empty)


def _background(likelihood: Likelihood) -> float:
    theta = np.array([p.init for p in likelihood.parameters])
    return float(likelihood.asimov(np.concatenate([[0.0], theta[1:]]))[0])


def gaussian_interval(x: float, sigma: float, level: float) -> Interval:
    """The unified interval of a mean ≥ 0 measured as x with Gaussian error sigma (physics/9711021 §IV.A, Table X).

    Raises:
        InputError: a number that is not finite, an error that is not > 0, a level outside (0, 1).
    """
    require_level(level)
    if not np.isfinite(x):
        raise InputError(f"x = {x!r}: a finite number is needed")
    if not (np.isfinite(sigma) and sigma > 0):
        raise InputError(f"sigma = {sigma!r}: a finite number > 0 is needed")
    at = x / sigma

    def above(mean: float) -> float:
        """Probability of the values likelier than x, x below the mean: from x to its mirror."""
        distance = mean - at if at >= 0 else np.sqrt(mean * mean - 2 * at * mean)
        return float(ndtr(distance) - ndtr(at - mean))

    def below(mean: float) -> float:
        """The same for x above the mean; the mirror is negative where the mean is below x/2."""
        mirror = 2 * mean - at if 2 * mean >= at else at - at * at / (2 * mean)
        return float(ndtr(at - mean) - ndtr(mirror - mean))

    best = max(at, 0.0)
    high = best + falling_zero(lambda t: level - above(best + t), 1.0)
    low = falling_zero(lambda mean: below(mean) - level, best) if ndtr(at) > level else 0.0
    definition = "Feldman–Cousins, Gaussian with mean ≥ 0 (physics/9711021 §IV.A)"
    return Interval(low * sigma, high * sigma, best * sigma, level, "feldman-cousins", definition, "ok")
