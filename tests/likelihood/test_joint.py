"""Several likelihoods as one: against one workspace of several channels, and of binned and unbinned parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from limits.errors import InputError
from limits.inference.limit import upper_limit
from limits.inference.toys.ensembles import ToyCalculator
from limits.kernel.linear.shapes import CrystalBall
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Systematic, counting
from limits.likelihood.histfactory import load
from limits.likelihood.joint import JointLikelihood, joint
from limits.likelihood.spectrum import bump

SIGNAL = CrystalBall((1.4, 1.6), 1.5, 0.008, 1.4, 3.0, 1.8, 5.0)


def channel(name: str, signal: float, background: float, observed: float) -> dict[str, Any]:
    modifiers = [{"name": "mu", "type": "normfactor", "data": None}]
    flux = {"name": "flux", "type": "normsys", "data": {"hi": 1.2, "lo": 0.85}}
    own = {"name": f"own-{name}", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}
    return {
        "channels": [
            {
                "name": name,
                "samples": [
                    {"name": "s", "data": [signal, signal / 2], "modifiers": [*modifiers, flux]},
                    {"name": "b", "data": [background, background * 2], "modifiers": [own]},
                ],
            }
        ],
        "observations": [{"name": name, "data": [observed, 2 * observed]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }


FIRST, SECOND = channel("x", 5.0, 20.0, 22.0), channel("y", 3.0, 8.0, 7.0)


def part(document: dict[str, Any], name: str) -> BinnedLikelihood:
    return replace(load(document), name=name)


def whole() -> BinnedLikelihood:
    both = {
        **FIRST,
        "channels": FIRST["channels"] + SECOND["channels"],
        "observations": FIRST["observations"] + SECOND["observations"],
    }
    return load(both)


def parts(*shared: str) -> JointLikelihood:
    return joint([part(FIRST, "x"), part(SECOND, "y")], shared)


def test_shared_nuisances_are_those_of_one_workspace() -> None:
    found, expected = upper_limit(parts("flux"), "cls"), upper_limit(whole(), "cls")
    assert found.status == "ok"
    assert found.observed_limit == pytest.approx(expected.observed_limit, rel=1e-6)
    assert found.expected_limit == pytest.approx(expected.expected_limit, rel=1e-6)


def test_auxiliary_data_of_a_shared_nuisance_are_those_of_the_data() -> None:
    """In Asimov sets and toys they are not the nominal ones: −ln L is that of one workspace at any data."""
    found, expected = parts("flux"), whole()
    names = [p.name.split("/")[-1] for p in found.parameters[1:]]
    order = [0, *(1 + names.index(p.name) for p in expected.parameters[1:])]
    theta, truth = np.array([0.7, 0.3, -0.4, 0.6]), np.array([0.5, -1.2, 0.8, 0.1])
    ours, theirs = found.asimov(truth), expected.asimov(truth[order])
    assert found.fit(ours).theta == pytest.approx(truth, abs=1e-4)
    change = found.nll(theta, ours) - found.nll(truth, ours)
    assert change == pytest.approx(
        float(expected.nll(theta[order], theirs) - expected.nll(truth[order], theirs)), abs=1e-10
    )


def test_the_same_name_is_no_correlation() -> None:
    """Apart, the two fluxes are two nuisances, as in a workspace with other names."""
    other = channel("y", 3.0, 8.0, 7.0)
    other["channels"][0]["samples"][0]["modifiers"][1]["name"] = "other flux"
    both = {
        **FIRST,
        "channels": FIRST["channels"] + other["channels"],
        "observations": FIRST["observations"] + other["observations"],
    }
    apart = upper_limit(parts(), "cls")
    assert apart.observed_limit == pytest.approx(upper_limit(load(both), "cls").observed_limit, rel=1e-6)
    assert apart.observed_limit != pytest.approx(upper_limit(parts("flux"), "cls").observed_limit, rel=1e-4)
    assert "x/flux" in [p.name for p in parts().parameters]


def test_derivatives_against_differences() -> None:
    found = parts("flux")
    theta = np.array([0.7, 0.3, -0.4, 0.6])
    evaluate = found._objective(found.observed)
    _, gradient, hessian = evaluate(theta)
    for i, unit in enumerate(np.eye(4)):
        up, down = (evaluate(theta + side * 1e-5 * unit) for side in (1, -1))
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(gradient[i], rel=1e-6, abs=1e-7)
        assert (up[1] - down[1]) / 2e-5 == pytest.approx(hessian[i], rel=1e-5, abs=1e-6)
    shift = theta + np.array([0.0, 0.2, 0.1, 0.0])
    change = found.nll(shift, found.observed) - found.nll(theta, found.observed)
    assert change == pytest.approx(evaluate(shift)[0] - evaluate(theta)[0], abs=1e-10)


def test_binned_and_unbinned_parts() -> None:
    """A count beside a mass window: data, toys and Asimov sets come apart again, and the limit is stronger than either."""
    x = np.random.default_rng(4).uniform(1.4, 1.6, 300)
    window = bump(x, SIGNAL, 1, signal_events=10.0, name="window")
    count = counting(4, 3.0, Background(4.0, 0.2, "gamma"), [Systematic("eff", 1.1)], name="count")
    found = joint([count, window])
    limits = [upper_limit(one, "cls").observed_limit for one in (found, count, window)]
    assert limits[0] < min(limits[1:])
    theta = found.fit(found.observed, 0.5).theta
    assert found.fit(found.asimov(theta)).strength == pytest.approx(0.5, rel=1e-4)
    toys = found.sample(theta, 3, np.random.default_rng(1))
    again = found.with_data(toys[1])
    assert again.fit(again.observed).nll == pytest.approx(found.fit(toys[1]).nll, abs=1e-9)
    ensemble = ToyCalculator(found, found.observed, 40, 1).at(limits[0])
    assert ensemble.failed == 0
    assert ensemble.p_values.cls < 0.4


def test_without_signal_a_part_changes_nothing() -> None:
    count = counting(4, 3.0, Background(4.0, 0.2, "gamma"), name="count")
    empty = counting(7, 0.0, Background(6.0, 0.2, "gamma"), name="empty")
    both = upper_limit(joint([count, empty]), "cls")
    assert both.observed_limit == pytest.approx(upper_limit(count, "cls").observed_limit, rel=1e-6)


def test_bad_input_is_named() -> None:
    one = part(FIRST, "x")
    with pytest.raises(InputError, match="different names"):
        joint([one, one])
    with pytest.raises(InputError, match="in 1 of the parts"):
        joint([one, part(SECOND, "y")], ["own-x"])
    gamma = [counting(4, 3.0, Background(4.0, 0.2, "gamma"), name=name) for name in ("a", "b")]
    with pytest.raises(InputError, match="Poisson constraint"):
        joint(gamma, ["background"])
