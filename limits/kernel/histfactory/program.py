"""A binned likelihood as plain arrays for the compiled kernel: which nuisances act in one bin alone, and which pieces share a factor.

Sizes: P parameters, G of them global, B bins, N pieces, T terms, E exponents, H shifts.

A LOCAL nuisance multiplies sample-bins of exactly one bin and does nothing else (staterror, shapesys); at most one per bin is treated
so. All others that do anything are GLOBAL. With A and C the expected counts of a bin that its local nuisance γ leaves alone and
multiplies, the bin's rate is A + γC, and the best γ for given A and C is the root of a quadratic.

A PIECE is a run of bins of one sample where everything but the shifts is one number:

    rate[b] = (strength if signal) · Π multipliers · Π κ(θ) · (nominal[b] + Σ_h θ_h mean_h[b] + e(θ_h) bend_h[b])

with mean = (up + down)/2, bend = (up − down)/16 and e(θ) = θ²(15 − 10θ² + 3θ⁴) where code 4p is smooth, else 8|θ|.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limits.kernel.rates import Array, Binned, Exponents

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]

FIRST, LAST, SIGNAL, LOCAL, BEGIN, END = range(6)
"""Columns of `pieces`: bins FIRST … LAST − 1, terms BEGIN … END − 1, and whether the bins' local nuisances multiply it."""

KIND, GLOBAL, ROW = range(3)
"""Columns of `terms`: what it does, by which global parameter, and the row of `exponents` or `shifts`."""

LINEAR, EXPONENT, SMOOTH_EXPONENT, SHIFT, SMOOTH_SHIFT = range(5)
"""Values of KIND in `terms`; from SHIFT on they add to the nominal rate."""

PARAMETER, FROM, TO = range(3)
"""Columns of `places`: which parameter a global one is, and the bins FROM … TO − 1 in which it acts."""

CONSTRAINT, COLUMN, HELD, BENT = range(4)
"""Columns of `kinds`: the constraint, where its auxiliary value stands in a data vector, and flags."""

FREE, GAUSSIAN, POISSON = range(3)
"""Values of CONSTRAINT."""

SCALE, INIT, LOWER, UPPER = range(4)
"""Columns of `numbers`, as those of `limits.likelihood.Parameter`."""

NO_PARAMETER: Final = -1
"""In `local`, where a bin has no local nuisance."""


class Program(NamedTuple):
    """What the compiled functions read; every array is C-contiguous and of one type, so that they compile once.

    `nominal` (N, B); `pieces` (N, 6); `terms` (T, 3); `exponents` (E, 8): ln κ at θ = 1 and −1, then the six coefficients of code 4;
    row 0 is for multipliers, which need none. `shifts` (H, 2, B): mean and bend. `places` (G, 3): the global parameters, the strength
    first. `local` (B,): the parameter local to a bin, or −1. `kinds`, `numbers` (P, 4): of every parameter; BENT says that the
    interpolation of a Gaussian nuisance bends the likelihood, so that a second minimum may lie on the other side of its auxiliary
    value. `unit`: a strength worth one standard deviation, ∞ without signal.
    """

    nominal: Array
    pieces: Indices
    terms: Indices
    exponents: Array
    shifts: Array
    places: Indices
    local: Indices
    kinds: Indices
    numbers: Array
    unit: float


@dataclass(frozen=True, eq=False)
class Found:
    """Where T fits ended: `theta` (T, P); `cost`, `edm`, and whether they converged, (T,). Of K fits per data set, (T, K) for (T,)."""

    theta: Array
    cost: Array
    edm: Array
    good: Flags


class _Piece(NamedTuple):
    sample: int
    first: int
    last: int
    terms: list[tuple[int, int, int]]
    local: bool


def _interpolated(shape: Binned) -> Indices:
    """The parameters of κ(θ) and of shifts."""
    return np.concatenate([*(group.index for group in shape.exponents), shape.shifts.index])


def locals_of(shape: Binned) -> Indices:
    """(B,) the local nuisance of each bin, −1 where there is none: the first that qualifies."""
    rows = np.sort(shape.linear, axis=0)
    elsewhere = np.zeros(shape.n_par + 1, dtype=bool)
    elsewhere[[0, shape.n_par]] = True
    elsewhere[_interpolated(shape)] = True
    elsewhere[rows[1:][rows[1:] == rows[:-1]]] = True  # squared where it occurs twice
    bins = np.broadcast_to(np.arange(shape.nominal.size) % shape.n_bins, rows.shape)
    first, last = np.full(shape.n_par + 1, shape.n_bins), np.full(shape.n_par + 1, -1)
    np.minimum.at(first, rows, bins)
    np.maximum.at(last, rows, bins)
    found = np.full(shape.n_bins, NO_PARAMETER, dtype=np.intp)
    for p in np.flatnonzero((first == last) & ~elsewhere)[::-1]:
        found[first[p]] = p
    return found


def _globals_of(shape: Binned, local: Indices) -> Indices:
    """(G,) the strength, then every parameter that does something or is constrained, and is not local."""
    does = np.zeros(shape.n_par + 1, dtype=bool)
    does[shape.linear] = True
    does[_interpolated(shape)] = True
    does[shape.constrained] = True
    does[local[local >= 0]] = False
    does[0] = True
    return np.flatnonzero(does[:-1])


def _runs(shape: Binned, sample: int, linear: Indices, local: Flags) -> Iterator[tuple[int, int, int]]:
    """Bins first … last − 1 of a sample over which all factors are the same, and one of them where there is a rate."""
    bins = shape.n_bins
    here = slice(sample * bins, (sample + 1) * bins)
    active = (shape.nominal[sample] != 0) | np.any((shape.shifts.up != 0) | (shape.shifts.down != 0), axis=0)[here]
    if not np.any(active):
        return
    # A bin without a rate is counted with its neighbour: it must not cut a piece in two.
    at = np.maximum.accumulate(np.where(active, np.arange(bins), int(np.argmax(active))))
    same: list[NDArray[Any]] = [np.sort(linear[:, here], axis=0)[:, at], local[here][at][None]]
    same += [logs[:, here][:, at] for group in shape.exponents for logs in (group.log_high, group.log_low)]
    cuts = np.flatnonzero(np.any([np.any(rows[:, 1:] != rows[:, :-1], axis=0) for rows in same], axis=0)) + 1
    for first, last in pairwise([0, *cuts.tolist(), bins]):
        yield first, last, int(at[first])


def _exponent(group: Exponents, row: int, x: int) -> list[float]:
    polynomial = group.coefficients[:, row, x].tolist() if group.smooth else [0.0] * 6
    return [float(group.log_high[row, x]), float(group.log_low[row, x]), *polynomial]


def _pieces(shape: Binned, local: Indices, place: Indices) -> tuple[list[_Piece], list[list[float]]]:
    """All pieces with their terms, and the rows of `exponents`; `place` (P + 1,) turns a parameter into its global index."""
    owner = np.tile(local, len(shape.nominal))
    multiplied = np.any((shape.linear == owner) & (owner >= 0), axis=0)
    linear = np.where((shape.linear == owner) & (owner >= 0), shape.n_par, shape.linear)
    found: list[_Piece] = []
    exponents: list[list[float]] = []
    shift, moved = SMOOTH_SHIFT if shape.shifts.smooth else SHIFT, (shape.shifts.up != 0) | (shape.shifts.down != 0)
    for sample in range(len(shape.nominal)):
        for first, last, somewhere in _runs(shape, sample, linear, multiplied):
            x, begin = sample * shape.n_bins + somewhere, sample * shape.n_bins
            terms = [(LINEAR, int(place[p]), 0) for p in linear[:, x] if p < shape.n_par]
            for group in shape.exponents:
                for row in np.flatnonzero((group.log_high[:, x] != 0) | (group.log_low[:, x] != 0)):
                    kind = SMOOTH_EXPONENT if group.smooth else EXPONENT
                    terms.append((kind, int(place[group.index[row]]), len(exponents) + 1))
                    exponents.append(_exponent(group, int(row), x))
            rows = np.flatnonzero(np.any(moved[:, begin + first : begin + last], axis=1)).tolist()
            terms += [(shift, int(place[shape.shifts.index[row]]), row * len(shape.nominal) + sample) for row in rows]
            found.append(_Piece(sample, first, last, terms, bool(multiplied[x])))
    return found, exponents


def _kinds(shape: Binned, held: Flags) -> Indices:
    """(P, 4) the constraint of every parameter, its column in a data vector, whether it is held, whether it bends the likelihood."""
    kinds = np.zeros((shape.n_par, 4), dtype=np.intp)
    kinds[:, CONSTRAINT] = FREE
    kinds[shape.constrained, CONSTRAINT] = np.where(shape.poisson, POISSON, GAUSSIAN)
    kinds[shape.constrained, COLUMN] = shape.n_bins + np.arange(len(shape.constrained))
    kinds[:, HELD] = held
    for group in shape.exponents:
        kinds[group.index, BENT] |= group.smooth
    kinds[shape.shifts.index, BENT] |= shape.shifts.smooth
    kinds[kinds[:, CONSTRAINT] != GAUSSIAN, BENT] = 0
    return kinds


def _places(shape: Binned, parameters: Indices, pieces: list[_Piece]) -> Indices:
    """(G, 3) the global parameters, and the bins in which they act."""
    places = np.tile(np.array([0, shape.n_bins, 0], dtype=np.intp), (len(parameters), 1))
    places[:, PARAMETER] = parameters
    for piece in pieces:
        touched = [g for _, g, _ in piece.terms] + [0] * int(shape.signal[piece.sample])
        places[touched, FROM] = np.minimum(places[touched, FROM], piece.first)
        places[touched, TO] = np.maximum(places[touched, TO], piece.last)
    return places


def prepare(shape: Binned, init: Array, lower: Array, upper: Array, held: Flags, unit: float) -> Program:
    """The program of `shape`: init, lower, upper, held (P,) are the parameters' own; `unit` a strength worth one standard deviation."""
    local = locals_of(shape)
    parameters = _globals_of(shape, local)
    place = np.zeros(shape.n_par + 1, dtype=np.intp)
    place[parameters] = np.arange(len(parameters))
    pieces, exponents = _pieces(shape, local, place)
    nominal = np.zeros((len(pieces), shape.n_bins))
    table: list[tuple[int, ...]] = []
    terms: list[tuple[int, int, int]] = []
    for i, (sample, first, last, own, multiplied) in enumerate(pieces):
        table.append((first, last, int(shape.signal[sample]), int(multiplied), len(terms), len(terms) + len(own)))
        nominal[i, first:last] = shape.nominal[sample, first:last]
        terms += own
    up, down = (part.reshape(-1, shape.n_bins) for part in (shape.shifts.up, shape.shifts.down))
    scale = np.ones(shape.n_par)
    scale[shape.constrained] = shape.scale
    return Program(
        nominal=nominal,
        pieces=np.array(table, dtype=np.intp).reshape(-1, 6),
        terms=np.array(terms, dtype=np.intp).reshape(-1, 3),
        exponents=np.array([[0.0] * 8, *exponents]),
        shifts=np.stack([(up + down) / 2, (up - down) / 16], axis=1),
        places=_places(shape, parameters, pieces),
        local=local,
        kinds=_kinds(shape, held),
        numbers=np.stack([scale, init, lower, upper], axis=1),
        unit=float(unit),
    )
