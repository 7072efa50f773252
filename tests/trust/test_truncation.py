"""Files of a search that end too early: an answer or one clear line, never a traceback and never a number of half a line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limits.cli import main
from limits.errors import InputError
from limits.search import load
from limits.search.tables import read_table

SEARCHES = Path(load("faser-aprime").path).parents[1]
TABLES = sorted(SEARCHES.glob("*/*.csv"))


@pytest.mark.parametrize("table", TABLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_table_that_ends_inside_a_line_is_refused(table: Path, tmp_path: Path) -> None:
    """One byte less cuts the last number, which would still be one."""
    content = table.read_bytes().rstrip(b"\n")
    broken = tmp_path / table.name
    broken.write_bytes(content[:-1])
    with pytest.raises(InputError, match=r"ends inside a line|cells|finite number"):
        read_table(broken)


@pytest.mark.parametrize("name", ["microboone-trident", "belle2-idm", "bes3-alp", "babar-psid-p"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_file_cut_anywhere(name: str, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SEARCHES / name, folder)
    path = data.draw(st.sampled_from(sorted(p for p in folder.iterdir() if p.suffix in (".toml", ".csv"))))
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    answer = CliRunner().invoke(main, ["show", str(folder), "--json"])
    assert "Traceback" not in answer.stderr
    assert "a bug in limits" not in answer.stderr
    if answer.exit_code:
        assert answer.exit_code == 1
        assert answer.stderr.startswith("error: ")
        assert answer.stderr.count("\n") == 1
