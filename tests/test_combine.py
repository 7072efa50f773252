"""Combinations: one is itself, two halves are the whole, what sees nothing changes nothing, and only what is named is common."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyhf
import pytest

from limits import plot
from limits.assemble import Prepared, prepare
from limits.combination import combination, gain, masses_at, steps
from limits.combine import combined, covered, subset
from limits.errors import InputError, UnknownName
from limits.inference.limit import p_values, upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load as load_document
from limits.scan import PointResult, Scan, run_scan
from limits.search import Search, load, uncertainties

MASS, COUPLING = 0.1, 6e-4
NUISANCES = ("muons-on-target", "cross-section", "form-factor", "background")
Make = Callable[..., Search]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Copies of NA64μ under another name, with other counts; `certain` ones have no nuisance."""
    text = (Path(load("na64mu-zprime").path)).read_text()

    def variant(
        name: str, observed: int, background: float, error: float, efficiency: float, *, certain: bool = False
    ) -> Search:
        changed = text.replace('name = "na64mu-zprime"', f'name = "{name}"')
        changed = re.sub(
            r'(\[facts.background\]\nvalue = )0.07(\nunit = "events"\nerror = )0.03',
            rf"\g<1>{background}\g<2>{error}",
            changed,
        )
        changed = changed.replace('background_constraint = "poisson"', 'background_constraint = "lognormal"')
        if certain:
            changed = changed.replace(f"\nerror = {error}\n", "\n").replace('background_constraint = "lognormal"\n', "")
            changed = re.sub(r"\[\[channels.systematics\]\]\n(.+\n)+", "", changed)
        folder = tmp_path / name
        folder.mkdir()
        (folder / "search.toml").write_text(changed)
        return load(folder).with_values({"observed": observed, "efficiency": efficiency})

    return variant


def halves(make: Make, *, certain: bool) -> tuple[Search, Search]:
    """A search with 4 events over 2 of background, and the combination of its two halves with all nuisances in common."""
    whole = make("whole", 4, 2.0, 0.5, 0.05, certain=certain)
    parts = [make(name, 2, 1.0, 0.25, 0.025, certain=certain) for name in ("left", "right")]
    shared = {} if certain else {name: (f"left/{name}", f"right/{name}") for name in NUISANCES}
    return whole, combined(parts, "lmu-ltau", shared)


def ready(search: Search, mass: float = MASS) -> Prepared:
    return prepare(search, search.hypotheses[0].name if search.ad_hoc else "lmu-ltau", mass)


def binned(search: Search, coupling: float = COUPLING, mass: float = MASS) -> BinnedLikelihood:
    found = ready(search, mass).likelihood(coupling)
    assert isinstance(found, BinnedLikelihood)
    return found


def observed_limit(likelihood: Any, method: str, level: float = 0.9) -> float:
    limit = upper_limit(likelihood, method, level, expected=False).observed_limit
    assert limit is not None
    return limit


# --- statistics ---


@pytest.mark.parametrize("method", ["cls-exact", "cls"])
def test_a_combination_of_one_is_that_one(method: str) -> None:
    alone = load("faser-aprime")
    one = combined([alone], "aprime")
    where: dict[str, Any] = {"masses": [0.05], "couplings": (1e-6, 1e-3, 9), "method": method}
    found, expected = run_scan(one, **where), run_scan(alone, "aprime", **where)
    assert found.points == expected.points
    assert (found.search, found.label, found.level) == (expected.search, expected.label, expected.level)
    assert found.points[0].excluded


def test_two_halves_are_the_whole_in_exact_sums(make: Make) -> None:
    whole, both = halves(make, certain=True)
    one, two = binned(whole), binned(both)
    assert (len(one.counts), len(two.counts)) == (1, 2)
    assert observed_limit(two, "cls-exact") == pytest.approx(observed_limit(one, "cls-exact"), rel=1e-7)
    assert p_values(two, "cls-exact", 0.7).cls == pytest.approx(p_values(one, "cls-exact", 0.7).cls, rel=1e-9)


def test_two_halves_are_the_whole_with_nuisances_in_common(make: Make) -> None:
    """Counts of one half each are as probable as the square root of the whole's: the asymptotic formula sees no difference."""
    whole, both = halves(make, certain=False)
    two = binned(both)
    names = [p.name for p in two.parameters]
    assert sorted(names) == sorted(["strength", *(f"shared/{name}" for name in NUISANCES)])
    one = load_document(ready(whole).document(COUPLING))
    assert observed_limit(two, "cls") == pytest.approx(observed_limit(one, "cls"), rel=1e-6)
    # Averages over four nuisances at quasi-random points, and on nodes.
    assert observed_limit(two, "cls-exact") == pytest.approx(observed_limit(binned(whole), "cls-exact"), rel=2e-3)


@pytest.mark.parametrize("method", ["cls-exact", "cls"])
def test_a_member_without_signal_changes_nothing(make: Make, method: str) -> None:
    alone, blind = make("seeing", 2, 1.0, 0.25, 0.03), make("blind", 7, 5.0, 1.0, 0.0)
    both = combined([alone, blind], "lmu-ltau")
    assert observed_limit(binned(both), method) == pytest.approx(observed_limit(binned(alone), method), rel=1e-9)
    # The same where its channel is kept: the likelihood is a product.
    kept = binned(replace(both, ad_hoc=False))
    assert len(kept.counts) == 2
    if method == "cls":
        one = load_document(ready(alone).document(COUPLING))
        assert observed_limit(kept, method) == pytest.approx(observed_limit(one, method), rel=1e-9)
    else:  # averages over the nuisances at quasi-random points, and on nodes
        assert observed_limit(kept, method) == pytest.approx(observed_limit(binned(alone), method), rel=2e-3)


def test_a_blind_member_is_kept_if_a_nuisance_is_common(make: Make) -> None:
    """What it counts says something about the background of the other."""
    alone, blind = make("seeing", 2, 1.0, 0.25, 0.03), make("blind", 9, 5.0, 2.0, 0.0)
    names = ("seeing/background", "blind/background")
    both = combined([alone, blind], "lmu-ltau", {"b": names})
    assert len(binned(both).counts) == 2
    assert observed_limit(binned(both), "cls") < 0.999 * observed_limit(binned(alone), "cls")


def test_nuisances_of_equal_names_are_separate(make: Make) -> None:
    one, two = make("one", 2, 1.0, 0.25, 0.03), make("two", 3, 2.0, 0.25, 0.02)
    both = binned(combined([one, two], "lmu-ltau"))
    names = [p.name for p in both.parameters]
    assert sorted(names) == sorted(["strength", *(f"{s}/{n}" for s in ("one", "two") for n in NUISANCES)])
    theta = np.array([p.init for p in both.parameters])
    before = both.asimov(theta)[:2]
    theta[names.index("one/cross-section")] = 1.0
    moved = both.asimov(theta)[:2]
    place = both.bins.index("one/signal-region[0]")
    assert moved[1 - place] == before[1 - place]
    assert moved[place] > 1.05 * before[place]


@pytest.mark.parametrize("common", [True, False])
def test_a_common_nuisance_is_fully_correlated(make: Make, common: bool) -> None:
    """Var Σ s_i exp(σ_i θ_i) = Σ_ij s_i s_j exp((σ_i² + σ_j²)/2) (exp(ρ_ij σ_i σ_j) − 1), exact for lognormals."""
    one = make("one", 2, 1.0, 0.25, 0.03).with_values({"cross_section_uncertainty": 0.3})
    two = make("two", 3, 2.0, 0.25, 0.02).with_values({"cross_section_uncertainty": 0.15})
    names = ("one/cross-section", "two/cross-section")
    model = binned(combined([one, two], "lmu-ltau", {"theory": names} if common else {}))
    events = [binned(s).nominal_signal for s in (one, two)]
    sigma = np.log([1.3, 1.15])
    rho = np.ones((2, 2)) if common else np.eye(2)
    product = np.outer(events, events) * np.exp((sigma[:, None] ** 2 + sigma**2) / 2)
    expected = float(np.sum(product * (np.exp(rho * np.outer(sigma, sigma)) - 1)))
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    parameters = [p.name for p in model.parameters]
    moved = [parameters.index(name) for name in (("shared/theory",) if common else names)]
    grids = np.meshgrid(*[nodes] * len(moved), indexing="ij")
    chance = np.prod(np.meshgrid(*[weights] * len(moved), indexing="ij"), axis=0).ravel()
    theta = np.tile([p.init for p in model.parameters], (chance.size, 1))
    theta[:, moved] = np.column_stack([grid.ravel() for grid in grids])
    total = np.array([model.asimov(row)[:2].sum() for row in theta])
    found = float(chance @ total**2 - (chance @ total) ** 2)
    assert found == pytest.approx(expected, rel=5e-3)  # a polynomial joins the powers within ±1σ


@pytest.mark.slow
@pytest.mark.parametrize("strength", [0.3, 1.0, 2.0])
def test_coverage(make: Make, strength: float) -> None:
    """CLs covers at least its level, whatever the signal; the toys are those of the combination itself."""
    one, two = make("one", 2, 1.0, 0.25, 0.03, certain=True), make("two", 3, 2.0, 0.25, 0.02, certain=True)
    model = binned(combined([one, two], "lmu-ltau"))
    rate = model.asimov(np.array([strength]))
    toys = np.random.default_rng(5).poisson(rate, (2000, 2)).astype(float)
    outcomes, times = np.unique(toys, axis=0, return_counts=True)
    kept = [p_values(model.with_data(outcome), "cls-exact", strength).cls > 0.1 for outcome in outcomes]
    share = float(np.sum(times[kept]) / times.sum())
    assert share > 0.9 - 3 * np.sqrt(0.09 / 2000)
    assert share < 1.0 or strength < 2


# --- spectra ---


def test_a_member_is_left_out_where_it_does_not_look() -> None:
    """Below the threshold of a muon pair, and in the gap of the J/ψ, where only one of the two hunts stops."""
    three = combined([load(n) for n in ("na64mu-zprime", "belle2-4mu", "babar-zprime-4mu")], "lmu-ltau")
    alone = binned(load("na64mu-zprime"))
    assert observed_limit(binned(three), "cls") == observed_limit(alone, "cls")
    hunt = combined([load("belle2-4mu")], "lmu-ltau")
    assert (covered(hunt, 3.0), covered(hunt, 3.1), covered(three, 3.1)) == (True, False, False)
    with pytest.raises(InputError, match=r"mass = 3\.1 GeV: none of the searches looks there"):
        prepare(three, "lmu-ltau", 3.1)
    assert masses_at(three, (3.0, 3.1)) == (3.0,)
    with pytest.raises(InputError, match=r"none of the searches looks at any of 3\.1 GeV"):
        masses_at(three, (3.1,))


def test_spectra_have_their_own_backgrounds() -> None:
    """Both call their channel "dimuon"."""
    two = combined([load("belle2-4mu"), load("babar-zprime-4mu")], "lmu-ltau")
    model = binned(two, 3e-3, 2.0)
    names = [p.name for p in model.parameters]
    assert {"belle2-4mu/dimuon/b0", "babar-zprime-4mu/dimuon/b0", "belle2-4mu/signal", "babar-zprime-4mu/signal"} <= {
        *names
    }
    theta = np.array([p.init for p in model.parameters])
    before = model.asimov(theta)[: len(model.bins)]
    theta[names.index("belle2-4mu/dimuon/b0")] *= 1.1
    moved = model.asimov(theta)[: len(model.bins)] != before
    mine = np.array([name.startswith("belle2-4mu/") for name in model.bins])
    assert moved[mine].any()
    assert not moved[~mine].any()


def test_two_spectra_are_better_than_the_best() -> None:
    """Of many events the inverse squares of the limits on the rate add up; errors of the efficiency make that approximate."""
    two = combined([load("belle2-4mu"), load("babar-zprime-4mu")], "lmu-ltau")
    found = combination(two, masses=[2.0])
    rates = [limit for one in found.singles if (limit := one.points[0].expected_limit[2])]
    whole = found.scan.points[0].expected_limit[2]
    assert whole is not None
    assert whole**-4 == pytest.approx(sum(np.array(rates) ** -4.0), rel=0.1)
    assert found.scan.data == "expected counts of a simulated spectrum: belle2-4mu, babar-zprime-4mu"
    assert found.gain.expected == pytest.approx(min(rates) / whole)
    assert found.gain.per_mass[0].best == "belle2-4mu"


# --- what is written down ---


@pytest.mark.parametrize(
    ("names", "hypothesis", "mass", "coupling"),
    [
        (("faser-aprime", "na62-aprime"), "aprime", 0.02, 1.05e-4),
        (("na64mu-zprime", "belle2-4mu"), "lmu-ltau", 1.0, 1.2e-3),
    ],
)
def test_the_document_gives_the_same_limit_in_pyhf(
    names: tuple[str, ...], hypothesis: str, mass: float, coupling: float
) -> None:
    search = combined([load(name) for name in names], hypothesis)
    prepared = prepare(search, hypothesis, mass)
    workspace = pyhf.Workspace(json.loads(json.dumps(prepared.document(coupling))))
    model = workspace.model()
    ours = observed_limit(prepared.likelihood(coupling), "cls")
    inits, bounds = model.config.suggested_init(), model.config.suggested_bounds()
    inits[model.config.poi_index], bounds[model.config.poi_index] = ours, (0.0, 10 * ours)
    found = [
        float(pyhf.infer.hypotest(s * ours, workspace.data(model), model, init_pars=inits, par_bounds=bounds))
        for s in (0.999, 1.0, 1.001)
    ]
    # CLs falls through 10 % within 0.1 % of the limit.
    assert found[0] > 0.1 > found[2]
    assert found[1] == pytest.approx(0.1, rel=1e-4)


def test_members_of_a_combination_keep_what_they_have_in_common() -> None:
    found = combined([load("faser-aprime"), load("na62-aprime")], "aprime")
    assert [member.name for member in found.members] == ["faser-aprime", "na62-aprime-ee", "na62-aprime-mumu"]
    assert found.groups["na62-aprime/bremsstrahlung"] == (
        "na62-aprime-ee/bremsstrahlung",
        "na62-aprime-mumu/bremsstrahlung",
    )
    names = [p.name for p in binned(found, 1e-6, 0.3).parameters]
    assert names.count("na62-aprime/protons-on-target") == 1
    # FASER's bremsstrahlung is of other protons.
    assert "faser-aprime/bremsstrahlung" in [p.name for p in binned(found, 1e-5, 0.05).parameters]
    assert subset(found, ["faser-aprime", "na62-aprime-ee"]).groups == {}


def test_of_what_kind_a_combination_is() -> None:
    alp = combined([load("faser-alp"), load("bes3-alp")], "alp-photon", level=0.95)
    facts = alp.hypotheses[0]
    assert (facts.exclusion, facts.yield_power, facts.masses_gev, facts.methods) == (
        "region",
        None,
        (0.005, 2.85),
        ("cls",),
    )
    assert (alp.quantity("level").kind, alp.level) == ("set", 0.95)
    zprime = combined([load("na64mu-zprime"), load("belle2-4mu")], "lmu-ltau")
    facts = zprime.hypotheses[0]
    assert (facts.exclusion, facts.yield_power, facts.masses_gev) == ("upper-limit", 2, (0.001, 9.0))
    other = combined([load("faser-aprime"), load("na62-aprime-ee")], "b-l")
    assert (other.recasts, other.hypotheses[0].methods[0]) == (("b-l",), "cls-exact")
    assert other.notes == ("recast, the efficiency assumed to be that of the published particle: na62-aprime-ee",)


@pytest.mark.parametrize(
    ("names", "hypothesis", "options", "complaint"),
    [
        (("faser-alp", "bes3-alp"), "alp-photon", {}, "different ones: faser-alp 90 %, bes3-alp 95 %"),
        (("faser-aprime", "faser-aprime"), "aprime", {}, "data would count twice: faser-aprime"),
        (("na62-aprime", "na62-aprime-ee"), "aprime", {}, "data would count twice: na62-aprime-ee"),
        (("na64mu-zprime", "belle2-4mu"), "muonphilic-scalar", {}, "no theory point is both"),
        (("faser-aprime",), "aprime", {"level": 1.5}, "level = 1.5"),
        ((), "aprime", {}, "no search is given"),
        (
            ("faser-aprime", "na62-aprime-ee"),
            "aprime",
            {"shared": {"x": ("faser-aprime/luminosity", "faser-aprime/two-track")}},
            "one uncertainty of each of several is needed",
        ),
    ],
)
def test_refusals(names: tuple[str, ...], hypothesis: str, options: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=re.escape(complaint)):
        combined([load(name) for name in names], hypothesis, **options)


def test_an_unknown_uncertainty_lists_the_known() -> None:
    both = [load("faser-aprime"), load("na62-aprime-mumu")]
    names = ("faser-aprime/background", "na62-aprime-mumu/background")
    with pytest.raises(UnknownName, match=r"unknown uncertainty 'faser-aprime/background'; known: .*mumu/background"):
        combined(both, "aprime", {"x": names})  # FASER's background is a count of its own
    twice = {"x": ("faser-aprime/luminosity", "na62-aprime-mumu/efficiency")}
    with pytest.raises(InputError, match="is in 'x' already"):
        combined(both, "aprime", {**twice, "y": twice["x"]})
    with pytest.raises(UnknownName, match="unknown hypothesis 'wimp'"):
        combined(both, "wimp")
    with pytest.raises(UnknownName, match="unknown member 'x'"):
        subset(combined(both, "aprime"), ["x"])


@pytest.mark.parametrize(("name", "mass"), [("faser-aprime", 0.05), ("na62-aprime-mumu", 0.3), ("bes3-alp", 1.5)])
def test_what_can_be_common_is_in_the_likelihood(name: str, mass: float) -> None:
    search = load(name)
    default = search.hypotheses[0]
    document = prepare(combined([search], default.name), default.name, mass).document(default.benchmark.coupling)
    found = {
        m["name"]
        for channel in document["channels"]
        for sample in channel["samples"]
        for m in sample["modifiers"]
        if m["type"] in ("normsys", "histosys")
    }
    assert found <= set(uncertainties(search))


# --- gains ---


def scan(name: str, rows: list[tuple[float, Any, float | None]], exclusion: str = "region") -> Scan:
    points = tuple(
        PointResult(m, limit, (None, None, limit, None, None), excluded, excluded, None, "ok")
        for m, excluded, limit in rows
    )
    return Scan(name, "aprime", {}, exclusion, "cls", 0.9, "", "predicted", None, (), {}, points)


def test_gain_of_a_region() -> None:
    """One decade of each with half a decade in common, 1.5 in all; the combination has 2, and an open edge ends at the reach."""
    masses = (0.01, 0.1, 1.0)
    low = scan("low", [(m, ((1e-6, 1e-5),), None) for m in masses])
    high = scan("high", [(m, ((10**-5.5, 10**-4.5),), None) for m in masses[:2]])
    both = scan("both", [(m, ((10**-6.5, 10**-4.5),), None) for m in masses[:2]] + [(1.0, ((1e-6, None),), None)])
    found = gain(both, [low, high], (1e-8, 1e-4))
    assert [row.observed for row in found.per_mass] == pytest.approx([2 / 1.5, 2 / 1.5, 2.0])
    # Trapezia over two decades of masses: (2 + 2) / (1.5 + (1.5 + 1)/2).
    assert found.observed == pytest.approx(4 / 2.75)
    assert found.kind == "area"
    assert found.best_observed == pytest.approx(2.0)
    assert gain(both, [scan("none", [(m, (), None) for m in masses])], (1e-8, 1e-4)).observed is None


def test_gain_of_limits() -> None:
    masses = (0.01, 0.1, 1.0)
    one = scan("one", [(m, ((x, None),), x) for m, x in zip(masses, (1e-3, 2e-3, 4e-3), strict=True)], "upper-limit")
    two = scan("two", [(0.1, ((1e-3, None),), 1e-3), (1.0, (), None)], "upper-limit")
    both = scan("both", [(m, ((x, None),), x) for m, x in zip(masses, (1e-3, 8e-4, 2e-3), strict=True)], "upper-limit")
    found = gain(both, [one, two], (1e-6, 1.0))
    assert [row.observed for row in found.per_mass] == pytest.approx([1.0, 1.25, 2.0])
    assert found.kind == "limit"
    assert [found.observed, found.best_observed] == pytest.approx([1.25, 2.0])
    assert [row.best for row in found.per_mass] == ["one", "two", "one"]


def test_a_combination_has_everything_in_its_json(tmp_path: Path) -> None:
    search = combined([load("faser-aprime"), load("na62-aprime")], "aprime")
    done: list[int] = []
    masses = (0.05, 0.3)
    found = combination(
        search, masses=masses, couplings=(1e-7, 1e-3, 13), leave_one_out=True, advance=lambda: done.append(1)
    )
    assert len(done) == steps(search, masses, leave_one_out=True) == 12
    assert [len(one.points) for one in found.singles] == [1, 2, 1]
    assert [scan.search for scan in found.without] == [
        "na62-aprime-ee+na62-aprime-mumu",
        "faser-aprime+na62-aprime-mumu",
        "faser-aprime+na62-aprime-ee",
    ]
    assert found.gain.observed is not None
    assert found.gain.observed > 1
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert document["shared"]["na62-aprime/protons-on-target"] == [
        "na62-aprime-ee/protons-on-target",
        "na62-aprime-mumu/protons-on-target",
    ]
    assert (document["status"], document["members"][0]) == ("ok", "faser-aprime")
    assert [one["without"] for one in document["leave_one_out"]] == document["members"]
    _, (ax,) = plot.new_axes()
    assert plot.combined(ax, found) is ax
    labels = ax.get_legend_handles_labels()[1]
    assert "combined: predicted, cls-exact, 90 %" in labels
    assert plot.save_combination(found, tmp_path / "plane.png").stat().st_size > 1000
