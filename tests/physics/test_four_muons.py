"""e⁺e⁻ → μ⁺μ⁻μ⁺μ⁻: explicit Dirac matrices in any gauge, symmetries, and the limit of one light pair."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from limits.errors import InputError
from limits.physics.four_muons import squared_amplitude
from limits.units import ALPHA
from limits.units import mass as particle_mass

MUON = particle_mass("mu-")
E2 = 4.0 * np.pi * ALPHA

# The Dirac representation; the module uses the chiral one.
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ZERO, ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = np.array([np.block([[ONE, ZERO], [ZERO, -ONE]]), *(np.block([[ZERO, s], [-s, ZERO]]) for s in PAULI)])
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def square(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return p[..., 0] ** 2 - np.sum(p[..., 1:] ** 2, axis=-1)


def dot(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    return p[..., 0] * q[..., 0] - np.sum(p[..., 1:] * q[..., 1:], axis=-1)


def slash(p: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.einsum("m,mab->ab", METRIC @ p, GAMMA)


def spinors(p: NDArray[np.float64], mass: float, sign: float) -> list[NDArray[np.complex128]]:
    """u (sign +) or v (sign −), both spins."""
    matrix = (sign * slash(p) + mass * np.eye(4)) / np.sqrt(p[0] + mass)
    return [matrix[:, spin + (0 if sign > 0 else 2)] for spin in range(2)]


def bar(spinor: NDArray[np.complex128]) -> NDArray[np.complex128]:
    return np.conj(spinor) @ GAMMA[0]


def fermion(p: NDArray[np.float64], mass: float) -> NDArray[np.complex128]:
    return (slash(p) + mass * np.eye(4)) / (square(p) - mass**2)


def photon(q: NDArray[np.float64], gauge: float) -> NDArray[np.float64]:
    lower = METRIC @ q
    return (METRIC - gauge * np.outer(lower, lower) / square(q)) / square(q)


def two_vertices(left, middle_one, middle_two, right):  # type: ignore[no-untyped-def]
    """left γ^a S₁ γ^b right + left γ^b S₂ γ^a right."""
    first = np.einsum("i,aij,jk,bkl,l->ab", left, GAMMA, middle_one, GAMMA, right)
    return first + np.einsum("i,bij,jk,akl,l->ab", left, GAMMA, middle_two, GAMMA, right)


def by_dirac_matrices(k: NDArray[np.float64], gauge: float = 0.0) -> float:
    """All twelve diagrams with Dirac matrices, sixty-four helicities."""
    half = 0.5 * k[:, 0].sum()
    beams = np.array([[half, 0.0, 0.0, half], [half, 0.0, 0.0, -half]])
    muons = [spinors(k[i], MUON, 1.0 if i % 2 == 0 else -1.0) for i in range(4)]
    total = 0.0
    for u, v in product(spinors(beams[0], 0.0, 1.0), spinors(beams[1], 0.0, -1.0)):
        electron = np.einsum("i,mij,j->m", bar(v), GAMMA, u)
        for spins in product(range(2), repeat=4):
            w = [muons[i][spins[i]] for i in range(4)]
            amplitude = 0.0
            for sign, one, two in ((1, (0, 1), (2, 3)), (-1, (0, 3), (2, 1))):
                pairs = [k[i] + k[j] for i, j in (one, two)]
                currents = [np.einsum("i,mij,j->m", bar(w[i]), GAMMA, w[j]) for i, j in (one, two)]
                fields = [photon(q, gauge) @ j for q, j in zip(pairs, currents, strict=True)]
                tensor = two_vertices(bar(v), fermion(beams[0] - pairs[1], 0.0), fermion(beams[0] - pairs[0], 0.0), u)
                amplitude += sign * (fields[0] @ tensor @ fields[1])
                for (i, j), q, field in ((one, pairs[1], fields[1]), (two, pairs[0], fields[0])):
                    tensor = two_vertices(bar(w[i]), fermion(k[i] + q, MUON), fermion(-k[j] - q, MUON), w[j])
                    amplitude += sign * (field @ tensor @ photon(beams.sum(axis=0), gauge) @ electron)
            total += abs(amplitude) ** 2
    return E2**4 * total / 4.0


def boosted(rest: NDArray[np.float64], parent: NDArray[np.float64]) -> NDArray[np.float64]:
    mass = np.sqrt(square(parent))
    energy = dot(parent, rest * np.array([1.0, -1.0, -1.0, -1.0])) / mass
    along = (rest[..., 0] + energy) / (parent[..., 0] + mass)
    return np.concatenate([energy[..., None], rest[..., 1:] + along[..., None] * parent[..., 1:]], axis=-1)


def events(size: int, sqrt_s: float, seed: int) -> NDArray[np.float64]:
    """Any momenta that balance: random directions, scaled until the energies add up."""
    p = np.random.default_rng(seed).normal(size=(size, 4, 3))
    p -= p.mean(axis=1, keepdims=True)
    low, high = np.zeros((size, 1, 1)), np.full((size, 1, 1), sqrt_s * 1e3)
    for _ in range(200):
        scale = 0.5 * (low + high)
        too_large = np.sqrt(MUON**2 + np.sum((scale * p) ** 2, axis=2)).sum(axis=1)[:, None, None] > sqrt_s
        low, high = np.where(too_large, low, scale), np.where(too_large, scale, high)
    p *= scale
    return np.concatenate([np.sqrt(MUON**2 + np.sum(p**2, axis=2, keepdims=True)), p], axis=2)


@pytest.mark.parametrize("sqrt_s", [0.45, 1.0, 10.58, 91.0])
@pytest.mark.parametrize("gauge", [0.0, 1.0, -7.0])
def test_explicit_dirac_matrices_in_any_gauge(sqrt_s: float, gauge: float) -> None:
    momenta = events(3, sqrt_s, seed=1)
    expected = [by_dirac_matrices(each, gauge) for each in momenta]
    np.testing.assert_allclose(squared_amplitude(momenta), expected, rtol=1e-9)


def test_identical_muons_can_be_exchanged() -> None:
    momenta = events(700, 10.58, seed=2)
    values = squared_amplitude(momenta)
    for order in ((2, 1, 0, 3), (0, 3, 2, 1), (2, 3, 0, 1)):
        np.testing.assert_allclose(squared_amplitude(momenta[:, order]), values, rtol=1e-10)


def test_cp_and_parity_are_symmetries_and_exchange_of_charges_alone_is_not() -> None:
    momenta = events(700, 10.58, seed=3)
    values = squared_amplitude(momenta)
    inverted = momenta * np.array([1.0, -1.0, -1.0, -1.0])
    charges = (1, 0, 3, 2)
    np.testing.assert_allclose(squared_amplitude(inverted[:, charges]), values, rtol=1e-9)
    # A mirror that contains the beams turns the helicity of the electron over: only one of the two is computed.
    np.testing.assert_allclose(squared_amplitude(momenta * np.array([1.0, -1.0, 1.0, 1.0])), values, rtol=1e-9)
    turned = squared_amplitude(momenta * np.array([1.0, np.cos(1.0), np.cos(1.0), 1.0]) + sideways(momenta))
    np.testing.assert_allclose(turned, values, rtol=1e-9)
    assert np.median(np.abs(squared_amplitude(momenta[:, charges]) / values - 1.0)) > 0.05


def sideways(momenta: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rest of a turn by one radian about the beams."""
    result = np.zeros_like(momenta)
    result[..., 1] = -np.sin(1.0) * momenta[..., 2]
    result[..., 2] = np.sin(1.0) * momenta[..., 1]
    return result


def light_pair(
    sqrt_s: float, mass: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """μμγ* with a photon of small mass that decays to a pair; a lattice that averages its decay exactly, its weights, and μμγ*."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    energies = sqrt_s * np.array([0.41, 0.33, 0.26])
    masses = np.array([MUON, MUON, mass])
    p, k, q = np.sqrt(energies**2 - masses**2)
    cosine = (q**2 - p**2 - k**2) / (2.0 * p * k)
    first = p * axes[0]
    second = k * (cosine * axes[0] + np.sqrt(1.0 - cosine**2) * axes[1])
    line = np.column_stack([energies, [first, second, -first - second]])
    cosines, weights = np.polynomial.legendre.leggauss(6)
    azimuths = np.arange(8) * np.pi / 4.0
    c, phi = (each.ravel() for each in np.meshgrid(cosines, azimuths, indexing="ij"))
    s = np.sqrt(1.0 - c**2)
    momentum = np.sqrt(0.25 * mass**2 - MUON**2)
    rest = np.stack(
        [np.full(len(c), 0.5 * mass), *(momentum * np.stack([s * np.cos(phi), s * np.sin(phi), c]))], axis=1
    )
    one = boosted(rest, np.broadcast_to(line[2], rest.shape))
    momenta = np.stack([*(np.broadcast_to(each, one.shape) for each in line[:2]), one, line[2] - one], axis=1)
    return momenta, np.repeat(weights, 8) / 16.0, line


def with_one_photon(line: NDArray[np.float64], sqrt_s: float) -> float:
    """Σ|M|² of e⁺e⁻ → μ⁻μ⁺γ without masses: Berends et al., Nucl. Phys. B 206 (1982) 61 (from memory; its soft limit is exact)."""
    half = 0.5 * sqrt_s
    minus, plus = np.array([half, 0.0, 0.0, half]), np.array([half, 0.0, 0.0, -half])
    lepton, antilepton, k = line
    t, tt = -2.0 * dot(minus, lepton), -2.0 * dot(plus, antilepton)
    u, uu = -2.0 * dot(minus, antilepton), -2.0 * dot(plus, lepton)
    v = plus / dot(plus, k) - minus / dot(minus, k) - antilepton / dot(antilepton, k) + lepton / dot(lepton, k)
    return float(-(E2**3) * (t**2 + tt**2 + u**2 + uu**2) / (sqrt_s**2 * 2.0 * dot(lepton, antilepton)) * square(v))


@pytest.mark.parametrize("seed", range(4))
def test_light_pair_is_a_photon_times_its_splitting(seed: int) -> None:
    # Far above all masses; Σ J J* averaged over the decay is (4/3) (q² + 2m²) times the sum over polarisations.
    sqrt_s, mass = 2000.0, 0.5
    momenta, weights, line = light_pair(sqrt_s, mass, seed)
    splitting = E2 * (4.0 / 3.0) * (mass**2 + 2.0 * MUON**2) / mass**4
    assert weights @ squared_amplitude(momenta) == pytest.approx(splitting * with_one_photon(line, sqrt_s), rel=2e-4)


def test_fourth_power_of_alpha() -> None:
    momenta = events(5, 10.58, seed=4)
    np.testing.assert_allclose(squared_amplitude(momenta, 3.0 * ALPHA), 81.0 * squared_amplitude(momenta), rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p[:, :3], "shape"),
        (lambda p: p * np.array([1.0, 1.0, 1.0, 1.1]), "mass of the muon"),
        (lambda p: p + np.array([0.0, 0.0, 0.0, 1.0]), "balance"),
        (lambda p: p * np.nan, "balance"),
    ],
)
def test_momenta_that_cannot_be_used(change, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        squared_amplitude(change(events(3, 10.58, seed=5)))


def test_alpha_must_be_positive() -> None:
    with pytest.raises(InputError, match="alpha"):
        squared_amplitude(events(3, 10.58, seed=5), alpha=0.0)
