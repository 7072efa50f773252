"""What compiling costs: every family of kernels in a fresh process with an empty cache, and once more with the cache it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Row


def linear_fit() -> None:
    """Fit, profile, limits of one window."""
    from benchmarks.bump import ORDER, crystal_ball, events
    from limits.kernel.linear.measure import measure
    from limits.kernel.linear.window import unbinned

    measure(unbinned(events(1), crystal_ball(), ORDER))


def linear_toys() -> None:
    """Toys of a window; what they share with the fits is compiled here as well."""
    from benchmarks import mass_scan

    expected, _ = mass_scan.spectrum(1)
    mass_scan.throw_and_fit(expected, np.array([0]), 2)


def histfactory() -> None:
    """Limit and toys of a HistFactory likelihood."""
    from benchmarks.histfactory import ours, ours_toys

    ours(1)
    ours_toys(1)


FAMILIES: dict[str, Callable[[], None]] = {
    "linear: fit and limits": linear_fit,
    "linear: toys": linear_toys,
    "HistFactory": histfactory,
}


def first_call(name: str) -> dict[str, float]:
    """Seconds of the first and of the second call in this process, imports included in the first."""
    found = {}
    for call in ("first", "second"):
        wall, cpu = time.perf_counter(), time.process_time()
        FAMILIES[name]()
        found[f"{call} wall s"], found[f"{call} CPU s"] = time.perf_counter() - wall, time.process_time() - cpu
    return found


def ours(name: str) -> dict[str, Any]:
    """Cold and warm: two fresh processes that share a cache which was empty before the first."""
    scripts = Path(__file__).resolve().parents[1]
    code = f"import json; from benchmarks.compilation import first_call; print(json.dumps(first_call({name!r})))"
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as cache:
        search = os.pathsep.join(filter(None, [str(scripts), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONPATH": search}
        for state in ("cold", "warm"):
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
            found[state] = json.loads(done.stdout.splitlines()[-1])
        found["cache MB"] = sum(path.stat().st_size for path in Path(cache).rglob("*") if path.is_file()) / 1e6
    return found


def show(found: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Lines of the table."""
    return [
        (
            name,
            f"cold {r['cold']['first CPU s']:.1f} s CPU ({r['cold']['first wall s']:.1f} s wall), "
            f"warm load {r['warm']['first CPU s']:.2f} s ({r['warm']['first wall s']:.2f} s), "
            f"then {1e3 * r['warm']['second CPU s']:.2f} ms; cache {r['cache MB']:.1f} MB",
        )
        for name, r in found.items()
    ]


ROW = Row(
    "first call, imports included, with an empty numba cache and with a full one",
    jobs={name: partial(ours, name) for name in FAMILIES},
    show=show,
)
