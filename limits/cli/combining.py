"""`limits combine`: several searches as one likelihood, in the whole plane of mass and coupling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from limits.cli.options import (
    ASSIGNMENT,
    FILE,
    MASS_SPAN,
    MASSES,
    SPAN,
    Parsed,
    limit_options,
    output_options,
    together,
)
from limits.cli.output import deliver

if TYPE_CHECKING:
    from limits.search import Search


def sharing(text: str) -> tuple[str, tuple[str, ...]]:
    """NAME=SEARCH/NUISANCE,SEARCH/NUISANCE and so on."""
    name, equals, rest = text.partition("=")
    names = tuple(part.strip() for part in rest.split(","))
    if not (name.strip() and equals and len(names) > 1 and all("/" in part for part in names)):
        raise ValueError("must be NAME=SEARCH/NUISANCE,SEARCH/NUISANCE")
    return name.strip(), names


SHARE: Final = Parsed("name=search/nuisance,…", sharing)

_options = together(
    click.option("--hypothesis", metavar="NAME", required=True, help="The particle to test; others are recast to it."),
    click.option(
        "--share",
        "shared",
        type=SHARE,
        multiple=True,
        help="Uncertainties that are one and the same; all others are separate. Repeatable.",
    ),
    click.option("--masses", type=MASSES, help="GeV, separated by commas; default: chosen from all ranges."),
    click.option("--mass-range", type=MASS_SPAN, help="GeV; evenly spaced, or in the logarithm with :log."),
    click.option("--couplings", type=SPAN, help="Grid of couplings in which a region is looked for."),
    limit_options,
    click.option(
        "--set",
        "changes",
        type=ASSIGNMENT,
        multiple=True,
        help="Another value for a number of a search, as SEARCH/KEY=VALUE; repeatable.",
    ),
    click.option("--calibrated", is_flag=True, help="Use the calibrated numbers of the searches that have any."),
    click.option("--leave-one-out", is_flag=True, help="Also the combination without each of the searches."),
    click.option("--plot", type=FILE, help="Draw the plane, as plane.png, .pdf or .svg."),
    output_options,
)


@click.command()
@click.argument("searches", nargs=-1, required=True, metavar="SEARCH SEARCH...")
@_options
def combine(
    searches: tuple[str, ...],
    hypothesis: str,
    shared: Sequence[tuple[str, tuple[str, ...]]],
    masses: tuple[float, ...] | None,
    mass_range: tuple[float, float, int, bool] | None,
    couplings: tuple[float, float, int] | None,
    method: str | None,
    level: float | None,
    changes: Sequence[tuple[str, float]],
    calibrated: bool,
    leave_one_out: bool,
    plot: str | None,
    as_json: bool,
    output_file: str | None,
) -> None:
    """Several searches as one likelihood, and what that gains.

    Each SEARCH is a name from 'limits list' or the path of a search file. A search counts at its own
    masses; where its data are not public the expected counts of its spectrum take their place.
    """
    from limits import report
    from limits.combination import combination, steps
    from limits.grid import masses_of

    if plot is not None:
        from limits.plot.canvas import checked_suffix

        checked_suffix(Path(plot))  # better known before the work
    if masses and mass_range:
        raise click.UsageError("--masses and --mass-range exclude each other")
    search = _together(searches, hypothesis, shared, level, changes, calibrated=calibrated)
    at = masses_of(search, None, masses, mass_range)
    with report.progress(steps(search, at, leave_one_out), "combine") as advance:
        found = combination(
            search, masses=at, couplings=couplings, method=method, leave_one_out=leave_one_out, advance=advance
        )
    if plot is not None:
        from limits.plot import save_combination

        save_combination(found, Path(plot))
    deliver(found.to_json(), report.combination, as_json=as_json, output_file=output_file, statuses=[found.status])


def _together(
    names: Sequence[str],
    hypothesis: str,
    shared: Sequence[tuple[str, tuple[str, ...]]],
    level: float | None,
    changes: Sequence[tuple[str, float]],
    *,
    calibrated: bool,
) -> Search:
    """The combination that is asked for.

    Raises:
        click.UsageError: one search only, a name shared twice, a number set twice or of no search.
        LimitsError: what cannot be loaded, recast or combined.
    """
    from limits.combine import combined
    from limits.search import load

    if len(names) < 2:
        raise click.UsageError("two searches or more are needed; 'limits scan' is for one")
    _once("--share", [name for name, _ in shared])
    _once("--set", [key for key, _ in changes])
    single = [load(name) for name in names]
    single = [search.calibrated() if calibrated and search.is_calibratable else search for search in single]
    search = combined(single, hypothesis, dict(shared), level)
    members: Mapping[str, object] = {member.name: member for member in search.members}
    for key, _ in changes:
        if key.partition("/")[0] not in members or "/" not in key:
            raise click.UsageError(f"--set {key}: must be SEARCH/KEY with one of {', '.join(members)}")
    return search.with_values(dict(changes)) if changes else search


def _once(option: str, names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise click.UsageError(f"{option}: given twice: {', '.join(twice)}")
