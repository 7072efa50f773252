"""Rays aimed at a disc against mesons decayed forward, one by one, and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from limits.physics.meson_decays import MesonDecay
from limits.signals import rays
from limits.signals.rays import (
    Disc,
    Rays,
    bins,
    from_decay,
    from_density,
    from_mixing,
    inverted,
    join,
    lattice,
    parents,
)

Array = NDArray[np.float64]
HEAVY, PARTNER = 0.5, 0.1
DISC = Disc(100.0, 1.0, 0.3)


def table(*rows: tuple[int, float, float, list[float]]) -> dict[str, Array]:
    """Rows of (pid, lower and upper edge in log10 θ, counts); momenta from 10 GeV on in steps of 0.2 in log10."""
    columns: dict[str, list[float]] = {"pid": [], "log10_theta_low": [], "log10_theta_high": []}
    for pid, low, high, _ in rows:
        columns["pid"].append(pid)
        columns["log10_theta_low"].append(low)
        columns["log10_theta_high"].append(high)
    n = len(rows)
    extra = {"log10_p_low": [1.0] * n, "log10_p_step": [0.2] * n, "per_count": [1e-3] * n, "multiplicity": [1.0] * n}
    counts = {f"n{i:02d}": [row[3][i] for row in rows] for i in range(len(rows[0][3]))}
    return {name: np.array(values, dtype=float) for name, values in (columns | extra | counts).items()}


SPECTRUM = table(
    (111, -4, -3, [3, 2, 1]),
    (111, -3, -2, [40, 30, 10]),
    (111, -2, -1.5, [900, 500, 90]),
    (221, -3, -2, [7, 0, 1]),
)


def thrown_mesons(rng: np.random.Generator, pid: int, size: int) -> tuple[Array, Array, float]:
    """Momentum, angle, and weight of each meson, thrown bin by bin without any help."""
    counts = np.stack([SPECTRUM[f"n{i:02d}"] for i in range(3)], axis=1) * (SPECTRUM["pid"] == pid)[:, None]
    pick = rng.choice(counts.size, size, p=(counts / counts.sum()).ravel())
    row, column = pick // 3, pick % 3
    angle = 10 ** rng.uniform(SPECTRUM["log10_theta_low"][row], SPECTRUM["log10_theta_high"][row])
    return 10 ** (1 + 0.2 * (column + rng.uniform(size=size))), angle, 1e-3 * float(counts.sum()) / size


def thrown_daughters(
    rng: np.random.Generator, p: Array, angle: Array, parent: float, m: float, partner: float
) -> Array:
    """Four-momenta (4, n) of daughters, isotropic in the rest frame, by a boost along an arbitrary direction."""
    size, phi = len(p), rng.uniform(0, 2 * np.pi, len(p))
    star = np.sqrt((parent**2 - (m + partner) ** 2) * (parent**2 - (m - partner) ** 2)) / (2 * parent)
    direction = rng.normal(size=(3, size))
    q = star * direction / np.linalg.norm(direction, axis=0)
    energy = np.sqrt(star**2 + m**2)
    flight = np.array([np.sin(angle) * np.cos(phi), np.sin(angle) * np.sin(phi), np.cos(angle)])
    gamma = np.sqrt(1 + (p / parent) ** 2)
    along = np.sum(flight * q, axis=0)
    q = q + flight * ((gamma - 1) * along + p / parent * energy)
    return np.array([gamma * energy + p / parent * along, *q])


def hits(q: Array, disc: Disc) -> NDArray[np.bool_]:
    x, y = disc.distance * q[1] / q[3], disc.distance * q[2] / q[3]
    return np.asarray((q[3] > 0) & (x**2 + (y - disc.offset) ** 2 < disc.radius**2))


@pytest.mark.parametrize(("m", "partner"), [(0.01, 0.0), (0.2, PARTNER), (0.39, PARTNER), (0.48, 0.0)])
def test_rays_against_mesons_decayed_forward(m: float, partner: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Light and heavy daughters; 0.39 GeV is near the end of phase space, all daughters are slow there."""
    monkeypatch.setattr(rays, "PARENTS", 2**18)  # slices of a few per cent are looked at
    rng = np.random.default_rng(int(m * 1000))
    p, angle, weight = thrown_mesons(rng, 111, 2_000_000)
    q = thrown_daughters(rng, p, angle, HEAVY, m, partner)
    q = q[:, hits(q, DISC)]
    found = from_decay(
        parents(SPECTRUM, bins(SPECTRUM, 111, HEAVY, 0.5, DISC)), MesonDecay(111, HEAVY, partner, 0.25), m, DISC
    )
    momentum = np.linalg.norm(q[1:], axis=0)
    for low, high in [(0, np.inf), (0, 10), (10, 20), (20, np.inf)]:
        inside = (found.momentum > low) & (found.momentum < high)
        expected = int(np.sum((momentum > low) & (momentum < high)))
        total = float(found.weight[inside].sum())
        error = 3.5 * max(expected, 1) ** -0.5 + (0.02 if high - low == np.inf and not low else 0.035)
        assert total == pytest.approx(0.25 * weight * expected, rel=error)
    x = np.average(found.slope_x, weights=found.weight), np.average(found.slope_y, weights=found.weight)
    spread = 4 * DISC.radius / DISC.distance * len(momentum) ** -0.5 + 3e-4
    assert x == pytest.approx((np.mean(q[1] / q[3]), np.mean(q[2] / q[3])), abs=spread)


@pytest.mark.parametrize("boost", [0.3, 5.0, 300.0])
def test_jacobian_of_a_massless_daughter(boost: float) -> None:
    """Aberration: p = p*/(γ − βγ cos ω) and dΩ*/dΩ = (p/p*)²; one solution."""
    cosine = np.linspace(-1, 1, 41)
    momenta, jacobians = inverted(np.full(41, boost), (1 - cosine) / 2, 0.07, 0.0)
    expected = 0.07 / (np.hypot(1, boost) - boost * cosine)
    assert momenta[0] == pytest.approx(expected, rel=1e-9)
    assert jacobians[0] == pytest.approx((expected / 0.07) ** 2, rel=1e-9)
    assert not jacobians[1].any()


@pytest.mark.parametrize(("boost", "mass"), [(0.2, 0.1), (3.0, 0.01), (3.0, 0.3), (50.0, 1.0), (0.6, 0.2)])
def test_solid_angles_add_up(boost: float, mass: float) -> None:
    """∫dΩ dΩ*/dΩ = 4π. A daughter slower than its parent, v* < β, turns round at cos θ* = −v*/β: (1 + v*/β)/2 are on the fast branch."""
    star = 0.1
    slow = star / np.hypot(star, mass) / (boost / np.hypot(1, boost))
    edge = min(star / (mass * boost), 1.0)
    turn = float(np.arcsin(edge)) if slow < 1 else np.pi

    def share(branch: int) -> float:
        def integrand(t: float) -> float:
            # ω = turn (1 − t²) takes the root out of the end of the range.
            omega = turn * (1 - t**2)
            found = inverted(np.array([boost]), np.array([np.sin(omega / 2) ** 2]), star, mass)[1][branch]
            return float(found[0]) / 2 * np.sin(omega) * turn * 2 * t

        return float(quad(integrand, 0, 1, limit=400, epsrel=1e-8)[0])

    assert share(0) == pytest.approx((1 + min(slow, 1)) / 2, rel=1e-5)
    assert share(1) == pytest.approx((1 - min(slow, 1)) / 2, rel=1e-5, abs=1e-12)


def test_inversion_finds_the_momentum_of_a_boost() -> None:
    rng = np.random.default_rng(3)
    star, mass, boost = 0.1, 0.2, 10 ** rng.uniform(-1, 4, 5000)
    cos_star = rng.uniform(-1, 1, 5000)
    energy = np.hypot(star, mass)
    along, across = np.hypot(1, boost) * star * cos_star + boost * energy, star * np.sqrt(1 - cos_star**2)
    p, omega = np.hypot(along, across), np.arctan2(across, along)
    momenta, _ = inverted(boost, np.sin(omega / 2) ** 2, star, mass)
    nearest = np.minimum(np.abs(momenta[0] / p - 1), np.abs(momenta[1] / p - 1))
    # At the turning point the root of the equation is zero, and rounding counts as its square root.
    assert nearest.max() < 1e-5
    assert np.median(nearest) < 1e-12


def test_nothing_flies_backwards_or_beyond_the_cone() -> None:
    """A daughter with v* < β stays within sin ω = p*/(m βγ)."""
    star, mass, boost = 0.05, 0.3, np.full(200, 2.0)
    limit = np.arcsin(star / (mass * 2.0))
    omega = np.linspace(0.001, np.pi, 200)
    _, jacobians = inverted(boost, np.sin(omega / 2) ** 2, star, mass)
    for jacobian in jacobians:
        assert np.array_equal(jacobian > 0, omega < limit)


def test_points_fill_the_disc_evenly() -> None:
    u, v = lattice(20_000, 2)
    x, y = DISC.points(u, v)
    r2 = x**2 + (y - DISC.offset) ** 2
    assert r2.max() < 1
    # Of a uniform disc of radius 1: ⟨r²⟩ = 1/2, ⟨x²⟩ = 1/4; centre of gravity at the offset.
    assert np.mean(r2) == pytest.approx(0.5, abs=1e-3)
    assert np.mean(x**2) == pytest.approx(0.25, abs=1e-3)
    assert (np.mean(x), np.mean(y)) == pytest.approx((0, DISC.offset), abs=1e-3)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 6])
def test_lattice_integrates_better_than_random_numbers(dimensions: int) -> None:
    points = lattice(2**14, dimensions)
    assert points.shape == (dimensions, 2**14)
    assert points.min() >= 0
    assert points.max() < 1
    # ∫Π (π/2) sin(πu) = 1, with a variance of (π²/8)^d − 1 for random points.
    values = np.prod(np.pi / 2 * np.sin(np.pi * points), axis=0)
    random = np.sqrt(((np.pi**2 / 8) ** dimensions - 1) / 2**14)
    assert abs(values.mean() - 1) < 0.5 * random


def test_first_lattice_is_the_golden_ratio() -> None:
    assert np.diff(lattice(3, 1)[0] % 1)[0] % 1 == pytest.approx((np.sqrt(5) - 1) / 2)


def test_parents_keep_the_number_of_mesons_and_their_moments() -> None:
    """Importance sampling changes who is drawn, not what is there: a huge disc far off, so that all bins count."""
    for pid, total in ((111, 1.576), (221, 0.008)):
        drawn = parents(SPECTRUM, bins(SPECTRUM, pid, HEAVY, 1.0, DISC))
        assert drawn.weight.sum() == pytest.approx(total, rel=0.02)
    rng = np.random.default_rng(5)
    p, angle, _ = thrown_mesons(rng, 111, 1_000_000)
    drawn = parents(SPECTRUM, bins(SPECTRUM, 111, HEAVY, 1.0, DISC))
    assert np.average(np.log(drawn.momentum), weights=drawn.weight) == pytest.approx(np.mean(np.log(p)), abs=0.01)
    assert np.average(np.log(drawn.angle), weights=drawn.weight) == pytest.approx(np.mean(np.log(angle)), abs=0.03)


def test_mixing_against_thrown_mesons() -> None:
    disc = Disc(100.0, 1.0, 0.5)
    rng = np.random.default_rng(7)
    p, angle, weight = thrown_mesons(rng, 111, 2_000_000)
    phi = rng.uniform(0, 2 * np.pi, len(p))
    r = disc.distance * np.tan(angle)
    hit = (r * np.cos(phi)) ** 2 + (r * np.sin(phi) - 0.5) ** 2 < 1
    found = from_mixing(parents(SPECTRUM, bins(SPECTRUM, 111, HEAVY, 1e-3, disc)), 0.1, disc)
    error = 4 * hit.sum() ** -0.5 + 0.02
    assert found.weight.sum() == pytest.approx(0.1 * weight * hit.sum(), rel=error)
    mean = np.average(found.momentum, weights=found.weight)
    assert mean == pytest.approx(np.mean(p[hit]), rel=0.02)


@pytest.mark.parametrize("mass", [0.001, 5.0])
def test_a_flat_density_on_a_centred_disc(mass: float) -> None:
    """Constant d²N/dz dpT² = c: ∫dz c p² sin²θ over z, with the rim of the disc at θ: closed, as p² = (zE)² − m²."""
    disc, beam, low, high = Disc(20.0, 1.0, 0.0), 100.0, 0.1, 0.8
    found = from_density(lambda z, pt: np.full_like(z, 2.0), beam, mass, disc, (low, high))
    edge = 1 / (1 + 20.0**2)
    expected = 2 * edge * (beam**2 * (high**3 - low**3) / 3 - mass**2 * (high - low))
    assert found.weight.sum() == pytest.approx(expected, rel=1e-3)
    energy = np.hypot(found.momentum, mass)
    assert energy.min() >= low * beam * (1 - 1e-9)
    assert energy.max() <= high * beam * (1 + 1e-9)


def test_a_density_in_z_and_pt_on_an_offset_disc() -> None:
    """exp(−pT²/s²)/z on a disc beside the axis, against an integral over circles around the axis."""
    disc, beam, width = Disc(50.0, 0.5, 0.8), 100.0, 0.8

    def density(z: Array, pt: Array) -> Array:
        return np.asarray(np.exp(-((pt / width) ** 2)) / z)

    def at(z: float) -> float:
        def over_radius(r: float) -> float:
            share = np.arccos(np.clip((r**2 + 0.8**2 - 0.25) / (1.6 * r), -1, 1)) / np.pi
            sine2 = r**2 / (r**2 + 2500)
            slope = 2 * r * 2500 / (r**2 + 2500) ** 2
            return float(share * density(np.float64(z), beam * z * np.sqrt(sine2)) * (beam * z) ** 2 * slope)

        return float(quad(over_radius, 0.3, 1.3)[0])

    expected = quad(at, 0.1, 0.9)[0]
    found = from_density(density, beam, 1e-6, disc, (0.1, 0.9))
    assert found.weight.sum() == pytest.approx(expected, rel=5e-3)


def test_weights_and_joining() -> None:
    one = Rays(*(np.arange(3.0) + i for i in range(4)), np.zeros((3, 3)))
    both = join([one, one.weighted(2.0)])
    assert both.weight.tolist() == [3, 4, 5, 6, 8, 10]
    assert both.momentum.tolist() == [0, 1, 2] * 2
    assert join([]).weight.shape == (0,)


def test_more_parents_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Daughters near the end of phase space, in a narrow cone: the draw must know about it."""
    found = []
    for size in (2**15, 2**18):
        monkeypatch.setattr(rays, "PARENTS", size)
        spectrum = parents(SPECTRUM, bins(SPECTRUM, 111, HEAVY, 0.2, DISC))
        found.append(from_decay(spectrum, MesonDecay(111, HEAVY, 0.0, 1.0), 0.48, DISC).weight.sum())
    assert found[0] == pytest.approx(found[1], rel=0.015)
