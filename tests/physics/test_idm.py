"""Inelastic dark matter: cross-section and decays against numbers worked out elsewhere, and against traces of Dirac matrices."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from limits.errors import InputError
from limits.physics import hadrons, idm, zprime
from limits.units import ALPHA, PB_GEV2
from limits.units import mass as particle_mass

A, CHI, DELTA, SQRT_S = 7.5, 2.5, 1.0, 10.58
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])

Vector = NDArray[np.float64]


def gammas() -> list[NDArray[np.complex128]]:
    """Dirac matrices γ^μ in the Dirac representation."""
    one, none = np.eye(2), np.zeros((2, 2))
    pauli = (np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]]))
    found = [np.block([[one, none], [none, -one]])]
    return [np.asarray(m, dtype=complex) for m in (*found, *(np.block([[none, p], [-p, none]]) for p in pauli))]


GAMMA = gammas()


def slash(p: Vector) -> NDArray[np.complex128]:
    return np.asarray(sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4)))


def tensor(p: Vector, m: float, k: Vector, n: float) -> NDArray[np.float64]:
    """Tr[(p̸ + m) γ^μ (k̸ + n) γ^ν] with both indices up."""
    left, right = slash(p) + m * np.eye(4), slash(k) + n * np.eye(4)
    return np.array([[np.trace(left @ a @ right @ b).real for b in GAMMA] for a in GAMMA])


def contracted(first: Vector, second: Vector) -> float:
    return float(np.einsum("ab,cd,ac,bd", first, second, METRIC, METRIC))


def four(momentum: Vector, m: float) -> Vector:
    return np.array([np.sqrt(momentum @ momentum + m * m), *momentum])


@pytest.mark.parametrize(
    ("mass", "one", "two"),
    [(0.3, 75, 300), (0.5, 74, 297), (1.0, 71, 284), (2.0, 56, 224), (2.5, 42.5, 170), (3.0, 16, 65)],
)
def test_cross_section_at_the_published_benchmark(mass: float, one: float, two: float) -> None:
    """Worked out elsewhere from arXiv:0903.0363 for ε = 1.5e-3 and α_D = 0.1, both dark charges."""
    for charge, expected in ((1, one), (2, two)):
        found = idm.cross_section(mass, A, SQRT_S, 1.5e-3, 0.1, charge)
        assert float(found) == pytest.approx(expected, rel=0.015)


@pytest.mark.parametrize("mass", [0.3, 1.5, 3.0])
def test_cross_section_is_the_integral_of_traces(mass: float) -> None:
    s, p_in = SQRT_S**2, SQRT_S / 2
    p = np.sqrt((s - (A + mass) ** 2) * (s - (A - mass) ** 2)) / (2 * SQRT_S)
    one, two = (np.array([p_in, 0, 0, sign * p_in]) for sign in (1, -1))
    leptons = tensor(one, 0.0, two, 0.0)

    def differential(cosine: float) -> float:
        k = four(p * np.array([np.sqrt(1 - cosine**2), 0.0, cosine]), A)
        lower = METRIC @ k
        polarisations = np.outer(lower, lower) / A**2 - METRIC
        squared = (
            4 * np.pi * ALPHA * 4 * np.pi * (2 * 2 * A) ** 2 * np.sum(leptons * polarisations) / 4 / (s - A**2) ** 2
        )
        return float(squared * p / p_in / (32 * np.pi * s))

    total, _ = quad(differential, -1, 1)
    assert float(idm.cross_section(mass, A, SQRT_S)) == pytest.approx(1000 * PB_GEV2 * total, rel=1e-9)
    for cosine in (-0.9, 0.1, 0.6):
        assert float(idm.angular_density(cosine, mass, A, SQRT_S)) == pytest.approx(
            differential(cosine) / total, rel=1e-9
        )


def test_nothing_above_the_kinematic_end() -> None:
    """10.58 − 7.5 = 3.08 GeV, approached like a square root."""
    found = idm.cross_section([3.0799, 3.08, 3.5, 20.0], A, SQRT_S)
    assert found[0] > 0
    assert found[1:].tolist() == [0.0, 0.0, 0.0]
    near = idm.cross_section([3.08 - 1e-5, 3.08 - 4e-5], A, SQRT_S)
    assert near[1] / near[0] == pytest.approx(2.0, rel=1e-3)


def test_correlation_of_beams_and_decay() -> None:
    """L_μν P^μα P^νβ H_αβ with traces of the electrons and of χ₁χ₂, at directions drawn once."""
    rng = np.random.default_rng(3)
    star = float(np.sqrt((A**2 - (2 * CHI + DELTA) ** 2) * (A**2 - DELTA**2)) / (2 * A))
    for _ in range(5):
        one, two = (four(rng.normal(size=3) * 4, 0.0) for _ in range(2))
        way = rng.normal(size=3)
        way *= star / np.linalg.norm(way)
        chi = tensor(four(way, CHI + DELTA), CHI + DELTA, four(-way, CHI), -CHI)
        # In the rest frame of the A′ the projector takes the time components away.
        leptons = tensor(one, 0.0, two, 0.0)
        expected = float(np.sum(leptons[1:, 1:] * chi[1:, 1:])) / 16
        found = idm.correlation(one[1:, None], two[1:, None], way[:, None], A, DELTA)
        assert float(found[0]) == pytest.approx(expected, rel=1e-10)


def test_width_of_the_dark_photon() -> None:
    equal = idm.width_of_aprime(A, CHI, 0.0, 0.1)
    assert float(equal) == pytest.approx(float(zprime.width_to_dark_matter(A, 0.1, CHI)), rel=1e-12)
    excited, p = CHI + DELTA, float(np.sqrt((A**2 - (2 * CHI + DELTA) ** 2) * (A**2 - DELTA**2)) / (2 * A))
    k = np.array([0, 0, p])
    trace = tensor(four(k, excited), excited, four(-k, CHI), -CHI)
    expected = 0.1 * 4 * np.pi * float(np.trace(trace[1:, 1:])) / 3 * p / (8 * np.pi * A**2)
    assert float(idm.width_of_aprime(A, CHI, DELTA, 0.1)) == pytest.approx(expected, rel=1e-12)
    assert float(idm.width_of_aprime(A, CHI, 2.5, 0.1)) == 0.0


def amplitude(q: float, cosine: float) -> float:
    """Spin-averaged |M|² of χ₂ → χ₁ e⁺e⁻ for ε = α_D = 1, massless electrons."""
    excited = CHI + DELTA
    energy = (excited**2 + q**2 - CHI**2) / (2 * excited)
    p = np.sqrt(energy**2 - q**2)
    boost = np.array([[energy, p], [p, energy]]) / q
    star = q / 2 * np.array([[1.0, 1.0], [cosine, -cosine]])
    along, across = boost @ star, q / 2 * np.sqrt(1 - cosine**2)
    plus, minus = (np.array([along[0, i], sign * across, 0, along[1, i]]) for i, sign in ((0, 1), (1, -1)))
    before = np.array([excited, 0, 0, 0])
    dark = tensor(before - plus - minus, CHI, before, excited)
    return contracted(dark, tensor(plus, 0.0, minus, 0.0)) / 2 * 4 * np.pi * 4 * np.pi * ALPHA / (q**2 - A**2) ** 2


@pytest.mark.parametrize("q", [0.01, 0.4, 0.95])
def test_spectrum_and_angles_against_traces(q: float) -> None:
    excited = CHI + DELTA
    p = np.sqrt((excited**2 - (CHI + q) ** 2) * (excited**2 - (CHI - q) ** 2)) / (2 * excited)
    mean = quad(lambda c: amplitude(q, c), -1, 1)[0] / 2
    expected = mean / (2 * excited) / (2 * np.pi) * p / (4 * np.pi * excited) / (8 * np.pi)
    assert float(idm.spectrum(q, A, CHI, DELTA)) == pytest.approx(expected, rel=1e-8)
    share = float(idm.transverse_share(q, CHI, DELTA))
    for cosine in (-0.8, 0.0, 0.5):
        shape = share * 0.75 * (1 + cosine**2) + (1 - share) * 1.5 * (1 - cosine**2)
        assert amplitude(q, cosine) / mean == pytest.approx(shape, rel=1e-7)


def test_widths_at_the_published_benchmark() -> None:
    """Γ(ee) = 2.84e-14 GeV and Γ(μμ)/Γ(ee) = 0.85, worked out elsewhere by simulation of three-body phase space."""
    widths = idm.partial_widths(A, CHI, DELTA, 1.5e-3, 0.1)
    assert float(widths["e+e-"]) == pytest.approx(2.84e-14, rel=3e-3)
    assert float(widths["mu+mu-"] / widths["e+e-"]) == pytest.approx(0.85, abs=0.005)
    assert float(widths["tau+tau-"]) == 0.0
    pion = particle_mass("pi+")

    def pions(q: float) -> float:
        form = abs(complex(hadrons.pion_form_factor(q))) ** 2
        return float(2 * q * idm.spectrum(q, A, CHI, DELTA) * form * (1 - (2 * pion / q) ** 2) ** 1.5 / 4)

    expected, _ = quad(pions, 2 * pion, DELTA, points=[0.77, 0.783], epsrel=1e-6)
    assert float(widths["pi+pi-"]) == pytest.approx(1.5e-3**2 * 0.1 * expected, rel=1e-3)


def test_small_splittings() -> None:
    """4 ε² α α_D Δ⁵/(15π m_A′⁴): 0.97 of it at 0.05 GeV, because χ₁ recoils; with a heavy χ₁ only the electron mass is left."""
    limit = 4 * ALPHA * 0.05**5 / (15 * np.pi * A**4)
    assert float(idm.partial_widths(A, CHI, 0.05)["e+e-"]) / limit == pytest.approx(0.97, abs=0.005)
    r = (2 * particle_mass("e-") / 0.05) ** 2

    def phase_space(x: float) -> float:
        return float((1 - x) ** 1.5 * (1 + r / (2 * x)) * np.sqrt(1 - r / x))

    electrons = 2.5 * quad(phase_space, r, 1, epsrel=1e-9)[0]
    found = float(idm.partial_widths(3e4, 1e4, 0.05)["e+e-"]) / (limit * (A / 3e4) ** 4)
    assert found == pytest.approx(electrons, rel=2e-5)


def test_decay_length_and_branching() -> None:
    widths = idm.partial_widths(A, CHI, DELTA, 1.5e-3, 0.1)
    total = float(sum(widths.values(), np.zeros(())))
    assert float(idm.decay_length(A, CHI, DELTA, 1.5e-3, 0.1)) == pytest.approx(1.973269804e-16 / total, rel=1e-12)
    fractions = idm.branching(A, CHI, DELTA)
    assert float(sum(fractions.values(), np.zeros(()))) == pytest.approx(1.0, rel=1e-12)
    assert idm.branching(A, CHI, 0.1)["e+e-"] == pytest.approx(1.0, rel=1e-12)
    # Shapes: all arguments together.
    assert idm.decay_length([A, 9.0], CHI, [[0.5], [1.0], [1.2]]).shape == (3, 2)
    assert np.isinf(idm.decay_length(A, CHI, 0.0))


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: idm.cross_section(-1.0, A, SQRT_S), "higgs_mass"),
        (lambda: idm.cross_section(1.0, np.nan, SQRT_S), "aprime_mass"),
        (lambda: idm.cross_section(1.0, A, SQRT_S, -1e-3), "mixing"),
        (lambda: idm.cross_section(1.0, A, SQRT_S, 1e-3, 0.1, -1.0), "charge"),
        (lambda: idm.partial_widths(A, CHI, 8.0), "mass shell"),
        (lambda: idm.partial_widths(A, CHI, -0.1), "splitting"),
        (lambda: idm.branching(A, CHI, 1e-4), "2 m_e"),
        (lambda: idm.width_of_aprime(A, 0.0, 1.0, 0.1), "chi_mass"),
    ],
)
def test_bad_input_is_one_line(call: object, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        call()  # type: ignore[operator]
    assert "\n" not in str(caught.value)
