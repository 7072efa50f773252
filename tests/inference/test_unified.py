"""Feldman–Cousins by toys, bands of profile-likelihood edges, CLs+b by toys, coverage by toys: against exact sums."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from limits.errors import InputError
from limits.inference.counts.feldman_cousins import feldman_cousins
from limits.inference.coverage import coverage
from limits.inference.intervals import profile_interval
from limits.inference.limit import upper_limit
from limits.inference.toys.coverage import VECTORISED, coverage_by_toys
from limits.inference.toys.ensembles import AT_TRUTH, t_of_toys, thrown
from limits.inference.toys.unified import construct, unified_interval
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Systematic, counting
from limits.likelihood.histfactory import load


def known(n: float, background: float = 3.0) -> BinnedLikelihood:
    return counting(n, 1.0, Background(background))


def bins(count: int = 4, background: float = 30.0, excess: float = 0.0) -> BinnedLikelihood:
    """A falling background with an uncertain norm, a signal in the middle."""
    signal = 10 * np.exp(-0.5 * (np.arange(count) - count / 2) ** 2)
    level = background * np.exp(-0.2 * np.arange(count))
    samples = [
        {"name": "signal", "data": list(signal), "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
        {
            "name": "background",
            "data": list(level),
            "modifiers": [{"name": "norm", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}],
        },
    ]
    document = {
        "version": "1.0.0",
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": list(np.round(level + excess * signal))}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }
    return load(document)


def t(n: np.ndarray, mean: float, background: float) -> np.ndarray:
    """t̃ of a count over a known background, written out."""
    best = np.maximum(n, background)
    return 2 * (mean - best - np.where(n > 0, n * np.log(mean / best), 0.0))


def test_critical_values_are_quantiles_of_the_exact_distribution() -> None:
    likelihood, size = known(4), 20_000
    strengths = np.array([0.5, 2.0, 6.0])
    found = construct(likelihood, 0.9, strengths, size, 3)
    n = np.arange(80.0)
    for strength, critical in zip(strengths, found.critical[:, 0], strict=True):
        values, probability = t(n, strength + 3, 3.0), poisson.pmf(n, strength + 3)
        below = probability[values < critical - 1e-6].sum()
        up_to = probability[values <= critical + 1e-6].sum()
        error = np.sqrt(0.09 / size)
        assert below - 4 * error <= 0.9 <= up_to + 4 * error


@pytest.mark.parametrize("n", [0, 2, 5, 9, 14])
def test_edges_against_the_exact_construction(n: int) -> None:
    """An edge found must be one where the exact probability of likelier counts passes the level within its error."""
    likelihood, size = known(n), 8000
    found, _ = unified_interval(likelihood, 0.9, size, 5)
    assert found.status == "ok"
    counts, error = np.arange(100.0), np.sqrt(0.09 / size)
    for edge, outwards in ((found.high, 1), (found.low, -1)):
        assert edge is not None
        if edge == 0:
            assert feldman_cousins(likelihood, 0.9, monotone=False).low == pytest.approx(0, abs=0.1)
            continue
        likelier = [
            poisson.pmf(counts, at + 3)[t(counts, at + 3, 3.0) < t(np.array([float(n)]), at + 3, 3.0) - 1e-9].sum()
            for at in (edge - 0.05 * outwards, edge + 0.05 * outwards)
        ]
        assert min(likelier) - 4 * error <= 0.9 <= max(likelier) + 4 * error


def test_with_a_nuisance_the_interval_grows() -> None:
    sharp, _ = unified_interval(known(6), 0.9, 2000, 1)
    blurred, _ = unified_interval(counting(6, 1.0, Background(3.0, 0.5, "gamma")), 0.9, 2000, 1)
    assert sharp.high is not None
    assert blurred.high is not None
    assert blurred.high > sharp.high


def test_several_bins_agree_with_wilks_where_counts_are_large() -> None:
    likelihood = bins(background=400.0, excess=8.0)
    found = upper_limit(likelihood, "feldman-cousins", 0.9, toys=2000, seed=2)
    wilks = profile_interval(likelihood, 0.9)
    assert found.status == "ok"
    assert found.interval is not None
    assert found.interval[0] == pytest.approx(wilks.low, rel=0.08)
    assert found.interval[1] == pytest.approx(wilks.high, rel=0.04)
    assert "statistical error" in found.warnings[0]


def test_the_band_holds_the_background_only_edges() -> None:
    likelihood = bins(background=60.0)
    found = upper_limit(likelihood, "profile", 0.9, toys=250)
    expected = np.array(found.expected_limit, dtype=float)
    assert np.all(np.diff(expected) > 0)
    assert "toys" in found.expected_kind
    rng = np.random.default_rng(11)
    background = likelihood.fit(likelihood.observed, 0.0).theta
    highs = [profile_interval(likelihood.with_data(toy), 0.9).high for toy in likelihood.sample(background, 60, rng)]
    for quantile, edge in ((0.16, expected[1]), (0.5, expected[2]), (0.84, expected[3])):
        below = np.mean(np.array(highs, dtype=float) < edge)
        assert below == pytest.approx(quantile, abs=0.2)


def test_the_band_of_the_unified_interval() -> None:
    """For one count the quantiles of the edges are the edges at the quantiles of the count, but for the grid."""
    likelihood = counting(3, 1.0, Background(3.0, 0.02, "gamma"))
    found = upper_limit(likelihood, "feldman-cousins", 0.9, toys=300)
    exact = upper_limit(known(3), "feldman-cousins", 0.9)
    assert found.expected_limit[2:4] == pytest.approx(exact.expected_limit[2:4], rel=0.1)


def test_without_sensitivity_there_is_no_edge() -> None:
    empty = counting(3, 0.0, Background(3.0, 0.2, "gamma"))
    found = upper_limit(empty, "feldman-cousins", 0.9, toys=50)
    assert found.status == "insensitive"
    assert found.observed_limit is None


def test_clsb_by_toys_against_the_sums() -> None:
    likelihood = known(5)
    exact = upper_limit(likelihood, "clsb-exact", 0.9)
    toys = upper_limit(likelihood, "clsb-toys", 0.9, toys=2000, seed=3)
    assert toys.status == "ok"
    assert toys.observed_limit == pytest.approx(exact.observed_limit, rel=0.05)
    assert toys.expected_limit[0] == exact.expected_limit[0] == 0
    assert toys.CLs_obs == 1  # strength 1 is below the best fit: q̃ = 0
    assert any("says nothing" in text for text in toys.warnings)


@pytest.mark.parametrize("method", sorted(VECTORISED))
def test_coverage_by_toys_against_the_sums(method: str) -> None:
    toys = coverage_by_toys(known(4), method, 0.9, (0.0, 1.0, 3.0), 4000, 1)
    sums = coverage(known, method, 0.9, (0.0, 1.0, 3.0))
    for found, exact in zip(toys.rows, sums.rows, strict=True):
        assert found.coverage == pytest.approx(exact.coverage, abs=4 * found.statistical)
        assert found.below == pytest.approx(exact.below, abs=4 * found.statistical)
        assert found.error == 0


def test_coverage_by_toys_of_each_interval_by_itself() -> None:
    likelihood = counting(4, 1.0, Background(3.0, 0.2, "gamma"))
    found = coverage_by_toys(likelihood, "bayes", 0.9, (2.0,), 300, 1).rows[0]
    assert found.coverage + found.below + found.above + found.error == pytest.approx(1)
    assert found.coverage > 0.85


def test_profile_covers_where_counts_are_large() -> None:
    found = coverage_by_toys(bins(background=400.0), "profile", 0.683, (8.0,), 3000, 1).rows[0]
    assert found.coverage == pytest.approx(0.683, abs=4 * found.statistical)
    assert found.below == pytest.approx(found.above, abs=6 * found.statistical)


def test_coverage_refuses() -> None:
    with pytest.raises(InputError, match="feldman-cousins"):
        coverage_by_toys(bins(), "feldman-cousins", 0.9, (1.0,), 100, 1)
    with pytest.raises(InputError, match="strength = -1"):
        coverage_by_toys(bins(), "cls", 0.9, (-1.0,), 100, 1)


def test_answers_do_not_depend_on_how_toys_are_batched() -> None:
    likelihood = counting(4, 1.0, Background(3.0, 0.2, "gamma"), [Systematic("x", 1.1, signal=True, background=False)])
    theta = likelihood.fit(likelihood.observed, 2.0).theta
    together = np.concatenate(list(thrown(likelihood, theta, 600, 1, AT_TRUTH)))
    at_once = t_of_toys(likelihood, together, np.array([2.0]))
    one_by_one = [t_of_toys(likelihood, toy[None], np.array([2.0]))[0] for toy in together[:40]]
    assert np.array_equal(at_once[:40], one_by_one)
    fewer = np.concatenate(list(thrown(likelihood, theta, 300, 1, AT_TRUTH)))
    assert np.array_equal(fewer, together[:300])
