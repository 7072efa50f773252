"""Up-crossings of q0(mass) in a scan, in the observed one or in toys: what Gross and Vitells extrapolate from.

Local significances Z ≥ 0 come as arrays, nan where a fit failed; q0 = Z². Ranges of mass between vetoes are connected each
for itself; nothing crosses from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.errors import InputError
from limits.kernel.rates import Array

Labels = NDArray[np.int_]

REFERENCE: Final = 0.5
"""Level c0 of q0: low, for many crossings; the answer depends little on it."""


@dataclass(frozen=True)
class Crossings:
    """Mean number of up-crossings of `level` per scan and its error, from `scans` scans of `segments` connected ranges."""

    level: float
    mean: float
    error: float
    scans: int
    source: str
    segments: int = 1


@dataclass(frozen=True, eq=False)
class ToyScans:
    """What is kept of background-only toys of a scan: arrays (n,).

    maxima: largest local Z, nan where a toy has no fit at all; crossings: up-crossings of q0 at `level`; missing: fits
    without a result.
    """

    level: float
    segments: int
    maxima: Array
    crossings: Labels
    missing: Labels

    def mean_crossings(self) -> Crossings:
        """Mean and its error from the scatter of the toys. Raises InputError where no toy has a fit."""
        used = self.crossings[~np.isnan(self.maxima)]
        n = len(used)
        if n == 0:
            raise InputError("up-crossings: no toy has a fit")
        # Where all toys have the same count, nothing scatters: then the error is that of one crossing in all of them.
        scatter = float(used.std(ddof=1)) / np.sqrt(n) if n > 1 else float(np.sqrt(used[0]))
        return Crossings(self.level, float(used.mean()), float(max(scatter, 1 / n)), n, f"{n} toys", self.segments)


def segments(masses: Array, vetoes: Sequence[tuple[float, float]]) -> Labels:
    """Labels (W,) of the connected ranges of ascending masses (W,) between vetoed ranges (low, high), in the same unit.

    Raises InputError where the masses do not ascend or lie in a veto.
    """
    at = np.asarray(masses, dtype=float)
    if not np.all(np.diff(at) > 0):
        raise InputError("segments: masses must ascend")
    for low, high in vetoes:
        if np.any((at > low) & (at < high)):
            raise InputError(f"segments: a mass of the scan lies in the veto {low:g}…{high:g}")
    below = [at >= high for _, high in vetoes]
    return np.sum(below, axis=0, dtype=np.int_) if below else np.zeros(len(at), dtype=np.int_)


def _labels(points: int, labels: Labels | None) -> Labels:
    found = np.zeros(points, dtype=np.int_) if labels is None else np.asarray(labels)
    if found.shape != (points,):
        raise InputError(f"segments: shape {found.shape} for {points} points of the scan")
    return found


def _pieces(labels: Labels) -> int:
    return 1 + int(np.count_nonzero(np.diff(labels)))


def upcrossings(q: Array, level: float, segments: Labels | None = None) -> NDArray[np.intp]:
    """How often q passes from ≤ level to > level along the last axis: () for q (W,), (n,) for (n, W).

    segments (W,): labels of connected ranges; where the label changes there is no crossing. A point that is nan (a fit that
    failed) is left out and its neighbours joined. Raises InputError for other shapes.
    """
    q = np.asarray(q, dtype=float)
    if q.ndim not in (1, 2) or q.shape[-1] == 0:
        raise InputError(f"upcrossings: q has shape {q.shape}, (W,) or (n, W) is needed")
    labels = _labels(q.shape[-1], segments)
    known = ~np.isnan(q)
    latest = np.maximum.accumulate(np.where(known, np.arange(q.shape[-1]), -1), axis=-1)
    before = latest[..., :-1]
    start = np.take_along_axis(q, np.maximum(before, 0), axis=-1)
    joined = known[..., 1:] & (before >= 0) & (labels[before] == labels[1:])
    return np.asarray(np.count_nonzero(joined & (start <= level) & (q[..., 1:] > level), axis=-1))


def largest(z: Array) -> Array:
    """Largest Z along the last axis, nan only where all are."""
    found = np.where(np.isnan(z), -np.inf, z).max(axis=-1)
    return np.asarray(np.where(np.isneginf(found), np.nan, found))


def observed_crossings(z: Array, level: float = REFERENCE, segments: Labels | None = None) -> Crossings:
    """Up-crossings of q0 = Z² in one scan of local Z (W,), negative ones as 0, with the Poisson error (1 where none is seen)."""
    count = int(upcrossings(np.square(np.maximum(z, 0)), level, segments))
    pieces = _pieces(_labels(len(z), segments))
    return Crossings(level, float(count), float(np.sqrt(max(count, 1))), 1, "observed", pieces)


def summarise_toys(z: Array, level: float = REFERENCE, segments: Labels | None = None) -> ToyScans:
    """Keep of toys (n, W) of local Z ≥ 0 what a global significance needs; nan: no fit.

    `Toys.significance` of a streamed batch is (W, n): give its transpose, and put the batches together with `join_toys`.
    """
    z = np.asarray(z, dtype=float)
    if z.ndim != 2:
        raise InputError(f"toys of a scan: shape {z.shape}, (n, W) is needed")
    crossings = upcrossings(np.square(np.maximum(z, 0)), level, segments).astype(np.int_)
    missing = np.count_nonzero(np.isnan(z), axis=1).astype(np.int_)
    return ToyScans(level, _pieces(_labels(z.shape[1], segments)), largest(z), crossings, missing)


def join_toys(parts: Iterable[ToyScans]) -> ToyScans:
    """Batches of toys of the same scan in one. Raises InputError where there is none, or where levels or segments differ."""
    found = list(parts)
    if len({(part.level, part.segments) for part in found}) != 1:
        raise InputError("toys of a scan: batches need one level and one set of segments")
    maxima, crossings, missing = (
        np.concatenate([getattr(part, name) for part in found]) for name in ("maxima", "crossings", "missing")
    )
    return ToyScans(found[0].level, found[0].segments, maxima, crossings, missing)
