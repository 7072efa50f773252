"""The text of `limits combine`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from limits.report.pieces import BAND, NONE, facing, interval, number, percent, show, table

Document = Mapping[str, Any]


def combination(document: Document) -> None:
    """`limits combine`: what is combined and what is common, the gain, and the limits mass by mass."""
    scan, gain = document["scan"], document["gain"]
    shared = "; ".join(f"{name}: {', '.join(group)}" for name, group in document["shared"].items())
    head = {
        "combination": ", ".join(document["members"]),
        "hypothesis": document["hypothesis"],
        "quantity": scan["coupling"]["quantity"],
        "method": f"{scan['method']} at {percent(scan['level'])}",
        "expected": scan["expected_kind"],
        "shared": shared or "nothing but the coupling",
        "label": scan["label"],
        "data": scan["data"],
        "set": ", ".join(f"{key} = {number(value)}" for key, value in scan["set_values"].items()) or None,
        _KIND[gain["kind"]]: _gain(gain),
        "status": document["status"],
    }
    parts = [facing(head), "", _masses(document)]
    if rows := [_without(one) for one in document["leave_one_out"]]:
        parts += ["", table(("without", "gain by it, observed", "expected"), rows), "", _losses(document)]
    notes = [f"note: {note}" for note in document["notes"]]
    scans = (scan, *document["singles"], *(one["scan"] for one in document["leave_one_out"]))
    show(*parts, *(["", *notes] if notes else []), warnings=_warnings(scans))


_KIND = {
    "area": "area over that of the union",
    "limit": "best single limit over the combined one",
}


def _gain(gain: Document) -> str:
    text = f"observed {number(gain['observed'], 4)}, expected {number(gain['expected'], 4)}"
    if gain["kind"] == "limit":
        return f"median {text}; best observed {number(gain['best_observed'], 4)}, {number(gain['best_expected'], 4)} expected"
    return text


def _masses(document: Document) -> Any:
    """One line per mass: what the combination excludes, and each search by itself."""
    singles = [{p["mass_gev"]: p for p in scan["points"]} for scan in document["singles"]]
    columns = ("mass [GeV]", "observed", "expected", *document["members"], "gain", "gain exp.")
    rows = [
        (
            number(point["mass_gev"]),
            _excluded(point, "excluded"),
            _excluded(point, "expected_excluded"),
            *(NONE if found is None else _excluded(found, "excluded") for found in _at(singles, point["mass_gev"])),
            number(row["observed"], 4),
            number(row["expected"], 4),
        )
        for point, row in zip(document["scan"]["points"], document["gain"]["per_mass"], strict=True)
    ]
    return table(columns, rows)


def _warnings(scans: Sequence[Document]) -> list[str]:
    """Every warning once, with where it was given."""
    found: dict[str, dict[str, list[float]]] = {}
    for scan in scans:
        for point in scan["points"]:
            for text in point["warnings"]:
                found.setdefault(text, {}).setdefault(scan["search"], []).append(point["mass_gev"])
    return [f"{text}; {', '.join(_where(*place) for place in places.items())}" for text, places in found.items()]


def _where(search: str, masses: Sequence[float]) -> str:
    if len(masses) == 1:
        return f"{search} at {number(masses[0])} GeV"
    return f"{search} at {len(masses)} masses from {interval((masses[0], masses[-1]))} GeV"


def _at(singles: list[dict[float, Document]], mass: float) -> list[Document | None]:
    return [points.get(mass) for points in singles]


def _excluded(point: Document, which: str) -> str:
    return ", ".join(interval(edges) for edges in point[which]) or "nothing"


def _losses(document: Document) -> Any:
    """One line per mass: the combination over that without each search, observed; a dash where one of them excludes nothing."""
    gains = {f"gain by {one['without']}": one["gain"]["per_mass"] for one in document["leave_one_out"]}
    rows = [
        (number(row[0]["mass_gev"]), *(number(one["observed"], 4) for one in row))
        for row in zip(*gains.values(), strict=True)
    ]
    return table(("mass [GeV]", *gains), rows)


def _without(one: Document) -> tuple[str, ...]:
    return one["without"], number(one["gain"]["observed"], 4), number(one["gain"]["expected"], 4)


def combination_of_strengths(document: Document) -> None:
    """`limits combine` at a point or with documents: limits on the strength together, alone, and without each one."""
    coupling = document.get("coupling")
    gain, exported = document["gain"], document["exported"]
    shared = "; ".join(f"{name}: {', '.join(group)}" for name, group in document["shared"].items())
    head = {
        "combination": ", ".join(document["members"]),
        "hypothesis": document["hypothesis"],
        "strength 1": f"{number(document['mass_gev'])} GeV, {_coupling(coupling)}" if coupling else None,
        "method": f"{document['method']} at {percent(document['level'])}: {document['definition']}",
        "expected": document["expected_kind"],
        "shared": shared or "nothing but the strength",
        "best single limit over the combined one": f"observed {number(gain['observed'], 4)}, expected {number(gain['expected'], 4)}",
        "status": document["status"],
        "exported": f"{exported['path']}, sha256:{exported['sha256']}" if exported else None,
    }
    rows = [
        ("together", *_strengths(document), NONE),
        *((one["search"], *_strengths(one), NONE) for one in document["singles"]),
        *(
            (f"without {o['without']}", *_strengths(o), number(o["gain"]["observed"], 4))
            for o in document["leave_one_out"]
        ),
    ]
    notes = [f"note: {note}" for note in document["notes"]]
    every = (document, *document["singles"], *document["leave_one_out"])
    warnings = dict.fromkeys(text for one in every for text in one["warnings"])
    limits = table(("limit on the strength", "observed", *BAND, "gain by it"), rows)
    show(facing(head), "", limits, *(["", *notes] if notes else []), warnings=warnings)


def _coupling(coupling: Document) -> str:
    unit = "" if coupling["unit"] in ("", "1") else f" {coupling['unit']}"
    return f"{coupling['symbol']} = {number(coupling['reference'])}{unit}"


def _strengths(one: Document) -> tuple[str, ...]:
    return number(one["observed_limit"]), *(number(value) for value in one["expected_limit"])
