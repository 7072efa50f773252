"""A single count against the formula, and against the HistFactory document that says the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from limits.assemble import document, likelihood
from limits.inference.asymptotic import Asymptotic
from limits.inference.limit import upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Sideband, Systematic, counting
from limits.likelihood.histfactory import load
from limits.search import CountingChannel, Search
from limits.search import load as load_search
from limits.signals import Yield

CONSTRAINTS = ("poisson", "gamma", "gaussian", "lognormal")
SIGNAL = Yield(np.array([[4.0]]), {"flux": np.array([[0.2]])}, frozenset({"flux"}))


def search(constraint: str, observed: float, background: float) -> Search:
    """A shipped counting search with another constraint and other numbers (the absolute error of the background stays)."""
    shipped = load_search("na64mu-zprime").with_values({"observed": observed, "background": background})
    channel = shipped.channels[0]
    assert isinstance(channel, CountingChannel)
    return replace(shipped, channels=(channel.model_copy(update={"background_constraint": constraint}),))


@pytest.fixture(params=CONSTRAINTS)
def twins(request: pytest.FixtureRequest) -> tuple[BinnedLikelihood, BinnedLikelihood]:
    facts = search(request.param, 3.0, 0.09)
    return likelihood(facts, (SIGNAL,), 0.1), load(document(facts, (SIGNAL,), 0.1))


def test_same_profile(twins: tuple[BinnedLikelihood, BinnedLikelihood]) -> None:
    """q at several strengths: constants cancel."""
    ours, exported = (Asymptotic(built, built.observed) for built in twins)
    assert ours.free.strength == pytest.approx(exported.free.strength, rel=1e-6)
    for strength in (0.8, 1.0, 1.7, 3.0):
        assert ours.q(strength) == pytest.approx(exported.q(strength), rel=1e-6, abs=1e-7)
    for strength in (0.0, 0.3):
        values = [calculator.likelihood.fit(calculator.data, strength).nll for calculator in (ours, exported)]
        free = [calculator.free.nll for calculator in (ours, exported)]
        assert values[0] - free[0] == pytest.approx(values[1] - free[1], rel=1e-6)


def test_same_limit(twins: tuple[BinnedLikelihood, BinnedLikelihood]) -> None:
    ours, exported = (upper_limit(built, "cls", 0.9) for built in twins)
    assert ours.observed_limit == pytest.approx(exported.observed_limit, rel=1e-6)
    assert ours.expected_limit == pytest.approx(exported.expected_limit, rel=1e-6)


def formula(kind: str, background: float, size: float, nuisance: float) -> tuple[float, float]:
    """Expected background and −log of the constraint, from scipy.stats."""
    if kind == "lognormal":
        return background * (1 + size) ** nuisance, -stats.norm.logpdf(nuisance)
    if kind == "gaussian":
        return background * nuisance, -stats.norm.logpdf(nuisance, 1.0, size)
    if kind == "gamma":
        return background * nuisance, -stats.gamma.logpdf(nuisance, size**-2, scale=size**2)
    tau = size**-2
    return background * nuisance, tau * nuisance - tau * np.log(tau * nuisance)


@pytest.mark.parametrize("kind", CONSTRAINTS)
def test_formula(kind: str) -> None:
    background, size = 5.0, 0.3
    built = counting(7, 3.0, Background(background, size, kind), [Systematic("eff", 1.15)])  # type: ignore[arg-type]
    differences = []
    for strength, nuisance, eff in ((0.0, 1.0, 0.0), (1.0, 0.8, 0.5), (2.5, 1.3, -1.2), (0.7, 0.5, 2.0)):
        named = {"strength": strength, "background": nuisance, "eff": eff}
        theta = np.array([named[p.name] for p in built.parameters])
        events, constraint = formula(kind, background, size, nuisance)
        expected = strength * 3.0 * 1.15**eff + events
        wanted = -stats.poisson.logpmf(7, expected) + constraint - stats.norm.logpdf(eff)
        differences.append(float(built.nll(theta, built.observed)) - wanted)
    assert np.ptp(differences) == pytest.approx(0.0, abs=1e-10)
    if kind in ("lognormal", "gaussian"):  # the Poisson constraints differ by the constant of their count
        assert differences[0] == pytest.approx(0.0, abs=1e-10)


def test_sideband_formula() -> None:
    built = counting(4, 2.0, Sideband(9, 3.0))
    for strength, in_sideband in ((0.0, 9.0), (1.2, 7.5), (3.0, 11.0)):
        wanted = -stats.poisson.logpmf(4, 2 * strength + in_sideband / 3) - stats.poisson.logpmf(9, in_sideband)
        assert float(built.nll(np.array([strength, in_sideband]), built.observed)) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("kind", CONSTRAINTS)
def test_toys(kind: str) -> None:
    built = counting(7, 3.0, Background(5.0, 0.3, kind), [Systematic("eff", 1.15)])  # type: ignore[arg-type]
    theta = built.fit(built.observed, 1.0).theta
    toys, expected = built.sample(theta, 40_000, np.random.default_rng(11)), built.asimov(theta)
    variance = np.array([expected[0], *np.where(built.shape.poisson, expected[1:], built.shape.scale**2)])
    assert toys.shape == (40_000, len(expected))
    assert (toys.mean(axis=0) - expected) / np.sqrt(variance / len(toys)) == pytest.approx(0.0, abs=4.5)
    assert toys.var(axis=0) / variance == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("kind", CONSTRAINTS)
@pytest.mark.parametrize("strength", [0.0, 1.0, 4.0])
def test_asimov_is_a_fixed_point(kind: str, strength: float) -> None:
    built = counting(7, 3.0, Background(5.0, 0.3, kind), [Systematic("eff", 1.15)])  # type: ignore[arg-type]
    truth = built.fit(built.observed, strength).theta
    assert built.fit(built.asimov(truth), strength).theta == pytest.approx(truth, abs=1e-6)
    assert built.fit(built.asimov(truth)).strength == pytest.approx(strength, abs=1e-5)
