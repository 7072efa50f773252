"""Toys of a mass scan by several workers, ours only: what it costs beside one process, and how it grows to 10⁶ and 10⁹ toys."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness import THREADS, Row
from limits.hunt.fits import Rules
from limits.hunt.masses import published_masses, spectrum_channel
from limits.hunt.units import BLOCK, Job, do
from limits.hunt.windows import Setting, ways
from limits.kernel.linear.measure import Smearing
from limits.parallel import executor
from limits.scan import Hunting, run_scan
from limits.search import load
from limits.signals.resonance import resonance, systematic
from limits.signals.samples import Simulated
from limits.signals.spectrum import treatment_of
from limits.store import Work

MASSES = tuple(round(1.5 + 0.002 * i, 3) for i in range(50))
"""Two pieces of the scan of bes3-alp."""

TOYS = 20 * BLOCK

MANY = 10**6
FAR = 10**9


def job(masses: tuple[float, ...], toys: int) -> Job:
    """A hunt of bes3-alp, in units."""
    search = load("bes3-alp")
    channel = spectrum_channel(search)
    assert channel is not None
    setting = Setting(search, channel, treatment_of(search, channel), Simulated(search, channel))
    rules = Rules("bayes-profile", 0.95, Smearing(*systematic(search, channel)), toys, 1)
    return Job(setting, rules, tuple(resonance(search, channel, "alp-photon", mass) for mass in masses))


def spent() -> float:
    """CPU seconds of this process and of all its children that have ended."""
    return sum(
        use.ru_utime + use.ru_stime for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def hunted(name: str) -> dict[str, Any]:
    """CPU and wall seconds of the same hunt by an executor, its start and its end included, results in a folder."""
    search = load("bes3-alp")
    run_scan(search, masses=MASSES[:1], hunting=Hunting(toys=2))
    with tempfile.TemporaryDirectory() as folder:
        cpu, wall = spent(), time.perf_counter()
        with executor(name, None if name == "serial" else 2) as team:
            found = run_scan(search, masses=MASSES, hunting=Hunting(toys=TOYS), work=Work(team, Path(folder) / "k"))
        wall = time.perf_counter() - wall
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        return {
            "CPU s": spent() - cpu,
            "wall s": wall,
            "bytes": size,
            "digest": sha256(str(found.points).encode()).hexdigest(),
        }


def units() -> dict[str, Any]:
    """CPU seconds of every unit of that hunt, in a process that has done one before."""
    hunt = job(MASSES, TOYS)
    times: dict[bool, list[float]] = {True: [], False: []}
    do(hunt, next(iter(hunt.units)))
    do(hunt, list(hunt.units)[-1])
    for name, unit in hunt.units.items():
        start = time.process_time()
        do(hunt, name)
        times[unit.toys is None].append(time.process_time() - start)
    pieces = len(hunt.pieces)
    return {
        "data s": statistics.median(times[True]),
        "toys s": statistics.median(times[False]),
        "masses": len(MASSES) / pieces,
        "ways": len(ways(hunt.setting.channel)),
        "published": len(published_masses(load("bes3-alp"), load("bes3-alp").hypotheses[0])),
    }


def memory() -> dict[str, Any]:
    """Resident memory, MB, of a process that throws and fits all toys of one mass, block by block."""
    hunt, own, found = job(MASSES[:1], MANY), psutil.Process(), {}
    start = time.process_time()
    for i, name in enumerate(hunt.units):
        do(hunt, name)
        if (done := i * BLOCK) in (BLOCK, 10 * BLOCK, 100 * BLOCK, MANY // 2, MANY):
            found[done] = own.memory_info().rss / 1e6
    return {"MB": found, "CPU s": time.process_time() - start}


def started(imports: str) -> dict[str, Any]:
    """CPU seconds and resident memory of a worker that has imported what it needs."""
    program = f"{imports}\nimport psutil; p = psutil.Process(); print(sum(p.cpu_times()[:2]), p.memory_info().rss / 1e6, len(sys.modules))"
    command = [sys.executable, "-c", f"import sys\n{program}"]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **THREADS}).stdout
        for _ in range(5)
    ]
    cpu, rss, modules = zip(*(map(float, run.split()) for run in runs), strict=True)
    return {"CPU s": statistics.median(cpu), "MB": statistics.median(rss), "modules": int(modules[0])}


WORKERS = {
    "nothing yet": "from limits.parallel.worker import main",
    "points of a scan": "from limits.parallel.worker import main; from limits.scan.stored import _do",
    "units of a hunt": "from limits.parallel.worker import main; from limits.hunt.units import do",
}
EXECUTORS = ("serial", "processes", "dask")


def show(found: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Lines of the table."""
    lines = [
        (f"{len(MASSES)} masses, {TOYS} toys, {name}", compared(found, name)) for name in EXECUTORS if name in found
    ]
    lines += [
        (f"a worker for {name}", f"{run['CPU s']:.2f} s CPU, {run['MB']:.0f} MB, {run['modules']} modules")
        for name in WORKERS
        if (run := found.get(name))
    ]
    if run := found.get("memory"):
        sizes = ", ".join(f"{int(n):.0e}" for n in run["MB"])
        steps = ", ".join(f"{mb:.0f}" for mb in run["MB"].values())
        lines.append((f"memory of a worker after {sizes} toys of one mass", f"{steps} MB; {run['CPU s']:.0f} s CPU"))
    return [*lines, *projected(found["units"])] if "units" in found else lines


def compared(found: dict[str, dict[str, Any]], name: str) -> str:
    """An executor beside the serial one."""
    run, serial = found[name], found.get("serial", {})
    text = f"{run['CPU s']:.1f} s CPU, {run['wall s']:.1f} s wall"
    if name == "serial" or not serial:
        return text
    same = "yes" if run["digest"] == serial["digest"] else "**NO**"
    cpu, wall = serial["CPU s"] / run["CPU s"], serial["wall s"] / run["wall s"]
    return f"{text}; CPU efficiency {cpu:.0%}, wall {wall:.2f} times as fast; same result: {same}"


def projected(unit: dict[str, Any]) -> list[tuple[str, str]]:
    """What was measured, and what follows from it for the whole scan."""
    toy = unit["toys s"] / (unit["masses"] * BLOCK)
    hours = FAR * unit["published"] * toy / 3600
    size = FAR * unit["published"] * 12 / 1e12
    cost, masses = f"{toy * 1e6:.0f} µs", unit["published"]
    per_unit = f"data {unit['data s']:.2f} s CPU; {BLOCK} toys {unit['toys s']:.2f} s CPU"
    measured = f"{per_unit}: {cost} per toy and mass, {unit['ways']} ways to fit"
    follows = f"{hours:,.0f} core hours: {hours / 24000:.1f} days on 1000 cores; results 10⁹ × {masses} × 12 bytes = {size:.0f} TB"
    return [
        (f"a unit of {unit['masses']:.0f} masses", measured),
        (f"10⁹ toys of the whole scan, projected: 10⁹ × {masses} masses × {cost}", follows),
    ]


ROW = Row(
    "scans by several workers: bes3-alp, every way to fit, results kept in a folder",
    jobs={
        **{name: partial(hunted, name) for name in EXECUTORS},
        "units": units,
        **{name: partial(started, imports) for name, imports in WORKERS.items()},
        "memory": memory,
    },
    show=show,
    cores=2,
)
