"""Files of others, read with suspicion: so many bytes and no more, JSON nested so deep and no deeper, no key twice, no nan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from limits.errors import InputError

MOST_BYTES: Final = 64 * 2**20
DEEPEST: Final = 32


def content(source: str | Path | BinaryIO, where: str) -> bytes:
    """All bytes of a file or stream, at most 64 MB.

    Raises:
        InputError: cannot be read, or is larger.
    """
    try:
        if not isinstance(source, str | Path):
            found = source.read(MOST_BYTES + 1)
        else:
            with Path(source).open("rb") as stream:
                found = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{where}: cannot be read: {reason}") from None
    if len(found) > MOST_BYTES:
        raise InputError(f"{where}: larger than {MOST_BYTES // 2**20} MB, which is the most that is read")
    return found


def parse(text: str | bytes, where: str) -> Any:
    """The JSON of a text: at most 64 MB, nested 32 deep, without nan or infinity and without a key twice.

    Raises:
        InputError: anything else.
    """
    if len(text) > MOST_BYTES:
        raise InputError(f"{where}: {len(text)} bytes: at most {MOST_BYTES} are read")
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_refused)
    except (ValueError, RecursionError) as error:  # also bytes that are no text, and numbers with too many digits
        raise InputError(f"{where}: not JSON: {' '.join(str(error).split())[:200]}") from None
    check_depth(found, where)
    return found


def parse_object(text: str | bytes, where: str) -> dict[str, Any]:
    """The same of a text that has to be an object.

    Raises:
        InputError: anything else.
    """
    found = parse(text, where)
    if not isinstance(found, dict):
        raise InputError(f"{where}: a JSON object is needed, this is a {type(found).__name__}")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def check_depth(document: Any, where: str) -> None:
    """Raise where a document is nested too deep to be walked, or holds itself."""
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise InputError(f"{where}: nested more than {DEEPEST} deep")


def _children(node: Any) -> list[Any]:
    # Lists of numbers make up the bulk of a document and have nothing below them.
    values = node.values() if isinstance(node, Mapping) else node if isinstance(node, list | tuple) else ()
    return [v for v in values if isinstance(v, Mapping | list | tuple)]
