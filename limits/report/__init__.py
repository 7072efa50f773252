"""Results as text: plain values in, tables and lines out. Nothing is computed here.

The functions named after a command print its JSON document; `reproduction_text` returns the reproduction table.
"""

from __future__ import annotations

from limits.report.combination import combination
from limits.report.commands import coverage, files, fit, limit, onoff, recast, scan, search, searches
from limits.report.pieces import progress
from limits.report.planes import conversions, convert, landscape
from limits.report.published import compared, fetched, imported
from limits.report.reproduction import reproduction_text
from limits.report.scaffolding import checked, created

__all__ = [
    "checked",
    "combination",
    "compared",
    "conversions",
    "convert",
    "coverage",
    "created",
    "fetched",
    "files",
    "fit",
    "imported",
    "landscape",
    "limit",
    "onoff",
    "progress",
    "recast",
    "reproduction_text",
    "scan",
    "search",
    "searches",
]
