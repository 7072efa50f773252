"""Mixed and classical limits of one count: tables of the integral, the closed form, what happens where strength 0 is excluded."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import norm, poisson

from limits.errors import InputError
from limits.inference.limit import p_values, upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Sideband, Systematic, counting
from limits.likelihood.histfactory import load

METHODS = ("mixed", "clsb-exact")


def gaussian_efficiency(n: int, error: float, background: float = 0.0, sigma: float = 0.0) -> BinnedLikelihood:
    """n ~ Poisson(strength · ε + b), ε and b Gaussian, cut at 0."""
    signal = [{"name": "mu", "type": "normfactor", "data": None}, {"name": "e", "type": "staterror", "data": [error]}]
    other = [{"name": "d", "type": "staterror", "data": [sigma]}] if sigma else []
    return load(
        {
            "channels": [{"name": "c", "samples": [
                {"name": "s", "data": [1.0], "modifiers": signal},
                {"name": "b", "data": [background], "modifiers": other},
            ]}],
            "observations": [{"name": "c", "data": [n]}],
            "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
            "version": "1.0.0",
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "limits"),
    [(0, (2.3093, 2.3297, 2.3655, 2.4197, 2.6024)), (1, (3.9039, 3.9473, 4.0236, 4.1389, 4.5245)),
     (2, (5.3446, 5.4130, 5.5330, 5.7141, 6.3132)), (3, (6.7117, 6.8069, 6.9736, 7.2243, 8.0455)),
     (5, (9.3245, 9.4777, 9.7451, 10.1443, 11.4296)), (10, (15.5113, 15.8311, 16.3825, 17.1898, 19.7085))],
)  # fmt: skip
def test_gaussian_efficiency_without_background(n: int, limits: tuple[float, ...]) -> None:
    for error, want in zip((0.05, 0.1, 0.15, 0.2, 0.3), limits, strict=True):
        found = upper_limit(gaussian_efficiency(n, error), "mixed", 0.9).observed_limit
        assert found == pytest.approx(want, rel=2e-4), error


def test_closed_form_without_events() -> None:
    """No event, no background: U = (1 − √(1 − 2 σ² U₀))/σ² with U₀ = ln 10, the Gaussian not cut at 0."""
    for error in (0.05, 0.1, 0.15):
        want = (1 - np.sqrt(1 - 2 * error**2 * np.log(10))) / error**2
        found = upper_limit(gaussian_efficiency(0, error), "mixed", 0.9).observed_limit
        assert found == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize(
    ("n", "b", "sigma", "error", "mixed", "divided"),
    [(0, 0.07, 0.03, 0.1, 2.2577, 2.3297), (0, 0.07, 0.03, 0.2, 2.3419, 2.4197), (2, 1, 0.5, 0.1, 4.4222, 4.5865),
     (3, 1, 0.5, 0.1, 5.8039, 5.8612), (3, 2, 1, 0.1, 4.9211, 5.2665), (5, 2, 1, 0.1, 7.5406, 7.6252),
     (5, 5, 1, 0.1, 4.5457, 5.4773), (10, 5, 2, 0.15, 11.4512, 11.5945)],
)  # fmt: skip
def test_with_background(n: int, b: float, sigma: float, error: float, mixed: float, divided: float) -> None:
    likelihood = gaussian_efficiency(n, error, b, sigma)
    assert upper_limit(likelihood, "mixed", 0.9).observed_limit == pytest.approx(mixed, rel=1e-3)
    assert upper_limit(likelihood, "cls-exact", 0.9).observed_limit == pytest.approx(divided, rel=1e-3)


def test_against_a_double_integral() -> None:
    likelihood = gaussian_efficiency(3, 0.1, 2.0, 1.0)

    def density(b: float, e: float) -> float:
        return float(norm.pdf(e, 1, 0.1) * norm.pdf(b, 2, 1))

    found = upper_limit(likelihood, "mixed", 0.9).observed_limit
    assert found is not None
    below = dblquad(lambda b, e: density(b, e) * poisson.cdf(3, found * e + b), 0.2, 1.8, 0, 9, epsabs=1e-9)[0]
    total = quad(lambda b: norm.pdf(b, 2, 1), 0, 9)[0]
    assert below / total == pytest.approx(0.1, rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_known_background_is_the_classical_limit(method: str) -> None:
    for n, b, want in [(0, 0.5, 1.8026), (0, 1, 1.3026), (1, 0.5, 3.3897), (0, 2, 0.3026), (3, 0, 6.6808)]:
        found = upper_limit(counting(n, 1.0, Background(b)), method, 0.9)
        assert found.observed_limit == pytest.approx(want, abs=6e-5)
        assert found.status == "ok"
        assert "not divided by CLb" in found.definition


@pytest.mark.parametrize("method", METHODS)
def test_strength_zero_excluded(method: str) -> None:
    found = upper_limit(counting(0, 1.0, Background(3.0)), method, 0.9)
    assert found.observed_limit == 0.0
    assert found.status == "insensitive"
    assert "strength 0 itself is excluded" in found.warnings[0]
    assert found.expected_limit[0] == 0.0
    assert found.expected_limit[2] == pytest.approx(3.68078, rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_p_value_at_the_limit(method: str) -> None:
    likelihood = counting(4, 2.5, Sideband(12, 4.0), [Systematic("s", 1.15)])
    limit = upper_limit(likelihood, method, 0.9)
    assert limit.observed_limit is not None
    again = upper_limit(likelihood, method, 0.9, test_strength=limit.observed_limit)
    assert again.CLs_obs == pytest.approx(0.1, rel=1e-9)
    values = p_values(likelihood, method, limit.observed_limit)
    assert values.cls == pytest.approx(0.1, rel=1e-9)
    assert values.cls_expected == pytest.approx(again.CLs_exp)
    assert np.all(np.diff([e for e in limit.expected_limit if e is not None]) >= 0)


def test_no_stronger_than_it_should_be() -> None:
    """Never above CLs, which divides by a number below one."""
    likelihood = counting(2, 1.0, Background(3.0, 0.3, "gamma"))
    limits = [upper_limit(likelihood, m, 0.95).observed_limit for m in ("mixed", "cls-exact")]
    assert None not in limits
    assert limits[0] < limits[1]  # type: ignore[operator]


def test_no_signal() -> None:
    found = upper_limit(counting(3, 0.0, Background(1.0)), "mixed")
    assert (found.observed_limit, found.status) == (None, "insensitive")


def test_half_a_count_is_refused() -> None:
    with pytest.raises(InputError, match="integer count"):
        upper_limit(counting(1.5, 1, Background(2)), "mixed")
