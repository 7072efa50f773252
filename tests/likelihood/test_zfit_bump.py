"""A peak on a polynomial as zfit has it: against our own likelihood, the kernel, and a fit of zfit alone. Needs the extra `zfit`."""

from __future__ import annotations

import warnings
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limits.errors import InputError
from limits.hunt.masses import spectrum_channel
from limits.inference.limit import upper_limit
from limits.kernel.linear.fit import fit
from limits.kernel.linear.shapes import Cruijff, CrystalBall, Signal
from limits.kernel.linear.window import unbinned
from limits.likelihood.spectrum import bump
from limits.search import load
from limits.signals.resonance import Resonance, resonance
from limits.signals.samples import Simulated

pytestmark = pytest.mark.filterwarnings("ignore")

Array = NDArray[np.float64]
CASES = [(mass, shape) for mass in (0.45, 1.9, 2.8) for shape in ("crystal-ball", "cruijff")]


@pytest.fixture(scope="module")
def zfit() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("zfit", exc_type=ImportError)


@cache
def at(mass: float) -> tuple[Resonance, Array]:
    """The peak of bes3-alp at a mass and 3000 events of its window, with 150 of a signal among them."""
    search = load("bes3-alp")
    channel = spectrum_channel(search)
    assert channel is not None
    peak = resonance(search, channel, "alp-photon", mass)
    rng = np.random.default_rng(12)
    every = rng.permutation(Simulated(search, channel).events(0, ("events",), peak.edges))[:3000]
    return peak, np.sort(np.concatenate([every, rng.normal(mass, peak.width, 150)]))


@pytest.mark.parametrize(("mass", "name"), CASES)
def test_the_same_likelihood(zfit: ModuleType, mass: float, name: str) -> None:
    from limits.likelihood.zfit import zfit_bump

    peak, events = at(mass)
    shape, order = peak.shape(name), peak.window.order
    theirs, ours = zfit_bump(events, shape, order, signal_events=50.0), bump(events, shape, order, signal_events=50.0)
    kernel, null = fit(unbinned(events, shape, order)), fit(unbinned(events, shape, order), 0.0)
    one, other = theirs.fit(theirs.observed), ours.fit(ours.observed)
    assert one.status == other.status == "ok"
    sigma = kernel.sigma / 50
    assert 2 < kernel.strength / kernel.sigma < 20
    for best in (one, other):
        assert best.theta[0] == pytest.approx(kernel.strength / 50, abs=1e-3 * sigma)
        assert np.sqrt(best.covariance[0, 0]) == pytest.approx(sigma, rel=1e-3)
    rise = theirs.fit(theirs.observed, 0.0).nll - one.nll
    assert rise == pytest.approx(null.nll - kernel.nll, rel=1e-4)
    assert rise == pytest.approx(ours.fit(ours.observed, 0.0).nll - other.nll, rel=1e-4)


def own(zfit: ModuleType, shape: Signal, order: int, count: int, tag: str) -> tuple[Any, Any, Any]:
    """The model written in zfit alone: its double Crystal Ball, or a Cruijff that zfit integrates by itself."""
    space = zfit.Space(f"x_{tag}", limits=shape.window)
    signal, background = zfit.Parameter(f"s_{tag}", 100.0), zfit.Parameter(f"b_{tag}", float(count))
    if isinstance(shape, CrystalBall):
        peak = zfit.pdf.DoubleCB(
            mu=shape.mean,
            sigma=shape.sigma,
            alphal=shape.alpha_low,
            nl=shape.n_low,
            alphar=shape.alpha_high,
            nr=shape.n_high,
            obs=space,
            extended=signal,
        )
    else:
        assert isinstance(shape, Cruijff)
        import tensorflow as tf

        class Peak(zfit.pdf.ZPDF):  # type: ignore[misc]
            _PARAMS = ("m", "l", "r", "al", "ar")

            def _unnormalized_pdf(self, x: Any) -> Any:
                d = x[..., 0] if isinstance(x, tf.Tensor) else x.unstack_x()
                m, left, right, al, ar = (self.params[k] for k in self._PARAMS)
                d = d - m
                w = tf.where(d < 0, 2 * left**2 + al * d**2, 2 * right**2 + ar * d**2)
                return tf.exp(-(d**2) / w)

        peak = Peak(
            m=shape.mean,
            l=shape.sigma_low,
            r=shape.sigma_high,
            al=shape.tail_low,
            ar=shape.tail_high,
            obs=space,
            extended=signal,
        )
    coefficients = [zfit.Parameter(f"c{k}_{tag}", 0.0, step_size=0.02) for k in range(1, order + 1)]
    smooth = zfit.pdf.Chebyshev(obs=space, coeffs=coefficients, extended=background)
    return space, signal, zfit.pdf.SumPDF([peak, smooth])


@pytest.mark.parametrize(("mass", "name"), [(0.45, "crystal-ball"), (1.9, "cruijff"), (2.8, "crystal-ball")])
def test_the_fit_of_zfit_itself(zfit: ModuleType, mass: float, name: str) -> None:
    peak, events = at(mass)
    shape, order = peak.shape(name), peak.window.order
    space, signal, model = own(zfit, shape, order, len(events), f"{name}_{mass}".replace(".", "_"))
    nll = zfit.loss.ExtendedUnbinnedNLL(model, zfit.Data.from_numpy(space, events[:, None]))
    minimiser = zfit.minimize.Minuit(tol=1e-4)
    result = minimiser.minimize(nll)
    assert result.valid
    sigma = float(result.hesse(params=[signal])[signal]["error"])
    kernel, null = fit(unbinned(events, shape, order)), fit(unbinned(events, shape, order), 0.0)
    assert float(result.params[signal]["value"]) == pytest.approx(kernel.strength, abs=1e-2 * kernel.sigma)
    assert sigma == pytest.approx(kernel.sigma, rel=1e-2)
    free = float(result.fmin)
    signal.set_value(0.0)
    signal.floating = False
    held = minimiser.minimize(nll)
    assert float(held.fmin) - free == pytest.approx(null.nll - kernel.nll, rel=1e-2)


def test_the_limit_is_the_same(zfit: ModuleType) -> None:
    from limits.likelihood.zfit import zfit_bump

    peak, events = at(1.9)
    few = events[::3]
    one, other = (
        upper_limit(make(few, peak.shape("crystal-ball"), 3, signal_events=50.0), "cls", 0.95)
        for make in (zfit_bump, bump)
    )
    assert one.observed_limit == pytest.approx(other.observed_limit, rel=1e-3)
    assert one.expected_limit[2] == pytest.approx(other.expected_limit[2], rel=1e-3)


def test_the_density_is_normalised(zfit: ModuleType) -> None:
    """∫ over the window at strength 1 is the signal and the background: a midpoint sum over 20000 points."""
    from limits.likelihood.zfit import zfit_bump

    for name in ("crystal-ball", "cruijff"):
        peak, events = at(1.9)
        likelihood = zfit_bump(events, peak.shape(name), 3, signal_events=1000.0)
        theta = np.array([p.init for p in likelihood.parameters])
        theta[0] = 1.0
        low, high = peak.edges
        x = low + (high - low) * (np.arange(20000) + 0.5) / 20000
        area = float(likelihood.model.density(x, theta).mean() * (high - low))
        assert area == pytest.approx(1000 + len(events), rel=1e-5)


def test_two_of_them_do_not_share_parameters(zfit: ModuleType) -> None:
    from limits.likelihood.zfit import zfit_bump

    peak, events = at(1.9)
    one, other = (zfit_bump(events, peak.shape("crystal-ball"), 1) for _ in range(2))
    assert [p.name for p in one.parameters] == [p.name for p in other.parameters]
    x, theta = np.linspace(*one.window, 5), np.array([p.init for p in one.parameters])
    before = one.model.density(x, theta)
    other.model.density(x, 2 * theta + 1)  # sets the parameters of the other
    assert np.array_equal(np.asarray(one.model.traced_density(x)), before)  # type: ignore[attr-defined]


def test_a_shape_that_zfit_does_not_have(zfit: ModuleType) -> None:
    from limits.likelihood.zfit import zfit_bump

    class Box:
        window = (1.0, 2.0)

    with pytest.raises(InputError, match="no density for Box; known: CrystalBall, Cruijff"):
        zfit_bump(np.array([1.5]), Box(), 1)  # type: ignore[arg-type]
