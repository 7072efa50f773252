"""A signal of fixed shape on a Chebyshev background, unbinned: the likelihood of a bump hunt in one mass window.

    λ(x) = strength · signal_events · S(x) + Σ_k c_k T_k(x)/width

Linear in its parameters, hence convex, with exact derivatives. Whole mass scans are faster with the compiled `limits.kernel.linear`,
whose windows are the same model; this one serves every method of inference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from limits.errors import InputError
from limits.kernel.linear.shapes import Signal, chebyshev
from limits.likelihood import Array, Parameter
from limits.likelihood.unbinned import PANELS, UnbinnedLikelihood

SPARSE: Final = 100
"""Below so many events a polynomial background becomes negative somewhere in a good part of the fits."""

WALL: Final = 2e-4
"""Log barrier per node in sparse windows: a tenth of an event in all."""


@dataclass(frozen=True, eq=False)
class LinearIntensity:
    """λ = θ · rows(x): the signal first, then Chebyshev polynomials up to `order`, the first of which has unit integral."""

    signal: Signal
    order: int
    signal_events: float = 1.0

    def _rows(self, x: Array) -> Array:
        return np.concatenate(
            [self.signal_events * self.signal.density(x)[None], chebyshev(x, self.signal.window, self.order)]
        )

    @property
    def _integrals(self) -> Array:
        """∫ of each row: that of T_k is 1/(1 − k²) of the width for even k."""
        k = np.arange(self.order + 1)
        polynomials = np.where(k % 2, 0.0, 1 / np.where(k % 2, 1, 1 - k * k))
        return np.concatenate([[self.signal_events], polynomials])

    def density(self, x: Array, theta: Array) -> Array:
        """λ at x (N,) for theta (P,), (N,)."""
        return np.asarray(theta @ self._rows(x))

    def cost(self, x: Array, weights: Array, theta: Array) -> tuple[float, Array, Array]:
        """∫λ − Σ wᵢ ln λ(xᵢ), its gradient (P,) and Hessian (P, P); ∞ where λ is not positive at a point of weight > 0."""
        rows, integrals = self._rows(x), self._integrals
        rate = theta @ rows
        if np.any(rate <= 0):
            return np.inf, np.zeros_like(theta), np.eye(len(theta))
        scaled = rows / rate
        value = float(integrals @ theta - weights @ np.log(rate))
        return value, integrals - scaled @ weights, (scaled * weights) @ scaled.T


def bump(
    events: Array,
    signal: Signal,
    order: int,
    *,
    signal_events: float = 1.0,
    name: str = "spectrum",
    panels: int = PANELS,
    barrier: float | None = None,
    may_be_empty: bool = False,
) -> UnbinnedLikelihood:
    """The likelihood of `events` (N,) inside the window of `signal`, on a background of that polynomial order.

    Strength 1 is `signal_events` events in the window. A polynomial between few events becomes negative: below 100 of them a log
    `barrier` of a tenth of an event in all keeps it positive unless another (per node) is given (0: none; such fits then count as failed).

    Raises:
        InputError: an order below 0, events outside the window, or none at all unless it `may_be_empty`: one category of several.
    """
    if order < 0:
        raise InputError(f"{name}: order = {order!r}: a polynomial order ≥ 0 is needed")
    if not len(events) and not may_be_empty:
        raise InputError(
            f"{name}: no events in the window {signal.window[0]:g}…{signal.window[1]:g}: nothing to fit a background to"
        )
    background = [Parameter(f"c{k}", max(float(len(events)), 0.1) if k == 0 else 0.0) for k in range(order + 1)]
    strength = Parameter("strength", 0.0)
    model = LinearIntensity(signal, order, signal_events)
    wall = barrier if barrier is not None else WALL if len(events) < SPARSE else 0.0
    return UnbinnedLikelihood(
        model, (strength, *background), np.asarray(events, float), signal.window, name, panels, wall
    )
