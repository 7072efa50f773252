"""What stands on the page, as plain values for the template: nothing is computed but ratios counted and digests taken."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from statistics import median
from typing import Any, Final

from limits.citations import bibtex, catalogue, keys
from limits.html.figures import Figure, by_plane, methods, plane, ratios
from limits.html.results import Results
from limits.provenance import provenance, revision
from limits.reproduce import Row
from limits.scan import Scan, label
from limits.search import ERROR, Search, describe

LABELS: Final = {
    "predicted": "computed from published facts and stated assumptions; nothing was fitted to the limit it is compared with",
    "calibrated": "uses a number that was fitted to a published limit; the points it was fitted to are not compared",
    "recast": "tests what the publication did not, or lacks inputs that are not public: no reproduction",
    "projection": "no data: what an experiment that is planned would see",
}

CLOSE: Final = 0.2
"""Ratios within this of 1 are counted."""


FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+")


@dataclass(frozen=True)
class Section:
    """One search: its facts if they are at hand, its figures, what was warned of."""

    anchor: str
    name: str
    labels: tuple[str, ...]
    facts: Mapping[str, Any] | None
    files: Mapping[str, str]
    figures: Sequence[Figure]
    ratios: Figure | None
    warnings: Mapping[str, int]
    unlike: str | None


def content(results: Results, searches: Mapping[str, Search]) -> dict[str, Any]:
    """All values of the template; `searches` are those whose files are at hand, by name."""
    names = list(dict.fromkeys([*results.searches, *_members(results, searches)]))
    sections = [_section(f"search-{i}", name, results, searches) for i, name in enumerate(names)]
    known = catalogue(searches.values())
    cited = _cited(results, searches)
    return {
        "rows": results.rows,
        "curves": results.curves,
        "summary": dict(_summary(results.rows)),
        "labels": LABELS,
        "close": CLOSE,
        "planes": [plane(f"plane-{i}", scans, searches) for i, scans in enumerate(by_plane(results.scans))],
        "sections": sections,
        "anchors": {section.name: section.anchor for section in sections},
        "combinations": results.combinations,
        "left_out": results.left_out,
        "notes": tuple(dict.fromkeys(results.notes)),
        "sources": results.sources,
        "provenance": provenance(),
        "revision": revision(),
        "made": list(dict.fromkeys(_made(scan) for scan in results.scans)),
        "uncited": [key for key in cited if key not in known],
        "bibtex": bibtex([key for key in cited if key in known], known),
    }


def _members(results: Results, searches: Mapping[str, Search]) -> Iterator[str]:
    """Searches whose numbers stand behind a combination."""
    for name in results.searches:
        if name in searches:
            yield from (member.name for member in searches[name].members)
    for combined in results.combinations:
        yield from combined.members


def _cited(results: Results, searches: Mapping[str, Search]) -> tuple[str, ...]:
    """The keys that results carry, and those of searches whose results carry none."""
    found = [key for scan in results.scans for key in scan.citations]
    used = {(row.search, row.method) for row in results.rows} | {(scan.search, scan.method) for scan in results.scans}
    for name, method in sorted(used):
        found += keys(searches.get(name), [method])
    return tuple(dict.fromkeys(found))


def _summary(rows: Iterable[Row]) -> Iterator[tuple[str, tuple[int, float, float]]]:
    """For each label: numbers compared, median of computed over published, share within `CLOSE` of 1."""
    for name in LABELS:
        found = [row.ratio for row in rows if row.ratio is not None and row.label == name]
        if found:
            yield name, (len(found), median(found), sum(abs(ratio - 1) <= CLOSE for ratio in found) / len(found))


def _made(scan: Scan) -> str:
    """Data and seeds of a scan in one line."""
    toys = f"toys from seed {scan.seed}" if scan.seed is not None else "seed of toys not recorded"
    return ", ".join(filter(None, (scan.search, scan.method, toys, scan.data)))


def _section(anchor: str, name: str, results: Results, searches: Mapping[str, Search]) -> Section:
    search = searches.get(name)
    scans = [scan for scan in results.scans if scan.search == name]
    rows = [row for row in results.rows if row.search == name]
    curves = [curve for curve in results.curves if curve.search == name]
    warned = [*(row.warnings for row in rows), *(point.warnings for scan in scans for point in scan.points)]
    labels = [*(scan.label for scan in scans), *(row.label for row in rows)]
    labels = labels or ([label(search)] if search is not None else [])
    return Section(
        anchor,
        name,
        tuple(dict.fromkeys(labels)),
        None if search is None else describe(search),
        {} if search is None else digests(search),
        [methods(f"{anchor}-{i}", group, searches) for i, group in enumerate(by_plane(scans))],
        ratios(f"{anchor}-ratio", rows, curves),
        Counter(text for texts in warned for text in texts),
        None if search is None else _unlike(search, scans),
    )


def _unlike(search: Search, scans: Iterable[Scan]) -> str | None:
    """A sign that results were made from another search file than the one shown."""
    named = {key.removesuffix(ERROR) for scan in scans for key in (*scan.assumptions, *scan.set_values)}
    missing = named - set(search.numbers)
    return f"the results name numbers that this file has not: {', '.join(sorted(missing))}" if missing else None


def digests(search: Search) -> dict[str, str]:
    """SHA-256 of the search file and of the tables beside it that its channels name."""
    named = sorted({text for channel in search.channels for text in _texts(channel.model_dump(mode="json"))})
    beside = [search.path.parent / text for text in named if FILE_NAME.fullmatch(text)]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in (search.path, *beside) if path.is_file()}


def _texts(node: Any) -> Iterator[str]:
    """Every text inside plain values."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping | list | tuple):
        for child in node.values() if isinstance(node, Mapping) else node:
            yield from _texts(child)
