"""Fits of one window, free and at a fixed strength, and their profile curves."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from limits.errors import InputError
from limits.kernel import solve
from limits.kernel.linear import curve as profile
from limits.kernel.linear import evaluate, newton
from limits.kernel.linear.results import Curve, Fit, Status
from limits.kernel.linear.window import Window
from limits.kernel.quadrature import gauss_legendre
from limits.kernel.rates import Array

TOLERANCE: Final = 1e-7
"""ℓ² (over the smallest count) at which one more Newton step is the last."""

SMALLEST: Final = 1e-6
"""With counts between 0 and this there is no certificate."""

CURVE_TOLERANCE: Final = 1e-7
"""½gᵀH⁻¹g of the background at a node of the curve; q is right to a few per cent of it."""

NODES: Final = 7
ASIMOV_NODES: Final = 11
ASIMOV_REACH: Final = 9.0
"""The Asimov curve runs to so many σ."""


@lru_cache(maxsize=16)
def lattice(nodes: int) -> tuple[Array, Array]:
    """Chebyshev–Lobatto nodes, ascending (M,), and the matrix (M, M) from values there to coefficients of powers."""
    if nodes < 3:
        raise InputError(f"a profile curve needs at least 3 nodes, not {nodes}")
    u = -np.cos(np.pi * np.arange(nodes) / (nodes - 1))
    return u, np.ascontiguousarray(np.linalg.inv(np.vander(u, increasing=True)))


@lru_cache(maxsize=4)
def rules(nodes: int = 24) -> Array:
    """Quadratures (5, 2, G): Legendre with G and 8 nodes, Hermite with G and 12, Legendre with 16; padded with zeros."""
    out = np.zeros((5, 2, nodes))
    out[0] = gauss_legendre(nodes)
    out[1, :, :8] = gauss_legendre(8)
    out[2] = np.polynomial.hermite.hermgauss(nodes)
    out[3, :, :12] = np.polynomial.hermite.hermgauss(12)
    out[4, :, :16] = gauss_legendre(16)
    return out


def fit(window: Window, strength: float | None = None, start: Array | None = None) -> Fit:
    """Newton from `start` (P,), or from a flat background; at a fixed `strength` where one is given."""
    size, data = len(window.integral), (window.rows, window.counts, window.integral)
    theta, rate, gradient = np.zeros(size), np.empty_like(window.counts), np.empty(size)
    hessian, root = np.empty((size, size)), np.zeros((size, size))
    if start is not None:
        theta[:] = start
        theta[0] = start[0] if strength is None else strength
    else:
        theta[0] = strength or 0.0
        newton.flat(*data, theta)
    skip, smallest = (0 if strength is None else 1), min(window.smallest, 1.0)
    goal, work = TOLERANCE * max(smallest, SMALLEST), (theta, rate, gradient, hessian, root)
    code, squared, evaluations = newton.newton(*data, skip, goal, *work)
    if code == newton.INFEASIBLE and start is not None:
        newton.flat(*data, theta)
        code, squared, evaluations = newton.newton(*data, skip, goal, *work)
    lowest = _lowest(window, theta)
    status = Status.NEGATIVE if code == newton.CONVERGED and not lowest > 0 else Status(code)
    sigma, excess = 0.0, np.inf
    if status is Status.CONVERGED:
        if skip == 0:
            sigma = float(np.sqrt(solve.solve(root, 0, np.eye(size)[0], gradient)))
        excess = newton.bound(squared, smallest) if smallest >= SMALLEST else np.inf
    else:
        theta, hessian, sigma = np.full(size, np.nan), np.full((size, size), np.nan), np.nan
    return Fit(theta, sigma, hessian, status, excess, lowest, evaluations, window.sparse, window.barrier, rate, window)


def _lowest(window: Window, theta: Array) -> float:
    """Smallest intensity on the lattice in units of its mean."""
    per_unit = theta @ window.grid
    return float(per_unit.min() * len(per_unit) / per_unit.sum()) if np.all(np.isfinite(per_unit)) else np.nan


def curve(window: Window, best: Fit, low: float, high: float, nodes: int = NODES) -> Curve:
    """The profile curve of a converged free fit on [low, high]."""
    at, matrix = lattice(nodes)
    q, data = np.empty(nodes), (window.rows, window.counts, window.integral)
    code, count = profile.trace(
        *data, CURVE_TOLERANCE, best.theta, best.rate, 0.0, best.theta, best.hessian, low, high, at, q
    )
    poly = matrix @ q if code == newton.CONVERGED else np.full(nodes, np.nan)
    return Curve(poly, low, high, best.strength, best.sigma, Status(code), count)


def asimov_curve(window: Window, background: Array) -> Curve:
    """The curve of the Asimov data of `background` (P,; strength 0) on [0, 9σ]: the minimum needs no fit."""
    data = window.asimov(background)
    rate, size = background @ data.rows, len(background)
    hessian, root = np.empty((size, size)), np.zeros((size, size))
    evaluate.curvature(data.rows, data.counts, rate, hessian)
    if np.all(rate > 0) and solve.cholesky(hessian, 0, root):
        sigma = float(np.sqrt(solve.solve(root, 0, np.eye(size)[0], np.empty(size))))
        if data.barrier > 0:
            best = fit(data, start=background)
        else:
            best = Fit(background, sigma, hessian, Status.CONVERGED, 0.0, 1.0, 1, False, 0.0, rate, data)
        if best.status is Status.CONVERGED:
            return curve(data, best, min(0.0, best.strength), best.strength + ASIMOV_REACH * sigma, ASIMOV_NODES)
    return Curve(np.full(ASIMOV_NODES, np.nan), 0.0, np.nan, 0.0, np.nan, Status.NOT_POSITIVE_DEFINITE, 1)
