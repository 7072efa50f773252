"""One unbinned extended fit with its uncertainty, from the events as an array of numbers."""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks import bump, bump_root, bump_zfit
from benchmarks.bump import Array, events
from benchmarks.harness import Duel, Peer, Row, load


def ours(number: int) -> Array:
    """Strength, coefficients and σ of data set `number`."""
    return bump.ours(events(number))


def iminuit(number: int) -> Array:
    """From the events, as somebody with care would write it in NumPy."""
    return migrad(bump.rows(events(number)))


@cache
def prepared(number: int) -> Array:
    """What the linear cost needs to know of the events."""
    return bump.rows(events(number))


def migrad(table: Array) -> Array:
    """Migrad and Hesse on the linear cost and its gradient."""
    Minuit, integrals = load("iminuit").Minuit, bump.INTEGRALS

    def cost(theta: Array) -> float:
        return float(integrals @ theta - np.log(theta @ table).sum())

    def gradient(theta: Array) -> Array:
        return np.asarray(integrals - table @ (1 / (theta @ table)))

    minuit = Minuit(cost, np.array([0.0, float(table.shape[1]), 0, 0, 0]), grad=gradient)
    minuit.errordef = Minuit.LIKELIHOOD
    minuit.migrad()
    minuit.hesse()
    return np.append(np.array(minuit.values), minuit.errors[0])


def against_iminuit() -> Duel:
    return Duel(ours, iminuit, bump.judge, rounds=15)


def against_migrad() -> Duel:
    for number in range(16):
        prepared(number)
    return Duel(ours, lambda number: migrad(prepared(number)), bump.judge, rounds=15)


def against_zfit() -> Duel:
    model = bump_zfit.Model.build()
    return Duel(ours, lambda number: model.fit(events(number)), bump.judge, rounds=5)


def against_roofit() -> Duel:
    model = bump_root.Model.build()
    return Duel(ours, lambda number: model.fit(events(number)), bump.judge, rounds=15)


ROW = Row(
    "unbinned extended fit, 20 000 events, data preparation included",
    "fit",
    {
        "zfit": Peer(("zfit",), "pip install zfit", against_zfit, note="new data each time, model kept; no Hesse"),
        "RooFit": Peer(("ROOT",), "pip install ROOT", against_roofit, note="model kept; Hesse included"),
        "iminuit": Peer(
            ("iminuit",),
            "pip install iminuit",
            against_iminuit,
            note="linear cost and gradient by hand in NumPy; Hesse",
        ),
        "iminuit, prepared": Peer(
            ("iminuit",), "pip install iminuit", against_migrad, note="the same, preparation counted on our side only"
        ),
    },
)
