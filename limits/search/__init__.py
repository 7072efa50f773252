"""A search as facts: the numbers of one publication, loaded from a folder, checked, and never computed with.

`names()` lists the shipped searches; `load` reads one of them, or a file of your own. `Search.calibrated` and
`Search.with_values` return a changed copy: a `Search` never changes, and it can be pickled.
The schema is declared in `limits.search.schema` and `limits.search.channels`; in words it stands in `limits/searches/README.md`.
"""

from __future__ import annotations

from limits.search.channels import (
    Channel,
    CountingChannel,
    FitWindow,
    HistFactoryChannel,
    Production,
    SpectrumChannel,
    Systematic,
    Window,
)
from limits.search.loading import describe, load, names, uncertainties
from limits.search.quantity import ERROR, Quantity
from limits.search.schema import Calibration, Comparison, Curve, HypothesisFacts, Reference
from limits.search.search import Search

__all__ = [
    "ERROR",
    "Calibration",
    "Channel",
    "Comparison",
    "CountingChannel",
    "Curve",
    "FitWindow",
    "HistFactoryChannel",
    "HypothesisFacts",
    "Production",
    "Quantity",
    "Reference",
    "Search",
    "SpectrumChannel",
    "Systematic",
    "Window",
    "describe",
    "load",
    "names",
    "uncertainties",
]
