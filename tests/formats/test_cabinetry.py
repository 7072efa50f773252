"""The committed workspaces in cabinetry, every one: its fits and its limits are ours; and what workspaces/README.md shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limits.inference.limit import upper_limit
from limits.likelihood.histfactory import load

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports
    cabinetry = pytest.importorskip("cabinetry", reason="cabinetry is not installed")

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

FOLDER = Path(__file__).resolve().parents[2] / "workspaces"
FILES = sorted(p.relative_to(FOLDER).as_posix() for p in FOLDER.glob("*/workspace*.json") if ".hs3" not in p.name)
LEVEL = 0.9


@pytest.fixture(params=FILES)
def workspace(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return request.param, json.loads((FOLDER / request.param).read_text())


def test_the_same_fit(workspace: tuple[str, dict[str, Any]]) -> None:
    """−2 ln L at the limit above the best fit, all other parameters fitted: where Minuit stops is within 1e-4 of a minimum."""
    name, document = workspace
    own = load(document, where=name)
    limit = upper_limit(own, "cls", LEVEL).observed_limit
    model, data = cabinetry.model_utils.model_and_data(document)
    free = cabinetry.fit.fit(model, data, tolerance=1e-3)
    fixed = [*model.config.suggested_fixed()]
    start = [*model.config.suggested_init()]
    fixed[model.config.poi_index], start[model.config.poi_index] = True, limit
    held = cabinetry.fit.fit(model, data, init_pars=start, fix_pars=fixed, tolerance=1e-3)
    ours = 2 * (own.fit(own.observed, limit).nll - own.fit(own.observed).nll)
    assert held.best_twice_nll - free.best_twice_nll == pytest.approx(ours, abs=3e-4, rel=1e-5)


def test_the_same_limit(workspace: tuple[str, dict[str, Any]]) -> None:
    """Asymptotic CLs, observed and expected, to a thousandth."""
    name, document = workspace
    ours = upper_limit(load(document, where=name), "cls", LEVEL)
    assert ours.observed_limit is not None
    model, data = cabinetry.model_utils.model_and_data(document)
    every = [ours.observed_limit, *ours.expected_limit]
    theirs = cabinetry.fit.limit(
        model,
        data,
        bracket=(0.5 * min(every), 2 * max(every)),
        poi_tolerance=3e-4 * min(every),
        confidence_level=LEVEL,
        tolerance=1e-3,
    )
    found = [theirs.observed_limit, *theirs.expected_limit]
    np.testing.assert_allclose(found, every, rtol=1e-3, err_msg=name)


def snippets() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("tool", ["pyhf.infer", "cabinetry", "pyhs3"])
def test_what_the_readme_shows(tool: str) -> None:
    """Its lines run where they say, and print what they say."""
    if tool == "pyhs3":
        pytest.importorskip("pyhs3", reason="pyhs3 is not installed")
    (code,) = [code for code in snippets() if tool in code]
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER, capture_output=True, text=True, check=True)
    last = float(done.stdout.split()[-1].strip("[]()"))
    document = json.loads((FOLDER / "na64mu-zprime" / "workspace.json").read_text())
    limit = upper_limit(load(document), "cls", LEVEL).observed_limit
    assert np.isfinite(last)
    if tool == "cabinetry":
        assert last == pytest.approx(limit, rel=1e-3)
    if tool == "pyhf.infer":
        assert 0 <= last < 0.1
