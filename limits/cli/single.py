"""`limits count`, `limits limit`, `limits fit`, `limits coverage`: one likelihood, one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from limits.cli.options import (
    KAPPA,
    LEVEL,
    NOT_NEGATIVE,
    NUMBER,
    POSITIVE,
    STRENGTHS,
    limit_options,
    output_options,
    together,
    toy_options,
)
from limits.cli.output import deliver
from limits.cli.target import Target, resolve, target_options

if TYPE_CHECKING:
    from limits.likelihood.binned import BinnedLikelihood

HOW = ("method", "level", "toys", "seed", "test_strength")
"""How a limit is made: the parameters of `how_options`."""

how_options = together(
    limit_options,
    toy_options,
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
@output_options
def count(as_json: bool, output_file: str | None, **options: Any) -> None:
    """Upper limit from one count and its expected background."""
    from limits.cli.calculator import experiment

    how = {name: options.pop(name) for name in HOW}
    _answer(experiment(method=how["method"] or "cls", **options), how, as_json, output_file)


@click.command()
@target_options
@how_options
@output_options
def limit(target: str, as_json: bool, output_file: str | None, **options: Any) -> None:
    """Upper limit of a search at one point, or of any pyhf workspace.

    TARGET is a search name, the path of a search file (.toml), of a workspace (JSON), or - for a workspace on stdin.
    The limit is in the published quantity of the search; where that has two edges, on the strength of the given point.
    """
    how = {name: options.pop(name) for name in HOW}
    _answer(resolve(target, **options), how, as_json, output_file)


def _answer(target: Target, how: Mapping[str, Any], as_json: bool, output_file: str | None) -> None:
    from limits import report

    found, document = target.limit(**how)
    deliver(document, report.limit, as_json=as_json, output_file=output_file, statuses=[found.status])


@click.command()
@target_options
@click.option("--strength", type=NUMBER, help="Hold the strength at this value.")
@click.option("--gof-toys", type=click.IntRange(min=10), help="Goodness of fit of the free fit from that many toys.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the toys.")
@output_options
def fit(
    target: str,
    strength: float | None,
    gof_toys: int | None,
    seed: int,
    as_json: bool,
    output_file: str | None,
    **where: Any,
) -> None:
    """Best fit and significance of a search or workspace.

    TARGET is as for 'limits limit'.
    """
    from limits import report
    from limits.inference.goodness import goodness_of_fit

    aim = resolve(target, **where)
    goodness = None if gof_toys is None else goodness_of_fit(aim.likelihood, gof_toys, seed).to_json()
    document = {**aim.facts, **_fitted(aim.likelihood, strength), "goodness": goodness}
    deliver(document, report.fit, as_json=as_json, output_file=output_file, statuses=[document["status"]])


@click.command()
@target_options
@click.option(
    "--method", default="cls-exact", show_default=True, help="A limit or interval method; 'all' for every one."
)
@click.option("--level", type=LEVEL, help="Confidence or credibility level, as 0.95.")
@click.option("--strength", "strengths", type=STRENGTHS, default="0,1,3,5", show_default=True, help="True strengths.")
@output_options
def coverage(
    target: str,
    method: str,
    level: float | None,
    strengths: tuple[float, ...],
    as_json: bool,
    output_file: str | None,
    **where: Any,
) -> None:
    """Coverage of a method for a single count, by exact sums over n.

    TARGET is as for 'limits limit', and must have one bin.
    """
    from dataclasses import replace

    import numpy as np

    from limits import report
    from limits.inference.coverage import INTERVALS
    from limits.inference.coverage import coverage as cover

    aim = resolve(target, **where)

    def with_count(n: int) -> BinnedLikelihood:
        return replace(aim.likelihood, counts=np.array([float(n)]))

    names = [name for name in INTERVALS if name != "cls-toys"] if method == "all" else [method]
    found = [cover(with_count, name, level or aim.level, strengths).to_json() for name in names]
    document = {**aim.facts, "level": level or aim.level, "methods": found}
    statuses = ["partial" if one["failed"] else "ok" for one in found]
    deliver(document, report.coverage, as_json=as_json, output_file=output_file, statuses=statuses)


def _fitted(likelihood: BinnedLikelihood, strength: float | None) -> dict[str, Any]:
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
