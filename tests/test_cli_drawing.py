"""--plot, --plot-kind and --style from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from limits.cli import main

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

COUNT = ("count", "--observed", "6", "--background", "5.5", "--background-lognormal", "1.3")
WORKSPACE = "na64mu-zprime"


def run(*words: str, **extra: str) -> Result:
    return CliRunner().invoke(main, words, env=extra)


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("cls-exact", None),
        ("bayes", None),
        ("profile", None),
        ("cls", "fit"),
        ("cls", "nuisances"),
        ("cls", "scan"),
        ("cls", "posterior"),
        ("cls-toys", "toys"),
    ],
)
def test_a_count(method: str, kind: str | None, tmp_path: Path) -> None:
    file = tmp_path / "count.svg"
    toys = ("--toys", "50") if method == "cls-toys" else ()
    how = () if kind is None else ("--plot-kind", kind)
    done = run(*COUNT, "--method", method, *toys, "--plot", str(file), *how)
    assert done.exit_code == 0, done.output
    assert "observed limit" in done.output
    assert "counting experiment" in file.read_text()


def test_a_document(tmp_path: Path, repository: Path) -> None:
    path = str(repository / "workspaces" / WORKSPACE / "workspace.json")
    how = ("--method", "cls", "--toys", "20", "--strength", "0,1")
    for words in (("fit", path), ("limit", path), ("significance", path), ("scan", path), ("coverage", path, *how)):
        file = tmp_path / f"{words[0]}.png"
        done = run(*words, "--plot", str(file))
        assert done.exit_code in (0, 3), (words, done.output)
        assert file.read_bytes().startswith(b"\x89PNG")


def test_a_search_says_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "limit.svg"
    done = run("limit", "na64mu-zprime", "--mass", "0.1", "--calibrated", "--plot", str(file))
    assert done.exit_code == 0, done.output
    text = file.read_text()
    assert "na64mu-zprime" in text
    assert "calibrated" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--plot", "a.jpg"), "no such picture format"),
        (("--plot-kind", "fit"), "--plot-kind needs --plot FILE"),
        (("--plot", "a.png", "--plot-kind", "pie"), "pie"),
        (("--plot", "a.png", "--style", "atlas"), "ATLAS"),
        (("--plot", "a.png", "--method", "profile", "--plot-kind", "cls"), "its picture is 'scan'"),
    ],
)
def test_what_cannot_be_drawn(
    words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*COUNT, *words)
    assert done.exit_code != 0
    assert message in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore")  # of what it imports
def test_the_style_may_come_from_outside(tmp_path: Path) -> None:
    pytest.importorskip("mplhep", reason="mplhep is not installed")
    files = [tmp_path / name for name in ("plain.svg", "option.svg", "variable.svg")]
    assert run(*COUNT, "--plot", str(files[0])).exit_code == 0
    assert run(*COUNT, "--plot", str(files[1]), "--style", "CMS").exit_code == 0
    assert run(*COUNT, "--plot", str(files[2]), LIMITS_STYLE="CMS").exit_code == 0
    plain, option, variable = (file.read_bytes() for file in files)
    assert option == variable
    assert plain != option
