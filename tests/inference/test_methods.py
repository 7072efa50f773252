"""Methods that share their parts with others: CLs+b by the asymptotic formula, posteriors of the profile likelihood, options."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from limits.errors import InputError, UnknownName
from limits.inference.asymptotic import Asymptotic
from limits.inference.bayes.priors import PRIORS
from limits.inference.limit import METHODS, p_values, upper_limit
from limits.kernel.linear.shapes import CrystalBall
from limits.likelihood.counting import Background, counting
from limits.likelihood.spectrum import bump

WINDOW = (1.4, 1.6)
SIGNAL = CrystalBall(WINDOW, 1.5, 0.008, 1.4, 3.0, 1.8, 5.0)


def test_clsb_is_not_divided() -> None:
    likelihood = counting(105, 1.0, Background(100.0, 0.1, "gamma"))
    calculator = Asymptotic(likelihood, likelihood.observed, divided=False)
    found = upper_limit(likelihood, "clsb")
    assert calculator.p_values(found.observed_limit).clsb == pytest.approx(0.05, rel=1e-5)
    assert found.CLs_obs == calculator.p_values(1.0).clsb
    sums = upper_limit(likelihood, "clsb-exact")
    assert found.observed_limit == pytest.approx(sums.observed_limit, rel=0.03)
    assert found.expected_limit[0] == sums.expected_limit[0] == 0
    assert found.expected_limit[2:] == pytest.approx(sums.expected_limit[2:], rel=0.07)


def test_clsb_is_zero_where_strength_zero_is_excluded() -> None:
    found = upper_limit(counting(70, 1.0, Background(100.0, 0.02, "gamma")), "clsb")
    assert found.observed_limit == 0
    assert found.status == "insensitive"
    assert "says nothing" in found.warnings[0]


def test_clsb_without_signal_has_no_limit_at_all() -> None:
    found = upper_limit(counting(3, 0.0, Background(3.0, 0.2, "gamma")), "clsb")
    assert found.status == "insensitive"
    assert found.observed_limit is None
    assert found.expected_limit == (None,) * 5


def test_expected_clsb_of_a_gaussian_measurement() -> None:
    """At large counts √q of the Asimov data is strength/σ: the limits are σ (N + Φ⁻¹(0.95))."""
    likelihood = counting(1e8, 1.0, Background(1e8))
    found = upper_limit(likelihood, "clsb")
    for sigma, limit in zip((-1, 0, 1, 2), found.expected_limit[1:], strict=True):
        assert limit == pytest.approx(1e4 * (sigma + norm.ppf(0.95)), rel=2e-3)


@pytest.mark.parametrize("kind", ["upper", "central", "shortest"])
def test_profile_posterior_of_a_known_background_is_the_marginal_one(kind: str) -> None:
    likelihood = counting(6, 1.0, Background(2.5))
    profile = upper_limit(likelihood, "bayes-profile", 0.9, kind=kind)  # type: ignore[arg-type]
    marginal = upper_limit(likelihood, "bayes", 0.9, kind=kind)  # type: ignore[arg-type]
    assert profile.observed_limit == pytest.approx(marginal.observed_limit, rel=1e-6)
    assert profile.interval == (pytest.approx(marginal.interval, rel=1e-5) if marginal.interval else None)


def test_profile_posterior_with_another_prior() -> None:
    likelihood = counting(6, 1.0, Background(2.5))
    profile, marginal = (
        upper_limit(likelihood, method, 0.9, prior=PRIORS["1/√s"]) for method in ("bayes-profile", "bayes")
    )
    assert profile.observed_limit == pytest.approx(marginal.observed_limit, rel=1e-6)


@pytest.mark.parametrize("smearing", [(3.0, 0.0), (0.0, 0.05), (9.2, 0.026)])
def test_smeared_profile_posterior_against_an_integral(smearing: tuple[float, float]) -> None:
    """A Gaussian likelihood convolved with a Gaussian whose width grows with the strength."""
    likelihood = counting(1_000_300, 1.0, Background(1_000_000.0))
    found = upper_limit(likelihood, "bayes-profile", 0.95, smearing=smearing)
    best, sigma = 300.0, 1000.15

    def density(s: float) -> float:
        width = np.hypot(sigma, np.hypot(smearing[0], smearing[1] * s))
        return float(norm.pdf(s, best, width))

    total = quad(density, 0, 2e4, limit=400, epsrel=1e-10)[0]
    expected = brentq(lambda x: quad(density, 0, x, limit=400)[0] / total - 0.95, 500, 8000)
    assert found.observed_limit == pytest.approx(expected, rel=1e-3)
    assert "2404.04640" in found.definition


@pytest.mark.slow
def test_smeared_profile_posterior_against_the_compiled_kernel() -> None:
    pytest.importorskip("numba")
    from limits.kernel.linear.measure import Smearing, measure
    from limits.kernel.linear.window import unbinned

    rng = np.random.default_rng(9)
    x = np.concatenate([rng.uniform(*WINDOW, 1500), rng.normal(1.5, 0.008, 40)])
    fast = measure(unbinned(x, SIGNAL, 2), smearing=Smearing(9.2, 0.026))
    likelihood = bump(x, SIGNAL, 2)
    assert upper_limit(likelihood, "bayes-profile").observed_limit == pytest.approx(fast.bayes, rel=1e-4)
    found = upper_limit(likelihood, "bayes-profile", smearing=(9.2, 0.026))
    assert found.observed_limit == pytest.approx(fast.smeared, rel=1e-4)


def test_options_that_a_method_does_not_know() -> None:
    likelihood = counting(3, 1.0, Background(1.0))
    with pytest.raises(InputError, match="has no prior"):
        upper_limit(likelihood, "cls", prior=PRIORS["1/√s"])
    with pytest.raises(InputError, match="has no prior and no kind"):
        upper_limit(likelihood, "profile", kind="central")
    with pytest.raises(InputError, match="bayes-profile"):
        upper_limit(likelihood, "bayes", smearing=(1.0, 0.0))
    with pytest.raises(UnknownName, match="widest"):
        upper_limit(likelihood, "bayes", kind="widest")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="gives an interval"):
        p_values(likelihood, "bayes-profile")
    with pytest.raises(InputError, match="no bins"):
        upper_limit(bump(np.linspace(1.41, 1.59, 50), SIGNAL, 1), "bayes")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_names_itself_and_its_definition(method: str) -> None:
    found = upper_limit(counting(4, 1.0, Background(2.0)), method, toys=100)
    assert found.method == method
    assert found.status == "ok"
    assert len(found.definition) > 20
    assert len(found.expected_kind) > 20
    assert found.observed_limit is not None


@pytest.mark.slow
def test_page_of_methods_shows_the_tables_that_are_computed(repository: Path) -> None:
    pytest.importorskip("numba")
    script = repository / "scripts" / "update_methods.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_band_of_the_profile_posterior() -> None:
    """A Gaussian measurement: the band of the flat posterior in closed form, at the quantiles of the best fit."""
    likelihood = counting(10_000, 1.0, Background(10_000.0))
    found = upper_limit(likelihood, "bayes-profile", 0.95)
    assert "toys" in found.expected_kind
    for sigma, limit in zip((-1, 0, 1), found.expected_limit[1:4], strict=True):
        # Φ((x − ŝ)/σ) = 1 − 0.05 Φ(ŝ/σ)
        closed = 100 * (sigma + norm.isf(0.05 * norm.cdf(sigma)))
        assert limit == pytest.approx(closed, abs=3 * 100 / 7)
    smeared = upper_limit(likelihood, "bayes-profile", 0.95, smearing=(100.0, 0.0))
    assert smeared.expected_limit[2] > found.expected_limit[2]
    unbinned = upper_limit(bump(np.random.default_rng(2).uniform(*WINDOW, 400), SIGNAL, 1), "bayes-profile", toys=20)
    assert np.all(np.diff(np.array(unbinned.expected_limit, dtype=float)) > 0)


def test_a_scan_says_what_its_expected_limits_are() -> None:
    from limits.scan import run_scan
    from limits.search import load

    found = run_scan(load("na64mu-zprime"), masses=[0.1], method="profile")
    assert found.expected_kind == upper_limit(counting(0, 1.0, Background(0.0)), "profile").expected_kind
    region = run_scan(load("faser-aprime"), masses=[0.05], method="cls-toys", couplings=(1e-5, 2e-5, 2))
    assert "toys" in region.expected_kind


def test_a_background_that_is_far_too_large() -> None:
    """Nothing is observed where 1e30 events are expected: CLb is 0, and CLs nothing divided by nothing."""
    with pytest.raises(InputError, match="0 events or fewer never come with this background"):
        upper_limit(counting(0, 1.0, Background(1e30)), "cls-exact")
    with pytest.raises(InputError, match="count no further than to 1e15"):
        counting(1e30, 1.0, Background(1.0))
