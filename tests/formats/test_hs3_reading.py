"""HS3 documents of others: read where they are unambiguous, otherwise refused with one line; hostile input never gets further."""

from __future__ import annotations

import contextlib
import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from scipy.stats import norm, poisson

from limits.errors import InputError, LimitsError
from limits.formats.hs3 import from_hs3, read
from limits.inference.limit import upper_limit
from limits.likelihood.histfactory import load

Document = dict[str, Any]

OBSERVED = (6.0, 11.0)
KAPPA = (1.1, 1.3)


def axis(name: str) -> list[Document]:
    return [{"name": name, "min": 0.0, "max": 1.0, "nbins": 1}]


def sample(name: str, events: float, *modifiers: Document) -> Document:
    return {"name": name, "data": {"contents": [events], "errors": [0.0]}, "modifiers": list(modifiers)}


def lognormal(name: str, kappa: float) -> Document:
    data = {"hi": kappa, "lo": 1 / kappa, "interpolation": "code1"}
    return {"name": name, "type": "normsys", "parameter": f"th_{name}", "constraint": "Gauss", "data": data}


def factor(name: str) -> Document:
    return {"name": name, "type": "normfactor", "parameter": name}


def counting() -> Document:
    """Six events, two backgrounds, one of which is measured in a control region, and two lognormals."""
    signal = [
        sample("signal", 5.0, factor("r"), lognormal("eff", KAPPA[0])),
        sample("bkg_mc", 2.5, lognormal("xs", KAPPA[1])),
        sample("bkg_sb", 0.5, factor("G")),
    ]
    channels = {"SR": signal, "CR": [sample("bkg_sb", 1.0, factor("G"))]}
    ranges = {"r": (0.0, 20.0), "th_eff": (-7.0, 7.0), "th_xs": (-7.0, 7.0), "G": (0.0, 100.0)}
    starts = {"r": 1.0, "th_eff": 0.0, "th_xs": 0.0, "G": 11.0}
    analysis = {
        "name": "analysis",
        "likelihood": "L",
        "parameters_of_interest": ["r"],
        "domains": ["default_domain"],
        "domain": "default_domain",
        "init": "default_values",
    }
    return {
        "metadata": {"hs3_version": "0.2.9"},
        "distributions": [
            {"name": name, "type": "histfactory_dist", "axes": axis(f"obs_{name}"), "samples": samples}
            for name, samples in channels.items()
        ],
        "data": [
            {"name": f"data_{name}", "type": "binned", "contents": [count], "axes": axis(f"obs_{name}")}
            for name, count in zip(channels, OBSERVED, strict=True)
        ],
        "likelihoods": [{"name": "L", "distributions": ["SR", "CR"], "data": ["data_SR", "data_CR"]}],
        "domains": [
            {
                "name": "default_domain",
                "type": "product_domain",
                "axes": [{"name": n, "min": low, "max": high} for n, (low, high) in ranges.items()],
            }
        ],
        "parameter_points": [
            {"name": "default_values", "parameters": [{"name": n, "value": v} for n, v in starts.items()]}
        ],
        "analyses": [analysis],
    }


def exact(r: float, nuisances: Any, counts: tuple[float, float] = OBSERVED) -> float:
    """−log L of the same, written out."""
    eff, xs, g = nuisances
    expected = r * 5 * KAPPA[0] ** eff + 2.5 * KAPPA[1] ** xs + 0.5 * g
    # The oracle of the counts may be fractional: Asimov.
    terms = [n * math.log(nu) - nu - math.lgamma(n + 1) for n, nu in zip(counts, (expected, g), strict=True)]
    return -sum(terms) + (eff**2 + xs**2) / 2 + math.log(2 * math.pi)


def profiled(r: float | None, counts: tuple[float, float]) -> tuple[float, Any]:
    """The least −log L, at one r or at the best r ≥ 0."""
    if r is None:
        found = minimize(lambda p: exact(p[0] ** 2, (p[1], p[2], math.exp(p[3])), counts), [0.8, 0, 0, 2.4], tol=1e-12)
        return float(found.fun), found.x
    found = minimize(lambda p: exact(r, (p[0], p[1], math.exp(p[2])), counts), [0, 0, 2.4], tol=1e-12)
    return float(found.fun), found.x


def exact_limit(level: float = 0.95) -> float:
    """The asymptotic CLs limit (arXiv:1007.1727, eqs. 16, 59 and 65) by plain minimisation."""
    best, _ = profiled(None, OBSERVED)
    _, at_zero = profiled(0.0, OBSERVED)
    g = math.exp(at_zero[2])
    asimov = (2.5 * KAPPA[1] ** at_zero[1] + 0.5 * g, g)

    def asimov_nll(r: float) -> float:
        def cost(p: Any) -> float:
            pulls = ((p[0] - at_zero[0]) ** 2 + (p[1] - at_zero[1]) ** 2 - p[0] ** 2 - p[1] ** 2) / 2
            return exact(r, (p[0], p[1], math.exp(p[2])), asimov) + pulls

        return float(minimize(cost, at_zero, tol=1e-12).fun)

    lowest = asimov_nll(0.0)

    def excess(r: float) -> float:
        root, other = math.sqrt(2 * (profiled(r, OBSERVED)[0] - best)), math.sqrt(2 * (asimov_nll(r) - lowest))
        if root <= other:
            return float(norm.sf(root) / norm.sf(root - other)) - (1 - level)
        both = norm.sf((root**2 + other**2) / (2 * other)) / norm.sf((root**2 - other**2) / (2 * other))
        return float(both) - (1 - level)

    return float(brentq(excess, 1.0, 4.0, xtol=1e-7))


@pytest.fixture(params=["written here", "published example"])
def document(request: pytest.FixtureRequest) -> Document:
    if request.param == "written here":
        return counting()
    folder: Path = request.getfixturevalue("shared")
    return dict(json.loads((folder / "oracles" / "example_counting.hs3.json").read_text()))


def test_likelihood(document: Document) -> None:
    """Differences of log L against the formula; code1 is read as code4, which is 4e-9 off at κ = 1.3."""
    likelihood = load(from_hs3(document))
    order = [p.name for p in likelihood.parameters]
    assert set(order) == {"r", "th_eff", "th_xs", "G"}
    code1 = load(from_hs3(document), normsys="code1")
    points = [(1.0, (0.0, 0.0, 11.0)), (0.3, (0.5, -0.7, 9.0)), (2.0, (-1.4, 1.2, 14.0)), (0.01, (2.0, 0.1, 11.5))]
    found, close, wanted = [], [], []
    for r, (eff, xs, g) in points:
        values = {"r": r, "th_eff": eff, "th_xs": xs, "G": g}
        theta = np.array([values[name] for name in order])
        found.append(float(code1.nll(theta, code1.observed)))
        close.append(float(likelihood.nll(theta, likelihood.observed)))
        wanted.append(exact(r, (eff, xs, g)))
    assert np.diff(found) == pytest.approx(np.diff(wanted), abs=1e-12)
    assert np.diff(close) == pytest.approx(np.diff(wanted), abs=3e-8)


def test_limit(document: Document) -> None:
    found = upper_limit(load(from_hs3(document)), "cls", 0.95)
    assert found.observed_limit == pytest.approx(exact_limit(), rel=1e-5)


def test_the_formula_is_a_poisson() -> None:
    logs = poisson.logpmf(6, 5 + 2.5 + 5.5) + poisson.logpmf(11, 11) + 2 * norm.logpdf(0)
    assert exact(1.0, (0.0, 0.0, 11.0)) == pytest.approx(-logs, rel=1e-14)


def test_unbinned_is_refused(shared: Path) -> None:
    content = (shared / "oracles" / "example_unbinned.hs3.json").read_bytes()
    with pytest.raises(InputError, match=r"model.*mixture_dist.*not supported: histfactory_dist is read"):
        read(content, "example")


def test_auxiliary_poisson_is_a_channel() -> None:
    """The control region as a Poisson constraint instead of a channel: the same likelihood."""
    document = counting()
    document["distributions"][1] = {"name": "CR", "type": "poisson_dist", "x": 11.0, "mean": "G"}
    document["likelihoods"] = [{"name": "L", "distributions": ["SR"], "data": ["data_SR"], "aux_distributions": ["CR"]}]
    first, second = (load(from_hs3(d)) for d in (counting(), document))
    theta = np.array([0.7, 0.3, -0.2, 9.5])
    values = dict(zip((p.name for p in first.parameters), theta, strict=True))
    other = np.array([values[p.name] for p in second.parameters])
    assert float(second.nll(other, second.observed)) == pytest.approx(
        float(first.nll(theta, first.observed)), rel=1e-14
    )


def gaussian(mean: Any = "g[0]", x: Any = 1.0, sigma: Any = 0.2) -> Document:
    return {"name": "constraint", "type": "gaussian_dist", "x": x, "mean": mean, "sigma": sigma}


def with_gaussian(name: str, constraint: Document) -> Document:
    document = counting()
    document["distributions"][0]["samples"][1]["modifiers"].append(factor(name))
    document["distributions"].append(constraint)
    document["likelihoods"][0]["aux_distributions"] = ["constraint"]
    return document


@pytest.mark.parametrize(
    "constraint", [gaussian(), gaussian(1.0, "g[0]"), gaussian(sigma="s"), gaussian("g_x5b_0_x5d_")]
)
def test_gaussian_factors(constraint: Document) -> None:
    """Whichever of the two is the parameter, and with a constant as its width."""
    document = with_gaussian("g_x5b_0_x5d_" if "x5b" in str(constraint["mean"]) else "g[0]", constraint)
    document["parameter_points"][0]["parameters"].append({"name": "s", "value": 0.2, "const": True})
    likelihood = load(from_hs3(document))
    (found,) = (p for p in likelihood.parameters if p.name == "g[0]")
    assert (found.constraint, found.aux) == ("gaussian", 1.0)
    assert found.scale == pytest.approx(0.2, rel=1e-14)


def test_lumi() -> None:
    workspace = from_hs3(with_gaussian("lumi", gaussian("lumi", 1.01, 0.03)))
    (found,) = (p for p in load(workspace).parameters if p.name == "lumi")
    assert (found.constraint, found.aux, found.scale) == ("gaussian", 1.01, 0.03)


def two_bins(modifier: Document, errors: list[float]) -> Document:
    """One channel of two bins: a signal of 1 and 2, a background of 10 and 20 with that modifier."""
    document = counting()
    bins = [{"name": "x", "edges": [0.0, 1.0, 3.0]}]
    signal = {"name": "signal", "data": {"contents": [1.0, 2.0]}, "modifiers": [factor("r")]}
    background = {"name": "background", "data": {"contents": [10.0, 20.0], "errors": errors}, "modifiers": [modifier]}
    channel = {"name": "SR", "type": "histfactory_dist", "axes": bins, "samples": [signal, background]}
    document["distributions"] = [channel]
    document["data"] = [{"name": "data_SR", "type": "binned", "contents": [12.0, 19.0], "axes": bins}]
    document["likelihoods"] = [{"name": "L", "distributions": ["SR"], "data": ["data_SR"]}]
    return document


def test_staterror_in_its_own_words() -> None:
    """Errors of the sample (Barlow–Beeston lite), or with the modifier (full), which is the same for one sample."""
    lite = {"name": "mc", "type": "staterror", "parameters": ["gamma_0", "gamma_1"], "constraint": "Gauss"}
    full = {**lite, "data": {"uncertainties": [1.0, 3.0]}}
    unnamed = {"name": "mc", "type": "staterror"}
    for modifier, errors in ((lite, [1.0, 3.0]), (full, [0.0, 0.0]), (unnamed, [1.0, 3.0])):
        found = load(from_hs3(two_bins(modifier, errors))).parameters
        assert [(p.name, p.scale) for p in found if p.constraint == "gaussian"] == [("mc[0]", 0.1), ("mc[1]", 0.15)]


def test_staterror_with_a_second_constraint() -> None:
    lite = {"name": "mc", "type": "staterror", "parameters": ["g[0]", "g[1]"], "constraint": "Gauss"}
    document = two_bins(lite, [1.0, 3.0])
    document["distributions"].append(gaussian())
    document["likelihoods"][0]["aux_distributions"] = ["constraint"]
    with pytest.raises(InputError, match=r"Gaussian constraint of 'g\[0\]'"):
        from_hs3(document)


def test_shapesys_needs_a_word() -> None:
    modifier = {
        "name": "uncorrelated",
        "type": "shapesys",
        "parameters": ["gamma_0", "gamma_1"],
        "constraint": "Poisson",
        "data": {"vals": [2.0, 4.0]},
    }
    document = two_bins(modifier, [0.0, 0.0])
    with pytest.raises(InputError, match=r"vals of a shapesys.*say which"):
        from_hs3(document)
    errors = [p.scale for p in load(from_hs3(document, shapesys="error")).parameters if p.constraint == "poisson"]
    counts = [p.scale for p in load(from_hs3(document, shapesys="counts")).parameters if p.constraint == "poisson"]
    assert errors == pytest.approx([25.0, 25.0])  # (10/2)² and (20/4)²
    assert counts == pytest.approx([2.0, 4.0])


def test_histosys() -> None:
    data = {"hi": {"contents": [11.0, 23.0]}, "lo": {"contents": [9.0, 17.0]}, "interpolation": "code0"}
    modifier = {"name": "tilt", "type": "histosys", "parameter": "tilt", "constraint": "Gauss", "data": data}
    likelihood = load(from_hs3(two_bins(modifier, [0.0, 0.0])))
    rate = likelihood.asimov(np.array([0.0, 0.5]))
    assert rate[:2] == pytest.approx([10.5, 21.5])
    bent = {**modifier, "data": {**data, "hi": {"contents": [12.0, 23.0]}}}
    with pytest.raises(InputError, match="code0 with a kink"):
        from_hs3(two_bins(bent, [0.0, 0.0]))
    assert from_hs3(two_bins({**bent, "data": {**bent["data"], "interpolation": "code4p"}}, [0.0, 0.0]))


def changed(path: str, value: Any) -> Document:
    document = copy.deepcopy(counting())
    *parts, last = [int(p) if p.lstrip("-").isdigit() else p for p in path.split("/")]
    node: Any = document
    for part in parts:
        node = node[part]
    if value is KeyError:
        del node[last]
    elif isinstance(node, list) and last == len(node):
        node.append(value)
    else:
        node[last] = value
    return document


SR = "distributions/0"
EFF = f"{SR}/samples/0/modifiers/1"
REFUSED = [
    ("metadata", KeyError, "metadata: None: an object"),
    ("metadata/hs3_version", "0.3", r"hs3_version '0\.3': 0\.2 is read"),
    ("analyses", [], "none has to be named"),
    ("analyses/0/likelihood", "M", "likelihood 'M' is not in the document"),
    ("analyses/0/parameters_of_interest", ["r", "G"], "2 parameters of interest"),
    ("analyses/0/parameters_of_interest", ["th_xs"], "no normfactor"),
    ("analyses/0/domains", ["other"], "domain 'other'"),
    ("likelihoods/0/distributions", ["SR"], "1 distributions and 2 data"),
    ("likelihoods/0/distributions/1", "XX", "distribution 'XX'"),
    ("likelihoods/0/data/1", "XX", "data 'XX'"),
    ("likelihoods/0/weights", 1, "'weights' is not supported"),
    ("distributions/1/name", "SR", "stands twice"),
    (f"{SR}/type", "gaussian_dist", "gaussian_dist.*not supported"),
    (f"{SR}/samples", [], "samples"),
    (f"{SR}/samples/1/name", "signal", "stands twice"),
    (f"{SR}/samples/0/data/contents", [1.0, 2.0], "2 contents and 1 errors"),
    (f"{SR}/samples/0/data/contents", ["5"], r"contents\[0\]: '5': a finite number"),
    (f"{SR}/samples/0/data/contents", [True], "a finite number"),
    (f"{SR}/samples/0/data/contents", [math.inf], "a finite number"),
    (f"{SR}/samples/0/data/contents", [10**400], "bits"),
    (f"{EFF}/type", "alpha", "SR.*'alpha' is not supported"),
    (f"{EFF}/constraint", None, "constraint 'None' is not supported"),
    (f"{EFF}/constraint", "LogNormal", "'LogNormal' is not supported"),
    (f"{EFF}/constraints", ["g"], "'constraints' is not supported"),
    (f"{EFF}/parameter", KeyError, "parameter: None: a name"),
    (f"{EFF}/data", KeyError, "data are missing"),
    (f"{EFF}/data/hi", 0.0, "> 0"),
    (f"{EFF}/data/hi", 1.5, "code1 with hi = 1.5.*is not pyhf's code4"),
    (f"{EFF}/data/interpolation", "poly6", "'poly6' is not supported"),
    (f"{SR}/samples/0/modifiers/0/constraint", "Gauss", "'Gauss' is not supported for normfactor"),
    (f"{SR}/samples/0/modifiers/2", factor("r"), "two modifiers are the same"),
    (f"{SR}/samples/0/modifiers/2", factor("th_xs"), "two things"),
    ("data/0/type", "unbinned", "'unbinned' is not supported"),
    ("data/0/contents", [-1.0], "below 0"),
    ("data/0/axes/0/nbins", 2, "1 contents, the axes have 2 bins"),
    ("data/0/axes/0/nbins", 1.5, "nbins"),
    ("data/0/uncertainty", {}, "'uncertainty' is not supported"),
    ("domains/0/axes/0/min", 30.0, "above max"),
    ("parameter_points/0/parameters/0/const", 1, "true or false"),
    (
        "functions",
        [{"name": "G", "type": "generic_function", "expression": "__import__('os')"}],
        "functions are not supported",
    ),
    ("analyses/0/name", 5, "a name is needed"),
    ("analyses/0", [], "an object is needed"),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSED, ids=[f"{p}-{i}" for i, (p, _, _) in enumerate(REFUSED)])
def test_refusals(path: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_hs3(changed(path, value), where="theirs")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("theirs")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (with_gaussian("g", gaussian("g")), "Gaussian constraint of 'g' is not supported"),
        (with_gaussian("g[0]", gaussian("th_xs")), "Gaussian constraint of 'th_xs'"),
        (with_gaussian("g[0]", gaussian("g[0]", "r")), "one parameter, and a number"),
        (with_gaussian("g[0]", gaussian(sigma=0.0)), "sigma = 0"),
        (with_gaussian("g[0]", gaussian(sigma="r")), "sigma = 'r'"),
        (with_gaussian("g[0]", {**gaussian(), "type": "generic_dist"}), "'generic_dist' is not supported among"),
        (with_gaussian("a_x2d_b", gaussian("a-b")), "cannot be told apart"),
    ],
)
def test_refused_constraints(document: Document, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_hs3(document)


def test_constant_bins() -> None:
    """pyhf fixes all bins of a factor or none."""
    modifier = {"name": "shape", "type": "shapefactor", "parameters": ["s_0", "s_1"]}
    document = two_bins(modifier, [0.0, 0.0])
    points = document["parameter_points"][0]["parameters"]
    points.append({"name": "s_0", "value": 1.5, "const": True})
    with pytest.raises(InputError, match=r"^theirs: 'shape': some are constant and some are not"):
        from_hs3(document, where="theirs")
    points.append({"name": "s_1", "value": 2.5, "const": True})
    found = {p.name: (p.init, p.fixed) for p in load(from_hs3(document)).parameters}
    assert found == {"r": (1.0, False), "shape[0]": (1.5, True), "shape[1]": (2.5, True)}


@pytest.mark.parametrize("change", ["two samples", "other factor", "no count", "other name"])
def test_sidebands_that_stay(change: str) -> None:
    """A channel of counts is folded into a shapesys only where it is nothing else; the likelihood is the same either way."""
    document = counting()
    signal, side = (d["samples"] for d in document["distributions"])
    name = "G" if change == "other name" else "b[0]"
    signal[2]["modifiers"] = [factor(name)]
    side[0]["modifiers"] = [factor(name)]
    if change == "two samples":
        signal[1]["modifiers"].append(factor(name))
    if change == "other factor":
        side[0]["modifiers"].append(factor("r"))
    if change == "no count":
        side[0]["data"]["contents"] = [0.0]
        side.append(sample("more", 1.0))
    workspace = from_hs3(document)
    assert [c["name"] for c in workspace["channels"]] == ["SR", "CR"]
    assert {p.name for p in load(workspace).parameters} == {"r", "th_eff", "th_xs", name}


def test_sideband_that_becomes_a_shapesys() -> None:
    """Eleven events seen where the factor 1 means one: pyhf's auxiliary data."""
    document = counting()
    for distribution, i in zip(document["distributions"], (2, 0), strict=True):
        distribution["samples"][i]["modifiers"] = [factor("b[0]")]
    workspace = from_hs3(document)
    assert [c["name"] for c in workspace["channels"]] == ["SR"]
    (found,) = (p for p in load(workspace).parameters if p.name == "b[0]")
    assert (found.constraint, found.aux, found.scale) == ("poisson", 11.0, 1.0)
    assert upper_limit(load(workspace), "cls", 0.95).observed_limit == pytest.approx(exact_limit(), rel=1e-5)


def test_several_analyses() -> None:
    document = counting()
    document["analyses"].append({**document["analyses"][0], "name": "other", "parameters_of_interest": ["G"]})
    with pytest.raises(InputError, match="analysis, other has to be named"):
        from_hs3(document)
    assert from_hs3(document, analysis="other")["measurements"][0]["config"]["poi"] == "G"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[" * 100_000, "not JSON|deep"),
        ("[]", "list"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": 1' + "0" * 5000 + "}", "not JSON"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "32 deep"),
        (b" " * (64 * 2**20 + 1), "bytes: at most"),
    ],
)
def test_hostile_text(content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(content, "theirs")
    assert "\n" not in str(caught.value)


def test_a_document_that_holds_itself() -> None:
    document = counting()
    document["misc"] = document
    with pytest.raises(InputError, match="32 deep"):
        from_hs3(document)


KEYS = sorted({"name", "type", "data", "mean", "sigma", "errors", "edges", *counting(), *counting()["analyses"][0]})
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["SR", "r", "G", "L", "Gauss"])
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(p for key, value in pairs for p in paths(value, (*path, key)))]


PATHS = [path for path in paths(counting()) if path]


@settings(max_examples=300)
@given(st.sampled_from(PATHS), JUNK)
def test_garbage_inside_a_document(path: tuple[Any, ...], junk: Any) -> None:
    """Anything in any place: a workspace that loads, or InputError."""
    document = counting()
    node: Any = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = junk
    try:
        found = from_hs3(document)
    except InputError as error:
        message = str(error)
    else:
        message = ""
        with contextlib.suppress(LimitsError):  # negative rates and the like are the engine's to refuse
            load(found)
    assert "\n" not in message


@given(JUNK | st.dictionaries(st.sampled_from(KEYS), JUNK))
def test_garbage(junk: Any) -> None:
    with pytest.raises(InputError):
        read(json.dumps(junk))


@given(st.binary(max_size=50) | st.text(max_size=50))
def test_garbage_text(content: str | bytes) -> None:
    with pytest.raises(InputError):
        read(content)
