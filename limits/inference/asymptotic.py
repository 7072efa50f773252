"""Asymptotic CLs with the test statistics q̃ and q, and the discovery significance (Cowan, Cranmer, Gross, Vitells, 1007.1727)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from limits.errors import FitError
from limits.inference.results import SIGMAS, PValues, finite
from limits.likelihood import Array, Fit, Likelihood
from limits.likelihood.binned import BinnedLikelihood, Profile

REACH: Final = 8.0
"""Beyond this many standard deviations Φ is one to the last digit."""


@dataclass(frozen=True, eq=False)
class Asymptotic:
    """Asymptotic p-values of one likelihood and one data set; fits that do not depend on the strength are done once.

    The Asimov set is background-only with the nuisances at their fit to the data (a-posteriori).
    """

    likelihood: Likelihood
    data: Array
    statistic: Literal["qtilde", "q"] = "qtilde"
    divided: bool = True
    lower: float | None = None
    unconverged: list[float] = field(default_factory=list)
    """Strengths (nan: free) whose fit did not converge; to be read, and cleared, by whoever asks."""

    def _fit(self, data: Array, strength: float | None = None, lower: float = 0.0) -> Fit:
        light = self.likelihood.best if isinstance(self.likelihood, BinnedLikelihood) else self.likelihood.fit
        fit = light(data, strength, lower=lower)
        if fit.status != "ok":
            self.unconverged.append(np.nan if strength is None else strength)
        return fit

    @cached_property
    def free(self) -> Fit:
        """Best fit, maybe without covariance; the strength is kept ≥ `lower`: unless given, 0 for q̃ and unbounded for q."""
        lower = self.lower if self.lower is not None else 0.0 if self.statistic == "qtilde" else -np.inf
        return self._fit(self.data, lower=lower)

    @cached_property
    def background(self) -> Fit:
        """Fit at strength 0, maybe without covariance."""
        return self._fit(self.data, 0.0)

    @cached_property
    def asimov(self) -> Array:
        """Background-only Asimov data."""
        return self.likelihood.asimov(self.background.theta)

    @cached_property
    def asimov_nll(self) -> float:
        """The minimum for the Asimov data, which sits where they were made."""
        return float(self.likelihood.nll(self.background.theta, self.asimov))

    @cached_property
    def _profiles(self) -> tuple[Profile, Profile] | None:
        """Of the observed and of the Asimov data, where the likelihood has a light way to compute them."""
        if not isinstance(self.likelihood, BinnedLikelihood):
            return None
        return self.likelihood.profile(self.data), self.likelihood.profile(self.asimov)

    def _nll(self, which: int, strength: float) -> float:
        """−log L of the observed (0) or the Asimov data (1), nuisances profiled."""
        if self._profiles is None:
            return self._fit(self.asimov if which else self.data, strength).nll
        nll, converged = self._profiles[which].at(strength)
        if not converged:
            self.unconverged.append(strength)
        return nll

    def q(self, strength: float) -> float:
        """q̃ or q of the observed data: zero where the strength is below the best fit."""
        if strength <= self.free.strength:
            return 0.0
        return max(0.0, 2 * (self._nll(0, strength) - self.free.nll))

    def q_asimov(self, strength: float) -> float:
        """The same for the Asimov data."""
        return max(0.0, 2 * (self._nll(1, strength) - self.asimov_nll))

    def tails(self, strength: float) -> tuple[float, float]:
        """Standard-normal abscissae x, y with CLsb = Φ(−x) and CLb = Φ(−y)."""
        q, q_asimov = self.q(strength), self.q_asimov(strength)
        root = np.sqrt(q_asimov)
        if self.statistic == "qtilde" and q > q_asimov > 0:
            return float((q + q_asimov) / (2 * root)), float((q - q_asimov) / (2 * root))
        return float(np.sqrt(q)), float(np.sqrt(q) - root)

    def log_p(self, strength: float) -> float:
        """ln CLs (ln CLs+b unless `divided`), which keeps its digits where CLs itself underflows."""
        x, y = self.tails(strength)
        return float(log_ndtr(-x) - (log_ndtr(-y) if self.divided else 0.0))

    def p_values(self, strength: float) -> PValues:
        """CLs (CLs+b unless `divided`), CLs+b, CLb and the five expected ones at one strength."""
        x, y = self.tails(strength)
        root = np.sqrt(self.q_asimov(strength))
        band = tuple(finite(np.exp(log_ndtr(n - root) - (log_ndtr(n) if self.divided else 0.0))) for n in SIGMAS)
        return PValues(float(np.exp(self.log_p(strength))), float(ndtr(-x)), float(ndtr(-y)), band)

    def band_goal(self, sigma: float, alpha: float) -> float:
        """The q of the Asimov data at which the expected p-value of that quantile equals alpha; 0 where it does from strength 0 on."""
        return float(max(sigma - ndtri(alpha * (ndtr(sigma) if self.divided else 1.0)), 0.0) ** 2)

    def observed_goal(self, alpha: float) -> float:
        """The same, about, for the observed CLs: a best fit of so many standard deviations is such a quantile."""
        try:
            sigma = np.sqrt(self.q_asimov(self.free.strength)) if self.free.strength > 0 else 0.0
        except FitError:
            sigma = 0.0  # whoever needs that fit will meet the same error
        return self.band_goal(min(sigma, REACH), alpha)

    def guess(self, q: float, scale: float) -> float:
        """About the strength at which the Asimov data have that q: √q is nearly proportional to the strength.

        From the strengths already fitted, or from twice `scale`, a strength worth about one standard deviation.
        """
        try:
            seen = self._profiles[1].known if self._profiles is not None else {}
            roots = {s: np.sqrt(self.q_asimov(s)) for s in [*seen] or [2 * scale]}
        except FitError:
            return scale  # as in observed_goal
        usable = [(abs(np.log(root**2 / q)), s / root) for s, root in roots.items() if 0 < root < np.inf]
        found = float(np.sqrt(q) * min(usable)[1]) if usable else scale
        return found if 0 < found < np.inf else scale


@dataclass(frozen=True)
class Discovery:
    """Local significance in standard deviations and its p-value; `significance` None when background alone is impossible."""

    significance: float | None
    p_value: float
    strength: float
    warnings: tuple[str, ...] = ()


def discovery(likelihood: Likelihood, data: Array | None = None) -> Discovery:
    """Local discovery significance √q₀ (1007.1727 Eq. 12), asymptotic, for `data` (n_data,) of the likelihood (None: those observed).

    Raises:
        FitError: a fit that does not converge.
    """
    calculator = Asymptotic(likelihood, likelihood.observed if data is None else data)
    fitted = calculator.free.strength
    q0 = 2 * (calculator.background.nll - calculator.free.nll) if fitted > 0 else 0.0
    z = float(np.sqrt(max(0.0, q0)))
    note = () if np.isfinite(z) else ("events where the background expects none: the significance is unbounded",)
    return Discovery(finite(z), float(ndtr(-z)), fitted, note)


def expected_discovery(likelihood: Likelihood, strength: float = 1.0) -> Discovery:
    """The median significance if that strength is true: of its Asimov data, nuisances at their fit to the data (a-posteriori).

    Source: 1007.1727 section 4.3.

    Raises:
        FitError: no finite likelihood at that strength.
    """
    fitted = likelihood.fit(likelihood.observed, strength)
    if not np.isfinite(fitted.nll):
        raise FitError(f"{likelihood.name}: the data are impossible at strength {strength:g}: nothing can be expected")
    return discovery(likelihood, likelihood.asimov(fitted.theta))
