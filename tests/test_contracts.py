"""The house rules that a machine can check: what an import costs, the size of the code, the source of every number."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import util
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "limits"
MODULES = sorted(PACKAGE.rglob("*.py"))
SEARCH_FILES = sorted((PACKAGE / "searches").rglob("*.toml"))

LONGEST_FILE = 300
LONGEST_FUNCTION = 60
USUAL_FUNCTION = 25

HEAVY = {"pyhf", "zfit", "tensorflow", "matplotlib", "dask", "numba", "scipy", "pydantic", "particle"}
HEAVY_FOR_HELP = HEAVY | {"numpy", "jsonschema", "iminuit", "contourpy"}

# What a record of each kind must say about its number.
REQUIRED = {
    "facts": ("source", "unit"),
    "assumptions": ("reason", "range", "unit"),
    "calibrations": ("fitted_to", "unit"),
    "comparisons": ("source",),
    "curves": ("source",),
}


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


# --- what an import costs ---


def modules_after(code: str, directory: Path) -> set[str]:
    """Top-level names in sys.modules of a fresh interpreter, started elsewhere, at the end of `code`."""
    program = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {module.partition(".")[0] for module in json.loads(done.stdout.splitlines()[-1])}


def test_import_brings_nothing_heavy(tmp_path: Path) -> None:
    loaded = modules_after("import limits", tmp_path)
    assert "limits" in loaded
    assert loaded & HEAVY == set()


def test_help_brings_nothing_heavy(tmp_path: Path) -> None:
    code = """
import contextlib, io, runpy
sys.argv = ["limits", "--help"]
shown = io.StringIO()
try:
    with contextlib.redirect_stdout(shown):
        runpy.run_module("limits", run_name="__main__")
except SystemExit as stop:
    assert not stop.code, stop.code
assert "Usage" in shown.getvalue(), shown.getvalue()
"""
    assert modules_after(code, tmp_path) & HEAVY_FOR_HELP == set()


# --- public names ---


def test_dir_is_the_list_of_public_names() -> None:
    import limits

    assert [name for name in dir(limits) if not name.startswith("_")] == sorted(
        name for name in limits.__all__ if not name.startswith("_")
    )


def test_every_public_name_resolves() -> None:
    import limits

    assert len(set(limits.__all__)) == len(limits.__all__)
    for name in limits.__all__:
        assert getattr(limits, name) is not None, name


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import limits

    with pytest.raises(AttributeError, match="no_such_name"):
        _ = limits.no_such_name


# --- the size of the code ---


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function in a file: where it is and its number of lines, docstring included."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{name_of(path)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def test_no_file_is_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    found = list(chain.from_iterable(map(functions, MODULES)))
    assert [(where, lines) for where, lines in found if lines > LONGEST_FUNCTION] == []
    longer = sorted((where, lines) for where, lines in found if lines > USUAL_FUNCTION)
    assert len(longer) <= 0.1 * len(found), f"{len(longer)} of {len(found)} above {USUAL_FUNCTION} lines: {longer}"


# --- what the code may not do ---


def forbidden(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls and imports by which data could become code."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=("eval" | "exec" | "compile" | "__import__") as name)):
                yield node.lineno, name
            case ast.Import(names=names):
                yield from ((node.lineno, a.name) for a in names if a.name.partition(".")[0] in UNSAFE_MODULES)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in UNSAFE_MODULES:
                yield node.lineno, module
            case ast.keyword(arg="allow_pickle", value=value) if not (
                isinstance(value, ast.Constant) and value.value is False
            ):
                yield node.lineno, "allow_pickle"


UNSAFE_MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_data_never_becomes_code(path: Path) -> None:
    assert list(forbidden(ast.parse(path.read_text(), str(path)))) == []


@pytest.mark.parametrize(
    "code", ["eval(x)", "import pickle", "from pickle import loads", "np.load(f, allow_pickle=True)"]
)
def test_that_check_sees(code: str) -> None:
    assert list(forbidden(ast.parse(code)))


def module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run at import: everything but the bodies of functions and of `if TYPE_CHECKING`."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.stmt):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


@pytest.mark.parametrize("path", [p for p in MODULES if p != PACKAGE / "__init__.py"], ids=name_of)
def test_no_module_imports_the_root_package(path: Path) -> None:
    submodules = {p.stem for p in PACKAGE.glob("*.py")} | {p.name for p in PACKAGE.iterdir() if p.is_dir()}
    for node in module_level(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            assert "limits" not in {alias.name for alias in node.names}, f"line {node.lineno}: import limits"
        elif isinstance(node, ast.ImportFrom) and node.module == "limits":
            assert {alias.name for alias in node.names} <= submodules, (
                f"line {node.lineno}: from limits import a public name"
            )


def test_import_layers_hold(tmp_path: Path) -> None:
    if util.find_spec("importlinter") is None:
        pytest.skip("import-linter is not installed: it comes with the dev extra")
    tool = Path(sys.executable).with_name("lint-imports")
    command = [str(tool), "--config", str(REPOSITORY / "pyproject.toml"), "--no-cache"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- the source of every number ---


def is_number(value: object) -> bool:
    """A number, or a list that holds one at any depth."""
    if isinstance(value, list):
        return any(map(is_number, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def said(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def silent(section: str, record: dict[str, Any], where: str, inherited: frozenset[str] = frozenset()) -> Iterator[str]:
    """Records in a section that hold a number, a table or a file without saying what they must about it.

    A table inside a record inherits what the record says; a number outside any record has no one to inherit from.
    """
    stated = inherited | {key for key in REQUIRED[section] if said(record.get(key))}
    holds = {key for key, value in record.items() if key not in REQUIRED[section] and is_number(value)}
    if holds or "value" in record or "file" in record:
        missing = [key for key in REQUIRED[section] if key not in stated]
        if missing:
            yield f"{where} holds {sorted(holds) or 'a value'} without {', '.join(missing)}"
    for key, value in record.items():
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, dict):
                yield from silent(section, child, f"{where}.{key}", stated)


@pytest.mark.parametrize("path", SEARCH_FILES, ids=name_of)
def test_every_number_says_where_it_is_from(path: Path) -> None:
    content = tomllib.loads(path.read_text())
    assert content.get("facts"), "a search file without [facts]"
    sections = {name: {name: content[name]} for name in REQUIRED if name in content}
    assert list(chain.from_iterable(silent(name, held, path.parent.name) for name, held in sections.items())) == []


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("facts", "bare = 3"),
        ("facts", "n.value = 3\nn.unit = 'events'"),
        ("facts", "n.value = 3\nn.unit = 'events'\nn.source = ' '"),
        ("facts", "n.file = 'table.csv'\nn.unit = 'events'"),
        ("facts", "n = [{value = 3, unit = 'GeV'}]"),
        ("assumptions", "n.value = 3\nn.unit = 'GeV'\nn.reason = 'recalled'"),
        ("calibrations", "n.value = 3\nn.unit = '1'"),
        ("comparisons", "comparisons = [{value = 3, digits = 2}]"),
    ],
)
def test_that_check_sees_a_number_without_a_source(section: str, text: str) -> None:
    assert list(silent(section, tomllib.loads(text), section))


def test_that_check_accepts_a_complete_record() -> None:
    text = "n = {value = 3, unit = 'events', source = 'Table 2', uncertainty = {low = 1, high = 2}}"
    assert list(silent("facts", tomllib.loads(text), "facts")) == []


def test_there_are_searches() -> None:
    assert SEARCH_FILES
