"""Tables of HEPData as its YAML (data file, submission, several documents in one file) and as the JSON of one table.

YAML: the HEPData submission schema 1.1.1 (https://github.com/HEPData/hepdata-validator). JSON: what
https://www.hepdata.net/record/…?format=json lists under `data_tables[].data.json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from limits.published.loading import MOST_CELLS, documents, json_document, too_large
from limits.published.table import Cell, Column, Error, PublishedTable, as_number, cell, plain, text_of
from limits.search.complaints import complaint, shown

LARGEST: Final = 50_000_000
"""Bytes of one file, which is also what HEPData allows for an archive."""


def from_yaml(path: Path, text: str) -> tuple[PublishedTable, ...]:
    """The tables of a data file, of a submission, or of a record in one file.

    Raises:
        InputError: not YAML, no table in it, or a data file that is not beside it.
    """
    found: list[PublishedTable] = []
    about: dict[str, Any] = {}
    size = len(text)
    for document in documents(path, text):
        if not isinstance(document, Mapping):
            continue
        if "dependent_variables" in document or "independent_variables" in document:
            found.append(_from_variables(path, document, {**about, **document}))
        elif "data_file" in document:
            beside = _beside(path, document["data_file"])
            size += len(content := text_in(beside))
            if size > LARGEST:
                raise complaint(path, "data_file", f"more than {LARGEST // 10**6} MB together")
            inner = [d for d in documents(beside, content) if isinstance(d, Mapping)]
            found += [_from_variables(beside, d, {**about, **document}) for d in inner]
        else:  # the document about the whole submission
            about = {key: document[key] for key in ("data_license", "hepdata_doi") if key in document}
    if not found:
        raise complaint(
            path, "table", "none in it: independent_variables and dependent_variables, or data_file, needed"
        )
    return tuple(found)


def text_in(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: it cannot be read, is larger than 50 MB, an archive, or no UTF-8 text.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise complaint(path, "cannot be read", getattr(error, "strerror", None) or str(error)) from None
    if len(content) > LARGEST:
        raise complaint(path, "cannot be read", f"larger than {LARGEST // 10**6} MB")
    if content.startswith((b"PK\3\4", b"\x1f\x8b")):
        raise complaint(path, "cannot be read", "it is an archive: unpack it, and give the submission.yaml in it")
    try:
        return content.decode("utf-8-sig")
    except ValueError:
        raise complaint(path, "cannot be read", "not UTF-8 text") from None


def _beside(path: Path, name: Any) -> Path:
    """The data file of a submission: in the same folder or below it, nowhere else."""
    relative = PurePosixPath(name) if isinstance(name, str) and "\0" not in name and "\\" not in name else None
    if relative is None or not relative.parts or relative.is_absolute() or ".." in relative.parts:
        raise complaint(path, "data_file", f"got {shown(plain(name))}: must be a file beside the submission")
    return path.parent / relative


def _from_variables(path: Path, document: Mapping[Any, Any], about: Mapping[Any, Any]) -> PublishedTable:
    variables = [
        (f"{kind}_variables[{i}]", variable)
        for kind in ("independent", "dependent")
        for i, variable in enumerate(_list(path, f"{kind}_variables", document.get(f"{kind}_variables")))
    ]
    _check_size(path, [variable for _, variable in variables])
    columns = [_column(path, where, variable) for where, variable in variables]
    return _table(path, columns, about)


def _check_size(path: Path, variables: list[Any]) -> None:
    """Complain about more cells than a table has; aliases of YAML can name one list very often."""
    found = [variable.get("values") for variable in variables if isinstance(variable, Mapping)]
    lists = [values for values in found if isinstance(values, list)]
    if sum(map(len, lists)) > MOST_CELLS:
        raise too_large(path)
    errors = [one.get("errors") for values in lists for one in values if isinstance(one, Mapping)]
    if sum(len(several) for several in errors if isinstance(several, list)) > MOST_CELLS:
        raise too_large(path)


def _table(path: Path, columns: list[Column], about: Mapping[Any, Any]) -> PublishedTable:
    if not columns or len({len(column.cells) for column in columns}) > 1:
        sizes = ", ".join(str(len(column.cells)) for column in columns) or "none"
        raise complaint(path, "columns", f"all must have the same number of rows; got {sizes}")
    doi = next((text_of(about.get(key)) for key in ("table_doi", "doi", "hepdata_doi") if about.get(key)), None)
    licence = next((_licence(about[key]) for key in ("data_license", "table_license") if about.get(key)), None)
    return PublishedTable(str(path), tuple(columns), text_of(about.get("name")), doi, licence)


def _licence(raw: Any) -> str | None:
    if isinstance(raw, Mapping):
        return text_of(" ".join(str(raw[key]) for key in ("name", "url") if isinstance(raw.get(key), str)))
    return text_of(raw)


def _list(path: Path, key: str, raw: Any) -> list[Any]:
    if raw is None:
        return []
    if isinstance(raw, list):
        return raw
    raise complaint(path, key, f"got {shown(plain(raw))}: must be a list")


def _column(path: Path, where: str, variable: Any) -> Column:
    if not isinstance(variable, Mapping) or not isinstance(header := variable.get("header"), Mapping):
        raise complaint(path, where, "must have a header with a name, and values")
    name, unit = header.get("name"), header.get("units")
    values = _list(path, f"{where}.values", variable.get("values"))
    cells = tuple(_cell(path, f"{where}.values[{i}]", raw) for i, raw in enumerate(values))
    return Column(text_of(plain(name)) or "", text_of(plain(unit)) if unit is not None else None, cells)


def _cell(path: Path, where: str, raw: Any) -> Cell:
    if not isinstance(raw, Mapping):
        raise complaint(path, where, f"got {shown(plain(raw))}: must have value, or low and high")
    edges = (raw["low"], raw["high"]) if "low" in raw and "high" in raw else None
    found = cell(raw.get("value"), edges=edges)
    if found.value is None:
        return found
    return found._replace(errors=tuple(_errors(path, where, raw.get("errors"), found.value)))


def _errors(path: Path, where: str, raw: Any, value: float) -> list[Error]:
    found = []
    for i, error in enumerate(_list(path, f"{where}.errors", raw)):
        key = f"{where}.errors[{i}]"
        if not isinstance(error, Mapping):
            raise complaint(path, key, f"got {shown(plain(error))}: must have symerror or asymerror")
        if error.get("hide") is True:  # the JSON of a table has a hidden zero where there is no error
            continue
        both = error.get("asymerror")
        pair = (both.get("minus"), both.get("plus")) if isinstance(both, Mapping) else (error.get("symerror"),)
        sizes = [_size(path, key, size, value) for size in pair]
        label = text_of(plain(error.get("label"))) or ""
        found.append(Error(label, sizes[0] if len(sizes) > 1 else -sizes[0], sizes[-1]))
    return found


def _size(path: Path, key: str, raw: Any, value: float) -> float:
    """The size of an error, which may be in per cent of the value; an empty one is none."""
    text = plain(raw)
    if text == "":
        return 0.0
    relative = text.endswith("%")
    size = as_number(text[:-1] if relative else raw)
    if size is None:
        raise complaint(path, key, f"got {shown(text)}: must be a number, or per cent of the value")
    return size * abs(value) / 100 if relative else size


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def from_json(path: Path, text: str) -> tuple[PublishedTable, ...]:
    """The table in a JSON of HEPData.

    Raises:
        InputError: not JSON, or no table of this form.
    """
    document = json_document(path, text)
    if isinstance(document, Mapping) and ("independent_variables" in document or "dependent_variables" in document):
        return (_from_variables(path, document, document),)
    if isinstance(document, Mapping) and "data_tables" in document:
        problem = "a record and not one of its tables: 'limits published fetch' gets those"
        raise complaint(path, "data_tables", problem)
    if not isinstance(document, Mapping) or "headers" not in document or "values" not in document:
        raise complaint(path, "table", "a HEPData table needs headers and values")
    return (_from_values(path, document),)


def _from_values(path: Path, document: Mapping[Any, Any]) -> PublishedTable:
    names = [_json_header(path, i, raw) for i, raw in enumerate(_list(path, "headers", document["headers"]))]
    rows: list[list[Cell]] = []
    if len(values := _list(path, "values", document["values"])) * len(names) > MOST_CELLS:
        raise too_large(path)
    for i, row in enumerate(values):
        if not isinstance(row, Mapping):
            raise complaint(path, f"values[{i}]", f"got {shown(plain(row))}: must have x and y")
        parts = [(k, j, raw) for k in "xy" for j, raw in enumerate(_list(path, f"values[{i}].{k}", row.get(k)))]
        rows.append([_cell(path, f"values[{i}].{k}[{j}]", raw) for k, j, raw in parts])
        if len(rows[-1]) != len(names):
            raise complaint(path, f"values[{i}]", f"got {len(rows[-1])} cells, but there are {len(names)} headers")
    columns = [Column(*name, tuple(row[i] for row in rows)) for i, name in enumerate(names)]
    return _table(path, columns, document)


def _json_header(path: Path, i: int, raw: Any) -> tuple[str, str | None]:
    if not isinstance(raw, Mapping) or not isinstance(name := raw.get("name"), str):
        raise complaint(path, f"headers[{i}]", "must have a name")
    if raw.get("colspan", 1) not in (1, "1"):
        raise complaint(
            path, f"headers[{i}]", f"got colspan {shown(plain(raw['colspan']))}: one column per header needed"
        )
    return split_unit(name)


def split_unit(text: str) -> tuple[str, str | None]:
    """The heading and the unit of a text like mass [GeV]; None if no unit is declared."""
    match = re.fullmatch(r"(.*\S)\s*\[([^\[\]]*)\]", text.strip(), flags=re.DOTALL)
    header, unit = (match[1], match[2]) if match else (text, None)
    return text_of(header) or "", text_of(unit)
