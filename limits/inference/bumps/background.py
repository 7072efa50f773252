"""The background function of a mass window: candidates that can be compared, and the choice of a polynomial order.

Needs the extra `fast` (compiled fits). The envelope over candidates is in `limits.inference.bumps.envelope`, spurious signal and
bias tests in `limits.inference.bumps.spurious`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.special import chdtrc

from limits.errors import InputError
from limits.inference.results import finite
from limits.kernel.linear.fit import fit
from limits.kernel.linear.results import Status
from limits.kernel.linear.window import Window

THRESHOLD: Final = 0.05
"""A further order is kept where its improvement has a smaller p-value: the usual choice for this test."""

ROUNDING: Final = 1e-6
"""2ΔNLL below minus this is no rounding: the candidates are not nested."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One background function: a window, or what makes it, and the number of its parameters (the strength not counted).

    Only differences of `parameters` matter. The signal of all candidates is the same.
    """

    name: str
    window: Window | Callable[[], Window]
    parameters: int

    def made(self) -> Window:
        """The window."""
        return self.window if isinstance(self.window, Window) else self.window()


def chebyshev_candidates(make: Callable[[int], Window], orders: Iterable[int]) -> tuple[Candidate, ...]:
    """Polynomials: `make` is the window of an order, which has order + 1 parameters (the background events are one)."""

    def one(order: int) -> Candidate:
        return Candidate(f"order {order}", lambda: make(order), order + 1)

    return tuple(map(one, orders))


def comparable_windows(candidates: Sequence[Candidate]) -> list[Window]:
    """The windows of candidates whose NLL can be compared: the same data seen in the same way, the same signal and barrier.

    The NLL of a window lacks what depends on the data alone (Σ ln n! of counts), and a row of signal is a density for events
    and an integral for bins: so equal counts and rows of signal are what makes two of them comparable. Raises InputError.
    """
    if not candidates:
        raise InputError("background: no candidates")
    if len({candidate.name for candidate in candidates}) < len(candidates):
        raise InputError("background: two candidates have the same name")
    windows = [candidate.made() for candidate in candidates]
    first = windows[0]
    for candidate, window in zip(candidates, windows, strict=True):
        same = (
            np.array_equal(window.counts, first.counts)
            and window.events == first.events
            and window.barrier == first.barrier
            and np.allclose(window.rows[0], first.rows[0], rtol=1e-9, atol=0)
            and np.isclose(window.integral[0], first.integral[0], rtol=1e-9)
        )
        if not same:
            raise InputError(
                f"background: {candidate.name} and {candidates[0].name} do not see the same data and signal in the same way"
            )
    return windows


@dataclass(frozen=True)
class OrderStep:
    """From one candidate to the next: improvement 2ΔNLL, additional parameters, p-value of χ² with as many."""

    name: str
    next: str
    improvement: float | None
    parameters: int
    p_value: float | None


@dataclass(frozen=True)
class OrderChoice:
    """The first candidate that the next does not improve on with p ≤ `threshold`; every step, also those after it.

    strength: at which it was fitted, None: free. failures: fits without a result. Status: "ok", "partial" (chosen, but a fit
    failed further on), "failed" (`chosen` is None: a fit failed before).
    """

    chosen: str | None
    threshold: float
    strength: float | None
    steps: tuple[OrderStep, ...]
    failures: int
    status: str
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def _step(one: Candidate, other: Candidate, before: float, after: float) -> OrderStep:
    improvement, more = finite(2 * (before - after)), other.parameters - one.parameters
    p_value = None if improvement is None else float(chdtrc(more, max(improvement, 0.0)))
    return OrderStep(one.name, other.name, improvement, more, p_value)


def _choose(steps: Sequence[OrderStep], threshold: float) -> tuple[str | None, list[str]]:
    """The name chosen, and what is to be said about it."""
    notes = [
        f"{step.next} fits worse than {step.name}: they are not nested, and the p-value means nothing"
        for step in steps
        if step.improvement is not None and step.improvement < -ROUNDING
    ]
    for number, step in enumerate(steps):
        if step.p_value is None:
            return None, [*notes, f"the step from {step.name} to {step.next} has no p-value: a fit failed"]
        if step.p_value > threshold:
            later = [s.next for s in steps[number + 1 :] if s.p_value is not None and s.p_value <= threshold]
            notes += [f"{name} improves significantly on the one before, beyond the choice" for name in later]
            return step.name, notes
    return steps[-1].next, [*notes, f"{steps[-1].next} still improves: it is the last candidate, not one that suffices"]


def choose_order(
    candidates: Sequence[Candidate], threshold: float = THRESHOLD, strength: float | None = 0.0
) -> OrderChoice:
    """Smallest order that suffices, by likelihood ratios of nested candidates (S. S. Wilks, Ann. Math. Stat. 9 (1938) 60).

    2ΔNLL of a candidate and the next is χ² with the additional parameters where the first is true (often called F-test).
    Fits at a fixed `strength` in events, or with a free one (None). Raises InputError for fewer than two candidates, numbers
    of parameters that do not ascend, or data that differ.
    """
    more = np.diff([candidate.parameters for candidate in candidates])
    if len(more) == 0 or not np.all(more > 0):
        raise InputError(
            "background: the order is chosen among two or more candidates of ascending numbers of parameters"
        )
    if not 0 < threshold < 1:
        raise InputError(f"background: threshold {threshold} is not between 0 and 1")
    fits = [fit(window, strength) for window in comparable_windows(candidates)]
    failures = sum(found.status is not Status.CONVERGED for found in fits)
    ends = zip(candidates, candidates[1:], fits, fits[1:], strict=False)
    steps = tuple(_step(one, other, before.nll, after.nll) for one, other, before, after in ends)
    chosen, notes = _choose(steps, threshold)
    status = "failed" if chosen is None else "partial" if failures else "ok"
    return OrderChoice(chosen, threshold, strength, steps, failures, status, tuple(notes))
