"""The text of the commands that look at one likelihood: what is in it, its significance, its scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limits.report.commands import origin, where
from limits.report.pieces import facing, number, show, table

Document = Mapping[str, Any]


def significance(document: Document) -> None:
    """`limits significance`."""
    sizes = {which: _size(document, which) for which in ("observed", "expected")}
    head = {
        **where(document),
        "observed": sizes["observed"],
        "best strength": number(document["strength"]),
        f"expected at strength {number(document['test_strength'])}": sizes["expected"],
        "method": document["definition"],
        "expected": document["expected_kind"],
        **origin(document),
    }
    show(facing(head), warnings=document["warnings"])


def _size(document: Document, which: str) -> str | None:
    z, p = document[f"{which}_significance"], document[f"{which}_p_value"]
    return None if p is None else f"{'unbounded' if z is None else f'{number(z, 4)} σ'}, p = {number(p, 4)}"


def inspect(document: Document) -> None:
    """`limits inspect`."""
    head = {
        **where(document),
        "parameter of interest": document["parameter_of_interest"],
        "measurements": ", ".join(one["name"] for one in document["measurements"]),
        "events observed": number(document["observed"], 10),
        "signal at strength 1": number(document["signal"]),
        **origin(document),
    }
    samples = [
        (channel["name"], channel["bins"], number(channel["observed"], 10), sample["name"], number(sample["expected"]))
        for channel in document["channels"]
        for sample in channel["samples"]
    ]
    changed = [(m["name"], m["type"], ", ".join(m["on"])) for m in document["modifiers"]]
    parameters = [
        (
            p["name"],
            p["constraint"] + (", held" if p["fixed"] else ""),
            number(p["init"]),
            *map(number, (p["lower"], p["upper"])),
        )
        for p in document["parameters"]
    ]
    numeric = ("bins", "observed", "expected", "start", "from", "to")
    show(
        facing(head),
        "",
        table(("channel", "bins", "observed", "sample", "expected"), samples, right=numeric),
        "",
        table(("modifier", "type", "on"), changed),
        "",
        table(("parameter", "constraint", "start", "from", "to"), parameters, right=numeric),
    )


def profile(document: Document) -> None:
    """`limits scan` of one likelihood."""
    head = {
        **where(document),
        "parameter": document["parameter"],
        "best fit": f"{number(document['best_fit'])} ± {number(document['error'])}",
        "method": document["definition"],
        **origin(document),
        "status": document["status"],
    }
    rows = [
        (number(value, 6), number(delta, 6))
        for value, delta in zip(document["values"], document["delta_twice_nll"], strict=True)
    ]
    columns = (document["parameter"], "Δ(−2 ln L)")
    show(facing(head), "", table(columns, rows, right=columns), warnings=document["warnings"])
