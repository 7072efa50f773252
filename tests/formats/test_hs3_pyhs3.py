"""Documents as pyhs3 evaluates them: differences of log L equal to ours."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limits.assemble import prepare
from limits.errors import LimitsError
from limits.formats.hs3 import spectrum_to_hs3, to_hs3
from limits.formats.hs3.names import encoded
from limits.formats.pyhf import text
from limits.hunt.masses import spectrum_channel
from limits.kernel.linear.shapes import chebyshev
from limits.likelihood.histfactory import load as load_workspace
from limits.search import load, names
from limits.signals.samples import Asimov, Simulated

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pyhs3") is None, reason="pyhs3 is not installed: pip install pyhs3"),
    pytest.mark.filterwarnings("ignore"),
]

Document = dict[str, Any]
Evaluated = Callable[[dict[str, float]], float]


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> Iterator[None]:
    """PyTensor without a C compiler: for a handful of points its start-up costs more than it saves."""
    import pytensor

    with pytensor.config.change_flags(cxx=""):
        yield


def evaluated(document: Document) -> Evaluated:
    """log L of a document in pyhs3, as a function of its parameters by name (ours, not encoded)."""
    from pyhs3 import Workspace
    from pyhs3.compile import function
    from pytensor.graph.traversal import explicit_graph_inputs

    model_of = Workspace(**json.loads(text(document)))
    model = model_of.model(model_of.analyses[0], progress=False)
    inputs = [variable for variable in explicit_graph_inputs([model.log_prob]) if variable.name]
    compiled = function(inputs=inputs, outputs=model.log_prob, on_unused_input="ignore")
    observables = model.data

    def log_likelihood(theta: dict[str, float]) -> float:
        values = {**observables, **{encoded(name): value for name, value in theta.items()}}
        return float(np.squeeze(compiled(*[np.asarray(values[v.name], dtype=float) for v in inputs])))

    return log_likelihood


def benchmark_document(name: str) -> Document:
    try:
        search = load(name)
        facts = search.hypothesis()
        sample = None if spectrum_channel(search) is None else Asimov()
        prepared = prepare(search, facts.name, facts.benchmark.mass_gev, sample=sample)
        return prepared.document(facts.benchmark.coupling)
    except LimitsError as error:
        pytest.skip(f"{name} does not load: {error}")


@pytest.mark.parametrize("name", names())
def test_every_search(name: str) -> None:
    workspace = benchmark_document(name)
    document = to_hs3(workspace, name=name)
    code = "code4" if '"code4"' in json.dumps(document["distributions"]) else "code1"
    likelihood = load_workspace(workspace, normsys=code)
    theirs = evaluated(document)
    rng = np.random.default_rng(3)
    ours, found = [], []
    for _ in range(4):
        # Away from the start by half a standard deviation of a pull, a tenth of a factor.
        theta = {p.name: p.init + rng.normal(0, 0.5 if p.init == 0 else 0.1) for p in likelihood.parameters}
        ours.append(-float(likelihood.nll(np.array(list(theta.values())), likelihood.observed)))
        found.append(theirs(theta))
    assert np.diff(found) == pytest.approx(np.diff(ours), abs=1e-9)


def test_every_modifier() -> None:
    """Two channels with all modifiers of pyhf, of which bins have no events or no errors."""
    path = Path(__file__).with_name("test_hs3_workspaces.py")
    spec = importlib.util.spec_from_file_location("hs3_workspaces", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    symmetric, asymmetric = module.everything(), module.everything()
    asymmetric["channels"][1]["samples"][0]["modifiers"][2]["data"] = {"hi": 1.4, "lo": 0.9}
    for workspace, code in ((symmetric, "code1"), (asymmetric, "code4")):
        likelihood = load_workspace(workspace, normsys=code)
        theirs = evaluated(to_hs3(workspace, name="test"))
        thetas = list(module.thetas(likelihood, 4))
        for theta in thetas:
            theta["k"] = 1.0  # constant in the document
        ours = [module.log_likelihood(likelihood, theta) for theta in thetas]
        assert np.diff([theirs(theta) for theta in thetas]) == pytest.approx(np.diff(ours), abs=1e-9)


def bernstein_events(coefficients: Any) -> Any:
    """Events of the Bernstein polynomials that add up to Chebyshev ones of unit window: fitted at points, which is exact."""
    from scipy.special import comb

    order = len(coefficients) - 1
    u = np.linspace(0, 1, order + 1)
    k = np.arange(order + 1)[:, None]
    basis = (order + 1) * comb(order, k) * u**k * (1 - u) ** (order - k)
    return np.linalg.solve(basis.T, coefficients @ chebyshev(u.copy(), (0.0, 1.0), order))


@pytest.mark.parametrize("name", ["belle2-4mu", "babar-zprime-4mu"])
def test_spectrum(name: str) -> None:
    """The unbinned likelihood of a simulated sample at random strengths and polynomials."""
    search = load(name)
    facts = search.hypothesis()
    sample = Simulated(search, spectrum_channel(search))
    prepared = prepare(search, facts.name, facts.benchmark.mass_gev, sample=sample)
    assert prepared.peak is not None
    (expected,) = prepared.yields(facts.benchmark.coupling)
    document = spectrum_to_hs3(prepared.peak, expected, name=name)
    theirs = evaluated(document)
    likelihood = prepared.likelihood(facts.benchmark.coupling)
    pulls = {f"{name}/signal": 0.0, f"{name}/fit-bias": 0.0}
    rng = np.random.default_rng(5)
    ours, found = [], []
    for strength in (0.0, 0.7, 2.0, 5.0):
        theta, values = [strength], {"strength": strength, **pulls}
        for group, events in zip(prepared.peak.groups, prepared.peak.events, strict=True):
            order = prepared.peak.peak.window.order
            polynomial = len(events) * np.array([rng.uniform(0.8, 1.2), *rng.normal(0, 0.05, order)])
            theta += polynomial.tolist()
            for k, count in enumerate(bernstein_events(polynomial)):
                values[f"{prepared.peak.name(group)}/b{k}"] = float(count)
        ours.append(-float(likelihood.nll(np.array(theta), likelihood.observed)))
        found.append(theirs(values))
    # Sums over thousands of events: 1e-9, and what rounding leaves of a number of that size.
    size = float(np.max(np.abs(ours)))
    assert np.diff(found) == pytest.approx(np.diff(ours), abs=1e-9 + 1e-14 * size)
