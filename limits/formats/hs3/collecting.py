"""What is collected while a workspace is walked: channels, parameters with their range and start, and constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from limits.errors import InputError
from limits.likelihood.workspace import Spec


class Range(NamedTuple):
    """Where a parameter starts and may go; a constant one stays, and if it is one by nature has no range."""

    start: float
    low: float
    high: float
    constant: bool = False


class Constraint(NamedTuple):
    """A Gaussian: what was measured of the parameter, and with which error."""

    measured: float
    error: float


class Channel(NamedTuple):
    """One `histfactory_dist` and its data; the samples are as they stand in the document."""

    name: str
    samples: Sequence[dict[str, Any]]
    counts: Sequence[float]


@dataclass
class Collected:
    """Channels and parameters under the names of the workspace; `config` is what the measurement says about parameters."""

    where: str
    config: Mapping[str, Spec]
    channels: list[Channel] = field(default_factory=list)
    sidebands: list[Channel] = field(default_factory=list)
    parameters: dict[str, Range] = field(default_factory=dict)
    auxiliary: dict[str, Constraint] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def setting(self, base: str, key: str, position: int, default: Any) -> Any:
        """What the measurement says, one entry per bin."""
        values = self.config.get(base, {}).get(key)
        if values is None:
            return default
        if position >= len(values):
            raise InputError(
                f"{self.where}: parameter {base!r}: {key} has {len(values)} entries, {position + 1} are needed"
            )
        return values[position]

    def _add(
        self, kind: str, name: str, base: str, start: float, bounds: tuple[float, float], position: int, alone: bool
    ) -> None:
        """Make a parameter; one that is there already must be of the same kind, and is refused if it belongs to one place."""
        known = self.kinds.setdefault(name, kind)
        if known != kind or (alone and name in self.parameters):
            raise InputError(f"{self.where}: parameter {name!r}: it stands for two things, which HS3 cannot express")
        pair = self.setting(base, "bounds", position, list(bounds))
        if len(pair) != 2 or pair[0] > pair[1]:
            raise InputError(f"{self.where}: parameter {base!r}: bounds {pair}: must be [low, high]")
        fixed = bool(self.config.get(base, {}).get("fixed", False))
        value = float(self.setting(base, "inits", position, start))
        self.parameters[name] = Range(value, float(pair[0]), float(pair[1]), fixed)

    def free(
        self, name: str, base: str, bounds: tuple[float, float], position: int = 0, *, alone: bool = False
    ) -> None:
        """A factor without a constraint of its own."""
        self._add("count" if alone else "free", name, base, 1.0, bounds, position, alone)

    def pulled(self, name: str) -> None:
        """The parameter of a normsys or histosys, whose constraint has mean 0 and width 1."""
        for key, standard in (("auxdata", 0.0), ("sigmas", 1.0)):
            value = self.setting(name, key, 0, standard)
            if value != standard:
                raise InputError(
                    f"{self.where}: parameter {name!r}: {key} = {value:g}: HS3 has {standard:g} for a normsys or histosys"
                )
        self._add("pulled", name, name, 0.0, (-5.0, 5.0), 0, False)

    def gaussian(
        self,
        name: str,
        base: str,
        position: int,
        standard: tuple[float, float],
        bounds: tuple[float, float],
        *,
        alone: bool = False,
    ) -> None:
        """A factor with a Gaussian constraint (measured, error), which the measurement may say otherwise."""
        measured = float(self.setting(base, "auxdata", position, standard[0]))
        error = float(self.setting(base, "sigmas", position, standard[1]))
        if not error > 0:
            raise InputError(f"{self.where}: parameter {base!r}: sigmas {error:g}: must be > 0")
        self._add("gaussian", name, base, 1.0, bounds, position, alone)
        self.auxiliary[name] = Constraint(measured, error)

    def constant(self, name: str, base: str) -> None:
        """The factor 1 of a bin without an error."""
        self._add("constant", name, base, 1.0, (0.0, 10.0), 0, True)
        self.parameters[name] = Range(1.0, 1.0, 1.0, constant=True)
