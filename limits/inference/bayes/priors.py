"""Priors of the strength: powers, decays, ranges, Jeffreys, flat in a coupling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from limits.errors import InputError

Kind = Literal["upper", "central", "shortest"]
KINDS: Final = ("upper", "central", "shortest")
"""Kinds of interval: from the prior's lower end, between equal tails, or the shortest."""


@dataclass(frozen=True)
class Prior:
    """Prior density ∝ s^power · e^(−decay·s) of the strength s between `lower` and `upper`.

    With `jeffreys` the power is replaced by √(Σ_w w Σ_b S_b²/(s S_b + B_b)): the root of the Fisher information of the counts in all
    bins b, itself averaged over the densities of the constrained nuisances (weights w, signal S and background B); nuisances without
    constraint, which have no density, stay at the fit to the data. For one count and a known background it is 1/√(s + B/S).
    """

    name: str
    power: float = 0.0
    decay: float = 0.0
    jeffreys: bool = False
    lower: float = 0.0
    upper: float = np.inf

    def __post_init__(self) -> None:
        if not (np.isfinite(self.power) and self.power >= -1):
            raise InputError(f"prior {self.name}: power = {self.power!r}: a number ≥ -1 is needed")
        if not (np.isfinite(self.decay) and self.decay >= 0):
            raise InputError(f"prior {self.name}: decay = {self.decay!r}: a number ≥ 0 is needed")
        if not 0 <= self.lower < self.upper:
            raise InputError(f"prior {self.name}: range [{self.lower!r}, {self.upper!r}]: 0 ≤ lower < upper is needed")


FLAT: Final = Prior("flat")

PRIORS: Final[Mapping[str, Prior]] = MappingProxyType(
    {"flat": FLAT, "1/√s": Prior("1/√s", -0.5), "1/s": Prior("1/s", -1.0), "Jeffreys": Prior("Jeffreys", jeffreys=True)}
)
"""Priors by name."""


def flat_in_coupling(strength_power: float, coupling_power: float = 2.0) -> Prior:
    """The prior flat in coupling^coupling_power where the strength is ∝ coupling^strength_power: ∝ s^(coupling_power/strength_power − 1).

    Raises:
        InputError: a power that is not > 0.
    """
    for key, value in (("strength_power", strength_power), ("coupling_power", coupling_power)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"flat in coupling: {key} = {value!r}: a number > 0 is needed")
    name = f"flat in coupling^{coupling_power:g} (strength ∝ coupling^{strength_power:g})"
    return Prior(name, coupling_power / strength_power - 1)
