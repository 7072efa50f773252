"""What is typed to say what a command is aimed at: a point of a search, or a document and what to take of it."""

from __future__ import annotations

import click

from limits.cli.hunting import data_options
from limits.cli.options import POSITIVE, change_options, hypothesis_option, together

point_options = together(
    click.option("--mass", type=POSITIVE, help="GeV; default: the benchmark of the search."),
    click.option("--coupling", type=POSITIVE, help="The coupling that is strength 1; default: the benchmark."),
    click.option(
        "--engine",
        type=click.Choice(("native", "zfit", "binned")),
        help="What fits a spectrum: this package (default), zfit, or the pyhf workspace of it.",
    ),
)
document_options = together(
    click.option(
        "--measurement", metavar="NAME", help="Of a workspace, default: its first one; the analysis of an HS3 document."
    ),
    click.option(
        "--interference",
        metavar="NAME",
        help="Of a workspace: the norm factor that is the coupling of which the strength is the square.",
    ),
    click.option(
        "-p",
        "--patch",
        "patches",
        multiple=True,
        metavar="FILE",
        help="JSON patch or patchset of a workspace; repeatable.",
    ),
    click.option("--point", metavar="NAME|V1,V2,…", help="Of a patchset: the name of a patch, or its values."),
)
target_options = together(
    click.argument("target"), hypothesis_option, point_options, change_options, data_options, document_options
)
