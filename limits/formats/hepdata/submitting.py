"""A HEPData submission: submission.yaml, a data file for every table, and the likelihoods beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from limits.errors import InputError
from limits.formats import hs3, pyhf
from limits.formats.hepdata.saying import comment, description, file_name, keywords, name, qualifiers
from limits.formats.hepdata.scanned import Scan
from limits.formats.hepdata.tables import tables_of, words
from limits.search import Search
from limits.search.complaints import complaint, shown

SUBMISSION: Final = "submission.yaml"

LARGEST: Final = 10_485_760
"""Bytes of one data file, by HEPData's validator."""

LARGEST_ALL: Final = 50_000_000
"""Bytes of a submission that HEPData takes."""

FILE: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}"

Content = str | Mapping[str, Any]


def submission(
    search: Search, scans: Sequence[Scan], *, documents: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Content]:
    """File name → text (YAML) or document (JSON): a directory that HEPData's validator accepts, and nothing beside it.

    Tables of limits have the observed and the expected limit against mass, and two columns with the bands of one and two σ as errors;
    of a hunt also the local significance, the events of the peak, and a second table on the rate. Regions have the edges
    of every interval against mass and, where there is one closed interval per mass, the contour. `documents` are pyhf
    workspaces and patchsets or HS3 documents by file name (see `likelihoods`); they are attached to the whole record.

    Raises:
        InputError: no scan, a scan of another search, a document that is none of these or whose name cannot be, or too many bytes.
    """
    if not scans:
        raise InputError(f"{search.name}: no scan to submit: one at least is needed")
    files: dict[str, Content] = {}
    about: list[dict[str, Any]] = []
    for scan in scans:
        if scan.search != search.name:
            raise complaint(search.name, "scan", f"got a scan of {shown(scan.search)}: all must be of this search")
        for table in tables_of(scan):
            title = name(scan, table, {entry["name"] for entry in about})
            file = file_name(title, len(about) + 1)
            said = description(search, scan, table)
            terms = keywords(search, scan, table)
            about.append({"name": title, "description": said, "keywords": terms, "data_file": file})
            files[file] = _text(search, file, table.to_json(qualifiers(scan)))
    attached = dict(documents or {})
    _check_names(search, attached, files)
    first = {"comment": comment(search), **_related(search), "additional_resources": _resources(search, attached)}
    found: dict[str, Content] = {SUBMISSION: _yaml([first, *about]), **files, **attached}
    size = sum(len((c if isinstance(c, str) else pyhf.text(c)).encode()) for c in found.values())
    if size > LARGEST_ALL:
        raise complaint(search.name, "submission", f"{size / 1e6:.0f} MB: HEPData takes {LARGEST_ALL // 10**6}")
    return found


def likelihoods(
    search: Search, hypothesis: str | None = None, masses: Sequence[float] | None = None
) -> dict[str, dict[str, Any]]:
    """The documents to attach: pyhf workspace and patchset over the masses (GeV), HS3 at the benchmark or at the only mass.

    Those of a hypothesis that is not the first of the search have its name before theirs.

    Raises:
        UnknownName: the search does not test that hypothesis.
        InputError: as the exports of both formats.
    """
    facts = search.hypothesis(hypothesis)
    before = "" if facts.name == search.hypotheses[0].name else f"{facts.name}-"
    one = masses if masses is not None and len(masses) == 1 else None
    found = {**pyhf.export(search, facts.name, masses), **hs3.export(search, facts.name, one)}
    return {f"{before}{file}": document for file, document in found.items()}


# ── what is beside the tables ────────────────────────────────────────────────────────────────────────────────────────────────


def _check_names(search: Search, documents: Mapping[str, Any], files: Mapping[str, Any]) -> None:
    for file in documents:
        # HEPData takes a location that begins with http for an address.
        if not re.fullmatch(FILE, file) or file.startswith("http") or file in files or file == SUBMISSION:
            raise complaint(
                search.name, "documents", f"got {shown(file)}: must be a file name of its own, A-Za-z0-9_.-"
            )


def _related(search: Search) -> dict[str, Any]:
    """The record of the publication on HEPData, whose number stands in its DOI (a recollection)."""
    record = re.fullmatch(r"10\.17182/hepdata\.([1-9][0-9]{0,11})(\.v[0-9]+)?", search.reference.hepdata or "")
    return {} if record is None else {"related_to_hepdata_records": [int(record[1])]}


def _resources(search: Search, documents: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The publication, and the likelihoods with the types by which HEPData finds them."""
    reference = search.reference
    places = {"arXiv": f"https://arxiv.org/abs/{reference.arxiv}"}
    if reference.doi is not None:
        places["journal"] = f"https://doi.org/{reference.doi}"
    about = [
        {"location": place, "description": f"The publication whose numbers were used ({where})"}
        for where, place in places.items()
        if len(place) <= 256
    ]
    return [*about, *(_likelihood(search, file, document) for file, document in documents.items())]


def _likelihood(search: Search, file: str, document: Mapping[str, Any]) -> dict[str, Any]:
    metadata = document.get("metadata")
    kind = "HistFactory"
    if isinstance(metadata, Mapping) and "hs3_version" in metadata:
        kind, what = "HS3", "likelihood as an HS3 document"
    elif "patches" in document:
        what = "pyhf patchset over masses and couplings"
    elif "channels" in document:
        what = "likelihood as a pyhf workspace"
    else:
        raise complaint(search.name, f"documents, {file}", "neither a pyhf workspace or patchset nor an HS3 document")
    # Here, where it is needed, since the schema of a workspace has no place for it.
    data = "; the observations are expected counts, not data" if _is_spectrum(search) else ""
    text = f"{search.name}: {what}, reconstructed from public numbers; strength 1 is the point it is made for{data}."
    return {"location": file, "description": words(text, 1000), "type": kind}


def _is_spectrum(search: Search) -> bool:
    return any(channel.likelihood == "spectrum" for _, channel in search.parts)


# ── YAML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _text(search: Search, file: str, document: Mapping[str, Any]) -> str:
    text = _yaml([document])
    if (size := len(text.encode())) > LARGEST:
        raise complaint(search.name, file, f"{size / 1e6:.1f} MB: HEPData takes 10 MB per table; give fewer masses")
    return text


def _yaml(documents: Sequence[Mapping[str, Any]]) -> str:
    """Documents one after the other; nothing stands after the last."""
    text: str = yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
    return text
