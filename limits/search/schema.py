"""The schema of a search file: what may stand in `search.toml`, and how a mistake in it is put into one line.

Types and shapes are declared here as pydantic classes; what several keys must fulfil together stands in
`limits.search.checks`.
"""

from __future__ import annotations

import tomllib
from math import isclose
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, ValidationError
from pydantic_core import ErrorDetails

from limits.errors import InputError
from limits.search.channels import Channel, Combination
from limits.search.complaints import complaint, printable, shown
from limits.search.fields import (
    CurveFormat,
    Edge,
    Facts,
    FileName,
    Finite,
    HypothesisName,
    Identifier,
    Key,
    Line,
    Masses,
    Name,
    Positive,
    PositiveRange,
    Range,
    distinct,
)

LIKELIHOODS = ("counting", "histfactory", "spectrum")
"""Kinds of channels."""


class Reference(Facts):
    """The publication."""

    arxiv: Annotated[str, Field(pattern=r"^([0-9]{4}\.[0-9]{4,5}|[a-z-]+/[0-9]{7})$")]
    doi: Line | None = None
    journal: Line | None = None
    year: Annotated[StrictInt, Field(ge=1950, le=2100)] | None = None
    title: Line | None = None
    hepdata: Line | None = None
    inspire: Annotated[StrictInt, Field(ge=1, lt=10**10)] | None = None


class Number(Facts):
    """A value with its unit; `error` is absolute, symmetric and in the same unit."""

    value: Finite
    unit: Line
    error: Positive | None = None


class Fact(Number):
    """A number printed in a publication."""

    source: Line


class Assumption(Number):
    """A number recalled, guessed or taken from elsewhere, with its plausible range."""

    reason: Line
    range: Range


class Calibration(Number):
    """A number chosen by comparing with a published limit at `masses_gev`."""

    fitted_to: Line
    masses_gev: Masses


class Benchmark(Facts):
    """The point whose signal is strength 1 in a workspace."""

    mass_gev: Positive
    coupling: Positive


class Rate(Facts):
    """What a spectrum measures before any coupling: a branching fraction, or a cross-section times one."""

    quantity: Line
    symbol: Line
    unit: Line


class HypothesisFacts(Facts):
    """What a search says about one hypothesis: the published quantity, its unit, and where it can be computed."""

    name: HypothesisName
    quantity: Line
    symbol: Line
    unit: Line
    exclusion: Literal["upper-limit", "region"]
    yield_power: Positive | None = None
    masses_gev: PositiveRange | None = None
    tabulated_masses_gev: Masses | None = None
    scan_masses_gev: Masses | None = None
    """Masses of a scan that names none, if they are not to be even in the logarithm of `masses_gev`."""
    couplings: PositiveRange
    benchmark: Benchmark
    rate: Rate | None = None
    methods: Annotated[tuple[Identifier, ...], AfterValidator(distinct)]
    """Limit methods worth showing side by side; the first is the default."""

    def has_mass(self, mass_gev: float) -> bool:
        """Whether the search can be computed at `mass_gev`."""
        if self.masses_gev is not None:
            return self.masses_gev[0] <= mass_gev <= self.masses_gev[1]
        return any(isclose(mass_gev, mass) for mass in self.tabulated_masses_gev or ())

    @property
    def mass_text(self) -> str:
        """The masses at which the search can be computed, in words."""
        if self.masses_gev is not None:
            return f"{self.masses_gev[0]:g} to {self.masses_gev[1]:g} GeV"
        return "only " + ", ".join(f"{mass:g}" for mass in self.tabulated_masses_gev or ()) + " GeV"


class Comparison(Facts):
    """A published number, only ever compared with: `value` in the unit of the hypothesis, or in GeV for a tip.

    `of` says whether it is the coupling or the rate. The lowest and the highest limit are those of all masses, or of `masses_gev`.

    A relative limit is the median ratio of the expected limit to that of the search `other` over `masses_gev`.

    A range is a statement in words that masses from … to … are excluded somewhere between two couplings; its value is the
    share of these masses for which that holds, 1.
    """

    quantity: Line
    edge: Edge
    of: Literal["coupling", "rate"] = "coupling"
    other: Name | None = None
    mass_gev: Positive | None = None
    masses_gev: PositiveRange | None = None
    couplings: PositiveRange | None = None
    value: Positive
    digits: Annotated[StrictInt, Field(ge=1, le=17)]
    source: Line
    hypothesis: HypothesisName | None = None


class Curve(Facts):
    """A published curve that is not shipped: the name of a file the user may have. Compared over `masses_gev`, or as far as it goes."""

    file: FileName
    format: CurveFormat
    of: Literal["coupling", "rate"] = "coupling"
    masses_gev: PositiveRange | None = None
    source: Line
    hypothesis: HypothesisName | None = None


class SearchFile(Facts):
    """The whole of a `search.toml`."""

    version: Annotated[StrictInt, Field(alias="schema", ge=1, le=1)]
    name: Name
    title: Line
    experiment: Line
    projection: StrictBool = False
    recast: Line | None = None
    """Why the limit is no more than a recast of what is published: the inputs it would need are not public."""
    notes: tuple[Line, ...] = ()
    reference: Reference
    facts: dict[Key, Fact] = Field(default_factory=dict)
    assumptions: dict[Key, Assumption] = Field(default_factory=dict)
    calibrations: dict[Key, Calibration] = Field(default_factory=dict)
    hypotheses: Annotated[tuple[HypothesisFacts, ...], Field(min_length=1)]
    channels: tuple[Annotated[Channel, Field(discriminator="likelihood")], ...] = ()
    combination: Combination | None = None
    comparisons: tuple[Comparison, ...] = ()
    curves: tuple[Curve, ...] = ()


def dotted(location: tuple[int | str, ...]) -> str:
    """A place in the file as text: `("channels", 0, "counting", "table")` is `channels[0].table`."""
    text = ""
    for i, part in enumerate(location):
        tag = i == 2 and location[0] == "channels" and part in LIKELIHOODS
        if isinstance(part, int):
            text += f"[{part}]"
        elif part != "[key]" and not tag:
            text += f".{part}" if text else part
    return text


def _problem(where: Path, error: ErrorDetails) -> InputError:
    kind, context, key = error["type"], error.get("ctx", {}), dotted(error["loc"])
    if kind == "missing":
        return complaint(where, key, "this key is required, but missing")
    if kind == "unknown_key":
        return complaint(where, f"{key}.{context['key']}".lstrip("."), error["msg"])
    if kind.startswith("union_tag"):
        key += ".likelihood"
        value = shown(str(context["tag"])) if "tag" in context else "nothing"
        return complaint(where, key, f"got {value}; known: {', '.join(LIKELIHOODS)}")
    words = error["msg"].replace("Input should", "must").replace("String should", "must")
    return complaint(where, key, f"got {shown(error['input'])}: {words}")


def read(path: Path) -> SearchFile:
    """The search file at `path`, with types and shapes checked.

    Raises:
        InputError: unreadable, not TOML, or not as declared here; one line with file, key and value.
    """
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise complaint(path, "search file", f"cannot be read: {error.strerror or 'no such file'}") from error
    except (ValueError, RecursionError) as error:
        raise complaint(path, "search file", f"not valid TOML: {printable(str(error), 200)}") from error
    try:
        return SearchFile.model_validate(document)
    except ValidationError as error:
        raise _problem(path, error.errors(include_url=False)[0]) from None
