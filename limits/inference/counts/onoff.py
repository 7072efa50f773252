"""On/off (sideband) significance and the tails of the normal distribution, right to the last digits far out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from scipy.special import betainc, gammaln, log_ndtr, ndtr, ndtri, ndtri_exp

from limits import kernel
from limits.errors import InputError, unknown
from limits.inference.results import finite

TINY_P: Final = 1e-280
"""Below this p-values are handled by their logarithm only."""


@dataclass(frozen=True)
class OnOff:
    """`significance` in standard deviations (negative for a deficit, None where unbounded), `p_value` and its logarithm, one-sided."""

    significance: float | None
    p_value: float
    log_p_value: float
    excess: float
    method: str
    definition: str

    def to_json(self) -> dict[str, Any]:
        """Fields as plain JSON values."""
        return asdict(self)


def p_from_significance(z: float) -> float:
    """One-sided p-value Φ(−z) of z standard deviations, to 1e-12 relative (1 − Φ(z) has no digits left beyond z = 8).

    Raises:
        InputError: z is not a number.
    """
    if np.isnan(z):
        raise InputError(f"significance = {z!r}: a number is needed")
    return float(ndtr(-z))


def significance_from_p(p: float) -> float:
    """z with Φ(−z) = p, one-sided; −∞ at p = 1, ∞ at p = 0.

    Raises:
        InputError: p outside [0, 1].
    """
    if not 0 <= p <= 1:
        raise InputError(f"p-value = {p!r}: a number between 0 and 1 is needed")
    return float(-ndtri(p))


def _log_betainc(a: float, b: float, x: float) -> float:
    """ln I_x(a, b) where it is tiny, by a series of positive terms (NIST DLMF 8.17.8 with 15.2.1)."""
    term, total, k = 1.0, 1.0, 0
    while term > 1e-17 * total:
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    log_beta = gammaln(a) + gammaln(b) - gammaln(a + b)
    return float(a * np.log(x) + b * np.log1p(-x) - np.log(a) - log_beta + np.log(total))


def _z_bi(n_on: float, n_off: float, tau: float) -> tuple[float, float, float]:
    if n_on == 0:
        return -np.inf, 1.0, 0.0
    share = 1 / (1 + tau)
    p = float(betainc(n_on, n_off + 1, share))
    if p > 0.5:  # the complement has the digits
        rest = float(betainc(n_off + 1, n_on, tau / (1 + tau)))
        return float(ndtri(rest)), p, float(np.log1p(-rest))
    log_p = float(np.log(p)) if p > TINY_P else _log_betainc(n_on, n_off + 1, share)
    return float(-ndtri_exp(log_p)), p, log_p


def _li_ma(n_on: float, n_off: float, tau: float) -> tuple[float, float, float]:
    total = n_on + n_off
    expected, seen = np.array([total / (1 + tau), total * tau / (1 + tau)]), np.array([n_on, n_off])
    size = float(np.sqrt(max(0.0, 2 * kernel.poisson_cost(expected, seen).sum())))
    z = size if n_on * tau >= n_off else -size
    return z, float(ndtr(-z)), float(log_ndtr(-z))


ONOFF_METHODS: Final[Mapping[str, tuple[Callable[[float, float, float], tuple[float, float, float]], str]]] = (
    MappingProxyType(
        {
            "z-bi": (
                _z_bi,
                "exact binomial test of n_on in n_on + n_off at 1/(1 + τ) (Cousins, Linnemann, Tucker, physics/0702156)",
            ),
            "li-ma": (
                _li_ma,
                "√(2Δ ln L) of on and off counts, background profiled, asymptotic (Li, Ma, ApJ 272, 317 (1983), Eq. 17)",
            ),
        }
    )
)
"""Every on/off significance by name: function (n_on, n_off, τ) → z, p, ln p, and its definition."""


def on_off(n_on: float, n_off: float, tau: float, method: str = "z-bi") -> OnOff:
    """Significance of n_on events where a background region expecting `tau` times as much background has n_off.

    Raises:
        UnknownName: no such method.
        InputError: a negative or infinite count, or a ratio that is not > 0.
    """
    if method not in ONOFF_METHODS:
        raise unknown("on/off method", method, ONOFF_METHODS)
    for key, value in (("n_on", n_on), ("n_off", n_off)):
        if not (np.isfinite(value) and value >= 0):
            raise InputError(f"on/off: {key} = {value!r}: a finite count ≥ 0 is needed")
    if not (np.isfinite(tau) and tau > 0):
        raise InputError(f"on/off: tau = {tau!r}: a finite number > 0 is needed")
    function, definition = ONOFF_METHODS[method]
    z, p, log_p = function(float(n_on), float(n_off), float(tau))
    return OnOff(finite(z), p, log_p, n_on - n_off / tau, method, definition)
