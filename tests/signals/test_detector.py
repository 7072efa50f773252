"""Acceptance of decays against decays written out with four-vectors, and against closed forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest

from limits.signals.detector import Detector, accepted, crosses, daughters
from limits.signals.rays import Disc, Rays, from_density, lattice
from limits.units import mass as particle_mass

Array = NDArray[np.float64]


def planes(*rows: tuple[float, float, float, float, float]) -> Mapping[str, Array]:
    names = ("z_m", "hole_radius_m", "radius_m", "half_width_m", "half_height_m")
    return dict(zip(names, np.array(rows, dtype=float).T, strict=True))


def detector(table: Mapping[str, Array] | None, **changed: object) -> Detector:
    plain = {"near": 80.0, "length": 70.0, "start": 0.0, "energy_threshold": 1.0, "planes": table}
    return Detector(**(plain | changed))  # type: ignore[arg-type]


def rays_at(momentum: Array, slope_x: Array, slope_y: Array) -> Rays:
    return Rays(momentum, slope_x, slope_y, np.ones_like(momentum), lattice(len(momentum), 3))


def some_rays(size: int = 40_000, spread: float = 3e-3) -> Rays:
    rng = np.random.default_rng(11)
    return rays_at(rng.uniform(15, 200, size), *rng.normal(0, spread, (2, size)))


HUGE = planes((160, 0, 1e9, 1e9, 1e9), (220, 0, 1e9, 1e9, 1e9))


@pytest.mark.parametrize(("m", "state"), [(0.3, "e+e-"), (0.3, "mu+mu-"), (0.1, "gamma gamma"), (0.6, "pi+pi-")])
def test_decays_conserve_four_momentum(m: float, state: str) -> None:
    light = {"e+e-": "e-", "mu+mu-": "mu-", "pi+pi-": "pi+", "gamma gamma": ""}[state]
    daughter = particle_mass(light) if light else 0.0
    rays = some_rays(2000, 0.05)
    _, u, v = lattice(2000, 3)
    one, two = daughters(rays, m, state, 2 * u - 1, 2 * np.pi * v)
    direction = np.array([rays.slope_x, rays.slope_y, np.ones(2000)])
    direction /= np.sqrt(np.sum(direction**2, axis=0))
    assert one + two == pytest.approx(rays.momentum * direction, rel=1e-9, abs=1e-9)
    energies = [np.sqrt(np.sum(p**2, axis=0) + daughter**2) for p in (one, two)]
    assert energies[0] + energies[1] == pytest.approx(np.sqrt(rays.momentum**2 + m**2), rel=1e-9)


def test_decays_are_isotropic() -> None:
    """Scalar decay: the energy of a daughter is uniform between its ends, the azimuth around the path is uniform."""
    size = 20_000
    rays = rays_at(np.full(size, 30.0), np.full(size, 0.01), np.full(size, -0.02))
    rng = np.random.default_rng(2)
    m, muon = 0.5, particle_mass("mu-")
    one, _ = daughters(rays, m, "mu+mu-", rng.uniform(-1, 1, size), rng.uniform(0, 2 * np.pi, size))
    energy = np.sqrt(np.sum(one**2, axis=0) + muon**2)
    middle, half = np.hypot(30, m) / 2, 15 * np.sqrt(1 - 4 * muon**2 / m**2)
    assert kstest((energy - middle + half) / (2 * half), "uniform").pvalue > 1e-3
    path = np.array([0.01, -0.02, 1.0]) / np.sqrt(1.0005)
    across = one - path[:, None] * (path @ one)
    azimuth = np.arctan2(across[1], across[0])
    assert kstest((azimuth + np.pi) / (2 * np.pi), "uniform").pvalue > 1e-3


def test_without_planes_all_rays_count() -> None:
    rays = rays_at(np.array([0.1, 1.0, 3.0, 9.0]), np.zeros(4), np.zeros(4)).weighted(2.5)
    weight, part = accepted(detector(None), rays, 1.9, "e+e-")
    assert weight.tolist() == [2.5] * 4
    assert part.tolist() == [0, 0, 0, 0]


def test_a_huge_detector_sees_all_and_none_sees_nothing() -> None:
    rays = some_rays()
    weight, part = accepted(detector(HUGE), rays, 0.3, "mu+mu-")
    assert weight.sum() / 16 == pytest.approx(len(weight), rel=1e-12)
    # Each slice stands for all rays.
    slices = np.bincount(part, weights=weight, minlength=16)
    assert slices == pytest.approx(np.full(16, float(len(weight))), rel=2e-3)
    for row in [(160, 0, 0, 1e9, 1e9), (160, 1e9, 1e9, 1e9, 1e9), (160, 0, 1e9, 0, 1e9), (160, 0, 1e9, 1e9, 0)]:
        assert accepted(detector(planes(row)), rays, 0.3, "mu+mu-")[0].sum() == 0
    assert accepted(detector(HUGE, track_threshold=200.0), rays, 0.3, "mu+mu-")[0].sum() == 0


@pytest.mark.parametrize("threshold", [3.0, 10.0, 24.9])
def test_threshold_of_tracks(threshold: float) -> None:
    """Light daughters of 50 GeV share it uniformly: both are above t with a chance of 1 − 2t/E."""
    size = 30_000
    rays = rays_at(np.full(size, 50.0), np.zeros(size), np.zeros(size))
    weight, _ = accepted(detector(HUGE, track_threshold=threshold), rays, 0.05, "e+e-")
    assert weight.sum() / 16 / size == pytest.approx(1 - 2 * threshold / 50, abs=2e-3)


@pytest.mark.parametrize(("kick", "direction"), [(1, 1.0), (-1, -1.0), (0, 0.0)])
def test_magnet_kick(kick: int, direction: float) -> None:
    """A track of pz on the axis is at x = ±(z − z_m) k/pz behind a magnet: two walls around that place."""
    ray = rays_at(np.array([10.0]), np.zeros(1), np.zeros(1))
    momentum, vertex = np.array([[0.0], [0.0], [5.0]]), np.array([100.0])
    for offset in (0.0, 2.0):
        at = np.hypot(abs(direction) * (220 - 174) * 0.27 / 5, offset)
        for low, high, seen in [(at - 1e-6, at + 1e-6, True), (at + 1e-6, 9, False), (-1, at - 1e-6, False)]:
            table = planes((220, low, high, 9, 9))
            found = crosses(
                detector(table, magnet=(174.0, 0.27), offset=offset), table, ray, vertex, momentum, int(kick)
            )
            assert found.tolist() == [seen]


def test_photons_are_not_bent_and_charges_are_bent_apart() -> None:
    size = 4000
    rays = rays_at(np.full(size, 100.0), np.zeros(size), np.zeros(size))
    narrow = planes((220, -1, 9, 0.3, 9))
    bent = {"magnet": (174.0, 50.0)}
    photons = accepted(detector(narrow, **bent, track_threshold=5.0), rays, 0.01, "gamma gamma")[0].sum() / 16
    assert photons / size == pytest.approx(0.9, abs=2e-3)
    assert accepted(detector(narrow, **bent, track_threshold=5.0), rays, 0.01, "e+e-")[0].sum() == 0


@pytest.mark.parametrize("after", [1.0, 2.0])
def test_decays_behind_the_magnet_are_not_bent(after: float) -> None:
    ray = rays_at(np.array([10.0]), np.zeros(1), np.zeros(1))
    table = planes((20, -1, 0.01, 9, 9))
    magnet = detector(table, magnet=(10.0, 0.4), near=5.0)
    momentum = np.array([[0.0], [0.0], [5.0]])
    assert crosses(magnet, table, ray, np.array([10.0 + after]), momentum, 1).all()


def test_tracks_that_start_behind_a_plane_have_not_crossed_it() -> None:
    ray = rays_at(np.array([10.0]), np.zeros(1), np.zeros(1))
    table = planes((20, -1, 1, 9, 9))
    assert not crosses(detector(table), table, ray, np.array([25.0]), np.array([[0.0], [0.0], [5.0]]), 1).any()


def stepped(rays: Rays, m: float, light: float, geometry: Detector, rng: np.random.Generator) -> tuple[Array, Array]:
    """Decay points, and whether both tracks are seen: a boost with four-vectors, and a polyline through the magnet."""
    size = len(rays.momentum)
    vertex = rng.uniform(geometry.near, geometry.near + geometry.length, size)
    direction = rng.normal(size=(3, size))
    q = np.sqrt(m**2 / 4 - light**2) * direction / np.linalg.norm(direction, axis=0)
    p = np.array([rays.slope_x, rays.slope_y, np.ones(size)])
    p *= rays.momentum / np.linalg.norm(p, axis=0)
    energy = np.hypot(rays.momentum, m)
    assert geometry.planes is not None
    assert geometry.magnet is not None
    seen = np.ones(size, dtype=bool)
    for sign in (1, -1):
        # k = q + p (q·p/(m (E + m)) + e*/m) is the boost from rest to momentum p, with e* = m/2.
        k = sign * q + p * (np.sum(sign * q * p, axis=0) / (m * (energy + m)) + 0.5)
        x, y = rays.slope_x * vertex, rays.slope_y * vertex
        z_m, pt = geometry.magnet
        seen &= (np.linalg.norm(k, axis=0) > geometry.track_threshold) & (k[2] > 0)
        x, y = x + k[0] / k[2] * (z_m - vertex), y + k[1] / k[2] * (z_m - vertex)
        before, after = k[0] / k[2], (k[0] + sign * pt) / k[2]
        columns = ("z_m", "hole_radius_m", "radius_m", "half_width_m", "half_height_m")
        for z, hole, radius, width, height in zip(*(geometry.planes[c] for c in columns), strict=True):
            at_x = x + (after if z > z_m else before) * (z - z_m)
            at_y = y + k[1] / k[2] * (z - z_m) - geometry.offset
            r2 = at_x**2 + at_y**2
            seen &= (r2 > hole**2) & (r2 < radius**2) & (abs(at_x) < width) & (abs(at_y) < height)
    return vertex, seen


SPECTROMETER = detector(
    planes((160, 0.1, 1.0, 9, 9), (195, 0.1, 1.0, 9, 9), (220, 0.1, 9, 1.3, 1.1)),
    magnet=(174.0, 0.27),
    offset=0.022,
    track_threshold=5.0,
    energy_threshold=20.0,
)


@pytest.mark.parametrize(("m", "state", "light"), [(0.05, "e+e-", "e-"), (0.4, "mu+mu-", "mu-")])
def test_spectrometer_against_decays_thrown_at_it(m: float, state: str, light: str) -> None:
    rng = np.random.default_rng(17)
    size = 400_000
    rays = rays_at(np.exp(rng.uniform(np.log(10), np.log(200), size)), *rng.normal(0, 3e-3, (2, size)))
    vertex, seen = stepped(rays, m, particle_mass(light), SPECTROMETER, rng)
    weight, part = accepted(SPECTROMETER, rays, m, state)
    for i in range(0, 16, 3):
        inside = (vertex > 80 + 70 / 16 * i) & (vertex < 80 + 70 / 16 * (i + 1))
        expected, got = np.mean(seen[inside]), weight[part == i].sum() / size
        error = np.sqrt(expected * (1 - expected) * 16 / size)
        assert got == pytest.approx(expected, abs=6 * error)
    assert weight.sum() / 16 / size == pytest.approx(np.mean(seen), abs=6 * np.sqrt(0.25 / size))


@pytest.mark.parametrize("m", [0.1, 0.4])
def test_decays_know_nothing_of_how_x_was_made(m: float) -> None:
    """Rays from bremsstrahlung are themselves points of a lattice: independent random numbers must give the same acceptance."""
    disc = Disc(195.0, 1.0, 0.022)
    rays = from_density(lambda z, pt: np.exp(-(pt**2)) / z, 400.0, m, disc, (0.02, 0.9))
    rng = np.random.default_rng(23)
    ordered = accepted(SPECTROMETER, rays, m, "e+e-")[0].sum() / 16
    shuffled, slices = [], []
    for _ in range(6):
        order = rng.permutation(len(rays.weight))
        other = replace(rays, decay=rng.uniform(size=(3, len(order)))).where(order)
        weight, part = accepted(SPECTROMETER, other, m, "e+e-")
        shuffled.append(weight.sum() / 16)
        slices.append(np.bincount(part, weights=weight, minlength=16))
    assert ordered == pytest.approx(np.mean(shuffled), rel=0.02)
    weight, part = accepted(SPECTROMETER, rays, m, "e+e-")
    assert np.bincount(part, weights=weight, minlength=16) == pytest.approx(np.mean(slices, axis=0), rel=0.1)
