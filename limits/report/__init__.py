"""Results as text: plain values in, tables and lines out. Nothing is computed here.

The functions named after a command print its JSON document; `reproduction_text` returns the reproduction table.
"""

from __future__ import annotations

from limits.report.commands import coverage, files, fit, limit, onoff, recast, scan, search, searches
from limits.report.pieces import progress
from limits.report.planes import conversions, convert, landscape
from limits.report.reproduction import reproduction_text

__all__ = [
    "conversions",
    "convert",
    "coverage",
    "files",
    "fit",
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
