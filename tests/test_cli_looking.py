"""Every verb on every kind of file: fit, limit, significance, scan, inspect, digest; patchsets; against pyhf."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyhf
import pytest
from click.testing import CliRunner, Result

from limits.cli import main
from limits.formats.combine import to_card
from limits.formats.hs3 import to_hs3

SAMPLE = {"name": "signal", "data": [3.0, 5.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
BACKGROUND = {
    "name": "background",
    "data": [8.0, 6.0],
    "modifiers": [
        {"name": "norm", "type": "normsys", "data": {"hi": 1.2, "lo": 1 / 1.2}},
        {"name": "stat", "type": "shapesys", "data": [2.0, 1.5]},
    ],
}
WORKSPACE: dict[str, Any] = {
    "channels": [{"name": "region", "samples": [SAMPLE, BACKGROUND]}],
    "observations": [{"name": "region", "data": [12.0, 11.0]}],
    "measurements": [{"name": "first", "config": {"poi": "mu", "parameters": []}}],
    "version": "1.0.0",
}
PATCHSET: dict[str, Any] = {
    "metadata": {
        "name": "points",
        "description": "two",
        "references": {"hepdata": "ins1234567"},
        "digests": {"sha256": pyhf.utils.digest(WORKSPACE)},
        "labels": ["mass", "coupling"],
    },
    "patches": [
        {
            "metadata": {"name": name, "values": values},
            "patch": [{"op": "replace", "path": "/channels/0/samples/0/data", "value": data}],
        }
        for name, values, data in (("light", [0.1, 1e-4], [3.0, 5.0]), ("heavy", [2, 1e-4], [6.0, 10.0]))
    ],
    "version": "1.0.0",
}
DOCUMENTS = ("pyhf", "patchset", "hs3", "card")
SEARCHES = ("na64mu-zprime", "microboone-trident", "na62-aprime", "babar-zprime-4mu", "darkquest-aprime")
VERBS = ("fit", "limit", "significance", "scan", "inspect")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def answer(*arguments: object) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "workspace.json").write_text(json.dumps(WORKSPACE))
    (tmp_path / "patchset.json").write_text(json.dumps(PATCHSET))
    (tmp_path / "workspace.hs3.json").write_text(json.dumps(to_hs3(WORKSPACE, name="mine")))
    (tmp_path / "card.txt").write_text(to_card(WORKSPACE))
    return tmp_path


def target(folder: Path, kind: str) -> list[object]:
    return {
        "pyhf": [folder / "workspace.json"],
        "patchset": [folder / "workspace.json", "--patch", folder / "patchset.json", "--point", "light"],
        "hs3": [folder / "workspace.hs3.json"],
        "card": [folder / "card.txt"],
    }.get(kind, [kind])


@pytest.mark.parametrize("kind", DOCUMENTS[1:])
@pytest.mark.parametrize("verb", VERBS)
def test_every_document_gives_the_same(folder: Path, verb: str, kind: str) -> None:
    """The same likelihood in every format: the numbers are those of the pyhf workspace."""
    ours, theirs = answer(verb, *target(folder, "pyhf")), answer(verb, *target(folder, kind))
    numbers = {
        "fit": ["strength", "strength_error", "significance", "p_value"],
        "limit": ["observed_limit", "expected_limit"],
        "significance": ["observed_significance", "expected_significance", "strength"],
        "scan": ["best_fit", "values", "delta_twice_nll"],
        "inspect": ["observed", "signal"],
    }[verb]
    for key in numbers:
        assert theirs[key] == pytest.approx(ours[key], rel=1e-5, abs=1e-7), key


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", SEARCHES)
def test_every_verb_takes_a_search(name: str, verb: str) -> None:
    more = ["--parameter", "strength"] if verb == "scan" else []
    more += ["--engine", "binned"] if name == "babar-zprime-4mu" else []
    found = answer(verb, name, *more)
    assert found["search"] == name
    assert found.get("status", "ok") in ("ok", "insensitive")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_in_words(verb: str, folder: Path) -> None:
    for aim in ("na64mu-zprime", folder / "card.txt"):
        done = run(verb, aim, *(["--parameter", "strength"] if verb == "scan" else []))
        assert (done.exit_code, done.stderr) == (0, "")
        assert str(aim) in "".join(done.stdout.split())  # a long name takes more than one line


def test_digests_are_those_of_the_files(folder: Path) -> None:
    assert answer("digest", folder / "workspace.hs3.json")["sha256"] == pyhf.utils.digest(
        json.loads((folder / "workspace.hs3.json").read_text())
    )
    exported = answer("export", "na64mu-zprime", "--masses", "0.1", "--output", folder / "out")["files"][0]["sha256"]
    assert answer("digest", "na64mu-zprime")["sha256"] == exported
    card = answer("export", "na64mu-zprime", "--format", "combine-card", "--output", folder / "out")["files"][0]
    assert answer("digest", card["path"])["sha256"] == card["sha256"]


def test_significance_is_that_of_pyhf(folder: Path) -> None:
    found = answer("significance", folder / "workspace.json")
    workspace = pyhf.Workspace(WORKSPACE)
    model = workspace.model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p, expected = pyhf.infer.hypotest(0.0, workspace.data(model), model, test_stat="q0", return_expected=True)
    assert found["observed_p_value"] == pytest.approx(float(p), rel=1e-4)
    assert found["expected_p_value"] == pytest.approx(float(expected), rel=1e-4)
    assert found["observed_significance"] == pytest.approx(answer("fit", folder / "workspace.json")["significance"])


@pytest.mark.parametrize("parameter", ["mu", "norm", "stat[1]"])
def test_a_scan_is_that_of_pyhf(folder: Path, parameter: str) -> None:
    """Free, Gaussian and Poisson parameters, each held in pyhf at three of the values."""
    found = answer("scan", folder / "workspace.json", "--parameter", parameter)
    model = pyhf.Workspace(WORKSPACE).model()
    data = pyhf.Workspace(WORKSPACE).data(model)
    names = list(model.config.par_names)
    index, init, fixed = names.index(parameter), model.config.suggested_init(), model.config.suggested_fixed()
    free = pyhf.infer.mle.fit(data, model, return_fitted_val=True)[1]
    assert found["parameter"] == parameter
    for i in (3, 10, 17):
        start, held = [*init], [*fixed]
        start[index], held[index] = found["values"][i], True
        at = pyhf.infer.mle.fit(data, model, start, None, held, return_fitted_val=True)[1]
        assert found["delta_twice_nll"][i] == pytest.approx(float(at - free), abs=2e-4)
    values = np.array(found["values"])
    assert found["delta_twice_nll"][int(np.argmin(np.abs(values - found["best_fit"])))] == pytest.approx(0, abs=1e-2)


def test_values_of_choice(folder: Path) -> None:
    found = answer("scan", folder / "workspace.json", "--values=0:2:3")
    assert found["values"] == [0, 1, 2]
    fit = [answer("fit", folder / "workspace.json", "--strength", s)["twice_nll"] for s in (0, 1, 2)]
    free = answer("fit", folder / "workspace.json")["twice_nll"]
    assert found["delta_twice_nll"] == pytest.approx([value - free for value in fit], abs=1e-7)
    assert (
        "allowed: 1e-10" in run("scan", folder / "workspace.json", "--parameter", "stat[0]", "--values=-1:2:3").stderr
    )
    done = run("scan", folder / "workspace.json", "--values=-9:2:3")
    assert done.exit_code == 3
    assert "no fit at -9" in done.stdout


def test_a_spectrum_is_scanned_without_bins() -> None:
    found = answer("scan", "babar-zprime-4mu", "--parameter", "strength", "--values", "0:40:5")
    fits = [answer("fit", "babar-zprime-4mu", "--strength", s)["twice_nll"] for s in (0, 40)]
    assert found["delta_twice_nll"][4] - found["delta_twice_nll"][0] == pytest.approx(fits[1] - fits[0], abs=1e-6)


def test_what_is_inside(folder: Path) -> None:
    found = answer("inspect", folder / "workspace.json")
    model = pyhf.Workspace(WORKSPACE).model()
    assert {p["name"] for p in found["parameters"]} == set(model.config.par_names)
    assert {(m["name"], m["type"]) for m in found["modifiers"]} == set(model.config.modifiers)
    assert found["samples"] == sorted(model.config.samples)
    (channel,) = found["channels"]
    assert (channel["name"], channel["bins"], channel["observed"]) == ("region", 2, 23.0)
    assert {s["name"]: s["expected"] for s in channel["samples"]} == {"signal": 8.0, "background": 14.0}
    assert (found["observed"], found["signal"], found["parameter_of_interest"]) == (23.0, 8.0, "mu")
    shown = run("inspect", folder / "workspace.json").stdout
    assert all(word in shown for word in ("region", "background", "shapesys", "region/background", "stat[1]"))


# --- patchsets ---


@pytest.mark.parametrize("point", ["heavy", "2,0.0001", "2.0,1e-4"])
def test_a_point_of_a_patchset(folder: Path, point: str) -> None:
    patched = pyhf.PatchSet(PATCHSET).apply(WORKSPACE, "heavy")
    (folder / "patched.json").write_text(json.dumps(patched))
    found = answer("limit", folder / "workspace.json", "-p", folder / "patchset.json", "--point", point)
    assert found["observed_limit"] == answer("limit", folder / "patched.json")["observed_limit"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["-p", "patchset.json"],
            "no point is chosen: give a name, or its values of mass,coupling; known: light (0.1,0.0001)",
        ),
        (["-p", "patchset.json", "--point", "0.2,1e-4"], "no patches at point '0.2,1e-4'"),
        (["-p", "patchset.json", "--point", "nan,x"], "no patches at point"),
        (["--point", "light"], "--point chooses from a patchset"),
        (["-p", "patch.json", "--point", "light"], "there is no patchset"),
        (["-p", "patch.json", "-p", "patchset.json", "--point", "light"], "made for another workspace"),
        (["-p", "workspace.json"], "neither a JSON patch"),
        (["--masses", "1"], "--masses does not apply to the scan of one likelihood"),
        (["--mass", "1"], "--mass does not apply: workspace.json is a workspace"),
        (["--parameter", "tau"], "unknown parameter 'tau'; known: mu, norm"),
        (["--values", "2:1:3"], "LO < HI"),
        (["--measurement", "second"], "unknown measurement 'second'; known: first"),
    ],
)
def test_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], words: str) -> None:
    monkeypatch.chdir(folder)
    change = [{"op": "replace", "path": "/channels/0/samples/0/data", "value": [1.0, 1.0]}]
    (folder / "patch.json").write_text(json.dumps(change))
    done = run("scan", "workspace.json", *options)
    assert done.exit_code in (1, 2)
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_patches_of_other_documents(folder: Path) -> None:
    (folder / "patch.json").write_text("[]")
    assert "takes no patches" in run("limit", folder / "card.txt", "-p", folder / "patch.json").stderr
    assert answer("limit", folder / "workspace.hs3.json", "-p", folder / "patch.json")["observed_limit"]


def test_a_folder_is_no_document(folder: Path) -> None:
    done = run("inspect", folder)
    assert (
        done.stderr == f"error: {folder}: a folder without search.toml is no search; of a document the file is needed\n"
    )


def test_scans_of_searches_stay_scans_over_masses() -> None:
    assert "--point does not apply to a scan over masses" in run("scan", "na64mu-zprime", "--point", "1").stderr
    assert (
        "--measurement does not apply"
        in run("scan", "na64mu-zprime", "--parameter", "strength", "--measurement", "x").stderr
    )


@pytest.mark.parametrize(
    "held",
    [{"name": "norm", "inits": [1.5], "fixed": True}, {"name": "stat", "inits": [1.2, 0.9], "fixed": True}],
)
def test_a_constrained_parameter_that_is_held_stays_where_the_measurement_says(
    folder: Path, held: dict[str, Any]
) -> None:
    """And not at its auxiliary value: as in pyhf."""
    document = json.loads(json.dumps(WORKSPACE))
    document["measurements"][0]["config"]["parameters"] = [held]
    (folder / "held.json").write_text(json.dumps(document))
    found = answer("fit", folder / "held.json")
    model = pyhf.Workspace(document).model()
    data = pyhf.Workspace(document).data(model)
    theirs = dict(zip(model.config.par_names, pyhf.infer.mle.fit(data, model), strict=True))
    assert {p["name"]: p["value"] for p in found["parameters"]} == pytest.approx(theirs, abs=2e-4)
    limit = pyhf.infer.intervals.upper_limits.toms748_scan(data, model, 0.1, 10, rtol=1e-6)[0]
    assert answer("limit", folder / "held.json")["observed_limit"] == pytest.approx(float(limit), rel=1e-4)
