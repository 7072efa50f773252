"""What a combination finds, and what it gains over the single searches at the same masses, level and method.

found = combination(combined([load("faser-aprime"), load("na62-aprime")], "aprime"))
found.gain.observed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from limits.combination.gains import Gain, gain, plain
from limits.combine import covered, spectra_of, subset
from limits.errors import InputError
from limits.grid import masses_of
from limits.scan import DEFAULT_COUPLINGS, Scan, run_scan
from limits.scan.results import collected
from limits.search import CountingChannel, Search, SpectrumChannel
from limits.store import WORK, Work

ASYMPTOTIC: Final = ("cls", "cls-q", "clsb")

BESIDE: Final = 1e-3
"""How near to the end of the range of a member a default grid looks, from both sides."""

FEW_EVENTS: Final = 10
"""Below so many events a count is told to be beyond the asymptotic formula."""


@dataclass(frozen=True, eq=False)
class Combination:
    """The scan of a combination, those of its members and, if asked for, those without one member each, in the same order.

    `shared` are the uncertainties that are common, and no others; `losses` are the gains of the combination over those of `without`;
    `reach` are the couplings looked at, `gaps` masses in GeV at which nobody looks, `notes` what should be said below a picture.
    """

    scan: Scan
    singles: tuple[Scan, ...]
    gain: Gain
    shared: Mapping[str, tuple[str, ...]]
    without: tuple[Scan, ...]
    losses: tuple[Gain, ...]
    reach: tuple[float, float]
    gaps: tuple[float, ...]
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
            "gain": plain(self.gain),
            "scan": self.scan.to_json(),
            "singles": [scan.to_json() for scan in self.singles],
            "leave_one_out": [
                {"without": left_out.search, "scan": scan.to_json(), "gain": plain(loss)}
                for left_out, scan, loss in zip(self.singles, self.without, self.losses, strict=False)
            ],
            "reach": list(self.reach),
            "gaps": list(self.gaps),
            "notes": list(self.notes),
        }


def steps(search: Search, masses: Sequence[float], leave_one_out: bool = False) -> int:
    """How many points a combination at these masses (GeV) has."""
    return sum(covered(part, mass) for part in _parts(search, leave_one_out).values() for mass in masses)


def _parts(search: Search, leave_one_out: bool) -> dict[frozenset[str], Search]:
    """What is scanned, by the names of its members: the whole, each member, and the rest without each; of two that is the other."""
    names = [member.name for member in search.members]
    every = frozenset(names)
    sets = [every, *(frozenset({name}) for name in names)]
    sets += [every - {name} for name in names if leave_one_out and len(names) > 1]
    return {chosen: search if chosen == every else subset(search, tuple(chosen)) for chosen in sets}


def default_masses(search: Search) -> tuple[float, ...]:
    """Those of a scan, and in GeV the ends of where every member looks, from within and without: there a region begins or ends."""
    ranges = [span for member in search.members for span in _looks(member, search.hypotheses[0].name)]
    near = {float(f"{m:.12g}") for low, high in ranges for m in (low * (1 - BESIDE), low, high, high * (1 + BESIDE))}
    return tuple(sorted({*masses_of(search), *(mass for mass in near if search.hypotheses[0].has_mass(mass))}))


def _looks(member: Search, hypothesis: str) -> list[tuple[float, float]]:
    """Masses in GeV from where to where a single search looks; none of a table."""
    whole = member.hypothesis(hypothesis).masses_gev
    if whole is None:
        return []
    windows = [w.masses_gev for c in member.channels if isinstance(c, SpectrumChannel) for w in c.windows]
    found: list[tuple[float, float]] = []
    for low, high in sorted((max(low, whole[0]), min(high, whole[1])) for low, high in windows or [whole]):
        if found and low < found[-1][1] * (1 + 2 * BESIDE):  # windows that touch are one range
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        elif low < high:
            found.append((low, high))
    return found


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
    advance: Callable[..., None] | None = None,
    work: Work = WORK,
) -> Combination:
    """Scan the combination and its members, each where it looks; `advance` is called after each point, `work` says who does them.

    Raises:
        UnknownName: no such method.
        InputError: no member looks at any of the masses (GeV), a coupling range that cannot be used, or a folder of other results.
    """
    facts = search.hypotheses[0]
    wanted = default_masses(search) if masses is None else masses_of(search, None, masses)
    at = masses_at(search, wanted)
    grid = couplings if couplings is not None else (*facts.couplings, DEFAULT_COUPLINGS)
    how: dict[str, Any] = {"couplings": grid, "method": method or facts.methods[0], "advance": advance, "work": work}
    names = [member.name for member in search.members]
    scans = {chosen: _scan(part, at, how) for chosen, part in _parts(search, leave_one_out).items()}
    whole = scans[frozenset(names)]
    singles = tuple(scans[frozenset({name})] for name in names)
    rest = tuple(scans[frozenset(names) - {name}] for name in names if leave_one_out and len(names) > 1)
    reach = (grid[0], grid[1])
    looking = [{point.mass_gev for point in single.points} for single in singles]
    several = {mass for mass in at if sum(mass in own for own in looking) > 1}
    losses = tuple(gain(whole, [scan], reach, own) for scan, own in zip(rest, looking, strict=False))
    gaps = tuple(mass for mass in wanted if mass not in at)
    nowhere = [f"none of the searches looks at {', '.join(f'{m:.4g}' for m in gaps)} GeV: left out"] if gaps else []
    notes = (*search.notes, *few_events(search, how["method"]), *nowhere)
    return Combination(
        whole, singles, gain(whole, singles, reach, several), search.groups, rest, losses, reach, gaps, notes
    )


def _scan(search: Search, masses: Sequence[float], how: Mapping[str, Any]) -> Scan:
    """The masses at which the search looks; none of them is a scan without points."""
    at = [mass for mass in masses if covered(search, mass)]
    if not at:
        return collected(search, search.hypotheses[0], how["method"], search.level, [])
    found = run_scan(search, masses=at, **{**how, "work": how["work"].within(search.name)})
    if spectra := spectra_of(search.members):
        return replace(found, data=f"expected counts of a simulated spectrum: {', '.join(spectra)}")
    return found


def few_events(search: Search, method: str) -> list[str]:
    """What must be said about counts for which the asymptotic formula is none."""
    counts = {
        part.name: part.value(channel.observed)
        for part, channel in search.parts
        if isinstance(channel, CountingChannel)
    }
    few = [f"{name} ({count:g} observed)" for name, count in counts.items() if count < FEW_EVENTS]
    if not few or method not in ASYMPTOTIC:
        return []
    return [f"asymptotic formula, too strong at few events (95 %: 1.92 at none, where 3.00 is exact): {', '.join(few)}"]
