"""What is typed to hunt for a peak: the data, what is fitted together, and toys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from limits.cli.options import FILE, together
from limits.errors import InputError

if TYPE_CHECKING:
    from limits.inference.results import Limit
    from limits.scan import Hunting
    from limits.search import HypothesisFacts, Search, SpectrumChannel
    from limits.signals.samples import Sample

SIMULATED: Final = "simulated"
ASIMOV: Final = "asimov"

TOYS: Final = 1000
"""Toys of the whole spectrum in a scan from the command line."""

HUNTING: Final = ("data", "tree", "treatment", "toys", "seed", "threads")
"""The parameters of `hunt_options`."""

data_options = together(
    click.option(
        "--data",
        type=FILE,
        help="For a spectrum: a file of events (.csv, .npz, .parquet, .root), 'simulated' (default) or 'asimov'.",
    ),
    click.option("--tree", metavar="NAME", help="Of a ROOT file of several trees."),
    click.option(
        "--treatment", metavar="NAME", help="Which categories of a spectrum are fitted together; see 'limits show'."
    ),
)

hunt_options = together(
    data_options,
    click.option(
        "--toys",
        type=click.IntRange(min=0),
        help=f"Toys of a whole spectrum, for bands and global significance.  [default: {TOYS}]",
    ),
    click.option("--seed", type=click.IntRange(min=0), help="Of toys and of the simulated sample.  [default: 1]"),
    click.option(
        "--threads", type=click.IntRange(min=1), help="For a spectrum.  [default: 2, and 1 for each of several workers]"
    ),
)


def hunting_of(
    search: Search, hypothesis: str | None, method: str | None, options: Mapping[str, Any], threads: int = 2
) -> Hunting | None:
    """How to hunt, from the options of the command line, usually with so many threads.

    None for a search without a spectrum, or a method that is no hunt.

    Raises:
        click.UsageError: such an option for another search or method.
        InputError: a file of events that cannot be used.
    """
    from limits.hunt.masses import HUNTING_METHODS, spectrum_channel
    from limits.scan import Hunting

    channel = spectrum_channel(search)
    if channel is None:
        _refuse(search, options)
        return None
    if (how := method or search.hypothesis(hypothesis).methods[0]) not in HUNTING_METHODS:
        for name, value in options.items():
            if value is not None:
                raise click.UsageError(f"--{name} does not apply to {how}: hunts have {', '.join(HUNTING_METHODS)}")
        return None
    toys, seed = (options.get(name) for name in ("toys", "seed"))
    return Hunting(
        sample_of(search, channel, options.get("data"), options.get("tree"), 1 if seed is None else seed),
        options.get("treatment"),
        TOYS if toys is None else toys,
        1 if seed is None else seed,
        options.get("threads") or threads,
    )


def sample_of(search: Search, channel: SpectrumChannel, data: str | None, tree: str | None, seed: int = 1) -> Sample:
    """The data to fit: those of a file, or a simulated sample.

    Raises:
        InputError: a file of events that cannot be used.
    """
    from limits.formats.events import read_events
    from limits.signals.resonance import position
    from limits.signals.samples import Asimov, Simulated, measured

    if data in (None, SIMULATED, ASIMOV):
        if tree is not None:
            raise InputError("--tree: only a ROOT file given with --data has trees")
        return Asimov() if data == ASIMOV else Simulated(search, channel, seed)
    ends = [position(channel, mass) for window in channel.windows for mass in window.masses_gev]
    widest = [window.interval_gev for window in channel.windows if window.interval_gev is not None]
    low, high = min([*ends, *(w[0] for w in widest)]), max([*ends, *(w[1] for w in widest)])
    found = read_events(Path(str(data)), channel.columns, span=(low, high), tree=tree)
    label = f"{found.source}, sha256 {found.digest[:12]}"
    return measured(channel, found.columns, label)


def spectrum_options(
    search: Search, data: str | None, tree: str | None, treatment: str | None, engine: str, seed: int
) -> dict[str, Any]:
    """What only a search on a spectrum is asked, as the arguments of `assemble.prepare`; nothing for other searches.

    Raises:
        click.UsageError: such an option for another search.
        InputError: a file of events that cannot be used.
    """
    from limits.hunt.masses import spectrum_channel

    given = {"data": data, "tree": tree, "treatment": treatment}
    if (channel := spectrum_channel(search)) is None:
        _refuse(search, given)
        return {}
    return {
        "sample": sample_of(search, channel, data, tree, seed),
        "treatment": treatment or next(iter(channel.treatments)),
        "engine": engine,
    }


def hunting_at(
    search: Search, facts: HypothesisFacts, mass: float, sample: Sample, treatment: str, **_: object
) -> Callable[[float, int, int], Limit]:
    """The limit at one mass as a scan makes it, as a function of level, toys and seed."""
    from limits.scan import Hunting, hunted_limit

    def at(level: float, toys: int, seed: int) -> Limit:
        hunting = Hunting(sample, treatment, toys, seed)
        return hunted_limit(search, facts, mass, "bayes-profile", level, hunting)

    return at


def _refuse(search: Search, options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if value is not None:
            raise click.UsageError(f"--{name} does not apply: {search.name} is no hunt for a peak on a spectrum")
