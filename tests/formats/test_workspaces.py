"""The files under workspaces/: what the package writes today, and the same in pyhf and for an independent reader of cards."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyhf
import pytest

from limits.formats.combine import from_card, likelihood
from limits.formats.foreign import recognised
from limits.formats.hs3.reading import from_hs3
from limits.inference.limit import upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load as load_workspace
from limits.search import names

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "workspaces"
POINTS = 4
AGREE = 1e-3
"""Limits in another tool."""

PYHF = sorted(
    path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/workspace*.json") if ".hs3" not in path.name
)
PATCHSETS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/patchset.json"))
HS3 = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/workspace*.hs3.json"))
CARDS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/card*.txt"))


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def thetas(own: BinnedLikelihood, seed: int = 11) -> np.ndarray[Any, Any]:
    """Random parameters: away from the start by half a standard deviation of a pull, a tenth of a factor."""
    rng = np.random.default_rng(seed)
    wide = [0.5 if p.init == 0 else 0.1 for p in own.parameters]
    return np.array([[p.init for p in own.parameters]] * POINTS) + rng.normal(0, wide, (POINTS, len(wide)))


def assert_same_in_pyhf(workspace: dict[str, Any], name: str) -> None:
    """Differences of log L at random points."""
    own = load_workspace(workspace, where=name)
    spec = pyhf.Workspace(workspace)
    model = spec.model()
    data = spec.data(model)
    places = [[p.name for p in own.parameters].index(name) for name in _free(model, own)]
    fixed = np.array(model.config.suggested_init())
    live = [i for i, par in enumerate(model.config.par_names) if par in {p.name for p in own.parameters}]
    theirs = []
    for theta in (found := thetas(own)):
        at = fixed.copy()
        at[live] = theta[places]
        theirs.append(float(model.logpdf(at.tolist(), data)[0]))
    ours = -own.nll(found, own.observed)
    assert np.diff(theirs) == pytest.approx(np.diff(ours), abs=1e-7), name


def _free(model: Any, own: BinnedLikelihood) -> list[str]:
    """Parameters of both in pyhf's order; bins without an error have one in pyhf, which is held."""
    known = {p.name for p in own.parameters}
    return [name for name in model.config.par_names if name in known]


# --- what stands there ---


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All values by place; the words of a text are its values."""
    if isinstance(node, str) and "\n" in node:
        node = [float(word) if re.fullmatch(r"[-+.\deE]*\d[-+.\deE]*", word) else word for word in node.split()]
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from leaves(value, f"{path}/{key}")
    else:
        yield path, node


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_up_to_date(name: str) -> None:
    """A last digit may differ between machines, and with it on which side of an edge a simulated ray falls."""
    made = module_of(REPOSITORY / "scripts" / "make_workspaces.py").documents(name)
    assert {path.name for path in (FOLDER / name).iterdir()} == made.keys(), "run scripts/make_workspaces.py"
    for filename, content in made.items():
        committed = (FOLDER / name / filename).read_text(encoding="utf-8")
        found = dict(leaves(committed if isinstance(content, str) else json.loads(committed)))
        wanted = dict(leaves(content if isinstance(content, str) else json.loads(json.dumps(content))))
        assert wanted.keys() == found.keys(), f"{filename}: run scripts/make_workspaces.py"
        for path, value in wanted.items():
            if isinstance(value, float):
                # Of a sum of many terms, some may be next to nothing.
                assert found[path] == pytest.approx(value, rel=2e-3, abs=1e-9), f"{filename}{path}"
            elif not path.endswith("/sha256"):
                assert found[path] == value, f"{filename}{path}: run scripts/make_workspaces.py"


def test_digests() -> None:
    digests = read("DIGESTS.json")
    assert digests.keys() == {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*")}
    for name, expected in digests.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == expected, name
    for name in PATCHSETS:
        pyhf.PatchSet(read(name)).verify(read(str(Path(name).with_name("workspace.json"))))


def test_everything_is_there_and_small() -> None:
    assert {Path(name).parent.name for name in PYHF} == {Path(name).parent.name for name in HS3} == set(names())
    assert {Path(name).parent.name for name in PATCHSETS} == set(names())
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*/*")}
    assert max(sizes.values()) < 100_000
    listed = re.findall(r"`([a-z0-9-]+)`", (FOLDER / "README.md").read_text().split("| search |")[1].split("\n\n")[0])
    assert set(listed) == set(names())


# --- in pyhf alone ---


@pytest.mark.parametrize("name", PYHF)
def test_workspace_in_pyhf(name: str) -> None:
    assert_same_in_pyhf(read(name), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", PYHF)
def test_limit_in_pyhf(name: str) -> None:
    """CLs of pyhf crosses 1 − level within a thousandth of our limit, observed and median."""
    workspace = read(name)
    own = upper_limit(load_workspace(workspace, where=name), "cls", 0.9)
    spec = pyhf.Workspace(workspace)
    model = spec.model()
    data = spec.data(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for which, limit in ((0, own.observed_limit), (1, own.expected_limit[2])):
            assert limit is not None
            at = [
                pyhf.infer.hypotest(limit * side, data, model, test_stat="qtilde", return_expected=True)[which]
                for side in (1 - AGREE, 1 + AGREE)
            ]
            # Without any background pyhf's minimiser stops at its smallest rate, a little off.
            slack = 2e-3 if name.startswith("darkquest") else 0.0
            assert float(at[0]) > 0.1 - slack, (name, which)
            assert float(at[1]) < 0.1 + slack, (name, which)


@pytest.mark.slow
@pytest.mark.parametrize("name", PATCHSETS)
def test_patches_in_pyhf(name: str) -> None:
    base = read(str(Path(name).with_name("workspace.json")))
    patchset = pyhf.PatchSet(read(name))
    assert len(patchset) > 1
    for patch in patchset:
        mass, coupling = patch.values
        patched = dict(patchset.apply(base, patch.name))
        assert_same_in_pyhf(patched, f"{name} {patch.name}")
        typed = f"{mass!r},{coupling!r}"
        found = recognised(json.dumps(base).encode(), name).patched([(read(name), name)], typed)
        assert found.document == patched


# --- HS3 documents and cards, read here ---


@pytest.mark.parametrize("name", HS3)
def test_hs3_is_the_workspace(name: str) -> None:
    ours, base = load_workspace(from_hs3(read(name), where=name)), load_workspace(read(name.replace(".hs3", "")))
    order = [[p.name for p in ours.parameters].index(p.name) for p in base.parameters]
    found = thetas(base)
    again = np.empty_like(found)
    again[:, order] = found
    assert np.diff(ours.nll(again, ours.observed)) == pytest.approx(np.diff(base.nll(found, base.observed)), abs=1e-8)


@pytest.mark.parametrize("name", CARDS)
def test_card_for_a_second_reader(name: str) -> None:
    """Log L of the card's text in a parser that knows nothing of the package; and the limit is that of the workspace."""
    cards = module_of(Path(__file__).with_name("test_combine_searches.py"))
    text = (FOLDER / name).read_text(encoding="utf-8")
    own = likelihood(text, name)
    cards.assert_same(text, own)
    base = load_workspace(read(str(Path(name).with_name("workspace.json"))))
    ours, theirs = upper_limit(base, "cls", 0.9), upper_limit(load_workspace(from_card(text, name)), "cls", 0.9)
    assert theirs.observed_limit == pytest.approx(ours.observed_limit, rel=1e-6)
    # Two unequal sides of a lognormal are joined in another way.
    rel = 5e-3 if name.startswith("microboone") else AGREE
    assert upper_limit(own, "cls", 0.9).observed_limit == pytest.approx(ours.observed_limit, rel=rel)
