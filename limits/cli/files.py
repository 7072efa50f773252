"""`limits export` and `limits digest`: workspaces as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256 as hashed
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from limits.cli.options import MASSES, change_options, hypothesis_option, json_option
from limits.cli.output import deliver

if TYPE_CHECKING:
    from limits.scan import Scan

FORMATS: Final = {
    "pyhf": "limits.formats.pyhf",
    "hs3": "limits.formats.hs3",
    "combine-card": "limits.formats.combine",
    "hepdata": "limits.submission",
}
"""Modules that export a search, by the format they write."""


@click.command()
@click.argument("search")
@click.option("--format", "form", type=click.Choice(tuple(FORMATS)), default="pyhf", show_default=True)
@hypothesis_option
@click.option("--masses", type=MASSES, help="GeV; of more than one pyhf has a patchset, the others a file each.")
@click.option(
    "--result", "results", multiple=True, metavar="FILE", help="hepdata: JSON of 'limits scan'; may be repeated."
)
@change_options
@click.option(
    "--output", type=click.Path(file_okay=False), metavar="DIR", help="Default: workspaces/SEARCH, submissions/SEARCH."
)
@json_option
def export(
    search: str,
    form: str,
    hypothesis: str | None,
    masses: tuple[float, ...] | None,
    results: tuple[str, ...],
    changes: Sequence[tuple[str, float]],
    calibrated: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Write a search in a format of other tools.

    pyhf: a workspace and a patchset over masses. hs3: a document for pyhs3 and ROOT, and one without
    bins for a spectrum. combine-card: datacards, one count per bin. hepdata: a submission of
    the results given, or of a scan made now, with pyhf and HS3 documents.
    """
    from limits import report
    from limits.cli.target import changed
    from limits.formats.pyhf import write
    from limits.likelihood.workspace import digest

    facts = changed(search, calibrated, changes)
    more = {"scans": scans_of(results)} if results else {}
    if more and form != "hepdata":
        raise click.UsageError("--result goes with --format hepdata")
    documents: Mapping[str, Any] = import_module(FORMATS[form]).export(facts, hypothesis, masses, **more)
    # HEPData refuses a folder with other files in it.
    base = "submissions" if form == "hepdata" else "workspaces"
    folder = Path(base, facts.name) if output is None else Path(output)
    files = [
        {
            "path": str(path),
            "sha256": sha256(path) if isinstance(documents[path.name], str) else digest(documents[path.name]),
        }
        for path in write(documents, folder)
    ]
    document = {"search": facts.name, "hypothesis": facts.hypothesis(hypothesis).name, "format": form, "files": files}
    deliver(document, report.files, as_json=as_json)


def scans_of(results: Sequence[str]) -> list[Scan]:
    """The scans in files of results."""
    from limits.cli.documents import read_json
    from limits.scan import scan_from_json

    return [scan_from_json(read_json(result), result) for result in results]


def sha256(path: Path) -> str:
    """Of the bytes of a file: of JSON it is `digest` that is told, which does not depend on spaces."""
    return hashed(path.read_bytes()).hexdigest()


@click.command()
@click.argument("target")
@json_option
def digest(target: str, as_json: bool) -> None:
    """SHA-256 of a document, the same as 'pyhf digest'.

    TARGET is a JSON file, a Combine card, - for stdin, or a search: then of the workspace 'limits export' writes.
    Of JSON it does not depend on spaces or the order of keys; of a card it is that of its bytes.
    """
    found = {"sha256": _digest(target)}
    deliver(found, lambda _: click.echo(f"sha256:{found['sha256']}"), as_json=as_json)


def _digest(target: str) -> str:
    from limits.cli.documents import called, read_bytes
    from limits.cli.target import is_search
    from limits.likelihood.workspace import digest

    if is_search(target):
        from limits.formats.pyhf import export
        from limits.search import load

        search = load(target)
        return digest(export(search, masses=[search.hypothesis().benchmark.mass_gev])["workspace.json"])
    from limits.formats.foreign import is_card
    from limits.formats.reading import parse_object

    content = read_bytes(target)
    return hashed(content).hexdigest() if is_card(content) else digest(parse_object(content, called(target)))
