"""The lines of a datacard, collected from the modifiers of a workspace. What has no exact form is refused here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn

from limits.errors import InputError
from limits.likelihood.counting import TINY
from limits.likelihood.workspace import Spec

DIGITS: Final = 12
"""Significant digits of every number written, as in the exported workspaces."""

WHOLE: Final = 1e-9
"""A count this close to a whole number, relatively, is one: what is lost by writing the rates with 12 digits is below that."""

SYMMETRIC: Final = 1e-10
"""Down and up are each other's inverse when their product is this close to 1: 1/κ is rounded in a workspace."""

WIDEST: Final = 10.0
"""Upper end of a multiplier's range, as in pyhf; or 10 standard deviations above 1 where that is more."""

AUXILIARY: Final = "auxiliary"
"""The process of the bins that hold auxiliary counts."""


def number(value: float) -> str:
    """A number as it stands in a card."""
    return f"{value:.{DIGITS}g}"


@dataclass
class Names:
    """Names that Combine and RooFit take: letters, digits and underscores, none twice; the first comer keeps its own."""

    kind: str
    given: dict[tuple[object, ...], str] = field(default_factory=dict)
    original: dict[str, str] = field(default_factory=dict)

    def __call__(self, wanted: str, *key: object) -> str:
        """The name of what is told apart by `wanted` and `key`; always the same one."""
        if (wanted, *key) not in self.given:
            plain = re.sub(r"[^A-Za-z0-9_]+", "_", wanted)
            # A bin may not begin with a digit, and r is the strength.
            if not re.match("[A-Za-z]", plain) or plain == "r":
                plain = f"{self.kind}_{plain}"
            every = (plain if i == 1 else f"{plain}_{i}" for i in count(1))
            name = next(candidate for candidate in every if candidate not in self.original)
            self.original[name], self.given[wanted, *key] = wanted, name
        return self.given[wanted, *key]

    def changed(self) -> Iterator[str]:
        """Which name is whose, where it is another one."""
        for name, original in self.original.items():
            if name != original:
                yield f"{self.kind} {name}: {json.dumps(original)}"


class Column(NamedTuple):
    """One process in one bin. `channel` and `position` in it are where it comes from."""

    bin: str
    process: str
    rate: float
    channel: str
    position: int


@dataclass
class Entries:
    """What is to be written. `config` are the parameters of the measurement by name."""

    config: dict[str, Any]
    poi: str
    bins: Names = field(default_factory=lambda: Names("bin"))
    processes: Names = field(default_factory=lambda: Names("process"))
    nuisances: Names = field(default_factory=lambda: Names("nuisance"))
    observations: dict[str, float] = field(default_factory=dict)
    columns: dict[tuple[str, str], Column] = field(default_factory=dict)
    signals: dict[str, bool] = field(default_factory=dict)
    """Whether a process is a signal."""
    cells: dict[tuple[str, str], dict[tuple[str, str], str]] = field(default_factory=dict)
    """(nuisance, "lnN" or "gmN N") → entry of (bin, process)."""
    multipliers: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(nuisance, bin, process) → start and range of a rateParam."""
    constraints: dict[str, str] = field(default_factory=dict)
    asymmetric: bool = False
    """A `lnN` with two sides is among them."""
    auxiliary: bool = False
    """A bin for an auxiliary count is among them."""
    used: dict[str, tuple[str, object]] = field(default_factory=dict)

    def process(self, sample: str, signal: bool) -> str:
        """One sample name may be signal here and background there: for Combine these are two processes."""
        name = self.processes(sample, signal)
        self.signals[name] = signal
        return name

    def claim(self, name: str, kind: str, scope: object, column: Column) -> None:
        """One name is one parameter: of one type and, where HistFactory does not share it, of one place."""
        if self.used.setdefault(name, (kind, scope)) != (kind, scope):
            refuse(kind, name, column.channel, "the name is that of another modifier as well")

    def multiply(self, nuisance: str, column: Column, start: float, low: float, high: float) -> None:
        """A free multiplier."""
        self.multipliers[nuisance, column.bin, column.process] = f"{number(start)} [{number(low)},{number(high)}]"

    def multiply_gauss(self, nuisance: str, column: Column, mean: float, sigma: float) -> None:
        """A multiplier with a Gaussian constraint."""
        high = max(WIDEST, math.ceil(mean + WIDEST * sigma))
        self.multiply(nuisance, column, mean, 0.0, high)
        self.constraints[nuisance] = f"{nuisance} param {number(mean)} {number(sigma)} [0,{number(high)}]"


def refuse(kind: str, name: str, channel: str, why: str) -> NoReturn:
    """Raise the error for what no card can hold."""
    raise InputError(f"Combine card: {kind} {name!r} in channel {channel!r}: {why}")


def add_modifiers(entries: Entries, column: Column, sample: Spec, channel: Spec) -> None:
    """All modifiers of one sample in one bin.

    Raises:
        InputError: a modifier that has no exact form in a card, naming it and its channel.
    """
    met: set[str] = set()
    for modifier in sample["modifiers"]:
        name, kind = modifier["name"], modifier["type"]
        settings = entries.config.get(name, {})
        if name in met:
            refuse(kind, name, column.channel, f"the name stands twice in sample {sample['name']!r}")
        met.add(name)
        if name == entries.poi and kind == "normfactor":
            continue
        if kind not in _ADD:
            refuse(kind, name, column.channel, "it has no exact form in a counting card")
        if settings.get("fixed") or (kind != "lumi" and {"auxdata", "sigmas"} & settings.keys()):
            refuse(kind, name, column.channel, "a card has no place for fixed, auxdata or sigmas of a measurement")
        if kind in ("shapesys", "staterror") and len(modifier["data"]) != len(sample["data"]):
            refuse(kind, name, column.channel, "its length is not that of the channel")
        _ADD[kind](entries, column, modifier, channel)


def _indexed(entries: Entries, column: Column, name: str, channel: Spec) -> str:
    """The name of a nuisance that is another one in every bin."""
    several = len(channel["samples"][0]["data"]) > 1
    return entries.nuisances(f"{name}_{column.position}" if several else name, name)


def _normsys(entries: Entries, column: Column, modifier: Spec, _: Spec) -> None:
    name, high, low = modifier["name"], modifier["data"]["hi"], modifier["data"]["lo"]
    entries.claim(name, "normsys", None, column)
    if not (high > 0 and low > 0):
        refuse("normsys", name, column.channel, f"lo {low:g}, hi {high:g}: both must be > 0")
    symmetric = abs(high * low - 1) <= SYMMETRIC
    entries.asymmetric |= not symmetric
    row = entries.cells.setdefault((entries.nuisances(name, name), "lnN"), {})
    row[column.bin, column.process] = number(high) if symmetric else f"{number(low)}/{number(high)}"


def _free(entries: Entries, column: Column, modifier: Spec, channel: Spec) -> None:
    name, kind, settings = modifier["name"], modifier["type"], entries.config.get(modifier["name"], {})
    at, bins = (0, 1) if kind == "normfactor" else (column.position, len(channel["samples"][0]["data"]))
    entries.claim(name, kind, bins, column)
    starts, pairs = settings.get("inits", [1.0] * bins), settings.get("bounds")
    if len(starts) != bins or (pairs is not None and len(pairs) != bins):
        refuse(kind, name, column.channel, f"inits and bounds of the measurement must have {bins} entries")
    low, high = pairs[at] if pairs is not None else (0.0, WIDEST * max(1.0, starts[at]))
    low = 0.0 if 0 < low <= TINY else low  # where workspaces keep away from zero, a card need not
    if not 0 <= low <= starts[at] <= high:
        refuse(
            kind, name, column.channel, f"start {starts[at]:g} in [{low:g}, {high:g}]: 0 ≤ low ≤ start ≤ high is needed"
        )
    nuisance = entries.nuisances(name, name) if kind == "normfactor" else _indexed(entries, column, name, channel)
    entries.multiply(nuisance, column, starts[at], low, high)


def _shapesys(entries: Entries, column: Column, modifier: Spec, channel: Spec) -> None:
    name, error = modifier["name"], modifier["data"][column.position]
    # HistFactory gives every sample its own.
    entries.claim(name, "shapesys", (column.channel, column.process), column)
    if not (column.rate > 0 and error > 0):
        return
    tau, at = (column.rate / error) ** 2, (column.bin, column.process)
    nuisance, whole = _indexed(entries, column, name, channel), round(tau)
    # Combine takes one gmN for a process in a bin.
    first = not any(at in row for (_, kind), row in entries.cells.items() if kind.startswith("gmN"))
    if first and whole >= 1 and abs(tau - whole) <= WHOLE * tau:
        entries.cells[nuisance, f"gmN {whole}"] = {at: number(column.rate / whole)}
        return
    process, entries.auxiliary = entries.process(AUXILIARY, signal=False), True
    control = Column(entries.bins(f"{nuisance}_count"), process, tau, column.channel, 0)
    entries.columns[control.bin, process] = control
    entries.observations[control.bin] = tau
    for one in (column, control):
        entries.multiply(nuisance, one, 1.0, 0.0, max(WIDEST, math.ceil(1 + WIDEST / math.sqrt(tau))))


def _staterror(entries: Entries, column: Column, modifier: Spec, channel: Spec) -> None:
    name, i = modifier["name"], column.position
    entries.claim(name, "staterror", column.channel, column)
    pairs = [(s["data"][i], m["data"][i]) for s in channel["samples"] for m in s["modifiers"] if m["name"] == name]
    rate, error = sum(r for r, _ in pairs), math.sqrt(sum(e**2 for _, e in pairs))
    if rate > 0 and error > 0:
        entries.multiply_gauss(_indexed(entries, column, name, channel), column, 1.0, error / rate)


def _lumi(entries: Entries, column: Column, modifier: Spec, _: Spec) -> None:
    settings = entries.config.get(modifier["name"], {})
    mean, sigma = settings.get("auxdata", [1.0]), settings.get("sigmas", [0.0])
    entries.claim(modifier["name"], "lumi", None, column)
    if not (len(mean) == len(sigma) == 1 and mean[0] > 0 and sigma[0] > 0):
        refuse("lumi", modifier["name"], column.channel, "the measurement must give one auxdata and one sigmas, > 0")
    entries.multiply_gauss(entries.nuisances("lumi", "lumi"), column, mean[0], sigma[0])


_ADD: Final[Mapping[str, Callable[[Entries, Column, Spec, Spec], None]]] = MappingProxyType(
    {
        "normsys": _normsys,
        "normfactor": _free,
        "shapefactor": _free,
        "shapesys": _shapesys,
        "staterror": _staterror,
        "lumi": _lumi,
    }
)
