"""Documents that a command reads, from a file or from stdin: a workspace of pyhf, an HS3 document, a Combine card, patches."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from limits.formats.foreign import Foreign

STDIN: Final = "-"


def read_json(name: str) -> dict[str, Any]:
    """The JSON object in a file, or on stdin for "-".

    Raises:
        InputError: cannot be read, or no such object.
    """
    from limits.formats.reading import parse_object

    return parse_object(read_bytes(name), called(name))


def read_document(name: str, patches: Sequence[str] = (), point: str | None = None) -> Foreign:
    """The document in a file or on stdin, whichever it is, with the patches in files applied.

    Raises:
        InputError: cannot be read, none that is known, or a patch that does not fit.
    """
    from limits.formats.foreign import recognised
    from limits.formats.reading import parse

    found = recognised(read_bytes(name), called(name))
    return found.patched([(parse(read_bytes(patch), called(patch)), called(patch)) for patch in patches], point)


def read_bytes(name: str) -> bytes:
    """What is in a file or on stdin.

    Raises:
        InputError: cannot be read, or is too large.
    """
    from limits.formats.reading import content

    return content(sys.stdin.buffer if name == STDIN else name, called(name))


def called(name: str) -> str:
    """How messages name a document."""
    return "stdin" if name == STDIN else name
