"""`limits combine`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyhf
import pytest
from click.testing import CliRunner, Result

from limits.assemble import prepare
from limits.cli import main
from limits.cli.documents import read_document
from limits.scan import Point, PointResult, stored
from limits.scan.points import run_point
from limits.search import load

PAIR = ("na64mu-zprime", "belle2-4mu", "--hypothesis", "lmu-ltau")
ALPS = ("faser-alp", "bes3-alp", "--hypothesis", "alp-photon")


def run(*args: object) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, ["combine", *map(str, args)])


def answer(*args: object) -> Any:
    done = run(*args, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))


def complaint(*args: object, code: int = 1) -> str:
    done = run(*args)
    assert done.exit_code == code, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "error: " in done.stderr
    assert "bug" not in done.stderr
    return done.stderr


def test_what_is_printed(tmp_path: Path) -> None:
    picture, file = tmp_path / "plane.png", tmp_path / "plane.json"
    done = run(*PAIR, "--masses", "0.1,1", "--calibrated", "--leave-one-out", "--plot", picture, "--output-file", file)
    assert done.exit_code == 0, done.stderr
    for words in (
        "best single limit over the combined one  median observed",
        "nothing but the coupling",
        "expected counts of a simulated spectrum stand for data that are not public: belle2-4mu",
        "warning: asymptotic formula at 0 observed events",
        "gain by it",
        "calibrated",
    ):
        assert words in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    found = json.loads(file.read_text())
    assert found["combination"] == "na64mu-zprime+belle2-4mu"
    assert [row["mass_gev"] for row in found["gain"]["per_mass"]] == [0.1, 1.0]
    assert found["gain"]["per_mass"][0]["observed"] == pytest.approx(1.0)
    assert found["gain"]["per_mass"][1]["observed"] > 1


@pytest.mark.slow
def test_it_goes_on_where_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory as well: scans that are done and the one that is not are put into a folder."""
    command = (*PAIR, "--masses", "0.1,1", "--calibrated", "--leave-one-out")
    whole = answer(*command)
    monkeypatch.chdir(tmp_path)
    done: list[float] = []

    def counted(point: Point) -> PointResult:
        if len(done) == 3:
            done.append(0.0)
            raise KeyboardInterrupt
        done.append(point.mass_gev)
        return run_point(point)

    monkeypatch.setattr(stored, "run_point", counted)
    stopped = run(*command)
    assert (stopped.exit_code, stopped.stdout) == (130, "")
    assert stopped.stderr.endswith("--resume combine.kept1\n")
    assert answer(*command, "--resume", "combine.kept1") == whole
    assert done == [0.1, 1.0, 0.1, 0.0, 1.0, 1.0], "what was done is not done again"
    assert answer(*command, "--executor", "processes", "--workers", 2) == whole


def test_what_is_common_is_stored() -> None:
    names = "na64mu-zprime/cross-section,belle2-4mu/signal"
    found = answer(*PAIR, "--masses", "1", "--share", f"theory={names}", "--set", "na64mu-zprime/efficiency=0.1")
    assert found["shared"] == {"shared/theory": names.split(",")}
    assert found["scan"]["set_values"] == {"na64mu-zprime/efficiency": 0.1}
    apart = answer(*PAIR, "--masses", "1", "--set", "na64mu-zprime/efficiency=0.1")
    assert found["scan"]["points"][0]["observed_limit"] != apart["scan"]["points"][0]["observed_limit"]


def test_a_level_must_be_chosen_where_they_differ() -> None:
    assert "a level must be chosen, the members have different ones: faser-alp 90 %, bes3-alp 95 %" in complaint(*ALPS)
    found = answer(*ALPS, "--level", 0.9, "--masses", "0.04,1,1.2", "--couplings", "1e-5:1e-1:9")
    assert (found["scan"]["level"], found["gain"]["kind"]) == (0.9, "area")
    assert found["scan"]["exclusion"] == "region"
    assert found["scan"]["points"][1]["excluded"][0][1] is None
    assert "none of the searches looks at 1 GeV: left out" in found["notes"]


@pytest.mark.parametrize(
    ("more", "words", "code"),
    [
        (
            ("--share", "x=na64mu-zprime/wrong,belle2-4mu/signal"),
            "unknown uncertainty 'na64mu-zprime/wrong'; known: ",
            1,
        ),
        (("--share", "x"), "must be NAME=SEARCH/NUISANCE", 2),
        (("--set", "efficiency=1"), "must be SEARCH/KEY", 2),
        (("--set", "faser-alp/efficiency=1"), "one of na64mu-zprime, belle2-4mu", 2),
        (("--set", "belle2-4mu/nothing=1"), "unknown number 'nothing'", 1),
        (("--masses", "1", "--mass-range", "1:2:3"), "exclude each other", 2),
        (("--masses", "3.1"), "none of the searches looks", 1),
        (("--masses", "20"), "allowed: 0.001 to 9 GeV", 1),
        (("--masses", "1", "--method", "cls-exact"), "exact sums need", 1),
        (("--masses", "1", "--plot", "x.jpg"), "no such picture format", 1),
    ],
)
def test_bad_input(more: tuple[str, ...], words: str, code: int) -> None:
    assert words in complaint(*PAIR, *more, code=code)


# --- at a point, exported, and with documents of other tools ---

POINT = ("faser-aprime", "na62-aprime", "--hypothesis", "aprime", "--mass", 0.05, "--coupling", 3e-5)


def test_the_exported_combination_gives_the_same_limit_in_pyhf(tmp_path: Path) -> None:
    file = tmp_path / "together.json"
    done = run(*POINT, "--method", "cls", "--leave-one-out", "--export", file)
    assert done.exit_code == 0, done.stderr
    for words in (
        "strength 1",
        "ε = 3e-05",
        "without faser-aprime",
        "na62-aprime-mumu does not look at 0.05 GeV",
        str(file),
    ):
        assert words in done.stdout
    found = answer(*POINT, "--method", "cls", "--export", file)
    document = json.loads(file.read_text())
    assert found["exported"] == {"path": str(file), "sha256": pyhf.utils.digest(document)}
    limit = found["observed_limit"]
    assert limit < min(one["observed_limit"] for one in found["singles"])
    workspace = pyhf.Workspace(document)
    likelihood = workspace.model()
    start, bounds = likelihood.config.suggested_init(), likelihood.config.suggested_bounds()
    start[likelihood.config.poi_index], bounds[likelihood.config.poi_index] = limit, (0.0, 10 * limit)
    values = [
        float(pyhf.infer.hypotest(s * limit, workspace.data(likelihood), likelihood, start, bounds))
        for s in (0.999, 1.001)
    ]
    assert values[0] > 0.1 > values[1]  # CLs falls through 10 % within 0.1 % of the limit


def test_documents_of_searches_are_the_searches(tmp_path: Path) -> None:
    """Written one by one and put together as documents, or as searches: the same limits."""
    files = []
    for name in ("faser-aprime", "na62-aprime-ee"):
        files.append(tmp_path / name / "workspace.json")
        files[-1].parent.mkdir()
        files[-1].write_text(json.dumps(prepare(load(name), "aprime", 0.05).document(3e-5)))
    found = answer(*files, "--level", 0.9, "--leave-one-out")
    expected = answer(*POINT, "--method", "cls", "--leave-one-out")
    mixed = answer(files[0], *POINT[1:], "--level", 0.9)
    assert found["members"] == ["faser-aprime/workspace", "na62-aprime-ee/workspace"]
    assert found["observed_limit"] == pytest.approx(expected["observed_limit"], rel=1e-5)
    assert found["expected_limit"] == pytest.approx(expected["expected_limit"], rel=1e-4)
    assert found["gain"] == pytest.approx(expected["gain"], rel=1e-4)
    for one, other in zip(found["leave_one_out"], expected["leave_one_out"], strict=True):
        assert one["observed_limit"] == pytest.approx(other["observed_limit"], rel=1e-5)
    assert mixed["observed_limit"] == pytest.approx(found["observed_limit"], rel=1e-5)
    assert mixed["members"] == ["workspace", "na62-aprime"]
    assert "na62-aprime: strength 1 is aprime, 0.05 GeV, ε = 3e-05" in mixed["notes"]


@pytest.mark.parametrize("form", ["hs3", "combine-card"])
def test_other_documents(tmp_path: Path, form: str) -> None:
    written = CliRunner().invoke(
        main, ["export", "na64mu-zprime", "--format", form, "--masses", "0.1", "--output", str(tmp_path), "--json"]
    )
    assert written.exit_code == 0, written.output
    path = json.loads(written.stdout)["files"][0]["path"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(prepare(load("faser-aprime"), "aprime", 0.05).document(3e-5)))
    found = answer(path, other)
    assert found["status"] == "ok"
    assert found["level"] == 0.95
    assert found["observed_limit"] < min(one["observed_limit"] for one in found["singles"])
    assert answer(path, other, "--share", _shared(path, other))["shared"]


def _shared(*paths: object) -> str:
    """The first Gaussian nuisance of each, as one."""
    firsts = []
    for path in map(str, paths):
        parameters = read_document(path).likelihood().parameters
        firsts.append(
            f"{Path(path).with_suffix('').name}/{next(p.name for p in parameters[1:] if p.constraint == 'gaussian')}"
        )
    return f"common={','.join(firsts)}"


def test_what_is_common_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "shared.toml"
    file.write_text('[shared]\ntheory = ["na64mu-zprime/cross-section", "belle2-4mu/signal"]\n')
    typed = answer(*PAIR, "--mass", 1, "--share", "theory=na64mu-zprime/cross-section,belle2-4mu/signal")
    assert answer(*PAIR, "--mass", 1, "--share-file", file) == typed
    assert typed["shared"] == {"shared/theory": ["na64mu-zprime/cross-section", "belle2-4mu/signal"]}
    assert "--share: given twice: theory" in complaint(*PAIR, "--share-file", file, "--share", "theory=a/b,c/d", code=2)


def test_options_that_do_not_apply(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps(prepare(load("faser-aprime"), "aprime", 0.05).document(3e-5)))
    assert "--export does not apply without --mass" in complaint(*PAIR, "--export", "x.json", code=2)
    assert "--plot does not apply at a point" in complaint(*PAIR, "--mass", 1, "--plot", "x.png", code=2)
    assert "--export does not apply" in complaint(file, "na62-aprime", "--export", "y.json", code=2)
    assert "--set does not apply" in complaint(file, "na62-aprime", "--set", "a/b=1", code=2)
    assert "data would count twice" in complaint(file, file, code=2)
    assert "unknown target" in complaint(file, "nothing")
    assert "no theory point" in complaint(
        "babar-psid-p", "babar-psid-lambda", "--hypothesis", "mesogenesis", "--mass", 2
    )


def test_one_search_is_no_combination() -> None:
    assert "two searches or more are needed" in complaint("faser-aprime", "--hypothesis", "aprime", code=2)
    assert "--hypothesis" in complaint("faser-aprime", "na62-aprime", code=2)
