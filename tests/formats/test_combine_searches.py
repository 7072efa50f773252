"""Cards against a second reader of their format: the likelihood Combine's manual describes, evaluated from the text alone."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyhf
import pytest
from scipy.stats import gamma, norm

from limits.assemble import build, prepare
from limits.errors import InputError, LimitsError
from limits.formats.combine import export, from_card, likelihood, to_card
from limits.hunt.masses import spectrum_channel
from limits.inference.limit import upper_limit
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.histfactory import load as load_workspace
from limits.search import Search, load, names
from limits.signals import Hypothesis

POINTS = 5


def second_reader(card: str, values: Mapping[str, float]) -> float:
    """Log L of a card at r, θ, G, t and multipliers by name, up to a constant. Knows nothing of the package.

    Combine's manual: n ~ Poisson(Σ rate), a signal's rate times r; lnN multiplies by κ^θ, of two sides as in
    `ProcessNormalization`; gmN puts α·G in the place of the rate, N ~ Poisson(G); gmM multiplies by t from a Gamma density;
    rateParam multiplies by x, and param is a normal density of x.
    """
    rows = [line.split() for line in card.splitlines() if line.strip() and line[0] not in "#-"]
    table: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows:
        table[row[0]].append(row[1:])
    seen = dict(zip(table["bin"][0], map(float, table["observation"][0]), strict=True))
    bins, (processes, ids), rates = table["bin"][1], table["process"], [float(x) for x in table["rate"][0]]
    logs = [math.log(x) if x else -math.inf for x in rates]
    total, where = 0.0, {place: [i] for i, place in enumerate(zip(bins, processes, strict=True))}
    for i, number in enumerate(ids):
        logs[i] += math.log(values["r"]) if int(number) <= 0 else 0.0
    for name, *rest in rows[[row[0] for row in rows].index("rate") + 1 :]:
        if rest[0] == "lnN":
            total += float(norm.logpdf(values[name]))
            for i, entry in enumerate(rest[1 : len(bins) + 1]):
                logs[i] += 0.0 if entry == "-" else log_kappa(entry, values[name])
        elif rest[0] == "gmN":
            count, events = int(rest[1]), values[name]
            total += count * math.log(events) - events
            for i, entry in enumerate(rest[2 : len(bins) + 2]):
                logs[i] += 0.0 if entry == "-" else math.log(float(entry) * events) - math.log(rates[i])
        elif rest[0] == "gmM":
            (width,) = {float(x) for x in rest[1 : len(bins) + 1] if x != "-"}
            total += float(gamma.logpdf(values[name], width**-2, scale=width**2))
            for i, entry in enumerate(rest[1 : len(bins) + 1]):
                logs[i] += 0.0 if entry == "-" else math.log(values[name])
        elif rest[0] == "rateParam":
            for i in where.get((rest[1], rest[2]), []):
                logs[i] += math.log(values[name])
        elif rest[0] == "param":
            total += float(norm.logpdf(values[name], float(rest[1]), float(rest[2])))
        else:
            raise AssertionError(rest)
    sums = dict.fromkeys(seen, 0.0)
    for x, name in zip(logs, bins, strict=True):
        sums[name] += math.exp(x)
    for name, n in seen.items():
        expected = sums[name]
        total += (n * math.log(expected) if n else 0.0) - expected
    return total


def log_kappa(entry: str, theta: float) -> float:
    """θ·ln κ; of two sides Combine's ProcessNormalization::logKappaForX, from its source."""
    if "/" not in entry:
        return theta * math.log(float(entry))
    low, high = (math.log(float(x)) for x in entry.split("/"))
    if abs(theta) >= 0.5:
        return theta * (high if theta >= 0 else -low)
    twice = 2 * theta
    alpha = 0.125 * twice * (twice**2 * (3 * twice**2 - 10) + 15)
    return theta * (0.5 * (high - low) + alpha * 0.5 * (high + low))


def translated(card: str, built: BinnedLikelihood, theta: np.ndarray[Any, Any]) -> dict[str, float]:
    """Our parameters by the names of the card; G of a gmN is γ times its count."""
    counts = {row[0]: int(row[2]) for row in map(str.split, card.splitlines()) if row[1:2] == ["gmN"]}
    values = {"r": float(theta[0])}
    for parameter, value in zip(built.parameters[1:], theta[1:], strict=True):
        name = re.sub(r"\[(\d+)\]$", lambda m: "" if f"_{m[1]} " not in card else f"_{m[1]}", parameter.name)
        name = re.sub(r"[^A-Za-z0-9_]+", "_", name)
        values[name] = float(value) * counts.get(name, 1)
    return values


def random_points(built: BinnedLikelihood, seed: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    points = []
    for _ in range(POINTS):
        theta = [rng.uniform(0.1, 3.0)]
        for parameter in built.parameters[1:]:
            additive = parameter.constraint == "gaussian" and parameter.aux == 0
            theta.append(rng.normal() if additive else rng.uniform(0.5, 1.8))
        points.append(theta)
    return np.array(points)


def assert_same(card: str, built: BinnedLikelihood, tolerance: float = 1e-9) -> None:
    points = random_points(built, 5)
    own = -built.nll(points, built.observed)
    theirs = np.array([second_reader(card, translated(card, built, theta)) for theta in points])
    scale = np.maximum(1.0, np.abs(own - own[0]))
    assert (theirs - theirs[0]) / scale == pytest.approx((own - own[0]) / scale, abs=tolerance)


def as_combine_joins(document: dict[str, Any]) -> BinnedLikelihood:
    """A workspace with κ^θ, and two sides joined as Combine does: what a workspace itself cannot say."""
    built = load_workspace(document, normsys="code1")
    exponents = tuple(replace(e, blend=True) for e in built.shape.exponents)
    return replace(built, shape=replace(built.shape, exponents=exponents))


@pytest.fixture(scope="module", params=names())
def exported(request: pytest.FixtureRequest) -> tuple[Search, dict[str, Any], str]:
    """A search, its workspace and its card."""
    try:
        search = load(request.param)
        facts = search.hypothesis()
        if spectrum_channel(search) is not None:
            pytest.skip("a spectrum: below")
        point = facts.benchmark
        document = prepare(search, facts.name, point.mass_gev).document(point.coupling)
    except (LimitsError, KeyError, OSError) as error:
        pytest.skip(f"does not load: {error}")
    return search, document, export(search)["card.txt"]


def test_card_of_a_search(exported: tuple[Search, dict[str, Any], str]) -> None:
    """Text → second reader, text → our reader, and the workspace: one likelihood."""
    _, document, card = exported
    assert_same(card, as_combine_joins(document))
    assert_same(card, likelihood(card, "card"))
    # Symmetric lognormals of code 4 are κ^θ to 1e-8 of a rate; two sides are joined in another way.
    assert_same(card, load_workspace(document), 3e-2 if "lnN down/up" in card else 1e-7)


def test_limit_of_a_search(exported: tuple[Search, dict[str, Any], str]) -> None:
    search, _, card = exported
    facts = search.hypothesis()
    own = build(search, Hypothesis(facts.name, facts.benchmark.mass_gev, facts.benchmark.coupling))
    mine, read = (upper_limit(one, "cls", search.level, expected=False) for one in (own, likelihood(card, "card")))
    # How the two sides of 1 ± 0.22 are joined moves a limit by 0.3 %.
    assert read.observed_limit == pytest.approx(mine.observed_limit, rel=5e-3 if "lnN down/up" in card else 1e-6)


def test_round_trip_of_a_search(exported: tuple[Search, dict[str, Any], str]) -> None:
    card = exported[2]
    again = to_card(from_card(card, "card"))
    assert [line for line in again.splitlines() if line[0] != "#"] == [x for x in card.splitlines() if x[0] != "#"]
    assert to_card(from_card(again, "again")) == again


def test_spectrum() -> None:
    """A spectrum is its bins, with multipliers of the background; the data are expected counts, and the card says so."""
    search = load("belle2-4mu")
    card = export(search)["card.txt"]
    assert "# the observations are expected counts, not data\n" in card
    assert_same(card, likelihood(card, "card"), 1e-8)


def test_cards_at_masses() -> None:
    search = load("na64mu-zprime")
    cards = export(search, masses=[0.05, 0.2, 0.05])
    assert list(cards) == ["card.txt", "card_mass_0p05.txt", "card_mass_0p2.txt"]
    assert "at 0.05 GeV" in cards["card_mass_0p05.txt"]
    assert export(search)["card.txt"] == cards["card.txt"]
    alone = export(search, masses=[0.2])
    assert alone == {"card.txt": cards["card_mass_0p2.txt"]}
    with pytest.raises(InputError, match="mass"):
        export(search, masses=[1e6])


def test_a_region_far_from_its_benchmark_has_events() -> None:
    card = export(load("na62-aprime-mumu"), masses=[0.6])["card.txt"]
    assert sum(s["data"][0] for s in from_card(card, "card")["channels"][0]["samples"]) > 0.1


# ── modifiers that no search has ─────────────────────────────────────────────────────────────────────────────────────────────


def sample(name: str, data: list[float], *modifiers: tuple[str, str, Any]) -> dict[str, Any]:
    return {"name": name, "data": data, "modifiers": [{"name": n, "type": t, "data": d} for n, t, d in modifiers]}


def every_modifier() -> dict[str, Any]:
    """Two channels with everything that has a form in a card; γ of 3 and 4 events, the first not whole."""
    signal, lumi = ("mu", "normfactor", None), ("lumi", "lumi", None)
    first = [
        sample("signal", [2.0, 3.0], signal, lumi, ("κ", "normsys", {"hi": 1.2, "lo": 1 / 1.2})),
        sample("back 1", [5.0, 7.0], ("x-stat", "staterror", [1.0, 0.0]), ("norm", "normfactor", None)),
        sample("back 2", [6.0, 2.0], ("x-stat", "staterror", [0.5, 0.4]), ("shape", "shapefactor", None)),
        sample("back 3", [3.0, 4.0], ("own", "shapesys", [1.6, 2.0])),
    ]
    second = [sample("signal", [4.0], signal, lumi), sample("back 3", [9.0], lumi, ("norm", "normfactor", None))]
    parameters = [
        {"name": "lumi", "auxdata": [1.0], "sigmas": [0.02], "inits": [1.0], "bounds": [[0.5, 1.5]]},
        {"name": "norm", "inits": [0.9], "bounds": [[0.0, 5.0]]},
    ]
    return {
        "channels": [{"name": "a-b", "samples": first}, {"name": "2nd", "samples": second}],
        "observations": [{"name": "a-b", "data": [15.0, 11.0]}, {"name": "2nd", "data": [13.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": parameters}}],
        "version": "1.0.0",
    }


def test_every_modifier() -> None:
    """The text by the second reader against pyhf's own density."""
    document = every_modifier()
    card, workspace = to_card(document, comments=["first\nsecond"]), pyhf.Workspace(document)
    assert card.startswith("# first\n# second\n")
    settings = {"normsys": {"interpcode": "code1"}, "histosys": {"interpcode": "code4p"}}
    model = workspace.model(modifier_settings=settings)
    data, built = workspace.data(model), load_workspace(document, normsys="code1")
    rng, pairs = np.random.default_rng(3), []
    for _ in range(POINTS):
        values = {p.name: rng.uniform(0.6, 1.6) for p in built.parameters}
        order = [values.get(name, 1.0) for name in par_names(model)]
        names = {n: re.sub(r"[^A-Za-z0-9_]+", "_", n.rstrip("]")) for n in values} | {"mu": "r", "κ": "nuisance__"}
        named = {names[n]: v * (4 if n == "own[1]" else 1) for n, v in values.items()}
        pairs.append((second_reader(card, named), float(model.logpdf(order, data)[0])))
    theirs, own = np.array(pairs).T
    assert theirs - theirs[0] == pytest.approx(own - own[0], abs=1e-9)
    assert re.search(r"\nown_1 +gmN 4 ", card)
    assert "own_0_count" in card


def par_names(model: Any) -> list[str]:
    """pyhf's parameters as we call them: with [i] where a modifier has one per bin."""
    found = []
    for name in model.config.par_order:
        part = model.config.par_slice(name)
        size = part.stop - part.start
        found += [name] if model.config.param_set(name).is_scalar else [f"{name}[{i}]" for i in range(size)]
    return found
