"""The whole scan of a spectrum: pieces of neighbouring masses, done once each, and the global significance at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from limits.errors import InputError
from limits.hunt.checkpoint import Checkpoint, digest, open_checkpoint
from limits.hunt.fits import ARRAYS, EMPTY, HIGH, Rules, Thrower, piece
from limits.hunt.masses import HUNTING_METHODS, segments
from limits.hunt.options import Hunting
from limits.hunt.windows import Setting, Way, ways
from limits.inference.bumps.crossings import summarise_toys
from limits.inference.bumps.global_significance import GlobalSignificance, global_significance
from limits.inference.results import finite
from limits.kernel.linear.measure import NONE, Smearing
from limits.kernel.linear.results import Status
from limits.provenance import provenance
from limits.search import HypothesisFacts, Search, SpectrumChannel
from limits.signals.expected import Array
from limits.signals.resonance import Resonance, resonance, systematic
from limits.signals.samples import Simulated
from limits.signals.spectrum import treatment_of

SPURIOUS: Final = 0.3
"""Share of toys with Z > 1.645 from which a result says so: the best of four fits has some 12 %."""

LOST: Final = 0.02
"""Share of toys without a fit above which the expected limits of a mass are not complete."""

PIECE: Final = 25
"""Masses that are kept together: what a hunt that is stopped loses is less than this."""


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
    advance: Callable[[], None] | None = None,
) -> Hunt:
    """Look for the particle at every mass (GeV); `advance` is called after each.

    Raises:
        InputError: a method that a hunt does not have, masses in a gap, a window without events, a folder of another hunt.
    """
    if method not in HUNTING_METHODS:
        raise InputError(
            f"{search.name}: method = {method!r}: a mass scan of a spectrum has {', '.join(HUNTING_METHODS)}"
        )
    peaks = [resonance(search, channel, facts.name, mass) for mass in sorted(set(masses))]
    treatment = hunting.treatment or next(iter(channel.treatments))
    sample = hunting.sample if hunting.sample is not None else Simulated(search, channel, hunting.seed)
    setting = Setting(search, channel, treatment_of(search, channel, treatment), sample)
    # CLs is without it, and must not be refused for a size that the convolution does not take.
    error = NONE if method == "cls" else Smearing(*systematic(search, channel))
    rules = Rules(method, level, error, hunting.toys, hunting.seed)
    kept = None
    if hunting.folder is not None:
        kept = open_checkpoint(hunting.folder, _identity(setting, facts, peaks, rules, treatment))
    fitted = list(_pieces(setting, rules, peaks, hunting.threads, kept, advance or (lambda: None)))
    arrays = {name: np.concatenate([part[name] for part in fitted]) for name in fitted[0]}
    kind = f"a-priori: {rules.toys} toys at every mass" if rules.toys else "a-priori: Asimov set, nominal fit"
    return Hunt(
        tuple(_found(i, peak, arrays, ways(channel), rules) for i, peak in enumerate(peaks)),
        tuple(peaks),
        _global(arrays, peaks),
        sample.label,
        treatment,
        kind,
    )


def _pieces(
    setting: Setting,
    rules: Rules,
    peaks: Sequence[Resonance],
    threads: int,
    kept: Checkpoint | None,
    advance: Callable[[], None],
) -> Iterator[dict[str, Array]]:
    ranges: dict[tuple[int, float], tuple[int, int]] = {}
    for peak in peaks:
        key = (peak.window.part, peak.window.bin_gev)
        first, last = ranges.get(key, peak.bins)
        ranges[key] = (min(first, peak.bins[0]), max(last, peak.bins[1]))
    thrower = Thrower(setting, rules, ranges)
    for number, members in enumerate(_groups(peaks)):
        done = kept.load(number) if kept is not None else None
        if done is None or set(done) != ARRAYS or len(done["way"]) != len(members):
            done = piece(setting, thrower, members, ways(setting.channel), threads, advance)
            if kept is not None:
                kept.save(number, done)
        else:
            for _ in members:
                advance()
        yield done


def _groups(peaks: Sequence[Resonance]) -> list[list[Resonance]]:
    """Neighbours, at most `PIECE` of them, that see the same toys."""
    groups: list[list[Resonance]] = []
    for peak in peaks:
        last = groups[-1][-1].window if groups else None
        same = last is not None and (last.part, last.bin_gev) == (peak.window.part, peak.window.bin_gev)
        if same and len(groups[-1]) < PIECE:
            groups[-1].append(peak)
        else:
            groups.append([peak])
    return groups


def _found(i: int, peak: Resonance, arrays: dict[str, Array], made: Sequence[Way], rules: Rules) -> Found:
    """Row i of the arrays, as a rate; nothing that is nan leaves here."""
    value = {name: finite(float(arrays[name][i])) for name in ("strength", "sigma", "significance", "limit")}
    way, status, failed = int(arrays["way"][i]), int(arrays["status"][i]), int(arrays["failed_ways"][i])
    toys_failed = int(arrays["toys_failed"][i])
    warnings = []
    if status == EMPTY:
        warnings.append("no event in the window: nothing to fit a background to")
    elif way < 0:
        warnings.append(f"no fit converged: {Status(status).name.lower().replace('_', ' ')}")
    elif failed:
        warnings.append(f"{failed} of {len(made)} ways to fit did not converge; the one kept is the best of the others")
    if arrays["barred"][i]:
        warnings.append("few events: a barrier of a tenth of an event keeps the intensity positive between them")
    if (share := float(arrays["toys_high"][i])) > SPURIOUS:
        warnings.append(
            f"spurious signal: {share:.0%} of the background-only toys have Z > {HIGH}: the polynomial is not the background"
        )
    if not rules.toys and not np.isfinite(arrays["expected"][i][2]):
        warnings.append("no limit was found for the expected spectrum")
    if toys_failed:
        warnings.append(f"{toys_failed} of {rules.toys} toys have no fit and are left out")
    complete = way >= 0 and toys_failed <= LOST * rules.toys
    band = tuple(_rate(finite(float(x)), peak) for x in arrays["expected"][i])
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


def _global(arrays: dict[str, Array], peaks: Sequence[Resonance]) -> GlobalSignificance:
    labels = segments([peak.window for peak in peaks])
    toy_z = np.asarray(arrays["toy_z"], dtype=float)
    scans = summarise_toys(toy_z.T, segments=labels) if toy_z.size else None
    return global_significance(np.maximum(arrays["significance"], 0.0), segments=labels, toys=scans)


def _identity(
    setting: Setting, facts: HypothesisFacts, peaks: Sequence[Resonance], rules: Rules, treatment: str
) -> dict[str, Any]:
    """Everything that the pieces depend on, in words."""
    search, channel = setting.search, setting.channel
    tables = sorted(path for path in search.path.parent.glob("*.csv"))
    return {
        "search": search.name,
        "hypothesis": facts.name,
        "data": setting.sample.label,
        "treatment": treatment,
        "rules": str(rules),
        "masses": [peak.mass for peak in peaks],
        "versions": provenance(),
        "numbers": {key: quantity.value for key, quantity in search.quantities.items()},
        "channel": channel.model_dump(mode="json"),
        "tables": {path.name: digest(path) for path in tables},
    }
