"""`limits scan` and `limits reproduce`: many points, shown while they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from limits.cli.drawing import style_option
from limits.cli.executing import WORKING, shard_option, work_options, working
from limits.cli.hunting import HUNTING, hunt_options, hunting_of
from limits.cli.looking import PROFILING, is_profile, profile, profile_options, refuse
from limits.cli.options import (
    FILE,
    MASS_SPAN,
    MASSES,
    SPAN,
    change_options,
    hypothesis_option,
    json_option,
    limit_options,
    output_options,
    together,
)
from limits.cli.output import deliver

if TYPE_CHECKING:
    from limits.search import Search


scan_options = together(
    click.option(
        "--masses", type=MASSES, help="GeV, separated by commas; default: chosen from the range of the search."
    ),
    click.option("--mass-range", type=MASS_SPAN, help="GeV; evenly spaced, or in the logarithm with :log."),
    click.option("--couplings", type=SPAN, help="Grid of couplings in which a region is looked for."),
    limit_options,
    change_options,
    hunt_options,
    work_options,
    shard_option,
    output_options,
    click.option("--plot", type=FILE, help="Draw the limit, the region or the likelihood, as scan.png, .pdf or .svg."),
    style_option,
)


@click.command()
@click.argument("target")
@hypothesis_option
@scan_options
@profile_options
def scan(target: str, **options: Any) -> None:
    """Limit against mass, or one likelihood along a parameter.

    TARGET is a name from 'limits list' or the path of a search file, scanned over masses; or, as for
    'limits limit', a document, of which the likelihood is scanned. So is that of a search with --parameter.
    """
    if is_profile(target, options["parameter"]):
        profile(target, options)
        return
    refuse(PROFILING, "a scan over masses; --parameter scans one likelihood")
    _over_masses(target, **{name: value for name, value in options.items() if name not in PROFILING})


def _over_masses(
    search: str, hypothesis: str | None, changes: Sequence[tuple[str, float]], calibrated: bool, **options: Any
) -> None:
    from limits import report
    from limits.cli.target import changed

    run(changed(search, calibrated, changes), hypothesis, report.scan, **options)


def run(
    facts: Search,
    hypothesis: str | None,
    as_text: Callable[[Mapping[str, Any]], None],
    *,
    masses: tuple[float, ...] | None,
    mass_range: tuple[float, float, int, bool] | None,
    couplings: tuple[float, float, int] | None,
    method: str | None,
    level: float | None,
    as_json: bool,
    output_file: str | None,
    plot: str | None,
    shard: tuple[int, int] | None,
    **more: Any,
) -> None:
    """Scan a search, draw and deliver what was found: all that `scan_options` ask for.

    Raises:
        click.UsageError: masses given in two ways.
        LimitsError: what the search, the masses or the picture cannot be.
    """
    from limits.grid import masses_of
    from limits.scan import run_scan
    from limits.store import Unfinished

    if masses and mass_range:
        raise click.UsageError("--masses and --mass-range exclude each other")
    at = masses_of(facts, hypothesis, masses, mass_range)
    threads = 2 if more["executor"] in (None, "serial") else 1
    hunting = hunting_of(facts, hypothesis, method, {name: more[name] for name in HUNTING}, threads)
    how: dict[str, Any] = {"couplings": couplings, "method": method, "level": level, "hunting": hunting}
    working_how = {name: more[name] for name in WORKING}
    with working(len(at), f"scan {facts.name}", **working_how, shard=shard) as (work, advance):
        try:
            found = run_scan(facts, hypothesis, masses=at, **how, advance=advance, work=work)
        except Unfinished as left:
            click.echo(str(left), err=as_json)
            return
    if plot is not None:
        from limits.plot import save_scan

        save_scan(found, Path(plot))
    deliver(found.to_json(), as_text, as_json=as_json, output_file=output_file, statuses=[found.status])


@click.command()
@click.argument("searches", nargs=-1, metavar="[SEARCH]...")
@json_option
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", help="Write table, JSON and plots to DIR.")
@click.option(
    "--published",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="Folder of published curves to compare with; they are not shipped.",
)
@work_options
def reproduce(searches: tuple[str, ...], as_json: bool, output: str | None, published: str | None, **how: Any) -> None:
    """Published numbers beside computed ones. Default: all searches."""
    from limits import report
    from limits.reproduce import reproduce as reproduced
    from limits.reproduce import steps
    from limits.search import names

    wanted = tuple(dict.fromkeys(searches)) or names()
    total = steps(wanted)
    if output is not None:
        Path(output).mkdir(
            parents=True, exist_ok=True
        )  # a place that cannot be written is better known before the work
    curves = None if published is None else Path(published)
    with working(total, "reproduce", **how) as (work, advance):
        found = reproduced(wanted, published=curves, advance=advance, work=work)
    files = [] if output is None else found.write(Path(output))
    document = found.to_json()
    deliver(
        document,
        lambda _: _print(report.reproduction_text(found), files),
        as_json=as_json,
        statuses=[found.status],
    )


def _print(table: str, files: Sequence[Path]) -> None:
    click.echo(table, nl=False)
    for file in files:
        click.echo(f"written: {file}")
