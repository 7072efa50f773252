"""The command line: options of the methods, on/off counts, coverage by toys, a signal quadratic in its coupling."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from limits.cli import main
from limits.inference.counts.onoff import on_off

COUNT = ["count", "--observed", "3", "--background", "1"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def answer(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def workspace(tmp_path: Path) -> str:
    def factor(name: str) -> list[dict[str, object]]:
        return [{"name": name, "type": "normfactor", "data": None}]

    norm = [{"name": "norm", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}]
    samples = [
        {"name": "signal", "data": [10.0, 4.0], "modifiers": factor("strength")},
        {"name": "interference", "data": [6.0, 5.0], "modifiers": factor("kappa")},
        {"name": "background", "data": [50.0, 60.0], "modifiers": norm},
    ]
    document = {
        "version": "1.0.0",
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": [54, 62]}],
        "measurements": [{"name": "m", "config": {"poi": "strength", "parameters": []}}],
    }
    path = tmp_path / "workspace.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_priors_and_intervals() -> None:
    flat = answer(*COUNT, "--method", "bayes")["observed_limit"]
    root = answer(*COUNT, "--method", "bayes", "--prior", "1/sqrt(s)")
    assert root["observed_limit"] < flat
    assert "1/√s" in root["definition"]
    central = answer(*COUNT, "--method", "bayes", "--prior", "jeffreys", "--interval", "central")
    low, high = central["interval"]
    assert 0 < low < high == central["observed_limit"]


def test_priors_in_the_coupling_need_a_coupling() -> None:
    one = answer("limit", "na64mu-zprime", "--method", "bayes", "--prior", "coupling2")
    flat = answer("limit", "na64mu-zprime", "--method", "bayes")
    # The yield goes as g², so flat in g² is flat in the strength.
    assert one["observed_limit"] == pytest.approx(flat["observed_limit"], rel=1e-6)
    assert (
        answer("limit", "na64mu-zprime", "--method", "bayes", "--prior", "coupling")["observed_limit"]
        < 0.9 * flat["observed_limit"]
    )
    refused = run(*COUNT, "--method", "bayes", "--prior", "coupling2")
    assert refused.exit_code == 2
    assert "only the hypothesis of a search" in refused.stderr


def test_smearing() -> None:
    sharp = answer(*COUNT, "--method", "bayes-profile")["observed_limit"]
    assert answer(*COUNT, "--method", "bayes-profile", "--smear", "1", "0.1")["observed_limit"] > sharp
    refused = run(*COUNT, "--method", "bayes-profile", "--smear", "1", "0.5")
    assert refused.exit_code == 1
    assert "relative = 0.5" in refused.stderr
    assert run(*COUNT, "--method", "cls", "--smear", "1", "0.1").exit_code == 1


def test_on_off() -> None:
    found = answer("onoff", "--on", "20", "--off", "30", "--tau", "3")
    assert [one["method"] for one in found["methods"]] == ["z-bi", "li-ma"]
    assert found["methods"][0]["significance"] == on_off(20, 30, 3).significance
    assert "z-bi" in run("onoff", "--on", "20", "--off", "30", "--tau", "3").stdout
    assert run("onoff", "--on", "20", "--off", "30", "--tau", "0").exit_code == 2


@pytest.mark.slow
def test_coverage_by_sums_and_by_toys(workspace: str) -> None:
    target = ["coverage", "na64mu-zprime", "--method", "profile", "--strength", "0,1"]
    sums = answer(*target)["methods"][0]
    assert sums["toys"] == 0
    assert all(row["statistical"] == 0 for row in sums["rows"])
    toys = answer("coverage", workspace, "--method", "profile", "--strength", "0,1", "--toys", "100")["methods"][0]
    assert toys["toys"] == 100
    assert all(0 < row["statistical"] < 0.06 for row in toys["rows"])
    assert "±" in run("coverage", workspace, "--strength", "0,1", "--toys", "50").stdout
    refused = run("coverage", workspace, "--method", "mixed")
    assert refused.exit_code == 1
    assert "known: cls, cls-q, clsb, profile" in refused.stderr


def test_signal_quadratic_in_its_coupling(workspace: str) -> None:
    found = answer("limit", workspace, "--interference", "kappa")
    assert found["quantity"] == "coupling"
    assert any("quadratic" in text for text in found["warnings"])
    assert found["observed_limit"] < answer("limit", workspace)["observed_limit"]
    wrong = run("limit", workspace, "--interference", "kapa")
    assert wrong.exit_code == 1
    assert "unknown norm factor 'kapa'; known: kappa" in wrong.stderr
    assert run("limit", "na64mu-zprime", "--interference", "kappa").exit_code == 2


def test_notes_of_the_library_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list").exit_code == 0
    handler = logging.getLogger("limits").handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(sys.stderr)
    logging.getLogger("limits").info("something takes long")
    assert "note: something takes long" in capsys.readouterr().err
