"""Dark tridents: π⁰, η → γχχ̄ and χ N → χ N A′, against traces, phase space drawn at random, published limits of the formulas."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, special
from scipy.stats import qmc

from limits.errors import InputError
from limits.physics import dalitz_dark, trident
from limits.physics import weizsaecker_williams as ww
from limits.search import load
from limits.units import ALPHA, HBARC, PB_GEV2
from limits.units import mass as particle_mass

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))  # the scripts are not installed

import make_trident

Array = NDArray[np.float64]

DECAYS = [("pi0", 0.006, 0.01), ("pi0", 0.05, 0.025), ("eta", 0.006, 0.01), ("eta", 0.24, 0.4), ("eta", 0.25, 0.125)]

# --- P → γχχ̄ ---


def test_dalitz_decay_of_the_pion() -> None:
    """B(π⁰ → γe⁺e⁻) = 1.174 ± 0.035 % (PDG); Kroll and Wada: 1.185 % of the γγ without form factor and radiation."""
    ratio = ALPHA * dalitz_dark.branching_ratio(particle_mass("pi0"), particle_mass("e-"), 0.0)
    assert ratio == pytest.approx(0.01185, rel=1e-3)
    assert 0.98823 * ratio == pytest.approx(0.01174, rel=5e-3)


@pytest.mark.parametrize(("parent", "chi", "a_mass"), DECAYS)
def test_branching_ratio_is_the_integral_over_the_mass(parent: str, chi: float, a_mass: float) -> None:
    heavy, low = particle_mass(parent), 4 * chi**2

    def integrand(s: float) -> float:
        return float(dalitz_dark.mass_spectrum(s, heavy, chi, a_mass))

    parts = [low, 1.01 * low, min(1.2 * low, heavy**2), heavy**2]
    total = sum(integrate.quad(integrand, a, b, epsabs=0, epsrel=1e-9)[0] for a, b in pairwise(parts))
    assert dalitz_dark.branching_ratio(heavy, chi, a_mass) == pytest.approx(total, rel=1e-7)


@pytest.mark.parametrize(("parent", "chi", "a_mass"), DECAYS)
def test_moments_of_the_energy(parent: str, chi: float, a_mass: float) -> None:
    """χ and χ̄ share the energy of the pair evenly; its square follows from cos² θ in the frame of the pair."""
    heavy = particle_mass(parent)
    energy = np.linspace(chi, heavy / 2, 20001)
    density = dalitz_dark.energy_spectrum(energy, heavy, chi, a_mass)
    s = 4 * chi**2 + (heavy**2 - 4 * chi**2) * np.linspace(0, 1, 40001) ** 3
    weight = dalitz_dark.mass_spectrum(s, heavy, chi, a_mass)
    pair, momentum = (heavy**2 + s) / (2 * heavy), (heavy**2 - s) / (2 * heavy)
    beta2 = 1 - 4 * chi**2 / s
    # ∫(2 − β² + β²c²) c² dc over the same without c².
    cosine2 = ((2 - beta2) / 3 + beta2 / 5) / (2 - 2 * beta2 / 3)
    for power, expected in ((0, 1.0), (1, pair / 2), (2, (pair**2 + momentum**2 * beta2 * cosine2) / 4)):
        assert np.trapezoid(density * energy**power, energy) == pytest.approx(
            np.trapezoid(weight * expected, s), rel=2e-4
        )


@pytest.mark.parametrize("s", [4 * 0.03**2, 0.005, 0.018])
def test_angles_are_normalised(s: float) -> None:
    total = integrate.quad(lambda c: float(dalitz_dark.pair_frame_density(c, s, 0.03)), -1, 1)[0]
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize(
    "bad", [(0.135, 0.07, 0.1), (0.135, 0.02, 0.05), (0.135, 0.0, 0.0), (0.0, 0.01, 0.01), (0.135, np.nan, 0.01)]
)
def test_decays_that_are_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="mass"):
        dalitz_dark.branching_ratio(*bad)


# --- the nucleus ---


def test_helm_is_the_transform_of_a_sphere_with_a_soft_edge() -> None:
    """A sphere of radius R₁ convolved with a Gaussian of width s, in closed form, transformed numerically."""
    c, skin, a = 1.23 * trident.ARGON.A ** (1 / 3) - 0.6, 0.9, 0.52
    radius = np.sqrt(c**2 + 7 * np.pi**2 * a**2 / 3 - 5 * skin**2)

    def density(r: float) -> float:
        low, high = (r - radius) / (np.sqrt(2) * skin), (r + radius) / (np.sqrt(2) * skin)
        edges = special.erf(high) - special.erf(low)
        return float(edges / 2 + skin / (np.sqrt(2 * np.pi) * r) * (np.exp(-(high**2)) - np.exp(-(low**2))))

    norm = integrate.quad(lambda r: r**2 * density(r), 1e-9, 15)[0]
    for q in (0.01, 0.3, 1.0, 1.7, 2.5):  # per fm
        expected = integrate.quad(lambda r, q=q: r * np.sin(q * r) / q * density(r), 1e-9, 15, limit=200)[0] / norm
        assert trident.helm((q * HBARC * 1e15) ** 2) == pytest.approx(expected, abs=1e-8)


def test_helm_at_small_momentum_is_the_radius_of_argon() -> None:
    """1 − q² ⟨r²⟩/6; the charge radius of ⁴⁰Ar is 3.427 fm (Angeli and Marinova 2013, a recollection)."""
    assert trident.helm(0.0) == 1.0
    q2 = 1e-6
    radius = np.sqrt(6 * (1 - float(trident.helm(q2))) / q2) * HBARC * 1e15
    assert radius == pytest.approx(3.427, rel=0.02)
    joined = trident.helm((np.array([0.99, 1.01]) * 1e-2 * HBARC * 1e15 / 3.9) ** 2)
    assert np.diff(joined) == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(InputError, match="squared_transfer"):
        trident.helm(-1.0)


# --- the amplitude ---

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def gammas() -> NDArray[np.complex128]:
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    return np.array([np.kron(np.diag([1, -1]), np.eye(2)), *(np.kron([[0, 1], [-1, 0]], s) for s in pauli)])


GAMMA = gammas()


def slash(p: Array) -> NDArray[np.complex128]:
    return np.einsum("...m,mab->...ab", p @ METRIC, GAMMA)


def dot(a: Array, b: Array) -> Array:
    return np.einsum("...m,mn,...n->...", a, METRIC, b)


def on_shell(momentum: Array, mass: float) -> Array:
    return np.concatenate([np.sqrt(mass**2 + np.sum(momentum**2, axis=-1))[..., None], momentum], axis=-1)


def boosted(p: Array, frame: Array) -> Array:
    """`p` (n, 4), given in the rest frame of `frame` (n, 4), in the frame in which that is measured."""
    mass = np.sqrt(dot(frame, frame))[:, None]
    along = np.sum(p[:, 1:] * frame[:, 1:], axis=1)[:, None]
    energy = (frame[:, :1] * p[:, :1] + along) / mass
    return np.concatenate([energy, p[:, 1:] + frame[:, 1:] * (p[:, :1] + energy) / (mass + frame[:, :1])], axis=1)


def directions(rng: np.random.Generator, size: int) -> Array:
    found = rng.normal(size=(size, 3))
    return np.asarray(found / np.linalg.norm(found, axis=1)[:, None])


def events(
    rng: np.random.Generator, size: int, energy: float, chi: float, a_mass: float, nucleus: float
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """p₁, P, p₂, k, P′ (n, 4) at random in the laboratory and their weight in three-body phase space, without its (2π)⁴."""

    def pair(total: Array, first: float | Array, second: float) -> Array:
        return np.sqrt((total**2 - (first + second) ** 2) * (total**2 - (first - second) ** 2)) / (2 * total)

    p1 = np.tile([energy, 0.0, 0.0, np.sqrt(energy**2 - chi**2)], (size, 1))
    rest = np.tile([nucleus, 0.0, 0.0, 0.0], (size, 1))
    root = np.sqrt(dot(p1 + rest, p1 + rest))
    w = chi + a_mass + (root - nucleus - chi - a_mass) * rng.uniform(size=size)
    out, inner = pair(root, w, nucleus), pair(w, chi, a_mass)
    weight = (root - nucleus - chi - a_mass) * 2 * w / (2 * np.pi) * out / root * inner / w / (4 * np.pi) ** 2
    momentum = out[:, None] * directions(rng, size)
    system = boosted(np.concatenate([np.sqrt(w**2 + out**2)[:, None], momentum], axis=1), p1 + rest)
    k = boosted(on_shell(inner[:, None] * directions(rng, size), a_mass), system)
    return p1, rest, system - k, k, p1 + rest - system, weight


def invariants(p1: Array, rest: Array, p2: Array, k: Array, recoil: Array, chi: float) -> trident.Point:
    n, q = rest + recoil, rest - recoil
    s, u = dot(p2 + k, p2 + k) - chi**2, dot(p1 - k, p1 - k) - chi**2
    return trident.Point(dot(q, q), s, u, dot(n, n), dot(n, p1), dot(n, p2))


def vertex(p1: Array, rest: Array, p2: Array, k: Array, recoil: Array, chi: float, polarisation: Array) -> Array:
    """The matrix between the spinors of χ."""
    n, point = slash(rest + recoil), invariants(p1, rest, p2, k, recoil, chi)
    e = slash(polarisation)
    after = e @ (slash(p2 + k) + chi * np.eye(4)) @ n / point.s[:, None, None]
    before = n @ (slash(p1 - k) + chi * np.eye(4)) @ e / point.u[:, None, None]
    return np.asarray(after + before)


def summed(matrix: Array, p1: Array, p2: Array, chi: float) -> Array:
    """½ Tr[(p̸₂ + m) V (p̸₁ + m) V̄]."""
    bar = GAMMA[0] @ np.swapaxes(matrix.conj(), -1, -2) @ GAMMA[0]
    product = (slash(p2) + chi * np.eye(4)) @ matrix @ (slash(p1) + chi * np.eye(4)) @ bar
    return np.asarray(np.trace(product, axis1=-2, axis2=-1).real / 2)


@pytest.mark.parametrize(("chi", "a_mass"), [(0.3, 0.5), (0.5, 0.25), (0.1, 0.9)])
def test_squared_amplitude_is_that_of_gamma_matrices(chi: float, a_mass: float) -> None:
    *vectors, _ = events(np.random.default_rng(7), 300, 4.0, chi, a_mass, 2.0)
    p1, _, p2, _, _ = vectors
    unit = np.eye(4)
    traces = sum(
        -METRIC[i, i] * summed(vertex(*vectors, chi, np.tile(METRIC[i] * unit[i, i], (300, 1))), p1, p2, chi)
        for i in range(4)
    )
    found = trident.squared_amplitude(invariants(*vectors, chi), chi, a_mass)
    np.testing.assert_allclose(found, traces, rtol=1e-9)


def test_ward_identity() -> None:
    """The amplitude with k for the polarisation is zero, so that the sum over −g is that over the polarisations."""
    chi, a_mass = 0.3, 0.5
    *vectors, _ = events(np.random.default_rng(3), 300, 4.0, chi, a_mass, 2.0)
    p1, _, p2, k, _ = vectors
    transverse = summed(vertex(*vectors, chi, np.tile([0.0, 1.0, 0.0, 0.0], (300, 1))), p1, p2, chi)
    longitudinal = summed(vertex(*vectors, chi, k), p1, p2, chi)
    assert np.max(np.abs(longitudinal) / transverse) < 1e-10


# --- the cross-section ---


def no_structure(squared_transfer: Array) -> Array:
    return np.ones_like(squared_transfer)


@pytest.mark.parametrize(
    ("energy", "chi", "a_mass", "exchanged"), [(1.5, 0.3, 0.3, 0.3), (2.0, 0.2, 0.4, 0.1), (1.0, 0.25, 0.125, 0.125)]
)
def test_cross_section_is_the_mean_over_random_events(
    energy: float, chi: float, a_mass: float, exchanged: float
) -> None:
    """Phase space drawn at random, with Lorentz boosts, and a nucleus so light that its recoil matters."""
    nucleus = ww.Nucleus(Z=1, A=2.0)
    mass = 2.0 * trident.ATOMIC_MASS_UNIT
    *vectors, weight = events(np.random.default_rng(11), 200_000, energy, chi, a_mass, mass)
    point = invariants(*vectors, chi)
    values = weight * trident.squared_amplitude(point, chi, a_mass) / (point.t - exchanged**2) ** 2
    flux = 4 * mass * np.sqrt(energy**2 - chi**2)
    expected, error = PB_GEV2 * values.mean() / flux, PB_GEV2 * values.std() / flux / np.sqrt(len(values))
    found = trident.radiation([energy], chi, a_mass, exchanged, nucleus, no_structure)[0]
    assert error < 0.02 * expected
    assert found == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize(("mass", "allowed"), [(0.01, 0.01), (0.1, 0.01), (0.5, 0.01)])
def test_muons_in_the_weizsaecker_williams_limit(mass: float, allowed: float) -> None:
    """160 GeV on lead, where the approximation is good to a few per cent (arXiv:2409.12748); it is better in the total."""
    muon, lead = particle_mass("mu-"), ww.LEAD

    def form_factor(squared_transfer: Array) -> Array:
        atom = (particle_mass("e-") * lead.Z ** (1 / 3) / 111.0) ** 2
        core = 0.164 * lead.A ** (-2 / 3)
        return np.asarray(squared_transfer / (squared_transfer + atom) * core / (core + squared_transfer))

    exact = (4 * np.pi * ALPHA) ** 2 * trident.radiation([160.0], muon, mass, 0.0, lead, form_factor)[0]
    assert exact == pytest.approx(float(ww.cross_section(mass, 0.0, 160.0)), rel=allowed)


def physical(k: Array, a_mass: float) -> list[Array]:
    """Three polarisations of the A′ along k (n, 4); the longitudinal one without its part along k, which couples to nothing."""
    along = k[:, 1:] / np.linalg.norm(k[:, 1:], axis=1)[:, None]
    one = np.cross(along, [0.0, 1.0, 0.0])
    one = one / np.linalg.norm(one, axis=1)[:, None]
    zero, size = np.zeros((len(k), 1)), np.linalg.norm(k[:, 1:], axis=1)[:, None]
    longitudinal = np.concatenate([size - k[:, :1], along * (k[:, :1] - size)], axis=1) / a_mass
    return [np.c_[zero, one], np.c_[zero, np.cross(along, one)], longitudinal]


@pytest.mark.parametrize(("energy", "chi", "a_mass"), [(1.0, 0.05, 0.05), (2.0, 0.03, 0.05)])
def test_argon_by_quasi_random_events_in_the_laboratory(energy: float, chi: float, a_mass: float) -> None:
    """Momenta from the recoil in the laboratory, physical polarisations in place of −g, Sobol points in place of quadrature."""
    mass, points = trident.ARGON.A * trident.ATOMIC_MASS_UNIT, qmc.Sobol(4, rng=3).random_base2(14)
    s = mass**2 + chi**2 + 2 * mass * energy
    ends = 1 / ((chi + a_mass) ** 2 - chi**2), 1 / ((np.sqrt(s) - mass) ** 2 - chi**2)
    system = 1 / (ends[1] + (ends[0] - ends[1]) * points[:, 0])
    weight = (ends[0] - ends[1]) * system**2
    w = np.sqrt(system + chi**2)
    # −t between the ends of two bodies to two bodies in their rest frame; no more than 1 GeV².
    first = np.sqrt((s - (mass + chi) ** 2) * (s - (mass - chi) ** 2) / (4 * s))
    last = np.sqrt((s - (mass + w) ** 2) * (s - (mass - w) ** 2) / (4 * s))
    most = 2 * (np.hypot(first, mass) * np.hypot(last, mass) - mass**2 + first * last)
    least = (mass * system) ** 2 / (s * most)
    transfer = least * (np.minimum(most, 1.0) / least) ** points[:, 1]
    weight *= np.log(np.minimum(most, 1.0) / least) * transfer
    # In the laboratory the recoil has t/2M, and its angle follows from the mass of the rest.
    zero, p = np.zeros(len(w)), np.full(len(w), np.sqrt(energy**2 - chi**2))
    slow = np.sqrt((transfer / (2 * mass)) ** 2 + transfer)
    fast = (energy - transfer / (2 * mass)) ** 2 - w**2
    cosine = (p**2 + slow**2 - fast) / (2 * p * slow)
    recoil = np.c_[mass + transfer / (2 * mass), slow * np.sqrt(np.maximum(1 - cosine**2, 0)), zero, slow * cosine]
    p1, rest = np.c_[zero + energy, zero, zero, p], np.c_[zero + mass, zero, zero, zero]
    both = p1 + rest - recoil
    back = both * [1, -1, -1, -1]
    axis = boosted(p1, back)[:, 1:]
    size = np.linalg.norm(axis, axis=1)
    k = np.sqrt((w**2 - (chi + a_mass) ** 2) * (w**2 - (chi - a_mass) ** 2)) / (2 * w)
    middle, reach = 2 * np.hypot(size, chi) * np.hypot(k, a_mass) - a_mass**2, 2 * size * k
    u = (middle - reach) * ((middle + reach) / (middle - reach)) ** points[:, 2]
    weight *= u * np.log((middle + reach) / (middle - reach)) / reach
    c, turn = (middle - u) / reach, 2 * np.pi * points[:, 3]
    z = axis / size[:, None]
    x = np.cross(z, [0.0, 1.0, 0.0])
    x = x / np.linalg.norm(x, axis=1)[:, None]
    side = x * np.cos(turn)[:, None] + np.cross(z, x) * np.sin(turn)[:, None]
    v = boosted(
        on_shell(k[:, None] * (z * c[:, None] + side * np.sqrt(np.maximum(1 - c**2, 0))[:, None]), a_mass), both
    )
    vectors = (p1, rest, both - v, v, recoil)
    squared = sum(summed(vertex(*vectors, chi, e), p1, both - v, chi) for e in physical(v, a_mass))
    exchange = (18 * trident.helm(transfer) / (transfer + a_mass**2)) ** 2
    # Flux; dW²/2π; dt/8π over twice the momentum; k dΩ/16π² W.
    values = weight * squared * exchange / (4 * mass * p) / (2 * np.pi) / (16 * np.pi * mass * p) * k / (8 * np.pi * w)
    expected = PB_GEV2 * (4 * np.pi) ** 3 * ALPHA * values.mean()
    assert trident.cross_section([energy], chi, a_mass)[0] == pytest.approx(expected, rel=3e-3)


def test_couplings_and_threshold() -> None:
    chi, a_mass = 0.03, 0.05
    least = trident.threshold(chi, a_mass)
    assert least == pytest.approx(chi + a_mass, rel=2e-3)
    assert trident.cross_section([0.5 * least, 0.999 * least], chi, a_mass) == pytest.approx(0.0)
    assert trident.cross_section([], chi, a_mass).shape == (0,)
    bare = trident.radiation([3.0], chi, a_mass, a_mass, trident.ARGON, trident.helm)
    assert trident.cross_section([3.0], chi, a_mass) == pytest.approx((4 * np.pi) ** 3 * ALPHA * bare, rel=5e-3)


@pytest.mark.parametrize(("energy", "chi", "a_mass"), [(1.0, 0.05, 0.05), (10.0, 0.02, 0.01), (3.0, 0.24, 0.4)])
def test_more_nodes_change_little(monkeypatch: pytest.MonkeyPatch, energy: float, chi: float, a_mass: float) -> None:
    standard = trident.cross_section([energy], chi, a_mass)
    monkeypatch.setattr(trident, "NODES", (30, 34, 28, 14))
    np.testing.assert_allclose(standard, trident.cross_section([energy], chi, a_mass), rtol=4e-3)


@pytest.mark.parametrize("bad", [([1.0], 0.0, 0.1), ([1.0], 0.1, 0.0), ([-1.0], 0.1, 0.1), ([np.nan], 0.1, 0.1)])
def test_cross_sections_that_are_refused(bad: tuple[list[float], float, float]) -> None:
    with pytest.raises(InputError, match=r"mass|energy"):
        trident.cross_section(*bad)


# --- the table of rates ---


def test_spectra_with_their_reflection_hold_all_mesons() -> None:
    """Protons on protons are symmetric: what is below the table adds up to the multiplicity of the generators."""
    for name in make_trident.MESONS:
        fast, all_of_them = (make_trident.mesons(name, slow).number.sum(axis=1) for slow in (False, True))
        assert np.all(fast < 0.85)
        np.testing.assert_allclose(all_of_them, 1.0, atol=0.03)


@pytest.mark.parametrize(("ratio", "a_mass"), [(0.6, 0.05), (2.0, 0.01)])
def test_rows_of_the_table(ratio: float, a_mass: float) -> None:
    found = {name: make_trident.mesons(name) for name in make_trident.MESONS}
    values = make_trident.rates(ratio, a_mass, found)
    table = load("microboone-trident").table("rates.csv")
    row = np.flatnonzero((table["mass_ratio"] == ratio) & np.isclose(table["mass_gev"], a_mass))
    for i, generator in enumerate(("sibyll", "pythia")):
        for name in make_trident.MESONS:
            assert values[name][i] == pytest.approx(float(table[f"{name}_{generator}"][row[0]]), rel=1e-4)
