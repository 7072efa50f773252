"""ln L(mass, coupling) of the counts that test a dark photon together: one point at a time and many, against direct evaluation.

    python scripts/benchmarks/log_likelihood.py

Direct: the signal prepared at that mass, the likelihoods built and fitted with and without signal. Process CPU time, medians of 7 rounds;
the last column is the largest difference in units of max(1, |ln L|).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from time import process_time

import numpy as np
from numpy.typing import NDArray

from limits.assemble import covers, prepare
from limits.globalfit import LogLikelihood, log_likelihood
from limits.search import load

Array = NDArray[np.float64]

SEARCHES = ("faser-aprime", "na62-aprime-ee", "na62-aprime-mumu")
ROUNDS, POINTS, DIRECT = 7, 2000, 24


def direct(mass: float, coupling: float) -> float:
    """ln L − ln L(no signal) by fits."""
    found = 0.0
    for search in map(load, SEARCHES):
        if covers(search, search.channels[0], "aprime", mass):
            likelihood = prepare(search, "aprime", mass).likelihood(coupling)
            data = likelihood.observed
            found += likelihood.fit(data, 0.0).nll - likelihood.fit(data, 1.0).nll
    return found


def points(f: LogLikelihood, number: int, seed: int) -> tuple[Array, Array]:
    """Random ones, even in the logarithms."""
    rng = np.random.default_rng(seed)
    m, g = (np.exp(rng.uniform(np.log(low), np.log(high), number)) for low, high in (f.masses, f.couplings))
    return m, g


def main() -> None:
    start = process_time()
    f = log_likelihood([load(name) for name in SEARCHES], "aprime")
    made = process_time() - start
    m, g = points(f, DIRECT, 1)
    direct(0.3, 1e-6)  # compiles what is compiled
    spent, off = [], []
    for mass, coupling in zip(m.tolist(), g.tolist(), strict=True):
        start = process_time()
        exact = direct(mass, coupling)
        spent.append(process_time() - start)
        off.append(abs(f(mass, coupling) - exact) / max(1.0, abs(exact)))
    slow = median(spent)
    ways: dict[str, Callable[[Array, Array], object]] = {
        "one call of many points": f,
        "one point a call": lambda m, g: [*map(f, m.tolist(), g.tolist())],
    }
    print("| way | CPU per point | direct fits | ratio | largest difference |\n|---|---|---|---|---|")
    for name, way in ways.items():
        times = []
        for seed in range(ROUNDS):
            run = partial(way, *points(f, POINTS, seed))
            start = process_time()
            run()
            times.append((process_time() - start) / POINTS)
        fast = median(times)
        print(f"| {name} | {1e6 * fast:.2f} µs | {1e3 * slow:.0f} ms | {slow / fast:,.0f} | {max(off):.1e} |")
    sizes = ", ".join(f"{t.search.name} {len(t.surface.x)}" for t in f.terms)
    print(
        f"\nMade in {made:.0f} s of CPU time from yields at these numbers of masses: {sizes}; error measured {f.error:.2g}."
    )
    print("\n".join(f.warnings))


if __name__ == "__main__":
    main()
