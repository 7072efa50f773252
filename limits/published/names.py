"""What a column can be, how it is known by its heading, and in which units it may be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from limits.published.table import Column, PublishedTable, distinct_headers, heading
from limits.search.complaints import complaint, shown
from limits.units import AREA, BARE, GEV, INVERSE, spelled

MASS: Final = "mass_gev"
BAND: Final = ("expected_minus2", "expected_minus1", "expected_limit", "expected_plus1", "expected_plus2")
LIMITS: Final = ("observed_limit", *BAND)
EDGES: Final = ("lower", "upper")
CONTOUR: Final = "coupling"
COUNTS: Final = ("observed", "background", "background_error")
EFFICIENCY: Final = "efficiency"
COUPLINGS: Final = (*LIMITS, *EDGES, CONTOUR)
"""Columns in the quantity that is limited, all in one unit."""

NAMES: Final = (MASS, *COUPLINGS, *COUNTS, EFFICIENCY)
"""The columns of a file of this package, in their order."""

PLAIN: Final = "1"
"""A plain number, as search files say it."""

_COUPLING_UNITS: Final = ((PLAIN, {PLAIN: 1.0, "%": 0.01}), ("GeV-1", INVERSE), ("pb", AREA))


class Unit(NamedTuple):
    """A unit as it stands, what it becomes (None: none was declared), and the factor between them."""

    given: str | None
    becomes: str | None
    factor: float


def unit_of(source: str, name: str, given: str | None) -> Unit:
    """The unit of a column of that name.

    A coupling without a unit is a plain number, and said to have none; for all else that may have one it is asked for.

    Raises:
        InputError: a unit that does not fit, or none where one is needed.
    """
    families = _families(name)
    if given is None:
        if name in COUPLINGS:
            return Unit(None, None, 1.0)
        if name in COUNTS:
            return Unit(None, PLAIN, 1.0)
        example = "MeV" if name == MASS else "%"
        raise complaint(
            source, name, f"no unit is declared: say --unit {_typed(name)}={example} or another of {_known(name)}"
        )
    short = _shortened(given)
    for base, table in families:
        for unit, factor in table.items():
            # Old records are in capitals; elsewhere a capital matters.
            if short == unit or (len(short) > 1 and short.isupper() and short == unit.upper()):
                return Unit(given, base, factor)
    power = re.fullmatch(r"(?:1?(?:[x×]|times))?10([+-]?\d{1,2})|1(?:\.0?)?e([+-]?\d{1,2})", short.casefold())
    if power is not None and name in COUPLINGS:
        return Unit(given, PLAIN, float(f"1e{power[1] or power[2]}"))
    raise complaint(source, name, f"unit {shown(given)} does not fit; known: {_known(name)}")


def _families(name: str) -> Sequence[tuple[str, Mapping[str, float]]]:
    if name == MASS:
        return (("GeV", GEV),)
    if name == EFFICIENCY:
        return ((PLAIN, {PLAIN: 1.0, "%": 0.01}),)
    return _COUPLING_UNITS if name in COUPLINGS else ((PLAIN, {PLAIN: 1.0}),)


def _known(name: str) -> str:
    return ", ".join(unit for _, table in _families(name) for unit in table)


def _typed(name: str) -> str:
    return "mass" if name == MASS else name


def _shortened(unit: str) -> str:
    """A unit as the tables of `limits.units` spell it; GeV/c² is GeV, c being 1."""
    text = re.sub(r"\\(mathrm|text|rm|hbox|,|;| )|[\s${}~\\]", "", unit).replace("**", "").replace("−", "-")
    text = re.sub(r"/[cC](\^?2|²)?$", "", spelled(text)).replace("²", "2")
    text = re.sub(r"^1/(\w+)$", r"\1-1", text)
    words = {BARE: PLAIN, "percent": "%", "unitless": PLAIN, "dimensionless": PLAIN, "events": PLAIN}
    return words.get(text.casefold(), text)


# ── headings ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

_SIGMA: Final = r"(σ|\\?sigma|s\.?d\.?\b|std)"
_BACKGROUND: Final = r"\b(backgrounds?|bkgd?|bg)\b"
_ERROR: Final = r"\b(err|errors?|unc|uncertaint(y|ies)|sigma)\b|±|σ"
_EFFICIENCY: Final = r"\b(efficiency|acceptance|eff)\b"
_LIMIT: Final = r"\b(limits?|ul)\b"
_LEVEL: Final = r"\bexclu\w*|(\d|%)\s*\\?%?\s*c\.?l\b|confidence level"
_OTHER: Final = r"\bp-?_?\s?(0|values?)\b|significance|\bcl_?s\b"
"""What is observed or expected too, and is neither a limit nor a count."""

_EDGE: Final = r"[12]\s*(σ|\\?sigma)|±|\\pm|\+/-|quantile|percentile|\bband\b|\b(16|84|68|97\.5|2\.5)\b"
_LOGARITHM: Final = r"\\?\b(log(_?10)?|ln)\b"
_EXPECTED: Final = r"\b(expected|exp|median)\b"
_OBSERVED: Final = r"\b(obs|observed|n_?obs|data)\b"
_EVENTS: Final = r"\b(events?|counts?|yields?|signal)\b"
_COUPLING: Final = r"\bcouplings?\b|\bmixing\b|epsilon|ε|\bg_"
_MASS: Final = r"\bmass(es)?\b|^m(\b|_|\()"
_LOW, _HIGH = r"\blow(er)?\b", r"\b(upper|high(er)?)\b"
_BOTH: Final = r"(±|\\pm|\+/?-)\s*[12]\s*"


def looks_like(header: str) -> str | None:
    """What a heading says that its column is; None if it does not say, or says too much."""
    if header in NAMES:
        return header
    text = re.sub(r"[${}]", "", header).replace("−", "-").casefold()

    def has(pattern: str) -> bool:
        return re.search(pattern, text) is not None

    if has(_LOGARITHM):
        return None
    if has(_BACKGROUND):
        return "background_error" if has(_ERROR) else "background"
    if has(_EFFICIENCY):
        return None if has(_ERROR) else EFFICIENCY
    if has(_BOTH + _SIGMA) or (has(_OTHER) and not has(_LIMIT)):
        return None
    if has(_OBSERVED) and _sigma(text) is not None:  # the error of the theory
        return None
    if (band := _sigma(text)) is not None:
        return band
    if has(_LOW) != has(_HIGH) and not has(_LIMIT):
        return None if has(_EXPECTED) or has(_MASS) else "lower" if has(_LOW) else "upper"
    limit = has(_LIMIT) or has(_LEVEL)
    if has(_EXPECTED):
        return None if has(_EVENTS) or has(_EDGE) or has(r"\b(low|high|down|up)\b") else "expected_limit"
    if has(_OBSERVED):
        return "observed_limit" if limit else "observed"
    if limit:
        return None if has(r"\blower limit") else "observed_limit"
    if has(_MASS):
        return MASS
    return CONTOUR if has(_COUPLING) and not has(r"\^?2|²") else None


def _sigma(text: str) -> str | None:
    """The edge of the expected band that is n standard deviations away."""
    match = re.search(rf"(?P<sign>\+|-|\bplus\b|\bminus\b|\bup\b|\bdown\b)\s*(?P<n>[12])\s*{_SIGMA}", text)
    if match is None:
        return None
    side = "plus" if match["sign"] in ("+", "plus", "up") else "minus"
    return f"expected_{side}{match['n']}"


def recognised(table: PublishedTable) -> dict[str, Column]:
    """The columns by name, as their headings say.

    A column "observed" beside an expected limit and no background is an observed limit.

    Raises:
        InputError: two columns that look the same.
    """
    found: dict[str, Column] = {}
    looks = [looks_like(column.header) if table.named else None for column in table.columns]
    if any(name in BAND for name in looks) and not any(name in ("background", EFFICIENCY) for name in looks):
        looks = ["observed_limit" if name == "observed" else name for name in looks]
    if any(name in (*LIMITS, *EDGES) for name in looks):
        looks = [None if name == CONTOUR else name for name in looks]
    for name, column in zip(looks, table.columns, strict=True):
        if name is None:
            continue
        if name in found:
            first, second = (shown(heading(c.header, c.unit)) for c in (found[name], column))
            raise complaint(
                table.source, name, f"{first} and {second} both look like it: say --column {_typed(name)}=HEADING"
            )
        found[name] = column
    return found


def assigned(table: PublishedTable, wanted: Mapping[str, str]) -> dict[str, Column]:
    """The columns that were asked for, by heading or number from 1, and the mass if its heading is plain.

    Raises:
        InputError: no such name or heading.
    """
    found = {}
    for given, header in wanted.items():
        name = known_name(table.source, "--column", given)
        found[name] = _column(table, given, header)
    if MASS not in found:
        masses = [c for c in table.columns if table.named and looks_like(c.header) == MASS and c not in found.values()]
        found |= {MASS: masses[0]} if len(masses) == 1 else {}
    return found


def known_name(source: str, option: str, given: str) -> str:
    """The name of a column as it is typed; "mass" is mass_gev.

    Raises:
        InputError: there is no such column.
    """
    name = MASS if given == "mass" else given
    if name not in NAMES:
        raise complaint(source, option, f"got {shown(given)}: no such column; known: mass, {', '.join(NAMES[1:])}")
    return name


def _column(table: PublishedTable, name: str, header: str) -> Column:
    same = [
        column
        for column in table.columns
        if table.named and header in (column.header, heading(column.header, column.unit))
    ]
    if not same and header.isascii() and header.isdigit() and len(header) < 9 and 0 < int(header) <= len(table.columns):
        same = [table.columns[int(header) - 1]]
    if len(same) != 1:
        problem = "no such heading" if not same else f"{len(same)} columns have it: give the number"
        raise complaint(
            table.source, f"--column {name}", f"got {shown(header)}: {problem}; known: {distinct_headers(table)}"
        )
    return same[0]
