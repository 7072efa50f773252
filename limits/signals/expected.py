"""What a signal is: a theory point, the events expected at it, and the checks that all signals share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limits.errors import InputError, unknown
from limits.search import Search

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Hypothesis:
    """A theory point: which particle, its mass in GeV, and the coupling in the search's published quantity."""

    name: str
    mass: float
    coupling: float


@dataclass(frozen=True, eq=False)
class Yield:
    """Expected signal `events` (n_couplings, n_bins).

    `relative` are further relative uncertainties that depend on the point, by name, (n_couplings, n_bins) each; those in
    `correlated` move all bins together, the others each bin on its own.
    """

    events: Array
    relative: Mapping[str, Array] = field(default_factory=dict)
    correlated: frozenset[str] = frozenset()


Signal = Callable[[ArrayLike], Yield]
"""Expected events as a function of the coupling."""


def above_zero(search: Search, *keys: str) -> tuple[float, ...]:
    """Numbers that a formula divides by, or that are lengths and energies.

    Raises:
        InputError: one of them is not above zero.
    """
    for key in keys:
        if not search.value(key) > 0:
            raise InputError(f"{search.path}: {key} = {search.value(key):g}: a number above 0 is needed")
    return tuple(search.value(key) for key in keys)


def optional(search: Search, key: str, default: float) -> float:
    """The number `key`, or `default` where the search does not state one."""
    return search.value(key) if key in search.quantities else default


def checked_couplings(couplings: ArrayLike) -> Array:
    """The couplings as an array (n,).

    Raises:
        InputError: one of them is not a positive finite number.
    """
    values = np.atleast_1d(np.asarray(couplings, dtype=np.float64))
    if not np.all(np.isfinite(values) & (values > 0)):
        bad = float(values[~(np.isfinite(values) & (values > 0))][0])
        raise InputError(f"coupling: {bad!r}: every value must be a positive finite number")
    return values


def known_hypothesis(
    search: Search, signal: str, hypothesis: str, known: Mapping[str, object] | tuple[str, ...]
) -> None:
    """Refuse a hypothesis that a signal does not know.

    Raises:
        UnknownName: naming the ones it does.
    """
    if hypothesis not in known:
        raise unknown(f"hypothesis for the signal {signal!r}", hypothesis, known, str(search.path))
