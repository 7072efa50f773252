"""`limits significance`, `limits inspect`, `limits scan` of one likelihood: what is in any document or search, and how sure it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from limits.cli.aiming import document_options, point_options, target_options
from limits.cli.drawing import Picture, plot_options
from limits.cli.options import MOST_POINTS, POSITIVE, Parsed, finite, output_options, together
from limits.cli.output import deliver
from limits.cli.target import Target, is_search, resolve

if TYPE_CHECKING:
    from limits.inference.asymptotic import Discovery

TARGETED: Final = ("mass", "coupling", "engine", "measurement", "interference", "patches", "point")
"""What says where a likelihood is scanned, besides what a scan over masses has."""

PROFILING: Final = (*TARGETED, "parameter", "values")
"""The parameters of `profile_options`."""

SHARED: Final = ("hypothesis", "changes", "calibrated", "data", "tree", "treatment", "seed")
"""What both kinds of scan have."""

DELIVERED: Final = ("as_json", "output_file")


def values(text: str) -> list[float]:
    """LO:HI:N, evenly spaced."""
    parts = text.split(":")
    if len(parts) != 3 or not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 9):
        raise ValueError("must be LO:HI:N, as -1:3:21")
    low, high, count = finite(parts[0]), finite(parts[1]), int(parts[2])
    if not low < high or not 2 <= count <= MOST_POINTS:
        raise ValueError(f"must be LO:HI:N with LO < HI and N from 2 to {MOST_POINTS}")
    return [low + (high - low) * i / (count - 1) for i in range(count)]


profile_options = together(
    point_options,
    document_options,
    click.option(
        "--parameter", metavar="NAME", help="Scan the likelihood along it; default for a document: the strength."
    ),
    click.option(
        "--values", type=Parsed("lo:hi:n", values), help="Of that parameter; default: ±3 standard deviations."
    ),
)


@click.command()
@target_options
@click.option("--test-strength", type=POSITIVE, default=1.0, show_default=True, help="Strength of the expected one.")
@plot_options
@output_options
def significance(
    target: str,
    test_strength: float,
    plot: str | None,
    plot_kind: str | None,
    as_json: bool,
    output_file: str | None,
    **where: Any,
) -> None:
    """Significance of an excess, observed and expected.

    TARGET is as for 'limits limit'. √q₀, asymptotic.
    """
    from limits import report
    from limits.errors import FitError
    from limits.inference.asymptotic import discovery, expected_discovery

    picture = Picture(plot, plot_kind)
    aim = resolve(target, **where)
    observed, expected, warnings = discovery(aim.likelihood), None, []
    try:
        expected = expected_discovery(aim.likelihood, test_strength)
    except FitError as error:
        warnings.append(str(error))
    document = {**aim.facts, **_discovered("observed", observed), **_discovered("expected", expected)}
    document |= {
        "strength": observed.strength,
        "test_strength": test_strength,
        "expected_kind": "a-posteriori: Asimov data of the test strength with nuisances fitted to the data",
        "definition": "√q₀ (1007.1727 Eq. 12), asymptotic",
        "status": "ok" if expected else "partial",
        "warnings": [*observed.warnings, *warnings],
    }
    picture.draw(aim, {"test_strength": test_strength}, "scan")
    deliver(document, report.significance, as_json=as_json, output_file=output_file, statuses=[document["status"]])


def _discovered(which: str, found: Discovery | None) -> dict[str, float | None]:
    size, p_value = (None, None) if found is None else (found.significance, found.p_value)
    return {f"{which}_significance": size, f"{which}_p_value": p_value}


@click.command()
@target_options
@output_options
def inspect(target: str, as_json: bool, output_file: str | None, **where: Any) -> None:
    """What is in a search or document.

    Channels, samples, modifiers, parameters, totals. TARGET is as for 'limits limit'. A spectrum is shown in bins.
    """
    from limits import report
    from limits.formats.inspecting import inspected

    aim = resolve(target, usual_engine="binned", **where)
    assert aim.workspace is not None, "a search or a document has one"
    document = {**aim.facts, **inspected(aim.workspace(), aim.likelihood)}
    deliver(document, report.inspect, as_json=as_json, output_file=output_file)


def is_profile(target: str, parameter: str | None) -> bool:
    """Whether `limits scan` is about one likelihood: of a document always, of a search where a parameter is named."""
    return parameter is not None or not is_search(target)


def profile(target: str, options: Mapping[str, Any]) -> None:
    """Scan one likelihood along a parameter; `options` are all those of `limits scan`.

    Raises:
        click.UsageError: an option that goes with a scan over masses.
        LimitsError: what cannot be scanned.
    """
    from limits import report
    from limits.inference.profile import profile_scan

    refuse(options.keys() - {*PROFILING, *SHARED, *DELIVERED, "plot"}, "the scan of one likelihood")
    picture = Picture(options["plot"], None)
    where = {name: options[name] for name in (*TARGETED, *SHARED)}
    aim: Target = resolve(target, **{**where, "seed": options["seed"] or 1})
    found = profile_scan(aim.likelihood, options["parameter"], options["values"])
    picture.draw_profile(aim, found)
    document = {**aim.facts, **found.to_json()}
    deliver(document, report.profile, **{name: options[name] for name in DELIVERED}, statuses=[document["status"]])


def refuse(names: Collection[str], what: str) -> None:
    """Raise for the first of these parameters that was typed: it does not apply."""
    context = click.get_current_context()
    for parameter in context.command.params:
        typed = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if typed and parameter.name in names:
            raise click.UsageError(f"{parameter.opts[-1]} does not apply to {what}")
