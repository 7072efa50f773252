"""The unbinned likelihood: against closed forms, scipy, a finely binned Poisson likelihood and the compiled kernel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from limits.errors import FitError, InputError
from limits.inference.asymptotic import discovery
from limits.inference.limit import upper_limit
from limits.kernel.linear.shapes import Cruijff, CrystalBall
from limits.likelihood import Parameter
from limits.likelihood.spectrum import LinearIntensity, bump
from limits.likelihood.unbinned import UnbinnedLikelihood

WINDOW = (1.4, 1.6)
SIGNAL = CrystalBall(WINDOW, 1.5, 0.008, 1.4, 3.0, 1.8, 5.0)


def events(seed: int, background: int = 1500, signal: int = 60) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = rng.uniform(-1, 1, 3 * background)
    kept = (1.5 + 0.1 * t)[rng.random(len(t)) < 0.6 - 0.2 * t][:background]
    return np.concatenate([kept, rng.normal(1.5, 0.008, signal)])


def likelihood(seed: int = 1, order: int = 2, **more: float) -> UnbinnedLikelihood:
    return bump(events(seed), SIGNAL, order, **more)


def test_derivatives_against_differences() -> None:
    model, x = LinearIntensity(SIGNAL, 3, 20.0), events(3, 40, 4)
    weights = np.linspace(0.5, 1.5, len(x))
    theta = np.array([0.4, 45.0, -3.0, 1.0, 0.5])
    _, gradient, hessian = model.cost(x, weights, theta)
    step = 1e-4
    for i, unit in enumerate(np.eye(5)):
        up, down = (model.cost(x, weights, theta + side * step * unit) for side in (1, -1))
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(gradient[i], rel=1e-6, abs=1e-6)
        assert (up[1] - down[1]) / (2 * step) == pytest.approx(hessian[i], rel=1e-5, abs=1e-7)


def test_integral_of_the_intensity() -> None:
    found = likelihood(order=4)
    nodes, weights = found.lattice
    theta = np.array([30.0, 900.0, 50.0, -30.0, 20.0, -10.0])
    cost, _, _ = found.model.cost(np.empty(0), np.empty(0), theta)
    assert cost == pytest.approx(weights @ found.model.density(nodes, theta), rel=1e-7)


def test_fit_against_scipy() -> None:
    found = likelihood(2)
    fit = found.fit(found.observed, lower=-np.inf)
    assert fit.status == "ok"

    def cost(theta: np.ndarray) -> float:
        return float(found.nll(theta, found.observed))

    scale = np.array([10.0, 100.0, 100.0, 100.0])
    other = minimize(
        lambda u: cost(u * scale),
        fit.theta / scale + 0.05,
        method="Nelder-Mead",
        options={"fatol": 1e-9, "xatol": 1e-7, "maxiter": 4000, "maxfev": 4000},
    )
    assert fit.nll <= other.fun + 1e-8
    assert other.x * scale == pytest.approx(fit.theta, abs=0.1)


def test_as_many_bins_as_you_like_are_the_same_likelihood() -> None:
    """λ in fine bins with Poisson terms differs from the unbinned one by a constant only."""
    found = likelihood(5)
    edges = np.linspace(*WINDOW, 20_001)
    counts = np.histogram(found.events, edges)[0]
    polynomial = [
        LinearIntensity(SIGNAL, 2).density((edges[1:] + edges[:-1]) / 2, unit) * np.diff(edges) for unit in np.eye(4)
    ]
    thetas = np.array([[0.0, 1500, -400, 0], [50.0, 1500, -450, 30]])
    binned = []
    for theta in thetas:
        rate = theta @ np.array(polynomial)
        binned.append(float(rate.sum() - counts @ np.log(rate)))
    unbinned = found.nll(thetas, found.observed)
    assert binned[1] - binned[0] == pytest.approx(unbinned[1] - unbinned[0], abs=2e-3)


@pytest.mark.parametrize("signal", [SIGNAL, Cruijff(WINDOW, 1.5, 0.007, 0.009, 0.12, 0.1)])
def test_limits_against_the_compiled_kernel(signal: CrystalBall | Cruijff) -> None:
    pytest.importorskip("numba")
    from limits.kernel.linear.measure import measure
    from limits.kernel.linear.window import unbinned

    for seed in (1, 2, 3):
        x = events(seed)
        fast = measure(unbinned(x, signal, 3))
        limit = upper_limit(bump(x, signal, 3), "cls")
        found = discovery(bump(x, signal, 3))
        assert limit.status == "ok"
        assert limit.observed_limit == pytest.approx(fast.cls, rel=1e-4)
        assert found.significance == pytest.approx(fast.significance, rel=1e-6)
        assert found.strength == pytest.approx(fast.strength, rel=1e-6)


def test_strength_is_in_units_of_the_signal_events() -> None:
    one, many = likelihood(), likelihood(signal_events=25.0)
    assert many.nominal_signal == pytest.approx(25.0)
    limits = [upper_limit(one, "cls"), upper_limit(many, "cls")]
    assert limits[0].observed_limit == pytest.approx(25 * limits[1].observed_limit, rel=1e-6)
    assert one.signal_scale == pytest.approx(25 * many.signal_scale, rel=1e-6)


def test_asimov_data_fit_where_they_were_made() -> None:
    found = likelihood()
    theta = np.array([40.0, 1500.0, -300.0, 20.0])
    fit = found.fit(found.asimov(theta), lower=-np.inf)
    assert fit.theta == pytest.approx(theta, rel=2e-5)
    with pytest.raises(InputError, match="Asimov"):
        found.with_data(found.asimov(theta))


def test_toys_follow_the_intensity() -> None:
    found = likelihood()
    theta = np.array([300.0, 1500.0, -500.0, 0.0])
    toys = found.sample(theta, 200, np.random.default_rng(3))
    split = [found.with_data(toy).events for toy in toys]
    numbers = np.array([len(x) for x in split])
    assert numbers.mean() == pytest.approx(1800, abs=4 * np.sqrt(1800 / 200))
    assert numbers.var() == pytest.approx(1800, rel=0.4)
    edges = np.linspace(*WINDOW, 11)
    seen = np.histogram(np.concatenate(split), edges)[0] / 200
    nodes, weights = found.lattice
    mean = np.histogram(nodes, edges, weights=weights * found.model.density(nodes, theta))[0]
    assert np.all(np.abs(seen - mean) < 5 * np.sqrt(mean / 200) + 0.02 * mean)
    fits = found.fit_many(toys[:40], lower=-np.inf)
    pulls = (fits.theta[:, 0] - 300) / found.fit(found.asimov(theta), lower=-np.inf).errors[0]
    assert np.all(fits.converged)
    assert abs(pulls.mean()) < 4 / np.sqrt(40)


def test_profile_intervals_and_toys_serve_it_too() -> None:
    found = bump(events(4, 150, 20), SIGNAL, 1)
    interval = upper_limit(found, "profile", 0.9, toys=20)
    assert interval.status == "ok"
    assert interval.interval is not None
    low, high = interval.interval
    fit = found.fit(found.observed)
    for edge in (low, high):
        assert 2 * (found.fit(found.observed, edge).nll - fit.nll) == pytest.approx(2.705543, rel=1e-4)


def test_constraints_move_with_their_auxiliary_data() -> None:
    """A yield with a Gaussian constraint: closed form, since the shape is known."""
    signal = replace(SIGNAL)
    x = events(6, 100, 0)

    class Known(LinearIntensity):
        pass

    model = Known(signal, 0)
    parameters = (Parameter("s", 0.0), Parameter("b", 100.0, 0.0, np.inf, "gaussian", 90.0, 5.0))
    found = UnbinnedLikelihood(model, parameters, x, WINDOW, "known")
    fit = found.fit(found.observed, 0.0)
    # ν − n ln ν + (ν − a)²/2σ²: a quadratic in ν
    a, variance = 90.0, 25.0
    expected = ((a - variance) + np.sqrt((a - variance) ** 2 + 4 * variance * len(x))) / 2
    assert fit.theta[1] == pytest.approx(expected, rel=1e-7)
    toys = found.sample(fit.theta, 500, np.random.default_rng(1))
    aux = toys[:, len(found.lattice[0])]
    assert aux.std() == pytest.approx(5.0, rel=0.15)
    assert found.with_data(toys[0]).parameters[1].aux == aux[0]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(0, 3), st.integers(0, 10_000))
def test_sparse_windows_answer_or_say_so(count: int, order: int, seed: int) -> None:
    x = np.random.default_rng(seed).uniform(*WINDOW, count)
    found = upper_limit(bump(x, SIGNAL, order), "cls")
    assert found.status in ("ok", "partial", "insensitive")
    assert found.observed_limit is None or found.observed_limit > 0
    assert found.observed_limit is not None or found.warnings or found.status == "insensitive"


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match="2 of 3 events lie outside"):
        bump(np.array([1.5, 2.0, np.nan]), SIGNAL, 1)
    with pytest.raises(InputError, match="no events"):
        bump(np.array([]), SIGNAL, 1)
    with pytest.raises(InputError, match="order = -1"):
        bump(events(1), SIGNAL, -1)
    model = LinearIntensity(SIGNAL, 0)
    with pytest.raises(InputError, match="window"):
        UnbinnedLikelihood(model, (Parameter("s", 0.0), Parameter("b", 1.0)), np.empty(0), (2.0, 1.0))
    with pytest.raises(InputError, match="Gaussian constraints only"):
        UnbinnedLikelihood(
            model, (Parameter("s", 0.0), Parameter("b", 1.0, 0, np.inf, "poisson", 3, 3)), np.empty(0), WINDOW
        )
    found = likelihood()
    negative = replace(found, parameters=(found.parameters[0], Parameter("c0", -1.0), *found.parameters[2:]))
    with pytest.raises(FitError, match="not positive"):
        negative.fit(found.observed)
    with pytest.raises(InputError, match="single count"):
        upper_limit(likelihood(), "cls-exact")
