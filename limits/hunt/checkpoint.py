"""Finished pieces of a hunt in a folder, so that one that was stopped goes on: plain arrays, never code."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from limits.errors import InputError
from limits.signals.expected import Array

KEY: Final = "hunt.json"


@dataclass(frozen=True)
class Checkpoint:
    """A folder that belongs to one hunt: `hunt.json` says which, the pieces are numbered arrays."""

    folder: Path

    def load(self, piece: int) -> dict[str, Array] | None:
        """The arrays of a piece, or None if it is not done, or was not written to its end."""
        try:
            # Opened here, because NumPy leaves a file open that is no archive.
            with self._path(piece).open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except Exception:  # noqa: BLE001 - a broken archive raises anything: EOFError, zlib.error, BadZipFile, TokenError
            return None

    def save(self, piece: int, arrays: Mapping[str, Array]) -> None:
        """Write a piece whole or not at all."""
        path = self._path(piece)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with draft.open("wb") as stream:
            named: dict[str, Any] = dict(arrays)  # and no keyword: NumPy 1.26 makes an array of it
            np.savez_compressed(stream, **named)
        draft.replace(path)

    def _path(self, piece: int) -> Path:
        return self.folder / f"{piece:04d}.npz"


def open_checkpoint(folder: Path, identity: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint in `folder`, made if there is none.

    Raises:
        InputError: the folder holds another hunt, or cannot be written.
    """
    text = json.dumps(identity, indent=1, sort_keys=True, default=str) + "\n"
    path = folder / KEY
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if (before := path.read_text(encoding="utf-8")) != text:
                raise InputError(
                    f"{path}: belongs to another hunt: {_difference(before, identity)}; use an empty folder"
                )
        elif any(folder.iterdir()):
            raise InputError(f"{folder}: not empty, and not a folder of hunts")
        else:
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be used: {error.strerror or error}") from None
    return Checkpoint(folder)


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _difference(before: str, identity: Mapping[str, Any]) -> str:
    try:
        known = json.loads(before)
    except ValueError:
        return "unreadable"
    now = json.loads(json.dumps(identity, default=str))
    differing = [key for key in now if not isinstance(known, dict) or known.get(key) != now[key]]
    return f"{', '.join(differing) or 'its keys'} differ"
