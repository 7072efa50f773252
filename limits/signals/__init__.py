"""From a channel and a hypothesis to expected events: the functions that a search file may name as its `signal`.

Each takes a search, one of its channels, a hypothesis and a mass, does what does not depend on the coupling once, and returns
a function of the coupling.

| name        | what is computed                                                                               | searches                |
|-------------|------------------------------------------------------------------------------------------------|-------------------------|
| `displaced` | meson decays, bremsstrahlung, conversion of photons → X → decay in a distant volume            | FASER, NA62, DarkQuest  |
| `missing`   | muon–nucleus bremsstrahlung of an X that escapes with at least a given share of the energy      | NA64μ                   |
| `template`  | a table of events per bin at a reference coupling, scaled                                      | MicroBooNE              |
| `tabulated` | a table of events by mass at a reference coupling, scaled with a power of it                   | your own                |
| `cascade`   | e⁺e⁻ → h′A′, two vertices of which one is displaced, and missing momentum                      | Belle II                |
| `tagged`    | B → baryon ψ_D with ψ_D unseen, beside a reconstructed B meson                                 | BaBar                   |
| `resonance` | a peak on a smooth spectrum, of the size that a rate makes                                      | BESIII, Belle II, BaBar |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from limits.physics.portal import PORTALS, Coupling
from limits.signals.cascade import cascade
from limits.signals.displaced import displaced
from limits.signals.expected import Hypothesis, Signal, Yield
from limits.signals.missing import HYPOTHESES, missing
from limits.signals.resonance import resonance
from limits.signals.tabulated import tabulated
from limits.signals.tagged import HYPOTHESES as DARK_BARYONS
from limits.signals.tagged import tagged
from limits.signals.template import template

__all__ = ["KNOWN", "SIGNALS", "Coupling", "Hypothesis", "Signal", "Yield"]

SIGNALS: Final[Mapping[str, Callable[[Any, Any, str, float], Signal]]] = MappingProxyType(
    {
        "cascade": cascade,
        "displaced": displaced,
        "missing": missing,
        "resonance": resonance,
        "tabulated": tabulated,
        "tagged": tagged,
        "template": template,
    }
)
"""Every signal by the name a search file uses."""

KNOWN: Final[Mapping[str, Mapping[str, Coupling]]] = MappingProxyType(
    {
        "cascade": {},
        "displaced": {name: portal.coupling for name, portal in PORTALS.items()},
        "missing": {name: particle.coupling for name, particle in HYPOTHESES.items()},
        "resonance": {},
        "tabulated": {},
        "tagged": DARK_BARYONS,
        "template": {},
    }
)
"""The hypotheses that each signal can compute, and how each is measured."""
