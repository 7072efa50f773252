"""What a combination finds, and what it gains over the single searches at the same masses, level and method.

found = combination(combined([load("faser-aprime"), load("na62-aprime")], "aprime"))
found.gain.observed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.integrate import trapezoid

from limits.combine import covered, spectra_of, subset
from limits.errors import InputError
from limits.exclusion import Interval
from limits.grid import masses_of
from limits.scan import DEFAULT_COUPLINGS, PointResult, Scan, run_scan
from limits.scan.results import collected
from limits.search import CountingChannel, Search

ASYMPTOTIC: Final = ("cls", "cls-q", "clsb")

FEW_EVENTS: Final = 10
"""Below so many events a count is told to be beyond the asymptotic formula."""


class MassGain(NamedTuple):
    """At one mass in GeV: the ratio that is the gain, observed and median expected; None where either side excludes nothing.

    `best` is the single search that excludes most there by what is expected, by what is observed where nothing is expected.
    """

    mass_gev: float
    observed: float | None
    expected: float | None
    best: str | None


@dataclass(frozen=True)
class Gain:
    """What is gained over the union of the single searches, observed and median expected.

    `kind` "area": excluded area in (ln m, ln coupling) over that of the union; `per_mass` has lengths in ln coupling instead.
    "limit": median over the masses of the best single limit over the combined one; `best` are the largest of these ratios.
    None where the union, or everything, excludes nothing. Below 1 an excess in one search has made the combination weaker.
    """

    kind: str
    observed: float | None
    expected: float | None
    best_observed: float | None
    best_expected: float | None
    per_mass: tuple[MassGain, ...]


@dataclass(frozen=True, eq=False)
class Combination:
    """The scan of a combination, those of its members and, if asked for, those without one member each, in the same order.

    `shared` are the uncertainties that are common, and no others; `losses` are the gains of the combination over those of `without`;
    `reach` are the couplings looked at, `notes` what should be said below a picture.
    """

    scan: Scan
    singles: tuple[Scan, ...]
    gain: Gain
    shared: Mapping[str, tuple[str, ...]]
    without: tuple[Scan, ...]
    losses: tuple[Gain, ...]
    reach: tuple[float, float]
    notes: tuple[str, ...]

    @property
    def status(self) -> str:
        """One of "ok" and "partial", the latter if any scan is."""
        scans = (self.scan, *self.singles, *self.without)
        return "partial" if any(scan.status == "partial" for scan in scans) else "ok"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: numbers, None, lists and text."""
        return {
            "combination": self.scan.search,
            "hypothesis": self.scan.hypothesis,
            "status": self.status,
            "members": [scan.search for scan in self.singles],
            "shared": {name: list(group) for name, group in self.shared.items()},
            "gain": _plain(self.gain),
            "scan": self.scan.to_json(),
            "singles": [scan.to_json() for scan in self.singles],
            "leave_one_out": [
                {"without": left_out.search, "scan": scan.to_json(), "gain": _plain(loss)}
                for left_out, scan, loss in zip(self.singles, self.without, self.losses, strict=False)
            ],
            "reach": list(self.reach),
            "notes": list(self.notes),
        }


def steps(search: Search, masses: Sequence[float], leave_one_out: bool = False) -> int:
    """How many points a combination at these masses (GeV) has."""
    names = [member.name for member in search.members]
    sets = [names, *([name] for name in names)]
    sets += [[n for n in names if n != name] for name in names] if leave_one_out else []
    return sum(covered(subset(search, chosen), mass) for chosen in sets for mass in masses)


def masses_at(search: Search, wanted: Sequence[float]) -> tuple[float, ...]:
    """Those of the masses (GeV) at which any member looks: there may be gaps between the members, and in them.

    Raises:
        InputError: none of them is left.
    """
    found = tuple(mass for mass in wanted if covered(search, mass))
    if not found:
        raise InputError(
            f"{search.name}: none of the searches looks at any of {', '.join(f'{m:g}' for m in wanted)} GeV"
        )
    return found


def combination(
    search: Search,
    *,
    masses: Sequence[float] | None = None,
    couplings: tuple[float, float, int] | None = None,
    method: str | None = None,
    leave_one_out: bool = False,
    advance: Callable[[], None] | None = None,
) -> Combination:
    """Scan the combination and its members, each where it looks; `advance` is called after each point.

    Raises:
        UnknownName: no such method.
        InputError: no member looks at any of the masses (GeV), or a coupling range that cannot be used.
    """
    facts = search.hypotheses[0]
    wanted = masses_of(search, None, masses)
    at = masses_at(search, wanted)
    grid = couplings if couplings is not None else (*facts.couplings, DEFAULT_COUPLINGS)
    how: dict[str, Any] = {"couplings": grid, "method": method or facts.methods[0], "advance": advance}
    names = [member.name for member in search.members]
    whole = _scan(search, at, how)
    singles = tuple(_scan(subset(search, [name]), at, how) for name in names)
    rest: tuple[Scan, ...] = ()
    if leave_one_out and len(names) > 1:
        rest = tuple(_scan(subset(search, [n for n in names if n != name]), at, how) for name in names)
    reach = (grid[0], grid[1])
    losses = tuple(gain(whole, [scan], reach) for scan in rest)
    gaps = ", ".join(f"{mass:g}" for mass in wanted if mass not in at)
    nowhere = [f"none of the searches looks at {gaps} GeV: left out"] if gaps else []
    notes = (*search.notes, *_few(search, how["method"]), *nowhere)
    return Combination(whole, singles, gain(whole, singles, reach), search.groups, rest, losses, reach, notes)


def _scan(search: Search, masses: Sequence[float], how: Mapping[str, Any]) -> Scan:
    """The masses at which the search looks; none of them is a scan without points."""
    at = [mass for mass in masses if covered(search, mass)]
    if not at:
        return collected(search, search.hypotheses[0], how["method"], search.level, [])
    found = run_scan(search, masses=at, **how)
    if spectra := spectra_of(search.members):
        return replace(found, data=f"expected counts of a simulated spectrum: {', '.join(spectra)}")
    return found


def _few(search: Search, method: str) -> list[str]:
    """Counts for which the asymptotic formula is none."""
    counts = {
        part.name: part.value(channel.observed)
        for part, channel in search.parts
        if isinstance(channel, CountingChannel)
    }
    few = [f"{name} ({count:g} observed)" for name, count in counts.items() if count < FEW_EVENTS]
    if not few or method not in ASYMPTOTIC:
        return []
    return [f"asymptotic formula, too strong at few events (95 %: 1.92 at none, where 3.00 is exact): {', '.join(few)}"]


# ── gains ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def gain(whole: Scan, singles: Sequence[Scan], reach: tuple[float, float]) -> Gain:
    """What `whole` excludes over what any of the `singles` does, at the masses of `whole`; `reach` ends open edges of regions."""
    others = [{point.mass_gev: point for point in scan.points} for scan in singles]
    names = [scan.search for scan in singles]
    rows = [(p, [one.get(p.mass_gev) for one in others]) for p in whole.points]
    region = whole.exclusion == "region"
    ratios = _lengths if region else _limits
    pairs = {which: [ratios(point, there, which, reach) for point, there in rows] for which in ("observed", "expected")}
    per_mass = tuple(
        MassGain(point.mass_gev, _over(*o), _over(*e), _best(there, names, reach))
        for (point, there), o, e in zip(rows, pairs["observed"], pairs["expected"], strict=True)
    )
    found = {name: [r for m in per_mass if (r := getattr(m, name)) is not None] for name in ("observed", "expected")}
    best = {name: max(values, default=None) for name, values in found.items()}
    if region:
        mass = np.log([point.mass_gev for point, _ in rows])
        total = {
            which: _over(*(_area(mass, column) for column in zip(*found, strict=True)))
            for which, found in pairs.items()
        }
    else:
        total = {name: float(np.median(values)) if values else None for name, values in found.items()}
    kind = "area" if region else "limit"
    return Gain(kind, total["observed"], total["expected"], best["observed"], best["expected"], per_mass)


def _area(mass: Any, lengths: Sequence[float]) -> float:
    """∫ over ln m; of a single mass the length itself."""
    return float(trapezoid(lengths, mass)) if len(lengths) > 1 else float(sum(lengths))


def _over(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _lengths(
    point: PointResult, singles: Sequence[PointResult | None], which: str, reach: tuple[float, float]
) -> tuple[float, float]:
    """Lengths in ln coupling that are excluded by the combination, and by any single search."""
    union = [interval for one in singles if one is not None for interval in _excluded(one, which)]
    return _length(_excluded(point, which), reach), _length(union, reach)


def _excluded(point: PointResult, which: str) -> tuple[Interval, ...]:
    return point.excluded if which == "observed" else point.expected_excluded


def _length(intervals: Sequence[Interval], reach: tuple[float, float]) -> float:
    """Length in the logarithm of a union of intervals; open edges end at `reach`."""
    closed = sorted((low or reach[0], high or reach[1]) for low, high in intervals)
    total, end = 0.0, 0.0
    for low, high in closed:
        start = max(low, end)
        total += float(np.log(high / start)) if high > start else 0.0
        end = max(end, high)
    return total


def _limits(
    point: PointResult, singles: Sequence[PointResult | None], which: str, _: tuple[float, float]
) -> tuple[float | None, float | None]:
    """The best limit of a single search, and the combined one."""
    known = [limit for one in singles if one is not None and (limit := _limit(one, which)) is not None]
    return min(known, default=None), _limit(point, which)


def _limit(point: PointResult, which: str) -> float | None:
    return point.observed_limit if which == "observed" else point.expected_limit[2]


def _best(singles: Sequence[PointResult | None], names: Sequence[str], reach: tuple[float, float]) -> str | None:
    """The search that excludes most of the couplings."""
    for which in ("expected", "observed"):
        lengths = [0.0 if one is None else _length(_excluded(one, which), reach) for one in singles]
        if max(lengths, default=0.0) > 0:
            return names[int(np.argmax(lengths))]
    return None


def _plain(found: Gain) -> dict[str, Any]:
    return {**asdict(found), "per_mass": [row._asdict() for row in found.per_mass]}
