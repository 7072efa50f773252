"""A pyhf workspace as an HS3 document of `histfactory_dist` channels.

What pyhf leaves implicit is written out, so that no reader has to guess: see `to_hs3`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from limits.errors import InputError, unknown
from limits.formats.hs3.collecting import Channel, Collected
from limits.formats.hs3.document import assembled
from limits.formats.hs3.names import bin_name, encoded
from limits.likelihood.workspace import Spec, check

SYMMETRIC: Final = 1e-9
"""|ln hi + ln lo| up to which a lognormal is symmetric: what rounding to twelve digits leaves."""

NOTE_CODE4: Final = (
    "Lognormals that are not symmetric have interpolation code4, pyhf's default: pyhf and pyhs3 evaluate it alike, "
    "ROOT and Combine join the two sides in another way."
)
NOTE_CODE1: Final = "Lognormals have interpolation code1: exactly kappa to the power theta."
NOTE_POISSON: Final = (
    "An auxiliary Poisson count (pyhf's shapesys) is a channel of its own that shares the factor: "
    "readers disagree on what vals means."
)
NOTE_GAUSSIAN: Final = (
    "A Gaussian factor (pyhf's staterror and lumi) is a free factor with a gaussian_dist among the aux_distributions."
)


def to_hs3(
    workspace: Spec,
    *,
    name: str,
    misc: Mapping[str, Any] | None = None,
    measurement: str | None = None,
    checked: bool = False,
) -> dict[str, Any]:
    """The HS3 document (0.2.9, as pyhs3 0.4 and this package read it) of a pyhf workspace (JSON 1.0.0): the same likelihood.

    | pyhf        | here                                                                                                   |
    |-------------|--------------------------------------------------------------------------------------------------------|
    | normfactor  | `normfactor`                                                                                           |
    | normsys     | `normsys`, code1 if all lognormals of the workspace are symmetric, otherwise code4 for all             |
    | histosys    | `histosys`, code4p                                                                                     |
    | shapefactor | `shapefactor` (`normfactor` in a channel of one bin) with a parameter for every bin                    |
    | lumi        | `normfactor` and a `gaussian_dist` among the `aux_distributions`                                       |
    | staterror   | a factor for every bin and a `gaussian_dist` for each: √Σδ²/Σν over the samples of the channel          |
    | shapesys    | a factor for every bin, shared with one more channel in which τ = (ν/δ)² events are seen and expected  |

    Symmetric lognormals: pyhf's code4 is code1 to 4e-9 at κ = 1.3 and 4e-6 at κ = 2. Asymmetric ones are the same in pyhf and pyhs3
    only; `misc` says so. A bin without an error has a constant factor 1. Names are those of `limits.formats.hs3.names`.
    `misc` is the caller's own, and a checked workspace is not held against pyhf's schema again.

    Raises:
        InputError: not a valid workspace; a staterror of two channels or a shapesys of two samples; a measurement that moves the
            constraint of a normsys or histosys; one name for two things.
        UnknownName: no such measurement.
    """
    if not checked:
        check(workspace, name)
    chosen = _measurement(workspace, measurement, name)
    config = {p["name"]: p for p in chosen["config"].get("parameters", [])}
    found = Collected(name, config)
    symmetric = all(map(_symmetric, _modifiers(workspace, "normsys")))
    code = "code1" if symmetric else "code4"
    counts = {o["name"]: o["data"] for o in workspace["observations"]}
    for channel in workspace["channels"]:
        if channel["name"] not in counts:
            raise unknown("observation for channel", channel["name"], counts, name)
        _add_channel(found, channel, counts[channel["name"]], code)
    poi = chosen["config"].get("poi", "")
    if poi not in {m["name"] for m in _modifiers(workspace, "normfactor")}:
        raise InputError(f"{name}: parameter of interest {poi!r}: it is no normfactor of any sample")
    notes = [NOTE_CODE1 if symmetric else NOTE_CODE4] if any(_modifiers(workspace, "normsys")) else []
    notes += [NOTE_POISSON] if any(_modifiers(workspace, "shapesys")) else []
    notes += [NOTE_GAUSSIAN] if found.auxiliary else []
    return assembled(found, name=name, analysis=chosen["name"], poi=poi, misc={**(misc or {}), "notes": notes})


def _measurement(workspace: Spec, wanted: str | None, where: str) -> Spec:
    by_name: dict[str, Spec] = {m["name"]: m for m in workspace["measurements"]}
    chosen = workspace["measurements"][0]["name"] if wanted is None else wanted
    if chosen not in by_name:
        raise unknown("measurement", chosen, by_name, where)
    return by_name[chosen]


def _modifiers(workspace: Spec, kind: str) -> list[Spec]:
    every: Iterable[Spec] = (m for c in workspace["channels"] for s in c["samples"] for m in s["modifiers"])
    return [m for m in every if m["type"] == kind]


def _symmetric(modifier: Spec) -> bool:
    high, low = modifier["data"]["hi"], modifier["data"]["lo"]
    return high > 0 and low > 0 and abs(math.log(high) + math.log(low)) <= SYMMETRIC


def _add_channel(found: Collected, channel: Spec, counts: Sequence[float], code: str) -> None:
    name, samples = channel["name"], channel["samples"]
    size = len(counts)
    for sample in samples:
        if len(sample["data"]) != size:
            raise InputError(
                f"{found.where}: {name}/{sample['name']}: {len(sample['data'])} bins, the data have {size}"
            )
    _add_staterrors(found, channel, size)
    written = []
    for sample in samples:
        where = f"{found.where}: {name}/{sample['name']}"
        modifiers = [_modifier(found, sample, m, code, where) for m in sample["modifiers"]]
        written.append(_sample(sample["name"], sample["data"], modifiers))
    found.channels.append(Channel(name, written, [float(n) for n in counts]))


def _sample(name: str, contents: Sequence[float], modifiers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    values = [float(v) for v in contents]
    return {
        "name": encoded(name),
        "data": {"contents": values, "errors": [0.0] * len(values)},
        "modifiers": list(modifiers),
    }


def _modifier(found: Collected, sample: Spec, modifier: Spec, code: str, where: str) -> dict[str, Any]:
    name, kind, data = modifier["name"], modifier["type"], modifier["data"]
    size, where = len(sample["data"]), f"{where}/{name}"
    if kind == "normfactor":
        found.free(name, name, (0.0, 10.0))
        return _factor(name, [name])
    if kind == "lumi":
        found.gaussian(name, name, 0, (1.0, 1.0), (0.0, 10.0))
        return _factor(name, [name])
    if kind in ("shapefactor", "shapesys", "staterror"):
        if kind == "shapefactor":
            for i in range(size):
                found.free(bin_name(name, i), name, (0.0, 10.0), i)
        elif kind == "shapesys":
            _add_shapesys(found, sample["data"], name, data, where)
        return _factor(name, [bin_name(name, i) for i in range(size)])
    if kind in ("normsys", "histosys"):
        return _interpolated(found, name, kind, data, code, (size, where))
    raise unknown(
        "modifier type",
        kind,
        ("normfactor", "normsys", "histosys", "lumi", "shapefactor", "shapesys", "staterror"),
        where,
    )


def _factor(name: str, parameters: Sequence[str]) -> dict[str, Any]:
    """A `normfactor` if there is one parameter, else a `shapefactor`."""
    if len(parameters) == 1:
        return {"name": encoded(name), "type": "normfactor", "parameter": encoded(parameters[0])}
    return {"name": encoded(name), "type": "shapefactor", "parameters": [encoded(p) for p in parameters]}


def _interpolated(found: Collected, name: str, kind: str, data: Spec, code: str, at: tuple[int, str]) -> dict[str, Any]:
    """A normsys or histosys; its Gaussian of mean 0 and width 1 is part of the modifier."""
    size, where = at
    found.pulled(name)
    if kind == "normsys":
        if not (data["hi"] > 0 and data["lo"] > 0):
            raise InputError(f"{where}: normsys {data}: both factors must be > 0")
        content = {"hi": float(data["hi"]), "lo": float(data["lo"]), "interpolation": code}
    else:
        if {len(data["hi_data"]), len(data["lo_data"])} != {size}:
            raise InputError(f"{where}: histosys does not have the channel's {size} bins")
        sides = {side: {"contents": [float(v) for v in data[f"{side}_data"]]} for side in ("hi", "lo")}
        content = {**sides, "interpolation": "code4p"}
    return {
        "name": encoded(name),
        "type": kind,
        "parameter": encoded(name),
        "constraint": "Gauss",
        "data": content,
    }


def _add_shapesys(found: Collected, nominal: Sequence[float], name: str, errors: Sequence[float], where: str) -> None:
    """One channel with the auxiliary counts of every bin that has an error."""
    if len(errors) != len(nominal):
        raise InputError(f"{where}: shapesys does not have the channel's {len(nominal)} bins")
    expected, seen, parameters = [], [], []
    for i, (events, error) in enumerate(zip(nominal, errors, strict=True)):
        if not (events > 0 and error > 0):
            found.constant(bin_name(name, i), name)
            continue
        tau = float(found.setting(name, "sigmas", i, (events / error) ** 2))
        expected.append(tau)
        seen.append(float(found.setting(name, "auxdata", i, tau)))
        found.free(bin_name(name, i), name, (1e-10, 10.0), i, alone=True)
        parameters.append(bin_name(name, i))
    if expected:
        sample = _sample("auxiliary", expected, [_factor(name, parameters)])
        found.sidebands.append(Channel(f"auxiliary/{name}", [sample], seen))


def _add_staterrors(found: Collected, channel: Spec, size: int) -> None:
    """One Gaussian factor per bin, shared by the samples of the channel that carry it."""
    groups: dict[str, list[tuple[Sequence[float], Sequence[float]]]] = {}
    for sample in channel["samples"]:
        for m in sample["modifiers"]:
            if m["type"] == "staterror":
                if {len(m["data"]), len(sample["data"])} != {size}:
                    raise InputError(
                        f"{found.where}: {channel['name']}/{sample['name']}/{m['name']}: staterror does not have the channel's {size} bins"
                    )
                groups.setdefault(m["name"], []).append((sample["data"], m["data"]))
    for name, members in groups.items():
        for i in range(size):
            total = sum(events[i] for events, _ in members)
            error = math.sqrt(sum(errors[i] ** 2 for _, errors in members))
            if total > 0 and error > 0:
                found.gaussian(bin_name(name, i), name, i, (1.0, error / total), (1e-10, 10.0), alone=True)
            else:
                found.constant(bin_name(name, i), name)
