"""How a wrong value is put into one line, and what counts as a number."""

from __future__ import annotations

from limits.errors import InputError


def printable(text: str, most: int = 1000) -> str:
    """`text` without line breaks or control characters (escaped), cut after `most` characters."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
    return escaped if len(escaped) <= most else escaped[:most] + "…"


def shown(value: object) -> str:
    """`value` as it appears in a message: strings in quotes, one line, not too long."""
    try:
        return printable(repr(value) if isinstance(value, str) else str(value), 80)
    except ValueError:  # an integer too long for Python to print
        return "an integer of thousands of digits"


def complaint(where: object, key: str, problem: str) -> InputError:
    """The error for `key` in file `where`: always one line, file first."""
    return InputError(f"{printable(str(where))}: {printable(key, 200)}: {problem}")


def number(text: object) -> float:
    """The finite number that `text` (a number, or a string as typed on a command line or in a table) stands for.

    Raises:
        ValueError: not a plain finite decimal number.
    """
    if isinstance(text, bool) or (isinstance(text, str) and ("_" in text or not text.isascii())):
        raise ValueError("not a number")
    try:
        value = float(text)  # type: ignore[arg-type]  # anything else is refused by float itself
    except (TypeError, OverflowError) as error:
        raise ValueError("not a number") from error
    if value - value != 0:
        raise ValueError("not finite")
    return value
