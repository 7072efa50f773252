"""ln L of searches as a function of mass and coupling, fast enough to be called a million times: for samplers and global fits.

    f = log_likelihood([load("faser-aprime"), load("na62-aprime-ee")], "aprime")
    f(0.05, 1e-5), f(masses, couplings)

Searches that count events in one channel are supported; their nuisances are separate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any, Final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.assemble import prepare, systematics
from limits.combine import combined
from limits.errors import InputError
from limits.globalfit.counts import Count, Nuisances
from limits.globalfit.data import Pieces, count_at, pieces
from limits.globalfit.lattice import LOWEST, Stack
from limits.globalfit.surface import Channel, Row, Surface, Worst, surface
from limits.search import CountingChannel, Search, load, names

__all__ = ["LogLikelihood", "Nuisances", "Term", "log_likelihood"]

Array = NDArray[np.float64]

DEFINITION: Final = (
    "ln L(mass, coupling) − ln L(no signal), both for what is observed at that mass, summed over the searches; "
    "nuisances are {} in both and separate for every search"
)


@dataclass(frozen=True, eq=False)
class Term:
    """One search: `low` to `high` are the masses in GeV at which it looks, elsewhere it adds exactly 0."""

    search: Search
    channel: CountingChannel
    nuisances: Nuisances
    low: float
    high: float
    surface: Surface
    pieces: Pieces | None
    tables: tuple[Stack, ...]
    """One for each of the pieces; where there are none, ln L is computed at every point."""
    errors: tuple[Worst, ...]

    def at(self, mass: Array, coupling: Array) -> Array:
        """Its part of ln L, (n,)."""
        found = np.zeros(len(mass))
        there = np.flatnonzero((mass >= self.low) & (mass <= self.high))
        x, sigma = self.surface.at(np.log(mass[there]), np.log(coupling[there]))
        seen = x > LOWEST
        there, x, sigma = there[seen], x[seen], sigma[seen]
        if self.pieces is None:
            found[there] = self._computed(mass[there], x, sigma)
            return found
        which = np.searchsorted(self.pieces.breaks, mass[there], side="right")
        for k, table in enumerate(self.tables):
            if len(part := np.flatnonzero(which == k)):
                found[there[part]] = table.at(mass[there[part]], x[part], sigma[part])
        return found

    def one(self, mass: float, coupling: float) -> float:
        """The same for one point; logarithms are those of NumPy, so that both ways agree to the last digits."""
        if not self.low <= mass <= self.high:
            return 0.0
        if self.pieces is None:
            return float(self.at(np.array([mass]), np.array([coupling]))[0])
        x, sigma = self.surface.one(log(mass), log(coupling))
        if x <= LOWEST:
            return 0.0
        return self.tables[sum(mass >= edge for edge in self.pieces.breaks)].one(mass, x, sigma)

    def _computed(self, mass: Array, x: Array, sigma: Array) -> Array:
        found = np.zeros(len(mass))
        for value in np.unique(mass):
            same = mass == value
            count = count_at(self.search, self.channel, float(value), self.nuisances)
            found[same] = count.gain(np.exp(x[same]), sigma[same])
        return found


@dataclass(frozen=True, eq=False)
class LogLikelihood:
    """ln L(mass, coupling) − ln L(no signal): mass in GeV, the coupling of the hypothesis; arrays broadcast, numbers give a float.

    It is never −∞ nor nan. The data of a mass window change with the mass, and with them ln L has steps: the difference is taken at
    the same data, so that masses can be compared. Below 1e-10 expected events a search adds exactly 0. It holds arrays only, never
    changes, and may be pickled and called by many threads.
    """

    hypothesis: str
    nuisances: Nuisances
    masses: tuple[float, float]
    couplings: tuple[float, float]
    terms: tuple[Term, ...]
    asked: float
    outside: float | None = None
    """The value outside of the range; None: that is an InputError."""

    @property
    def searches(self) -> tuple[str, ...]:
        """Names, in the order of `each`."""
        return tuple(term.search.name for term in self.terms)

    @property
    def definition(self) -> str:
        """What the numbers are."""
        return DEFINITION.format(self.nuisances)

    @property
    def error(self) -> float:
        """The largest error of a search's part of ln L measured half way between nodes, in units of max(1, |ln L|); it is no bound."""
        return max(w.error for term in self.terms for w in term.errors) + max(
            (table.error for term in self.terms for table in term.tables), default=0.0
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where the error that was asked for is not reached."""
        return tuple(
            f"{term.search.name}: ln L is known to {worst.error:.2g} of max(1, |ln L|) near {worst.mass:.4g} GeV, as if the coupling "
            f"were off by {worst.shift:.1g} of itself: computed yields and their uncertainties jump from mass to mass"
            for term in self.terms
            for worst in term.errors
            if worst.error > self.asked
        )

    @overload
    def __call__(self, mass: float, coupling: float) -> float: ...
    @overload
    def __call__(self, mass: ArrayLike, coupling: ArrayLike) -> Array: ...
    def __call__(self, mass: Any, coupling: Any) -> Any:
        """ln L − ln L(no signal).

        Raises:
            InputError: nan, or a point outside of the range where no value `outside` was chosen.
        """
        if isinstance(mass, float) and isinstance(coupling, float):
            if self.masses[0] <= mass <= self.masses[1] and self.couplings[0] <= coupling <= self.couplings[1]:
                return sum([term.one(mass, coupling) for term in self.terms])
            return float(self._placed(np.array([mass]), np.array([coupling]))[1][0])
        m, g = np.broadcast_arrays(np.asarray(mass, dtype=float), np.asarray(coupling, dtype=float))
        inside, found = self._placed(m.ravel(), g.ravel())
        if inside.any():
            found[inside] = sum(term.at(m.ravel()[inside], g.ravel()[inside]) for term in self.terms)
        return found.reshape(m.shape) if m.ndim else float(found[0])

    def each(self, mass: ArrayLike, coupling: ArrayLike) -> dict[str, Array]:
        """The parts of every search; outside of the range as in a call."""
        return {t.search.name: np.asarray(replace(self, terms=(t,))(mass, coupling)) for t in self.terms}

    def _placed(self, m: Array, g: Array) -> tuple[NDArray[np.bool_], Array]:
        """Which points are inside, and what the others get."""
        inside = (m >= self.masses[0]) & (m <= self.masses[1])
        inside &= (g >= self.couplings[0]) & (g <= self.couplings[1])
        if (~inside).any():
            k = int(np.argmin(inside))
            if np.isnan(m).any() or np.isnan(g).any() or self.outside is None:
                raise InputError(
                    f"log_likelihood: mass = {m[k]:g} GeV, coupling = {g[k]:g}: outside of {self.masses[0]:g} to "
                    f"{self.masses[1]:g} GeV and {self.couplings[0]:g} to {self.couplings[1]:g}"
                )
        return inside, np.where(inside, 0.0, 0.0 if self.outside is None else self.outside)


def log_likelihood(
    searches: Search | Sequence[Search],
    hypothesis: str,
    *,
    nuisances: Nuisances = "profiled",
    masses: tuple[float, float] | None = None,
    couplings: tuple[float, float] | None = None,
    error: float = 1e-2,
    outside: float | None = None,
) -> LogLikelihood:
    """ln L of the searches over a range of masses (GeV) and couplings, by default all that any of them looks at.

    `error` is that of ln L in units of max(1, |ln L|), search by search. It takes 0.2 s for each of some 50 masses of every search.

    Raises:
        InputError: a search that is no single count, uncertainties that are common to several, or a range that is none.
        UnknownName: a hypothesis that a search cannot be recast to.
    """
    given = [searches] if isinstance(searches, Search) else list(searches)
    if not 0 < error < 1:
        raise InputError(f"error = {error!r}: a number between 0 and 1 is needed")
    if common := [s.name for s in given if s.groups]:
        parts = ", ".join(member.name for s in given for member in s.members)
        raise InputError(f"{common[0]}: its members have uncertainties in common, here all are separate: give {parts}")
    level = given[0].level if given else None  # ln L knows no level
    together = combined(given, hypothesis, level=level)
    for member in together.members:
        _check(member, hypothesis)
    facts = together.hypothesis(hypothesis)
    mass = _range("masses", masses if masses is not None else facts.masses_gev)
    coupling = _range("couplings", couplings if couplings is not None else facts.couplings)
    terms = [
        term for m in together.members if (term := _term(m, hypothesis, nuisances, mass, coupling, error)) is not None
    ]
    if not terms:
        raise InputError(f"log_likelihood: none of the searches looks at {mass[0]:g} to {mass[1]:g} GeV")
    return LogLikelihood(hypothesis, nuisances, mass, coupling, tuple(terms), error, outside)


def _range(key: str, values: tuple[float, float] | None) -> tuple[float, float]:
    low, high = (float(v) for v in values) if values is not None and len(values) == 2 else (0.0, 0.0)
    if not 0 < low < high < np.inf:
        raise InputError(f"{key} = {values!r}: two positive numbers are needed, the lower one first")
    return low, high


def _usable(search: Search, hypothesis: str) -> bool:
    tested = [facts for facts in search.hypotheses if facts.name == hypothesis and facts.masses_gev is not None]
    return bool(tested) and len(search.channels) == 1 and isinstance(search.channels[0], CountingChannel)


def _check(search: Search, hypothesis: str) -> None:
    """Refuse what is no single count, or has uncertainties of other kinds, with what can be used."""
    if not _usable(search, hypothesis):
        known = ", ".join(name for name in names() if _usable(load(name), hypothesis)) or "none"
        raise InputError(f"{search.name}: log_likelihood needs single counts; those that test {hypothesis}: {known}")
    for item in search.channels[0].systematics:  # type: ignore[union-attr]
        if item.form != "lognormal" or tuple(item.on) != ("signal",):
            raise InputError(f"{search.name}: uncertainty {item.name}: only lognormal ones of the signal are supported")


def _term(
    search: Search,
    hypothesis: str,
    nuisances: Nuisances,
    masses: tuple[float, float],
    couplings: tuple[float, float],
    error: float,
) -> Term | None:
    """One search, or None if it does not look at any of the masses."""
    channel, own = search.channels[0], search.hypothesis(hypothesis).masses_gev
    assert isinstance(channel, CountingChannel)
    assert own is not None
    low, high = max(masses[0], own[0]), min(masses[1], own[1])
    if not low < high:
        return None

    def row(mass: float) -> Row:
        return _row(search, channel, hypothesis, mass)

    def count(mass: float) -> Count:
        return count_at(search, channel, mass, nuisances)

    made, errors = surface(Channel(row, count, (low, high), couplings), error)
    data, top = pieces(search, channel, low, high, nuisances), float(made.values[..., 0].max())
    reach = max(top, 0.0), float(made.values[..., 1].min()), float(made.values[..., 1].max())
    parts = zip(data.spans, data.changing, strict=True) if data is not None else ()
    tables = tuple(Stack.of(count, span, changing, reach) for span, changing in parts)
    return Term(search, channel, nuisances, low, high, made, data, tables, errors)


def _row(search: Search, channel: CountingChannel, hypothesis: str, mass: float) -> Row:
    """ln s and the spread of all lognormals of the signal together, at one mass."""
    (signal,) = prepare(search, hypothesis, mass).signals

    def at(couplings: Array) -> tuple[Array, Array]:
        expected = signal(couplings)
        fixed = systematics(search, channel, replace(expected, relative={}))
        spread = np.full(len(couplings), sum((log(item.kappa) ** 2 for item in fixed), 0.0))
        for name, size in expected.relative.items():
            if name in expected.correlated:  # the others are none of a single count
                spread += np.log1p(size[:, 0]) ** 2
        return np.log(np.maximum(expected.events[:, 0], np.exp(LOWEST))), np.sqrt(spread)

    return at
