"""All that a number computed from a search can depend on, so that a result that was kept is known to be of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from limits.search.channels import CountingChannel
from limits.search.search import Search
from limits.search.tables import SPECTRA


def identity(search: Search) -> dict[str, Any]:
    """The numbers, hypotheses and channels of a search and of its members, and the sha256 of their tables, as JSON values."""
    return {
        "search": search.name,
        "numbers": {key: [quantity.value, quantity.error] for key, quantity in search.quantities.items()},
        "hypotheses": [facts.model_dump(mode="json") for facts in search.hypotheses],
        "channels": [channel.model_dump(mode="json") for channel in search.channels],
        "tables": {
            f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in _tables(search)
        },
        "together": [list(search.shared), {name: list(of) for name, of in search.groups.items()}, search.ad_hoc],
        "recasts": list(search.recasts),
        "members": [identity(member) for member in search.members],
    }


def _tables(search: Search) -> Iterator[Path]:
    """Those beside the search file, and the spectra of the collisions that its channels name."""
    yield from sorted(search.path.parent.glob("*.csv"))
    channels = [channel for channel in search.channels if isinstance(channel, CountingChannel)]
    for collision in sorted({production.collision for channel in channels for production in channel.production}):
        for folder in (search.path.parent / collision, SPECTRA / collision):
            yield from sorted(folder.glob("*.csv"))
