"""`limits export` and `limits digest`: workspaces as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from limits.cli.options import MASSES, change_options, hypothesis_option, json_option
from limits.cli.output import deliver


@click.command()
@click.argument("search")
@click.option("--format", "form", type=click.Choice(["pyhf"]), default="pyhf", show_default=True)
@hypothesis_option
@click.option("--masses", type=MASSES, help="GeV; more than one gives a patchset too.")
@change_options
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="Default: workspaces/SEARCH.")
@json_option
def export(
    search: str,
    form: str,
    hypothesis: str | None,
    masses: tuple[float, ...] | None,
    changes: Sequence[tuple[str, float]],
    calibrated: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Write a search as a pyhf workspace and patchset."""
    from limits import report
    from limits.cli.target import changed
    from limits.formats import pyhf
    from limits.likelihood import workspace

    facts = changed(search, calibrated, changes)
    documents = pyhf.export(facts, hypothesis, masses)
    folder = Path("workspaces", facts.name) if output is None else Path(output)
    files = [
        {"path": str(path), "sha256": workspace.digest(documents[path.name])} for path in pyhf.write(documents, folder)
    ]
    document = {"search": facts.name, "hypothesis": facts.hypothesis(hypothesis).name, "format": form, "files": files}
    deliver(document, report.files, as_json=as_json)


@click.command()
@click.argument("workspace")
@json_option
def digest(workspace: str, as_json: bool) -> None:
    """SHA-256 of a workspace, the same as 'pyhf digest'. WORKSPACE is a JSON file, or - for stdin."""
    from limits.cli.documents import read_json
    from limits.likelihood.workspace import digest as sha256

    found = {"sha256": sha256(read_json(workspace))}
    deliver(found, lambda _: click.echo(f"sha256:{found['sha256']}"), as_json=as_json)
