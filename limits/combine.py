"""Searches put together by a user: one likelihood at every theory point, of which only what is named is common.

    together = combined([load("faser-aprime"), load("na62-aprime")], "aprime")
    run_scan(together)

A member that does not test the hypothesis is recast to it. At a mass that is not its own a member is left out. What the files of
combinations say to be common stays so; all other nuisances are separate, whatever they are called.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isclose
from pathlib import Path
from typing import Any, Final

from limits.assemble import covers
from limits.errors import InputError, unknown
from limits.formats.reading import content
from limits.recast import recast
from limits.search import (
    CountingChannel,
    HypothesisFacts,
    Quantity,
    Reference,
    Search,
    SpectrumChannel,
    uncertainties,
)

MOST_COUNTS: Final = 4
"""Exact sums are made over so many counts."""

SAME: Final[Mapping[str, str]] = {"g_Z'": "g'"}
"""Symbols of one coupling: both multiply Z'_ν times the current of muons minus that of taus (`limits.physics.zprime`, `muon_pair`)."""

WITHOUT_DARK_MATTER: Final = ("lmu-ltau",)
"""What is not seen of these are neutrinos; of all others that escape it is dark matter, which nothing else decays to."""

UNIVERSAL: Final = "mesogenesis-universal"
ASSUMED: Final[Mapping[str, str]] = {
    UNIVERSAL: "operators O_ud, O_us and O_cd of equal strength, and exclusive parts by phase space (own model); fractions from form "
    "factors, at hand for the proton only, are 1e-4 to 1e-3 of the inclusive one"
}
"""What a hypothesis takes for granted."""

Shared = Mapping[str, Sequence[str]]


def combined(
    searches: Sequence[Search], hypothesis: str, shared: Shared | None = None, level: float | None = None
) -> Search:
    """The searches as one, for `hypothesis`; `shared` correlates: name → "search/nuisance" of those that are the same.

    It excludes a region unless all members have upper limits of the same power. A combination among the searches is taken apart.

    Raises:
        UnknownName: a hypothesis that a search cannot be recast to, or an uncertainty that no member has.
        InputError: no search, one of them twice, members whose couplings or levels differ, or that mean different decays.
    """
    members, groups = _taken_apart(searches, hypothesis)
    if not members:
        raise InputError("combination: no search is given")
    name = "+".join(member.name for member in members)
    twice = sorted({m.name for m in members if [n.name for n in members].count(m.name) > 1})
    if twice:
        raise InputError(f"{name}: data would count twice: {', '.join(twice)}")
    _check_model(name, members, hypothesis)
    own = checked_groups({n: member.name for member in members for n in uncertainties(member)}, shared or {})
    return _together(members, _facts(name, members, hypothesis), {**groups, **own}, _level(name, members, level))


def subset(search: Search, names: Sequence[str]) -> Search:
    """The combination of some of the members only: same hypothesis, level and kind of exclusion.

    Raises:
        UnknownName: no such member.
    """
    members = [member for member in search.members if member.name in names]
    if missing := set(names) - {member.name for member in members}:
        raise unknown("member", min(missing), [m.name for m in search.members], search.name)
    return _together(members, search.hypotheses[0], search.groups, search.quantity("level"))


def covered(search: Search, mass: float) -> bool:
    """Whether any member of a combination looks at that mass in GeV."""
    name = search.hypotheses[0].name
    return any(covers(part, channel, name, mass) for part, channel in search.parts)


def _taken_apart(searches: Sequence[Search], hypothesis: str) -> tuple[list[Search], dict[str, tuple[str, ...]]]:
    """The single searches, all testing the hypothesis, and what combinations among them declare to be common."""
    members: list[Search] = []
    groups: dict[str, tuple[str, ...]] = {}
    for search in searches:
        found = recast(search, hypothesis)
        members += found.members or (found,)
        groups |= search.groups
    return members, groups


def _together(
    members: Sequence[Search], facts: HypothesisFacts, groups: Mapping[str, tuple[str, ...]], level: Quantity
) -> Search:
    name = "+".join(member.name for member in members)
    why = "; ".join(f"{member.name}: {member.recast}" for member in members if member.recast)
    arxiv = ", ".join(dict.fromkeys(member.reference.arxiv for member in members))
    names = {member.name for member in members}
    left = {key: tuple(n for n in group if n.partition("/")[0] in names) for key, group in groups.items()}
    return Search(
        name=name,
        title=f"combination of {', '.join(member.name for member in members)}",
        experiment=" + ".join(dict.fromkeys(member.experiment for member in members)),
        projection=any(member.projection for member in members),
        recast=why or None,
        notes=tuple(_notes(members, facts)),
        reference=Reference.model_construct(arxiv=arxiv),
        quantities={"level": level},
        calibrations={},
        hypotheses=(facts,),
        channels=(),
        comparisons=(),
        curves=(),
        path=Path(name),
        members=tuple(members),
        groups={key: group for key, group in left.items() if len(group) > 1},
        recasts=(facts.name,) if any(facts.name in member.recasts for member in members) else (),
        ad_hoc=True,
    )


def _notes(members: Sequence[Search], facts: HypothesisFacts) -> Iterator[str]:
    """What readers of a result must know."""
    recasts = [member.name for member in members if facts.name in member.recasts]
    if facts.name in ASSUMED:
        yield ASSUMED[facts.name]
    elif recasts:
        yield f"recast, the efficiency assumed to be that of the published particle: {', '.join(recasts)}"
    if lacking := [member.name for member in members if member.recast is not None]:
        yield f"recast of what is published, inputs that are not public are assumed: {', '.join(lacking)}"
    if spectra := spectra_of(members):
        yield f"the expected counts of a simulated spectrum stand for data that are not public: {', '.join(spectra)}"
    if projections := [member.name for member in members if member.projection]:
        yield f"projections, without data: {', '.join(projections)}"


def spectra_of(members: Sequence[Search]) -> list[str]:
    """Names of the members that look for a peak on a spectrum: their data are Asimov data."""
    return [m.name for m in members if any(isinstance(channel, SpectrumChannel) for channel in m.channels)]


def _check_model(name: str, members: Sequence[Search], hypothesis: str) -> None:
    """Refuse members that mean different things: invisible and visible decays, branching fractions of different decays."""
    decays = {m.name: channel.decay for m in members for _, channel in m.parts if isinstance(channel, CountingChannel)}
    if hypothesis.startswith("mesogenesis") and hypothesis != UNIVERSAL and len(set(decays.values())) > 1:
        raise InputError(
            f"{name}: {members[0].hypothesis(hypothesis).symbol} is of another decay in each, by another operator, and no theory "
            "point gives one to all; "
            f"with operators of equal strength: {UNIVERSAL}"
        )
    dark = [m.name for m in members if {channel.signal for _, channel in m.parts} == {"missing"}]
    if hypothesis not in WITHOUT_DARK_MATTER and 0 < len(dark) < len(members):
        others = ", ".join(member.name for member in members if member.name not in dark)
        raise InputError(
            f"{name}: {hypothesis} decays to dark matter in {', '.join(dark)} and to what is seen in {others}: "
            "no theory point is both"
        )


def _facts(name: str, members: Sequence[Search], hypothesis: str) -> HypothesisFacts:
    every = [member.hypothesis(hypothesis) for member in members]
    first = every[0]
    for member, facts in zip(members, every, strict=True):
        if (SAME.get(facts.symbol, facts.symbol), facts.unit) != (SAME.get(first.symbol, first.symbol), first.unit):
            raise InputError(
                f"{name}: {hypothesis}: the coupling is {first.symbol} [{first.unit}] in {members[0].name} and "
                f"{facts.symbol} [{facts.unit}] in {member.name}: they cannot be combined"
            )
    powers = {facts.yield_power for facts in every}
    limits = len(powers) == 1 and all(facts.exclusion == "upper-limit" for facts in every)
    low, high = zip(*(facts.couplings for facts in every), strict=True)
    found: dict[str, Any] = {
        **first.model_dump(),
        **_masses(every),
        "scan_masses_gev": None,
        "exclusion": "upper-limit" if limits else "region",
        "yield_power": first.yield_power if limits else None,
        "couplings": (min(low), max(high)),
        "rate": None,
        "methods": _methods(members),
    }
    return HypothesisFacts.model_validate(found)


def _masses(every: Sequence[HypothesisFacts]) -> dict[str, Any]:
    """The hull of all ranges; the masses of all tables where there is no range."""
    ranges = [facts.masses_gev for facts in every if facts.masses_gev is not None]
    tables = sorted({mass for facts in every for mass in facts.tabulated_masses_gev or ()})
    if not ranges:
        return {"masses_gev": None, "tabulated_masses_gev": tuple(tables)}
    ends = [*tables, *(mass for pair in ranges for mass in pair)]
    return {"masses_gev": (min(ends), max(ends)), "tabulated_masses_gev": None}


def _methods(members: Sequence[Search]) -> tuple[str, ...]:
    """Exact sums where there are few counts, the asymptotic formula else."""
    parts = [part for member in members for part in member.parts]
    few = len(parts) <= MOST_COUNTS and all(
        isinstance(channel, CountingChannel) and part.value(channel.observed).is_integer() for part, channel in parts
    )
    return ("cls-exact", "cls") if few else ("cls",)


def _level(name: str, members: Sequence[Search], level: float | None) -> Quantity:
    """The level of all members, or the one that is asked for."""
    known = {member.name: member.level for member in members}
    same = all(isclose(value, members[0].level) for value in known.values())
    said = ", ".join(f"{search} {100 * value:g} %" for search, value in known.items())
    if level is None and not same:
        raise InputError(f"{name}: a level must be chosen, the members have different ones: {said}")
    wanted = members[0].level if level is None else level
    if not 0 < wanted < 1:
        raise InputError(f"level = {level!r}: a number between 0 and 1 is needed")
    plain = Quantity("level", members[0].level, "1", "fact", f"the members: {said}")
    return plain if same and isclose(wanted, plain.value) else replace(plain, value=wanted, kind="set")


def checked_groups(owners: Mapping[str, str], shared: Shared) -> dict[str, tuple[str, ...]]:
    """What is declared to be common; `owners` says for every uncertainty whose it is.

    Raises:
        UnknownName: an uncertainty that nobody has.
        InputError: one that is declared twice, or not one each of several.
    """
    used: dict[str, str] = {}
    for group, names in shared.items():
        for name in names:
            if name not in owners:
                raise unknown("uncertainty", name, owners, f"shared {group!r}")
            if name in used:
                raise InputError(f"shared {group!r}: {name} is in {used[name]!r} already")
            used[name] = group
        if len({owners[name] for name in names}) < max(2, len(names)):
            raise InputError(f"shared {group!r}: got {', '.join(names)}: one uncertainty of each of several is needed")
    return {f"shared/{group}": tuple(names) for group, names in shared.items()}


def read_shared(path: Path) -> Shared:
    """What a file declares to be common: a TOML table `shared` of lists, name = ["search/nuisance", "search/nuisance"].

    Raises:
        InputError: cannot be read, no TOML, or anything else in it.
    """
    try:
        document = tomllib.loads(content(path, str(path)).decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not TOML: {error}") from None
    shared = document.get("shared")
    if set(document) != {"shared"} or not isinstance(shared, dict):
        raise InputError(f"{path}: one table [shared] is needed; got {', '.join(document) or 'nothing'}")
    for name, names in shared.items():
        if not (isinstance(names, list) and all(isinstance(one, str) for one in names)):
            raise InputError(f'{path}: shared.{name}: must be a list, as ["search/nuisance", "search/nuisance"]')
    return shared
