"""Whatever is typed or piped in: an answer, or one clear line; never a traceback, never half a file."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from limits.cli import main

few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
many = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])

WORKSPACE: dict[str, Any] = {
    "channels": [
        {
            "name": "region",
            "samples": [
                {"name": "signal", "data": [2.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
                {
                    "name": "background",
                    "data": [5.0],
                    "modifiers": [
                        {"name": "shape", "type": "shapesys", "data": [1.0]},
                        {"name": "scale", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}},
                        {"name": "tilt", "type": "histosys", "data": {"hi_data": [5.5], "lo_data": [4.5]}},
                        {"name": "stat", "type": "staterror", "data": [0.5]},
                        {"name": "lumi", "type": "lumi", "data": None},
                    ],
                },
            ],
        }
    ],
    "observations": [{"name": "region", "data": [6.0]}],
    "measurements": [
        {
            "name": "first",
            "config": {
                "poi": "mu",
                "parameters": [
                    {"name": "mu", "bounds": [[0.0, 10.0]], "inits": [1.0]},
                    {"name": "lumi", "auxdata": [1.0], "sigmas": [0.02], "bounds": [[0.9, 1.1]], "inits": [1.0]},
                ],
            },
        }
    ],
    "version": "1.0.0",
}


def run(*args: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, [str(arg) for arg in args], input=stdin)


def acceptable(done: Result) -> None:
    """An answer in strict JSON, or one line that says what is wrong."""
    assert done.exit_code in (0, 1, 2, 3), done
    assert "Traceback" not in done.stdout + done.stderr
    if done.exit_code in (0, 3):
        assert done.stderr == ""
        json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))
    else:
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert done.stderr.endswith("\n")
        assert done.stderr[:-1].isprintable()
        assert len(done.stderr) < 2500
        assert "a bug in limits" not in done.stderr, done.stderr


# --- numbers on the command line ---

awkward = st.sampled_from(
    [
        "nan",
        "inf",
        "-inf",
        "",
        " ",
        "-1",
        "-0",
        "0",
        "1e-320",
        "1e308",
        "1e400",
        "0x10",
        "1_000",
        "٣",
        "1,5",
        "ε",
        "--json",
    ]
)
plain = st.floats(0, 1e4).map(repr) | st.integers(0, 300).map(str)
typed = plain | awkward | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
count_option = st.sampled_from(
    [
        *("--background", "--signal", "--background-lognormal", "--background-sigma", "--background-gamma"),
        *("--signal-lognormal", "--level", "--test-strength", "--sideband"),
    ]
)
method = st.sampled_from(["cls", "cls-q", "cls-exact", "bayes"])


@st.composite
def count_command(draw: st.DrawFn, value: st.SearchStrategy[str]) -> list[str]:
    command = ["count", "--json", "--observed", draw(value), "--method", draw(method)]
    options = draw(st.lists(count_option, unique=True, max_size=5))
    if "--sideband" not in options and "--background" not in options:
        options.append("--background")
    for option in options:
        command += [option, draw(value), *([draw(value)] if option == "--sideband" else [])]
    return command + draw(st.sampled_from([[], ["--correlated"]]))


@many
@given(count_command(typed))
@example(["count", "--json", "--observed", "0", "--background", "0", "--signal", "1e-300"])
@example(["count", "--json", "--observed", "3", "--background", "1e-300", "--background-sigma", "1"])
@example(["count", "--json", "--observed", "1000000", "--background", "0"])
@example(["count", "--json", "--observed", "3", "--background", "1", "--background-lognormal", "1e300"])
@example(["count", "--json", "--observed", "3", "--background", "1", "--test-strength", "1e308"])
def test_count_with_anything_typed(command: list[str]) -> None:
    acceptable(run(*command))


events = st.floats(1e-3, 40).map(lambda value: f"{value:.3g}")
kappa = st.floats(0.5, 2).map(lambda value: f"{value:.3g}")


@st.composite
def sensible_count(draw: st.DrawFn) -> list[str]:
    command = ["count", "--json", "--observed", str(draw(st.integers(0, 40))), "--method", draw(method)]
    command += draw(
        st.tuples(st.just("--background"), events, st.just("--background-sigma"), events)
        | st.tuples(st.just("--background"), events)
        | st.tuples(st.just("--sideband"), events, st.just("3"))
    )
    for option in draw(st.lists(st.sampled_from(["--background-lognormal", "--signal-lognormal"]), unique=True)):
        command += [option, draw(kappa)]
    return [*command, "--level", draw(st.sampled_from(["0.5", "0.9", "0.95", "0.999"]))]


@few
@given(sensible_count())
def test_sensible_numbers_have_an_answer(command: list[str]) -> None:
    done = run(*command)
    acceptable(done)
    assert done.exit_code == 0, done
    found = json.loads(done.stdout)
    band = found["expected_limit"]
    assert found["status"] == "ok"
    assert found["observed_limit"] > 0
    assert all(low <= high * (1 + 1e-9) for low, high in pairwise(band))


# --- workspaces ---

leaf = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([0, 1.0, -1.0, 1e308, 5e-324, 10**400, "mu", "", "NaN", "\ud800", "\x1b[31m\n", "ε" * 300])
    | st.text(max_size=10)
)
anything = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
some_command = st.sampled_from([["limit", "--json", "-"], ["fit", "--json", "-"], ["digest", "--json", "-"]])


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, the document itself left out."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


PLACES = list(places(WORKSPACE))
KINDS = ("normfactor", "shapefactor", "shapesys", "staterror", "normsys", "histosys", "lumi")
value = anything | st.sampled_from(KINDS) | st.floats(0, 100) | st.lists(st.floats(0, 100), max_size=3)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The workspace with one to three places changed, removed, doubled or renamed."""
    document = copy.deepcopy(WORKSPACE)
    for path in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True)):
        try:
            parent: Any = document
            for key in path[:-1]:
                parent = parent[key]
            if draw(st.booleans()):
                parent[path[-1]] = draw(value)
            elif isinstance(parent, list) and draw(st.booleans()):
                parent.append(copy.deepcopy(parent[path[-1]]))
            else:
                del parent[path[-1]]
        except (KeyError, IndexError, TypeError):  # an earlier change took the place away
            continue
    return document


@settings(many, max_examples=250)
@given(some_command, mutated())
def test_a_mutated_workspace(command: list[str], document: dict[str, Any]) -> None:
    acceptable(run(*command, stdin=json.dumps(document)))


@few
@given(some_command, anything)
def test_any_json(command: list[str], document: Any) -> None:
    acceptable(run(*command, stdin=json.dumps(document)))


@few
@given(some_command, st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
@example(["limit", "-"], b"[" * 100_000)
@example(["limit", "-"], b'{"a":' * 900 + b"1" + b"}" * 900)
@example(["digest", "--json", "-"], b'{"a":' * 900 + b"1" + b"}" * 900)
@example(["limit", "-"], b"\xff\xfe{}")
@example(["limit", "-"], b"\xef\xbb\xbf{}")
@example(["limit", "-"], b'{"a": ' + b"9" * 5000 + b"}")
@example(["digest", "--json", "-"], b'{"a": "\\ud800"}')
@example(["digest", "--json", "-"], b'{"a": NaN}')
def test_any_bytes(command: list[str], content: bytes) -> None:
    acceptable(run(*command, stdin=content))


number = st.floats(0, 100) | st.sampled_from([0.0, 1e-12, 5e-324])


@settings(few, max_examples=25)
@given(st.tuples(number, number, number), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_workspace_with_awkward_numbers(numbers: tuple[float, ...], relative: tuple[float, ...]) -> None:
    document = copy.deepcopy(WORKSPACE)
    signal, background = document["channels"][0]["samples"]
    signal["data"], background["data"], document["observations"][0]["data"] = ([value] for value in numbers)
    background["modifiers"][0]["data"], background["modifiers"][3]["data"] = ([numbers[1] * x] for x in relative)
    background["modifiers"][2]["data"] = {"hi_data": [numbers[1] * 1.1], "lo_data": [numbers[1] * 0.9]}
    for command in ("limit", "fit"):
        acceptable(run(command, "-", "--json", stdin=json.dumps(document)))


@few
@given(anything)
@example([{"op": "replace", "path": "/channels", "value": []}])
@example([{"op": "remove", "path": "/channels/0/samples/0/data/7"}])
@example([{"op": "replace", "path": "", "value": 3}])
@example([{"op": "test", "path": "/version", "value": "2"}])
@example([{"op": "move", "from": "/version", "path": "/version/x"}])
@example([{"op": "replace", "path": 3, "value": 3}])
@example([{}])
def test_any_patch(patch: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "workspace.json").write_text(json.dumps(WORKSPACE))
        (Path(folder) / "patch.json").write_text(json.dumps(patch))
        acceptable(run("limit", f"{folder}/workspace.json", "-p", f"{folder}/patch.json", "--json"))


@pytest.mark.parametrize("command", ["limit", "fit", "digest"])
def test_a_target_that_is_no_file(command: str, tmp_path: Path) -> None:
    for target in (tmp_path, "/dev/null", tmp_path / "no.json", "x" * 5000, "a\0b", "\udcff", "", "-x", "~", "limits"):
        done = run(command, "--json", "--", target)
        assert done.exit_code in (1, 2), (target, done)
        acceptable(done)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "workspace.json"
    file.write_text("{}")

    def refused(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refused)
    assert run("limit", file).stderr == f"error: {file}: cannot be read: Permission denied\n"


# --- searches ---

ranges = st.sampled_from(
    ["", ":", "::", ":::", "0.01:0.1", "0.1:0.01:3", "0.05:0.05:2", "0.01:0.1:0", "0.01:0.1:-2", "0.01:0.1:1e3"]
) | st.builds("{}:{}:{}{}".format, typed, typed, typed, st.sampled_from(["", ":log", ":lin", ":"]))
search_option = st.sampled_from(["--mass", "--coupling", "--set", "--level", "--method", "--hypothesis", "--strength"])


@few
@given(st.sampled_from(["--mass-range", "--couplings"]), ranges)
def test_scan_with_any_range(option: str, text: str) -> None:
    done = run("scan", "microboone-trident", "--json", f"{option}={text}")
    acceptable(done)


@few
@given(st.lists(typed, min_size=1, max_size=4))
@example(["0.05", "0.05"])
def test_scan_with_any_masses(masses: list[str]) -> None:
    acceptable(run("scan", "microboone-trident", "--json", "--masses=" + ",".join(masses)))


@few
@given(
    st.sampled_from(["limit", "fit"]),
    st.sampled_from(["na64mu-zprime", "faser-aprime"]),
    st.dictionaries(search_option, typed | st.builds("{}={}".format, st.text(max_size=5), typed), max_size=2),
)
@example("limit", "na64mu-zprime", {"--coupling": "1e-300"})
@example("limit", "na64mu-zprime", {"--coupling": "1e300"})
@example("fit", "na64mu-zprime", {"--set": "efficiency=1e300"})
@example("limit", "na64mu-zprime", {"--set": "efficiency=-1"})
@example("limit", "faser-aprime", {"--set": "distance=0"})
@example("limit", "na64mu-zprime", {"--set": "background=0"})
@example("limit", "na64mu-zprime", {"--set": "level=0.5"})
@example("limit", "na64mu-zprime", {"--set": "beam_energy=-1"})
@example("limit", "na64mu-zprime", {"--set": "target_a=0"})
@example("limit", "na64mu-zprime", {"--set": "observed=1e9"})
def test_a_search_with_anything_typed(command: str, search: str, options: dict[str, str]) -> None:
    acceptable(run(command, search, "--json", *(f"{name}={text}" for name, text in options.items())))


@few
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200))
def test_any_search_file(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "search.toml"
        path.write_text(text, encoding="utf-8", newline="")
        for command in ("show", "limit"):
            acceptable(run(command, path, "--json"))


# --- files ---


@few
@given(count_command(typed))
def test_no_file_is_left_by_a_failure(command: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "limit.json"
        done = run(*command, "--output-file", file)
        assert [path.name for path in Path(folder).iterdir()] == (["limit.json"] if done.exit_code in (0, 3) else [])
        if file.exists():
            json.loads(file.read_text())
