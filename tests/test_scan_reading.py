"""A scan written as JSON and read back; what is no scan is one line."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limits.errors import InputError
from limits.scan import Peak, PointResult, Scan, run_scan, scan_from_json
from limits.search import load

WORDS = {"symbol": "ε", "unit": "1", "quantity": "kinetic mixing"}
PEAK = Peak(1.5, None, "quadratic", 2e-3, (None, 1e-3, 2e-3, 3e-3, 4e-3))
POINTS = (
    PointResult(
        0.1, None, (None,) * 5, ((1e-5, None), (None, 1e-7)), ((None, None),), 0.5, "partial", ("a",), "b", PEAK
    ),
    PointResult(0.2, 1e-4, (1e-5, 2e-5, 3e-5, 4e-5, 5e-5), (), (), None, "ok"),
)
SCAN = Scan("s", "aprime", WORDS, "region", "cls", 0.9, "", "predicted", None, ("x",), {"y": 2.0}, POINTS, rate=WORDS)


def document() -> dict[str, Any]:
    return json.loads(json.dumps(SCAN.to_json()))


def test_a_scan_reads_back() -> None:
    back = scan_from_json(document(), "x")
    assert back.points == SCAN.points
    assert back.to_json() == SCAN.to_json()
    assert back.of_rate().points[0].observed_limit == 2e-3


def test_a_computed_scan_reads_back() -> None:
    found = run_scan(load("na64mu-zprime"), None, masses=[0.01, 0.1])
    assert scan_from_json(json.loads(json.dumps(found.to_json())), "x").points == found.points


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("points", None, "points: not a scan"),
        ("points", [], "there are none"),
        ("points.0.mass_gev", "x", "points.0.mass_gev: not a scan"),
        ("points.0.mass_gev", 0.3, "got 0.2 after 0.3"),
        ("points.0.mass_gev", -1, "must be numbers > 0"),
        ("points.1.observed_limit", float("inf"), "must be numbers > 0"),
        ("points.1.observed_limit", 0, "must be numbers > 0"),
        ("points.1.expected_limit", [0, 1, 0, 2, 3], "must be numbers > 0"),
        ("points.1.expected_limit", [-1, 1, 2, 3, 4], "must be numbers ≥ 0"),
        ("points.1.expected_limit", [1, 2], "five entries"),
        ("points.0.peak.expected_limit", [1], "five entries"),
        ("points.0.excluded", [[1]], "not a scan"),
        ("points.0.excluded", [[1, -2]], "must be numbers > 0"),
        ("coupling", {"symbol": "x"}, "must have symbol, unit and quantity"),
        ("rate", {}, "must have symbol, unit and quantity"),
        ("exclusion", "line", "got 'line': must be upper-limit or region"),
        ("level", 1.5, "between 0 and 1"),
    ],
)
def test_what_is_no_scan(key: str, value: Any, complaint: str) -> None:
    changed = document()
    place: Any = changed
    *path, last = key.split(".")
    for part in path:
        place = place[int(part) if part.isdigit() else part]
    place[last] = value
    with pytest.raises(InputError, match=complaint) as caught:
        scan_from_json(changed, "file.json")
    assert str(caught.value).startswith("file.json: ")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("other", [None, [], 3, "x", {}, {"status": "ok"}, {"search": 1, "points": 2, "coupling": 3}])
def test_other_json(other: Any) -> None:
    with pytest.raises(InputError, match="not a scan"):
        scan_from_json(other, "x")


KEYS = list(SCAN.to_json())


@settings(max_examples=100)
@given(
    st.sampled_from(KEYS),
    st.recursive(st.none() | st.floats() | st.text(max_size=5), lambda x: st.lists(x, max_size=3)),
)
def test_anything_in_its_place(key: str, value: Any) -> None:
    changed = copy.deepcopy(document())
    changed[key] = value
    message = ""
    try:
        scan_from_json(changed, "x")
    except InputError as error:
        message = str(error)
    assert message.isprintable()


def test_an_expected_band_may_begin_at_zero() -> None:
    found = document()
    found["points"][1]["expected_limit"][0] = 0.0
    assert scan_from_json(found, "x").points[1].expected_limit[0] == 0
