"""The same likelihood in plain NumPy, with logarithms and no tricks: what the kernels are checked against."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm


class Reference:
    """NLL = integral·θ − Σ counts·ln(θ·rows)."""

    def __init__(self, rows, counts, integral) -> None:
        self.rows, self.counts, self.integral = rows, counts, integral

    def nll(self, theta) -> float:
        rate = theta @ self.rows
        return float(self.integral @ theta - self.counts @ np.log(rate)) if np.all(rate > 0) else np.inf

    def gradient(self, theta):
        return self.integral - self.rows @ (self.counts / (theta @ self.rows))

    def hessian(self, theta):
        return (self.rows * (self.counts / (theta @ self.rows) ** 2)) @ self.rows.T

    def above(self, theta, other) -> float:
        """NLL(theta) − NLL(other), digits kept."""
        change = (theta - other) @ self.rows / (other @ self.rows)
        return float(self.integral @ (theta - other) - self.counts @ np.log1p(change))

    def fit(self, theta, skip: int = 0):
        theta = np.array(theta, dtype=float)
        for _ in range(100):
            g, h = self.gradient(theta)[skip:], self.hessian(theta)[skip:, skip:]
            step = np.zeros_like(theta)
            step[skip:] = -np.linalg.solve(h, g)
            size = 1.0
            while not self.nll(theta + size * step) <= self.nll(theta) + 1e-9:
                size /= 2
            theta = theta + size * step
            if -g @ step[skip:] < 1e-18:
                break
        return theta

    def profile(self, best, strengths):
        out = []
        for s in strengths:
            start = best.copy()
            start[0], start[1] = s, max(best[1] - (s - best[0]), 1.0)
            out.append(self.above(self.fit(start, 1), best))
        return np.array(out)


def bayes_limit(q, low, high, level) -> float:
    """Flat prior on strength ≥ 0, from the profile curve as a function."""
    nodes, weights = np.polynomial.legendre.leggauss(60)

    def area(a, b):
        return (weights @ np.exp(-q((a + b) / 2 + (b - a) / 2 * nodes))) * (b - a) / 2

    total = area(low, (low + high) / 2) + area((low + high) / 2, high)
    return brentq(lambda s: area(s, high) / total - (1 - level), low, high, xtol=1e-9, rtol=1e-13)


def cls_limit(q, asimov, best, high, level) -> float:
    """q̃ of G. Cowan et al., EPJC 71 (2011) 1554, eqs. 62–66; q, asimov: NLL above its minimum, as functions."""

    def cls(s):
        t = 2 * (q(s) - (q(0.0) if best < 0 else 0.0))
        a = 2 * asimov(s)
        if t <= a:
            return norm.sf(np.sqrt(max(t, 0))) / norm.sf(np.sqrt(max(t, 0)) - np.sqrt(a))
        return norm.sf((t + a) / (2 * np.sqrt(a))) / norm.sf((t - a) / (2 * np.sqrt(a)))

    low = max(best, 0.0) + 0.01 * (high - max(best, 0.0))
    return brentq(lambda s: cls(s) - (1 - level), low, high, xtol=1e-9, rtol=1e-13)
