"""Simulate B → baryon ψ_D beside a reconstructed B meson at BaBar; write response.csv of the searches for dark baryons.

    python scripts/make_missing_mass.py

The shipped tables are what the default number of events and the default seed give, with the same versions of numpy.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
from missingmass.detector import BABAR
from missingmass.toy import SEEN, Response, response

from limits.physics.psid import MODES, highest_mass

SEED = 20230608
EVENTS = 400_000
OUTPUT = Path(__file__).resolve().parents[1] / "limits" / "searches"
FIRST = 0.94
STEP = 0.05
CLOSE = {
    "p": (0.22, 0.18, 0.15, 0.12, 0.10, 0.08, 0.06, 0.05, 0.04, 0.03, 0.025, 0.02),
    "lambda": (0.22, 0.18, 0.15, 0.12, 0.10, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.012, 0.007),
    "lambdac": (0.22, 0.18, 0.15, 0.12, 0.10, 0.08, 0.06, 0.045, 0.03, 0.02, 0.012, 0.007, 0.002),
}
"""GeV below the end, where resolution and acceptance fall fast; slow protons leave along the beam, and none is seen further up."""


def arguments() -> argparse.Namespace:
    """What was asked for; leaves with a message when it cannot be had."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS, help="decays at each mass (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the generator (default: %(default)s)")
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help="directory with a folder for each search (default: the shipped one)"
    )
    given = parser.parse_args()
    if given.events < 10_000:
        parser.error("--events must be at least 10000: fewer do not make a width")
    if not 0 <= given.seed <= 900_000_000:
        parser.error("--seed must be between 0 and 900000000")
    return given


def masses(mode: str) -> list[float]:
    """Masses of the table in GeV, close to each other where the decay closes."""
    end = highest_mass(mode)
    coarse = np.arange(FIRST, end - CLOSE[mode][0] - STEP / 2, STEP)
    return [round(float(m), 4) for m in (*coarse, *(end - gap for gap in CLOSE[mode]))]


def table(mode: str, found: dict[float, Response], events: int, seed: int) -> str:
    """The table as text."""
    assumed = ", ".join(f"{field.name} {getattr(BABAR, field.name)}" for field in fields(BABAR))
    decay = "" if len(SEEN[mode]) == 1 else f", {MODES[mode].baryon} -> {' '.join(SEEN[mode]).replace('+', '')}"
    lines = [
        f"response to {MODES[mode].parent} -> {MODES[mode].baryon} psi_D{decay}, the other B reconstructed",
        f"command: python scripts/make_missing_mass.py --events {events} --seed {seed}",
        f"seed: {seed}; versions: numpy {np.__version__}, Python {sys.version.split()[0]}",
        f"events: {events} decays at each mass",
        "detector: assumptions (recollections, nothing fitted to a limit); meaning and ranges in scripts/missingmass/detector.py:",
        assumed,
        "resolution: half of the central interval that holds 68.27 % of the measured missing masses",
        "acceptance: decays whose tracks all have these angles and transverse momenta, over all; the tag is not simulated",
    ]
    rows = [f"{m:g},{r.resolution:.4g},{r.acceptance:.4f}" for m, r in found.items()]
    return "\n".join([*(f"# {line}" for line in lines), "mass_gev,resolution_gev,acceptance", *rows]) + "\n"


def main() -> None:
    """Command line: simulate, write, say what was written."""
    given = arguments()
    for stream, mode in enumerate(MODES):
        rng = np.random.default_rng([given.seed, stream])
        found = {mass: response(mode, mass, given.events, BABAR, rng) for mass in masses(mode)}
        folder = given.output / f"babar-psid-{mode}"
        folder.mkdir(parents=True, exist_ok=True)
        text = table(mode, found, given.events, given.seed)
        (folder / "response.csv").write_text(text, encoding="utf-8")
        print(f"{folder / 'response.csv'}: {len(text)} bytes")


if __name__ == "__main__":
    main()
