"""Scan of a likelihood along one parameter, the others at their best: −2 ln L above its minimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from limits.errors import FitError, InputError, unknown
from limits.inference.results import finite
from limits.likelihood import Likelihood
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.joint import JointLikelihood
from limits.likelihood.unbinned import UnbinnedLikelihood

POINTS: Final = 21
REACH: Final = 3.0
"""A scan goes this many standard deviations to either side of the best fit."""

DEFINITION: Final = "−2 ln L above its minimum, the other parameters fitted at every value (profile likelihood)"


@dataclass(frozen=True)
class ProfileScan:
    """`delta_twice_nll` at every one of the `values`; None where the data are impossible or the fit did not converge."""

    parameter: str
    best_fit: float
    error: float | None
    values: tuple[float, ...]
    delta_twice_nll: tuple[float | None, ...]
    status: str
    warnings: tuple[str, ...] = ()
    definition: str = DEFINITION

    def to_json(self) -> dict[str, Any]:
        """Fields as plain JSON values."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def profile_scan(
    likelihood: Likelihood, parameter: str | None = None, values: Sequence[float] | None = None
) -> ProfileScan:
    """The scan along `parameter`, the strength if none is given. The default are 21 values within 3 standard deviations.

    Raises:
        UnknownName: no such parameter.
        InputError: a parameter that is held, a value it cannot have, or no error from which a range could be made.
        FitError: no finite likelihood anywhere.
    """
    names = [p.name for p in likelihood.parameters]
    if parameter is not None and parameter not in names:
        raise unknown("parameter", parameter, names, likelihood.name)
    index = 0 if parameter is None else names.index(parameter)
    best = likelihood.fit(likelihood.observed)
    error = finite(best.errors[index]) if best.errors[index] > 0 else None
    at = (
        _values(likelihood, index, float(best.theta[index]), error)
        if values is None
        else _checked(likelihood, index, values)
    )
    fits = [_nll(likelihood, index, value) for value in at]
    delta = tuple(None if nll is None else finite(2 * (nll - best.nll)) for nll in fits)
    lost = [value for value, found in zip(at, delta, strict=True) if found is None]
    notes = (
        [f"no fit at {', '.join(f'{value:.6g}' for value in lost)}: impossible data, or no convergence"] if lost else []
    )
    if (deepest := min((d for d in delta if d is not None), default=0.0)) < -1e-4:
        notes.append(f"a value scanned is {-deepest:.3g} below the best fit: there is a second minimum, or a bound")
    status = "failed" if best.status != "ok" else "partial" if lost else "ok"
    return ProfileScan(names[index], float(best.theta[index]), error, tuple(at), delta, status, tuple(notes))


def _values(likelihood: Likelihood, index: int, best: float, error: float | None) -> list[float]:
    """Even steps around the best fit, within what the parameter can be; on a bound the natural unit stands for the error."""
    parameter = likelihood.parameters[index]
    unit = error or (likelihood.signal_scale if index == 0 else parameter.scale)
    if parameter.fixed or not np.isfinite(unit):
        raise InputError(
            f"{likelihood.name}: parameter {parameter.name!r} is held or changes nothing: no range to scan"
        )
    low = max(best - REACH * unit, 0.0 if index == 0 else parameter.lower)
    return [float(value) for value in np.linspace(low, min(best + REACH * unit, parameter.upper), POINTS)]


def _checked(likelihood: Likelihood, index: int, values: Sequence[float]) -> list[float]:
    parameter = likelihood.parameters[index]
    # A strength may go below zero: where rates then do, there is no fit.
    low, high = (-np.inf, np.inf) if index == 0 else (parameter.lower, parameter.upper)
    if outside := [value for value in values if not low <= value <= high]:
        raise InputError(
            f"{likelihood.name}: parameter {parameter.name!r} = {outside[0]:g}: allowed: {low:g} to {high:g}"
        )
    return list(values)


def _nll(likelihood: Likelihood, index: int, value: float) -> float | None:
    """−ln L of the observed data with one parameter held."""
    held = likelihood if index == 0 else held_at(likelihood, index, value)
    try:
        fit = held.fit(held.observed, value if index == 0 else None)
    except FitError:
        return None
    return finite(fit.nll) if fit.status == "ok" else None


def held_at(likelihood: Likelihood, index: int, value: float) -> Likelihood:
    """The likelihood with one nuisance fixed at a value; −ln L changes by a constant.

    Raises:
        InputError: a signal with interference.
    """
    if not isinstance(likelihood, BinnedLikelihood | UnbinnedLikelihood | JointLikelihood):
        raise InputError(f"{likelihood.name}: a signal with interference is scanned along its coupling only")
    rows = list(likelihood.parameters)
    rows[index] = replace(rows[index], init=value, fixed=True)
    return replace(likelihood, parameters=tuple(rows))
