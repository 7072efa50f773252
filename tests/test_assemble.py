"""Search + hypothesis → likelihood: windows, combinations, and the same likelihood in pyhf."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyhf
import pytest
from scipy.stats import norm, poisson

from limits.assemble import Prepared, build, document, likelihood, prepare
from limits.errors import InputError, LimitsError
from limits.inference.limit import upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load as load_document
from limits.search import load
from limits.signals import Hypothesis, Yield

PAIR = ("na62-aprime-ee", "na62-aprime-mumu")


@cache
def ready(name: str, mass: float, hypothesis: str = "aprime") -> Prepared:
    """Prepared once for all tests."""
    return prepare(load(name), hypothesis, mass)


@pytest.fixture(scope="module")
def combined() -> Prepared:
    return ready("na62-aprime", 0.3)


def index(model: BinnedLikelihood, name: str) -> int:
    return [p.name for p in model.parameters].index(name)


@pytest.mark.parametrize(("mass", "count"), [(0.40, 0), (0.411, 1), (0.405, 1), (0.417, 1), (0.43, 0), (0.30, 0)])
def test_events_in_the_window(mass: float, count: int) -> None:
    """One event at 0.411 GeV, windows of ± 6.8 MeV."""
    model = ready("na62-aprime-mumu", mass).likelihood(1e-6)
    assert model.counts.tolist() == [count]
    # A share 2 · 6.8/500 of 0.016 events.
    theta = np.array([p.init for p in model.parameters])
    theta[0] = 0.0
    assert model.asimov(theta)[0] == pytest.approx(0.016 * 13.6 / 500, rel=1e-9)


def test_the_notch_weakens_the_limit() -> None:
    """3.9 events are excluded with one observed, 2.3 with none: what is expected hardly changes over 2 MeV."""
    found = []
    for mass in (0.417, 0.419):
        prepared = ready("na62-aprime-mumu", mass)
        limit = upper_limit(prepared.likelihood(5e-7), "cls-exact", 0.9).observed_limit
        assert limit is not None
        found.append(limit * prepared.events([5e-7])[0])
    assert 1.5 < found[0] / found[1] < 2.1


def combined_nll(prepared: Prepared, coupling: float, strength: float, pulls: dict[str, float]) -> float:
    """Two Poisson counts and one Gaussian per nuisance, from the yields of the members: scipy, no code of the likelihood."""
    total = 0.0
    for (search, _), y in zip(prepared.search.parts, prepared.yields([coupling]), strict=True):
        signal = (
            y.events[0, 0]
            * strength
            * (1 + search.value("protons_on_target_uncertainty")) ** pulls.get("na62-aprime/protons-on-target", 0.0)
        )
        signal *= (1 + search.value("efficiency_uncertainty")) ** pulls.get(f"{search.name}/efficiency", 0.0)
        for name, size in y.relative.items():
            signal *= (1 + size[0, 0]) ** pulls.get(f"na62-aprime/{name}", pulls.get(f"{search.name}/{name}", 0.0))
        if search.name == "na62-aprime-mumu":
            background = 0.016 * 13.6 / 500 * 1.125 ** pulls.get("na62-aprime-mumu/background", 0.0)
            seen = int(abs(prepared.mass - 0.411) < 0.0068)
        else:
            background, seen = 0.01, 0
        total -= poisson.logpmf(seen, signal + background)
    return total - sum(float(norm.logpdf(pull)) for pull in pulls.values())


@pytest.mark.parametrize("mass", [0.3, 0.411])
def test_a_combination_is_the_product_of_its_members(mass: float) -> None:
    """Nuisances of the same name are one: protons on target, generators and bremsstrahlung pull both channels together."""
    prepared, coupling = ready("na62-aprime", mass), 3e-7
    model = prepared.likelihood(coupling)
    names = [p.name for p in model.parameters]
    assert names[0] == "strength"
    for name in prepared.search.shared:
        assert names.count(f"na62-aprime/{name}") == 1
        assert not [n for n in names if n.endswith(f"/{name}") and not n.startswith("na62-aprime/")]
    rng = np.random.default_rng(4)
    for whole in (True, True, True, False, False, False):
        strength = rng.uniform(0, 3)
        # From ±1σ on the interpolation of HistFactory is κ^θ itself, within it a polynomial beside it.
        pulls = rng.choice([-2.0, -1.0, 0.0, 1.0, 1.7], len(names) - 1) if whole else rng.normal(size=len(names) - 1)
        expected = combined_nll(prepared, coupling, strength, dict(zip(names[1:], pulls.tolist(), strict=True)))
        found = float(model.nll(np.array([strength, *pulls]), model.observed))
        assert found == pytest.approx(expected, rel=1e-9 if whole else 1e-3)


def test_members_by_themselves_have_their_own_nuisances() -> None:
    for name in PAIR:
        model = ready(name, 0.3).likelihood(1e-6)
        shared = [p.name for p in model.parameters if p.name.endswith("/protons-on-target")]
        assert shared == [f"{name}/protons-on-target"]


def test_pulling_a_shared_nuisance_moves_both_counts(combined: Prepared) -> None:
    model = combined.likelihood(1e-6)
    theta = np.array([p.init for p in model.parameters])
    before = model.asimov(theta)[:2]
    theta[index(model, "na62-aprime/protons-on-target")] = 1.0
    background = np.array([0.01, 0.016 * 13.6 / 500])
    assert model.asimov(theta)[:2] - background == pytest.approx(1.2 * (before - background), rel=1e-9)


@pytest.mark.parametrize("method", load("na62-aprime").hypothesis("aprime").methods)
def test_a_member_without_signal_changes_nothing(method: str) -> None:
    """At 0.1 GeV there are no muons: the combination is the search for electrons."""
    coupling = 1e-6
    both = ready("na62-aprime", 0.1).likelihood(coupling)
    alone = ready("na62-aprime-ee", 0.1).likelihood(coupling)
    limits = [upper_limit(model, method, 0.9).observed_limit for model in (both, alone)]
    assert None not in limits
    assert np.isfinite(limits).all()  # type: ignore[arg-type]
    # Exponents here, the polynomial of HistFactory there.
    assert limits[0] == pytest.approx(limits[1], rel=5e-3)


def test_events_of_a_combination_are_added(combined: Prepared) -> None:
    apart = [ready(name, 0.3).events([1e-6, 2e-6]) for name in PAIR]
    assert combined.events([1e-6, 2e-6]) == pytest.approx(apart[0] + apart[1], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "hypothesis", "mass", "coupling"),
    [
        ("na62-aprime", "aprime", 0.3, 1e-6),
        ("na62-aprime", "aprime", 0.411, 5e-7),
        ("na62-aprime", "aprime", 0.1, 1e-6),
        ("na62-aprime-mumu", "aprime", 0.411, 5e-7),
        ("na62-aprime-ee", "aprime", 0.05, 1e-6),
        ("faser-aprime", "aprime", 0.05, 1e-5),
        ("na64mu-zprime", "lmu-ltau", 0.1, 6e-4),
        ("microboone-trident", "dark-trident", 0.05, 1.2e-7),
    ],
)
def test_the_document_is_the_same_likelihood_in_pyhf(name: str, hypothesis: str, mass: float, coupling: float) -> None:
    """Differences of −ln L between points, as pyhf may count constants elsewhere."""
    prepared = ready(name, mass, hypothesis)
    model = prepared.likelihood(coupling)
    workspace = pyhf.Workspace(prepared.document(coupling))
    other = workspace.model()
    data = np.array(workspace.data(other))
    rng, ours, theirs = np.random.default_rng(8), [], []
    for _ in range(6):
        strength = float(rng.uniform(0, 2))
        # ±1σ and 0, where a lognormal of a single count is what HistFactory makes of it.
        pulls = {p.name: float(rng.choice([-1, 0, 1])) for p in model.parameters[1:] if p.constraint == "gaussian"}
        ours.append(float(model.nll(_ours(model, strength, pulls), model.observed)))
        parameters = np.array(other.config.suggested_init())
        parameters[other.config.poi_index] = strength
        for key, pull in pulls.items():
            block = other.config.par_slice(_theirs(other, name, key))
            parameters[block] = pull
        theirs.append(-float(np.asarray(other.logpdf(parameters, data)).item()))
    assert np.diff(ours) == pytest.approx(np.diff(theirs), abs=1e-6)


def _ours(model: BinnedLikelihood, strength: float, pulls: dict[str, float]) -> np.ndarray:
    theta = np.array([pulls.get(p.name, p.init) for p in model.parameters])
    theta[0] = strength
    return theta


def _theirs(other: pyhf.pdf.Model, search: str, key: str) -> str:
    return key if key in other.config.par_map else f"{search}/{key}"


def test_the_same_document_loads_here(combined: Prepared) -> None:
    again = load_document(combined.document(1e-6))
    model = combined.likelihood(1e-6)
    theta = np.array([0.7, *np.linspace(-1.5, 1.5, len(model.parameters) - 1)])
    assert float(again.nll(theta, again.observed)) == pytest.approx(float(model.nll(theta, model.observed)), rel=1e-12)


def test_channels_and_yields_must_match(combined: Prepared) -> None:
    with pytest.raises(ValueError, match="zip"):
        document(combined.search, combined.yields([1e-6])[:1], 0.3)


def test_building_is_preparing_for_one_coupling() -> None:
    one, two = (
        build(load("faser-aprime"), Hypothesis("aprime", 0.05, 1e-5)),
        ready("faser-aprime", 0.05).likelihood(1e-5),
    )
    assert one.nominal_signal == two.nominal_signal
    assert [p.name for p in one.parameters] == [p.name for p in two.parameters]


def test_what_moves_with_the_point_enters_the_likelihood() -> None:
    """A relative uncertainty of the signal that depends on the point is a lognormal of the signal alone."""
    search = load("faser-aprime")
    plain = Yield(np.array([[5.0]]))
    moved = Yield(np.array([[5.0]]), {"generator-x": np.array([[0.5]])}, frozenset({"generator-x"}))
    one, two = likelihood(search, [plain], 0.05), likelihood(search, [moved], 0.05)
    assert len(two.parameters) == len(one.parameters) + 1
    theta = np.array([p.init for p in two.parameters])
    before = two.asimov(theta)[0]
    theta[index(two, "faser-aprime/generator-x")] = 1.0
    assert two.asimov(theta)[0] - before == pytest.approx(2.5, rel=1e-9)


def test_refusals() -> None:
    with pytest.raises(LimitsError, match="mass"):
        prepare(load("na62-aprime"), "aprime", 5.0)
    with pytest.raises(LimitsError, match="hypothesis"):
        prepare(load("na62-aprime"), "mesogenesis", 0.3)


def test_a_window_counts_as_many_events_as_were_observed() -> None:
    search = load("na62-aprime-mumu")
    assert prepare(search, "aprime", 0.411).likelihood(1e-6).counts.tolist() == [1.0]
    none = search.with_values({"observed": 0})
    assert prepare(none, "aprime", 0.411).likelihood(1e-6).counts.tolist() == [0.0]
    with pytest.raises(InputError, match="needs the mass of every event; known: event_mass"):
        prepare(search.with_values({"observed": 2}), "aprime", 0.411).likelihood(1e-6)
