"""Posterior probability of a strength for a few counts: against integrals, a single count and the interval that integrates nuisances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import poisson

from limits.errors import FitError, InputError
from limits.inference.bayes.interval import bayes_interval
from limits.inference.bayes.several import tail
from limits.inference.limit import p_values
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Systematic, counting
from limits.likelihood.histfactory import load


def bins(counts: list[int], signal: list[float], background: list[float], spread: float = 0.0) -> BinnedLikelihood:
    """A channel per count; the background of each has an auxiliary count, all signals one lognormal of 1 + `spread`."""
    channels = []
    for i, (s, b) in enumerate(zip(signal, background, strict=True)):
        modifiers = [{"name": "strength", "type": "normfactor", "data": None}]
        rest = []
        if spread:
            modifiers.append({"name": "size", "type": "normsys", "data": {"hi": 1 + spread, "lo": 1 / (1 + spread)}})  # type: ignore[dict-item]
            rest.append({"name": f"b{i}", "type": "shapesys", "data": [b / 2]})
        samples = [
            {"name": "signal", "data": [s], "modifiers": modifiers},
            {"name": "background", "data": [b], "modifiers": rest},
        ]
        channels.append({"name": f"c{i}", "samples": samples})
    poi = {"name": "strength", "bounds": [[0.0, 100.0]], "inits": [1.0]}
    return load(
        {
            "channels": channels,
            "observations": [{"name": f"c{i}", "data": [float(n)]} for i, n in enumerate(counts)],
            "measurements": [{"name": "m", "config": {"poi": "strength", "parameters": [poi]}}],
            "version": "1.0.0",
        }
    )


@pytest.mark.parametrize("counts", [[0, 0, 0], [1, 0, 2], [3, 7, 0]])
def test_against_an_integral(counts: list[int]) -> None:
    signal, background = np.array([1.3, 0.4, 0.0]), np.array([0.02, 0.9, 0.1])

    def posterior(strength: float) -> float:
        return float(np.prod(poisson.pmf(counts, strength * signal + background)))

    likelihood = bins(counts, signal.tolist(), background.tolist())
    whole, _ = quad(posterior, 0, 60, epsabs=0, epsrel=1e-11, limit=200)
    for strength in (0.3, 2.0, 5.0):
        above, _ = quad(posterior, strength, 60, epsabs=0, epsrel=1e-11, limit=200)
        assert p_values(likelihood, "bayes", strength).cls == pytest.approx(above / whole, rel=1e-8)


def test_far_fewer_events_than_background() -> None:
    """Rates of which neither a power nor the exponential is a number of 64 bits."""
    counts, signal, background = (40, 50), np.array([[1.0], [2.0]]), np.array([[1e4], [60.0]])

    def posterior(strength: float) -> float:
        rate = strength * signal[:, 0] + background[:, 0]
        return float(np.exp(np.sum(counts * np.log(rate / background[:, 0])) - 3 * strength))

    whole, above = (quad(posterior, low, 60, epsabs=0, epsrel=1e-11)[0] for low in (0.0, 0.7))
    assert tail(signal, background, 0.7, counts) == pytest.approx(above / whole, rel=1e-8)


def test_two_halves_are_one_count() -> None:
    """The same s/b twice: the sum of the counts is all that matters, expected values included."""
    halves = p_values(bins([2, 1], [1.0, 1.0], [0.5, 0.5]), "bayes", 2.0)
    whole = p_values(counting(3, 2.0, Background(1.0)), "bayes", 2.0)
    assert halves.cls == pytest.approx(whole.cls, rel=1e-9)
    assert halves.cls_expected == pytest.approx(whole.cls_expected, rel=1e-9)


def test_nuisances_against_the_interval() -> None:
    """5 % are left above the 95 % limit of the method that integrates nuisances by other means."""
    likelihood = bins([0, 2], [1.0, 0.7], [0.05, 0.4], 0.2)
    high = bayes_interval(likelihood, 0.95).high
    assert high is not None
    assert p_values(likelihood, "bayes", high).cls == pytest.approx(0.05, rel=5e-3)
    single = counting(2, 1.0, Background(0.4, 0.5, "poisson"), [Systematic("size", 1.2)])
    one = p_values(single, "bayes", 3.0).cls
    # A count without signal and without events does nothing.
    two = p_values(bins([2, 0], [1.0, 0.0], [0.4, 0.3], 0.2), "bayes", 3.0).cls
    assert two == pytest.approx(one, rel=5e-3)


def test_no_signal_excludes_nothing() -> None:
    found = p_values(bins([1, 0], [0.0, 0.0], [0.1, 0.1]), "bayes", 1.0)
    assert found.cls == 1.0
    assert found.cls_expected == (1.0,) * 5


def test_what_has_no_posterior() -> None:
    nothing, signal = np.zeros((1, 1)), np.array([[1.0], [0.0]])
    with pytest.raises(FitError, match="none are expected"):
        tail(signal, np.zeros((2, 1)), 1.0, (0, 1))
    with pytest.raises(InputError, match="at most 100"):
        tail(np.ones((1, 1)), nothing, 1.0, (101,))
