"""What a page shows: rows, scans, whole curves and combinations, from `reproduce` or read back from files of results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any, Final

from limits.combination import Gain
from limits.comparison import Residual
from limits.errors import InputError
from limits.reproduce import Reproduction, Row
from limits.scan import Scan, scan_from_json
from limits.search.complaints import complaint, printable


@dataclass(frozen=True)
class Combined:
    """A combination: its scan, the gain over its members, what is common, what else to say."""

    scan: Scan
    members: tuple[str, ...]
    shared: Mapping[str, tuple[str, ...]]
    gain: Gain
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A file of results, or the computation itself: its name, SHA-256 and the versions that made it."""

    name: str
    sha256: str | None
    provenance: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that was found; the parts may be empty."""

    rows: tuple[Row, ...] = ()
    scans: tuple[Scan, ...] = ()
    curves: tuple[Residual, ...] = ()
    combinations: tuple[Combined, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    def __add__(self, other: Results) -> Results:
        """Both together, in this order."""
        parts = {
            f.name: (*getattr(self, f.name), *getattr(other, f.name)) for f in fields(self) if f.name != "left_out"
        }
        return Results(left_out={**self.left_out, **other.left_out}, **parts)

    @property
    def searches(self) -> tuple[str, ...]:
        """Names of all searches, in order of appearance."""
        return tuple(dict.fromkeys([*(row.search for row in self.rows), *(scan.search for scan in self.scans)]))


def computed(found: Reproduction) -> Results:
    """What `limits reproduce` computes."""
    provenance = found.to_json()["provenance"]
    return Results(
        found.rows,
        found.scans,
        found.curves,
        left_out=dict(found.left_out),
        sources=(Source("computed for this page", None, provenance),),
    )


def read(document: Mapping[str, Any], where: str, sha256: str) -> Results:
    """What a JSON document of `limits scan`, `reproduce`, `combine` or `landscape` holds; `where` is what messages call it.

    Raises:
        InputError: none of these, or one with a field that is missing or cannot be.
    """
    _finite(document, where)
    for keys, reader in READERS.items():
        if set(keys) <= set(document):
            found = reader(document, where)
            versions = _checked(Mapping[str, str], document.get("provenance") or {}, where, "provenance")
            versions = versions or next((scan.provenance for scan in found.scans), {})
            return found + Results(sources=(Source(where, sha256, versions),))
    raise InputError(
        f"{printable(where)}: no results: the JSON of 'limits scan', 'limits reproduce', 'limits combine' or 'limits landscape' is needed"
    )


def _reproduction(document: Mapping[str, Any], where: str) -> Results:
    return Results(
        rows=_checked(tuple[Row, ...], document["rows"], where, "rows"),
        curves=_checked(tuple[Residual, ...], document.get("curves", []), where, "curves"),
        scans=_scans(_listed(document, "scans", where), where),
        left_out=_checked(dict[str, str], document.get("left_out", {}), where, "left_out"),
    )


def _combination(document: Mapping[str, Any], where: str) -> Results:
    (scan, *singles) = _scans([document["scan"], *_listed(document, "singles", where)], where)
    shared = _checked(dict[str, tuple[str, ...]], document.get("shared", {}), where, "shared")
    gain = _checked(Gain, document["gain"], where, "gain")
    notes = _checked(tuple[str, ...], document.get("notes", []), where, "notes")
    combined = Combined(scan, tuple(single.search for single in singles), shared, gain, notes)
    return Results(scans=(scan, *singles), combinations=(combined,))


def _landscape(document: Mapping[str, Any], where: str) -> Results:
    failures = _checked(tuple[Mapping[str, str], ...], document.get("failures", []), where, "failures")
    return Results(
        scans=_scans(_listed(document, "scans", where), where),
        left_out={failure.get("search", ""): failure.get("reason", "") for failure in failures},
        notes=_checked(tuple[str, ...], document.get("notes", []), where, "notes"),
    )


READERS: Final[Mapping[tuple[str, ...], Callable[[Mapping[str, Any], str], Results]]] = {
    ("combination", "scan", "gain"): _combination,
    ("plane", "scans"): _landscape,
    ("rows",): _reproduction,
    ("search", "points", "coupling"): lambda document, where: Results(scans=_scans([document], where)),
}
"""How a document is read, by the keys that tell what it is."""


def _listed(document: Mapping[str, Any], key: str, where: str) -> list[Any]:
    found: list[Any] = _checked(list[Any], document.get(key, []), where, key)
    return found


def _scans(documents: Iterable[Any], where: str) -> tuple[Scan, ...]:
    return tuple(scan_from_json(_checked(dict[str, Any], one, where, "scans"), where) for one in documents)


def _checked(kind: Any, value: Any, where: str, key: str) -> Any:
    """`value`, if it is of that kind."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, (key, *first["loc"])))
        raise complaint(where, place, printable(first["msg"], 120)) from None


def _finite(node: Any, where: str, place: str = "") -> None:
    """JSON has numbers beyond the largest float, which become ∞."""
    if isinstance(node, Mapping):
        for key, child in node.items():
            _finite(child, where, f"{place}.{key}".lstrip("."))
    elif isinstance(node, list):
        for i, child in enumerate(node):
            _finite(child, where, f"{place}.{i}")
    elif isinstance(node, float) and not isfinite(node):
        raise complaint(where, place, "must be a finite number")
