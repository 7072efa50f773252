"""zfit models behind the likelihood protocol, against zfit's own fit and hepstats' examples. Needs the extra `zfit`."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from limits.errors import InputError
from limits.inference.asymptotic import discovery
from limits.inference.limit import upper_limit

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def zfit() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("zfit", exc_type=ImportError)


class Example:
    """A Gaussian of fixed shape on an exponential with a floating slope: the model of the hepstats examples."""

    def __init__(self, zfit: ModuleType, tag: str) -> None:
        obs = zfit.Space("x", limits=(0.1, 3.0))
        self.slope = zfit.Parameter(f"slope_{tag}", -2.0, -10, -0.01)
        self.signal = zfit.Parameter(f"signal_{tag}", 20.0, -100, 1000)
        self.background = zfit.Parameter(f"background_{tag}", 250.0, 0, 10_000)
        peak = zfit.pdf.Gauss(mu=1.2, sigma=0.1, obs=obs, extended=self.signal)
        tail = zfit.pdf.Exponential(self.slope, obs=obs, extended=self.background)
        self.model, self.obs = zfit.pdf.SumPDF([peak, tail]), obs

    @staticmethod
    def data(peak: int) -> np.ndarray:
        # The recipe of the examples, with the global generator they use.
        np.random.seed(0)  # noqa: NPY002
        x = np.concatenate([np.random.exponential(0.5, 300), np.random.normal(1.2, 0.1, peak)])  # noqa: NPY002
        return x[(x > 0.1) & (x < 3.0)]


@pytest.fixture(scope="module")
def example(zfit: ModuleType) -> Example:
    return Example(zfit, "a")


def entry(oracles: Any, name: str) -> dict[str, Any]:
    return next(one for one in oracles if one["id"] == name)


def test_discovery_example(example: Example, oracles: Any) -> None:
    from limits.likelihood.zfit import from_zfit

    wanted = entry(oracles, "hepstats_discovery")["expected"]
    found = discovery(from_zfit(example.model, example.data(25), example.signal))
    assert found.significance == pytest.approx(wanted["Z"], abs=3e-4)
    assert found.p_value == pytest.approx(wanted["p"], rel=1e-3)


def test_upper_limit_example(example: Example, oracles: Any) -> None:
    from limits.likelihood.zfit import from_zfit

    wanted = entry(oracles, "hepstats_UL")["expected"]
    found = upper_limit(from_zfit(example.model, example.data(10), example.signal), "cls-q")
    assert found.status == "ok"
    assert found.observed_limit == pytest.approx(wanted["obs"], rel=1e-5)
    assert found.expected_limit == pytest.approx(wanted["exp"], rel=1e-5)


def test_fit_is_that_of_zfit_or_better(zfit: ModuleType, example: Example) -> None:
    from limits.likelihood.zfit import from_zfit

    x = example.data(25)
    ours = from_zfit(example.model, x, example.signal)
    fit = ours.fit(ours.observed)
    for parameter, value in zip((example.signal, example.background, example.slope), (10.0, 240.0, -1.5), strict=True):
        parameter.set_value(value)
    loss = zfit.loss.ExtendedUnbinnedNLL(example.model, zfit.Data.from_numpy(example.obs, x[:, None]))
    theirs = zfit.minimize.Minuit().minimize(loss)
    at = np.array(
        [float(np.asarray(theirs.params[p]["value"])) for p in (example.signal, example.background, example.slope)]
    )
    names = [p.name for p in ours.parameters]
    order = [names.index(p.name) for p in (example.signal, example.background, example.slope)]
    assert fit.theta[order] == pytest.approx(at, rel=5e-3)
    theta = np.empty(3)
    theta[order] = at
    assert fit.nll <= float(ours.nll(theta, ours.observed)) + 1e-9


def test_a_constraint_and_toys(example: Example) -> None:
    from limits.likelihood.zfit import from_zfit

    name = str(example.slope.name)
    free = from_zfit(example.model, example.data(10), example.signal)
    tied = from_zfit(example.model, example.data(10), example.signal, {name: (-2.0, 1e-4)})
    index = [p.name for p in tied.parameters].index(name)
    assert tied.fit(tied.observed).theta[index] == pytest.approx(-2.0, abs=1e-3)
    assert abs(free.fit(free.observed).theta[index] + 2.0) > 1e-2
    toys = tied.sample(tied.fit(tied.observed, 0.0).theta, 20, np.random.default_rng(1))
    assert np.all(tied.fit_many(toys).converged)


def test_linear_background_agrees_with_the_kernels(zfit: ModuleType) -> None:
    """A Crystal Ball on a Chebyshev polynomial: zfit, the NumPy likelihood and the compiled kernel."""
    pytest.importorskip("numba")
    from limits.kernel.linear.measure import measure
    from limits.kernel.linear.shapes import CrystalBall
    from limits.kernel.linear.window import unbinned
    from limits.likelihood.spectrum import bump
    from limits.likelihood.zfit import from_zfit

    window = (1.4, 1.6)
    shape = CrystalBall(window, 1.5, 0.008, 1.4, 3.0, 1.8, 5.0)
    x = np.random.default_rng(5).uniform(*window, 2000)
    obs = zfit.Space("m", limits=window)
    n_s, n_b = zfit.Parameter("n_s", 10.0), zfit.Parameter("n_b", 2000.0)
    c = [zfit.Parameter(f"c{k}", 0.0) for k in (1, 2)]
    peak = zfit.pdf.DoubleCB(mu=1.5, sigma=0.008, alphal=1.4, nl=3.0, alphar=1.8, nr=5.0, obs=obs, extended=n_s)
    flat = zfit.pdf.Chebyshev(obs=obs, coeffs=c, coeff0=1.0, extended=n_b)
    ours = from_zfit(zfit.pdf.SumPDF([peak, flat]), x, n_s, panels=128)
    slow = upper_limit(ours, "cls")
    plain = upper_limit(bump(x, shape, 2), "cls")
    fast = measure(unbinned(x, shape, 2))
    assert slow.observed_limit == pytest.approx(plain.observed_limit, rel=2e-4)
    assert slow.observed_limit == pytest.approx(fast.cls, rel=2e-4)
    assert ours.fit(ours.observed, lower=-np.inf).strength == pytest.approx(fast.strength, abs=1e-3 * fast.sigma)


def test_bad_input_is_named(zfit: ModuleType, example: Example) -> None:
    from limits.likelihood.zfit import from_zfit

    x = example.data(10)
    other = zfit.Parameter("elsewhere", 1.0)
    with pytest.raises(InputError, match="does not depend on 'elsewhere'"):
        from_zfit(example.model, x, other)
    with pytest.raises(InputError, match="no such floating parameter"):
        from_zfit(example.model, x, example.signal, {"nobody": (0.0, 1.0)})
    with pytest.raises(InputError, match="extended"):
        from_zfit(zfit.pdf.Exponential(example.slope, obs=example.obs), x, example.slope)
    with pytest.raises(InputError, match="outside"):
        from_zfit(example.model, np.append(x, 17.0), example.signal)
