"""Write the combinations into README.md, with their pictures, or check that they are the ones that are computed.

    python scripts/update_combinations.py [--check]

Six minutes of CPU time. Numbers are calibrated where a search has any: an efficiency of 1 would make it too strong a member.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limits.combination import Combination, combination, default_masses
from limits.combine import combined
from limits.plot import save_combination
from limits.report.pieces import interval, number, percent
from limits.search import Search, load

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PICTURES = ROOT / "docs" / "pictures"
BLOCK = re.compile(r"(<!-- combinations.*?-->\n).*?(<!-- end -->)", re.DOTALL)
COLOURS = 48
HEAD = (
    "| combination | m [GeV] | excluded together | median expected | by the best single search | gain | gain expected | gain by each |\n"
    + "|---" * 8
    + "|\n"
)


@dataclass(frozen=True)
class Case:
    """A combination, and the masses in GeV of which the table has a row."""

    picture: str
    particle: str
    hypothesis: str
    searches: tuple[str, ...]
    masses: tuple[float, ...]
    level: float | None = None


CASES = (
    Case("aprime", "A′", "aprime", ("faser-aprime", "na62-aprime"), (0.02, 0.05, 0.35)),
    Case(
        "lmu-ltau",
        "Z′ of L_μ − L_τ",
        "lmu-ltau",
        ("na64mu-zprime", "belle2-4mu", "babar-zprime-4mu"),
        (0.1, 0.3, 1.0, 3.0),
    ),
    Case("alp-photon", "ALP and photons", "alp-photon", ("bes3-alp", "faser-alp"), (0.03, 0.3, 1.5), 0.95),
    Case(
        "mesogenesis",
        "ψ_D, three operators of equal strength",
        "mesogenesis-universal",
        ("babar-psid-p", "babar-psid-lambda", "babar-psid-lambdac"),
        (1.0, 2.0, 3.5),
    ),
)


def together(case: Case) -> Search:
    """The combination, calibrated where possible."""
    single = [load(name) for name in case.searches]
    ready = [search.calibrated() if search.is_calibratable else search for search in single]
    return combined(ready, case.hypothesis, level=case.level)


def computed(case: Case, *, whole: bool = True) -> Combination:
    """In the whole plane, or at the masses of the table only."""
    search = together(case)
    masses = {*case.masses, *(default_masses(search) if whole else ())}
    return combination(search, masses=sorted(masses), leave_one_out=True)


def row(found: Combination, k: int) -> tuple[str, ...]:
    """The cells of one mass, without the name."""
    point, gained = found.scan.points[k], found.gain.per_mass[k]
    singles = {scan.search: p for scan in found.singles for p in scan.points if p.mass_gev == point.mass_gev}
    best = "–" if gained.best is None else f"{excluded(singles[gained.best].excluded)}, {gained.best}"
    each = [(name, loss.per_mass[k].observed) for name, loss in zip(members(found), found.losses, strict=True)]
    return (
        f"{point.mass_gev:g}",
        excluded(point.excluded),
        excluded(point.expected_excluded),
        best,
        number(gained.observed, 4),
        number(gained.expected, 4),
        ", ".join(f"{name} {number(value, 4)}" for name, value in each if name in singles),
    )


def plane(found: Combination) -> tuple[str, ...]:
    """The cells of the whole plane, without the name."""
    each = [(name, loss.observed) for name, loss in zip(members(found), found.losses, strict=True)]
    kind = "area" if found.gain.kind == "area" else "median"
    masses = [point.mass_gev for point in found.scan.points]
    return (
        f"{min(masses):g} to {max(masses):g} ({kind})",
        "",
        "",
        "",
        number(found.gain.observed, 4),
        number(found.gain.expected, 4),
        ", ".join(f"{name} {number(value, 4)}" for name, value in each),
    )


def members(found: Combination) -> list[str]:
    """Names of the single searches."""
    return [scan.search for scan in found.singles]


def excluded(intervals: Sequence[Any]) -> str:
    """Intervals of the coupling, as in the table of `limits combine`."""
    return (
        ", ".join(interval([None if e is None else float(f"{e:.3g}") for e in edges]) for edges in intervals)
        or "nothing"
    )


def section(case: Case, found: Combination) -> tuple[list[str], str]:
    """The rows of a combination, and the lines below its picture."""
    scan = found.scan
    name = f"{case.particle}: {scan.coupling['symbol']}, {scan.method}, {percent(scan.level)}"
    told_of = [k for k, point in enumerate(scan.points) if point.mass_gev in case.masses]
    rows = [(name, *plane(found)), *(("", *row(found, k)) for k in told_of)]
    shared = "; ".join(sorted(name for name in found.shared)) or "nothing"
    told = [f"![{case.particle}](docs/pictures/combined-{case.picture}.png)", ""]
    told += [f"{case.particle}: {', '.join(members(found))}; {scan.label}. In common: {shared}."]
    told += [f"{note[0].upper()}{note[1:]}." for note in found.notes]
    return ["| " + " | ".join(cells) + " |" for cells in rows], "\n".join(told) + "\n"


def picture(found: Combination, path: Path) -> None:
    """Few colours make a small file."""
    from PIL import Image

    save_combination(found, path)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main() -> None:
    """Command line: compute, then write or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the numbers are others")
    arguments = parser.parse_args()
    rows, told = [], []
    for case in CASES:
        found = computed(case)
        lines, text = section(case, found)
        rows += lines
        told.append(text)
        if not arguments.check:
            picture(found, PICTURES / f"combined-{case.picture}.png")
    block = HEAD + "\n".join(rows) + "\n\n" + "\n".join(told)
    text = README.read_text(encoding="utf-8")
    new = BLOCK.sub(lambda found: found[1] + block + found[2], text)
    if arguments.check:
        sys.exit("README.md: the combinations are not what is computed" if new != text else 0)
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
