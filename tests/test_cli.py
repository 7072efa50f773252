"""The command line: what each command prints, in text and as JSON, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyhf
import pytest
from click.testing import CliRunner, Result

import limits
import limits.scan  # before any test puts a broken function in its place
from limits.cli import frame, main
from limits.errors import FitError

SEARCHES = ["faser-aprime", "microboone-trident", "na64mu-zprime"]
WORKSPACE: dict[str, Any] = {
    "channels": [
        {
            "name": "signal-region",
            "samples": [
                {
                    "name": "signal",
                    "data": [12.0, 11.0],
                    "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
                },
                {
                    "name": "background",
                    "data": [50.0, 52.0],
                    "modifiers": [
                        {"name": "shape", "type": "shapesys", "data": [3.0, 7.0]},
                        {"name": "scale", "type": "normsys", "data": {"hi": 1.05, "lo": 0.95}},
                    ],
                },
            ],
        }
    ],
    "observations": [{"name": "signal-region", "data": [51.0, 48.0]}],
    "measurements": [
        {"name": "first", "config": {"poi": "mu", "parameters": []}},
        {"name": "second", "config": {"poi": "mu", "parameters": [{"name": "scale", "fixed": True}]}},
    ],
    "version": "1.0.0",
}
LIMIT_KEYS = {
    *(
        "observed_limit",
        "interval",
        "expected_limit",
        "expected_kind",
        "CLs_obs",
        "CLs_exp",
        "test_strength",
        "level",
        "method",
    ),
    *("definition", "status", "warnings", "quantity", "unit", "excluded", "search", "hypothesis", "mass_gev"),
    *("coupling", "exclusion", "label", "calibrated_to", "assumptions", "set_values", "citations"),
}
ROW_KEYS = {
    *("search", "hypothesis", "quantity", "unit", "mass_gev", "published", "computed", "ratio", "method", "level"),
    *("label", "calibrated_to", "source", "status", "warnings"),
}


def run(*args: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, [str(arg) for arg in args], input=stdin)


def answer(*args: object, stdin: str | bytes | None = None, code: int = 0) -> Any:
    done = run(*args, "--json", stdin=stdin)
    assert done.exit_code == code, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))


def complaint(*args: object, stdin: str | bytes | None = None, code: int = 2) -> str:
    done = run(*args, stdin=stdin)
    assert done.exit_code == code, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "bug" not in done.stderr
    return done.stderr


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "workspace.json"
    path.write_text(json.dumps(WORKSPACE))
    return path


def program(*args: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "limits", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


# --- the frame ---


def test_help_names_every_command_and_exit_code() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for name in ("list", "show", "count", "limit", "fit", "scan", "reproduce", "export", "digest"):
        assert f"  {name} " in done.stdout
        assert run(name, "-h").exit_code == 0
    assert "partial" in done.stdout


def test_help_lines_are_not_cut() -> None:
    assert "..." not in run("--help").stdout.replace("[ARGS]...", "")


def test_help_is_quick() -> None:
    taken = []
    for _ in range(3):
        before = os.times()
        assert program("--help").returncode == 0
        after = os.times()
        # The work done, not the time passed: other tests run at the same time.
        taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(taken) < 0.3


def test_version() -> None:
    assert run("--version").stdout == f"limits {limits.__version__}\n"


def test_without_a_command_the_help_goes_to_stderr() -> None:
    done = run()
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Commands:" in done.stderr


def test_an_unknown_command_lists_the_known_ones() -> None:
    assert "known: list, show, " in complaint("upperlimit")


def test_an_unknown_option_lists_the_known_ones() -> None:
    message = complaint("count", "--observd", 3)
    assert message.startswith("error: count: unknown option --observd; known: --observed, --background")


def test_an_unexpected_error_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **options: object) -> None:
        raise TypeError("one\ntwo \x1b[31m")

    monkeypatch.setattr("limits.inference.limit.upper_limit", broken)
    done = run("count", "--observed", 0, "--background", 1)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "unexpected TypeError: one two \\x1b[31m (a bug in limits" in done.stderr
    monkeypatch.setenv(frame.TRACEBACK, "1")
    assert isinstance(run("count", "--observed", 0, "--background", 1).exception, TypeError)


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (RecursionError("maximum recursion depth exceeded"), 1, "nested too deeply"),
        (MemoryError(), 1, "not enough memory"),
        (OSError(28, "No space left on device", "x.json"), 1, "x.json: No space left on device"),
        (FitError("no minimum"), 1, "no minimum"),
    ],
)
def test_how_a_run_can_end(monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, words: str) -> None:
    def broken(*args: object, **options: object) -> None:
        raise raised

    monkeypatch.setattr("limits.inference.limit.upper_limit", broken)
    assert words in complaint("count", "--observed", 0, "--background", 1, code=code)


def test_a_closed_pipe_is_no_error() -> None:
    command = [sys.executable, "-m", "limits", "show", "na64mu-zprime"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)


def opened_by_a_reader(fifo: Path) -> int:
    """The other end of it, when somebody has it open."""
    for _ in range(1200):
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nobody reads {fifo}")


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_control_c_ends_with_one_line(tmp_path: Path) -> None:
    fifo = tmp_path / "never"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "limits", "digest", str(fifo)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            writer = opened_by_a_reader(fifo)
            time.sleep(0.5)  # it is about to read: a signal just before is not seen by Python until something comes
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=20)
            os.close(writer)
        finally:
            process.kill()  # or leaving the block would wait for ever
    assert (process.returncode, out, error) == (130, "", "error: interrupted\n")


def test_a_terminal_without_greek_still_gets_the_numbers() -> None:
    done = program("show", "microboone-trident", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 0, done.stderr
    assert "1.1683e-07" in done.stdout


# --- list, show ---


def test_list() -> None:
    found = answer("list")["searches"]
    assert set(SEARCHES) <= {row["name"] for row in found}
    keys = {"name", "experiment", "arxiv", "title", "projection", "hypotheses", "methods"}
    assert all(set(row) == keys and row["hypotheses"] and row["methods"] for row in found)
    shown = run("list").stdout
    assert all(row["name"] in shown and row["arxiv"] in shown for row in found)


@pytest.mark.parametrize("name", SEARCHES)
def test_show_has_every_number_with_unit_and_origin(name: str) -> None:
    found = answer("show", name)
    assert found["name"] == name
    shown = " ".join(run("show", name).stdout.split())
    for row in found["quantities"]:
        assert {"key", "value", "error", "unit", "kind", "origin", "range"} <= set(row)
        assert f"{row['key']} " in shown
        assert row["origin"].split()[0] in shown
    assert all(f"channel {channel['name']}" in shown for channel in found["channels"])


def test_show_calibrated_puts_the_numbers_in_place() -> None:
    kinds = {row["key"]: row["kind"] for row in answer("show", "na64mu-zprime")["quantities"]}
    after = {row["key"]: row["kind"] for row in answer("show", "na64mu-zprime", "--calibrated")["quantities"]}
    assert {key for key in kinds if kinds[key] != after[key]} == {"efficiency"}
    assert after["efficiency"] == "calibrated"


def test_a_search_may_be_a_path() -> None:
    path = limits.load_search("na64mu-zprime").path
    assert answer("show", path) == answer("show", "na64mu-zprime") == answer("show", path.parent)


def test_an_unknown_search_lists_the_known_ones() -> None:
    for command in ("show", "limit", "fit", "scan", "export", "reproduce"):
        message = complaint(command, "faser", code=1)
        assert "'faser'" in message
        assert "faser-aprime, microboone-trident, na62-aprime" in message


# --- count ---


FLAGSHIP = (
    *("count", "--observed", 6, "--background", 5.5, "--background-lognormal", 1.3, "--signal-lognormal", 1.1),
    *("--method", "bayes", "--level", 0.95),
)


def test_count_with_a_number_on_a_slide() -> None:
    found = answer(*FLAGSHIP)
    assert set(found) == LIMIT_KEYS | {"input"}
    direct = limits.upper_limit(
        limits.counting(
            6,
            1.0,
            limits.Background(5.5, 0.3, "lognormal"),
            [limits.Systematic("signal", 1.1)],
        ),
        "bayes",
    )
    assert found["observed_limit"] == pytest.approx(direct.observed_limit, rel=1e-9)
    assert found["expected_limit"] == pytest.approx(list(direct.expected_limit), rel=1e-9)
    assert (found["quantity"], found["unit"], found["CLs_obs"]) == ("signal events", "events", None)
    assert (found["method"], found["level"], found["status"], found["warnings"]) == ("bayes", 0.95, "ok", [])
    assert found["input"]["background_lognormal"] == 1.3


def test_count_in_words() -> None:
    shown = run(*FLAGSHIP).stdout
    for words in ("7.5725 events at 95 %", "prior flat in the strength", "a-priori", "expected limit", "median"):
        assert words in shown


def test_count_without_background_and_events_knows_the_exact_answer() -> None:
    exact = answer("count", "--observed", 0, "--background", 0, "--method", "cls-exact", "--level", 0.9)
    assert exact["observed_limit"] == pytest.approx(2.302585, rel=1e-6)
    asymptotic = answer("count", "--observed", 0, "--background", 0)
    assert asymptotic["observed_limit"] == pytest.approx(1.92, abs=0.005)
    assert any("2.996" in warning and "cls-exact" in warning for warning in asymptotic["warnings"])
    assert "warning: " in run("count", "--observed", 0, "--background", 0).stdout


def test_a_signal_turns_events_into_strength() -> None:
    events = answer("count", "--observed", 3, "--background", 2, "--method", "cls-exact")
    strength = answer("count", "--observed", 3, "--background", 2, "--method", "cls-exact", "--signal", 4)
    assert strength["observed_limit"] * 4 == pytest.approx(events["observed_limit"], rel=1e-9)
    assert strength["unit"] == "strength"


@pytest.mark.parametrize(
    ("options", "background"),
    [
        (["--background", 5, "--background-sigma", 1.5], limits.Background(5, 0.3, "gaussian")),
        (["--background", 5, "--background-gamma", 0.3], limits.Background(5, 0.3, "gamma")),
        (["--background", 5, "--background-lognormal", 1.3], limits.Background(5, 0.3, "lognormal")),
        (["--background", 5], limits.Background(5)),
        (["--sideband", 20, 4], limits.Sideband(20, 4)),
    ],
)
@pytest.mark.parametrize("method", ["cls", "cls-q", "cls-exact", "bayes"])
def test_count_takes_every_kind_of_background(options: list[object], background: Any, method: str) -> None:
    found = answer("count", "--observed", 7, *options, "--method", method, "--test-strength", 5)
    direct = limits.upper_limit(limits.counting(7, 1.0, background), method, 0.95, 5.0)
    assert found["observed_limit"] == pytest.approx(direct.observed_limit, rel=1e-9)
    assert found["CLs_obs"] == (None if direct.CLs_obs is None else pytest.approx(direct.CLs_obs, rel=1e-9))


def test_a_background_may_have_two_uncertainties() -> None:
    one = answer("count", "--observed", 7, "--sideband", 20, 4, "--method", "cls-exact")
    two = answer("count", "--observed", 7, "--sideband", 20, 4, "--background-lognormal", 1.3, "--method", "cls-exact")
    assert two["observed_limit"] > one["observed_limit"]


def test_correlated_lognormals_are_one_nuisance() -> None:
    both = ("--background-lognormal", 1.3, "--signal-lognormal", 1.3)
    apart = answer("count", "--observed", 6, "--background", 5.5, *both, "--method", "bayes")
    shared = answer("count", "--observed", 6, "--background", 5.5, *both, "--correlated", "--method", "bayes")
    direct = limits.counting(6, 1.0, limits.Background(5.5), [limits.Systematic("both", 1.3, True, True)])
    assert shared["observed_limit"] == pytest.approx(limits.upper_limit(direct, "bayes").observed_limit, rel=1e-9)
    assert shared["observed_limit"] != pytest.approx(apart["observed_limit"], rel=1e-3)


def test_no_signal_is_an_answer() -> None:
    found = answer("count", "--observed", 2, "--background", 1, "--signal", 0)
    assert (found["observed_limit"], found["status"]) == (None, "insensitive")
    assert found["expected_limit"] == [None] * 5
    assert "nothing is excluded" in run("count", "--observed", 2, "--background", 1, "--signal", 0).stdout


def test_asimov_counts_need_the_asymptotic_method() -> None:
    assert answer("count", "--observed", 2.5, "--background", 2.5)["status"] == "ok"
    message = complaint("count", "--observed", 2.5, "--background", 2.5, "--method", "bayes")
    assert "--observed 2.5: method 'bayes' needs a whole number" in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--background", 1], "--observed"),
        (["--observed", 1], "--background is missing"),
        (["--observed", -1, "--background", 1], "'-1': must be a number ≥ 0"),
        (["--observed", "three", "--background", 1], "'three': must be a finite number"),
        (["--observed", "nan", "--background", 1], "must be a finite number"),
        (["--observed", "1_0", "--background", 1], "must be a finite number"),
        (["--observed", 1, "--background", "inf"], "--background"),
        (["--observed", 1, "--background", "1e999"], "--background"),
        (["--observed", 1, "--background", 1, "--level", 95], "--level': '95': must lie between 0 and 1"),
        (["--observed", 1, "--background", 1, "--method", "CLs"], "known: cls, cls-q, cls-exact"),
        (["--observed", 1, "--background", 1, "--signal", -2], "--signal"),
        (["--observed", 1, "--background", 1, "--background-lognormal", 30], "must be a factor between 0.1 and 10"),
        (["--observed", 1, "--background", 0, "--background-sigma", 1], "needs a background above 0"),
        (
            ["--observed", 1, "--background", 1, "--background-sigma", 1, "--background-gamma", 1],
            "--background-sigma and --background-gamma exclude each other",
        ),
        (["--observed", 1, "--background", 1, "--sideband", 1, 2], "--sideband replaces --background"),
        (["--observed", 1, "--sideband", 1, 0], "--sideband"),
        (["--observed", 1, "--sideband", 1], "--sideband"),
        (["--observed", 1, "--background", 1, "--correlated"], "--correlated needs both"),
    ],
)
def test_count_says_what_is_wrong(options: list[object], words: str) -> None:
    assert words in complaint("count", *options)


# --- limit ---


@pytest.mark.parametrize(("measurement", "level"), [("first", 0.95), ("second", 0.9)])
def test_limit_of_a_workspace_is_that_of_pyhf(workspace: Path, measurement: str, level: float) -> None:
    found = answer("limit", workspace, "--measurement", measurement, "--level", level, "--test-strength", 1.3)
    assert set(found) == LIMIT_KEYS | {"workspace"}
    spec = pyhf.Workspace(WORKSPACE)
    model = spec.model(measurement_name=measurement)
    data = spec.data(model)
    search = pyhf.infer.intervals.upper_limits.toms748_scan
    observed, expected = search(data, model, 0.1, 5.0, level=1 - level, rtol=1e-6)
    assert found["observed_limit"] == pytest.approx(float(observed), rel=1e-4)
    assert found["expected_limit"] == pytest.approx([float(value) for value in expected], rel=1e-4)
    cls, band = pyhf.infer.hypotest(1.3, data, model, return_expected_set=True)
    assert found["CLs_obs"] == pytest.approx(float(cls), rel=1e-4)
    assert found["CLs_exp"] == pytest.approx([float(value) for value in band], rel=2e-4)
    assert (found["search"], found["excluded"], found["unit"]) == (None, None, "strength")


def test_a_workspace_may_come_from_stdin(workspace: Path) -> None:
    piped = answer("limit", "-", stdin=workspace.read_text())
    assert piped.pop("workspace") == "stdin"
    filed = answer("limit", workspace)
    filed.pop("workspace")
    assert piped == filed


def test_patches_apply_in_order(workspace: Path, tmp_path: Path) -> None:
    place = "/channels/0/samples/0/data"
    for name, value in (("one", [1.0, 1.0]), ("two", [24.0, 22.0])):
        (tmp_path / name).write_text(json.dumps([{"op": "replace", "path": place, "value": value}]))
    patched = answer("limit", workspace, "-p", tmp_path / "one", "--patch", tmp_path / "two")
    assert patched["observed_limit"] * 2 == pytest.approx(answer("limit", workspace)["observed_limit"], rel=1e-6)


def test_limit_of_a_search_is_in_its_published_quantity() -> None:
    found = answer("limit", "microboone-trident")
    assert set(found) == LIMIT_KEYS
    assert (found["quantity"], found["unit"]) == ("squared kinetic mixing ε²", "1")
    assert (found["search"], found["hypothesis"], found["mass_gev"]) == ("microboone-trident", "dark-trident", 0.05)
    assert (found["level"], found["method"], found["label"]) == (0.9, "cls", "predicted")
    assert found["observed_limit"] == pytest.approx(1.1683e-7, rel=0.03)
    assert found["expected_limit"][2] == pytest.approx(1.1926e-7, rel=0.03)
    assert found["excluded"] is (found["observed_limit"] < found["coupling"]["reference"])


def test_the_reference_coupling_does_not_change_a_limit_on_the_coupling() -> None:
    weak, strong = (answer("limit", "microboone-trident", "--coupling", g) for g in ("1e-8", "1e-6"))
    assert weak["observed_limit"] == pytest.approx(strong["observed_limit"], rel=1e-6)
    assert (weak["excluded"], strong["excluded"]) == (False, True)


def test_limit_and_scan_agree() -> None:
    point = answer("scan", "na64mu-zprime", "--masses", "0.5")["points"][0]
    found = answer("limit", "na64mu-zprime", "--mass", "0.5")
    assert found["observed_limit"] == pytest.approx(point["observed_limit"], rel=1e-4)


def test_limit_of_a_region_is_on_the_strength_and_says_so() -> None:
    inside = answer("limit", "faser-aprime", "--mass", 0.05, "--coupling", 1e-5)
    outside = answer("limit", "faser-aprime", "--mass", 0.05, "--coupling", 1e-3)
    assert (inside["unit"], inside["exclusion"]) == ("strength", "region")
    assert (inside["excluded"], outside["excluded"]) == (True, False)
    assert inside["assumptions"]
    assert "'limits scan' finds the edges" in run("limit", "faser-aprime").stdout


def test_calibrated_and_set_values_are_said(tmp_path: Path) -> None:
    predicted = answer("limit", "na64mu-zprime")
    fitted = answer("limit", "na64mu-zprime", "--calibrated")
    by_hand = answer("limit", "na64mu-zprime", "--set", "efficiency=0.25", "--set", "observed=1")
    assert (predicted["label"], predicted["calibrated_to"]) == ("predicted", None)
    assert fitted["label"] == "calibrated"
    assert "efficiency: " in fitted["calibrated_to"]
    assert "efficiency" in predicted["assumptions"]
    assert "efficiency" not in fitted["assumptions"]
    assert by_hand["set_values"] == {"efficiency": 0.25, "observed": 1.0}
    shown = run("limit", "na64mu-zprime", "--set", "efficiency=0.25", "--calibrated").stdout
    assert "set by hand" in shown


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["na64mu-zprime", "--mass", 5], 1, "allowed: 0.001 to 2 GeV"),
        (["na64mu-zprime", "--mass", 0], 2, "must be a number > 0"),
        (["na64mu-zprime", "--hypothesis", "aprime"], 1, "known: lmu-ltau"),
        (["na64mu-zprime", "--set", "efficency=1"], 1, "unknown number 'efficency'; known: "),
        (["na64mu-zprime", "--set", "efficiency"], 2, "must be KEY=VALUE"),
        (["na64mu-zprime", "--set", "efficiency=nan"], 2, "must be a finite number"),
        (["na64mu-zprime", "--set", "efficiency=1", "--set", "efficiency=0.5"], 2, "set twice"),
        (["na64mu-zprime", "--set", "observed=-1"], 1, "must not be negative"),
        (["na64mu-zprime", "--measurement", "x"], 2, "--measurement does not apply"),
        (["na64mu-zprime", "-p", "x.json"], 2, "--patch does not apply"),
        (["microboone-trident", "--calibrated"], 1, "has no calibrated numbers"),
        (["microboone-trident", "--method", "cls-exact"], 1, "10 bins; use method 'cls'"),
        (["missing.json"], 1, "unknown target (and no such file) 'missing.json'; known: babar-psid-lambda"),
        (["missing.toml"], 1, "missing.toml"),
        (["-", "--mass", 1], 2, "--mass does not apply: stdin is a workspace"),
    ],
)
def test_limit_says_what_is_wrong(options: list[object], code: int, words: str) -> None:
    assert words in complaint("limit", *options, code=code)


def test_an_unknown_measurement_lists_the_known_ones(workspace: Path) -> None:
    assert "known: first, second" in complaint("limit", workspace, "--measurement", "third", code=1)


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ("{", "not JSON"),
        ('{"patch": []}', "a list of operations, nor a patchset"),
        ('{"patches": []}', "patches: [] should be non-empty"),
        ('[{"op": "remove", "path": "/nothing"}]', "patch does not apply"),
    ],
)
def test_a_patch_that_is_none(workspace: Path, tmp_path: Path, patch: str, words: str) -> None:
    (tmp_path / "patch").write_text(patch)
    assert words in complaint("limit", workspace, "-p", tmp_path / "patch", code=1)


# --- fit ---


def test_fit_of_a_workspace_is_that_of_pyhf(workspace: Path) -> None:
    found = answer("fit", workspace)
    spec = pyhf.Workspace(WORKSPACE)
    model = spec.model(measurement_name="first")
    best, twice_nll = pyhf.infer.mle.fit(spec.data(model), model, return_fitted_val=True)
    assert found["twice_nll"] == pytest.approx(float(twice_nll), abs=1e-5)
    assert found["nll"] == pytest.approx(found["twice_nll"] / 2)
    assert found["strength"] == pytest.approx(float(best[model.config.poi_index]), abs=1e-3)
    assert [row["name"] for row in found["parameters"]] == ["mu", "shape[0]", "shape[1]", "scale"]
    keys = {"name", "value", "error", "init", "constraint", "fixed"}
    assert all(set(row) == keys and not row["fixed"] for row in found["parameters"])
    assert found["significance"] >= 0
    assert found["status"] == "ok"
    shown = run("fit", workspace).stdout
    assert "shape[1]" in shown


def test_fit_at_a_fixed_strength(workspace: Path) -> None:
    found = answer("fit", workspace, "--strength", 1)
    assert (found["strength"], found["strength_error"], found["significance"]) == (1, None, None)
    assert found["parameters"][0]["fixed"]
    assert found["nll"] > answer("fit", workspace)["nll"]
    assert "held" in run("fit", workspace, "--strength", 1).stdout


def test_fit_of_a_search() -> None:
    found = answer("fit", "na64mu-zprime", "--set", "observed=3")
    assert (found["search"], found["mass_gev"]) == ("na64mu-zprime", 0.1)
    assert found["significance"] > 3
    assert found["strength"] > 0


def test_events_without_background_have_no_bounded_significance() -> None:
    spec = json.loads(json.dumps(WORKSPACE))
    spec["channels"][0]["samples"][1] |= {"data": [0.0, 0.0], "modifiers": []}
    found = answer("fit", "-", stdin=json.dumps(spec))
    assert found["significance"] is None
    assert any("unbounded" in warning for warning in found["warnings"])
    assert any(
        "impossible" in warning for warning in answer("fit", "-", "--strength", 0, stdin=json.dumps(spec))["warnings"]
    )


# --- output ---


def test_output_file_takes_the_json(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"
    done = run(*FLAGSHIP, "--json", "--output-file", path)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(path.read_text()) == answer(*FLAGSHIP)
    assert "observed limit" in run(*FLAGSHIP, "--output-file", path).stdout
    assert [file.name for file in tmp_path.iterdir()] == ["limit.json"]


def test_an_output_file_that_cannot_be_written(tmp_path: Path) -> None:
    message = complaint(*FLAGSHIP, "--json", "--output-file", tmp_path / "no" / "limit.json", code=1)
    assert "limit.json: cannot be written: No such file or directory" in message
    assert "must be the name of a file" in complaint(*FLAGSHIP, "--json", "--output-file", tmp_path / "a\0b")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_output_file_survives_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"
    path.write_text("before")
    complaint("limit", "na64mu-zprime", "--mass", 5, "--output-file", path, code=1)
    assert path.read_text() == "before"


def test_a_device_is_written_to_and_not_replaced() -> None:
    done = run(*FLAGSHIP, "--json", "--output-file", "/dev/null")
    assert done.exit_code == 0
    assert not Path("/dev/null").is_file()


def test_partial_results_end_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def partial(*args: object, **options: object) -> limits.Limit:
        band = (1.0, 2.0, 3.0, 4.0, None)
        return limits.Limit(
            2.0, band, "kind", 0.2, (None,) * 5, 1.0, 0.95, "cls", "words", "partial", ("+2σ not found",)
        )

    monkeypatch.setattr("limits.inference.limit.upper_limit", partial)
    found = answer("count", "--observed", 1, "--background", 1, code=3)
    assert found["expected_limit"][4] is None
    shown = run("count", "--observed", 1, "--background", 1)
    assert shown.exit_code == 3
    assert "warning: +2σ not found" in shown.stdout


# --- scan ---


def test_scan_of_an_upper_limit(tmp_path: Path) -> None:
    found = answer("scan", "na64mu-zprime", "--mass-range", "0.01:1:3:log", "--calibrated", "--set", "observed=1")
    assert {"search", "hypothesis", "coupling", "points", "method", "level", "expected_kind", "label"} <= set(found)
    assert {"symbol", "unit"} <= set(found["coupling"])
    assert [point["mass_gev"] for point in found["points"]] == pytest.approx([0.01, 0.1, 1])
    keys = {"mass_gev", "observed_limit", "expected_limit", "excluded", "significance", "status"}
    assert all(keys <= set(point) and len(point["expected_limit"]) == 5 for point in found["points"])
    assert (found["search"], found["hypothesis"], found["label"]) == ("na64mu-zprime", "lmu-ltau-dark", "calibrated")
    assert found["set_values"] == {"observed": 1.0}
    shown = run("scan", "na64mu-zprime", "--masses", "0.01,1").stdout
    assert "observed g_Z'" in shown


def test_scan_of_a_region() -> None:
    options = ("scan", "faser-aprime", "--masses", "0.05", "--couplings", "1e-6:1e-3:31", "--level", 0.95)
    point = answer(*options)["points"][0]
    assert point["observed_limit"] is None
    ((low, high),) = point["excluded"]
    assert 1e-6 < low < 1e-5 < high < 1e-3
    done = run(*options)
    assert done.stderr == ""
    assert "excluded ε" in done.stdout


def test_scan_writes_what_it_is_asked_to(tmp_path: Path) -> None:
    picture, file = tmp_path / "scan.png", tmp_path / "scan.json"
    done = run(
        "scan", "microboone-trident", "--masses", "0.01,0.05", "--plot", picture, "--json", "--output-file", file
    )
    assert done.exit_code == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len(json.loads(file.read_text())["points"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan.json", "scan.png"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--masses", "0.02,0.05", "--mass-range", "0.01:1:3"], 2, "exclude each other"),
        (["--masses", "0.02,,0.05"], 2, "--masses"),
        (["--masses", "0.02;0.05"], 2, "--masses"),
        (["--masses", "50"], 1, "allowed: 0.001 to 2 GeV"),
        (["--mass-range", "0.01:1"], 2, "must be LO:HI:N"),
        (["--mass-range", "1:0.01:3"], 2, "LO < HI"),
        (["--mass-range", "0.01:1:3:lin"], 2, "LO:HI:N:log"),
        (["--mass-range", "0.01:1:3.5"], 2, "whole number of points"),
        (["--mass-range", "0.01:1:1000000000"], 2, "whole number of points"),
        (["--couplings", "0:1:3"], 2, "must be a number > 0"),
        (["--couplings", "1e-5:1e-3:10:log"], 2, "must be LO:HI:N"),
        (["--method", "exact"], 2, "known: cls, "),
        (["--output-file"], 2, "--output-file"),
    ],
)
def test_scan_says_what_is_wrong(options: list[object], code: int, words: str) -> None:
    assert words in complaint("scan", "na64mu-zprime", *options, code=code)


# --- export, digest ---


def test_export_is_a_workspace_with_a_digest_that_pyhf_agrees_with(tmp_path: Path) -> None:
    found = answer("export", "microboone-trident", "--format", "pyhf", "--output", tmp_path / "out")
    assert (found["search"], found["hypothesis"], found["format"]) == ("microboone-trident", "dark-trident", "pyhf")
    files = {Path(row["path"]).name: row["sha256"] for row in found["files"]}
    assert sorted(files) == ["patchset.json", "workspace.json"]
    document = json.loads((tmp_path / "out" / "workspace.json").read_text())
    assert files["workspace.json"] == pyhf.utils.digest(document)
    pyhf.PatchSet(json.loads((tmp_path / "out" / "patchset.json").read_text())).verify(document)
    limit = answer("limit", tmp_path / "out" / "workspace.json", "--level", 0.9)["observed_limit"]
    search = answer("limit", "microboone-trident")
    assert search["coupling"]["reference"] * limit**0.5 == pytest.approx(search["observed_limit"], rel=1e-6)


def test_export_goes_to_workspaces_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = run("export", "microboone-trident", "--masses", "0.05").stdout
    assert "workspaces/microboone-trident/workspace.json" in shown
    assert [path.name for path in (tmp_path / "workspaces" / "microboone-trident").iterdir()] == ["workspace.json"]


def test_export_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in complaint("export", "microboone-trident", "--output", tmp_path / "file" / "x", code=1)
    assert "allowed" in complaint("export", "microboone-trident", "--masses", "3", "--output", tmp_path / "y", code=1)
    assert not (tmp_path / "y").exists()


def test_digest_is_that_of_pyhf(workspace: Path) -> None:
    expected = pyhf.utils.digest(WORKSPACE)
    assert run("digest", workspace).stdout == f"sha256:{expected}\n"
    assert answer("digest", "-", stdin=workspace.read_bytes()) == {"sha256": expected}


# --- reproduce ---


def test_reproduce_one_search(tmp_path: Path) -> None:
    found = answer("reproduce", "microboone-trident", "--output", tmp_path / "results")
    assert found["rows"]
    assert all(set(row) == ROW_KEYS and row["search"] == "microboone-trident" for row in found["rows"])
    assert all(row["label"] in ("predicted", "calibrated", "projection") for row in found["rows"])
    ratios = {row["method"]: row["ratio"] for row in found["rows"] if row["published"] is not None}
    assert ratios["cls"] == pytest.approx(1, abs=0.03)
    assert ratios["cls-toys"] == pytest.approx(1, abs=0.08)
    assert "limits" in found["provenance"]
    assert {"table.txt", "results.json"} <= {path.name for path in (tmp_path / "results").iterdir()}


def test_reproduce_in_words() -> None:
    done = run("reproduce", "microboone-trident", "microboone-trident")
    assert (done.exit_code, done.stderr) == (0, "")
    for words in ("published", "computed", "ratio", "predicted", "1.1683e-07", "source 1: "):
        assert words in done.stdout
    assert "cls-toys" in done.stdout
    assert "dark-trident-heavy" in done.stdout


def test_reproduce_needs_the_folder_it_is_given(tmp_path: Path) -> None:
    assert "--published" in complaint("reproduce", "--published", tmp_path / "nothing")
