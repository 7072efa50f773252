"""Published tables in every format they come in: what is understood, what is asked for, and that nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limits.errors import InputError
from limits.published import Imported, Taken, as_csv, read_table, read_tables, understood
from limits.published.names import BAND, looks_like, unit_of
from limits.search.tables import read_table as read_package_table

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def write(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def got(path: Path, which: str | None = None, **options: Any) -> dict[str, list[float]]:
    found = understood(read_table(path, which), **options)
    return {column.name: list(column.values) for column in found.columns}


def variable(name: str, values: list[Any], units: str | None = None) -> dict[str, Any]:
    header = {"name": name} if units is None else {"name": name, "units": units}
    return {"header": header, "values": [v if isinstance(v, dict) else {"value": v} for v in values]}


def data(independent: list[dict[str, Any]], dependent: list[dict[str, Any]]) -> str:
    return yaml.safe_dump({"independent_variables": independent, "dependent_variables": dependent})


MASS = variable("Mass", [100, 200], "MeV")
LIMIT = variable("Observed limit on g", [1e-5, 2e-5], "GeV$^{-1}$")


# --- formats ---


def test_a_hepdata_export(published: Path) -> None:
    """HEPData.95927 Table 1: NA62, limits on |U_e4|² for masses of 144 to 462 MeV."""
    found = understood(read_table(published / "sample-hepdata-table__na62-hnl.csv"))
    assert (found.table, found.doi, found.licence) == ("Table 1", "10.17182/hepdata.95927.v1/t1", None)
    assert found.kind == "upper limit"
    assert found.rows == 264
    mass, limit = found.column("mass_gev"), found.column("observed_limit")
    assert mass is not None
    assert limit is not None
    assert (mass.unit, mass.given, mass.values[2]) == ("GeV", "MeV", 0.1538)
    assert (limit.unit, limit.values[0], limit.values[-1]) == (None, 2.20202e-09, 4.11214e-07)


def test_yaml_with_bins_strings_and_errors(put: Put) -> None:
    masses = variable("m_a", [{"low": 0.1, "high": 0.3}, {"low": 0.3, "high": 0.5, "value": 0.35}, 0.7, "0.9"], "GeV")
    errors = [
        {"label": "1 sigma", "asymerror": {"plus": "0.5", "minus": -0.25}},
        {"label": "2 sigma", "symerror": "75%"},
    ]
    expected = variable("Expected limit", [{"value": 1.0, "errors": errors}] * 3 + ["-"], "TeV-1")
    observed = variable("Upper limit 95% CL", ["<2e-3", 1, "1e0", 4], "TeV-1")
    found = understood(read_table(put(data([masses], [observed, expected]), "t.yaml")))
    values = {column.name: column.values for column in found.columns}
    assert values["mass_gev"] == (0.2, 0.35, 0.7)
    assert values["observed_limit"] == (2e-6, 1e-3, 1e-3)
    assert [values[name][0] for name in BAND] == pytest.approx([0.25e-3, 0.75e-3, 1e-3, 1.5e-3, 1.75e-3])
    assert {column.unit for column in found.columns} == {"GeV", "GeV-1"}
    said = " ".join(found.notes)
    for word in ("left out, 1 of 4: expected_limit (1)", "centres", "a cell <x"):
        assert word in said


def test_inputs_of_a_search(put: Put) -> None:
    background = [{"value": 2.0, "errors": [{"symerror": 0.3}, {"label": "sys", "symerror": 0.4}]}, 1.0]
    columns = [
        variable("Data events", [3, 0]),
        variable("Background", background),
        variable("Efficiency", [12.5, 7], "%"),
    ]
    path = put(data([MASS], columns), "t.yaml")
    assert got(path) == {
        "mass_gev": [0.1, 0.2],
        "observed": [3.0, 0.0],
        "background": [2.0, 1.0],
        "background_error": [0.5, 0.0],
        "efficiency": [0.125, 0.07],
    }
    out = put(as_csv(understood(read_table(path))), "out.csv")
    table = read_package_table(out)
    assert list(table) == ["mass_gev", "observed", "background", "background_error", "efficiency"]
    assert table["efficiency"].tolist() == [0.125, 0.07]


def test_a_submission_names_its_tables(put: Put) -> None:
    put(data([MASS], [LIMIT]), "one.yaml")
    put(data([MASS], [variable("Expected", [1, 2])]), "two.yaml")
    documents = [
        {"comment": "a paper", "data_license": {"name": "CC0", "url": "https://example.org"}},
        {"name": "First", "data_file": "one.yaml", "table_doi": "10.17182/hepdata.1.v1/t1"},
        {"name": "Second", "data_file": "two.yaml"},
    ]
    path = put(yaml.safe_dump_all(documents), "submission.yaml")
    first = understood(read_table(path, "First"))
    assert (first.doi, first.licence, first.kind) == (
        "10.17182/hepdata.1.v1/t1",
        "CC0 https://example.org",
        "upper limit",
    )
    assert list(got(path, "2")) == ["mass_gev", "expected_limit"]
    with pytest.raises(InputError, match=r"there are 2: --table says which; known: 1 \(First\), 2 \(Second\)"):
        read_table(path)
    with pytest.raises(InputError, match="got 'Third': no such table; known"):
        read_table(path, "Third")


@pytest.mark.parametrize("name", ["/etc/passwd", "../one.yaml", "a/../../b", "a\\b", "a\0b", "", 3, None, ["x"]])
def test_a_submission_reads_beside_itself_only(put: Put, name: Any) -> None:
    path = put(yaml.safe_dump({"name": "x", "data_file": name}), "submission.yaml")
    with pytest.raises(InputError, match=r"data_file|dependent_variables"):
        read_tables(path)


def test_several_tables_in_one_yaml(put: Put) -> None:
    one = {"name": "A", **yaml.safe_load(data([MASS], [LIMIT]))}
    path = put(yaml.safe_dump_all([one, {**one, "name": "B"}]), "all.yaml")
    assert [table.name for table in read_tables(path)] == ["A", "B"]


def test_the_json_of_a_table(put: Put) -> None:
    document = {
        "name": "Table 3",
        "doi": "10.17182/hepdata.2.v1/t3",
        "headers": [{"name": "Mass [TeV]", "colspan": 1}, {"name": "Expected limit [FB]"}],
        "values": [
            {"x": [{"value": "0.1"}], "y": [{"value": 2, "errors": [{"symerror": 0, "hide": True}]}]},
            {"x": [{"low": "0.1", "high": "0.3"}], "y": [{"value": "NaN"}]},
            {"x": [{"value": "0.4"}], "y": [{"value": "3.5", "errors": [{"symerror": 0.1, "label": "stat"}]}]},
        ],
    }
    found = understood(read_table(put(json.dumps(document), "t.json")))
    assert found.table == "Table 3"
    assert [column.values for column in found.columns] == [(100.0, 400.0), (0.002, 0.0035)]
    assert [column.unit for column in found.columns] == ["GeV", "pb"]
    assert any("errors (stat) are left out" in note for note in found.notes)


BLOCKS = """#: table_doi: 10.17182/hepdata.3.v1/t1
#: name: Limits
#: data_license: CC BY
#: SQRT(S) [GeV],,13000
"M, a [GeV]",Observed limit
1,3.0
2,4.0

#: SQRT(S) [GeV],,13000
"M, a [GeV]",Expected limit,stat +,stat -
1,3.5,0.5,-0.4
2,4.5,0.5,-0.4

#: name: Other
M LOW,M HIGH,Observed limit
1,3,5
"""


def test_blocks_of_one_table_are_joined(put: Put) -> None:
    path = put(BLOCKS)
    limits, other = read_tables(path)
    assert (limits.name, limits.licence, other.name) == ("Limits", "CC BY", "Other")
    assert limits.headers == ("M, a [GeV]", "Observed limit", "Expected limit")
    found = got(path, "Limits", columns={"mass": "M, a", "observed_limit": "2", "expected_limit": "Expected limit"})
    assert found == {"mass_gev": [1, 2], "observed_limit": [3, 4], "expected_limit": [3.5, 4.5]}
    assert other.columns[0].cells[0].value == 2.0


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("# mass lower upper\n0.1 1e-5 1e-3\n0.2 2e-5 1e-4\n", {"units": {"mass": "GeV"}}),
        ("mass [MeV]\tlower edge\tupper edge\n100\t1e-5\t1e-3\n200\t2e-5\t1e-4\n", {}),
        ("mass [GeV];lower;upper\r0.1;1e-5;1e-3\r0.2;2e-5;1e-4\r", {}),
        ("mass [GeV];upper;lower;x\n0.2;1e-4;2e-5;a\n0.1;1e-3;1e-5;b\n", {}),
        (
            "0.1 1e-5 1e-3\n0.2 2e-5 1e-4\n",
            {
                "columns": {"mass": "1", "lower": "2", "upper": "3"},
                "units": {"mass": "GeV", "lower": "1", "upper": "1"},
            },
        ),
        ("\ufeffMass [GeV/$c^2$],lower bound,upper bound\r\n0.1,1E-5,1e-3\r\n\r\n0.2,2e-5,.0001\r\n", {}),
    ],
)
def test_plain_columns(put: Put, text: str, options: dict[str, Any]) -> None:
    expected = {"mass_gev": [0.1, 0.2], "lower": [1e-5, 2e-5], "upper": [1e-3, 1e-4]}
    assert got(put(text), **options) == expected


def test_a_contour_is_closed(put: Put) -> None:
    square = "mass [GeV],coupling\n1,1\n2,1\n2,2\n2,2\n1,2\n"
    found = understood(read_table(put(square)))
    assert found.kind == "contour"
    assert [column.values for column in found.columns] == [(1, 2, 2, 1, 1), (1, 1, 2, 2, 1)]
    assert len(found.notes) == 2
    again = understood(read_table(put(as_csv(found))))
    assert (again.columns, again.notes) == (tuple(found.columns), ())


# --- headings and units ---


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("$m_{A'}$", "mass_gev"),
        ("HNL mass", "mass_gev"),
        ("UL at 90% CL on |Ue4|^2", "observed_limit"),
        ("Observed 95% C.L. upper limit", "observed_limit"),
        ("Expected limit", "expected_limit"),
        ("Expected limit on $\\sigma$", "expected_limit"),
        ("Expected limit, $+1\\sigma$", "expected_plus1"),
        ("−2σ expected", "expected_minus2"),
        ("Expected (minus 1 s.d.)", "expected_minus1"),
        ("Expected ±1σ", None),
        ("Expected events", None),
        ("Expected background", "background"),
        ("Background uncertainty", "background_error"),
        ("Signal efficiency", "efficiency"),
        ("Efficiency uncertainty", None),
        ("Upper edge of the region excluded at 90% CL", "upper"),
        ("Lower limit", None),
        ("Kinetic mixing $\\epsilon$", "coupling"),
        ("$\\epsilon^2$", None),
        ("cos θ", None),
        ("Expected limit $\\pm 1\\sigma$", None),
        ("Expected limit 1σ low", None),
        ("Expected limit, 84% quantile", None),
        ("Expected 68% band", None),
        ("Observed limit +1σ theory", None),
        ("Observed CLs", None),
        ("CL$_s$", None),
        ("Observed p-value", None),
        ("Expected significance", None),
        ("log10 limit", None),
        ("log10(mass/GeV)", None),
        ("95% CLs upper limit", "observed_limit"),
        ("95\\% C.L.", "observed_limit"),
    ],
)
def test_headings(header: str, name: str | None) -> None:
    assert looks_like(header) == name


@pytest.mark.parametrize(
    ("given", "becomes", "factor"),
    [
        ("GeV$^{-1}$", "GeV-1", 1.0),
        ("1/TeV", "GeV-1", 1e-3),
        ("TEV**-1", "GeV-1", 1e-3),
        ("GeV⁻¹", "GeV-1", 1.0),
        ("NB", "pb", 1e3),
        ("cm$^2$", "pb", 1e36),
        ("\\%", "1", 0.01),
        ("1", "1", 1.0),
        ("$10^{-6}$", "1", 1e-6),
        ("10**-6", "1", 1e-6),
        ("$\\times 10^{-8}$", "1", 1e-8),
        ("1e-6", "1", 1e-6),
    ],
)
def test_units_of_a_coupling(given: str, becomes: str, factor: float) -> None:
    assert unit_of("f", "observed_limit", given)[1:] == (becomes, factor)


@pytest.mark.parametrize("given", ["meV", "Mev", "gev", "pb", "GeV2", "m"])
def test_a_unit_is_not_guessed(given: str) -> None:
    with pytest.raises(InputError, match=r"f: mass_gev: unit '\w+' does not fit; known: GeV, TeV, MeV, keV, eV"):
        unit_of("f", "mass_gev", given)


# --- what is complained about ---


@pytest.mark.parametrize(
    ("text", "options", "complaint"),
    [
        ("", {}, "no line with columns"),
        ("mass [GeV],limit\n", {}, "headings without a row"),
        ("mass,limit\n1,2\n2,3\n", {}, "no unit is declared: say --unit mass=MeV"),
        ("1 2\n2 3\n", {}, "there are no headings: say --column mass=HEADING or number"),
        ("1 2\n2 3\n", {"columns": {"mass": "1", "lower": "2"}, "units": {"mass": "GeV"}}, "say --unit lower=1"),
        ("mass [m],limit\n1,2\n2,3\n", {}, "unit 'm' does not fit"),
        ("mass [GeV],limit\n1,2,3\n2,3\n", {}, "line 2: got 3 cells, but 2 columns"),
        ("mass [GeV],limit\n1,abc\n2,3\n", {}, "observed_limit, row 1: got 'abc': must be a number"),
        ("mass [GeV],limit\n1,-3\n2,3\n", {}, "observed_limit, row 1: got -3: must be > 0"),
        ("mass [GeV],limit\n1,>3\n2,3\n", {}, "got '>3': must be a number"),
        ("mass [GeV],limit\n<1,3\n2,3\n", {}, "got '<1': a limit is no value"),
        ("mass [GeV],limit\n1,-\n2,-\n", {}, "none with a number in every column"),
        ("mass [GeV],limit\n1,3\n1,3\n", {}, "row 2: got 1 GeV twice: masses must increase"),
        ("mass [GeV],limit\n1,3\n3,3\n2,3\n", {}, "row 3: got 2 GeV after 3"),
        ("mass [GeV],limit\n1,3\n", {}, "at least two masses"),
        ("mass [GeV],lower,upper\n1,3,2\n2,1,2\n", {}, "lower: got 3 at 1 GeV, above upper, 2"),
        ("mass [GeV],upper\n1,3\n2,1\n", {}, "an upper edge without a lower"),
        ("mass [GeV],expected,+1σ\n1,3,2\n2,1,2\n", {}, "expected_limit: got 3 at 1 GeV, above expected_plus1"),
        ("mass [GeV],coupling\n1,3\n2,2\n3,1\n", {}, "are no contour"),
        ("mass [GeV],efficiency\n1,3\n", {}, "say --unit efficiency=%"),
        ("mass [GeV],efficiency [1]\n1,3\n", {}, "must be between 0 and 1; in per cent"),
        ("mass [GeV],limit,background\n1,3,1\n2,2,1\n", {}, "do not belong together"),
        ("mass [GeV],limit,UL\n1,3,1\n2,2,1\n", {}, "'limit' and 'UL' both look like it"),
        ("mass [GeV],cat\n1,3\n2,2\n", {}, r"only the mass is clear.*columns: 1 \(mass \[GeV\]\), 2 \(cat\)"),
        ("mass [GeV],limit [pb],expected [1]\n1,3,1\n2,2,1\n", {}, "must be the same for all"),
        ("mass [GeV],limit\n1,3\n2,2\n", {"columns": {"limid": "2"}}, "got 'limid': no such column; known: mass, obs"),
        (
            "mass [GeV],limit\n1,3\n2,2\n",
            {"columns": {"lower": "3"}},
            "--column lower: got '3': no such heading; known",
        ),
        ("mass [GeV],limit\n1,3\n2,2\n", {"units": {"lower": "1"}}, "--unit lower: no such column is taken"),
        ("mass [GeV],limit [fb]\n1e300,3\n1e302,2\n", {"units": {"mass": "TeV"}}, None),
        (
            "mass [GeV],UL on B (10^-6)\n1,3\n2,2\n",
            {},
            r"'UL on B \(10\^-6\)' has a power of ten or a unit: say --unit",
        ),
        ("mass [GeV],UL on B x 1e6\n1,3\n2,2\n", {}, "has a power of ten or a unit"),
        ("mass [GeV],limit (fb)\n1,3\n2,2\n", {}, "has a power of ten or a unit"),
        ("mass [GeV];limit\n1,5;2,5e-3\n2,5;3,5e-3\n", {}, "mass_gev, row 1: got '1,5': must be a number"),
        (",".join(f"c{i}" for i in range(99)) + "\n" + ",".join("1" * 99), {}, r"30 \(c29\), … 99 in all"),
        ("mass [TeV],limit [cm2]\n1,3e300\n2,2\n", {}, "too large in the units used here"),
    ],
)
def test_one_line_says_what_is_wrong(put: Put, text: str, options: dict[str, Any], complaint: str | None) -> None:
    path = put(text)
    if complaint is None:
        assert "as asked for, the file says GeV" in understood(read_table(path), **options).notes[0]
        return
    with pytest.raises(InputError, match=complaint) as caught:
        understood(read_table(path), **options)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("t.yaml", "a: [", "not YAML"),
        ("t.yaml", "[" * 100_000, "nested too deeply"),
        ("t.yaml", "x: 1", "none in it"),
        ("t.yaml", "independent_variables: 3", "must be a list"),
        ("t.yaml", "independent_variables: [3]", "must have a header"),
        ("t.yaml", "independent_variables: [{header: {name: m}, values: [3]}]", "must have value, or low and high"),
        ("t.yaml", "x: !!python/object/apply:os.system [true]", "not YAML"),
        ("t.yaml", "x: !!int ''", "not YAML"),
        ("t.yaml", "x: !!timestamp x", "not YAML"),
        ("t.json", "{", "not JSON"),
        ("t.json", "[]", "needs headers and values"),
        ("t.json", '{"data_tables": []}', "limits published fetch"),
        ("t.json", '{"headers": [{"name": "a", "colspan": 2}], "values": []}', "one column per header"),
        ("t.json", '{"headers": [{"name": "a"}], "values": [{"x": []}]}', "got 0 cells, but there are 1"),
        ("t.yaml", "a: {b: 1, b: 2}", "line 1: the key 'b' stands twice"),
        ("t.json", '{"headers": [], "values": [1], "values": [2]}', "the key 'values' stands twice"),
        ("t.yaml", "a: &a {x: 1}\nb: &b {<<: [*a, *a], y: 1}\nc: {<<: [*b, *b]}", "merged keys are not read"),
        ("t.yaml", "---\n" * 700_000, "too large"),
        (
            "t.yaml",
            f"v: &v [{'{value: 1},' * 999}]\ndependent_variables: [{'{header: {name: a}, values: *v},' * 999}]",
            "too l",
        ),
        (
            "t.yaml",
            f"e: &e [{'{symerror: 1},' * 999}]\n"
            f"dependent_variables: [{{header: {{name: a}}, values: [{'{value: 1, errors: *e},' * 999}]}}]",
            "too large",
        ),
        ("t.json", '{"headers": [], "values": [' + "1," * 3_100_000 + "1]}", "too large"),
        ("t.csv", "1,2\n" * 300_000, "too large"),
        ("t.yaml", "{independent_variables: 3}", "must be a list"),
        ("t.zip", b"PK\3\4", "an archive: unpack it"),
        ("t.csv", b"\xff\xfe", "not UTF-8"),
        ("t.csv", "a,b\n" + "x" * 200_000 + ",1", "not CSV"),
    ],
)
def test_files_that_are_no_table(put: Put, name: str, content: str | bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        read_tables(put(content, name))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def test_aliases_in_yaml_do_not_grow(put: Put) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    body = "dependent_variables: [{header: {name: *a29}, values: [{value: *a29}]}]"
    with pytest.raises(InputError, match=r"there are no headings|which column it is"):
        understood(read_table(put("\n".join([*lines, body]), "t.yaml")))


# --- anything ---

relaxed = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
bits = st.sampled_from(
    ["mass [GeV]", "limit", ",", "\n", "1", "2.5e-3", "-", "<1e-3", "#", "#:", ": ", " ", '"', "[", "nan"]
)
leaf = st.none() | st.booleans() | st.integers() | st.floats() | words | st.sampled_from(["-", "<1", "1e-3", "5%"])
keys = st.sampled_from(
    [
        *(
            "header",
            "name",
            "units",
            "values",
            "value",
            "low",
            "high",
            "errors",
            "symerror",
            "asymerror",
            "plus",
            "minus",
        ),
        *("label", "headers", "x", "y", "independent_variables", "dependent_variables", "data_file"),
    ]
)
tree = st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))


def no_traceback(path: Path) -> None:
    message = ""
    try:
        for table in read_tables(path):
            understood(table)
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    assert len(message) < 2000


@relaxed
@given(st.lists(bits | words, max_size=25).map("".join), st.sampled_from(["csv", "yaml", "json", "txt"]))
def test_any_text(put: Put, text: str, suffix: str) -> None:
    no_traceback(put(text, f"any.{suffix}"))


@relaxed
@given(st.dictionaries(keys, tree, max_size=4), st.sampled_from(["yaml", "json"]))
def test_any_document(put: Put, document: dict[str, Any], suffix: str) -> None:
    no_traceback(put(yaml.dump(document) if suffix == "yaml" else json.dumps(document), f"any.{suffix}"))


@relaxed
@given(st.binary(max_size=80), st.sampled_from(["csv", "yaml", "json", "lmt"]))
def test_any_bytes(put: Put, content: bytes, suffix: str) -> None:
    no_traceback(put(content, f"any.{suffix}"))


value = st.floats(1e-30, 1e30)


@st.composite
def imported(draw: st.DrawFn) -> Imported:
    size = draw(st.integers(2, 6))
    masses = sorted(draw(st.lists(value, min_size=size, max_size=size, unique=True)))
    rows = np.sort([draw(st.lists(value, min_size=size, max_size=size)) for _ in range(3)], axis=0).tolist()
    unit = draw(st.sampled_from([None, "1", "GeV-1", "pb"]))
    kind, names = draw(
        st.sampled_from(
            [
                ("upper limit", ["observed_limit", "expected_minus1", "expected_limit"]),
                ("region", ["lower", "upper"]),
                ("upper limit", ["expected_minus2"]),
            ]
        )
    )
    origins = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
    taken = [Taken("mass_gev", "GeV", draw(origins), "GeV", 1.0, tuple(masses))]
    taken += [
        Taken(name, unit, draw(origins), unit, 1.0, tuple(row))
        for name, row in zip(names, rows[: len(names)], strict=True)
    ]
    about = [draw(st.none() | words) for _ in range(3)]
    return Imported("somewhere.yaml", *about, kind, tuple(taken))


@relaxed
@given(imported())
def test_a_written_table_reads_back_equal(put: Put, table: Imported) -> None:
    """Once read, everything is the same for ever; numbers, units and kind are the same from the beginning."""
    clean = understood(read_table(put(as_csv(table), "a.csv")))
    assert clean.kind == table.kind
    assert clean.source == "somewhere.yaml"
    for one, other in zip(clean.columns, table.columns, strict=True):
        assert (one.name, one.unit, one.given, one.values) == (other.name, other.unit, other.given, other.values)
    path = put(as_csv(clean), "b.csv")
    assert understood(read_table(path)) == clean
    columns = read_package_table(path)
    assert {name: tuple(values) for name, values in columns.items()} == {c.name: c.values for c in table.columns}
