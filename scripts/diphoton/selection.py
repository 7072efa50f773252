"""Which events are kept, and the masses of their pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diphoton.fit import Fitted
from diphoton.photons import Array, Mask, Photons

VETOES = ((0.11, 0.16), (0.52, 0.56), (0.92, 0.99), (2.92, 3.04))
"""Masses of no pair, GeV: π⁰, η, η′, η_c (arXiv:2404.04640)."""

PAIRS = ((0, 1), (0, 2), (1, 2))


@dataclass(frozen=True)
class Selection:
    """Cuts on fitted photons, ordered in energy 1 > 2 > 3; GeV.

    Args:
        energy_minimum: of every photon.
        chi2_maximum: of the kinematic fit. The published value is not known; 50 is assumed, 20 to 200 is plausible.
        first_third: largest E₁ − E₃.
        second_third: largest E₂ − E₃.
    """

    energy_minimum: float = 0.025
    chi2_maximum: float = 50.0
    first_third: float = np.inf
    second_third: float = np.inf


NOMINAL = (Selection(0.025), Selection(0.1), Selection(0.2), Selection(0.3))
"""Those in the tables. 0.025 GeV is the definition of a photon: asked again of the fitted energy it removes 0.4 % more."""


def pair_masses(photons: Photons) -> Array:
    """m_γγ of the pairs of `PAIRS`, (3, events)."""
    energy, theta, phi = photons
    sine = np.sin(theta)
    masses = []
    for i, j in PAIRS:
        # 1 − cos of the opening angle, by half angles: exact for photons close to each other.
        versine = (
            2 * np.sin((theta[i] - theta[j]) / 2) ** 2 + 2 * sine[i] * sine[j] * np.sin((phi[i] - phi[j]) / 2) ** 2
        )
        masses.append(np.sqrt(2 * energy[i] * energy[j] * versine))
    return np.stack(masses)


def free_of_vetoes(masses: Array) -> Mask:
    """Events without a pair in a veto."""
    kept = np.ones(masses.shape[1], dtype=bool)
    for low, high in VETOES:
        kept &= ~np.any((masses >= low) & (masses < high), axis=0)
    return kept


def within(selection: Selection, energies: Array) -> Mask:
    """Events that pass the cuts on fitted energies, (3, events), in any order."""
    third, second, first = np.sort(energies, axis=0)
    kept = third > selection.energy_minimum
    if np.isfinite(selection.first_third):
        kept &= first - third < selection.first_third
    if np.isfinite(selection.second_third):
        kept &= second - third < selection.second_third
    return np.asarray(kept)


def passes(selection: Selection, fitted: Fitted) -> Mask:
    """Events that pass all cuts but the vetoes."""
    return (fitted.chi2 < selection.chi2_maximum) & within(selection, fitted.photons.energy)
