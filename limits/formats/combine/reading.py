"""A counting datacard of CMS Combine as a pyhf workspace, or as a likelihood. Every bin becomes a channel with one bin.

| line | in the workspace |
|---|---|
| process with id ≤ 0 | normfactor `strength`, the parameter of interest, ≥ 0 |
| `lnN` | normsys |
| `gmN` N ≥ 1 and `gmM` on one rate | shapesys: an auxiliary count |
| `gmN` of none, or on several rates; `gmM` on several | a normfactor, and a channel that holds the auxiliary count |
| `rateParam` | normfactor |
| `rateParam` with `param`, in one bin | staterror; in several bins `lumi`, if that is its name |

All are the same likelihood but one. Where the two sides of a `lnN` differ, Combine joins them inside |θ| < 1/2, and a workspace has no
word for that: pyhf's code 4 joins them inside |θ| < 1, and outside both agree. With 0.78/1.22 a limit moves by 0.3 %.
`likelihood` does as Combine does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Any, Final

import numpy as np

from limits.errors import InputError
from limits.formats.combine.card import Gauss, Multiplier, Row, read
from limits.formats.combine.lines import LARGEST_NUMBER
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import NEGLIGIBLE, TINY
from limits.likelihood.histfactory import load

POI: Final = "strength"
AUXILIARY: Final = "auxiliary"
RANGE: Final = 100.0
"""How far up the expectation of an auxiliary count may go, in units of the count."""


@dataclass
class _Sample:
    """One column on its way into the workspace: the rate, and modifiers; of shapesys and staterror the relative error."""

    bin: str
    name: str
    rate: float
    modifiers: list[dict[str, Any]] = field(default_factory=list)
    has_count: bool = False
    """It has a gmN."""

    def add(self, kind: str, name: str, data: Any = None) -> None:
        """One more modifier."""
        self.modifiers.append({"name": name, "type": kind, "data": data})

    def document(self, where: str) -> dict[str, Any]:
        """As it stands in a workspace; errors are taken now that the rate is final."""
        errors = {m["name"]: m["data"] * self.rate for m in self.modifiers if m["type"] in ("shapesys", "staterror")}
        if not max(self.rate, *errors.values(), 0.0) <= LARGEST_NUMBER:
            raise InputError(
                f"{where}: process {self.name[:40]!r} in bin {self.bin[:40]!r}: its rate or error overflows"
            )
        modifiers = [m | {"data": [errors[m["name"]]]} if m["name"] in errors else m for m in self.modifiers]
        return {"name": self.name, "data": [self.rate], "modifiers": modifiers}


@dataclass
class _Workspace:
    """What the lines of a card add up to."""

    observations: dict[str, float]
    samples: list[_Sample]
    parameters: list[dict[str, Any]] = field(default_factory=list)

    def count(self, name: str, observed: float, expected: float) -> None:
        """A channel that holds an auxiliary count: `observed` events, expected a free parameter times `expected`."""
        channel = f"{name}_count"
        while channel in self.observations:
            channel += "_"
        self.observations[channel] = observed
        self.samples.append(_Sample(channel, AUXILIARY, expected))
        self.samples[-1].add("normfactor", name)
        self.parameters.append({"name": name, "inits": [1.0], "bounds": [[TINY, RANGE]]})

    def document(self, where: str) -> dict[str, Any]:
        """The workspace."""
        by_bin: dict[str, list[dict[str, Any]]] = {name: [] for name in self.observations}
        for sample in self.samples:
            by_bin[sample.bin].append(sample.document(where))
        config = {
            "poi": POI,
            "parameters": [{"name": POI, "bounds": [[0.0, 1e4]], "inits": [1.0]}, *self.parameters],
        }
        return {
            "channels": [{"name": name, "samples": samples} for name, samples in by_bin.items()],
            "observations": [{"name": name, "data": [count]} for name, count in self.observations.items()],
            "measurements": [{"name": "combine", "config": config}],
            "version": "1.0.0",
        }


def from_card(text: str, where: str) -> dict[str, Any]:
    """The pyhf workspace (JSON 1.0.0) of a counting card; `where` names the card in messages.

    Shape: a channel of one bin for every bin, then one for every auxiliary count that is no shapesys.
    Source: CMS Combine, arXiv:2404.06614, and its manual; see `limits.formats.combine.card`.

    Raises:
        InputError: a line that cannot be read, or that is no counting, with its number.
    """
    card = read(text, where)
    samples = [_Sample(c.bin, c.process, c.rate) for c in card.columns]
    found = _Workspace(dict(card.observations), list(samples))
    for column, sample in zip(card.columns, samples, strict=True):
        if column.signal:
            sample.add("normfactor", POI)
    # A gmN puts its own rate in the place of the card's, on which the others then act.
    for row in sorted(card.rows.values(), key=lambda row: row.kind != "gmN"):
        {"lnN": _lognormal, "gmN": _gamma, "gmM": _gamma_width}[row.kind](row, found, samples)
    for name, multiplier in card.multipliers.items():
        if multiplier.gauss is None:
            _free(name, multiplier, found, samples)
    _gaussians({n: (m, m.gauss) for n, m in card.multipliers.items() if m.gauss is not None}, found, samples)
    return found.document(where)


def likelihood(text: str, where: str) -> BinnedLikelihood:
    """The likelihood of a counting card with Combine's own interpolation: κ^θ, and two sides joined inside |θ| < 1/2.

    Raises:
        InputError: a line that cannot be read, or that is no counting, with its number.
    """
    built = load(from_card(text, where), where=where, normsys="code1")
    asymmetric = not all(np.allclose(e.log_high, -e.log_low, rtol=1e-12, atol=0) for e in built.shape.exponents)
    exponents = tuple(replace(e, blend=asymmetric) for e in built.shape.exponents)
    return replace(built, shape=replace(built.shape, exponents=exponents))


def _entries(row: Row) -> list[tuple[int, str]]:
    return [(i, entry) for i, entry in enumerate(row.entries) if entry != "-"]


def _lognormal(row: Row, _: _Workspace, samples: Sequence[_Sample]) -> None:
    for i, entry in _entries(row):
        if (words := entry.split("/", 2))[2:]:
            row.line.refuse(f"lnN {entry[:40]!r}: one factor, or down/up, is needed")
        factors = [row.line.positive(word) for word in words]
        low, high = factors if len(factors) == 2 else (1 / factors[0], factors[0])
        samples[i].add("normsys", row.name, {"hi": high, "lo": low})


def _gamma(row: Row, found: _Workspace, samples: Sequence[_Sample]) -> None:
    """Rates α·G with N ~ Poisson(G)."""
    count, unit, entries = row.events, float(max(row.events, 1)), _entries(row)
    for i, entry in entries:
        alpha, sample = row.line.positive(entry), samples[i]
        if sample.has_count:
            row.line.refuse(f"{sample.name[:40]!r} in bin {sample.bin[:40]!r} has another gmN")
        # Combine takes rates as far off as this, and does not use them.
        if abs(alpha * count - sample.rate) > max(0.05 * max(sample.rate, 1.0), alpha):
            row.line.refuse(f"rate {sample.rate:g} where gmN {count} with {alpha:g} is {alpha * count:g}")
        sample.rate, sample.has_count = alpha * unit, True
    _auxiliary(row.name, [samples[i] for i, _ in entries], found, float(count), unit)


def _gamma_width(row: Row, found: _Workspace, samples: Sequence[_Sample]) -> None:
    """Rates · t with t^(k−1)·e^(−kt), k = 1/width²: as of a count of k − 1 where k·t is expected."""
    entries = _entries(row)
    widths = {row.line.positive(entry) for _, entry in entries}
    if len(widths) > 1 or not all(NEGLIGIBLE <= width < 1 for width in widths):
        row.line.refuse(f"gmM: one width from {NEGLIGIBLE:g} to below 1 is needed, the same for every rate")
    for width in widths:
        shape = width**-2
        if len(entries) == 1:
            samples[entries[0][0]].rate *= (shape - 1) / shape
        unit = shape - 1 if len(entries) == 1 else shape
        _auxiliary(row.name, [samples[i] for i, _ in entries], found, shape - 1, unit)


def _auxiliary(name: str, samples: Sequence[_Sample], found: _Workspace, count: float, unit: float) -> None:
    """Multiply the rates by γ, where `count` events are observed and γ·`unit` expected."""
    if len(samples) == 1 and count == unit:
        samples[0].add("shapesys", name, 1 / sqrt(count))
        return
    for sample in samples:
        sample.add("normfactor", name)
    if samples:
        found.count(name, count, unit)


def _free(name: str, multiplier: Multiplier, found: _Workspace, samples: Sequence[_Sample]) -> None:
    for i in sorted(multiplier.columns):
        samples[i].add("normfactor", name)
    # Combine has no bound where none is given; pyhf needs one.
    low, high = multiplier.reach or (0.0, 10 * max(multiplier.start, 1.0))
    start = max(multiplier.start, TINY)
    found.parameters.append({"name": name, "inits": [start], "bounds": [[max(low, TINY), high]]})


def _gaussians(
    multipliers: Mapping[str, tuple[Multiplier, Gauss]], found: _Workspace, samples: Sequence[_Sample]
) -> None:
    """Multipliers with a Gaussian constraint. Staterrors are relative to the sum of what they multiply, when all rates are final."""
    single = {}
    for name, (multiplier, gauss) in multipliers.items():
        members = [samples[i] for i in sorted(multiplier.columns)]
        if len({sample.bin for sample in members}) == 1:
            single[name] = members, gauss.sigma / gauss.mean
            for sample in members:
                sample.rate *= gauss.mean
        elif name == "lumi":
            for sample in members:
                sample.add("lumi", name)
            high = max(10.0, gauss.mean + 10 * gauss.sigma)
            about = {"auxdata": [gauss.mean], "sigmas": [gauss.sigma], "inits": [gauss.mean], "bounds": [[TINY, high]]}
            found.parameters.append({"name": name, **about})
        else:
            gauss.line.refuse(
                f"param {name[:40]!r} acts on several bins: a workspace has a word for that with 'lumi' only"
            )
    for name, (members, width) in single.items():
        rates = np.array([sample.rate for sample in members])
        if rates.any():
            for sample in members:
                sample.add("staterror", name, width * float(rates.sum() / np.sqrt(np.sum(rates**2))))
