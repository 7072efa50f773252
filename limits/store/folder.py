"""A folder of results: written whole or not at all, checked whenever it is read, never read as code."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from limits.errors import InputError
from limits.store.contents import KEY_DIGITS, Contents, from_text
from limits.store.index import NAME, Index, Row
from limits.store.payload import decode, encode

ABOUT: Final = "scan.json"
RESULTS: Final = "results"

FILE: Final = re.compile(rf"([0-9a-f]{{{KEY_DIGITS}}})-([0-9a-f]{{64}})\.(json|npz)")
"""Name of a result: key, sha256 of the bytes, suffix."""


class FolderError(InputError):
    """A folder that is for something else, or that cannot be read or written."""


@dataclass(frozen=True)
class Folder:
    """Results of one scan: `scan.json` says which, `results/` has a file per unit, `index.sqlite` follows the files."""

    path: Path
    contents: Contents
    index: Index

    @classmethod
    def open(cls, path: Path, contents: Contents) -> Self:
        """The folder for these contents, made if there is none.

        Raises:
            FolderError: it holds something else, or cannot be used.
        """
        try:
            _claim(path, contents)
            found = cls(path, contents, Index(path))
            found._follow()
        except OSError as error:
            raise FolderError(f"{path}: cannot be used: {error.strerror or error}") from None
        return found

    def load(self, unit: str) -> Any | None:
        """The result of a unit; None if it is not there or not as it was written, and then it may be saved again."""
        if (row := self.index.find(self.contents.key(unit))) is None:
            return None
        file, suffix = self.path / RESULTS / row.file, row.file.rpartition(".")[2]
        content = _read(file)
        found = decode(content, suffix) if content is not None and _sha256(content) == row.sha256 else None
        if found is None:
            self.discard(unit)
        return found

    def discard(self, unit: str) -> None:
        """Forget what is stored of a unit."""
        if (row := self.index.find(self.contents.key(unit))) is not None:
            self.index.drop([row.key])
            with suppress(OSError):
                (self.path / RESULTS / row.file).unlink()

    def save(self, unit: str, result: Any) -> None:
        """Keep the result of a unit.

        Raises:
            FolderError: it cannot be written; what was stored before is safe.
        """
        key = self.contents.key(unit)
        if (known := self.index.find(key)) is not None and (self.path / RESULTS / known.file).exists():
            return
        content, suffix = encode(result)
        digest = _sha256(content)
        name = f"{key}-{digest}.{suffix}"
        try:
            write(self.path / RESULTS / name, content)
        except OSError as error:
            reason = error.strerror or error
            raise FolderError(f"{self.path}: cannot be written: {reason}; what was stored before is safe") from None
        self.index.add([Row(key, unit, name, digest, len(content))])

    def close(self) -> None:
        """Let go of the index."""
        self.index.close()

    def _follow(self) -> None:
        """Make the index say what the files are; a file that it does not know is checked first."""
        units = {self.contents.key(unit): unit for unit in self.contents.units}
        files = sorted(file.name for file in (self.path / RESULTS).iterdir())
        there = {name[1]: name for name in map(FILE.fullmatch, files) if name}
        known = {row.key: row for row in self.index.rows()}
        self.index.drop(key for key, row in known.items() if not _agree(there.get(key), row))
        new = []
        for key, name in there.items():
            if not (key in known and _agree(name, known[key])):
                content = _read(self.path / RESULTS / name[0])
                if content is not None and _sha256(content) == name[2]:
                    new.append(Row(key, units.get(key, ""), name[0], name[2], len(content)))
        self.index.add(new)


def _agree(name: re.Match[str] | None, row: Row) -> bool:
    return name is not None and (row.file, row.sha256) == (name[0], name[2])


def _claim(path: Path, contents: Contents) -> None:
    """Say in the folder what it is for.

    Raises:
        FolderError: it is for something else.
    """
    path.mkdir(parents=True, exist_ok=True)
    about = path / ABOUT
    before = described(path)
    if before is None:
        others = {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
        if others - {ABOUT, RESULTS, NAME, f"{NAME}-journal"} or (about.exists() and not (path / RESULTS).exists()):
            raise FolderError(f"{path}: not empty, and not a folder of results")
        (path / RESULTS).mkdir(exist_ok=True)
        write(about, contents.text.encode())
    elif different := contents.difference(before):
        raise FolderError(f"{about}: belongs to another {before.kind}: {different} differ; use an empty folder")
    elif not (path / RESULTS).exists():
        (path / RESULTS).mkdir()


def described(path: Path) -> Contents | None:
    """What the folder says it is for; None if it does not."""
    content = _read(path / ABOUT)
    return None if content is None else from_text(content.decode("utf-8", "replace"))


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and to the disk.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
