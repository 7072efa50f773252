"""YAML and JSON of strangers as plain values: bounded in depth and size, no key twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from limits.errors import InputError
from limits.search.complaints import complaint, printable, shown

DEEPEST: Final = 60
"""Levels of a YAML file: the compiled loader has no bound of its own and would take the interpreter down with it."""

MOST_EVENTS: Final = 600_000
"""Pieces of a YAML file, of which a cell is four or more: some seconds."""

MOST_PIECES: Final = 3_000_000
"""Commas and brackets of a JSON file."""

MOST_CELLS: Final = 200_000
"""Cells and errors of one table: few bytes of YAML can name one cell very often."""

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BROKEN: Final = (yaml.YAMLError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What the loader raises for scalars that are not what their tag says, besides its own error."""


class _Twice(ValueError):
    """A key that stands twice in one mapping."""


@dataclass
class _Open:
    """A collection that has begun: its keys so far if it is a mapping, and the number of nodes in it."""

    keys: set[str] | None
    nodes: int = 0


def documents(path: Path, text: str) -> list[Any]:
    """The documents of a YAML file.

    Raises:
        InputError: not YAML, too deep or too large, a key twice or a merge ("<<", which can double with every line).
    """
    try:
        _walk(path, yaml.parse(text, Loader=LOADER))
        return list(yaml.load_all(text, Loader=LOADER))  # a safe loader, compiled or not
    except InputError:
        raise
    except BROKEN as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f"line {mark.line + 1}" if mark is not None else "YAML"
        raise complaint(path, where, f"not YAML: {printable(str(problem or error), 200)}") from None


def _walk(path: Path, events: Iterator[Any]) -> None:
    levels: list[_Open] = []
    for i, event in enumerate(events):
        if i > MOST_EVENTS:
            raise too_large(path)
        if isinstance(event, yaml.CollectionEndEvent):
            levels.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        if levels and levels[-1].keys is not None and levels[-1].nodes % 2 == 0:
            _key(path, event, levels[-1].keys)
        if levels:
            levels[-1].nodes += 1
        if isinstance(event, yaml.CollectionStartEvent):
            levels.append(_Open(set() if isinstance(event, yaml.MappingStartEvent) else None))
            if len(levels) > DEEPEST:
                raise complaint(path, "YAML", "nested too deeply")


def _key(path: Path, event: Any, known: set[str]) -> None:
    if not isinstance(event, yaml.ScalarEvent):
        return
    where = f"line {event.start_mark.line + 1}"
    if event.value == "<<":
        raise complaint(path, where, "got '<<': merged keys are not read; write them out")
    if event.value in known:
        raise complaint(path, where, f"the key {shown(event.value)} stands twice")
    known.add(event.value)


def json_document(path: Path, text: str) -> Any:
    """The document of a JSON file.

    Raises:
        InputError: not JSON, too large, or a key twice.
    """
    if sum(map(text.count, ",[{")) > MOST_PIECES:
        raise too_large(path)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except _Twice as error:
        raise complaint(path, "JSON", str(error)) from None
    except (ValueError, RecursionError) as error:
        raise complaint(path, "table", f"not JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(f"the key {shown(next(name for name in names if names.count(name) > 1))} stands twice")
    return found


def too_large(path: Path) -> InputError:
    """The error for a file that no table of a curve is as large as."""
    return complaint(path, "table", f"too large: a table of at most {MOST_CELLS} cells is needed")
