"""The text of `limits landscape` and `limits convert`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limits.report.pieces import NONE, facing, interval, number, percent, show, table

Document = Mapping[str, Any]


def landscape(document: Document) -> None:
    """`limits landscape`: one line per search, then the curves, and what is missing."""
    columns = (
        "search",
        "label",
        "method",
        "level",
        "masses [GeV]",
        "smallest coupling excluded",
        "at [GeV]",
        "highest mass excluded",
    )
    rows = [_region(scan) for scan in document["scans"]]
    parts = [table(columns, rows)]
    shapes = [_shape(shape) for kind in ("bands", "curves") for shape in document[kind]]
    if shapes:
        parts.append(table(("curve", "masses [GeV]", "couplings"), shapes))
    notes = [f"note: {note}" for note in document["notes"]]
    head = facing({"plane": document["plane"], "status": document["status"]})
    separated = [piece for part in parts for piece in ("", part)]
    lost = [f"{failure['search']} is missing: {failure['reason']}" for failure in document["failures"]]
    points = [(scan["search"], point) for scan in document["scans"] for point in scan["points"]]
    lost += [f"{name}, {number(p['mass_gev'])} GeV: {text}" for name, p in points for text in p["warnings"]]
    show(head, *separated, "", *notes, warnings=lost)


def _region(scan: Document) -> tuple[str, ...]:
    points = scan["points"]
    masses = interval((points[0]["mass_gev"], points[-1]["mass_gev"]))
    excluded = [(p["mass_gev"], edges[0]) for p in points for edges in p["excluded"] if edges[0] is not None]
    highest = max((p["mass_gev"] for p in points if p["excluded"]), default=None)
    mass, least = min(excluded, key=lambda pair: pair[1], default=(None, None))
    unit = scan["coupling"]["unit"]
    coupling = (
        NONE
        if least is None
        else f"{scan['coupling']['symbol']} = {number(least)}" + (f" {unit}" if unit != "1" else "")
    )
    return (
        scan["search"],
        scan["label"],
        scan["method"],
        percent(scan["level"]),
        masses,
        coupling,
        number(mass),
        number(highest),
    )


def _shape(shape: Document) -> tuple[str, ...]:
    couplings = (*shape["low"], *(shape["high"] or ()))
    masses = interval((min(shape["masses"]), max(shape["masses"])))
    return shape["label"], masses, interval((min(couplings), max(couplings)))


def convert(document: Document) -> None:
    """`limits convert`."""
    source, target = document["from"], document["to"]
    used = {key: _amount(o) if isinstance(o, Mapping) else o for key, o in document["options"].items()}
    show(
        facing(
            {
                target["quantity"]: _amount(target),
                f"from {source['quantity']}": _amount(source),
                **used,
                "formula": document["formula"],
            }
        )
    )


def _amount(amount: Document) -> str:
    return f"{number(amount['value'], 6)} {amount['unit']}".strip()


def conversions(document: Document) -> None:
    """`limits convert --list`."""
    rows = [
        (row["from"], row["to"], ", ".join(f"--{key}" for key in row["needs"]) or NONE, row["formula"])
        for row in document["conversions"]
    ]
    units = [(name, ", ".join(unit or "plain number" for unit in known)) for name, known in document["units"].items()]
    show(table(("from", "to", "needs", "what is done"), rows), "", table(("quantity", "units"), units))
