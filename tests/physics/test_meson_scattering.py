"""Rescattering of two mesons, in one channel and in two."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from limits.errors import InputError
from limits.physics import meson_scattering as scattering
from limits.units import HBARC
from limits.units import mass as particle_mass


def s_matrix(mass: np.ndarray, cutoff: float = scattering.CUTOFF) -> np.ndarray:
    root = np.sqrt(scattering.velocity(mass[:, None], scattering.channel_masses()))
    return np.eye(2) + 2j * root[:, :, None] * scattering.amplitudes(mass**2, cutoff) * root[:, None, :] / (16 * np.pi)


def phase_shift(mass: np.ndarray) -> np.ndarray:
    return np.asarray(np.degrees(np.unwrap(np.angle(s_matrix(mass)[:, 0, 0]))) / 2)


def test_amplitudes_are_unitary() -> None:
    # Above both thresholds S is a unitary, symmetric matrix; between them only pions are open; below, T is real.
    both = s_matrix(np.linspace(1.0, 1.9, 40))
    np.testing.assert_allclose(both @ both.conj().swapaxes(-1, -2), np.broadcast_to(np.eye(2), both.shape), atol=1e-12)
    np.testing.assert_allclose(both, both.swapaxes(-1, -2), atol=1e-12)
    np.testing.assert_allclose(np.abs(s_matrix(np.linspace(0.29, 0.98, 40))[:, 0, 0]), 1.0, atol=1e-12)
    assert np.all(scattering.amplitudes(np.linspace(1e-4, 0.07, 20)).imag == 0.0)


@pytest.mark.parametrize("mass", [0.2, 0.5, 0.9, 1.3])
def test_inverse_amplitude_has_the_phase_space_as_imaginary_part(mass: float) -> None:
    inverse = np.linalg.inv(scattering.amplitudes(mass**2))
    sigma = [np.sqrt(max(1 - 4 * m**2 / mass**2, 0.0)) for m in scattering.channel_masses()]
    np.testing.assert_allclose(inverse.imag, -np.diag(sigma) / (16 * np.pi), atol=1e-12)


def test_normalisation_is_that_of_the_scattering_length() -> None:
    # Weinberg: a₀⁰ = 7 m_π²/(32π f²) in units of 1/m_π; measured 0.22, which rescattering nearly makes of it.
    pion = particle_mass("pi+")
    bare = float(scattering.potential(4 * pion**2)[0, 0]) / (16 * np.pi)
    assert bare == pytest.approx(7 * pion**2 / (32 * np.pi * 0.093**2), rel=1e-12)
    dressed = complex(scattering.amplitudes(4 * pion**2 * (1 + 1e-12))[0, 0]) / (16 * np.pi)
    assert dressed.real == pytest.approx(0.22, abs=0.03)


def test_massless_limit_is_that_of_su3() -> None:
    # The singlet of two octets is √3 ππ + 2 KK̄ + ηη (I = 0 each, over √8), with amplitude 3s/(2f²); ππ → ηη is zero.
    potential = scattering.potential(1e4) * 0.093**2 / 1e4
    assert (potential[0] @ np.array([np.sqrt(3.0), 2.0])) / np.sqrt(3.0) == pytest.approx(1.5, abs=1e-4)
    # Kaons reach ηη too, with 3s/(4f²) (arXiv:hep-ph/9712230; a recollection).
    assert (potential[1] @ np.array([np.sqrt(3.0), 2.0]) + 0.75) / 2.0 == pytest.approx(1.5, abs=1e-4)


@pytest.mark.parametrize("channel", [0, 1])
def test_loop_is_its_integrals(channel: int) -> None:
    mass = scattering.channel_masses()[channel]
    threshold = 4 * mass**2

    def loop(s: float) -> complex:
        return complex(scattering._loop(np.asarray(s), mass, 0.9))

    # ∫ q² dq/(2π²) / [ω (4ω² − s)] up to the cutoff: equal at threshold, and not far apart at s = 0.
    def cut(s: float) -> float:
        def integrand(q: float) -> float:
            energy2 = q * q + mass**2
            return float(q * q / (2 * np.pi**2 * np.sqrt(energy2) * (4 * energy2 - s)))

        return float(integrate.quad(integrand, 1e-9, 0.9)[0])

    assert loop(threshold).real == pytest.approx(cut(threshold), rel=1e-6)
    assert loop(1e-9).real == pytest.approx(cut(0.0), rel=(0.05, 0.3)[channel])

    # J(s) − J(s₀) = (s − s₀)/π ∫ ds′ Im J/[(s′ − s₀)(s′ − s)], s′ = s₀ + t².
    def dispersive(s: float) -> float:
        def rest(t: float) -> float:
            return float(2 / t * np.sqrt(t * t / (threshold + t * t)) / (16 * np.pi))

        if s < threshold:
            value, _ = integrate.quad(lambda t: rest(t) / (threshold + t * t - s), 0, np.inf, epsrel=1e-10)
            return float((s - threshold) / np.pi * value)
        pole = np.sqrt(s - threshold)
        near, _ = integrate.quad(lambda t: rest(t) / (t + pole), 1e-12, 2 * pole, weight="cauchy", wvar=pole)
        far, _ = integrate.quad(lambda t: rest(t) / (t * t - pole * pole), 2 * pole, np.inf, epsrel=1e-10)
        return float((s - threshold) / np.pi * (near + far))

    for s in (0.3 * threshold, 0.9 * threshold, 1.3 * threshold, 5 * threshold):
        assert loop(s).real - loop(threshold).real == pytest.approx(dispersive(s), rel=1e-6)
        assert loop(s).imag == pytest.approx(np.sqrt(max(1 - threshold / s, 0.0)) / (16 * np.pi), rel=1e-12)


def test_phase_shift_is_near_the_measured_one() -> None:
    # Dispersive analysis of data, arXiv:1102.2183: a recollection within 3°. Lowest order is too attractive by 8 to 13° at 0.5 to 0.7 GeV.
    mass = np.array([0.30, 0.4, 0.4976, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99])
    known = np.array([5.6, 21.8, 39.4, 57.1, 71.9, 85.2, 92.4, 101.6, 120.0, 155.0, 192.0])
    np.testing.assert_allclose(phase_shift(mass), known, atol=15.0)
    assert phase_shift(mass)[6] == pytest.approx(92.4, abs=6.0)


def test_f0_rises_just_below_the_kaon_threshold() -> None:
    # 180° is passed at 0.99 GeV (peak of f₀(980): 0.99 ± 0.02 in the PDG), in less than 0.1 GeV; then kaons take a part.
    mass = np.linspace(0.3, 1.4, 1101)
    phase = phase_shift(mass)
    assert float(np.interp(180.0, phase, mass)) == pytest.approx(0.99, abs=0.02)
    assert 0.02 < float(np.interp(225.0, phase, mass) - np.interp(135.0, phase, mass)) < 0.1
    elasticity = np.abs(s_matrix(np.array([0.98, 1.02, 1.2]))[:, 0, 0])
    assert elasticity[0] == pytest.approx(1.0)
    assert elasticity[1] < 0.6 < elasticity[2]


def test_dressing_is_one_at_zero_and_continuous() -> None:
    np.testing.assert_allclose(scattering.dressing(1e-8), np.eye(2), atol=0.03)
    for threshold in (4 * m**2 for m in scattering.channel_masses()):
        below, above = (scattering.dressing(threshold * (1 + step)) for step in (-1e-10, 1e-10))
        np.testing.assert_allclose(below, above, rtol=1e-3, atol=1e-3)


def test_no_bound_state_where_it_is_used() -> None:
    # Cauchy on a circle of 2 GeV² and both sides of the cut: the dressing at 0.05 GeV² comes back, so there is no pole inside.
    pion, kaon = scattering.channel_masses()

    def element(s: np.ndarray) -> np.ndarray:
        loops = []
        for mass in (pion, kaon):
            sigma = np.sqrt(1 - 4 * mass**2 / s + 0j)
            threshold = 2 * np.arcsinh(0.9 / mass)
            loops.append((threshold + sigma * np.log((sigma - 1) / (sigma + 1))) / (16 * np.pi**2))
        v11, v12, v22 = ((s - pion**2 / 2) / 0.093**2, np.sqrt(3) * s / 4 / 0.093**2, 0.75 * s / 0.093**2)
        determinant = (1 - v11 * loops[0]) * (1 - v22 * loops[1]) - v12**2 * loops[0] * loops[1]
        return np.asarray((1 - v22 * loops[1]) / determinant)

    inside, radius = 0.05, 2.0
    angle = (np.arange(20000) + 0.5) / 20000 * 2 * np.pi
    circle = radius * np.exp(1j * angle)
    around = np.mean(element(circle) * circle / (circle - inside))
    root = (np.arange(100000) + 0.5) / 100000 * np.sqrt(radius - 4 * pion**2)
    s = 4 * pion**2 + root**2
    jump = scattering.dressing(s)[:, 0, 0].imag / np.pi * 2 * root / (s - inside)
    total = around + np.mean(jump) * np.sqrt(radius - 4 * pion**2)
    assert total.real == pytest.approx(float(scattering.dressing(inside)[0, 0].real), rel=1e-4)


def test_rescattering_in_one_channel_and_in_two_agree_at_low_energy() -> None:
    # Measured phase shift there, lowest order here. Higher up the ππ element falls, and production of kaons makes up for it.
    s = np.linspace(0.3, 0.5, 9) ** 2
    one, two = np.sqrt(scattering.pion_rescattering(s)), np.abs(scattering.dressing(s)[:, 0, 0])
    np.testing.assert_allclose(two, one, rtol=0.15)


def test_rescattering_agrees_with_known_radius_and_phase() -> None:
    # ⟨r²⟩ = 6 d ln Ω/ds: one channel gives 0.5 to 0.6 fm² where 0.61 ± 0.04 fm² is found for the scalar radius of the pion.
    s = 1e-3
    radius2 = 6 * float(np.log(scattering.pion_rescattering(s))) / 2 / s * (HBARC * 1e15) ** 2
    assert radius2 == pytest.approx(0.61, abs=0.12)
    assert scattering.pion_rescattering(0.0) == 1.0
    # Phase shift at the kaon mass: 39° from K → ππ and dispersion relations.
    kaon = (particle_mass("K0") / particle_mass("pi+")) ** 2
    assert float(np.degrees(scattering._elastic_phase(np.asarray(kaon)))) == pytest.approx(39.0, abs=1.5)
    coarse, fine = (scattering.pion_rescattering(np.linspace(0.01, 0.36, 30), nodes) for nodes in (4000, 20000))
    np.testing.assert_allclose(coarse, fine, rtol=1e-5)


def test_rescattering_is_the_principal_value() -> None:
    # Principal value by adaptive quadrature, below and above the threshold.
    pion = particle_mass("pi+")
    s4 = 4 * pion**2

    def phase(s: float) -> float:
        return float(scattering._phase(np.asarray(s)))

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
        assert float(scattering.pion_rescattering(s)) == pytest.approx(expected, rel=1e-4)


def test_impossible_input() -> None:
    with pytest.raises(InputError, match="rescattering"):
        scattering.pion_rescattering(0.6)
    for s in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="s: "):
            scattering.amplitudes(s)
    with pytest.raises(InputError, match="cutoff"):
        scattering.dressing(1.0, 0.0)
    assert scattering.amplitudes(np.ones((3, 2))).shape == (3, 2, 2, 2)
