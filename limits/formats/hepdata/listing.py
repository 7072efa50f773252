"""The "analyses JSON" (schema 1.0.0) from which HEPData shows a tool beside the records it has an analysis of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from urllib.parse import urlsplit

from limits.errors import InputError
from limits.search import Search
from limits.search.complaints import shown

TOOL: Final = "limits"
SCHEMA: Final = "1.0.0"
DISTRIBUTION: Final = "darksector-limits"


def analyses(searches: Iterable[Search], *, url: str, created: datetime | None = None) -> dict[str, Any]:
    """The list of these searches by INSPIRE number; `url` is where one is shown, with {name} for its name.

    A search has an INSPIRE number only where its file states one; `without_inspire` are those left out.
    `created` is now if it is not given. That the number stands as an integer is a recollection.

    Raises:
        InputError: an address that is none or has no {name}.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or "{name}" not in url or not url.isprintable():
        raise InputError(
            f"url = {shown(url)}: an address with {{name}} in it is needed, as https://example.org/{{name}}"
        )
    found: dict[int, list[str]] = {}
    for search in searches:
        if (number := search.reference.inspire) is not None:
            found.setdefault(number, []).append(search.name)
    return {
        "schema_version": SCHEMA,
        "tool": TOOL,
        "version": _version(),
        "date_created": (created or datetime.now(UTC)).isoformat(timespec="seconds"),
        "implementations_description": "limits search",
        "url_templates": {"main_url": url},
        "analyses": [
            {"inspire_id": number, "implementations": [{"name": name} for name in names]}
            for number, names in sorted(found.items())
        ],
    }


def without_inspire(searches: Iterable[Search]) -> tuple[str, ...]:
    """The names of the searches whose file states no INSPIRE number."""
    return tuple(search.name for search in searches if search.reference.inspire is None)


def _version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "not installed"
