"""Likelihoods of any origin as one: the strength is common, and of the nuisances those that are declared to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limits.combine import Shared, checked_groups
from limits.errors import InputError
from limits.likelihood import Likelihood, Parameter
from limits.likelihood.binned import BinnedLikelihood
from limits.likelihood.joint import joint
from limits.likelihood.unbinned import UnbinnedLikelihood

Part = BinnedLikelihood | UnbinnedLikelihood


def joined(parts: Mapping[str, Part], shared: Shared | None = None) -> Likelihood:
    """Likelihoods by name as one; nuisances are named part/nuisance, those that are common shared/name.

    `shared`: name → "part/nuisance" of those that are the same. One likelihood is itself.

    Raises:
        UnknownName: a nuisance that no part has.
        InputError: none is given, or nuisances that cannot be the same.
    """
    own = {f"{name}/{_short(name, p)}": (name, p) for name, part in parts.items() for p in part.parameters[1:]}
    groups = checked_groups({full: name for full, (name, _) in own.items()}, shared or {})
    for group, names in groups.items():
        _check_alike(group, {name: own[name][1] for name in names})
    common = {name: group for group, names in groups.items() for name in names}
    ready = []
    for name, part in parts.items():
        short = [_short(name, p) for p in part.parameters]
        called = [common.get(f"{name}/{one}", one) for one in short]
        parameters = tuple(replace(p, name=one) for p, one in zip(part.parameters, called, strict=True))
        ready.append(replace(part, name=name, parameters=parameters))
    return ready[0] if len(ready) == 1 else joint(ready, list(groups))


def restricted(shared: Shared, parts: Mapping[str, Part]) -> dict[str, tuple[str, ...]]:
    """What of `shared` is left to be common if there are only these parts."""
    own = {f"{name}/{_short(name, p)}" for name, part in parts.items() for p in part.parameters[1:]}
    left = {group: tuple(n for n in names if n in own) for group, names in shared.items()}
    return {group: names for group, names in left.items() if len(names) > 1}


def _short(name: str, parameter: Parameter) -> str:
    """The nuisances of a search bear its name already."""
    return parameter.name.removeprefix(f"{name}/")


def _check_alike(group: str, parameters: Mapping[str, Parameter]) -> None:
    """Refuse nuisances with different constraints, and those that are counts: each has data of its own."""
    kinds = {(p.constraint, p.aux, p.scale) for p in parameters.values()}
    if len(kinds) > 1 or any(p.constraint == "poisson" for p in parameters.values()):
        said = ", ".join(f"{name}: {p.constraint}, {p.aux:g} ± {p.scale:g}" for name, p in parameters.items())
        raise InputError(f"{group}: only free nuisances, or Gaussian ones of one kind, can be the same; got {said}")
