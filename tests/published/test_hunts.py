"""Hunts for a peak against published limits: predictions, nothing in them was fitted to what they are compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from limits.comparison import read_curve, residuals
from limits.errors import MissingExtra
from limits.hunt.masses import published_masses, spectrum_channel
from limits.report import reproduction_text
from limits.reproduce import variants
from limits.scan import Hunting, Scan, run_scan
from limits.search import Search, load


@pytest.mark.slow
def test_diphoton_limit_above_1_1_gev_within_15_percent_in_the_median(published: Path) -> None:
    """Observed limit of a simulated sample over the observed one: both fluctuate, the median of 350 masses does so little."""
    search = load("bes3-alp")
    masses = [mass for mass in published_masses(search, search.hypothesis())[::5] if mass >= 1.1]
    scan = run_scan(search, masses=masses).of_rate()
    (facts,) = (curve for curve in search.curves if curve.masses_gev == (1.1, 2.85))
    curve = read_curve(facts, published)
    assert curve is not None
    (found,) = residuals(scan, curve, (), facts.masses_gev)
    assert found.n > 300
    assert found.median == pytest.approx(1, abs=0.15)


@pytest.mark.slow
def test_four_muons_at_babar_within_30_percent_of_the_smoothed_curve(published: Path) -> None:
    """Expected coupling over the median of the published limits within 10 % in mass, 0.3 to 6 GeV."""
    search = load("babar-zprime-4mu")
    (facts,) = search.curves
    curve = read_curve(facts, published)
    assert curve is not None
    masses = [m for m in np.geomspace(0.3, 6, 40).tolist() if not (3.067 < m < 3.127 or 3.656 < m < 3.716)]
    scan = run_scan(search, masses=masses, hunting=Hunting(toys=300))
    ratios = np.array(
        [
            (point.expected_limit[2] or np.nan)
            / np.exp(np.nanmedian(np.log(curve.lower[np.abs(np.log(curve.mass / point.mass_gev)) < 0.1])))
            for point in scan.points
        ]
    )
    assert np.all(np.abs(np.log(ratios)) < np.log(1.3)), ratios
    assert np.median(ratios) == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_what_the_network_gains() -> None:
    """Without the network the expected coupling is 10 to 50 % weaker; a fit to all bins of it is a little better than the cut."""
    search = load("belle2-4mu")
    masses = [0.5, 2.0, 5.0]

    def expected(treatment: str) -> np.ndarray:
        scan = run_scan(search, masses=masses, hunting=Hunting(toys=300, treatment=treatment))
        return np.array([point.expected_limit[2] for point in scan.points], dtype=float)

    cut, fitted, none = (expected(treatment) for treatment in ("cut", "binned", "none"))
    assert np.all((none / cut > 1.05) & (none / cut < 1.6)), none / cut
    assert np.all((fitted / cut > 0.85) & (fitted / cut < 1.03)), fitted / cut


def test_what_needs_an_extra_is_left_out_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    import limits.reproduce as module

    done = module.run_scan

    def without_numba(search: Search, *args: object, **options: object) -> Scan:
        if spectrum_channel(search) is not None:
            raise MissingExtra("compiled fits need numba")
        return done(search, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "run_scan", without_numba)
    monkeypatch.setattr(module, "names", lambda: ("babar-zprime-4mu", "microboone-trident"))
    found = module.reproduce()
    assert found.left_out == {"babar-zprime-4mu": "compiled fits need numba"}
    assert {row.search for row in found.rows} == {"microboone-trident"}
    assert found.status == "partial"
    assert "babar-zprime-4mu: left out: compiled fits need numba" in reproduction_text(found)
    with pytest.raises(MissingExtra):
        module.reproduce(("babar-zprime-4mu",))


def test_extremes_of_masses_that_were_calibrated_to_are_no_reproduction() -> None:
    predicted, calibrated = variants(load("bes3-alp"))
    assert (predicted.search.calibrated_keys, calibrated.search.calibrated_keys) == ((), ("photon_energy_minimum_gev",))
    assert {comparison.edge for comparison in predicted.comparisons} == {"lowest", "highest"}
    assert calibrated.comparisons == ()
