"""The committed workspaces in cabinetry: its fit of each is ours."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from limits.inference.limit import upper_limit
from limits.likelihood.histfactory import load

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports
    cabinetry = pytest.importorskip("cabinetry", reason="cabinetry is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = ("babar-psid-p", "belle2-idm", "faser-aprime", "microboone-trident", "na62-aprime", "na64mu-zprime")


@pytest.fixture(params=NAMES)
def path(request: pytest.FixtureRequest, repository: Path) -> Path:
    return repository / "workspaces" / str(request.param) / "workspace.json"


def test_the_same_minimum(path: Path) -> None:
    """−2 ln L at the best fit, up to what both leave out, and at strength 1 above it."""
    workspace = json.loads(path.read_text())
    own = load(workspace, where=path.name)
    model, data = cabinetry.model_utils.model_and_data(workspace)
    free = cabinetry.fit.fit(model, data)
    fixed = [*model.config.suggested_fixed()]
    start = [*model.config.suggested_init()]
    fixed[model.config.poi_index], start[model.config.poi_index] = True, 1.0
    held = cabinetry.fit.fit(model, data, init_pars=start, fix_pars=fixed)
    ours = own.fit(own.observed, 1.0).nll - own.fit(own.observed).nll
    assert (held.best_twice_nll - free.best_twice_nll) / 2 == pytest.approx(ours, abs=2e-3, rel=2e-3)


def test_the_same_limit(repository: Path) -> None:
    """Asymptotic CLs at 95 %, observed and expected; cabinetry looks for it to 1 %."""
    path = repository / "workspaces" / "microboone-trident" / "workspace.json"
    workspace = json.loads(path.read_text())
    model, data = cabinetry.model_utils.model_and_data(workspace)
    theirs = cabinetry.fit.limit(model, data, tolerance=1e-3)
    ours = upper_limit(load(workspace, where=path.name), "cls", 0.95)
    assert theirs.observed_limit == pytest.approx(ours.observed_limit, rel=5e-3)
    np.testing.assert_allclose(theirs.expected_limit, np.array(ours.expected_limit, dtype=float), rtol=5e-3)
