"""`limits published` and `limits compare`: tables that others published, read, fetched, and held against a scan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from limits.cli.drawing import style_option
from limits.cli.frame import Main
from limits.cli.options import FILE, Parsed, json_option, output_options, together
from limits.cli.output import deliver, write


def pair(text: str) -> tuple[str, str]:
    """NAME=TEXT, both not empty."""
    name, _, rest = text.partition("=")
    if not (name.strip() and rest.strip()):
        raise ValueError("must be NAME=TEXT, as mass=MeV")
    return name.strip(), rest.strip()


table_options = together(
    click.option("--table", metavar="NAME|N", help="Which table, where a file has several."),
    click.option(
        "--column",
        "columns",
        multiple=True,
        type=Parsed("name=heading", pair),
        help="A heading, or number from 1, is this column: mass, observed_limit, …; repeatable. Only these are taken.",
    ),
    click.option(
        "--unit",
        "units",
        multiple=True,
        type=Parsed("name=unit", pair),
        help="Unit of a column in the file, as mass=MeV; 1 for a plain number; repeatable.",
    ),
)


@click.group(cls=Main, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def published(context: click.Context) -> None:
    """Published tables: get them from HEPData, read them.

    Two commands: 'fetch' writes the record of a search to a folder; 'import' says what the
    columns of a file are and writes them in the units used here.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


@published.command("import")
@click.argument("file")
@table_options
@click.option("--output-file", metavar="OUT.csv", type=FILE, help="Write the columns to OUT.csv.")
@json_option
def import_table(
    file: str,
    table: str | None,
    columns: Sequence[tuple[str, str]],
    units: Sequence[tuple[str, str]],
    output_file: str | None,
    as_json: bool,
) -> None:
    r"""A table of HEPData, or columns, in the units used here.

    FILE is YAML, JSON or CSV of HEPData, or plain columns of text. A unit that is needed and not
    declared is asked for. Columns are mass; observed_limit, expected_limit, expected_minus2,
    expected_minus1, expected_plus1, expected_plus2; or lower, upper; or coupling, a contour; or
    observed, background, background_error, efficiency, the inputs of a search.

    \b
    limits published import Table1.yaml --output-file limit.csv
    limits published import curve.txt --column mass=1 --column lower=2 --column upper=3 \
        --unit mass=GeV --unit lower=1 --unit upper=1 --output-file region.csv
    """
    from limits import report
    from limits.published import as_csv, read_table, understood

    wanted, given = once("--column", columns), once("--unit", units)
    found = understood(read_table(Path(file), table), wanted, given)
    if output_file is not None:
        write(Path(output_file), as_csv(found).encode("utf-8", "backslashreplace"))
    deliver({**found.to_json(), "written": output_file}, report.imported, as_json=as_json)


@published.command()
@click.argument("search")
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="Default: hepdata/SEARCH.")
@click.option("--server", metavar="URL", help="Default: https://www.hepdata.net.")
@json_option
def fetch(search: str, output: str | None, server: str | None, as_json: bool) -> None:
    """The HEPData record of a search.

    SEARCH is a name from 'limits list' or the path of a search file, whose reference names the
    record. All its tables are written, or nothing is.
    """
    from limits import report
    from limits.published.fetching import SERVER
    from limits.published.fetching import fetch as fetched
    from limits.search import load

    facts = load(search)
    if facts.reference.hepdata is None:
        raise _no_record(facts.name)
    folder = Path("hepdata", facts.name) if output is None else Path(output)
    found = fetched(facts.reference.hepdata, folder, SERVER if server is None else server)
    submission = folder / "submission.yaml"
    document = {
        "search": facts.name,
        "doi": found.doi,
        "version": found.version,
        "folder": str(folder),
        "tables": [
            {"name": name, "file": str(path)} for name, path in zip(found.tables, found.table_files, strict=True)
        ],
        "next": f"limits published import {shell(str(submission))} --table 1 --output-file OUT.csv",
    }
    deliver(document, report.fetched, as_json=as_json)


@click.command()
@click.argument("result")
@click.argument("file")
@click.option(
    "--of",
    "quantity",
    type=click.Choice(("coupling", "rate")),
    default="coupling",
    show_default=True,
    help="What the published limit is on.",
)
@table_options
@click.option("--plot", type=FILE, help="Draw both and their ratio, as compared.png.")
@style_option
@output_options
def compare(
    result: str,
    file: str,
    quantity: str,
    table: str | None,
    columns: Sequence[tuple[str, str]],
    units: Sequence[tuple[str, str]],
    plot: str | None,
    as_json: bool,
    output_file: str | None,
) -> None:
    r"""A scan beside a published limit or region.

    RESULT is the JSON of 'limits scan' or 'limits recast', or - for stdin. FILE is anything that
    'limits published import' reads, or what it wrote.

    \b
    limits scan faser-aprime --json | limits compare - region.csv --plot compared.png
    """
    from limits import report
    from limits.cli.documents import called, read_json
    from limits.comparison import compare as compared
    from limits.published import read_table, understood
    from limits.scan import scan_from_json

    if plot is not None:
        from limits.plot.canvas import checked_suffix

        checked_suffix(Path(plot))  # better known before the work
    wanted, given = once("--column", columns), once("--unit", units)
    scan = scan_from_json(read_json(result), called(result))
    known = understood(read_table(Path(file), table), wanted, given)
    found = compared(scan if quantity == "coupling" else scan.of_rate(), known)
    if plot is not None:
        from limits.plot import save_compared

        save_compared(found.scan, found.pairs, Path(plot))
    document = {**found.to_json(), "picture": plot}
    deliver(document, report.compared, as_json=as_json, output_file=output_file, statuses=[found.status])


def once(option: str, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The pairs by name.

    Raises:
        click.UsageError: a name that is given twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise click.UsageError(f"{option} {twice}: given twice")
    return found


def shell(text: str) -> str:
    """A word as a shell reads it."""
    from shlex import quote

    return quote(text)


def _no_record(name: str) -> Exception:
    """The error for a search without a record, naming those that have one."""
    from limits.errors import InputError
    from limits.search import load, names

    known = [other for other in names() if load(other).reference.hepdata is not None]
    return InputError(f"{name}: no HEPData record is known; searches that have one: {', '.join(known)}")
