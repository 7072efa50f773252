"""Searches as one likelihood beside its members: what the combination finds, what it gains, what each member adds.

| module     | what it knows                                                                              |
|------------|--------------------------------------------------------------------------------------------|
| `scans`    | in the plane of mass and coupling, every member where it looks                             |
| `strength` | at one theory point, or of documents of other tools: limits on the strength they share     |
| `gains`    | excluded area over that of the union, or the best single limit over the combined one       |
"""

from __future__ import annotations

from limits.combination.gains import Gain, MassGain, gain
from limits.combination.scans import Combination, combination, default_masses, masses_at, steps
from limits.combination.strength import AtPoint, at_point, of_likelihoods

__all__ = [
    "AtPoint",
    "Combination",
    "Gain",
    "MassGain",
    "at_point",
    "combination",
    "default_masses",
    "gain",
    "masses_at",
    "of_likelihoods",
    "steps",
]
