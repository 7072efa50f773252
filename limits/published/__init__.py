"""Tables that others publish: HEPData's YAML, JSON and CSV, or plain columns, in the columns and units of this package.

`read_table` reads a file as it stands, `understood` says what its columns are and converts them, `as_csv` writes them; `fetch` gets the
record of a publication from HEPData. What is not declared is asked for, not guessed.
"""

from __future__ import annotations

from limits.published.imported import Imported, Taken, understood
from limits.published.reading import read_table, read_tables
from limits.published.table import Cell, Column, Error, PublishedTable
from limits.published.writing import as_csv

__all__ = [
    "Cell",
    "Column",
    "Error",
    "Imported",
    "PublishedTable",
    "Taken",
    "as_csv",
    "read_table",
    "read_tables",
    "understood",
]
