"""Counts in windows of mass: vetoes, sidebands, resolutions, and inputs that are published mass by mass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from limits.assemble.counts import background, observed
from limits.errors import InputError
from limits.grid import masses_of
from limits.search import CountingChannel, Search, load
from limits.signals import windows

EVENTS = (0.31, 0.46, 0.54, 0.86)

TEMPLATE = """
schema = 1
name = "example"
title = "An example"
experiment = "None"
recast = "an example"
facts = {{ level = {{ value = 0.9, unit = "1", source = "chosen" }} }}
[reference]
arxiv = "2401.00001"
[assumptions]
{numbers}
[[hypotheses]]
name = "idm-dark-higgs"
quantity = "mixing angle"
symbol = "sin θ"
unit = "1"
exclusion = "upper-limit"
yield_power = 2
masses_gev = [0.3, 1.0]
couplings = [1e-6, 1e-2]
benchmark = {{ mass_gev = 0.5, coupling = 1e-4 }}
methods = ["cls"]
[[channels]]
name = "pipi"
likelihood = "counting"
signal = "missing"
observed = "observed"
background = "{background}"
{channel}
"""

NUMBERS = {"observed": 4.0, "half_width": 2.0, "range": 1.0, "veto_low": 0.467, "veto_high": 0.529}


def write(folder: Path, channel: str, background: str = "observed", **more: str) -> Search:
    """A search with one counting channel, in a folder of its own."""
    masses = {f"event_{i}": mass for i, mass in enumerate(EVENTS)}
    lines = [
        f'{k} = {{ value = {v}, unit = "1", reason = "chosen", range = [0, 9] }}' for k, v in (NUMBERS | masses).items()
    ]
    lines.append('events = { value = 5.0, error = 1.0, unit = "1", reason = "chosen", range = [0, 9] }')
    folder.mkdir(exist_ok=True)
    (folder / "resolution.csv").write_text("mass_gev,resolution_gev\n0.3,0.002\n1.0,0.009\n")
    for name, text in more.items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "search.toml").write_text(
        TEMPLATE.format(numbers="\n".join(lines), channel=channel, background=background)
    )
    return load(folder)


KEYS = ", ".join(f'"event_{i}"' for i in range(len(EVENTS)))
SIDEBAND = (
    f'window = {{ events = [{KEYS}], half_width = "half_width", background_range = "range", resolution = "resolution.csv", '
    'veto = ["veto_low", "veto_high"], sideband = true }'
)


def channel_of(search: Search) -> CountingChannel:
    (channel,) = search.channels
    assert isinstance(channel, CountingChannel)
    return channel


def test_half_width_is_in_resolutions(tmp_path: Path) -> None:
    search = write(tmp_path, SIDEBAND)
    window = channel_of(search).window
    assert window is not None
    assert windows.half_width(search, window, 0.65) == pytest.approx(2 * 0.0055)
    with pytest.raises(InputError, match=r"resolution.csv: no row for 0.2 GeV; it goes from 0.3 to 1 GeV"):
        windows.half_width(search, window, 0.2)


@pytest.mark.parametrize("mass", [0.35, 0.46, 0.465, 0.47, 0.5, 0.524, 0.53, 0.54, 0.9])
def test_pieces_and_share_outside_a_veto(tmp_path: Path, mass: float) -> None:
    """Against a sum over a fine lattice, and the integral of the Gaussian over it."""
    search = write(tmp_path, SIDEBAND)
    window = channel_of(search).window
    assert window is not None
    sigma = np.interp(mass, [0.3, 1.0], [0.002, 0.009])
    x = np.linspace(mass - 3 * sigma, mass + 3 * sigma, 200_001)
    inside = (np.abs(x - mass) < 2 * sigma) & ~((x > 0.467) & (x < 0.529))
    step = x[1] - x[0]
    assert windows.width(windows.counted(search, window, mass)) == pytest.approx(inside.sum() * step, abs=3 * step)
    assert windows.share(search, window, mass) == pytest.approx(
        np.sum(norm.pdf(x[inside], mass, sigma)) * step, abs=1e-4
    )


def test_share_without_a_veto_is_that_of_a_gaussian(tmp_path: Path) -> None:
    search = write(tmp_path, SIDEBAND)
    window = channel_of(search).window
    assert window is not None
    assert windows.share(search, window, 0.8) == pytest.approx(quad(norm.pdf, -2, 2)[0], rel=1e-9)


def test_sideband_is_what_lies_outside(tmp_path: Path) -> None:
    search = write(tmp_path, SIDEBAND)
    channel = channel_of(search)
    at_event, beside = background(search, channel, 0.54), background(search, channel, 0.65)
    assert (observed(search, channel, 0.54), observed(search, channel, 0.65)) == (1, 0)
    # 4 σ(0.54) = 17.6 MeV, of which 531.2 to 548.8: all outside the veto.
    width = 4 * np.interp(0.54, [0.3, 1.0], [0.002, 0.009])
    assert at_event.events == pytest.approx(3 * width / (1 - width))
    assert at_event.relative == pytest.approx(1 / np.sqrt(3))
    assert beside.events == pytest.approx(4 * 0.022 / (1 - 0.022))
    assert beside.relative == pytest.approx(0.5)
    assert beside.constraint == "poisson"


def test_a_vetoed_window_counts_nothing(tmp_path: Path) -> None:
    search = write(tmp_path, SIDEBAND)
    channel = channel_of(search)
    assert observed(search, channel, 0.5) == 0
    assert background(search, channel, 0.5).events == 0
    assert channel.window is not None
    assert windows.share(search, channel.window, 0.5) == 0


def test_an_empty_sideband_counts_as_one_event(tmp_path: Path) -> None:
    search = write(tmp_path, SIDEBAND).with_values({"observed": 0})
    found = background(search, channel_of(search), 0.65)
    assert found.events == pytest.approx(0.022 / (1 - 0.022))
    assert found.relative == 1


def test_a_window_without_a_sideband_beside_it(tmp_path: Path) -> None:
    search = write(tmp_path, SIDEBAND).with_values({"range": 0.01})
    with pytest.raises(InputError, match=r"range: no sideband is left"):
        background(search, channel_of(search), 0.65)


def test_events_in_a_veto_are_not_beside_it(tmp_path: Path) -> None:
    """With the veto up to 0.55 GeV those at 0.46 and 0.54 GeV are as if nobody had looked."""
    search = write(tmp_path, SIDEBAND).with_values({"veto_low": 0.455, "veto_high": 0.55})
    assert background(search, channel_of(search), 0.65).relative == pytest.approx(2**-0.5)
    assert observed(search, channel_of(search), 0.54) == 0


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"half_width": 0.0}, "half_width = 0: a number above 0"),
        ({"half_width": -2.0}, "half_width = -2: a number above 0"),
        ({"veto_low": 0.66, "veto_high": 0.64}, "veto_low = 0.66 is above veto_high = 0.64"),
    ],
)
def test_windows_that_are_none(tmp_path: Path, values: dict[str, float], problem: str) -> None:
    search = write(tmp_path, SIDEBAND).with_values(values)
    with pytest.raises(InputError, match=problem):
        background(search, channel_of(search), 0.65)


def test_a_resolution_of_zero_is_refused(tmp_path: Path) -> None:
    search = write(tmp_path, SIDEBAND)
    (tmp_path / "resolution.csv").write_text("mass_gev,resolution_gev\n0.3,0\n1.0,0\n")
    with pytest.raises(InputError, match=r"resolution\.csv: got 0 GeV at 0\.65 GeV"):
        observed(search, channel_of(search), 0.65)


FLAT = (
    'window = { half_width = "half_width", background_range = "range", resolution = "resolution.csv" }\n'
    'background_constraint = "gamma"\nper_mass = "per-mass.csv"'
)


def test_events_without_masses_are_spread_evenly(tmp_path: Path) -> None:
    search = write(tmp_path, FLAT, "events").with_values({"observed": 80, "range": 1.0})
    channel = channel_of(search)
    # Windows of 4 σ: 8 MeV + 4 · 0.1/0.7 · 7 MeV = 12 MeV at 0.4 GeV, 32 MeV at 0.9 GeV.
    assert [observed(search, channel, m) for m in (0.4, 0.65, 0.9)] == [1, 2, 3]
    assert observed(search.with_values({"observed": 0}), channel, 0.9) == 0
    found = background(search, channel, 0.65)
    assert found.events == pytest.approx(5 * 0.022)
    assert found.relative == pytest.approx(0.2)


def test_a_flat_background_needs_a_range(tmp_path: Path) -> None:
    search = write(tmp_path, FLAT, "events").with_values({"range": 0.0})
    for part in (observed, background):
        with pytest.raises(InputError, match="range = 0: a number above 0"):
            part(search, channel_of(search), 0.65)


def test_a_published_error_as_large_as_its_background(tmp_path: Path) -> None:
    """No Gamma density is as wide as its mean: an auxiliary count takes its place."""
    table = "mass_gev,background,background_error\n0.4,1.0,1.2\n0.6,2.0,0.1\n"
    search = write(tmp_path, FLAT, "events", **{"per-mass": table})
    wide, narrow = (background(search, channel_of(search), mass) for mass in (0.4, 0.6))
    assert (wide.events, wide.relative, wide.constraint) == (1.0, pytest.approx(1.2), "poisson")
    assert narrow.constraint == "gamma"


def test_published_inputs_take_the_place_of_numbers(tmp_path: Path) -> None:
    table = "mass_gev,observed,background,background_error,efficiency\n0.4,2,1.0,0.5,0.1\n0.6,7,3.0,0.5,0.2\n"
    search = write(tmp_path, FLAT, "events", **{"per-mass": table})
    channel = channel_of(search)
    assert [observed(search, channel, m) for m in (0.4, 0.49, 0.51, 0.6)] == [2, 2, 7, 7]
    found = background(search, channel, 0.5)
    assert (found.events, found.relative, found.constraint) == (pytest.approx(2.0), pytest.approx(0.25), "gamma")
    assert windows.published(search, channel, "efficiency", 0.45) == pytest.approx(0.125)
    assert masses_of(search) == (0.4, 0.6)
    with pytest.raises(InputError, match=r"no row for 0\.35 GeV"):
        observed(search, channel, 0.35)


def test_no_table_is_no_published_input(tmp_path: Path) -> None:
    search = write(tmp_path, FLAT, "events")
    assert windows.published(search, channel_of(search), "efficiency", 0.45) is None
    assert windows.per_mass(search, channel_of(search)) == {}


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("mass_gev,efficency\n0.4,0.1\n0.5,0.1\n", "column efficency: not known; known: mass_gev, observed"),
        ("observed\n1\n2\n", "column mass_gev: required"),
        ("mass_gev,observed\n0.5,1\n0.4,2\n", "column mass_gev: two masses or more are needed, in increasing order"),
        ("mass_gev,observed\n0.4,1.5\n0.5,2\n", "column observed: got 1.5: must be a whole number"),
        ("mass_gev,observed\n0.4,-1\n0.5,2\n", "column observed: got -1: must not be negative"),
        ("mass_gev,efficiency\n0.4,1\n0.5,20\n", "column efficiency: got 20: must be at most 1"),
        ("mass_gev,background_error\n0.4,1\n0.5,2\n", "column background_error: needs a column background"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, table: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        write(tmp_path, FLAT, "events", **{"per-mass": table})
    assert "\n" not in str(caught.value)
    assert "per-mass.csv" in str(caught.value)


def test_a_recast_is_labelled_so(tmp_path: Path) -> None:
    from limits.scan import label

    assert label(write(tmp_path, FLAT, "events")) == "recast"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("mass_gev,resolution_gev\n0.3,0.002\n0.2,0.009\n", "column mass_gev: masses must increase"),
        ("mass_gev,resolution_gev\n0.3,0.0\n1.0,0.009\n", "column resolution_gev: got 0: must be above 0"),
    ],
)
def test_a_broken_table_of_resolutions_is_refused(tmp_path: Path, table: str, problem: str) -> None:
    write(tmp_path, SIDEBAND)
    (tmp_path / "resolution.csv").write_text(table)
    with pytest.raises(InputError, match=problem):
        load(tmp_path)
