"""pyhf workspaces as HS3 documents and back: the same likelihood, every convention written out, every refusal one line."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyhf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.assemble import prepare
from limits.errors import InputError, LimitsError, UnknownName
from limits.formats.hs3 import export, from_hs3, read, to_hs3
from limits.formats.hs3.names import base_name, decoded, encoded
from limits.formats.hs3.reading import code_difference
from limits.formats.pyhf import text
from limits.hunt.masses import spectrum_channel
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load as load_workspace
from limits.search import load, names
from limits.signals.samples import Asimov

Document = dict[str, Any]


def modifier(name: str, kind: str, data: Any = None) -> Document:
    return {"name": name, "type": kind, "data": data}


def everything() -> Document:
    """Two channels with each modifier of pyhf, bins without events or errors, shared parameters and settings."""
    signal = [
        modifier("mu", "normfactor"),
        modifier("lumi", "lumi"),
        modifier("eff/1-a", "normsys", {"hi": 1.1, "lo": 1 / 1.1}),
    ]
    shape = modifier("tilt", "histosys", {"hi_data": [24.0, 31.0, 0.5], "lo_data": [17.0, 33.0, 0.0]})
    flat = modifier("tilt", "histosys", {"hi_data": [11.0], "lo_data": [8.0]})
    three = [
        {
            "name": "signal",
            "data": [3.0, 5.0, 1.0],
            "modifiers": [*signal, modifier("mc", "staterror", [0.4, 0.5, 0.0])],
        },
        {
            "name": "background",
            "data": [20.0, 30.0, 0.0],
            "modifiers": [shape, modifier("mc", "staterror", [1.0, 2.0, 0.0]), modifier("lumi", "lumi")],
        },
        {"name": "sides", "data": [4.0, 0.0, 6.0], "modifiers": [modifier("n/b", "shapesys", [2.0, 1.0, 1.5])]},
        {"name": "free", "data": [2.0, 2.0, 2.0], "modifiers": [modifier("f", "shapefactor")]},
    ]
    one = [
        {"name": "signal", "data": [2.0], "modifiers": [*signal, modifier("mc1", "staterror", [0.3])]},
        {
            "name": "background",
            "data": [9.0],
            "modifiers": [flat, modifier("k", "normfactor"), modifier("n1", "shapesys", [3.0])],
        },
    ]
    settings = [
        {"name": "mu", "bounds": [[0.0, 5.0]], "inits": [0.5]},
        {"name": "lumi", "auxdata": [1.0], "sigmas": [0.02], "bounds": [[0.5, 1.5]], "inits": [1.0]},
        {"name": "k", "bounds": [[0.1, 20.0]], "fixed": True},
    ]
    return {
        "channels": [{"name": "SR-3", "samples": three}, {"name": "1 bin", "samples": one}],
        "observations": [{"name": "SR-3", "data": [30.0, 33.0, 8.0]}, {"name": "1 bin", "data": [12.0]}],
        "measurements": [{"name": "first try", "config": {"poi": "mu", "parameters": settings}}],
        "version": "1.0.0",
    }


def searches() -> Iterator[Any]:
    """Every search that loads at the moment, with its workspace at the benchmark."""
    for name in names():
        try:
            search = load(name)
            facts = search.hypothesis()
            sample = None if spectrum_channel(search) is None else Asimov()
            document = prepare(search, facts.name, facts.benchmark.mass_gev, sample=sample).document(
                facts.benchmark.coupling
            )
        except LimitsError:  # being written: its own tests say so
            continue
        yield pytest.param(document, id=name)


def thetas(likelihood: BinnedLikelihood, count: int = 5) -> Iterator[dict[str, float]]:
    """Random points around the start, all factors positive."""
    rng = np.random.default_rng(7)
    for _ in range(count):
        yield {
            p.name: abs(p.init + rng.normal(0, 0.3)) * (1 if p.init else rng.choice([-1, 1]))
            for p in likelihood.parameters
        }


def log_likelihood(likelihood: BinnedLikelihood, theta: dict[str, float]) -> float:
    return -float(likelihood.nll(np.array([theta[p.name] for p in likelihood.parameters]), likelihood.observed))


def there_and_back(workspace: Document, **options: Any) -> Document:
    return read(text(to_hs3(workspace, name="test")), "test", **options)


def with_settings(*settings: Document) -> Document:
    workspace = everything()
    workspace["measurements"][0]["config"]["parameters"] += settings
    return workspace


SETTINGS = [
    {"name": "n/b", "fixed": True},
    {"name": "n/b", "auxdata": [5.0, 1.0, 15.0]},
    {"name": "n/b", "inits": [1.1, 1.0, 0.9]},
    {"name": "mc", "fixed": True},
    {"name": "mc", "auxdata": [1.0, 1.1, 1.0], "sigmas": [0.2, 0.1, 0.3]},
    {"name": "mc", "inits": [1.1, 0.9, 1.0]},
    {"name": "f", "inits": [1.0, 2.0, 3.0], "bounds": [[0.0, 3.0], [0.0, 10.0], [0.0, 4.0]]},
    {"name": "tilt", "inits": [0.3], "fixed": True},
]


@pytest.mark.parametrize(
    "workspace",
    [
        *searches(),
        pytest.param(everything(), id="everything"),
        *(pytest.param(with_settings(s), id=f"{s['name']}-{'-'.join(list(s)[1:])}") for s in SETTINGS),
    ],
)
def test_round_trip(workspace: Document) -> None:
    back = there_and_back(workspace)
    first, second = load_workspace(workspace), load_workspace(back)
    assert {p.name for p in first.parameters} == {p.name for p in second.parameters}
    assert {o["name"]: o["data"] for o in back["observations"]} == {
        o["name"]: o["data"] for o in workspace["observations"]
    }
    for theta in thetas(first):
        assert log_likelihood(second, theta) == pytest.approx(log_likelihood(first, theta), abs=1e-9, rel=1e-13)


def test_round_trip_keeps_parameters() -> None:
    first, second = load_workspace(everything()), load_workspace(there_and_back(everything()))
    known = {p.name: p for p in second.parameters}
    for p in first.parameters:
        assert known[p.name].scale == pytest.approx(p.scale, rel=1e-13)
        same = ("init", "lower", "upper", "constraint", "fixed")
        assert [getattr(known[p.name], a) for a in same] == [getattr(p, a) for a in same], p.name
    back = there_and_back(everything())
    assert back["measurements"][0]["name"] == "first try"
    kinds = {m["type"] for c in back["channels"] for s in c["samples"] for m in s["modifiers"]}
    assert kinds == {"normfactor", "normsys", "histosys", "lumi", "shapefactor", "shapesys", "staterror"}


def test_channel_with_one_sample_and_its_counts() -> None:
    """Which of two channels with one factor is the constraint: the one that sees what it expects."""
    workspace = everything()
    only = {"name": "b", "data": [7.0], "modifiers": [modifier("c", "shapesys", [2.0])]}
    workspace["channels"].append({"name": "CR", "samples": [only]})
    workspace["observations"].append({"name": "CR", "data": [9.0]})
    back = there_and_back(workspace)
    assert [c["name"] for c in back["channels"]] == ["SR-3", "1 bin", "CR"]
    assert back["channels"][2]["samples"][0]["modifiers"][0]["data"] == pytest.approx([2.0], rel=1e-14)


def test_pyhf_has_the_same_likelihood() -> None:
    """pyhf's own log-likelihoods of a workspace and of what comes back."""
    found = []
    for workspace in (everything(), there_and_back(everything())):
        model = pyhf.Workspace(workspace).model()
        data = pyhf.Workspace(workspace).data(model)
        start = dict(zip(model.config.par_names, model.config.suggested_init(), strict=True))
        moved = {
            **start,
            "mu": 1.3,
            "tilt": 0.7,
            "eff/1-a": -0.4,
            "lumi": 1.01,
            "mc[0]": 0.97,
            "n/b[2]": 1.2,
            "f[1]": 1.5,
        }
        points = [[values[name] for name in model.config.par_names] for values in (start, moved)]
        found.append([float(model.logpdf(np.array(point), data)[0]) for point in points])
    assert found[1] == pytest.approx(found[0], abs=1e-9)


def test_what_is_written() -> None:
    document = to_hs3(everything(), name="test", misc={"search": "mine"})
    assert document["metadata"]["hs3_version"] == "0.2.9"
    analysis = document["analyses"][0]
    assert analysis["domains"] == [analysis["domain"]]
    assert analysis["parameters_of_interest"] == ["mu"]
    assert document["misc"]["limits"]["search"] == "mine"
    assert document["misc"]["limits"]["names"]["eff_x2f_1_x2d_a"] == "eff/1-a"
    written = [m for d in document["distributions"] for s in d.get("samples", ()) for m in s["modifiers"]]
    assert {m["type"] for m in written} == {"normfactor", "normsys", "histosys", "shapefactor"}
    assert all(m.get("constraint", "Gauss") == "Gauss" for m in written)
    assert {m["data"]["interpolation"] for m in written if m["type"] == "normsys"} == {"code1"}
    by_name = {d["name"]: d for d in document["distributions"]}
    # τ = (ν/δ)²: (4/2)² = 4 and (6/1.5)² = 16; the bin without events has none.
    assert by_name["auxiliary_x2f_n_x2f_b"]["samples"][0]["data"]["contents"] == [4.0, 16.0]
    # √(0.4² + 1²)/23, from the two samples that carry it.
    assert by_name["constraint_mc_x5b_0_x5d_"]["sigma"] == pytest.approx(1.0770329614269007 / 23, rel=1e-14)
    every = [*by_name, *(p["name"] for p in document["parameter_points"][0]["parameters"])]
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in every)


def test_asymmetric_lognormals_are_code4() -> None:
    workspace = everything()
    workspace["channels"][1]["samples"][0]["modifiers"][2]["data"] = {"hi": 1.4, "lo": 0.9}
    document = to_hs3(workspace, name="test")
    codes = [
        m["data"]["interpolation"]
        for d in document["distributions"]
        for s in d.get("samples", ())
        for m in s["modifiers"]
        if m["type"] == "normsys"
    ]
    assert codes == ["code4", "code4"]
    assert any("code4" in note for note in document["misc"]["limits"]["notes"])
    first, second = load_workspace(workspace), load_workspace(read(text(document)))
    for theta in thetas(first):
        assert log_likelihood(second, theta) == pytest.approx(log_likelihood(first, theta), abs=1e-9)


@pytest.mark.parametrize(("kappa", "difference"), [(1.3, 4e-9), (2.0, 4e-6)])
def test_code1_and_code4(kappa: float, difference: float) -> None:
    """Between −1 and 1, against pyhf's own interpolation."""
    interpolator = pyhf.interpolators.code4([[[[1 / kappa], [1.0], [kappa]]]])
    alphas = np.linspace(-1, 1, 101)
    theirs = np.asarray(interpolator(np.array([alphas]))).ravel()
    measured = float(np.max(np.abs(theirs / kappa**alphas - 1)))
    assert code_difference(kappa, 1 / kappa) == pytest.approx(measured, rel=0.01, abs=1e-14)
    assert measured == pytest.approx(difference, rel=0.5)


@given(st.text(min_size=1, max_size=30) | st.text(alphabet="_x20-/[]a5", min_size=1, max_size=12))
def test_names_come_back(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", encoded(name))
    assert decoded(encoded(name)) == name


def test_names() -> None:
    assert encoded("na64mu-zprime/b[0]") == "na64mu_x2d_zprime_x2f_b_x5b_0_x5d_"
    assert encoded("4mu") == "_x34_mu"
    assert decoded("theirs_x2_bin_0") == "theirs_x2_bin_0"
    assert decoded("a_xffffff_") == "a_xffffff_"
    assert base_name(("a[0]", "a[1]")) == "a"
    assert base_name(("a[1]", "a[0]")) is base_name(("b",)) is base_name(()) is None


def changed(path: str, value: Any) -> Document:
    workspace = copy.deepcopy(everything())
    *parts, last = [int(p) if p.isdigit() else p for p in path.split("/")]
    node: Any = workspace
    for part in parts:
        node = node[part]
    node[last] = value
    return workspace


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("version", 1, "version"),
        ("measurements/0/config/poi", "lumi", "normfactor"),
        ("measurements/0/config/parameters/0", {"name": "tilt", "sigmas": [2.0]}, "sigmas = 2"),
        ("measurements/0/config/parameters/0", {"name": "mu", "bounds": [[2.0, 1.0]]}, "bounds"),
        ("measurements/0/config/parameters/1/sigmas", [0.0], "must be > 0"),
        ("measurements/0/config/parameters/1", {"name": "mc", "sigmas": [0.1]}, "entries"),
        ("observations/0/data", [30.0, 33.0], "3 bins, the data have 2"),
        ("channels/0/samples/3/modifiers/0", modifier("n/b", "shapesys", [1.0, 1.0, 1.0]), "two things"),
        ("channels/0/samples/3/modifiers/0", modifier("tilt", "shapefactor"), None),
        ("channels/0/samples/2/modifiers/0/data", [1.0], "3 bins"),
        ("channels/0/samples/1/modifiers/1/data", [1.0], "3 bins"),
        ("channels/0/samples/1/modifiers/0/data/hi_data", [1.0], "3 bins"),
        ("channels/0/samples/0/modifiers/2/data/lo", -1.0, "> 0"),
        ("channels/1/samples/1/modifiers/1", modifier("lumi", "normfactor"), "two things"),
        ("channels/1/samples/0/modifiers/3", modifier("mc", "staterror", [1.0]), "two things"),
        ("channels/1/name", "mu", None),
    ],
)
def test_what_cannot_be_written(path: str, value: Any, message: str | None) -> None:
    workspace = changed(path, value)
    if path == "channels/1/name":
        workspace["observations"][1]["name"] = value
        message = "one name"
    if message is None:  # tilt[0] and tilt are two names
        assert to_hs3(workspace, name="test")
        return
    with pytest.raises(InputError, match=message) as caught:
        to_hs3(workspace, name="test")
    assert "\n" not in str(caught.value)


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="first try"):
        to_hs3(everything(), name="test", measurement="second")
    workspace = everything()
    workspace["observations"][0]["name"] = "other"
    with pytest.raises(UnknownName, match="SR-3"):
        to_hs3(workspace, name="test")


def test_export() -> None:
    search = load("na64mu-zprime")
    documents = export(search)
    assert documents.keys() == {"workspace.hs3.json"}
    own = documents["workspace.hs3.json"]["misc"]["limits"]
    assert own["point"]["mass_gev"] == search.hypothesis().benchmark.mass_gev
    assert own["not_facts"].keys() == {k for k, q in search.numbers.items() if q.kind != "fact"}
    json.loads(text(documents["workspace.hs3.json"]))
    several = export(search, masses=[0.05, 0.1, 0.05])
    assert several.keys() == {"workspace-mass_0p05.hs3.json", "workspace-mass_0p1.hs3.json"}
    signals = [d["distributions"][0]["samples"][0]["data"]["contents"][0] for d in several.values()]
    facts = search.hypothesis()
    wanted = [prepare(search, facts.name, m).events(facts.benchmark.coupling)[0] for m in (0.05, 0.1)]
    assert signals == pytest.approx(wanted, rel=1e-11)
    with pytest.raises(InputError, match="no masses"):
        export(search, masses=[])
    with pytest.raises(UnknownName):
        export(search, "nothing")


def test_nothing_is_shared_with_the_input() -> None:
    workspace = everything()
    from_hs3(to_hs3(workspace, name="test"))
    assert workspace == everything()
