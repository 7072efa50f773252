"""Random commands that are valid: each maker draws the arguments of one from what the search files allow."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from limits.search import HypothesisFacts, Search, load, names
from limits.search.quantity import Quantity

LEVELS: Final = (0.6, 0.99)
METHODS: Final = ("cls", "cls-q", "cls-exact", "clsb", "bayes", "feldman-cousins", "profile", "mixed")
"""Methods of one count that throw no toys."""

SPECTRA: Final = frozenset({"babar-zprime-4mu", "belle2-4mu", "bes3-alp"})
SLOW: Final = frozenset(
    {"na62-aprime", "faser-alp", "na62-aprime-ee", "na62-aprime-mumu", "darkquest-aprime", "faser-aprime"}
)
"""Every mass of these costs seconds: they are scanned at one mass only."""


@dataclass(frozen=True)
class Drawer:
    """Draws commands; `folder` is where files they need are made, `workspaces` those that are shipped."""

    rng: random.Random
    folder: Path
    workspaces: tuple[Path, ...]
    _searches: dict[str, Search] = field(default_factory=dict)

    def command(self) -> list[str]:
        """One command, with `--json`."""
        makers = tuple(MAKERS.items())
        make = self.rng.choices([maker for maker, _ in makers], [often for _, often in makers])[0]
        return [*make(self), "--json"]

    def search(self) -> Search:
        """One of the shipped searches."""
        name = self.rng.choice(names())
        if name not in self._searches:
            self._searches[name] = load(name)
        return self._searches[name]

    def between(self, low: float, high: float) -> str:
        """A number, evenly in the logarithm where that can be."""
        return repr(low * (high / low) ** self.rng.random() if low > 0 else self.rng.uniform(low, high))

    def mass(self, search: Search, facts: HypothesisFacts) -> str:
        """A mass at which the search can be computed."""
        if search.name in SPECTRA or facts.masses_gev is None:
            return (
                repr(self.rng.choice(known))
                if (known := facts.tabulated_masses_gev)
                else repr(facts.benchmark.mass_gev)
            )
        return self.between(*facts.masses_gev)

    def changes(self, search: Search) -> list[str]:
        """At most two assumptions, elsewhere in their range; where one has an error it stays as large a part of the value."""
        free = [q for q in search.quantities.values() if q.range is not None and q.range[0] < q.range[1]]
        changed: list[str] = []
        for old in self.rng.sample(free, min(len(free), self.rng.choice((0, 0, 1, 2)))):
            value = self._elsewhere(old)
            changed += ["--set", f"{old.key}={value!r}"]
            if old.error is not None and value > 0:
                changed += ["--set", f"{old.key}.error={old.error * value / old.value!r}"]
        return changed

    def _elsewhere(self, quantity: Quantity) -> float:
        """A value in the range of an assumption; whole where it is a count."""
        assert quantity.range is not None
        value = self.rng.uniform(*quantity.range)
        return round(value) if quantity.unit == "events" and quantity.value.is_integer() else value

    def level(self) -> list[str]:
        """None, or one."""
        return [] if self.rng.random() < 0.5 else ["--level", f"{self.rng.uniform(*LEVELS):.3f}"]


def count(draw: Drawer) -> list[str]:
    """A number on a slide."""
    command = ["count", "--observed", str(draw.rng.randint(0, 60)), "--background", repr(draw.rng.uniform(0, 60))]
    method = draw.rng.choice(METHODS)
    if method in ("cls", "bayes") and draw.rng.random() < 0.5:
        command += ["--background-lognormal", repr(draw.rng.uniform(1.01, 1.6))]
    if method in ("cls", "bayes") and draw.rng.random() < 0.5:
        command += ["--signal-lognormal", repr(draw.rng.uniform(1.01, 1.4))]
    return [*command, "--method", method, *draw.level()]


def limit(draw: Drawer) -> list[str]:
    """A search at one point."""
    search = draw.search()
    facts = draw.rng.choice(search.hypotheses)
    point = ["--hypothesis", facts.name, "--mass", draw.mass(search, facts)]
    if search.name not in SPECTRA:
        point += ["--coupling", draw.between(*facts.couplings), *draw.changes(search)]
    return ["limit", search.name, *point, *draw.level()]


def fit(draw: Drawer) -> list[str]:
    """The best fit of a search, or of a document."""
    if draw.rng.random() < 0.5:
        return ["fit", str(draw.rng.choice(draw.workspaces))]
    search = draw.search()
    return ["fit", search.name, *draw.changes(search)]


def document(draw: Drawer) -> list[str]:
    """Somebody's workspace."""
    verb = draw.rng.choice(("limit", "digest", "significance", "inspect"))
    return [verb, str(draw.rng.choice(draw.workspaces))]


def scan(draw: Drawer) -> list[str]:
    """A few masses of a search, hunts with few toys."""
    search = draw.search()
    facts = draw.rng.choice(search.hypotheses)
    n = 1 if search.name in SLOW else draw.rng.randint(1, 4)
    masses = sorted({draw.mass(search, facts) for _ in range(n)}, key=float)
    hunt = ["--toys", "10", "--seed", str(draw.rng.randint(0, 99))] if search.name in SPECTRA else draw.changes(search)
    return ["scan", search.name, "--hypothesis", facts.name, "--masses", ",".join(masses), *hunt]


def convert(draw: Drawer) -> list[str]:
    """A lifetime, or a coupling."""
    portal = draw.rng.choice(("aprime", "b-l"))
    mass = repr(draw.rng.uniform(0.25, 0.9))
    if draw.rng.random() < 0.5:
        return [
            "convert",
            draw.between(1e-7, 1e-3),
            "--from",
            "coupling",
            "--to",
            "lifetime",
            "--portal",
            portal,
            "--mass",
            mass,
        ]
    options = ["--luminosity", f"{draw.rng.uniform(1, 500)!r} fb-1", "--efficiency", repr(draw.rng.uniform(0.01, 1))]
    return ["convert", f"{draw.between(1e-3, 1e3)} fb", "--from", "cross-section", "--to", "events", *options]


def onoff(draw: Drawer) -> list[str]:
    """An excess over a measured background."""
    on, off, tau = draw.rng.randint(0, 50), draw.rng.randint(0, 99), draw.rng.uniform(0.2, 9)
    return ["onoff", "--on", str(on), "--off", str(off), "--tau", repr(tau)]


def coverage(draw: Drawer) -> list[str]:
    """How often a method covers, by sums."""
    method = draw.rng.choice(("cls-exact", "cls", "feldman-cousins"))
    return ["coverage", "faser-aprime", "--method", method, "--strength", repr(draw.rng.uniform(0, 6)), *draw.level()]


def facts(draw: Drawer) -> list[str]:
    """What is known of a search."""
    return draw.rng.choice((["list"], ["show", draw.search().name]))


def export(draw: Drawer) -> list[str]:
    """A document for other tools."""
    search = draw.search()
    mass = draw.mass(search, search.hypotheses[0])
    form = draw.rng.choice(("pyhf", "hs3"))
    return ["export", search.name, "--format", form, "--masses", mass, "--output", str(draw.folder / "export")]


MAKERS: Final[dict[Callable[[Drawer], list[str]], float]] = {
    count: 6, limit: 4, fit: 3, document: 4, scan: 2, convert: 3, onoff: 2, coverage: 0.5, facts: 1, export: 1,
}  # fmt: skip
"""How often each is drawn."""
