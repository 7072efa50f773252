"""What is in a likelihood: channels, samples, what changes them, parameters, and totals of data and expectation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from limits.inference.results import finite
from limits.likelihood import Likelihood, Parameter
from limits.likelihood.workspace import Spec


def inspected(workspace: Spec, likelihood: Likelihood) -> dict[str, Any]:
    """The contents of a valid pyhf workspace and the parameters of its likelihood, as JSON values. Expectations are nominal."""
    data = {one["name"]: one["data"] for one in workspace["observations"]}
    channels = [
        {
            "name": channel["name"],
            "bins": len(data[channel["name"]]),
            "observed": float(np.sum(data[channel["name"]])),
            "samples": [_sample(sample) for sample in channel["samples"]],
        }
        for channel in sorted(workspace["channels"], key=lambda c: str(c["name"]))
    ]
    samples = {sample["name"] for channel in workspace["channels"] for sample in channel["samples"]}
    return {
        "parameter_of_interest": likelihood.parameters[0].name,
        "channels": channels,
        "samples": sorted(samples),
        "modifiers": _modifiers(workspace),
        "parameters": [_parameter(p) for p in likelihood.parameters],
        "measurements": [_measurement(measurement) for measurement in workspace["measurements"]],
        "observed": sum(channel["observed"] for channel in channels),
        "signal": finite(likelihood.nominal_signal),
    }


def _sample(sample: Spec) -> dict[str, Any]:
    kinds = [{"name": m["name"], "type": m["type"]} for m in sample["modifiers"]]
    return {"name": sample["name"], "expected": float(np.sum(sample["data"])), "modifiers": kinds}


def _modifiers(workspace: Spec) -> list[dict[str, Any]]:
    """Every modifier with the samples it changes, as channel/sample."""
    found: dict[tuple[str, str], list[str]] = {}
    for (name, kind), where in _uses(workspace):
        found.setdefault((name, kind), []).append(where)
    return [{"name": name, "type": kind, "on": found[name, kind]} for name, kind in sorted(found)]


def _uses(workspace: Spec) -> Iterator[tuple[tuple[str, str], str]]:
    for channel in workspace["channels"]:
        for sample in channel["samples"]:
            for modifier in sample["modifiers"]:
                yield (modifier["name"], modifier["type"]), f"{channel['name']}/{sample['name']}"


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "constraint": parameter.constraint,
        "init": finite(parameter.init),
        "lower": finite(parameter.lower),
        "upper": finite(parameter.upper),
        "fixed": parameter.fixed,
    }


def _measurement(measurement: Spec) -> dict[str, Any]:
    config = measurement["config"]
    return {"name": measurement["name"], "poi": config["poi"], "set": [p["name"] for p in config.get("parameters", [])]}
