"""The limit finder: always an answer, always checked; other ways of computing the same number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import gamma, norm, poisson

from limits.errors import InputError, UnknownName
from limits.inference.asymptotic import Asymptotic, discovery
from limits.inference.bayes.marginalised import marginalised
from limits.inference.bayes.priors import FLAT
from limits.inference.counts.exact import SingleCount, merge_parallel
from limits.inference.limit import METHODS, p_values, upper_limit
from limits.inference.root import falling_zero
from limits.likelihood.counting import Background, Sideband, Systematic, counting
from limits.likelihood.histfactory import load


@given(root=st.floats(-60, 60), scale=st.floats(-40, 40), power=st.floats(0.2, 4))
def test_root_on_any_scale(root: float, scale: float, power: float) -> None:
    found = falling_zero(lambda s: -power * (np.log10(s) - root), 10.0**scale)
    assert np.log10(found) == pytest.approx(root, abs=1e-9)


def test_root_that_is_not_there() -> None:
    assert falling_zero(lambda s: 1.0, 1.0) == np.inf
    assert falling_zero(lambda s: -1.0, 1.0) == 0.0
    assert falling_zero(lambda s: np.inf if s < 2 else -np.inf, np.nan) == pytest.approx(2)


WITH_CLB = ("cls", "cls-q", "cls-exact", "bayes")
"""The methods that never exclude strength 0."""


@settings(max_examples=60)
@given(
    observed=st.integers(0, 200),
    signal=st.floats(-12, 12).map(lambda p: 10.0**p),
    background=st.one_of(st.just(0.0), st.floats(1e-4, 300)),
    relative=st.floats(0, 0.9),
    constraint=st.sampled_from(["lognormal", "gaussian", "gamma", "poisson"]),
    level=st.sampled_from([0.68, 0.9, 0.95, 0.99]),
)
@example(observed=5, signal=1e-9, background=0.0, relative=0.0, constraint="poisson", level=0.95)
@example(observed=0, signal=1e9, background=1e-4, relative=0.9, constraint="gaussian", level=0.9)
def test_it_always_answers(observed, signal, background, relative, constraint, level) -> None:  # type: ignore[no-untyped-def]
    likelihood = counting(observed, signal, Background(background, relative, constraint))
    for method in WITH_CLB:
        limit = upper_limit(likelihood, method, level)
        assert limit.status == "ok", limit.warnings
        assert limit.observed_limit is not None
        assert 0 < limit.observed_limit < np.inf
        assert all(e is not None and e > 0 for e in limit.expected_limit)
        assert not any("nan" in w for w in limit.warnings)


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"feldman-cousins"}))
def test_limit_scales_with_the_signal(method: str) -> None:
    one = upper_limit(counting(3, 1.0, Background(2.0, 0.3, "lognormal")), method).observed_limit
    tiny = upper_limit(counting(3, 1e-9, Background(2.0, 0.3, "lognormal")), method).observed_limit
    assert one is not None
    assert tiny == pytest.approx(one * 1e9, rel=1e-7)


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"feldman-cousins"}))
def test_no_signal_excludes_nothing(method: str) -> None:
    limit = upper_limit(counting(1, 0.0, Background(1.0, 0.2, "lognormal"), [Systematic("s", 1.1)]), method)
    assert limit.status == "insensitive"
    assert limit.observed_limit is None


def test_exact_sum_against_toys() -> None:
    """CLs of one count with two nuisances, drawn from their densities."""
    likelihood = counting(4, 3.0, Background(2.0, 0.4, "poisson"), [Systematic("s", 1.2)])
    rng = np.random.default_rng(3)
    size = 2_000_000
    shape = 0.4**-2
    background = 2.0 * gamma.rvs(shape + 1, scale=1 / shape, size=size, random_state=rng)
    signal = 3.0 * 1.2 ** rng.standard_normal(size)
    both, alone = (np.mean(rng.poisson(mean) <= 4) for mean in (signal + background, background))
    found = p_values(likelihood, "cls-exact")
    assert found.cls == pytest.approx(both / alone, abs=4 * np.sqrt(both / size) / alone)


def test_bayes_against_double_integral() -> None:
    likelihood = counting(3, 1.0, Background(1.5, 0.5, "gaussian"))

    def density(t: float, s: float) -> float:
        return float(poisson.pmf(3, s + 1.5 * t) * norm.pdf(t, 1, 0.5))

    total = dblquad(density, 0, 60, 0, 6, epsabs=1e-11)[0]
    limit = upper_limit(likelihood, "bayes", 0.95).observed_limit
    assert limit is not None
    assert dblquad(density, 0, limit, 0, 6, epsabs=1e-11)[0] / total == pytest.approx(0.95, abs=1e-7)


def test_bayes_of_several_bins_against_one() -> None:
    """Bins without background uncertainty and with the same signal fraction are one bin."""

    def workspace(bins: list[tuple[float, float, int]]) -> dict[str, object]:
        signal = {
            "name": "s",
            "data": [b[0] for b in bins],
            "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
        }
        signal["modifiers"].append({"name": "e", "type": "normsys", "data": {"hi": 1.2, "lo": 1 / 1.2}})  # type: ignore[attr-defined]
        background = {"name": "b", "data": [b[1] for b in bins], "modifiers": []}
        return {
            "channels": [{"name": "c", "samples": [signal, background]}],
            "observations": [{"name": "c", "data": [b[2] for b in bins]}],
            "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
            "version": "1.0.0",
        }

    split = load(workspace([(1.0, 2.0, 3), (2.0, 4.0, 5)]), normsys="code1")
    whole = load(workspace([(3.0, 6.0, 8)]), normsys="code1")
    one, two = (upper_limit(x, "bayes", 0.9, toys=100) for x in (whole, split))
    assert two.observed_limit == pytest.approx(one.observed_limit, rel=1e-6)
    assert "toys" in two.expected_kind
    # The median of toys against the limit of the median count: within the statistical error of a hundred.
    assert two.expected_limit[2] == pytest.approx(one.expected_limit[2], rel=0.2)
    posterior = marginalised(split, split.observed, FLAT).posterior
    assert posterior.tail(0.0) == pytest.approx(1, abs=1e-12)


def test_many_bins_have_no_exact_sums() -> None:
    document = {
        "channels": [{"name": "c", "samples": [
            {"name": "s", "data": [1.0] * 5, "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
            {"name": "b", "data": [5.0] * 5, "modifiers": [{"name": "u", "type": "shapesys", "data": [1.0] * 5}]},
        ]}],
        "observations": [{"name": "c", "data": [5.0] * 5}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }  # fmt: skip
    with pytest.raises(InputError, match="5 bins"):
        upper_limit(load(document), "cls-exact")


def test_alike_nuisances_merge_without_changing_the_limit() -> None:
    kappas = [1.022, 1.15, 1.3]
    several = counting(2, 1.0, Background(1.0), [Systematic(str(k), k) for k in kappas])
    single = counting(2, 1.0, Background(1.0), [Systematic("all", float(np.exp(np.linalg.norm(np.log(kappas)))))])
    merged = merge_parallel(several)
    assert sum(not p.fixed for p in merged.parameters[1:]) == 1
    for method in ("cls-exact", "bayes", "cls"):
        limits = [upper_limit(x, method, 0.9).observed_limit for x in (several, single)]
        assert limits[0] == pytest.approx(limits[1], rel=1e-7)


def test_coverage_of_exact_limits() -> None:
    """CLs limits never cover less than their level: summed over counts, no toys."""
    background, level = 1.3, 0.9
    limits = np.array(
        [upper_limit(counting(n, 1.0, Background(background)), "cls-exact", level).observed_limit for n in range(30)],
        dtype=float,
    )
    for strength in (0.5, 1.0, 2.3, 5.0, 8.0):
        covered = poisson.pmf(np.arange(30), strength + background) @ (limits >= strength)
        assert covered >= level


def test_expected_quantiles_are_those_of_the_count() -> None:
    likelihood = counting(0, 1.0, Background(4.0))
    single = SingleCount.of(likelihood)
    assert single.quantile_counts == tuple(int(poisson.ppf(ndtr(k), 4.0)) for k in (-2, -1, 0, 1, 2))


def test_significance_of_a_known_background() -> None:
    n, b = 20, 8.0
    found = discovery(counting(n, 1.0, Background(b)))
    assert found.significance == pytest.approx(np.sqrt(2 * (n * np.log(n / b) - (n - b))), rel=1e-9)
    assert discovery(counting(3, 1.0, Background(8.0))).significance == 0.0
    certain = discovery(counting(3, 1.0, Background(0.0)))
    assert certain.significance is None
    assert certain.warnings


def test_profile_likelihood_of_a_sideband() -> None:
    """n = 5 with 5 sideband events at τ = 2: q from the closed form of on/off problems (Li and Ma 1983)."""
    likelihood = counting(5, 1.0, Sideband(5, 2.0))
    total = 5 * np.log(3 * 5 / 10) + 5 * np.log(3 / 2 * 5 / 10)
    calculator = Asymptotic(likelihood, likelihood.observed)
    assert 2 * (calculator.background.nll - calculator.free.nll) == pytest.approx(2 * total, rel=1e-8)


def test_classical_limits() -> None:
    """χ² quantiles of the classical Poisson limits, PDG statistics review, table of Poisson limits."""
    table = {0: 2.3026, 1: 3.8897, 2: 5.3223, 3: 6.6808, 10: 15.4066}
    for n, want in table.items():
        for method in ("cls-exact", "bayes"):
            assert upper_limit(counting(n, 1.0, Background(0)), method, 0.9).observed_limit == pytest.approx(
                want, abs=5e-5
            )


@pytest.mark.parametrize(
    ("n", "b", "sigma", "s", "want"),
    [(0, 0.07, 0.03, 0.1, 2.3297), (0, 0.07, 0.03, 0.2, 2.4197), (1, 0.44, 0.39, 0, 3.5431), (2, 1, 0.5, 0.1, 4.5865)],
)
def test_gaussian_truncated_background_and_efficiency(n: int, b: float, sigma: float, s: float, want: float) -> None:
    """Cousins–Highland integrals divided by CLb, computed here with a Gaussian efficiency too (own integral)."""

    def averaged(strength: float) -> float:
        t = np.linspace(1e-4, 1 + 8 * sigma / b, 2001)
        e = np.linspace(max(1e-4, 1 - 8 * s), 1 + 8 * s, 401) if s else np.ones(1)
        wt = norm.pdf(t, 1, sigma / b)
        we = norm.pdf(e, 1, s) if s else np.ones(1)
        grid = poisson.cdf(n, strength * e[:, None] + b * t[None, :])
        return float(we @ grid @ wt / (we.sum() * wt.sum()))

    own = brentq(lambda x: averaged(x) / averaged(0.0) - 0.1, 0.1, 20)
    assert own == pytest.approx(want, rel=2e-3)
    if s == 0:
        found = upper_limit(counting(n, 1.0, Background(b, sigma / b, "gaussian")), "cls-exact", 0.9)
        assert found.observed_limit == pytest.approx(own, rel=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: upper_limit(counting(0, 1, Background(0)), "guess"), "unknown method 'guess'"),
        (lambda: upper_limit(counting(0, 1, Background(0)), "cls", 1.0), "level = 1.0"),
        (lambda: upper_limit(counting(0, 1, Background(0)), "cls", 0.9, -1.0), "test strength = -1.0"),
        (lambda: counting(-1, 1, Background(0)), "observed = -1"),
        (lambda: counting(1, float("nan"), Background(0)), "signal = nan"),
        (lambda: counting(1, 1, Background(-2)), "background = -2"),
        (lambda: counting(1, 1, Background(2, 1.5, "gamma")), "below 100 %"),
        (lambda: counting(1, 1, Background(2, 0.1, "guess")), "unknown background constraint"),  # type: ignore[arg-type]
        (lambda: counting(1, 1, Sideband(3, 0)), "sideband ratio = 0"),
        (lambda: counting(1, 1, Background(2), [Systematic("x", -1)]), "uncertainty x = -1"),
        (lambda: upper_limit(counting(1.5, 1, Background(2)), "cls-exact"), "integer count"),
    ],
)
def test_bad_input(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((InputError, UnknownName)) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_nuisance_with_two_sizes() -> None:
    """n ~ Poisson(s 1.1^t + 5.5 1.3^t): posterior by direct integration over t and s."""
    shared = Systematic("t", 1.1, signal=True, background=True, on_background=1.3)
    limit = upper_limit(counting(6, 1.0, Background(5.5), [shared]), "bayes", 0.95).observed_limit

    def density(t: float, s: float) -> float:
        return float(poisson.pmf(6, s * 1.1**t + 5.5 * 1.3**t) * norm.pdf(t))

    total = dblquad(density, 0, 80, -8, 8, epsabs=1e-11)[0]
    assert limit is not None
    assert dblquad(density, 0, limit, -8, 8, epsabs=1e-11)[0] / total == pytest.approx(0.95, abs=1e-7)
