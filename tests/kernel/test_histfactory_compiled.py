"""The compiled HistFactory kernel against the NumPy path: derivatives, fits, profiles, limits; and against pyhf's own density."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyhf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limits import kernel
from limits.inference.asymptotic import Asymptotic
from limits.inference.limit import upper_limit
from limits.likelihood import engine
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import Background, Sideband, Systematic, counting
from limits.likelihood.histfactory import load

pytest.importorskip("numba")

from limits.kernel.histfactory import evaluate, fits, program

Document = dict[str, Any]
Array = np.ndarray[Any, np.dtype[np.float64]]

CODES = {"smooth": ("code4", "code4p"), "kinked": ("code1", "code0")}


def modifier(name: str, kind: str, data: Any = None) -> Document:
    return {"name": name, "type": kind, "data": data}


def normsys(name: str, high: float, low: float) -> Document:
    return modifier(name, "normsys", {"hi": high, "lo": low})


def histosys(name: str, nominal: Array, up: Array, down: Array) -> Document:
    return modifier(
        name, "histosys", {"hi_data": (nominal * (1 + up)).tolist(), "lo_data": (nominal * (1 - down)).tolist()}
    )


def workspace(channels: dict[str, list[Document]], data: dict[str, Array], lumi: bool) -> Document:
    parameters = [{"name": "lumi", "inits": [1.0], "bounds": [[0.5, 1.5]], "auxdata": [1.0], "sigmas": [0.03]}] * lumi
    return {
        "channels": [{"name": name, "samples": samples} for name, samples in channels.items()],
        "observations": [{"name": name, "data": counts.tolist()} for name, counts in data.items()],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": parameters}}],
        "version": "1.0.0",
    }


def standard(bins: int = 40, seed: int = 3) -> Document:
    """One channel, three samples, four normsys, two histosys, staterror: 47 parameters with 40 bins."""
    rng = np.random.default_rng(seed)
    x = (np.arange(bins) + 0.5) / bins
    signal, falling, rising = 12 * np.exp(-0.5 * ((x - 0.5) / 0.08) ** 2), 120 * np.exp(-2 * x) + 5, 40 * (0.5 + x)
    luminosity = normsys("luminosity", 1.02, 0.98)
    tilt, wave = 0.1 * (x - 0.5), 0.06 * np.sin(4 * x)
    samples = [
        {
            "name": "signal",
            "data": signal.tolist(),
            "modifiers": [modifier("mu", "normfactor"), luminosity, normsys("efficiency", 1.08, 0.93)],
        },
        {
            "name": "falling",
            "data": falling.tolist(),
            "modifiers": [
                luminosity,
                normsys("first", 1.1, 0.92),
                histosys("tilt", falling, tilt, 0.8 * tilt),
                histosys("scale", falling, wave, 0.8 * wave),
                modifier("mc", "staterror", (0.04 * falling).tolist()),
            ],
        },
        {
            "name": "rising",
            "data": rising.tolist(),
            "modifiers": [
                luminosity,
                normsys("second", 1.2, 0.85),
                histosys("scale", rising, -wave, -0.7 * wave),
                modifier("mc", "staterror", (0.04 * rising).tolist()),
            ],
        },
    ]
    return workspace({"c": samples}, {"c": rng.poisson(falling + rising + 0.5 * signal).astype(float)}, False)


def random_document(seed: int) -> Document:
    """Any mixture of modifiers, one or two channels, few or many events, empty bins of samples and of data."""
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.uniform(0, 2.5)
    lumi, shared = bool(rng.integers(2)), int(rng.integers(2, 5))
    channels, data = {}, {}
    for channel in ("a", "b")[: rng.integers(1, 3)]:
        samples, total = [], np.zeros(shared)
        for name in ("signal", "one", "two", "three")[: rng.integers(2, 5)]:
            nominal = np.round(size * rng.uniform(0.05, 1, shared) * (0.3 if name == "signal" else 1), 2)
            nominal[rng.random(shared) < 0.1] = 0.0
            total += nominal * (0.5 if name == "signal" else 1)
            own = [modifier("mu", "normfactor")] if name == "signal" else []
            own += [modifier("lumi", "lumi")] * lumi
            for k in range(3):
                if rng.random() < 0.5:
                    own.append(normsys(f"n{k}", 1 + rng.uniform(-0.1, 0.3), 1 - rng.uniform(-0.1, 0.3)))
                if rng.random() < 0.3:
                    up, down = rng.uniform(-0.2, 0.3, (2, shared))
                    own.append(histosys(f"{'n' if rng.random() < 0.3 else 'h'}{k}", nominal, up, down))
            if name != "signal" and rng.random() < 0.6:
                own.append(modifier(f"mc_{channel}", "staterror", (nominal * rng.uniform(0, 0.3, shared)).tolist()))
            if name != "signal" and rng.random() < 0.4:
                error = nominal * rng.uniform(0.05, 0.6, shared) * (rng.random(shared) < 0.8)
                own.append(modifier(f"s_{channel}_{name}", "shapesys", error.tolist()))
            if name == "three" and channel == "b":
                own.append(modifier("k", "normfactor"))
            if name == "two" and rng.random() < 0.2:
                own.append(modifier("free", "shapefactor"))
            samples.append({"name": name, "data": nominal.tolist(), "modifiers": own})
        channels[channel], data[channel] = samples, rng.poisson(total).astype(float)
    return workspace(channels, data, lumi)


def compiled(
    built: BinnedLikelihood, data: Array, strength: float | None, *, again: bool = False, lower: float = 0.0
) -> Any:
    strengths = np.full(len(data), np.nan if strength is None else strength)
    return fits.fit(built.engine.program, data, strengths, floor=lower, again=again)


def data_sets(built: BinnedLikelihood, size: int, seed: int) -> Array:
    """The observed data, its Asimov set, toys, and a data set without an event."""
    rng = np.random.default_rng(seed)
    theta = np.array([p.init for p in built.parameters])
    toys = built.sample(theta, size, rng)
    empty = built.observed.copy()
    empty[: built.shape.n_bins] = 0.0
    return np.concatenate([built.observed[None], built.asimov(theta)[None], empty[None], toys])


# --- the program ---


def test_the_standard_model_has_one_local_nuisance_per_bin() -> None:
    built = load(standard())
    assert built.shape.n_par == 47
    assert len(built.engine.program.places) == 7
    assert len(built.engine.program.nominal) == 3
    assert np.all(built.engine.program.local >= 0)


def test_two_multipliers_of_one_bin_are_not_both_local() -> None:
    nominal = np.array([20.0, 30.0])
    own = [modifier("mc", "staterror", [2.0, 3.0]), modifier("s", "shapesys", [4.0, 5.0])]
    samples = [
        {"name": "signal", "data": [3.0, 1.0], "modifiers": [modifier("mu", "normfactor")]},
        {"name": "background", "data": nominal.tolist(), "modifiers": own},
    ]
    built = load(workspace({"c": samples}, {"c": nominal}, False))
    assert len(built.engine.program.places) == 1 + 2
    assert np.all(built.engine.program.local >= 0)


def test_a_multiplier_of_two_bins_is_not_local() -> None:
    built = counting(5, 1.0, Sideband(5, 2.0), [Systematic("both", 1.1, background=True)])
    assert list(built.engine.program.local) == [1]
    wide = [modifier("k", "normfactor")]
    samples = [
        {"name": "signal", "data": [3.0, 1.0], "modifiers": [modifier("mu", "normfactor")]},
        {"name": "background", "data": [20.0, 30.0], "modifiers": wide},
    ]
    built = load(workspace({"c": samples}, {"c": np.array([20.0, 30.0])}, False))
    assert list(built.engine.program.local) == [-1, -1]


# --- derivatives ---


def schur(built: BinnedLikelihood, theta: Array, data: Array, inner: Array) -> tuple[float, Array, Array]:
    """Cost, gradient and Hessian in the global parameters from those of the NumPy path, local nuisances `inner` eliminated."""
    cost, gradient, hessian = (part[0] for part in kernel.derivatives(built.shape, theta[None], data[None]))
    outer = built.engine.program.places[:, program.PARAMETER]
    assert gradient[inner] == pytest.approx(0, abs=1e-6 * (1 + np.abs(hessian).max()))
    mixed = hessian[np.ix_(inner, outer)]
    block = hessian[np.ix_(outer, outer)]
    if len(inner):
        block = block - mixed.T @ np.linalg.solve(hessian[np.ix_(inner, inner)], mixed)
    return float(cost), gradient[outer], block


@pytest.mark.parametrize("codes", CODES)
@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_derivatives(codes: str, seed: int) -> None:
    built = load(random_document(seed), normsys=CODES[codes][0], histosys=CODES[codes][1])
    prepared, rng = built.engine.program, np.random.default_rng(seed)
    data = data_sets(built, 1, seed)[-1]
    theta = np.array([p.init for p in built.parameters])
    wide = np.array([p.lower == -np.inf for p in built.parameters])
    theta = np.where(wide, theta + rng.normal(0, 1.2, len(theta)), theta * rng.uniform(0.7, 1.4, len(theta)))
    theta[0] = rng.uniform(0.0, 2.0)
    point, x = evaluate.new_point(prepared), theta[prepared.places[:, program.PARAMETER]]
    evaluate.expect(prepared, x, point)
    cost = evaluate.value(prepared, data, x, theta, point)
    if not np.isfinite(cost):  # a shift has made a rate negative: a place where this kernel does not go
        return
    evaluate.derive(prepared, data, x, point)
    local = prepared.local[prepared.local >= 0]
    theta[local] = point.bins[2, prepared.local >= 0]
    inner = local[theta[local] > 1.001e-10]  # the others sit on their bound
    want, gradient, hessian = schur(built, theta, data, inner)
    assert cost == pytest.approx(want, rel=1e-11, abs=1e-11)
    assert point.gradient == pytest.approx(gradient, rel=1e-8, abs=1e-7 * (1 + np.abs(gradient).max()))
    found = np.tril(point.hessian) + np.tril(point.hessian, -1).T
    assert found == pytest.approx(hessian, rel=1e-7, abs=1e-7 * (1 + np.abs(hessian).max()))


# --- fits ---


def agree(built: BinnedLikelihood, data: Array, strength: float | None) -> tuple[int, int]:
    """From no compiled fit does the reference get any lower; returns how many have the reference's cost, and of how many."""
    found = compiled(built, data, strength)
    good, theta, cost = found.good, found.theta[found.good], found.cost[found.good]
    if not np.any(good):
        return 0, len(data)
    start, low, high, held = (part[good] for part in built._prepared(data, strength, 0.0))

    def function(at: Array, rows: Array) -> Any:
        return kernel.derivatives(built.shape, at, data[good][rows])

    assert kernel.cost(built.shape, theta, data[good]) == pytest.approx(cost, rel=1e-11, abs=1e-11)
    # It need not say so: where the rate of an empty bin has just reached zero it sees no slope. But it finds nothing lower.
    confirmed = kernel.minimise_many(function, theta, low, high, held)
    assert np.all(2 * (cost - confirmed.cost) <= 1e-9 * (1 + cost))
    reference = kernel.minimise_many(function, start, low, high, held)
    assert np.all(np.isfinite(reference.cost))
    same = np.count_nonzero(np.abs(cost - reference.cost) <= 1e-9 * (1 + cost))
    return int(same), len(data)


@pytest.mark.parametrize("codes", CODES)
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_fits_are_minima(codes: str, seed: int) -> None:
    """Where there are two minima each way may lead to either: here 0.5 % of the fits end higher, as many lower."""
    built = load(random_document(seed), normsys=CODES[codes][0], histosys=CODES[codes][1])
    data = data_sets(built, 2, seed)
    for strength in (None, 0.0, 0.7):
        agree(built, data, strength)


def test_fits_of_the_standard_model() -> None:
    built = load(standard())
    data = built.sample(built.fit(built.observed, 1.0).theta, 60, np.random.default_rng(1))
    for strength in (None, 0.0, 1.3):
        same, total = agree(built, data, strength)
        assert same == total
        found, reference = compiled(built, data, strength), built._reference(data, strength, 0.0)
        assert found.theta == pytest.approx(reference[0], abs=2e-5)
        assert np.all(found.edm < 1e-12)


@pytest.mark.parametrize(
    "built",
    [
        counting(0, 1.0, Background(2.5, 0.3, "gaussian")),
        counting(3, 1.0, Background(2.5, 0.3, "poisson"), [Systematic("flux", 1.2)]),
        counting(0, 2.0, Sideband(0, 3.0)),
        counting(4, 1.0, Background(5.0, 0.8, "lognormal")),
        counting(2, 1.0, Background(5.0, 0.8, "gaussian")),
        counting(2, 0.0, Background(5.0, 0.3, "gamma")),
    ],
)
def test_fits_of_one_count(built: BinnedLikelihood) -> None:
    data = data_sets(built, 20, 5)
    for strength in (None, 0.0, 0.7, 5.0):
        same, total = agree(built, data, strength)
        assert same >= 0.5 * total


def test_a_negative_strength() -> None:
    built = load(standard())
    data = built.sample(built.fit(built.observed, 0.0).theta, 20, np.random.default_rng(2))
    found = compiled(built, data, None, lower=-np.inf)
    theta, cost, _ = built._reference(data, None, -np.inf)
    assert np.any(theta[:, 0] < 0)
    assert found.good.all()
    assert found.cost == pytest.approx(cost, abs=1e-9)


def test_held_nuisances_stay() -> None:
    document = standard(6)
    document["measurements"][0]["config"]["parameters"] = [
        {"name": "tilt", "fixed": True},
        {"name": "mc", "fixed": True},
    ]
    built = load(document)
    held = np.array([p.fixed for p in built.parameters])
    assert held.sum() == 7
    found = compiled(built, built.observed[None], None)
    assert found.good.all()
    assert np.array_equal(found.theta[0, held], np.array([p.init for p in built.parameters])[held])
    assert found.cost == pytest.approx(built._reference(built.observed[None], None, 0.0)[1], abs=1e-10)


def test_a_row_does_not_depend_on_the_others() -> None:
    built = load(standard(12))
    data = built.sample(built.fit(built.observed, 1.0).theta, 30, np.random.default_rng(4))
    many, few = built.fit_many(data), built.fit_many(data[17:20])
    assert np.array_equal(many.theta[17:20], few.theta)
    assert np.array_equal(many.nll[17:20], few.nll)


def test_what_does_not_converge_goes_to_the_reference() -> None:
    """Fixed strength 0 where only signal can explain the events: no finite cost, which is an answer."""
    built = counting(7, 1.0, Background(0.0))
    found = built.fit_many(np.array([[7.0], [0.0]]), 0.0)
    assert np.array_equal(found.nll == np.inf, [True, False])
    assert found.converged.all()
    assert (built.engine.compiled, built.engine.left) == (2, 1)


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    built, other = load(standard(12)), load(standard(12))
    data = built.sample(built.fit(built.observed, 1.0).theta, 10, np.random.default_rng(4))
    fast, limit = built.fit_many(data), upper_limit(built, "cls")
    monkeypatch.setattr(engine, "compiled_fits", lambda: None)
    assert other.fit_many(data).nll == pytest.approx(fast.nll, abs=1e-9)
    slow = upper_limit(other, "cls")
    assert slow.observed_limit == pytest.approx(limit.observed_limit, rel=1e-7)
    assert slow.expected_limit == pytest.approx(limit.expected_limit, rel=1e-7)
    assert other.engine.compiled == 0


# --- second minima, profiles ---


def test_the_second_minimum_is_found() -> None:
    """Single fits look at the mirror image of a pull, as those of the NumPy path do: never above them."""
    for seed in range(30):
        built = load(random_document(seed))
        single = built.engine.fit(built.observed[None], None, 0.0, alone=True)
        if single is None or not single.good[0]:
            continue
        once = compiled(built, built.observed[None], None)
        assert single.cost[0] <= once.cost[0]
        assert built.fit(built.observed).nll <= float(built.nll(once.theta[0], built.observed)) + 1e-9


def test_profile_is_the_fit_at_each_strength() -> None:
    built = load(standard())
    profile = built.profile(built.observed)
    for strength in (0.3, 4.0, 0.0, 1.7):
        nll, converged = profile.at(strength)
        fit = built.fit(built.observed, strength)
        assert converged
        assert nll == pytest.approx(fit.nll, abs=1e-9)
    assert list(profile.known) == [0.3, 4.0, 0.0, 1.7]


def test_at_the_minimum_pyhf_has_the_same_density() -> None:
    document = standard()
    built = load(document)
    theirs = pyhf.Workspace(document)
    model = theirs.model(poi_name="mu")
    names = [p.name for p in built.parameters]
    order = [names.index(name) for name in model.config.par_names]
    observed = np.array(theirs.data(model), dtype=float)
    for strength in (None, 0.0, 1.3):
        fit = built.fit(built.observed, strength)
        assert fit.status == "ok"
        assert float(model.logpdf(fit.theta[order], observed)[0]) == pytest.approx(-fit.nll, rel=1e-12)
    toys = built.sample(fit.theta, 20, np.random.default_rng(3))
    found = built.fit_many(toys, 1.3)
    assert found.converged.all()
    for toy, theta, nll in zip(toys, found.theta, found.nll, strict=True):
        counts, aux = toy[: built.shape.n_bins], toy[built.shape.n_bins :]
        by_name = {p.name: value for p, value in zip(built.constrained, aux, strict=True)}
        set_names = [name for name in model.config.auxdata_order for name in _entries(model, name)]
        full = np.concatenate([counts, [by_name[name] for name in set_names]])
        assert float(model.logpdf(theta[order], full)[0]) == pytest.approx(-nll, rel=1e-12)


def _entries(model: Any, name: str) -> list[str]:
    where = model.config.par_slice(name)
    return list(model.config.par_names[where])


def test_a_limit_takes_few_fits() -> None:
    """A machine-independent gate: observed and five expected limits together."""
    built = load(standard())
    limit = upper_limit(built, "cls")
    assert limit.status == "ok"
    assert built.engine.left == 0
    assert built.engine.compiled <= 70
    calculator = Asymptotic(built, built.observed)
    assert calculator.p_values(limit.observed_limit or 0.0).cls == pytest.approx(0.05, rel=1e-9)
    for expected, which in zip(limit.expected_limit, range(5), strict=True):
        assert calculator.p_values(expected or 0.0).cls_expected[which] == pytest.approx(0.05, rel=1e-9)
