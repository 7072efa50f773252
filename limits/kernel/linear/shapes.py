"""Shapes as arrays: Chebyshev polynomials with their integrals, and signal densities normalised on a window.

Mass, window edges and widths in one unit (GeV or MeV); densities per that unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.special import erf

from limits.kernel.quadrature import gauss_legendre
from limits.kernel.rates import Array


class Signal(Protocol):
    """A density with unit integral over its window."""

    @property
    def window(self) -> tuple[float, float]:
        """Lower and upper edge."""

    def density(self, x: Array) -> Array:
        """Value at x (N,), inside the window."""

    def integrals(self, edges: Array) -> Array:
        """Integral over each bin, (B,) for ascending edges (B + 1,) inside the window."""


def chebyshev(x: Array, window: tuple[float, float], order: int, out: Array | None = None) -> Array:
    """T_k(t)/width, k = 0…order, (order + 1, N), where t in [−1, 1] runs over the window: T_0 has unit integral."""
    low, high = window
    t = x - (low + high) / 2
    t *= 2 / (high - low)
    rows = np.empty((order + 1, len(x))) if out is None else out
    rows[0] = 1 / (high - low)
    if order > 0:
        np.multiply(t, 1 / (high - low), out=rows[1])
    t *= 2
    for k in range(2, order + 1):
        np.multiply(rows[k - 1], t, out=rows[k])
        rows[k] -= rows[k - 2]
    return rows


def chebyshev_integrals(edges: Array, window: tuple[float, float], order: int) -> Array:
    """Integrals of the same over bins, (order + 1, B) for edges (B + 1,): ∫T_k = T_{k+1}/(2k + 2) − T_{k−1}/(2k − 2)."""
    width = window[1] - window[0]
    t = chebyshev(edges, window, order + 1) * width
    rows = [np.diff(t[1]) / 2]
    if order > 0:
        rows.append(np.diff(t[1] ** 2) / 4)
    rows += [np.diff(t[k + 1] / (k + 1) - t[k - 1] / (k - 1)) / 4 for k in range(2, order + 1)]
    return np.stack(rows)


def _side(z: float, alpha: float, n: float) -> float:
    """∫ from the mean to z ≥ 0 of one side of a Crystal Ball, in units of σ: for one number much quicker than with arrays."""
    area = math.sqrt(math.pi / 2) * math.erf(min(z, alpha) / math.sqrt(2))
    if z > alpha:
        height = math.exp(-0.5 * alpha * alpha) * n / alpha
        log_base = math.log1p((z - alpha) * alpha / n)
        area += height * (log_base if abs(n - 1) < 1e-9 else -math.expm1((1 - n) * log_base) / (n - 1))
    return area


@dataclass(frozen=True)
class CrystalBall:
    """Two-sided Crystal Ball: Gaussian core (`mean`, `sigma`), power-law tails beyond `alpha_*` σ with exponent `n_*`.

    J. E. Gaiser, SLAC-R-255 (1982), appendix F, with a tail on either side. Both exponents above 1 or at 1 itself are
    integrated analytically.
    """

    window: tuple[float, float]
    mean: float
    sigma: float
    alpha_low: float
    n_low: float
    alpha_high: float
    n_high: float

    def __post_init__(self) -> None:
        if not min(self.sigma, self.alpha_low, self.n_low, self.alpha_high, self.n_high) > 0:
            raise ValueError("CrystalBall: sigma, alpha and n must be positive")
        if not self.window[0] <= self.mean <= self.window[1]:
            # The area of a far tail alone would be a difference of two numbers near one.
            raise ValueError(f"CrystalBall: mean = {self.mean!r}: outside the window {self.window!r}")

    def _shape(self, x: Array) -> Array:
        """Without a branch: the core up to where a tail begins, times the tails, which are one before."""
        z = x - self.mean
        z *= 1 / self.sigma
        core = np.minimum(np.maximum(z, -self.alpha_low), self.alpha_high)
        low = np.minimum(z + self.alpha_low, 0)
        low *= -self.alpha_low / self.n_low
        z -= self.alpha_high
        high = np.maximum(z, 0, out=z)
        high *= self.alpha_high / self.n_high
        core *= core
        core *= -0.5
        for gap, n in ((low, self.n_low), (high, self.n_high)):
            tail = np.log(np.add(gap, 1, out=gap), out=gap)
            core -= np.multiply(tail, n, out=gap)
        return np.asarray(np.exp(core, out=core))

    def _tail(self, z: Array, alpha: float, n: float) -> Array:
        """∫ from alpha to z of one tail, z ≥ alpha, in units of σ."""
        height = np.exp(-0.5 * alpha * alpha) * n / alpha
        log_base = np.log1p(np.maximum(z - alpha, 0) * alpha / n)
        if abs(n - 1) < 1e-9:
            return np.asarray(height * log_base)
        return np.asarray(height * -np.expm1((1 - n) * log_base) / (n - 1))

    def _primitive(self, x: Array) -> Array:
        """Integral from the mean to x."""
        z = (x - self.mean) / self.sigma
        core = np.clip(z, -self.alpha_low, self.alpha_high)
        area = np.sqrt(np.pi / 2) * erf(core / np.sqrt(2))
        area = area + np.where(z > self.alpha_high, self._tail(z, self.alpha_high, self.n_high), 0)
        area = area - np.where(z < -self.alpha_low, self._tail(-z, self.alpha_low, self.n_low), 0)
        return np.asarray(area * self.sigma)

    @cached_property
    def norm(self) -> float:
        """Integral of the shape, which is 1 at the mean, over the window."""
        low, high = ((edge - self.mean) / self.sigma for edge in self.window)
        return self.sigma * (_side(high, self.alpha_high, self.n_high) + _side(-low, self.alpha_low, self.n_low))

    def density(self, x: Array) -> Array:
        """Value at x (N,), inside the window."""
        return np.asarray(self._shape(x) / self.norm)

    def integrals(self, edges: Array) -> Array:
        """Integral over each bin."""
        return np.diff(self._primitive(edges)) / self.norm


@dataclass(frozen=True)
class Cruijff:
    """Gaussian with widths and tails that differ left and right: exp(−δ²/(2σ² + αδ²)), δ = x − mean.

    P. del Amo Sanchez et al. (BaBar), PRD 82, 051101 (2010). No primitive is known: Gauss–Legendre panels narrower than
    σ/2, which is exact to 1e-12.
    """

    window: tuple[float, float]
    mean: float
    sigma_low: float
    sigma_high: float
    tail_low: float
    tail_high: float

    def __post_init__(self) -> None:
        if not min(self.sigma_low, self.sigma_high) > 0 or min(self.tail_low, self.tail_high) < 0:
            raise ValueError("Cruijff: sigma must be positive and tails not negative")

    def _shape(self, x: Array) -> Array:
        d = x - self.mean
        square = d * d
        left = d < 0
        width = np.where(left, 2 * self.sigma_low**2, 2 * self.sigma_high**2)
        width += np.where(left, self.tail_low, self.tail_high) * square
        return np.exp(-square / width)

    def _areas(self, edges: Array) -> Array:
        """∫ over each bin; the mean, where the curvature jumps, is made an edge."""
        narrow = min(self.sigma_low, self.sigma_high)
        cuts = np.union1d(edges, np.clip(self.mean, edges[0], edges[-1]))
        panels = np.maximum(1, np.ceil(np.diff(cuts) / (0.5 * narrow))).astype(int)
        step = np.repeat(np.diff(cuts) / panels, panels)
        nodes, weights = gauss_legendre(16 if step.max() > 0.05 * narrow else 5)
        start = np.concatenate([[cuts[0]], cuts[0] + np.cumsum(step)[:-1]])
        x = start[:, None] + step[:, None] * (nodes + 1) / 2
        area = (self._shape(x.ravel()).reshape(x.shape) @ weights) * step / 2
        owner = np.searchsorted(edges, start + step / 2, side="right") - 1
        return np.bincount(owner, weights=area, minlength=len(edges) - 1).astype(np.float64)

    @cached_property
    def norm(self) -> float:
        """Integral of the shape, which is 1 at the mean, over the window."""
        return float(self._areas(np.array(self.window))[0])

    def density(self, x: Array) -> Array:
        """Value at x (N,), inside the window."""
        return np.asarray(self._shape(x) / self.norm)

    def integrals(self, edges: Array) -> Array:
        """Integral over each bin."""
        return np.asarray(self._areas(edges) / self.norm)
