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

ANALYSES: Final = "hepdata-analyses"


@click.command()
@click.argument("searches", nargs=-1, metavar="SEARCH")
@click.option(
    "--format",
    "form",
    type=click.Choice((*FORMATS, ANALYSES)),
    default="pyhf",
    show_default=True,
    help="Whose format; see above.",
)
@hypothesis_option
@click.option("--masses", type=MASSES, help="GeV; of more than one pyhf has a patchset, the others a file each.")
@click.option(
    "--result", "results", multiple=True, metavar="FILE", help="hepdata: JSON of 'limits scan'; may be repeated."
)
@click.option("--url", metavar="URL", help=f"{ANALYSES}: where a search is shown, with {{name}} for its name.")
@change_options
@click.option(
    "--output", type=click.Path(file_okay=False), metavar="DIR", help="Default: workspaces/SEARCH, submissions/SEARCH."
)
@json_option
def export(
    searches: tuple[str, ...],
    form: str,
    hypothesis: str | None,
    masses: tuple[float, ...] | None,
    results: tuple[str, ...],
    url: str | None,
    changes: Sequence[tuple[str, float]],
    calibrated: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Write a search in a format of other tools.

    pyhf: a workspace and a patchset over masses. hs3: a document for pyhs3 and ROOT, and one without
    bins for a spectrum. combine-card: datacards, one count per bin. hepdata: a submission of
    the results given, or of a scan made now, with pyhf and HS3 documents. hepdata-analyses: the list
    from which HEPData shows this tool beside the records of searches, all of them if none is named.
    """
    from limits import report
    from limits.cli.target import changed

    if results and form != "hepdata":
        raise click.UsageError("--result goes with --format hepdata")
    if (url is not None) != (form == ANALYSES):
        raise click.UsageError(f"--url goes with --format {ANALYSES}, which needs it")
    if url is not None:
        if hypothesis or masses or changes or calibrated:
            raise click.UsageError(f"--format {ANALYSES} is about no numbers")
        _list_analyses(searches, url, output, as_json=as_json)
        return
    if len(searches) != 1:
        raise click.UsageError(f"one search is needed, {len(searches)} are given")
    facts = changed(searches[0], calibrated, changes)
    more = {"scans": scans_of(results)} if results else {}
    documents: Mapping[str, Any] = import_module(FORMATS[form]).export(facts, hypothesis, masses, **more)
    # HEPData refuses a folder with other files in it.
    base = "submissions" if form == "hepdata" else "workspaces"
    files = _written(documents, Path(base, facts.name) if output is None else Path(output))
    document = {"search": facts.name, "hypothesis": facts.hypothesis(hypothesis).name, "format": form, "files": files}
    deliver(document, report.files, as_json=as_json)


def _written(documents: Mapping[str, Any], folder: Path) -> list[dict[str, str]]:
    """Write them; each path with its digest."""
    from limits.formats.pyhf import write
    from limits.likelihood.workspace import digest

    return [
        {
            "path": str(path),
            "sha256": sha256(path) if isinstance(documents[path.name], str) else digest(documents[path.name]),
        }
        for path in write(documents, folder)
    ]


def _list_analyses(searches: Sequence[str], url: str, output: str | None, *, as_json: bool) -> None:
    from limits import report
    from limits.formats.hepdata import analyses, without_inspire
    from limits.search import load, names

    facts = [load(name) for name in dict.fromkeys(searches or names())]
    files = _written({"analyses.json": analyses(facts, url=url)}, Path(output or "submissions"))
    left_out = without_inspire(facts)
    document = {"format": ANALYSES, "files": files, "left_out": list(left_out)}

    def as_text(_: Mapping[str, Any]) -> None:
        report.files(document)
        click.echo(f"left out, no INSPIRE number is known: {', '.join(left_out) or 'none'}")

    deliver(document, as_text, as_json=as_json)


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
