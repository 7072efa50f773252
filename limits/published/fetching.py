"""The tables of a publication from HEPData, by the standard library: one host, bounded sizes and times, all files or none.

Nothing that the server says is used as a path. HEPData answers `/record/<id>?format=json` with `data_tables[].data`, which holds the URL
of each table in each format. That it calls the DOIs in a submission `hepdata_doi` and `table_doi` is a recollection.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Final
from urllib import error, request
from urllib.parse import SplitResult, urljoin, urlsplit

import yaml

from limits.errors import InputError
from limits.published.records import LARGEST
from limits.published.table import plain, text_of
from limits.search.complaints import complaint, printable, shown

SERVER: Final = "https://www.hepdata.net"
SOCKET_SECONDS: Final = 30.0
FILE_SECONDS: Final = 300.0
MOST_TABLES: Final = 500
LARGEST_RECORD: Final = 4 * LARGEST
"""Bytes of all files together: they are in memory until all are there."""

FORMATS: Final = ("yaml", "json")
"""Of a table, the best first."""


@dataclass(frozen=True)
class Fetched:
    """A record on disk: its DOI, the folder, files and names of its tables, the version that the server says."""

    doi: str
    folder: Path
    table_files: tuple[Path, ...]
    tables: tuple[str, ...]
    version: str | None


class _SameHost(request.HTTPRedirectHandler):
    """Follows a redirect only to the server that was asked."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if _place(urlsplit(newurl)) != _place(urlsplit(req.full_url)):
            raise InputError(f"{printable(req.full_url)}: sends to another host, {shown(newurl)}: not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(doi: str, folder: Path, server: str = SERVER) -> Fetched:
    """Write the record with this DOI to `folder`: record.json, a file per table, and a submission.yaml that names them.

    Raises:
        InputError: no HEPData DOI, no network, an answer that is none of HEPData, too large, or from another host; a folder that
            cannot be written. Nothing is written then.
    """
    base = _server(server)
    number = re.fullmatch(r"10\.17182/hepdata\.([0-9]{1,12})(\.v[0-9]+)?", doi)
    if number is None:
        raise InputError(f"{printable(doi, 80)}: no DOI of HEPData, as 10.17182/hepdata.143251")
    url = f"{base}/record/{number[1]}?format=json" + (f"&version={number[2][2:]}" if number[2] else "")
    answer = _get(url)
    record = _json(url, answer)
    listed = record.get("data_tables")
    if not isinstance(listed, list) or not listed or len(listed) > MOST_TABLES:
        raise complaint(url, "data_tables", f"must be a list of 1 to {MOST_TABLES} tables")
    names, tables, budget = [], {}, LARGEST_RECORD - len(answer)
    about: list[dict[str, Any]] = [{"hepdata_doi": doi, "comment": f"fetched from {base}"}]
    for i, entry in enumerate(listed, start=1):
        name, at, suffix = _entry(url, base, i, entry)
        content = _table(at, suffix)
        if (budget := budget - len(content)) < 0:
            raise complaint(url, "data_tables", f"more than {LARGEST_RECORD // 10**6} MB together")
        file = f"{i:02d}-{_safe(name)}.{suffix}"
        names.append(name)
        tables[file] = content
        about.append({"name": name, "data_file": file, **_said(entry)})
    submission = yaml.safe_dump_all(about, allow_unicode=True, sort_keys=False).encode("utf-8", "backslashreplace")
    _write(folder, {"record.json": answer, **tables, "submission.yaml": submission})
    version = record.get("version")
    return Fetched(
        doi,
        folder,
        tuple(folder / file for file in tables),
        tuple(names),
        str(version) if isinstance(version, int | str) else None,
    )


def _server(server: str) -> str:
    try:
        parts = urlsplit(server)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _place(parts)  # a port that is no number
    except ValueError:
        good = False
    if not good or not server.isascii() or not server.isprintable() or " " in server or parts.query or parts.fragment:
        raise InputError(f"--server {shown(server)}: must be a URL, as {SERVER}")
    return server.rstrip("/")


def _place(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port


def _entry(url: str, base: str, i: int, entry: Any) -> tuple[str, str, str]:
    """Name, address and format of a table."""
    key = f"data_tables[{i - 1}]"
    data = entry.get("data") if isinstance(entry, Mapping) else None
    if not isinstance(data, Mapping):
        raise complaint(url, key, "must have a name and data")
    form = next((form for form in FORMATS if isinstance(data.get(form), str)), None)
    if form is None:
        raise complaint(url, f"{key}.data", f"must have the URL of {' or '.join(FORMATS)}")
    address = data[form].strip()
    try:
        at = urljoin(f"{base}/", address)
        same = _place(urlsplit(at)) == _place(urlsplit(base)) and "@" not in urlsplit(at).netloc
    except ValueError:
        same = False
    if not same or not address.isascii() or not address.isprintable():
        raise complaint(url, f"{key}.data.{form}", f"got {shown(address)}: not on the same server")
    # Spaces in names of tables are not always encoded.
    return text_of(entry.get("name")) or f"table {i}", at.replace(" ", "%20"), form


def _said(entry: Mapping[str, Any]) -> dict[str, str]:
    """DOI and licence of a table, as far as they are text."""
    licence = entry.get("data_license", entry.get("table_license"))
    licence = licence.get("name") if isinstance(licence, Mapping) else licence
    pairs = {"table_doi": text_of(entry.get("doi")), "data_license": text_of(licence)}
    return {key: value for key, value in pairs.items() if value is not None}


def _safe(name: str) -> str:
    """A part of a file name: letters, digits, "-" and "_" of ASCII only."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:60] or "table"


def _table(url: str, form: str) -> bytes:
    content = _get(url)
    wanted = b"dependent_variables" if form == "yaml" else b'"headers"'
    if wanted not in content:
        raise complaint(url, "table", f"no HEPData table in {form}: {shown(content[:60].decode('utf-8', 'replace'))}")
    return content


def _json(url: str, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise complaint(url, "record", f"the answer is not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise complaint(url, "record", f"the answer is {shown(plain(document))}, not a record")
    return document


def _get(url: str) -> bytes:
    """The whole answer.

    Raises:
        InputError: no answer, one that is not 200, cut short, too large or too slow.
    """
    found: list[bytes | InputError] = []

    def ask() -> None:
        try:
            found.append(_asked(url))
        except InputError as problem:
            found.append(InputError(str(problem)))  # without the sockets in its traceback

    # A server that sends a byte now and then, of its headers too, is within the time of a socket for ever.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(FILE_SECONDS)
    if not found:
        raise InputError(f"{printable(url)}: not there after {FILE_SECONDS:g} seconds")
    if isinstance(found[0], InputError):
        raise found[0]
    return found[0]


def _asked(url: str) -> bytes:
    """The answer, without a bound on the time that its headers take."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        _SameHost(),
    ):
        opener.add_handler(handler)  # files and FTP are not among them
    asked = request.Request(url, headers={"User-Agent": "darksector-limits (python urllib)", "Accept": "*/*"})
    try:
        with opener.open(asked, timeout=SOCKET_SECONDS) as answer:
            return _body(url, answer)
    except error.HTTPError as problem:
        problem.close()
        raise InputError(
            f"{printable(url)}: the server answers {problem.code} {printable(str(problem.reason), 80)}"
        ) from None
    except (OSError, HTTPException, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        reason = getattr(problem, "reason", problem)
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise InputError(f"{printable(url)}: cannot be reached: {printable(text, 200)}") from None


def _body(url: str, answer: HTTPResponse) -> bytes:
    begun, parts, size = time.monotonic(), [], 0
    announced = answer.length
    while part := answer.read1(65536):
        size += len(part)
        if size > LARGEST:
            raise InputError(f"{printable(url)}: larger than {LARGEST // 10**6} MB")
        if time.monotonic() - begun > FILE_SECONDS:
            raise InputError(f"{printable(url)}: not there after {FILE_SECONDS:g} seconds")
        parts.append(part)
    if announced is not None and size < announced:
        raise InputError(f"{printable(url)}: cut short: {size} of {announced} bytes")
    return b"".join(parts)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """All files or none: drafts first, then their names."""
    drafts = {folder / name: folder / f".{name}.{os.getpid()}" for name in files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for path, draft in drafts.items():
                draft.write_bytes(files[path.name])
            for path, draft in drafts.items():
                draft.replace(path)
        finally:
            for draft in drafts.values():
                draft.unlink(missing_ok=True)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise complaint(folder, "cannot be written", reason) from None
