"""Write the tables of docs/methods.md, or check that they are the ones that are computed.

    python scripts/update_methods.py [--check]

Limits of small counts, coverage by exact sums and by toys, and every method on the searches encoded so far. Toys are seeded.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from limits.assemble import build
from limits.errors import InputError
from limits.hunt.masses import spectrum_channel
from limits.inference.counts.exact import is_single_count
from limits.inference.coverage import coverage_by_sums, without_toys
from limits.inference.limit import METHODS, upper_limit
from limits.inference.toys.coverage import VECTORISED, coverage_by_toys
from limits.likelihood import Likelihood
from limits.likelihood.counting import Background, counting
from limits.search import load, names
from limits.signals import Hypothesis

PAGE = Path(__file__).parents[1] / "docs" / "methods.md"
BLOCK = re.compile(r"(<!-- table (\w+).*?-->\n).*?(<!-- end -->)", re.DOTALL)
LEVEL = 0.9
TOYS = 2000
STRENGTHS = (0.0, 1.0, 3.0, 5.0, 10.0)
COUNTS = (
    ("0, b = 0", 0, Background(0.0)),
    ("0, b = 3", 0, Background(3.0)),
    ("3, b = 3", 3, Background(3.0)),
    ("3, b = 3 ± 0.9", 3, Background(3.0, 0.3, "gamma")),
    ("8, b = 3 ± 0.9", 8, Background(3.0, 0.3, "gamma")),
)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def answer(likelihood: Likelihood, method: str, level: float, scale: float = 1.0) -> str:
    """The observed limit times `scale` (an interval where it begins above 0), and the median expected one."""
    try:
        found = upper_limit(likelihood, method, level, toys=TOYS)
    except InputError:
        return "–"
    if found.observed_limit is None:
        return "0 (b excluded)" if found.status == "insensitive" else found.status
    low = found.interval[0] if found.interval else 0.0
    observed = f"{scale * found.observed_limit:.3g}"
    observed = f"[{scale * low:.3g}, {observed}]" if low else observed
    median = found.expected_limit[2]
    return observed if median is None else f"{observed} ({scale * median:.3g})"


def small_counts() -> str:
    """Limits in events of single counts, every method."""
    rows = [[f"`{m}`", *(answer(counting(n, 1.0, b), m, LEVEL) for _, n, b in COUNTS)] for m in METHODS]
    return table(["n, b", *(label for label, _, _ in COUNTS)], rows)


def covered() -> str:
    """Coverage of one count over a known background of 3, exact sums."""
    likelihood = counting(3, 1.0, Background(3.0))
    rows = []
    for method in without_toys(likelihood):
        found = coverage_by_sums(likelihood, method, LEVEL, STRENGTHS)
        rows.append([f"`{method}`", *(f"{row.coverage:.3f}" for row in found.rows)])
    return table(["true signal", *(f"{s:g}" for s in STRENGTHS)], rows)


def covered_bins() -> str:
    """Coverage of the MicroBooNE likelihood by toys."""
    likelihood = at_benchmark("microboone-trident")
    rows = []
    for method in VECTORISED:
        found = coverage_by_toys(likelihood, method, LEVEL, STRENGTHS[:4], TOYS, 1)
        rows.append([f"`{method}`", *(f"{row.coverage:.3f} ± {row.statistical:.3f}" for row in found.rows)])
    return table(["true strength", *(f"{s:g}" for s in STRENGTHS[:4])], rows)


def at_benchmark(name: str) -> Likelihood:
    """The likelihood of a search at its benchmark."""
    search = load(name)
    facts = search.hypotheses[0]
    return build(search, Hypothesis(facts.name, facts.benchmark.mass_gev, facts.benchmark.coupling))


def searches() -> str:
    """Limits of every search in signal events at its benchmark point, by every method."""
    # Of a spectrum there are no public data, and every method on its many events would take an hour.
    likelihoods = {name: at_benchmark(name) for name in names() if spectrum_channel(load(name)) is None}
    rows = [
        [f"`{m}`", *(answer(likelihood, m, LEVEL, likelihood.nominal_signal) for likelihood in likelihoods.values())]
        for m in METHODS
    ]
    kinds = ["one count" if is_single_count(x) else f"{len(x.counts)} bins" for x in likelihoods.values()]
    return table(["", *(f"{name} ({kind})" for name, kind in zip(likelihoods, kinds, strict=True))], rows)


TABLES: dict[str, Callable[[], str]] = {
    "counts": small_counts,
    "coverage": covered,
    "bins": covered_bins,
    "searches": searches,
}


def main() -> None:
    """Command line: compute, then write or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a table is another one")
    arguments = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    new = BLOCK.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)
    if arguments.check:
        sys.exit("docs/methods.md: the tables are not what is computed" if new != text else 0)
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
