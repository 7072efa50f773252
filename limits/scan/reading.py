"""A scan read back from the JSON that `limits scan` writes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite
from typing import Any

from limits.errors import InputError
from limits.scan.results import PointResult, Scan
from limits.search.complaints import complaint, printable, shown


def scan_from_json(document: Any, where: str) -> Scan:
    """The scan whose `to_json` is `document`; `where` is what messages call it.

    Raises:
        InputError: no scan, a field that is missing or of another type, a limit that is not above 0, masses not increasing.
    """
    from pydantic import TypeAdapter, ValidationError

    if not isinstance(document, dict) or not {"search", "points", "coupling"} <= set(document):
        raise InputError(f"{printable(where)}: not a scan: the JSON that 'limits scan SEARCH --json' writes is needed")
    try:
        found = TypeAdapter(Scan).validate_python(document)
    except (ValidationError, RecursionError) as error:
        key, problem = "scan", "nested too deeply"
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            key, problem = ".".join(map(str, first["loc"])) or key, first["msg"]
        raise complaint(where, key, f"not a scan: {printable(problem, 120)}") from None
    _check(found, where)
    return found


def _check(scan: Scan, where: str) -> None:
    for name in ("coupling", "rate"):
        words = getattr(scan, name)
        if words is not None and not {"symbol", "unit", "quantity"} <= set(words):
            raise complaint(where, name, "not a scan: must have symbol, unit and quantity")
    if scan.exclusion not in ("upper-limit", "region"):
        raise complaint(where, "exclusion", f"got {shown(scan.exclusion)}: must be upper-limit or region")
    if not 0 < scan.level < 1:
        raise complaint(where, "level", f"got {scan.level:g}: must lie between 0 and 1")
    if not scan.points:
        raise complaint(where, "points", "there are none")
    for i, point in enumerate(scan.points):
        bands = [point.expected_limit, *([point.peak.expected_limit] if point.peak else [])]
        if any(len(band) != 5 for band in bands):
            raise complaint(where, f"points.{i}.expected_limit", "must have five entries, from −2σ to +2σ")
        for value in _positive(point):
            if not (isfinite(value) and value > 0):
                raise complaint(where, f"points.{i}", f"got {value:g}: masses, limits and edges must be numbers > 0")
        for value in (value for band in bands for value in band if value is not None):
            if not (
                isfinite(value) and value >= 0
            ):  # 0 where even no signal is excluded: a method that is not divided by CLb
                raise complaint(where, f"points.{i}.expected_limit", f"got {value:g}: must be numbers ≥ 0")
    for i, (one, other) in enumerate(pairwise(scan.points), start=1):
        if other.mass_gev < one.mass_gev:
            raise complaint(
                where, f"points.{i}.mass_gev", f"got {other.mass_gev:g} after {one.mass_gev:g}: must increase"
            )


def _positive(point: PointResult) -> Iterator[float]:
    """Every number of a point that must be above 0: of the expected limits the median, the ends of the bands may be 0."""
    yield point.mass_gev
    limits = [point.observed_limit, point.expected_limit[2]]
    if point.peak is not None:
        limits += [point.peak.observed_limit, point.peak.expected_limit[2]]
    edges = [edge for interval in (*point.excluded, *point.expected_excluded) for edge in interval]
    yield from (value for value in (*limits, *edges) if value is not None)
