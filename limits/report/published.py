"""The text of `limits published` and `limits compare`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limits.report.pieces import NONE, facing, interval, number, percent, show, table

Document = Mapping[str, Any]

TIPS = "tips: highest mass excluded, published and computed; area: what only one of both regions has, over the published one"


def imported(document: Document) -> None:
    """`limits published import`: what every column was taken for."""
    columns = document["columns"]
    head = {
        "file": document["source"],
        "table": document["table"],
        "DOI": document["doi"],
        "licence": document["licence"] or "not stated",
        "this is": f"{document['kind']}, {len(columns[0]['values'])} rows",
    }
    names = ("column", "unit", "from", "in", "times", "lowest", "highest")
    left = [f"not taken: {', '.join(document['left'])}"] if document["left"] else []
    written = document["written"]
    last = f"written: {written}" if written is not None else "not written: --output-file OUT.csv writes it"
    show(
        facing(head),
        "",
        table(names, map(_column, columns), right=("times", "lowest", "highest")),
        "",
        *left,
        *(f"note: {note}" for note in document["notes"]),
        last,
    )


def _column(column: Document) -> tuple[str, ...]:
    values = column["values"]
    return (
        column["name"],
        _unit(column["unit"]),
        column["origin"],
        _unit(column["given"]),
        number(column["factor"]),
        number(min(values)),
        number(max(values)),
    )


def _unit(unit: str | None) -> str:
    return "not declared" if unit is None else "plain number" if unit == "1" else unit


def fetched(document: Document) -> None:
    """`limits published fetch`: the tables, where they are, and what to do next."""
    head = {
        "search": document["search"],
        "DOI": document["doi"],
        "version": document["version"],
        "folder": document["folder"],
    }
    rows = [(i, row["name"], row["file"]) for i, row in enumerate(document["tables"], start=1)]
    show(facing(head), "", table(("", "table", "file"), rows), "", f"next: {document['next']}")


def compared(document: Document) -> None:
    """`limits compare`: one line per edge."""
    found, coupling = document["published"], document["coupling"]
    unit = "" if coupling["unit"] == "1" else f" [{coupling['unit']}]"
    head = {
        "search": document["search"],
        "hypothesis": document["hypothesis"],
        "computed": f"{coupling['quantity']}{unit}, {document['method']} at {percent(document['level'])}, {document['label']}",
        "published": f"{found['kind']} ({'; '.join(found['headings'])}), {found['rows']} rows",
        "source": ", ".join(filter(None, (found["source"], found["table"], found["doi"]))),
        "picture": document["picture"],
        "status": document["status"],
    }
    columns: tuple[str, ...] = ("computed / published", "masses", "median", "68 % of masses", "extremes")
    if any(row["tip_published"] is not None for row in document["residuals"]):
        columns, note = (*columns, "tips [GeV]", "area"), ["", TIPS]
    else:
        note = []
    rows = (_residual(row)[: len(columns)] for row in document["residuals"])
    show(facing(head), "", table(columns, rows), *note, warnings=document["warnings"])


def _residual(row: Document) -> tuple[str, ...]:
    tips = [row["tip_published"], row["tip_computed"]]
    return (
        row["of"] if row["edge"] == "limit" else f"{row['of']}, {row['edge']} edge",
        str(row["n"]),
        number(row["median"], 4),
        _between(row["low68"], row["high68"]),
        _between(row["lowest"], row["highest"]),
        NONE if tips == [None, None] else ", ".join(number(tip, 4) for tip in tips),
        NONE if row["area"] is None else percent(round(row["area"], 4)),
    )


def _between(low: float | None, high: float | None) -> str:
    return NONE if low is None or high is None else interval((float(f"{low:.4g}"), float(f"{high:.4g}")))
