"""Compiled exp and log against NumPy in higher precision; rows of events against the plain formulas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("numba")

from limits.kernel.linear.elementary import exp, log
from limits.kernel.linear.events import BLOCK, functions
from limits.kernel.linear.shapes import Cruijff, CrystalBall, Signal, chebyshev
from limits.kernel.linear.window import unbinned

WINDOW = (1.4, 1.6)
SHAPES: list[Signal] = [
    CrystalBall(WINDOW, 1.49, 0.008, 1.4, 3.1, 1.8, 5.5),
    CrystalBall(WINDOW, 1.5, 0.002, 0.3, 1.0, 4.0, 40.0),
    Cruijff(WINDOW, 1.49, 0.007, 0.009, 0.12, 0.2),
    Cruijff(WINDOW, 1.5, 0.003, 0.02, 0.0, 0.3),
]


@pytest.mark.parametrize(
    ("function", "exact", "x"),
    [
        (exp, np.exp, np.linspace(-700, 700, 20011)),
        (exp, np.exp, np.linspace(-1, 1, 20011)),
        (exp, np.exp, np.log(2.0) * (np.arange(-1000, 1000) + 0.5)),
        (exp, np.exp, np.array([0.0, -0.0, 5e-324, -1e-300])),
        (log, np.log, np.exp(np.linspace(-690, 690, 20011))),
        (log, np.log, 1 + np.logspace(-15, 3, 20011)),
        (log, np.log, 1 - np.logspace(-15, -0.01, 20011)),
        (log, np.log, np.nextafter(2.0 ** np.arange(-1000, 1000.5, 0.5), 0)),
        (log, np.log, 2.0 ** np.arange(-1000, 1000.5, 0.5)),
    ],
)
def test_exp_and_log_are_right_to_the_last_digits(
    function: Callable[[float], float], exact: Callable[[np.ndarray], np.ndarray], x: np.ndarray
) -> None:
    found = np.array([function(v) for v in x])
    wanted = exact(x.astype(np.longdouble))
    assert np.max(np.abs(found - wanted) - 2e-15 * np.abs(wanted)) <= 0


def test_exp_below_its_range_is_that_of_its_end_and_log_of_one_is_zero() -> None:
    assert exp(-1e4) == pytest.approx(np.exp(-700.0), rel=1e-14)
    assert exp(-np.inf) == exp(-700.0)
    assert log(1.0) == 0.0


@pytest.mark.parametrize("signal", SHAPES)
@pytest.mark.parametrize("order", [1, 3, 6])
@pytest.mark.parametrize("outside", [0, 700])
def test_rows_are_the_density_and_the_polynomials_at_the_events_inside(
    signal: Signal, order: int, outside: int
) -> None:
    rng = np.random.default_rng(order)
    x = np.concatenate([rng.uniform(*WINDOW, 3 * BLOCK + 7), rng.uniform(1.3, 1.4, outside), [*WINDOW, 1.5, 1.49]])
    rng.shuffle(x)
    if outside:
        x = np.concatenate([x, [np.nan, np.inf, -np.inf]])
    rows = functions(x, signal, order)
    inside = x[(x >= WINDOW[0]) & (x <= WINDOW[1])]
    assert rows.shape == (order + 2, len(inside))
    assert rows[0] == pytest.approx(signal.density(inside), rel=1e-13, abs=1e-300)
    assert rows[1:] == pytest.approx(chebyshev(inside, WINDOW, order), abs=1e-13)


class Flat:
    """A density that is not compiled."""

    window = WINDOW

    def density(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), 5.0)

    def integrals(self, edges: np.ndarray) -> np.ndarray:
        return np.diff(edges) * 5


def test_any_other_density_is_asked_itself() -> None:
    window = unbinned(np.array([1.39, 1.4, 1.5, np.nan, 1.61]), Flat(), 2)
    assert window.events == 2
    assert np.all(window.rows[0] == 5.0)
    assert window.grid[0] == pytest.approx(np.full(256, 5.0))


def test_events_may_be_integers_or_strided() -> None:
    x = np.linspace(1.3, 1.7, 401)
    assert np.array_equal(functions(x[::2], SHAPES[0], 3), functions(x[::2].copy(), SHAPES[0], 3))
    assert functions(np.array([1, 2]), SHAPES[0], 3).shape == (5, 0)
