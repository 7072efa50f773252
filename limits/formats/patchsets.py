"""One patch of a pyhf patchset (JSON 1.0.0): chosen by its name or by the values of its labels, checked against its workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any, Final

from limits.errors import InputError
from limits.likelihood.workspace import Spec, check, digest

SHOWN: Final = 12
"""Points that a message lists."""


def is_patchset(document: Any) -> bool:
    """Whether it is meant to be one."""
    return isinstance(document, Mapping) and "patches" in document


def chosen(patchset: Spec, point: str | None, workspace: Spec, where: str) -> list[dict[str, Any]]:
    """The operations (RFC 6902) of the patch with that name, or with those values, separated by commas.

    Raises:
        InputError: no such patchset, none or two patches at that point, or a patchset of another workspace.
    """
    check(patchset, where, "patchset")
    for algorithm, wanted in patchset["metadata"]["digests"].items():
        if algorithm in ("sha256", "md5") and digest(workspace, algorithm) != wanted:
            raise InputError(f"{where}: made for another workspace: its {algorithm} is {wanted}")
    labels = patchset["metadata"]["labels"]
    found = [p for p in patchset["patches"] if point is not None and _is(p["metadata"], point)]
    if len(found) != 1:
        known = [f"{p['metadata']['name']} ({_said(p['metadata']['values'])})" for p in patchset["patches"]]
        rest = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
        asked = "no point is chosen" if point is None else f"{len(found) or 'no'} patches at point {point[:80]!r}"
        raise InputError(
            f"{where}: {asked}: give a name, or its values of {','.join(labels)}; known: {', '.join(known[:SHOWN])}{rest}"
        )
    operations: list[dict[str, Any]] = found[0]["patch"]
    return operations


def _is(metadata: Spec, point: str) -> bool:
    return bool(metadata["name"] == point) or _equal(metadata["values"], point.split(","))


def _equal(values: Sequence[float | str], typed: Sequence[str]) -> bool:
    return len(values) == len(typed) and all(map(_same, values, typed))


def _same(value: float | str, text: str) -> bool:
    try:
        return value == text if isinstance(value, str) else isclose(value, float(text), rel_tol=1e-9)
    except (ValueError, OverflowError):
        return False


def _said(values: Sequence[float | str]) -> str:
    return ",".join(value if isinstance(value, str) else f"{value:.12g}" for value in values)
