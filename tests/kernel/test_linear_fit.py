"""Fits against iminuit and a plain NumPy Newton; the certificate; windows where fits lie."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from iminuit import Minuit

from limits.errors import InputError
from limits.kernel.linear import evaluate, newton
from limits.kernel.linear.fit import Status, fit
from limits.kernel.linear.shapes import CrystalBall
from limits.kernel.linear.window import Window, binned, centroid, edges_between, unbinned

_spec = importlib.util.spec_from_file_location("linear_reference", Path(__file__).with_name("linear_reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)

WINDOW = (1.4, 1.6)
BALL = CrystalBall(WINDOW, 1.5, 0.008, 1.4, 3.0, 1.8, 5.0)


def events(seed: int, background: float, signal: float = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.triangular(1.1, 1.4, 2.4, size=rng.poisson(background * 3))
    return np.concatenate([x[(x > 1.4) & (x < 1.6)], rng.normal(1.5, 0.008, rng.poisson(signal))])


def make(kind: str, x: np.ndarray, order: int) -> Window:
    if kind == "unbinned":
        return unbinned(x, BALL, order)
    if kind == "centroid":
        return centroid(x, BALL, order, 200)
    edges = edges_between(WINDOW, 200)
    return binned(np.histogram(x, edges)[0], edges, BALL, order)


def plain(window: Window):
    return reference.Reference(window.rows, window.counts, window.integral)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 7])
def test_derivatives_and_ratios_are_those_of_plain_numpy(order: int) -> None:
    window = make("unbinned", events(order, 1500), order)
    numpy = plain(window)
    theta = np.random.default_rng(order).normal(0, 30, order + 2)
    theta[1] = 1500
    rate, gradient, hessian = np.empty(len(window.counts)), np.empty(order + 2), np.empty((order + 2, order + 2))
    assert evaluate.slope(window.rows, window.counts, window.integral, theta, rate, gradient) == 0
    assert gradient == pytest.approx(numpy.gradient(theta), abs=1e-10)
    assert rate == pytest.approx(theta @ window.rows, rel=1e-13)
    gradient[:], rate[:] = 0, 0
    assert evaluate.both(window.rows, window.counts, window.integral, theta, rate, gradient, hessian) == 0
    assert gradient == pytest.approx(numpy.gradient(theta), abs=1e-10)
    assert rate == pytest.approx(theta @ window.rows, rel=1e-13)
    assert hessian == pytest.approx(numpy.hessian(theta), rel=1e-11, abs=1e-16)
    for factor in (1.0001, 1.3, 4.0):
        other = rate * np.random.default_rng(1).uniform(1, factor, len(rate))
        wanted = window.counts @ np.log(other / rate)
        assert evaluate.log_ratio(window.counts, other, rate) == pytest.approx(wanted, rel=1e-11)


@pytest.mark.parametrize("kind", ["unbinned", "centroid", "binned"])
@pytest.mark.parametrize(
    ("seed", "order", "background", "signal"), [(1, 3, 20000, 0), (2, 4, 3000, 200), (3, 5, 900, 0)]
)
def test_never_above_minuit(kind: str, seed: int, order: int, background: float, signal: float) -> None:
    window = make(kind, events(seed, background, signal), order)
    numpy, found = plain(window), fit(window)
    start = np.zeros(order + 2)
    start[1] = window.events
    minuit = Minuit(numpy.nll, start, grad=numpy.gradient)
    minuit.errordef, minuit.strategy, minuit.tol = 0.5, 2, 1e-6
    minuit.migrad()
    assert found.status is Status.CONVERGED
    assert numpy.above(found.theta, np.array(minuit.values)) < 1e-9
    assert found.strength == pytest.approx(minuit.values[0], abs=1e-4 * found.sigma)
    exact = numpy.fit(start)
    assert found.strength == pytest.approx(exact[0], abs=1e-7 * found.sigma)
    assert found.sigma == pytest.approx(np.sqrt(np.linalg.inv(numpy.hessian(exact))[0, 0]), rel=1e-5)
    assert 0 <= found.excess < 1e-12
    assert found.evaluations <= 8


@pytest.mark.parametrize("strength", [-20.0, 0.0, 300.0])
def test_fixed_strength(strength: float) -> None:
    window = make("unbinned", events(4, 4000), 3)
    found = fit(window, strength)
    numpy = plain(window)
    exact = numpy.fit(found.theta * np.array([1, 1.01, 1, 1, 1]), 1)
    assert found.strength == strength
    assert found.sigma == 0
    assert abs(numpy.above(found.theta, exact)) < 1e-11
    assert found.nll == pytest.approx(numpy.nll(exact), abs=1e-8)


@pytest.mark.parametrize("kind", ["unbinned", "binned"])
def test_certificate_bounds_the_distance_to_the_minimum(kind: str) -> None:
    rng = np.random.default_rng(5)
    window = make(kind, events(6, 2500), 3)
    numpy = plain(window)
    best = fit(window).theta
    root = np.linalg.cholesky(np.linalg.inv(numpy.hessian(best)))
    ratios = []
    for _ in range(300):
        theta = best + root @ rng.normal(size=5) * 10 ** rng.uniform(-3, 0.5)
        if np.any(theta @ window.rows <= 0):
            continue
        g = numpy.gradient(theta)
        bound = newton.bound(float(g @ np.linalg.solve(numpy.hessian(theta), g)), 1.0)
        excess = numpy.above(theta, best)
        assert excess <= bound * (1 + 1e-9) + 1e-12
        ratios.append(excess / bound if np.isfinite(bound) else 0.5)
    assert len(ratios) > 250
    assert max(ratios) > 0.9


def test_centroid_bins_are_nearly_as_good_as_events() -> None:
    x = events(7, 20000, 100)
    exact, coarse = fit(make("unbinned", x, 3)), fit(make("centroid", x, 3))
    assert coarse.strength == pytest.approx(exact.strength, abs=5e-3 * exact.sigma)


@pytest.mark.parametrize("background", [3, 10, 30])
def test_sparse_windows_never_give_a_number_that_is_wrong(background: int) -> None:
    bad = 0
    for seed in range(60):
        window = make("unbinned", events(100 + seed, background), 3)
        found = fit(window)
        assert found.sparse
        if found.status is Status.CONVERGED:
            assert found.lowest > 0
            assert np.all(np.linalg.eigvalsh(found.hessian) > 0)
            assert found.excess < 1e-8
        else:
            bad += 1
            assert np.all(np.isnan(found.theta))
            assert np.isnan(found.nll)
            assert found.excess == np.inf
    assert bad > 0


@pytest.mark.parametrize("background", [10, 30])
def test_a_log_barrier_keeps_sparse_windows_positive_and_is_named(background: int) -> None:
    good = 0
    for seed in range(60):
        found = fit(make("binned", events(200 + seed, background), 3).with_barrier(1e-3))
        assert found.barrier == 1e-3
        good += found.status is Status.CONVERGED and found.lowest > 0
    assert good == 60
    window = make("unbinned", events(1, background), 3).with_barrier(1e-3)
    assert fit(window).status is Status.CONVERGED


def test_no_events_is_a_status() -> None:
    assert fit(make("unbinned", np.empty(0), 3)).status is not Status.CONVERGED


def test_what_is_not_a_window_is_refused() -> None:
    edges = edges_between(WINDOW, 10)
    with pytest.raises(InputError, match="not negative"):
        binned(np.full(10, -1.0), edges, BALL, 2)
    with pytest.raises(InputError, match="cover"):
        binned(np.ones(10), edges + 0.01, BALL, 2)
