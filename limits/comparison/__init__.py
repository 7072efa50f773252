"""A computed scan held against a published curve: log-ratio of each edge, the tip, the area that differs.

The curves are other people's files and are not part of this package: the user names the folder that holds them (`read_curve`), or one
file, which `limits.published` reads (`compare`).
"""

from __future__ import annotations

from limits.comparison.curves import PublishedCurve, read_curve
from limits.comparison.residuals import Ratio, Residual, computed_edges, ratios, residuals
from limits.comparison.tables import Compared, Pair, compare

__all__ = [
    "Compared",
    "Pair",
    "PublishedCurve",
    "Ratio",
    "Residual",
    "compare",
    "computed_edges",
    "ratios",
    "read_curve",
    "residuals",
]
