"""Pictures of limits, exclusion regions and fits.

| you have                             | use              |
|--------------------------------------|------------------|
| a scan, and want a file              | `save_scan`      |
| a scan of upper limits, and an Axes  | `limit_band`     |
| a scan of regions, and an Axes       | `exclusion`      |
| a hunt for a peak, and an Axes       | `local_significance`, `fitted_events` |
| computed over published values       | `residuals`      |
| a likelihood and a fit of it         | `fitted_bins`    |
| a landscape, and want a file         | `save_landscape` |
| a scan and published curves, and want a file, or an Axes | `save_compared`, `compared` |
| a landscape, and an Axes             | `landscape`      |
| a combination, and want a file, or an Axes | `save_combination`, `combined` |

Every function takes a matplotlib Axes and returns it. `new_axes` makes some and `save` writes their figure; neither touches
pyplot or its global settings. matplotlib is imported in `limits.plot.canvas` only, when a figure is made.
"""

from __future__ import annotations

from limits.plot.bins import fitted_bins
from limits.plot.canvas import new_axes, save
from limits.plot.combined import combined, save_combination
from limits.plot.compared import compared, save_compared
from limits.plot.hunts import fitted_events, local_significance
from limits.plot.landscape import landscape, save_landscape
from limits.plot.points import residuals
from limits.plot.regions import exclusion
from limits.plot.scans import limit_band, save_scan

__all__ = [
    "combined",
    "compared",
    "exclusion",
    "fitted_bins",
    "fitted_events",
    "landscape",
    "limit_band",
    "local_significance",
    "new_axes",
    "residuals",
    "save",
    "save_combination",
    "save_compared",
    "save_landscape",
    "save_scan",
]
