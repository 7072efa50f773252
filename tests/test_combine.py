"""Combinations: one is itself, two halves are the whole, what sees nothing changes nothing, and only what is named is common."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyhf
import pytest
from scipy.integrate import quad

from limits import plot
from limits.assemble import Prepared, prepare
from limits.combination import at_point, combination, default_masses, gain, masses_at, of_likelihoods, steps
from limits.combination.joined import joined
from limits.combine import combined, covered, read_shared, subset
from limits.errors import InputError, UnknownName
from limits.inference.limit import p_values, upper_limit
from limits.inference.toys.coverage import coverage_by_toys
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load as load_document
from limits.physics import psid, zprime
from limits.physics.decay import two_body_momentum
from limits.scan import PointResult, Scan, run_scan
from limits.search import Search, load, uncertainties
from limits.units import mass as particle_mass

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
@pytest.mark.parametrize(("mass", "coupling"), [(0.02, 1.05e-4), (0.05, 3.7e-5), (0.411, 2e-6)])
def test_exact_sums_of_dark_photons_cover(mass: float, coupling: float) -> None:
    """Toys of all members at three theory points near the edge of what is excluded: true couplings are excluded by at most 10 %."""
    model = binned(combined([load("faser-aprime"), load("na62-aprime")], "aprime"), coupling, mass)
    bins = len(model.bins)
    rate = model.asimov(np.array([p.init for p in model.parameters]))[:bins]
    toys = np.random.default_rng(5).poisson(rate, (2000, bins)).astype(float)
    outcomes, times = np.unique(toys, axis=0, return_counts=True)
    auxiliary = model.observed[bins:]
    kept = [p_values(model.with_data(np.append(row, auxiliary)), "cls-exact").cls > 0.1 for row in outcomes]
    share = float(np.sum(times[kept]) / times.sum())
    assert bins == 2
    assert 0.9 - 3 * np.sqrt(0.09 / 2000) < share < 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("mass", "coupling"), [(0.35, 1.05e-3), (1.0, 1.6e-3), (3.0, 3.7e-3)])
def test_asymptotic_limits_of_a_count_and_two_spectra_cover(mass: float, coupling: float) -> None:
    """Toys of every bin, auxiliary data included, at three theory points near the limits."""
    pytest.importorskip("numba")
    three = [load("na64mu-zprime").calibrated(), load("belle2-4mu"), load("babar-zprime-4mu")]
    model = binned(combined(three, "lmu-ltau"), coupling, mass)
    (row,) = coverage_by_toys(model, "cls", 0.9, [1.0], 1000, 1).rows
    assert 0.9 - 3 * np.sqrt(0.09 / 1000) < row.coverage < 0.99


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
        (("faser-aprime", "na62-aprime"), "aprime", 0.411, 2e-6),  # two channels with nuisances in common
        (("babar-psid-p", "babar-psid-lambda", "babar-psid-lambdac"), "mesogenesis-universal", 2.0, 7e-5),
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


# --- particles that decay in several ways ---


@pytest.mark.parametrize("mass", [0.3, 1.0, 1.9, 4.0])
def test_every_decay_of_a_zprime_is_counted_once(mass: float) -> None:
    """NA64μ sees neutrinos, the spectra muon pairs, nobody taus: with these all of the decays add up to one."""
    coupling, three = 1e-3, [load(n) for n in ("na64mu-zprime", "belle2-4mu", "babar-zprime-4mu")]
    table = load("belle2-4mu").table("cross_section.csv")
    muons = float(np.exp(np.interp(np.log(mass), np.log(table["mass_gev"]), np.log(table["vector_branching"]))))
    taus = float(zprime.branching_to_leptons(mass, coupling, particle_mass("tau-")))
    assert muons + taus + float(zprime.branching_invisible(mass, coupling)) == pytest.approx(1, abs=2e-3)
    if mass < 2:  # with dark matter of α_D = 0 there is nothing else to decay to
        dark = three[0].with_values({"alpha_d": 0.0})
        count, *_ = prepare(combined(three, "lmu-ltau"), "lmu-ltau", mass).yields(coupling)
        (other,) = prepare(dark, "lmu-ltau-dark", mass).yields(coupling)
        assert count.events == pytest.approx(other.events, rel=1e-12)
        nothing_else = prepare(three[0].with_values({"alpha_d": 1e9}), "lmu-ltau-dark", mass).yields(coupling)[0]
        invisible = float(count.events[0, 0] / nothing_else.events[0, 0])
        assert muons + taus + invisible == pytest.approx(1, abs=2e-3)


def test_decays_of_different_operators_have_no_branching_fraction_in_common() -> None:
    three = [load(f"babar-psid-{decay}") for decay in ("p", "lambda", "lambdac")]
    with pytest.raises(InputError, match=r"B is of another decay in each.*: mesogenesis-universal"):
        combined(three, "mesogenesis")
    together = combined(three, "mesogenesis-universal")
    assert any("operators O_ud, O_us and O_cd of equal strength" in note for note in together.notes)
    assert combined(three[:1], "mesogenesis").notes == (
        "recast of what is published, inputs that are not public are assumed: babar-psid-p",
    )
    exclusive = [prepare(one, "mesogenesis", 2.0).events(1.0) for one in three]
    found = [expected.events[0, 0] for expected in prepare(together, "mesogenesis-universal", 2.0).yields(1.0)]
    shares = [psid.universal_branching(1.0, decay, 2.0) for decay in ("p", "lambda", "lambdac")]
    assert found == pytest.approx([float(n[0] * share) for n, share in zip(exclusive, shares, strict=True)])


def test_equal_operators_share_one_matrix_element() -> None:
    """∫ p* dM² from the baryon to one pion more over the same of all systems with a proton, by quadrature."""

    def space(parent: str, low: float, high: float, mass: float) -> float:
        return float(quad(lambda m: float(two_body_momentum(particle_mass(parent), mass, m)) * 2 * m, low, high)[0])

    for mass in (1.0, 2.0, 2.9):
        p, c, pion = particle_mass("p"), particle_mass("Lambda(c)+"), particle_mass("pi0")
        every = space("B+", p, particle_mass("B+") - mass, mass)
        some = space("B+", c, min(c + pion, particle_mass("B+") - mass), mass)
        assert psid.universal_branching(1.0, "lambdac", mass) == pytest.approx(some / every, rel=1e-6)
    assert psid.universal_branching(0.3, "p", 2.0) == psid.exclusive_branching(0.3, "p", 2.0, "phase-space")


# --- at a point, and likelihoods of any origin ---


def test_a_point_of_searches_is_the_likelihood_there() -> None:
    search = combined([load("faser-aprime"), load("na62-aprime")], "aprime")
    found = at_point(search, 0.05, 3e-5, leave_one_out=True)
    assert list(found.singles) == ["faser-aprime", "na62-aprime-ee"]
    assert found.limit.observed_limit == observed_limit(binned(search, 3e-5, 0.05), "cls-exact")
    assert found.singles["faser-aprime"] == found.without["na62-aprime-ee"]
    assert found.notes == ("na62-aprime-mumu does not look at 0.05 GeV",)
    best = found.singles["na62-aprime-ee"].observed_limit
    assert found.gain.observed == pytest.approx((best or 0) / (found.limit.observed_limit or 1))
    json.dumps(found.to_json(), allow_nan=False)


def parts_of(first: Search, second: Search) -> dict[str, BinnedLikelihood]:
    """What stands in two documents whose nuisances have equal names."""
    documents = [load_document(rename(ready(one).document(COUPLING), one.name)) for one in (first, second)]
    assert [p.name for p in documents[0].parameters] == [p.name for p in documents[1].parameters]
    return dict(zip(("a", "b"), documents, strict=True))


def rename(document: Any, name: str) -> Any:
    return json.loads(json.dumps(document).replace(f"{name}/", ""))


@pytest.mark.parametrize(
    "shared", [{}, {"theory": ("cross-section",)}, {"x": ("cross-section",), "y": ("background",)}]
)
def test_likelihoods_together_are_the_searches_together(make: Make, shared: Any) -> None:
    """Equal names correlate nothing in either; what is shared is the same."""
    one, two = make("one", 2, 1.0, 0.25, 0.03), make("two", 3, 2.0, 0.5, 0.02)
    of_searches = {key: tuple(f"{s}/{n}" for s in ("one", "two") for n in names) for key, names in shared.items()}
    of_parts = {key: tuple(f"{s}/{n}" for s in ("a", "b") for n in names) for key, names in shared.items()}
    parts = parts_of(one, two)
    found = of_likelihoods(parts, of_parts, level=0.9, leave_one_out=True)
    expected = binned(combined([one, two], "lmu-ltau", of_searches))
    assert found.limit.observed_limit == pytest.approx(observed_limit(expected, "cls"), rel=1e-6)
    assert found.shared == {f"shared/{key}": names for key, names in of_parts.items()}
    assert found.without["b"].observed_limit == pytest.approx(observed_limit(parts["a"], "cls"), rel=1e-9)
    joint = joined(parts, of_parts)
    names = [p.name for p in joint.parameters]
    assert len(names) == len(set(names)) == 1 + 2 * len(NUISANCES) - len(shared)


def test_likelihoods_that_cannot_share(make: Make) -> None:
    parts = parts_of(make("one", 2, 1.0, 0.25, 0.03), make("two", 3, 2.0, 0.5, 0.02))
    lumi = replace(parts["b"].parameters[1], aux=1.0, scale=0.02)
    other = replace(parts["b"], parameters=(parts["b"].parameters[0], lumi, *parts["b"].parameters[2:]))
    name = lumi.name
    with pytest.raises(InputError, match=r"of one kind, can be the same; got .*0 ± 1, .*1 ± 0\.02"):
        joined({**parts, "b": other}, {"x": (f"a/{name}", f"b/{name}")})
    with pytest.raises(UnknownName, match="unknown uncertainty 'b/wrong'; known: "):
        joined(parts, {"x": (f"a/{name}", "b/wrong")})
    with pytest.raises(InputError, match="two likelihoods or more are needed, got a"):
        of_likelihoods({"a": parts["a"]})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("shared = 3", "one table [shared] is needed"),
        ("[shared]\nx = 'a/b'", "shared.x: must be a list"),
        ("[shared]\nx = ['a/b', 3]", "shared.x: must be a list"),
        ("[more]\nx = []", "one table [shared] is needed; got more"),
        ("[shared", "not TOML"),
        ("\udcff", "not TOML"),
    ],
)
def test_files_of_what_is_shared(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "shared.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=re.escape(complaint)):
        read_shared(path)
    path.write_text('[shared]\nflux = ["one/x", "two/y"]\n')
    assert read_shared(path) == {"flux": ["one/x", "two/y"]}


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


def test_gains_of_limits_count_where_there_is_something_to_combine() -> None:
    masses = (0.01, 0.1, 1.0)
    one = scan("one", [(m, ((1e-3, None),), 1e-3) for m in masses], "upper-limit")
    two = scan("two", [(1.0, ((1e-3, None),), 1e-3)], "upper-limit")
    both = scan("both", [(m, ((x, None),), x) for m, x in zip(masses, (1e-3, 1e-3, 5e-4), strict=True)], "upper-limit")
    assert gain(both, [one, two], (1e-6, 1.0)).observed == pytest.approx(1.0)
    found = gain(both, [one, two], (1e-6, 1.0), {1.0})
    assert (found.observed, len(found.per_mass)) == (pytest.approx(2.0), 3)


def test_masses_from_which_a_member_looks_are_in_the_grid() -> None:
    search = combined([load("faser-aprime"), load("na62-aprime-mumu")], "aprime")
    masses = default_masses(search)
    for end in (0.1, 0.212):
        assert {end} < {mass for mass in masses if abs(mass / end - 1) < 2e-3}
    assert (min(masses), max(masses)) == (0.01, 0.7)


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


# --- the README ---


@pytest.mark.slow
@pytest.mark.parametrize("hypothesis", ["aprime", "lmu-ltau", "alp-photon", "mesogenesis-universal"])
def test_the_readme_shows_what_is_computed(repository: Path, hypothesis: str) -> None:
    """Every row of one mass, and of one combination the whole plane; the script with --check does all of them."""
    script = runpy.run_path(str(repository / "scripts" / "update_combinations.py"))
    (case,) = [case for case in script["CASES"] if case.hypothesis == hypothesis]
    text = (repository / "README.md").read_text(encoding="utf-8")
    whole = hypothesis == "lmu-ltau"
    rows, told = script["section"](case, script["computed"](case, whole=whole))
    for line in [*rows, told] if whole else rows[1:]:
        assert line in text
    assert len(rows) == 1 + len(case.masses)
    picture = repository / "docs" / "pictures" / f"combined-{case.picture}.png"
    assert 1000 < picture.stat().st_size <= 60_000
