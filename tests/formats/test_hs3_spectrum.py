"""A peak on a spectrum as HS3: the likelihood of the document, worked out from its words, is the unbinned one."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import comb
from scipy.stats import norm

from limits.assemble import Prepared, prepare
from limits.errors import InputError, LimitsError
from limits.formats.hs3 import export, from_hs3, spectrum_to_hs3
from limits.formats.hs3.names import encoded
from limits.formats.hs3.spectrum import MOST_EVENTS
from limits.hunt.masses import spectrum_channel
from limits.kernel.linear.shapes import CrystalBall, chebyshev
from limits.likelihood.joint import JointLikelihood
from limits.search import load
from limits.signals.samples import Asimov, Measured, Simulated

Document = dict[str, Any]
Values = dict[str, float]


def prepared_search(name: str, kind: str = "simulated", treatment: str | None = None) -> Prepared:
    try:
        search = load(name)
        facts = search.hypothesis()
        channel = spectrum_channel(search)
        assert channel is not None
        sample = Asimov() if kind == "asimov" else Simulated(search, channel)
        return prepare(search, facts.name, facts.benchmark.mass_gev, sample=sample, treatment=treatment)
    except LimitsError as error:
        pytest.skip(f"{name} does not load: {error}")


def written(prepared: Prepared) -> tuple[Document, float]:
    assert prepared.peak is not None
    coupling = prepared.search.hypothesis().benchmark.coupling
    (expected,) = prepared.yields(coupling)
    return spectrum_to_hs3(prepared.peak, expected, name=prepared.search.name), coupling


def by_category(prepared: Prepared, values: Any) -> dict[str, Any]:
    """Events of a file, all of them in the first category."""
    assert prepared.peak is not None
    names = [category for group in prepared.peak.groups for category in group]
    return {name: values if name == names[0] else np.zeros(0) for name in names}


def term(text: str, values: Values) -> float:
    """A product of numbers, parameters and exp(number*parameter)."""
    found = 1.0
    for part in re.findall(r"exp\([^)]*\)|[^*]+", text):
        inner = re.fullmatch(r"exp\(([^*]+)\*([^*]+)\)", part)
        if inner is not None:
            found *= math.exp(float(inner[1]) * values[inner[2]])
        else:
            found *= values[part] if part in values else float(part)
    return found


def double_sided(u: float, d: Document, values: Values) -> float:
    """RooCrystalBall's formula, without normalisation."""
    t = (u - values[d["m0"]]) / values[d["sigma_L"]]
    for sign, side in ((-1, "L"), (1, "R")):
        alpha, n = values[d[f"alpha_{side}"]], values[d[f"n_{side}"]]
        if sign * t > alpha:
            return (n / alpha) ** n * math.exp(-(alpha**2) / 2) * (n / alpha - alpha + sign * t) ** -n
    return math.exp(-(t**2) / 2)


def density(d: Document, values: Values) -> Any:
    """A component, normalised from 0 to 1."""
    if d["type"] == "bernstein_poly_dist":
        n = len(d["coefficients"]) - 1
        basis = [lambda u, k=k: comb(n, k) * u**k * (1 - u) ** (n - k) for k in range(n + 1)]

        def shape(u: Any) -> Any:
            return sum(c * b(u) for c, b in zip(d["coefficients"], basis, strict=True))

        area = 1 / (n + 1)
    else:

        def shape(u: Any) -> Any:
            return np.array([double_sided(float(v), d, values) for v in np.atleast_1d(u)])

        area = quad(lambda u: double_sided(u, d, values), 0, 1, epsabs=0, epsrel=1e-13, limit=500)[0]
    return lambda u: shape(u) / area


def log_likelihood(document: Document, theta: Values) -> float:
    """log L of a document of mixtures, up to the constant of the number of events."""
    values = {p["name"]: p["value"] for p in document["parameter_points"][0]["parameters"]}
    values |= {encoded(name): value for name, value in theta.items()}
    for f in document["functions"]:
        values[f["name"]] = sum(term(t, values) for t in f["expression"].split(" + "))
    distributions = {d["name"]: d for d in document["distributions"]}
    data = {d["name"]: d for d in document["data"]}
    likelihood = document["likelihoods"][0]
    total = 0.0
    for name, data_name in zip(likelihood["distributions"], likelihood["data"], strict=True):
        mixture, seen = distributions[name], data[data_name]
        counts = [values[c] for c in mixture["coefficients"]]
        total -= sum(counts)
        if u := [entry[0] for entry in seen["entries"]]:
            parts = [density(distributions[s], values)(np.array(u)) for s in mixture["summands"]]
            rate = sum(c * part for c, part in zip(counts, parts, strict=True))
            total += float(np.sum(np.array(seen.get("weights", [1.0] * len(u))) * np.log(rate)))
    for name in likelihood.get("aux_distributions", ()):
        d = distributions[name]
        total += norm.logpdf(d["x"], values[d["mean"]], d["sigma"])
    return total


def bernstein_events(coefficients: Any) -> Any:
    """Events of the Bernstein polynomials that add up to the Chebyshev ones, by their values at as many points."""
    order = len(coefficients) - 1
    u = np.linspace(0, 1, order + 1)
    k = np.arange(order + 1)[:, None]
    basis = (order + 1) * comb(order, k) * u**k * (1 - u) ** (order - k)
    return np.linalg.solve(basis.T, coefficients @ chebyshev(u.copy(), (0.0, 1.0), order))


@pytest.mark.parametrize(
    ("name", "treatment"), [("belle2-4mu", None), ("belle2-4mu", "binned"), ("babar-zprime-4mu", None)]
)
def test_document_is_the_unbinned_likelihood(name: str, treatment: str | None) -> None:
    """Also of four categories, which share the strength."""
    prepared = prepared_search(name, treatment=treatment)
    document, coupling = written(prepared)
    likelihood: Any = prepared.likelihood(coupling)
    if isinstance(
        likelihood, JointLikelihood
    ):  # the log barrier of sparse windows is for fits, and no part of the model
        likelihood = replace(likelihood, parts=tuple(replace(part, barrier=0.0) for part in likelihood.parts))
    assert prepared.peak is not None
    rng = np.random.default_rng(11)
    ours, found = [], []
    for strength in (0.0, 0.5, 3.0):
        theta, values = [strength], {"strength": strength}
        for group, events in zip(prepared.peak.groups, prepared.peak.events, strict=True):
            order = prepared.peak.peak.window.order
            polynomial = len(events) * np.array([rng.uniform(0.8, 1.2), *rng.normal(0, 0.05, order)])
            theta += polynomial.tolist()
            for k, count in enumerate(bernstein_events(polynomial)):
                values[f"{prepared.peak.name(group)}/b{k}"] = float(count)
        ours.append(-float(likelihood.nll(np.array(theta), likelihood.observed)))
        found.append(log_likelihood(document, values))
    assert np.diff(found) == pytest.approx(np.diff(ours), abs=1e-9 + 1e-14 * float(np.max(np.abs(ours))))


def test_systematic_errors_of_the_peak() -> None:
    """A relative and an additive error, each with a unit Gaussian: signal events at one pull of each."""
    prepared = prepared_search("bes3-alp", "asimov")
    document, coupling = written(prepared)
    assert prepared.peak is not None
    additive, relative = prepared.peak.smearing
    events = float(prepared.events(coupling)[0])
    (signal,) = (f for f in document["functions"] if f["name"] == "diphoton_signal")
    pulls = {encoded("bes3-alp/signal"): 1.0, encoded("bes3-alp/fit-bias"): 1.0}
    found = sum(term(t, {"strength": 2.0, **pulls}) for t in signal["expression"].split(" + "))
    assert found == pytest.approx(2 * events * (1 + relative) + additive, rel=1e-12)
    assert document["likelihoods"][0]["aux_distributions"] == [f"constraint_{name}" for name in pulls]


def test_pieces_add_up() -> None:
    """Events and yields of the pieces are those of the window, and so are the data."""
    prepared = prepared_search("babar-zprime-4mu")
    document, _ = written(prepared)
    assert prepared.peak is not None
    assert len(document["data"]) == 3
    assert sum(len(d["entries"]) for d in document["data"]) == len(prepared.peak.events[0])
    values = {"strength": 1.0, encoded("babar-zprime-4mu/signal"): 0.0}
    yields = {encoded(f"dimuon/b{k}"): 3.0 + k for k in range(4)}
    for f in document["functions"]:
        values[f["name"]] = sum(term(t, {**values, **yields}) for t in f["expression"].split(" + "))
    assert sum(values[f"dimuon_{i}_signal"] for i in range(3)) == pytest.approx(values["dimuon_signal"], rel=1e-13)
    total = sum(value for name, value in values.items() if "events" in name)
    assert total == pytest.approx(sum(yields.values()), rel=1e-13)


def test_data_as_counts() -> None:
    """Asimov data and large samples are weights at the centres of bins: the same number of events, a close likelihood."""
    document, _ = written(prepared_search("belle2-4mu", "asimov"))
    prepared = prepared_search("belle2-4mu", "asimov")
    assert prepared.peak is not None
    (expected,) = prepared.yields(1.0)
    counts = prepared.peak.channels(expected, "strength")[1][0]
    assert sum(sum(d["weights"]) for d in document["data"]) == pytest.approx(sum(counts), rel=1e-9)
    assert "Asimov" in document["misc"]["limits"]["data"]
    rng = np.random.default_rng(2)
    low, high = prepared.peak.peak.edges
    many = Measured("a large file", by_category(prepared, rng.uniform(low, high, MOST_EVENTS + 1)))
    large = spectrum_to_hs3(replace(prepared.peak, sample=many), expected, name="large")
    assert sum(sum(d["weights"]) for d in large["data"]) == MOST_EVENTS + 1
    assert large["misc"]["limits"]["data"] == "a large file: counts at the centres of bins, as weights"


def test_a_window_inside_the_core_is_one_piece() -> None:
    prepared = prepared_search("belle2-4mu")
    assert prepared.peak is not None
    peak = prepared.peak
    own = peak.shape()
    assert isinstance(own, CrystalBall)
    document, _ = written(
        replace(prepared, signals=(replace(peak.peak, edges=(own.mean - own.sigma, own.mean + own.sigma)),))
    )
    assert len(document["data"]) == 1
    assert [d["type"] for d in document["distributions"]][1] == "crystalball_doublesided_dist"


def test_what_cannot_be_written() -> None:
    prepared = prepared_search("bes3-alp", "asimov")
    assert prepared.peak is not None
    (expected,) = prepared.yields(1e-4)
    cruijff = replace(prepared.peak, channel=prepared.peak.channel.model_copy(update={"shapes": ("cruijff",)}))
    with pytest.raises(InputError, match="Cruijff has no HS3 name"):
        spectrum_to_hs3(cruijff, expected, name="bes3-alp")
    empty = Measured("an empty file", by_category(prepared, np.zeros(0)))
    with pytest.raises(InputError, match="no events in the window"):
        spectrum_to_hs3(replace(prepared.peak, sample=empty), expected, name="bes3-alp")


def test_export_has_both() -> None:
    documents = export(prepared_search("bes3-alp").search)
    assert documents.keys() == {"workspace.hs3.json", "unbinned.hs3.json"}
    assert from_hs3(documents["workspace.hs3.json"])["measurements"][0]["name"] == "bes3-alp"
    with pytest.raises(InputError, match=r"mixture_dist.*not supported"):
        from_hs3(documents["unbinned.hs3.json"])
