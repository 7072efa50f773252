"""Computed over published along each edge, the tip, the area that differs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from limits.comparison.curves import Array, PublishedCurve
from limits.scan import Scan

LEVELS: Final = {"median": 0.5, "low68": 0.16, "high68": 0.84, "lowest": 0.0, "highest": 1.0}
COMMON: Final = 50
"""Masses at which edges are compared."""

FINE: Final = 400
"""Masses at which areas are summed."""


@dataclass(frozen=True)
class Residual:
    """Computed over published along one edge: number of masses, median, central 68 % interval, extremes; and the highest masses.

    `area` is the symmetric difference of the two regions in (ln m, ln coupling) over the area of the published one; None for
    an upper limit.
    """

    search: str
    hypothesis: str
    source: str
    edge: str
    label: str
    method: str
    n: int
    median: float | None
    low68: float | None
    high68: float | None
    lowest: float | None
    highest: float | None
    tip_published: float | None
    tip_computed: float | None
    area: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def computed_edges(scan: Scan) -> tuple[Array, Array, Array]:
    """Masses at which something is excluded, lowest and highest excluded coupling there; nan for an edge that is not seen."""
    rows = [(p.mass_gev, p.excluded[0][0], p.excluded[-1][1]) for p in scan.points if p.excluded]
    return tuple(np.array(rows, dtype=float).reshape(-1, 3).T)  # type: ignore[return-value]


class Ratio(NamedTuple):
    """Computed over published along one edge ("lower", "upper", or "limit"), at masses in GeV, (n,) each."""

    edge: str
    mass: Array
    ratio: Array


def ratios(
    scan: Scan, curve: PublishedCurve, skip: tuple[float, ...] = (), span: tuple[float, float] | None = None
) -> list[Ratio]:
    """One `Ratio` per edge, on masses even in the logarithm over what both cover: a scan may be denser in one place.

    `span` narrows them. Where a limit jumps from mass to mass, one that is scanned counts for each that is published.

    Masses next to those in `skip`, which a calibration used, do not count.
    """
    mass, lower, upper = computed_edges(scan)
    grid = (
        _common_masses(mass, curve, skip) if scan.rate is None else _nearest(mass, curve, span or (0.0, np.inf), skip)
    )
    found = []
    for edge, values in (("lower", lower), ("upper", upper)):
        if edge == "upper" and curve.upper is None:
            continue
        computed = np.exp(np.interp(np.log(grid), np.log(mass), np.log(values))) if len(grid) else grid
        ratio = computed / curve.at(edge, grid)
        good = np.isfinite(ratio)
        found.append(Ratio(edge if curve.upper is not None else "limit", grid[good], ratio[good]))
    return found


def residuals(
    scan: Scan, curve: PublishedCurve, skip: tuple[float, ...] = (), span: tuple[float, float] | None = None
) -> list[Residual]:
    """One `Residual` per edge, at the masses of `ratios`."""
    mass, lower, upper = computed_edges(scan)
    region = curve.upper is not None
    found = []
    for edge, _, ratio in ratios(scan, curve, skip, span):
        levels = (
            dict.fromkeys(LEVELS) if not len(ratio) else {k: float(np.quantile(ratio, q)) for k, q in LEVELS.items()}
        )
        found.append(
            Residual(
                search=scan.search,
                hypothesis=scan.hypothesis,
                source=curve.source,
                edge=edge,
                label=scan.label,
                method=scan.method,
                n=len(ratio),
                tip_published=float(curve.mass[-1]) if region else None,
                tip_computed=float(mass[-1]) if region and len(mass) else None,
                area=_area(mass, lower, upper, curve) if region else None,
                **levels,
            )
        )
    return found


def _common_masses(mass: Array, curve: PublishedCurve, skip: tuple[float, ...]) -> Array:
    """`COMMON` masses or fewer, (n,); none if the two do not overlap."""
    if not len(mass) or max(mass[0], curve.mass[0]) >= min(mass[-1], curve.mass[-1]):
        return np.zeros(0)
    grid = np.geomspace(max(mass[0], curve.mass[0]), min(mass[-1], curve.mass[-1]), COMMON)
    step = np.log(grid[1] / grid[0])
    kept = [all(abs(np.log(m / used)) > step for used in skip) for m in grid]
    # Rounding may have put an end of the range just outside the curve.
    return np.asarray(np.clip(grid[kept], curve.mass[0], curve.mass[-1]))


def _nearest(mass: Array, curve: PublishedCurve, span: tuple[float, float], skip: tuple[float, ...]) -> Array:
    """Those of the published masses (n,) of a hunt that were scanned, to half a per cent: no line is drawn over a gap."""
    if not len(mass):
        return np.zeros(0)
    inside = curve.mass[(curve.mass >= span[0]) & (curve.mass <= span[1])]
    near = np.min(np.abs(np.log(inside[:, None] / mass)), axis=1) < 0.005
    kept = [all(abs(np.log(m / used)) > 0.01 for used in skip) for m in inside]
    return np.asarray(inside[near & np.array(kept, dtype=bool)])


def _area(mass: Array, lower: Array, upper: Array, curve: PublishedCurve) -> float | None:
    """Area of the symmetric difference over the published area, over the masses that both could have covered."""
    if not len(mass):
        return 1.0
    x = np.linspace(np.log(max(curve.mass[0], mass[0])), np.log(max(curve.mass[-1], mass[-1])), FINE)

    def strip(m: Array, low: Array, high: Array) -> tuple[Array, Array]:
        inside = (x >= np.log(m[0]) - 1e-12) & (x <= np.log(m[-1]) + 1e-12)
        return tuple(np.where(inside, np.interp(x, np.log(m), np.log(e)), 0.0) for e in (low, high))  # type: ignore[return-value]

    if curve.upper is None or not np.all(np.isfinite([lower, upper])):
        return None
    a, b = strip(curve.mass, curve.lower, curve.upper), strip(mass, lower, upper)
    both = np.maximum(0.0, np.minimum(a[1], b[1]) - np.maximum(a[0], b[0]))
    published = a[1] - a[0]
    return float((published + (b[1] - b[0]) - 2 * both).sum() / published.sum())
