"""Expected events against sums done another way, and the acceptance of an offset circle against points thrown at it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from limits import signals
from limits.assemble import signal
from limits.errors import InputError, LimitsError
from limits.physics import weizsaecker_williams
from limits.search import load
from limits.units import mass


def test_offset_circle_against_thrown_points() -> None:
    rng = np.random.default_rng(1)
    phi = rng.uniform(0, 2 * np.pi, 400_000)
    for radius in (0.01, 0.03, 0.05, 0.1, 0.16, 0.17):
        hit = np.mean((radius * np.cos(phi)) ** 2 + (radius * np.sin(phi) + 0.065) ** 2 < 0.1**2)
        assert signals.inside_offset_circle(radius, 0.1, 0.065) == pytest.approx(hit, abs=3e-3)
    assert signals.inside_offset_circle(0.0, 0.1, 0.065) == 1.0
    assert signals.inside_offset_circle([0.05, 0.2], 0.1, 0.0).tolist() == [1.0, 0.0]


def test_missing_energy_yield_is_luminosity_times_cross_section() -> None:
    """0.01470 pb⁻¹ of muons on lead (own calculation from 1.98e10 muons and 255 g/cm²), arXiv:2401.01708."""
    search = load("na64mu-zprime")
    for m in (0.001, 0.1, 1.0):
        events = signal(search, "lmu-ltau", m)([1e-3]).events[0, 0]
        sigma = float(weizsaecker_williams.cross_section(m)) * 1e-6
        assert events == pytest.approx(0.01470 * sigma, rel=2e-3)


def test_missing_energy_without_dark_matter_loses_the_muons() -> None:
    search = load("na64mu-zprime")
    with_dark = signal(search, "lmu-ltau", 0.5)([1e-3]).events[0, 0]
    vanilla = signal(search.with_values({"alpha_d": 0}), "lmu-ltau", 0.5)([1e-3]).events[0, 0]
    assert vanilla / with_dark == pytest.approx(0.503, abs=1e-3)


def test_displaced_yield_against_thrown_decays() -> None:
    """Mesons thrown with random numbers and decayed one by one, A′ followed to the detector plane with its azimuth."""
    search, m, mixing = load("faser-aprime"), 0.05, 2e-5
    expected = signals._from_mesons(search, m)
    total = sum(float(weight.sum()) for _, weight in expected)
    rng = np.random.default_rng(2)
    table = search.table("spectra.csv")
    counts = np.stack([table[n] for n in sorted(table) if n.startswith("n")], axis=1)
    thrown = 0.0
    for pid, name, diphoton in ((111, "pi0", 0.98823), (221, "eta", 0.3936)):
        rows, columns = np.nonzero(counts * (table["pid"] == pid)[:, None])
        weight = counts[rows, columns] * table["pb_per_count"][rows]
        pick = rng.choice(len(rows), 600_000, p=weight / weight.sum())
        row, column = rows[pick], columns[pick]
        low, high = table["log10_theta_low"][row], table["log10_theta_high"][row]
        theta = 10 ** rng.uniform(low, high)
        p = 10 ** (table["log10_p_low"][row] + table["log10_p_step"][row] * (column + rng.uniform(size=len(row))))
        thrown += (
            _thrown_cross_section(rng, theta, p, mass(name), m, search)
            * weight.sum()
            * 2
            * diphoton
            * (1 - (m / mass(name)) ** 2) ** 3
        )
    assert total == pytest.approx(thrown, rel=0.02)
    assert signal(search, "aprime", m)([mixing]).events[0, 0] > 0


def _thrown_cross_section(rng, theta, p, parent, m, search) -> float:  # type: ignore[no-untyped-def]
    """Share of mesons whose A′ crosses the offset disc above the threshold, by explicit four-vectors."""
    size = len(theta)
    star = (parent**2 - m**2) / (2 * parent)
    cos = rng.uniform(-1, 1, size)
    phi, azimuth = rng.uniform(0, 2 * np.pi, (2, size))
    sin = np.sqrt(1 - cos**2)
    gamma, beta_gamma = np.hypot(p, parent) / parent, p / parent
    energy_star = np.hypot(star, m)
    z = gamma * star * cos + beta_gamma * energy_star
    x, y = star * sin * np.cos(phi), star * sin * np.sin(phi)
    x, z = x * np.cos(theta) + z * np.sin(theta), z * np.cos(theta) - x * np.sin(theta)
    x, y = x * np.cos(azimuth) - y * np.sin(azimuth), x * np.sin(azimuth) + y * np.cos(azimuth)
    at = search.value("distance") / z
    hit = (x * at) ** 2 + (y * at - search.value("axis_offset")) ** 2 < search.value("aperture_radius") ** 2
    fast = np.sqrt(x**2 + y**2 + z**2 + m**2) > search.value("energy_threshold")
    return float(np.mean(hit & fast & (z > 0)))


def test_bremsstrahlung_rate_against_adaptive_integration() -> None:
    from limits.physics import bremsstrahlung

    search, m = load("faser-aprime"), 0.05
    found = float(signals._from_bremsstrahlung(search, m)[1].sum())

    def over_pt(z: float) -> float:
        def density(pt: float) -> float:
            hits = signals.inside_offset_circle(480 * pt / (z * 6800), 0.1, 0.065)
            return float(bremsstrahlung.cross_section(m, z, pt, 13600.0) * 2 * pt * hits)

        edge = 0.165 / 480 * z * 6800
        return quad(density, 0, min(1.0, edge), limit=200)[0]

    z = np.linspace(500 / 6800, 0.9999, 60)
    assert found == pytest.approx(np.trapezoid([over_pt(float(v)) for v in z], z), rel=0.02)


def test_yields_are_smooth_in_the_coupling() -> None:
    """No Monte-Carlo noise: an edge may be refined to any precision."""
    events = signal(load("faser-aprime"), "aprime", 0.05)(np.geomspace(1e-5, 1.001e-5, 50)).events[:, 0]
    assert np.all(np.abs(np.diff(np.log(events), n=2)) < 1e-8)


def test_trident_scales_with_the_fourth_power() -> None:
    search = load("microboone-trident")
    events = signal(search, "dark-trident", 0.05)([1e-7, 2e-7]).events
    assert events[1] == pytest.approx(4 * events[0])
    strong = signal(search.with_values({"alpha_d": 0.2}), "dark-trident", 0.05)([1e-7]).events[0]
    assert strong == pytest.approx(8 * events[0])


@pytest.mark.parametrize("coupling", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_coupling(coupling: float) -> None:
    with pytest.raises(InputError, match="coupling"):
        signal(load("faser-aprime"), "aprime", 0.05)([coupling])


def test_wrong_hypothesis() -> None:
    for function in signals.SIGNALS.values():
        with pytest.raises(LimitsError, match="hypothesis"):
            function(load("faser-aprime"), "mesogenesis", 0.05)
