"""Coverage by exact sums: the same number from toys, the known over- and under-coverage of every method."""

from __future__ import annotations

import numpy as np
import pytest

from limits.errors import InputError, UnknownName
from limits.inference.coverage import coverage, without_toys
from limits.inference.limit import upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Sideband, counting

STRENGTHS = [0.0, 0.3, 1.0, 2.3, 4.0, 5.0, 8.0]
LEVEL = 0.9


def one_background(n: int) -> BinnedLikelihood:
    return counting(n, 1.0, Background(1.3))


@pytest.fixture(scope="module")
def covered() -> dict[str, dict[float, float]]:
    return {
        name: {row.strength: row.coverage for row in coverage(one_background, name, LEVEL, STRENGTHS).rows}
        for name in without_toys(one_background(1))
        if name != "cls-q"
    }


@pytest.mark.parametrize("method", ["cls-exact", "bayes", "mixed", "clsb-exact", "feldman-cousins"])
def test_never_below_the_level(covered: dict[str, dict[float, float]], method: str) -> None:
    assert min(covered[method].values()) >= LEVEL - 1e-9


@pytest.mark.parametrize(
    ("method", "strength"), [("cls", 5.0), ("profile", 5.0), ("profile-upper", 1.0), ("bayes-central", 0.0), ("bayes-shortest", 5.0)]
)  # fmt: skip
def test_known_undercoverage(covered: dict[str, dict[float, float]], method: str, strength: float) -> None:
    """Asymptotic formulas and posteriors promise no coverage, and at small counts do not have it."""
    assert covered[method][strength] < LEVEL


def test_central_interval_never_holds_zero(covered: dict[str, dict[float, float]]) -> None:
    assert covered["bayes-central"][0.0] == 0.0


def test_cls_covers_more_than_clsb(covered: dict[str, dict[float, float]]) -> None:
    assert all(covered["cls-exact"][s] >= covered["mixed"][s] for s in STRENGTHS)
    assert covered["cls-exact"][0.3] == pytest.approx(1)


def test_rows_add_up_to_one() -> None:
    for method in ("cls-exact", "feldman-cousins"):
        for row in coverage(one_background, method, LEVEL, STRENGTHS).rows:
            assert row.coverage + row.below + row.above == pytest.approx(1, abs=1e-11)
            assert row.error < 1e-11


def test_against_toys() -> None:
    """With a nuisance: its truth is drawn from its density."""

    def build(n: int) -> BinnedLikelihood:
        return counting(n, 2.0, Sideband(3, 2.0))

    row = coverage(build, "mixed", LEVEL, [2.0]).rows[0]
    rng = np.random.default_rng(5)
    background = rng.gamma(4, 1 / 2, 200_000)
    limits = np.array([upper_limit(build(n), "mixed", LEVEL).observed_limit for n in range(60)], dtype=float)
    toys = limits[rng.poisson(4.0 + background)] >= 2.0
    assert row.coverage == pytest.approx(toys.mean(), abs=4 * toys.std() / np.sqrt(len(toys)))
    assert row.coverage >= LEVEL  # mixed limits cover on average over the density


def test_own_method() -> None:
    """An interval that is always [1, 2], and one that fails for odd counts."""
    fixed = coverage(one_background, lambda likelihood, level: (1.0, 2.0), LEVEL, [0.5, 1.0, 3.0])
    assert [round(row.coverage, 9) for row in fixed.rows] == [0, 1, 0]
    assert (fixed.rows[0].above, fixed.rows[2].below) == pytest.approx((1, 1))
    odd = coverage(one_background, lambda x, level: None if x.counts[0] % 2 else (0.0, 9.0), LEVEL, [1.0])
    assert odd.failed[:3] == (1, 3, 5)
    assert odd.rows[0].error == pytest.approx((1 - np.exp(-2 * 2.3)) / 2)
    assert odd.to_json()["rows"][0]["strength"] == 1.0


def test_bad_input() -> None:
    for call, message in [
        (lambda: coverage(one_background, "guess", LEVEL, [1.0]), "unknown interval method 'guess'"),
        (lambda: coverage(one_background, "mixed", 2.0, [1.0]), "level = 2.0"),
        (lambda: coverage(one_background, "mixed", LEVEL, [-1.0]), "strength = -1.0"),
        (lambda: coverage(one_background, "mixed", LEVEL, []), "at least one"),
    ]:
        with pytest.raises((InputError, UnknownName)) as caught:
            call()
        assert message in str(caught.value)
