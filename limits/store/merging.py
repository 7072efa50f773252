"""Folders of shards put together into one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from limits.store.contents import Contents
from limits.store.folder import Folder, FolderError, described


@dataclass(frozen=True)
class Merged:
    """What is in a folder after a merge: how many of all units, how many were added now, and which are missing."""

    folder: Path
    kind: str
    total: int
    added: int
    missing: tuple[str, ...]


def merge(folders: Sequence[Path], into: Path) -> Merged:
    """Copy the results of `folders` that are whole into `into`.

    Raises:
        FolderError: a folder without results, folders of different scans, or a place that cannot be written.
    """
    contents = [_contents(folder) for folder in folders]
    for folder, other in zip(folders, contents, strict=True):
        if different := contents[0].difference(other):
            raise FolderError(f"{folder}: not of the same {contents[0].kind} as {folders[0]}: {different} differ")
    added = 0
    with closing(Folder.open(into, contents[0])) as target:
        for folder in folders:
            with closing(Folder.open(folder, contents[0])) as source:
                added += _copied(source, target)
        missing = tuple(unit for unit in contents[0].units if target.load(unit) is None)
    return Merged(into, contents[0].kind, len(contents[0].units), added, missing)


def _contents(folder: Path) -> Contents:
    if (found := described(folder)) is None:
        raise FolderError(f"{folder}: no folder of results: 'limits scan SEARCH --resume DIR' makes one")
    return found


def _copied(source: Folder, target: Folder) -> int:
    added = 0
    for unit in source.contents.units:
        if target.load(unit) is None and (result := source.load(unit)) is not None:
            target.save(unit, result)
            added += 1
    return added
