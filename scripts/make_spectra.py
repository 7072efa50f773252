"""Generate a table of meson spectra under limits/spectra.

Needs chromo and pythia8mc (the extra `tables`), which are not run-time dependencies:

    python scripts/make_spectra.py pp-13600 sibyll-2.3d

The shipped tables are what the default numbers of events and the default seed give. The same seed and number of events
give the same table, bit for bit. limits/spectra/README.md says what is in each.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from spectra.generator import Generator
from spectra.systems import SYSTEMS, System
from spectra.table import count, table_text
from spectra.with_chromo import BottomPythia6, Sibyll
from spectra.with_pythia8 import Pythia8

SEED = 20230814
GENERATORS: dict[str, Callable[[System, int], Generator]] = {
    "sibyll-2.3d": Sibyll,
    "pythia-8.317": Pythia8,
    "pythia-6.428": BottomPythia6,
}


def arguments() -> argparse.Namespace:
    """What was asked for; leaves with a message when it cannot be had."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("system", choices=SYSTEMS, help="what collides, and the directory of the table")
    parser.add_argument("generator", choices=GENERATORS, help="name of the table")
    parser.add_argument("--events", type=int, help="number of collisions (default: that of the shipped table)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the generator (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="table to write (default: the shipped one)")
    given = parser.parse_args()
    known = SYSTEMS[given.system].events
    if given.generator not in known:
        parser.error(f"{given.system} has tables of {', '.join(known)}, not of {given.generator}")
    given.events = known[given.generator] if given.events is None else given.events
    if given.events < 1:
        parser.error("--events must be at least 1")
    if not 1 <= given.seed <= 900_000_000:
        parser.error("--seed must be between 1 and 900000000")
    return given


def main() -> None:
    """Command line: generate, write, say what was written."""
    given = arguments()
    default = Path(__file__).parents[1] / "limits" / "spectra" / given.system / f"{given.generator}.csv"
    output = given.output or default
    system = SYSTEMS[given.system]
    generator = GENERATORS[given.generator](system, given.seed)
    counts = count(system, generator.run(given.events))
    command = f"scripts/make_spectra.py {given.system} {given.generator} --events {given.events} --seed {given.seed}"
    text = table_text(system, counts, generator, given.events, command)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    found = {system.species[code]: int(table.sum()) for code, table in counts.bins.items()}
    print(f"{output}: {len(text)} bytes, counts {found}")


if __name__ == "__main__":
    main()
