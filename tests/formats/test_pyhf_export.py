"""Exported documents: they load in pyhf and say the same. Those under workspaces/ are tested in test_workspaces.py."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonpatch
import pyhf
import pytest

from limits.assemble import build, prepare
from limits.errors import InputError, UnknownName
from limits.formats.pyhf import NO_RECORD, export, text, write
from limits.hunt.masses import spectrum_channel
from limits.inference.limit import upper_limit
from limits.likelihood.histfactory import load as load_workspace
from limits.likelihood.workspace import digest
from limits.search import Search, load, names
from limits.signals import Hypothesis
from limits.signals.samples import Asimov

Documents = dict[str, dict[str, Any]]


DEAR = (
    "belle2-idm",
    "darkquest-aprime",
    "faser-alp",
    "faser-aprime",
    "na62-aprime",
    "na62-aprime-ee",
    "na62-aprime-mumu",
)
"""Searches whose signal takes seconds a mass."""


@pytest.fixture(scope="module", params=[pytest.param(n, marks=pytest.mark.slow if n in DEAR else ()) for n in names()])
def exported(request: pytest.FixtureRequest) -> tuple[str, Documents]:
    return request.param, {name: json.loads(text(content)) for name, content in export(load(request.param)).items()}


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from leaves(value, f"{path}/{key}")
    else:
        yield path, node


def own_likelihood(search: Search, point: Hypothesis) -> Any:
    """That of the search; of a spectrum the one in bins, of the expected counts."""
    if spectrum_channel(search) is None:
        return build(search, point)
    return prepare(search, point.name, point.mass, engine="binned", sample=Asimov()).likelihood(point.coupling)


def test_every_patch_applies_in_pyhf(exported: tuple[str, Documents]) -> None:
    name, documents = exported
    patchset = pyhf.PatchSet(documents["patchset.json"])
    patchset.verify(documents["workspace.json"])
    assert patchset.labels == ["mass_gev", "coupling"]
    assert len({patch.values for patch in patchset}) == len({patch.name for patch in patchset}) == len(patchset) > 1
    facts = load(name).hypothesis()
    for i, patch in enumerate(patchset):
        patched = patchset.apply(documents["workspace.json"], patch.values)
        patched.model()
        if i % 3:  # the limits of every third say enough
            continue
        mass, coupling = patch.values
        built = own_likelihood(load(name), Hypothesis(facts.name, mass, coupling))
        mine, theirs = upper_limit(built, "cls", 0.9), upper_limit(load_workspace(dict(patched)), "cls", 0.9)
        assert theirs.observed_limit == pytest.approx(mine.observed_limit, rel=1e-6), patch.name


def test_benchmark(exported: tuple[str, Documents]) -> None:
    """Our limit from the document is the search's own, and pyhf's CLs there is 1 − level."""
    name, documents = exported
    search = load(name)
    facts = search.hypothesis()
    point = Hypothesis(facts.name, facts.benchmark.mass_gev, facts.benchmark.coupling)
    own = upper_limit(own_likelihood(search, point), "cls", search.level)
    found = upper_limit(load_workspace(documents["workspace.json"]), "cls", search.level)
    assert found.observed_limit == pytest.approx(own.observed_limit, rel=1e-6)
    assert found.expected_limit == pytest.approx(own.expected_limit, rel=1e-6)
    workspace = pyhf.Workspace(documents["workspace.json"])
    model = workspace.model()
    assert found.observed_limit is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cls = pyhf.infer.hypotest(found.observed_limit, workspace.data(model), model, test_stat="qtilde")
    # CLs falls about as the square of the strength here: 1e-3 on the limit is 2e-3 on CLs.
    # Without any background pyhf's minimiser stops at its smallest rate, a little off.
    empty = name == "darkquest-aprime"
    assert float(cls) == pytest.approx(1 - search.level, rel=2e-2 if empty else 2e-3)


def test_metadata(exported: tuple[str, Documents]) -> None:
    name, documents = exported
    metadata = documents["patchset.json"]["metadata"]
    search = load(name)
    assert metadata["name"] == name
    assert re.fullmatch(r"ins\d{7}", metadata["references"]["hepdata"])
    assert (metadata["references"]["hepdata"] == NO_RECORD) is ("no INSPIRE-numbered" in metadata["description"])
    assert metadata["provenance"]["reference"]["arxiv"] == search.reference.arxiv
    assert metadata["provenance"]["not_facts"].keys() == {k for k, q in search.numbers.items() if q.kind != "fact"}


def test_numbers_are_finite_and_short(exported: tuple[str, Documents]) -> None:
    for content in exported[1].values():
        for path, value in leaves(content):
            if isinstance(value, float):
                assert math.isfinite(value), path
                assert value == float(f"{value:.12g}"), path


def test_one_mass_is_one_workspace() -> None:
    documents = export(load("na64mu-zprime"), masses=[0.5])
    assert documents.keys() == {"workspace.json"}
    built = build(load("na64mu-zprime"), Hypothesis("lmu-ltau-dark", 0.5, 6e-4))
    assert documents["workspace.json"]["channels"][0]["samples"][0]["data"] == pytest.approx(
        [built.shape.nominal[0, 0]], rel=1e-11
    )


def test_masses_of_choice() -> None:
    documents = export(load("microboone-trident"), masses=[0.05, 0.01, 0.05])
    values = [patch["metadata"]["values"] for patch in documents["patchset.json"]["patches"]]
    assert values == [[0.05, 1.17e-7], [0.01, 1.17e-7]]
    first, second = (patch["patch"] for patch in documents["patchset.json"]["patches"])
    assert first == []
    changed = jsonpatch.apply_patch(documents["workspace.json"], second)
    assert digest(changed) != digest(documents["workspace.json"])


def test_calibrated_and_set_numbers_are_told() -> None:
    search = load("na64mu-zprime").with_values({"efficiency": 0.25})
    told = export(search, masses=[0.1, 0.2])["patchset.json"]["metadata"]["provenance"]["not_facts"]["efficiency"]
    assert told["kind"] == "set"
    assert told["value"] == 0.25


def test_bad_input() -> None:
    with pytest.raises(InputError, match="mass"):
        export(load("microboone-trident"), masses=[0.5])
    with pytest.raises(UnknownName, match="dark-trident"):
        export(load("microboone-trident"), "aprime")
    with pytest.raises(ValueError, match="JSON"):
        text({"a": math.inf})


def test_write_is_whole_or_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    (path,) = write({"a.json": {"b": [1.0, 2.0], "a": "ε"}}, folder)
    assert path.read_text(encoding="utf-8") == '{\n "b": [ 1.0, 2.0 ],\n "a": "ε"\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write({"a.json": {"b": math.nan}}, folder)
    assert [entry.name for entry in folder.iterdir()] == ["a.json"]
    assert json.loads(path.read_text(encoding="utf-8"))["b"] == [1.0, 2.0]
