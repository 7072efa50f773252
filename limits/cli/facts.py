"""`limits list` and `limits show`: what is known about the searches."""

from __future__ import annotations

import click

from limits.cli.options import json_option
from limits.cli.output import deliver


@click.command("list")
@json_option
def list_searches(as_json: bool) -> None:
    """The searches, their papers, hypotheses and methods."""
    from limits import report
    from limits.search import load, names

    rows = [
        {
            "name": search.name,
            "experiment": search.experiment,
            "arxiv": search.reference.arxiv,
            "title": search.title,
            "projection": search.projection,
            "hypotheses": [facts.name for facts in search.hypotheses],
            "methods": list(dict.fromkeys(name for facts in search.hypotheses for name in facts.methods)),
        }
        for search in map(load, names())
    ]
    deliver({"searches": rows}, report.searches, as_json=as_json)


@click.command()
@click.argument("search")
@click.option("--calibrated", is_flag=True, help="With the calibrated numbers in their places.")
@json_option
def show(search: str, calibrated: bool, as_json: bool) -> None:
    """The numbers of a search: unit, source and kind.

    The kinds are fact, assumption and calibrated.

    SEARCH is a name from 'limits list' or the path of a search file.
    """
    from limits import report
    from limits.cli.target import changed
    from limits.search import describe

    deliver(describe(changed(search, calibrated, ())), report.search, as_json=as_json)
