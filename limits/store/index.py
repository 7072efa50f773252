"""The index of a folder: SQLite, one row per result. The files are the truth, the index follows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

NAME = "index.sqlite"

TABLE = """CREATE TABLE IF NOT EXISTS results (
    key TEXT PRIMARY KEY, unit TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID"""

PATIENCE = 30.0
"""Seconds to wait for another run that writes."""


class Row(NamedTuple):
    """One stored result."""

    key: str
    unit: str
    file: str
    sha256: str
    bytes: int


class Index:
    """Rows by key. What SQLite cannot do, because the disk is full or cannot be written, it does in memory."""

    def __init__(self, folder: Path) -> None:
        try:
            self._rows = _opened(folder / NAME)
        except sqlite3.OperationalError:  # cannot be opened or written
            self._rows = _opened(Path(":memory:"))
        except sqlite3.DatabaseError:  # damaged
            with suppress(OSError):
                (folder / NAME).unlink()
            try:
                self._rows = _opened(folder / NAME)
            except sqlite3.Error:
                self._rows = _opened(Path(":memory:"))

    def rows(self) -> list[Row]:
        """All of them; none if they cannot be read."""
        try:
            return [Row(*row) for row in self._rows.execute("SELECT key, unit, file, sha256, bytes FROM results")]
        except (sqlite3.Error, TypeError):
            return []

    def find(self, key: str) -> Row | None:
        """The row of a key, also one that another run has just added."""
        query = "SELECT key, unit, file, sha256, bytes FROM results WHERE key = ?"
        try:
            row = self._rows.execute(query, (key,)).fetchone()
        except sqlite3.Error:  # then it is done again
            return None
        return None if row is None else Row(*row)

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows; one that is there stays."""
        self._change("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?)", list(rows))

    def drop(self, keys: Iterable[str]) -> None:
        """Forget rows."""
        self._change("DELETE FROM results WHERE key = ?", [(key,) for key in keys])

    def _change(self, statement: str, values: list[Row] | list[tuple[str]]) -> None:
        if not values:
            return
        try:
            with self._rows:
                self._rows.executemany(statement, values)
        except sqlite3.Error:
            kept = self.rows()
            self._rows = _opened(Path(":memory:"))
            with self._rows:
                self._rows.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?)", kept)
                self._rows.executemany(statement, values)

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()


def _opened(path: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(path, timeout=PATIENCE)
    try:
        rows.execute("PRAGMA synchronous = OFF")  # what a power cut takes from the index is found in the files
        with rows:
            rows.execute(TABLE)
            rows.execute("INSERT INTO results VALUES ('', '', '', '', 0)")
            rows.execute("DELETE FROM results WHERE key = ''")
        if rows.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
    except BaseException:
        rows.close()
        raise
    return rows
