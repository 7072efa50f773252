"""The searches for dark baryons as a recast: limits by hand, what is compared, tables that are dropped in, the plane with its curves."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from limits.combine import combined
from limits.errors import InputError
from limits.grid import masses_of
from limits.landscape.theory import bands
from limits.physics import psid
from limits.recast import recast
from limits.reproduce import variants
from limits.reproduce.rows import rows
from limits.scan import run_scan
from limits.search import Search, load

MODES = ("p", "lambda", "lambdac")
MESONS = {"p": 454.3e6, "lambda": 430.1e6, "lambdac": 492.0e6}
NONE_SEEN = {"mixed": 2.3026, "cls-exact": 2.3026, "bayes": 2.3026, "profile": 1.3528}
"""Events excluded at 90 % where there are none and no background: ln 10, and half of the quantile 2.7055 of χ²."""


def limit(search: Search, mass: float, method: str = "cls-exact") -> float:
    found = run_scan(search, masses=[mass], method=method).points[0].observed_limit
    assert found is not None
    return found


def clean(search: Search) -> Search:
    return search.with_values({"observed": 0, "background": 0, "efficiency_uncertainty": 0})


def efficiency(search: Search, mass: float) -> float:
    """By hand, from what the file says; 95.45 % of a peak lie within two standard deviations."""
    keys = [key for key in ("tag_efficiency", "visible_fraction", "efficiency") if key in search.quantities]
    table = search.table("response.csv")
    inside = np.interp(mass, table["mass_gev"], table["acceptance"])
    return float(np.prod([search.value(key) for key in keys]) * inside * 0.9545)


# --- limits ---


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("method", NONE_SEEN)
def test_limit_without_events_and_background(mode: str, method: str) -> None:
    search = clean(load(f"babar-psid-{mode}"))
    expected = NONE_SEEN[method] / (MESONS[mode] * efficiency(search, 2.0))
    assert limit(search, 2.0, method) == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize("mode", MODES)
def test_limit_on_the_effective_coupling(mode: str) -> None:
    """That on the exclusive branching fraction B, by hand: 1e-3 [(m_B − m_ψ)/2 GeV]⁴ [g/(0.53/TeV)²]² times the exclusive share is B."""
    search = load(f"babar-psid-{mode}")
    found = run_scan(recast(search, "mesogenesis-coupling"), "mesogenesis-coupling", masses=[2.0]).points[0]
    share = float(psid.exclusive_fraction(mode, 2.0))
    inclusive = 1e-3 * ((5.27934 - 2.0) / 2.0) ** 4
    by_hand = 0.53e-3**2 * np.sqrt(limit(search, 2.0) / share / inclusive)
    assert found.observed_limit == pytest.approx(by_hand, rel=1e-4)
    assert 1e-8 < by_hand < 1e-7  # scalars of 3 to 10 TeV for y = 1


def test_form_factors_change_what_the_limit_on_the_proton_says() -> None:
    """By phase space the inclusive fraction at the limit is below the 1e-4 that baryons need, by the larger of two shares it is 3e-3."""
    inclusive = {}
    for hypothesis in ("mesogenesis-coupling", "mesogenesis-coupling-form-factor"):
        scan = run_scan(recast(load("babar-psid-p"), hypothesis), hypothesis, masses=[2.0])
        inclusive[hypothesis] = float(psid.branching_from_effective_coupling(scan.points[0].observed_limit or 0, 2.0))
    by_phase_space, by_form_factors = inclusive.values()
    assert by_phase_space < psid.LEAST_INCLUSIVE < by_form_factors
    assert by_form_factors == pytest.approx(limit(load("babar-psid-p"), 2.0) / 1e-3, rel=1e-4)
    other = recast(load("babar-psid-lambda"), "mesogenesis-coupling-form-factor")
    with pytest.raises(InputError, match="for B⁺ → p ψ_D only"):
        run_scan(other, "mesogenesis-coupling-form-factor", masses=[2.0])


def test_couplings_of_different_operators_are_not_combined() -> None:
    with pytest.raises(InputError, match="by another operator"):
        combined([load("babar-psid-p"), load("babar-psid-lambda")], "mesogenesis-coupling")


@pytest.mark.parametrize(
    ("mode", "branching", "needed"), [("p", 1e-6, 0.0051), ("p", 1e-7, 0.051), ("lambda", 1.3e-6, 0.0041)]
)
def test_efficiency_that_a_published_limit_needs(mode: str, branching: float, needed: float) -> None:
    """2.3026/(N B), two digits; the Λ_c, three in 1e5 at 1.6e-4, below."""
    search = clean(load(f"babar-psid-{mode}"))
    scale = limit(search, 2.0) / branching
    assert efficiency(search, 2.0) * scale == pytest.approx(needed, rel=0.012)


def test_efficiency_that_the_limit_on_charmed_baryons_needs() -> None:
    search = clean(load("babar-psid-lambdac"))
    assert efficiency(search, 2.0) * limit(search, 2.0) / 1.6e-4 == pytest.approx(2.9e-5, rel=0.012)


def test_no_event_makes_the_background_irrelevant_except_for_mixed_limits() -> None:
    search = load("babar-psid-p").with_values({"efficiency_uncertainty": 0, "observed": 0})
    none = search.with_values({"background": 0})
    for method in ("cls-exact", "profile"):
        assert limit(search, 1.5, method) == pytest.approx(limit(none, 1.5, method), rel=1e-3)
    assert limit(search, 1.5, "mixed") < 0.8 * limit(none, 1.5, "mixed")


def test_uncertainty_of_the_efficiency() -> None:
    """A mixed limit with 10 % on the efficiency is 2.3297 events (Gaussian; a lognormal makes a little less of it)."""
    search = load("babar-psid-p").with_values({"background": 0, "observed": 0})
    ratio = limit(search, 2.0, "mixed") / limit(clean(search), 2.0, "mixed")
    assert 1.002 < ratio < 2.3297 / 2.3026 + 1e-3


def test_events_and_background_follow_the_window() -> None:
    """Two standard deviations to both sides, 41 events in 3.2 GeV."""
    search = load("babar-psid-lambda").with_values({"efficiency_uncertainty": 0})
    table = search.table("response.csv")
    widths = table["resolution_gev"]
    assert 41 * 4 * np.interp(1.0, table["mass_gev"], widths) / 3.2 == pytest.approx(3.75, abs=0.1)
    # Two events, b = 2 and known to 16 %: 3.877 by exact CLs with a background that is known.
    mass = float(np.interp(-2.0, -41 * 4 * widths / 3.2, table["mass_gev"]))
    per_event = limit(clean(search), mass) / 2.3026
    assert limit(search, mass) / per_event == pytest.approx(3.877, rel=0.01)


# --- the searches as they are ---


@pytest.mark.parametrize("mode", MODES)
def test_it_is_a_recast_and_says_why(mode: str) -> None:
    search = load(f"babar-psid-{mode}")
    scan = run_scan(search, masses=[2.0])
    assert scan.label == "recast"
    assert search.recast is not None
    assert "not public" in search.recast
    assert not search.is_calibratable
    kinds = {key: search.quantity(key).kind for key in ("observed", "background", "tag_efficiency", "efficiency")}
    assert set(kinds.values()) == {"assumption"}


def test_rows_of_the_table() -> None:
    """The abstract's 1.6e-4, to a factor that nothing was tuned for: the selection is not public."""
    first, *others = variants(load("babar-psid-lambdac"))
    assert [variant.method for variant in (first, *others)] == ["cls-exact", "profile", "mixed"]
    scan = run_scan(first.search, method=first.method)
    (row,) = rows(first, scan, lambda: None)
    assert (row.quantity, row.published, row.label) == ("highest observed limit, B", 1.6e-4, "recast")
    assert 0.1 < (row.ratio or 0) < 10


@pytest.mark.parametrize(("mode", "lowest", "highest"), [("p", 1e-6, 1e-5), ("lambda", 1.3e-6, 5.2e-5)])
def test_limits_are_of_the_order_of_those_published(mode: str, lowest: float, highest: float) -> None:
    """To factors, at both ends; of the two lowest limits on B⁺ → pψ_D that are stated the larger one."""
    search = load(f"babar-psid-{mode}")
    assert {lowest, highest} <= {comparison.value for comparison in search.published("mesogenesis")}
    assert lowest < limit(search, 1.0) < 20 * lowest
    low, high = search.hypothesis().masses_gev or (0, 0)
    assert highest / 10 < limit(search, high) < 10 * highest
    assert limit(search, low) < limit(search, high)


# --- tables that become public ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(load("babar-psid-p").path.parent, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_table_takes_the_place_of_the_assumptions(folder: Path) -> None:
    table = "# made up\nmass_gev,observed,background,background_error,efficiency\n1.5,0,0,0,0.002\n2.0,1,0,0,0.002\n2.5,3,1,0,0.004\n"
    (folder / "per-mass.csv").write_text(table)
    search = load(folder).with_values({"efficiency_uncertainty": 0})
    assert masses_of(search) == (1.5, 2.0, 2.5)
    scan = run_scan(search, method="cls-exact")
    # 90 % limits with 0, 1 and 3 events over 0, 0 and 1: Poisson sums.
    expected = [2.3026 / 0.002, 3.8897 / 0.002, 5.7115 / 0.004]
    assert [point.observed_limit for point in scan.points] == pytest.approx(np.array(expected) / 454.3e6, rel=3e-4)
    assert limit(search, 2.2) == pytest.approx(
        3.8897 / 0.0028 / 454.3e6, rel=0.25
    )  # between rows: the count of the nearest


def test_show_says_whether_there_is_a_table(folder: Path) -> None:
    from click.testing import CliRunner

    from limits.cli import main

    assert "no per-mass.csv in the folder" in CliRunner().invoke(main, ["show", str(folder)]).stdout.replace("\n", " ")
    (folder / "per-mass.csv").write_text("mass_gev,observed,efficiency\n1.0,0,0.001\n4.0,1,0.004\n")
    shown = " ".join(CliRunner().invoke(main, ["show", str(folder)]).stdout.split())
    assert "per-mass.csv takes the place of the numbers at each mass: observed, efficiency" in shown


def test_a_background_error_as_large_as_the_background(folder: Path) -> None:
    """An auxiliary count of one event, where no Gamma density is wide enough."""
    table = "mass_gev,observed,background,background_error,efficiency\n1.0,0,0.5,0.5,0.002\n4.0,0,0.5,0.6,0.002\n"
    (folder / "per-mass.csv").write_text(table)
    search = load(folder).with_values({"efficiency_uncertainty": 0})
    assert limit(search, 1.0) == pytest.approx(2.3026 / 0.002 / 454.3e6, rel=3e-4)


def test_a_table_of_efficiencies_alone(folder: Path) -> None:
    """Counts and background stay as they are assumed; nothing else multiplies the efficiency."""
    (folder / "per-mass.csv").write_text("# made up\nmass_gev,efficiency\n1.0,0.001\n4.0,0.004\n")
    search = load(folder)
    assert limit(clean(search), 2.5) == pytest.approx(2.3026 / 0.0025 / 454.3e6, rel=3e-4)
    changed = search.with_values({"tag_efficiency": 0.002, "efficiency": 0.9})
    assert limit(clean(changed), 2.5) == pytest.approx(limit(clean(search), 2.5))


# --- the plane ---


def test_curves_of_theory() -> None:
    found = {curve.label: curve for curve in bands("mesogenesis", 0.94, 4.3)}
    assert len(found) == 4
    line = found["B⁺ → p ψ_D needed, phase space"]
    assert 2e-6 < line.low[0] < 3e-6
    assert line.low[-1] == pytest.approx(1e-4)
    assert found["B⁰ → Λ ψ_D needed, phase space"].masses[-1] == pytest.approx(4.164, abs=1e-3)
    assert found["B⁺ → Λ_c⁺ ψ_D needed, phase space"].masses[-1] == pytest.approx(2.993, abs=1e-3)
    band = found["B⁺ → p ψ_D needed, form factors"]
    assert band.high is not None
    assert (band.low[0], band.high[0]) == pytest.approx((1e-8, 1e-7))
    assert "do not exclude" in band.note
    assert "one decay only" in line.note


def test_curves_end_with_the_masses_shown() -> None:
    found = list(bands("mesogenesis", 3.2, 3.8))
    assert [curve.label for curve in found if "Λ_c" in curve.label] == []
    assert {curve.masses[0] for curve in found} == {3.2}
    assert {curve.masses[-1] for curve in found} == {3.8}


def test_phase_space_and_form_factors_disagree_about_what_is_excluded() -> None:
    """The recast limit on B⁺ → pψ_D lies below what phase space asks for at 3 GeV, and above what form factors do."""
    found = {curve.label: curve for curve in bands("mesogenesis", 0.94, 4.3)}
    line, band = found["B⁺ → p ψ_D needed, phase space"], found["B⁺ → p ψ_D needed, form factors"]
    assert band.high is not None
    assert band.high[0] < limit(load("babar-psid-p"), 3.0) < np.interp(3.0, line.masses, line.low)
