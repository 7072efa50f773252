"""A scan beside one file of the user, in the quantity and unit of the scan."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from limits.comparison.curves import NO_LIMIT, PublishedCurve, from_polygon
from limits.comparison.residuals import Ratio, Residual, ratios, residuals
from limits.errors import InputError
from limits.published import Imported
from limits.published.names import unit_of
from limits.scan import PointResult, Scan

COMPARED: Final = ("observed_limit", "expected_limit", "lower", "upper", "coupling")
"""Columns that are held against a scan."""

FAR: Final = 100.0
"""Computed over published from which the two are hardly of one quantity."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A published curve and the computed one of the same kind, "observed" or "expected"."""

    kind: str
    curve: PublishedCurve
    ratios: list[Ratio]
    residuals: list[Residual]


@dataclass(frozen=True, eq=False)
class Compared:
    """A scan held against one published table, in the quantity and unit of the scan."""

    scan: Scan
    table: Imported
    pairs: tuple[Pair, ...]
    warnings: tuple[str, ...]

    @property
    def status(self) -> str:
        """One of "ok" and "partial", the latter if nothing could be compared."""
        return "ok" if any(len(ratio.mass) for pair in self.pairs for ratio in pair.ratios) else "partial"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        table = {key: getattr(self.table, key) for key in ("source", "table", "doi", "licence", "kind", "rows")}
        headings = [c.origin for c in self.table.columns if c.name in COMPARED]
        return {
            **{
                key: getattr(self.scan, key) for key in ("search", "hypothesis", "coupling", "method", "level", "label")
            },
            "published": {
                **table,
                "columns": [c.name for c in self.table.columns],
                "headings": headings,
            },
            "residuals": [{"of": pair.kind, **found.to_json()} for pair in self.pairs for found in pair.residuals],
            "ratios": [
                {"of": pair.kind, "edge": r.edge, "mass_gev": r.mass.tolist(), "ratio": r.ratio.tolist()}
                for pair in self.pairs
                for r in pair.ratios
            ],
            "status": self.status,
            "warnings": list(self.warnings),
        }


def compare(scan: Scan, table: Imported) -> Compared:
    """The scan beside a published table: observed with observed, expected with the median expected.

    Raises:
        InputError: a table that is no curve, or in a unit that is not the scan's.
    """
    coupling = table.coupling
    if coupling is None:
        raise InputError(f"{table.source}: {table.kind}: a limit, a region or a contour is needed")
    factor, warnings = _in_unit_of(scan, table)
    pairs = []
    for kind, found in _curves(table, factor).items():
        curve = _without_none(kind, found, warnings) if scan.coupling["unit"] == "1" else found
        held = scan if kind == "observed" else replace(scan, points=tuple(map(_expected, scan.points)))
        pairs.append(Pair(kind, curve, ratios(held, curve), residuals(held, curve)))
        if not any(len(ratio.mass) for ratio in pairs[-1].ratios):
            span = f"{curve.mass[0]:g} to {curve.mass[-1]:g} GeV"
            warnings.append(f"{kind}: no mass at which both have a limit; published: {span}")
    if scan.exclusion == "region" and table.kind == "upper limit":
        warnings.append("the published upper limit is compared with the lower edge of the computed region")
    if re.search(r"\^\{?2|²|\*\*2", coupling.origin) and not re.search("[²2]", scan.coupling["symbol"]):
        symbol = scan.coupling["symbol"]
        warnings.append(f"the heading {coupling.origin!r} has a square, {symbol} has none: is it the same quantity?")
    medians = [row.median for pair in pairs for row in pair.residuals if row.median is not None]
    if any(not 1 / FAR < median < FAR for median in medians):
        warnings.append(f"more than a factor of {FAR:g} apart: is it the same quantity, in the same unit?")
    return Compared(scan, table, tuple(pairs), tuple(warnings))


def _in_unit_of(scan: Scan, table: Imported) -> tuple[float, list[str]]:
    """The factor from the unit of the table to that of the scan, and what is assumed about it."""
    column, unit = table.coupling, scan.coupling["unit"]
    assert column is not None
    if column.unit is None:
        told = f"{column.name}: no unit is declared: taken to be that of the scan, {unit}"
        return 1.0, [told] if unit != "1" else []
    own = unit_of(table.source, column.name, unit)
    if own.becomes != column.unit:
        problem = f"unit {column.unit}, but the scan is of {scan.coupling['quantity']} in {unit}"
        raise InputError(f"{table.source}: {column.name}: {problem}: they cannot be compared")
    return 1 / own.factor, []


def _curves(table: Imported, factor: float) -> dict[str, PublishedCurve]:
    """The curves of a table by kind; couplings times `factor`."""
    source = " · ".join(filter(None, (table.table, table.doi))) or table.source
    values = {c.name: np.array(c.values) * (1.0 if c.name == "mass_gev" else factor) for c in table.columns}
    mass = values["mass_gev"]
    if table.kind == "contour":
        return {"observed": from_polygon(np.column_stack([mass, values["coupling"]]), source)}
    if table.kind == "region":
        return {"observed": PublishedCurve(mass, values["lower"], values.get("upper"), source)}
    wanted = {"observed": "observed_limit", "expected": "expected_limit"}
    found = {k: PublishedCurve(mass, values[name], None, source) for k, name in wanted.items() if name in values}
    if not found:
        raise InputError(f"{table.source}: an observed limit or the median expected one is needed for a comparison")
    return found


def _without_none(kind: str, curve: PublishedCurve, warnings: list[str]) -> PublishedCurve:
    """A limit on a plain number with nan where its value means that there is none, as in `read_curve`."""
    none = curve.lower >= NO_LIMIT
    if curve.upper is not None or not none.any():
        return curve
    warnings.append(f"{kind}: {none.sum()} of {len(none)} values are {NO_LIMIT:g} or more: taken as no limit")
    return replace(curve, lower=np.where(none, np.nan, curve.lower))


def _expected(point: PointResult) -> PointResult:
    """The point with what is expected to be excluded in place of what is."""
    return replace(point, excluded=point.expected_excluded)
