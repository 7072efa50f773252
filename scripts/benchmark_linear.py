"""What fits with a linear background cost, beside their peers: medians of process CPU time, interleaved, and ratios.

    python scripts/benchmark_linear.py [--points 1881] [--toys 1000] [--threads 2] [--json FILE]

One unbinned extended fit of 2·10⁴ events (double Crystal Ball of fixed shape on a third-order Chebyshev, data preparation
included), the asymptotic CLs limit of the same, and a whole mass scan: 4 variants of the PDF and background toys with both
limits at every point. iminuit, RooFit and RooStats, zfit and hepstats take part where they are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from limits.kernel.linear.fit import fit
from limits.kernel.linear.measure import Smearing, measure
from limits.kernel.linear.scan import prepare, scan, stream_toys
from limits.kernel.linear.shapes import Cruijff, CrystalBall, Signal, chebyshev
from limits.kernel.linear.window import Window, binned, unbinned
from limits.kernel.rates import Array

HALF = 0.1
LOWEST, BINS, STEP = 0.1, 2870, 0.001
TAILS = (1.4, 3.0, 1.8, 5.0)
SIGMA = 0.008
SCAN = np.linspace(0, 400, 15)
"""Strengths at which peers look for a limit."""

TURN = 5

Result = tuple[float, float]
"""Strength, and σ, the minimum or a limit: what the tool is asked for."""


def machine() -> dict[str, Any]:
    """The machine in general terms, and versions."""
    names = ("numpy", "scipy", "numba", "iminuit", "zfit", "hepstats")
    found = {name: version(name) for name in names if importlib.util.find_spec(name)}
    return {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version(), **found}


def crystal_ball(mass: float) -> CrystalBall:
    return CrystalBall((mass - HALF, mass + HALF), mass, SIGMA, *TAILS)


def cruijff(mass: float) -> Cruijff:
    return Cruijff((mass - HALF, mass + HALF), mass, SIGMA, SIGMA, 0.12, 0.12)


def ours(x: Array) -> Result:
    """Strength and σ."""
    found = fit(unbinned(x, crystal_ball(1.5), 3))
    return found.strength, found.sigma


def ours_everything(x: Array) -> Result:
    """Strength and the asymptotic CLs limit; Z and the Bayesian limit come with them."""
    found = measure(unbinned(x, crystal_ball(1.5), 3))
    return found.strength, found.cls


def numpy_rows(x: Array) -> Array:
    """What a fit that is linear in its parameters needs to know of the events, in plain NumPy."""
    signal = crystal_ball(1.5)
    x = x[(x >= signal.window[0]) & (x <= signal.window[1])]
    rows = np.empty((5, len(x)))
    rows[0] = signal.density(x)
    chebyshev(x, signal.window, 3, rows[1:])
    return rows


def iminuit_linear(rows: Array) -> Result:
    """Migrad and Hesse on the linear cost and its gradient in NumPy: strength and minimum."""
    Minuit = importlib.import_module("iminuit").Minuit

    # Over the window: the signal is normalised, ∫T_k is 1/(1 − k²) or none.
    integral = np.array([1, 1, 0, -1 / 3, 0])

    def cost(theta: Array) -> float:
        return float(integral @ theta - np.log(theta @ rows).sum())

    def gradient(theta: Array) -> Array:
        return np.asarray(integral - rows @ (1 / (theta @ rows)))

    minuit = Minuit(cost, np.array([0.0, rows.shape[1], 0, 0, 0]), grad=gradient)
    minuit.errordef = 0.5
    minuit.migrad()
    minuit.hesse()
    return float(minuit.values[0]), float(minuit.fval or np.nan)


def roofit_model(x: Array) -> tuple[Any, Any, list[Any]]:
    """Model, data, and what must outlive them, the number of signal events last: RooCrystalBall on RooChebychev."""
    ROOT = importlib.import_module("ROOT")

    ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.ERROR)
    mass = ROOT.RooRealVar("x", "x", 1.5 - HALF, 1.5 + HALF)
    fixed = [ROOT.RooRealVar(f"p{i}", f"p{i}", v) for i, v in enumerate((1.5, SIGMA, SIGMA, *TAILS))]
    signal = ROOT.RooCrystalBall("signal", "signal", mass, *fixed)
    shape = [ROOT.RooRealVar(f"c{i}", f"c{i}", 0, -1, 1) for i in range(3)]
    background = ROOT.RooChebychev("background", "background", mass, ROOT.RooArgList(*shape))
    n_s = ROOT.RooRealVar("ns", "ns", 0, -2000, 5000)
    n_b = ROOT.RooRealVar("nb", "nb", len(x), 0, 3.0 * len(x))
    model = ROOT.RooAddPdf("model", "model", ROOT.RooArgList(signal, background), ROOT.RooArgList(n_s, n_b))
    data = ROOT.RooDataSet.from_numpy({"x": x}, [mass])
    return model, data, [mass, *fixed, signal, *shape, background, n_b, n_s]


def roofit(x: Array) -> Result:
    """RooFit with its default back end."""
    model, data, kept = roofit_model(x)
    model.fitTo(data, Extended=True, PrintLevel=-1, Save=True)
    return float(kept[-1].getVal()), float("nan")


def roostats(x: Array) -> Result:
    """RooStats: AsymptoticCalculator (q̃) and HypoTestInverter over SCAN, Asimov data in 100 bins."""
    ROOT = importlib.import_module("ROOT")
    model, data, kept = roofit_model(x)
    mass, n_s = kept[0], kept[-1]
    mass.setBins(100)
    space = ROOT.RooWorkspace("w")
    space.Import(model, Silence=True)
    hypotheses = []
    for name, strength in (("both", SCAN[-1] / 2), ("background", 0.0)):
        config = ROOT.RooStats.ModelConfig(name, space)
        config.SetPdf("model")
        config.SetParametersOfInterest("ns")
        config.SetObservables("x")
        config.SetNuisanceParameters("nb,c0,c1,c2")
        n_s.setVal(strength)
        config.SetSnapshot(ROOT.RooArgSet(n_s))
        hypotheses.append(config)
    ROOT.RooStats.AsymptoticCalculator.SetPrintLevel(-1)
    calculator = ROOT.RooStats.AsymptoticCalculator(data, hypotheses[1], hypotheses[0])
    calculator.SetOneSided(True)
    inverter = ROOT.RooStats.HypoTestInverter(calculator)
    inverter.SetConfidenceLevel(0.95)
    inverter.UseCLs(True)
    inverter.SetVerbose(0)
    inverter.SetFixedScan(len(SCAN), SCAN[0], SCAN[-1])
    return float("nan"), float(inverter.GetInterval().UpperLimit())


def zfit_loss(x: Array) -> tuple[Any, Any]:
    """Loss and signal yield of a model of its own, as at every new mass."""
    zfit = importlib.import_module("zfit")

    zfit.settings.set_verbosity(0)
    tag = time.perf_counter_ns()
    space = zfit.Space("x", limits=(1.5 - HALF, 1.5 + HALF))
    n_s = zfit.Parameter(f"ns{tag}", 0.0, -2000, 5000)
    n_b = zfit.Parameter(f"nb{tag}", float(len(x)), 0, 3.0 * len(x))
    shape = [zfit.Parameter(f"c{i}{tag}", 0.0, -1, 1) for i in range(3)]
    a_low, n_low, a_high, n_high = TAILS
    tails = {"alphal": a_low, "nl": n_low, "alphar": a_high, "nr": n_high}
    signal = zfit.pdf.DoubleCB(obs=space, mu=1.5, sigma=SIGMA, **tails, extended=n_s)
    model = zfit.pdf.SumPDF([signal, zfit.pdf.Chebyshev(obs=space, coeffs=shape, extended=n_b)])
    return zfit.loss.ExtendedUnbinnedNLL(model, zfit.Data.from_numpy(obs=space, array=x)), n_s


def zfit_fit(x: Array) -> Result:
    """zfit with Minuit."""
    loss, n_s = zfit_loss(x)
    importlib.import_module("zfit").minimize.Minuit().minimize(loss)
    return float(n_s.value()), float("nan")


def hepstats(x: Array) -> Result:
    """hepstats: AsymptoticCalculator (Asimov data in 100 bins) and UpperLimit over SCAN, q̃; numpy < 2.4."""
    tests = importlib.import_module("hepstats.hypotests")
    calculators = importlib.import_module("hepstats.hypotests.calculators")
    parameters = importlib.import_module("hepstats.hypotests.parameters")
    loss, n_s = zfit_loss(x)
    minimizer = importlib.import_module("zfit").minimize.Minuit()
    calculator = calculators.AsymptoticCalculator(loss, minimizer, asimov_bins=100)
    limit = tests.UpperLimit(calculator, parameters.POIarray(n_s, SCAN), parameters.POI(n_s, 0), qtilde=True)
    return float("nan"), float(limit.upperlimit(alpha=0.05, CLs=True, printlevel=0)["observed"])


class Tool(NamedTuple):
    """What is timed: `run` of what `prepare` makes of the events, at most `repeats` times, if `module` is installed."""

    name: str
    module: str
    run: Callable[[Array], Result]
    prepare: Callable[[Array], Array] = np.asarray
    repeats: int = 1000


class Row(NamedTuple):
    """Milliseconds of CPU time (median), over ours, and how far from ours: strength of fits, limit of limits, in events."""

    tool: str
    ms: float
    ratio: float
    away: float


FITS = (
    Tool("limits", "limits", ours),
    Tool("iminuit, linear cost, its own NumPy preparation", "iminuit", lambda x: iminuit_linear(numpy_rows(x))),
    Tool("iminuit, linear cost, prepared rows given for nothing", "iminuit", iminuit_linear, numpy_rows),
    Tool("RooFit", "ROOT", roofit),
    Tool("zfit", "zfit", zfit_fit, repeats=5),
)
LIMITS = (
    Tool("limits", "limits", ours_everything),
    Tool("RooStats", "ROOT", roostats, repeats=7),
    Tool("hepstats", "hepstats", hepstats, repeats=3),
)


def events(seed: int) -> Array:
    """A falling, bent background."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-1, 1, 60000)
    return np.asarray(1.5 + HALF * t[rng.random(60000) < 0.6 - 0.2 * t + 0.1 * t * t][:20000])


def interleaved(tools: Sequence[Tool], repeats: int, what: int) -> list[Row]:
    """Tools take turns, the first being ours; in a turn a tool gets TURN data sets one after the other, as in a scan.

    Every tool gets the same data sets, `repeats` at most. `what` of a Result is compared.
    """
    tools = [tool for tool in tools if importlib.util.find_spec(tool.module)]
    times: dict[str, list[float]] = {tool.name: [] for tool in tools}
    away: dict[str, float] = dict.fromkeys(times, 0.0)
    for tool in tools:
        tool.run(tool.prepare(events(0)))
    for first in range(1, repeats + 1, TURN):
        exact: dict[int, float] = {}
        for tool in tools:
            seeds = range(first, min(first + TURN, repeats + 1, tool.repeats + 1))
            made = {seed: tool.prepare(events(seed)) for seed in seeds}
            for seed in seeds:
                given = made[seed]
                start = time.process_time()
                found = tool.run(given)[what]
                times[tool.name].append(time.process_time() - start)
                exact.setdefault(seed, found)
                away[tool.name] = max(away[tool.name], abs(found - exact[seed]))
    unit = median(times[tools[0].name])
    return [Row(name, 1e3 * median(spent), median(spent) / unit, away[name]) for name, spent in times.items()]


def above_minuit(repeats: int) -> float:
    """Most by which the minimum found here lies above that of iminuit."""
    found = (
        (fit(unbinned(x, crystal_ball(1.5), 3)).nll, iminuit_linear(numpy_rows(x))[1])
        for x in map(events, range(1, repeats + 1))
    )
    return max(here - there for here, there in found)


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
    report["fit of 20000 events"] = [row._asdict() for row in interleaved(FITS, options.repeats, 0)]
    report["asymptotic CLs limit of the same"] = [row._asdict() for row in interleaved(LIMITS, options.repeats, 1)]
    if importlib.util.find_spec("iminuit"):
        report["NLL of limits above that of iminuit by at most"] = above_minuit(options.repeats)
    report["mass scan"] = mass_scan(options.points, options.toys, options.threads)
    text = json.dumps(report, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    if "ROOT" in sys.modules:
        # Its wheel crashes at the end of the interpreter, when Python frees what ROOT owns.
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
