"""The channels of a search file: one count, many bins or a spectrum, where the signal comes from, and what is combined."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt

from limits.search.fields import (
    DarkBaryonDecay,
    Facts,
    FileName,
    FinalStateName,
    HypothesisName,
    Identifier,
    Key,
    Line,
    MesonName,
    Name,
    Positive,
    PositiveRange,
    Range,
    Stem,
    distinct,
)


class Systematic(Facts):
    """A relative uncertainty; `size` is the key of the number that holds it.

    Its ±1σ factors are 1 + size and 1/(1 + size) ("lognormal"), or 1 ± size ("symmetric", binned channels only).
    """

    name: Name
    size: Key
    form: Literal["lognormal", "symmetric"] = "lognormal"
    on: Annotated[tuple[Literal["signal", "background"], ...], AfterValidator(distinct)]


class Production(Facts):
    """Collisions in which the signal is made; spectra of mesons stand in the folder `collision`, one table per generator.

    `generator` is the nominal one, the others in the folder are its uncertainty. `exposure` is the key of a luminosity, then
    `cross_section` is that of their cross-section in mb, or of a number of protons on target. `multiplicities` are keys of mean
    numbers per collision to which a species is normalised, `uncertainty` that of a relative error of all. `bremsstrahlung` says
    whether the protons of these collisions radiate: not where they are part of others in the list.
    """

    collision: Stem
    generator: Stem
    exposure: Key
    cross_section: Key | None = None
    uncertainty: Key | None = None
    bremsstrahlung: StrictBool = True
    multiplicities: dict[MesonName, Key] = Field(default_factory=dict)


class Window(Facts):
    """Events are counted within `half_width` of the mass tested; the background is flat over `background_range`.

    These are keys of numbers in GeV, but with `resolution`, a table with the columns mass_gev and resolution_gev, the half width is
    in resolutions. `events` are the masses of all events observed; without them they are spread evenly over the range. Masses
    between the two of `veto` are not looked at, nor part of the range. With `sideband` the background is what of the events lies
    outside the window; without, a number of its own.
    """

    events: tuple[Key, ...] | None = None
    half_width: Key
    background_range: Key
    resolution: FileName | None = None
    veto: tuple[Key, Key] | None = None
    sideband: StrictBool = False


class CountingChannel(Facts):
    """One count; `observed` and `background` are keys of numbers.

    `per_mass` names a table that need not be there: where it is, its columns observed, background, background_error and efficiency
    take the place of the numbers, mass by mass. `decay` is the baryon that a B meson decays to beside a dark one.
    """

    name: Name
    likelihood: Literal["counting"]
    signal: Identifier
    observed: Key
    background: Key
    background_constraint: Literal["lognormal", "gaussian", "gamma", "poisson"] | None = None
    window: Window | None = None
    per_mass: FileName | None = None
    final_states: tuple[FinalStateName, ...] = ()
    decay: DarkBaryonDecay | None = None
    production: tuple[Production, ...] = ()
    planes: FileName | None = None
    systematics: tuple[Systematic, ...] = ()


class HistFactoryChannel(Facts):
    """A binned channel; `table` is a file with the columns data, background and background_error, one row per bin."""

    name: Name
    likelihood: Literal["histfactory"]
    signal: Identifier
    table: FileName
    systematics: tuple[Systematic, ...] = ()


class FitWindow(Facts):
    """Masses that are fitted alike. Their step is `step_gev`, or `step_widths` times the resolution at each.

    The fit runs over `interval_gev` of the observable, or over `half_width_gev` or `half_width_widths` resolutions to both sides of
    where the mass would show. The background is a polynomial of that `order`. `part` picks rows of the tables that have such a
    column; toys are counted in bins of `bin_gev`.
    """

    masses_gev: PositiveRange
    step_gev: Positive | None = None
    step_widths: Positive | None = None
    interval_gev: Range | None = None
    half_width_gev: Positive | None = None
    half_width_widths: Positive | None = None
    order: Annotated[StrictInt, Field(ge=0, le=9)]
    bin_gev: Positive
    part: StrictInt = 0
    source: Line


class BackgroundColumn(Facts):
    """Expected entries in the column `column` of the spectrum, for the category `category` of events.

    They grow with the number `exposure` and were simulated for `simulated` of it; `factors` are keys of what else multiplies them.
    """

    column: Key
    category: Key
    exposure: Key
    simulated: Positive
    factors: tuple[Key, ...] = ()


class SpectrumChannel(Facts):
    """A peak looked for on a smooth spectrum, mass by mass.

    `process` says how the rate that is limited depends on the coupling; `signal_factors` are keys of what multiplies the tabulated
    efficiency. `spectrum` and `response` (one per hypothesis) are tables made by simulation; `selection` is the key of a number that
    picks their rows. Every fit of `shapes` × `extra_orders` is made, the one with most signal counts. `treatments` say which categories
    are fitted together: each is a list of lists, categories in one inner list are added up. Systematic errors of the number of signal
    events: `additive` in events, `relative`.
    """

    name: Name
    likelihood: Literal["spectrum"]
    signal: Identifier
    process: Literal["jpsi-photon", "muon-pair"]
    observable: Literal["mass", "reduced-mass"]
    columns: Annotated[tuple[Key, ...], AfterValidator(distinct)]
    spectrum: FileName
    response: dict[HypothesisName, FileName]
    selection: Key | None = None
    signal_factors: tuple[Key, ...] = ()
    backgrounds: Annotated[tuple[BackgroundColumn, ...], Field(min_length=1)]
    treatments: dict[Name, tuple[tuple[Key, ...], ...]]
    scores: tuple[float, ...] = ()
    """Edges of the second column of an event file between the categories, in their order."""
    shapes: Annotated[tuple[Literal["crystal-ball", "cruijff"], ...], AfterValidator(distinct)] = ("crystal-ball",)
    extra_orders: Annotated[tuple[StrictInt, ...], AfterValidator(distinct)] = (0,)
    additive: Key | None = None
    relative: Key | None = None
    windows: Annotated[tuple[FitWindow, ...], Field(min_length=1)]

    def response_of(self, hypothesis: str) -> str:
        """The table of a hypothesis, which has one: it was checked."""
        return {str(name): file for name, file in self.response.items()}[hypothesis]


Channel = CountingChannel | HistFactoryChannel | SpectrumChannel


class Combination(Facts):
    """Searches that are combined: every channel of each; uncertainties named in `shared` move in all of them together."""

    searches: Annotated[tuple[Name, ...], Field(min_length=2), AfterValidator(distinct)]
    shared: tuple[Name, ...] = ()
