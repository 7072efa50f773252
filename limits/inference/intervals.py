"""Profile-likelihood intervals of the strength: where 2Δ ln L reaches a χ² quantile, nuisances profiled (Rolke, MINOS)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
from scipy.special import ndtri

from limits import kernel
from limits.errors import FitError, InputError, unknown
from limits.inference.results import finite
from limits.inference.root import falling_zero
from limits.likelihood import Fit, Likelihood, Parameter
from limits.likelihood.binned import BinnedLikelihood

CHECK: Final = 1e-5
"""An edge is accepted when its 2Δ ln L is this close to the quantile, relatively."""

QUANTILES: Final = ("two-sided", "one-sided")


@dataclass(frozen=True)
class Interval:
    """An interval of the strength and everything needed to read it.

    `low`, `high` are None where there is no such edge: the interval is open there, or, with status "partial", the edge was not
    found (see `warnings`; a finite bound then stands for `low`). `best` is the best fit, None where all strengths below `high` fit
    alike. Status: "ok", "insensitive" (no strength is excluded) or "partial".
    """

    low: float | None
    high: float | None
    best: float | None
    level: float
    method: str
    definition: str
    status: str
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Fields as plain JSON values."""
        return {**asdict(self), "warnings": list(self.warnings)}


def require_level(level: float) -> None:
    """Refuse a level outside (0, 1).

    Raises:
        InputError: names the value.
    """
    if not 0 < level < 1:
        raise InputError(f"level = {level!r}: a number between 0 and 1 is needed")


def goal(level: float, quantile: Literal["two-sided", "one-sided"]) -> float:
    """The 2Δ ln L at an edge: the χ²₁ quantile of `level`, or Φ⁻¹(level)² for a single edge of one-sided level."""
    require_level(level)
    if quantile not in QUANTILES:
        raise unknown("quantile", quantile, QUANTILES)
    if quantile == "one-sided" and level <= 0.5:
        raise InputError(f"level = {level!r}: a one-sided quantile needs a level above 0.5")
    return float(ndtri((1 + level) / 2 if quantile == "two-sided" else level) ** 2)


@dataclass(frozen=True, eq=False)
class _Profile:
    """2Δ ln L along the strength, from the best fit."""

    likelihood: Likelihood
    best: Fit

    def q(self, strength: float) -> float:
        """2Δ ln L at one strength, nuisances profiled."""
        with np.errstate(invalid="ignore"):  # a start without finite likelihood is an answer here, not a slip
            nll = self.likelihood.fit(self.likelihood.observed, strength).nll
        return 2 * ((nll if np.isfinite(nll) else self._rescued(strength)) - self.best.nll)

    def _rescued(self, strength: float) -> float:
        """−ln L where the nuisances at their auxiliary values leave no rate for events that were seen: started from larger rates."""
        if not isinstance(self.likelihood, BinnedLikelihood):
            return np.inf
        shape, data = self.likelihood.shape, self.likelihood.observed
        theta = self.best.theta.copy()
        theta[0] = strength
        low, high = (np.array([getattr(p, key) for p in self.likelihood.parameters]) for key in ("lower", "upper"))
        held = np.array([i == 0 or p.fixed for i, p in enumerate(self.likelihood.parameters)])
        low[0], width = -np.inf, np.where(held, 0.0, [_width(p) for p in self.likelihood.parameters])
        for _ in range(60):
            rates = kernel.rates(shape, theta)
            dead = (rates <= 0) & (self.likelihood.counts > 0)
            if not np.any(dead):
                found = kernel.minimise(kernel.objective(shape, data), theta, low, high, held)
                return float(self.likelihood.nll(found.theta, data))
            slope = (kernel.rates(shape, theta + 1e-4 * np.diag(width)) - rates)[:, dead].sum(axis=1) / 1e-4
            if not np.any(slope > 0):
                break
            step = min(2.0, 1.1 * (1 - rates[dead].sum()) / float(slope @ slope) ** 0.5)
            theta = np.clip(theta + step * width * slope / float(slope @ slope) ** 0.5, low, high)
        return np.inf


def _width(parameter: Parameter) -> float:
    """About one standard deviation of a nuisance."""
    if parameter.constraint == "poisson":
        return float(np.sqrt(parameter.aux + 1) / parameter.scale)
    return parameter.scale


def _edges(profile: _Profile, target: float, lower: float, both: bool) -> tuple[float, float, list[str]]:
    """Both edges, ±∞ (or `lower`) where there is none, and what is wrong with them."""
    best, error, scale = profile.best.strength, float(profile.best.errors[0]), profile.likelihood.signal_scale
    troubles = [] if profile.best.status == "ok" else ["the best fit did not converge"]
    if not np.isfinite(scale):
        return lower, np.inf, troubles
    scale = error if error > 0 else scale
    above, notes = _edge("upper", lambda t: profile.q(best + t), scale, target)
    troubles += notes
    if not both or (np.isfinite(lower) and profile.q(lower) <= target):
        return lower, best + above, troubles
    reach = best - lower
    below, notes = _edge("lower", lambda t: profile.q(best - min(t, reach)), min(scale, reach), target)
    return max(best - below, lower), best + above, troubles + notes


def _edge(label: str, function: Callable[[float], float], scale: float, target: float) -> tuple[float, list[str]]:
    """The distance from the best fit at which `function` (2Δ ln L) rises to `target`, and what is wrong with it; ∞ if it never does."""
    try:
        distance = falling_zero(lambda t: target - function(t), scale)
        found = target if not 0 < distance < np.inf else function(distance)
    except (FitError, ArithmeticError) as error:
        return np.inf, [f"{label} edge not found: {error}"]
    if abs(found - target) <= CHECK * target:
        return distance, []
    if not np.isfinite(found):
        return np.inf, [f"{label} edge not found: ln L falls to −∞ before 2Δ ln L reaches {target:.6g}"]
    return distance, [f"check failed: 2Δ ln L at the {label} edge is {found:.6g}, {target:.6g} was asked for"]


def profile_interval(
    likelihood: Likelihood,
    level: float,
    *,
    lower: float = 0.0,
    quantile: Literal["two-sided", "one-sided"] = "two-sided",
) -> Interval:
    """The strengths with 2 (ln L_max − ln L) ≤ χ²₁(level), nuisances profiled (Rolke, López, Conrad, physics/0403059 Eq. 4).

    The strength is kept ≥ `lower`; −∞ lets the best fit be negative. With `quantile` "two-sided" both edges belong to the χ²₁
    quantile of `level` (2.71 at 90 %), also where only the upper one is quoted. "one-sided" is the upper-limit-only variant:
    Φ⁻¹(level)² (1.64 at 90 %), and the interval begins at `lower`.

    Raises:
        InputError: a level outside (0, 1), or not above 0.5 with the one-sided quantile; a bound that is not a number below ∞.
        FitError: no finite likelihood to start from.
    """
    target = goal(level, quantile)
    if np.isnan(lower) or lower == np.inf:
        raise InputError(f"lower = {lower!r}: a finite number or -inf is needed")
    profile = _Profile(likelihood, likelihood.fit(likelihood.observed, lower=lower))
    low, high, troubles = _edges(profile, target, lower, quantile == "two-sided")
    bound = "unbounded" if not np.isfinite(lower) else f"≥ {lower:g}"
    which = f"χ²₁({level:g})" if quantile == "two-sided" else f"Φ⁻¹({level:g})², upper edge only"
    # Where every rate may fall to zero, all strengths below fit alike: none of them is the best.
    flat = low == -np.inf and quantile == "two-sided"
    return Interval(
        low=finite(low),
        high=finite(high),
        best=None if flat else finite(profile.best.strength),
        level=level,
        method="profile",
        definition=f"profile likelihood, 2Δ ln L = {which} = {target:.6g}, strength {bound}, nuisances profiled (physics/0403059)",
        status="partial" if troubles else "ok" if high < np.inf or low > lower else "insensitive",
        warnings=tuple(troubles),
    )
