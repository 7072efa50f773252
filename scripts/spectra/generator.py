"""What every generator gives: mesons event by event, a cross-section at the end, its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

LARGEST_LIFETIME = 10.0
"""cτ in mm above which a particle does not decay: K⁰_S, Λ, Σ±, Ξ and longer-lived ones.

chromo draws the line at a lifetime of 30 ps, cτ = 9 mm; no hadron is between the two.
"""

MILLIBARN = 1e9  # pb


class Mesons(NamedTuple):
    """The mesons asked for in one event, each once, in the frame of the laboratory.

    Shape: (mesons,) each. Unit: GeV. `pid` is the PDG code of the particle also where it is the antiparticle.
    """

    pid: NDArray[np.int64]
    px: NDArray[np.float64]
    py: NDArray[np.float64]
    pz: NDArray[np.float64]
    energy: NDArray[np.float64]


class Generator(Protocol):
    """One run of one generator; a second run of the same seed gives the same events."""

    label: str
    """Name and version, for the header of the table."""

    settings: str
    """What was switched on, for the header of the table."""

    def run(self, events: int) -> Iterator[Mesons]:
        """As many events as asked for."""
        ...

    def cross_section(self) -> float:
        """Cross-section in pb of the events the run consists of, once it is over."""
        ...
