"""An HS3 document as a pyhf workspace, or one line that says what is not supported and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import Any, Final, Literal

import numpy as np

from limits.errors import InputError
from limits.formats.hs3.checking import Node, shown
from limits.formats.hs3.factors import Factor, Parameters, factors
from limits.formats.hs3.model import Channel, Model, Modifier, Sample, understood
from limits.formats.reading import parse_object
from limits.likelihood.workspace import check

DIFFERENCE: Final = 1e-5
"""Relative difference of a rate that another interpolation may make: a lognormal of κ = 2 stays below it."""

LINEAR: Final = 1e-9
"""Relative asymmetry up to which a histosys is one straight line, the same in every interpolation."""

PYHF_RANGE: Final = (0.0, 10.0)
"""Range of a factor in a pyhf workspace that names none."""

Convention = Literal["error", "counts"]


def read(content: str | bytes, where: str = "document", **options: Any) -> dict[str, Any]:
    """The pyhf workspace of the text of an HS3 document: at most 64 MB, 32 deep. `options` are those of `from_hs3`.

    Raises:
        InputError: no such document, or one that is not supported.
    """
    return from_hs3(parse_object(content, where), where=where, **options)


def from_hs3(
    document: Mapping[str, Any],
    *,
    analysis: str | None = None,
    shapesys: Convention | None = None,
    where: str = "document",
) -> dict[str, Any]:
    """The pyhf workspace (JSON 1.0.0) with the likelihood of one analysis of an HS3 document 0.2.

    Read are `histfactory_dist` channels with binned data and the modifiers normfactor, shapefactor, normsys (code4, or code1 where
    that is the same to 1e-5), histosys (code4p, or code0 where it is a straight line) and staterror (Gauss), and `gaussian_dist`
    and `poisson_dist` among the `aux_distributions`. What `to_hs3` writes comes back as it was: a channel that only holds the
    auxiliary counts of factors name[0], name[1], … is a shapesys again, Gaussians of such factors are a staterror, and that of the
    factor lumi is pyhf's. Any other sideband stays a channel.

    The `vals` of a shapesys are errors in pyhs3 and auxiliary counts in ROOT: they are read only if `shapesys` says which.
    Expressions are never evaluated. A prior is no part of the likelihood and is not read.

    Raises:
        InputError: the first thing that is wrong or not supported, and where it stands.
    """
    model = understood(document, analysis, where)
    known = factors(model)
    folded = {factor.sideband for factor in known.values()}
    kept = [channel for channel in model.channels if channel.name not in folded]
    channels = [_channel(channel, known, shapesys) for channel in kept]
    strength = known.get((model.poi,))
    if strength is None or strength.kind != "normfactor":
        raise InputError(f"{where}: parameter of interest {shown(model.poi)}: it is no normfactor of any sample")
    config = {"poi": model.poi, "parameters": _settings(model, known)}
    workspace = {
        "channels": channels,
        "observations": [{"name": c.name, "data": c.counts} for c in kept],
        "measurements": [{"name": model.name, "config": config}],
        "version": "1.0.0",
    }
    check(workspace, where)
    return workspace


# ── modifiers ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _channel(channel: Channel, known: Mapping[Parameters, Factor], shapesys: Convention | None) -> dict[str, Any]:
    samples = [
        {
            "name": sample.name,
            "data": sample.contents,
            "modifiers": [_modifier(channel, sample, m, known, shapesys) for m in sample.modifiers],
        }
        for sample in channel.samples
    ]
    return {"name": channel.name, "samples": samples}


def _modifier(
    channel: Channel, sample: Sample, m: Modifier, known: Mapping[Parameters, Factor], shapesys: Convention | None
) -> dict[str, Any]:
    if m.kind in ("normsys", "histosys"):
        data = _normsys(_data(m)) if m.kind == "normsys" else _histosys(_data(m), sample.contents)
        return {"name": m.parameters[0], "type": m.kind, "data": data}
    factor = known[m.parameters]
    found: list[float] | None = None
    if m.kind == "staterror":
        found = _staterror(channel, sample, m)
    elif m.kind == "shapesys":
        found = _shapesys(_data(m), sample, shapesys)
    elif factor.kind == "staterror":
        found = _shared(channel, m, factor)
    elif factor.kind == "shapesys":
        found = [b / sqrt(tau) if tau else 0.0 for b, tau in zip(sample.contents, factor.sizes, strict=True)]
    return {"name": factor.name, "type": factor.kind, "data": found}


def _data(m: Modifier) -> Node:
    return m.data if m.data is not None else m.node.fail("data are missing")


def _normsys(data: Node) -> dict[str, float]:
    data.only(("hi", "lo", "interpolation"))
    high, low = data.number("hi"), data.number("lo")
    if not (high > 0 and low > 0):
        data.fail(f"hi = {high:g}, lo = {low:g}: both factors must be > 0")
    code = data.text("interpolation") if "interpolation" in data else "code4"
    if code not in ("code1", "code4"):
        data.fail(f"interpolation {shown(code)} is not supported: code1 and code4 are read")
    if code == "code1" and (difference := code_difference(high, low)) > DIFFERENCE:
        data.fail(f"code1 with hi = {high:g}, lo = {low:g} is not pyhf's code4: rates differ by {difference:.1g}")
    return {"hi": high, "lo": low}


def code_difference(high: float, low: float) -> float:
    """Largest relative difference between the exponentials of code1 and pyhf's code4 between −1 and 1.

    Source: HistFactory's code 4, a polynomial of sixth order whose value and first two derivatives are those of the exponentials at ±1.
    """
    k = np.arange(1, 7)
    derivatives = [np.ones(6), k, k * (k - 1)]
    rows = np.array([sign ** (k - n) * d for sign in (1.0, -1.0) for n, d in enumerate(derivatives)])
    up, down = log(high), -log(low)
    sides = ((high, up), (low, down))
    wanted = np.array([value * slope**n - (n == 0) for value, slope in sides for n in range(3)])
    coefficients = np.linalg.solve(rows, wanted)
    at = np.linspace(-1, 1, 201)
    polynomial = 1 + (at[:, None] ** k) @ coefficients
    return float(np.max(np.abs(polynomial / np.exp(np.where(at > 0, up, down) * at) - 1)))


def _histosys(data: Node, nominal: list[float]) -> dict[str, list[float]]:
    data.only(("hi", "lo", "interpolation"))
    sides = {side: data.child(side).numbers("contents") for side in ("hi", "lo")}
    if {len(v) for v in sides.values()} != {len(nominal)}:
        data.fail(f"{len(sides['hi'])} and {len(sides['lo'])} contents, the data have {len(nominal)} bins")
    code = data.text("interpolation") if "interpolation" in data else "code4p"
    if code not in ("code0", "code4p"):
        data.fail(f"interpolation {shown(code)} is not supported: code0 and code4p are read")
    high, low, centre = (np.array(v) for v in (sides["hi"], sides["lo"], nominal))
    size = np.abs(high) + np.abs(low) + np.abs(centre)
    if code == "code0" and np.any(np.abs(high + low - 2 * centre) > LINEAR * size):
        data.fail("code0 with a kink is not pyhf's code4p")
    return {"hi_data": sides["hi"], "lo_data": sides["lo"]}


def _staterror(channel: Channel, sample: Sample, m: Modifier) -> list[float]:
    """Errors of the sample; written with the modifier they are constraints of every sample, which is the same for one."""
    if m.data is None:
        return sample.errors
    carriers = [s for s in channel.samples if any(o.parameters == m.parameters for o in s.modifiers)]
    m.data.only(("uncertainties",))
    errors = m.data.numbers("uncertainties")
    if len(carriers) != 1 or len(errors) != len(sample.contents):
        m.node.fail("uncertainties are supported for one sample of a channel, one for each bin")
    return errors


def _shapesys(data: Node, sample: Sample, convention: Convention | None) -> list[float]:
    data.only(("vals",))
    values = data.numbers("vals")
    if convention is None:
        data.fail("vals of a shapesys are errors for some readers and auxiliary counts for others: say which they are")
    if len(values) != len(sample.contents) or min(values) < 0:
        data.fail(f"{len(values)} vals, the data have {len(sample.contents)} bins, and none may be below 0")
    if convention == "error":
        return values
    return [abs(b) / sqrt(tau) if tau > 0 else 0.0 for b, tau in zip(sample.contents, values, strict=True)]


def _shared(channel: Channel, m: Modifier, factor: Factor) -> list[float]:
    """Errors of one of the samples that share a Gaussian factor: together they have its width."""
    carriers = [s for s in channel.samples if any(o.parameters == m.parameters for o in s.modifiers)]
    totals = [sum(s.contents[i] for s in carriers) for i in range(len(factor.sizes))]
    if any(width and not total > 0 for width, total in zip(factor.sizes, totals, strict=True)):
        m.node.fail("a Gaussian factor on nothing is not supported")
    return [width * total / sqrt(len(carriers)) for width, total in zip(factor.sizes, totals, strict=True)]


# ── parameters ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _settings(model: Model, known: Mapping[Parameters, Factor]) -> list[dict[str, Any]]:
    """What the measurement has to say: everything that is not pyhf's default."""
    every = (m for c in model.channels for s in c.samples for m in s.modifiers)
    pulls = dict.fromkeys(m.parameters[0] for m in every if m.kind in ("normsys", "histosys"))
    found = [_setting(model, name, (name,), 0.0, (), bounded=False) for name in pulls]
    for listed, factor in known.items():
        sizes = factor.sizes
        found.append(_setting(model, factor.name, listed, 1.0, sizes, bounded=factor.kind.endswith("factor")))
        if factor.kind == "lumi":
            measured, error = model.gaussians["lumi"]
            found[-1] = {
                "bounds": [list(PYHF_RANGE)],
                "inits": [1.0],
                **found[-1],
                "auxdata": [measured],
                "sigmas": [error],
            }
        elif list(factor.seen) != ([1.0] * len(sizes) if factor.kind == "staterror" else list(sizes)):
            found[-1]["auxdata"] = list(factor.seen)
    return [setting for setting in found if len(setting) > 1]


def _live(listed: Parameters, sizes: Sequence[float]) -> list[str]:
    """Parameters of the bins that have a constraint, if those are known."""
    return [p for p, size in zip(listed, sizes, strict=True) if size] if sizes else list(listed)


def _setting(
    model: Model, name: str, listed: Parameters, standard: float, sizes: Sequence[float], *, bounded: bool
) -> dict[str, Any]:
    parameters = [model.parameter(p) for p in listed]
    setting: dict[str, Any] = {"name": name}
    starts = [standard if p.start is None else p.start for p in parameters]
    if any(start != standard for start in starts):
        setting["inits"] = starts
    ranges = [p.bounds or PYHF_RANGE for p in parameters]
    if bounded and any(pair != PYHF_RANGE for pair in ranges):
        setting["bounds"] = [list(pair) for pair in ranges]
    constant = [model.parameter(p).constant for p in _live(listed, sizes)]
    if any(constant):
        if not all(constant):
            raise InputError(
                f"{model.where}: {shown(name)}: some are constant and some are not, which pyhf cannot express"
            )
        setting["fixed"] = True
    return setting
