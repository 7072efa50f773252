"""Counting the mesons of a run and writing them down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.generator import Generator, Mesons
from spectra.systems import System

BATCH = 10_000
"""Events histogrammed together: fewer cost time, more cost memory."""

B_PLUS = 521
RAPIDITY = (2.0, 4.5)
LARGEST_PT = 40.0
"""The region of LHCb's cross-section of B± (arXiv:1710.04921), with `RAPIDITY`; GeV."""

LIGHT_COUNTED = (
    "pi0 are stable: those from eta, omega and all other decays with c tau < 10 mm are in, not those from K0_S, Lambda and "
    "longer-lived ones; all others before they decay, with those from decays of heavier mesons"
)
BOTTOM_COUNTED = "before they decay weakly, with those from decays of excited ones; b baryons and B_c are not counted"


@dataclass(frozen=True)
class Counts:
    """Mesons of a run.

    Args:
        bins: PDG code → counts, shape (bins of θ, bins of p), all hemispheres added.
        total: PDG code → number over all of phase space.
        b_plus: B± with 2.0 < y < 4.5 and pT < 40 GeV, both hemispheres added.
    """

    bins: dict[int, NDArray[np.int64]]
    total: dict[int, int]
    b_plus: int


def count(system: System, events: Iterable[Mesons]) -> Counts:
    """Count the mesons of all events in the bins of the system."""
    shape = (len(system.log10_theta) - 1, len(system.log10_p) - 1)
    bins = {code: np.zeros(shape, dtype=np.int64) for code in system.species}
    total = dict.fromkeys(system.species, 0)
    b_plus = 0
    for mesons in _batches(events):
        log_theta, log_p = _logarithms(system, mesons)
        for code in bins:
            mine = mesons.pid == code
            total[code] += int(mine.sum())
            edges = [system.log10_theta, system.log10_p]
            bins[code] += np.histogram2d(log_theta[mine], log_p[mine], edges)[0].astype(np.int64)
        b_plus += _in_lhcb(mesons)
    return Counts(bins, total, b_plus)


def _batches(events: Iterable[Mesons]) -> Iterator[Mesons]:
    waiting: list[Mesons] = []
    for event in events:
        waiting.append(event)
        if len(waiting) == BATCH:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(events: list[Mesons]) -> Mesons:
    return Mesons(*(np.concatenate(column) for column in zip(*events, strict=True)))


def _logarithms(system: System, mesons: Mesons) -> NDArray[np.float64]:
    """log₁₀ θ and log₁₀ p, shape (2, mesons); folded at a collider."""
    along = np.abs(mesons.pz) if system.collider else mesons.pz
    # Exactly along the beam would have no logarithm; such a meson falls below the first bin, as it should.
    across = np.maximum(np.hypot(mesons.px, mesons.py), 1e-12)
    return np.log10([np.arctan2(across, along), np.hypot(across, along)])


def _in_lhcb(mesons: Mesons) -> int:
    mine = mesons.pid == B_PLUS
    rapidity = np.abs(np.arctanh(mesons.pz[mine] / mesons.energy[mine]))
    across = np.hypot(mesons.px[mine], mesons.py[mine])
    return int(((rapidity > RAPIDITY[0]) & (rapidity < RAPIDITY[1]) & (across < LARGEST_PT)).sum())


def table_text(system: System, counts: Counts, generator: Generator, events: int, command: str) -> str:
    """The table with its header; rows without any count and last columns without any count are left out."""
    used = max((int(np.flatnonzero(t.any(axis=0))[-1]) + 1 for t in counts.bins.values() if t.any()), default=1)
    names = ",".join(f"n{i:02d}" for i in range(used))
    columns = f"pid,log10_theta_low,log10_theta_high,log10_p_low,log10_p_step,per_count,multiplicity,{names}"
    first, step = system.log10_p[0], system.log10_p[1] - system.log10_p[0]
    weight = 1 / (system.hemispheres * events)
    lines = [*_header(system, counts, generator, events, command), columns]
    for code, table in counts.bins.items():
        mean = counts.total[code] / events
        for low, high, row in zip(system.log10_theta[:-1], system.log10_theta[1:], table[:, :used], strict=True):
            if row.any():
                numbers = ",".join(str(n) for n in row)
                lines.append(f"{code},{low:g},{high:g},{first:g},{step:.3g},{weight:.6g},{mean:.4g},{numbers}")
    return "\n".join(lines) + "\n"


def _header(system: System, counts: Counts, generator: Generator, events: int, command: str) -> list[str]:
    event = "event with a bottom pair" if system.bottom else "inelastic collision"
    where = " into ONE hemisphere (both hemispheres are added in the counts)" if system.collider else ""
    lines = [
        system.title,
        f"generator: {generator.label}; script: {command}",
        f"settings: {generator.settings}",
        *_normalisation(system, counts, generator, events, event),
        "pid: PDG code, " + ", ".join(f"{code} = {name}" for code, name in system.species.items()),
        BOTTOM_COUNTED if system.bottom else LIGHT_COUNTED,
        "log10_theta_low, log10_theta_high: edges of the bin in the polar angle theta in rad; one row per bin, none where all is zero",
        "n00, n01, ...: counts in bins of log10(p in GeV), the first from log10_p_low on, each log10_p_step wide",
        f"per_count: mean number of mesons per {event} per count{where}",
        f"multiplicity: mean number of this meson per {event} over all phase space, to four digits",
    ]
    return [f"# {line}" for line in lines]


def _normalisation(system: System, counts: Counts, generator: Generator, events: int, event: str) -> list[str]:
    process = "bottom-pair" if system.bottom else "inelastic"
    sigma = generator.cross_section()
    means = ", ".join(f"{name} {counts.total[code] / events:.4g}" for code, name in system.species.items())
    lines = [
        f"events: {events}; {process} cross-section (of the generator): {sigma:.6g} pb",
        f"mean number per {event} over all phase space: {means}",
    ]
    if system.bottom:
        visible = sigma * counts.b_plus / (system.hemispheres * events)
        region = f"{RAPIDITY[0]} < y < {RAPIDITY[1]}, pT < {LARGEST_PT:g} GeV"
        lines.append(f"cross-section of B+ and B-, added, in {region} (of the generator): {visible:.4g} pb")
    return lines
