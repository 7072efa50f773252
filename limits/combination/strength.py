"""A combination as limits on the strength: of searches at one theory point, or of any likelihoods with a common strength.

found = at_point(combined([load("faser-aprime"), load("na62-aprime")], "aprime"), 0.05, 1e-5)
found.limit.observed_limit, found.gain, found.without
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from limits.assemble import prepare
from limits.combination.joined import Part, joined, restricted
from limits.combination.scans import few_events
from limits.combine import Shared, covered, subset
from limits.errors import InputError
from limits.inference.limit import upper_limit
from limits.inference.results import Limit
from limits.likelihood import Likelihood
from limits.search import Search

METHOD: Final = "cls"
LEVEL: Final = 0.95


class Ratio(NamedTuple):
    """Of limits, observed and median expected."""

    observed: float | None
    expected: float | None


@dataclass(frozen=True)
class AtPoint:
    """Upper limits on the strength: together, of each alone, and, if asked for, without each one.

    `shared` are the uncertainties that are common, and no others; `notes` what a reader must know.
    """

    limit: Limit
    singles: Mapping[str, Limit]
    without: Mapping[str, Limit]
    shared: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()

    @property
    def gain(self) -> Ratio:
        """The best limit of one alone over that of all together, observed and median expected; None where there is none."""
        return _over(self.singles.values(), self.limit)

    @property
    def status(self) -> str:
        """That of the combined limit; "partial" if any limit is or failed."""
        every = (self.limit, *self.singles.values(), *self.without.values())
        return "partial" if any(one.status in ("partial", "failed") for one in every) else self.limit.status

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: numbers, None, lists and text."""
        return {
            "members": list(self.singles),
            "shared": {name: list(group) for name, group in self.shared.items()},
            **self.limit.to_json(),
            "status": self.status,
            "gain": self.gain._asdict(),
            "singles": [{"search": name, **one.to_json()} for name, one in self.singles.items()],
            "leave_one_out": [
                {"without": name, **one.to_json(), "gain": _over([one], self.limit)._asdict()}
                for name, one in self.without.items()
            ],
            "notes": list(self.notes),
        }


def at_point(
    search: Search,
    mass: float,
    coupling: float,
    *,
    method: str | None = None,
    leave_one_out: bool = False,
) -> AtPoint:
    """A combination at one mass (GeV) and coupling, which is strength 1; members that do not look there are left out.

    Raises:
        UnknownName: no such method.
        InputError: none of the searches looks at that mass, or the method cannot serve what they are together.
    """
    hypothesis = search.hypotheses[0]
    names = [m.name for m in search.members if covered(subset(search, [m.name]), mass)]
    if not names:
        raise InputError(f"{search.name}: mass = {mass:g} GeV: none of the searches looks there")
    chosen = method or hypothesis.methods[0]

    def build(some: Sequence[str]) -> Likelihood:
        return prepare(subset(search, some), hypothesis.name, mass).likelihood(coupling)

    there = subset(search, names)
    absent = [f"{m.name} does not look at {mass:g} GeV" for m in search.members if m.name not in names]
    notes = (*there.notes, *few_events(there, chosen), *absent)
    return _found(build, names, there.groups, (chosen, search.level), notes, leave_one_out)


def of_likelihoods(
    parts: Mapping[str, Part],
    shared: Shared | None = None,
    *,
    method: str = METHOD,
    level: float = LEVEL,
    notes: Sequence[str] = (),
    leave_one_out: bool = False,
) -> AtPoint:
    """Likelihoods by name with one strength; `shared` correlates: name → "part/nuisance" of those that are the same.

    Raises:
        UnknownName: no such method, or a nuisance that no part has.
        InputError: fewer than two parts, nuisances that cannot be the same, or a method that cannot serve them together.
    """
    if len(parts) < 2:
        raise InputError(f"combination: two likelihoods or more are needed, got {', '.join(parts) or 'none'}")
    joined(parts, shared)  # what cannot be common is refused at once
    groups = {f"shared/{name}": tuple(names) for name, names in (shared or {}).items()}

    def build(some: Sequence[str]) -> Likelihood:
        chosen = {name: parts[name] for name in some}
        return joined(chosen, restricted(shared or {}, chosen))

    return _found(build, list(parts), groups, (method, level), tuple(notes), leave_one_out)


def _found(
    build: Callable[[Sequence[str]], Likelihood],
    names: Sequence[str],
    shared: Mapping[str, tuple[str, ...]],
    how: tuple[str, float],
    notes: tuple[str, ...],
    leave_one_out: bool,
) -> AtPoint:
    def limit(some: Sequence[str]) -> Limit:
        return upper_limit(build(some), *how)

    rest = {name: [n for n in names if n != name] for name in names if leave_one_out and len(names) > 1}
    return AtPoint(
        limit(names),
        {name: limit([name]) for name in names},
        {name: limit(others) for name, others in rest.items()},
        shared,
        notes,
    )


def _over(some: Iterable[Limit], whole: Limit) -> Ratio:
    """The lowest of some limits over that of the whole, observed and median expected."""
    every = list(some)

    def ratio(of: Callable[[Limit], float | None]) -> float | None:
        best = min((value for one in every if (value := of(one)) is not None), default=None)
        below = of(whole)
        return best / below if best is not None and below else None

    return Ratio(ratio(lambda one: one.observed_limit), ratio(lambda one: one.expected_limit[2]))
