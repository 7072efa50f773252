"""The simulation of X → μμ among four muons: its parts against numbers by hand, and the shipped tables against a small run of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from limits.errors import InputError
from limits.kernel.linear.shapes import CrystalBall
from limits.search.tables import read_table
from limits.units import mass as particle_mass

REPOSITORY = Path(__file__).resolve().parents[1]
SEARCHES = REPOSITORY / "limits" / "searches"
SQRT_S = 10.58
MUON = particle_mass("mu-")
PARTS = range(1, 6)
NAMES = ("nn1", "nn2", "nn3", "nn4")
KINDS = {"lmu-ltau": "vector", "muonphilic-scalar": "scalar"}
TABLES = [("belle2-4mu", "lmu-ltau"), ("belle2-4mu", "muonphilic-scalar"), ("babar-zprime-4mu", "lmu-ltau")]

sys.path.append(str(REPOSITORY / "scripts"))  # the scripts are not installed
detector, network, response, samples, signal, spectrum = (
    import_module(f"fourmuon.{name}") for name in ("detector", "network", "response", "samples", "signal", "spectrum")
)
EXPERIMENTS = {"belle2-4mu": detector.BELLE2, "babar-zprime-4mu": detector.BABAR}


def back_to_back(first: float, second: float) -> np.ndarray:
    """Two pairs, each at rest, of these momenta; the second along y."""
    one, two = np.hypot(first, MUON), np.hypot(second, MUON)
    return np.array([[[one, first, 0, 0], [one, -first, 0, 0], [two, 0, second, 0], [two, 0, -second, 0]]])


def from_laboratory(transverse: float, degrees: float, boost: float) -> np.ndarray:
    """A muon of this pT and angle in the laboratory, as it is where the beams have opposite momenta."""
    along = transverse / np.tan(np.radians(degrees))
    energy = np.sqrt(transverse**2 + along**2 + MUON**2)
    gamma = np.hypot(1.0, boost)
    return np.array([gamma * energy - boost * along, transverse, 0.0, gamma * along - boost * energy])


def half_width(values: np.ndarray, weights: np.ndarray) -> float:
    """Half of the interval with 68.3 % in the middle."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    low, high = np.interp([0.1587, 0.8413], below, values[order])
    return float(high - low) / 2.0


def tabled(search: str, name: str) -> dict[str, np.ndarray]:
    return read_table(SEARCHES / search / f"response-{name}.csv")


def rows(table: dict[str, np.ndarray], part: int) -> dict[str, np.ndarray]:
    inside = table["part"] == part
    return {name: values[inside] for name, values in table.items()}


def matched(mass: float, kind: str, experiment, size: int, seed: int):
    """Events seen, their weights, the mass of the pair from X and that of X."""
    rng = np.random.default_rng(seed)
    momenta, _ = signal.signal_events(mass, size, kind, SQRT_S, rng)
    seen = detector.observe(momenta, experiment, rng)
    return seen, detector.reduced_masses(seen.momenta)[:, 0], np.sqrt(mass**2 - 4.0 * MUON**2)


@pytest.fixture(scope="module")
def blocks():
    return list(samples.background(50_000, detector.BELLE2, np.random.default_rng(11)))


# --- acceptance and identification ---


@pytest.mark.parametrize(
    ("name", "transverse", "degrees", "expected"),
    [
        ("belle2-4mu", 1.0, 17.5, True),
        ("belle2-4mu", 1.0, 16.5, False),
        ("belle2-4mu", 1.0, 149.5, True),
        ("belle2-4mu", 1.0, 150.5, False),
        ("belle2-4mu", 0.155, 90.0, True),
        ("belle2-4mu", 0.145, 90.0, False),
        ("babar-zprime-4mu", 1.0, 23.5, True),
        ("babar-zprime-4mu", 1.0, 22.5, False),
        ("babar-zprime-4mu", 1.0, 148.5, True),
        ("babar-zprime-4mu", 1.0, 149.5, False),
    ],
)
def test_acceptance_of_one_muon_in_the_laboratory(name, transverse, degrees, expected) -> None:
    boost = 0.284 if name == "belle2-4mu" else 0.56
    event = np.stack([from_laboratory(1.0, 80.0, boost)] * 3 + [from_laboratory(transverse, degrees, boost)])
    assert detector.accepted(event[None], EXPERIMENTS[name])[0] == expected


@pytest.mark.parametrize(
    ("name", "momenta", "expected"),
    [
        ("belle2-4mu", (3, 3, 3, 3), 0.9**4 + 4 * 0.9**3 * 0.1),
        ("belle2-4mu", (3, 3, 3, 0.1), 0.9**3),
        ("belle2-4mu", (3, 3, 0.1, 0.1), 0.0),
        ("belle2-4mu", (3, 3, 3, 0.7), 0.9**3 * 0.55 + 0.45 * 3 * 0.9**2 * 0.1 + 0.45 * 0.9**3),
        ("babar-zprime-4mu", (4, 4, 4, 4), 1 - (1 - 0.85**2) ** 2),
        ("babar-zprime-4mu", (4, 0, 4, 0), 0.85**2),
        ("babar-zprime-4mu", (4, 4, 0, 0), 0.0),
    ],
)
def test_chance_of_identification(name, momenta, expected) -> None:
    found = detector.identified(np.array([momenta], dtype=float), EXPERIMENTS[name])
    # The turn-on is smooth: a muon far below it keeps up to half a per cent, both at 4 GeV nothing to speak of.
    assert found[0] == pytest.approx(expected, abs=0.02 if name == "belle2-4mu" and 0.7 in momenta else 0.006)


def test_momenta_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        detector.observe(np.zeros((3, 4)), detector.BELLE2, np.random.default_rng(1))


# --- pairs and fit ---


def test_reduced_mass_of_two_muons_at_rest_is_twice_their_momentum() -> None:
    found = detector.reduced_masses(back_to_back(2.0, 3.0))[0]
    assert found[:2] == pytest.approx([6.0, 4.0], rel=1e-12)


def test_every_event_has_four_pairs_of_opposite_charge(blocks) -> None:
    momenta, _ = blocks[0]
    masses = detector.reduced_masses(momenta)
    assert masses.shape == (len(momenta), 4)
    like = momenta[:, [0, 1]] + momenta[:, [2, 3]]
    squares = like[..., 0] ** 2 - np.sum(like[..., 1:] ** 2, axis=-1)
    total = momenta.sum(axis=1)
    s = total[:, 0] ** 2 - np.sum(total[:, 1:] ** 2, axis=1)
    # The squares of the masses of all six pairs are s + 8 m².
    assert np.sum(masses**2 + 4 * MUON**2, axis=1) + squares.sum(axis=1) == pytest.approx(s + 8 * MUON**2, rel=1e-9)


def test_fit_conserves_momentum() -> None:
    experiment = replace(detector.BELLE2, spreads=(0.0, 0.0))
    seen, _, _ = matched(3.0, "vector", experiment, 2000, 2)
    assert np.abs(seen.momenta.sum(axis=1) - [SQRT_S, 0, 0, 0]).max() < 2e-5


def test_fit_leaves_what_the_beams_spread() -> None:
    seen, _, _ = matched(3.0, "vector", detector.BELLE2, 6000, 3)
    # In the frame of the beams an energy changes √s by e^∓y of it, y the rapidity of the boost; the fit only ever takes from it.
    rapidity = np.arcsinh(0.284)
    spread = np.hypot(0.0044 * np.exp(-rapidity), 0.0032 * np.exp(rapidity))
    assert 0.8 * spread < np.std(seen.momenta[..., 0].sum(axis=1)) < 1.05 * spread


def test_fit_makes_heavy_peaks_narrower() -> None:
    rng = np.random.default_rng(4)
    momenta, _ = signal.signal_events(8.0, 4000, "vector", SQRT_S, rng)
    fitted, raw = (detector.observe(momenta, detector.BELLE2, rng, fitted=choice) for choice in (True, False))
    widths = [half_width(detector.reduced_masses(one.momenta)[:, 0], one.weights) for one in (fitted, raw)]
    assert widths[0] < 0.4 * widths[1]


# --- tables of the response ---


@pytest.mark.parametrize(("search", "name"), TABLES)
@pytest.mark.parametrize("mass", [0.3, 1.0, 5.0])
def test_response_is_that_of_another_small_run(search, name, mass) -> None:
    size = 8000
    seen, masses, true = matched(mass, KINDS[name], EXPERIMENTS[search], size, 5)
    table = tabled(search, name)
    row = int(np.flatnonzero(table["mass_gev"] == mass)[0])
    efficiency = seen.weights.sum() / size
    assert efficiency == pytest.approx(table["efficiency"][row], abs=4 * np.sqrt(efficiency * (1 - efficiency) / size))
    tails = {key: float(table[key][row]) for key in ("alpha_low", "n_low", "alpha_high", "n_high")}
    sigma, mean = float(table["sigma_gev"][row]), true + float(table["mean_shift_gev"][row])
    edges = np.linspace(max(mean - 10 * sigma, 0.0), mean + 10 * sigma, 2001)
    ball = CrystalBall((edges[0], edges[-1]), mean, sigma, **tails)
    expected = half_width((edges[1:] + edges[:-1]) / 2, ball.integrals(edges))
    # 3000 events or more know a width to 1.5 %.
    assert half_width(masses, seen.weights) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize(("search", "name"), TABLES)
def test_widths_are_those_the_experiments_know(search, name) -> None:
    table = tabled(search, name)
    known = table["mass_gev"] < 9.0
    # 1 to 9 MeV, a recollection of BaBar.
    assert np.all((table["sigma_gev"][known] > 0.001) & (table["sigma_gev"][known] < 0.0095))
    assert np.all(np.abs(table["mean_shift_gev"]) < 0.15 * table["sigma_gev"])


@pytest.mark.parametrize("name", KINDS)
def test_parts_of_the_response_cover_their_ranges(name) -> None:
    table = tabled("belle2-4mu", name)
    ends = [(0.212, 1.0), (1.0, 3.75), (3.75, 6.0), (6.0, 8.25), (8.25, 9.0)]
    for part, (low, high) in zip(PARTS, ends, strict=True):
        masses = rows(table, part)["mass_gev"]
        assert np.all(np.diff(masses) > 0)
        assert masses[0] == low
        assert high in masses


# --- categories ---


@pytest.mark.parametrize("name", KINDS)
def test_shares_add_up_to_one(name) -> None:
    table = tabled("belle2-4mu", name)
    assert np.sum([table[f"share_{one}"] for one in NAMES], axis=0) == pytest.approx(1.0, abs=1e-9)


# For a light scalar the network of the first part, trained on a vector, knows only what is not signal.
@pytest.mark.parametrize(("name", "part"), [(n, p) for n in KINDS for p in PARTS if (n, p) != ("muonphilic-scalar", 1)])
def test_signal_over_background_rises_with_the_category(name, part) -> None:
    peaks, pairs = (
        rows(tabled("belle2-4mu", name), part),
        rows(read_table(SEARCHES / "belle2-4mu" / "spectrum.csv"), part),
    )
    shares = np.mean([peaks[f"share_{one}"] for one in NAMES], axis=1)
    middle = np.hypot((pairs["low_gev"] + pairs["high_gev"]) / 2, 2 * MUON)
    inside = (middle > peaks["mass_gev"][0]) & (middle < peaks["mass_gev"][-1])
    total = np.sum([pairs[one][inside] for one in NAMES], axis=0)
    background = np.array([np.mean(pairs[one][inside] / total) for one in NAMES])
    assert np.all(np.diff(shares / background) > 0)


def test_inputs_know_no_charge_and_no_side(blocks) -> None:
    momenta, _ = blocks[0]
    found = network.features(momenta[:500], 0)
    turned = momenta[:500, [1, 0, 3, 2]] * [1, -1, 1, -1]
    assert found.shape == (500, 16)
    assert network.features(turned, 0) == pytest.approx(found, abs=2e-5)
    assert np.all((found[:, :12] >= -1e-6) & (found[:, :12] < 1.05))


def test_quantiles_divide_the_weight() -> None:
    edges = network.quantiles(np.arange(1000.0), np.ones(1000), (0.4, 0.2, 0.2, 0.2))
    assert edges == pytest.approx([399.0, 599.0, 799.0])


def test_a_network_rejects_background_without_making_a_peak(blocks) -> None:
    pytest.importorskip("sklearn")
    limits = (3.75, 6.0)
    half = [(momenta[::2], weights[::2]) for momenta, weights in blocks]
    rest = [(momenta[1::2], weights[1::2]) for momenta, weights in blocks]
    known, fresh = (samples.joined([samples.pairs(*block, *limits) for block in part]) for part in (half, rest))
    rng = np.random.default_rng(6)
    mine = samples.signals(samples.middles(limits, 20), 1000, detector.BELLE2, rng)
    test = samples.signals(samples.middles(limits, 3), 3000, detector.BELLE2, rng)
    trained = network.trained(mine, known, limits, 0.25, 1)
    kept = network.score(trained, test.inputs) > trained.edges[0]
    passed = network.score(trained, fresh.inputs) > trained.edges[0]
    assert test.weights[kept].sum() / test.weights.sum() == pytest.approx(0.75, abs=0.03)
    assert fresh.weights[passed].sum() < fresh.weights.sum() / 6.0
    bins = np.linspace(*limits, 19)
    total, left = (np.histogram(fresh.masses[chosen], bins)[0] for chosen in (slice(None), passed))
    part, middle = left / total, (bins[1:] + bins[:-1]) / 2
    error = np.sqrt(part.mean() * (1 - part.mean()) / total)
    line = np.polyval(np.polyfit(middle, part, 2, w=1 / error), middle)
    assert np.sum(((part - line) / error) ** 2) < stats.chi2.isf(1e-3, len(part) - 3)


# --- tables of the spectrum ---


def test_parts_agree_where_they_overlap() -> None:
    table = read_table(SEARCHES / "belle2-4mu" / "spectrum.csv")
    sums = [
        dict(zip(pairs["low_gev"], np.sum([pairs[one] for one in NAMES], axis=0), strict=True))
        for pairs in (rows(table, part) for part in PARTS)
    ]
    for one, other in pairwise(sums):
        common = sorted(set(one) & set(other))
        assert common[-1] - common[0] > 0.6
        assert [one[low] for low in common] == pytest.approx([other[low] for low in common], rel=1e-3)


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_the_spectrum_reach_beyond_their_ranges(part) -> None:
    pairs = rows(read_table(SEARCHES / "belle2-4mu" / "spectrum.csv"), part)
    low, high = network.RANGES[part - 1]
    assert pairs["low_gev"][1:] == pytest.approx(pairs["high_gev"][:-1])
    assert pairs["low_gev"][0] <= (np.sqrt((low - 0.35) ** 2 - 4 * MUON**2) if part > 1 else 0.0)
    assert pairs["high_gev"][-1] >= min(np.sqrt((high + 0.35) ** 2 - 4 * MUON**2), 10.35)


def contents(search: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges below and above, and contents of all bins."""
    table = read_table(SEARCHES / search / "spectrum.csv")
    if search == "babar-zprime-4mu":
        return table["low_gev"], table["high_gev"], table["events"]
    lows, first = np.unique(table["low_gev"], return_index=True)
    return lows, table["high_gev"][first], np.sum([table[one][first] for one in NAMES], axis=0)


def test_spectrum_is_that_of_another_small_run(blocks) -> None:
    lows, highs, events = contents("belle2-4mu")
    for low, high in ((0.0, 0.5), (0.5, 2.0), (2.0, 5.0), (5.0, 8.0), (8.0, 9.5)):
        per_event = []
        for momenta, weights in blocks:
            masses = detector.reduced_masses(momenta)
            per_event.append(weights * np.sum((masses >= low) & (masses < high), axis=1))
        weights = np.concatenate(per_event)
        expected = events[(lows >= low - 1e-9) & (highs <= high + 1e-9)].sum()
        assert weights.sum() == pytest.approx(expected, abs=4 * np.sqrt(np.sum(weights**2)))


@pytest.mark.parametrize("search", EXPERIMENTS)
def test_spectra_are_smooth(search) -> None:
    lows, highs, events = contents(search)
    # Bins are of one width below 1 GeV and above; below 0.2 GeV the spectrum itself bends.
    for inside in ((lows > 0.2) & (highs <= 1.0 + 1e-9), (lows >= 1.0 - 1e-9) & (lows < 9.0)):
        chosen = events[inside]
        bend = chosen[1:-1] - (chosen[2:] + chosen[:-2]) / 2.0
        # A small part of the Poisson error of a bin.
        assert np.all(np.abs(bend) < 0.05 * np.sqrt(chosen[1:-1]))


def test_smoothing_finds_a_known_density() -> None:
    edges = spectrum.EDGES
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    true = width * 40_000 * np.exp(-0.2 * middle) * middle**2 / (middle**2 + 4 * MUON**2) * (1 + 0.3 * np.sin(middle))
    counts = np.random.default_rng(7).poisson(true).astype(float)
    found = spectrum.smooth_total(0.1 * counts, 0.01 * counts)
    assert stats.chi2.sf(found.chi2, found.freedom) > 1e-3
    pull = (found.contents - 0.1 * true) / (0.1 * np.sqrt(true))
    assert np.std(pull) < 0.4


def test_smoothing_of_parts_adds_up_to_the_whole() -> None:
    chosen = spectrum.bins_of(2)
    edges = spectrum.EDGES
    middle = (edges[1:] + edges[:-1]) / 2
    fractions = np.stack([0.4 - 0.02 * middle, 0.1 + 0.01 * middle, 0.3 + 0.01 * middle, np.full_like(middle, 0.2)])
    counts = np.random.default_rng(8).poisson(4000 * fractions).astype(float)
    total = np.full(len(middle), 4000.0)
    found, quality = spectrum.smooth_parts(total, counts, counts, chosen)
    assert found.sum(axis=0) == pytest.approx(total[chosen], rel=1e-9)
    assert np.abs(found / 4000 - fractions[:, chosen]).max() < 0.015
    assert all(stats.chi2.sf(one.chi2, one.freedom) > 1e-3 for one in quality)
