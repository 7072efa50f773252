"""One number of a search: value, unit, origin, and which of the kinds it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from limits.search.complaints import complaint, shown
from limits.search.schema import Assumption, Calibration, Fact, SearchFile

Kind = Literal["fact", "assumption", "calibrated", "set"]

ERROR: Final = ".error"
"""KEY.error is the error of the number KEY, where one is set."""

TODO: Final = "TODO"
"""What a text begins with that is still to be written."""


@dataclass(frozen=True)
class Quantity:
    """A number with its unit and where it comes from."""

    key: str
    value: float
    unit: str
    kind: Kind
    origin: str
    """The source of a fact, the reason of an assumption, what a calibrated number was fitted to: one line."""
    error: float | None = None
    """Absolute, symmetric, in `unit`."""
    range: tuple[float, float] | None = None
    """Plausible range of an assumption, in `unit`; kept when the number is calibrated or set."""
    fitted_masses_gev: tuple[float, ...] = ()
    """Masses in GeV of the published points a calibrated number was fitted to: agreement there proves nothing."""
    error_is_set: bool = False
    """Whether the user chose the error."""

    @property
    def is_placeholder(self) -> bool:
        """Whether it stands there only until somebody says where it is from."""
        return self.origin.startswith(TODO)

    def calibrated(self, new: Calibration) -> Quantity:
        """This number with its calibrated value; an error stated for the old value does not carry over."""
        return replace(
            self,
            value=new.value,
            error=new.error,
            kind="calibrated",
            origin=new.fitted_to,
            fitted_masses_gev=new.masses_gev,
        )

    def set_to(self, value: float) -> Quantity:
        """This number with a value chosen by the user; error and range stay."""
        return replace(self._set, value=value)

    def with_error(self, error: float) -> Quantity:
        """This number with an error chosen by the user."""
        return replace(self._set, error=error, error_is_set=True)

    @property
    def _set(self) -> Quantity:
        if self.kind == "set":
            return self
        was = f"{self.value:g}" if self.error is None else f"{self.value:g} ± {self.error:g}"
        return replace(self, kind="set", origin=f"set by the user; was {was} ({self.kind}: {self.origin})")

    def row(self) -> dict[str, Any]:
        """The fields as JSON-ready values."""
        return {
            "key": self.key,
            "value": self.value,
            "error": self.error,
            "unit": self.unit,
            "kind": self.kind,
            "origin": self.origin,
            "range": None if self.range is None else list(self.range),
            "fitted_masses_gev": list(self.fitted_masses_gev),
        }


def merged(path: Path, file: SearchFile) -> dict[str, Quantity]:
    """Facts and assumptions of `file` by key, in the order of the file.

    Raises:
        InputError: a key in both tables, an assumption outside its range, or a calibration without its number.
    """
    quantities = {key: _fact(key, fact) for key, fact in file.facts.items()}
    for key, assumption in file.assumptions.items():
        if key in quantities:
            raise complaint(path, f"assumptions.{key}", "this number is already a fact; it cannot be both")
        quantities[key] = _assumption(path, key, assumption)
    _check_calibrations(path, file.calibrations, quantities)
    return quantities


def _fact(key: str, fact: Fact) -> Quantity:
    return Quantity(key, fact.value, fact.unit, "fact", fact.source, fact.error)


def _assumption(path: Path, key: str, number: Assumption) -> Quantity:
    low, high = number.range
    if not low <= number.value <= high:
        problem = f"got {shown(number.value)}: must lie in its range [{low:g}, {high:g}]"
        raise complaint(path, f"assumptions.{key}.value", problem)
    return Quantity(key, number.value, number.unit, "assumption", number.reason, number.error, number.range)


def _check_calibrations(path: Path, calibrations: Mapping[str, Calibration], known: Mapping[str, Quantity]) -> None:
    for key, new in calibrations.items():
        if key not in known:
            problem = f"replaces no fact or assumption; known: {', '.join(sorted(known))}"
            raise complaint(path, f"calibrations.{key}", problem)
        if new.unit != known[key].unit:
            problem = f"got {shown(new.unit)}: must be {shown(known[key].unit)}, as the number it replaces"
            raise complaint(path, f"calibrations.{key}.unit", problem)
