"""Hunts on a spectrum: fits, limits, toys and units of work against likelihoods written here, and what is typed wrongly."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from iminuit import Minuit
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from limits.cli import main
from limits.errors import InputError
from limits.hunt import run as running
from limits.hunt import units
from limits.hunt.fits import Rules, Thrower, observed, toys
from limits.hunt.masses import published_masses, segments, spectrum_channel
from limits.hunt.options import Hunting
from limits.hunt.run import Hunt, hunt
from limits.hunt.windows import Setting, Way, ways
from limits.kernel.linear.fit import fit
from limits.kernel.linear.measure import NONE, Smearing, measure
from limits.kernel.linear.window import unbinned
from limits.likelihood.spectrum import bump
from limits.physics.couplings import branching_from_photon_coupling, photon_coupling_from_branching
from limits.physics.radiative import continuum_share
from limits.scan import run_scan
from limits.search import Search, SpectrumChannel, load
from limits.signals.resonance import Resonance, resonance, systematic, window_of
from limits.signals.samples import Asimov, Measured, Simulated
from limits.signals.spectrum import chosen_rows, expected_counts, span, treatment_of
from limits.store import Folder, Work
from limits.store.folder import described

Array = NDArray[np.float64]

SAMPLED = (0.25, 0.45, 0.75, 1.05, 1.3, 1.9, 2.8)
"""One mass in each kind of window."""


@cache
def bes3() -> tuple[Search, SpectrumChannel]:
    search = load("bes3-alp")
    channel = spectrum_channel(search)
    assert channel is not None
    return search, channel


@cache
def belle2() -> tuple[Search, SpectrumChannel]:
    search = load("belle2-4mu")
    channel = spectrum_channel(search)
    assert channel is not None
    return search, channel


@cache
def simulated(seed: int = 1) -> Simulated:
    return Simulated(*bes3(), seed)


@cache
def peak_at(mass: float) -> Resonance:
    return resonance(*bes3(), "alp-photon", mass)


def setting(sample: Any = None) -> Setting:
    search, channel = bes3()
    return Setting(search, channel, treatment_of(search, channel), sample if sample is not None else simulated())


def look(masses: Any, hunting: Hunting | None = None, method: str = "bayes-profile", **more: Any) -> Hunt:
    search, channel = bes3()
    return hunt(search, channel, search.hypothesis(None), masses, method, 0.95, hunting or Hunting(), **more)


# --- a likelihood of its own: formulas of the peaks, Chebyshev polynomials from NumPy, integrals from quad ---


def crystal_ball(x: Array, row: Any, mass: float) -> Array:
    z = (x - mass - row["mean_shift_gev"]) / row["sigma_gev"]
    tails = []
    for u, side in ((-z, "low"), (z, "high")):
        a, n = row[f"alpha_{side}"], row[f"n_{side}"]
        base = np.maximum(n / abs(a) - abs(a) + u, 1e-9)
        tails.append((u, a, (n / abs(a)) ** n * np.exp(-(a**2) / 2) * base**-n))
    core = np.exp(-(z**2) / 2)
    return np.where(z < -tails[0][1], tails[0][2], np.where(z > tails[1][1], tails[1][2], core))


def cruijff(x: Array, row: Any, mass: float) -> Array:
    d = x - mass - row["cruijff_shift_gev"]
    sigma = np.where(d < 0, row["cruijff_sigma_low_gev"], row["cruijff_sigma_high_gev"])
    tail = np.where(d < 0, row["cruijff_tail_low"], row["cruijff_tail_high"])
    return np.exp(-(d**2) / (2 * sigma**2 + tail * d**2))


FORMULAS = {"crystal-ball": crystal_ball, "cruijff": cruijff}


def own_nll(events: Array, peak: Resonance, way: Way) -> Callable[[Array], float]:
    """−log L of (strength, yield, c1…cn), extended, in units of events; far from the minimum it is large, not inf."""
    low, high = peak.edges
    formula = FORMULAS[way.shape]
    points = peak.position + peak.width * np.array([-8, -3, -1, 0, 1, 3, 8])
    area = quad(
        lambda x: float(formula(np.array(x), peak.row, peak.position)),
        low,
        high,
        points=points[(points > low) & (points < high)],
        limit=400,
        epsabs=1e-12,
    )[0]
    density = formula(events, peak.row, peak.position) / area
    t = (2 * events - low - high) / (high - low)
    basis = chebyshev.chebvander(t, peak.window.order + way.extra)
    areas = [chebyshev.chebval(1, c) - chebyshev.chebval(-1, c) for c in map(chebyshev.chebint, np.eye(basis.shape[1]))]

    def nll(theta: Array) -> float:
        coefficients = theta[1] * np.concatenate([[1.0], theta[2:]])
        rate = theta[0] * density + basis @ coefficients / (high - low)
        if np.any(rate <= 0):
            return 1e12
        return float(theta[0] + coefficients @ areas / 2 - np.sum(np.log(rate * (high - low) / len(events))))

    return nll


def minuit(nll: Callable[[Array], float], size: int, count: int, strength: float | None = None) -> Minuit:
    found = Minuit(nll, [0.0 if strength is None else strength, float(count), *([0.0] * (size - 2))])
    found.errordef, found.strategy = 0.5, 1
    found.fixed[0] = strength is not None
    found.errors[0], found.errors[1] = np.sqrt(count), np.sqrt(count)
    for k in range(2, size):
        found.errors[k] = 1 / np.sqrt(count)
    found.tol = 1e-3
    found.migrad(ncall=20000)
    if strength is None:
        found.hesse()
    assert found.valid
    return found


# --- (a) fits ---


@pytest.mark.parametrize("mass", SAMPLED)
def test_three_fits_agree(mass: float) -> None:
    peak, way = peak_at(mass), Way("crystal-ball" if SAMPLED.index(mass) % 2 else "cruijff", 0)
    (group,) = setting().groups
    events = simulated().events(0, group, peak.edges)
    # Few enough for Minuit, at random.
    events = np.sort(np.random.default_rng(4).permutation(events)[:6000])
    order = peak.window.order
    compiled = fit(unbinned(events, peak.shape(way.shape), order))
    null = fit(unbinned(events, peak.shape(way.shape), order), 0.0)
    numpy = bump(events, peak.shape(way.shape), order)
    free, held = numpy.fit(numpy.observed, lower=-1e6), numpy.fit(numpy.observed, 0.0)
    nll = own_nll(events, peak, way)
    best, none = minuit(nll, order + 2, len(events)), minuit(nll, order + 2, len(events), 0.0)
    assert best.values[0] == pytest.approx(compiled.strength, abs=1e-2 * compiled.sigma)
    assert free.theta[0] == pytest.approx(compiled.strength, abs=1e-3 * compiled.sigma)
    assert best.errors[0] == pytest.approx(compiled.sigma, rel=1e-2)
    assert np.sqrt(free.covariance[0, 0]) == pytest.approx(compiled.sigma, rel=1e-3)
    rise = null.nll - compiled.nll
    assert none.fval - best.fval == pytest.approx(rise, abs=2e-3 + 1e-2 * rise)
    assert held.nll - free.nll == pytest.approx(rise, abs=1e-4 + 1e-3 * rise)


def test_the_hunt_makes_that_fit() -> None:
    """What a hunt reports is the fit of the window the publication names, to all events in it."""
    peak, (way, *_) = peak_at(1.9), ways(bes3()[1])
    every = Simulated(*bes3(), 1).events(0, ("events",), span(*bes3()))
    inside = every[(every >= 1.8) & (every < 2.0)]
    assert len(inside) == setting().data_window(peak, way).events
    found = fit(unbinned(inside, peak.shape("crystal-ball"), 3))
    assert fit(setting().data_window(peak, way)).strength == pytest.approx(found.strength, rel=1e-9)


# --- (b) the systematic error ---


@pytest.mark.parametrize("mass", [1.3, 1.9, 2.8])
@pytest.mark.parametrize("additional", [0, 3000])
def test_limit_with_the_systematic_by_direct_integration(mass: float, additional: int) -> None:
    """L'(s) = ∫ L(t) Gauss(t − s; √(9.2² + (0.026 s)²)) dt on a dense grid; without signal, and with a large one."""
    peak, way = peak_at(mass), Way("crystal-ball", 0)
    events = simulated().events(0, ("events",), peak.edges)
    rng = np.random.default_rng(8)
    events = np.concatenate([events, rng.normal(peak.position, peak.width, additional)])
    window = unbinned(events, peak.shape(way.shape), peak.window.order)
    best = fit(window)
    at = best.strength + best.sigma * np.linspace(-8, 8, 61)
    curve = np.array([fit(window, float(s)).nll for s in at]) - best.nll
    t = np.linspace(at[0], at[-1], 4001)
    likelihood = np.exp(-np.interp(t, at, curve)) if len(at) > 2000 else np.exp(-_spline(at, curve, t))
    s = np.linspace(0, max(best.strength, 0) + 9 * best.sigma + 0.3 * max(best.strength, 0), 2001)
    width = np.sqrt(9.2**2 + (0.026 * s) ** 2)
    seen = t >= -6.5 * 9.2
    gauss = np.exp(-0.5 * ((t[seen] - s[:, None]) / width[:, None]) ** 2) / width[:, None]
    posterior = gauss @ likelihood[seen]
    area = np.concatenate([[0.0], np.cumsum(0.5 * (posterior[1:] + posterior[:-1]))])
    limit = float(np.interp(0.95 * area[-1], area, s))
    found = measure(window, 0.95, Smearing(*systematic(*bes3())))
    assert found.smeared == pytest.approx(limit, rel=2e-3)
    if additional:
        assert found.smeared > found.bayes  # 2.6 % of 3000 events show
    assert systematic(*bes3()) == (9.2, 0.026)


def _spline(x: Array, y: Array, at: Array) -> Array:
    from scipy.interpolate import CubicSpline

    return np.asarray(CubicSpline(x, y)(at))


# --- (c) the fit that is kept ---


@pytest.mark.parametrize("mass", SAMPLED)
def test_the_fit_kept_has_the_largest_yield_of_four(mass: float) -> None:
    peak, four = peak_at(mass), ways(bes3()[1])
    assert [(w.shape, w.extra) for w in four] == [
        ("crystal-ball", 0),
        ("cruijff", 0),
        ("crystal-ball", 1),
        ("cruijff", 1),
    ]
    rules = Rules("bayes-profile", 0.95, Smearing(*systematic(*bes3())), 0, 1)
    seen = observed(setting(), rules, peak, four)
    events = simulated().events(0, ("events",), peak.edges)
    yields = [fit(unbinned(events, peak.shape(w.shape), peak.window.order + w.extra)).strength for w in four]
    assert seen["strength"] == pytest.approx(max(yields), rel=1e-9)
    assert int(seen["way"]) == int(np.argmax(yields))
    (found,) = look([mass]).found
    assert found.fit == four[int(np.argmax(yields))].name
    assert found.events == seen["strength"]


def test_toys_keep_the_largest_yield_too() -> None:
    peak, four = peak_at(1.9), ways(bes3()[1])
    rules = Rules("bayes-profile", 0.95, NONE, 12, 1)
    thrower = Thrower(setting(), rules, {(0, 0.001): peak.bins})
    z, _ = toys(thrower, peak, four, range(rules.toys))
    thrown, offset = thrower.spectra(peak, range(rules.toys))
    assert offset == 0
    assert thrown.shape == (12, 200)
    from limits.kernel.linear.window import binned

    edges = np.linspace(*peak.edges, 201)
    for counts, local in zip(thrown, z, strict=True):
        fits = [measure(binned(counts, edges, peak.shape(w.shape), peak.window.order + w.extra)) for w in four]
        best = max(fits, key=lambda f: f.strength)
        assert local == pytest.approx(best.significance, abs=2e-3)


# --- (d) events, rates, couplings ---


@pytest.mark.parametrize("mass", SAMPLED)
def test_events_of_a_rate_and_of_a_coupling(mass: float) -> None:
    """arXiv:2404.04640: N(J/ψ) = (1 − share) N, and Eq. (1) for the branching fraction."""
    search, channel = bes3()
    peak = peak_at(mass)
    table = chosen_rows(search, channel, "response.csv")
    efficiency = float(np.interp(mass, table["mass_gev"], table["efficiency"]))
    efficiency *= search.value("relative_efficiency")
    share = float(continuum_share(3083.0, 10087e6, 0.05971))
    assert 0.03 < share < 0.06
    # The response is for the whole peak, the yield for what of it is inside the window.
    ends = mass + 60 * peak.width * np.array([-1, 1])
    inside, whole = (
        sum(quad(lambda x: float(crystal_ball(np.array([x]), peak.row, mass)[0]), a, b, limit=200)[0]
            for a, b in itertools.pairwise(cuts))
        for cuts in (np.array([peak.edges[0], mass, peak.edges[1]]), np.array([ends[0], mass, ends[1]]))
    )  # fmt: skip
    assert 0.95 < inside / whole <= 1
    wanted = efficiency * inside / whole * 10087e6 / (1 - share)
    assert peak.events_per_rate == pytest.approx(wanted, rel=1e-4)
    g = 5e-4
    rate = float(branching_from_photon_coupling(g, mass))
    assert peak.rate_at_one * g**2 == pytest.approx(rate, rel=1e-4)
    assert float(peak([g]).events[0, 0]) == pytest.approx(rate * wanted, rel=1e-4)
    assert peak.coupling(3e-8) == pytest.approx(float(photon_coupling_from_branching(3e-8, mass)), rel=1e-4)
    assert peak.coupling(None) is None


def test_published_ends_are_one_equation() -> None:
    """Abstract of arXiv:2404.04640: B from 3.7e-8 to 48.5e-8 is g from 2.2e-4 to 101.8e-4 GeV⁻¹."""
    assert f"{peak_at(0.2).coupling(3.7e-8):.1e}" == "2.2e-04"
    # The abstract does not say at which mass the highest limits are: both are at one near 2.8 GeV.
    mass = brentq(lambda m: float(photon_coupling_from_branching(48.5e-8, m)) - 101.8e-4, 2.0, 3.0)
    assert 2.79 < mass < 2.81
    assert peak_at(2.8).coupling(48.5e-8) == pytest.approx(101.8e-4, rel=0.01)


def test_limits_on_rate_and_coupling_belong_together() -> None:
    (found,), peak = look([1.9], Hunting(toys=30)).found, peak_at(1.9)
    one = run_scan(bes3()[0], masses=[1.9], hunting=Hunting(toys=30))
    (point,) = one.points
    assert point.observed_limit == pytest.approx(
        float(photon_coupling_from_branching(found.observed_limit, 1.9)), rel=1e-9
    )
    assert point.peak is not None
    assert found.observed_limit is not None
    seen = observed(
        setting(), Rules("bayes-profile", 0.95, Smearing(*systematic(*bes3())), 0, 1), peak, ways(bes3()[1])
    )
    assert found.observed_limit * peak.events_per_rate == pytest.approx(seen["limit"], rel=1e-9)
    (rate,) = one.of_rate().points
    assert (rate.observed_limit, rate.expected_limit) == (point.peak.observed_limit, point.peak.expected_limit)
    assert rate.expected_excluded == ((rate.expected_limit[2], None),)
    assert one.of_rate().coupling["symbol"] == "B"


# --- (e) units of work ---

FEW = tuple(np.round(1.3 + 0.001 * np.arange(13), 3).tolist())


def same(one: Hunt, other: Hunt) -> None:
    assert one.found == other.found
    assert one.significance == other.significance
    assert (one.data, one.treatment, one.expected_kind) == (other.data, other.treatment, other.expected_kind)


def test_an_interrupted_hunt_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "PIECE", 5)
    monkeypatch.setattr(units, "BLOCK", 3)
    whole = look(FEW, Hunting(toys=4))
    calls: list[str] = []
    original = running.do

    def counted(job: Any, name: str) -> Any:
        if len(calls) == 4:
            raise KeyboardInterrupt
        calls.append(name)
        return original(job, name)

    folder = Work(folder=tmp_path / "kept")
    monkeypatch.setattr(running, "do", counted)
    first = ["piece 0, data", "piece 1, data", "piece 2, data", "piece 0, toys 0–2"]
    with pytest.raises(KeyboardInterrupt):
        look(FEW, Hunting(toys=4), work=folder)
    assert calls == first
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        look(FEW, Hunting(toys=4), work=folder)
    assert calls == ["piece 1, toys 0–2", "piece 2, toys 0–2", "piece 0, toys 3–3", "piece 1, toys 3–3"]
    calls.clear()
    advanced: list[float] = []
    same(look(FEW, Hunting(toys=4), work=folder, advance=advanced.append), whole)
    assert calls == ["piece 2, toys 3–3"], "what was done is done again"
    assert sum(advanced) == pytest.approx(13)
    calls.clear()
    same(look(FEW, Hunting(toys=4, threads=3), work=folder), whole)
    assert calls == []


def test_blocks_and_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units are how work is shared out: toys are what their numbers say, whichever they are thrown and fitted with."""
    whole = look(FEW, Hunting(toys=7))
    monkeypatch.setattr(units, "PIECE", 4)
    monkeypatch.setattr(units, "BLOCK", 3)
    same(look(FEW, Hunting(toys=7)), whole)


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "seed": ({"hunting": Hunting(toys=2, seed=2)}, "data, rules"),
    "toys": ({"hunting": Hunting(toys=3)}, "rules"),
    "asimov": ({"hunting": Hunting(sample=Asimov(), toys=2)}, "data"),
    "masses": ({"masses": (1.3, 1.4)}, "masses"),
    "method": ({"method": "cls"}, "rules"),
    "level": ({"level": 0.9}, "rules"),
    "numbers": ({"search": {"relative_efficiency": 0.9}}, "numbers"),
}


@pytest.mark.parametrize("name", list(OTHERS))
def test_the_folder_of_another_hunt(tmp_path: Path, name: str) -> None:
    search, channel = bes3()
    facts = search.hypothesis(None)
    folder = Work(folder=tmp_path / "kept")
    hunt(search, channel, facts, (1.3,), "bayes-profile", 0.95, Hunting(toys=2), work=folder)
    change, keys = OTHERS[name]
    asked = search.with_values(change["search"]) if "search" in change else search
    arguments = (change.get("masses", (1.3,)), change.get("method", "bayes-profile"), change.get("level", 0.95))
    with pytest.raises(InputError) as refused:
        hunt(asked, channel, facts, *arguments, change.get("hunting", Hunting(toys=2)), work=folder)
    assert str(refused.value) == (
        f"{tmp_path / 'kept' / 'scan.json'}: belongs to another hunt: {keys} differ; use an empty folder"
    )


def test_other_events_are_another_hunt(tmp_path: Path) -> None:
    for k, seed in enumerate((1, 2)):
        np.savez(tmp_path / f"{k}.npz", m_gg=np.random.default_rng(seed).uniform(1.2, 1.4, 500))
    run("scan", "bes3-alp", "--masses", "1.3", "--toys", "0", "--data", tmp_path / "0.npz", "--resume", tmp_path / "k")
    (tmp_path / "1.npz").replace(tmp_path / "0.npz")
    done = run(
        "scan", "bes3-alp", "--masses", "1.3", "--toys", "0", "--data", tmp_path / "0.npz", "--resume", tmp_path / "k"
    )
    refused(done, "belongs to another hunt: data differ; use an empty folder")


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="not empty, and not a folder of results"):
        look([1.3], work=Work(folder=tmp_path))
    with pytest.raises(InputError, match="cannot be used: "):
        look([1.3], work=Work(folder=tmp_path / "thesis.tex"))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_unit_of_another_version_is_done_again(tmp_path: Path) -> None:
    """Readable, but not what a unit finds."""
    folder = Work(folder=tmp_path / "k")
    whole = look([1.3], Hunting(toys=2), work=folder)
    contents = described(tmp_path / "k")
    assert contents is not None
    kept = Folder.open(tmp_path / "k", contents)
    for unit in contents.units:
        kept.discard(unit)
        kept.save(unit, {"strength": np.zeros(1)})
    kept.close()
    same(look([1.3], Hunting(toys=2), work=folder), whole)


# --- (f) threads and toys ---


def test_threads_change_nothing() -> None:
    masses = [0.42, 0.421, 0.75, 1.099, 1.1, 1.9]
    same(look(masses, Hunting(toys=6, threads=1)), look(masses, Hunting(toys=6, threads=4)))


def test_caches_are_safe_in_threads() -> None:
    """Several threads ask an empty cache at once: everyone gets the same events."""
    wanted = Simulated(*bes3(), 3).events(0, ("events",), (1.0, 2.0))
    fresh = Simulated(*bes3(), 3)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: fresh.events(0, ("events",), (1.0, 2.0)), range(4)):
            assert np.array_equal(found, wanted)


@cache
def toy_scan() -> Array:
    """Local Z (toys, 5) at 1.9 GeV + 0, 2, 4, 40 and 400 MeV, one way to fit."""
    peaks = [peak_at(mass) for mass in (1.9, 1.902, 1.904, 1.94, 2.3)]
    bins = (min(p.bins[0] for p in peaks), max(p.bins[1] for p in peaks))
    thrower = Thrower(setting(), Rules("cls", 0.95, NONE, 500, 1), {(0, 0.001): bins})
    return np.stack([toys(thrower, peak, ways(bes3()[1])[:1], range(500))[0] for peak in peaks], axis=1)


def test_neighbours_see_the_same_toys() -> None:
    peaks = [peak_at(1.3), peak_at(1.301)]
    bins = (peaks[0].bins[0], peaks[1].bins[1])
    thrower = Thrower(setting(), Rules("cls", 0.95, NONE, 300, 1), {(0, 0.001): bins})
    first, second = (toys(thrower, peak, ways(bes3()[1])[:1], range(300))[0] for peak in peaks)
    assert np.corrcoef(first, second)[0, 1] > 0.9
    assert np.corrcoef(toy_scan()[:, 0], toy_scan()[:, 1])[0, 1] > 0.9
    assert abs(np.corrcoef(toy_scan()[:, 0], toy_scan()[:, 4])[0, 1]) < 0.15


def test_toys_do_not_depend_on_the_other_masses() -> None:
    """But for which bins are thrown: the significance of a single mass has the same distribution."""
    alone, among = (look(masses, Hunting(toys=200)).found[0] for masses in ([1.9], [1.9, 1.95]))
    assert alone.expected_limit[2] == pytest.approx(among.expected_limit[2], rel=0.06)
    assert alone.observed_limit == among.observed_limit


# --- (g) expected limits ---


def test_median_of_toys_is_the_asimov_limit() -> None:
    """One way to fit, no systematic error."""
    search, channel = bes3()
    one = channel.model_copy(
        update={"shapes": ("crystal-ball",), "extra_orders": (0,), "additive": None, "relative": None}
    )
    facts = search.hypothesis(None)
    for method in ("bayes-profile", "cls"):
        (toy,) = hunt(search, one, facts, [1.9], method, 0.95, Hunting(toys=500)).found
        (asimov,) = hunt(search, one, facts, [1.9], method, 0.95, Hunting()).found
        (data,) = hunt(search, one, facts, [1.9], method, 0.95, Hunting(sample=Asimov())).found
        low, middle, high = (toy.expected_limit[k] for k in (1, 2, 3))
        assert None not in (low, middle, high)
        # The median of n has √(π/2n) of the spread.
        error = np.sqrt(np.pi / 2 / 500) * (high - low) / 2  # type: ignore[operator]
        assert asimov.expected_limit[2] == pytest.approx(middle, abs=3.5 * error)
        assert asimov.expected_limit[0] is None
        assert data.observed_limit == pytest.approx(asimov.expected_limit[2], rel=0.02)
        assert data.events == pytest.approx(0, abs=0.4 * data.error)  # type: ignore[operator]


def test_local_significance_of_toys_is_normal() -> None:
    """P(Z > 1.64) = 5 % and so on, where the polynomial is the background; where it is not, Z moves by what it makes of no signal."""
    for mass, z in ((1.9, toy_scan()[:, 0]), (2.3, toy_scan()[:, 4])):
        spurious = fit(setting().expected_window(peak_at(mass), Way("crystal-ball", 0)))
        shift = spurious.strength / spurious.sigma
        assert abs(shift) < 0.6
        for level in (1.64, 1.0, 0.0):
            wanted = float(norm.sf(level - shift))
            assert np.mean(z > level) == pytest.approx(wanted, abs=3.5 * np.sqrt(wanted * (1 - wanted) / len(z))), mass


# --- (h) an injected signal ---


@pytest.mark.parametrize("suffix", ["csv", "npz"])
def test_an_injected_signal_is_found(tmp_path: Path, suffix: str) -> None:
    mass, count = 1.9, 3000
    peak = peak_at(mass)
    rng = np.random.default_rng(6)
    x = np.linspace(*peak.edges, 40001)
    weight = crystal_ball(x, peak.row, mass)
    signal = rng.choice(x, count, p=weight / weight.sum())
    every = rng.permutation(np.concatenate([simulated(7).events(0, ("events",), (1.7, 2.1)), signal]))
    path = tmp_path / f"pairs.{suffix}"
    if suffix == "npz":
        np.savez(path, m_gg=every)
    else:
        path.write_text("m_gg\n" + "\n".join(map(repr, every.tolist())) + "\n")
    done = run("scan", "bes3-alp", "--masses", "1.9", "--toys", "40", "--data", path, "--json")
    assert done.exit_code == 0, done.stderr
    document = strict(done)
    (point,) = document["points"]
    assert abs(point["peak"]["events"] - count) < 3 * point["peak"]["error"]
    assert point["significance"] > 5
    assert point["observed_limit"] > peak.coupling(count / peak.events_per_rate)
    assert document["data"].startswith(f"pairs.{suffix}, ")
    assert document["global_significance"]["local_z"] == pytest.approx(point["significance"])
    assert document["global_significance"]["toys"]["above"] == 0


# --- (i) what is typed wrongly ---


def run(*args: object) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, [str(arg) for arg in args])


def strict(done: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))
    return found


def refused(done: Result, *words: str) -> None:
    assert done.exit_code in (1, 2), done
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("mass", ["0.55", "0.95", "0.6", "1.01"])
@pytest.mark.parametrize("command", [("scan", "--masses"), ("limit", "--mass")])
def test_a_mass_in_a_gap(mass: str, command: tuple[str, str]) -> None:
    name, option = command
    refused(run(name, "bes3-alp", option, mass), f"mass = {mass} GeV lies in a gap", "0.61…0.88")


@pytest.mark.parametrize("mass", ["0.1", "2.9", "nan", "-1", "inf", "1,5x"])
def test_a_mass_out_of_range(mass: str) -> None:
    refused(run("scan", "bes3-alp", f"--masses={mass}"))


def test_a_window_without_events(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", m_gg=np.random.default_rng(1).uniform(1.2, 1.6, 500))
    done = run("scan", "bes3-alp", "--masses", "1.4,2", "--toys", "0", "--data", tmp_path / "a.npz")
    assert done.exit_code == 3, done.stderr
    assert "2 GeV: no event in the window: nothing to fit a background to" in done.stdout + done.stderr
    done = run("scan", "bes3-alp", "--masses", "1.4,2", "--toys", "0", "--data", tmp_path / "a.npz", "--json")
    full, empty = json.loads(done.stdout)["points"]
    assert (full["status"], empty["status"]) == ("ok", "partial")
    assert empty["observed_limit"] is None


def test_events_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for columns, words in (
        ({"mass": np.full(5, 1.5)}, ("column m_gg: no such column", "known: mass")),
        ({"m_gg": np.linspace(300, 2800, 500)}, ("values look like MeV", "convert to GeV")),
        ({"m_gg": np.array([1.5, np.nan, 1.6])}, ("1 of 3 values", "row 2: nan")),
    ):
        np.savez(path, **columns)  # type: ignore[arg-type]
        for command in (("scan", "--masses", "1.5"), ("limit", "--mass", "1.5")):
            refused(run(command[0], "bes3-alp", *command[1:], "--data", path), *words)
    refused(run("scan", "bes3-alp", "--data", tmp_path / "none.npz"), "No such file")
    refused(run("scan", "bes3-alp", "--data", "simulated", "--tree", "T"), "--tree")


def test_options_of_a_hunt_for_another_search() -> None:
    for option in (("--toys", "5"), ("--data", "asimov"), ("--seed", "2"), ("--treatment", "all")):
        refused(run("scan", "na62-aprime", *option), f"{option[0]} does not apply")


def test_a_treatment_that_does_not_exist() -> None:
    refused(run("scan", "belle2-4mu", "--masses", "2", "--treatment", "nn"), "'nn'", "cut, binned, none")


def test_asimov_data() -> None:
    document = strict(run("scan", "bes3-alp", "--masses", "1.3,1.9", "--toys", "0", "--data", "asimov", "--json"))
    assert document["data"] == "Asimov set of the simulated spectrum"
    for point in document["points"]:
        assert abs(point["peak"]["events"]) < 0.3 * point["peak"]["error"]
        assert point["significance"] < 0.3
    refused(run("limit", "bes3-alp", "--mass", "1.5", "--data", "asimov"), "has no events")


def test_a_limit_is_that_of_a_scan() -> None:
    """At one mass both say the same, toys included."""
    scan = strict(run("scan", "bes3-alp", "--masses", "1.9", "--toys", "10", "--json"))
    limit = strict(run("limit", "bes3-alp", "--mass", "1.9", "--toys", "10", "--json"))
    (point,) = scan["points"]
    assert limit["observed_limit"] == point["observed_limit"]
    assert limit["expected_limit"] == point["expected_limit"]
    assert point["peak"]["fit"] in limit["definition"]


@pytest.mark.parametrize("count", [1, 3, 10, 30, 90])
def test_few_events(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(count)
    np.savez(tmp_path / "a.npz", m_gg=rng.uniform(1.4, 1.6, count))
    done = run("scan", "bes3-alp", "--masses", "1.5,1.51", "--toys", "3", "--data", tmp_path / "a.npz", "--json")
    assert done.exit_code in (0, 3), done.stderr
    for point in strict(done)["points"]:
        text = "; ".join(point["warnings"])
        assert "barrier" in text
        if point["status"] != "ok":
            assert "no fit converged" in text
            continue
        # With few events the limit of a search without background is the scale: −ln 0.05 events.
        limit = point["peak"]["observed_limit"] * peak_at(1.5).events_per_rate
        assert 2.5 < limit < 3 + 4 * np.sqrt(count) + 2 * 9.2


@pytest.mark.parametrize("count", [3, 10, 30])
def test_few_events_have_a_limit(count: int) -> None:
    """Fits at the edge of what is possible are fits, too: every sample has a limit, which direct integration confirms."""
    peak = peak_at(1.5)
    shape, failures = peak.shape("crystal-ball"), 0
    for seed in range(6):
        x = np.random.default_rng(seed).uniform(1.4, 1.6, count)
        window = unbinned(x, shape, 1).with_barrier(0.1 / 256)
        found = measure(window)
        failures += int(found.status)
        if found.status:
            continue
        s = np.linspace(0, 60, 400)
        curve = np.array([fit(window, float(one)).nll for one in s])
        area = np.concatenate([[0.0], np.cumsum(np.exp(curve.min() - 0.5 * (curve[1:] + curve[:-1])))])
        assert found.bayes == pytest.approx(np.interp(0.95 * area[-1], area, s), rel=1e-2), seed
    assert failures == 0


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.startswith("limits.kernel.linear") or name == "limits.kernel.door"
    ]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("limits.hunt.run", "limits.hunt.fits", "limits.hunt.windows"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    done = run("scan", "bes3-alp", "--masses", "1.5", "--toys", "0")
    refused(done, "numba: pip install 'darksector-limits[fast]'")


# --- (j) what a scan says ---


def test_a_scan_as_a_document() -> None:
    document = strict(run("scan", "bes3-alp", "--masses", "0.42,0.421,1.05", "--toys", "25", "--json"))
    assert document["data"] == "simulated sample without signal, seed 1"
    assert document["treatment"] == "all"
    assert document["rate"]["symbol"] == "B"
    assert document["global_significance"]["segments"] == 2
    assert document["global_significance"]["toys"]["toys"] == 25
    assert document["status"] == "ok"
    for point in document["points"]:
        assert set(point["peak"]) == {"events", "error", "fit", "observed_limit", "expected_limit"}
        band = point["expected_limit"]
        assert band == sorted(band)
        assert len(band) == 5
        assert point["expected_kind"] == "a-priori: 25 toys at every mass"


def test_of_rate_needs_a_rate() -> None:
    with pytest.raises(InputError, match="no rate"):
        run_scan(load("na62-aprime"), masses=[0.1], couplings=(1e-6, 1e-5, 2)).of_rate()


# --- masses and windows ---


def test_published_steps() -> None:
    """Table I of arXiv:2404.04640: 1 MeV up to 1.5 GeV, 2 MeV above, and where nothing is looked for."""
    search, channel = bes3()
    masses = np.array(published_masses(search, search.hypothesis(None)))
    assert len(masses) == 241 + 70 + 271 + 80 + 401 + 635 + 40
    for low, high in ((0.491, 0.609), (0.881, 1.019)):
        assert not np.any((masses > low) & (masses < high))
    for mass in masses[::7]:
        peak = resonance(search, channel, "alp-photon", float(mass))
        low, high = span(search, channel)
        assert low <= peak.edges[0] < mass < peak.edges[1] <= high
        # No veto of a meson inside.
        assert not any(peak.edges[0] < veto < peak.edges[1] for veto in (0.135, 0.548, 0.958))


def test_every_mass_of_belle2_has_a_window_inside_its_part() -> None:
    search, channel = belle2()
    for mass in published_masses(search, search.hypothesis("lmu-ltau"))[::29]:
        peak = resonance(search, channel, "lmu-ltau", mass)
        low, high = span(search, channel, peak.window.part)
        assert low <= peak.edges[0] + 1e-9
        assert peak.edges[1] - 1e-9 <= high
        assert sum(peak.shares.values()) == pytest.approx(1, abs=1e-3)


def test_segments_are_pieces_of_the_range() -> None:
    search, channel = bes3()
    masses = published_masses(search, search.hypothesis(None))
    labels = segments([window_of(search, channel, mass) for mass in masses])
    assert labels[-1] == 2
    assert [masses[i] for i in np.flatnonzero(np.diff(labels))] == [0.49, 0.88]


def test_bins_of_toys_are_those_of_windows() -> None:
    """A signal put into one bin of the whole spectrum is found by the window of that mass, and at no other bin."""
    peak = peak_at(1.9)
    whole = setting().whole(0, 0.001, 1500, 2500)
    edges = np.linspace(1.5, 2.5, 1001)
    assert whole == pytest.approx(expected_counts(*bes3(), (("events",),), 0, edges)[0], rel=1e-9)
    inside = setting().expected_window(peak, Way("crystal-ball", 0)).counts
    factor = bes3()[0].value("relative_efficiency")
    assert inside == pytest.approx(whole[peak.bins[0] - 1500 : peak.bins[1] - 1500], rel=1e-9)
    table = chosen_rows(*bes3(), "spectrum.csv")
    within = (table["low_gev"] > 1.8 - 1e-6) & (table["high_gev"] < 2.0 + 1e-6)
    assert inside.sum() == pytest.approx(factor * float((table["qed"] + table["jpsi"])[within].sum()), rel=1e-6)


def test_toys_of_categories_interleave() -> None:
    """Four categories of belle2-4mu: the columns of toys of one category have its expectation."""
    search, channel = belle2()
    whole = Setting(search, channel, treatment_of(search, channel, "binned"), Asimov())
    peak = resonance(search, channel, "lmu-ltau", 2.0)
    key = (peak.window.part, peak.window.bin_gev)
    first, last = peak.bins
    flat = whole.whole(*key, first - 5, last + 5)
    window = whole.expected_window(peak, Way("crystal-ball", 0))
    assert window.counts - window.barrier == pytest.approx(flat[20:-20], rel=1e-9, abs=1e-12)
    edges = np.linspace(first * key[1], last * key[1], last - first + 1)
    for k, group in enumerate(whole.groups):
        alone = expected_counts(search, channel, (group,), key[0], edges)[0]
        assert flat[20:-20][k::4] == pytest.approx(alone, rel=1e-6, abs=1e-9)


def test_a_treatment_that_leaves_categories_out() -> None:
    """Limits are on all signal events: where a cut keeps the share f, an excess of n events there is n/f of signal."""
    search, channel = belle2()
    peak = resonance(search, channel, "lmu-ltau", 2.0)
    groups = treatment_of(search, channel, "cut")
    kept = sum(peak.shares[c] for c in groups[0])
    assert 0.3 < kept < 0.9
    whole = Setting(search, channel, groups, Simulated(search, channel))
    assert whole.shares(peak) == [pytest.approx(kept)]
    events = whole.sample.events(peak.window.part, groups[0], peak.edges)
    assert events is not None
    alone = fit(unbinned(events, peak.shape("crystal-ball"), peak.window.order))
    found = fit(whole.data_window(peak, Way("crystal-ball", 0)))
    assert found.strength == pytest.approx(alone.strength / kept, abs=1e-2 * found.sigma)


def test_the_same_events_in_every_treatment() -> None:
    sample = Simulated(*belle2(), 4)
    apart = [sample.events(2, (f"nn{k}",), (1.5, 2.5)) for k in (1, 2, 3, 4)]
    together = sample.events(2, ("nn1", "nn2", "nn3", "nn4"), (1.5, 2.5))
    assert np.array_equal(np.sort(np.concatenate(apart)), together)
    assert not np.array_equal(sample.events(3, ("nn1",), (3.4, 4.1)), sample.events(2, ("nn1",), (3.4, 4.1)))


def test_cls_does_not_mind_the_systematic() -> None:
    """A mass scan by CLs is without it: a value above 0.1, which the convolution refuses, must not stop it."""
    search, channel = belle2()
    large = search.with_values({"signal_systematic": 0.12})
    facts = search.hypothesis("lmu-ltau")
    one, other = (hunt(s, channel, facts, [2.0], "cls", 0.9, Hunting()).found[0] for s in (search, large))
    assert one.observed_limit == other.observed_limit


@pytest.mark.parametrize("treatment", ["cut", "binned", "none"])
def test_few_events_of_several_categories(treatment: str) -> None:
    """Most of the range of belle2-4mu has few events: a mass without a fit is the exception."""
    search, channel = belle2()
    masses = [1.5, 1.933, 3.0, 4.42, 5.5, 7.615, 7.779, 8.5]
    facts = search.hypothesis("lmu-ltau")
    found = hunt(search, channel, facts, masses, "cls", 0.9, Hunting(treatment=treatment, toys=40))
    assert [(f.mass_gev, f.warnings) for f in found.found if f.status != "ok"] == []
    lost = [(f.mass_gev, w) for f in found.found for w in f.warnings if "toys have no fit" in w]
    assert lost == []


def test_measured_events_are_sorted_into_categories() -> None:
    from limits.signals.samples import measured

    _, channel = belle2()
    x, score = np.array([1.0, 1.1, 1.2, 1.3, 1.4]), np.array([1.0, 2.0, 3.0, 4.0, 4.0])
    found = measured(channel, {"reduced_mass": x, "network_bin": score}, "file")
    assert isinstance(found, Measured)
    assert {name: v.tolist() for name, v in found.by_category.items()} == {
        "nn1": [1.0],
        "nn2": [1.1],
        "nn3": [1.2],
        "nn4": [1.3, 1.4],
    }
    assert found.events(0, ("nn2", "nn4"), (1.0, 1.35)).tolist() == [1.1, 1.3]
    with pytest.raises(InputError, match="4 categories need a score column"):
        measured(channel.model_copy(update={"scores": ()}), {"reduced_mass": x, "network_bin": score}, "file")


def test_toys_are_as_many_as_the_events_measured() -> None:
    """A quarter of the events: σ and with it the expected limit are half of those of all."""
    _, channel = bes3()
    events = simulated(5).events(0, ("events",), (0.1, 2.95))
    kept = events[np.random.default_rng(1).random(len(events)) < 0.25]
    medians = [
        look([1.5], Hunting(sample=Measured("events", {"events": x}), toys=200)).found[0].expected_limit[2]
        for x in (events, kept)
    ]
    assert channel.backgrounds[0].category == "events"
    assert medians[1] / medians[0] == pytest.approx(0.5, rel=0.1)
