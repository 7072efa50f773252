"""Random valid commands for some minutes, in one process: no crash, no nan or missing limit without a status, no growth of memory.

python scripts/soak.py [--minutes 10] [--seed 1]      exit code 1 if any answer is wrong, or if the memory grows in 8 minutes or more
"""

from __future__ import annotations

import argparse
import random
import resource
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from click.testing import CliRunner
from soaking.answers import complaints
from soaking.commands import Drawer

from limits.cli import main as limits

WORKSPACES: Final = Path(__file__).resolve().parents[1] / "workspaces"

GROWTH: Final = 0.10
"""Share by which the resident memory may be larger in the last fifth of the time than in the second."""

SETTLED: Final = 8.0
"""Minutes from which the growth is judged: what is compiled and kept once takes some of them."""


def resident() -> float:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def growth(memory: Sequence[float]) -> float:
    """Median of the last fifth over that of the second, less one: the first is compilation and caches."""
    fifth = max(len(memory) // 5, 1)
    second, last = sorted(memory[fifth : 2 * fifth] or memory), sorted(memory[-fifth:])
    return last[len(last) // 2] / second[len(second) // 2] - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    done: Counter[str] = Counter()
    wrong: list[str] = []
    memory: list[float] = []
    runner, end = CliRunner(), time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        drawer = Drawer(random.Random(options.seed), Path(folder), tuple(sorted(WORKSPACES.glob("*/workspace*.json"))))
        while time.monotonic() < end:
            command = drawer.command()
            answer = runner.invoke(limits, command)
            found = complaints(answer.exit_code, answer.stdout, answer.stderr)
            wrong += (said := [f"limits {shlex.join(command)}: {complaint}" for complaint in found])
            for line in said:
                print(line, flush=True)
            done[command[0]] += 1
            memory.append(resident())
    grown = growth(memory)
    print(
        f"{done.total()} commands in {options.minutes:g} minutes: {', '.join(f'{n} {verb}' for verb, n in done.most_common())}"
    )
    print(f"{len(wrong)} wrong answers; memory {memory[0]:.0f} MB, {max(memory):.0f} MB at most, growth {grown:+.1%}")
    sys.exit(bool(wrong) or (options.minutes >= SETTLED and grown > GROWTH))


if __name__ == "__main__":
    main()
