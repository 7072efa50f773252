"""A table as HEPData has it, imported into the folder of a search whose inputs at each mass were not public: the limit follows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result

from limits.cli import main
from limits.search import load

MESONS = 2 * 0.514 * 398 * 1.1104e6
"""B⁺ and B⁻ in the data of the search, as its file has them."""

Drop = Callable[..., Path]


def run(*args: object) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, [str(arg) for arg in args])


def published(observed: list[Any], efficiency: list[float], unit: str = "%") -> str:
    background = [
        {"value": 0.5, "errors": [{"symerror": 0.12, "label": "stat"}, {"symerror": 0.16, "label": "sys"}]},
        {"value": 3.0, "errors": [{"asymerror": {"plus": 1.0, "minus": -0.8}, "label": "total"}]},
        {"value": 10.0, "errors": [{"symerror": "20%"}]},
    ]

    def variable(name: str, values: list[Any], units: str | None = None) -> dict[str, Any]:
        cells = [value if isinstance(value, dict) else {"value": value} for value in values]
        return {"header": {"name": name} | ({"units": units} if units else {}), "values": cells}

    columns = [
        variable("Observed events", observed),
        variable("Background", background),
        variable("Signal efficiency", efficiency, unit),
    ]
    masses = variable("$m_{\\psi_D}$", [1000, 2000, 4000], "MeV")
    return str(yaml.safe_dump({"independent_variables": [masses], "dependent_variables": columns}))


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    """A copy of the search with the table imported into it."""

    def put(observed: list[Any], efficiency: list[float], unit: str = "%") -> Path:
        folder = tmp_path / "copy"
        if not folder.exists():
            shutil.copytree(load("babar-psid-p").path.parent, folder)
        table = tmp_path / "Table1.yaml"
        table.write_text(published(observed, efficiency, unit))
        done = run("published", "import", table, "--output-file", folder / "per-mass.csv")
        assert done.exit_code == 0, done.stderr
        assert "background_error" in done.stdout
        return folder

    return put


def scanned(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    done = run("scan", folder, "--method", "cls-exact", "--json")
    assert done.exit_code == 0, done.stderr
    points = json.loads(done.stdout)["points"]
    return np.array([p["mass_gev"] for p in points]), np.array([p["observed_limit"] for p in points])


def test_the_limit_follows(drop: Drop) -> None:
    """No event: ln 10 of them at 90 %, whatever the background; 10 % on the efficiency add little. Half as efficient, twice the limit."""
    mass, limit = scanned(drop([0, 3, 12], [0.08, 0.06, 0.02]))
    assert mass.tolist() == [1.0, 2.0, 4.0]
    events = limit * MESONS * np.array([8e-4, 6e-4, 2e-4])
    assert np.log(10) <= events[0] < 1.05 * np.log(10)
    # Three events where three are expected, between a Poisson limit of none and of all without background, 2.30 and 6.68.
    assert np.log(10) < events[1] < 6.68
    _, halved = scanned(drop([0, 3, 12], [0.04, 0.03, 0.01]))
    np.testing.assert_allclose(halved, 2 * limit, rtol=1e-6)
    _, more = scanned(drop([0, 6, 12], [0.08, 0.06, 0.02]))
    assert more[1] > 1.2 * limit[1]
    assert more[[0, 2]] == pytest.approx(limit[[0, 2]])


def test_what_is_wrong_is_said_with_the_file(drop: Drop) -> None:
    folder = drop([0, 3.5, 12], [0.08, 0.06, 0.02])
    done = run("scan", folder)
    assert done.exit_code == 1
    assert "per-mass.csv: column observed: got 3.5: must be a whole number" in done.stderr
    folder = drop([0, 3, 12], [0.08, 0.06, 0.02])
    done = run("scan", folder, "--masses", "4.2")
    assert "per-mass.csv: no row for 4.2 GeV; it goes from 1 to 4 GeV" in done.stdout + done.stderr


def test_a_row_that_is_not_there_is_said(drop: Drop) -> None:
    folder = drop([0, "-", 12], [0.08, 0.06, 0.02])
    text = (folder / "per-mass.csv").read_text()
    assert "# note: rows without a number are left out, 1 of 3: observed (1)" in text
    mass, _ = scanned(folder)
    assert mass.tolist() == [1.0, 4.0]
