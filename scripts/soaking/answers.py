"""What is required of the answer to a valid command: no traceback, strict JSON, a status beside everything that is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

EXPLAINED: Final = frozenset({"insensitive", "partial", "failed"})
"""Statuses that say why a limit is not there."""


def complaints(code: int, stdout: str, stderr: str) -> list[str]:
    """Everything that is wrong with one answer; empty for a good one."""
    if code not in (0, 3):
        return [f"exit code {code}: {stderr.strip()[:300] or stdout[:300]}"]
    if "Traceback" in stderr or "a bug in limits" in stderr:
        return [f"stderr: {stderr.strip()[:300]}"]
    bad: list[str] = []
    try:
        document = json.loads(stdout, parse_constant=lambda name: bad.append(f"{name} in the JSON"))
    except ValueError as error:
        return [f"no JSON: {error}: {stdout[:100]!r}"]
    return [*bad, *_unexplained(document)]


def _unexplained(value: Any, inherited: Mapping[str, Any] | None = None, where: str = "") -> Iterator[str]:
    """Limits that are null although the status says that all is well."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _unexplained(item, inherited, f"{where}[{i}]")
    if not isinstance(value, dict):
        return
    if "observed_limit" in value and value["observed_limit"] is None:
        region = value.get("excluded") or (inherited or {}).get("exclusion") == "region" or value.get("interval")
        status = value.get("status", (inherited or {}).get("status"))
        if not region and status not in EXPLAINED:
            yield f"{where or 'result'}: observed_limit is null with status {status!r}"
    for key, item in value.items():
        yield from _unexplained(item, {**(inherited or {}), **value}, f"{where}.{key}")
