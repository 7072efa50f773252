"""pyhf documents of a search: its workspace at the benchmark, and a patchset over masses (and couplings). JSON 1.0.0.

    documents = export(load("na64mu-zprime"))
    write(documents, Path("workspaces/na64mu-zprime"))

The workspace schema has no place for provenance; the metadata of the patchset carry it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from limits.assemble import prepare
from limits.hunt.masses import published_masses, spectrum_channel
from limits.likelihood.workspace import check, digest
from limits.search import HypothesisFacts, Search
from limits.signals.samples import Asimov

DIGITS: Final = 12
"""Significant digits of every number written: enough for any likelihood, few enough to be the same on every machine."""

MASSES: Final = 10
"""Masses of the default grid of an upper limit without tabulated masses, the benchmark not counted."""

SHARES: Final = 4
"""A spectrum is written at the ends of the inner quarters of its masses, and at the benchmark."""

REGION_MASSES: Final = 6
REGION_COUPLINGS: Final = 3

LEAST_EVENTS: Final = 1.0
"""Couplings of a region run from the first to the last with this many expected events."""

NO_RECORD: Final = "ins0000000"
"""What stands where pyhf's schema demands a HEPData record and there is none."""

Document = dict[str, Any]


def export(
    search: Search, hypothesis: str | None = None, masses: Sequence[float] | None = None
) -> dict[str, dict[str, Any]]:
    """File name → document: "workspace.json" and, for more than one point, "patchset.json". Masses in GeV.

    The workspace is the search at its benchmark (at the given mass, if that is the only point). Strength 1 is the coupling
    of the point: in a patch, that of its `values`; an upper limit has the benchmark coupling at every mass.
    The likelihood of a counting channel is the same up to the interpolation of its lognormals (pyhf's code 4): to 1e-8.
    A spectrum is in bins of a quarter of the resolution, with the expected counts as data; unless masses are given there is a workspace
    for every treatment, "workspace-TREATMENT.json" for all but the first.

    Raises:
        UnknownName: the search does not test that hypothesis.
        InputError: a mass the search cannot be computed at.
    """
    facts = search.hypothesis(hypothesis)
    benchmark = (facts.benchmark.mass_gev, facts.benchmark.coupling)
    channel = spectrum_channel(search)
    others = list(channel.treatments)[1:] if channel is not None else []
    more = {f"workspace-{name}.json": _workspace(search, facts, benchmark, name) for name in others if masses is None}
    points = {at: _workspace(search, facts, at) for at in _points(search, facts, masses)}
    if len(points) == 1:
        return {"workspace.json": next(iter(points.values()))}
    base = points.get(benchmark) or _workspace(search, facts, benchmark)
    return {"workspace.json": base, "patchset.json": _patchset(search, facts, base, points), **more}


def write(documents: Mapping[str, Mapping[str, Any] | str], folder: Path) -> list[Path]:
    """Write each document or text under its name in `folder`, which is made; a file is there whole or not at all.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _replace(folder / name, content if isinstance(content, str) else text(content))
        for name, content in documents.items()
    ]


def text(content: Mapping[str, Any]) -> str:
    """A document as it stands in a file: indented, lists of numbers on one line.

    Raises:
        ValueError: an infinity or nan.
    """
    indented = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    return re.sub(r"\[[^][{}\"]*\]", lambda found: re.sub(r"\s+", " ", found[0]), indented) + "\n"


def _replace(path: Path, content: str) -> Path:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(content, encoding="utf-8")
        return partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


# ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _points(search: Search, facts: HypothesisFacts, masses: Sequence[float] | None) -> list[tuple[float, float]]:
    """(mass, coupling) of every point, without repetition, in the order of the masses."""
    chosen = [search.check_mass(m, facts.name) for m in (_default_masses(search, facts) if masses is None else masses)]
    if facts.exclusion == "upper-limit":
        found = [(m, facts.benchmark.coupling) for m in chosen]
    else:
        found = [(m, coupling) for m in chosen for coupling in _couplings(search, facts, m)]
    return list(dict.fromkeys(found))


def _default_masses(search: Search, facts: HypothesisFacts) -> list[float]:
    if spectrum_channel(search) is not None:
        published = published_masses(search, facts)
        return sorted({facts.benchmark.mass_gev, *(published[len(published) * i // SHARES] for i in range(1, SHARES))})
    if facts.tabulated_masses_gev is not None:
        return list(facts.tabulated_masses_gev)
    assert facts.masses_gev is not None, "a hypothesis has a range or a table of masses"
    low, high = facts.masses_gev
    count = MASSES if facts.exclusion == "upper-limit" else REGION_MASSES
    grid = [min(max(_rounded(m, 2), low), high) for m in np.geomspace(low, high, count).tolist()]
    return sorted({*grid, facts.benchmark.mass_gev})


def _couplings(search: Search, facts: HypothesisFacts, mass: float) -> list[float]:
    """Couplings of one mass of a region: even in the logarithm where signal is expected; the best one if there is little."""
    grid = np.geomspace(*facts.couplings, 121)
    events = prepare(search, facts.name, mass).events(grid)
    seen = grid[events >= LEAST_EVENTS]
    if not len(seen):
        return [_rounded(float(grid[np.argmax(events)]), 2)]
    return [_rounded(value, 2) for value in np.geomspace(seen[0], seen[-1], REGION_COUPLINGS).tolist()]


def _workspace(
    search: Search, facts: HypothesisFacts, at: tuple[float, float], treatment: str | None = None
) -> Document:
    mass, coupling = at
    # A spectrum has no public data, and a thrown sample might be taken for some.
    sample = None if spectrum_channel(search) is None else Asimov()
    prepared = prepare(search, facts.name, mass, sample=sample, treatment=treatment)
    found: Document = _round_all(prepared.document(coupling))
    check(found, f"{search.name} at {mass:g} GeV")
    return found


def _rounded(value: float, digits: int = DIGITS) -> float:
    return float(f"{value:.{digits}g}")


def _round_all(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _round_all(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_round_all(value) for value in node]
    return _rounded(node) if isinstance(node, float) else node


# ── patchset ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _patchset(
    search: Search, facts: HypothesisFacts, base: Document, points: Mapping[tuple[float, float], Document]
) -> Document:
    patches = [
        {
            "metadata": {"name": _patch_name(mass, coupling), "values": [mass, coupling]},
            "patch": list(_replacements(base, content)),
        }
        for (mass, coupling), content in points.items()
    ]
    return {"metadata": _metadata(search, facts, base), "patches": patches, "version": "1.0.0"}


def _patch_name(mass: float, coupling: float) -> str:
    """A name with the characters that pyhf allows: 0.05 is 0p05, 1e-06 is 1em06."""
    return f"mass_{mass:.12g}_coupling_{coupling:.12g}".replace(".", "p").replace("-", "m").replace("+", "")


def _replacements(old: Any, new: Any, path: str = "") -> Iterator[Document]:
    """The JSON patch (RFC 6902) from `old` to `new`: only "replace", of whole lists of numbers where the structure agrees."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key in old:
            yield from _replacements(old[key], new[key], f"{path}/{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and isinstance(old[0], dict):
        for i, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _replacements(before, after, f"{path}/{i}")
    else:
        yield {"op": "replace", "path": path, "value": new}


def _metadata(search: Search, facts: HypothesisFacts, base: Document) -> Document:
    record = f"ins{search.reference.inspire}"
    known = search.reference.hepdata is not None and re.fullmatch(r"ins\d{7}", record) is not None
    note = (
        ""
        if known
        else f"; {NO_RECORD} stands for 'no INSPIRE-numbered HEPData record is known': the schema asks for one"
    )
    quantity = facts.quantity if facts.symbol in facts.quantity.split() else f"{facts.quantity} {facts.symbol}"
    return {
        "name": search.name,
        "description": f"{search.title} (arXiv:{search.reference.arxiv}), a reconstruction from public numbers. Strength 1 is "
        f"the coupling given in the values of a patch: {quantity}, unit {facts.unit}{note}",
        "references": {"hepdata": record if known else NO_RECORD},
        "digests": {"sha256": digest(base)},
        "labels": ["mass_gev", "coupling"],
        "provenance": _provenance(search, facts),
    }


def _provenance(search: Search, facts: HypothesisFacts) -> Document:
    """Where the numbers are from, and every one among them that is not printed in the publication."""
    chosen = {
        key: {"value": q.value, "unit": q.unit, "kind": q.kind, "origin": q.origin}
        for key, q in search.numbers.items()
        if q.kind != "fact"
    }
    reference = {key: value for key, value in search.reference.model_dump().items() if value is not None}
    level = search.value("level")
    return {
        "search": search.name,
        "hypothesis": facts.name,
        "level": level,
        "reference": reference,
        "not_facts": chosen,
    }
