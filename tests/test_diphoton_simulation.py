"""The simulation of three photons at the J/ψ: its parts against exact results, and the shipped tables against a small run of it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from limits.search.tables import read_table

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPTS = REPOSITORY / "scripts"
TABLES = REPOSITORY / "limits" / "searches" / "bes3-alp"

sys.path.append(str(SCRIPTS))  # the scripts are not installed
annihilation, detector, fit, observe, photons, processes, response, selection, smoothing = (
    import_module(f"diphoton.{name}")
    for name in (
        *("annihilation", "detector", "fit", "observe", "photons"),
        *("processes", "response", "selection", "smoothing"),
    )
)

LUMINOSITY = 3083.0
CANDIDATES = 600_000
SPREAD_OF_MEAN = 4 * 3**0.5  # four standard deviations; the three entries of an event rise and fall together


@pytest.fixture(scope="module")
def candidates():
    return annihilation.candidates(CANDIDATES, np.random.default_rng(4), softest=0.024)


def in_acceptance(events, barrel_only=False):
    cosine, energy = np.abs(np.cos(events.photons.theta)), events.photons.energy
    barrel = (cosine < 0.80) & (energy > 0.025)
    endcap = (cosine > 0.86) & (cosine < 0.92) & (energy > 0.050)
    return np.all(barrel if barrel_only else barrel | endcap, axis=0)


@pytest.fixture(scope="module")
def decays():
    rng = np.random.default_rng(8)
    true = processes.radiative(np.full(20_000, 1.2), rng)
    return true, observe.observe(true, rng)


# --- annihilation ---


@pytest.mark.parametrize(("barrel_only", "expected"), [(False, 1058.0), (True, 677.0)])
def test_cross_section_in_the_acceptance(candidates, barrel_only, expected) -> None:
    # Numbers of an independent calculation, with an error of 0.1 %.
    weight = candidates.weight[in_acceptance(candidates, barrel_only)]
    error = np.hypot(np.sqrt(np.sum(weight**2)), 1.0)
    assert abs(weight.sum() - expected) < 3.5 * error
    assert error < 0.005 * expected


def test_density_of_all_pairs(candidates) -> None:
    # Entries per MeV in 3083 pb⁻¹ for an efficiency of 1, of an independent calculation.
    centres = np.array([0.25, 0.55, 0.75, 1.15, 1.45, 1.75, 2.05, 2.35, 2.65, 2.75])
    expected = np.array([5679, 6386, 4334, 2316, 1591, 1185, 1037, 1183, 1858, 2365])
    kept = in_acceptance(candidates)
    masses = selection.pair_masses(candidates.photons.keep(kept))
    weight = np.broadcast_to(candidates.weight[kept] * LUMINOSITY, masses.shape)
    for centre, value in zip(centres, expected, strict=True):
        near = np.abs(masses - centre) < 0.01
        found, error = weight[near].sum() / 20, np.sqrt(np.sum(weight[near] ** 2)) / 20
        assert abs(found - value) < 4 * np.hypot(error, 0.015 * value), centre


def test_spectrum_of_an_independent_calculation(candidates, shared) -> None:
    path = shared / "facts" / "eegg_spectrum_20MeV.csv"
    if not path.exists():
        pytest.skip("no table to compare with")
    low, high, *columns = np.loadtxt(path, delimiter=",").T
    for barrel_only, (expected, known) in zip((False, True), (columns[:2], columns[2:]), strict=True):
        kept = in_acceptance(candidates, barrel_only)
        masses = selection.pair_masses(candidates.photons.keep(kept))
        edges = np.append(low, high[-1])
        weight = np.broadcast_to(candidates.weight[kept] / 1000, masses.shape).ravel()
        found, squares = (np.histogram(masses.ravel(), edges, weights=w)[0] for w in (weight, weight**2))
        used = (low >= 0.1) & (high <= 3.0)
        pull = (found - expected)[used] / np.sqrt((squares + known**2)[used])
        assert 0.7 < np.mean(pull**2) < 1.35
        assert abs(np.mean(pull)) < SPREAD_OF_MEAN / np.sqrt(used.sum())


def test_equal_weights_keep_the_cross_section(candidates) -> None:
    rng = np.random.default_rng(6)
    events = annihilation.unweighted(candidates, CANDIDATES, rng)
    error = np.sqrt(np.sum(events.weight**2))
    assert abs(events.weight.sum() - candidates.weight.sum()) < 4 * error
    assert np.all(events.weight >= annihilation.HEAVIEST / CANDIDATES)


def test_momentum_is_conserved(candidates) -> None:
    total = photons.momenta(candidates.photons).sum(axis=1)
    assert np.allclose(total[0], photons.collision_energy(), rtol=1e-12)
    assert np.max(np.abs(total[1:])) < 1e-12


# --- decays ---


def test_recoil_photon_is_transverse_and_masses_are_right(decays) -> None:
    true, _ = decays
    cosine = np.cos(true.theta[0])
    # ⟨c²⟩ and ⟨c⁴⟩ of 3(1 + c²)/8.
    assert np.mean(cosine**2) == pytest.approx(2 / 5, abs=4 * np.sqrt(9 / 35 / len(cosine)))
    assert np.mean(cosine) == pytest.approx(0, abs=4 * np.sqrt(2 / 5 / len(cosine)))
    assert np.allclose(selection.pair_masses(true)[response.TRUE_PAIR], 1.2, rtol=1e-9)
    # The energy of a photon from an isotropic decay is uniform.
    energy = true.energy[1]
    assert stats.kstest((energy - energy.min()) / np.ptp(energy), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("process", processes.PROCESSES, ids=lambda one: one.name)
def test_every_decay_conserves_momentum(process) -> None:
    true = process.generate(1000, np.random.default_rng(3))
    total = photons.momenta(true).sum(axis=1)
    assert np.allclose(total[0], photons.collision_energy(), rtol=1e-9)
    assert np.max(np.abs(total[1:])) < 1e-9


def test_direct_decay_is_that_of_orthopositronium() -> None:
    # Mean of x² over Σ((1 − x₁)/(x₂x₃))², by quadrature on a triangle.
    n = 800
    grid = (np.arange(n) + 0.5) / n
    x1, x2 = np.meshgrid(grid, grid)
    x3 = 2 - x1 - x2
    inside = x3 < 1
    x = np.stack([x1, x2, x3])[:, inside]
    weight = np.sum(((1 - x) * x / np.prod(x, axis=0)) ** 2, axis=0)
    expected = np.sum(weight * np.mean(x**2, axis=0)) / weight.sum()
    true = processes.direct(40_000, np.random.default_rng(5))
    square = np.mean((true.energy * 2 / photons.collision_energy()) ** 2, axis=0)
    assert abs(square.mean() - expected) < 5 * square.std() / np.sqrt(len(square)) + 1e-4


# --- detector and fit ---


def test_resolution_at_one_gev() -> None:
    theta = np.arccos(np.array([[0.0], [0.9]]))
    error = detector.resolutions(photons.Photons(np.ones((2, 1)), theta, np.zeros((2, 1))))
    assert error.energy.ravel() == pytest.approx([0.025, 0.050], rel=0.01)
    # 6 mm at 94 cm; 9 mm at 138 cm/0.9.
    assert error.theta.ravel() == pytest.approx([0.006 / 0.94, 0.009 / (1.38 / 0.9)], rel=1e-9)


def test_fit_conserves_momentum_and_chi2_has_four_degrees_of_freedom() -> None:
    rng = np.random.default_rng(12)
    true = processes.radiative(np.full(20_000, 1.5), rng)
    true = true.keep(np.all((np.abs(np.cos(true.theta)) < 0.8) & (true.energy > 0.3), axis=0))
    errors = detector.resolutions(true)
    measured = photons.Photons(*(v + s * rng.standard_normal(v.shape) for v, s in zip(true, errors, strict=True)))
    found = fit.fit(detector.Measured(measured, errors))
    total = photons.momenta(found.photons).sum(axis=1)
    assert np.max(np.abs(total[1:])) < 1e-9
    assert np.max(np.abs(total[0] - photons.collision_energy())) < 1e-9
    assert np.max(found.missing) < 1e-9
    assert stats.kstest(found.chi2, stats.chi2(4).cdf).pvalue > 1e-3
    assert found.chi2.mean() == pytest.approx(4, abs=0.1)


def test_fit_is_the_minimum() -> None:
    # χ² of the fitted photons from the definition, and no direction along the constraints in which it falls.
    rng = np.random.default_rng(13)
    measured = detector.measure(processes.radiative(np.full(200, 1.0), rng), rng)
    kept = np.all(detector.seen(measured.photons), axis=0)
    measured = detector.Measured(measured.photons.keep(kept), measured.errors.keep(kept))
    found = fit.fit(measured)
    pull = (np.stack(measured.photons) - np.stack(found.photons)) / np.stack(measured.errors)
    assert np.sum(pull**2, axis=(0, 1)) == pytest.approx(found.chi2, rel=1e-6)
    step = 1e-6 * rng.standard_normal(pull.shape)
    moved = photons.Photons(*(np.stack(found.photons) + step))
    again = fit.fit(detector.Measured(moved, measured.errors)).photons  # back to the constraints
    other = (np.stack(measured.photons) - np.stack(again)) / np.stack(measured.errors)
    assert np.all(np.sum(other**2, axis=(0, 1)) > found.chi2 * (1 - 1e-7))


def test_fit_improves_the_mass(decays) -> None:
    _, (found, _) = decays
    squares = np.sum(selection.pair_masses(found.photons) ** 2, axis=0)
    assert np.allclose(squares, photons.collision_energy() ** 2, rtol=1e-8)
    mass = selection.pair_masses(found.photons)[response.TRUE_PAIR]
    low, high = np.quantile(mass, [0.16, 0.84])
    assert 0.006 < (high - low) / 2 < 0.015


def test_pair_masses_are_those_of_momenta(candidates) -> None:
    some = photons.Photons(*(column[:, :1000] for column in candidates.photons))
    p = photons.momenta(some)
    for (i, j), mass in zip(selection.PAIRS, selection.pair_masses(some), strict=True):
        square = (p[0, i] + p[0, j]) ** 2 - np.sum((p[1:, i] + p[1:, j]) ** 2, axis=0)
        assert mass**2 == pytest.approx(square, rel=1e-7, abs=1e-10)


def test_cuts(decays) -> None:
    _, (found, _) = decays
    energy = np.sort(found.photons.energy, axis=0)
    tight = selection.Selection(0.2, first_third=1.0, second_third=0.7)
    kept = selection.passes(tight, found)
    assert 0 < kept.sum() < len(kept)
    assert energy[0, kept].min() > 0.2
    assert np.max(energy[2] - energy[0], where=kept, initial=0) < 1.0
    assert np.max(energy[1] - energy[0], where=kept, initial=0) < 0.7
    masses = np.array([[0.2, 0.2, 0.95], [0.2, 0.53, 1.0], [2.0, 2.0, 2.0]])
    assert selection.free_of_vetoes(masses).tolist() == [True, False, False]


# --- smoothing ---


def test_smoothing_finds_the_density() -> None:
    rng = np.random.default_rng(21)
    one = selection.Selection(0.1)
    middle = (observe.EDGES[1:] + observe.EDGES[:-1]) / 2
    true = 4e4 * np.exp(-middle) * (1 + 0.3 * np.sin(3 * middle))
    for low, high in selection.VETOES:
        true[(middle > low) & (middle < high)] = 0
    counts = rng.poisson(true).astype(float)
    found = smoothing.smooth(2 * counts, 4 * counts, one, smoothing.Knots(100, ((3.0, 0.06),)))
    assert np.all(found.contents[true == 0] == 0)
    assert 0.8 < found.chi2 / found.freedom < 1.2
    used = true > 0
    raw, smooth = ((x[used] / 2 - true[used]) / np.sqrt(true[used]) for x in (2 * counts, found.contents))
    assert np.std(smooth) < 0.6 * np.std(raw)


# --- tables ---


def test_tables_are_as_promised() -> None:
    spectra, peaks = read_table(TABLES / "spectrum.csv"), read_table(TABLES / "response.csv")
    assert (TABLES / "spectrum.csv").stat().st_size < 150_000
    for table in (spectra, peaks):
        assert sorted(set(table["photon_energy_minimum_gev"])) == [0.025, 0.1, 0.2, 0.3]
    assert np.all(spectra["high_gev"] > spectra["low_gev"])
    assert np.min(spectra["qed"]) == 0
    wide = (peaks["mass_gev"] > 0.17) & (peaks["mass_gev"] < 2.75)
    assert np.all((peaks["sigma_gev"][wide] > 0.006) & (peaks["sigma_gev"][wide] < 0.015))
    assert np.all(np.abs(peaks["mean_shift_gev"][wide]) < 0.001)


def test_smooth_spectrum_agrees_with_the_simulated_one() -> None:
    # Of all entries that were simulated, as the header says it for each selection.
    found = re.search(r"by selection: qed ([0-9/, ]+);", (TABLES / "spectrum.csv").read_text())
    assert found
    pairs = [[int(number) for number in pair.split("/")] for pair in found[1].split(", ")]
    assert len(pairs) == len(selection.NOMINAL)
    # Twenty times the data: what is beyond 1 per bin is a twentieth of that, in units of the error of the data.
    assert all(0.8 < chi2 / freedom < 1.7 for chi2, freedom in pairs), pairs


def test_shipped_spectrum_is_that_of_a_small_run() -> None:
    table = read_table(TABLES / "spectrum.csv")
    rng, total = np.random.default_rng(31), 300_000
    found = observe.spectra_of(lambda size: processes.annihilation_events(size, rng), total, selection.NOMINAL)
    found.scale(1 / total)
    for row, one in enumerate(selection.NOMINAL):
        shipped = table["qed"][table["photon_energy_minimum_gev"] == one.energy_minimum]
        coarse, squares, expected = (
            x.reshape(-1, 10).sum(axis=1) for x in (found.sums[row], found.squares[row], shipped)
        )
        used = squares > 0
        pull = (coarse - expected)[used] / np.sqrt(squares[used])
        assert np.mean(pull**2) < 1.7
        assert abs(np.mean(pull)) < SPREAD_OF_MEAN / np.sqrt(used.sum())


@pytest.mark.parametrize("mass", [0.3, 2.0])
def test_shipped_response_is_that_of_a_small_run(mass) -> None:
    table = read_table(TABLES / "response.csv")
    made = 20_000
    found = response.response(mass, made, selection.NOMINAL, np.random.default_rng(32))
    for one, peak in zip(selection.NOMINAL, found, strict=True):
        (row,) = np.flatnonzero(
            (table["photon_energy_minimum_gev"] == one.energy_minimum) & (table["mass_gev"] == mass)
        )
        assert peak.efficiency == pytest.approx(table["efficiency"][row], abs=4 * np.sqrt(0.25 / made))
        assert peak.sigma == pytest.approx(table["sigma_gev"][row], rel=0.08)
        assert peak.cruijff_sigma_low == pytest.approx(table["cruijff_sigma_low_gev"][row], rel=0.12)


def test_the_script_wants_enough_events() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPTS / "make_diphoton.py", "--events", "10"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--events must be at least 100000" in done.stderr
