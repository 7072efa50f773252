"""`limits report` and `limits cite`: a page of results, and what to cite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from limits.cli.executing import work_options, working
from limits.cli.options import FILE

if TYPE_CHECKING:
    from limits.html import Results
    from limits.search import Search


@click.command()
@click.argument("given", nargs=-1, metavar="[SEARCH | RESULTS]...")
@click.option("--output-file", type=FILE, default="report.html", show_default=True, help="The HTML file.")
@click.option(
    "--published",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="Folder of published curves to compare with, where searches are computed.",
)
@work_options
def report(given: tuple[str, ...], output_file: str, published: str | None, **how: Any) -> None:
    """One HTML file of everything, which needs no network.

    Of searches it shows what 'limits reproduce' computes, of all if none is named: that takes minutes. RESULTS are JSON
    files of 'limits scan', 'combine' and 'landscape', or results.json of 'limits reproduce --output'; a search file
    named beside them is where the facts of that search are read from.
    """
    from limits.cli.output import deliver, write
    from limits.html import page
    from limits.html.door import plotly_script

    plotly_script()  # better known before the work
    chosen, files = _apart(given)
    if files and (used := [name for name, value in {"published": published, **how}.items() if value is not None]):
        raise click.UsageError(f"--{used[0]} goes with searches: RESULTS are shown as they are")
    results = _read(files) if files else _computed(chosen, published, **how)
    searches = _at_hand(results, chosen)
    write(Path(output_file), page(results, searches).encode("utf-8", "backslashreplace"))
    statuses = [scan.status for scan in results.scans] + ["partial" for _ in results.left_out]
    deliver({}, lambda _: click.echo(f"written: {output_file}"), as_json=False, statuses=statuses)


def _apart(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Searches, by name or path, and files of results."""
    from limits.cli.target import is_search

    found: dict[bool, list[str]] = {True: [], False: []}
    for text in dict.fromkeys(given):
        found[is_search(text)].append(text)
    return found[True], found[False]


def _read(files: Sequence[str]) -> Results:
    from hashlib import sha256

    from limits.cli.documents import called, read_bytes
    from limits.formats.reading import parse_object
    from limits.html import Results, read

    results = Results()
    for file in files:
        content = read_bytes(file)
        where = Path(called(file)).name  # a page that is sent around says nothing of folders
        results += read(parse_object(content, called(file)), where, sha256(content).hexdigest())
    return results


def _computed(chosen: Sequence[str], published: str | None, **how: Any) -> Results:
    from limits.html import computed
    from limits.reproduce import reproduce, steps
    from limits.search import names

    curves = None if published is None else Path(published)
    with working(steps(chosen or names()), "report", **how) as (work, advance):
        found = reproduce(chosen, published=curves, advance=advance, work=work)
    return computed(found)


def _at_hand(results: Results, chosen: Sequence[str]) -> dict[str, Search]:
    """The searches of the results whose files are known, those of combinations among them; files that were named go first."""
    from limits.search import load, names

    named = {search.name: search for search in map(load, chosen)}
    wanted = [*results.searches, *(name for combined in results.combinations for name in combined.members)]
    found = {name: load(name) for name in wanted if name in names() and name not in named} | named
    return {member.name: member for search in found.values() for member in search.members} | found


@click.command()
@click.argument("given", nargs=-1, required=True, metavar="SEARCH | RESULTS...")
@click.option("--output-file", type=FILE, help="Write the BibTeX to FILE.")
def cite(given: tuple[str, ...], output_file: str | None) -> None:
    """BibTeX of the papers, data and methods behind results.

    Of a search all its methods are cited; RESULTS, JSON files of any command, carry the keys of what was used.
    Bibliographic data that nobody has checked say so.
    """
    from limits.citations import bibtex, catalogue, keys
    from limits.cli.documents import read_json
    from limits.cli.output import write
    from limits.search import load

    texts, files = _apart(given)
    searches = [load(text) for text in texts]
    wanted: list[str] = []
    for search in searches:
        wanted += keys(search, [method for facts in search.hypotheses for method in facts.methods])
    for file in files:
        wanted += _carried(read_json(file), file)
    found = bibtex(wanted, catalogue(searches))
    if output_file is None:
        click.echo(found, nl=False)
    else:
        write(Path(output_file), found.encode())


def _carried(document: Any, where: str) -> list[str]:
    """All keys in a document of results.

    Raises:
        InputError: it has none.
    """
    from limits.errors import InputError

    found: list[str] = []
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            there = node.get("citations")
            found += [key for key in there if isinstance(key, str)] if isinstance(there, list) else []
        waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if not found:
        raise InputError(f"{where}: carries no citations, no result of this version: name the searches instead")
    return found
