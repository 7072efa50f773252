"""Posteriors of several bins: closed forms, product grids, chains and Gaussian limits against importance sampling; toys; smearing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import gammaln, logsumexp
from scipy.stats import norm, poisson, truncnorm

from limits import kernel
from limits.errors import InputError, UnknownName
from limits.inference.bayes import sampler as bayes_sampler
from limits.inference.bayes.band import _Laplace, bayes_band
from limits.inference.bayes.coordinates import Coordinates, log_likelihood
from limits.inference.bayes.interval import bayes_interval, bayes_limit
from limits.inference.bayes.jeffreys import log_root_information
from limits.inference.bayes.marginal import Quadrature, marginal
from limits.inference.bayes.marginalised import marginalised
from limits.inference.bayes.posterior import edges, of_density, smeared
from limits.inference.bayes.priors import FLAT, PRIORS, Prior, flat_in_coupling
from limits.inference.bayes.sampler import Sampler
from limits.inference.limit import upper_limit
from limits.inference.request import Request
from limits.inference.toys.ensembles import BACKGROUND_ONLY, thrown
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Systematic, counting
from limits.likelihood.histfactory import load

POI = {"name": "mu", "type": "normfactor", "data": None}


def modifier(name: str, kind: str, data: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "data": data}


def workspace(
    signal: list[float],
    background: list[float],
    counts: list[float],
    on_signal: list[dict[str, Any]] = (),  # type: ignore[assignment]
    on_background: list[dict[str, Any]] = (),  # type: ignore[assignment]
    parameters: list[dict[str, Any]] = (),  # type: ignore[assignment]
    **options: str,
) -> BinnedLikelihood:
    samples = [
        {"name": "s", "data": signal, "modifiers": [POI, *on_signal]},
        {"name": "b", "data": background, "modifiers": list(on_background)},
    ]
    config = {"poi": "mu", "parameters": list(parameters)}
    document = {
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": counts}],
        "measurements": [{"name": "m", "config": config}],
        "version": "1.0.0",
    }
    return load(document, **options)


def normsys(name: str, size: float) -> dict[str, Any]:
    return modifier(name, "normsys", {"hi": 1 + size, "lo": 1 / (1 + size)})


def shapes(errors: list[float]) -> list[dict[str, Any]]:
    """Per-bin Poisson auxiliary counts on the background."""
    return [modifier("u", "shapesys", errors)]


THREE = workspace(
    [2.0, 3.0, 1.0],
    [6.0, 3.0, 2.0],
    [9, 3, 4],
    [normsys("e", 0.15)],
    [modifier("h", "histosys", {"hi_data": [7.0, 3.2, 1.7], "lo_data": [5.2, 2.9, 2.4]}), normsys("n", 0.3)],
)
MANY = workspace(
    [2.0, 3.0, 1.0, 2.0],
    [6.0, 3.0, 2.0, 0.7],
    [9, 3, 4, 1],
    [normsys("e", 0.15)],
    [*shapes([2.0, 1.5, 1.2, 0.5]), normsys("n", 0.2)],
)


# --- one count, several bins ---


def split_and_whole(background: float = 6.0) -> tuple[BinnedLikelihood, BinnedLikelihood]:
    """Bins without background uncertainty and with the same signal fraction are one bin."""
    efficiency = [normsys("e", 0.2)]
    split = workspace([1.0, 2.0], [background / 3, background * 2 / 3], [3, 5], efficiency, normsys="code1")
    return split, workspace([3.0], [background], [8], efficiency, normsys="code1")


@pytest.mark.parametrize("kind", ["upper", "central", "shortest"])
@pytest.mark.parametrize(
    "prior",
    [
        *(PRIORS[name] for name in ("flat", "1/√s", "Jeffreys")),
        flat_in_coupling(4.0, 3.0),
        flat_in_coupling(0.5),
        Prior("own", 0.3, 0.7),
        Prior("range", -0.5, 0.1, lower=0.5, upper=4.0),
        replace(PRIORS["Jeffreys"], lower=1.5),
    ],
    ids=lambda p: p.name,
)
def test_split_count_has_the_exact_posterior(prior: Prior, kind: str) -> None:
    split, whole = split_and_whole()
    ours, exact = (bayes_interval(x, 0.9, prior, kind) for x in (split, whole))  # type: ignore[arg-type]
    assert ours.status == exact.status == "ok"
    assert (ours.low, ours.high) == pytest.approx((exact.low, exact.high), rel=2e-6, abs=2e-6)
    assert "product quadrature" in ours.definition
    assert prior.name in ours.definition
    assert ours.best == pytest.approx(exact.best, rel=1e-6)


def test_vanishing_likelihood_at_zero() -> None:
    split, whole = split_and_whole(0.0)
    for name in ("flat", "1/s", "Jeffreys"):
        for kind in ("upper", "central"):
            ours, exact = (bayes_interval(x, 0.9, PRIORS[name], kind) for x in (split, whole))  # type: ignore[arg-type]
            assert (ours.low, ours.high) == pytest.approx((exact.low, exact.high), rel=2e-6)
    with pytest.raises(InputError, match="no finite integral"):
        bayes_interval(split_and_whole()[0], 0.9, PRIORS["1/s"])


def test_quadrature_against_a_double_integral() -> None:
    likelihood = workspace(
        [2.0, 3.0], [6.0, 3.0], [9, 3], [], [modifier("k", "normfactor", None)],
        [{"name": "k", "bounds": [[0.2, 1.1]]}],
    )  # fmt: skip

    def density(k: float, s: float) -> float:
        return float(poisson.pmf(9, 2 * s + 6 * k) * poisson.pmf(3, 3 * s + 3 * k))

    high = bayes_interval(likelihood, 0.9).high
    assert high is not None
    total = dblquad(density, 0, 15, 0.2, 1.1, epsabs=1e-11)[0]
    assert dblquad(density, 0, high, 0.2, 1.1, epsabs=1e-11)[0] / total == pytest.approx(0.9, abs=1e-7)
    sampled = Sampler(likelihood, likelihood.observed)
    grid = Quadrature(likelihood, likelihood.observed)
    compare(sampled, grid, np.linspace(0, 4, 5), 0.04)  # the flat part has sharp ends: hard to sample


def test_strongly_pulled_nuisance_is_resolved() -> None:
    """A free background measured only together with the signal: narrow at fixed strength, wide without."""
    likelihood = workspace(
        [50.0, 50.0], [1000.0, 1010.0], [1000, 1010], [], [modifier("k", "normfactor", None)],
        [{"name": "k", "bounds": [[0.0, 10.0]]}],
    )  # fmt: skip
    found = marginal(likelihood, likelihood.observed)
    assert isinstance(found, Quadrature)
    s = np.array([0.0, 1.0, 3.0])

    def direct(strength: float) -> float:
        def density(k: float) -> float:
            log_p = poisson.logpmf(1000, 50 * strength + 1000 * k) + poisson.logpmf(1010, 50 * strength + 1010 * k)
            return float(np.exp(log_p + 8.8))

        return float(np.log(quad(density, 0.5, 1.2, epsabs=0, epsrel=1e-10, limit=200)[0]))

    assert np.diff(found.log_density(s)) == pytest.approx(np.diff([direct(x) for x in s]), abs=1e-7)


# --- importance sampling ---


def compare(ours: Any, other: Any, strengths: np.ndarray[Any, Any], tolerance: float) -> None:
    """The same function of the strength, up to a constant."""
    difference = ours.log_density(strengths) - other.log_density(strengths)
    assert np.ptp(difference) < tolerance


def test_sampler_against_product_quadrature() -> None:
    sampler, grid = Sampler(THREE, THREE.observed), Quadrature(THREE, THREE.observed)
    assert grid.resolved
    compare(sampler, grid, np.linspace(-0.3, 4, 12), 4e-3)
    assert sampler.good


@pytest.mark.parametrize("relative", [0.3, 0.9])
def test_sampler_against_one_exact_count(relative: float) -> None:
    for constraint in ("lognormal", "gaussian", "gamma", "poisson"):
        likelihood = counting(4, 1.0, Background(3.0, relative, constraint), [Systematic("s", 1.2)])  # type: ignore[arg-type]
        exact = bayes_interval(likelihood, 0.9).high
        sampler = Sampler(likelihood, likelihood.observed)
        assert exact is not None
        posterior = of_density(sampler.log_density, FLAT, 1.0, 3.0, sampler.tolerance)
        assert posterior.tail(exact) == pytest.approx(0.1, abs=1e-3), constraint


def closed_form(likelihood: BinnedLikelihood, errors: list[float], aux: list[float], s: float) -> float:
    """ln Π_b Σ_j Poisson(n − j | s S) · ∫ Poisson(j | γ B) Gamma(γ | aux + 1) dγ."""
    total = 0.0
    signal, background = likelihood.shape.nominal
    for n, S, B, error, m in zip(likelihood.counts, signal, background, errors, aux, strict=True):
        scale = (B / error) ** 2
        j = np.arange(int(n) + 1)
        share = B / (B + scale)
        negative = gammaln(j + m + 1) - gammaln(m + 1) - gammaln(j + 1) + j * np.log(share) + (m + 1) * np.log1p(-share)
        total += float(logsumexp(negative + poisson.logpmf(n - j, s * S)))
    return total


def test_separable_bins_have_a_closed_form() -> None:
    """Auxiliary counts of 0 and 1 among them, and a bin of 0."""
    errors, aux = [2.0, 1.5, 1.2, 0.7, 3.0, 1.0], [9.0, 0.0, 3.0, 1.0, 5.0, 0.0]
    likelihood = workspace(
        [2.0, 3.0, 1.0, 2.0, 0.5, 1.0], [6.0, 3.0, 2.0, 0.7, 9.0, 1.0], [9, 3, 4, 1, 8, 0], [], shapes(errors),
        [{"name": "u", "auxdata": aux}],
    )  # fmt: skip
    posterior = of_density(
        lambda s: np.array([closed_form(likelihood, errors, aux, x) for x in s]), FLAT, 1.0, 1.0, 1e-8
    )
    found = marginalised(likelihood, likelihood.observed, FLAT)
    assert isinstance(found.marginal, Sampler)
    for kind in ("upper", "central", "shortest"):
        wanted, got = (edges(p, 0.9, kind) for p in (posterior, found.posterior))  # type: ignore[arg-type]
        for a, b in zip(wanted, got, strict=True):
            assert a == pytest.approx(b, abs=4 * found.error(b) + 1e-6)
    assert found.error(posterior.quantile(0.9)) < 2e-3 * posterior.quantile(0.9)


def test_gaussian_limit() -> None:
    """Large counts and linear Gaussian nuisances: the posterior of the strength is a truncated normal."""
    n = np.array([4e6, 2e6, 1e6, 5e5, 8e6])
    signal = np.array([9e3, 2e4, 8e3, 1e3, 2e3])
    shifts = np.array([[4e3, 1e3, 2e2, 1e2, 9e3], [0, 3e3, 0, 5e2, 1e3], [1e3, 0, 2e3, 0, 0], [6e2, 1e3, 0, 9e2, 0]])
    counts = n + 0.1 * signal
    systematics = [
        modifier(f"h{i}", "histosys", {"hi_data": (n + d).tolist(), "lo_data": (n - d).tolist()})
        for i, d in enumerate(shifts)
    ]
    likelihood = workspace(signal.tolist(), n.tolist(), counts.tolist(), [], systematics)
    inverse = np.linalg.inv(np.diag(counts) + shifts.T @ shifts)
    sigma = float(signal @ inverse @ signal) ** -0.5
    posterior = truncnorm((0 - 0.1) / sigma, np.inf, 0.1, sigma)
    found = bayes_interval(likelihood, 0.95, kind="central")
    assert (found.low, found.high) == pytest.approx(posterior.ppf([0.025, 0.975]), abs=4e-3 * sigma)


def test_against_a_markov_chain() -> None:
    """Random-walk Metropolis, 600 chains, in the parameters themselves with the strength among them."""
    coordinates = Coordinates(MANY)
    rng = np.random.default_rng(3)
    data, size = MANY.observed, 600
    strength = np.full(size, 0.5)
    peaks = coordinates.peaks(data[None], np.array([0.5]), coordinates.start(data[None]))
    root = bayes_sampler.inverse_root(peaks.hessian[0])
    u = np.tile(peaks.at[0], (size, 1))
    u[:, 0] = strength

    def height(at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        inside = log_likelihood(MANY, coordinates.theta(at), data) + coordinates.log_jacobian(at)
        return np.where(at[:, 0] >= 0, inside, -np.inf)

    now, kept = height(u), []
    for step in range(3000):
        trial = u.copy()
        trial[:, 0] += rng.normal(0, 0.7, size)
        trial[:, 1:] += 0.7 * rng.normal(size=(size, root.shape[0])) @ root.T
        there = height(trial)
        accepted = np.log(rng.uniform(size=size)) < there - now
        u[accepted], now[accepted] = trial[accepted], there[accepted]
        if step >= 300:
            kept.append(u[:, 0].copy())
    chains = np.array(kept).T
    found = marginalised(MANY, data, FLAT)
    for probability in (0.1, 0.5, 0.9, 0.95):
        quantile = found.posterior.quantile(probability)
        shares = np.mean(chains < quantile, axis=1)
        error = float(np.std(shares, ddof=1) / np.sqrt(size))
        assert np.mean(shares) == pytest.approx(probability, abs=4 * error + 1e-3)


def test_answers_depend_on_the_seed_alone() -> None:
    one, again, other = (bayes_interval(MANY, 0.9, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one.high != other.high
    assert one.high == pytest.approx(other.high, rel=5e-3)
    assert "importance sampling" in one.definition
    assert any("statistical error" in w for w in one.warnings)
    assert any("effective sample size" in w for w in one.warnings)
    assert one.status == "ok"


def test_the_error_is_that_of_the_scatter() -> None:
    found = [marginalised(MANY, MANY.observed, FLAT, seed) for seed in range(10)]
    limits = [f.posterior.quantile(0.9) for f in found]
    errors = [f.error(limit) for f, limit in zip(found, limits, strict=True)]
    assert 0.5 < np.std(limits, ddof=1) / np.sqrt(np.mean(np.square(errors))) < 2


def test_poor_samples_are_improved_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    good = bayes_interval(MANY, 0.9)
    monkeypatch.setattr(bayes_sampler, "POOR", 0.999)
    poor = bayes_interval(MANY, 0.9)
    assert poor.high == pytest.approx(good.high, rel=5e-3)
    assert any("do not trust" in w for w in poor.warnings)
    assert not any("do not trust" in w for w in good.warnings)
    fitted = Sampler(MANY, MANY.observed, freedom=5.0, passes=2)
    compare(fitted, Sampler(MANY, MANY.observed), np.linspace(0, 3, 5), 0.02)


def test_two_peaks_are_found_by_refitting() -> None:
    """A histosys that bends: both signs of the pull describe the data."""
    bent = modifier("h", "histosys", {"hi_data": [14.0, 6.0], "lo_data": [13.8, 6.1]})
    likelihood = workspace([1.0, 1.0], [8.0, 6.0], [13, 6], [], [bent, *shapes([0.8, 0.6]), normsys("n", 0.02)])
    assert len(Coordinates(likelihood).free) == 4
    grid = Sampler(likelihood, likelihood.observed, seed=9, freedom=3.0, passes=6)
    found = marginalised(likelihood, likelihood.observed, FLAT)
    limit = found.posterior.quantile(0.9)
    other = of_density(grid.log_density, FLAT, 1.0, 2.0, 1e-3)
    assert found.notes(limit)
    assert limit == pytest.approx(other.quantile(0.9), rel=0.05)


def test_negative_rates_are_impossible() -> None:
    likelihood = workspace([1.0, 2.0], [3.0, 4.0], [0, 4])
    at = np.array([[-2.9], [-2.1], [-1.9], [0.0]])
    found = log_likelihood(likelihood, at, likelihood.observed)
    assert list(np.isfinite(found)) == [False, False, True, True]
    marginal_density = Quadrature(likelihood, likelihood.observed).log_density(at[:, 0])
    assert np.diff(marginal_density[2:]) == pytest.approx(np.diff(found[2:]))
    assert list(np.isfinite(marginal_density)) == [False, False, True, True]


def test_coordinates_and_their_slopes() -> None:
    likelihood = workspace(
        [2.0, 3.0], [6.0, 3.0], [9, 3], [normsys("e", 0.1)],
        [modifier("k", "normfactor", None), *shapes([2.0, 1.0])],
        [{"name": "k", "bounds": [[0.2, 4.0]]}],
    )  # fmt: skip
    upper = [replace(p, lower=-np.inf, upper=3.0) if p.name == "e" else p for p in likelihood.parameters]
    coordinates = Coordinates(replace(likelihood, parameters=tuple(upper)))
    data = likelihood.observed[None]
    u = coordinates.start(data)
    u[0, 0] = 0.4
    assert coordinates.coordinates(coordinates.theta(u)) == pytest.approx(u, abs=1e-6)
    cost, gradient, hessian = coordinates._cost(u, data)
    direct = -log_likelihood(likelihood, coordinates.theta(u), data) - coordinates.log_jacobian(u)
    assert cost == pytest.approx(direct, rel=1e-12)
    for i in range(1, u.shape[1]):
        step = np.zeros_like(u)
        step[0, i] = 1e-5
        above, below = (coordinates._cost(u + sign * step, data) for sign in (1, -1))
        assert gradient[0, i] == pytest.approx((above[0] - below[0])[0] / 2e-5, abs=1e-7)
        assert hessian[0, i, 1:] == pytest.approx((above[1] - below[1])[0, 1:] / 2e-5, abs=1e-6)


# --- Jeffreys ---


def test_information_by_points_and_by_grid() -> None:
    three = workspace([2.0, 3.0, 1.0], [6.0, 3.0, 2.0], [9, 3, 4], [], shapes([2.0, 1.5, 1.2]))
    shape = three.shape
    fitted = three.fit(three.observed).theta
    s = np.array([1e-6, 0.01, 0.3, 3.0])
    grid = log_root_information(three, fitted, 0.0, 5.0)(s)
    rng = np.random.default_rng(1)
    theta = np.tile(fitted, (200000, 1))
    for i, p in enumerate(three.parameters[1:], 1):
        theta[:, i] = rng.gamma(p.aux + 1, 1 / p.scale, len(theta))
    signal, background = kernel.yields(shape, theta)
    direct = [0.5 * np.log(np.mean((signal**2 / (x * signal + background)).sum(axis=1))) for x in s]
    assert grid == pytest.approx(direct, abs=3e-3)


def test_jeffreys_of_many_nuisances() -> None:
    found, flat = (bayes_interval(MANY, 0.9, PRIORS[name]) for name in ("Jeffreys", "flat"))
    root = bayes_interval(MANY, 0.9, PRIORS["1/√s"])
    assert None not in (found.high, flat.high, root.high)
    assert root.high < found.high < flat.high  # type: ignore[operator]
    assert found.status == "ok"


# --- smeared likelihoods ---


@pytest.mark.parametrize(("additive", "relative"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.1), (2.0, 0.05), (1e-3, 0.0)])
def test_smearing_of_a_count(additive: float, relative: float) -> None:
    """t runs below zero, down to where the rate vanishes."""

    def log_density(t: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.asarray(np.where(t > -3, poisson.logpmf(4, np.maximum(t + 3, 1e-300)), -np.inf))

    function = smeared(log_density, additive, relative, 1.0, 2.0)
    for s in (0.0, 0.7, 4.0, 12.0):
        width = np.hypot(additive, relative * s)
        if width == 0:
            wanted = float(poisson.pmf(4, s + 3))
        else:
            ends = max(-3.0, s - 10 * width), s + 10 * width
            wanted = quad(lambda t: poisson.pmf(4, t + 3) * norm.pdf(t, s, width), *ends, points=[s], epsrel=1e-10)[0]  # noqa: B023
        assert np.exp(function(np.array([s]))[0]) == pytest.approx(wanted, rel=1e-7)
    posterior = of_density(function, FLAT, 1.0, 3.0)
    assert posterior.quantile(0.9) >= of_density(log_density, FLAT, 1.0, 3.0).quantile(0.9) * (1 - 1e-6)


@pytest.mark.parametrize(("additive", "relative"), [(9.2, 0.026), (60.0, 0.0), (200.0, 0.05), (0.0, 0.026)])
def test_smearing_of_a_mass_window(additive: float, relative: float) -> None:
    """The compiled limits of mass scans, from the same profile curve."""
    pytest.importorskip("numba")
    from limits.kernel.linear.curve import span
    from limits.kernel.linear.fit import curve, fit
    from limits.kernel.linear.measure import Smearing, measure
    from limits.kernel.linear.shapes import CrystalBall
    from limits.kernel.linear.window import unbinned

    rng, limits = np.random.default_rng(2), (1.4, 1.6)
    events = np.concatenate([rng.uniform(*limits, 20000), rng.normal(1.5, 0.008, 100)])
    window = unbinned(events, CrystalBall(limits, 1.5, 0.008, 1.4, 3.0, 1.8, 5.0), 3)
    found, best = measure(window, smearing=Smearing(additive, relative), nodes=13), fit(window)
    low, high = span(best.strength, best.sigma, 6.5 * additive)
    shape = curve(window, best, low, high, 13)

    def log_density(t: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.where((t >= low) & (t <= high), -np.asarray(shape(np.clip(t, low, high))), -np.inf)

    function = smeared(log_density, additive, relative, best.strength, best.sigma)
    posterior = of_density(function, FLAT, best.strength, float(np.hypot(best.sigma, additive)))
    assert posterior.quantile(0.95) == pytest.approx(found.smeared, rel=2e-5)


def test_smearing_refuses() -> None:
    for additive, relative in ((-1.0, 0.0), (0.0, 0.2), (np.inf, 0.0)):
        with pytest.raises(InputError, match="smeared"):
            smeared(lambda t: -t * t, additive, relative, 0.0, 1.0)


def test_any_density() -> None:
    posterior = of_density(lambda t: -0.5 * (t - 1.0) ** 2, FLAT, 0.0, 0.1)
    assert posterior.quantile(0.9) == pytest.approx(truncnorm(-1, np.inf, 1, 1).ppf(0.9), rel=1e-8)
    with pytest.raises(InputError, match="no finite integral"):
        of_density(lambda t: -0.0 * t, FLAT, 0.0, 1.0)
    with pytest.raises(InputError, match="Fisher"):
        of_density(lambda t: -t, PRIORS["Jeffreys"], 0.0, 1.0)
    with pytest.raises(InputError, match="impossible"):
        of_density(lambda t: np.full(t.shape, -np.inf), replace(FLAT, upper=2.0), 0.0, 1.0)


# --- bands and the answer as a limit ---


@pytest.mark.parametrize("prior", [FLAT, PRIORS["1/√s"], PRIORS["Jeffreys"]], ids=lambda p: p.name)
@pytest.mark.parametrize("kind", ["upper", "central", "shortest"])
def test_toys_without_nuisances_are_exact(prior: Prior, kind: str) -> None:
    """With nothing to integrate Laplace's approximation is exact: each toy has the limit of its own counts."""
    likelihood = workspace([1.0, 2.0], [2.0, 4.0], [3, 5])
    reference = marginalised(likelihood, likelihood.observed, prior)
    toys = next(thrown(likelihood, np.array([0.0]), 12, 1, BACKGROUND_ONLY))
    many = _Laplace(Coordinates(likelihood), prior, 2.0, reference)
    found = many.upper(toys, 0.9, kind)  # type: ignore[arg-type]
    for toy, limit in zip(toys, found, strict=True):
        exact = bayes_interval(replace(likelihood, counts=toy), 0.9, prior, kind).high  # type: ignore[arg-type]
        assert limit == pytest.approx(exact, rel=2e-3 if kind == "shortest" else 2e-4)
    assert many.upper(toys[3:5], 0.9, kind) == pytest.approx(found[3:5], rel=1e-7)  # type: ignore[arg-type]


def test_band_of_many_nuisances() -> None:
    band, notes = bayes_band(MANY, 0.9, toys=300, seed=4)
    assert np.all(np.diff(band) > 0)
    again, _ = bayes_band(MANY, 0.9, toys=300, seed=4)
    assert band == again
    assert any("300 toys" in n for n in notes)
    background = MANY.fit(MANY.observed, 0.0).theta
    median = marginalised(MANY, MANY.asimov(background), FLAT).posterior.quantile(0.9)
    assert band[2] == pytest.approx(median, rel=0.15)
    # A dozen toys by importance sampling, in place of Laplace's approximation.
    toys = next(thrown(MANY, background, 6, 4, BACKGROUND_ONLY))
    many = _Laplace(Coordinates(MANY), FLAT, median, marginalised(MANY, MANY.observed, FLAT))
    for toy, limit in zip(toys, many.upper(toys, 0.9, "upper"), strict=True):
        assert limit == pytest.approx(marginalised(MANY, toy, FLAT).posterior.quantile(0.9), rel=0.03)


def test_limit_of_one_count_is_that_of_the_method() -> None:
    likelihood = counting(3, 2.0, Background(5.0, 0.3, "lognormal"), [Systematic("s", 1.2)])
    ours, known = bayes_limit(Request(likelihood, 0.9, 1.0)), upper_limit(likelihood, "bayes", 0.9)
    assert ours.observed_limit == known.observed_limit
    assert ours.expected_limit == known.expected_limit
    assert (ours.definition, ours.expected_kind, ours.status) == (known.definition, known.expected_kind, known.status)
    central = bayes_limit(Request(likelihood, 0.9, 1.0), PRIORS["1/√s"], "central")
    direct = bayes_interval(likelihood, 0.9, PRIORS["1/√s"], "central")
    assert central.interval == (direct.low, direct.high)
    assert all(e is not None for e in central.expected_limit)
    assert central.expected_kind.startswith("a-priori")


def test_limit_of_several_bins() -> None:
    for prior, kind in ((FLAT, "upper"), (PRIORS["Jeffreys"], "central"), (FLAT, "shortest")):
        found = bayes_limit(Request(MANY, 0.9, 1.0, toys=40), prior, kind)  # type: ignore[arg-type]
        direct = bayes_interval(MANY, 0.9, prior, kind)  # type: ignore[arg-type]
        assert found.status == "ok"
        assert found.observed_limit == direct.high
        assert found.interval == (None if kind == "upper" else (direct.low, direct.high))
        assert all(e is not None and e > 0 for e in found.expected_limit)
        assert "background-only toys" in found.expected_kind
        assert "Laplace" in found.expected_kind
        assert set(direct.warnings) <= set(found.warnings)


def test_without_signal() -> None:
    silent = workspace([0.0, 0.0], [6.0, 3.0], [9, 3], [], shapes([2.0, 1.5]))
    found = bayes_limit(Request(silent, 0.9, 1.0))
    assert (found.observed_limit, found.status) == (None, "insensitive")
    assert found.expected_limit == (None,) * 5
    assert bayes_interval(silent, 0.9).status == "insensitive"


def test_refusals() -> None:
    with pytest.raises(UnknownName, match="unknown kind of interval 'wide'"):
        bayes_interval(MANY, 0.9, FLAT, "wide")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="level = "):
        bayes_interval(MANY, 1.2)
    free = workspace([1.0, 1.0], [2.0, 2.0], [3, 4], [modifier("k", "normfactor", None)])
    with pytest.raises(InputError, match="no finite integral"):
        bayes_interval(replace(free, parameters=(free.parameters[0], replace(free.parameters[1], upper=np.inf))), 0.9)
