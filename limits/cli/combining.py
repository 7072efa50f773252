"""`limits combine`: several searches as one likelihood, in the whole plane, at one point, or with documents of other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from limits.cli.drawing import style_option
from limits.cli.executing import WORKING, work_options, working
from limits.cli.options import (
    ASSIGNMENT,
    FILE,
    MASS_SPAN,
    MASSES,
    POSITIVE,
    SPAN,
    Parsed,
    limit_options,
    output_options,
    together,
)
from limits.cli.output import deliver, encoded, write

if TYPE_CHECKING:
    from limits.combination.joined import Part
    from limits.combine import Shared
    from limits.search import Search


def sharing(text: str) -> tuple[str, tuple[str, ...]]:
    """NAME=SEARCH/NUISANCE,SEARCH/NUISANCE and so on."""
    name, equals, rest = text.partition("=")
    names = tuple(part.strip() for part in rest.split(","))
    if not (name.strip() and equals and len(names) > 1 and all("/" in part for part in names)):
        raise ValueError("must be NAME=SEARCH/NUISANCE,SEARCH/NUISANCE")
    return name.strip(), names


SHARE: Final = Parsed("name=search/nuisance,…", sharing)

_options = together(
    click.option("--hypothesis", metavar="NAME", help="The particle to test; others are recast to it."),
    click.option(
        "--share",
        "shared",
        type=SHARE,
        multiple=True,
        help="Uncertainties that are one and the same; all others are separate. Repeatable.",
    ),
    click.option("--share-file", type=FILE, help="The same from a file: TOML, lists in a table 'shared'."),
    click.option("--masses", type=MASSES, help="GeV, separated by commas; default: chosen from all ranges."),
    click.option("--mass-range", type=MASS_SPAN, help="GeV; evenly spaced, or in the logarithm with :log."),
    click.option("--couplings", type=SPAN, help="Grid of couplings in which a region is looked for."),
    click.option("--mass", type=POSITIVE, help="GeV; at this point only: limits on the strength."),
    click.option("--coupling", type=POSITIVE, help="With --mass: what is strength 1; default: a benchmark."),
    limit_options,
    click.option(
        "--set",
        "changes",
        type=ASSIGNMENT,
        multiple=True,
        help="Another value for a number of a search, as SEARCH/KEY=VALUE, or SEARCH/KEY.error; repeatable.",
    ),
    click.option("--calibrated", is_flag=True, help="Use the calibrated numbers of the searches that have any."),
    click.option("--leave-one-out", is_flag=True, help="Also the combination without each of the searches."),
    click.option("--plot", type=FILE, help="Draw the plane, as plane.png, .pdf or .svg."),
    style_option,
    click.option("--export", type=FILE, help="With --mass: write the combination as one pyhf workspace."),
    work_options,
    output_options,
)


@click.command()
@click.argument("searches", nargs=-1, required=True, metavar="SEARCH SEARCH...")
@_options
def combine(
    searches: tuple[str, ...],
    shared: Sequence[tuple[str, tuple[str, ...]]],
    share_file: str | None,
    as_json: bool,
    output_file: str | None,
    **options: Any,
) -> None:
    """Several searches as one likelihood, and what that gains.

    Each SEARCH is a name from 'limits list', the path of a search file, or a document of another tool: a
    pyhf workspace, HS3, a Combine card. A search counts at its own masses; where its data are not public
    the expected counts of its spectrum take their place. With --mass, or a document among them, the
    result is a limit on the common strength, else the whole plane of mass and coupling.
    """
    from limits import report
    from limits.cli.target import is_search

    if len(searches) < 2:
        raise click.UsageError("two searches or more are needed; 'limits scan' is for one")
    _once("--set", [key for key, _ in options["changes"]])
    common = _common(shared, share_file)
    documents = [name for name in searches if not is_search(name)]
    point = documents or options["mass"] is not None
    planes = ("masses", "mass_range", "couplings", "plot", *WORKING)
    _refuse(options, planes if point else ("coupling", "export"), point=bool(point))
    if documents:
        _refuse(options, ("export", "changes"), point=True)
        found = _of_documents(searches, documents, common, **options)
    else:
        found = (_at_point if point else _plane)(searches, common, **options)
    text = report.combination_of_strengths if point else report.combination
    deliver(found, text, as_json=as_json, output_file=output_file, statuses=[found["status"]])


def _plane(
    names: Sequence[str],
    shared: Shared,
    *,
    masses: tuple[float, ...] | None,
    mass_range: tuple[float, float, int, bool] | None,
    plot: str | None,
    couplings: tuple[float, float, int] | None,
    method: str | None,
    leave_one_out: bool,
    **how: Any,
) -> dict[str, Any]:
    """The combination in the plane of mass and coupling."""
    from limits.combination import combination, default_masses, steps
    from limits.grid import masses_of

    if plot is not None:
        from limits.plot.canvas import checked_suffix

        checked_suffix(Path(plot))  # better known before the work
    if masses and mass_range:
        raise click.UsageError("--masses and --mass-range exclude each other")
    search = _together(names, shared, **how)
    at = masses_of(search, None, masses, mass_range) if masses or mass_range else default_masses(search)
    wanted: dict[str, Any] = {"couplings": couplings, "method": method, "leave_one_out": leave_one_out}
    with working(steps(search, at, leave_one_out), "combine", **{name: how[name] for name in WORKING}) as team:
        found = combination(search, masses=at, **wanted, work=team[0], advance=team[1])
    if plot is not None:
        from limits.plot import save_combination

        save_combination(found, Path(plot))
    return found.to_json()


def _at_point(
    names: Sequence[str],
    shared: Shared,
    *,
    mass: float,
    coupling: float | None,
    method: str | None,
    leave_one_out: bool,
    export: str | None,
    **how: Any,
) -> dict[str, Any]:
    """The combination at one theory point, and the workspace of it if that is wanted."""
    from limits.assemble import prepare
    from limits.combination import at_point
    from limits.likelihood.workspace import digest

    search = _together(names, shared, **how)
    facts = search.hypotheses[0]
    coupling = coupling or facts.benchmark.coupling
    found = at_point(search, mass, coupling, method=method, leave_one_out=leave_one_out)
    written = None
    if export is not None:
        document = prepare(search, facts.name, mass).document(coupling)
        write(Path(export), encoded(document))
        written = {"path": export, "sha256": digest(document)}
    return {
        "combination": search.name,
        "hypothesis": facts.name,
        "mass_gev": mass,
        "coupling": {"symbol": facts.symbol, "unit": facts.unit, "quantity": facts.quantity, "reference": coupling},
        **found.to_json(),
        "exported": written,
    }


def _of_documents(
    names: Sequence[str],
    documents: Sequence[str],
    shared: Shared,
    *,
    hypothesis: str | None,
    mass: float | None,
    coupling: float | None,
    method: str | None,
    level: float | None,
    leave_one_out: bool,
    calibrated: bool,
    **_: Any,
) -> dict[str, Any]:
    """Documents of other tools, and searches at one theory point, with one strength."""
    from limits.assemble import prepare
    from limits.cli.documents import called, read_document
    from limits.combination import of_likelihoods
    from limits.combination.strength import LEVEL, METHOD
    from limits.search import load

    parts: dict[str, Part] = {}
    notes: list[str] = []
    levels: dict[str, float] = {}
    for name, short in zip(names, _short(names, documents), strict=True):
        if name in documents:
            parts[short] = read_document(name).likelihood()
            notes.append(f"{short}: {called(name)}, strength 1 is what it says")
            continue
        particle = hypothesis or load(name).hypothesis().name
        search = _together([name], {}, hypothesis=particle, level=level, calibrated=calibrated)
        facts = search.hypotheses[0]
        at, strength = mass or facts.benchmark.mass_gev, coupling or facts.benchmark.coupling
        parts[short] = prepare(search, facts.name, at).likelihood(strength)  # type: ignore[assignment]
        notes += [f"{short}: strength 1 is {facts.name}, {at:g} GeV, {facts.symbol} = {strength:g}", *search.notes]
        levels[short] = search.level
    if level is None and len(set(levels.values())) > 1:
        raise click.UsageError(f"--level must be chosen: the searches have {', '.join(map(str, levels.values()))}")
    level = level or next(iter(levels.values()), LEVEL)
    found = of_likelihoods(
        parts, shared, method=method or METHOD, level=level, notes=notes, leave_one_out=leave_one_out
    )
    return {"combination": "+".join(parts), "hypothesis": hypothesis, **found.to_json(), "exported": None}


def _together(
    names: Sequence[str],
    shared: Shared,
    *,
    hypothesis: str | None,
    level: float | None,
    changes: Sequence[tuple[str, float]] = (),
    calibrated: bool = False,
    **_: Any,
) -> Search:
    """The searches as one.

    Raises:
        click.UsageError: no hypothesis, or a number set of no search.
        LimitsError: what cannot be loaded, recast or combined.
    """
    from limits.combine import combined
    from limits.search import load

    if hypothesis is None:
        raise click.UsageError("--hypothesis is needed: the particle that all searches are to test")
    single = [load(name) for name in names]
    single = [search.calibrated() if calibrated and search.is_calibratable else search for search in single]
    search = combined(single, hypothesis, shared, level)
    members = [member.name for member in search.members]
    for key, _value in changes:
        if key.partition("/")[0] not in members or "/" not in key:
            raise click.UsageError(f"--set {key}: must be SEARCH/KEY with one of {', '.join(members)}")
    return search.with_values(dict(changes)) if changes else search


def _common(typed: Sequence[tuple[str, tuple[str, ...]]], file: str | None) -> Shared:
    """What is declared to be common, on the command line and in a file."""
    from limits.combine import read_shared

    read = dict(read_shared(Path(file))) if file is not None else {}
    _once("--share", [*(name for name, _ in typed), *read])
    return {**read, **dict(typed)}


def _refuse(options: Mapping[str, Any], names: Sequence[str], *, point: bool) -> None:
    """Options of the plane at a point, and the other way round."""
    where = "at a point or with documents" if point else "without --mass"
    for name in names:
        if options[name] not in (None, ()):
            option = {"changes": "set"}.get(name, name.replace("_", "-"))
            raise click.UsageError(f"--{option} does not apply {where}")


def _short(names: Sequence[str], documents: Sequence[str]) -> list[str]:
    """Of searches their names; of files as much of the end of their paths as tells them apart, without suffix."""
    paths = {name: Path(name).with_suffix("").parts for name in documents}
    for depth in range(1, 1 + max(map(len, paths.values()))):
        found = ["/".join(paths[name][-depth:]) if name in paths else _name(name) for name in names]
        if len(set(found)) == len(found):
            return found
    raise click.UsageError(f"data would count twice: {', '.join(sorted({n for n in names if names.count(n) > 1}))}")


def _name(search: str) -> str:
    from limits.search import load

    return load(search).name


def _once(option: str, names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise click.UsageError(f"{option}: given twice: {', '.join(twice)}")
