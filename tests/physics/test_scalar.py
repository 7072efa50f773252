"""Muonphilic scalar."""

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


def test_shapes_and_impossible_input() -> None:
    assert scalar.width_to_photons(np.ones((3, 1)), np.ones(2)).shape == (3, 2)
    for mass, coupling in [(0.0, 1.0), (float("nan"), 1.0), (1.0, -1.0)]:
        with pytest.raises(InputError):
            scalar.width_to_muons(mass, coupling)
        with pytest.raises(InputError):
            scalar.width_to_photons(mass, coupling)
    with pytest.raises(InputError, match="chi_mass"):
        scalar.width_to_dark_matter(1.0, 1.0, -0.1)
    with pytest.raises(InputError, match="tau"):
        scalar.fermion_loop(-1.0)
