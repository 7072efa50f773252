"""Search files: what is shipped is right, and whatever is wrong in a file gives one clear line."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limits.combine import combined
from limits.errors import InputError, LimitsError, UnknownName
from limits.grid import masses_of
from limits.search import CountingChannel, HistFactoryChannel, Search, describe, load, names

SHIPPED = Path(load("na64mu-zprime").path).parents[1]
HISTFACTORY = SHIPPED / "microboone-trident"
COUNTING: dict[str, Any] = tomllib.loads((SHIPPED / "na64mu-zprime" / "search.toml").read_text())
COUNTING["comparisons"] = COUNTING["comparisons"][:2]
COUNTING["calibrations"] = {
    "efficiency": {"value": 0.07, "unit": "1", "fitted_to": "a published limit", "masses_gev": [0.1]}
}
BINNED: dict[str, Any] = tomllib.loads((HISTFACTORY / "search.toml").read_text())

slow_files = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, str | bool):
        return json.dumps(value)
    return repr(value)


def toml(document: dict[str, Any]) -> str:
    return "\n".join(f"{json.dumps(key)} = {toml_value(value)}" for key, value in document.items())


def write(folder: Path, document: dict[str, Any] | str) -> Path:
    path = folder / "search.toml"
    path.write_text(document if isinstance(document, str) else toml(document), encoding="utf-8", errors="surrogatepass")
    return path


def changed(document: dict[str, Any], dotted: str, value: Any) -> dict[str, Any]:
    """A copy of `document` with one place changed; `...` as the value deletes it."""
    result = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdigit() else part for part in dotted.split("/")]
    place: Any = result
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return result


def one_line_about(error: LimitsError, path: Path) -> str:
    message = str(error)
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    assert str(path) in message
    assert len(message) < 1500
    return message


# ── what is shipped ──


@pytest.mark.parametrize("name", names())
def test_every_shipped_search_loads_and_describes_itself(name: str) -> None:
    search = load(name)
    described = json.loads(json.dumps(describe(search), allow_nan=False))
    assert described["name"] == search.name == name
    assert 0 < search.level < 1
    assert len(described["quantities"]) == len(search.quantities)
    assert all(row["unit"] and row["origin"] for row in described["quantities"])
    assert all((row["range"] is not None) == (row["kind"] == "assumption") for row in described["quantities"])
    assert (search.path.parent / "README.md").exists()
    assert pickle.loads(pickle.dumps(search)) == search  # noqa: S301  # our own bytes


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*/*.csv")), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_shipped_table_states_its_source_and_reads(file: Path) -> None:
    assert file.read_text().startswith("#")
    assert load(file.parent.name).table(file.name)


def test_the_searches_are_there() -> None:
    assert set(names()) >= {
        "babar-psid-lambda",
        "babar-psid-lambdac",
        "babar-psid-p",
        "babar-zprime-4mu",
        "belle2-4mu",
        "belle2-idm",
        "bes3-alp",
        "darkquest-aprime",
        "faser-alp",
        "faser-aprime",
        "microboone-trident",
        "na62-aprime",
        "na62-aprime-ee",
        "na62-aprime-mumu",
        "na64mu-zprime",
    }


@pytest.mark.parametrize(
    ("name", "key", "value", "unit", "kind"),
    [
        ("faser-aprime", "luminosity_ifb", 27.0, "fb-1", "fact"),
        ("faser-aprime", "background", 2.3e-3, "events", "fact"),
        ("faser-aprime", "energy_threshold", 500.0, "GeV", "fact"),
        ("faser-aprime", "efficiency", 0.5, "1", "assumption"),
        ("na64mu-zprime", "muons_on_target_1", 11.7e9, "1", "fact"),
        ("na64mu-zprime", "background", 0.07, "events", "fact"),
        ("na64mu-zprime", "target_lead_length", 22.5, "cm", "assumption"),
        ("microboone-trident", "flux_uncertainty", 0.22, "1", "fact"),
        ("microboone-trident", "level", 0.9, "1", "fact"),
    ],
)
def test_numbers_are_those_of_the_papers(name: str, key: str, value: float, unit: str, kind: str) -> None:
    quantity = load(name).quantities[key]
    assert (quantity.value, quantity.unit, quantity.kind) == (value, unit, kind)


def test_muons_on_target_add_up_to_the_abstract() -> None:
    search = load("na64mu-zprime")
    total = search.value("muons_on_target_1") + search.value("muons_on_target_2")
    assert total == pytest.approx(1.98e10)
    assert search.error("muons_on_target_1") == 0.1e9
    assert search.error("beam_energy") is None


def test_microboone_bins_add_up_to_the_printed_sums() -> None:
    bins = load("microboone-trident").table("bins.csv")
    first = bins["run"] == 1
    assert bins["data"][first].sum() == 226
    assert bins["data"][~first].sum() == 383
    assert bins["background"][first].sum() == pytest.approx(222.15, abs=0.005)
    assert bins["background"][~first].sum() == pytest.approx(447.76, abs=0.005)
    parts = bins["nu_in_cryostat"] + bins["nu_out_cryostat"] + bins["beam_off"]
    np.testing.assert_allclose(parts, bins["background"], atol=0.011)


def test_microboone_signal_has_all_bins_at_each_mass() -> None:
    search = load("microboone-trident")
    signal = search.table("signal.csv")
    assert set(signal["mass_gev"]) == {0.01, 0.05}
    for mass in set(signal["mass_gev"]):
        assert signal["fraction"][signal["mass_gev"] == mass].sum() == pytest.approx(2, abs=0.003)
    assert set(signal["run_events"][signal["mass_gev"] == 0.05]) == {719.799, 1811.243}


def test_channels_are_typed() -> None:
    (counting,) = load("faser-aprime").channels
    assert isinstance(counting, CountingChannel)
    assert (counting.signal, counting.observed, counting.background_constraint) == ("displaced", "observed", "poisson")
    (binned,) = load("microboone-trident").channels
    assert isinstance(binned, HistFactoryChannel)
    assert [systematic.on for systematic in binned.systematics] == [("signal", "background"), ("signal",)]


# ── using a search ──


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"known: .*faser-aprime, microboone-trident"):
        load("faser")
    with pytest.raises(UnknownName, match="aprime"):
        load("faser-aprime").hypothesis("alp-w")
    with pytest.raises(UnknownName, match="beam_energy"):
        load("faser-aprime").value("energy")


@pytest.mark.parametrize("name", ["", "\0", "no\nsuch", "x" * 5000, "/", "missing.toml", "../searches"])
def test_a_name_no_search_can_have(name: str) -> None:
    with pytest.raises(UnknownName) as caught:
        load(name)
    assert len(str(caught.value).splitlines()) == 1


def test_set_values() -> None:
    search = load("na64mu-zprime")
    new = search.with_values({"efficiency": "0.05", "observed": 2})
    assert (new.value("efficiency"), new.value("observed")) == (0.05, 2.0)
    assert new.quantities["efficiency"].kind == "set"
    assert "was 1 (assumption" in new.quantities["efficiency"].origin
    assert search.value("efficiency") == 1.0
    assert new.with_values({"efficiency": 0.06}).quantities["efficiency"].origin == new.quantities["efficiency"].origin


def test_set_errors() -> None:
    search = load("babar-psid-lambdac")
    assert (search.value("background"), search.error("background")) == (10, 7)
    for values in ({"background": 2, "background.error": 1}, {"background.error": 1, "background": 2}):
        new = search.with_values(values)
        assert (new.value("background"), new.error("background")) == (2, 1)
        assert new.set_values == {"background": 2, "background.error": 1}
        assert new.quantities["background"].origin.startswith("set by the user; was 10 ± 7 (assumption: ")
    assert search.with_values({"background": 9}).set_values == {"background": 9}
    for error, problem in ((0, "must be positive"), ("nan", "must be a finite number")):
        with pytest.raises(LimitsError, match=rf"background\.error: got .*: {problem}"):
            search.with_values({"background.error": error})
    with pytest.raises(
        LimitsError, match=r"efficiency\.error: got 0\.1: efficiency has no error; numbers with one: background"
    ):
        search.with_values({"efficiency.error": 0.1})


def test_set_errors_of_members() -> None:
    pair = combined([load("babar-psid-p"), load("babar-psid-lambdac")], "mesogenesis-universal")
    new = pair.with_values({"babar-psid-lambdac/background.error": 3})
    assert new.set_values == {"babar-psid-lambdac/background": 10, "babar-psid-lambdac/background.error": 3}
    assert len(pair.with_values({"background.error": 3}).set_values) == 4, "of both members"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("efficiency", "half"),
        ("efficiency", "1_0"),
        ("efficiency", "nan"),
        ("efficiency", float("inf")),
        ("efficiency", True),
        ("efficiency", None),
        ("efficiency", "1\n2"),
        ("observed", -1),
        ("observed", 0.5),
        ("background", "-0.1"),
        ("level", 1.0),
        ("muons_on_target_uncertainty", -0.01),
        ("efficiencies", 1.0),
    ],
)
def test_set_refuses(key: str, value: Any) -> None:
    search = load("na64mu-zprime")
    with pytest.raises(LimitsError) as caught:
        search.with_values({key: value})
    assert key in one_line_about(caught.value, search.path)


def test_calibrated_numbers_replace_only_when_asked_for(tmp_path: Path) -> None:
    search = load(write(tmp_path, COUNTING))
    assert search.value("efficiency") == 1.0
    assert search.calibrated_keys == ()
    calibrated = search.calibrated()
    assert calibrated.value("efficiency") == 0.07
    assert calibrated.calibrated_keys == ("efficiency",)
    assert calibrated.quantities["efficiency"].origin == "a published limit"
    assert calibrated.quantities["efficiency"].fitted_masses_gev == (0.1,)
    assert calibrated.with_values({"efficiency": 0.5}).calibrated_keys == ()
    assert [row["kind"] for row in describe(search)["calibrations"]] == ["calibrated"]


def test_no_calibrated_numbers() -> None:
    with pytest.raises(InputError, match="no calibrated numbers"):
        load("microboone-trident").calibrated()


@pytest.mark.parametrize("mass", [0.0, -1.0, 2.1, float("nan"), float("inf"), "heavy"])
def test_a_mass_outside_the_range(mass: Any) -> None:
    search = load("na64mu-zprime")
    with pytest.raises(InputError, match=r"0\.001 to 2 GeV") as caught:
        search.check_mass(mass)
    one_line_about(caught.value, search.path)


def test_masses_that_can_be_computed() -> None:
    assert load("na64mu-zprime").check_mass(2) == 2.0
    assert load("microboone-trident").check_mass(0.4) == 0.4
    with pytest.raises(InputError, match=r"allowed: 0\.01 to 0\.4 GeV"):
        load("microboone-trident").check_mass(0.5)


def test_masses_of_a_table(tmp_path: Path) -> None:
    table = changed(COUNTING, "hypotheses/0/masses_gev", ...)
    table["hypotheses"] = [{**table["hypotheses"][0], "tabulated_masses_gev": [0.1, 0.5]}]
    table = changed(table, "hypotheses/0/benchmark/mass_gev", 0.1)
    for key in ("comparisons", "calibrations", "curves"):
        table.pop(key, None)
    search = load(write(tmp_path, table))
    assert search.check_mass(0.5) == 0.5
    assert masses_of(search) == (0.1, 0.5)
    with pytest.raises(InputError, match=r"only 0\.1, 0\.5 GeV"):
        search.check_mass(0.03)


def test_a_folder_or_a_file_of_ones_own(tmp_path: Path) -> None:
    path = write(tmp_path, changed(COUNTING, "name", "my-own"))
    assert load(path) == load(str(path)) == load(tmp_path)
    assert load(path).name == "my-own"


# ── bad files ──

BAD = [
    ("schema", 2, "schema", "2"),
    ("schema", ..., "schema", "missing"),
    ("schema", True, "schema", "True"),
    ("name", "Has Capitals", "name", "'Has Capitals'"),
    ("title", "two\nlines", "title", "two"),
    ("title", "", "title", "''"),
    ("titel", "x", "titel", "known: schema, name, title"),
    ("reference/arxiv", "../x", "reference.arxiv", "'../x'"),
    ("reference", ..., "reference", "missing"),
    ("facts", 3, "facts", "3"),
    ("facts/beam_energy/value", "160", "facts.beam_energy.value", "'160'"),
    ("facts/beam_energy/value", float("nan"), "facts.beam_energy.value", "nan"),
    ("facts/beam_energy/value", float("inf"), "facts.beam_energy.value", "inf"),
    ("facts/beam_energy/value", True, "facts.beam_energy.value", "True"),
    ("facts/beam_energy/value", 10**400, "facts.beam_energy.value", "got"),
    ("facts/beam_energy/valeu", 1, "facts.beam_energy.valeu", "known: value, unit, error, source"),
    ("facts/beam_energy/source", ..., "facts.beam_energy.source", "missing"),
    ("facts/beam_energy/source", " ", "facts.beam_energy.source", "' '"),
    ("facts/beam_energy/unit", ..., "facts.beam_energy.unit", "missing"),
    ("facts/beam_energy/error", 0, "facts.beam_energy.error", "0"),
    ("facts/Beam", {"value": 1, "unit": "1", "source": "x"}, "facts.Beam", "'Beam'"),
    ("facts/efficiency", {"value": 1, "unit": "1", "source": "x"}, "assumptions.efficiency", "both"),
    ("facts/level", ..., "facts.level", "missing"),
    ("facts/level/value", 90, "level", "90"),
    ("facts/observed/value", -1, "observed", "-1"),
    ("facts/observed/value", 0.5, "observed", "0.5"),
    ("facts/background/value", -0.07, "background", "-0.07"),
    ("facts/background/error", ..., "channels[0].background_constraint", "'poisson'"),
    ("channels/0/background_constraint", ..., "channels[0].background_constraint", "None"),
    ("channels/0/background_constraint", "normal", "channels[0].background_constraint", "'normal'"),
    ("assumptions/efficiency/range", [1.0, 0.5], "assumptions.efficiency.range", "[1.0, 0.5]"),
    ("assumptions/efficiency/range", [0.1, 0.5], "assumptions.efficiency.value", "[0.1, 0.5]"),
    ("assumptions/efficiency/range", ..., "assumptions.efficiency.range", "missing"),
    ("calibrations/beta", {"value": 1, "unit": "1", "fitted_to": "x", "masses_gev": [1]}, "calibrations.beta", "known"),
    ("calibrations/efficiency/unit", "%", "calibrations.efficiency.unit", "'%'"),
    ("calibrations/efficiency/masses_gev", [], "calibrations.efficiency.masses_gev", "[]"),
    ("hypotheses", [], "hypotheses", "[]"),
    ("hypotheses/0/name", "zprime", "hypotheses[0].name", "'lmu-ltau'"),
    ("hypotheses/0/masses_gev", [2.0, 0.001], "hypotheses[0].masses_gev", "[2.0, 0.001]"),
    ("hypotheses/0/masses_gev", [-1, 2], "hypotheses[0].masses_gev[0]", "-1"),
    ("hypotheses/0/masses_gev", [1, 2, 3], "hypotheses[0].masses_gev", "[1, 2, 3]"),
    ("hypotheses/0/masses_gev", ..., "hypotheses[0]", "tabulated_masses_gev"),
    ("hypotheses/0/tabulated_masses_gev", [1], "hypotheses[0]", "exactly one"),
    ("hypotheses/0/scan_masses_gev", [0.1, 50], "hypotheses[0].scan_masses_gev", "got 50: must lie in masses_gev"),
    ("hypotheses/0/yield_power", ..., "hypotheses[0].yield_power", "None"),
    ("hypotheses/0/exclusion", "region", "hypotheses[0].yield_power", "2"),
    ("hypotheses/0/benchmark/mass_gev", 3.0, "hypotheses[0].benchmark.mass_gev", "3.0"),
    ("hypotheses/0/couplings", [0, 1], "hypotheses[0].couplings[0]", "0"),
    ("hypotheses", [COUNTING["hypotheses"][0]] * 2, "hypotheses", "twice"),
    ("channels", [COUNTING["channels"][0]] * 2, "channels", "twice"),
    ("channels/0/likelihood", "poisson", "channels[0].likelihood", "counting, histfactory"),
    ("channels/0/likelihood", ..., "channels[0].likelihood", "counting, histfactory"),
    ("channels/0/signal", "exp(x)", "channels[0].signal", "'exp(x)'"),
    ("channels/0/observed", "seen", "channels[0].observed", "'seen'"),
    ("channels/0/background", "b", "channels[0].background", "'b'"),
    ("channels/0/table", "bins.csv", "channels[0].table", "unknown key"),
    ("channels/0/systematics/0/size", "flux", "channels[0].systematics[0].size", "'flux'"),
    ("channels/0/systematics/0/on", ["noise"], "channels[0].systematics[0].on[0]", "'noise'"),
    ("channels/0/systematics/0/on", [], "channels[0].systematics[0].on", "[]"),
    ("channels/0/systematics/1/name", "muons-on-target", "channels[0].systematics", "twice"),
    ("comparisons/0/mass_gev", ..., "comparisons[0].mass_gev", "None"),
    ("comparisons/0/edge", "tip", "comparisons[0].mass_gev", "0.001"),
    ("comparisons/0/digits", 0, "comparisons[0].digits", "0"),
    ("comparisons/0/value", -1, "comparisons[0].value", "-1"),
    ("comparisons/0/hypothesis", "aprime", "comparisons[0].hypothesis", "lmu-ltau"),
    ("comparisons", [COUNTING["comparisons"][0]] * 2, "comparisons", "twice"),
    ("curves/0/file", "../curve.csv", "curves[0].file", "'../curve.csv'"),
    ("curves/0/format", "xy", "curves[0].format", "'bc2-y'"),
]


@pytest.mark.parametrize(("place", "value", "key", "fragment"), BAD)
def test_a_wrong_value_is_named(tmp_path: Path, place: str, value: Any, key: str, fragment: str) -> None:
    path = write(tmp_path, changed(COUNTING, place, value))
    with pytest.raises(InputError) as caught:
        load(path)
    message = one_line_about(caught.value, path)
    assert f": {key}: " in message
    assert fragment in message.partition(f"{key}: ")[2]


@pytest.mark.parametrize(
    "name", ["../bins.csv", "/etc/passwd", "a/b.csv", "..", ".", "", "a\\b.csv", "no.csv", "bins.csv\n"]
)
def test_a_table_is_a_bare_name_of_a_file_that_exists(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, changed(BINNED, "channels/0/table", name))
    with pytest.raises(InputError) as caught:
        load(path)
    assert "channels[0].table" in one_line_about(caught.value, path)
    with pytest.raises(InputError):
        load("microboone-trident").table(name)


def test_the_folder_of_a_shipped_search_has_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("limits.search.loading.FOLDER", tmp_path)
    (tmp_path / "other").mkdir()
    write(tmp_path / "other", COUNTING)
    with pytest.raises(InputError, match="name of its folder, 'other'"):
        load("other")


@pytest.mark.parametrize(
    "text", ["x = ", "[[[", "x = 1\nx = 2", "a = 'b\x00'", "\ufeffa = 1", "x = " + "[" * 5000, "x = " + "9" * 5000]
)
def test_a_file_that_is_not_toml(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load(path)
    assert "not valid TOML" in one_line_about(caught.value, path)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "search.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not valid TOML"):
        load(path)


# ── tables ──


def bins(tmp_path: Path, text: str) -> Search:
    shutil.copy(HISTFACTORY / "bins.csv", tmp_path / "bins.csv")
    search = load(write(tmp_path, BINNED))
    (tmp_path / "extra.csv").write_text(text)
    return search


def test_a_table_skips_comments_and_spaces(tmp_path: Path) -> None:
    table = bins(tmp_path, "# source: here\n\n mass , value\r\n# more\n1, 2e-3\n 3 ,-4\n").table("extra.csv")
    assert list(table) == ["mass", "value"]
    np.testing.assert_array_equal(table["mass"], [1.0, 3.0])
    np.testing.assert_array_equal(table["value"], [2e-3, -4.0])


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "header"),
        ("# only\n", "header"),
        ("a,b\n", "header"),
        ("a,b\n1,2\n3\n", "line 3: got 1 cells"),
        ("a,b\n1,2,3\n", "line 2: got 3 cells"),
        ("a,b\n1,x\n", "line 2, column b: got 'x'"),
        ("a,b\n1,\n", "line 2, column b: got ''"),
        ("a,b\nnan,1\n", "line 2, column a: got 'nan'"),
        ("a,b\n1e999,1\n", "line 2, column a: got '1e999'"),
        ("a,b\n1_0,1\n", "line 2, column a: got '1_0'"),
        ("a,a\n1,2\n", "line 1: got 'a,a'"),
        ("a,\n1,2\n", "line 1"),
    ],
)
def test_a_broken_table(tmp_path: Path, text: str, fragment: str) -> None:
    search = bins(tmp_path, text)
    with pytest.raises(InputError) as caught:
        search.table("extra.csv")
    assert fragment in one_line_about(caught.value, tmp_path / "extra.csv")


@pytest.mark.parametrize(
    ("row", "fragment"),
    [
        ("-1,2,1", "column data: got -1"),
        ("1.5,2,1", "column data: got 1.5"),
        ("1,-2,1", "column background"),
        ("1,2,-1", "error"),
    ],
)
def test_broken_bins(tmp_path: Path, row: str, fragment: str) -> None:
    (tmp_path / "bins.csv").write_text(f"data,background,background_error\n{row}\n")
    with pytest.raises(InputError, match=fragment):
        load(write(tmp_path, BINNED))


def test_missing_bin_column(tmp_path: Path) -> None:
    (tmp_path / "bins.csv").write_text("data,background\n1,2\n")
    with pytest.raises(InputError, match="column background_error: required"):
        load(write(tmp_path, BINNED))


# ── anything at all ──

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["../../etc/passwd", "/dev/null", "bins.csv/..", "a\nb", "\u2028", "nan", "counting", "level", -1, 0, 1e-300]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, as a path of keys and indices."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in [(*prefix, key), *places(inner, (*prefix, key))]]


def mutated(document: dict[str, Any], place: tuple[Any, ...], action: str, value: Any, key: str) -> dict[str, Any]:
    result = copy.deepcopy(document)
    parent: Any = result
    for part in place[:-1]:
        parent = parent[part]
    if action == "delete":
        del parent[place[-1]]
    elif action == "add" and isinstance(parent, dict):
        parent[key] = value
    else:
        parent[place[-1]] = value
    return result


def loads_or_says_why(path: Path) -> None:
    try:
        search = load(path)
    except LimitsError as error:
        one_line_about(error, path)
    else:
        json.dumps(describe(search), allow_nan=False)
        assert 0 < search.level < 1


@settings(slow_files, max_examples=300)
@given(data=st.data())
def test_any_mutation_loads_or_gives_one_line(tmp_path: Path, data: st.DataObject) -> None:
    shutil.copy(HISTFACTORY / "bins.csv", tmp_path / "bins.csv")
    document = data.draw(st.sampled_from([COUNTING, BINNED]))
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(places(document)))
        action = data.draw(st.sampled_from(["replace", "delete", "add"]))
        document = mutated(document, place, action, data.draw(VALUES), data.draw(st.text(max_size=8)))
    loads_or_says_why(write(tmp_path, document))


@settings(slow_files, max_examples=100)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_any_bytes_give_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "search.toml"
    path.write_bytes(content)
    loads_or_says_why(path)


@settings(slow_files, max_examples=150)
@given(
    content=st.binary(max_size=100)
    | st.text(alphabet="0123456789,.-+enaif#\n\r \t\x85\u2028", max_size=100).map(lambda text: f"a,b\n{text}".encode())
)
def test_any_table_reads_or_gives_one_line(tmp_path: Path, content: bytes) -> None:
    search = bins(tmp_path, "")
    (tmp_path / "extra.csv").write_bytes(content)
    try:
        table = search.table("extra.csv")
    except InputError as error:
        one_line_about(error, tmp_path / "extra.csv")
    else:
        assert all(np.isfinite(column).all() for column in table.values())


@settings(slow_files, max_examples=150)
@given(
    values=st.dictionaries(
        st.text(max_size=8) | st.sampled_from(["level", "observed", "background"]), SCALARS, max_size=2
    )
)
def test_any_set_value_is_taken_or_gives_one_line(values: dict[str, Any]) -> None:
    search = load("faser-aprime")
    try:
        new = search.with_values(values)
    except LimitsError as error:
        one_line_about(error, search.path)
    else:
        assert all(new.value(key) == float(value) for key, value in values.items())
