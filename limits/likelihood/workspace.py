"""pyhf workspace documents: read, check, patch, digest. The only module that imports pyhf."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from limits.errors import InputError

Spec = Mapping[str, Any]

LARGEST = 1e100
"""Larger numbers are slips, and their squares overflow."""

_UNFIT = (TypeError, AttributeError, LookupError, ValueError, RecursionError)
"""What a patch that does not fit may raise besides jsonpatch's own errors."""


def check(document: Spec, where: str = "workspace") -> None:
    """Validate against pyhf's workspace schema.

    Raises:
        InputError: one line with the place in the document and what is wrong there.
    """
    import pyhf

    try:
        pyhf.schema.validate(dict(document), "workspace.json")
    except pyhf.exceptions.InvalidSpecification as error:
        cause = error.__cause__ or error.__context__
        path = "/".join(str(p) for p in getattr(cause, "absolute_path", ())) or "(top)"
        text = str(getattr(cause, "message", error)).splitlines()[0]
        raise InputError(f"{where}: {path}: {text[:200]}") from None
    _check_numbers(document, where)


def _check_numbers(node: Any, where: str, path: str = "") -> None:
    """JSON as Python reads it allows NaN and Infinity; no likelihood does."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            _check_numbers(value, where, f"{path}/{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            _check_numbers(value, where, f"{path}/{i}")
    elif isinstance(node, int | float) and not abs(node) <= LARGEST:
        shown = f"{node:g}" if isinstance(node, float) else f"an integer of {node.bit_length()} bits"
        raise InputError(f"{where}: {path.lstrip('/')}: {shown}: finite numbers up to {LARGEST:g} are possible")


def apply_patches(document: Spec, patches: Iterable[Any], where: str = "workspace") -> dict[str, Any]:
    """`document` with JSON patches (RFC 6902) applied, in order.

    Raises:
        InputError: a patch that does not fit.
    """
    import jsonpatch

    try:
        for patch in patches:
            document = jsonpatch.apply_patch(document, patch)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, *_UNFIT) as error:
        raise InputError(f"{where}: patch does not apply: {' '.join(str(error).split())}") from None
    if not isinstance(document, Mapping):
        raise InputError(f"{where}: after the patches a JSON object is needed, this is a {type(document).__name__}")
    return dict(document)


def digest(document: Spec) -> str:
    """SHA-256 of the sorted JSON, the same as `pyhf digest`.

    Raises:
        InputError: text that is not Unicode, so that there are no bytes to take a digest of.
    """
    import pyhf

    try:
        return str(pyhf.utils.digest(dict(document), algorithm="sha256"))
    except UnicodeEncodeError as error:
        raise InputError(f"workspace: not Unicode text: {error}") from None


def read(path_or_stream: Any, where: str) -> dict[str, Any]:
    """A JSON object from an open text stream.

    Raises:
        InputError: not JSON, or not an object.
    """
    try:
        document = json.load(path_or_stream)
    except (ValueError, RecursionError) as error:  # also a number of more digits than Python reads
        raise InputError(f"{where}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InputError(f"{where}: a JSON object is needed, this is a {type(document).__name__}")
    return document
