"""The text of `limits new-search` and `limits check`."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any

from limits.report.pieces import facing, show, table

Document = Mapping[str, Any]


def created(document: Document) -> None:
    """`limits new-search`: the files, and what to do with them."""
    folder = quote(document["folder"])
    show(
        *(f"written: {file}" for file in document["files"]),
        "",
        facing(
            {
                f"limits limit {folder}": "a limit at once, from placeholder numbers",
                f"limits check {folder}": "what still needs a source",
                f"limits show {folder}": "every number: value, unit, kind, source",
            }
        ),
    )


def checked(document: Document) -> None:
    """`limits check`: one line for everything that has no source yet."""
    count = ", ".join(f"{number} {kind}{'' if number == 1 else 's'}" for kind, number in document["numbers"].items())
    rows = [(row["file"], row["key"], row["needed"]) for row in document["reminders"]]
    if rows:
        show(table(("file", "key", "needed"), rows), "")
    left = f"{len(rows)} to be filled in" if rows else "nothing is left to be filled in"
    show(f"{document['search']}: {count}; {left}")
