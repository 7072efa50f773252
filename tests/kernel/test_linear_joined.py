"""Categories joined into one window: against a likelihood written by hand, against `likelihood.joint`, and rules of symmetry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from iminuit import Minuit
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq, minimize
from scipy.stats import norm

from limits.errors import InputError
from limits.inference.limit import upper_limit
from limits.kernel.linear import toys
from limits.kernel.linear.fit import NODES, fit
from limits.kernel.linear.joined import join
from limits.kernel.linear.measure import measure
from limits.kernel.linear.results import Status
from limits.kernel.linear.scan import fit_spectra, prepare
from limits.kernel.linear.shapes import CrystalBall, chebyshev
from limits.kernel.linear.window import Window, binned, unbinned
from limits.likelihood.joint import joint
from limits.likelihood.spectrum import bump

Array = NDArray[np.float64]
LOW, HIGH, MEAN, SIGMA = 1.0, 2.0, 1.47, 0.03
SHAPE = CrystalBall((LOW, HIGH), MEAN, SIGMA, 20.0, 3.0, 20.0, 3.0)
"""Tails begin at 20σ, beyond the window: a Gaussian, so that nothing but SciPy is needed to write it down."""

SHARES = (0.55, 0.3, 0.1)


@dataclass(frozen=True)
class Made:
    """Three categories with a falling background each and 60 signal events in all."""

    events: tuple[Array, ...]

    def windows(self, order: int = 1) -> list[Window]:
        return [unbinned(x, SHAPE, order) for x in self.events]


@pytest.fixture(scope="module")
def made() -> Made:
    rng = np.random.default_rng(11)
    found = []
    for count, share, slope in zip((900, 400, 150), SHARES, (0.5, -0.3, 0.1), strict=True):
        u = rng.random(count)
        # Inverse cumulative of 1 + slope·t on t = −1…1.
        t = 2 * u - 1 if slope == 0 else (-1 + np.sqrt((1 - slope) ** 2 + 4 * slope * u)) / slope
        peak = rng.normal(MEAN, SIGMA, rng.poisson(60 * share))
        found.append(np.concatenate([LOW + (HIGH - LOW) * (t + 1) / 2, peak]))
    return Made(tuple(found))


def by_hand(events: tuple[Array, ...], shares: tuple[float, ...]):
    """The extended NLL of strength and (yield, slope) of every category, from scipy.stats alone."""
    inside = norm.cdf(HIGH, MEAN, SIGMA) - norm.cdf(LOW, MEAN, SIGMA)
    peaks = [norm.pdf(x, MEAN, SIGMA) / inside for x in events]
    places = [2 * (x - LOW) / (HIGH - LOW) - 1 for x in events]

    def nll(theta: Array) -> float:
        total = 0.0
        for k, share in enumerate(shares):
            count, slope = theta[1 + 2 * k], theta[2 + 2 * k]
            rate = share * theta[0] * peaks[k] + count * (1 + slope * places[k]) / (HIGH - LOW)
            if np.any(rate <= 0):
                return 1e12
            total += share * theta[0] + count - float(np.sum(np.log(rate)))
        return total

    return nll


def start(events: tuple[Array, ...], strength: float = 10.0) -> list[float]:
    return [strength, *(v for x in events for v in (float(len(x)), 0.0))]


def test_against_a_likelihood_written_by_hand(made: Made) -> None:
    nll = by_hand(made.events, SHARES)
    found = Minuit(nll, start(made.events))
    found.errordef, found.strategy = 0.5, 2
    found.migrad()
    found.hesse()
    ours = fit(join(made.windows(), SHARES))
    assert ours.status is Status.CONVERGED
    assert ours.strength == pytest.approx(found.values[0], abs=2e-3 * found.errors[0])
    assert ours.sigma == pytest.approx(found.errors[0], rel=2e-3)
    null = minimize(lambda rest: nll(np.concatenate([[0.0], rest])), start(made.events)[1:], method="Nelder-Mead",
                    options={"maxiter": 20000, "maxfev": 20000, "xatol": 1e-7, "fatol": 1e-10, "adaptive": True})  # fmt: skip
    measured = measure(join(made.windows(), SHARES))
    assert measured.significance == pytest.approx(np.sqrt(2 * (null.fun - found.fval)), rel=1e-3)
    assert 2 < measured.significance < 12


def test_every_category_keeps_its_own_events(made: Made) -> None:
    """At the minimum each background yield takes what the signal leaves: the derivative by a yield is 1 − events/rate."""
    ours = fit(join(made.windows(), SHARES))
    # Σ θ_j ∂NLL/∂θ_j = 0 in each category: expected and observed events are the same in the sum over all of them.
    assert ours.window.integral @ ours.theta == pytest.approx(sum(map(len, made.events)), rel=1e-7)


@pytest.mark.parametrize("order", [1, 3])
def test_against_the_joint_likelihood_of_bumps(made: Made, order: int) -> None:
    parts = [
        bump(x, SHAPE, order, signal_events=share, name=f"c{k}")
        for k, (x, share) in enumerate(zip(made.events[:2], SHARES[:2], strict=True))
    ]
    whole = joint(parts)
    window = join(made.windows(order)[:2], SHARES[:2])
    ours, other = fit(window), whole.fit(whole.observed, lower=-1e3)
    assert ours.strength == pytest.approx(other.theta[0], abs=1e-4 * ours.sigma)
    assert ours.sigma == pytest.approx(float(np.sqrt(other.covariance[0, 0])), rel=1e-4)
    for strength in (0.0, 25.0):
        rise = whole.fit(whole.observed, strength).nll - other.nll
        assert fit(window, strength).nll - ours.nll == pytest.approx(rise, abs=1e-5)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_limits_are_those_of_the_joint_likelihood(made: Made, level: float) -> None:
    parts = [
        bump(x, SHAPE, 1, signal_events=share, name=f"c{k}")
        for k, (x, share) in enumerate(zip(made.events, SHARES, strict=True))
    ]
    whole, ours = joint(parts), measure(join(made.windows(), SHARES), level)
    assert ours.cls == pytest.approx(upper_limit(whole, "cls", level).observed_limit, rel=2e-3)


@pytest.mark.slow
def test_bayesian_limit_is_that_of_the_joint_likelihood(made: Made) -> None:
    parts = [
        bump(x, SHAPE, 1, signal_events=share, name=f"c{share}") for x, share in zip(made.events, SHARES, strict=True)
    ]
    wanted = upper_limit(joint(parts), "bayes-profile", 0.9).observed_limit
    assert measure(join(made.windows(), SHARES), 0.9).bayes == pytest.approx(wanted, rel=2e-3)


def test_bayesian_limit_by_direct_integration(made: Made) -> None:
    window = join(made.windows(), SHARES)
    best = fit(window)

    def posterior(s: float) -> float:
        return float(np.exp(best.nll - fit(window, s).nll))

    far = max(best.strength, 0) + 8 * best.sigma
    total = quad(posterior, 0, far, limit=100, epsabs=1e-8)[0]
    limit = brentq(lambda s: quad(posterior, 0, s, epsabs=1e-8)[0] / total - 0.95, 1.0, far)
    assert measure(window).bayes == pytest.approx(limit, rel=1e-3)


def test_one_category_is_left_alone(made: Made) -> None:
    (alone, *_) = made.windows()
    assert join([alone], [1.0]) is alone
    counts = np.histogram(made.events[0], np.linspace(LOW, HIGH, 101))[0].astype(float)
    half = join([binned(counts, np.linspace(LOW, HIGH, 101), SHAPE, 1)], [0.5])
    whole = binned(counts, np.linspace(LOW, HIGH, 101), SHAPE, 1)
    assert half.rows is half.grid  # toys ask for that
    assert fit(half).strength == pytest.approx(2 * fit(whole).strength, rel=1e-7)
    assert whole.rows[0].sum() == pytest.approx(1, abs=1e-9), "the one it was made of has changed"


def test_the_order_of_categories_does_not_matter(made: Made) -> None:
    one = measure(join(made.windows(), SHARES))
    for order in ([2, 0, 1], [1, 2, 0], [2, 1, 0]):
        other = measure(join([made.windows()[k] for k in order], [SHARES[k] for k in order]))
        for name in ("strength", "sigma", "significance", "bayes", "cls"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-5), (order, name)


def test_shares_scale_the_strength(made: Made) -> None:
    one, tenth = (measure(join(made.windows(), np.array(SHARES) * factor)) for factor in (1.0, 0.1))
    for name in ("strength", "sigma", "bayes", "cls"):
        assert getattr(tenth, name) == pytest.approx(10 * getattr(one, name), rel=1e-6), name
    assert tenth.significance == pytest.approx(one.significance, rel=1e-6)


def test_a_category_without_signal_changes_nothing(made: Made) -> None:
    two = measure(join(made.windows()[:2], SHARES[:2]))
    three = measure(join(made.windows(), (*SHARES[:2], 0.0)))
    assert (three.strength, three.sigma) == pytest.approx((two.strength, two.sigma), rel=1e-5)


def test_joint_information_adds_up(made: Made) -> None:
    """Where shares are what the categories have, 1/σ² of the whole is the sum of those of the parts at the same strength."""
    windows = made.windows()
    apart = [fit(join([w], [s])) for w, s in zip(windows, SHARES, strict=True)]
    whole = fit(join(windows, SHARES))
    # σ of a part belongs to its own best strength; a tenth is what that changes.
    assert whole.sigma**-2 == pytest.approx(sum(one.sigma**-2 for one in apart), rel=0.1)


def spectra(categories: int, bins: int, size: int) -> tuple[Array, Array]:
    """A falling spectrum of several categories: expected counts (bins, K), and toys (size, bins · K), bin by bin."""
    x = (np.arange(bins) + 0.5) / bins
    expected = np.stack([(40 - 9 * k) * np.exp(-(0.6 + 0.5 * k) * x) for k in range(categories)], axis=1)
    return expected, np.random.default_rng(5).poisson(expected.ravel(), (size, bins * categories)).astype(float)


@pytest.mark.parametrize("categories", [1, 2, 4])
def test_windows_see_their_own_bins_of_toys(categories: int) -> None:
    """The table of toys is that of fits to each toy, cut out of the spectrum by hand and category by category."""
    bins, first, last = 160, 37, 120
    expected, thrown = spectra(categories, bins, 6)
    edges = np.linspace(LOW, HIGH, last - first + 1)
    shares = list(np.array([0.5, 0.25, 0.15, 0.05])[:categories])

    def window(counts: Array) -> Window:
        return join([binned(counts[first:last, k], edges, SHAPE, 2) for k in range(categories)], shares)

    table = fit_spectra(thrown, 0.95, NODES, prepare(window(expected), first * categories))
    assert np.all(table[:, toys.STATUS] == 0)
    for row, toy in zip(table, thrown, strict=True):
        alone = measure(window(toy.reshape(bins, categories)))
        assert row[toys.STRENGTH] == pytest.approx(alone.strength, abs=1e-3 * alone.sigma)
        assert row[toys.SIGMA] == pytest.approx(alone.sigma, rel=1e-3)
        assert row[toys.BAYES] == pytest.approx(alone.bayes, rel=2e-3)


def test_binned_and_unbinned_agree(made: Made) -> None:
    edges = np.linspace(LOW, HIGH, 401)  # bins of σ/12
    counts = [np.histogram(x, edges)[0].astype(float) for x in made.events]
    fine = measure(join([binned(one, edges, SHAPE, 1) for one in counts], SHARES))
    exact = measure(join(made.windows(), SHARES))
    assert fine.strength == pytest.approx(exact.strength, abs=0.05 * exact.sigma)
    assert fine.cls == pytest.approx(exact.cls, rel=0.02)


def test_a_category_without_events(made: Made) -> None:
    """It says that there is little signal: with share f of it empty, NLL grows by f·s more."""
    windows = [made.windows()[0], unbinned(np.empty(0), SHAPE, 1)]
    alone = measure(join(windows[:1], [0.6]))
    both = measure(join(windows, [0.6, 0.4]).with_barrier(1e-4))
    assert both.status is Status.CONVERGED
    assert both.strength < alone.strength - 0.1
    assert both.bayes < alone.bayes


def test_few_events_by_direct_integration() -> None:
    """A deficit in the place of the peak: the best strength is at the edge of what is possible, and σ there says nothing."""
    rng = np.random.default_rng(2)
    x = rng.uniform(LOW, HIGH, 60)
    window = unbinned(x[np.abs(x - MEAN) > 3 * SIGMA], SHAPE, 1).with_barrier(0.1 / 256)
    found = measure(window, 0.9)
    assert found.status is Status.CONVERGED
    strengths = np.linspace(0, 40, 400)
    curve = np.array([fit(window, float(s)).nll for s in strengths])
    area = np.concatenate([[0.0], np.cumsum(np.exp(curve.min() - 0.5 * (curve[1:] + curve[:-1])))])
    assert found.bayes == pytest.approx(np.interp(0.9 * area[-1], area, strengths), rel=5e-3)


@pytest.mark.parametrize("shares", [(0.5,), (0.5, -0.1, 0.2), (0.0, 0.0, 0.0), ()])
def test_shares_that_are_none(made: Made, shares: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match=r"^joined windows: "):
        join(made.windows(), shares)


def test_windows_that_do_not_belong_together(made: Made) -> None:
    with pytest.raises(InputError, match="one order for all"):
        join([unbinned(made.events[0], SHAPE, 1), unbinned(made.events[1], SHAPE, 2)], (0.5, 0.5))
    with pytest.raises(InputError):
        join([], [])


def test_row_one_is_positive(made: Made) -> None:
    """What the kernels ask for: the first function of the background is above zero everywhere."""
    window = join(made.windows(), SHARES)
    assert np.all(window.rows[1] > 0)
    assert np.all(window.grid[1] > 0)
    flat = chebyshev(np.array([1.5]), (LOW, HIGH), 0)[0, 0]
    assert window.rows[1].max() <= flat * (1 + 1e-12)
