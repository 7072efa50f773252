"""Upper limits by every method: one entry point, one result, one check that the limit is where its p-value says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from limits.errors import FitError, InputError, unknown
from limits.inference.asymptotic import Asymptotic
from limits.inference.bayes import Posterior, tail_single
from limits.inference.exact import SingleCount
from limits.inference.mixed import DEFINITIONS, clsb_limit
from limits.inference.results import SIGMAS, Limit, PValues, finite
from limits.inference.root import falling_zero
from limits.likelihood.binned import BinnedLikelihood

CHECK: Final = 1e-5
"""A limit is accepted when its p-value is this close to 1 − level, relatively."""

FEW: Final = 25
"""Below this many observed events an asymptotic limit is compared with the exact one."""

A_PRIORI: Final = "a-priori: counts at the −2…+2σ quantiles of background-only data"
A_POSTERIORI: Final = "a-posteriori: background-only Asimov data with nuisances fitted to the data, ±1σ and ±2σ"
MEDIAN_ONLY: Final = "a-posteriori: median from background-only Asimov data; no band (it needs toys)"

NO_P_VALUES: Final = PValues(float("nan"), None, None, (None,) * 5)


@dataclass(eq=False)
class _Request:
    """What was asked for, and the troubles met on the way: one quantile that fails takes no other with it."""

    likelihood: BinnedLikelihood
    level: float
    test_strength: float
    warnings: list[str] = field(default_factory=list)
    failed: bool = False

    @property
    def alpha(self) -> float:
        return 1 - self.level

    def zero(self, label: str, function: Callable[[float], float]) -> float | None:
        """Where `function` falls through zero; ∞ where nothing is excluded; None, with a warning, where it cannot be found."""
        if not np.isfinite(self.likelihood.signal_scale):
            return np.inf
        try:
            return falling_zero(function, self.likelihood.signal_scale)
        except InputError:
            raise  # what was asked for is wrong: that is no failure of a quantile
        except (FitError, ArithmeticError, ValueError) as error:
            self.trouble(f"{label} limit not found: {error}")
            return None

    def trouble(self, text: str) -> None:
        self.failed = True
        self.warnings.append(text)

    def check(self, limit: float | None, p_value: Callable[[float], float]) -> None:
        """Warn unless p(limit) = 1 − level: the root finder's own word is not taken for it."""
        if limit is None or not np.isfinite(limit):
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
        status = "partial" if self.failed else "ok" if observed is not None and np.isfinite(observed) else "insensitive"
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


def _asymptotic(request: _Request, statistic: Literal["qtilde", "q"]) -> Limit:
    likelihood, alpha = request.likelihood, request.alpha
    calculator = Asymptotic(likelihood, likelihood.observed, statistic)
    observed = request.zero("observed", lambda s: calculator.log_cls(s) - np.log(alpha))

    def quantile(sigma: int) -> float | None:
        goal = calculator.band_goal(sigma, alpha)
        return request.zero(f"expected {sigma:+d}σ", lambda s: goal - calculator.q_asimov(s))

    expected = [quantile(sigma) for sigma in SIGMAS]
    # Fits far from the limit may fail on the way without harm; those that the limit rests on may not.
    calculator.unconverged[:] = [s for s in calculator.unconverged if not s > 0]
    request.check(observed, lambda s: calculator.p_values(s).cls)
    if calculator.unconverged:
        request.trouble("a fit that the limit rests on did not converge")
    try:
        values = calculator.p_values(request.test_strength)
    except FitError as error:
        request.trouble(f"p-values at strength {request.test_strength:g} not found: {error}")
        values = NO_P_VALUES
    request.warnings.extend(_small_counts(request, observed))
    name = "q̃ (best fit ≥ 0)" if statistic == "qtilde" else "q (best fit unbounded)"
    definition = f"asymptotic CLs = CLs+b/CLb with {name}, nuisances profiled (1007.1727)"
    return request.result(
        "cls" if statistic == "qtilde" else "cls-q", definition, observed, expected, A_POSTERIORI, values
    )


def _single_count(
    request: _Request, single: SingleCount, p_value: Callable[[float, int], float]
) -> tuple[float | None, list[float | None]]:
    """Observed and expected limits of one count from its p-value (strength, count)."""

    def limit(label: str, count: int) -> float | None:
        return request.zero(label, lambda s: p_value(s, count) - request.alpha)

    observed = limit("observed", single.observed)
    request.check(observed, lambda s: p_value(s, single.observed))
    return observed, [
        limit(f"expected {sigma:+d}σ", n) for sigma, n in zip(SIGMAS, single.quantile_counts, strict=True)
    ]


def _cls_exact(request: _Request) -> Limit:
    single = SingleCount.of(request.likelihood)
    observed, expected = _single_count(request, single, single.cls)
    strength = request.test_strength
    clsb, clb = single.clsb(strength, single.observed), single.clsb(0.0, single.observed)
    values = PValues(clsb / clb, clsb, clb, tuple(single.cls(strength, n) for n in single.quantile_counts))
    averaged = ", nuisances averaged over their densities" if len(single.weights) > 1 else ""
    definition = f"CLs = P(N ≤ n | s+b)/P(N ≤ n | b), exact Poisson sums{averaged}"
    return request.result("cls-exact", definition, observed, expected, A_PRIORI, values)


def _bayes(request: _Request) -> Limit:
    likelihood = request.likelihood
    definition = "Bayesian, prior flat in the strength ≥ 0, nuisances marginalised by quadrature"
    if likelihood.shape.n_bins == 1:
        single = SingleCount.of(likelihood)
        observed, expected = _single_count(request, single, lambda s, n: tail_single(single, s, n))
        return request.result("bayes", definition, observed, expected, A_PRIORI, NO_P_VALUES)
    posterior = Posterior(likelihood, likelihood.observed)
    observed = request.zero("observed", lambda s: posterior.tail(s) - request.alpha)
    request.check(observed, posterior.tail)
    asimov = Posterior(likelihood, likelihood.asimov(likelihood.fit(likelihood.observed, 0.0).theta))
    median = request.zero("expected +0σ", lambda s: asimov.tail(s) - request.alpha)
    return request.result("bayes", definition, observed, [None, None, median, None, None], MEDIAN_ONLY, NO_P_VALUES)


def _clsb(method: str) -> Callable[[_Request], Limit]:
    return lambda request: clsb_limit(
        request.likelihood, request.level, request.test_strength, method=method, expected_kind=A_PRIORI
    )


METHODS: Final[Mapping[str, Callable[[_Request], Limit]]] = MappingProxyType(
    {
        "cls": lambda request: _asymptotic(request, "qtilde"),
        "cls-q": lambda request: _asymptotic(request, "q"),
        "cls-exact": _cls_exact,
        "bayes": _bayes,
        **{name: _clsb(name) for name in DEFINITIONS},
    }
)
"""Every limit method by name."""


def upper_limit(
    likelihood: BinnedLikelihood, method: str = "cls", level: float = 0.95, test_strength: float = 1.0
) -> Limit:
    """Upper limit on the strength at `level`, with the expected band and the p-values at `test_strength`.

    Raises:
        UnknownName: no such method.
        InputError: a level outside (0, 1), or a method that this likelihood cannot serve.
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    if not 0 < level < 1:
        raise InputError(f"level = {level!r}: a number between 0 and 1 is needed")
    if not (np.isfinite(test_strength) and test_strength >= 0):
        raise InputError(f"test strength = {test_strength!r}: a finite number ≥ 0 is needed")
    return METHODS[method](_Request(likelihood, level, test_strength))


def _small_counts(request: _Request, asymptotic: float | None) -> list[str]:
    """Say by how much the asymptotic formula is off where an exact value exists, or that it may be off where none does."""
    seen = float(request.likelihood.counts.sum())
    if seen >= FEW or asymptotic is None or not np.isfinite(asymptotic):
        return []
    name = f"asymptotic formula at {seen:g} observed events"
    try:
        single = SingleCount.of(request.likelihood)
        exact = falling_zero(lambda s: single.cls(s, single.observed) - request.alpha, asymptotic)
    except (InputError, FitError):
        return [f"{name}: the limit may be too strong; no exact sum exists for this likelihood"]
    if abs(asymptotic / exact - 1) < 0.05:
        return []
    events = request.likelihood.nominal_signal
    return [
        f"{name}: its limit is {asymptotic * events:.4g} signal events, "
        f"exact CLs gives {exact * events:.4g} (method 'cls-exact')"
    ]


def p_values(likelihood: BinnedLikelihood, method: str, strength: float = 1.0) -> PValues:
    """CLs of one strength by `method`, without looking for the limit: what a plane of theory points needs.

    For `bayes` the observed and expected posterior probabilities above the strength take the place of CLs, for `mixed` and
    `clsb-exact` CLs+b does.

    Raises:
        UnknownName: no such method.
        InputError: a method that this likelihood cannot serve.
    """
    if method in ("cls", "cls-q"):
        return Asymptotic(likelihood, likelihood.observed, "qtilde" if method == "cls" else "q").p_values(strength)
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    single = SingleCount.of(likelihood)
    if not np.any(single.signal > 0):
        return PValues(1.0, None, None, (1.0,) * 5)
    if method == "cls-exact":
        tail = single.cls
    else:
        tail = single.clsb if method in DEFINITIONS else lambda s, n: tail_single(single, s, n)
    return PValues(
        tail(strength, single.observed), None, None, tuple(tail(strength, n) for n in single.quantile_counts)
    )
