"""ln L(mass, coupling) of all searches that count events: one point at a time and many, against direct evaluation.

    python scripts/benchmarks/log_likelihood.py

Those with data in one channel; a projection has none. Direct: the signal prepared at that mass, the likelihoods built and fitted with and
without signal. Process CPU time, medians of 7 rounds; the largest difference is in units of max(1, |ln L|), and so is the error that was
measured when the function was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from time import process_time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from limits.assemble import covers, prepare
from limits.globalfit import LogLikelihood, log_likelihood
from limits.recast import recast
from limits.search import load

Array = NDArray[np.float64]

SEARCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "aprime": ("faser-aprime", "na62-aprime-ee", "na62-aprime-mumu"),
    "alp-w": ("faser-alp",),
    "lmu-ltau": ("na64mu-zprime",),
    "mesogenesis-universal": ("babar-psid-p", "babar-psid-lambda", "babar-psid-lambdac"),
}
ROUNDS, POINTS, DIRECT = 7, 2000, 12


def direct(hypothesis: str, mass: float, coupling: float) -> float:
    """ln L − ln L(no signal) by fits."""
    found = 0.0
    for search in (recast(load(name), hypothesis) for name in SEARCHES[hypothesis]):
        if covers(search, search.channels[0], hypothesis, mass):
            likelihood = prepare(search, hypothesis, mass).likelihood(coupling)
            data = likelihood.observed
            found += likelihood.fit(data, 0.0).nll - likelihood.fit(data, 1.0).nll
    return found


def points(f: LogLikelihood, number: int, seed: int) -> tuple[Array, Array]:
    """Random ones, even in the logarithms."""
    rng = np.random.default_rng(seed)
    m, g = (np.exp(rng.uniform(np.log(low), np.log(high), number)) for low, high in (f.masses, f.couplings))
    return m, g


def spent(work: Callable[[], object]) -> float:
    """CPU seconds."""
    start = process_time()
    work()
    return process_time() - start


def timed(f: LogLikelihood) -> tuple[float, float]:
    """CPU seconds per point: of many points in one call, and of one point a call."""

    def each(m: list[float], g: list[float]) -> None:
        for mass, coupling in zip(m, g, strict=True):
            f(mass, coupling)

    sets = [points(f, POINTS, seed) for seed in range(ROUNDS)]
    many = median(spent(partial(f, m, g)) for m, g in sets)
    single = median(spent(partial(each, m.tolist(), g.tolist())) for m, g in sets)
    return many / POINTS, single / POINTS


def compared(f: LogLikelihood) -> tuple[float, float]:
    """CPU seconds of a direct evaluation, and the largest difference from one."""
    seconds, off = [], []
    for mass, coupling in zip(*(values.tolist() for values in points(f, DIRECT, 1)), strict=True):
        start = process_time()
        exact = direct(f.hypothesis, mass, coupling)
        seconds.append(process_time() - start)
        off.append(abs(f(mass, coupling) - exact) / max(1.0, abs(exact)))
    return median(seconds), max(off)


def main() -> None:
    direct("aprime", 0.3, 1e-6)  # compiles what is compiled
    print(
        "| hypothesis | searches | many points a call | one point a call | direct fits | largest difference | error | made in |"
    )
    print("|---" * 8 + "|")
    total = [0.0, 0.0, 0.0]
    warnings: list[str] = []
    for hypothesis, names in SEARCHES.items():
        start = process_time()
        f = log_likelihood([load(name) for name in names], hypothesis)
        made = process_time() - start
        (many, single), (slow, off) = timed(f), compared(f)
        total = [a + b for a, b in zip(total, (many, single, slow), strict=True)]
        warnings += f.warnings
        cells = f"{1e6 * many:.2f} µs | {1e6 * single:.2f} µs | {1e3 * slow:.0f} ms | {off:.1e} | {f.error:.1e} | {made:.0f} s"
        print(f"| {hypothesis} | {', '.join(names)} | {cells} |", flush=True)
    print(f"| all together | | {1e6 * total[0]:.2f} µs | {1e6 * total[1]:.2f} µs | {1e3 * total[2]:.0f} ms | | | |")
    print("\n" + "\n".join(warnings))


if __name__ == "__main__":
    main()
