"""What inference returns: frozen values whose fields say how they were made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

SIGMAS: Final = (-2, -1, 0, 1, 2)
"""Order of every expected band."""


@dataclass(frozen=True)
class PValues:
    """p-values of one strength: `cls` = `clsb`/`clb` observed, `cls_expected` at −2…+2σ of the background-only ensemble."""

    cls: float
    clsb: float | None
    clb: float | None
    cls_expected: tuple[float | None, ...]


@dataclass(frozen=True)
class Limit:
    """An upper limit on the strength and everything needed to read it.

    `observed_limit` is None with status "insensitive" when no strength is excluded. `expected_limit` has five entries
    (−2…+2σ). `CLs_obs` belongs to `test_strength`. Methods with two edges fill `interval`. Status: "ok", "insensitive",
    "partial" (a quantile is missing: see `warnings`) or "failed".
    """

    observed_limit: float | None
    expected_limit: tuple[float | None, ...]
    expected_kind: str
    CLs_obs: float | None
    CLs_exp: tuple[float | None, ...]
    test_strength: float
    level: float
    method: str
    definition: str
    status: str
    warnings: tuple[str, ...] = ()
    interval: tuple[float | None, float | None] | None = None

    def scaled(self, convert: Callable[[float], float]) -> Limit:
        """The same limit with `convert` (strength → quantity) applied to the observed and expected limits."""

        def apply(value: float | None) -> float | None:
            return None if value is None else float(convert(value))

        return replace(
            self,
            observed_limit=apply(self.observed_limit),
            expected_limit=tuple(map(apply, self.expected_limit)),
            interval=None if self.interval is None else (apply(self.interval[0]), apply(self.interval[1])),
        )

    def to_json(self) -> dict[str, Any]:
        """Fields as plain JSON values."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def finite(value: float) -> float | None:
    """`value`, or None where it is infinite or not a number: results hold numbers or None, never nan."""
    return float(value) if np.isfinite(value) else None
