"""HistFactory likelihoods against values validated with ROOT, cabinetry, spey, and the open failures of other tools."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pytest

from limits.inference.asymptotic import Asymptotic, discovery
from limits.inference.limit import upper_limit
from limits.inference.root import falling_zero
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load
from limits.likelihood.workspace import digest

Case = dict[str, Any]


def workspace(given: Case) -> dict[str, Any]:
    """The workspace of a case, whichever of the two ways it is written."""
    if "workspace" in given:
        return dict(given["workspace"])
    config = {"poi": given["poi"], "parameters": given["spec"].get("parameters", [])}
    return {
        "channels": given["spec"]["channels"],
        "observations": [{"name": name, "data": data} for name, data in given["observations"].items()],
        "measurements": [{"name": "m", "config": config}],
        "version": "1.0.0",
    }


def uncorrelated(signal: list[float], background: list[float], error: list[float], data: list[float]) -> dict[str, Any]:
    samples = [
        {"name": "signal", "data": signal, "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
        {
            "name": "background",
            "data": background,
            "modifiers": [{"name": "uncorr", "type": "shapesys", "data": error}],
        },
    ]
    return {
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": data}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }


def bounded(built: BinnedLikelihood, interpolation: str) -> Asymptotic:
    """The statistic q with the best fit kept ≥ 0, as the validation numbers were made."""
    return Asymptotic(built, built.observed, "q" if interpolation == "q" else "qtilde", lower=0.0)


def test_cls_validated_with_root(oracles: list[Case]) -> None:
    cases = [c for c in oracles if c["kind"] == "asymptotic_CLs_histfactory" and "CLs_obs" in c["expected"]]
    assert len(cases) >= 5
    for case in cases:
        given = case["input"]
        built = load(workspace(given), normsys="code1", histosys="code0")
        found = bounded(built, given["test_stat"]).p_values(given["mu_test"])
        rel = max(case["tolerance"]["rel"], 5e-5)  # the reference's own minimiser stops at 1e-6…5e-5
        assert found.cls == pytest.approx(case["expected"]["CLs_obs"], rel=rel), case["id"]
        assert found.cls_expected == pytest.approx(case["expected"]["CLs_exp_m2_m1_0_p1_p2"], rel=3 * rel), case["id"]


def test_discovery_validated_with_root(oracles: list[Case]) -> None:
    case = next(c for c in oracles if c["kind"] == "asymptotic_p0_histfactory")
    found = discovery(load(workspace(case["input"])))
    assert found.p_value == pytest.approx(case["expected"]["p0_obs"], rel=case["tolerance"]["rel"])


def test_upper_limit_and_statistics(oracles: list[Case]) -> None:
    for case in oracles:
        if case["kind"] not in ("asymptotic_CLs_upper_limit", "test_statistic_values"):
            continue
        given, want = case["input"], case["expected"]
        built = load(uncorrelated(given["signal"], given["bkg"], given["bkg_uncertainty"], given["data"]))
        if case["kind"] == "asymptotic_CLs_upper_limit":
            found = upper_limit(built, "cls", given["cl"])
            assert found.observed_limit == pytest.approx(want["obs"], rel=case["tolerance"]["rel"])
            assert found.expected_limit == pytest.approx(want["exp_m2_m1_0_p1_p2"], rel=case["tolerance"]["rel"])
            continue
        calculator = Asymptotic(built, built.observed)
        assert calculator.q(1.0) == pytest.approx(want["qmu_tilde"], **case["tolerance"])
        assert Asymptotic(built, built.observed, "q").q(1.0) == pytest.approx(
            want["qmu(unbounded mu in [-10,10])"], **case["tolerance"]
        )
        fixed = built.fit(built.observed, 1.0)
        assert fixed.theta == pytest.approx(want["constrained_pars"], **case["tolerance"])
        assert calculator.free.theta == pytest.approx(want["unconstrained_pars_bounded"], **case["tolerance"])
        free = built.fit(built.observed, lower=-np.inf)
        # The reference's minimiser stopped 7e-5 away; its point is no better than ours.
        reference = np.array(want["unconstrained_pars_unbounded"])
        assert free.theta == pytest.approx(reference, abs=1e-4)
        assert free.nll <= float(built.nll(reference, built.observed)) + 1e-12
        values = calculator.p_values(1.0)
        assert values.clsb == pytest.approx(want["CLsb"], **case["tolerance"])
        assert values.clb == pytest.approx(want["CLb"], **case["tolerance"])


def test_command_line_example(oracles: list[Case]) -> None:
    case = next(c for c in oracles if c["kind"] == "cli_cls_and_fit")
    document, want = workspace(case["input"]), case["expected"]
    built = load(document)
    fit = built.fit(built.observed)
    assert fit.strength == pytest.approx(want["mle_mu"], abs=1e-6)
    assert 2 * fit.nll == pytest.approx(want["twice_nll"], rel=1e-6)
    assert upper_limit(built, "cls", 0.95).CLs_obs == pytest.approx(want["CLs_obs"], rel=1e-5)
    assert digest(document) == want["digest_sha256"]


def test_cabinetry(oracles: list[Case]) -> None:
    for case in oracles:
        if case["id"] == "cabinetry_limit":
            found = upper_limit(load(workspace(case["input"])), "cls", 0.95)
            assert found.observed_limit == pytest.approx(case["expected"]["obs"], rel=case["tolerance"]["rel"])
            assert found.expected_limit == pytest.approx(case["expected"]["exp"], rel=case["tolerance"]["rel"])
        if case["id"] == "cabinetry_significance":
            document = workspace(case["input"])
            document["observations"] = [{**document["observations"][0], "data": case["input"]["data"]}]
            found_z = discovery(load(document))
            assert found_z.significance == pytest.approx(case["expected"]["Z"], rel=case["tolerance"]["rel"])


def test_failures_of_other_tools(oracles: list[Case]) -> None:
    """Workspaces for which a widely used limit finder raises or returns nan."""
    cases = [c for c in oracles if c["kind"] == "robustness_asymptotic_CLs_UL" and "db" in c["input"]]
    assert len(cases) == 3
    for case in cases:
        given = case["input"]
        built = load(uncorrelated(given["s"], given["b"], given["db"], given["n"]))
        found = upper_limit(built, "cls", 0.95)
        assert found.status == "ok"
        assert found.observed_limit == pytest.approx(case["expected"]["UL"], rel=case["tolerance"]["rel"]), case["id"]
        assert found.expected_limit[2] == pytest.approx(case["expected"]["median"], rel=case["tolerance"]["rel"])


class FixedAuxiliary(Asymptotic):
    """spey's convention: the Asimov set keeps the observed auxiliary data."""

    @cached_property
    def asimov(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        expected = self.likelihood.asimov(self.background.theta)
        return np.concatenate([expected[:2], self.data[2:]])

    @cached_property
    def asimov_nll(self) -> float:
        return self.likelihood.fit(self.asimov).nll


def test_simplified_likelihood(oracles: list[Case]) -> None:
    """Additive Gaussian background uncertainties (histosys with linear interpolation), against spey."""
    case = next(c for c in oracles if c["kind"] == "asymptotic_CLs_simplified")
    given = case["input"]
    document = uncorrelated(given["s"], given["b"], given["sigma"], given["n"])
    for i, sigma in enumerate(given["sigma"]):
        shifted = [[b + (k == i) * sign * sigma for k, b in enumerate(given["b"])] for sign in (1, -1)]
        modifier = {"name": f"t{i}", "type": "histosys", "data": {"hi_data": shifted[0], "lo_data": shifted[1]}}
        background = document["channels"][0]["samples"][1]
        background["modifiers"] = [m for m in background["modifiers"] if m["type"] == "histosys"] + [modifier]
    built = load(document, histosys="code0")
    found = FixedAuxiliary(built, built.observed)
    limit = falling_zero(lambda s: found.log_p(s) - np.log(0.05), 1.0)
    assert limit == pytest.approx(case["expected"]["UL"], rel=case["tolerance"]["rel"])
    assert 1 - found.p_values(1.0).cls == pytest.approx(case["expected"]["one_minus_CLs"], rel=case["tolerance"]["rel"])
    # The usual Asimov set, with the auxiliary data moved to the fitted nuisances, gives 19 % more (checked with scipy).
    assert upper_limit(built, "cls", 0.95).observed_limit == pytest.approx(1.0181003772, rel=1e-7)
