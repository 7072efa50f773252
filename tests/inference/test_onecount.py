"""One count in closed form: against fits, pyhf, toys, sums written out in full, and numbers known beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from limits.errors import FitError, InputError
from limits.inference.asymptotic import Asymptotic
from limits.inference.counts.background import Gaussian, Known, Lognormal, Poisson, rising_root
from limits.inference.counts.closed import OneCount, plane, profile_statistic
from limits.inference.counts.enumerated import BY_SUMS, enumerated_limit
from limits.inference.counts.sums import p_values, sums
from limits.inference.limit import upper_limit
from limits.inference.request import Request
from limits.inference.root import falling_zero
from limits.inference.toys.ensembles import SAME, ToyCalculator
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background as Known_how
from limits.likelihood.counting import Sideband, Systematic, counting
from limits.likelihood.histfactory import load

KINDS = ("none", "gaussian", "poisson", "gamma", "lognormal")


def workspace(count: float, background: float, *modifiers: dict[str, Any], signal: float = 1.0) -> dict[str, Any]:
    strength = {"name": "mu", "type": "normfactor", "data": None}
    samples = [
        {"name": "s", "data": [signal], "modifiers": [strength]},
        {"name": "b", "data": [background], "modifiers": list(modifiers)},
    ]
    return {
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": [count]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }


STATERROR = {"name": "e", "type": "staterror", "data": [0.15]}
SHAPESYS = {"name": "e", "type": "shapesys", "data": [0.15]}
ADDITIVE = {"name": "e", "type": "histosys", "data": {"hi_data": [0.56], "lo_data": [0.26]}}


# --- what is recognised ---


def test_constraints_are_recognised() -> None:
    for model, kind in [
        (counting(3, 1.0, Known_how(2.0)), Known),
        (counting(3, 1.0, Known_how(2.0, 0.2, "gaussian")), Gaussian),
        (counting(3, 1.0, Known_how(2.0, 0.2, "poisson")), Poisson),
        (counting(3, 1.0, Sideband(0, 2.0)), Poisson),
        (counting(3, 1.0, Known_how(2.0, 0.2, "lognormal")), Lognormal),
        (load(workspace(1, 0.41)), Known),
        (load(workspace(1, 0.41, STATERROR)), Gaussian),
        (load(workspace(1, 0.41, SHAPESYS)), Poisson),
        (load(workspace(1, 0.41, ADDITIVE)), Gaussian),
    ]:
        assert type(OneCount.of(model).background) is kind
    one = OneCount.of(load(workspace(1, 0.41, ADDITIVE, signal=2.5)))
    assert isinstance(one.background, Gaussian)
    assert (one.signal, one.count, one.aux) == (2.5, 1.0, pytest.approx(0.41, rel=1e-14))
    assert one.background.width == pytest.approx(0.15, rel=1e-12)
    assert one.background.floor == -np.inf


def test_lognormals_on_the_background_become_one() -> None:
    both = [Systematic(name, kappa, signal=False, background=True) for name, kappa in [("a", 1.3), ("b", 1 / 1.2)]]
    found = OneCount.of(counting(3, 1.0, Known_how(2.0), both)).background
    assert isinstance(found, Lognormal)
    assert found.slope == pytest.approx(np.hypot(np.log(1.3), np.log(1.2)), rel=1e-12)


@pytest.mark.parametrize(
    ("likelihood", "message"),
    [
        (counting(3, 1.0, Known_how(2.0), [Systematic("eff", 1.1)]), "'eff' acts on the signal"),
        (
            counting(3, 1.0, Known_how(2.0, 0.3, "gaussian"), [Systematic("x", 1.1, signal=False, background=True)]),
            "'background', 'x' all act",
        ),
        (
            counting(3, 1.0, Known_how(2.0), [Systematic("x", 1.1, signal=False, background=True, down=0.8)]),
            "'x' is not linear",
        ),
        (load(workspace(1, 0.41, {"name": "k", "type": "normfactor", "data": None})), "'k' is free"),
    ],
)
def test_what_is_not_supported_says_so(likelihood: BinnedLikelihood, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        plane(likelihood, np.ones(3))
    assert "use method 'cls'" in str(caught.value)


# --- asymptotic ---


def background(kind: str, events: float, relative: float) -> Known_how:
    return Known_how(events, relative, kind)  # type: ignore[arg-type]


@settings(max_examples=60)
@given(
    kind=st.sampled_from(KINDS),
    count=st.sampled_from([0, 0, 1, 2, 7, 40, 1000, 10**6]),
    events=st.floats(-7, 3),
    relative=st.floats(-3, -0.1),
    statistic=st.sampled_from(["qtilde", "q"]),
)
def test_plane_is_the_fitted_cls(kind: str, count: int, events: float, relative: float, statistic: Any) -> None:
    likelihood = counting(count, 0.7, background(kind, 10.0**events if count < 10**6 else 1e6, 10.0**relative))
    fitted = Asymptotic(likelihood, likelihood.observed, statistic)
    strengths = np.array([0.0, 0.3, 1.0, 2.0, 4.0]) * max(likelihood.signal_scale, 1.0)
    found = plane(likelihood, strengths, statistic)
    for i, strength in enumerate(strengths):
        want = fitted.p_values(strength)
        # The fits end within EDM 1e-12, which moves the nuisances of the Asimov data by 1e-6 standard deviations.
        assert found.CLs_obs[i] == pytest.approx(want.cls, abs=1e-6)
        assert found.CLsb[i] == pytest.approx(want.clsb, abs=1e-6)
        assert found.CLs_exp[:, i] == pytest.approx(np.array(want.cls_expected), abs=1e-6)


@pytest.mark.parametrize(
    "modifier", [STATERROR, SHAPESYS, ADDITIVE, None], ids=["staterror", "shapesys", "add", "none"]
)
@pytest.mark.parametrize("count", [0, 1, 4])
def test_plane_against_pyhf(modifier: dict[str, Any] | None, count: int) -> None:
    pyhf = pytest.importorskip("pyhf")
    document = workspace(count, 0.41, *([modifier] if modifier else []))
    model_and_data = pyhf.Workspace(document)
    model = model_and_data.model(
        modifier_settings={"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}}
    )
    # Of pyhf's two minimisers this is the one that a model without nuisances does not make warn.
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-12))
    strengths = np.array([[0.5, 2.0], [4.0, 9.0]])
    bounds = model.config.suggested_bounds()
    bounds[model.config.poi_index] = (0, 100)
    found = plane(load(document), strengths)
    assert found.CLs_obs.shape == (2, 2)
    for at in np.ndindex(2, 2):
        observed, expected = pyhf.infer.hypotest(
            float(strengths[at]),
            model_and_data.data(model),
            model,
            par_bounds=bounds,
            return_expected_set=True,
        )
        assert found.CLs_obs[at] == pytest.approx(float(observed), abs=1e-7)
        # pyhf lists the upward fluctuation last, as here: its first is the smallest CLs.
        assert found.CLs_exp[(slice(None), *at)] == pytest.approx(np.array(expected, dtype=float), abs=1e-7)


def test_fixed_and_powerless_nuisances_are_dropped() -> None:
    document = workspace(1, 0.41, STATERROR, SHAPESYS | {"name": "f"})
    document["measurements"][0]["config"]["parameters"] = [{"name": "f", "fixed": True}]
    found, want = (plane(load(d), np.array([3.0])) for d in (document, workspace(1, 0.41, STATERROR)))
    assert found.CLs_obs == pytest.approx(want.CLs_obs, rel=1e-12)


@given(count=st.integers(0, 10**6), relative=st.floats(0.001, 0.9), kind=st.sampled_from(KINDS))
def test_no_digits_are_lost_near_the_best_fit(count: int, relative: float, kind: str) -> None:
    """Close to a best fit inside, √q is linear in the distance: half the distance, half the root."""
    events = 0.3 * count + 1e-3
    one = OneCount.of(counting(count, 1.0, background(kind, events, relative)))
    excess = count - float(one.background.preferred(np.asarray(one.aux)).background)
    if excess <= 0:
        return
    step = 1e-5 * np.hypot(np.sqrt(count), relative * events)
    near, far = np.sqrt(one.statistic(excess + step * np.array([1.0, 2.0])))
    assert far / near == pytest.approx(2.0, rel=1e-3)


def test_strengths_are_checked() -> None:
    with pytest.raises(InputError, match="≥ 0"):
        plane(counting(1, 1.0, Known_how(1.0)), np.array([1.0, -1.0]))
    with pytest.raises(InputError, match="≥ 0"):
        sums(OneCount.of(counting(1, 1.0, Known_how(1.0))), np.array([np.nan]))


# --- sums ---

MODELS = {
    "gaussian": counting(3, 1.0, Known_how(2.5, 0.4, "gaussian")),
    "wide": counting(2, 1.0, Known_how(6.0, 1.0, "gaussian")),
    "lognormal": counting(3, 1.0, Known_how(2.5, 0.4, "lognormal")),
    "poisson": counting(5, 1.0, Known_how(4.0, 0.25, "poisson")),
    "sideband": counting(4, 1.0, Sideband(5, 2.0)),
    "known": counting(3, 1.0, Known_how(2.5)),
}


@pytest.mark.parametrize("name", MODELS)
def test_against_toys(name: str) -> None:
    likelihood, size = MODELS[name], 20_000
    one = OneCount.of(likelihood)
    for strength in (3.0, 6.0):
        ensemble = ToyCalculator(likelihood, likelihood.observed, size, 11).at(strength)
        found, toys = p_values(one, strength), ensemble.p_values
        assert float(one.statistic(np.array(strength))) == pytest.approx(ensemble.observed, abs=1e-6)
        for got, want in ((found.clsb, toys.clsb), (found.clb, toys.clb)):
            assert got is not None
            assert want == pytest.approx(got, abs=4.5 * np.sqrt(got * (1 - got) / size))
        # A quantile from toys is itself uncertain, and where outcomes are discrete it may be the next one.
        low = sums(one, np.array([strength])).cls_expected[:, 0]
        spread = 4.5 * ensemble.log_errors[2:5]
        if name in ("gaussian", "wide", "lognormal"):
            assert np.log(np.array(toys.cls_expected, dtype=float)[1:4]) == pytest.approx(
                np.log(low[1:4]), abs=max(spread) + 0.05
            )


def brute_poisson(n: int, m: float, tau: float, s: float) -> tuple[float, float]:
    """CLs+b and CLb by a double sum, fits by golden section on a fine scale: nothing in common with the code under test."""

    def cost(s: float, b: Any, n: Any, m: Any) -> Any:
        return -poisson.logpmf(n, s + b) - (m * np.log(tau * b) - tau * b)

    def fit(s: float, n: Any, m: Any) -> Any:
        low, high = np.full(np.shape(n), np.log(1e-9)), np.full(np.shape(n), np.log(300.0))
        golden = (np.sqrt(5) - 1) / 2
        for _ in range(120):
            one, two = high - golden * (high - low), low + golden * (high - low)
            left = cost(s, np.exp(one), n, m) < cost(s, np.exp(two), n, m)
            low, high = np.where(left, low, one), np.where(left, two, high)
        b = np.exp((low + high) / 2)
        return b, cost(s, b, n, m)

    def q(n: Any, m: Any) -> Any:
        best = np.where(n > m / tau, cost_free(n, m), fit(0.0, n, m)[1])
        return np.where(s > n - m / tau, np.maximum(2 * (fit(s, n, m)[1] - best), 0), 0.0)

    def cost_free(n: Any, m: Any) -> Any:
        b = np.maximum(m / tau, 1e-9)
        return cost(0.0, b, n, m) + poisson.logpmf(n, b) - poisson.logpmf(n, np.maximum(n, 1e-300))

    observed = q(np.array(n), np.array(m))
    counts, aux = np.meshgrid(np.arange(60.0), np.arange(80.0), indexing="ij")
    kept = q(counts, aux) >= observed - 1e-6
    tails = []
    for strength in (s, 0.0):
        b = float(fit(strength, np.array(n), np.array(m))[0])
        chance = poisson.pmf(counts, strength + b) * poisson.pmf(aux, tau * b)
        tails.append(float(chance[kept].sum()))
    return tails[0], tails[1]


@pytest.mark.parametrize(
    ("n", "m", "tau", "s"), [(4, 5, 2.0, 6.0), (0, 3, 1.0, 2.0), (5, 16.0, 4.0, 7.0), (2, 9, 1.5, 4.0)]
)
def test_poisson_datum_against_a_double_sum(n: int, m: float, tau: float, s: float) -> None:
    found = sums(OneCount.of(counting(n, 1.0, Sideband(m, tau))), np.array([s]))
    clsb, clb = brute_poisson(n, m, tau, s)
    assert found.clsb[0] == pytest.approx(clsb, rel=1e-6)  # golden section gives b to half the digits
    assert found.clb[0] == pytest.approx(clb, rel=1e-6)


@pytest.mark.parametrize(("n", "b", "width", "s"), [(1, 0.41, 0.15, 3.9), (15, 12.0, 2.4, 12.0), (2, 6.0, 6.0, 6.3)])
def test_gaussian_datum_against_a_fine_sum(n: int, b: float, width: float, s: float) -> None:
    """The step that the edges stand for, summed over 100 001 auxiliary values per count: right to a few grid steps."""
    one = OneCount.of(counting(n, 1.0, Known_how(b, width / b, "gaussian")))
    z = np.linspace(-9, 9, 100_001)
    observed, tails = float(one.statistic(np.array(s))), []
    for strength in (s, 0.0):
        at = float(one.background.fitted(np.array(strength), np.array(one.count), np.array(one.aux)).background)
        tail = 0.0
        for count in range(80):
            tail += float(poisson.pmf(count, strength + at) * _share(one, count, s, at + width * z, z, observed))
        tails.append(tail)
    found = sums(one, np.array([s]))
    assert found.clsb[0] == pytest.approx(tails[0], abs=2e-4)
    assert found.clb[0] == pytest.approx(tails[1], abs=2e-4)


def _share(one: OneCount, count: int, s: float, aux: Any, z: Any, observed: float) -> float:
    q = profile_statistic(one.background, np.array(s), np.array(float(count)), aux).q
    return float(norm.pdf(z[q >= observed - SAME]).sum() * (z[1] - z[0]))


@pytest.mark.parametrize("name", ["gaussian", "wide", "lognormal"])
def test_expected_values_are_at_the_quantiles(name: str) -> None:
    """The share of background-only outcomes beyond the quantile brackets Φ(σ): CLb there, beside and on an atom."""
    one = OneCount.of(MODELS[name])
    for sigma in (-2, -1, 0, 1, 2):
        found = sums(one, np.array([4.0, 7.0]), (sigma,))
        assert np.all(found.cls_expected[0] <= 1 + 1e-12)
        assert np.all(found.cls_expected[0] > 0)
    spread = sums(one, np.array([4.0, 7.0])).cls_expected
    assert np.all(np.diff(spread, axis=0) >= -1e-9)


def test_known_background_is_the_exact_sum() -> None:
    likelihood = MODELS["known"]
    exact = upper_limit(likelihood, "cls-exact", test_strength=5.0)
    found = enumerated_limit(Request(likelihood, 0.95, 5.0))
    assert found.observed_limit == pytest.approx(exact.observed_limit, rel=1e-9)
    assert found.CLs_obs == pytest.approx(exact.CLs_obs, rel=1e-12)
    assert found.CLs_exp == pytest.approx(exact.CLs_exp, rel=1e-12)
    assert found.expected_limit == pytest.approx(exact.expected_limit, rel=1e-9)


def test_deficits_keep_their_digits() -> None:
    found = sums(OneCount.of(counting(0, 1.0, Known_how(100.0))), np.array([3.0]))
    assert found.cls == pytest.approx(np.exp(-3.0), rel=1e-12)
    assert found.clb == pytest.approx(np.exp(-100.0), rel=1e-9)


@settings(max_examples=40)
@given(
    kind=st.sampled_from(("none", "gaussian", "poisson")),
    count=st.integers(0, 12),
    events=st.floats(0.0, 12.0),
    relative=st.floats(0.05, 1.0),
)
def test_sums_are_probabilities(kind: str, count: int, events: float, relative: float) -> None:
    one = OneCount.of(counting(count, 1.0, background(kind, events, relative)))
    strengths = np.array([0.0, 0.5, 2.0, 5.0, 9.0, 14.0, 25.0])
    try:
        found = sums(one, strengths)
    except FitError:  # CLb is zero: so few events under so certain a background
        return
    room = 1e-9
    for values in (found.cls, found.clsb, found.clb, found.cls_expected):
        assert np.all((values >= 0) & (values <= 1 + room))
    assert found.cls[0] == pytest.approx(1.0)
    # Outcomes that change places let CLs rise on its way down, by no more than they weigh.
    assert np.all(np.diff(found.cls) <= 0.05)


def test_a_batch_is_its_strengths() -> None:
    one, strengths = OneCount.of(MODELS["gaussian"]), np.linspace(0.5, 9.0, 7)
    batch = sums(one, strengths)
    for i, strength in enumerate(strengths):
        alone = p_values(one, float(strength))
        assert batch.cls[i] == pytest.approx(alone.cls, rel=1e-9)
        assert batch.cls_expected[:, i] == pytest.approx(np.array(alone.cls_expected, dtype=float), rel=1e-6)


def test_many_events_are_asymptotic_and_too_many_refused() -> None:
    one = OneCount.of(counting(10_000, 1.0, Known_how(9990.0, 0.02, "gaussian")))
    assert sums(one, np.array([600.0]), ()).cls == pytest.approx(one.asymptotic(np.array([600.0])).CLs_obs, rel=2e-3)
    for count, events, message in [(10_001, 9000.0, "more than 10000 events"), (2.5, 2.0, "integer count")]:
        with pytest.raises(InputError, match=message):
            sums(OneCount.of(counting(count, 1.0, Known_how(events, 0.1, "gaussian"))), np.array([1.0]))
    with pytest.raises(InputError, match="outcomes to list"):
        sums(OneCount.of(counting(9000, 1.0, Sideband(900_000, 100.0))), np.array([1.0]))


# --- limits ---


def s95(likelihood: BinnedLikelihood) -> tuple[float, float]:
    """Asymptotic and exact limit at 95 %."""
    one = OneCount.of(likelihood)
    asymptotic = falling_zero(lambda s: float(one.asymptotic(np.array([s])).CLs_obs[0]) - 0.05, 3.0)
    found = enumerated_limit(Request(likelihood, 0.95, 1.0))
    assert found.status == "ok"
    assert found.observed_limit is not None
    return asymptotic, found.observed_limit


def test_no_event_on_little_background() -> None:
    for relative in (0.01, 0.3):
        asymptotic, exact = s95(counting(0, 1.0, Known_how(0.022, relative, "gaussian")))
        assert asymptotic == pytest.approx(1.95, abs=0.006)
        assert exact == pytest.approx(-np.log(0.05), rel=1e-9)


def test_one_event() -> None:
    """n = 1, b = 0.41 ± 0.15: 3.898 also from a sum over 200 001 auxiliary values per count.

    Gauss–Hermite nodes put on the step of the indicator give 4.005 instead, for every even order up to 64.
    """
    asymptotic, exact = s95(counting(1, 1.0, Known_how(0.41, 0.15 / 0.41, "gaussian")))
    assert asymptotic == pytest.approx(3.65, abs=0.006)
    assert exact == pytest.approx(3.8978, abs=2e-4)


def test_the_limit_is_complete() -> None:
    found = enumerated_limit(Request(MODELS["gaussian"], 0.9, 2.0))
    assert (found.method, found.definition, found.status) == ("cls-enumerated", BY_SUMS, "ok")
    assert found.warnings == ()
    assert list(found.expected_limit) == sorted(found.expected_limit)  # type: ignore[type-var]
    for strength in found.expected_limit:
        assert strength is not None
    middle = found.expected_limit[2]
    assert middle is not None
    assert p_values(OneCount.of(MODELS["gaussian"]), middle).cls_expected[2] == pytest.approx(0.1, rel=1e-6)


def test_where_cls_falls_in_one_step_the_limit_says_so() -> None:
    """n = 4 beside a sideband of 5 with τ = 2: CLs falls from 0.0940 to 0.0911 at 5.80 signal events."""
    found = enumerated_limit(Request(MODELS["sideband"], 1 - 0.0925, 1.0))
    assert found.status == "ok"
    assert found.observed_limit == pytest.approx(5.80, abs=0.01)
    assert "in one step" in found.warnings[0]


def test_no_strength_above_the_limit_is_allowed() -> None:
    """The same at 13.4 %: passed at 5.09, but at 5.13 CLs rises from 0.1314 to 0.1377."""
    one, alpha = OneCount.of(MODELS["sideband"]), 0.134
    assert sums(one, np.array([5.13]), ()).cls[0] < alpha
    found = enumerated_limit(Request(MODELS["sideband"], 1 - alpha, 1.0))
    assert found.status == "ok"
    assert found.observed_limit is not None
    assert found.observed_limit > 5.13
    beyond = found.observed_limit * np.geomspace(1 + 1e-8, 3, 300)
    assert np.all(sums(one, beyond, ()).cls <= alpha)


def test_without_signal_nothing_is_excluded() -> None:
    for kind in KINDS:
        found = enumerated_limit(Request(counting(2, 0.0, background(kind, 2.0, 0.2)), 0.95, 1.0))
        assert (found.status, found.observed_limit, found.CLs_obs) == ("insensitive", None, 1.0)


def test_roots_are_found_where_newton_fails() -> None:
    """Flat on the left, saturating on the right, a root at an end, and none."""

    def bend(x: Any) -> tuple[Any, Any]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x > 1, np.sqrt(np.maximum(x - 1, 0)), 0.0) - goal, np.where(
                x > 1, 0.5 / np.sqrt(x - 1), np.inf
            )

    goal = np.array([0.5, 2.0, 1e-4, 0.0, 9.0])
    found = rising_root(bend, np.full(5, -30.0), np.full(5, 30.0), np.array([-20.0, 30.0, -30.0, 5.0, 1.5]), 1e-10)
    assert found[:3] == pytest.approx(1 + goal[:3] ** 2, abs=1e-8)
    assert found[3] <= 1 + 1e-8
    assert found[4] == pytest.approx(30.0)
