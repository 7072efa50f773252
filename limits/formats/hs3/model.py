"""What an HS3 document says, in the words of HistFactory: channels of samples with modifiers, constraints, parameters."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, Final, NamedTuple

from limits.formats.hs3.checking import Node, shown
from limits.formats.hs3.collecting import Constraint
from limits.formats.hs3.names import decoded
from limits.formats.reading import check_depth

CHANNEL_KEYS: Final = ("name", "type", "axes", "samples", "barlow_beeston_method", "default_errors")
KINDS: Final = ("normfactor", "normsys", "histosys", "shapefactor", "shapesys", "staterror")
CONSTRAINTS: Final = {"normsys": "Gauss", "histosys": "Gauss", "staterror": "Gauss", "shapesys": "Poisson"}


class Modifier(NamedTuple):
    """One modifier of a sample; `parameters` are one for every bin of factors, otherwise one."""

    name: str
    kind: str
    parameters: tuple[str, ...]
    data: Node | None
    node: Node


class Sample(NamedTuple):
    """Expected events per bin, their errors, and what changes them."""

    name: str
    contents: list[float]
    errors: list[float]
    modifiers: list[Modifier]


class Channel(NamedTuple):
    """Samples and what was seen."""

    name: str
    samples: list[Sample]
    counts: list[float]


class Parameter(NamedTuple):
    """Start and range, as far as the document says."""

    start: float | None
    constant: bool
    bounds: tuple[float, float] | None


UNKNOWN: Final = Parameter(None, False, None)


class Model(NamedTuple):
    """The likelihood of one analysis; names are decoded. `where` is for messages."""

    where: str
    name: str
    poi: str
    channels: list[Channel]
    gaussians: dict[str, Constraint]
    parameters: dict[str, Parameter]

    def parameter(self, name: str) -> Parameter:
        """What is known of a parameter."""
        return self.parameters.get(name, UNKNOWN)


def understood(document: Mapping[str, Any], analysis: str | None, where: str) -> Model:
    """The model of one analysis of a document.

    Raises:
        InputError: the first thing that is wrong or not supported, and where.
    """
    check_depth(document, where)
    top = Node(document, where)
    version = top.child("metadata").text("hs3_version")
    if version.split(".")[:2] != ["0", "2"]:
        top.fail(f"metadata: hs3_version {version[:20]!r}: 0.2 is read")
    names = _check_names(top)
    chosen = _analysis(top, analysis)
    (poi, *more) = chosen.texts("parameters_of_interest")
    if more:
        chosen.fail(f"{len(more) + 1} parameters of interest: one is supported")
    likelihoods, distributions, data = (top.named(key) for key in ("likelihoods", "distributions", "data"))
    likelihood = _referred(chosen, likelihoods, chosen.text("likelihood"), "likelihood")
    likelihood.only(("name", "distributions", "data", "aux_distributions"))
    parameters = _parameters(top, chosen)
    pairs = likelihood.texts("distributions"), likelihood.texts("data")
    if len(pairs[0]) != len(pairs[1]):
        likelihood.fail(f"{len(pairs[0])} distributions and {len(pairs[1])} data")
    channels = []
    for one, counts in zip(*pairs, strict=True):
        distribution = _referred(likelihood, distributions, one, "distribution")
        channels.append(_channel(distribution, _referred(likelihood, data, counts, "data")))
    gaussians: dict[str, Constraint] = {}
    for name in likelihood.texts("aux_distributions") if "aux_distributions" in likelihood else ():
        _auxiliary(_referred(likelihood, distributions, name, "distribution"), parameters, gaussians, channels)
    if functions := {decoded(name) for name in top.named("functions")} & names:
        top.fail(f"functions: {shown(min(functions))} is used as a parameter: functions are not supported")
    if len({channel.name for channel in channels}) != len(channels):
        likelihood.fail("the name of a channel stands twice")
    return Model(where, decoded(chosen.text("name")), decoded(poi), channels, gaussians, parameters)


def _analysis(top: Node, wanted: str | None) -> Node:
    analyses = {decoded(name): node for name, node in top.named("analyses").items()}
    if wanted is None and len(analyses) == 1:
        return next(iter(analyses.values()))
    if wanted is None or wanted not in analyses:
        which = "" if wanted is None else f" {wanted!r} is not there"
        top.fail(f"analysis{which}: one of {', '.join(sorted(analyses))[:200] or 'none'} has to be named")
    return analyses[wanted]


def _referred(node: Node, known: Mapping[str, Node], name: str, what: str) -> Node:
    if name not in known:
        node.fail(f"{what} {name[:60]!r} is not in the document")
    return known[name]


def _parameters(top: Node, analysis: Node) -> dict[str, Parameter]:
    """Start values of the point that the analysis names, and the ranges of its domains."""
    bounds: dict[str, tuple[float, float]] = {}
    domains = top.named("domains")
    listed = analysis.texts("domains") if "domains" in analysis else []
    listed += [analysis.text("domain")] if "domain" in analysis else []
    for name in dict.fromkeys(listed):
        for axis in _referred(analysis, domains, name, "domain").nodes("axes"):
            if "min" in axis and "max" in axis:
                low, high = axis.number("min"), axis.number("max")
                if low > high:
                    axis.fail(f"min {low:g} is above max {high:g}")
                bounds[decoded(axis.text("name"))] = (low, high)
    points: dict[str, Node] = {}
    if "init" in analysis:
        points = _referred(analysis, top.named("parameter_points"), analysis.text("init"), "parameter point").named(
            "parameters"
        )
    found = {}
    for encoded_name, point in points.items():
        name = decoded(encoded_name)
        found[name] = Parameter(point.number("value"), point.flag("const"), bounds.get(name))
    return found | {n: Parameter(None, False, pair) for n, pair in bounds.items() if n not in found}


def _channel(node: Node, data: Node) -> Channel:
    if (kind := node.text("type")) != "histfactory_dist":
        node.fail(f"type {kind[:60]!r} is not supported: histfactory_dist is read")
    node.only(CHANNEL_KEYS)
    counts = _counts(data)
    samples = [_sample(sample, len(counts), node) for sample in node.nodes("samples", empty=False)]
    if len({sample.name for sample in samples}) != len(samples):
        node.fail("the name of a sample stands twice")
    return Channel(decoded(node.text("name")), samples, counts)


def _counts(node: Node) -> list[float]:
    if (kind := node.text("type")) != "binned":
        node.fail(f"type {kind[:60]!r} is not supported: binned is read")
    node.only(("name", "type", "contents", "axes"))
    counts = node.numbers("contents")
    if min(counts) < 0:
        node.fail(f"contents: {min(counts):g}: counts below 0 are not possible")
    bins = prod(_bins(axis) for axis in node.nodes("axes"))
    if "axes" in node and bins != len(counts):
        node.fail(f"{len(counts)} contents, the axes have {bins} bins")
    return counts


def _bins(axis: Node) -> int:
    if "edges" in axis:
        return len(axis.numbers("edges")) - 1
    bins = axis.number("nbins")
    return int(bins) if 1 <= bins <= 10**7 and bins == int(bins) else axis.fail(f"nbins = {bins:g}: a number of bins")


def _sample(node: Node, size: int, channel: Node) -> Sample:
    at = Node(node.content, f"{channel.where}: {node.where.rsplit(': ', 1)[-1]}")
    at.only(("name", "data", "modifiers"))
    data = at.child("data")
    contents = data.numbers("contents")
    errors = data.numbers("errors") if "errors" in data else [0.0] * len(contents)
    if {len(contents), len(errors)} != {size}:
        at.fail(f"{len(contents)} contents and {len(errors)} errors, the data have {size} bins")
    modifiers = [_modifier(m, size, channel) for m in at.nodes("modifiers")]
    keys = [(m.kind, m.parameters) for m in modifiers]
    if len(set(keys)) != len(keys):
        at.fail("two modifiers are the same")
    return Sample(decoded(at.text("name")), contents, errors, modifiers)


def _modifier(node: Node, size: int, channel: Node) -> Modifier:
    kind, name = node.text("type"), decoded(node.text("name"))
    if kind not in KINDS:
        node.fail(f"type {kind[:60]!r} is not supported: {', '.join(KINDS)} are read")
    per_bin = kind in ("shapefactor", "shapesys", "staterror")
    node.only(("name", "type", "data", "constraint", "parameters" if per_bin else "parameter"))
    if (constraint := node.content.get("constraint", CONSTRAINTS.get(kind))) != CONSTRAINTS.get(kind):
        node.fail(f"constraint {str(constraint)[:40]!r} is not supported for {kind}: {CONSTRAINTS.get(kind)} is read")
    if kind == "staterror" and "parameters" not in node:
        label = decoded(channel.text("name"))
        parameters: tuple[str, ...] = tuple(f"staterror_{label}_bin{i}" for i in range(size))
    else:
        parameters = tuple(map(decoded, node.texts("parameters") if per_bin else [node.text("parameter")]))
    if per_bin and len(parameters) != size:
        node.fail(f"{len(parameters)} parameters, the data have {size} bins")
    return Modifier(name, kind, parameters, node.child("data") if "data" in node else None, node)


def _auxiliary(
    node: Node, parameters: Mapping[str, Parameter], gaussians: dict[str, Constraint], channels: list[Channel]
) -> None:
    """A Gaussian constraint, or a Poisson count, which is a channel with one bin."""
    kind = node.text("type")
    if kind not in ("gaussian_dist", "poisson_dist"):
        node.fail(
            f"type {kind[:60]!r} is not supported among aux_distributions: gaussian_dist and poisson_dist are read"
        )
    node.only(("name", "type", "x", "mean", *(("sigma",) if kind == "gaussian_dist" else ())))
    parameter, measured = _measurement(node, parameters)
    if kind == "poisson_dist":
        if measured < 0 or not isinstance(node.content.get("mean"), str):
            node.fail("a count and a parameter as its mean are needed")
        factor = Modifier(parameter, "normfactor", (parameter,), None, node)
        sample = Sample("auxiliary", [1.0], [0.0], [factor])
        channels.append(Channel(decoded(node.text("name")), [sample], [measured]))
        return
    sigma = _number(node, "sigma", parameters)
    if sigma is None or not sigma > 0:
        node.fail(f"sigma = {shown(node.content.get('sigma'))}: a number > 0 or a constant is needed")
    if parameter in gaussians:
        node.fail(f"a second constraint of {shown(parameter)}")
    gaussians[parameter] = Constraint(measured, sigma)


def _measurement(node: Node, parameters: Mapping[str, Parameter]) -> tuple[str, float]:
    """The parameter, which may be the mean or x, and what was measured of it."""
    names = {key: decoded(node.text(key)) for key in ("mean", "x") if isinstance(node.content.get(key), str)}
    # A constant is the parameter only if nothing else can be.
    free = [key for key, name in names.items() if not parameters.get(name, UNKNOWN).constant] or list(names)
    measured = _number(node, "x" if free == ["mean"] else "mean", parameters) if len(free) == 1 else None
    if measured is None:
        node.fail("x and mean: one parameter, and a number or a constant are needed")
    return names[free[0]], measured


def _number(node: Node, key: str, parameters: Mapping[str, Parameter]) -> float | None:
    """A number, or that of a constant parameter; None for any other parameter."""
    if not isinstance(node.content.get(key), str):
        return node.number(key)
    known = parameters.get(decoded(node.text(key)), UNKNOWN)
    return known.start if known.constant else None


def _check_names(top: Node) -> set[str]:
    """All names, decoded; no two of them may then be the same."""
    raw: dict[str, str] = {}
    level: list[Any] = [top.content.get(key) for key in ("distributions", "domains", "parameter_points", "analyses")]
    while level:
        node = level.pop()
        if isinstance(node, Mapping | list | tuple):
            level += node.values() if isinstance(node, Mapping) else [v for v in node if not isinstance(v, int | float)]
        elif isinstance(node, str) and raw.setdefault(decoded(node), node) != node:
            top.fail(f"the names {shown(node)} and {shown(raw[decoded(node)])} cannot be told apart")
    return set(raw)
