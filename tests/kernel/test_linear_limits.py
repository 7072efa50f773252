"""Profile curves and limits against dense profiles of the plain NumPy reference."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad, trapezoid
from scipy.optimize import brentq

pytest.importorskip("numba")

from limits.errors import InputError
from limits.kernel.linear.curve import span
from limits.kernel.linear.fit import asimov_curve, curve, fit
from limits.kernel.linear.measure import Smearing, measure
from limits.kernel.linear.results import Status
from limits.kernel.linear.scan import scan
from limits.kernel.linear.shapes import Cruijff, CrystalBall
from limits.kernel.linear.window import Window, binned, edges_between, unbinned

_spec = importlib.util.spec_from_file_location("linear_reference", Path(__file__).with_name("linear_reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)

WINDOW = (1.4, 1.6)
BALL = CrystalBall(WINDOW, 1.5, 0.008, 1.4, 3.0, 1.8, 5.0)
CRUIJFF = Cruijff(WINDOW, 1.5, 0.007, 0.009, 0.12, 0.2)
CASES = [(1, 3, 3000, 0), (2, 3, 4000, 120), (8, 4, 2000, 0), (3, 5, 800, 60), (12, 3, 400, 0)]


def window_of(seed: int, order: int, background: float, signal: float, bins: int = 0) -> Window:
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.uniform(*WINDOW, rng.poisson(background)), rng.normal(1.5, 0.008, rng.poisson(signal))])
    if not bins:
        return unbinned(x, BALL, order)
    edges = edges_between(WINDOW, bins)
    return binned(np.histogram(x, edges)[0], edges, BALL, order)


def exact_curve(window: Window, best):
    """NLL above its minimum as a function of the strength, every value a fit of its own."""
    numpy = reference.Reference(window.rows, window.counts, window.integral)
    best = numpy.fit(best)
    return best, lambda s: numpy.profile(best, np.atleast_1d(s)) if np.ndim(s) else float(numpy.profile(best, [s])[0])


@pytest.mark.parametrize(("seed", "order", "background", "signal"), CASES)
@pytest.mark.parametrize("bins", [0, 200])
def test_limits_are_those_of_a_dense_profile(
    seed: int, order: int, background: float, signal: float, bins: int
) -> None:
    window = window_of(seed, order, background, signal, bins)
    found, numpy_start = measure(window, nodes=9), fit(window).theta
    best, q = exact_curve(window, numpy_start)
    low, high = span(float(best[0]), found.sigma, 0.0)
    assert found.status is Status.CONVERGED
    assert found.strength == pytest.approx(best[0], abs=1e-6 * found.sigma)
    wanted_z = np.sqrt(2 * q(0.0)) if best[0] > 0 else 0.0
    assert found.significance == pytest.approx(wanted_z, abs=2e-6)
    assert found.bayes == pytest.approx(reference.bayes_limit(q, low, high, 0.95), rel=1e-6)
    background_only = window.asimov(fit(window, 0.0).theta)
    _, asimov = exact_curve(background_only, np.array(fit(window, 0.0).theta))
    assert found.cls == pytest.approx(reference.cls_limit(q, asimov, float(best[0]), high, 0.95), rel=1e-6)


@pytest.mark.parametrize("nodes", [(6, 2e-5), (7, 2e-6), (9, 1e-7)])
def test_accuracy_by_number_of_nodes(nodes: tuple[int, float]) -> None:
    for seed in range(8):
        window = window_of(seed, 3, 20000, 0, 200)
        ours, fine = measure(window, nodes=nodes[0]), measure(window, nodes=13)
        assert ours.bayes == pytest.approx(fine.bayes, rel=nodes[1])
        assert ours.cls == pytest.approx(fine.cls, rel=nodes[1])


@pytest.mark.parametrize(
    ("additive", "relative"), [(9.2, 0.026), (60.0, 0.0), (200.0, 0.05), (0.0, 0.026), (1e-3, 0.0)]
)
def test_smeared_limit_is_the_double_integral(additive: float, relative: float) -> None:
    window = window_of(2, 3, 20000, 100, 200)
    found = measure(window, smearing=Smearing(additive, relative), nodes=13)
    best = fit(window)
    low, high = span(best.strength, best.sigma, 6.5 * additive)
    shape = curve(window, best, low, high, 13)
    t = np.linspace(low, high, 8001)
    likelihood = np.exp(-shape(t))

    def smeared(s: float) -> float:
        width = np.hypot(additive, relative * s)
        if width < 0.1:
            return float(np.exp(-shape(np.array(s)))) if s < high else 0.0
        return float(trapezoid(likelihood * np.exp(-0.5 * ((t - s) / width) ** 2) / width / np.sqrt(2 * np.pi), t))

    end = high + 7 * np.hypot(additive, relative * high * 1.3)
    grid = np.linspace(0, end, 2001)
    values = np.array([smeared(s) for s in grid])
    total = trapezoid(values, grid)
    top = brentq(
        lambda s: quad(smeared, 0, s, epsrel=1e-7, limit=100)[0] - 0.95 * total, 0.5 * found.smeared, end, xtol=1e-3
    )
    assert found.smeared == pytest.approx(top, rel=2e-5)
    assert found.smeared > found.bayes * (1 - 1e-6)


def test_gaussian_limit_in_closed_form() -> None:
    """Very many events: the curve is a parabola, both limits are those of a truncated Gaussian and of the usual formula."""
    from scipy.stats import norm

    window = window_of(5, 3, 4e6, 0, 400)
    found = measure(window)
    r = found.strength / found.sigma
    flat = found.strength - found.sigma * norm.ppf(0.05 * norm.cdf(r))
    assert found.bayes == pytest.approx(flat, rel=2e-3)
    assert found.cls == pytest.approx(found.bayes, rel=2e-2)


def test_levels_are_ordered() -> None:
    window = window_of(1, 3, 5000, 50)
    limits = [measure(window, level=level) for level in (0.68, 0.9, 0.95, 0.99)]
    assert [m.bayes for m in limits] == sorted(m.bayes for m in limits)
    assert [m.cls for m in limits] == sorted(m.cls for m in limits)


def test_a_strong_signal_keeps_its_curve() -> None:
    window = window_of(1, 3, 2000, 3000)
    found = measure(window, nodes=11)
    best, q = exact_curve(window, fit(window).theta)
    assert found.significance == pytest.approx(np.sqrt(2 * q(0.0)), rel=1e-9)
    assert found.significance > 30
    low, high = span(float(best[0]), found.sigma, 0.0)
    assert low > 0
    assert found.bayes == pytest.approx(reference.bayes_limit(q, low, high, 0.95), rel=1e-6)


def test_asimov_curve_starts_at_its_minimum() -> None:
    window = window_of(1, 3, 5000, 0)
    shape = asimov_curve(window, fit(window, 0.0).theta)
    assert float(shape(np.array(0.0))) == pytest.approx(0, abs=1e-9)
    assert float(shape(np.array(shape.sigma))) == pytest.approx(0.5, rel=0.1)


def test_scan_is_the_same_for_any_number_of_threads() -> None:
    makers = [lambda seed=seed: window_of(seed, 3, 3000, 0) for seed in range(12)]
    makers += [lambda: unbinned(np.array([1.45, 1.5]), CRUIJFF, 3)]
    one, three = scan(makers), scan(makers, threads=3)
    for name in type(one).__dataclass_fields__:
        assert np.array_equal(getattr(one, name), getattr(three, name), equal_nan=True)
    assert one.failures == 1
    assert one.status[-1] != 0
    assert np.isnan(one.bayes[-1])
    assert one.sparse[-1]
    assert np.all(one.excess[:-1] < 1e-12)


def test_senseless_requests_are_refused() -> None:
    window = window_of(1, 3, 500, 0)
    with pytest.raises(InputError, match="level"):
        measure(window, level=1.0)
    with pytest.raises(InputError, match="relative"):
        measure(window, smearing=Smearing(1.0, 0.3))
    with pytest.raises(InputError, match="nodes"):
        measure(window, nodes=2)


@pytest.mark.parametrize("background", [5, 20, 60])
def test_sparse_windows_have_a_limit_or_a_status(background: float) -> None:
    for seed in range(40):
        window = window_of(300 + seed, 3, background, 0)
        found = measure(window)
        assert found.sparse == (window.events < 100)
        numbers = [found.strength, found.sigma, found.significance, found.bayes, found.cls, found.smeared]
        assert np.all(np.isfinite(numbers)) if found.status is Status.CONVERGED else np.all(np.isnan(numbers))
        if found.status is Status.CONVERGED:
            assert fit(window, found.bayes).lowest > 0
            assert found.bayes > max(found.strength, 0)
