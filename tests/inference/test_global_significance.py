"""Up-crossings against a loop and against Rice's formula; global significances against toys, of processes and of spectra."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, norm

from limits.errors import InputError
from limits.inference.bumps.crossings import (
    Crossings,
    join_toys,
    observed_crossings,
    segments,
    summarise_toys,
    upcrossings,
)
from limits.inference.bumps.global_significance import binomial_interval, extrapolate, global_significance, toy_tail

values = st.one_of(st.floats(0, 4), st.just(float("nan")), st.just(1.0))


def naive(q, level, labels) -> int:
    """One point after the other, remembering the last that has a value."""
    count, last, where = 0, None, None
    for value, label in zip(q, labels, strict=True):
        if np.isnan(value):
            continue
        if last is not None and where == label and last <= level < value:
            count += 1
        last, where = value, label
    return count


@given(
    points=st.lists(st.tuples(values, st.integers(0, 1)), min_size=1, max_size=40),
    level=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_upcrossings_are_those_of_a_loop(points, level) -> None:
    q = np.array([value for value, _ in points])
    labels = np.cumsum([step for _, step in points])
    assert upcrossings(q, level, labels) == naive(q, level, labels)
    assert upcrossings(q, level) == naive(q, level, np.zeros(len(q)))
    both = upcrossings(np.stack([q, q[::-1]]), level, labels)
    assert list(both) == [naive(q, level, labels), naive(q[::-1], level, labels)]


def test_crossings_know_gaps_and_missing_points() -> None:
    q = np.array([0.0, 2.0, 0.0, np.nan, 3.0, 0.0, 5.0])
    assert upcrossings(q, 1.0) == 3
    # The last two rise across the veto: only the first crossing is left in one range, and that over the missing point.
    assert upcrossings(q, 1.0, segments(np.arange(7.0), [(5.2, 5.8)])) == 2
    assert list(segments(np.array([1.0, 2, 3, 7, 8]), [(6, 6.5), (3.5, 4)])) == [0, 0, 0, 2, 2]
    assert list(segments(np.array([1.0, 2]), [])) == [0, 0]
    assert upcrossings(np.array([5.0]), 1.0) == 0


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="veto"):
        segments(np.array([1.0, 2.0]), [(1.5, 2.5)])
    with pytest.raises(InputError, match="ascend"):
        segments(np.array([2.0, 1.0]), [])
    with pytest.raises(InputError, match="shape"):
        upcrossings(np.zeros((2, 2, 2)), 1.0)
    with pytest.raises(InputError, match="shape"):
        upcrossings(np.zeros(4), 1.0, np.zeros(3, dtype=int))
    with pytest.raises(InputError, match="finite number"):
        extrapolate(-1.0, Crossings(0.5, 2.0, 0.1, 1, "observed"))
    with pytest.raises(InputError, match="finite number"):
        extrapolate(float("nan"), Crossings(0.5, 2.0, 0.1, 1, "observed"))
    one = summarise_toys(np.ones((2, 5)))
    with pytest.raises(InputError, match="one level"):
        join_toys([one, summarise_toys(np.ones((2, 5)), 1.0)])
    with pytest.raises(InputError, match="no toy"):
        summarise_toys(np.full((3, 5), np.nan)).mean_crossings()
    with pytest.raises(InputError, match="2 segments"):
        global_significance(np.ones(5), segments=np.array([0, 0, 1, 1, 1]), toys=one)


def test_the_formula_by_hand() -> None:
    found = extrapolate(4.0, Crossings(0.5, 4.34, 0.11, 100, "100 toys"))
    local, fall = norm.sf(4.0), np.exp(-(16 - 0.5) / 2)
    assert found.local_p == pytest.approx(local)
    assert found.p_value == pytest.approx(local + 4.34 * fall)
    assert found.p_error == pytest.approx(0.11 * fall)
    assert found.z == pytest.approx(norm.isf(local + 4.34 * fall))
    assert found.z_error == pytest.approx(0.11 * fall / norm.pdf(found.z))
    assert found.trials_factor == pytest.approx(1 + 4.34 * fall / local)
    assert found.toys is None
    assert (found.status, found.warnings) == ("ok", ())


def test_every_segment_has_a_beginning() -> None:
    seen = Crossings(0.5, 0.0, 1.0, 1, "observed", segments=3)
    assert extrapolate(3.0, seen).p_value == pytest.approx(3 * norm.sf(3.0))


def test_extremes_stay_numbers() -> None:
    seen = Crossings(0.5, 10.0, 3.0, 1, "observed")
    far = extrapolate(60.0, seen)
    assert far.p_value == 0.0
    # The trials factor grows as Z (m exp(c0/2)·√(2π)·Z), and Z itself hardly changes.
    assert far.trials_factor == pytest.approx(10 * np.exp(0.25) * np.sqrt(2 * np.pi) * 60, rel=2e-2)
    assert 59.8 < far.z < 60
    none = extrapolate(0.0, seen)
    assert (none.p_value, none.z, none.z_error) == (1.0, None, None)
    assert any("below the reference" in text for text in none.warnings)
    for result in (far, none):
        json.dumps(result.to_json(), allow_nan=False)


def test_observed_scan_and_its_failures() -> None:
    z = np.array([0.0, 1.5, 0.2, np.nan, 3.5, 0.0, 1.0, 0.1])
    found = global_significance(z)
    assert (found.local_z, found.crossings, found.crossings_from) == (3.5, 3.0, "observed")
    assert found.crossings_error == pytest.approx(np.sqrt(3))
    assert found.status == "partial"
    assert "1 of 8 points" in found.warnings[0]
    assert global_significance(np.nan_to_num(z)).status == "ok"
    # A deficit is no excess: its square must not be seen.
    assert global_significance(np.where(z == 0, -2.0, z)) == found
    for nothing in (np.full(4, np.nan), np.array([1.0, np.inf])):
        failed = global_significance(nothing)
        assert (failed.status, failed.z, failed.p_value) == ("failed", None, None)
        json.dumps(failed.to_json(), allow_nan=False)
    quiet = global_significance(np.ones(5))
    assert (quiet.crossings, quiet.crossings_error) == (0.0, 1.0)
    assert any("no up-crossing" in text for text in quiet.warnings)
    assert observed_crossings(z, segments=segments(np.arange(8.0), [(3.2, 3.8)])).segments == 2


def test_tail_of_toys() -> None:
    maxima = np.arange(100) / 25.0
    tail = toy_tail(3.6, np.append(maxima, np.nan))
    assert (tail.above, tail.toys, tail.p_value) == (10, 100, 0.1)
    side = norm.sf(1)
    assert tail.p_interval == pytest.approx((beta.ppf(side, 10, 91), beta.isf(side, 11, 90)))
    assert tail.p_upper == pytest.approx(beta.ppf(0.95, 11, 90))
    assert tail.z == pytest.approx(norm.isf(0.1))
    assert tail.z_interval == pytest.approx(tuple(norm.isf(p) for p in reversed(tail.p_interval)))
    none = toy_tail(5.0, maxima)
    assert (none.above, none.p_value, none.z, none.z_interval[1]) == (0, 0.0, None, None)
    # No success in n trials: 1 − p = 0.05^(1/n) at 95 %.
    assert none.p_upper == pytest.approx(1 - 0.05 ** (1 / 100))
    assert none.z_lower == pytest.approx(norm.isf(none.p_upper))
    assert toy_tail(-1.0, maxima).z is None
    assert binomial_interval(100, 100)[1] == 1.0


def test_toys_are_joined_and_their_failures_counted() -> None:
    z = np.random.default_rng(3).normal(size=(50, 30)).clip(0)
    z[0], z[1, 4] = np.nan, np.nan
    whole = summarise_toys(z)
    parts = join_toys(summarise_toys(block) for block in np.split(z, 5))
    assert np.array_equal(whole.maxima, parts.maxima, equal_nan=True)
    assert parts.mean_crossings() == whole.mean_crossings()
    counts = np.array([naive(row**2, 0.5, np.zeros(30)) for row in z[1:]])
    seen = whole.mean_crossings()
    assert (seen.mean, seen.error) == pytest.approx((counts.mean(), counts.std(ddof=1) / 7))
    found = global_significance(z[2], toys=parts)
    assert (found.crossings_from, found.status, found.toys.toys) == ("49 toys", "partial", 49)
    assert any("31 fits of toys" in text for text in found.warnings)
    json.dumps(found.to_json(), allow_nan=False)


def test_toys_without_a_fit_leave_the_scan_itself() -> None:
    z = np.array([0.0, 3.0, 0.2, 1.0])
    found = global_significance(z, toys=summarise_toys(np.full((3, 4), np.nan)))
    assert (found.crossings, found.crossings_from, found.toys, found.status) == (2.0, "observed", None, "partial")
    assert "none of 3 toys" in found.warnings[0]


def gaussian_process(count: int, points: int, step: float, seed: int) -> np.ndarray:
    """Stationary, unit variance, correlation exp(−τ²/2): white noise smoothed with a Gaussian of width 1/√2."""
    rng = np.random.default_rng(seed)
    reach = round(5 / step)
    kernel = np.exp(-((np.arange(-reach, reach + 1) * step) ** 2))
    kernel /= np.sqrt(np.sum(kernel**2))
    size = points + 2 * reach
    noise = np.fft.rfft(rng.normal(size=(count, size)))
    smooth = np.fft.irfft(noise * np.fft.rfft(kernel, size), size)
    return smooth[:, 2 * reach :]


def test_crossings_of_a_known_process_follow_rice_and_extrapolate_to_the_tail() -> None:
    """Rice: length/(2π)·√−ρ''(0)·exp(−u²/2) crossings of u; here ρ''(0) = −1. Steps of 0.1 lose less than 2 % up to u = 3."""
    count, points, step = 6000, 201, 0.1
    process = gaussian_process(count, points, step, 1)
    assert process.std() == pytest.approx(1, abs=0.01)
    z = process.clip(0)
    rice = (points - 1) * step / (2 * np.pi)
    for u in (0.5, 1.0, 2.0, 2.5, 3.0):
        counts = upcrossings(z**2, u * u)
        error = counts.std() / np.sqrt(count)
        assert counts.mean() == pytest.approx(rice * np.exp(-u * u / 2), abs=4 * error, rel=0.02)
    toys = summarise_toys(z)
    for u in (2.0, 2.5, 3.0, 3.5):
        agree(extrapolate(u, toys.mean_crossings(), toys), 0.03)


def test_two_ranges_far_apart_are_two_looks() -> None:
    """Beyond the correlation length, a gap makes two processes: both beginnings count."""
    z = gaussian_process(6000, 401, 0.1, 2).clip(0)
    keep = np.r_[0:21, 380:401]
    labels = segments(keep * 0.1, [(3.0, 35.0)])
    toys = summarise_toys(z[:, keep], 0.5, labels)
    assert toys.segments == 2
    for u in (2.0, 2.5, 3.0):
        agree(extrapolate(u, toys.mean_crossings(), toys), 0.03)


def agree(found, few: float) -> None:
    """Toys between the bound p and what independent excursions give, 1 − exp(−p), within 3 binomial errors and `few`."""
    tail = found.toys
    error = np.sqrt(found.p_value * (1 - min(found.p_value, 0.99)) / tail.toys)
    assert tail.p_value < (1 + few) * found.p_value + 3 * error
    assert tail.p_value > (1 - few) * -np.expm1(-found.p_value) - 3 * error


@pytest.mark.parametrize(("step", "bins"), [(1, 260), (2, 400)])
def test_streamed_toys_of_a_spectrum_agree_with_the_extrapolation(step: int, bins: int) -> None:
    """σ of 8 bins, windows of 200 bins, one mass every 1 or 2 bins; 10 %: local Z > 3 is 4 % (±2 %) rarer than asymptotically in
    these spectra (40000 toys), and a step of σ/4 misses 2 % more of the crossings at Z = 3 than of those at the reference level."""
    pytest.importorskip("numba")
    from limits.kernel.linear.scan import prepare, stream_toys
    from limits.kernel.linear.shapes import CrystalBall
    from limits.kernel.linear.window import binned

    expected, windows = 110 - 0.06 * np.arange(bins), []
    for offset in range(0, bins - 199, step):
        edges = np.arange(offset, offset + 201.0)
        signal = CrystalBall((edges[0], edges[-1]), offset + 100, 8.0, 1.4, 3.0, 1.8, 5.0)
        windows.append(prepare(binned(expected[offset : offset + 200], edges, signal, 3), offset))
    batches = stream_toys(expected, windows, 2500, 100)
    toys = join_toys(summarise_toys(batch.significance.T) for batch in batches)
    assert toys.missing.sum() == 0
    for z in (2.0, 2.5, 3.0):
        agree(extrapolate(z, toys.mean_crossings(), toys), 0.1)
