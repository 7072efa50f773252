"""One result as bytes: named arrays as npz, everything else as JSON. No pickle, neither way."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def encode(result: Any) -> tuple[bytes, str]:
    """The bytes of a result, equal for equal results, and the suffix of its file.

    Raises:
        ValueError: a nan in what becomes JSON.
    """
    if isinstance(result, Mapping) and all(isinstance(value, np.ndarray) for value in result.values()):
        stream = io.BytesIO()
        named: dict[str, Any] = dict(result)  # and no keyword: NumPy 1.26 makes an array of it
        np.savez(stream, **named)
        return stream.getvalue(), "npz"
    text = json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass"), "json"


def decode(content: bytes, suffix: str) -> Any | None:
    """The result, or None for bytes that are none."""
    try:
        if suffix == "json":
            return json.loads(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception:  # noqa: BLE001 - a broken archive raises anything: EOFError, zlib.error, BadZipFile, TokenError
        return None
