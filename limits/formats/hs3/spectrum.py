"""A peak on a spectrum as an unbinned HS3 document: extended mixtures of a Crystal Ball and Bernstein polynomials.

The window is cut where the tails of the peak begin, and every piece is a channel with a variable from 0 to 1. That is the same
likelihood, and it asks nothing of a reader: pyhs3 normalises a density with 64 nodes, which is too few for a narrow peak in a wide
window and exact for a smooth piece; and whether a Bernstein polynomial is stretched over the range of its variable makes no difference.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import ceil, log1p
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.special import comb

from limits.assemble.spectrum import PeakModel
from limits.errors import InputError
from limits.formats.hs3.collecting import Constraint, Range
from limits.formats.hs3.document import gaussian, joined
from limits.formats.hs3.names import encoded
from limits.kernel.linear.shapes import CrystalBall
from limits.signals import Yield
from limits.signals.expected import Array
from limits.signals.spectrum import Group, expected_counts

MOST_EVENTS: Final = 100_000
"""More events than this are written as counts: the document would have tens of megabytes."""

PER_WIDTH: Final = 8
"""Least number of bins per resolution of data that are written as counts; the unit of the observable if that is finer."""


class _Data(NamedTuple):
    """Values of the observable (N,) and their weights, None for events."""

    values: Array
    weights: Array | None

    @property
    def total(self) -> float:
        return float(len(self.values) if self.weights is None else self.weights.sum())


class _Piece(NamedTuple):
    """Of one piece of the window: distribution, what it is made of, functions, data and constants."""

    distribution: dict[str, Any]
    components: list[dict[str, Any]]
    functions: list[dict[str, Any]]
    data: dict[str, Any]
    constants: dict[str, Range]


def spectrum_to_hs3(
    peak: PeakModel, expected: Yield, *, name: str, poi: str = "strength", misc: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The unbinned likelihood of a peak as an HS3 document; strength 1 are the `expected` signal events.

    λ(u) = [strength · N · κ^θ + δ φ] S(u) + Σ_k N_k B_k(u), where u runs from 0 to 1 over the window, S is the Crystal Ball normalised
    there, B_k the k-th Bernstein polynomial normalised to 1 (together the same polynomials as the Chebyshev ones of
    `limits.likelihood.spectrum`), and θ, φ the systematic errors of the peak, both with a unit Gaussian. At θ = φ = 0 that is
    `PeakModel.unbinned`, without the log barrier that this has below 100 events. On a piece of the window B_k is a sum of the
    Bernstein polynomials of the piece, with positive coefficients.

    The data are the events. Where there are none (Asimov), or more than 100 000, they are counts at the centres of narrow bins,
    written as weights; `misc` says which.

    Raises:
        InputError: a shape that is no Crystal Ball (a Cruijff has no HS3 name), or a window without events.
    """
    shape = peak.shape()
    if not isinstance(shape, CrystalBall):
        raise InputError(f"{name}: a {type(shape).__name__} has no HS3 name; a Crystal Ball can be written")
    additive, relative = peak.smearing
    pulls, constraints = _systematics(name, additive, relative)
    parameters = {poi: Range(1.0, 0.0, 1e4), **pulls}
    counts, fractions = peak.shares(float(expected.events[0, 0])), np.array(peak.shares(1.0)) / sum(peak.shares(1.0))
    functions, pieces = [], []
    every = [_data(peak, group, shape) for group in peak.groups]
    if not any(data.total for data in every):
        raise InputError(f"{name}: no events in the window: nothing to fit a background to")
    for group, data, events, fraction in zip(peak.groups, every, counts, fractions, strict=True):
        label = peak.name(group)
        functions.append(_signal_events(label, name, (events, additive * float(fraction), relative), poi, pulls))
        yields = _yields(label, peak.peak.window.order)
        bound = 10 * max(data.total, 1.0)
        parameters |= {y: Range(data.total / len(yields), -bound, bound) for y in yields}
        pieces += _pieces(label, shape, yields, data)
    for piece in pieces:
        parameters |= piece.constants
    low, high = shape.window
    about = {"window_gev": [low, high], "data": _label(peak)}
    return joined(
        name=name,
        analysis=name,
        poi=poi,
        distributions=[piece.distribution for piece in pieces],
        data=[piece.data for piece in pieces],
        constraints=constraints,
        parameters=parameters,
        misc={**(misc or {}), **about, "names": {encoded(p): p for p in parameters if encoded(p) != p}},
        components=[c for piece in pieces for c in piece.components],
        functions=[*functions, *(f for piece in pieces for f in piece.functions)],
    )


def _yields(label: str, order: int) -> list[str]:
    """Events of each Bernstein polynomial, with the names they have in the binned workspace."""
    return [f"{label}/b{k}" for k in range(order + 1)]


# ── data ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _many(peak: PeakModel) -> bool:
    """Whether there are no events, or too many to be written one by one."""
    found = [peak.sample.events(peak.peak.window.part, group, peak.peak.edges) for group in peak.groups]
    return sum(MOST_EVENTS + 1 if one is None else len(one) for one in found) > MOST_EVENTS


def _label(peak: PeakModel) -> str:
    return f"{peak.sample.label}: {'counts at the centres of bins, as weights' if _many(peak) else 'events'}"


def _data(peak: PeakModel, group: Group, shape: CrystalBall) -> _Data:
    if not _many(peak):
        return _Data(peak.events[peak.groups.index(group)], None)
    window = peak.peak.window
    first, last = peak.peak.bins
    finer = max(1, ceil(PER_WIDTH * window.bin_gev / peak.peak.width))
    edges = np.linspace(*shape.window, (last - first) * finer + 1)
    found = peak.sample.events(window.part, group, shape.window)
    if found is None:
        counts = expected_counts(peak.search, peak.channel, (group,), window.part, edges)[0]
    else:
        counts = np.histogram(found, edges)[0].astype(float)
    filled = counts > 0
    return _Data(((edges[1:] + edges[:-1]) / 2)[filled], counts[filled])


# ── model ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _systematics(name: str, additive: float, relative: float) -> tuple[dict[str, Range], list[dict[str, Any]]]:
    """The pulls of the relative and the additive error, as far as there are any, and their Gaussians."""
    sizes = {f"{name}/signal": relative, f"{name}/fit-bias": additive}
    pulls = {pull: Range(0.0, -5.0, 5.0) for pull, size in sizes.items() if size > 0}
    return pulls, [gaussian(pull, Constraint(0.0, 1.0)) for pull in pulls]


def _signal_events(
    label: str, name: str, sizes: tuple[float, float, float], poi: str, pulls: Collection[str]
) -> dict[str, Any]:
    """Signal events of a category in the whole window: strength · N · κ^θ + δ φ."""
    events, additive, relative = map(float, sizes)
    expression = f"{events:.15g}*{encoded(poi)}"
    if f"{name}/signal" in pulls:
        expression += f"*exp({log1p(relative):.15g}*{encoded(f'{name}/signal')})"
    if f"{name}/fit-bias" in pulls:
        expression += f" + {additive:.15g}*{encoded(f'{name}/fit-bias')}"
    return {"name": f"{encoded(label)}_signal", "type": "generic_function", "expression": expression}


def _pieces(label: str, shape: CrystalBall, yields: Sequence[str], data: _Data) -> list[_Piece]:
    """The window in pieces; the two inner edges are where the tails begin, if they do inside it."""
    low, high = shape.window
    kinks = (shape.mean - shape.alpha_low * shape.sigma, shape.mean + shape.alpha_high * shape.sigma)
    edges = np.array([low, *(kink for kink in kinks if low < kink < high), high])
    fractions = shape.integrals(edges)
    place = np.clip(np.searchsorted(edges, data.values, side="right") - 1, 0, len(fractions) - 1)
    return [
        _piece(
            f"{label}_{i}",
            (float(edges[i]), float(edges[i + 1])),
            shape,
            (f"{encoded(label)}_signal", float(fraction), yields),
            _Data(data.values[place == i], None if data.weights is None else data.weights[place == i]),
        )
        for i, fraction in enumerate(fractions)
    ]


def _piece(
    label: str, edges: tuple[float, float], shape: CrystalBall, sizes: tuple[str, float, Sequence[str]], data: _Data
) -> _Piece:
    """One piece; `sizes` are the function of all signal events, the fraction of them here, and the yields of the background."""
    signal, fraction, yields = sizes
    own, order = encoded(label), len(yields) - 1
    ball, constants = _crystal_ball(shape, label, edges)
    window = shape.window
    start, length = (edges[0] - window[0]) / (window[1] - window[0]), (edges[1] - edges[0]) / (window[1] - window[0])
    polynomials, functions = [], [_linear(f"{own}_signal", [fraction], [signal])]
    for j, weights in enumerate(length * _restricted(order, start, length)):
        functions.append(_linear(f"{own}_events{j}", weights.tolist(), [encoded(y) for y in yields]))
        unit = [1.0 if k == j else 0.0 for k in range(order + 1)]
        bernstein = {"name": f"{own}_shape{j}", "type": "bernstein_poly_dist", "x": f"u_{own}", "coefficients": unit}
        polynomials.append(bernstein)
    mixture = {
        "name": own,
        "type": "mixture_dist",
        "summands": [d["name"] for d in (ball, *polynomials)],
        "coefficients": [f["name"] for f in functions],
        "extended": True,
    }
    return _Piece(mixture, [ball, *polynomials], functions, _entries(own, edges, data), constants)


def _linear(name: str, weights: Sequence[float], parameters: Sequence[str]) -> dict[str, Any]:
    terms = [f"{weight:.15g}*{parameter}" for weight, parameter in zip(weights, parameters, strict=True) if weight]
    return {"name": name, "type": "generic_function", "expression": " + ".join(terms)}


def _restricted(order: int, start: float, length: float) -> Array:
    """Coefficients (j, k) of the k-th Bernstein polynomial of [0, 1] in those of [start, start + length].

    The coefficient j of a polynomial on an interval is its blossom (polar form) with j arguments at the end and the others at the
    start. The blossom of all Bernstein polynomials together is the product of (1 − u + u z) over its arguments, at power k of z.
    """
    end = start + length
    return np.array([np.convolve(_bernstein(j, end), _bernstein(order - j, start)) for j in range(order + 1)])


def _bernstein(order: int, at: float) -> Array:
    """All Bernstein polynomials (order + 1,) of that order at a point."""
    k = np.arange(order + 1)
    return np.asarray(comb(order, k) * at**k * (1 - at) ** (order - k))


def _crystal_ball(
    shape: CrystalBall, label: str, edges: tuple[float, float]
) -> tuple[dict[str, Any], dict[str, Range]]:
    """The peak in the variable of a piece, and its constants: pyhs3 takes names only."""
    own, length = encoded(label), edges[1] - edges[0]
    values = {
        "m0": (shape.mean - edges[0]) / length,
        "sigma": shape.sigma / length,
        "alpha_L": shape.alpha_low,
        "alpha_R": shape.alpha_high,
        "n_L": shape.n_low,
        "n_R": shape.n_high,
    }
    constants = {
        f"{label}_{key}": Range(float(value), float(value), float(value), constant=True)
        for key, value in values.items()
    }
    named = {key: f"{own}_{key}" for key in values if key != "sigma"}
    sides = {"sigma_L": f"{own}_sigma", "sigma_R": f"{own}_sigma"}
    ball = {"name": f"{own}_peak", "type": "crystalball_doublesided_dist", "m": f"u_{own}", **named, **sides}
    return ball, constants


def _entries(own: str, edges: tuple[float, float], data: _Data) -> dict[str, Any]:
    axes = [{"name": f"u_{own}", "min": 0.0, "max": 1.0}]
    entries = np.clip((data.values - edges[0]) / (edges[1] - edges[0]), 0.0, 1.0)[:, None].tolist()
    # No weights where there is nothing: pyhs3 refuses weights that add up to zero.
    weights = {} if data.weights is None or not len(data.weights) else {"weights": data.weights.tolist()}
    return {"name": f"data_{own}", "type": "unbinned", "axes": axes, "entries": entries, **weights}
