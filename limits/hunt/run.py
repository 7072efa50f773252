"""The whole scan of a spectrum: pieces of neighbouring masses, done once each, and the global significance at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from limits.errors import InputError
from limits.hunt.fits import EMPTY, Rules
from limits.hunt.gathering import HIGH, Gathered, gather
from limits.hunt.masses import HUNTING_METHODS
from limits.hunt.options import Hunting
from limits.hunt.units import Job, do
from limits.hunt.windows import Setting, Way, ways
from limits.inference.bumps.global_significance import GlobalSignificance
from limits.inference.results import finite
from limits.kernel.linear.measure import NONE, Smearing
from limits.kernel.linear.results import Status
from limits.provenance import provenance
from limits.search import HypothesisFacts, Search, SpectrumChannel
from limits.search.identity import identity
from limits.signals.resonance import Resonance, resonance, systematic
from limits.signals.samples import Simulated
from limits.signals.spectrum import treatment_of
from limits.store import WORK, Contents, Work, fill

SPURIOUS: Final = 0.3
"""Share of toys with Z > 1.645 from which a result says so: the best of four fits has some 12 %."""

LOST: Final = 0.02
"""Share of toys without a fit above which the expected limits of a mass are not complete."""


@dataclass(frozen=True)
class Found:
    """What a hunt found at one mass; numbers of events are fitted signal events, limits are on the rate.

    `expected_limit` are −2…+2σ quantiles of the toys, or the median alone from the Asimov set. Status: "ok", "partial".
    """

    mass_gev: float
    events: float | None
    error: float | None
    significance: float | None
    fit: str | None
    observed_limit: float | None
    expected_limit: tuple[float | None, ...]
    status: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Hunt:
    """A finished hunt: one `Found` and one `Resonance` for every mass, ascending."""

    found: tuple[Found, ...]
    peaks: tuple[Resonance, ...]
    significance: GlobalSignificance
    data: str
    treatment: str
    expected_kind: str


def hunt(
    search: Search,
    channel: SpectrumChannel,
    facts: HypothesisFacts,
    masses: Sequence[float],
    method: str,
    level: float,
    hunting: Hunting,
    advance: Callable[..., None] | None = None,
    work: Work = WORK,
) -> Hunt:
    """Look for the particle at every mass (GeV); `advance` is called with the number of masses that were done, or parts of one.

    Raises:
        InputError: a method that a hunt does not have, masses in a gap, a window without events, a folder of another hunt.
        Unfinished: other shards are not done.
    """
    if method not in HUNTING_METHODS:
        raise InputError(
            f"{search.name}: method = {method!r}: a mass scan of a spectrum has {', '.join(HUNTING_METHODS)}"
        )
    peaks = tuple(resonance(search, channel, facts.name, mass) for mass in sorted(set(masses)))
    treatment = hunting.treatment or next(iter(channel.treatments))
    sample = hunting.sample if hunting.sample is not None else Simulated(search, channel, hunting.seed)
    setting = Setting(search, channel, treatment_of(search, channel, treatment), sample)
    # CLs is without it, and must not be refused for a size that the convolution does not take.
    error = NONE if method == "cls" else Smearing(*systematic(search, channel))
    job = Job(setting, Rules(method, level, error, hunting.toys, hunting.seed), peaks, hunting.threads)

    def done(unit: str) -> None:
        if advance is not None:
            advance(len(job.pieces[job.units[unit].piece]) / (1 + len(job.blocks)))

    with work.store(Contents.of("hunt", _facts(job, facts, treatment), job.units)) as store:
        fill(store, work, job.units, do, job, good=job.is_whole, done=done)
        found = gather(job, store)
    toys = job.rules.toys
    kind = f"a-priori: {toys} toys at every mass" if toys else "a-priori: Asimov set, nominal fit"
    return Hunt(
        tuple(_found(i, peak, found, ways(channel), toys) for i, peak in enumerate(peaks)),
        peaks,
        found.significance,
        sample.label,
        treatment,
        kind,
    )


def _found(i: int, peak: Resonance, gathered: Gathered, made: Sequence[Way], toys: int) -> Found:
    """Row i of the arrays, as a rate; nothing that is nan leaves here."""
    arrays = gathered.fields
    value = {name: finite(float(arrays[name][i])) for name in ("strength", "sigma", "significance", "limit")}
    way, status, failed = int(arrays["way"][i]), int(arrays["status"][i]), int(arrays["failed_ways"][i])
    toys_failed = int(gathered.failed[i])
    warnings = []
    if status == EMPTY:
        warnings.append("no event in the window: nothing to fit a background to")
    elif way < 0:
        warnings.append(f"no fit converged: {Status(status).name.lower().replace('_', ' ')}")
    elif failed:
        warnings.append(f"{failed} of {len(made)} ways to fit did not converge; the one kept is the best of the others")
    if arrays["barred"][i]:
        warnings.append("few events: a barrier of a tenth of an event keeps the intensity positive between them")
    if (share := float(gathered.high[i])) > SPURIOUS:
        warnings.append(
            f"spurious signal: {share:.0%} of the background-only toys have Z > {HIGH}: the polynomial is not the background"
        )
    if not toys and not np.isfinite(gathered.expected[i][2]):
        warnings.append("no limit was found for the expected spectrum")
    if toys_failed:
        warnings.append(f"{toys_failed} of {toys} toys have no fit and are left out")
    complete = way >= 0 and toys_failed <= LOST * toys
    band = tuple(_rate(finite(float(x)), peak) for x in gathered.expected[i])
    return Found(
        peak.mass,
        value["strength"],
        value["sigma"],
        value["significance"],
        made[way].name if way >= 0 else None,
        _rate(value["limit"], peak),
        band,
        "ok" if complete and band[2] is not None else "partial",
        tuple(warnings),
    )


def _rate(events: float | None, peak: Resonance) -> float | None:
    return None if events is None else events / peak.events_per_rate


def _facts(job: Job, facts: HypothesisFacts, treatment: str) -> dict[str, Any]:
    """Everything that a unit depends on."""
    return {
        **identity(job.setting.search),
        "channel": job.setting.channel.model_dump(mode="json"),
        "hypothesis": facts.name,
        "data": job.setting.sample.label,
        "treatment": treatment,
        "rules": asdict(job.rules),
        "masses": [peak.mass for peak in job.peaks],
        "versions": provenance() | {"numba": version("numba")},
    }
