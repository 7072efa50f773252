"""Pulls and impacts: exact for one bin, pyhf's refits for several, cabinetry's ranking where that is installed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from limits.errors import InputError
from limits.inference.impacts import impacts
from limits.likelihood.counting import Background, Sideband, Systematic, counting
from limits.likelihood.histfactory import load
from limits.likelihood.quadratic import quadratic


def workspace(interference: bool = False) -> dict[str, Any]:
    """Three bins with an excess, a normsys, a histosys and a shapesys."""
    modifiers = [{"name": "mu", "type": "normfactor", "data": None}]
    signal = {"name": "signal", "data": [5.0, 20.0, 6.0], "modifiers": modifiers}
    signal["modifiers"].append({"name": "efficiency", "type": "normsys", "data": {"hi": 1.1, "lo": 0.92}})  # type: ignore[attr-defined]
    shift = {"hi_data": [66.0, 51.0, 38.0], "lo_data": [55.0, 49.0, 43.0]}
    background = {
        "name": "background",
        "data": [60.0, 50.0, 40.0],
        "modifiers": [
            {"name": "shape", "type": "histosys", "data": shift},
            {"name": "normalisation", "type": "normsys", "data": {"hi": 1.08, "lo": 0.93}},
            {"name": "statistics", "type": "shapesys", "data": [4.0, 3.0, 5.0]},
        ],
    }
    samples = [signal, background]
    if interference:
        factor = {"name": "kappa", "type": "normfactor", "data": None}
        samples.append({"name": "interference", "data": [0.5, 1.0, 0.5], "modifiers": [factor]})
    parameters = [{"name": "mu", "bounds": [[-5.0, 10.0]], "inits": [1.0]}]
    return {
        "channels": [{"name": "region", "samples": samples}],
        "observations": [{"name": "region", "data": [63.0, 74.0, 49.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": parameters}}],
        "version": "1.0.0",
    }


@pytest.mark.parametrize("observed", [14.0, 4.0], ids=["excess", "deficit"])
def test_one_bin_is_exact(observed: float) -> None:
    """n = s S κ^a + B (1 + δ b): with one nuisance held the strength follows."""
    known, kappa = Background(8.0, 0.2, "gaussian"), 1.1
    found = impacts(counting(observed, 3.0, known, [Systematic("efficiency", kappa)]))
    best = (observed - 8) / 3
    assert found.strength == pytest.approx(best)
    assert found.lower is None
    by_name = {row.name: row for row in found.ranked}
    background = next(row for name, row in by_name.items() if name != "efficiency")
    assert background.prefit == pytest.approx((-1.6 / 3, 1.6 / 3), rel=1e-6)
    assert by_name["efficiency"].prefit == pytest.approx((best / kappa - best, best * kappa - best), rel=1e-6)
    for row in found.ranked:  # one bin tells nothing about its nuisances
        assert row.postfit == pytest.approx(row.prefit, rel=1e-5)
        assert row.pull == pytest.approx(0.0, abs=1e-6)
        assert row.pull_error == pytest.approx(1.0, rel=1e-5)
    assert found.ranked[0].size == max(row.size for row in found.ranked)


def test_a_sideband_moves_by_its_own_error() -> None:
    """Background n_off/τ ± √n_off/τ."""
    found = impacts(counting(20.0, 1.0, Sideband(36.0, 3.0)))
    (row,) = found.ranked
    assert row.prefit == pytest.approx((-2.0, 2.0), rel=1e-6)
    assert row.postfit == pytest.approx((-2.0, 2.0), rel=1e-4)


def test_without_background_the_strength_stays_positive() -> None:
    found = impacts(counting(0.0, 1.0, Background(0.0), [Systematic("efficiency", 1.1)]))
    assert found.lower == 0
    assert found.strength == 0
    assert [row.prefit for row in found.ranked] == [(0.0, 0.0)]


def test_pyhf_refits() -> None:
    """The strength that pyhf and Minuit find with each nuisance fixed."""
    import pyhf

    pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(tolerance=1e-4))
    try:
        model = pyhf.Workspace(workspace()).model(
            modifier_settings={"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}}
        )
        data = pyhf.Workspace(workspace()).data(model)
        own = load(workspace())
        fit, found = own.fit(own.observed), impacts(own)
        assert found.strength == pytest.approx(pyhf.infer.mle.fit(data, model)[model.config.poi_index], rel=1e-3)
        at = {p.name: (x, e) for p, x, e in zip(own.parameters, fit.theta, fit.errors, strict=True)}
        rows = {row.name: row for row in found.ranked}
        assert set(rows) == set(model.config.par_names) - {"mu"}
        for i, name in enumerate(model.config.par_names):
            if name == "mu":
                continue
            for sign, ours in zip((1, -1), rows[name].postfit, strict=True):
                init, fixed = [*model.config.suggested_init()], [*model.config.suggested_fixed()]
                init[i], fixed[i] = at[name][0] + sign * at[name][1], True
                again = pyhf.infer.mle.fit(data, model, init_pars=init, fixed_params=fixed)
                assert ours == pytest.approx(again[model.config.poi_index] - found.strength, abs=1e-3)
    finally:
        pyhf.set_backend("numpy")


@pytest.mark.filterwarnings("ignore")
def test_cabinetry_ranks_alike() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        cabinetry = pytest.importorskip("cabinetry", reason="cabinetry is not installed")
    model, data = cabinetry.model_utils.model_and_data(workspace())
    theirs = cabinetry.fit.ranking(model, data)
    found = impacts(load(workspace()))
    rows = {row.name: row for row in found.ranked}
    assert set(rows) == set(theirs.labels)
    for i, name in enumerate(theirs.labels):
        assert rows[name].prefit == pytest.approx((theirs.prefit_up[i], theirs.prefit_down[i]), abs=2e-3)
        assert rows[name].postfit == pytest.approx((theirs.postfit_up[i], theirs.postfit_down[i]), abs=2e-3)
    sizes = [max(abs(theirs.postfit_up[i]), abs(theirs.postfit_down[i])) for i in range(len(theirs.labels))]
    assert found.ranked[0].name == theirs.labels[int(np.argmax(sizes))]


def test_interference_is_refused() -> None:
    with pytest.raises(InputError, match="interference"):
        impacts(quadratic(load(workspace(interference=True)), "kappa"))
