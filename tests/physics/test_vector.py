"""Vector bosons of any charges: widths, decay lengths and branching fractions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.errors import InputError
from limits.physics import vector
from limits.physics.vector import VECTORS, Vector
from limits.units import ALPHA, HBARC
from limits.units import mass as particle_mass

CHANNELS = ("e+e-", "mu+mu-", "tau+tau-", "neutrinos", "pi+pi-", "pi+pi-pi0", "KK", "hadrons")


def fractions(name: str, mass: float, *channels: str) -> list[float]:
    found = vector.branching(VECTORS[name], mass)
    return [float(found[channel]) for channel in channels]


@pytest.mark.parametrize(
    ("mass", "expected", "accuracy"),
    [
        (0.3, 1.420e-13, 0.01),  # FORESEE table
        (0.5, 6.55e-14, 0.01),
        (0.775, 7.65e-15, 0.04),
        (1.0, 2.589e-14, 0.02),
        (1.02, 1.73e-15, 0.10),
        (1.5, 1.334e-14, 0.08),
        (2.0, 9.73e-15, 0.03),
        (0.5, 6.52e-14, 0.01),  # DarkCast table, arXiv:1801.04847
        (0.775, 6.72e-15, 0.15),  # the two tables differ by 14 % here, between ρ and ω
        (1.0, 2.549e-14, 0.02),
        (1.5, 1.276e-14, 0.10),
    ],
)
def test_dark_photon_decay_length_agrees_with_public_tables(mass: float, expected: float, accuracy: float) -> None:
    assert float(vector.decay_length(VECTORS["aprime"], mass, 1.0)) == pytest.approx(expected, rel=accuracy)


@pytest.mark.parametrize(
    ("mass", "electrons", "muons", "pions", "accuracy"),
    [
        (0.25, 0.5796, 0.4204, 0.0, 1e-4),
        (0.3, 0.5255, 0.4655, 0.0090, 6e-4),
        (0.5, 0.4013, 0.3962, 0.2025, 5e-4),
        (0.7, 0.1445, 0.1440, 0.7096, 8e-4),
        (1.0, 0.3141, 0.3138, 0.2156, 0.016),
        (2.0, 0.2392, 0.2392, 0.0058, 0.003),
    ],
)
def test_dark_photon_fractions_agree_with_public_tables(
    mass: float, electrons: float, muons: float, pions: float, accuracy: float
) -> None:
    # DarkCast table, arXiv:1801.04847; absolute accuracy.
    found = fractions("aprime", mass, "e+e-", "mu+mu-", "pi+pi-")
    np.testing.assert_allclose(found, [electrons, muons, pions], rtol=0, atol=accuracy)


@pytest.mark.parametrize(
    ("mass", "electrons", "muons", "neutrinos", "accuracy"),
    [
        (0.25, 0.3101, 0.2249, 0.4651, 1e-4),
        (0.5, 0.287, 0.283, 0.429, 1.5e-3),
        # These have μμ/ee = 0.859, that of 0.286 GeV: phase space at 0.3 GeV gives 0.886, as in the A′ table.
        (0.3, 0.297, 0.255, 0.446, 7e-3),
    ],
)
def test_b_minus_l_fractions_agree_with_public_tables(
    mass: float, electrons: float, muons: float, neutrinos: float, accuracy: float
) -> None:
    # FORESEE table.
    found = fractions("b-l", mass, "e+e-", "mu+mu-", "neutrinos")
    np.testing.assert_allclose(found, [electrons, muons, neutrinos], rtol=0, atol=accuracy)


def test_b_minus_l_has_no_rho() -> None:
    assert sum(fractions("b-l", 0.5, "pi+pi-", "pi+pi-pi0", "KK", "hadrons")) < 0.01
    # At the ω three pions rule, and two pions come from the ω alone: PDG, 1.53 % against 89.2 %.
    three, two = fractions("b-l", 0.78266, "pi+pi-pi0", "pi+pi-")
    assert three > 0.75
    assert two / three == pytest.approx(0.0153 / 0.892, rel=0.25)


@pytest.mark.parametrize(
    ("name", "mass", "channels", "expected"),
    [
        ("lmu-ltau", 0.1, ("neutrinos",), (1.0,)),
        ("lmu-ltau", 0.25, ("mu+mu-", "neutrinos"), (0.4204, 0.5796)),
        ("lmu-ltau", 0.5, ("mu+mu-", "neutrinos"), (0.4968, 0.5032)),
        ("lmu-ltau", 5.0, ("mu+mu-", "tau+tau-", "neutrinos"), (0.3471, 0.3058, 0.3471)),
        ("le-lmu", 0.3, ("e+e-", "mu+mu-", "neutrinos"), (0.3465, 0.3070, 0.3465)),
        ("le-ltau", 0.3, ("e+e-", "mu+mu-", "neutrinos"), (0.5, 0.0, 0.5)),
    ],
)
def test_leptonic_vectors(name: str, mass: float, channels: tuple[str, ...], expected: tuple[float, ...]) -> None:
    # Independent calculation, four digits.
    np.testing.assert_allclose(fractions(name, mass, *channels), expected, rtol=0, atol=1e-4)
    assert sum(fractions(name, mass, *channels)) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "mass", "expected"),
    [("b-l", 0.1, 2.976e-14), ("lmu-ltau", 0.1, 7.44e-14), ("lmu-ltau", 1.0, 3.72e-15)],
)
def test_decay_length_at_unit_gauge_coupling(name: str, mass: float, expected: float) -> None:
    assert float(vector.decay_length(VECTORS[name], mass, 1.0)) == pytest.approx(expected, rel=5e-4)


def test_charges_are_free_of_anomalies() -> None:
    # Differences of lepton numbers sum to 0; for B−L three colours of quarks cancel the leptons, per generation.
    for name in ("lmu-ltau", "le-lmu", "le-ltau"):
        found = VECTORS[name]
        assert found.electron + found.muon + found.tau == 0.0
        assert (found.nu_e, found.nu_mu, found.nu_tau) == (found.electron, found.muon, found.tau)
    found = VECTORS["b-l"]
    assert 3 * (found.up + found.down) + found.electron + found.nu_e == pytest.approx(0.0, abs=1e-15)
    assert list(VECTORS) == [found.name for found in VECTORS.values()]


def test_tau_width_is_the_integrated_squared_amplitude() -> None:
    # Γ = p/(8π m²) mean|M|², mean|M|² = (4/3) g² (m² + 2 m_τ²).
    mass, tau = 4.5, particle_mass("tau-")
    expected = np.sqrt(mass**2 / 4 - tau**2) / (8 * np.pi * mass**2) * 4 / 3 * (mass**2 + 2 * tau**2)
    assert float(vector.partial_widths(VECTORS["b-l"], mass)["tau+tau-"]) == pytest.approx(expected, rel=1e-12)


def test_massless_electron_width_of_the_dark_photon_is_alpha_m_over_3() -> None:
    assert float(vector.partial_widths(VECTORS["aprime"], 1.0)["e+e-"]) == pytest.approx(ALPHA / 3, rel=1e-6)


def test_channels_shapes_and_closed_channels() -> None:
    masses = np.array([[1e-4, 0.1], [0.2, 0.9]])
    for found in VECTORS.values():
        widths = vector.partial_widths(found, masses)
        assert tuple(widths) == CHANNELS
        assert all(partial.shape == (2, 2) and np.all(partial >= 0) for partial in widths.values())
        assert np.all(widths["tau+tau-"] == 0.0)
        assert np.all(widths["KK"] == 0.0)
    assert np.isinf(vector.decay_length(VECTORS["aprime"], 1e-3, 1e-4))
    assert np.isinf(vector.decay_length(VECTORS["b-l"], 1.0, 0.0))
    assert vector.decay_length(VECTORS["b-l"], masses, 1e-4).shape == (2, 2)


def test_width_is_smooth() -> None:
    # Off the ρ–ω region and the φ the width moves by less than 3 % per MeV.
    masses = np.concatenate([np.arange(0.3, 0.75, 1e-3), np.arange(1.06, 3.5, 1e-3)])
    for name in ("aprime", "b-l"):
        widths = vector.width(VECTORS[name], masses)
        steps = np.abs(np.diff(np.log(widths)))[np.diff(masses) < 2e-3]
        assert steps.max() < 0.03


@given(
    name=st.sampled_from(sorted(VECTORS)),
    mass=st.floats(0.0011, 9.0),
    coupling=st.floats(1e-9, 1.0),
)
def test_length_times_width_is_hbarc_and_fractions_add_up(name: str, mass: float, coupling: float) -> None:
    found = VECTORS[name]
    length = float(vector.decay_length(found, mass, coupling))
    assert length * coupling**2 * float(vector.width(found, mass)) == pytest.approx(HBARC, rel=1e-12)
    assert float(sum(vector.branching(found, mass).values())) == pytest.approx(1.0, rel=1e-12)


def test_impossible_input_is_refused() -> None:
    for mass in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="mass"):
            vector.width(VECTORS["aprime"], mass)
    with pytest.raises(InputError, match="coupling"):
        vector.decay_length(VECTORS["aprime"], 0.1, -1e-4)
    with pytest.raises(InputError, match="no decay channel is open"):
        vector.branching(VECTORS["aprime"], 1e-3)
    with pytest.raises(InputError, match="fermion mass"):
        vector.fermion_width(1.0, -0.1)
    with pytest.raises(InputError, match="quark charges"):
        vector.width(Vector("odd", 1.0, up=float("nan")), 1.0)
