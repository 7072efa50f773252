"""What a folder of results is for: all that a result depends on, and the units of work it comes in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

KEY_DIGITS = 32
"""Hexadecimal digits of a key: 128 bits."""


@dataclass(frozen=True)
class Contents:
    """`kind`: what it is called in messages; `facts`: JSON values that every result depends on; `units`: their names, in order."""

    kind: str
    facts: Mapping[str, Any]
    units: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, kind: str, facts: Mapping[str, Any], units: Iterable[str]) -> Self:
        """With the facts as they are read back: lists for tuples, text for what JSON has not."""
        return cls(kind, json.loads(json.dumps(facts, default=str, allow_nan=False)), tuple(units))

    def key(self, unit: str) -> str:
        """The key of a unit: a hash of everything its result depends on."""
        return hashlib.sha256(f"{self._digest}/{unit}".encode()).hexdigest()[:KEY_DIGITS]

    @cached_property
    def _digest(self) -> str:
        text = json.dumps([self.kind, self.facts], sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def text(self) -> str:
        """As a document for people and for `from_text`."""
        document = {"kind": self.kind, "facts": self.facts, "units": self.units}
        return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"

    def difference(self, other: Contents) -> str:
        """Which of the facts another one has not, or has otherwise; empty for the same contents."""
        if self.kind != other.kind:
            return "kind"
        keys = [key for key in sorted({*self.facts, *other.facts}) if self.facts.get(key) != other.facts.get(key)]
        return ", ".join(keys) or ("units" if self.units != other.units else "")


def from_text(text: str) -> Contents | None:
    """The contents that `text` describes; None if it describes none."""
    try:
        document = json.loads(text)
        kind, facts, units = document["kind"], document["facts"], document["units"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not (isinstance(kind, str) and isinstance(facts, dict) and isinstance(units, list)):
        return None
    return Contents(kind, facts, tuple(map(str, units)))
