"""The errors a user of `limits` can meet: one root, a few children, each doubled with the builtin it resembles."""

from __future__ import annotations

from collections.abc import Iterable


class LimitsError(Exception):
    """Root of every error raised on purpose by this package."""

    def __str__(self) -> str:
        # KeyError would print the repr of its argument: quotes and escapes around a sentence.
        return " ".join(str(arg) for arg in self.args)


class InputError(LimitsError, ValueError):
    """A value that cannot be used: the message names where it stands, the key, the value and what is allowed."""


class UnknownName(LimitsError, KeyError):
    """A name (search, hypothesis, method, key) that does not exist: the message lists those that do."""


class FitError(LimitsError, RuntimeError):
    """A minimisation or a root search that did not converge, with what was known when it stopped."""


class MissingExtra(LimitsError, ImportError):
    """An optional dependency is not installed: the message says which extra brings it."""


def unknown(kind: str, name: object, known: Iterable[str], where: str = "") -> UnknownName:
    """The error for a name that is not among `known`, written in one way everywhere."""
    place = f"{where}: " if where else ""
    return UnknownName(f"{place}unknown {kind} {str(name)!r}; known: {', '.join(sorted(known)) or 'none'}")
