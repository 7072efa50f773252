r"""Run every command and every Python block of the pages in docs/, and write what they print below them, or check what stands there.

    python scripts/update_docs.py [--check] [PAGE ...]

A page is run from top to bottom in a folder of its own, with one Python namespace. Blocks that are run:

* ```console: lines that begin with `$ ` are commands of bash (a last \ goes on), the lines below each are what it prints, at last
  on stderr. A command must end well. A line `…` stands for any lines.
* ```python: run as it stands; a ```text block right below it is what it prints.
* a block with a file name behind its language, as ```csv limit.csv: the file is written.

Text must be the same but for runs of space; numbers may differ by `TOLERANCE`; notes on stderr (what is compiled, and when) are left out.
A page that needs a package begins with <!-- needs: NAME -->, and is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from math import isclose
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS = re.compile(r"^<!-- needs: (\S+) -->")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
ANYTHING = "…"
TOLERANCE = 2e-3
"""Relative: the last digits of a minimum are those of a machine."""

PREAMBLE = "import sys, json\nscope = {'__name__': 'page'}\n"
LOOP = """
for line in sys.stdin:
    exec(compile(json.loads(line), 'page', 'exec'), scope)
    print(MARK, flush=True)
"""
MARK = "\x1e"


class Change(NamedTuple):
    """What stands in a page from `start` to `end`, and what is printed now."""

    start: int
    end: int
    shown: str
    printed: str


class Page:
    """A page that is being run: its folder, and a Python that remembers."""

    def __init__(self, folder: Path) -> None:
        scripts = Path(sys.executable).parent
        kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LIMITS_TRACEBACK")}
        paths = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        self.folder, self.environment = folder, {**kept, **paths, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        self.python: subprocess.Popen[str] | None = None

    def shell(self, command: str) -> tuple[str, int]:
        """What a command prints, and its exit code."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return tidy(done.stdout + without_notes(done.stderr)), done.returncode

    def run_python(self, code: str) -> str:
        """What a block prints."""
        if self.python is None:
            program = PREAMBLE + LOOP.replace("MARK", repr(MARK))
            self.python = subprocess.Popen(
                [sys.executable, "-c", program],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        assert self.python.stdin is not None
        assert self.python.stdout is not None
        self.python.stdin.write(json.dumps(code) + "\n")
        self.python.stdin.flush()
        lines: list[str] = []
        while (line := self.python.stdout.readline()) != MARK + "\n":
            if not line:
                raise SystemExit(f"a Python block failed:\n{code}\n{''.join(lines)}")
            lines.append(line)
        return tidy("".join(lines))

    def close(self) -> None:
        """End the Python."""
        if self.python is not None:
            self.python.communicate()


def tidy(text: str) -> str:
    """Without space at the ends of lines, or empty lines at the end."""
    return "".join(f"{line.rstrip()}\n" for line in text.rstrip().splitlines())


def without_notes(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("note: "))


def run(page: Page, text: str) -> Iterator[Change]:
    """Run the blocks of a page in their order."""
    for block in BLOCK.finditer(text):
        language, name, body = block.groups()
        if name is not None:
            (page.folder / name).write_text(body, encoding="utf-8")
        elif language == "console":
            yield from console(page, body, block.start(3))
        elif language == "python":
            printed = page.run_python(body)
            if (below := PRINTED.match(text, block.end())) is not None:
                yield Change(*below.span(1), below[1], printed)
            elif printed:
                raise SystemExit(f"a Python block prints, and nothing is shown:\n{body}\n{printed}")


def console(page: Page, body: str, start: int) -> Iterator[Change]:
    """Run the commands of a block."""
    for part in re.finditer(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE):
        printed, code = page.shell(part[1])
        if code:
            raise SystemExit(f"exit code {code}:\n{part[0]}\n{printed}")
        yield Change(start + part.start(2), start + part.end(2), part[2], printed)


def same(shown: list[str], printed: list[str]) -> bool:
    """Whether two outputs are the same, but for space and the last digits; a line `…` in the first stands for any lines."""
    if not shown:
        return not printed
    if shown[0].strip() == ANYTHING:
        return any(same(shown[1:], printed[k:]) for k in range(len(printed) + 1))
    return bool(printed) and alike(plain(shown[0]), plain(printed[0])) and same(shown[1:], printed[1:])


def plain(line: str) -> str:
    return " ".join(line.replace("−", "-").split())


def alike(one: str, other: str) -> bool:
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(a == b or isclose(float(a), float(b), rel_tol=TOLERANCE) for a, b in pairs)


def checked(path: Path, *, write: bool) -> list[str]:
    """Run a page; what on it is not what is printed, after it was written if that is wanted."""
    text = path.read_text(encoding="utf-8")
    if (needs := NEEDS.match(text)) is not None and find_spec(needs[1]) is None:
        return []
    with tempfile.TemporaryDirectory(prefix="docs-") as folder:
        page = Page(Path(folder))
        try:
            every = list(run(page, text))
        finally:
            page.close()
    changes = [change for change in every if not same(change.shown.splitlines(), change.printed.splitlines())]
    elided = [change for change in changes if ANYTHING in map(str.strip, change.shown.splitlines())]
    for change in reversed(changes):
        if change not in elided:
            text = text[: change.start] + change.printed + text[change.end :]
    if write:
        path.write_text(text, encoding="utf-8")
        changes = elided
    return [f"{path}: shown is\n{change.shown}\nprinted is\n{change.printed}" for change in changes]


def pages(names: list[str]) -> list[Path]:
    return [Path(name) for name in names] or sorted(DOCS.rglob("*.md"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if something else is printed")
    parser.add_argument("pages", nargs="*", help="default: all below docs/")
    arguments: Any = parser.parse_args()
    complaints = [
        complaint for path in pages(arguments.pages) for complaint in checked(path, write=not arguments.check)
    ]
    sys.exit("\n".join(complaints) or 0)


if __name__ == "__main__":
    main()
