"""What several keys of a search file must fulfil together: each rule raises or returns nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from limits.search.channels import Channel, CountingChannel, HistFactoryChannel, SpectrumChannel
from limits.search.complaints import complaint, shown
from limits.search.fields import FileName
from limits.search.quantity import Quantity
from limits.search.schema import HypothesisFacts, SearchFile
from limits.search.spectra import check_spectrum, keys
from limits.search.tables import read_table

BIN_COLUMNS = ("data", "background", "background_error")
RESOLUTION_COLUMNS = ("mass_gev", "resolution_gev")
PER_MASS_COLUMNS = ("mass_gev", "observed", "background", "background_error", "efficiency")
WITHOUT_MASS = ("tip", "range", "lowest", "highest", "relative")
"""What is compared without a mass of its own."""
_FILE_NAME: TypeAdapter[str] = TypeAdapter(FileName)


def check_file(path: Path, file: SearchFile, quantities: Mapping[str, Quantity]) -> None:
    """All rules for a search file.

    Raises:
        InputError: the first rule that is broken, in one line with file, key and value.
    """
    _distinct(path, "hypotheses", (facts.name for facts in file.hypotheses))
    _distinct(path, "channels", (channel.name for channel in file.channels))
    _distinct(path, "curves", ((curve.file, curve.of, curve.masses_gev, curve.hypothesis) for curve in file.curves))
    _distinct(
        path, "comparisons", ((c.quantity, c.edge, c.of, c.mass_gev, c.hypothesis, c.source) for c in file.comparisons)
    )
    for i, facts in enumerate(file.hypotheses):
        _check_hypothesis(path, f"hypotheses[{i}]", facts)
    for i, channel in enumerate(file.channels):
        _check_channel(path, f"channels[{i}]", channel, quantities, file.projection)
        if isinstance(channel, SpectrumChannel):
            check_spectrum(path, f"channels[{i}]", channel, [facts.name for facts in file.hypotheses])
    if bool(file.channels) == (file.combination is not None):
        raise complaint(path, "channels", "either [[channels]] or [combination] is needed, and not both")
    _check_comparisons(path, file)
    check_values(path, quantities, file.channels, file.projection)


def check_values(path: Path, quantities: Mapping[str, Quantity], channels: Iterable[Channel], projection: bool) -> None:
    """The rules that depend on the values of the numbers, also after the user has changed some.

    Raises:
        InputError: a level outside (0, 1), a negative or broken count, a negative background or size.
    """
    if "level" not in quantities:
        raise complaint(path, "facts.level", "this key is required, but missing (or put it under assumptions)")
    if not 0 < (level := quantities["level"].value) < 1:
        raise complaint(path, "level", f"got {shown(level)}: must lie between 0 and 1")
    for channel in channels:
        if isinstance(channel, CountingChannel):
            _not_negative(path, quantities[channel.observed])
            _not_negative(path, quantities[channel.background])
            if not projection and not (count := quantities[channel.observed].value).is_integer():
                raise complaint(path, channel.observed, f"got {shown(count)}: must be a whole number of events")
        if isinstance(channel, SpectrumChannel):
            for _, key in keys(channel):
                _not_negative(path, quantities[key])
            continue
        for systematic in channel.systematics:
            _not_negative(path, quantities[systematic.size])


def beside(path: Path, filename: object, key: str) -> Path:
    """The file called `filename` in the folder of the search file at `path`.

    Raises:
        InputError: not a bare file name (no folders, no '..'), or no such file; the message lists the tables there.
    """
    try:
        file = path.parent / _FILE_NAME.validate_python(filename)
    except ValidationError as error:
        raise complaint(path, key, f"got {shown(filename)}: must be a bare file name") from error
    if not file.is_file():
        tables = ", ".join(sorted(entry.name for entry in path.parent.glob("*.csv"))) or "none"
        raise complaint(path, key, f"got {shown(filename)}: no such file beside it; tables there: {tables}")
    return file


def _not_negative(path: Path, quantity: Quantity) -> None:
    if quantity.value < 0:
        raise complaint(path, quantity.key, f"got {shown(quantity.value)}: must not be negative")


def _distinct(path: Path, key: str, items: Iterable[object]) -> None:
    seen: set[object] = set()
    for item in items:
        if item in seen:
            raise complaint(path, key, f"{shown(item)} occurs twice")
        seen.add(item)


def _check_hypothesis(path: Path, key: str, facts: HypothesisFacts) -> None:
    if (facts.masses_gev is None) == (facts.tabulated_masses_gev is None):
        raise complaint(path, key, "needs exactly one of masses_gev (a range) and tabulated_masses_gev (a list)")
    for mass in facts.scan_masses_gev or ():
        if facts.masses_gev is None or not facts.has_mass(mass):
            raise complaint(path, f"{key}.scan_masses_gev", f"got {mass:g}: must lie in masses_gev")
    if (facts.yield_power is None) == (facts.exclusion == "upper-limit"):
        problem = f"got {facts.yield_power}: required for an upper-limit, not allowed for a region"
        raise complaint(path, f"{key}.yield_power", problem)
    if not facts.has_mass(facts.benchmark.mass_gev):
        problem = f"got {facts.benchmark.mass_gev}; allowed: {facts.mass_text}"
        raise complaint(path, f"{key}.benchmark.mass_gev", problem)


def _check_channel(
    path: Path, key: str, channel: Channel, quantities: Mapping[str, Quantity], projection: bool
) -> None:
    if isinstance(channel, SpectrumChannel):
        for name in (channel.spectrum, *channel.response.values()):
            beside(path, name, f"{key}.spectrum or response")
        for where, number in keys(channel):
            _known(path, f"{key}.{where}", number, quantities)
        return
    _distinct(path, f"{key}.systematics", (systematic.name for systematic in channel.systematics))
    for i, systematic in enumerate(channel.systematics):
        _known(path, f"{key}.systematics[{i}].size", systematic.size, quantities)
        if systematic.form == "symmetric" and not isinstance(channel, HistFactoryChannel):
            problem = "got 'symmetric': a counting channel takes lognormal uncertainties only"
            raise complaint(path, f"{key}.systematics[{i}].form", problem)
    if isinstance(channel, HistFactoryChannel):
        _check_bins(beside(path, channel.table, f"{key}.table"), projection)
        return
    _distinct(path, f"{key}.production", (production.collision for production in channel.production))
    for where, name in _keys(channel):
        _known(path, f"{key}.{where}", name, quantities)
    if channel.window is not None and channel.window.resolution is not None:
        _check_resolution(beside(path, channel.window.resolution, f"{key}.window.resolution"))
    if channel.per_mass is not None and (table := path.parent / channel.per_mass).is_file():
        _check_per_mass(table, projection)
    if (channel.background_constraint is None) == (quantities[channel.background].error is not None):
        problem = f"got {shown(channel.background_constraint)}: required exactly if {channel.background!r} has an error"
        raise complaint(path, f"{key}.background_constraint", problem)


def _keys(channel: CountingChannel) -> Iterator[tuple[str, str]]:
    """Where a counting channel names a number, and which."""
    yield from (("observed", channel.observed), ("background", channel.background))
    if (window := channel.window) is not None:
        yield from (("window.half_width", window.half_width), ("window.background_range", window.background_range))
        yield from ((f"window.events[{i}]", name) for i, name in enumerate(window.events or ()))
        yield from ((f"window.veto[{i}]", name) for i, name in enumerate(window.veto or ()))
    for i, production in enumerate(channel.production):
        yield f"production[{i}].exposure", production.exposure
        for where in ("cross_section", "uncertainty"):
            if (name := getattr(production, where)) is not None:
                yield f"production[{i}].{where}", name
        yield from ((f"production[{i}].multiplicities.{m}", name) for m, name in production.multiplicities.items())


def _known(path: Path, where: str, key: str, quantities: Mapping[str, Quantity]) -> None:
    if key not in quantities:
        raise complaint(path, where, f"got {shown(key)}: no such number; known: {', '.join(sorted(quantities))}")


def _check_bins(table: Path, projection: bool) -> None:
    columns = _columns(table, BIN_COLUMNS)
    _whole(table, "data", columns["data"], projection)


def _check_resolution(table: Path) -> None:
    columns = _columns(table, RESOLUTION_COLUMNS)
    if (np.diff(columns["mass_gev"]) <= 0).any():
        raise complaint(table, "column mass_gev", "masses must increase")
    if (columns["resolution_gev"] <= 0).any():
        raise complaint(table, "column resolution_gev", f"got {columns['resolution_gev'].min():g}: must be above 0")


def _check_per_mass(table: Path, projection: bool) -> None:
    columns = _columns(table, ("mass_gev",))
    if unknown := [name for name in columns if name not in PER_MASS_COLUMNS]:
        raise complaint(table, f"column {unknown[0]}", f"not known; known: {', '.join(PER_MASS_COLUMNS)}")
    if (np.diff(columns["mass_gev"]) <= 0).any() or len(columns["mass_gev"]) < 2:
        raise complaint(table, "column mass_gev", "two masses or more are needed, in increasing order")
    if "background_error" in columns and "background" not in columns:
        raise complaint(table, "column background_error", "needs a column background beside it")
    if "efficiency" in columns and (columns["efficiency"] > 1).any():
        raise complaint(table, "column efficiency", f"got {columns['efficiency'].max():g}: must be at most 1")
    _whole(table, "observed", columns.get("observed", np.zeros(0)), projection)


def _columns(table: Path, required: Iterable[str]) -> Mapping[str, NDArray[np.float64]]:
    """The columns of a table, none of them negative."""
    columns = read_table(table)
    for name in required:
        if name not in columns:
            raise complaint(table, f"column {name}", f"required, but missing; known: {', '.join(columns)}")
    for name, values in columns.items():
        if (values < 0).any():
            raise complaint(table, f"column {name}", f"got {values.min():g}: must not be negative")
    return columns


def _whole(table: Path, name: str, counts: NDArray[np.float64], projection: bool) -> None:
    broken = counts[counts != np.rint(counts)]
    if broken.size and not projection:
        raise complaint(table, f"column {name}", f"got {broken[0]:g}: must be a whole number of events")


def _check_comparisons(path: Path, file: SearchFile) -> None:
    known = [facts.name for facts in file.hypotheses]
    named = {f"comparisons[{i}]": item.hypothesis for i, item in enumerate(file.comparisons)}
    named |= {f"curves[{i}]": item.hypothesis for i, item in enumerate(file.curves)}
    for key, hypothesis in named.items():
        if hypothesis not in (None, *known):
            raise complaint(path, f"{key}.hypothesis", f"got {shown(hypothesis)}; known: {', '.join(known)}")
    for i, comparison in enumerate(file.comparisons):
        if (comparison.mass_gev is None) != (comparison.edge in WITHOUT_MASS):
            problem = f"got {comparison.mass_gev}: required, except for a tip, a range or an extreme, which have none"
            raise complaint(path, f"comparisons[{i}].mass_gev", problem)
        if (comparison.edge == "relative") != (comparison.other is not None):
            raise complaint(path, f"comparisons[{i}].other", "required for a relative limit, and only there")
        if comparison.edge in ("lowest", "highest", "relative"):
            continue
        if {comparison.masses_gev is None, comparison.couplings is None} != {comparison.edge != "range"}:
            problem = "masses_gev and couplings are required for a range, and only there"
            raise complaint(path, f"comparisons[{i}]", problem)
