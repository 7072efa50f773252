"""Scans over mass: points that are each their own unit of work, or the hunt for a peak on one spectrum."""

from __future__ import annotations

from limits.hunt.options import Hunting
from limits.scan.hunted import hunted_limit
from limits.scan.points import coupling_limit, run_point
from limits.scan.reading import scan_from_json
from limits.scan.results import Peak, Point, PointResult, Scan, calibrated_to, label
from limits.scan.run import DEFAULT_COUPLINGS, run_scan
from limits.scan.stored import TIP_STEPS

__all__ = [
    "DEFAULT_COUPLINGS",
    "TIP_STEPS",
    "Hunting",
    "Peak",
    "Point",
    "PointResult",
    "Scan",
    "calibrated_to",
    "coupling_limit",
    "hunted_limit",
    "label",
    "run_point",
    "run_scan",
    "scan_from_json",
]
