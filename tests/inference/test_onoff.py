"""On/off significance: the binomial sum itself, Li and Ma's printed formula, tails out to where numbers end."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limits.errors import InputError, UnknownName
from limits.inference.asymptotic import discovery
from limits.inference.counts.onoff import on_off, p_from_significance, significance_from_p
from limits.likelihood.counting import Sideband, counting


def normal_tail(z: float) -> Decimal:
    """Φ(−z) with 40 digits: the series of Φ − ½ below 3, the continued fraction (Laplace) above."""
    with localcontext() as context:
        context.prec = 120
        x = Decimal(z)
        pi = Decimal(
            "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798"
        )
        density = (-x * x / 2).exp() / (2 * pi).sqrt()
        if z < 3:
            term, total, k = x, x, 1
            while abs(term) > Decimal(10) ** -60:
                term *= x * x / (2 * k + 1)
                total += term
                k += 1
            return Decimal("0.5") - density * total
        fraction = x
        for k in range(3000, 0, -1):
            fraction = x + k / fraction
        return density / fraction


@pytest.mark.parametrize("z", [0.0, 0.5, 1.0, 2.9, 5.0, 8.0, 9.0, 12.0, 20.0, 30.0, 37.0])
def test_tail_to_twelve_digits(z: float) -> None:
    p = p_from_significance(z)
    assert float(Decimal(p) / normal_tail(z)) == pytest.approx(1, rel=1e-12)
    assert significance_from_p(p) == pytest.approx(z, rel=1e-12, abs=1e-12)


def test_tail_ends() -> None:
    assert significance_from_p(0.0) == np.inf
    assert significance_from_p(1.0) == -np.inf
    assert p_from_significance(-np.inf) == 1.0


@settings(max_examples=80)
@given(n_on=st.integers(0, 120), n_off=st.integers(0, 120), up=st.integers(1, 12), down=st.integers(1, 12))
def test_binomial_sum(n_on: int, n_off: int, up: int, down: int) -> None:
    """p = P(≥ n_on of n_on + n_off) at 1/(1 + τ), in rational numbers."""
    tau = Fraction(up, down)
    share, total = 1 / (1 + tau), n_on + n_off
    exact = sum(math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(n_on, total + 1))
    found = on_off(n_on, n_off, float(tau))
    assert found.p_value == pytest.approx(float(exact), rel=1e-11)
    if n_on == 0:
        assert found.significance is None
    elif exact < Fraction(1, 2):
        assert found.significance is not None
        assert p_from_significance(found.significance) == pytest.approx(float(exact), rel=1e-10)


@pytest.mark.parametrize(("n_on", "n_off", "tau"), [(900, 10, 1), (1300, 10, 1), (5000, 10, 1), (400, 0, 9)])
def test_binomial_far_out(n_on: int, n_off: int, tau: int) -> None:
    """Z from 30 to 82, where p itself is no floating-point number any more."""
    total = n_on + n_off
    exact = sum(math.comb(total, k) * Fraction(tau) ** (total - k) for k in range(n_on, total + 1))
    log_p = math.log(exact.numerator) - math.log(exact.denominator) - total * math.log(1 + tau)
    found = on_off(n_on, n_off, tau)
    assert found.log_p_value == pytest.approx(log_p, rel=1e-11)
    assert found.significance is not None
    z = found.significance
    assert float(normal_tail(z).ln()) == pytest.approx(log_p, rel=1e-11)


def test_deficit() -> None:
    for method in ("z-bi", "li-ma"):
        found = on_off(3, 100, 1.0, method)
        assert found.significance is not None
        assert found.significance < -5
        assert found.excess == -97


@settings(max_examples=80)
@given(n_on=st.integers(1, 5000), n_off=st.integers(1, 5000), tau=st.floats(0.05, 30))
def test_li_and_ma(n_on: int, n_off: int, tau: float) -> None:
    alpha, total = 1 / tau, n_on + n_off
    squared = 2 * (n_on * math.log((1 + alpha) / alpha * n_on / total) + n_off * math.log((1 + alpha) * n_off / total))
    found = on_off(n_on, n_off, tau, "li-ma").significance
    assert found is not None
    assert found**2 == pytest.approx(squared, rel=1e-9, abs=1e-8)
    assert np.sign(found) in (0, np.sign(n_on - alpha * n_off))


def test_li_and_ma_is_the_discovery_significance() -> None:
    for n_on, n_off, tau in [(12, 9, 3.0), (4, 0, 2.0), (150, 100, 1.0)]:
        fitted = discovery(counting(n_on, 1.0, Sideband(n_off, tau))).significance
        assert on_off(n_on, n_off, tau, "li-ma").significance == pytest.approx(fitted, rel=1e-5)


def test_printed_values() -> None:
    """WStat of gammapy's tests (n_on, n_off, α)."""
    for n_on, n_off, alpha, want in [(5, 1, 1, 1.7061745691), (10, 5, 0.3, 3.5853812868), (10, 23, 0.1, 3.4434155228)]:
        assert on_off(n_on, n_off, 1 / alpha, "li-ma").significance == pytest.approx(want, abs=1e-9)


def test_bad_input() -> None:
    for call, message in [
        (lambda: on_off(-1, 2, 1.0), "n_on = -1"),
        (lambda: on_off(1, float("inf"), 1.0), "n_off = inf"),
        (lambda: on_off(1, 2, 0.0), "tau = 0.0"),
        (lambda: on_off(1, 2, 1.0, "guess"), "unknown on/off method 'guess'"),
        (lambda: significance_from_p(1.5), "p-value = 1.5"),
        (lambda: p_from_significance(float("nan")), "significance = nan"),
    ]:
        with pytest.raises((InputError, UnknownName)) as caught:
            call()
        assert message in str(caught.value)
    assert on_off(3, 1, 1.0).to_json()["method"] == "z-bi"
