"""A published table as the small CSV of this package: what it is and where it came from in comments, then the columns."""

from __future__ import annotations

from limits.published.imported import Imported
from limits.published.table import NO_LICENCE, UNDECLARED, text_of


def as_csv(table: Imported) -> str:
    """The text of the file. `limits.search.tables.read_table` reads it, and so does `limits.published.read_table`."""
    about = {
        "source": table.source,
        "table": table.table,
        "doi": table.doi,
        "licence": text_of(table.licence) or NO_LICENCE,
    }
    lines = [f"# {key}: {words}" for key, value in about.items() if (words := text_of(value)) is not None]
    lines += [f"# column {c.name}: {c.unit or UNDECLARED}; {text_of(c.origin) or c.name}" for c in table.columns]
    lines += [f"# note: {text_of(note)}" for note in table.notes]
    lines.append(",".join(column.name for column in table.columns))
    lines += [",".join(map(repr, row)) for row in zip(*(c.values for c in table.columns), strict=True)]
    return "\n".join(lines) + "\n"
