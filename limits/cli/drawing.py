"""`--plot`, `--plot-kind` and `--style`: pictures of one likelihood, and how all pictures look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from limits.cli.options import FILE, together
from limits.cli.target import Target

if TYPE_CHECKING:
    from limits.inference.coverage import Coverage
    from limits.inference.profile import ProfileScan
    from limits.inference.request import Request

KINDS: Final = ("fit", "nuisances", "scan", "posterior", "cls", "toys")
STYLES: Final = ("plain", "ALICE", "ATLAS", "CMS", "LHCb2")


def _look(context: click.Context, _: click.Parameter, name: str | None) -> None:
    """Put on a style until the command ends."""
    if name not in (None, "plain") and not context.resilient_parsing:
        from limits.plot.canvas import styled

        context.with_resource(styled(str(name)))


style_option = click.option(
    "--style",
    type=click.Choice(STYLES),
    envvar="LIMITS_STYLE",
    expose_value=False,
    callback=_look,
    help="Look of a picture, as of an experiment; also by the variable LIMITS_STYLE.  [default: plain]",
)

coverage_plot = together(
    click.option("--plot", type=FILE, help="Draw the coverage against the strength, as result.png, .pdf or .svg."),
    style_option,
)

plot_options = together(
    click.option("--plot", type=FILE, help="Draw a picture, as result.png, .pdf or .svg."),
    click.option(
        "--plot-kind",
        type=click.Choice(KINDS),
        help="fit: data and fit with pulls; nuisances: pulls and impacts; scan: likelihood along the strength; "
        "posterior; cls: p-value along the strength; toys: of the test statistic.  "
        "[default: fit for fits, what the limit can be read off for limits]",
    ),
    style_option,
)


class Picture:
    """The picture that was asked for, if any: refused before the work where it could not be drawn after it.

    Raises:
        click.UsageError: a kind without a file.
        InputError: a suffix that is not known.
    """

    def __init__(self, plot: str | None, kind: str | None) -> None:
        self.plot, self.kind = plot, kind
        if plot is None:
            if kind is not None:
                raise click.UsageError("--plot-kind needs --plot FILE")
            return
        from limits.plot.canvas import checked_suffix

        checked_suffix(Path(plot))

    def draw(self, target: Target, how: Mapping[str, Any], usual: str | None = None, held: float | None = None) -> None:
        """Draw it; `how` has what a limit is asked, or some of it, `held` a strength at which a fit is held.

        Raises:
            LimitsError: a picture that there is not.
        """
        if self.plot is None:
            return
        from limits.plot.single import Asked, picture_of, save_likelihood

        method = how.get("method") or target.method
        words = subject(target.facts), label(target.facts), _strength(target.facts)
        asked = Asked(_request(target, method, how), method, *words, _observable(target), held)
        save_likelihood(self.kind or usual or picture_of(method), asked, Path(self.plot))

    def draw_coverage(self, target: Target, found: Sequence[Coverage]) -> None:
        """Coverage against the strength, if it was asked for."""
        if self.plot is not None:
            from limits.plot.covered import save_coverage

            save_coverage(found, Path(self.plot), subject(target.facts), f"true {_strength(target.facts)}")

    def draw_profile(self, target: Target, found: ProfileScan) -> None:
        """The likelihood along a parameter, if it was asked for."""
        if self.plot is not None:
            from limits.plot.single import save_profile

            is_strength = found.parameter == target.likelihood.parameters[0].name
            axis = _strength(target.facts) if is_strength else None
            save_profile(found, Path(self.plot), subject(target.facts), label(target.facts), axis)


def _request(target: Target, method: str, how: Mapping[str, Any]) -> Request:
    """What a limit would be asked."""
    from limits.inference.request import TOYS, Request

    smearing = how.get("smearing", (0.0, 0.0))
    return Request(
        target.likelihood,
        how.get("level") or target.level,
        how.get("test_strength", 1.0),
        how.get("toys") or TOYS,
        how.get("seed", 1),
        target.prior(how.get("prior", "flat")),
        how.get("kind", "upper"),
        target.smearing if method == "bayes-profile" and not any(smearing) else smearing,
    )


def subject(facts: Mapping[str, Any]) -> str:
    """Whose likelihood it is, and at which point."""
    if facts["search"] is None:
        return Path(facts["workspace"]).name if facts.get("workspace") else "counting experiment"
    return f"{facts['search']}  ·  {facts['hypothesis']}, {facts['mass_gev']:.4g} GeV"


def label(facts: Mapping[str, Any]) -> str:
    """How far it is a reproduction, and of which data."""
    return " · ".join(text for text in (facts["label"], facts.get("data")) if text)


def _strength(facts: Mapping[str, Any]) -> str:
    """The label of the axis, with what strength 1 is."""
    if facts["coupling"] is None:
        return str(facts["quantity"])
    symbol, unit, reference = (facts["coupling"][key] for key in ("symbol", "unit", "reference"))
    return f"signal strength (1 is {symbol} = {reference:.3g}{'' if unit in ('', '1') else ' ' + unit.replace('-1', '⁻¹')})"


def _observable(target: Target) -> str:
    """The label of the axis of a spectrum."""
    from limits.hunt.masses import spectrum_channel

    channel = None if target.search is None else spectrum_channel(target.search)
    if channel is None:
        return "observable"
    return (
        "reconstructed mass [GeV]"
        if channel.observable == "mass"
        else "reduced mass √(m² − 4m_μ²) [GeV]".replace("_μ", "$_μ$")
    )
