"""Asymptotic CLs with the test statistics q̃ and q, and the discovery significance (Cowan, Cranmer, Gross, Vitells, 1007.1727)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from limits.inference.results import SIGMAS, PValues, finite
from limits.likelihood import Array, Fit, Likelihood


@dataclass(frozen=True, eq=False)
class Asymptotic:
    """Asymptotic p-values of one likelihood and one data set; fits that do not depend on the strength are done once.

    The Asimov set is background-only with the nuisances at their fit to the data (a-posteriori).
    """

    likelihood: Likelihood
    data: Array
    statistic: Literal["qtilde", "q"] = "qtilde"
    lower: float | None = None
    unconverged: list[float] = field(default_factory=list)
    """Strengths (nan: free) whose fit did not converge; to be read, and cleared, by whoever asks."""

    def _fit(self, data: Array, strength: float | None = None, lower: float = 0.0) -> Fit:
        fit = self.likelihood.fit(data, strength, lower=lower)
        if fit.status != "ok":
            self.unconverged.append(np.nan if strength is None else strength)
        return fit

    @cached_property
    def free(self) -> Fit:
        """Best fit; the strength is kept ≥ `lower`: unless given, 0 for q̃ and unbounded for q."""
        lower = self.lower if self.lower is not None else 0.0 if self.statistic == "qtilde" else -np.inf
        return self._fit(self.data, lower=lower)

    @cached_property
    def background(self) -> Fit:
        """Fit at strength 0."""
        return self._fit(self.data, 0.0)

    @cached_property
    def asimov(self) -> Array:
        """Background-only Asimov data."""
        return self.likelihood.asimov(self.background.theta)

    @cached_property
    def asimov_nll(self) -> float:
        """The minimum for the Asimov data, which sits where they were made."""
        return float(self.likelihood.nll(self.background.theta, self.asimov))

    def q(self, strength: float) -> float:
        """q̃ or q of the observed data: zero where the strength is below the best fit."""
        if strength <= self.free.strength:
            return 0.0
        return max(0.0, 2 * (self._fit(self.data, strength).nll - self.free.nll))

    def q_asimov(self, strength: float) -> float:
        """The same for the Asimov data."""
        return max(0.0, 2 * (self._fit(self.asimov, strength).nll - self.asimov_nll))

    def tails(self, strength: float) -> tuple[float, float]:
        """Standard-normal abscissae x, y with CLsb = Φ(−x) and CLb = Φ(−y)."""
        q, q_asimov = self.q(strength), self.q_asimov(strength)
        root = np.sqrt(q_asimov)
        if self.statistic == "qtilde" and q > q_asimov > 0:
            return float((q + q_asimov) / (2 * root)), float((q - q_asimov) / (2 * root))
        return float(np.sqrt(q)), float(np.sqrt(q) - root)

    def log_cls(self, strength: float) -> float:
        """ln CLs, which keeps its digits where CLs itself underflows."""
        x, y = self.tails(strength)
        return float(log_ndtr(-x) - log_ndtr(-y))

    def p_values(self, strength: float) -> PValues:
        """CLs, CLs+b, CLb and the five expected CLs at one strength."""
        x, y = self.tails(strength)
        root = np.sqrt(self.q_asimov(strength))
        band = tuple(finite(np.exp(log_ndtr(n - root) - log_ndtr(n))) for n in SIGMAS)
        return PValues(float(np.exp(log_ndtr(-x) - log_ndtr(-y))), float(ndtr(-x)), float(ndtr(-y)), band)

    def band_goal(self, sigma: int, alpha: float) -> float:
        """The q of the Asimov data at which the expected CLs of that quantile equals alpha."""
        return float((sigma - ndtri(alpha * ndtr(sigma))) ** 2)


@dataclass(frozen=True)
class Discovery:
    """Local significance in standard deviations and its p-value; `significance` None when background alone is impossible."""

    significance: float | None
    p_value: float
    strength: float
    warnings: tuple[str, ...] = ()


def discovery(likelihood: Likelihood, data: Array | None = None) -> Discovery:
    """Local discovery significance √q₀ (1007.1727 Eq. 12), asymptotic."""
    calculator = Asymptotic(likelihood, likelihood.observed if data is None else data)
    fitted = calculator.free.strength
    q0 = 2 * (calculator.background.nll - calculator.free.nll) if fitted > 0 else 0.0
    z = float(np.sqrt(max(0.0, q0)))
    note = () if np.isfinite(z) else ("events where the background expects none: the significance is unbounded",)
    return Discovery(finite(z), float(ndtr(-z)), fitted, note)
