"""Envelope, choice of order, spurious signal and bias: against plain minimisation, formulas by hand, and toys."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import kstest, norm

pytest.importorskip("numba")

from limits.errors import InputError
from limits.inference.bumps.background import Candidate, chebyshev_candidates, choose_order
from limits.inference.bumps.envelope import envelope
from limits.inference.bumps.spurious import bias_test, spurious_signal
from limits.kernel.linear.fit import fit
from limits.kernel.linear.scan import throw
from limits.kernel.linear.window import Window, binned, centroid, unbinned

WIDTH = 0.1
EDGES = np.linspace(-1, 1, 61)


@dataclass(frozen=True)
class Gaussian:
    """On [−1, 1], normalised there."""

    mean: float = 0.0
    sigma: float = WIDTH
    window: tuple[float, float] = (-1.0, 1.0)

    def density(self, x):
        return norm.pdf(x, self.mean, self.sigma) / np.diff(norm.cdf(self.window, self.mean, self.sigma))

    def integrals(self, edges):
        cdf = norm.cdf(edges, self.mean, self.sigma)
        return np.diff(cdf) / np.diff(norm.cdf(self.window, self.mean, self.sigma))


def background(*coefficients: float) -> np.ndarray:
    """Expected events of Σ c_k T_k(t)/2 per bin."""
    primitive = np.polynomial.Chebyshev(coefficients).integ()
    return np.diff(primitive(EDGES)) / 2


def orders(counts, wanted) -> tuple[Candidate, ...]:
    return chebyshev_candidates(lambda order: binned(counts, EDGES, Gaussian(), order), wanted)


COUNTS = throw(background(3000, -900, 250) + 60 * Gaussian().integrals(EDGES), 0, 1, 5)[0]


class Plain:
    """2 NLL of a power series of that order, minimised by scipy: nothing in common with the compiled fits."""

    def __init__(self, counts, order: int) -> None:
        self.counts, self.order = counts, order
        self.signal = Gaussian().integrals(EDGES)
        powers = [np.diff(EDGES ** (k + 1)) / (k + 1) / 2 for k in range(order + 1)]
        self.rows = np.stack([self.signal, *powers])

    def cost(self, theta) -> float:
        rate = theta @ self.rows
        return 2 * float(np.sum(rate - self.counts * np.log(rate))) if np.all(rate > 0) else 1e9

    def minimise(self, s: float | None = None):
        """(2 NLL, θ) with the strength free or fixed."""
        scale = self.counts.sum()
        tail = np.zeros(self.order)
        start = np.r_[0 if s is None else [], scale, tail] / scale

        def full(u):
            return np.r_[u * scale] if s is None else np.r_[s, u * scale]

        def slope(u):
            theta = full(u)
            slopes = 2 * scale * self.rows @ (1 - self.counts / (theta @ self.rows))
            return slopes if s is None else slopes[1:]

        found = minimize(lambda u: self.cost(full(u)), start, jac=slope, method="BFGS", options={"gtol": 1e-4})
        return found.fun, full(found.x)


def reference(correction: float):
    """Envelope of orders 1 to 3 as a function of the strength, its minimum, its best strength, and the curves."""
    plain = [Plain(COUNTS, order) for order in (1, 2, 3)]
    penalties = [correction * (order + 1) for order in (1, 2, 3)]

    def curves(s):
        return [p.minimise(s)[0] + c for p, c in zip(plain, penalties, strict=True)]

    free = [(p.minimise()[0] + c, p.minimise()[1][0]) for p, c in zip(plain, penalties, strict=True)]
    lowest, best = min(free)
    return curves, lowest, best, plain


@pytest.mark.parametrize("correction", [0.0, 1.0, 2.0])
def test_the_envelope_is_that_of_plain_minimisation(correction: float) -> None:
    at = np.array([-20.0, 0.0, 30.0, 80.0, 150.0])
    found = envelope(orders(COUNTS, (1, 2, 3)), correction, strengths=at)
    curves, lowest, best, _ = reference(correction)
    table = np.array([curves(s) for s in at]) - lowest
    for number, curve in enumerate(found.curves):
        assert curve.statistic == pytest.approx(table[:, number], abs=1e-4)
    assert found.statistic == pytest.approx(table.min(axis=1), abs=1e-4)
    assert found.chosen == tuple(f"order {1 + k}" for k in table.argmin(axis=1))
    assert found.strength == pytest.approx(best, abs=1e-2)
    assert found.significance == pytest.approx(np.sqrt(min(curves(0.0)) - lowest), abs=1e-4)
    for edge, far in zip(found.interval, (best - 100, best + 100), strict=True):
        assert edge == pytest.approx(brentq(lambda s: min(curves(s)) - lowest - 1, best, far), abs=2e-2)
    assert (found.status, found.failures, found.warnings) == ("ok", 0, ())


def test_the_upper_limit_is_cls_of_the_envelope() -> None:
    found = envelope(orders(COUNTS, (1, 2, 3)))
    curves, lowest, _, plain = reference(1.0)
    chosen = int(np.argmin(curves(0.0)))
    null = plain[chosen].minimise(0.0)[1]
    asimov = Plain(null @ plain[chosen].rows, chosen + 1)

    def cls(s):
        q, a = min(curves(s)) - lowest, asimov.minimise(s)[0] - asimov.cost(null)
        x, y = (q**0.5, q**0.5 - a**0.5) if q < a else ((q + a) / 2 / a**0.5, (q - a) / 2 / a**0.5)
        return norm.sf(x) / norm.sf(y)

    assert found.upper_limit == pytest.approx(brentq(lambda s: cls(s) - 0.05, 80, 250), rel=1e-3)


def test_a_deficit_has_a_limit_and_no_significance() -> None:
    counts = throw(background(3000, -900, 250) - 80 * Gaussian().integrals(EDGES), 0, 1, 6)[0]
    found = envelope(orders(counts, (2, 3)))
    alone = envelope(orders(counts, (2,)))
    from limits.kernel.linear.measure import measure

    single = measure(binned(counts, EDGES, Gaussian(), 2), nodes=13)
    assert (found.significance, found.status) == (0.0, "ok")
    assert found.strength < 0 < found.upper_limit
    # One candidate is no choice: the envelope is its profile, whatever the penalty.
    assert alone.strength == pytest.approx(single.strength, abs=1e-3)
    assert alone.upper_limit == pytest.approx(single.cls, rel=1e-4)
    assert envelope(orders(counts, (2,)), 2.0).interval == pytest.approx(alone.interval, rel=1e-9)


def test_an_interval_of_two_pieces_is_said_to_be_one() -> None:
    """Two candidates of equal depth whose best strengths are far apart: between them the envelope is high."""
    counts = 1000 * Gaussian(0.0, 0.5).integrals(EDGES)
    pair = orders(counts, (0, 2))
    split = envelope(pair, 0.0)
    gap = split.curves[0].minimum - split.curves[1].minimum
    assert gap > 0
    moved = envelope([pair[0], replace(pair[1], parameters=1 + gap)], 1.0)
    assert [curve.minimum for curve in moved.curves] == pytest.approx([0, 0], abs=1e-6)
    assert any("not connected" in text for text in moved.warnings)
    low, high = sorted(curve.strength for curve in moved.curves)
    assert moved.interval[0] < low < high < moved.interval[1]


def test_only_the_same_data_can_be_compared() -> None:
    x = np.repeat((EDGES[1:] + EDGES[:-1]) / 2, COUNTS.astype(int))
    signal = Gaussian()
    one = unbinned(x, signal, 1)
    others: dict[str, Window] = {
        "binned": binned(COUNTS, EDGES, signal, 2),
        "bins": centroid(x, signal, 2, 60),
        "fewer": unbinned(x[1:], signal, 2),
        "moved": unbinned(x + 1e-4, signal, 2),
        "signal": unbinned(x, Gaussian(0.1), 2),
        "barrier": unbinned(x, signal, 2).with_barrier(1e-3),
    }
    for name, other in others.items():
        with pytest.raises(InputError, match="same data"):
            envelope([Candidate("one", one, 2), Candidate(name, other, 3)])
    assert envelope([Candidate("one", one, 2), Candidate("two", unbinned(x, signal, 2), 3)]).status == "ok"
    with pytest.raises(InputError, match="no candidates"):
        envelope([])
    with pytest.raises(InputError, match="same name"):
        envelope([Candidate("one", one, 2)] * 2)
    with pytest.raises(InputError, match="level"):
        envelope([Candidate("one", one, 2)], level=1.0)


def test_failures_are_counted_and_no_nan_is_left() -> None:
    rng = np.random.default_rng(2)
    for events in (0, 2, 5, 12, 25):
        x = rng.uniform(-1, 1, events)
        found = envelope(chebyshev_candidates(lambda order, x=x: unbinned(x, Gaussian(), order), (0, 3, 6)))
        json.dumps(found.to_json(), allow_nan=False)
        assert found.status != "ok"
        assert found.failures > 0
        assert found.warnings
        json.dumps(choose_order(chebyshev_candidates(lambda k, x=x: unbinned(x, Gaussian(), k), (0, 3, 6))).to_json())
    nothing = envelope(chebyshev_candidates(lambda order: unbinned(np.empty(0), Gaussian(), order), (1, 2)))
    assert (nothing.status, nothing.failures, nothing.best, nothing.upper_limit) == ("failed", 2, None, None)


def test_a_barrier_keeps_few_events_fitted() -> None:
    x = np.random.default_rng(3).uniform(-1, 1, 12)

    def make(order: int) -> Window:
        return unbinned(x, Gaussian(), order).with_barrier(1e-3)

    found = envelope(chebyshev_candidates(make, (0, 1, 2)))
    assert (found.status, found.failures) == ("ok", 0)
    assert 0 < found.upper_limit < 12


@pytest.mark.slow
@pytest.mark.parametrize("strength", [0.0, 100.0])
def test_the_envelope_covers(strength: float) -> None:
    """Interval and limit of 150 toys that follow the second order, candidates of orders 1 to 3."""
    truth = background(3000, -900, 250) + strength * Gaussian().integrals(EDGES)
    found = [envelope(orders(counts, (1, 2, 3))) for counts in throw(truth, 0, 150, 21)]
    inside = np.mean([one.interval[0] <= strength <= one.interval[1] for one in found])
    assert inside == pytest.approx(0.683, abs=3 * np.sqrt(0.683 * 0.317 / 150))
    below = np.mean([strength <= one.upper_limit for one in found])
    assert below > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 150)
    assert np.mean([one.strength for one in found]) == pytest.approx(strength, abs=0.2 * 32)


def test_the_order_chosen_and_every_step() -> None:
    counts = throw(background(3000, -900, 600), 0, 1, 5)[0]
    found = choose_order(orders(counts, (0, 1, 2, 3, 4)))
    nll = [Plain(counts, order).minimise(0.0)[0] for order in range(5)]
    assert [step.improvement for step in found.steps] == pytest.approx(-np.diff(nll), abs=1e-4)
    assert [step.name for step in found.steps] == [f"order {k}" for k in range(4)]
    assert (found.chosen, found.status, found.failures) == ("order 2", "ok", 0)
    last = choose_order(orders(counts, (0, 1)))
    assert last.chosen == "order 1"
    assert "last candidate" in last.warnings[0]
    # An even background: the first order does not help, the second does, and that is said.
    even = choose_order(orders(background(3000, 0, 600), (0, 1, 2, 3)))
    assert even.chosen == "order 0"
    assert any("order 2 improves" in text for text in even.warnings)
    with pytest.raises(InputError, match="ascend"):
        choose_order(orders(COUNTS, (2, 1)))
    with pytest.raises(InputError, match="threshold"):
        choose_order(orders(COUNTS, (1, 2)), 0.0)


def test_improvements_by_a_needless_order_are_chi_squared() -> None:
    truth = background(3000, -900)
    free = [choose_order(orders(counts, (1, 2)), strength=None) for counts in throw(truth, 0, 400, 4)]
    fixed = [choose_order(orders(counts, (1, 3))) for counts in throw(truth, 0, 400, 4)]
    for choices in (free, fixed):
        assert kstest([choice.steps[0].p_value for choice in choices], "uniform").pvalue > 0.01
        kept = np.mean([choice.chosen == "order 1" for choice in choices])
        assert kept == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 400))


def by_hand(size: float, curvature: float) -> tuple[float, float]:
    """S and σ of a Gaussian on a straight line fitted to (size + curvature·T_2(t))/2, at first order in curvature/size.

    The line's slope is odd. Least squares with the weight 2/size: g, 1 and T_2 on [−1, 1] have ∫g² = 1/(2w√π), ∫g = 1, ∫1 = 2,
    ∫gT_2 = 2w² − 1, ∫T_2 = −2/3.
    """
    free = 1 / (2 * WIDTH * np.sqrt(np.pi)) - 1 / 2
    return curvature / 2 * (2 * WIDTH**2 - 1 + 1 / 3) / free, float(np.sqrt(size / 2 / free))


@pytest.mark.parametrize("curvature", [-300.0, 100.0])
def test_spurious_signal_by_hand(curvature: float) -> None:
    size = 1e5
    edges = np.linspace(-1, 1, 801)
    primitive = np.polynomial.Chebyshev([size, 0, curvature]).integ()
    counts = np.diff(primitive(edges)) / 2
    found = spurious_signal(
        np.array([1.0, 2.0]), [lambda: binned(counts, edges, Gaussian(), 1)] * 2, np.array([200.0, 50.0])
    )
    strength, sigma = by_hand(size, curvature)
    point = found.points[0]
    assert point.strength == pytest.approx(strength, rel=0.01)
    assert point.sigma == pytest.approx(sigma, rel=0.01)
    assert point.of_sigma == pytest.approx(strength / sigma, rel=0.01)
    assert found.largest == pytest.approx(abs(strength), rel=0.01)
    assert found.largest_of_signal == pytest.approx(abs(strength) / 50, rel=0.01)
    assert (found.largest_mass, found.status, point.statistical) == (1.0, "ok", 0.0)
    assert found.within_sigma is bool(abs(strength) < 0.2 * sigma)
    assert found.within_signal is bool(abs(strength) < 5)


def test_spurious_signal_of_the_right_function_is_none_and_failures_are_counted() -> None:
    truth = background(3000, -900, 250)
    makers = [lambda m=m: binned(truth, EDGES, Gaussian(m), 2) for m in (-0.3, 0.0, 0.3)]
    fine = spurious_signal(np.array([-0.3, 0.0, 0.3]), makers, equivalents=25.0)
    assert fine.largest < 1e-4
    assert (fine.within_sigma, fine.within_signal, fine.largest_of_signal) == (True, None, None)
    assert fine.points[1].statistical == pytest.approx(fine.points[1].sigma / 5)
    empty = lambda: unbinned(np.empty(0), Gaussian(), 2)  # noqa: E731
    partial = spurious_signal(np.arange(3.0), [*makers[:2], empty])
    assert (partial.status, partial.failures, partial.within_sigma) == ("partial", 1, None)
    assert partial.points[2].strength is None
    failed = spurious_signal(np.arange(1.0), [empty])
    assert (failed.status, failed.largest, failed.largest_mass) == ("failed", None, None)
    for result in (fine, partial, failed):
        json.dumps(result.to_json(), allow_nan=False)
    with pytest.raises(InputError, match="windows"):
        spurious_signal(np.arange(2.0), makers)
    with pytest.raises(InputError, match="positive"):
        spurious_signal(np.arange(3.0), makers, np.zeros(3))


def test_bias_of_the_right_function_is_none() -> None:
    window = binned(background(20000, -4000, 500), EDGES, Gaussian(), 2)
    found = bias_test(window, (0.0, 200.0, 600.0), 2000, 3)
    assert found.status == "ok"
    for row in found.rows:
        assert (row.toys, row.failures) == (2000, 0)
        # σ of the toy rises with its strength: the pull has a mean of −1/2 dσ/ds, here −0.01 … −0.02.
        assert row.mean == pytest.approx(0, abs=4 * row.mean_error + 0.02)
        assert row.median == pytest.approx(0, abs=4 * row.median_error + 0.02)
        assert row.width == pytest.approx(1, abs=4 * row.width_error + 0.01)
        assert row.shift == pytest.approx(0, abs=4 * row.shift_error)
        assert row.mean_error == pytest.approx(1 / np.sqrt(2000), rel=0.1)
        # The median of a Gaussian scatters by √(π/2) of the mean.
        assert row.median_error == pytest.approx(np.sqrt(np.pi / 2 / 2000), rel=0.35)


def test_bias_of_another_function_is_its_spurious_signal() -> None:
    truth = background(20000, -4000, 700)
    window = binned(truth, EDGES, Gaussian(), 1)
    template = fit(window)
    (row,) = bias_test(window, toys=2000).rows
    assert row.shift == pytest.approx(template.strength, abs=4 * row.shift_error)
    assert row.mean == pytest.approx(template.strength / template.sigma, abs=4 * row.mean_error + 0.02)
    assert abs(row.mean) > 10 * row.mean_error


def test_bias_is_that_of_plain_fits_and_streams_do_not_depend_on_batches() -> None:
    truth, signal = background(3000, -900, 250), Gaussian(0.05, 0.12).integrals(EDGES)
    window = binned(truth, EDGES, Gaussian(), 2)
    found = bias_test(window, (0.0, 50.0), 200, 7, signal=signal)
    for number, row in enumerate(found.rows):
        spectra = throw(truth + row.injected * signal, number * 2**32, 200, 7)
        fits = [fit(binned(counts, EDGES, Gaussian(), 2)) for counts in spectra]
        pulls = np.array([(f.strength - row.injected) / f.sigma for f in fits])
        assert (row.mean, row.median) == pytest.approx((pulls.mean(), np.median(pulls)), abs=1e-4)
        assert row.width == pytest.approx(pulls.std(ddof=1), rel=1e-4)
    assert bias_test(window, (0.0, 50.0), 200, 7, signal=signal, batch=33) == found
    assert bias_test(window, (0.0,), 200, 7).rows[0] == found.rows[0]
    assert bias_test(window, (0.0,), 200, 8).rows[0] != found.rows[0]


def test_failed_toys_are_counted() -> None:
    thin = binned(np.full(60, 0.15), EDGES, Gaussian(), 3)
    found = bias_test(thin, (0.0,), 300)
    assert found.status == "partial"
    assert 0 < found.rows[0].failures < 300
    assert str(found.rows[0].failures) in found.warnings[0]
    # Nothing expected at all cannot even be prepared.
    none = bias_test(binned(np.zeros(60), EDGES, Gaussian(), 3), (0.0, 1.0), 10)
    assert (none.status, none.rows[0].failures, none.rows[1].mean) == ("failed", 10, None)
    for result in (found, none):
        json.dumps(result.to_json(), allow_nan=False)
    with pytest.raises(InputError, match="fewer than no events"):
        bias_test(thin, (-50.0,))
    with pytest.raises(InputError, match="binned"):
        bias_test(unbinned(np.linspace(-1, 1, 50), Gaussian(), 1))
    with pytest.raises(InputError, match="shape"):
        bias_test(thin, signal=np.ones(3))
