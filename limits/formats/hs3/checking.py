"""Access to a document that says where something is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from limits.errors import InputError
from limits.likelihood.workspace import LARGEST

LONGEST_NAME: Final = 1000


@dataclass(frozen=True)
class Node:
    """An object of a document and where it stands; every look at it either finds what it should or raises InputError."""

    content: Mapping[str, Any]
    where: str

    def fail(self, what: str) -> NoReturn:
        """Raise, with the place."""
        raise InputError(f"{self.where}: {what}")

    def only(self, known: Collection[str]) -> None:
        """No other keys: one that is not understood may change what the rest means."""
        for key in self.content:
            if key not in known:
                self.fail(f"{str(key)[:60]!r} is not supported")

    def __contains__(self, key: str) -> bool:
        return self.content.get(key) is not None

    def text(self, key: str) -> str:
        """A string that is not empty."""
        return name_of(self.content.get(key), f"{self.where}: {key}")

    def number(self, key: str) -> float:
        """A finite number."""
        return number_of(self.content.get(key), f"{self.where}: {key}")

    def flag(self, key: str) -> bool:
        """True or false, false where it is missing."""
        value = self.content.get(key, False)
        return value if isinstance(value, bool) else self.fail(f"{key} = {shown(value)}: true or false is needed")

    def numbers(self, key: str) -> list[float]:
        """A list of finite numbers, not empty."""
        values = self._list(key)
        return [number_of(v, f"{self.where}: {key}[{i}]") for i, v in enumerate(values)]

    def texts(self, key: str) -> list[str]:
        """A list of names, not empty and none of them twice."""
        found = [name_of(v, f"{self.where}: {key}[{i}]") for i, v in enumerate(self._list(key))]
        if len(set(found)) != len(found):
            self.fail(f"{key}: one name stands twice")
        return found

    def child(self, key: str) -> Node:
        """An object."""
        return _node(self.content.get(key), f"{self.where}: {key}")

    def nodes(self, key: str, *, empty: bool = True) -> Iterator[Node]:
        """A list of objects, called by their names where they have one."""
        if empty and self.content.get(key) in (None, []):
            return
        for i, value in enumerate(self._list(key)):
            label = value.get("name", i) if isinstance(value, Mapping) else i
            yield _node(value, f"{self.where}: {key} {shown(label)}")

    def named(self, key: str) -> dict[str, Node]:
        """The objects of a list by name.

        Raises:
            InputError: a name that stands twice.
        """
        found: dict[str, Node] = {}
        for node in self.nodes(key):
            if (name := node.text("name")) in found:
                node.fail("the name stands twice")
            found[name] = node
        return found

    def _list(self, key: str) -> list[Any]:
        values = self.content.get(key)
        if not isinstance(values, list | tuple) or not values:
            self.fail(f"{key} = {shown(values)}: a list that is not empty is needed")
        return list(values)


def _node(value: Any, where: str) -> Node:
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: {shown(value)}: an object is needed")
    return Node(value, where)


def name_of(value: Any, where: str) -> str:
    """A string that can be a name."""
    if not isinstance(value, str) or not value or len(value) > LONGEST_NAME:
        raise InputError(f"{where}: {shown(value)}: a name is needed")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: {shown(value)}: not Unicode text") from None
    return value


def number_of(value: Any, where: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise InputError(f"{where}: {shown(value)}: a finite number is needed")
    return float(value)


def shown(value: Any) -> str:
    """A value in a message: short and on one line."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, Mapping | list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    return ascii(value)[:80]
