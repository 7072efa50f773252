"""The collision systems: what collides, which mesons are counted, in which bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LIGHT = {111: "pi0", 221: "eta", 331: "eta'", 113: "rho0", 223: "omega", 333: "phi"}
KAONS = {321: "K+ and K-", 130: "K_L"}
BOTTOM = {511: "B0 and anti-B0", 521: "B+ and B-", 531: "B_s and anti-B_s"}


@dataclass(frozen=True)
class System:
    """Protons on protons, and the bins their mesons are counted in.

    Args:
        title: what the table holds, for its first line.
        energy: √s of a collider, energy of the beam on a proton at rest of a fixed target, in GeV.
        collider: whether two beams collide; then both hemispheres are folded together.
        bottom: whether every event makes a bottom pair; otherwise events are all inelastic collisions.
        species: PDG code → name; codes are those of the particle and stand for the antiparticle too.
        log10_theta: edges of the bins in log₁₀ of the polar angle in rad.
        log10_p: edges, evenly spaced, of the bins in log₁₀ of the momentum in GeV.
        events: how many collisions each generator makes for the shipped table.
    """

    title: str
    energy: float
    collider: bool
    bottom: bool
    species: dict[int, str]
    log10_theta: NDArray[np.float64]
    log10_p: NDArray[np.float64]
    events: dict[str, int]

    @property
    def hemispheres(self) -> int:
        """How many equivalent directions are added in one count."""
        return 2 if self.collider else 1


def _edges(*pieces: NDArray[np.float64] | list[float]) -> NDArray[np.float64]:
    return np.concatenate(pieces).round(2)


# Chosen for decays of forward mesons hundreds of metres away (A′ of 10–80 MeV within 10 cm at 476 m, E > 500 GeV):
# drawing log10 p and log10 θ evenly inside a bin moves the yield by less than 1 % at small mixing and by 2–3 % at large
# mixing. A particle carries at most the momentum of its parent, so p < 447 GeV cannot contribute (and leaves room to
# lower the energy cut by 10 %). Very small angles are few and harmless: wide bins there.
FORWARD = System(
    title="forward mesons in proton-proton collisions at sqrt(s) = 13.6 TeV, one hemisphere",
    energy=13600.0,
    collider=True,
    bottom=False,
    species=LIGHT | KAONS,
    log10_theta=_edges([-6.0, -5.4, -5.0, -4.8, -4.6], np.linspace(-4.5, -3.0, 16)),
    log10_p=_edges(np.linspace(2.65, 3.85, 25)),
    events={"sibyll-2.3d": 1_000_000, "pythia-8.317": 200_000},
)

# The transverse momentum is a few GeV, so the angles are a hundred times those of pions of the same momentum.
FORWARD_BOTTOM = System(
    title="forward B mesons in proton-proton collisions with a bottom pair at sqrt(s) = 13.6 TeV, one hemisphere",
    energy=13600.0,
    collider=True,
    bottom=True,
    species=BOTTOM,
    log10_theta=_edges([-6.0, -5.0, -4.4, -4.1], np.linspace(-3.9, -2.5, 8), np.linspace(-2.4, -1.7, 8)),
    log10_p=_edges(np.linspace(2.6, 3.9, 14)),
    events={"pythia-8.317": 100_000, "pythia-6.428": 100_000},
)

# At a typical transverse momentum of 0.35 GeV the slowest mesons fly at 70 mrad and the fastest at 1 mrad.
SPS = System(
    title="light mesons from protons of 400 GeV on protons at rest, laboratory frame",
    energy=400.0,
    collider=False,
    bottom=False,
    species=LIGHT,
    log10_theta=_edges([-4.0, -3.5, -3.2, -3.05], np.linspace(-2.9, -0.5, 17)),
    log10_p=_edges(np.linspace(0.7, 2.6, 20)),
    events={"sibyll-2.3d": 300_000, "pythia-8.317": 300_000},
)

MAIN_INJECTOR = System(
    title="light mesons from protons of 120 GeV on protons at rest, laboratory frame",
    energy=120.0,
    collider=False,
    bottom=False,
    species=LIGHT,
    log10_theta=_edges([-3.5, -3.0, -2.7, -2.55], np.linspace(-2.4, 0.0, 17)),
    log10_p=_edges(np.linspace(0.3, 2.1, 19)),
    events={"sibyll-2.3d": 300_000, "pythia-8.317": 300_000},
)

SYSTEMS = {"pp-13600": FORWARD, "pp-13600-bottom": FORWARD_BOTTOM, "p-400": SPS, "p-120": MAIN_INJECTOR}
"""Directory of the tables → collision system."""
