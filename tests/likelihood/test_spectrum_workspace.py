"""A spectrum as a pyhf workspace: valid, the same likelihood in pyhf, and in bins what it is without them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import comb

from limits import assemble
from limits.assemble import Prepared
from limits.inference.limit import upper_limit
from limits.kernel.linear.joined import join
from limits.kernel.linear.measure import measure
from limits.kernel.linear.window import binned
from limits.search import Search, load
from limits.signals.samples import Asimov

pyhf = pytest.importorskip("pyhf")

COUPLING = 5e-4
MASSES = (0.25, 0.45, 0.75, 1.05, 1.3, 1.9, 2.8)


@cache
def search(name: str = "bes3-alp", *, systematics: bool = True) -> Search:
    found = load(name)
    none = {"fit_bias": 0.0, "multiplicative_systematic": 0.0} if name == "bes3-alp" else {"signal_systematic": 0.0}
    return found if systematics else found.with_values(none)


def alp(mass: float, *, systematics: bool = True, **options: Any) -> Prepared:
    return assemble.prepare(search(systematics=systematics), "alp-photon", mass, engine="binned", **options)


def model_of(prepared: Prepared, coupling: float = COUPLING) -> tuple[Any, list[float]]:
    """pyhf's own reading of the workspace, validated against its schema, and the data."""
    workspace = pyhf.Workspace(prepared.document(coupling))
    model = workspace.model()
    return model, workspace.data(model)


@pytest.mark.parametrize("mass", MASSES)
def test_pyhf_reads_it_and_expects_the_same(mass: float) -> None:
    prepared = alp(mass)
    model, data = model_of(prepared)
    ours = prepared.likelihood(COUPLING)
    counts = np.array(data[: len(prepared.peak.bins) - 1])  # type: ignore[union-attr]
    sample = prepared.peak.sample.events(0, ("events",), prepared.peak.peak.edges)  # type: ignore[union-attr]
    assert counts.sum() == len(sample)
    names = model.config.par_names
    rng = np.random.default_rng(3)
    start = np.array(model.config.suggested_init())
    base = {p.name: p.init for p in ours.parameters}
    values: list[tuple[float, float]] = []
    for _ in range(4):
        theta = start * rng.uniform(0.7, 1.3, len(start)) + np.where(start == 0, rng.normal(0, 1, len(start)), 0)
        own = np.array([dict(zip(names, theta, strict=True)).get(n, v) for n, v in base.items()])
        values.append((-float(model.logpdf(theta, data)[0]), float(ours.nll(own, ours.observed))))
    theirs, mine = np.array(values).T
    assert mine - mine[0] == pytest.approx(theirs - theirs[0], abs=1e-6 * np.ptp(theirs) + 1e-6)


@pytest.mark.parametrize("mass", [0.45, 1.9])
def test_pyhf_fits_the_same(mass: float) -> None:
    prepared = alp(mass)
    model, data = model_of(prepared)
    ours = prepared.likelihood(COUPLING)
    best, held = ours.fit(ours.observed), ours.fit(ours.observed, 2.0)
    pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(maxiter=100_000, tolerance=1e-3))
    try:
        found, value = pyhf.infer.mle.fit(data, model, return_fitted_val=True)
        _, fixed = pyhf.infer.mle.fixed_poi_fit(2.0, data, model, return_fitted_val=True)
    finally:
        pyhf.set_backend("numpy")
    sigma = float(np.sqrt(best.covariance[0, 0])) if best.theta[0] > 0 else 1.0
    assert best.theta[0] == pytest.approx(float(found[model.config.poi_index]), abs=2e-2 * sigma)
    assert float(fixed - value) == pytest.approx(2 * (held.nll - best.nll), abs=2e-3)


def test_pyhf_has_the_same_limit() -> None:
    prepared = alp(1.9)
    coupling = 1.2e-3  # about where the limit is: strength 1
    model, data = model_of(prepared, coupling)
    limit = upper_limit(prepared.likelihood(coupling), "cls", 0.95)
    assert limit.observed_limit is not None
    pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(maxiter=100_000, tolerance=1e-3))
    try:
        cls, band = pyhf.infer.hypotest(limit.observed_limit, data, model, test_stat="qtilde", return_expected_set=True)
        (median,) = (
            pyhf.infer.hypotest(x, data, model, test_stat="qtilde", return_expected_set=True)[1][2]
            for x in [limit.expected_limit[2]]
        )
    finally:
        pyhf.set_backend("numpy")
    assert len(band) == 5
    assert float(cls) == pytest.approx(0.05, abs=1e-3)
    assert float(median) == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize("mass", MASSES)
def test_polynomials_are_those_of_bernstein(mass: float) -> None:
    """Each sample of the background is a multiple of ∫ C(n, k) u^k (1 − u)^(n − k) over the bins, and together they fit."""
    prepared = alp(mass)
    assert prepared.peak is not None
    order = prepared.peak.peak.window.order
    (channel,) = prepared.document(COUPLING)["channels"]
    terms = [np.array(s["data"]) for s in channel["samples"] if s["name"].startswith("background")]
    assert len(terms) == order + 1
    bins = len(terms[0])
    for k, term in enumerate(terms):
        area = [
            quad(lambda u, k=k: comb(order, k) * u**k * (1 - u) ** (order - k), i / bins, (i + 1) / bins)[0]
            for i in range(bins)
        ]
        assert term / term.sum() == pytest.approx(np.array(area) / np.sum(area), rel=1e-7, abs=1e-12)
        assert term.sum() > 0
    signal = next(np.array(s["data"]) for s in channel["samples"] if s["name"] == "signal")
    assert signal.sum() == pytest.approx(float(prepared.events([COUPLING])[0]), rel=1e-9)


@pytest.mark.parametrize("mass", MASSES)
def test_in_bins_it_is_the_fit_of_the_compiled_kernel(mass: float) -> None:
    """Bernstein polynomials of degree n and Chebyshev polynomials up to n are the same functions."""
    prepared = alp(mass, systematics=False)
    assert prepared.peak is not None
    (channel,), (counts,) = prepared.peak.channels(prepared.yields([COUPLING])[0], "strength")
    assert [s["name"] for s in channel["samples"]][-1].startswith("background")
    peak = prepared.peak
    window = binned(np.array(counts), peak.bins, peak.shape(), peak.peak.window.order)
    found, likelihood = measure(window), prepared.likelihood(COUPLING)
    expected = float(prepared.events([COUPLING])[0])
    limit = upper_limit(likelihood, "cls", 0.95)
    assert limit.observed_limit is not None
    assert limit.observed_limit * expected == pytest.approx(found.cls, rel=5e-3)
    if found.strength > 0:
        best = likelihood.fit(likelihood.observed)
        assert best.theta[0] * expected == pytest.approx(found.strength, abs=5e-3 * found.sigma)
        assert np.sqrt(best.covariance[0, 0]) * expected == pytest.approx(found.sigma, rel=5e-3)


@pytest.mark.parametrize("mass", [1.9, *(pytest.param(m, marks=pytest.mark.slow) for m in (0.45, 1.3))])
def test_bins_cost_little(mass: float) -> None:
    """Without systematic errors, which the unbinned likelihood does not have."""
    coarse = alp(mass, systematics=False).likelihood(COUPLING)
    fine = assemble.prepare(search(), "alp-photon", mass).likelihood(COUPLING)
    one, other = (upper_limit(likelihood, "cls", 0.95) for likelihood in (coarse, fine))
    assert one.expected_limit[2] == pytest.approx(other.expected_limit[2], rel=0.02)
    spread = (other.expected_limit[3] - other.expected_limit[1]) / 2  # type: ignore[operator]
    assert one.observed_limit == pytest.approx(other.observed_limit, abs=0.25 * spread)


def test_systematic_errors_are_in_it() -> None:
    """9.2 events in the shape of the peak and 2.6 % of the signal, each a Gaussian nuisance that makes the limit larger."""
    with_them, without = (alp(1.9, systematics=on) for on in (True, False))
    names = {p.name for p in with_them.likelihood(COUPLING).parameters}
    assert {"bes3-alp/fit-bias", "bes3-alp/signal"} <= names
    (channel,) = with_them.document(COUPLING)["channels"]
    bias = next(s for s in channel["samples"] if s["name"] == "fit-bias")["modifiers"][0]
    assert sum(bias["data"]["hi_data"]) == pytest.approx(9.2, rel=1e-9)
    one, other = (upper_limit(p.likelihood(COUPLING), "cls", 0.95).expected_limit[2] for p in (with_them, without))
    assert one is not None
    assert other is not None
    assert other < one < 1.03 * other


def test_asimov_data_are_the_expectation() -> None:
    prepared = alp(1.9, sample=Asimov())
    (counts,) = (o["data"] for o in prepared.document(COUPLING)["observations"])
    terms = [s for s in prepared.document(COUPLING)["channels"][0]["samples"] if s["name"].startswith("background")]
    assert np.sum(counts) == pytest.approx(np.sum([s["data"] for s in terms]), rel=1e-2)
    assert any(c != round(c) for c in counts)
    likelihood = prepared.likelihood(COUPLING)
    limit = upper_limit(likelihood, "cls", 0.95)
    assert limit.observed_limit == pytest.approx(limit.expected_limit[2], rel=0.15)


@pytest.fixture
def four() -> Prepared:
    return assemble.prepare(search("belle2-4mu"), "lmu-ltau", 2.0, engine="binned", treatment="binned")


def test_four_categories(four: Prepared) -> None:
    document = four.document(3e-3)
    assert [c["name"] for c in document["channels"]] == [f"dimuon-nn{k}" for k in (1, 2, 3, 4)]
    model, data = model_of(four, 3e-3)
    names = [f"dimuon-nn{k}/b{j}" for k in (1, 2, 3, 4) for j in (0, 1)]
    assert sorted(set(model.config.par_names) - {"strength", "belle2-4mu/signal"}) == names
    assert four.peak is not None
    for channel, observed in zip(document["channels"], document["observations"], strict=True):
        category = channel["name"].removeprefix("dimuon-")
        signal = next(s for s in channel["samples"] if s["name"] == "signal")
        share = sum(signal["data"]) / float(four.events([3e-3])[0])
        assert share == pytest.approx(four.peak.peak.shares[category], rel=1e-9)
        sample = four.peak.sample.events(four.peak.peak.window.part, (category,), four.peak.peak.edges)
        assert sum(observed["data"]) == len(sample)  # type: ignore[arg-type]
    assert len(data) == sum(len(o["data"]) for o in document["observations"]) + 1


def test_four_categories_have_the_limit_of_the_compiled_kernel(four: Prepared) -> None:
    bare = assemble.prepare(
        search("belle2-4mu", systematics=False), "lmu-ltau", 2.0, engine="binned", treatment="binned"
    )
    peak = bare.peak
    assert peak is not None
    _, data = peak.channels(bare.yields([3e-3])[0], "strength")
    windows = [binned(np.array(counts), peak.bins, peak.shape(), peak.peak.window.order) for counts in data]
    found = measure(join(windows, peak.shares(1.0)), 0.9)
    limit = upper_limit(bare.likelihood(3e-3), "cls", 0.9).observed_limit
    assert limit is not None
    assert limit * float(bare.events([3e-3])[0]) == pytest.approx(found.cls, rel=0.02)
    unbinned = assemble.prepare(search("belle2-4mu"), "lmu-ltau", 2.0, treatment="binned").likelihood(3e-3)
    assert limit == pytest.approx(upper_limit(unbinned, "cls", 0.9).observed_limit, rel=0.05)


def test_an_empty_category_is_no_error() -> None:
    """At 1.055 GeV no event of the simulated sample is in the last category; the others make a limit, as in a mass scan."""
    prepared = assemble.prepare(search("belle2-4mu"), "lmu-ltau", 1.055, treatment="binned")
    limit = upper_limit(prepared.likelihood(3e-3), "cls", 0.9).observed_limit
    coarse = assemble.prepare(search("belle2-4mu"), "lmu-ltau", 1.055, engine="binned", treatment="binned")
    wanted = upper_limit(coarse.likelihood(3e-3), "cls", 0.9).observed_limit
    assert wanted is not None
    assert limit == pytest.approx(wanted, rel=0.15)
