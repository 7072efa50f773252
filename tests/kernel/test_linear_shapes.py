"""Shapes against independent formulas and against numerical integration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from limits.kernel.linear.shapes import Cruijff, CrystalBall, Signal, chebyshev, chebyshev_integrals

WINDOW = (1.4, 1.6)
BALL = CrystalBall(WINDOW, 1.49, 0.008, 1.4, 3.1, 1.8, 5.5)
CRUIJFF = Cruijff(WINDOW, 1.49, 0.007, 0.009, 0.12, 0.2)


def ball(x: float, p: CrystalBall) -> float:
    """Skwarnicki's form with A and B, one side after the other, not normalised."""
    z = (x - p.mean) / p.sigma
    for t, alpha, n in ((-z, p.alpha_low, p.n_low), (z, p.alpha_high, p.n_high)):
        if t > alpha:
            return (n / alpha) ** n * math.exp(-alpha * alpha / 2) * (n / alpha - alpha + t) ** -n
    return math.exp(-z * z / 2)


def cruijff(x: float, p: Cruijff) -> float:
    d = x - p.mean
    sigma, tail = (p.sigma_low, p.tail_low) if d < 0 else (p.sigma_high, p.tail_high)
    return math.exp(-d * d / (2 * sigma**2 + tail * d * d))


def area(function, parameters, low: float, high: float, points: list[float]) -> float:
    inside = [low, *sorted(p for p in points if low < p < high), high]
    pieces = itertools.pairwise(inside)
    return sum(quad(function, a, b, args=(parameters,), epsabs=0, epsrel=1e-12, limit=200)[0] for a, b in pieces)


@pytest.mark.parametrize("order", range(7))
def test_chebyshev_is_that_of_numpy(order: int) -> None:
    x = np.linspace(*WINDOW, 101)
    t = np.linspace(-1, 1, 101)
    edges = np.sort(np.random.default_rng(1).uniform(*WINDOW, 20))
    u = (edges - 1.5) * 10
    for k in range(order + 1):
        unit = np.eye(order + 1)[k]
        assert chebyshev(x, WINDOW, order)[k] == pytest.approx(
            np.polynomial.chebyshev.chebval(t, unit) / 0.2, abs=1e-11
        )
        primitive = np.polynomial.chebyshev.chebval(u, np.polynomial.chebyshev.chebint(unit)) / 2
        assert chebyshev_integrals(edges, WINDOW, order)[k] == pytest.approx(np.diff(primitive), abs=1e-14)


@pytest.mark.parametrize(("signal", "formula"), [(BALL, ball), (CRUIJFF, cruijff)])
def test_density_is_the_formula_with_unit_area(signal: Signal, formula) -> None:
    breaks = [1.49, 1.49 - 1.4 * 0.008, 1.49 + 1.8 * 0.008, 1.45, 1.53]
    norm = area(formula, signal, *WINDOW, breaks)
    x = np.linspace(*WINDOW, 77)
    assert signal.density(x) == pytest.approx([formula(v, signal) / norm for v in x], rel=1e-10)
    edges = np.linspace(*WINDOW, 41)
    wanted = [area(formula, signal, a, b, breaks) / norm for a, b in itertools.pairwise(edges)]
    assert signal.integrals(edges) == pytest.approx(wanted, rel=1e-10)
    assert signal.integrals(edges).sum() == pytest.approx(1, abs=1e-13)


@settings(max_examples=40, deadline=None)
@given(
    mean=st.floats(*WINDOW),
    sigma=st.floats(0.002, 0.03),
    alpha=st.floats(0.3, 4),
    n=st.one_of(st.just(1.0), st.floats(0.5, 30)),
)
def test_crystal_ball_is_normalised_whatever_its_parameters(mean: float, sigma: float, alpha: float, n: float) -> None:
    signal = CrystalBall(WINDOW, mean, sigma, alpha, n, alpha / 2, n + 1)
    breaks = [mean, mean - alpha * sigma, mean + alpha / 2 * sigma]
    norm = area(ball, signal, *WINDOW, breaks)
    assert float(signal.density(np.array([1.47]))[0]) == pytest.approx(ball(1.47, signal) / norm, rel=1e-8)


def test_senseless_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        CrystalBall(WINDOW, 1.5, -0.008, 1, 2, 1, 2)
    with pytest.raises(ValueError, match="positive"):
        Cruijff(WINDOW, 1.5, 0.008, 0, 0.1, 0.1)


@pytest.mark.parametrize("mean", [1.39, 1.61, float("nan")])
def test_crystal_ball_outside_its_window_is_refused(mean: float) -> None:
    with pytest.raises(ValueError, match="outside the window"):
        CrystalBall(WINDOW, mean, 0.01, 1.0, 3.0, 1.0, 3.0)
