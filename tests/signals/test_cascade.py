"""Two vertices and missing momentum: kinematics, decays in flight against thrown ones, and the size of the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from limits.physics import idm
from limits.signals.cascade import Drawn, Model, draw, seen
from limits.signals.two_vertices import Pair, Tracker, falling, flight, vertices
from limits.units import mass as particle_mass

MODEL = Model(7.5, 2.5, 1.0, 0.1, 2.0, 10.58, 0.284)
TRACKER = Tracker(1.1, 1.55, 0.8, (np.radians(17), np.radians(150)), 0.1, 1.0, 0.1, 0.002)
CHI_LENGTH = 0.0019

Array = NDArray[np.float64]


def drawn(mass: float, daughter: str, size: int = 200_000, seed: int = 5) -> Drawn:
    """Events from pseudo-random numbers."""
    return draw(MODEL, mass, daughter, np.random.default_rng(seed).random((11, size)))


def mass_of(momentum: Array) -> Array:
    return np.asarray(np.sqrt(momentum[0] ** 2 - np.sum(momentum[1:] ** 2, axis=0)))


@pytest.mark.parametrize(("mass", "daughter"), [(0.22, "mu-"), (0.6, "pi+"), (2.9, "K+")])
def test_momenta_are_conserved(mass: float, daughter: str) -> None:
    events = drawn(mass, daughter, 2000)
    assert events.weight.sum() == pytest.approx(1.0)
    assert np.all(events.weight >= 0)
    assert mass_of(events.higgs.parent) == pytest.approx(mass, rel=1e-6)
    assert mass_of(events.chi.parent) == pytest.approx(3.5, rel=1e-6)
    assert np.sum(events.higgs.tracks, axis=0) == pytest.approx(events.higgs.parent, abs=1e-9)
    for track in events.higgs.tracks:
        assert mass_of(track) == pytest.approx(particle_mass(daughter), rel=1e-6)
    # What is left of the beams and of χ₂ → ee is χ₁, twice.
    beams = np.array([10.58 * np.hypot(1, 0.284), 0, 0, 10.58 * 0.284])[:, None]
    assert mass_of(beams - events.higgs.parent - events.chi.parent) == pytest.approx(2.5, rel=1e-6)
    assert mass_of(events.chi.parent - np.sum(events.chi.tracks, axis=0)) == pytest.approx(2.5, rel=1e-6)


def test_distributions() -> None:
    """Direction of h′, energy of χ₂ and mass of the electron pair: weighted means against integrals."""
    events, mass = drawn(0.5, "pi+"), 0.5
    energy, _, _, z = events.higgs.parent
    back = np.hypot(1, 0.284) * z - 0.284 * energy
    p = np.sqrt((10.58**2 - 8**2) * (10.58**2 - 7**2)) / (2 * 10.58)
    expected, _ = quad(lambda c: c**2 * float(idm.angular_density(c, mass, 7.5, 10.58)), -1, 1)
    assert float(events.weight @ (back / p) ** 2) == pytest.approx(expected, abs=0.003)
    pair = mass_of(np.sum(events.chi.tracks, axis=0))
    for power in (1, 2):
        above, below = (
            quad(lambda q, n=n: q**n * 2 * q * float(idm.spectrum(q, 7.5, 2.5, 1.0)), 0, 1)[0] for n in (power, 0)
        )
        assert float(events.weight @ pair**power) == pytest.approx(above / below, rel=3e-3)
    # In the centre of mass χ₁ and χ₂ share the energy of the A′ as in its rest frame, on average.
    share = np.hypot(1, 0.284) * events.chi.parent[0] - 0.284 * events.chi.parent[3]
    star = (7.5**2 + 3.5**2 - 2.5**2) / (2 * 7.5)
    aprime = (10.58**2 + 7.5**2 - mass**2) / (2 * 10.58)
    assert float(events.weight @ share) == pytest.approx(star * aprime / 7.5, rel=2e-3)


@pytest.mark.parametrize("model", [MODEL, Model(1.5, 0.5, 0.2, 0.1, 2.0, 10.58, 0.284)])
def test_electrons_are_polarised_along_their_pair(model: Model) -> None:
    """Mean cos² of the helicity angle from invariants, also where χ₂ is fast: 2/5 of transverse and 1/5 of longitudinal pairs."""
    events = draw(model, 0.5, "pi+", np.random.default_rng(7).random((11, 100_000)))
    excited, (one, other) = events.chi.parent, events.chi.tracks
    difference, energy = (
        (p[0] * excited[0] - np.sum(p[1:] * excited[1:], axis=0)) / (model.chi + model.splitting)
        for p in (one - other, one + other)
    )
    q = mass_of(one + other)
    share = idm.transverse_share(q, model.chi, model.splitting)
    found = float(events.weight @ (difference**2 / (energy**2 - q**2)))
    assert found == pytest.approx(float(events.weight @ (0.2 + 0.2 * share)), rel=0.01)


def thrown(
    events: Drawn, lengths: tuple[float, float], tracker: Tracker, rng: np.random.Generator
) -> tuple[float, float]:
    """Acceptance and its error with decay points thrown, and vertices kept or lost one by one."""
    kept = np.ones(len(events.weight), dtype=bool)
    displaced = np.zeros_like(kept)
    for pair, length in zip((events.higgs, events.chi), lengths, strict=True):
        energy, momentum = pair.parent[0], pair.parent[1:]
        time = rng.exponential(length, size=energy.shape) / mass_of(pair.parent)
        x, y, z = time * momentum
        # How far along its way out of the cylinder the vertex is.
        rho, across = np.hypot(x, y), np.hypot(momentum[0], momentum[1])
        to_wall = tracker.radius / across
        to_end = np.where(momentum[2] > 0, tracker.forward / momentum[2], -tracker.backward / momentum[2])
        kept &= rng.random(energy.shape) < 1 - time / np.minimum(to_wall, to_end)
        kept &= (rho < tracker.radius) & (z < tracker.forward) & (z > -tracker.backward)
        displaced |= rho > tracker.displaced
        for track in pair.tracks:
            theta = np.arccos(track[3] / np.linalg.norm(track[1:], axis=0))
            kept &= (theta > tracker.angles[0]) & (theta < tracker.angles[1])
            kept &= np.hypot(track[1], track[2]) > tracker.transverse
    one, two = (track[1:] / np.linalg.norm(track[1:], axis=0) for track in events.chi.tracks)
    kept &= np.arccos(np.clip(np.sum(one * two, axis=0), -1, 1)) > tracker.pair_angle
    kept &= events.chi.tracks[0][0] + events.chi.tracks[1][0] > tracker.pair_energy
    passed = events.weight * (kept & displaced)
    return float(passed.sum()), float(np.sqrt(np.sum(passed**2)))


@pytest.mark.parametrize(
    ("mass", "daughter", "length", "chi_length"),
    [
        (0.3, "mu-", 1.0, CHI_LENGTH),
        (0.6, "pi+", 1e-3, CHI_LENGTH),
        (2.0, "K+", 0.3, 0.2),
        (1.5, "K+", 1e-5, CHI_LENGTH),
    ],
)
def test_acceptance_against_thrown_decays(mass: float, daughter: str, length: float, chi_length: float) -> None:
    events = drawn(mass, daughter, 400_000)
    expected, error = thrown(events, (length, chi_length), TRACKER, np.random.default_rng(8))
    lengths = np.array([length]), np.array([chi_length])
    found = float(vertices(events.weight, events.higgs, events.chi, TRACKER).acceptance(*lengths)[0])
    assert found == pytest.approx(expected, abs=3 * error)
    assert error < 0.03 * expected
    # The fixed points of the signal are as good as 400 000 random ones.
    fixed = float(seen(MODEL, mass, daughter, TRACKER).acceptance(*lengths)[0])
    assert fixed == pytest.approx(found, rel=0.015)


def test_efficiency_along_the_path() -> None:
    for x in (1e-8, 9.99e-4, 1.001e-3, 0.3, 50.0):
        expected = quad(lambda t, x=x: (1 - t) * x * np.exp(-x * t), 0, 1, epsabs=0, epsrel=1e-12)[0]
        assert float(falling(np.array(x))) == pytest.approx(expected, rel=1e-8)


def test_path_ends_where_the_tracker_does() -> None:
    """Sideways at the radius, along the beams at either end, and at 45° forward at the radius: 1.1 √2 m."""
    parents = np.array([[5.0, 3.0, 0, 0], [5.0, 0, 0, 3.0], [5.0, 0, 0, -3.0], [5.0, 2.0, 0, 2.0]]).T
    found = flight(parents, TRACKER)
    assert found.length == pytest.approx([1.1, 1.55, 0.8, 1.1 * np.sqrt(2)])
    assert found.near == pytest.approx([0.002, 1.55, 0.8, 0.002 * np.sqrt(2)])
    assert found.boost[:3] == pytest.approx(3 / 4)


def test_limits_of_the_decay_lengths() -> None:
    found = seen(MODEL, 1.0, "pi+", TRACKER)
    length = np.array([1e-9, 100.0, 1000.0])
    prompt = found.acceptance(length, np.full(3, 1e-9))
    assert prompt[0] == 0.0
    assert prompt[1] / prompt[2] == pytest.approx(10.0, rel=5e-3)
    # h′ at the collision point: what is left is χ₂, beyond 2 mm and before the end.
    (alone,) = found.acceptance(length[:1], np.array([CHI_LENGTH]))
    assert 0 < alone < found.weight.sum()


def test_smooth_in_mass() -> None:
    """Ten masses one part in a thousand apart: each step moves a few of 32768 events across a threshold."""
    masses = 0.8 * 1.001 ** np.arange(10)
    length, chi_length = np.array([0.05]), np.array([CHI_LENGTH])
    found = [float(seen(MODEL, float(m), "pi+", TRACKER).acceptance(length, chi_length)[0]) for m in masses]
    assert np.max(np.abs(np.diff(found, 2))) < 3e-3 * found[0]


def test_a_pair_that_does_not_fire_the_trigger() -> None:
    events = drawn(1.0, "pi+", 2000)
    high = TRACKER._replace(pair_energy=100.0)
    nothing = vertices(events.weight, events.higgs, Pair(events.chi.parent, events.chi.tracks), high)
    assert float(nothing.acceptance(np.array([0.1]), np.array([CHI_LENGTH]))[0]) == 0.0
