"""Counting experiments against published or exactly computable values, read from the reference set beside the repository."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from limits.inference.asymptotic import Asymptotic, discovery
from limits.inference.intervals import profile_interval
from limits.inference.limit import upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Sideband, Systematic, counting

Case = dict[str, Any]
LOGNORMAL = 0.3
MODELS: dict[str, Callable[[float], BinnedLikelihood]] = {
    "n ~ Poisson(r*1 + 5.5)": lambda n: counting(n, 1, Background(5.5)),
    "n ~ Poisson(r*1 + 5.5*1.3^t), t~N(0,1)": lambda n: counting(n, 1, Background(5.5, LOGNORMAL, "lognormal")),
    "n ~ Poisson(r*1*1.3^t + 5.5), t~N(0,1)": lambda n: counting(n, 1, Background(5.5), [Systematic("t", 1.3)]),
    "n ~ Poisson((r*1 + 5.5)*1.3^t), one shared t~N(0,1)": lambda n: counting(
        n, 1, Background(5.5), [Systematic("t", 1.3, signal=True, background=True)]
    ),
    "n ~ Poisson(r*1*1.3^t1 + 5.5*1.3^t2), t1,t2~N(0,1) independent": lambda n: counting(
        n, 1, Background(5.5, LOGNORMAL, "lognormal"), [Systematic("t1", 1.3)]
    ),
}


def of_kind(cases: list[Case], *kinds: str) -> list[Case]:
    found = [case for case in cases if case["kind"] in kinds]
    assert found, f"no case of kind {kinds}"
    return found


def likelihood(case: Case) -> BinnedLikelihood:
    return MODELS[case["input"]["model"]](case["input"]["n"])


def test_bayes_flat(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "bayes_flat_UL"):
        given = case["input"]
        if "model" in given:
            found = upper_limit(likelihood(case), "bayes", given["cl"]).observed_limit
        else:
            errors = Background(given["bkg"], given["deltaB_lnN"] - 1, "lognormal")
            signal = [Systematic("s", given["deltaS_lnN"])]
            found = upper_limit(
                counting(given["n"], given["signal"], errors, signal), "bayes", given["cl"]
            ).observed_limit
        tolerance = case["tolerance"].get("rel_to_exact", case["tolerance"].get("rel"))
        assert found == pytest.approx(case["expected"]["exact"], rel=tolerance), case["id"]


def test_asymptotic_cls(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "asymptotic_CLs_upper_limit_qtilde"):
        found = upper_limit(likelihood(case), "cls", case["input"]["cl"])
        rel = case["tolerance"]["rel_to_exact"]
        assert found.observed_limit == pytest.approx(case["expected"]["exact_obs"], rel=rel), case["id"]
        assert found.expected_limit == pytest.approx(case["expected"]["exact_bands_sigma"], rel=rel), case["id"]


def test_cousins_highland(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "cousins_highland_CLs_UL"):
        found = upper_limit(likelihood(case), "cls-exact", case["input"]["cl"]).observed_limit
        assert found == pytest.approx(case["expected"]["exact"], rel=case["tolerance"]["rel_to_exact"]), case["id"]


def test_cousins_highland_p_value(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "cousins_highland_pvalue"):
        found = upper_limit(likelihood(case), "cls-exact", 0.95, test_strength=case["input"]["s"])
        assert found.CLs_obs == pytest.approx(case["expected"]["exact_CLs"], rel=case["tolerance"]["rel_to_exact"])


def test_discovery_significance(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "discovery_significance_q0"):
        if "model" in case["input"]:
            found = discovery(likelihood(case)).significance
            # Where strength 0 leaves the same likelihood, the exact significance is the same; two prints are 3e-6 off it.
            same = {"combine_Z_11_Syst30S": "combine_Z_11_StatOnly", "combine_Z_11_Syst30C": "combine_Z_11_Syst30U"}
            exact = next(c for c in oracles if c["id"] == same.get(case["id"], case["id"]))
            assert found == pytest.approx(exact["expected"]["Z"], abs=case["tolerance"]["abs"]), case["id"]


def test_profile_likelihood(oracles: list[Case]) -> None:
    """Δ(2 NLL) = 3.8415 of the bounded fit: tests the fits themselves, with no CLs in between."""
    for case in of_kind(oracles, "profile_likelihood_UL"):
        built = likelihood(case)
        calculator = Asymptotic(built, built.observed)
        assert calculator.q(case["expected"]["exact"]) == pytest.approx(
            3.841459, rel=20 * case["tolerance"]["rel_to_exact"]
        )


def test_sideband(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "on_off_sideband_limits"):
        given, want = case["input"], case["expected"]
        built = counting(given["n"], 1, Sideband(given["N"], 1 / given["alpha"]))
        rel = case["tolerance"]
        assert upper_limit(built, "bayes", 0.95).observed_limit == pytest.approx(
            want["bayes_exact"], rel=rel["rel_exact_bayes"]
        )
        assert upper_limit(built, "cls", 0.95).observed_limit == pytest.approx(
            want["asymptotic_CLs_obs"], rel=rel["rel_exact"]
        )
        assert discovery(built).significance == pytest.approx(want["Z0"], abs=1e-4)


def test_gamma_nuisance(oracles: list[Case]) -> None:
    backgrounds = {"combine_gmM_S": None, "combine_gmM_U": Background(5.5, 0.3, "gamma")}
    case = next(c for c in of_kind(oracles, "gamma_nuisance_bayes") if c["id"] == "combine_gmM_U")
    built = counting(case["input"]["n"], 1, backgrounds[case["id"]] or Background(5.5))
    # The oracle's signal has a gamma nuisance too, which a counting likelihood does not offer: with the background's alone
    # the limit must be below the oracle's, and above the one without any.
    found = upper_limit(built, "bayes", 0.95).observed_limit
    bare = upper_limit(counting(case["input"]["n"], 1, Background(5.5)), "bayes", 0.95).observed_limit
    assert found is not None
    assert bare is not None
    assert bare < found < case["expected"]["bayes"]


def test_asymmetric_lognormal(oracles: list[Case]) -> None:
    """Combine's interpolation of an asymmetric lnN, against an independent computation; Combine's own prints are 0.2 % coarser."""
    case = next(one for one in oracles if one["kind"] == "asymmetric_lognormal")
    facts, exact = case["input"], case["verified"]
    shift = Systematic("background", facts["hi"], signal=False, background=True, down=facts["lo"])

    def likelihood(n: int) -> BinnedLikelihood:
        return counting(n, 1.0, Background(5.5), [shift])

    few = likelihood(facts["n"])
    assert upper_limit(few, "bayes").observed_limit == pytest.approx(exact["bayes"], rel=5e-5)
    assert upper_limit(few, "cls").observed_limit == pytest.approx(exact["asy"], rel=1e-5)
    assert profile_interval(few, 0.95, quantile="two-sided").high == pytest.approx(exact["PL"], rel=1e-5)
    assert discovery(likelihood(facts["n_for_Z"])).significance == pytest.approx(exact["Z"], abs=2e-5)
    assert upper_limit(few, "bayes").observed_limit == pytest.approx(case["expected"]["bayes"], rel=2e-4)


def test_known_background(oracles: list[Case]) -> None:
    case = of_kind(oracles, "poisson_UL_known_background")[0]
    for label, want in case["expected"].items():
        n, b = (float(x) for x in re.findall(r"=([\d.]+)", label))
        for method in ("cls-exact", "bayes"):
            found = upper_limit(counting(n, 1, Background(b)), method, case["input"]["cl"]).observed_limit
            assert found == pytest.approx(want, rel=case["tolerance"]["rel"]), (label, method)


def test_counting_asymptotics_of_others(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "asymptotic_CLs_counting"):
        given = case["input"]
        found = upper_limit(counting(given["n"], given["s"], Background(given["b"])), "cls", 0.95)
        assert found.CLs_obs is not None
        assert found.observed_limit == pytest.approx(case["expected"]["UL"], rel=case["tolerance"]["rel"])
        assert 1 - found.CLs_obs == pytest.approx(case["expected"]["one_minus_CLs"], rel=case["tolerance"]["rel"])
    for case in of_kind(oracles, "counting_discovery_asymptotic"):
        given = case["input"]
        found_z = discovery(counting(given["n"], 1, Background(given["b"]))).significance
        assert found_z == pytest.approx(case["expected"]["Z"], abs=case["tolerance"]["abs"])


def test_no_background_no_event(oracles: list[Case]) -> None:
    """The asymptotic limit is wrong here: the warning must say so and give the exact value."""
    case = next(c for c in of_kind(oracles, "robustness_asymptotic_CLs_UL") if c["id"] == "zero_zero")
    built = counting(0, case["input"]["s"], Background(0))
    exact, asymptotic = upper_limit(built, "cls-exact", 0.95), upper_limit(built, "cls", 0.95)
    assert exact.observed_limit == pytest.approx(
        case["expected"]["exact_toy_CLs_UL"], rel=case["tolerance"]["rel_exact"]
    )
    assert asymptotic.observed_limit == pytest.approx(
        case["expected"]["asymptotic_qtilde_UL"], rel=case["tolerance"]["rel_asymptotic"]
    )
    assert "exact CLs gives 2.996" in asymptotic.warnings[0]


def test_limit_is_where_its_p_value_says() -> None:
    for n in (0, 1, 4, 12):
        built = counting(n, 2.5, Background(3.0, 0.4, "gaussian"), [Systematic("s", 1.15)])
        for method in ("cls", "cls-q", "cls-exact"):
            limit = upper_limit(built, method, 0.9)
            assert limit.observed_limit is not None
            again = upper_limit(built, method, 0.9, test_strength=limit.observed_limit)
            assert again.CLs_obs == pytest.approx(0.1, rel=1e-5)
            assert np.all(np.diff([e for e in limit.expected_limit if e is not None]) >= 0)
