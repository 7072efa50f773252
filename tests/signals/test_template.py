"""A tabulated signal: printed yields, and how they scale."""

from __future__ import annotations

import numpy as np
import pytest

from limits.assemble import prepare
from limits.errors import InputError, LimitsError
from limits.search import load
from limits.signals import SIGNALS


def test_printed_yields() -> None:
    """719.799 and 1811.243 events in Runs 1 and 3 at ε = 1e-3, 50 MeV, before the factor of 1.1 (public notebook of the analysis)."""
    search = load("microboone-trident")
    events = prepare(search, "dark-trident", 0.05).yields([1e-6])[0].events
    assert events.shape[0] == 1
    assert events.sum() == pytest.approx(1.1 * (719.799 + 1811.243), rel=2e-3)
    # 763695.1 in Run 3 at 10 MeV; Run 1 has the same ratio to it as at 50 MeV.
    light = prepare(search, "dark-trident", 0.01).events([1e-6])[0]
    assert light == pytest.approx(1.1 * 763695.1 * (1 + 719.799 / 1811.243), rel=2e-3)


def test_scaling() -> None:
    """Events ∝ ε⁴ α_D³; the coupling is ε²."""
    search = load("microboone-trident")
    events = prepare(search, "dark-trident", 0.05).yields([1e-7, 2e-7])[0].events
    assert events[1] == pytest.approx(4 * events[0])
    strong = prepare(search.with_values({"alpha_d": 0.2}), "dark-trident", 0.05).yields([1e-7])[0].events
    assert strong[0] == pytest.approx(8 * events[0])


def test_shape_uncertainty_is_two_in_quadrature() -> None:
    """18 % of the detector and 5.1 % of the cross-section at 50 MeV, 1.2 % at 10 MeV, in every bin on its own."""
    search = load("microboone-trident")
    for mass, size in ((0.05, np.hypot(0.18, 0.051)), (0.01, np.hypot(0.18, 0.012))):
        expected = prepare(search, "dark-trident", mass).yields([1e-7, 1e-6])[0]
        assert not expected.correlated
        assert expected.relative["signal-shape"] == pytest.approx(np.full(expected.events.shape, size), rel=1e-6)


@pytest.mark.parametrize("coupling", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_coupling(coupling: float) -> None:
    with pytest.raises(InputError, match="coupling"):
        prepare(load("microboone-trident"), "dark-trident", 0.05).events([coupling])


def test_refusals() -> None:
    search = load("microboone-trident")
    with pytest.raises(LimitsError, match="hypothesis"):
        SIGNALS["template"](search, search.channels[0], "mesogenesis", 0.05)
    with pytest.raises(InputError, match="mass"):
        prepare(search, "dark-trident", 0.03)
