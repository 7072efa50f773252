"""One count with a background known from an auxiliary measurement: asymptotic CLs of a plane of points, and exact CLs of a point."""

from __future__ import annotations

import warnings
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks.bump import Array
from benchmarks.bump_root import calculator, configured, quiet
from benchmarks.harness import LIMIT_ALLOWED, Check, Duel, Peer, Row, load
from limits.inference.counts.closed import OneCount, plane
from limits.inference.counts.sums import sums
from limits.inference.results import SIGMAS
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load as read

COUNT, BACKGROUND, ERROR = 12, 9.0, 2.0
SIDE = 200
"""Points of the plane along either axis."""

STRENGTHS = 31
"""Points of one call of the exact sums."""

TESTED, TOYS = 9.0, 1000
"""Signal events of the point that toys test, and toys per hypothesis."""

MOST = 100.0
"""Signal events up to which pyhf may fit: its own limit of 10 would cut off half of the plane."""


def document() -> dict[str, Any]:
    """A pyhf workspace of one bin; the background has a Gaussian auxiliary measurement."""
    strength = {"name": "mu", "type": "normfactor", "data": None}
    error = {"name": "e", "type": "staterror", "data": [ERROR]}
    samples = [
        {"name": "s", "data": [1.0], "modifiers": [strength]},
        {"name": "b", "data": [BACKGROUND], "modifiers": [error]},
    ]
    return {
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": [COUNT]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }


@cache
def likelihood() -> BinnedLikelihood:
    return read(document())


@cache
def grid() -> Array:
    """Signal events of a plane of theory points: about a power law along either axis, (SIDE, SIDE)."""
    rng = np.random.default_rng(1)
    return np.exp(rng.uniform(np.log(0.5), np.log(25), (SIDE, SIDE)))


def ours(number: int) -> Array:
    """Observed CLs of the whole plane; the expected band, CLs+b and CLb come with it."""
    del number
    return plane(likelihood(), grid())[0]


def exact(number: int, sigmas: tuple[int, ...] = SIGMAS) -> Array:
    """Exact CLs at many strengths, the tested one first, and at these quantiles of background-only data."""
    del number
    strengths = np.concatenate([[TESTED], np.linspace(1, 20, STRENGTHS - 1)])
    return sums(OneCount.of(likelihood()), strengths, sigmas)[0]


def judge(number: int, mine: Array, theirs: list[float]) -> list[Check]:
    """Relative difference of CLs at the points that the peer has done."""
    place = points(number)
    return [Check("CLs", float(np.max(np.abs(np.array(theirs) / mine[place] - 1))), LIMIT_ALLOWED)]


def points(number: int) -> tuple[int, slice]:
    """Five points of the plane."""
    return number, slice(0, SIDE, SIDE // 5)


def pyhf_model() -> tuple[Any, Any, Any, list[tuple[float, float]]]:
    """pyhf, its model and data, and bounds wide enough for the plane."""
    warnings.simplefilter("ignore")
    pyhf = load("pyhf")
    pyhf.set_backend("numpy", "scipy")
    workspace = pyhf.Workspace(document())
    model = workspace.model()
    bounds = model.config.suggested_bounds()
    bounds[model.config.poi_index] = (0, MOST)
    return pyhf, model, workspace.data(model), bounds


def against_pyhf() -> Duel:
    pyhf, model, data, bounds = pyhf_model()

    def peer(number: int) -> list[float]:
        found = []
        for strength in grid()[points(number)]:
            cls, _ = pyhf.infer.hypotest(float(strength), data, model, par_bounds=bounds, return_expected_set=True)
            found.append(float(cls))
        return found

    return Duel(ours, peer, judge, rounds=9, units_ours=SIDE * SIDE, units_peer=5)


def against_roostats() -> Duel:
    ROOT = quiet()
    workspace = ROOT.RooWorkspace("workspace")
    ROOT.SetOwnership(workspace, False)
    workspace.factory(f"expr::rate('mu + b', mu[1, 0, {MOST}], b[{BACKGROUND}, 1e-10, 100])")
    workspace.factory(f"Poisson::count(n[{COUNT}, 0, 1000], rate)")
    workspace.factory(f"Gaussian::sideband(b0[{BACKGROUND}, 0, 100], b, {ERROR})")
    workspace.factory("PROD::model(count, sideband)")
    n, strength, b, b0 = (workspace.var(name) for name in ("n", "mu", "b", "b0"))
    b0.setConstant(True)
    config = configured(ROOT, workspace, workspace.pdf("model"), n, strength, ROOT.RooArgSet(b))
    config.SetGlobalObservables(ROOT.RooArgSet(b0))
    n.setVal(COUNT)
    data = ROOT.RooDataSet("data", "data", ROOT.RooArgSet(n))
    data.add(ROOT.RooArgSet(n))

    def peer(number: int) -> list[float]:
        found = []
        for tested in grid()[points(number)]:
            b.setVal(BACKGROUND)
            made, _without = calculator(ROOT, config, strength, data, float(tested))
            result = made.GetHypoTest()
            ROOT.SetOwnership(result, True)
            result.SetBackgroundAsAlt(True)
            found.append(float(result.CLs()))
        return found

    return Duel(ours, peer, judge, rounds=9, units_ours=SIDE * SIDE, units_peer=5)


def against_toys(sigmas: tuple[int, ...] = SIGMAS) -> Duel:
    pyhf, model, data, bounds = pyhf_model()
    backend = type(pyhf.tensorlib)

    def percentile(self: Any, values: Any, q: Any, axis: Any = None, interpolation: str = "linear") -> Any:
        """As in pyhf 0.7.6, which gives the last argument a name that NumPy ≥ 2.4 no longer knows."""
        del self
        return np.percentile(values, q, axis=axis, method=interpolation)  # type: ignore[call-overload]

    backend.percentile = percentile

    def peer(number: int) -> float:
        np.random.seed(number)  # noqa: NPY002
        options = {"calctype": "toybased", "ntoys": TOYS, "track_progress": False, "return_expected_set": True}
        return float(pyhf.infer.hypotest(TESTED, data, model, par_bounds=bounds, **options)[0])

    def agrees(number: int, mine: Array, theirs: float) -> list[Check]:
        del number
        return [Check("CLs, in errors of toys", abs(theirs - mine[0]) / error(mine[0]), 4.0)]

    return Duel(partial(exact, sigmas=sigmas), peer, agrees, rounds=3, units_ours=STRENGTHS, warm=False)


def error(cls: float) -> float:
    """Statistical error of CLs by so many toys, CLb being near one."""
    one = OneCount.of(likelihood())
    _, clsb, clb = (float(np.ravel(x)[0]) for x in sums(one, np.array([TESTED]))[:3])
    return float(cls * np.sqrt((1 - clsb) / (clsb * TOYS) + (1 - clb) / (clb * TOYS)))


ROW = Row(
    f"counting, asymptotic CLs with expected band on a {SIDE} × {SIDE} grid",
    "point",
    {
        "pyhf": Peer(("pyhf",), "pip install pyhf", against_pyhf, note="numpy, scipy"),
        "RooStats": Peer(("ROOT",), "pip install ROOT", against_roostats, note="observed only"),
    },
)

EXACT = Row(
    "counting, exact CLs with fluctuating auxiliary data and expected band",
    "point",
    {"pyhf toys": Peer(("pyhf",), "pip install pyhf", against_toys, slow=True, note=f"{TOYS} + {TOYS} toys")},
)

EXACT_OBSERVED = Row(
    "the same, observed only (the peer's band comes from the same toys)",
    "point",
    {
        "pyhf toys": Peer(
            ("pyhf",), "pip install pyhf", partial(against_toys, ()), slow=True, note=f"{TOYS} + {TOYS} toys"
        )
    },
)
