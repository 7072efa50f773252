"""A tabulated signal: printed yields, how they scale, and how they are carried to other masses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from limits.assemble import prepare
from limits.errors import InputError, LimitsError
from limits.grid import masses_of
from limits.search import load
from limits.signals import SIGNALS

SEARCH = "microboone-trident"

# Run 1, m_χ/m_A′ = 2, ε = 1e-3, α_D = 0.1: totals printed in the public notebooks of the analysis.
HEAVY = {0.01: 25683.11, 0.02: 640.2976, 0.03: 57.46706, 0.05: 4.784701, 0.1: 3.892188e-3, 0.125: 5.002233e-6}


def events(hypothesis: str, mass: float, **values: float) -> float:
    """Before the out-of-window factor, at ε = 1e-3."""
    return float(prepare(load(SEARCH).with_values(values), hypothesis, mass).events([1e-6])[0] / 1.1)


def test_printed_yields() -> None:
    """719.799 and 1811.243 events in Runs 1 and 3 at ε = 1e-3, 50 MeV, before the factor of 1.1 (public notebook of the analysis)."""
    expected = prepare(load(SEARCH), "dark-trident", 0.05).yields([1e-6])[0].events
    assert expected.shape == (1, 10)
    assert expected[0, :5].sum() == pytest.approx(1.1 * 719.799, rel=2e-3)
    assert expected[0, 5:].sum() == pytest.approx(1.1 * 1811.243, rel=2e-3)
    # The shape read off the figure.
    np.testing.assert_allclose(expected[0, :5] / 1.1 / 719.799, [0.16, 0.213, 0.247, 0.247, 0.134], rtol=1e-6)


def test_printed_yield_at_10_mev() -> None:
    """763695.1 events are printed for Run 3; computation alone, from 50 MeV on over a factor of 400, gives half as many again."""
    share = 1811.243 / (719.799 + 1811.243)
    assert events("dark-trident", 0.01) * share == pytest.approx(763695.1, rel=1e-6)
    table = load(SEARCH).table("rates.csv")
    rate = table["pi0_sibyll"] + 0.0857 * table["eta_sibyll"]
    light, start = (rate[(table["mass_ratio"] == 0.6) & (table["mass_gev"] == mass)][0] for mass in (0.01, 0.05))
    computed = light * 0.312 * 0.901 / (start * 0.258 * 0.921)  # preselection, classifier
    assert computed * 1811.243 / 763695.1 == pytest.approx(1.48, abs=0.03)
    # In the middle, in ln m, half of the difference is left.
    halfway = events("dark-trident", np.sqrt(0.01 * 0.05)) * share
    assert 763695.1 > halfway > 1811.243


@pytest.mark.parametrize("mass", HEAVY)
def test_printed_yields_of_heavy_dark_matter(mass: float) -> None:
    expected = prepare(load(SEARCH), "dark-trident-heavy", mass).yields([1e-6])[0].events[0]
    assert expected[:5].sum() == pytest.approx(1.1 * HEAVY[mass], rel=1e-5)
    np.testing.assert_allclose(expected[5:], 1811.243 / 719.799 * expected[:5], rtol=1e-5)


def test_bins_of_heavy_dark_matter_are_those_printed(shared: Path) -> None:
    """All 19 masses, bin by bin, and the scan is at these masses."""
    printed = shared / "facts" / "microboone_signal_ratio2p0_run1.csv"
    if not printed.exists():
        pytest.skip(f"{printed.name} is not there: nothing to compare with")
    mass, total, *bins, error, _ = np.loadtxt(printed, delimiter=",", skiprows=1, unpack=True)
    assert masses_of(load(SEARCH), "dark-trident-heavy") == tuple(mass)
    for i, one in enumerate(mass):
        expected = prepare(load(SEARCH), "dark-trident-heavy", float(one)).yields([1e-6])[0]
        np.testing.assert_allclose(expected.events[0, :5], [1.1 * column[i] for column in bins], rtol=1e-6)
        assert expected.events[0, :5].sum() == pytest.approx(
            1.1 * total[i], rel=1e-5
        )  # bins have eight digits or decimals
        np.testing.assert_allclose(expected.relative["signal-shape"][0], np.hypot(0.18, error[i] / 100), rtol=1e-4)


def test_scaling() -> None:
    """Events ∝ ε⁴ α_D³; the coupling is ε²."""
    search = load(SEARCH)
    for hypothesis in ("dark-trident", "dark-trident-heavy"):
        found = prepare(search, hypothesis, 0.05).yields([1e-7, 2e-7])[0].events
        assert found[1] == pytest.approx(4 * found[0])
        strong = prepare(search.with_values({"alpha_d": 1.0}), hypothesis, 0.05).yields([1e-7])[0].events
        assert strong[0] == pytest.approx(1000 * found[0])


def test_heavy_dark_matter_between_its_masses(tmp_path: Path) -> None:
    """With every second mass left out the others come back within the fluctuations of their simulation, over nine orders of magnitude."""
    folder = tmp_path / SEARCH
    folder.mkdir()
    for file in load(SEARCH).path.parent.glob("*"):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    table = folder / "signal_heavy.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("mass_gev")) + 1
    table.write_text("\n".join(lines[:start] + lines[start::2]) + "\n", encoding="utf-8")
    left_out = [float(line.split(",")[0]) for line in lines[start + 1 :: 2]]
    assert len(left_out) == 9
    thinned = load(folder)
    ratios = [
        prepare(thinned, "dark-trident-heavy", mass).events([1e-6])[0] / 1.1 / events("dark-trident-heavy", mass)
        for mass in left_out
    ]
    assert np.std(np.log(ratios)) < 0.2
    assert np.abs(np.log(ratios)).max() < 0.4


def test_yields_fall_with_the_mass_and_have_no_steps() -> None:
    for hypothesis, last in (("dark-trident", 0.4), ("dark-trident-heavy", 0.12)):
        masses = np.geomspace(0.01, last, 60)
        found = np.log([events(hypothesis, float(mass)) for mass in masses])
        assert np.all(np.diff(found) < 0)
        assert np.abs(np.diff(found, 2)).max() < 0.6


def test_shape_uncertainty_is_two_in_quadrature() -> None:
    """18 % of the detector and that of the cross-section: 1.2 % at 10, 9 % at 90, 30 % at 400 MeV; 12.6 % at 100 MeV for heavy χ."""
    search = load(SEARCH)
    light = [("dark-trident", mass, size) for mass, size in ((0.05, 0.051), (0.01, 0.012), (0.09, 0.09), (0.4, 0.3))]
    for hypothesis, mass, size in (*light, ("dark-trident-heavy", 0.1, 0.12594)):
        expected = prepare(search, hypothesis, mass).yields([1e-7, 1e-6])[0]
        assert not expected.correlated
        expected_size = np.full(expected.events.shape, np.hypot(0.18, size))
        assert expected.relative["signal-shape"] == pytest.approx(expected_size, rel=1e-5)


def test_shape_is_kept_above_the_last_that_is_measured() -> None:
    search = load(SEARCH)
    fractions = [
        (found := prepare(search, "dark-trident", mass).yields([1e-6])[0].events[0]) / found.sum()
        for mass in (0.01, 0.02, 0.05, 0.3)
    ]
    np.testing.assert_allclose(fractions[3], fractions[2], rtol=1e-6)
    assert np.all((fractions[1] - fractions[0]) * (fractions[1] - fractions[2]) <= 0)


def test_what_is_assumed_can_be_set() -> None:
    """Less η: less where only η can; a slower fall of the efficiency: more, above 100 MeV only; Run 3 at will."""
    assert events("dark-trident", 0.2, eta_per_pi0=0.0527) < 0.8 * events("dark-trident", 0.2)
    assert events("dark-trident", 0.2, preselection_fall=0.0) == pytest.approx(2**0.4 * events("dark-trident", 0.2))
    assert events("dark-trident", 0.08, preselection_fall=0.0) == events("dark-trident", 0.08)
    without = events("dark-trident-heavy", 0.05, run3_over_run1=1.0)
    assert without == pytest.approx(2 / 3.51632 * events("dark-trident-heavy", 0.05))


def test_only_electron_pairs_are_seen() -> None:
    """At 0.3 GeV half of the A′ decay to e⁺e⁻: the fall across 2 m_μ is steeper than that of what is produced."""
    table = load(SEARCH).table("rates.csv")
    rows = table["mass_ratio"] == 0.6
    rate = table["pi0_sibyll"][rows] + 0.0857 * table["eta_sibyll"][rows]
    produced = np.exp(np.interp(np.log([0.2, 0.3]), np.log(table["mass_gev"][rows]), np.log(rate)))
    seen = [events("dark-trident", mass, preselection_fall=0.0) for mass in (0.2, 0.3)]
    # 1/(1 + (1 + 2r) √(1 − 4r)), r = m_μ²/m², and a few per cent of pions.
    assert (seen[1] / seen[0]) / (produced[1] / produced[0]) / (0.867 / 0.9) == pytest.approx(0.53, abs=0.03)


@pytest.mark.parametrize("coupling", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_coupling(coupling: float) -> None:
    with pytest.raises(InputError, match="coupling"):
        prepare(load(SEARCH), "dark-trident", 0.05).events([coupling])


def test_refusals() -> None:
    search = load(SEARCH)
    with pytest.raises(LimitsError, match="hypothesis"):
        SIGNALS["template"](search, search.channels[0], "mesogenesis", 0.05)
    for hypothesis, mass in (("dark-trident", 0.009), ("dark-trident", 0.41), ("dark-trident-heavy", 0.13)):
        with pytest.raises(InputError, match="mass"):
            prepare(search, hypothesis, mass)
    with pytest.raises(InputError, match="eta_per_pi0"):
        prepare(search.with_values({"eta_per_pi0": 0.0}), "dark-trident", 0.05)
