"""Submissions to HEPData: the numbers as they stand in the files, what the schema asks for, and HEPData's own validator."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from limits.errors import InputError
from limits.formats.hepdata import analyses, likelihoods, submission, without_inspire
from limits.formats.pyhf import text, write
from limits.published import PublishedTable, read_table, read_tables, understood
from limits.scan import Peak, PointResult, Scan, run_scan
from limits.search import Search, load, names

NONE = (None,) * 5
TEXT = st.text(max_size=90)


@cache  # and not the fixture where hypothesis would print it
def facts() -> Search:
    return load("na64mu-zprime")


@pytest.fixture(scope="module")
def search() -> Search:
    return facts()


def point(
    mass: float, observed: float | None = None, band: tuple[float | None, ...] = NONE, **more: Any
) -> PointResult:
    fields = {"excluded": (), "expected_excluded": (), "significance": None, "status": "ok", **more}
    return PointResult(mass, observed, band, **fields)


def scan(points: list[PointResult], **more: Any) -> Scan:
    fields: dict[str, Any] = {
        "search": "na64mu-zprime",
        "hypothesis": "lmu-ltau",
        "coupling": {"symbol": "g_Z'", "unit": "1", "quantity": "coupling g_Z'"},
        "exclusion": "upper-limit",
        "method": "cls-exact",
        "level": 0.9,
        "expected_kind": "a-priori: counts",
        "label": "predicted",
        "calibrated_to": None,
        "assumptions": ("trigger", "dose"),
        "set_values": {},
        "points": tuple(points),
    }
    return Scan(**{**fields, **more})


LIMITS = scan(
    [
        point(0.01, 1.23456789e-4, (1.0e-4, 1.1e-4, 1.25e-4, 1.4000004e-4, 1.6e-4)),
        point(0.0215443469003, 2.5e-4, (2.5e-4, 2.5e-4, 2.5e-4, 2.5e-4, 3.0e-4)),
        point(0.05, None, NONE, status="insensitive"),
        point(0.1, 3.0e-4, (None, 2.8e-4, 3.1e-4, 3.3e-4, None), status="partial", warnings=("no −2σ, +2σ",)),
    ]
)


REGION = scan(
    [
        point(0.01, excluded=((1e-6, 3.3333333e-4),), expected_excluded=((2e-6, 3e-4),)),
        point(0.02, excluded=((2e-6, 2e-5),), expected_excluded=((2.5e-6, 1e-5),)),
        point(0.03),
        point(0.04, excluded=((4e-6, 5e-6),)),
    ],
    exclusion="region",
    coupling={"symbol": "ε", "unit": "1", "quantity": "kinetic mixing"},
)


def peak(events: float | None, error: float | None, observed: float | None, expected: float | None) -> Peak:
    return Peak(events, error, "crystal-ball", observed, (None, None, expected, None, None))


HUNT = scan(
    [
        point(1.0, 1e-3, (None, None, 2e-3, None, None), significance=1.25, peak=peak(7.5, 4.5, 0.12, 0.25)),
        point(1.1, 3e-3, (None, None, 4e-3, None, None), significance=-0.5, peak=peak(-2, 0.0, 0.4, 0.5)),
    ],
    rate={"symbol": "σB", "unit": "fb", "quantity": "cross-section times branching fraction"},
    data="simulated sample without signal, seed 1",
    treatment="all",
    global_significance={"local_z": 1.25, "z": None},
)


def written(search: Search, scans: list[Scan], folder: Path, **more: Any) -> list[PublishedTable]:
    """The tables as the reader of published tables finds them."""
    write(submission(search, scans, **more), folder)
    return list(read_tables(folder / "submission.yaml"))


def headings(files: Mapping[str, Any], start: str) -> list[str]:
    document = yaml.safe_load(next(text for name, text in files.items() if name.startswith(start)))
    return [variable["header"]["name"] for variable in document["dependent_variables"]]


# --- the numbers ---


def test_limits_come_back_as_written(search: Search, tmp_path: Path) -> None:
    (table,) = written(search, [LIMITS], tmp_path)
    assert table.name == "Upper limit: lmu-ltau, cls-exact (predicted)"
    found = understood(table)
    assert found.kind == "upper limit"
    assert found.column("mass_gev").values == (0.01, 0.0215443469003, 0.1)  # type: ignore[union-attr]
    assert found.column("observed_limit").values == (1.23457e-4, 2.5e-4, 3.0e-4)  # type: ignore[union-attr]
    assert found.column("expected_limit").values == (1.25e-4, 2.5e-4, 3.1e-4)  # type: ignore[union-attr]
    observed = next(column for column in table.columns if column.header.startswith("Observed"))
    assert observed.cells[2].missing


def test_bands_come_back_as_written(search: Search, tmp_path: Path) -> None:
    (table,) = written(search, [LIMITS], tmp_path)
    one = understood(table, {"expected_limit": "Expected upper limit on g_Z' ± 1σ"})
    # The second mass has a band of no width, which HEPData does not take as errors; the third has no limit.
    assert one.values("mass_gev").tolist() == [0.01, 0.1]  # type: ignore[union-attr]
    assert one.values("expected_minus1") == pytest.approx([1.1e-4, 2.8e-4], rel=1e-15)
    assert one.values("expected_plus1") == pytest.approx([1.4e-4, 3.3e-4], rel=1e-15)
    two = understood(table, {"expected_limit": "Expected upper limit on g_Z' ± 2σ"})
    assert two.values("mass_gev").tolist() == [0.01, 0.0215443469003]  # type: ignore[union-attr]
    assert two.values("expected_minus2") == pytest.approx([1.0e-4, 2.5e-4], rel=1e-15)
    assert two.values("expected_plus2") == pytest.approx([1.6e-4, 3.0e-4], rel=1e-15)


@given(
    st.lists(st.floats(min_value=1e-12, max_value=1e6), min_size=5, max_size=5).map(sorted),
    st.floats(min_value=1e-12, max_value=1e6),
)
@settings(max_examples=40)
def test_errors_are_exact_in_the_digits_written(band: list[float], observed: float) -> None:
    files = submission(facts(), [scan([point(0.1, observed, tuple(band))])])
    document = yaml.safe_load(next(str(files[name]) for name in files if name.startswith("01-")))
    columns = [variable["values"][0] for variable in document["dependent_variables"]]
    assert [columns[0]["value"], columns[1]["value"]] == [float(f"{v:.6g}") for v in (observed, band[2])]
    for n, cell in ((1, columns[2]), (2, columns[3])):
        edges = [Decimal(f"{band[i]:.6g}") for i in (2 - n, 2 + n)]
        here = Decimal(repr(cell["value"]))
        for error in cell.get("errors", [{"symerror": 0.0}]):
            sizes = error.get("asymerror", {"minus": -error.get("symerror", 0), "plus": error.get("symerror", 0)})
            assert [float(edge - here) for edge in edges] == [sizes["minus"], sizes["plus"]]
            assert "errors" not in cell or sizes["minus"] or sizes["plus"]


def test_a_region_is_its_edges_and_its_contours(search: Search, tmp_path: Path) -> None:
    edges, contour = written(search, [REGION], tmp_path)
    found = understood(edges)
    assert found.kind == "region"
    assert found.values("mass_gev").tolist() == [0.01, 0.02, 0.04]  # type: ignore[union-attr]
    assert found.values("lower").tolist() == [1e-6, 2e-6, 4e-6]  # type: ignore[union-attr]
    assert found.values("upper").tolist() == [3.33333e-4, 2e-5, 5e-6]  # type: ignore[union-attr]
    names = {side: f"Expected {side} edge of the excluded ε" for side in ("lower", "upper")}
    expected = understood(edges, names)
    assert expected.values("lower").tolist() == [2e-6, 2.5e-6]  # type: ignore[union-attr]
    assert expected.values("upper").tolist() == [3e-4, 1e-5]  # type: ignore[union-attr]
    around = understood(contour)
    assert around.kind == "contour"
    assert around.values("mass_gev").tolist() == [0.01, 0.02, 0.02, 0.01, 0.01]  # type: ignore[union-attr]
    assert around.values("coupling").tolist() == [1e-6, 2e-6, 2e-5, 3.33333e-4, 1e-6]  # type: ignore[union-attr]


def test_several_intervals_and_open_edges(search: Search, tmp_path: Path) -> None:
    several = replace(
        REGION,
        points=(
            point(0.01, excluded=((1e-6, 1e-5), (2e-5, 3e-5))),
            point(0.02, excluded=((None, 2e-6), (2e-5, 4e-5))),
            point(0.03, excluded=((3e-6, None),)),
        ),
    )
    (table,) = written(search, [several], tmp_path)
    second = {side: f"{side.capitalize()} edge of the excluded ε, interval 2" for side in ("lower", "upper")}
    found = understood(table, second)
    assert found.values("lower").tolist() == [2e-5, 2e-5]  # type: ignore[union-attr]
    assert found.values("upper").tolist() == [3e-5, 4e-5]  # type: ignore[union-attr]
    first = {column.header: column.cells for column in table.columns}
    assert [one.text for one in first["Lower edge of the excluded ε, interval 1"]] == ["1e-06", "n/a", "3e-06"]
    assert [one.text for one in first["Upper edge of the excluded ε, interval 1"]] == ["1e-05", "2e-06", "n/a"]
    assert [one.text for one in first["Upper edge of the excluded ε, interval 2"]] == ["3e-05", "4e-05", "-"]


def test_islands_have_a_contour_each(search: Search) -> None:
    two = replace(REGION, points=(*REGION.points, replace(REGION.points[3], mass_gev=0.05)))
    assert [name[:12] for name in submission(search, [two])] == [
        "submission.y",
        "01-excluded-",
        "02-contour-1",
        "03-contour-2",
    ]


def test_a_hunt_has_significances_and_its_rate(search: Search, tmp_path: Path) -> None:
    ours, rate = written(search, [HUNT], tmp_path)
    cells = {column.header: column.cells for column in ours.columns}
    assert [one.value for one in cells["Local significance"]] == [1.25, -0.5]
    assert [one.value for one in cells["Signal of the fit"]] == [7.5, -2]
    assert [one.errors[:1] and one.errors[0].plus for one in cells["Signal of the fit"]] == [4.5, ()]
    assert understood(ours).values("observed_limit").tolist() == [1e-3, 3e-3]  # type: ignore[union-attr]
    found = understood(rate)  # in fb, which is read in pb
    assert found.values("observed_limit").tolist() == [0.00012, 0.0004]  # type: ignore[union-attr]
    assert found.values("expected_limit").tolist() == [0.00025, 0.0005]  # type: ignore[union-attr]
    about = list(yaml.safe_load_all((tmp_path / "submission.yaml").read_text()))[1]["description"]
    assert "Data: simulated sample without signal, seed 1, treatment all. Largest excess: local 1.25 σ." in about
    document = yaml.safe_load(next(tmp_path.glob("01-*")).read_text())
    for column in document["dependent_variables"]:
        assert {"name": "Data", "value": "simulated sample without signal, seed 1"} in column["qualifiers"]
    assert len(written(search, [HUNT.of_rate()], tmp_path / "rate")) == 1


def test_columns_that_hold_nothing(search: Search) -> None:
    empty = submission(search, [scan([point(0.1), point(0.2)])])
    assert headings(empty, "01") == ["Observed upper limit on g_Z'"]
    nowhere = submission(search, [replace(REGION, points=(point(0.1), point(0.2)))])
    assert headings(nowhere, "01") == ["Lower edge of the excluded ε", "Upper edge of the excluded ε"]
    median = submission(search, [scan([point(0.1, 1e-3, (None, None, 2e-3, None, None))])])
    assert headings(median, "01") == ["Observed upper limit on g_Z'", "Expected upper limit on g_Z'"]


# --- what is said ---


def test_a_description_says_what_the_table_is(search: Search) -> None:
    calibrated = replace(LIMITS, label="calibrated", calibrated_to="dose: Figure 3", set_values={"trigger": 0.5})
    first, *tables = yaml.safe_load_all(str(submission(search, [LIMITS, calibrated])["submission.yaml"]))
    assert "not a result of that collaboration" in first["comment"]
    assert [table["name"] for table in tables] == [
        "Upper limit: lmu-ltau, cls-exact (predicted)",
        "Upper limit: lmu-ltau, cls-exact (calibrated)",
    ]
    for words in (
        "Upper limit at 90 % of coupling g_Z' (a plain number), hypothesis lmu-ltau",
        "arXiv:2401.01708",
        "Label: predicted",
        "Method: cls-exact, level 90 %. Expected limits: a-priori: counts.",
        "Assumed, not published: trigger, dose.",
        "1 of 4 masses have no observed one",
        "Partial results at 1 of 4 masses. Warning at 1 of 4 masses: no −2σ, +2σ.",
    ):
        assert words in tables[0]["description"]
    assert "Calibrated: dose: Figure 3." in tables[1]["description"]
    assert "Set by hand: trigger = 0.5." in tables[1]["description"]


def test_the_same_scan_twice_has_two_names(search: Search) -> None:
    _, *tables = yaml.safe_load_all(str(submission(search, [LIMITS, LIMITS])["submission.yaml"]))
    assert [table["name"] for table in tables][1].endswith("(predicted) (2)")


def test_keywords_and_records_come_from_the_search_file() -> None:
    belle, faser = load("belle2-idm"), load("faser-aprime")
    _, table = yaml.safe_load_all(str(submission(belle, [replace(LIMITS, search=belle.name)])["submission.yaml"]))
    assert {"name": "cmenergies", "values": [10.58]} in table["keywords"]
    first, table = yaml.safe_load_all(str(submission(faser, [replace(LIMITS, search=faser.name)])["submission.yaml"]))
    assert "cmenergies" not in {keyword["name"] for keyword in table["keywords"]}
    assert first["related_to_hepdata_records"] == [143251]
    assert first["additional_resources"][0]["location"] == "https://arxiv.org/abs/2308.05587"


def test_likelihoods_are_attached_by_type(search: Search) -> None:
    found = likelihoods(search, masses=[0.1, 0.2])
    assert set(found) == {"workspace.json", "patchset.json", "workspace.hs3.json"}
    other = likelihoods(search, "muonphilic-scalar", masses=[0.1])
    assert set(other) == {"muonphilic-scalar-workspace.json", "muonphilic-scalar-workspace.hs3.json"}
    files = submission(search, [LIMITS], documents=found | other)
    first = next(yaml.safe_load_all(str(files["submission.yaml"])))
    types = {one["location"]: one.get("type") for one in first["additional_resources"]}
    assert {name: types[name] for name in found} == {
        "workspace.json": "HistFactory",
        "patchset.json": "HistFactory",
        "workspace.hs3.json": "HS3",
    }
    assert files["workspace.json"] == found["workspace.json"]


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ({"submission.yaml": {"channels": []}}, "submission.yaml"),
        ({"a/b.json": {"channels": []}}, "a/b.json"),
        ({"http.json": {"channels": []}}, "http.json"),
        ({".hidden": {"channels": []}}, "hidden"),
        ({"01-upper-limit-lmu-ltau-cls-exact-predicted.yaml": {"channels": []}}, "01-upper"),
        ({"other.json": {"metadata": {}}}, "neither a pyhf workspace"),
    ],
)
def test_documents_that_cannot_be_attached(search: Search, documents: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        submission(search, [LIMITS], documents=documents)
    assert len(str(caught.value).splitlines()) == 1


def test_scans_that_cannot_be_submitted(search: Search) -> None:
    with pytest.raises(InputError, match="one at least"):
        submission(search, [])
    with pytest.raises(InputError, match="must be of this search"):
        submission(search, [replace(LIMITS, search="faser-aprime")])


# --- the schema ---


def valid(files: Mapping[str, Any]) -> None:
    """The rules of submission schema 1.1.1 that a writer can break, and those of HEPData besides it."""
    whole = str(files["submission.yaml"])
    assert not whole.rstrip().endswith("---")
    first, *tables = yaml.safe_load_all(whole)
    assert set(first) <= {"comment", "additional_resources", "related_to_hepdata_records"}
    assert all(isinstance(number, int) for number in first.get("related_to_hepdata_records", []))
    for resource in first["additional_resources"]:
        assert set(resource) in ({"location", "description"}, {"location", "description", "type"})
        assert len(resource["location"]) <= 256
        assert len(resource.get("type", "")) <= 64
    assert tables
    assert len({table["name"] for table in tables}) == len(tables)
    for table in tables:
        assert set(table) == {"name", "description", "keywords", "data_file"}
        assert 0 < len(table["name"]) <= 64
        for keyword in table["keywords"]:
            assert set(keyword) == {"name", "values"}
            assert keyword["name"] in ("cmenergies", "observables", "reactions", "phrases")
            assert all(
                isinstance(v, float) if keyword["name"] == "cmenergies" else 0 < len(v) <= 128
                for v in keyword["values"]
            )
            assert not re.search(r"[$\\]", str(keyword["values"][0]))
        assert re.fullmatch(r"[a-z0-9-]+\.yaml", table["data_file"])
        valid_data(yaml.safe_load(str(files[table["data_file"]])))
    local = {one["location"] for one in first["additional_resources"] if not one["location"].startswith("http")}
    assert set(files) == {"submission.yaml", *local, *(table["data_file"] for table in tables)}


def valid_data(document: Mapping[str, Any]) -> None:
    assert set(document) == {"independent_variables", "dependent_variables"}
    (independent,), dependent = document["independent_variables"], document["dependent_variables"]
    assert dependent
    for variable in (independent, *dependent):
        assert set(variable) <= {"header", "values"} | ({"qualifiers"} if variable is not independent else set())
        assert set(variable["header"]) <= {"name", "units"}
        assert len(variable["values"]) == len(independent["values"])
    assert all(set(cell) == {"value"} and isinstance(cell["value"], int | float) for cell in independent["values"])
    for cell in (cell for variable in dependent for cell in variable["values"]):
        assert isinstance(cell["value"], float) or cell["value"] in ("-", "n/a")
        for error in cell.get("errors", []):
            assert set(error) in ({"label", "symerror"}, {"label", "asymerror"})
            assert any(error["asymerror"].values() if "asymerror" in error else [error["symerror"]])
    for qualifier in (one for variable in dependent for one in variable["qualifiers"]):
        assert set(qualifier) <= {"name", "value", "units"}
        assert isinstance(qualifier["value"], str | int | float)


@given(symbol=TEXT, quantity=TEXT, hypothesis=TEXT, method=TEXT, label=TEXT, unit=TEXT, warning=TEXT)
@settings(max_examples=60)
def test_any_words_make_valid_files(**words: str) -> None:
    coupling = {key: words[key] for key in ("symbol", "unit", "quantity")}
    about = {key: words[key] for key in ("hypothesis", "method", "label")}
    warned = (*LIMITS.points[:3], replace(LIMITS.points[3], warnings=(words["warning"],)))
    limits, region = (replace(one, coupling=coupling, **about) for one in (LIMITS, REGION))
    files = submission(facts(), [replace(limits, points=warned), region], documents={"w.json": {"channels": []}})
    valid(files)
    # No line break or other character of a control reaches a heading: what is read is what is written.
    document = yaml.safe_load(next(str(files[name]) for name in files if name.startswith("01-")))
    assert all(variable["header"]["name"].isprintable() for variable in document["dependent_variables"])


@pytest.mark.parametrize(
    "odd", ["a: b", "- x", "#", "'\"", "{", "x\n---\ny", "\x00", "\ud800", "€ 😀", "\u2028", "null", "=", " é "]
)
def test_odd_words_are_read_as_written(search: Search, odd: str, tmp_path: Path) -> None:
    coupling = {"symbol": odd, "unit": "1", "quantity": odd}
    (table,) = written(search, [replace(LIMITS, coupling=coupling)], tmp_path)
    assert table.columns[1].header.startswith("Observed upper limit on")
    assert understood(table).values("observed_limit").tolist() == [1.23457e-4, 2.5e-4, 3.0e-4]  # type: ignore[union-attr]


# --- HEPData's validator ---


@pytest.fixture(scope="module")
def validator() -> str:
    """The command of hepdata-validator, which is GPL: only ever another process."""
    beside = Path(sys.executable).with_name("hepdata-validate")
    found = (
        os.environ.get("HEPDATA_VALIDATE")
        or shutil.which("hepdata-validate")
        or (str(beside) if beside.exists() else None)
    )
    if found is None:
        pytest.skip("hepdata-validate is not installed: HEPDATA_VALIDATE or PATH says where it is")
    return found


def validated(validator: str, folder: Path) -> str:
    done = subprocess.run([validator, "-d", str(folder)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def real() -> Iterator[tuple[str, Scan, dict[str, Any]]]:
    """One of every kind: a limit and a region from counts, histograms, a combination, a missing mass, a hunt; with their likelihoods."""
    for name, masses in (
        ("na64mu-zprime", [0.01, 0.1]),
        ("faser-aprime", [0.03, 0.05, 0.07]),
        ("microboone-trident", [0.01, 0.05]),
        ("na62-aprime", [0.25, 0.3]),
        ("babar-psid-p", [2.0, 3.0]),
        ("babar-zprime-4mu", [2.0]),
    ):
        one = load(name)
        region = one.hypothesis().exclusion == "region"
        couplings = (1e-7, 1e-3, 13) if region else None
        yield name, run_scan(one, masses=masses, couplings=couplings), likelihoods(one, masses=masses[-1:])


@pytest.mark.slow
def test_computed_scans_are_valid(validator: str, tmp_path: Path) -> None:
    for name, found, documents in real():
        files = submission(load(name), [found], documents=documents)
        valid(files)
        write(files, tmp_path / name)
        said = validated(validator, tmp_path / name)
        assert "valid HEPData submission YAML" in said
        assert "valid HEPData data YAML" in said


def test_made_up_scans_are_valid(validator: str, search: Search, tmp_path: Path) -> None:
    odd = replace(LIMITS, coupling={"symbol": "€'\"\n😀\ud800", "unit": "µ: -", "quantity": "$\\x$"}, method="# {")
    nothing = scan([point(0.1), point(0.2)])
    write(
        submission(search, [LIMITS, REGION, HUNT, odd, nothing], documents=likelihoods(search, masses=[0.1])), tmp_path
    )
    assert validated(validator, tmp_path).count("valid HEPData data YAML") == 7


def test_the_validator_finds_what_is_wrong(validator: str, search: Search, tmp_path: Path) -> None:
    write(submission(search, [LIMITS]), tmp_path)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(AssertionError, match="not referenced"):
        validated(validator, tmp_path)


# --- the list of analyses ---


def test_searches_with_a_number_of_inspire_are_listed(search: Search) -> None:
    known = replace(search, reference=search.reference.model_copy(update={"inspire": 2744850}))
    also = replace(known, name="other")
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    found = analyses([known, load("faser-aprime"), also], url="https://example.org/{name}", created=moment)
    assert found.pop("version")
    assert found == {
        "schema_version": "1.0.0",
        "tool": "limits",
        "date_created": "2026-01-02T03:04:05+00:00",
        "implementations_description": "limits search",
        "url_templates": {"main_url": "https://example.org/{name}"},
        "analyses": [{"inspire_id": 2744850, "implementations": [{"name": "na64mu-zprime"}, {"name": "other"}]}],
    }
    assert without_inspire([known, load("faser-aprime")]) == ("faser-aprime",)
    json.loads(text(found))


def test_no_number_is_made_up() -> None:
    every = [load(name) for name in names()]
    stated = [one.name for one in every if one.reference.inspire is not None]
    listed = [i["name"] for a in analyses(every, url="http://x.org/{name}")["analyses"] for i in a["implementations"]]
    assert sorted(listed) == sorted(stated)
    assert sorted([*listed, *without_inspire(every)]) == sorted(names())


@pytest.mark.parametrize(
    "url", ["", "{name}", "ftp://x.org/{name}", "https://x.org/name", "https:///{name}", "https://x.org/{name}\n"]
)
def test_an_address_is_needed(search: Search, url: str) -> None:
    with pytest.raises(InputError, match="url"):
        analyses([search], url=url)


def test_a_table_is_found_by_its_name(search: Search, tmp_path: Path) -> None:
    written(search, [LIMITS, REGION], tmp_path)
    table = read_table(tmp_path / "submission.yaml", "Contour: lmu-ltau, cls-exact (predicted)")
    assert table.columns[0].header == "Point"
