"""Events of e⁺e⁻ → μ⁺μ⁻μ⁺μ⁻: volume of phase space, cross-sections, normalisation of weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import dblquad

from limits.errors import InputError
from limits.units import mass as particle_mass

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "fourmuon" / "background.py"
SQRT_S = 10.58
BOOST = 0.284  # βγ of SuperKEKB, a recollection
MUON = particle_mass("mu-")

Real = NDArray[np.float64]


@pytest.fixture(scope="module")
def background() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fourmuon_background", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shares(background: ModuleType) -> Real:
    return background.tuned_shares(SQRT_S, np.random.default_rng(1), lambda p: in_detector(background, p), rounds=3)


@pytest.fixture(scope="module")
def sample(background: ModuleType, shares: Real) -> tuple[Real, Real]:
    rng = np.random.default_rng(2)
    return background.background_events(120_000, SQRT_S, rng, lambda p: in_detector(background, p), shares)


def in_detector(background: ModuleType, momenta: Real) -> NDArray[np.bool_]:
    """17° < θ < 150° and p_T > 0.15 GeV for all, p > 0.7 GeV for three of four."""
    inside = background.within(momenta, BOOST, 0.15, (17.0, 150.0))
    energy = np.sqrt(1.0 + BOOST**2) * momenta[..., 0] + BOOST * momenta[..., 3]
    return inside & (np.sum(energy**2 - MUON**2 > 0.7**2, axis=1) >= 3)


def agrees(weights: Real, expected: float, error: float = 0.0) -> bool:
    spread = np.hypot(weights.std() / np.sqrt(len(weights)), error)
    return bool(abs(weights.mean() - expected) < 4.0 * spread)


def masses(momenta: Real) -> Real:
    pairs = np.stack([momenta[:, i] + momenta[:, j] for i in (0, 2) for j in (1, 3)])
    return np.sqrt(pairs[..., 0] ** 2 - np.sum(pairs[..., 1:] ** 2, axis=-1))


@pytest.mark.parametrize("sqrt_s", [0.6, 3.0, SQRT_S])
@pytest.mark.parametrize("part", [0.3, 1.0])
def test_volume_of_phase_space(
    background: ModuleType, monkeypatch: pytest.MonkeyPatch, sqrt_s: float, part: float
) -> None:
    def root(a: float, b: float, c: float) -> float:
        return np.sqrt(max((a - b - c) ** 2 - 4.0 * b * c, 0.0))

    def inner(two: float, one: float) -> float:
        m1, m2 = one**2, two**2
        volume = root(sqrt_s**2, m1, m2) / sqrt_s**2 * root(m1, MUON**2, MUON**2) / m1 * root(m2, MUON**2, MUON**2) / m2
        return 4.0 * one * two * volume / ((2.0 * np.pi) ** 2 * (8.0 * np.pi) ** 3)

    # All of it, and where the first pair is light.
    edge = 2.0 * MUON + part * (sqrt_s - 4.0 * MUON)
    exact = dblquad(inner, 2.0 * MUON, edge, 2.0 * MUON, lambda one: sqrt_s - one, epsrel=1e-6)[0]
    # With |M|² = 1 the cross-section is the volume over 8 s.
    monkeypatch.setattr(background, "squared_amplitude", lambda momenta, alpha: np.ones(len(momenta)))
    momenta, weights = background.background_events(150_000, sqrt_s, np.random.default_rng(3))
    weights = weights * (masses(momenta)[0] < edge)
    assert agrees(weights, exact / (8.0 * sqrt_s**2) * 3.893793721e11)
    assert weights.std() / np.sqrt(len(weights)) < 0.006 * weights.mean()


def test_momenta_balance_and_are_on_shell(sample: tuple[Real, Real]) -> None:
    momenta, _ = sample
    np.testing.assert_allclose(momenta.sum(axis=1), np.broadcast_to([SQRT_S, 0, 0, 0], (len(momenta), 4)), atol=1e-11)
    np.testing.assert_allclose(momenta[..., 0] ** 2 - np.sum(momenta[..., 1:] ** 2, axis=-1), MUON**2, atol=1e-11)


def test_cross_section_in_a_detector(sample: tuple[Real, Real]) -> None:
    # Independent calculation of the same diagrams: 109.3 ± 0.2 fb.
    assert agrees(sample[1], 109.3, 0.2)
    assert sample[1].std() / np.sqrt(len(sample[1])) < 0.4


def test_candidates_per_mev(sample: tuple[Real, Real]) -> None:
    # The same calculation, two digits, in 178 fb⁻¹ with all four pairs of opposite charge. Its mass windows are not known: those here
    # are a tenth of the mass and at most half a GeV, which matters at 0.3 and 9 GeV, where the spectrum bends.
    momenta, weights = sample
    expected = {
        0.3: 40.0,
        0.5: 25.0,
        1.0: 13.5,
        2.0: 10.7,
        3.0: 9.4,
        4.0: 8.2,
        5.0: 6.6,
        6.0: 5.3,
        7.0: 4.6,
        8.0: 4.3,
        9.0: 3.6,
    }
    found = masses(momenta)
    for mass, density in expected.items():
        width = min(0.1 * mass, 0.5)
        inside = np.sum(np.abs(found - mass) < width, axis=0) * weights
        assert inside.mean() * 178.0 / (2000.0 * width) == pytest.approx(density, rel=0.06), mass


def test_total_cross_section_does_not_depend_on_the_shares(background: ModuleType, shares: Real) -> None:
    rng = np.random.default_rng(4)
    _, even = background.background_events(60_000, SQRT_S, rng)
    best = background.tuned_shares(SQRT_S, rng, rounds=2)
    _, tuned = background.background_events(60_000, SQRT_S, rng, shares=best)
    # Independent calculation: 325 to 345 fb.
    assert 325.0 < tuned.mean() < 345.0
    assert agrees(even, tuned.mean(), tuned.std() / np.sqrt(len(tuned)))
    assert tuned.std() < even.std()
    assert tuned.max() < 20.0 * tuned.mean()


def test_mean_weight_is_the_cross_section_of_the_accepted_region(
    background: ModuleType, sample: tuple[Real, Real]
) -> None:
    momenta, weights = background.background_events(60_000, SQRT_S, np.random.default_rng(5))
    assert momenta.shape == (60_000, 4, 4)
    assert agrees(weights * in_detector(background, momenta), sample[1].mean(), 0.3)


def test_unweighting_keeps_means_and_shapes(background: ModuleType, sample: tuple[Real, Real]) -> None:
    momenta, weights = sample
    fewer, even = background.unweight(momenta, weights, np.random.default_rng(6), 3.0 * weights.mean())
    assert 0.2 * len(weights) < len(even) < 0.6 * len(weights)
    assert even.sum() ** 2 / np.sum(even**2) > 0.9 * len(even)
    assert even.mean() == pytest.approx(weights.mean(), rel=0.01)
    for mass in (0.5, 2.0, 9.0):
        before = np.mean(weights * np.sum(masses(momenta) < mass, axis=0))
        assert np.mean(even * np.sum(masses(fewer) < mass, axis=0)) == pytest.approx(before, rel=0.02)


def test_same_seed_same_events(background: ModuleType) -> None:
    one, two = (background.background_events(50, SQRT_S, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_bad_requests(background: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    with pytest.raises(InputError, match="size"):
        background.background_events(0, SQRT_S, rng)
    with pytest.raises(InputError, match="four muons need"):
        background.background_events(1, 0.42, rng)
    with pytest.raises(InputError, match="cut"):
        background.unweight(np.zeros((1, 4, 4)), np.ones(1), rng, 0.0)
    monkeypatch.setattr(background, "_BLOCK", 100)
    with pytest.raises(InputError, match="let through"):
        background.background_events(1, SQRT_S, rng, lambda p: np.zeros(len(p), dtype=np.bool_))
