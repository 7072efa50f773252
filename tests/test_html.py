"""`limits report`: what the page holds is what was found; whatever stands in a file stays text."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from limits.cli import main
from limits.errors import InputError
from limits.provenance import revision
from limits.reproduce import Reproduction, Row, reproduce
from limits.scan import Scan, run_scan
from limits.search import Search, load

pytest.importorskip("jinja2", reason="the HTML report needs jinja2: it comes with the html extra")
go = pytest.importorskip("plotly.graph_objects", reason="the HTML report needs plotly: it comes with the html extra")

from limits.html import Results, computed, page, read  # noqa: E402
from limits.html.content import content, digests  # noqa: E402
from limits.html.door import filled  # noqa: E402
from limits.html.figures import by_plane, methods, plane, ratios  # noqa: E402

NASTY = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>{{ 7*7 }} \"'&%{x}"


def row(**changes: Any) -> Row:
    plain: dict[str, Any] = {
        "search": "na64mu-zprime",
        "hypothesis": "lmu-ltau",
        "quantity": "observed limit, g_Z'",
        "unit": "1",
        "mass_gev": 0.1,
        "published": 1e-3,
        "computed": 1.1e-3,
        "ratio": 1.1,
        "method": "cls-exact",
        "level": 0.9,
        "label": "predicted",
        "calibrated_to": None,
        "source": "Fig. 1",
        "status": "ok",
        "warnings": ("careful",),
    }
    return Row(**(plain | changes))


@pytest.fixture(scope="module")
def limit() -> Scan:
    return run_scan(load("na64mu-zprime"), masses=[0.05, 0.1, 0.2, 0.5, 1.0, 2.0])


@pytest.fixture(scope="module")
def region() -> Scan:
    return run_scan(load("faser-aprime"), masses=[0.02, 0.03, 0.05, 0.06, 0.1])


@pytest.fixture(scope="module")
def found(limit: Scan, region: Scan) -> Results:
    rows = (row(), row(search="faser-aprime", hypothesis="aprime", mass_gev=None, ratio=None, published=None))
    return Results(rows=rows, scans=(limit, region))


@pytest.fixture(scope="module")
def searches() -> dict[str, Search]:
    return {name: load(name) for name in ("na64mu-zprime", "faser-aprime")}


class Parsed(HTMLParser):
    """Elements in order, the text outside of scripts, and the scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_comment(self, data: str) -> None:
        self.tags.append(f"comment {data}")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)
        else:
            self.text += data


def parsed_page(results: Results, searches: Mapping[str, Search]) -> Parsed:
    """The page without plotly, which takes long to read."""
    files = dict.fromkeys(("style", "script", "plotly"), "")
    return Parsed(filled("page.html", {**content(results, searches), "files": files, "policy": ""}))


@pytest.fixture(scope="module")
def parsed(found: Results, searches: dict[str, Search]) -> Parsed:
    return Parsed(page(found, searches))


# --- the page ---


def test_it_asks_for_nothing_from_elsewhere(parsed: Parsed) -> None:
    loads = [
        (tag, name, value)
        for tag, name, value in parsed.attributes
        if name in ("src", "srcset", "href", "data", "action")
    ]
    assert loads
    assert all(tag == "a" for tag, _, _ in loads)
    assert "link" not in parsed.tags
    assert "@import" not in (
        page_style := (Path(sys.modules["limits.html"].__file__ or "").parent / "page" / "style.css").read_text()
    )
    assert "url(" not in page_style


def test_only_its_own_scripts_may_run(parsed: Parsed) -> None:
    (policy,) = [
        v for tag, name, v in parsed.attributes if tag == "meta" and name == "content" and v and "script-src" in v
    ]
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))["script-src"].split()
    running = [text for attributes, text in parsed.scripts if attributes.get("type") != "application/json"]
    assert len(running) == 2
    assert allowed == [f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in running]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]


def test_links_within_the_page_lead_somewhere(parsed: Parsed) -> None:
    identifiers = [value for _, name, value in parsed.attributes if name == "id"]
    assert len(set(identifiers)) == len(identifiers)
    targets = [
        value[1:]
        for tag, name, value in parsed.attributes
        if (tag, name) == ("a", "href") and value and value[0] == "#"
    ]
    assert targets
    assert set(targets) <= set(identifiers)
    labelled = {value for _, name, value in parsed.attributes if name == "aria-labelledby"}
    assert labelled <= set(identifiers)


def test_the_facts_stand_there_with_their_origin(parsed: Parsed, searches: dict[str, Search]) -> None:
    for search in searches.values():
        for key, quantity in search.quantities.items():
            assert key in parsed.text
            assert quantity.origin in parsed.text
        assert all(note in parsed.text for note in search.notes)
        for calibration in search.calibrations.values():
            assert calibration.fitted_to in parsed.text
        assert hashlib.sha256(search.path.read_bytes()).hexdigest() in parsed.text
    assert "careful" in parsed.text
    assert "@article{arXiv:2401.01708," in parsed.text


def test_a_search_without_its_file_says_so(limit: Scan) -> None:
    text = parsed_page(Results(scans=(replace(limit, search="unheard-of"),)), {}).text
    assert "The search file is not at hand" in text
    assert "limits cite" in text


def test_results_of_another_file_of_that_name_are_noticed(limit: Scan, searches: dict[str, Search]) -> None:
    other = replace(limit, assumptions=(*limit.assumptions, "no_such_number"))
    (section,) = content(Results(scans=(other,)), searches)["sections"]
    assert section.unlike is not None
    assert "no_such_number" in section.unlike
    (section,) = content(Results(scans=(limit,)), searches)["sections"]
    assert section.unlike is None


def test_an_empty_page_is_a_page() -> None:
    assert "The results hold no scans" in parsed_page(Results(), {}).text


def test_digests_are_of_the_files(searches: dict[str, Search]) -> None:
    search = load("microboone-trident")
    told = digests(search)
    assert {"search.toml", "bins.csv"} <= set(told)
    for name, digest in told.items():
        assert digest == hashlib.sha256((search.path.parent / name).read_bytes()).hexdigest()


def test_the_summary_counts(found: Results) -> None:
    rows = [row(ratio=r, label=label) for r, label in ((0.9, "predicted"), (1.5, "predicted"), (3.0, "recast"))]
    assert content(Results(rows=(*rows, row(ratio=None))), {})["summary"] == {
        "predicted": (2, pytest.approx(1.2), 0.5),
        "recast": (1, 3.0, 0.0),
    }


def test_the_revision_is_that_of_the_checkout(repository: Path) -> None:
    if not (repository / ".git").exists():
        assert revision() is None
        return
    command = ["git", "-C", str(repository), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (revision() or "").removesuffix("-dirty") == done.stdout.strip()


# --- whatever stands in a file stays text ---


def poisoned(scan: Scan, text: str) -> Scan:
    return replace(
        scan,
        search=text,
        hypothesis=text,
        coupling=dict.fromkeys(("symbol", "unit", "quantity"), text),
        method=text,
        label=text,
        data=text,
        set_values={text: 1.0},
        citations=(text,),
        provenance={text: text},
        points=tuple(replace(point, warnings=(text,)) for point in scan.points),
    )


def everywhere(limit: Scan, region: Scan, text: str) -> Results:
    words = dict.fromkeys(("search", "hypothesis", "quantity", "unit", "method", "label", "source", "status"), text)
    document = {
        "rows": [row(**words, warnings=(text,)).to_json()],
        "scans": [poisoned(scan, text).to_json() for scan in (limit, region)],
        "left_out": {text: text},
        "provenance": {text: text},
    }
    return read(json.loads(json.dumps(document)), text, text)


def test_no_result_becomes_markup(limit: Scan, region: Scan) -> None:
    hostile, harmless = (parsed_page(everywhere(limit, region, text), {}) for text in (NASTY, "words"))
    assert hostile.tags == harmless.tags
    assert [script for attributes, script in hostile.scripts if attributes.get("type") != "application/json"] == [
        script for attributes, script in harmless.scripts if attributes.get("type") != "application/json"
    ]
    assert NASTY in hostile.text
    assert "49" not in [word.strip("'\"") for word in hostile.text.split()]
    figures = [
        json.loads(script) for attributes, script in hostile.scripts if attributes.get("type") == "application/json"
    ]
    shown = [
        text
        for figure in figures
        for trace in figure["traces"]
        for text in (trace.get("name", ""), trace.get("hovertemplate") or "", *np.atleast_1d(trace.get("text", "")))
    ]
    assert shown
    assert not [text for text in shown if "<script" in text or "<img" in text or "&%{x}" in text]


@settings(max_examples=30)
@given(st.text(min_size=1))
def test_no_text_becomes_markup(text: str) -> None:
    pages = [parsed_page(Results(rows=(row(search=w, quantity=w, source=w, label=w),)), {}) for w in (text, "words")]
    assert pages[0].tags == pages[1].tags


def test_no_search_file_becomes_markup(tmp_path: Path, limit: Scan) -> None:
    words = NASTY.replace('"', "").replace("\\", "")
    text = load("na64mu-zprime").path.read_text()
    text = text.replace("notes = [", f'notes = [\n    "{words}",').replace(
        'experiment = "NA64mu"', f'experiment = "{words}"'
    )
    text = text.replace('journal = "', f'journal = "{words}')
    file = tmp_path / "search.toml"
    file.write_text(text)
    results = Results(scans=(limit,))
    hostile, harmless = (
        parsed_page(results, {"na64mu-zprime": load(file)}),
        parsed_page(results, {"na64mu-zprime": load("na64mu-zprime")}),
    )
    assert hostile.text.count(words) >= 2
    extra = {"li"}
    assert [tag for tag in hostile.tags if tag not in extra] == [tag for tag in harmless.tags if tag not in extra]


# --- figures ---


def traces_of(figure: Any, role: str) -> list[dict[str, Any]]:
    return [trace for trace in figure.traces if trace["meta"]["role"] == role]


def test_plotly_takes_every_trace(limit: Scan, region: Scan, searches: dict[str, Search]) -> None:
    figures = [f for scan in (limit, region) for f in (plane("p", [scan], searches), methods("m", [scan], searches))]
    figures.append(ratios("r", [row()], []))
    for figure in figures:
        go.Figure(data=list(figure.traces))


def test_a_limit_is_drawn_where_it_was_found(limit: Scan) -> None:
    (line,) = traces_of(plane("p", [limit], {}), "observed")
    np.testing.assert_allclose(line["x"], [p.mass_gev for p in limit.points], rtol=1e-4)
    np.testing.assert_allclose(line["y"], [p.observed_limit for p in limit.points], rtol=1e-4)
    (median,) = traces_of(plane("p", [limit], {}), "expected")
    np.testing.assert_allclose(median["y"], [p.expected_limit[2] for p in limit.points], rtol=1e-4)
    assert "CLs = 0.1 on this line" in line["hovertemplate"]
    assert "na64mu-zprime" in line["hovertemplate"]
    assert "cls-exact at 90 %" in line["hovertemplate"]


def test_a_band_encloses_the_median(limit: Scan) -> None:
    (band,) = traces_of(methods("m", [limit], {}), "band2")
    n = len(limit.points)
    np.testing.assert_allclose(band["y"][:n], [p.expected_limit[0] for p in limit.points], rtol=1e-4)
    np.testing.assert_allclose(band["y"][n : 2 * n], [p.expected_limit[4] for p in reversed(limit.points)], rtol=1e-4)


def edges(trace: Mapping[str, Any]) -> set[tuple[float, float]]:
    return {(x, y) for x, y in zip(trace["x"], trace["y"], strict=True) if x is not None and y is not None}


def test_a_region_has_both_edges_and_its_end(region: Scan) -> None:
    (line,) = traces_of(plane("p", [region], {}), "observed")
    wanted = {
        (p.mass_gev, float(f"{edge:.5g}"))
        for p in region.points
        for interval in p.excluded
        for edge in interval
        if edge is not None
    }
    assert edges(line) == wanted
    ends = [x for x, said in zip(line["x"], line["customdata"], strict=True) if "end of the region" in said]
    assert set(ends) == {max(p.mass_gev for p in region.points if p.excluded)}
    (area,) = traces_of(plane("p", [region], {}), "area")
    assert edges(area) == wanted


def test_an_open_edge_has_no_line(region: Scan) -> None:
    points = tuple(replace(p, excluded=tuple((low, None) for low, _ in p.excluded)) for p in region.points)
    figure = plane("p", [replace(region, points=points)], {})
    (line,) = traces_of(figure, "observed")
    assert not [
        said
        for x, y, said in zip(line["x"], line["y"], line["customdata"], strict=True)
        if "upper" in said and y is not None
    ]
    (area,) = traces_of(figure, "area")
    assert max(y for y in area["y"] if y is not None) > figure.axes["yrange"][1]


def test_one_scan_of_each_search_is_shown_at_first(limit: Scan, region: Scan) -> None:
    other = replace(limit, label="calibrated")
    figure = plane("p", [limit, other, replace(limit, search="another")], {})
    assert [entry.shown for entry in figure.entries] == [True, False, True]
    for trace in figure.traces:
        assert trace.get("visible", True) == (trace["meta"]["key"] != "p-1")
    assert len(by_plane([limit, region, other])) == 2


def test_simulated_data_are_called_that_in_the_legend(limit: Scan) -> None:
    data = "simulated sample without signal, seed 1"
    assert data in plane("p", [replace(limit, data=data)], {}).entries[0].how


def test_what_excludes_nothing_says_so(region: Scan) -> None:
    nothing = replace(region, points=tuple(replace(p, excluded=(), expected_excluded=()) for p in region.points))
    figure = plane("p", [nothing], {})
    assert figure.entries[0].empty
    assert "nothing excluded" in parsed_page(Results(scans=(nothing,)), {}).text


def test_ratios_are_those_of_the_rows() -> None:
    rows = [row(), row(mass_gev=0.2, ratio=0.5), row(method="cls", ratio=2.0), row(ratio=None)]
    figure = ratios("r", rows, [])
    assert figure is not None
    assert [trace["x"] for trace in figure.traces] == [[1.1, 0.5], [2.0]]
    assert len(figure.axes["names"]) == 2
    assert ratios("r", [row(ratio=None)], []) is None


# --- results read back ---


@pytest.fixture(scope="module")
def reproduced() -> Reproduction:
    return reproduce(["na64mu-zprime"])


def test_what_was_written_is_read(reproduced: Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limits.pictures.draw", lambda *_: [])  # the pictures take longest
    reproduced.write(tmp_path)
    document = json.loads((tmp_path / "results.json").read_text())
    back, fresh = read(document, "results.json", "0"), computed(reproduced)
    assert back.rows == fresh.rows
    assert back.curves == fresh.curves
    assert [scan.to_json() for scan in back.scans] == [scan.to_json() for scan in fresh.scans]
    assert back.sources[0].provenance == fresh.sources[0].provenance


def test_rows_without_scans_are_results(reproduced: Reproduction) -> None:
    back = read(reproduced.to_json() | {"rows": [r.to_json() for r in reproduced.rows]}, "x", "0")
    assert back.rows == reproduced.rows
    assert back.scans == ()


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({}, "no results"),
        ({"rows": 3}, "rows"),
        ({"rows": [{}]}, "rows.0.search"),
        ({"rows": [row().to_json() | {"ratio": "one"}]}, "rows.0.ratio"),
        ({"rows": [row().to_json() | {"ratio": float("inf")}]}, "rows.0.ratio: must be a finite number"),
        ({"rows": [], "scans": [{}]}, "not a scan"),
        ({"rows": [], "scans": 1}, "scans"),
        ({"rows": [], "provenance": {"limits": 1}}, "provenance.limits"),
        ({"combination": "x", "scan": {}, "gain": {}}, "not a scan"),
        ({"plane": "aprime", "scans": [3]}, "scans"),
    ],
)
def test_results_that_cannot_be(document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=r"^[^\n]+$") as error:
        read(document, "bad.json", "0")
    assert str(error.value).startswith("bad.json: ")
    assert complaint in str(error.value)


# --- the command ---


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, args)])


def test_from_files_of_results(tmp_path: Path, limit: Scan, region: Scan) -> None:
    files = []
    for scan in (limit, region):
        files.append(tmp_path / f"{scan.search}.json")
        files[-1].write_text(json.dumps(scan.to_json()))
    done = run(*files, "--output-file", tmp_path / "page.html")
    assert done.exit_code == 0, done.stderr
    text = Parsed((tmp_path / "page.html").read_text()).text
    for file in files:
        assert hashlib.sha256(file.read_bytes()).hexdigest() in text
        assert file.name in text
    assert str(tmp_path) not in text


def test_a_combination_has_its_gain(tmp_path: Path) -> None:
    file = tmp_path / "pair.json"
    wanted = ("combine", "na62-aprime-ee", "faser-aprime", "--hypothesis", "aprime", "--masses", "0.03")
    made = CliRunner().invoke(main, [*wanted, "--output-file", str(file)])
    assert made.exit_code == 0, made.stderr
    done = run(file, "--output-file", tmp_path / "page.html")
    assert done.exit_code == 0, done.stderr
    gain = json.loads(file.read_text())["gain"]
    assert f"observed {gain['observed']:.4g}" in Parsed((tmp_path / "page.html").read_text()).text


def test_computed_searches(tmp_path: Path, reproduced: Reproduction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limits.reproduce.reproduce", lambda *_, **__: reproduced)
    done = run("na64mu-zprime", "--output-file", tmp_path / "page.html")
    assert done.exit_code == 0, done.stderr
    text = Parsed((tmp_path / "page.html").read_text()).text
    assert "computed for this page" in text
    assert "toys from seed 1" in text


def test_results_are_not_computed(tmp_path: Path, limit: Scan) -> None:
    file = tmp_path / "scan.json"
    file.write_text(json.dumps(limit.to_json()))
    for option in (("--published", tmp_path), ("--executor", "processes"), ("--resume", tmp_path / "kept")):
        done = run(file, *option, "--output-file", tmp_path / "page.html")
        assert done.exit_code == 2
        assert f"{option[0]} goes with searches: RESULTS are shown as they are" in done.stderr
    assert not (tmp_path / "kept").exists()


def test_a_search_file_of_ones_own_gives_the_facts(tmp_path: Path, limit: Scan) -> None:
    text = load("na64mu-zprime").path.read_text().replace('name = "na64mu-zprime"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text(text)
    file = tmp_path / "scan.json"
    file.write_text(json.dumps(replace(limit, search="mine").to_json()))
    done = run(file, tmp_path / "mine.toml", "--output-file", tmp_path / "page.html")
    assert done.exit_code == 0, done.stderr
    assert "The search file is not at hand" not in Parsed((tmp_path / "page.html").read_text()).text


@pytest.mark.parametrize(
    ("args", "code", "complaint"),
    [
        (("no-such-search",), 1, "no-such-search"),
        (("{bad}",), 1, "bad.json: no results"),
        (("{bad}", "--published", "."), 2, "--published goes with searches"),
    ],
)
def test_what_goes_wrong_is_one_line(tmp_path: Path, args: tuple[str, ...], code: int, complaint: str) -> None:
    (tmp_path / "bad.json").write_text("{}")
    done = run(
        *(arg.replace("{bad}", str(tmp_path / "bad.json")) for arg in args), "--output-file", tmp_path / "page.html"
    )
    assert done.exit_code == code
    assert complaint in done.stderr
    assert "bug" not in done.stderr
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("package", ["plotly.offline", "jinja2"])
def test_a_missing_extra_is_named(tmp_path: Path, limit: Scan, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    file = tmp_path / "scan.json"
    file.write_text(json.dumps(limit.to_json()))
    done = run(file, "--output-file", tmp_path / "page.html")
    assert done.exit_code == 1
    assert "darksector-limits[html]" in done.stderr


def test_the_same_results_give_the_same_page(found: Results, searches: dict[str, Search]) -> None:
    assert page(found, searches) == page(found, searches)
