"""From the options of `limits count` to a likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from limits.cli.target import ABSENT, Target

if TYPE_CHECKING:
    from limits.likelihood.counting import Background, Sideband, Systematic


def experiment(
    *,
    observed: float,
    background: float | None,
    signal: float | None,
    background_lognormal: float | None,
    background_sigma: float | None,
    background_gamma: float | None,
    sideband: tuple[float, float] | None,
    signal_lognormal: float | None,
    correlated: bool,
    method: str,
) -> Target:
    """The counting experiment that the options describe.

    Raises:
        click.UsageError: options that contradict each other, or a count that the method cannot use.
    """
    from limits.likelihood.counting import counting

    if not method.startswith("cls-q") and method != "cls" and not observed.is_integer():
        raise click.UsageError(f"--observed {observed!r}: method {method!r} needs a whole number of events")
    known = _background(background, background_sigma, background_gamma, sideband)
    shared = _systematics(signal_lognormal, background_lognormal, correlated)
    likelihood = counting(observed, 1.0 if signal is None else signal, known, shared, "count")
    in_events = {"quantity": "signal events", "unit": "events"}
    in_strength = {"quantity": "signal strength", "unit": "strength"}
    inputs = {
        "observed": observed,
        "background": background,
        "signal": signal,
        "background_lognormal": background_lognormal,
        "background_sigma": background_sigma,
        "background_gamma": background_gamma,
        "sideband": None if sideband is None else list(sideband),
        "signal_lognormal": signal_lognormal,
        "correlated": correlated,
    }
    return Target(
        likelihood, {**dict.fromkeys(ABSENT), **(in_events if signal is None else in_strength), "input": inputs}
    )


def _background(
    events: float | None, sigma: float | None, gamma: float | None, sideband: tuple[float, float] | None
) -> Background | Sideband:
    from limits.likelihood.counting import Background, Sideband

    given = {"--background-sigma": sigma, "--background-gamma": gamma, "--sideband": sideband}
    if len(names := [name for name, value in given.items() if value is not None]) > 1:
        raise click.UsageError(f"{' and '.join(names)} exclude each other")
    if sideband is not None:
        if events is not None:
            raise click.UsageError("--sideband replaces --background: give one of them")
        return Sideband(*sideband)
    if events is None:
        raise click.UsageError("--background is missing: the events expected without signal (or --sideband N TAU)")
    if gamma:
        return Background(events, gamma, "gamma")
    if not sigma:
        return Background(events)
    if events == 0:
        raise click.UsageError(f"--background-sigma {sigma:g}: needs a background above 0")
    return Background(events, sigma / events, "gaussian")


def _systematics(signal: float | None, background: float | None, correlated: bool) -> list[Systematic]:
    from limits.likelihood.counting import Systematic

    if not correlated:
        both = [("signal", signal, True), ("background-lognormal", background, False)]
        return [Systematic(name, kappa, on, not on) for name, kappa, on in both if kappa is not None]
    if signal is None or background is None:
        raise click.UsageError("--correlated needs both --signal-lognormal and --background-lognormal")
    return [Systematic("shared", signal, signal=True, background=True, on_background=background)]
