"""From the local to the global significance of a mass scan: up-crossings (Gross and Vitells) and toys of the whole scan.

E. Gross, O. Vitells, EPJC 70 (2010) 525, arXiv:1005.1891, eqs. 3 and 4, for a strength ≥ 0 (one degree of freedom, half of
q0 at zero): p_global ≤ P(q0 > c) + ⟨N(c0)⟩ exp(−(c − c0)/2), with c = Z² and P(q0 > c) = 1 − Φ(Z). ⟨N(c0)⟩ is the mean number
of up-crossings of q0(mass) at a low level c0. The bound is nearly reached where it is small. A range in k pieces has k
beginnings: P(q0 > c) counts k times (k is the Euler characteristic of the range: Vitells, Gross, arXiv:1105.4355).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.special import betaincinv, log_ndtr, ndtr, ndtri, ndtri_exp

from limits.errors import InputError
from limits.inference.bumps.crossings import REFERENCE, Crossings, Labels, ToyScans, largest, observed_crossings
from limits.inference.results import finite
from limits.kernel.rates import Array

BOUND: Final = 0.1
"""Above this global p-value the bound p is more than 5 % above 1 − exp(−p), the probability for excursions that are independent."""

CENTRAL: Final = float(ndtr(1) - ndtr(-1))
"""Probability content of ±1σ."""

UPPER: Final = 0.95
"""Confidence level of the upper limit on a p-value from toys."""


@dataclass(frozen=True)
class ToyTail:
    """`above` of `toys` have a largest local Z at least as high: p = above/toys, Clopper–Pearson intervals.

    p_interval: central 68.3 %; p_upper: 95 % CL upper limit, which is what there is to say where `above` is 0 (then z is None).
    z_interval belongs to p_interval (None: unbounded), z_lower to p_upper.
    """

    above: int
    toys: int
    p_value: float
    p_interval: tuple[float, float]
    p_upper: float
    z: float | None
    z_interval: tuple[float | None, float | None]
    z_lower: float | None


@dataclass(frozen=True)
class GlobalSignificance:
    """Significance of the largest excess of a scan, local and global, in standard deviations, p-values one-sided.

    p_value, z, trials_factor (global over local p-value): Gross and Vitells, with the errors that the mean number of
    `crossings` of q0 at `reference_level` leaves; z is None where p is 1. toys: the same from the largest Z of every toy, or
    None without toys. Status: "ok", "partial" (points of the scan or of toys without a fit), "failed" (nothing was fitted).
    """

    local_z: float | None
    local_p: float | None
    reference_level: float
    crossings: float | None
    crossings_error: float | None
    crossings_from: str
    segments: int
    p_value: float | None
    p_error: float | None
    z: float | None
    z_error: float | None
    trials_factor: float | None
    toys: ToyTail | None
    status: str
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def binomial_interval(k: int, n: int, level: float = CENTRAL) -> tuple[float, float]:
    """Central interval of a probability, k of n seen (C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404)."""
    tail = (1 - level) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    return low, float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0


def _z(p: float) -> float | None:
    return finite(-ndtri(p))


def toy_tail(local_z: float, maxima: Array) -> ToyTail:
    """Global p-value of a local Z from the largest Z of every toy (n,). Raises InputError without toys."""
    known = np.asarray(maxima, dtype=float)
    known = known[~np.isnan(known)]
    n, k = len(known), int(np.count_nonzero(known >= local_z))
    if n == 0:
        raise InputError("toys of a scan: no toy has a fit")
    low, high = binomial_interval(k, n)
    # The upper edge of a central interval of level 2·0.95 − 1 is the one-sided limit at 0.95.
    upper = binomial_interval(k, n, 2 * UPPER - 1)[1]
    return ToyTail(k, n, k / n, (low, high), upper, _z(k / n), (_z(high), _z(low)), _z(upper))


def _notes(local_z: float, seen: Crossings, p: float) -> list[str]:
    out = []
    if seen.mean == 0:
        out.append(f"no up-crossing of q0 = {seen.level:g} seen: only their upper error is known")
    if local_z**2 < seen.level:
        out.append(f"the local q0 = {local_z**2:.3g} is below the reference level {seen.level:g}")
    if p > BOUND:
        out.append(f"the global p-value is an upper bound, and not a close one above {BOUND:g}")
    return out


def extrapolate(local_z: float, seen: Crossings, toys: ToyScans | None = None) -> GlobalSignificance:
    """Global significance of a local Z ≥ 0 from up-crossings, beside that of toys where they are given.

    Raises InputError where Z is negative or not finite.
    """
    if not 0 <= local_z < np.inf:
        raise InputError(f"local significance {local_z}: a finite number ≥ 0 is needed")
    # Logarithms keep their digits where the p-values underflow.
    log_local = float(log_ndtr(-local_z))
    fall = -(local_z**2 - seen.level) / 2
    trials = seen.segments + seen.mean * float(np.exp(fall - log_local))
    log_p = min(log_local + np.log(trials), 0.0)
    p, z = float(np.exp(log_p)), float(-ndtri_exp(log_p))
    error = seen.error * float(np.exp(fall))
    # dZ = dp/φ(Z), as a ratio of logarithms.
    z_error = finite(seen.error * np.exp(fall + z * z / 2 + 0.5 * np.log(2 * np.pi))) if log_p < 0 else None
    notes = _notes(local_z, seen, p)
    missing = 0 if toys is None else int(toys.missing.sum())
    if missing:
        notes.append(f"{missing} fits of toys have no result and are left out")
    tail = None if toys is None else toy_tail(local_z, toys.maxima)
    return GlobalSignificance(
        local_z=float(local_z),
        local_p=float(np.exp(log_local)),
        reference_level=seen.level,
        crossings=seen.mean,
        crossings_error=seen.error,
        crossings_from=seen.source,
        segments=seen.segments,
        p_value=p,
        p_error=error,
        z=finite(z),
        z_error=z_error,
        trials_factor=float(np.exp(log_p - log_local)),
        toys=tail,
        status="partial" if missing else "ok",
        warnings=tuple(notes),
    )


def global_significance(
    z: Array, level: float = REFERENCE, segments: Labels | None = None, toys: ToyScans | None = None
) -> GlobalSignificance:
    """Global significance of the largest excess in a scan of local Z ≥ 0 (W,), nan where a fit failed.

    Up-crossings are those of `toys` (at their level) where given, otherwise those of the scan, the excess itself among them.
    segments (W,): see `crossings.segments`. Raises InputError for shapes that do not fit, or segments other than the toys'.
    """
    z = np.asarray(z, dtype=float)
    if z.ndim != 1 or len(z) == 0:
        raise InputError(f"scan: shape {z.shape}, (W,) is needed")
    own = observed_crossings(z, level, segments)
    if toys is not None and segments is not None and own.segments != toys.segments:
        raise InputError(f"scan: {own.segments} segments, its toys have {toys.segments}")
    if toys is not None and np.all(np.isnan(toys.maxima)):
        note = f"none of {len(toys.maxima)} toys has a fit: the up-crossings are those of the scan itself"
        found = global_significance(z, level, segments)
        return replace(
            found, status="failed" if found.status == "failed" else "partial", warnings=(note, *found.warnings)
        )
    seen = own if toys is None else toys.mean_crossings()
    highest, missing = float(largest(z)), int(np.count_nonzero(np.isnan(z)))
    if not np.isfinite(highest):
        return _nothing(seen)
    found = extrapolate(highest, seen, toys)
    if not missing:
        return found
    note = f"{missing} of {len(z)} points of the scan have no fit: the largest excess is that of the others"
    return replace(found, status="partial", warnings=(note, *found.warnings))


def _nothing(seen: Crossings) -> GlobalSignificance:
    return GlobalSignificance(
        local_z=None,
        local_p=None,
        reference_level=seen.level,
        crossings=None,
        crossings_error=None,
        crossings_from=seen.source,
        segments=seen.segments,
        p_value=None,
        p_error=None,
        z=None,
        z_error=None,
        trials_factor=None,
        toys=None,
        status="failed",
        warnings=("the largest significance of the scan is not a finite number",),
    )
