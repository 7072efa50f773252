"""A signal quadratic in its coupling: two minima, and test statistics as they are defined (the open failure pyhf 2352)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

from limits.errors import InputError, UnknownName
from limits.inference.asymptotic import Asymptotic
from limits.inference.limit import upper_limit
from limits.inference.toys.ensembles import ToyCalculator, q_of_toys
from limits.likelihood.histfactory import load
from limits.likelihood.quadratic import QuadraticLikelihood, quadratic

SIGNAL = np.array([10.0, 4.0])
INTERFERENCE = np.array([6.0, 5.0])
BACKGROUND = np.array([50.0, 60.0])


def model(observed: np.ndarray, error: float = 0.0, interference: np.ndarray = INTERFERENCE) -> QuadraticLikelihood:
    def factor(name: str) -> list[dict[str, object]]:
        return [{"name": name, "type": "normfactor", "data": None}]

    norm = [{"name": "norm", "type": "normsys", "data": {"hi": 1 + error, "lo": 1 - error}}] if error else []
    samples = [
        {"name": "signal", "data": list(SIGNAL), "modifiers": factor("strength")},
        {"name": "interference", "data": list(interference), "modifiers": factor("kappa")},
        {"name": "background", "data": list(BACKGROUND), "modifiers": norm},
    ]
    document = {
        "version": "1.0.0",
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": list(observed)}],
        "measurements": [{"name": "m", "config": {"poi": "strength", "parameters": []}}],
    }
    return quadratic(load(document), "kappa")


def cost(kappa: np.ndarray | float, observed: np.ndarray, interference: np.ndarray = INTERFERENCE) -> np.ndarray:
    k = np.asarray(kappa)[..., None]
    rate = BACKGROUND + k * interference + k * k * SIGNAL
    return (rate - xlogy(observed, rate)).sum(axis=-1)


@pytest.mark.parametrize("observed", [[50, 60], [70, 75], [57, 58], [40, 45], [50.5, 66.0]])
def test_the_lowest_minimum_is_found(observed: list[float]) -> None:
    n = np.array(observed, dtype=float)
    found = model(n)
    kappas = np.linspace(-6, 6, 120_001)
    exact = cost(kappas, n)
    fit = found.fit(n, lower=-np.inf)
    assert fit.nll - float(found.nll(np.array([0.3]), n)) == pytest.approx(exact.min() - cost(0.3, n), abs=1e-7)
    assert fit.strength == pytest.approx(kappas[exact.argmin()], abs=1e-3)


def test_a_bounded_fit_is_put_on_the_bound_and_not_into_the_second_minimum() -> None:
    """Data made at κ = −2: the lowest minimum is there, and another one lies near κ = +1.4."""
    n = BACKGROUND - 2 * INTERFERENCE + 4 * SIGNAL
    found = model(n)
    positive = minimize_scalar(lambda k: float(cost(k, n)), bounds=(0.1, 5), method="bounded")
    assert positive.fun < float(cost(0.0, n)) - 1  # a minimiser with a bound at 0 stops there
    assert found.fit(n, lower=-np.inf).strength == pytest.approx(-2, abs=1e-4)
    assert found.fit(n).strength == 0
    calculator = Asymptotic(found, n)
    for kappa in (0.5, 1.5, 3.0):
        # 1007.1727 Eq. 16: the best fit is negative, hence the ratio to L(0)
        assert calculator.q(kappa) == pytest.approx(max(0.0, 2 * float(cost(kappa, n) - cost(0.0, n))), abs=1e-6)
    toys = np.array([n, BACKGROUND + 2 * INTERFERENCE + 4 * SIGNAL])
    q = q_of_toys(found, toys, 1.0)
    assert q == pytest.approx([calculator.q(1.0), 0.0], abs=1e-6)


def test_without_interference_it_is_the_square_of_the_linear_one() -> None:
    n = np.array([55.0, 61.0])
    found = model(n, 0.1, np.zeros(2))
    linear = upper_limit(found.binned, "cls")
    squared = upper_limit(found, "cls")
    assert squared.observed_limit == pytest.approx(np.sqrt(linear.observed_limit), rel=1e-4)
    assert squared.expected_limit == pytest.approx(np.sqrt(np.array(linear.expected_limit, dtype=float)), rel=1e-4)


def test_limits_and_toys_answer() -> None:
    found = model(np.array([52.0, 63.0]), 0.1)
    asymptotic = upper_limit(found, "cls")
    assert asymptotic.status == "ok"
    ensemble = ToyCalculator(found, found.observed, 60, 1).at(asymptotic.observed_limit)
    assert ensemble.failed == 0
    assert 0 < ensemble.p_values.cls < 0.3


def test_nuisances_and_data_are_those_of_the_binned_likelihood() -> None:
    found = model(np.array([52.0, 63.0]), 0.1)
    assert [p.name for p in found.parameters] == ["coupling", "norm"]
    theta = np.array([0.7, 0.5])
    assert found.asimov(theta)[:2] == pytest.approx(BACKGROUND * 1.05 + 0.7 * INTERFERENCE + 0.49 * SIGNAL, rel=1e-3)
    other = found.with_data(found.asimov(theta))
    assert other.fit(other.observed, lower=-np.inf).theta == pytest.approx(theta, abs=1e-4)


def test_bad_input_is_named() -> None:
    found = model(np.array([52.0, 63.0]), 0.1)
    with pytest.raises(UnknownName, match="kapa"):
        quadratic(found.binned, "kapa")
    with pytest.raises(InputError, match="norm"):
        quadratic(found.binned, "norm")
