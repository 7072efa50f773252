"""Searches written for other tools on the command line, and what other tools write as a target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from limits.cli import main
from limits.search import names

FILES = {"pyhf": "workspace.json", "hs3": "workspace.hs3.json", "combine-card": "card.txt"}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def answer(*arguments: object) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize(
    ("name", "mass"),
    [
        ("na64mu-zprime", 0.1),
        ("faser-aprime", 0.05),
        ("microboone-trident", 0.05),
        ("babar-psid-p", 2),
        ("belle2-idm", 0.4),
    ],
)
def test_every_format_has_the_same_limit(name: str, mass: float, form: str, tmp_path: Path) -> None:
    """Against pyhf's, at the benchmark. A linear ± 22 % is a lognormal of two sides in a card, blended otherwise: 0.3 %."""
    answer("export", name, "--masses", mass, "--output", tmp_path)
    found = answer("export", name, "--masses", mass, "--format", form, "--output", tmp_path)
    assert (found["search"], found["format"]) == (name, form)
    assert FILES[form] in {Path(entry["path"]).name for entry in found["files"]}
    ours, theirs = (answer("limit", tmp_path / file, "--level", "0.9") for file in (FILES["pyhf"], FILES[form]))
    rel = 5e-3 if (name, form) == ("microboone-trident", "combine-card") else 1e-6
    assert theirs["observed_limit"] == pytest.approx(ours["observed_limit"], rel=rel)
    assert theirs["expected_limit"] == pytest.approx(ours["expected_limit"], rel=rel)


def test_a_spectrum_has_an_unbinned_document(tmp_path: Path) -> None:
    found = answer("export", "babar-zprime-4mu", "--format", "hs3", "--output", tmp_path)
    assert {Path(entry["path"]).name for entry in found["files"]} == {"workspace.hs3.json", "unbinned.hs3.json"}
    refused = run("limit", tmp_path / "unbinned.hs3.json")
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "unbinned.hs3.json" in refused.stderr


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("card.txt", "imax 1\nbin a\n", "card.txt"),
        ("card.txt", "\xff".encode("latin-1") + b"\nimax 1\n", "not UTF-8"),
        ("theirs.hs3.json", '{"distributions": [], "metadata": {}}', "theirs.hs3.json"),
        ("list.json", "[]", "list.json"),
        ("text.txt", "nothing", "text.txt"),
    ],
)
def test_what_is_none_of_the_three_is_one_line(tmp_path: Path, name: str, text: str | bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run("limit", path)
    assert done.exit_code == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_submission_of_a_scan(tmp_path: Path) -> None:
    """What was scanned is in the table that is read back."""
    scan = tmp_path / "scan.json"
    done = run("scan", "na64mu-zprime", "--masses", "0.05,0.1,0.2", "--json", "--output-file", scan)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "submission"
    found = answer("export", "na64mu-zprime", "--format", "hepdata", "--result", scan, "--output", folder)
    assert {"submission.yaml", "workspace.json", "workspace.hs3.json"} <= {Path(f["path"]).name for f in found["files"]}
    limits = [point["observed_limit"] for point in json.loads(scan.read_text())["points"]]
    columns = answer("published", "import", folder / "submission.yaml", "--table", "1")["columns"]
    read = {column["name"]: column["values"] for column in columns}
    assert read["observed_limit"] == pytest.approx(limits, rel=1e-5)  # six digits are written
    held = answer("compare", scan, folder / "submission.yaml", "--table", "1")
    assert held["status"] == "ok"
    assert "--result goes with" in run("export", "na64mu-zprime", "--result", scan).stderr


def test_the_list_for_hepdata(tmp_path: Path) -> None:
    """Searches whose INSPIRE number is known; those without are told, and no number is made up."""
    url = "https://example.org/{name}"
    found = answer("export", "--format", "hepdata-analyses", "--url", url, "--output", tmp_path)
    listed = json.loads((tmp_path / "analyses.json").read_text())["analyses"]
    assert [(one["inspire_id"], one["implementations"]) for one in listed] == [(2839642, [{"name": "faser-alp"}])]
    assert {*found["left_out"], "faser-alp"} == set(names())
    one = answer("export", "na64mu-zprime", "--format", "hepdata-analyses", "--url", url, "--output", tmp_path)
    assert one["left_out"] == ["na64mu-zprime"]
    assert (
        "no INSPIRE number" in run("export", "--format", "hepdata-analyses", "--url", url, "--output", tmp_path).stdout
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "one search is needed, 0 are given"),
        (["na64mu-zprime", "faser-aprime"], "one search is needed, 2 are given"),
        (["--format", "hepdata-analyses"], "which needs it"),
        (["na64mu-zprime", "--url", "https://x.org/{name}"], "--url goes with"),
        (["--format", "hepdata-analyses", "--url", "x"], "an address with {name}"),
        (["--format", "hepdata-analyses", "--url", "https://x.org/{name}", "--calibrated"], "is about no numbers"),
    ],
)
def test_exports_that_are_refused(arguments: list[str], words: str) -> None:
    done = run("export", *arguments)
    assert done.exit_code in (1, 2)
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
