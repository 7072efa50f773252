"""Inputs on which other tools return nothing, nan or a wrong number; each test names the report that it comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limits.inference.asymptotic import Asymptotic
from limits.inference.limit import p_values, upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, counting
from limits.likelihood.histfactory import load


def shapesys(
    signal: list[float], background: list[float], error: list[float], observed: list[float], **poi: Any
) -> BinnedLikelihood:
    """The model of the reports: one channel, uncorrelated background errors."""
    samples = [
        {"name": "signal", "data": signal, "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
        {
            "name": "background",
            "data": background,
            "modifiers": [{"name": "uncorrelated", "type": "shapesys", "data": error}],
        },
    ]
    parameters = [{"name": "mu", **poi}] if poi else []
    document = {
        "version": "1.0.0",
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": observed}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": parameters}}],
    }
    return load(document)


def is_where_it_says(likelihood: BinnedLikelihood, level: float = 0.95) -> float:
    """The observed limit, after a look at the p-value there, at the band and at the status."""
    found = upper_limit(likelihood, "cls", level)
    assert found.status == "ok", found.warnings
    assert found.observed_limit is not None
    cls = Asymptotic(likelihood, likelihood.observed).p_values(found.observed_limit).cls
    assert cls == pytest.approx(1 - level, rel=1e-4)
    expected = np.array(found.expected_limit, dtype=float)
    assert np.all(np.isfinite(expected))
    assert np.all(np.diff(expected) > 0)
    return found.observed_limit


def test_limit_outside_the_bounds_of_the_parameter_of_interest() -> None:
    """scikit-hep/pyhf#2228 and #620: the search walks outside [0, 0.8] and stops; here bounds of the strength are no wall."""
    model = ([5.0, 10.0], [50.0, 52.0], [3.0, 7.0], [52.0, 54.0])
    bounded = is_where_it_says(shapesys(*model, bounds=[[0, 0.8]], inits=[0.5]))
    assert bounded > 0.8
    assert bounded == pytest.approx(is_where_it_says(shapesys(*model)), rel=1e-9)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e3, 1e9])
def test_limit_of_any_size(scale: float) -> None:
    """scikit-hep/pyhf#762 and #529 (nothing beyond 10), scikit-hep/cabinetry#495 (nothing below 0.1): the limit scales with the signal."""
    reference = is_where_it_says(shapesys([5.0, 10.0], [50.0, 52.0], [3.0, 7.0], [52.0, 54.0]))
    scaled = is_where_it_says(shapesys([5.0 * scale, 10.0 * scale], [50.0, 52.0], [3.0, 7.0], [52.0, 54.0]))
    assert scaled == pytest.approx(reference / scale, rel=1e-6)


@pytest.mark.parametrize("strength", [1e-6, 1e-3, 0.1, 0.5, 0.999, 1.0, 30.0, 1e4])
def test_cls_is_a_number_at_any_strength(strength: float) -> None:
    """scikit-hep/pyhf#1320: CLs is nan for strengths below 1 in a search with few events and many small bins."""
    signal, background = [0.8, 2.5, 0.0, 6.0], [0.02, 0.4, 3.0, 0.0]
    likelihood = shapesys(signal, background, [0.01, 0.2, 1.0, 0.0], [0.0, 1.0, 2.0, 0.0])
    values = Asymptotic(likelihood, likelihood.observed).p_values(strength)
    assert 0 <= values.cls <= 1
    assert all(v is not None and 0 <= v <= 1 for v in values.cls_expected)


def test_excluded_at_the_first_strength_tried() -> None:
    """scikit-hep/cabinetry#495: CLs(0.1) is already below 0.05."""
    likelihood = shapesys([4000.0], [50.0], [5.0], [50.0])
    assert p_values(likelihood, "cls", 0.1).cls < 0.05
    assert is_where_it_says(likelihood) < 0.01


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.just(0.0) | st.floats(1e-3, 50), st.floats(0.1, 200), st.floats(0.01, 0.6), st.floats(-2.5, 2.5)),
        min_size=1,
        max_size=4,
    ),
    st.floats(-6, 6),
)
def test_the_limit_is_where_its_p_value_says(rows: list[tuple[float, float, float, float]], exponent: float) -> None:
    """SpeysideHEP/spey#5 (CLs at the limit is not 0.05) and scikit-hep/pyhf#2232 (no limit at all), for any signal and background."""
    signal, background, error, pull = (np.array(column) for column in zip(*rows, strict=True))
    observed = np.maximum(np.round(background + pull * np.sqrt(background)), 0)
    likelihood = shapesys(
        list(signal * 10**exponent), list(background), list(error * background), [float(n) for n in observed]
    )
    found = upper_limit(likelihood, "cls")
    if not np.any(signal > 0):
        assert found.status == "insensitive"
        return
    assert found.status == "ok", found.warnings
    is_where_it_says(likelihood)


def test_uncertainty_of_the_background_is_used() -> None:
    """SpeysideHEP/spey#11: a limit five times too strong because the uncertainty was ignored; more of it weakens the limit."""
    limits = [is_where_it_says(shapesys([1.0], [5000.0], [error], [5000.0])) for error in (1.0, 300.0, 1000.0)]
    assert limits[0] < limits[1] < limits[2]
    assert limits[2] > 4 * limits[0]


def test_uncertainty_of_the_signal_weakens_the_limit() -> None:
    """SpeysideHEP/spey#37: signal uncertainties made limits stronger."""
    from limits.likelihood.counting import Systematic

    limits = [
        upper_limit(
            counting(5, 1.0, Background(5.0), [Systematic("efficiency", kappa, signal=True, background=False)]),
            "cls-exact",
        ).observed_limit
        for kappa in (1.001, 1.2, 1.5)
    ]
    assert limits == sorted(limits)  # type: ignore[type-var]


@pytest.mark.parametrize("method", ["cls", "cls-q", "cls-toys", "profile"])
def test_empty_bins_and_empty_expectations(method: str) -> None:
    """scikit-hep/pyhf#293, #870, #1040, #1852, #2093; histfitter#19: bins with nothing seen, nothing expected, or neither."""
    samples = [
        {"name": "s", "data": [0.0, 2.0, 1.0, 0.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
        {"name": "b", "data": [0.0, 0.0, 3.0, 4.0], "modifiers": []},
    ]
    document = {
        "version": "1.0.0",
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": [0, 0, 2, 5]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }
    found = upper_limit(load(document), method, toys=200)
    assert found.status == "ok", found.warnings
    assert found.observed_limit is not None
    assert found.observed_limit > 0


def test_toys_in_the_region_that_looks_like_background() -> None:
    """scikit-hep/pyhf#1850: toys fail where the data lie below the background; #1427: one failed fit ends everything."""
    found = upper_limit(counting(0, 1.0, Background(6.0, 0.3, "gamma")), "cls-toys", toys=400)
    assert found.status == "ok", found.warnings
    assert found.observed_limit is not None
    assert 0 < found.observed_limit < 5
