"""What a command is aimed at: a search at one theory point, or a workspace. Either becomes one likelihood and a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from limits.cli.documents import STDIN, called, read_document
from limits.cli.hunting import hunting_at, spectrum_options
from limits.errors import InputError, unknown

if TYPE_CHECKING:
    from limits.inference.bayes.priors import Prior
    from limits.inference.results import Limit
    from limits.likelihood import Likelihood
    from limits.search import Search

ABSENT = (
    "search",
    "hypothesis",
    "mass_gev",
    "coupling",
    "exclusion",
    "label",
    "calibrated_to",
    "assumptions",
    "set_values",
)
"""Fields of a result that only a search has: null for a workspace or a bare count."""


@dataclass(frozen=True)
class Target:
    """A likelihood with the level and method that are its defaults, and the `facts` a result should carry along."""

    likelihood: Likelihood
    facts: Mapping[str, Any]
    level: float = 0.95
    method: str = "cls"
    build: Callable[[float], Likelihood] | None = None
    """The likelihood at another coupling, where a limit on the strength is a limit on the coupling."""
    coupling: float = 1.0
    """Coupling of strength 1."""
    yield_power: float = 1.0
    smearing: tuple[float, float] = (0.0, 0.0)
    """Systematic error of the strength that bayes-profile includes unless another is given."""
    hunt: Callable[[float, int, int], Limit] | None = None
    """Where a mass scan of a spectrum makes the limit: from level, toys and seed."""
    workspace: Callable[[], dict[str, Any]] | None = None
    """The same as a pyhf workspace."""
    search: Search | None = None
    engine: str | None = None

    def limit(
        self,
        *,
        method: str | None,
        level: float | None,
        test_strength: float,
        toys: int | None,
        seed: int,
        prior: str,
        kind: str,
        smearing: tuple[float, float],
    ) -> tuple[Limit, dict[str, Any]]:
        """The limit, in the published quantity of the search or in units of the strength, and its JSON."""
        from limits.inference.limit import upper_limit
        from limits.inference.request import TOYS
        from limits.scan import coupling_limit

        how = (method or self.method, level or self.level, test_strength)
        if (method or self.method) == "bayes-profile" and not any(smearing):
            smearing = self.smearing
            if self.hunt is not None and (prior, kind) == ("flat", "upper"):
                found = self.hunt(level or self.level, toys or TOYS, seed)
                return found, {**self.facts, **found.to_json(), "excluded": self._excludes(found)}
        options: dict[str, Any] = {
            "toys": toys or TOYS,
            "seed": seed,
            "prior": self.prior(prior),
            "kind": kind,
            "smearing": smearing,
        }
        if self.build is None:
            found = upper_limit(self.likelihood, *how, **options)
        else:
            found = coupling_limit(self.build, self.coupling, self.yield_power, *how, **options)
        return found, {**self.facts, **found.to_json(), "excluded": self._excludes(found)}

    def _excludes(self, found: Limit) -> bool | None:
        """Whether the point of a search is excluded; None for a workspace, or where it is not known."""
        if self.facts["search"] is None or (found.observed_limit is None and found.status != "insensitive"):
            return None
        return found.observed_limit is not None and found.observed_limit < (self.coupling if self.build else 1.0)

    def prior(self, name: str) -> Prior:
        """The prior of that name on the command line.

        Raises:
            click.UsageError: one of a coupling, which only a search has.
        """
        from limits.inference.bayes.priors import FLAT, PRIORS, flat_in_coupling

        if name in ("coupling", "coupling2"):
            if self.facts["search"] is None:
                raise click.UsageError(f"--prior {name}: only the hypothesis of a search has a coupling")
            return flat_in_coupling(self.yield_power, 2.0 if name == "coupling2" else 1.0)
        return {"flat": FLAT, "1/sqrt(s)": PRIORS["1/√s"], "1/s": PRIORS["1/s"], "jeffreys": PRIORS["Jeffreys"]}[name]


def resolve(
    text: str,
    *,
    hypothesis: str | None = None,
    mass: float | None = None,
    coupling: float | None = None,
    changes: Sequence[tuple[str, float]] = (),
    calibrated: bool = False,
    measurement: str | None = None,
    patches: Sequence[str] = (),
    point: str | None = None,
    interference: str | None = None,
    data: str | None = None,
    tree: str | None = None,
    treatment: str | None = None,
    engine: str | None = None,
    usual_engine: str = "native",
    seed: int = 1,
) -> Target:
    """The target of that name, path or "-" with the options that go with it; `seed` is that of a simulated sample.

    Raises:
        click.UsageError: an option of a search with a workspace, or the other way round.
        LimitsError: no such target, or one that cannot be used.
    """
    if is_search(text):
        from limits.hunt.masses import spectrum_channel

        foreign = {"--measurement": measurement, "--patch": patches, "--point": point, "--interference": interference}
        _refuse(text, "a search", foreign)
        search = changed(text, calibrated, changes)
        if engine is not None and spectrum_channel(search) is None:
            raise click.UsageError(f"--engine does not apply: {search.name} is no hunt for a peak on a spectrum")
        asked = spectrum_options(search, data, tree, treatment, engine or usual_engine, seed)
        return _at_point(search, hypothesis, mass, coupling, **asked)
    options = {"--hypothesis": hypothesis, "--mass": mass, "--coupling": coupling, "--set": changes}
    options |= {"--data": data, "--tree": tree, "--treatment": treatment, "--engine": engine}
    _refuse(text, "a workspace", {**options, "--calibrated": calibrated})
    if point is not None and not patches:
        raise click.UsageError("--point chooses from a patchset, which --patch gives")
    return _document(text, measurement, patches, point, interference)


def changed(name_or_path: str, calibrated: bool, changes: Sequence[tuple[str, float]]) -> Search:
    """The search with its calibrated numbers, if wanted, and with the values that were set by hand.

    Raises:
        click.UsageError: one number set twice.
        LimitsError: no such search or number, or a value it cannot have.
    """
    from limits.search import load

    if len(values := dict(changes)) < len(changes):
        raise click.UsageError(f"--set: one number is set twice: {', '.join(key for key, _ in changes)}")
    search = load(name_or_path)
    search = search.calibrated() if calibrated else search
    return search.with_values(values) if values else search


def is_search(text: str) -> bool:
    """Whether a target is a search; a file that exists, and standard input, are documents.

    Raises:
        UnknownName: neither.
        InputError: a folder with something else.
    """
    from limits.search import names

    if text == STDIN:
        return False
    if text in names() or text.endswith(".toml"):
        return True
    path = Path(text)
    try:
        there, folder, facts = path.exists(), path.is_dir(), (path / "search.toml").exists()
    except (OSError, ValueError):  # a name no file can have
        there = folder = facts = False
    if folder and not facts:
        raise InputError(f"{text}: a folder without search.toml is no search; of a document the file is needed")
    if there:
        return folder
    raise unknown("target (and no such file)", text[:80], names())


def _refuse(text: str, kind: str, options: Mapping[str, object]) -> None:
    for option, value in options.items():
        if value not in (None, (), False):
            raise click.UsageError(f"{option} does not apply: {called(text)} is {kind}")


def _at_point(
    search: Search, hypothesis: str | None, mass: float | None, coupling: float | None, **spectrum: Any
) -> Target:
    from limits.assemble import prepare

    facts = search.hypothesis(hypothesis)
    region = facts.exclusion == "region"
    mass = facts.benchmark.mass_gev if mass is None else mass
    coupling = facts.benchmark.coupling if coupling is None else coupling
    described = {
        "search": search.name,
        "hypothesis": facts.name,
        "mass_gev": mass,
        "coupling": {"symbol": facts.symbol, "unit": facts.unit, "quantity": facts.quantity, "reference": coupling},
        "exclusion": facts.exclusion,
        "quantity": "signal strength" if region else facts.quantity,
        "unit": "strength" if region else facts.unit,
        **_origin(search, facts.name),
    }
    prepared = prepare(search, facts.name, mass, **spectrum)
    if spectrum:
        described |= {
            "data": spectrum["sample"].label,
            "treatment": spectrum["treatment"],
            "engine": spectrum["engine"],
        }
    build = prepared.likelihood
    return Target(
        build(coupling),
        described,
        search.level,
        facts.methods[0],
        None if region else build,
        coupling,
        facts.yield_power or 1.0,
        prepared.smearing(coupling),
        hunting_at(search, facts, mass, **spectrum) if spectrum.get("engine") == "native" else None,
        lambda: prepared.document(coupling),
        search,
        spectrum.get("engine"),
    )


def _origin(search: Search, hypothesis: str) -> dict[str, Any]:
    """How far a result may be called a reproduction, and the numbers behind that."""
    from limits.scan import calibrated_to, label

    kinds = {key: quantity.kind for key, quantity in search.numbers.items()}
    return {
        "label": label(search, hypothesis),
        "calibrated_to": calibrated_to(search),
        "assumptions": [key for key, kind in kinds.items() if kind == "assumption"],
        "set_values": search.set_values,
    }


def _document(
    text: str, measurement: str | None, patches: Sequence[str], point: str | None, interference: str | None
) -> Target:
    document = read_document(text, patches, point)
    likelihood = document.likelihood(measurement)
    facts = {"workspace": document.where, **dict.fromkeys(ABSENT)}
    workspace = partial(document.workspace, measurement)
    if interference is None:
        return Target(
            likelihood,
            {**facts, "quantity": "signal strength", "unit": "strength"},
            workspace=workspace,
            engine="binned",
        )
    from limits.likelihood.quadratic import quadratic

    named = {**facts, "quantity": "coupling", "unit": "coupling"}
    return Target(quadratic(likelihood, interference), named, workspace=workspace, engine="binned")
