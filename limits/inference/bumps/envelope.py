"""Envelope of background functions: the choice among them is a discrete nuisance parameter, and profiled.

P. D. Dauncey, M. Kenzie, N. Wardle, G. J. Davies, JINST 10 (2015) P04015, arXiv:1408.6865. Every candidate j has the curve
Λ_j(s) = 2 NLL_j(s) + correction · parameters_j; the envelope is the lowest of them at each strength s. correction: 1 per
parameter (what keeps the median p-value of χ²), 0 none, 2 Akaike. Needs the extra `fast` (compiled fits).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.optimize import brentq

from limits.errors import InputError
from limits.inference.bumps.background import Candidate, comparable_windows
from limits.inference.results import finite
from limits.kernel.linear.fit import fit
from limits.kernel.linear.results import Fit, Status
from limits.kernel.linear.upper import log_cls
from limits.kernel.linear.window import Window
from limits.kernel.rates import Array

DEFINITION: Final = (
    "asymptotic CLs of q̃ (1007.1727, eq. 66): q from the envelope, its Asimov data from the best candidate at strength 0 and "
    "fitted with that one alone"
)

POINTS: Final = 81
"""Strengths at which the envelope is looked at: 0.1σ apart or little more where the candidates agree on the strength."""

REACH: Final = 4.0
"""The strengths run to so many σ beyond the best fits of all candidates."""

FAR: Final = (6.0, 24.0, 96.0)
"""An upper limit is looked for up to so many σ above the best fits: further where σ is small, next to a negative intensity."""


@dataclass(frozen=True)
class CandidateCurve:
    """One candidate: best strength and σ in events, and Λ above the minimum of the envelope, at its best fit and at each strength.

    None where a fit failed; Status of the free fit by its name.
    """

    name: str
    parameters: int
    strength: float | None
    sigma: float | None
    minimum: float | None
    statistic: tuple[float | None, ...]
    status: str


@dataclass(frozen=True)
class Envelope:
    """Envelope of the candidates' curves; strengths in events.

    statistic: envelope above its minimum at `strengths`, with the candidate `chosen` at each. strength: best fit, found with
    `best`; interval: outermost strengths of statistic ≤ 1 (68 %); significance: sqrt of the statistic at strength 0, or 0
    where the best strength is not positive; upper_limit at `level`: see `definition`. failures: fits without a result.
    Status: "ok", "partial" (something is None, or a candidate failed somewhere: see `warnings`), "failed".
    """

    strengths: tuple[float, ...]
    statistic: tuple[float | None, ...]
    chosen: tuple[str | None, ...]
    curves: tuple[CandidateCurve, ...]
    best: str | None
    strength: float | None
    interval: tuple[float | None, float | None]
    upper_limit: float | None
    level: float
    significance: float | None
    correction: float
    failures: int
    status: str
    definition: str = DEFINITION
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(eq=False)
class _Profile:
    """Λ_j(s) of one candidate, each strength fitted once; infinite where the fit failed."""

    candidate: Candidate
    window: Window
    correction: float
    known: dict[float, float] = field(default_factory=dict)
    failures: int = 0

    def __post_init__(self) -> None:
        self.free: Fit = fit(self.window)
        self.usable = self.free.status is Status.CONVERGED
        self.failures = 0 if self.usable else 1
        if self.usable:
            self.known[self.free.strength] = self._value(self.free)

    def _value(self, found: Fit) -> float:
        return 2 * found.nll + self.correction * self.candidate.parameters

    def __call__(self, s: float) -> float:
        if not self.usable:
            return np.inf
        if s not in self.known:
            found = fit(self.window, s, self.free.theta)
            good = found.status is Status.CONVERGED
            self.failures += not good
            self.known[s] = self._value(found) if good else np.inf
        return self.known[s]


@dataclass(frozen=True, eq=False)
class _Lowest:
    """The lowest of several profiles, of which at least one is usable."""

    profiles: Sequence[_Profile]

    @property
    def usable(self) -> list[_Profile]:
        return [profile for profile in self.profiles if profile.usable]

    def at(self, s: float) -> _Profile:
        """The profile that is lowest there."""
        return min(self.usable, key=lambda profile: profile(s))

    def __call__(self, s: float) -> float:
        return self.at(s)(s)

    def best(self) -> _Profile:
        """The profile that holds the minimum."""
        return min(self.usable, key=lambda profile: profile(profile.free.strength))

    def floor(self) -> float:
        """Minimum over strengths ≥ 0: each profile is convex, and has its own at its best strength or at 0."""
        return min(profile(max(profile.free.strength, 0.0)) for profile in self.usable)

    def span(self, below: float, above: float) -> tuple[float, float]:
        """From `below` σ under the lowest of the best strengths to `above` σ over the highest, each candidate with its σ.

        Candidates that the envelope does not touch within that reach (their Λ lies above its square) do not count.
        """
        best = self.best()
        limit = best(best.free.strength) + max(below, above) ** 2
        fits = [profile.free for profile in self.usable if profile(profile.free.strength) <= limit]
        return min(f.strength - below * f.sigma for f in fits), max(f.strength + above * f.sigma for f in fits)


def _edge(function: Callable[[float], float], at: Array, inside: int, outside: int) -> float | None:
    """Where `function` rises through zero between two of the points `at`; None where there is none, or a fit failed."""
    if not 0 <= outside < len(at) or not np.isfinite(function(float(at[outside]))):
        return None
    return float(brentq(function, float(at[inside]), float(at[outside]), rtol=1e-10))


def _interval(lowest: _Lowest, strengths: Array, minimum: float, notes: list[str]) -> tuple[float | None, float | None]:
    """Outermost strengths at which the envelope is 1 above its minimum."""

    def above(s: float) -> float:
        return lowest(s) - minimum - 1.0

    at = np.union1d(strengths, [profile.free.strength for profile in lowest.usable])
    inside = np.flatnonzero([above(float(s)) <= 0 for s in at])
    first, last = int(inside[0]), int(inside[-1])
    if last - first + 1 > len(inside):
        notes.append("the 68 % region is not connected: the interval is from its lowest to its highest strength")
    edges = _edge(above, at, first, first - 1), _edge(above, at, last, last + 1)
    if None in edges:
        notes.append("an edge of the 68 % interval was not found: a fit there failed")
    return edges


@dataclass(frozen=True, eq=False)
class _Excess:
    """Ln CLs above that of the limit, at a strength; nan where a fit failed. Asimov data of `null` (P,), see DEFINITION."""

    lowest: _Lowest
    best: float
    level: float
    asimov: Window
    null: Array

    @cached_property
    def floors(self) -> tuple[float, float]:
        """Minima over strengths ≥ 0, of the envelope and (2 NLL) of the Asimov data."""
        return self.lowest.floor(), 2 * fit(self.asimov, 0.0, self.null).nll

    def __call__(self, s: float) -> float:
        if s <= 0:  # no signal: CLs is 1
            return float(-np.log(1 - self.level))
        floor, origin = self.floors
        q = max(self.lowest(s) - floor, 0.0) if s > self.best else 0.0
        asimov = 2 * fit(self.asimov, s, self.null).nll - origin
        return float(log_cls(q, asimov) - np.log(1 - self.level)) if np.isfinite(q) and asimov > 0 else np.nan


def _upper_limit(lowest: _Lowest, best: float, level: float) -> float | None:
    """The highest strength with CLs = 1 − level; None where a fit fails below it, or without Asimov data."""
    chosen = lowest.at(0.0)
    null = fit(chosen.window, 0.0, chosen.free.theta)
    if null.status is not Status.CONVERGED:
        return None
    excess = _Excess(lowest, best, level, chosen.window.asimov(null.theta), null.theta)
    for far in FAR:
        stop = max(lowest.span(0, far)[1], far * chosen.free.sigma)
        at = np.linspace(max(best, 0.0), stop, POINTS)
        values = np.array([excess(float(s)) for s in at])
        values = values[: np.argmax(np.isnan(values))] if np.any(np.isnan(values)) else values
        allowed = np.flatnonzero(values >= 0)
        if len(allowed) and allowed[-1] + 1 < len(values):
            last = int(allowed[-1])
            return float(brentq(excess, float(at[last]), float(at[last + 1]), rtol=1e-10))
    return None


def _curve(profile: _Profile, strengths: Array, minimum: float) -> CandidateCurve:
    free, one = profile.free, profile.candidate
    best = profile(free.strength) - minimum if profile.usable else np.inf
    values = tuple(finite(profile(float(s)) - minimum) for s in strengths)
    where = finite(free.strength), finite(free.sigma), finite(best)
    return CandidateCurve(one.name, one.parameters, *where, values, free.status.name)


def _nothing(profiles: Sequence[_Profile], level: float, correction: float) -> Envelope:
    curves = tuple(_curve(profile, np.empty(0), 0.0) for profile in profiles)
    return Envelope(
        (), (), (), curves, None, None, (None, None), None, level, None, correction, len(profiles), "failed",
        warnings=("no candidate could be fitted",),
    )  # fmt: skip


def _statistic(lowest: _Lowest, s: float, minimum: float) -> tuple[float | None, str | None]:
    value = finite(lowest(s) - minimum)
    return value, None if value is None else lowest.at(s).candidate.name


def envelope(
    candidates: Sequence[Candidate], correction: float = 1.0, level: float = 0.95, strengths: Array | None = None
) -> Envelope:
    """Profile the choice among `candidates`, on the same data; `strengths` (S,) in events are where the curves are shown.

    By default those run to 4σ beyond the best fits. Every number is a fit of its own: nothing is interpolated. Raises
    InputError for data that differ, a negative correction or a level outside 0…1.
    """
    if not 0 < level < 1 or not correction >= 0:
        raise InputError(f"envelope: level {level} must be between 0 and 1, correction {correction} not negative")
    windows = comparable_windows(candidates)
    pairs = zip(candidates, windows, strict=True)
    profiles = [_Profile(candidate, window, correction) for candidate, window in pairs]
    lowest = _Lowest(profiles)
    if not lowest.usable:
        return _nothing(profiles, level, correction)
    best = lowest.best()
    strength = best.free.strength
    minimum, notes = best(strength), list[str]()
    own = np.linspace(*lowest.span(REACH, REACH), POINTS)
    shown = own if strengths is None else np.asarray(strengths, dtype=float)
    interval = _interval(lowest, own, minimum, notes)
    limit = _upper_limit(lowest, strength, level)
    if limit is None:
        notes.append("no upper limit found")
    significance = finite(np.sqrt(max(lowest(0.0) - minimum, 0.0))) if strength > 0 else 0.0
    if significance is None:
        notes.append("no candidate could be fitted at strength 0")
    table = [_statistic(lowest, float(s), minimum) for s in shown]
    curves = tuple(_curve(profile, shown, minimum) for profile in profiles)
    failures = sum(profile.failures for profile in profiles)
    if failures:
        notes.append(f"{failures} fits have no result: there the envelope is that of the other candidates")
    return Envelope(
        strengths=tuple(map(float, shown)),
        statistic=tuple(value for value, _ in table),
        chosen=tuple(name for _, name in table),
        curves=curves,
        best=best.candidate.name,
        strength=strength,
        interval=interval,
        upper_limit=limit,
        level=level,
        significance=significance,
        correction=correction,
        failures=failures,
        status="partial" if failures or limit is None or significance is None or None in interval else "ok",
        warnings=tuple(notes),
    )
