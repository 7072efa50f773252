"""Simulate X → μμ in e⁺e⁻ → μ⁺μ⁻X and its background, e⁺e⁻ → 4μ; write spectrum.csv and response-*.csv of a search.

    python scripts/make_fourmuon.py belle2-4mu
    python scripts/make_fourmuon.py babar-zprime-4mu

The shipped tables are what the default numbers of events and the default seed give. The same seed and numbers give the same
tables with the same versions of numpy, scipy and scikit-learn (which the networks of belle2-4mu need). With --study nothing is
written: what the networks reject is printed.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

import numpy as np
from fourmuon.detector import BABAR, BELLE2, Experiment
from fourmuon.response import HIGHER, MASSES, Response, response, shares
from fourmuon.samples import networks
from fourmuon.spectrum import bins_of, simulated, smooth_parts, smooth_total
from fourmuon.study import study
from fourmuon.tables import header, network_header, part_response_text, parts_text, response_text, total_text

from limits.physics.muon_pair import Kind

SEED = 20240305
EVENTS = 6_000_000
TRAINING = 600_000
SIGNALS = 60_000
HIGHEST = 10.1
"""Last edge of a spectrum without networks, GeV."""

EACH = 3_000
"""Signals at each mass in the training."""

SEARCHES = Path(__file__).resolve().parents[1] / "limits" / "searches"
EXPERIMENTS = {"belle2-4mu": BELLE2, "babar-zprime-4mu": BABAR}
KINDS: dict[str, Kind] = {"lmu-ltau": "vector", "muonphilic-scalar": "scalar"}


def arguments() -> argparse.Namespace:
    """What was asked for; leaves with a message when it cannot be had."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("search", choices=sorted(EXPERIMENTS))
    parser.add_argument("--events", type=int, default=EVENTS, help="events of background (default: %(default)s)")
    parser.add_argument("--training", type=int, default=TRAINING, help="the same for training (default: %(default)s)")
    parser.add_argument("--signals", type=int, default=SIGNALS, help="events at each mass (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the generator (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="directory of the tables (default: the shipped one)")
    parser.add_argument("--study", action="store_true", help="print what the networks do and write nothing")
    given = parser.parse_args()
    if given.events < 100_000 or given.training < 100_000 or given.signals < 2_000:
        parser.error("--events and --training must be at least 100000, --signals 2000: fewer do not fill a spectrum")
    if not 0 <= given.seed <= 900_000_000:
        parser.error("--seed must be between 0 and 900000000")
    if given.study and given.search != "belle2-4mu":
        parser.error("--study: only belle2-4mu has networks")
    return given


def responses(name: str, given: argparse.Namespace, masses: list[float]) -> dict[float, Response]:
    """Response at every mass, each with random numbers of its own."""
    kind, experiment = KINDS[name], EXPERIMENTS[given.search]
    stream = list(KINDS).index(name)
    found = {}
    for mass in masses:
        rng = np.random.default_rng([given.seed, 3, stream, round(1e4 * mass)])
        found[mass] = response(mass, given.signals, kind, experiment, rng)
    return found


def belle2(given: argparse.Namespace, command: str) -> dict[str, str]:
    """The tables of a search with networks."""
    experiment, each = (
        BELLE2,
        f"{given.training} events of background and {EACH} signals at each of 50 masses in training",
    )
    trained = networks(given.training, EACH, experiment, given.seed)
    found = simulated(given.events, experiment, trained, np.random.default_rng([given.seed, 2]))
    total = smooth_total(found.sums, found.squares)
    parts = []
    for part in range(len(trained)):
        rows = bins_of(part)
        parts.append((rows, *smooth_parts(total.contents, found.parts[part], found.part_squares[part], rows)))
    known = network_header(version("scikit-learn"))
    title, made = "expected pairs", f"{given.events} of the background, {each}"
    texts = {"spectrum.csv": parts_text([*_head(title, command, given, made, experiment), *known], total, parts)}
    for name in KINDS:
        peaks = responses(name, given, sorted({mass for masses in MASSES for mass in masses}))
        split = [[shares(peaks[mass], net) for mass in masses] for masses, net in zip(MASSES, trained, strict=True)]
        head = _head(f"response to {name}", command, given, f"{given.signals} at each mass, {each}", experiment)
        shapes = {mass: one.peak for mass, one in peaks.items()}
        texts[f"response-{name}.csv"] = part_response_text([*head, *known], shapes, split)
    return texts


def babar(given: argparse.Namespace, command: str) -> dict[str, str]:
    """The tables of a search without networks."""
    found = simulated(given.events, BABAR, [], np.random.default_rng([given.seed, 2]))
    total = smooth_total(found.sums, found.squares)
    head = _head("expected pairs", command, given, f"{given.events} of the background", BABAR)
    masses = sorted({*(mass for masses in MASSES for mass in masses), *HIGHER})
    peaks = [one.peak for one in responses("lmu-ltau", given, masses).values()]
    top = _head("response to lmu-ltau", command, given, f"{given.signals} at each mass", BABAR)
    return {
        "spectrum.csv": total_text(head, total, HIGHEST),
        "response-lmu-ltau.csv": response_text(top, masses, peaks),
    }


def _head(title: str, command: str, given: argparse.Namespace, made: str, experiment: Experiment) -> list[str]:
    title = f"{title}, {experiment.luminosity:g} fb-1" if title.startswith("expected") else title
    return header(title, command, given.seed, made, experiment)


def main() -> None:
    """Command line: simulate, write, say what was written."""
    given = arguments()
    if given.study:
        print(study(given.training, EACH, BELLE2, given.seed))
        return
    numbers = f"--events {given.events} --training {given.training} --signals {given.signals} --seed {given.seed}"
    command = f"scripts/make_fourmuon.py {given.search} {numbers}"
    texts = (belle2 if EXPERIMENTS[given.search] is BELLE2 else babar)(given, command)
    output = given.output or SEARCHES / given.search
    output.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (output / name).write_text(text, encoding="utf-8")
        print(f"wrote {output / name}, {len(text)} bytes")


if __name__ == "__main__":
    main()
