"""What stands in a datacard of CMS Combine for counting analyses: its lines, read and checked, nothing computed.

What the words mean (CMS Combine, arXiv:2404.06614, and its manual):

| word | meaning |
|---|---|
| `process` ids | ≤ 0 a signal, multiplied by the strength r; > 0 a background |
| `lnN` κ | rate · κ^θ, θ ~ N(0, 1); `down/up`: the factors at θ = ∓1, joined inside |θ| < 1/2 |
| `gmN` N α | rate α·G, with N ~ Poisson(G); the rate column must say N·α |
| `gmM` δ | rate · t, t from a Gamma density of mean 1 and width δ |
| `rateParam` bin process x [low,high] | rate · x, x free; with `param` μ σ of the same name x ~ N(μ, σ) |
| `group` | a list of names for later use, no part of the likelihood |

Everything else — shapes, formulas, `lnU`, edits — is refused with its line. How far the rate of a `gmN` may be from N·α, and
which lines kmax counts, are recollections of Combine's reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Final, NamedTuple

from limits.errors import InputError
from limits.formats.combine.lines import MOST_COLUMNS, Line, is_number, lines

MOST_ENTRIES: Final = 500_000
"""Uncertainties of single rates in a card: one with many wildcards is longer than it looks."""

HEADER: Final = ("imax", "jmax", "kmax", "shapes", "bin", "observation", "process", "rate")
WITH_COLUMNS: Final = ("lnN", "gmN", "gmM")


class Column(NamedTuple):
    """One process in one bin."""

    bin: str
    process: str
    signal: bool
    rate: float


class Row(NamedTuple):
    """A nuisance with one entry per column: "-" is none. `events` is the N of a gmN."""

    line: Line
    name: str
    kind: str
    entries: list[str]
    events: int = 0


class Gauss(NamedTuple):
    """The constraint of a multiplier: a `param`."""

    line: Line
    mean: float
    sigma: float


@dataclass
class Multiplier:
    """A rateParam: which columns it multiplies, where it starts, its range, and its `param`."""

    line: Line
    start: float
    reach: tuple[float, float] | None
    columns: set[int]
    gauss: Gauss | None = None


@dataclass
class Card:
    """A card as read: `observations` by bin, and the rest in the order in which it stands."""

    observations: dict[str, float]
    columns: list[Column]
    rows: dict[str, Row] = field(default_factory=dict)
    multipliers: dict[str, Multiplier] = field(default_factory=dict)
    params: dict[str, Gauss] = field(default_factory=dict)
    entries: int = 0

    def places(self, bin_: str, process: str) -> list[int]:
        """The columns of a bin and a process; * is every one."""
        return self._index.get((bin_, process), [])

    @cached_property
    def _index(self) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for i, c in enumerate(self.columns):
            for key in product((c.bin, "*"), (c.process, "*")):
                found.setdefault(key, []).append(i)
        return found


def read(text: str, where: str) -> Card:
    """The card in `text`; `where` names it in messages.

    Raises:
        InputError: more than 8 MB, or a line that cannot be read or is not supported, with its number.
    """
    rest = lines(text, where)
    head, limits = _head(rest, where)
    card = Card(*_rates(head, where))
    for line in rest:
        _add(card, line)
    for name, gauss in card.params.items():
        if name not in card.multipliers:
            gauss.line.refuse(f"param {name[:40]!r}: no rateParam has that name")
        card.multipliers[name].gauss = gauss
    _compare(card, limits)
    return card


def _compare(card: Card, limits: Sequence[Line]) -> None:
    """Hold imax, jmax and kmax against what there is."""
    others = len(card.multipliers) + len(card.params)
    found = {
        "imax": range(len(card.observations), len(card.observations) + 1),
        "jmax": range(jmax := len({c.process for c in card.columns}) - 1, jmax + 1),
        # Whether multipliers and their constraints count is not asked.
        "kmax": range(len(card.rows), len(card.rows) + others + 1),
    }
    for line in limits:
        word, value = (*line.words, "")[:2]
        if value not in ("*", "-1") and line.number(value) not in found[word]:
            line.refuse(f"{word} = {value}: the card has {found[word][0]}")


# ── the first part: bins, processes, rates ───────────────────────────────────────────────────────────────────────────────────


def _head(rest: Iterator[Line], where: str) -> tuple[dict[str, list[Line]], list[Line]]:
    """Lines up to the rates by their first word, and those of imax, jmax and kmax."""
    found: dict[str, list[Line]] = {}
    limits: list[Line] = []
    for line in rest:
        word = line.words[0] if line.words[0] != "Observation" else "observation"
        if word not in HEADER:
            line.refuse(f"{word[:40]!r} before the rates; known there: {', '.join(HEADER)}")
        if word == "shapes" and line.words[3:4] != ["FAKE"]:
            line.refuse("shapes from files are not read; counting cards have none, or 'shapes * * FAKE'")
        if word in ("imax", "jmax", "kmax"):
            limits.append(line)
        elif word != "shapes":
            found.setdefault(word, []).append(line)
        if word == "rate":
            break
    for word, times in {"bin": 2, "observation": 1, "process": 2, "rate": 1}.items():
        if len(found.get(word, [])) != times:
            raise InputError(f"{where}: {len(found.get(word, []))} lines {word!r} up to the rates: {times} needed")
    return found, limits


def _rates(head: dict[str, list[Line]], where: str) -> tuple[dict[str, float], list[Column]]:
    seen, bins = head["observation"][0], head["bin"][0].words[1:]
    if len(set(bins)) != len(bins) or not bins:
        head["bin"][0].refuse("the bins must have different names, at least one")
    if len(seen.words) - 1 != len(bins):
        seen.refuse(f"{len(seen.words) - 1} observations for {len(bins)} bins")
    observations = {b: seen.number(n) for b, n in zip(bins, seen.words[1:], strict=True)}
    names, ids = _processes(head["process"])
    line, of_bin, rates = head["rate"][0], head["bin"][1], head["rate"][0].words[1:]
    if not len(of_bin.words) - 1 == len(names) == len(ids) == len(rates) <= MOST_COLUMNS:
        line.refuse(
            f"{len(of_bin.words) - 1} bins, {len(names)} processes, {len(ids)} ids, {len(rates)} rates: "
            f"as many of each are needed, up to {MOST_COLUMNS}"
        )
    columns = [
        Column(b, p, i <= 0, line.number(r)) for b, p, i, r in zip(of_bin.words[1:], names, ids, rates, strict=True)
    ]
    if len({(c.bin, c.process) for c in columns}) != len(columns):
        of_bin.refuse("a process stands in one bin twice")
    if {c.bin for c in columns} != set(bins):
        of_bin.refuse("the bins of the rates are not those that are observed")
    if len(set(zip(names, ids, strict=True))) != len(set(names)):
        head["process"][0].refuse("a process has two ids")
    if not any(c.signal for c in columns):
        raise InputError(f"{where}: no process has an id ≤ 0: nothing is a signal")
    return observations, columns


def _processes(pair: Sequence[Line]) -> tuple[list[str], list[int]]:
    """Names and ids, whichever line comes first; where both are numbers the second has the ids."""
    for names, ids in ((pair[0], pair[1]), (pair[1], pair[0])):
        if all(re.fullmatch("[+-]?[0-9]{1,9}", word) for word in ids.words[1:]):
            return names.words[1:], [int(word) for word in ids.words[1:]]
    return pair[1].refuse("one of the two lines 'process' must have whole numbers")


# ── the second part: nuisances ───────────────────────────────────────────────────────────────────────────────────────────────


def _add(card: Card, line: Line) -> None:
    if len(line.words) < 2 or line.words[0] == "nuisance":
        line.refuse(f"{' '.join(line.words)[:40]!r} is not read: the name and the type of a nuisance are needed")
    name, kind, *rest = line.words
    if kind == "group":
        return
    if kind not in (*WITH_COLUMNS, "rateParam", "param"):
        known = ", ".join((*WITH_COLUMNS, "rateParam", "param", "group"))
        line.refuse(f"{name[:40]!r}: type {kind[:40]!r} is not read; those that are: {known}")
    if name in ("r", "strength"):
        line.refuse(f"{name!r} is the strength, and no name of a nuisance")
    if name in card.rows or (kind in WITH_COLUMNS and (name in card.multipliers or name in card.params)):
        line.refuse(f"{name[:40]!r} is the name of another nuisance as well")
    if kind == "rateParam":
        _add_multiplier(card, line, name, rest)
    elif kind == "param":
        _add_param(card, line, name, rest)
    else:
        card.rows[name] = _row(card, line, name, kind, rest)
    if card.entries > MOST_ENTRIES:
        line.refuse(f"more than {MOST_ENTRIES} uncertainties of single rates up to here")


def _row(card: Card, line: Line, name: str, kind: str, rest: list[str]) -> Row:
    count = 0
    if kind == "gmN":
        if not rest or re.fullmatch("[0-9]{1,15}", rest[0]) is None:
            line.refuse(f"gmN {''.join(rest[:1])[:40]!r}: a whole number of events is needed")
        count, rest = int(rest[0]), rest[1:]
    size = len(card.columns)
    if len(rest) < size:
        line.refuse(f"{len(rest)} entries for {size} rates")
    # Cards have words for the reader behind the last entry; one entry too many is a slip.
    if rest[size:] and (rest[size] == "-" or is_number(rest[size].split("/")[0])):
        line.refuse(f"more than {size} entries for {size} rates")
    entries = ["-" if is_number(word) and float(word) == 0 else word for word in rest[:size]]
    card.entries += size - entries.count("-")
    return Row(line, name, kind, entries, count)


def _add_multiplier(card: Card, line: Line, name: str, rest: list[str]) -> None:
    if len(rest) not in (3, 4) or not is_number(rest[2]):
        line.refuse(
            "rateParam: bin, process, a number and perhaps [low,high] are needed; formulas and files are not read"
        )
    start, reach = line.number(rest[2]), line.interval(rest[3]) if len(rest) == 4 else None
    if reach is not None and not reach[0] <= start <= reach[1]:
        line.refuse(f"rateParam: {rest[2]} is not in {rest[3]}")
    if not (found := card.places(rest[0], rest[1])):
        line.refuse(f"rateParam: no process {rest[1][:40]!r} in bin {rest[0][:40]!r}; of wildcards * alone is read")
    card.entries += len(found)
    known = card.multipliers.setdefault(name, Multiplier(line, start, reach, set()))
    if (known.start, known.reach) != (start, reach):
        line.refuse(f"rateParam {name[:40]!r} has another value or range in an earlier line")
    if not known.columns.isdisjoint(found):
        line.refuse(f"rateParam {name[:40]!r} multiplies a rate twice")
    known.columns.update(found)


def _add_param(card: Card, line: Line, name: str, rest: list[str]) -> None:
    if name in card.params:
        line.refuse(f"param {name[:40]!r} stands there twice")
    if len(rest) not in (2, 3):
        line.refuse("param: mean, width and perhaps [low,high] are needed")
    if len(rest) == 3:
        line.interval(rest[2])
    card.params[name] = Gauss(line, line.positive(rest[0]), line.positive(rest[1]))
