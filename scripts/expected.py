"""Expected limits of a hunt for a peak under other settings, over the nominal ones; the tables in the READMEs of the searches.

    python scripts/expected.py belle2-4mu

Every setting is tried on its own, at a few masses, with toys of the whole spectrum; nothing is fitted here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from limits.scan import Hunting, run_scan
from limits.search import Search, load

Setting = tuple[str, str | None, dict[str, float]]

MASSES = {
    "belle2-4mu": (0.25, 0.5, 0.9, 1.1, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0),
    "babar-zprime-4mu": (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0),
    "bes3-alp": (0.2, 0.3, 0.45, 0.7, 1.05, 1.3, 1.8, 2.3, 2.7),
}
BEAMS: list[Setting] = [
    ("1/α = 127.9 in the cross-section", None, {"alpha_inverse": 127.9}),
    ("no radiation from the beams", None, {"radiation": 0, "background_radiation": 1}),
    ("efficiency × 0.7, signal and background", None, {"relative_efficiency": 0.7}),
]
SETTINGS: dict[str, list[Setting]] = {
    "belle2-4mu": [("all bins of the network fitted", "binned", {}), ("no network", "none", {}), *BEAMS],
    "babar-zprime-4mu": BEAMS,
    "bes3-alp": [
        *((f"photons above {e:g} GeV", None, {"photon_energy_minimum_gev": e}) for e in (0.1, 0.2)),
        ("simulated efficiency", None, {"relative_efficiency": 1.0}),
    ],
}
"""Words, treatment, numbers."""


def medians(search: Search, hypothesis: str, treatment: str | None, toys: int) -> list[float | None]:
    """Median expected limit on the coupling at every mass."""
    hunting = Hunting(toys=toys, treatment=treatment, threads=2)
    scan = run_scan(search, hypothesis, masses=MASSES[search.name], hunting=hunting)
    return [point.expected_limit[2] for point in scan.points]


def line(words: str, values: Sequence[float | None], form: str) -> str:
    """One row of a Markdown table."""
    return "| " + " | ".join([words, *("–" if v is None else format(v, form) for v in values)]) + " |"


def main() -> None:
    """Command line: compute and print a Markdown table for every hypothesis."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("search", choices=sorted(SETTINGS))
    parser.add_argument("--toys", type=int, default=1000)
    given = parser.parse_args()
    search = load(given.search)
    for facts in search.hypotheses:
        nominal = medians(search, facts.name, None, given.toys)
        print(line(f"{facts.name}, m [GeV]", MASSES[search.name], "g") + "\n|" + "---|" * (len(nominal) + 1))
        print(
            line(f"expected {facts.symbol}" + (f" [{facts.unit}]" if facts.unit != "1" else ""), nominal, ".2e"),
            flush=True,
        )
        for words, treatment, values in SETTINGS[search.name]:
            other = medians(search.with_values(values), facts.name, treatment, given.toys)
            ratios = [None if a is None or b is None else a / b for a, b in zip(other, nominal, strict=True)]
            print(line(words, ratios, ".2f"), flush=True)
        print()


if __name__ == "__main__":
    main()
