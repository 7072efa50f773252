"""What a submission says in words: descriptions, names, keywords, qualifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from limits.formats.hepdata.scanned import Scan
from limits.formats.hepdata.tables import Table, rounded, unit_of, words
from limits.search import Search

NAME: Final = 64
"""Characters of the name of a table, by the schema."""

KEYWORD: Final = 128
"""Characters of a keyword, by the schema."""

LONG: Final = 4000
"""Characters of one sentence of a description: lists of assumptions are long."""

MOST_WARNINGS: Final = 5

ABSENT: Final = "not installed"
"""The version of a package that is run from its source."""

ENERGY: Final = "sqrt_s"
"""The number of a search file that is the energy of the collisions, in GeV."""

LABELS: Final = {
    "placeholders": "some numbers have no source yet, and mean nothing",
    "predicted": "computed from published inputs, nothing was fitted to a published limit",
    "calibrated": "a number of it was fitted to a published limit",
    "recast": "the publication did not test this, or needs inputs that are not public",
    "projection": "an experiment that has no data yet",
}


def comment(search: Search) -> str:
    """What holds for the whole submission."""
    recast = "" if search.recast is None else f" It is a recast: {_ended(search.recast)}"
    notes = "".join(f" Note: {_ended(note)}" for note in search.notes)
    text = f"{_origin(search)} {_ended(search.title)}{recast}{notes}"
    return words(text, LONG)


def description(search: Search, scan: Scan, table: Table) -> str:
    """All that must be known to use a table, in sentences."""
    return " ".join(words(sentence, LONG) for sentence in _sentences(search, scan, table))


def _origin(search: Search) -> str:
    return (
        f"A reconstruction by the program limits from public numbers of {search.experiment} (arXiv:{search.reference.arxiv}); "
        "not a result of that collaboration."
    )


def _sentences(search: Search, scan: Scan, table: Table) -> Iterator[str]:
    percent = rounded(100 * scan.level)
    quantity = words(table.quantity["quantity"])
    yield f"{table.kind.capitalize()} at {percent:g} % of {quantity} ({unit_of(table.quantity) or 'a plain number'}),"
    yield f"hypothesis {scan.hypothesis}, search {scan.search}."
    yield _origin(search)
    yield f"Label: {scan.label} ({LABELS.get(scan.label, 'not known to this writer')})."
    if scan.calibrated_to:
        yield f"Calibrated: {_ended(scan.calibrated_to)}"
    yield f"Method: {scan.method}, level {percent:g} %. Expected limits: {_ended(scan.expected_kind)}"
    yield from _hunt(scan)
    if scan.assumptions:
        yield f"Assumed, not published: {', '.join(scan.assumptions)}."
    if scan.set_values:
        yield f"Set by hand: {', '.join(f'{key} = {value:g}' for key, value in scan.set_values.items())}."
    yield from table.notes
    yield from _failures(scan)
    if (version := scan.provenance.get("limits", ABSENT)) != ABSENT:
        yield f"Made with darksector-limits {version}."


def _hunt(scan: Scan) -> Iterator[str]:
    """What the data of a hunt are, and the significance of the largest excess."""
    if scan.data is not None:
        how = "" if scan.treatment is None else f", treatment {scan.treatment}"
        yield f"Data: {scan.data}{how}."
    about = scan.global_significance or {}
    found = {name: about.get(key) for name, key in (("local", "local_z"), ("global", "z"))}
    said = ", ".join(f"{name} {rounded(z, 3):g} σ" for name, z in found.items() if isinstance(z, int | float))
    if said:
        yield f"Largest excess: {said}."


def _failures(scan: Scan) -> Iterator[str]:
    """Where a point is not all that was asked for, and why."""
    partial = [point for point in scan.points if point.status == "partial"]
    if partial:
        yield f"Partial results at {len(partial)} of {len(scan.points)} masses."
    counts: dict[str, int] = {}
    for text in (text for point in scan.points for text in point.warnings):
        counts[text] = counts.get(text, 0) + 1
    for text, count in list(counts.items())[:MOST_WARNINGS]:
        yield f"Warning at {count} of {len(scan.points)} masses: {_ended(text)}"
    if len(counts) > MOST_WARNINGS:
        yield f"{len(counts) - MOST_WARNINGS} further kinds of warning."


def _ended(text: str) -> str:
    return words(text, LONG).rstrip(".") + "."


def name(scan: Scan, table: Table, taken: set[str]) -> str:
    """A name of at most 64 characters that is not among those taken."""
    whole = f"{table.kind.capitalize()}: {scan.hypothesis}, {scan.method} ({scan.label})"
    found, i = words(whole, NAME), 1
    while found in taken:
        i += 1
        found = f"{words(whole, NAME - len(str(i)) - 3)} ({i})"
    return found


def file_name(table_name: str, number: int) -> str:
    """The data file of the table: letters, digits and "-" of ASCII."""
    return f"{number:02d}-{re.sub(r'[^A-Za-z0-9]+', '-', table_name).strip('-').lower() or 'table'}.yaml"


def qualifiers(scan: Scan) -> list[dict[str, Any]]:
    """What stands above every dependent column; what the data of a hunt are among it, since they may be simulated."""
    percent = rounded(100 * scan.level)
    found: list[dict[str, Any]] = [
        {"name": "Level", "value": int(percent) if percent.is_integer() else percent, "units": "%"},
        {"name": "Method", "value": words(scan.method)},
        {"name": "Label", "value": words(scan.label)},
    ]
    return found if scan.data is None else [*found, {"name": "Data", "value": words(scan.data)}]


def keywords(search: Search, scan: Scan, table: Table) -> list[dict[str, Any]]:
    """Energies, observables and phrases as far as the search says them. Reactions are not: no search file has them."""
    numbers = search.numbers.items()
    energies = sorted({q.value for key, q in numbers if key.rpartition("/")[2] == ENERGY and q.unit == "GeV"})
    kind = "upper limit" if scan.exclusion == "upper-limit" else "exclusion region"
    phrases = [kind, table.quantity["quantity"], scan.hypothesis, search.experiment, "reconstruction"]
    found: Mapping[str, list[Any]] = {
        "cmenergies": list(energies),
        "observables": _keywords([table.quantity["symbol"]]),
        "phrases": _keywords(phrases),
    }
    return [{"name": key, "values": values} for key, values in found.items() if values]


def _keywords(texts: list[str]) -> list[str]:
    """Without what would be taken for LaTeX, none twice."""
    plain = (words(re.sub(r"[$\\{}]", "", words(text)), KEYWORD) for text in texts)
    return list(dict.fromkeys(text for text in plain if text))
