"""What fits with a linear background cost, beside their peers: medians of process CPU time, interleaved, and ratios.

    python scripts/benchmark_linear.py [--points 1881] [--toys 1000] [--threads 2] [--json FILE]

One unbinned extended fit of 2·10⁴ events (double Crystal Ball of fixed shape on a third-order Chebyshev, data preparation
included on our side only), the asymptotic CLs limit of the same, and a whole mass scan: 4 variants of the PDF and
background toys with both limits at every point. iminuit is run when installed, RooFit where `import ROOT` works.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from limits.kernel.linear.fit import fit
from limits.kernel.linear.measure import Smearing, measure
from limits.kernel.linear.scan import prepare, scan, stream_toys
from limits.kernel.linear.shapes import Cruijff, CrystalBall, Signal
from limits.kernel.linear.window import Window, binned, unbinned
from limits.kernel.rates import Array

HALF = 0.1
LOWEST, BINS, STEP = 0.1, 2870, 0.001
TAILS = (1.4, 3.0, 1.8, 5.0)
SIGMA = 0.008
Peer = Callable[[Array], tuple[float, float]]


def machine() -> dict[str, Any]:
    """The machine in general terms, and versions."""
    names = ("numpy", "scipy", "numba", "iminuit", "zfit", "hepstats")
    found = {name: version(name) for name in names if importlib.util.find_spec(name)}
    return {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version(), **found}


def crystal_ball(mass: float) -> CrystalBall:
    return CrystalBall((mass - HALF, mass + HALF), mass, SIGMA, *TAILS)


def cruijff(mass: float) -> Cruijff:
    return Cruijff((mass - HALF, mass + HALF), mass, SIGMA, SIGMA, 0.12, 0.12)


def ours(x: Array) -> tuple[float, float]:
    """Strength and σ."""
    found = fit(unbinned(x, crystal_ball(1.5), 3))
    return found.strength, found.sigma


def ours_everything(x: Array) -> tuple[float, float]:
    """Strength and the asymptotic CLs limit."""
    found = measure(unbinned(x, crystal_ball(1.5), 3))
    return found.strength, found.cls


def iminuit_linear(x: Array) -> tuple[float, float]:
    """Migrad and Hesse on the linear cost and its gradient in NumPy; the rows are made by us and not timed twice."""
    Minuit = importlib.import_module("iminuit").Minuit

    window = unbinned(x, crystal_ball(1.5), 3)
    rows, integral = window.rows, window.integral

    def cost(theta: Array) -> float:
        return float(integral @ theta - np.log(theta @ rows).sum())

    def gradient(theta: Array) -> Array:
        return np.asarray(integral - rows @ (1 / (theta @ rows)))

    minuit = Minuit(cost, np.array([0.0, len(x), 0, 0, 0]), grad=gradient)
    minuit.errordef = 0.5
    minuit.migrad()
    minuit.hesse()
    return float(minuit.values[0]), float(minuit.fval or np.nan)


def roofit(x: Array) -> tuple[float, float]:
    """RooFit: RooCrystalBall on RooChebychev, extended, its default back end."""
    ROOT = importlib.import_module("ROOT")

    low, high = 1.5 - HALF, 1.5 + HALF
    mass = ROOT.RooRealVar("x", "x", low, high)
    fixed = [ROOT.RooRealVar(f"p{i}", f"p{i}", v) for i, v in enumerate((1.5, SIGMA, SIGMA, *TAILS))]
    signal = ROOT.RooCrystalBall("signal", "signal", mass, *fixed)
    shape = [ROOT.RooRealVar(f"c{i}", f"c{i}", 0, -1, 1) for i in range(3)]
    background = ROOT.RooChebychev("background", "background", mass, ROOT.RooArgList(*shape))
    n_s = ROOT.RooRealVar("ns", "ns", 0, -2000, 5000)
    n_b = ROOT.RooRealVar("nb", "nb", len(x), 0, 3.0 * len(x))
    model = ROOT.RooAddPdf("model", "model", ROOT.RooArgList(signal, background), ROOT.RooArgList(n_s, n_b))
    data = ROOT.RooDataSet.from_numpy({"x": x}, [mass])
    model.fitTo(data, Extended=True, PrintLevel=-1, Save=True)
    return float(n_s.getVal()), float("nan")


PEERS: dict[str, tuple[str, Peer]] = {"iminuit, linear cost": ("iminuit", iminuit_linear), "RooFit": ("ROOT", roofit)}


def events(seed: int) -> Array:
    """A falling, bent background."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-1, 1, 60000)
    return np.asarray(1.5 + HALF * t[rng.random(60000) < 0.6 - 0.2 * t + 0.1 * t * t][:20000])


def timed(function: Peer, x: Array) -> tuple[float, float, float]:
    start = time.process_time()
    first, second = function(x)
    return time.process_time() - start, first, second


def single_fits(repeats: int) -> dict[str, Any]:
    """Every tool in turn on the same data, `repeats` data sets: milliseconds, ratios, and how far the strengths differ."""
    tools: dict[str, Peer] = {"limits": ours, "limits, fit and limits": ours_everything}
    tools |= {name: run for name, (module, run) in PEERS.items() if importlib.util.find_spec(module)}
    for run in tools.values():
        run(events(0))
    times: dict[str, list[float]] = {name: [] for name in tools}
    away: dict[str, float] = dict.fromkeys(tools, 0.0)
    above = -np.inf
    for seed in range(1, repeats + 1):
        x = events(seed)
        best = fit(unbinned(x, crystal_ball(1.5), 3))
        exact, nll = best.strength, best.nll
        for name, run in tools.items():
            spent, strength, value = timed(run, x)
            times[name].append(spent)
            away[name] = max(away[name], abs(strength - exact))
            if name == "iminuit, linear cost":
                above = max(above, nll - value)
    unit = median(times["limits"])
    rows = {
        name: {"ms": 1e3 * median(spent), "ratio": median(spent) / unit, "strength off by at most": away[name]}
        for name, spent in times.items()
    }
    return {"tools": rows, "NLL of limits above that of iminuit by at most": above}


def spectrum(seed: int) -> tuple[Array, Array]:
    """Expected counts per bin of 1 MeV and events of the whole spectrum."""
    edges = LOWEST + STEP * np.arange(BINS + 1)
    centre = (edges[1:] + edges[:-1]) / 2
    expected = 120 * (1 + 0.3 * np.cos(1.7 * centre) - 0.1 * centre)
    rng = np.random.default_rng(seed)
    counts = rng.poisson(expected)
    return expected, np.sort(np.repeat(edges[:-1], counts) + STEP * rng.random(counts.sum()))


def variants(masses: Array, x: Array) -> dict[str, list[Callable[[], Window]]]:
    """Four PDFs: two unbinned of third order, two in bins of 0.25 MeV of fourth order."""

    def cut(mass: float) -> Array:
        return np.asarray(x[np.searchsorted(x, mass - HALF) : np.searchsorted(x, mass + HALF)])

    def events_of(shape: Callable[[float], Signal], mass: float) -> Window:
        return unbinned(cut(mass), shape(mass), 3)

    fine = np.histogram(x, 4 * BINS, (LOWEST, LOWEST + STEP * BINS))[0]

    def bins_of(shape: Callable[[float], Signal], mass: float) -> Window:
        first = 4 * round((mass - HALF - LOWEST) / STEP)
        return binned(fine[first : first + 800], np.linspace(mass - HALF, mass + HALF, 801), shape(mass), 4)

    shapes: dict[str, Callable[[float], Signal]] = {"Crystal Ball": crystal_ball, "Cruijff": cruijff}
    out: dict[str, list[Callable[[], Window]]] = {}
    for name, shape in shapes.items():
        out[f"{name}, unbinned, order 3"] = [partial(events_of, shape, float(m)) for m in masses]
        out[f"{name}, 0.25 MeV, order 4"] = [partial(bins_of, shape, float(m)) for m in masses]
    return out


def mass_scan(points: int, count: int, threads: int) -> dict[str, Any]:
    """CPU and wall seconds of the whole workload."""
    expected, x = spectrum(1)
    offsets = np.unique(np.linspace(0, BINS - 200, points).astype(int))
    masses = LOWEST + STEP * (offsets + 100)
    fit(unbinned(x[:5000], crystal_ball(LOWEST + HALF), 3))
    out: dict[str, Any] = {"points": len(masses), "events": len(x), "threads": threads, "variants": {}}
    cpu, wall = time.process_time(), time.perf_counter()
    failures = 0
    for name, makers in variants(masses, x).items():
        start = time.process_time()
        found = scan(makers, smearing=Smearing(9.2, 0.026), threads=threads)
        out["variants"][name] = {"CPU s": time.process_time() - start, "failures": found.failures}
        failures += found.failures
    out["observed CPU s"], out["observed wall s"] = time.process_time() - cpu, time.perf_counter() - wall
    cpu, wall = time.process_time(), time.perf_counter()
    windows = [
        prepare(toy_window(offset, mass, expected), int(offset)) for offset, mass in zip(offsets, masses, strict=True)
    ]
    bad = evaluations = 0
    for part in stream_toys(expected, windows, count, 1, threads=threads):
        bad += part.failures
        evaluations += int(part.evaluations.sum())
    out["toys"], out["toys CPU s"], out["toys wall s"] = count, time.process_time() - cpu, time.perf_counter() - wall
    fits = max(count * len(masses), 1)
    out |= {
        "us per toy": 1e6 * out["toys CPU s"] / fits,
        "evaluations per toy": evaluations / fits,
        "toy failures": bad,
    }
    out["CPU s"] = out["observed CPU s"] + out["toys CPU s"]
    out["memory MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return out


def toy_window(offset: int, mass: float, expected: Array) -> Window:
    edges = np.linspace(mass - HALF, mass + HALF, 201)
    return binned(expected[offset : offset + 200], edges, crystal_ball(mass), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=1881)
    parser.add_argument("--toys", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report: dict[str, Any] = {"machine": machine()}
    # Compile (or load) everything first: this is once per machine.
    start = time.perf_counter()
    mass_scan(2, 2, 1)
    report["first call s"] = time.perf_counter() - start
    report["fit of 20000 events"] = single_fits(options.repeats)
    report["mass scan"] = mass_scan(options.points, options.toys, options.threads)
    text = json.dumps(report, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
