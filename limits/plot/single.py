"""Pictures of one likelihood, as files: its fit, its nuisances, and curves along the strength. What they show is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from limits.errors import InputError, unknown
from limits.inference.bayes.posterior import edges
from limits.inference.curves import p_curve, posterior_curve, posterior_of
from limits.inference.impacts import impacts
from limits.inference.limit import BAYESIAN, upper_limit
from limits.inference.profile import ProfileScan, profile_scan
from limits.inference.request import Request
from limits.inference.results import Limit
from limits.inference.toys.ensembles import ToyCalculator
from limits.plot.bins import fitted_bins
from limits.plot.canvas import checked_suffix, new_axes, new_figure, percent, pretty, save
from limits.plot.nuisances import nuisance_impacts, nuisance_pulls
from limits.plot.strengths import likelihood_scan, p_values_of_strengths, posterior_density, toy_statistics

if TYPE_CHECKING:
    from limits.plot.canvas import Figure

WITHOUT_P: Final = ("feldman-cousins", "profile")
"""Methods that give an interval and no p-value of one strength: their picture is the likelihood."""

SLOW: Final = ("cls-toys", "clsb-toys")
FEW_POINTS: Final = 13
"""Strengths at which a p-value by toys is computed."""

OF_METHOD: Final = ("posterior", "cls")
NAMES: Final = {
    "fit": "maximum likelihood",
    "nuisances": "maximum likelihood",
    "scan": "profile likelihood",
    "toys": "toys of q̃",
}
"""How a picture was made, where the method does not say it."""

SCAN_POINTS: Final = 61
ROW: Final = 0.27
"""Inches for each nuisance."""


@dataclass(frozen=True)
class Asked:
    """What is drawn: the likelihood with method, level and all else that makes a limit, and how it is called.

    `subject` says whose likelihood, `label` how far it may be trusted; `strength` and `observable` are labels of axes.
    """

    request: Request
    method: str
    subject: str
    label: str = ""
    strength: str = "signal strength"
    observable: str = "observable"
    held: float | None = None
    """The strength at which the fit that is drawn is held, if any."""


def picture_of(method: str) -> str:
    """The picture in which a limit of that method can be read off."""
    return "posterior" if method in BAYESIAN else "scan" if method in WITHOUT_P else "cls"


def save_likelihood(kind: str, asked: Asked, path: Path) -> Path:
    """One of `KINDS` of picture, as a file.

    Raises:
        UnknownName: no such kind.
        InputError: a suffix that is not known, or a picture that this likelihood or method does not have.
        MissingExtra: matplotlib is not installed.
    """
    checked_suffix(path)
    return save(figure_of(kind, asked), path)


def figure_of(kind: str, asked: Asked) -> Figure:
    """One of `KINDS` of picture.

    Raises:
        UnknownName: no such kind.
        InputError: a picture that this likelihood or method does not have.
        MissingExtra: matplotlib is not installed.
    """
    if kind not in KINDS:
        raise unknown("kind of picture", kind, KINDS)
    figure = KINDS[kind](asked)
    how = f"{asked.method}, {percent(asked.request.level)}" if kind in OF_METHOD else NAMES.get(kind, "")
    caption = " · ".join(text for text in (how, asked.label) if text)
    _entitle(figure, asked.subject, caption)
    return figure


def save_profile(scan: ProfileScan, path: Path, subject: str, caption: str = "", label: str | None = None) -> Path:
    """The scan of a likelihood along any parameter, as a file; `label` is that of its axis, else the name of the parameter.

    Raises:
        InputError: a suffix that is not known.
        MissingExtra: matplotlib is not installed.
    """
    checked_suffix(path)
    figure, (ax,) = new_axes()
    likelihood_scan(ax, scan, label=label or scan.parameter)
    _entitle(figure, subject, " · ".join(text for text in (NAMES["scan"], caption) if text))
    return save(figure, path)


def _entitle(figure: Figure, subject: str, caption: str) -> None:
    """Two lines over the first Axes, or over all where they lie side by side."""
    text = "\n".join(line for line in (subject, caption) if line)
    if len({ax.get_position().x0 for ax in figure.axes}) > 1:
        figure.suptitle(text, fontsize=10, x=0.02, ha="left")
    else:
        figure.axes[0].set_title(text, fontsize=10, loc="left")


def _fit(asked: Asked) -> Figure:
    likelihood = asked.request.likelihood
    figure, (top, below) = new_axes(ratio=True, size=(7.0, 6.0))
    fitted_bins(
        top, likelihood, likelihood.fit(likelihood.observed, asked.held), pulls=below, observable=asked.observable
    )
    return figure


def _nuisances(asked: Asked) -> Figure:
    found = impacts(asked.request.likelihood)
    if not found.ranked:
        raise InputError(f"{asked.request.likelihood.name}: no nuisance floats: there are no pulls and no impacts")
    figure = new_figure((8.4, 1.9 + ROW * max(4, min(len(found.ranked), 20))))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.5))
    nuisance_pulls(left, found)
    nuisance_impacts(right, found)
    return figure


def _scan(asked: Asked) -> Figure:
    figure, (ax,) = new_axes()
    likelihood = asked.request.likelihood
    rough = profile_scan(likelihood)
    values = [
        rough.values[0] + (rough.values[-1] - rough.values[0]) * i / (SCAN_POINTS - 1) for i in range(SCAN_POINTS)
    ]
    likelihood_scan(ax, profile_scan(likelihood, None, values), level=asked.request.level, label=pretty(asked.strength))
    return figure


def _posterior(asked: Asked) -> Figure:
    method = asked.method if asked.method in BAYESIAN else "bayes"
    request = asked.request
    posterior = posterior_of(request, method)
    figure, (ax,) = new_axes()
    held = edges(posterior, request.level, request.kind)
    curve = posterior_curve(posterior, f"{method}, prior {request.prior.name}")
    posterior_density(ax, curve, held, request.level, label=pretty(asked.strength))
    return figure


def _cls(asked: Asked) -> Figure:
    request = asked.request
    if picture_of(asked.method) != "cls":
        raise InputError(f"method {asked.method!r} has no CLs; its picture is {picture_of(asked.method)!r}")
    found = _limit(asked)
    if found.observed_limit is None:
        raise InputError(f"{request.likelihood.name}: nothing is excluded: there is no range in which to draw CLs")
    above = [x for x in (found.observed_limit, *found.expected_limit[:4]) if x is not None]
    curve = p_curve(request.likelihood, asked.method, 1.35 * max(above), *[FEW_POINTS] * (asked.method in SLOW))
    figure, (ax,) = new_axes()
    name = "CLs+b" if asked.method.startswith(("clsb", "mixed")) else "CLs"
    p_values_of_strengths(ax, curve, request.level, found.observed_limit, label=pretty(asked.strength), name=name)
    return figure


def _toys(asked: Asked) -> Figure:
    request, likelihood = asked.request, asked.request.likelihood
    calculator = ToyCalculator(likelihood, likelihood.observed, request.toys, request.seed)
    figure, (ax,) = new_axes()
    toy_statistics(ax, calculator.at(request.test_strength))
    return figure


def _limit(asked: Asked) -> Limit:
    request = asked.request
    how = (request.likelihood, asked.method, request.level, request.test_strength)
    return upper_limit(*how, toys=request.toys, seed=request.seed)


KINDS: Final[Mapping[str, Callable[[Asked], Figure]]] = MappingProxyType(
    {"fit": _fit, "nuisances": _nuisances, "scan": _scan, "posterior": _posterior, "cls": _cls, "toys": _toys}
)
"""Pictures of one likelihood by name."""
