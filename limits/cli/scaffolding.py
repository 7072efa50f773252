"""`limits new-search` and `limits check`: a folder to start a search from, and what in it has no source yet."""

from __future__ import annotations

from pathlib import Path

import click

from limits.cli.frame import ERROR
from limits.cli.options import json_option
from limits.cli.output import deliver


@click.command("new-search")
@click.argument("name")
@click.option(
    "--signal",
    default="counting",
    show_default=True,
    metavar="KIND",
    help="counting or binned: your own simulated signal; displaced, missing, resonance, tagged: computed.",
)
@click.option("--folder", type=click.Path(path_type=Path), metavar="DIR", help="Where; default: NAME, here.")
@json_option
def new_search(name: str, signal: str, folder: Path | None, as_json: bool) -> None:
    """A folder for a search of your own.

    It loads at once, with placeholder numbers, and fails 'limits check' until every number has its
    source. Nothing that exists is overwritten.
    """
    from limits import report, scaffold

    made = scaffold.new_search(name, signal, folder)
    files = [str(made / file.name) for file in sorted(made.iterdir())]
    document = {"name": name, "signal": signal, "folder": str(made), "files": files}
    deliver(document, report.created, as_json=as_json)


@click.command()
@click.argument("search")
@json_option
def check(search: str, as_json: bool) -> None:
    """What in a search has no source yet.

    The exit code is 1 while anything is left. SEARCH is a name from 'limits list', a folder, or the
    path of a search file. A text that begins with TODO is a reminder: in the search file, in a
    table or in the README beside it.
    """
    from collections import Counter

    from limits import report, scaffold
    from limits.search import load

    loaded = load(search)
    left = scaffold.reminders(loaded.path)
    document = {
        "search": loaded.name,
        "numbers": dict(Counter(quantity.kind for quantity in loaded.quantities.values())),
        "reminders": [reminder._asdict() for reminder in left],
    }
    deliver(document, report.checked, as_json=as_json)
    if left:
        raise click.exceptions.Exit(ERROR)
