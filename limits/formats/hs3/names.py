"""Names that every reader of HS3 takes, and back: letters, digits and underscores.

`na64mu-zprime/background[0]` becomes `na64mu_x2d_zprime_x2f_background_x5b_0_x5d_`: a character that is not allowed is `_x`, its code
in hexadecimal, and `_`. RooFit reads `[` and `/` as syntax, and an expression reads `-` as minus.
"""

from __future__ import annotations

import re
from typing import Final

_FORBIDDEN: Final = re.compile(r"^[0-9]|[^A-Za-z0-9_]|_(?=x[0-9a-f])", re.ASCII)
"""A digit in front, all that is no letter, and an underscore that could be taken for the start of a code."""

_CODE: Final = re.compile(r"_x([0-9a-f]{2,6})_", re.ASCII)

_BIN: Final = re.compile(r"^(.+)\[([0-9]{1,9})\]$", re.DOTALL)


def encoded(name: str) -> str:
    """The name with letters, digits and underscores only; two names never become the same."""
    return _FORBIDDEN.sub(lambda found: f"_x{ord(found[0]):02x}_", name)


def decoded(name: str) -> str:
    """The name that was encoded; one that was not written by `encoded` stays as it is."""
    try:
        found = _CODE.sub(lambda code: chr(int(code[1], 16)), name)
    except ValueError:  # no character has that code
        return name
    return found if encoded(found) == name else name


def bin_name(base: str, i: int) -> str:
    """The parameter of bin `i`, as pyhf and this package call it."""
    return f"{base}[{i}]"


def base_name(parameters: tuple[str, ...]) -> str | None:
    """What was before the brackets in name[0], name[1], … (already decoded); None for any other list."""
    first = _BIN.match(parameters[0]) if parameters else None
    if first is None or any(name != bin_name(first[1], i) for i, name in enumerate(parameters)):
        return None
    return first[1]
