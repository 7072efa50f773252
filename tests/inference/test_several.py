"""CLs of a few counts: against sums written out in full, toys, integrals, closed forms, and the sums of one count."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import gamma, norm, poisson

from limits.errors import FitError, InputError
from limits.inference.counts.exact import SingleCount
from limits.inference.counts.several import SeveralCounts
from limits.inference.limit import p_values, upper_limit
from limits.inference.results import SIGMAS
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Sideband, Systematic, counting
from limits.likelihood.histfactory import load

Bin = tuple[float, float, float]
Modifiers = dict[int, tuple[list[dict[str, Any]], list[dict[str, Any]]]]


def model(*bins: Bin, modifiers: Modifiers | None = None) -> BinnedLikelihood:
    """Channels of (signal, background, count), with modifiers on signal and background by channel."""
    channels, observations = [], []
    for i, (signal, background, count) in enumerate(bins):
        on_signal, on_background = (modifiers or {}).get(i, ([], []))
        strength = {"name": "mu", "type": "normfactor", "data": None}
        samples = [
            {"name": "s", "data": [signal], "modifiers": [strength, *on_signal]},
            {"name": "b", "data": [background], "modifiers": on_background},
        ]
        channels.append({"name": f"c{i}", "samples": samples})
        observations.append({"name": f"c{i}", "data": [count]})
    return load(
        {
            "channels": channels,
            "observations": observations,
            "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
            "version": "1.0.0",
        },
        normsys="code1",
    )


def lognormal(name: str, kappa: float) -> dict[str, Any]:
    return {"name": name, "type": "normsys", "data": {"hi": kappa, "lo": 1 / kappa}}


def shapesys(name: str, error: float) -> dict[str, Any]:
    return {"name": name, "type": "shapesys", "data": [error]}


# --- known backgrounds ---

KNOWN: dict[str, list[Bin]] = {
    "rare": [(1.0, 0.01, 0), (1.5, 0.02, 1)],
    "two": [(1.0, 0.3, 1), (2.0, 1.2, 2)],
    "three": [(1.0, 0.01, 1), (0.4, 0.3, 1), (0.7, 1.1, 0)],
    "four": [(0.5, 0.1, 0), (0.4, 0.3, 1), (0.7, 0.9, 2), (1.0, 0.05, 0)],
    "empty": [(1.0, 0.0, 0), (0.4, 0.3, 1)],
    "certain": [(1.0, 0.0, 1), (0.4, 0.3, 1)],
}


def brute(bins: list[Bin], strength: float, most: int = 15) -> tuple[float, float, list[float]]:
    """CLs+b, CLb and the CLs at the quantiles, one outcome after the other."""
    s, b, n = np.array(bins).T
    outcomes = np.array(list(product(range(most), repeat=len(bins))))
    ln_q = outcomes @ np.log(1 + strength * s / np.where(b == 0, 1e-9, b))
    both, alone = (poisson.pmf(outcomes, rate).prod(axis=1) for rate in (strength * s + b, b))

    def tails(value: float) -> tuple[float, float]:
        kept = ln_q < value + 1e-8
        return float(both[kept].sum()), float(alone[kept].sum())

    quantiles = []
    for share in ndtr(SIGMAS):
        value = min(q for q in np.unique(ln_q) if tails(q)[1] >= share)
        quantiles.append(tails(value)[0] / tails(value)[1])
    return *tails(float(n @ np.log(1 + strength * s / np.where(b == 0, 1e-9, b)))), quantiles


@pytest.mark.parametrize("name", [name for name in KNOWN if name != "four"])
@pytest.mark.parametrize("strength", [0.3, 1.7])
def test_against_all_outcomes(name: str, strength: float) -> None:
    clsb, clb, quantiles = brute(KNOWN[name], strength)
    found = p_values(model(*KNOWN[name]), "cls-exact", strength)
    assert found.clsb == pytest.approx(clsb, rel=1e-9)
    assert found.clb == pytest.approx(clb, rel=1e-9)
    assert found.cls == pytest.approx(clsb / clb, rel=1e-9)
    assert found.cls_expected == pytest.approx(quantiles, rel=1e-9)


def test_four_bins_against_all_outcomes() -> None:
    few = SeveralCounts.of(model(*KNOWN["four"]))
    s, b, n = np.array(KNOWN["four"]).T
    outcomes = np.array(list(product(range(12), repeat=4)))
    kept = np.log1p(1.3 * s / b) @ outcomes.T <= np.log1p(1.3 * s / b) @ n + 1e-8
    assert few.clsb(1.3, few.observed) == pytest.approx(
        poisson.pmf(outcomes[kept], 1.3 * s + b).prod(axis=1).sum(), rel=1e-8
    )


def test_nothing_seen_is_the_same_limit_whatever_the_backgrounds() -> None:
    for backgrounds in [(0.0, 0.0), (0.01, 0.01), (0.01, 3.0), (2.0, 0.5, 0.0, 0.1)]:
        signals = (0.7, 1.9, 0.2, 1.1)[: len(backgrounds)]
        found = upper_limit(model(*((s, b, 0) for s, b in zip(signals, backgrounds, strict=True))), "cls-exact", 0.9)
        assert found.observed_limit == pytest.approx(np.log(10) / sum(signals), rel=1e-9)
        assert (found.status, found.warnings) == ("ok", ())


def test_an_event_over_nothing_is_beyond_a_few_elsewhere() -> None:
    """n = (1, 0), b = (0, 0.01): four events over 0.01 are as far up as one over nothing, which is ln(1 + s/1e-9)."""
    few = SeveralCounts.of(model((1.0, 0.0, 1), (1.0, 0.01, 0)))
    want = poisson.pmf(0, 1.0) * poisson.cdf(4, 1.01) + poisson.pmf(1, 1.0) * poisson.pmf(0, 1.01)
    assert few.clsb(1.0, few.observed) == pytest.approx(want, rel=1e-12)
    assert few.clb(1.0, few.observed) == pytest.approx(poisson.cdf(4, 0.01), rel=1e-12)


def test_equal_weights_in_another_number_are_ties() -> None:
    """s/b = 3 and 1: two events of the second are worth one of the first at strength 1, ln 4 = 2 ln 2."""
    few = SeveralCounts.of(model((0.3, 0.1, 1), (0.7, 0.7, 0)))
    kept = [(0, 0), (0, 1), (0, 2), (1, 0)]
    for outcome in ((1, 0), (0, 2)):
        assert few.clsb(1.0, outcome) == pytest.approx(
            sum(poisson.pmf(i, 0.4) * poisson.pmf(j, 1.4) for i, j in kept), rel=1e-12
        )


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (0, 1), (2, 1), (7, 6)])
def test_two_halves_are_one_channel(counts: tuple[int, int]) -> None:
    halves = model((1.0, 1.7, counts[0]), (1.0, 1.7, counts[1]))
    whole = counting(sum(counts), 2.0, Background(3.4))
    for strength in (0.0, 0.4, 2.0, 6.0):
        found, want = SeveralCounts.of(halves), SingleCount.of(whole)
        assert found.cls(strength, counts) == pytest.approx(want.cls(strength, sum(counts)), rel=1e-12)
        assert tuple(map(sum, found.quantile_outcomes(strength))) == want.quantile_counts
    split, one = (upper_limit(x, "cls-exact", 0.9) for x in (halves, whole))
    assert split.observed_limit == pytest.approx(one.observed_limit, rel=1e-9)
    assert split.expected_limit == pytest.approx(one.expected_limit, rel=1e-9)


def test_alike_channels_may_change_places() -> None:
    both = {i: ([lognormal("e", 1.1), lognormal(f"e{i}", 1.2)], [shapesys(f"b{i}", 0.004)]) for i in (0, 1)}
    for modifiers, room in ((None, 1e-12), (both, 1e-3)):
        one, two = (model((1.0, 0.01, n), (1.0, 0.01, 1 - n), modifiers=modifiers) for n in (0, 1))
        assert p_values(one, "cls-exact", 2.0).cls == pytest.approx(p_values(two, "cls-exact", 2.0).cls, rel=room)


def test_of_two_unlike_channels_the_cleaner_one_counts_more() -> None:
    clean, dirty = (upper_limit(model((1.0, 0.01, n), (1.0, 1.0, 1 - n)), "cls-exact").observed_limit for n in (1, 0))
    assert clean is not None
    assert dirty is not None
    assert clean > 1.3 * dirty


def test_where_outcomes_change_places_the_limit_says_so() -> None:
    """One event of the first is worth four of the second at 3.58: CLs of n = (2, 0) falls there from 0.081 to 0.065."""
    place = brentq(lambda s: (1 + s / 0.3) - (1 + s / 4) ** 4, 1.0, 10.0)
    found = upper_limit(model((1.0, 0.3, 2), (0.5, 2.0, 0)), "cls-exact", 1 - 0.07, expected=False)
    assert found.status == "ok"
    assert found.observed_limit == pytest.approx(place, rel=1e-8)
    assert "in one step" in found.warnings[0]


def test_no_strength_above_the_limit_is_allowed() -> None:
    """One event of the first is worth three of the second at 4.77: CLs of n = (0, 4) has passed 0.006 and rises again there."""
    place = brentq(lambda s: (1 + s / 0.5) - (1 + s / 4) ** 3, 1.0, 10.0)
    likelihood = model((1.0, 0.5, 0), (0.5, 2.0, 4))
    below, above = (p_values(likelihood, "cls-exact", place * (1 + side)).cls for side in (-1e-6, 1e-6))
    assert below < 0.006 < above
    found = upper_limit(likelihood, "cls-exact", 1 - 0.006, expected=False)
    assert found.status == "ok"
    assert found.observed_limit is not None
    assert found.observed_limit > place
    few = SeveralCounts.of(likelihood)
    assert all(few.cls(s, (0, 4)) <= 0.006 for s in found.observed_limit * np.geomspace(1 + 1e-8, 4, 200))


# --- channels without signal ---


@pytest.mark.parametrize("count", [0, 4, 11])
def test_a_channel_without_signal_changes_nothing(count: int) -> None:
    modifiers: Modifiers = {
        0: ([lognormal("e", 1.1), lognormal("e0", 1.2)], [shapesys("b0", 0.1), lognormal("x", 1.3)]),
        1: ([lognormal("e", 1.1)], [shapesys("b1", 0.3), lognormal("x", 1.2)]),
        2: ([], [shapesys("b2", 1.0), lognormal("x", 1.4), lognormal("y", 1.1)]),
    }
    rare, useless = [(1.0, 0.3, 1.0), (1.5, 0.7, 1.0)], (0.0, 4.0, float(count))
    for of in (None, modifiers):
        two, three = (model(*bins, modifiers=of) for bins in (rare, [*rare, useless]))
        want, found = (p_values(x, "cls-exact", 1.2) for x in (two, three))
        assert found.cls == pytest.approx(want.cls, rel=1e-12)
        assert found.cls_expected == pytest.approx(want.cls_expected, rel=1e-12)
        limits = [upper_limit(x, "cls-exact", expected=False).observed_limit for x in (two, three)]
        assert limits[0] == pytest.approx(limits[1], rel=1e-9)


def test_a_channel_that_fades_out_is_no_obstacle() -> None:
    """Nothing in the sensitive channel: the limit is that of it alone, however large the count beside it."""
    for signal in (1e-3, 1e-6, 1e-12, 1e-305):
        found = upper_limit(model((1.0, 0.01, 0), (signal, 9.0, 12)), "cls-exact", 0.9, expected=False)
        assert found.observed_limit == pytest.approx(np.log(10), rel=2 * signal + 1e-9)


def test_without_any_signal_nothing_is_excluded() -> None:
    likelihood = model((0.0, 1.0, 1), (0.0, 2.0, 3))
    found = upper_limit(likelihood, "cls-exact")
    assert (found.status, found.observed_limit, found.expected_limit) == ("insensitive", None, (None,) * 5)
    assert p_values(likelihood, "cls-exact").cls == 1.0


# --- one bin ---

ONE = {
    "known": counting(3, 1.0, Background(2.0)),
    "nothing": counting(2, 1.0, Background(0.0)),
    "gaussian": counting(3, 1.0, Background(2.0, 0.3, "gaussian"), [Systematic("e", 1.2)]),
    "cut": counting(2, 1.0, Background(3.0, 1.2, "gaussian")),
    "gamma": counting(3, 1.0, Background(2.0, 0.3, "gamma"), [Systematic("e", 1.2)]),
    "sideband": counting(1, 1.0, Sideband(0, 2.0)),
    "lognormal": counting(0, 1.0, Background(0.01, 0.5, "lognormal"), [Systematic("e", 1.1)]),
}


@pytest.mark.parametrize("name", ONE)
def test_one_bin_is_a_single_count(name: str) -> None:
    found, want = SeveralCounts.of(ONE[name]), SingleCount.of(ONE[name])
    room = 1e-12 if found.signal.shape[1] == 1 else 1e-3
    for strength in (0.0, 1.0, 4.0):
        assert found.clsb(strength, found.observed) == pytest.approx(want.clsb(strength, want.observed), rel=room)
        assert found.cls(strength, found.observed) == pytest.approx(want.cls(strength, want.observed), rel=room)
        assert [n for (n,) in found.quantile_outcomes(strength)] == list(want.quantile_counts)


def test_the_answer_for_one_bin_comes_from_the_single_count() -> None:
    found = upper_limit(ONE["gamma"], "cls-exact", 0.9)
    assert "quasi-random" not in found.definition
    assert p_values(ONE["gamma"], "cls-exact", found.observed_limit or 0.0).cls == pytest.approx(0.1, rel=1e-5)


# --- nuisances ---


def test_shared_and_separate_lognormals_against_integrals() -> None:
    """Nothing seen: CLs+b is ⟨exp(−2 s κ^θ)⟩ when θ is shared, and ⟨exp(−s κ^θ)⟩² when it is not."""

    def average(events: float) -> float:
        return float(quad(lambda t: np.exp(-events * 1.4**t) * norm.pdf(t), -9, 9, epsabs=1e-13)[0])

    tails = {}
    for names in (("e", "e"), ("e", "f")):
        modifiers: Modifiers = {i: ([lognormal(name, 1.4)], []) for i, name in enumerate(names)}
        few = SeveralCounts.of(model((1.0, 0.01, 0), (1.0, 0.01, 0), modifiers=modifiers))
        tails[names] = few.cls(1.5, few.observed)
    assert tails["e", "e"] == pytest.approx(average(3.0), rel=1e-3)
    assert tails["e", "f"] == pytest.approx(average(1.5) ** 2, rel=1e-3)
    assert tails["e", "e"] > 1.1 * tails["e", "f"]


def test_a_background_with_an_auxiliary_count_against_integrals() -> None:
    """n = (0, 1) with s/b = (5, 1.67): nothing seen, or one event of the second kind, is at or below."""
    modifiers: Modifiers = {0: ([], [shapesys("b0", 0.5)]), 1: ([], [shapesys("b1", 0.3)])}
    few = SeveralCounts.of(model((5.0, 1.0, 0), (2.0, 1.2, 1), modifiers=modifiers))

    def average(background: float, error: float, signal: float, n: int) -> float:
        shape = (background / error) ** 2
        density = gamma(shape + 1, scale=1 / shape)
        return float(quad(lambda t: poisson.pmf(n, signal + background * t) * density.pdf(t), 0, 12, epsabs=1e-13)[0])

    first, second = average(1.0, 0.5, 3.0, 0), [average(1.2, 0.3, 1.2, n) for n in (0, 1)]
    assert few.clsb(0.6, few.observed) == pytest.approx(first * sum(second), rel=1e-3)


def smeared(seed: int, size: int) -> tuple[BinnedLikelihood, Any, Any]:
    """Three channels with seven nuisances, and toys of their signals and backgrounds from the densities."""
    modifiers: Modifiers = {
        i: ([lognormal("lumi", 1.05), lognormal(f"e{i}", 1.2)], [shapesys(f"b{i}", error)])
        for i, error in enumerate((0.1, 0.3, 0.5))
    }
    signals, backgrounds, counts = (1.0, 1.5, 0.8), (0.2, 0.8, 2.5), (1, 0, 3)
    rng = np.random.default_rng(seed)
    s, b = np.empty((2, size, 3))
    lumi = 1.05 ** rng.standard_normal(size)
    for i, error in enumerate((0.1, 0.3, 0.5)):
        shape = (backgrounds[i] / error) ** 2
        s[:, i] = signals[i] * lumi * 1.2 ** rng.standard_normal(size)
        b[:, i] = backgrounds[i] * rng.gamma(shape + 1, 1 / shape, size)
    return model(*zip(signals, backgrounds, counts, strict=True), modifiers=modifiers), s, b


def test_three_channels_and_seven_nuisances_against_toys() -> None:
    size, strength = 400_000, 1.4
    likelihood, s, b = smeared(5, size)
    weights = np.log1p(strength * np.array([1.0, 1.5, 0.8]) / np.array([0.2, 0.8, 2.5]))
    rng = np.random.default_rng(6)
    both, alone = (rng.poisson(rate) @ weights for rate in (strength * s + b, b))
    found = p_values(likelihood, "cls-exact", strength)
    few = SeveralCounts.of(likelihood)
    for got, toys, value in [
        (found.clsb, both, likelihood.counts @ weights),
        (found.clb, alone, likelihood.counts @ weights),
        *((few.clsb(strength, o), both, o @ weights) for o in few.quantile_outcomes(strength)),
    ]:
        assert got is not None
        assert np.mean(toys <= value + 1e-9) == pytest.approx(got, abs=4 * np.sqrt(got * (1 - got) / size))
    # The quantile is where the share of toys at or below passes Φ(σ), to their statistical error.
    for outcome, share in zip(few.quantile_outcomes(strength), ndtr(SIGMAS), strict=True):
        error, value = 4 * np.sqrt(share * (1 - share) / size), outcome @ weights
        assert np.mean(alone <= value + 1e-9) >= share - error
        assert np.mean(alone < value - 1e-9) <= share + error


def test_the_limit_is_where_its_p_value_says() -> None:
    likelihood = smeared(5, 10)[0]
    found = upper_limit(likelihood, "cls-exact", 0.9)
    assert found.status == "ok"
    assert found.observed_limit is not None
    assert p_values(likelihood, "cls-exact", found.observed_limit).cls == pytest.approx(0.1, rel=1e-5)
    assert list(found.expected_limit) == sorted(found.expected_limit)  # type: ignore[type-var]
    assert "averaged" in found.definition
    again = upper_limit(likelihood, "cls-exact", 0.9)
    assert again == found


def test_limits_cover() -> None:
    """CLs limits never cover less than their level: summed over the outcomes of two counts."""
    s, b, level = np.array([1.0, 0.5]), np.array([0.2, 1.0]), 0.9
    outcomes = list(product(range(9), range(9)))
    for strength in (0.8, 2.0):
        few = SeveralCounts.of(model(*((x, y, 0) for x, y in zip(s, b, strict=True))))
        chance = poisson.pmf(np.array(outcomes), strength * s + b).prod(axis=1)
        allowed = [few.cls(strength, outcome) > 1 - level for outcome in outcomes]
        assert chance @ np.array(allowed) >= level - (1 - chance.sum())


# --- what is refused ---


@pytest.mark.parametrize(
    ("likelihood", "message"),
    [
        (model(*[(1.0, 0.1, 0)] * 5), "5 bins; use method 'cls'"),
        (model((1.0, 0.1, 0.5), (1.0, 0.1, 0)), "integer counts"),
        (model((1.0, 0.1, 0), (1.0, 0.1, 0), modifiers={0: ([], [{"name": "k", "type": "normfactor", "data": None}])}),
         "'k' has no constraint"),
        (model(*((1.0, b, 100) for b in (99.0, 100.0, 101.0, 102.0))), "use method 'cls' or 'cls-toys'"),
        (model((-1.0, 2.0, 0), (2.0, 1.0, 0)), "signal of a bin is negative"),
    ],
)  # fmt: skip
def test_what_is_refused_says_so_in_one_line(likelihood: BinnedLikelihood, message: str) -> None:
    for call in (lambda: upper_limit(likelihood, "cls-exact"), lambda: p_values(likelihood, "cls-exact")):
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_other_sums_still_want_a_single_count() -> None:
    for method in ("mixed", "clsb-exact"):
        with pytest.raises(InputError, match="single count"):
            upper_limit(model(*KNOWN["rare"]), method)


def test_impossible_data_have_no_cls() -> None:
    few = SeveralCounts.of(model((1.0, 800.0, 0), (1.0, 900.0, 0)))
    with pytest.raises(FitError, match="zero to the last digit"):
        few.cls(1.0, few.observed)
