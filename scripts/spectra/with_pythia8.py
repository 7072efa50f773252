"""PYTHIA 8.317 with the Monash tune, its default."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spectra.generator import LARGEST_LIFETIME, MILLIBARN, Mesons
from spectra.systems import System

MOST_FAILURES = 1000
"""Events in a row PYTHIA may give up on before the run is given up."""


class Pythia8:
    """All inelastic collisions, or those with a hard bottom pair."""

    def __init__(self, system: System, seed: int) -> None:
        import pythia8mc

        process = "HardQCD:hardbbbar=on" if system.bottom else "SoftQCD:inelastic=on"
        self._pythia = pythia8mc.Pythia("", False)
        stable = list(system.species) if system.bottom else [111]
        for line in [process, *_beams(system), *_common(seed), *(f"{code}:mayDecay=off" for code in stable)]:
            if not self._pythia.readString(line):
                raise RuntimeError(f"PYTHIA does not know the setting {line}")
        if not self._pythia.init():
            raise RuntimeError("PYTHIA cannot be initialised")
        self._codes = frozenset(system.species)
        self.label = f"PYTHIA {self._pythia.settings.parm('Pythia:versionNumber'):.3f}"
        self.settings = f"{process}, Monash 2013 tune (the default)"

    def run(self, events: int) -> Iterator[Mesons]:
        """As many events as asked for."""
        for _ in range(events):
            self._next()
            # A hadron that was copied, with a recoil for example, is counted in its last copy.
            found = [p for p in self._pythia.event if p.idAbs() in self._codes and p.iBotCopyId() == p.index()]
            rows = [(p.px(), p.py(), p.pz(), p.e()) for p in found]
            momenta = np.array(rows, dtype=np.float64).reshape(-1, 4).T
            yield Mesons(np.array([p.idAbs() for p in found], dtype=np.int64), *momenta)

    def cross_section(self) -> float:
        """Cross-section in pb of the process switched on."""
        return float(self._pythia.infoPython().sigmaGen()) * MILLIBARN

    def _next(self) -> None:
        for _ in range(MOST_FAILURES):
            if self._pythia.next():
                return
        raise RuntimeError(f"PYTHIA gave up on {MOST_FAILURES} events in a row")


def _beams(system: System) -> list[str]:
    if system.collider:
        return ["Beams:frameType=1", f"Beams:eCM={system.energy}"]
    return ["Beams:frameType=2", f"Beams:eA={system.energy}", "Beams:eB=0."]


def _common(seed: int) -> list[str]:
    lifetimes = ["ParticleDecays:limitTau0=on", f"ParticleDecays:tau0Max={LARGEST_LIFETIME}"]
    return ["Print:quiet=on", "Random:setSeed=on", f"Random:seed={seed}", *lifetimes]
