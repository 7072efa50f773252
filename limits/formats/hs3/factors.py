"""What the factors of a document are in pyhf: free, or constrained by Gaussians or by a channel of auxiliary counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from limits.errors import InputError
from limits.formats.hs3.checking import shown
from limits.formats.hs3.collecting import Constraint
from limits.formats.hs3.model import Channel, Model, Modifier, Sample
from limits.formats.hs3.names import base_name

Parameters = tuple[str, ...]
Kind = Literal["normfactor", "shapefactor", "shapesys", "staterror", "lumi"]


class Factor(NamedTuple):
    """A factor under its name in pyhf; `sizes` are Gaussian widths or expected auxiliary counts by bin, 0 without a constraint."""

    name: str
    kind: Kind
    sizes: Sequence[float] = ()
    seen: Sequence[float] = ()
    """What the constraint was measured to be, by bin."""
    sideband: str | None = None
    """The channel that was nothing but the constraint."""


class Use(NamedTuple):
    """Where a factor stands."""

    channel: Channel
    sample: Sample
    modifier: Modifier


def factors(model: Model) -> dict[Parameters, Factor]:
    """Every list of parameters that multiplies a sample, and what it is.

    Raises:
        InputError: a constraint that pyhf has no place for, or a parameter that stands for two things.
    """
    uses: dict[Parameters, list[Use]] = {}
    for use in _uses(model.channels):
        if use.modifier.kind not in ("normsys", "histosys"):
            uses.setdefault(use.modifier.parameters, []).append(use)
    by_parameter: dict[str, list[Use]] = {}
    for use in _uses(model.channels):
        for parameter in use.modifier.parameters:
            by_parameter.setdefault(parameter, []).append(use)
    every = ((listed, _constrained(model, listed, at, by_parameter)) for listed, at in uses.items())
    found = {listed: factor for listed, factor in every if factor is not None}
    folded = {factor.sideband for factor in found.values()} - {None}
    names = {factor.name for factor in found.values()}
    for listed, at in uses.items():
        kept = [use for use in at if use.channel.name not in folded]
        if kept and listed not in found:
            found[listed] = factor = _plain(listed, kept, names)
            names.add(factor.name)
    _check_single(model, found)
    covered = {
        p for listed, f in found.items() if f.kind == "lumi" or (f.kind == "staterror" and f.sizes) for p in listed
    }
    for parameter in model.gaussians:
        if parameter not in covered:
            raise InputError(
                f"{model.where}: the Gaussian constraint of {shown(parameter)} is not supported: "
                "pyhf has one for lumi and for factors name[0], name[1], … of the bins of one channel"
            )
    return found


def _uses(channels: Sequence[Channel]) -> Iterator[Use]:
    for channel in channels:
        for sample in channel.samples:
            for modifier in sample.modifiers:
                yield Use(channel, sample, modifier)


def _constrained(
    model: Model, listed: Parameters, uses: Sequence[Use], by_parameter: Mapping[str, Sequence[Use]]
) -> Factor | None:
    """The factor, if it is lumi or a list name[0], name[1], … with constraints of one kind."""
    if listed == ("lumi",) and "lumi" in model.gaussians:
        return Factor("lumi", "lumi")
    base = base_name(listed)
    if base is None or model.poi in listed or any(u.modifier.kind in ("staterror", "shapesys") for u in uses):
        return None
    if any(parameter in model.gaussians for parameter in listed):
        if len({use.channel.name for use in uses}) > 1 or not _padded(model, listed, model.gaussians):
            return None
        given = [model.gaussians.get(p, Constraint(1.0, 0.0)) for p in listed]
        return Factor(base, "staterror", [g.error for g in given], [g.measured for g in given])
    return _counted(model, listed, base, by_parameter)


def _padded(model: Model, listed: Parameters, known: Mapping[str, object] | Parameters) -> bool:
    """Whether all parameters without a constraint are the constant 1."""
    rest = [model.parameter(p) for p in listed if p not in known]
    return all(p.constant and p.start == 1 for p in rest)


def _counted(model: Model, listed: Parameters, base: str, by_parameter: Mapping[str, Sequence[Use]]) -> Factor | None:
    """A shapesys: one sample has the factors, and one channel is nothing but their auxiliary counts."""
    # A factor may have no error in the first bins, so that any of the parameters may be the first of the counts.
    alone = [use for p in listed for use in by_parameter[p] if _nothing_else(use) and use.modifier.parameters[0] == p]
    # Of two such channels the one is meant that sees what it expects; to_hs3 writes it last.
    side = max(reversed(alone), key=lambda use: use.sample.contents == use.channel.counts, default=None)
    if side is None or min(side.sample.contents) <= 0:
        return None
    own = side.modifier.parameters
    others = {id(u.modifier): u for p in own for u in by_parameter[p] if u.channel is not side.channel}
    bins = [i for i, parameter in enumerate(listed) if parameter in own]
    if tuple(listed[i] for i in bins) != own or len(others) != 1 or not _padded(model, listed, own):
        return None
    (other,) = others.values()
    if other.modifier.parameters != listed or min(other.sample.contents[i] for i in bins) <= 0:
        return None
    by_bin = dict(zip(bins, zip(side.sample.contents, side.channel.counts, strict=True), strict=True))
    sizes, seen = zip(*(by_bin.get(i, (0.0, 0.0)) for i in range(len(listed))), strict=True)
    return Factor(base, "shapesys", sizes, seen, side.channel.name)


def _nothing_else(use: Use) -> bool:
    """Whether a channel is one sample with one factor."""
    alone = len(use.channel.samples) == 1 and len(use.sample.modifiers) == 1
    return alone and use.modifier.kind in ("normfactor", "shapefactor")


def _plain(listed: Parameters, uses: Sequence[Use], taken: set[str]) -> Factor:
    """A free factor, or a staterror or shapesys that the document calls so."""
    kinds = {use.modifier.kind for use in uses}
    use = uses[0]
    own = kinds & {"staterror", "shapesys"}
    if len(listed) == 1 and not own:
        return Factor(listed[0], "normfactor")
    if own and len(kinds) > 1:
        use.modifier.node.fail(f"its parameters are those of a {' and a '.join(sorted(kinds))}")
    if own and len({u.channel.name for u in uses}) > 1:
        use.modifier.node.fail("its parameters stand in two channels")
    if kinds == {"shapesys"} and len(uses) > 1:
        use.modifier.node.fail("its parameters stand in two samples")
    label = base_name(listed) or use.modifier.name
    name = label if label not in taken else f"{label}/{use.channel.name}"
    kind: Kind = "staterror" if own == {"staterror"} else "shapesys" if own else "shapefactor"
    return Factor(name, kind)


def _check_single(model: Model, found: Mapping[Parameters, Factor]) -> None:
    """Every parameter and every name stands for one thing."""
    pulls = {
        p for u in _uses(model.channels) if u.modifier.kind in ("normsys", "histosys") for p in u.modifier.parameters
    }
    names = [*(factor.name for factor in found.values()), *pulls]
    parameters = [*(p for listed in found for p in listed), *pulls]
    for what in (parameters, names):
        if len(set(what)) != len(what):
            twice = next(name for name in what if what.count(name) > 1)
            raise InputError(f"{model.where}: {shown(twice)} stands for two things, which pyhf cannot express")
