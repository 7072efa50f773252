"""HistFactory likelihoods from pyhf workspaces (JSON 1.0.0).

The rates and derivatives are those of `limits.kernel`; they agree with pyhf's own to rounding. Interpolation: normsys code 4 and
histosys code 4p, pyhf's defaults; code 1 and 0 on request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from limits.errors import InputError, unknown
from limits.kernel import Binned, Exponents, Shifts
from limits.likelihood import Array, Parameter
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.counting import TINY
from limits.likelihood.workspace import Spec, check

FREE_TYPES: Final = ("normfactor", "shapefactor")


@dataclass
class _Builder:
    """Collects parameters and the terms that use them while the document is walked once."""

    config: dict[str, Any]
    n_samples: int
    n_bins: int
    where: str = "workspace"
    parameters: list[Parameter] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    products: list[list[tuple[int, int]]] = field(default_factory=list)
    normsys: dict[int, tuple[Array, Array]] = field(default_factory=dict)
    histosys: dict[int, tuple[Array, Array]] = field(default_factory=dict)

    def parameter(self, wanted: Parameter, base: str, position: int = 0) -> int:
        """Index of the parameter of that name, made with the measurement's settings on first use."""
        if wanted.name in self.index:
            return self.index[wanted.name]
        low, high = self.bounds(wanted, base, position)
        # A measurement's bounds are where pyhf's minimiser may walk; of those only the physical side is kept.
        self.index[wanted.name] = len(self.parameters)
        self.parameters.append(
            Parameter(
                wanted.name,
                float(self.setting(base, "inits", position, wanted.init)),
                wanted.lower if wanted.constraint != "free" else float(low),
                wanted.upper if wanted.constraint != "free" else float(high),
                wanted.constraint,
                float(self.setting(base, "auxdata", position, wanted.aux)),
                float(self.setting(base, "sigmas", position, wanted.scale)),
                bool(self.config.get(base, {}).get("fixed", wanted.fixed)),
            )
        )
        if self.parameters[-1].scale <= 0:
            raise InputError(f"{self.where}: parameter {base!r}: sigmas {self.parameters[-1].scale:g}: must be > 0")
        return self.index[wanted.name]

    def setting(self, base: str, key: str, position: int, default: Any) -> Any:
        """What the measurement says about a parameter, one entry per bin."""
        values = self.config.get(base, {}).get(key)
        if values is None:
            return default
        if position >= len(values):
            raise InputError(
                f"{self.where}: parameter {base!r}: {key} has {len(values)} entries, {position + 1} are needed"
            )
        return values[position]

    def bounds(self, wanted: Parameter, base: str, position: int) -> tuple[float, float]:
        """Where the measurement lets a parameter go."""
        pair = self.setting(base, "bounds", position, [wanted.lower, wanted.upper])
        if len(pair) != 2 or pair[0] > pair[1]:
            raise InputError(f"{self.where}: parameter {base!r}: bounds {pair}: must be [low, high]")
        return pair[0], pair[1]

    def multiply(self, parameter: int, sample: int, bins: Iterable[int]) -> None:
        self.products.append([(parameter, sample * self.n_bins + b) for b in bins])

    def pair(self, store: dict[int, tuple[Array, Array]], parameter: int) -> tuple[Array, Array]:
        return store.setdefault(
            parameter, (np.zeros((self.n_samples, self.n_bins)), np.zeros((self.n_samples, self.n_bins)))
        )

    def linear(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """(K, X) parameter indices that multiply each sample-bin."""
        size, n_par = self.n_samples * self.n_bins, len(self.parameters)
        columns: list[list[int]] = [[] for _ in range(size)]
        for term in self.products:
            for parameter, x in term:
                columns[x].append(parameter)
        depth = max(1, *map(len, columns))
        return np.array([c + [n_par] * (depth - len(c)) for c in columns], dtype=np.intp).T


@dataclass(frozen=True)
class _Place:
    """Where a sample stands: its row, its channel's bins, its nominal rates and those of the whole channel."""

    sample: int
    bins: range
    data: Array
    channel: str


def _measurement(document: Spec, name: str | None, where: str) -> Spec:
    by_name: dict[str, Spec] = {m["name"]: m for m in document["measurements"]}
    if name is None:
        name = document["measurements"][0]["name"]
    if name not in by_name:
        raise unknown("measurement", name, by_name, where)
    return by_name[name]


def load(
    document: Spec,
    *,
    measurement: str | None = None,
    where: str = "workspace",
    normsys: str = "code4",
    histosys: str = "code4p",
    checked: bool = False,
) -> BinnedLikelihood:
    """The likelihood of a pyhf workspace document; its parameter of interest becomes `parameters[0]`.

    A document that is known to be valid (`checked`) is not held against the schema, which takes longer than all else.

    Raises:
        InputError: not a valid workspace, no parameter of interest, a count below 0, mismatched lengths.
        UnknownName: no such measurement, or a parameter of interest that is no normfactor of any sample.
    """
    if not checked:
        check(document, where)
    chosen = _measurement(document, measurement, where)
    channels = sorted(document["channels"], key=lambda c: str(c["name"]))
    sizes = [len(c["samples"][0]["data"]) for c in channels]
    counts = _observations(document, channels, sizes, where)
    config = {p["name"]: p for p in chosen["config"].get("parameters", [])}
    poi = chosen["config"].get("poi", "")
    factors = {m["name"] for c in channels for s in c["samples"] for m in s["modifiers"] if m["type"] == "normfactor"}
    if poi not in factors:
        raise unknown("parameter of interest", poi, factors, f"{where}: measurement {chosen['name']!r}")
    builder = _Builder(config, sum(len(c["samples"]) for c in channels), sum(sizes), where)
    builder.parameter(Parameter(poi, 1.0, 0.0), poi)
    places = list(_places(channels, sizes, where))
    nominal = np.zeros((builder.n_samples, builder.n_bins))
    signal = np.zeros(builder.n_samples, dtype=bool)
    for place, sample in places:
        nominal[place.sample, place.bins.start : place.bins.stop] = place.data
        for modifier in sample["modifiers"]:
            if modifier["name"] == poi and modifier["type"] == "normfactor":
                signal[place.sample] = True
            else:
                _add(builder, place, modifier, f"{where}: {place.channel}/{sample['name']}/{modifier['name']}")
    _add_staterror(builder, places)
    bins = tuple(f"{c['name']}[{i}]" for c, n in zip(channels, sizes, strict=True) for i in range(n))
    return BinnedLikelihood(
        _shape(builder, nominal, signal, normsys, histosys), tuple(builder.parameters), counts, bins, where
    )


def _observations(document: Spec, channels: Sequence[Spec], sizes: Sequence[int], where: str) -> Array:
    by_name = {o["name"]: o["data"] for o in document["observations"]}
    for channel, size in zip(channels, sizes, strict=True):
        if channel["name"] not in by_name:
            raise unknown("observation for channel", channel["name"], by_name, where)
        if len(by_name[channel["name"]]) != size:
            raise InputError(
                f"{where}: observation {channel['name']!r}: {len(by_name[channel['name']])} bins, the channel has {size}"
            )
    counts = np.concatenate([np.asarray(by_name[c["name"]], dtype=float) for c in channels])
    if np.any(counts < 0):
        raise InputError(f"{where}: observations: {counts.min():g}: counts below 0 are not possible")
    return counts


def _places(channels: Sequence[Spec], sizes: Sequence[int], where: str) -> Iterator[tuple[_Place, Spec]]:
    row, start = 0, 0
    for channel, size in zip(channels, sizes, strict=True):
        for sample in channel["samples"]:
            if len(sample["data"]) != size:
                raise InputError(
                    f"{where}: {channel['name']}/{sample['name']}: {len(sample['data'])} bins, the channel has {size}"
                )
            yield (
                _Place(row, range(start, start + size), np.asarray(sample["data"], dtype=float), channel["name"]),
                sample,
            )
            row += 1
        start += size


def _add(builder: _Builder, place: _Place, modifier: Spec, where: str) -> None:
    """One modifier of one sample (staterror is added once all samples of a channel are known)."""
    name, kind, data = modifier["name"], modifier["type"], modifier["data"]
    size = len(place.bins)
    if (kind in ("shapesys",) and len(data) != size) or (
        kind == "histosys" and {len(data["hi_data"]), len(data["lo_data"])} != {size}
    ):
        raise InputError(f"{where}: {kind} does not have the channel's {size} bins")
    if kind == "normfactor":
        builder.multiply(builder.parameter(Parameter(name, 1.0, TINY), name), place.sample, place.bins)
    elif kind == "lumi":
        lumi = Parameter(name, 1.0, TINY, constraint="gaussian", aux=1.0)
        builder.multiply(builder.parameter(lumi, name), place.sample, place.bins)
    elif kind == "shapefactor":
        for i, b in enumerate(place.bins):
            builder.multiply(builder.parameter(Parameter(f"{name}[{i}]", 1.0, TINY), name, i), place.sample, [b])
    elif kind == "shapesys":
        for i, b in enumerate(place.bins):
            if place.data[i] > 0 and data[i] > 0:
                tau = float((place.data[i] / data[i]) ** 2)
                gamma = Parameter(f"{name}[{i}]", 1.0, TINY, constraint="poisson", aux=tau, scale=tau)
                builder.multiply(builder.parameter(gamma, name, i), place.sample, [b])
    elif kind == "normsys":
        if not (data["hi"] > 0 and data["lo"] > 0):
            raise InputError(f"{where}: normsys {data}: both factors must be > 0")
        high, low = builder.pair(builder.normsys, builder.parameter(Parameter(name, 0.0, constraint="gaussian"), name))
        high[place.sample, list(place.bins)] = np.log(data["hi"])
        low[place.sample, list(place.bins)] = np.log(data["lo"])
    elif kind == "histosys":
        up, down = builder.pair(builder.histosys, builder.parameter(Parameter(name, 0.0, constraint="gaussian"), name))
        up[place.sample, list(place.bins)] = np.asarray(data["hi_data"]) - place.data
        down[place.sample, list(place.bins)] = place.data - np.asarray(data["lo_data"])
    elif kind != "staterror":
        raise unknown(
            "modifier type", kind, (*FREE_TYPES, "lumi", "shapesys", "staterror", "normsys", "histosys"), where
        )


def _add_staterror(builder: _Builder, places: Sequence[tuple[_Place, Spec]]) -> None:
    """One Gaussian multiplier per bin, shared by the samples of a channel that carry it: relative width √Σδ²/Σν (HistFactory)."""
    groups: dict[tuple[str, str], list[tuple[_Place, Array]]] = {}
    for place, sample in places:
        for modifier in sample["modifiers"]:
            if modifier["type"] == "staterror":
                groups.setdefault((place.channel, modifier["name"]), []).append(
                    (place, np.asarray(modifier["data"], dtype=float))
                )
    for (_, name), members in groups.items():
        total = np.sum([place.data for place, _ in members], axis=0)
        error = np.sqrt(np.sum([data**2 for _, data in members], axis=0))
        for i, b in enumerate(members[0][0].bins):
            if total[i] <= 0 or error[i] <= 0:
                continue
            gamma = Parameter(
                f"{name}[{i}]", 1.0, TINY, constraint="gaussian", aux=1.0, scale=float(error[i] / total[i])
            )
            index = builder.parameter(gamma, name, i)
            for place, _ in members:
                builder.multiply(index, place.sample, [b])


def _shape(
    builder: _Builder, nominal: Array, signal: np.ndarray[Any, np.dtype[np.bool_]], normsys: str, histosys: str
) -> Binned:
    for label, value, known in (("normsys", normsys, ("code1", "code4")), ("histosys", histosys, ("code0", "code4p"))):
        if value not in known:
            raise unknown(f"{label} interpolation", value, known)
    size = nominal.size

    def stack(store: dict[int, tuple[Array, Array]], which: int) -> Array:
        return np.array([pair[which].ravel() for pair in store.values()]).reshape(-1, size)

    parameters = builder.parameters
    constrained = [i for i, p in enumerate(parameters) if p.constraint != "free"]
    keys = [np.array(list(store), dtype=np.intp) for store in (builder.normsys, builder.histosys)]
    return Binned(
        nominal=nominal,
        signal=signal,
        linear=builder.linear(),
        exponents=(Exponents(keys[0], stack(builder.normsys, 0), stack(builder.normsys, 1), normsys == "code4"),),
        shifts=Shifts(keys[1], stack(builder.histosys, 0), stack(builder.histosys, 1), histosys == "code4p"),
        constrained=np.array(constrained, dtype=np.intp),
        scale=np.array([parameters[i].scale for i in constrained]),
        poisson=np.array([parameters[i].constraint == "poisson" for i in constrained], dtype=bool),
        n_par=len(parameters),
    )
