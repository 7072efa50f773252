"""Sibyll 2.3d, and PYTHIA 6 with bottom pairs, through chromo. One generator per process: they are Fortran inside."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import numpy as np

from spectra.generator import MILLIBARN, Mesons
from spectra.systems import System


def _kinematics(system: System) -> Any:
    from chromo.constants import GeV
    from chromo.kinematics import CenterOfMass, FixedTarget

    kind = CenterOfMass if system.collider else FixedTarget
    return kind(system.energy * GeV, "proton", "proton")


class _Chromo:
    """What both have in common: the loop over events and the choice of mesons."""

    def __init__(self, system: System, model: Any, settings: str) -> None:
        self.settings = settings
        self.label = f"{model.label} through chromo {version('chromo')}"
        self._model = model
        self._codes = list(system.species)

    def run(self, events: int) -> Iterator[Mesons]:
        """As many events as asked for."""
        # The full record, decayed particles included, so that an eta is counted although it decays.
        for event in self._model(events):
            code = np.abs(event.pid)
            kept = np.isin(code, self._codes)
            yield Mesons(code[kept], event.px[kept], event.py[kept], event.pz[kept], event.en[kept])


class Sibyll(_Chromo):
    """All inelastic collisions of Sibyll 2.3d."""

    def __init__(self, system: System, seed: int) -> None:
        from chromo.models import Sibyll23d

        model = Sibyll23d(_kinematics(system), seed=seed)
        model.set_stable(111)
        super().__init__(system, model, "all inelastic collisions, diffraction included")

    def cross_section(self) -> float:
        """The inelastic cross-section in pb."""
        return float(self._model.cross_section().inelastic) * MILLIBARN


class BottomPythia6(_Chromo):
    """PYTHIA 6.428 with MSEL = 5: q q̄ → b b̄ and g g → b b̄ with massive matrix elements."""

    def __init__(self, system: System, seed: int) -> None:
        from chromo.models import Pythia6

        class Bottom(Pythia6):  # type: ignore[misc] # chromo has no annotations
            def _set_kinematics(self, kin: Any) -> None:
                # Before PYINIT, which then clears the processes of the minimum bias that chromo asked for.
                self._lib.pysubs.msel = 5
                super()._set_kinematics(kin)

        model = Bottom(_kinematics(system), seed=seed)
        for code in system.species:
            model.set_stable(code)
        settings = "MSEL=5 (q qbar -> b bbar, g g -> b bbar), defaults of 6.428 with CTEQ5L, old multiple interactions"
        super().__init__(system, model, settings)

    def cross_section(self) -> float:
        """The integral over the events of this run in pb."""
        return float(self._model._lib.pypars.pari[0]) * MILLIBARN
