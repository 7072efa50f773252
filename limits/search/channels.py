"""The channels of a search file: one count or many bins, where the signal comes from, and what is combined."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool

from limits.search.fields import Facts, FileName, FinalStateName, Identifier, Key, MesonName, Name, Stem, distinct


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

    All are keys of numbers in GeV; `events` are the masses of those observed.
    """

    events: tuple[Key, ...]
    half_width: Key
    background_range: Key


class CountingChannel(Facts):
    """One count; `observed` and `background` are keys of numbers."""

    name: Name
    likelihood: Literal["counting"]
    signal: Identifier
    observed: Key
    background: Key
    background_constraint: Literal["lognormal", "gaussian", "gamma", "poisson"] | None = None
    window: Window | None = None
    final_states: tuple[FinalStateName, ...] = ()
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


Channel = CountingChannel | HistFactoryChannel


class Combination(Facts):
    """Searches that are combined: every channel of each; uncertainties named in `shared` move in all of them together."""

    searches: Annotated[tuple[Name, ...], Field(min_length=2), AfterValidator(distinct)]
    shared: tuple[Name, ...] = ()
