"""Intervals and significances against published or exactly computable values, read from the reference set beside the repository."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, poisson

from limits.inference.bayes.interval import bayes_interval
from limits.inference.bayes.priors import PRIORS, Prior
from limits.inference.counts.feldman_cousins import feldman_cousins, gaussian_interval, poisson_interval
from limits.inference.counts.onoff import on_off, p_from_significance, significance_from_p
from limits.inference.intervals import profile_interval
from limits.inference.limit import p_values, upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Sideband, Systematic, counting
from limits.likelihood.histfactory import load

Case = dict[str, Any]
MODELS: dict[str, Callable[[float], BinnedLikelihood]] = {
    "n ~ Poisson(r*1 + 5.5)": lambda n: counting(n, 1, Background(5.5)),
    "n ~ Poisson(r*1 + 5.5*1.3^t), t~N(0,1)": lambda n: counting(n, 1, Background(5.5, 0.3, "lognormal")),
    "n ~ Poisson(r*1*1.3^t + 5.5), t~N(0,1)": lambda n: counting(n, 1, Background(5.5), [Systematic("t", 1.3)]),
    "n ~ Poisson((r*1 + 5.5)*1.3^t), one shared t~N(0,1)": lambda n: counting(
        n, 1, Background(5.5), [Systematic("t", 1.3, signal=True, background=True)]
    ),
    "n ~ Poisson(r*1*1.3^t1 + 5.5*1.3^t2), t1,t2~N(0,1) independent": lambda n: counting(
        n, 1, Background(5.5, 0.3, "lognormal"), [Systematic("t1", 1.3)]
    ),
}


def of_kind(cases: list[Case], *kinds: str) -> list[Case]:
    found = [case for case in cases if case["kind"] in kinds]
    assert found, f"no case of kind {kinds}"
    return found


def document(n: float, signal: Case, background: Case, parameters: list[Case] | None = None) -> BinnedLikelihood:
    """One count as a pyhf workspace: for the nuisances that a counting likelihood does not offer."""
    samples = [{"name": name, "data": [sample["data"]], "modifiers": sample["modifiers"]}
               for name, sample in (("s", signal), ("b", background))]  # fmt: skip
    samples[0]["modifiers"] = [{"name": "mu", "type": "normfactor", "data": None}, *samples[0]["modifiers"]]
    return load(
        {
            "channels": [{"name": "c", "samples": samples}],
            "observations": [{"name": "c", "data": [n]}],
            "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": parameters or []}}],
            "version": "1.0.0",
        }
    )


def multiplier(name: str, kind: str, size: float) -> Case:
    """A Gaussian ("staterror") or Poisson-constrained ("shapesys") multiplier of one sample, of absolute width `size`."""
    return {"name": name, "type": kind, "data": [size]}


def test_profile_limits(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "profile_likelihood_UL"):
        found = profile_interval(MODELS[case["input"]["model"]](case["input"]["n"]), case["input"]["cl"])
        assert found.high == pytest.approx(case["expected"]["exact"], rel=case["tolerance"]["rel_to_exact"]), case["id"]
        assert found.status == "ok"


def test_profile_limits_of_sidebands(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "on_off_sideband_limits"):
        given = case["input"]
        likelihood = counting(given["n"], 1, Sideband(given["N"], 1 / given["alpha"]))
        found, want = profile_interval(likelihood, given["cl"]).high, case["expected"]
        assert found == pytest.approx(want["profile_UL"], rel=case["tolerance"]["rel_exact"]), case["id"]
        high = bayes_interval(likelihood, given["cl"]).high
        assert high == pytest.approx(want["bayes_exact"], rel=case["tolerance"]["rel_exact_bayes"]), case["id"]
        z = on_off(given["n"], given["N"], 1 / given["alpha"], "li-ma").significance
        assert z is not None
        assert max(z, 0.0) == pytest.approx(want["Z0"], abs=1e-6)


def rolke(model: int) -> tuple[BinnedLikelihood, float]:
    """Inputs of ROOT's tutorial Rolke.C, and the level."""
    if model == 1:
        pytest.skip("model 1: a binomial efficiency is no Poisson count and no Gaussian: not expressible")
    if model == 3:
        signal = {"data": 0.9, "modifiers": [multiplier("e", "staterror", 0.05)]}
        background = {"data": 5.0, "modifiers": [multiplier("d", "staterror", 0.5)]}
        return document(10, signal, background), 0.99
    return counting(1, 0.25, Sideband(7, 5)), 0.68


@pytest.mark.parametrize("model", [1, 3, 4])
def test_rolke(oracles: list[Case], model: int) -> None:
    case = next(c for c in of_kind(oracles, "rolke_profile_interval") if c["input"]["model"] == model)
    likelihood, level = rolke(model)
    found = profile_interval(likelihood, level)
    rel = case["tolerance"].get("rel_to_exact", case["tolerance"].get("rel"))
    assert (found.low, found.high) == pytest.approx(case["expected"]["exact_profile_s_ge_0"], rel=rel)
    if model == 4:  # TRolke lets the strength be negative here
        unbounded = profile_interval(likelihood, level, lower=-np.inf)
        assert unbounded.high == pytest.approx(case["expected"]["TRolke"][1], rel=1e-5)


def test_gamma_nuisances(oracles: list[Case]) -> None:
    """A Gamma density of mean 1 and width 0.3: the auxiliary count of a shapesys, one less than that of its expectation at 1."""
    shape = 0.3**-2
    both = [{"name": name, "auxdata": [shape - 1]} for name in ("e", "d")]
    signal = {"data": 1.0, "modifiers": [multiplier("e", "shapesys", 0.3)]}
    for case in of_kind(oracles, "gamma_nuisance_bayes"):
        wide = "t2" in case["input"]["model"]
        background = {"data": 5.5, "modifiers": [multiplier("d", "shapesys", 5.5 * 0.3)] if wide else []}
        likelihood = document(case["input"]["n"], signal, background, both if wide else both[:1])
        level, tolerance, checked = case["input"]["cl"], case["tolerance"], case["verified"]
        profile, high = profile_interval(likelihood, level).high, bayes_interval(likelihood, level).high
        assert profile == pytest.approx(checked["PL"], rel=1e-6), case["id"]
        assert profile == pytest.approx(case["expected"]["PL"], rel=tolerance["rel_PL"]), case["id"]
        assert high == pytest.approx(checked["bayes"], rel=1e-5), case["id"]
        assert high == pytest.approx(case["expected"]["bayes"], rel=tolerance["rel_bayes"]), case["id"]
        assert upper_limit(likelihood, "bayes", level).observed_limit == pytest.approx(high, rel=1e-9)


def test_feldman_cousins_grid(oracles: list[Case]) -> None:
    """The plain construction, to the step of the grid."""
    for case in of_kind(oracles, "feldman_cousins_poisson"):
        given = case["input"]
        found = feldman_cousins(counting(given["n"], 1, Background(given["b"])), given["cl"], monotone=False)
        step = 0.0051
        assert (found.low, found.high) == pytest.approx(case["expected"]["grid_0p005"], abs=step), case["id"]


def test_feldman_cousins_tables(oracles: list[Case]) -> None:
    """The published tables, whose upper edges do not rise with the background."""
    for case in of_kind(oracles, "feldman_cousins_poisson"):
        given = case["input"]
        found = feldman_cousins(counting(given["n"], 1, Background(given["b"])), given["cl"])
        want = case["expected"]["interval"]
        if case["id"] == "fc_n=4_b=3.0_cl=0.95":
            # 6.87 cannot be an edge: up to b = n the edge is 9.76 − b, and no larger background has one above 5.76.
            assert max(poisson_interval(4, float(b), 0.95)[1] for b in np.arange(4.0, 16.0, 0.1)) < 5.77
            want = [0.0, 6.76]
        assert (found.low, found.high) == pytest.approx(want, abs=0.012), case["id"]


def test_feldman_cousins_gauss(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "feldman_cousins_bounded_gauss"):
        found = gaussian_interval(case["input"]["x"], case["input"]["sigma"], case["input"]["cl"])
        assert (found.low, found.high) == pytest.approx(case["expected"]["ref"], abs=case["tolerance"]["abs"])
        assert found.high == pytest.approx(case["expected"]["UL"], abs=case["tolerance"]["abs"])


def test_on_off(oracles: list[Case]) -> None:
    for kind, method, key in (("on_off_Z_binomial", "z-bi", "Zbi"), ("on_off_Z_profile", "li-ma", "Z")):
        for case in of_kind(oracles, kind):
            given = case["input"]
            found = on_off(given["non"], given["noff"], given["tau"], method).significance
            assert found == pytest.approx(case["expected"][key], abs=case["tolerance"]["abs"]), case["id"]


def test_tails(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "tail_accuracy"):
        for z, p in zip(case["input"]["Z"], case["expected"]["p"], strict=True):
            assert p_from_significance(z) == pytest.approx(p, rel=case["tolerance"]["rel"])
            assert significance_from_p(p) == pytest.approx(z, rel=case["tolerance"]["rel"])


def test_central_intervals(oracles: list[Case]) -> None:
    priors = {
        "flat": PRIORS["flat"],
        "1/mu": PRIORS["1/s"],
        "1/sqrt(mu)": PRIORS["1/√s"],
        "gamma(2,1)": Prior("gamma(2,1)", power=1.0, decay=1.0),
    }
    for case in of_kind(oracles, "bayes_central_interval_poisson"):
        for name, want in case["expected"].items():
            likelihood = counting(case["input"]["n"], 1, Background(0))
            found = bayes_interval(likelihood, case["input"]["cl"], priors[name], "central")
            assert (found.low, found.high) == pytest.approx(want, rel=case["tolerance"]["rel"]), (case["id"], name)


def test_central_interval_with_a_gaussian_background(oracles: list[Case]) -> None:
    case = of_kind(oracles, "bayes_central_90_gauss_b")[0]
    whole = counting(case["input"]["n"], 1, Background(1, 1, "gaussian"))
    likelihood = replace(whole, parameters=(whole.parameters[0], replace(whole.parameters[1], upper=2.0)))
    found = bayes_interval(likelihood, 0.9, Prior("1/√s", -0.5, lower=0.001, upper=15.0), "central")
    assert found.low is not None
    assert found.high is not None
    low, high = case["expected"]["interval"]
    assert found.high == pytest.approx(high, rel=case["tolerance"]["rel"])
    # The lower edge that is quoted comes from a coarse grid: 4.9986 % lie below it. In √s the integrand is smooth.
    density = lambda u: quad(lambda b: poisson.pmf(3, u * u + b) * norm.pdf(b, 1, 1), 0, 2)[0]  # noqa: E731
    total = quad(density, 0.001**0.5, 15**0.5)[0]
    assert quad(density, 0.001**0.5, found.low**0.5)[0] / total == pytest.approx(0.05, rel=1e-7)
    assert quad(density, 0.001**0.5, low**0.5)[0] / total == pytest.approx(0.049986, abs=1e-6)
    assert found.low == pytest.approx(low, rel=5e-4)


def test_mixed_p_value(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "cousins_highland_pvalue"):
        likelihood = MODELS[case["input"]["model"]](case["input"]["n"])
        rel = case["tolerance"]["rel_to_exact"]
        for method in ("mixed", "clsb-exact"):
            found = p_values(likelihood, method, case["input"]["s"])
            assert found.cls == pytest.approx(case["expected"]["exact_CLsb"], rel=rel)
        assert p_values(likelihood, "cls-exact", case["input"]["s"]).cls == pytest.approx(
            case["expected"]["exact_CLs"], rel=rel
        )


def test_mixed_limits_lie_below_the_divided_ones(oracles: list[Case]) -> None:
    """The same integral without the division: at the oracle's CLs limit CLs+b is 1 − level times CLb."""
    for case in of_kind(oracles, "cousins_highland_CLs_UL"):
        likelihood, level = MODELS[case["input"]["model"]](case["input"]["n"]), case["input"]["cl"]
        want = case["expected"]["exact"]
        clb = p_values(likelihood, "mixed", 0.0).cls
        assert p_values(likelihood, "mixed", want).cls / clb == pytest.approx(1 - level, rel=1e-4), case["id"]
        mixed = upper_limit(likelihood, "mixed", level)
        assert mixed.observed_limit is not None
        assert mixed.observed_limit < want
        assert (mixed.status == "ok") == (clb > 1 - level)
