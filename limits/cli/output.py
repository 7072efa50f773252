"""Results on their way out: JSON that every reader accepts, files that are whole or not there, the exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from limits.cli.frame import PARTIAL
from limits.errors import InputError

INCOMPLETE = ("partial", "failed")


def encoded(document: Any) -> bytes:
    """Strict JSON in UTF-8: no nan, no infinity."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes \\udXXX, which is JSON again


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        InputError: the place cannot be written.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe or a device has no beside
            path.write_bytes(content)
            return
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            draft.write_bytes(content)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be written: {reason}") from None


def deliver(
    document: Mapping[str, Any],
    as_text: Callable[[Mapping[str, Any]], None],
    *,
    as_json: bool,
    output_file: str | None = None,
    statuses: Iterable[str] = (),
) -> None:
    """Hand out one result: JSON to the file if there is one, else to stdout if asked for; text unless JSON was asked for.

    Raises:
        click.exceptions.Exit: with code 3 if one of `statuses` says that something is missing.
    """
    content = encoded(document)
    if output_file is not None:
        write(Path(output_file), content)
    elif as_json:
        click.echo(content, nl=False)
    if not as_json:
        as_text(document)
    if any(status in INCOMPLETE for status in statuses):
        raise click.exceptions.Exit(PARTIAL)
