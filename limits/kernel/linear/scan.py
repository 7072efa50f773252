"""Scans: many windows at once, observed and with background toys thrown once for the whole spectrum.

Work is shared out to threads, the compiled kernels run without the GIL. Every number is that of its own window and toy,
so neither the number of threads nor the size of the batches changes any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from limits.errors import FitError, InputError
from limits.kernel import solve
from limits.kernel.linear import evaluate, toys
from limits.kernel.linear.fit import NODES, asimov_curve, fit, lattice, rules
from limits.kernel.linear.measure import NONE, Smearing, measure
from limits.kernel.linear.results import Curve, Measurement, Status
from limits.kernel.linear.window import Window
from limits.kernel.rates import Array

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Scan:
    """Measurements as arrays (W,), in the order of the windows; nan where `status` is not 0 (CONVERGED)."""

    strength: Array
    sigma: Array
    significance: Array
    bayes: Array
    smeared: Array
    cls: Array
    status: NDArray[np.int_]
    excess: Array
    lowest: Array
    evaluations: NDArray[np.int_]
    sparse: NDArray[np.bool_]
    barrier: Array

    @property
    def failures(self) -> int:
        """How many windows have no result."""
        return int(np.count_nonzero(self.status))


@dataclass(frozen=True, eq=False)
class Toys:
    """Toys as arrays (W, n): windows in their order, toys first…first + n − 1; nan where `status` is not 0."""

    first: int
    strength: Array
    sigma: Array
    significance: Array
    bayes: Array
    cls: Array
    status: NDArray[np.int_]
    evaluations: NDArray[np.int_]
    robust: NDArray[np.bool_]

    @property
    def failures(self) -> int:
        """How many fits have no result."""
        return int(np.count_nonzero(self.status))


def _map(function: Callable[[T], R], items: Iterable[T], threads: int) -> list[R]:
    if threads <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


def scan(
    windows: Iterable[Callable[[], Window]],
    level: float = 0.95,
    smearing: Smearing = NONE,
    nodes: int = NODES,
    threads: int = 1,
) -> Scan:
    """Measure every window. Each is a function that makes it, so that no more are in memory than there are threads."""

    def one(make: Callable[[], Window]) -> Measurement:
        return measure(make(), level, smearing, nodes)

    found = _map(one, windows, threads)
    return Scan(*(np.array([getattr(m, name) for m in found]) for name in Scan.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class ToyWindow:
    """A binned window prepared for toys of its bins offset … offset + B of the whole spectrum; see `prepare`."""

    offset: int
    barrier: float
    rows: Array
    integral: Array
    start: Array
    scaled: Array
    information: Array
    asimov: Curve


def prepare(window: Window, offset: int) -> ToyWindow:
    """Factor the expected information of the background of `window`, whose counts are the expected ones."""
    if window.rows is not window.grid:
        raise InputError("toys need a binned window")
    null = fit(window, 0.0)
    if null.status is not Status.CONVERGED:
        raise FitError(f"toys: the background of the window at bin {offset} cannot be fitted: {null.status.name}")
    counts = null.theta @ window.rows
    size, rate = len(window.integral), np.empty_like(counts)
    hessian, root = np.empty((size, size)), np.zeros((size, size))
    evaluate.both(window.rows, counts, window.integral, null.theta, rate, np.empty(size), hessian)
    expected = asimov_curve(window, null.theta)
    if not solve.cholesky(hessian, solve.FREE, root) or expected.status is not Status.CONVERGED:
        raise FitError(f"toys: no expected information in the window at bin {offset}")
    return ToyWindow(
        offset, window.barrier, window.rows, window.integral, null.theta, window.rows / rate, root, expected
    )


def throw(expected: Array, first: int, count: int, seed: int) -> Array:
    """Toys first…first + count − 1 of a spectrum (B,), (count, B): each has its own stream, derived from seed and number."""
    out = np.empty((count, len(expected)))
    for i in range(count):
        stream = np.random.SeedSequence(seed, spawn_key=(first + i,))
        out[i] = np.random.Generator(np.random.PCG64(stream)).poisson(expected)
    return out


def fit_spectra(spectra: Array, level: float, nodes: int, window: ToyWindow) -> Array:
    """Fit every toy (n, bins) of the whole spectrum in a window: a table (n, COLUMNS) of `limits.kernel.linear.toys`."""
    at, matrix = lattice(nodes) if nodes else (np.empty(0), np.empty((0, 0)))
    out = np.empty((len(spectra), toys.COLUMNS))
    toys.fit_toys(
        spectra,
        window.offset,
        window.barrier,
        window.rows,
        window.integral,
        window.start,
        window.scaled,
        window.information,
        at,
        matrix,
        rules(),
        level,
        window.asimov.poly,
        window.asimov.low,
        window.asimov.high,
        out,
    )
    return out


def _toys(first: int, columns: Array) -> Toys:
    status, evaluations = columns[toys.STATUS].astype(np.int_), columns[toys.EVALUATIONS].astype(np.int_)
    robust = columns[toys.ROBUST] > 0
    strength, sigma, significance, bayes, cls = columns[: toys.STATUS]
    return Toys(first, strength, sigma, significance, bayes, cls, status, evaluations, robust)


def stream_toys(
    expected: Array,
    windows: Sequence[ToyWindow],
    count: int,
    seed: int,
    *,
    first: int = 0,
    level: float = 0.95,
    nodes: int = NODES,
    batch: int = 250,
    threads: int = 1,
) -> Iterator[Toys]:
    """Throw toys of the whole spectrum (bins,) batch by batch and fit them in every window. nodes = 0: no limits.

    The Asimov data of the CLs limit are those of the background thrown, the same for all toys.
    """
    for start in range(first, first + count, batch):
        spectra = throw(expected, start, min(batch, first + count - start), seed)
        table = np.stack(_map(partial(fit_spectra, spectra, level, nodes), windows, threads))
        yield _toys(start, np.moveaxis(table, 2, 0))
