"""Documents of others, whatever they are: recognised, patched, or refused in one line; never more than so many bytes."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from limits.errors import LimitsError
from limits.formats import reading
from limits.formats.combine import to_card
from limits.formats.foreign import recognised
from limits.formats.hs3 import to_hs3
from limits.formats.patchsets import chosen
from limits.likelihood.workspace import digest

WORKSPACE: dict[str, Any] = {
    "channels": [
        {
            "name": "region",
            "samples": [
                {"name": "s", "data": [3.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
                {
                    "name": "b",
                    "data": [8.0],
                    "modifiers": [{"name": "k", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}],
                },
            ],
        }
    ],
    "observations": [{"name": "region", "data": [9.0]}],
    "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    "version": "1.0.0",
}
PATCHSET: dict[str, Any] = {
    "metadata": {
        "name": "points",
        "description": "one",
        "references": {"hepdata": "ins1234567"},
        "digests": {"sha256": digest(WORKSPACE)},
        "labels": ["mass", "kind"],
    },
    "patches": [
        {
            "metadata": {"name": "light", "values": [0.1, "a"]},
            "patch": [{"op": "replace", "path": "/channels/0/samples/0/data", "value": [5.0]}],
        }
    ],
    "version": "1.0.0",
}
TEXTS = {
    "pyhf": json.dumps(WORKSPACE).encode(),
    "hs3": json.dumps(to_hs3(WORKSPACE, name="x")).encode(),
    "combine-card": to_card({**WORKSPACE}).encode(),
}
LEAF = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=6)
ANY = st.recursive(LEAF, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3))


def one_line(error: Exception) -> bool:
    return len(str(error).splitlines()) == 1 and len(str(error)) < 3000


@pytest.mark.parametrize("form", TEXTS)
def test_each_is_recognised(form: str) -> None:
    found = recognised(TEXTS[form], "x")
    assert found.format == form
    # The two sides of this lognormal differ, and Combine joins them in another way.
    rel = 1e-2 if form == "combine-card" else 1e-9
    start = found.likelihood()
    assert start.fit(start.observed, 1.0).theta[1] == pytest.approx(
        recognised(TEXTS["pyhf"], "x").likelihood().fit(start.observed, 1.0).theta[1],
        rel=rel,
        abs=1e-2 if rel > 1e-3 else 1e-9,
    )


@settings(max_examples=200)
@given(data=st.data(), form=st.sampled_from(sorted(TEXTS)))
def test_any_bytes_in_any_place(data: st.DataObject, form: str) -> None:
    """A likelihood, or one line that says what is wrong."""
    content = TEXTS[form]
    for _ in range(data.draw(st.integers(0, 2))):
        start = data.draw(st.integers(0, len(content)))
        content = content[:start] + data.draw(st.binary(max_size=8)) + content[start + data.draw(st.integers(0, 12)) :]
    try:
        assert recognised(content, "x").likelihood().parameters
    except LimitsError as error:
        assert one_line(error)  # noqa: PT017 - most changes are refused, some are not


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [p for key, child in children for p in ((*path, key), *places(child, (*path, key)))]


@settings(max_examples=200)
@given(
    place=st.sampled_from(places(PATCHSET)),
    value=ANY,
    point=st.none() | st.sampled_from(["light", "0.1,a"]) | st.text(max_size=9),
)
@example(place=("patches", 0, "metadata", "values"), value=[0.1, 0.2, 0.3], point="0.1,a")
@example(place=("metadata", "digests"), value={"md5": "0" * 32}, point="light")
def test_any_patchset(place: tuple[Any, ...], value: Any, point: str | None) -> None:
    """A document that is then checked like any other, or one line."""
    changed = copy.deepcopy(PATCHSET)
    node: Any = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    try:
        patched = recognised(TEXTS["pyhf"], "x").patched([(changed, "patchset")], point)
        assert isinstance(patched.document, dict)
    except LimitsError as error:
        assert one_line(error)  # noqa: PT017 - most changes are refused, some are not


@given(ANY)
def test_any_json_is_no_patchset(document: Any) -> None:
    with pytest.raises(LimitsError) as caught:
        chosen(document if isinstance(document, dict) else {"patches": document}, "light", WORKSPACE, "x")
    assert one_line(caught.value)


# --- sizes ---


def test_no_more_than_so_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 2**20)
    (tmp_path / "large").write_bytes(b" " * (2**20 + 1))
    for source in (tmp_path / "large", io.BytesIO(b" " * (2**20 + 1)), "/dev/zero"):
        with pytest.raises(LimitsError, match="larger than 1 MB"):
            reading.content(source, "x")
    with pytest.raises(LimitsError, match="at most"):
        reading.parse(b" " * (2**20 + 1), "x")
    (tmp_path / "large").write_bytes(b" " * 2**20)
    assert len(reading.content(tmp_path / "large", "x")) == 2**20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[" * 33 + b"]" * 33, "nested more than 32 deep"),
        (b"[" * 10**6, "not JSON"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' stands twice"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "no JSON number"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"9" * 10**5, "not JSON"),
        (b"", "not JSON"),
    ],
)
def test_what_json_may_not_be(text: bytes, words: str) -> None:
    with pytest.raises(LimitsError, match=words) as caught:
        reading.parse(text, "x")
    assert one_line(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(PATCHSET).encode(), "a patch alone"),
        (json.dumps(PATCHSET["patches"][0]["patch"]).encode(), "a patch alone"),
        (b"{}", "neither a pyhf workspace"),
        (b"[]", "neither a pyhf workspace"),
        (b"3", "neither a pyhf workspace"),
        (b"#!/bin/sh\n", "not JSON"),
        (b"imax 1\n\xff", "not UTF-8"),
    ],
)
def test_what_is_none_of_the_three(content: bytes, words: str) -> None:
    with pytest.raises(LimitsError, match=words) as caught:
        recognised(content, "x").likelihood()
    assert one_line(caught.value)
