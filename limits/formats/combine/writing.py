"""A pyhf workspace as a datacard of CMS Combine: every bin of a channel is one bin of the card. What is not exact is refused.

| modifier | in the card |
|---|---|
| normfactor of the strength | a process with id ≤ 0 |
| normsys | `lnN` κ, or `down/up` where one is not the inverse of the other |
| shapesys | `gmN` N α where its auxiliary count (rate/error)² is a whole number N; else a `rateParam` and a bin that holds the count |
| staterror, lumi | `rateParam` with a Gaussian `param` |
| other normfactors, shapefactor | `rateParam` |
| histosys | none: refused |

A symmetric `lnN` is κ^θ in Combine, and within 1e-8 in HistFactory for κ up to 1.3. Where the two sides differ Combine joins them inside
|θ| < 1/2 and HistFactory's code 4 inside |θ| < 1; the card says so. The N of a `gmN` must be an integer, the observation of a bin need not.
Strength 1 is r = 1. Names are made of letters, digits and underscores; comments say which is whose.

Recollections of Combine's manual: that a `param` with the name of a `rateParam` constrains it, that a bin without signal is
allowed, and what kmax counts, which is therefore written `*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from limits.errors import InputError
from limits.formats.combine.entries import Column, Entries, add_modifiers, number, refuse
from limits.likelihood.workspace import Spec, check

RULE: Final = "-" * 60

ASYMMETRIC: Final = (
    "lnN down/up: Combine joins the two sides inside |theta| < 0.5; HistFactory's code 4, in pyhf, inside |theta| < 1"
)

AUXILIARY_NOTE: Final = (
    "bins of the process auxiliary hold the auxiliary counts that a gmN, which takes integers, cannot"
)


def to_card(workspace: Spec, *, comments: Iterable[str] = ()) -> str:
    """The card of a pyhf workspace (JSON 1.0.0) and its first measurement; `comments` stand on the first lines.

    Source: CMS Combine, arXiv:2404.06614, counting datacards. Numbers have 12 significant digits.

    Raises:
        InputError: not a workspace, or a modifier that has no exact form in a card, naming it and its channel.
    """
    check(workspace, "Combine card")
    config = workspace["measurements"][0]["config"]
    entries = Entries({p["name"]: p for p in config.get("parameters", [])}, config.get("poi", ""))
    if entries.config.get(entries.poi, {}).get("fixed"):
        raise InputError(f"Combine card: the parameter of interest {entries.poi!r} is fixed: no card can hold that")
    data = {o["name"]: o["data"] for o in workspace["observations"]}
    for channel in workspace["channels"]:
        _add_channel(entries, channel, data.get(channel["name"], []))
    if not any(entries.signals.values()):
        raise InputError(f"Combine card: no sample has the parameter of interest {entries.poi!r}: nothing is a signal")
    return "\n".join([*_head(entries, comments), RULE, *_table(entries)]) + "\n"


def _add_channel(entries: Entries, channel: Spec, observed: Sequence[float]) -> None:
    name, several = channel["name"], len(observed) > 1
    if {len(s["data"]) for s in channel["samples"]} != {len(observed)}:
        raise InputError(f"Combine card: channel {name!r}: samples and observations have different numbers of bins")
    for i, seen in enumerate(observed):
        where = entries.bins(f"{name}_{i}" if several else name, name)
        if where in entries.observations:
            raise InputError(f"Combine card: channel {name!r} stands there twice")
        if seen < 0:
            raise InputError(f"Combine card: channel {name!r}: {seen:g} events observed")
        entries.observations[where] = seen
        for sample in channel["samples"]:
            signal = any((m["name"], m["type"]) == (entries.poi, "normfactor") for m in sample["modifiers"])
            column = Column(where, entries.process(sample["name"], signal), sample["data"][i], name, i)
            if column.rate < 0:
                refuse("sample", sample["name"], name, f"a rate of {column.rate:g}")
            if (where, column.process) in entries.columns:
                refuse("sample", sample["name"], name, "the name stands there twice")
            entries.columns[where, column.process] = column
            add_modifiers(entries, column, sample, channel)


# ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _head(entries: Entries, comments: Iterable[str]) -> Iterator[str]:
    notes = [line for comment in comments for line in comment.splitlines()]
    notes += [line for names in (entries.bins, entries.processes, entries.nuisances) for line in names.changed()]
    notes += [ASYMMETRIC] if entries.asymmetric else []
    notes += [AUXILIARY_NOTE] if entries.auxiliary else []
    # An unprintable character might end the comment.
    yield from ("# " + "".join(c if c.isprintable() else " " for c in line) for line in notes)
    yield f"imax {len(entries.observations)}  number of bins"
    yield f"jmax {len(entries.signals) - 1}  number of processes minus 1"
    yield "kmax *  number of nuisances"
    yield RULE
    yield from _aligned([["bin", *entries.observations], ["observation", *map(number, entries.observations.values())]])


def _table(entries: Entries) -> list[str]:
    """The rates and, below rules, the nuisances with one entry for every rate and the others."""
    order = {name: i for i, name in enumerate(entries.observations)}
    columns = sorted(entries.columns.values(), key=lambda c: order[c.bin])
    processes = dict.fromkeys(c.process for c in columns)
    signals, others = ([p for p in processes if entries.signals[p] is kind] for kind in (True, False))
    ids = {name: -i for i, name in enumerate(signals)} | {name: 1 + i for i, name in enumerate(others)}
    columns.sort(key=lambda c: (order[c.bin], ids[c.process]))
    rows = [
        ["bin", "", *(c.bin for c in columns)],
        ["process", "", *(c.process for c in columns)],
        ["process", "", *(str(ids[c.process]) for c in columns)],
        ["rate", "", *(number(c.rate) for c in columns)],
    ]
    for (nuisance, kind), row in sorted(entries.cells.items(), key=lambda item: item[0][1] != "lnN"):
        rows.append([nuisance, kind, *(row.get((c.bin, c.process), "-") for c in columns)])
    # The order in which a workspace names its modifiers is no part of a card: what is read again is written the same.
    place = {(c.bin, c.process): i for i, c in enumerate(columns)}
    free = sorted(entries.multipliers.items(), key=lambda item: (item[0][0], place[item[0][1:]]))
    lines = _aligned(rows)
    return [
        *(*lines[:4], RULE, *lines[4:], RULE),
        *(f"{name} rateParam {bin_} {process} {value}" for (name, bin_, process), value in free),
        *(entries.constraints[name] for name in sorted(entries.constraints)),
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
