"""The HistFactory likelihood against pyhf: densities, expectations, fits, limits; its derivatives against differences."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyhf
import pytest
from pyhf.infer.intervals.upper_limits import toms748_scan

from limits import kernel
from limits.inference.limit import upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load

Document = dict[str, Any]
Array = np.ndarray[Any, np.dtype[np.float64]]


def sample(name: str, data: list[float], *modifiers: tuple[str, str, Any]) -> Document:
    return {"name": name, "data": data, "modifiers": [{"name": n, "type": t, "data": d} for n, t, d in modifiers]}


def workspace(
    channels: dict[str, list[Document]], data: dict[str, list[float]], parameters: list[Document] | None = None
) -> Document:
    return {
        "channels": [{"name": name, "samples": samples} for name, samples in channels.items()],
        "observations": [{"name": name, "data": counts} for name, counts in data.items()],
        "measurements": [{"name": "m", "config": {"poi": "strength", "parameters": parameters or []}}],
        "version": "1.0.0",
    }


STRENGTH = ("strength", "normfactor", None)
LUMI = ("lumi", "lumi", None)


def everything(scale: tuple[float, float] = (1.09, 0.95)) -> Document:
    """All modifier types, two channels, names shared between samples, channels and types."""
    high, low = [52.0, 44.0, 37.0], [47.0, 47.5, 30.0]
    signal_region = [
        sample("signal", [4.0, 9.0, 6.0], STRENGTH, LUMI, ("scale", "normsys", {"hi": 1.13, "lo": 0.82})),
        sample(
            "top",
            [50.0, 45.0, 33.0],
            LUMI,
            ("scale", "normsys", {"hi": scale[0], "lo": scale[1]}),
            ("shape", "histosys", {"hi_data": high, "lo_data": low}),
            ("mc", "staterror", [3.0, 2.5, 2.0]),
        ),
        sample(
            "fake",
            [12.0, 8.0, 3.0],
            ("k", "normfactor", None),
            ("both", "normsys", {"hi": 1.3, "lo": 0.85}),
            ("mc", "staterror", [1.5, 1.0, 0.7]),
        ),
    ]
    control_region = [
        sample("top", [210.0, 180.0], LUMI, ("scale", "normsys", {"hi": 1.02, "lo": 0.97})),
        sample(
            "fake",
            [60.0, 75.0],
            ("k", "normfactor", None),
            ("both", "histosys", {"hi_data": [66.0, 78.0], "lo_data": [57.0, 71.0]}),
            ("uncorrelated", "shapesys", [6.0, 9.0]),
        ),
    ]
    luminosity = {"name": "lumi", "inits": [1.0], "bounds": [[0.5, 1.5]], "auxdata": [1.0], "sigmas": [0.03]}
    counts = {"signal": [63.0, 58.0, 40.0], "control": [265.0, 262.0]}
    return workspace({"signal": signal_region, "control": control_region}, counts, [luminosity])


def free_shape() -> Document:
    """A background of free shape, fixed by a second channel, which a lognormal on the ratio joins to the first."""
    main = [
        sample("signal", [1.0, 3.0], STRENGTH),
        sample("qcd", [20.0, 30.0], ("free", "shapefactor", None), ("transfer", "normsys", {"hi": 1.1, "lo": 0.92})),
    ]
    side = [sample("qcd", [200.0, 280.0], ("free", "shapefactor", None))]
    return workspace({"main": main, "side": side}, {"main": [22.0, 31.0], "side": [190.0, 300.0]})


def sparse() -> Document:
    """Few events, an empty bin of a sample, uncertainties of zero."""
    samples = [
        sample("signal", [1.0, 0.0, 2.0], STRENGTH, ("flux", "normsys", {"hi": 1.2, "lo": 0.8})),
        sample("background", [0.4, 2.0, 0.0], ("b", "shapesys", [0.2, 0.0, 0.0])),
        sample("other", [0.1, 0.3, 0.5], ("flux", "normsys", {"hi": 1.1, "lo": 0.9})),
    ]
    return workspace({"c": samples}, {"c": [0.0, 3.0, 1.0]})


CASES = {"everything": everything(), "free shape": free_shape(), "sparse": sparse()}


@pytest.fixture(autouse=True)
def minuit() -> Iterator[None]:
    pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(tolerance=1e-3))
    yield
    pyhf.set_backend("numpy", "scipy")


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> tuple[BinnedLikelihood, Any, Array]:
    document = CASES[request.param]
    theirs = pyhf.Workspace(document)
    model = theirs.model(poi_name="strength")
    return load(document), model, np.array(theirs.data(model), dtype=float)


def theirs_of(built: BinnedLikelihood, model: Any, theta: Array) -> Array:
    """Our parameters in pyhf's order; gammas pyhf has and we leave out (no uncertainty) are one."""
    ours = {p.name: value for p, value in zip(built.parameters, theta, strict=True)}
    known = [name for name in model.config.par_names if name in ours]
    assert len(known) == len(ours)
    return np.array([ours.get(name, 1.0) for name in model.config.par_names])


def random_thetas(built: BinnedLikelihood, size: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    start = np.array([p.init for p in built.parameters])
    normal = np.array([p.lower == -np.inf for p in built.parameters])
    wide = rng.uniform(-2.5, 2.5, (size, len(start)))
    near = start * rng.uniform(0.6, 1.5, (size, len(start)))
    return np.where(normal, wide, near)


def test_density(case: tuple[BinnedLikelihood, Any, Array]) -> None:
    built, model, data = case
    constant = []
    for theta in random_thetas(built, 25, 1):
        ours = float(built.nll(theta, built.observed))
        reference = -float(model.logpdf(theirs_of(built, model, theta), data)[0])
        constant.append(reference - ours)
        assert ours == pytest.approx(reference - constant[0], rel=1e-9)
    # pyhf also counts the constraints of gammas that are held; they are constant.
    assert np.ptp(constant) < 1e-9 * abs(float(built.nll(theta, built.observed)))
    if len(model.config.par_names) == len(built.parameters):
        assert constant[0] == pytest.approx(0.0, abs=1e-9 * abs(reference))


def test_expected_data(case: tuple[BinnedLikelihood, Any, Array]) -> None:
    built, model, _ = case
    for theta in random_thetas(built, 10, 2):
        reference = model.expected_data(theirs_of(built, model, theta), include_auxdata=False)
        assert kernel.rates(built.shape, theta) == pytest.approx(np.array(reference), rel=1e-12)


@pytest.mark.parametrize("strength", [None, 0.0, 1.7])
def test_fit_is_never_worse(case: tuple[BinnedLikelihood, Any, Array], strength: float | None) -> None:
    built, model, data = case
    ours = built.fit(built.observed, strength)
    assert ours.status == "ok"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if strength is None:
            point, value = pyhf.infer.mle.fit(data, model, return_fitted_val=True)
        else:
            point, value = pyhf.infer.mle.fixed_poi_fit(strength, data, model, return_fitted_val=True)
    by_name = dict(zip(model.config.par_names, point, strict=True))
    reference = np.array([by_name[p.name] for p in built.parameters])
    at_reference = float(built.nll(reference, built.observed))
    assert ours.nll <= at_reference + 1e-9
    assert ours.nll == pytest.approx(at_reference, abs=2e-4), "pyhf stops early, but not far away"
    assert float(value) / 2 == pytest.approx(at_reference, abs=30.0)  # up to the constants of gammas that are held
    if strength is None:
        assert ours.strength == pytest.approx(by_name["strength"], abs=0.02 * max(ours.errors[0], 0.1))


def test_limit() -> None:
    document = workspace(
        {
            "c": [
                sample("signal", [5.0, 10.0], STRENGTH, ("flux", "normsys", {"hi": 1.2, "lo": 0.85})),
                sample("background", [50.0, 30.0], ("b", "shapesys", [5.0, 4.0])),
            ]
        },
        {"c": [53.0, 36.0]},
    )
    theirs = pyhf.Workspace(document)
    model = theirs.model()
    found = upper_limit(load(document), "cls", 0.95)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        observed, expected = toms748_scan(theirs.data(model), model, 0.2, 6.0, level=0.05, rtol=1e-5)
    assert found.observed_limit == pytest.approx(float(observed), rel=2e-4)
    assert found.expected_limit == pytest.approx([float(e) for e in expected], rel=2e-4)


def test_cls_at_the_limit_of_everything() -> None:
    document = CASES["everything"]
    theirs = pyhf.Workspace(document)
    model, found = theirs.model(), upper_limit(load(document), "cls", 0.95)
    assert found.observed_limit is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cls = pyhf.infer.hypotest(found.observed_limit, theirs.data(model), model, test_stat="qtilde")
    assert float(cls) == pytest.approx(0.05, rel=1e-3)


def test_the_lower_of_two_minima() -> None:
    """Signal and background move against each other with one nuisance: two minima, at −0.48 and 0.63, 0.14 apart."""
    built = load(everything((0.91, 1.05)))
    data = built.asimov(built.fit(built.observed, 0.0).theta)
    start = np.array([p.init for p in built.parameters])
    start[0], start[[p.name for p in built.parameters].index("scale")] = 1.9793589, 0.6
    low, high = (np.array([getattr(p, end) for p in built.parameters]) for end in ("lower", "upper"))
    held = np.arange(len(start)) == 0
    other = kernel.minimise(kernel.objective(built.shape, data), start, low, high, held)
    assert built.fit(data, start[0]).nll <= float(built.nll(other.theta, data)) + 1e-9


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name: str) -> None:
    built = load(CASES[name])
    function = kernel.objective(built.shape, built.observed)
    # Away from the seams of the interpolation codes, which are at −1, 0 and 1.
    drawn = random_thetas(built, 8, 3)
    for theta in np.where(np.abs(np.abs(drawn) - 1) < 1e-3, drawn + 2e-3, drawn):
        value, gradient, hessian = function(theta)
        assert value == pytest.approx(float(kernel.cost(built.shape, theta, built.observed)), rel=1e-12)
        step = 1e-5
        for i in range(len(theta)):
            shift = np.zeros_like(theta)
            shift[i] = step
            up, down = function(theta + shift), function(theta - shift)
            scale = 1 + np.abs(gradient[i]) + abs(value)
            assert gradient[i] == pytest.approx((up[0] - down[0]) / (2 * step), abs=1e-6 * scale)
            numerical = (up[1] - down[1]) / (2 * step)
            assert hessian[i] == pytest.approx(numerical, abs=2e-6 * (1 + np.abs(hessian).max()))


def test_asimov_is_a_fixed_point(case: tuple[BinnedLikelihood, Any, Array]) -> None:
    built, _, _ = case
    truth = built.fit(built.observed, 0.7).theta
    again = built.fit(built.asimov(truth), 0.7)
    assert again.theta == pytest.approx(truth, abs=1e-5)
    assert float(built.nll(truth, built.asimov(truth))) == pytest.approx(again.nll, abs=1e-9)


def test_toys_follow_the_likelihood() -> None:
    built = load(CASES["everything"])
    theta = built.fit(built.observed, 1.0).theta
    toys = built.sample(theta, 20_000, np.random.default_rng(4))
    expected = built.asimov(theta)
    scale = built.shape.scale
    variance = np.concatenate(
        [expected[: built.shape.n_bins], np.where(built.shape.poisson, expected[built.shape.n_bins :], scale**2)]
    )
    assert (toys.mean(axis=0) - expected) / np.sqrt(variance / len(toys)) == pytest.approx(0.0, abs=4.5)
    assert toys.var(axis=0) / variance == pytest.approx(1.0, abs=0.06)


def test_a_norm_factor_may_be_fitted_to_zero() -> None:
    """Its logarithmic derivative does not exist there; the fit ends on the bound, and derivatives are those of differences."""
    from limits import kernel

    def factor(name: str) -> list[dict[str, object]]:
        return [{"name": name, "type": "normfactor", "data": None}]

    norm = [{"name": "norm", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}]
    samples = [
        {"name": "signal", "data": [3.0, 1.0], "modifiers": factor("mu")},
        {"name": "unwanted", "data": [1.0, 20.0], "modifiers": factor("k") + norm},
        {"name": "background", "data": [50.0, 60.0], "modifiers": norm},
    ]
    document = {
        "version": "1.0.0",
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": [52, 40]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }
    likelihood = load(document)
    fit = likelihood.fit(likelihood.observed)
    assert fit.status == "ok"
    index = [p.name for p in likelihood.parameters].index("k")
    assert fit.theta[index] <= 1e-10
    theta = np.array([0.5, 0.0, 0.3]) if index == 1 else np.array([0.5, 0.3, 0.0])
    _, gradient, hessian = kernel.derivatives(likelihood.shape, theta[None], likelihood.observed[None])
    step = 1e-5

    def at(offset: np.ndarray) -> tuple[float, np.ndarray]:
        cost, slope, _ = kernel.derivatives(likelihood.shape, (theta + offset)[None], likelihood.observed[None])
        return float(cost[0]), slope[0]

    for i, unit in enumerate(np.eye(3)):
        up, down = at(step * unit), at(-step * unit)
        assert gradient[0, i] == pytest.approx((up[0] - down[0]) / (2 * step), rel=1e-6, abs=1e-6)
        assert hessian[0, i] == pytest.approx((up[1] - down[1]) / (2 * step), rel=1e-5, abs=1e-5)
