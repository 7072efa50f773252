"""pyhf workspace documents: check, patch, digest. The only module that imports pyhf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from limits.errors import InputError

Spec = Mapping[str, Any]

LARGEST = 1e100
"""Larger numbers are slips, and their squares overflow."""

_UNFIT = (TypeError, AttributeError, LookupError, ValueError, RecursionError)
"""What a patch that does not fit may raise besides jsonpatch's own errors."""


def check(document: Spec, where: str = "workspace", schema: Literal["workspace", "patchset"] = "workspace") -> None:
    """Validate against pyhf's schema of workspaces, or of patchsets.

    Raises:
        InputError: one line with the place in the document and what is wrong there.
    """
    import pyhf

    try:
        pyhf.schema.validate(dict(document), f"{schema}.json")
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


def digest(document: Spec, algorithm: Literal["sha256", "md5"] = "sha256") -> str:
    """Of the sorted JSON, the same as `pyhf digest`.

    Raises:
        InputError: text that is not Unicode, so that there are no bytes to take a digest of.
    """
    import pyhf

    try:
        return str(pyhf.utils.digest(dict(document), algorithm=algorithm))
    except UnicodeEncodeError as error:
        raise InputError(f"workspace: not Unicode text: {error}") from None
