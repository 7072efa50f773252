"""What `limits convert` can read, convert and write: quantities with their units, and the table of conversions.

Values inside are in GeV, m, pb and pb⁻¹. The functions themselves are in `limits.physics` and are imported when one is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from math import isfinite
from typing import Any, Final, NamedTuple

from limits.cli.options import finite
from limits.errors import InputError, unknown
from limits.units import AREA, BARE, COUNT, EXPOSURE, GEV, INVERSE, LIFETIME, NUMBER, spelled

UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "alpha-d": COUNT,
    "branching": NUMBER,
    "chi-mass": {BARE: 1.0, **GEV},
    "coupling": {**COUNT, **INVERSE},
    "cross-section": AREA,
    "effective-coupling": {"GeV-2": 1.0, "TeV-2": 1e-6},
    "efficiency": NUMBER,
    "events": COUNT,
    "exclusive-branching": NUMBER,
    "inclusive-branching": NUMBER,
    "lifetime": LIFETIME,
    "luminosity": EXPOSURE,
    "mass": {BARE: 1.0, **GEV},
    "mixing": COUNT,
    "parents": COUNT,
    "photon-coupling": INVERSE,
    "portal-strength": COUNT,
    "power": COUNT,
    "reference": {**COUNT, **INVERSE},
    "scalar-mass": GEV,
    "strength": COUNT,
    "w-coupling": INVERSE,
    "width": GEV,
}
"""The units of every quantity and option, as factors to the first one; a plain number is allowed where `BARE` is among them."""


class Conversion(NamedTuple):
    """A function of `limits.physics.<module>` whose first argument is the value, the options it needs, and what it says."""

    function: str
    needs: tuple[str, ...]
    text: str


WORDS: Final = ("decay", "model", "portal")
"""Options that are names and no numbers."""

_EVENTS = ("luminosity", "efficiency")
_PARENTS = ("parents", "efficiency")
_SCALE = ("reference", "power")
_TARGET = ("alpha-d", "chi-mass", "mass")
_PORTAL = ("portal", "mass")

CONVERSIONS: Final[Mapping[tuple[str, str], Conversion]] = {
    ("cross-section", "events"): Conversion(
        "conversion.events_from_cross_section", _EVENTS, "events = σB · luminosity · efficiency"
    ),
    ("events", "cross-section"): Conversion(
        "conversion.cross_section_from_events", _EVENTS, "σB = events/(luminosity · efficiency)"
    ),
    ("branching", "events"): Conversion(
        "conversion.events_from_branching", _PARENTS, "events = B · parents · efficiency"
    ),
    ("events", "branching"): Conversion(
        "conversion.branching_from_events", _PARENTS, "B = events/(parents · efficiency)"
    ),
    ("strength", "coupling"): Conversion(
        "conversion.coupling_from_strength", _SCALE, "coupling = reference · strength^(1/power)"
    ),
    ("coupling", "strength"): Conversion(
        "conversion.strength_from_coupling", _SCALE, "strength = (coupling/reference)^power"
    ),
    ("mixing", "coupling"): Conversion("conversion.coupling_from_mixing", (), "g = e ε"),
    ("coupling", "mixing"): Conversion("conversion.mixing_from_coupling", (), "ε = g/e"),
    ("mixing", "portal-strength"): Conversion("conversion.portal_strength", _TARGET, "y = ε² α_D (m_χ/m)⁴"),
    ("portal-strength", "mixing"): Conversion("conversion.mixing_from_portal", _TARGET, "ε = √(y/α_D) (m/m_χ)²"),
    ("photon-coupling", "branching"): Conversion(
        "couplings.branching_from_photon_coupling", ("mass",), "J/ψ → γa: B = m_J² g_aγγ²/(32πα) (1 − m²/m_J²)³ B_ee"
    ),
    ("branching", "photon-coupling"): Conversion(
        "couplings.photon_coupling_from_branching", ("mass",), "J/ψ → γa, solved for g_aγγ"
    ),
    ("w-coupling", "branching"): Conversion(
        "couplings.branching_from_w_coupling", ("mass",), "B⁺ → X_s a, one loop, ∝ g_aWW²"
    ),
    ("branching", "w-coupling"): Conversion(
        "couplings.w_coupling_from_branching", ("mass",), "B⁺ → X_s a, solved for g_aWW"
    ),
    ("exclusive-branching", "inclusive-branching"): Conversion(
        "psid.inclusive_branching",
        ("decay", "mass", "model"),
        "B meson to a dark baryon: the share that is exclusive, by a model",
    ),
    ("inclusive-branching", "exclusive-branching"): Conversion(
        "psid.exclusive_branching",
        ("decay", "mass", "model"),
        "B meson to a dark baryon: the share that is exclusive, by a model",
    ),
    ("inclusive-branching", "effective-coupling"): Conversion(
        "psid.effective_coupling_from_branching",
        ("mass",),
        "y²/m_Y² of the operator ψ b u d that makes B → ψ_D baryon mesons",
    ),
    ("effective-coupling", "inclusive-branching"): Conversion(
        "psid.branching_from_effective_coupling", ("mass",), "∝ (y²/m_Y²)² (m_B − m_ψ)⁴"
    ),
    ("inclusive-branching", "scalar-mass"): Conversion(
        "psid.scalar_mass_from_branching", ("mass", "coupling"), "m_Y of the colour triplet, for y = coupling"
    ),
    ("scalar-mass", "inclusive-branching"): Conversion(
        "psid.branching_from_scalar_mass", ("mass", "coupling"), "∝ (y/m_Y)⁴ (m_B − m_ψ)⁴"
    ),
    ("lifetime", "width"): Conversion("couplings.width_from_length", (), "Γ = ħ/τ"),
    ("width", "lifetime"): Conversion("couplings.length_from_width", (), "τ = ħ/Γ"),
    ("coupling", "lifetime"): Conversion(
        "couplings.length_from_coupling", _PORTAL, "all decays of its particle, ∝ 1/g²"
    ),
    ("lifetime", "coupling"): Conversion("couplings.coupling_from_length", _PORTAL, "all decays of its particle"),
    ("coupling", "width"): Conversion("couplings.width_from_coupling", _PORTAL, "all decays of its particle, ∝ g²"),
    ("width", "coupling"): Conversion("couplings.coupling_from_width", _PORTAL, "all decays of its particle"),
}
"""What can be converted in one step."""


class Amount(NamedTuple):
    """A number in a unit."""

    value: float
    unit: str


def convert(
    value: str, source: str, target: str, options: Mapping[str, str], wanted: str | None = None
) -> dict[str, Any]:
    """The JSON document of one conversion; `wanted` is the unit of the answer, if not the first of its quantity.

    Raises:
        UnknownName: no such conversion or portal.
        InputError: an option that is missing or does nothing, a value in a wrong unit, or one that cannot be converted.
    """
    if (source, target) not in CONVERSIONS:
        pairs = (f"{one} to {other}" for one, other in CONVERSIONS)
        raise unknown("conversion", f"{source} to {target}", pairs)
    conversion = CONVERSIONS[source, target]
    given = _needed(conversion, options, f"{source} to {target}")
    units = {**UNITS, "coupling": _units_of_coupling(given)}
    words = {name: text for name, text in given.items() if name in WORDS}
    amounts = {name: read(f"--{name}", text, units[name]) for name, text in given.items() if name not in WORDS}
    amount = read("VALUE", value, units[source])
    unit = next(iter(units[target])) if wanted is None else _known_unit("--unit", wanted, wanted, units[target])
    module, _, name = conversion.function.partition(".")
    function = getattr(import_module(f"limits.physics.{module}"), name)
    arguments: dict[str, Any] = {key: a.value * units[key][a.unit] for key, a in amounts.items()}
    arguments |= words
    keywords = {key.replace("-", "_"): argument for key, argument in arguments.items()}
    found = float(function(amount.value * units[source][amount.unit], **keywords)) / units[target][unit]
    if not isfinite(found):
        raise InputError(f"VALUE {value!r}: {target} would not be a finite number")
    return {
        "from": {"quantity": source, **amount._asdict()},
        "to": {"quantity": target, "value": found, "unit": unit},
        "options": {**{key: a._asdict() for key, a in amounts.items()}, "portal": None, **words},
        "formula": conversion.text,
    }


def read(name: str, text: str, units: Mapping[str, float]) -> Amount:
    """The number and the unit in a text like "3.2 fb" or "1e-4".

    Raises:
        InputError: no finite number, or a unit that is not among `units`.
    """
    match = re.fullmatch(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*", text)
    if match is None:
        raise InputError(f"{name} {text!r}: a number and its unit are needed, as {_example(units)}")
    try:
        number = finite(match[1])
    except ValueError as error:
        raise InputError(f"{name} {text!r}: {error}") from None
    return Amount(number, _known_unit(name, text, spelled(match[2]), units))


def _known_unit(name: str, text: str, unit: str, units: Mapping[str, float]) -> str:
    if unit in units:
        return unit
    known = ", ".join(one or "none (a plain number)" for one in units)
    problem = f"unit {unit!r} does not fit" if unit else "a unit is missing"
    raise InputError(f"{name} {text!r}: {problem}; possible: {known}")


def _example(units: Mapping[str, float]) -> str:
    return f"3.2 {next(iter(units))}".strip()


def _needed(conversion: Conversion, options: Mapping[str, str], pair: str) -> dict[str, str]:
    """The options a conversion needs; parents may be given as luminosity and cross-section."""
    given = dict(options)
    if "parents" in conversion.needs and "parents" not in given and {"luminosity", "cross-section"} <= set(given):
        made = (read(f"--{key}", given.pop(key), UNITS[key]) for key in ("luminosity", "cross-section"))
        exposure, area = (
            a.value * UNITS[key][a.unit] for key, a in zip(("luminosity", "cross-section"), made, strict=True)
        )
        given["parents"] = repr(exposure * area)
    if missing := [f"--{key}" for key in conversion.needs if key not in given]:
        raise InputError(f"{pair}: missing {', '.join(missing)}")
    if idle := [f"--{key}" for key in given if key not in conversion.needs]:
        raise InputError(
            f"{pair}: {', '.join(idle)} does not apply; needed: {', '.join(conversion.needs) or 'nothing'}"
        )
    return given


def _units_of_coupling(given: Mapping[str, str]) -> Mapping[str, float]:
    """Those of the portal, or of the reference: a plain number or 1/energy."""
    if "portal" in given:
        from limits.physics.portal import PORTALS

        if given["portal"] not in PORTALS:
            raise unknown("portal", given["portal"], PORTALS)
        return COUNT if PORTALS[given["portal"]].coupling.unit == "1" else INVERSE
    if "reference" in given:
        return COUNT if read("--reference", given["reference"], UNITS["reference"]).unit == BARE else INVERSE
    return COUNT


def conversions() -> dict[str, Any]:
    """The JSON document of `limits convert --list`."""
    rows = [
        {"from": one, "to": other, "needs": list(found.needs), "formula": found.text}
        for (one, other), found in CONVERSIONS.items()
    ]
    return {"conversions": rows, "units": {name: list(units) for name, units in UNITS.items()}}
