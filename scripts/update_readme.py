"""Write the reproduction table into README.md, or check that it is the one that `limits reproduce` prints.

    python scripts/update_readme.py [--check]

The rows are those of the printed table; the columns that explain them are left to the command.
"""

from __future__ import annotations

import argparse
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

from limits.reproduce import Group, reproduce
from limits.search import names

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- reproduction table.*?-->\n).*?(<!-- end -->)", re.DOTALL)
HEAD = (
    "| search | hypothesis | quantity | at m [GeV] | published | computed | ratio | over all masses | method | label |\n"
    + "|---" * 10
    + "|\n"
)


def line(group: Group) -> str:
    """One row of the Markdown table."""
    row = group.row
    mass = "" if row.mass_gev is None else f"{row.mass_gev:g}"
    nothing = "beyond the range" if row.warnings and row.status == "ok" else "not excluded"
    computed = nothing if row.computed is None else f"{row.computed:.4g}"
    ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
    spread = f"{group.lowest_ratio:.2f} – {group.highest_ratio:.2f} ({group.n})" if group.n > 1 else ""
    published = "" if row.published is None else f"{row.published:.5g}"
    cells = (row.search, row.hypothesis, quantity(row.quantity, row.source), mass, published, computed, ratio, spread)
    return "| " + " | ".join((*cells, f"{row.method} {100 * row.level:g} %", row.label)) + " |"


def quantity(name: str, source: str) -> str:
    """The quantity, with the digitisation it is compared to where there are two."""
    for word in ("FORESEE", "DarkCast"):
        if source.startswith(word):
            return f"{name} ({word})"
    return name


def lines(name: str) -> list[str]:
    """The rows of one search."""
    return [line(group) for group in reproduce([name]).groups()]


def main() -> None:
    """Command line: compute, then write or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the table is another one")
    arguments = parser.parse_args()
    with ProcessPoolExecutor() as pool:  # searches do not depend on each other
        table = HEAD + "\n".join(chain.from_iterable(pool.map(lines, names()))) + "\n"
    text = README.read_text(encoding="utf-8")
    new = BLOCK.sub(lambda found: found[1] + table + found[2], text)
    if arguments.check:
        sys.exit("README.md: the reproduction table is not what is computed" if new != text else 0)
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
