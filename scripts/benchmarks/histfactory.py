"""40 bins, 3 samples, 6 nuisances (4 normsys, 2 histosys) and staterror, 47 parameters in all: the limit with its band, and toys."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks import histfactory_root
from benchmarks.bump import Array
from benchmarks.harness import LIMIT_ALLOWED, NLL_ALLOWED, Check, Duel, Peer, Row, load
from limits.inference.limit import upper_limit
from limits.inference.results import Limit
from limits.inference.toys.ensembles import q_of_toys
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load as read

BINS = 40
TOYS = 250
"""Toys in one call of ours; a peer throws and fits a few."""

TESTED = 1.3
"""Strength of the second fit of each toy."""


def document(seed: int = 3, bins: int = BINS) -> dict[str, Any]:
    """A pyhf workspace: a peak on two backgrounds, `seed` being that of the data."""
    x = (np.arange(bins) + 0.5) / bins
    size = BINS / bins
    peak = size * 12 * np.exp(-0.5 * ((x - 0.5) / 0.08) ** 2)
    first, second = size * (120 * np.exp(-2 * x) + 5), size * 40 * (0.5 + x)

    def norm(name: str, high: float, low: float) -> dict[str, Any]:
        return {"name": name, "type": "normsys", "data": {"hi": high, "lo": low}}

    def shape(name: str, nominal: Array, tilt: Array) -> dict[str, Any]:
        data = {"hi_data": (nominal * (1 + tilt)).tolist(), "lo_data": (nominal * (1 - 0.8 * tilt)).tolist()}
        return {"name": name, "type": "histosys", "data": data}

    def statistical(nominal: Array) -> dict[str, Any]:
        return {"name": "mc", "type": "staterror", "data": (0.04 * nominal).tolist()}

    def sample(name: str, nominal: Array, *modifiers: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, "data": nominal.tolist(), "modifiers": list(modifiers)}

    lumi, strength = norm("lumi", 1.02, 0.98), {"name": "mu", "type": "normfactor", "data": None}
    bent, wave = shape("jes", first, 0.06 * np.sin(4 * x)), shape("jes", second, 0.08 * np.cos(3 * x))
    tilt, rates = shape("tilt", first, 0.1 * (x - 0.5)), first + second + 0.5 * peak
    samples = [
        sample("signal", peak, strength, lumi, norm("eff", 1.08, 0.93)),
        sample("b1", first, lumi, norm("xs1", 1.1, 0.92), tilt, bent, statistical(first)),
        sample("b2", second, lumi, norm("xs2", 1.2, 0.85), wave, statistical(second)),
    ]
    counts = np.random.default_rng(seed).poisson(rates).astype(float).tolist()
    return {
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": counts}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }


@cache
def likelihood(number: int) -> BinnedLikelihood:
    """Data set `number`, ready to be fitted, as the models of the peers are."""
    built = read(document(number))
    built.fit(built.observed)
    return built


def ours(number: int, expected: bool = True) -> Limit:
    """Observed and five expected limits; nothing is kept from a call before."""
    return upper_limit(likelihood(number).with_data(likelihood(number).observed), "cls", expected=expected)


@cache
def best(number: int) -> Array:
    """θ of our free fit, (P,)."""
    return likelihood(number).fit(likelihood(number).observed).theta


def ours_toys(number: int) -> Array:
    """q̃ of toys thrown at the fit of the strength under test, from a free fit and a fixed one each."""
    toys = likelihood(0).sample(start(), TOYS, np.random.default_rng(number))
    return q_of_toys(likelihood(0), toys, TESTED)


@cache
def start() -> Array:
    """θ of the fit at the tested strength, (P,)."""
    return likelihood(0).fit(likelihood(0).observed, TESTED).theta


def judge(number: int, mine: Limit, theirs: list[float]) -> list[Check]:
    """Relative difference of the limits, observed first; a peer without a band gives one."""
    del number
    limits = [mine.observed_limit, *mine.expected_limit]
    away = [abs(b / a - 1) if a is not None else np.inf for a, b in zip(limits, theirs, strict=False)]
    return [Check(f"{len(theirs)} limit{'s' * (len(theirs) > 1)}", max(away), LIMIT_ALLOWED)]


@dataclass(frozen=True)
class Pyhf:
    """pyhf 0.7.6 with the workarounds that today's NumPy, SciPy and JAX need."""

    pyhf: Any
    model: Any
    order: list[int]
    aux: list[int]

    @classmethod
    def build(cls, backend: str) -> Pyhf:
        """`order`, `aux`: where its parameters and auxiliary data are among ours."""
        warnings.simplefilter("ignore")
        pyhf = load("pyhf")
        pyhf.set_backend(backend, "scipy")
        model = pyhf.Workspace(document()).model(poi_name="mu")
        built = likelihood(0)
        names = [p.name for p in built.parameters]
        ours_aux = [p.name for p in built.constrained]
        theirs = list(cls._names(model, model.config.par_order))
        aux = list(cls._names(model, model.config.auxdata_order))
        return cls(pyhf, model, [names.index(n) for n in theirs], [BINS + ours_aux.index(n) for n in aux])

    @staticmethod
    def _names(model: Any, order: list[str]) -> list[str]:
        found: list[str] = []
        for name in order:
            size = model.config.param_set(name).n_parameters
            found += [name] if size == 1 and name != "mc" else [f"{name}[{i}]" for i in range(size)]
        return found

    def data(self, ours: Array) -> Any:
        """Our data vector as pyhf's."""
        return self.pyhf.tensorlib.astensor(np.concatenate([ours[:BINS], ours[self.aux]]))

    def cost(self, theta: Array, data: Any) -> float:
        """pyhf's own 2·NLL at θ in our order."""
        value = self.model.logpdf(self.pyhf.tensorlib.astensor(theta[self.order]), data)
        return -2 * float(np.asarray(value).item())

    def limit(self, number: int) -> list[float]:
        """toms748_scan: observed and five expected limits."""
        pyhf = self.pyhf
        data = self.data(likelihood(number).observed)
        with float_strength(pyhf):
            found, band = pyhf.infer.intervals.upper_limits.toms748_scan(data, self.model, 0.1, 5.0, rtol=1e-4)
        return [float(np.asarray(x).item()) for x in (found, *band)]

    def fit(self, data: Any) -> tuple[float, Array]:
        """Its minimum: 2·NLL and θ in its own order."""
        theta, value = self.pyhf.infer.mle.fit(data, self.model, return_fitted_val=True)
        return float(np.asarray(value).item()), np.asarray(theta)

    def toys(self, number: int, count: int) -> list[tuple[Array, float, float]]:
        """Throw at the same θ, free and fixed fit: the toy, 2·NLL of both; nan where a fit raised."""
        pyhf = self.pyhf
        # pyhf throws by SciPy's frozen distributions, which take the global generator.
        np.random.seed(number)  # noqa: NPY002
        pdf = self.model.make_pdf(pyhf.tensorlib.astensor(start()[self.order]))
        found = []
        for toy in pdf.sample((count,)):
            free = fixed = np.nan
            with contextlib.suppress(pyhf.exceptions.FailedMinimization):
                free = self.fit(toy)[0]
                value = pyhf.infer.mle.fixed_poi_fit(TESTED, toy, self.model, return_fitted_val=True)[1]
                fixed = float(np.asarray(value).item())
            found.append((np.asarray(toy), free, fixed))
        return found

    def judge_limit(self, number: int, mine: Limit, theirs: list[float]) -> list[Check]:
        """Limits, and our minimum in pyhf's function."""
        data = self.data(likelihood(number).observed)
        above = self.cost(best(number), data) - self.fit(data)[0]
        return [*judge(number, mine, theirs), Check("2ΔNLL above peer", above, NLL_ALLOWED)]

    def judge_toys(self, number: int, mine: Any, theirs: list[tuple[Array, float, float]]) -> list[Check]:
        """Ours, on pyhf's own toys and in pyhf's function."""
        del number, mine
        built, worst = likelihood(0), []
        for toy, free, fixed in theirs:
            data = np.empty(len(toy))
            data[:BINS], data[self.aux] = toy[:BINS], toy[BINS:]
            fits = [built.fit_many(data[None]), built.fit_many(data[None], TESTED)]
            tensor = self.pyhf.tensorlib.astensor(toy)
            worst += [self.cost(f.theta[0], tensor) - v for f, v in zip(fits, (free, fixed), strict=True) if v == v]
        return [Check("2ΔNLL above peer", max(worst), NLL_ALLOWED)]


@contextlib.contextmanager
def float_strength(pyhf: Any) -> Any:
    """pyhf 0.7.6 keeps the strengths it tried in a dictionary; on JAX, SciPy's root finder hands it arrays, which cannot be keys."""
    module = pyhf.infer.intervals.upper_limits
    original: Callable[..., Any] = module.toms748

    def with_floats(f: Callable[..., Any], low: Any, high: Any, **options: Any) -> Any:
        return original(
            lambda s, *rest: float(np.asarray(f(float(s), *rest)).item()), float(low), float(high), **options
        )

    module.toms748 = with_floats
    try:
        yield
    finally:
        module.toms748 = original


def limit_against_pyhf(backend: str, rounds: int) -> Duel:
    peer = Pyhf.build(backend)
    return Duel(ours, peer.limit, peer.judge_limit, rounds=rounds, warm=backend == "jax")


def toys_against_pyhf(backend: str, count: int) -> Duel:
    peer = Pyhf.build(backend)
    return Duel(ours_toys, lambda n: peer.toys(n, count), peer.judge_toys, 5, units_ours=TOYS, units_peer=count)


def named(theta: Array) -> dict[str, float]:
    """Parameters by name."""
    return dict(zip([p.name for p in likelihood(0).parameters], theta.tolist(), strict=True))


def limit_against_root() -> Duel:
    peer = histfactory_root.Model.build(document())

    def judged(number: int, mine: Limit, theirs: float) -> list[Check]:
        counts = likelihood(number).counts
        above = peer.cost(counts, named(best(number))) - peer.best(counts)
        return [*judge(number, mine, [theirs]), Check("2ΔNLL above peer", above, NLL_ALLOWED)]

    return Duel(partial(ours, expected=False), lambda n: peer.limit(likelihood(n).counts, *span(n)), judged)


@cache
def span(number: int) -> tuple[float, float]:
    """Where a user who has a rough idea would scan."""
    middle = upper_limit(likelihood(number), "cls").observed_limit or 1.0
    return 0.7 * middle, 1.4 * middle


def toys_against_root() -> Duel:
    peer = histfactory_root.Model.build(document())
    built, theta = likelihood(0), named(start())
    rates = built.asimov(start())[:BINS]

    def run(number: int) -> list[histfactory_root.Toy]:
        rng = np.random.default_rng(number)
        return [peer.toy(rng, rates, theta, TESTED) for _ in range(10)]

    def judged(number: int, mine: Any, theirs: list[histfactory_root.Toy]) -> list[Check]:
        del number, mine
        worst = []
        for toy in theirs:
            data = np.append(toy.counts, [toy.auxiliary[p.name] for p in built.constrained])[None]
            for fits, value in ((built.fit_many(data), toy.free), (built.fit_many(data, TESTED), toy.fixed)):
                worst.append(peer.cost(toy.counts, named(fits.theta[0]), toy.auxiliary) - value)
        return [Check("2ΔNLL above peer", max(worst), NLL_ALLOWED)]

    return Duel(ours_toys, run, judged, 7, units_ours=TOYS, units_peer=10)


_JAX, _PYHF, _ROOT = "pip install 'pyhf[jax]'", "pip install pyhf", "pip install ROOT"

LIMIT = Row(
    f"HistFactory, {BINS} bins, 47 parameters: asymptotic CLs limit, observed and five expected",
    "limit",
    {
        "pyhf jax": Peer(("pyhf", "jax"), _JAX, partial(limit_against_pyhf, "jax", 3), note="toms748_scan, rtol 1e-4"),
        "pyhf numpy": Peer(
            ("pyhf",), _PYHF, partial(limit_against_pyhf, "numpy", 3), slow=True, note="toms748_scan, rtol 1e-4"
        ),
        "RooStats": Peer(("ROOT",), _ROOT, limit_against_root, note="15 points; observed only, on both sides"),
    },
)

TOYS_ROW = Row(
    "the same: a toy (throw, free fit, fixed fit)",
    "toy",
    {
        "pyhf jax": Peer(("pyhf", "jax"), _JAX, partial(toys_against_pyhf, "jax", 8)),
        "RooFit": Peer(("ROOT",), _ROOT, toys_against_root, note="default tolerance, no Hesse"),
    },
)
