"""Curves along the strength against the limits and densities that they are curves of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.stats import gamma

from limits.errors import InputError
from limits.inference.bayes.priors import PRIORS
from limits.inference.curves import p_curve, posterior_curve, posterior_of
from limits.inference.limit import upper_limit
from limits.inference.request import Request
from limits.likelihood.counting import Background, Systematic, counting

COUNT = counting(6.0, 1.0, Background(5.5, 0.3, "gaussian"), [Systematic("efficiency", 1.1)])


@pytest.mark.parametrize("method", ["cls", "cls-exact", "bayes"])
def test_the_limit_is_where_the_curve_crosses(method: str) -> None:
    limit = upper_limit(COUNT, method, 0.9)
    assert limit.observed_limit is not None
    curve = p_curve(COUNT, method, 1.5 * limit.observed_limit, 61)
    at = [
        np.interp(np.log(0.1), np.log(p)[::-1], curve.strengths[::-1]) for p in (curve.observed, curve.expected[:, 2])
    ]
    assert at == pytest.approx([limit.observed_limit, limit.expected_limit[2]], rel=2e-3)
    assert np.all(np.diff(curve.expected, axis=1) >= -1e-12)


def test_without_a_range_there_is_no_curve() -> None:
    with pytest.raises(InputError, match="nothing is excluded"):
        p_curve(COUNT, "cls", np.inf)


def test_the_density_of_a_pure_signal_is_a_gamma() -> None:
    """n events, no background, prior flat: Gamma(n + 1)."""
    request = Request(counting(4.0, 1.0, Background(0.0)), 0.95, 1.0)
    curve = posterior_curve(posterior_of(request, "bayes"), "")
    assert curve.density == pytest.approx(gamma.pdf(curve.strengths, 5), rel=2e-3, abs=1e-5)
    assert trapezoid(curve.density, curve.strengths) == pytest.approx(0.999, abs=1e-3)


@pytest.mark.parametrize("method", ["bayes", "bayes-profile"])
def test_a_prior_that_diverges_has_a_finite_curve(method: str) -> None:
    request = Request(COUNT, 0.95, 1.0, prior=PRIORS["1/√s"])
    curve = posterior_curve(posterior_of(request, method), "")
    assert np.all(np.isfinite(curve.density))
    assert curve.density.argmax() == 0


def test_without_signal_there_is_no_posterior() -> None:
    with pytest.raises(InputError, match="no signal"):
        posterior_of(Request(counting(1.0, 0.0, Background(1.0)), 0.95, 1.0), "bayes")
