"""`limits count`, `limits limit`, `limits fit`, `limits coverage`, `limits onoff`: one likelihood, one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from limits.cli.aiming import target_options
from limits.cli.drawing import Picture, coverage_plot, plot_options
from limits.cli.options import (
    KAPPA,
    LEVEL,
    NOT_NEGATIVE,
    NUMBER,
    POSITIVE,
    STRENGTHS,
    bayes_options,
    limit_options,
    output_options,
    together,
    toy_options,
)
from limits.cli.output import deliver
from limits.cli.target import Target, resolve

if TYPE_CHECKING:
    from limits.inference.coverage import Coverage
    from limits.likelihood import Likelihood

TOYS = 1000
"""Toys per strength for coverage: errors of 1 % at a coverage of 0.9."""

LOST = 1e-6
"""A coverage is partial when more than this much probability has no interval."""

HOW = ("method", "level", "toys", "seed", "test_strength", "prior", "kind", "smearing")
"""How a limit is made: the parameters of `how_options`."""

how_options = together(
    limit_options,
    toy_options,
    bayes_options,
    click.option(
        "--test-strength", type=NOT_NEGATIVE, default=1.0, show_default=True, help="Strength at which CLs is given."
    ),
)
count_options = together(
    click.option("--observed", type=NOT_NEGATIVE, required=True, help="Events observed."),
    click.option("--background", type=NOT_NEGATIVE, help="Events expected without signal."),
    click.option("--signal", type=NOT_NEGATIVE, help="Signal events at strength 1; without it the limit is in events."),
    click.option("--background-lognormal", type=KAPPA, help="Background factor κ per σ, as 1.3."),
    click.option("--background-sigma", type=NOT_NEGATIVE, metavar="EVENTS", help="Gaussian error in events, cut at 0."),
    click.option(
        "--background-gamma",
        type=NOT_NEGATIVE,
        metavar="WIDTH",
        help="Relative width, as 0.3, of a Gamma density of mean 1.",
    ),
    click.option(
        "--sideband",
        type=(NOT_NEGATIVE, POSITIVE),
        metavar="N TAU",
        help="Background from N events in a region that expects TAU times as many; replaces --background.",
    ),
    click.option("--signal-lognormal", type=KAPPA, help="Signal factor κ per σ, as 1.1."),
    click.option("--correlated", is_flag=True, help="Both lognormals are one and the same nuisance."),
)


@click.command()
@count_options
@how_options
@plot_options
@output_options
def count(as_json: bool, output_file: str | None, **options: Any) -> None:
    """Upper limit from one count and its expected background."""
    from limits.cli.calculator import experiment

    how = {name: options.pop(name) for name in HOW}
    picture = Picture(options.pop("plot"), options.pop("plot_kind"))
    _answer(experiment(method=how["method"] or "cls", **options), how, picture, as_json, output_file)


@click.command()
@target_options
@how_options
@plot_options
@output_options
def limit(target: str, as_json: bool, output_file: str | None, **options: Any) -> None:
    """Upper limit of a search at one point, or of a document.

    TARGET is a search name, the path of a search file (.toml), or a document: a pyhf workspace, an HS3 document, a
    Combine card, or - for one of them on stdin.
    The limit is in the published quantity of the search; where that has two edges, on the strength of the given point.
    """
    how = {name: options.pop(name) for name in HOW}
    picture = Picture(options.pop("plot"), options.pop("plot_kind"))
    _answer(resolve(target, seed=how["seed"], **options), how, picture, as_json, output_file)


def _answer(target: Target, how: Mapping[str, Any], picture: Picture, as_json: bool, output_file: str | None) -> None:
    from limits import report
    from limits.citations import keys

    found, document = target.limit(**how)
    document["citations"] = list(keys(target.search, [found.method], target.engine))
    picture.draw(target, how)
    deliver(document, report.limit, as_json=as_json, output_file=output_file, statuses=[found.status])


@click.command()
@target_options
@click.option("--strength", type=NUMBER, help="Hold the strength at this value.")
@click.option("--gof-toys", type=click.IntRange(min=10), help="Goodness of fit of the free fit from that many toys.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the toys.")
@plot_options
@output_options
def fit(
    target: str,
    strength: float | None,
    gof_toys: int | None,
    seed: int,
    plot: str | None,
    plot_kind: str | None,
    as_json: bool,
    output_file: str | None,
    **where: Any,
) -> None:
    """Best fit and significance of a search or workspace.

    TARGET is as for 'limits limit'.
    """
    from limits import report
    from limits.inference.toys.goodness import goodness_of_fit

    picture = Picture(plot, plot_kind)
    aim = resolve(target, **where)
    goodness = None if gof_toys is None else goodness_of_fit(aim.likelihood, gof_toys, seed).to_json()
    document = {**aim.facts, **_fitted(aim.likelihood, strength), "goodness": goodness}
    picture.draw(aim, {"seed": seed}, "fit", strength)
    deliver(document, report.fit, as_json=as_json, output_file=output_file, statuses=[document["status"]])


@click.command()
@target_options
@click.option("--method", help="A limit or interval method; 'all' for every one. Default: cls-exact, or cls for bins.")
@click.option("--level", type=LEVEL, help="Confidence or credibility level, as 0.95.")
@click.option("--strength", "strengths", type=STRENGTHS, default="0,1,3,5", show_default=True, help="True strengths.")
@toy_options
@coverage_plot
@output_options
def coverage(
    target: str,
    method: str | None,
    level: float | None,
    strengths: tuple[float, ...],
    toys: int | None,
    seed: int,
    plot: str | None,
    as_json: bool,
    output_file: str | None,
    **where: Any,
) -> None:
    """Coverage of a method, by exact sums or by toys.

    A single count is summed over; several bins need toys. TARGET is as for 'limits limit'. With --toys a single count is done by toys, too.
    """
    from limits import report

    picture = Picture(plot, None)
    # Toys of many events would take hours one by one.
    aim = resolve(target, usual_engine="binned", **where)
    found = _covered(aim.likelihood, method, level or aim.level, strengths, toys, seed)
    document = {**aim.facts, "level": level or aim.level, "methods": [one.to_json() for one in found]}
    picture.draw_coverage(aim, found)
    statuses = ["partial" if any(row.error > LOST for row in one.rows) else "ok" for one in found]
    deliver(document, report.coverage, as_json=as_json, output_file=output_file, statuses=statuses)


def _covered(
    likelihood: Likelihood,
    method: str | None,
    level: float,
    strengths: Sequence[float],
    toys: int | None,
    seed: int,
) -> list[Coverage]:
    """By sums where there is one count and no toys are asked for."""
    from limits.inference.counts.exact import is_single_count
    from limits.inference.coverage import coverage_by_sums, without_toys
    from limits.inference.toys.coverage import VECTORISED, coverage_by_toys

    if is_single_count(likelihood) and toys is None:
        names = without_toys(likelihood) if method == "all" else [method or "cls-exact"]
        return [coverage_by_sums(likelihood, name, level, strengths) for name in names]
    names = list(VECTORISED) if method == "all" else [method or "cls"]
    return [coverage_by_toys(likelihood, name, level, strengths, toys or TOYS, seed) for name in names]


@click.command()
@click.option("--on", "n_on", type=NOT_NEGATIVE, required=True, help="Events where the signal would be.")
@click.option("--off", "n_off", type=NOT_NEGATIVE, required=True, help="Events of the background region.")
@click.option(
    "--tau", type=POSITIVE, required=True, help="Background expected in the off region over that in the on region."
)
@output_options
def onoff(n_on: float, n_off: float, tau: float, as_json: bool, output_file: str | None) -> None:
    """Significance of an excess over a measured background.

    Exact binomial (Z_Bi) and Li–Ma.
    """
    from limits import report
    from limits.inference.counts.onoff import ONOFF_METHODS, on_off

    found = [on_off(n_on, n_off, tau, name).to_json() for name in ONOFF_METHODS]
    document = {"n_on": n_on, "n_off": n_off, "tau": tau, "methods": found}
    deliver(document, report.onoff, as_json=as_json, output_file=output_file)


def _fitted(likelihood: Likelihood, strength: float | None) -> dict[str, Any]:
    """The fit as JSON values; an error is null where a parameter was held or ended on a bound."""
    from limits.inference.asymptotic import discovery
    from limits.inference.results import finite

    found = likelihood.fit(likelihood.observed, strength)
    free = discovery(likelihood) if strength is None else None
    rows = [
        {
            "name": parameter.name,
            "value": finite(value),
            "error": finite(error) if error > 0 else None,
            "init": finite(parameter.init),
            "constraint": parameter.constraint,
            "fixed": parameter.fixed or (i == 0 and strength is not None),
        }
        for i, (parameter, value, error) in enumerate(
            zip(likelihood.parameters, found.theta, found.errors, strict=True)
        )
    ]
    return {
        "strength": finite(found.strength),
        "strength_error": rows[0]["error"],
        "parameters": rows,
        "nll": finite(found.nll),
        "twice_nll": finite(2 * found.nll),
        "significance": free.significance if free else None,
        "p_value": finite(free.p_value) if free else None,
        "definition": "maximum likelihood, errors from the curvature; significance √q₀ (1007.1727), asymptotic",
        "status": found.status,
        "warnings": [*(free.warnings if free else ()), *_impossible(found.nll)],
    }


def _impossible(nll: float) -> list[str]:
    return ["the data are impossible at this strength: events where none are expected"] if nll == float("inf") else []
