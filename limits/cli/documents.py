"""Documents that a command reads, from a file or from stdin: a workspace of pyhf, an HS3 document, a Combine card, a patch."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from limits.errors import InputError

STDIN: Final = "-"


def read_json(name: str) -> Any:
    """The JSON in a file, or on stdin for "-".

    Raises:
        InputError: cannot be read, or not JSON.
    """
    from limits.likelihood import workspace

    with io.TextIOWrapper(io.BytesIO(_content(name)), encoding="utf-8") as stream:
        return workspace.read(stream, called(name))


def read_workspace(name: str) -> dict[str, Any]:
    """A workspace as pyhf writes it, whatever it was: JSON of pyhf, HS3, or a Combine card.

    Raises:
        InputError: cannot be read, none of the three, or one with something that is not supported.
    """
    content = _content(name)
    if re.search(rb"^[ \t]*imax[ \t]", content[:100_000], re.MULTILINE) and not content.lstrip().startswith(b"{"):
        from limits.formats.combine import from_card

        try:
            return from_card(content.decode(), called(name))
        except UnicodeDecodeError:
            raise InputError(f"{called(name)}: cannot be read as a card: not UTF-8 text") from None
    from limits.likelihood import workspace

    with io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") as stream:
        document = workspace.read(stream, called(name))
    if "distributions" in document and "channels" not in document:
        from limits.formats.hs3 import read

        return read(content, called(name))
    return document


def _content(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{name}: cannot be read: {reason}") from None


def called(name: str) -> str:
    """How messages name a document."""
    return "stdin" if name == STDIN else name


def read_patch(name: str) -> Any:
    """A JSON patch: a list of operations.

    Raises:
        InputError: cannot be read, or no such list.
    """
    try:
        operations = json.loads(_content(name).decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{called(name)}: not JSON: {error}") from None
    if isinstance(operations, list) and all(isinstance(item, dict) for item in operations):
        return operations
    raise InputError(f"{called(name)}: a JSON patch is a list of operations (RFC 6902), this is none")
