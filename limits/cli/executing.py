"""How long work is carried out: by whom, where results are kept, what is shown of it, and how it goes on after it was stopped."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from limits.cli.frame import ARGUMENTS
from limits.cli.options import Parsed, json_option, together
from limits.cli.output import deliver

if TYPE_CHECKING:
    from limits.store import Rescue, Work

WORKING: Final = ("executor", "workers", "resume", "progress")
"""The parameters of `work_options`."""


def executor_name(text: str) -> str:
    """One of the executors."""
    from limits.parallel import KNOWN, is_executor

    if not is_executor(text):
        raise ValueError(f"unknown executor; known: {', '.join(KNOWN)}")
    return text


def part_of(text: str) -> tuple[int, int]:
    """I/N with 1 ≤ I ≤ N."""
    part, slash, parts = text.partition("/")
    if not (slash and all(p.isascii() and p.isdigit() and len(p) < 7 for p in (part, parts))):
        raise ValueError("must be I/N, as 1/8")
    if not 1 <= int(part) <= int(parts):
        raise ValueError("must be I/N with 1 ≤ I ≤ N")
    return int(part), int(parts)


work_options = together(
    click.option(
        "--executor",
        type=Parsed("name", executor_name),
        help="serial, processes, dask (on this machine) or dask:ADDRESS of a scheduler.  [default: serial]",
    ),
    click.option(
        "--workers", type=click.IntRange(min=1), help="Of processes and dask.  [default: as many as there are cores]"
    ),
    click.option(
        "--resume",
        type=click.Path(file_okay=False),
        metavar="DIR",
        help="Keep what is done in DIR and go on from there.",
    ),
    click.option(
        "--progress",
        type=click.Choice(("bar", "log", "none")),
        help="On stderr. Default: a bar on a terminal, lines in CI, else none.",
    ),
)

shard_option = click.option(
    "--shard",
    type=Parsed("i/n", part_of),
    help="Do the I-th of N parts into the folder of --resume; see 'limits merge'.",
)


@contextmanager
def working(
    total: float,
    label: str,
    *,
    executor: str | None,
    workers: int | None,
    resume: str | None,
    progress: str | None,
    shard: tuple[int, int] | None = None,
) -> Iterator[tuple[Work, Callable[..., None]]]:
    """How to work, and what to call when so much more of `total` is done; what an interrupt would lose is put into a new folder.

    Raises:
        click.UsageError: options that do not go together.
        LimitsError: no such executor here.
    """
    from limits import report
    from limits.parallel import executor as opened
    from limits.store import Rescue, Work

    if shard is not None and resume is None:
        raise click.UsageError("--shard needs --resume DIR for its results")
    if workers is not None and executor in (None, "serial"):
        raise click.UsageError("--workers goes with --executor processes or dask")
    share = total if shard is None else total / shard[1]
    rescue = Rescue(_unused(label.replace(" ", "-"))) if resume is None else None
    with (
        _resumable(rescue),
        opened(executor or "serial", workers) as team,
        report.progress(share, label, progress) as advance,
    ):
        yield Work(team, None if resume is None else Path(resume), shard or (1, 1), rescue), advance


def _unused(name: str) -> Path:
    """A folder that is not there yet."""
    return next(path for k in range(1, 10**6) if not os.path.lexists(path := Path(f"{name}.kept{k}")))


@contextmanager
def _resumable(rescue: Rescue | None) -> Iterator[None]:
    """Say how to go on when the work is stopped."""
    try:
        yield
    except KeyboardInterrupt as stop:
        command = ["limits", *click.get_current_context().find_root().meta.get(ARGUMENTS, ())]
        if rescue is not None:
            if not rescue.write():
                raise type(stop)("interrupted; nothing is kept") from None
            command += ["--resume", str(rescue.folder)]
        raise type(stop)(f"interrupted; what is done is kept, this goes on: {shlex.join(command)}") from None


@click.command()
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(exists=True, file_okay=False))
@click.option("--into", type=click.Path(file_okay=False), metavar="DIR", required=True, help="Where all of it goes.")
@json_option
def merge(folders: Sequence[str], into: str, as_json: bool) -> None:
    """Put the folders of shards together.

    The same 'limits scan' with --resume of the folder made then prints the result; what is missing is
    listed, and done by that command.
    """
    from limits import store

    found = store.merge([Path(folder) for folder in folders], Path(into))
    document = {
        "folder": str(found.folder),
        "kind": found.kind,
        "units": found.total,
        "added": found.added,
        "missing": list(found.missing),
        "status": "partial" if found.missing else "ok",
    }
    deliver(document, lambda _: _show(document), as_json=as_json, statuses=[str(document["status"])])


def _show(document: dict[str, Any]) -> None:
    done = document["units"] - len(document["missing"])
    click.echo(f"{document['folder']}: {done} of {document['units']} units, {document['added']} of them added now")
    for unit in document["missing"]:
        click.echo(f"missing: {unit}")
    if not document["missing"]:
        click.echo("complete: the same 'limits scan' with --resume of this folder prints the result")
