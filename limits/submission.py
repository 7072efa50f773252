"""A search scanned and written as a HEPData submission: what stands above both scans and formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from limits.formats import hepdata
from limits.scan import Scan, label, run_scan
from limits.search import Search
from limits.search.complaints import complaint


def export(
    search: Search,
    hypothesis: str | None = None,
    masses: Sequence[float] | None = None,
    scans: Sequence[Scan] | None = None,
) -> dict[str, str | Mapping[str, Any]]:
    """File name → text or document: tables of the scans, with the likelihoods of the hypotheses that the search itself tests.

    Without scans the search is scanned at these masses (GeV), by its first method.

    Raises:
        UnknownName: the search does not test that hypothesis.
        InputError: a mass the search cannot be computed at, or scans of another search or with other numbers than it has.
    """
    found = [run_scan(search, hypothesis, masses=masses)] if scans is None else scans
    documents: dict[str, dict[str, Any]] = {}
    for scan in found:
        _check(search, scan)
    for name in dict.fromkeys(scan.hypothesis for scan in found):
        if name in {facts.name for facts in search.hypotheses}:
            documents |= hepdata.likelihoods(search, name, masses)
    return hepdata.submission(search, found, documents=documents)


def _check(search: Search, scan: Scan) -> None:
    """The tables and the likelihoods beside them must be made with the same numbers."""
    if scan.search != search.name:
        return  # said by the submission
    known = scan.hypothesis in {facts.name for facts in search.hypotheses}
    if scan.set_values != search.set_values or (known and scan.label != label(search, scan.hypothesis)):
        problem = (
            f"the scan is {scan.label} with {scan.set_values or 'nothing'} set: give --calibrated and --set as for it"
        )
        raise complaint(search.name, "--result", problem)
