"""HS3 documents of a search: its workspace at the benchmark or at masses, and a spectrum without bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from limits.assemble import Prepared, prepare
from limits.errors import InputError
from limits.formats.hs3.spectrum import spectrum_to_hs3
from limits.formats.hs3.writing import to_hs3
from limits.hunt.masses import spectrum_channel
from limits.kernel.linear.shapes import CrystalBall
from limits.search import HypothesisFacts, Search
from limits.signals.samples import Asimov

DIGITS: Final = 12
"""Significant digits of every number written, as in the pyhf documents."""


def export(
    search: Search, hypothesis: str | None = None, masses: Sequence[float] | None = None
) -> dict[str, dict[str, Any]]:
    """File name → document: "workspace.hs3.json" at the benchmark, or at each of the masses (GeV) with the benchmark coupling.

    For more than one mass the names are "workspace-mass_0p5.hs3.json". A spectrum has a second document, "unbinned.hs3.json":
    the same peak on the same polynomials without bins. The data of a spectrum are the expected counts, as in the pyhf documents:
    there are no public ones. A shape without an HS3 name leaves the second document out.

    Raises:
        UnknownName: the search does not test that hypothesis.
        InputError: a mass the search cannot be computed at, or where no signal is expected at the benchmark coupling.
    """
    facts = search.hypothesis(hypothesis)
    wanted = [facts.benchmark.mass_gev] if masses is None else [search.check_mass(m, facts.name) for m in masses]
    chosen = list(dict.fromkeys(wanted))
    if not chosen:
        raise InputError(f"{search.name}: no masses: one at least is needed")
    documents: dict[str, dict[str, Any]] = {}
    for mass in chosen:
        suffix = "" if len(chosen) == 1 else f"-mass_{mass:.12g}".replace(".", "p").replace("e-", "em")
        for kind, content in _point(search, facts, mass).items():
            documents[f"{kind}{suffix}.hs3.json"] = _rounded(content)
    return documents


def _point(search: Search, facts: HypothesisFacts, mass: float) -> dict[str, dict[str, Any]]:
    coupling = facts.benchmark.coupling
    sample = None if spectrum_channel(search) is None else Asimov()
    prepared = prepare(search, facts.name, mass, sample=sample)
    if not prepared.events(coupling)[0] > 0:
        raise InputError(f"{search.name}: no signal is expected at {mass:g} GeV and {facts.symbol} = {coupling:g}")
    misc = _misc(search, facts, mass)
    found = {"workspace": to_hs3(prepared.document(coupling), name=search.name, misc=misc)}
    if _has_name(prepared):
        assert prepared.peak is not None
        (expected,) = prepared.yields(coupling)
        found["unbinned"] = spectrum_to_hs3(prepared.peak, expected, name=search.name, misc=misc)
    return found


def _has_name(prepared: Prepared) -> bool:
    return prepared.peak is not None and isinstance(prepared.peak.shape(), CrystalBall)


def _misc(search: Search, facts: HypothesisFacts, mass: float) -> dict[str, Any]:
    """Where the numbers are from, and every one among them that is not printed in the publication."""
    numbers = search.numbers.items()
    chosen = {
        k: {"value": q.value, "unit": q.unit, "kind": q.kind, "origin": q.origin}
        for k, q in numbers
        if q.kind != "fact"
    }
    return {
        "search": search.name,
        "title": search.title,
        "what": "a reconstruction from public numbers; strength 1 is the point",
        "point": {
            "hypothesis": facts.name,
            "mass_gev": mass,
            "coupling": facts.benchmark.coupling,
            "quantity": facts.quantity,
            "symbol": facts.symbol,
            "unit": facts.unit,
        },
        "level": search.value("level"),
        "reference": {k: v for k, v in search.reference.model_dump().items() if v is not None},
        "not_facts": chosen,
    }


def _rounded(node: Any) -> Any:
    """Few enough digits to be the same on every machine."""
    if isinstance(node, dict):
        return {key: _rounded(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_rounded(value) for value in node]
    return float(f"{node:.{DIGITS}g}") if isinstance(node, float) else node
