"""Fits of one window, free and at a fixed strength, and their profile curves."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np

from limits.errors import InputError
from limits.kernel import solve
from limits.kernel.linear import curve as curves
from limits.kernel.linear import evaluate, newton
from limits.kernel.linear.results import Curve, Fit, Profile, Status
from limits.kernel.linear.window import Window
from limits.kernel.quadrature import gauss_legendre
from limits.kernel.rates import Array

TOLERANCE: Final = 1e-7
"""ℓ² (over the smallest count) at which one more Newton step is the last."""

SMALLEST: Final = 1e-6
"""With counts between 0 and this there is no certificate."""

NEAR: Final = 3e-4
"""½ℓ² at which a step with the expected information is the last of them: what it leaves is some 1e-4 of that."""

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
    theta, rate, gradient, step = np.zeros(size), np.empty_like(window.counts), np.empty(size), np.empty(size)
    hessian, root = np.empty((size, size)), np.zeros((size, size))
    if start is not None:
        theta[:] = start
    theta[0] = theta[0] if strength is None else strength
    skip = solve.FREE if strength is None else solve.FIXED
    if start is None:
        _approach(window, skip, theta, rate, gradient, hessian, root)
    else:
        evaluate.both(*data, theta, rate, gradient, hessian)
        solve.cholesky(hessian, skip, root)
    smallest = min(window.smallest, 1.0)
    goal = TOLERANCE * max(smallest, SMALLEST)
    code, left, evaluations, _ = newton.minimise(
        *data, root, skip, NEAR, newton.POLISH, goal, theta, rate, gradient, step, hessian, root.copy()
    )
    lowest = _lowest(window, theta)
    status = Status.NEGATIVE if code == newton.CONVERGED and not lowest > 0 else Status(code)
    sigma, excess = 0.0, np.inf
    if status is Status.CONVERGED:
        if skip == 0:
            solve.cholesky(hessian, skip, root)
            step[0] = 1.0
            sigma = math.sqrt(solve.solve(root, skip, step, gradient))
        excess = newton.bound(2 * left, smallest) if smallest >= SMALLEST else np.inf
    else:
        theta, hessian, sigma = np.full(size, np.nan), np.full((size, size), np.nan), np.nan
    # The start was one evaluation.
    count = evaluations + 1
    return Fit(theta, sigma, hessian, status, excess, lowest, count, window.sparse, window.barrier, rate, window)


def _approach(
    window: Window, skip: int, theta: Array, rate: Array, gradient: Array, hessian: Array, root: Array
) -> None:
    """One step from a flat background with the information expected there; fills `root` with the factor of that expected next.

    That information is a sum over the lattice, a fraction of the data, and contracts as their statistical error allows. The
    fit starts at a flat background again where theta or root turn out to be useless.
    """
    step = np.empty_like(theta)
    newton.flat(window.rows, window.counts, window.integral, theta)
    if _expect(window, skip, theta, hessian, root):
        evaluate.slope(window.rows, window.counts, window.integral, theta, rate, gradient)
        solve.solve(root, skip, gradient, step)
        theta -= step
        if _expect(window, skip, theta, hessian, root):
            return
    newton.flat(window.rows, window.counts, window.integral, theta)
    root[:] = np.eye(len(theta))


def _expect(window: Window, skip: int, theta: Array, hessian: Array, root: Array) -> bool:
    """Factor of the expected information at theta; False where the intensity is not positive."""
    there, work = theta @ window.grid, np.empty_like(theta)
    bad = evaluate.both(window.grid, there * window.weights, window.integral, theta, there, work, hessian)
    return bad == 0.0 and solve.cholesky(hessian, skip, root)


def _lowest(window: Window, theta: Array) -> float:
    """Smallest intensity on the lattice in units of its mean."""
    per_unit = theta @ window.grid
    return float(per_unit.min() * len(per_unit) / per_unit.sum()) if math.isfinite(theta.sum()) else np.nan


def profile_at(window: Window, best: Fit, strengths: Array, tolerance: float = CURVE_TOLERANCE) -> Profile:
    """NLL above its minimum at ascending `strengths` (M,), and the background at the one that is reached last."""
    q, theta = np.empty(len(strengths)), np.empty_like(best.theta)
    code, count = curves.trace(
        window.rows,
        window.counts,
        window.integral,
        tolerance,
        best.theta,
        best.rate,
        best.hessian,
        strengths,
        theta,
        q,
    )
    return Profile(q, theta, Status(code), count)


def curve(window: Window, best: Fit, low: float, high: float, nodes: int = NODES) -> Curve:
    """The profile curve of a converged free fit on [low, high]."""
    at, matrix = lattice(nodes)
    found = profile_at(window, best, low + 0.5 * (high - low) * (at + 1.0))
    poly = matrix @ found.q if found.status is Status.CONVERGED else np.full(nodes, np.nan)
    return Curve(poly, low, high, best.strength, best.sigma, found.status, found.evaluations)


def asimov_curve(window: Window, background: Array) -> Curve:
    """The curve of the Asimov data of `background` (P,; strength 0) on [0, 9σ]: the minimum needs no fit."""
    data = window.asimov(background)
    rate, size = np.empty_like(data.counts), len(background)
    hessian, root, work = np.empty((size, size)), np.zeros((size, size)), np.empty(size)
    bad = evaluate.both(data.rows, data.counts, data.integral, background, rate, work, hessian)
    if bad == 0 and solve.cholesky(hessian, solve.FREE, root):
        sigma = float(np.sqrt(solve.solve(root, solve.FREE, np.eye(size)[0], work)))
        if data.barrier > 0:
            best = fit(data, start=background)
        else:
            best = Fit(background, sigma, hessian, Status.CONVERGED, 0.0, 1.0, 1, False, 0.0, rate, data)
        if best.status is Status.CONVERGED:
            return curve(data, best, min(0.0, best.strength), best.strength + ASIMOV_REACH * sigma, ASIMOV_NODES)
    return Curve(np.full(ASIMOV_NODES, np.nan), 0.0, np.nan, 0.0, np.nan, Status.NOT_POSITIVE_DEFINITE, 1)
