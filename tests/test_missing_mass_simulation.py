"""The simulation of tagged decays: widths and acceptance against formulas, and the shipped tables against a small run of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from limits.errors import InputError
from limits.physics import psid
from limits.search import load
from limits.search.tables import read_table
from limits.units import mass as particle_mass

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.append(str(REPOSITORY / "scripts"))  # the scripts are not installed
detector, toy = (import_module(f"missingmass.{name}") for name in ("detector", "toy"))

AT_REST = replace(
    detector.BABAR,
    sqrt_s=2 * particle_mass("B+") * (1 + 1e-9),
    spread=0.0,
    boost=0.0,
    tag=0.0,
    angles=(0.0, np.pi),
    transverse=0.0,
    curvature=0.0,
    scattering=0.0,
    angle=0.0,
    angle_scattering=0.0,
)
"""A B meson at rest where all is seen and nothing smeared."""


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20230608)


@pytest.mark.parametrize(("mode", "mass"), [("p", 1.0), ("p", 4.0), ("lambdac", 2.5)])
def test_the_missing_mass_is_that_of_the_dark_baryon(mode: str, mass: float, rng: np.random.Generator) -> None:
    found = toy.missing_masses(mode, mass, 1000, AT_REST, rng)
    assert len(found) == 1000
    assert found == pytest.approx(np.full(1000, mass), abs=2e-4)


def test_it_is_for_neutral_mesons_too(rng: np.random.Generator) -> None:
    resting = replace(AT_REST, sqrt_s=2 * particle_mass("B0") * (1 + 1e-9))
    assert toy.missing_masses("lambda", 2.0, 1000, resting, rng) == pytest.approx(np.full(1000, 2.0), abs=2e-4)


@pytest.mark.parametrize("mass", [1.5, 3.0, 4.0])
def test_width_from_the_momentum_of_the_baryon(mass: float, rng: np.random.Generator) -> None:
    """δp/p = c/β at all angles: δm = (m_B/m)(p/E) δp."""
    smeared = replace(AT_REST, scattering=0.001)
    p = float(psid.baryon_momentum("p", mass))
    beta = p / np.hypot(p, particle_mass("p"))
    expected = psid.missing_mass_resolution("p", mass, 0.001 / beta * p)
    assert toy.response("p", mass, 50_000, smeared, rng).resolution == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("mode", "mass"), [("p", 1.5), ("p", 4.0), ("lambdac", 2.5)])
def test_width_from_the_momentum_of_the_tag(mode: str, mass: float, rng: np.random.Generator) -> None:
    found = toy.response(mode, mass, 50_000, replace(AT_REST, tag=0.002), rng).resolution
    assert found == pytest.approx(psid.missing_mass_resolution(mode, mass, 0.0, tag_error=0.002), rel=0.02)


def test_width_from_the_energy_of_the_beams(rng: np.random.Generator) -> None:
    """The energy is taken to be the mean: half of the spread is missing, with the momentum of the B meson as it is."""
    moving = replace(AT_REST, sqrt_s=10.58, spread=0.002)
    found = toy.response("p", 3.5, 50_000, moving, rng).resolution
    assert found == pytest.approx(psid.missing_mass_resolution("p", 3.5, 0.0, 0.001), rel=0.03)


def test_acceptance_of_a_decay_at_rest_is_a_solid_angle(rng: np.random.Generator) -> None:
    seen = replace(AT_REST, angles=(0.41, 2.54), tag=0.01)
    found = toy.response("p", 2.0, 50_000, seen, rng).acceptance
    assert found == pytest.approx((np.cos(0.41) - np.cos(2.54)) / 2, abs=0.006)


def test_a_slow_proton_leaves_along_the_beam() -> None:
    """At rest in the centre of mass its angle in the laboratory is 0: none is accepted, and no width is made up."""
    with pytest.raises(InputError, match=r"decays are accepted at 4\.34 GeV: too few for a width"):
        toy.response("p", 4.34, 10_000, detector.BABAR, np.random.default_rng(1))


def test_decays_to_three_particles_fill_phase_space(rng: np.random.Generator) -> None:
    """Three particles nearly without mass: every pair has ⟨m²⟩ = M²/3 and ⟨m⁴⟩ = M⁴/6, as on a triangle of Dalitz."""
    pair = toy.phase_space(np.full(100_000, 2.0), [1e-6, 1e-6, 1e-6], rng)
    assert np.mean(pair**2) == pytest.approx(4 / 3, rel=0.01)
    assert np.mean(pair**4) == pytest.approx(16 / 6, rel=0.015)


def test_mesons_go_as_the_sine_squared(rng: np.random.Generator) -> None:
    """⟨cos²θ⟩ of sin²θ is 1/5, and the momentum is √(E² − m²)."""
    p = toy._parents(np.full(100_000, 5.29), particle_mass("B+"), rng)
    momentum = np.sqrt(np.sum(p[1:] ** 2, axis=0))
    assert momentum == pytest.approx(np.full(100_000, np.sqrt(5.29**2 - particle_mass("B+") ** 2)))
    assert np.mean((p[3] / momentum) ** 2) == pytest.approx(0.2, abs=0.003)


def test_tracks_are_smeared_by_what_is_declared(rng: np.random.Generator) -> None:
    """A pion of 2 GeV across the beam: 0.26 % and 0.45 % of its momentum."""
    pion = particle_mass("pi+")
    p = np.tile([[np.hypot(2.0, pion)], [2.0], [0.0], [0.0]], 50_000)
    seen = detector.measured(p, pion, detector.BABAR, rng)
    assert np.std(np.hypot(seen[1], seen[2])) == pytest.approx(2.0 * np.hypot(0.0026, 0.0045), rel=0.02)
    assert np.std(np.arctan2(seen[2], seen[1])) == pytest.approx(np.hypot(0.0006, 0.0007), rel=0.02)
    assert np.sqrt(seen[0] ** 2 - np.sum(seen[1:] ** 2, axis=0)) == pytest.approx(np.full(50_000, pion), rel=1e-5)


# --- the shipped tables ---


@pytest.mark.parametrize(("mode", "row"), [("p", 2), ("p", -6), ("lambda", 22), ("lambda", -4), ("lambdac", 12)])
def test_shipped_rows_are_those_of_the_simulation(mode: str, row: int, rng: np.random.Generator) -> None:
    table = load(f"babar-psid-{mode}").table("response.csv")
    found = toy.response(mode, float(table["mass_gev"][row]), 40_000, detector.BABAR, rng)
    assert found.resolution == pytest.approx(table["resolution_gev"][row], rel=0.04)
    assert found.acceptance == pytest.approx(table["acceptance"][row], abs=0.015)


@pytest.mark.parametrize("mode", psid.MODES)
def test_shipped_tables_cover_the_search(mode: str) -> None:
    search = load(f"babar-psid-{mode}")
    table = search.table("response.csv")
    low, high = search.hypothesis().masses_gev or (0, 0)
    assert table["mass_gev"][0] <= low
    assert high < table["mass_gev"][-1] < psid.highest_mass(mode)
    assert np.all(np.diff(table["resolution_gev"]) < 0)
    assert np.max(np.diff(table["mass_gev"])) < 0.08
    header = (search.path.parent / "response.csv").read_text()
    assert "# command: python scripts/make_missing_mass.py --events 400000 --seed 20230608" in header


def test_widths_of_the_proton_are_those_of_the_formula() -> None:
    """Tracks of 0.5 % and a tag of 20 MeV: what they make by the formula, to a fifth, at any mass."""
    table = load("babar-psid-p").table("response.csv")
    mass = table["mass_gev"]
    p = psid.baryon_momentum("p", mass)
    beta = p / np.hypot(p, particle_mass("p"))
    by_formula = psid.missing_mass_resolution("p", mass, p * np.hypot(0.0013 * 0.8 * p, 0.0045 / beta), 0.0025, 0.020)
    assert table["resolution_gev"] == pytest.approx(by_formula, rel=0.2)


def test_the_script_writes_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = import_module("make_missing_mass")
    monkeypatch.setattr(script, "CLOSE", {"p": (0.5,), "lambda": (0.5,), "lambdac": (0.5,)})
    monkeypatch.setattr(script, "STEP", 2.5)
    monkeypatch.setattr(sys, "argv", ["make_missing_mass.py", "--events", "10000", "--output", str(tmp_path)])
    script.main()
    for mode in psid.MODES:
        table = read_table(tmp_path / f"babar-psid-{mode}" / "response.csv")
        assert list(table) == ["mass_gev", "resolution_gev", "acceptance"]
        assert len(table["mass_gev"]) >= 1
