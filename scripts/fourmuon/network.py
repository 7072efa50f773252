"""Networks that tell a pair of muons from X from the pairs of e⁺e⁻ → 4μ, one for each of five ranges of the mass (Belle II).

X is radiated by one of the two other muons; most of the background is two virtual photons near the beams. The sixteen inputs are
angles and ratios: what would tell the mass of the pair is divided by something of that size at this mass, so that a network of this size
knows the mass only roughly and makes no peak. Everything is taken without sign and without the charge: the network cannot tell μ⁻ from μ⁺.

Training: signal of a Z′ at many masses, evenly over the range, every mass with the same weight; background all pairs in the range, with
weights that give the same spectrum of masses as the signal. Inputs are brought to mean 0 and variance 1 (of the signal). scikit-learn is
needed to train, not to apply. The ranges, one hidden layer and the number of inputs are recollections of arXiv:2403.02841, what the
inputs are is not.
"""

from __future__ import annotations

import warnings
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fourmuon.detector import PAIRS, Real
from limits.units import mass as particle_mass

__all__ = ["LEFT_OUT", "RANGES", "Network", "Sample", "features", "flattened", "quantiles", "score", "trained"]

RANGES: Final = ((0.21, 1.00), (1.00, 3.75), (3.75, 6.00), (6.00, 8.25), (8.25, 10.00))
"""Ranges of M(μμ) in GeV, a network for each."""

LEFT_OUT: Final = (0.15, 0.35, 0.40, 0.40, 0.30)
"""Part of the signal of training in nn1, by range: leaving it out is the cut that maximises Punzi's figure of merit (`fourmuon.study`). The
rest is in nn2, nn3 and nn4 in equal parts."""

HIDDEN: Final = 24
SLICES: Final = 25
"""Slices of the range in which the weights of signal and background are made equal."""


class Sample(NamedTuple):
    """Candidates: inputs (n, 16), masses M(μμ) (n,) in GeV, weights (n,)."""

    inputs: NDArray[np.float32]
    masses: Real
    weights: Real


class Network(NamedTuple):
    """Mean and spread of the inputs, the weights of both layers, and the edges between the categories."""

    mean: Real
    spread: Real
    first: Real
    first_bias: Real
    second: Real
    second_bias: float
    edges: Real


def features(momenta: Real, pair: int) -> NDArray[np.float32]:
    """The sixteen inputs for one of the four pairs of every event, shape (events, 16).

    0 momentum of the pair over the largest possible · 1 |cos θ| of the pair · 2 its helicity angle, |cos| · 3 mass of the recoil over the
    largest possible · 4 helicity angle of the recoil, |cos| · 5, 6 momentum of the pair across the two recoil muons, over the largest
    possible · 7, 8 angle between the pair and the recoil muons, as sin(angle/2) · 9, 10 momenta of the recoil muons over √s/2 · 11 angle
    between them, as sin(angle/2) · 12, 13 masses of the two other pairs over √s − M · 14 the larger |cos θ| of the recoil muons · 15 the
    same of the muons of the pair. All in the frame of the beams; of two the smaller comes first.
    """
    minus, plus = PAIRS[pair]
    parts = np.moveaxis(momenta, 0, -1)
    a, b, c, d = parts[minus], parts[plus], parts[2 - minus], parts[4 - plus]
    whole, back = a + b, c + d
    root, muon2 = momenta[:, :, 0].sum(axis=1), particle_mass("mu-") ** 2
    mass2, recoil2 = (np.maximum(_square(v), 4.0 * muon2) for v in (whole, back))
    mass, p = np.sqrt(mass2), _length(whole)
    most = np.sqrt(np.maximum(_triangle(root**2, mass2, 4.0 * muon2), 1e-6)) / (2.0 * root)
    angles = [_cosine(whole, one) for one in (c, d)]
    columns = [
        *(p / most, np.abs(whole[3]) / p, _helicity(a, b, p, mass2), np.sqrt(recoil2) / (root - mass)),
        _helicity(c, d, _length(back), recoil2),
        *_sorted([np.sqrt(np.maximum(1.0 - cosine**2, 0.0)) * p / most for cosine in angles]),
        *_sorted([_half(cosine) for cosine in angles]),
        *_sorted([2.0 * _length(one) / root for one in (c, d)]),
        _half(_cosine(c, d)),
        *_sorted([np.sqrt(np.maximum(_square(v), 0.0)) / (root - mass) for v in (a + d, c + b)]),
        *(np.maximum(*(np.abs(v[3]) / _length(v) for v in two)) for two in ((c, d), (a, b))),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def trained(signal: Sample, background: Sample, limits: tuple[float, float], left_out: float, seed: int) -> Network:
    """A network for candidates between two masses; the same seed and samples give the same network."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    parts = [flattened(sample, limits) for sample in (signal, background)]
    mean, spread = signal.inputs.mean(axis=0, dtype=float), signal.inputs.std(axis=0, dtype=float)
    inputs = np.concatenate([sample.inputs for sample, _ in parts])
    kinds = np.repeat([1, 0], [len(weights) for _, weights in parts])
    weights = np.concatenate([weights / weights.mean() * len(kinds) / (2.0 * len(weights)) for _, weights in parts])
    model = MLPClassifier(
        (HIDDEN,), activation="tanh", alpha=1e-4, batch_size=1024, learning_rate_init=4e-3, max_iter=40,
        early_stopping=True, validation_fraction=0.1, n_iter_no_change=6, random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        # To stop after so many rounds is what is asked for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((inputs - mean) / spread, kinds, sample_weight=weights)
    (first, second), (first_bias, second_bias) = model.coefs_, model.intercepts_
    network = Network(mean, spread, first, first_bias, second[:, 0], float(second_bias[0]), np.array([]))
    chosen, even = parts[0]
    third = (1.0 - left_out) / 3.0
    return network._replace(edges=quantiles(score(network, chosen.inputs), even, (left_out, third, third, third)))


def score(network: Network, inputs: NDArray[np.float32]) -> Real:
    """Output before the logistic function: larger is more like signal, shape (n,)."""
    hidden = np.tanh((inputs - network.mean) / network.spread @ network.first + network.first_bias)
    return np.asarray(hidden @ network.second + network.second_bias)


def quantiles(scores: Real, weights: Real, shares: tuple[float, ...]) -> Real:
    """Edges that put these parts of the weight into the categories, ascending."""
    order = np.argsort(scores)
    below = np.cumsum(weights[order]) / weights.sum()
    return np.asarray(np.interp(np.cumsum(shares)[:-1], below, scores[order]))


def flattened(sample: Sample, limits: tuple[float, float]) -> tuple[Sample, Real]:
    """Candidates in the range, and weights that sum to one in every slice of the mass that is not empty."""
    edges = np.linspace(*limits, SLICES + 1)
    inside = (sample.masses >= edges[0]) & (sample.masses < edges[-1])
    sample = Sample(*(values[inside] for values in sample))
    slices = np.searchsorted(edges, sample.masses, side="right") - 1
    sums = np.bincount(slices, weights=sample.weights, minlength=len(edges) - 1)
    return sample, sample.weights / sums[slices]


def _square(v: Real) -> Real:
    return np.asarray(v[0] ** 2 - v[1] ** 2 - v[2] ** 2 - v[3] ** 2)


def _length(v: Real) -> Real:
    return np.asarray(np.sqrt(v[1] ** 2 + v[2] ** 2 + v[3] ** 2))


def _triangle(a: Real, b: Real, c: float) -> Real:
    return np.asarray((a - b - c) ** 2 - 4.0 * b * c)


def _cosine(one: Real, other: Real) -> Real:
    return np.asarray(np.sum(one[1:] * other[1:], axis=0) / (_length(one) * _length(other)))


def _half(cosine: Real) -> Real:
    return np.sqrt(np.maximum(1.0 - cosine, 0.0) / 2.0)


def _helicity(one: Real, other: Real, momentum: Real, mass2: Real) -> Real:
    """|cos| of the angle of a muon where its pair is at rest: its energy is (E ± pβ cos)/2."""
    speed = np.sqrt(np.maximum(1.0 - 4.0 * particle_mass("mu-") ** 2 / mass2, 1e-12))
    return np.asarray(np.minimum(np.abs(one[0] - other[0]) / np.maximum(momentum * speed, 1e-9), 1.0))


def _sorted(two: list[Real]) -> tuple[Real, Real]:
    return np.minimum(*two), np.maximum(*two)
