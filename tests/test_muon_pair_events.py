"""Events of e⁺e⁻ → μ⁺μ⁻X, X → μ⁺μ⁻, and the tables of cross-sections: against flat phase space with products of Dirac matrices."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from limits.errors import InputError
from limits.physics import muon_pair, zprime
from limits.search.tables import read_table
from limits.units import mass as particle_mass

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPT = REPOSITORY / "scripts" / "make_cross_sections.py"
SHIPPED = [
    REPOSITORY / "limits" / "searches" / name / "cross_section.csv" for name in ("belle2-4mu", "babar-zprime-4mu")
]
UPSILON, MUON = 10.58, particle_mass("mu-")
BOTH = pytest.mark.parametrize("kind", ["vector", "scalar"])

Real = NDArray[np.float64]


def loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


signal = loaded("fourmuon_signal", REPOSITORY / "scripts" / "fourmuon" / "signal.py")
reference = loaded("muon_pair_reference", REPOSITORY / "tests" / "physics" / "muon_pair_reference.py")


def events(mass: float, size: int, kind: str, sqrt_s: float = UPSILON, seed: int = 5) -> tuple[Real, Real]:
    return signal.signal_events(mass, size, kind, sqrt_s, np.random.default_rng(seed))


def square(momentum: Real) -> Real:
    return momentum[..., 0] ** 2 - np.sum(momentum[..., 1:] ** 2, axis=-1)


# --- kinematics and normalisation ---


@BOTH
@pytest.mark.parametrize("mass", [0.212, 1.0, 9.99])
def test_momenta_are_those_of_the_process(mass: float, kind: muon_pair.Kind) -> None:
    momenta, weights = events(mass, 3000, kind)
    assert momenta.shape == (3000, 4, 4)
    np.testing.assert_allclose(momenta.sum(axis=1), np.tile([UPSILON, 0.0, 0.0, 0.0], (3000, 1)), atol=1e-11)
    np.testing.assert_allclose(square(momenta), MUON**2, atol=1e-12)
    np.testing.assert_allclose(np.sqrt(square(momenta[:, 2] + momenta[:, 3])), mass, rtol=1e-9)
    assert weights.sum() == pytest.approx(float(muon_pair.cross_section(mass, UPSILON, kind)), rel=1e-12)
    assert weights.std() < 0.01 * weights.mean()


def test_same_seed_same_events() -> None:
    first, second, other = (events(1.0, 500, "vector", seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("mass", "size"), [(0.2, 10), (10.4, 10), (np.nan, 10), (1.0, 0)])
def test_what_cannot_be_made_is_said(mass: float, size: int) -> None:
    with pytest.raises(InputError):
        events(mass, size, "vector")


# --- the amplitude ---


@BOTH
def test_amplitude_is_the_closed_form_and_transverse(kind: muon_pair.Kind) -> None:
    momenta, _ = reference.three_bodies(0.8, UPSILON, 200, 7)
    made = signal.Production(*momenta)
    found = signal.amplitudes(made, kind, (0, 1, 2, 3))
    metric = np.array([1.0, -1.0, -1.0, -1.0])
    a, b = reference.invariants(momenta)
    signs = -metric[:, None, None, None] * (-metric[:, None] if kind == "vector" else 1.0)
    total = np.sum(signs * np.abs(found) ** 2, axis=(1, 2, 3, 4))
    np.testing.assert_allclose(total, muon_pair.squared_amplitude(UPSILON**2, 0.8, a, b, kind), rtol=1e-9)
    # The photon is at rest: its momentum has a time component only.
    assert np.max(np.abs(found[:, 0])) < 1e-12 * np.max(np.abs(found))
    if kind == "vector":
        along = np.einsum("nisvt,nv->nist", found, made.boson * metric)
        assert np.max(np.abs(along)) < 1e-12 * np.max(np.abs(found)) * UPSILON


# --- distributions against flat phase space ---


def flat_chain(mass: float, sqrt_s: float, kind: str, size: int) -> tuple[Real, Real]:
    """Momenta (size, 4, 4) uniform in phase space and the whole chain, squared by traces, as weights."""
    made, weight = reference.three_bodies(mass, sqrt_s, size, 11)
    rng = np.random.default_rng(12)
    inner = np.sqrt(mass**2 / 4 - MUON**2) * reference.direction(rng, size)
    frame = made[2][:, 1:]
    masses = np.full(size, mass)
    minus, plus = (reference.boosted(sign * inner, MUON, frame, masses) for sign in (1, -1))
    found = reference.vertices(made, kind)
    metric = np.array([1.0, -1.0, -1.0, -1.0])
    if kind == "vector":
        # Trace of the pair from X, indices lowered to meet those of the vertices.
        pair = np.einsum("nv,nw->nvw", minus, plus) + np.einsum("nv,nw->nwv", minus, plus)
        pair = 4 * (pair - np.diag(metric) * (reference.dot(minus, plus) + MUON**2)[:, None, None])
        pair = pair * metric[:, None] * metric
    else:
        pair = np.ones((size, 1, 1))
    left, right = reference.slash(made[0]) + MUON * np.eye(4), reference.slash(made[1]) - MUON * np.eye(4)
    gamma0 = reference.GAMMA[0]
    squared = np.zeros(size)
    for photon in (1, 2):  # q₁^i q₂^j + q₂^i q₁^j − g^ij s/2 of electrons along z
        ahead = np.array([left @ one @ right for one in found[photon]])
        behind = np.array([gamma0 @ one.conj().swapaxes(-1, -2) @ gamma0 for one in found[photon]])
        squared += np.einsum("xnab,ynba,nxy->n", ahead, behind, pair).real
    return np.stack([made[0], made[1], minus, plus], axis=1), weight * squared


def observables(momenta: Real) -> Real:
    """Bounded functions that know the beam, the invariants, the decay and what binds them; shape (kinds, events)."""
    minus, plus, third, fourth = momenta.swapaxes(0, 1)
    boson = third + fourth
    length = [np.linalg.norm(p[:, 1:], axis=1) for p in (minus, plus, boson, third)]
    beam = [p[:, 3] / norm for p, norm in zip((minus, plus, boson, third), length, strict=True)]
    mass = np.sqrt(square(boson))
    inside = np.sqrt(mass**2 / 4 - MUON**2)
    decay = (2 * third[:, 0] - boson[:, 0]) * mass / (2 * length[2] * inside)
    normal = np.cross(minus[:, 1:], plus[:, 1:])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    across = np.sum(normal * third[:, 1:], axis=1) / inside
    fraction = boson[:, 0] / momenta.sum(axis=1)[:, 0]
    squares = [*(one**2 for one in beam), decay**2, across**2, normal[:, 2] ** 2]
    mixed = [across**2 * normal[:, 2] ** 2, beam[0] * beam[1], beam[2] ** 2 * decay**2, fraction * decay**2]
    return np.array([*squares, *mixed, fraction, fraction**2])


@BOTH
@pytest.mark.parametrize(("mass", "sqrt_s"), [(5.0, UPSILON), (0.6, 2.0), (0.35, 2.0)])
def test_distributions_are_those_of_flat_phase_space(mass: float, sqrt_s: float, kind: muon_pair.Kind) -> None:
    flat, weight = flat_chain(mass, sqrt_s, kind, 25_000)
    expected = observables(flat)
    mean = expected @ weight / weight.sum()
    error = np.sqrt(np.sum((weight * (expected - mean[:, None])) ** 2, axis=1)) / weight.sum()
    momenta, _ = events(mass, 40_000, kind, sqrt_s)
    got = observables(momenta)
    pull = (got.mean(axis=1) - mean) / np.hypot(error, got.std(axis=1) / np.sqrt(got.shape[1]))
    assert np.all(error < 0.02)
    assert np.all(np.abs(pull) < 4.0), pull


def test_spin_of_the_vector_matters_and_the_scalar_has_none() -> None:
    # The same observable as above: 1/3 for a muon uniform in the frame of X.
    for kind, isotropic in (("scalar", True), ("vector", False)):
        momenta, _ = events(1.0, 20_000, kind)
        boson = momenta[:, 2] + momenta[:, 3]
        length = np.linalg.norm(boson[:, 1:], axis=1)
        cosine = (2 * momenta[:, 2, 0] - boson[:, 0]) / (2 * length * np.sqrt(0.25 - MUON**2))
        assert (stats.kstest(cosine, stats.uniform(-1, 2).cdf).pvalue > 1e-3) == isotropic


@BOTH
def test_hard_region_of_a_light_boson_is_the_massless_formula(kind: muon_pair.Kind) -> None:
    # Both muons with 1 − x > 0.1: neither the mass of the muon nor that of X counts at 1 TeV.
    sqrt_s, mass, least = 1000.0, 0.5, 0.1

    def density(x2: float, x1: float) -> float:
        top = (x1**2 + x2**2) / (8 * np.pi**2) if kind == "vector" else (2 - x1 - x2) ** 2 / (16 * np.pi**2)
        return float(top / ((1 - x1) * (1 - x2)))

    momenta, weights = events(mass, 60_000, kind, sqrt_s)
    x1, x2 = 2 * momenta[:, 0, 0] / sqrt_s, 2 * momenta[:, 1, 0] / sqrt_s
    hard = (1 - x1 > least) & (1 - x2 > least)
    integral = integrate.dblquad(density, least, 1 - least, lambda x: 1 - x, lambda x: 1 - least)[0]
    mean = integrate.dblquad(lambda y, x: density(y, x) * x, least, 1 - least, lambda x: 1 - x, lambda x: 1 - least)[0]
    born = 4 * np.pi / (3 * sqrt_s**2) / 137.035999**2 * 3.893793721e11
    assert weights[hard].sum() == pytest.approx(born * integral, rel=4 / np.sqrt(hard.sum()))
    assert x1[hard].mean() == pytest.approx(mean / integral, abs=4 * x1[hard].std() / np.sqrt(hard.sum()))


# --- tables ---


def test_the_script_makes_the_shipped_tables(tmp_path: Path) -> None:
    output = tmp_path / "table.csv"
    subprocess.run([sys.executable, SCRIPT, "--output", output], check=True, capture_output=True)
    made = read_table(output)
    for path in SHIPPED:
        shipped = read_table(path)
        assert list(shipped) == list(made)
        for name, column in shipped.items():
            np.testing.assert_allclose(column, made[name], rtol=2e-5, err_msg=f"{path.parent.name}: {name}")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_between_rows_a_line_of_logarithms_is_enough(path: Path) -> None:
    table = read_table(path)
    mass = np.geomspace(table["mass_gev"][0], table["mass_gev"][-1], 1500)
    exact = {
        "vector_fb": muon_pair.cross_section(mass, UPSILON, "vector"),
        "scalar_fb": muon_pair.cross_section(mass, UPSILON, "scalar"),
        "vector_branching": zprime.branching_to_leptons(mass, 1.0, MUON),
    }
    for name, expected in exact.items():
        line = np.exp(np.interp(np.log(mass), np.log(table["mass_gev"]), np.log(table[name])))
        np.testing.assert_allclose(line, expected, rtol=5e-3, err_msg=name)
    few = mass[::100]
    for kind in ("vector", "scalar"):
        line = np.interp(np.log(few), np.log(table["mass_gev"]), table[f"isr_{kind}"])
        np.testing.assert_allclose(line, muon_pair.isr_ratio(few, UPSILON, kind, 1 - (10 / UPSILON) ** 2), rtol=1e-3)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_header_says_how_it_was_made(path: Path) -> None:
    header = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
    assert "scripts/make_cross_sections.py --sqrt-s 10.58" in header
    assert re.search(r"numpy \d", header)
    assert "alpha: 1/137.036" in header


@pytest.mark.parametrize("option", [["--sqrt-s", "1"], ["--alpha", "0"], ["--least-visible", "11"]])
def test_options_that_cannot_be_had(option: list[str], tmp_path: Path) -> None:
    output = tmp_path / "table.csv"
    done = subprocess.run([sys.executable, SCRIPT, "--output", output, *option], check=False, capture_output=True)
    assert done.returncode == 2
    assert not output.exists()
