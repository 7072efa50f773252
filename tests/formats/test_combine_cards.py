"""Combine's reference cards read and computed against the published or exact numbers, and what cards may say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyhf
import pytest
from scipy.stats import gamma, norm, poisson

from limits.formats.combine import from_card, likelihood, to_card
from limits.inference.asymptotic import Asymptotic, discovery
from limits.inference.limit import upper_limit
from limits.likelihood.histfactory import load
from limits.likelihood.workspace import check

Case = dict[str, Any]

LINES = {
    "n ~ Poisson(r*1 + 5.5)": [],
    "n ~ Poisson(r*1 + 5.5*1.3^t), t~N(0,1)": ["t lnN - 1.3"],
    "n ~ Poisson(r*1*1.3^t + 5.5), t~N(0,1)": ["t lnN 1.3 -"],
    "n ~ Poisson((r*1 + 5.5)*1.3^t), one shared t~N(0,1)": ["t lnN 1.3 1.3"],
    "n ~ Poisson(r*1*1.3^t1 + 5.5*1.3^t2), t1,t2~N(0,1) independent": ["t1 lnN 1.3 -", "t2 lnN - 1.3"],
}


def card(n: float, lines: list[str], signal: float = 1, background: float = 5.5) -> str:
    """A card of one bin in the form of Combine's tutorials."""
    return f"""# one channel, one background
imax 1  number of channels
jmax *  number of backgrounds
kmax {len(lines) or "*"}  number of nuisance parameters
------------
shapes * * FAKE
bin         b1
observation {n:g}
------------
bin             b1      b1
process         sig     bkg
process         0       1
rate            {signal:.12g}   {background:.12g}
------------
""" + "\n".join(lines)


def of_kind(cases: list[Case], kind: str) -> list[Case]:
    """The cases that come from Combine's cards."""
    found = [case for case in cases if case["kind"] == kind and "ombine" in case["source"]]
    assert found, kind
    return found


def read(case: Case) -> Any:
    return likelihood(card(case["input"]["n"], LINES[case["input"]["model"]]), case["id"])


def test_reference_limits(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "asymptotic_CLs_upper_limit_qtilde"):
        found = upper_limit(read(case), "cls", case["input"]["cl"])
        want, rel = case["expected"], case["tolerance"]
        assert found.observed_limit == pytest.approx(want["exact_obs"], rel=rel["rel_to_exact"]), case["id"]
        assert found.expected_limit == pytest.approx(want["exact_bands_sigma"], rel=rel["rel_to_exact"]), case["id"]
        assert found.observed_limit == pytest.approx(want["combine_obs"], rel=rel["rel_to_combine_obs"]), case["id"]
    for case in of_kind(oracles, "cousins_highland_CLs_UL"):
        limit = upper_limit(read(case), "cls-exact", case["input"]["cl"]).observed_limit
        assert limit == pytest.approx(case["expected"]["exact"], rel=case["tolerance"]["rel_to_exact"]), case["id"]
    for case in of_kind(oracles, "profile_likelihood_UL"):
        q = Asymptotic(built := read(case), built.observed).q(case["expected"]["exact"])
        assert q == pytest.approx(3.841459, rel=20 * case["tolerance"]["rel_to_exact"]), case["id"]


def test_reference_significances(oracles: list[Case]) -> None:
    cases = [c for c in of_kind(oracles, "discovery_significance_q0") if "model" in c["input"]]
    assert len(cases) >= 8
    for case in cases:
        assert discovery(read(case)).significance == pytest.approx(case["expected"]["Z"], abs=1e-5), case["id"]


def test_reference_bayes(oracles: list[Case]) -> None:
    for case in of_kind(oracles, "bayes_flat_UL"):
        given = case["input"]
        if "model" in given:
            built = read(case)
        else:  # the tutorial's first card, with the words it has behind the numbers
            lines = [
                f"deltaS lnN {given['deltaS_lnN']} - 20% uncertainty on signal",
                f"deltaB lnN - {given['deltaB_lnN']} 50% uncertainty on background",
            ]
            built = likelihood(card(given["n"], lines, given["signal"], given["bkg"]), case["id"])
        rel = case["tolerance"].get("rel_to_exact", case["tolerance"].get("rel"))
        assert upper_limit(built, "bayes").observed_limit == pytest.approx(case["expected"]["exact"], rel=rel)


def test_reference_sidebands(oracles: list[Case]) -> None:
    """gmN: the rate is α·G with N ~ Poisson(G)."""
    for case in of_kind(oracles, "on_off_sideband_limits"):
        given, want, rel = case["input"], case["expected"], case["tolerance"]
        text = card(
            given["n"], [f"sideband gmN {given['N']} - {given['alpha']}"], background=given["N"] * given["alpha"]
        )
        built = likelihood(text, case["id"])
        assert upper_limit(built, "bayes").observed_limit == pytest.approx(
            want["bayes_exact"], rel=rel["rel_exact_bayes"]
        )
        assert upper_limit(built, "cls").observed_limit == pytest.approx(
            want["asymptotic_CLs_obs"], rel=rel["rel_exact"]
        )
        assert discovery(built).significance == pytest.approx(want["Z0"], abs=1e-4)


def test_reference_two_sides(oracles: list[Case]) -> None:
    """An asymmetric lnN as Combine has it; as pyhf's workspace has it the limits are 1 % of the way to another card."""
    case = next(c for c in oracles if c["kind"] == "asymmetric_lognormal")
    given, exact = case["input"], case["verified"]
    line = [f"t lnN - {given['lo']}/{given['hi']}"]
    few, many = (likelihood(card(given[key], line), "card") for key in ("n", "n_for_Z"))
    assert upper_limit(few, "cls").observed_limit == pytest.approx(exact["asy"], rel=1e-5)
    assert upper_limit(few, "bayes").observed_limit == pytest.approx(exact["bayes"], rel=5e-5)
    assert discovery(many).significance == pytest.approx(exact["Z"], abs=2e-5)
    workspace = load(from_card(card(given["n"], line), "card"))
    assert upper_limit(workspace, "cls").observed_limit == pytest.approx(exact["asy"], rel=1e-2)


def test_reference_gamma_widths(oracles: list[Case]) -> None:
    """gmM on the signal, and on both: Combine's ProfileLikelihood limit is where q is 3.84."""
    lines = {"combine_gmM_S": ["s gmM 0.3 -"], "combine_gmM_U": ["s gmM 0.3 -", "b gmM - 0.3"]}
    for case in of_kind(oracles, "gamma_nuisance_bayes"):
        built = likelihood(card(case["input"]["n"], lines[case["id"]]), case["id"])
        q = Asymptotic(built, built.observed).q(case["verified"]["PL"])
        assert q == pytest.approx(3.841459, rel=1e-4), case["id"]


# ── lines of every kind, against densities of scipy ──────────────────────────────────────────────────────────────────────────

TWO_BINS = """imax * bins
jmax 2
kmax *
Observation 7 3
bin  east west
bin      east east west west
process  -1   1    -1   2
process  A    B    A    C
rate     2    10   1    5
all  lnN 1.1 1/1.2 0.9 -
side gmN 5 - 2 - 1
gamma gmM - 0.5 - 0.5
free rateParam * C 1.5 [0,4]
free rateParam east A 1.5 [0,4]
gauss rateParam east B 1.0 [0,3]
gauss param 1.0 0.25 [0,3]
some group = all side
"""


def log_density(r: float, all_: float, g: float, t: float, free: float, gauss: float) -> float:
    """TWO_BINS written out; |θ| ≥ 1/2."""
    down_up = 1.2**all_ if all_ > 0 else 1.0
    east = r * 2 * 1.1**all_ * free + 2 * g * t * gauss * down_up
    west = r * 1 * 0.9**all_ + 1 * g * t * free
    counts = poisson.logpmf(7, east) + poisson.logpmf(3, west) + poisson.logpmf(5, g)
    return float(counts + norm.logpdf(all_) + gamma.logpdf(t, 4, scale=0.25) + norm.logpdf(gauss, 1, 0.25))


def test_every_line() -> None:
    built = likelihood(TWO_BINS, "card")
    rng = np.random.default_rng(1)
    own, want = [], []
    for _ in range(8):
        point = {
            "strength": rng.uniform(0, 3),
            "all": rng.choice([-1, 1]) * rng.uniform(0.6, 2),
            "side": rng.uniform(0.5, 2),
            "gamma": rng.uniform(0.5, 2),
            "free": rng.uniform(0.5, 3),
            "gauss[0]": rng.uniform(0.5, 2),
        }
        assert {p.name for p in built.parameters} == set(point)
        theta = np.array([point[p.name] for p in built.parameters])
        own.append(-float(built.nll(theta, built.observed)))
        r, all_, side, t, free, gauss = point.values()
        want.append(log_density(r, all_, 5 * side, t, free, gauss))
    assert np.array(own) - own[0] == pytest.approx(np.array(want) - want[0], abs=1e-9)


def test_pyhf_takes_what_was_read() -> None:
    """The workspace is valid and pyhf's density is ours."""
    document = from_card(TWO_BINS, "card")
    check(document)
    workspace, built = pyhf.Workspace(document), load(document)
    model = workspace.model()
    data, rng, pairs = workspace.data(model), np.random.default_rng(2), []
    for _ in range(5):
        theta = {p.name: rng.uniform(0.6, 1.6) for p in built.parameters}
        ours = -float(built.nll(np.array([theta[p.name] for p in built.parameters]), built.observed))
        order = [theta.get(name, theta.get(f"{name}[0]")) for name in model.config.par_order]
        pairs.append((ours, float(model.logpdf(order, data)[0])))
    own, theirs = np.array(pairs).T
    assert own - own[0] == pytest.approx(theirs - theirs[0], abs=1e-9)


def test_no_event_beside() -> None:
    """gmN 0: an empty control sample is a count like any other; the limit is that of the closed form at n = 0."""
    text = card(0, ["side gmN 0 - 0.5"], background=0)
    document = from_card(text, "card")
    assert document["observations"][1] == {"name": "side_count", "data": [0.0]}
    # The rate is r, whatever the control sample: 2Δ ln L = 2 r.
    built = load(document)
    assert Asymptotic(built, built.observed).q(1.5) == pytest.approx(3.0, abs=1e-6)


def test_bins_that_have_numbers_for_names() -> None:
    text = card(3, []).replace("b1", "1").replace("sig", "5").replace("bkg", "6")
    assert [c["name"] for c in from_card(text, "card")["channels"]] == ["1"]
    assert "bin_1" in to_card(from_card(text, "card"))


@pytest.mark.parametrize("text", [TWO_BINS, card(6, LINES["n ~ Poisson(r*1 + 5.5)"]), card(2, ["g gmN 10 - 0.55"])])
def test_round_trip(text: str) -> None:
    once = to_card(from_card(text, "card"))
    assert to_card(from_card(once, "card")) == once
    first, second = (likelihood(t, "card") for t in (text, once))
    theta = np.array([[1.3, *[0.7 + 0.1 * i for i in range(len(first.parameters) - 1)]], [1.0] * len(first.parameters)])
    names = [p.name for p in first.parameters]
    # What the two readings call their parameters is the same, in another order.
    found = [names.index(p.name) for p in second.parameters]
    ours, again = first.nll(theta, first.observed), second.nll(theta[:, found], second.observed)
    assert ours[0] - ours[1] == pytest.approx(again[0] - again[1], abs=1e-9)
