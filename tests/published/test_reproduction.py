"""Every search against its published limit, as far as it is a prediction; and the table that says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from limits.comparison import read_curve, residuals
from limits.grid import masses_of
from limits.reproduce import reproduce, variants
from limits.scan import run_scan
from limits.search import load, names


def test_microboone_within_three_percent_of_the_print() -> None:
    """arXiv:2312.13945, analyst's print at 50 MeV, ratio 0.6: nothing tuned."""
    point = run_scan(load("microboone-trident"), masses=[0.05]).points[0]
    assert point.observed_limit == pytest.approx(1.1683e-7, rel=0.03)
    assert point.expected_limit[2] == pytest.approx(1.1926e-7, rel=0.03)
    bands = [8.25e-8, 9.75e-8, 1.50e-7, 1.89e-7]
    assert [point.expected_limit[i] for i in (0, 1, 3, 4)] == pytest.approx(bands, rel=0.03)


def test_na64mu_events_at_the_limit() -> None:
    """g·√efficiency at 90 % for no event: own table of arXiv:2401.01708's yields, exact CLs without systematics."""
    none = {"cross_section_uncertainty": 0, "form_factor_uncertainty": 0, "muons_on_target_uncertainty": 0}
    search = load("na64mu-zprime").with_values(none)
    table = {0.001: 1.202e-4, 0.05: 1.307e-4, 0.1: 1.563e-4, 0.5: 5.029e-4, 1.0: 1.193e-3, 2.0: 4.06e-3}
    scan = run_scan(search, masses=list(table), method="cls-exact")
    assert [p.observed_limit for p in scan.points] == pytest.approx(list(table.values()), rel=2e-3)
    asymptotic = run_scan(search, masses=[0.1], method="cls").points[0].observed_limit
    assert asymptotic is not None
    assert asymptotic / 1.563e-4 == pytest.approx(np.sqrt(1.436 / 2.3026), rel=2e-3)


def test_na64mu_shape_is_predicted_within_a_fifth(published: Path) -> None:
    """One constant is fitted at 0.1 GeV; the mass dependence over 1 MeV – 2 GeV is computed."""
    search = load("na64mu-zprime")
    curve = read_curve(search.curves[0], published)
    assert curve is not None
    scan = run_scan(search.calibrated(), masses=masses_of(search))
    found = residuals(scan, curve, skip=(0.1,))[0]
    assert found.label == "calibrated"
    assert found.lowest is not None
    assert found.highest is not None
    assert 0.78 < found.lowest < found.highest < 1.15


def test_calibration_makes_its_own_point_exact() -> None:
    search = load("na64mu-zprime")
    point = run_scan(search.calibrated(), masses=[0.1], method="cls-exact").points[0]
    assert point.observed_limit == pytest.approx(5.60e-4, rel=1e-3)


def test_faser_island(published: Path) -> None:
    """Both digitisations, exact CLs with the recalled efficiency: the residuals that the table reports, not tuned away."""
    search = load("faser-aprime")
    scan = run_scan(search, masses=masses_of(search)[::4], couplings=(1e-6, 1e-3, 31))
    for curve in search.curves:
        read = read_curve(curve, published)
        assert read is not None
        lower, upper = residuals(scan, read)
        assert lower.median is not None
        assert upper.median is not None
        assert 1.0 < lower.median < 1.5
        assert 0.75 < upper.median < 1.05


@pytest.mark.slow
def test_calibration_points_are_never_counted() -> None:
    for name in names():
        for variant in variants(load(name)):
            counted = {c.mass_gev for c in variant.comparisons}
            assert not counted & set(variant.search.fitted_masses)
    result = reproduce(["na64mu-zprime"])
    calibrated = [row for row in result.rows if row.label == "calibrated"]
    assert calibrated
    assert all(row.calibrated_to and (row.published is None or row.mass_gev != 0.1) for row in calibrated)
    assert all(row.calibrated_to is None for row in result.rows if row.label == "predicted")


def test_rows_and_groups() -> None:
    calls: list[None] = []
    result = reproduce(["microboone-trident"], advance=lambda: calls.append(None))
    both = ["observed limit, ε²", "expected limit, ε²"]
    found = [(row.hypothesis, row.method, row.quantity) for row in result.rows]
    assert found == [
        *(("dark-trident", method, quantity) for method in ("cls", "cls-toys") for quantity in both),
        ("dark-trident-heavy", "cls", both[0]),  # nothing is published for it: a prediction
    ]
    assert all(row.ratio == pytest.approx(row.computed / row.published) for row in result.rows if row.published)
    from limits.reproduce import steps

    assert len(calls) == steps(["microboone-trident"])
    assert [group.n for group in result.groups()] == [1, 1, 1, 1, 0]
