"""A decay of one of two B mesons to a baryon and what is not seen, the other B meson reconstructed: events at one missing mass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from limits.errors import InputError
from limits.physics.portal import Coupling
from limits.physics.psid import (
    MODES,
    branching_from_effective_coupling,
    exclusive_branching,
    universal_branching,
)
from limits.search import CountingChannel, Search
from limits.signals.expected import Signal, Yield, above_zero, checked_couplings, known_hypothesis
from limits.signals.windows import published, share

HYPOTHESES: Final[Mapping[str, Coupling]] = MappingProxyType(
    {
        "mesogenesis": Coupling("exclusive branching fraction B", "B", "1", (1e-8, 1e-2), 1),
        "mesogenesis-universal": Coupling("inclusive branching fraction B of O_ud", "B", "1", (1e-7, 1.0), 1),
        "mesogenesis-coupling": Coupling("effective coupling, phase space, G", "G", "GeV-2", (1e-9, 1e-5), 2),
        "mesogenesis-coupling-form-factor": Coupling(
            "effective coupling, form factors, G", "G", "GeV-2", (1e-9, 1e-5), 2
        ),
    }
)
"""What escapes is a dark baryon. The branching fraction is that of the exclusive decay, or the inclusive one by the operator O_ud with
all operators of equal strength: only then have the decays of different operators anything in common. The effective coupling
G = y²/m_Y² is that of the operator of the decay; of the form factors it is by the larger share: the strongest limit they allow."""

SMALL: Final = 1e-9
"""An effective coupling in GeV⁻² whose branching fractions are far below 1."""


def _universal(decay: str, mass: float) -> float:
    return float(universal_branching(1.0, decay, mass))


def _effective(model: str) -> Callable[[str, float], float]:
    def rate(decay: str, mass: float) -> float:
        inclusive = branching_from_effective_coupling(SMALL, mass)
        return float(exclusive_branching(inclusive, decay, mass, model)) / SMALL**2

    return rate


EXCLUSIVE: Final[Mapping[str, Callable[[str, float], float]]] = MappingProxyType(
    {
        "mesogenesis-universal": _universal,
        "mesogenesis-coupling": _effective("phase-space"),
        "mesogenesis-coupling-form-factor": _effective("form-factor-high"),
    }
)
"""Exclusive branching fraction at coupling 1, from the decay and the mass, of what is not one itself."""


def tagged(search: Search, channel: CountingChannel, hypothesis: str, mass: float) -> Signal:
    """B → baryon ψ_D, ψ_D unseen, beside a B meson that is reconstructed.

    The expected events are B · 2 f N_BB̄ · efficiency. The efficiency is that of the table of the channel, if it is there: of the whole
    analysis, for one B → baryon ψ_D. Without, it is that of the tag times the visible fraction of the decays of the baryon, the
    acceptance, the efficiency inside it and the share of the peak in the window.
    """
    known_hypothesis(search, "tagged", hypothesis, HYPOTHESES)
    luminosity, pairs, _ = above_zero(search, "luminosity_ifb", "pairs_per_ifb", "parent_fraction")
    parents = 2 * _fraction(search, "parent_fraction") * luminosity * pairs
    efficiency = published(search, channel, "efficiency", mass)
    if efficiency is None:
        efficiency = _efficiency(search, channel, mass)
    if hypothesis in EXCLUSIVE:
        if channel.decay is None:
            raise InputError(
                f"{search.path}: {channel.name}: decay is needed for {hypothesis}: one of {', '.join(MODES)}"
            )
        efficiency *= EXCLUSIVE[hypothesis](channel.decay, mass)
    power = HYPOTHESES[hypothesis].yield_power or 1

    def at(couplings: ArrayLike) -> Yield:
        return Yield((parents * efficiency * checked_couplings(couplings) ** power)[:, None])

    return at


def _efficiency(search: Search, channel: CountingChannel, mass: float) -> float:
    """Of what is assumed about the analysis and simulated of its acceptance."""
    window = channel.window
    if window is None or window.resolution is None:
        raise InputError(
            f"{search.path}: {channel.name}: the signal 'tagged' needs a window with a table of resolutions"
        )
    counted = share(search, window, mass)  # refuses a mass that the table does not reach
    table = search.table(window.resolution)
    if "acceptance" not in table:
        known = ", ".join(table)
        raise InputError(f"{search.path.parent / window.resolution}: no column acceptance; known: {known}")
    inside = float(np.interp(mass, table["mass_gev"], table["acceptance"]))
    visible = _fraction(search, "visible_fraction") if "visible_fraction" in search.quantities else 1.0
    return _fraction(search, "tag_efficiency") * visible * _fraction(search, "efficiency") * inside * counted


def _fraction(search: Search, key: str) -> float:
    """A number of which none below zero or above one makes sense."""
    if not 0 <= (value := search.value(key)) <= 1:
        raise InputError(f"{search.path}: {key} = {value:g}: must lie between 0 and 1")
    return value
