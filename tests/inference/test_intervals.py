"""Profile-likelihood intervals against closed forms, one-dimensional scans and the printed outputs of TRolke."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import chi2, norm, poisson

from limits.errors import InputError, UnknownName
from limits.inference.intervals import profile_interval
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Sideband, Systematic, counting
from limits.likelihood.histfactory import load


def efficiency(n: float, efficiency: float, error: float, background: float, sigma: float = 0.0) -> BinnedLikelihood:
    """n ~ Poisson(strength · ε + b) with Gaussian ε and b: staterror of a pyhf document is a Gaussian multiplier."""
    strength = {"name": "mu", "type": "normfactor", "data": None}
    signal: dict[str, Any] = {"name": "s", "data": [efficiency], "modifiers": [strength]}
    other: dict[str, Any] = {"name": "b", "data": [background], "modifiers": []}
    if error:
        signal["modifiers"].append({"name": "e", "type": "staterror", "data": [error]})
    if sigma:
        other["modifiers"].append({"name": "d", "type": "staterror", "data": [sigma]})
    return load(
        {
            "channels": [{"name": "c", "samples": [signal, other]}],
            "observations": [{"name": "c", "data": [n]}],
            "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
            "version": "1.0.0",
        }
    )


def sideband_and_efficiency(on: float, off: float, tau: float, efficiency: float, error: float) -> BinnedLikelihood:
    """On and off counts as two channels that share a free background, Gaussian efficiency."""
    strength = {"name": "mu", "type": "normfactor", "data": None}
    gaussian = {"name": "e", "type": "staterror", "data": [error]}
    free = {"name": "b", "type": "normfactor", "data": None}
    samples = [
        {"name": "s", "data": [efficiency], "modifiers": [strength, gaussian]},
        {"name": "b", "data": [1.0], "modifiers": [free]},
    ]
    return load(
        {
            "channels": [
                {"name": "on", "samples": samples},
                {"name": "off", "samples": [{"name": "b", "data": [tau], "modifiers": [free]}]},
            ],
            "observations": [{"name": "on", "data": [on]}, {"name": "off", "data": [off]}],
            "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
            "version": "1.0.0",
        }
    )


def known_background(n: int, b: float, level: float) -> tuple[float, float]:
    """Both edges from the closed form of the likelihood ratio, strength ≥ 0."""
    target, best = chi2.ppf(level, 1), max(0.0, n - b)

    def excess(s: float) -> float:
        return float(2 * (poisson.logpmf(n, best + b) - poisson.logpmf(n, s + b)) - target)

    low = 0.0 if best == 0 or excess(0.0) < 0 else brentq(excess, 0, best, xtol=1e-14)
    return float(low), float(brentq(excess, best, 10 * (n + b) + 50, xtol=1e-14))


@settings(max_examples=60)
@given(n=st.integers(0, 60), b=st.floats(0.01, 40), signal=st.floats(-9, 9), level=st.sampled_from([0.68, 0.9, 0.99]))
def test_known_background(n: int, b: float, signal: float, level: float) -> None:
    found = profile_interval(counting(n, 10.0**signal, Background(b)), level)
    low, high = known_background(n, b, level)
    assert found.status == "ok", found.warnings
    assert found.low == pytest.approx(low / 10.0**signal, rel=1e-6)
    assert found.high == pytest.approx(high / 10.0**signal, rel=1e-6)


@settings(max_examples=25)
@given(n=st.integers(0, 50), off=st.integers(0, 400), tau=st.floats(0.2, 20))
@example(n=1, off=300, tau=5.0)  # the lower edge lies where the nominal background leaves no rate for the event
@example(n=0, off=0, tau=1.0)
@example(n=7, off=0, tau=1.0)
def test_sideband_with_negative_strength(n: int, off: int, tau: float) -> None:
    """Profiled in closed form: b is the positive root of a quadratic (Rolke et al., physics/0403059, appendix)."""

    def profiled(s: float) -> float:
        first, constant = s * (1 + tau) - n - off, -off * s
        b = (-first + np.sqrt(max(0.0, first**2 - 4 * (1 + tau) * constant))) / (2 * (1 + tau))
        b = max(b, 0.0, -s)
        return float(-2 * (poisson.logpmf(n, s + b) + poisson.logpmf(off, tau * b)))

    found = profile_interval(counting(n, 1.0, Sideband(off, tau)), 0.9, lower=-np.inf)
    assert found.status == "ok", found.warnings
    assert found.high is not None
    minimum = profiled(n - off / tau)
    assert profiled(found.high) - minimum == pytest.approx(chi2.ppf(0.9, 1), rel=1e-5)
    if n == 0:
        assert (found.low, found.best) == (None, None)
    else:
        assert found.low is not None
        assert profiled(found.low) - minimum == pytest.approx(chi2.ppf(0.9, 1), rel=1e-5)


@pytest.mark.parametrize(
    ("on", "off", "tau", "level", "low", "high"),
    [(3, 10, 5, 0.9, 0, 4.9175), (5, 10, 5, 0.9, 0, 7.72), (10, 10, 5, 0.9, 3.494, 14.212), (5, 5, 2, 0.95, 0, 8.5285),
     (8, 3, 1, 0.9, 0, 11.0742)],
)  # fmt: skip
def test_on_off(on: int, off: int, tau: float, level: float, low: float, high: float) -> None:
    found = profile_interval(counting(on, 1.0, Sideband(off, tau)), level)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-4)


@pytest.mark.parametrize(
    ("likelihood", "level", "lower", "low", "high"),
    [
        pytest.param(sideband_and_efficiency(10, 3, 2.5, 0.9, 0.05), 0.95, 0.0, 3.88417, 18.4584, id="model 2"),
        pytest.param(efficiency(10, 0.9, 0.05, 5, 0.5), 0.99, 0.0, 0.0, 17.5005, id="model 3"),
        pytest.param(counting(1, 0.25, Sideband(7, 5)), 0.68, -np.inf, None, 4.08807, id="model 4, unbounded"),
        pytest.param(efficiency(15, 0.77, 0.15, 10), 0.95, 0.0, 0.0, 20.1747, id="model 7"),
    ],
)
def test_printed_output_of_trolke(
    likelihood: BinnedLikelihood, level: float, lower: float, low: float | None, high: float
) -> None:
    """ROOT tutorial Rolke.C; models 1 and 6 have a binomial efficiency, which no likelihood here has; 5 needs a background < 0."""
    found = profile_interval(likelihood, level, lower=lower)
    assert found.high == pytest.approx(high, rel=2e-5)
    if low is not None:
        assert found.low == pytest.approx(low, rel=2e-5)


def test_gaussian_efficiency_by_a_scan() -> None:
    """−2 ln L over a fine grid of the efficiency."""
    grid = np.linspace(0.3, 1.3, 20_001)

    def profiled(s: float) -> float:
        return float(np.min(-2 * (poisson.logpmf(15, s * grid + 10) + norm.logpdf(grid, 0.77, 0.15))))

    found = profile_interval(efficiency(15, 0.77, 0.15, 10), 0.95)
    assert found.high is not None
    assert profiled(found.high) - profiled(5 / 0.77) == pytest.approx(chi2.ppf(0.95, 1), rel=1e-5)


def test_one_sided_quantile_is_the_two_sided_one_of_another_level() -> None:
    likelihood = counting(7, 2.0, Background(3.0, 0.3, "lognormal"), [Systematic("s", 1.2)])
    one, two = profile_interval(likelihood, 0.95, quantile="one-sided"), profile_interval(likelihood, 0.9)
    assert one.high == pytest.approx(two.high, rel=1e-9)
    assert one.low == 0.0
    assert two.low is not None
    assert two.low > 0
    assert "upper edge only" in one.definition


def test_no_signal_excludes_nothing() -> None:
    found = profile_interval(counting(3, 0.0, Background(1.0)), 0.9)
    assert (found.low, found.high, found.status) == (0.0, None, "insensitive")
    assert found.to_json()["warnings"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 1.0}, "level = 1.0"),
        ({"level": 0.9, "lower": float("nan")}, "lower = nan"),
        ({"level": 0.4, "quantile": "one-sided"}, "level = 0.4"),
        ({"level": 0.9, "quantile": "three-sided"}, "unknown quantile 'three-sided'"),
    ],
)
def test_bad_input(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((InputError, UnknownName)) as caught:
        profile_interval(counting(1, 1.0, Background(1.0)), **arguments)
    assert message in str(caught.value)
