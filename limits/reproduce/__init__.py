"""The reproduction table: every published number of every search beside the computed one, with an honest label."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from limits.comparison import PublishedCurve, Residual, read_curve, residuals
from limits.errors import MissingExtra
from limits.provenance import provenance
from limits.reproduce.rows import Group, Row, rows
from limits.reproduce.variants import Variant, variants
from limits.scan import Scan, run_scan
from limits.search import Curve, Search, load, names
from limits.store import WORK, Work

__all__ = ["Group", "Reproduction", "Row", "Variant", "reproduce", "steps", "variants"]

Advance = Callable[..., None]


@dataclass(frozen=True, eq=False)
class Reproduction:
    """The rows, the scans behind the pictures, and the residuals to whole curves where those were at hand."""

    rows: tuple[Row, ...]
    scans: tuple[Scan, ...]
    curves: tuple[Residual, ...]
    searches: Mapping[str, Search]
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Searches that need an extra which is not installed, and the message that says which."""

    @property
    def notes(self) -> dict[str, tuple[str, ...]]:
        """What the search files say besides numbers."""
        return {name: search.notes for name, search in self.searches.items()}

    @property
    def status(self) -> str:
        """One of "ok" and "partial", the latter if any row is or a search was left out."""
        return "partial" if self.left_out or any(row.status == "partial" for row in self.rows) else "ok"

    def to_json(self) -> dict[str, Any]:
        """The keys are rows, curves, left_out, citations and provenance."""
        return {
            "rows": [row.to_json() for row in self.rows],
            "curves": [curve.to_json() for curve in self.curves],
            "left_out": dict(self.left_out),
            "citations": list(dict.fromkeys(key for scan in self.scans for key in scan.citations)),
            "provenance": provenance(),
        }

    def groups(self) -> list[Group]:
        """One entry per search, quantity, source, method and label, in order of appearance."""
        found: dict[tuple[str, ...], list[Row]] = {}
        for row in self.rows:
            key = (row.search, row.hypothesis, row.quantity, row.source, row.method, row.label)
            found.setdefault(key, []).append(row)
        return [self._group(rows) for rows in found.values()]

    def _group(self, rows: list[Row]) -> Group:
        """Shows the row nearest to the benchmark mass."""
        benchmark = self.searches[rows[0].search].hypothesis(rows[0].hypothesis).benchmark.mass_gev
        shown = min(rows, key=lambda r: abs(np.log((r.mass_gev or benchmark) / benchmark)))
        ratios = [r.ratio for r in rows if r.ratio is not None]
        spread = (float(np.median(ratios)), min(ratios), max(ratios)) if ratios else (None, None, None)
        return Group(shown, len(ratios), *spread)

    def write(self, folder: Path) -> list[Path]:
        """Table, JSON and, where matplotlib is installed, one picture per search; files appear whole or not at all."""
        from limits.pictures import draw
        from limits.report import reproduction_text

        folder.mkdir(parents=True, exist_ok=True)
        document = {**self.to_json(), "scans": [scan.to_json() for scan in self.scans]}
        files = [
            _write(folder / "table.txt", reproduction_text(self)),
            _write(folder / "results.json", json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"),
        ]
        return [*files, *draw(self.scans, self.searches, folder)]


def _write(path: Path, text: str) -> Path:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return path


def steps(chosen: Sequence[str] = ()) -> int:
    """How often `reproduce` will call `advance`, at most."""
    return sum(variant.steps for name in chosen or names() for variant in variants(load(name)))


def reproduce(
    chosen: Sequence[str] = (),
    *,
    published: Path | None = None,
    advance: Advance | None = None,
    work: Work = WORK,
) -> Reproduction:
    """Compute every published number of the searches `chosen` (all if empty); `published` is a folder with whole curves.

    `work` says who does the scans, each in a folder of its own.

    A search that needs an extra which is not installed is left out, unless it was chosen.

    Raises:
        UnknownName: no such search.
        InputError: a curve in `published` that cannot be read.
        MissingExtra: a chosen search needs one.
    """
    step = advance if advance is not None else lambda *_: None
    found: list[Row] = []
    scans: list[Scan] = []
    curves: list[Residual] = []
    left_out: dict[str, str] = {}
    searches = [load(name) for name in (chosen or names())]
    for search in searches:
        read = _curves(search, published)
        for number, variant in enumerate(variants(search)):
            how: dict[str, Any] = {"method": variant.method, "work": work.within(f"{search.name}-{number}")}
            try:
                scan = run_scan(variant.search, variant.facts.name, masses=variant.scanned, advance=step, **how)
            except MissingExtra as missing:
                if chosen:
                    raise
                left_out[search.name] = str(missing)
                continue
            scans.append(scan)
            found.extend(rows(variant, scan, step))
            for facts, curve in read.get(variant.facts.name, ()):
                held = scan.of_rate() if facts.of == "rate" else scan
                curves.extend(residuals(held, curve, variant.search.fitted_masses, facts.masses_gev))
    return Reproduction(tuple(found), tuple(scans), tuple(curves), {s.name: s for s in searches}, left_out)


def _curves(search: Search, folder: Path | None) -> dict[str, list[tuple[Curve, PublishedCurve]]]:
    """The published curves that are in `folder`, by hypothesis."""
    found: dict[str, list[tuple[Curve, PublishedCurve]]] = {}
    for facts in search.curves if folder is not None else ():
        if folder is not None and (curve := read_curve(facts, folder)) is not None:
            found.setdefault(facts.hypothesis or search.hypotheses[0].name, []).append((facts, curve))
    return found
