"""Toy CLs against exact sums and asymptotic formulas; the same seed gives the same answer however the work is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import limits.inference.toys.ensembles
from limits.errors import FitError, InputError
from limits.inference.asymptotic import Asymptotic
from limits.inference.limit import upper_limit
from limits.inference.toys.ensembles import BLOCK, ToyCalculator, crossing
from limits.inference.toys.goodness import goodness_of_fit
from limits.likelihood import engine
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Systematic, counting
from limits.likelihood.histfactory import load

SMALL = counting(3, 1.0, Background(2.0, 0.3, "lognormal"), [Systematic("s", 1.1)])


def bins(n: int, scale: float) -> BinnedLikelihood:
    rng = np.random.default_rng(5)
    background = scale * (1 + rng.uniform(size=n))
    tilt = {"hi_data": (1.1 * background).tolist(), "lo_data": (0.95 * background).tolist()}
    samples = [
        {
            "name": "s",
            "data": (0.1 * background[::-1]).tolist(),
            "modifiers": [
                {"name": "mu", "type": "normfactor", "data": None},
                {"name": "eff", "type": "normsys", "data": {"hi": 1.1, "lo": 0.92}},
            ],
        },
        {
            "name": "b",
            "data": background.tolist(),
            "modifiers": [
                {"name": "gamma", "type": "shapesys", "data": (0.1 * background).tolist()},
                {"name": "tilt", "type": "histosys", "data": tilt},
            ],
        },
    ]
    document = {
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": rng.poisson(background).astype(float).tolist()}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }
    return load(document)


@pytest.mark.parametrize("likelihood", [SMALL, bins(6, 40.0)], ids=["count", "bins"])
def test_many_fits_are_the_single_fits(likelihood: BinnedLikelihood) -> None:
    theta = likelihood.fit(likelihood.observed, 1.0).theta
    toys = likelihood.sample(theta, 40, np.random.default_rng(1))
    for strength in (None, 0.0, 1.3):
        many = likelihood.fit_many(toys, strength)
        assert many.converged.all()
        for i in range(0, 40, 7):
            one = likelihood.fit(toys[i], strength)
            assert many.nll[i] >= one.nll - 1e-8
            assert many.nll[i] == pytest.approx(one.nll, abs=2e-3)
        half = likelihood.fit_many(toys[20:], strength)
        assert np.array_equal(half.nll, many.nll[20:])


@pytest.mark.parametrize(
    "likelihood", [SMALL, bins(6, 40.0), counting(7, 1.0, Background(0.0))], ids=["count", "bins", "none"]
)
@pytest.mark.parametrize("compiled", [True, False])
def test_profiles_of_many_toys_are_differences_of_fits(
    likelihood: BinnedLikelihood, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fits at fixed strengths start from the free one, on the bound or off it, whatever their order, and end where others end."""
    if not compiled:
        monkeypatch.setattr(engine, "compiled_fits", lambda: None)
    theta, strengths = likelihood.fit(likelihood.observed, 0.3).theta, np.array([2.0, 0.0, 0.7])
    toys = likelihood.sample(theta, 100, np.random.default_rng(1))
    best, t, good = likelihood.profile_many(toys, strengths)
    free = likelihood.fit_many(toys)
    assert np.any(best < 1e-6)
    assert best == pytest.approx(free.theta[:, 0], abs=1e-9)
    assert good.all()
    for column, strength in enumerate(strengths):
        fixed = likelihood.fit_many(toys, float(strength))
        assert t[:, column] == pytest.approx(np.maximum(0.0, 2 * (fixed.nll - free.nll)), abs=1e-9)
    assert np.array_equal(t[40:60, 1:], likelihood.profile_many(toys[40:60], strengths[1:])[1])


def test_same_seed_same_answer() -> None:
    long = ToyCalculator(SMALL, SMALL.observed, 2 * BLOCK + 100, 7)
    again = ToyCalculator(SMALL, SMALL.observed, 2 * BLOCK + 100, 7)
    assert np.array_equal(long.at(3.0).signal, again.at(3.0).signal)
    assert len(long.at(3.0).background) == 2 * BLOCK + 100
    other = ToyCalculator(SMALL, SMALL.observed, 2 * BLOCK + 100, 8)
    assert not np.array_equal(long.at(3.0).signal, other.at(3.0).signal)


def test_known_background_against_exact_sums() -> None:
    likelihood = counting(3, 1.0, Background(2.5))
    ensemble = ToyCalculator(likelihood, likelihood.observed, 20_000, 3).at(5.0)
    exact = upper_limit(likelihood, "cls-exact", 0.95, test_strength=5.0)
    assert ensemble.failed == 0
    assert ensemble.p_values.cls == pytest.approx(exact.CLs_obs, rel=4 * ensemble.log_errors[0])
    assert ensemble.p_values.cls_expected[2] == pytest.approx(exact.CLs_exp[2], rel=4 * ensemble.log_errors[3])


def test_many_events_against_the_asymptotic_formula() -> None:
    likelihood = bins(4, 400.0)
    asymptotic = Asymptotic(likelihood, likelihood.observed).p_values(0.5)
    ensemble = ToyCalculator(likelihood, likelihood.observed, 3000, 4).at(0.5)
    assert np.log(ensemble.p_values.cls) == pytest.approx(np.log(asymptotic.cls), abs=4 * ensemble.log_errors[0] + 0.02)


def test_limit_of_known_background() -> None:
    likelihood = counting(3, 1.0, Background(2.5))
    exact = upper_limit(likelihood, "cls-exact", 0.9).observed_limit
    calculator = ToyCalculator(likelihood, likelihood.observed, 8000, 2)
    found = crossing(calculator, 0, 0.1, 20.0)
    assert found.bracketed
    assert found.strength == pytest.approx(exact, abs=4 * found.error)
    limit = upper_limit(likelihood, "cls-toys", 0.9, toys=2000, seed=2)
    assert limit.status == "ok"
    assert limit.observed_limit == pytest.approx(exact, rel=0.15)
    assert "statistical error" in limit.warnings[0]


def test_failed_toys_are_counted_and_too_many_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(share: int):  # type: ignore[no-untyped-def]
        original = BinnedLikelihood.profile_many

        def profile_many(self, data, strengths):  # type: ignore[no-untyped-def]
            best, t, good = original(self, data, strengths)
            good[::share] = False
            return best, t, good

        return profile_many

    monkeypatch.setattr(limits.inference.toys.ensembles, "_again", lambda likelihood, toy, strength: (np.nan, np.nan))
    with monkeypatch.context() as patch:
        patch.setattr(BinnedLikelihood, "profile_many", broken(50))
        ensemble = ToyCalculator(SMALL, SMALL.observed, 500, 1).at(3.0)
        assert ensemble.failed == 20
        assert len(ensemble.signal) == 490
    with monkeypatch.context() as patch:
        patch.setattr(BinnedLikelihood, "profile_many", broken(5))
        with pytest.raises(FitError, match="could not be fitted"):
            ToyCalculator(SMALL, SMALL.observed, 500, 1).at(3.0)


def test_too_few_toys() -> None:
    with pytest.raises(InputError, match="toys = 3"):
        upper_limit(SMALL, "cls-toys", toys=3)


def test_goodness_of_fit_is_uniform_and_finds_a_bad_fit() -> None:
    likelihood = bins(6, 40.0)
    found = goodness_of_fit(likelihood, toys=500)
    # Strength and six bins: five degrees of freedom, many events.
    assert found.ndf == 5
    assert found.p_value == pytest.approx(found.p_asymptotic, abs=5 * found.error + 0.03)
    spoiled = replace(likelihood, counts=likelihood.counts * np.array([1, 1, 2.5, 1, 1, 1]).round())
    assert goodness_of_fit(spoiled, toys=300).p_value < 0.01
