"""What a picture of a fit shows: sums, integrals and errors against those computed otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from limits.errors import InputError
from limits.kernel.linear.shapes import CrystalBall
from limits.likelihood.counting import Background, counting
from limits.likelihood.joint import joint
from limits.likelihood.spectrum import bump
from limits.plot.predicted import predicted


def spectrum(name: str = "one", high: float = 2.0, seed: int = 3) -> object:
    rng = np.random.default_rng(seed)
    events = np.r_[rng.uniform(1, high, 800), rng.normal(1.5, 0.02, 60)]
    return bump(events, CrystalBall((1.0, high), 1.5, 0.02, 1.5, 5.0, 1.5, 5.0), 2, signal_events=50.0, name=name)


def test_a_count() -> None:
    """One bin: the fit is the data, its error that of the count."""
    likelihood = counting(14.0, 3.0, Background(8.0, 0.2, "gaussian"))
    seen = predicted(likelihood, likelihood.fit(likelihood.observed))
    assert seen.total == pytest.approx([14.0])
    assert seen.background == pytest.approx([8.0], rel=1e-6)
    assert seen.error == pytest.approx([np.sqrt(14.0)], rel=1e-4)


def test_a_spectrum() -> None:
    likelihood = spectrum()
    fit = likelihood.fit(likelihood.observed)
    seen = predicted(likelihood, fit)
    assert seen.counts.sum() == 860
    assert seen.total.sum() == pytest.approx(860, rel=1e-3)  # an extended fit with a free norm
    for i in (0, 15, 20):
        low, high = seen.edges[i : i + 2]
        exact = quad(lambda x: likelihood.model.density(np.array([x]), fit.theta)[0], low, high, limit=200)[0]
        assert seen.total[i] == pytest.approx(exact, rel=1e-4)
    assert (seen.total - seen.background).sum() == pytest.approx(50.0 * fit.strength, rel=1e-3)


def test_the_error_is_that_of_repeated_fits() -> None:
    """The spread of the expectation over toys is the propagated error."""
    likelihood = spectrum()
    fit = likelihood.fit(likelihood.observed)
    seen = predicted(likelihood, fit)
    toys = likelihood.sample(fit.theta, 150, np.random.default_rng(1))
    spread = np.std([predicted(likelihood, likelihood.fit(toy)).total for toy in toys], axis=0)
    assert np.median(spread / seen.error) == pytest.approx(1.0, abs=0.12)


def test_categories_are_added_up() -> None:
    parts = spectrum("one"), spectrum("two", seed=4)
    both = joint(parts)
    fit = both.fit(both.observed)
    seen = predicted(both, fit)
    assert seen.counts.sum() == 2 * 860
    assert seen.total.sum() == pytest.approx(2 * 860, rel=1e-3)


def test_what_does_not_fit_together_is_refused() -> None:
    for other in (counting(3.0, 1.0, Background(2.0), name="bins"), spectrum("two", 2.5)):
        both = joint([spectrum("one"), other])
        with pytest.raises(InputError, match="one picture"):
            predicted(both, both.fit(both.observed))
