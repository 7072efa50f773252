"""What every limit method is asked, and the one way in which it answers and says what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from limits.errors import FitError, InputError
from limits.inference.bayes.priors import FLAT, Kind, Prior
from limits.inference.counts.exact import SingleCount
from limits.inference.results import SIGMAS, Limit, PValues, finite
from limits.inference.root import falling_zero
from limits.likelihood import Likelihood

CHECK: Final = 1e-5
"""A limit is accepted when its p-value is this close to 1 − level, relatively."""

FEW: Final = 25
"""Below this many observed events an asymptotic limit is compared with the exact one."""

TOYS: Final = 1000
"""Toys per hypothesis and strength where none are asked for: 3 % on CLs = 0.5, 14 % on CLs = 0.05."""

A_PRIORI: Final = "a-priori: counts at the −2…+2σ quantiles of background-only data"
A_POSTERIORI: Final = "a-posteriori: background-only Asimov data with nuisances fitted to the data, ±1σ and ±2σ"
BY_TOYS: Final = "CLs = CLs+b/CLb with q̃, toys with counts and auxiliary data thrown at the fit to the data"
CLSB_BY_TOYS: Final = (
    "CLs+b with q̃, toys with counts and auxiliary data thrown at the fit to the data; not divided by CLb; "
    "p-values are CLs+b"
)
BY_TOY_QUANTILES: Final = "a-posteriori: −2…+2σ quantiles of background-only toys, nuisances fitted to the data"
NOT_ASKED: Final = "none: not asked for"

ZERO_EXCLUDED: Final = "strengths next to 0 are excluded: the limit is 0 and says nothing about the signal"

NO_P_VALUES: Final = PValues(float("nan"), None, None, (None,) * 5)


@dataclass(eq=False)
class Request:
    """What was asked for, and the troubles met on the way: one quantile that fails takes no other with it."""

    likelihood: Likelihood
    level: float
    test_strength: float
    toys: int = TOYS
    seed: int = 1
    prior: Prior = FLAT
    kind: Kind = "upper"
    smearing: tuple[float, float] = (0.0, 0.0)
    """For method `bayes-profile`: additive (in units of the strength) and relative width of a systematic error of the strength."""
    expected: bool = True
    """Whether expected limits are wanted; they often cost more than the observed one."""
    warnings: list[str] = field(default_factory=list)
    failed: bool = False

    @property
    def alpha(self) -> float:
        """1 − level."""
        return 1 - self.level

    @property
    def sigmas(self) -> tuple[int, ...]:
        """The quantiles for which an expected limit is wanted: all five or none."""
        return SIGMAS if self.expected else ()

    def zero(self, label: str, function: Callable[[float], float], settled: float = 0.0) -> float | None:
        """Where `function` falls through zero; ∞ where nothing is excluded; None, with a warning, where it cannot be found."""
        if not np.isfinite(self.likelihood.signal_scale):
            return np.inf
        try:
            return falling_zero(function, self.likelihood.signal_scale, settled)
        except InputError:
            raise  # what was asked for is wrong: that is no failure of a quantile
        except (FitError, ArithmeticError, ValueError) as error:
            self.trouble(f"{label} limit not found: {error}")
            return None

    def trouble(self, text: str) -> None:
        """Note something that was asked for and is missing: the status will be "partial"."""
        self.failed = True
        self.warnings.append(text)

    def check(self, limit: float | None, p_value: Callable[[float], float]) -> None:
        """Warn unless p(limit) = 1 − level: the root finder's own word is not taken for it."""
        if limit is None or not 0 < limit < np.inf:
            return
        found = p_value(limit)
        if not abs(found - self.alpha) <= CHECK * self.alpha:
            self.trouble(
                f"check failed: the p-value at the observed limit is {found:.6g}, {self.alpha:.6g} was asked for"
            )

    def result(
        self,
        method: str,
        definition: str,
        observed: float | None,
        expected: Sequence[float | None],
        expected_kind: str,
        values: PValues,
    ) -> Limit:
        """The answer, with the status that its troubles leave it."""
        found = observed is not None and np.isfinite(observed) and observed > 0
        status = "partial" if self.failed else "ok" if found else "insensitive"
        return Limit(
            observed_limit=None if observed is None else finite(observed),
            expected_limit=tuple(None if e is None else finite(e) for e in expected),
            expected_kind=expected_kind,
            CLs_obs=finite(values.cls),
            CLs_exp=values.cls_expected,
            test_strength=self.test_strength,
            level=self.level,
            method=method,
            definition=definition,
            status=status,
            warnings=tuple(self.warnings),
        )


def single_count(
    request: Request, single: SingleCount, p_value: Callable[[float, int], float]
) -> tuple[float | None, list[float | None]]:
    """Observed and expected limits of one count from its p-value (strength, count)."""

    def limit(label: str, count: int) -> float | None:
        return request.zero(label, lambda s: p_value(s, count) - request.alpha)

    observed = limit("observed", single.observed)
    request.check(observed, lambda s: p_value(s, single.observed))
    counts = single.quantile_counts if request.expected else ()
    return observed, [limit(f"expected {sigma:+d}σ", n) for sigma, n in zip(request.sigmas, counts, strict=True)]
