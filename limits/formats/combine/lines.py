"""Lines of a datacard: their words, their numbers, and errors that say which line it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, NoReturn

from limits.errors import InputError

LARGEST_BYTES: Final = 8_000_000
LARGEST_NUMBER: Final = 1e100
MOST_COLUMNS: Final = 20_000

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RANGE: Final = re.compile(r"\[([^],\[]+),([^],\[]+)\]")
_LONGEST: Final = 64
"""Characters of a number; of more only the first are shown in messages."""


class Line(NamedTuple):
    """The words of a line and where it stands."""

    where: str
    words: list[str]

    def refuse(self, why: str) -> NoReturn:
        """Raise the error that names the line."""
        raise InputError(f"{self.where}: {why}")

    def number(self, word: str, low: float = 0.0) -> float:
        """A finite number ≥ `low`."""
        if not is_number(word) or abs(float(word)) > LARGEST_NUMBER:
            self.refuse(f"{word[:_LONGEST]!r}: a number up to {LARGEST_NUMBER:g} is needed")
        if float(word) < low:
            self.refuse(f"{word}: a number ≥ {low:g} is needed")
        return float(word)

    def positive(self, word: str) -> float:
        """A finite number > 0, whose inverse is one as well."""
        if (value := self.number(word)) < 1 / LARGEST_NUMBER:
            self.refuse(f"{word}: a number > 0 is needed, not below {1 / LARGEST_NUMBER:g}")
        return value

    def interval(self, word: str) -> tuple[float, float]:
        """A range [low,high] that is not below 0."""
        if (found := _RANGE.fullmatch(word[: 3 * _LONGEST])) is None:
            self.refuse(f"{word[:_LONGEST]!r}: a range [low,high] without blanks is needed")
        low, high = self.number(found[1]), self.number(found[2])
        if low >= high:
            self.refuse(f"{word}: the low end must be below the high one")
        return low, high


def is_number(word: str) -> bool:
    """Whether a word is a number in plain digits; what Python reads besides, such as nan and 1_000, is none."""
    return len(word) <= _LONGEST and _NUMBER.fullmatch(word) is not None


def lines(text: str, where: str) -> Iterator[Line]:
    """The lines with words, without comments and rules of dashes. `where` names the card in messages.

    Raises:
        InputError: more than 8 MB.
    """
    if len(text) > LARGEST_BYTES or len(text.encode("utf-8", "replace")) > LARGEST_BYTES:
        raise InputError(f"{where}: {len(text)} characters: cards up to {LARGEST_BYTES // 1_000_000} MB are read")
    for i, raw in enumerate(text.split("\n"), 1):
        # What is behind the last column, words for the reader, may stay in one piece.
        words = raw.split("#", 1)[0].split(maxsplit=MOST_COLUMNS + 4)
        if words and not (len(words[0]) > 1 and set(words[0]) == {"-"}):
            yield Line(f"{where}: line {i}", words)
