"""`limits recast`, `limits convert` and `limits landscape`: from one particle, quantity or search to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from limits.cli.drawing import style_option
from limits.cli.executing import work_options, working
from limits.cli.options import FILE, LEVEL, SPAN, output_options, together
from limits.cli.output import deliver
from limits.cli.quantities import CONVERSIONS, conversions
from limits.cli.quantities import convert as converted
from limits.cli.work import run, scan_options

QUANTITIES = tuple(dict.fromkeys(name for pair in CONVERSIONS for name in pair))


@click.command()
@click.argument("search")
@click.option(
    "--to", "hypothesis", metavar="HYPOTHESIS", required=True, help="The particle to test; a wrong one lists all."
)
@scan_options
def recast(
    search: str, hypothesis: str, changes: Sequence[tuple[str, float]], calibrated: bool, **options: Any
) -> None:
    """The same search for another particle.

    SEARCH is a name from 'limits list' or the path of a search file. Production, decay and
    acceptance are computed anew; data, background, efficiency and uncertainties stay. The
    efficiency is assumed to hold for the other particle.
    """
    from limits import report
    from limits.cli.target import changed
    from limits.recast import recast as other

    found = other(changed(search, calibrated, changes), hypothesis)
    run(found, hypothesis, report.recast if hypothesis in found.recasts else report.scan, **options)


_amounts = together(
    click.option("--mass", metavar="GEV", help="Of the particle."),
    click.option("--alpha-d", metavar="NUMBER", help="Dark coupling α_D."),
    click.option("--chi-mass", metavar="GEV", help="Of the dark matter."),
    click.option("--reference", metavar="COUPLING", help="The coupling of strength 1."),
    click.option("--power", metavar="NUMBER", help="The yield is ∝ coupling^power."),
    click.option("--luminosity", metavar="VALUE", help="As '27 fb-1'."),
    click.option(
        "--cross-section", metavar="VALUE", help="Of the parents, as '0.5 nb'; with --luminosity for --parents."
    ),
    click.option("--parents", metavar="NUMBER", help="How many particles may decay."),
    click.option("--efficiency", metavar="NUMBER", help="As 0.1 or '10 %'."),
    click.option("--portal", metavar="NAME", help="Whose particle decays: aprime, b-l, …"),
    click.option("--decay", metavar="NAME", help="Baryon beside a dark one: p, lambda, lambdac."),
    click.option("--model", metavar="NAME", help="Of that exclusive decay; a wrong one lists all."),
    click.option("--coupling", metavar="NUMBER", help="Of the scalar whose mass is wanted or given."),
)


@click.command()
@click.argument("value", required=False)
@click.option("--from", "source", type=click.Choice(QUANTITIES), metavar="QUANTITY", help="What VALUE is.")
@click.option("--to", "target", type=click.Choice(QUANTITIES), metavar="QUANTITY", help="What is wanted.")
@_amounts
@click.option("--unit", metavar="UNIT", help="Of the answer.")
@click.option("--list", "listed", is_flag=True, help="Show all conversions, what they need, and units.")
@output_options
def convert(
    value: str | None,
    source: str | None,
    target: str | None,
    unit: str | None,
    listed: bool,
    as_json: bool,
    output_file: str | None,
    **amounts: str | None,
) -> None:
    """One number as another: events, coupling, …, lifetime.

    VALUE has its unit with it, as '3.2 fb'.
    """
    from limits import report

    if listed:
        deliver(conversions(), report.conversions, as_json=as_json, output_file=output_file)
        return
    if value is None or source is None or target is None:
        raise click.UsageError("VALUE, --from and --to are needed; --list shows what can be converted")
    given = {name.replace("_", "-"): text for name, text in amounts.items() if text is not None}
    found = converted(value, source, target, given, unit)
    deliver(found, report.convert, as_json=as_json, output_file=output_file)


@click.command()
@click.argument("plane")
@click.option("--plot", "--output", "output", type=FILE, help="Draw the plane, as plane.png, .pdf or .svg.")
@click.option("--recast", "recasts", is_flag=True, help="Also searches that can be recast to this plane.")
@click.option("--members", is_flag=True, help="Also the single searches of a combination.")
@click.option("--masses", "span", type=SPAN, help="GeV; N masses for each search, in its part of LO to HI.")
@click.option("--level", type=LEVEL, help="Default: the level of each search.")
@click.option("--calibrated", is_flag=True, help="Use the calibrated numbers of the searches that have any.")
@click.option(
    "--curve", "curves", multiple=True, metavar="FILE[:LABEL]", help="CSV: mass, coupling, or mass, low, high."
)
@style_option
@work_options
@output_options
def landscape(
    plane: str,
    output: str | None,
    recasts: bool,
    members: bool,
    span: tuple[float, float, int] | None,
    level: float | None,
    calibrated: bool,
    curves: Sequence[str],
    as_json: bool,
    output_file: str | None,
    **how: Any,
) -> None:
    """All searches for one particle in one plane.

    PLANE is a hypothesis, as aprime or lmu-ltau.
    """
    from limits import report
    from limits.landscape import jobs, landscape, read_curve

    if output is not None:
        from limits.plot.canvas import checked_suffix

        checked_suffix(Path(output))  # better known before the work
    own = [read_curve(text) for text in curves]
    work = jobs(plane, recasts=recasts, members=members, calibrated=calibrated, span=span)
    with working(sum(len(job.masses) for job in work), f"landscape {plane}", **how) as (team, advance):
        found = landscape(plane, work, curves=own, level=level, advance=advance, how=team)
    if output is not None:
        from limits.plot import save_landscape

        save_landscape(found, Path(output))
    document: Mapping[str, Any] = found.to_json()
    deliver(document, report.landscape, as_json=as_json, output_file=output_file, statuses=[found.status])
