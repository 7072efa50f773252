"""Documents as pyhs3 evaluates them: differences of log L equal to ours."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from limits.assemble import prepare
from limits.errors import LimitsError
from limits.formats.hs3 import from_hs3, spectrum_to_hs3, to_hs3
from limits.formats.hs3.names import decoded as decoded_name
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
    module = neighbour("test_hs3_workspaces.py")
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


# --- the committed files, every one ---

FOLDER = Path(__file__).resolve().parents[2] / "workspaces"
COMMITTED = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/workspace*.hs3.json"))
UNBINNED = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/unbinned.hs3.json"))
QUANTILE = 1.2816**2
"""Of 2 Δ ln L, for a one-sided limit at 90 %."""


def neighbour(name: str) -> Any:
    path = Path(__file__).with_name(name)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def own_likelihood(document: Document, name: str) -> Any:
    code = "code4" if '"code4"' in json.dumps(document["distributions"]) else "code1"
    return load_workspace(from_hs3(document, where=name), where=name, normsys=code)


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_document(name: str) -> None:
    """Log L, and the limit from its fall by 1.64 on one side: both to what rounding leaves, the limit to a thousandth."""
    document = json.loads((FOLDER / name).read_text())
    own, theirs = own_likelihood(document, name), evaluated(document)
    rng = np.random.default_rng(7)
    wide = np.array([0.5 if p.init == 0 else 0.1 for p in own.parameters])
    thetas = np.array([p.init for p in own.parameters]) + rng.normal(0, wide, (4, len(wide)))
    names_of = [p.name for p in own.parameters]
    found = [theirs(dict(zip(names_of, theta.tolist(), strict=True))) for theta in thetas]
    assert np.diff(found) == pytest.approx(-np.diff(own.nll(thetas, own.observed)), abs=1e-8)
    free = own.fit(own.observed)
    top = free.strength + 30 * own.signal_scale
    limit = brentq(lambda s: 2 * (own.fit(own.observed, s).nll - free.nll) - QUANTILE, free.strength + 1e-12, top)

    def profiled(strength: float | None, theta: Any) -> float:
        """−2 ln L, minimised over all parameters that are not held, from ours; steps in units of an error."""
        held = 0 if strength is None else 1
        start = theta.copy()
        start[0] = start[0] if strength is None else strength
        scale = np.where(wide > 0.2, 1.0, 0.3)[held:]

        def cost(x: Any) -> float:
            full = np.concatenate([start[:held], start[held:] + scale * x])
            return -2 * theirs(dict(zip(names_of, full.tolist(), strict=True)))

        low = [(p.lower - at) / s for p, at, s in zip(own.parameters[held:], start[held:], scale, strict=True)]
        bounds = [(max(a, -10.0), 10.0) for a in low]
        return float(
            minimize(cost, np.zeros(len(scale)), method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13}).fun
        )

    best = profiled(None, free.theta)
    for side, sign in ((0.999, -1), (1.001, 1)):
        at = limit * side
        assert sign * (profiled(at, own.fit(own.observed, at).theta) - best - QUANTILE) > 0, (side, limit)


@pytest.mark.parametrize("name", UNBINNED)
def test_committed_unbinned_document(name: str) -> None:
    """Against a reader of the words of the document, which the unbinned likelihood is compared with as well."""
    document = json.loads((FOLDER / name).read_text())
    theirs, words = evaluated(document), neighbour("test_hs3_spectrum.py").log_likelihood
    free = {p["name"]: p["value"] for p in document["parameter_points"][0]["parameters"] if not p.get("const")}
    rng = np.random.default_rng(9)
    points = [{key: value * rng.uniform(0.9, 1.1) for key, value in free.items()} for _ in range(4)]
    decoded = [{decoded_name(key): value for key, value in point.items()} for point in points]
    found, read = [theirs(one) for one in decoded], [words(document, one) for one in decoded]
    assert np.diff(found) == pytest.approx(np.diff(read), abs=1e-6)
