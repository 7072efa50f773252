"""A folder for a search of one's own that loads at once, and what in it still has no source.

Templates stand in `templates/`, a folder per signal: whole searches with placeholder numbers, in which every text that is still to be
written begins with TODO. `reminders` finds those texts, in a new folder and in any other.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from limits.errors import InputError, unknown
from limits.search import load, names
from limits.search.quantity import TODO

TEMPLATES: Final = Path(__file__).parent / "templates"
COMMON: Final = "common"
"""The folder of what every new search gets."""

NO_PAPER: Final = "0000.00000"
"""In the form of an arXiv number, and none: there is no month 0."""

LONGEST: Final = 60
TEXTS: Final = (".csv", ".md")


class Reminder(NamedTuple):
    """Something that has no source yet: the file, the key or line in it, and what is needed."""

    file: str
    key: str
    needed: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.needed}"


def signals() -> tuple[str, ...]:
    """The kinds of searches that there is a template for."""
    return tuple(sorted(folder.name for folder in TEMPLATES.iterdir() if folder.is_dir() and folder.name != COMMON))


def new_search(name: str, signal: str = "counting", folder: Path | None = None) -> Path:
    """Write the folder of a new search, `folder` or else NAME here, and return it. All of it is written, or nothing.

    Raises:
        UnknownName: no template for that signal.
        InputError: a name that cannot be one or is taken, a folder that exists or cannot be made.
    """
    if signal not in signals():
        raise unknown("signal to start from", signal, signals())
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or len(name) > LONGEST:
        problem = f"must be lower-case letters and digits, joined by single hyphens, {LONGEST} at most"
        raise InputError(f"name: got {name[:80]!r}: {problem}, as faser-aprime")
    if name in names():
        raise InputError(f"name: got {name!r}: a search of this name is shipped; taken: {', '.join(names())}")
    folder = Path(name) if folder is None else folder
    if folder.exists() or folder.is_symlink():
        raise InputError(f"{folder}: exists already, and nothing is overwritten; --folder takes another place")
    try:
        _write(name, signal, folder)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{folder}: cannot be made: {reason}") from None
    return folder


def _write(name: str, signal: str, folder: Path) -> None:
    """Put together beside its place and moved there, so that it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder.parent) as draft:
        made = Path(draft, name)
        made.mkdir()
        for kind in (COMMON, signal):
            for template in sorted((TEMPLATES / kind).iterdir()):
                text = template.read_text(encoding="utf-8").replace("@NAME@", name)
                (made / template.name.removesuffix(".txt")).write_text(text, encoding="utf-8")
        made.rename(folder)


def reminders(name_or_path: str | Path) -> list[Reminder]:
    """What in a search has no source yet: texts of the search file, of the tables and the README beside it, that begin with TODO.

    Raises:
        UnknownName: neither a shipped name nor a path that exists.
        InputError: the file is not a valid search.
    """
    path = load(name_or_path).path
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    found = [Reminder(path.name, key, needed) for key, needed in _todo(document)]
    if document["reference"]["arxiv"] == NO_PAPER:
        found.append(Reminder(path.name, "reference.arxiv", "number of the paper on arXiv"))
    for file in sorted(path.parent.iterdir()):
        if file.suffix in TEXTS:
            found += [Reminder(file.name, key, needed) for key, needed in _todo_lines(file)]
    return found


def _todo(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """The texts in a document that begin with TODO, by their dotted key."""
    if isinstance(value, str) and value.startswith(TODO):
        yield key, _needed(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _todo(item, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _todo(item, f"{key}[{i}]")


def _todo_lines(file: Path) -> Iterator[tuple[str, str]]:
    """Lines of a table or a page with TODO as their first word, behind marks of comments, lists and tables."""
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if (text := line.lstrip("#*-| ")).startswith(TODO):
            yield f"line {number}", _needed(text)


def _needed(text: str) -> str:
    return text.removeprefix(TODO).lstrip(": ").rstrip(" |") or "to be written"
