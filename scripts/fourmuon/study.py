"""What the networks do: rejection of background by mass, the best cut, and whether they know their training sample too well."""

from __future__ import annotations

from typing import Final

import numpy as np

from fourmuon.detector import Experiment, Real
from fourmuon.network import RANGES, Network, Sample, flattened, quantiles, score
from fourmuon.samples import background, joined, middles, networks, pairs, signals, training_range

KEPT: Final = 0.75
"""Efficiency for signal at which the rejection is given."""

POINTS: Final = 8
STEP: Final = 0.05
SIGNIFICANCE: Final = 1.64
WIDTHS: Final = 5.0
"""Size of the window of the figure of merit in widths of the peak, each taken as `WIDTH`."""

WIDTH: Final = 0.005
NEAR: Final = 0.06
"""Half of the window in which background is counted, over the mass."""


def study(size: int, each: int, experiment: Experiment, seed: int) -> str:
    """A table of rejections at 0.75 of the signal, and Punzi's figure of merit against the part of the signal that is cut away."""
    found = networks(size, each, experiment, seed)
    lines = []
    events = list(background(size, experiment, np.random.default_rng([seed, 90])))
    known = list(background(size, experiment, np.random.default_rng([seed, 0])))
    for part, network in enumerate(found):
        limits = training_range(part)
        low, high = limits[0] * (1.0 - NEAR), limits[1] * (1.0 + NEAR)
        fresh = joined([pairs(*block, low, high) for block in events])
        other = joined([pairs(*block, *limits) for block in known])
        old = signals(middles(limits, 50), each, experiment, np.random.default_rng([seed, 1, part]))
        new = signals(middles(limits, POINTS), 6 * each, experiment, np.random.default_rng([seed, 91, part]))
        scalar = signals(
            middles(limits, POINTS), 6 * each, experiment, np.random.default_rng([seed, 92, part]), "scalar"
        )
        lines.append(
            f"part {part + 1}, {RANGES[part][0]:g}-{RANGES[part][1]:g} GeV: rejection at {KEPT:g}, training"
            f" {_overall(network, old, other, limits):.2f}, other events {_overall(network, new, fresh, limits):.2f}"
        )
        lines += _by_mass(network, new, scalar, fresh)
    return "\n".join(lines)


def _overall(network: Network, signal: Sample, noise: Sample, limits: tuple[float, float]) -> float:
    """Rejection over the range, all masses alike."""
    (chosen, even), (pairs_, spread) = (flattened(sample, limits) for sample in (signal, noise))
    cut = quantiles(score(network, chosen.inputs), even, (1.0 - KEPT, KEPT))[0]
    return float(spread.sum() / spread[score(network, pairs_.inputs) > cut].sum())


def _by_mass(network: Network, signal: Sample, scalar: Sample, noise: Sample) -> list[str]:
    scores, noises = score(network, signal.inputs), score(network, noise.inputs)
    cuts = quantiles(scores, signal.weights, (0.0, *[STEP] * round(1.0 / STEP)))
    merits, lines = [], []
    for mass in np.unique(signal.masses):
        mine, near = signal.masses == mass, np.abs(noise.masses / mass - 1.0) < NEAR
        content, height = noises[near], noise.weights[near]
        rejections = [
            height.sum() / height[content > quantiles(values, weights, (1.0 - KEPT, KEPT))[0]].sum()
            for values, weights in (
                (scores[mine], signal.weights[mine]),
                (score(network, scalar.inputs[scalar.masses == mass]), scalar.weights[scalar.masses == mass]),
            )
        ]
        merit = _punzi(scores[mine], signal.weights[mine], content, height * WIDTHS * WIDTH / (2.0 * NEAR * mass), cuts)
        merits.append(merit / merit.max())
        lines.append(
            f"  {mass:.3f} GeV: rejection {rejections[0]:.2f} (scalar {rejections[1]:.2f}), best cut leaves out"
            f" {STEP * float(np.argmax(merit)):.2f} of the signal of training"
        )
    mean = np.mean(merits, axis=0)
    lines.append("  mean figure of merit: " + " ".join(f"{STEP * i:.2f}:{value:.3f}" for i, value in enumerate(mean)))
    return lines


def _punzi(scores: Real, weights: Real, noises: Real, heights: Real, cuts: Real) -> Real:
    """ε/(a/2 + √B) for each cut."""
    kept = np.array([weights[scores > cut].sum() for cut in cuts]) / weights.sum()
    left = np.array([heights[noises > cut].sum() for cut in cuts])
    return np.asarray(kept / (SIGNIFICANCE / 2.0 + np.sqrt(left)))
