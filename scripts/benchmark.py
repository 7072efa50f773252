"""This package beside its peers: one table of CPU times per core at equal accuracy, as Markdown and JSON.

    python scripts/benchmark.py [--quick] [--only ROW ...] [--json FILE] [--markdown FILE]

Every comparison has a process of its own, held to one core, in which the peer and ours take turns on the same data. Times are medians of
process CPU time; every line says how well the answers agree. Peers that are not installed are left out, and the table says how to get
them. Run it on a machine that does nothing else: ten to fifteen minutes, with all peers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from benchmarks.harness import THREADS, Peer, Row, compare, hold, machine

ROWS = {
    "fit": "fit.ROW",
    "limit": "limit.ROW",
    "mass-scan": "mass_scan.ROW",
    "shipped-scans": "hunts.ROW",
    "histfactory-limit": "histfactory.LIMIT",
    "histfactory-toys": "histfactory.TOYS_ROW",
    "counting": "counting.ROW",
    "counting-exact": "counting.EXACT",
    "counting-exact-observed": "counting.EXACT_OBSERVED",
    "contours": "contours.ROW",
    "growth": "growth.ROW",
    "compilation": "compilation.ROW",
    "scale": "scale.ROW",
}
"""Name of a row → module and name of its `Row`."""

LONGEST = 900
"""Seconds after which one comparison is given up."""


def row(name: str) -> Row:
    """The description of a row; imports what ours needs, peers not yet."""
    module, _, attribute = ROWS[name].partition(".")
    found = getattr(__import__(f"benchmarks.{module}", fromlist=[attribute]), attribute)
    assert isinstance(found, Row)
    return found


def work(name: str, part: str, to: Path) -> None:
    """One comparison or job in this process; ends it without clean-up, which ROOT's wheel does not survive."""
    try:
        warnings.simplefilter("ignore")
        what = row(name)
        hold(what.cores)
        found = compare(what.peers[part].prepare()) if part in what.peers else what.jobs[part]()
        if "ROOT" in sys.modules:
            found["ROOT"] = str(sys.modules["ROOT"].gROOT.GetVersion())
        to.write_text(json.dumps(found))
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, the table says so
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def measured(name: str, part: str) -> dict[str, Any]:
    """The same in a process of its own: what it found, or {"failed": message}."""
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "found.json"
        command = [sys.executable, str(Path(__file__).resolve()), "--worker", name, part, str(to)]
        try:
            done = subprocess.run(
                command, env={**os.environ, **THREADS}, capture_output=True, text=True, check=False, timeout=LONGEST
            )
        except subprocess.TimeoutExpired:
            return {"failed": f"not done after {LONGEST} s"}
        if to.exists():
            found: dict[str, Any] = json.loads(to.read_text())
            return found
        return {"failed": (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1]}


def described(peer: Peer) -> dict[str, Any]:
    return {"note": peer.note, "install": peer.install}


def run(name: str, *, quick: bool) -> dict[str, Any]:
    """All comparisons and jobs of a row."""
    what, parts = row(name), {}
    for part, peer in what.peers.items():
        if peer.missing:
            parts[part] = described(peer) | {"left out": "not installed"}
        elif quick and peer.slow:
            parts[part] = described(peer) | {"left out": "slow"}
        else:
            say(f"{name}: {part}")
            parts[part] = described(peer) | measured(name, part)
    for part in what.jobs:
        say(f"{name}: {part}")
        parts[part] = measured(name, part)
    return {"title": what.title, "unit": what.unit, "parts": parts}


def say(what: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {what}", file=sys.stderr, flush=True)


def seconds(value: float) -> str:
    """With the unit that suits, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def rounded(ratio: float) -> str:
    """Two digits: more is noise."""
    return f"{float(f'{ratio:.2g}'):,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def agreement(checks: list[dict[str, Any]]) -> str:
    """What was compared, the worst value, the most that is allowed."""
    return "; ".join(
        f"{c['what']} {c['value']:.1e} (≤ {c['allowed']:g}){'' if c['good'] else ' **NO**'}" for c in checks
    )


def line(title: str, name: str, part: dict[str, Any], unit: str) -> str:
    """One peer in the table."""
    note = part["note"]
    if "left out" in part:
        hint = f"`{part['install']}`" if part["left out"] == "not installed" else "left out by --quick"
        cells = ["–", "–", "–", "–", "–", hint]
    elif "failed" in part:
        cells = ["–", "–", "–", "–", "–", f"failed: {part['failed']}".replace("|", "¦")]
    else:
        calls = f"{part['calls limits']} : {part['calls peer']}"
        times = [f"{seconds(part[f'{who} s'])}/{unit}" for who in ("limits", "peer")]
        cells = [*times, rounded(part["ratio"]), agreement(part["checks"]), calls, note]
    return "| " + " | ".join([title, name, *cells]) + " |"


def table(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    m = report["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in m["versions"].items())
    lines = [
        f"{m['cores']} cores, {m['architecture']}, {m['processor']}; Python {m['python']}; {versions}.",
        "",
        "Medians of process CPU time on one core. 2ΔNLL above peer: how far our minimum is above the peer's own, in the peer's "
        "function or a common one (negative: below); worst of all calls, as are relative differences of limits and of CLs. "
        "A peer that takes more than a minute is called once.",
        "",
        "| work | peer | limits | peer's time | ratio | agreement (allowed) | calls, ours : peer's | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    alone: list[str] = []
    for name, found in report["rows"].items():
        what, title = row(name), found["title"]
        for part, result in found["parts"].items():
            if part in what.peers:
                lines.append(line(title, part, result, found["unit"]))
                title = "〃"
        if what.show:
            alone += ["", f"| {found['title']} | |", "|---|---|"]
            good = {part: r for part, r in found["parts"].items() if "failed" not in r}
            alone += [f"| {left} | {right} |" for left, right in what.show(good)]
            alone += [f"| {part} | failed: {r['failed']} |" for part, r in found["parts"].items() if "failed" in r]
    return "\n".join([*(lines if any(row(n).peers for n in report["rows"]) else lines[:3]), *alone]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="leave out the slowest peers")
    parser.add_argument("--json", type=Path, help="write everything, with every single time")
    parser.add_argument("--markdown", type=Path, help="write the table that is printed")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker[0], options.worker[1], Path(options.worker[2]))
    start = time.perf_counter()
    report: dict[str, Any] = {"machine": machine(), "rows": {}}
    for name in options.only:
        report["rows"][name] = run(name, quick=options.quick)
        for part in report["rows"][name]["parts"].values():
            if "ROOT" in part:  # the number of its wheel is another one
                report["machine"]["versions"]["ROOT"] = part["ROOT"]
    report["wall s"] = time.perf_counter() - start
    text = table(report)
    print(text)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(text)


if __name__ == "__main__":
    main()
