"""Kinematic fit of photons to the four-momentum of the beams (4C): least squares with Lagrange multipliers, linearised, iterated.

Minimise Σ (y − η)²/σ² over the fitted η with f(η) = Σp − P = 0. With B = ∂f/∂η at the last η, r = f + B (y − η) and S = B V Bᵀ,
the next is η = y − V Bᵀ S⁻¹ r, and χ² = rᵀ S⁻¹ r. All events at once, the 4 × 4 systems by Cholesky factors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diphoton.detector import Measured
from diphoton.photons import Array, Photons, collision_energy

ITERATIONS = 8
ENOUGH = 1e-10
"""Iterations stop where four-momentum is conserved to this, GeV."""

WORST = 0.02
"""Steps are kept above this energy, GeV, and this angle to the beam: only events far outside any cut get there."""


class Fitted(NamedTuple):
    """Fitted photons, χ² (events), and the largest component of the missing four-momentum (events), GeV."""

    photons: Photons
    chi2: Array
    missing: Array


def fit(measured: Measured) -> Fitted:
    """Fit all events."""
    start = np.stack(measured.photons)
    variance = np.stack(measured.errors) ** 2
    now = start.copy()
    chi2 = np.zeros(start.shape[-1])
    for _ in range(ITERATIONS):
        rows, excess = _derivatives(now)
        if np.max(np.abs(excess), initial=0) < ENOUGH:
            break
        scaled = rows * variance
        residual = excess + np.einsum("ckpn,kpn->cn", rows, start - now)
        multipliers = _solve(np.einsum("ckpn,dkpn->cdn", scaled, rows), residual)
        chi2 = np.sum(residual * multipliers, axis=0)
        now = start - np.einsum("ckpn,cn->kpn", scaled, multipliers)
        now[0] = np.maximum(now[0], WORST / 4)
        now[1] = np.clip(now[1], WORST, np.pi - WORST)
    return Fitted(Photons(*now), chi2, np.max(np.abs(_derivatives(now)[1]), axis=0))


def _derivatives(now: Array) -> tuple[Array, Array]:
    """∂f/∂(E, θ, φ) of each photon, (4, 3, photons, events), and f, (4, events); components E, px, py, pz."""
    energy, theta, phi = now
    sine, cosine, right, up = np.sin(theta), np.cos(theta), np.cos(phi), np.sin(phi)
    zero = np.zeros_like(energy)
    direction = np.stack([np.ones_like(energy), sine * right, sine * up, cosine])
    polar = energy * np.stack([zero, cosine * right, cosine * up, -sine])
    around = energy * sine * np.stack([zero, -up, right, zero])
    excess = np.sum(energy * direction, axis=1)
    excess[0] -= collision_energy()
    return np.stack([direction, polar, around], axis=1), excess


def _solve(matrix: Array, right: Array) -> Array:
    """The solutions of positive definite systems, (n, n, events) and (n, events)."""
    size = len(right)
    lower = np.zeros_like(matrix)
    for j in range(size):
        lower[j, j] = np.sqrt(matrix[j, j] - np.sum(lower[j, :j] ** 2, axis=0))
        for i in range(j + 1, size):
            lower[i, j] = (matrix[i, j] - np.sum(lower[i, :j] * lower[j, :j], axis=0)) / lower[j, j]
    x = right.copy()
    for i in range(size):
        x[i] = (x[i] - np.sum(lower[i, :i] * x[:i], axis=0)) / lower[i, i]
    for i in reversed(range(size)):
        x[i] = (x[i] - np.sum(lower[i + 1 :, i] * x[i + 1 :], axis=0)) / lower[i, i]
    return x
