"""Pictures of limits, exclusion regions and fits.

| you have                             | use              |
|--------------------------------------|------------------|
| a scan, and want a file, or a figure | `save_scan`, `scan_figure` |
| a scan of upper limits, and an Axes  | `limit_band`     |
| a scan of regions, and an Axes       | `exclusion`      |
| a hunt for a peak, and an Axes       | `local_significance`, `fitted_events` |
| computed over published values       | `residuals`      |
| a likelihood and a fit of it, of bins or of a spectrum | `fitted_bins` |
| a likelihood and a method, and want a file | `save_likelihood` |
| pulls and impacts, and an Axes       | `nuisance_pulls`, `nuisance_impacts` |
| a curve along the strength, and an Axes | `likelihood_scan`, `posterior_density`, `p_values_of_strengths` |
| toys of a test statistic, coverages, and an Axes | `toy_statistics`, `coverage_of_methods` |
| a landscape, and want a file         | `save_landscape` |
| a scan and published curves, and want a file, or an Axes | `save_compared`, `compared` |
| a landscape, and an Axes             | `landscape`      |
| a combination, and want a file, or an Axes | `save_combination`, `combined` |

Every function takes a matplotlib Axes and returns it. `new_axes` makes some and `save` writes their figure; neither touches
pyplot or its global settings. Inside `styled` they look as those of an experiment. matplotlib is imported in
`limits.plot.canvas` only, when a figure is made.
"""

from __future__ import annotations

from limits.plot.bins import fitted_bins
from limits.plot.canvas import new_axes, save, styled
from limits.plot.combined import combined, save_combination
from limits.plot.compared import compared, save_compared
from limits.plot.covered import coverage_of_methods, save_coverage
from limits.plot.hunts import fitted_events, local_significance
from limits.plot.landscape import landscape, save_landscape
from limits.plot.nuisances import nuisance_impacts, nuisance_pulls
from limits.plot.points import residuals
from limits.plot.regions import exclusion
from limits.plot.scans import limit_band, save_scan, scan_figure
from limits.plot.single import Asked, save_likelihood, save_profile
from limits.plot.strengths import likelihood_scan, p_values_of_strengths, posterior_density, toy_statistics

__all__ = [
    "Asked",
    "combined",
    "compared",
    "coverage_of_methods",
    "exclusion",
    "fitted_bins",
    "fitted_events",
    "landscape",
    "likelihood_scan",
    "limit_band",
    "local_significance",
    "new_axes",
    "nuisance_impacts",
    "nuisance_pulls",
    "p_values_of_strengths",
    "posterior_density",
    "residuals",
    "save",
    "save_combination",
    "save_compared",
    "save_coverage",
    "save_landscape",
    "save_likelihood",
    "save_profile",
    "save_scan",
    "scan_figure",
    "styled",
    "toy_statistics",
]
