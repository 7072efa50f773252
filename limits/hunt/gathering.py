"""What the units found, put together: a row for every mass, the toys reduced to bands and to the global significance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr

from limits.errors import InputError
from limits.hunt.fits import FIELDS
from limits.hunt.masses import segments
from limits.hunt.units import Job, Unit
from limits.inference.bumps.crossings import Labels, join_toys, summarise_toys
from limits.inference.bumps.global_significance import GlobalSignificance, global_significance
from limits.inference.results import SIGMAS
from limits.signals.expected import Array
from limits.store import Store

HIGH: Final = 1.645
"""A local Z that one toy in twenty exceeds where the background is as it is fitted; more of them where the best of several fits is kept."""

LEVELS: Final = tuple(float(x) for x in ndtr(np.array(SIGMAS, dtype=float)))
"""Probability contents of −2…+2σ."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """Arrays over the masses.

    `fields` (W,) of the data; `expected` (W, 5): bands; `failed` and `high` (W,): toys without a fit, share of toys with Z > HIGH.
    """

    fields: dict[str, Array]
    expected: Array
    failed: Array
    high: Array
    significance: GlobalSignificance


def gather(job: Job, store: Store) -> Gathered:
    """Everything that is in the store. In memory are the toys of one piece, then of one block, and never all.

    Raises:
        InputError: a unit is not there any more.
    """
    data = [_found(store, Unit(piece, None)) for piece in range(len(job.pieces))]
    fields = {name: np.concatenate([part[name] for part in data]) for name in FIELDS}
    if job.rules.toys:
        reduced = [_reduced(job, store, piece) for piece in range(len(job.pieces))]
        expected, failed, high = (np.concatenate(parts) for parts in zip(*reduced, strict=True))
    else:
        expected = np.full((len(job.peaks), len(SIGMAS)), np.nan)
        expected[:, 2] = np.concatenate([part["expected"] for part in data])
        failed = high = np.zeros(len(job.peaks))
    labels = segments([peak.window for peak in job.peaks])
    return Gathered(fields, expected, failed, high, _global(job, store, fields["significance"], labels))


def _reduced(job: Job, store: Store, piece: int) -> tuple[Array, Array, Array]:
    found = [_found(store, Unit(piece, block)) for block in job.blocks]
    z, limits = (np.concatenate([part[name] for part in found], axis=1) for name in ("z", "limit"))
    band = np.full((len(z), len(SIGMAS)), np.nan)
    for i, row in enumerate(limits):
        if np.any(known := np.isfinite(row)):
            band[i] = np.quantile(row[known], LEVELS)
    return band, np.count_nonzero(np.isnan(z), axis=1), np.mean(z > HIGH, axis=1)


def _global(job: Job, store: Store, significance: Array, labels: Labels) -> GlobalSignificance:
    scans = []
    for block in job.blocks:
        z = np.concatenate([_found(store, Unit(piece, block))["z"] for piece in range(len(job.pieces))])
        scans.append(summarise_toys(z.T.astype(float), segments=labels))
    observed = np.maximum(significance, 0.0)
    return global_significance(observed, segments=labels, toys=join_toys(scans) if scans else None)


def _found(store: Store, unit: Unit) -> dict[str, Array]:
    found: dict[str, Array] | None = store.load(unit.name)
    if found is None:
        raise InputError(f"{unit.name}: was kept and cannot be read any more; the same command does it again")
    return found
