"""Limits from CLs+b of a single count, not divided by CLb: classical, and mixed where nuisances are averaged (Cousins–Highland).

Such a limit is 0 where even strength 0 is excluded: fewer events were seen than background alone gives in 1 − level of all cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from limits.errors import FitError
from limits.inference.counts.exact import SingleCount
from limits.inference.results import SIGMAS, Limit, finite
from limits.inference.root import falling_zero
from limits.likelihood import Likelihood

CHECK: Final = 1e-5
"""A limit is accepted when its p-value is this close to 1 − level, relatively."""

DEFINITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mixed": "∫ P(N ≤ n | s, ν) π(ν) dν = 1 − level, frequentist in the count, nuisances averaged over their densities "
        "(Cousins, Highland, NIM A320, 331 (1992); Barlow, physics/0203002); not divided by CLb; p-values are CLs+b",
        "clsb-exact": "CLs+b = P(N ≤ n | s+b), exact Poisson sums, nuisances averaged over their densities; not divided by CLb; "
        "p-values are CLs+b",
    }
)
"""The two names under which publications quote the same number."""


def clsb_edge(single: SingleCount, count: int, level: float) -> float:
    """The strength with CLs+b = 1 − level; 0 where strength 0 is excluded already, ∞ without signal."""
    if single.clsb(0.0, count) <= 1 - level:
        return 0.0
    if not np.any(single.signal > 0):
        return np.inf
    mean = float(single.weights @ single.signal)
    return falling_zero(lambda s: single.clsb(s, count) - (1 - level), (1 + np.sqrt(count + 1)) / mean)


def _excluded_zero(single: SingleCount, edge: float, level: float) -> list[str]:
    if edge > 0:
        return []
    clb = single.clsb(0.0, single.observed)
    return [
        f"strength 0 itself is excluded, CLb = {clb:.3g} ≤ {1 - level:.3g}: the limit is 0 and says nothing about the signal"
    ]


def clsb_limit(likelihood: Likelihood, level: float, test_strength: float, *, method: str, expected_kind: str) -> Limit:
    """Upper limit from CLs+b of one count by `method`, a key of DEFINITIONS; `expected_kind` describes the quantiles of the count.

    Where strength 0 is excluded the limit is 0, with status "insensitive" and a warning. CLs_obs and CLs_exp hold CLs+b.

    Raises:
        InputError: a likelihood that is no single count with at most three nuisances.
    """
    single = SingleCount.of(likelihood)
    warnings, failed = list[str](), False

    def edge(label: str, count: int) -> float | None:
        try:
            return clsb_edge(single, count, level)
        except (FitError, ArithmeticError) as error:
            warnings.append(f"{label} limit not found: {error}")
            return None

    observed = edge("observed", single.observed)
    expected = [edge(f"expected {sigma:+d}σ", n) for sigma, n in zip(SIGMAS, single.quantile_counts, strict=True)]
    failed = observed is None or None in expected
    if observed is not None and 0 < observed < np.inf:
        found = single.clsb(observed, single.observed)
        if not abs(found - (1 - level)) <= CHECK * (1 - level):
            failed = True
            warnings.append(f"check failed: CLs+b at the observed limit is {found:.6g}, {1 - level:.6g} was asked for")
    elif observed is not None:
        warnings += _excluded_zero(single, observed, level)
    sensitive = observed is not None and 0 < observed < np.inf
    return Limit(
        observed_limit=None if observed is None else finite(observed),
        expected_limit=tuple(None if e is None else finite(e) for e in expected),
        expected_kind=expected_kind,
        CLs_obs=single.clsb(test_strength, single.observed),
        CLs_exp=tuple(single.clsb(test_strength, n) for n in single.quantile_counts),
        test_strength=test_strength,
        level=level,
        method=method,
        definition=DEFINITIONS[method],
        status="partial" if failed else "ok" if sensitive else "insensitive",
        warnings=tuple(warnings),
    )
