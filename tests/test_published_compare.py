"""`limits compare` and `limits published import` on the command line: scans whose difference from the table is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from limits.cli import main
from limits.scan import Peak, PointResult, Scan

MASSES = np.geomspace(0.01, 0.1, 12)
WORDS = {"symbol": "g", "unit": "GeV-1", "quantity": "coupling g"}
RATE = {"symbol": "σB", "unit": "fb", "quantity": "rate"}

Compare = Callable[..., dict[str, Any]]


def run(*args: object, stdin: str | None = None) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, [str(arg) for arg in args], input=stdin)


def scan(points: list[PointResult], kind: str = "upper-limit", **more: Any) -> Scan:
    return Scan("s", "alp-photon", WORDS, kind, "cls", 0.9, "", "predicted", None, (), {}, tuple(points), **more)


def limits() -> Scan:
    """An observed limit of 1e-4 m/GeV per GeV, half of it expected."""
    points = []
    for m in MASSES.tolist():
        band = tuple(0.5e-4 * m * f for f in (0.5, 0.7, 1.0, 1.4, 2.0))
        points.append(PointResult(m, 1e-4 * m, band, ((1e-4 * m, None),), ((0.5e-4 * m, None),), None, "ok"))
    return scan(points)


def region() -> Scan:
    edges = [(m, 1e-5 * m**0.5, 1e-3 * m**-0.5) for m in MASSES.tolist()]
    points = [PointResult(m, None, (None,) * 5, ((a, b),), ((a, b),), None, "ok") for m, a, b in edges]
    return scan(points, "region")


@pytest.fixture
def compared(tmp_path: Path) -> Compare:
    """The JSON document of a comparison of a scan with the text of a file."""

    def compare(found: Scan, text: str, *args: object, code: int = 0) -> dict[str, Any]:
        (tmp_path / "table.csv").write_text(text)
        done = run("compare", "-", tmp_path / "table.csv", "--json", *args, stdin=json.dumps(found.to_json()))
        assert done.exit_code == code, (done.stdout, done.stderr)
        return json.loads(done.stdout) if code in (0, 3) else {"error": done.stderr}

    return compare


def csv(heads: str, *columns: np.ndarray) -> str:
    return heads + "\n" + "\n".join(",".join(map(str, row)) for row in np.column_stack(columns).tolist()) + "\n"


def test_observed_with_observed_and_expected_with_expected(compared: Compare) -> None:
    """In TeV⁻¹ the numbers are a thousand times larger."""
    text = csv("mass [MeV],observed limit [1/TeV],expected limit [1/TeV]", 1e3 * MASSES, 0.08 * MASSES, 0.1 * MASSES)
    observed, expected = compared(limits(), text)["residuals"]
    assert (observed["of"], expected["of"], observed["n"]) == ("observed", "expected", 50)
    assert [observed[k] for k in ("lowest", "median", "highest")] == pytest.approx([1e-4 / 0.8e-4] * 3)
    assert expected["median"] == pytest.approx(0.5)


def test_a_region_as_edges_and_as_a_contour(compared: Compare) -> None:
    lower, upper = 1e-5 * MASSES**0.5 / 1.2, 1e-3 * MASSES**-0.5 / 0.9
    edges = csv("mass [GeV],lower [GeV-1],upper [GeV-1]", MASSES, lower, upper)
    around = csv("mass [GeV],coupling [GeV-1]", np.r_[MASSES, MASSES[::-1]], np.r_[lower, upper[::-1]])
    for text in (edges, around):
        found = compared(region(), text)["residuals"]
        assert [row["median"] for row in found] == pytest.approx([1.2, 0.9])
        assert found[0]["area"] == pytest.approx(np.log(1.2 / 0.9) / np.mean(np.log(upper / lower)), rel=1e-2)
        assert found[0]["tip_published"] == pytest.approx(0.1)


def test_a_rate_in_another_unit(compared: Compare) -> None:
    peak = Peak(None, None, None, 3.0, (None,) * 5)
    hunted = scan([replace(point, peak=peak) for point in limits().points], rate=RATE)
    text = csv("mass [GeV],limit [ab]", MASSES[::2], np.full(6, 2000.0))
    (row,) = compared(hunted, text, "--of", "rate")["residuals"]
    assert (row["n"], row["median"]) == (6, pytest.approx(1.5))
    assert "unit pb, but the scan is of coupling g in GeV-1" in compared(hunted, text, code=1)["error"]
    assert "no rate stands between" in compared(limits(), text, "--of", "rate", code=1)["error"]


def test_what_is_not_declared_is_said(compared: Compare) -> None:
    text = csv("mass [GeV],limit on g^2", MASSES, MASSES)
    warnings = compared(limits(), text)["warnings"]
    assert "no unit is declared: taken to be that of the scan, GeV-1" in warnings[0]
    assert "'limit on g^2' has a square, g has none" in warnings[1]
    found = compared(region(), text)
    assert "compared with the lower edge" in found["warnings"][1]
    assert [row["edge"] for row in found["residuals"]] == ["limit"]


def test_another_quantity_is_asked_about(compared: Compare) -> None:
    assert (
        "a factor of 100" in compared(limits(), csv("mass [GeV],limit [GeV-1]", MASSES, 1e-8 * MASSES))["warnings"][0]
    )


def test_what_means_no_limit_is_none(compared: Compare) -> None:
    """Collections of curves write 1e5 where nothing is excluded; for a coupling with a unit it may be a limit."""
    plain = replace(limits(), coupling={**WORDS, "unit": "1"})
    values = np.where(np.arange(len(MASSES)) == 6, 1e5, 1e-4 * MASSES / 1.5)
    found = compared(plain, csv("mass [GeV],limit", MASSES, values))
    assert found["warnings"] == ["observed: 1 of 12 values are 10000 or more: taken as no limit"]
    assert [found["residuals"][0][key] for key in ("lowest", "highest")] == pytest.approx([1.5, 1.5])
    assert compared(limits(), csv("mass [GeV],limit [GeV-1]", MASSES, values))["residuals"][0]["lowest"] < 1e-3


def test_nothing_in_common_is_partial(compared: Compare) -> None:
    found = compared(limits(), "mass [GeV],limit [GeV-1]\n1,2\n3,4\n", code=3)
    assert found["status"] == "partial"
    assert found["warnings"] == ["observed: no mass at which both have a limit; published: 1 to 3 GeV"]
    assert found["residuals"][0]["median"] is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("mass [GeV],limit [1]\n1,2\n3,4\n", "unit 1, but the scan is of coupling g in GeV-1"),
        ("mass [GeV],background\n1,2\n3,4\n", "a limit, a region or a contour is needed"),
        ("mass [GeV],+1σ\n1,2\n3,4\n", "an observed limit or the median expected one is needed"),
        ("mass,limit\n1,2\n3,4\n", "say --unit mass=MeV"),
    ],
)
def test_tables_that_cannot_be_compared(compared: Compare, text: str, complaint: str) -> None:
    assert complaint in compared(limits(), text, code=1)["error"]


@pytest.mark.parametrize("kind", ["limit", "few", "region", "hunt", "nothing", "far"])
def test_the_picture(kind: str, compared: Compare, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = region() if kind == "region" else limits()
    if kind == "few":
        found = replace(found, points=found.points[:3])
    if kind == "hunt":
        found = replace(found, rate=RATE, data="Asimov data", global_significance={})
    factor = {"far": 1e9, "region": 5.0}.get(kind, 1.1)
    mass = MASSES * (100 if kind == "nothing" else 1)
    heads = "mass [GeV],observed limit [GeV-1],expected limit [GeV-1]"
    path = tmp_path / "picture.svg"
    compared(found, csv(heads, mass, factor * 1e-4 * mass, mass), "--plot", path, code=3 if kind == "nothing" else 0)
    drawn = path.read_text()
    assert drawn.startswith("<?xml")
    assert "GeV" in drawn or "use " in drawn  # text may be drawn as paths


def test_a_wrong_suffix_comes_before_the_work(compared: Compare) -> None:
    assert "no such picture format" in compared(limits(), "no table", "--plot", "x.jpg", code=1)["error"]


def test_text_and_files(tmp_path: Path) -> None:
    (tmp_path / "scan.json").write_text(json.dumps(region().to_json()))
    (tmp_path / "edges.txt").write_text("0.01 1e-6 1e-2\n0.1 3e-6 3e-3\n")
    columns = [f"--column={name}" for name in ("mass=1", "lower=2", "upper=3")]
    units = [f"--unit={name}" for name in ("mass=GeV", "lower=GeV-1", "upper=GeV-1")]
    out = tmp_path / "out.csv"
    done = run("published", "import", tmp_path / "edges.txt", *columns, *units, "--output-file", out)
    assert done.exit_code == 0, done.stderr
    assert f"written: {out}" in done.stdout
    assert "region, 2 rows" in done.stdout
    done = run("compare", tmp_path / "scan.json", out, "--output-file", tmp_path / "found.json")
    assert done.exit_code == 0, done.stderr
    for words in ("observed, lower edge", "coupling g [GeV-1]", "tips"):
        assert words in done.stdout
    assert len(json.loads((tmp_path / "found.json").read_text())["residuals"]) == 2


def test_import_without_a_file_writes_none(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mass [GeV],limit\n1,2\n3,4\n")
    done = run("published", "import", path, "--json")
    assert json.loads(done.stdout)["written"] is None
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]
    assert "not written: --output-file" in run("published", "import", path).stdout


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["published", "x"], "unknown command 'x'; known: import, fetch"),
        (["published", "import", "no.csv"], "no.csv: cannot be read: No such file"),
        (["published", "import", "x", "--unit", "mass"], "'mass': must be NAME=TEXT"),
        (["published", "import", "x", "--unit", "mass=GeV", "--unit", "mass=MeV"], "--unit mass: given twice"),
        (["published", "fetch", "nothing"], "unknown search"),
        (["compare", "no.json", "x"], "no.json: cannot be read"),
        (["compare", "-", "x"], "stdin: not JSON"),
    ],
)
def test_one_line(args: list[str], complaint: str) -> None:
    done = run(*args, stdin="")
    assert done.exit_code in (1, 2)
    assert done.stdout == ""
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_published_without_a_command_shows_its_help() -> None:
    done = run("published")
    assert done.exit_code == 2
    assert "import" in done.stderr
    assert run("published", "-h").exit_code == 0
