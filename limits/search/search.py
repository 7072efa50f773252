"""A search: the numbers of one publication with their origins; it answers questions and never computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limits.errors import unknown
from limits.search.checks import beside, check_values
from limits.search.complaints import complaint, number, printable, shown
from limits.search.quantity import Quantity
from limits.search.schema import (
    Calibration,
    Channel,
    Comparison,
    Curve,
    HypothesisFacts,
    Reference,
)
from limits.search.tables import read_table


@dataclass(frozen=True)
class Search:
    """One published analysis, facts only."""

    name: str
    title: str
    experiment: str
    projection: bool
    notes: tuple[str, ...]
    reference: Reference
    quantities: Mapping[str, Quantity]
    calibrations: Mapping[str, Calibration]
    hypotheses: tuple[HypothesisFacts, ...]
    channels: tuple[Channel, ...]
    comparisons: tuple[Comparison, ...]
    curves: tuple[Curve, ...]
    path: Path
    """The search file; its tables stand beside it."""

    @property
    def level(self) -> float:
        """Confidence or credibility level of the published limit."""
        return self.value("level")

    @property
    def calibrated_keys(self) -> tuple[str, ...]:
        """The numbers that are calibrated in this copy; empty for a prediction."""
        return tuple(key for key, quantity in self.quantities.items() if quantity.kind == "calibrated")

    def quantity(self, key: str) -> Quantity:
        """The number called `key`.

        Raises:
            UnknownName: no such number.
        """
        if key not in self.quantities:
            raise unknown("number", printable(str(key), 80), self.quantities, printable(str(self.path)))
        return self.quantities[key]

    def value(self, key: str) -> float:
        """The value of the number `key`, in its own unit.

        Raises:
            UnknownName: no such number.
        """
        return self.quantity(key).value

    def error(self, key: str) -> float | None:
        """The absolute error of the number `key`, in its own unit; None where none is stated.

        Raises:
            UnknownName: no such number.
        """
        return self.quantity(key).error

    def hypothesis(self, name: str | None = None) -> HypothesisFacts:
        """What this search says about the hypothesis `name`; about the default one if None.

        Raises:
            UnknownName: the search does not test it.
        """
        for facts in self.hypotheses:
            if name is None or facts.name == name:
                return facts
        known = [facts.name for facts in self.hypotheses]
        raise unknown("hypothesis", printable(str(name), 80), known, printable(str(self.path)))

    def check_mass(self, mass_gev: float, hypothesis: str | None = None) -> float:
        """`mass_gev` as a float, if the search can be computed there.

        Raises:
            InputError: not a finite number, or outside the range or table of the hypothesis.
            UnknownName: the search does not test that hypothesis.
        """
        facts = self.hypothesis(hypothesis)
        try:
            if facts.has_mass(mass := number(mass_gev)):
                return mass
        except ValueError:
            pass
        raise complaint(self.path, "mass", f"got {shown(mass_gev)} GeV for {facts.name}; allowed: {facts.mass_text}")

    def table(self, filename: str) -> dict[str, NDArray[np.float64]]:
        """The columns of a table in the folder of this search: name → shape (rows,), units as its header says.

        Raises:
            InputError: not a bare file name, missing, or not a table of finite numbers.
        """
        return read_table(beside(self.path, filename, "table"))

    def calibrated(self) -> Search:
        """A copy in which the calibrated numbers replace the facts and assumptions of the same key.

        Raises:
            InputError: the search has no calibrated numbers.
        """
        if not self.calibrations:
            raise complaint(self.path, "calibrations", f"{self.name} has no calibrated numbers")
        return self._with({key: self.quantities[key].calibrated(new) for key, new in self.calibrations.items()})

    def with_values(self, values: Mapping[str, float | str]) -> Search:
        """A copy with other values, in the units of the search; errors and ranges stay as they are.

        Raises:
            UnknownName: no such number.
            InputError: a value that is not a finite number, or not allowed for this key.
        """
        return self._with({key: self._set(key, value) for key, value in values.items()})

    def _set(self, key: str, value: float | str) -> Quantity:
        old = self.quantity(key)
        try:
            return old.set_to(number(value))
        except ValueError as error:
            raise complaint(self.path, key, f"got {shown(value)}: must be a finite number") from error

    def _with(self, changed: Mapping[str, Quantity]) -> Search:
        quantities = {**self.quantities, **changed}
        check_values(self.path, quantities, self.channels, self.projection)
        return replace(self, quantities=quantities)
