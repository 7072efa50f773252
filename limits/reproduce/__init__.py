"""The reproduction table: every published number of every search beside the computed one, with an honest label."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limits.comparison import Residual, read_curve, residuals
from limits.provenance import provenance
from limits.scan import (
    DEFAULT_COUPLINGS,
    TIP_STEPS,
    Point,
    PointResult,
    Scan,
    calibrated_to,
    label,
    masses_of,
    run_point,
    run_scan,
)
from limits.search import Comparison, HypothesisFacts, Search, load, names

Advance = Callable[[], None]


@dataclass(frozen=True)
class Row:
    """One published number and the computed one. `ratio` is computed/published; None where nothing was computed."""

    search: str
    hypothesis: str
    quantity: str
    unit: str
    mass_gev: float | None
    published: float
    computed: float | None
    ratio: float | None
    method: str
    level: float
    label: str
    calibrated_to: str | None
    source: str
    status: str
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "warnings": list(self.warnings)}


@dataclass(frozen=True)
class Group:
    """Rows that differ in mass only: the one shown, and how the ratios of all of them spread."""

    row: Row
    n: int
    median_ratio: float | None
    lowest_ratio: float | None
    highest_ratio: float | None


@dataclass(frozen=True)
class Variant:
    """A search as it is run: a prediction, or with its calibrated numbers, by one method."""

    search: Search
    facts: HypothesisFacts
    method: str

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The published numbers that count: not those a calibration was fitted to."""
        return tuple(c for c in self.search.comparisons if c.mass_gev not in self.fitted_masses)

    @property
    def fitted_masses(self) -> tuple[float, ...]:
        """Masses used by the calibrations in force."""
        keys = self.search.calibrated_keys
        return tuple(m for key in keys for m in self.search.calibrations[key].masses_gev)

    @property
    def masses(self) -> tuple[float, ...]:
        """Masses at which numbers are compared."""
        return tuple(sorted({c.mass_gev for c in self.comparisons if c.mass_gev is not None}))

    def point(self, mass_gev: float) -> Point:
        """The unit of work at one mass."""
        couplings = (*self.facts.couplings, DEFAULT_COUPLINGS)
        return Point(self.search, self.facts.name, mass_gev, self.method, self.search.level, couplings)


def variants(search: Search) -> Iterator[Variant]:
    """All ways a search is run for the table."""
    facts = search.hypothesis()
    for method in facts.methods:
        yield Variant(search, facts, method)
    if search.calibrations:
        # A calibrated number absorbs the method it was fitted with: by another one it would mean something else.
        yield Variant(search.calibrated(), facts, facts.methods[0])


@dataclass(frozen=True, eq=False)
class Reproduction:
    """The rows, the scans behind the pictures, and the residuals to whole curves where those were at hand."""

    rows: tuple[Row, ...]
    scans: tuple[Scan, ...]
    curves: tuple[Residual, ...]
    searches: Mapping[str, Search]

    @property
    def notes(self) -> dict[str, tuple[str, ...]]:
        """What the search files say besides numbers."""
        return {name: search.notes for name, search in self.searches.items()}

    @property
    def status(self) -> str:
        """One of "ok" and "partial", the latter if any row is."""
        return "partial" if any(row.status == "partial" for row in self.rows) else "ok"

    def to_json(self) -> dict[str, Any]:
        """The keys are rows, curves and provenance."""
        return {
            "rows": [row.to_json() for row in self.rows],
            "curves": [curve.to_json() for curve in self.curves],
            "provenance": provenance(),
        }

    def groups(self) -> list[Group]:
        """One entry per search, quantity, source, method and label, in order of appearance."""
        found: dict[tuple[str, ...], list[Row]] = {}
        for row in self.rows:
            found.setdefault((row.search, row.quantity, row.source, row.method, row.label), []).append(row)
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
    total = 0
    for name in chosen or names():
        for variant in variants(load(name)):
            tip = TIP_STEPS if variant.facts.exclusion == "region" else 0
            total += len(variant.masses) + len(masses_of(variant.search, variant.facts.name)) + tip
    return total


def reproduce(
    chosen: Sequence[str] = (), *, published: Path | None = None, advance: Advance | None = None
) -> Reproduction:
    """Compute every published number of the searches `chosen` (all if empty); `published` is a folder with whole curves.

    Raises:
        UnknownName: no such search.
        InputError: a curve in `published` that cannot be read.
    """
    step = advance if advance is not None else lambda: None
    rows: list[Row] = []
    scans: list[Scan] = []
    curves: list[Residual] = []
    searches = [load(name) for name in (chosen or names())]
    for search in searches:
        read = [read_curve(curve, published) for curve in search.curves] if published is not None else []
        for variant in variants(search):
            scan = run_scan(variant.search, variant.facts.name, method=variant.method, advance=step)
            scans.append(scan)
            rows.extend(_rows(variant, scan, step))
            for curve in read:
                if curve is not None:
                    curves.extend(residuals(scan, curve, variant.fitted_masses))
    return Reproduction(tuple(rows), tuple(scans), tuple(curves), {s.name: s for s in searches})


def _rows(variant: Variant, scan: Scan, step: Advance) -> Iterator[Row]:
    done = {point.mass_gev: point for point in scan.points}
    for mass in variant.masses:
        if mass not in done:
            done[mass] = run_point(variant.point(mass))
        step()
    tip = max((point.mass_gev for point in done.values() if point.excluded), default=None)
    for comparison in variant.comparisons:
        result = done[comparison.mass_gev] if comparison.mass_gev is not None else None
        yield _row(variant, comparison, result, tip)


def _row(variant: Variant, comparison: Comparison, result: PointResult | None, tip: float | None) -> Row:
    computed = tip if result is None else _computed(comparison.edge, result)
    facts = variant.facts
    return Row(
        search=variant.search.name,
        hypothesis=facts.name,
        quantity=f"{comparison.quantity}, {facts.symbol if result is not None else 'm'}",
        unit=facts.unit if result is not None else "GeV",
        mass_gev=comparison.mass_gev,
        published=comparison.value,
        computed=computed,
        ratio=None if computed is None else computed / comparison.value,
        method=variant.method,
        level=variant.search.level,
        label=label(variant.search),
        calibrated_to=calibrated_to(variant.search),
        source=comparison.source,
        status="insensitive" if computed is None else "ok" if result is None else result.status,
        warnings=() if result is None else result.warnings,
    )


def _computed(edge: str, result: PointResult) -> float | None:
    if edge == "observed":
        return result.observed_limit
    if edge == "expected":
        return result.expected_limit[2]
    if not result.excluded:
        return None
    return result.excluded[0][0] if edge == "lower" else result.excluded[-1][1]
