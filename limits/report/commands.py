"""The text of each command: its JSON document, printed. Functions are named after the commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from limits.report.hunt import hunt, missing
from limits.report.pieces import BAND, NONE, facing, interval, number, percent, show, table

Document = Mapping[str, Any]

REGION = (
    "the excluded couplings have two edges: this limit is on the strength of the point, 'limits scan' finds the edges"
)

EFFICIENCY = "a recast: the efficiency of the search is assumed to hold for the other particle"


def searches(document: Document) -> None:
    """`limits list`."""
    rows = [
        (
            s["name"],
            s["experiment"],
            s["arxiv"],
            ", ".join(s["hypotheses"]),
            ", ".join(s["methods"]),
            s["title"] + (" (projection)" if s["projection"] else ""),
        )
        for s in document["searches"]
    ]
    show(table(("search", "experiment", "arXiv", "hypotheses", "methods", "title"), rows))


def search(document: Document) -> None:
    """`limits show`."""
    reference = document["reference"]
    head = {
        "search": document["name"],
        "title": document["title"] + (" (projection)" if document["projection"] else ""),
        "recast": document["recast"],
        "experiment": document["experiment"],
        "paper": ", ".join(filter(None, (f"arXiv:{reference['arxiv']}", reference["journal"], reference["doi"]))),
        "data": reference["hepdata"],
        "combines": ", ".join(member["name"] for member in document["combines"]) or None,
        "shared": ", ".join(document["shared"]) or None,
    }
    columns = ("number", "value", "unit", "kind", "range", "from")
    show(facing(head), "", table(columns, map(_number_row, document["quantities"]), right=("value",)))
    if document["calibrations"]:
        rows = map(_number_row, document["calibrations"])
        show("", "calibrated numbers (--calibrated puts them in place):", table(columns, rows, right=("value",)))
    show("", *_hypotheses(document["hypotheses"]), "", *_channels(document["channels"]))
    if document["comparisons"]:
        show("", _comparisons(document["comparisons"]))
    show("", *(f"note: {note}" for note in document["notes"]))
    for member in document["combines"]:
        show("", "─" * 20, "")
        search(member)


def limit(document: Document) -> None:
    """`limits limit` and `limits count`."""
    unit = _unit(document["unit"])
    none = "none: nothing is excluded" if document["status"] == "insensitive" else "not found"
    observed = document["observed_limit"]
    excluded = {None: None, True: "excluded", False: "not excluded"}[document["excluded"]]
    expected = [*document["expected_limit"]], [*document["CLs_exp"]]
    at = f"CLs at strength {number(document['test_strength'])}"
    rows = [("expected limit", *map(number, expected[0])), (at, *map(number, expected[1]))]
    known = [row for row, values in zip(rows, expected, strict=True) if any(v is not None for v in values)]
    head = {
        **where(document),
        "quantity": document["quantity"],
        "region": REGION if document["exclusion"] == "region" else None,
        "observed limit": f"{number(observed)}{unit} at {percent(document['level'])}" if observed is not None else none,
        "interval": None if document["interval"] is None else f"{' to '.join(map(number, document['interval']))}{unit}",
        at: None if document["CLs_obs"] is None else number(document["CLs_obs"]),
        "this point": excluded,
        "method": f"{document['method']}: {document['definition']}",
        "expected": document["expected_kind"],
        **origin(document),
        "status": document["status"],
    }
    band = [table(("", *BAND), known, right=BAND)] if known else []
    show(facing(head), *band, warnings=document["warnings"])


def fit(document: Document) -> None:
    """`limits fit`."""
    names = ("parameter", "value", "error", "start", "constraint")
    numeric = ("value", "error", "start")
    head = {
        **where(document),
        "strength": f"{number(document['strength'])} ± {number(document['strength_error'])}",
        "−ln L": number(document["nll"], 10),
        "significance": None if document["significance"] is None else f"{number(document['significance'], 4)} σ",
        "goodness of fit": None if document["goodness"] is None else _goodness(document["goodness"]),
        "method": document["definition"],
        **origin(document),
        "status": document["status"],
    }
    show(
        facing(head),
        "",
        table(names, map(_parameter, document["parameters"]), right=numeric),
        warnings=document["warnings"],
    )


def _goodness(found: Document) -> str:
    p_value = f"p = {number(found['p_value'], 3)} ± {number(found['error'], 2)} from {found['toys']} toys"
    return f"saturated −2 ln λ = {number(found['statistic'], 4)}, {p_value}"


def coverage(document: Document) -> None:
    """`limits coverage`."""
    found = document["methods"]
    head = {**where(document), "level": percent(document["level"]), "method": found[0]["definition"]}
    strengths = [number(row["strength"]) for row in found[0]["rows"]]
    rows = [(one["method"], *map(_covered, one["rows"])) for one in found]
    lost = {one["method"]: max(row["error"] for row in one["rows"]) for one in found}
    warnings = [
        f"{name}: {100 * share:.2g} % of the probability has no interval"
        for name, share in lost.items()
        if share > 1e-9
    ]
    show(facing(head), "", table(("coverage at strength", *strengths), rows, right=strengths), warnings=warnings)


def _covered(row: Document) -> str:
    error = f" ± {row['statistical']:.4f}" if row["statistical"] > 0 else ""
    return f"{row['coverage']:.4f}{error}"


def onoff(document: Document) -> None:
    """`limits onoff`."""
    head = {"on": number(document["n_on"]), "off": number(document["n_off"]), "τ": number(document["tau"])}
    found = document["methods"]
    head["excess"] = number(found[0]["excess"])
    rows = [(m["method"], number(m["significance"], 5), number(m["p_value"], 4), m["definition"]) for m in found]
    show(facing(head), "", table(("method", "significance [σ]", "p-value", "definition"), rows, right=("p-value",)))


def scan(document: Document) -> None:
    """`limits scan`."""
    coupling, points = document["coupling"], document["points"]
    head = {
        **where(document),
        "quantity": coupling["quantity"] + _unit(coupling["unit"]),
        "method": f"{document['method']} at {percent(document['level'])}",
        "expected": document["expected_kind"],
        "fitted together": document["treatment"],
        **origin(document),
    }
    if document["global_significance"] is not None:
        show(facing(head), warnings=missing(points))
        hunt(document)
        return
    rows: list[tuple[str, ...]]
    if document["exclusion"] == "region":
        columns: tuple[str, ...] = (
            "mass [GeV]",
            f"excluded {coupling['symbol']}",
            "expected",
            "significance",
            "status",
        )
        rows = [(_mass(p), _intervals(p["excluded"]), _intervals(p["expected_excluded"]), *_ends(p)) for p in points]
    else:
        columns = ("mass [GeV]", f"observed {coupling['symbol']}", *BAND, "significance", "status")
        rows = [(_mass(p), number(p["observed_limit"]), *map(number, p["expected_limit"]), *_ends(p)) for p in points]
    warnings = [f"{_mass(p)} GeV: {warning}" for p in points for warning in p["warnings"]]
    show(facing(head), "", table(columns, rows), warnings=warnings)


def recast(document: Document) -> None:
    """`limits recast`."""
    scan(document)
    show("", f"note: {EFFICIENCY}")


def files(document: Document) -> None:
    """`limits export`."""
    show(table(("file", "sha256"), [(f["path"], f["sha256"]) for f in document["files"]]))


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _unit(unit: str) -> str:
    return "" if unit in ("1", "strength") else f" {unit}"


def where(document: Document) -> dict[str, object]:
    """What a result is about: a search at a point, or a workspace."""
    coupling = document.get("coupling")
    reference = (coupling or {}).get("reference")
    return {
        "workspace": document.get("workspace"),
        "search": document["search"],
        "hypothesis": document["hypothesis"],
        "data": document.get("data"),
        "mass": f"{number(document['mass_gev'])} GeV" if document.get("mass_gev") is not None else None,
        "strength 1": f"{coupling['symbol']} = {number(reference)}" if coupling and reference is not None else None,
    }


def origin(document: Document) -> dict[str, object]:
    """How far a result may be called a reproduction."""
    values = document["set_values"] or {}
    return {
        "label": document["label"],
        "calibrated to": document["calibrated_to"],
        "set by hand": ", ".join(f"{key} = {number(value)}" for key, value in values.items()),
        "assumed": ", ".join(document["assumptions"] or ()),
    }


def _number_row(row: Document) -> tuple[object, ...]:
    value = number(row["value"], 10) + (f" ± {number(row['error'])}" if row["error"] is not None else "")
    between = None if row["range"] is None else " to ".join(map(number, row["range"]))
    return row["key"], value, "" if row["unit"] == "1" else row["unit"], row["kind"], between or "", row["origin"]


def _hypotheses(rows: Sequence[Document]) -> Iterator[str]:
    for facts in rows:
        allowed = facts["masses_gev"]
        masses = " to ".join(map(number, allowed)) if allowed else ", ".join(map(number, facts["tabulated_masses_gev"]))
        at = facts["benchmark"]
        yield (
            f"hypothesis {facts['name']}: {facts['exclusion']} on {facts['quantity']} ({facts['symbol']}); masses {masses} GeV; "
            f"benchmark {number(at['mass_gev'])} GeV, {number(at['coupling'])}; methods {', '.join(facts['methods'])}"
        )


def _channels(rows: Sequence[Document]) -> Iterator[str]:
    for channel in rows:
        if channel["likelihood"] == "spectrum":
            yield _spectrum(channel)
            continue
        sizes = ", ".join(f"{s['name']} ({s['size']}) on {' and '.join(s['on'])}" for s in channel["systematics"])
        data = channel.get("table") or f"{channel['observed']}, {channel['background']}"
        yield (
            f"channel {channel['name']}: {channel['likelihood']} ({data}), signal {channel['signal']}; "
            f"uncertainties: {sizes or 'none'}" + _per_mass(channel)
        )


def _per_mass(channel: Document) -> str:
    if (file := channel.get("per_mass")) is None:
        return ""
    if not (columns := channel["per_mass_columns"]):
        return f"; no {file} in the folder, which would take the place of the numbers at each mass"
    return f"; {file} takes the place of the numbers at each mass: {', '.join(columns)}"


def _spectrum(channel: Document) -> str:
    windows = channel["windows"]
    shapes = " and ".join(channel["shapes"])
    return (
        f"channel {channel['name']}: {channel['likelihood']} ({channel['spectrum']}, column {' and '.join(channel['columns'])} of an event "
        f"file), signal {channel['signal']} ({channel['process']}); {len(windows)} kinds of windows, {shapes} on a polynomial of "
        f"order {min(w['order'] for w in windows)} to {max(w['order'] for w in windows)}; treatments: {', '.join(channel['treatments'])}"
    )


def _comparisons(rows: Sequence[Document]) -> Table:
    columns = ("published", "m [GeV]", "value", "source")
    cells = [(c["quantity"], number(c["mass_gev"]), number(c["value"], c["digits"]), c["source"]) for c in rows]
    return table(columns, cells, right=("m [GeV]", "value"))


def _parameter(row: Document) -> tuple[str, ...]:
    values = (number(row[key]) for key in ("value", "error", "init"))
    return row["name"], *values, row["constraint"] + (", held" if row["fixed"] else "")


def _mass(point: Document) -> str:
    return number(point["mass_gev"])


def _intervals(intervals: Sequence[Sequence[float | None]]) -> str:
    return "; ".join(map(interval, intervals)) or NONE


def _ends(point: Document) -> tuple[str, str]:
    return number(point["significance"], 3), point["status"]
