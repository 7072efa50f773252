"""Results as text: plain values in, tables and lines out. Nothing is computed here.

The functions named after a command print its JSON document; `reproduction_text` returns the reproduction table.
"""

from __future__ import annotations

from limits.report.combination import combination, combination_of_strengths
from limits.report.commands import coverage, files, fit, limit, onoff, recast, scan, search, searches
from limits.report.documents import inspect, profile, significance
from limits.report.planes import conversions, convert, landscape
from limits.report.progress import progress
from limits.report.published import compared, fetched, imported
from limits.report.reproduction import reproduction_text
from limits.report.scaffolding import checked, created

__all__ = [
    "checked",
    "combination",
    "combination_of_strengths",
    "compared",
    "conversions",
    "convert",
    "coverage",
    "created",
    "fetched",
    "files",
    "fit",
    "imported",
    "inspect",
    "landscape",
    "limit",
    "onoff",
    "profile",
    "progress",
    "recast",
    "reproduction_text",
    "scan",
    "search",
    "searches",
    "significance",
]
