"""Displaced decays: yields by hand for one bin of a spectrum, by throwing everything, and those of public tools."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from limits.assemble import prepare
from limits.physics.portal import PORTALS
from limits.search import Search, load
from limits.units import ALPHA, HBARC
from limits.units import mass as particle_mass

Array = NDArray[np.float64]
Maker = Callable[..., Search]
SEARCHES = Path(__file__).resolve().parents[2] / "limits" / "searches"
HEADER = "pid,log10_theta_low,log10_theta_high,log10_p_low,log10_p_step,per_count,multiplicity"


@pytest.fixture
def made(tmp_path: Path) -> Maker:
    """A shipped search with spectra of its own, rows of (pid, θ edges, log10 p, step, count) by generator, and without some numbers."""

    def make(name: str, collision: str, tables: dict[str, list[tuple[float, ...]]], without: str = "nothing") -> Search:
        text = (SEARCHES / name / "search.toml").read_text(encoding="utf-8")
        text = re.sub(rf"\[(facts|assumptions)\.({without})\]\n(.+\n)+", "", text)
        text = re.sub(r"\[\[(comparisons|curves)\]\]\n(.+\n)+", "", text)
        (tmp_path / "search.toml").write_text(text, encoding="utf-8")
        for file in (SEARCHES / name).glob("planes.csv"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / collision).mkdir()
        for generator, rows in tables.items():
            lines = [",".join(map(str, (*row[:5], 1.0, 1.0, row[5]))) for row in rows]
            (tmp_path / collision / f"{generator}.csv").write_text("\n".join([f"{HEADER},n00", *lines]) + "\n")
        return load(tmp_path)

    return make


def events(search: Search, hypothesis: str, mass: float, coupling: float) -> float:
    return float(prepare(search, hypothesis, mass).events([coupling])[0])


@pytest.mark.parametrize(("mass", "momentum"), [(0.05, 2000.0), (0.1, 1500.0), (0.012, 900.0)])
def test_one_bin_on_axis_by_hand(made: Maker, mass: float, momentum: float) -> None:
    """π⁰ of one momentum along the beam: dN = n σ L BR d cos θ*/2, within the cone of the disc, decaying in 1.5 m at 480 m."""
    bin_ = [(111, -9.0, -8.999, np.log10(momentum), 1e-6, 0.7)]
    search = made("faser-aprime", "pp-13600", {"sibyll-2.3d": bin_}, "bremsstrahlung_.+")
    search = search.with_values({"axis_offset": 0, "inelastic_cross_section": 80, "efficiency": 0.5})
    pion, coupling = particle_mass("pi0"), 2e-5
    star = (pion**2 - mass**2) / (2 * pion)
    energy_star, gamma = np.hypot(star, mass), np.hypot(momentum, pion) / pion
    length = 3 * HBARC / (ALPHA * coupling**2 * mass)  # Γ = α ε² m/3, electron mass neglected

    def seen(cosine: float) -> float:
        along = gamma * star * cosine + momentum / pion * energy_star
        across = star * np.sqrt(1 - cosine**2)
        p = np.hypot(along, across)
        if not (along > 0 and across / along * 480 < 0.1 and np.hypot(p, mass) > 500):
            return 0.0
        mean = length * p / mass
        return float(np.exp(-480 / mean) - np.exp(-481.5 / mean))

    edges = np.linspace(-1, 1, 4001)
    integral = sum(quad(seen, a, b, limit=20)[0] for a, b in pairwise(edges) if seen(a) + seen(b))
    mesons = 0.7 * 27e3 * 80e9
    fraction = 2 * 0.98823 * coupling**2 * (1 - (mass / pion) ** 2) ** 3
    expected = 0.5 * mesons * fraction * integral / 2
    assert events(search, "aprime", mass, coupling) == pytest.approx(expected, rel=0.01)


def test_other_generators_are_the_uncertainty(made: Maker) -> None:
    """Twice and half as many mesons elsewhere: an error of 100 %, in one nuisance for the collision."""
    row = (111, -5.0, -4.5, 3.2, 0.1)
    tables = {"sibyll-2.3d": [(*row, 100)], "other-1": [(*row, 200)], "other-2": [(*row, 50)]}
    search = made("faser-aprime", "pp-13600", tables, "bremsstrahlung_.+")
    expected = prepare(search, "aprime", 0.05).yields([1e-5, 2e-5])[0]
    assert "generator-pp-13600" in expected.correlated
    assert expected.relative["generator-pp-13600"] == pytest.approx(np.ones((2, 1)), rel=1e-9)


def test_a_stated_multiplicity_replaces_that_of_the_generator(made: Maker) -> None:
    table = {"pythia-8.317": [(111, -4.0, -2.5, 1.6, 0.1, 10)]}
    search = made("na62-aprime-ee", "p-400", table, "bremsstrahlung_.+")
    search = search.with_values({"pi0_multiplicity": 4, "eta_multiplicity": 50})
    more = search.with_values({"pi0_multiplicity": 6})
    assert events(more, "aprime", 0.03, 1e-6) == pytest.approx(1.5 * events(search, "aprime", 0.03, 1e-6), rel=1e-9)


def test_kaons_count_only_where_they_have_room_to_decay(made: Maker) -> None:
    """1 − exp(−path M/(p cτ)): cτ = 3.711 m and 15.34 m."""
    table = {"sibyll-2.3d": [(321, -5.0, -4.5, 3.5, 1e-4, 10)]}
    search = made("faser-alp", "pp-13600", table | {"x": [(130, -5.0, -4.5, 3.5, 1e-4, 10)]})
    (search.path.parent / "pp-13600-bottom").mkdir()
    bottom = "\n".join([f"{HEADER},n00", "511,-2,-1.9,2.6,0.1,1,1,1"]) + "\n"
    (search.path.parent / "pp-13600-bottom" / "pythia-8.317.csv").write_text(bottom)
    kaon, p = particle_mass("K+"), 10**3.5

    def charged(path: float) -> float:
        changed = {"charged_kaon_path": path, "bottom_cross_section": 1e-12}
        return events(search.with_values(changed), "alp-w", 0.1, 1e-5)

    for path in (1.0, 100.0, 1e5):
        expected = (1 - np.exp(-path * kaon / (p * 3.711))) / (1 - np.exp(-20 * kaon / (p * 3.711)))
        assert charged(path) / charged(20.0) == pytest.approx(expected, rel=1e-3)


def thrown(search: Search, mass: float, meson: float, length: float, sharing: float, size: int) -> Array:
    """Decays of X seen by a spectrometer per meson and per (branching fraction to X): everything thrown forward; with its error."""
    rng = np.random.default_rng(31)
    table = search.spectra("p-400")["pythia-8.317"]
    low, high = 10 ** table["log10_theta_low"][0], 10 ** table["log10_theta_high"][0]
    theta = low * (high / low) ** rng.uniform(size=size)
    p = 10 ** (table["log10_p_low"][0] + table["log10_p_step"][0] * rng.uniform(size=size))
    parent = np.array([np.hypot(p, meson), p * np.sin(theta), 0 * p, p * np.cos(theta)])
    x = decayed(rng, parent, meson, (meson**2 - mass**2) / (2 * meson), mass)
    turn = rng.uniform(0, 2 * np.pi, size)
    x[1], x[2] = x[1] * np.cos(turn) - x[2] * np.sin(turn), x[1] * np.sin(turn) + x[2] * np.cos(turn)
    near, far = search.value("distance"), search.value("distance") + search.value("decay_volume_length")
    mean = length * np.linalg.norm(x[1:], axis=0) / mass
    vertex = rng.uniform(near, far, size)
    weight = np.exp(-vertex / mean) / mean * (far - near) * sharing * (x[0] > search.value("energy_threshold"))
    weight *= x[3] > 0
    light = 0.000511
    one = decayed(rng, x, mass, np.sqrt(mass**2 / 4 - light**2), light)
    planes, z_m = search.table("planes.csv"), search.value("magnet_position")
    for sign, track in ((1, one), (-1, x - one)):
        weight *= (track[3] > 0) & (np.linalg.norm(track[1:], axis=0) > search.value("track_threshold"))
        bend = sign * search.value("magnet_kick") / track[3]
        for i, z in enumerate(planes["z_m"]):
            at_x = x[1] / x[3] * vertex + track[1] / track[3] * (z - vertex) + bend * max(z - z_m, 0)
            at_y = x[2] / x[3] * vertex + track[2] / track[3] * (z - vertex) - search.value("axis_offset")
            r = np.sqrt(at_x**2 + at_y**2)
            weight *= (r > planes["hole_radius_m"][i]) & (r < planes["radius_m"][i])
    return np.array([weight.mean(), weight.std() / size**0.5])


def decayed(rng: np.random.Generator, p: Array, mass: float, star: float, daughter: float) -> Array:
    """Four-momenta (4, n) of one daughter of particles p (4, n): isotropic at rest, boosted."""
    direction = rng.normal(size=(3, p.shape[1]))
    q = star * direction / np.linalg.norm(direction, axis=0)
    energy = np.hypot(star, daughter)
    dot = np.sum(p[1:] * q, axis=0)
    return np.array([(p[0] * energy + dot) / mass, *(q + p[1:] * (dot / (mass * (p[0] + mass)) + energy / mass))])


@pytest.mark.parametrize(("mass", "mixing"), [(0.2, 5e-7), (0.2, 4e-6), (0.45, 4e-7)])
def test_a_dump_with_everything_thrown(made: Maker, mass: float, mixing: float) -> None:
    """η → γA′ → γe⁺e⁻ in the NA62 beam dump, forward with random numbers from the meson to the last plane."""
    table = {"pythia-8.317": [(221, -3.0, -2.3, 1.9, 0.3, 10)]}
    search = made("na62-aprime-ee", "p-400", table, "bremsstrahlung_.+")
    eta = particle_mass("eta")
    prepared = prepare(search, "aprime", mass)
    portal = PORTALS["aprime"]
    length = portal.decay_length(mass) / mixing**2
    found, error = thrown(search, mass, eta, length, portal.branching(mass)["e+e-"], 1_500_000)
    fraction = 2 * 0.3936 * mixing**2 * (1 - (mass / eta) ** 2) ** 3
    mesons = 10 * search.value("eta_multiplicity") * search.value("protons_on_target")
    scale = mesons * fraction * search.value("efficiency")
    assert error < 0.03 * found
    assert prepared.events([mixing])[0] == pytest.approx(scale * found, rel=0.03 + 3 * error / found)
