"""Documents of other tools, whichever they are: a pyhf workspace, an HS3 document or a Combine card, and the likelihood in each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from limits.errors import InputError
from limits.formats import combine, hs3
from limits.formats.patchsets import chosen, is_patchset
from limits.formats.reading import parse
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load
from limits.likelihood.workspace import apply_patches

CARD: Final = re.compile(rb"^[ \t]*imax[ \t]", re.MULTILINE)
HEAD: Final = 100_000
"""Bytes within which a card has begun."""

Format = Literal["pyhf", "hs3", "combine-card"]


@dataclass(frozen=True)
class Foreign:
    """A document as it stands in its file, of which nothing is checked yet: an object, or the text of a card."""

    format: Format
    document: Any
    where: str

    def patched(self, patches: Sequence[tuple[Any, str]], point: str | None = None) -> Foreign:
        """With JSON patches (RFC 6902) applied, each with how messages name it; of a patchset the one at `point`.

        Raises:
            InputError: no patch, one that does not fit, a point without a patchset, or patches of a card.
        """
        if point is not None and not any(is_patchset(patch) for patch, _ in patches):
            raise InputError(f"point {point[:80]!r}: there is no patchset to choose it from")
        if patches and self.format == "combine-card":
            raise InputError(f"{self.where}: a Combine card is no JSON and takes no patches")
        document = self.document
        for patch, where in patches:
            operations = chosen(patch, point, document, where) if is_patchset(patch) else patch
            if not (isinstance(operations, list) and all(isinstance(item, dict) for item in operations)):
                raise InputError(f"{where}: neither a JSON patch (RFC 6902), a list of operations, nor a patchset")
            document = apply_patches(document, [operations], self.where)
        return replace(self, document=document)

    def workspace(self, measurement: str | None = None) -> dict[str, Any]:
        """The same as a pyhf workspace; of an HS3 document the analysis of that name. One of pyhf is passed on unchecked.

        Raises:
            InputError: what is wrong with it or not supported.
        """
        if self.format == "combine-card":
            return combine.from_card(self.document, self.where)
        if self.format == "hs3":
            return hs3.from_hs3(self.document, analysis=measurement, where=self.where)
        found: dict[str, Any] = self.document
        return found

    def likelihood(self, measurement: str | None = None) -> BinnedLikelihood:
        """The likelihood of a measurement (pyhf) or an analysis (HS3), default: the first or only one.

        A card is interpolated as Combine does, which a workspace has no word for.

        Raises:
            InputError: what is wrong with it or not supported.
        """
        if self.format == "combine-card":
            return combine.likelihood(self.document, self.where)
        name = measurement if self.format == "pyhf" else None
        return load(self.workspace(measurement), measurement=name, where=self.where)


def is_card(content: bytes) -> bool:
    """Whether it looks like a Combine card."""
    return not content.lstrip().startswith(b"{") and CARD.search(content[:HEAD]) is not None


def recognised(content: bytes, where: str) -> Foreign:
    """The document in a file or stream of that content.

    Raises:
        InputError: none of the three.
    """
    if is_card(content):
        try:
            return Foreign("combine-card", content.decode(), where)
        except UnicodeDecodeError:
            raise InputError(f"{where}: cannot be read as a card: not UTF-8 text") from None
    document = parse(content, where)
    keys = document if isinstance(document, dict) else {}
    if is_patchset(document) or (isinstance(document, list) and document and isinstance(document[0], dict)):
        raise InputError(f"{where}: a patch alone: give the workspace it belongs to, and this with --patch")
    if "distributions" in keys and "channels" not in keys:
        return Foreign("hs3", document, where)
    if "channels" in keys:
        return Foreign("pyhf", document, where)
    raise InputError(
        f"{where}: neither a pyhf workspace (an object with channels), nor an HS3 document (distributions), nor a Combine card (imax)"
    )
