"""Shift of the magnetic moment of the muon by a new boson."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from limits.errors import InputError, UnknownName
from limits.physics import magnetic_moment
from limits.units import mass as particle_mass

MASSES = [0.001, 0.01, 0.03, 0.05, 0.1, 0.2]


def test_vector_couplings() -> None:
    # Independent calculation, four digits printed.
    printed = [4.516e-4, 5.032e-4, 6.067e-4, 7.053e-4, 9.462e-4, 1.426e-3]
    np.testing.assert_allclose(magnetic_moment.coupling_for("vector", MASSES, 251e-11), printed, rtol=4e-4)
    printed = [4.498e-4, 5.012e-4, 6.043e-4, 7.025e-4, 9.424e-4, 1.421e-3]
    np.testing.assert_allclose(magnetic_moment.coupling_for("vector", MASSES, 249e-11), printed, rtol=4e-4)


def test_scalar_couplings() -> None:
    # Independent calculation, four digits printed.
    printed = [3.670e-4, 3.952e-4, 4.503e-4, 5.006e-4, 6.170e-4, 8.296e-4]
    np.testing.assert_allclose(magnetic_moment.coupling_for("scalar", MASSES, 251e-11), printed, rtol=2e-4)


def test_mixing_of_a_dark_photon() -> None:
    # Published edge of the excluded region for the shift known before 2021: (2.79 + 5·0.76)·10⁻⁹, coupling e ε.
    charge = np.sqrt(4 * np.pi / 137.036)
    mixing = magnetic_moment.coupling_for("vector", [1e-3, 0.10476, 1.0723], (2.79 + 5 * 0.76) * 1e-9) / charge
    np.testing.assert_allclose(mixing, [2.4163e-3, 5.1850e-3, 3.0862e-2], rtol=1e-4)


def test_bands() -> None:
    low, high = magnetic_moment.preferred_band("vector", [0.01, 0.1])
    np.testing.assert_allclose(low, [3.93e-4, 7.39e-4], rtol=2e-3)
    np.testing.assert_allclose(high, [5.90e-4, 1.11e-3], rtol=2e-3)
    # A shift compatible with none has no lower edge.
    low, high = magnetic_moment.preferred_band("scalar", 0.01, 38e-11, 63e-11)
    assert low == 0.0
    assert high > 0.0


def test_light_and_heavy_limits() -> None:
    # Schwinger's α/2π for a light vector and 3/2 of it for a light scalar; m_μ²/m² behaviour for heavy ones.
    muon = particle_mass("mu-")
    assert float(magnetic_moment.vector(1e-9, 0.3)) == pytest.approx(0.09 / (8 * np.pi**2), rel=1e-6)
    assert float(magnetic_moment.scalar(1e-9, 0.3)) == pytest.approx(1.5 * 0.09 / (8 * np.pi**2), rel=1e-6)
    ratio = (muon / 100.0) ** 2
    assert float(magnetic_moment.vector(100.0, 1.0)) == pytest.approx(ratio / (12 * np.pi**2), rel=1e-4)
    heavy = ratio * (np.log(1 / ratio) - 7 / 6) / (8 * np.pi**2)
    assert float(magnetic_moment.scalar(100.0, 1.0)) == pytest.approx(heavy, rel=1e-4)


@pytest.mark.parametrize("mass", [1e-6, 1e-3, 0.02, 0.2113167512, 3.0, 100.0])
def test_integrals_agree_with_adaptive_quadrature(mass: float) -> None:
    r2 = (mass / particle_mass("mu-")) ** 2
    # Integration in 1 − z = w, in ln w below 1/2 and in ln z above.
    kernels = {
        "vector": lambda z, w: 2 * z * w**2 / (w**2 + r2 * z),
        "scalar": lambda z, w: w**2 * (1 + z) / (w**2 + r2 * z),
    }
    for kind, kernel in kernels.items():
        parts = [
            integrate.quad(lambda t, k=kernel: np.exp(t) * k(1 - np.exp(t), np.exp(t)), -40, np.log(0.5), epsrel=1e-11),
            integrate.quad(lambda t, k=kernel: np.exp(t) * k(np.exp(t), 1 - np.exp(t)), -40, np.log(0.5), epsrel=1e-11),
        ]
        expected = sum(value for value, _ in parts) / (8 * np.pi**2)
        function = magnetic_moment.vector if kind == "vector" else magnetic_moment.scalar
        assert float(function(mass, 1.0)) == pytest.approx(expected, rel=1e-9)


def test_shapes() -> None:
    assert magnetic_moment.vector(np.ones((3, 1)), np.ones(2)).shape == (3, 2)
    assert magnetic_moment.coupling_for("scalar", np.ones((3, 1)), np.ones(2)).shape == (3, 2)


def test_impossible_input_is_refused() -> None:
    for mass, coupling in [(0.0, 1.0), (float("nan"), 1.0), (1.0, -1.0)]:
        with pytest.raises(InputError):
            magnetic_moment.vector(mass, coupling)
    with pytest.raises(InputError, match="delta_a"):
        magnetic_moment.coupling_for("vector", 1.0, -1e-9)
    with pytest.raises(InputError, match="error"):
        magnetic_moment.preferred_band("vector", 1.0, error=-1.0)
    with pytest.raises(UnknownName, match="scalar, vector"):
        magnetic_moment.coupling_for("axial", 1.0, 1e-9)  # type: ignore[arg-type]
