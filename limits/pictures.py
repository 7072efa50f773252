"""The figures of the reproduction table: one per way a search was run, one overlay per search, and the bins of binned ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np

from limits import assemble
from limits.errors import MissingExtra
from limits.plot import fitted_bins, new_axes, residuals, save, save_scan
from limits.plot.canvas import INK, dress, mass_label
from limits.plot.hunts import with_gaps
from limits.plot.points import STYLES, ratios
from limits.plot.scans import seen_in
from limits.scan import Scan
from limits.search import Comparison, HistFactoryChannel, Search
from limits.signals import Hypothesis

LINES: Final = ("-", "--", ":", "-.")


def draw(scans: Sequence[Scan], searches: Mapping[str, Search], folder: Path) -> list[Path]:
    """PNG files in `folder`; none where matplotlib is not installed."""
    try:
        new_axes()
    except MissingExtra:
        return []
    files = []
    for (name, hypothesis), group in groupby(scans, key=lambda scan: (scan.search, scan.hypothesis)):
        every = list(group)
        search, of_one = searches[name], [scan for scan in every if len(scan.points) > 1] or every
        default = hypothesis == search.hypotheses[0].name
        stem = name if default else f"{name}-{hypothesis}"
        for scan in of_one:
            path = folder / f"{stem}-{scan.label}-{scan.method}.png"
            files.append(save_scan(scan, path, comparisons=_counted(search, scan)))
        if len(of_one) > 1 and of_one[0].exclusion == "upper-limit":
            files.append(_overlay(search, of_one, folder / f"{stem}.png"))
        if default and any(isinstance(channel, HistFactoryChannel) for channel in search.channels):
            files.append(_bins(search, folder / f"{name}-bins.png"))
    return files


def _counted(search: Search, scan: Scan) -> list[Comparison]:
    """The published numbers that a scan was not calibrated to."""
    fitted = search.calibrated().fitted_masses if scan.label == "calibrated" else ()
    return [c for c in search.published(scan.hypothesis) if c.mass_gev not in fitted]


def _overlay(search: Search, scans: Sequence[Scan], path: Path) -> Path:
    """All ways of running one search in one picture, with the ratios to the published points below."""
    published = [c for c in search.published(scans[0].hypothesis) if c.edge == "observed"]
    figure, axes = new_axes(ratio=bool(published))
    top, below = axes[0], axes[-1]
    dress(top, scans[0], f"{search.name}  ·  {' and '.join(dict.fromkeys(scan.label for scan in scans))}, every method")
    for scan, line, (colour, _) in zip(scans, LINES, STYLES, strict=False):
        points = np.array([(p.mass_gev, p.observed_limit) for p in scan.points if p.observed_limit is not None])
        label = f"{scan.label}, {scan.method}" + ("" if scan.data is None else f", {seen_in(scan.data)}")
        curve = points.T if scan.rate is None else with_gaps(*points.T)
        top.plot(*curve, ls=line, color=colour, lw=1.8 if scan.rate is None else 1.0, label=label)
        if published:
            residuals(below, *ratios(scan, _counted(search, scan)), label).set_xlabel(mass_label(scan))
    top.margins(x=0.03)
    if published:
        shown = [(c.mass_gev, c.value) for c in published if c.mass_gev is not None]
        top.plot(*zip(*shown, strict=True), ls="none", marker="*", ms=9, color=INK, label="published")
        top.set_xlabel("")
        if (legend := below.get_legend()) is not None:  # the colours are explained above
            legend.remove()
    top.legend(fontsize=9, framealpha=0.9, edgecolor="none")
    return save(figure, path)


def _bins(search: Search, path: Path) -> Path:
    """Data, fitted background and the signal at the benchmark coupling."""
    facts = search.hypothesis()
    point = Hypothesis(facts.name, facts.benchmark.mass_gev, facts.benchmark.coupling)
    expected = assemble.prepare(search, point.name, point.mass).yields(point.coupling)
    likelihood = assemble.likelihood(search, expected, point.mass)
    figure, (axes,) = new_axes()
    fitted_bins(axes, likelihood, likelihood.fit(likelihood.observed, 1.0))
    axes.set_title(
        f"{search.name}  ·  {facts.symbol} = {point.coupling:g} at {point.mass:g} GeV", fontsize=10, loc="left"
    )
    return save(figure, path)
