"""From a name or a file to a `Search`, and from a `Search` to JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from limits.errors import unknown
from limits.search.channels import Channel, Combination, CountingChannel, SpectrumChannel
from limits.search.checks import check_file
from limits.search.complaints import complaint, printable, shown
from limits.search.quantity import merged
from limits.search.schema import read
from limits.search.search import Search

FOLDER = Path(__file__).parents[1] / "searches"
FILE = "search.toml"
LISTS = ("hypotheses", "channels", "comparisons", "curves")


def names() -> tuple[str, ...]:
    """The shipped searches, sorted."""
    return tuple(sorted(file.parent.name for file in FOLDER.glob(f"*/{FILE}")))


def load(name_or_path: str | Path) -> Search:
    """The shipped search of that name, or the search file (or folder holding one) at that path.

    Raises:
        UnknownName: neither a shipped name nor a path that exists.
        InputError: the file is not a valid search; one line with file, key and value.
    """
    path = _find(name_or_path)
    file = read(path)
    if path.parent.parent == FOLDER and file.name != path.parent.name:
        raise complaint(path, "name", f"got {shown(file.name)}: must be the name of its folder, {path.parent.name!r}")
    quantities = merged(path, file)
    check_file(path, file, quantities)
    plain = ("name", "title", "experiment", "projection", "recast", "notes", "reference")
    fields: dict[str, Any] = {key: getattr(file, key) for key in (*plain, *LISTS)}
    search = Search(**fields, quantities=quantities, calibrations=file.calibrations, path=path)
    return search if file.combination is None else _combined(search, file.combination)


def _combined(search: Search, facts: Combination) -> Search:
    """The search with its members loaded: shipped ones, none of them a combination or twice the same data."""
    for i, name in enumerate(facts.searches):
        if name not in names():
            problem = f"got {shown(name)}: no such search; known: {', '.join(names())}"
            raise complaint(search.path, f"combination.searches[{i}]", problem)
        if name == search.name or read(FOLDER / name / FILE).combination is not None:
            raise complaint(search.path, f"combination.searches[{i}]", f"got {shown(name)}: is a combination itself")
    members = tuple(load(name) for name in facts.searches)
    having = _having(members)
    known = {full.partition("/")[2] for full in having}
    for i, name in enumerate(facts.shared):
        if name not in known:
            problem = f"got {shown(name)}: no member has this uncertainty; known: {', '.join(sorted(known))}"
            raise complaint(search.path, f"combination.shared[{i}]", problem)
    groups = {f"{search.name}/{name}": tuple(n for n in having if n.partition("/")[2] == name) for name in facts.shared}
    return replace(search, members=members, shared=facts.shared, groups=groups)


def _having(members: Sequence[Search]) -> list[str]:
    """All uncertainties of the members as "search/nuisance", but for those of one background."""
    names = (f"{part.name}/{name}" for m in members for part, channel in m.parts for name in _uncertainties(channel))
    return sorted(set(names))


def uncertainties(search: Search) -> tuple[str, ...]:
    """Uncertainties of the search that another may have in common with it, as "search/nuisance": Gaussian ones.

    A background that was counted beside the signal is no such thing: its error is the count's own.
    """
    found = _having([search])
    for part, channel in search.parts:
        if isinstance(channel, CountingChannel) and channel.background_constraint == "lognormal":
            found.append(f"{part.name}/background" + (f"-{channel.name}" if len(part.channels) > 1 else ""))
        if isinstance(channel, SpectrumChannel):
            own = {"fit-bias": channel.additive, "signal": channel.relative}
            found += [f"{part.name}/{name}" for name, key in own.items() if key is not None]
    return tuple(sorted(found))


def _uncertainties(channel: Channel) -> set[str]:
    """Names of the uncertainties of a channel: those it declares and those that are computed with its signal."""
    if isinstance(channel, SpectrumChannel):
        return set()
    found = {systematic.name for systematic in channel.systematics}
    if isinstance(channel, CountingChannel) and channel.production:
        found |= {
            "bremsstrahlung",
            *(f"{kind}-{p.collision}" for p in channel.production for kind in ("generator", "flux")),
        }
    return found


def describe(search: Search) -> dict[str, Any]:
    """Everything in `search`, ready for JSON."""
    calibrated = [search.quantities[key].calibrated(new) for key, new in search.calibrations.items()]
    return {
        "name": search.name,
        "title": search.title,
        "experiment": search.experiment,
        "projection": search.projection,
        "recast": search.recast,
        "notes": list(search.notes),
        "reference": search.reference.model_dump(),
        "quantities": [quantity.row() for quantity in search.quantities.values()],
        "calibrations": [quantity.row() for quantity in calibrated],
        "combines": [describe(member) for member in search.members],
        "shared": list(search.shared),
        **{key: [item.model_dump(mode="json") for item in getattr(search, key)] for key in LISTS},
        "channels": [_described(search, channel) for channel in search.channels],
    }


def _described(search: Search, channel: Channel) -> dict[str, Any]:
    """A channel, with the columns of the table of inputs at each mass, if that is there."""
    row = channel.model_dump(mode="json")
    if isinstance(channel, CountingChannel) and channel.per_mass is not None:
        there = (search.path.parent / channel.per_mass).is_file()
        row["per_mass_columns"] = [c for c in search.table(channel.per_mass) if c != "mass_gev"] if there else []
    return row


def _find(name_or_path: str | Path) -> Path:
    if (text := str(name_or_path)) in names():
        return FOLDER / text / FILE
    try:
        path = Path(name_or_path)
        if path.is_dir() and (path / FILE).exists():
            return path / FILE
        if path.is_file():
            return path
    except (OSError, ValueError):  # a name no file can have
        pass
    raise unknown("search (and no such file)", printable(text, 80), names())
