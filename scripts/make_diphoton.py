"""Simulate J/ψ → γa, a → γγ at BESIII and its backgrounds; write limits/searches/bes3-alp/spectrum.csv and response.csv.

    python scripts/make_diphoton.py

The shipped tables are what the default numbers of events and the default seed give. The same seed and numbers give the same
tables with the same versions of numpy and scipy. With --study nothing is written: a table of cuts is printed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from diphoton.response import MASSES, response
from diphoton.selection import NOMINAL
from diphoton.spectrum import annihilation, decays
from diphoton.study import study
from diphoton.tables import response_text, spectrum_text

SEED = 20240404
EVENTS = 250_000_000
DECAYS = 25_000_000
SIGNALS = 600_000
OUTPUT = Path(__file__).resolve().parents[1] / "limits" / "searches" / "bes3-alp"


def arguments() -> argparse.Namespace:
    """What was asked for; leaves with a message when it cannot be had."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--events", type=int, default=EVENTS, help="candidates of e+e- -> 3 gamma (default: %(default)s)"
    )
    parser.add_argument("--decays", type=int, default=DECAYS, help="decays J/psi -> gamma eta (default: %(default)s)")
    parser.add_argument("--signals", type=int, default=SIGNALS, help="decays at each mass (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the generator (default: %(default)s)")
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help="directory of the tables (default: the shipped one)"
    )
    parser.add_argument("--study", action="store_true", help="print what other cuts would do and write nothing")
    given = parser.parse_args()
    if given.events < 100_000 or min(given.decays, given.signals) < 10_000:
        parser.error("--events must be at least 100000, --decays and --signals 10000: fewer do not fill a spectrum")
    if not 0 <= given.seed <= 900_000_000:
        parser.error("--seed must be between 0 and 900000000")
    return given


def main() -> None:
    """Command line: simulate, write, say what was written."""
    given = arguments()
    # Streams of their own: more signal does not change the background.
    for_qed, for_decays, for_signal = (np.random.default_rng([given.seed, stream]) for stream in range(3))
    if given.study:
        print(study(given.events, given.signals, for_qed))
        return
    numbers = f"--events {given.events} --decays {given.decays} --signals {given.signals}"
    command = f"scripts/make_diphoton.py {numbers} --seed {given.seed}"
    given.output.mkdir(parents=True, exist_ok=True)
    peaks = [response(mass, given.signals, NOMINAL, for_signal) for mass in MASSES]
    texts = {"response.csv": response_text(command, given.seed, given.signals, np.array(MASSES), peaks)}
    jpsi = decays(given.decays, for_decays)
    texts["spectrum.csv"] = spectrum_text(command, given.seed, annihilation(given.events, for_qed), jpsi)
    for name, text in texts.items():
        (given.output / name).write_text(text, encoding="utf-8")
        print(f"{given.output / name}: {len(text)} bytes")


if __name__ == "__main__":
    main()
