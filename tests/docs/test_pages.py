"""The pages in docs/ show what their commands print, and nothing in them points nowhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "scripts" / "update_docs.py"
PAGES = sorted((REPOSITORY / "docs").rglob("*.md"))
PROSE = [
    *PAGES,
    REPOSITORY / "README.md",
    *(REPOSITORY / "limits").glob("*.md"),
    *REPOSITORY.glob("limits/*/README.md"),
]


def check(page: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, "--check", page], capture_output=True, text=True, check=False)


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_shows_what_is_printed(page: Path) -> None:
    if (needs := re.match(r"<!-- needs: (\S+) -->", page.read_text(encoding="utf-8"))) is not None:
        pytest.importorskip(needs[1])
    done = check(page)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("```console\n$ echo one 2.0000\none   2.001\n```\n", True),
        ("```console\n$ echo one 2.0000\none 2.1\n```\n", False),
        ("```console\n$ echo one 2.0000\ntwo 2.0000\n```\n", False),
        ("```console\n$ echo one 2.0000\n```\n", False),
        ("```console\n$ seq 5\n1\n…\n5\n$ echo 6\n6\n```\n", True),
        ("```console\n$ seq 5\n…\n4\n```\n", False),
        ("```console\n$ seq 5\n2\n…\n```\n", False),
        ("```console\n$ seq 5\n…\n3\n4\n…\n```\n", True),
        ("```console\n$ seq 5\n…\n3\n5\n…\n```\n", False),
        ("```console\n$ false\n```\n", False),
        ("```console\n$ echo said >&2; echo note: not said >&2\nsaid\n```\n", True),
        ("```console\n$ echo a \\\n    b\na b\n```\n", True),
        ("```text name.txt\n4\n```\n\n```console\n$ cat name.txt\n4\n```\n", True),
        ("```python\nx = 3\n```\n\n```python\nprint(x + 1)\n```\n\n```text\n4\n```\n", True),
        ("```python\nprint(4)\n```\n\n```text\n5\n```\n", False),
        ("```python\nprint(4)\n```\n\nno output is shown\n", False),
        ("```python\n1 / 0\n```\n", False),
        ("```toml\nnot run\n```\n", True),
        ("<!-- needs: no_such_package -->\n```console\n$ false\n```\n", True),
    ],
)
def test_the_check_sees_what_is_wrong(text: str, right: bool, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    assert (check(page).returncode == 0) == right
    assert page.read_text() == text


def test_what_is_printed_is_written_where_it_belongs(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo 1\n2\n$ echo 3\n```\n\n```python\nprint(4)\n```\n\n```text\n```\n")
    subprocess.run([sys.executable, SCRIPT, page], check=True)
    assert (
        page.read_text() == "```console\n$ echo 1\n1\n$ echo 3\n3\n```\n\n```python\nprint(4)\n```\n\n```text\n4\n```\n"
    )


@pytest.mark.parametrize("page", PROSE, ids=name_of)
def test_no_link_points_nowhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [unquote(link) for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    for link in links:
        name, _, place = link.partition("#")
        target = page if not name else page.parent / name
        assert target.exists(), f"{link} is not there"
        if place:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert place in anchors, f"{link}: no such heading; known: {', '.join(anchors)}"


def test_every_page_is_named_on_the_first_one() -> None:
    index = (REPOSITORY / "docs" / "index.md").read_text(encoding="utf-8")
    for page in PAGES:
        link = page.relative_to(REPOSITORY / "docs").as_posix()
        assert f"({link})" in index or link == "index.md", link


def test_the_page_of_methods_has_all_of_them() -> None:
    from limits.inference.limit import METHODS

    text = (REPOSITORY / "docs" / "methods.md").read_text(encoding="utf-8")
    what = re.search(r"^## What each one is\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert what is not None
    rows = [line.split("|")[1] for line in what[1].splitlines() if line.startswith("| `")]
    assert sorted(re.findall("`([^`]+)`", " ".join(rows))) == sorted(METHODS)
