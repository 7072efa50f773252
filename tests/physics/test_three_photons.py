"""e⁺e⁻ → γγγ against the traces of its diagrams, soft emission and published limits of phase space; the share of ALP-strahlung."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from limits.errors import InputError
from limits.physics.couplings import branching_from_photon_coupling
from limits.physics.radiative import continuum_cross_section, continuum_share
from limits.physics.three_photons import differential_cross_section, invariants, squared_matrix_element

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

ENERGY = 3.0969
ALPHA = 1 / 137.035999
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def gamma_matrices() -> list[Complex]:
    """γ^μ in the Dirac representation."""
    sigma = [np.array(s, dtype=complex) for s in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
    space = [np.kron(np.array([[0, 1], [-1, 0]]), s) for s in sigma]
    return [np.diag([1, 1, -1, -1]).astype(complex), *space]


GAMMA = gamma_matrices()


def slash(p: Array) -> Complex:
    return sum((METRIC[m, m] * p[m] * GAMMA[m] for m in range(4)), np.zeros((4, 4), dtype=complex))


def traced(plus: Array, minus: Array, photons: Array) -> float:
    """¼ Σ|M|² from the six diagrams: Σ over polarisations by −g, over spins by a trace."""
    e = np.sqrt(4 * np.pi * ALPHA)
    amplitude = np.zeros((4, 4, 4, 4, 4), dtype=complex)
    for i, j, k in permutations(range(3)):
        first, last = minus - photons[i], photons[k] - plus
        left = slash(first) / (first @ METRIC @ first)
        right = slash(last) / (last @ METRIC @ last)
        for m in np.ndindex(4, 4, 4):
            # Photon i is emitted by the electron first, photon k last; m has the index of each photon.
            amplitude[m] += GAMMA[m[k]] @ right @ GAMMA[m[j]] @ left @ GAMMA[m[i]]
    total = 0.0
    for m in np.ndindex(4, 4, 4):
        sign = -np.prod([METRIC[index, index] for index in m])
        conjugate = GAMMA[0] @ amplitude[m].conj().T @ GAMMA[0]
        total += sign * np.trace(slash(plus) @ amplitude[m] @ slash(minus) @ conjugate).real
    return float(e**6 * total / 4)


def event(rng: np.random.Generator, third: float | None = None) -> Array:
    """Momenta (3, 4) of three photons at rest in the centre of mass, of any orientation."""
    x = np.sort(rng.dirichlet([1, 1, 1]))
    x = (1 - x)[::-1] if third is None else np.array([1 - third * 0.4, 1 - third * 0.6, third])
    cosine = 1 - 2 * (1 - x[1]) / (x[0] * x[2])
    axis, other = np.linalg.qr(rng.standard_normal((3, 2)))[0].T
    hard = x[0] * axis
    soft = x[2] * (cosine * axis + np.sqrt(1 - cosine**2) * other)
    directions = np.array([hard, -hard - soft, soft])
    return ENERGY / 2 * np.column_stack([x, directions])


def products(photons: Array) -> tuple[Array, Array]:
    return invariants(photons[:, 0], photons[:, 3] / photons[:, 0], ENERGY)


BEAMS = ENERGY / 2 * np.array([[1.0, 0, 0, 1.0], [1.0, 0, 0, -1.0]])


@pytest.mark.parametrize("seed", range(4))
def test_closed_form_is_the_trace_of_six_diagrams(seed: int) -> None:
    photons = event(np.random.default_rng(seed))
    expected = traced(*BEAMS, photons)
    assert float(squared_matrix_element(*products(photons))) == pytest.approx(expected, rel=1e-6)


def test_products_are_scalar_products() -> None:
    photons = event(np.random.default_rng(11))
    for found, beam in zip(products(photons), BEAMS, strict=True):
        assert found == pytest.approx(photons @ METRIC @ beam, rel=1e-12)


def test_it_does_not_know_the_order_of_photons_nor_the_charges() -> None:
    a, b = products(event(np.random.default_rng(5)))
    value = float(squared_matrix_element(a, b))
    for order in permutations(range(3)):
        chosen = list(order)
        assert float(squared_matrix_element(a[chosen], b[chosen])) == pytest.approx(value, rel=1e-13)
    assert float(squared_matrix_element(b, a)) == pytest.approx(value, rel=1e-13)


def test_a_soft_photon_factorises() -> None:
    # Eikonal: e² 2p₊p₋/((p₊k)(p₋k)) times ¼Σ|M(e⁺e⁻ → γγ)|² = 2e⁴ (1 + c²)/(1 − c²) · 2/2.
    photons = event(np.random.default_rng(3), third=1e-6)
    a, b = products(photons)
    e2, cosine = 4 * np.pi * ALPHA, photons[0, 3] / photons[0, 0]
    two = 2 * e2**2 * 2 * (1 + cosine**2) / (1 - cosine**2)
    soft = e2 * ENERGY**2 / (a[2] * b[2])
    assert float(squared_matrix_element(a, b)) == pytest.approx(soft * two, rel=1e-4)


def test_many_events_at_once() -> None:
    rng = np.random.default_rng(9)
    events = [products(event(rng)) for _ in range(5)]
    a, b = (np.stack(column, axis=1) for column in zip(*events, strict=True))
    assert squared_matrix_element(a, b).tolist() == [float(squared_matrix_element(*one)) for one in events]


def test_normalisation() -> None:
    # Flux, 1/3! and the volume s/(256π³) of three-body phase space, spread evenly over x₁ + x₂ > 1, an area of 1/2.
    photons = event(np.random.default_rng(2))
    phase_space = ENERGY**2 / (256 * np.pi**3) / 0.5
    expected = traced(*BEAMS, photons) / (2 * ENERGY**2) / 6 * phase_space * 0.3893793721e9
    assert float(differential_cross_section(*products(photons))) == pytest.approx(expected, rel=1e-6)


def test_alp_strahlung() -> None:
    # arXiv:2404.04640 subtracts 4.4 %: N_sig = 0.956 N_fit.
    assert continuum_share(3083.0, 1.0087e10) == pytest.approx(0.044, abs=5e-4)
    assert continuum_share(3083.0, 1.0087e10, 5.971e-2) == pytest.approx(0.0443, abs=2e-5)


@pytest.mark.parametrize("mass", [0.2, 1.5, 2.8])
def test_share_is_that_of_the_two_yields(mass: float) -> None:
    energy, coupling = 3.0969, 3e-4
    continuum = float(continuum_cross_section(coupling, mass, energy)) * 3083.0
    resonant = 1.0087e10 * float(branching_from_photon_coupling(coupling, mass))
    assert continuum / (continuum + resonant) == pytest.approx(continuum_share(3083.0, 1.0087e10), rel=1e-3)


def test_continuum_at_rest_is_118_nb() -> None:
    # α g²/24 for g = 1 GeV⁻¹.
    assert float(continuum_cross_section(1.0, 1e-6, 10.58)) == pytest.approx(118.4e3, rel=1e-3)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1.0, 1.0], [1.0, 1.0], "first axis must have 3 photons"),
        ([1.0, 1.0, 0.0], [1.0, 1.0, 1.0], "a: every value must be positive"),
        ([1.0, 1.0, 1.0], [1.0, float("nan"), 1.0], "b: every value must be positive"),
    ],
)
def test_bad_products(a: list[float], b: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        squared_matrix_element(a, b)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="cosines"):
        invariants([1.0, 1.0, 1.0], [0.0, 0.0, 1.0], ENERGY)
    with pytest.raises(InputError, match="must be below the centre-of-mass energy"):
        continuum_cross_section(1e-3, 4.0, ENERGY)
    with pytest.raises(InputError, match="luminosity"):
        continuum_share(0.0, 1e10)
