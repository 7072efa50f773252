"""Toys: pulls, agreement with single fits, and the same numbers whatever the batch, the threads or the first toy."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from limits.errors import InputError
from limits.kernel.linear.fit import asimov_curve, fit
from limits.kernel.linear.measure import measure
from limits.kernel.linear.results import Status
from limits.kernel.linear.scan import Toys, ToyWindow, prepare, stream_toys, throw
from limits.kernel.linear.shapes import CrystalBall
from limits.kernel.linear.window import Window, binned, unbinned

EDGES = np.linspace(1.0, 1.5, 501)
EXPECTED = 110 - 60 * (EDGES[1:] - 1.0)


def window_at(offset: int, order: int = 3, counts: np.ndarray = EXPECTED) -> Window:
    edges = EDGES[offset : offset + 201]
    low, high = float(edges[0]), float(edges[-1])
    signal = CrystalBall((low, high), (low + high) / 2, 0.008, 1.4, 3.0, 1.8, 5.0)
    return binned(counts[offset : offset + 200], edges, signal, order)


def collect(windows: list[ToyWindow], count: int, **options) -> dict[str, np.ndarray]:
    parts = list(stream_toys(options.pop("expected", EXPECTED), windows, count, 11, **options))
    names = [name for name in Toys.__dataclass_fields__ if name != "first"]
    return {name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names}


WINDOWS = [prepare(window_at(offset, order), offset) for offset, order in ((0, 3), (100, 4), (300, 5))]


def test_toys_agree_with_fits_of_the_same_counts() -> None:
    found = collect(WINDOWS, 12)
    spectra = throw(EXPECTED, 0, 12, 11)
    for w, (offset, order) in enumerate(((0, 3), (100, 4), (300, 5))):
        for t in range(12):
            alone = measure(window_at(offset, order, spectra[t]), nodes=13)
            assert found["strength"][w, t] == pytest.approx(alone.strength, abs=1e-5 * alone.sigma)
            assert found["sigma"][w, t] == pytest.approx(alone.sigma, rel=1e-4)
            assert found["significance"][w, t] == pytest.approx(alone.significance, abs=1e-5)
            assert found["bayes"][w, t] == pytest.approx(alone.bayes, rel=1e-6)
            # The toy uses the Asimov data of the background thrown, the single fit those of its own background.
            assert found["cls"][w, t] == pytest.approx(alone.cls, rel=0.02)


def test_cls_of_toys_uses_the_asimov_data_of_what_was_thrown() -> None:
    from limits.kernel.linear import upper
    from limits.kernel.linear.curve import span
    from limits.kernel.linear.fit import curve

    found = collect(WINDOWS[:1], 8)
    expected = asimov_curve(window_at(0), fit(window_at(0), 0.0).theta)
    for t, counts in enumerate(throw(EXPECTED, 0, 8, 11)):
        window = window_at(0, 3, counts)
        best = fit(window)
        low, high = span(best.strength, best.sigma, 0.0)
        shape = curve(window, best, low, high, 13)
        floor = float(shape(np.array(0.0))) if best.strength < 0 else 0.0
        where = (shape.poly, low, high, best.strength, floor, expected.poly, expected.low, expected.high, 0.95)
        assert found["cls"][0, t] == pytest.approx(upper.cls(*where), rel=1e-6)


def test_pulls_are_standard_and_evaluations_few() -> None:
    found = collect(WINDOWS, 1500, nodes=0)
    pull = found["strength"] / found["sigma"]
    assert np.all(found["status"] == 0)
    assert np.all(np.abs(pull.mean(axis=1)) < 4 / np.sqrt(1500) + 0.03)
    assert pull.std(axis=1) == pytest.approx(np.ones(3), abs=4 / np.sqrt(3000) + 0.01)
    assert found["evaluations"].mean() < 4
    assert not np.any(found["robust"])


def test_coverage_of_both_limits_at_zero_strength_is_that_of_the_level() -> None:
    """Limits never exclude zero; what they must do is scatter around the expected one as a Gaussian measurement does."""
    found = collect(WINDOWS[:1], 1500)
    ratio = found["bayes"] / found["sigma"]
    assert np.median(ratio) == pytest.approx(1.96, abs=0.06)
    assert np.median(found["cls"] / found["sigma"]) == pytest.approx(1.96, abs=0.06)
    assert np.mean(found["significance"] > 1) == pytest.approx(0.159, abs=0.04)


@pytest.mark.parametrize("options", [{"batch": 7}, {"batch": 1000}, {"threads": 3}, {"threads": 2, "batch": 33}])
def test_same_seed_same_answer(options: dict[str, int]) -> None:
    one, other = collect(WINDOWS, 60, batch=60), collect(WINDOWS, 60, **options)
    for name, values in one.items():
        assert np.array_equal(values, other[name], equal_nan=True)


def test_resuming_gives_the_same_toys() -> None:
    whole, rest = collect(WINDOWS, 30), collect(WINDOWS, 10, first=20)
    for name, values in whole.items():
        assert np.array_equal(values[:, 20:], rest[name], equal_nan=True)


def test_sparse_toys_are_flagged_and_a_barrier_helps() -> None:
    thin = np.full(500, 0.05)
    without = collect([prepare(window_at(0, 3, thin), 0)], 300, expected=thin)
    failed = without["status"] != Status.CONVERGED
    assert 0.2 < failed.mean() < 1
    for name in ("strength", "sigma", "significance", "bayes", "cls"):
        assert np.all(np.isnan(without[name][failed]))
    helped = collect([prepare(window_at(0, 3, thin).with_barrier(1e-3), 0)], 300, expected=thin, nodes=0)
    assert np.mean(helped["status"] != 0) < 0.02
    assert helped["robust"].any()


def test_what_cannot_be_thrown_is_refused() -> None:
    signal = CrystalBall((1.4, 1.6), 1.5, 0.008, 1.4, 3.0, 1.8, 5.0)
    with pytest.raises(InputError, match="binned"):
        prepare(unbinned(np.linspace(1.4, 1.6, 50), signal, 2), 0)


def test_a_toy_with_a_strong_signal_has_its_significance() -> None:
    loud = EXPECTED.copy()
    loud[90:110] += 400
    found = collect(WINDOWS[:1], 3, expected=loud)
    for t, counts in enumerate(throw(loud, 0, 3, 11)):
        assert found["significance"][0, t] == pytest.approx(measure(window_at(0, 3, counts)).significance, rel=1e-6)
