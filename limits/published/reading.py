"""The tables of a file, whatever its format, and the choice of one of them."""

from __future__ import annotations

import re
from pathlib import Path

from limits.published.lines import from_lines
from limits.published.records import from_json, from_yaml, text_in
from limits.published.table import PublishedTable, distinct
from limits.search.complaints import complaint, shown

YAML_KEYS = re.compile(r"^(independent_variables|dependent_variables|data_file)\s*:", re.MULTILINE)


def read_tables(path: Path) -> tuple[PublishedTable, ...]:
    """All tables of a file: HEPData YAML, JSON or CSV, or columns of text. The format is found from the suffix and the content.

    Raises:
        InputError: a file that cannot be read or holds no table.
    """
    text = text_in(path)
    suffix = path.suffix.lower()
    if suffix == ".json" or re.match(r'\s*\{\s*"', text):
        return from_json(path, text)
    if suffix in (".yaml", ".yml") or YAML_KEYS.search(text):
        return from_yaml(path, text)
    return from_lines(path, text)


def read_table(path: Path, which: str | None = None) -> PublishedTable:
    """The table of that name or number (from 1), or the only one.

    Raises:
        InputError: no such table, or several and no choice.
    """
    tables = read_tables(path)
    if which is None and len(tables) == 1:
        return tables[0]
    known = ", ".join(distinct(tables))
    if which is None:
        raise complaint(path, "table", f"there are {len(tables)}: --table says which; known: {known}")
    found = [table for table in tables if table.name == which]
    if not found and which.isascii() and which.isdigit() and len(which) < 9 and 0 < int(which) <= len(tables):
        found = [tables[int(which) - 1]]
    if len(found) != 1:
        problem = "no such table" if not found else f"{len(found)} tables have this name: give its number"
        raise complaint(path, "--table", f"got {shown(which)}: {problem}; known: {known}")
    return found[0]
