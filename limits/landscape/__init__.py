"""A landscape: every search for one particle in one plane of mass and coupling, with what theory points to and curves of the user.

    found = landscape("lmu-ltau", jobs("lmu-ltau"))
    save_landscape(found, Path("plane.png"))

A search that fails costs its own region only, and is named in `Landscape.failures`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from limits.errors import InputError, LimitsError, unknown
from limits.grid import masses_of
from limits.hunt.masses import spectrum_channel
from limits.landscape.curves import Curve, read_curve
from limits.landscape.theory import bands as theory_bands
from limits.recast import hypotheses, recast
from limits.scan import Hunting, Scan, run_scan
from limits.search import HypothesisFacts, Search, load, names
from limits.signals.samples import Asimov
from limits.store import WORK, FolderError, Work

__all__ = ["Curve", "Failure", "Job", "Landscape", "jobs", "landscape", "read_curve"]

OF_A_HUNT: Final = 60
"""Masses of a hunt for a peak: its limit is smooth where the data are those expected."""


@dataclass(frozen=True, eq=False)
class Job:
    """A search to be scanned at these masses (GeV). `instead` are done if it fails: the members of a combination."""

    search: Search
    hypothesis: str
    masses: tuple[float, ...]
    default: bool
    instead: tuple[Job, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A search that could not be scanned, and why."""

    search: str
    reason: str


@dataclass(frozen=True, eq=False)
class Landscape:
    """The plane of a hypothesis: scans of searches, bands and lines of theory, curves of the user, and searches that failed.

    `titles` are the names of the scans for a picture, `reach` the couplings each looked at, `notes` what should be said below it.
    """

    plane: str
    scans: tuple[Scan, ...]
    titles: tuple[str, ...]
    reach: tuple[tuple[float, float], ...]
    bands: tuple[Curve, ...]
    curves: tuple[Curve, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]

    @property
    def status(self) -> str:
        """One of "ok" and "partial", the latter if a search failed or a scan is not whole."""
        return "partial" if self.failures or any(scan.status == "partial" for scan in self.scans) else "ok"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: numbers, None, lists and text."""
        return {
            "plane": self.plane,
            "status": self.status,
            "scans": [scan.to_json() for scan in self.scans],
            "bands": [asdict(band) for band in self.bands],
            "curves": [asdict(curve) for curve in self.curves],
            "failures": [asdict(failure) for failure in self.failures],
            "notes": list(self.notes),
        }


def jobs(
    plane: str,
    *,
    recasts: bool = False,
    members: bool = False,
    calibrated: bool = False,
    span: tuple[float, float, int] | None = None,
) -> tuple[Job, ...]:
    """The shipped searches that test `plane`, or with `recasts` can, each with the masses at which to do so.

    Members of a combination are left out unless `members`. `span` asks for n masses in the part of low to high that a search covers.

    Raises:
        UnknownName: no search tests that hypothesis.
        InputError: no search covers any of the masses.
    """
    shipped = [load(name) for name in names()]
    known = {s.name: hypotheses(s) if recasts else tuple(facts.name for facts in s.hypotheses) for s in shipped}
    chosen = [search for search in shipped if plane in known[search.name]]
    if not chosen:
        raise unknown("plane", plane, {name for found in known.values() for name in found})
    inside = {member.name for search in chosen for member in search.members}
    ready = (search.calibrated() if calibrated and search.is_calibratable else search for search in chosen)
    wanted = [job for search in ready for job in _job(search, plane, span) if members or search.name not in inside]
    if not wanted:
        raise InputError(f"{plane}: no search covers masses from {span[0]:g} to {span[1]:g} GeV" if span else plane)
    return tuple(wanted)


def landscape(
    plane: str,
    work: Sequence[Job],
    *,
    curves: Sequence[Curve] = (),
    level: float | None = None,
    advance: Callable[..., None] | None = None,
    how: Work = WORK,
) -> Landscape:
    """Scan every search of `work` with the first of its methods; `advance` is called after each point, `how` says who does it.

    Raises:
        FolderError: the folder for results cannot be used.
        InputError: none of the searches could be scanned; the reasons are named.
    """
    done: list[tuple[Search, Scan]] = []
    failures: list[Failure] = []
    waiting = list(work)
    while waiting:
        job = waiting.pop(0)
        try:
            done.append((job.search, _scanned(job, level, advance, how.within(job.search.name))))
        except FolderError:
            raise
        except LimitsError as error:
            failures.append(Failure(job.search.name, str(error)))
            already = {one.search.name for one in waiting} | {search.name for search, _ in done}
            waiting = [*(one for one in job.instead if one.search.name not in already), *waiting]
    if not done:
        raise InputError("; ".join(f"{failure.search}: {failure.reason}" for failure in failures))
    masses = [point.mass_gev for _, scan in done for point in scan.points]
    bands = tuple(theory_bands(plane, min(masses), max(masses)))
    experiments = [search.experiment for search, _ in done]
    reach = tuple(search.hypothesis(plane).couplings for search, _ in done)
    titles = tuple(s.name if experiments.count(s.experiment) > 1 else s.experiment for s, _ in done)
    notes = tuple(dict.fromkeys((*(band.note for band in bands), *_notes(plane, [search for search, _ in done]))))
    return Landscape(
        plane, tuple(scan for _, scan in done), titles, reach, bands, tuple(curves), tuple(failures), notes
    )


def _job(search: Search, plane: str, span: tuple[float, float, int] | None) -> Iterator[Job]:
    """One job, or none if the search covers none of the masses."""
    try:
        found = recast(search, plane)
    except InputError:  # sees nothing of what this particle decays to: it has no place in the plane
        return
    masses = _masses(found, found.hypothesis(plane), span)
    if masses:
        instead = tuple(job for member in found.members for job in _job(member, plane, span))
        yield Job(found, plane, masses, span is None, instead)


def _masses(search: Search, facts: HypothesisFacts, span: tuple[float, float, int] | None) -> tuple[float, ...]:
    if spectrum_channel(search) is not None:  # published masses: between them there may be gaps
        low, high, n = span or (0.0, np.inf, OF_A_HUNT)
        inside = [m for m in masses_of(search, facts.name) if low <= m <= high]
        return (
            tuple(inside[i] for i in np.unique(np.linspace(0, len(inside) - 1, n).round().astype(int)))
            if inside
            else ()
        )
    if span is None:
        return masses_of(search, facts.name)
    low, high, n = span
    if facts.masses_gev is None:
        return tuple(m for m in masses_of(search, facts.name) if low <= m <= high)
    low, high = max(low, facts.masses_gev[0]), min(high, facts.masses_gev[1])
    return masses_of(search, facts.name, mass_range=(low, high, n, True)) if low < high else ()


def _scanned(job: Job, level: float | None, advance: Callable[..., None] | None, work: Work) -> Scan:
    how: dict[str, Any] = {"level": level, "advance": advance, "work": work}
    if spectrum_channel(job.search) is not None:  # a simulated sample would show what no data have
        hunting = Hunting(sample=Asimov())
        return run_scan(job.search, job.hypothesis, masses=job.masses, hunting=hunting, **how)
    masses = None if job.default else job.masses  # none given: the end of a region is closed in on as well
    return run_scan(job.search, job.hypothesis, masses=masses, **how)


def _notes(plane: str, searches: Sequence[Search]) -> Iterator[str]:
    """What readers of the plane must know about these searches."""
    if recasts := [search.name for search in searches if plane in search.recasts]:
        yield f"recast, the efficiency assumed to be that of the published particle: {', '.join(recasts)}"
    if lacking := [search.name for search in searches if search.recast is not None]:
        yield f"recast of what is published, inputs that are not public are assumed: {', '.join(lacking)}"
    if hunts := [search.name for search in searches if spectrum_channel(search) is not None]:
        yield f"expected limits of simulated spectra, whose data are not public: {', '.join(hunts)}"
    unseen = [search.name for search in searches if {channel.signal for _, channel in search.parts} == {"missing"}]
    if unseen and len(unseen) < len(searches):
        yield f"for decays to what is not seen, the others for decays to what is: {', '.join(unseen)}"
