"""e⁺e⁻ → μ⁺μ⁻X: amplitude, cross-section, radiation from the beams."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, special

from limits.errors import InputError
from limits.physics import muon_pair, scalar
from limits.units import ALPHA, PB_GEV2
from limits.units import mass as particle_mass

KINDS: tuple[muon_pair.Kind, ...] = ("vector", "scalar")
BOTH = pytest.mark.parametrize("kind", KINDS)
UPSILON = 10.58

_spec = importlib.util.spec_from_file_location(
    "muon_pair_reference", Path(__file__).with_name("muon_pair_reference.py")
)
assert _spec is not None
assert _spec.loader is not None
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)


@BOTH
@pytest.mark.parametrize(("mass", "sqrt_s"), [(0.25, 10.58), (1.0, 4.0), (9.0, 10.58), (0.05, 0.5)])
def test_closed_form_is_the_trace(mass: float, sqrt_s: float, kind: muon_pair.Kind) -> None:
    momenta, _ = reference.three_bodies(mass, sqrt_s, 200, 1)
    a, b = reference.invariants(momenta)
    closed = muon_pair.squared_amplitude(sqrt_s**2, mass, a, b, kind)
    np.testing.assert_allclose(closed, reference.summed(momenta, kind), rtol=1e-9)


@BOTH
def test_ward_identity(kind: muon_pair.Kind) -> None:
    momenta, _ = reference.three_bodies(1.0, UPSILON, 100, 2)
    found = reference.vertices(momenta, kind)
    along_photon = np.einsum("pxnab,pq,nq->xnab", found, reference.METRIC, momenta.sum(axis=0))
    size = UPSILON**2 * reference.summed(momenta, kind)
    for boson in along_photon:
        assert np.all(np.abs(reference.trace(momenta, boson)) < 1e-10 * size)
    if kind == "vector":
        along_boson = np.einsum("pxnab,xy,ny->pnab", found, reference.METRIC, momenta[2])
        assert all(np.all(np.abs(reference.trace(momenta, photon)) < 1e-10 * size) for photon in along_boson)


def test_massless_limit() -> None:
    s, x1, x2 = 1e10, np.array([0.9, 0.5, 0.99, 0.6]), np.array([0.8, 0.7, 0.99, 0.95])
    x3, product = 2 - x1 - x2, (1 - x1) * (1 - x2)
    unit = ALPHA**2 / (48 * np.pi * s)  # dσ/dx₁dx₂ of both, with a′ = 1/4π for unit coupling
    born = 4 * np.pi * ALPHA**2 / (3 * s)
    vector = muon_pair.squared_amplitude(s, 1e-3, s * (1 - x2), s * (1 - x1), "vector")
    np.testing.assert_allclose(unit * vector, born / (8 * np.pi**2) * (x1**2 + x2**2) / product, rtol=1e-6)
    higgs = muon_pair.squared_amplitude(s, 1e-3, s * (1 - x2), s * (1 - x1), "scalar")
    np.testing.assert_allclose(unit * higgs, born / (16 * np.pi**2) * x3**2 / product, rtol=1e-6)


def test_area_of_the_region_is_exact() -> None:
    # ∫ dA dB = s²/2 (1 − r² + 2r ln r) where the muon mass is negligible, r = m²/s.
    s, mass = 1e10, 3e4
    node, weight = np.polynomial.legendre.leggauss(60)
    *_, area = muon_pair.dalitz_points(mass, s, (1 + node[:, None]) / 2, (1 + node) / 2)
    r = mass**2 / s
    expected = s**2 / 2 * (1 - r**2 + 2 * r * np.log(r))
    assert weight @ area @ weight / 4 == pytest.approx(expected, rel=1e-4)


@BOTH
@pytest.mark.parametrize("mass", [3.0, 7.0])
def test_phase_space_monte_carlo_agrees(mass: float, kind: muon_pair.Kind) -> None:
    momenta, weight = reference.three_bodies(mass, UPSILON, 20_000, 3)
    a, b = reference.invariants(momenta)
    # The closed form is the trace (above): what is tested here are the region, the flux and the constants.
    each = weight * muon_pair.squared_amplitude(UPSILON**2, mass, a, b, kind) * 4 * np.pi * ALPHA
    width = each / (2 * UPSILON * 3)
    sigma = 4 * np.pi * ALPHA / UPSILON**3 * width * PB_GEV2 * 1000
    error = sigma.std() / np.sqrt(len(sigma))
    assert error < 0.02 * sigma.mean()
    assert float(muon_pair.cross_section(mass, UPSILON, kind)) == pytest.approx(sigma.mean(), abs=4 * error)


def test_double_logarithm_of_a_light_vector() -> None:
    # Radiation of a massive vector by massless fermions: σ₀ a′/2π (ln²r + 3 ln r + 5 − π²/3), r = m²/s.
    sqrt_s, mass = 1e5, 100.0
    log = np.log(mass**2 / sqrt_s**2)
    born = 4 * np.pi * ALPHA**2 / (3 * sqrt_s**2) * PB_GEV2 * 1000
    expected = born / (8 * np.pi**2) * (log**2 + 3 * log + 5 - np.pi**2 / 3)
    assert float(muon_pair.cross_section(mass, sqrt_s, "vector")) == pytest.approx(expected, rel=2e-4)


def test_table_of_another_integration(shared: Path) -> None:
    path = shared / "facts" / "sigma_mumuX_10p58.csv"
    if not path.exists():
        pytest.skip("no table to compare with")
    table = np.loadtxt(path, delimiter=",")
    np.testing.assert_allclose(muon_pair.cross_section(table[:, 0], UPSILON, "vector"), table[:, 1], rtol=1e-4)
    np.testing.assert_allclose(muon_pair.cross_section(table[:, 0], UPSILON, "scalar"), table[:, 3], rtol=1e-4)


@BOTH
def test_nodes_are_enough(kind: muon_pair.Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    masses = np.array([0.05, 0.212, 0.5, 2.0, 6.0, 9.0, 10.3])
    usual = muon_pair.cross_section(masses, UPSILON, kind)
    monkeypatch.setattr(muon_pair, "NODES", (90, 80))
    np.testing.assert_allclose(usual, muon_pair.cross_section(masses, UPSILON, kind), rtol=1e-8)


def test_alpha_enters_squared_and_shapes_broadcast() -> None:
    masses = np.array([[0.3], [11.0]])
    energies = np.array([10.0, 10.58, 11.5])
    sigma = muon_pair.cross_section(masses, energies, "vector")
    assert sigma.shape == (2, 3)
    assert np.array_equal(sigma > 0, [[True, True, True], [False, False, True]])
    other = muon_pair.cross_section(masses, energies, "vector", alpha=1 / 127.9)
    np.testing.assert_allclose(other[0] / sigma[0], 1.148, rtol=1e-4)


def test_photons_from_a_scalar_are_negligible() -> None:
    ratio = scalar.width_to_photons([0.212, 0.22, 0.25, 9.0]) / scalar.width_to_muons([0.212, 0.22, 0.25, 9.0])
    assert np.all(ratio < [6e-3, 2e-4, 4e-5, 1e-6])


# --- radiation from the beams ---


def moment(power: float, s: float) -> float:
    beta = 2 * ALPHA / np.pi * (np.log(s / particle_mass("e-") ** 2) - 1)

    def integrand(t: float) -> float:
        x = t ** (1 / beta)
        if not 1e-200 < x < 1:
            return float(muon_pair.radiator(1e-200, s) * 1e-200 ** (1 - beta) / beta) if x < 1 else 0.0
        return float(muon_pair.radiator(x, s) * (1 - x) ** power * x ** (1 - beta) / beta)

    knots = [0.0, *(np.array([1e-3, 0.1, 0.5, 0.9, 0.99, 1.0]) ** beta)]
    return sum(
        integrate.quad(integrand, low, high, epsabs=1e-12, epsrel=1e-11, limit=200)[0]
        for low, high in itertools.pairwise(knots)
    )


CONSTANT = ALPHA / np.pi * (np.pi**2 / 3 - 0.5)


@pytest.mark.parametrize("s", [1e-3, 1.0, 111.9, 1e4])
def test_radiator_is_normalised(s: float) -> None:
    assert moment(0.0, s) == pytest.approx(1 + CONSTANT, abs=1e-8)


@pytest.mark.parametrize("power", [1.0, 2.0, 5.0])
def test_moments_are_those_of_leading_logarithms(power: float) -> None:
    # Evolution of the structure functions: moments exp(β p/2), p = ∫ (1 + z²)/(1 − z) (zⁿ − 1) dz, up to β³.
    s = 1e-3
    beta = 2 * ALPHA / np.pi * (np.log(s / particle_mass("e-") ** 2) - 1)
    splitting = integrate.quad(lambda z: (1 + z**2) * (z**power - 1) / (1 - z), 0, 1)[0]
    soft = special.gamma(1 + beta) * special.gamma(1 + power) / special.gamma(1 + power + beta)  # β ∫ x^(β−1) (1 − x)ⁿ
    expected = np.exp(beta * splitting / 2) + CONSTANT * soft
    assert moment(power, s) == pytest.approx(expected, abs=1.5 * abs(beta * splitting / 2) ** 3)


def test_soft_photons_exponentiate() -> None:
    # Gribov and Lipatov: W → β x^(β−1) exp(3β/4 − γβ)/Γ(1 + β) at small x, up to β³.
    s, x = UPSILON**2, 1e-30
    beta = 2 * ALPHA / np.pi * (np.log(s / particle_mass("e-") ** 2) - 1)
    expected = np.exp(beta * (0.75 - np.euler_gamma)) / special.gamma(1 + beta) + CONSTANT
    assert float(muon_pair.radiator(x, s)) / (beta * x ** (beta - 1)) == pytest.approx(expected, abs=2 * beta**3)


@BOTH
@pytest.mark.parametrize(("mass", "cut"), [(0.3, 1.0), (0.3, 0.1), (6.0, 1.0), (9.5, 1.0), (9.5, 1e-3)])
def test_ratio_is_the_integral(mass: float, cut: float, kind: muon_pair.Kind) -> None:
    s = UPSILON**2
    beta = 2 * ALPHA / np.pi * (np.log(s / particle_mass("e-") ** 2) - 1)
    last = min(cut, 1 - ((mass + 2 * particle_mass("mu-")) / UPSILON) ** 2)
    first = 1e-14  # what is softer leaves σ alone
    below = first**beta * float(muon_pair.radiator(first, s)) * first ** (1 - beta) / beta

    def integrand(log_x: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.exp(log_x)
        return x * muon_pair.radiator(x, s) * muon_pair.cross_section(mass, UPSILON * np.sqrt(1 - x), kind)

    node, weight = np.polynomial.legendre.leggauss(20)
    edges = np.log(np.concatenate([np.geomspace(first, last / 2, 25), last * (1 - np.geomspace(0.4, 1e-9, 25))]))
    centres, halves = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    parts = integrand((centres[:, None] + halves[:, None] * node).ravel()).reshape(len(halves), -1)
    expected = below + (parts @ weight) @ halves / float(muon_pair.cross_section(mass, UPSILON, kind))
    assert float(muon_pair.isr_ratio(mass, UPSILON, kind, cut)) == pytest.approx(expected, rel=2e-6)


def test_hard_radiation_brings_light_bosons_and_a_cut_takes_them_away() -> None:
    masses = np.array([0.3, 1.0, 3.0, 6.0, 8.0])
    everything, cut = (muon_pair.isr_ratio(masses, UPSILON, "vector", loss) for loss in (1.0, 0.1))
    assert np.all(np.diff(everything) < 0)
    assert everything[0] > 1 > everything[-1]
    assert np.all(cut < np.minimum(everything, 0.9))


# --- what cannot be used ---


def test_bad_arguments_are_named() -> None:
    for call in (
        lambda: muon_pair.cross_section(0.0, UPSILON, "vector"),
        lambda: muon_pair.cross_section(np.nan, UPSILON, "vector"),
        lambda: muon_pair.cross_section(1.0, -1.0, "vector"),
        lambda: muon_pair.cross_section(1.0, UPSILON, "vector", alpha=0.0),
        lambda: muon_pair.cross_section(1.0, UPSILON, "tensor"),  # type: ignore[arg-type]
        lambda: muon_pair.squared_amplitude(1.0, 1.0, 1.0, 1.0, "tensor"),  # type: ignore[arg-type]
        lambda: muon_pair.radiator(0.0, 100.0),
        lambda: muon_pair.radiator(1.0, 100.0),
        lambda: muon_pair.radiator(0.5, 1e-7),
        lambda: muon_pair.isr_ratio(10.4, UPSILON, "vector"),
        lambda: muon_pair.isr_ratio(1.0, UPSILON, "vector", largest_loss=0.0),
        lambda: muon_pair.isr_ratio(1.0, UPSILON, "vector", largest_loss=np.nan),
    ):
        with pytest.raises(InputError):
            call()
