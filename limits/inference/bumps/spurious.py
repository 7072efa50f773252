"""What a background function makes of data that follow another one: spurious signals over a mass scan, and bias in toys.

Needs the extra `fast` (compiled fits). Strengths in events; masses in the unit of the scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from limits.errors import FitError, InputError
from limits.inference.results import finite
from limits.kernel.linear.fit import fit
from limits.kernel.linear.results import Fit, Status
from limits.kernel.linear.scan import prepare, stream_toys
from limits.kernel.linear.window import Window
from limits.kernel.rates import Array

OF_SIGMA: Final = 0.2
"""A spurious signal below 20 % of its statistical error is usually accepted: from memory of ATLAS H→γγ (1802.04146), hence an argument."""

OF_SIGNAL: Final = 0.1
"""Or one below 10 % of the expected signal: same place."""

APART: Final = 2**32
"""Numbers of the toys of one injected strength and the next are so far apart: no two toys share a stream."""


@dataclass(frozen=True)
class SpuriousPoint:
    """Signal fitted to a template without any, at one mass: events, σ of data, both over each other and over what is expected.

    statistical: what the finite statistics of the template contribute, 0 for an exact one. None where the fit failed.
    """

    mass: float
    strength: float | None
    sigma: float | None
    of_sigma: float | None
    of_signal: float | None
    statistical: float | None
    status: str


@dataclass(frozen=True)
class SpuriousSignal:
    """Spurious signal of a scan: the largest |S| in events and at which mass, the largest |S|/σ and |S|/expected.

    within_sigma, within_signal: whether those are below the allowed `sigma_fraction` and `signal_fraction`; None where that
    is not known (a fit failed, nothing expected was given). Status: "ok", "partial" (fits failed), "failed" (all did).
    """

    points: tuple[SpuriousPoint, ...]
    largest: float | None
    largest_mass: float | None
    largest_of_sigma: float | None
    largest_of_signal: float | None
    sigma_fraction: float
    signal_fraction: float
    within_sigma: bool | None
    within_signal: bool | None
    failures: int
    status: str
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def _point(mass: float, found: Fit, expected: float, equivalents: float) -> SpuriousPoint:
    strength, sigma = finite(found.strength), finite(found.sigma)
    if strength is None or sigma is None:
        return SpuriousPoint(mass, None, None, None, None, None, found.status.name)
    ratios = strength / sigma, strength / expected if expected > 0 else None
    return SpuriousPoint(mass, strength, sigma, *ratios, sigma / float(np.sqrt(equivalents)), found.status.name)


def _largest(values: Iterable[float | None]) -> float | None:
    return max((abs(value) for value in values if value is not None), default=None)


def _within(largest: float | None, allowed: float, complete: bool) -> bool | None:
    """A largest value that is too large stays so whatever is missing; a small one says nothing then."""
    if largest is None or (largest < allowed and not complete):
        return None
    return largest < allowed


def spurious_signal(
    masses: Array,
    windows: Iterable[Callable[[], Window]],
    expected: Array | None = None,
    *,
    sigma_fraction: float = OF_SIGMA,
    signal_fraction: float = OF_SIGNAL,
    equivalents: float = np.inf,
) -> SpuriousSignal:
    """Fit signal and background to a template without signal at every mass (W,); a window is made when it is fitted.

    The counts of the windows are those of another background than the fitted one, scaled to the data: so σ is that of the
    data. expected (W,): events of the signal looked for, > 0. equivalents: how many times the events of the data the template
    was made of; infinite for a function. Raises InputError where the numbers of masses, windows and expected events differ.
    """
    at = np.asarray(masses, dtype=float)
    fits = [fit(make()) for make in windows]
    signal = np.zeros(len(at)) if expected is None else np.asarray(expected, dtype=float)
    if len(fits) != len(at) or signal.shape != at.shape or len(at) == 0:
        raise InputError(f"spurious signal: {len(at)} masses, {len(fits)} windows, {signal.shape} expected signals")
    if not equivalents > 0 or (expected is not None and not np.all(signal > 0)):
        raise InputError("spurious signal: equivalents and expected events must be positive")
    points = tuple(_point(float(m), f, float(e), equivalents) for m, f, e in zip(at, fits, signal, strict=True))
    failures = sum(point.strength is None for point in points)
    largest = _largest(point.strength for point in points)
    where = [point.mass for point in points if point.strength is not None and abs(point.strength) == largest]
    of_sigma, of_signal = _largest(p.of_sigma for p in points), _largest(p.of_signal for p in points)
    return SpuriousSignal(
        points=points,
        largest=largest,
        largest_mass=where[0] if where else None,
        largest_of_sigma=of_sigma,
        largest_of_signal=of_signal,
        sigma_fraction=sigma_fraction,
        signal_fraction=signal_fraction,
        within_sigma=_within(of_sigma, sigma_fraction, failures == 0),
        within_signal=_within(of_signal, signal_fraction, failures == 0),
        failures=failures,
        status="failed" if failures == len(at) else "partial" if failures else "ok",
        warnings=(f"{failures} of {len(at)} fits failed",) if failures else (),
    )


@dataclass(frozen=True)
class Bias:
    """Toys with `injected` signal events: pull (s − injected)/σ with mean, median and width, shift s − injected in events.

    Errors are those of the number of toys; that of the median comes from order statistics, that of the width holds for a
    Gaussian. None with fewer than two fits.
    """

    injected: float
    toys: int
    failures: int
    mean: float | None
    mean_error: float | None
    median: float | None
    median_error: float | None
    width: float | None
    width_error: float | None
    shift: float | None
    shift_error: float | None


@dataclass(frozen=True)
class BiasTest:
    """One row per injected strength. Status: "ok", "partial" (toys without a fit, left out), "failed" (no toy has one)."""

    rows: tuple[Bias, ...]
    seed: int
    status: str
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def _bias(injected: float, toys: int, strength: Array, sigma: Array) -> Bias:
    """Summary of the toys that were fitted, strength and sigma (n,)."""
    n = len(strength)
    if n < 2:
        return Bias(injected, toys, toys - n, *(None,) * 8)
    shift = strength - injected
    pull = np.sort(shift / sigma)
    # Half the distance of the order statistics √n/2 below and above the middle: ±1σ of the binomial count below the median.
    away = 0.5 * np.sqrt(n)
    low, high = (pull[int(np.clip(round(n / 2 + d - 0.5), 0, n - 1))] for d in (-away, away))
    width, root = float(pull.std(ddof=1)), float(np.sqrt(n))
    return Bias(
        injected=injected,
        toys=toys,
        failures=toys - n,
        mean=float(pull.mean()),
        mean_error=width / root,
        median=float(np.median(pull)),
        median_error=float(high - low) / 2,
        width=width,
        width_error=width / float(np.sqrt(2 * (n - 1))),
        shift=float(shift.mean()),
        shift_error=float(shift.std(ddof=1)) / root,
    )


def bias_test(
    window: Window,
    injected: Sequence[float] = (0.0,),
    toys: int = 1000,
    seed: int = 1,
    *,
    signal: Array | None = None,
    batch: int = 250,
) -> BiasTest:
    """Toys of one background, fitted with another: `window` (binned) fits, its counts (B,) are what the true one expects.

    injected: signal events on top, of the window's own shape or of `signal` (B,), the fraction of events per bin. Toy t of
    injected strength i has its own stream, from (seed, i, t): `batch` changes nothing. Raises InputError for a window that is
    not binned, and where events expected in a bin are negative.
    """
    shape = window.rows[0] if signal is None else np.asarray(signal, dtype=float)
    if toys < 1 or shape.shape != window.counts.shape:
        raise InputError(f"bias test: {toys} toys, signal of shape {shape.shape} in {window.counts.shape} bins")
    truth = window.counts - window.barrier
    if any(np.any(truth + s * shape < 0) for s in injected):
        raise InputError(f"bias test: a bin expects fewer than no events at one of the strengths {tuple(injected)}")
    try:
        prepared = prepare(window, 0)
    except FitError as error:
        return BiasTest(
            tuple(Bias(float(s), toys, toys, *(None,) * 8) for s in injected), seed, "failed", (str(error),)
        )
    rows = []
    for number, s in enumerate(injected):
        first = number * APART
        parts = list(stream_toys(truth + s * shape, [prepared], toys, seed, first=first, nodes=0, batch=batch))
        status, strength, sigma = (
            np.concatenate([getattr(part, name)[0] for part in parts]) for name in ("status", "strength", "sigma")
        )
        good = status == Status.CONVERGED
        rows.append(_bias(float(s), toys, strength[good], sigma[good]))
    failures = sum(row.failures for row in rows)
    notes = (f"{failures} of {toys * len(rows)} toys have no fit and are left out",) if failures else ()
    status_name = "failed" if all(row.mean is None for row in rows) else "partial" if failures else "ok"
    return BiasTest(tuple(rows), seed, status_name, notes)
