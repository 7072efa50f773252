"""A search: the numbers of one publication with their origins; it answers questions and never computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limits.errors import unknown
from limits.search.channels import Channel
from limits.search.checks import beside, check_values
from limits.search.complaints import complaint, number, printable, shown
from limits.search.quantity import ERROR, Quantity
from limits.search.schema import Calibration, Comparison, Curve, HypothesisFacts, Reference
from limits.search.tables import cached_table, read_spectra


@dataclass(frozen=True)
class Search:
    """One published analysis, facts only."""

    name: str
    title: str
    experiment: str
    projection: bool
    recast: str | None
    """Why the limit is a recast of what is published and no reproduction; None where its inputs are public."""
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
    members: tuple[Search, ...] = ()
    """The searches that this one combines; it then has no channels of its own."""
    shared: tuple[str, ...] = ()
    """Uncertainties that move in all members together."""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The same, member by member: common name → "search/nuisance" of each that has it. No others are common."""
    ad_hoc: bool = False
    """Whether a user put the members together: each then counts at its own masses only, and where it sees a signal."""
    recasts: tuple[str, ...] = ()
    """Hypotheses that the publication did not test and that were added to this copy."""

    @property
    def parts(self) -> tuple[tuple[Search, Channel], ...]:
        """Every channel with the search that its numbers belong to."""
        own = tuple((self, channel) for channel in self.channels)
        return own + tuple(part for member in self.members for part in member.parts)

    @property
    def numbers(self) -> Mapping[str, Quantity]:
        """All numbers, those of members under "member/key"."""
        found = dict(self.quantities)
        for member in self.members:
            found |= {f"{member.name}/{key}": quantity for key, quantity in member.numbers.items()}
        return found

    @property
    def level(self) -> float:
        """Confidence or credibility level of the published limit."""
        return self.value("level")

    @property
    def calibrated_keys(self) -> tuple[str, ...]:
        """The numbers that are calibrated in this copy; empty for a prediction."""
        return tuple(key for key, quantity in self.numbers.items() if quantity.kind == "calibrated")

    def quantity(self, key: str) -> Quantity:
        """The number called `key`.

        Raises:
            UnknownName: no such number.
        """
        if key not in (known := self.numbers):
            raise unknown("number", printable(str(key), 80), known, printable(str(self.path)))
        return known[key]

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

    def published(self, hypothesis: str) -> tuple[Comparison, ...]:
        """What is published for a hypothesis; an entry that names none is meant for the default one."""
        default = self.hypotheses[0].name
        return tuple(c for c in self.comparisons if (c.hypothesis or default) == hypothesis)

    def with_hypothesis(self, facts: HypothesisFacts) -> Search:
        """A copy that tests one more hypothesis, which the publication did not; its members do as well."""
        members = tuple(member.with_hypothesis(facts) for member in self.members)
        recasts = (*self.recasts, facts.name)
        return replace(self, hypotheses=(*self.hypotheses, facts), members=members, recasts=recasts)

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
        return cached_table(beside(self.path, filename, "table"))

    def spectra(self, collision: str) -> dict[str, dict[str, NDArray[np.float64]]]:
        """The tables of meson spectra of a kind of collision, by generator: from the folder of this search, or the shipped ones.

        Raises:
            InputError: no folder of that name in either place, or a table that cannot be read.
        """
        return read_spectra(self.path, collision)

    def calibrated(self) -> Search:
        """A copy in which the calibrated numbers replace the facts and assumptions of the same key.

        Raises:
            InputError: the search has no calibrated numbers.
        """
        if not self.is_calibratable:
            raise complaint(self.path, "calibrations", f"{self.name} has no calibrated numbers")
        new = self._with({key: self.quantities[key].calibrated(new) for key, new in self.calibrations.items()})
        return replace(new, members=tuple(m.calibrated() if m.is_calibratable else m for m in self.members))

    @property
    def is_calibratable(self) -> bool:
        """Whether there are calibrated numbers, here or in a member."""
        return bool(self.calibrations) or any(member.is_calibratable for member in self.members)

    @property
    def fitted_masses(self) -> tuple[float, ...]:
        """Masses in GeV of published points that the calibrated numbers in force were fitted to."""
        return tuple(m for key in self.calibrated_keys for m in self.numbers[key].fitted_masses_gev)

    def with_values(self, values: Mapping[str, float | str]) -> Search:
        """A copy with other values, in the units of the search; KEY.error is the error of KEY. Ranges stay as they are.

        Raises:
            UnknownName: no such number.
            InputError: a value that is not a finite number, or not allowed for this key.
        """
        changed: dict[str, Quantity] = {}
        for name, value in values.items():
            if not self._of_member(key := name.removesuffix(ERROR)):
                changed[key] = self._set(changed.get(key, self.quantity(key)), name, value)
        new = self._with(changed)
        return replace(new, members=tuple(self._member_with(member, values) for member in self.members))

    @property
    def set_values(self) -> dict[str, float]:
        """What the user set, here and in members: values by key, errors by KEY.error."""
        chosen = {key: quantity for key, quantity in self.numbers.items() if quantity.kind == "set"}
        errors = {f"{key}{ERROR}": q.error for key, q in chosen.items() if q.error_is_set and q.error is not None}
        return {key: quantity.value for key, quantity in chosen.items()} | errors

    def _of_member(self, key: str) -> bool:
        """Whether `key` is the number of a member, "member/key", or one that members have and this search has not."""
        inherited = key not in self.quantities and any(key in member.quantities for member in self.members)
        return inherited or any(key.startswith(f"{member.name}/") for member in self.members)

    def _member_with(self, member: Search, values: Mapping[str, float | str]) -> Search:
        """A member with the values meant for it: those named "member/key", and those of a key that this search has not."""
        prefix = f"{member.name}/"
        mine = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
        inherited = {key for key in member.quantities if key not in self.quantities}
        mine |= {name: value for name, value in values.items() if name.removesuffix(ERROR) in inherited}
        return member.with_values(mine) if mine else member

    def _set(self, old: Quantity, name: str, value: float | str) -> Quantity:
        try:
            wanted = number(value)
        except ValueError as error:
            raise complaint(self.path, name, f"got {shown(value)}: must be a finite number") from error
        if name == old.key:
            return old.set_to(wanted)
        if old.error is None:  # nothing would use one
            known = ", ".join(key for key, quantity in self.quantities.items() if quantity.error is not None) or "none"
            raise complaint(self.path, name, f"got {shown(value)}: {old.key} has no error; numbers with one: {known}")
        if not wanted > 0:
            raise complaint(self.path, name, f"got {shown(value)}: must be positive")
        return old.with_error(wanted)

    def _with(self, changed: Mapping[str, Quantity]) -> Search:
        quantities = {**self.quantities, **changed}
        check_values(self.path, quantities, self.channels, self.projection)
        return replace(self, quantities=quantities)
