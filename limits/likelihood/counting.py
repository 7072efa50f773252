"""One counting experiment: n ~ Poisson(strength · signal · Π κ^θ + background · …), a few relative uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from limits.errors import InputError, unknown
from limits.kernel import Binned, Exponents, Shifts
from limits.likelihood import Parameter
from limits.likelihood.binned import BinnedLikelihood

TINY: Final = 1e-10
"""Lower bound of a multiplier, as in HistFactory tools: zero itself would leave no slope to come back on."""

NEGLIGIBLE: Final = 1e-6
"""A relative uncertainty below this is none: it would only cost digits."""

MOST: Final = 1e15
"""Events above which the next whole number is no other number."""

CONSTRAINTS: Final = ("none", "lognormal", "gaussian", "gamma", "poisson")


@dataclass(frozen=True)
class Background:
    """Expected background events and how well they are known.

    `relative` is the relative uncertainty; what it means depends on `constraint`:
    "lognormal" b·(1 + relative)^θ with θ ~ N(0, 1); "gaussian" b·t, t ~ N(1, relative) cut at 0; "gamma" b·t, t from a Gamma
    density of mean 1 and that relative width (Combine's gmM); "poisson" b·t with an auxiliary count of mean t/relative²
    (HistFactory's shapesys).
    """

    events: float
    relative: float = 0.0
    constraint: Literal["none", "lognormal", "gaussian", "gamma", "poisson"] = "none"


@dataclass(frozen=True)
class Sideband:
    """A background known from `count` events in a region expecting `ratio` times as much (n_off and τ of on/off problems)."""

    count: float
    ratio: float


@dataclass(frozen=True)
class Systematic:
    """A relative uncertainty: factor κ^θ with θ ~ N(0, 1), on the signal, the background, or both at once.

    `down` is the factor at θ = −1 where it is not 1/κ: both sides are then joined as in Combine's asymmetric lnN. `on_background` is
    the factor of the background where it is another one.
    """

    name: str
    kappa: float
    signal: bool = True
    background: bool = False
    down: float | None = None
    on_background: float | None = None

    @property
    def kappa_down(self) -> float:
        """The factor at θ = −1."""
        return 1 / self.kappa if self.down is None else self.down


def _require(ok: bool, key: str, value: object, need: str) -> None:
    if not ok:
        raise InputError(f"counting: {key} = {value!r}: {need}")


def _background(background: Background | Sideband) -> tuple[float, list[Parameter], list[Systematic]]:
    """Nominal events, the parameter that multiplies them (none or one), and a lognormal where that is the constraint."""
    if isinstance(background, Sideband):
        n, ratio = background.count, background.ratio
        _require(np.isfinite(n) and n >= 0, "sideband count", n, "a finite number ≥ 0 is needed")
        _require(np.isfinite(ratio) and ratio > 0, "sideband ratio", ratio, "a finite number > 0 is needed")
        # The unit of the parameter is one sideband event, so that an empty sideband needs no special case.
        return 1 / ratio, [Parameter("background", max(n, 0.5), TINY, constraint="poisson", aux=n, scale=1.0)], []
    events, size, kind = background.events, background.relative, background.constraint
    _require(np.isfinite(events) and events >= 0, "background", events, "a finite number ≥ 0 is needed")
    _require(np.isfinite(size) and size >= 0, "background uncertainty", size, "a finite number ≥ 0 is needed")
    if kind not in CONSTRAINTS:
        raise unknown("background constraint", kind, CONSTRAINTS)
    if kind == "none" or size < NEGLIGIBLE or events == 0:
        return events, [], []
    if kind == "lognormal":
        return events, [], [Systematic("background", 1 + size, signal=False, background=True)]
    if kind == "gaussian":
        return events, [Parameter("background", 1.0, TINY, constraint="gaussian", aux=1.0, scale=size)], []
    shape = size**-2
    wide = "error over value, which must be below 100 % for a gamma density: a smaller error, a larger background, or another constraint"
    _require(kind == "poisson" or shape > 1, "background uncertainty", size, wide)
    aux = shape - 1 if kind == "gamma" else shape
    return events, [Parameter("background", 1.0, TINY, constraint="poisson", aux=aux, scale=shape)], []


def _logs(item: Systematic) -> list[list[float]]:
    """ln of the factors on (signal, background) at θ = +1 and −1."""
    both = (
        (item.kappa, item.kappa_down),
        (item.on_background or item.kappa, 1 / item.on_background if item.on_background else item.kappa_down),
    )
    for factor in (item.kappa, item.kappa_down, item.on_background or 1.0):
        _require(np.isfinite(factor) and factor > 0, f"uncertainty {item.name}", factor, "a factor κ > 0 is needed")
    return [
        [float(np.log(factors[k])) * on for factors, on in zip(both, (item.signal, item.background), strict=True)]
        for k in (0, 1)
    ]


def counting(
    observed: float,
    signal: float,
    background: Background | Sideband,
    systematics: Sequence[Systematic] = (),
    name: str = "counting",
) -> BinnedLikelihood:
    """The likelihood of one count: `signal` are the expected events at strength 1 (0 is allowed: nothing can be excluded).

    Raises:
        InputError: a negative, infinite or missing number, naming it.
    """
    _require(np.isfinite(observed) and observed >= 0, "observed", observed, "a finite count ≥ 0 is needed")
    _require(observed < MOST, "observed", observed, "doubles count no further than to 1e15")
    _require(np.isfinite(signal) and signal >= 0, "signal", signal, "a finite number ≥ 0 is needed")
    events, multipliers, lognormals = _background(background)
    lognormals = [*lognormals, *systematics]
    logs = np.array([_logs(item) for item in lognormals]).reshape(-1, 2, 2)
    kept = np.any(logs != 0, axis=(1, 2))
    lognormals = [item for item, keep in zip(lognormals, kept, strict=True) if keep]
    parameters = [
        Parameter("strength", 1.0, 0.0),
        *multipliers,
        *(Parameter(item.name, 0.0, constraint="gaussian") for item in lognormals),
    ]
    n_par, first = len(parameters), 1 + len(multipliers)
    log_high, log_low = np.moveaxis(logs[kept], 1, 0)
    asymmetric = not np.allclose(log_high, -log_low, rtol=1e-12, atol=0)  # 1/κ is rounded
    none = np.zeros((0, 2))
    shape = Binned(
        nominal=np.array([[signal], [events]], dtype=float),
        signal=np.array([True, False]),
        linear=np.array([[n_par, 1 if multipliers else n_par]], dtype=np.intp),
        exponents=(Exponents(np.arange(first, n_par), log_high, log_low, smooth=False, blend=asymmetric),),
        shifts=Shifts(np.zeros(0, dtype=np.intp), none, none, smooth=False),
        constrained=np.arange(1, n_par),
        scale=np.array([p.scale for p in parameters[1:]]),
        poisson=np.array([p.constraint == "poisson" for p in parameters[1:]], dtype=bool),
        n_par=n_par,
    )
    return BinnedLikelihood(shape, tuple(parameters), np.array([observed], dtype=float), (name,), name)
