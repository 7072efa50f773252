"""Pulls of the nuisances and their impacts on the strength: how far it moves when one of them is held a standard deviation off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from limits.errors import FitError
from limits.inference.profile import held_at
from limits.inference.results import finite
from limits.likelihood import Fit, Likelihood, Parameter

DEFINITION: Final = (
    "impact: best strength with one nuisance held at its best fit ± one standard deviation, before the fit (that of its constraint) or "
    "after (that of the fit, from the curvature), minus the best strength of all; pull: (fitted − auxiliary value) over the former"
)

Shifts = tuple[float | None, float | None]


@dataclass(frozen=True)
class Impact:
    """One nuisance: its pull with the error of that, None without a constraint; shifts of the strength for it held up, and down.

    A shift is None where there is no such standard deviation, or no fit.
    """

    name: str
    pull: float | None
    pull_error: float | None
    prefit: Shifts
    postfit: Shifts

    @property
    def size(self) -> float:
        """The larger shift after the fit."""
        return max((abs(shift) for shift in self.postfit if shift is not None), default=0.0)


@dataclass(frozen=True)
class Impacts:
    """Of all nuisances that float, the largest impact after the fit first. The strength was kept ≥ `lower`; None: it was not."""

    strength: float
    error: float | None
    lower: float | None
    ranked: tuple[Impact, ...]
    warnings: tuple[str, ...] = ()
    definition: str = DEFINITION

    def to_json(self) -> dict[str, Any]:
        """Fields as plain JSON values."""
        return asdict(self)


def impacts(likelihood: Likelihood) -> Impacts:
    """Pulls and impacts of every nuisance for the observed data; the strength may be negative unless there is no such fit.

    Raises:
        InputError: a signal with interference.
        FitError: no finite likelihood to start from.
    """
    best, lower = _best(likelihood)
    rows = [
        _impact(likelihood, i, best, lower)
        for i, p in enumerate(likelihood.parameters)
        if i and not (p.fixed or best.errors[i] == 0 == prior_error(p))
    ]
    ranked = tuple(sorted(rows, key=lambda row: -row.size))
    lost = [row.name for row in ranked if None in row.postfit]
    notes = [] if best.status == "ok" else ["the best fit did not converge"]
    notes += [f"no fit with {', '.join(lost)} held one standard deviation off"] if lost else []
    error = finite(best.errors[0]) if best.errors[0] > 0 else None
    return Impacts(best.strength, error, finite(lower), ranked, tuple(notes))


def prior_error(parameter: Parameter) -> float:
    """Standard deviation of a nuisance by its constraint alone; 0 without one, or where it is fixed."""
    if parameter.fixed or parameter.constraint == "free":
        return 0.0
    poisson = parameter.constraint == "poisson"
    return float(np.sqrt(max(parameter.aux, 1.0)) / parameter.scale) if poisson else parameter.scale


def _best(likelihood: Likelihood) -> tuple[Fit, float]:
    """The best fit of all strengths, or ≥ 0 where rates become negative below."""
    try:
        fit = likelihood.fit(likelihood.observed, lower=-np.inf)
        if fit.status == "ok" and fit.errors[0] > 0:  # where no rate is left every strength fits alike
            return fit, -np.inf
    except FitError:
        pass
    return likelihood.fit(likelihood.observed), 0.0


def _impact(likelihood: Likelihood, index: int, best: Fit, lower: float) -> Impact:
    parameter, at = likelihood.parameters[index], float(best.theta[index])
    before, after = prior_error(parameter), float(best.errors[index])
    centre = parameter.aux / parameter.scale if parameter.constraint == "poisson" else parameter.aux
    pulled = parameter.constraint != "free" and before > 0
    prefit, postfit = (
        tuple(_shift(likelihood, index, at + sign * step, best.strength, lower) if step else None for sign in (1, -1))
        for step in (before, after)
    )
    return Impact(
        parameter.name,
        (at - centre) / before if pulled else None,
        after / before if pulled else None,
        (prefit[0], prefit[1]),
        (postfit[0], postfit[1]),
    )


def _shift(likelihood: Likelihood, index: int, value: float, best: float, lower: float) -> float | None:
    """The best strength with the nuisance held at that value, or at the bound it may not pass, minus the best of all."""
    parameter = likelihood.parameters[index]
    held = held_at(likelihood, index, float(np.clip(value, parameter.lower, parameter.upper)))
    try:
        fit = held.fit(held.observed, lower=lower)
    except FitError:
        return None
    return fit.strength - best if fit.status == "ok" else None
