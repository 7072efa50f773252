"""The parts of an HS3 document and how they refer to each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from limits.errors import InputError
from limits.formats.hs3.collecting import Collected, Constraint, Range
from limits.formats.hs3.names import encoded
from limits.provenance import provenance

VERSION: Final = "0.2.9"

LIKELIHOOD: Final = "likelihood"
DOMAIN: Final = "default_domain"
POINT: Final = "default_values"


def assembled(found: Collected, *, name: str, analysis: str, poi: str, misc: Mapping[str, Any]) -> dict[str, Any]:
    """The document of what was collected from a workspace.

    Raises:
        InputError: a channel, a constraint and a parameter whose names are the same.
    """
    channels = [*found.channels, *found.sidebands]
    distributions = [_channel(c.name, c.samples, len(c.counts)) for c in channels]
    data = [binned_data(c.name, c.counts) for c in channels]
    constraints = [gaussian(parameter, c) for parameter, c in found.auxiliary.items()]
    return joined(
        name=name,
        analysis=analysis,
        poi=poi,
        distributions=distributions,
        data=data,
        constraints=constraints,
        parameters=found.parameters,
        misc={**misc, "names": original_names(found)},
    )


def joined(
    *,
    name: str,
    analysis: str,
    poi: str,
    distributions: Sequence[dict[str, Any]],
    data: Sequence[dict[str, Any]],
    constraints: Sequence[dict[str, Any]],
    parameters: Mapping[str, Range],
    misc: Mapping[str, Any],
    components: Sequence[dict[str, Any]] = (),
    functions: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A whole document: `distributions` go with `data` in this order, `components` are what they are made of."""
    every = [*distributions, *components, *constraints]
    _check_names([d["name"] for d in (*every, *functions)] + [encoded(p) for p in parameters], name)
    auxiliary = {"aux_distributions": [c["name"] for c in constraints]} if constraints else {}
    likelihood = {
        "name": LIKELIHOOD,
        "distributions": [d["name"] for d in distributions],
        "data": [d["name"] for d in data],
        **auxiliary,
    }
    packages = [{"name": "limits", "version": str(provenance()["limits"])}]
    return {
        "metadata": {"hs3_version": VERSION, "packages": packages, "description": name},
        **({"functions": list(functions)} if functions else {}),
        "distributions": every,
        "data": list(data),
        "likelihoods": [likelihood],
        "domains": [{"name": DOMAIN, "type": "product_domain", "axes": _axes(parameters)}],
        "parameter_points": [{"name": POINT, "parameters": _points(parameters)}],
        "analyses": [
            {
                "name": encoded(analysis),
                "likelihood": LIKELIHOOD,
                "parameters_of_interest": [encoded(poi)],
                # Two versions of the format are about: one domain, and a list of them.
                "domains": [DOMAIN],
                "domain": DOMAIN,
                "init": POINT,
            }
        ],
        "misc": {"limits": dict(misc)},
    }


def _check_names(names: Sequence[str], where: str) -> None:
    """In HS3 a parameter, a function and a distribution share one set of names."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise InputError(f"{where}: {twice[0]!r}: one name for two of channels, constraints and parameters")


def _axes(parameters: Mapping[str, Range]) -> list[dict[str, Any]]:
    return [{"name": encoded(n), "min": r.low, "max": r.high} for n, r in parameters.items() if r.low < r.high]


def _points(parameters: Mapping[str, Range]) -> list[dict[str, Any]]:
    return [
        {"name": encoded(name), "value": r.start, **({"const": True} if r.constant else {})}
        for name, r in parameters.items()
    ]


def binned_axis(name: str, size: int) -> dict[str, Any]:
    """Bins without a meaning of their own: a workspace has no edges."""
    return {"name": f"obs_{encoded(name)}", "min": 0.0, "max": float(size), "nbins": size}


def _channel(name: str, samples: Sequence[dict[str, Any]], size: int) -> dict[str, Any]:
    return {
        "name": encoded(name),
        "type": "histfactory_dist",
        "axes": [binned_axis(name, size)],
        "samples": list(samples),
    }


def binned_data(name: str, counts: Sequence[float]) -> dict[str, Any]:
    """What was seen in a channel."""
    return {
        "name": f"data_{encoded(name)}",
        "type": "binned",
        "contents": list(counts),
        "axes": [binned_axis(name, len(counts))],
    }


def gaussian(parameter: str, constraint: Constraint) -> dict[str, Any]:
    """The constraint of one factor."""
    return {
        "name": f"constraint_{encoded(parameter)}",
        "type": "gaussian_dist",
        "x": constraint.measured,
        "mean": encoded(parameter),
        "sigma": constraint.error,
    }


def original_names(found: Collected) -> dict[str, str]:
    """Encoded name → name, for the names that are written in another way."""
    names = [*found.parameters, *(c.name for c in (*found.channels, *found.sidebands))]
    return {encoded(name): name for name in names if encoded(name) != name}
