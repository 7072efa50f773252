"""The asymptotic CLs limit (q̃) of the same fit, everything included: data, fits, Asimov data, scan."""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks import bump_root, bump_zfit
from benchmarks.bump import ORDER, crystal_ball, events
from benchmarks.bump import ours as fitted
from benchmarks.harness import LIMIT_ALLOWED, Check, Duel, Peer, Row
from limits.kernel.linear.measure import measure
from limits.kernel.linear.window import unbinned

POINTS = 15


def ours(number: int) -> float:
    """The limit; the fit, its significance and the Bayesian limit come with it."""
    return measure(unbinned(events(number), crystal_ball(), ORDER)).cls


@cache
def span(number: int) -> tuple[float, float]:
    """Where a user who has seen the fit would scan: so few points want to be near the limit."""
    found = fitted(events(number))
    strength, sigma = float(found[0]), float(found[5])
    return max(strength, 0.0) + 0.6 * sigma, max(strength, 0.0) + 2.6 * sigma


def judge(number: int, mine: float, theirs: float) -> list[Check]:
    """Relative difference of the limits."""
    del number
    return [Check("limit", abs(theirs / mine - 1), LIMIT_ALLOWED)]


def against_hepstats() -> Duel:
    model = bump_zfit.Model.build()

    def peer(number: int) -> float:
        return model.limit(events(number), np.linspace(*span(number), POINTS))

    return Duel(ours, peer, judge, rounds=3, warm=False)


def against_roostats() -> Duel:
    model = bump_root.Model.build(least=0.0)
    return Duel(ours, lambda number: model.limit(events(number), *span(number), POINTS), judge, rounds=7)


ROW = Row(
    "asymptotic CLs limit of the same, everything included",
    "limit",
    {
        "hepstats": Peer(
            ("zfit", "hepstats"), "pip install zfit hepstats", against_hepstats, slow=True, note=f"{POINTS} points"
        ),
        "RooStats": Peer(("ROOT",), "pip install ROOT", against_roostats, note=f"{POINTS} points"),
    },
)
