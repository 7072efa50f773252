"""Posteriors of one count under other priors: Gamma quantiles, direct integration, invariance, shortest intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.special import gammaincc
from scipy.stats import gamma, norm, poisson

from limits.errors import InputError, UnknownName
from limits.inference.bayes.interval import bayes_interval
from limits.inference.bayes.priors import FLAT, PRIORS, Prior, flat_in_coupling
from limits.inference.bayes.single import SinglePosterior
from limits.inference.counts.exact import SingleCount
from limits.inference.limit import upper_limit
from limits.likelihood.counting import Background, Systematic, counting


@settings(max_examples=50)
@given(n=st.integers(0, 60), power=st.floats(-0.9, 3), decay=st.floats(0, 2), level=st.sampled_from([0.68, 0.9, 0.95]))
def test_gamma_quantiles_without_background(n: int, power: float, decay: float, level: float) -> None:
    prior, posterior = Prior("own", power, decay), gamma(n + power + 1, scale=1 / (1 + decay))
    likelihood = counting(n, 1.0, Background(0))
    assert bayes_interval(likelihood, level, prior).high == pytest.approx(posterior.ppf(level), rel=1e-8)
    central = bayes_interval(likelihood, level, prior, "central")
    assert (central.low, central.high) == pytest.approx(posterior.ppf([(1 - level) / 2, (1 + level) / 2]), rel=1e-8)


@pytest.mark.parametrize("prior", [FLAT, PRIORS["1/√s"], flat_in_coupling(4.0, 3.0), Prior("own", 0.3, 0.2)])
def test_against_a_double_integral(prior: Prior) -> None:
    likelihood = counting(3, 1.0, Background(1.5, 0.5, "gaussian"))
    share = 1 / (prior.power + 1)

    def density(t: float, u: float) -> float:  # u = s^(power + 1) makes the prior flat
        s = u**share
        return float(poisson.pmf(3, s + 1.5 * t) * np.exp(-prior.decay * s) * norm.pdf(t, 1, 0.5))

    high = bayes_interval(likelihood, 0.9, prior).high
    assert high is not None
    total = dblquad(density, 0, 60 ** (1 / share), 0, 5.5, epsabs=1e-8)[0]
    assert dblquad(density, 0, high ** (1 / share), 0, 5.5, epsabs=1e-8)[0] / total == pytest.approx(0.9, abs=1e-6)


def test_flat_prior_is_the_method_of_limits() -> None:
    for n in (0, 3, 40):
        likelihood = counting(n, 2.0, Background(5.0, 0.3, "lognormal"), [Systematic("s", 1.2)])
        assert bayes_interval(likelihood, 0.95).high == pytest.approx(
            upper_limit(likelihood, "bayes", 0.95).observed_limit, rel=1e-9
        )


@pytest.mark.parametrize(("n", "b"), [(0, 1e-9), (0, 0.5), (3, 1.0), (200, 150.0), (5, 0.0)])
def test_jeffreys_with_known_background(n: int, b: float) -> None:
    """∝ (s + b)^(n − ½) e^(−s − b): an incomplete Gamma function."""
    posterior = SinglePosterior(SingleCount.of(counting(n, 1.0, Background(b))), PRIORS["Jeffreys"], n)
    for s in (0.1, 1.0, 5.0, 30.0):
        want = float(gammaincc(n + 0.5, s + b) / gammaincc(n + 0.5, b))
        assert posterior.tail(s) == pytest.approx(want, rel=1e-9, abs=1e-12)


def test_jeffreys_averages_the_information() -> None:
    likelihood = counting(2, 1.0, Background(1.5, 0.5, "gaussian"))

    def prior(s: float) -> float:
        norm_t = norm.cdf(6.0, 1, 0.5) - norm.cdf(1e-10, 1, 0.5)
        return float(
            np.sqrt(quad(lambda t: norm.pdf(t, 1, 0.5) / (s + 1.5 * t), 1e-10, 6, limit=200, epsrel=1e-6)[0] / norm_t)
        )

    def marginal(s: float) -> float:
        return quad(lambda t: norm.pdf(t, 1, 0.5) * poisson.pmf(2, s + 1.5 * t), 0, 6)[0]

    high = bayes_interval(likelihood, 0.9, PRIORS["Jeffreys"]).high
    assert high is not None
    edges = np.linspace(0, np.sqrt(40), 201)
    middle = (edges[1:] + edges[:-1]) / 2
    values = np.array([2 * u * prior(u * u) * marginal(u * u) for u in middle])
    below = np.interp(np.sqrt(high), edges, np.r_[0, np.cumsum(values)])
    assert below / values.sum() == pytest.approx(0.9, abs=2e-4)


def test_flat_in_a_coupling() -> None:
    """The limit on the coupling itself, with a flat prior in it, found without going through the strength."""
    likelihood = counting(2, 1.0, Background(0.7))
    high = bayes_interval(likelihood, 0.9, flat_in_coupling(4.0, 1.0)).high
    assert high is not None

    def density(g: float) -> float:
        return float(poisson.pmf(2, g**4 + 0.7))

    assert quad(density, 0, high**0.25)[0] / quad(density, 0, 4)[0] == pytest.approx(0.9, rel=1e-8)
    assert flat_in_coupling(2.0).power == 0
    assert flat_in_coupling(4.0).power == -0.5
    assert "coupling^2" in flat_in_coupling(4.0).name


def test_shortest_is_shortest() -> None:
    for n, prior in ((10, FLAT), (4, PRIORS["1/√s"]), (6, PRIORS["Jeffreys"]), (1, FLAT)):
        likelihood = counting(n, 1.0, Background(1.0, 0.3, "lognormal"))
        found = bayes_interval(likelihood, 0.8, prior, "shortest")
        posterior = SinglePosterior(SingleCount.of(likelihood), prior, n)
        assert found.low is not None
        assert found.high is not None
        for below in np.linspace(0, 0.2, 15)[:-1]:
            width = posterior.quantile(float(below) + 0.8) - posterior.quantile(float(below))
            assert found.high - found.low <= width * (1 + 1e-9)
        assert posterior.tail(found.low) - posterior.tail(found.high) == pytest.approx(0.8, abs=1e-9)
        if found.low > 0:
            density = posterior.density.at
            assert density(found.low) == pytest.approx(density(found.high), rel=1e-6)


def test_a_falling_posterior_begins_at_zero() -> None:
    found = bayes_interval(counting(0, 1.0, Background(2.0)), 0.9, FLAT, "shortest")
    assert found.low == 0.0
    assert found.high == pytest.approx(np.log(10))


def test_range_of_the_prior() -> None:
    prior = replace(PRIORS["1/√s"], lower=0.5, upper=4.0)
    likelihood = counting(3, 1.0, Background(1.0))
    posterior = SinglePosterior(SingleCount.of(likelihood), prior, 3)
    assert (posterior.tail(0.2), posterior.tail(4.5)) == (1.0, 0.0)
    found = bayes_interval(likelihood, 0.9, prior, "central")
    assert found.low is not None
    assert found.high is not None
    density = lambda s: s**-0.5 * poisson.pmf(3, s + 1)  # noqa: E731
    whole = quad(density, 0.5, 4)[0]
    assert quad(density, 0.5, found.low)[0] / whole == pytest.approx(0.05, rel=1e-7)
    assert quad(density, found.high, 4)[0] / whole == pytest.approx(0.05, rel=1e-7)


@pytest.mark.parametrize("kind", ["upper", "central", "shortest"])
def test_scales_with_the_signal(kind: str) -> None:
    for prior in PRIORS.values():
        background = Background(0.0 if prior.power == -1 else 2.0)
        one, tiny = (bayes_interval(counting(4, s, background), 0.9, prior, kind) for s in (1.0, 1e-9))  # type: ignore[arg-type]
        assert (tiny.low, tiny.high) == pytest.approx((one.low * 1e9, one.high * 1e9), rel=1e-6)  # type: ignore[operator]


def test_no_signal() -> None:
    found = bayes_interval(counting(4, 0.0, Background(2.0)), 0.9)
    assert (found.low, found.high, found.status) == (0.0, None, "insensitive")


def test_bad_input() -> None:
    for call, message in [
        (lambda: bayes_interval(counting(4, 1.0, Background(2.0)), 0.9, PRIORS["1/s"]), "no finite integral"),
        (lambda: bayes_interval(counting(0, 1.0, Background(0)), 0.9, PRIORS["1/s"]), "no finite integral"),
        (lambda: bayes_interval(counting(0, 1.0, Background(0)), 1.2), "level = 1.2"),
        (lambda: bayes_interval(counting(0, 1.0, Background(0)), 0.9, FLAT, "wide"), "unknown kind of interval 'wide'"),  # type: ignore[arg-type]
        (lambda: Prior("own", -2.0), "power = -2.0"),
        (lambda: Prior("own", decay=-2.0), "decay = -2.0"),
        (lambda: Prior("own", lower=2.0, upper=1.0), "range [2.0, 1.0]"),
        (lambda: flat_in_coupling(0.0), "strength_power = 0.0"),
    ]:
        with pytest.raises((InputError, UnknownName)) as caught:
            call()
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
