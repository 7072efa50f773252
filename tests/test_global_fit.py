"""ln L for samplers: against fits and integrals of the likelihoods themselves, where nothing is seen, by many threads."""

from __future__ import annotations

import pickle
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from math import exp, inf, log, nan
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import norm, poisson

import limits
from limits.assemble import prepare
from limits.errors import InputError, UnknownName
from limits.globalfit import LogLikelihood, log_likelihood
from limits.globalfit.counts import Count, Nuisances
from limits.globalfit.data import pieces
from limits.globalfit.lattice import LOWEST, Stack, Table
from limits.likelihood.counting import Background, Systematic, counting
from limits.recast import recast
from limits.search import CountingChannel, load

EXAMPLES = Path(__file__).resolve().parents[1] / "scripts" / "examples"
ERROR = 1e-2
CASES = {
    "none seen": (0, Background(2.3e-3, 1.0, "poisson")),
    "one seen": (1, Background(4.352e-4, 0.125, "lognormal")),
    "five seen": (5, Background(3.0, 0.3, "gaussian")),
    "known background": (3, Background(3.0)),
}
EVENTS = np.array([1e-6, 0.1, 1.0, 5.0, 30.0, 1e3])


@cache
def faser(nuisances: Nuisances = "profiled") -> LogLikelihood:
    return log_likelihood(
        load("faser-aprime"), "aprime", nuisances=nuisances, masses=(0.03, 0.06), couplings=(1e-6, 1e-3)
    )


@cache
def with_muons() -> LogLikelihood:
    """Electrons in FASER below 0.1 GeV, muon pairs in NA62 around the window with the event."""
    searches = [load("faser-aprime"), load("na62-aprime-mumu")]
    return log_likelihood(searches, "aprime", masses=(0.08, 0.43), couplings=(3e-7, 1e-5), error=0.05)


def points(f: LogLikelihood, low: float, high: float, masses: int, each: int) -> list[tuple[float, list[float]]]:
    rng = np.random.default_rng(5)
    couplings = np.log(f.couplings)
    return [
        (float(m), np.exp(rng.uniform(*couplings, each)).tolist())
        for m in np.exp(rng.uniform(log(low), log(high), masses))
    ]


def laplace(events: float, sigma: float) -> float:
    """E[exp(−events·e^(σθ))] of a standard normal θ, by adaptive quadrature."""

    def density(t: float) -> float:
        return float(exp(-events * exp(sigma * t)) * norm.pdf(t))

    return float(quad(density, -20, 20, points=(-5, 0, 5), epsabs=0, limit=500)[0])


# --- one count ---


@pytest.mark.parametrize("sigma", [0.05, 0.2, 0.7])
@pytest.mark.parametrize("case", CASES)
def test_the_profile_is_that_of_fits(case: str, sigma: float) -> None:
    observed, background = CASES[case]
    found = Count(observed, background, "profiled").gain(EVENTS, np.full(EVENTS.shape, sigma))
    for events, value in zip(EVENTS.tolist(), found, strict=True):
        likelihood = counting(observed, events, background, [Systematic("signal", exp(sigma))])
        fits = [likelihood.fit(likelihood.observed, strength).nll for strength in (0.0, 1.0)]
        assert value == pytest.approx(fits[0] - fits[1], rel=1e-9, abs=1e-9)


def test_a_certain_signal_is_a_poisson_probability() -> None:
    found = Count(3, Background(3.0), "profiled").gain(EVENTS, np.zeros(EVENTS.shape))
    assert found == pytest.approx(poisson.logpmf(3, EVENTS + 3) - poisson.logpmf(3, 3), abs=1e-12)
    averaged = Count(3, Background(3.0), "marginalised").gain(EVENTS, np.zeros(EVENTS.shape))
    assert averaged == pytest.approx(found, abs=1e-4)  # a spread of 1e-5 stands for none


@pytest.mark.slow
@pytest.mark.parametrize("events", [0.1, 2.0, 30.0])
def test_the_average_is_the_integral(events: float) -> None:
    """Over a lognormal signal and a lognormal background, by adaptive quadrature of the probability itself."""

    def probability(signal: float) -> float:
        def density(b: float, s: float) -> float:
            rate = signal * exp(0.4 * s) + 2.0 * 1.3**b
            return float(rate**3 * exp(-rate) / 6 * norm.pdf(s) * norm.pdf(b))

        return float(dblquad(density, -9, 9, -8, 8, epsrel=1e-7, epsabs=0)[0])

    found = Count(3, Background(2.0, 0.3, "lognormal"), "marginalised").gain(np.array(events), np.array(0.4))
    assert found == pytest.approx(log(probability(events) / probability(0.0)), abs=1e-6)


@pytest.mark.parametrize(("events", "sigma"), [(0.01, 0.2), (3.0, 0.3), (3.0, 1.2), (500.0, 0.5)])
def test_the_average_without_events_is_the_laplace_transform_of_a_lognormal(events: float, sigma: float) -> None:
    whole = laplace(events, sigma)
    found = Count(0, CASES["none seen"][1], "marginalised").gain(np.array(events), np.array(sigma))
    assert found == pytest.approx(log(whole), abs=1e-7)


@pytest.mark.parametrize("nuisances", ["profiled", "marginalised"])
@pytest.mark.parametrize("case", CASES)
def test_a_table_says_how_good_it_is(case: str, nuisances: Nuisances) -> None:
    count = Count(*CASES[case], nuisances)
    table = Table.of(count, log(1e6), 0.15, 0.8)
    assert table.error < 2e-4
    x, sigma = np.array([-3.33, 0.123, 4.56]), np.array([0.151, 0.4, 0.79])
    exact = count.gain(np.exp(x), sigma)
    assert table.at(x, sigma) == pytest.approx(exact, rel=1e-4, abs=1e-4)
    assert [table.one(*p) for p in zip(x.tolist(), sigma.tolist(), strict=True)] == pytest.approx(
        table.at(x, sigma), rel=1e-12
    )


@pytest.mark.parametrize("nuisances", ["profiled", "marginalised"])
@pytest.mark.parametrize("case", CASES)
def test_no_signal_is_zero(case: str, nuisances: Nuisances) -> None:
    count = Count(*CASES[case], nuisances)
    assert count.gain(np.array([0.0, exp(LOWEST)]), np.array([0.3, 0.3])) == pytest.approx([0, 0], abs=1e-5)
    assert np.all(np.isfinite(count.gain(np.array([1e12, 1e-300]), np.array([1.0, 1.0]))))


def test_counts_that_have_no_answer() -> None:
    with pytest.raises(InputError, match="events over no background"):
        Count(1, Background(0.0), "profiled")
    with pytest.raises(InputError, match="use 'profiled'"):
        Count(300, Background(300.0), "marginalised")
    with pytest.raises(UnknownName, match="profiled"):
        Count(1, Background(1.0), "fixed")  # type: ignore[arg-type]


# --- the plane ---


def test_fits_at_random_points() -> None:
    f, search = faser(), load("faser-aprime")
    assert f.error <= ERROR
    assert f.warnings == ()
    for mass, couplings in points(f, 0.03, 0.06, 6, 6):
        ready = prepare(search, "aprime", mass)
        for coupling in couplings:
            likelihood = ready.likelihood(coupling)
            fits = [likelihood.fit(likelihood.observed, strength).nll for strength in (0.0, 1.0)]
            assert f(mass, coupling) == pytest.approx(fits[0] - fits[1], rel=ERROR, abs=ERROR)


@pytest.mark.slow
def test_averages_at_random_points() -> None:
    f, search = faser("marginalised"), load("faser-aprime")
    assert f.error <= ERROR
    fixed = [log(1 + search.value(s.size)) for s in search.channels[0].systematics]  # type: ignore[union-attr]
    for mass, couplings in points(f, 0.03, 0.06, 4, 5):
        for coupling in couplings:
            (expected,) = prepare(search, "aprime", mass).yields(coupling)
            kappas = [*fixed, *(log(1 + float(size[0, 0])) for size in expected.relative.values())]
            s, sigma = float(expected.events[0, 0]), float(np.hypot.reduce(kappas))
            whole = laplace(s, sigma)
            assert f(mass, coupling) == pytest.approx(log(whole), rel=ERROR, abs=ERROR)


@pytest.mark.slow
def test_the_window_with_the_event_is_respected_exactly() -> None:
    """One event at 0.411 ± 0.0068 GeV: counts change from one double to the next."""
    search = load("na62-aprime-mumu")
    channel = search.channels[0]
    assert isinstance(channel, CountingChannel)
    data = pieces(search, channel, 0.3, 0.5, "profiled")
    assert data is not None
    assert [count.observed for count in data.counts] == [0, 1, 0]
    assert data.breaks == pytest.approx((0.411 - 0.0068, 0.411 + 0.0068), abs=1e-12)
    f = with_muons()
    for edge, inside in zip(data.breaks, (1, -1), strict=True):
        below, above = (prepare(search, "aprime", m).likelihood(1e-6) for m in (np.nextafter(edge, 0), edge))
        assert below.counts[0] + inside == above.counts[0]
        for mass, likelihood in ((float(np.nextafter(edge, 0)), below), (edge, above)):
            fits = [likelihood.fit(likelihood.observed, strength).nll for strength in (0.0, 1.0)]
            assert f(mass, 1e-6) == pytest.approx(fits[0] - fits[1], rel=0.05, abs=0.05)


@pytest.mark.parametrize(
    ("name", "hypothesis", "masses"),
    [
        ("babar-psid-p", "mesogenesis", (1.5, 2.5)),  # the background changes with the mass
        ("babar-psid-lambda", "mesogenesis-universal", (1.2, 2.2)),  # and the count three times
        ("faser-aprime", "b-l", (0.02, 0.03)),
        pytest.param(
            "darkquest-aprime", "aprime", (0.3, 0.31), marks=pytest.mark.slow
        ),  # no uncertainty but that of the computation
    ],
)
def test_other_counts(name: str, hypothesis: str, masses: tuple[float, float]) -> None:
    search = recast(load(name), hypothesis)
    f = log_likelihood(search, hypothesis, masses=masses)
    for mass, couplings in points(f, *masses, 3, 5):
        for coupling in couplings:
            likelihood = prepare(search, hypothesis, mass).likelihood(coupling)
            fits = [likelihood.fit(likelihood.observed, strength).nll for strength in (0.0, 1.0)]
            assert f(mass, coupling) == pytest.approx(fits[0] - fits[1], rel=ERROR, abs=ERROR)
            assert f(np.array([mass]), coupling)[0] == pytest.approx(f(mass, coupling), rel=1e-9, abs=1e-12)


def test_a_background_that_changes_with_the_mass_is_interpolated() -> None:
    """Between tables at eight masses, of three events over 1 to 4 of background; without an event there is one table."""

    def count(mass: float) -> Count:
        return Count(3, Background(4.0 / mass**2, 0.3, "gamma"), "profiled")

    stack = Stack.of(count, (1.0, 2.0), True, (log(1e3), 0.15, 0.3))
    assert len(stack.tables) == 8
    assert stack.error < 1e-3
    mass, x, sigma = np.array([1.05, 1.4142, 1.99]), np.array([-3.3, 1.2, 4.5]), np.array([0.16, 0.2, 0.29])
    exact = [float(count(m).gain(np.array(exp(s)), np.array(k))) for m, s, k in zip(mass, x, sigma, strict=True)]
    assert stack.at(mass, x, sigma) == pytest.approx(exact, rel=1e-3, abs=1e-3)
    one = [stack.one(*place) for place in zip(mass.tolist(), x.tolist(), sigma.tolist(), strict=True)]
    assert one == pytest.approx(stack.at(mass, x, sigma), rel=1e-12)
    search = load("babar-psid-p")
    channel = search.channels[0]
    assert isinstance(channel, CountingChannel)
    data = pieces(search, channel, 1.0, 4.3, "profiled")
    assert data is not None
    assert [c.observed for c in data.counts] == [1, 0]
    assert data.changing == (True, False)
    assert data.spans[0][1] < data.breaks[0] == data.spans[1][0]


def test_where_no_search_looks_or_sees_there_is_exactly_nothing() -> None:
    f = with_muons()
    assert f(0.15, 1e-6) == 0.0
    assert np.all(f(np.array([0.11, 0.2119]), 1e-6) == 0.0)
    assert f.each(0.09, 1e-5)["na62-aprime-mumu"] == 0.0
    assert f.each(0.3, 1e-6)["faser-aprime"] == 0.0
    assert f(0.3, 1e-6) < -3
    assert faser()(0.055, 1e-3) == 0.0  # all decay before FASER


def test_arrays_are_points_and_threads_do_not_matter() -> None:
    f = with_muons()
    rng = np.random.default_rng(2)
    m, g = np.exp(rng.uniform(*np.log(f.masses), 500)), np.exp(rng.uniform(*np.log(f.couplings), 500))
    together = f(m, g)
    assert [f(*p) for p in zip(m.tolist(), g.tolist(), strict=True)] == pytest.approx(together, rel=1e-9, abs=1e-12)
    assert f(m[:, None], g[None, :4]).shape == (500, 4)
    assert isinstance(f(0.3, 1e-6), float)
    assert np.all(np.isfinite(together))
    fresh = pickle.loads(pickle.dumps(f))  # noqa: S301 - our own bytes
    with ThreadPoolExecutor(8) as pool:
        assert all(np.array_equal(found, together) for found in pool.map(lambda _: fresh(m, g), range(32)))
        alone = list(pool.map(fresh, m.tolist(), g.tolist()))
    assert alone == [f(*p) for p in zip(m.tolist(), g.tolist(), strict=True)]


def test_outside_is_an_error_or_what_was_chosen() -> None:
    f = faser()
    for mass, coupling in ((0.02, 1e-5), (0.05, 1e-2), (nan, 1e-5)):
        with pytest.raises(InputError, match=r"outside of 0\.03 to 0\.06 GeV"):
            f(mass, coupling)
    chosen = replace(f, outside=-inf)
    assert chosen(0.02, 1e-5) == -inf
    assert np.array_equal(chosen(np.array([0.02, 0.04]), 1e-5), [-inf, f(0.04, 1e-5)])
    with pytest.raises(InputError, match="nan"):
        chosen(nan, 1e-5)


@pytest.mark.parametrize(
    ("names", "hypothesis", "problem"),
    [
        (["na62-aprime"], "aprime", "give na62-aprime-ee, na62-aprime-mumu"),
        (["belle2-4mu"], "lmu-ltau", "those that test lmu-ltau: na64mu-zprime"),
        (["microboone-trident"], "dark-trident", "needs single counts"),
        (["faser-aprime", "faser-aprime"], "aprime", "data would count twice"),
        ([], "aprime", "no search is given"),
    ],
)
def test_what_cannot_be_used(names: list[str], hypothesis: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        log_likelihood([load(name) for name in names], hypothesis)


def test_ranges_must_be_ranges() -> None:
    search = load("faser-aprime")
    for wrong in ({"masses": (0.1, 0.01)}, {"couplings": (0.0, 1.0)}, {"error": 0.0}, {"masses": (1.0, 2.0)}):
        with pytest.raises(InputError):
            limits.log_likelihood(search, "aprime", **wrong)  # type: ignore[arg-type]


# --- examples ---


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_posterior_example(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("emcee")
    run(monkeypatch, "dark_photon_posterior.py", str(tmp_path / "posterior.png"), "--steps", "300")
    assert (tmp_path / "posterior.png").stat().st_size > 1000
    assert "acceptance" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_cabinetry_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cabinetry")
    run(monkeypatch, "cabinetry_fit.py", "microboone-trident")
    assert "largest difference" in capsys.readouterr().out
