"""Feldman–Cousins: the published tables, plain constructions on a grid, coverage, monotonicity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from limits.errors import InputError
from limits.inference.counts.feldman_cousins import feldman_cousins, gaussian_interval, poisson_interval, sensitivity
from limits.likelihood.counting import Background, Sideband, counting
from limits.likelihood.histfactory import load

PLAIN_90 = {  # edges of the construction on a grid of step 0.005
    0.0: [(0, 2.435), (0.11, 4.355), (0.535, 5.91), (1.105, 7.42), (1.475, 8.595), (1.84, 9.985), (2.21, 11.465),
          (3.565, 12.53), (3.965, 13.99), (4.36, 15.295), (5.505, 16.5)],
    0.5: [(0, 1.935), (0, 3.855), (0.035, 5.41), (0.605, 6.92), (1.17, 8.095), (1.535, 9.485), (1.9, 10.965),
          (3.065, 12.03), (3.465, 13.49), (3.86, 14.795), (5.005, 16.0)],
    1.0: [(0, 1.605), (0, 3.355), (0, 4.91), (0.105, 6.42), (0.745, 7.595), (1.25, 8.985), (1.61, 10.465),
          (2.565, 11.53), (2.965, 12.99), (3.36, 14.295), (4.505, 15.5)],
    2.0: [(0, 1.08), (0, 2.525), (0, 3.91), (0, 5.42), (0, 6.595), (0.435, 7.985), (1.085, 9.465), (1.59, 10.53),
          (2.14, 11.99), (2.53, 13.295), (3.505, 14.5)],
    3.0: [(0, 0.95), (0, 1.875), (0, 3.035), (0, 4.42), (0, 5.595), (0, 6.985), (0.155, 8.465), (0.895, 9.53),
          (1.51, 10.99), (1.88, 12.295), (2.635, 13.5)],
}  # fmt: skip


@pytest.mark.parametrize("background", PLAIN_90)
def test_plain_construction(background: float) -> None:
    for n, want in enumerate(PLAIN_90[background]):
        assert poisson_interval(n, background, 0.9, monotone=False) == pytest.approx(want, abs=0.0051)


@pytest.mark.parametrize(
    ("n", "background", "level", "low", "high"),
    [
        # physics/9711021, Tables IV and VI, as quoted in public test suites
        (0, 0.0, 0.9, 0, 2.44), (1, 0.0, 0.9, 0.11, 4.36), (4, 0.0, 0.9, 1.47, 8.60), (10, 0.0, 0.9, 5.50, 16.50),
        (0, 2.0, 0.9, 0, 1.26), (0, 3.0, 0.9, 0, 1.08), (2, 3.0, 0.9, 0, 3.04),
        (0, 0.0, 0.95, 0, 3.09), (6, 0.0, 0.95, 2.21, 12.75), (7, 3.0, 0.95, 0.29, 10.81), (10, 2.0, 0.95, 2.92, 15.82),
    ],
)  # fmt: skip
def test_published_tables(n: int, background: float, level: float, low: float, high: float) -> None:
    assert poisson_interval(n, background, level) == pytest.approx((low, high), abs=0.0101)


def accepted(n: int, strengths: np.ndarray, background: float, level: float) -> np.ndarray:
    """Which strengths accept n: the definition, one strength at a time."""
    counts = np.arange(200)
    best = poisson.pmf(counts, np.maximum(counts, background))
    found = []
    for s in strengths:
        p = poisson.pmf(counts, s + background)
        with np.errstate(invalid="ignore"):
            ratio = np.where(best > 0, p / best, 0.0)
        found.append(p[ratio > ratio[n] * (1 + 1e-12)].sum() < level)
    return np.array(found, dtype=bool)


@settings(max_examples=150)
@example(n=18, background=12.75, level=0.9)
@given(n=st.integers(0, 25), background=st.floats(0, 20), level=st.sampled_from([0.3, 0.68, 0.9, 0.95, 0.9999]))
def test_edges_against_the_definition(n: int, background: float, level: float) -> None:
    """Accepted just inside, nothing accepted outside."""
    low, high = poisson_interval(n, background, level, monotone=False)
    assert 0 <= low < high or (level < 0.62 and low == high == 0)
    tiny = 1e-7 * (1 + high)
    inside = np.array([low + tiny, high - tiny][: 2 * (high > 0)])
    outside = np.r_[np.linspace(0, low, 60)[:-1], np.linspace(high, 2 * high + 5, 120)[1:]]
    outside = outside[(outside < low - tiny) | (outside > high + tiny)]
    assert accepted(n, inside, background, level).all()
    assert not accepted(n, outside, background, level).any()


@pytest.mark.parametrize(("n", "level"), [(0, 0.9), (0, 0.95), (1, 0.9), (3, 0.68), (4, 0.95)])
def test_correction_is_the_largest_edge_of_larger_backgrounds(n: int, level: float) -> None:
    backgrounds = np.arange(0, 14, 0.02)
    plain = np.array([poisson_interval(n, float(b), level, monotone=False)[1] for b in backgrounds])
    largest = np.maximum.accumulate(plain[::-1])[::-1]
    for i in range(0, 300, 17):
        corrected = poisson_interval(n, float(backgrounds[i]), level)[1]
        assert (
            largest[i] - 1e-9 <= corrected <= largest[i] + 0.021
        )  # between two backgrounds the edge falls by at most 0.02


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0, 2.5, 4.0, 7.7])
def test_coverage(strength: float) -> None:
    background, level = 2.6, 0.9
    edges = [poisson_interval(n, background, level) for n in range(45)]
    covered = sum(
        poisson.pmf(n, strength + background) for n, (low, high) in enumerate(edges) if low <= strength <= high
    )
    assert covered >= level - 1e-9


@pytest.mark.parametrize(
    ("background", "want"), [(0.0, 2.44), (0.5, 2.86), (1.0, 3.28), (2.0, 3.94), (3.0, 4.42), (5.0, 5.18)]
)
def test_sensitivity(background: float, want: float) -> None:
    """physics/9711021, Table XII."""
    assert sensitivity(background, 0.9) == pytest.approx(want, abs=0.0101)


def test_sensitivity_without_correction() -> None:
    for background, want in {0.0: 2.43, 0.5: 2.85, 1.0: 3.27, 2.0: 3.91, 3.0: 4.41, 5.0: 5.17}.items():
        assert sensitivity(background, 0.9, monotone=False) == pytest.approx(want, abs=0.0101)


def test_large_counts_approach_the_gaussian() -> None:
    for n in (10_000, 1_000_000):
        half = 1.645 * np.sqrt(n)
        assert poisson_interval(n, 100.0, 0.9) == pytest.approx((n - 100 - half, n - 100 + half), abs=3)


@pytest.mark.parametrize("x", [-3.0, -1.0, -0.2, 0.0, 0.5, 1.2, 1.4, 2.5, 5.0])
@pytest.mark.parametrize("level", [0.68, 0.9, 0.95])
def test_gaussian_against_a_grid(x: float, level: float) -> None:
    values = np.linspace(-9, 16, 50_001)
    best = norm.pdf(values, np.maximum(values, 0))

    def accepts(mean: float) -> bool:
        p = norm.pdf(values, mean)
        likelier = p / best > norm.pdf(x, mean) / norm.pdf(x, max(x, 0.0))
        return bool(p[likelier].sum() * (values[1] - values[0]) < level)

    found = gaussian_interval(x, 1.0, level)
    assert found.low is not None
    assert found.high is not None
    assert accepts(found.high - 0.003)
    assert not accepts(found.high + 0.003)
    if found.low > 0.003:
        assert accepts(found.low + 0.003)
        assert not accepts(found.low - 0.003)


def test_gaussian_scales() -> None:
    one, ten = gaussian_interval(2.0, 1.0, 0.9), gaussian_interval(20.0, 10.0, 0.9)
    assert (ten.low, ten.high) == pytest.approx((10 * one.low, 10 * one.high))


def test_interval_of_a_likelihood() -> None:
    found = feldman_cousins(counting(4, 2.0, Background(1.0)), 0.9)
    low, high = poisson_interval(4, 1.0, 0.9)
    assert (found.low, found.high, found.best) == pytest.approx((low / 2, high / 2, 1.5))
    assert "non-increasing in b" in found.definition
    assert "plain" in feldman_cousins(counting(4, 2.0, Background(1.0)), 0.9, monotone=False).definition
    assert feldman_cousins(counting(4, 0.0, Background(1.0)), 0.9).status == "insensitive"
    empty = feldman_cousins(counting(0, 1.0, Background(1.0)), 0.3, monotone=False)
    assert (empty.low, empty.high, empty.status) == (0.0, 0.0, "partial")
    assert "the interval is empty" in empty.warnings[0]


def test_bad_input() -> None:
    bins = {
        "channels": [{"name": "c", "samples": [
            {"name": "s", "data": [1.0, 1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}]}],
        "observations": [{"name": "c", "data": [1.0, 2.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }  # fmt: skip
    for call, message in [
        (lambda: feldman_cousins(counting(1, 1, Sideband(3, 2)), 0.9), "1 nuisance parameters"),
        (lambda: feldman_cousins(load(bins), 0.9), "2 bins"),
        (lambda: feldman_cousins(counting(1.5, 1, Background(1)), 0.9), "observed = 1.5"),
        (lambda: feldman_cousins(counting(1, 1, Background(1)), 0.0), "level = 0.0"),
        (lambda: poisson_interval(-1, 1.0, 0.9), "observed = -1"),
        (lambda: poisson_interval(1, -1.0, 0.9), "background = -1.0"),
        (lambda: sensitivity(float("nan"), 0.9), "background = nan"),
        (lambda: gaussian_interval(float("nan"), 1.0, 0.9), "x = nan"),
        (lambda: gaussian_interval(1.0, 0.0, 0.9), "sigma = 0.0"),
    ]:
        with pytest.raises(InputError) as caught:
            call()
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
