"""Muonphilic scalar and dark Higgs boson."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from limits.errors import InputError
from limits.physics import scalar
from limits.units import HBARC
from limits.units import mass as particle_mass


@pytest.mark.parametrize(("mass", "expected"), [(0.25, 1.30e-7), (0.5, 1.33e-8), (1.0, 5.31e-9)])
def test_decay_length_to_muons(mass: float, expected: float) -> None:
    # Independent calculation, three digits, coupling 1e-3.
    assert float(HBARC / scalar.width_to_muons(mass, 1e-3)) == pytest.approx(expected, rel=4e-3)


def test_width_is_the_integrated_squared_amplitude() -> None:
    # Γ = p/(8π m²) Σ|M|², Σ|M|² = 2 g² (m² − 4m_χ²).
    momentum = np.sqrt(0.25**2 - 0.1**2)
    expected = momentum / (8 * np.pi * 0.5**2) * 2 * 0.3**2 * (0.5**2 - 4 * 0.1**2)
    assert float(scalar.width_to_dark_matter(0.5, 0.3**2 / (4 * np.pi), 0.1)) == pytest.approx(expected, rel=1e-12)
    assert scalar.width_to_dark_matter(0.5, 0.3, 0.25) == 0.0
    assert scalar.width_to_muons(0.2, 1.0) == 0.0


@pytest.mark.parametrize("tau", [0.0, 1e-4, 2e-3, 0.3, 0.95])
def test_loop_is_the_feynman_integral(tau: float) -> None:
    # A = 4 ∫₀¹dx ∫₀^{1−x}dy (1 − 4xy)/(1 − 4τxy); 4/3 for a heavy fermion.
    value, _ = integrate.dblquad(
        lambda y, x: (1 - 4 * x * y) / (1 - 4 * tau * x * y), 0, 1, 0, lambda x: 1 - x, epsabs=1e-10
    )
    assert complex(scalar.fermion_loop(tau)) == pytest.approx(4 * value, rel=1e-7)


def test_loop_above_threshold() -> None:
    # The imaginary part is that of the cut: 2π (τ − 1)/τ² artanh β, and the amplitude is continuous at τ = 1.
    beta = np.sqrt(1 - 1 / 3.0)
    assert float(scalar.fermion_loop(3.0).imag) == pytest.approx(2 * np.pi * 2 / 9 * np.arctanh(beta), rel=1e-12)
    assert complex(scalar.fermion_loop(1.0)) == pytest.approx(2.0, rel=1e-12)
    # It grows like √(τ − 1)³ there, and a light fermion decouples.
    assert complex(scalar.fermion_loop(1.0 + 1e-9)) == pytest.approx(2.0, rel=1e-6)
    assert abs(complex(scalar.fermion_loop(1e8))) < 1e-5


def test_photon_width_normalisation() -> None:
    # Low-energy theorem for a heavy fermion: L = (α/6π) (g/m_μ) S F², and L = ¼ c S F² has Γ = c² m³/(64π).
    coupling, mass = 1e-3, 0.01
    effective = 4 * coupling / (137.036 * 6 * np.pi * particle_mass("mu-"))
    expected = effective**2 * mass**3 / (64 * np.pi)
    assert float(scalar.width_to_photons(mass, coupling)) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("mass", "expected"), [(0.05, 0.02304), (0.1, 0.01152), (0.2, 5.76e-3), (0.25, 7.06e-7)])
def test_dark_higgs_to_leptons(mass: float, expected: float) -> None:
    # Independent calculation for leptons only; the FORESEE table, with photons, agrees within 3 %.
    total = sum(scalar.dark_higgs_partial_widths(mass).values())
    assert float(HBARC / total) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("mass", "length", "tolerance", "fractions"),
    [
        (0.3, 5.57e-8, 0.1, {"mu+ mu-": 0.22, "pi pi": 0.78}),
        (0.5, 8.10e-9, 0.3, {"mu+ mu-": 0.110, "pi pi": 0.889}),
        (2.0, 1.71e-9, 0.2, {"mu+ mu-": 0.123}),
        (3.0, 7.4e-10, 0.25, {"gluons": 0.66, "s sbar": 0.26}),
        (4.0, 1.09e-10, 0.05, {"tau+ tau-": 0.455, "c cbar": 0.315, "gluons": 0.155}),
    ],
)
def test_dark_higgs_with_hadrons(mass: float, length: float, tolerance: float, fractions: dict[str, float]) -> None:
    # FORESEE table.
    widths = scalar.dark_higgs_partial_widths(mass)
    total = float(sum(widths.values()))
    assert total * length / HBARC == pytest.approx(1.0, abs=tolerance)
    for name, fraction in fractions.items():
        assert float(widths[name]) / total == pytest.approx(fraction, abs=0.06)


def test_lowest_order_alone_is_too_small() -> None:
    # Width to pions of the FORESEE table over that of lowest order: what the docstring says of it.
    for mass, length, fraction in [(0.3, 5.57e-8, 0.78), (0.5, 8.10e-9, 0.889)]:
        table = fraction * HBARC / length
        assert 2.2 < table / float(scalar.dark_higgs_width_to_pions(mass, rescattering=False)) < 4.4
        assert 1.0 < table / float(scalar.dark_higgs_width_to_pions(mass)) < 1.35


def test_rescattering_agrees_with_known_radius_and_phase() -> None:
    # ⟨r²⟩ = 6 d ln Ω/ds: one channel gives 0.5 to 0.6 fm² where 0.61 ± 0.04 fm² is found for the scalar radius of the pion.
    s = 1e-3
    radius2 = 6 * float(np.log(scalar.pion_rescattering(s))) / 2 / s * (HBARC * 1e15) ** 2
    assert radius2 == pytest.approx(0.61, abs=0.12)
    assert scalar.pion_rescattering(0.0) == 1.0
    # Phase shift at the kaon mass: 39° from K → ππ and dispersion relations.
    kaon = (particle_mass("K0") / particle_mass("pi+")) ** 2
    assert float(np.degrees(scalar._elastic_phase(np.asarray(kaon)))) == pytest.approx(39.0, abs=1.5)
    coarse, fine = (scalar.pion_rescattering(np.linspace(0.01, 0.36, 30), nodes) for nodes in (4000, 20000))
    np.testing.assert_allclose(coarse, fine, rtol=1e-5)


def test_rescattering_is_the_principal_value() -> None:
    # Principal value by adaptive quadrature, below and above the threshold.
    pion = particle_mass("pi+")
    s4 = 4 * pion**2

    def phase(s: float) -> float:
        return float(scalar._phase(np.asarray(s)))

    for s in (0.05, 0.2):
        top = 2 * s
        near, _ = (
            integrate.quad(lambda t: phase(t) / t, s4, top, weight="cauchy", wvar=s, epsrel=1e-9)
            if s > s4
            else (integrate.quad(lambda t, s=s: phase(t) / t / (t - s), s4, top, epsrel=1e-10))
        )
        far, _ = integrate.quad(
            lambda u, s=s: phase(1 / u) / (1 / u - s) / u, 1e-12, 1 / top, epsrel=1e-9, limit=400, points=[1 / 0.75**2]
        )
        expected = np.exp(2 * s / np.pi * (near + far))
        assert float(scalar.pion_rescattering(s)) == pytest.approx(expected, rel=1e-4)


def test_ranges_that_are_not_offered_are_refused_in_one_line() -> None:
    for mass in (0.61, 1.0, 1.99, 10.1):
        with pytest.raises(InputError, match="are offered") as caught:
            scalar.dark_higgs_partial_widths([0.1, mass])
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="pions"):
        scalar.dark_higgs_width_to_pions(0.7)
    with pytest.raises(InputError, match="rescattering"):
        scalar.pion_rescattering(0.5)


def test_shapes_and_impossible_input() -> None:
    assert scalar.width_to_photons(np.ones((3, 1)), np.ones(2)).shape == (3, 2)
    assert {v.shape for v in scalar.dark_higgs_partial_widths(np.full((2, 2), 0.3)).values()} == {(2, 2)}
    for mass, coupling in [(0.0, 1.0), (float("nan"), 1.0), (1.0, -1.0)]:
        with pytest.raises(InputError):
            scalar.width_to_muons(mass, coupling)
        with pytest.raises(InputError):
            scalar.width_to_photons(mass, coupling)
    with pytest.raises(InputError, match="chi_mass"):
        scalar.width_to_dark_matter(1.0, 1.0, -0.1)
    with pytest.raises(InputError, match="tau"):
        scalar.fermion_loop(-1.0)
