"""Every command with anything behind every option: an answer, or one clear line; never a traceback, never a file left behind.

The commands are found by walking the command line, so that a new one is tested without being named here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limits.cli import main

JUNK = (
    *(
        "",
        " ",
        "nan",
        "-inf",
        "1e400",
        "0",
        "-1",
        "٣",
        "1,,2",
        "0.1:0.05:3",
        "a=b",
        "a=1=2",
        "=",
        "no-such",
        "no-such.json",
    ),
    *(
        "junk.json",
        "junk.csv",
        "junk.toml",
        "empty",
        "folder",
        "-",
        "--",
        "../../etc/passwd",
        "/dev/null/x",
        "\u202e",
        "ε" * 300,
    ),
    "x" * 5000,
)
"""Values that no option takes, or few do. A search's name is not among them: every command ends before it computes anything."""

FILES = {
    "junk.json": '{"channels": [[[]]], "version": 1e999}',
    "junk.csv": "mass,limit\n1,x\n",
    "junk.toml": "[facts]\nx = 1\n",
    "empty": "",
}


def verbs(group: click.Group = main, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from verbs(command, (*name, word))
        else:
            yield (*name, word), command


VERBS = dict(verbs())


@st.composite
def lines(draw: st.DrawFn, command: click.Command) -> list[str]:
    junk = st.sampled_from(JUNK) | st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
    )
    options = [p for p in command.params if isinstance(p, click.Option) and "--help" not in p.opts]
    words: list[str] = []
    for option in draw(st.lists(st.sampled_from(options), max_size=4)) if options else []:
        words.append(option.opts[-1])
        if not option.is_flag:
            words += [draw(junk) for _ in range(max(option.nargs, 1))]
    arguments = [draw(junk) for _ in range(draw(st.integers(0, 3)))]
    return [*words, *arguments]


def acceptable(answer: Result) -> None:
    assert answer.exit_code in (0, 1, 2, 3), answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr
    assert "a bug in limits" not in answer.stderr
    if answer.exit_code in (1, 2):
        lines = answer.stderr.splitlines()
        assert lines[-1].startswith("error: "), answer.stderr
        assert all(line.isprintable() for line in lines)
        assert len(lines[-1]) < 2500


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


WITHOUT_ARGUMENTS = {("list",), ("reproduce",), ("report",)}
"""What these do without an argument is no bad input, and takes long."""


@pytest.mark.parametrize("name", VERBS, ids="-".join)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_anything_behind_any_option(name: tuple[str, ...], place: Path, data: st.DataObject) -> None:
    words = data.draw(lines(VERBS[name]))
    if name in WITHOUT_ARGUMENTS:
        words.append("no-such")
    acceptable(CliRunner().invoke(main, [*name, *words], input=""))
    for file, content in FILES.items():
        assert (place / file).read_text(encoding="utf-8") == content
    assert not [path.name for path in place.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", VERBS, ids="-".join)
def test_help_names_what_a_command_takes(name: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(main, [*name, "--help"])
    assert answer.exit_code == 0
    assert all(option.help for option in VERBS[name].params if isinstance(option, click.Option))


def test_every_command_speaks_json() -> None:
    """Commands that write documents or text of another kind are those listed."""
    without = {name for name, command in VERBS.items() if not any("--json" in p.opts for p in command.params)}
    assert without <= {("cite",), ("report",), ("new-search",)}, json.dumps(sorted(map(" ".join, without)))
